-- What must hold after every test, worked out here in SQL apart from the extension's own
-- verification, and then compared with that.  After signer.sql:
--     \i :srcdir/signer/invariants.sql
--     SELECT sto_test.check_invariants();

-- Everything that is wrong, one row each; none on a sound ledger.
CREATE FUNCTION sto_test.faults() RETURNS TABLE (fault text, where_ text) LANGUAGE sql SET jit = off AS $$
    WITH side AS (
        SELECT e.entry_id, e.token_id, e.debit_wallet AS wallet, e.debit_seq AS seq, e.debit_balance AS balance, e.debit_held AS held,
               e.debit_prev AS prev, e.leaf_hash, e.posted_at,
               CASE WHEN e.kind IN ('hold', 'release') THEN 0 ELSE -e.amount::numeric END AS change
          FROM ONLY sto.transfer AS e
         UNION ALL
        SELECT e.entry_id, e.token_id, e.credit_wallet, e.credit_seq, e.credit_balance, e.credit_held,
               e.credit_prev, e.leaf_hash, e.posted_at, e.amount::numeric
          FROM ONLY sto.transfer AS e
         WHERE e.kind NOT IN ('hold', 'release')),
    chain AS (
        SELECT s.*, row_number() OVER w AS n, sum(s.change) OVER w AS total, lag(s.leaf_hash) OVER w AS before,
               lag(s.entry_id) OVER w AS id_before, lag(s.posted_at) OVER w AS time_before,
               lead(s.seq) OVER w IS NULL AS is_last
          FROM side AS s
        WINDOW w AS (PARTITION BY s.token_id, s.wallet ORDER BY s.seq)),
    broken AS MATERIALIZED (SELECT c.hold_id, sum(c.amount::numeric) AS amount FROM sto.case_effect() AS c GROUP BY c.hold_id),
    -- what a wallet's units, and with them its open holds, went to when its keys were lost: once a token, so in one walk
    followed AS (
        WITH RECURSIVE walk (entry_id, token_id, wallet, since) AS (
            SELECT h.entry_id, h.token_id, h.debit_wallet, h.entry_id FROM ONLY sto.transfer AS h WHERE h.kind = 'hold'
            UNION ALL
            SELECT w.entry_id, w.token_id, r.credit_wallet, r.entry_id
              FROM walk AS w JOIN ONLY sto.transfer AS r
                ON r.kind = 'recover' AND r.debit_wallet = w.wallet AND r.token_id = w.token_id AND r.entry_id > w.since)
        SELECT DISTINCT ON (w.entry_id) w.entry_id, w.wallet FROM walk AS w ORDER BY w.entry_id, w.since DESC),
    hold AS (
        SELECT h.entry_id, (SELECT f.wallet FROM followed AS f WHERE f.entry_id = h.entry_id) AS wallet, h.token_id,
               CASE WHEN EXISTS (SELECT FROM ONLY sto.transfer AS u
                                  WHERE u.hold_id = h.entry_id AND u.kind = 'post' AND u.keep_rest IS NOT TRUE) THEN 0
                    ELSE h.amount::numeric - COALESCE((SELECT sum(u.amount::numeric) FROM ONLY sto.transfer AS u
                                                        WHERE u.hold_id = h.entry_id), 0)
                         - COALESCE((SELECT b.amount FROM broken AS b WHERE b.hold_id = h.entry_id), 0) END AS remaining
          FROM ONLY sto.transfer AS h
         WHERE h.kind = 'hold')
    SELECT 'balances of a token do not add up to zero', p.token_id::text
      FROM sto.position AS p GROUP BY p.token_id HAVING sum(p.balance::numeric) <> 0
     UNION ALL
    SELECT 'a balance below zero, or held outside it', p.wallet::text
      FROM sto.position AS p
     WHERE p.held < 0 OR p.balance < p.held AND NOT EXISTS (SELECT FROM sto.token AS t WHERE t.issuance = p.wallet AND t.token_id = p.token_id)
     UNION ALL
    SELECT 'a chain has a gap, a broken link, or runs against the ids', c.entry_id::text
      FROM chain AS c
     WHERE c.seq IS NULL OR c.seq <> c.n OR c.prev IS DISTINCT FROM c.before OR c.id_before >= c.entry_id OR c.time_before > c.posted_at
     UNION ALL
    SELECT 'an entry''s balance is not the sum of its chain', c.entry_id::text
      FROM chain AS c WHERE c.balance::numeric IS DISTINCT FROM c.total
     UNION ALL
    SELECT 'a position is not its last entry', COALESCE(p.wallet, c.wallet)::text
      FROM sto.position AS p
      FULL JOIN (SELECT * FROM chain WHERE is_last) AS c ON c.wallet = p.wallet AND c.token_id = p.token_id
     WHERE (p.balance, p.held, p.seq, p.head, p.posted_at) IS DISTINCT FROM (c.balance, c.held, c.seq, c.leaf_hash, c.posted_at)
     UNION ALL
    SELECT 'an outflow is not the sum of what left', p.wallet::text
      FROM sto.position AS p
     WHERE p.outflow::numeric <> COALESCE((SELECT sum(e.amount::numeric) FROM ONLY sto.transfer AS e
                                             JOIN sto.wallet AS d ON d.address = e.debit_wallet
                                             JOIN sto.wallet AS c ON c.address = e.credit_wallet
                                            WHERE e.debit_wallet = p.wallet AND e.token_id = p.token_id
                                              AND (e.kind = 'issue' OR e.kind IN ('transfer', 'post') AND d.party_id <> c.party_id)), 0)
     UNION ALL
    SELECT 'a holding is not the sum of its party''s positions', h.party_id::text
      FROM sto.holding AS h
     WHERE (h.total::numeric, h.outflow::numeric)
           <> (SELECT COALESCE(sum(p.balance::numeric), 0), COALESCE(sum(p.outflow::numeric), 0) FROM sto.position AS p
                               JOIN sto.wallet AS w ON w.address = p.wallet AND w.kind <> 'issuance'
                              WHERE w.party_id = h.party_id AND p.token_id = h.token_id)
     UNION ALL
    SELECT 'a group of holders is not counted right', g.by || ' ' || g.value
      FROM sto.holder_group AS g
     WHERE (g.holders, COALESCE(g.units::numeric, 0))
           <> (SELECT count(*) FILTER (WHERE t.total > 0), CASE WHEN g.units IS NULL THEN 0 ELSE COALESCE(sum(t.total), 0) END
                               -- what was stated of omnibus wallets counts for their owners
                               FROM (SELECT s.party_id, sum(s.units) AS total
                                       FROM (SELECT w.party_id, p.balance::numeric AS units FROM sto.position AS p
                                               JOIN sto.wallet AS w ON w.address = p.wallet AND w.kind <> 'issuance' WHERE p.token_id = g.token_id
                                             UNION ALL SELECT l.party_id, -l.units::numeric FROM sto.look_through AS l WHERE l.token_id = g.token_id
                                             UNION ALL SELECT l.party_id, l.units::numeric FROM sto.look_through_owner AS l WHERE l.token_id = g.token_id) AS s
                                      GROUP BY s.party_id HAVING sum(s.units) <> 0) AS t
                              WHERE CASE g.by
                                    WHEN '' THEN true
                                    WHEN 'country' THEN g.value = COALESCE((SELECT y.country FROM sto.party AS y WHERE y.party_id = t.party_id), '')
                                    WHEN 'class' THEN g.value = COALESCE((SELECT c.class FROM sto.classification AS c
                                                                           WHERE c.party_id = t.party_id AND (c.token_id IS NULL OR c.token_id = g.token_id)
                                                                           ORDER BY c.token_id IS NULL, c.set_by DESC LIMIT 1), '')
                                    ELSE EXISTS (SELECT FROM sto.claim AS c WHERE c.party_id = t.party_id AND c.topic = g.value AND c.revoked IS NULL) END)
     UNION ALL
    SELECT 'a sample of outflow is not what had left by then', f.wallet::text || ' ' || f.seq
      FROM sto.flow AS f
     WHERE f.seq % 64 <> 0
        OR f.outflow::numeric <> COALESCE((SELECT sum(e.amount::numeric) FROM ONLY sto.transfer AS e
                                             JOIN sto.wallet AS d ON d.address = e.debit_wallet
                                             JOIN sto.wallet AS c ON c.address = e.credit_wallet
                                            WHERE e.debit_wallet = f.wallet AND e.token_id = f.token_id AND e.debit_seq <= f.seq
                                              AND (e.kind = 'issue' OR e.kind IN ('transfer', 'post') AND d.party_id <> c.party_id)), 0)
     UNION ALL
    SELECT 'a last issue is not the last', i.party_id::text
      FROM sto.issued AS i
     WHERE i.posted_at IS DISTINCT FROM (SELECT max(e.posted_at) FROM ONLY sto.transfer AS e JOIN sto.wallet AS c ON c.address = e.credit_wallet
                                          WHERE e.kind = 'issue' AND e.token_id = i.token_id AND c.party_id = i.party_id)
     UNION ALL
    SELECT 'held is not what open holds keep', p.wallet::text
      FROM sto.position AS p
     WHERE p.held::numeric <> COALESCE((SELECT sum(h.remaining) FROM hold AS h WHERE h.wallet = p.wallet AND h.token_id = p.token_id), 0)
     UNION ALL
    SELECT 'a hold''s rest is not what its entries left', COALESCE(s.hold_id, h.entry_id)::text
      FROM sto.hold AS s FULL JOIN hold AS h ON h.entry_id = s.hold_id
     WHERE s.remaining::numeric IS DISTINCT FROM h.remaining
     UNION ALL
    SELECT 'an id is used twice, or is not below the sequence', i.entry_id::text
      FROM (SELECT entry_id FROM ONLY sto.event UNION ALL SELECT entry_id FROM ONLY sto.transfer) AS i
     GROUP BY i.entry_id HAVING count(*) > 1
     UNION ALL
    SELECT 'a leaf is not the hash of its row', e.entry_id::text
      FROM ONLY sto.transfer AS e
      LEFT JOIN sto.wallet AS d ON d.address = e.debit_wallet
      LEFT JOIN sto.wallet AS c ON c.address = e.credit_wallet
     WHERE e.leaf_hash IS DISTINCT FROM sto.entry_leaf(e, sto_test.ledger_id(), d.salt, c.salt)
     UNION ALL
    SELECT 'more is outstanding than authorised', t.token_id::text
      FROM sto.token AS t JOIN sto.position AS p ON p.wallet = t.issuance AND p.token_id = t.token_id
     WHERE -p.balance::numeric > t.authorised::numeric
