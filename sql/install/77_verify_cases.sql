-- Enforcement: cases rebuilt from the log and compared, and every enforced entry beside the case that it cites.

-- Acts that a case allows, as an order of enforcement is allowed by one.
CREATE VIEW sto.case_act AS
SELECT e.entry_id, e.subject, e.actor, e.recorded_at, (e.body ->> 'case')::bigint AS case_event, e.body ->> 'basis' AS basis,
       (e.body ->> 'document_hash')::sto.digest AS document_hash, coalesce(w.address, t.issuance) AS wallet,
       CASE e.kind WHEN 'attach' THEN 'seizure' ELSE e.kind END AS act,
       CASE e.kind WHEN 'attach' THEN true
                   WHEN 'wallet_freeze' THEN (e.body ->> 'frozen')::boolean
                   ELSE (e.body ->> 'paused')::boolean AND e.actor <> t.issuer END AS needs_case
  FROM ONLY sto.event e
  LEFT JOIN sto.wallet w ON w.wallet_id = e.subject
  LEFT JOIN sto.token t ON t.token_id = e.subject
 WHERE e.kind IN ('attach', 'wallet_freeze', 'token_pause');
COMMENT ON VIEW sto.case_act IS 'events that carry out a case, or let go what one had stopped, and the case that they cite';

CREATE VIEW sto.case_span AS
SELECT e.entry_id AS case_event, e.subject AS case_id, e.actor AS opened_by, e.recorded_at, b.act, b.basis, b.document_hash, b.token, b.debit,
       b.credit, b.amount, b.undoes, b.holds, sto.from_micros(b.valid_until) AS valid_until, sto.from_micros(b.not_before) AS not_before,
       a.approved, a.approved_by, a.refused, u.used
  FROM ONLY sto.event e
 CROSS JOIN LATERAL json_to_record(e.body)
    AS b (act text, basis text, document_hash sto.digest, token uuid, debit sto.wallet_address, credit sto.wallet_address,
          amount sto.token_amount, undoes bigint, holds bigint[], valid_until bigint, not_before bigint)
  LEFT JOIN (SELECT d.subject, min(d.entry_id) FILTER (WHERE (d.body ->> 'approved')::boolean) AS approved,
                    (array_agg(d.actor ORDER BY d.entry_id) FILTER (WHERE (d.body ->> 'approved')::boolean))[1] AS approved_by,
                    min(d.entry_id) FILTER (WHERE NOT (d.body ->> 'approved')::boolean) AS refused
               FROM ONLY sto.event d WHERE d.kind = 'case_approve' GROUP BY d.subject) a ON a.subject = e.subject
  LEFT JOIN (SELECT x.authority_event, min(x.entry_id) AS used
               FROM (SELECT t.authority_event, t.entry_id FROM ONLY sto.transfer t
                      WHERE t.authority_event IS NOT NULL AND (sto.by_case(t.kind, t.purpose) OR t.kind = 'post')
                     UNION ALL
                     SELECT a.case_event, a.entry_id FROM sto.case_act a WHERE a.case_event IS NOT NULL) x
              GROUP BY x.authority_event) u ON u.authority_event = e.entry_id
 WHERE e.kind = 'case';
COMMENT ON VIEW sto.case_span IS 'cases of enforcement as the log states them: opened, approved, refused, used';

CREATE FUNCTION sto.verify_case_register() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT 'register', 'sto.case', (SELECT count(*) FROM sto.case), count(*) = 0, min(coalesce(r.case_event, c.case_event)),
           CASE WHEN count(*) > 0 THEN format('%s rows differ from what the log says', count(*)) END
      FROM sto.case_span r FULL JOIN sto.case c ON c.case_event = r.case_event
     WHERE (c.case_event, c.approved, c.refused, c.used, c.undoes, c.valid_until, c.not_before, c.amount, c.case_id, c.opened_by,
            c.approved_by, c.token_id, c.debit_wallet, c.credit_wallet, c.document_hash, c.act, c.basis, c.holds)
           IS DISTINCT FROM (r.case_event, r.approved, r.refused, r.used, r.undoes, r.valid_until, r.not_before, r.amount, r.case_id,
            r.opened_by, r.approved_by, r.token, r.debit, r.credit, r.document_hash, r.act, r.basis, r.holds);
END $$;
COMMENT ON FUNCTION sto.verify_case_register() IS 'cases of enforcement, rebuilt from the log and compared';

