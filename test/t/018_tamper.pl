# Tampering by a superuser who switches the guards off in the catalogs, leaves no event behind, and covers what he can
# cover.  Each case says what finds it: sto.verify(), or sto_verify with what somebody outside has kept, and why.
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
my $node = new_server('ledger', "sto_ledger.seal_databases = 'ledger'", 'sto_ledger.seal_interval = 100ms', "sto_ledger.log_key = '$folder/log.key'");

# The private half of the test signer's key 801.
append_to_file("$folder/log.key", "-----BEGIN PRIVATE KEY-----\n"
	. encode_base64(pack('H*', '302e020100300506032b657004220420') . sha256('sto test key ed25519 801')) . "-----END PRIVATE KEY-----\n");
chmod 0600, "$folder/log.key";
$node->start;

sub value { return $node->safe_psql(@_) }

# One ledger: ACME is moved by signed orders, CASH by a role without signatures; three blocks, a tile, a gap, two witnesses
# that have cosigned, a tail that is not sealed.  All cases work on copies of it.
value('postgres', "CREATE DATABASE ledger TEMPLATE template0 ENCODING 'UTF8'");
value('ledger', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'ledger');
value('ledger', slurp_file(dirname(__FILE__) . "/../signer/$_.sql")) for qw(notes forger);

sub sealed
{
	my ($what) = @_;

	ok($node->poll_query_until('ledger', q{SELECT (SELECT max(tree_size) FROM sto.checkpoint) = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer)}), $what);
}

value('ledger', q{
	SELECT sto_test.log_key(801), sto_test.witness('north', 61, 811), sto_test.witness('south', 62, 812);
	SELECT sto_test.token('CASH', 'acme', NULL, 'cash', 2, '{"currency": "KZT", "unsigned_role": "postgres"}');
	SELECT sto_test.issue('CASH', 'w1', '100000'), sto_test.issue('CASH', 'w2', '100000');
	SELECT sto_test.set_keys('w9', '{209}', 1, '{"209": {"to": 4102444800000000}}');
	CREATE FUNCTION sto_test.pay(a int, b int, amount int) RETURNS bigint LANGUAGE sql AS $$
		SELECT sto_test.post(sto_test.transfer_order('CASH', 'w' || a, 'w' || b, amount::text), '{}') $$;
});
sealed('a first block is sealed and signed');
value('ledger', q{
	SELECT sto_test.trade(1 + n % 5, 6 + n % 5, 1), sto_test.pay(1, 2, 3), sto_test.pay(2, 1, 2) FROM generate_series(1, 100) AS n;
	DO $$ BEGIN PERFORM sto_test.pay(1, 2, 1); RAISE 'a gap'; EXCEPTION WHEN raise_exception THEN NULL; END $$;
	SELECT sto_test.pay(1, 2, 1);
});
my $gap = value('ledger', 'SELECT max(entry_id) - 1 FROM sto.transfer');
sealed('a second');
value('ledger', 'SELECT sto_test.trade(1 + n % 5, 6 + n % 5, 1), sto_test.pay(1, 2, 7) FROM generate_series(1, 10) AS n');
sealed('a third');

# Witnesses' cosignatures, as sto_witness makes them, and what they have kept of the log
my @witnesses = map { value('ledger', "SELECT sto_test.vkey('$_->[0].example/witness', 4, $_->[1])") } ([ 'north', 811 ], [ 'south', 812 ]);
is(value('ledger', q{
	SELECT sto.add_cosignature(c.note || string_agg(sto_test.note_line(w.name || '.example/witness', 4, w.seed,
	       sto_test.cosignature(split_part(c.note, E'\n\n', 1) || E'\n', w.seed, extract(epoch FROM now())::bigint)), ''))
	  FROM (SELECT note FROM sto.checkpoint ORDER BY tree_size DESC LIMIT 1) AS c, (VALUES ('north', 811), ('south', 812)) AS w (name, seed) GROUP BY c.note}),
	'2', 'two witnesses have cosigned it');

sub keep
{
	my ($name, $text) = @_;

	open my $file, '>:raw', "$folder/$name" or die;
	print $file $text;
	close $file;
	return "$folder/$name";
}

