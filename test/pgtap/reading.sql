-- Reading: rows of one's own through the index in spite of row security, binary copies of the log that anybody can check,
-- and what sto.verify() says of a ledger whose register is kept by roles.
\getenv srcdir PG_ABS_SRCDIR
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
SELECT no_plan();

-- A register kept by roles says so
SELECT isnt(sto_test.open_ledger('roles'), NULL, 'a ledger of roles');
SELECT isnt(sto_test.event('party', sto_test.id('registrar'), sto_test.nil(), '{"kind": "legal"}', '{}'), NULL, 'a party that nobody signed for');
SELECT isnt(sto_test.event('capability', sto_test.id('registrar'), sto_test.nil(), '{"capability": "registrar", "granted": true}', '{}'), NULL, 'a registrar, likewise');
SELECT lives_ok($$SELECT sto.map_role(current_user, sto_test.id('registrar')), sto_test.remember(sto_test.id('registrar'), '{}')$$, 'submits');
SELECT matches((SELECT detail FROM sto.verify() WHERE check_name = 'event_signatures'), '^2 events were authorised by a database role alone', 'sto.verify() counts what a role alone authorised');
SELECT ok(sto.verify_ok(), 'which that ledger allows');

-- A holder among many
SELECT isnt(sto_test.party('acme', '{10}'), NULL, 'an issuer');
SELECT isnt(sto_test.token('ACME', 'acme'), NULL, 'a token');
SELECT isnt(sto_test.party('p' || n, NULL, 'natural'), NULL, 'party ' || n) FROM generate_series(1, 3) AS n;
SELECT is((SELECT count(sto_test.wallet('w' || n, 'p' || 1 + n % 3, ARRAY[100 + n])) FROM generate_series(1, 300) AS n), 300::bigint, 'wallets');
SELECT is((SELECT count(sto_test.issue('ACME', 'w' || n, '1000')) FROM generate_series(1, 300) AS n), 300::bigint, 'units');
SELECT isnt(sto_test.transfer('ACME', 'w1', 'w2', '3', '{"reference": "for, \"this\"", "valid_until": "2100-01-01"}'), NULL, 'a transfer');
SELECT isnt(sto_test.hold('ACME', 'w1', '7', 'pledge', '{"credit_wallet": "w2"}'), NULL, 'a hold');
SELECT isnt(sto_test.hold('ACME', 'w1', '9', 'hash_lock', jsonb_build_object('credit_wallet', 'w2', 'release_after', '2100-01-01', 'condition_hash', encode(sha256(decode(repeat('5a', 32), 'hex')), 'hex'))), NULL, 'a hash lock');
SELECT isnt(sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'w1', 'credit_wallet', 'w2', 'amount', '9', 'hold_id', hold_id, 'preimage', '\x' || repeat('5a', 32), 'ordering_party', 'registrar'), '{}'), NULL, 'its post')
  FROM sto.hold WHERE purpose = 'hash_lock';
