-- Sealing and proofs: every block, tile, root and proof against a tree computed from the log alone.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_seal;
CREATE DATABASE sto_regress_seal TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_seal
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\i :srcdir/signer/tree.sql
\set ECHO all

-- Nothing is sealed yet; an empty log gives no block.
CALL sto.seal();
SELECT sto.tree_size(), sto.tree_root() = encode(sha256(''), 'hex')::sto.digest AS root_of_nothing, sto.consistency_proof(0);
SELECT last_id, tree_size, sealed_at, lag_entries, lag_seconds, held_by_pid FROM sto.seal_status;
SELECT sto_test.begin_small();
SELECT lag_entries, lag_seconds > 0 AS lags FROM sto.seal_status;
\set VERBOSITY sqlstate
SELECT sto.leaf_index(1);
\set VERBOSITY terse
SELECT sto.wait_sealed(1, '0.05 s');

-- A block closes all ids drawn so far and ends at its last leaf, whatever gaps follow; no block without a leaf.
CALL sto.seal();
CALL sto.seal();
SELECT last_id, tree_size FROM sto.block;
BEGIN;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') AS gap \gset
ROLLBACK;
CALL sto.seal();
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') AS first \gset
BEGIN;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') AS gap2 \gset
ROLLBACK;
SELECT lag_entries > 0 AS lags FROM sto.seal_status;
CALL sto.seal();
SELECT last_id = :first AS up_to_its_last_leaf, tree_size FROM sto.block ORDER BY last_id DESC LIMIT 1;
SELECT last_id = :first, lag_entries, lag_seconds FROM sto.seal_status;
SELECT sto.wait_sealed(:first, '0'), sto.leaf_index(:first) = sto.tree_size() - 1 AS is_last;
\set VERBOSITY sqlstate
SELECT sto.wait_sealed(:gap);
SELECT sto.leaf_index(:gap);
SELECT sto.inclusion_proof(:gap);
\set VERBOSITY terse
SELECT sto_test.check_tree();

-- Enough for full tiles: 700 entries, sealed in blocks of all sizes around the tiles' edges.
SELECT sto_test.event('token_policy', sto_test.id('ACME'), sto_test.id('acme'), '{"unsigned_role": "pg_read_all_data"}') > 0 AS unsigned;
CREATE PROCEDURE sto_test.grow(entries int) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.post(jsonb_build_object('kind', 'transfer', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'bob/1',
        'amount', '1', 'ordering_party', 'alice'), '{}') FROM generate_series(1, entries);
    COMMIT;
    CALL sto.seal();
END $$;
DO $$
DECLARE
    entries int;
BEGIN
    -- 256 leaves exactly, one more, one less than two tiles, two, and several tiles at once
    FOREACH entries IN ARRAY ARRAY[256 - (SELECT count(*)::int FROM sto_test.leaf), 1, 254, 1, 3, 200] LOOP
        CALL sto_test.grow(entries);
    END LOOP;
END $$;
SELECT array_agg(tree_size ORDER BY tree_size) FROM sto.block WHERE tree_size > 200;
SELECT level, tile, first_id IS NOT NULL AS first, octet_length(head), octet_length(tail), pg_column_size(tail) FROM sto.tile ORDER BY level, tile;
SELECT sto_test.check_tree();

-- Roots of every size, proofs of every leaf in trees of many sizes, consistency of many pairs of sizes.
SELECT count(*), bool_and(sto.tree_root(n) = encode(sto_test.naive_root((SELECT array_agg(hash ORDER BY index) FROM sto_test.leaf WHERE index < n)), 'hex')::sto.digest)
  FROM (SELECT generate_series(1, sto.tree_size(), 17) UNION ALL VALUES (256), (257), (511), (512)) AS s (n);
SELECT count(*), bool_and(sto.leaf_index(entry_id) = index
    AND sto.verify_inclusion(encode(hash, 'hex')::sto.digest, index, sto.tree_size(), sto.inclusion_proof(entry_id), sto.tree_root()))
  FROM sto_test.leaf;
SELECT count(*), bool_and(sto.verify_inclusion(encode(hash, 'hex')::sto.digest, index, n, sto.inclusion_proof(entry_id, n), sto.tree_root(n)))
  FROM sto_test.leaf, LATERAL (VALUES (index + 1), (GREATEST(index + 1, 256)), (GREATEST(index + 1, 300)), (GREATEST(index + 1, 513))) AS s (n);
SELECT count(*), bool_and(sto.verify_consistency(a, b, sto.consistency_proof(a, b), sto.tree_root(a), sto.tree_root(b)))
  FROM generate_series(0, sto.tree_size(), 37) AS a, generate_series(0, sto.tree_size(), 53) AS b WHERE a <= b;

-- What proves nothing is false: another leaf, index, size, root, a proof too short, too long, changed, with a null.
SELECT sto.inclusion_proof(:first, 600) AS proof, sto.leaf_index(:first) AS index, sto.tree_root(600) AS root, leaf_hash AS leaf
  FROM sto.transfer WHERE entry_id = :first \gset
