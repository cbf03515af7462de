# A verifying subscriber: everything an honest primary sends is checked and folded; a false row stops it.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server('primary', 'logical_decoding_work_mem = 64kB');
my $replica = new_server('replica');
$_->start for $primary, $replica;

# A ledger and its subscriber, a database each on both servers, before the first event.
sub pair
{
	my ($db, $options) = (@_, '');

	$_->safe_psql('postgres', "CREATE DATABASE $db") for $primary, $replica;
	$_->safe_psql($db, 'CREATE EXTENSION sto_ledger') for $primary, $replica;
	$primary->safe_psql($db, "CREATE PUBLICATION $db FOR TABLE sto.event, sto.transfer");
	my $from = $primary->connstr($db) =~ s/'/''/gr;
	$replica->safe_psql($db, "CREATE SUBSCRIPTION $db CONNECTION '$from' PUBLICATION $db WITH (copy_data = false, disable_on_error = true, streaming = on$options)");
	new_ledger($primary, $db);
	add_signer($replica, $db);
}

sub runs
{
	my $db = shift;

	return $replica->safe_psql($db, "SELECT subenabled FROM pg_subscription WHERE subname = '$db'");
}

# The subscription must stop, with this in the replica's log.
sub stops
{
	my ($db, $pattern, $what) = @_;
	my $offset = shift // 0;

	ok($replica->poll_query_until($db, "SELECT NOT subenabled FROM pg_subscription WHERE subname = '$db'"), "$what: the subscription has stopped");
	like(slurp_file($replica->logfile), $pattern, "$what: the log says why");
	is($replica->safe_psql($db, 'SELECT sto_test.check_invariants()'), 'sound', "$what: what came before is sound");
}

