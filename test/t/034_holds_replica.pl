# Holds on a verifying subscriber, and in the eyes of sto_verify and the client: releases of expired holds arrive as the
# rows that they are, nobody sweeps for himself; terms end at the very microsecond; lots lock no more than was issued.
use strict;
use warnings FATAL => 'all';

use StoTest;
use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server('primary');
my $replica = new_server('replica');
$_->start for $primary, $replica;

my $folder = PostgreSQL::Test::Utils::tempdir();
my $client = dirname(__FILE__) . '/../../docs/clients';

sub pair
{
	my ($db) = @_;

	$_->safe_psql('postgres', "CREATE DATABASE $db") for $primary, $replica;
	$_->safe_psql($db, 'CREATE EXTENSION sto_ledger') for $primary, $replica;
	$primary->safe_psql($db, "CREATE PUBLICATION $db FOR TABLE sto.event, sto.transfer");
	my $from = $primary->connstr($db) =~ s/'/''/gr;
	$replica->safe_psql($db, "CREATE SUBSCRIPTION $db CONNECTION '$from' PUBLICATION $db WITH (copy_data = false, disable_on_error = true)");
	new_ledger($primary, $db);
	add_signer($replica, $db);
	$primary->safe_psql($db, slurp_file(dirname(__FILE__) . "/../signer/$_.sql")) for qw(notes forger);
	$primary->safe_psql($db, q{
		SELECT sto_test.party('venue', '{70}');
		-- a time that lies ahead of everything
		CREATE FUNCTION sto_test.at(shift int DEFAULT 0) RETURNS timestamptz IMMUTABLE LANGUAGE sql AS $$ SELECT sto.from_micros(4102444800000000 + shift) $$;
		CREATE FUNCTION sto_test.group_of(n int) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$ SELECT jsonb_build_object('group_id', md5('group ' || n)::uuid) $$;

		-- The next entry of w1, and of the credit wallet if it is posted, complete and hashed as it ought to be, whatever the
		-- gate would have said: at this time, changing w1's balance and held units so, signed with the keys of that party or
		-- wallet.  The register is made to fit.
		CREATE FUNCTION sto_test.forge(fields jsonb, at timestamptz, balance numeric, held numeric, subject text DEFAULT NULL, seeds int[] DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
		DECLARE
			o sto.transfer := sto_test.make_order(jsonb_build_object('token_id', 'ACME', 'debit_wallet', 'w1') || fields);
			s record;
		BEGIN
			o.entry_id := nextval('sto.entry_id_seq');
			o.received_at := clock_timestamp();
			o.posted_at := at;
			o.posted_by := sto_test.id('registrar');
			o.key_policy := COALESCE((SELECT policy_event FROM sto.party WHERE party_id = sto_test.id(subject)), (SELECT policy_event FROM sto.wallet WHERE wallet_id = sto_test.id(subject)));
			SELECT * INTO s FROM sto.entry_side AS e WHERE e.wallet = o.debit_wallet AND e.token_id = o.token_id ORDER BY e.seq DESC LIMIT 1;
			o.debit_seq := s.seq + 1;
			o.debit_balance := s.balance::numeric + balance;
			o.debit_held := s.held::numeric + held;
			o.debit_prev := s.leaf_hash;
			IF o.kind = 'post' THEN
				SELECT * INTO s FROM sto.entry_side AS e WHERE e.wallet = o.credit_wallet AND e.token_id = o.token_id ORDER BY e.seq DESC LIMIT 1;
				o.credit_seq := s.seq + 1;
				o.credit_balance := s.balance::numeric - balance;
				o.credit_held := s.held;
				o.credit_prev := s.leaf_hash;
			END IF;
			o.signatures := sto_test.signatures(sto_test.order_message(o), seeds);
			o.leaf_hash := sto.entry_leaf(o, sto_test.ledger_id(), (SELECT salt FROM sto.wallet WHERE address = o.debit_wallet), (SELECT salt FROM sto.wallet WHERE address = o.credit_wallet));
			INSERT INTO sto.transfer SELECT o.*;
			UPDATE sto.hold AS h SET remaining = (h.remaining::numeric + held)::sto.token_amount WHERE h.hold_id = o.hold_id;
			IF o.kind = 'hold' THEN
				INSERT INTO sto.hold (hold_id, amount, remaining, release_after, wallet, token_id, notary, beneficiary, checked_once, purpose)
				VALUES (o.entry_id, o.amount, o.amount, o.release_after, o.debit_wallet, o.token_id, o.notary, o.credit_wallet, false, o.purpose);
			END IF;
			PERFORM sto_test.mend_positions();
		END $$;
	});
}

my $switch_off = q{UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid IN ('sto.event'::regclass, 'sto.transfer'::regclass) AND tgname ~ '^sto_';};
my $switch_on = $switch_off =~ s/'D'/'A'/r;

# sto_verify on the primary: its exit status and what it says
sub stand_alone
{
	my ($db) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sto_verify', '--conn', $primary->connstr($db), '--genesis', $primary->safe_psql($db, 'SELECT genesis_hash FROM sto.ledger') ], '>', \$out, '2>', \$err);
	return ($? >> 8, "$out$err");
}

# What the client finds in a copy of the log
sub by_client
{
	my ($db) = @_;
	my ($out, $err) = ('', '');
	my $script = <<'PY';
import subprocess, sys
sys.path.insert(0, sys.argv[1])
import sto_client as sto
def lines(query):
    return subprocess.run(["psql", "-XqAt", "-d", sys.argv[2], "-c", "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET client_encoding = 'UTF8'", "-c", query],
                          check=True, capture_output=True, text=True).stdout.splitlines()
for entry, text in sto.verify_copy(lines(sto.COPY_EVENTS), lines(sto.COPY_ENTRIES)).problems:
    print(entry, text)
PY

	IPC::Run::run([ 'python3', '-c', $script, $client, $primary->connstr($db) ], '>', \$out, '2>', \$err);
	return $out . $err;
}

sub runs
{
	my ($db) = @_;

	return $replica->safe_psql($db, "SELECT subenabled FROM pg_subscription WHERE subname = '$db'");
}

# Everything that the gate lets pass, verified by all
pair('honest');
$primary->safe_psql('honest', q{
	SELECT sto_test.hold('ACME', 'w1', n::text, 'pledge', jsonb_build_object('credit_wallet', 'w2', 'release_after', clock_timestamp() + interval '1 s')) FROM generate_series(301, 303) AS n;
	SELECT sto_test.hold('ACME', 'w' || n, '900', 'pledge', jsonb_build_object('credit_wallet', 'w2', 'release_after', clock_timestamp() + interval '1 s')) FROM generate_series(3, 6) AS n;
	SELECT sto_test.hold('ACME', 'w1', '20', 'pledge', '{"credit_wallet": "w2"}');
	SELECT pg_sleep(1.1);
	SELECT sto_test.trade(1, 2, 500);
	BEGIN;
	SAVEPOINT a;
	SELECT sto_test.trade(3, 4, 500);
	ROLLBACK TO a;
	SELECT sto_test.trade(3, 4, 200), sto_test.trade(4, 3, 300);
	COMMIT;
	SELECT sto.sweep_expired(most => 2), sto.sweep_expired();
	CREATE TABLE sto_test.signed AS SELECT array_agg(sto_test.signatures(o.message, '{10}') ORDER BY o.lot) AS s
	  FROM sto.vested_orders(sto_test.id('ACME')::text, sto_test.address('w7'), 1000, '2100-01-01', '2101-01-01', '2104-01-01', '1 month', md5('vested')::uuid) AS o;
	SELECT sto.issue_vested(sto_test.id('ACME')::text, sto_test.address('w7'), 1000, '2100-01-01', '2101-01-01', '2104-01-01', '1 month', md5('vested')::uuid, s) FROM sto_test.signed;
	CREATE TABLE sto_test.once AS SELECT sto_test.hold('ACME', 'w8', '5', 'pledge', '{"credit_wallet": "w9", "checked_once": true}') AS hold;
	SELECT sto_test.rules('ACME', '[{"rule": "granularity", "units": "10"}, {"rule": "max_balance", "amount": "1"}]');
	SELECT sto_test.refusal($$SELECT sto_test.trade(8, 9, 3)$$);
	SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'w8', 'credit_wallet', 'w9', 'amount', '3', 'hold_id', hold, 'ordering_party', 'p9'), '{109}') FROM sto_test.once;
	SELECT sto_test.rules('ACME', '[]');
	SELECT sto_test.wallet('own/1', 'acme', '{90}', 'treasury'), sto_test.issue('ACME', 'own/1', '10');
	SELECT sto_test.hold('ACME', 'own/1', '10', 'lock_up', '{"release_after": "2100-01-01 00:00+00"}');
});
$primary->wait_for_catchup('honest');
is(runs('honest'), 't', 'honest: followed');
is($primary->safe_psql('honest', q{SELECT count(*) FILTER (WHERE kind = 'release'), count(*) FILTER (WHERE purpose = 'lock_up') > 30 FROM sto.transfer}), '7|t', 'honest: expired holds were released, when they were needed or by hand; lots were locked');
is_sound($replica, 'honest', 'honest: replica');
is_same($primary, 'honest', $replica, 'honest', 'honest: equal');
is($_->safe_psql('honest', 'SELECT sto.rebuild() = (SELECT count(*) FROM sto.log)'), 't', 'honest: rebuilt') for $primary, $replica;
is_same($primary, 'honest', $replica, 'honest', 'honest: equal then too');
refused($replica, 'honest', 'SELECT sto.sweep_expired()', 'ST107', 'nobody sweeps on a replica');
{
	my ($rc, $out) = stand_alone('honest');
	is($rc, 0, 'honest: sto_verify says whole') or diag $out;
	is(by_client('honest'), '', 'honest: the client finds nothing');
}

