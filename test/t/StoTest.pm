# What the Perl tests share: servers with the extension, a ledger, load, comparison.
package StoTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Basename qw(dirname);
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_server add_signer new_ledger every_log_event every_identity_event every_enforced_act callable projections is_sound is_same clients finish acknowledged complaints sends refused plays_as_model);

# A server of its own; not started.
sub new_server
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(allows_streaming => 'logical', extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
	$node->append_conf('postgresql.conf', join("\n",
		"shared_preload_libraries = 'sto_ledger'", 'max_prepared_transactions = 10',
		'log_error_verbosity = verbose', 'log_statement = none', 'max_wal_senders = 10', 'max_replication_slots = 10',
		'wal_retrieve_retry_interval = 100ms', @settings, ''));
	return $node;
}

# Signing inside the server, and the check of invariants.
sub add_signer
{
	my ($node, $db) = @_;
	my $folder = dirname(__FILE__) . '/../signer';

	$node->safe_psql($db, slurp_file("$folder/$_.sql")) for qw(signer invariants);
}

# An open ledger with ten wallets w1 to w10 of parties p1 to p10 that hold 1000 ACME each.
sub new_ledger
{
	my ($node, $db) = @_;

	add_signer($node, $db);
	$node->safe_psql($db, q{
		SELECT sto_test.begin_small();
		SELECT sto_test.party('p' || n, NULL, 'natural') FROM generate_series(1, 10) AS n;
		SELECT sto_test.wallet('w' || n, 'p' || n, ARRAY[100 + n]) FROM generate_series(1, 10) AS n;
		SELECT sto_test.issue('ACME', 'w' || n, '1000') FROM generate_series(1, 10) AS n;

		-- one transfer between two of them; the order of its wallets is left to the gate
		CREATE FUNCTION sto_test.trade(a int, b int, amount int) RETURNS bigint LANGUAGE sql AS $$
			SELECT sto_test.transfer('ACME', 'w' || a, 'w' || b, amount::text) $$;
	});
}

# SQL that records each event of the log itself, in a ledger of new_ledger().
my $certificate = <<'PEM';
-----BEGIN CERTIFICATE-----
MIIBkjCCATigAwIBAgITMWAOCnR78+tsir/xHxJGUQnLHzAKBggqhkjOPQQDAjAe
MRwwGgYDVQQDDBNUZXN0IHRpbWUgYXV0aG9yaXR5MCAXDTI2MTEyMjIxMDgwMVoY
DzIxMjYxMDI5MjEwODAxWjAeMRwwGgYDVQQDDBNUZXN0IHRpbWUgYXV0aG9yaXR5
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWcKzEkgxjjeD1CVgWja5ZN9DKCVm
s2hI5JlQ3pLEm+Yk6VJH6mK/zM1oFlC+hNGlBKHhvv2TYNzBWsU1wezj6qNTMFEw
HQYDVR0OBBYEFAjdhYeIp4rlZBN68BVvUhIzOPxuMB8GA1UdIwQYMBaAFAjdhYeI
p4rlZBN68BVvUhIzOPxuMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAw
RQIhANW5WJlMprSf9m9Ri/+4LkKnwSV18XMdrVvajueMfVvOAiBUaNko9967+yM5
8PLeiQQzEPRHLpZtIm70i+RVOpFUmw==
-----END CERTIFICATE-----
PEM

sub every_log_event
{
	return qq{
		SELECT sto_test.log_key(801);
		SELECT sto_test.log_key(802);
		SELECT sto_test.witness('afsa', 40, 811);
		SELECT sto_test.witness_key('afsa', 812);
		SELECT sto_test.witness('depository', 41, 813);
		SELECT sto_test.witness('bank', 42, 814);
		SELECT sto_test.grant_capability('bank', 'witness', false);
		SELECT sto_test.witness_policy(2);
		SELECT sto_test.time_authority('Example', '$certificate');
		SELECT sto_test.log_restart('a test', 7, repeat('ab', 32));
		SELECT sto.close_day();
		BEGIN;
		SELECT sto_test.trade(1, 2, 1);
		SELECT sto.close_day();
		SELECT sto_test.trade(2, 1, 1);
		COMMIT;
		SELECT sto.close_day();
	};
}