-- What no gate lets into a case; null if nothing.
CREATE FUNCTION sto.case_fault(c sto.case_span) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE
        WHEN c.act IS NULL OR c.act NOT IN ('force', 'reverse', 'seizure', 'freeze', 'recover', 'post', 'wallet_freeze', 'token_pause') THEN 'a case of an act that there is none'
        WHEN c.basis NOT IN ('law', 'contract', 'court', 'administrative') AND (c.act, c.basis) NOT IN (('force', 'succession'), ('recover', 'recovery'))
          THEN 'a case without legal basis'
        WHEN c.act NOT IN ('recover', 'wallet_freeze') AND c.token IS NULL OR c.act = 'wallet_freeze' AND c.token IS NOT NULL
          OR (c.amount IS NULL) <> (c.act IN ('recover', 'wallet_freeze', 'token_pause'))
          OR c.act = 'recover' AND c.not_before IS NULL
          OR c.act <> 'seizure' AND (c.credit IS NULL) <> (c.act IN ('freeze', 'wallet_freeze', 'token_pause'))
          OR (c.undoes IS NULL) = (c.act = 'reverse')
          OR c.holds IS NOT NULL AND c.act NOT IN ('force', 'post') OR c.act = 'post' AND cardinality(c.holds) IS DISTINCT FROM 1
          THEN 'a case that does not state what its act needs, or more'
        WHEN c.amount <= 0 THEN 'a case about no unit'
        WHEN c.valid_until <= greatest(c.recorded_at, c.not_before) THEN 'a case that ends before it may be carried out'
        WHEN c.act = 'token_pause'
         AND NOT EXISTS (SELECT FROM sto.token t WHERE t.token_id = c.token AND t.issuance = c.debit AND t.registered < c.case_event)
          THEN 'a case that pauses a token, and is not of it'
        WHEN c.act <> 'token_pause' AND (c.debit = c.credit OR (SELECT count(*) FROM sto.wallet w WHERE w.address IN (c.debit, c.credit) AND w.kind <> 'issuance'
                                                                       AND w.registered < c.case_event) <> num_nonnulls(c.debit, c.credit))
          THEN 'a case about a wallet that was not there'
        WHEN c.act = 'recover' AND (SELECT count(DISTINCT w.party_id) FROM sto.wallet w WHERE w.address IN (c.debit, c.credit)) <> 1
          THEN 'a case that recovers units for another party'
        WHEN c.act = 'recover' AND c.not_before < c.recorded_at + interval '1 second' THEN 'a recovery without a wait'
        WHEN c.token IS NOT NULL AND NOT EXISTS (SELECT FROM sto.token t WHERE t.token_id = c.token AND t.registered < c.case_event)
          THEN 'a case about a token that was not there'
        WHEN cardinality(c.holds) NOT BETWEEN 1 AND 64
          OR cardinality(c.holds) <> (SELECT count(DISTINCT h.entry_id) FROM ONLY sto.transfer h
                                       WHERE h.entry_id = ANY (c.holds) AND h.kind = 'hold' AND (c.act = 'force' OR h.purpose = 'pledge')
                                         AND h.debit_wallet = ANY (sto.recovered_from(c.debit, c.token, c.case_event))
                                         AND h.token_id = c.token AND h.entry_id < c.case_event)
          THEN 'a case about a hold that was not there, or that it can''t be about'
        WHEN c.undoes IS NOT NULL
         AND NOT EXISTS (SELECT FROM ONLY sto.transfer t
                          WHERE t.entry_id = c.undoes AND t.entry_id < c.case_event AND t.kind IN ('transfer', 'post', 'force')
                            AND (t.token_id, t.debit_wallet, t.credit_wallet, t.amount) = (c.token, c.credit, c.debit, c.amount))
          THEN 'a case that undoes an entry that did not move these units' END;
END $$;
COMMENT ON FUNCTION sto.case_fault(sto.case_span) IS 'why no officer could have opened this case; null if one could';

CREATE VIEW sto.case_act_fault AS
SELECT a.entry_id, CASE
       WHEN NOT a.needs_case THEN CASE WHEN a.case_event IS NOT NULL THEN 'it cites a case, and takes none' END
       WHEN c.case_event IS NULL OR c.case_event > a.entry_id THEN 'it cites no case'
       WHEN (c.act, c.debit) IS DISTINCT FROM (a.act, a.wallet)
            OR a.basis IS NOT NULL AND (a.basis, a.document_hash) <> (c.basis, c.document_hash) THEN 'it is not what its case says'
       WHEN c.approved IS NULL OR c.approved > a.entry_id THEN 'its case was not approved'
       WHEN c.refused < a.entry_id THEN 'its case was refused'
       WHEN c.used < a.entry_id THEN 'its case was carried out before'
       WHEN a.recorded_at >= c.valid_until THEN 'its case had expired'
       WHEN a.recorded_at < c.not_before THEN 'its case was not to be carried out yet'
       WHEN a.actor NOT IN (c.opened_by, c.approved_by) THEN 'its case was decided by other officers' END AS reason
  FROM sto.case_act a
  LEFT JOIN sto.case_span c ON c.case_event = a.case_event;
