# sto_verify and sto_witness against a server that speaks the protocol and means ill: it never comes to an end, or
# sends more than anybody can hold.  They give up in time, within their memory, and say that they could not tell.
# No PostgreSQL is there: this test is the server.
use strict;
use warnings FATAL => 'all';

use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $folder = PostgreSQL::Test::Utils::tempdir();

# The server ---------------------------------------------------------------------

sub message { my ($type, $body) = @_; return $type . pack('N', 4 + length $body) . $body }

sub notice { return message('N', "SNOTICE\0C00000\0Mnothing new\0\0") }

sub ready { return message('Z', 'T') }

my $end = "\xff\xff"; # of a COPY

# A row of 8-octet numbers, or of a text
sub row { return message('D', pack('n', scalar @_) . join '', map { pack('N', length) . $_ } @_) }

sub names { return message('T', pack('n', $_[0]) . ("n\0" . pack('NnNnNn', 0, 0, 20, 8, -1, 1)) x $_[0]) }

# The same again until nobody listens, after every pause in seconds
sub send_for_ever
{
	my ($client, $octets, $pause) = @_;

	while ($client->syswrite($octets))
	{
		sleep $pause if $pause;
	}
	POSIX::_exit(0);
}

sub receive
{
	my ($client, $len) = @_;
	my $got = '';

	while (length $got < $len)
	{
		$client->sysread($got, $len - length $got, length $got) or POSIX::_exit(0);
	}
	return $got;
}

