-- What the specs share: one ledger; each permutation plays with a token and wallets of its own.
CREATE EXTENSION sto_ledger;
\set ECHO none
\i ../signer/signer.sql
\i ../signer/invariants.sql
\i ../signer/tree.sql
SET client_min_messages = warning;
SELECT sto_test.open_ledger() > 0 AS open, sto_test.registrar() IS NOT NULL AS registrar;
SELECT sto_test.party('issuer', '{10}') IS NOT NULL AS issuer, sto_test.party('venue', '{11}') IS NOT NULL AS venue;

-- The number of the running permutation; names and keys come from it.
CREATE SEQUENCE sto_test.permutation;
CREATE FUNCTION sto_test.n() RETURNS bigint LANGUAGE sql AS $$ SELECT last_value FROM sto_test.permutation $$;
CREATE FUNCTION sto_test.seed(wallet text) RETURNS int LANGUAGE sql AS $$ SELECT (100 + 5 * sto_test.n() + strpos('abcde', wallet))::int $$;

-- Token T, parties p (of a and c) and q (of b and d), 100 units each for a and c.
CREATE FUNCTION sto_test.begin_case() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n bigint := nextval('sto_test.permutation');
    w text;
BEGIN
    PERFORM sto_test.token('T' || n, 'issuer');
    PERFORM sto_test.party('p' || n, NULL, 'natural'), sto_test.party('q' || n, NULL, 'natural');
    FOREACH w IN ARRAY '{a,b,c,d}'::text[] LOOP
        PERFORM sto_test.wallet(w || n, CASE WHEN w IN ('a', 'c') THEN 'p' ELSE 'q' END || n, ARRAY[sto_test.seed(w)]);
    END LOOP;
    PERFORM sto_test.issue('T' || n, 'a' || n, '100'), sto_test.issue('T' || n, 'c' || n, '100');
END $$;

-- A transfer signed with the wallet's first key, whatever its keys are now; an order of this name is one order.
CREATE FUNCTION sto_test.move(debit text, credit text, amount text, name text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    n bigint := sto_test.n();
BEGIN
    RETURN CASE WHEN sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'T' || n, 'debit_wallet', debit || n, 'credit_wallet', credit || n,
        'amount', amount, 'ordering_party', CASE WHEN debit IN ('a', 'c') THEN 'p' WHEN debit = 'e' THEN 'r' ELSE 'q' END || n,
        'order_id', COALESCE(md5(name)::uuid, gen_random_uuid())), ARRAY[sto_test.seed(debit)]) IS NULL THEN 'repeated' ELSE 'moved' END;
END $$;
CREATE FUNCTION sto_test.rotate(wallet text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.set_keys(wallet || sto_test.n(), ARRAY[sto_test.seed('e')], signers => ARRAY[sto_test.seed(wallet)]);
    RETURN 'rotated';
END $$;
CREATE FUNCTION sto_test.close(what text, actor text DEFAULT 'registrar') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.event(CASE what WHEN 'T' THEN 'token_status' ELSE 'wallet_status' END, sto_test.id(what || sto_test.n()), sto_test.id(actor), '{"status": "closed"}');
    RETURN 'closed';
EXCEPTION WHEN SQLSTATE 'ST208' THEN
    RETURN regexp_replace(SQLERRM, '[0-9a-f-]{36}', '...');
END $$;

-- A list of two orders of wallet a under one signature, and a pledge of 50 of a for b.
CREATE TABLE sto_test.orders (n bigint, i int, o sto.transfer, batch bigint);
CREATE FUNCTION sto_test.sign_list() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    case_no bigint := sto_test.n();
    list    bigint;
BEGIN
    INSERT INTO sto_test.orders SELECT case_no, i, sto_test.make_order(sto_test.transfer_order('T' || case_no, 'a' || case_no, 'b' || case_no, '30')) FROM generate_series(1, 2) AS i;
    list := (SELECT sto_test.event('batch', gen_random_uuid(), sto_test.id('a' || case_no), jsonb_build_object('token', sto_test.id('T' || case_no), 'count', 2, 'sum', '60',
             'hash', encode(sha256(string_agg(sto_test.order_message(l.o), ''::bytea ORDER BY l.i)), 'hex'))::text) FROM sto_test.orders AS l WHERE l.n = case_no);
    UPDATE sto_test.orders SET batch = list WHERE n = case_no;
END $$;
CREATE FUNCTION sto_test.post_list() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    rows int;
BEGIN
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, authority_event)
    SELECT (o).kind, (o).token_id, (o).debit_wallet, (o).credit_wallet, (o).amount, (o).ordering_party, (o).order_id, batch FROM sto_test.orders WHERE n = sto_test.n() ORDER BY i;
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN rows || ' posted';
END $$;
CREATE FUNCTION sto_test.pledge() RETURNS void LANGUAGE sql AS $$
    SELECT sto_test.hold('T' || sto_test.n(), 'a' || sto_test.n(), '50', 'pledge', jsonb_build_object('credit_wallet', 'b' || sto_test.n()))