# Identity, eligibility, documents, pauses and freezes: every kind of event, given and taken back; ACME asks for claims and an acknowledgement ever after.
sub every_identity_event
{
	return q{
		SELECT sto_test.officer('enforcer', 43, 'enforcer'), sto_test.officer('second', 47, 'enforcer');
		SELECT sto_test.officer('attester', 44, 'claim_issuer');
		SELECT sto_test.party('proxy', '{45}'), sto_test.party('crook', '{46}', 'natural');
		SELECT sto_test.party_facts('p1', '{"country": "KZ", "incorporation": "AE"}');
		SELECT sto_test.party_facts('p1', jsonb_build_object('country', 'CH', 'commitment', sto_test.salt('facts')));
		SELECT sto_test.classify('p1', 'professional'), sto_test.classify('p2', 'retail', jsonb_build_object('token', sto_test.id('ACME'), 'to', 4102444800000000));
		SELECT sto_test.beneficial_owner('acme', 'p1', 2500), sto_test.beneficial_owner('acme', 'p2', 7500, '{"from": 1}');
		SELECT sto_test.beneficial_owner('acme', 'p1', 0, '{"control": true}');
		SELECT sto_test.mandate('p1', 'proxy'), sto_test.mandate('p2', 'proxy', '{"scope": "all", "to": 4102444800000000}');
		SELECT sto_test.post(sto_test.transfer_order('ACME', w, 'w3', '1') || '{"ordering_party": "proxy"}', '{45}') FROM unnest('{w1,w2}'::text[]) AS w;
		SELECT sto_test.mandate('p1', 'proxy', '{"granted": false}');
		SELECT sto_test.claim('p' || n, 'kyc', 'attester', '{"to": 4102444800000000}') FROM generate_series(1, 10) AS n;
		SELECT sto_test.claim_revoke('crook', sto_test.claim('crook', 'aml', 'attester'), 'attester');
		SELECT sto_test.topics('ACME', '{kyc,aml}'), sto_test.topics('ACME', '{}'), sto_test.topics('ACME', '{kyc}', '{"receiver_only": false}');
		SELECT sto_test.trust('ACME', 'attester', '{kyc,aml}'), sto_test.trust('ACME', 'enforcer', '{}');
		SELECT sto_test.trade(3, 1, 1);
		SELECT sto_test.pause('ACME', 'acme'), sto_test.pause('ACME', 'enforcer'), sto_test.pause('ACME', 'enforcer', false);
		SELECT sto_test.freeze_wallet('w4'), sto_test.freeze_wallet('w4', false), sto_test.freeze_wallet('w10'), sto_test.freeze_wallet('w10', false);
		SELECT sto_test.freeze_party('p5'), sto_test.freeze_party('p5', false), sto_test.freeze_party('crook');
		SELECT sto_test.document('ACME', 'Terms', '1', false), sto_test.document('ACME', 'Terms', '2'), sto_test.document('ACME', 'Leaflet', '1', false, '{"reference": "AFSA 1"}');
		SELECT sto_test.party('p20', NULL, 'natural'), sto_test.wallet('w20', 'p20', '{120}'), sto_test.claim('p20', 'kyc', 'attester');
		SELECT sto_test.acknowledge('p20', document, 'w20'), sto_test.acknowledge('proxy', document, 'proxy') FROM sto.document WHERE acknowledge;
		SELECT sto_test.transfer('ACME', 'w4', 'w20', '1');
		SELECT sto_test.party('couple', NULL, 'joint'), sto_test.members('couple', '{p1,p2}', 'p1'), sto_test.members('couple', '{p2,p1,p3}', 'p3');
		SELECT sto_test.party('heirs', NULL, 'estate'), sto_test.mandate('heirs', 'proxy', '{"basis": "executor", "scope": "all"}'), sto_test.acknowledge('heirs', document, 'proxy') FROM sto.document WHERE acknowledge;
		SELECT sto_test.four_eyes('ACME', '{token_terms}', '{second}'), sto_test.four_eyes('ACME', '{token_terms,document,rule_set}', '{second}');
		SELECT sto_test.propose('terms' || n, 'ACME', 'token_terms', '{"authorised": "9000000"}') FROM generate_series(1, 3) AS n;
		SELECT sto_test.approve('terms3', 'second'), sto_test.approve('terms2', 'second'), sto_test.approve('terms1', 'second', false);
		SELECT sto_test.carry_out('terms3'), sto_test.approve('terms3', 'acme', false);
		SELECT sto_test.propose('loosen', 'ACME', 'four_eyes', jsonb_build_object('acts', '{token_status}'::text[], 'approvers', ARRAY[sto_test.id('second'), sto_test.id('proxy')])::text);
		SELECT sto_test.approve('loosen', 'second'), sto_test.carry_out('loosen');
		SELECT FROM sto.submit(ARRAY[sto_test.order('{"kind": "transfer", "token_id": "ACME", "debit_wallet": "w4", "credit_wallet": "w5", "amount": "900000000", "reference": "too much"}'::jsonb || jsonb_build_object('ordering_party', sto_test.owner_of('w4')), sto_test.seeds_of('w4'))]);
		SELECT sto_test.party('depot', '{48}', 'legal'), sto_test.wallet('pool', 'depot', '{121}', 'omnibus'), sto_test.claim('depot', 'kyc', 'attester');
		SELECT sto_test.acknowledge('depot', document, 'depot') FROM sto.document WHERE acknowledge;
		SELECT sto_test.transfer('ACME', 'w4', 'pool', '5'), sto_test.look_through('pool', 'depot', 'ACME', '{"p1": 3, "p2": 2}', 1);
		SELECT sto_test.transfer('ACME', 'w4', 'pool', '1'), sto_test.look_through('pool', 'depot', 'ACME', '{"p1": 2, "p3": 3, "depot": 1}', 2);
		SELECT sto_test.trade(4, 5, 1);
	};
}