# Honest: every kind of event and entry
pair('honest');
$primary->safe_psql('honest', q{
	SELECT sto_test.trade(1 + n % 10, 1 + (n + 3) % 10, 1) FROM generate_series(1, 100) AS n;
	SELECT sto_test.set_keys('w3', '{203}');
	SELECT sto_test.trade(3, 4, 5);
	SELECT sto_test.event('wallet_terms', sto_test.id('w4'), sto_test.id('w4'), '{"signed_only": true}');
	SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "postgres"}');
	SELECT sto_test.post(sto_test.transfer_order('ACME', 'w1', 'w2', '3'), '{}');
	SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": null}');
	SELECT sto_test.redeem('ACME', 'w5', '7');
	SELECT sto_test.wallet('w11', 'p1', '{111,1111,2111}', 'own', 2);
	SELECT sto_test.transfer('ACME', 'w1', 'w11', '50');
	SELECT sto_test.post(sto_test.transfer_order('ACME', 'w11', 'w1', '1'), '{1111,2111}');
	SELECT sto_test.event('wallet_status', sto_test.wallet_id, sto_test.id('registrar'), '{"status": "closed"}') FROM (SELECT sto_test.wallet('w12', 'p1', '{112}'), sto_test.id('w12') AS wallet_id) AS sto_test;
	SELECT sto_test.event('token_terms', sto_test.id('ACME'), sto_test.id('acme'), '{"authorised": "99999999999999999999999999999999"}');
	SELECT sto.begin_maintenance('for the record');
} . every_log_event() . every_identity_event() . every_enforced_act());
# holds; a lock-up with its issue; delivery versus payment in one transaction; a list under one signature; savepoints
$primary->safe_psql('honest', q{
	SELECT sto_test.token('CASH', 'acme', NULL, 'cash', 2, '{"currency": "KZT"}');
	SELECT sto_test.issue('CASH', 'w2', '5000');
	SELECT sto_test.party('venue', '{70}');
	CREATE TABLE sto_test.kept AS
	SELECT sto_test.hold('ACME', 'w1', '10', 'settlement', i) AS shares, sto_test.hold('CASH', 'w2', '700', 'settlement', i) AS cash
	  FROM (SELECT jsonb_build_object('notary', 'venue', 'instruction_hash', encode(sha256(sto_test.tag('sto.instruction') || uuid_send(sto_test.ledger_id()) || int4send(2)
	               || string_agg(leg, ''::bytea ORDER BY leg)), 'hex')) AS i
	          FROM (SELECT uuid_send(sto_test.id(t)) || sto_test.address(d)::bytea || sto_test.address(c)::bytea || sto_test.i128(a)
	                  FROM (VALUES ('ACME', 'w1', 'w2', 10), ('CASH', 'w2', 'w1', 700)) AS l (t, d, c, a)) AS x (leg)) AS y;
	BEGIN;
	SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'w1', 'credit_wallet', 'w2', 'amount', '10', 'ordering_party', 'venue',
	       'hold_id', shares, 'group_id', md5('g')::uuid), '{70}') FROM sto_test.kept;
	SELECT sto_test.trade(5, 6, 1);
	SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'CASH', 'debit_wallet', 'w2', 'credit_wallet', 'w1', 'amount', '700', 'ordering_party', 'venue',
	       'hold_id', cash, 'group_id', md5('g')::uuid), '{70}') FROM sto_test.kept;
	COMMIT;
	BEGIN;
	SELECT sto_test.issue('ACME', 'w6', '40', '{"group_id": "11111111-1111-4111-8111-111111111111"}');
	SELECT sto_test.post('{"kind": "hold", "purpose": "lock_up", "token_id": "ACME", "debit_wallet": "w6", "amount": "40", "ordering_party": "acme",
	       "release_after": "2100-01-01 00:00:00+00", "group_id": "11111111-1111-4111-8111-111111111111"}', '{10}');
	COMMIT;
	SELECT sto_test.hold('ACME', 'w7', '9', 'pledge', '{"credit_wallet": "w8"}');
	CREATE TABLE sto_test.list AS SELECT n, sto_test.make_order(sto_test.transfer_order('ACME', 'w8', 'w' || (9 + n % 2), '1')) AS o FROM generate_series(1, 100) AS n;
	INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event)
	SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, batch
	  FROM sto_test.list, (SELECT sto_test.event('batch', gen_random_uuid(), sto_test.id('w8'), jsonb_build_object('token', sto_test.id('ACME'), 'count', 100, 'sum', '100',
	       'hash', encode(sha256(string_agg(sto_test.order_message(l.o), ''::bytea ORDER BY l.n)), 'hex'))::text) AS batch FROM sto_test.list AS l) AS b ORDER BY n;
	BEGIN;
	SAVEPOINT a;
	SELECT sto_test.trade(9, 10, 7);
	ROLLBACK TO a;
	SELECT sto_test.trade(9, 10, 8);
	SAVEPOINT b;
	SELECT sto_test.trade(10, 9, 2);
	COMMIT;
	BEGIN;
	SELECT sto_test.trade(9, 10, 1);
	PREPARE TRANSACTION 'later';
	SELECT sto_test.trade(1, 2, 1);
	COMMIT PREPARED 'later';
	-- in one transaction: a wallet, its first units, its new key, an order with that
	BEGIN;
	SELECT sto_test.wallet('w13', 'p1', '{113}'), sto_test.transfer('ACME', 'w1', 'w13', '5');
	SELECT sto_test.set_keys('w13', '{114}');
	SELECT sto_test.transfer('ACME', 'w13', 'w1', '2');
	COMMIT;
});
$primary->wait_for_catchup('honest');
is(runs('honest'), 't', 'an honest ledger is followed');
is_sound($primary, 'honest', 'primary');
is_sound($replica, 'honest', 'replica');
is_same($primary, 'honest', $replica, 'honest', 'the replica has built what the primary has');
is($replica->safe_psql('honest', q{SELECT string_agg(purpose || ' ' || remaining, ', ' ORDER BY purpose, remaining::text) FROM sto.hold
	 WHERE remaining > '0' AND wallet IN (sto_test.address('w6'), sto_test.address('w7'))}), 'lock_up 40, pledge 295, pledge 9', 'holds are there');
