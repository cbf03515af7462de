/*
 * transfer_gate.c
 *		The one gate: triggers of sto.transfer.
 *
 * BEFORE STATEMENT opens, BEFORE ROW takes one order into the log, AFTER
 * STATEMENT writes positions back.  None is SECURITY DEFINER: the acting role
 * is the current one, and tables are read and written by access method.
 */
#include "postgres.h"

#include "ledger/batch.h"
#include "ledger/catalog.h"
#include "ledger/redeem.h"

#include "errors.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/rel.h"

static void
raise_refusal(StoRefusal refusal)
{
	ereport(ERROR, (errcode(refusal.sqlstate), errmsg("%s", refusal.message),
					refusal.detail ? errdetail("%s", refusal.detail) : 0,
					refusal.hint ? errhint("%s", refusal.hint) : 0));
}

static void
name_entry(void *arg)
{
	const StoPosting *p = arg;

	errcontext("checking entry " INT64_FORMAT, p->entry.entry_id);
}

/*
 * An entry of a list that was not posted yet: the list is posted whole or not
 * at all, so a repeated order in it is an error, and the unique index is
 * enough to find it.
 */
static bool
in_new_list(const StoPosting *p, StoRefusal refusal)
{
	return p->entry.has_authority_event && p->legal == NULL && refusal.sqlstate == 0;
}

/*
 * The flow of every order.  Returns the finished row, or NULL for an equal
 * order that is in the log already (and in verify mode, where the row stands).
 */
static HeapTuple
take(StoPosting *p, HeapTuple tuple, TupleDesc desc)
{
	StoRefusal refusal;

	/* order */
	sto_order_read(p, tuple, desc);
	if (p->mode == STO_MODE_POST)
		sto_fact_member(p->entry.posted_by);
	sto_order_check_shape(&p->entry.order);
	sto_order_resolve(p);

	/* authorise: before the locks, as a signature takes longer than all the rest */
	refusal = sto_authorise(p);
	if (refusal.sqlstate == 0)
		sto_order_lock(p);
	if (p->mode == STO_MODE_POST && !in_new_list(p, refusal) && sto_order_repeated(p))
		return NULL;
	if (refusal.sqlstate != 0)
		raise_refusal(refusal);
	sto_sweep_for(p);
	sto_ruling_lock(p);
	sto_append_stamp(p);
	sto_authorise_at(p);

	/* comply; a hold may have changed before its position was locked */
	if (p->entry.order.has_hold_id)
		(void) sto_hold_read(p->entry.order.hold_id, &p->hold);
	sto_ruling_begin(p);
	sto_comply(p);
	sto_ruling_hear(p);

	/* post */
	sto_ruling_post(p);
	sto_post(p);

	/* append */
	tuple = sto_append(p, desc);
	sto_post_hold(p);
	sto_ruling_record(p);
	sto_post_case(p);
	sto_batch_add(p);
	sto_group_add(p);
	sto_redeem_add(p);
	return tuple;
}

/*
 * A complete row: whatever would have been refused at the gate can't be an
 * honest row.
 */
static void
verify(StoPosting *p, HeapTuple tuple, TupleDesc desc)
{
	ErrorContextCallback context = {error_context_stack, name_entry, p};
	MemoryContext memory = CurrentMemoryContext;

	error_context_stack = &context;
	PG_TRY();
	{
		(void) take(p, tuple, desc);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		if (!sto_gate_is_refusal(error->sqlerrcode) || error->sqlerrcode == ERRCODE_STO_BROKEN_ROW)
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR,
				(errcode(ERRCODE_STO_BROKEN_ROW),
				 errmsg("entry " INT64_FORMAT " does not stand", p->entry.entry_id),
				 error->detail ? errdetail("%s: %s", error->message, error->detail)
							   : errdetail("%s.", error->message),
				 errhint("The row was altered or forged in the log, or rows are missing before "
						 "it.")));
	}
	PG_END_TRY();
	error_context_stack = context.previous;
}