$$;

-- 'sound', or everything that is wrong.
CREATE FUNCTION sto_test.check_invariants() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    wrong text := (SELECT string_agg(f.fault || ': ' || f.where_, E'\n') FROM sto_test.faults() AS f);
    said  text;
BEGIN
    IF to_regproc('sto.verify') IS NOT NULL THEN
        EXECUTE 'SELECT string_agg(v::text, E''\n'') FROM sto.verify() AS v WHERE NOT v.ok' INTO said;
    END IF;
    RETURN COALESCE(NULLIF(concat_ws(E'\n', wrong, 'sto.verify: ' || said), ''), 'sound');
END $$;

-- Run a statement in a savepoint: what it is refused with, and whether the ledger is sound after.
CREATE FUNCTION sto_test.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state   text;
    message text;
    entries bigint := (SELECT count(*) FROM sto.transfer);
    faults  text;
BEGIN
    BEGIN
        EXECUTE statement;
        state := 'accepted';
        message := (SELECT count(*) FROM sto.transfer) - entries || ' new';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
        IF (SELECT count(*) FROM sto.transfer) <> entries THEN
            message := message || ' BUT AN ENTRY WAS STORED';
        END IF;
    END;
    faults := (SELECT string_agg(f.fault || ': ' || f.where_, E'\n') FROM sto_test.faults() AS f);
    -- addresses depend on the ledger's id, and that on the time
    RETURN concat_ws(' | ', state, regexp_replace(message, 'sto1[a-z0-9]{38}', 'sto1...', 'g'), faults);
