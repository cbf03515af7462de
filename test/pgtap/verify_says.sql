-- What sto.verify() says beside true and false, and what views and statements show.
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
SELECT lives_ok('SELECT sto_test.begin_small()', 'a ledger');
CREATE FUNCTION pg_temp.said(what text) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', ok, detail) FROM sto.verify() WHERE check_name = what $$;

-- Unsigned orders: a token that allows them is named, with or without entries
SELECT is(pg_temp.said('entry_authority'), 't', 'every token wants signatures: nothing to say');
SELECT isnt(sto_test.token('OPEN', 'acme', NULL, 'share', 2, jsonb_build_object('unsigned_role', current_user)), NULL, 'a token whose policy names a role');
SELECT is(pg_temp.said('entry_authority'), 't 1 tokens let a database role order unsigned: OPEN', 'flagged before it is used');
SELECT isnt(sto_test.post(jsonb_build_object('kind', 'issue', 'token_id', 'OPEN', 'debit_wallet', 'OPEN', 'credit_wallet', 'alice/1', 'amount', '12345', 'ordering_party', 'acme'), '{}'), NULL, 'an unsigned issue');
SELECT is(pg_temp.said('entry_authority'), 't 1 entries carry no signature: a token''s policy, a preimage or an expiry allowed it; 1 tokens let a database role order unsigned: OPEN', 'and counted after');
SELECT isnt(sto_test.event('token_policy', sto_test.id('OPEN'), sto_test.id('acme'), '{"unsigned_role": null}'), NULL, 'the policy ends');
SELECT is(pg_temp.said('entry_authority'), 't 1 entries carry no signature: a token''s policy, a preimage or an expiry allowed it', 'the entries stay counted');
-- preloaded or not: it says which
SELECT is(pg_temp.said('guards'), CASE WHEN current_setting('shared_preload_libraries') ~ 'sto_ledger' THEN 't'
          ELSE 't the library is not preloaded: sessions that never used it could run DDL on the log' END, 'guards say whether the library is preloaded');
-- one row a check, each with what it looked at
SELECT is_empty('SELECT * FROM sto.verify() WHERE check_name IS NULL OR scope IS NULL OR examined IS NULL OR ok IS NOT TRUE OR first_bad IS NOT NULL', 'rows are complete');
SELECT set_eq('SELECT DISTINCT check_name FROM sto.verify()', '{guards,entry_leaves,entry_balances,entry_links,entry_times,entry_authority,entry_signatures,batches,holds,cases,stops,eligibility,acknowledgements,rules,findings,rule_counters,groups,redemptions,closed,zero_sum,authorised,event_leaves,event_links,event_signatures,second_officers,refusals,possessions,register,look_through,closes,blocks,tiles,checkpoints,cosignatures,time_stamps,foreign_checkpoints,indexes}'::text[], 'the checks of docs/reference.md');
-- it only reads
BEGIN READ ONLY;
SELECT sto.verify_ok() AS sound \gset
COMMIT;
SELECT ok(:'sound', 'verified in a read-only transaction');

-- Amounts in smallest units and in display units, side by side
SELECT isnt(sto_test.hold('OPEN', 'alice/1', '345', 'pledge', '{"credit_wallet": "bob/1"}'), NULL, 'a hold');
SELECT is((SELECT concat_ws(' ', balance, balance_display, held, held_display, available, available_display, share) FROM sto.holder WHERE token = 'OPEN'),
          '12345 123.45 345 3.45 12000 120.00 1.000000000000', 'sto.holder');
SELECT is((SELECT concat_ws(' ', outstanding, outstanding_display, issued, issued_display, redeemed, redeemed_display, held, held_display, authorised) FROM sto.supply WHERE token = 'OPEN'),
          '12345 123.45 12345 123.45 0 0.00 345 3.45', 'sto.supply');
SELECT is((SELECT string_agg(concat_ws(' ', kind, amount, amount_display), ', ' ORDER BY entry_id) FROM sto.log WHERE token_id = sto_test.id('OPEN')), 'issue 12345 123.45, hold 345 3.45', 'sto.log');
SELECT is_empty($$SELECT attname FROM pg_attribute WHERE attrelid IN ('sto.holder'::regclass, 'sto.supply'::regclass, 'sto.log'::regclass)
                     AND attname ~ '_display$' AND (atttypid <> 'numeric'::regtype
                     OR replace(attname, '_display', '') NOT IN (SELECT b.attname FROM pg_attribute AS b WHERE b.attrelid = pg_attribute.attrelid AND b.atttypid = 'sto.token_amount'::regtype))$$,
    'every display amount is numeric, beside one in smallest units');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute AS a WHERE a.attrelid IN ('sto.holder'::regclass, 'sto.supply'::regclass, 'sto.log'::regclass) AND a.atttypid = 'sto.token_amount'::regtype
                     AND NOT EXISTS (SELECT FROM pg_attribute AS b WHERE b.attrelid = a.attrelid AND b.attname = a.attname || '_display')$$,
    'every amount in smallest units has one in display units');

