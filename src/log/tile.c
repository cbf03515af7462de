/*
 * tile.c
 *		Rows of sto.tile: full tiles, 256 hashes each.
 *
 * A tile is cut in two so that it wastes no space: TOAST keeps a value of 249
 * hashes in four chunks that fill a page, and 7 hashes stay in the row.  All of
 * it, indexes included, is below 36 octets a leaf.
 */
#include "postgres.h"

#include "log/columns.h"
#include "log/range.h"
#include "log/tile.h"

#include "errors.h"

#include "fmgr.h"

void
sto_tree_broken(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_STO_BROKEN_ROW), errmsg("the sealed tree is broken: %s", what),
			 errhint("Keep this database as evidence and look at everything with sto.verify().")));
}

void
sto_tree_no_hash(void)
{
	ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
					errmsg("could not compute a hash of the tree: OpenSSL failed")));
}

static void
begin(StoRange *range, Snapshot snapshot, int level, int64 first, int64 last)
{
	const StoBound bounds[3] = {{1, BTEqualStrategyNumber, true, level},
								{2, BTGreaterEqualStrategyNumber, false, first},
								{2, BTLessEqualStrategyNumber, false, last}};

	sto_range_begin(range, STO_REL_TILE, STO_IDX_TILE, snapshot, bounds, 3, ForwardScanDirection);
}

static void
broken(int level, int64 tile, const char *fault)
{
	sto_tree_broken(psprintf("tile " INT64_FORMAT " of level %d %s", tile, level, fault));
}

/* The part [begin, begin + length) of a tile, where a wish overlaps it. */
static void
copy_part(StoRange *range, AttrNumber column, int part_begin, int part_len, int offset, int count,
		  StoHash *out, int level, int64 tile)
{
	int from = Max(part_begin, offset);
	int to = Min(part_begin + part_len, offset + count);
	bytea *part;

	if (from >= to)
		return;
	part = DatumGetByteaPP(sto_range_get(range, column));
	if (VARSIZE_ANY_EXHDR(part) != part_len * sizeof(StoHash))
		broken(level, tile, "has a part of the wrong length");
	memcpy(out + (from - offset), VARDATA_ANY(part) + (from - part_begin) * sizeof(StoHash),
		   (to - from) * sizeof(StoHash));
	if (PointerGetDatum(part) != sto_range_get(range, column))
		pfree(part);
}

static void
copy_hashes(StoRange *range, int offset, int count, StoHash *out, int level, int64 tile)
{
	copy_part(range, TILE_HEAD, 0, STO_TILE_HEAD, offset, count, out, level, tile);
	copy_part(range, TILE_TAIL, STO_TILE_HEAD, STO_TILE_TAIL, offset, count, out, level, tile);
}

void
sto_tile_read(Snapshot snapshot, int level, int64 tile, int offset, int count, StoHash *out)
{
	StoRange range;

	begin(&range, snapshot, level, tile, tile);
	if (!sto_range_next(&range))
		broken(level, tile, "is missing");
	copy_hashes(&range, offset, count, out, level, tile);
	sto_range_end(&range);
}

void
sto_tile_roots(Snapshot snapshot, int level, int64 first, int count, StoHash *out)
{
	StoRange range;

	begin(&range, snapshot, level, first, first + count - 1);
	for (int i = 0; i < count; i++)
	{
		if (!sto_range_next(&range) || DatumGetInt64(sto_range_get(&range, TILE_TILE)) != first + i)
			broken(level, first + i, "is missing");
		memcpy(&out[i], DatumGetPointer(sto_range_get(&range, TILE_ROOT)), sizeof(StoHash));
	}
	sto_range_end(&range);
}

bool
sto_tile_of_id(Snapshot snapshot, int64 entry_id, int64 *tile, StoHash hashes[STO_TILE_WIDTH])
{
	const StoBound bound = {1, BTLessEqualStrategyNumber, false, entry_id};
	StoRange range;
	bool found;

	sto_range_begin(&range, STO_REL_TILE, STO_IDX_TILE_FIRST, snapshot, &bound, 1,
					BackwardScanDirection);
	found = sto_range_next(&range);
	if (found)
	{
		*tile = DatumGetInt64(sto_range_get(&range, TILE_TILE));
		copy_hashes(&range, 0, STO_TILE_WIDTH, hashes, 0, *tile);
	}
	sto_range_end(&range);
	return found;
}

static Datum
part_of(const StoHash *hashes, int count)
{
	Size len = VARHDRSZ + count * sizeof(StoHash);
	bytea *part = palloc(len);

	SET_VARSIZE(part, len);
	memcpy(VARDATA(part), hashes, len - VARHDRSZ);
	return PointerGetDatum(part);
}

void
sto_tile_write(StoWrite *write, int level, int64 tile, int64 first_id,
			   const StoHash hashes[STO_TILE_WIDTH], const StoHash *root)
{
	Datum values[TILE_COLUMNS];
	bool nulls[TILE_COLUMNS] = {false};

	values[TILE_TILE - 1] = Int64GetDatum(tile);
	values[TILE_FIRST_ID - 1] = Int64GetDatum(first_id);
	nulls[TILE_FIRST_ID - 1] = level != 0;
	values[TILE_LEVEL - 1] = Int16GetDatum((int16) level);
	values[TILE_ROOT - 1] = PointerGetDatum(root);
	values[TILE_HEAD - 1] = part_of(hashes, STO_TILE_HEAD);
	values[TILE_TAIL - 1] = part_of(hashes + STO_TILE_HEAD, STO_TILE_TAIL);
	sto_write_insert(write, values, nulls);
	/* a long seal writes many */
	pfree(DatumGetPointer(values[TILE_HEAD - 1]));
	pfree(DatumGetPointer(values[TILE_TAIL - 1]));
}
