# sto.verify() uses parallel workers, and says with them what it says without.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('parallel', 'max_worker_processes = 8', 'max_parallel_workers = 8', 'max_parallel_workers_per_gather = 2',
	'min_parallel_table_scan_size = 0', 'min_parallel_index_scan_size = 0', 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'postgres');
$node->safe_psql('postgres', q{
	SELECT sto_test.trade(1 + n % 10, 1 + (n + 3) % 10, 1) FROM generate_series(1, 500) AS n;
	SELECT sto_test.hold('ACME', 'w1', '5', 'pledge', '{"credit_wallet": "w2"}') FROM generate_series(1, 20);
	ANALYZE;
});

# The plans of all statements below sto.verify(), with what really ran.
my $offset = -s $node->logfile;
my $with = $node->safe_psql('postgres', q{
	SET application_name = 'explained';
	LOAD 'auto_explain';
	SET auto_explain.log_min_duration = 0;
	SET auto_explain.log_nested_statements = on;
	SET auto_explain.log_analyze = on;
	SET auto_explain.log_timing = off;
	SELECT * FROM sto.verify();
});
my @plans = split /Query Text:/, slurp_file($node->logfile, $offset);

for my $check (
	[ 'leaves, balances and links', qr/^\s*SELECT sto\.verify_entries\(/ ],
	[ 'times', qr/^\s*SELECT 'entry_times'/ ],
	[ 'authority', qr/^\s*WITH judged AS .*'entry_authority'/s ],
	[ 'signatures of entries', qr/^\s*SELECT 'entry_signatures'/ ],
	[ 'leaves of events', qr/^\s*SELECT 'event_leaves'/ ],
	[ 'signatures of events', qr/^\s*WITH judged AS .*'event_signatures'/s ],
	[ 'proofs of possession', qr/^\s*SELECT 'possessions'/ ],
	[ 'the register', qr/^\s*WITH keyed AS / ])
{
	my ($what, $pattern) = @$check;
	my ($plan) = grep { $_ =~ $pattern } @plans;

	like($plan // 'no such statement', qr/Workers Launched: [12]/, "$what: workers ran");
}

my $without = $node->safe_psql('postgres', 'SET max_parallel_workers_per_gather = 0; SELECT * FROM sto.verify()');
is($with, $without, 'the same result with and without workers');
like($without, qr/^entry_leaves\|sto\.transfer\|\d{3}\|t/m, 'which is that the ledger is sound');

# A fault is found by workers as well
my $tampered = q{
	BEGIN;
	SELECT sto.begin_maintenance('a test') > 0;
	UPDATE sto.transfer SET amount = amount + 1 WHERE order_id = (SELECT order_id FROM sto.transfer ORDER BY entry_id OFFSET 300 LIMIT 1);
	UPDATE sto.position SET balance = balance + 1 WHERE wallet = sto_test.address('w7');
	SELECT check_name, ok, first_bad FROM sto.verify();
	ROLLBACK;
};
$with = $node->safe_psql('postgres', $tampered);
is($with, $node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; $tampered"), 'the same faults with and without workers');
like($with, qr/^$_\|f\|/m, "$_ fails") for qw(entry_leaves entry_links entry_signatures zero_sum);

$node->stop;
done_testing();
