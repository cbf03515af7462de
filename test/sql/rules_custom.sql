-- Rules of a token's own: SQL functions.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_rules_custom;
CREATE DATABASE sto_regress_rules_custom TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_rules_custom
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\i :srcdir/signer/said.sql
\i :srcdir/signer/rules.sql
\i :srcdir/signer/custom.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SELECT sto_test.begin_rules();
CREATE SCHEMA acme;
CREATE ROLE sto_regress_acme_rules;
GRANT USAGE ON SCHEMA acme, sto TO sto_regress_acme_rules;
CREATE TABLE acme.quota (party uuid, units sto.token_amount);
GRANT SELECT ON acme.quota TO sto_regress_acme_rules;
GRANT CREATE ON SCHEMA acme TO sto_regress_acme_rules;
SET ROLE sto_regress_acme_rules;
CREATE FUNCTION acme.within_quota(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address, debit_party uuid, credit_party uuid,
                                  amount sto.token_amount, posted_at timestamptz) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'quota of %s\nfor a %s', q.units, kind) FROM acme.quota q WHERE q.party = credit_party AND amount > q.units
$$;
-- sees what the statement has moved so far
CREATE FUNCTION acme.balances(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address, debit_party uuid, credit_party uuid,
                              amount sto.token_amount, posted_at timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    has numeric := coalesce((SELECT p.balance FROM sto.position p WHERE p.wallet::text = credit::text AND p.token_id = balances.token_id), 0);
BEGIN
    RETURN CASE WHEN has >= 3 AND has < 100 THEN 'has ' || has::text END;
END $$;
RESET ROLE;
GRANT pg_read_all_data TO sto_regress_acme_rules;
INSERT INTO acme.quota VALUES (sto_test.id('bob'), '5');

SELECT sto_test.custom('acme.within_quota');
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '6'), sto_test.say('transfer', 'alice/1', 'bob/1', '5'), sto_test.say('transfer', 'alice/1', 'carol/1', '6'), sto_test.say('issue', 'ACME', 'bob/1', '6');
-- how much less it would let pass it doesn't say
SELECT c.code, c.passing, c.detail, sto.max_transferable(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('bob/1'))
  FROM sto.check_transfer(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('bob/1'), 6) AS c;
-- it is its owner's word, whoever posts: a redemption has no receiver and is not asked
SELECT sto_test.say('redeem', 'bob/1', 'ACME', '5');
SELECT sto_test.custom('acme.balances');
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '3'), sto_test.say('transfer', 'alice/1', 'bob/1', '1');
SELECT sto_test.say('transfer', 'bob/1', 'alice/1', '3');
\set rows 4
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, sto_test.signatures(sto_test.order_message(o), '{21}')
  FROM generate_series(1, :rows) AS n, LATERAL sto_test.make_order(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'alice/1',
       'credit_wallet', 'bob/1', 'amount', '1', 'ordering_party', 'alice', 'order_id', md5(n::text || :rows)::uuid)) AS o;
\set rows 3
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, sto_test.signatures(sto_test.order_message(o), '{21}')
  FROM generate_series(1, :rows) AS n, LATERAL sto_test.make_order(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'alice/1',
       'credit_wallet', 'bob/1', 'amount', '1', 'ordering_party', 'alice', 'order_id', md5(n::text || :rows)::uuid)) AS o;
SELECT sto_test.say('transfer', 'alice/1', 'bob/1', '1');

