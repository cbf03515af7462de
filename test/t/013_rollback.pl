# Roll-back protection: nothing is signed that would take back what was signed, until the root officers say so.
use strict;
use warnings FATAL => 'all';

use StoTest;
use MIME::Base64;
use Digest::SHA 'sha256';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @settings = ("sto_ledger.seal_databases = 'postgres'", 'sto_ledger.seal_interval = 50ms', 'hot_standby_feedback = on');

sub put_key
{
	my ($file, $seed) = @_;

	unlink $file;
	append_to_file($file, "-----BEGIN PRIVATE KEY-----\n"
		. encode_base64(pack('H*', '302e020100300506032b657004220420') . sha256("sto test key ed25519 $seed"))
		. "-----END PRIVATE KEY-----\n");
	chmod 0600, $file;
}

sub value { my ($node, $sql) = @_; return $node->safe_psql('postgres', $sql) }

sub becomes
{
	my ($node, $condition, $what) = @_;

	ok($node->poll_query_until('postgres', "SELECT EXISTS (SELECT FROM sto.worker_status WHERE $condition)"), $what)
		or diag value($node, 'TABLE sto.worker_status');
}

sub is_signing
{
	my ($node, $what) = @_;
	my $entry = value($node, 'SELECT sto_test.trade(1, 2, 1)');

	is(value($node, "SELECT sto.wait_sealed($entry)"), 't', "$what: it seals");
	becomes($node, "state = 'sealing' AND signed_size = sto.tree_size() AND signed_size > sto.leaf_index($entry)", "$what: it signs");
}

# Blocks are made, but no checkpoint and no promise; returns size and root of the checkpoint that stands in the way, as
# the hint has them.
sub is_refusing
{
	my ($node, $source, $what) = @_;

	becomes($node, "state = 'refusing' AND message LIKE '$source, of size %'", "$what: it refuses");
	my $size = value($node, 'SELECT max(tree_size) FROM sto.checkpoint');
	my $entry = value($node, 'SELECT sto_test.trade(1, 2, 1)');
	is(value($node, "SELECT sto.wait_sealed($entry)"), 't', "$what: it seals");
	refused($node, 'postgres', "SELECT sto.promise($entry)", 'ST503', "$what: a promise");
	is(value($node, 'SELECT max(tree_size) FROM sto.checkpoint'), $size, "$what: nothing is signed");
	my ($hint) = value($node, 'SELECT hint FROM sto.worker_status') =~ /event of kind log_restart with body (\{.*\})\.$/;
	ok($hint, "$what: the hint names the event");
	like(slurp_file($node->logfile), qr/WARNING:.*is not signed: $source, of size \d+, is signed but not of this tree.*?HINT:.*?\Q$hint\E/s, "$what: the log says so");
	return $hint;
}

# The root officers write the event that a hint names.
sub give_up
{
	my ($node, $body) = @_;

	value($node, "SELECT sto_test.event('log_restart', sto_test.nil(), sto_test.nil(), '$body')");
}

# The exit status of sto_verify, and what it says.
sub stand_alone
{
	my ($node, @options) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sto_verify', '--conn', $node->connstr('postgres'), '--genesis', value($node, 'SELECT genesis_hash FROM sto.ledger'), '--log-key',
		value($node, 'SELECT sto.log_vkey()'), @options ], '>', \$out, '2>', \$err);
	return ($? >> 8) . " $out$err";
}

sub newest_note
{
	my ($node) = @_;
	my $note = value($node, "SELECT encode(convert_to(note, 'UTF8'), 'hex') FROM sto.checkpoint ORDER BY tree_size DESC LIMIT 1");

	return "convert_from('\\x$note', 'UTF8')";
}

sub some_more
{
	my ($node, $count) = @_;
	my $entry = value($node, "SELECT max(sto_test.trade(3 + n % 3, 7 + n % 3, 1)) FROM generate_series(1, $count) AS n");

	value($node, "SELECT sto.wait_sealed($entry)");
	becomes($node, 'signed_size = sto.tree_size()', "$count entries more are signed");
}

# An older state, restored in place of the newer one.
sub restore
{
	my ($node, $backup) = @_;
	my $data = $node->data_dir;

	$node->stop;
	rename $data, "$data.lost." . time . int(rand(1e6)) or die;
	PostgreSQL::Test::RecursiveCopy::copypath($node->backup_dir . "/$backup", $data);
	chmod 0700, $data;
	append_to_file("$data/postgresql.conf", 'port = ' . $node->port . "\n");
	$node->start;
}

my $node = new_server('node', @settings);
my $key_file = $node->basedir . '/log.key';
my $state_file = $node->basedir . '/log.state';
put_key($key_file, 801);
$node->append_conf('postgresql.conf', "sto_ledger.log_key = '$key_file'\nsto_ledger.log_state = '$state_file'\n");
$node->start;
value($node, 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'postgres');
value($node, 'SELECT sto_test.log_key(801)');
is_signing($node, 'a new ledger');
my $early_note = newest_note($node);
$node->backup('old');