$$;
CREATE FUNCTION sto_test.use(kind text, amount text) RETURNS text LANGUAGE sql AS $$
    SELECT kind || CASE WHEN sto_test.post(jsonb_build_object('kind', kind, 'token_id', h.token_id, 'debit_wallet', h.wallet, 'credit_wallet', CASE kind WHEN 'post' THEN 'b' || sto_test.n() END,
           'amount', use.amount, 'hold_id', h.hold_id, 'ordering_party', 'q' || sto_test.n()), ARRAY[sto_test.seed('b')]) > 0 THEN ' done' END
      FROM sto.hold AS h WHERE h.token_id = sto_test.id('T' || sto_test.n())
$$;

CREATE FUNCTION sto_test.result() RETURNS TABLE (a text, b text, c text, d text, entries bigint, ledger text) LANGUAGE sql AS $$
    SELECT sto_test.balance('T' || n, 'a' || n), sto_test.balance('T' || n, 'b' || n), sto_test.balance('T' || n, 'c' || n), sto_test.balance('T' || n, 'd' || n),
           (SELECT count(*) FROM sto.transfer AS t WHERE t.token_id = sto_test.id('T' || n)), sto_test.check_invariants()
      FROM sto_test.n() AS n
$$;

-- Officers of all cases; what they stop and let go in the running one.
SELECT num_nonnulls(sto_test.officer('enforcer', 31, 'enforcer'), sto_test.officer('kyc', 32, 'claim_issuer')) AS officers;
CREATE FUNCTION sto_test.stop(what text, name text, stops boolean DEFAULT true) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    CASE what WHEN 'token' THEN PERFORM sto_test.pause(name || sto_test.n(), 'issuer', stops);
              WHEN 'wallet' THEN PERFORM sto_test.freeze_wallet(name || sto_test.n(), stops);
              ELSE PERFORM sto_test.freeze_party(name || sto_test.n(), stops); END CASE;
    RETURN CASE WHEN stops THEN 'stopped' ELSE 'let go' END;
END $$;
-- Token T requires a claim, which q has.
CREATE FUNCTION sto_test.begin_eligible() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_case();
    PERFORM sto_test.trust('T' || sto_test.n(), 'kyc', '{kyc}'), sto_test.claim('q' || sto_test.n(), 'kyc', 'kyc'), sto_test.topics('T' || sto_test.n(), '{kyc}');
END $$;
CREATE FUNCTION sto_test.claim_for(party text) RETURNS text LANGUAGE sql
    AS $$ SELECT CASE WHEN sto_test.claim(party || sto_test.n(), 'kyc', 'kyc') > 0 THEN 'claimed' END $$;
