/*
 * custom_rule.c
 *		Rules of a token's own, as SQL functions.
 *
 *	f(token_id uuid, kind text, debit sto.wallet_address, credit sto.wallet_address,
 *	  debit_party uuid, credit_party uuid, amount sto.token_amount, posted_at timestamptz)
 *	RETURNS text: a reason to refuse the order, null to let it pass
 *
 * It must be the function that the set's signers read (its definition, core/rule.h), and be
 * SECURITY DEFINER with a pinned search_path, so that it says the same to everybody, and
 * not VOLATILE, so that it changes nothing; what it calls may not write to the ledger either.
 * A set that names one that isn't so is not recorded; one that isn't so by now refuses
 * every order.
 * Another database may lack it, or what it reads: it is not asked on a replica.
 *
 * An enforced act asks it too, and goes on whatever it says, or fails with.
 */
#include "postgres.h"

#include "ledger/gate.h"
#include "ledger/ruling.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#define ARGUMENTS 8

static HeapTuple
find_function(const char *name)
{
	char schema[2 * STO_RULE_FUNCTION_MAX + 2];
	char *dot;
	Oid sto = get_namespace_oid("sto", false);
	Oid address = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("wallet_address"),
								  ObjectIdGetDatum(sto));
	Oid amount = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("token_amount"),
								 ObjectIdGetDatum(sto));
	Oid types[ARGUMENTS] = {UUIDOID, TEXTOID, address, address,
							UUIDOID, UUIDOID, amount,  TIMESTAMPTZOID};
	Oid namespace;

	strlcpy(schema, name, sizeof(schema));
	dot = strchr(schema, '.');
	if (dot == NULL)
		return NULL;
	*dot = '\0';
	namespace = get_namespace_oid(schema, true);
	if (!OidIsValid(namespace))
		return NULL;
	return SearchSysCache3(PROCNAMEARGSNSP, CStringGetDatum(dot + 1),
						   PointerGetDatum(buildoidvector(types, ARGUMENTS)),
						   ObjectIdGetDatum(namespace));
}

/* Its SET clauses as texts; true if search_path is among them. */
static bool
read_settings(HeapTuple proc, StoRuleFunction *function)
{
	bool isnull;
	Datum config = SysCacheGetAttr(PROCOID, proc, Anum_pg_proc_proconfig, &isnull);
	Datum *items;
	const char **settings;
	bool pinned = false;

	if (isnull)
		return false;
	deconstruct_array(DatumGetArrayTypeP(config), TEXTOID, -1, false, TYPALIGN_INT, &items, NULL,
					  &function->setting_count);
	settings = palloc(function->setting_count * sizeof(char *));
	for (int i = 0; i < function->setting_count; i++)
	{
		settings[i] = TextDatumGetCString(items[i]);
		pinned |= strncmp(settings[i], "search_path=", strlen("search_path=")) == 0;
	}
	function->settings = settings;
	return pinned;
}

/* What is wrong with the function, as a sentence; NULL if it may be asked. */
static const char *
fault_of(HeapTuple proc, const StoRule *rule)
{
	const FormData_pg_proc *form = (Form_pg_proc) GETSTRUCT(proc);
	StoRuleFunction function = {.name = rule->function};
	uint8_t definition[STO_DIGEST_LEN];
	bool pinned = read_settings(proc, &function);
	bool isnull;
	char *source;

	(void) SysCacheGetAttr(PROCOID, proc, Anum_pg_proc_prosqlbody, &isnull);
	if (!isnull)
		return "The rule's function has a body that is kept parsed: write it as a quoted text.";
	source = TextDatumGetCString(SysCacheGetAttr(PROCOID, proc, Anum_pg_proc_prosrc, &isnull));
	function.language = get_language_name(form->prolang, false);
	function.source = source;
	function.source_len = strlen(source);
	if (!sto_rule_definition(&function, definition) ||
		memcmp(definition, rule->definition, STO_DIGEST_LEN) != 0)
		return "The rule's function is not what the token's rules say.";
	if (strcmp(function.language, "c") == 0 || strcmp(function.language, "internal") == 0)
		return "The rule's function is in a language whose code its definition doesn't hold.";
	if (form->prorettype != TEXTOID || form->proretset || form->prokind != PROKIND_FUNCTION)
		return "The rule's function does not return a text.";
	if (!form->prosecdef || !pinned)
		return "The rule's function is not SECURITY DEFINER with a search_path of its own.";
	if (form->provolatile == PROVOLATILE_VOLATILE)
		return "The rule's function is VOLATILE.";
	return NULL;
}

