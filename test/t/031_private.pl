# Personal data: erased, it is out of the table's file and of later dumps; it is never replicated.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('private', 'autovacuum = off');
my $secret = 'Aigerim of the Steppe';
my $kept = 'Bolat of the River';

$node->start;
$node->safe_psql('postgres', "CREATE DATABASE ledger TEMPLATE template0 ENCODING 'UTF8'");
$node->safe_psql('ledger', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'ledger');

# Does the table's file, or its TOAST table's, have these octets?
sub on_disk
{
	my ($text) = @_;

	$node->safe_psql('ledger', 'CHECKPOINT');
	my @files = split /\n/, $node->safe_psql('ledger', q{
		SELECT pg_relation_filepath(c.oid) FROM pg_class c
		 WHERE c.oid = 'sto.party_private'::regclass
		    OR c.oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'sto.party_private'::regclass)});
	return scalar grep { index(slurp_file($node->data_dir . "/$_"), $text) >= 0 } @files;
}

sub dump_of
{
	my ($name, @options) = @_;
	my $file = $node->basedir . "/$name.sql";

	$node->command_ok([ 'pg_dump', '-f', $file, @options, $node->connstr('ledger') ], "$name: dumped");
	return $file;
}

# The publication of docs/operations.md
$node->safe_psql('ledger', 'CREATE PUBLICATION ledger FOR TABLE sto.event, sto.transfer');
$node->safe_psql('ledger', "SELECT pg_create_logical_replication_slot('seen', 'pgoutput')");

# A long value is stored out of line: its first octets tell it apart
$node->safe_psql('ledger', "SELECT sto.put_party_private(sto_test.id('p1'), 'identity', '$secret'), sto.put_party_private(sto_test.id('p2'), 'identity', '$kept')");
$node->safe_psql('ledger', "SELECT sto.put_party_private(sto_test.id('p1'), 'papers', string_agg('$secret ' || md5(n::text), ' ')) FROM generate_series(1, 2000) AS n");
ok(on_disk($secret), 'what was put is on disk');
ok(on_disk($kept), '... and what another party put');
my $with = dump_of('with');
like(slurp_file($with), qr/\Q$secret\E/, 'a dump has it: a restore needs it');
my $without = dump_of('without', '--exclude-table-data=sto.party_private');
unlike(slurp_file($without), qr/\Q$secret\E|\Q$kept\E/, 'a dump can leave it out');
like(slurp_file($without), qr/COPY sto\.event /, '... and has the log all the same');

# Reports of suspicion go with a dump in the same way
my $suspicion = 'Just below the limit again';
$node->safe_psql('ledger', "SELECT sto_test.officer('enforcer', 190, 'enforcer'); CREATE ROLE watch; SELECT sto.map_role('watch', sto_test.id('enforcer'));
	SET ROLE watch; SELECT sto.record_suspicion('0191f7e2-8a5c-7c3e-9b1d-2f4a6c8e0b13', 'finding', '$suspicion')");
like(slurp_file(dump_of('suspicion')), qr/\Q$suspicion\E/, 'a dump has reports of suspicion');
unlike(slurp_file(dump_of('no_suspicion', '--exclude-table-data=sto.suspicion')), qr/\Q$suspicion\E/, '... or leaves them out');

# A role that may not read it can't dump it by accident, but can dump the rest
$node->safe_psql('postgres', 'CREATE ROLE backup LOGIN IN ROLE pg_read_all_data');
$node->command_ok([ 'pg_dump', '-U', 'backup', '-f', '/dev/null', '--exclude-table-data=sto.party_private', '--exclude-table-data=sto.suspicion', $node->connstr('ledger') ],
	'pg_read_all_data dumps the rest');
$node->command_fails_like([ 'pg_dump', '-U', 'backup', '-f', '/dev/null', $node->connstr('ledger') ],
	qr/row-level security policy for table "party_private"/, 'pg_read_all_data alone dumps no personal data');
$node->command_fails_like([ 'pg_dump', '-U', 'backup', '-f', '/dev/null', '--exclude-table-data=sto.party_private', $node->connstr('ledger') ],
	qr/row-level security policy for table "suspicion"/, '... and no reports of suspicion');

# The replication stream has none of it
$node->safe_psql('ledger', 'SELECT sto_test.trade(1, 2, 1)');
my $stream = $node->safe_psql('ledger', q{
	SELECT string_agg(encode(data, 'escape'), '')
	  FROM pg_logical_slot_peek_binary_changes('seen', NULL, NULL, 'proto_version', '1', 'publication_names', 'ledger')});
like($stream, qr/transfer/, 'the publication carries the log');
unlike($stream, qr/\Q$secret\E|\Q$kept\E|\Q$suspicion\E/, '... and no personal data, no suspicions');

# Erased: gone for SQL at once, and from the file once it is written anew
is($node->safe_psql('ledger', "SELECT sto.erase_party_private(sto_test.id('p1'), 'request')"), '2', 'erased');
is($node->safe_psql('ledger', "SELECT count(*) FROM sto.party_private WHERE value LIKE '%$secret%'"), '0', 'gone for SQL');
$node->safe_psql('ledger', 'VACUUM (FULL) sto.party_private');
ok(!on_disk($secret), 'gone from the file after VACUUM FULL');
ok(on_disk($kept), '... and the other party\'s is there');
my $after = dump_of('after');
unlike(slurp_file($after), qr/\Q$secret\E/, 'a later dump has none of it');
like(slurp_file($after), qr/\Q$kept\E/, '... and the other party\'s');
is_sound($node, 'ledger', 'the ledger');

# Put while it is erased: waited for, and erased too
my $putting = $node->background_psql('ledger') if $node->can('background_psql');
if ($putting)
{
	$putting->query_safe("BEGIN; SELECT sto.put_party_private(sto_test.id('p3'), 'identity', 'in flight')");
	my @eraser = clients($node, 'ledger', "SELECT sto.erase_party_private(sto_test.id('p3'), 'request');");
	ok($node->poll_query_until('ledger', "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = 'sto.party_private'::regclass"), 'the eraser waits');
	$putting->query_safe('COMMIT');
	finish(@eraser);
	is((acknowledged(@eraser))[0], '1', 'a row in flight is erased');
	$putting->quit;
}

# Restored: what is kept is kept, what was erased comes back from an old dump alone, and its erasure is in the new one
for my $case ([ 'new', $after, 0 ], [ 'old', $with, 1 ])
{
	my ($db, $file, $back) = @$case;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	{
		local $ENV{PGOPTIONS} = '-c sto_ledger.restore=on';
		$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', $node->connstr($db), '-f', $file ], "$db dump: restored");
	}
	$node->safe_psql($db, 'SELECT sto.rebuild()');
	is($node->safe_psql($db, "SELECT value FROM sto.party_private WHERE party_id = sto_test.id('p2')"), $kept, "$db dump: what is kept");
	is($node->safe_psql($db, "SELECT count(*) > 0 FROM sto.party_private WHERE value LIKE '%$secret%'"), $back ? 't' : 'f', "$db dump: what was erased");
	is($node->safe_psql($db, 'SELECT count(*) FROM sto.erasure'), $back ? '0' : '1', "$db dump: erasures");
	is($node->safe_psql($db, 'SELECT ok FROM sto.verify_private()'), 't', "$db dump: commitments hold in the same ledger");
	is_sound($node, $db, "$db dump");
}
$node->stop;

done_testing();
