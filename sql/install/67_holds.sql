-- Holds: what has expired, and its release.

CREATE FUNCTION sto.release_expired(token uuid, most integer) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_release_expired' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION sto.release_expired(uuid, integer) IS
    'sto.sweep_expired for a token''s uuid; null: of every token';

CREATE FUNCTION sto.sweep_expired(token text DEFAULT NULL, most integer DEFAULT 1000) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT sto.release_expired((SELECT t.token_id FROM sto.find_token(sweep_expired.token) t), sweep_expired.most);
END;
COMMENT ON FUNCTION sto.sweep_expired(text, integer) IS
    'post a release for each hold that is open past its release_after, the oldest expiry first; how many there were';

-- A vesting schedule is lots: one lock-up for each step.  What has vested at a time is amount x (time - starts) / (ends - starts),
-- rounded down; nothing before the cliff, all at the end.  Steps are counted in UTC, whatever the session's time zone.
CREATE FUNCTION sto.vesting_lots(
    amount sto.token_amount, starts timestamptz, cliff timestamptz, ends timestamptz, step interval)
    RETURNS TABLE (lot integer, release_after timestamptz, units sto.token_amount)
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most    CONSTANT integer := 10000;
    origin  CONSTANT timestamp := starts AT TIME ZONE 'UTC';
    length  CONSTANT numeric := sto.to_micros(ends) - sto.to_micros(starts);
    vested  numeric := 0;
    before  numeric := 0;
    place   integer := 0;
BEGIN
    IF amount <= '0' THEN
        RAISE EXCEPTION 'the amount that vests must be positive' USING ERRCODE = '22023';
    ELSIF starts >= ends OR cliff < starts OR cliff > ends THEN
        RAISE EXCEPTION 'a vesting schedule begins before it ends, with its cliff between' USING ERRCODE = '22023',
            DETAIL = format('It starts %s, its cliff is %s, it ends %s.', starts, cliff, ends);
    -- so many steps of 28 years end beyond every time that there is
    ELSIF origin + step <= origin OR step < interval '28 years' AND origin + step * most < ends AT TIME ZONE 'UTC' THEN
        RAISE EXCEPTION 'the step of a vesting schedule is too short' USING ERRCODE = '22023',
            HINT = format('A schedule has at most %s steps.', most);
    END IF;
    lot := 0;
    release_after := cliff;
    WHILE before < amount::numeric LOOP
        vested := CASE WHEN release_after >= ends THEN amount::numeric
                       ELSE div(amount::numeric * (sto.to_micros(release_after) - sto.to_micros(starts)), length) END;
        IF vested > before THEN
            lot := lot + 1;
            units := (vested - before)::sto.token_amount;
            before := vested;
            RETURN NEXT;
        END IF;
        -- the first step after the time just done; the end, if that comes first
        LOOP
            place := place + 1;
            EXIT WHEN (origin + step * place) AT TIME ZONE 'UTC' > release_after;
        END LOOP;
        release_after := least((origin + step * place) AT TIME ZONE 'UTC', ends);
    END LOOP;
END $$;
COMMENT ON FUNCTION sto.vesting_lots(sto.token_amount, timestamptz, timestamptz, timestamptz, interval) IS
    'lots of a linear vesting schedule: nothing before the cliff, all at the end; the units add up to the amount';

-- The orders of an issue that vests: the issue, then a lock-up for each lot.  Whoever signs works them out with the same
-- arguments; their ids follow from the group's, so that repeating them is harmless.  Lots that are due by as_of are not locked.
CREATE FUNCTION sto.vested_orders(
    token text, credit_wallet sto.wallet_address, amount numeric, starts timestamptz, cliff timestamptz,
    ends timestamptz, step interval, group_id uuid, reference text DEFAULT NULL, as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (lot integer, kind text, order_id uuid, ordering_party uuid, token_id uuid,
                   debit_wallet sto.wallet_address, receiver sto.wallet_address, units sto.token_amount,
                   purpose text, release_after timestamptz, message bytea)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT o.lot, o.kind, o.order_id, t.issuer, t.token_id, o.debit_wallet, o.receiver, o.units, o.purpose, o.release_after,
           sto.order_message(sto.ledger_id(), o.kind, o.order_id, t.issuer, t.token_id, o.units, o.debit_wallet, o.receiver,
                             reference => vested_orders.reference, purpose => o.purpose, release_after => o.release_after,
                             group_id => vested_orders.group_id)
      FROM sto.find_token(vested_orders.token) t,
           LATERAL (SELECT 0, 'issue', vested_orders.group_id, t.issuance, vested_orders.credit_wallet,
                           sto.to_units(vested_orders.amount, t.decimals), NULL::text, NULL::timestamptz
                    UNION ALL
                    SELECT l.lot, 'hold',
                           -- the group's id and the lot's number, hashed into a uuid of version 8 (RFC 9562 5.8)
                           encode(set_byte(set_byte(h.octets, 6, get_byte(h.octets, 6) & 15 | 128),
                                           8, get_byte(h.octets, 8) & 63 | 128), 'hex')::uuid,
                           vested_orders.credit_wallet, NULL, l.units, 'lock_up', l.release_after
                      FROM sto.vesting_lots(sto.to_units(vested_orders.amount, t.decimals), vested_orders.starts,
                                            vested_orders.cliff, vested_orders.ends, vested_orders.step) l,
                           LATERAL (SELECT substr(sha256(uuid_send(vested_orders.group_id) || int4send(l.lot)), 1, 16)) h (octets)
                     WHERE vested_orders.as_of IS NULL OR l.release_after > vested_orders.as_of)
           o (lot, kind, order_id, debit_wallet, receiver, units, purpose, release_after)
     ORDER BY o.lot;
END;
COMMENT ON FUNCTION sto.vested_orders(
    text, sto.wallet_address, numeric, timestamptz, timestamptz, timestamptz, interval, uuid, text, timestamptz) IS
    'the orders that sto.issue_vested posts with the same arguments, lot 0 the issue, each with the message to sign';

CREATE FUNCTION sto.issue_vested(
    token text, credit_wallet sto.wallet_address, amount numeric, starts timestamptz, cliff timestamptz,
    ends timestamptz, step interval, group_id uuid, signatures bytea[] DEFAULT NULL,
    authority_event bigint DEFAULT NULL, reference text DEFAULT NULL, as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (lot integer, entry_id bigint, release_after timestamptz, units sto.token_amount)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, reference,
                              purpose, release_after, group_id, signatures, authority_event)
    SELECT o.kind, o.token_id, o.debit_wallet, o.receiver, o.units, o.ordering_party, o.order_id, reference, o.purpose,
           o.release_after, group_id, signatures[row_number() OVER (ORDER BY o.lot)], authority_event
      FROM sto.vested_orders(token, credit_wallet, amount, starts, cliff, ends, step, group_id, reference, as_of) o
     ORDER BY o.lot;
    RETURN QUERY
    SELECT o.lot, e.entry_id, o.release_after, o.units
      FROM sto.vested_orders(token, credit_wallet, amount, starts, cliff, ends, step, group_id, reference, as_of) o,
           sto.entry_of_order(o.ordering_party, o.order_id) e
     ORDER BY o.lot;
END $$;
COMMENT ON FUNCTION sto.issue_vested(
    text, sto.wallet_address, numeric, timestamptz, timestamptz, timestamptz, interval, uuid, bytea[], bigint, text, timestamptz) IS
    'issue and lock up in lots, in one statement: each order signed by the issuer''s quorum, or all by one batch event';
