-- Daily closes: what a close says, proofs of presence and absence, statements between two closes.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_close;
CREATE DATABASE sto_regress_close TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_close
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
-- count and root of the present positions, from docs/format.md alone
CREATE FUNCTION pg_temp.root(leaves bytea[]) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    n    int := COALESCE(cardinality(leaves), 0);
    half int := 1;
BEGIN
    IF n = 0 THEN RETURN sha256(''); END IF;
    IF n = 1 THEN RETURN leaves[1]; END IF;
    WHILE half * 2 < n LOOP half := half * 2; END LOOP;
    RETURN sha256('\x01'::bytea || pg_temp.root(leaves[1:half]) || pg_temp.root(leaves[half + 1:n]));
END $$;
CREATE FUNCTION pg_temp.made(OUT count bigint, OUT root sto.digest) LANGUAGE sql AS $$
    SELECT count(*), pg_temp.root(array_agg(sha256('\x00'::bytea || sto_test.tag('sto.close') || p.wallet::bytea || uuid_send(p.token_id)
               || int8send(p.seq) || p.head::bytea
               || sha256(sto_test.tag('sto.side') || w.salt::bytea || uuid_send(p.token_id) || int8send(p.seq) || sto_test.i128(p.balance::text::numeric)
                         || sto_test.i128(p.held::text::numeric) || '\x01'::bytea || p.head::bytea))
               ORDER BY p.wallet::bytea, uuid_send(p.token_id)))::sto.digest
      FROM sto.position AS p JOIN sto.wallet AS w ON w.address = p.wallet WHERE p.seq > 0