# name, what comes before, what stands, what doesn't; what the subscription's log, sto.verify(), sto_verify and the client say of it
my $preimage = q{'\x' || repeat('5a', 32)};
my $lock = q{SELECT sto_test.hold('ACME', 'w1', '30', 'hash_lock', jsonb_build_object('credit_wallet', 'w2', 'release_after', sto_test.at(), 'condition_hash', encode(sha256(decode(repeat('5a', 32), 'hex')), 'hex')))};
my $pledge = q{SELECT sto_test.hold('ACME', 'w1', '30', 'pledge', jsonb_build_object('credit_wallet', 'w2', 'release_after', sto_test.at()))};
my $id = '(SELECT hold_id FROM sto.hold)';
my $post = qq{jsonb_build_object('kind', 'post', 'credit_wallet', 'w2', 'amount', '10', 'hold_id', $id, 'keep_rest', true, 'preimage', $preimage, 'ordering_party', 'registrar')};
my $release = sub { qq{jsonb_build_object('kind', 'release', 'amount', '$_[0]', 'hold_id', $id, 'ordering_party', '$_[1]')} };
my $lot = sub { qq{jsonb_build_object('kind', 'hold', 'purpose', 'lock_up', 'amount', '$_[0]', 'release_after', sto_test.at(1000), 'ordering_party', 'acme') || sto_test.group_of(1)} };
my $grant = q{BEGIN; SELECT sto_test.issue('ACME', 'w1', '10', sto_test.group_of(1)); } . q{SELECT sto_test.post(jsonb_build_object('token_id', 'ACME', 'debit_wallet', 'w1') || } . $lot->(4) . q{, '{10}'); COMMIT;};

