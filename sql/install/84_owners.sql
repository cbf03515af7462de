-- When changes of beneficial owners were recorded, and whose owners nobody has stated.

-- What each statement changed, and when it took effect; what it only repeats is no change.
CREATE VIEW sto.owner_change WITH (security_barrier) AS
WITH said AS (
    SELECT e.entry_id, e.recorded_at, e.subject AS party_id, b.owner, b.share, b.control, sto.from_micros(b."from") AS valid_from,
           sto.from_micros(b."to") AS valid_to, b.share = 0 AND NOT b.control AS nothing
      FROM ONLY sto.event e
     CROSS JOIN LATERAL json_to_record(e.body) AS b (owner uuid, share integer, control boolean, "from" bigint, "to" bigint)
     WHERE e.kind = 'beneficial_owner'),
compared AS (
    SELECT s.*, coalesce(lag(s.nothing) OVER w, true) AS new,
           lag(s.share) OVER w = s.share AND lag(s.control) OVER w = s.control
           AND lag(s.valid_from) OVER w IS NOT DISTINCT FROM s.valid_from AS repeated,
           lag(s.valid_to) OVER w IS NOT DISTINCT FROM s.valid_to AS same_end
      FROM said s
    WINDOW w AS (PARTITION BY s.party_id, s.owner ORDER BY s.entry_id))
SELECT c.party_id, c.owner, x.change, c.share, c.control, x.took_effect, c.recorded_at, c.entry_id AS event,
       -- a party has to be in the register before its owners can be
       CASE WHEN x.took_effect IS NOT NULL THEN greatest(c.recorded_at - greatest(x.took_effect, r.recorded_at), '0') END AS delay
  FROM compared c
  JOIN sto.party p ON p.party_id = c.party_id
  JOIN ONLY sto.event r ON r.entry_id = p.registered
 CROSS JOIN LATERAL (
       SELECT CASE WHEN c.nothing THEN 'ended' WHEN c.new THEN 'began' ELSE 'changed' END AS change, c.valid_from AS took_effect
        WHERE c.repeated IS NOT TRUE AND NOT (c.nothing AND c.new)
       UNION ALL
       SELECT 'ended', c.valid_to WHERE c.valid_to IS NOT NULL AND NOT c.same_end AND NOT c.nothing) x
 WHERE (SELECT me.reads_all FROM sto.me) OR c.party_id = (SELECT me.party_id FROM sto.me);
COMMENT ON VIEW sto.owner_change IS
    'changes of beneficial owners: when each took effect, when it was recorded, how much later (null: the statement names no day)';

CREATE FUNCTION sto.late_owner_changes(within interval DEFAULT interval '14 days') RETURNS SETOF sto.owner_change
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.* FROM sto.owner_change c
     WHERE c.delay > late_owner_changes.within OR c.delay IS NULL
     ORDER BY c.recorded_at, c.event;
END;
COMMENT ON FUNCTION sto.late_owner_changes(interval) IS
    'changes of owners recorded later than that after they took effect, and those of which nobody can tell';

CREATE VIEW sto.unstated_owners WITH (security_barrier) AS
SELECT p.party_id, r.recorded_at AS registered_at
  FROM sto.party p
  JOIN ONLY sto.event r ON r.entry_id = p.registered
 WHERE p.kind = 'legal' AND p.status = 'active'
   AND NOT EXISTS (SELECT FROM sto.beneficial_owner b
                    WHERE b.party_id = p.party_id AND (b.share > 0 OR b.control)
                      AND coalesce(b.valid_from <= now(), true) AND coalesce(b.valid_to > now(), true))
   AND ((SELECT me.reads_all FROM sto.me) OR p.party_id = (SELECT me.party_id FROM sto.me));
COMMENT ON VIEW sto.unstated_owners IS 'legal parties of which no owner is stated that is one now, and since when they are in the register';
