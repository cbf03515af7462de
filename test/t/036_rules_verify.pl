# Rules of tokens, replayed: what the gate let pass, sto.verify() and sto_verify let pass, from a database, from an export,
# and going on from a saved state; what it would not have, and every counter that was touched, both name.
use strict;
use warnings FATAL => 'all';

use StoTest;
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();
my $node = new_server('ledger');
$node->start;

sub value { return $node->safe_psql(@_) }

value('postgres', "CREATE DATABASE ledger TEMPLATE template0 ENCODING 'UTF8'");
value('ledger', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'ledger');
our $genesis = value('ledger', 'SELECT genesis_hash FROM sto.ledger');

# What sto_verify says of a database or an export.
sub said
{
	my @options = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sto_verify', '--genesis', $genesis, @options ], '>', \$out, '2>', \$err);
	return $out . $err;
}
sub judged { my ($db, @options) = @_; return said('--conn', $node->connstr($db), @options) }
sub faults
{
	my ($db) = @_;
	return value($db, q{SELECT string_agg(concat_ws(' ', check_name, scope, first_bad, detail), E'\n') FROM sto.verify() WHERE NOT ok});
}

# What the documented client says of it, which asks the rules that need no counter.
append_to_file("$folder/client.py", <<'PY');
import subprocess, sys
sys.path.insert(0, sys.argv[1])
import sto_client as sto

def copied(statement):
    settings = "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET client_encoding = 'UTF8'; "
    return subprocess.run(["psql", "-XqAt", "-d", sys.argv[2], "-c", settings + statement],
                          check=True, capture_output=True, text=True).stdout.splitlines()

register = sto.verify_copy(copied(sto.COPY_EVENTS), copied(sto.COPY_ENTRIES))
print(register.problems, sorted(register.not_replayed))
PY
sub client
{
	my ($db) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'python3', "$folder/client.py", dirname(__FILE__) . '/../../docs/clients', $node->connstr($db) ], '>', \$out, '2>', \$err);
	return $out . $err;
}

# Entries from before there are any rules, which windows reach back to; parties with two wallets, in several countries
value('ledger', every_identity_event() . q{
	SELECT sto_test.wallet('v' || n, 'p' || n, ARRAY[200 + n]) FROM generate_series(1, 3) AS n;
	SELECT sto_test.trade(1 + n % 5, 6 + n % 5, 1 + n % 3) FROM generate_series(1, 150) AS n;
	SELECT sto_test.party_facts('p' || n, jsonb_build_object('country', (ARRAY['KZ', 'AE', 'DE'])[1 + n % 3])) FROM generate_series(1, 9) AS n;
	SELECT sto_test.officer('resident', 62, 'claim_issuer');
	SELECT sto_test.claim('p' || n, 'local', 'resident') FROM generate_series(1, 4) AS n;
	SELECT sto_test.classify('p' || n, (ARRAY['retail', 'professional'])[1 + n % 2]) FROM generate_series(1, 10) AS n;
});
value('ledger', 'CALL sto.seal()');
like(judged('ledger', '--state', "$folder/state"), qr/^whole$/m, 'no rules yet: whole');
my $before = value('ledger', 'SELECT count(*) FROM sto.log');

