-- Random orders against a model, after signer.sql and invariants.sql: whatever is tried, in savepoints or not, good or
-- bad, the ledger must end where the model does.
--     SELECT * FROM sto_test.play(0.5, 400);

CREATE TABLE sto_test.model (wallet text PRIMARY KEY, balance numeric NOT NULL, held numeric NOT NULL);
CREATE TABLE sto_test.model_hold (hold_id bigint PRIMARY KEY, wallet text NOT NULL, beneficiary text NOT NULL, remaining numeric NOT NULL);

-- Wallets r1 to r6 of six parties, token RND; key of rN is 600 + N.
CREATE FUNCTION sto_test.begin_play() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.token('RND', 'acme');
    INSERT INTO sto_test.model VALUES ('RND', 0, 0);
    FOR n IN 1 .. 6 LOOP
        PERFORM sto_test.party('r' || n || ' party', NULL, 'natural');
        PERFORM sto_test.wallet('r' || n, 'r' || n || ' party', ARRAY[600 + n]);
        INSERT INTO sto_test.model VALUES ('r' || n, 0, 0);
    END LOOP;
END $$;

-- One random act; true if the model says that it must be taken.  The model moves with it, so both are rolled back together.
CREATE FUNCTION sto_test.random_act() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    a      text := 'r' || 1 + floor(random() * 6);
    b      text := 'r' || 1 + floor(random() * 6);
    amount numeric := 1 + floor(random() * 60);
    forged boolean := random() < 0.05;
    kind   text := (ARRAY['issue', 'redeem', 'transfer', 'transfer', 'transfer', 'hold', 'post', 'post', 'release'])[1 + floor(random() * 9)];
    keep   boolean := random() < 0.5;
    h      sto_test.model_hold;
    free   numeric;
    o      jsonb;
    seeds  int[];
    good   boolean;
    freed  numeric;
    id     bigint;
BEGIN
    SELECT m.balance - m.held INTO free FROM sto_test.model AS m WHERE m.wallet = a;
    seeds := sto_test.seeds_of(a);
    o := jsonb_build_object('kind', kind, 'token_id', 'RND', 'debit_wallet', a, 'credit_wallet', b, 'amount', amount, 'ordering_party', a || ' party');
    good := free >= amount;
    CASE kind
        WHEN 'issue' THEN
            o := o || jsonb_build_object('debit_wallet', 'RND', 'ordering_party', 'acme');
            seeds := '{10}';
            good := true;
        WHEN 'redeem' THEN
            o := o || '{"credit_wallet": "RND"}';
        WHEN 'transfer' THEN
            good := good AND a <> b;
        WHEN 'hold' THEN
            o := o || '{"purpose": "pledge"}';
            good := good AND a <> b;
        ELSE
            SELECT * INTO h FROM sto_test.model_hold ORDER BY random() LIMIT 1;
            IF h.hold_id IS NULL THEN
                RETURN;
            END IF;
            o := o || jsonb_build_object('debit_wallet', h.wallet, 'hold_id', h.hold_id, 'ordering_party', h.beneficiary || ' party',
                 'credit_wallet', CASE kind WHEN 'post' THEN h.beneficiary END);
            IF kind = 'post' THEN
                o := o || jsonb_build_object('keep_rest', keep);
            END IF;
            seeds := sto_test.seeds_of(h.beneficiary);
            good := amount <= h.remaining;
            freed := CASE WHEN kind = 'post' AND NOT keep THEN h.remaining ELSE amount END;
    END CASE;
    IF forged THEN
        seeds := ARRAY[699];
        good := false;
    END IF;

    BEGIN
        id := sto_test.post(o, seeds);
        IF NOT good THEN
            RAISE EXCEPTION 'taken, but the model refuses: %', o USING ERRCODE = 'assert_failure';
        END IF;
        CASE kind
            WHEN 'issue' THEN
                UPDATE sto_test.model AS m SET balance = m.balance + CASE m.wallet WHEN b THEN amount ELSE -amount END WHERE m.wallet IN ('RND', b);
            WHEN 'redeem' THEN
                UPDATE sto_test.model AS m SET balance = m.balance + CASE m.wallet WHEN a THEN -amount ELSE amount END WHERE m.wallet IN ('RND', a);
            WHEN 'transfer' THEN
                UPDATE sto_test.model AS m SET balance = m.balance + CASE m.wallet WHEN a THEN -amount ELSE amount END WHERE m.wallet IN (a, b);
            WHEN 'hold' THEN
                UPDATE sto_test.model AS m SET held = m.held + amount WHERE m.wallet = a;
                INSERT INTO sto_test.model_hold VALUES (id, a, b, amount);
            ELSE
                UPDATE sto_test.model AS m SET held = m.held - freed WHERE m.wallet = h.wallet;
                IF kind = 'post' THEN
                    UPDATE sto_test.model AS m SET balance = m.balance + CASE m.wallet WHEN h.wallet THEN -amount ELSE amount END
                     WHERE m.wallet IN (h.wallet, h.beneficiary);
                END IF;
                UPDATE sto_test.model_hold AS m SET remaining = m.remaining - freed WHERE m.hold_id = h.hold_id;
        END CASE;
    EXCEPTION WHEN assert_failure THEN
        RAISE;
    WHEN OTHERS THEN
        IF good THEN
            RAISE EXCEPTION 'refused (%), but the model takes: %', SQLERRM, o USING ERRCODE = 'assert_failure';
        END IF;
    END;
END $$;

-- Acts in a random tree of savepoints, some rolled back.
CREATE FUNCTION sto_test.random_branch(depth int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 1 + floor(random() * 3) LOOP
        IF depth > 0 AND random() < 0.5 THEN
            BEGIN
                PERFORM sto_test.random_branch(depth - 1);
                IF random() < 0.4 THEN
                    RAISE EXCEPTION 'rolled back' USING ERRCODE = 'P0099';
                END IF;
            EXCEPTION WHEN SQLSTATE 'P0099' THEN NULL;
            END;
        ELSE
            PERFORM sto_test.random_act();
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION sto_test.play(seed float8, branches int) RETURNS TABLE (what text, result text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setseed(seed);
    FOR i IN 1 .. branches LOOP
        PERFORM sto_test.random_branch(3);
    END LOOP;
    RETURN QUERY SELECT 'positions differ from the model', count(*)::text
      FROM sto_test.model AS m LEFT JOIN sto.position AS p ON p.wallet = sto_test.address(m.wallet) AND p.token_id = sto_test.id('RND')
     WHERE (COALESCE(p.balance::numeric, 0), COALESCE(p.held::numeric, 0)) IS DISTINCT FROM (m.balance, m.held);
    RETURN QUERY SELECT 'holds differ from the model', count(*)::text
      FROM sto_test.model_hold AS m FULL JOIN (SELECT * FROM sto.hold WHERE token_id = sto_test.id('RND')) AS h ON h.hold_id = m.hold_id
     WHERE h.remaining::numeric IS DISTINCT FROM m.remaining;
END $$;