# CALLED, which its issuer redeems for MONEY, 100 for 3; w4, w5 and w6 have some.
sub callable
{
	return q{
		SELECT sto_test.token('MONEY', 'acme', NULL, 'cash', 2, '{"currency": "KZT"}'), sto_test.token('CALLED', 'acme');
		SELECT sto_test.event('redemption_terms', sto_test.id('CALLED'), sto_test.id('acme'),
			jsonb_build_object('token', sto_test.id('MONEY'), 'price', '100', 'per', '3', 'to', 4102444800000000)::text);
		SELECT sto_test.issue('CALLED', 'w' || n, '100') FROM generate_series(4, 6) AS n;
		SELECT sto_test.wallet('purse', 'acme', '{130}', 'treasury'), sto_test.issue('MONEY', 'purse', '100000');
		-- the issuer's redeem; extra: its group
		CREATE FUNCTION sto_test.call(token text, wallet text, units text, extra jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
			SELECT sto_test.post(jsonb_build_object('kind', 'redeem', 'token_id', token, 'debit_wallet', wallet, 'credit_wallet', token,
				'amount', units, 'ordering_party', 'acme') || extra, sto_test.seeds_of('acme')) $$;
	};
}

# A redemption by an issuer; and enforcement, after the above: cases of every act, approved, refused and open.
sub every_enforced_act
{
	return callable() . q{
		SELECT sto_test.transfer('MONEY', 'purse', 'w4', '134', g), sto_test.call('CALLED', 'w4', '3', g), sto_test.call('CALLED', 'w4', '1', g)
		  FROM jsonb_build_object('group_id', md5('call')::uuid) AS g;
		SELECT sto_test.hold('ACME', 'w6', '400', 'pledge', '{"credit_wallet": "w7"}') AS enforced_first \gset
		SELECT sto_test.hold('ACME', 'w6', '300', 'lock_up', '{"release_after": "2099-01-01"}') AS enforced_second \gset
		SELECT sto_test.freeze_wallet('w6');
		SELECT sto_test.enforce('plain', 'force', '{"token": "ACME", "debit": "w6", "credit": "w7", "amount": "5", "valid_until": 4102444800000000, "not_before": 1}');
		SELECT sto_test.enforce('breaks', 'force', jsonb_build_object('token', 'ACME', 'debit', 'w6', 'credit', 'w7', 'amount', '700', 'holds', ARRAY[:enforced_second, :enforced_first]));
		SELECT sto_test.trade(2, 8, 40) AS wrong, sto_test.trade(2, 8, 1) AS right \gset
		SELECT sto_test.enforce('undo', 'reverse', jsonb_build_object('token', 'ACME', 'debit', 'w8', 'credit', 'w2', 'amount', '40', 'undoes', :wrong));
		SELECT sto_test.enforce('seize', 'seizure', '{"token": "ACME", "debit": "w8", "credit": "w9", "amount": "30"}') AS seized \gset
		SELECT sto_test.enforce('block', 'freeze', '{"token": "ACME", "debit": "w8", "amount": "20"}') AS blocked \gset
		SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'w8', 'credit_wallet', 'w9', 'amount', '10', 'hold_id', :seized, 'ordering_party', 'second', 'keep_rest', true), sto_test.seeds_of('second'));
		SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'w8', 'amount', '5', 'hold_id', :blocked, 'ordering_party', 'enforcer'), sto_test.seeds_of('enforcer'));
		SELECT sto_test.hold('ACME', 'w2', '6', 'pledge', '{"credit_wallet": "w8"}') AS pledged \gset
		SELECT sto_test.enforce('to the creditor', 'post', jsonb_build_object('token', 'ACME', 'debit', 'w2', 'credit', 'w8', 'amount', '3', 'holds', ARRAY[:pledged]));
		SELECT sto_test.open_case('pledged', 'post', jsonb_build_object('token', 'ACME', 'debit', 'w2', 'credit', 'w8', 'amount', '1', 'holds', ARRAY[:pledged])), sto_test.decide_case('pledged');
		SELECT sto_test.open_case('open', 'force', '{"token": "ACME", "debit": "w8", "credit": "w7", "amount": "5"}', basis => 'succession');
		SELECT sto_test.open_case('approved', 'force', '{"token": "ACME", "debit": "w8", "credit": "w7", "amount": "5"}'), sto_test.decide_case('approved');
		SELECT sto_test.open_case('refused', 'force', '{"token": "ACME", "debit": "w8", "credit": "w7", "amount": "5"}'), sto_test.decide_case('refused', approved => false);
		SELECT sto_test.open_case('attached', 'seizure', '{"token": "ACME", "debit": "w9", "amount": "100000"}'), sto_test.decide_case('attached'), sto_test.attach('attached', 'w9') AS attached \gset
		SELECT sto_test.open_case('attached too', 'seizure', '{"token": "ACME", "debit": "w9", "amount": "5"}'), sto_test.decide_case('attached too'), sto_test.attach('attached too', 'w9', 'second');
		SELECT sto_test.trade(4, 9, 3), sto_test.lift(:attached, 'w9', '99999');
		SELECT sto_test.trade(9, 4, 1);
		SELECT sto_test.pause('ACME', 'acme');
		SELECT sto_test.enforce('in a pause', 'force', '{"token": "ACME", "debit": "w8", "credit": "w7", "amount": "5", "basis": "law"}');
		SELECT sto_test.pause('ACME', 'acme', false), sto_test.freeze_wallet('w6', false), sto_test.trade(4, 5, 1);
		SELECT sto_test.officer('agent', 221, 'recovery_agent'), sto_test.officer('second agent', 222, 'recovery_agent');
		SELECT sto_test.wallet('w20/2', 'p20', '{223}'), sto_test.wallet('w20/3', 'p20', '{224}'), sto_test.wallet('w7/2', 'p7', '{225}'), sto_test.transfer('ACME', 'w4', 'w20', '9');
		SELECT sto_test.hold('ACME', 'w20', '4', 'lock_up', '{"release_after": "2099-01-01"}'), sto_test.hold('ACME', 'w2', '3', 'pledge', '{"credit_wallet": "w20"}') AS owed \gset
		SELECT sto_test.enforce('block what is lost', 'freeze', '{"token": "ACME", "debit": "w20", "amount": "2"}') AS kept \gset
		SELECT sto_test.recover('lost', 'w20', 'w20/2'), sto_test.recover('lost again', 'w20/2', 'w20/3');
		SELECT sto_test.post(jsonb_build_object('kind', 'release', 'token_id', 'ACME', 'debit_wallet', 'w20/3', 'amount', '1', 'hold_id', :kept, 'ordering_party', 'enforcer'), sto_test.seeds_of('enforcer'));
		SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'w2', 'credit_wallet', 'w20/3', 'amount', '1', 'hold_id', :owed, 'ordering_party', 'p20', 'keep_rest', true), '{224}');
		SELECT sto_test.open_case('waiting', 'recover', '{"debit": "w7", "credit": "w7/2", "not_before": 4102444800000000}', 'agent', 'recovery'), sto_test.decide_case('waiting', 'second agent');
	};
}

