# A verifying subscriber decides enforcement itself, holds that it breaks included; an entry that no second officer
# approved stops it, and is named by sto.verify() and by sto_verify.
use strict;
use warnings FATAL => 'all';

use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server('primary');
my $replica = new_server('replica');
$_->start for $primary, $replica;

for my $db (qw(honest unapproved refused amount early barred pledge))
{
	$_->safe_psql('postgres', "CREATE DATABASE $db") for $primary, $replica;
	$_->safe_psql($db, 'CREATE EXTENSION sto_ledger') for $primary, $replica;
	$primary->safe_psql($db, "CREATE PUBLICATION $db FOR TABLE sto.event, sto.transfer");
	my $from = $primary->connstr($db) =~ s/'/''/gr;
	$replica->safe_psql($db, "CREATE SUBSCRIPTION $db CONNECTION '$from' PUBLICATION $db WITH (copy_data = false, disable_on_error = true)");
	new_ledger($primary, $db);
	add_signer($replica, $db);
	$primary->safe_psql($db, every_identity_event() . every_enforced_act());
}
$primary->wait_for_catchup('honest');
is($replica->safe_psql('honest', 'SELECT count(*) FROM sto.case'), $primary->safe_psql('honest', 'SELECT count(*) FROM sto.case'), 'cases arrive');
is_sound($replica, 'honest', 'replica');
is_same($primary, 'honest', $replica, 'honest', 'equal');
is($replica->safe_psql('honest', 'SELECT sto.rebuild() = (SELECT count(*) FROM sto.log)'), 't', 'the replica rebuilds itself');
is_same($primary, 'honest', $replica, 'honest', 'equal then too');

sub judged
{
	my ($db) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sto_verify', '--conn', $primary->connstr($db), '--genesis', $primary->safe_psql($db, 'SELECT genesis_hash FROM sto.ledger') ], '>', \$out, '2>', \$err);
	return $out . $err;
}
like(judged('honest'), qr/^whole$/m, 'sto_verify finds an honest ledger whole');

# The primary's register edited: its gate lets an entry pass that its log does not allow
for my $case ([ 'unapproved', q{UPDATE sto.case SET approved = case_event, approved_by = sto_test.id('second') WHERE case_id = sto_test.id('open')}, q{sto_test.enforce_case('open')}, 'is not approved by a second officer', 'its case was not approved', 'was not approved by a second officer' ],
	[ 'refused', q{UPDATE sto.case SET refused = NULL, approved = case_event, approved_by = sto_test.id('second') WHERE case_id = sto_test.id('refused')}, q{sto_test.enforce_case('refused')}, 'was refused', 'its case was not approved', 'was refused' ],
	[ 'amount', q{UPDATE sto.case SET amount = '50' WHERE case_id = sto_test.id('approved')}, q{sto_test.enforce_case('approved')}, 'says something else: amount differs', 'it is not what its case says', 'is not what case \d+ says: amount differs' ],
	[ 'early', q{UPDATE sto.case SET not_before = '2020-01-01' WHERE case_id = sto_test.id('waiting')}, q{sto_test.enforce_case('waiting', '{}', 'agent', token => 'ACME')}, 'may be carried out from', 'its case was not to be carried out yet', 'was not to be carried out yet' ],
	[ 'pledge', q{UPDATE sto.case SET amount = '2' WHERE case_id = sto_test.id('pledged')}, q{sto_test.enforce_case('pledged')}, 'says something else: amount differs', 'it is not what its case says', 'is not what case \d+ says: amount differs' ],
	# a lost wallet that works again
	[ 'barred', q{UPDATE sto.wallet SET barred = NULL, successor = NULL WHERE wallet_id = sto_test.id('w20')}, q{sto_test.trade(4, 20, 1)}, 'the credit wallet is closed', 'its credit wallet or that wallet\'s party', 'the credit wallet was barred by entry \d+' ])
{
	my ($db, $edit, $entry, $replica_says, $sql_says, $program_says) = @$case;

	$primary->wait_for_catchup($db);
	$primary->safe_psql($db, $edit);
	like(my $id = $primary->safe_psql($db, "SELECT $entry"), qr/^\d+$/, "$db: the primary posts it");
	ok($replica->poll_query_until($db, "SELECT NOT subenabled FROM pg_subscription WHERE subname = '$db'"), "$db: the subscription stops");
	like(slurp_file($replica->logfile), qr/ST404: entry $id does not stand\n.*$replica_says/, "$db: because of it");
	like($primary->safe_psql($db, q{SELECT string_agg(check_name || ' ' || coalesce(detail, ''), E'\n') FROM sto.verify() WHERE NOT ok}),
		qr/^(?:cases 1 events and entries|closed 1 entries and events .*); the first: $sql_says$/m, "$db: sto.verify() on the primary tells");
	like(judged($db), qr/^BROKEN: (?:case|rule), entry $id: .*$program_says/m, "$db: sto_verify tells");
	refused($primary, $db, 'SELECT sto.rebuild()', 'ST404', "$db: it does not fold");
}
$_->stop for $primary, $replica;

done_testing();
