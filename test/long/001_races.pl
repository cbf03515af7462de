# The races of test/t/005_replica_races.pl, fifteen times as long.
use strict;
use warnings FATAL => 'all';

$ENV{STO_RACE_ROUNDS} = 1500;
exec $^X, '-I', 'test/t', (map { ('-I', $_) } @INC), 'test/t/005_replica_races.pl' or die "exec: $!";