# Every derived table as text: what two databases must have in common.
sub projections
{
	my ($node, $db) = @_;

	return join "\n", map {
		"$_: " . $node->safe_psql($db, "SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM sto.$_ AS t")
	} qw(ledger subject key_policy key party capability wallet token batch position hold event transfer
		log_key witness witness_policy time_authority log_restart close
		classification mandate beneficial_owner claim token_topics trusted_issuer document acknowledgement
		rule_set party_list opt_in travel_data transfer_approval override holding holder_group flow issued look_through look_through_owner
		four_eyes proposal case attachment party_members);
}

sub is_sound
{
	my ($node, $db, $what) = @_;

	is($node->safe_psql($db, 'SELECT sto_test.check_invariants()'), 'sound', "$what: invariants and sto.verify()");
}

sub is_same
{
	my ($node, $db, $other, $other_db, $what) = @_;

	is(projections($other, $other_db), projections($node, $db), $what);
}

# Sessions at once that run these scripts; errors are no end.  What they print goes to files, so that nobody has to
# keep reading.
my $last_client = 0;

sub clients
{
	my ($node, $db, @scripts) = @_;
	my @clients;

	for my $script (@scripts)
	{
		my $base = $node->basedir . '/client' . ++$last_client;
		my $connection = $node->connstr($db);

		append_to_file("$base.sql", $script);
		my $pid = fork // die "fork: $!";
		if ($pid == 0)
		{
			open STDOUT, '>', "$base.out" or POSIX::_exit(1);
			open STDERR, '>', "$base.err" or POSIX::_exit(1);
			exec 'psql', '-XqAt', '-d', $connection, '-f', "$base.sql" or POSIX::_exit(1);
		}
		push @clients, { pid => $pid, base => $base };
	}
	return @clients;
}

