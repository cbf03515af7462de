/*
 * guard.c
 *		UPDATE, DELETE and TRUNCATE on the log tables are refused, for their
 *		owner and for superusers too, under any session_replication_role.
 *
 * A superuser can still work on them in a transaction of its own kind:
 * sto.begin_maintenance() records the reason as an event first.
 *
 * Evidence tables refuse INSERT as well: only C writes them.
 */
#include "postgres.h"

#include "ledger/gate.h"
#include "ledger/guard.h"

#include "errors.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(sto_refuse_change);
PG_FUNCTION_INFO_V1(sto_refuse_insert);
PG_FUNCTION_INFO_V1(sto_begin_maintenance);

/* Nesting level of the (sub)transaction that opened the switch; 0: it is closed. */
static int opened_at = 0;

bool
sto_maintenance_open(void)
{
	return opened_at > 0;
}

void
sto_refuse_act(const char *act, const char *name)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_STO_APPEND_ONLY), errmsg("%s on %s is refused", act, name),
		 errdetail("The log is append-only; tables and functions of the ledger stay as installed."),
		 errhint("Correct entries by new, linked entries.  A superuser can call "
				 "sto.begin_maintenance(reason) first, which is recorded for ever.")));
}

/* BEFORE UPDATE OR DELETE FOR EACH ROW, BEFORE TRUNCATE FOR EACH STATEMENT */
Datum
sto_refuse_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	const char *act = "TRUNCATE";

	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "sto.refuse_change is a trigger function");
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		act = "UPDATE";
	else if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		act = "DELETE";
	if (!sto_maintenance_open())
		sto_refuse_act(act, psprintf("sto.%s", RelationGetRelationName(trigger->tg_relation)));

	if (TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
		return PointerGetDatum(NULL); /* not a null: the manager of triggers refuses one */
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
																	  : trigger->tg_trigtuple);
}

/*
 * BEFORE INSERT FOR EACH STATEMENT on the evidence tables.  Apply workers run no
 * statement; the initial copy of a subscription does.  What a subscriber gets
 * there is untrusted input, which sto.verify() judges.
 */
Datum
sto_refuse_insert(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "sto.refuse_insert is a trigger function");
	/* the setting can be granted to others, the privilege is not meant to be */
	if (!IsLogicalWorker() && !(sto_restore && superuser()) && !sto_maintenance_open())
		sto_refuse_act("INSERT", psprintf("sto.%s", RelationGetRelationName(trigger->tg_relation)));
	PG_RETURN_POINTER(NULL);
}

/*
 * sto.begin_maintenance(reason text) returns bigint
 *
 * Errors: 42501 unless superuser; ST402 if the ledger is not open; ST208 if
 * the reason is empty or not one line.
 */
Datum
sto_begin_maintenance(PG_FUNCTION_ARGS)
{
	static const char *const insert =
		"INSERT INTO sto.event (kind, subject, actor, body) VALUES ('maintenance', "
		"'00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', "
		"$1::pg_catalog.json) RETURNING entry_id";
	char *reason = text_to_cstring(PG_GETARG_TEXT_PP(0));
	StringInfoData body;
	Oid types[1] = {TEXTOID};
	Datum values[1];
	int64 entry_id;
	bool isnull;

	if (!superuser())
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("only a superuser may begin maintenance")));

	initStringInfo(&body);
	appendStringInfoString(&body, "{\"reason\":");
	escape_json(&body, reason);
	appendStringInfoString(&body, ",\"by\":");
	escape_json(&body, GetUserNameFromId(GetSessionUserId(), false));
	appendStringInfoChar(&body, '}');
	values[0] = CStringGetTextDatum(body.data);

	if (SPI_connect() != SPI_OK_CONNECT ||
		SPI_execute_with_args(insert, 1, types, values, NULL, false, 0) != SPI_OK_INSERT_RETURNING)
		elog(ERROR, "could not record the maintenance event");
	entry_id =
		DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();

	if (opened_at == 0)
		opened_at = GetCurrentTransactionNestLevel();
	PG_RETURN_INT64(entry_id);
}

static void
close_at_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		opened_at = 0;
}

static void
follow_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int level = GetCurrentTransactionNestLevel();

	if (opened_at < level)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		opened_at = 0;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		opened_at = level - 1;
}

void
sto_guard_init(void)
{
	RegisterXactCallback(close_at_end, NULL);
	RegisterSubXactCallback(follow_subtransaction, NULL);
}
