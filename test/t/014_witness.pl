# sto_witness with a ledger: cosigns what grows, notices an old copy that goes on and a second history, and what it says
# stops the copy's worker.  What a lying ledger can say besides is in 014_lying_ledger.pl.
use strict;
use warnings FATAL => 'all';

use StoTest;
use File::Copy qw(copy);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();

sub new_key
{
	my ($name) = @_;

	system_or_bail('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', "$folder/$name.pem");
	chmod 0600, "$folder/$name.pem";
	return "$folder/$name.pem";
}

sub run
{
	my ($out, $err) = ('', '');

	IPC::Run::run([@_], '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

# The ledger, whose worker signs with a key from a file; the file with its state lies in the data folder, so that
# copies of the server come with an old one.
my $log_key = new_key('log');
my $node = new_server('ledger', "sto_ledger.seal_databases = 'ledger'", 'sto_ledger.seal_interval = 100', "sto_ledger.log_key = '$log_key'");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE ledger');
$node->safe_psql('ledger', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'ledger');

sub hex_of_key
{
	my ($der) = map { slurp_file($_) } do {
		system_or_bail('openssl', 'pkey', '-in', $_[0], '-pubout', '-outform', 'DER', '-out', "$folder/public");
		"$folder/public"
	};
	return unpack 'H*', substr $der, -32;
}

{
	my $key = 'ed25519:' . hex_of_key($log_key);
	my $message = $node->safe_psql('ledger', "SELECT encode(sto.log_key_message('$key'), 'hex')");
	open my $file, '>:raw', "$folder/message" or die $!;
	print $file pack 'H*', $message;
	close $file;
	system_or_bail('openssl', 'pkeyutl', '-sign', '-rawin', '-inkey', $log_key, '-in', "$folder/message", '-out', "$folder/possession");
	my $possession = unpack 'H*', slurp_file("$folder/possession");
	$node->safe_psql('ledger', qq{SELECT sto_test.event('log_key', sto_test.nil(), sto_test.nil(), '{"key":"$key","possession":"$possession"}')});
}

# Everything is sealed and signed.
sub signed
{
	my ($server, $what) = @_;

	ok($server->poll_query_until('ledger', q{
		SELECT (SELECT max(tree_size) FROM sto.checkpoint)
		       = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer)}), $what);
	return $server->safe_psql('ledger', 'SELECT max(tree_size) FROM sto.checkpoint');
}

sub trades { my ($server, $n, $amount) = @_; $server->safe_psql('ledger', "SELECT sto_test.trade(1 + n % 5, 6 + n % 5, $amount) FROM generate_series(1, $n) AS n") }

# Two witnesses, as docs/witness.md tells: key, proof, registration
my %key = (north => new_key('north'), south => new_key('south'));
my $ledger_id = $node->safe_psql('ledger', 'SELECT ledger_id FROM sto.ledger');

sub register
{
	my ($party, $file) = @_;
	my $id = $node->safe_psql('ledger', "SELECT sto_test.id('$party')");
	my (undef, $vkey) = run('sto_witness', 'vkey', '--key', $file, '--name', "$party.example/witness");
	my (undef, $proof) = run('sto_witness', 'possession', '--key', $file, '--name', "$party.example/witness", '--ledger', $ledger_id, '--party', $id);
	my ($line, $key) = split /\n/, $vkey;
	chomp $proof;

	$node->safe_psql('ledger', qq{SELECT sto_test.event('witness_key', '$id', '$id', '{"name":"$party.example/witness","key":"$key","possession":"$proof"}')});
	is($node->safe_psql('ledger', "SELECT vkey FROM sto.witness_vkeys WHERE party_id = '$id'"), $line, "$party: registered, with the key that it prints");
}

for (sort keys %key)
{
	my $seed = $_ eq 'north' ? 61 : 62;
	$node->safe_psql('ledger', "SELECT sto_test.party('$_', '{$seed}'); SELECT sto_test.grant_capability('$_', 'witness')");
}
register('north', $key{north});

# A role with no right but to connect
$node->safe_psql('postgres', 'CREATE ROLE regulator LOGIN');
my $log_vkey = $node->safe_psql('ledger', 'SELECT sto.log_vkey()');

# One round; server, party, and what differs from the usual
sub round
{
	my ($server, $party, %o) = @_;

	return run('sto_witness', '--conn', $server->connstr('ledger') . ' user=regulator', '--key', $o{key} // $key{$party},
		'--name', "$party.example/witness", '--log-key', $o{log_key} // $log_vkey, '--state', $o{state} // "$folder/$party.state", '--once');
}

sub round_is
{
	my ($status, $pattern, $what, $server, $party, %o) = @_;
	my ($rc, $out, $err) = round($server, $party, %o);

	is($rc, $status, "$what: exit status");
	like("$out$err", $pattern, "$what: says so");
	return "$out$err";
}

sub strength { my ($size) = @_; return $node->safe_psql('ledger', "SELECT strength, cosignatures FROM sto.checkpoint_status WHERE tree_size = $size") }

# First use, idle, growth
my $size = signed($node, 'signed');
is(strength($size), 'weak|0', 'nobody has cosigned');
round_is(0, qr/cosigned size $size /, 'first use', $node, 'north');
is(strength($size), 'weak|1', 'one witness is weak');
round_is(0, qr/nothing new: size $size/, 'idle', $node, 'north');
round_is(2, qr/did not take the cosignature.*registered/, 'a witness that is not registered', $node, 'south');
register('south', $key{south});
round_is(0, qr/cosigned size/, 'registered since', $node, 'south');
trades($node, 1, 1);
$size = signed($node, 'signed again');
round_is(0, qr/cosigned size $size /, "$_, growth", $node, $_) for qw(north south);
is(strength($size), 'witnessed|2', 'two witnesses of different parties');
for my $n (1, 7, 300)
{
	trades($node, $n, 1);
	$size = signed($node, "$n more are signed");
	round_is(0, qr/cosigned size $size /, "north, growth by $n", $node, 'north');
}
is($node->safe_psql('ledger', 'SELECT sto.verify_cosignatures(sto.checkpoint(), (SELECT array_agg(vkey) FROM sto.witness_vkeys))'), '1', 'the note shows the cosignature');
is($node->safe_psql('ledger', 'SELECT sto.verify_checkpoint(sto.checkpoint(), sto.log_vkey())'), 't', '... and the log\'s signature');

# Saved before it answers: the answer waits for a lock when the witness is killed
trades($node, 3, 1);
$size = signed($node, 'signed before the kill');
my $blocker = $node->background_psql('ledger');
$blocker->query_safe('BEGIN; LOCK TABLE sto.cosignature IN EXCLUSIVE MODE');
{
	my $pid = fork // die;
	if ($pid == 0)
	{
		open STDOUT, '>', "$folder/killed.out";
		open STDERR, '>&', \*STDOUT;
		exec 'sto_witness', '--conn', $node->connstr('ledger') . ' user=regulator', '--key', $key{north}, '--name', 'north.example/witness', '--log-key', $log_vkey, '--state', "$folder/north.state";
	}
	ok($node->poll_query_until('ledger', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'sto_witness' AND wait_event_type = 'Lock'}), 'the answer waits');
	my $kept = slurp_file("$folder/north.state");
	like($kept, qr/\n$size\n/, 'by then it is saved');
	kill 'KILL', $pid;
	waitpid $pid, 0;
	$node->safe_psql('ledger', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sto_witness'});
	$node->poll_query_until('ledger', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'sto_witness'});
	$blocker->query_safe('COMMIT');
	is(strength($size), 'weak|0', 'the answer did not come through');
	round_is(0, qr/cosigned size $size /, 'the next round hands it over', $node, 'north');
	is(slurp_file("$folder/north.state"), $kept, 'the very same');
}
$blocker->quit;

# Three copies of the server from one base backup, here where it is now
round_is(0, qr/size $size/, 'before the backup', $node, 'north');
my $before = $size;
$node->backup('base');
trades($node, 20, 1);
$size = signed($node, 'the ledger went on');
round_is(0, qr/cosigned size $size /, 'north has seen it', $node, 'north');
copy("$folder/north.state", "$folder/newest");
my ($root) = slurp_file("$folder/newest") =~ /\n$size\n(\S+)\n/;

sub restored
{
	my ($name) = @_;
	my $server = PostgreSQL::Test::Cluster->new($name);

	$server->init_from_backup($node, 'base');
	$server->start;
	return $server;
}

# What a refusal leaves behind
sub refused_is
{
	my ($kind, $pattern, $what, $server) = @_;
	my $state = slurp_file("$folder/north.state");
	my $text;

	unlink glob "$folder/north.state.$kind-*";
	$text = round_is(1, $pattern, $what, $server, 'north');
	like($text, qr/REFUSED \($kind\)/, "$what: is a $kind");
	like($text, qr/reported to the ledger\n/, "$what: reported");
	is(slurp_file("$folder/north.state"), $state, "$what: the state stays");
	is(slurp_file("$folder/north.state.$kind-$size.own"), $state, "$what: our note is evidence");
	is($server->safe_psql('ledger', 'SELECT tree_size, note LIKE \'%' . $root . '%\' FROM sto.foreign_checkpoint'), "$size|t", "$what: the ledger keeps the report");
	my ($rc, $out) = run('sto_witness', '--conn', $server->connstr('ledger'), '--key', $key{south}, '--name', 'south.example/witness', '--log-key', $log_vkey, '--state', "$folder/fresh.$what");
	my $signed = $server->safe_psql('ledger', 'SELECT max(tree_size) FROM sto.checkpoint');
	trades($server, 2, 2);
	ok($server->poll_query_until('ledger', q{SELECT sto.tree_size() = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer)}), "$what: it is still sealed");
	ok($server->poll_query_until('ledger', q{SELECT state = 'refused' OR message ~ 'signed but not of this tree' FROM sto.worker_status}), "$what: the worker says why it signs nothing");
	is($server->safe_psql('ledger', 'SELECT max(tree_size) FROM sto.checkpoint'), $signed, "$what: nothing more is signed");
}