my @cases = (
	[ 'lock_ends', $lock, "SELECT sto_test.forge($post, sto_test.at(-1), -10, -10)", "SELECT sto_test.forge($post, sto_test.at(), -10, -10)",
		qr/the hold has expired/, 'holds', qr/had expired: it could only be released/, qr/posts a hold that had expired/ ],
	[ 'lets_go', $lock, '', "SELECT sto_test.forge($post - 'keep_rest', sto_test.at(-1), -10, -30)",
		qr/a post of a hash lock releases nothing/, 'holds', qr/releases what it doesn't post/, qr/releases what it does not post/ ],
	[ 'himself', q{SELECT sto_test.party('self', '{95}'), sto_test.wallet('self/1', 'self', '{96}'), sto_test.issue('ACME', 'self/1', '10');}, '',
		q{SELECT sto_test.forge(jsonb_build_object('kind', 'hold', 'purpose', 'lock_up', 'amount', '5', 'debit_wallet', 'self/1', 'release_after', sto_test.at(1000),
			'notary', 'self', 'ordering_party', 'self'), sto_test.at(), 0, 5, 'self/1', '{96}')},
		qr/the hold's notary is who holds the units/, 'holds', qr/the hold's notary is who holds the units/, qr/a hold's notary is who holds the units/ ],
	[ 'not_yet', $pledge, '', 'SELECT sto_test.forge(' . $release->(10, 'registrar') . ', sto_test.at(-1), 0, -10)',
		qr/the hold has not expired/, 'entry_authority', qr/had not expired: its release had to be signed/, qr/not signed/ ],
	[ 'on_time', $pledge, 'SELECT sto_test.forge(' . $release->(10, 'registrar') . ', sto_test.at(), 0, -10)', 'SELECT sto_test.forge(' . $release->(10, 'venue') . ', sto_test.at(), 0, -10)',
		qr/ordered by the party that submits it/, 'entry_authority', qr/an unsigned release or post that another party than its submitter orders/, qr/not signed/ ],
	[ 'too_much', $pledge, '', 'SELECT sto_test.forge(' . $release->(31, 'registrar') . ', sto_test.at(), 0, -31)',
		qr/the hold does not have that much left/, 'holds', qr/does not have that much left/, qr/more than the hold holds/ ],
	[ 'lots', $grant, '', 'SELECT sto_test.forge(' . $lot->(7) . q{, sto_test.at(), 0, 7, 'acme', '{10}')},
		qr/an issuer's lock-up must follow the issue/, 'holds', qr/lock-up that doesn't follow the issue/, qr/lock-up does not follow the issue/ ],
	[ 'between', $grant . q{ SELECT sto_test.trade(2, 1, 1);}, '', 'SELECT sto_test.forge(' . $lot->(1) . q{, sto_test.at(), 0, 1, 'acme', '{10}')},
		qr/an issuer's lock-up must follow the issue/, 'holds', qr/lock-up that doesn't follow the issue/, qr/lock-up does not follow the issue/ ],
);

