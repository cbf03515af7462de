/*
 * body_fault.c
 *		What the gate would say of a stored body, for sto.verify().
 */
#include "postgres.h"

#include "ledger/event_body.h"
#include "ledger/gate.h"

#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(sto_body_fault);

/* Of the body, and of nothing else: what the server's parser says of JSON is 22xxx. */
static bool
is_of_body(const ErrorData *error)
{
	return sto_gate_is_refusal(error->sqlerrcode) ||
		   ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_DATA_EXCEPTION;
}

/*
 * sto.body_fault(kind text, body json) returns text
 *
 * Why no event of that kind has this body: a field too few or too many, or one that is
 * not of its type; null if one has.  What the fields say is not asked: keys aren't vetted.
 */
Datum
sto_body_fault(PG_FUNCTION_ARGS)
{
	text *kind = PG_GETARG_TEXT_PP(0);
	text *json = PG_GETARG_TEXT_PP(1);
	MemoryContext context = CurrentMemoryContext;
	StoBody *body = palloc0(sizeof(StoBody));
	ErrorData *volatile error = NULL;

	/* parsing takes no lock and no resource: there is nothing to give back but memory */
	PG_TRY();
	{
		body->kind = sto_event_kind(VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind));
		sto_body_parse(body->kind, json, false, body);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!is_of_body(error))
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	if (error == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(error->detail != NULL ? error->detail : error->message));
}
