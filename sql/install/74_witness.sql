-- Checkpoints as others see them: witnesses' cosignatures, and time-stamps.  Whoever has one may hand it over: it is
-- verified, and counts by its signature, not by who brought it.

CREATE FUNCTION sto.verify_checkpoint(note text, vkey text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sto_verify_checkpoint' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sto.verify_checkpoint(text, text) IS
    'is this note a checkpoint that the log, or the witness, with this note key signed?';

CREATE FUNCTION sto.verify_cosignatures(note text, vkeys text[]) RETURNS integer
    AS 'MODULE_PATHNAME', 'sto_verify_cosignatures' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sto.verify_cosignatures(text, text[]) IS
    'how many of these witnesses cosigned the note; 0 if it is malformed or one of their signatures is bad';

CREATE FUNCTION sto.checkpoint(tree_size bigint DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME', 'sto_checkpoint_sql' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION sto.checkpoint(bigint) IS
    'the signed note of that tree size with every cosignature; by default the newest, null if there is none';

CREATE FUNCTION sto.add_cosignature(note text) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_add_cosignature' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION sto.add_cosignature(text) IS
    'keep the cosignatures of registered witnesses on a checkpoint of this log; how many were new';

CREATE FUNCTION sto.timestamp_request(tree_size bigint DEFAULT NULL) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sto_timestamp_request_sql' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION sto.timestamp_request(bigint) IS
    'the RFC 3161 request to send to a time-stamping authority; by default for the newest checkpoint';

CREATE FUNCTION sto.add_timestamp(tree_size bigint, reply bytea) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'sto_add_timestamp' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION sto.add_timestamp(bigint, bytea) IS
    'keep the reply of a registered time-stamping authority for a checkpoint; its time';

-- Counts what is stored; sto.verify() looks at the signatures themselves.  With fewer than two witnesses of different
-- parties a checkpoint is weak, whatever the policy says.  The policy is the one that its tree holds: a later one changes
-- nothing about it, as for sto_verify.  No security barrier: nothing here is hidden from anybody, and
-- one would keep ORDER BY … LIMIT from using the indexes.
CREATE VIEW sto.checkpoint_status AS
SELECT b.tree_size, b.root, b.sealed_at, c.signed_at, w.cosignatures, p.threshold,
       CASE WHEN c.tree_size IS NULL THEN 'unsigned'
            WHEN w.cosignatures < greatest(p.threshold, 2) THEN 'weak'
            ELSE 'witnessed' END AS strength,
       (SELECT min(t.gen_time) FROM sto.time_stamp t WHERE t.tree_size = c.tree_size) AS stamped_at
  FROM sto.block b
  LEFT JOIN sto.checkpoint c ON c.tree_size = b.tree_size
 CROSS JOIN LATERAL (SELECT coalesce((SELECT n.threshold FROM sto.witness_policy n WHERE n.registered <= b.last_id
                                       ORDER BY n.registered DESC LIMIT 1), 2)::integer AS threshold) AS p
 CROSS JOIN LATERAL (SELECT count(DISTINCT s.party_id)::integer AS cosignatures
                       FROM sto.cosignature s WHERE s.tree_size = c.tree_size) AS w;
COMMENT ON VIEW sto.checkpoint_status IS
    'per block: is it signed, by how many witnesses of different parties, enough of them, and stamped since when';
