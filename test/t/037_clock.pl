# The machine's clock is set back, and forward again: in the log time does not.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

# Every process of the server takes the time from a library that adds what a file says.
my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
my $node = new_server('clock');
my $offset = $node->basedir . '/offset';

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

die 'there is no libfaketime' unless defined $library;
set_clock('+0');
{
	local @ENV{qw(LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC)} = ($library, $offset, 1, 1);
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
$node->stop;

done_testing();
