# A physical standby reads and verifies; promoted, it goes on.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = new_server('primary');
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION sto_ledger');
new_ledger($primary, 'postgres');
$primary->backup('base');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', 'SELECT sto_test.trade(1 + n % 10, 1 + (n + 3) % 10, 1) FROM generate_series(1, 200) AS n;'
	. q{SELECT sto_test.hold('ACME', 'w1', '10', 'pledge', '{"credit_wallet": "w2"}'); SELECT sto_test.set_keys('w3', '{203}');});
$primary->wait_for_catchup($standby);

is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the standby is one');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM sto.verify() WHERE NOT ok'), '0', 'sto.verify() finds nothing on the standby');
cmp_ok($standby->safe_psql('postgres', 'SELECT sum(examined) FROM sto.verify()'), '>', 200, '... and has looked');
is_sound($standby, 'postgres', 'standby');
is_same($primary, 'postgres', $standby, 'postgres', 'the standby has all that the primary has');
is($standby->safe_psql('postgres', "SELECT count(*) FROM sto.holder WHERE token = 'ACME'"), '11', 'holders can be read');
cmp_ok($standby->safe_psql('postgres', "SELECT count(*) FROM sto.statement(sto_test.address('w1'), sto_test.id('ACME'))"), '>', 20, 'a statement can be read');
cmp_ok($standby->safe_psql('postgres', 'SELECT count(*) FROM sto.log'), '>', 230, 'the log can be read');
refused($standby, 'postgres', 'SELECT sto_test.trade(1, 2, 1)', '25006', 'a transfer on the standby');
refused($standby, 'postgres', 'SELECT sto.rebuild()', '(25006|55000)', 'a rebuild on the standby');
refused($standby, 'postgres', 'DELETE FROM sto.transfer', '25006', 'a deletion on the standby');

$primary->stop;
$standby->promote;
cmp_ok($standby->safe_psql('postgres', 'SELECT sto_test.trade(1, 2, 1)'), '>', 0, 'promoted, it takes transfers');
is_sound($standby, 'postgres', 'promoted');
$standby->stop;

done_testing();
