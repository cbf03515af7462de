# sto_witness against a ledger that says whatever it likes: a database with functions named as the ledger's, whose
# answers this test writes.  Tree, notes and signatures are made here, by openssl and by RFC 9162 to the letter.
use strict;
use warnings FATAL => 'all';

use StoTest;
use Digest::SHA qw(sha256);
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('liar', "shared_preload_libraries = ''");
$node->start;
$node->safe_psql('postgres', q{
	CREATE SCHEMA sto;
	CREATE TABLE sto.said (checkpoint text, proof text);
	INSERT INTO sto.said VALUES (NULL, NULL);
	CREATE TABLE sto.got (n serial, note text);
	CREATE TABLE sto.reported (n serial, note text);
	CREATE FUNCTION sto.checkpoint(bigint) RETURNS text LANGUAGE sql AS 'SELECT checkpoint FROM sto.said';
	CREATE FUNCTION sto.consistency_proof(bigint, bigint) RETURNS text LANGUAGE sql AS 'SELECT proof FROM sto.said';
	CREATE FUNCTION sto.add_cosignature(note text) RETURNS bigint LANGUAGE sql AS
		'INSERT INTO sto.got (note) VALUES ($1); SELECT 1::bigint';
	CREATE FUNCTION sto.report_checkpoint(note text) RETURNS void LANGUAGE sql AS
		'INSERT INTO sto.reported (note) VALUES ($1)';
});

my $folder = PostgreSQL::Test::Utils::tempdir();
our $conn = $node->connstr('postgres');
my $origin = 'ledger.example/00000000-0000-8000-8000-000000000001';
my $wname = 'regulator.example/witness';

# Keys, notes -------------------------------------------------------------------

