-- Holds: what has expired, and its release.

CREATE FUNCTION sto.release_expired(token uuid, most integer) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sto_release_expired' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION sto.release_expired(uuid, integer) IS
    'sto.sweep_expired for a token''s uuid; null: of every token';

CREATE FUNCTION sto.sweep_expired(token text DEFAULT NULL, most integer DEFAULT 1000) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT sto.release_expired((SELECT t.token_id FROM sto.find_token(sweep_expired.token) t), sweep_expired.most);
END;
COMMENT ON FUNCTION sto.sweep_expired(text, integer) IS
    'post a release for each hold that is open past its release_after, the oldest expiry first; how many there were';
