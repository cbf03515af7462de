-- Who came to hold a large part of a token, and who no longer does.

-- Every change of what a party holds over all its wallets, by entries, and by look-through as rules count it: what a custodian
-- states of an omnibus wallet is its owners' and not its party's.  Moves between wallets of one party change nothing.
CREATE VIEW sto.holding_change WITH (security_barrier) AS
WITH moved AS (
    SELECT e.token_id, e.entry_id, e.posted_at, e.kind, s.party_id, s.change,
           CASE WHEN t.issuance IN (e.debit_wallet, e.credit_wallet) THEN s.change ELSE '0' END AS issued
      FROM ONLY sto.transfer e
      JOIN sto.token t ON t.token_id = e.token_id
      JOIN sto.wallet d ON d.address = e.debit_wallet
      JOIN sto.wallet c ON c.address = e.credit_wallet
     CROSS JOIN LATERAL (VALUES (d.address, d.party_id, -e.amount), (c.address, c.party_id, e.amount)) s (wallet, party_id, change)
     WHERE e.debit_seq IS NOT NULL AND e.credit_seq IS NOT NULL AND s.wallet <> t.issuance
       AND (d.party_id <> c.party_id OR t.issuance IN (e.debit_wallet, e.credit_wallet))),
said AS (
    SELECT (e.body ->> 'token')::uuid AS token_id, e.entry_id, e.recorded_at, e.subject, e.body,
           lag(e.body) OVER (PARTITION BY (e.body ->> 'token')::uuid, e.subject ORDER BY e.entry_id) AS before
      FROM ONLY sto.event e WHERE e.kind = 'look_through'),
stated AS (
    SELECT s.token_id, s.entry_id, s.recorded_at, 'look_through', x.party_id, sum(x.change) AS change, '0'::sto.token_amount
      FROM said s
      JOIN sto.wallet w ON w.wallet_id = s.subject
     CROSS JOIN LATERAL (VALUES (s.body, 1), (s.before, -1)) v (body, sign)
     CROSS JOIN LATERAL ROWS FROM (json_array_elements_text(v.body -> 'owners'), json_array_elements_text(v.body -> 'units')) AS o (owner, units)
     CROSS JOIN LATERAL (VALUES (o.owner::uuid, v.sign * o.units::sto.token_amount),
                                (w.party_id, -v.sign * o.units::sto.token_amount)) x (party_id, change)
     GROUP BY s.token_id, s.entry_id, s.recorded_at, x.party_id
    HAVING sum(x.change) <> '0')
SELECT m.token_id, m.entry_id, m.posted_at, m.kind, m.party_id, m.change,
       sum(m.change) OVER (PARTITION BY m.token_id, m.party_id ORDER BY m.entry_id) AS total,
       sum(m.issued) OVER (PARTITION BY m.token_id ORDER BY m.entry_id) AS outstanding
  FROM (TABLE moved UNION ALL TABLE stated) m
  JOIN sto.token t ON t.token_id = m.token_id
 WHERE (SELECT me.reads_all FROM sto.me) OR t.issuer = (SELECT me.party_id FROM sto.me);
COMMENT ON VIEW sto.holding_change IS
    'each change of what a party holds of a token over all its wallets, look-through included, with its total and what was outstanding then';

-- One pass over the token's changes.  A share reaches a threshold when 100 * units >= threshold * outstanding, that is, when
-- no more is outstanding than the party's level floor(100 * units / threshold).  Others than who moves cross only when what is
-- outstanding passes somebody's level: the nearest ones below and above are kept, and all are looked at when one is passed.
CREATE FUNCTION sto.crossings(token_id uuid, thresholds_percent numeric[] DEFAULT '{5,10,15,20,25,30,50,75}',
                              "from" timestamptz DEFAULT '-infinity', "to" timestamptz DEFAULT 'infinity',
                              OUT entry_id bigint, OUT posted_at timestamptz, OUT kind text, OUT party_id uuid,
                              OUT threshold numeric, OUT direction text, OUT units_before sto.token_amount,
                              OUT outstanding_before sto.token_amount, OUT units_after sto.token_amount,
                              OUT outstanding_after sto.token_amount, OUT share_before numeric, OUT share_after numeric)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    lowest  numeric := (SELECT min(t) FROM unnest(thresholds_percent) t);
    parties uuid[] := '{}';          -- by their place: in the order in which they came
    units   numeric[] := '{}';       -- what each has now
    below   numeric := -1;           -- no level below what is outstanding is above this
    above   numeric := 'Infinity';   -- no level that it has not passed is below this
    was     numeric := 0;            -- outstanding
    before  numeric;
    passed  boolean;
    step    record;
