-- Its cost is below that of any comparison, so that the policy of sto.proposal is asked first: what is proposed is text, of which
-- a reader's comparisons, tried before, would tell one letter after the other.
CREATE FUNCTION sto.may_see_proposal(proposer uuid, about uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 0.0001 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT m.reads_all OR m.party_id = may_see_proposal.proposer
                   OR EXISTS (SELECT FROM sto.four_eyes f WHERE f.token_id = may_see_proposal.about AND m.party_id = ANY (f.approvers))
              FROM sto.me m);
END $$;
COMMENT ON FUNCTION sto.may_see_proposal(uuid, uuid) IS
    'whether the acting role reads proposals of that party about that token: its own, those that it may approve, or all';

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
