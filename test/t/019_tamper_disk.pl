# Tampering below SQL: bytes of tables and indexes changed while the server is down, an old backup that goes on, and two
# primaries after a split.  Each case says what finds it, and why.
use strict;
use warnings FATAL => 'all';

use StoTest;
use MIME::Base64;
use Digest::SHA 'sha256';
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();

# The private half of one of the test signer's keys, as PEM.
sub key_file
{
	my ($seed) = @_;

	append_to_file("$folder/$seed.key", "-----BEGIN PRIVATE KEY-----\n"
		. encode_base64(pack('H*', '302e020100300506032b657004220420') . sha256("sto test key ed25519 $seed")) . "-----END PRIVATE KEY-----\n");
	chmod 0600, "$folder/$seed.key";
	return "$folder/$seed.key";
}

my $node = new_server('ledger', "sto_ledger.seal_databases = 'postgres'", 'sto_ledger.seal_interval = 100ms', "sto_ledger.log_key = '" . key_file(801) . "'");
# from 18 on pages have checksums unless told otherwise, which find the change before the ledger can
PostgreSQL::Test::Utils::system_or_bail('pg_checksums', '--disable', '-D', $node->data_dir) if $node->pg_version >= 18;
$node->start;

sub value { my ($server, $sql) = @_; return $server->safe_psql('postgres', $sql) }

sub sealed
{
	my ($server, $what) = @_;

	ok($server->poll_query_until('postgres', q{SELECT (SELECT max(tree_size) FROM sto.checkpoint) = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer)}), $what);
	return value($server, 'SELECT max(tree_size) FROM sto.checkpoint');
}

# The checks that fail, with their first bad entry and what they say
sub verify
{
	my ($server) = @_;

	return value($server, q{SELECT coalesce(string_agg(concat_ws(' ', check_name, scope, first_bad, detail), E'\n'), 'whole') FROM sto.verify() WHERE NOT ok});
}

value($node, 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'postgres');
value($node, slurp_file(dirname(__FILE__) . '/../signer/notes.sql'));
value($node, q{
	SELECT sto_test.log_key(801), sto_test.witness('north', 61, 811);
	SELECT sto_test.trade(1 + n % 5, 6 + n % 5, 1) FROM generate_series(1, 300) AS n;
});
sealed($node, 'sealed and signed');
my $log_vkey = value($node, 'SELECT sto.log_vkey()');
my $genesis = value($node, 'SELECT genesis_hash FROM sto.ledger');

sub sto_verify
{
	my ($server, @options) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sto_verify', '--conn', $server->connstr('postgres'), '--genesis', $genesis, '--log-key', $log_vkey, '--quiet', @options ], '>', \$out, '2>', \$err);
	return (($? >> 8), "$out$err");
}

# Bytes on disk.  A row is found by its order id, 16 octets that stand nowhere else.
my ($entry, $order) = split /\|/, value($node, q{SELECT entry_id, replace(order_id::text, '-', '') FROM sto.transfer ORDER BY entry_id OFFSET 100 LIMIT 1});
my %file = map { $_ => $node->data_dir . '/' . value($node, "SELECT pg_relation_filepath('sto.$_')") } qw(transfer transfer_pkey transfer_order transfer_debit transfer_credit);
is(verify($node), 'whole', 'nothing was tampered with yet');
$node->stop;
my %honest = map { $_ => slurp_file($file{$_}) } keys %file;

sub write_file
{
	my ($name, $content) = @_;

	open my $handle, '>:raw', $file{$name} or die;
	print $handle $content;
	close $handle;
}

# With these files: what sto.verify() and sto_verify say.
sub with_files
{
	my ($what, $checks, %content) = @_;
	my ($found, $rc, $out);

	write_file($_, $content{$_}) for keys %content;
	$node->start;
	$found = verify($node);
	like($found, $_, "$what: sto.verify() names it") for @$checks;
	($rc, $out) = sto_verify($node);
	$node->stop;
	# indexes too: a scan that finds nothing behind an entry marks it as dead
	write_file($_, $honest{$_}) for keys %honest;
	return ($rc, $found, $out);
}

