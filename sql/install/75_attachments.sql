-- Attachments as the log states them.

CREATE VIEW sto.attach_event AS
SELECT e.entry_id AS attachment, e.subject, (e.body ->> 'case')::bigint AS case_event
  FROM ONLY sto.event e WHERE e.kind = 'attach';
COMMENT ON VIEW sto.attach_event IS 'attachments as the log states them, and the cases that they carry out';

-- What each event adds to the units attached of a position, or takes away.
CREATE VIEW sto.attach_change AS
SELECT a.attachment AS entry_id, a.attachment, a.subject, (c.body ->> 'token')::uuid AS token_id, (c.body ->> 'debit')::sto.wallet_address AS wallet,
       (c.body ->> 'amount')::sto.token_amount AS amount, false AS lifts
  FROM sto.attach_event a
  JOIN ONLY sto.event c ON c.entry_id = a.case_event AND c.kind = 'case'
UNION ALL
SELECT l.entry_id, a.attachment, l.subject, (c.body ->> 'token')::uuid, (c.body ->> 'debit')::sto.wallet_address,
       (l.body ->> 'amount')::sto.token_amount, true
  FROM ONLY sto.event l
  JOIN sto.attach_event a ON a.attachment = (l.body ->> 'attachment')::bigint
  JOIN ONLY sto.event c ON c.entry_id = a.case_event AND c.kind = 'case'
 WHERE l.kind = 'attach_lift';
COMMENT ON VIEW sto.attach_change IS 'each event that attaches units of a position or lets them go, and how many';

-- No sum of targets is more than a position can have.
CREATE FUNCTION sto.attached_before(token_id uuid, wallet sto.wallet_address, entry_id bigint) RETURNS sto.token_amount
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT least(coalesce(sum(CASE WHEN x.lifts THEN -x.amount::numeric ELSE x.amount::numeric END), 0),
                         170141183460469231731687303715884105727)::sto.token_amount
              FROM sto.attach_change x
             WHERE x.token_id = attached_before.token_id AND x.wallet = attached_before.wallet AND x.entry_id < attached_before.entry_id);
COMMENT ON FUNCTION sto.attached_before(uuid, sto.wallet_address, bigint) IS 'units of a position that were attached before an entry, from the log';
