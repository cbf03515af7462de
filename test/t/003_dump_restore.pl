# Dump and restore of a live ledger, folded by sto.rebuild(), is equal to the original; what isn't equal is noticed.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('original');
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE original');
$node->safe_psql('original', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'original');
$node->safe_psql('original', q{
	SELECT sto_test.trade(1 + n % 10, 1 + (n + 3) % 10, 1) FROM generate_series(1, 100) AS n;
	SELECT sto_test.hold('ACME', 'w1', '10', 'pledge', '{"credit_wallet": "w2", "reference": "tab \t, quote '' and backslash \\\\"}');
	SELECT sto_test.set_keys('w3', '{203}');
	SELECT sto_test.trade(3, 4, 5);
	SELECT sto_test.redeem('ACME', 'w5', '7');
	SELECT sto_test.event('token_terms', sto_test.id('ACME'), sto_test.id('acme'), '{"authorised": "99999999999999999999999999999999"}');
	SELECT sto.begin_maintenance('дамп "one"');
} . every_log_event() . every_identity_event() . every_enforced_act());
is_sound($node, 'original', 'original');
my $dump = $node->basedir . '/ledger.dump';
my $plain = $node->basedir . '/ledger.sql';

# Dumped while transfers go on: a snapshot of them is what the copy has
my @clients = clients($node, 'original', map { "SELECT sto_test.trade($_, 10, 1);\n" x 400 } 6 .. 7);
sends(20, @clients);
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('original') ], 'dumped in the middle of load');
finish(@clients);
$node->safe_psql('postgres', 'CREATE DATABASE live');
{
	local $ENV{PGOPTIONS} = '-c sto_ledger.restore=on';
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('live'), $dump ], 'restored');
}
refused($node, 'live', 'SELECT sto_test.trade(1, 2, 1)', 'ST402', 'a transfer before the rebuild');
is($node->safe_psql('live', 'SELECT sto.rebuild() = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer)'), 't', 'the whole log is folded');
is_sound($node, 'live', 'restored in the middle of load');

