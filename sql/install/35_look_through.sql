-- Look-through: whose the units of omnibus wallets are.  Projections of look_through events, written by their handler in C.

-- What was stated of a wallet last.
CREATE TABLE sto.look_through (
    set_by    bigint             NOT NULL,  -- event
    stated_at timestamptz        NOT NULL,
    seq       bigint             NOT NULL,  -- of the position, when it was counted
    units     sto.token_amount   NOT NULL,  -- the balance then: what counts for the owners and not for the wallet's party
    wallet    sto.wallet_address NOT NULL,
    token_id  uuid               NOT NULL,
    party_id  uuid               NOT NULL,  -- the wallet's
    CONSTRAINT look_through_pkey PRIMARY KEY (token_id, wallet)
);
CREATE INDEX look_through_party ON sto.look_through (token_id, party_id);
COMMENT ON TABLE sto.look_through IS 'omnibus wallets whose owners their custodians have stated, as stated last';

CREATE TABLE sto.look_through_owner (
    units    sto.token_amount   NOT NULL,
    wallet   sto.wallet_address NOT NULL,
    token_id uuid               NOT NULL,
    party_id uuid               NOT NULL,  -- the owner
    CONSTRAINT look_through_owner_pkey PRIMARY KEY (token_id, wallet, party_id)
);
CREATE INDEX look_through_owner_party ON sto.look_through_owner (token_id, party_id);
COMMENT ON TABLE sto.look_through_owner IS 'owners of the units of omnibus wallets, as their custodians stated them last';
