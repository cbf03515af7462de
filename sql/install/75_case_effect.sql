-- What enforcement does to holds, from the log: the entry says how much it moves, its case which holds it may break.

CREATE FUNCTION sto.case_effect(OUT entry_id bigint, OUT hold_id bigint, OUT amount sto.token_amount) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    e       record;
    h       record;
    lacking sto.token_amount;
    broken  jsonb := '{}';      -- of each hold, by the entries so far
BEGIN
    FOR e IN SELECT t.entry_id, t.amount, t.token_id, t.debit_wallet, t.debit_balance, c.body -> 'holds' AS holds,
                    sto.attached_before(t.token_id, t.debit_wallet, t.entry_id) AS attached
               FROM ONLY sto.transfer t JOIN ONLY sto.event c ON c.entry_id = t.authority_event AND c.kind = 'case'
              WHERE t.kind = 'force' AND c.body -> 'holds' IS NOT NULL
              ORDER BY t.entry_id
    LOOP
        lacking := NULL;
        -- each open hold of the position; those that the case names first, in its order
        FOR h IN SELECT x.*, e.amount - greatest(e.debit_balance + e.amount - coalesce(sum(x.rest) OVER (), 0) - e.attached, 0) AS lacking
                   FROM (SELECT p.entry_id, n.place,
                                CASE WHEN bool_or(u.kind = 'post' AND u.keep_rest IS NOT TRUE) THEN 0::sto.token_amount
                                     ELSE p.amount - coalesce(sum(u.amount), 0)
                                          - coalesce((broken ->> p.entry_id::text)::sto.token_amount, 0) END AS rest
                           FROM ONLY sto.transfer p
                           LEFT JOIN json_array_elements_text(e.holds) WITH ORDINALITY AS n (id, place) ON n.id::bigint = p.entry_id
                           LEFT JOIN ONLY sto.transfer u
                                  ON u.hold_id = p.entry_id AND u.kind IN ('post', 'release') AND u.entry_id < e.entry_id
                          WHERE p.kind = 'hold' AND p.debit_wallet = e.debit_wallet AND p.token_id = e.token_id
                            AND p.entry_id < e.entry_id
                          GROUP BY p.entry_id, p.amount, n.place) x
                  ORDER BY x.place NULLS LAST
        LOOP
            lacking := coalesce(lacking, h.lacking);
            EXIT WHEN h.place IS NULL OR lacking <= 0;
            entry_id := e.entry_id;
            hold_id := h.entry_id;
            amount := least(lacking, h.rest);
            CONTINUE WHEN amount <= 0;
            lacking := lacking - amount;
            broken := jsonb_set(broken, ARRAY[hold_id::text],
                                to_jsonb((coalesce((broken ->> hold_id::text)::sto.token_amount, 0) + amount)::text));
            RETURN NEXT;
        END LOOP;
    END LOOP;
END $$;
COMMENT ON FUNCTION sto.case_effect() IS
    'units that each enforced entry takes out of a hold that its case names: what was not available, in the order named';

-- Every way in which units leave a hold.
CREATE VIEW sto.hold_use AS
SELECT t.entry_id, t.hold_id, t.amount, t.kind, t.keep_rest, t.token_id, t.debit_wallet, t.posted_at
  FROM ONLY sto.transfer t WHERE t.kind IN ('post', 'release')
UNION ALL
SELECT c.entry_id, c.hold_id, c.amount, t.kind, t.keep_rest, t.token_id, t.debit_wallet, t.posted_at
  FROM sto.case_effect() c JOIN ONLY sto.transfer t ON t.entry_id = c.entry_id;
COMMENT ON VIEW sto.hold_use IS 'posts, releases and enforced entries that took units out of a hold, and how many';