-- what it calls writes nothing either: units that pass every check could be gone when they are moved
CREATE FUNCTION acme.spend() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.transfer('ACME', 'alice/1', 'bob/1', '1');
END $$;
CREATE FUNCTION acme.state() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.party_list('ACME', 'insiders', 'bob');
END $$;
CREATE FUNCTION acme.writes(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address, debit_party uuid, credit_party uuid,
                            amount sto.token_amount, posted_at timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF amount = '1' THEN
        PERFORM acme.spend();
    ELSE
        PERFORM acme.state();
    END IF;
    RETURN NULL;
END $$;
SELECT sto_test.custom('acme.writes'), sto_test.say('transfer', 'alice/1', 'bob/1', '1'), sto_test.say('transfer', 'alice/1', 'bob/1', '2');
SELECT sto_test.try(format('SELECT sto.check_transfer(%L, %L, %L, %L)', sto_test.id('ACME'), sto_test.address('alice/1'), sto_test.address('bob/1'), '2'));
-- and it may ask what else would pass: then a write is still refused
CREATE FUNCTION acme.asks(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address, debit_party uuid, credit_party uuid,
                          amount sto.token_amount, posted_at timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF amount > '1' THEN
        PERFORM sto.check_transfer(token_id::text, debit, credit, '1');
        PERFORM acme.spend();
    END IF;
    RETURN NULL;
END $$;
SELECT sto_test.custom('acme.asks'), sto_test.say('transfer', 'alice/1', 'bob/1', '2'), sto_test.say('transfer', 'alice/1', 'bob/1', '1');

-- one that fails refuses the order with its error, which is the only reason then: for that order alone, and no dry run fails with it
CREATE FUNCTION acme.fails(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address, debit_party uuid, credit_party uuid,
                           amount sto.token_amount, posted_at timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF amount = '3' THEN
        RAISE 'three is a crowd';
    END IF;
    RETURN CASE WHEN 12 / (amount::numeric - 4) > 100 THEN 'never' END;
END $$;
SELECT sto_test.custom('acme.fails'), sto_test.say('transfer', 'alice/1', 'bob/1', '3'), sto_test.say('transfer', 'alice/1', 'bob/1', '4'), sto_test.say('transfer', 'alice/1', 'bob/1', '5');
SELECT c.code, c.state, c.rule, c.passing, c.detail FROM generate_series(3, 5) AS n, sto.check_transfer(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('bob/1'), n) AS c;
SELECT n, j ->> 'passes', j ->> 'largest' FROM generate_series(2, 4) AS n, sto.check_transfer_json(sto_test.id('ACME')::text, sto_test.address('alice/1'), sto_test.address('bob/1'), n) AS j;
SELECT s.ordinal, s.result, s.state, s.message, s.recorded IS NOT NULL FROM sto.submit(ARRAY(SELECT sto_test.order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', n::text), '{21}') FROM generate_series(2, 5) AS n ORDER BY n)) AS s;

-- it submits nothing, though it may try; who submits is told every reason all the same
CREATE FUNCTION acme.submits(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address, debit_party uuid, credit_party uuid,
                             amount sto.token_amount, posted_at timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM * FROM sto.submit(ARRAY[sto_test.order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '1'), '{21}')]);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN rpad(sqlerrm, 380, '.');
END $$;
SELECT sto_test.rules('ACME', jsonb_agg(jsonb_build_object('rule', 'custom', 'label', n::text, 'function', 'acme.submits', 'definition', sto_test.definition('acme.submits')))) IS NOT NULL
  FROM generate_series(1, 64) AS n;
SELECT s.ordinal, s.result, s.state, count(*), min(length(r ->> 'detail')), min(left(r ->> 'detail', 46)), max(left(r ->> 'detail', 46)), count(DISTINCT r ->> 'label')
  FROM sto.submit(ARRAY[sto_test.order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '2'), '{21}'),
                        sto_test.order(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '3'), '{21}')]) AS s, jsonb_array_elements(s.reasons) AS r
 GROUP BY 1, 2, 3 ORDER BY 1;

-- it does not stop a forced transfer; what it says of it is recorded (rules_heard.sql)
SELECT num_nonnulls(sto_test.officer('enforcer', 60, 'enforcer'), sto_test.officer('second', 61, 'enforcer')), sto_test.custom('acme.within_quota');
SELECT sto_test.enforce('c1', 'force', '{"token": "ACME", "debit": "alice/1", "credit": "bob/1", "amount": "6"}') AS forced \gset
SELECT number, rule, label, detail FROM sto.override WHERE entry_id = :forced;
SELECT sto_test.faults();

-- a function that is not what was signed refuses every order, and says why
SELECT sto_test.custom('acme.within_quota'), sto_test.say('transfer', 'alice/1', 'carol/1', '1');
ALTER FUNCTION acme.within_quota VOLATILE;
SELECT sto_test.say('transfer', 'alice/1', 'carol/1', '1');
ALTER FUNCTION acme.within_quota STABLE SECURITY INVOKER;
SELECT sto_test.say('transfer', 'alice/1', 'carol/1', '1');
ALTER FUNCTION acme.within_quota SECURITY DEFINER SET work_mem = '1MB';
SELECT sto_test.say('transfer', 'alice/1', 'carol/1', '1');
ALTER FUNCTION acme.within_quota RESET ALL;
SELECT sto_test.say('transfer', 'alice/1', 'carol/1', '1');
-- nor is a set recorded that names one which would refuse everything
CREATE FUNCTION sto_test.not_recorded(function text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace(sto_test.try(format('SELECT sto_test.custom(%L)', function)), '^.*order \| ', '') $$;
SELECT sto_test.not_recorded('acme.within_quota');
ALTER FUNCTION acme.within_quota SET search_path = pg_catalog, pg_temp VOLATILE;
SELECT sto_test.not_recorded('acme.within_quota');
ALTER FUNCTION acme.within_quota STABLE SECURITY INVOKER;
SELECT sto_test.try($$SELECT sto_test.custom('acme.within_quota')$$);
SELECT sto_test.try($$SELECT sto_test.rules('ACME', jsonb_build_array('{"rule": "granularity", "units": "1"}'::jsonb, jsonb_build_object('rule', 'custom', 'function', 'acme.missing', 'definition', repeat('ab', 32))))$$);
SELECT count(*) FROM sto.rule_set WHERE body LIKE '%missing%';
CREATE FUNCTION acme.other(token_id uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT NULL::text $$;
SELECT sto_test.not_recorded('acme.other');
CREATE FUNCTION acme.atomic(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address, debit_party uuid, credit_party uuid,
                            amount sto.token_amount, posted_at timestamptz) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp RETURN NULL::text;
SELECT sto_test.not_recorded('acme.atomic');
-- it is not asked again where the log is folded
SELECT sto.rebuild() > 0;
SELECT sto_test.faults();
DROP SCHEMA acme CASCADE;
DROP OWNED BY sto_regress_acme_rules;
DROP ROLE sto_regress_acme_rules;