SELECT sto.verify_inclusion(:'leaf', :index, 600, :'proof', :'root') AS good,
       sto.verify_inclusion(:'root', :index, 600, :'proof', :'root') AS leaf,
       sto.verify_inclusion(:'leaf', :index + 1, 600, :'proof', :'root') AS index,
       sto.verify_inclusion(:'leaf', :index, 5000, :'proof', :'root') AS size,
       sto.verify_inclusion(:'leaf', :index, 600, :'proof', :'leaf') AS root,
       sto.verify_inclusion(:'leaf', :index, 600, (:'proof'::sto.digest[])[2:], :'root') AS short,
       sto.verify_inclusion(:'leaf', :index, 600, :'proof'::sto.digest[] || :'leaf'::sto.digest, :'root') AS long,
       sto.verify_inclusion(:'leaf', :index, 600, ARRAY[:'leaf'::sto.digest] || (:'proof'::sto.digest[])[2:], :'root') AS changed,
       sto.verify_inclusion(:'leaf', :index, 600, :'proof'::sto.digest[] || NULL::sto.digest, :'root') AS with_null,
       sto.verify_inclusion(:'leaf', -1, 600, :'proof', :'root') AS negative,
       sto.verify_inclusion(:'leaf', :index, -600, :'proof', :'root') AS negative_size,
       sto.verify_inclusion(:'leaf', 9223372036854775807, 9223372036854775807, '{}', :'root') AS huge,
       sto.verify_inclusion(:'leaf', :index, 600, array_fill(:'leaf'::sto.digest, ARRAY[64]), :'root') AS too_many,
       sto.verify_inclusion(:'leaf', :index, 600, ARRAY[:'proof'::sto.digest[], :'proof'::sto.digest[]], :'root') AS square,
       sto.verify_inclusion(:'leaf', 0, 1, '{}', :'leaf') AS alone,
       sto.verify_inclusion(NULL, 0, 1, '{}', :'leaf') AS nothing;
SELECT sto.consistency_proof(300, 600) AS proof, sto.tree_root(300) AS a, sto.tree_root(600) AS b \gset
SELECT sto.verify_consistency(300, 600, :'proof', :'a', :'b') AS good,
       sto.verify_consistency(301, 600, :'proof', :'a', :'b') AS other_size,
       sto.verify_consistency(300, 600, :'proof', :'b', :'b') AS other_root,
       sto.verify_consistency(300, 600, (:'proof'::sto.digest[])[2:], :'a', :'b') AS short,
       sto.verify_consistency(600, 300, :'proof', :'b', :'a') AS reversed,
       sto.verify_consistency(300, 300, '{}', :'a', :'a') AS same,
       sto.verify_consistency(300, 300, '{}', :'a', :'b') AS fork,
       sto.verify_consistency(-1, 300, '{}', :'a', :'a') AS negative;
\set VERBOSITY sqlstate
SELECT sto.tree_root(100000);
SELECT sto.tree_root(-1);
SELECT sto.inclusion_proof(:first, 3);
SELECT sto.consistency_proof(3, 2);
SELECT sto.consistency_proof(-1, 2);

-- Where a seal can't run
BEGIN;
CALL sto.seal();
ROLLBACK;
DO $$ BEGIN
    CALL sto.seal();
EXCEPTION WHEN SQLSTATE 'ST404' THEN
    NULL;
END $$;
SET default_transaction_read_only = on;
CALL sto.seal();
RESET default_transaction_read_only;
BEGIN;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') AS mine \gset
SELECT sto.wait_sealed(:mine);
ROLLBACK;
-- ids that come in another order, or not from here
BEGIN;
SELECT FROM sto.begin_maintenance('cache');
ALTER SEQUENCE sto.entry_id_seq CACHE 20;
COMMIT;
CALL sto.seal();
BEGIN;
SELECT FROM sto.begin_maintenance('cache');
ALTER SEQUENCE sto.entry_id_seq CACHE 1;
COMMIT;
SELECT last_value AS drawn FROM sto.entry_id_seq \gset
SELECT setval('sto.entry_id_seq', 20) = 20;
CALL sto.seal();
SELECT setval('sto.entry_id_seq', :drawn) = :drawn;
CREATE SUBSCRIPTION sto_regress_seal CONNECTION '' PUBLICATION nothing WITH (connect = false, slot_name = NONE, enabled = false);
INSERT INTO pg_subscription_rel SELECT oid, 'sto.transfer'::regclass, 'r', NULL FROM pg_subscription WHERE subname = 'sto_regress_seal';
CALL sto.seal();
DROP SUBSCRIPTION sto_regress_seal;
\set VERBOSITY terse

