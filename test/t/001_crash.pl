# A server that is killed in the middle of load: what it acknowledged is there, and the ledger is sound.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

# (fsync is off, as in all these tests: a killed process leaves its writes with the kernel)
my $node = new_server('crash', 'restart_after_crash = on', 'synchronous_commit = on');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'postgres');

# One signed transfer a transaction, now and then two, among wallets 5 to 10.
sub script
{
	my $client = shift;
	my $text = '';
	srand($client);

	for my $n (1 .. 3000)
	{
		my ($a, $step) = (int(rand(6)), 1 + int(rand(5)));
		my ($x, $y) = (5 + $a, 5 + ($a + $step) % 6);

		$text .= $n % 4
			? "SELECT sto_test.trade($x, $y, 1);\n"
			: "WITH x AS MATERIALIZED (SELECT sto_test.trade($x, $y, 1) AS id) SELECT id FROM x WHERE sto_test.trade($y, $x, 1) > 0;\n";
	}
	return $text;
}

sub survived
{
	my ($what, @clients) = @_;
	my @ids = acknowledged(@clients);

	cmp_ok(scalar @ids, '>', 50, "$what: " . @ids . ' transfers acknowledged');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM unnest(ARRAY[' . join(',', @ids) . ']::bigint[]) AS a (id) '
			. 'WHERE NOT EXISTS (SELECT FROM sto.transfer AS t WHERE t.entry_id = a.id)'), '0', "$what: none of them is lost");
	# pairs are locked in one order, so that even A to B and B to A at once wait but don't deadlock
	unlike(slurp_file($node->logfile), qr/deadlock detected/, "$what: no deadlock");
	is_sound($node, 'postgres', $what);
	cmp_ok($node->safe_psql('postgres', 'SELECT sto_test.trade(1, 2, 1)'), '>', 0, "$what: it goes on");
}

# A transaction that is prepared survives too
$node->safe_psql('postgres', "BEGIN; SELECT sto_test.trade(1, 2, 5); PREPARE TRANSACTION 'before';");

# kill -9 of one backend: the postmaster starts all of them anew.  The prepared transaction keeps wallets 1 and 2
# locked; clients trade among the others.
my @clients = clients($node, 'postgres', map { script($_) } 1 .. 3);
ok(sends(150, @clients), 'load is on');
my $victim = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1");
kill 'KILL', $victim;
finish(@clients);
$node->poll_query_until('postgres', 'SELECT true') or die 'no restart';
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts'), '1', 'the prepared transaction is there');
$node->safe_psql('postgres', "COMMIT PREPARED 'before'");
survived('backend killed', @clients);

# kill -9 of the postmaster, in the middle of load and of statements of 400 entries
@clients = clients($node, 'postgres',
	(map { script($_) } 11 .. 13),
	"SELECT count(sto_test.trade(1 + (n % 2)::int, 3 + (n % 2)::int, 1)) FROM generate_series(1, 400) AS n;\n" x 50);
ok(sends(150, @clients[0 .. 2]), 'load is on');
$node->kill9;
finish(@clients);
# leftover backends notice after a moment
for (1 .. 100)
{
	last if $node->start(fail_ok => 1);
	select(undef, undef, undef, 0.1);
	$node->stop('fast', fail_ok => 1);
}
survived('postmaster killed', @clients[0 .. 2]);

$node->stop('immediate');
$node->start;
is_sound($node, 'postgres', 'stopped at once');
is($node->safe_psql('postgres', 'SELECT sum(balance) FROM sto.position'), '0', 'balances add up to zero');
$node->stop;

done_testing();
