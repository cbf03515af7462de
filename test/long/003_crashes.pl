# A server that is killed again and again at odd moments, with events among the transfers.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use StoTest;
use Test::More;

my $node = new_server('crashes', "checkpoint_timeout = '30s'", "max_wal_size = '64MB'");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'postgres');
$node->safe_psql('postgres', 'CREATE SEQUENCE sto_test.seeds START 1500');

my @all;
for my $round (1 .. 15)
{
	srand($round);
	my @clients = clients($node, 'postgres', (map {
		join '', map { my $a = int(rand(10)); my $b = ($a + 1 + int(rand(9))) % 10; 'SELECT sto_test.trade(' . (1 + $a) . ', ' . (1 + $b) . ", 1);\n" } 1 .. 5000
	} 1 .. 3),
		join('', map { "SELECT sto_test.set_keys('w" . (1 + $_ % 10) . "', ARRAY[nextval('sto_test.seeds')::int]);\nSELECT pg_sleep(0.02);\n" } 1 .. 200));

	sends(20, @clients);
	select(undef, undef, undef, rand(1.5));
	$node->kill9;
	finish(@clients);
	for (1 .. 100)
	{
		last if $node->start(fail_ok => 1);
		select(undef, undef, undef, 0.1);
		$node->stop('fast', fail_ok => 1);
	}
	push @all, acknowledged(@clients[0 .. 2]);
	is($node->safe_psql('postgres', 'SELECT count(*) FROM unnest(ARRAY[' . join(',', @all) . ']::bigint[]) AS a (id) '
			. 'WHERE NOT EXISTS (SELECT FROM sto.transfer AS t WHERE t.entry_id = a.id)'), '0', "round $round: none of " . @all . ' is lost');
	is_sound($node, 'postgres', "round $round");
}
$node->stop;

done_testing();