my $log_vkey = value('ledger', 'SELECT sto.log_vkey()');
my $genesis = value('ledger', 'SELECT genesis_hash FROM sto.ledger');
my $checkpoint = keep('checkpoint', value('ledger', 'SELECT sto.checkpoint()'));
my ($cosigned) = slurp_file($checkpoint) =~ /\n(\d+)\n/;
my $middle = value('ledger', "SELECT entry_id FROM sto.transfer WHERE kind = 'transfer' AND token_id = sto_test.id('CASH') OFFSET 80 LIMIT 1");
my $signed = value('ledger', "SELECT entry_id FROM sto.transfer WHERE kind = 'transfer' AND token_id = sto_test.id('ACME') OFFSET 40 LIMIT 1");
my $last_sealed = value('ledger', 'SELECT max(last_id) FROM sto.block');
my $receipt = keep('receipt', value('ledger', "SELECT sto.receipt($signed, 'debit')"));

# The worker goes; three entries more are not sealed, and a promise for the middle one is in its holder's hands.
my $tail = value('ledger', 'SELECT sto_test.pay(1, 2, 5)');
my $promised = value('ledger', 'SELECT sto_test.pay(1, 2, 6)');
my $promise = value('ledger', "SELECT sto.promise($promised)");
value('postgres', "ALTER SYSTEM SET sto_ledger.seal_databases = ''");
$node->reload;
ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'sto_ledger worker'"), 'the worker has gone');
if (value('ledger', "SELECT max(last_id) >= $tail FROM sto.block") eq 't')
{
	# it was quicker: others in their place
	$last_sealed = value('ledger', 'SELECT max(last_id) FROM sto.block');
	$tail = value('ledger', 'SELECT sto_test.pay(1, 2, 5)');
	$promised = value('ledger', 'SELECT sto_test.pay(1, 2, 6)');
	$promise = value('ledger', "SELECT sto_test.signed_note(E'sto.promise/v1\\n' || sto_test.log_name() || E'\\n$promised\\n' || sto_test.base64(leaf_hash::bytea) || E'\\n' || sto.to_micros(now()) || E'\\n') FROM sto.transfer WHERE entry_id = $promised");
}
$promise = keep('promise', $promise);
my $newest = value('ledger', 'SELECT sto_test.pay(1, 2, 8)');
my $last_size = value('ledger', 'SELECT max(tree_size) FROM sto.block');

# Tools

my $cases = 0;

sub copy_of_ledger
{
	my $db = 'case' . ++$cases;

	value('postgres', "CREATE DATABASE $db TEMPLATE ledger");
	return $db;
}

# A session sees the triggers as they are when it begins.
sub tamper
{
	my ($db, @sql) = @_;
	my $guards = q{tgname ~ '^sto_' AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'sto'::regnamespace)};

	value($db, "UPDATE pg_trigger SET tgenabled = 'D' WHERE $guards");
	value($db, $_) for @sql;
	value($db, "UPDATE pg_trigger SET tgenabled = 'A' WHERE $guards");
}

# The checks that fail, each with its first bad entry
sub verify
{
	my ($db) = @_;

	return value($db, "SELECT coalesce(string_agg(concat_ws(' ', check_name, first_bad), ', '), 'whole') FROM sto.verify() WHERE NOT ok");
}

# sto_verify, which trusts what is on its command line and nothing that the server computes
sub sto_verify
{
	my ($db, @options) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sto_verify', '--conn', $node->connstr($db), '--genesis', $genesis, '--log-key', $log_vkey, '--quiet', @options ], '>', \$out, '2>', \$err);
	return (($? >> 8), "$out$err");
}

# Tampered with like this, sto.verify() says that, and sto_verify too.  outside: what else sto_verify is given.
sub found
{
	my ($what, $why, $expected, @sql) = @_;
	my $db = copy_of_ledger();

	tamper($db, @sql);
	like(verify($db), $expected, "$what: sto.verify() names it: $why");
	my ($rc, $out) = sto_verify($db);
	is($rc, 1, "$what: sto_verify says broken") or diag $out;
	return $out;
}

is(verify('ledger'), 'whole', 'nothing was tampered with yet');
{
	my ($rc, $out) = sto_verify('ledger', '--checkpoint', $checkpoint, map { ('--witness-key', $_) } @witnesses);
	is($rc, 0, 'sto_verify says whole') or diag $out;
}

# Rows

found('an amount in a sealed row', 'its leaf_hash covers it', qr/entry_leaves $signed\b/,
	"UPDATE sto.transfer SET amount = amount + 1 WHERE entry_id = $signed");
found('an amount in an unsealed row', 'its leaf_hash covers it', qr/entry_leaves $tail\b/,
	"UPDATE sto.transfer SET amount = amount + 1 WHERE entry_id = $tail");
