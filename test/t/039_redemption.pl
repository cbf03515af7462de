# Redemptions by an issuer: verified by a replica, by sto_verify, by the client and from a dump; what an edited register
# lets in stops the replica, and is named by all of them.
use strict;
use warnings FATAL => 'all';

use Cwd 'abs_path';
use File::Basename 'dirname';
use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = dirname(abs_path(__FILE__)) . '/../../docs/clients';
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
	$primary->safe_psql($db, callable() . q{
		SELECT sto_test.wallet('kept', 'p4', '{131}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('acme')));
		-- so much is paid to one wallet and so many units are called from another, in one statement
		CREATE FUNCTION sto_test.pay_and_call(payee text, paid int, wallet text, units int, token text DEFAULT 'CALLED') RETURNS bigint LANGUAGE sql AS $$
			SELECT sto_test.transfer('MONEY', 'purse', payee, paid::text, jsonb_build_object('group_id', md5('call')::uuid)) WHERE paid > 0;
			SELECT sto_test.call(token, wallet, units::text, jsonb_build_object('group_id', md5('call')::uuid)) $$;
	});
}

# What the client written from docs/format.md alone says of the log.
sub client_says
{
	my ($db) = @_;
	my $code = q{
import subprocess, sys
sys.path.insert(0, sys.argv[1])
import sto_client as sto
def lines(query):
    prelude = "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET client_encoding = 'UTF8'; "
    return subprocess.run(["psql", "-XqAt", "-d", sys.argv[2]], input=prelude + query + ";", capture_output=True, text=True, check=True).stdout.splitlines()
print(sto.verify_copy(lines(sto.COPY_EVENTS), lines(sto.COPY_ENTRIES)).problems)
};
	my ($out, $err) = run_command([ 'python3', '-c', $code, $clients, $primary->connstr($db) ]);
	return "$out$err";
}

sub verifier_says
{
	my ($db) = @_;
	my ($out, $err) = run_command([ 'sto_verify', '--conn', $primary->connstr($db), '--genesis',
		$primary->safe_psql($db, 'SELECT genesis_hash FROM sto.ledger') ]);
	return "$out$err";
}

pair('honest');
refused($primary, 'honest', q{SELECT sto_test.pay_and_call('w4', 33, 'w4', 1)}, 'ST219', 'too little');
refused($primary, 'honest', q{SELECT sto_test.pay_and_call('w5', 34, 'w4', 1)}, 'ST219', 'to another party');
refused($primary, 'honest', q{SELECT sto_test.pay_and_call('kept', 34, 'w4', 1)}, 'ST219', 'to a wallet that the issuer keeps');
refused($primary, 'honest', q{SELECT sto_test.call('CALLED', 'w4', '1')}, 'ST219', 'not paid');
refused($primary, 'honest', q{SELECT sto_test.pay_and_call('w4', 100, 'w4', 1, 'ACME')}, 'ST104', 'without terms');
$primary->safe_psql('honest', q{
	SELECT sto_test.pay_and_call('w' || n, 100, 'w' || n, 3) FROM generate_series(4, 6) AS n;
	BEGIN;
	SELECT sto_test.pay_and_call('w4', 34, 'w4', 1);
	SAVEPOINT s;
	SELECT sto_test.pay_and_call('w4', 34, 'w4', 1);
	ROLLBACK TO s;
	SELECT sto_test.pay_and_call('w5', 34, 'w5', 1);
	COMMIT;
	-- what sto.submit() refuses is on record, with who signed it
	SELECT sto_test.rules('CALLED', '[]', '{"record_refusals": true}');
	SELECT FROM sto.submit(ARRAY[sto_test.order(jsonb_build_object('kind', 'redeem', 'token_id', 'CALLED', 'debit_wallet', 'w4', 'credit_wallet', 'CALLED', 'amount', '3', 'ordering_party', 'acme'), '{10}')]);
	SELECT sto_test.redeem('CALLED', 'w6', '1');
});
is($primary->safe_psql('honest', q{SELECT count(*), max(body ->> 'state') FROM sto.event WHERE kind = 'refusal'}), '1|ST219', 'a refused redeem is on record');
$primary->wait_for_catchup('honest');
is_sound($replica, 'honest', 'replica');
is_same($primary, 'honest', $replica, 'honest', 'equal');
is($replica->safe_psql('honest', 'SELECT sto.rebuild() = (SELECT count(*) FROM sto.log)'), 't', 'the replica rebuilds itself');
is_same($primary, 'honest', $replica, 'honest', 'equal then too');
is($primary->safe_psql('honest', q{SELECT ok, examined FROM sto.verify(false, '{redemptions}')}), 't|5', 'sto.verify() has looked at each');
is(client_says('honest'), '[]', 'the client finds nothing');
my $told = verifier_says('honest');
like($told, qr/^sto\.token +[1-9]\d* rows +ok$/m, 'sto_verify compared the terms');
unlike($told, qr/BROKEN|BAD/, '... and finds nothing');

