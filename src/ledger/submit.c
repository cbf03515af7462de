/*
 * submit.c
 *		sto.submit(): many orders at once, each posted, repeated or refused.
 *
 * Every order ends in an INSERT INTO sto.transfer, as any client's.  A range of
 * orders is tried in one statement, in a subtransaction; if that is refused, its
 * halves are, one after the other, until the orders that are refused stand alone.
 * So good orders cost what a plain INSERT costs, and each order meets what those
 * before it have left.
 */
#include "postgres.h"

#include "ledger/facts.h"
#include "ledger/order_row.h"
#include "ledger/reader.h"
#include "ledger/reason.h"
#include "ledger/refusal.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(sto_submit);

/* Columns of its result. */
enum
{
	OUT_ORDINAL,
	OUT_ORDER_ID,
	OUT_ENTRY_ID,
	OUT_RESULT,
	OUT_STATE,
	OUT_MESSAGE,
	OUT_REASONS,
	OUT_RECORDED,
	OUT_COLUMNS
};

static const char insert_orders[] =
	"INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, "
	"ordering_party, order_id, valid_until, reference, hold_id, purpose, notary, release_after, "
	"condition_hash, instruction_hash, preimage, keep_rest, attachment_hash, group_id, undoes, "
	"authority_event, checked_once, signatures) "
	"SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, "
	"o.order_id, o.valid_until, o.reference, o.hold_id, o.purpose, o.notary, o.release_after, "
	"o.condition_hash, o.instruction_hash, o.preimage, o.keep_rest, o.attachment_hash, o.group_id, "
	"o.undoes, o.authority_event, o.checked_once, o.signatures FROM pg_catalog.unnest($1) AS o "
	"RETURNING entry_id";

typedef struct Submission
{
	ReturnSetInfo *result;
	Oid type; /* sto.order */
	int16 typlen;
	bool typbyval;
	char typalign;
	int count;
	Datum *orders;
	bool *missing;
	MemoryContext memory;  /* outlives every subtransaction */
	MemoryContext scratch; /* of one order's result */
	bool reads_register;
	bool member;
	uint8_t party[STO_UUID_LEN]; /* who submits */
} Submission;

/* The statement, prepared once; a type that was dropped and made anew has another oid. */
static SPIPlanPtr
statement(Oid array)
{
	static SPIPlanPtr plan = NULL;
	static Oid planned = InvalidOid;

	if (plan != NULL && planned == array)
		return plan;
	if (plan != NULL)
		SPI_freeplan(plan);
	plan = SPI_prepare(insert_orders, 1, &array);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare the statement of sto.submit()");
	planned = array;
	return plan;
}

static void
put_row(Submission *s, int ordinal, Datum *values, bool *nulls)
{
	Datum order[TRANSFER_COLUMNS];
	bool absent[TRANSFER_COLUMNS];

	values[OUT_ORDINAL] = Int32GetDatum(ordinal + 1);
	nulls[OUT_ORDINAL] = false;
	nulls[OUT_ORDER_ID] = s->missing[ordinal];
	if (!s->missing[ordinal])
	{
		sto_order_row_read(s->orders[ordinal], order, absent);
		values[OUT_ORDER_ID] = order[TRANSFER_ORDER_ID - 1];
		nulls[OUT_ORDER_ID] = absent[TRANSFER_ORDER_ID - 1];
	}
	tuplestore_putvalues(s->result->setResult, s->result->setDesc, values, nulls);
	MemoryContextReset(s->scratch);
}

static void
put_entry(Submission *s, int ordinal, int64 entry_id, bool repeated)
{
	MemoryContext before = MemoryContextSwitchTo(s->scratch);
	Datum values[OUT_COLUMNS];
	bool nulls[OUT_COLUMNS];

	memset(nulls, true, sizeof(nulls));
	values[OUT_ENTRY_ID] = Int64GetDatum(entry_id);
	values[OUT_RESULT] = CStringGetTextDatum(repeated ? "repeated" : "posted");
	nulls[OUT_ENTRY_ID] = nulls[OUT_RESULT] = false;
	put_row(s, ordinal, values, nulls);
	MemoryContextSwitchTo(before);
}

