# Time-stamps (RFC 3161) of checkpoints from a local authority, run by openssl ts: what is taken, what is refused.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('stamped');
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE ledger');
$node->safe_psql('ledger', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'ledger');

# What the worker does, with the log's test key
$node->safe_psql('ledger', q{
	SELECT sto_test.log_key(801);
	CREATE FUNCTION sto_test.sign_newest(at timestamptz DEFAULT now()) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE
		size bigint;
	BEGIN
		SET LOCAL sto_ledger.restore = on;
		INSERT INTO sto.checkpoint (tree_size, signed_at, note)
		SELECT b.tree_size, at, t || E'\n' || E'\u2014 ' || n || ' ' || replace(encode(
		         substr(sha256(convert_to(n || E'\n', 'UTF8') || '\x01' || sto_test.key_octets(801)), 1, 4)
		         || sto_test.sign('ed25519', 801, convert_to(t, 'UTF8')), 'base64'), E'\n', '') || E'\n'
		  FROM (SELECT * FROM sto.block ORDER BY last_id DESC LIMIT 1) AS b, sto_test.log_name() AS n,
		       LATERAL (SELECT n || E'\n' || b.tree_size || E'\n' || encode(b.root::bytea, 'base64') || E'\n') AS x (t)
		RETURNING tree_size INTO size;
		RETURN size;
	END $$;
});

