-- Rules of tokens: sets, what feeds them, and the counters that they read.  Projections of the log, written by the
-- handlers of events and by the gate in C, and by nothing else.

-- Every version.  In force at a time: the latest that has taken effect, of two the one with the greater event.
CREATE TABLE sto.rule_set (
    set_by          bigint      NOT NULL,  -- event
    effective       timestamptz NOT NULL,  -- the later of its "from" and its recorded_at
    token_id        uuid        NOT NULL,
    record_refusals boolean     NOT NULL,
    body            text        NOT NULL,  -- of the event: docs/format.md, "Rule sets"
    CONSTRAINT rule_set_pkey PRIMARY KEY (set_by)
);
CREATE INDEX rule_set_token ON sto.rule_set (token_id);
COMMENT ON TABLE sto.rule_set IS 'rule sets of tokens, every version; an entry names the one in force';

CREATE TABLE sto.party_list (
    set_by   bigint  NOT NULL,
    token_id uuid    NOT NULL,
    party_id uuid    NOT NULL,
    list     text    NOT NULL,
    listed   boolean NOT NULL,
    CONSTRAINT party_list_pkey PRIMARY KEY (token_id, list, party_id)
);
COMMENT ON TABLE sto.party_list IS 'lists of parties that a token''s rules name, as last stated';

CREATE TABLE sto.opt_in (
    set_by   bigint  NOT NULL,
    party_id uuid    NOT NULL,
    token_id uuid    NOT NULL,
    affirmed boolean NOT NULL,
    CONSTRAINT opt_in_pkey PRIMARY KEY (party_id, token_id)
);
COMMENT ON TABLE sto.opt_in IS 'which parties have affirmed which tokens, as last stated';

CREATE TABLE sto.travel_data (
    set_by     bigint     NOT NULL,
    withdrawn  bigint,                -- event that withdrew it
    valid_from timestamptz,
    valid_to   timestamptz,
    party_id   uuid       NOT NULL,
    commitment sto.digest NOT NULL,   -- of the data
    fields     text[]     NOT NULL,   -- what there is, not what it says
    CONSTRAINT travel_data_pkey PRIMARY KEY (set_by)
);
CREATE INDEX travel_data_party ON sto.travel_data (party_id);
COMMENT ON TABLE sto.travel_data IS 'which data of a party are there to accompany its transfers';

CREATE TABLE sto.transfer_approval (
    approval   bigint           NOT NULL,  -- event
    revoked    bigint,                     -- event that took it back
    uses       bigint           NOT NULL,
    uses_left  bigint           NOT NULL,
    valid_from timestamptz,
    valid_to   timestamptz,
    amount     sto.token_amount NOT NULL,
    token_id   uuid             NOT NULL,
    approver   uuid             NOT NULL,
    sender     uuid             NOT NULL,  -- party; the nil uuid: any
    receiver   uuid             NOT NULL,
    exact      boolean          NOT NULL,  -- that amount, else up to it
    CONSTRAINT transfer_approval_pkey PRIMARY KEY (approval)
);
CREATE INDEX transfer_approval_open ON sto.transfer_approval (token_id, sender, receiver, approval)
    WHERE uses_left > 0 AND revoked IS NULL;
COMMENT ON TABLE sto.transfer_approval IS 'approvals of transfers, and how many uses each has left';

-- Rules that failed for an entry that they don't stop: force, recover, reverse.
CREATE TABLE sto.override (
    entry_id bigint   NOT NULL,
    number   smallint NOT NULL,       -- of the rule in its set, from 1
    code     smallint NOT NULL,       -- docs/errors.md, "Reasons"
    rule     text     NOT NULL,
    label    text,
    detail   text     NOT NULL,
    CONSTRAINT override_pkey PRIMARY KEY (entry_id, number)
);
COMMENT ON TABLE sto.override IS 'rules that an enforced entry did not pass';

-- What a party with more than one wallet has of a token: made by the first entry that needs it, once the token has had a
-- rule that reads totals.  A party with one wallet has that wallet's position.
CREATE TABLE sto.holding (
    total     sto.token_amount NOT NULL,
    outflow   sto.token_amount NOT NULL,  -- sum of the wallets' outflows
    posted_at timestamptz      NOT NULL,  -- of its last entry
    party_id  uuid             NOT NULL,
    token_id  uuid             NOT NULL,
    CONSTRAINT holding_pkey PRIMARY KEY (token_id, party_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE sto.holding IS 'totals of parties with several wallets, for tokens whose rules read totals';

-- Holders and their units, of all ("", "") and of each group, for tokens that have had a rule that counts them so.
CREATE TABLE sto.holder_group (
    holders  bigint           NOT NULL,  -- parties with a total above zero
    units    sto.token_amount,           -- the sum of their totals; null: no rule has read it
    token_id uuid             NOT NULL,
    by       text             NOT NULL,  -- "", country, class, topic
    value    text             NOT NULL,  -- "" for parties of no known country or class
    CONSTRAINT holder_group_pkey PRIMARY KEY (token_id, by, value)
) WITH (fillfactor = 50);
COMMENT ON TABLE sto.holder_group IS 'holders of a token by group, for rules that limit them';

-- The outflow of a position at every 64th of its entries, so that what left it since any time is found without adding
-- up all its entries.
CREATE TABLE sto.flow (
    seq       bigint             NOT NULL,  -- of the position
    posted_at timestamptz        NOT NULL,
    outflow   sto.token_amount   NOT NULL,  -- of the position after that entry
    wallet    sto.wallet_address NOT NULL,
    token_id  uuid               NOT NULL,
    CONSTRAINT flow_pkey PRIMARY KEY (token_id, wallet, posted_at, seq)
);
COMMENT ON TABLE sto.flow IS 'outflow of positions at every 64th entry';

-- When a party last received an issue, for tokens that have had a rule about offers.
CREATE TABLE sto.issued (
    posted_at timestamptz NOT NULL,
    party_id  uuid        NOT NULL,
    token_id  uuid        NOT NULL,
    CONSTRAINT issued_pkey PRIMARY KEY (token_id, party_id)
);
CREATE INDEX issued_time ON sto.issued (token_id, posted_at);
COMMENT ON TABLE sto.issued IS 'last issue to each party, for tokens whose rules limit offers';
