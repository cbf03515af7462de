# Keys change, wallets close and open, tokens' terms change while transfers are in flight: a subscriber of an honest
# ledger never stops, and ends equal.
use strict;
use warnings FATAL => 'all';

use StoTest;
use Test::More;

my $rounds = $ENV{STO_RACE_ROUNDS} // 100;
my $primary = new_server('primary');
my $replica = new_server('replica');
$_->start for $primary, $replica;
$_->safe_psql('postgres', 'CREATE EXTENSION sto_ledger') for $primary, $replica;
$primary->safe_psql('postgres', 'CREATE PUBLICATION ledger FOR TABLE sto.event, sto.transfer');
my $from = $primary->connstr('postgres') =~ s/'/''/gr;
$replica->safe_psql('postgres', "CREATE SUBSCRIPTION ledger CONNECTION '$from' PUBLICATION ledger WITH (copy_data = false, disable_on_error = true, streaming = on)");
new_ledger($primary, 'postgres');
add_signer($replica, 'postgres');

# Wallets that close: each gets and gives back units of one other until it is closed
$primary->safe_psql('postgres', q{
	CREATE SEQUENCE sto_test.seeds START 300;
	CREATE FUNCTION sto_test.rotate(w text) RETURNS bigint LANGUAGE sql AS $$ SELECT sto_test.set_keys(w, ARRAY[CASE WHEN s < 1000 THEN s ELSE s + 1000 END]) FROM (SELECT nextval('sto_test.seeds')::int) AS n (s) $$;
	CREATE FUNCTION sto_test.open(w text) RETURNS sto.wallet_address LANGUAGE sql AS $$ SELECT sto_test.wallet(w, 'p1', ARRAY[CASE WHEN s < 1000 THEN s ELSE s + 1000 END]) FROM (SELECT nextval('sto_test.seeds')::int) AS n (s) $$;
	CREATE FUNCTION sto_test.close(w text) RETURNS bigint LANGUAGE sql AS $$ SELECT sto_test.event('wallet_status', sto_test.id(w), sto_test.id('registrar'), '{"status": "closed"}') $$;
	SELECT sto_test.open('x' || n) FROM generate_series(1, 20) AS n;
});

srand(1);
my @scripts;
for my $client (1 .. 3)
{
	my $text = '';
	for my $n (1 .. 6 * $rounds)
	{
		my ($a, $x) = (1 + int(rand(10)), 1 + int(rand(20)));
		my $b = 1 + $a % 10;
		# also: held for a moment before commit, and several in one transaction
		$text .= (
			"SELECT sto_test.trade($a, $b, 1);\n",
			"SELECT sto_test.transfer('ACME', 'w$a', 'x$x', '1');\n",
			"SELECT sto_test.transfer('ACME', 'x$x', 'w$a', '1');\n",
			"BEGIN; SELECT sto_test.trade($a, $b, 1); SELECT pg_sleep(0.002); SELECT sto_test.trade($a, $b, 1); COMMIT;\n",
			"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 AS snapshot \\gset\nSELECT pg_sleep(0.002); SELECT sto_test.trade($a, $b, 1); COMMIT;\n")[ $n % 5 ];
	}
	push @scripts, $text;
}
my $acts = '';
for my $n (1 .. $rounds)
{
	my ($a, $x) = (1 + int(rand(10)), 1 + int(rand(20)));
	$acts .= (
		"BEGIN; SELECT sto_test.rotate('w$a'); SELECT pg_sleep(0.02); COMMIT;\n",
		"SELECT sto_test.close('x$x');\n",
		"BEGIN; SELECT sto_test.rotate('w$a'), sto_test.rotate('x$x'); SELECT pg_sleep(0.02); COMMIT;\n",
		"BEGIN; SELECT sto_test.close('x$x'); SELECT pg_sleep(0.02); COMMIT;\n",
		"SELECT sto_test.event('wallet_terms', sto_test.id('w$a'), sto_test.id('w$a'), '{\"signed_only\": false}');\n",
		"SELECT sto_test.event('token_terms', sto_test.id('ACME'), sto_test.id('acme'), '{\"authorised\": \"1000000\"}');\n",
		"BEGIN; SELECT sto_test.rotate('w$a'); SELECT sto_test.trade($a, " . (1 + $a % 10) . ", 1); COMMIT;\n",
		"BEGIN; SELECT sto_test.rotate('w$a'); ROLLBACK;\n")[ $n % 8 ] . "SELECT pg_sleep(0.01);\n";
}
my @clients = clients($primary, 'postgres', @scripts, $acts);
finish(@clients);

my $refused = () = complaints(@clients) =~ /ERROR/g;
cmp_ok(scalar acknowledged(@clients[0 .. 2]), '>', $rounds, 'transfers went through');
my $raced = () = complaints(@clients) =~ /ERROR:  (?:a signature is by|the credit wallet|the debit wallet)/g;
cmp_ok($raced, '>', 0, 'races were met');
note("$refused orders and acts were refused, $raced for a key or wallet that had just gone");
unlike(complaints(@clients), qr/ERROR:  (?!a sign|the |wallet |could not serialize|not enough|too few|deadlock|current transaction)/, 'only by refusals');
$primary->wait_for_catchup('ledger');
is($replica->safe_psql('postgres', 'SELECT subenabled FROM pg_subscription'), 't', 'the subscriber has never stopped');
is_sound($primary, 'postgres', 'primary');
is_sound($replica, 'postgres', 'replica');
is_same($primary, 'postgres', $replica, 'postgres', 'both are equal');
is($primary->safe_psql('postgres', 'SELECT sto.rebuild() > 0'), 't', 'and so says the log in the order of its ids');
is_sound($primary, 'postgres', 'primary, folded anew');
is_same($replica, 'postgres', $primary, 'postgres', 'equal after that');
$_->stop for $replica, $primary;

done_testing();