# What reports say of a tree that is whole
is(value($node, "SELECT sto.report_checkpoint($early_note)"), 'f', 'a checkpoint of this tree is nothing foreign');
is(value($node, 'SELECT count(*) FROM sto.foreign_checkpoint'), '0', '... and is not kept');
refused($node, 'postgres', "SELECT sto.report_checkpoint('nonsense')", 'ST504', 'nonsense');
refused($node, 'postgres', "SELECT sto.report_checkpoint(replace($early_note, 'ledger.example', 'other.example'))", 'ST504', 'a checkpoint of another log');
refused($node, 'postgres', "SELECT sto.report_checkpoint(regexp_replace($early_note, E'\\n[0-9]+\\n', E'\\n1000000\\n'))", 'ST504', 'a checkpoint that nobody signed');
refused($node, 'postgres', "BEGIN READ ONLY; SELECT sto.report_checkpoint($early_note)", '25006', 'a report in a read-only transaction');

# A stale restore; the state file is newer.
some_more($node, 20);
my $lost_note = newest_note($node);
my $middle_note = do { is_signing($node, 'before the restore'); $lost_note };
$lost_note = newest_note($node);
my $lost_size = value($node, 'SELECT max(tree_size) FROM sto.checkpoint');
my $lost_root = value($node, "SELECT sto.tree_root($lost_size)");
restore($node, 'old');
my $hint = is_refusing($node, 'the state file', 'an old backup');
is($hint, "{\"reason\":\"...\",\"size\":$lost_size,\"root\":\"$lost_root\"}", '... with size and root of the newest checkpoint');
value($node, "SELECT sto_test.log_restart('not that one', 5, '$lost_root')");
is_refusing($node, 'the state file', 'another restart');
value($node, 'SELECT sto_test.trade(3, 4, 1) FROM generate_series(1, 40)');
is_refusing($node, 'the state file', 'grown beyond what was lost');
$node->restart;
is_refusing($node, 'the state file', 'started again');
give_up($node, $hint);
is_signing($node, 'given up');
is(value($node, "SELECT sto.report_checkpoint($middle_note)"), 't', 'another checkpoint, perhaps of that history, perhaps of yet another');
$hint = is_refusing($node, 'a reported checkpoint', 'reported after the restart');
like(stand_alone($node), qr/^1 .*^BROKEN: other tree: the log's key signed another tree/ms, '... of which sto_verify tells as well');
give_up($node, $hint);
is_signing($node, 'that one is given up too');
like(stand_alone($node), qr/^0 .*given up .*^whole$/ms, '... and then has no more to say of it');
is_sound($node, 'postgres', 'after a restart');

# A stale restore where the state file is lost too: a witness brings what it saw.
some_more($node, 20);
my $seen_by_holder = newest_note($node);
some_more($node, 20);
my $seen_by_witness = newest_note($node);
restore($node, 'old');
is_refusing($node, 'the state file', 'restored again');
$node->stop;
unlink $state_file;
$node->start;
is_signing($node, 'without a state file');
like(slurp_file($node->logfile), qr/LOG:.*there is no state file of the log/, '... which the log says');
is(value($node, "SELECT sto.report_checkpoint($seen_by_witness), sto.report_checkpoint($seen_by_witness)"), 't|t', 'a witness reports what it saw');
is(value($node, "SELECT sto.report_checkpoint($seen_by_witness || E'\\n\\n')"), 't', '... out of a file, with empty lines after it, too');
is(value($node, 'SELECT count(*) FROM sto.foreign_checkpoint'), '1', '... which is kept once');
is(value($node, "SELECT sto.report_checkpoint($seen_by_holder)"), 't', 'and a holder what he saw');
$hint = is_refusing($node, 'a reported checkpoint', 'a witness knows more');
refused($node, 'postgres', 'DELETE FROM sto.foreign_checkpoint', 'ST401', 'taking the report back');
give_up($node, $hint);
is_signing($node, 'both are given up with the larger');
like(stand_alone($node, '--json'), qr/^0 .*"given up": \[\n +"another tree of \d+ leaves[^"]*",\n +"another tree of \d+ leaves/s, '... and sto_verify tells of each');

# A state file that can't be used
my $good = slurp_file($state_file);
for my $case ([ 'nonsense', 'the state file of the log is damaged%' ], [ $good =~ s/ledger\.example/other.example/gr, 'the state file is of another log%' ])
{
	$node->stop;
	unlink $state_file;
	append_to_file($state_file, $case->[0]);
	$node->start;
	becomes($node, "state = 'refusing' AND message LIKE '$case->[1]'", "refused: $case->[1]");
}
unlink $state_file;
append_to_file($state_file, $good);
$node->reload;
is_signing($node, 'the good file again');

# A crash between the file and the row: the same is signed again.
$node->stop;
$node->append_conf('postgresql.conf', "sto_ledger.log_key = ''\n");
$node->start;
value($node, q{BEGIN; SELECT sto.begin_maintenance('test of a crash'); DELETE FROM sto.checkpoint WHERE tree_size = (SELECT max(tree_size) FROM sto.checkpoint); COMMIT});
$node->append_conf('postgresql.conf', "sto_ledger.log_key = '$key_file'\n");
$node->reload;
is_signing($node, 'a file that is ahead of the rows');

# A standby is idle; promoted, it seals and signs.  The old primary lives on: two of them sign.
$node->backup('base');
my $other = PostgreSQL::Test::Cluster->new('other');
$other->init_from_backup($node, 'base', has_streaming => 1);
$other->append_conf('postgresql.conf', "sto_ledger.log_state = '" . $other->basedir . "/log.state'\n");
$other->start;
is(value($other, "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'sto_ledger%'"), '0', 'nothing runs on a standby');
is(value($other, 'SELECT count(*) FROM sto.worker_status'), '0', '... and no status is shown');
refused($other, 'postgres', 'SELECT sto.promise(1)', 'ST506', 'a promise on a standby');
$node->wait_for_catchup($other);
is(value($other, 'SELECT sto.tree_root()'), value($node, 'SELECT sto.tree_root()'), 'it has the same tree');
$other->promote;
is_signing($other, 'promoted');
is_signing($node, 'the old primary');
some_more($other, 7);
my $fork = newest_note($other);
is(value($node, "SELECT sto.report_checkpoint($fork)"), 't', 'the one hears of the other');
$hint = is_refusing($node, 'a reported checkpoint', 'a fork');
is(value($node, "SELECT count(*) FROM sto.foreign_checkpoint WHERE note = $fork"), '1', '... and the evidence is kept');
is_signing($other, 'the other goes on');
my $fork_goes_on = newest_note($other);
is(value($other, 'SELECT sto.report_checkpoint(' . newest_note($node) . ')'), 't', 'and hears of the first');
is_refusing($other, 'a reported checkpoint', 'both stop');
give_up($node, $hint);
is_signing($node, 'the root officers choose one');
is(value($node, "SELECT sto.report_checkpoint($fork_goes_on)"), 't', 'the other has signed more');
is_refusing($node, 'a reported checkpoint', 'more than was given up');
is(value($_, q{SELECT string_agg(check_name, ' ') FROM sto.verify() WHERE NOT ok}), 'foreign_checkpoints', $_->name . ': sto.verify() tells of the other history, and of nothing else')
	for ($node, $other);

# A retired key's signature counts too.
value($other, 'SELECT sto_test.log_key(802)');
is(value($other, 'SELECT sto.report_checkpoint(' . newest_note($node) . ')'), 't', 'signed by a key that was retired since');
$other->stop;
$node->stop;

# Recovery to a point in time, from a base backup and archived WAL: with the state file, and without it.
my $lost = new_server('lost', @settings);
$state_file = $lost->basedir . '/log.state';
$lost->append_conf('postgresql.conf', "sto_ledger.log_key = '$key_file'\nsto_ledger.log_state = '$state_file'\n");
$lost->enable_archiving;
$lost->start;
value($lost, 'CREATE EXTENSION sto_ledger');
new_ledger($lost, 'postgres');
value($lost, 'SELECT sto_test.log_key(801)');
is_signing($lost, 'before the base backup');
$lost->backup('point');
some_more($lost, 5);
my $point = value($lost, 'SELECT clock_timestamp()');
some_more($lost, 5);
my $seen = newest_note($lost);
$lost_size = value($lost, 'SELECT max(tree_size) FROM sto.checkpoint');
my $segment = value($lost, 'SELECT pg_walfile_name(pg_switch_wal())');
ok($lost->poll_query_until('postgres', "SELECT last_archived_wal >= '$segment' FROM pg_stat_archiver"), 'the WAL is archived');
$lost->stop('immediate');
for my $with (1, 0)
{
	my $what = 'recovered to a point in time, ' . ($with ? 'with the state file' : 'without it');
	my $recovered = PostgreSQL::Test::Cluster->new("recovered_$with");

	$recovered->init_from_backup($lost, 'point', has_restoring => 1, standby => 0);
	$recovered->append_conf('postgresql.conf', "recovery_target_time = '$point'\nrecovery_target_action = 'promote'\narchive_mode = off\n");
	unlink $state_file if !$with;
	$recovered->start;
	ok($recovered->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()'), "$what: it has ended");
	cmp_ok(value($recovered, 'SELECT max(tree_size) FROM sto.checkpoint'), '<', $lost_size, "$what: a smaller tree");
	if (!$with)
	{
		is_signing($recovered, $what);
		is(value($recovered, "SELECT sto.report_checkpoint($seen)"), 't', "$what: a witness reports what it saw");
	}
	$hint = is_refusing($recovered, $with ? 'the state file' : 'a reported checkpoint', $what);
	like($hint, qr/"size":$lost_size,/, "$what: of the size that was signed");
	give_up($recovered, $hint);
	is_signing($recovered, "$what, given up");
	$recovered->stop;
}

done_testing();