value('ledger', q{
	SELECT sto_test.rules('ACME', '[{"rule": "volume_limit", "seconds": 86400, "amount": "160", "label": "daily"},
		{"rule": "max_holders", "count": 5, "by": "country"}, {"rule": "max_balance", "share": 5000},
		{"rule": "ownership_by_claim", "by": "topic", "value": "local", "min": 1000},
		{"rule": "ownership_by_claim", "by": "country", "value": "FJ", "max": 4900},
		{"rule": "offer_limits", "seconds": 86400, "max_persons": 12}, {"rule": "max_holders", "count": 20}]');
	SELECT sto_test.trade(1 + n % 5, 6 + n % 5, 1) FROM generate_series(1, 50) AS n;
	SELECT sto_test.transfer('ACME', 'w1', 'v1', '100'), sto_test.transfer('ACME', 'w2', 'v3', '7'), sto_test.issue('ACME', 'v2', '5'), sto_test.redeem('ACME', 'w4', '5');
	SELECT sto_test.transfer('ACME', 'v1', 'w6', '1') FROM generate_series(1, 20);
	SELECT sto_test.refusal($$SELECT sto_test.transfer('ACME', 'v1', 'w6', '79')$$);
	SELECT sto_test.party_facts('p1', '{"country": "AE"}'), sto_test.claim_revoke('p4', claim, 'resident') FROM sto.claim WHERE party_id = sto_test.id('p4') AND topic = 'local';
	SELECT sto_test.classify('p2', 'market_counterparty', jsonb_build_object('token', sto_test.id('ACME'))), sto_test.trade(2, 5, 2);
	SELECT sto_test.rules('ACME', '[{"rule": "approval", "kinds": ["transfer"]}, {"rule": "opt_in", "kinds": ["issue"]},
		{"rule": "party_list", "list": "banned", "mode": "deny"}, {"rule": "investor_class", "caps": {"retail": "5000"}},
		{"rule": "travel_rule", "threshold": "50", "kinds": ["transfer"], "beneficiary": ["name"]}]');
	SELECT sto_test.approval('ACME', 'acme', '60', '{"uses": 9}'), sto_test.party_list('ACME', 'banned', 'p9'), sto_test.opt_in('p3', 'ACME', 'w3'),
		sto_test.travel_data('p5', ARRAY['name', 'null']);
	SELECT sto_test.trade(1, 5, 55), sto_test.trade(1, 6, 5), sto_test.issue('ACME', 'w3', '1');
	SELECT sto_test.approval_revoke('ACME', 'acme', sto_test.approval('ACME', 'acme', '1')), sto_test.party_list('ACME', 'banned', 'p9', false);
	SELECT sto_test.hold('ACME', 'w1', '10', 'pledge', '{"credit_wallet": "w2"}');
} . every_enforced_act());
value('ledger', 'CALL sto.seal()');

is(value('ledger', q{SELECT holders FROM sto.holder_group WHERE value = 'FJ'}), '0', 'a group that nobody was ever in has a row');
is(faults('ledger'), '', 'sto.verify() lets pass what the gate did');
my $told = judged('ledger');
like($told, qr/^whole$/m, 'so does sto_verify') or diag $told;
like($told, qr/^sto\.$_ +[1-9]\d* rows +ok$/m, "it compared sto.$_") for qw(rule_set party_list opt_in travel_data transfer_approval override holding holder_group flow issued look_through look_through_owner);
$told = judged('ledger', '--state', "$folder/state");
like($told, qr/^accepted before +$before leaves.*^whole$/ms, 'also going on from where there were no rules') or diag $told;
like(client('ledger'), qr/^\[\] \['approval',.*'max_holders',.*'volume_limit'\]$/m, 'and the client, which says what it did not ask');
command_ok([ 'sto_verify', 'export', "$folder/export", '--conn', $node->connstr('ledger') ], 'exported');
$told = said('--export', "$folder/export");
like($told, qr/^rules +[1-9]\d* entries +ok\n.*^whole$/ms, 'and from files alone') or diag $told;
is(value('ledger', 'SELECT sto.rebuild() = (SELECT count(*) FROM sto.log)'), 't', 'it rebuilds itself');
is(faults('ledger'), '', 'and is sound then');

# Every rule in every situation, as test/sql/rules_matrix.sql shows them
value('postgres', "CREATE DATABASE matrix TEMPLATE template0 ENCODING 'UTF8'");
value('matrix', 'CREATE EXTENSION sto_ledger');
add_signer($node, 'matrix');
value('matrix', slurp_file(dirname(__FILE__) . '/../signer/rule_matrix.sql') . q{
	SELECT num_nonnulls(sto_test.begin_small(), sto_test.begin_matrix());
	SELECT count(*) FROM sto_test.matrix();
	SELECT count(*) FROM sto_test.matrix_recovery();
});
value('matrix', 'CALL sto.seal()');
{
	local $genesis = value('matrix', 'SELECT genesis_hash FROM sto.ledger');
	$told = judged('matrix');
}
like($told, qr/^sto\.$_ +[1-9]\d* rows +ok$/m, "the matrix: it compared sto.$_") for qw(rule_set override holding holder_group issued transfer_approval look_through_owner);
like($told, qr/^whole$/m, 'the matrix of rules: sto_verify lets pass what the gate did') or diag $told;
like(client('matrix'), qr/^\[\] /m, 'and the client');

