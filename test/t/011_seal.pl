# Seals under faults: killed at every step, a full disk, transactions left open, many clients that abort, a restore.
# Nothing is sealed twice or left out, and the tree is the one that the log gives.
use strict;
use warnings FATAL => 'all';

use File::Basename qw(dirname);
use StoTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('seal', 'max_connections = 100', 'restart_after_crash = on', 'deadlock_timeout = 50ms');
$node->start;

sub ledger
{
	my ($node, $db) = @_;

	$node->safe_psql($db, 'CREATE EXTENSION sto_ledger');
	new_ledger($node, $db);
	$node->safe_psql($db, slurp_file(dirname(__FILE__) . '/../signer/tree.sql'));
	$node->safe_psql($db, q{
		SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "pg_read_all_data"}');
		-- that many entries by one statement, back and forth between two wallets
		CREATE FUNCTION sto_test.many(entries int) RETURNS void LANGUAGE sql AS $$
			INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
			SELECT 'transfer', sto_test.id('ACME'), sto_test.address('w' || 1 + n % 2), sto_test.address('w' || 2 - n % 2), '1',
			       sto_test.id('p' || 1 + n % 2), gen_random_uuid() FROM generate_series(1, entries) AS n $$;
	});
}

sub tree_is_sound
{
	my ($node, $db, $what) = @_;

	is($node->safe_psql($db, 'SELECT sto_test.check_tree()'), 'sound', "$what: the tree is what the log gives");
}

sub sealed
{
	my ($node, $db) = @_;

	return $node->safe_psql($db, 'SELECT tree_size FROM sto.seal_status');
}

# Everything that is there gets sealed.
sub seals_all
{
	my ($node, $db, $what) = @_;

	$node->safe_psql($db, 'CALL sto.seal()');
	is(sealed($node, $db), $node->safe_psql($db, 'SELECT (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer)'), "$what: all is sealed");
	tree_is_sound($node, $db, $what);
}

ledger($node, 'postgres');
seals_all($node, 'postgres', 'at first');

# A seal that is killed: before its commit nothing is sealed, after it all is; then it goes on.
for my $step (qw(read wait tiles block commit))
{
	$node->safe_psql('postgres', 'SELECT sto_test.many(300)');
	my $before = sealed($node, 'postgres');
	my $log = -s $node->logfile;
	my ($rc) = $node->psql('postgres', "SET sto_ledger.seal_stop = '$step';\nCALL sto.seal();");
	isnt($rc, 0, "killed at '$step'");
	$node->wait_for_log(qr/database system is ready to accept connections/, $log);
	$node->poll_query_until('postgres', 'SELECT true') or die 'no restart';
	my $after = sealed($node, 'postgres');
	$step eq 'commit' ? cmp_ok($after, '>=', $before + 300, "$step: sealed") : is($after, $before, "$step: nothing sealed");
	tree_is_sound($node, 'postgres', $step);
	$node->safe_psql('postgres', 'SELECT sto_test.trade(3, 4, 1)');
	seals_all($node, 'postgres', "after '$step'");
}
unlike(slurp_file($node->logfile), qr/PANIC|TRAP/, 'no other crash');

# A transaction left open holds the seal back, and is named; writers go on.
my $go = $node->basedir . '/go';
my $wait = "\\! while [ ! -e $go ]; do sleep 0.02; done\n";
my ($open) = clients($node, 'postgres', "BEGIN;\nSELECT pg_backend_pid();\nSELECT sto_test.trade(5, 6, 1) \\gset\n\\echo 1\n${wait}COMMIT;\n");
ok(sends(2, $open), 'a transaction is open');
my ($pid) = acknowledged($open);
my $size = sealed($node, 'postgres');
my ($sealer) = clients($node, 'postgres', "CALL sto.seal();\nSELECT 1;\n");
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'CALL sto.seal%' AND wait_event_type = 'Lock'"), 'a seal waits for it');
is($node->safe_psql('postgres', "SELECT held_by_pid, held_by_role, held_by_state, held_by_age > interval '0', held_by_gid IS NULL FROM sto.seal_status"),
	"$pid|" . $node->safe_psql('postgres', 'SELECT current_user') . '|idle in transaction|t|t', 'sto.seal_status names it');
