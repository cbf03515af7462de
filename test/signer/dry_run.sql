-- What the gate and a dry run say of an order, to be compared.  After signer.sql.

CREATE FUNCTION sto_test.seeds_for(o sto.transfer) RETURNS int[] LANGUAGE sql AS $$
    SELECT k.seeds FROM sto_test.keyring k
     WHERE k.subject = CASE o.kind WHEN 'issue' THEN (SELECT t.issuer FROM sto.token t WHERE t.token_id = o.token_id)
                                   WHEN 'post' THEN (SELECT w.wallet_id FROM sto.wallet w WHERE w.address = o.credit_wallet)
                                   WHEN 'release' THEN (SELECT w.wallet_id FROM sto.hold h JOIN sto.wallet w ON w.address = h.beneficiary WHERE h.hold_id = o.hold_id)
                                   ELSE (SELECT w.wallet_id FROM sto.wallet w WHERE w.address = o.debit_wallet) END
$$;
-- What the gate does: '' or SQLSTATE and reasons; keep: not rolled back if it passes.
CREATE FUNCTION sto_test.gate_says(o sto.transfer, keep boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    PERFORM sto_test.insert_order(o, sto_test.signatures(sto_test.order_message(o), sto_test.seeds_for(o)));
    IF keep THEN
        RETURN '';
    END IF;
    RAISE SQLSTATE 'YY000';
EXCEPTION WHEN SQLSTATE 'YY000' THEN
    RETURN '';
WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || E'\n' || said;
END $$;
CREATE FUNCTION sto_test.dry_run_says(o sto.transfer) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((array_agg(c.state ORDER BY c.n))[1] || E'\n' || CASE count(*) WHEN 1 THEN max(c.detail) ELSE string_agg(c.rule || ': ' || c.detail, E'\n' ORDER BY c.n) END, '')
      FROM sto.check_order(jsonb_populate_record(NULL::sto.order, to_jsonb(o))) WITH ORDINALITY c (code, state, rule, label, subject, l, value, passing, detail, n)
$$;