my $rehash = q{UPDATE sto.transfer AS t SET leaf_hash = sto.entry_leaf(t, sto_test.ledger_id(), d.salt, c.salt)
	FROM sto.wallet AS d, sto.wallet AS c WHERE d.address = t.debit_wallet AND c.address = t.credit_wallet AND t.entry_id = };
found('... and that leaf computed anew', 'tile, block, links and signature still tell', qr/entry_links $signed\b.*entry_signatures $signed\b.*tiles $signed\b/,
	"UPDATE sto.transfer SET amount = amount + 1 WHERE entry_id = $signed", "$rehash$signed");
found('an unsigned amount, and every hash after it on both chains', 'the tree was sealed before', qr/^blocks \d+, tiles $middle\b/,
	"UPDATE sto.transfer SET amount = amount + 1 WHERE entry_id = $middle", "SELECT sto_test.rewrite($middle)");

# In the unsealed tail the same leaves nothing in this database that tells.
{
	my $db = copy_of_ledger();

	tamper($db, "UPDATE sto.transfer SET amount = amount + 100 WHERE entry_id = $promised", "SELECT sto_test.rewrite($promised)");
	is(verify($db), 'whole', 'the unsealed tail rewritten: sto.verify() finds nothing, and nothing in the database could');
	my ($rc) = sto_verify($db, '--checkpoint', $checkpoint);
	is($rc, 0, '... nor does sto_verify, with the witnessed checkpoint even');
	is(value($db, 'SELECT sto.verify_promise(pg_read_file($$' . $promise . '$$), $$' . $log_vkey . '$$)'), 't', '... but its holder has a promise');
	my ($leaf) = (split /\n/, slurp_file($promise))[3];
	isnt(value($db, "SELECT sto_test.base64(leaf_hash::bytea) FROM sto.transfer WHERE entry_id = $promised"), $leaf, '... of another leaf: the promise is broken');
	is(value('ledger', "SELECT sto_test.base64(leaf_hash::bytea) FROM sto.transfer WHERE entry_id = $promised"), $leaf, '... the one that the log had');
}

# The whole of it: rows, hashes, positions, tiles, blocks, and the log's own signature, with the log's own key.
{
	my $db = copy_of_ledger();

	tamper($db, "UPDATE sto.transfer SET amount = amount + 1 WHERE entry_id = $middle", "SELECT sto_test.rewrite($middle)", 'SELECT sto_test.forget_tree()', 'CALL sto.seal()',
		'SELECT sto_test.put_checkpoint()');
	is(verify($db), 'whole', 'the whole tree made anew and signed: sto.verify() finds nothing');
	my ($rc, $out) = sto_verify($db);
	is($rc, 0, '... nor does sto_verify, without what witnesses have kept') or diag $out;
	($rc, $out) = sto_verify($db, '--checkpoint', $checkpoint);
	is($rc, 1, "... the witness's checkpoint does: it is of another tree");
	like($out, qr/checkpoint/i, '... and it says so');
	($rc) = sto_verify($db, '--witnesses', 2, map { ('--witness-key', $_) } @witnesses);
	isnt($rc, 0, '... and the new checkpoint has no witness');
	is(value($db, 'SELECT sto.report_checkpoint(pg_read_file($$' . $checkpoint . '$$))'), 't', '... whoever reports it is heard');
	like(verify($db), qr/foreign_checkpoints/, '... and sto.verify() says so from then on');
	is(value($db, "SELECT v.ok FROM sto.verify_receipt(pg_read_file('$receipt'), \$\$$log_vkey\$\$) AS v"), 't', "... an investor's receipt of the true history still verifies");
}

# What no gate lets in, with everything that hangs on it made to fit
found('terms of a hold on an order that holds nothing', 'no order of its kind says that', qr/^entry_balances $newest$/,
	"UPDATE sto.transfer SET release_after = '2100-01-01' WHERE entry_id = $newest", "SELECT sto_test.rewrite($newest)");
{
	my $db = copy_of_ledger();
	my $facts = value($db, q{SELECT sto_test.party_facts('p1', '{"country": "KZ"}')});

	tamper($db, "UPDATE sto.event SET subject = sto_test.id('w1') WHERE entry_id = $facts", "SELECT sto_test.sign_event($facts)", "UPDATE sto.party SET country = NULL");
	is(verify($db), "event_links $facts", "a party's facts, signed by the registrar, about a wallet: sto.verify() names it: its subject is of another sort");
	my ($rc, $out) = sto_verify($db);
	is($rc, 1, '... sto_verify says broken') or diag $out;
}