END $$;

-- The same for one order, and without the look at the whole ledger: for loops.
CREATE FUNCTION sto_test.state_of(o sto.transfer, signatures bytea, authority bigint DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state   text;
    message text;
BEGIN
    PERFORM sto_test.insert_order(o, signatures, authority);
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    RETURN state || ' | ' || regexp_replace(message, 'sto1[a-z0-9]{38}', 'sto1...', 'g');
END $$;

-- What a wallet has: 'balance (held)'.
CREATE FUNCTION sto_test.balance(token text, wallet text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT p.balance::text || CASE WHEN p.held = 0 THEN '' ELSE ' (' || p.held::text || ')' END
      FROM sto.position AS p
     WHERE p.token_id = CASE WHEN token ~ '^[0-9a-f-]{36}$' THEN token::uuid ELSE sto_test.id(token) END
       AND p.wallet = sto_test.address(balance.wallet)
$$;

-- The common order as one JSON value, for tests that change a field of it.
CREATE FUNCTION sto_test.transfer_order(token text, debit text, credit text, amount text, extra jsonb DEFAULT '{}') RETURNS jsonb
    STABLE LANGUAGE sql AS $$
    SELECT jsonb_build_object('kind', 'transfer', 'token_id', token, 'debit_wallet', debit, 'credit_wallet', credit,
        'amount', amount, 'ordering_party', sto_test.owner_of(debit)) || extra
$$;