-- A statement of part of a chain stands alone: what its reader has is the lines, the ledger's id and his own salt
SELECT isnt(sto_test.transfer('ACME', 'alice/1', 'bob/1', n::text), NULL, 'transfer ' || n) FROM generate_series(1, 5) AS n;
CREATE TABLE line AS SELECT * FROM sto.statement(sto_test.address('alice/1'), sto_test.id('ACME'));
CREATE TABLE part AS SELECT s.* FROM (SELECT posted_at FROM line ORDER BY seq OFFSET 3 LIMIT 1) AS f, sto.statement(sto_test.address('alice/1'), sto_test.id('ACME'), f.posted_at) AS s;
SELECT is((SELECT min(seq) || '-' || max(seq) FROM part), '4-6', 'from is inclusive');
SELECT is((SELECT count(*)::int FROM sto.statement(sto_test.address('alice/1'), sto_test.id('ACME'), '-infinity', (SELECT posted_at FROM line WHERE seq = 4))), 3, 'to is exclusive');
SELECT is_empty('SELECT seq FROM part AS p WHERE leaf_hash <> sto.entry_leaf(p::text::sto.statement_line, sto.ledger_id())', 'each line has its leaf');
SELECT is_empty('SELECT seq FROM (SELECT seq, prev, lag(leaf_hash) OVER (ORDER BY seq) AS before, row_number() OVER (ORDER BY seq) AS n FROM part) AS x WHERE n > 1 AND prev IS DISTINCT FROM before', 'each line links to the one before');
SELECT is((SELECT prev FROM part WHERE seq = 4), (SELECT leaf_hash FROM line WHERE seq = 3), 'the first to the entry before the period');
-- nothing of the other side but its digest
SELECT is_empty($$SELECT seq FROM line AS l JOIN sto.transfer AS e USING (entry_id)
                   WHERE other_side <> sto.side_digest(sto_test.salt('bob/1')::sto.digest, e.token_id, e.credit_seq, e.credit_balance, e.credit_held, e.credit_prev) AND l.direction = 'debit'$$, 'the other side is a digest');
-- any column of a line altered shows
CREATE FUNCTION pg_temp.altered(col text, t oid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    l sto.statement_line;
    j jsonb;
BEGIN
    SELECT * INTO l FROM line WHERE seq = 3;
    j := to_jsonb(l);
    l := jsonb_populate_record(l, jsonb_build_object(col, CASE
        WHEN col = 'direction' THEN '"credit"' WHEN col = 'kind' THEN '"redeem"' WHEN col = 'purpose' THEN '"pledge"' WHEN col = 'keep_rest' THEN 'true'
        WHEN t = 'bigint'::regtype THEN to_jsonb(coalesce((j ->> col)::bigint, 0) + 1)
        WHEN t = 'sto.token_amount'::regtype THEN to_jsonb(((j ->> col)::bigint + 1)::text)
        WHEN t = 'uuid'::regtype THEN to_jsonb(md5('x')) WHEN t = 'sto.digest'::regtype THEN to_jsonb(md5('x') || md5('y'))
        WHEN t = 'bytea'::regtype THEN to_jsonb('\x' || repeat('07', 32))
        WHEN t = 'timestamptz'::regtype THEN to_jsonb(coalesce((j ->> col)::timestamptz, '2090-01-01') + interval '1 microsecond')
        WHEN t = 'sto.wallet_address'::regtype THEN to_jsonb(sto_test.address('ACME')::text)
        ELSE to_jsonb('x'::text) END));
    RETURN l.leaf_hash IS DISTINCT FROM sto.entry_leaf(l, sto.ledger_id());
EXCEPTION WHEN OTHERS THEN
    RETURN true;
END $$;
SELECT is_empty($$SELECT attname FROM pg_attribute WHERE attrelid = 'sto.statement_line'::regclass AND attnum > 0 AND attname <> 'wallet' AND NOT pg_temp.altered(attname, atttypid)$$,
    'any other value of a column gives another leaf');
SELECT is(sto_test.check_invariants(), 'sound', 'the ledger is sound');
SELECT * FROM finish();
