-- Acts about documents.  As with every act: build the body, sign sto.act_message(kind, subject, actor, body), record it.

CREATE FUNCTION sto.document_body(name text, version text, uri text, hash sto.digest, acknowledge boolean DEFAULT false,
                                  reference text DEFAULT NULL) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{' || concat_ws(',', '"name":' || to_json(name), '"version":' || to_json(version), '"uri":' || to_json(uri),
                             '"hash":' || to_json(hash::text), '"reference":' || to_json(reference),
                             '"acknowledge":' || acknowledge) || '}')::json;
COMMENT ON FUNCTION sto.document_body(text, text, text, sto.digest, boolean, text) IS
    'body of document; hash is the SHA-256 of its octets, reference that of its approval';

CREATE FUNCTION sto.acknowledge_body(document bigint) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('{"document":' || document || '}')::json;
COMMENT ON FUNCTION sto.acknowledge_body(bigint) IS 'body of acknowledge: the document''s event';

CREATE FUNCTION sto.add_document(token_id uuid, issuer uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('document', add_document.token_id, issuer, add_document.body, add_document.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.add_document(uuid, uuid, json, bytea) IS
    'put a document of a token into the register, in the place of an earlier version of its name; returns its id';

CREATE FUNCTION sto.acknowledge_document(party_id uuid, actor uuid, body json, signatures bytea) RETURNS bigint
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO sto.event (kind, subject, actor, body, signatures)
    VALUES ('acknowledge', acknowledge_document.party_id, acknowledge_document.actor, acknowledge_document.body,
            acknowledge_document.signatures)
    RETURNING entry_id;
END;
COMMENT ON FUNCTION sto.acknowledge_document(uuid, uuid, json, bytea) IS
    'a party acknowledges a document; the actor is the party, one of its wallets, or a representative with a mandate';

CREATE FUNCTION sto.documents_due(token_id uuid, party_id uuid) RETURNS SETOF sto.document
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT d.* FROM sto.document d
     WHERE d.token_id = documents_due.token_id AND d.replaced IS NULL AND d.acknowledge
       AND NOT EXISTS (SELECT FROM sto.acknowledgement a
                        WHERE a.document = d.document AND a.party_id = documents_due.party_id)
     ORDER BY d.document;
END;
COMMENT ON FUNCTION sto.documents_due(uuid, uuid) IS
    'documents that a party must acknowledge before it acquires a token for the first time, as far as the caller may see';
