-- A statement between two closes, which proves by itself that nothing is left out of it.

CREATE FUNCTION sto.proven_statement(wallet sto.wallet_address, token_id uuid, from_close bigint, to_close bigint)
    RETURNS SETOF sto.statement_line
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    ledger uuid := sto.ledger_id();
    -- what was there before the first entry of all
    a      json := '{"seq":0,"balance":"0","held":"0"}';
    b      json := sto.close_proof(to_close, proven_statement.wallet, proven_statement.token_id);
    broken bigint;
    lines  bigint;
BEGIN
    IF from_close >= to_close THEN
        RAISE EXCEPTION 'the closes are in the wrong order' USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('From %s to %s.', from_close, to_close);
    END IF;
    IF from_close IS NOT NULL THEN
        a := sto.close_proof(from_close, proven_statement.wallet, proven_statement.token_id);
    END IF;
    IF (SELECT count(*) <> 2 - (from_close IS NULL)::integer
          FROM (VALUES (from_close, a), (to_close, b)) AS p (event, proof)
          JOIN sto.close c ON c.event = p.event AND sto.verify_close_proof(p.proof, c.root, c.count)) THEN
        RAISE EXCEPTION 'a proof of a close does not hold' USING ERRCODE = 'ST404',
            HINT = 'Compare the register with its log: SELECT * FROM sto.verify().';
    END IF;
    IF (b ->> 'present')::boolean AND b ->> 'salt' IS NULL THEN
        RAISE EXCEPTION 'wallet % is none that this role may see', proven_statement.wallet USING ERRCODE = 'ST203';
    END IF;

    SELECT count(*),
           min(x.entry_id) FILTER (WHERE x.seq <> x.seq_before + 1 OR x.prev IS DISTINCT FROM x.leaf_before OR x.other
                                      OR x.entry_id <= from_close OR x.entry_id >= to_close
                                      OR x.is_last AND (x.seq, x.leaf_hash, x.balance, x.held) IS DISTINCT FROM
                                         ((b ->> 'seq')::bigint, (b ->> 'head')::sto.digest,
                                          (b ->> 'balance')::sto.token_amount, (b ->> 'held')::sto.token_amount))
      INTO lines, broken
      FROM (SELECT s.entry_id, s.seq, s.prev, s.leaf_hash, s.balance, s.held,
                   sto.entry_leaf(s, ledger) IS DISTINCT FROM s.leaf_hash AS other,
                   coalesce(lag(s.seq) OVER w, (a ->> 'seq')::bigint, 0) AS seq_before,
                   coalesce(lag(s.leaf_hash) OVER w, (a ->> 'head')::sto.digest) AS leaf_before,
                   lead(s.seq) OVER w IS NULL AS is_last
              FROM sto.statement_line s
             WHERE s.wallet = proven_statement.wallet AND s.token_id = proven_statement.token_id
               AND s.seq > coalesce((a ->> 'seq')::bigint, 0) AND s.seq <= coalesce((b ->> 'seq')::bigint, 0)
            WINDOW w AS (ORDER BY s.seq)) x;
    IF broken IS NOT NULL OR lines <> coalesce((b ->> 'seq')::bigint, 0) - coalesce((a ->> 'seq')::bigint, 0) THEN
        RAISE EXCEPTION 'the statement does not lead from one close to the other' USING ERRCODE = 'ST404',
            DETAIL = format('The first entry that does not follow: %s.', coalesce(broken::text, 'one that is missing')),
            HINT = 'Compare the register with its log: SELECT * FROM sto.verify().';
    END IF;
    RETURN QUERY
    SELECT s.* FROM sto.statement_line s
     WHERE s.wallet = proven_statement.wallet AND s.token_id = proven_statement.token_id
       AND s.seq > coalesce((a ->> 'seq')::bigint, 0) AND s.seq <= coalesce((b ->> 'seq')::bigint, 0)
     ORDER BY s.seq;
END $$;
COMMENT ON FUNCTION sto.proven_statement(sto.wallet_address, uuid, bigint, bigint) IS
    'every entry of a position between two closes (null: from its beginning), checked to lead from one proof to the other; ST404 if not';