# An old copy goes on: its own worker can't know, the witness does
my $old = restored('old');
trades($old, 2, 2);
signed($old, 'the old copy signs: nothing there tells it');
refused_is('roll-back', qr/smaller than the last/, 'an old copy', $old);
like(slurp_file("$folder/north.state.roll-back-$size.note"), qr/^\Q${\($log_vkey =~ s,\+.*,,r)}\E\n\d+\n/, 'an old copy: its note is evidence');

# ... until the root officers say what happened; the witness's people decide for themselves
my $hex = $node->safe_psql('ledger', "SELECT encode(decode('$root', 'base64'), 'hex')");
$old->safe_psql('ledger', "SELECT sto_test.log_restart('disk lost, restored from the backup', $size, '$hex')");
my $resumed = signed($old, 'after log_restart it is signed again');
round_is(1, qr/REFUSED/, 'the witness still refuses', $old, 'north');
round_is(0, qr/cosigned size $resumed /, 'with a state begun anew it goes on', $old, 'north', state => "$folder/north.second");
$old->stop;

# A second history, up to the very same size
my $fork = restored('fork');
for (1 .. $size - $before)
{
	$fork->safe_psql('ledger', 'SELECT sto_test.trade(1, 2, 3)');
}
is(signed($fork, 'the fork is signed'), $size, 'it is as long');
refused_is('fork', qr/another root for the size/, 'a fork of equal size', $fork);
is($node->safe_psql('ledger', q{SELECT sto.verify_checkpoint($$} . slurp_file("$folder/north.state.fork-$size.note") . q{$$, sto.log_vkey())}), 't', 'both notes bear the log\'s signature: proof for anybody');
$fork->stop;

