-- Documents of tokens, and who acknowledged them.  Projections of events, written by their handlers in C and by nothing else.

CREATE TABLE sto.document (
    document    bigint     NOT NULL,      -- event that put it in: its id
    replaced    bigint,                   -- event of the next version of that name
    token_id    uuid       NOT NULL,
    hash        sto.digest NOT NULL,      -- SHA-256 of its octets
    acknowledge boolean    NOT NULL,      -- nobody acquires the token for the first time who has not acknowledged it
    name        text       NOT NULL,
    version     text       NOT NULL,
    uri         text       NOT NULL,
    reference   text,                     -- of its approval
    CONSTRAINT document_pkey PRIMARY KEY (document)
);
CREATE UNIQUE INDEX document_name ON sto.document (token_id, name) WHERE replaced IS NULL;
COMMENT ON TABLE sto.document IS 'documents of tokens, every version; the present one of a name has no replaced';

CREATE TABLE sto.acknowledgement (
    event    bigint NOT NULL,
    document bigint NOT NULL,
    party_id uuid   NOT NULL,
    actor    uuid   NOT NULL,             -- whose quorum signed: the party's, or one of its wallets'
    CONSTRAINT acknowledgement_pkey PRIMARY KEY (party_id, document)
);
COMMENT ON TABLE sto.acknowledgement IS 'which party acknowledged which document';
