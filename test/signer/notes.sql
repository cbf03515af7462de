-- Signed notes made in the tests: the log's signature and witnesses', where no worker and no sto_witness runs.
-- After signer.sql.  Keys are seeds as there; formats are C2SP's (signed-note, tlog-cosignature).

CREATE FUNCTION sto_test.base64(octets bytea) RETURNS text IMMUTABLE LANGUAGE sql
    AS $$ SELECT translate(encode(octets, 'base64'), E'\n', '') $$;
CREATE FUNCTION sto_test.note_key_id(name text, type int, seed int) RETURNS bytea IMMUTABLE LANGUAGE sql
    AS $$ SELECT substr(sha256(convert_to(name || E'\n', 'UTF8') || sto_test.u8(type) || sto_test.key_octets(seed)), 1, 4) $$;
-- type 1: a log's key, 4: a witness's
CREATE FUNCTION sto_test.vkey(name text, type int, seed int) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT name || '+' || encode(sto_test.note_key_id(name, type, seed), 'hex') || '+'
           || sto_test.base64(sto_test.u8(type) || sto_test.key_octets(seed))
$$;
CREATE FUNCTION sto_test.note_line(name text, type int, seed int, signature bytea) RETURNS text IMMUTABLE LANGUAGE sql
    AS $$ SELECT U&'\2014 ' || name || ' ' || sto_test.base64(sto_test.note_key_id(name, type, seed) || signature) || E'\n' $$;

CREATE FUNCTION sto_test.checkpoint_text(size bigint, root sto.digest) RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT sto_test.log_name() || E'\n' || size || E'\n' || sto_test.base64(root::bytea) || E'\n' $$;
CREATE FUNCTION sto_test.signed_note(text text, seed int DEFAULT 801) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT text || E'\n' || sto_test.note_line(sto_test.log_name(), 1, seed, sto_test.sign('ed25519', seed, convert_to(text, 'UTF8')))
$$;
CREATE FUNCTION sto_test.cosignature(text text, seed int, seconds bigint) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$
    SELECT int8send(seconds) || sto_test.sign('ed25519', seed, convert_to(E'cosignature/v1\ntime ' || seconds || E'\n' || text, 'UTF8'))
$$;

-- Rows of the evidence tables, as worker and witnesses leave them.  Under maintenance: no SQL writes them else.
CREATE FUNCTION sto_test.put_checkpoint(size bigint DEFAULT NULL, seed int DEFAULT 801) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO sto.checkpoint
    SELECT b.tree_size, b.sealed_at, sto_test.signed_note(sto_test.checkpoint_text(b.tree_size, b.root), seed)
      FROM sto.block AS b WHERE b.tree_size = COALESCE(size, sto.tree_size())
    RETURNING tree_size
$$;
CREATE FUNCTION sto_test.put_cosignature(party text, seed int, size bigint DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO sto.cosignature
    SELECT c.tree_size, to_timestamp(x.seconds), sto_test.id(party), sto.fingerprint(sto_test.public_key(seed)::sto.public_key),
           sto_test.cosignature(split_part(c.note, E'\n\n', 1) || E'\n', seed, x.seconds)
      FROM sto.checkpoint AS c, (SELECT extract(epoch FROM now())::bigint) AS x (seconds)
     WHERE c.tree_size = COALESCE(size, (SELECT max(tree_size) FROM sto.checkpoint))
    RETURNING tree_size
$$;
