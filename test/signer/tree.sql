-- The tree computed the naive way, from the log alone: RFC 9162 2.1.1 in SQL, no tile, no function of the extension.

-- Hashes in pairs, level by level; an odd one goes up as it is.
CREATE FUNCTION sto_test.naive_root(hashes bytea[]) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF cardinality(hashes) = 0 THEN
        RETURN sha256('');
    END IF;
    WHILE cardinality(hashes) > 1 LOOP
        hashes := (SELECT array_agg(CASE WHEN r.h IS NULL THEN l.h ELSE sha256('\x01'::bytea || l.h || r.h) END ORDER BY l.i)
                     FROM unnest(hashes) WITH ORDINALITY AS l (h, i)
                     LEFT JOIN unnest(hashes) WITH ORDINALITY AS r (h, i) ON r.i = l.i + 1
                    WHERE l.i % 2 = 1);
    END LOOP;
    RETURN hashes[1];
END $$;

CREATE VIEW sto_test.leaf AS
SELECT entry_id, row_number() OVER (ORDER BY entry_id) - 1 AS index, decode(leaf_hash::text, 'hex') AS hash
  FROM (SELECT entry_id, leaf_hash FROM sto.event UNION ALL SELECT entry_id, leaf_hash FROM sto.transfer) AS log;

-- 'sound', or what is wrong first: every block, every tile and what is sealed, against the log.
CREATE FUNCTION sto_test.check_tree() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    leaves bytea[] := (SELECT array_agg(hash ORDER BY index) FROM sto_test.leaf);
    ids    bigint[] := (SELECT array_agg(entry_id ORDER BY index) FROM sto_test.leaf);
    b      record;
    t      record;
    below  bytea[] := leaves;
BEGIN
    FOR b IN SELECT last_id, tree_size, decode(root::text, 'hex') AS root, lag(tree_size, 1, 0) OVER w AS before,
                    lag(sealed_at) OVER w > sealed_at AS back
               FROM sto.block WINDOW w AS (ORDER BY last_id) ORDER BY last_id LOOP
        IF b.tree_size <= b.before OR b.back THEN
            RETURN format('block %s does not follow the one before', b.last_id);
        ELSIF b.tree_size <> (SELECT count(*) FROM unnest(ids) AS id WHERE id <= b.last_id) THEN
            RETURN format('block %s has %s leaves, not those of the log', b.last_id, b.tree_size);
        ELSIF b.root <> sto_test.naive_root(leaves[1 : b.tree_size]) THEN
            RETURN format('block %s has another root', b.last_id);
        END IF;
    END LOOP;
    FOR l IN 0 .. 3 LOOP
        below := below[1 : CASE WHEN l = 0 THEN (SELECT max(tree_size) FROM sto.block) ELSE cardinality(below) END];
        IF (SELECT count(*) FROM sto.tile WHERE level = l) <> cardinality(below) / 256 THEN
            RETURN format('level %s has not all its full tiles', l);
        END IF;
        FOR t IN SELECT * FROM sto.tile WHERE level = l ORDER BY tile LOOP
            IF t.head || t.tail <> (SELECT string_agg(h, '') FROM unnest(below[256 * t.tile + 1 : 256 * t.tile + 256]) AS h)
               OR decode(t.root::text, 'hex') <> sto_test.naive_root(below[256 * t.tile + 1 : 256 * t.tile + 256])
               OR t.first_id IS DISTINCT FROM (CASE WHEN l = 0 THEN ids[256 * t.tile + 1] END) THEN
                RETURN format('tile %s of level %s differs', t.tile, l);
            END IF;
        END LOOP;
        below := COALESCE((SELECT array_agg(decode(root::text, 'hex') ORDER BY tile) FROM sto.tile WHERE level = l), '{}');
    END LOOP;
    RETURN 'sound';
END $$;
