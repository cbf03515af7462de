# The wire protocol, spoken by hand: binary parameters and results, portals left with rows unread, pipelines.
use strict;
use warnings FATAL => 'all';

use IO::Socket::UNIX;
use StoTest;
use Test::More;

my $node = new_server('protocol');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'postgres');
my $user = $node->safe_psql('postgres', 'SELECT current_user');

sub connection
{
	my $s = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "connect: $!";

	my $body = pack('N', 196608) . join("\0", 'user', $user, 'database', 'postgres', '', '');
	$s->syswrite(pack('N', 4 + length $body) . $body);
	until_ready($s);
	return $s;
}

# Messages up to ReadyForQuery: [type, body].
sub until_ready
{
	my $s = shift;
	my @messages;

	while (1)
	{
		read($s, my $head, 5) == 5 or die 'connection closed';
		my ($type, $len) = unpack 'a N', $head;
		my $body = '';
		read($s, $body, $len - 4) == $len - 4 or die 'connection closed' if $len > 4;
		push @messages, [ $type, $body ];
		return @messages if $type eq 'Z';
	}
}

sub message { my ($type, $body) = @_; return $type . pack('N', 4 + length $body) . $body }
sub parse { return message('P', "$_[0]\0$_[1]\0" . pack('n', 0)) }
sub bind_binary
{
	my ($statement, @values) = @_;

	return message('B', "\0$statement\0" . pack('nnn', 1, 1, scalar @values)
		. join('', map { defined $_ ? pack('N/a*', $_) : pack('N', 0xFFFFFFFF) } @values) . pack('nn', 1, 1));
}
sub execute { return message('E', "\0" . pack('N', $_[0])) }
my $sync = message('S', '');

sub types { return join '', map { $_->[0] } @_ }
sub fields
{
	my $body = shift;
	my $count = unpack 'n', $body;
	my $at = 2;
	return map { my $len = unpack 'N', substr $body, $at, 4; $at += 4 + $len; substr $body, $at - $len, $len } 1 .. $count;
}
sub state { return (grep { $_->[0] eq 'E' } @_)[0]->[1] =~ /\0C([0-9A-Z]{5})\0/ ? $1 : '' }