/*
 * What an enforced act's rules say is recorded, also that something is missing: an event
 * that supplies it, of a lower id, must not be in flight meanwhile.  And a recovery takes
 * from its wallet all that it could do, as a restrictive event would.
 */
static bool
keeps_writers_out(HeapTuple tuple, TupleDesc desc)
{
	bool isnull;
	Datum kind = heap_getattr(tuple, TRANSFER_KIND, desc, &isnull);
	StoKind known;

	return !isnull &&
		   sto_kind_from_name(VARDATA_ANY(DatumGetTextPP(kind)),
							  VARSIZE_ANY_EXHDR(DatumGetTextPP(kind)), &known) &&
		   (known == STO_FORCE || known == STO_RECOVER || known == STO_REVERSE);
}

/*
 * sto.transfer_gate() returns trigger
 *
 * BEFORE INSERT FOR EACH ROW on sto.transfer.  Returns the row with the
 * gate's columns filled; no row for a repeated equal order.  Errors: every
 * ST0xx to ST3xx of errors.h, 40001 above READ COMMITTED, 40P01.
 */
PG_FUNCTION_INFO_V1(sto_transfer_gate);

Datum
sto_transfer_gate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc desc;
	StoPosting p;
	HeapTuple tuple;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		RelationGetRelid(trigger->tg_relation) != sto_rel_oid(STO_REL_TRANSFER))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("sto.transfer_gate() is the gate of sto.transfer alone")));

	memset(&p, 0, offsetof(StoPosting, siglist));
	p.mode = sto_gate_mode();
	p.check_signatures = true;
	desc = RelationGetDescr(trigger->tg_relation);
	if (p.mode == STO_MODE_RESTORE)
	{
		sto_restore_entry(trigger->tg_trigtuple, desc);
		return PointerGetDatum(trigger->tg_trigtuple);
	}

	/* the lock comes first: it also brings in what other sessions announced */
	sto_gate_lock_writer(keeps_writers_out(trigger->tg_trigtuple, desc) ? ShareRowExclusiveLock
																		: RowExclusiveLock);
	sto_gate_check_guards();
	sto_fact_ledger(&p.ledger);

	tuple = trigger->tg_trigtuple;
	if (p.mode == STO_MODE_VERIFY)
		verify(&p, tuple, desc);
	else
		tuple = take(&p, tuple, desc);
	if (tuple != NULL)
		sto_gate_posted(STO_REL_TRANSFER, p.entry.entry_id,
						p.mode == STO_MODE_POST ? p.entry.posted_at : PG_INT64_MAX);
	return PointerGetDatum(tuple);
}

void
sto_entry_replay(HeapTuple tuple, TupleDesc desc, bool check_signatures)
{
	StoPosting p;

	memset(&p, 0, offsetof(StoPosting, siglist));
	p.mode = STO_MODE_VERIFY;
	p.check_signatures = check_signatures;
	sto_fact_ledger(&p.ledger);
	verify(&p, tuple, desc);
	if (p.entry.order.has_group)
		sto_group_settle();
}

/*
 * sto.transfer_statement() returns trigger
 *
 * BEFORE and AFTER INSERT FOR EACH STATEMENT on sto.transfer: opens and ends
 * the use of the position cache.
 */
PG_FUNCTION_INFO_V1(sto_transfer_statement);

Datum
sto_transfer_statement(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) ||
		RelationGetRelid(trigger->tg_relation) != sto_rel_oid(STO_REL_TRANSFER))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("sto.transfer_statement() is a trigger of sto.transfer alone")));
	if (sto_gate_mode() != STO_MODE_RESTORE)
	{
		if (TRIGGER_FIRED_BEFORE(trigger->tg_event))
			sto_gate_begin_statement();
		else
			sto_gate_end_statement();
	}
	PG_RETURN_POINTER(NULL);
}