# At rest: equal in everything.  What a role had that is gone is not dumped: its number may be another's elsewhere
$node->safe_psql('original', q{CREATE ROLE gone; SELECT sto.map_role('gone', sto_test.id('acme')); DROP ROLE gone;});
is($node->safe_psql('original', 'SELECT count(*) FROM sto.member'), '2', 'a dropped role is still in the list');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('original') ], 'dumped');
$node->command_ok([ 'pg_dump', '-f', $plain, $node->connstr('original') ], 'dumped as text');
for my $form (qw(custom text))
{
	$node->safe_psql('postgres', "CREATE DATABASE $form");
	local $ENV{PGOPTIONS} = '-c sto_ledger.restore=on';
	$node->command_ok($form eq 'custom'
		? [ 'pg_restore', '--exit-on-error', '-d', $node->connstr($form), $dump ]
		: [ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', $node->connstr($form), '-f', $plain ], "$form: restored");
	delete local $ENV{PGOPTIONS};
	$node->safe_psql($form, 'SELECT sto.rebuild()');
	is_same($node, 'original', $node, $form, "$form: equal to the original");
	is_sound($node, $form, $form);
	is($node->safe_psql($form, 'SELECT ledger_id, genesis_hash FROM sto.ledger'), $node->safe_psql('original', 'SELECT ledger_id, genesis_hash FROM sto.ledger'), "$form: the same ledger");
	is($node->safe_psql($form, 'SELECT count(*) FROM sto.member'), '1', "$form: roles are mapped");
	is($node->safe_psql($form, q{SELECT count(*) FROM sto.close AS c WHERE sto.verify_close_proof(sto.close_proof(c.event, sto_test.address('w1'), sto_test.id('ACME')), c.root, c.count)}),
		'3', "$form: closes are proven from the restored log");
	cmp_ok($node->safe_psql($form, 'SELECT sto_test.trade(1, 2, 1)'), '>', $node->safe_psql('original', 'SELECT max(entry_id) FROM sto.transfer'), "$form: a new order gets a new id");
	refused($node, $form, q{SELECT sto_test.insert_order(t, NULL) FROM sto.transfer AS t WHERE amount = '5'; SELECT sto_test.transfer('ACME', 'w1', 'w2', '2', jsonb_build_object('order_id', order_id, 'ordering_party', ordering_party)) FROM sto.transfer WHERE debit_wallet = sto_test.address('w1') AND kind = 'transfer' LIMIT 1},
		'ST004', "$form: an order id used before");
	refused($node, $form, q{SELECT sto_test.open_ledger()}, 'ST403', "$form: opening it again");
	is_sound($node, $form, "$form, used");
}

# Without restore mode it isn't a restore
$node->safe_psql('postgres', 'CREATE DATABASE forgetful');
my ($out, $err) = run_command([ 'pg_restore', '-d', $node->connstr('forgetful'), $dump ]);
like($err, qr/is filled by the gate/, 'without restore mode rows are refused');
is($node->safe_psql('forgetful', 'SELECT count(*) FROM sto.event'), '0', '... all of them');

# A dump that was edited: a leaf no longer fits, or, with all leaves left alone, the fold finds it
my $text = slurp_file($plain);
for my $case ([ 'an amount', qr/(COPY sto\.transfer .*?\t)(1000)(\t)/s, '1001' ], [ 'a body', qr/(COPY sto\.event .*?"name": ")(ACME)(")/s, 'ACNE' ])
{
	my ($what, $pattern, $new) = @$case;
	my $db = 'edited' . (($what =~ /body/) ? 1 : 2);
	(my $edited = $text) =~ s/$pattern/$1$new$3/ or die "$what not found";
	append_to_file("$plain.$db", $edited);
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	local $ENV{PGOPTIONS} = '-c sto_ledger.restore=on';
	($out, $err) = run_command([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose', '-o', '/dev/null', '-d', $node->connstr($db), '-f', "$plain.$db" ]);
	delete local $ENV{PGOPTIONS};
	if ($err =~ /ST404/)
	{
		pass("$what changed: refused while it is loaded");
	}
	else
	{
		refused($node, $db, 'SELECT sto.rebuild()', 'ST404', "$what changed");
	}
}

# --disable-triggers would leave the guards off: refused where the library is preloaded, noticed where it isn't
$node->safe_psql('postgres', 'CREATE DATABASE unguarded');
$node->safe_psql('unguarded', 'CREATE EXTENSION sto_ledger');
($out, $err) = run_command([ 'pg_restore', '--data-only', '--disable-triggers', '-n', 'sto', '-d', $node->connstr('unguarded'), $dump ]);
like($err, qr/ALTER TABLE on sto\.event is refused/, 'preloaded: triggers are not disabled');
is($node->safe_psql('unguarded', 'SELECT count(*) FROM sto.event'), '0', 'preloaded: nothing is loaded so');

my $bare = new_server('bare', "shared_preload_libraries = ''");
$bare->start;
$bare->safe_psql('postgres', 'CREATE EXTENSION sto_ledger');
# these alone: other tables before them would bring the library, and with it the hooks, into the session
run_command([ 'pg_restore', '--data-only', '--disable-triggers', '-n', 'sto', '-t', 'event', '-t', 'transfer', '-d', $bare->connstr('postgres'), $dump ]);
refused($bare, 'postgres', q{INSERT INTO sto.event (kind, subject, actor, body) VALUES ('party', gen_random_uuid(), gen_random_uuid(), '{}')}, '(ST405|23502)', 'not preloaded, an act');
refused($bare, 'postgres', 'SELECT sto.rebuild()', 'ST405', 'not preloaded, folding');
is($bare->safe_psql('postgres', "SELECT count(*) FROM sto.verify() WHERE check_name = 'guards' AND NOT ok") > 0, 1, 'not preloaded: sto.verify() tells');
$bare->stop;
$node->stop;

done_testing();