{
	my $db = copy_of_ledger();
	my $act = value($db, q{SELECT sto_test.event('wallet_terms', sto_test.id('w1'), sto_test.id('w1'), '{"signed_only": false}')});

	tamper($db, qq(UPDATE sto.event SET body = '{"signed_only": false, "for": "a friend"}' WHERE entry_id = $act), "SELECT sto_test.sign_event($act)");
	is(verify($db), "event_links $act", 'a body that says more than its kind knows, signed: sto.verify() names it: no event of its kind has it');
	my ($rc, $out) = sto_verify($db);
	is($rc, 1, '... sto_verify says broken') or diag $out;
}

# Rows taken out, put in, swapped

my $last = value('ledger', "SELECT entry_id FROM sto.transfer WHERE entry_id <= $last_sealed ORDER BY entry_id DESC LIMIT 1");
found('the last entry taken out', 'its positions are not what is left', qr/entry_links/,
	"DELETE FROM sto.transfer WHERE entry_id = $newest");
{
	my $db = copy_of_ledger();

	tamper($db, "DELETE FROM sto.transfer WHERE entry_id = $newest", 'SELECT sto_test.mend_positions()');
	is(verify($db), 'whole', 'the last, unsealed entry taken out and its positions mended: nothing in the database tells, only a promise or a subscriber');
}
found('all entries from the last sealed one on taken out, positions mended', 'the block was sealed over more', qr/^blocks \d+/,
	"DELETE FROM sto.transfer WHERE entry_id >= $last", 'SELECT sto_test.mend_positions()');
found('an entry from the middle taken out', 'links, tile and block', qr/entry_links \d+.*blocks \d+.*tiles \d+/,
	"DELETE FROM sto.transfer WHERE entry_id = $middle", 'SELECT sto_test.mend_positions()');
# sto_verify has no use for blocks: it is told tree sizes by checkpoints
for my $case ([ 'the last block', "tree_size = $last_size" ], [ 'a block in the middle', 'tree_size = (SELECT tree_size FROM sto.checkpoint ORDER BY tree_size OFFSET 1 LIMIT 1)' ])
{
	my $db = copy_of_ledger();

	tamper($db, "DELETE FROM sto.block WHERE $case->[1]");
	like(verify($db), qr/checkpoints/, "$case->[0] taken out: sto.verify() names it: its checkpoint is of no block");
}
{
	my $db = copy_of_ledger();

	tamper($db, "DELETE FROM sto.cosignature WHERE tree_size = $last_size; DELETE FROM sto.checkpoint WHERE tree_size = $last_size; DELETE FROM sto.block WHERE tree_size = $last_size");
	is(verify($db), 'whole', 'the last block taken out with its checkpoint and cosignatures: its entries are as good as unsealed');
	my ($rc, $out) = sto_verify($db, '--checkpoint', $checkpoint, '--witnesses', 2, map { ('--witness-key', $_) } @witnesses);
	is($rc, 0, '... and whoever has kept the checkpoint finds the history that it covers, whole') or diag $out;
}
found('an event taken out', 'links, tile and block', qr/blocks \d+.*tiles \d+/,
	"DELETE FROM sto.event WHERE kind = 'keys'");

# Into the gap that a rolled-back entry left, with sequence numbers, balances and hashes of all that follows made to fit
found('an entry put into a gap', 'the block was sealed over fewer', qr/^blocks \d+$/,
	qq{UPDATE sto.transfer SET debit_seq = debit_seq + 1000001, credit_seq = credit_seq + 1000001 WHERE entry_id > $gap AND token_id = sto_test.id('CASH')},
	qq{UPDATE sto.transfer SET debit_seq = debit_seq - 1000000, credit_seq = credit_seq - 1000000 WHERE entry_id > $gap AND token_id = sto_test.id('CASH')},
	qq{INSERT INTO sto.transfer SELECT (jsonb_populate_record(t, jsonb_build_object('entry_id', $gap, 'order_id', gen_random_uuid(), 'debit_seq', t.debit_seq - 1, 'credit_seq', t.credit_seq - 1))).*
	   FROM sto.transfer AS t WHERE t.entry_id = $gap + 1},
	"SELECT sto_test.rewrite($gap)");
found('an entry put before the first id', 'nothing is sealed there, and it follows nothing', qr/entry_links -1\b.*blocks -1\b/,
	q{INSERT INTO sto.transfer SELECT (jsonb_populate_record(t, jsonb_build_object('entry_id', -1, 'order_id', gen_random_uuid(), 'debit_seq', 1000001, 'credit_seq', 1000001))).* FROM sto.transfer AS t WHERE t.entry_id = } . $signed);
