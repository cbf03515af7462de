# sto_verify: a whole ledger is whole, from a primary, a standby, a subscriber and an export; what is changed is named;
# what it can't know it says.
use strict;
use warnings FATAL => 'all';

use StoTest;
use File::Copy qw(copy);
use File::Path qw(remove_tree);
use IO::Socket::INET;
use MIME::Base64;
use Digest::SHA 'sha256';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();

sub put_file
{
	my ($name, $text) = @_;

	open my $file, '>:raw', "$folder/$name" or die "$name: $!";
	print $file $text;
	close $file or die;
	return "$folder/$name";
}

# The private half of one of the test signer's keys, as PEM.
sub key_file
{
	my ($seed) = @_;
	my $name = put_file("$seed.pem", "-----BEGIN PRIVATE KEY-----\n"
		. encode_base64(pack('H*', '302e020100300506032b657004220420') . sha256("sto test key ed25519 $seed"))
		. "-----END PRIVATE KEY-----\n");

	chmod 0600, $name;
	return $name;
}

sub run
{
	my ($out, $err) = ('', '');

	IPC::Run::run([@_], '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

my $log_file = key_file(801);
my $primary = new_server('primary', "sto_ledger.seal_databases = 'ledger'", 'sto_ledger.seal_interval = 100',
	"sto_ledger.log_key = '$log_file'", "sto_ledger.log_state = 'state_%d'", 'max_wal_senders = 10');
$primary->start;
$primary->safe_psql('postgres', 'CREATE DATABASE ledger');
$primary->safe_psql('ledger', 'CREATE EXTENSION sto_ledger; CREATE PUBLICATION log FOR TABLE sto.event, sto.transfer');

# Its subscriber, from the first event on
my $subscriber = new_server('subscriber');
$subscriber->start;
$subscriber->safe_psql('postgres', 'CREATE DATABASE ledger');
$subscriber->safe_psql('ledger', 'CREATE EXTENSION sto_ledger');
my $from = $primary->connstr('ledger') =~ s/'/''/gr;
$subscriber->safe_psql('ledger', "CREATE SUBSCRIPTION log CONNECTION '$from' PUBLICATION log WITH (copy_data = false)");

sub signed
{
	my ($server, $what) = @_;

	ok($server->poll_query_until('ledger', q{
		SELECT (SELECT max(tree_size) FROM sto.checkpoint)
		       = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer)}), $what);
	return $server->safe_psql('ledger', 'SELECT max(tree_size) FROM sto.checkpoint');
}

sub trades { my ($n) = @_; $primary->safe_psql('ledger', "SELECT sto_test.trade(1 + n % 5, 6 + n % 5, 1) FROM generate_series(1, $n) AS n") }

# Every kind of event and entry, in several blocks; more than one tile
new_ledger($primary, 'ledger');
$primary->safe_psql('ledger', 'SELECT sto_test.log_key(801)');
trades(300);
signed($primary, 'a first block is signed');
$primary->safe_psql('ledger', q{
	SELECT sto_test.set_keys('w3', '{203}');
	SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "postgres"}');
	SELECT sto_test.post(sto_test.transfer_order('ACME', 'w1', 'w2', '3'), '{}');
	SELECT sto_test.redeem('ACME', 'w5', '7');
	SELECT sto_test.hold('ACME', 'w1', '10', 'pledge', '{"credit_wallet": "w2"}');
	SELECT sto_test.token('CASH', 'acme', NULL, 'cash', 2, '{"currency": "KZT"}');
	SELECT sto_test.witness('north', 61, 901); SELECT sto_test.witness('south', 62, 902);
	SELECT sto.close_day();
} . every_identity_event() . every_enforced_act());
trades(300);

my $size = signed($primary, 'all is signed');
my $genesis = $primary->safe_psql('ledger', 'SELECT genesis_hash FROM sto.ledger');
my $vkey = $primary->safe_psql('ledger', 'SELECT sto.log_vkey()');
my @base = ('--genesis', $genesis, '--log-key', $vkey);
my @witnesses = map { ('--witness-key', $_) } split /\n/, $primary->safe_psql('ledger', 'SELECT vkey FROM sto.witness_vkeys ORDER BY vkey');

