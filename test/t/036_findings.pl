# What custom rules said of enforced entries: a subscriber that has none of their functions makes the same rows of it, and every
# verifier names a finding that no entry just before it could have had.
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
my $custom = slurp_file(dirname(__FILE__) . '/../signer/custom.sql');

sub value { return $primary->safe_psql(@_) }

sub subscribe
{
	my ($db) = @_;

	$_->safe_psql('postgres', "CREATE DATABASE $db") for $primary, $replica;
	$_->safe_psql($db, 'CREATE EXTENSION sto_ledger') for $primary, $replica;
	value($db, "CREATE PUBLICATION $db FOR TABLE sto.event, sto.transfer");
	my $from = $primary->connstr($db) =~ s/'/''/gr;
	$replica->safe_psql($db, "CREATE SUBSCRIPTION $db CONNECTION '$from' PUBLICATION $db WITH (copy_data = false, disable_on_error = true, streaming = on)");
	new_ledger($primary, $db);
	add_signer($replica, $db);
	value($db, $custom . q{
		SELECT sto_test.officer('enforcer', 60, 'enforcer'), sto_test.officer('second', 61, 'enforcer');
		CREATE SCHEMA acme;
		SELECT sto_test.says('objects', $$kind || ' of ' || amount::text$$), sto_test.says('agrees', 'NULL'), sto_test.says('fails', '(1 / 0)::text');
		SELECT sto_test.rules('ACME', jsonb_build_array('{"rule": "granularity", "units": "7"}'::jsonb, sto_test.asks('objects', '{"label": "board", "kinds": ["transfer"]}'), sto_test.asks('agrees'), sto_test.asks('fails')));
		CREATE FUNCTION sto_test.forces(name text, amounts int[]) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
		BEGIN
			PERFORM sto_test.open_case(name || n, 'force', jsonb_build_object('token', 'ACME', 'debit', 'w1', 'credit', 'w2', 'amount', amounts[n]::text)), sto_test.decide_case(name || n)
			   FROM generate_subscripts(amounts, 1) n;
			RETURN QUERY
			INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event, attachment_hash, signatures)
			SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, c.case_event, o.attachment_hash, sto_test.signatures(sto_test.order_message(o), '{60}')
			  FROM generate_subscripts(amounts, 1) n JOIN sto.case c ON c.case_id = sto_test.id(name || n),
			       LATERAL sto_test.make_order(jsonb_strip_nulls(to_jsonb(sto.case_order(c.case_event, sto_test.id('enforcer'), gen_random_uuid())))) AS o
			RETURNING entry_id;
		END $$;
	});
}

# sto_verify, sto.verify() and the client
my $genesis;
sub said
{
	my @options = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sto_verify', '--genesis', $genesis, @options ], '>', \$out, '2>', \$err);
	return $out . $err;
}
sub judged { my ($db, @options) = @_; return said('--conn', $primary->connstr($db), @options) }
sub faults
{
	my ($db) = @_;
	return value($db, q{SELECT string_agg(concat_ws(' ', check_name, scope, first_bad, detail), E'\n') FROM sto.verify() WHERE NOT ok});
}
append_to_file("$folder/client.py", <<'PY');
import subprocess, sys
sys.path.insert(0, sys.argv[1])
import sto_client as sto

def copied(statement):
    settings = "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET client_encoding = 'UTF8'; "
    return subprocess.run(["psql", "-XqAt", "-d", sys.argv[2], "-c", settings + statement],
                          check=True, capture_output=True, text=True).stdout.splitlines()

print(sto.verify_copy(copied(sto.COPY_EVENTS), copied(sto.COPY_ENTRIES)).problems)
PY
sub client
{
	my ($db) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'python3', "$folder/client.py", dirname(__FILE__) . '/../../docs/clients', $primary->connstr($db) ], '>', \$out, '2>', \$err);
	return $out . $err;
}