found('two rows swapped', 'each leaf covers its id', qr/entry_leaves (?:$middle|$signed)\b/,
	"UPDATE sto.transfer SET entry_id = -entry_id WHERE entry_id IN ($middle, $signed); UPDATE sto.transfer SET entry_id = CASE entry_id WHEN -$middle THEN $signed ELSE $middle END WHERE entry_id < 0");
found('two rows swapped, their leaves computed anew', 'the tile has other leaves', qr/entry_links.*tiles \d+/,
	"UPDATE sto.transfer SET entry_id = -entry_id WHERE entry_id IN ($middle, $signed); UPDATE sto.transfer SET entry_id = CASE entry_id WHEN -$middle THEN $signed ELSE $middle END WHERE entry_id < 0",
	"$rehash$middle", "$rehash$signed");

# Signatures, keys, and what is derived

found('a signature', 'the leaf covers it', qr/entry_leaves $signed\b.*entry_signatures $signed\b/,
	"UPDATE sto.transfer SET signatures = set_byte(signatures, 40, get_byte(signatures, 40) # 1) WHERE entry_id = $signed");
found("a key's validity, in its event", 'the leaf covers it', qr/event_leaves \d+/,
	q{UPDATE sto.event SET body = replace(body::text, '4102444800000000', '4102444900000000')::json WHERE body::text ~ '4102444800000000'});
my $key = q{fingerprint = sto.fingerprint(sto_test.public_key(209)::sto.public_key)};
for my $case (
	[ "a key's validity, in the register", qr/^register \d+$/, "UPDATE sto.key SET valid_to = NULL WHERE $key" ],
	[ 'a balance', qr/^entry_links \d+, zero_sum \d+$/, "UPDATE sto.position SET balance = balance + 1 WHERE wallet = sto_test.address('w3') AND token_id = sto_test.id('ACME')" ],
	[ 'a balance, with the zero sum kept', qr/^entry_links \d+$/, "UPDATE sto.position SET balance = balance + CASE wallet WHEN sto_test.address('w3') THEN 1 ELSE -1 END WHERE wallet IN (sto_test.address('w3'), sto_test.address('w4')) AND token_id = sto_test.id('ACME')" ],
	[ "a token's authorised amount", qr/register \d+/, "UPDATE sto.token SET authorised = 1000000" ],
	[ "a token's rule who may order unsigned", qr/register \d+/, "UPDATE sto.token SET unsigned_role = 'postgres' WHERE name = 'ACME'" ],
	[ "a token's rule what its holders must show", qr/register/, "INSERT INTO sto.token_topics VALUES (1, sto_test.id('ACME'), '{kyc}', false)" ],
	[ "the witnesses' threshold", qr/register/, 'INSERT INTO sto.witness_policy VALUES (1, 1)' ],
	[ "the log's key", qr/register.*checkpoints|checkpoints.*register|register/, "UPDATE sto.log_key SET key = sto_test.public_key(802)::sto.public_key" ])
{
	my ($what, $expected, $sql) = @$case;
	my $db = copy_of_ledger();

	# sto_verify doesn't read what is derived: it folds the log itself
	tamper($db, $sql);
	like(verify($db), $expected, "$what: sto.verify() names it: it is not what the log says");
}

# What seals

found('a tile taken out', 'every full tile is recomputed', qr/^tiles \d+$/, 'DELETE FROM sto.tile WHERE level = 0 AND tile = 0');
found('a hash in a tile', 'every full tile is recomputed', qr/^tiles \d+$/, 'UPDATE sto.tile SET tail = set_byte(tail, 1000, get_byte(tail, 1000) # 128) WHERE tile = 0');
found("a block's root", "the tree is recomputed", qr/^blocks \d+, checkpoints \d+$/,
	"UPDATE sto.block SET root = sha256('x')::sto.digest WHERE tree_size = $last_size");
found("a checkpoint's signature", 'it is verified', qr/^checkpoints \d+/,
	"UPDATE sto.checkpoint AS c SET note = sto_test.signed_note(sto_test.checkpoint_text(c.tree_size, b.root), 802) FROM sto.block AS b WHERE b.tree_size = c.tree_size AND c.tree_size = $last_size");
{
	my $db = copy_of_ledger();

	tamper($db, 'UPDATE sto.cosignature SET signature = set_byte(signature, 20, get_byte(signature, 20) # 1)');
	like(verify($db), qr/^cosignatures \d+$/, 'a cosignature: sto.verify() names it: it is verified');
}