/* The submitter is told what a dry run would tell whoever orders it (docs/security.md). */
static void
hide(const Submission *s, const Datum *order, const bool *absent, StoReasons *reasons)
{
	StoTokenFact token;

	if (s->reads_register)
		return;
	if (!absent[TRANSFER_TOKEN_ID - 1] &&
		sto_fact_token(DatumGetUUIDP(order[TRANSFER_TOKEN_ID - 1])->data, &token) && s->member &&
		sto_uuid_equal(s->party, token.issuer))
		return;
	for (int i = 0; i < reasons->count; i++)
		if (reasons->items[i].whose == STO_ABOUT_RECEIVER ||
			reasons->items[i].whose == STO_ABOUT_TOKEN)
			reasons->items[i].limit = reasons->items[i].value = NULL;
}

static void
put_refusal(Submission *s, int ordinal, const ErrorData *error, StoReasons *reasons)
{
	MemoryContext before = MemoryContextSwitchTo(s->scratch);
	Datum order[TRANSFER_COLUMNS];
	bool absent[TRANSFER_COLUMNS];
	Datum values[OUT_COLUMNS];
	bool nulls[OUT_COLUMNS] = {false};
	StringInfoData text;
	const char *state;
	int64 recorded = 0;

	memset(absent, true, sizeof(absent));
	if (!s->missing[ordinal])
		sto_order_row_read(s->orders[ordinal], order, absent);
	state = pstrdup(unpack_sql_state(error->sqlerrcode));
	if (!s->missing[ordinal])
		recorded = sto_refusal_record(order, absent, s->party, state, reasons);
	hide(s, order, absent, reasons);
	initStringInfo(&text);
	sto_reasons_json(&text, reasons);
	nulls[OUT_ENTRY_ID] = true;
	values[OUT_RESULT] = CStringGetTextDatum("refused");
	values[OUT_STATE] = CStringGetTextDatum(state);
	values[OUT_MESSAGE] = CStringGetTextDatum(error->message);
	values[OUT_REASONS] = DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data));
	values[OUT_RECORDED] = Int64GetDatum(recorded);
	nulls[OUT_RECORDED] = recorded == 0;
	put_row(s, ordinal, values, nulls);
	MemoryContextSwitchTo(before);
}

/* The entry that posted an order, as of now. */
static int64
entry_of(const Submission *s, int ordinal)
{
	Datum order[TRANSFER_COLUMNS];
	bool absent[TRANSFER_COLUMNS];
	Datum keys[2];
	int64 entry_id;
	StoRow row;
	bool isnull;

	sto_order_row_read(s->orders[ordinal], order, absent);
	keys[0] = order[TRANSFER_ORDER_ID - 1];
	keys[1] = order[TRANSFER_ORDERING_PARTY - 1];
	if (!sto_store_find(STO_REL_TRANSFER, STO_IDX_TRANSFER_ORDER, 2, keys, &row))
		elog(ERROR, "an order that is neither refused nor stored");
	entry_id = DatumGetInt64(sto_row_get(&row, TRANSFER_ENTRY_ID, &isnull));
	sto_row_close(&row);
	return entry_id;
}

/* Rows of the statement come in the order of ids; of a repeated order there is none. */
static void
put_entries(Submission *s, int first, int count, const int64 *ids, int returned)
{
	int next = 0;

	for (int i = 0; i < count; i++)
	{
		int64 entry_id = returned == count ? ids[i] : entry_of(s, first + i);
		bool posted = next < returned && ids[next] == entry_id;

		if (posted)
			next++;
		put_entry(s, first + i, entry_id, !posted);
	}
}

