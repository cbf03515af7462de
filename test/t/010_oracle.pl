# Our trees, proofs, notes and receipts against Go's x/mod/sumdb, which has never seen our code: both make the same
# and each takes what the other made.
use strict;
use warnings FATAL => 'all';

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(__FILE__) . '/../..');
my $dir = tempdir(CLEANUP => 1);

# Debian's packages are sources below GOPATH; nothing is fetched.
local %ENV = (%ENV, GOPATH => '/usr/share/gocode', GO111MODULE => 'off', GOPROXY => 'off', GOFLAGS => '',
	GOTOOLCHAIN => 'local', CGO_ENABLED => 0, GOCACHE => "$dir/cache", HOME => $dir);

sub run { return system('sh', '-c', "cd '$dir' && $_[0]") == 0 }
sub slurp { my $file = shift; open my $fh, '<', "$dir/$file" or die "$file: $!"; local $/; return <$fh> }
sub spew { my ($file, $text) = @_; open my $fh, '>', "$dir/$file" or die "$file: $!"; print $fh $text; close $fh }

ok(run("cc -std=gnu11 -O2 -I'$top/src' '$top/test/oracle/oracle.c' '$top'/src/core/*.c -o ours -ljansson -lcrypto"), 'our side builds');
ok(run("go build -o theirs '$top/test/oracle/oracle.go'"), 'their side builds');
BAIL_OUT('no two sides to compare') if !Test::More->builder->is_passing;

ok(run("./ours make > ours.txt"), 'ours are made');
ok(run("./theirs make > theirs.txt"), 'theirs are made');
my @lines = split /^/, slurp('ours.txt');
my %count;
$count{ (split ' ')[0] }++ for @lines;
is_deeply([ sort keys %count ], [qw(grow in note receipt root)], 'roots, both proofs, notes and receipts')
	or diag(explain(\%count));
cmp_ok($count{root}, '>=', 600, "$count{root} trees");
cmp_ok($count{$_}, '>=', 4000, "$count{$_} proofs, $_") for qw(in grow);
cmp_ok($count{$_}, '>=', 200, "$count{$_} of $_") for qw(note receipt);
ok(slurp('ours.txt') eq slurp('theirs.txt'), 'they are the same, octet for octet');

for ([ 'ours', 'theirs' ], [ 'theirs', 'ours' ])
{
	my ($maker, $checker) = @$_;
	ok(run("./$checker check < $maker.txt > checked"), "what $maker made, $checker verify");
	is(slurp('checked'), @lines . " lines verify\n", 'each line of it');
}

# A change that verifies would mean that a checker looks at nothing.
for my $kind (sort keys %count)
{
	my @of_kind = grep { /^$kind / && length > 50 } @lines;
	my $line = $of_kind[ @of_kind / 2 ];
	my $at = $kind =~ /note|receipt/ ? 50 : length($line) - 20;

	substr($line, $at, 1) = substr($line, $at, 1) eq '3' ? '5' : '3';
	spew('changed', $line);
	for my $checker (qw(ours theirs))
	{
		ok(!run("./$checker check < changed > checked 2> refused"), "a changed line of $kind is refused by $checker");
		like(slurp('refused'), qr/does not verify|not a hash|malformed hash|malformed/, 'for what it is');
	}
}

# Notes with one bit changed: both must think the same of each.
spew('notes', join '', grep { /^note / } @lines);
ok(run("./$_ judge < notes > $_.judged"), "$_ judge changed notes") for qw(ours theirs);
my @judged = split /\n/, slurp('ours.judged');
cmp_ok(scalar @judged, '>=', 10_000, @judged . ' changed notes');
is(slurp('ours.judged'), slurp('theirs.judged'), 'both take and refuse the same');
cmp_ok(scalar(grep { $_ > 0 } @judged), '>=', 100, 'a change in a line of one witness leaves the others good');

done_testing();
