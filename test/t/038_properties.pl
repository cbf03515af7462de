# Random operations by random actors against a model that shares no code with the extension: orders of every kind, lists,
# rules, claims, look-through, freezes, pauses, cases, attachments, recoveries, changes of keys, joint holders, second officers,
# refusals on record, redemptions by the issuer.  Longer if some class of them did not happen yet.  make check-long has many more (test/long/006_properties.pl).
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use StoTest;
use Test::More;

my $node = new_server('primary', 'fsync = off');
$node->start;
plays_as_model($node, 2, 2500);
$node->stop;

done_testing();
