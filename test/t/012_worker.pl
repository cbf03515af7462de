# The background worker: it seals and signs in the databases that it is told, and survives what happens to it.
use strict;
use warnings FATAL => 'all';

use StoTest;
use MIME::Base64;
use Digest::SHA 'sha256';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('worker', "sto_ledger.seal_databases = 'ledger, \"Big, one\", empty'", 'sto_ledger.seal_interval = 100ms',
	'restart_after_crash = on', 'synchronous_commit = off', 'log_statement = none', 'max_worker_processes = 16');
my $key_file = $node->basedir . '/log.key';

# The private half of one of the test signer's keys, as PEM.
sub put_key
{
	my ($seed, $mode) = @_;

	open my $file, '>', "$key_file.new" or die;
	print $file "-----BEGIN PRIVATE KEY-----\n",
		encode_base64(pack('H*', '302e020100300506032b657004220420') . sha256("sto test key ed25519 $seed")),
		"-----END PRIVATE KEY-----\n";
	close $file;
	chmod $mode, "$key_file.new";
	rename "$key_file.new", $key_file or die;
}

sub setting
{
	my ($name, $value) = @_;

	$node->safe_psql('postgres', defined $value ? "ALTER SYSTEM SET $name = $value" : "ALTER SYSTEM RESET $name");
	$node->reload;
}

sub becomes
{
	my ($db, $condition, $what) = @_;

	ok($node->poll_query_until($db, "SELECT EXISTS (SELECT FROM sto.worker_status WHERE $condition)"), $what)
		or diag $node->safe_psql($db, 'TABLE sto.worker_status');
}

sub value { return $node->safe_psql(@_) }

sub log_lines
{
	my ($pattern) = @_;
	my $count = () = slurp_file($node->logfile) =~ /$pattern/g;
	return $count;
}

# A token of SoftHSM with another of those keys in it; the server's processes find it by their environment.
my $module = '/usr/lib/softhsm/libsofthsm2.so';
put_token(803);

sub put_token
{
	my ($seed) = @_;
	my $base = $node->basedir;

	mkdir "$base/tokens" or die;
	append_to_file("$base/softhsm.conf", "directories.tokendir = $base/tokens\n");
	$ENV{SOFTHSM2_CONF} = "$base/softhsm.conf";
	append_to_file("$base/pin", '5678');
	chmod 0600, "$base/pin";
	put_key($seed, 0600);
	system("softhsm2-util --init-token --free --label sto --pin 5678 --so-pin 1234 >>$base/softhsm.log 2>&1 && "
		. "softhsm2-util --import $key_file --token sto --label log --id 07 --pin 5678 >>$base/softhsm.log 2>&1") == 0
		or die "no token: " . slurp_file("$base/softhsm.log");
}