# Signed orders in binary form, straight from the types' own output
my $columns = 'kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures';
sub orders
{
	my ($count, $amount) = @_;

	return map {
		[ map { pack 'H*', $_ } split /\|/, $_ ]
	} split /\n/, $node->safe_psql('postgres', q{SELECT encode(convert_to(o.kind, 'UTF8'), 'hex'), encode(uuid_send(o.token_id), 'hex'), encode(o.debit_wallet::bytea, 'hex'),
		encode(o.credit_wallet::bytea, 'hex'), encode(sto_test.i128(o.amount::numeric), 'hex'), encode(uuid_send(o.ordering_party), 'hex'), encode(uuid_send(o.order_id), 'hex'),
		encode(sto_test.signatures(sto_test.order_message(o), '{101}'), 'hex') FROM generate_series(1, } . "$count) AS n, LATERAL sto_test.make_order(sto_test.transfer_order('ACME', 'w1', 'w2', ($amount + n - 1)::text)) AS o");
}
my $insert = "INSERT INTO sto.transfer ($columns) VALUES (\$1, \$2, \$3, \$4, \$5, \$6, \$7, \$8) RETURNING entry_id, amount, debit_balance, leaf_hash, posted_at";
my $s = connection();

# One order, prepared and binary
my @orders = orders(4, 5);
$s->syswrite(parse('post', $insert) . bind_binary('post', @{ $orders[0] }) . execute(0) . $sync);
my @answer = until_ready($s);
is(types(@answer), '12DCZ', 'binary parameters, binary result');
my @row = fields($answer[2][1]);
is(unpack('H*', $row[1]), '0' x 31 . '5', 'amount in binary');
is(unpack('H*', $row[2]), sprintf('%032x', 995), 'balance in binary');
is(length $row[3], 32, 'leaf hash in binary');
is($answer[3][1], "INSERT 0 1\0", 'one row');
is(unpack('H*', $row[3]), $node->safe_psql('postgres', 'SELECT leaf_hash FROM sto.transfer ORDER BY entry_id DESC LIMIT 1'), 'leaf hash is the stored one');
# the same again, and the same prepared statement with another
$s->syswrite(bind_binary('post', @{ $orders[0] }) . execute(0) . $sync);
@answer = until_ready($s);
is(types(@answer) . $answer[1][1], "2CZINSERT 0 0\0", 'a repeat inserts nothing, and says so');
$s->syswrite(bind_binary('post', @{ $orders[1] }) . execute(0) . $sync);
is(types(until_ready($s)), '2DCZ', 'prepared once, posted twice');

# Broken binary input
for my $case ([ 4, "\0" x 15, 'an amount of 15 octets' ], [ 4, "\0" x 17, 'an amount of 17 octets' ], [ 2, "\0" x 19, 'an address of 19 octets' ], [ 1, "\0" x 15, 'a uuid of 15 octets' ])
{
	my @broken = @{ $orders[2] };
	$broken[ $case->[0] ] = $case->[1];
	$s->syswrite(bind_binary('post', @broken) . execute(0) . $sync);
	like(state(until_ready($s)), qr/^(22P03|08P01)$/, "$case->[2]: refused");
}

# A pipeline is one transaction: the third is bad, so none counts
my @forged = @{ $orders[3] };
substr($forged[7], 30, 1) ^= "\1";
$s->syswrite(bind_binary('post', @{ $orders[2] }) . execute(0) . bind_binary('post', @{ $orders[3] }) . execute(0)
	. bind_binary('post', @{ (orders(1, 50))[0] }[ 0 .. 6 ], $forged[7]) . execute(0) . $sync);
@answer = until_ready($s);
is(types(@answer) . state(@answer), '2DC2DC2EZST101', 'a pipeline with a forged order');
is($node->safe_psql('postgres', "SELECT sto_test.balance('ACME', 'w1')"), '989', '... leaves nothing');
$s->syswrite(join('', map { bind_binary('post', @{ $orders[$_] }) . execute(0) } 2, 3) . $sync);
is(types(until_ready($s)), '2DC2DCZ', 'a good pipeline');
is($node->safe_psql('postgres', "SELECT sto_test.balance('ACME', 'w1')"), '974', '... leaves all');

# A portal of which one row is read: the statement has run to its end
$node->safe_psql('postgres', q{CREATE VIEW sto_test.five AS SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id,
	sto_test.signatures(sto_test.order_message(o), '{102}') FROM generate_series(1, 5) AS n, LATERAL sto_test.make_order(sto_test.transfer_order('ACME', 'w2', 'w3', n::text)) AS o});
for my $sql ("INSERT INTO sto.transfer ($columns) SELECT * FROM sto_test.five RETURNING entry_id",
	"WITH x AS (INSERT INTO sto.transfer ($columns) SELECT * FROM sto_test.five RETURNING entry_id) SELECT * FROM x")
{
	my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM sto.transfer');
	$s->syswrite(parse('', $sql) . bind_binary('') . execute(1) . $sync);
	is(types(until_ready($s)), '12DsZ', 'one row read, the portal left');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM sto.transfer'), $before + 5, '... all five posted');
	# and now the same, but the client goes away before it says Sync
	my $other = connection();
	$other->syswrite(parse('', $sql) . bind_binary('') . execute(1) . message('H', ''));
	read($other, my $first, 1);
	close $other;
	ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()"), 'a client that went away');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM sto.transfer'), $before + 5, '... leaves nothing');
}
is_sound($node, 'postgres', 'in the end');
close $s;
$node->stop;

done_testing();
