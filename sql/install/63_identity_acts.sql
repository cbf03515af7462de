-- Acts about identity, eligibility, pauses and freezes.  As with every act: build the body, sign
-- sto.act_message(kind, subject, actor, body), record it.

CREATE FUNCTION sto.party_facts_body(country text DEFAULT NULL, incorporation text DEFAULT NULL, lei sto.lei DEFAULT NULL,
                                     commitment sto.digest DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"country":' || to_json(country), '"incorporation":' || to_json(incorporation),
                             '"lei":' || to_json(lei::text), '"commitment":' || to_json(commitment::text)) || '}')::json;
COMMENT ON FUNCTION sto.party_facts_body(text, text, sto.lei, sto.digest) IS
    'body of party_facts: what is given replaces what was; country is that of residence';

CREATE FUNCTION sto.classification_body(class text, basis text, token uuid DEFAULT NULL,
                                        valid_from timestamptz DEFAULT NULL, valid_to timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"class":' || to_json(class), '"token":' || to_json(token), '"basis":' || to_json(basis),
                             '"from":' || sto.to_micros(valid_from), '"to":' || sto.to_micros(valid_to)) || '}')::json;
COMMENT ON FUNCTION sto.classification_body(text, text, uuid, timestamptz, timestamptz) IS
    'body of classification: retail, professional or market_counterparty, for one token or all';

CREATE FUNCTION sto.mandate_body(representative uuid, scope text, basis text, granted boolean DEFAULT true,
                                 valid_from timestamptz DEFAULT NULL, valid_to timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"representative":' || to_json(representative), '"scope":' || to_json(scope),
                             '"basis":' || to_json(basis), '"from":' || sto.to_micros(valid_from),
                             '"to":' || sto.to_micros(valid_to), '"granted":' || granted) || '}')::json;
COMMENT ON FUNCTION sto.mandate_body(uuid, text, text, boolean, timestamptz, timestamptz) IS
    'body of mandate: scope orders, votes or all; basis minor, executor, attorney or officer';

CREATE FUNCTION sto.beneficial_owner_body(owner uuid, share integer, control boolean DEFAULT false,
                                          valid_from timestamptz DEFAULT NULL, valid_to timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"owner":' || to_json(owner), '"share":' || share, '"control":' || control,
                             '"from":' || sto.to_micros(valid_from), '"to":' || sto.to_micros(valid_to)) || '}')::json;
COMMENT ON FUNCTION sto.beneficial_owner_body(uuid, integer, boolean, timestamptz, timestamptz) IS
    'body of beneficial_owner; share in basis points, 0 for none any more';

CREATE FUNCTION sto.party_members_body(members uuid[], nominee uuid) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"members":' || array_to_json(members), '"nominee":' || to_json(nominee)) || '}')::json;
COMMENT ON FUNCTION sto.party_members_body(uuid[], uuid) IS
    'body of party_members: joint holders in their order, and the one of them who votes';

CREATE FUNCTION sto.claim_body(topic text, commitment sto.digest, valid_from timestamptz DEFAULT NULL,
                               valid_to timestamptz DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"topic":' || to_json(topic), '"commitment":' || to_json(commitment::text),
                             '"from":' || sto.to_micros(valid_from), '"to":' || sto.to_micros(valid_to)) || '}')::json;
COMMENT ON FUNCTION sto.claim_body(text, sto.digest, timestamptz, timestamptz) IS
    'body of claim; commitment is a digest of the evidence, which stays with the issuer';

CREATE FUNCTION sto.claim_revoke_body(claim bigint, reason text) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"claim":' || claim || ',"reason":' || to_json(reason) || '}')::json;
COMMENT ON FUNCTION sto.claim_revoke_body(bigint, text) IS 'body of claim_revoke: the claim''s event';

CREATE FUNCTION sto.token_topics_body(topics text[], receiver_only boolean DEFAULT true) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"topics":' || to_json(topics) || ',"receiver_only":' || receiver_only || '}')::json;
COMMENT ON FUNCTION sto.token_topics_body(text[], boolean) IS
    'body of token_topics: receivers need a claim on each topic, senders too unless receiver_only';

CREATE FUNCTION sto.trusted_issuer_body(issuer uuid, topics text[]) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"issuer":' || to_json(issuer) || ',"topics":' || to_json(topics) || '}')::json;
COMMENT ON FUNCTION sto.trusted_issuer_body(uuid, text[]) IS 'body of trusted_issuer; no topics: not trusted any more';

CREATE FUNCTION sto.token_pause_body(paused boolean, basis text, document_hash sto.digest, case_event bigint DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"paused":' || paused, '"basis":' || to_json(basis),
                             '"document_hash":' || to_json(document_hash::text), '"case":' || case_event) || '}')::json;
