/*
 * register_ledger.c
 *		Handlers of events about the ledger itself, and what all handlers share.
 */
#include "postgres.h"

#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "utils/builtins.h"
#include "utils/rel.h"

void
sto_act_refuse(const char *format, ...)
{
	char reason[512];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	ereport(ERROR,
			(errcode(ERRCODE_STO_INVALID_EVENT), errmsg("the event can't be applied: %s", reason)));
}

bool
sto_one_of(const char *text, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(text, names[i]) == 0)
			return true;
	return false;
}

void
sto_require_one_of(const char *what, const char *text, const char *const *names, int count)
{
	StringInfoData all;

	if (sto_one_of(text, names, count))
		return;
	initStringInfo(&all);
	for (int i = 0; i < count; i++)
		appendStringInfo(&all, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", names[i]);
	ereport(ERROR, (errcode(ERRCODE_STO_INVALID_EVENT),
					errmsg("the event can't be applied: there is no %s \"%.40s\"", what, text),
					errhint("Say %s.", all.data)));
}

bool
sto_register_status(const StoAct *act)
{
	const char *status = act->body.value[STO_F_STATUS].text;

	if (strcmp(status, "active") == 0)
		return true;
	if (strcmp(status, "closed") != 0)
		sto_act_refuse("status is \"active\" or \"closed\", not \"%.40s\"", status);
	return false;
}

void
sto_register_find(StoRel rel, StoIndex index, const uint8_t *key, StoRow *row)
{
	Datum keys[1] = {PointerGetDatum(unconstify(uint8_t *, key))};

	if (!sto_store_find_lock(rel, index, 1, keys, row))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
						errmsg("a subject of the register has no row in its table"),
						errhint("Compare the register with its log: SELECT * FROM sto.verify().")));
}

void
sto_register_insert(StoRel rel, Datum *values, bool *nulls, int sqlstate, const char *message)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		sto_store_insert(rel, values, nulls);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION)
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR, (errcode(sqlstate), errmsg("%s", message),
						error->detail != NULL ? errdetail_internal("%s", error->detail) : 0));
	}
	PG_END_TRY();
}

void
sto_register_set(StoRow *row, int attno, Datum value, bool isnull)
{
	Datum values[TOKEN_COLUMNS]; /* the widest table of the register */
	bool nulls[TOKEN_COLUMNS];
	bool replaces[TOKEN_COLUMNS] = {false};

	Assert(RelationGetNumberOfAttributes(row->rel) <= TOKEN_COLUMNS);

	values[attno - 1] = value;
	nulls[attno - 1] = isnull;
	replaces[attno - 1] = true;
	sto_store_update(row, values, nulls, replaces);
	sto_row_close(row);
}

void
sto_register_line(const char *text, const char *name, size_t max)
{
	if (text[0] == '\0' || strlen(text) > max || strpbrk(text, "\n\r\t") != NULL)
		sto_act_refuse("\"%s\" must be one line of 1 to %d octets", name, (int) max);
}

/* The first event: it names the ledger, and its leaf gives the ledger's id. */
void
sto_register_genesis(StoAct *act)
{
	const char *authority = act->body.value[STO_F_REGISTER_AUTHORITY].text;
	Datum values[LEDGER_COLUMNS];
	bool nulls[LEDGER_COLUMNS] = {false};

	sto_register_line(act->body.value[STO_F_NAME].text, "name", STO_REGISTER_NAME_MAX);
	sto_register_line(act->body.value[STO_F_ORIGIN].text, "origin", STO_REGISTER_NAME_MAX);
	/* with "/" and the ledger's id it names the key that signs checkpoints (C2SP signed-note) */
	if (strpbrk(act->body.value[STO_F_ORIGIN].text, " +") != NULL)
		sto_act_refuse("\"origin\" must have no space and no \"+\"");
	if (strcmp(authority, "keys") != 0 && strcmp(authority, "roles") != 0)
		sto_act_refuse("register_authority is \"keys\" or \"roles\", not \"%.40s\"", authority);

	sto_ledger_id(act->leaf, act->ledger.ledger_id);
	values[LEDGER_LEDGER_ID - 1] = StoUuidGetDatum(act->ledger.ledger_id);
	values[LEDGER_POLICY_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	values[LEDGER_GENESIS_HASH - 1] = PointerGetDatum(act->leaf);
	values[LEDGER_NAME - 1] = CStringGetTextDatum(act->body.value[STO_F_NAME].text);
	values[LEDGER_ORIGIN - 1] = CStringGetTextDatum(act->body.value[STO_F_ORIGIN].text);
	values[LEDGER_REGISTER_AUTHORITY - 1] = CStringGetTextDatum(authority);
	sto_store_insert(STO_REL_LEDGER, values, nulls);
	sto_register_policy(act, sto_nil_uuid, NULL, NULL, false);
	sto_facts_announce();
}

/* A superuser is about to work on the log tables; guard.c opens the switch. */
void
sto_register_maintenance(StoAct *act)
{
	sto_register_line(act->body.value[STO_F_REASON].text, "reason", STO_REGISTER_REASON_MAX);
	sto_register_line(act->body.value[STO_F_BY].text, "by", NAMEDATALEN);
}

void
sto_register_capability(StoAct *act)
{
	static const char *const names[] = {"registrar",    "enforcer", "recovery_agent",
										"claim_issuer", "auditor",  "witness"};
	const char *name = act->body.value[STO_F_CAPABILITY].text;
	Datum values[CAPABILITY_COLUMNS];
	bool nulls[CAPABILITY_COLUMNS] = {false};
	bool replaces[CAPABILITY_COLUMNS] = {false};
	Datum keys[2];
	StoRow row;

	sto_require_one_of("capability", name, names, lengthof(names));
	keys[0] = StoUuidGetDatum(act->event.subject);
	keys[1] = CStringGetTextDatum(name);
	values[CAPABILITY_GRANTED_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[CAPABILITY_PARTY_ID - 1] = keys[0];
	values[CAPABILITY_CAPABILITY - 1] = keys[1];
	values[CAPABILITY_GRANTED - 1] = BoolGetDatum(act->body.value[STO_F_GRANTED].flag);

	/* the party's subject row is locked: nobody else writes this row meanwhile */
	if (sto_store_find_lock(STO_REL_CAPABILITY, STO_IDX_CAPABILITY, 2, keys, &row))
	{
		replaces[CAPABILITY_GRANTED_BY - 1] = true;
		replaces[CAPABILITY_GRANTED - 1] = true;
		sto_store_update(&row, values, nulls, replaces);
	}
	else
		sto_store_insert(STO_REL_CAPABILITY, values, nulls);
	sto_row_close(&row);
	if (strcmp(name, "witness") == 0 && !act->body.value[STO_F_GRANTED].flag)
		sto_register_dismiss_witness(act);
	sto_facts_announce();
}