CREATE FUNCTION sto_test.revoke_of(party text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN sto_test.claim_revoke(party || sto_test.n(), c.claim, 'kyc') > 0 THEN 'revoked' END
      FROM sto.claim AS c WHERE c.party_id = sto_test.id(party || sto_test.n()) AND c.revoked IS NULL
$$;
CREATE FUNCTION sto_test.distrust() RETURNS text LANGUAGE sql
    AS $$ SELECT CASE WHEN sto_test.trust('T' || sto_test.n(), 'kyc', '{}') > 0 THEN 'distrusted' END $$;
CREATE FUNCTION sto_test.require(topic text) RETURNS text LANGUAGE sql
    AS $$ SELECT CASE WHEN sto_test.topics('T' || sto_test.n(), ARRAY['kyc', topic]) > 0 THEN 'required' END $$;
-- Token T has a document that is to be acknowledged, and a party does.
CREATE FUNCTION sto_test.publish(version text) RETURNS text LANGUAGE sql
    AS $$ SELECT CASE WHEN sto_test.document('T' || sto_test.n(), 'Terms', version) > 0 THEN 'published' END $$;
CREATE FUNCTION sto_test.agree(party text, wallet text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN sto_test.acknowledge(party || sto_test.n(), d.document, wallet || sto_test.n()) > 0 THEN 'acknowledged' END
      FROM sto.document AS d WHERE d.token_id = sto_test.id('T' || sto_test.n()) AND d.replaced IS NULL
$$;
-- A case that takes 70 of a's 100, of which 50 are held for b; its officers.
CREATE FUNCTION sto_test.begin_enforcement() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_case(), sto_test.pledge();
    PERFORM sto_test.open_case('case ' || sto_test.n(), 'force', jsonb_build_object('token', 'T' || sto_test.n(), 'debit', 'a' || sto_test.n(), 'credit', 'd' || sto_test.n(),
        'amount', '70', 'holds', (SELECT array_agg(h.hold_id) FROM sto.hold AS h WHERE h.token_id = sto_test.id('T' || sto_test.n()))));
END $$;
SELECT sto_test.officer('deputy', 33, 'enforcer') IS NOT NULL AS deputy;
CREATE FUNCTION sto_test.approve_case() RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN sto_test.decide_case('case ' || sto_test.n(), 'deputy') > 0 THEN 'approved' END $$;
CREATE FUNCTION sto_test.refuse_case() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.decide_case('case ' || sto_test.n(), 'deputy', false);
    RETURN 'refused';
EXCEPTION WHEN SQLSTATE 'ST208' THEN
    RETURN SQLERRM;
END $$;
CREATE FUNCTION sto_test.carry_case(officer text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM sto_test.enforce_case('case ' || sto_test.n(), officer => officer);
    RETURN 'carried out';
EXCEPTION WHEN SQLSTATE 'ST216' OR SQLSTATE 'ST104' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(': ', SQLERRM, regexp_replace(split_part(detail, E'\n', 1), '\d+', 'N'));
END $$;

-- A case that freezes a; whether it is frozen, and what the case says.
CREATE FUNCTION sto_test.begin_stop() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_case();
    PERFORM sto_test.open_case('case ' || sto_test.n(), 'wallet_freeze', jsonb_build_object('debit', 'a' || sto_test.n(), 'document_hash', sto_test.salt('decision')));
END $$;
CREATE FUNCTION sto_test.carry_stop(officer text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM sto_test.event('wallet_freeze', sto_test.id('a' || sto_test.n()), sto_test.id(officer), jsonb_build_object('frozen', true, 'basis', 'court',
        'document_hash', sto_test.salt('decision'), 'case', (SELECT c.case_event FROM sto.case c WHERE c.case_id = sto_test.id('case ' || sto_test.n())))::text);
    RETURN 'stopped';
EXCEPTION WHEN SQLSTATE 'ST216' OR SQLSTATE 'ST104' OR SQLSTATE 'ST101' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(': ', SQLERRM, regexp_replace(split_part(detail, E'\n', 1), 'Case \d+', 'Case N'));
END $$;
CREATE FUNCTION sto_test.stop_result() RETURNS TABLE (frozen boolean, carried_out boolean, refused boolean, faults text) LANGUAGE sql AS $$
    SELECT w.frozen IS NOT NULL, c.used IS NOT DISTINCT FROM w.frozen AND c.used IS NOT NULL, c.refused IS NOT NULL,
           (SELECT COALESCE(string_agg(v.check_name || ': ' || v.detail, '; '), 'none') FROM sto.verify(false, '{cases,stops,register}') AS v WHERE NOT v.ok)
      FROM sto.wallet w, sto.case c WHERE w.wallet_id = sto_test.id('a' || sto_test.n()) AND c.case_id = sto_test.id('case ' || sto_test.n())
$$;

-- What the replay of decisions says of the whole log.
CREATE FUNCTION sto_test.decisions() RETURNS text LANGUAGE sql
    AS $$ SELECT COALESCE(string_agg(v.check_name || ': ' || v.detail, '; '), 'all stand') FROM sto.verify(false, '{stops,eligibility,acknowledgements}') AS v WHERE NOT v.ok $$;
-- The venue acts for p.
CREATE FUNCTION sto_test.mandate_of(party text, extra jsonb DEFAULT '{}') RETURNS text LANGUAGE sql
    AS $$ SELECT CASE WHEN sto_test.mandate(party || sto_test.n(), 'venue', extra) > 0 THEN 'stated' END $$;
CREATE FUNCTION sto_test.begin_mandate() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_case();
    PERFORM sto_test.mandate_of('p');
END $$;
CREATE FUNCTION sto_test.move_for(party text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'T' || n, 'debit_wallet', 'a' || n, 'credit_wallet', 'b' || n,
        'amount', '10', 'ordering_party', 'venue'), '{11}') > 0 THEN 'moved' END FROM sto_test.n() AS n
$$;
-- A pledge of 80 of a that has expired.
CREATE FUNCTION sto_test.begin_expired() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_case();
    PERFORM sto_test.hold('T' || sto_test.n(), 'a' || sto_test.n(), '80', 'pledge', jsonb_build_object('credit_wallet', 'b' || sto_test.n(), 'release_after', clock_timestamp() + interval '0.5 s'));
    PERFORM pg_sleep_until((SELECT h.release_after FROM sto.hold AS h WHERE h.token_id = sto_test.id('T' || sto_test.n())));
END $$;
CREATE FUNCTION sto_test.sweep() RETURNS text LANGUAGE sql AS $$ SELECT sto.sweep_expired(sto_test.id('T' || sto_test.n())::text) || ' released' $$;
-- Token T needs a second officer, the venue, for its policy; what the issuer proposes, and the officer says.
SELECT sto_test.party('second', '{12}') IS NOT NULL AS second;
CREATE FUNCTION sto_test.bind_case(officer text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.four_eyes('T' || sto_test.n(), '{token_policy}', ARRAY[officer]);
    RETURN 'bound';
EXCEPTION WHEN SQLSTATE 'ST218' THEN
    RETURN 'needs a second officer';
END $$;
CREATE FUNCTION sto_test.begin_bound() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_case();
    PERFORM sto_test.bind_case('venue');
    PERFORM sto_test.propose('P' || sto_test.n(), 'T' || sto_test.n(), 'token_policy', '{"unsigned_role": "nobody"}');
    PERFORM sto_test.propose('Q' || sto_test.n(), 'T' || sto_test.n(), 'four_eyes', jsonb_build_object('acts', '{token_policy}'::text[], 'approvers', ARRAY[sto_test.id('second')])::text);
    PERFORM sto_test.approve('Q' || sto_test.n(), 'venue');
END $$;
CREATE FUNCTION sto_test.carry_out_try() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN sto_test.carry_out('P' || sto_test.n()) > 0 THEN 'done' END;
EXCEPTION WHEN SQLSTATE 'ST218' THEN
    RETURN 'needs a second officer';
END $$;
CREATE FUNCTION sto_test.decide(officer text, yes boolean) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.approve('P' || sto_test.n(), officer, yes);
    RETURN CASE WHEN yes THEN 'approved' ELSE 'refused' END;
EXCEPTION WHEN SQLSTATE 'ST208' OR SQLSTATE 'ST104' THEN
    RETURN 'too late';
END $$;
CREATE FUNCTION sto_test.second_officers() RETURNS text LANGUAGE sql
    AS $$ SELECT COALESCE(string_agg(v.detail, '; '), 'all stand') FROM sto.verify(false, '{second_officers,register}') AS v WHERE NOT v.ok $$;

-- Rules by name: a spec's blocks hold no braces.
CREATE FUNCTION sto_test.named_rules(name text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE name
        WHEN 'holders' THEN '[{"rule": "max_holders", "count": 3}]'
        WHEN 'most' THEN '[{"rule": "max_balance", "amount": "60", "kinds": ["transfer"]}]'
        WHEN 'volume' THEN '[{"rule": "volume_limit", "seconds": 3600, "amount": "60"}]'
        WHEN 'approve' THEN '[{"rule": "approval"}]'
        WHEN 'share' THEN '[{"rule": "max_balance", "share": 2500, "kinds": ["transfer"]}]'
        WHEN 'affirm' THEN '[{"rule": "opt_in"}]'
        WHEN 'wait' THEN '[{"rule": "granularity", "units": "7"}]'
        WHEN 'caps' THEN '[{"rule": "investor_class", "caps": {"retail": "60"}}]'
        WHEN 'least' THEN '[{"rule": "min_balance", "amount": "30"}]'
        WHEN 'stay' THEN '[{"rule": "min_holders", "count": 2}]'
        WHEN 'abroad' THEN '[{"rule": "ownership_by_claim", "by": "country", "value": "DE", "max": 2000}]'
        WHEN 'offer' THEN '[{"rule": "offer_limits", "seconds": 3600, "max_persons": 2}]'
        WHEN 'raise' THEN '[{"rule": "offer_limits", "seconds": 3600, "max_total": "260"}]'
        WHEN 'owners' THEN '[{"rule": "max_balance", "amount": "60", "kinds": ["transfer"]}]'
        WHEN 'list' THEN '[{"rule": "party_list", "list": "barred", "mode": "deny"}]'
        WHEN 'class' THEN '[{"rule": "investor_class", "classes": ["professional"]}]'
        WHEN 'travel' THEN '[{"rule": "travel_rule", "threshold": "1", "beneficiary": ["name"]}]'
        WHEN 'country' THEN '[{"rule": "country_deny", "countries": ["DE"]}]'
           END::jsonb
$$;
-- Rules of token T; q has 20 of its units, and wallets e and f are of parties r and s, which have none.
CREATE FUNCTION sto_test.begin_rules(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_case();
    PERFORM sto_test.party('r' || sto_test.n(), NULL, 'natural'), sto_test.party('s' || sto_test.n(), NULL, 'natural');
    PERFORM sto_test.wallet('e' || sto_test.n(), 'r' || sto_test.n(), ARRAY[sto_test.seed('e')]),
            sto_test.wallet('f' || sto_test.n(), 's' || sto_test.n(), ARRAY[(2000 + sto_test.n())::int]);
    PERFORM sto_test.move('a', 'b', '20');
    PERFORM sto_test.ruled(name);
END $$;
CREATE FUNCTION sto_test.ruled(name text) RETURNS text LANGUAGE sql
    AS $$ SELECT CASE WHEN sto_test.rules('T' || sto_test.n(), sto_test.named_rules(name)) > 0 THEN 'ruled' END $$;
CREATE FUNCTION sto_test.approved() RETURNS text LANGUAGE sql
    AS $$ SELECT CASE WHEN sto_test.approval('T' || sto_test.n(), 'issuer', '50') > 0 THEN 'approved' END $$;
-- A forced transfer to q, who has not affirmed the token yet.
CREATE FUNCTION sto_test.begin_forced() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_rules('affirm'), sto_test.open_case('case ' || sto_test.n(), 'force', jsonb_build_object('token', 'T' || sto_test.n(),
        'debit', 'a' || sto_test.n(), 'credit', 'd' || sto_test.n(), 'amount', '10')), sto_test.approve_case();
END $$;
CREATE FUNCTION sto_test.affirm() RETURNS text LANGUAGE sql
    AS $$ SELECT CASE WHEN sto_test.opt_in('q' || sto_test.n(), 'T' || sto_test.n(), 'd' || sto_test.n()) > 0 THEN 'affirmed' END $$;
-- What was passed over by force, and whether a replay says so too.
CREATE FUNCTION sto_test.overridden() RETURNS TABLE (rules text, replayed text) LANGUAGE sql AS $$
    SELECT (SELECT string_agg(o.rule, ', ') FROM sto.override AS o JOIN sto.transfer AS t USING (entry_id) WHERE t.token_id = sto_test.id('T' || sto_test.n())),
           (SELECT coalesce(string_agg(v.detail, '; '), 'all stand') FROM sto.verify(false, '{rules}') AS v WHERE NOT v.ok)
$$;
-- Balances, counters, and whether they are what the log makes them.
CREATE FUNCTION sto_test.counted() RETURNS TABLE (balances text, groups text, holdings bigint, ledger text) LANGUAGE sql AS $$
    SELECT (SELECT string_agg(w || ' ' || sto_test.balance('T' || n, w || n), ', ' ORDER BY w) FROM unnest('{a,b,c,d,e,f}'::text[]) AS w),
           (SELECT string_agg(concat_ws(' ', nullif(g.by, ''), nullif(g.value, ''), g.holders, g.units), ', ' ORDER BY g.by, g.value)
              FROM sto.holder_group AS g WHERE g.token_id = sto_test.id('T' || n)),
           (SELECT count(*) FROM sto.holding AS h WHERE h.token_id = sto_test.id('T' || n)),
           coalesce((SELECT string_agg(f.fault, ', ') FROM sto_test.faults() AS f), 'sound')
      FROM sto_test.n() AS n
$$;
-- Wallet a is lost; its 100 units are to go to another wallet of its party, and the wait is over.
SELECT num_nonnulls(sto_test.officer('agent', 36, 'recovery_agent'), sto_test.officer('second agent', 37, 'recovery_agent')) AS agents;
CREATE FUNCTION sto_test.begin_recovery() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n text := NULL;
BEGIN
    PERFORM sto_test.begin_case();
    n := sto_test.n()::text;
    PERFORM sto_test.wallet('new a' || n, 'p' || n, ARRAY[(3000 + n::int)]);
    PERFORM sto_test.open_case('case ' || n, 'recover', jsonb_build_object('token', 'T' || n, 'debit', 'a' || n, 'credit', 'new a' || n,
        'not_before', sto_test.micros(clock_timestamp() + interval '1.05 s')), 'agent', 'recovery');
    PERFORM sto_test.decide_case('case ' || n, 'second agent'), pg_sleep(1.1);
END $$;

-- An order of a for more than it has, the same whoever submits it, behind others of 10 units.
CREATE FUNCTION sto_test.submit_behind(good int) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', s.result, s.state, CASE WHEN s.recorded IS NOT NULL THEN 'recorded' END)
      FROM sto_test.n() AS n, LATERAL (SELECT array_agg(sto_test.order(sto_test.transfer_order('T' || n, 'a' || n, 'b' || n, CASE WHEN i > good THEN '5000' ELSE '10' END,
               jsonb_build_object('order_id', CASE WHEN i > good THEN md5('too much ' || n)::uuid ELSE gen_random_uuid() END)), ARRAY[sto_test.seed('a')]) ORDER BY i) AS orders
               FROM generate_series(1, good + 1) AS i) AS all_of, sto.submit(all_of.orders) AS s
$$;
CREATE FUNCTION sto_test.refused() RETURNS TABLE (refusals bigint, balance text) LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM sto.refusal AS r WHERE r.token_id = sto_test.id('T' || sto_test.n())), sto_test.balance('T' || sto_test.n(), 'a' || sto_test.n())::text
$$;

-- A fact that q has, without which rules of this name let nothing through to it; it is given, and taken away.
CREATE FUNCTION sto_test.fact(given boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    n     text := sto_test.n()::text;
    asked text := (SELECT r.body::json #>> '{rules,0,rule}' FROM sto.rule_set AS r WHERE r.token_id = sto_test.id('T' || n));
BEGIN
    PERFORM CASE asked
        WHEN 'party_list' THEN sto_test.party_list('T' || n, 'barred', 'q' || n, NOT given)
        WHEN 'investor_class' THEN sto_test.classify('q' || n, CASE WHEN given THEN 'professional' ELSE 'retail' END)
        WHEN 'opt_in' THEN sto_test.opt_in('q' || n, 'T' || n, 'd' || n, given)
        WHEN 'travel_rule' THEN CASE WHEN given THEN sto_test.travel_data('q' || n, '{name}') ELSE
                                          sto_test.event('travel_data', sto_test.id('q' || n), sto_test.id('registrar'), '{"granted": false}') END
        WHEN 'country_deny' THEN sto_test.party_facts('q' || n, jsonb_build_object('country', CASE WHEN given THEN 'FR' ELSE 'DE' END))
        WHEN 'approval' THEN CASE WHEN given THEN sto_test.approval('T' || n, 'issuer', '50', '{"uses": 5}') ELSE
                                       sto_test.approval_revoke('T' || n, 'issuer', (SELECT a.approval FROM sto.transfer_approval AS a WHERE a.token_id = sto_test.id('T' || n))) END END;
    RETURN CASE WHEN given THEN 'given' ELSE 'taken' END;
END $$;
CREATE FUNCTION sto_test.begin_fact(name text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_rules(name);
    RETURN sto_test.fact(true);
END $$;
CREATE FUNCTION sto_test.issue_to(wallet text, amount text) RETURNS text LANGUAGE sql
    AS $$ SELECT CASE WHEN sto_test.issue('T' || sto_test.n(), wallet || sto_test.n(), amount) > 0 THEN 'issued' END $$;
-- Parties q and r live abroad, as rules of that name count them; r has 20 too.
CREATE FUNCTION sto_test.begin_abroad() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_rules('abroad');
    PERFORM sto_test.party_facts(p || sto_test.n(), '{"country": "DE"}') FROM unnest('{q,r}'::text[]) AS p;
END $$;

-- What the log's replay says of rules, look-through and attachments.
CREATE FUNCTION sto_test.replayed() RETURNS text LANGUAGE sql
    AS $$ SELECT COALESCE(string_agg(v.check_name || ': ' || v.detail, '; '), 'all stand') FROM sto.verify(false, '{rules,look_through,cases,register}') AS v WHERE NOT v.ok $$;
-- An omnibus wallet g of the venue with 30 units, of which the venue says whose they are.
CREATE FUNCTION sto_test.begin_pool() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    PERFORM sto_test.begin_rules('owners');
    n := sto_test.n();
    PERFORM sto_test.wallet('g' || n, 'venue', ARRAY[(4000 + n)::int], 'omnibus'), sto_test.move('a', 'g', '30');
END $$;
CREATE FUNCTION sto_test.state_all(party text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    n bigint := sto_test.n();
BEGIN
    PERFORM sto_test.look_through('g' || n, 'venue', 'T' || n, jsonb_build_object(party || n, (SELECT p.balance::text FROM sto.position AS p
        WHERE p.wallet = sto_test.address('g' || n) AND p.token_id = sto_test.id('T' || n))));
    RETURN 'stated';
EXCEPTION WHEN SQLSTATE 'ST208' THEN
    RETURN SQLERRM;
END $$;
-- A case that attaches 150 units of a, which has 100; then an attachment, and its end.
CREATE FUNCTION sto_test.begin_attachment() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n text;
BEGIN
    PERFORM sto_test.begin_case();
    n := sto_test.n()::text;
    PERFORM sto_test.open_case('case ' || n, 'seizure', jsonb_build_object('token', 'T' || n, 'debit', 'a' || n, 'amount', '150')), sto_test.approve_case();
END $$;
CREATE FUNCTION sto_test.attach_case(officer text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN sto_test.attach('case ' || sto_test.n(), 'a' || sto_test.n(), officer) > 0 THEN 'attached' END;
EXCEPTION WHEN SQLSTATE 'ST208' OR SQLSTATE 'ST216' THEN
    RETURN SQLERRM;
END $$;
CREATE FUNCTION sto_test.lift_attached(amount text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN sto_test.lift(a.attachment, 'a' || n, lift_attached.amount, 'deputy') > 0 THEN 'lifted' END
      FROM sto_test.n() AS n JOIN sto.attachment AS a ON a.wallet = sto_test.address('a' || n)
$$;
-- Token N, of which nothing was issued; its issuer would redeem it for T.
CREATE FUNCTION sto_test.begin_terms() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_case(), sto_test.token('N' || sto_test.n(), 'issuer');
END $$;
CREATE FUNCTION sto_test.first_issue() RETURNS text LANGUAGE sql
    AS $$ SELECT CASE WHEN sto_test.issue('N' || n, 'a' || n, '10') > 0 THEN 'issued' END FROM sto_test.n() AS n $$;
CREATE FUNCTION sto_test.set_terms(price text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    n bigint := sto_test.n();
BEGIN
    PERFORM sto_test.event('redemption_terms', sto_test.id('N' || n), sto_test.id('issuer'), jsonb_build_object('token', sto_test.id('T' || n), 'price', price)::text);
    RETURN 'set';
EXCEPTION WHEN SQLSTATE 'ST208' THEN
    RETURN SQLERRM;
END $$;
CREATE FUNCTION sto_test.terms() RETURNS TABLE (price text, a text, faults text) LANGUAGE sql AS $$
    SELECT t.redeem_price::text, sto_test.balance('N' || n, 'a' || n),
           COALESCE((SELECT string_agg(v.check_name || ': ' || v.detail, '; ') FROM sto.verify(false, '{redemptions,register}') AS v WHERE NOT v.ok), 'none')
      FROM sto_test.n() AS n JOIN sto.token AS t ON t.token_id = sto_test.id('N' || n)
$$;
