-- Second officers of tokens, and what is proposed to them.  Projections of events, written by their handlers in C and by
-- nothing else.

CREATE TABLE sto.four_eyes (
    set_by    bigint NOT NULL,       -- event
    token_id  uuid   NOT NULL,
    acts      text[] NOT NULL,       -- kinds of the issuer's events about the token that need a second officer
    approvers uuid[] NOT NULL,       -- parties, any of which may be it
    CONSTRAINT four_eyes_pkey PRIMARY KEY (token_id)
);
COMMENT ON TABLE sto.four_eyes IS 'which acts about a token need a second officer, and who they are';

CREATE TABLE sto.proposal (
    opened      bigint NOT NULL,     -- event that made it
    decided     bigint,              -- newest event that approves or refuses it
    used_by     bigint,              -- event of the act itself
    valid_until timestamptz NOT NULL,
    proposal_id uuid   NOT NULL,
    about       uuid   NOT NULL,     -- token
    proposer    uuid   NOT NULL,
    officer     uuid,                -- who decided; the proposer, if it was withdrawn
    body_hash   sto.digest NOT NULL, -- SHA-256 of act_body
    approved    boolean,             -- false ends it
    kind        text   NOT NULL,     -- of the act
    act_body    text   NOT NULL,     -- exactly
    CONSTRAINT proposal_pkey PRIMARY KEY (proposal_id)
);
CREATE INDEX proposal_about ON sto.proposal (about, body_hash);
COMMENT ON TABLE sto.proposal IS 'acts that were proposed to second officers, and what became of them';