# One octet of the row
my $at = index $honest{transfer}, pack('H*', $order);
cmp_ok($at, '>', 0, 'the row is on its page');
my $changed = $honest{transfer};
substr($changed, $at + 7, 1) ^= "\x10";
my ($rc) = with_files('one bit of a row on disk', [ qr/^entry_leaves \S+ $entry /m, qr/^indexes sto\.transfer $entry .*another key than its row \(transfer_order/m ], transfer => $changed);
is($rc, 1, '... and sto_verify');

# A page that is gone: rows are missing, and entries of the indexes lead nowhere.
my $page = int($at / 8192);
$changed = $honest{transfer};
substr($changed, $page * 8192, 8192) = "\0" x 8192;
($rc) = with_files('a page of rows wiped out', [ qr/^entry_links /m, qr/^blocks sto\.block \d+ .*leaves, but there are/m, qr/^tiles sto\.tile \d+ /m, qr/^indexes sto\.transfer .*leads nowhere/m ], transfer => $changed);
is($rc, 1, '... and sto_verify');

# The index alone: its key of that row, and the entry itself.  No scan of the table sees it; a look-up would, of a repeated order.
my $in_index = index $honest{transfer_order}, pack('H*', $order);
$changed = $honest{transfer_order};
substr($changed, $in_index + 15, 1) ^= "\x01";
my $found;
($rc, $found) = with_files('a key in an index alone', [ qr/^indexes sto\.transfer $entry .*another key than its row \(transfer_order/ ], transfer_order => $changed);
unlike($found, qr/\n/, '... by the check of indexes alone: nothing else reads that index');
is($rc, 0, '... sto_verify reads rows, not indexes: whole');

sub drop_entry
{
	my ($content, $position) = @_;
	my $start = $position - $position % 8192;
	my $lower = unpack 'v', substr($content, $start + 12, 2);

	for (my $line = $start + 24; $line < $start + $lower; $line += 4)
	{
		my $item = unpack 'V', substr($content, $line, 4);
		my ($offset, $length) = ($item & 0x7fff, $item >> 17);

		next if $position - $start < $offset || $position - $start >= $offset + $length;
		substr($content, $line, 4) = pack 'V', $item | (3 << 15);
		return $content;
	}
	die 'no such item';
}

with_files('an entry dropped from an index', [ qr/^indexes sto\.transfer $entry .*a row is missing in the index \(transfer_order/ ], transfer_order => drop_entry($honest{transfer_order}, $in_index));

# With checksums the server itself won't read the page; every check that needs it says so.
PostgreSQL::Test::Utils::system_or_bail('pg_checksums', '--enable', '-D', $node->data_dir);
{
	my $enabled = slurp_file($file{transfer});

	$changed = $enabled;
	substr($changed, $at + 7, 1) ^= "\x10";
	write_file('transfer', $changed);
	$node->start;
	like(verify($node), qr/^log .*it stopped: invalid page in block $page of relation/m, 'a bit of a row on disk, with checksums: the page is not read');
	($rc) = sto_verify($node);
	isnt($rc, 0, '... and sto_verify does not say whole');
	$node->stop;
	write_file('transfer', $enabled);
}
$node->start;
is(verify($node), 'whole', 'all was put back');

# An old backup goes on: nothing in it tells; what others have kept does.
my $witness_vkey = value($node, "SELECT sto_test.vkey('north.example/witness', 4, 811)");
my $witness_key = key_file(811);

sub witness
{
	my ($server) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sto_witness', '--conn', $server->connstr('postgres'), '--key', $witness_key, '--name', 'north.example/witness', '--log-key', $log_vkey, '--state', "$folder/north.state", '--once' ], '>', \$out, '2>', \$err);
	return (($? >> 8), "$out$err");
}

sub kept_checkpoint
{
	my ($name, $server) = @_;

	open my $handle, '>:raw', "$folder/$name" or die;
	print $handle value($server, 'SELECT sto.checkpoint()');
	close $handle;
	return "$folder/$name";
}

sub trades { my ($server, $n, $amount) = @_; value($server, "SELECT sto_test.trade(1 + n % 5, 6 + n % 5, $amount) FROM generate_series(1, $n) AS n") }

sealed($node, 'sealed before the backup');
is((witness($node))[0], 0, 'the witness has cosigned');
my $early = kept_checkpoint('early', $node);
$node->backup('base');
trades($node, 20, 1);
my $size = sealed($node, 'the ledger went on');
is((witness($node))[0], 0, '... and the witness has seen it');
my $late = kept_checkpoint('late', $node);

my $old = PostgreSQL::Test::Cluster->new('old');
$old->init_from_backup($node, 'base');
$old->start;
trades($old, 3, 2);
cmp_ok(sealed($old, 'an old backup goes on, signed with the same key'), '<', $size, 'it is shorter');
is(verify($old), 'whole', 'an old backup that goes on: sto.verify() finds nothing, and nothing in it could');
($rc) = sto_verify($old, '--checkpoint', $early);
is($rc, 0, '... nor does sto_verify, with a checkpoint from before');
my $out;
($rc, $out) = sto_verify($old, '--checkpoint', $late);
isnt($rc, 0, '... with one from after it does not say whole');
like($out, qr/checkpoint|$size/, '... and says why');
($rc, $out) = witness($old);
is($rc, 1, '... and the witness refuses to cosign');
like($out, qr/REFUSED \(roll-back\)/, '... as a roll-back');
like(verify($old), qr/^foreign_checkpoints .*tree size $size: .*roll-back, or two histories/, '... which it reports, so that sto.verify() says so from then on');

# Two primaries after a split: each is whole on its own, and no proof leads from one to the other.
trades($old, 40, 2);
($rc, $out) = sto_verify($old, '--checkpoint', $late);
is($rc, 1, 'two primaries: sto_verify, with a checkpoint of the other') or diag $out;
($rc, $out) = sto_verify($node, '--checkpoint', $late, '--witness-key', $witness_vkey, '--witnesses', 1);
is($rc, 0, '... the one that the witness followed is whole') or diag $out;
isnt(value($old, "SELECT sto.tree_root($size)"), value($node, "SELECT sto.tree_root($size)"), '... their roots differ')
	if value($old, 'SELECT sto.tree_size()') >= $size;
is(verify($node), 'whole', '... by sto.verify() too');
$old->stop;
$node->stop;

done_testing();
