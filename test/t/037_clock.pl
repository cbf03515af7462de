# The machine's clock is set back, and forward again: in the log time does not.
use strict;
use warnings FATAL => 'all';

use StoTest;
use Digest::SHA qw(sha256);
use File::Basename qw(dirname);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;

# Every process of the server takes the time from a library that adds what a file says.  (libfaketime won't do: it leaves processes alone
# that the postmaster starts while a signal interrupts its select(), as it does with background workers.)
my $node = new_server('clock');
my $offset = $node->basedir . '/offset';
my $library = $node->basedir . '/clock.so';

append_to_file("$library.c", <<"END");
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	int (*real)(struct timeval *, void *) = (int (*)(struct timeval *, void *)) dlsym(RTLD_NEXT, "gettimeofday");
	char text[32] = "";
	int file = open("$offset", O_RDONLY | O_CLOEXEC);

	if (file < 0 || read(file, text, sizeof(text) - 1) < 1)
		abort();
	close(file);
	if (real(now, zone) != 0)
		return -1;
	now->tv_sec += strtol(text, NULL, 10);
	return 0;
}
END
system_or_bail('cc', '-shared', '-fPIC', '-o', $library, "$library.c", '-ldl');

sub set_clock
{
	my ($by) = @_;

	append_to_file("$offset.new", "$by\n");
	rename "$offset.new", $offset or die "rename: $!";
}

sub value { return $node->safe_psql('ledger', @_) }

# What the ledger says of its own times; the server's clock beside it.
sub is_in_order
{
	my ($what) = @_;

	is(value(q{
		SELECT count(*) FROM (
			SELECT posted_at < lag(posted_at) OVER (PARTITION BY wallet ORDER BY entry_id) AS back FROM (
				SELECT entry_id, posted_at, debit_wallet AS wallet FROM sto.transfer UNION ALL
				SELECT entry_id, posted_at, credit_wallet FROM sto.transfer WHERE credit_seq IS NOT NULL) AS e) AS m WHERE back}),
		'0', "$what: no position's time goes back");
	is(value('SELECT count(*) FROM (SELECT recorded_at < lag(recorded_at) OVER (PARTITION BY subject ORDER BY entry_id) AS back FROM sto.event) AS m WHERE back'),
		'0', "$what: no subject's time goes back");
	is(value('SELECT count(*) FROM (SELECT sealed_at < lag(sealed_at) OVER (ORDER BY last_id) AS back FROM sto.block) AS m WHERE back'),
		'0', "$what: no block's time goes back");
	is_sound($node, 'ledger', $what);
}

set_clock('+0');
{
	local $ENV{LD_PRELOAD} = $library;
	$node->start;
}
$node->safe_psql('postgres', 'CREATE DATABASE ledger');
value('CREATE EXTENSION sto_ledger');
new_ledger($node, 'ledger');
value('SELECT sto_test.trade(1, 2, 1); CALL sto.seal()');
my $newest = value('SELECT max(posted_at) FROM sto.transfer');
my $size = value('SELECT tree_size FROM sto.seal_status');

