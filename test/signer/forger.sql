-- What a superuser could do to the log if he took his time, for tests of what finds it.  After signer.sql and notes.sql;
-- the guards must be off, or maintenance begun.

-- Hash everything from this entry on anew, on both chains of each entry, and make the positions fit.  For transfers,
-- issues and redeems.
CREATE FUNCTION sto_test.rewrite(from_id bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    e sto.transfer;
    b record;
    n bigint := 0;
BEGIN
    FOR e IN SELECT * FROM sto.transfer WHERE entry_id >= from_id ORDER BY entry_id LOOP
        SELECT s.leaf_hash, s.balance INTO b FROM sto.entry_side AS s
         WHERE s.wallet = e.debit_wallet AND s.token_id = e.token_id AND s.seq = e.debit_seq - 1;
        e.debit_prev := b.leaf_hash;
        e.debit_balance := COALESCE(b.balance, 0) - e.amount;
        SELECT s.leaf_hash, s.balance INTO b FROM sto.entry_side AS s
         WHERE s.wallet = e.credit_wallet AND s.token_id = e.token_id AND s.seq = e.credit_seq - 1;
        e.credit_prev := b.leaf_hash;
        e.credit_balance := COALESCE(b.balance, 0) + e.amount;
        e.leaf_hash := sto.entry_leaf(e, sto_test.ledger_id(), (SELECT salt FROM sto.wallet WHERE address = e.debit_wallet),
                                      (SELECT salt FROM sto.wallet WHERE address = e.credit_wallet));
        UPDATE sto.transfer SET debit_prev = e.debit_prev, debit_balance = e.debit_balance, credit_prev = e.credit_prev,
               credit_balance = e.credit_balance, leaf_hash = e.leaf_hash WHERE entry_id = e.entry_id;
        n := n + 1;
    END LOOP;
    PERFORM sto_test.mend_positions();
    RETURN n;
END $$;

-- Positions as their last entries leave them.
CREATE FUNCTION sto_test.mend_positions() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sto.position AS p SET balance = s.balance, held = s.held, seq = s.seq, head = s.leaf_hash, posted_at = s.posted_at
      FROM (SELECT DISTINCT ON (wallet, token_id) * FROM sto.entry_side ORDER BY wallet, token_id, seq DESC) AS s
     WHERE s.wallet = p.wallet AND s.token_id = p.token_id AND p.head IS DISTINCT FROM s.leaf_hash;
    CREATE TEMPORARY TABLE gone AS
    SELECT x.wallet, x.token_id, x.seq, sum(x.amount) OVER (PARTITION BY x.wallet, x.token_id ORDER BY x.seq) AS outflow
      FROM (SELECT t.debit_wallet AS wallet, t.token_id, t.debit_seq AS seq,
                   CASE WHEN t.kind = 'issue' OR t.kind IN ('transfer', 'post') AND d.party_id <> c.party_id THEN t.amount ELSE '0' END AS amount
              FROM sto.transfer AS t JOIN sto.wallet AS d ON d.address = t.debit_wallet LEFT JOIN sto.wallet AS c ON c.address = t.credit_wallet
            UNION ALL
            SELECT t.credit_wallet, t.token_id, t.credit_seq, '0' FROM sto.transfer AS t WHERE t.credit_seq IS NOT NULL) AS x;
    UPDATE sto.position AS p SET outflow = g.outflow FROM gone AS g
     WHERE g.wallet = p.wallet AND g.token_id = p.token_id AND g.seq = p.seq AND p.outflow <> g.outflow;
    UPDATE sto.flow AS f SET outflow = g.outflow FROM gone AS g
     WHERE g.wallet = f.wallet AND g.token_id = f.token_id AND g.seq = f.seq AND f.outflow <> g.outflow;
    DROP TABLE gone;
END $$;

-- An event that was altered follows its subject's last, is signed by its actor's keys and hashed anew; then the heads of all
-- subjects as their events leave them.  For the last event of its subject.
CREATE FUNCTION sto_test.sign_event(id bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    e sto.event;
BEGIN
    SELECT * INTO e FROM sto.event WHERE entry_id = id;
    e.prev_hash := (SELECT b.leaf_hash FROM sto.event AS b WHERE b.subject = e.subject AND b.entry_id < id ORDER BY b.entry_id DESC LIMIT 1);
    e.signatures := sto_test.signatures(sto_test.tag('sto.act') || uuid_send(sto_test.ledger_id()) || sto_test.text8(e.kind) || uuid_send(e.subject)
        || uuid_send(e.actor) || sto_test.opt(e.prev_hash::bytea) || sto_test.text32(e.body::text), (SELECT k.seeds FROM sto_test.keyring AS k WHERE k.subject = e.actor));
    e.leaf_hash := sto.event_leaf(sto_test.ledger_id(), e.entry_id, e.prev_hash, e.kind, e.subject, e.actor, e.body, e.signatures, e.recorded_at);
    UPDATE sto.event SET prev_hash = e.prev_hash, signatures = e.signatures, leaf_hash = e.leaf_hash WHERE entry_id = id;
    UPDATE sto.subject AS s SET last_event = l.entry_id, recorded_at = l.recorded_at, head = l.leaf_hash
      FROM (SELECT DISTINCT ON (subject) * FROM sto.event ORDER BY subject, entry_id DESC) AS l
     WHERE l.subject = s.subject AND s.head <> l.leaf_hash;
    RETURN id;
END $$;

-- The tree forgotten, with all that was signed over it; CALL sto.seal() then makes another.
CREATE FUNCTION sto_test.forget_tree() RETURNS void LANGUAGE sql AS $$
    DELETE FROM sto.cosignature;
    DELETE FROM sto.time_stamp;
    DELETE FROM sto.checkpoint;
    DELETE FROM sto.block;
    DELETE FROM sto.tile;
$$;

-- Another value of this column's type, as text.
CREATE FUNCTION sto_test.other_value(attribute pg_attribute, old text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    type  text := attribute.atttypid::regtype::text;
    delta bigint := (1 + floor(random() * 1000))::bigint * CASE WHEN random() < 0.5 THEN -1 ELSE 1 END;
BEGIN
    IF old IS NOT NULL AND NOT attribute.attnotnull AND random() < 0.25 THEN
        RETURN NULL;
    END IF;
    RETURN CASE type
        WHEN 'bigint' THEN (COALESCE(old, '0')::bigint + delta)::text
        WHEN 'smallint' THEN (COALESCE(old, '0')::bigint + 1 + abs(delta) % 9)::text
        WHEN 'sto.token_amount' THEN (COALESCE(old, '0')::numeric + delta)::text
        WHEN 'timestamp with time zone' THEN (COALESCE(old, '2030-01-01')::timestamptz + delta * interval '1 microsecond')::text
        WHEN 'uuid' THEN md5(random()::text)::uuid::text
        WHEN 'sto.digest' THEN encode(sha256(random()::text::bytea), 'hex')
        WHEN 'sto.wallet_address' THEN (SELECT w.address::text FROM sto.wallet AS w WHERE w.address::text IS DISTINCT FROM old
                                         ORDER BY md5(w.address::text || random()) LIMIT 1)
        WHEN 'boolean' THEN (NOT COALESCE(old, 'false')::boolean)::text
        WHEN 'bytea' THEN (SELECT CASE WHEN old IS NULL OR length(old) < 4 THEN sha256(random()::text::bytea)
                                       ELSE set_byte(old::bytea, at, get_byte(old::bytea, at) # (1 + floor(random() * 255))::int) END::text
                             FROM (SELECT floor(random() * GREATEST(length(COALESCE(old, '')::bytea), 1))::int) AS x (at))
        WHEN 'json' THEN CASE WHEN random() < 0.5 THEN old || ' '
                              ELSE COALESCE(regexp_replace(old, '[0-9]', (9 - substring(old, '[0-9]')::int)::text), old || ' ') END
        WHEN 'text' THEN (SELECT v FROM unnest('{issue,redeem,transfer,hold,post,release,pledge,settlement,token,keys,x,""}'::text[]) AS v
                           WHERE v IS DISTINCT FROM old ORDER BY md5(v || random()) LIMIT 1) END;
END $$;

-- Single changes to sealed rows and to what seals them, one after another, each undone: column after column in turn, of a
-- row and to a value by chance.  noticed: the checks of sto.verify() that fail, with the first bad entry; null if none does.
CREATE FUNCTION sto_test.tamper_run(seed double precision, changes int)
    RETURNS TABLE (n int, "table" text, "column" text, entry bigint, noticed text) LANGUAGE plpgsql AS $$
DECLARE
    sealed  bigint := (SELECT max(last_id) FROM sto.block);
    targets pg_attribute[] := ARRAY(SELECT a FROM pg_attribute AS a
                                     WHERE a.attrelid IN ('sto.transfer'::regclass, 'sto.event'::regclass, 'sto.tile'::regclass, 'sto.block'::regclass)
                                       AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum);
    target  pg_attribute;
    id      text;
    place   tid;
    old     text;
    new     text;
BEGIN
    PERFORM setseed(seed);
    n := 0;
    WHILE n < changes LOOP
        target := targets[1 + n % cardinality(targets)];
        "table" := target.attrelid::regclass::text;
        "column" := target.attname;
        id := CASE "table" WHEN 'sto.block' THEN 'last_id' WHEN 'sto.tile' THEN 'COALESCE(first_id, 0)' ELSE 'entry_id' END;
        EXECUTE format('SELECT ctid, %s, %I::text FROM %s WHERE %s <= $1 ORDER BY md5(ctid::text || $2) LIMIT 1', id, "column", "table", id)
           INTO place, entry, old USING sealed, random();
        new := sto_test.other_value(target, old);
        -- nothing but the order of the blocks says when they were sealed
        IF "table" = 'sto.block' AND "column" = 'sealed_at' THEN
            new := CASE WHEN entry = sealed THEN '2000-01-01' ELSE '2100-01-01' END;
        END IF;
        CONTINUE WHEN new IS NOT DISTINCT FROM old;
        BEGIN
            PERFORM sto.begin_maintenance('a test');
            EXECUTE format('UPDATE %s SET %I = $1::%s WHERE ctid = $2', "table", "column", target.atttypid::regtype) USING new, place;
            SELECT string_agg(concat_ws(' ', v.check_name, v.first_bad), ', ') INTO noticed
              FROM sto.verify(checks => '{log,events,blocks}') AS v WHERE NOT v.ok;
            RAISE EXCEPTION USING ERRCODE = 'ZZ001', MESSAGE = COALESCE(noticed, '');
        EXCEPTION
            WHEN SQLSTATE 'ZZ001' THEN noticed := nullif(SQLERRM, '');
            WHEN unique_violation OR invalid_text_representation THEN CONTINUE;  -- no such row can be stored
        END;
        n := n + 1;
        RETURN NEXT;
    END LOOP;
END $$;