COMMENT ON VIEW sto.case_act_fault IS 'events that should have carried out a case, and why no gate let them; reason is null for those that are good';

CREATE FUNCTION sto.verify_cases() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH span AS MATERIALIZED (SELECT * FROM sto.case_span),
    entry AS (
        SELECT t.* FROM ONLY sto.transfer t
         WHERE sto.by_case(t.kind, t.purpose) OR t.entry_id IN (SELECT q.entry_id FROM sto.case_post q)),
    fault AS (
        SELECT s.case_event AS id, sto.case_fault(s::sto.case_span) AS reason FROM span s
        UNION ALL
        SELECT e.entry_id, CASE
               WHEN e.entry_id > s.refused THEN 'decided after it was refused'
               WHEN e.entry_id > s.used THEN 'decided after it was carried out'
               WHEN (e.body ->> 'approved')::boolean AND e.entry_id > s.approved THEN 'approved twice' END
          FROM ONLY sto.event e LEFT JOIN span s ON s.case_id = e.subject WHERE e.kind = 'case_approve'
        UNION ALL
        SELECT t.entry_id, CASE
               WHEN s.case_event IS NULL OR s.case_event > t.entry_id THEN 'it cites no case'
               WHEN s.approved IS NULL OR s.approved > t.entry_id THEN 'its case was not approved'
               WHEN s.refused < t.entry_id THEN 'its case was refused'
               WHEN s.used < t.entry_id AND t.kind <> 'recover' THEN 'its case was carried out before'
               WHEN t.posted_at >= s.valid_until THEN 'its case had expired'
               WHEN t.posted_at < s.not_before THEN 'its case was not to be carried out yet'
               WHEN (t.kind, t.purpose, t.token_id, t.debit_wallet, t.credit_wallet, t.amount, t.attachment_hash, t.undoes, t.hold_id, t.keep_rest)
                    IS DISTINCT FROM (CASE WHEN s.act IN ('seizure', 'freeze') THEN 'hold' ELSE s.act END,
                                      CASE WHEN s.act IN ('seizure', 'freeze') THEN s.act END,
                                      coalesce(s.token, t.token_id), s.debit, s.credit,
                                      CASE s.act WHEN 'recover' THEN t.amount ELSE s.amount END, s.document_hash, s.undoes,
                                      CASE s.act WHEN 'post' THEN s.holds[1] END, CASE s.act WHEN 'post' THEN true END)
                 THEN 'it is not what its case says'
               WHEN t.kind = 'recover' AND (t.debit_balance, t.debit_held) <> ('0'::sto.token_amount, '0'::sto.token_amount)
                 THEN 'it leaves something in a lost wallet'
               WHEN t.kind = 'recover' AND (SELECT count(DISTINCT w.party_id) FROM sto.wallet w WHERE w.address IN (t.debit_wallet, t.credit_wallet)) <> 1
                 THEN 'it recovers units for another party'
               WHEN t.kind = 'recover' AND EXISTS (SELECT FROM sto.barred_span b WHERE b.address = t.debit_wallet AND b.since < t.entry_id)
                    AND sto.heir(t.debit_wallet, t.entry_id) <> t.credit_wallet
                 THEN 'it goes to another wallet than the one that had succeeded'
               WHEN EXISTS (SELECT FROM entry x WHERE x.undoes = t.undoes AND x.entry_id < t.entry_id)
                 THEN 'it undoes an entry that was reversed before'
               WHEN t.kind = 'hold' AND num_nonnulls(t.notary, t.release_after, t.condition_hash, t.instruction_hash, t.checked_once) > 0
                 THEN 'a seizure or freeze with terms' END
          FROM entry t LEFT JOIN span s ON s.case_event = t.authority_event
        UNION ALL
        SELECT a.entry_id, a.reason FROM sto.case_act_fault a
        UNION ALL
        SELECT a.entry_id, a.reason FROM sto.attachment_fault a)
    SELECT 'cases', 'sto.transfer', (SELECT count(*) FROM entry), count(f.reason) = 0, min(f.id) FILTER (WHERE f.reason IS NOT NULL),
           CASE WHEN count(f.reason) > 0 THEN format('%s events and entries; the first: %s', count(f.reason),
                (array_agg(f.reason ORDER BY f.id) FILTER (WHERE f.reason IS NOT NULL))[1]) END
      FROM fault f;
END $$;
COMMENT ON FUNCTION sto.verify_cases() IS
    'every enforced entry is what a case said that a second officer had approved, in its time, once; and cases are what a gate lets in';