set_clock('-3600');
is(value("SELECT clock_timestamp() < '$newest'::timestamptz - interval '50 min'"), 't', 'the clock was set back');
value('SELECT sto_test.trade(2, 1, 1)');
is(value("SELECT posted_at >= '$newest' FROM sto.transfer ORDER BY entry_id DESC LIMIT 1"), 't', 'an entry is not before the last of its positions');
value(q{SELECT sto_test.party('late', NULL, 'natural')});
value(qq{SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": $_}')}) for '"pg_read_all_data"', 'null';
value('CALL sto.seal()');
cmp_ok(value('SELECT tree_size FROM sto.seal_status'), '>=', $size + 4, 'seals go on');
is_in_order('an hour back');

set_clock('+3600');
value('SELECT sto_test.trade(1, 2, 1), sto_test.trade(4, 5, 1); CALL sto.seal()');
is_in_order('an hour ahead');
set_clock('+0');
value('SELECT sto_test.trade(2, 1, 1), sto_test.trade(5, 4, 1); CALL sto.seal()');
is_in_order('right again');

# The stand-alone verifier judges the same times.
command_like([ 'sto_verify', '--conn', $node->connstr('ledger'), '--genesis', value('SELECT genesis_hash FROM sto.ledger') ],
	qr/^time +\d+ records +ok\n.*^whole$/ms, 'sto_verify');

# The worker: while the clock is an hour ahead, and back again, it seals and signs as often as ever, comes back when it was ended,
# and witnesses' cosignatures count, though the log's own times stand still for that hour.
my $key = $node->basedir . '/log.key';
append_to_file($key, "-----BEGIN PRIVATE KEY-----\n" . encode_base64(pack('H*', '302e020100300506032b657004220420') . sha256('sto test key ed25519 801')) . "-----END PRIVATE KEY-----\n");
chmod 0600, $key;
value(slurp_file(dirname(__FILE__) . '/../signer/notes.sql'));
value(q{SELECT sto_test.log_key(801), sto_test.witness('north', 61, 811)});
$node->append_conf('postgresql.conf', "sto_ledger.log_key = '$key'\nsto_ledger.seal_databases = 'ledger'\nsto_ledger.seal_interval = '200ms'\n");

my $everything = 'signed_size = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer)';

sub is_signed
{
	my ($what) = @_;

	value('SELECT sto_test.trade(1, 2, 1)');
	ok($node->poll_query_until('ledger', "SELECT EXISTS (SELECT FROM sto.worker_status WHERE state = 'sealing' AND $everything)"), "$what: sealed and signed");
	is(value("SELECT sto.verify_promise(sto.promise((SELECT max(entry_id) FROM sto.transfer)), sto.log_vkey())"), 't', "$what: promised");
}

set_clock('+3600');
$node->reload;
is_signed('an hour ahead');
set_clock('+0');
is_signed('put right');
is(value('SELECT signed_at > clock_timestamp() + interval \'50 min\' FROM sto.checkpoint ORDER BY tree_size DESC LIMIT 1'), 't', '... though by then the log has signed in the future');
is(value(q{
	SELECT sto.add_cosignature(c.note || sto_test.note_line('north.example/witness', 4, 811,
	       sto_test.cosignature(split_part(c.note, E'\n\n', 1) || E'\n', 811, extract(epoch FROM clock_timestamp())::bigint)))
	  FROM (SELECT note FROM sto.checkpoint ORDER BY tree_size DESC LIMIT 1) AS c}), '1', 'a cosignature of now counts');
set_clock('-3600');
is_signed('an hour back');
value(q{SELECT pg_terminate_backend(pid) FROM sto.worker_status});
is_signed('its worker ended');
set_clock('-7200');
value(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'sto_ledger launcher'});
is_signed('another hour back, the launcher ended');
is(value("SELECT sto.wait_sealed(1 + (SELECT max(entry_id) FROM sto.transfer), '0.2 s')"), 'f', 'a wait ends');
is_in_order('with a worker');

# A restart that was recorded an hour ahead gives nothing up that is reported after it.
set_clock('+3600');
value("SELECT sto_test.log_restart('a test', 7, repeat('ab', 32))");
set_clock('+0');
is(value("SELECT sto.report_checkpoint(sto_test.signed_note(sto_test.checkpoint_text(5, repeat('cd', 32)::sto.digest)))"), 't', 'a checkpoint of another tree, reported after a restart');
ok($node->poll_query_until('ledger', "SELECT EXISTS (SELECT FROM sto.worker_status WHERE state = 'refusing')"), '... stops the worker');
is(value("SELECT string_agg(check_name, ' ') FROM sto.verify() WHERE NOT ok"), 'foreign_checkpoints', '... and sto.verify() names it');
$node->stop;

done_testing();
