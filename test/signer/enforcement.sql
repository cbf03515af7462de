-- What tests of enforcement share.  After signer.sql.

-- The register of begin_small(), with officers, another investor and another token.
CREATE FUNCTION sto_test.begin_enforcement() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.begin_small();
    RETURN num_nonnulls(sto_test.officer('enforcer', 31, 'enforcer'), sto_test.officer('second', 32, 'enforcer'), sto_test.officer('third', 33, 'enforcer'),
                        sto_test.officer('agent', 34, 'recovery_agent'), sto_test.party('venue', '{35}'), sto_test.party('carol', NULL, 'natural'),
                        sto_test.wallet('alice/2', 'alice', '{23}'), sto_test.wallet('carol/1', 'carol', '{24}'), sto_test.token('OTHER', 'acme'));
END $$;
CREATE FUNCTION sto_test.force(amount text, extra jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('token', 'ACME', 'debit', 'alice/1', 'credit', 'bob/1', 'amount', amount) || extra $$;
CREATE FUNCTION sto_test.shown(name text) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s: %s (%s held)', name, p.balance, p.held) FROM sto.position p WHERE p.wallet = sto_test.address(name) AND p.token_id = sto_test.id('ACME') $$;
