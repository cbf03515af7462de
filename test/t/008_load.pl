# The library where it is preloaded, and where it is loaded by the first use.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('load', "shared_preload_libraries = ''");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'postgres');
$node->safe_psql('postgres', q{CREATE ROLE clerk; SELECT sto.map_role('clerk', sto_test.id('acme'))});

sub guards
{
	return $node->safe_psql('postgres', q{SELECT ok, detail FROM sto.verify() WHERE check_name = 'guards'});
}

my $ddl = 'ALTER TABLE sto.event DISABLE TRIGGER sto_guard';

# Loaded by its first use: everything works, and what preloading alone can do is said
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), '', 'not preloaded');
like($node->safe_psql('postgres', 'SELECT sto_test.trade(1, 2, 5)'), qr/^\d+$/, 'an order is posted');
is_sound($node, 'postgres', 'not preloaded');
like(guards(), qr/^t\|the library is not preloaded/, 'sto.verify() says that it is not preloaded');
refused($node, 'postgres', 'DELETE FROM sto.event', 'ST401', 'rows are guarded');
my ($status, $out, $err) = $node->psql('postgres', "SELECT sto.ledger_id(), '1'::sto.token_amount; $ddl");
like($err, qr/ALTER TABLE on sto\.event is refused/, 'DDL is refused once the session has used the library');
is($node->psql('postgres', "BEGIN; $ddl; ROLLBACK"), 0, 'and not before that');
is($node->psql('postgres', "BEGIN; $ddl; SELECT sto_test.party('x'); ROLLBACK"), 3, 'but then nothing can be recorded');

# A setting given before the library is there is judged when it comes
is($node->safe_psql('postgres', 'SET sto_ledger.max_post_age = 5; SELECT sto_test.trade(1, 2, 5) > 0; SHOW sto_ledger.max_post_age'), "t\n5s", 'a superuser\'s setting holds');
is($node->safe_psql('postgres', q{SET SESSION AUTHORIZATION clerk; SET sto_ledger.restore = on; SELECT '1'::sto.token_amount; SHOW sto_ledger.restore}), "1\noff", 'another\'s does not');
(undef, undef, $err) = $node->psql('postgres', q{SELECT '1'::sto.token_amount; SET sto_ledger.other = 1});
like($err, qr/invalid configuration parameter name/, 'there are no other settings');

# Preloaded: in every session from its start
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', 'sto_ledger');
$node->restart;
is(guards(), 't|', 'preloaded: sto.verify() has nothing to say');
(undef, undef, $err) = $node->psql('postgres', $ddl);
like($err, qr/ALTER TABLE on sto\.event is refused/, 'preloaded: DDL is refused as the first thing');
like($node->safe_psql('postgres', 'SELECT sto_test.trade(2, 1, 5)'), qr/^\d+$/, 'preloaded: an order is posted');
$node->safe_psql('postgres', 'CREATE DATABASE empty');
is($node->safe_psql('empty', 'CREATE TABLE t (x int); ALTER TABLE t ADD y int; DROP TABLE t; SELECT 1'), '1', 'preloaded: a database without the extension is left alone');
is_sound($node, 'postgres', 'preloaded');

$node->stop;
done_testing();