$$;
-- a close that somebody made up, in place of the ledger's and this run's values
CREATE FUNCTION pg_temp.try(count bigint, root text, subject uuid DEFAULT NULL, actor uuid DEFAULT NULL, seeds int[] DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT replace(replace(sto_test.refusal(format('SELECT sto_test.event(''close'', %L, %L, %L, %L)', COALESCE(subject, sto_test.ledger_id()), COALESCE(actor, sto_test.nil()),
        '{"count": ' || count || ', "root": "' || root || '"}', seeds)), sto_test.ledger_id()::text, 'LEDGER'), (SELECT m.root::text FROM pg_temp.made() AS m), 'ROOT')
$$;

SELECT sto_test.refusal('SELECT sto.close_day()');
SELECT sto_test.open_ledger() > 0 AS opened;
SELECT sto.close_day() > 0 AS nothing_yet;
SELECT count, root::bytea = sha256('') AS of_nothing FROM sto.close;
SELECT sto_test.registrar() IS NOT NULL AS registrar;
-- its chain is the ledger's alone
SELECT sto_test.refusal(format('SELECT sto_test.event(''party'', %L, sto_test.id(''registrar''), ''{"kind": "legal"}'')', sto_test.ledger_id())) ~ '^ST209' AS taken;
SELECT replace(sto_test.refusal(format('SELECT sto_test.event(''keys'', %L, %1$L, sto_test.keys_body(%1$L, %1$L, NULL, ''{50}'')::text, ''{1,2}'')', sto_test.ledger_id())), sto_test.ledger_id()::text, 'LEDGER') AS no_keys;

SELECT sto_test.party('acme', '{10}') IS NOT NULL AND sto_test.party('alice', NULL, 'natural') IS NOT NULL AND sto_test.party('bob', NULL, 'natural') IS NOT NULL AS parties;
SELECT count(sto_test.token('T' || n, 'acme', NULL, 'share', 0, '{"unsigned_role": "sto_regress_desk"}')) AS tokens FROM generate_series(1, 9) AS n;
SELECT count(sto_test.wallet('a/' || n, 'alice', ARRAY[100 + n])) AS wallets FROM generate_series(1, 29) AS n;
SELECT sto_test.wallet('b/1', 'bob', '{200}') IS NOT NULL AS bob;
CREATE ROLE sto_regress_desk;
GRANT sto_regress_desk TO CURRENT_USER;
SELECT sto.map_role(current_user, sto_test.id('acme'));
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
SELECT 'issue', t.token_id, t.issuance, w.address, 10 + w.registered, t.issuer, gen_random_uuid()
  FROM sto.token AS t, sto.wallet AS w WHERE w.kind = 'own' AND w.party_id = sto_test.id('alice') ORDER BY w.registered, t.registered;

-- What the log does not say is refused
SELECT sto.close_day() AS first \gset
SELECT c.count, (c.count, c.root) = (m.count, m.root) AS as_documented FROM sto.close AS c, pg_temp.made() AS m WHERE event = :first;
SELECT pg_temp.try(m.count + d, m.root::text) FROM pg_temp.made() AS m, (VALUES (1), (-1), (-1000)) AS v (d);
SELECT pg_temp.try(m.count, r) FROM pg_temp.made() AS m, (VALUES (repeat('00', 32)), ('00'), (repeat('AB', 32))) AS v (r);
SELECT pg_temp.try(m.count, m.root::text, sto_test.nil()) FROM pg_temp.made() AS m;
SELECT pg_temp.try(m.count, m.root::text, sto_test.id('other')) FROM pg_temp.made() AS m;
SELECT pg_temp.try(m.count, m.root::text, NULL, sto_test.id('registrar')) FROM pg_temp.made() AS m;
SELECT pg_temp.try(m.count, m.root::text, NULL, sto_test.ledger_id()) FROM pg_temp.made() AS m;
SELECT pg_temp.try(m.count, m.root::text, NULL, NULL, '{1,2}') FROM pg_temp.made() AS m;
SELECT pg_temp.try(m.count, m.root::text) FROM pg_temp.made() AS m;
-- not even in the same transaction, once an entry has moved something
BEGIN;
SELECT m.count, m.root FROM pg_temp.made() AS m \gset
SELECT sto_test.transfer('T1', 'a/1', 'b/1', '1') > 0 AS moved;
SELECT left(pg_temp.try(:count, :'root'), 5) AS stale;
-- its own close covers it, and not what comes after
SELECT sto.close_day() AS second \gset
SELECT c.count = :count + 1 AND (c.count, c.root) = (m.count, m.root) AS as_documented FROM sto.close AS c, pg_temp.made() AS m WHERE event = :second;
SELECT sto_test.transfer('T1', 'b/1', 'a/1', '1') > 0 AS moved_back;
SELECT sto_test.hold('T2', 'a/2', '7', 'pledge', '{"credit_wallet": "b/1"}') > 0 AS held;
COMMIT;
SELECT sto_test.transfer('T1', 'a/1', 'b/1', '2') > 0 AS moved;
SELECT sto.close_day() AS third \gset
SELECT sto_test.transfer('T1', 'a/1', 'b/1', '3') > 0 AS moved;
SELECT e.entry_id = lead(e.entry_id) OVER w OR e.leaf_hash = lead(e.prev_hash) OVER w AS linked FROM sto.event AS e WHERE kind = 'close' WINDOW w AS (ORDER BY entry_id);
SELECT kind FROM sto.subject WHERE subject = sto_test.ledger_id();

-- Proofs: of every position at every close, and of every gap between them
CREATE TEMP TABLE proof AS
SELECT c.event, c.count, c.root, w.name, t.token, sto.close_proof(c.event, sto_test.address(w.name), sto_test.id(t.token)) AS proof
  FROM sto.close AS c, (SELECT 'a/' || n FROM generate_series(1, 29, 4) AS n UNION ALL VALUES ('b/1'), ('T5')) AS w (name),
       (VALUES ('T1'), ('T2'), ('T9'), ('no token')) AS t (token);
SELECT event = :second AS second, event = :third AS third, count, count(*) FILTER (WHERE (proof ->> 'present')::boolean) AS present,
       count(*) FILTER (WHERE NOT (proof ->> 'present')::boolean) AS absent, bool_and(sto.verify_close_proof(proof, root, count)) AS hold
  FROM proof GROUP BY event, count ORDER BY event;
-- each as it was then
SELECT p.event = :second AS second, p.proof ->> 'seq' AS seq, p.proof ->> 'balance' AS balance, p.proof ->> 'held' AS held FROM proof AS p WHERE name = 'a/1' AND token = 'T1' AND event >= :first ORDER BY event;
SELECT p.event = :second AS second, p.proof ->> 'seq' AS seq, p.proof ->> 'balance' AS balance FROM proof AS p WHERE name = 'b/1' AND token = 'T1' AND event >= :first ORDER BY event;
SELECT sto.close_proof(:third, sto_test.address('a/2'), sto_test.id('T2')) ->> 'held' AS held;
-- neighbours show where they are and nothing of what is in them
SELECT DISTINCT k FROM proof AS p, json_object_keys(COALESCE(NULLIF(proof ->> 'left', ''), proof ->> 'right')::json) AS k WHERE NOT (proof ->> 'present')::boolean AND count > 0 ORDER BY 1;
SELECT count(*) FILTER (WHERE proof ->> 'left' IS NULL) > 0 AS before_the_first, count(*) FILTER (WHERE proof ->> 'right' IS NULL) > 0 AS after_the_last,
       bool_and(sto.verify_close_proof(proof, root, count)) AS hold
  FROM (SELECT c.count, c.root, sto.close_proof(c.event, w.address, u) AS proof
          FROM sto.close AS c, sto.wallet AS w, (VALUES ('00000000-0000-0000-0000-000000000000'::uuid), ('ffffffff-ffff-ffff-ffff-ffffffffffff')) AS v (u) WHERE c.event = :first) AS x;

-- Whatever is changed in one, it holds no longer
CREATE FUNCTION pg_temp.holds(p jsonb, root sto.digest, count bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN sto.verify_close_proof(p::json, root, count);
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END $$;
SELECT field, left(value, 12) AS value, pg_temp.holds(jsonb_set(proof::jsonb, string_to_array(field, '.'), value::jsonb), root, count)
  FROM proof, (VALUES ('token', '"ffffffff-ffff-ffff-ffff-ffffffffffff"'), ('seq', '9'), ('balance', '"9"'), ('held', '"9"'),
       ('index', '100000'), ('head', '"' || repeat('00', 32) || '"'), ('salted', '"' || repeat('00', 32) || '"'), ('salt', '"' || repeat('00', 32) || '"'), ('salt', 'null'),
       ('balance', 'null'), ('wallet', '"sto1"'), ('present', 'false'), ('present', 'null'), ('path.0', '"' || repeat('00', 32) || '"'), ('path', '[]'), ('index', 'null'), ('path', '1'), ('index', '-1')) AS c (field, value)
 WHERE event = :third AND name = 'a/1' AND token = 'T1';
SELECT sto.verify_close_proof(jsonb_set(proof::jsonb, '{index}', to_jsonb((proof ->> 'index')::int + 1))::json, root, count) AS next_index, sto.verify_close_proof(proof, root, count - 1000) AS other_count, sto.verify_close_proof(proof, repeat('00', 32)::sto.digest, count) AS other_root,
       sto.verify_close_proof(json_build_object('present', true), root, count) AS empty, sto.verify_close_proof('{}', root, count) AS nothing
  FROM proof WHERE event = :third AND name = 'a/1' AND token = 'T1';
-- absence of what is there, from neighbours that are not next to each other, or from one alone
SELECT pg_temp.holds(jsonb_build_object('present', false, 'wallet', proof -> 'wallet', 'token', proof -> 'token', 'left', NULL, 'right', NULL), root, count) AS no_neighbours,
       pg_temp.holds(jsonb_build_object('present', false, 'wallet', proof -> 'wallet', 'token', proof -> 'token', 'left', proof, 'right', NULL), root, count) AS itself,
       pg_temp.holds(jsonb_build_object('present', false, 'wallet', proof -> 'wallet', 'token', proof -> 'token',
           'left', (SELECT p.proof FROM proof AS p WHERE p.event = x.event AND (p.proof ->> 'present')::boolean ORDER BY (p.proof ->> 'index')::int LIMIT 1),
           'right', (SELECT p.proof FROM proof AS p WHERE p.event = x.event AND (p.proof ->> 'present')::boolean ORDER BY (p.proof ->> 'index')::int DESC LIMIT 1)), root, count) AS far_apart
  FROM proof AS x WHERE event = :third AND name = 'a/1' AND token = 'T1';
SELECT bool_and(pg_temp.holds(proof::jsonb || '{"left": null}', root, count) IN ('f', 'false')) AS left_needed, bool_and(pg_temp.holds(proof::jsonb || '{"right": null}', root, count) IN ('f', 'false')) AS right_needed,
       bool_and(pg_temp.holds(proof::jsonb || jsonb_build_object('wallet', proof -> 'right' -> 'wallet', 'token', proof -> 'right' -> 'token'), root, count) IN ('f', 'false')) AS place_matters
  FROM proof WHERE event = :third AND proof ->> 'left' IS NOT NULL AND proof ->> 'right' IS NOT NULL;

-- All of a close at once are the same as one by one
SELECT count(*) = c.count AS all_of_them, bool_and(p.proof::text = sto.close_proof(c.event, p.wallet, p.token_id)::text) AS as_one_by_one,
       bool_and(sto.verify_close_proof(p.proof, c.root, c.count)) AS hold
  FROM sto.close AS c, sto.close_proofs(c.event) AS p WHERE c.event = :second GROUP BY c.event, c.count;
SELECT count(*) FROM sto.close_proofs((SELECT min(event) FROM sto.close));
SELECT sto_test.refusal('SELECT * FROM sto.close_proofs(1)');

-- Who sees what: his own wallets; an auditor all; the issuer that a position is there, not what is in it, nor what else is
CREATE ROLE sto_regress_alice;
CREATE ROLE sto_regress_bob;
CREATE ROLE sto_regress_issuer;
CREATE ROLE sto_regress_stranger;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SELECT count(sto.map_role(r::name, sto_test.id(p))) AS mapped FROM (VALUES ('sto_regress_alice', 'alice'), ('sto_regress_bob', 'bob'), ('sto_regress_issuer', 'acme')) AS v (r, p);
CREATE FUNCTION sto_test.seen(close bigint, wallet text, token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    p json;
BEGIN
    p := sto.close_proof(close, sto_test.address(wallet), sto_test.id(token));
    RETURN concat_ws(' ', p ->> 'present', p ->> 'balance', CASE WHEN p ->> 'salt' IS NOT NULL THEN 'open' END,
                     (SELECT sto.verify_close_proof(p, c.root, c.count) FROM sto.close AS c WHERE c.event = seen.close));
EXCEPTION WHEN OTHERS THEN RETURN replace(concat_ws(' | ', SQLSTATE, SQLERRM), sto_test.address(wallet)::text, wallet);
END $$;
-- of all at once, what one by one would tell
CREATE FUNCTION sto_test.all_seen(close bigint, OUT seen bigint, OUT open bigint, OUT same boolean) LANGUAGE sql AS $$
    SELECT count(*), count(*) FILTER (WHERE p.proof ->> 'salt' IS NOT NULL), bool_and(p.proof::text = sto.close_proof(close, p.wallet, p.token_id)::text)
      FROM sto.close_proofs(close) AS p
$$;
SET ROLE sto_regress_alice;
SELECT * FROM sto_test.all_seen(:third);
SELECT sto_test.seen(:third, w, 'T1') FROM (VALUES ('a/1'), ('b/1'), ('T1'), ('nowhere')) AS v (w);
SET ROLE sto_regress_bob;
SELECT * FROM sto_test.all_seen(:third);
SELECT sto_test.seen(:third, w, 'T1') FROM (VALUES ('a/1'), ('b/1'), ('T1')) AS v (w);
SET ROLE sto_regress_issuer;
SELECT * FROM sto_test.all_seen(:third);
SELECT sto_test.seen(:third, w, t) FROM (VALUES ('a/1', 'T1'), ('b/1', 'T2'), ('T1', 'T1'), ('a/1', 'other')) AS v (w, t);
SELECT sto_test.refusal($$SELECT * FROM sto.proven_statement(sto_test.address('a/1'), sto_test.id('T1'), NULL, $$ || :third || ')') ~ '^ST203' AS not_his_to_read;
SET ROLE sto_regress_stranger;
SELECT sto_test.seen(:third, 'a/1', 'T1');
SELECT * FROM sto_test.all_seen(:third);
SELECT sto_test.refusal('SELECT sto.close_body()');
SELECT sto_test.refusal('SELECT sto.close_day()');
-- nor may one who submits for a party: a close keeps entries out.  No lock is even asked for, which others would wait behind
SET ROLE sto_regress_alice;
BEGIN;
SELECT sto_test.refusal('SELECT sto.close_body()');
SELECT sto_test.refusal('SELECT sto.close_day()');
SELECT sto_test.refusal($$INSERT INTO sto.event (kind, subject, actor, body) SELECT 'close', l.ledger_id, sto_test.nil(), json_build_object('count', 0, 'root', repeat('00', 32)) FROM sto.ledger AS l$$) AS by_insert;
COMMIT;
RESET ROLE;
SELECT sto_test.refusal('SELECT sto.close_proof(1, sto_test.address(''a/1''), sto_test.id(''T1''))');
SELECT sto_test.grant_capability('bob', 'auditor') > 0 AS auditor;
SET ROLE sto_regress_bob;
SELECT sto_test.seen(:third, w, 'T1') FROM (VALUES ('a/1'), ('b/1'), ('T1')) AS v (w);
SELECT sto_test.refusal('SELECT sto.close_day()');
-- a registrar may close
RESET ROLE;
SELECT sto_test.grant_capability('bob', 'registrar') > 0 AS registrar;
SET ROLE sto_regress_bob;
SELECT sto.close_day() > :third AS closed_by_bob;

-- A statement that proves that nothing is left out
SET ROLE sto_regress_alice;
SELECT seq, kind, direction, amount, balance FROM sto.proven_statement(sto_test.address('a/1'), sto_test.id('T1'), NULL, :third);
SELECT seq, kind, direction, amount, balance FROM sto.proven_statement(sto_test.address('a/1'), sto_test.id('T1'), :first, :third);
SELECT seq, kind, direction, amount, balance FROM sto.proven_statement(sto_test.address('a/1'), sto_test.id('T1'), :second, :third);
SELECT count(*) AS never_held FROM sto.proven_statement(sto_test.address('a/1'), sto_test.id('no token'), :first, :third);
SELECT count(*) AS did_not_move FROM sto.proven_statement(sto_test.address('a/9'), sto_test.id('T9'), :first, :third);
SELECT sto_test.refusal(format($$SELECT * FROM sto.proven_statement(sto_test.address('b/1'), sto_test.id('T1'), %s, %s)$$, :first, :third)) ~ '^ST203' AS not_hers;
SELECT left(sto_test.refusal(format($$SELECT * FROM sto.proven_statement(sto_test.address('a/1'), sto_test.id('T1'), %s, %s)$$, :third, :first)), 5) AS backwards;
RESET ROLE;

-- It comes out of the log again; an altered log or close is found
SELECT check_name, examined, ok FROM sto.verify() WHERE check_name = 'closes' OR NOT ok;
CREATE TEMP TABLE before AS SELECT * FROM sto.close;
SELECT sto.rebuild() > 0 AS folded;
SELECT count(*) AS differ FROM (TABLE before EXCEPT ALL TABLE sto.close) AS d;
CREATE FUNCTION pg_temp.tamper(command text, wallet text DEFAULT 'a/1') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    PERFORM sto.begin_maintenance('a test');
    EXECUTE command;
    SELECT string_agg(v.check_name || ' ' || v.scope, ', ') INTO found FROM sto.verify(checks => '{links,register,closes,event_signatures}') AS v WHERE NOT v.ok;
    found := COALESCE(found, 'NOT FOUND') || '; ' || left(sto_test.refusal(format('SELECT * FROM sto.proven_statement(%L, %L, NULL, %s)', sto_test.address(wallet), sto_test.id('T1'),
                                                      (SELECT max(event) FROM sto.close))), 8);
    RAISE EXCEPTION USING ERRCODE = 'ZZ001', MESSAGE = found;
EXCEPTION WHEN SQLSTATE 'ZZ001' THEN RETURN SQLERRM;
END $$;
SELECT command, pg_temp.tamper(command) FROM (VALUES
    ('UPDATE sto.close SET root = sha256(''x'')::sto.digest'), ('UPDATE sto.close SET count = count + 1'), ('DELETE FROM sto.close WHERE count = 0'),
    ('UPDATE sto.event SET body = (''{"count": 1, "root": "'' || repeat(''00'', 32) || ''"}'')::json WHERE entry_id = (SELECT min(event) FROM sto.close)'),
    ('UPDATE sto.event SET subject = actor WHERE entry_id = (SELECT min(event) FROM sto.close)'),
    ('UPDATE sto.event SET signatures = (SELECT signatures FROM sto.event WHERE kind = ''genesis'') WHERE entry_id = (SELECT min(event) FROM sto.close)'),
    ('UPDATE sto.transfer SET credit_balance = credit_balance + 1::sto.token_amount WHERE credit_wallet = sto_test.address(''a/3'')'),
    ('UPDATE sto.transfer SET leaf_hash = sha256(''x'')::sto.digest WHERE entry_id = (SELECT max(entry_id) FROM sto.transfer)'),
    ('DELETE FROM sto.position WHERE wallet = sto_test.address(''a/7'')')) AS v (command);

\set ECHO none
\c postgres
SET client_min_messages = warning;
DROP DATABASE sto_regress_close;
DROP ROLE sto_regress_desk, sto_regress_alice, sto_regress_bob, sto_regress_issuer, sto_regress_stranger;
