-- Who may hold what: classes, mandates, owners, claims, and what tokens ask for.  Projections of events, written by
-- their handlers in C and by nothing else.  Pauses and freezes stand in sto.token, sto.wallet and sto.party.

-- The newest for a party, and for a party and token, rules.
CREATE TABLE sto.classification (
    set_by     bigint NOT NULL,       -- event
    party_id   uuid   NOT NULL,
    token_id   uuid,                  -- null: for all tokens
    class      text   NOT NULL,       -- retail, professional, market_counterparty
    basis      text   NOT NULL,
    valid_from timestamptz,
    valid_to   timestamptz,
    CONSTRAINT classification_pkey PRIMARY KEY (set_by)
);
CREATE INDEX classification_party ON sto.classification (party_id);
COMMENT ON TABLE sto.classification IS 'classes of investors, every version; the newest for a party and token rules';

CREATE TABLE sto.mandate (
    set_by         bigint  NOT NULL,
    party_id       uuid    NOT NULL,  -- principal
    representative uuid    NOT NULL,
    scope          text    NOT NULL,  -- orders, votes, all
    basis          text    NOT NULL,  -- minor, executor, attorney, officer
    granted        boolean NOT NULL,
    valid_from     timestamptz,
    valid_to       timestamptz,
    CONSTRAINT mandate_pkey PRIMARY KEY (party_id, representative, scope)
);
CREATE INDEX mandate_representative ON sto.mandate (representative);
COMMENT ON TABLE sto.mandate IS 'who may act for a party, in what and when';

CREATE TABLE sto.beneficial_owner (
    set_by     bigint  NOT NULL,
    party_id   uuid    NOT NULL,
    owner      uuid    NOT NULL,
    share      integer NOT NULL,      -- basis points: 10000 is the whole
    control    boolean NOT NULL,      -- controls it by other means
    valid_from timestamptz,
    valid_to   timestamptz,
    CONSTRAINT beneficial_owner_pkey PRIMARY KEY (party_id, owner)
);
COMMENT ON TABLE sto.beneficial_owner IS 'beneficial owners of legal persons, as last stated';

-- The newest list rules.
CREATE TABLE sto.party_members (
    set_by   bigint NOT NULL,
    party_id uuid   NOT NULL,         -- joint
    nominee  uuid   NOT NULL,         -- the member who votes
    members  uuid[] NOT NULL,         -- in the order in which a register names them
    CONSTRAINT party_members_pkey PRIMARY KEY (party_id)
);
COMMENT ON TABLE sto.party_members IS 'who holds together as a joint party, and which of them votes';

CREATE TABLE sto.claim (
    claim      bigint     NOT NULL,   -- event that made it: its id
    revoked    bigint,                -- event that took it back
    valid_from timestamptz,
    valid_to   timestamptz,
    party_id   uuid       NOT NULL,
    issuer     uuid       NOT NULL,
    topic      text       NOT NULL,
    commitment sto.digest NOT NULL,   -- of the evidence
    CONSTRAINT claim_pkey PRIMARY KEY (claim)
);
CREATE INDEX claim_party ON sto.claim (party_id, topic);
COMMENT ON TABLE sto.claim IS 'what issuers of claims attest of parties';

-- Every version; sto.token names the one in force.
CREATE TABLE sto.token_topics (
    set_by        bigint  NOT NULL,
    token_id      uuid    NOT NULL,
    topics        text[]  NOT NULL,   -- a holder needs a claim on each
    receiver_only boolean NOT NULL,   -- senders need none
    CONSTRAINT token_topics_pkey PRIMARY KEY (set_by)
);
COMMENT ON TABLE sto.token_topics IS 'topics on which a token requires claims, every version';

CREATE TABLE sto.trusted_issuer (
    set_by   bigint NOT NULL,
    token_id uuid   NOT NULL,
    issuer   uuid   NOT NULL,
    topics   text[] NOT NULL,         -- empty: not any more
    CONSTRAINT trusted_issuer_pkey PRIMARY KEY (token_id, issuer)
);
COMMENT ON TABLE sto.trusted_issuer IS 'whose claims a token accepts, on which topics';