ANALYZE;
CREATE ROLE sto_tap_holder;
SELECT lives_ok($$SELECT sto.map_role('sto_tap_holder', sto_test.id('p1'))$$, 'a role for one of them');
CREATE FUNCTION public.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END $$;
CREATE TABLE public.asked AS SELECT sto_test.id('ACME') AS token, sto_test.address('w3') AS mine, sto_test.address('w1') AS other, sto_test.id('w3') AS wallet_id;
GRANT SELECT ON public.asked TO sto_tap_holder;
SELECT token, mine, other, wallet_id FROM public.asked \gset
SELECT lives_ok($$SELECT sto_test.party('second', '{11}'), sto_test.four_eyes('ACME', '{token_status}', '{second}'), sto_test.propose('closing', 'ACME', 'token_status', '{"status": "closed"}')$$, 'an act is proposed');
-- What a plan that was run tells: is it another one for a condition that holds than for one that doesn't?
CREATE FUNCTION public.told_by_plans(relation text, place text, value text, low text, high text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    plans text[] := '{"", ""}';
    line  text;
BEGIN
    FOR n IN 1 .. 2 LOOP
        FOR line IN EXECUTE format('EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT FROM sto.%s WHERE %s AND %s > %L', relation, place, value, (ARRAY[low, high])[n]) LOOP
            plans[n] := plans[n] || replace(line, '''' || (ARRAY[low, high])[n] || '''', 'x') || E'\n';
        END LOOP;
    END LOOP;
    RETURN plans[1] <> plans[2];
END $$;
SET ROLE sto_tap_holder;
SELECT coalesce(string_agg(relation, ' '), '') AS told
  FROM (VALUES ('position', format('token_id = %L AND wallet = %L', :'token', :'other'), 'balance', '7', '88888888'), ('position', format('wallet = %L', :'other'), 'held', '2', '88888888'),
               ('holder', format('token_id = %L AND wallet = %L', :'token', :'other'), 'balance', '7', '88888888'), ('hold', format('wallet = %L', :'other'), 'remaining', '2', '88888888'),
               ('statement_line', format('credit_wallet = %L', :'other'), 'amount', '2', '88888888'), ('holding', format('token_id = %L', :'token'), 'total', '7', '88888888'),
               ('wallet', format('address = %L', :'other'), 'salt', repeat('00', 32), repeat('ff', 32)), ('party', 'true', 'commitment', repeat('00', 32), repeat('ff', 32)),
               ('statement_line', format('debit_wallet = %L', :'other'), 'reference', 'a', 'z'), ('statement_line', format('debit_wallet = %L', :'other'), 'preimage', '\x00', '\xff'),
               ('proposal', 'true', 'act_body', '{"status": "c', '{"status": "d'), ('pending_proposals', 'true', 'act_body::text', '{"status": "c', '{"status": "d')) AS x (relation, place, value, low, high)
 WHERE public.told_by_plans(relation, place, value, low, high) \gset
SET enable_seqscan = off;
SELECT public.plan_of(format('SELECT balance FROM sto.position WHERE token_id = %L AND wallet = %L', :'token', :'mine')) AS position_plan,
       public.plan_of(format('SELECT salt FROM sto.wallet WHERE address = %L', :'mine')) AS wallet_plan,
       public.plan_of(format('SELECT leaf_hash FROM sto.statement(%L, %L)', :'mine', :'token')) AS statement_plan \gset
SELECT count(*) AS wallets, sum(balance) AS units FROM sto.holder \gset
SELECT count(*) AS rows FROM sto.position \gset
SELECT count(*) AS others FROM sto.position WHERE wallet = :'other' \gset
SELECT count(*) AS statements FROM sto.statement(:'other', :'token') \gset
RESET enable_seqscan;
RESET ROLE;
SELECT matches(:'position_plan'::text, 'Index Cond: \(\(token_id = .*\) AND \(wallet = ', 'a position is found by its index under row security');
SELECT matches(:'wallet_plan'::text, 'Index Cond: \(address = ', 'so is a wallet');
SELECT is((SELECT count(*) FROM regexp_matches(:'statement_plan'::text, 'Index Cond: \(\((debit|credit)_wallet = [^\n]* AND \(token_id = ', 'g')), 2::bigint,
          'so are the entries of a statement, those of its token alone');
SELECT is(:'wallets' || ' ' || :'units' || ' ' || :'rows', '100 100000 100', 'and it sees its own');
SELECT is(:'others' || ' ' || :'statements', '0 0', 'not the others''');
SELECT is(:'told'::text, '', 'EXPLAIN ANALYZE compares nobody else''s amounts, salts, proposed acts, references and preimages');

-- The log copied out in binary, and read by whoever has only the copy, salts and the ledger's id
CREATE FUNCTION pg_temp.copied(source text, target text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/sto_test_log';
BEGIN
    EXECUTE format('COPY %s TO %L (FORMAT binary)', source, file);
    EXECUTE format('COPY %s FROM %L (FORMAT binary)', target, file);
END $$;
CREATE TABLE public.entries (LIKE sto.transfer);
CREATE TABLE public.events (LIKE sto.event);
SELECT lives_ok($$SELECT pg_temp.copied('sto.transfer', 'public.entries'), pg_temp.copied('sto.event', 'public.events')$$, 'COPY, binary, there and back');
SELECT is((SELECT count(*)::int FROM public.entries), 304, 'every entry');
SELECT is_empty($$SELECT entry_id FROM sto.transfer AS t FULL JOIN public.entries AS e USING (entry_id) WHERE t::text IS DISTINCT FROM e::text$$, 'entries are the same');
SELECT is_empty($$SELECT entry_id FROM sto.event AS t FULL JOIN public.events AS e USING (entry_id) WHERE t::text IS DISTINCT FROM e::text$$, 'events are the same');
SELECT is_empty($$SELECT e.entry_id FROM public.entries AS e JOIN public.events AS d ON sto_test.address_octets(d.subject)::sto.wallet_address = e.debit_wallet AND d.kind IN ('wallet', 'token')
                    LEFT JOIN public.events AS c ON sto_test.address_octets(c.subject)::sto.wallet_address = e.credit_wallet AND c.kind IN ('wallet', 'token')
                   WHERE e.leaf_hash <> sto.entry_leaf(e::text::sto.transfer, sto.ledger_id(), (d.body ->> 'salt')::sto.digest, (c.body ->> 'salt')::sto.digest)$$, 'each has its leaf');
SELECT is_empty($$SELECT entry_id FROM public.events AS e WHERE leaf_hash <> sto.event_leaf(e::text::sto.event, sto.ledger_id())$$, 'each event too');
COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; rm -f sto_test_log';
SELECT is(sto_test.check_invariants(), 'sound', 'the ledger is sound');
SELECT lives_ok($$SELECT sto.unmap_role('sto_tap_holder')$$, 'the role goes');
REVOKE ALL ON public.asked FROM sto_tap_holder;
DROP ROLE sto_tap_holder;
SELECT * FROM finish();
