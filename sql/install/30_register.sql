-- The register: projections of the log.  Written by the gate and by event handlers in C, by nothing else.

-- Every thing that has a chain of events: the ledger itself (nil uuid), parties, wallets, tokens, batches, and
-- the daily closes together (the ledger's id).
CREATE TABLE sto.subject (
    subject     uuid        NOT NULL,
    last_event  bigint      NOT NULL,  -- entry_id of its newest event
    recorded_at timestamptz NOT NULL,  -- that event's time
    head        sto.digest  NOT NULL,  -- that event's leaf hash
    kind        text        NOT NULL,  -- ledger, party, wallet, token, batch, close
    CONSTRAINT subject_pkey PRIMARY KEY (subject)
) WITH (fillfactor = 80);

-- One row once the ledger is open.
CREATE TABLE sto.ledger (
    ledger_id          uuid       NOT NULL,
    policy_event       bigint     NOT NULL,  -- event that set the root officers' present policy
    genesis_hash       sto.digest NOT NULL,
    name               text       NOT NULL,
    origin             text       NOT NULL,
    register_authority text       NOT NULL,  -- keys or roles
    CONSTRAINT ledger_pkey PRIMARY KEY (ledger_id)
);

-- Immutable: one row a version of a subject's key policy.
CREATE TABLE sto.key_policy (
    policy_event bigint NOT NULL,
    subject      uuid   NOT NULL,
    policy       bytea  NOT NULL,  -- docs/format.md, "Key policy"
    CONSTRAINT key_policy_pkey PRIMARY KEY (policy_event)
);

-- A key registers once in a ledger, for one subject and one use.
CREATE TABLE sto.key (
    registered  bigint         NOT NULL,  -- event that brought it in
    retired     bigint,                   -- event whose policy left it out
    valid_from  timestamptz,
    valid_to    timestamptz,
    subject     uuid           NOT NULL,
    fingerprint sto.digest     NOT NULL,
    key         sto.public_key NOT NULL,
    used_for    text           NOT NULL,  -- policy (signs orders and acts), log or witness (sign notes)
    CONSTRAINT key_pkey PRIMARY KEY (fingerprint)
);
CREATE INDEX key_subject ON sto.key (subject);

CREATE TABLE sto.party (
    registered   bigint NOT NULL,
    policy_event bigint,            -- null: has no keys of its own
    party_id     uuid   NOT NULL,
    kind         text   NOT NULL,
    status       text   NOT NULL,   -- active, closed
    country      text,
    lei          sto.lei,
    commitment   sto.digest,
    incorporation text,             -- ISO 3166-1 alpha-2; country is that of residence
    frozen       bigint,            -- event that froze it everywhere
    CONSTRAINT party_pkey PRIMARY KEY (party_id)
);

CREATE TABLE sto.capability (
    granted_by bigint  NOT NULL,    -- event
    party_id   uuid    NOT NULL,
    capability text    NOT NULL,
    granted    boolean NOT NULL,
    CONSTRAINT capability_pkey PRIMARY KEY (party_id, capability)
);

CREATE TABLE sto.wallet (
    registered   bigint             NOT NULL,
    policy_event bigint,            -- null: an issuance wallet, ordered by the issuer's quorum
    wallet_id    uuid               NOT NULL,
    party_id     uuid               NOT NULL,
    custodian    uuid,
    address      sto.wallet_address NOT NULL,
    salt         sto.digest         NOT NULL,
    signed_only  boolean            NOT NULL,
    kind         text               NOT NULL,
    status       text               NOT NULL,  -- active, closed
    frozen       bigint,            -- event that froze it
    barred       bigint,            -- entry that began to recover what it had: closed for good
    successor    sto.wallet_address, -- of the same party, to which it goes
    CONSTRAINT wallet_pkey PRIMARY KEY (address),
    CONSTRAINT wallet_id UNIQUE (wallet_id)
);
CREATE INDEX wallet_party ON sto.wallet (party_id);

CREATE TABLE sto.token (
    registered    bigint             NOT NULL,
    authorised    sto.token_amount,            -- null: unlimited
    token_id      uuid               NOT NULL,
    issuer        uuid               NOT NULL,
    issuance      sto.wallet_address NOT NULL,
    decimals      smallint           NOT NULL,
    kind          text               NOT NULL,
    status        text               NOT NULL,  -- active, closed
    name          text               NOT NULL,
    isin          sto.isin,
    cfi           sto.cfi,
    dti           sto.dti,
    currency      text,
    unsigned_role text,
    paused        bigint,                      -- event that paused it
    paused_by     uuid,                        -- who did: only he or an enforcer lifts it
    topics        bigint,                      -- event of the topics that it requires; null: none
    receiver_only boolean            NOT NULL,  -- a sender needs no claims
    redeem_terms  bigint,                      -- event of the terms on which its issuer redeems; null: holders alone do
    redeem_token  uuid,                        -- in which it pays for them
    redeem_price  sto.token_amount,            -- smallest units of that, for
    redeem_per    sto.token_amount,            -- so many smallest units of this
    redeem_from   timestamptz,
    redeem_to     timestamptz,
    CONSTRAINT token_pkey PRIMARY KEY (token_id),
    CONSTRAINT token_isin UNIQUE (isin)
);

CREATE INDEX token_redeem ON sto.token (redeem_token) WHERE redeem_token IS NOT NULL;

-- A list of orders that one quorum signed at once.
CREATE TABLE sto.batch (
    batch_event  bigint           NOT NULL,
    policy_event bigint           NOT NULL,  -- actor's policy whose quorum signed it
    count        bigint           NOT NULL,
    sum          sto.token_amount NOT NULL,
    usable_until timestamptz,                -- earliest end among valid_until and the signing keys
    batch_id     uuid             NOT NULL,
    actor        uuid             NOT NULL,
    token_id     uuid             NOT NULL,
    hash         sto.digest       NOT NULL,
    posted       boolean          NOT NULL,
    CONSTRAINT batch_pkey PRIMARY KEY (batch_event)
);

CREATE TABLE sto.position (
    balance   sto.token_amount   NOT NULL,
    held      sto.token_amount   NOT NULL,
    seq       bigint             NOT NULL,
    posted_at timestamptz        NOT NULL,  -- of its last entry
    wallet    sto.wallet_address NOT NULL,
    token_id  uuid               NOT NULL,
    head      sto.digest,                   -- leaf hash of its last entry
    outflow   sto.token_amount   NOT NULL,  -- sum of its issues, and of its transfers and posts to other parties
    CONSTRAINT position_pkey PRIMARY KEY (token_id, wallet)
) WITH (fillfactor = 70);

CREATE TABLE sto.hold (
    hold_id          bigint             NOT NULL,  -- entry_id of the hold's entry
    amount           sto.token_amount   NOT NULL,  -- as placed
    remaining        sto.token_amount   NOT NULL,  -- still held; zero once posted or released
    release_after    timestamptz,
    wallet           sto.wallet_address NOT NULL,
    token_id         uuid               NOT NULL,
    notary           uuid,
    beneficiary      sto.wallet_address,
    condition_hash   sto.digest,
    instruction_hash sto.digest,
    checked_once     boolean            NOT NULL,  -- rules are not asked again when it is posted
    purpose          text               NOT NULL,
    CONSTRAINT hold_pkey PRIMARY KEY (hold_id)
);
-- by expiry, so that those that have expired are found without a look at the others
CREATE INDEX hold_open ON sto.hold (wallet, token_id, release_after) WHERE remaining > '0';
CREATE INDEX hold_expiry ON sto.hold (release_after) WHERE remaining > '0' AND release_after IS NOT NULL;

COMMENT ON TABLE sto.subject IS 'every thing that has a chain of events, and the head of that chain';
COMMENT ON TABLE sto.ledger IS 'the open ledger: at most one row';
COMMENT ON TABLE sto.key_policy IS 'every version of every key policy; rows never change';
COMMENT ON TABLE sto.key IS 'every public key ever registered, each for one subject and one use';
COMMENT ON TABLE sto.party IS 'parties, by pseudonymous id';
COMMENT ON TABLE sto.capability IS 'what the root officers let a party do';
COMMENT ON TABLE sto.wallet IS 'wallets and issuance wallets';
COMMENT ON TABLE sto.token IS 'tokens';
COMMENT ON TABLE sto.batch IS 'lists of orders that one quorum signed at once';
COMMENT ON TABLE sto.position IS 'what one wallet has of one token, and the head of its chain of entries';
COMMENT ON TABLE sto.hold IS 'holds, and what is left of each';

-- Local to this database, not part of the log: which role submits for which party.  A role is meant, not its name: whoever
-- gets the name of one that was dropped gets nothing with it.  A dump has the name.
CREATE TABLE sto.member (
    role     regrole NOT NULL,
    party_id uuid    NOT NULL,
    CONSTRAINT member_pkey PRIMARY KEY (role)
);
COMMENT ON TABLE sto.member IS 'database roles that may submit, each for one party; keys authorise, roles do not';
