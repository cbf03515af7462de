# A verifying subscriber decides anew: pauses, freezes, claims and mandates, each at the very microsecond at which it
# begins or ends.  What a superuser of the primary lets past them stops the subscription.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server('primary');
my $replica = new_server('replica');
$_->start for $primary, $replica;

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
	$primary->safe_psql($db, q{
		SELECT sto_test.officer('enforcer', 31, 'enforcer'), sto_test.officer('second', 34, 'enforcer'), sto_test.officer('kyc', 32, 'claim_issuer'), sto_test.party('agent', '{33}');

		-- The next entry of both positions, complete and hashed as it ought to be, posted at this time, ordered by this party
		-- and signed with this key, whatever the gate would have said.
		CREATE FUNCTION sto_test.forge(o sto.transfer, at timestamptz, seed int DEFAULT 101, policy uuid DEFAULT NULL) RETURNS SETOF sto.transfer LANGUAGE plpgsql AS $$
		DECLARE
			d sto.transfer := (SELECT t FROM sto.transfer AS t WHERE o.debit_wallet IN (t.debit_wallet, t.credit_wallet) ORDER BY t.entry_id DESC LIMIT 1);
			c sto.transfer := (SELECT t FROM sto.transfer AS t WHERE o.credit_wallet IN (t.debit_wallet, t.credit_wallet) ORDER BY t.entry_id DESC LIMIT 1);
			debit_was boolean := d.debit_wallet = o.debit_wallet;
			credit_was boolean := c.debit_wallet = o.credit_wallet;
		BEGIN
			o.entry_id := nextval('sto.entry_id_seq');
			o.received_at := clock_timestamp();
			o.posted_at := at;
			o.posted_by := d.posted_by;
			o.key_policy := COALESCE((SELECT policy_event FROM sto.party WHERE party_id = policy), (SELECT policy_event FROM sto.wallet WHERE address = o.debit_wallet));
			o.debit_seq := CASE WHEN debit_was THEN d.debit_seq ELSE d.credit_seq END + 1;
			o.debit_balance := CASE WHEN debit_was THEN d.debit_balance ELSE d.credit_balance END - o.amount;
			o.debit_held := '0';
			o.debit_prev := d.leaf_hash;
			o.credit_seq := CASE WHEN credit_was THEN c.debit_seq ELSE c.credit_seq END + 1;
			o.credit_balance := CASE WHEN credit_was THEN c.debit_balance ELSE c.credit_balance END + o.amount;
			o.credit_held := '0';
			o.credit_prev := c.leaf_hash;
			o.signatures := sto_test.signatures(sto_test.order_message(o), ARRAY[seed]);
			o.leaf_hash := sto.entry_leaf(o, sto_test.ledger_id(), (SELECT salt FROM sto.wallet WHERE address = o.debit_wallet), (SELECT salt FROM sto.wallet WHERE address = o.credit_wallet));
			RETURN NEXT o;
		END $$;
		-- a time that lies ahead of everything, in microseconds and as one
		CREATE FUNCTION sto_test.at() RETURNS bigint IMMUTABLE LANGUAGE sql AS $$ SELECT 4102444800000000 $$;
		CREATE FUNCTION sto_test.time_at(shift int) RETURNS timestamptz IMMUTABLE LANGUAGE sql AS $$ SELECT sto.from_micros(sto_test.at() + shift) $$;
	});
}

my $switch_off = q{UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid IN ('sto.event'::regclass, 'sto.transfer'::regclass) AND tgname ~ '^sto_';};

sub forged
{
	my ($shift, $extra) = (@_, '');

	return "INSERT INTO sto.transfer SELECT f.* FROM sto_test.forge(sto_test.make_order(sto_test.transfer_order('ACME', 'w1', 'w2', '1')), sto_test.time_at($shift)) AS f;"
	  if $extra eq '';
	return "INSERT INTO sto.transfer SELECT f.* FROM sto_test.forge(sto_test.make_order(sto_test.transfer_order('ACME', 'w1', 'w2', '1') || '{\"ordering_party\": \"agent\"}'), sto_test.time_at($shift), 33, sto_test.id('agent')) AS f;";
}

sub runs
{
	my $db = shift;

	return $replica->safe_psql($db, "SELECT subenabled FROM pg_subscription WHERE subname = '$db'");
}

