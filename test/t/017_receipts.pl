# Receipts as holders meet them: while others write, from a standby too, and checked by sto_verify without a database.
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

# The private half of the test signer's key 801, as PEM.
append_to_file("$folder/log.key", "-----BEGIN PRIVATE KEY-----\n"
	. encode_base64(pack('H*', '302e020100300506032b657004220420') . sha256('sto test key ed25519 801')) . "-----END PRIVATE KEY-----\n");
chmod 0600, "$folder/log.key";
my $node = new_server('ledger', "sto_ledger.seal_databases = 'postgres'", 'sto_ledger.seal_interval = 50ms', "sto_ledger.log_key = '$folder/log.key'");
$node->start;

sub value { my ($server, $sql) = @_; return $server->safe_psql('postgres', $sql) }

value($node, 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'postgres');
value($node, slurp_file(dirname(__FILE__) . '/../signer/notes.sql'));
value($node, q{SELECT sto_test.log_key(801), sto_test.witness('north', 61, 811), sto_test.witness('south', 62, 812)});
my $log_vkey = value($node, 'SELECT sto.log_vkey()');
value($node, q{
	CREATE PROCEDURE sto_test.wait_signed(entry bigint) LANGUAGE plpgsql AS $$
	BEGIN
		WHILE NOT EXISTS (SELECT FROM sto.checkpoint AS c WHERE c.tree_size > sto.leaf_index(entry)) LOOP
			COMMIT;
			PERFORM pg_sleep(0.02);
		END LOOP;
	END $$});
my %witness = map { $_->[0] => value($node, "SELECT sto_test.vkey('$_->[0].example/witness', 4, $_->[1])") } ([ 'north', 811 ], [ 'south', 812 ]);

# Each holder trades, waits, and takes the receipt of his own side: with 4 of them at once.
my $script = join '', map { sprintf <<'SQL', 1 + $_ % 10, 1 + ($_ + 3) % 10 } 1 .. 40;
SELECT sto_test.trade(%d, %d, 1) AS id \gset
SELECT sto.wait_sealed(:id) AS sealed \gset
CALL sto_test.wait_signed(:id);
SELECT :id WHERE (SELECT ok FROM sto.verify_receipt(sto.receipt(:id, 'debit'), sto.log_vkey()));
SQL
my @holders = clients($node, 'postgres', ($script) x 4);
finish(@holders);
is(complaints(@holders), '', 'no holder is refused');
is(scalar(() = acknowledged(@holders)), 160, 'each of 160 receipts verifies, while others write');

# A receipt with cosignatures, in a file
my $entry = value($node, 'SELECT sto_test.trade(1, 2, 7)');
ok($node->poll_query_until('postgres', "SELECT max(tree_size) > (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer) - 1 FROM sto.checkpoint"), 'signed');
is(value($node, q{
	SELECT sto.add_cosignature(c.note || string_agg(sto_test.note_line(w.name || '.example/witness', 4, w.seed,
	       sto_test.cosignature(split_part(c.note, E'\n\n', 1) || E'\n', w.seed, extract(epoch FROM now())::bigint)), ''))
	  FROM (SELECT note FROM sto.checkpoint ORDER BY tree_size DESC LIMIT 1) AS c, (VALUES ('north', 811), ('south', 812)) AS w (name, seed) GROUP BY c.note}), '2', 'cosigned');
my $receipt = value($node, "SELECT sto.receipt($entry, 'credit')");

sub check_file
{
	my ($text, @options) = @_;
	my ($out, $err) = ('', '');

	open my $file, '>:raw', "$folder/receipt" or die;
	print $file $text;
	close $file;
	IPC::Run::run([ 'sto_verify', 'receipt', "$folder/receipt", '--log-key', $log_vkey, @options ], '>', \$out, '2>', \$err);
	return (($? >> 8), "$out$err");
}

