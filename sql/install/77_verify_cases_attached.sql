-- Attachments: the projection rebuilt and compared; and what no gate lets in.

CREATE FUNCTION sto.verify_attachment_register() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT 'register', 'sto.attachment', (SELECT count(*) FROM sto.attachment), count(*) = 0, min(coalesce(r.attachment, c.attachment)),
           CASE WHEN count(*) > 0 THEN format('%s rows differ from what the log says', count(*)) END
      FROM (SELECT x.attachment, min(a.case_event) AS case_event, max(x.entry_id) FILTER (WHERE x.lifts) AS lifted,
                   sum(x.amount) FILTER (WHERE NOT x.lifts) AS amount,
                   sum(x.amount) FILTER (WHERE NOT x.lifts) - coalesce(sum(x.amount) FILTER (WHERE x.lifts), 0) AS remaining,
                   x.token_id, x.wallet
              FROM sto.attach_change x JOIN sto.attach_event a ON a.attachment = x.attachment
             GROUP BY x.attachment, x.token_id, x.wallet) r
      FULL JOIN sto.attachment c ON c.attachment = r.attachment
     WHERE (c.attachment, c.case_event, c.lifted, c.amount, c.remaining, c.token_id, c.wallet)
           IS DISTINCT FROM (r.attachment, r.case_event, r.lifted, r.amount, r.remaining, r.token_id, r.wallet);
END $$;
COMMENT ON FUNCTION sto.verify_attachment_register() IS 'attachments, rebuilt from the log and compared';

-- An entry that takes units which were free leaves at least what is attached; one that takes only what its case breaks may
-- leave less.
CREATE VIEW sto.attachment_fault AS
SELECT l.entry_id, CASE
       WHEN a.attachment IS NULL OR a.attachment > l.entry_id OR a.subject <> l.subject THEN 'it lifts an attachment that is not of the wallet'
       WHEN (l.body ->> 'amount')::sto.token_amount <= 0 THEN 'it lifts no unit'
       WHEN (SELECT sum(CASE WHEN x.lifts THEN -x.amount ELSE x.amount END) FROM sto.attach_change x
              WHERE x.attachment = a.attachment AND x.entry_id <= l.entry_id) < 0 THEN 'it lifts more than was attached' END AS reason
  FROM ONLY sto.event l
  LEFT JOIN sto.attach_event a ON a.attachment = (l.body ->> 'attachment')::bigint
 WHERE l.kind = 'attach_lift'
UNION ALL
SELECT t.entry_id, CASE WHEN t.debit_balance - t.debit_held < sto.attached_before(t.token_id, t.debit_wallet, t.entry_id)
                         AND t.amount > coalesce(b.amount, 0)
                        THEN 'it takes attached units' END
  FROM (SELECT DISTINCT x.token_id, x.wallet FROM sto.attach_change x) p
  JOIN ONLY sto.transfer t ON t.debit_wallet = p.wallet AND t.token_id = p.token_id
  LEFT JOIN (SELECT c.entry_id, sum(c.amount) AS amount FROM sto.case_effect() c GROUP BY c.entry_id) b ON b.entry_id = t.entry_id
 WHERE t.kind NOT IN ('issue', 'post', 'release');
COMMENT ON VIEW sto.attachment_fault IS 'attachments that no gate lets go, and entries that took attached units; reason is null for those that are good';
