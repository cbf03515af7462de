-- Checks of what others were shown: checkpoints, witnesses' cosignatures, time-stamps, and checkpoints of another tree.

CREATE FUNCTION sto.checkpoint_fault(note text, name text, key sto.public_key, tree_size bigint, root sto.digest,
                                     alone boolean DEFAULT true) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'sto_checkpoint_fault';
COMMENT ON FUNCTION sto.checkpoint_fault(text, text, sto.public_key, bigint, sto.digest, boolean) IS
    'why a note is not the log''s over that tree with this key''s signature (alone, unless said otherwise); null if it is';
CREATE FUNCTION sto.cosignature_fault(note text, key sto.public_key, cosigned_at timestamptz, signature bytea) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'sto_cosignature_fault';
COMMENT ON FUNCTION sto.cosignature_fault(text, sto.public_key, timestamptz, bytea) IS
    'why this is not a cosignature of the note by this key at that time; null if it is';
CREATE FUNCTION sto.time_stamp_fault(note text, reply bytea, certificates text, gen_time timestamptz) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'sto_time_stamp_fault';
COMMENT ON FUNCTION sto.time_stamp_fault(text, bytea, text, timestamptz) IS
    'why this is not a time-stamp (RFC 3161) of the note under these certificates; null if it is';

-- A key that was taken back by an event that the block itself closes was not in force when the worker signed the block.
CREATE FUNCTION sto.verify_checkpoints() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := (SELECT l.origin || '/' || l.ledger_id FROM sto.ledger l);
BEGIN
    -- joined, not looked up row by row, so that workers can share it
    RETURN QUERY
    SELECT 'checkpoints', 'sto.checkpoint', x.examined, x.bad = 0, x.first_bad,
           CASE WHEN x.bad > 0 THEN format('%s checkpoints; tree size %s: %s', x.bad, x.tree_size,
               (SELECT CASE WHEN b.last_id IS NULL THEN 'there is no block of that size'
                            ELSE coalesce((SELECT sto.checkpoint_fault(c.note, name, k.key, c.tree_size, b.root) FROM sto.log_key k
                                            WHERE k.retired IS NULL OR k.retired > b.last_id ORDER BY k.registered LIMIT 1),
                                          'it is not signed by a key of the log that was in force') END
                  FROM sto.checkpoint c LEFT JOIN sto.block b ON b.tree_size = c.tree_size WHERE c.tree_size = x.tree_size)) END
      FROM (SELECT count(*) AS examined, count(*) FILTER (WHERE NOT y.good) AS bad, min(y.last_id) FILTER (WHERE NOT y.good) AS first_bad,
                   min(y.tree_size) FILTER (WHERE NOT y.good) AS tree_size
              FROM (SELECT c.tree_size, b.last_id, k.key IS NOT NULL AS good
                      FROM sto.checkpoint c
                      LEFT JOIN sto.block b ON b.tree_size = c.tree_size
                      LEFT JOIN sto.log_key k ON (k.retired IS NULL OR k.retired > b.last_id)
                                             AND sto.checkpoint_fault(c.note, name, k.key, c.tree_size, b.root) IS NULL
                                             AND b.last_id IS NOT NULL
                    OFFSET 0) y) x;
END $$;
COMMENT ON FUNCTION sto.verify_checkpoints() IS 'each checkpoint is the log''s, of its block, with a good signature of a key in force';

CREATE FUNCTION sto.verify_cosignatures_stored() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT 'cosignatures', 'sto.cosignature', count(*), count(x.fault) = 0, min(x.last_id) FILTER (WHERE x.fault IS NOT NULL),
           CASE WHEN count(x.fault) > 0 THEN format('%s cosignatures; tree size %s: %s', count(x.fault),
                (min(x.tree_size) FILTER (WHERE x.fault IS NOT NULL)),
                (array_agg(x.fault ORDER BY x.tree_size) FILTER (WHERE x.fault IS NOT NULL))[1]) END
      FROM (SELECT s.tree_size, b.last_id,
                   CASE WHEN c.note IS NULL THEN 'there is no checkpoint of that size'
                        WHEN w.key IS NULL THEN 'its key is not that party''s as a witness'
                        WHEN w.retired <= b.last_id THEN 'its key was out of force'
                        ELSE sto.cosignature_fault(c.note, w.key, s.cosigned_at, s.signature) END AS fault
              FROM sto.cosignature s
              LEFT JOIN sto.checkpoint c ON c.tree_size = s.tree_size
              LEFT JOIN sto.block b ON b.tree_size = s.tree_size
              LEFT JOIN sto.witness w ON w.fingerprint = s.fingerprint AND w.party_id = s.party_id
            OFFSET 0) x;