COMMENT ON FUNCTION sto.token_pause_body(boolean, text, sto.digest, bigint) IS
    'body of token_pause; basis law, contract, court or administrative; case_event: of an enforcer''s pause, the approved case of act token_pause';

CREATE FUNCTION sto.freeze_body(frozen boolean, basis text, document_hash sto.digest, case_event bigint DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"frozen":' || frozen, '"basis":' || to_json(basis),
                             '"document_hash":' || to_json(document_hash::text), '"case":' || case_event) || '}')::json;
COMMENT ON FUNCTION sto.freeze_body(boolean, text, sto.digest, bigint) IS
    'body of wallet_freeze and party_freeze; basis law, contract, court or administrative; case_event: to freeze a wallet, the approved case of act wallet_freeze';

CREATE FUNCTION sto.set_party_facts(party_id uuid, registrar uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('party_facts', set_party_facts.party_id, set_party_facts.registrar, set_party_facts.body, set_party_facts.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_party_facts(uuid, uuid, json, bytea) IS
    'change facts of a party: residence, incorporation, LEI, commitment; signed by a registrar over sto.party_facts_body';

CREATE FUNCTION sto.classify(party_id uuid, registrar uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('classification', classify.party_id, classify.registrar, classify.body, classify.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.classify(uuid, uuid, json, bytea) IS
    'class an investor; signed by a registrar over sto.classification_body';

CREATE FUNCTION sto.set_mandate(party_id uuid, registrar uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('mandate', set_mandate.party_id, set_mandate.registrar, set_mandate.body, set_mandate.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_mandate(uuid, uuid, json, bytea) IS
    'give a representative a mandate for a party, or withdraw it; signed by a registrar over sto.mandate_body';

CREATE FUNCTION sto.set_beneficial_owner(party_id uuid, registrar uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('beneficial_owner', set_beneficial_owner.party_id, set_beneficial_owner.registrar, set_beneficial_owner.body, set_beneficial_owner.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_beneficial_owner(uuid, uuid, json, bytea) IS
    'state a beneficial owner of a legal person; signed by a registrar over sto.beneficial_owner_body';

CREATE FUNCTION sto.set_party_members(party_id uuid, registrar uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('party_members', set_party_members.party_id, set_party_members.registrar, set_party_members.body,
            set_party_members.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_party_members(uuid, uuid, json, bytea) IS
    'state who holds together as a joint party, and who votes; signed by a registrar over sto.party_members_body';

CREATE FUNCTION sto.add_claim(party_id uuid, issuer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('claim', add_claim.party_id, add_claim.issuer, add_claim.body, add_claim.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.add_claim(uuid, uuid, json, bytea) IS
    'record a claim about a party; returns the claim''s id; signed by an issuer of claims over sto.claim_body';

CREATE FUNCTION sto.revoke_claim(party_id uuid, issuer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('claim_revoke', revoke_claim.party_id, revoke_claim.issuer, revoke_claim.body, revoke_claim.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.revoke_claim(uuid, uuid, json, bytea) IS
    'take a claim back; signed by its issuer over sto.claim_revoke_body';

CREATE FUNCTION sto.set_topics(token_id uuid, issuer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('token_topics', set_topics.token_id, set_topics.issuer, set_topics.body, set_topics.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.set_topics(uuid, uuid, json, bytea) IS
    'on which topics a token requires claims from now on; signed by the token''s issuer over sto.token_topics_body';

CREATE FUNCTION sto.trust_issuer(token_id uuid, issuer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('trusted_issuer', trust_issuer.token_id, trust_issuer.issuer, trust_issuer.body, trust_issuer.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.trust_issuer(uuid, uuid, json, bytea) IS
    'for which topics a token trusts an issuer of claims; signed by the token''s issuer over sto.trusted_issuer_body';

CREATE FUNCTION sto.pause_token(token_id uuid, actor uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('token_pause', pause_token.token_id, pause_token.actor, pause_token.body, pause_token.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.pause_token(uuid, uuid, json, bytea) IS
    'pause a token or let it go on; signed by its issuer, or by an enforcer, who pauses by a case of two officers, over sto.token_pause_body';

CREATE FUNCTION sto.freeze_wallet(wallet_id uuid, enforcer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('wallet_freeze', freeze_wallet.wallet_id, freeze_wallet.enforcer, freeze_wallet.body, freeze_wallet.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.freeze_wallet(uuid, uuid, json, bytea) IS
    'freeze a wallet, by a case of two officers, or let it go; signed by an enforcer over sto.freeze_body';

CREATE FUNCTION sto.freeze_party(party_id uuid, enforcer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('party_freeze', freeze_party.party_id, freeze_party.enforcer, freeze_party.body, freeze_party.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.freeze_party(uuid, uuid, json, bytea) IS
    'freeze a party, with all its wallets, or let it go; signed by an enforcer over sto.freeze_body';
