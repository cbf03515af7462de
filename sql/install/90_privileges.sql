-- Who may do what: everything is closed, then this page opens what it names.
--
-- PUBLIC may come in and submit.  Submitting is not authorising: the gates refuse roles that are mapped to no party
-- (ST107), and keys authorise.  Views show each role its own part.  Readers of the whole register are the members of
-- pg_read_all_data and parties with the capability registrar, auditor or enforcer.

REVOKE ALL ON ALL TABLES IN SCHEMA sto FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA sto FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA sto FROM PUBLIC;

GRANT USAGE ON SCHEMA sto TO PUBLIC;

-- Submit.  The columns that can be read back say nothing of who moved what.
GRANT INSERT ON sto.event, sto.transfer TO PUBLIC;
GRANT SELECT (entry_id, recorded_at, kind, subject, leaf_hash) ON sto.event TO PUBLIC;
GRANT SELECT (entry_id, received_at, posted_at, kind, leaf_hash) ON sto.transfer TO PUBLIC;

-- Facts that every client needs to make an order or an act: no holdings, no salts.
GRANT SELECT ON sto.ledger, sto.token, sto.subject, sto.key_policy TO PUBLIC;

-- The log's own facts, for whoever checks a checkpoint.
GRANT SELECT ON sto.log_key, sto.witness, sto.witness_policy, sto.time_authority, sto.log_restart, sto.close,
    sto.witness_vkeys TO PUBLIC;

-- Views that show a role its own part.
GRANT SELECT ON sto.me, sto.holder, sto.supply, sto.log, sto.statement_line TO PUBLIC;

-- Rows of one's own, for standard queries on the tables themselves.
ALTER TABLE sto.party ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.wallet ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.position ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.hold ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sto.party FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me));
CREATE POLICY own ON sto.wallet FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me)
           OR custodian = (SELECT me.party_id FROM sto.me));
CREATE POLICY own ON sto.position FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR wallet IN (SELECT w.address FROM sto.wallet w)
           OR token_id IN (SELECT t.token_id FROM sto.token t WHERE t.issuer = (SELECT me.party_id FROM sto.me)));
CREATE POLICY own ON sto.hold FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR wallet IN (SELECT w.address FROM sto.wallet w)
           OR beneficiary IN (SELECT w.address FROM sto.wallet w)
           OR notary = (SELECT me.party_id FROM sto.me));
GRANT SELECT ON sto.party, sto.wallet, sto.position, sto.hold TO PUBLIC;

-- Functions: all but those that set a database up or work on the log as a whole, and those of triggers, which nobody
-- may put on a table of his own.  They run with the caller's rights, but
-- for sto.entry_of_order, which answers only who knows both uuids of an order.
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sto TO PUBLIC;
REVOKE EXECUTE ON FUNCTION
    sto.map_role(name, uuid), sto.unmap_role(name), sto.begin_maintenance(text), sto.rebuild(boolean),
    sto.event_gate(), sto.event_begin(), sto.event_end(), sto.transfer_gate(), sto.transfer_statement(),
    sto.refuse_change(), sto.member_changed()
    FROM PUBLIC;

-- Personal data: the party's own, and all of it to registrars, auditors and enforcers.  pg_read_all_data doesn't open it.
GRANT SELECT ON sto.my_capability TO PUBLIC;
ALTER TABLE sto.party_private ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sto.party_private FOR SELECT
    USING (party_id = (SELECT me.party_id FROM sto.me)
           OR (SELECT bool_or(c.capability IN ('registrar', 'auditor', 'enforcer')) FROM sto.my_capability c));
GRANT SELECT ON sto.party_private, sto.erasure_log TO PUBLIC;

-- Seals and proofs.  Evidence is there to be shown: sizes, times, hashes and signatures, no holdings.
GRANT SELECT ON sto.block, sto.tile, sto.checkpoint, sto.cosignature, sto.time_stamp, sto.foreign_checkpoint TO PUBLIC;
GRANT SELECT ON sto.seal_status TO PUBLIC;
REVOKE EXECUTE ON FUNCTION sto.refuse_insert() FROM PUBLIC;

-- What the worker says of itself.  Messages but a refusal are shown to members of pg_monitor.
GRANT SELECT ON sto.worker_status TO PUBLIC;

-- Checkpoints with their witnesses and time-stamps are for everybody; what is handed over is verified.
GRANT SELECT ON sto.checkpoint_status TO PUBLIC;

-- Identity.  What a token asks for is public; classes, claims, mandates and owners are for the party itself, for who
-- made a claim or holds a mandate, and for readers of the whole register.
GRANT SELECT ON sto.token_topics, sto.trusted_issuer TO PUBLIC;
ALTER TABLE sto.classification ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.mandate ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.beneficial_owner ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.claim ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sto.classification FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me));
CREATE POLICY own ON sto.mandate FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR (SELECT me.party_id FROM sto.me) IN (party_id, representative));
CREATE POLICY own ON sto.beneficial_owner FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me));
CREATE POLICY own ON sto.claim FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR (SELECT me.party_id FROM sto.me) IN (party_id, issuer));
GRANT SELECT ON sto.classification, sto.mandate, sto.beneficial_owner, sto.claim TO PUBLIC;
GRANT SELECT ON sto.restriction TO PUBLIC;

-- Documents are for everybody; who acknowledged them is for the party itself, the token's issuer, and readers of the register.
GRANT SELECT ON sto.document TO PUBLIC;
ALTER TABLE sto.acknowledgement ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sto.acknowledgement FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me)
           OR document IN (SELECT d.document FROM sto.document d JOIN sto.token t ON t.token_id = d.token_id
                            WHERE t.issuer = (SELECT me.party_id FROM sto.me)));