END $$;
COMMENT ON FUNCTION sto.verify_cosignatures_stored() IS 'each cosignature is by a registered witness''s key in force, and verifies';

CREATE FUNCTION sto.verify_time_stamps() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT 'time_stamps', 'sto.time_stamp', count(*), count(x.fault) = 0, min(x.last_id) FILTER (WHERE x.fault IS NOT NULL),
           CASE WHEN count(x.fault) > 0 THEN format('%s time-stamps; tree size %s: %s', count(x.fault),
                (min(x.tree_size) FILTER (WHERE x.fault IS NOT NULL)),
                (array_agg(x.fault ORDER BY x.tree_size) FILTER (WHERE x.fault IS NOT NULL))[1]) END
      FROM (SELECT t.tree_size, b.last_id,
                   CASE WHEN c.note IS NULL THEN 'there is no checkpoint of that size'
                        WHEN NOT EXISTS (SELECT FROM sto.time_authority a
                                          WHERE sto.time_stamp_fault(c.note, t.reply, a.certificate, t.gen_time) IS NULL)
                        THEN coalesce((SELECT sto.time_stamp_fault(c.note, t.reply, a.certificate, t.gen_time)
                                         FROM sto.time_authority a ORDER BY a.registered LIMIT 1),
                                      'no authority is registered') END AS fault
              FROM sto.time_stamp t
              LEFT JOIN sto.checkpoint c ON c.tree_size = t.tree_size
              LEFT JOIN sto.block b ON b.tree_size = t.tree_size
            OFFSET 0) x;
END $$;
COMMENT ON FUNCTION sto.verify_time_stamps() IS 'each time-stamp is of its checkpoint, by a registered authority, and says its time';

-- Somebody was shown another history under this log's signature: until the root officers give that one up, nothing here
-- is sure.  A restart gives up smaller ones too that were reported before it (the worker's own rule): what is reported
-- later may be of yet another history.
CREATE FUNCTION sto.verify_foreign() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := (SELECT l.origin || '/' || l.ledger_id FROM sto.ledger l);
BEGIN
    RETURN QUERY
    SELECT 'foreign_checkpoints', 'sto.foreign_checkpoint', count(*), count(x.fault) = 0, NULL::bigint,
           nullif(concat_ws('; ',
               CASE WHEN count(x.fault) > 0 THEN format('%s checkpoints; tree size %s: %s', count(x.fault),
                   (min(x.tree_size) FILTER (WHERE x.fault IS NOT NULL)),
                   (array_agg(x.fault ORDER BY x.tree_size) FILTER (WHERE x.fault IS NOT NULL))[1]) END,
               CASE WHEN count(*) > count(x.fault) THEN
                   format('%s checkpoints of another tree were given up: read the reasons', count(*) - count(x.fault)) END), '')
      FROM (SELECT f.tree_size,
                   CASE WHEN NOT EXISTS (SELECT FROM sto.log_restart r
                                          WHERE r.tree_size = f.tree_size AND r.root = f.root
                                             OR r.tree_size >= f.tree_size AND f.reported_at <
                                                (SELECT e.recorded_at FROM ONLY sto.event e WHERE e.entry_id = r.event))
                        THEN 'this log''s key signed another tree of that size: a roll-back, or two histories'
                        WHEN NOT EXISTS (SELECT FROM sto.log_key k
                                          WHERE sto.checkpoint_fault(f.note, name, k.key, f.tree_size, f.root, false) IS NULL)
                        THEN 'its note is not what the row says' END AS fault
              FROM sto.foreign_checkpoint f
            OFFSET 0) x;
END $$;
COMMENT ON FUNCTION sto.verify_foreign() IS 'no checkpoint of another tree under this log''s signature, but those that were given up';
