# Random orders against a model: many seeds, followed by a subscriber, while other sessions trade in the same ledger.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PostgreSQL::Test::Utils;
use StoTest;
use Test::More;

my $primary = new_server('primary');
my $replica = new_server('replica');
$_->start for $primary, $replica;
$_->safe_psql('postgres', 'CREATE EXTENSION sto_ledger') for $primary, $replica;
$primary->safe_psql('postgres', 'CREATE PUBLICATION ledger FOR TABLE sto.event, sto.transfer');
my $from = $primary->connstr('postgres') =~ s/'/''/gr;
$replica->safe_psql('postgres', "CREATE SUBSCRIPTION ledger CONNECTION '$from' PUBLICATION ledger WITH (copy_data = false, disable_on_error = true, streaming = on)");
new_ledger($primary, 'postgres');
add_signer($replica, 'postgres');
$primary->safe_psql('postgres', slurp_file('test/signer/random.sql'));
$primary->safe_psql('postgres', 'SELECT sto_test.begin_play()');

my $trades = join '', map { 'SELECT sto_test.trade(' . (1 + $_ % 10) . ', ' . (1 + ($_ + 1 + $_ % 7) % 10) . ", 1);\n" } 1 .. 20000;
my @others = clients($primary, 'postgres', $trades, $trades);
for my $n (1 .. 20)
{
	my $seed = $n / 21;
	is($primary->safe_psql('postgres', "SELECT string_agg(result, ',') FROM sto_test.play($seed, 100)"), '0,0', "seed $seed: as the model says");
}
kill 'TERM', map { $_->{pid} } @others;
finish(@others);
$primary->wait_for_catchup('ledger');
is($replica->safe_psql('postgres', 'SELECT subenabled FROM pg_subscription'), 't', 'the subscriber has never stopped');
is_sound($_, 'postgres', $_->name) for $primary, $replica;
is_same($primary, 'postgres', $replica, 'postgres', 'both are equal');
$primary->safe_psql('postgres', 'SELECT sto.rebuild()');
is_same($replica, 'postgres', $primary, 'postgres', 'and equal to the log folded anew');
$_->stop for $replica, $primary;

done_testing();