sub sealed
{
	$node->safe_psql('ledger', 'SELECT sto_test.trade(1, 2, 1)');
	$node->safe_psql('ledger', 'CALL sto.seal()');
	return $node->safe_psql('ledger', "SELECT sto_test.sign_newest(" . ($_[0] // 'now()') . ')');
}

# An authority: a root, and a certificate for time-stamping that it issued ---------

my $folder = PostgreSQL::Test::Utils::tempdir();

sub authority
{
	my ($name) = @_;
	my $dir = "$folder/$name";

	mkdir $dir;
	append_to_file("$dir/serial", "01\n");
	append_to_file("$dir/ts.cnf", <<"END");
[ req ]
prompt = no
distinguished_name = dn
[ dn ]
CN = $name
[ root ]
basicConstraints = critical,CA:TRUE
[ stamp ]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = critical,timeStamping
[ tsa ]
default_tsa = it
[ it ]
serial = $dir/serial
signer_cert = $dir/tsa.crt
certs = $dir/root.crt
signer_key = $dir/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384
accuracy = secs:1
END
	my $run = sub { my ($out, $err); IPC::Run::run([@_], '>', \$out, '2>', \$err) or BAIL_OUT("@_: $err") };
	$run->('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', "$dir/root.key", '-out', "$dir/root.crt",
		'-days', '30', '-subj', "/CN=$name root", '-config', "$dir/ts.cnf", '-extensions', 'root');
	$run->('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', '-keyout', "$dir/tsa.key", '-out', "$dir/tsa.csr", '-subj', "/CN=$name", '-config', "$dir/ts.cnf");
	$run->('openssl', 'x509', '-req', '-in', "$dir/tsa.csr", '-CA', "$dir/root.crt", '-CAkey', "$dir/root.key", '-CAcreateserial',
		'-days', '30', '-out', "$dir/tsa.crt", '-extfile', "$dir/ts.cnf", '-extensions', 'stamp');
	return $dir;
}

# What an authority answers to a request, in hex; each takes half a moment.
my $requests = 0;

sub reply
{
	my ($dir, $request) = @_;
	my $base = "$folder/request" . ++$requests;
	my ($out, $err);

	append_to_file("$base.hex", $request);
	open my $file, '>:raw', "$base.tsq" or die $!;
	print $file pack 'H*', $request;
	close $file;
	IPC::Run::run([ 'openssl', 'ts', '-reply', '-queryfile', "$base.tsq", '-config', "$dir/ts.cnf", '-out', "$base.tsr" ], '>', \$out, '2>', \$err);
	return unpack 'H*', slurp_file("$base.tsr");
}

sub request { return $node->safe_psql('ledger', "SELECT encode(sto.timestamp_request($_[0]), 'hex')") }
sub register { my ($name, $file) = @_; my $pem = slurp_file($file); $node->safe_psql('ledger', "SELECT sto_test.time_authority('$name', \$pem\$$pem\$pem\$)") }
sub stamps { return $node->safe_psql('ledger', 'SELECT count(*) FROM sto.time_stamp') }
sub add { my ($size, $hex) = @_; return "SELECT sto.add_timestamp($size, '\\x$hex')" }

my $good = authority('good');
my $other = authority('other');
my $size = sealed();

# The request is what openssl expects: version 1, SHA-256 of the checkpoint's text, certificate asked for
{
	my ($out, $err);
	my $hash = $node->safe_psql('ledger', q{SELECT encode(sha256(convert_to(split_part(sto.checkpoint(), E'\n\n', 1) || E'\n', 'UTF8')), 'hex')});
	append_to_file("$folder/shown.hex", request(''));
	open my $file, '>:raw', "$folder/shown.tsq" or die $!;
	print $file pack 'H*', request('');
	close $file;
	IPC::Run::run([ 'openssl', 'ts', '-query', '-in', "$folder/shown.tsq", '-text' ], '>', \$out, '2>', \$err);
	like($out, qr/Version: 1\n.*Hash Algorithm: sha256\n.*Certificate required: yes/s, 'the request is one');
	my $shown = join '', $out =~ /^ +[0-9a-f]{4} - ([0-9a-f -]{47})/mg;
	is($shown =~ s/[ -]//gr, $hash, 'it is over the text of the newest checkpoint');
	is(request($size), request(''), 'the newest by default');
}

refused($node, 'ledger', add($size, reply($good, request($size))), 'ST504', 'a reply, while no authority is registered');

# Taken: the authority's issuer is registered
register('example time', "$good/root.crt");
my $stamp = reply($good, request($size));
my $time = $node->safe_psql('ledger', add($size, $stamp));
is($node->safe_psql('ledger', "SELECT '$time'::timestamptz BETWEEN now() - interval '1 min' AND now() + interval '1 s'"), 't', 'its time is now');
is($node->safe_psql('ledger', "SELECT stamped_at = '$time' FROM sto.checkpoint_status WHERE tree_size = $size"), 't', 'and shown');
is($node->safe_psql('ledger', add($size, $stamp)), $time, 'handed over again');
is(stamps(), '1', '... it is kept once');
is($node->safe_psql('ledger', "SELECT encode(reply, 'hex') FROM sto.time_stamp"), $stamp, 'as it came');

# ... and openssl accepts what was kept, over the note's text
{
	my ($out, $err);
	append_to_file("$folder/text", $node->safe_psql('ledger', q{SELECT split_part(sto.checkpoint(), E'\n\n', 1)}) . "\n");
	open my $file, '>:raw', "$folder/kept.tsr" or die $!;
	print $file pack 'H*', $node->safe_psql('ledger', "SELECT encode(reply, 'hex') FROM sto.time_stamp");
	close $file;
	IPC::Run::run([ 'openssl', 'ts', '-verify', '-data', "$folder/text", '-in', "$folder/kept.tsr", '-CAfile', "$good/root.crt" ], '>', \$out, '2>', \$err);
	like("$out$err", qr/Verification: OK/, 'openssl verifies it without us');
}

# Refused
my $later = sealed();
isnt(request($later), request($size), 'another checkpoint, another request');
like(refused($node, 'ledger', add($later, $stamp), 'ST504', 'a stamp of another checkpoint'), qr/message imprint mismatch/, '... says why');
like(refused($node, 'ledger', add($later, reply($other, request($later))), 'ST504', 'an authority that is not registered'), qr/example time: the time-stamp does not verify/, '... says under whose certificates');
my $right = reply($good, request($later));
{
	# single bits flipped: what we take of it is what openssl takes (it may be in a certificate that nothing rests on)
	my ($tried, $taken, @differ) = (0, 0);
	append_to_file("$folder/later", $node->safe_psql('ledger', q{SELECT split_part(sto.checkpoint(), E'\n\n', 1)}) . "\n");
	for (my $at = 3; $at < length($right) / 2; $at += 37)
	{
		my ($out, $err);
		my $forged = pack 'H*', $right;
		substr($forged, $at, 1) ^= chr(1 << $at % 8);
		open my $file, '>:raw', "$folder/forged.tsr" or die $!;
		print $file $forged;
		close $file;
		my $theirs = IPC::Run::run([ 'openssl', 'ts', '-verify', '-data', "$folder/later", '-in', "$folder/forged.tsr", '-CAfile', "$good/root.crt" ], '>', \$out, '2>', \$err);
		my ($rc) = $node->psql('ledger', add($later, unpack 'H*', $forged));
		$tried++;
		$taken++ if $rc == 0;
		push @differ, $at if ($rc == 0) != !!$theirs;
	}
	is("@differ", '', "bits flipped in $tried places: of the same opinion as openssl");
	cmp_ok($taken, '<', $tried / 2, "bits flipped: $taken taken");
	is($node->safe_psql('ledger', "SELECT count(*) <= 1 AND bool_and(abs(extract(epoch FROM gen_time - now())) < 60) IS NOT FALSE FROM sto.time_stamp WHERE tree_size = $later"), 't', 'none with another time');
}
refused($node, 'ledger', add($later, substr $right, 0, -2), 'ST504', 'a reply cut short');
refused($node, 'ledger', add($later, "${right}00"), 'ST504', 'a reply with more behind it');
refused($node, 'ledger', add($later, ''), 'ST504', 'an empty reply');
refused($node, 'ledger', add($later, '00' x 70000), 'ST504', 'a reply of 70,000 octets');
like(refused($node, 'ledger', add($later, reply($good, '00')), 'ST504', 'a reply that grants nothing'), qr/did not grant/, '... says so');
refused($node, 'ledger', add(1, $right), 'ST502', 'a tree size that was not signed');

# A stamp from before the checkpoint, or from after now: a clock that is wrong, or a key that was found
is($node->safe_psql('ledger', add($later, $right)), $node->safe_psql('ledger', "SELECT max(gen_time) FROM sto.time_stamp WHERE tree_size = $later"), 'the right one is taken');
{
	my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
	my $ahead = sealed("now() + interval '1 day'");
	my $usual = sealed();
	my $early;

	die 'there is no libfaketime' unless defined $library;
	{
		local @ENV{qw(LD_PRELOAD FAKETIME)} = ($library, '-1d');
		$early = authority('early');
	}
	register('early', "$early/root.crt");
	for ([ $usual, 'signed' ], [ $ahead, 'signed, by a clock that was ahead' ])
	{
		my ($of, $what) = @$_;
		my $request = request($of);
		my $old = do { local @ENV{qw(LD_PRELOAD FAKETIME)} = ($library, '-2h'); reply($early, $request) };

		like(refused($node, 'ledger', add($of, $old), 'ST504', "stamped two hours before it was $what"), qr/the time of the time-stamp can't be right/, '... says why');
		is($node->safe_psql('ledger', "SELECT count(*) FROM sto.time_stamp WHERE tree_size = $of"), '0', '... and is not kept');
		my $now = $node->safe_psql('ledger', add($of, reply($early, $request)));
		is($node->safe_psql('ledger', "SELECT abs(extract(epoch FROM '$now'::timestamptz - now())) < 60"), 't', "stamped now, $what");
	}
}

# A second authority; the first replaced under its name
register('second', "$other/tsa.crt");
my $third = sealed();
$node->safe_psql('ledger', add($third, reply($other, request($third))));
is($node->safe_psql('ledger', "SELECT count(*) FROM sto.time_stamp WHERE tree_size = $third"), '1', 'an authority by its own certificate');
sleep 2;
$node->safe_psql('ledger', add($third, reply($good, request($third))));
is($node->safe_psql('ledger', "SELECT count(*), min(gen_time) = (SELECT stamped_at FROM sto.checkpoint_status WHERE tree_size = $third) FROM sto.time_stamp WHERE tree_size = $third"), '2|t', 'two stamps, the earliest is shown');
register('example time', "$other/root.crt");
my $fourth = sealed();
refused($node, 'ledger', add($fourth, reply($good, request($fourth))), 'ST504', 'an authority that was replaced');
$node->safe_psql('ledger', add($fourth, reply($other, request($fourth))));

# Anybody may hand one over: it is what it proves that counts; nobody writes it otherwise
$node->safe_psql('postgres', 'CREATE ROLE visitor LOGIN');
sleep 2;
is($node->safe_psql('ledger', 'SET ROLE visitor; ' . add($fourth, reply($other, request($fourth))) . ' IS NOT NULL', on_error_stop => 1), 't', 'handed over by anybody');
refused($node, 'ledger', 'INSERT INTO sto.time_stamp SELECT tree_size, now(), reply FROM sto.time_stamp', 'ST401', 'written by SQL');

# Stored ones are verified again, by sto.verify() and by sto_verify; what was changed is named.
my $count = stamps();
is($node->safe_psql('ledger', "SELECT examined, ok FROM sto.verify() WHERE check_name = 'time_stamps'"), "$count|t", 'sto.verify() looks at each');
my @verifier = ('sto_verify', '--genesis', $node->safe_psql('ledger', 'SELECT genesis_hash FROM sto.ledger'),
	'--log-key', $node->safe_psql('ledger', 'SELECT sto.log_vkey()'), '--conn');
command_like([ @verifier, $node->connstr('ledger') ], qr/^time-stamped +\d+.*^time-stamp +$count time-stamps +ok\n.*^whole$/ms, 'sto_verify too');
for my $case ([ 'an octet of its signature', 'reply = set_byte(reply, octet_length(reply) - 9, get_byte(reply, octet_length(reply) - 9) # 1)' ],
	[ 'its time', "gen_time = gen_time - interval '1 hour'" ],
	[ 'its checkpoint', "tree_size = $later" ],
	[ 'all of it', "reply = ''" ])
{
	my ($what, $change) = @$case;

	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS tampered');
	$node->safe_psql('postgres', 'CREATE DATABASE tampered TEMPLATE ledger');
	# alone there: the later checkpoint may have one of the same second
	$node->safe_psql('tampered', "BEGIN; SELECT sto.begin_maintenance('test'); DELETE FROM sto.time_stamp WHERE tree_size <> $size; UPDATE sto.time_stamp SET $change WHERE tree_size = $size; COMMIT");
	is($node->safe_psql('tampered', "SELECT ok FROM sto.verify() WHERE check_name = 'time_stamps'"), 'f', "$what changed: sto.verify() names it");
	my ($out, $err) = ('', '');
	IPC::Run::run([ @verifier, $node->connstr('tampered') ], '>', \$out, '2>', \$err);
	is($? >> 8, 1, "$what changed: sto_verify says broken") or diag "$out$err";
	like($out, qr/^BROKEN: time-stamp/m, "$what changed: ... and names it");
}

# Memory, OpenSSL's too: a thousand calls leave nothing behind
my $growth = $node->safe_psql('ledger', q{
	CREATE FUNCTION sto_test.resident() RETURNS bigint LANGUAGE sql VOLATILE AS
		$$ SELECT substring(pg_read_file('/proc/self/status', 0, 4000, true) from 'VmRSS:\s+(\d+)')::bigint $$;
	CREATE FUNCTION sto_test.again(n int) RETURNS bigint LANGUAGE sql VOLATILE AS $$
		SELECT count(sto_test.refusal(format('SELECT sto.add_timestamp(%s, %L)', t.tree_size, t.reply)))
		  FROM sto.time_stamp AS t, generate_series(1, n) $$;
	SELECT sto_test.again(20);
	SELECT sto_test.resident() AS before \gset
	SELECT sto_test.again(200);
	SELECT sto_test.resident() - :before});
my ($kilobytes) = $growth =~ /(-?\d+)\z/;
cmp_ok($kilobytes, '<', 2000, 'calls leave no memory behind');

$node->stop;
done_testing();
