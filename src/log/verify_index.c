/*
 * verify_index.c
 *		An index against its table, entry by entry.
 *
 * Rows are read once without the index and once through it.  Every row that
 * the snapshot shows must be reached by exactly one entry, under the key that
 * the row has; entries stand in order; none points to where nothing is; and
 * the first and last row of each leaf page is found from the root, so that
 * what a look-up sees is what a scan sees.
 */
#include "postgres.h"

#include "compat.h"
#include "ledger/catalog.h"
#include "ledger/columns.h"
#include "log/multiset.h"
#include "log/receipt.h"

#include "access/genam.h"
#include "access/nbtree.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(sto_verify_index);

typedef struct IndexCheck
{
	Relation rel;
	Relation index;
	IndexInfo *info;
	Snapshot snapshot;
	EState *estate;
	ExprContext *econtext;
	ExprState *predicate; /* of a partial index */
	int nkeys;
	uint8_t key[STO_MULTISET_KEY_LEN]; /* random for each run */
	/* rows of the table and rows that the index leads to: how many, and sums of their hashes */
	int64 rows;
	uint64 rows_sum;
	int64 reached;
	uint64 reached_sum;
	/* what is wrong: the first reason, the least entry_id */
	int64 bad;
	int64 first_bad; /* 0: none known */
	char reason[160];
} IndexCheck;

static int64
entry_id_of(IndexCheck *c, TupleTableSlot *slot)
{
	int rel = sto_rel_of_oid(RelationGetRelid(c->rel));
	bool isnull;

	if (slot == NULL || (rel != STO_REL_TRANSFER && rel != STO_REL_EVENT))
		return 0;
	return DatumGetInt64(
		slot_getattr(slot, rel == STO_REL_EVENT ? EVENT_ENTRY_ID : TRANSFER_ENTRY_ID, &isnull));
}

static void
fault(IndexCheck *c, TupleTableSlot *slot, const char *reason, const ItemPointerData *tid)
{
	int64 id = entry_id_of(c, slot);

	if (c->bad++ == 0)
		snprintf(c->reason, sizeof(c->reason), "%s (%s, row (%u,%u))", reason,
				 RelationGetRelationName(c->index), ItemPointerGetBlockNumberNoCheck(tid),
				 ItemPointerGetOffsetNumberNoCheck(tid));
	if (id != 0 && (c->first_bad == 0 || id < c->first_bad))
		c->first_bad = id;
}

static uint64
row_hash(const IndexCheck *c, const ItemPointerData *tid)
{
	uint8_t octets[6];
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(tid);
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(tid);

	memcpy(octets, &block, 4);
	memcpy(octets + 4, &offset, 2);
	return sto_siphash(c->key, octets, sizeof(octets));
}

/* Does the row belong into the index?  Its key then is in values. */
static bool
form_key(IndexCheck *c, TupleTableSlot *slot, Datum *values, bool *nulls)
{
	ResetExprContext(c->econtext);
	c->econtext->ecxt_scantuple = slot;
	if (c->predicate != NULL && !ExecQual(c->predicate, c->econtext))
		return false;
	FormIndexDatum(c->info, slot, c->estate, values, nulls);
	return true;
}

/*
 * A scan passes over entries that earlier ones marked as dead, as every look-up
 * does; dead_too shows them all the same, for they must lead somewhere too.
 */
static IndexScanDesc
begin_scan(IndexCheck *c, int nkeys, ScanKey keys, bool dead_too)
{
	IndexScanDesc scan = sto_index_beginscan(c->rel, c->index, c->snapshot, nkeys);

	if (dead_too)
		scan->ignore_killed_tuples = false;

	/* the scan makes room for index tuples when it is begun anew */
	scan->xs_want_itup = true;
	index_rescan(scan, keys, nkeys, NULL, 0);
	return scan;
}

/* The row that the entry leads to, if the snapshot shows it.  Leaves no mark on the entry if not.
 */
static bool
fetch(IndexScanDesc scan, TupleTableSlot *slot)
{
	bool found = index_fetch_heap(scan, slot);

	scan->kill_prior_tuple = false;
	return found;
}

