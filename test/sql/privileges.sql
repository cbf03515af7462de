-- What an unprivileged role can do: nothing, until it is mapped; then its party's part.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_privileges;
CREATE DATABASE sto_regress_privileges TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_privileges
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
DROP ROLE IF EXISTS sto_regress_stranger, sto_regress_alice, sto_regress_acme, sto_regress_auditor, sto_regress_reader;
CREATE ROLE sto_regress_stranger;
CREATE ROLE sto_regress_alice;
CREATE ROLE sto_regress_acme;
CREATE ROLE sto_regress_auditor;
CREATE ROLE sto_regress_reader IN ROLE pg_read_all_data;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA sto_test TO PUBLIC;
SELECT sto_test.begin_small();
SELECT sto_test.party('auditor') IS NOT NULL AS auditor;
SELECT sto_test.grant_capability('auditor', 'auditor') IS NOT NULL AS granted;
SELECT sto.map_role('sto_regress_alice', sto_test.id('alice'));
SELECT sto.map_role('sto_regress_acme', sto_test.id('acme'));
SELECT sto.map_role('sto_regress_auditor', sto_test.id('auditor'));
SELECT sto.map_role('sto_regress_nobody', sto_test.id('alice'));

-- What PUBLIC may touch, whole.
SELECT c.relname, c.relkind, string_agg(DISTINCT a.privilege_type, ', ' ORDER BY a.privilege_type) AS public_may,
       c.relrowsecurity AS own_rows
  FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
 WHERE c.relnamespace = 'sto'::regnamespace AND a.grantee = 0
 GROUP BY c.relname, c.relkind, c.relrowsecurity ORDER BY 1;
SELECT c.relname, string_agg(t.attname, ', ' ORDER BY t.attnum) AS columns_public_may_read
  FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid CROSS JOIN LATERAL aclexplode(t.attacl) a
 WHERE c.relnamespace = 'sto'::regnamespace AND a.grantee = 0 AND a.privilege_type = 'SELECT'
 GROUP BY c.relname ORDER BY 1;
SELECT p.proname FROM pg_proc p
 WHERE p.pronamespace = 'sto'::regnamespace AND NOT has_function_privilege('sto_regress_stranger', p.oid, 'EXECUTE') ORDER BY 1;
-- SECURITY DEFINER functions pin their path.
SELECT p.proname, p.proconfig FROM pg_proc p WHERE p.pronamespace = 'sto'::regnamespace AND p.prosecdef;

-- A stranger: may submit, is refused; sees nothing.
SET ROLE sto_regress_stranger;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id)
VALUES ('transfer', sto_test.id('ACME'), sto_test.address('alice/1'), sto_test.address('bob/1'), 1, sto_test.id('alice'), gen_random_uuid());
INSERT INTO sto.event (kind, subject, actor, body)
VALUES ('party', gen_random_uuid(), sto_test.id('registrar'), '{"kind": "legal"}');
SELECT * FROM sto.me;
SELECT (SELECT count(*) FROM sto.holder) AS holders, (SELECT count(*) FROM sto.supply) AS supply,
       (SELECT count(*) FROM sto.log) AS log, (SELECT count(*) FROM sto.position) AS positions,
       (SELECT count(*) FROM sto.wallet) AS wallets, (SELECT count(*) FROM sto.party) AS parties,
       (SELECT count(*) FROM sto.statement_line) AS lines;
SELECT * FROM sto.transfer;
SELECT amount FROM sto.transfer;
SELECT debit_balance FROM sto.transfer;
SELECT body FROM sto.event;
SELECT * FROM sto.member;
SELECT * FROM sto.capability;
SELECT nextval('sto.entry_id_seq');
SELECT setval('sto.entry_id_seq', 1);
UPDATE sto.position SET balance = 5;
DELETE FROM sto.transfer;
TRUNCATE sto.event;
INSERT INTO sto.position (balance, held, seq, posted_at, wallet, token_id)
VALUES (5, 0, 1, now(), sto_test.address('alice/1'), sto_test.id('ACME'));
INSERT INTO sto.member VALUES ('sto_regress_stranger', sto_test.id('alice'));
SELECT sto.map_role('sto_regress_stranger', sto_test.id('alice'));
SELECT sto.unmap_role('sto_regress_alice');
SELECT sto.rebuild();
SELECT sto.begin_maintenance('mine now');
BEGIN;
LOCK TABLE sto.writer IN SHARE ROW EXCLUSIVE MODE;
ROLLBACK;
BEGIN;
LOCK TABLE sto.transfer IN ACCESS EXCLUSIVE MODE;
ROLLBACK;
ALTER TABLE sto.transfer DISABLE TRIGGER ALL;
DROP TABLE sto.transfer;
CREATE FUNCTION sto.mine() RETURNS int LANGUAGE sql RETURN 1;
SET sto_ledger.restore = on;
SET session_replication_role = replica;
SELECT * FROM sto.verify();
RESET ROLE;

-- An investor: submits what her keys sign; sees her own side and nobody else's.
SELECT sto_test.make_order(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1',
    'amount', '30', 'ordering_party', 'alice', 'order_id', '11111111-1111-4111-8111-111111111111')) AS o \gset