is($replica->safe_psql('honest', q{SELECT count(*) FROM sto.close AS c WHERE sto.verify_close_proof(sto.close_proof(c.event, sto_test.address('w1'), sto_test.id('ACME')), c.root, c.count)}),
	'3', 'closes are proven from the replica');

# A large transaction is folded in one go
my $begun = time;
$primary->safe_psql('honest', 'SELECT count(sto_test.trade(1 + (n % 5)::int, 6 + (n % 5)::int, 1)) FROM generate_series(1, 2000) AS n');
$primary->wait_for_catchup('honest');
is_same($primary, 'honest', $replica, 'honest', 'a transaction of 2000 entries');
cmp_ok(time - $begun, '<', 60, '... in good time');

# Restarted in between
$replica->restart;
$primary->safe_psql('honest', 'SELECT sto_test.trade(1, 2, 1)');
$primary->wait_for_catchup('honest');
is_same($primary, 'honest', $replica, 'honest', 'followed after a restart');
# nobody posts on the replica by hand and stays unnoticed: its own entry takes an id that the primary's next one has
cmp_ok($replica->safe_psql('honest', 'SELECT count(*) FROM sto.verify() WHERE ok'), '>', 5, 'sto.verify() works there');

# Transactions that are prepared there too, or sent before they end, with savepoints rolled back in them
pair('early', ', two_phase = true');
$primary->safe_psql('early', q{
	BEGIN;
	-- a party's first wallet: a second one would keep writers out until it is committed
	SELECT sto_test.party('p11', NULL, 'natural'), sto_test.wallet('w11', 'p11', '{111}'), sto_test.transfer('ACME', 'w1', 'w11', '5');
	PREPARE TRANSACTION 'kept';
	BEGIN;
	SELECT sto_test.trade(2, 3, 1);
	PREPARE TRANSACTION 'dropped';
	SELECT sto_test.trade(4, 5, 1);
});
ok($replica->poll_query_until('early', 'SELECT count(*) = 2 FROM pg_prepared_xacts'), 'prepared on the replica');
$primary->safe_psql('early', q{
	ROLLBACK PREPARED 'dropped';
	COMMIT PREPARED 'kept';
	SELECT sto_test.transfer('ACME', 'w11', 'w2', '1');
	DO $$
	BEGIN
		FOR n IN 1 .. 300 LOOP
			BEGIN
				PERFORM sto_test.trade(1 + n % 5, 6 + n % 5, 1);
				IF n % 3 = 0 THEN
					RAISE EXCEPTION 'undone';
				END IF;
			EXCEPTION WHEN raise_exception THEN NULL;
			END;
		END LOOP;
	END $$;
});
$primary->wait_for_catchup('early');
is(runs('early'), 't', 'followed');
is_sound($replica, 'early', 'replica of prepared and streamed transactions');
is_same($primary, 'early', $replica, 'early', 'equal');

# The built-in initial copy is refused with a hint
$replica->safe_psql('postgres', 'CREATE DATABASE copied');
$replica->safe_psql('copied', 'CREATE EXTENSION sto_ledger');
my $from = $primary->connstr('honest') =~ s/'/''/gr;
$replica->safe_psql('copied', "CREATE SUBSCRIPTION copied CONNECTION '$from' PUBLICATION honest WITH (disable_on_error = true)");
ok($replica->poll_query_until('copied', "SELECT NOT subenabled FROM pg_subscription WHERE subname = 'copied'"), 'initial copy: the subscription has stopped');
like(slurp_file($replica->logfile), qr/ERROR:  ST406: .*\n(.*\n){0,3}.*HINT: .*copy_data = false/, 'initial copy: the log says what to do');
is($replica->safe_psql('copied', 'SELECT count(*) FROM sto.event'), '0', 'initial copy: nothing was taken');
$replica->safe_psql('copied', "ALTER SUBSCRIPTION copied SET (slot_name = NONE); DROP SUBSCRIPTION copied");
$primary->safe_psql('postgres', "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name ~ '^(copied|pg_[0-9]+_sync)'");