$node->start;
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'sto_ledger launcher'"), 'the launcher runs');
is(value('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'sto_ledger worker'"), '0', 'no database is there, no worker');

# A database gets its worker when it is made, and the worker waits for a ledger.
value('postgres', "CREATE DATABASE $_ TEMPLATE template0 ENCODING 'UTF8'") for 'ledger', '"Big, one"', 'empty', 'other';
ok($node->poll_query_until('postgres', "SELECT count(*) = 3 FROM pg_stat_activity WHERE backend_type = 'sto_ledger worker'"), 'a worker for each database that is named');
value($_, 'CREATE EXTENSION sto_ledger') for qw(ledger other);
value('Big, one', 'CREATE EXTENSION sto_ledger');
becomes($_, "state = 'idle'", "$_: idle without an open ledger") for ('ledger', 'Big, one');
add_signer($node, 'other');
value('other', 'SELECT sto_test.open_ledger()');
is(value('other', 'SELECT count(*) FROM sto.worker_status'), '0', 'a database that is not named has none');

# Sealed, but unsigned, until there is a key that the register knows.
new_ledger($node, 'ledger');
becomes('ledger', "state = 'unsigned' AND message = 'sto_ledger.log_key is not set'", 'blocks are sealed without a key');
ok($node->poll_query_until('ledger', 'SELECT lag_entries = 0 AND tree_size > 30 FROM sto.seal_status'), 'the whole log is sealed');
put_key(801, 0644);
setting('sto_ledger.log_key', "'$key_file'");
becomes('ledger', "state = 'unsigned' AND message LIKE '%others than its owner have rights on the file'", 'a key that others can read is refused');
put_key(801, 0600);
$node->reload;
becomes('ledger', "message = 'no key of the log is registered' AND hint LIKE '%' || sto_test.public_key(801) || '%log_key%'",
	'a key that nobody registered signs nothing, and is named');
is(value('ledger', 'SELECT count(*) FROM sto.checkpoint'), '0', 'nothing is signed');
refused($node, 'ledger', 'SELECT sto.promise(1)', 'ST503', 'a promise without a key');
is(value('ledger', 'SELECT sto.log_vkey() IS NULL'), 't', 'no verifier key yet');

value('ledger', 'SELECT sto_test.log_key(801)');
becomes('ledger', "state = 'sealing' AND message IS NULL AND signed_size = sto.tree_size()", 'once it is registered, the tree is signed');

# The note, checked by openssl.
sub openssl_verifies
{
	my ($note, $seed) = @_;
	my $base = $node->basedir . '/note';
	my ($text, $line) = $note =~ /\A(.*\n)\n(\x{2014} \S+ \S+\n)\z/s or return 0;
	my $octets = decode_base64((split / /, $line)[2]);

	unlink glob "$base.*";
	append_to_file("$base.text", $text);
	append_to_file("$base.sig", substr($octets, 4));
	append_to_file("$base.der", pack('H*', '302a300506032b6570032100') . pack('H*', value('ledger', "SELECT encode(sto_test.key_octets($seed), 'hex')")));
	return system("openssl pkeyutl -verify -pubin -keyform DER -inkey $base.der -rawin -in $base.text -sigfile $base.sig >/dev/null 2>&1") == 0;
}

sub newest_note
{
	my $note = value('ledger', "SELECT note || '.' FROM sto.checkpoint ORDER BY tree_size DESC LIMIT 1");
	utf8::decode($note);
	return substr($note, 0, -1);
}

my $note = newest_note();
my $vkey = value('ledger', 'SELECT sto.log_vkey()');
my $origin = value('ledger', 'SELECT sto.log_origin()');
is($origin, 'ledger.example/' . value('ledger', 'SELECT sto.ledger_id()'), 'the origin ends in the ledger id');
like($note, qr/\A\Q$origin\E\n\d+\n[A-Za-z0-9+\/]{43}=\n\n\x{2014} \Q$origin\E \S+\n\z/, 'a checkpoint of one signature');
is((split /\n/, $note)[2], value('ledger', "SELECT encode(sto.tree_root((SELECT max(tree_size) FROM sto.checkpoint))::bytea, 'base64')"), "... of the tree's root");
ok(openssl_verifies($note, 801), 'openssl verifies it');
ok(!openssl_verifies($note =~ s/\n(\d)(\d)/\n$2$1/r, 801), '... and not with another size');
my $state_file = slurp_file($node->data_dir . '/sto_ledger_ledger.state');
utf8::decode($state_file);
is($state_file, $note, 'the state file has the same note');
is((stat $node->data_dir . '/sto_ledger_ledger.state')[2] & 077, 0, '... for the server alone');

# Nobody but a superuser sees where the key is; the status of a refusal is everybody's, its other messages are not.
value('ledger', 'CREATE ROLE anybody LOGIN');
refused($node, 'ledger', 'SET ROLE anybody; SHOW sto_ledger.log_key', '42501', "the key's place, to anybody");
is(value('ledger', 'SET ROLE anybody; SELECT state FROM sto.worker_status'), 'sealing', 'anybody sees the state');

# Promises
my $entry = value('ledger', 'SELECT sto_test.trade(1, 2, 1)');
my $promise = value('ledger', "SET ROLE anybody; SELECT sto.promise($entry) || '.'");
chop $promise;
is(value('ledger', "SELECT sto.verify_promise('$promise', '$vkey')"), 't', 'a promise, to anybody');
is(value('ledger', "SELECT sto.verify_promise(E'$promise\\n', '$vkey')"), 't', '... and as psql writes it into a file');
is((split /\n/, $promise)[2], $entry, '... of that entry');
is((split /\n/, $promise)[3], value('ledger', "SELECT encode(leaf_hash::bytea, 'base64') FROM sto.transfer WHERE entry_id = $entry"), '... and its leaf');
(my $altered = $promise) =~ s/\n$entry\n/\n1\n/;
is(value('ledger', "SELECT sto.verify_promise('$altered', '$vkey')"), 'f', 'not of another');
is(value('ledger', "SELECT sto.verify_promise('$note', '$vkey')"), 'f', 'a checkpoint is no promise');
is(value('ledger', "SELECT sto.verify_promise('nonsense', '$vkey')"), 'f', 'nonsense is none');
refused($node, 'ledger', "SELECT sto.verify_promise('nonsense', 'nonsense')", '22023', 'a malformed verifier key');
is(value('ledger', "SELECT sto.verify_promise(sto.promise(1), '$vkey')"), 't', 'events are promised too');
refused($node, 'ledger', 'SELECT sto.promise(1000000)', 'ST502', 'an entry that is not there');
refused($node, 'ledger', 'BEGIN; SELECT sto.promise(sto_test.trade(1, 2, 1))', 'ST502', 'an entry that is not committed');
refused($node, 'other', 'SELECT sto.promise(1)', 'ST506', 'a promise where no worker is');

my @clients = clients($node, 'ledger', map { "SELECT n FROM generate_series(1, 300) AS n WHERE sto.verify_promise(sto.promise(1 + n % 30), '$vkey');\n" } 1 .. 6);
finish(@clients);
is(scalar acknowledged(@clients), 1800, 'many promises at once');
is(complaints(@clients), '', '... without a complaint');

# A writer in flight holds the seal back, and nothing else; the status says how long and who.
value('ledger', "BEGIN; SELECT sto_test.trade(3, 4, 1); PREPARE TRANSACTION 'held'");
$entry = value('ledger', 'SELECT sto_test.trade(1, 2, 1)');
my $size = value('ledger', 'SELECT sto.tree_size()');
sleep 1;
is(value('ledger', "SELECT lag_entries >= 1 AND lag_seconds > 0.9, held_by_gid FROM sto.seal_status"), 't|held', 'lag is shown, and its cause');
is(value('ledger', 'SELECT sto.tree_size()'), $size, 'nothing is sealed past a prepared transaction');
is(value('ledger', "SELECT sto.verify_promise(sto.promise($entry), '$vkey')"), 't', 'what waits for the seal is promised meanwhile');
value('ledger', "COMMIT PREPARED 'held'");
is(value('ledger', "SELECT sto.wait_sealed($entry)"), 't', 'then it is sealed');

# Sessions that give up leave the queue, however many.
my $worker = value('ledger', 'SELECT pid FROM sto.worker_status');
kill 'STOP', $worker;
$node->psql('ledger', "SET statement_timeout = 20;\n" . "SELECT sto.promise(1);\n" x 70, on_error_stop => 0);
kill 'CONT', $worker;
is(value('ledger', "SELECT sto.verify_promise(sto.promise(2), '$vkey')"), 't', 'a promise after 70 that were given up');

# A session whose worker ends while it waits is told so.
kill 'STOP', $worker;
@clients = clients($node, 'ledger', "SELECT sto.promise(1);\n");
ok($node->poll_query_until('ledger', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT sto.promise(1)%' AND wait_event_type = 'Extension')}), 'a session waits');
kill 'TERM', $worker;
kill 'CONT', $worker;
finish(@clients);
like(complaints(@clients), qr/ERROR:  no worker seals database "ledger"/, 'the worker ended');
becomes('ledger', "pid <> $worker AND state = 'sealing'", '... and another comes');

# Rotation: the register's key alone counts.
value('ledger', 'SELECT sto_test.log_key(802)');
becomes('ledger', "state = 'unsigned' AND message LIKE 'the private key is not that of%'", 'a retired key signs nothing');
$size = value('ledger', 'SELECT max(tree_size) FROM sto.checkpoint');
value('ledger', 'SELECT sto_test.trade(1, 2, 1)');
ok($node->poll_query_until('ledger', "SELECT sto.tree_size() > $size AND lag_entries = 0 FROM sto.seal_status"), '... while blocks are sealed');
is(value('ledger', 'SELECT max(tree_size) FROM sto.checkpoint'), $size, '... unsigned');
put_key(802, 0600);
$node->reload;
becomes('ledger', "state = 'sealing' AND signed_size = sto.tree_size()", 'the new key signs');
ok(openssl_verifies(newest_note(), 802), '... and it did');
isnt(value('ledger', 'SELECT sto.log_vkey()'), $vkey, 'the verifier key is another');

# A key that never leaves its token
{
	value('ledger', 'SELECT sto_test.log_key(803)');
	setting('sto_ledger.log_key', "'pkcs11:token=sto;object=log?pin-source=" . $node->basedir . "/none&module-path=$module'");
	becomes('ledger', "state = 'unsigned' AND message LIKE 'the log''s private key can''t be opened: %' AND message !~ '/'", 'a PIN that is not there');
	setting('sto_ledger.log_key', "'pkcs11:token=sto;object=log?pin-source=" . $node->basedir . "/pin&module-path=$module'");
	becomes('ledger', "state = 'sealing' AND signed_size = sto.tree_size()", 'a key in a PKCS#11 token signs');
	ok(openssl_verifies(newest_note(), 803), '... and openssl verifies it');
	is(value('ledger', 'SELECT sto.verify_promise(sto.promise(1), sto.log_vkey())'), 't', '... and it promises');
	value('ledger', 'SELECT sto_test.log_key(804)');
	put_key(804, 0600);
	setting('sto_ledger.log_key', "'$key_file'");
	becomes('ledger', "state = 'sealing' AND signed_size = sto.tree_size()", 'back to a file');
}

# Where the server waits for standbys, so does a signature, whatever sessions wait for: a promise by itself, without a
# seal; then a checkpoint.  Nobody can cut the wait short and have it pass for durable.
setting('sto_ledger.seal_interval', "'1h'");
sleep 1;
setting('synchronous_standby_names', "'nobody'");
$entry = value('ledger', 'SET synchronous_commit = local; SELECT sto_test.trade(1, 2, 1)');
refused($node, 'ledger', "SET statement_timeout = '1s'; SELECT sto.promise($entry)", '57014', 'a promise of what no standby has');
setting('synchronous_standby_names');
is(value('ledger', "SELECT sto.verify_promise(sto.promise($entry), sto.log_vkey())"), 't', 'without standbys to wait for, it is promised');
setting('sto_ledger.seal_interval');
becomes('ledger', 'signed_size = sto.tree_size()', '... and signed');

setting('synchronous_standby_names', "'nobody'");
$size = value('ledger', 'SELECT max(tree_size) FROM sto.checkpoint');
$entry = value('ledger', 'SET synchronous_commit = local; SELECT sto_test.trade(1, 2, 1)');
$worker = value('ledger', 'SELECT pid FROM sto.worker_status');
value('ledger', "SELECT pg_cancel_backend($worker), pg_sleep(0.2)") for 1 .. 6;
is(value('ledger', "SELECT max(tree_size) FROM sto.checkpoint"), $size, 'nothing that no standby has is signed');
setting('synchronous_standby_names');
is(value('ledger', "SELECT sto.wait_sealed($entry)"), 't', 'without standbys to wait for, it is sealed');
becomes('ledger', 'signed_size = sto.tree_size()', '... and signed');
is(value('ledger', 'SELECT pid FROM sto.worker_status'), $worker, '... by the same worker');

# A clock that was set back does not show.
value('ledger', q{BEGIN; SELECT sto.begin_maintenance('test of the clock');
	UPDATE sto.checkpoint SET signed_at = '2100-01-01Z' WHERE tree_size = (SELECT max(tree_size) FROM sto.checkpoint); COMMIT; });
$entry = value('ledger', 'SELECT sto_test.trade(1, 2, 1)');
is(value('ledger', "SELECT sto.wait_sealed($entry)"), 't', 'the next block');
becomes('ledger', 'signed_size = sto.tree_size()', 'it goes on');
is(value('ledger', "SELECT bool_and(signed_at >= '2100-01-01Z') FROM (SELECT * FROM sto.checkpoint ORDER BY tree_size DESC LIMIT 1) AS c"), 't', 'times of signatures never fall');

# A state file that can't be written: no signature, and one line in the log.
setting('sto_ledger.log_state', "'/nonexistent/%d'");
value('ledger', 'SELECT sto_test.trade(1, 2, 1)');
becomes('ledger', "state = 'failing' AND message LIKE 'could not create the new state file%'", "a state file that can't be written");
$size = value('ledger', 'SELECT max(tree_size) FROM sto.checkpoint');
$entry = value('ledger', 'SELECT sto_test.trade(1, 2, 1)');
is(value('ledger', "SELECT sto.wait_sealed($entry)"), 't', 'sealing goes on');
sleep 1;
is(value('ledger', 'SELECT max(tree_size) FROM sto.checkpoint'), $size, 'nothing is signed');
is(log_lines(qr/could not create the new state file/), 1, 'the log says it once');
{
	my $link = $node->basedir . '/link.state';

	symlink $node->basedir . '/not_mounted/ledger.state', $link or die $!;
	setting('sto_ledger.log_state', "'$link'");
	becomes('ledger', "state = 'failing' AND message = 'the state file of the log is a symbolic link'", 'a link that leads nowhere is not a state file that is missing');
	ok(-l $link, '... and is not replaced');
}
setting('sto_ledger.log_state');
becomes('ledger', "state = 'sealing' AND signed_size = sto.tree_size()", 'a good one again');

# Settings by reload
setting('sto_ledger.seal_interval', "'1h'");
sleep 1;
$entry = value('ledger', 'SELECT sto_test.trade(1, 2, 1)');
is(value('ledger', "SELECT sto.wait_sealed($entry, '2 s')"), 'f', 'an interval of an hour');
setting('sto_ledger.seal_interval');
is(value('ledger', "SELECT sto.wait_sealed($entry)"), 't', 'and of 100 ms again');
setting('sto_ledger.seal_databases', "''");
ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'sto_ledger worker'"), 'no database is named: no worker');
refused($node, 'ledger', 'SELECT sto.promise(1)', 'ST506', 'no worker, no promise');
setting('sto_ledger.seal_databases', 'ledger, nowhere, "Big, one"');
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'sto_ledger worker'"),
	'SET takes quotes away: "Big, one" is then two names');
setting('sto_ledger.seal_databases');
ok($node->poll_query_until('postgres', "SELECT count(*) = 3 FROM pg_stat_activity WHERE backend_type = 'sto_ledger worker'"), 'the workers are back');
value('ledger', q{ALTER DATABASE ledger SET default_transaction_read_only = on; ALTER DATABASE ledger SET default_transaction_isolation = 'serializable';
	ALTER DATABASE ledger SET statement_timeout = '2s'; ALTER DATABASE ledger SET search_path = nowhere; });

# Ended by hand, they come back, with whatever the database's settings are.
value('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'sto_ledger %'");
$entry = value('ledger', "SET statement_timeout = 0; SET default_transaction_read_only = off; SET search_path = public; SELECT sto_test.trade(1, 2, 1)");
ok($node->poll_query_until('postgres', "SELECT count(*) = 4 FROM pg_stat_activity WHERE backend_type LIKE 'sto_ledger %'"), 'launcher and workers come back');
is(value('ledger', "SET statement_timeout = 0; SELECT sto.wait_sealed($entry)"), 't', "settings of the database don't hold the worker up");
value('postgres', 'ALTER DATABASE ledger RESET ALL');

# kill -9 of the worker, three times: the postmaster starts everything anew, and it goes on.
for my $round (1 .. 3)
{
	my $before = value('ledger', 'SELECT sto_test.trade(1, 2, 1)');

	$node->poll_query_until('ledger', 'SELECT EXISTS (SELECT FROM sto.worker_status WHERE pid IS NOT NULL)');
	$worker = value('ledger', 'SELECT pid FROM sto.worker_status');
	kill 'KILL', $worker;
	ok($node->poll_query_until('postgres', 'SELECT true'), "kill -9, $round: the server is back");
	ok($node->poll_query_until('ledger', "SELECT EXISTS (SELECT FROM sto.worker_status WHERE pid <> $worker AND state = 'sealing')"), '... and a worker');
	my $after = value('ledger', 'SELECT sto_test.trade(1, 2, 1)');
	is(value('ledger', "SELECT sto.wait_sealed($after)"), 't', '... which seals');
	becomes('ledger', 'signed_size = sto.tree_size()', '... and signs');
}

# A worker that dies in every seal, at each step of it: nothing is lost, and nothing sealed twice.
for my $step (qw(read wait tiles block commit))
{
	my $config = $node->data_dir . '/postgresql.conf';
	my $kept = slurp_file($config);
	my $deaths = log_lines(qr/terminated by signal 9/);

	append_to_file($config, "sto_ledger.seal_stop = '$step'\n");
	$node->reload;
	# after the commit it dies once, and has nothing to seal then
	my ($rc, $id) = $node->psql('ledger', 'SET synchronous_commit = on; SELECT sto_test.trade(1, 2, 1)');
	for (1 .. 300)
	{
		last if log_lines(qr/terminated by signal 9/) >= $deaths + ($step eq 'commit' ? 1 : 2);
		select(undef, undef, undef, 0.1);
	}
	cmp_ok(log_lines(qr/terminated by signal 9/), '>', $deaths, "$step: it died, and died again");
	unlink $config;
	append_to_file($config, $kept);
	$node->reload;
	ok($node->poll_query_until('ledger', 'SELECT lag_entries = 0 FROM sto.seal_status'), "$step: it seals");
	becomes('ledger', "state = 'sealing' AND signed_size = sto.tree_size()", "$step: it signs");
}
is(value('ledger', 'SELECT (SELECT max(tree_size) FROM sto.block) = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer)'), 't', 'each leaf is sealed once');
is_sound($node, 'ledger', 'after crashes');

# A database that is filled by a subscription is not sealed there; the worker says so once.  One without the extension
# is idle as well.
setting('sto_ledger.seal_databases', 'ledger, copy, empty');
value('postgres', "CREATE DATABASE copy TEMPLATE template0 ENCODING 'UTF8'");
value('copy', 'CREATE EXTENSION sto_ledger');
value('empty', 'CREATE EXTENSION sto_ledger');
my $publisher = new_server('publisher');
$publisher->start;
$publisher->safe_psql('postgres', 'CREATE EXTENSION sto_ledger; CREATE PUBLICATION log FOR TABLE sto.event, sto.transfer');
value('copy', "CREATE SUBSCRIPTION log CONNECTION '" . ($publisher->connstr('postgres') =~ s{'}{''}gr) . "' PUBLICATION log WITH (copy_data = false)");
new_ledger($publisher, 'postgres');
$publisher->wait_for_catchup('log');
becomes('copy', "state = 'idle' AND message = 'the log can''t be sealed here'", 'idle on a subscriber');
is(value('copy', 'SELECT count(*) FROM sto.block'), '0', '... where no block is made');
sleep 1;
is(log_lines(qr/the log can't be sealed here/), 1, '... and the log says it once');
refused($node, 'copy', 'SELECT sto.promise(1)', 'ST503', 'a promise by a subscriber');
refused($node, 'copy', "SELECT sto.report_checkpoint('anything')", 'ST505', 'a report to a subscriber');
value('copy', 'DROP SUBSCRIPTION log');
$publisher->stop;
becomes('empty', "state = 'idle'", 'idle without a ledger');
value('empty', 'DROP EXTENSION sto_ledger');
sleep 3;
is(value('postgres', "SELECT count(*) FROM pg_stat_activity WHERE datname = 'empty' AND backend_type = 'sto_ledger worker'"), '1', 'idle without the extension too');
setting('sto_ledger.seal_databases');
value('postgres', 'DROP DATABASE copy');

# Commands that need a database for themselves
my ($rc, $out, $err) = $node->psql('postgres', 'CREATE DATABASE copy TEMPLATE ledger');
is($rc, 0, 'a copy of a database whose worker runs') or diag $err;
($rc, $out, $err) = $node->psql('postgres', 'ALTER DATABASE "Big, one" RENAME TO plain');
is($rc, 0, 'renaming one') or diag $err;
ok($node->poll_query_until('postgres', "SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type = 'sto_ledger worker'"), 'its worker went away');
($rc, $out, $err) = $node->psql('postgres', 'DROP DATABASE empty');
is($rc, 0, 'dropping one') or diag $err;
value('ledger', 'DROP EXTENSION IF EXISTS nothing');
$entry = value('ledger', 'SELECT sto_test.trade(1, 2, 1)');
is(value('ledger', "SELECT sto.wait_sealed($entry)"), 't', 'the worker of the copied one is back');
value('postgres', 'CREATE ROLE somebody LOGIN CREATEDB');
$worker = value('ledger', 'SELECT pid FROM sto.worker_status');
refused($node, 'postgres', 'SET ROLE somebody; DROP DATABASE ledger', '42501', "dropping somebody else's");
is(value('ledger', 'SELECT pid FROM sto.worker_status'), $worker, 'whoever may not drop it does not stop its worker');
my $lines = log_lines(qr/\n/);
($rc, $out, $err) = $node->psql('postgres', 'DROP DATABASE ledger WITH (FORCE)');
is($rc, 0, 'dropping by force') or diag $err;
sleep 2;
cmp_ok(log_lines(qr/\n/) - $lines, '<', 15, 'the launcher is quiet about it');
is(value('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'sto_ledger worker'"), '0', 'no worker is left');

$node->stop;
unlike(slurp_file($node->logfile), qr/TRAP|PANIC/, 'no assertion failed');
done_testing();
