-- Attachments: units of a position that its holder may not use until an officer lets them go.  A projection of events,
-- written by the gate and by nothing else.

CREATE TABLE sto.attachment (
    attachment bigint             NOT NULL,  -- event
    case_event bigint             NOT NULL,  -- that allowed it
    lifted     bigint,                       -- the last event that let units go
    amount     sto.token_amount   NOT NULL,  -- target
    remaining  sto.token_amount   NOT NULL,  -- what was not let go
    token_id   uuid               NOT NULL,
    wallet     sto.wallet_address NOT NULL,
    CONSTRAINT attachment_pkey PRIMARY KEY (attachment)
);
CREATE INDEX attachment_position ON sto.attachment (token_id, wallet);
COMMENT ON TABLE sto.attachment IS
    'attachments of positions: what is not held otherwise can''t leave the wallet, up to the sum of their remaining units; credits to come are kept as well';
