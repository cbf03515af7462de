# A large register: 100,000 wallets in one call, 100,000 by COPY; a million entries between them; all of it verified.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use Digest::SHA qw(sha256_hex);
use File::Basename qw(dirname);
use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $wallets = $ENV{STO_TEST_WALLETS} // 100_000;
my $entries = $ENV{STO_TEST_ENTRIES} // 1_000_000;

my $node = new_server('register', 'shared_buffers = 512MB', 'max_wal_size = 8GB', 'max_parallel_workers_per_gather = 2');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION sto_ledger');
add_signer($node, 'postgres');
$node->safe_psql('postgres', 'SELECT sto_test.begin_small()');

# The statement's answer; says how long it took.
sub timed
{
	my ($what, $sql) = @_;
	my $begun = time;
	my ($out, $err);
	my $status = $node->psql('postgres', $sql, stdout => \$out, stderr => \$err, timeout => 3600, on_error_stop => 1);

	is($status, 0, $what) or diag($err);
	note(sprintf '%s: %.1f s', $what, time - $begun);
	return ($out, time - $begun);
}

# Keys and signatures are made outside the database.
my @who = split /\|/, $node->safe_psql('postgres', q{SELECT sto.ledger_id(), sto_test.id('alice'), sto_test.id('registrar')});
my $folder = PostgreSQL::Test::Utils::tempdir;
for my $way (qw(call copy))
{
	my $made = system("PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 '" . dirname(__FILE__) . "/wallets.py' @who "
		  . sha256_hex('sto test key ed25519 3') . " $wallets > $folder/$way");
	is($made, 0, "$wallets registrations are made");
}

my $columns = 'kind, subject, actor, body, signatures';
$node->safe_psql('postgres', "CREATE UNLOGGED TABLE made (n bigserial, kind text, subject uuid, actor uuid, body json, signatures bytea);
	COPY made ($columns) FROM '$folder/call'");
my ($rows, $seconds) = timed("$wallets wallets in one call", q{
	SELECT count(*), count(DISTINCT address), bool_and(address = sto.wallet_address(wallet_id))
	  FROM (SELECT array_agg(subject ORDER BY n) AS ids, array_agg(body ORDER BY n) AS bodies, array_agg(signatures ORDER BY n) AS signatures FROM made) AS m,
	       sto.register_wallets(m.ids, sto_test.id('registrar'), m.bodies, m.signatures)});
is($rows, "$wallets|$wallets|t", 'each with its address');
cmp_ok($seconds, '<', 600, 'in a few minutes');
(undef, $seconds) = timed("$wallets wallets by COPY", "COPY sto.event ($columns) FROM '$folder/copy'");
cmp_ok($seconds, '<', 600, 'in a few minutes');
is($node->safe_psql('postgres', "SELECT count(*) FROM sto.wallet WHERE kind = 'own'"), 2 * $wallets + 2, 'all are there');

# All or nothing: the last of them is bad
is($node->psql('postgres', "INSERT INTO sto.event ($columns)
	SELECT kind, md5(subject::text)::uuid, actor, body, signatures FROM made WHERE n = $wallets UNION ALL SELECT $columns FROM made WHERE n = 1"), 3, 'a bad one is refused');

# Entries: to every wallet in one statement, then among them
$node->safe_psql('postgres', q{SELECT sto_test.token('BIG', 'acme', NULL, 'fund_unit', 6, jsonb_build_object('unsigned_role', current_user)); ANALYZE});
timed("an issue to all in one statement", q{
	INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
	SELECT 'issue', sto_test.id('BIG'), sto_test.address('BIG'), address, 1000000000, sto_test.id('acme'), gen_random_uuid()
	  FROM sto.wallet WHERE kind = 'own' ORDER BY registered});
$node->safe_psql('postgres', q{
	CREATE UNLOGGED TABLE address AS SELECT row_number() OVER (ORDER BY registered) - 1 AS n, address FROM sto.wallet WHERE kind = 'own' AND party_id = sto_test.id('alice');
	CREATE UNIQUE INDEX ON address (n); ANALYZE address});
my $left = $entries - 2 * $wallets;
my ($out) = timed("$left entries in statements of 50,000", "
	DO \$\$
	DECLARE
	    all_wallets bigint := (SELECT count(*) FROM address);
	BEGIN
	    FOR i IN 0 .. ($left - 1) / 50000 LOOP
	        INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
	        SELECT 'transfer', sto_test.id('BIG'), d.address, c.address, 1 + k % 1000, sto_test.id('alice'), gen_random_uuid()
	          FROM generate_series(i * 50000::bigint, least((i + 1) * 50000::bigint, $left) - 1) AS s (k)
	          JOIN address AS d ON d.n = k * 7919 % all_wallets
	          JOIN address AS c ON c.n = (k * 7919 + 1 + k % 100) % all_wallets;
	        COMMIT;
	    END LOOP;
	END \$\$") if $left > 0;
$node->safe_psql('postgres', q{SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') FROM generate_series(1, 500); VACUUM ANALYZE});
my $posted = $node->safe_psql('postgres', 'SELECT count(*) FROM sto.transfer');
cmp_ok($posted, '>=', $entries, "$posted entries");

# Verified as a whole, with the settings that a server has: workers start because there is much to read
my $offset = -s $node->logfile;
($rows) = timed('leaves, balances and links verified', q{
	LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; SET auto_explain.log_analyze = on; SET auto_explain.log_timing = off;
	SELECT check_name, examined, ok FROM sto.verify(checks => '{log}')});
is($rows, join("\n", map { "$_|$posted|t" } qw(entry_leaves entry_balances entry_links)), 'every entry');
my ($plan) = grep { /^\s*SELECT sto\.verify_entries\(/ } split /Query Text:/, slurp_file($node->logfile, $offset);
like($plan // 'no such statement', qr/Workers Launched: [12]/, 'by parallel workers');
($rows) = timed('everything verified', q{SELECT check_name, scope, examined, first_bad, detail FROM sto.verify() WHERE NOT ok});
is($rows, '', 'the ledger is sound');

# One row in a million
my $bad = $node->safe_psql('postgres', q{SELECT entry_id FROM sto.transfer ORDER BY entry_id OFFSET (SELECT count(*) / 2 FROM sto.transfer) LIMIT 1});
($rows) = timed('an edited row is looked for', qq{
	BEGIN;
	DO 'BEGIN PERFORM sto.begin_maintenance(''a test''); END';
	UPDATE sto.transfer SET credit_balance = credit_balance + 1 WHERE entry_id = $bad;
	SELECT check_name, ok, first_bad FROM sto.verify(checks => '{log}');
	ROLLBACK});
like($rows, qr/^entry_leaves\|f\|$bad$/m, 'its leaf tells');
like($rows, qr/^entry_links\|f\|$bad$/m, 'its chain tells');

$node->stop;
done_testing();