$node->safe_psql('postgres', "SET statement_timeout = '20s'; SELECT sto_test.trade(7, 8, 1) FROM generate_series(1, 20);");
is($node->safe_psql('postgres', 'SELECT tree_size, lag_entries >= 20, lag_seconds > 0 FROM sto.seal_status'), "$size|t|t", 'writers go on, and the lag is shown');
is($node->safe_psql('postgres', "SELECT sto.wait_sealed((SELECT max(entry_id) FROM sto.transfer), '0.2 s')"), 'f', 'nothing gets sealed meanwhile');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CALL sto.seal%' AND backend_xmin IS NOT NULL"), '0', 'the seal that waits keeps no row version alive');
refused($node, 'postgres', "SET statement_timeout = '200ms'; CALL sto.seal();", '57014', 'a second seal can be cancelled');
append_to_file($go, '');
finish($open, $sealer);
is(complaints($open, $sealer), '', 'both end well');
is($node->safe_psql('postgres', 'SELECT count(*) FROM sto.transfer AS t, sto.seal_status AS s WHERE t.entry_id <= s.last_id AND t.entry_id > ' .
	"(SELECT max(last_id) FROM sto.block WHERE tree_size = $size)"), '1', 'the seal closed what it had begun with');
seals_all($node, 'postgres', 'after the open transaction');
unlink $go;

# The same with a prepared transaction, also over a restart.
$node->safe_psql('postgres', "BEGIN; SELECT sto_test.trade(5, 6, 1); PREPARE TRANSACTION 'left open';");
for my $when ('before', 'after')
{
	is($node->safe_psql('postgres', 'SELECT held_by_pid IS NULL, held_by_state, held_by_gid FROM sto.seal_status'), 't|prepared|left open', "$when a restart: the prepared transaction is named");
	refused($node, 'postgres', "SET lock_timeout = '200ms'; CALL sto.seal();", '55P03', "$when a restart: the seal waits for it");
	$node->safe_psql('postgres', "SET statement_timeout = '20s'; SELECT sto_test.trade(7, 8, 1);");
	$node->restart if $when eq 'before';
}
($sealer) = clients($node, 'postgres', "CALL sto.seal();\nSELECT 1;\n");
$node->safe_psql('postgres', "COMMIT PREPARED 'left open'");
finish($sealer);
is(complaints($sealer), '', 'its end lets the seal go on');
seals_all($node, 'postgres', 'after the prepared transaction');

# Many clients with subtransactions and aborts, two sealers in a loop; the server is stopped at once in the middle.
sub client
{
	my $seed = shift;
	my $text = '';
	srand($seed);

	for my $n (1 .. 10)
	{
		my ($a, $b, $c) = map { 1 + int(rand(5)) } 1 .. 3;
		my $trade = sub { sprintf 'sto_test.trade(%d, %d, 1)', $_[0], 5 + $_[1] };
		$text .= ($n + $seed) % 3 == 0
			? 'SELECT ' . $trade->($a, $b) . ";\n"
			: ($n + $seed) % 3 == 1
			? 'DO $$ BEGIN PERFORM ' . $trade->($a, $b) . '; BEGIN PERFORM ' . $trade->($a, $c) . "; RAISE 'no'; EXCEPTION WHEN raise_exception THEN NULL; END; PERFORM "
			  . $trade->($a, $b) . "; END \$\$;\n"
			: 'BEGIN; SAVEPOINT a; SELECT ' . $trade->($a, $b) . '; ROLLBACK TO a; SELECT ' . $trade->($a, $c) . '; SAVEPOINT b; SELECT ' . $trade->($a, $c) . ";\n"
			  . (rand() < 0.5 ? "COMMIT;\n" : "ROLLBACK;\n");
	}
	return $text;
}

my $seal = "CALL sto.seal();\nSELECT pg_sleep(0.02);\n";
for my $round (1, 2)
{
	my $blocks = $node->safe_psql('postgres', 'SELECT count(*) FROM sto.block');
	my @sealers = clients($node, 'postgres', ($seal x 100) x 2);
	my @clients = clients($node, 'postgres', map { client($round * 100 + $_) } 1 .. 64);

	if ($round == 2)
	{
		ok(sends(150, @clients), 'load is on');
		$node->stop('immediate');
	}
	finish(@clients, @sealers);
	$node->start if $round == 2;
	is(complaints(@sealers), '', 'the sealers met no error') if $round == 1;
	unlike(complaints(@clients), qr/ERROR:  (?!deadlock detected|current transaction is aborted)/, 'nor did the clients, but for deadlocks');
	cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM sto.block'), '>', $blocks + ($round == 1 ? 5 : 0), 'blocks were made meanwhile');
	seals_all($node, 'postgres', $round == 1 ? '64 clients' : '64 clients and a stop');
}
is($node->safe_psql('postgres', 'SELECT bool_and(sto.leaf_index(entry_id) = index AND '
		. "sto.verify_inclusion(encode(hash, 'hex')::sto.digest, index, sto.tree_size(), sto.inclusion_proof(entry_id), sto.tree_root())) FROM sto_test.leaf"),
	't', 'every entry has its proof');