# Rows that a superuser made or altered on the primary
my $switch_off = q{UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid IN ('sto.event'::regclass, 'sto.transfer'::regclass) AND tgname ~ '^sto_';};
my $columns = 'entry_id, received_at, posted_at, amount, debit_seq, debit_balance, debit_held, credit_seq, credit_balance, credit_held, key_policy, token_id, '
	. 'ordering_party, order_id, posted_by, debit_wallet, credit_wallet, debit_prev, credit_prev, leaf_hash, kind, signatures';
my @cases = (
	[ 'updated', qr/ERROR:  ST401: UPDATE on sto\.transfer is refused/,
		q{BEGIN; SELECT sto.begin_maintenance('x'); UPDATE sto.transfer SET amount = '999' WHERE entry_id = (SELECT max(entry_id) FROM sto.transfer); COMMIT;} ],
	[ 'deleted', qr/ERROR:  ST401: DELETE on sto\.event is refused/,
		q{BEGIN; SELECT sto.begin_maintenance('x'); DELETE FROM sto.event WHERE entry_id = (SELECT max(entry_id) FROM sto.event WHERE kind = 'wallet'); COMMIT;} ],
	# a complete row whose hash is nobody's
	[ 'forged', qr/ERROR:  ST404: entry \d+ does not stand\n.*a signature does not verify/,
		"OFF INSERT INTO sto.transfer ($columns) SELECT nextval('sto.entry_id_seq'), received_at, posted_at, '500', debit_seq + 1, debit_balance, debit_held, credit_seq + 1, credit_balance, credit_held, "
		. "key_policy, token_id, ordering_party, gen_random_uuid(), posted_by, debit_wallet, credit_wallet, leaf_hash, leaf_hash, leaf_hash, kind, signatures "
		. "FROM sto.transfer WHERE debit_wallet = sto_test.address('w1') ORDER BY entry_id DESC LIMIT 1;" ],
	# an order that its holder signed, but a balance that isn't the fold, hashed correctly
	[ 'inflated', qr/ERROR:  ST404: .*\n.*(debit|credit) position/,
		"OFF INSERT INTO sto.transfer SELECT f.* FROM sto_test.forge(sto_test.make_order(sto_test.transfer_order('ACME', 'w1', 'w2', '1'))) AS f;" ],
	# an entry left out: the next one on the position doesn't link
	[ 'left_out', qr/ERROR:  ST404: /,
		"OFF ALTER PUBLICATION left_out SET (publish = 'update'); INSERT INTO sto.transfer SELECT f.* FROM sto_test.forge(sto_test.make_order(sto_test.transfer_order('ACME', 'w1', 'w2', '1')), 0) AS f; ALTER PUBLICATION left_out SET (publish = 'insert, update, delete, truncate');"
		. "INSERT INTO sto.transfer SELECT f.* FROM sto_test.forge(sto_test.make_order(sto_test.transfer_order('ACME', 'w1', 'w2', '1')), 0) AS f;" ],
	# an event that nobody signed
	[ 'unsigned', qr/ERROR:  ST404: .*\n.*not signed/,
		"OFF INSERT INTO sto.event (entry_id, recorded_at, subject, actor, leaf_hash, kind, body) SELECT e.entry_id, e.recorded_at, e.subject, e.actor, sto.event_leaf(e, sto_test.ledger_id()), e.kind, e.body "
		. "FROM (SELECT (jsonb_populate_record(NULL::sto.event, jsonb_build_object('entry_id', nextval('sto.entry_id_seq'), 'recorded_at', clock_timestamp(), 'subject', gen_random_uuid(), 'actor', sto_test.nil(), "
		. "'kind', 'party', 'body', '{\"kind\": \"legal\"}'::json))).*) AS e;" ],
	# a close that says what isn't so; nobody has to sign one
	[ 'closed', qr/ERROR:  ST404: .*\n.*"root" is [0-9a-f]{64}, not 0{64}/,
		"OFF INSERT INTO sto.event (entry_id, recorded_at, subject, actor, leaf_hash, kind, body) SELECT e.entry_id, e.recorded_at, e.subject, e.actor, sto.event_leaf(e, sto_test.ledger_id()), e.kind, e.body "
		. "FROM (SELECT (jsonb_populate_record(NULL::sto.event, jsonb_build_object('entry_id', nextval('sto.entry_id_seq'), 'recorded_at', clock_timestamp(), 'subject', sto_test.ledger_id(), 'actor', sto_test.nil(), "
		. "'kind', 'close', 'body', ('{\"count\": ' || (SELECT count(*) FROM sto.position) || ', \"root\": \"' || repeat('00', 32) || '\"}')::json))).*) AS e;" ]);

