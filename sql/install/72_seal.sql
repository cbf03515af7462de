-- Sealing, and proofs from the sealed tree.

CREATE PROCEDURE sto.seal()
    LANGUAGE C AS 'MODULE_PATHNAME', 'sto_seal';
COMMENT ON PROCEDURE sto.seal() IS
    'closes all ids drawn so far into the tree; waits for writers in flight, blocks none; not inside a transaction block';

CREATE FUNCTION sto.tree_size() RETURNS bigint
    LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_tree_size_sql';
COMMENT ON FUNCTION sto.tree_size() IS 'leaves sealed so far';

CREATE FUNCTION sto.tree_root(size bigint DEFAULT NULL) RETURNS sto.digest
    LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_tree_root_sql';
COMMENT ON FUNCTION sto.tree_root(bigint) IS 'root of the first leaves (null: all sealed), from tiles and log';

CREATE FUNCTION sto.leaf_index(entry_id bigint) RETURNS bigint
    LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_leaf_index_sql';
COMMENT ON FUNCTION sto.leaf_index(bigint) IS 'place of an entry''s or event''s leaf in the tree, from 0';

CREATE FUNCTION sto.inclusion_proof(entry_id bigint, tree_size bigint DEFAULT NULL) RETURNS sto.digest[]
    LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_inclusion_proof';
COMMENT ON FUNCTION sto.inclusion_proof(bigint, bigint) IS
    'RFC 9162 2.1.3.1: that an entry is in the tree of that size (null: the newest)';

CREATE FUNCTION sto.consistency_proof(from_size bigint, to_size bigint DEFAULT NULL) RETURNS sto.digest[]
    LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_consistency_proof';
COMMENT ON FUNCTION sto.consistency_proof(bigint, bigint) IS
    'RFC 9162 2.1.4.1: that the smaller tree begins the larger (null: the newest)';

CREATE FUNCTION sto.verify_inclusion(leaf sto.digest, leaf_index bigint, tree_size bigint, proof sto.digest[],
                                     root sto.digest) RETURNS boolean
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_verify_inclusion_sql';
COMMENT ON FUNCTION sto.verify_inclusion(sto.digest, bigint, bigint, sto.digest[], sto.digest) IS
    'RFC 9162 2.1.3.2: does the proof show the leaf in that tree?';

CREATE FUNCTION sto.verify_consistency(from_size bigint, to_size bigint, proof sto.digest[], from_root sto.digest,
                                       to_root sto.digest) RETURNS boolean
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_verify_consistency_sql';
COMMENT ON FUNCTION sto.verify_consistency(bigint, bigint, sto.digest[], sto.digest, sto.digest) IS
    'RFC 9162 2.1.4.2: does the proof show that the first tree begins the second?';

CREATE FUNCTION sto.wait_sealed(entry_id bigint, timeout interval DEFAULT '10 s') RETURNS boolean
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_wait_sealed';
COMMENT ON FUNCTION sto.wait_sealed(bigint, interval) IS
    'waits until an entry is sealed: true, or false if it takes longer; works on a standby';

-- How far the seal is, and what it waits for.  A seal begun now would wait for every transaction that holds a writer's
-- lock on sto.writer; the oldest of them is shown.  State and age of other roles' sessions are shown to members of
-- pg_read_all_stats, as in pg_stat_activity.
CREATE VIEW sto.seal_status AS
SELECT newest.last_id, newest.tree_size, newest.sealed_at,
       GREATEST(logged.last_id - newest.last_id, 0) AS lag_entries,
       CASE WHEN unsealed.since IS NULL THEN 0
            ELSE GREATEST(round(EXTRACT(epoch FROM clock_timestamp() - unsealed.since), 3), 0) END AS lag_seconds,
       holder.pid AS held_by_pid, holder.role AS held_by_role, holder.state AS held_by_state,
       clock_timestamp() - holder.since AS held_by_age, holder.gid AS held_by_gid
  FROM (SELECT COALESCE(max(b.last_id), 0) AS last_id, COALESCE(max(b.tree_size), 0) AS tree_size, max(b.sealed_at) AS sealed_at
          FROM (SELECT * FROM sto.block ORDER BY last_id DESC LIMIT 1) AS b) AS newest
 CROSS JOIN (SELECT GREATEST((SELECT max(entry_id) FROM sto.event), (SELECT max(entry_id) FROM sto.transfer), 0) AS last_id) AS logged
 CROSS JOIN LATERAL (
       SELECT min(u.since) AS since
         FROM ((SELECT e.recorded_at AS since FROM sto.event AS e WHERE e.entry_id > newest.last_id ORDER BY e.entry_id LIMIT 1)
               UNION ALL
               (SELECT t.posted_at FROM sto.transfer AS t WHERE t.entry_id > newest.last_id ORDER BY t.entry_id LIMIT 1)) AS u
       ) AS unsealed
  LEFT JOIN LATERAL (
       SELECT l.pid, COALESCE(a.usename, p.owner) AS role, COALESCE(a.state, CASE WHEN p.gid IS NOT NULL THEN 'prepared' END) AS state,
              COALESCE(a.xact_start, p.prepared) AS since, p.gid
         FROM pg_catalog.pg_locks AS l
         LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
         LEFT JOIN pg_catalog.pg_locks AS x ON l.pid IS NULL AND x.pid IS NULL AND x.virtualtransaction = l.virtualtransaction
                                           AND x.locktype = 'transactionid' AND x.granted
         LEFT JOIN pg_catalog.pg_prepared_xacts AS p ON p.transaction = x.transactionid
        WHERE l.locktype = 'relation' AND l.relation = 'sto.writer'::pg_catalog.regclass AND l.granted
          AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
          AND l.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        ORDER BY since NULLS LAST
        LIMIT 1) AS holder ON true;
COMMENT ON VIEW sto.seal_status IS 'how far the seal is, how far it lags, and which session or prepared transaction it would wait for';
