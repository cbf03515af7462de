-- Evidence: what closes the log, step by step, and proves it.  Append-only like the log; dumped with it, since
-- signatures and times can't be made again.  Seals and their like write it in C; no SQL does.

-- One row a seal: it closes the ids above the last block's last_id, up to its own.
CREATE TABLE sto.block (
    last_id   bigint      NOT NULL,  -- ids up to here are closed: that of its last leaf
    tree_size bigint      NOT NULL,  -- leaves of the tree after this block
    sealed_at timestamptz NOT NULL,
    root      sto.digest  NOT NULL,  -- of that tree, RFC 9162 2.1.1
    CONSTRAINT block_pkey PRIMARY KEY (last_id),
    CONSTRAINT block_size UNIQUE (tree_size)
);
COMMENT ON TABLE sto.block IS 'append-only: one row a seal; a block is a contiguous range of ids';

-- 256 hashes a row, full tiles only.  What a partial tile holds stands in the log (level 0) or in the column root of
-- the tiles below.  The hashes are cut so that little is wasted: 7 stay in the row, 249 fill a TOAST page exactly.
CREATE TABLE sto.tile (
    tile     bigint     NOT NULL,  -- number within its level, from 0
    first_id bigint,               -- level 0: the id of its first leaf
    level    smallint   NOT NULL,
    root     sto.digest NOT NULL,  -- of its 256 hashes: one hash of the level above
    head     bytea      NOT NULL,  -- hashes 0 to 6
    tail     bytea      NOT NULL,  -- hashes 7 to 255
    CONSTRAINT tile_pkey PRIMARY KEY (level, tile),
    CONSTRAINT tile_first UNIQUE (first_id)  -- finds the tile of an entry
);
ALTER TABLE sto.tile ALTER COLUMN head SET STORAGE PLAIN;
ALTER TABLE sto.tile ALTER COLUMN tail SET STORAGE EXTERNAL;
COMMENT ON TABLE sto.tile IS 'append-only: the full tiles of the tree, 256 hashes each (C2SP tlog-tiles)';

CREATE TABLE sto.checkpoint (
    tree_size bigint      NOT NULL,
    signed_at timestamptz NOT NULL,
    note      text        NOT NULL,  -- C2SP signed note, the log's signature alone
    CONSTRAINT checkpoint_pkey PRIMARY KEY (tree_size)
);
COMMENT ON TABLE sto.checkpoint IS 'append-only: signed notes over tree size and root';

CREATE TABLE sto.cosignature (
    tree_size   bigint      NOT NULL,
    cosigned_at timestamptz NOT NULL,
    party_id    uuid        NOT NULL,
    fingerprint sto.digest  NOT NULL,  -- of the witness's key
    signature   bytea       NOT NULL,  -- 72 octets: time and Ed25519 signature (C2SP cosignature/v1)
    CONSTRAINT cosignature_pkey PRIMARY KEY (tree_size, fingerprint)
);
COMMENT ON TABLE sto.cosignature IS 'append-only: what witnesses have signed';

CREATE TABLE sto.time_stamp (
    tree_size bigint      NOT NULL,
    gen_time  timestamptz NOT NULL,
    reply     bytea       NOT NULL,  -- RFC 3161 TimeStampResp
    CONSTRAINT time_stamp_pkey PRIMARY KEY (tree_size, gen_time)
);
COMMENT ON TABLE sto.time_stamp IS 'append-only: RFC 3161 time-stamps of checkpoints';

-- Signed by a key of this log, but of another tree: a roll-back or a fork.
CREATE TABLE sto.foreign_checkpoint (
    tree_size   bigint      NOT NULL,
    reported_at timestamptz NOT NULL,
    root        sto.digest  NOT NULL,
    note        text        NOT NULL,
    CONSTRAINT foreign_checkpoint_pkey PRIMARY KEY (tree_size, root)
);
COMMENT ON TABLE sto.foreign_checkpoint IS 'append-only: checkpoints with this log''s signature that are not of this tree';

-- Guards.  Of the statement, not of the row: C and logical apply insert rows without a statement.

CREATE FUNCTION sto.refuse_insert() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sto_refuse_insert' LANGUAGE C;
COMMENT ON FUNCTION sto.refuse_insert() IS 'refuses INSERT and COPY outside restore mode, maintenance and replication';
CREATE FUNCTION sto.refuse_change() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sto_refuse_change' LANGUAGE C;
COMMENT ON FUNCTION sto.refuse_change() IS 'refuses UPDATE, DELETE and TRUNCATE outside maintenance';

DO $$
DECLARE
    evidence text;
BEGIN
    FOREACH evidence IN ARRAY '{block,tile,checkpoint,cosignature,time_stamp,foreign_checkpoint}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER sto_gate BEFORE INSERT ON sto.%1$I
                            FOR EACH STATEMENT EXECUTE FUNCTION sto.refuse_insert();
                        CREATE TRIGGER sto_guard BEFORE UPDATE OR DELETE ON sto.%1$I
                            FOR EACH ROW EXECUTE FUNCTION sto.refuse_change();
                        CREATE TRIGGER sto_guard_all BEFORE TRUNCATE ON sto.%1$I
                            FOR EACH STATEMENT EXECUTE FUNCTION sto.refuse_change();
                        ALTER TABLE sto.%1$I ENABLE ALWAYS TRIGGER sto_gate;
                        ALTER TABLE sto.%1$I ENABLE ALWAYS TRIGGER sto_guard;
                        ALTER TABLE sto.%1$I ENABLE ALWAYS TRIGGER sto_guard_all', evidence);
        PERFORM pg_catalog.pg_extension_config_dump(('sto.' || evidence)::regclass, '');
    END LOOP;
END $$;
