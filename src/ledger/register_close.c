/*
 * register_close.c
 *		The daily close: one Merkle root over what every position is.
 *
 * The event's content follows from the log alone.  So nobody signs it, and the
 * gate computes it anew wherever the event comes in: on the primary, on a
 * replica, in sto.rebuild().  Writers are kept out meanwhile, so that ids below
 * the event's own are all that it covers.
 */
#include "postgres.h"

#include "core/receipt.h"
#include "ledger/close.h"
#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "access/table.h"
#include "access/tableam.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(sto_close_body);

typedef struct WalletSalt
{
	uint8_t address[STO_ADDRESS_LEN];
	uint8_t salt[STO_DIGEST_LEN];
} WalletSalt;

/* The order of a close: wallet address, then token, as octets. */
int
sto_close_compare(const void *a, const void *b)
{
	const StoCloseLine *x = a;
	const StoCloseLine *y = b;
	int by_wallet = memcmp(x->wallet, y->wallet, STO_ADDRESS_LEN);

	return by_wallet != 0 ? by_wallet : memcmp(x->token_id, y->token_id, STO_UUID_LEN);
}

/* By their first field. */
static int
compare_address(const void *a, const void *b)
{
	return memcmp(a, b, STO_ADDRESS_LEN);
}

/* Grow an array that may pass 1 GB. */
static void *
grow(void *array, int64 *room, size_t item)
{
	if (array == NULL)
	{
		*room = 1024;
		return palloc(*room * item);
	}
	*room *= 2;
	return repalloc_huge(array, *room * item);
}

static StoCloseLine *
new_line(StoCloseLines *lines)
{
	if (lines->count == lines->room)
		lines->lines = grow(lines->lines, &lines->room, sizeof(StoCloseLine));
	return &lines->lines[lines->count++];
}

/* Both arrays are sorted by address. */
static void
fill_salts(StoCloseLines *lines, const WalletSalt *salts, int64 count)
{
	int64 at = 0;

	for (int64 i = 0; i < lines->count; i++)
	{
		StoCloseLine *line = &lines->lines[i];

		while (at < count && memcmp(salts[at].address, line->wallet, STO_ADDRESS_LEN) < 0)
			at++;
		if (at == count || memcmp(salts[at].address, line->wallet, STO_ADDRESS_LEN) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("a position's wallet is not in the register"),
					 errhint("Compare the register with its log: SELECT * FROM sto.verify().")));
		memcpy(line->salt, salts[at].salt, STO_DIGEST_LEN);
	}
}

/* Sort the lines and give each its wallet's salt. */
static void
finish(StoCloseLines *lines, Snapshot snapshot)
{
	Relation rel = table_open(sto_rel_oid(STO_REL_WALLET), AccessShareLock);
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	WalletSalt *salts = NULL;
	int64 count = 0;
	int64 room = 0;
	bool isnull;

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		if (count == room)
			salts = grow(salts, &room, sizeof(WalletSalt));
		memcpy(salts[count].address, DatumGetPointer(slot_getattr(slot, WALLET_ADDRESS, &isnull)),
			   STO_ADDRESS_LEN);
		memcpy(salts[count].salt, DatumGetPointer(slot_getattr(slot, WALLET_SALT, &isnull)),
			   STO_DIGEST_LEN);
		count++;
		CHECK_FOR_INTERRUPTS();
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	table_close(rel, AccessShareLock);

	if (lines->count > 0)
		qsort(lines->lines, lines->count, sizeof(StoCloseLine), sto_close_compare);
	if (count > 0)
		qsort(salts, count, sizeof(WalletSalt), compare_address);
	fill_salts(lines, salts, count);
	if (salts != NULL)
		pfree(salts);
}

/* A row of sto.position, as it is. */
static void
read_position(TupleTableSlot *slot, StoCloseLine *line)
{
	bool isnull;

	memcpy(line->wallet, DatumGetPointer(slot_getattr(slot, POSITION_WALLET, &isnull)),
		   STO_ADDRESS_LEN);
	memcpy(line->token_id, DatumGetPointer(slot_getattr(slot, POSITION_TOKEN_ID, &isnull)),
		   STO_UUID_LEN);
	line->seq = DatumGetInt64(slot_getattr(slot, POSITION_SEQ, &isnull));
	line->balance = DatumGetStoAmount(slot_getattr(slot, POSITION_BALANCE, &isnull));
	line->held = DatumGetStoAmount(slot_getattr(slot, POSITION_HELD, &isnull));
	memcpy(line->head, DatumGetPointer(slot_getattr(slot, POSITION_HEAD, &isnull)), STO_DIGEST_LEN);
}

