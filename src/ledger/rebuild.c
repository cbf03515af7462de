/*
 * rebuild.c
 *		sto.rebuild(): empty everything that is derived and fold the log anew.
 *
 * The log alone is the ledger: this is what shows it.  Rows of both tables are
 * read in the order of their ids and each passes the checks that it would pass
 * on a replica.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/gate.h"
#include "ledger/store.h"

#include "errors.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(sto_rebuild);

/* Positions are written back this often: their cache stays small. */
#define FLUSH_EVERY 10000

/* Children before what they rest on; sto.member is not derived. */
static const StoRel derived[] = {STO_REL_ATTACHMENT,
								 STO_REL_CASE,
								 STO_REL_PROPOSAL,
								 STO_REL_FOUR_EYES,
								 STO_REL_LOOK_THROUGH_OWNER,
								 STO_REL_LOOK_THROUGH,
								 STO_REL_OVERRIDE,
								 STO_REL_ISSUED,
								 STO_REL_FLOW,
								 STO_REL_HOLDER_GROUP,
								 STO_REL_HOLDING,
								 STO_REL_TRANSFER_APPROVAL,
								 STO_REL_TRAVEL_DATA,
								 STO_REL_OPT_IN,
								 STO_REL_PARTY_LIST,
								 STO_REL_RULE_SET,
								 STO_REL_ACKNOWLEDGEMENT,
								 STO_REL_DOCUMENT,
								 STO_REL_TRUSTED,
								 STO_REL_REQUIRED,
								 STO_REL_CLAIM,
								 STO_REL_PARTY_MEMBERS,
								 STO_REL_BENEFICIAL_OWNER,
								 STO_REL_MANDATE,
								 STO_REL_CLASSIFICATION,
								 STO_REL_CLOSE,
								 STO_REL_LOG_RESTART,
								 STO_REL_TIME_AUTHORITY,
								 STO_REL_WITNESS_POLICY,
								 STO_REL_WITNESS,
								 STO_REL_LOG_KEY,
								 STO_REL_HOLD,
								 STO_REL_POSITION,
								 STO_REL_BATCH,
								 STO_REL_TOKEN,
								 STO_REL_WALLET,
								 STO_REL_PARTY,
								 STO_REL_CAPABILITY,
								 STO_REL_PUBLIC_KEY,
								 STO_REL_KEY_POLICY,
								 STO_REL_LEDGER,
								 STO_REL_SUBJECT};

/* One of the two log tables, read by its primary key; only itself, no child table. */
typedef struct LogReader
{
	StoScan scan;
	bool more;
	int64 entry_id; /* of the row that is next */
} LogReader;

static void
advance(LogReader *reader)
{
	reader->more = sto_scan_next(&reader->scan);
	if (reader->more)
	{
		bool isnull;

		/* the same column in both tables */
		reader->entry_id = DatumGetInt64(slot_getattr(reader->scan.slot, EVENT_ENTRY_ID, &isnull));
	}
}

static void
begin_reader(LogReader *reader, StoRel rel, StoIndex index, Snapshot snapshot)
{
	sto_scan_begin(&reader->scan, rel, index, 0, NULL, snapshot);
	advance(reader);
}

static void
fold_row(LogReader *reader, bool is_event, bool check_signatures)
{
	bool shouldfree;
	HeapTuple tuple = ExecFetchSlotHeapTuple(reader->scan.slot, false, &shouldfree);
	TupleDesc desc = RelationGetDescr(reader->scan.rel);

	if (is_event)
		sto_event_replay(tuple, desc, check_signatures);
	else
		sto_entry_replay(tuple, desc, check_signatures);
}

/* Ids drawn after a restore must be above all that the log holds. */
static void
raise_sequence(int64 last)
{
	Oid sequence = sto_rel_oid(STO_REL_SEQUENCE);
	LOCAL_FCINFO(call, 1);
	Datum now;

	InitFunctionCallInfoData(*call, NULL, 1, InvalidOid, NULL, NULL);
	call->args[0].value = ObjectIdGetDatum(sequence);
	call->args[0].isnull = false;
	now = pg_sequence_last_value(call); /* null if no id was drawn yet */
	if (last > 0 && (call->isnull || DatumGetInt64(now) < last))
		DirectFunctionCall2(setval_oid, ObjectIdGetDatum(sequence), Int64GetDatum(last));
}

/* Both tables merged by id; the number of rows, and the id of the last. */
static int64
fold_log(bool check_signatures, int64 *last)
{
	LogReader events;
	LogReader entries;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext row_context =
		AllocSetContextCreate(caller, "sto rebuild row", ALLOCSET_DEFAULT_SIZES);
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	int64 folded = 0;

	begin_reader(&events, STO_REL_EVENT, STO_IDX_EVENT, snapshot);
	begin_reader(&entries, STO_REL_TRANSFER, STO_IDX_TRANSFER, snapshot);
	while (events.more || entries.more)
	{
		bool is_event = events.more && (!entries.more || events.entry_id < entries.entry_id);
		LogReader *next = is_event ? &events : &entries;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(row_context);
		*last = next->entry_id;
		fold_row(next, is_event, check_signatures);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_context);
		if (++folded % FLUSH_EVERY == 0)
			sto_gate_flush();
		advance(next);
	}
	sto_scan_end(&events.scan);
	sto_scan_end(&entries.scan);
	UnregisterSnapshot(snapshot);
	MemoryContextDelete(row_context);
	return folded;
}

/* In verify mode, which must end also where the caller catches an error and goes on. */
static int64
fold_as_verifier(bool check_signatures, int64 *last)
{
	volatile int64 folded = 0;

	sto_rebuilding = true;
	PG_TRY();
	{
		folded = fold_log(check_signatures, last);
		sto_gate_end_rebuild();
	}
	PG_FINALLY();
	{
		sto_rebuilding = false;
	}
	PG_END_TRY();
	return folded;
}

/*
 * sto.rebuild(check_signatures boolean) returns bigint
 *
 * Without signatures it is much faster; links, leaves, authority and balances
 * are checked all the same.  It keeps all writers out while it runs.
 *
 * Errors: 42501 unless superuser; ST404 at the first row that does not stand;
 * 55000 in restore mode; 25001 if the transaction has changed anything before.
 */
Datum
sto_rebuild(PG_FUNCTION_ARGS)
{
	bool check_signatures = PG_GETARG_BOOL(0);
	int64 folded;
	int64 last = 0;

	if (!superuser())
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("only a superuser may rebuild the register")));
	if (sto_restore)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("the register can't be rebuilt in restore mode"),
						errhint("RESET sto_ledger.restore first.")));
	/* what this transaction may have cached of positions would not follow */
	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		ereport(ERROR, (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
						errmsg("sto.rebuild() must be a transaction's first change"),
						errhint("Call it in a transaction of its own.")));
	sto_gate_check_guards();
	sto_gate_lock_writer(ShareRowExclusiveLock);

	for (int i = 0; i < lengthof(derived); i++)
		sto_store_delete_all(derived[i]);
	sto_facts_touched();
	sto_facts_announce();

	folded = fold_as_verifier(check_signatures, &last);
	raise_sequence(last);
	PG_RETURN_INT64(folded);
}
