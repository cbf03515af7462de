-- What officers ask about a party: its class, and whether it may hold a token.

CREATE FUNCTION sto.class_of(party_id uuid, token_id uuid DEFAULT NULL, at timestamptz DEFAULT clock_timestamp()) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT c.class
              FROM (SELECT s.class, s.valid_from, s.valid_to
                      FROM sto.classification s
                      JOIN sto.event e ON e.entry_id = s.set_by
                     WHERE s.party_id = class_of.party_id AND (s.token_id IS NULL OR s.token_id = class_of.token_id)
                       AND e.recorded_at <= at
                     ORDER BY s.token_id IS NULL, s.set_by DESC LIMIT 1) c
             WHERE (c.valid_from IS NULL OR c.valid_from <= at) AND (c.valid_to IS NULL OR c.valid_to > at));
COMMENT ON FUNCTION sto.class_of(uuid, uuid, timestamptz) IS
    'a party''s class at a time: the newest stated by then for the token, else in general, if it was in force; null: none, or not for the caller to see';

CREATE FUNCTION sto.why_not_eligible(token_id uuid, party_id uuid,
    OUT code integer, OUT state text, OUT rule text, OUT label text, OUT subject text,
    OUT "limit" text, OUT value text, OUT passing sto.token_amount, OUT detail text) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sto_why_not_eligible';
COMMENT ON FUNCTION sto.why_not_eligible(uuid, uuid) IS
    'what a party lacks to hold a token now, a row each, as the gate sees it; none if it is eligible';

CREATE FUNCTION sto.is_eligible(token_id uuid, party_id uuid) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    RETURN NOT EXISTS (SELECT FROM sto.why_not_eligible(is_eligible.token_id, is_eligible.party_id));
COMMENT ON FUNCTION sto.is_eligible(uuid, uuid) IS
    'whether a party is active and has every claim that a token requires now; pauses, freezes and rules are sto.check_transfer()''s';
