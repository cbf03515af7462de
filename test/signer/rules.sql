-- What tests of rules share.  After signer.sql and said.sql.

-- The register of begin_small(), with two wallets of alice and another investor.
CREATE FUNCTION sto_test.begin_rules() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_small();
    PERFORM sto_test.party('carol', NULL, 'natural');
    RETURN num_nonnulls(sto_test.wallet('alice/2', 'alice', '{23}'), sto_test.wallet('carol/1', 'carol', '{24}'));
END $$;

-- An order: "ok", or the SQLSTATE and every reason.
CREATE FUNCTION sto_test.say(kind text, debit text, credit text, amount text, extra jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    said := sto_test.try(CASE kind
        WHEN 'issue' THEN format('SELECT sto_test.issue(%L, %L, %L, %L)', debit, credit, amount, extra)
        WHEN 'redeem' THEN format('SELECT sto_test.redeem(%L, %L, %L, %L)', credit, debit, amount, extra)
        ELSE format('SELECT sto_test.transfer(''ACME'', %L, %L, %L, %L)', debit, credit, amount, extra) END);
    RETURN CASE WHEN said = 'accepted' THEN 'ok' ELSE regexp_replace(said, ' \| rule \w+ of the token does not allow it \| ', ' ') END;
END $$;
CREATE FUNCTION sto_test.micros_in(seconds numeric) RETURNS bigint LANGUAGE sql AS $$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000 + seconds * 1000000)::bigint
$$;