# The log and the register edited, in a copy: the checks that name it, and what sto_verify says
$replica->safe_psql('honest', 'DROP SUBSCRIPTION honest');
my $paid = q{(SELECT min(t.entry_id) FROM sto.transfer t WHERE t.group_id = md5('call')::uuid)};
for my $case (
	[ paid => qq{UPDATE sto.transfer SET amount = '99' WHERE entry_id = $paid}, qr/entry_leaves.* redemptions/, qr/^group .*BAD, .*redeems what costs 100 and had paid 99,/m ],
	[ payee => qq{UPDATE sto.transfer SET credit_wallet = sto_test.address('w9') WHERE entry_id = $paid}, qr/entry_leaves.* redemptions/, qr/^group .*BAD, .*redeems what costs 100 and had paid 0,/m ],
	[ logged_price => q{UPDATE sto.event SET body = replace(body::text, '"100"', '"99"')::json WHERE kind = 'redemption_terms'}, qr/event_leaves.* register/, qr/^sto\.token .*BAD, .*redeem_price/m ],
	[ price => q{UPDATE sto.token SET redeem_price = '101' WHERE redeem_price IS NOT NULL}, qr/redemptions register/, qr/^sto\.token .*BAD, .*redeem_price/m ],
	[ dates => q{UPDATE sto.token SET redeem_to = NULL WHERE redeem_price IS NOT NULL}, qr/register/, qr/^sto\.token .*BAD, .*redeem_to/m ],
	[ moved => q{UPDATE sto.event SET entry_id = nextval('sto.entry_id_seq') WHERE kind = 'redemption_terms'}, qr/redemptions register/, qr/redemption_terms event: the token had been issued/ ])
{
	my ($db, $edit, $checks, $pattern) = @$case;

	$primary->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE honest");
	$primary->safe_psql($db, "BEGIN; SELECT sto.begin_maintenance('test'); $edit; COMMIT");
	like($primary->safe_psql($db, q{SELECT string_agg(DISTINCT check_name, ' ' ORDER BY check_name) FROM sto.verify(false) WHERE NOT ok}), $checks, "$db edited: sto.verify() names it");
	like(verifier_says($db), $pattern, "$db edited: so does sto_verify");
}

