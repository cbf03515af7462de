-- Look-through: the projections rebuilt from the events, and each statement beside the position that it counted.

CREATE FUNCTION sto.verify_look_through() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH stated AS MATERIALIZED (
        SELECT e.entry_id, e.recorded_at, b.token, b.seq, b.owners, b.units, w.address, w.party_id, w.kind,
               (SELECT sum(u.units::sto.token_amount) FROM unnest(b.units) AS u (units)) AS sum,
               lead(e.entry_id) OVER (PARTITION BY e.subject, b.token ORDER BY e.entry_id) IS NULL AS is_last
          FROM ONLY sto.event e
         CROSS JOIN LATERAL (SELECT (e.body ->> 'token')::uuid, (e.body ->> 'seq')::bigint,
                                    ARRAY(SELECT json_array_elements_text(e.body -> 'owners')::uuid),
                                    ARRAY(SELECT json_array_elements_text(e.body -> 'units'))) AS b (token, seq, owners, units)
          LEFT JOIN sto.wallet w ON w.wallet_id = e.subject
         WHERE e.kind = 'look_through'),
    timeline AS (
        SELECT s.address AS wallet, s.token AS token_id, s.entry_id, NULL::bigint AS seq, NULL::sto.token_amount AS balance
          FROM stated s
        UNION ALL
        SELECT t.debit_wallet, t.token_id, t.entry_id, t.debit_seq, t.debit_balance FROM ONLY sto.transfer t
         WHERE t.debit_seq IS NOT NULL AND t.debit_wallet IN (SELECT s.address FROM stated s)
        UNION ALL
        SELECT t.credit_wallet, t.token_id, t.entry_id, t.credit_seq, t.credit_balance FROM ONLY sto.transfer t
         WHERE t.credit_seq IS NOT NULL AND t.credit_wallet IN (SELECT s.address FROM stated s)),
    -- events stand behind the entry before them, which is the first of its group
    grouped AS (
        SELECT l.*, count(l.seq) OVER (PARTITION BY l.wallet, l.token_id ORDER BY l.entry_id) AS entries FROM timeline l),
    counted AS (
        SELECT g.entry_id, coalesce(first_value(g.seq) OVER w, 0) AS seq, coalesce(first_value(g.balance) OVER w, '0') AS balance
          FROM grouped g WINDOW w AS (PARTITION BY g.wallet, g.token_id, g.entries ORDER BY g.entry_id)),
    fault (scope, id) AS (
        SELECT 'sto.event', s.entry_id
          FROM stated s JOIN counted c ON c.entry_id = s.entry_id
         WHERE s.kind IS DISTINCT FROM 'omnibus' OR s.seq <> c.seq OR coalesce(s.sum, '0') <> c.balance
            OR cardinality(s.owners) <> cardinality(s.units)
            OR NOT EXISTS (SELECT FROM sto.token k WHERE k.token_id = s.token AND k.registered < s.entry_id)
            OR EXISTS (SELECT FROM unnest(s.units) AS u (units) WHERE u.units::sto.token_amount <= '0')
            OR (SELECT count(DISTINCT o.owner) FROM unnest(s.owners) AS o (owner)) <> cardinality(s.owners)
            OR EXISTS (SELECT FROM unnest(s.owners) AS o (owner)
                        WHERE NOT EXISTS (SELECT FROM sto.party p WHERE p.party_id = o.owner AND p.registered < s.entry_id))
        UNION ALL
        SELECT 'sto.look_through', coalesce(s.entry_id, p.set_by)
          FROM (SELECT * FROM stated WHERE is_last) s
          FULL JOIN sto.look_through p ON p.token_id = s.token AND p.wallet = s.address
         WHERE (p.set_by, p.stated_at, p.seq, p.units, p.party_id)
               IS DISTINCT FROM (s.entry_id, s.recorded_at, s.seq, coalesce(s.sum, '0'), s.party_id)
        UNION ALL
        SELECT 'sto.look_through_owner', o.entry_id
          FROM (SELECT s.entry_id, s.token, s.address, u.owner, u.units::sto.token_amount AS units
                  FROM stated s CROSS JOIN LATERAL unnest(s.owners, s.units) AS u (owner, units) WHERE s.is_last) o
          FULL JOIN sto.look_through_owner p ON p.token_id = o.token AND p.wallet = o.address AND p.party_id = o.owner
         WHERE p.units IS DISTINCT FROM o.units)
    SELECT 'look_through', t.scope, t.examined, count(f.scope) = 0, min(f.id),
           CASE WHEN count(f.scope) = 0 THEN NULL
                WHEN t.scope = 'sto.event' THEN format('%s statements are not of what their wallets had', count(f.scope))
                ELSE format('%s rows differ from what the log says', count(f.scope)) END
      FROM (VALUES ('sto.event', (SELECT count(*) FROM stated)), ('sto.look_through', (SELECT count(*) FROM sto.look_through)),
                   ('sto.look_through_owner', (SELECT count(*) FROM sto.look_through_owner))) AS t (scope, examined)
      LEFT JOIN fault f ON f.scope = t.scope
     GROUP BY t.scope, t.examined ORDER BY t.scope;
END $$;
COMMENT ON FUNCTION sto.verify_look_through() IS
    'look-through rebuilt from its events and compared, and each statement beside the position that it counted';
