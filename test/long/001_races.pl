# The races of test/t/005_replica_races.pl, fifteen times as long.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';

$ENV{STO_RACE_ROUNDS} = 1500;
do './test/t/005_replica_races.pl' or die $@ || $!;