static void
set_argument(FunctionCallInfo call, int n, Datum value, bool isnull)
{
	call->args[n].value = value;
	call->args[n].isnull = isnull;
}

static void
fill_arguments(FunctionCallInfo call, const StoRuleMove *move)
{
	set_argument(call, 0, PointerGetDatum(move->token_id), false);
	set_argument(call, 1, CStringGetTextDatum(sto_kind_name(move->kind)), false);
	set_argument(call, 2, PointerGetDatum(move->debit), !move->has_sender);
	set_argument(call, 3, PointerGetDatum(move->credit), !move->has_receiver);
	set_argument(call, 4, PointerGetDatum(move->sender), !move->has_sender);
	set_argument(call, 5, PointerGetDatum(move->receiver), !move->has_receiver);
	set_argument(call, 6, PointerGetDatum(&move->amount), false);
	set_argument(call, 7, TimestampTzGetDatum(StoTimeToTimestamp(move->posted_at)), false);
}

/* One line that fits. */
static void
put_reason(char *reason, const char *said)
{
	int len = pg_mbcliplen(said, strlen(said), STO_RULE_DETAIL_MAX - 1);

	memcpy(reason, said, len);
	reason[len] = '\0';
	for (char *c = reason; *c != '\0'; c++)
		if ((unsigned char) *c < ' ')
			*c = ' ';
}

/* What it says, or NULL.  It sees positions as this statement has moved them so far. */
static char *
ask(Oid function, const StoRuleMove *move)
{
	LOCAL_FCINFO(call, ARGUMENTS);
	FmgrInfo info;
	const bool asked = sto_rule_asked; /* by a dry run in a rule's function */
	Datum said;

	sto_gate_flush();
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	fmgr_info(function, &info);
	InitFunctionCallInfoData(*call, &info, ARGUMENTS, DEFAULT_COLLATION_OID, NULL, NULL);
	fill_arguments(call, move);
	if (info.fn_strict)
		for (int i = 0; i < ARGUMENTS; i++)
			if (call->args[i].isnull)
			{
				PopActiveSnapshot();
				return NULL;
			}
	sto_rule_asked = true;
	PG_TRY();
	{
		said = FunctionCallInvoke(call);
	}
	PG_FINALLY();
	{
		sto_rule_asked = asked;
	}
	PG_END_TRY();
	PopActiveSnapshot();
	return call->isnull ? NULL : TextDatumGetCString(said);
}

const char *
sto_custom_rule_fault(const StoRule *rule, Oid *function)
{
	HeapTuple proc = find_function(rule->function);
	const char *fault;

	if (!HeapTupleIsValid(proc))
		return "The rule's function is not there.";
	fault = fault_of(proc, rule);
	*function = ((Form_pg_proc) GETSTRUCT(proc))->oid;
	ReleaseSysCache(proc);
	return fault;
}

bool
sto_custom_rule(void *context, const StoRule *rule, const StoRuleMove *move, bool *refused,
				char reason[STO_RULE_DETAIL_MAX])
{
	Oid function = InvalidOid;
	const char *said = sto_custom_rule_fault(rule, &function);

	if (said == NULL)
		said = ask(function, move);
	*refused = said != NULL;
	if (*refused)
		put_reason(reason, said);
	return true;
}

/* A request to stop the statement, whoever it came from: not an error that the function raised. */
static bool
is_interrupt(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED && error->funcname != NULL &&
		   strcmp(error->funcname, "ProcessInterrupts") == 0;
}

/*
 * In a subtransaction that is rolled back in any case: an error can't stop the order, nor can
 * anything that the function leaves behind, such as a constraint that fails at commit.
 */
bool
sto_custom_rule_hear(const StoRule *rule, const StoRuleMove *move, StoHeard *heard)
{
	MemoryContext memory = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	char reason[STO_RULE_DETAIL_MAX];
	volatile bool against = false;
	ErrorData *volatile error = NULL;

	/* before it, or it would have to be done again */
	sto_gate_flush();
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(memory);
	PG_TRY();
	{
		bool refused;

		(void) sto_custom_rule(NULL, rule, move, &refused, reason);
		against = refused;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(memory);
	CurrentResourceOwner = owner;

	if (error == NULL)
		heard->reason = against ? pstrdup(reason) : NULL;
	else if (is_interrupt(error))
		ReThrowError(error);
	else
		strlcpy(heard->state, unpack_sql_state(error->sqlerrcode), sizeof(heard->state));
	return against || error != NULL;
}
