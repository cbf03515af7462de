-- Every rule of docs/format.md in every situation that it may meet: a table of short scripts, each played with a token of
-- its own.  After signer.sql; test/sql/rules_matrix.sql shows the answers, test/t/036_rules_verify.pl has them judged.
--
-- Wallets are letters: a A of ann (KZ, professional), b B of ben (US, retail), c of cy (nothing stated), d D of dan (KZ,
-- professional, has travel data), l L of lou (US, retail), o O omnibus of fund (KZ).  A step is
--     a>b 10   a transfer      >b 10    an issue       b> 10    a redemption    x & y   several in one statement
--     a|b 10   a hold for b    a=b 10   its post       ...!     of a hold that is checked once
--     force a>b 10             by two officers; what it was recorded to break
-- or an act: list b, unlist b, affirm b, unaffirm b, class b retail, country b KZ, travel b, approve 10 [receiver], look o a 50,
-- and for the rules: none; rules; rules {"fields": "that are changed"}; on redeem.  "undo x, y" plays both in a savepoint that is
-- rolled back, and shows in brackets what they were answered.
-- a has 1000 and b has 150 units before there are rules.

-- A custom rule that anybody can compute.
CREATE FUNCTION sto_test.unlucky(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address, debit_party uuid,
                                 credit_party uuid, amount sto.token_amount, posted_at timestamptz) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'SELECT ''unlucky'' WHERE mod(amount::numeric, 13) = 0';
-- What the signers of a set with a custom rule have read.
CREATE FUNCTION sto_test.definition_of(function text) RETURNS text LANGUAGE sql AS $$
    SELECT encode(sha256(sto_test.tag('sto.custom') || sto_test.text8(function) || sto_test.text8(l.lanname)
                         || sto_test.u8(coalesce(cardinality(p.proconfig), 0))
                         || coalesce((SELECT string_agg(sto_test.text16(c), ''::bytea ORDER BY i) FROM unnest(p.proconfig) WITH ORDINALITY AS u (c, i)), '')
                         || sto_test.text32(p.prosrc)), 'hex')
      FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang WHERE p.oid = function::regproc
$$;
CREATE FUNCTION sto_test.micros_from_now(seconds numeric) RETURNS bigint LANGUAGE sql
    AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000 + seconds * 1000000)::bigint $$;

CREATE FUNCTION sto_test.owner_named(letter text) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT CASE lower(letter) WHEN 'a' THEN 'ann' WHEN 'b' THEN 'ben' WHEN 'c' THEN 'cy' WHEN 'd' THEN 'dan' WHEN 'l' THEN 'lou' WHEN 'o' THEN 'fund' END $$;
CREATE FUNCTION sto_test.wallet_named(letter text) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT sto_test.owner_named(letter) || CASE letter WHEN lower(letter) THEN '/1' ELSE '/2' END $$;

-- The parties, officers and wallets, in a ledger with its registrar and issuer acme.
CREATE FUNCTION sto_test.begin_matrix() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    letter text;
BEGIN
    PERFORM sto_test.officer(o.name, o.seed, o.capability)
       FROM (VALUES ('enforcer', 940, 'enforcer'), ('second', 941, 'enforcer'), ('agent', 942, 'recovery_agent'), ('second agent', 943, 'recovery_agent'),
                    ('knower', 944, 'claim_issuer')) AS o (name, seed, capability)
      WHERE sto_test.seeds_of(o.name) IS NULL;
    PERFORM sto_test.party(p, NULL, 'natural') FROM unnest('{ann,ben,cy,dan,lou}'::text[]) AS p;
    PERFORM sto_test.party('fund', '{945}');
    FOREACH letter IN ARRAY '{a,A,b,B,c,d,D,l,L,o,O}'::text[] LOOP
        PERFORM sto_test.wallet(sto_test.wallet_named(letter), sto_test.owner_named(letter), ARRAY[946 + strpos('aAbBcdDlLoO', letter)],
                                CASE lower(letter) WHEN 'o' THEN 'omnibus' ELSE 'own' END);
    END LOOP;
    PERFORM sto_test.party_facts(p, '{"country": "KZ"}'), sto_test.classify(p, 'professional') FROM unnest('{ann,dan,fund}'::text[]) AS p;
    PERFORM sto_test.party_facts(p, '{"country": "US", "incorporation": "AE"}'), sto_test.classify(p, 'retail') FROM unnest('{ben,lou}'::text[]) AS p;
    RETURN sto_test.travel_data('dan', '{name,lei}');
