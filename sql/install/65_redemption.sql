-- Redemption by the issuer: its terms, and what it costs.

CREATE FUNCTION sto.redemption_terms_body(payment_token uuid, price sto.token_amount, per sto.token_amount DEFAULT NULL,
                                          valid_from timestamptz DEFAULT NULL, valid_to timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"token":' || to_json(payment_token), '"price":' || to_json(price::text),
                             '"per":' || to_json(per::text), '"from":' || sto.to_micros(valid_from),
                             '"to":' || sto.to_micros(valid_to)) || '}')::json;
COMMENT ON FUNCTION sto.redemption_terms_body(uuid, sto.token_amount, sto.token_amount, timestamptz, timestamptz) IS
    'body of redemption_terms: so many smallest units of the payment token for so many (null: one) of the token';

CREATE FUNCTION sto.set_redemption_terms(token_id uuid, issuer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('redemption_terms', set_redemption_terms.token_id, set_redemption_terms.issuer, set_redemption_terms.body,
            set_redemption_terms.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_redemption_terms(uuid, uuid, json, bytea) IS
    'on which terms a token''s issuer may redeem from its holders; before the first issue only, signed by the issuer over sto.redemption_terms_body';

-- Rounded up, for the holder; a numeric, as it may be more than an amount can say.
CREATE FUNCTION sto.redemption_cost(units sto.token_amount, price sto.token_amount, per sto.token_amount) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN div(units::numeric * price::numeric + per::numeric - 1, per::numeric);
COMMENT ON FUNCTION sto.redemption_cost(sto.token_amount, sto.token_amount, sto.token_amount) IS
    'what an issuer pays to redeem so many units, on terms of sto.token (redeem_price, redeem_per), in smallest units of redeem_token';