# One run: its status, and what it says.
sub told
{
	my ($what, $status, $pattern, @command) = @_;
	my ($rc, $out, $err) = run(@command);

	is($rc, $status, "$what: exit status") or diag "$out$err";
	like("$out$err", $pattern, "$what: says so");
	return $out;
}

sub of { my ($server, $db) = (@_, 'ledger'); return ('sto_verify', '--conn', $server->connstr($db)) }

# Whole
{
	my $out = told('primary', 0, qr/^whole$/m, of($primary), @base);

	like($out, qr/^leaf +$size records +ok$/m, 'every record was looked at');
	like($out, qr/^checkpoint +[1-9]\d* checkpoints +ok$/m, 'checkpoints were looked at');
	like($out, qr/^tile +[2-9] tiles +ok$/m, 'tiles were looked at');
	like($out, qr/^sto\.position +[12][0-9] rows +ok$/m, 'positions were looked at');
	like($out, qr/^close +1 closes +ok$/m, 'the close was looked at');
	like($out, qr/^witnessed +no checkpoint/m, 'nobody has cosigned yet');
	is((run(of($primary), @base, '--quiet'))[1], "whole\n", '--quiet prints the verdict alone');
	like((run(of($primary), @base, '--json'))[1], qr/\A\{\n +"verdict": "whole",\n +"status": 0,/, '--json prints an object');
}
told("$_ threads", 0, qr/^whole$/m, of($primary), @base, '--jobs', $_) for 1, 2, 5;
told("$_ octets", 2, qr/^could not tell: there is no memory left/m, of($primary), @base, '--jobs', 1, '--max-memory', $_) for qw(4M 10M 20M);
told('a role without rights', 2, qr/^could not tell: .*permission denied/m, 'sto_verify', '--conn', do {
	$primary->safe_psql('ledger', 'CREATE ROLE nobody LOGIN');
	$primary->connstr('ledger') . ' user=nobody'
}, @base);
told('a role that may read all', 0, qr/^whole$/m, 'sto_verify', '--conn', do {
	$primary->safe_psql('ledger', 'CREATE ROLE auditor LOGIN BYPASSRLS IN ROLE pg_read_all_data; GRANT USAGE ON SCHEMA sto TO auditor');
	$primary->connstr('ledger') . ' user=auditor'
}, @base);

# Witnesses
for (['north', 901], ['south', 902])
{
	my ($party, $seed) = @$_;
	my ($name) = $primary->safe_psql('ledger', "SELECT name FROM sto.witness WHERE party_id = sto_test.id('$party')");

	told("$party cosigns", 0, qr/cosigned/, 'sto_witness', '--conn', $primary->connstr('ledger'), '--key', key_file($seed),
		'--name', $name, '--log-key', $vkey, '--state', "$folder/$party.state", '--once');
}
told('two witnesses', 0, qr/^witnessed +to leaf $size, .* by 2$/m, of($primary), @base, @witnesses, '--witnesses', 2);
told('one of two is not enough', 1, qr/^BROKEN: cosignature: no checkpoint has 2/m, of($primary), @base, @witnesses[0, 1], '--witnesses', 2);
my $note_file = put_file('note', $primary->safe_psql('ledger', 'SELECT sto.checkpoint()') . "\n");

# What was given
my $other = $primary->safe_psql('ledger', "SELECT sto_test.key_octets(802)");
my $wrong_vkey = do {
	my ($name) = $vkey =~ /^([^+]+)/;
	my $key = "\x01" . pack('H*', substr $other, 2);
	$name . '+' . substr(unpack('H*', sha256("$name\n$key")), 0, 8) . '+' . encode_base64($key, '')
};
told('another log key', 1, qr/^BROKEN: checkpoint, entry \d+: .*not given with --log-key/m, of($primary), '--genesis', $genesis, '--log-key', $wrong_vkey);
told('another genesis', 1, qr/^BROKEN: ledger, entry 1: /m, of($primary), '--genesis', ('0' x 63) . '1', '--log-key', $vkey);
told('no genesis', 2, qr/^could not tell: no --genesis/m, of($primary), '--log-key', $vkey);
told('no server', 2, qr/^could not tell: /m, 'sto_verify', '--conn', 'host=/nonexistent', @base);
told('an answer that nobody gets', 2, qr/could not be written/, 'sh', '-c', 'exec "$@" >/dev/full', 'sh', of($primary), @base);
told('no such command', 2, qr/unknown command/, 'sto_verify', 'nonsense');
told('no such option', 2, qr/--help/, 'sto_verify', '--nonsense');
told('help', 0, qr/Exit status/, 'sto_verify', '--help');

# Incremental: the second run reads only what is new
my $state = "$folder/state";
told('first of several', 0, qr/^whole$/m, of($primary), @base, '--state', $state);
ok(-f $state, 'the state was kept');
is((stat $state)[2] & 0777, 0600, '... for its owner alone');
trades(20);
my $later = signed($primary, 'more is signed');
my $new = $later - $size;
told('the next of several', 0, qr/^accepted before +$size leaves.*^leaf +$new records +ok\n.*^whole$/ms, of($primary), @base, '--state', $state);
told('and again', 0, qr/^leaf +0 records +ok\n.*^whole$/ms, of($primary), @base, '--state', $state);
copy($state, "$folder/damaged") or die;
{
	open my $file, '+<:raw', "$folder/damaged" or die;
	seek $file, 500, 0;
	print $file "\xff\x00\xff";
}
told('a damaged state', 2, qr/^could not tell: the state file/m, of($primary), @base, '--state', "$folder/damaged");
told('a state without signatures', 0, qr/^whole$/m, of($primary), @base, '--state', "$folder/bare", '--no-signatures');
told('... is not taken for one with', 2, qr/without their signatures/, of($primary), @base, '--state', "$folder/bare");

# A standby
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
told('standby', 0, qr/^whole$/m, of($standby), @base);

# A subscriber has no blocks, only the log
$primary->wait_for_catchup('log');
told('subscriber', 2, qr/^unsealed tail +$later /m, of($subscriber), @base);
told('subscriber without the log\'s key', 0, qr/^whole$/m, of($subscriber), '--genesis', $genesis);
told('subscriber with a checkpoint', 0, qr/^checkpoint +1 checkpoints +ok\n.*^whole$/ms, of($subscriber), @base, @witnesses, '--witnesses', 2, '--checkpoint', $note_file);
{
	my $text = slurp_file($note_file);

	told('an altered checkpoint', 1, qr/^BROKEN: checkpoint/m, of($subscriber), @base, '--checkpoint',
		put_file('altered', $text =~ s/\n(\d+)\n/"\n" . ($1 - 1) . "\n"/er));
	my ($sig) = $text =~ /^\x{e2}\x{80}\x{94} \S+ \S{20}(\S)/m;
	my $flip = $sig eq 'A' ? 'B' : 'A';
	told('an altered signature', 1, qr/^BROKEN: checkpoint/m, of($subscriber), @base, '--checkpoint',
		put_file('altered', $text =~ s/^(\x{e2}\x{80}\x{94} \S+ \S{20})\S/$1$flip/mr));
	# who nobody knows may cosign, too: its line says nothing
	my $renamed = put_file('renamed', $text =~ s/^(\x{e2}\x{80}\x{94} )north/$1south/mr);
	told('a cosignature under another name', 0, qr/^witnessed +no checkpoint/m, of($subscriber), @base, '--checkpoint', $renamed);
	told('... is missing to who asks for it', 1, qr/^BROKEN: cosignature: no checkpoint has 2/m, of($subscriber), @base, @witnesses, '--witnesses', 2, '--checkpoint', $renamed);
}
told('a state from a subscriber', 0, qr/^whole$/m, of($subscriber), @base, '--checkpoint', $note_file, '--state', "$folder/subscriber");
told('... goes on', 0, qr/^accepted before +$size leaves/m, of($subscriber), '--genesis', $genesis, '--state', "$folder/subscriber");

# An export, when the database is gone
my $export = "$folder/export";
told('export', 0, qr/^log +$later leaves.*, signed/m, 'sto_verify', 'export', $export, '--conn', $primary->connstr('ledger'));
told('the export', 0, qr/^leaf +$later records +ok\n.*^whole$/ms, 'sto_verify', '--export', $export, @base);
trades(290);
my $newest = signed($primary, 'still more is signed');
told('export again', 0, qr/^log +$newest leaves/m, 'sto_verify', 'export', $export, '--conn', $primary->connstr('ledger'));
told('the export', 0, qr/^leaf +$newest records +ok\n.*^whole$/ms, 'sto_verify', '--export', $export, @base);
{
	told('a new export', 0, qr/signed/, 'sto_verify', 'export', "$folder/anew", '--conn', $primary->connstr('ledger'));
	my ($rc, $out) = run('diff', '-r', "$folder/anew", $export);
	my @differ = grep { !/^Only in \Q$export\E\S*: \d+(\.p)?$/ } split /\n/, $out;
	is("@differ", '', 'an export made in two steps has the files of one made at once');
}
told('export of a size', 0, qr/^log +300 leaves.*, not signed/m, 'sto_verify', 'export', "$folder/small", '--conn', $primary->connstr('ledger'), '--size', 300);
told('its check', 2, qr/no signed checkpoint/, 'sto_verify', '--export', "$folder/small", @base);
told('... without a key', 0, qr/^whole$/m, 'sto_verify', '--export', "$folder/small", '--genesis', $genesis);

# No room: 4 kB a file are all that it may write.
my @confined = ('sh', '-c', 'trap "" XFSZ; ulimit -f 8; exec "$@"', 'sh');
told('an export without room', 2, qr/^could not tell: tile\S+: File too large/m, @confined, 'sto_verify', 'export', "$folder/full", '--conn', $primary->connstr('ledger'));
ok(!-e "$folder/full/checkpoint", '... has no checkpoint that speaks of what is not there');
told('a state without room', 2, qr/^could not tell: the state can't be written/m, @confined, of($primary), @base, '--state', "$folder/no room");
ok(!-e "$folder/no room", '... leaves none');

# Change one octet of a file.
sub corrupt
{
	my ($path, $at) = @_;

	open my $file, '+<:raw', $path or die "$path: $!";
	seek $file, $at, 0;
	read $file, my $octet, 1;
	seek $file, $at, 0;
	# in a checkpoint it stays base64
	print $file $path !~ /checkpoint$/ ? chr(ord($octet) ^ 1) : $octet eq 'A' ? 'B' : 'A';
	close $file;
}

for (['an entry in a bundle', 'tile/entries/001', 5000, 1, qr/^BROKEN: .*entry \d+/m], ['a tile', 'tile/0/000', 40 * 32, 1, qr/^BROKEN: tile, entry 41: /m],
	['the checkpoint\'s root', 'checkpoint', 75, 1, qr/^BROKEN: checkpoint/m], ['a length', 'tile/entries/000', 0, 1, qr/^BROKEN: /m])
{
	my ($what, $path, $at, $status, $pattern) = @$_;

	remove_tree("$folder/copy");
	system_or_bail('cp', '-r', $export, "$folder/copy");
	corrupt("$folder/copy/$path", $at);
	told("export with $what changed", $status, $pattern, 'sto_verify', '--export', "$folder/copy", @base);
}
remove_tree("$folder/copy");
system_or_bail('cp', '-r', $export, "$folder/copy");
unlink "$folder/copy/tile/entries/001" or die;
told('export with a file missing', 2, qr/^could not tell: tile\/entries\/001/m, 'sto_verify', '--export', "$folder/copy", @base);
for (['a tile', 'tile/0/000', qr/^BROKEN: tile, entry \d+: tile\/0\/000 goes on behind its last hash/m], ['a bundle', 'tile/entries/000', qr/^BROKEN: .*goes on behind its last record/m],
	['a bundle that is not full', 'tile/entries/00' . int($newest / 256) . '.p/' . $newest % 256, qr/^BROKEN: .*goes on behind its last record/m])
{
	my ($what, $path, $pattern) = @$_;

	remove_tree("$folder/copy");
	system_or_bail('cp', '-r', $export, "$folder/copy");
	ok(-f "$folder/copy/$path", "$what is there");
	append_to_file("$folder/copy/$path", "\0\1x");
	told("export with $what that is too long", 1, $pattern, 'sto_verify', '--export', "$folder/copy", @base);
}
remove_tree("$folder/copy");
system_or_bail('cp', '-r', $export, "$folder/copy");
copy("$folder/copy/tile/0/000", "$folder/copy/tile/0/999") or die;
told('export with a file that no checkpoint reaches', 0, qr/^whole$/m, 'sto_verify', '--export', "$folder/copy", @base);
unlink "$folder/copy/tile/entries/001" or die;
# what is no file is not waited for, nor is a link written through
system_or_bail('mkfifo', "$folder/copy/tile/entries/001");
told('export with a pipe in it', 2, qr/^could not tell: tile\/entries\/001/m, 'timeout', 60, 'sto_verify', '--export', "$folder/copy", @base);
symlink(put_file('precious', 'precious'), "$folder/copy/checkpoint.new") or die;
told('export through a link', 2, qr/could not|cannot|can't/, 'sto_verify', 'export', "$folder/copy", '--conn', $primary->connstr('ledger'));
is(slurp_file("$folder/precious"), 'precious', '... leaves what it points to alone');

# Any octet of any file; the seed is printed, and can be given.
{
	my $seed = $ENV{TAMPER_SEED} // int rand 1e9;
	my @files = split /\n/, (run('find', "$folder/anew", '-type', 'f'))[1];
	my @passed;

	srand $seed;
	for (1 .. 60)
	{
		my $file = $files[ rand @files ];
		my $honest = slurp_file($file);
		my $at = int rand length $honest;
		my $name = substr $file, 1 + length $folder;

		put_file($name, substr($honest, 0, $at) . (substr($honest, $at, 1) ^ chr(1 + int rand 255)) . substr($honest, $at + 1));
		my ($rc) = run('sto_verify', '--export', "$folder/anew", @base, '--no-signatures', '--quiet');
		push @passed, "$name at $at: $rc" if $rc != 1 && $rc != 2;
		put_file($name, $honest);
	}
	is("@passed", '', "none of 60 single octets of an export can be changed (TAMPER_SEED=$seed)");
	told('... and each was put back', 0, qr/^whole$/m, 'sto_verify', '--export', "$folder/anew", @base);
}

# Receipts and promises
{
	my $entry = $primary->safe_psql('ledger', 'SELECT max(entry_id) FROM sto.transfer');
	my $receipt = $primary->safe_psql('ledger', "SELECT sto.receipt($entry)") . "\n";
	my @receipt = ('sto_verify', 'receipt', put_file('receipt', $receipt));

	told('receipt', 0, qr/^entry +$entry, transfer\n.*^amount +1 smallest units\n.*^good$/ms, @receipt, '--log-key', $vkey);
	told('receipt without a witness', 1, qr/^BROKEN: witnesses/m, @receipt, '--log-key', $vkey, @witnesses, '--witnesses', 2);
	told('receipt under another key', 1, qr/^BROKEN: log's signature/m, @receipt, '--log-key', $wrong_vkey);
	my $altered = $receipt;
	$altered =~ s/^(extra \S{400})(\S)/$1 . ($2 eq 'A' ? 'B' : 'A')/me or die;
	told('altered receipt', 1, qr/^BROKEN: /m, 'sto_verify', 'receipt', put_file('altered', $altered), '--log-key', $vkey);
	told('no receipt', 1, qr/^BROKEN: receipt/m, 'sto_verify', 'receipt', $note_file, '--log-key', $vkey);
	told('no file', 2, qr/^could not tell: /m, 'sto_verify', 'receipt', "$folder/nothing", '--log-key', $vkey);

	my $promise = $primary->safe_psql('ledger', "SELECT sto.promise($entry)") . "\n";
	told('promise', 0, qr/^promised +entry $entry .*^good$/ms, 'sto_verify', 'promise', put_file('promise', $promise), '--log-key', $vkey);
	told('altered promise', 1, qr/^BROKEN: log's signature/m, 'sto_verify', 'promise', put_file('promise', $promise =~ s/\n$entry\n/"\n" . ($entry - 1) . "\n"/er), '--log-key', $vkey);
}

# A policy of witnesses counts from its own event on: what was witnessed before stays so.
$primary->safe_psql('ledger', 'SELECT sto_test.witness_policy(3)');
{
	my $under_three = signed($primary, 'another policy');

	told('a policy that came later', 0, qr/^witnessed +to leaf $size, .* by 2$/m, of($primary), @base, @witnesses);
	is($primary->safe_psql('ledger', "SELECT strength, threshold FROM sto.checkpoint_status WHERE tree_size IN ($size, $under_three) ORDER BY tree_size"),
		"witnessed|2\nweak|3", 'a policy that came later: sto.checkpoint_status says the same');
}

# Tampering, each in a copy of the database; the worker leaves these alone.
$_->stop for $standby, $subscriber;

# The worker is stopped, so that the copies are taken of a database without sessions.
$primary->append_conf('postgresql.conf', "sto_ledger.seal_databases = ''");
$primary->restart;

sub tamper
{
	my ($what, $statement, $pattern) = @_;

	$primary->safe_psql('postgres', 'DROP DATABASE IF EXISTS tampered');
	$primary->safe_psql('postgres', 'CREATE DATABASE tampered TEMPLATE ledger');
	$primary->safe_psql('tampered', "BEGIN; SELECT sto.begin_maintenance('test'); $statement; COMMIT");
	told($what, 1, ref $pattern ? $pattern : qr/$pattern/ms, of($primary, 'tampered'), @base);
}

my $mid = $primary->safe_psql('ledger', "SELECT entry_id FROM sto.transfer WHERE kind = 'transfer' ORDER BY entry_id OFFSET 100 LIMIT 1");
my $last = $primary->safe_psql('ledger', 'SELECT max(entry_id) FROM sto.transfer');
tamper('an amount', "UPDATE sto.transfer SET amount = '2' WHERE entry_id = $mid", qr/^leaf .*first entry $mid: .*^BROKEN: \w+, entry $mid: /ms);
# What was accepted is not read again: this is for a run without --state.
told('the amount, after it was accepted', 0, qr/^accepted before +\d+ leaves.*^whole$/ms, of($primary, 'tampered'), @base, '--state', $state);
tamper('a reference', "UPDATE sto.transfer SET reference = 'x' WHERE entry_id = $mid", qr/^BROKEN: (leaf|signature), entry $mid: /m);
tamper('a signature', "UPDATE sto.transfer SET signatures = set_byte(signatures, 40, get_byte(signatures, 40) # 1) WHERE entry_id = $mid", qr/^BROKEN: (leaf|signature), entry $mid: /m);
tamper('a leaf hash', "UPDATE sto.transfer SET leaf_hash = encode(sha256('x'), 'hex')::sto.digest WHERE entry_id = $mid", qr/^BROKEN: (leaf|tile), entry $mid: /m);
tamper('a body', q{UPDATE sto.event SET body = replace(body::text, '"natural"', '"legal"')::json WHERE subject = sto_test.id('p4')}, qr/^leaf .*first entry \d+: leaf_hash/m);
tamper('a row deleted', "DELETE FROM sto.transfer WHERE entry_id = $mid", qr/^BROKEN: .*entry \d+: /m);
tamper('the last row deleted', "DELETE FROM sto.transfer WHERE entry_id = $last", qr/^BROKEN: block, entry \d+: /m);
tamper('rows swapped', "UPDATE sto.transfer SET entry_id = -1 WHERE entry_id = $mid; UPDATE sto.transfer SET entry_id = $mid WHERE entry_id = $mid + 1; "
	. "UPDATE sto.transfer SET entry_id = $mid + 1 WHERE entry_id = -1", qr/^BROKEN: \w+, entry $mid: /m);
tamper('a block', "UPDATE sto.block SET root = encode(sha256('x'), 'hex')::sto.digest WHERE tree_size = $size", qr/^BROKEN: block, entry \d+: the root of the first $size /m);
tamper('a tile', 'UPDATE sto.tile SET tail = set_byte(tail, 320, get_byte(tail, 320) # 1) WHERE level = 0 AND tile = 1', qr/^BROKEN: tile, entry \d+: hash 17 of tile 1 of level 0/m);
tamper('a tile of the highest level', 'INSERT INTO sto.tile (tile, level, root, head, tail) SELECT 0, 7, root, head, tail FROM sto.tile WHERE level = 0 AND tile = 0', qr/^BROKEN: tile: tile 0 of level 7 stands for leaves that are not sealed/m);
tamper('a tile dropped', 'DELETE FROM sto.tile WHERE level = 0 AND tile = 1', qr/^BROKEN: tile, entry \d+: tile 1 of level 0 is missing/m);
tamper('a checkpoint', "UPDATE sto.checkpoint SET note = replace(note, E'\\n' || tree_size || E'\\n', E'\\n' || tree_size - 1 || E'\\n') WHERE tree_size = $size", qr/^BROKEN: checkpoint, entry \d+: /m);
tamper('a cosignature', "UPDATE sto.cosignature SET signature = set_byte(signature, 30, get_byte(signature, 30) # 1)", qr/^BROKEN: cosignature, entry \d+: /m);
tamper('a position', "UPDATE sto.position SET balance = '5' WHERE wallet = sto_test.address('w7')", qr/^BROKEN: sto\.position: .*balance is not/m);
tamper('a position deleted', "DELETE FROM sto.position WHERE wallet = sto_test.address('w7')", qr/^BROKEN: sto\.position: /m);
tamper('a key\'s validity', "UPDATE sto.key SET valid_to = now() + interval '1 year' WHERE subject = sto_test.id('w7')", qr/^BROKEN: sto\.key: .*valid_to/m);
tamper('what a key is for', "UPDATE sto.key SET used_for = 'witness' WHERE subject = sto_test.id('w7')", qr/^BROKEN: sto\.key: .*used_for is not what the log gives/m);
tamper('a capability', "UPDATE sto.capability SET granted = false WHERE party_id = sto_test.id('north')", qr/^BROKEN: sto\.capability: party \S+: granted is not what the log gives/m);
tamper('a token', "UPDATE sto.token SET authorised = '1'", qr/^BROKEN: sto\.token: /m);
tamper('a hold', "UPDATE sto.hold SET remaining = '0'", qr/^BROKEN: sto\.hold: /m);
tamper('pauses, freezes and facts', "UPDATE sto.token SET paused = NULL, receiver_only = true; UPDATE sto.wallet SET frozen = 1 WHERE kind = 'own'; "
	. "UPDATE sto.party SET incorporation = 'AF'", qr/^sto\.token .*BAD, .*receiver_only.*^sto\.party .*BAD, .*incorporation.*^sto\.wallet .*BAD, .*frozen/ms);
{
	my @tables = ([ classification => 'class', "'retail'" ], [ mandate => 'granted', 'true' ], [ beneficial_owner => 'share', '1' ],
		[ claim => 'revoked', 'NULL' ], [ token_topics => 'receiver_only', 'true' ], [ trusted_issuer => 'topics', "'{kyc}'" ],
		[ document => 'acknowledge', 'true' ], [ acknowledgement => 'actor', 'party_id' ]);

	tamper('identity and eligibility', join('; ', map { "UPDATE sto.$_->[0] SET $_->[1] = $_->[2]" } @tables),
		join('.*', map { "^sto\\.$_->[0] [^\n]*BAD, [^\n]*$_->[1]" } @tables));
}
tamper('the head of a chain of events', "UPDATE sto.subject SET head = encode(sha256('x'), 'hex')::sto.digest WHERE subject = sto_test.id('w7')", qr/^BROKEN: sto\.subject: subject \S+: head is not what the log gives/m);
tamper('a subject deleted', "DELETE FROM sto.subject WHERE subject = sto_test.id('w7')", qr/^BROKEN: sto\.subject: it has \d+ rows, the log gives /m);
tamper('a key policy', "UPDATE sto.key_policy SET policy = set_byte(policy, 0, 2) WHERE subject = sto_test.id('w7')", qr/^BROKEN: sto\.key_policy: policy \d+: policy is not what the log gives/m);
tamper('a key policy of another', "UPDATE sto.key_policy SET subject = sto_test.id('w8') WHERE subject = sto_test.id('w7')", qr/^BROKEN: sto\.key_policy: policy \d+: subject is not what the log gives/m);
tamper('a key policy too many', "INSERT INTO sto.key_policy SELECT 9000000, subject, policy FROM sto.key_policy LIMIT 1", qr/^BROKEN: sto\.key_policy: it has a row that the log does not give/m);
tamper('all of the end cut off, with its blocks', "DELETE FROM sto.checkpoint WHERE tree_size > $size; DELETE FROM sto.block WHERE tree_size > $size; "
	. "DELETE FROM sto.tile WHERE (tile + 1) * 256 > $size; DELETE FROM sto.transfer WHERE entry_id > (SELECT max(last_id) FROM sto.block)", qr/^BROKEN: /m);

# A lost connection says nothing of the ledger.
{
	my ($out, $err) = ('', '');
	my $lock = $primary->background_psql('ledger');

	$lock->query_safe('BEGIN; LOCK TABLE sto.transfer IN ACCESS EXCLUSIVE MODE');
	my $run = IPC::Run::start([ of($primary), @base ], '>', \$out, '2>', \$err);
	ok($primary->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'}), 'it waits');
	$primary->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'});
	$run->finish;
	is($run->result(0), 2, 'connection lost: exit status');
	like($out, qr/^could not tell: /m, 'connection lost: says so');
	$lock->quit;
}

# Nor does a server that says nothing, and it isn't waited for without end.
{
	my ($out, $err) = ('', '');
	my $lock = $primary->background_psql('ledger');
	my $began = time;

	$lock->query_safe('BEGIN; LOCK TABLE sto.transfer IN ACCESS EXCLUSIVE MODE');
	my $run = IPC::Run::start([ of($primary), @base, '--timeout', 2 ], '>', \$out, '2>', \$err);
	$run->finish;
	is($run->result(0), 2, 'a server that says nothing: exit status');
	like($out, qr/^could not tell: .*the server gave no answer, nor a row of it, in 2 seconds/m, 'a server that says nothing: says so');
	cmp_ok(time - $began, '<', 60, 'a server that says nothing: not waited for');
	$lock->quit;
}

# The same while it connects: this one takes connections and never answers.
{
	my $deaf = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "socket: $!";
	my $conn = 'host=127.0.0.1 port=' . $deaf->sockport . ' dbname=ledger connect_timeout=2';

	told('a server that never answers', 2, qr/^could not tell: .*timeout expired/m, 'sto_verify', '--conn', $conn, @base);
}

# On a terminal a line says how far it is; it is taken away at the end, and nothing of it is there otherwise.
{
	my ($out, $err) = ('', '');

	IPC::Run::run([ of($primary), @base ], '>pty>', \$out);
	is($? >> 8, 0, 'progress: exit status');
	like($out, qr/^(?:\r\[[# ]{30}\] +\d+ %  \d+  \d+\/s )+\r\e\[Kledger /, 'progress: a bar, which goes before the page comes');
	IPC::Run::run([ of($primary), @base ], '>', \$out, '2>', \$err);
	is($err, '', 'progress: none where nobody looks');
	IPC::Run::run([ of($primary), @base, '--quiet' ], '>pty>', \$out);
	is($out, "whole\r\n", 'progress: none if it is to be quiet');
}

$primary->stop;
done_testing();