for my $case (@cases)
{
	my ($db, $pattern, $sql) = @$case;

	pair($db);
	# the next entry of a position, complete and hashed as it ought to be, but for so many units too much
	$primary->safe_psql($db, q{
		CREATE FUNCTION sto_test.forge(o sto.transfer, extra int DEFAULT 1000) RETURNS SETOF sto.transfer LANGUAGE plpgsql AS $$
		DECLARE
			d sto.transfer := (SELECT t FROM sto.transfer AS t WHERE o.debit_wallet IN (t.debit_wallet, t.credit_wallet) ORDER BY t.entry_id DESC LIMIT 1);
			c sto.transfer := (SELECT t FROM sto.transfer AS t WHERE o.credit_wallet IN (t.debit_wallet, t.credit_wallet) ORDER BY t.entry_id DESC LIMIT 1);
			debit_was boolean := d.debit_wallet = o.debit_wallet;
			credit_was boolean := c.debit_wallet = o.credit_wallet;
		BEGIN
			o.entry_id := nextval('sto.entry_id_seq');
			o.received_at := clock_timestamp();
			o.posted_at := clock_timestamp();
			o.posted_by := d.posted_by;
			o.key_policy := (SELECT policy_event FROM sto.wallet WHERE address = o.debit_wallet);
			o.debit_seq := CASE WHEN debit_was THEN d.debit_seq ELSE d.credit_seq END + 1;
			o.debit_balance := CASE WHEN debit_was THEN d.debit_balance ELSE d.credit_balance END - o.amount + extra::sto.token_amount;
			o.debit_held := '0';
			o.debit_prev := d.leaf_hash;
			o.credit_seq := CASE WHEN credit_was THEN c.debit_seq ELSE c.credit_seq END + 1;
			o.credit_balance := CASE WHEN credit_was THEN c.debit_balance ELSE c.credit_balance END + o.amount;
			o.credit_held := '0';
			o.credit_prev := c.leaf_hash;
			o.signatures := sto_test.signatures(sto_test.order_message(o), '{101}');
			o.leaf_hash := sto.entry_leaf(o, sto_test.ledger_id(), (SELECT salt FROM sto.wallet WHERE address = o.debit_wallet), (SELECT salt FROM sto.wallet WHERE address = o.credit_wallet));
			RETURN NEXT o;
		END $$;
		SELECT sto_test.trade(1, 2, 1);
	});
	$primary->wait_for_catchup($db);
	is(runs($db), 't', "$db: honest so far");
	# a session of its own sees triggers as they are now
	$primary->safe_psql($db, $switch_off) if $sql =~ s/^OFF //;
	$primary->safe_psql($db, $sql);
	stops($db, $pattern, $db);
	$replica->safe_psql($db, "ALTER SUBSCRIPTION $db SET (slot_name = NONE); DROP SUBSCRIPTION $db");
	$primary->safe_psql('postgres', "SELECT pg_drop_replication_slot('$db')");
}
is(runs('honest'), 't', 'the honest ledger is followed still');
$_->stop for $replica, $primary;

done_testing();