/* Is this row found from the root by its key? */
static bool
look_up(IndexCheck *c, const Datum *values, const bool *nulls, const ItemPointerData *tid)
{
	ScanKeyData keys[INDEX_MAX_KEYS];
	TupleTableSlot *slot = table_slot_create(c->rel, NULL);
	IndexScanDesc scan;
	bool found = false;

	for (int i = 0; i < c->nkeys; i++)
	{
		Oid type = c->index->rd_opcintype[i];
		Oid equal =
			get_opfamily_member(c->index->rd_opfamily[i], type, type, BTEqualStrategyNumber);

		ScanKeyEntryInitialize(&keys[i], nulls[i] ? SK_ISNULL | SK_SEARCHNULL : 0, i + 1,
							   nulls[i] ? InvalidStrategy : BTEqualStrategyNumber, InvalidOid,
							   c->index->rd_indcollation[i],
							   nulls[i] ? InvalidOid : get_opcode(equal), values[i]);
	}
	scan = begin_scan(c, c->nkeys, keys, false);
	while (!found && index_getnext_tid(scan, ForwardScanDirection) != NULL)
		found = fetch(scan, slot) &&
				ItemPointerEquals(&slot->tts_tid, unconstify(ItemPointerData *, tid));
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

/*
 * An entry that leads to no row that is seen: it may lead to a dead one, until
 * VACUUM comes, but not to a place where nothing ever was, or is no more.
 */
static bool
is_dangling(IndexCheck *c, const ItemPointerData *tid)
{
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(tid);
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(tid);
	Buffer buffer;
	Page page;
	bool there;

	if (block >= RelationGetNumberOfBlocks(c->rel))
		return true;
	buffer = ReadBuffer(c->rel, block);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	there = offset >= FirstOffsetNumber && offset <= PageGetMaxOffsetNumber(page) &&
			ItemIdIsUsed(PageGetItemId(page, offset));
	UnlockReleaseBuffer(buffer);
	return !there;
}

/* < 0, 0, > 0 as the index orders them; nulls come last */
static int
compare_keys(IndexCheck *c, const Datum *a, const bool *a_nulls, const Datum *b,
			 const bool *b_nulls)
{
	for (int i = 0; i < c->nkeys; i++)
	{
		int result;

		if (a_nulls[i] || b_nulls[i])
			result = (int) a_nulls[i] - (int) b_nulls[i];
		else
			result =
				DatumGetInt32(FunctionCall2Coll(index_getprocinfo(c->index, i + 1, BTORDER_PROC),
												c->index->rd_indcollation[i], a[i], b[i]));
		if (result != 0)
			return result;
	}
	return 0;
}

static bool
has_null(const IndexCheck *c, const bool *nulls)
{
	for (int i = 0; i < c->nkeys; i++)
		if (nulls[i])
			return true;
	return false;
}

static bool
same_keys(IndexCheck *c, const Datum *a, const bool *a_nulls, const Datum *b, const bool *b_nulls)
{
	TupleDesc desc = RelationGetDescr(c->index);

	for (int i = 0; i < c->nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (a_nulls[i] != b_nulls[i] ||
			(!a_nulls[i] && !datum_image_eq(a[i], b[i], att->attbyval, att->attlen)))
			return false;
	}
	return true;
}

/* An entry of the index, kept while the scan goes on. */
typedef struct Entry
{
	bool there;
	bool visible;
	BlockNumber page;
	ItemPointerData tid; /* of the visible row */
	union
	{
		IndexTupleData header;
		char octets[BLCKSZ];
	} tuple;
} Entry;

static void
keep(Entry *entry, IndexScanDesc scan, bool visible, const ItemPointerData *tid)
{
	entry->there = true;
	entry->visible = visible;
	entry->page = ((BTScanOpaque) scan->opaque)->currPos.currPage;
	entry->tid = *tid;
	memcpy(&entry->tuple, scan->xs_itup, IndexTupleSize(scan->xs_itup));
}

static void
look_up_entry(IndexCheck *c, Entry *entry, TupleTableSlot *slot)
{
	Datum values[INDEX_MAX_KEYS];
	bool nulls[INDEX_MAX_KEYS];

	index_deform_tuple(&entry->tuple.header, RelationGetDescr(c->index), values, nulls);
	if (!look_up(c, values, nulls, &entry->tid))
		fault(c, slot, "a look-up does not find a row", &entry->tid);
}

/* How many entries there are, and the sum of the hashes of where they lead: without going there. */
static uint64
entries_sum(IndexCheck *c, bool dead_too)
{
	IndexScanDesc scan = begin_scan(c, 0, NULL, dead_too);
	ItemPointer at;
	uint64 sum = 0;

	while ((at = index_getnext_tid(scan, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		sum += row_hash(c, at);
	}
	index_endscan(scan);
	return sum;
}

/* One entry after another, in the index's own order. */
static void
read_index(IndexCheck *c, bool dead_too)
{
	TupleTableSlot *slot = table_slot_create(c->rel, NULL);
	IndexScanDesc scan = begin_scan(c, 0, NULL, dead_too);
	Entry *last = palloc0(sizeof(Entry));
	ItemPointer at;

	while ((at = index_getnext_tid(scan, ForwardScanDirection)) != NULL)
	{
		ItemPointerData tid = *at;
		Datum keys[INDEX_MAX_KEYS];
		Datum last_keys[INDEX_MAX_KEYS];
		Datum row_keys[INDEX_MAX_KEYS];
		bool nulls[INDEX_MAX_KEYS];
		bool last_nulls[INDEX_MAX_KEYS];
		bool row_nulls[INDEX_MAX_KEYS];
		bool visible = false;

		CHECK_FOR_INTERRUPTS();
		if (ItemPointerGetBlockNumberNoCheck(&tid) < RelationGetNumberOfBlocks(c->rel))
			visible = fetch(scan, slot);
		if (!visible && is_dangling(c, &tid))
			fault(c, NULL, "an entry leads nowhere", &tid);

		index_deform_tuple(scan->xs_itup, RelationGetDescr(c->index), keys, nulls);
		if (last->there)
		{
			int order;

			index_deform_tuple(&last->tuple.header, RelationGetDescr(c->index), last_keys,
							   last_nulls);
			order = compare_keys(c, last_keys, last_nulls, keys, nulls);
			if (order > 0)
				fault(c, visible ? slot : NULL, "an entry is out of order", &tid);
			else if (order == 0 && visible && last->visible && c->info->ii_Unique &&
					 !has_null(c, nulls))
				fault(c, slot, "two rows have the same key", &tid);
		}
		if (visible)
		{
			bool first_of_page = !last->there || !last->visible ||
								 last->page != ((BTScanOpaque) scan->opaque)->currPos.currPage;

			c->reached++;
			c->reached_sum += row_hash(c, &slot->tts_tid);
			if (!form_key(c, slot, row_keys, row_nulls) ||
				!same_keys(c, keys, nulls, row_keys, row_nulls))
				fault(c, slot, "an entry has another key than its row", &tid);
			else if (first_of_page)
			{
				if (last->there && last->visible)
					look_up_entry(c, last, NULL);
				if (!look_up(c, keys, nulls, &slot->tts_tid))
					fault(c, slot, "a look-up does not find a row", &tid);
			}
		}
		keep(last, scan, visible, visible ? &slot->tts_tid : &tid);
	}
	if (last->there && last->visible)
		look_up_entry(c, last, NULL);
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	pfree(last);
}

/* Every row without the index; each is looked up if the index is known to lack some. */
static void
read_table(IndexCheck *c, bool look_each_up)
{
	TableScanDesc scan = table_beginscan(c->rel, c->snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(c->rel, NULL);
	Datum values[INDEX_MAX_KEYS];
	bool nulls[INDEX_MAX_KEYS];

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (!form_key(c, slot, values, nulls))
			continue;
		if (look_each_up)
		{
			if (!look_up(c, values, nulls, &slot->tts_tid))
				fault(c, slot, "a row is missing in the index", &slot->tts_tid);
			continue;
		}
		c->rows++;
		c->rows_sum += row_hash(c, &slot->tts_tid);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
}

static void
begin_again(IndexCheck *c)
{
	c->bad = 0;
	c->first_bad = 0;
	c->reached = 0;
	c->reached_sum = 0;
}

static void
check(IndexCheck *c)
{
	read_table(c, false);
	read_index(c, true);
	if (c->bad > 0)
	{
		/* VACUUM may have taken a dead row out from under an entry that was read just before:
		 * what stays wrong is wrong */
		begin_again(c);
		read_index(c, true);
	}
	/* are all rows found without the entries that are marked as dead? */
	if (c->bad == 0 && entries_sum(c, true) != entries_sum(c, false))
	{
		begin_again(c);
		read_index(c, false);
	}
	if (c->rows != c->reached || c->rows_sum != c->reached_sum)
	{
		ItemPointerData nowhere;

		read_table(c, true);
		ItemPointerSet(&nowhere, InvalidBlockNumber, InvalidOffsetNumber);
		if (c->bad == 0)
			fault(c, NULL, "the index leads to a row more than once", &nowhere);
	}
}

/* How many rows there are is nobody's business from whom row security hides some. */
static void
check_reader(const IndexCheck *c)
{
	Oid rel = RelationGetRelid(c->rel);
	StoAsker asker;

	if (pg_class_aclcheck(rel, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(c->rel));
	if (check_enable_rls(rel, InvalidOid, true) != RLS_ENABLED)
		return;
	sto_reader_of_role(c->snapshot, &asker);
	if (!asker.reads_all)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(c->rel));
}

/* An index's expressions run as the caller: those of a stranger's table don't. */
static void
check_expressions(const IndexCheck *c)
{
	if ((c->info->ii_Expressions != NIL || c->info->ii_Predicate != NIL) &&
		RelationGetNamespace(c->rel) != get_rel_namespace(sto_rel_oid(STO_REL_EVENT)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" has expressions, and its table is not of this extension",
						RelationGetRelationName(c->index))));
}

static void
open_index(IndexCheck *c, Oid index_oid)
{
	Oid rel_oid = IndexGetRelation(index_oid, true);

	if (!OidIsValid(rel_oid))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("that is no index"),
						errhint("Name an index of a table of this extension.")));
	memset(c, 0, sizeof(*c));
	c->rel = table_open(rel_oid, AccessShareLock);
	c->index = index_open(index_oid, AccessShareLock);
	if (c->index->rd_rel->relam != BTREE_AM_OID)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("index \"%s\" is not a B-tree", RelationGetRelationName(c->index))));
	if (!pg_strong_random(c->key, sizeof(c->key)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not make a random key")));
	c->snapshot = GetActiveSnapshot();
	c->info = BuildIndexInfo(c->index);
	check_reader(c);
	check_expressions(c);
	c->nkeys = c->info->ii_NumIndexKeyAttrs;
	c->estate = CreateExecutorState();
	c->econtext = GetPerTupleExprContext(c->estate);
	c->predicate = c->info->ii_Predicate ? ExecPrepareQual(c->info->ii_Predicate, c->estate) : NULL;
}

/*
 * sto.verify_index(index regclass, OUT examined bigint, OUT bad bigint,
 *					OUT first_bad bigint, OUT reason text) returns record
 *
 * For those who may SELECT from its table, and read all of it (42501).
 */
Datum
sto_verify_index(PG_FUNCTION_ARGS)
{
	IndexCheck *c = palloc(sizeof(IndexCheck));
	TupleDesc desc;
	Datum values[4];
	bool nulls[4] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "sto.verify_index returns a row");
	open_index(c, PG_GETARG_OID(0));
	if (c->index->rd_index->indisvalid && c->index->rd_index->indisready &&
		c->index->rd_index->indislive)
		check(c);
	else
	{
		c->bad = 1;
		snprintf(c->reason, sizeof(c->reason), "%s is not valid",
				 RelationGetRelationName(c->index));
	}
	values[0] = Int64GetDatum(c->reached);
	values[1] = Int64GetDatum(c->bad);
	values[2] = Int64GetDatum(c->first_bad);
	nulls[2] = c->first_bad == 0;
	values[3] = PointerGetDatum(cstring_to_text(c->reason));
	nulls[3] = c->bad == 0;
	FreeExecutorState(c->estate);
	index_close(c->index, AccessShareLock);
	table_close(c->rel, AccessShareLock);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