# A second history that is longer
my $longer = restored('longer');
trades($longer, 100, 3);
signed($longer, 'the longer fork is signed');
refused_is('fork', qr/proof does not lead/, 'a longer fork', $longer);
ok(-e "$folder/north.state.fork-$size.proof", 'a longer fork: its proof is kept');
$longer->stop;

# The right ledger is as good as before
round_is(0, qr/nothing new: size $size/, 'the ledger itself', $node, 'north');
trades($node, 5, 1);
$size = signed($node, 'signed on');
round_is(0, qr/cosigned size $size /, 'it goes on', $node, 'north');
is($node->safe_psql('ledger', 'SELECT count(*) FROM sto.foreign_checkpoint'), '0', 'nothing was reported to it');

# A wrong key of the log, and a proof that was tampered with
trades($node, 2, 1);
$size = signed($node, 'two more');
{
	my (undef, $vkey) = run('sto_witness', 'vkey', '--key', new_key('stranger'), '--name', 'x');
	my ($name) = $log_vkey =~ /^([^+]*)/;
	# a log's key of the same name: made by the ledger's own functions
	my $hex = hex_of_key("$folder/stranger.pem");
	my $wrong = $node->safe_psql('ledger', qq{SELECT '$name+' || encode(substr(sha256(convert_to(E'$name\\n', 'UTF8') || '\\x01$hex'), 1, 4), 'hex') || '+' || encode('\\x01$hex', 'base64')});
	round_is(1, qr/not signed by the log's key/, 'another key than the log\'s', $node, 'north', log_key => $wrong);
}
{
	my $body = $node->safe_psql('ledger', q{SELECT pg_get_functiondef('sto.consistency_proof(bigint,bigint)'::regprocedure)});
	my $replace = sub { $node->safe_psql('ledger', "BEGIN; SELECT sto.begin_maintenance('test'); $_[0]; COMMIT") };
	$replace->(q{CREATE OR REPLACE FUNCTION sto.consistency_proof(from_size bigint, to_size bigint DEFAULT NULL) RETURNS sto.digest[]
		LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT array_fill(repeat('00', 32)::sto.digest, '{3}') $$});
	$size = signed($node, 'maintenance is signed');
	my $state = slurp_file("$folder/north.state");
	round_is(1, qr/REFUSED \(fork\).*proof does not lead.*which says that it is of its tree/s, 'a function that lies', $node, 'north');
	is(slurp_file("$folder/north.state"), $state, 'a function that lies: the state stays');
	$replace->($body);
}
$size = signed($node, 'put back');
round_is(0, qr/cosigned size $size /, 'the function put back', $node, 'north');

# The witness's key is replaced: the old one counts no more, the new one takes the state over
my $second = new_key('north2');
register('north', $second);
$size = signed($node, 'the new key is in the log');
round_is(2, qr/did not take/, 'the old key', $node, 'north');
round_is(0, qr/cosigned size $size /, 'the new key', $node, 'north', key => $second);
is(strength($size), 'weak|1', 'it counts');
round_is(0, qr/cosigned size $size /, 'the other witness, after a while', $node, 'south');
is(strength($size), 'witnessed|2', 'both count');

is_sound($node, 'ledger', 'in the end');
$node->stop;
done_testing();
