# Fifty thousand random operations against a model (test/long/properties.py); sto_verify, which shares no code with the
# server, comes to the same end.  STO_SEED repeats a run's choices.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PostgreSQL::Test::Utils;
use StoTest;
use Test::More;

my $seed = $ENV{STO_SEED} || time;
my $node = new_server('primary', 'fsync = off');
$node->start;
diag("seed $seed: STO_SEED=$seed repeats it");
plays_as_model($node, $seed, 50000);
$node->stop;

done_testing();