# A beneficiary who never had any, and a custodian's party that has less than nothing while what it stated is out of date
value('postgres', "CREATE DATABASE nothing TEMPLATE template0 ENCODING 'UTF8'");
value('nothing', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'nothing');
value('nothing', q{
	SELECT sto_test.party('late', NULL, 'natural'), sto_test.party('keeper', '{303}'), sto_test.party_facts('keeper', '{"country": "FJ"}');
	SELECT sto_test.wallet('late/' || n, 'late', ARRAY[300 + n]) FROM generate_series(1, 2) AS n;
	SELECT sto_test.wallet('kept', 'keeper', '{304}', 'omnibus'), sto_test.transfer('ACME', 'w1', 'kept', '10');
	SELECT sto_test.look_through('kept', 'keeper', 'ACME', '{"p2": 10}'), sto_test.transfer('ACME', 'kept', 'w3', '4');
	SELECT sto_test.rules('ACME', '[{"rule": "max_holders", "count": 50, "by": "country"}, {"rule": "max_balance", "amount": "5000"}]');
	SELECT sto_test.hold('ACME', 'w1', '10', 'pledge', '{"credit_wallet": "late/1"}');
});
value('nothing', 'CALL sto.seal()');
is(value('nothing', q{SELECT (SELECT count(*) FROM sto.holding WHERE party_id = sto_test.id('late') AND total = '0'), (SELECT count(*) FROM sto.holder_group WHERE value = 'FJ')}),
	'1|0', 'a row of nothing, and none of who has less');
is(faults('nothing'), '', 'nothing: sto.verify()');
{
	local $genesis = value('nothing', 'SELECT genesis_hash FROM sto.ledger');
	$told = judged('nothing');
}
like($told, qr/^whole$/m, 'nothing: sto_verify') or diag $told;

my $rules = q{(SELECT max(set_by) FROM sto.rule_set)};
my $lax = qq{UPDATE sto.rule_set SET body = '{"rules":[]}' WHERE set_by = $rules};