# Every kind of event, refusals between, and entries of all sorts
pair('honest');
$primary->safe_psql('honest', q{
	SELECT sto_test.party_facts('p1', '{"country": "KZ", "incorporation": "AE"}'), sto_test.party_facts('p1', '{"country": "DE"}');
	SELECT sto_test.classify('p1', 'retail'), sto_test.classify('p1', 'professional', jsonb_build_object('token', sto_test.id('ACME'), 'from', 1, 'to', 2));
	SELECT sto_test.beneficial_owner('acme', 'p1', 2600), sto_test.beneficial_owner('acme', 'p1', 0);
	SELECT sto_test.mandate('p1', 'agent'), sto_test.post(sto_test.transfer_order('ACME', 'w1', 'w2', '1') || '{"ordering_party": "agent"}', '{33}');
	SELECT sto_test.mandate('p1', 'agent', '{"granted": false}');
	SELECT sto_test.trust('ACME', 'kyc', '{kyc}'), sto_test.claim('p' || n, 'kyc', 'kyc') FROM generate_series(1, 10) AS n;
	SELECT sto_test.topics('ACME', '{kyc}', '{"receiver_only": false}'), sto_test.trade(1, 2, 3);
	SELECT sto_test.claim_revoke('p3', claim, 'kyc') FROM sto.claim WHERE party_id = sto_test.id('p3');
	SELECT sto_test.refusal('SELECT sto_test.trade(1, 3, 1)'), sto_test.trade(1, 4, 1), sto_test.claim('p3', 'kyc', 'kyc'), sto_test.trade(1, 3, 1);
	SELECT sto_test.grant_capability('kyc', 'claim_issuer', false), sto_test.refusal('SELECT sto_test.trade(1, 2, 1)'), sto_test.grant_capability('kyc', 'claim_issuer'), sto_test.trade(1, 2, 1);
	SELECT sto_test.pause('ACME', 'acme'), sto_test.refusal('SELECT sto_test.trade(1, 2, 1)'), sto_test.pause('ACME', 'enforcer'), sto_test.pause('ACME', 'enforcer', false), sto_test.trade(1, 2, 1);
	SELECT sto_test.freeze_wallet('w1'), sto_test.trade(2, 3, 1), sto_test.freeze_wallet('w1', false), sto_test.freeze_party('p1'), sto_test.freeze_wallet('w5'), sto_test.freeze_party('p1', false), sto_test.trade(1, 2, 1);
});
$primary->wait_for_catchup('honest');
is(runs('honest'), 't', 'honest: followed');
is_sound($replica, 'honest', 'honest: replica');
is_same($primary, 'honest', $replica, 'honest', 'honest: equal');
is($replica->safe_psql('honest', 'SELECT sto.rebuild() = (SELECT count(*) FROM sto.log)'), 't', 'honest: the replica rebuilds itself');
is_same($primary, 'honest', $replica, 'honest', 'honest: equal then too');

# name, what comes before, entries that stand, one that doesn't, what the log says of it
my @cases = (
	[ 'paused', q{SELECT sto_test.pause('ACME', 'acme')}, '', forged(0), qr/the token is paused/ ],
	[ 'frozen', q{SELECT sto_test.freeze_wallet('w2')}, '', forged(0), qr/a wallet is frozen/ ],
	[ 'sanctioned', q{SELECT sto_test.freeze_party('p2')}, '', forged(0), qr/a party is frozen/ ],
	[ 'ineligible', q{SELECT sto_test.topics('ACME', '{kyc}')}, '', forged(0), qr/the receiver is not eligible/ ],
	# a claim in force in [from, to), to the microsecond
	[ 'claim_to', q{SELECT sto_test.trust('ACME', 'kyc', '{kyc}'), sto_test.claim('p2', 'kyc', 'kyc', jsonb_build_object('to', sto_test.at())), sto_test.topics('ACME', '{kyc}')},
		forged(-1), forged(0), qr/the receiver is not eligible/ ],
	[ 'claim_from', q{SELECT sto_test.trust('ACME', 'kyc', '{kyc}'), sto_test.claim('p2', 'kyc', 'kyc', jsonb_build_object('from', sto_test.at(), 'to', sto_test.at() + 2)), sto_test.topics('ACME', '{kyc}')},
		forged(0) . forged(1), forged(2), qr/the receiver is not eligible/ ],
	[ 'claim_early', q{SELECT sto_test.trust('ACME', 'kyc', '{kyc}'), sto_test.claim('p2', 'kyc', 'kyc', jsonb_build_object('from', sto_test.at())), sto_test.topics('ACME', '{kyc}')},
		'', forged(-1), qr/the receiver is not eligible/ ],
	# so with a mandate
	[ 'mandate_to', q{SELECT sto_test.mandate('p1', 'agent', jsonb_build_object('to', sto_test.at()))}, forged(-1, 'agent'), forged(0, 'agent'), qr/neither owns the wallet nor keeps it/ ],
	[ 'mandate_early', q{SELECT sto_test.mandate('p1', 'agent', jsonb_build_object('from', sto_test.at()))}, '', forged(-1, 'agent'), qr/neither owns the wallet nor keeps it/ ],
	[ 'mandate_from', q{SELECT sto_test.mandate('p1', 'agent', jsonb_build_object('from', sto_test.at(), 'to', sto_test.at() + 2))},
		forged(0, 'agent') . forged(1, 'agent'), forged(2, 'agent'), qr/neither owns the wallet nor keeps it/ ]);

for my $case (@cases)
{
	my ($db, $before, $good, $bad, $pattern) = @$case;

	pair($db);
	$primary->safe_psql($db, $before);
	# a session of its own sees triggers as they are now
	$primary->safe_psql($db, $switch_off);
	$primary->safe_psql($db, $good) if $good ne '';
	$primary->wait_for_catchup($db);
	is(runs($db), 't', "$db: honest so far");
	is($replica->safe_psql($db, 'SELECT count(*) FROM sto.transfer'), $primary->safe_psql($db, 'SELECT count(*) FROM sto.transfer'), "$db: all that stands is there");
	is_sound($replica, $db, "$db: what came before");
	my $offset = -s $replica->logfile;
	$primary->safe_psql($db, $bad);
	ok($replica->poll_query_until($db, "SELECT NOT subenabled FROM pg_subscription WHERE subname = '$db'"), "$db: the subscription has stopped");
	like(slurp_file($replica->logfile, $offset), qr/ERROR:  ST404: .*\n.*$pattern/, "$db: the log says why");
	# the primary's own verification finds it too, if somebody asks
	like($primary->safe_psql($db, q{SELECT string_agg(check_name, ' ') FROM sto.verify(false, '{stops,eligibility,authority}') WHERE NOT ok}),
		qr/stops|eligibility|entry_authority/, "$db: sto.verify() on the primary finds it");
	$replica->safe_psql($db, "ALTER SUBSCRIPTION $db SET (slot_name = NONE); DROP SUBSCRIPTION $db");
	$primary->safe_psql('postgres', "SELECT pg_drop_replication_slot('$db')");
}
$_->stop for $replica, $primary;

done_testing();