SELECT sto_test.signatures(sto_test.order_message(:'o'), '{21}') AS signed \gset
SELECT sto_test.address('alice/1') AS alice, sto_test.address('bob/1') AS bob, sto_test.id('alice') AS alice_id, sto_test.id('ACME') AS acme \gset
SET ROLE sto_regress_alice;
SELECT repeated, leaf_hash IS NOT NULL AS leaf FROM sto.transfer(:'acme', :'alice', :'bob', 30, :'alice_id', '11111111-1111-4111-8111-111111111111', :'signed');
SELECT repeated FROM sto.transfer(:'acme', :'alice', :'bob', 30, :'alice_id', '11111111-1111-4111-8111-111111111111', :'signed');
SELECT sto.transfer_message(:'acme', :'alice', :'bob', 30, :'alice_id', '11111111-1111-4111-8111-111111111111')
     = sto.order_message('transfer', '11111111-1111-4111-8111-111111111111', :'alice_id', :'acme', 30, :'alice', :'bob') AS same_message;
SELECT sto.transfer(:'acme', :'alice', :'bob', 30.5, :'alice_id', gen_random_uuid(), :'signed');
SELECT sto.transfer('KZ1C00000983', :'alice', :'bob', 30, :'alice_id', gen_random_uuid(), :'signed');
-- the signature was for another order id
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
VALUES ('transfer', :'acme', :'alice', :'bob', 30, :'alice_id', '22222222-2222-4222-8222-222222222222', :'signed');
-- what was posted comes back without the balances
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
VALUES ('transfer', :'acme', :'alice', :'bob', 30, :'alice_id', '11111111-1111-4111-8111-111111111111', :'signed') RETURNING credit_balance;
SELECT reads_all FROM sto.me;
SELECT wallet = :'alice' AS own, balance, available, balance_display, share FROM sto.holder;
SELECT wallet = :'alice' AS own, balance FROM sto.position;
SELECT address = :'alice' AS own FROM sto.wallet;
SELECT party_id = :'alice_id' AS own FROM sto.party;
SELECT count(*) FROM sto.supply;
SELECT count(*) FROM sto.log;
SELECT seq, direction, kind, amount, balance FROM sto.statement(:'alice', :'acme');
SELECT count(*) FROM sto.statement(:'bob', :'acme');
SELECT entry_id IS NOT NULL AS found FROM sto.entry_of_order(:'alice_id', '11111111-1111-4111-8111-111111111111');
RESET ROLE;

-- A leaky function can't look behind a view; nor one that says it is stable, which is tried in more places.
CREATE FUNCTION sto_test.leak(sto.token_amount) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0001 AS $$
BEGIN RAISE WARNING 'leaked %', $1; RETURN true; END $$;
SET ROLE sto_regress_stranger;
SELECT count(*) FROM sto.holder WHERE sto_test.leak(balance);
SELECT count(*) FROM sto.statement_line WHERE sto_test.leak(balance);
SELECT count(*) FROM sto.position WHERE sto_test.leak(balance);
RESET ROLE;

-- An issuer: its token's holders and supply.
SET ROLE sto_regress_acme;
SELECT count(*) AS holders, sum(balance) AS units FROM sto.holder;
SELECT outstanding, issued, redeemed, wallets FROM sto.supply;
SELECT count(*) FROM sto.wallet;
SELECT count(*) FROM sto.log;
RESET ROLE;

-- An auditor by capability, and a reader by role: everything, and nothing to write.
SET ROLE sto_regress_auditor;
SELECT reads_all FROM sto.me;
SELECT count(*) FROM sto.holder;
SELECT count(*) > 5 AS all_of_it FROM sto.log;
SELECT count(*) FROM sto.statement(:'bob', :'acme');
UPDATE sto.transfer SET amount = 1;
RESET ROLE;
SET ROLE sto_regress_reader;
SELECT reads_all FROM sto.me;
SELECT count(*) FROM sto.transfer;
SELECT bool_and(ok) FROM sto.verify();
INSERT INTO sto.transfer DEFAULT VALUES;
RESET ROLE;

-- A mapping that ends, ends at once.
SELECT sto.unmap_role('sto_regress_alice'), sto.unmap_role('sto_regress_alice');
SET ROLE sto_regress_alice;
SELECT count(*) FROM sto.holder;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
VALUES ('transfer', :'acme', :'alice', :'bob', 30, :'alice_id', '22222222-2222-4222-8222-222222222222', :'signed');
RESET ROLE;

-- A mapping is the role's, not its name's: a new role of that name has none, a renamed one keeps it.
CREATE ROLE "sto_regress Clerk";
SELECT sto.map_role('sto_regress Clerk', :'alice_id');
SET ROLE "sto_regress Clerk";
SELECT party_id = :'alice_id' AS mapped, (SELECT count(*) FROM sto.holder) AS holders FROM sto.me;
RESET ROLE;
ALTER ROLE "sto_regress Clerk" RENAME TO sto_regress_renamed;
SET ROLE sto_regress_renamed;
SELECT party_id = :'alice_id' AS mapped, (SELECT count(*) FROM sto.holder) AS holders FROM sto.me;
RESET ROLE;
SELECT role FROM sto.member WHERE role = 'sto_regress_renamed'::regrole;
DROP ROLE sto_regress_renamed;
CREATE ROLE sto_regress_renamed;
SET ROLE sto_regress_renamed;
SELECT party_id IS NULL AS unmapped, (SELECT count(*) FROM sto.holder) AS holders FROM sto.me;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
VALUES ('transfer', :'acme', :'alice', :'bob', 30, :'alice_id', '22222222-2222-4222-8222-222222222222', :'signed');
RESET ROLE;
SELECT sto.map_role('nobody of that name', :'alice_id');
SELECT sto.unmap_role('sto_regress_renamed'), sto.unmap_role(m.role::text::name) FROM sto.member m WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = m.role);
SELECT count(*) FROM sto.member m WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = m.role);
DROP ROLE sto_regress_renamed;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_privileges;
DROP ROLE sto_regress_stranger, sto_regress_alice, sto_regress_acme, sto_regress_auditor, sto_regress_reader;