my $pool = q{wallet = (SELECT address FROM sto.wallet WHERE wallet_id = sto_test.id('pool'))};
my $free = q{SELECT (balance - held)::text FROM sto.position WHERE wallet = (SELECT address FROM sto.wallet WHERE wallet_id = sto_test.id('w9'))};
# an order of w4's that is refused, under w4's key policy, but signed with w5's key
my $signed_by_another = q{(SELECT s.state FROM sto.submit(ARRAY[sto_test.order('{"kind": "transfer", "token_id": "ACME", "debit_wallet": "w4", "credit_wallet": "w5",
	"amount": "800000000"}'::jsonb || jsonb_build_object('ordering_party', sto_test.owner_of('w4')), sto_test.seeds_of('w5'))]) AS s)};

my %client_says = (miscounted => qr/it is not of what the wallet had/, attached => qr/more than the debit position has available/, signer => qr/key \w+ is not in the policy/,
	checked => qr/rule 3, party_list, did not let it pass/, seizure => qr/enforcement that is checked once/);
# the last entry, as if its order had said that it is checked once: signed and hashed as it ought to be
my $last = 'entry_id = (SELECT max(entry_id) FROM sto.transfer)';
my $checked_seizure = qq{UPDATE sto.transfer SET checked_once = true WHERE $last;
	UPDATE sto.transfer AS t SET signatures = sto_test.signatures(sto_test.order_message(t), sto_test.seeds_of('enforcer')) WHERE $last;
	UPDATE sto.transfer AS t SET leaf_hash = sto.entry_leaf(t, sto_test.ledger_id(), d.salt, c.salt) FROM sto.wallet AS d, sto.wallet AS c
	 WHERE d.address = t.debit_wallet AND c.address = t.credit_wallet AND $last;
	UPDATE sto.position AS p SET head = t.leaf_hash FROM sto.transfer AS t WHERE p.wallet = t.debit_wallet AND p.token_id = t.token_id AND $last;
	UPDATE sto.hold SET checked_once = true WHERE hold_id = (SELECT max(hold_id) FROM sto.hold)};
my $post_pledge = q{sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'w1', 'credit_wallet', 'w2', 'amount', '10', 'ordering_party', 'p2',
	'hold_id', (SELECT max(hold_id) FROM sto.hold WHERE remaining = '10' AND wallet = sto_test.address('w1'))), sto_test.seeds_of('w2'))};

# name, edits of the register, entries that its gate then lets pass, what sto.verify() and what sto_verify says; what comes before
for my $case (
	[ 'body', $lax, '', qr/^register sto\.rule_set \d+/m, qr/sto\.rule_set.*body is not what the log gives/ ],
	[ 'refused', $lax, q{sto_test.trade(4, 5, 61)}, qr/^rules sto\.transfer (\d+) 1 faults, the first: rule 1, approval, did not let it pass/m, qr/entry \d+: rule 1, approval, did not let it pass/ ],
	[ 'listed', q{UPDATE sto.party_list SET listed = false}, q{sto_test.trade(4, 8, 1)}, qr/^rules sto\.transfer/m, qr/rule 3, party_list, did not let it pass/, q{sto_test.party_list('ACME', 'banned', 'p8')} ],
	[ 'checked', 'UPDATE sto.hold SET checked_once = true', $post_pledge, qr/^rules sto\.transfer (\d+) 1 faults, the first: rule 3, party_list/m,
		qr/rule 3, party_list, did not let it pass/, q{sto_test.party_list('ACME', 'banned', 'p2')} ],
	[ 'seizure', $checked_seizure, '', qr/^cases sto\.transfer \d+ .*a seizure or freeze with terms/m, qr/a seizure or freeze that is checked once/,
		q{sto_test.enforce('checked', 'seizure', '{"token": "ACME", "debit": "w8", "credit": "w9", "amount": "1"}')} ],
	[ 'uses', q{UPDATE sto.transfer_approval SET uses_left = uses_left + 1 WHERE revoked IS NULL}, '', qr/^rule_counters sto\.transfer_approval \d+ \d+ rows/m, qr/sto\.transfer_approval.*uses_left is not/ ],
	[ 'holders', q{UPDATE sto.holder_group SET holders = holders - 1 WHERE by = 'country' AND value = 'DE'}, '', qr/^rule_counters sto\.holder_group/m, qr/sto\.holder_group.*holders is not/ ],
	[ 'units', q{UPDATE sto.holder_group SET units = units + '1' WHERE by = 'topic'}, '', qr/^rule_counters sto\.holder_group/m, qr/sto\.holder_group.*units is not/ ],
	[ 'nobody', q{DELETE FROM sto.holder_group WHERE by = 'country' AND value = 'DE'}, '', qr/^rule_counters sto\.holder_group/m, qr/sto\.holder_group.*rows, the log gives/ ],
	[ 'total', q{UPDATE sto.holding SET total = total - '1'}, '', qr/^rule_counters sto\.holding/m, qr/sto\.holding.*total is not/ ],
	[ 'owner', q{UPDATE sto.look_through_owner SET units = units + '1' WHERE party_id = sto_test.id('p1')}, '', qr/^look_through sto\.look_through_owner \d+/m, qr/sto\.look_through_owner.*units is not/ ],
	[ 'miscounted', "UPDATE sto.position SET balance = balance + '1' WHERE $pool", q{sto_test.look_through('pool', 'depot', 'ACME', '{"p1": 2, "p3": 4, "depot": 1}', 2)},
		qr/^look_through sto\.event \d+ 1 statements are not of what their wallets had/m, qr/the owners' units are not the wallet's balance/ ],
	[ 'attached', q{UPDATE sto.attachment SET remaining = '0'}, "sto_test.redeem('ACME', 'w9', ($free))", qr/^cases sto\.transfer \d+ 1 events and entries; the first: it takes attached units/m, qr/^BROKEN: balance, entry \d+: .*available/m ],
	[ 'signer', q{UPDATE sto.key_policy SET policy = (SELECT policy FROM sto.key_policy JOIN sto.wallet USING (policy_event) WHERE wallet_id = sto_test.id('w5'))
		WHERE subject = sto_test.id('w4')}, $signed_by_another, qr/^refusals sto\.event \d+ 1 refusals: /m, qr/the refused order is signed by key \w+, which is not in the present policy/ ],
	[ 'tokenless', q{INSERT INTO sto.token SELECT (jsonb_populate_record(t, jsonb_build_object('token_id', sto_test.id('ghost'), 'isin', NULL, 'registered', 0))).* FROM sto.token AS t WHERE t.token_id = sto_test.id('ACME')},
		q{sto_test.look_through('pool', 'depot', 'ghost', '{}', 0); SET session_replication_role = replica; DELETE FROM sto.token WHERE token_id = sto_test.id('ghost')},
		qr/^look_through sto\.event \d+ 1 statements/m, qr/its token is not in the register/ ],
	[ 'reasonless', q{UPDATE sto.event SET body = (body::jsonb - 'reasons')::json WHERE kind = 'refusal'}, '', qr/^refusals sto\.event \d+ 1 refusals: its state or its reasons are none/m, qr/^(?:leaf|body) .*BAD/m ],
	# as many rows as there should be, each as it should be
	[ 'twice', q{UPDATE pg_index SET indisunique = false WHERE indrelid = 'sto.hold'::regclass; DELETE FROM sto.hold WHERE hold_id = (SELECT min(hold_id) FROM sto.hold);
		INSERT INTO sto.hold SELECT * FROM sto.hold WHERE hold_id = (SELECT max(hold_id) FROM sto.hold)}, '', qr/^holds sto\.hold \d+/m, qr/sto\.hold.*a row is missing, and another stands twice/ ],
	[ 'flow', q{UPDATE sto.flow SET outflow = outflow + '1'}, '', qr/^rule_counters sto\.flow/m, qr/sto\.flow.*outflow is not/ ],
	[ 'outflow', q{UPDATE sto.position SET outflow = '0' WHERE outflow > '0'}, '', qr/^rule_counters sto\.position/m, qr/sto\.position.*outflow is not/ ],
	[ 'issued', q{UPDATE sto.issued SET posted_at = posted_at - interval '1 day'}, '', qr/^rule_counters sto\.issued/m, qr/sto\.issued.*posted_at is not/ ],
	[ 'override', q{DELETE FROM sto.override}, '', qr/^rule_counters sto\.override \d+/m, qr/sto\.override.*rows, the log gives/ ],
	[ 'version', "UPDATE sto.transfer SET rule_set = (SELECT min(set_by) FROM sto.rule_set) WHERE entry_id = (SELECT max(entry_id) FROM sto.transfer WHERE rule_set = $rules)",
		'', qr/^rules sto\.transfer (\d+) 1 faults, the first: its rule_set is not the one in force/m, qr/rule_set is not \d+, the rules in force/ ],
	[ 'none', "UPDATE sto.transfer SET rule_set = $rules WHERE entry_id = (SELECT min(entry_id) FROM sto.transfer)",
		'', qr/^rules sto\.transfer (\d+) 1 faults, the first: its rule_set is not the one in force/m, qr/rule_set is \d+; no rules were in force/ ])
{
	my ($db, $edit, $entry, $sql_says, $program_says, $before) = @$case;

	value('postgres', "CREATE DATABASE $db TEMPLATE ledger");
	value($db, "SELECT $before") if defined $before;
	# a session of its own sees triggers as they are then
	value($db, q{UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid IN ('sto.transfer'::regclass, 'sto.event'::regclass) AND tgname ~ '^sto_'}) if $edit =~ /UPDATE sto\.(?:transfer|event) /;
	value($db, "SET session_replication_role = replica; $edit");
	value($db, "SELECT $entry") if $entry ne '';
	like(faults($db), $sql_says, "$db: sto.verify() names it");
	like(judged($db), $program_says, "$db: sto_verify names it");
	like(client($db), qr/rule 3, party_list, did not let it pass/, "$db: so does the client") if $db eq 'listed';
	like(client($db), $client_says{$db}, "$db: so does the client") if $client_says{$db};
	like(client($db), qr/rule_set is not \w+, the rules in force/, "$db: so does the client") if $db =~ /^(version|none)$/;
	value('postgres', "DROP DATABASE $db");
}

# What an enforcer stops alone, or by a case that does not allow it: forged in place of an honest event, signed and hashed as it ought to be
value('postgres', 'CREATE DATABASE stops TEMPLATE ledger');
value('stops', slurp_file(dirname(__FILE__) . '/../signer/forger.sql') . q{
	SELECT sto_test.officer('third', 226, 'enforcer');
	SELECT sto_test.open_case(c, 'wallet_freeze', jsonb_build_object('debit', w)) FROM (VALUES ('freeze', 'w8'), ('elsewhere', 'w7'), ('undecided', 'w8'), ('turned down', 'w8'), ('spent', 'w8')) AS v (c, w);
	SELECT sto_test.open_case('pause', 'token_pause', '{"token": "ACME", "debit": "ACME"}');
	SELECT sto_test.decide_case(c, approved => c <> 'turned down') FROM unnest('{freeze,elsewhere,turned down,spent,pause}'::text[]) AS c;

	CREATE FUNCTION sto_test.case_named(name text) RETURNS bigint STABLE LANGUAGE sql AS $$ SELECT c.case_event FROM sto.case c WHERE c.case_id = sto_test.id(name) $$;
	CREATE FUNCTION sto_test.stop(kind text, about text, stops boolean, case_name text) RETURNS bigint LANGUAGE sql AS $$
		SELECT sto_test.event(kind, sto_test.id(about), sto_test.id('enforcer'), jsonb_strip_nulls(jsonb_build_object(CASE kind WHEN 'token_pause' THEN 'paused' ELSE 'frozen' END,
			stops, 'basis', 'court', 'document_hash', sto_test.salt(coalesce(case_name, 'decision')), 'case', sto_test.case_named(case_name)))::text) $$;
	-- the last event with another body and another actor
	CREATE FUNCTION sto_test.forge_last(change jsonb, actor text) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE
		last bigint := (SELECT max(entry_id) FROM sto.event);
	BEGIN
		UPDATE sto.event AS e SET body = jsonb_strip_nulls(e.body::jsonb || change)::json, actor = sto_test.id(forge_last.actor) WHERE e.entry_id = last;
		RETURN sto_test.sign_event(last);
	END $$;
	SELECT sto_test.stop('wallet_freeze', 'w8', true, 'spent'), sto_test.stop('wallet_freeze', 'w8', false, NULL);
});
my %stop = (wallet => q{'wallet_freeze', 'w8', true, 'freeze'}, token => q{'token_pause', 'ACME', true, 'pause'});

# name, what was stopped, change of the body, actor, what sto.verify(), sto_verify and the client say
for my $case (
	[ 'wallet_honest', 'wallet', '{}', 'enforcer' ],
	[ 'token_honest', 'token', '{}', 'enforcer' ],
	(map { [ "${_}_alone", $_, '{"case": null}', 'enforcer', 'it cites no case', 'no case of two officers allows it', 'event without a case' ],
		[ "${_}_others", $_, '{}', 'third', 'its case was decided by other officers', 'was decided by other officers', 'event that its case does not allow' ],
		[ "${_}_basis", $_, '{"basis": "law"}', 'enforcer', 'it is not what its case says', 'does not say this', 'event that is not what its case says' ] } 'wallet', 'token'),
	[ 'elsewhere', 'wallet', 'elsewhere', 'enforcer', 'it is not what its case says', 'does not say this', 'event that is not what its case says' ],
	[ 'pause', 'wallet', 'pause', 'enforcer', 'it is not what its case says', 'does not say this', 'event that is not what its case says' ],
	[ 'spent', 'wallet', 'spent', 'enforcer', 'its case was carried out before', 'was carried out before', 'event that its case does not allow' ],
	[ 'undecided', 'wallet', 'undecided', 'enforcer', 'its case was not approved', 'was not approved by a second officer', 'event that its case does not allow' ],
	[ 'turned down', 'wallet', 'turned down', 'enforcer', 'its case was (?:refused|not approved)', 'was refused', 'event that its case does not allow' ],
	[ 'freeze', 'lifted', 'freeze', 'enforcer', 'it cites a case, and takes none', 'it cites a case, and takes none', 'event that cites a case, and takes none' ])
{
	my ($name, $what, $change, $actor, $sql_says, $program_says, $client_says) = @$case;

	value('postgres', 'CREATE DATABASE stop TEMPLATE stops');
	value('stop', 'SELECT sto_test.stop(' . ($stop{$what} // $stop{wallet}) . ')');
	value('stop', q{SELECT sto_test.stop('wallet_freeze', 'w8', false, NULL)}) if $what eq 'lifted';
	$change = sprintf('{"case": %s, "document_hash": "%s"}', map { value('stop', "SELECT sto_test.$_('$change')") } 'case_named', 'salt') if $change !~ /^\{/;
	value('stop', q{UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'sto.event'::regclass AND tgname ~ '^sto_'});
	my $id = value('stop', "SET session_replication_role = replica; SELECT sto_test.forge_last('$change', '$actor')");
	if (defined $sql_says)
	{
		like(faults('stop'), qr/^cases sto\.transfer $id 1 events and entries; the first: $sql_says$/m, "$what, $name: sto.verify() names it");
		like(judged('stop'), qr/^BROKEN: case, entry $id: .*$program_says$/m, "$what, $name: so does sto_verify");
		like(client('stop'), qr/^\[\($id, '[^']*$client_says'\)\] /m, "$what, $name: so does the client");
	}
	else
	{
		value('stop', q{UPDATE pg_trigger SET tgenabled = 'A' WHERE tgrelid = 'sto.event'::regclass AND tgname ~ '^sto_'});
		is(faults('stop'), '', "$name: sto.verify() lets it pass");
		like(judged('stop'), qr/^whole$/m, "$name: so does sto_verify");
		like(client('stop'), qr/^\[\] /m, "$name: so does the client");
	}
	value('postgres', 'DROP DATABASE stop');
}

# Whom a set of rules names is in the register, and an issuer doesn't propose to be its own second officer: no gate lets that in
for my $case (
	[ 'rules', q{sto_test.rules('ACME', '[{"rule": "venue", "parties": ["p1"]}]')}, q{'{"rules": [{"rule": "venue", "parties": ["00000000-0000-0000-0000-00000000000f"]}]}'},
		qr/register sto\.rule_set %d /, qr/rule, entry %d: .*party 00000000-0000-0000-0000-00000000000f is not in the register/, qr/its rules name a party that is not in the register/ ],
	[ 'exempt', q{sto_test.rules('ACME', '[{"rule": "granularity", "units": "1", "exempt": ["p1"]}]')},
		q{'{"rules": [{"rule": "granularity", "units": "1", "exempt": ["00000000-0000-0000-0000-00000000000f"]}]}'},
		qr/register sto\.rule_set %d /, qr/rule, entry %d: .*party 00000000-0000-0000-0000-00000000000f is not in the register/, qr/its rules name a party that is not in the register/ ],
	[ 'approver', q{sto_test.rules('ACME', '[{"rule": "approval", "by": "p1"}]')}, q{'{"rules": [{"rule": "approval", "by": "00000000-0000-0000-0000-00000000000f"}]}'},
		qr/register sto\.rule_set %d /, qr/rule, entry %d: .*party 00000000-0000-0000-0000-00000000000f is not in the register/, qr/its rules name a party that is not in the register/ ],
	[ 'proposal', q{sto_test.propose('P', 'ACME', 'four_eyes', jsonb_build_object('acts', '{document}'::text[], 'approvers', ARRAY[sto_test.id('third')])::text)},
		q{jsonb_build_object('act_body', jsonb_build_object('acts', '{document}'::text[], 'approvers', ARRAY[sto_test.id('acme')])::text)},
		qr/second_officers sto\.event %d 1 events: an issuer proposed to be its own second officer/, qr/authority, entry %d: .*is its own second officer/, qr/its proposer would be its own second officer/ ])
{
	my ($name, $act, $change, @says) = @$case;

	value('postgres', 'CREATE DATABASE stop TEMPLATE stops');
	value('stop', "SELECT $act");
	is(faults('stop'), '', "$name: as recorded, sto.verify() lets it pass");
	like(judged('stop'), qr/^whole$/m, "$name: so does sto_verify");
	like(client('stop'), qr/^\[\] /m, "$name: so does the client");
	value('stop', q{UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'sto.event'::regclass AND tgname ~ '^sto_'});
	my $id = value('stop', "SET session_replication_role = replica; SELECT sto_test.forge_last($change, 'acme')");
	value('stop', "SET session_replication_role = replica; UPDATE sto.rule_set SET body = (SELECT e.body::text FROM sto.event e WHERE e.entry_id = $id) WHERE set_by = $id");
	my ($sql_says, $program_says, $client_says) = map { s/%d/$id/r } @says;
	like(faults('stop'), qr/^$sql_says/m, "$name: sto.verify() names it");
	like(judged('stop'), qr/^BROKEN: $program_says$/m, "$name: so does sto_verify");
	like(client('stop'), qr/\($id, '$client_says'\)/, "$name: so does the client");
	value('postgres', 'DROP DATABASE stop');
}
$node->stop;

done_testing();
