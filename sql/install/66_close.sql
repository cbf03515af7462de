-- The daily close: one root over what every position is, and proofs from it.  docs/format.md, "The content of a close".

CREATE FUNCTION sto.close_body() RETURNS json
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_close_body';
COMMENT ON FUNCTION sto.close_body() IS
    'body of close, as of now; no entry is posted from here to the end of the transaction';

CREATE FUNCTION sto.close_day() RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body)
    SELECT 'close', l.ledger_id, '00000000-0000-0000-0000-000000000000', b.body
      FROM (SELECT sto.close_body() AS body) b
      LEFT JOIN sto.ledger l ON true
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.close_day() IS 'record a close; returns its event''s id';

CREATE FUNCTION sto.close_leaf(wallet sto.wallet_address, token_id uuid, seq bigint, head sto.digest, salted sto.digest)
    RETURNS sto.digest
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_close_leaf_sql';
COMMENT ON FUNCTION sto.close_leaf(sto.wallet_address, uuid, bigint, sto.digest, sto.digest) IS
    'leaf of a close; salted is sto.side_digest of the position with its head in the place of prev';

CREATE FUNCTION sto.merkle_root_add(internal, sto.digest) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_merkle_root_add';
CREATE FUNCTION sto.merkle_root_final(internal) RETURNS sto.digest
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_merkle_root_final';
COMMENT ON FUNCTION sto.merkle_root_add(internal, sto.digest) IS 'transition of sto.merkle_root';
COMMENT ON FUNCTION sto.merkle_root_final(internal) IS 'result of sto.merkle_root';
CREATE AGGREGATE sto.merkle_root(sto.digest) (
    SFUNC = sto.merkle_root_add, STYPE = internal, SSPACE = 2100, FINALFUNC = sto.merkle_root_final);
COMMENT ON AGGREGATE sto.merkle_root(sto.digest) IS
    'root of the tree (RFC 9162) over leaf hashes; give it ORDER BY';

CREATE FUNCTION sto.close_proof(close_event bigint, wallet sto.wallet_address, token_id uuid) RETURNS json
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_close_proof';
COMMENT ON FUNCTION sto.close_proof(bigint, sto.wallet_address, uuid) IS
    'what a position was at a close, or that it was not there, with the way to the close''s root';

CREATE FUNCTION sto.close_proofs(close_event bigint)
    RETURNS TABLE (wallet sto.wallet_address, token_id uuid, proof json)
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_close_proofs';
COMMENT ON FUNCTION sto.close_proofs(bigint) IS
    'sto.close_proof of every position at a close that the caller may see, in one reading of the log';

-- One leaf of a proof, and the place that it has in the tree.
CREATE FUNCTION sto.close_line_valid(line json, root sto.digest, count bigint) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce(sto.verify_inclusion(
        sto.close_leaf((line ->> 'wallet')::sto.wallet_address, (line ->> 'token')::uuid, (line ->> 'seq')::bigint,
                       (line ->> 'head')::sto.digest, (line ->> 'salted')::sto.digest),
        (line ->> 'index')::bigint, count,
        ARRAY(SELECT p.hash::sto.digest FROM json_array_elements_text(line -> 'path') WITH ORDINALITY AS p (hash, n) ORDER BY p.n),
        root), false);
END $$;
COMMENT ON FUNCTION sto.close_line_valid(json, sto.digest, bigint) IS 'does a leaf of a proof stand where it says, under this root?';

-- Nothing but root and count is trusted; take them from the close's event, which the log's receipts vouch for.
CREATE FUNCTION sto.verify_close_proof(proof json, root sto.digest, count bigint) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wallet sto.wallet_address := proof ->> 'wallet';
    token  uuid := proof ->> 'token';
    l      json := nullif(proof ->> 'left', '');
    r      json := nullif(proof ->> 'right', '');
BEGIN
    IF (proof ->> 'present')::boolean THEN
        RETURN sto.close_line_valid(proof, root, count)
           AND (proof ->> 'salt' IS NULL AND proof ->> 'balance' IS NULL AND proof ->> 'held' IS NULL
                OR coalesce((proof ->> 'salted')::sto.digest =
                            sto.side_digest((proof ->> 'salt')::sto.digest, token, (proof ->> 'seq')::bigint,
                                            (proof ->> 'balance')::sto.token_amount, (proof ->> 'held')::sto.token_amount,
                                            (proof ->> 'head')::sto.digest), false));
    END IF;
    RETURN coalesce(NOT (proof ->> 'present')::boolean AND wallet IS NOT NULL AND token IS NOT NULL
        AND CASE WHEN l IS NULL AND r IS NULL THEN count = 0 AND root = sha256('')::sto.digest
                 ELSE coalesce((l ->> 'index')::bigint, -1) + 1 = coalesce((r ->> 'index')::bigint, count) END
        AND (l IS NULL OR sto.close_line_valid(l, root, count)
             AND ((l ->> 'wallet')::sto.wallet_address, (l ->> 'token')::uuid) < (wallet, token))
        AND (r IS NULL OR sto.close_line_valid(r, root, count)
             AND ((r ->> 'wallet')::sto.wallet_address, (r ->> 'token')::uuid) > (wallet, token)), false);
END $$;
COMMENT ON FUNCTION sto.verify_close_proof(json, sto.digest, bigint) IS
    'does the proof hold under the root and count of a close?  reads no table';
