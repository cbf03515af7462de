-- What waits for a second officer, or for being carried out: for the officers, the proposer, and readers of the register.
CREATE VIEW sto.pending_proposals WITH (security_barrier) AS
SELECT p.proposal_id, p.kind, p.about AS token_id, t.name AS token, p.proposer, e.recorded_at AS proposed_at, p.valid_until,
       coalesce(p.approved, false) AS approved, p.officer, p.act_body::json AS act_body
  FROM sto.proposal p
  JOIN sto.token t ON t.token_id = p.about
  JOIN sto.event e ON e.entry_id = p.opened
  LEFT JOIN sto.four_eyes f ON f.token_id = p.about
 WHERE p.used_by IS NULL AND p.approved IS DISTINCT FROM false AND p.valid_until > now()
   AND ((SELECT m.reads_all FROM sto.me m)
        OR (SELECT m.party_id FROM sto.me m) = p.proposer
        OR (SELECT m.party_id FROM sto.me m) = ANY (f.approvers));
COMMENT ON VIEW sto.pending_proposals IS
    'proposals that are neither used, refused nor expired; approved ones wait to be carried out by their proposer';