GRANT SELECT ON sto.acknowledgement TO PUBLIC;

-- Pledges of one's wallets, and to them.
GRANT SELECT ON sto.pledge TO PUBLIC;

-- Who stands behind a party: its own roles, and readers of the register.
GRANT SELECT ON sto.ultimate_owner TO PUBLIC;

-- Rules.  A token's rules and lists are for everybody who means to hold it; what a party states for them, what it holds,
-- and who approved what, are for itself, for the token's issuer where it is about a token, and for readers of the register.
GRANT SELECT ON sto.rule_set TO PUBLIC;
ALTER TABLE sto.party_list ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.opt_in ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.travel_data ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.transfer_approval ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.holding ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.holder_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.issued ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sto.party_list FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me)
           OR token_id IN (SELECT t.token_id FROM sto.token t WHERE t.issuer = (SELECT me.party_id FROM sto.me)));
CREATE POLICY own ON sto.opt_in FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me)
           OR token_id IN (SELECT t.token_id FROM sto.token t WHERE t.issuer = (SELECT me.party_id FROM sto.me)));
CREATE POLICY own ON sto.travel_data FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me));
CREATE POLICY own ON sto.transfer_approval FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR (SELECT me.party_id FROM sto.me) IN (approver, sender, receiver)
           OR token_id IN (SELECT t.token_id FROM sto.token t WHERE t.issuer = (SELECT me.party_id FROM sto.me)));
CREATE POLICY own ON sto.holding FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me)
           OR token_id IN (SELECT t.token_id FROM sto.token t WHERE t.issuer = (SELECT me.party_id FROM sto.me)));
CREATE POLICY own ON sto.holder_group FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me)
           OR token_id IN (SELECT t.token_id FROM sto.token t WHERE t.issuer = (SELECT me.party_id FROM sto.me)));
CREATE POLICY own ON sto.issued FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me)
           OR token_id IN (SELECT t.token_id FROM sto.token t WHERE t.issuer = (SELECT me.party_id FROM sto.me)));
GRANT SELECT ON sto.party_list, sto.opt_in, sto.travel_data, sto.transfer_approval, sto.holding, sto.holder_group, sto.issued
    TO PUBLIC;
-- Second officers: who they are and for what is public; what is proposed is for them, the proposer and readers of the register.
GRANT SELECT ON sto.four_eyes TO PUBLIC;
ALTER TABLE sto.proposal ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sto.proposal FOR SELECT
    USING (sto.may_see_proposal(proposer, about));
GRANT SELECT ON sto.proposal, sto.pending_proposals TO PUBLIC;

-- Cases of enforcement: by sto.cases() alone, as EXPLAIN ANALYZE of the table would count what a policy takes away.  Members of
-- pg_read_all_data read the table, too.
ALTER TABLE sto.case ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sto.case FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me));
GRANT SELECT ON sto.recovery_notice, sto.recoverable TO PUBLIC;

-- Attachments: for readers of the whole register, and who may see the wallet.
ALTER TABLE sto.attachment ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sto.attachment FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR wallet IN (SELECT w.address FROM sto.wallet w));
GRANT SELECT ON sto.attachment TO PUBLIC;

-- Joint holders: for the joint party, its members, issuers of what they hold (the view), and readers of the register.
ALTER TABLE sto.party_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sto.party_members FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me)
           OR (SELECT me.party_id FROM sto.me) = ANY (members));
GRANT SELECT ON sto.party_members, sto.joint_holder TO PUBLIC;
-- Refused orders: to who ordered or submitted them, the issuer, and readers of the register.
GRANT SELECT ON sto.refusal TO PUBLIC;
-- Look-through: an owner sees its own units, and not in whose wallet others have theirs; the custodian, the wallet's party and
-- the token's issuer see what was stated.
ALTER TABLE sto.look_through ENABLE ROW LEVEL SECURITY;
ALTER TABLE sto.look_through_owner ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sto.look_through FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me)
           OR wallet IN (SELECT w.address FROM sto.wallet w WHERE (SELECT me.party_id FROM sto.me) IN (w.party_id, w.custodian))
           OR token_id IN (SELECT t.token_id FROM sto.token t WHERE t.issuer = (SELECT me.party_id FROM sto.me)));
CREATE POLICY own ON sto.look_through_owner FOR SELECT
    USING ((SELECT me.reads_all FROM sto.me) OR party_id = (SELECT me.party_id FROM sto.me)
           OR wallet IN (SELECT w.address FROM sto.wallet w WHERE (SELECT me.party_id FROM sto.me) IN (w.party_id, w.custodian))
           OR token_id IN (SELECT t.token_id FROM sto.token t WHERE t.issuer = (SELECT me.party_id FROM sto.me)));
GRANT SELECT ON sto.look_through, sto.look_through_owner TO PUBLIC;
-- Participants and changes of owners: of oneself, and all to readers of the register; an offer's counters and changes of holdings:
-- to the token's issuer and to readers of the register.
GRANT SELECT ON sto.participant, sto.owner_change, sto.unstated_owners, sto.offer, sto.holding_change TO PUBLIC;
-- Reports of suspicion: for enforcers, by sto.suspicion_file() alone: EXPLAIN ANALYZE of the table would count the rows that a policy takes
-- away, about whomever.  Row security without a policy: pg_read_all_data doesn't open them.
ALTER TABLE sto.suspicion ENABLE ROW LEVEL SECURITY;