# Honest: several at once, so that findings come after the entries of their statement; and so many that the transaction is streamed
subscribe('ledger');
$genesis = value('ledger', 'SELECT genesis_hash FROM sto.ledger');
value('ledger', q{SELECT sto_test.enforce('one', 'force', '{"token": "ACME", "debit": "w1", "credit": "w2", "amount": "1"}')});
value('ledger', 'CALL sto.seal()');
like(judged('ledger', '--state', "$folder/state"), qr/^whole$/m, 'one: whole');
my $before = value('ledger', 'SELECT count(*) FROM sto.log');
value('ledger', q{SELECT count(*) FROM sto_test.forces('several ', '{1, 7, 3}')});
value('ledger', q{SET logical_decoding_work_mem = '64kB'; SELECT count(*) FROM sto_test.forces('many ', (SELECT array_agg(1) FROM generate_series(1, 60)))});
value('ledger', 'CALL sto.seal()');
is(value('ledger', q{SELECT count(*) FILTER (WHERE rule = 'custom'), count(*) FROM sto.override}), '128|191', 'what they said is with what the other rules said');
is(faults('ledger'), '', 'sto.verify() lets it pass');
my $told = judged('ledger');
like($told, qr/^whole$/m, 'so does sto_verify') or diag $told;
like($told, qr/^sto\.override +191 rows +ok$/m, 'and compares each row');
$told = judged('ledger', '--state', "$folder/state");
like($told, qr/^accepted before +$before leaves.*^sto\.override +191 rows +ok\n.*^whole$/ms, 'also from a saved state') or diag $told;
like(client('ledger'), qr/^\[\]$/m, 'so does the client');
$primary->wait_for_catchup('ledger');
is_same($primary, 'ledger', $replica, 'ledger', 'the replica');
is($replica->safe_psql('ledger', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'acme'}), '0', 'it has none of the functions');
is($_->safe_psql('ledger', 'SELECT sto.rebuild() = (SELECT count(*) FROM sto.log)'), 't', $_->name . ' is rebuilt') for $primary, $replica;
is_same($primary, 'ledger', $replica, 'ledger', 'folded anew');


# A database that is copied has no session, so no subscriber for a while
$replica->safe_psql('ledger', 'ALTER SUBSCRIPTION ledger DISABLE');
ok($primary->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'ledger')}), 'the subscriber left');

# An override that is another than the log's
value('postgres', 'CREATE DATABASE edited TEMPLATE ledger');
value('edited', q{UPDATE sto.override SET detail = 'no objection' WHERE rule = 'custom' AND entry_id = (SELECT max(entry_id) FROM sto.override)});
like(faults('edited'), qr/^rule_counters sto\.override \d+ 2 rows/m, 'edited: sto.verify() names it');
like(judged('edited'), qr/sto\.override.*detail is not what the log gives/, 'edited: so does sto_verify');