my @both = ('--witnesses', 2, map { ('--witness-key', $_) } values %witness);
my ($rc, $out) = check_file($receipt, @both);
is($rc, 0, 'sto_verify receipt: good, with both witnesses') or diag $out;
like($out, qr/\b$entry\b/, '... and names the entry');
($rc) = check_file($receipt, '--witnesses', 2, '--witness-key', $witness{north});
is($rc, 1, '... not if two are asked for and one is known');
($rc) = check_file($receipt, '--witness-key', $witness{north});
is($rc, 0, '... with one that is known, if nothing is said of how many');
($rc, $out) = check_file($receipt, '--witness-key', value($node, "SELECT sto_test.vkey('elsewhere.example/witness', 4, 813)"));
is($rc, 1, '... not with one who did not cosign');
like($out, qr/^BROKEN: witnesses: fewer witnesses cosigned/m, '... and says why');
($rc) = check_file($receipt, '--witnesses', 0, '--witness-key', value($node, "SELECT sto_test.vkey('elsewhere.example/witness', 4, 813)"));
is($rc, 0, '... but where none is asked for');
($rc) = check_file($receipt =~ s/^(extra .{200})(.)/$1 . ($2 eq 'A' ? 'B' : 'A')/emr, @both);
is($rc, 1, '... nor with another record');
($rc) = check_file(substr($receipt, 0, length($receipt) - 10), @both);
isnt($rc, 0, '... nor cut short');

# As psql writes it into a file: its own end of line comes after it.
($rc) = check_file("$receipt\n\n", @both);
is($rc, 0, '... in a file with empty lines after it');
is(value($node, "SELECT ok FROM sto.verify_receipt(pg_read_file('$folder/receipt'), sto.log_vkey())"), 't', '... which sto.verify_receipt() takes as well');

# A standby gives the same receipt, and later ones too.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is(value($standby, "SELECT sto.receipt($entry, 'credit')"), $receipt, 'a standby gives the same receipt');
my $next = value($node, 'SELECT sto_test.trade(2, 3, 1)');
ok($standby->poll_query_until('postgres', "SELECT max(tree_size) > 0 AND EXISTS (SELECT FROM sto.transfer WHERE entry_id = $next) AND (SELECT max(last_id) FROM sto.block) >= $next AND (SELECT max(tree_size) FROM sto.checkpoint) = (SELECT max(tree_size) FROM sto.block) FROM sto.checkpoint"), 'the standby has the next one sealed');
is(value($standby, "SELECT ok, entry_id FROM sto.verify_receipt(sto.receipt($next, 'debit'), sto.log_vkey())"), "t|$next", '... and gives a receipt of it');
is(value($standby, 'SELECT sto.verify_ok()'), 't', 'sto.verify() on the standby, with blocks, tiles, checkpoints, cosignatures and indexes');
$standby->stop;

# The log's key is replaced: what the old one signed stays good under it, and who checks everything needs both.
sub verified
{
	my ($status, $pattern, $what, @options) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sto_verify', '--conn', $node->connstr('postgres'), '--genesis', value($node, 'SELECT genesis_hash FROM sto.ledger'), @options ], '>', \$out, '2>', \$err);
	is($? >> 8, $status, "$what: exit status");
	like("$out$err", $pattern, "$what: says so");
}
my @state = ('--state', "$folder/state");
verified(0, qr/^whole$/m, 'before the key is replaced', '--log-key', $log_vkey, @state);
value($node, 'SELECT sto_test.log_key(802)');
append_to_file("$folder/new.key", "-----BEGIN PRIVATE KEY-----\n"
	. encode_base64(pack('H*', '302e020100300506032b657004220420') . sha256('sto test key ed25519 802')) . "-----END PRIVATE KEY-----\n");
chmod 0600, "$folder/new.key";
rename "$folder/new.key", "$folder/log.key" or die;
$node->reload;
value($node, 'SELECT sto_test.trade(1, 2, 1)');
ok($node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM sto.worker_status WHERE state = 'sealing' AND signed_size = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer))}),
	'a new key signs');
my $new_vkey = value($node, 'SELECT sto.log_vkey()');
isnt($new_vkey, $log_vkey, '... which is another');
($rc, $out) = check_file($receipt, @both);
is($rc, 0, 'a receipt of the old key is good under it') or diag $out;
is(value($node, "SELECT ok FROM sto.verify_receipt(pg_read_file('$folder/receipt'), '$log_vkey')"), 't', '... by SQL too');
is(value($node, "SELECT ok FROM sto.verify_receipt(sto.receipt($next), '$new_vkey')"), 't', 'an entry from before has a receipt of the new key');
verified(0, qr/^whole$/m, 'both keys', '--log-key', $log_vkey, '--log-key', $new_vkey);
verified(1, qr/^BROKEN: checkpoint, entry \d+: .*not given with --log-key/m, 'the new key alone', '--log-key', $new_vkey);
verified(0, qr/^accepted before .*^whole$/ms, 'a state from before, both keys', '--log-key', $log_vkey, '--log-key', $new_vkey, @state);
verified(0, qr/^accepted before .*^whole$/ms, '... and from then on the new key', '--log-key', $new_vkey, @state);
$node->stop;

done_testing();
