-- Custom rules.  After rules.sql.

-- What the signers of the set read, as docs/format.md has it.
CREATE FUNCTION sto_test.definition(function text) RETURNS text LANGUAGE sql AS $$
    SELECT encode(sha256(sto_test.tag('sto.custom') || sto_test.text8(n.nspname || '.' || p.proname) || sto_test.text8(l.lanname)
                         || sto_test.u8(coalesce(cardinality(p.proconfig), 0))
                         || coalesce((SELECT string_agg(sto_test.text16(c), ''::bytea ORDER BY i) FROM unnest(p.proconfig) WITH ORDINALITY AS u (c, i)), '')
                         || sto_test.text32(p.prosrc)), 'hex')
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
     WHERE p.oid = function::regproc
$$;
CREATE FUNCTION sto_test.custom(function text) RETURNS boolean LANGUAGE sql AS $$
    SELECT sto_test.rules('ACME', jsonb_build_array(jsonb_build_object('rule', 'custom', 'function', function, 'definition', sto_test.definition(function)))) IS NOT NULL
$$;
-- A function in schema acme that says what the expression comes to: null, or a reason.
CREATE FUNCTION sto_test.says(name text, expression text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FUNCTION acme.%I(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address, debit_party uuid, credit_party uuid,
        amount sto.token_amount, posted_at timestamptz) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS %L',
        name, format('BEGIN RETURN %s; END', expression));
END $$;
-- A rule that asks it.
CREATE FUNCTION sto_test.asks(name text, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('rule', 'custom', 'function', 'acme.' || name, 'definition', sto_test.definition('acme.' || name)) || more
$$;