# Forged, hashed as they ought to be.  The last entries of the log are a force and its two findings.
value('ledger', q{
	SELECT * FROM sto_test.forces('last ', '{7}');
	CREATE FUNCTION sto_test.forge(entry bigint, number int, change jsonb DEFAULT '{}', other_subject uuid DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE
		e sto.event;
		t sto.transfer := (SELECT t FROM sto.transfer t WHERE t.entry_id = entry);
	BEGIN
		e.entry_id := nextval('sto.entry_id_seq');
		e.kind := 'finding';
		e.recorded_at := clock_timestamp();
		e.subject := coalesce(other_subject, sto.finding_subject(sto_test.ledger_id(), entry, number));
		e.actor := '00000000-0000-0000-0000-000000000000';
		e.prev_hash := (SELECT s.head FROM sto.subject s WHERE s.subject = e.subject);
		e.body := jsonb_strip_nulls(jsonb_build_object('entry', entry, 'rule_set', t.rule_set, 'number', number, 'definition', sto_test.definition('acme.agrees'), 'reason', 'forged') || change)::json;
		e.leaf_hash := sto.event_leaf(sto_test.ledger_id(), e.entry_id, e.prev_hash, e.kind, e.subject, e.actor, e.body, e.signatures, e.recorded_at);
		DELETE FROM sto.subject s WHERE s.subject = e.subject;
		INSERT INTO sto.subject (subject, kind, last_event, recorded_at, head) VALUES (e.subject, 'finding', e.entry_id, e.recorded_at, e.leaf_hash);
		INSERT INTO sto.event SELECT e.*;
		INSERT INTO sto.override VALUES (entry, number, 119, 'custom', NULL, coalesce(e.body->>'reason', 'forged')) ON CONFLICT DO NOTHING;
		RETURN e.entry_id;
	END $$;
});
my $last = q{(SELECT max(t.entry_id) FROM sto.transfer t)};
my $elsewhere = qr/no enforced entry \d*\s?just before it passed over such a custom rule/;

# name, the forged event, what sto.verify(), sto_verify, the client and sto.rebuild() say; the first is one that nobody can tell from a true one
for my $case (
	[ 'invented', "$last, 3" ],
	[ 'late', '(SELECT min(t.entry_id) FROM sto.transfer t WHERE t.kind = \'force\'), 3', $elsewhere, $elsewhere, $elsewhere, $elsewhere ],
	[ 'after another event', "$last, 3", $elsewhere, $elsewhere, $elsewhere, $elsewhere, q{SELECT sto_test.party('newcomer', NULL, 'natural')} ],
	[ 'again', "$last, 2, jsonb_build_object('definition', sto_test.definition('acme.objects'))", qr/there is one of this entry and rule before it/, qr/is in the register already/, $elsewhere, qr/is in the register already/ ],
	[ 'native', "$last, 1", $elsewhere, $elsewhere, $elsewhere, $elsewhere ],
	[ 'no rule', "$last, 5", $elsewhere, $elsewhere, $elsewhere, $elsewhere ],
	[ 'another set', "$last, 3, '{\"rule_set\": 7}'", $elsewhere, $elsewhere, $elsewhere, $elsewhere ],
	[ 'another function', "$last, 3, jsonb_build_object('definition', sto_test.definition('acme.fails'))", $elsewhere, $elsewhere, $elsewhere, $elsewhere ],
	[ 'no force', '(SELECT max(t.entry_id) FROM sto.transfer t), 2', $elsewhere, $elsewhere, $elsewhere, $elsewhere, q{SELECT sto_test.rules('ACME', jsonb_build_array(sto_test.asks('agrees'), sto_test.asks('agrees'))), sto_test.trade(1, 2, 7)} ],
	[ 'subject', "$last, 3, '{}', gen_random_uuid()", qr/its subject is another's/, (qr/its subject is not that of this entry and rule/) x 3 ],
	[ 'both', "$last, 3, '{\"state\": \"22012\"}'", qr/its reason, or its state, is none/, qr/it has either a reason or a state/, qr/its reason, or its state, is none/, qr/it has either a reason or a state/ ],
	[ 'two lines', "$last, 3, jsonb_build_object('reason', E'a\\nb')", qr/its reason, or its state, is none/, qr/its reason is not one line/, qr/its reason, or its state, is none/, qr/its reason is not one line/ ],
	[ 'no state', "$last, 3, '{\"reason\": null, \"state\": \"none\"}'", qr/its reason, or its state, is none/, qr/its state is not an SQLSTATE/, qr/its reason, or its state, is none/, qr/its state is not an SQLSTATE/ ])
{
	my ($name, $forged, $sql_says, $program_says, $client_says, $rebuild_says, $before) = @$case;

	value('postgres', 'CREATE DATABASE forged TEMPLATE ledger');
	value('forged', $before) if defined $before;
	value('forged', q{UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'sto.event'::regclass AND tgname ~ '^sto_'});
	my $id = value('forged', "SET session_replication_role = replica; SELECT sto_test.forge($forged)");
	value('forged', q{UPDATE pg_trigger SET tgenabled = 'A' WHERE tgrelid = 'sto.event'::regclass AND tgname ~ '^sto_'});
	my ($code, undef, $error) = $primary->psql('forged', 'SELECT sto.rebuild()');
	if (defined $sql_says)
	{
		like(faults('forged'), qr/^findings sto\.event $id 1 findings: $sql_says$/m, "$name: sto.verify() names it");
		like(judged('forged'), qr/^BROKEN: \w+, entry $id: finding event: .*$program_says/m, "$name: so does sto_verify");
		like(client('forged'), qr/\($id, "?'?$client_says/, "$name: so does the client");
		like($error, qr/event $id does not stand\n.*$rebuild_says/, "$name: and sto.rebuild()");
	}
	else
	{
		is(faults('forged'), '', "$name: sto.verify() can't tell");
		like(judged('forged'), qr/^whole$/m, "$name: nor can sto_verify");
		is($code, 0, "$name: nor the fold");
	}
	value('postgres', 'DROP DATABASE forged');
}

# A forged one comes to the subscriber in a transaction of its own
$replica->safe_psql('ledger', 'ALTER SUBSCRIPTION ledger ENABLE');
$primary->wait_for_catchup('ledger');
value('ledger', q{UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'sto.event'::regclass AND tgname ~ '^sto_'});
value('ledger', "SET session_replication_role = replica; SELECT sto_test.forge($last, 3)");
ok($replica->poll_query_until('ledger', "SELECT NOT subenabled FROM pg_subscription WHERE subname = 'ledger'"), 'forged: the subscription stops');
like(slurp_file($replica->logfile), qr/ST404: event \d+ does not stand\n.*$elsewhere/, 'forged: because of it');
$_->stop for $primary, $replica;

done_testing();