-- At every isolation level; what the calling procedure has posted is committed and sealed.
SET default_transaction_isolation = 'serializable';
CALL sto.seal();
DO $$ BEGIN PERFORM sto_test.transfer('ACME', 'alice/1', 'bob/1', '1'); CALL sto.seal(); END $$;
RESET default_transaction_isolation;
SELECT lag_entries FROM sto.seal_status;

-- The register is rebuilt, the evidence stays.
SELECT sto.tree_size() AS size, sto.tree_root() AS root \gset
SELECT sto.rebuild() = :size AS rebuilt;
CALL sto.seal();
SELECT sto.tree_size() = :size AND sto.tree_root() = :'root' AS same;

-- Evidence is append-only, for a superuser too, and no SQL adds to it.
\set VERBOSITY sqlstate
INSERT INTO sto.block SELECT 99999, 99999, now(), root FROM sto.block LIMIT 1;
INSERT INTO sto.tile SELECT * FROM sto.tile WHERE false;
COPY sto.checkpoint FROM stdin;
\.
UPDATE sto.block SET root = root;
DELETE FROM sto.tile;
TRUNCATE sto.block;
SET session_replication_role = replica;
INSERT INTO sto.cosignature SELECT * FROM sto.cosignature;
DELETE FROM sto.block;
TRUNCATE sto.time_stamp;
RESET session_replication_role;
ALTER TABLE sto.tile DISABLE TRIGGER sto_guard;
ALTER TABLE sto.foreign_checkpoint ADD COLUMN x int;
DROP TABLE sto.block CASCADE;
DROP TRIGGER sto_gate ON sto.tile;
CREATE TABLE sto_test.child () INHERITS (sto.block);
CREATE RULE quiet AS ON INSERT TO sto.tile DO INSTEAD NOTHING;
-- storage is the operator's
VACUUM sto.tile;
REINDEX TABLE sto.tile;
CLUSTER sto.block USING block_pkey;

-- Nothing is sealed on top of a broken tree: the block's root, a tile, a sealed row that is gone.
CREATE TABLE sto_test.saved_block AS SELECT * FROM sto.block ORDER BY last_id DESC LIMIT 1;
CREATE TABLE sto_test.saved_tile AS SELECT * FROM sto.tile;
\set VERBOSITY terse
BEGIN; SELECT FROM sto.begin_maintenance('x'); UPDATE sto.block SET root = encode(sha256('x'), 'hex')::sto.digest WHERE last_id = (SELECT max(last_id) FROM sto.block); COMMIT;
CALL sto.seal();
BEGIN; SELECT FROM sto.begin_maintenance('x'); UPDATE sto.block AS b SET root = s.root FROM sto_test.saved_block AS s WHERE s.last_id = b.last_id; COMMIT;
BEGIN; SELECT FROM sto.begin_maintenance('x'); UPDATE sto.tile SET root = encode(sha256('x'), 'hex')::sto.digest WHERE level = 0 AND tile = 1; COMMIT;
CALL sto.seal();
BEGIN; SELECT FROM sto.begin_maintenance('x'); DELETE FROM sto.tile WHERE level = 0 AND tile = 1; COMMIT;
CALL sto.seal();
SELECT sto.tree_root();
SELECT sto.tree_root(300);
BEGIN; SELECT FROM sto.begin_maintenance('x'); SET sto_ledger.restore = on; INSERT INTO sto.tile SELECT * FROM sto_test.saved_tile WHERE level = 0 AND tile = 1; RESET sto_ledger.restore; COMMIT;
BEGIN; SELECT FROM sto.begin_maintenance('x'); UPDATE sto.tile SET tail = '\x00' WHERE level = 0 AND tile = 0; COMMIT;
SELECT regexp_replace(sto_test.refusal(format('SELECT sto.inclusion_proof(%s)', :first)), 'entry \d+', 'entry N');
BEGIN; SELECT FROM sto.begin_maintenance('x'); UPDATE sto.tile AS t SET tail = s.tail FROM sto_test.saved_tile AS s WHERE t.level = s.level AND t.tile = s.tile; COMMIT;
CALL sto.seal();
SELECT lag_entries, sto_test.check_tree() FROM sto.seal_status;

-- Anybody sees the evidence and makes proofs; sealing is the operator's to grant.
CREATE ROLE sto_regress_anybody;
SET ROLE sto_regress_anybody;
SELECT sto.tree_size() > 700 AS size, cardinality(sto.inclusion_proof(:first)) > 8 AS proof, sto.wait_sealed(:first);
SELECT tree_size = sto.tree_size() FROM sto.seal_status;
SELECT count(*) > 5 AS blocks FROM sto.block;
CALL sto.seal();
SET sto_ledger.seal_stop = 'read';
RESET ROLE;
GRANT EXECUTE ON PROCEDURE sto.seal() TO sto_regress_anybody;
SET ROLE sto_regress_anybody;
CALL sto.seal();
RESET ROLE;
DROP OWNED BY sto_regress_anybody;
DROP ROLE sto_regress_anybody;
\c postgres
DROP DATABASE sto_regress_seal;