# What a superuser of the primary edits, what then passes his gate, and undone; what a replica, sto.verify(), sto_verify and the client say
my @cases = (
	[ 'cheaper', q{UPDATE sto.token SET redeem_price = '1' WHERE redeem_price IS NOT NULL}, q{SELECT sto_test.pay_and_call('w4', 33, 'w4', 1)},
		q{UPDATE sto.token SET redeem_price = '100' WHERE redeem_price IS NOT NULL},
		qr/the redemption is not paid for: 1 units cost 34 .* paid party [-0-9a-f]{36} 33 /, 'redemptions', qr/redeems what costs 34 and had paid 33/, qr/redeems what it has not paid for/ ],
	[ 'another', q{UPDATE sto.wallet SET party_id = sto_test.id('p4') WHERE wallet_id = sto_test.id('w5')}, q{SELECT sto_test.pay_and_call('w5', 100, 'w4', 3)},
		q{UPDATE sto.wallet SET party_id = sto_test.id('p5') WHERE wallet_id = sto_test.id('w5')},
		qr/the redemption is not paid for: 3 units cost 100 .* 0 that no redeem/, 'redemptions', qr/redeems what costs 100 and had paid 0/, qr/redeems what it has not paid for/ ],
	[ 'kept', q{UPDATE sto.wallet SET custodian = NULL WHERE wallet_id = sto_test.id('kept')}, q{SELECT sto_test.pay_and_call('kept', 100, 'w4', 3)},
		q{UPDATE sto.wallet SET custodian = sto_test.id('acme') WHERE wallet_id = sto_test.id('kept')},
		qr/the redemption is not paid for: 3 units cost 100 .* 0 that no redeem/, 'redemptions', qr/redeems what costs 100 and had paid 0/, qr/redeems what it has not paid for/ ],
	[ 'invented', q{UPDATE sto.token SET (redeem_terms, redeem_token, redeem_price, redeem_per) = (1, sto_test.id('MONEY'), '1', '1') WHERE token_id = sto_test.id('ACME')},
		q{SELECT sto_test.pay_and_call('w4', 1, 'w4', 1, 'ACME')},
		q{UPDATE sto.token SET (redeem_terms, redeem_token, redeem_price, redeem_per) = (NULL, NULL, NULL, NULL) WHERE token_id = sto_test.id('ACME')},
		qr/the issuer has no terms on which it may redeem/, 'entry_authority redemptions', qr/neither owns the wallet nor keeps it/, qr/the ordering party may not order this/ ],
	[ 'over', q{UPDATE sto.token SET redeem_to = NULL WHERE token_id = sto_test.id('OVER')}, q{SELECT sto_test.pay_and_call('w4', 1, 'w4', 1, 'OVER')},
		q{UPDATE sto.token SET redeem_to = sto.from_micros(1) WHERE token_id = sto_test.id('OVER')},
		qr/the terms of redemption are not in force/, 'redemptions', qr/terms of redemption were not in force/, qr/terms of redemption were not in force/ ],
	[ 'changed', q{CREATE TABLE sto_test.kept AS TABLE sto.position; UPDATE sto.position SET seq = 0 WHERE balance < '0'},
		q{SELECT sto_test.event('redemption_terms', sto_test.id('CALLED'), sto_test.id('acme'), jsonb_build_object('token', sto_test.id('MONEY'), 'price', '1')::text)},
		q{UPDATE sto.position p SET seq = k.seq FROM sto_test.kept k WHERE (k.wallet, k.token_id) = (p.wallet, p.token_id)},
		qr/the token has been issued/, 'redemptions', qr/the token had been issued/, qr/terms of redemption after the first issue/ ]);

for my $case (@cases)
{
	my ($db, $edit, $act, $undo, $in_log, $checks, $stand_alone, $by_client) = @$case;

	pair($db);
	$primary->safe_psql($db, q{SELECT sto_test.token('OVER', 'acme'), sto_test.event('redemption_terms', sto_test.id('OVER'), sto_test.id('acme'), jsonb_build_object('token', sto_test.id('MONEY'), 'price', '1', 'to', 1)::text),
		sto_test.issue('OVER', 'w4', '10')});
	$primary->wait_for_catchup($db);
	my $offset = -s $replica->logfile;
	$primary->safe_psql($db, $edit);
	$primary->safe_psql($db, $act);
	$primary->safe_psql($db, $undo);
	my $bad = $primary->safe_psql($db, 'SELECT max(entry_id) FROM sto.log');
	ok($replica->poll_query_until($db, "SELECT NOT subenabled FROM pg_subscription WHERE subname = '$db'"), "$db: the subscription stops");
	like(slurp_file($replica->logfile, $offset), qr/ERROR:  ST404: (entry|event) $bad does not stand\n.*$in_log/, "$db: because of it");
	is($primary->safe_psql($db, q{SELECT string_agg(check_name, ' ' ORDER BY check_name) FROM sto.verify(false, '{redemptions,authority}') WHERE first_bad = (SELECT max(entry_id) FROM sto.log)}),
		$checks, "$db: sto.verify() names it");
	like(verifier_says($db), qr/\b$bad\b.*$stand_alone/, "$db: so does sto_verify");
	like(client_says($db), qr/\($bad, ["'][^)]*$by_client/, "$db: so does the client");
	refused($primary, $db, 'SELECT sto.rebuild()', 'ST404', "$db: it does not fold");
	$replica->safe_psql($db, "ALTER SUBSCRIPTION $db SET (slot_name = NONE); DROP SUBSCRIPTION $db");
	$primary->safe_psql('postgres', "SELECT pg_drop_replication_slot('$db')");
}
$_->stop for $primary, $replica;

done_testing();