sub new_key
{
	my ($name, $algorithm) = @_;

	system_or_bail('openssl', 'genpkey', '-algorithm', $algorithm // 'ed25519', '-out', "$folder/$name.pem");
	chmod 0600, "$folder/$name.pem";
	return "$folder/$name.pem";
}

sub octets_of
{
	my @command = @_;

	open my $pipe, '-|', @command or die "@command: $!";
	binmode $pipe;
	local $/;
	my $out = <$pipe>;
	close $pipe or die "@command failed";
	return $out;
}

sub public_key { return substr octets_of('openssl', 'pkey', '-in', $_[0], '-pubout', '-outform', 'DER'), -32 }

sub sign
{
	my ($key, $message) = @_;

	unlink "$folder/message";
	append_to_file("$folder/message", $message);
	return octets_of('openssl', 'pkeyutl', '-sign', '-rawin', '-inkey', $key, '-in', "$folder/message");
}

sub key_id { my ($name, $type, $key) = @_; return substr sha256("$name\n" . chr($type) . $key), 0, 4 }

sub vkey
{
	my ($name, $type, $file) = @_;
	my $key = public_key($file);

	return "$name+" . unpack('H*', key_id($name, $type, $key)) . '+' . encode_base64(chr($type) . $key, '');
}

sub line
{
	my ($name, $type, $file, $sig) = @_;

	return "\xe2\x80\x94 $name " . encode_base64(key_id($name, $type, public_key($file)) . $sig, '') . "\n";
}

sub text { my ($size, $root, $from) = @_; return ($from // $origin) . "\n$size\n" . encode_base64($root, '') . "\n" }

sub signed_note
{
	my ($key, $text) = @_;

	return "$text\n" . line($origin, 1, $key, sign($key, $text));
}

# RFC 9162 2.1.1 and 2.1.4.1 ----------------------------------------------------

sub leaves { my ($n, $what) = @_; return map { sha256("\0" . ($what // 'leaf') . $_) } 1 .. $n }

sub split_at { my $k = 1; $k *= 2 while $k * 2 < $_[0]; return $k }

sub root
{
	return sha256('') if !@_;
	return $_[0] if @_ == 1;
	my $k = split_at(scalar @_);
	return sha256("\1" . root(@_[ 0 .. $k - 1 ]) . root(@_[ $k .. $#_ ]));
}

sub subproof
{
	my ($m, $whole, @d) = @_;

	return $whole ? () : (root(@d)) if $m == @d;
	my $k = split_at(scalar @d);
	return $m <= $k
	  ? (subproof($m, $whole, @d[ 0 .. $k - 1 ]), root(@d[ $k .. $#d ]))
	  : (subproof($m - $k, 0, @d[ $k .. $#d ]), root(@d[ 0 .. $k - 1 ]));
}

sub proof { my ($m, @d) = @_; return '{' . join(',', map { unpack 'H*', $_ } subproof($m, 1, @d)) . '}' }

# The ledger's answers, the witness's rounds ------------------------------------

my $log = new_key('log');
our $own = new_key('witness');
our $state = "$folder/state";

sub says
{
	my ($checkpoint, $proof) = @_;
	my $literal = sub { defined $_[0] ? "E'" . ($_[0] =~ s/([\\'])/\\$1/gr) . "'" : 'NULL' };

	$node->safe_psql('postgres', 'UPDATE sto.said SET checkpoint = ' . $literal->($checkpoint) . ', proof = ' . $literal->($proof));
}

sub tree { my ($n, $what, $m) = @_; my @d = leaves($n, $what); says(signed_note($log, text($n, root(@d))), $m ? proof($m, @d) : undef) }

sub command
{
	return ('sto_witness', '--conn', $conn, '--key', $own, '--name', $wname, '--log-key', vkey($origin, 1, $log), '--state', $state, @_);
}

# One round must end so; returns what it said.
sub round_is
{
	my ($status, $pattern, $what, @options) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ command(@options) ], '>', \$out, '2>', \$err);
	is($? >> 8, $status, "$what: exit status");
	like("$out$err", $pattern, "$what: says so");
	return "$out$err";
}

sub count { return $node->safe_psql('postgres', "SELECT count(*) FROM sto.$_[0]") }
sub kept { return -e $state ? slurp_file($state) : '' }

# Before anything is signed
round_is(0, qr/no checkpoint yet/, 'nothing signed');
ok(!-e $state, 'nothing signed: no state');

# First use
tree(5);
my $said = round_is(0, qr/taken as it is/, 'first use');
like($said, qr/^cosigned size 5 root /m, 'first use: cosigned');
my $first = $node->safe_psql('postgres', 'SELECT note FROM sto.got');
is(kept(), $first, 'the state is what was handed over');

# ... whose cosignature openssl verifies, and whose time is now
{
	my ($text, $lines) = kept() =~ /^(.*?\n)\n(.*)$/s;
	my ($base64) = $lines =~ /\Q$wname\E (\S+)/;
	my ($id, $time, $sig) = unpack 'a4 Q> a64', MIME::Base64::decode_base64($base64);

	is($id, key_id($wname, 4, public_key($own)), 'key id of a cosignature');
	cmp_ok(abs($time - time), '<', 60, 'its time');
	is($sig, sign($own, "cosignature/v1\ntime $time\n$text"), 'it is the Ed25519 signature of the text with the time');
	is($text, text(5, root(leaves(5))), 'of the very text');
}

# Idle: the ledger shows it, or has lost it
says(kept());
round_is(0, qr/nothing new: size 5/, 'idle');
is(count('got'), 1, 'idle: no second answer');
tree(5);
round_is(0, qr/cosigned size 5/, 'the ledger does not show the cosignature');
is($node->safe_psql('postgres', 'SELECT count(DISTINCT note) FROM sto.got'), 1, '... and gets the same again');

# Growth, to sizes that are one subtree, one more, many
for my $n (6, 8, 9, 64, 1000)
{
	my ($before) = kept() =~ /\n(\d+)\n/;

	tree($n, undef, $before);
	round_is(0, qr/cosigned size $n/, "growth from $before to $n");
	is((kept() =~ /\n(\d+)\n/)[0], $n, "growth to $n: kept");
}
is(count('reported'), 0, 'nothing to report so far');

# What is refused leaves the state alone, is kept as evidence, and reported
my $before = kept();

sub refused_is
{
	my ($kind, $pattern, $what) = @_;
	my ($answers, $reports) = (count('got'), count('reported'));
	my $size = (kept() =~ /\n(\d+)\n/)[0];

	unlink glob "$state.$kind-*";
	my $text = round_is(1, $pattern, $what);
	like($text, qr/REFUSED \($kind\)/, "$what: as a $kind");
	is(kept(), $before, "$what: state unchanged");
	is(count('got'), $answers, "$what: no answer");
	is(count('reported'), $reports + 1, "$what: reported");
	is($node->safe_psql('postgres', 'SELECT note FROM sto.reported ORDER BY n DESC LIMIT 1'), $before, "$what: the last note is what was reported");
	is(slurp_file("$state.$kind-$size.own"), $before, "$what: our note is kept");
	like($text, qr/\n\Q$origin\E\n$size\n/, "$what: our note is shown");
	my $note = $node->safe_psql('postgres', 'SELECT checkpoint FROM sto.said');
	is(-e "$state.$kind-$size.note" ? slurp_file("$state.$kind-$size.note") : '', $note, "$what: the ledger's note is kept");
}

tree(999);
refused_is('roll-back', qr/smaller than the last/, 'a roll-back');
says(undef);
refused_is('roll-back', qr/no checkpoint any more/, 'the ledger forgot all checkpoints');
tree(1000, 'other');
refused_is('fork', qr/another root for the size/, 'another tree of the same size');
tree(1001, 'other', 1000);
refused_is('fork', qr/proof does not lead/, 'a larger tree that is another');
{
	my @d = leaves(1001);
	my $good = signed_note($log, text(1001, root(@d)));
	my @hashes = proof(1000, @d) =~ /([0-9a-f]{64})/g;
	my %proofs = (
		'a hash changed' => join(',', @hashes[ 0 .. $#hashes - 1 ], '0' x 64),
		'a hash missing' => join(',', @hashes[ 0 .. $#hashes - 1 ]),
		'a hash too many' => join(',', @hashes, $hashes[0]),
		'two hashes swapped' => join(',', @hashes[ 1, 0 ], @hashes[ 2 .. $#hashes ]),
		'no hash' => '');
	for (sort keys %proofs)
	{
		says($good, "{$proofs{$_}}");
		refused_is('fork', qr/proof does not lead/, "proof with $_");
		is(slurp_file("$state.fork-1000.proof"), "{$proofs{$_}}", "proof with $_: is kept");
	}
	my %garbage = (
		'64 hashes' => '{' . join(',', ($hashes[0]) x 64) . '}',
		'a null' => '{NULL}',
		'half a hash' => '{' . substr($hashes[0], 1) . '}',
		'no end' => "{$hashes[0]",
		'a comma at the end' => "{$hashes[0],}",
		'spaces' => "{$hashes[0], $hashes[1]}",
		'nothing' => '');
	for (sort keys %garbage)
	{
		next if $_ eq '64 hashes';
		says($good, $garbage{$_});
		refused_is('fork', qr/as proof of consistency is none/, "for a proof, $_");
	}
	says($good, undef);
	refused_is('fork', qr/no proof of consistency/, 'no proof');
	says($good, $garbage{'64 hashes'});
	round_is(2, qr/too long/, 'a proof longer than any');
	is(kept(), $before, 'a proof longer than any: state unchanged');
}

# Evidence of one sort is kept once for a state
tree(999);
round_is(1, qr/kept as evidence/, 'a roll-back') if unlink glob "$state.roll-back-*";
tree(998);
unlike(round_is(1, qr/REFUSED/, 'another roll-back'), qr/kept as evidence/, 'the first evidence stays');
like(slurp_file("$state.roll-back-1000.note"), qr/\n999\n/, 'it is the first');

# What isn't the log's word
my @d = leaves(1001);
my $text = text(1001, root(@d));
my $good = signed_note($log, $text);
my $other = new_key('other');
my %notes = (
	'another key' => [ signed_note($other, $text), qr/not signed by the log's key/ ],
	'no signature' => [ "$text\n", qr/no signature/ ],
	'the wrong text under the signature' => [ $good =~ s/\n1001\n/\n1002\n/r, qr/signature of the log's key does not verify/ ],
	'a second, bad signature' => [ $good . line($origin, 1, $log, "\1" x 64), qr/does not verify/ ],
	'another origin' => [ do { my $t = text(1001, root(@d), 'ledger.example/other'); "$t\n" . line($origin, 1, $log, sign($log, $t)) }, qr/another log's/ ],
	'an extension line' => [ signed_note($log, "${text}more\n"), qr/lines that this ledger does not write/ ],
	'a size with a leading zero' => [ signed_note($log, "$origin\n01001\n" . (split /\n/, $text)[2] . "\n"), qr/tree size/ ],
	'a size beyond all' => [ signed_note($log, text('4611686018427387904', root(@d))), qr/tree size/ ],
	'a negative size' => [ signed_note($log, text('-1', root(@d))), qr/tree size/ ],
	'65 signatures' => [ $good . line('x.example', 1, $other, 'x' x 64) x 64, qr/more than 64/ ],
	'escape sequences' => [ "\e[2J\e]0;owned\a\n\x{7f}\n", qr/control character/ ],
	'nothing at all' => [ '', qr/no empty line/ ]);
for (sort keys %notes)
{
	my $reports = count('reported');
	says($notes{$_}[0], proof(1000, @d));
	my $out = round_is(1, $notes{$_}[1], "a note with $_");
	unlike($out, qr/[\e\a\x7f]/, "a note with $_: nothing reaches the terminal");
	is(kept(), $before, "a note with $_: state unchanged");
	is(count('reported'), $reports, "a note with $_: nothing to report");
}
says('x' x 40000, undef);
round_is(2, qr/too long/, 'a note longer than any');

# A witness's line of unknown keys is no matter
says($good . line('someone.example', 4, $other, 'x' x 72), proof(1000, @d));
round_is(0, qr/cosigned size 1001/, 'an unknown line');
unlike(kept(), qr/someone/, 'it is not kept');

# Answers that are none
$before = kept();
tree(1002, undef, 1001);
for (
	[ 'no row', 'SELECT NULL::text WHERE false', qr/empty|cosign/, 'SETOF text' ],
	[ 'two rows', "SELECT 'a'::text UNION ALL SELECT 'b'", qr/more than one row/, 'SETOF text' ],
	[ 'an error', "SELECT (1 / (random() * 0)::int)::text", qr/division by zero/, 'text' ],
	[ 'the end of the session', 'SELECT pg_terminate_backend(pg_backend_pid())::text', qr/terminat|closed/, 'text' ])
{
	my ($what, $body, $pattern, $type) = @$_;

	$node->safe_psql('postgres', "DROP FUNCTION sto.checkpoint; CREATE FUNCTION sto.checkpoint(bigint) RETURNS $type LANGUAGE sql AS \$\$ $body \$\$");
	round_is(2, $pattern, $what);
	is(kept(), $before, "$what: state unchanged");
}
$node->safe_psql('postgres', q{DROP FUNCTION sto.checkpoint; CREATE FUNCTION sto.checkpoint(bigint) RETURNS text LANGUAGE sql AS 'SELECT checkpoint FROM sto.said'});
$node->safe_psql('postgres', q{CREATE OR REPLACE FUNCTION sto.consistency_proof(bigint, bigint) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '53100'; END $$});
round_is(2, qr/gave no proof/, 'an error instead of a proof');
$node->safe_psql('postgres', q{CREATE OR REPLACE FUNCTION sto.consistency_proof(bigint, bigint) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE 'ST502'; END $$});
refused_is('fork', qr/no tree of the size/, 'the ledger denies a size that it signed');
$node->safe_psql('postgres', q{CREATE OR REPLACE FUNCTION sto.consistency_proof(bigint, bigint) RETURNS text LANGUAGE sql AS 'SELECT proof FROM sto.said'});

# A ledger that never answers, while it is asked and while it is connected to, says nothing of itself.
$node->safe_psql('postgres', q{ALTER FUNCTION sto.checkpoint(bigint) RENAME TO kept;
	CREATE FUNCTION sto.checkpoint(bigint) RETURNS text LANGUAGE sql AS $$ SELECT NULL::text FROM pg_sleep(120) $$});
round_is(2, qr/gave no checkpoint: no answer in time/, 'no answer', '--timeout', '1');
$node->safe_psql('postgres', q{DROP FUNCTION sto.checkpoint(bigint); ALTER FUNCTION sto.kept(bigint) RENAME TO checkpoint});
{
	my $deaf = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "socket: $!";
	local $conn = 'host=127.0.0.1 port=' . $deaf->sockport . ' dbname=ledger connect_timeout=2';

	round_is(2, qr/gave no checkpoint: .*timeout expired/, 'no connection');
}

# What a server says before there is a connection comes harmless to a terminal, from both programs.
{
	my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "socket: $!";
	local $conn = 'host=127.0.0.1 port=' . $server->sockport . ' dbname=ledger sslmode=disable gssencmode=disable';
	my $notice = "SNOTICE\0C00000\0Mred \e[31m\e]0;title\a\0\0";
	my $pid = fork // die;

	if ($pid == 0)
	{
		while (my $client = $server->accept)
		{
			$client->sysread(my $start, 1000);
			$client->syswrite('R' . pack('NN', 8, 0) . 'N' . pack('N', 4 + length $notice) . $notice);
			close $client;
		}
		POSIX::_exit(0);
	}
	for my $command ([ command() ], [ 'sto_verify', '--conn', $conn, '--genesis', '0' x 64 ])
	{
		my ($out, $err) = ('', '');

		IPC::Run::run($command, '>', \$out, '2>', \$err);
		is($? >> 8, 2, "$command->[0], a notice before the connection: exit status");
		like($err, qr/NOTICE: +red/, "$command->[0], a notice before the connection: it is shown");
		unlike("$out$err", qr/[\e\a]/, "$command->[0], a notice before the connection: nothing that a terminal obeys");
	}
	kill 'KILL', $pid;
	waitpid $pid, 0;
}

# Saved, then answered: killed in between, it answers later, and the same
$node->safe_psql('postgres', q{CREATE OR REPLACE FUNCTION sto.add_cosignature(note text) RETURNS bigint LANGUAGE sql AS 'SELECT pg_sleep(60); SELECT 1::bigint'});
my $pid = fork // die;
if ($pid == 0)
{
	open STDOUT, '>', "$folder/killed.out";
	open STDERR, '>&', \*STDOUT;
	exec command();
}
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%add_cosignature%' AND application_name = 'sto_witness'}), 'it answers');
like(kept(), qr/\n1002\n/, 'by then the state is saved');
round_is(2, qr/another sto_witness works with/, 'a second one meanwhile');
kill 'KILL', $pid;
waitpid $pid, 0;
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sto_witness'});
$node->safe_psql('postgres', q{CREATE OR REPLACE FUNCTION sto.add_cosignature(note text) RETURNS bigint LANGUAGE sql AS 'INSERT INTO sto.got (note) VALUES ($1); SELECT 1::bigint'});
$before = kept();
round_is(0, qr/cosigned size 1002/, 'after the kill');
is(kept(), $before, 'it signed nothing new');
is($node->safe_psql('postgres', 'SELECT note FROM sto.got ORDER BY n DESC LIMIT 1'), $before, 'but answered what it had saved');

# Not saved, not answered
my $sealed = "$folder/sealed";
mkdir $sealed;
{
	local $state = "$sealed/state";
	tree(1002);
	round_is(0, qr/cosigned size 1002/, 'in another folder');
	tree(1003, undef, 1002);
	my $answers = count('got');
	mkdir "$state.tmp";
	round_is(2, qr/not cosigned, since the state could not be saved/, 'the state can not be saved');
	is(count('got'), $answers, 'no answer then');
	rmdir "$state.tmp";

	# A damaged state is no first use
	my $whole = slurp_file($state);
	for my $damage ('', substr($whole, 0, 100), $whole =~ s/\n1002\n/\n1001\n/r, 'x' x 50000)
	{
		unlink $state;
		append_to_file($state, $damage);
		round_is(2, qr/is not a checkpoint that this witness cosigned/, 'a damaged state of ' . length($damage) . ' octets');
		is(slurp_file($state), $damage, 'it is left as it is');
	}
}

# Nor is what isn't a file, such as a link to a disk that isn't mounted
for my $case ([ 'a link', sub { symlink "$folder/not_mounted/state", $_[0] } ], [ 'a FIFO', sub { POSIX::mkfifo($_[0], 0600) } ], [ 'a folder', sub { mkdir $_[0] } ])
{
	my ($what, $make) = @$case;
	local $state = "$folder/no_file";

	$make->($state) or die "$what: $!";
	round_is(2, qr/is no regular file/, "for a state, $what");
	ok(-l $state || -p $state || -d $state, "for a state, $what: it stays");
	-d $state ? rmdir $state : unlink $state;
}

# No room for the evidence: it is refused all the same, and what could not be kept is kept later, whole
{
	local $state = "$folder/no_room";
	my @names = map { "$state.roll-back-1002.$_" } 'note', 'own';
	my ($out, $err) = ('', '');

	tree(1002);
	round_is(0, qr/cosigned size 1002/, 'while there is room');
	tree(999);
	IPC::Run::run([ 'sh', '-c', 'trap "" XFSZ; ulimit -f 0; exec "$@"', 'sh', command() ], '>', \$out, '2>', \$err);
	is($? >> 8, 1, 'no room for evidence: refused');
	like($err, qr/REFUSED \(roll-back\).*could not write/s, '... and says that it could not be kept');
	is(join(' ', grep { -e } @names), '', '... nor is a part of it');
	round_is(1, qr/kept as evidence/, 'with room again');
	is(slurp_file($names[0]), $node->safe_psql('postgres', 'SELECT checkpoint FROM sto.said'), '... what the ledger gave is kept');
	is(slurp_file($names[1]), kept(), '... and our own note');
}

# The log's key is replaced: the old one still says what was, the new one what is
my $old_log = $log;
$log = new_key('log2');
tree(1003, undef, 1002);
{
	my $new = vkey($origin, 1, $log);
	my $both = sub { round_is($_[0], $_[1], $_[2], '--log-key', vkey($origin, 1, $old_log)) };
	$both->(0, qr/cosigned size 1003/, 'signed by the new key');
	round_is(0, qr/cosigned size 1003/, 'only the new key is named');
	$log = $old_log;
	tree(1004, undef, 1003);
	round_is(0, qr/cosigned size 1004/, 'the old key signs, and is named');
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'sto_witness', '--conn', $conn, '--key', $own, '--name', $wname, '--log-key', $new, '--state', $state ], '>', \$out, '2>', \$err);
	is($? >> 8, 1, 'the old key signs, and is not named: refused');
	like($err, qr/not signed by the log's key/, '... since it is not the log\'s any more');
}

# Our own key is replaced: the same tree is signed anew
$own = new_key('witness2');
my $last = kept();
round_is(0, qr/cosigned size 1004/, 'our own key replaced');
isnt(kept(), $last, 'signed by the new one');
my $line = line($wname, 4, $own, 'x' x 72);
like(kept(), qr/\Q${\substr $line, 0, length($wname) + 9}\E/, 'its key id is there');

# A key in a token signs as one in a file does
{
	my $file = $own;
	my $token = sub { my ($out, $err); IPC::Run::run([ 'softhsm2-util', @_ ], '>', \$out, '2>', \$err) or die "no token: $err" };
	local $ENV{SOFTHSM2_CONF} = "$folder/softhsm.conf";

	mkdir "$folder/tokens" or die;
	append_to_file($ENV{SOFTHSM2_CONF}, "directories.tokendir = $folder/tokens\n");
	append_to_file("$folder/pin", '5678');
	chmod 0600, "$folder/pin";
	$token->(qw(--init-token --free --label regulator --pin 5678 --so-pin 1234));
	$token->('--import', $file, qw(--token regulator --label cosigns --id 07 --pin 5678));
	local $own = "pkcs11:token=regulator;object=cosigns?pin-source=$folder/pin&module-path=/usr/lib/softhsm/libsofthsm2.so";
	local $state = "$folder/token.state";
	round_is(0, qr/cosigned size 1004/, 'a key in a token');
	my ($text, $lines) = kept() =~ /^(.*?\n)\n(.*)$/s;
	my ($base64) = $lines =~ /\Q$wname\E (\S+)/;
	my (undef, $time, $sig) = unpack 'a4 Q> a64', MIME::Base64::decode_base64($base64);
	is($sig, sign($file, "cosignature/v1\ntime $time\n$text"), 'a key in a token: the signature is that of the file');
	$own =~ s/cosigns/nothing/;
	round_is(2, qr/could not open the key of --key: the token holds no such/, 'a key that is not in the token');
}

# In a loop: goes on over a lost connection, and over a refusal
tree(1005, undef, 1004);
my ($out, $err) = ('', '');
my $loop = IPC::Run::start([ command('--interval', '1') ], '>', \$out, '2>', \$err);
my $waits = sub { my $re = shift; for (1 .. 300) { $loop->pump_nb; return 1 if "$out$err" =~ $re; select undef, undef, undef, 0.1 } return 0 };
ok($waits->(qr/cosigned size 1005/), 'loop: cosigns');
$node->stop('immediate');
ok($waits->(qr/gave no checkpoint/), 'loop: the server is gone');
$node->start;
tree(1006, undef, 1005);
ok($waits->(qr/cosigned size 1006/), 'loop: goes on once it is back');
tree(1005);
ok($waits->(qr/REFUSED \(roll-back\)/), 'loop: refuses');
tree(1007, undef, 1006);
ok($waits->(qr/cosigned size 1007/), 'loop: goes on with the right copy');
is(scalar(() = $err =~ /REFUSED/g), 1, 'loop: says once what it refuses');
$loop->signal('TERM');
$loop->finish;

# Keys and options
chmod 0644, $own;
round_is(2, qr/could not open the key/, 'a key that others can read');
chmod 0600, $own;
{
	local $own = new_key('exchange', 'x25519');
	round_is(2, qr/could not open the key/, 'a key that can not sign');
}
for my $case (
	[ 'no arguments', 2, qr/--key and --name are needed/ ],
	[ 'an unknown option', 2, qr/bad options/, '--nothing' ],
	[ 'an interval of nothing', 2, qr/bad options/, '--interval', '0' ],
	[ 'no time for answers', 2, qr/bad options/, '--timeout', '0' ],
	[ 'once and for ever', 2, qr/bad options/, '--once', '--interval', '5' ],
	[ 'a name with a space', 2, qr/--name: /, 'vkey', '--key', $own, '--name', 'a b' ],
	[ 'help', 0, qr/Exit status: 0 cosigned/, '--help' ],
	[ 'the public key', 0, qr/^\Q${\vkey($wname, 4, $own)}\E\ned25519:${\unpack 'H*', public_key($own)}\n/, 'vkey', '--key', $own, '--name', $wname ])
{
	my ($what, $status, $pattern, @options) = @$case;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sto_witness', @options ], '>', \$out, '2>', \$err);
	is($? >> 8, $status, "$what: exit status");
	like("$out$err", $pattern, "$what: says so");
}
round_is(2, qr/of another log/, 'keys of two logs', '--log-key', vkey('another.example', 1, $log));
round_is(2, qr/witness's key/, 'a witness\'s key as the log\'s', '--log-key', vkey($origin, 4, $other));

$node->stop;
done_testing();