static int64 *
returned_ids(int *count)
{
	int64 *ids = palloc(Max(SPI_processed, 1) * sizeof(int64));
	bool isnull;

	*count = (int) SPI_processed;
	for (int i = 0; i < *count; i++)
		ids[i] =
			DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return ids;
}

/* Insert these orders by one statement; the error that refuses it, or NULL. */
static ErrorData *
try_range(Submission *s, int first, int count, int64 **ids, int *returned, StoReasons *kept)
{
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;
	StoReasons *before;
	int dims[1] = {count};
	int bounds[1] = {1};
	ArrayType *array;
	Datum argument;

	MemoryContextSwitchTo(s->memory);
	array = construct_md_array(s->orders + first, s->missing + first, 1, dims, bounds, s->type,
							   s->typlen, s->typbyval, s->typalign);
	argument = PointerGetDatum(array);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(s->memory);
	before = sto_reasons_keep(kept);
	PG_TRY();
	{
		if (SPI_execute_plan(statement(get_array_type(s->type)), &argument, NULL, false, 0) !=
			SPI_OK_INSERT_RETURNING)
			elog(ERROR, "could not run the statement of sto.submit()");
		MemoryContextSwitchTo(s->memory);
		*ids = returned_ids(returned);
		(void) sto_reasons_keep(before);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		(void) sto_reasons_keep(before);
		MemoryContextSwitchTo(s->memory);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(s->memory);
	CurrentResourceOwner = owner;
	pfree(array);
	return error;
}

/* The gate's own list, if it is this error's, else what the error says; false: not of an order. */
static bool
reasons_of(const ErrorData *error, const StoReasons *kept, StoReasons *reasons)
{
	if (kept->count > 0 && kept->items[0].sqlstate == error->sqlerrcode &&
		strcmp(kept->items[0].message, error->message) == 0)
	{
		*reasons = *kept;
		return true;
	}
	return sto_reason_add_error(reasons, error);
}

static void
submit_range(Submission *s, int first, int count)
{
	StoReasons kept = {.memory = s->memory};
	StoReasons reasons = {0};
	ErrorData *error;
	int64 *ids = NULL;
	int returned = 0;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	MemoryContextSwitchTo(s->memory);
	error = try_range(s, first, count, &ids, &returned, &kept);
	if (error == NULL)
	{
		put_entries(s, first, count, ids, returned);
		pfree(ids);
		return;
	}
	if (!reasons_of(error, &kept, &reasons))
		ReThrowError(error);
	if (count == 1)
	{
		put_refusal(s, first, error, &reasons);
		return;
	}
	FreeErrorData(error);
	submit_range(s, first, count / 2);
	submit_range(s, first + count / 2, count - count / 2);
}

/*
 * sto.submit(orders sto.order[]) returns setof record
 *
 * One row for each order, in their order: posted or repeated, with the entry, or
 * refused, with SQLSTATE, message and every reason, and the event that records it.  Errors that
 * don't speak of an order (a role mapped to no party, a deadlock, a cancelled statement) end the
 * whole call.
 */
Datum
sto_submit(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	Submission s = {.result = (ReturnSetInfo *) fcinfo->resultinfo, .type = ARR_ELEMTYPE(array)};

	InitMaterializedSRF(fcinfo, 0);
	s.memory = AllocSetContextCreate(CurrentMemoryContext, "sto submit", ALLOCSET_DEFAULT_SIZES);
	s.scratch = AllocSetContextCreate(s.memory, "sto submit row", ALLOCSET_DEFAULT_SIZES);
	get_typlenbyvalalign(s.type, &s.typlen, &s.typbyval, &s.typalign);
	deconstruct_array(array, s.type, s.typlen, s.typbyval, s.typalign, &s.orders, &s.missing,
					  &s.count);
	s.member = sto_fact_member_try(s.party);
	s.reads_register = sto_reads_register(s.member ? s.party : NULL);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (s.count > 0)
		submit_range(&s, 0, s.count);
	SPI_finish();
	MemoryContextDelete(s.memory);
	PG_RETURN_NULL();
}