/* Two ways into the entries of a position: of those that debit it, and those that credit it. */
typedef struct Chain
{
	StoScan debit;
	StoScan credit;
} Chain;

/* One side of a row of sto.transfer. */
static void
read_side(TupleTableSlot *slot, int seq, int balance, int held, StoCloseLine *line)
{
	bool isnull;

	line->seq = DatumGetInt64(slot_getattr(slot, seq, &isnull));
	line->balance = DatumGetStoAmount(slot_getattr(slot, balance, &isnull));
	line->held = DatumGetStoAmount(slot_getattr(slot, held, &isnull));
	memcpy(line->head, DatumGetPointer(slot_getattr(slot, TRANSFER_LEAF_HASH, &isnull)),
		   STO_DIGEST_LEN);
}

/* The position's entry of that sequence number, into line; its id. */
static int64
entry_at(Chain *chain, int64 seq, StoCloseLine *line)
{
	Datum keys[3] = {PointerGetDatum(line->wallet), StoUuidGetDatum(line->token_id),
					 Int64GetDatum(seq)};
	TupleTableSlot *slot;
	bool isnull;

	sto_scan_again(&chain->debit, 3, keys);
	if (sto_scan_next(&chain->debit))
	{
		slot = chain->debit.slot;
		read_side(slot, TRANSFER_DEBIT_SEQ, TRANSFER_DEBIT_BALANCE, TRANSFER_DEBIT_HELD, line);
		return DatumGetInt64(slot_getattr(slot, TRANSFER_ENTRY_ID, &isnull));
	}
	sto_scan_again(&chain->credit, 3, keys);
	if (sto_scan_next(&chain->credit))
	{
		slot = chain->credit.slot;
		read_side(slot, TRANSFER_CREDIT_SEQ, TRANSFER_CREDIT_BALANCE, TRANSFER_CREDIT_HELD, line);
		return DatumGetInt64(slot_getattr(slot, TRANSFER_ENTRY_ID, &isnull));
	}
	ereport(ERROR, (errcode(ERRCODE_STO_BROKEN_ROW),
					errmsg("entry " INT64_FORMAT " of a position is missing in the log", seq),
					errhint("Compare the register with its log: SELECT * FROM sto.verify().")));
}

/* The position as its last entry below `before` left it; false if that is none. */
static bool
rewind_line(Chain *chain, int64 before, StoCloseLine *line)
{
	int64 low = 0; /* known to be below, or none */
	int64 high = line->seq;

	/* most positions have not moved since */
	if (entry_at(chain, high, line) < before)
		return true;
	high--;
	while (low < high)
	{
		int64 middle = low + (high - low + 1) / 2;

		if (entry_at(chain, middle, line) < before)
			low = middle;
		else
			high = middle - 1;
	}
	return low > 0 && entry_at(chain, low, line) < before;
}

/* Every position; with chain, as it was below `before`. */
static void
read_positions(StoCloseLines *out, Chain *chain, int64 before, Snapshot snapshot)
{
	Relation rel = table_open(sto_rel_oid(STO_REL_POSITION), AccessShareLock);
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	bool isnull;

	memset(out, 0, sizeof(*out));
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		/* without an entry it is nothing yet */
		if (DatumGetInt64(slot_getattr(slot, POSITION_SEQ, &isnull)) == 0)
			continue;
		read_position(slot, new_line(out));
		if (chain != NULL && !rewind_line(chain, before, &out->lines[out->count - 1]))
			out->count--;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	finish(out, snapshot);
}

/* Every position that has an entry, as it is now. */
static void
sto_close_read_now(StoCloseLines *out)
{
	Snapshot snapshot;

	sto_gate_flush();
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	read_positions(out, NULL, 0, snapshot);
	UnregisterSnapshot(snapshot);
}

void
sto_close_read_before(int64 before, StoCloseLines *out)
{
	Snapshot snapshot;
	StoCloseLine nothing = {0};
	Datum keys[3] = {PointerGetDatum(nothing.wallet), StoUuidGetDatum(nothing.token_id),
					 Int64GetDatum(0)};
	Chain chain;

	/* the event had every position that it covers written back: what is cached came later */
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	sto_scan_begin(&chain.debit, STO_REL_TRANSFER, STO_IDX_TRANSFER_DEBIT, 3, keys, snapshot);
	sto_scan_begin(&chain.credit, STO_REL_TRANSFER, STO_IDX_TRANSFER_CREDIT, 3, keys, snapshot);
	read_positions(out, &chain, before, snapshot);
	sto_scan_end(&chain.debit);
	sto_scan_end(&chain.credit);
	UnregisterSnapshot(snapshot);
}

