-- Checks of what closes and proves the log, and of every index against its table.

CREATE FUNCTION sto.verify_tree(OUT blocks bigint, OUT bad_blocks bigint, OUT first_bad_block bigint, OUT block_fault text,
                                OUT tiles bigint, OUT bad_tiles bigint, OUT first_bad_tile bigint, OUT tile_fault text)
    RETURNS record
    LANGUAGE c STABLE PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME', 'sto_verify_tree';
COMMENT ON FUNCTION sto.verify_tree() IS
    'every block and every tile against the tree that the log''s leaf hashes make, in one pass in the order of their ids';

CREATE FUNCTION sto.verify_blocks() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
BEGIN
    SELECT * INTO t FROM sto.verify_tree();
    RETURN NEXT ROW('blocks', 'sto.block', t.blocks, t.bad_blocks = 0, t.first_bad_block,
                    CASE WHEN t.bad_blocks > 0 THEN format('%s blocks; the first: %s', t.bad_blocks, t.block_fault) END)::sto.verification;
    RETURN NEXT ROW('tiles', 'sto.tile', t.tiles, t.bad_tiles = 0, t.first_bad_tile,
                    CASE WHEN t.bad_tiles > 0 THEN format('%s tiles; the first: %s', t.bad_tiles, t.tile_fault) END)::sto.verification;
END $$;
COMMENT ON FUNCTION sto.verify_blocks() IS 'blocks and tiles, worked out anew from the leaves of the log';

CREATE FUNCTION sto.verify_index(index regclass, OUT examined bigint, OUT bad bigint, OUT first_bad bigint, OUT reason text)
    RETURNS record
    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME', 'sto_verify_index';
COMMENT ON FUNCTION sto.verify_index(regclass) IS
    'a B-tree index against its table: entries that are missing, lead nowhere, have another key than their row, or are not found from the root';

-- amcheck looks into pages that no look-up of ours visits; it is asked where it is installed.
CREATE FUNCTION sto.verify_indexes() RETURNS SETOF sto.verification
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    amcheck  text := (SELECT format('SELECT %I.bt_index_check($1)', n.nspname)
                        FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.extname = 'amcheck');
    checked  record;
    one      record;
    examined bigint;
    first    bigint;
    reasons  text[];
BEGIN
    FOR checked IN
        WITH wanted (scope, names) AS (
            VALUES ('sto.event', '{event_pkey,event_subject}'::text[]),
                   ('sto.transfer', '{transfer_pkey,transfer_order,transfer_debit,transfer_credit}'),
                   ('sto.block', '{block_pkey,block_size}'), ('sto.tile', '{tile_pkey,tile_first}'),
                   ('sto.checkpoint', '{checkpoint_pkey}'), ('sto.cosignature', '{cosignature_pkey}'),
                   ('sto.time_stamp', '{time_stamp_pkey}'), ('sto.foreign_checkpoint', '{foreign_checkpoint_pkey}')),
        present AS (
            SELECT i.indexrelid::regclass AS index, c.relname, 'sto.' || t.relname AS scope
              FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
             WHERE t.relnamespace = 'sto'::regnamespace AND t.relkind = 'r' AND t.relname <> 'member')
        SELECT w.scope, ARRAY(SELECT p.index FROM present p WHERE p.scope = w.scope ORDER BY p.relname) AS indexes,
               ARRAY(SELECT n FROM unnest(w.names) n WHERE n NOT IN (SELECT p.relname FROM present p WHERE p.scope = w.scope)) AS missing
          FROM wanted w
        UNION ALL
        SELECT 'the register', ARRAY(SELECT p.index FROM present p WHERE p.scope NOT IN (SELECT w.scope FROM wanted w)
                                      ORDER BY p.scope, p.relname), '{}'
    LOOP
        examined := 0;
        first := NULL;
        reasons := ARRAY(SELECT format('index %s is missing', n) FROM unnest(checked.missing) n);
        FOR i IN 1 .. cardinality(checked.indexes) LOOP
            BEGIN
                SELECT * INTO one FROM sto.verify_index(checked.indexes[i]);
                examined := examined + one.examined;
                first := least(first, one.first_bad);
                reasons := reasons || one.reason;
                IF amcheck IS NOT NULL THEN
                    EXECUTE amcheck USING checked.indexes[i];
                END IF;
            EXCEPTION
                WHEN query_canceled OR insufficient_privilege OR insufficient_resources THEN RAISE;
                WHEN OTHERS THEN reasons := reasons || format('%s: %s (%s)', checked.indexes[i], SQLERRM, SQLSTATE);
            END;
        END LOOP;
        reasons := array_remove(reasons, NULL);
        RETURN NEXT ROW('indexes', checked.scope, examined, reasons = '{}', first,
                        nullif(array_to_string(reasons, '; '), ''))::sto.verification;
    END LOOP;
END $$;
COMMENT ON FUNCTION sto.verify_indexes() IS 'every index of the log, of its seals and of the register, entry by entry, against its table';