END $$;

-- The order of a step, signed by whoever must.
CREATE FUNCTION sto_test.step_order(token text, step text) RETURNS sto.order LANGUAGE plpgsql AS $$
DECLARE
    part   text[] := regexp_match(step, '^(\w?)([>|=])(\w?) (\d+)(!?)$');
    debit  text := COALESCE(sto_test.wallet_named(nullif(part[1], '')), token);
    credit text := COALESCE(sto_test.wallet_named(nullif(part[3], '')), token);
    kind   text := CASE part[2] WHEN '|' THEN 'hold' WHEN '=' THEN 'post' ELSE CASE token WHEN debit THEN 'issue' WHEN credit THEN 'redeem' ELSE 'transfer' END END;
    o      jsonb := jsonb_build_object('kind', kind, 'token_id', token, 'debit_wallet', debit, 'credit_wallet', credit, 'amount', part[4],
                        'ordering_party', CASE kind WHEN 'issue' THEN sto_test.id('acme') WHEN 'post' THEN sto_test.owner_of(credit) ELSE sto_test.owner_of(debit) END);
BEGIN
    IF part IS NULL THEN
        RAISE 'not a step: %', step;
    ELSIF kind = 'hold' THEN
        o := o || jsonb_build_object('purpose', 'pledge') || CASE part[5] WHEN '!' THEN '{"checked_once": true}'::jsonb ELSE '{}' END;
    ELSIF kind = 'post' THEN
        o := o || jsonb_build_object('keep_rest', true, 'hold_id', (SELECT h.hold_id FROM sto.hold AS h
                 WHERE h.token_id = sto_test.id(token) AND h.wallet = sto_test.address(debit) AND h.beneficiary = sto_test.address(credit)
                   AND h.checked_once = (part[5] = '!') AND h.remaining >= part[4]::sto.token_amount ORDER BY h.hold_id DESC LIMIT 1));
    END IF;
    RETURN sto_test.order(o, sto_test.seeds_of(CASE kind WHEN 'issue' THEN token WHEN 'post' THEN credit ELSE debit END));
END $$;

