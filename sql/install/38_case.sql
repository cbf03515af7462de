-- Cases of enforcement: what one officer proposes, another approves, and one entry or event carries out.  A projection of events
-- and entries, written by the gates and by nothing else.

CREATE TABLE sto.case (
    case_event    bigint             NOT NULL,  -- event that opened it: its id
    approved      bigint,                       -- event
    refused       bigint,                       -- event; it may come after an approval
    used          bigint,                       -- entry or event that carried it out
    undoes        bigint,                       -- entry
    valid_until   timestamptz,
    not_before    timestamptz,
    amount        sto.token_amount,
    case_id       uuid               NOT NULL,
    opened_by     uuid               NOT NULL,  -- the first officer's party
    approved_by   uuid,                         -- the second's
    token_id      uuid,
    debit_wallet  sto.wallet_address NOT NULL,
    credit_wallet sto.wallet_address,
    document_hash sto.digest         NOT NULL,  -- of the decision
    act           text               NOT NULL,
    basis         text               NOT NULL,
    holds         bigint[],                     -- that it breaks, in this order; of a post, the pledge
    CONSTRAINT case_pkey PRIMARY KEY (case_event),
    CONSTRAINT case_id UNIQUE (case_id)
);
CREATE INDEX case_undoes ON sto.case (undoes) WHERE undoes IS NOT NULL;
COMMENT ON TABLE sto.case IS 'cases of enforcement: what is to be done, who opened, approved or refused it, and the entry or event that did it; read by sto.cases';

CREATE FUNCTION sto.cases(case_event bigint DEFAULT NULL) RETURNS SETOF sto.case
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'sto_cases';
COMMENT ON FUNCTION sto.cases(bigint) IS
    'that case, or all (null): for its officers, readers of the whole register, and who is concerned once it is carried out';