# What an honest server would answer, up to the first row of the log; %$how says where this one is another.
sub serve
{
	my ($client, $how) = @_;
	my @values;

	local $SIG{PIPE} = 'IGNORE';
	receive($client, unpack('N', receive($client, 4)) - 4);
	$client->syswrite(message('R', pack('N', 0)));
	send_for_ever($client, @{ $how->{let_in} }) if $how->{let_in};
	$client->syswrite(message('S', "$_\0")) for "server_version\0" . '15.0', "default_transaction_read_only\0off", "in_hot_standby\0off";
	$client->syswrite(ready());
	for (;;)
	{
		my $type = receive($client, 1);
		my $text = receive($client, unpack('N', receive($client, 4)) - 4);

		if ($type eq 'P')
		{
			@values = $text =~ /row_security/ ? 1 : $text =~ /to_regclass/ ? (1, 0) : (0, 0);
		}
		elsif ($type eq 'S')
		{
			send_for_ever($client, @{ $how->{asked} }) if $how->{asked};
			$client->syswrite(message('1', '') . message('2', '') . names(scalar @values)
				. row(map { pack 'q>', $_ } @values) . message('C', "SELECT 1\0") . ready());
		}
		elsif ($type eq 'Q' && $text =~ /^COPY/)
		{
			my $first = $text =~ /FROM ONLY sto\.event/ ? $how->{first} : undef;

			$client->syswrite(message('H', pack('Cnn', 1, 1, 1)));
			send_for_ever($client, @{ $how->{copy} }) if $how->{copy};
			$client->syswrite(message('d', "PGCOPY\n\xff\r\n\0" . pack('NN', 0, 0) . ($first // $end)));
			send_for_ever($client, @{ $how->{then} }) if $how->{then};
			$client->syswrite(message('d', $end)) if $first;
			$client->syswrite(message('c', '') . message('C', "COPY 1\0") . ready());
		}
		elsif ($type eq 'Q' && $text =~ /pg_export_snapshot/)
		{
			$client->syswrite(names(1) . row('1-1') . message('C', "SELECT 1\0") . ready());
		}
		elsif ($type eq 'Q')
		{
			send_for_ever($client, @{ $how->{settings} }) if $how->{settings};
			$client->syswrite(message('C', "SET\0") . ready());
		}
		POSIX::_exit(0) if $type eq 'X';
	}
}

# Both programs against it: their status and what they say
sub against
{
	my ($how, @command) = @_;
	my $server = IO::Socket::INET->new(Listen => 9, LocalAddr => '127.0.0.1') or die "socket: $!";
	my $conn = 'host=127.0.0.1 port=' . $server->sockport . ' user=u dbname=d sslmode=disable gssencmode=disable';
	my ($out, $err) = ('', '');
	my $pid = fork // die;

	if ($pid == 0)
	{
		local $SIG{CHLD} = 'IGNORE';
		setpgrp;
		while (my $client = $server->accept)
		{
			next if fork;
			serve($client, $how);
		}
		POSIX::_exit(0);
	}
	IPC::Run::run([ @command, '--conn', $conn ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(120));
	my $status = $?;
	kill 'KILL', -$pid;
	waitpid $pid, 0;
	return ($status & 127 ? "signal $status" : $status >> 8, "$out$err");
}

# The programs -------------------------------------------------------------------

system_or_bail('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', "$folder/key.pem");
chmod 0600, "$folder/key.pem";

my @witness = ('sto_witness', '--key', "$folder/key.pem", '--name', 'regulator.example/witness', '--state', "$folder/state",
	'--log-key', 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k');
my @verify = ('sto_verify', '--genesis', '0' x 64, '--jobs', 2);
my $late = qr/gave no answer, nor a row of it, in 1 seconds/;

sub gives_up
{
	my ($what, $how, $pattern, @command) = @_;
	my $began = time;
	my ($status, $said) = against($how, @command);

	is($status, 2, "$what: could not tell") or diag $said;
	like($said, $pattern, "$what: says why");
	cmp_ok(time - $began, '<', 30, "$what: in time");
	return;
}

# An honest one comes to an end: what follows is not for want of an answer.
{
	my ($status, $said) = against({}, @verify, '--timeout', 1);

	is($status, 1, 'an empty log');
	like($said, qr/^BROKEN: order: the log has no genesis event$/m, 'an empty log: says so');
}

# Something comes all the time, but never what was asked for.
my @little = (notice(), 0.1);
my @much = (notice() x 1000);
for my $program ([ 'sto_verify', $late, @verify ], [ 'sto_witness', qr/no answer|$late/, @witness ])
{
	my ($name, $pattern, @command) = (@$program, '--timeout', 1);

	gives_up("$name: notices for ever, once it is let in", { let_in => \@much }, $pattern, @command);
	gives_up("$name: a notice now and then, once it is let in", { let_in => \@little }, qr/timeout expired|$late/, @command);
	gives_up("$name: notices for ever", { asked => \@much }, $pattern, @command);
	gives_up("$name: a notice now and then", { asked => \@little }, $pattern, @command);
	gives_up("$name: an answer by the octet", { asked => [ "D\0", 0.1 ] }, $pattern, @command);
}
gives_up('answers for ever', { settings => [ message('C', "SET\0") x 1000 ] }, $late, @verify, '--timeout', 1);
gives_up('a row by the octet', { copy => [ 'd', 0.1 ] }, $late, @verify, '--timeout', 1);
gives_up('empty rows for ever', { copy => [ message('d', '') x 1000 ] }, $late, @verify, '--timeout', 1);
gives_up('the end for ever', { then => [ message('d', $end) x 1000 ] }, qr/malformed COPY stream/, @verify, '--timeout', 1);

# More than anybody can hold: a gigabyte is announced, and comes; or there is no end of what is small.
my $gigabyte = pack('N', 1 << 30);
my $filler = 'x' x (1 << 20);
my $short = qr/memory/;
my @bound = ('--max-memory', '100M', '--timeout', 5);
gives_up('a row of a gigabyte', { copy => [ "d$gigabyte$filler" ] }, $short, @verify, @bound);
gives_up('an error of a gigabyte', { asked => [ "E$gigabyte$filler" ] }, $short, @verify, @bound);
gives_up('rows for ever', { asked => [ message('1', '') . message('2', '') . names(1) . row('x' x 8) x 10000 ] }, qr/memory|$late/, @verify,
	'--max-memory', '100M', '--timeout', 1);
gives_up('parameters for ever', { let_in => [ message('S', 'x' x 9000 . "\0" . 'x' x 9000 . "\0") x 50 ] }, qr/memory|$late/, @verify,
	'--max-memory', '100M', '--timeout', 1);
gives_up('sto_witness: a row of a gigabyte', { asked => [ "D$gigabyte$filler" ] }, $short, @witness);
gives_up('too little to begin with', {}, $short, @verify, '--max-memory', '100K');
{
	my ($status, $said) = against({}, @verify, '--max-memory', '100K', '--json');

	is($status, 2, 'too little, as JSON');
	like($said, qr/"verdict": "could not tell",\n +"status": 2,\n +"reason": "there is no memory left/, 'too little, as JSON: an object still');
}
for my $size ('', '1.5G', '-1', '10000000T', 'G', '1KB')
{
	my ($status, $said) = against({}, @verify, '--max-memory', $size);

	is($status, 2, "--max-memory '$size'");
	like($said, qr/--max-memory is not a number/, "--max-memory '$size': says so");
}
is((against({}, @verify, '--max-memory', 0))[0], 1, 'no bound');

# A row that is longer than any can be is a finding, and takes no memory.
{
	my $long = pack('n', 9) . pack('Nq>', 8, 1) . 'x' x 70000;
	my ($status, $said) = against({ first => $long }, @verify);

	is($status, 1, 'a row that no log has');
	like($said, qr/^record +.*entry 1: it can't be read: it is longer than any row of a log/m, 'a row that no log has: says so');
}

done_testing;
