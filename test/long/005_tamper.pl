# 500 single changes by chance, of a value of any column of a sealed row, a tile or a block, in a log whose tree has tiles
# of two levels: sto.verify() notices each.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use StoTest;
use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('ledger');
$node->start;

sub value { return $node->safe_psql('postgres', @_) }

value('CREATE EXTENSION sto_ledger');
new_ledger($node, 'postgres');
value(slurp_file(dirname(__FILE__) . "/../signer/$_.sql")) for qw(notes forger);

# signed orders, unsigned ones, a hold, a list, keys that change; and 66,000 entries that fill tiles of the second level
value(q{
	SELECT sto_test.trade(1 + n % 5, 6 + n % 5, 1) FROM generate_series(1, 200) AS n;
	SELECT sto_test.hold('ACME', 'w7', '9', 'pledge', '{"credit_wallet": "w8", "release_after": "2100-01-01 00:00:00+00", "reference": "a pledge"}');
	SELECT sto_test.set_keys('w9', '{209}', 1, '{"209": {"to": 4102444800000000}}');
	SELECT sto_test.token('CASH', 'acme', NULL, 'cash', 2, '{"currency": "KZT", "unsigned_role": "postgres"}');
	SELECT sto_test.issue('CASH', 'w1', '100000');
});
value('CALL sto.seal()');
value(q{
	INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
	SELECT 'transfer', sto_test.id('CASH'), sto_test.address('w' || 1 + n % 2), sto_test.address('w' || 2 - n % 2), '1', sto_test.id('p' || 1 + n % 2), gen_random_uuid()
	  FROM generate_series(0, 65999) AS n;
});
value('CALL sto.seal()');
value('SELECT sto_test.trade(1 + n % 5, 6 + n % 5, 1) FROM generate_series(1, 20) AS n');
value('CALL sto.seal()');
value('SELECT sto_test.trade(1, 2, 1)');
is(value('SELECT count(*) FROM sto.tile WHERE level = 1'), '1', 'tiles of two levels');
is(value('SELECT sto.verify_ok()'), 't', 'whole before');

my $seed = $ENV{TAMPER_SEED} // rand;
note "TAMPER_SEED=$seed";
my @run = split /\n/, value("SELECT n, \"table\", \"column\", entry, noticed FROM sto_test.tamper_run($seed, 500)");
is(scalar @run, 500, '500 single changes');
my %columns = map { my @field = split /\|/; ("$field[1].$field[2]" => 1) } @run;
is(scalar keys %columns, value(q{SELECT count(*) FROM pg_attribute WHERE attnum > 0 AND attrelid IN ('sto.transfer'::regclass, 'sto.event'::regclass, 'sto.tile'::regclass, 'sto.block'::regclass)}),
	'... of every column');
is(join("\n", grep { /\|$/ } @run), '', "... each noticed (seed $seed)");
is(value('SELECT sto.verify_ok()'), 't', 'whole after');
$node->stop;

done_testing();