BEGIN
    IF EXISTS (SELECT FROM unnest(thresholds_percent) t WHERE (t > 0 AND t <= 100) IS NOT TRUE) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a threshold is a percentage above 0 and up to 100';
    END IF;
    FOR step IN
        WITH change AS MATERIALIZED (
            SELECT h.entry_id, h.posted_at, h.kind, h.party_id, h.total::numeric AS total, h.outstanding::numeric AS outstanding
              FROM sto.holding_change h WHERE h.token_id = crossings.token_id)
        SELECT c.*, p.place, c.posted_at >= crossings."from" AND c.posted_at < crossings."to" AS asked
          FROM change c
          JOIN (SELECT f.party_id, row_number() OVER (ORDER BY min(f.entry_id), f.party_id) AS place
                  FROM change f GROUP BY f.party_id) p ON p.party_id = c.party_id
         ORDER BY c.entry_id, p.place
    LOOP
        before := coalesce(units[step.place], 0);
        units[step.place] := step.total;
        parties[step.place] := step.party_id;
        passed := step.outstanding < was AND step.outstanding <= below OR step.outstanding > was AND step.outstanding > above;
        IF step.asked AND (passed OR 100 * greatest(before, step.total) >= lowest * least(was, step.outstanding)) THEN
            RETURN QUERY
            SELECT step.entry_id, step.posted_at, step.kind, parties[u.place], t.threshold, CASE WHEN t.after THEN 'up' ELSE 'down' END,
                   u.before::sto.token_amount, was::sto.token_amount, u.after::sto.token_amount, step.outstanding::sto.token_amount,
                   coalesce(round(u.before / nullif(was, 0), 12), 0),
                   coalesce(round(u.after / nullif(step.outstanding, 0), 12), 0)
              FROM (SELECT step.place, before, step.total
                    UNION ALL
                    SELECT v.place, v.units, v.units FROM unnest(units) WITH ORDINALITY AS v (units, place)
                     WHERE passed AND v.units > 0 AND v.place <> step.place) AS u (place, before, after)
             CROSS JOIN LATERAL (SELECT p.threshold, u.before > 0 AND 100 * u.before >= p.threshold * was AS before,
                                        u.after > 0 AND 100 * u.after >= p.threshold * step.outstanding AS after
                                   FROM unnest(thresholds_percent) AS p (threshold)) t
             WHERE t.before <> t.after
             ORDER BY u.place, t.threshold;
        END IF;
        was := step.outstanding;
        IF passed OR 100 * step.total >= lowest * was THEN
            SELECT greatest(CASE WHEN passed THEN -1 ELSE below END, max(l.level) FILTER (WHERE l.level < was)),
                   least(CASE WHEN passed THEN 'Infinity' ELSE above END, min(l.level) FILTER (WHERE l.level >= was))
              INTO below, above
              FROM unnest(CASE WHEN passed THEN units ELSE ARRAY[step.total] END) AS u (units)
             CROSS JOIN unnest(thresholds_percent) AS p (threshold)
             CROSS JOIN LATERAL (SELECT div(100 * u.units, p.threshold) AS level) l
             WHERE u.units > 0;
        ELSE
            below := greatest(below, div(100 * step.total, lowest));
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION sto.crossings(uuid, numeric[], timestamptz, timestamptz) IS
    'entries, and statements of owners, at which a party''s share of what is outstanding reached a threshold or fell below it: by its own moves, by issues and redemptions of others, by what custodians state of owners';
