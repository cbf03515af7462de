-- What sto.verify() is made of: one function a check, each with the same result.  They read with the caller's rights
-- and one snapshot, write nothing, and use parallel workers.

CREATE TYPE sto.verification AS (
    check_name text, scope text, examined bigint, ok boolean, first_bad bigint, detail text);
COMMENT ON TYPE sto.verification IS 'the result of one check: what, over which table, how many rows, and the first bad id';

CREATE FUNCTION sto.verify_entries_add(state internal,
    entry_id bigint, received_at timestamptz, posted_at timestamptz, amount sto.token_amount, debit_seq bigint,
    debit_balance sto.token_amount, debit_held sto.token_amount, credit_seq bigint, credit_balance sto.token_amount,
    credit_held sto.token_amount, key_policy bigint, rule_set bigint, authority_event bigint, valid_until
    timestamptz, hold_id bigint, release_after timestamptz, undoes bigint, token_id uuid, ordering_party uuid,
    order_id uuid, posted_by uuid, group_id uuid, notary uuid, debit_wallet sto.wallet_address, credit_wallet
    sto.wallet_address, debit_prev sto.digest, credit_prev sto.digest, condition_hash sto.digest, instruction_hash
    sto.digest, attachment_hash sto.digest, leaf_hash sto.digest, keep_rest boolean, checked_once boolean, kind text, purpose text,
    reference text, preimage bytea, signatures bytea, ledger_id uuid, key bytea, debit_salt sto.digest,
    debit_issuance boolean, credit_salt sto.digest, credit_issuance boolean, hold_rest sto.token_amount) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'sto_verify_entries_add';