-- Post these in one statement: 'ok' or the SQLSTATE; a dry run of a single one must have said the same.
CREATE FUNCTION sto_test.step_post(orders sto.order[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    asked text := (SELECT CASE count(*) WHEN 0 THEN 'ok' ELSE (array_agg(c.state ORDER BY c.n))[1] END
                     FROM sto.check_order(orders[1]) WITH ORDINALITY AS c (code, state, rule, label, subject, l, value, passing, detail, n));
    said  text := 'ok';
BEGIN
    BEGIN
        INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, hold_id, purpose, keep_rest, checked_once, signatures)
        SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, o.hold_id, o.purpose, o.keep_rest, o.checked_once, o.signatures
          FROM unnest(orders) WITH ORDINALITY AS o ORDER BY ordinality;
    EXCEPTION WHEN OTHERS THEN
        said := SQLSTATE || CASE WHEN SQLSTATE !~ '^ST' THEN ' ' || SQLERRM ELSE '' END;
    END;
    RETURN said || CASE WHEN cardinality(orders) = 1 AND asked <> said THEN ' BUT ASKED BEFOREHAND ' || asked ELSE '' END;
END $$;

-- The rules of a cell, with some fields changed; times are made when it is played.
CREATE FUNCTION sto_test.step_rules(token text, rule text, fields jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT sto_test.rules(token, jsonb_build_array(jsonb_build_object('rule', rule) || fields || CASE rule
        WHEN 'lock_up' THEN jsonb_build_object('until', sto_test.micros_from_now(3600))
        WHEN 'transfer_window' THEN jsonb_build_object('closed', jsonb_build_array(jsonb_build_object('from', sto_test.micros_from_now(-3600), 'to', sto_test.micros_from_now(3600))))
        WHEN 'custom' THEN jsonb_build_object('function', 'sto_test.unlucky', 'definition', sto_test.definition_of('sto_test.unlucky'))
        ELSE '{}' END))
$$;

-- One step; what it was answered, nothing for an act.
CREATE FUNCTION sto_test.step(token text, rule text, fields jsonb, step text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    word text[] := string_to_array(step, ' ');
    id   bigint;
    part text;
    said text := '';
BEGIN
    CASE word[1]
        WHEN 'none' THEN PERFORM sto_test.rules(token, '[]');
        WHEN 'rules' THEN PERFORM sto_test.step_rules(token, rule, fields || COALESCE(nullif(substr(step, 7), '')::jsonb, '{}'));
        WHEN 'on' THEN PERFORM sto_test.step_rules(token, rule, fields || jsonb_build_object('kinds', jsonb_build_array(word[2])));
        WHEN 'unlist' THEN PERFORM sto_test.party_list(token, 'friends', sto_test.owner_named(word[2]), false);
        WHEN 'country' THEN PERFORM sto_test.party_facts(sto_test.owner_named(word[2]), jsonb_build_object('country', word[3]));
        WHEN 'travel' THEN PERFORM sto_test.travel_data(sto_test.owner_named(word[2]), '{name}');
        WHEN 'undo' THEN
            BEGIN
                FOREACH part IN ARRAY string_to_array(substr(step, 6), ', ') LOOP
                    said := concat_ws(' ', nullif(said, ''), sto_test.step(token, rule, fields, part));
                END LOOP;
                RAISE SQLSTATE 'YY000';
            EXCEPTION WHEN SQLSTATE 'YY000' THEN
                RETURN '(' || said || ')';
            END;
        WHEN 'list' THEN PERFORM sto_test.party_list(token, 'friends', sto_test.owner_named(word[2]));
        WHEN 'affirm' THEN PERFORM sto_test.opt_in(sto_test.owner_named(word[2]), token, sto_test.wallet_named(word[2]));
        WHEN 'unaffirm' THEN PERFORM sto_test.opt_in(sto_test.owner_named(word[2]), token, sto_test.wallet_named(word[2]), false);
        WHEN 'class' THEN PERFORM sto_test.classify(sto_test.owner_named(word[2]), word[3], jsonb_build_object('token', sto_test.id(token)));
        WHEN 'approve' THEN PERFORM sto_test.approval(token, 'acme', word[2], CASE WHEN word[3] IS NULL THEN '{}' ELSE jsonb_build_object('receiver', sto_test.owner_named(word[3])) END);
        WHEN 'look' THEN PERFORM sto_test.look_through(sto_test.wallet_named(word[2]), 'fund', token, jsonb_build_object(sto_test.owner_named(word[3]), word[4]));
        WHEN 'force' THEN
            word := regexp_match(word[2], '^(\w)>(\w)$') || word[3];
            id := sto_test.enforce(token || ' ' || (SELECT count(*) FROM sto.case), 'force', jsonb_build_object('token', token,
                      'debit', sto_test.wallet_named(word[1]), 'credit', sto_test.wallet_named(word[2]), 'amount', word[3]));
            RETURN COALESCE((SELECT 'recorded ' || string_agg(o.rule, ' ' ORDER BY o.number) FROM sto.override AS o WHERE o.entry_id = id), 'ok');
        ELSE RETURN sto_test.step_post(ARRAY(SELECT sto_test.step_order(token, s) FROM unnest(string_to_array(step, ' & ')) AS s));
    END CASE;
    RETURN NULL;
END $$;

-- A script with its answers.
CREATE FUNCTION sto_test.steps(token text, rule text, fields jsonb, script text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    step  text;
    shown text[] := '{}';
BEGIN
    FOREACH step IN ARRAY string_to_array(script, '; ') LOOP
        shown := shown || concat_ws(' ', step, sto_test.step(token, rule, fields, step));
    END LOOP;
    RETURN array_to_string(shown, '; ');
END $$;

-- A cell.
CREATE FUNCTION sto_test.play(rule text, what text, fields jsonb, before text, script text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    token text := 'M ' || rule || ' ' || what;
    step  text;
BEGIN
    PERFORM sto_test.token(token, 'acme');
    FOREACH step IN ARRAY string_to_array('>a 1000; >b 150' || COALESCE('; ' || before, ''), '; ') LOOP
        IF sto_test.step(token, rule, fields, step) <> 'ok' THEN
            RAISE 'before %: % did not pass', token, step;
        END IF;
    END LOOP;
    PERFORM sto_test.step_rules(token, rule, fields);
    RETURN sto_test.steps(token, rule, fields, script);
END $$;

-- Each rule with its fields, what comes before it, an entry that fails (fault: whose), and its scripts.  A situation without
-- a script means nothing to the rule: docs/compliance-map.md says why.
CREATE TABLE sto_test.matrix_rule (
    state    text PRIMARY KEY,
    rule     text NOT NULL,
    fields   jsonb NOT NULL,
    before   text,
    bad      text NOT NULL,
    other    text NOT NULL,
    fault    text NOT NULL,
    pass     text NOT NULL,
    boundary text,
    wallets  text NOT NULL,
    within   text NOT NULL,
    issue    text NOT NULL,
    redeem   text,
    bulk     text,
    hold     text,
    forced   text,
    undone   text
);
INSERT INTO sto_test.matrix_rule VALUES
    ('ST220', 'country_allow', '{"countries": ["KZ"]}', NULL, 'a>b 10', 'ann', 'ben', 'a>d 10; a>c 10', NULL, 'a>B 10; a>D 10', 'b>B 10', '>b 10; >d 10', 'b> 10', NULL),
    ('ST221', 'country_deny', '{"countries": ["US"]}', NULL, 'a>b 10', 'ann', 'ben', 'a>d 10; a>c 10', NULL, 'a>B 10; a>D 10', 'b>B 10', '>b 10; >d 10', 'b> 10', NULL),
    ('ST222', 'party_list', '{"list": "friends", "mode": "allow"}', 'list d', 'a>b 10', 'ann', 'ben', 'a>d 10', NULL, 'a>B 10; a>D 10', 'b>B 10', '>b 10; >d 10', 'b> 10', NULL),
    ('ST223', 'investor_class', '{"classes": ["professional"], "caps": {"professional": "500"}}', NULL, 'a>b 10', 'ann', 'ben', 'a>d 10; class b professional; a>b 10',
     'a>d 501; a>d 500; a>d 1', 'a>d 300; a>D 201; a>D 200', 'b>B 10; a>A 10', '>b 10; >d 501; >d 500', 'b> 10', 'a>d 300 & a>D 201; a>d 300 & d>a 100 & a>D 300'),
    ('ST224', 'max_balance', '{"amount": "200"}', NULL, 'a>b 51', 'ann', 'ben', 'a>b 50', 'a>b 51; a>b 50; a>b 1', 'a>B 51; a>B 50; a>b 1', 'a>A 10', '>b 51; >b 50',
     'b> 10', 'a>b 30 & a>B 30; b>d 60 & a>b 100 & a>d 140; a>d 1'),
    ('ST225', 'min_balance', '{"amount": "200"}', NULL, 'a>b 49', 'ann', 'ben', 'a>b 60; b>d 210', 'a>b 49; a>b 50; b>a 1; b>a 200', 'a>B 49; a>B 50; b>a 1', 'b>B 10', '>b 49; >b 50', 'b> 10',
     'a>b 30 & a>b 30; a>b 60 & b>a 10; b>a 1'),
    ('ST226', 'max_holders', '{"count": 2}', NULL, 'a>d 10', 'ann', 'dan', 'a>b 10; b>d 160', 'rules {"count": 3}; a>d 10; a>c 10', 'a>D 10; a>B 10; b>B 150', 'a>A 10', '>d 10; >b 10', 'b> 10',
     'a>b 1 & a>d 10; b>a 150 & a>d 10; a>b 10'),
    ('ST227', 'min_holders', '{"count": 2}', NULL, 'b>a 150', 'ann', 'ben', 'b>a 149', 'a>d 1; b>a 150; d>a 1', 'b>B 100; b>a 50; B>a 100; B>a 99', 'b>B 150', '>d 1; >b 1',
     'on redeem; b> 150; b> 149; rules; b> 1', 'b>a 150 & a>d 10; a>d 10 & b>a 150'),
    ('ST228', 'ownership_by_claim', '{"by": "country", "value": "US", "max": 1400}', NULL, 'a>b 20', 'ann', 'ben', 'a>b 10; a>d 100', 'a>b 12; a>b 11; a>l 1; b>l 161', 'a>B 12; a>B 11; a>b 1', 'b>B 10',
     '>b 20; >d 20', 'on redeem; a> 200; a> 50; rules; a> 150', 'a>b 6 & a>l 6; b>d 10 & a>l 21; a>l 1'),
    ('ST229', 'lock_up', '{}', 'a>A 100', 'a>b 10', 'ben', 'ann', '>b 10', NULL, 'A>b 10', 'a>A 10', '>b 10', 'a> 10', NULL),
    ('ST230', 'volume_limit', '{"seconds": 3600, "amount": "100"}', 'a>A 500', 'a>b 101', 'ben', 'ann', 'a>b 60; a>b 40', 'a>b 101; a>b 100; a>b 1', 'a>b 60; A>b 41; A>b 40; a>b 1', 'a>A 101', '>b 101',
     'a> 101', 'a>b 60 & A>b 60; a>b 60 & b>a 60 & A>b 41'),
    ('ST231', 'transfer_window', '{}', 'a>A 100', 'a>b 10', 'ben', 'ann', 'b> 10', NULL, 'A>b 10; a>B 10', 'a>A 10', '>b 10', 'a> 10', NULL),
    ('ST232', 'granularity', '{"units": "10"}', 'a>A 100', 'a>b 11', 'ben', 'ann', 'a>b 20', 'a>b 9; a>b 10; a>b 11', 'a>B 11; A>b 9', 'a>A 11; a>A 10', '>b 11; >b 10', 'a> 11', 'a>b 5 & a>b 5'),
    ('ST233', 'approval', '{}', NULL, 'a>b 10', 'ben', 'ann', 'approve 10; a>b 10', 'approve 10; a>b 11; a>b 10; a>b 1', 'approve 10 b; a>d 10; a>B 10; a>b 10', 'a>A 10', '>b 10; approve 10; >b 10',
     'a> 10', 'approve 10; a>b 10 & a>b 10; approve 10; a>b 10 & a>b 10; a>b 10'),
    ('ST234', 'venue', '{"parties": ["dan"]}', 'a>d 100; a>D 10; a>A 50', 'a>b 10', 'ben', 'ann', 'd>b 10', NULL, 'A>b 10; D>b 10', 'a>A 10; d>D 10', '>b 10', 'a> 10', NULL),
    ('ST235', 'opt_in', '{}', 'affirm d', 'a>b 10', 'ann', 'ben', 'a>d 10; affirm b; a>b 10; unaffirm b; a>b 10', NULL, 'a>B 10; a>D 10', 'b>B 10', '>b 10; >d 10', 'b> 10', NULL),
    ('ST236', 'offer_limits', '{"seconds": 3600, "max_persons": 3, "min_each": "10", "max_total": "1300"}', NULL, '>b 9', 'ann', 'ben', '>d 20; a>b 9', '>b 9; >b 10; >d 141; >d 140; >d 10',
     '>B 10; >D 10; >d 10; >c 10; >d 9', 'a>A 9', '>d 10; >c 10', NULL, '>d 10 & >c 10; >d 100 & >d 51; >d 10 & >D 10'),
    ('ST237', 'travel_rule', '{"threshold": "10", "beneficiary": ["name"]}', NULL, 'a>b 10', 'ann', 'ben', 'a>d 10', 'a>b 9; a>b 10', 'a>B 10; a>D 10', 'b>B 10', '>b 10; >d 10', 'b> 10', 'a>b 9 & a>b 9'),
    ('ST238', 'look_through', '{"seconds": 3600, "stale": "block"}', 'a>o 50', 'a>o 10', 'ann', 'fund', 'a>b 10; look o a 50; a>o 10', 'look o a 50; o>a 1; o>a 1', 'look o a 50; a>O 10; a>o 10', 'o>O 10', '>o 10; >b 10',
     'o> 10', 'look o a 50; o>a 1 & o>a 1; a>o 1 & o>a 1 & a>o 1'),
    ('ST239', 'custom', '{}', 'a>A 100', 'a>b 13', 'ben', 'ann', 'a>b 12', 'a>b 12; a>b 13; a>b 14', 'a>B 13; A>b 13', 'a>A 13', '>b 13; >b 12', 'a> 13', 'a>b 12 & a>b 13');
UPDATE sto_test.matrix_rule SET redeem = format('%1$s; on redeem; %1$s', redeem) WHERE redeem !~ 'on redeem';
-- One that is placed before there are rules, and one that says that it is checked once: when they are posted.
UPDATE sto_test.matrix_rule
   SET hold = format('none; %1$s; %1$s!; rules; %1$s; %2$s; %2$s!', replace(bad, '>', '|'), replace(bad, '>', '=')), forced = format('force %s', bad)
 WHERE bad !~ '^>';
UPDATE sto_test.matrix_rule AS m SET hold = x.hold, forced = COALESCE(x.forced, m.forced)
  FROM (VALUES ('min_holders', 'b|a 150; none; b|a 75; b|a 75!; rules; b=a 75!; b=a 75', NULL),
               -- a use is taken by a post, or by a hold that is checked once; none by another hold, nor by force
               ('approval', 'none; a|b 10; a|b 10!; rules; a|b 10; a=b 10; approve 10; a|b 10; a=b 10; a=b 10; a=b 10!; approve 10; a|b 10!; a|b 10!; a=b 10!', 'force a>b 10; approve 10; force a>b 10; a>b 10; a>b 10'),
               -- what is held or forced is no volume
               ('volume_limit', 'none; a|b 101; a|b 101!; rules; a|b 101; a=b 101; a|b 100; a>b 20; a=b 81; a=b 80; a=b 101!', 'force a>b 101; a>b 100; force a>b 1'),
               ('look_through', 'none; a|o 10; a|o 10!; rules; a|o 10; a=o 10; a=o 10!; look o a 60; a=o 10', 'force a>o 10; look o a 60; force a>o 10'),
               ('max_holders', 'none; a|d 10; a|d 10!; rules; a|d 10; a=d 10; a=d 10!; a=d 10', 'force a>d 10; a>d 1; a>c 1'),
               ('offer_limits', 'a|b 9; a=b 9', 'force a>b 9')) AS x (rule, hold, forced)
 WHERE m.rule = x.rule;
-- What a savepoint takes back is back: facts, rules and counters, in what the session remembers of them too.
UPDATE sto_test.matrix_rule AS m SET undone = COALESCE(x.undone, format('undo none, %1$s; %1$s', m.bad))
  FROM sto_test.matrix_rule AS r
  LEFT JOIN (VALUES ('country_allow', 'a>b 10; undo country b KZ, a>b 10; a>b 10; a>d 10; undo country d US, a>d 10; a>d 10'),
                    ('country_deny', 'a>b 10; undo country b KZ, a>b 10; a>b 10; a>d 10; undo country d US, a>d 10; a>d 10'),
                    ('party_list', 'a>d 10; undo unlist d, a>d 10; a>d 10; a>b 10; undo list b, a>b 10; a>b 10'),
                    ('investor_class', 'a>d 10; undo class d retail, a>d 10; a>d 10; a>b 10; undo class b professional, a>b 10; a>b 10'),
                    ('max_balance', 'undo a>b 50, a>b 1; a>b 50; a>b 1'),
                    ('min_balance', 'undo a>b 50, b>a 1; a>b 49; a>b 50; undo b>a 200, a>b 199; b>a 1'),
                    ('max_holders', 'undo b>a 150, a>d 10; a>d 10; undo b>a 150; b>a 150; a>d 10'),
                    ('min_holders', 'undo >d 1, b>a 150; b>a 150; >d 1; undo d>b 1; b>a 150'),
                    ('ownership_by_claim', 'undo a>b 11, a>b 1; a>b 11; undo country b KZ, a>b 1; a>b 1'),
                    ('volume_limit', 'undo a>b 100, a>b 1; a>b 100; a>b 1'),
                    ('approval', 'undo approve 10, a>b 10, a>b 10; a>b 10; approve 10; undo a>b 10, a>b 10; a>b 10; a>b 10'),
                    ('opt_in', 'a>d 10; undo unaffirm d, a>d 10; a>d 10; a>b 10; undo affirm b, a>b 10; a>b 10'),
                    ('offer_limits', 'undo >d 10, >c 10; >c 10; >d 10'),
                    ('travel_rule', 'a>b 10; undo travel b, a>b 10; a>b 10'),
                    ('look_through', 'undo look o a 50, a>o 10; a>o 10; look o a 50; undo o>a 1, a>o 1, o>a 1, o>a 1; o>a 1; o>a 1')) AS x (rule, undone) ON x.rule = r.rule
 WHERE r.rule = m.rule;

-- Every cell, played.
CREATE FUNCTION sto_test.matrix() RETURNS TABLE (rule text, what text, said text) LANGUAGE sql AS $$
    SELECT m.rule, c.what, sto_test.play(m.rule, c.what, m.fields, m.before, c.script)
      FROM sto_test.matrix_rule AS m,
           LATERAL (VALUES (1, 'pass', m.bad || '; ' || m.pass), (2, 'boundary', m.boundary),
                           (3, 'exempt', format('rules {"exempt": ["cy"]}; %1$s; rules {"exempt": [%2$s]}; %1$s; rules {"exempt": ["cy", %3$s]}; %1$s', m.bad, to_json(m.other), to_json(m.fault))),
                           (4, 'wallets', m.wallets), (5, 'within', m.within), (6, 'issue', m.issue), (7, 'redeem', m.redeem), (8, 'hold', m.hold), (9, 'forced', m.forced),
                           (10, 'bulk', m.bulk), (11, 'undone', m.undone)) AS c (n, what, script)
     WHERE c.script IS NOT NULL
     ORDER BY m.state, c.n
$$;

-- A lost wallet of lou's with 143 units of a token for each rule, of which all would fail if they went to somebody else; after
-- one wait they go to lou's other wallet.  Then the rule goes on as before: what lou had, moved out or was issued still counts.
-- before, unruled: what is done first, after the token's rules or before it has any.
CREATE TABLE sto_test.matrix_recovered (rule text NOT NULL, fields jsonb, before text, after text NOT NULL, unruled text);
INSERT INTO sto_test.matrix_recovered VALUES ('volume_limit', NULL, NULL, 'L>b 41; L>b 40; L>b 1', 'l>b 60');
INSERT INTO sto_test.matrix_recovered VALUES
    ('country_allow', NULL, NULL, 'a>L 10; L>d 10'), ('country_deny', NULL, NULL, 'a>L 10; L>d 10'), ('party_list', NULL, NULL, 'a>L 10; list l; a>L 10'),
    ('investor_class', NULL, NULL, 'a>L 10; class l professional; a>L 358; a>L 357'), ('max_balance', '{"amount": "150"}', NULL, 'a>L 8; a>L 7'),
    ('min_balance', NULL, NULL, 'L>a 1; a>L 56; a>L 57'), ('max_holders', NULL, NULL, 'a>d 10; L>d 143; a>L 1'),
    ('min_holders', '{"count": 3}', NULL, 'L>a 143; L>a 142'), ('ownership_by_claim', NULL, NULL, 'a>L 1; L>a 113; a>L 1; a>L 1'),
    ('lock_up', NULL, NULL, 'L>b 10'), ('volume_limit', NULL, 'l>b 60', 'L>b 41; L>b 40; L>b 1'), ('transfer_window', NULL, NULL, 'L>b 10'),
    ('granularity', NULL, NULL, 'L>b 13; L>b 10'), ('approval', NULL, 'approve 100', 'L>b 100; L>b 1'), ('venue', NULL, NULL, 'L>b 10'), ('opt_in', NULL, 'affirm b', 'a>L 10; L>b 10'),
    ('offer_limits', '{"max_total": "2000"}', NULL, '>d 10; >L 10'), ('travel_rule', NULL, NULL, 'a>L 10; L>d 10'), ('look_through', NULL, NULL, 'L>o 10; L>b 10'), ('custom', NULL, NULL, 'L>b 13; L>b 12');
CREATE FUNCTION sto_test.matrix_recovery() RETURNS TABLE (rule text, said text) LANGUAGE plpgsql AS $$
DECLARE
    m  record;
    id bigint;
BEGIN
    CREATE TEMP TABLE lost AS
        SELECT r.rule, concat('R ', r.rule, ' ' || x.unruled) AS token, r.fields || COALESCE(x.fields, '{}') AS fields, COALESCE(x.before, '') AS before, x.after, COALESCE(x.unruled, '') AS unruled FROM sto_test.matrix_rule AS r LEFT JOIN sto_test.matrix_recovered AS x USING (rule) ORDER BY r.state, token;
    FOR m IN TABLE lost LOOP
        PERFORM sto_test.token(m.token, 'acme'), sto_test.issue(m.token, 'ann/1', '1000'), sto_test.issue(m.token, 'ben/1', '150'), sto_test.issue(m.token, 'lou/1', '143');
        PERFORM sto_test.steps(m.token, m.rule, m.fields, m.unruled), sto_test.step_rules(m.token, m.rule, m.fields), sto_test.steps(m.token, m.rule, m.fields, m.before);
    END LOOP;
    PERFORM sto_test.open_case('lou is lost', 'recover', jsonb_build_object('debit', 'lou/1', 'credit', 'lou/2', 'not_before', sto_test.micros_from_now(1.05)), 'agent', 'recovery');
    PERFORM sto_test.decide_case('lou is lost', 'second agent'), pg_sleep(1.1);
    FOR m IN TABLE lost LOOP
        id := sto_test.enforce_case('lou is lost', '{}', 'agent', token => m.token);
        rule := m.rule;
        said := format('recorded %s; moved %s; %s', COALESCE((SELECT string_agg(o.rule, ' ') FROM sto.override AS o WHERE o.entry_id = id), 'nothing'),
                       (SELECT t.amount FROM sto.transfer AS t WHERE t.entry_id = id), sto_test.steps(m.token, m.rule, m.fields, m.after));
        RETURN NEXT;
    END LOOP;
    DROP TABLE lost;
END $$;

-- What ends, or begins, between a dry run and the same order's posting: in each line one token, of which a sends 10 to d (c).
CREATE FUNCTION sto_test.matrix_times() RETURNS TABLE (what text, asked text, posted text) LANGUAGE plpgsql AS $$
DECLARE
    whats  text[] := '{claim,investor_class,approval,travel_rule,look_through,volume_limit,lock_up,transfer_window,rule_set}';
    orders sto.order[];
    told   text[];
    until  bigint;
BEGIN
    FOREACH what IN ARRAY whats LOOP
        PERFORM sto_test.token('T ' || what, 'acme'), sto_test.issue('T ' || what, 'ann/1', '1000');
        orders := orders || sto_test.step_order('T ' || what, CASE what WHEN 'travel_rule' THEN 'a>c 10' WHEN 'look_through' THEN 'a>o 10' ELSE 'a>d 10' END);
    END LOOP;
    PERFORM sto_test.transfer('T look_through', 'ann/1', 'fund/1', '10');
    PERFORM sto_test.trust('T claim', 'knower', '{known}'), sto_test.topics('T claim', '{known}');
    PERFORM sto_test.rules('T ' || r, jsonb_build_array(jsonb_build_object('rule', r) || f)) FROM (VALUES ('investor_class', '{"classes": ["professional"]}'::jsonb), ('approval', '{}'),
        ('travel_rule', '{"threshold": "1", "beneficiary": ["name"]}'), ('look_through', '{"seconds": 2, "stale": "block"}'), ('volume_limit', '{"seconds": 2, "amount": "10"}')) AS v (r, f);
    PERFORM sto_test.transfer('T volume_limit', 'ann/1', 'dan/1', '1'), sto_test.look_through('fund/1', 'fund', 'T look_through', '{"ann": 10}');
    until := sto_test.micros_from_now(2);
    PERFORM sto_test.claim('dan', 'known', 'knower', jsonb_build_object('to', until)), sto_test.travel_data('cy', '{name}', jsonb_build_object('to', until)),
            sto_test.classify('dan', 'professional', jsonb_build_object('token', sto_test.id('T investor_class'), 'to', until)),
            sto_test.approval('T approval', 'acme', '10', jsonb_build_object('to', until)),
            sto_test.rules('T lock_up', jsonb_build_array(jsonb_build_object('rule', 'lock_up', 'until', until))),
            sto_test.rules('T transfer_window', jsonb_build_array(jsonb_build_object('rule', 'transfer_window', 'closed', jsonb_build_array(jsonb_build_object('from', 1, 'to', until))))),
            sto_test.rules('T rule_set', '[{"rule": "granularity", "units": "7"}]', jsonb_build_object('from', until));
    told := ARRAY(SELECT COALESCE((SELECT string_agg(c.state, ' ') FROM sto.check_order(orders[n]) AS c), 'ok') FROM generate_series(1, cardinality(orders)) AS n ORDER BY n);
    PERFORM pg_sleep((until - sto_test.micros_from_now(0)) / 1000000.0 + 0.01);
    FOR n IN 1 .. cardinality(whats) LOOP
        what := whats[n];
        asked := told[n];
        posted := sto_test.step_post(ARRAY[orders[n]]);
        RETURN NEXT;
    END LOOP;
END $$;