cmp_ok($node->safe_psql('postgres', 'SELECT max(last_id) - max(tree_size) FROM sto.block'), '>', 100, 'ids have gaps');

# A standby shows the same and waits for blocks, but makes none.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('seal_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
my $id = $node->safe_psql('postgres', 'SELECT sto_test.trade(1, 6, 1)');
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', 'SELECT lag_entries > 0 FROM sto.seal_status'), 't', 'the standby shows the lag');
refused($standby, 'postgres', 'CALL sto.seal()', 'ST505', 'a seal on the standby');
my ($waiter) = clients($standby, 'postgres', "SELECT CASE WHEN sto.wait_sealed($id, '60 s') THEN 1 END;\n");
$node->safe_psql('postgres', 'CALL sto.seal()');
finish($waiter);
is(join(',', acknowledged($waiter)), '1', 'who waits on the standby sees the block');
is($standby->safe_psql('postgres', "SELECT sto.inclusion_proof($id), sto.tree_root()"), $node->safe_psql('postgres', "SELECT sto.inclusion_proof($id), sto.tree_root()"), 'proofs are the same there');
$standby->stop;

# A dump has the evidence; the restored copy goes on with it.
my $dump = $node->basedir . '/ledger.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
{
	local $ENV{PGOPTIONS} = '-c sto_ledger.restore=on';
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('copy'), $dump ], 'restored');
}
$node->safe_psql('copy', 'SELECT sto.rebuild()');
is($node->safe_psql('copy', 'SELECT sto.tree_root()'), $node->safe_psql('postgres', 'SELECT sto.tree_root()'), 'the copy has the same tree');
$node->safe_psql('copy', 'SELECT sto_test.many(300)');
seals_all($node, 'copy', 'copy');
$node->stop;

# The disk is full while a seal writes tiles: here, files of the sealing process can't grow beyond a megabyte, as long
# as every segment of the WAL.
{
	my $small = PostgreSQL::Test::Cluster->new('seal_full');

	$small->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8', '--wal-segsize=1' ]);
	$small->append_conf('postgresql.conf', "shared_preload_libraries = 'sto_ledger'\nmin_wal_size = 2MB\nmax_wal_size = 64MB\n");
	$small->start;
	ledger($small, 'postgres');
	seals_all($small, 'postgres', 'before the disk is full');
	$small->safe_psql('postgres', 'SELECT sto_test.many(36000)');
	my $before = sealed($small, 'postgres');
	my $again = $small->basedir . '/again';
	my ($client) = clients($small, 'postgres', "SELECT pg_backend_pid();\n" . ($wait =~ s/\Q$go\E/$go/r) . "CALL sto.seal();\n\\echo 1\n"
			. ($wait =~ s/\Q$go\E/$again/r) . "CALL sto.seal();\n\\echo 1\n");
	ok(sends(1, $client), 'a session is there');
	my ($backend) = acknowledged($client);
	is(system('prlimit', '--pid', $backend, '--fsize=1048576:'), 0, 'its files are limited');
	append_to_file($go, '');
	ok(sends(2, $client), 'it has tried');
	like(complaints($client), qr/^\S* ?ERROR:  could not extend file .*: File too large/m, 'the seal fails for want of room');
	is(sealed($small, 'postgres'), $before, 'nothing is sealed');
	tree_is_sound($small, 'postgres', 'full disk');
	$small->safe_psql('postgres', 'SELECT sto_test.trade(3, 4, 1)');
	is(system('prlimit', '--pid', $backend, '--fsize=unlimited:'), 0, 'room is made');
	append_to_file($again, '');
	finish($client);
	my @errors = complaints($client) =~ /ERROR/g;
	is(scalar @errors, 1, 'the next seal meets no error');
	is($small->safe_psql('postgres', 'SELECT lag_entries FROM sto.seal_status'), '0', '... and closes everything');
	tree_is_sound($small, 'postgres', 'after a full disk');
	$small->stop;
}

done_testing();