for my $case (@cases)
{
	my ($db, $before, $good, $bad, $in_log, $check, $stand_alone, $by_client) = @$case;

	pair($db);
	$primary->safe_psql($db, $before);
	$primary->safe_psql($db, $switch_off);
	$primary->safe_psql($db, $good) if $good ne '';
	$primary->wait_for_catchup($db);
	is(runs($db), 't', "$db: honest so far");
	is_sound($replica, $db, "$db: what came before");
	my $offset = -s $replica->logfile;
	$primary->safe_psql($db, $bad);
	$primary->safe_psql($db, $switch_on);
	ok($replica->poll_query_until($db, "SELECT NOT subenabled FROM pg_subscription WHERE subname = '$db'"), "$db: the subscription has stopped");
	like(slurp_file($replica->logfile, $offset), qr/ERROR:  ST404: .*\n.*$in_log/, "$db: the log says why");
	is($primary->safe_psql($db, q{SELECT string_agg(check_name, ' ') FROM sto.verify(false, '{holds,authority}') WHERE NOT ok}), $check, "$db: sto.verify() finds it");
	my ($rc, $out) = stand_alone($db);
	is($rc, 1, "$db: sto_verify says broken");
	like($out, $stand_alone, "$db: and why");
	like(by_client($db), $by_client, "$db: the client finds it");
	$replica->safe_psql($db, "ALTER SUBSCRIPTION $db SET (slot_name = NONE); DROP SUBSCRIPTION $db");
	$primary->safe_psql('postgres', "SELECT pg_drop_replication_slot('$db')");
}
$_->stop for $replica, $primary;

done_testing();
