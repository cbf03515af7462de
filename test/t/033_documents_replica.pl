# A verifying subscriber asks for acknowledgements itself: what a superuser of the primary lets past the gate stops it.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server('primary');
my $replica = new_server('replica');
$_->start for $primary, $replica;

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
		SELECT sto_test.party(p, NULL, 'natural'), sto_test.wallet(p || '/1', p, ARRAY[s]), sto_test.wallet(p || '/2', p, ARRAY[s + 1]) FROM (VALUES ('new', 40), ('late', 50)) AS v (p, s);
		SELECT sto_test.document('ACME', 'Terms', '1', false, '{"reference": "7"}'), sto_test.document('ACME', 'Terms', '2'), sto_test.document('ACME', 'Prospectus', '1');
		SELECT sto_test.refusal($$SELECT sto_test.transfer('ACME', 'w1', 'new/1', '1')$$);
		SELECT sto_test.acknowledge('new', document, 'new/1') FROM sto.document WHERE acknowledge;
		SELECT sto_test.transfer('ACME', 'w1', 'new/1', '3'), sto_test.transfer('ACME', 'new/1', 'new/2', '1'), sto_test.trade(1, 2, 1);
		SELECT sto_test.document('ACME', 'Terms', '3'), sto_test.transfer('ACME', 'w1', 'new/2', '1'), sto_test.redeem('ACME', 'new/2', '1');
	});
}
$primary->wait_for_catchup('honest');
is($replica->safe_psql('honest', 'SELECT count(*) FROM sto.document'), '4', 'documents arrive');
is_sound($replica, 'honest', 'replica');
is_same($primary, 'honest', $replica, 'honest', 'equal');
is($replica->safe_psql('honest', 'SELECT sto.rebuild() = (SELECT count(*) FROM sto.log)'), 't', 'the replica rebuilds itself');
is_same($primary, 'honest', $replica, 'honest', 'equal then too');
refused($primary, 'honest', q{SELECT sto_test.transfer('ACME', 'w1', 'late/1', '1')}, 'ST215', 'a first acquisition without');

# The primary's register edited, its gate lets an entry pass
$primary->wait_for_catchup('edited');
$primary->safe_psql('edited', 'UPDATE sto.document SET acknowledge = false');
like($primary->safe_psql('edited', q{SELECT sto_test.transfer('ACME', 'w1', 'late/1', '1')}), qr/^\d+$/, 'edited: the primary posts it');
ok($replica->poll_query_until('edited', "SELECT NOT subenabled FROM pg_subscription WHERE subname = 'edited'"), 'edited: the subscription stops');
like(slurp_file($replica->logfile), qr/ST404: entry \d+ does not stand\n.*the receiver has not acknowledged a document of the token/, 'edited: because of it');
is($replica->safe_psql('edited', q{SELECT count(*) FROM sto.transfer WHERE credit_wallet = sto_test.address('late/1')}), '0', 'edited: the replica does not have it');
is($primary->safe_psql('edited', q{SELECT string_agg(check_name || ' ' || scope, ', ' ORDER BY check_name) FROM sto.verify() WHERE NOT ok}),
	'acknowledgements sto.transfer, register sto.document', 'edited: sto.verify() on the primary tells');
refused($primary, 'edited', 'SELECT sto.rebuild()', 'ST404', 'edited: it does not fold');
$_->stop for $primary, $replica;

done_testing();
