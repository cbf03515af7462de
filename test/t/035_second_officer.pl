# An act that needed a second officer and had none: let in by an edited register, it stops a verifying subscriber, and is
# named by sto.verify(), by sto_verify and by the documented client.
use strict;
use warnings FATAL => 'all';

use Cwd 'abs_path';
use File::Basename 'dirname';
use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = dirname(abs_path(__FILE__)) . '/../../docs/clients';
my $primary = new_server('primary');
my $replica = new_server('replica');
$_->start for $primary, $replica;

sub pair
{
	my ($db) = @_;

	$_->safe_psql('postgres', "CREATE DATABASE $db") for $primary, $replica;
	$_->safe_psql($db, 'CREATE EXTENSION sto_ledger') for $primary, $replica;
	$primary->safe_psql($db, "CREATE PUBLICATION $db FOR TABLE sto.event, sto.transfer");
	my $from = $primary->connstr($db) =~ s/'/''/gr;
	$replica->safe_psql($db, "CREATE SUBSCRIPTION $db CONNECTION '$from' PUBLICATION $db WITH (copy_data = false, disable_on_error = true)");
	new_ledger($primary, $db);
	add_signer($replica, $db);
	$primary->safe_psql($db, q{
		SELECT sto_test.party('second', '{70}'), sto_test.party('third', '{71}');
		SELECT sto_test.four_eyes('ACME', '{token_terms,rule_set}', '{second,third}');
		SELECT sto_test.propose('act' || n, 'ACME', 'token_terms', '{"authorised": "' || 1000000 + n || '"}') FROM generate_series(1, 5) AS n;
		SELECT sto_test.approve('act1', 'second'), sto_test.carry_out('act1');
		SELECT sto_test.approve('act2', 'second'), sto_test.approve('act2', 'third', false), sto_test.approve('act3', 'second');
		SELECT sto_test.propose('rules' || n, 'ACME', 'rule_set', format('{"rules": [{"rule": "granularity", "units": "%s"}]}', 5 / n)) FROM generate_series(1, 2) AS n;
		SELECT sto_test.approve('rules1', 'third'), sto_test.carry_out('rules1');
	});
}

# What the client written from docs/format.md alone says of the log.
sub client_says
{
	my ($db) = @_;
	my $code = q{
import subprocess, sys
sys.path.insert(0, sys.argv[1])
import sto_client as sto
def lines(query):
    prelude = "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET client_encoding = 'UTF8'; "
    return subprocess.run(["psql", "-XqAt", "-d", sys.argv[2]], input=prelude + query + ";", capture_output=True, text=True, check=True).stdout.splitlines()
print(sto.verify_copy(lines(sto.COPY_EVENTS), lines(sto.COPY_ENTRIES)).problems)
};
	my ($out, $err) = run_command([ 'python3', '-c', $code, $clients, $primary->connstr($db) ]);
	return "$out$err";
}

sub verifier_says
{
	my ($db) = @_;
	my ($out, $err) = run_command([ 'sto_verify', '--conn', $primary->connstr($db), '--genesis',
		$primary->safe_psql($db, 'SELECT genesis_hash FROM sto.ledger') ]);
	return "$out$err";
}

pair('honest');
refused($primary, 'honest', q{SELECT sto_test.carry_out('act2')}, 'ST218', 'taken back');
refused($primary, 'honest', q{SELECT sto_test.carry_out('act1')}, 'ST218', 'used');
refused($primary, 'honest', q{SELECT sto_test.carry_out('rules2')}, 'ST218', 'rules that nobody approved');
refused($primary, 'honest', q{SELECT sto_test.rules('ACME', '[]')}, 'ST218', 'rules that nobody proposed');
refused($primary, 'honest', q{SELECT sto_test.transfer('ACME', 'w1', 'w2', '4')}, 'ST232', 'the rules that a second officer approved');
$primary->safe_psql('honest', q{SELECT sto_test.transfer('ACME', 'w1', 'w2', '5')});
$primary->safe_psql('honest', q{SELECT sto_test.carry_out('act3')});
$primary->wait_for_catchup('honest');
is_sound($replica, 'honest', 'replica');
is_same($primary, 'honest', $replica, 'honest', 'equal');
is($replica->safe_psql('honest', 'SELECT sto.rebuild() = (SELECT count(*) FROM sto.log)'), 't', 'the replica rebuilds itself');
is_same($primary, 'honest', $replica, 'honest', 'equal then too');
is(client_says('honest'), '[]', 'the client finds nothing');
my $told = verifier_says('honest');
unlike($told, qr/second officer|sto\.proposal:/, 'sto_verify finds nothing of it');
like($told, qr/^sto\.$_ +[1-9]\d* rows +ok$/m, "... and compared sto.$_") for qw(proposal four_eyes rule_set);

