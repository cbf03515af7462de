# A verifying subscriber asks the rules itself and keeps the counters that they read; so does sto.rebuild().  Sessions that
# race for limits leave a log whose fold comes to the same counters.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server('primary');
my $replica = new_server('replica');
$_->start for $primary, $replica;

my $rules = '[{"rule": "max_holders", "count": 12}, {"rule": "max_holders", "count": 9, "by": "country"},'
	. ' {"rule": "ownership_by_claim", "by": "topic", "value": "local", "max": 9000},'
	. ' {"rule": "max_balance", "amount": "1200"}, {"rule": "volume_limit", "seconds": 3600, "amount": "260"}]';

for my $db (qw(honest edited))
{
	$_->safe_psql('postgres', "CREATE DATABASE $db") for $primary, $replica;
	$_->safe_psql($db, 'CREATE EXTENSION sto_ledger') for $primary, $replica;
	$primary->safe_psql($db, "CREATE PUBLICATION $db FOR TABLE sto.event, sto.transfer");
	my $from = $primary->connstr($db) =~ s/'/''/gr;
	$replica->safe_psql($db, "CREATE SUBSCRIPTION $db CONNECTION '$from' PUBLICATION $db WITH (copy_data = false, disable_on_error = true)");
	new_ledger($primary, $db);
	add_signer($replica, $db);
	$primary->safe_psql($db, q{
		SELECT sto_test.party('q' || n, NULL, 'natural'), sto_test.wallet('x' || n, 'q' || n, ARRAY[200 + n]) FROM generate_series(1, 4) AS n;
		SELECT sto_test.wallet('v' || n, 'p' || n, ARRAY[300 + n]) FROM generate_series(1, 4) AS n;
		SELECT sto_test.officer('kyc', 60, 'claim_issuer');
		SELECT sto_test.party_facts('p' || n, jsonb_build_object('country', CASE WHEN n < 4 THEN 'KZ' ELSE 'DE' END)), sto_test.claim('p' || n, 'local', 'kyc') FROM generate_series(1, 6) AS n;
	} . "SELECT sto_test.rules('ACME', '$rules');");
}

# Several sessions, moves at random between wallets of a few parties: some pass, many don't.
my $script = join '', map {
	my ($a, $b) = (1 + $_ % 4, 1 + ($_ * 7) % 10);
	my $debit = $_ % 3 ? "w$a" : "v$a";
	my $credit = $_ % 5 ? "w$b" : 'x' . (1 + $_ % 4);
	my $amount = 1 + $_ % 9;
	"SELECT sto_test.transfer('ACME', '$debit', '$credit', '$amount');\n"
} 1 .. 120;
my @lines = split /(?<=\n)/, $script;
my @scripts = map { my $k = $_; join '', map { $lines[($_ * (2 * $k + 1) + $k) % @lines] } 0 .. $#lines } 0 .. 3;
my $acts = join '', map {
	my $country = $_ % 2 ? 'KZ' : 'DE';
	"SELECT sto_test.party_facts('p5', '{\"country\": \"$country\"}');\n"
		. "SELECT sto_test.claim('p7', 'local', 'kyc') AS claim \\gset\nSELECT sto_test.claim_revoke('p7', :claim, 'kyc');\n"
		. ($_ % 4 ? '' : "SELECT sto_test.rules('ACME', '$rules');\n")
} 1 .. 12;
finish(clients($primary, 'honest', @scripts, $acts));
cmp_ok($primary->safe_psql('honest', 'SELECT count(*) FROM sto.transfer'), '>', 60, 'some orders pass');
is($primary->safe_psql('honest', q{SELECT holders <= 12 FROM sto.holder_group WHERE by = ''}), 't', 'never too many holders');
is($primary->safe_psql('honest', q{SELECT coalesce(max(outflow), '0') <= '260' FROM sto.holding}), 't', 'nobody moves out too much');
$primary->wait_for_catchup('honest');
is_same($primary, 'honest', $replica, 'honest', 'counters of the replica');
is($_->safe_psql('honest', q{SELECT coalesce(string_agg(fault, ', '), 'sound') FROM sto_test.faults()}), 'sound', $_->name . ': counters') for $primary, $replica;
is($_->safe_psql('honest', 'SELECT sto.rebuild() = (SELECT count(*) FROM sto.log)'), 't', $_->name . ' is rebuilt') for $primary, $replica;
is_same($primary, 'honest', $replica, 'honest', 'counters folded anew');

# The primary's register edited, its gate lets an entry pass
$primary->wait_for_catchup('edited');
$primary->safe_psql('edited', q{UPDATE sto.rule_set SET body = '{"rules":[]}'});
like($primary->safe_psql('edited', q{SELECT sto_test.transfer('ACME', 'w1', 'w2', '300')}), qr/^\d+$/, 'edited: the primary posts it');
ok($replica->poll_query_until('edited', "SELECT NOT subenabled FROM pg_subscription WHERE subname = 'edited'"), 'edited: the subscription stops');
like(slurp_file($replica->logfile), qr/ST404: entry \d+ does not stand\n.*rule max_balance of the token does not allow it/, 'edited: because of it');
refused($primary, 'edited', 'SELECT sto.rebuild()', 'ST404', 'edited: it does not fold');

# An entry that names another set than the one in force
$primary->safe_psql('honest', q{SELECT sto_test.rules('ACME', '[]')});
$primary->wait_for_catchup('honest');
$primary->safe_psql('honest', q{UPDATE sto.rule_set SET effective = 'infinity' WHERE set_by = (SELECT max(set_by) FROM sto.rule_set)});
$primary->safe_psql('honest', q{SELECT sto_test.transfer('ACME', 'w10', 'w9', '1')});
ok($replica->poll_query_until('honest', "SELECT NOT subenabled FROM pg_subscription WHERE subname = 'honest'"), 'another set: the subscription stops');
like(slurp_file($replica->logfile), qr/ST404: entry \d+ is not what its order and its chain make it\n.*DETAIL:  Its (rule_set|leaf_hash) differs/s, 'another set: because of it');
$_->stop for $primary, $replica;

done_testing();
