-- The log: the only tables that are dumped and replicated.  Everything else is derived from them.
-- Column order follows alignment (8-octet values first), so that a row carries no padding.

CREATE SEQUENCE sto.entry_id_seq AS bigint CACHE 1 NO CYCLE;
COMMENT ON SEQUENCE sto.entry_id_seq IS 'ids of entries and events together; drawn by the gate, after its locks';

CREATE TABLE sto.event (
    entry_id     bigint       NOT NULL,
    recorded_at  timestamptz  NOT NULL,
    subject      uuid         NOT NULL,
    actor        uuid         NOT NULL,
    prev_hash    sto.digest,
    leaf_hash    sto.digest   NOT NULL,
    kind         text         NOT NULL,
    body         json         NOT NULL,
    signatures   bytea,
    CONSTRAINT event_pkey PRIMARY KEY (entry_id)
);
CREATE INDEX event_subject ON sto.event (subject, entry_id);
COMMENT ON TABLE sto.event IS 'append-only: every change of register state; inserting is how it is changed';

CREATE TABLE sto.transfer (
    entry_id         bigint           NOT NULL,
    received_at      timestamptz      NOT NULL,
    posted_at        timestamptz      NOT NULL,
    amount           sto.token_amount NOT NULL,
    debit_seq        bigint,
    debit_balance    sto.token_amount,
    debit_held       sto.token_amount,
    credit_seq       bigint,
    credit_balance   sto.token_amount,
    credit_held      sto.token_amount,
    key_policy       bigint,
    rule_set         bigint,
    authority_event  bigint,
    valid_until      timestamptz,
    hold_id          bigint,
    release_after    timestamptz,
    undoes           bigint,
    token_id         uuid             NOT NULL,
    ordering_party   uuid             NOT NULL,
    order_id         uuid             NOT NULL,
    posted_by        uuid             NOT NULL,
    group_id         uuid,
    notary           uuid,
    debit_wallet     sto.wallet_address,
    credit_wallet    sto.wallet_address,
    debit_prev       sto.digest,
    credit_prev      sto.digest,
    condition_hash   sto.digest,
    instruction_hash sto.digest,
    attachment_hash  sto.digest,
    leaf_hash        sto.digest       NOT NULL,
    keep_rest        boolean,
    checked_once     boolean,
    kind             text             NOT NULL,
    purpose          text,
    reference        text,
    preimage         bytea,
    signatures       bytea,
    CONSTRAINT transfer_pkey PRIMARY KEY (entry_id),
    -- one order id for ever per ordering party (idempotency); the id first, as it differs soonest
    CONSTRAINT transfer_order UNIQUE (order_id, ordering_party),
    -- a position's chain, read by sto.statement
    CONSTRAINT transfer_debit UNIQUE (debit_wallet, token_id, debit_seq),
    CONSTRAINT transfer_credit UNIQUE (credit_wallet, token_id, credit_seq)
);
COMMENT ON TABLE sto.transfer IS 'append-only: one row an entry; INSERT is the one gate by which units move';

-- Never holds a row: its lock modes order writers, restrictive events and seals.
CREATE TABLE sto.writer ();
COMMENT ON TABLE sto.writer IS 'empty; writers lock it ROW EXCLUSIVE, restrictive events SHARE ROW EXCLUSIVE';