# A proposal that no gate lets in: its act could not be recorded
$primary->safe_psql('honest', q{BEGIN; SELECT sto.begin_maintenance('test');
	UPDATE sto.event SET body = replace(body::text, '1000005', '0')::json WHERE kind = 'proposal' AND subject = sto_test.id('act5'); COMMIT});
like(verifier_says('honest'), qr/proposal event: "authorised" must be above zero/, 'sto_verify reads what is proposed as the act itself');

# What a superuser of the primary edits, what then passes his gate, and what the register's table says after
my @cases = (
	[ 'unbound', q{UPDATE sto.four_eyes SET acts = '{}'}, q{SELECT sto_test.event('token_terms', sto_test.id('ACME'), sto_test.id('acme'), '{"authorised": "7000000"}')},
		qr/a "token_terms" event of this token needs a second officer/ ],
	[ 'lax', q{UPDATE sto.four_eyes SET acts = '{}'}, q{SELECT sto_test.rules('ACME', '[]')}, qr/a "rule_set" event of this token needs a second officer/ ],
	[ 'laxer', q{UPDATE sto.proposal SET approved = true, officer = sto_test.id('third'), decided = 1 WHERE proposal_id = sto_test.id('rules2')}, q{SELECT sto_test.carry_out('rules2')},
		qr/no second officer has approved it yet/ ],
	[ 'invented', q{UPDATE sto.proposal SET approved = true, officer = sto_test.id('second'), decided = 1 WHERE proposal_id = sto_test.id('act4')}, q{SELECT sto_test.carry_out('act4')},
		qr/no second officer has approved it yet/ ],
	[ 'revived', q{UPDATE sto.proposal SET approved = true WHERE proposal_id = sto_test.id('act2')}, q{SELECT sto_test.carry_out('act2')},
		qr/it was refused or withdrawn/ ],
	[ 'twice', q{UPDATE sto.proposal SET used_by = NULL WHERE proposal_id = sto_test.id('act1')}, q{SELECT sto_test.carry_out('act1')},
		qr/it was used by event/ ],
	[ 'intruder', q{SELECT sto_test.party('evil', '{72}'); UPDATE sto.four_eyes SET approvers = approvers || sto_test.id('evil')}, q{SELECT sto_test.approve('act4', 'evil')},
		qr/actor [0-9a-f-]{36} may not do this/ ]);

for my $case (@cases)
{
	my ($db, $edit, $act, $pattern) = @$case;

	pair($db);
	$primary->wait_for_catchup($db);
	$primary->safe_psql($db, $edit);
	my $offset = -s $replica->logfile;
	$primary->safe_psql($db, "$act");
	my $bad = $primary->safe_psql($db, q{SELECT max(entry_id) FROM sto.event});
	ok($replica->poll_query_until($db, "SELECT NOT subenabled FROM pg_subscription WHERE subname = '$db'"), "$db: the subscription stops");
	like(slurp_file($replica->logfile, $offset), qr/ERROR:  ST404: event $bad does not stand\n.*$pattern/, "$db: because of it");
	is($primary->safe_psql($db, q{SELECT first_bad FROM sto.verify(false, '{second_officers}') WHERE NOT ok}), $bad, "$db: sto.verify() names the event");
	like(verifier_says($db), qr/\b$bad\b.*second officer/, "$db: so does sto_verify");
	like(client_says($db), qr/\($bad, /, "$db: so does the client");
	refused($primary, $db, 'SELECT sto.rebuild()', 'ST404', "$db: it does not fold");
}
$_->stop for $primary, $replica;

done_testing();
