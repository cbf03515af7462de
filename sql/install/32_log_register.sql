-- The register's part about the log itself: who signs its checkpoints, who witnesses them, what gave its state at a
-- day's close.  Projections of events, written by their handlers in C and by nothing else.

-- The key that signs checkpoints; the note key's name is the ledger's origin, "/" and its id.
CREATE TABLE sto.log_key (
    registered  bigint         NOT NULL,  -- event that brought it in
    retired     bigint,                   -- event that replaced it; null: the present key
    fingerprint sto.digest     NOT NULL,
    key         sto.public_key NOT NULL,
    CONSTRAINT log_key_pkey PRIMARY KEY (registered)
);
COMMENT ON TABLE sto.log_key IS 'keys that sign checkpoints; the present one has no retired';

CREATE TABLE sto.witness (
    registered  bigint         NOT NULL,
    retired     bigint,                   -- event that replaced it, took the capability away, or closed the party
    party_id    uuid           NOT NULL,
    fingerprint sto.digest     NOT NULL,
    key         sto.public_key NOT NULL,
    name        text           NOT NULL,  -- of the note key that cosigns
    CONSTRAINT witness_pkey PRIMARY KEY (registered)
);
CREATE UNIQUE INDEX witness_name ON sto.witness (name) WHERE retired IS NULL;
COMMENT ON TABLE sto.witness IS 'keys that cosign checkpoints, at most one present key a party';

CREATE TABLE sto.witness_policy (
    registered bigint   NOT NULL,
    threshold  smallint NOT NULL,
    CONSTRAINT witness_policy_pkey PRIMARY KEY (registered)
);
COMMENT ON TABLE sto.witness_policy IS
    'how many witnesses of different parties make a checkpoint witnessed: the newest row that the checkpoint''s tree holds; without one 2';

CREATE TABLE sto.time_authority (
    registered  bigint NOT NULL,
    name        text   NOT NULL,
    certificate text   NOT NULL,          -- PEM, one or more
    CONSTRAINT time_authority_pkey PRIMARY KEY (registered)
);
COMMENT ON TABLE sto.time_authority IS 'authorities whose time-stamps (RFC 3161) are accepted';

-- The log goes on from a checkpoint that was given up: after a restore that lost what others had seen.
CREATE TABLE sto.log_restart (
    event     bigint     NOT NULL,
    tree_size bigint     NOT NULL,
    root      sto.digest NOT NULL,
    reason    text       NOT NULL,
    CONSTRAINT log_restart_pkey PRIMARY KEY (event)
);
COMMENT ON TABLE sto.log_restart IS 'checkpoints that the root officers gave up, and why';

CREATE TABLE sto.close (
    event       bigint      NOT NULL,
    recorded_at timestamptz NOT NULL,
    count       bigint      NOT NULL,     -- positions that had an entry before the event
    root        sto.digest  NOT NULL,     -- docs/format.md, "The content of a close"
    CONSTRAINT close_pkey PRIMARY KEY (event)
);
COMMENT ON TABLE sto.close IS 'daily closes: one root over what every position was';
