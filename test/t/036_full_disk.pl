# A file system that is full, in truth: a small one in memory, which the server alone sees, holds the ledger's tables.
use strict;
use warnings FATAL => 'all';

use StoTest;
use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('full_disk', 'autovacuum = off');
my $folder = $node->basedir . '/small';
my $tools = $node->basedir . '/tools';
my $pg_ctl = `sh -c 'command -v pg_ctl'`;
chomp $pg_ctl;
my @own = qw(unshare --user --map-current-user --keep-caps --mount);

mkdir $_ for $folder, $tools;

# What is needed is tried: in many a container nobody may do it. There, test/t/011_seal.pl with its limited files is all there
# is. Refused is what the system says no to; anything else that is wrong fails the test.
my $said = `@own mount -t tmpfs -o size=40m,mode=0700 none $folder 2>&1`;
if ($? != 0)
{
	die "no file system of our own, and not for want of a right: $said"
		unless $said =~ /^(?:unshare|mount): .*(?:Operation not permitted|Permission denied|No space left on device|must be superuser)/m;
	chomp $said;
	plan skip_all => "a user may not mount a file system in a namespace of his own here: $said";
}

# The server starts inside a namespace with that file system in it; it goes with the server's last process.
append_to_file("$tools/pg_ctl", <<"SCRIPT");
#!/bin/sh
case " \$* " in
*" start "*) exec @own sh -c 'mount -t tmpfs -o size=40m,mode=0700 none $folder && exec "$pg_ctl" "\$@"' sh "\$@" ;;
*) exec "$pg_ctl" "\$@" ;;
esac
SCRIPT
chmod 0755, "$tools/pg_ctl";
{
	local $ENV{PATH} = "$tools:$ENV{PATH}";
	$node->start;
}

$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$folder'");
$node->safe_psql('postgres', 'CREATE DATABASE ledger TABLESPACE small');
$node->safe_psql('ledger', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'ledger');
$node->safe_psql('ledger', slurp_file(dirname(__FILE__) . '/../signer/tree.sql'));
$node->safe_psql('ledger', q{
	SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "pg_read_all_data"}');
	-- that many entries by one statement, back and forth between two wallets
	CREATE FUNCTION sto_test.many(entries int) RETURNS void LANGUAGE sql AS $$
		INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
		SELECT 'transfer', sto_test.id('ACME'), sto_test.address('w' || 1 + n % 2), sto_test.address('w' || 2 - n % 2), '1',
		       sto_test.id('p' || 1 + n % 2), gen_random_uuid() FROM generate_series(1, entries) AS n $$;
	CREATE TABLE public.filler (x text);
	ALTER TABLE public.filler ALTER x SET STORAGE PLAIN;
	CALL sto.seal();
	SELECT sto_test.many(3000);
});

sub value { return $node->safe_psql('ledger', @_) }

sub refused_for_want_of_room
{
	my ($sql, $what) = @_;
	my ($out, $err) = ('', '');
	my $rc = $node->psql('ledger', $sql, stdout => \$out, stderr => \$err);

	isnt($rc, 0, "$what: refused");
	like($err, qr/ERROR: .*could not extend file .*: No space left on device/, "$what: for want of room");
}

# Down to the last block; a set-returning function in FROM would be kept in a file of its own meanwhile.
refused_for_want_of_room("INSERT INTO public.filler SELECT repeat('x', $_) FROM (SELECT generate_series(1, 1000000)) AS n", "rows of $_") for 7000, 7;

my $entries = value('SELECT count(*) FROM sto.transfer');
my $size = value('SELECT tree_size FROM sto.seal_status');
refused_for_want_of_room('CALL sto.seal()', 'a seal');
is(value('SELECT tree_size FROM sto.seal_status'), $size, 'a seal: nothing is sealed');
is(value('SELECT sto_test.check_tree()'), 'sound', 'a seal: the tree is what the log gives');
refused_for_want_of_room('SELECT sto_test.many(2000)', 'entries');
is(value('SELECT count(*) FROM sto.transfer'), $entries, 'entries: none is there');
is_sound($node, 'ledger', 'full');
cmp_ok(value('SELECT lag_entries FROM sto.seal_status'), '>=', 3000, 'the lag says how far the seal is behind');

# Room is made, and everything goes on.
value('DROP TABLE public.filler');
value('CALL sto.seal()');
is(value('SELECT lag_entries FROM sto.seal_status'), '0', 'with room again, all is sealed');
is(value('SELECT sto_test.check_tree()'), 'sound', 'afterwards: the tree is what the log gives');
value('SELECT sto_test.many(100)');
is_sound($node, 'ledger', 'afterwards');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP/, 'no crash');
$node->stop;

done_testing();