# Keys that were replaced, the log's and a witness's, and that somebody has kept, or stolen
my $seal = 'SET client_min_messages = warning; CALL sto.seal()';
{
	my $db = copy_of_ledger();

	value($db, $_) for 'SELECT sto_test.log_key(802)', $seal;
	tamper($db, 'SELECT sto_test.put_checkpoint()');
	like(verify($db), qr/^checkpoints \d+$/, "a checkpoint by the log's key that was replaced: sto.verify() names it");
	my ($rc, $out) = sto_verify($db);
	is($rc, 1, '... sto_verify says broken');
	like($out, qr/BROKEN: checkpoint, entry \d+: .*by a key that an event had retired/, '... and why');
}
{
	my $db = copy_of_ledger();

	value($db, $_) for q{SELECT sto_test.witness_key('north', 821)}, $seal;
	tamper($db, 'SELECT sto_test.put_checkpoint()');
	my $own = value($db, q{SELECT c.note || string_agg(sto_test.note_line(w.name || '.example/witness', 4, w.seed,
		       sto_test.cosignature(split_part(c.note, E'\n\n', 1) || E'\n', w.seed, extract(epoch FROM now())::bigint)), '')
		  FROM (SELECT note FROM sto.checkpoint ORDER BY tree_size DESC LIMIT 1) AS c, (VALUES ('north', 811), ('south', 812)) AS w (name, seed) GROUP BY c.note});
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'sto_verify', '--conn', $node->connstr($db), '--genesis', $genesis, '--log-key', $log_vkey, '--checkpoint', keep('own', "$own\n") ], '>', \$out, '2>', \$err);
	is($? >> 8, 0, "a witness signs with its old key, and keeps that: nothing is wrong with the ledger") or diag "$out$err";
	like($out, qr/^witnessed +to leaf $cosigned,/m, '... but it does not count');
	tamper($db, q{SELECT sto_test.put_cosignature('north', 811)});
	like(verify($db), qr/^cosignatures \d+$/, "a cosignature by a witness's key that was replaced: sto.verify() names it");
	my $rc;
	($rc, $out) = sto_verify($db);
	is($rc, 1, '... sto_verify says broken');
	like($out, qr/BROKEN: cosignature, entry \d+: .*by a key that an event had retired/, '... and why');
}

# What others have signed, taken out: nothing says how much of it there was.
{
	my $db = copy_of_ledger();

	tamper($db, 'DELETE FROM sto.cosignature');
	is(verify($db), 'whole', 'cosignatures taken out: nothing in the database tells');
	my ($rc, $out) = sto_verify($db, '--witnesses', 2, map { ('--witness-key', $_) } @witnesses);
	is($rc, 1, '... sto_verify does, told how many witnesses there must be');
	like($out, qr/^BROKEN: cosignature: no checkpoint has 2/m, '... and says so');
}

# A verification that says yes: the function's text in the catalog is another.
{
	my $db = copy_of_ledger();

	tamper($db, "UPDATE sto.transfer SET amount = amount + 1 WHERE entry_id = $signed",
		q{UPDATE pg_proc SET prosrc = 'BEGIN RETURN QUERY SELECT c, NULL, 1::bigint, true, NULL::bigint, NULL FROM unnest(''{log,blocks}''::text[]) AS c; END' WHERE proname = 'verify' AND pronamespace = 'sto'::regnamespace});
	is(value($db, 'SELECT sto.verify_ok()'), 't', 'a sto.verify() that always says yes is believed by nobody else:');
	my ($rc, $out) = sto_verify($db);
	is($rc, 1, '... sto_verify runs no function of the server') or diag $out;
}

# Single changes by chance, of every column; the seed is printed, and can be given
my $seed = $ENV{TAMPER_SEED} // rand;
note "TAMPER_SEED=$seed";
{
	my $db = copy_of_ledger();
	my $run = value($db, "SELECT n, \"table\", \"column\", entry, noticed FROM sto_test.tamper_run($seed, 112)");
	my @missed = grep { /\|$/ } split /\n/, $run;

	is(scalar(split /\n/, $run), 112, '112 single changes of values of sealed rows, tiles and blocks, two of every column');
	is(join("\n", @missed), '', "... each noticed (seed $seed)");
	is(verify($db), 'whole', '... and each undone');
}
$node->stop;

done_testing();