sub finish
{
	waitpid($_->{pid}, 0) for @_;
}

sub printed
{
	my ($client, $what) = @_;

	return -e "$client->{base}.$what" ? slurp_file("$client->{base}.$what") : '';
}

# All that these clients were told was wrong.
sub complaints
{
	return join '', map { printed($_, 'err') } @_;
}

# The numbers that clients printed, each after its commit.
sub acknowledged
{
	return map { printed($_, 'out') =~ /^(\d+)$/mg } @_;
}

# Wait until clients together have printed this many numbers.
sub sends
{
	my ($wanted, @clients) = @_;

	for (1 .. 600)
	{
		my @seen = acknowledged(@clients);
		return 1 if @seen >= $wanted;
		select(undef, undef, undef, 0.05);
	}
	return 0;
}

# Random operations in a ledger of their own, compared with a model (test/long/properties.py), which is then sound, and the
# same again when it is folded anew.
sub plays_as_model
{
	my ($node, $seed, $operations) = @_;
	my $folder = dirname(__FILE__) . '/..';
	my $db = "properties_$seed";

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, 'CREATE EXTENSION sto_ledger');
	add_signer($node, $db);
	$node->safe_psql($db, slurp_file("$folder/signer/attempt.sql"));
	local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($node->host, $node->port, $db);
	my $said = `python3 "$folder/long/properties.py" $seed $operations 2>&1`;
	is($?, 0, "seed $seed, $operations operations: as the model says") or diag($said);
	note($said);
	is_sound($node, $db, "seed $seed");
	$node->safe_psql($db, 'CALL sto.seal()');
	my $genesis = $node->safe_psql($db, 'SELECT genesis_hash FROM sto.ledger');
	my ($whole, $fault) = run_command([ 'sto_verify', '--conn', $node->connstr($db), '--genesis', $genesis ]);
	like($whole, qr/^whole$/m, "seed $seed: sto_verify") or diag($whole, $fault);
	my $before = projections($node, $db);
	$node->safe_psql($db, 'SELECT sto.rebuild()');
	is(projections($node, $db), $before, "seed $seed: equal to the log folded anew");
	return $db;
}

# The statement must fail with this SQLSTATE.
sub refused
{
	my ($node, $db, $sql, $state, $what) = @_;
	my ($rc, $out, $err) = $node->psql($db, "\\set VERBOSITY verbose\n$sql");

	isnt($rc, 0, "$what: refused");
	like($err, qr/ERROR:  $state:/, "$what: $state");
	return $err;
}

1;
