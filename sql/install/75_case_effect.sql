-- What enforcement does to holds, from the log: the entry says how much it moves, its case which holds it may break.

-- Lost wallets: each is barred from the first entry on that recovered units from it.
CREATE VIEW sto.barred_span AS
SELECT DISTINCT ON (t.debit_wallet) t.debit_wallet AS address, w.wallet_id, t.entry_id AS since, t.credit_wallet AS successor
  FROM ONLY sto.transfer t JOIN sto.wallet w ON w.address = t.debit_wallet
 WHERE t.kind = 'recover' ORDER BY t.debit_wallet, t.entry_id;
COMMENT ON VIEW sto.barred_span IS 'lost wallets, from which entry on they were barred, and the wallets that succeeded them';

CREATE FUNCTION sto.heir(wallet sto.wallet_address, before bigint) RETURNS sto.wallet_address
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    heir sto.wallet_address := wallet;
    b    record;
BEGIN
    LOOP
        SELECT x.successor INTO b FROM sto.barred_span x WHERE x.address = heir AND x.since < before;
        IF NOT FOUND THEN
            RETURN heir;
        END IF;
        heir := b.successor;
    END LOOP;
END $$;
COMMENT ON FUNCTION sto.heir(sto.wallet_address, bigint) IS 'the wallet that had succeeded a lost one before that entry; itself if it was not lost';

CREATE FUNCTION sto.recovered_from(wallet sto.wallet_address, token_id uuid, before bigint) RETURNS sto.wallet_address[]
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE lost (address, before) AS (
        SELECT recovered_from.wallet, recovered_from.before
        UNION
        SELECT t.debit_wallet, t.entry_id
          FROM lost l JOIN ONLY sto.transfer t ON t.credit_wallet = l.address AND t.token_id = recovered_from.token_id
                                                  AND t.kind = 'recover' AND t.entry_id < l.before)
    SELECT array_agg(DISTINCT l.address) FROM lost l;
END;
COMMENT ON FUNCTION sto.recovered_from(sto.wallet_address, uuid, bigint) IS
    'a wallet, and those whose units and holds of a token had gone to it before that entry because their keys were lost';

CREATE FUNCTION sto.recovered_to(wallet sto.wallet_address, token_id uuid, since bigint) RETURNS sto.wallet_address
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place sto.wallet_address := wallet;
    id    bigint := since;
    t     record;
BEGIN
    LOOP
        SELECT x.credit_wallet, x.entry_id INTO t FROM ONLY sto.transfer x
         WHERE x.kind = 'recover' AND x.debit_wallet = place AND x.token_id = recovered_to.token_id AND x.entry_id > id
         ORDER BY x.entry_id LIMIT 1;
        IF NOT FOUND THEN
            RETURN place;
        END IF;
        place := t.credit_wallet;
        id := t.entry_id;
    END LOOP;
END $$;
COMMENT ON FUNCTION sto.recovered_to(sto.wallet_address, uuid, bigint) IS
    'the wallet in which a hold placed by that entry stands now, if it is open: it follows its units';

CREATE FUNCTION sto.case_effect(OUT entry_id bigint, OUT hold_id bigint, OUT amount sto.token_amount) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    e       record;
    h       record;
    lacking sto.token_amount;
    broken  jsonb := '{}';      -- of each hold, by the entries so far
    lost    sto.wallet_address[];
BEGIN
    FOR e IN SELECT t.entry_id, t.amount, t.token_id, t.debit_wallet, t.debit_balance, c.body -> 'holds' AS holds,
                    sto.attached_before(t.token_id, t.debit_wallet, t.entry_id) AS attached
               FROM ONLY sto.transfer t JOIN ONLY sto.event c ON c.entry_id = t.authority_event AND c.kind = 'case'
              WHERE t.kind = 'force' AND c.body -> 'holds' IS NOT NULL
              ORDER BY t.entry_id
    LOOP
        lacking := NULL;
        lost := sto.recovered_from(e.debit_wallet, e.token_id, e.entry_id);
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
                          WHERE p.kind = 'hold' AND p.debit_wallet = ANY (lost) AND p.token_id = e.token_id
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

-- Other posts cite a batch or nothing.
CREATE VIEW sto.case_post AS
SELECT t.entry_id, t.authority_event AS case_event
  FROM ONLY sto.transfer t JOIN ONLY sto.event c ON c.entry_id = t.authority_event AND c.kind = 'case'
 WHERE t.kind = 'post';
COMMENT ON VIEW sto.case_post IS 'posts of pledges that a case of two officers allows, in the beneficiary''s place';

-- Every way in which units leave a hold.
CREATE VIEW sto.hold_use AS
SELECT t.entry_id, t.hold_id, t.amount, t.kind, t.keep_rest, t.token_id, t.debit_wallet, t.credit_wallet, t.posted_at
  FROM ONLY sto.transfer t WHERE t.kind IN ('post', 'release')
UNION ALL
SELECT c.entry_id, c.hold_id, c.amount, t.kind, t.keep_rest, t.token_id, t.debit_wallet, t.credit_wallet, t.posted_at
  FROM sto.case_effect() c JOIN ONLY sto.transfer t ON t.entry_id = c.entry_id;
COMMENT ON VIEW sto.hold_use IS 'posts, releases and enforced entries that took units out of a hold, and how many';
