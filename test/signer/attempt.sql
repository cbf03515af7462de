-- One operation of test/long/properties.py, and what came of it.  After signer.sql.

-- Reads amounts that are no multiple of 13: a custom rule that anybody can compute.
CREATE FUNCTION public.unlucky(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address, debit_party uuid,
                               credit_party uuid, amount sto.token_amount, posted_at timestamptz) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'SELECT ''unlucky'' WHERE mod(amount::numeric, 13) = 0';

-- An order with its columns as they are, and "seeds" that sign it, if any.
CREATE FUNCTION sto_test.signed(o jsonb) RETURNS sto.order LANGUAGE plpgsql AS $$
DECLARE
    made sto.transfer;
BEGIN
    IF NOT o ? 'seeds' THEN
        RETURN jsonb_populate_record(NULL::sto.order, o);
    END IF;
    made := jsonb_populate_record(NULL::sto.transfer, o);
    RETURN jsonb_populate_record(NULL::sto.order, o || jsonb_build_object('signatures',
        sto_test.signatures(sto_test.order_message(made), ARRAY(SELECT s::int FROM jsonb_array_elements_text(o -> 'seeds') AS e (s)))));
END $$;

-- Of a list of orders, what a batch states (docs/format.md, "Order").
CREATE FUNCTION sto_test.list_hash(orders jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT encode(sha256(string_agg(sto_test.order_message(jsonb_populate_record(NULL::sto.transfer, o)), ''::bytea ORDER BY n)), 'hex')
      FROM jsonb_array_elements(orders) WITH ORDINALITY AS e (o, n)
$$;

CREATE FUNCTION sto_test.now() RETURNS bigint LANGUAGE sql AS $$ SELECT sto_test.micros(clock_timestamp()) $$;

-- Some orders, and what they were refused with: SQLSTATE, text, codes of all reasons if they were asked for.
-- how: insert (one statement), submit.  asked: a dry run of the first one before.  undo: all of it is rolled back.
CREATE FUNCTION sto_test.attempt(orders jsonb, how text, asked boolean, undo boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    made    sto.order[] := ARRAY(SELECT sto_test.signed(o) FROM jsonb_array_elements(orders) WITH ORDINALITY AS e (o, n) ORDER BY n);
    began   bigint := sto_test.now();
    dry     jsonb;
    answers jsonb;
    refusal jsonb;
    message text;
    detail  text;
BEGIN
    IF asked THEN
        dry := (SELECT COALESCE(jsonb_agg(r -> 'code'), '[]') FROM jsonb_array_elements(sto.check_order_json(made[1]) -> 'reasons') AS r);
    END IF;
    BEGIN
        IF how = 'submit' THEN
            SELECT jsonb_agg(jsonb_build_object('result', s.result, 'entry', s.entry_id, 'state', s.state, 'message', s.message, 'recorded', s.recorded,
                       'codes', (SELECT jsonb_agg(r -> 'code') FROM jsonb_array_elements(s.reasons) AS r)) ORDER BY s.ordinal)
              INTO answers FROM sto.submit(made) AS s;
            -- a snapshot that sees them
            answers := (SELECT jsonb_agg(a || jsonb_build_object('at', (SELECT sto_test.micros(t.posted_at) FROM sto.transfer AS t
                                                                         WHERE t.entry_id = (a ->> 'entry')::bigint)) ORDER BY n)
                          FROM jsonb_array_elements(answers) WITH ORDINALITY AS e (a, n));
        ELSE
            WITH x AS (
                INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, valid_until, reference,
                       hold_id, purpose, notary, release_after, condition_hash, instruction_hash, preimage, keep_rest, checked_once,
                       attachment_hash, group_id, undoes, authority_event, signatures)
                SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id, o.valid_until, o.reference,
                       o.hold_id, o.purpose, o.notary, o.release_after, o.condition_hash, o.instruction_hash, o.preimage, o.keep_rest, o.checked_once,
                       o.attachment_hash, o.group_id, o.undoes, o.authority_event, o.signatures
                  FROM unnest(made) AS o RETURNING entry_id, order_id, posted_at)
            SELECT COALESCE(jsonb_agg(jsonb_build_object('entry', entry_id, 'order', order_id, 'at', sto_test.micros(posted_at))), '[]') INTO answers FROM x;
        END IF;
        IF undo THEN
            RAISE SQLSTATE 'ZZ001';
        END IF;
    EXCEPTION WHEN OTHERS THEN
        IF SQLSTATE <> 'ZZ001' THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
            refusal := jsonb_build_object('state', SQLSTATE, 'message', message, 'detail', detail);
        END IF;
    END;
    RETURN jsonb_build_object('began', began, 'ended', sto_test.now(), 'dry', dry, 'answers', answers, 'refusal', refusal);
END $$;

-- An act: a call of a function of signer.sql.
CREATE FUNCTION sto_test.act(call text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    began   bigint := sto_test.now();
    id      text;
    message text;
    detail  text;
BEGIN
    EXECUTE 'SELECT ' || call INTO id;
    RETURN jsonb_build_object('began', began, 'ended', sto_test.now(), 'entry', id,
        'at', (SELECT sto_test.micros(e.recorded_at) FROM sto.event AS e WHERE e.entry_id::text = id));
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN jsonb_build_object('began', began, 'ended', sto_test.now(), 'refusal',
        jsonb_build_object('state', SQLSTATE, 'message', message, 'detail', detail));
END $$;

-- The state that a model has too, of these tokens.
CREATE FUNCTION sto_test.state(tokens uuid[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object(
        'positions', (SELECT jsonb_agg(jsonb_build_array(p.wallet, p.token_id, p.balance::text, p.held::text, p.seq)) FROM sto.position AS p
                       WHERE p.token_id = ANY (tokens)),
        'holds', (SELECT jsonb_agg(jsonb_build_array(h.hold_id, h.remaining::text, h.wallet)) FROM sto.hold AS h WHERE h.token_id = ANY (tokens) AND h.remaining > '0'),
        'approvals', (SELECT jsonb_agg(jsonb_build_array(a.approval, a.uses_left)) FROM sto.transfer_approval AS a WHERE a.token_id = ANY (tokens)),
        'overrides', (SELECT jsonb_agg(jsonb_build_array(o.entry_id, o.code)) FROM sto.override AS o),
        'attachments', (SELECT jsonb_agg(jsonb_build_array(a.attachment, a.remaining::text)) FROM sto.attachment AS a),
        'owners', (SELECT jsonb_agg(jsonb_build_array(o.wallet, o.token_id, o.party_id, o.units::text)) FROM sto.look_through_owner AS o),
        'barred', (SELECT jsonb_agg(jsonb_build_array(w.address, w.successor)) FROM sto.wallet AS w WHERE w.barred IS NOT NULL),
        'members', (SELECT jsonb_agg(jsonb_build_array(p.party_id, p.members, p.nominee)) FROM sto.party_members AS p),
        'keys', (SELECT jsonb_agg(jsonb_build_array(k.address, k.keys)) FROM (SELECT w.address, count(*) AS keys FROM sto.wallet AS w
                  JOIN sto.key AS k ON k.subject = w.wallet_id WHERE k.retired IS NULL GROUP BY 1) AS k),
        'refusals', (SELECT jsonb_agg(r.refusal) FROM sto.refusal AS r),
        'proposals', (SELECT jsonb_agg(jsonb_build_array(p.opened, p.used_by)) FROM sto.proposal AS p),
        'terms', (SELECT jsonb_agg(jsonb_build_array(t.token_id, t.redeem_terms, t.redeem_token, t.redeem_price::text, t.redeem_per::text)) FROM sto.token AS t
                   WHERE t.token_id = ANY (tokens) AND t.redeem_terms IS NOT NULL),
        'holdings', (SELECT jsonb_agg(jsonb_build_array(h.party_id, h.token_id, h.total::text)) FROM sto.holding AS h WHERE h.token_id = ANY (tokens)),
        'groups', (SELECT jsonb_agg(jsonb_build_array(g.token_id, g.by, g.value, g.holders, g.units::text)) FROM sto.holder_group AS g
                    WHERE g.token_id = ANY (tokens)),
        'holders', (SELECT jsonb_agg(jsonb_build_array(h.token_id, h.party_id, h.sum)) FROM
                    (SELECT h.token_id, h.party_id, sum(h.balance)::text FROM sto.holder AS h WHERE h.token_id = ANY (tokens) GROUP BY 1, 2) AS h))
$$;
