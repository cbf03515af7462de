# What the Perl tests share: servers with the extension, a ledger, load, comparison.
package StoTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Basename qw(dirname);
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_server add_signer new_ledger every_log_event projections is_sound is_same clients finish acknowledged complaints sends refused);

# A server of its own; not started.
sub new_server
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(allows_streaming => 'logical', extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
	$node->append_conf('postgresql.conf', join("\n",
		"shared_preload_libraries = 'sto_ledger'", 'max_prepared_transactions = 10',
		'log_error_verbosity = verbose', 'log_statement = none', 'max_wal_senders = 10', 'max_replication_slots = 10',
		'wal_retrieve_retry_interval = 100ms', @settings, ''));
	return $node;
}

# Signing inside the server, and the check of invariants.
sub add_signer
{
	my ($node, $db) = @_;
	my $folder = dirname(__FILE__) . '/../signer';

	$node->safe_psql($db, slurp_file("$folder/$_.sql")) for qw(signer invariants);
}

# An open ledger with ten wallets w1 to w10 of parties p1 to p10 that hold 1000 ACME each.
sub new_ledger
{
	my ($node, $db) = @_;

	add_signer($node, $db);
	$node->safe_psql($db, q{
		SELECT sto_test.begin_small();
		SELECT sto_test.party('p' || n, NULL, 'natural') FROM generate_series(1, 10) AS n;
		SELECT sto_test.wallet('w' || n, 'p' || n, ARRAY[100 + n]) FROM generate_series(1, 10) AS n;
		SELECT sto_test.issue('ACME', 'w' || n, '1000') FROM generate_series(1, 10) AS n;

		-- one transfer between two of them; the order of its wallets is left to the gate
		CREATE FUNCTION sto_test.trade(a int, b int, amount int) RETURNS bigint LANGUAGE sql AS $$
			SELECT sto_test.transfer('ACME', 'w' || a, 'w' || b, amount::text) $$;
	});
}

# SQL that records each event of the log itself, in a ledger of new_ledger().
my $certificate = <<'PEM';
-----BEGIN CERTIFICATE-----
MIIBkjCCATigAwIBAgITMWAOCnR78+tsir/xHxJGUQnLHzAKBggqhkjOPQQDAjAe
MRwwGgYDVQQDDBNUZXN0IHRpbWUgYXV0aG9yaXR5MCAXDTI2MTEyMjIxMDgwMVoY
DzIxMjYxMDI5MjEwODAxWjAeMRwwGgYDVQQDDBNUZXN0IHRpbWUgYXV0aG9yaXR5
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWcKzEkgxjjeD1CVgWja5ZN9DKCVm
s2hI5JlQ3pLEm+Yk6VJH6mK/zM1oFlC+hNGlBKHhvv2TYNzBWsU1wezj6qNTMFEw
HQYDVR0OBBYEFAjdhYeIp4rlZBN68BVvUhIzOPxuMB8GA1UdIwQYMBaAFAjdhYeI
p4rlZBN68BVvUhIzOPxuMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAw
RQIhANW5WJlMprSf9m9Ri/+4LkKnwSV18XMdrVvajueMfVvOAiBUaNko9967+yM5
8PLeiQQzEPRHLpZtIm70i+RVOpFUmw==
-----END CERTIFICATE-----
PEM

sub every_log_event
{
	return qq{
		SELECT sto_test.log_key(801);
		SELECT sto_test.log_key(802);
		SELECT sto_test.witness('afsa', 40, 811);
		SELECT sto_test.witness_key('afsa', 812);
		SELECT sto_test.witness('depository', 41, 813);
		SELECT sto_test.witness('bank', 42, 814);
		SELECT sto_test.grant_capability('bank', 'witness', false);
		SELECT sto_test.witness_policy(2);
		SELECT sto_test.time_authority('Example', '$certificate');
		SELECT sto_test.log_restart('a test', 7, repeat('ab', 32));
		SELECT sto.close_day();
		BEGIN;
		SELECT sto_test.trade(1, 2, 1);
		SELECT sto.close_day();
		SELECT sto_test.trade(2, 1, 1);
		COMMIT;
		SELECT sto.close_day();
	};
}

# Every derived table as text: what two databases must have in common.
sub projections
{
	my ($node, $db) = @_;

	return join "\n", map {
		"$_: " . $node->safe_psql($db, "SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM sto.$_ AS t")
	} qw(ledger subject key_policy key party capability wallet token batch position hold event transfer
		log_key witness witness_policy time_authority log_restart close
		classification mandate beneficial_owner claim token_topics trusted_issuer document acknowledgement);
}

sub is_sound
{
	my ($node, $db, $what) = @_;

	is($node->safe_psql($db, 'SELECT sto_test.check_invariants()'), 'sound', "$what: invariants and sto.verify()");
}

sub is_same
{
	my ($node, $db, $other, $other_db, $what) = @_;

	is(projections($other, $other_db), projections($node, $db), $what);
}

# Sessions at once that run these scripts; errors are no end.  What they print goes to files, so that nobody has to
# keep reading.
my $last_client = 0;

sub clients
{
	my ($node, $db, @scripts) = @_;
	my @clients;

	for my $script (@scripts)
	{
		my $base = $node->basedir . '/client' . ++$last_client;
		my $connection = $node->connstr($db);

		append_to_file("$base.sql", $script);
		my $pid = fork // die "fork: $!";
		if ($pid == 0)
		{
			open STDOUT, '>', "$base.out" or POSIX::_exit(1);
			open STDERR, '>', "$base.err" or POSIX::_exit(1);
			exec 'psql', '-XqAt', '-d', $connection, '-f', "$base.sql" or POSIX::_exit(1);
		}
		push @clients, { pid => $pid, base => $base };
	}
	return @clients;
}

sub finish
{
	waitpid($_->{pid}, 0) for @_;
}

sub printed
{
	my ($client, $what) = @_;

	return -e "$client->{base}.$what" ? slurp_file("$client->{base}.$what") : '';
}

# All that these clients were told was wrong.
sub complaints
{
	return join '', map { printed($_, 'err') } @_;
}

# The numbers that clients printed, each after its commit.
sub acknowledged
{
	return map { printed($_, 'out') =~ /^(\d+)$/mg } @_;
}

# Wait until clients together have printed this many numbers.
sub sends
{
	my ($wanted, @clients) = @_;

	for (1 .. 600)
	{
		my @seen = acknowledged(@clients);
		return 1 if @seen >= $wanted;
		select(undef, undef, undef, 0.05);
	}
	return 0;
}

# The statement must fail with this SQLSTATE.
sub refused
{
	my ($node, $db, $sql, $state, $what) = @_;
	my ($rc, $out, $err) = $node->psql($db, "\\set VERBOSITY verbose\n$sql");

	isnt($rc, 0, "$what: refused");
	like($err, qr/ERROR:  $state:/, "$what: $state");
	return $err;
}

1;
