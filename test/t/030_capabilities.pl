# Every object of the schema, and calls that read or write the register, tried as every kind of role, against the tables
# of docs/security.md, "Who may do what": what they name is allowed, and nothing else.
use strict;
use warnings FATAL => 'all';

use StoTest;
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Kinds of role, and the party that each is mapped to
my @parties = qw(member holder custodian issuer registrar auditor enforcer recovery_agent claim_issuer witness officer);
my @kinds = ('none', @parties, 'reader', 'superuser');
my %party = (map({ $_ => $_ } @parties), issuer => 'acme', holder => 'alice');

# ---- The page

sub rows_of
{
	my ($text, $title) = @_;
	my ($section) = $text =~ /^### \Q$title\E\n(.*?)(?=^##)/ms or die "no section \"$title\"";
	my @rows = map { [ map { s/^\s+|\s+$//gr } split /(?<!\\)\|/, s/^\|//r, -1 ] } grep { /^\|/ } split /\n/, $section;

	return @rows[2 .. $#rows];
}

sub code { return $_[0] =~ /`([^`]+)`/g }

# "registrar, reader", "everybody", "parties": as a set of kinds
sub kinds_in
{
	my ($text) = @_;
	my %set;

	for my $word (split /,\s*/, $text)
	{
		my @named = $word eq 'everybody' ? @kinds : $word eq 'parties' ? @parties : ($word);
		for my $kind (@named)
		{
			die "no kind of role \"$kind\"" if !grep { $_ eq $kind } @kinds;
			$set{$kind} = 1;
		}
	}
	return \%set;
}

my $page = slurp_file(dirname(__FILE__) . '/../../docs/security.md');
my (%relation, %function, @patterns, @calls);

for my $row (rows_of($page, 'Tables and views'))
{
	my ($names, $whole, $others, $own, $insert) = @$row;
	my ($condition) = code($own);
	$relation{$_} = { whole => kinds_in($whole), others => $others, own => $condition, insert => kinds_in($insert) } for code($names);
}
for my $row (rows_of($page, 'Functions'))
{
	my ($names, $callers, $authority) = @$row;
	for my $name (code($names))
	{
		my $line = { callers => kinds_in($callers), pure => scalar($authority =~ /read no table/) };
		if ($name =~ s/\*$//) { push @patterns, [ $name, $line ] }
		else
		{
			ok(!$function{$name}, "$name is named twice") if $function{$name};
			$function{$name} = $line;
		}
	}
}
for my $row (rows_of($page, 'Calls'))
{
	my ($call, $all, $part, $nothing, $refused) = @$row;
	my (%wanted, $default);
	my $expect = sub {
		my ($who, $what) = @_;
		if ($who eq 'others') { $default = $what }
		else { $wanted{$_} = $what for keys %{ kinds_in($who) } }
	};
	$expect->($_, 'all') for split /,\s*/, $all;
	$expect->($_, 'part') for split /,\s*/, $part;
	$expect->($_, 'nothing') for split /,\s*/, $nothing;
	for my $case (split /;\s*/, $refused)
	{
		my ($who, $state) = $case =~ /^(.*): (\w{5})$/ or die "refused: $case";
		$expect->($_, $state) for split /,\s*/, $who;
	}
	my ($sql) = code($call);
	push @calls, { sql => $sql, wanted => { map { $_ => $wanted{$_} // $default } @kinds } };
}

# ---- A ledger in which every kind of role has something that the others have not

my $node = new_server('capabilities');
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE ledger TEMPLATE template0 ENCODING 'UTF8'");
$node->safe_psql('ledger', 'CREATE EXTENSION sto_ledger');
add_signer($node, 'ledger');
$node->safe_psql('ledger', slurp_file(dirname(__FILE__) . '/../signer/notes.sql'));
$node->safe_psql('ledger', q{
	SELECT sto_test.begin_small();
	SELECT sto_test.party(p, ARRAY[s]) FROM (VALUES ('member', 50), ('custodian', 51), ('auditor', 52), ('enforcer', 53), ('recovery_agent', 54),
		('claim_issuer', 55), ('witness', 56), ('officer', 57), ('other', 58)) AS v (p, s);
	SELECT sto_test.grant_capability(p, p) FROM unnest('{auditor,enforcer,recovery_agent,claim_issuer,witness}'::text[]) AS p;
	SELECT sto_test.token('OTHER', 'other');
	SELECT sto_test.party('client', NULL, 'natural');
	SELECT sto_test.wallet('client/1', 'client', '{31}', 'client', NULL, jsonb_build_object('custodian', sto_test.id('custodian')));
	SELECT sto_test.transfer('ACME', 'alice/1', w, '100') FROM unnest('{bob/1,client/1}'::text[]) AS w;
	SELECT sto_test.issue('OTHER', 'bob/1', '70');
	SELECT sto_test.party('couple', NULL, 'joint'), sto_test.wallet('couple/1', 'couple', '{33}'), sto_test.members('couple', '{bob,alice}', 'alice');
	SELECT sto_test.party('others', NULL, 'joint'), sto_test.wallet('others/1', 'others', '{34}'), sto_test.members('others', '{other,client}', 'client');
	SELECT sto_test.transfer('ACME', 'bob/1', 'couple/1', '1'), sto_test.issue('OTHER', 'others/1', '1');
	SELECT sto_test.hold('ACME', 'alice/1', '5', 'pledge', '{"credit_wallet": "bob/1"}');
	SELECT sto_test.hold('ACME', 'bob/1', '6', 'pledge', '{"credit_wallet": "client/1"}');
	SELECT sto_test.hold('OTHER', 'bob/1', '7', 'settlement', jsonb_build_object('credit_wallet', 'client/1', 'notary', sto_test.id('member'),
		'instruction_hash', repeat('ab', 32), 'release_after', now() + interval '1 day'));
	SELECT sto.put_party_private(sto_test.id(p), 'identity', 'who ' || p || ' is') FROM unnest('{alice,bob,member}'::text[]) AS p;
	SELECT sto.put_party_private(sto_test.id(p), 'address', 'where ' || p || ' is') FROM unnest('{alice,bob}'::text[]) AS p;
	SELECT sto.erase_party_private(sto_test.id(p), 'moved', 'address') FROM unnest('{alice,bob}'::text[]) AS p;
	SELECT sto_test.classify(p, 'retail') FROM unnest('{alice,bob}'::text[]) AS p;
	SELECT sto_test.mandate('bob', 'member'), sto_test.mandate('bob', 'other'), sto_test.mandate('alice', 'other');
	SELECT sto_test.beneficial_owner('acme', p, 3000) FROM unnest('{alice,bob}'::text[]) AS p;
	SELECT sto_test.beneficial_owner('other', 'bob', 3000);
	SELECT sto_test.claim(p, 'kyc', 'claim_issuer') FROM unnest('{alice,bob}'::text[]) AS p;
	SELECT sto_test.grant_capability('other', 'claim_issuer'), sto_test.claim('bob', 'kyc', 'other');
	SELECT sto_test.acknowledge('alice', d, 'alice/1'), sto_test.acknowledge('bob', d, 'bob/1') FROM (SELECT sto_test.document('ACME', 'Terms', '1') AS d OFFSET 0) AS x;
	SELECT sto_test.acknowledge('bob', sto_test.document('OTHER', 'Terms', '1'), 'bob/1');
	SELECT sto_test.four_eyes('ACME', '{token_status}', '{member}'), sto_test.propose('closing', 'ACME', 'token_status', '{"status": "closed"}');
	SELECT sto_test.four_eyes('OTHER', '{token_status}', '{custodian}'), sto_test.propose('closing too', 'OTHER', 'token_status', '{"status": "closed"}');
	SELECT sto_test.officer('second', 59, 'enforcer');
	SELECT sto_test.freeze_wallet('client/1'), sto_test.freeze_party('other'), sto_test.pause('OTHER', 'enforcer');
	SELECT sto_test.enforce('done', 'force', '{"token": "ACME", "debit": "alice/1", "credit": "bob/1", "amount": "1"}');
	SELECT sto_test.enforce('theirs', 'force', '{"token": "ACME", "debit": "client/1", "credit": "bob/1", "amount": "1"}');
	SELECT sto_test.open_case('pending', 'force', '{"token": "ACME", "debit": "alice/1", "credit": "bob/1", "amount": "1"}');
	SELECT sto_test.log_key();
	SELECT sto_test.witness_key('witness', 811);
	SELECT sto.close_day();
});
$node->safe_psql('ledger', 'CALL sto.seal()');
$node->safe_psql('ledger', q{BEGIN; SELECT sto.begin_maintenance('a test plays the worker'); SELECT sto_test.put_checkpoint(); COMMIT; CALL sto.seal()});

# What was read is counted and fingerprinted; what was written is undone.
$node->safe_psql('ledger', q{
	CREATE SCHEMA probe;
	GRANT USAGE ON SCHEMA probe TO PUBLIC;
	CREATE FUNCTION probe.look(query text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		seen text;
	BEGIN
		EXECUTE format('SELECT count(*) || '' '' || coalesce(md5(string_agg(q::text, E''\n'' ORDER BY q::text)), ''-'') FROM (%s) AS q', query) INTO seen;
		RETURN seen;
	EXCEPTION WHEN OTHERS THEN
		RETURN SQLSTATE;
	END $$;
	CREATE FUNCTION probe.call(statement text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		line   record;
		answer text := '';
	BEGIN
		IF statement ~ '^(SELECT|INSERT .* RETURNING|UPDATE .* RETURNING)' THEN
			FOR line IN EXECUTE statement LOOP
				answer := answer || line::text || E'\n';
			END LOOP;
			answer := CASE WHEN answer = '' THEN 'nothing' ELSE md5(answer) END;
		ELSE
			EXECUTE statement;
			answer := 'done';
		END IF;
		RAISE EXCEPTION USING ERRCODE = 'UNDO0', MESSAGE = answer;
	EXCEPTION
		WHEN SQLSTATE 'UNDO0' THEN RETURN SQLERRM;
		WHEN OTHERS THEN RETURN SQLSTATE;
	END $$;
});
$node->safe_psql('ledger', join "\n",
	(map { "CREATE ROLE kind_$_ LOGIN" . ($_ eq 'superuser' ? ' SUPERUSER' : '') . ';' } @kinds),
	(map { "SELECT sto.map_role('kind_$_', sto_test.id('$party{$_}'));" } @parties),
	'GRANT pg_read_all_data TO kind_reader;',
	# a pooler that inherits what it may become, and one that does not
	'CREATE ROLE pooler LOGIN INHERIT; CREATE ROLE narrow_pooler LOGIN NOINHERIT;',
	(map { "GRANT kind_$_ TO pooler" . ($_ eq 'reader' ? '' : ', narrow_pooler') . ';' } grep { $_ !~ /reader|superuser/ } @kinds),
	'GRANT kind_reader TO narrow_pooler;');
my $suspects = $node->safe_psql('ledger', q{SELECT array_agg(sto_test.id(p)) FROM unnest('{alice,bob}'::text[]) AS p});
$node->safe_psql('ledger', "SET ROLE kind_enforcer; SELECT sto.record_suspicion(p, 'finding', 'x') FROM unnest('$suspects'::uuid[]) AS p");

sub value { return $node->safe_psql('ledger', $_[0]) }

my %id = map { $_ => value("SELECT sto_test.id('$party{$_}')") } @parties;
my $reads_all = { map { $_ => 1 } qw(registrar auditor enforcer reader superuser) };

# ---- Nothing is missing on the page, and nothing is on it that isn't there

my @relations = split /\n/, value(q{SELECT relname FROM pg_class WHERE relnamespace = 'sto'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY 1});
is_deeply([ grep { !$relation{$_} } @relations ], [], 'docs/security.md, "Tables and views": names each relation') or diag "Give each one that is missing a line in the table.";
# functions that are read like views
push @relations, grep { /\(\)$/ } sort keys %relation;
my %there = map { $_ => 1 } @relations;
is_deeply([ grep { !$there{$_} } sort keys %relation ], [], 'no relation on the page that is not there');
@relations = grep { $relation{$_} } @relations;

my (%callers_of, @unnamed, @impure);
for (split /\n/, value(q{SELECT oid, oid::regprocedure, proname, provolatile FROM pg_proc WHERE pronamespace = 'sto'::regnamespace ORDER BY 2}))
{
	my ($oid, $signature, $name, $volatility) = split /\|/;
	my ($pattern) = grep { index($name, $_->[0]) == 0 } @patterns;
	my $line = $function{$name} // ($pattern && $pattern->[1]);

	push(@unnamed, $signature), next if !$line;
	$function{$name}{seen} = 1 if $function{$name};
	push @impure, $signature if $line->{pure} && $volatility ne 'i';
	$callers_of{$oid} = [ $signature, $line->{callers} ];
}
is_deeply(\@unnamed, [], 'docs/security.md, "Functions": names each function') or diag "Give each one a place in a line of the table.";
is_deeply(\@impure, [], 'what the page says to read no table is IMMUTABLE');
is_deeply([ grep { !$function{$_}{seen} } sort keys %function ], [], 'no function on the page that is not there');

# ---- Privileges, in the catalogs

my @wrong;
for (split /\n/, value(qq{
	SELECT p.oid, k FROM pg_proc p, unnest('{@{[ join ',', @kinds ]}}'::text[]) AS k
	 WHERE p.pronamespace = 'sto'::regnamespace AND has_function_privilege('kind_' || k, p.oid, 'EXECUTE')}))
{
	my ($oid, $kind) = split /\|/;
	my $may = $callers_of{$oid} or next;
	push @wrong, "$kind may call $may->[0]" if !$may->[1]{$kind} && $kind ne 'superuser';
	$may->[2]{$kind} = 1;
}
for my $may (values %callers_of)
{
	push @wrong, map { "$_ may not call $may->[0]" } grep { !$may->[2]{$_} } keys %{ $may->[1] };
}
is_deeply([ sort @wrong ], [], 'functions are called by those that the page names, and by nobody else');

@wrong = split /\n/, value(qq{
	SELECT format('%s may %s on %s', k, a, c.relname) FROM pg_class c, unnest('{@{[ join ',', grep { $_ ne 'superuser' } @kinds ]}}'::text[]) AS k,
	       unnest('{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS a
	 WHERE c.relnamespace = 'sto'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
	   AND (has_table_privilege('kind_' || k, c.oid, a) OR a IN ('INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege('kind_' || k, c.oid, a))
	 ORDER BY 1});
my @expected;
for my $name (keys %relation)
{
	push @expected, map { "$_ may INSERT on $name" } grep { $_ ne 'superuser' } keys %{ $relation{$name}{insert} };
}
is_deeply(\@wrong, [ sort @expected ], 'tables are written by those that the page names, and by nobody else');
is(value(qq{SELECT count(*) FROM pg_class c, unnest('{@{[ join ',', grep { $_ ne 'superuser' } @kinds ]}}'::text[]) AS k
	WHERE c.relnamespace = 'sto'::regnamespace AND c.relkind = 'S' AND has_sequence_privilege('kind_' || k, c.oid, 'USAGE, UPDATE')}), '0', 'nobody moves a sequence');
is(value(qq{SELECT count(*) FROM unnest('{@{[ join ',', grep { $_ ne 'superuser' } @kinds ]}}'::text[]) AS k WHERE has_schema_privilege('kind_' || k, 'sto', 'CREATE')}),
	'0', 'nobody makes objects in the schema');

# ---- What each sees: in each table and view exactly its own rows

# What a kind must see of a relation, asked of the superuser.
sub query_for
{
	my ($name, $kind) = @_;
	my $line = $relation{$name};
	my $me = $id{$kind} ? "'$id{$kind}'::uuid" : 'NULL::uuid';

	return "SELECT * FROM sto.$name" if $line->{whole}{$kind} || $kind eq 'superuser' && $line->{others} ne 'own' || $kind eq 'superuser' && %{ $line->{whole} };
	return "SELECT * FROM sto.$name WHERE false" if $kind eq 'reader' && $line->{others} =~ /reader: no rows/;
	return undef if $line->{others} =~ /refused/;
	return 'SELECT ' . join(', ', code($line->{others})) . " FROM sto.$name" if $line->{others} =~ /of all rows/;
	die "$name: nothing is said of others" if $line->{others} ne 'own';
	(my $own = $line->{own}) =~ s/:me\b/$me/g;
	$own =~ s/:reads_all\b/$reads_all->{$kind} ? 'true' : 'false'/e;
	return $own =~ /^SELECT/ ? $own : "SELECT * FROM sto.$name WHERE $own";
}

# What a kind asks itself: the whole relation, or the columns that it may read.
sub query_by
{
	my ($name, $kind) = @_;
	my $line = $relation{$name};

	return $line->{others} =~ /of all rows/ && !$line->{whole}{$kind} && $kind ne 'superuser' ? query_for($name, $kind) : "SELECT * FROM sto.$name";
}

sub quoted { return "'" . $_[0] =~ s/'/''/gr . "'" }

# Parallel-safe lists of questions: one statement each, so that a session is asked once.
sub answers
{
	my ($function, @queries) = @_;

	return join "\n", map { "SELECT probe.$function(" . quoted($_) . ');' } @queries;
}

my %must;
for my $kind (@kinds)
{
	my @lines = split /\n/, value(answers('look', map { query_for($_, $kind) // 'SELECT 1 / 0' } @relations));
	@{ $must{$kind} }{@relations} = map { $_ eq '22012' ? '42501' : $_ } @lines;
}

# Every ownership that the page speaks of must occur, else seeing nothing would pass.
for my $case ([ holder => qw(wallet position holder hold statement_line party party_private erasure_log classification mandate claim acknowledgement cases() party_members joint_holder) ], [ custodian => qw(cases() participant wallet position holder hold statement_line party restriction) ],
	[ issuer => qw(position holder supply offer holding_change party participant owner_change beneficial_owner ultimate_owner restriction acknowledgement joint_holder proposal pending_proposals) ], [ claim_issuer => qw(claim) ], [ member => qw(hold party party_private mandate proposal pending_proposals) ], [ witness => qw(my_capability) ])
{
	my ($kind, @own) = @$case;
	for my $name (@own)
	{
		my ($seen) = $must{$kind}{$name} =~ /^(\d+)/;
		my ($whole) = $must{superuser}{$name} =~ /^(\d+)/;
		ok($seen > 0 && ($name eq 'my_capability' || $seen < $whole), "$kind: some rows of $name are its own, others not");
	}
}

sub compare
{
	my ($form, $kind, @got) = @_;
	my @differences;

	for my $name (@relations)
	{
		my $got = shift(@got) // 'no answer';
		push @differences, "$name: $got, not $must{$kind}{$name}" if $got ne $must{$kind}{$name};
	}
	is_deeply(\@differences, [], "$form: $kind sees its own rows and no others") or diag join "\n", @differences;
}

sub asked
{
	my ($user, $script) = @_;
	my ($rc, $out, $err) = $node->psql('ledger', $script, extra_params => [ '-U', $user ]);

	is($err, '', "$user: no complaint") if $err;
	return split /\n/, $out;
}

for my $kind (@kinds)
{
	compare('login', $kind, asked("kind_$kind", answers('look', map { query_by($_, $kind) } @relations)));
}
# One session of a pooler after another role: nothing stays behind
for my $case ([ narrow_pooler => grep { $_ ne 'superuser' } @kinds ], [ pooler => grep { $_ !~ /reader|superuser/ } @kinds ], [ postgres => @kinds ])
{
	my ($user, @may) = @$case;
	my @lines = asked($user, join "\n", map {
		my $kind = $_;
		("SET ROLE kind_$kind;", answers('look', map { query_by($_, $kind) } @relations), 'RESET ROLE;')
	} @may);
	compare("$user, SET ROLE", $_, splice @lines, 0, scalar @relations) for @may;
	next if $user eq 'postgres';
	compare("$user, no SET ROLE", 'none', asked($user, answers('look', map { query_by($_, 'none') } @relations)));
	compare("$user, SET LOCAL ROLE that ended", 'none', asked($user, "BEGIN; SET LOCAL ROLE kind_holder; SELECT count(*) AS seen FROM sto.holder \\gset\nCOMMIT;\n"
		. answers('look', map { query_by($_, 'none') } @relations)));
}

# ---- No condition of the reader's is tried on rows that are not for him: a function of his would tell what they hold

$node->safe_psql('ledger', q{
	CREATE FUNCTION probe.peek(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.00001 AS $$
	BEGIN
		PERFORM set_config('probe.seen', (current_setting('probe.seen')::int + 1)::text, false);
		RETURN true;
	END $$;
	CREATE FUNCTION probe.peeked(relation text) RETURNS SETOF text LANGUAGE plpgsql AS $$
	DECLARE
		field name;
		mine  int;
	BEGIN
		FOR field IN SELECT a.attname FROM pg_attribute a WHERE a.attrelid = ('sto.' || relation)::regclass AND a.attnum > 0
		                AND has_column_privilege(a.attrelid, a.attnum, 'SELECT') LOOP
			PERFORM set_config('probe.seen', '0', false);
			EXECUTE format('SELECT count(*) FROM sto.%I q WHERE probe.peek(q.%I::text) IS NOT FALSE', relation, field) INTO mine;
			IF current_setting('probe.seen')::int > mine THEN
				RETURN NEXT format('%s.%s: %s rows, not %s', relation, field, current_setting('probe.seen'), mine);
			END IF;
		END LOOP;
	END $$;
});
for my $kind (grep { !$reads_all->{$_} } @kinds)
{
	my @told = asked("kind_$kind", join "\n", map { "SELECT probe.peeked('$_');" } grep { !/\(\)$/ && $_ ne 'entry_id_seq' && $_ ne 'worker_status' } @relations);
	is_deeply(\@told, [], "$kind: a function of its own sees no other rows");
}

# ---- Calls

value(q{SELECT sto_test.make_order(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1',
	'amount', '1', 'ordering_party', 'alice', 'order_id', '11111111-1111-4111-8111-111111111111')) AS o INTO probe.signed_order});
my %name = (
	token => value("SELECT quote_literal(sto_test.id('ACME'))"), holder => "'$id{holder}'",
	wallet => value("SELECT quote_literal(sto_test.address('alice/1'))"), wallet_id => value("SELECT quote_literal(sto_test.id('alice/1'))"),
	other_wallet => value("SELECT quote_literal(sto_test.address('bob/1'))"), kept_wallet => value("SELECT quote_literal(sto_test.address('client/1'))"),
	order => "'11111111-1111-4111-8111-111111111111'",
	order_signed => value("SELECT quote_literal(sto_test.signatures(sto_test.order_message(o), '{21}')) FROM (SELECT (o).* FROM probe.signed_order) AS o"),
	act_signed => value(q{SELECT quote_literal(sto_test.signatures(sto_test.act_message('wallet_terms', sto_test.id('alice/1'), sto_test.id('alice/1'), '{"signed_only":true}'), '{21}'))}),
	act_by_registrar => value(q{SELECT quote_literal(sto_test.signatures(sto_test.act_message('wallet_terms', sto_test.id('alice/1'), sto_test.id('alice/1'), '{"signed_only":true}'), '{3}'))}),
	close => value('SELECT event FROM sto.close'), size => value('SELECT max(tree_size) FROM sto.checkpoint'),
	entry => value("SELECT min(entry_id) FROM sto.transfer WHERE kind = 'transfer' AND debit_wallet = sto_test.address('alice/1')"),
	order_done => value("SELECT quote_literal(order_id) FROM sto.transfer WHERE kind = 'transfer' AND debit_wallet = sto_test.address('alice/1') ORDER BY entry_id LIMIT 1"),
);
value('DROP TABLE probe.signed_order');
for my $call (@calls)
{
	$call->{sql} =~ s/(?<!:):([a-z_]+)/$name{$1} \/\/ die "no name :$1"/ge;
}
my %answer;
for my $kind (@kinds)
{
	@{ $answer{$kind} } = asked("kind_$kind", answers('call', map { $_->{sql} } @calls));
	@{ $answer{"pooler $kind"} } = asked('narrow_pooler', "SET ROLE kind_$kind;\n" . answers('call', map { $_->{sql} } @calls)) if $kind ne 'superuser';
}
for my $n (0 .. $#calls)
{
	my $call = $calls[$n];
	my %all = map { $_ => 1 } grep { !/^(\w{5}|nothing)$/ } map { $answer{$_}[$n] } grep { $call->{wanted}{$_} && $call->{wanted}{$_} eq 'all' } @kinds;
	my @differences;

	push @differences, 'answers differ among those who get all' if keys %all > 1;
	for my $who (sort keys %answer)
	{
		(my $kind = $who) =~ s/^pooler //;
		my $got = $answer{$who}[$n] // 'no answer';
		my $wanted = $call->{wanted}{$kind} // 'nothing said';
		$got = $all{$got} ? 'all' : $got =~ /^[0-9a-f]{32}$/ ? 'part' : $got;
		push @differences, "$who: $got, not $wanted" if $got ne $wanted;
	}
	(my $what = substr($call->{sql}, 0, 90)) =~ s/\s+/ /g;
	is_deeply(\@differences, [], "$what") or diag join "\n", @differences;
}
is_sound($node, 'ledger', 'after all of it');
$node->stop;

done_testing();