CREATE FUNCTION sto.verify_entries_combine(internal, internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_verify_entries_combine';
CREATE FUNCTION sto.verify_entries_serialize(internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_verify_entries_serialize';
CREATE FUNCTION sto.verify_entries_deserialize(bytea, internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_verify_entries_deserialize';
CREATE FUNCTION sto.verify_entries_final(internal) RETURNS bigint[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_verify_entries_final';
CREATE AGGREGATE sto.verify_entries(
    entry_id bigint, received_at timestamptz, posted_at timestamptz, amount sto.token_amount, debit_seq bigint,
    debit_balance sto.token_amount, debit_held sto.token_amount, credit_seq bigint, credit_balance sto.token_amount,
    credit_held sto.token_amount, key_policy bigint, rule_set bigint, authority_event bigint, valid_until
    timestamptz, hold_id bigint, release_after timestamptz, undoes bigint, token_id uuid, ordering_party uuid,
    order_id uuid, posted_by uuid, group_id uuid, notary uuid, debit_wallet sto.wallet_address, credit_wallet
    sto.wallet_address, debit_prev sto.digest, credit_prev sto.digest, condition_hash sto.digest, instruction_hash
    sto.digest, attachment_hash sto.digest, leaf_hash sto.digest, keep_rest boolean, checked_once boolean, kind text, purpose text,
    reference text, preimage bytea, signatures bytea, ledger_id uuid, key bytea, debit_salt sto.digest,
    debit_issuance boolean, credit_salt sto.digest, credit_issuance boolean, hold_rest sto.token_amount) (
    SFUNC = sto.verify_entries_add, STYPE = internal, SSPACE = 200, FINALFUNC = sto.verify_entries_final,
    COMBINEFUNC = sto.verify_entries_combine, SERIALFUNC = sto.verify_entries_serialize,
    DESERIALFUNC = sto.verify_entries_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE sto.verify_entries(
    bigint, timestamptz, timestamptz, sto.token_amount, bigint, sto.token_amount, sto.token_amount, bigint,
    sto.token_amount, sto.token_amount, bigint, bigint, bigint, timestamptz, bigint, timestamptz, bigint, uuid,
    uuid, uuid, uuid, uuid, uuid, sto.wallet_address, sto.wallet_address, sto.digest, sto.digest, sto.digest,
    sto.digest, sto.digest, sto.digest, boolean, boolean, text, text, text, bytea, bytea, uuid, bytea, sto.digest, boolean,
    sto.digest, boolean, sto.token_amount) IS
    'leaves, balances and links of entries in one pass, in any order; the result is read by sto.verify_log';

CREATE FUNCTION sto.state_hash(key bytea, wallet sto.wallet_address, token_id uuid, seq bigint, head sto.digest,
                               balance sto.token_amount, held sto.token_amount) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_state_hash_sql';
CREATE FUNCTION sto.wrapping_add(bigint, bigint) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sto_wrapping_add';
CREATE AGGREGATE sto.wrapping_sum(bigint) (
    SFUNC = sto.wrapping_add, STYPE = bigint, COMBINEFUNC = sto.wrapping_add, INITCOND = '0', PARALLEL = SAFE);
COMMENT ON AGGREGATE sto.wrapping_sum(bigint) IS 'sum modulo 2^64, of keyed hashes';

-- The sides of every entry, for the sorted pass that finds where a chain breaks.
CREATE VIEW sto.entry_side AS
SELECT e.entry_id, e.kind, e.debit_wallet AS wallet, e.token_id, e.debit_seq AS seq, e.debit_balance AS balance,
       e.debit_held AS held, e.debit_prev AS prev, e.leaf_hash, e.posted_at,
       CASE WHEN e.kind IN ('hold', 'release') THEN 0 ELSE -e.amount END AS balance_change,
       CASE e.kind WHEN 'hold' THEN e.amount WHEN 'release' THEN -e.amount
                   WHEN 'post' THEN CASE WHEN e.keep_rest THEN -e.amount END WHEN 'force' THEN NULL WHEN 'recover' THEN NULL ELSE 0 END AS held_change
  FROM ONLY sto.transfer e WHERE e.debit_seq IS NOT NULL
UNION ALL
SELECT e.entry_id, e.kind, e.credit_wallet, e.token_id, e.credit_seq, e.credit_balance, e.credit_held, e.credit_prev,
       e.leaf_hash, e.posted_at, e.amount, CASE WHEN e.kind <> 'recover' THEN 0 END
  FROM ONLY sto.transfer e WHERE e.credit_seq IS NOT NULL;
COMMENT ON VIEW sto.entry_side IS
    'each position that an entry moved, and by how much; held_change is null where it takes the rest of a hold, breaks holds or takes them along';

CREATE FUNCTION sto.first_broken_link(OUT entry_id bigint, OUT broken bigint, OUT reason text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH chain AS (
        SELECT s.*, lag(s.seq) OVER w AS seq_before, lag(s.leaf_hash) OVER w AS leaf_before,
               lag(s.balance) OVER w AS balance_before, lag(s.held) OVER w AS held_before,
               lead(s.seq) OVER w IS NULL AS is_last
          FROM sto.entry_side s
        WINDOW w AS (PARTITION BY s.wallet, s.token_id ORDER BY s.seq, s.entry_id)),
    fault AS (
        SELECT c.entry_id, CASE
               WHEN c.seq <> coalesce(c.seq_before, 0) + 1 THEN 'a gap in a position''s sequence before it'
               WHEN c.prev IS DISTINCT FROM c.leaf_before THEN 'it does not link to the entry before'
               WHEN c.balance - c.balance_change <> coalesce(c.balance_before, 0)
                 THEN 'its balance does not follow from the entry before'
               ELSE 'its held amount does not follow from the entry before' END AS reason
          FROM chain c
         WHERE c.seq <> coalesce(c.seq_before, 0) + 1 OR c.prev IS DISTINCT FROM c.leaf_before
            OR c.balance - c.balance_change <> coalesce(c.balance_before, 0)
            OR c.held - c.held_change <> coalesce(c.held_before, 0)
        UNION ALL
        SELECT coalesce(c.entry_id, 0), 'a position differs from its last entry'
          FROM (SELECT * FROM chain x WHERE x.is_last) c
          FULL JOIN (SELECT * FROM sto.position y WHERE y.seq > 0 OR y.balance <> 0 OR y.held <> 0) p
               ON p.wallet = c.wallet AND p.token_id = c.token_id
         WHERE (p.seq, p.balance, p.held, p.head) IS DISTINCT FROM (c.seq, c.balance, c.held, c.leaf_hash))
    SELECT f.entry_id, count(*) OVER (), f.reason FROM fault f ORDER BY f.entry_id LIMIT 1;
END;
COMMENT ON FUNCTION sto.first_broken_link() IS 'where the chains of entries first break, by a sorted pass; no row if nowhere';

-- A post that doesn't keep the rest takes all that was left of its hold: what that was, from the log.  An enforced entry
-- takes what its case breaks.
CREATE VIEW sto.hold_rest AS
SELECT x.entry_id, x.hold_id, x.rest
  FROM (SELECT u.entry_id, u.hold_id, u.kind,
               h.amount - coalesce(sum(u.amount) OVER (PARTITION BY u.hold_id ORDER BY u.entry_id
                                                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS rest
          FROM sto.hold_use u
          JOIN ONLY sto.transfer h ON h.entry_id = u.hold_id AND h.kind = 'hold') x
 WHERE x.kind IN ('post', 'release')
UNION ALL
SELECT c.entry_id, NULL, sum(c.amount) FROM sto.case_effect() c GROUP BY c.entry_id
UNION ALL
SELECT t.entry_id, NULL, CASE WHEN p.debit_wallet = t.debit_wallet THEN p.debit_held ELSE p.credit_held END
  FROM ONLY sto.transfer t JOIN ONLY sto.transfer p ON p.leaf_hash = t.debit_prev WHERE t.kind = 'recover';
COMMENT ON VIEW sto.hold_rest IS
    'what was left of a hold before each post or release of it; what an enforced entry took out of holds, or along with the units';

CREATE FUNCTION sto.verify_log(leaves boolean DEFAULT true) RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    -- the join of keys and the sums fit in memory then; compiling the plan takes longer than it saves
    SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    key    bytea := uuid_send(gen_random_uuid());
    has_holds boolean := EXISTS (SELECT FROM sto.hold);
    pass   bigint[];
    heads  bigint;
    broken record;
BEGIN
    EXECUTE format($query$
        SELECT sto.verify_entries(
            t.entry_id, t.received_at, t.posted_at, t.amount, t.debit_seq, t.debit_balance, t.debit_held,
            t.credit_seq, t.credit_balance, t.credit_held, t.key_policy, t.rule_set, t.authority_event,
            t.valid_until, t.hold_id, t.release_after, t.undoes, t.token_id, t.ordering_party, t.order_id,
            t.posted_by, t.group_id, t.notary, t.debit_wallet, t.credit_wallet, t.debit_prev, t.credit_prev,
            t.condition_hash, t.instruction_hash, t.attachment_hash, t.leaf_hash, t.keep_rest, t.checked_once, t.kind, t.purpose,
            t.reference, t.preimage, t.signatures,
            $1, $2, d.salt, d.kind = 'issuance', c.salt, c.kind = 'issuance', %s)
          FROM ONLY sto.transfer t
          LEFT JOIN sto.wallet d ON d.address = t.debit_wallet AND d.registered < t.entry_id
          LEFT JOIN sto.wallet c ON c.address = t.credit_wallet AND c.registered < t.entry_id %s $query$,
        CASE WHEN has_holds THEN 'r.rest' ELSE 'NULL' END,
        CASE WHEN has_holds THEN 'LEFT JOIN sto.hold_rest r ON r.entry_id = t.entry_id' END)
       INTO pass USING CASE WHEN leaves THEN coalesce(sto.ledger_id(), '00000000-0000-0000-0000-000000000000') END, key;
    EXECUTE 'SELECT sto.wrapping_sum(sto.state_hash($1, wallet, token_id, seq, head, balance, held))
               FROM sto.position WHERE seq > 0' INTO heads USING key;

    IF leaves OR pass[2] > 0 THEN
        RETURN NEXT ROW('entry_leaves', 'sto.transfer', pass[1], pass[2] = 0, nullif(pass[3], 0),
        CASE WHEN pass[2] > 0 THEN format('%s entries are not what their leaf_hash covers', pass[2]) END)::sto.verification;
    END IF;
    RETURN NEXT ROW('entry_balances', 'sto.transfer', pass[1], pass[4] = 0, nullif(pass[5], 0),
        CASE WHEN pass[4] > 0 THEN format('%s entries are no order of their kind, or leave a balance or a hold that none can', pass[4]) END)::sto.verification;
    IF heads = pass[8] AND pass[6] = 0 THEN
        RETURN NEXT ROW('entry_links', 'sto.transfer', pass[1], true, NULL, NULL)::sto.verification;
    ELSE
        SELECT * INTO broken FROM sto.first_broken_link();
        RETURN NEXT ROW('entry_links', 'sto.transfer', pass[1], false, coalesce(broken.entry_id, nullif(pass[7], 0)),
            format('%s links broken; the first: %s', coalesce(broken.broken, greatest(pass[6], 1)), coalesce(broken.reason,
                   'what leaves a hold does not follow from the entries before')))::sto.verification;
    END IF;
END $$;
COMMENT ON FUNCTION sto.verify_log(boolean) IS
    'leaves (unless told not to), balances and links of all entries, in one pass; a broken chain is then searched by a sorted one';