void
sto_close_line_leaf(const StoCloseLine *line, StoHash *leaf)
{
	StoSide side = {.present = true,
					.has_prev = true,
					.seq = line->seq,
					.balance = line->balance,
					.held = line->held};

	memcpy(side.prev, line->head, STO_DIGEST_LEN);
	if (!sto_close_leaf(line->wallet, line->token_id, line->salt, &side, leaf))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not compute a leaf of the close")));
}

static void
sto_close_root(const StoCloseLines *lines, StoHash *root)
{
	StoFrontier frontier;
	bool good = true;

	sto_frontier_init(&frontier);
	for (int64 i = 0; good && i < lines->count; i++)
	{
		StoHash leaf;

		sto_close_line_leaf(&lines->lines[i], &leaf);
		good = sto_frontier_append(&frontier, &leaf);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (!good || !sto_frontier_root(&frontier, root))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not compute the root of the close")));
}

/* The state now, under the writer's lock: its root, and how many positions. */
static int64
state_now(StoHash *root)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "sto close", ALLOCSET_DEFAULT_SIZES);
	StoCloseLines lines;

	MemoryContextSwitchTo(context);
	sto_close_read_now(&lines);
	sto_close_root(&lines, root);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return lines.count;
}

static char *
hash_text(const uint8_t *octets)
{
	char *hex = palloc(2 * STO_DIGEST_LEN + 1);

	sto_hex_encode(octets, STO_DIGEST_LEN, hex);
	return hex;
}

void
sto_register_close(StoAct *act)
{
	const StoBody *body = &act->body;
	Datum values[CLOSE_COLUMNS];
	bool nulls[CLOSE_COLUMNS] = {false};
	StoHash root;
	int64 count = state_now(&root);

	if (body->value[STO_F_COUNT].integer != count)
		sto_act_refuse("\"count\" is " INT64_FORMAT ", not " INT64_FORMAT, count,
					   body->value[STO_F_COUNT].integer);
	if (memcmp(body->value[STO_F_ROOT].octets, root.octets, STO_DIGEST_LEN) != 0)
		sto_act_refuse("\"root\" is %s, not %s", hash_text(root.octets),
					   hash_text(body->value[STO_F_ROOT].octets));
	values[CLOSE_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	values[CLOSE_RECORDED_AT - 1] = TimestampTzGetDatum(StoTimeToTimestamp(act->event.recorded_at));
	values[CLOSE_COUNT - 1] = Int64GetDatum(count);
	values[CLOSE_ROOT - 1] = StoOctetsGetDatum(root.octets, STO_DIGEST_LEN);
	sto_store_insert(STO_REL_CLOSE, values, nulls);
}

void
sto_close_check_submitter(void)
{
	uint8_t party[STO_UUID_LEN];

	if (superuser())
		return;
	sto_fact_member(party);
	if (!sto_fact_capability(party, "registrar"))
		ereport(ERROR,
				(errcode(ERRCODE_STO_NOT_AUTHORISED),
				 errmsg("role \"%s\" may not close the day", GetUserNameFromId(GetUserId(), false)),
				 errdetail("A close keeps all entries out while it adds up: it is for "
						   "superusers and registrars to begin one."),
				 errhint("Ask the registrar.  What a close says is the same for "
						 "whoever submits it.")));
}

/*
 * sto.close_body() returns json
 *
 * Keeps writers out until the transaction ends: what it says must still be so
 * when the event is recorded.
 *
 * Errors: ST107 and ST104 for a role that may not begin a close; ST402.
 */
Datum
sto_close_body(PG_FUNCTION_ARGS)
{
	StoLedgerFact ledger;
	StoHash root;
	int64 count;

	sto_fact_ledger(&ledger);
	sto_close_check_submitter();
	sto_gate_lock_writer(ShareRowExclusiveLock);
	count = state_now(&root);
	PG_RETURN_DATUM(CStringGetTextDatum(
		psprintf("{\"count\":" INT64_FORMAT ",\"root\":\"%s\"}", count, hash_text(root.octets))));
}
