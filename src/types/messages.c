/*
 * messages.c
 *		SQL functions that build what is signed and hashed: orders, acts,
 *		side digests, settlement instructions, addresses.
 *
 * docs/format.md prints every octet.  All are immutable: the ledger's id comes
 * in as an argument.  The forms that read it from the open ledger are SQL
 * functions on top (sql/install/60_acts.sql).
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "datatype/timestamp.h"
#include "utils/timestamp.h"

#include "core/hash.h"
#include "core/message.h"
#include "types/messages.h"
#include "compat.h"
#include "types/types.h"

PG_FUNCTION_INFO_V1(sto_order_message);
PG_FUNCTION_INFO_V1(sto_act_message);
PG_FUNCTION_INFO_V1(sto_side_digest_sql);
PG_FUNCTION_INFO_V1(sto_instruction_hash_sql);
PG_FUNCTION_INFO_V1(sto_wallet_address_sql);
PG_FUNCTION_INFO_V1(sto_ledger_id_of_genesis);
PG_FUNCTION_INFO_V1(sto_to_micros);
PG_FUNCTION_INFO_V1(sto_from_micros);
PG_FUNCTION_INFO_V1(sto_batch_hash_add);
PG_FUNCTION_INFO_V1(sto_batch_hash_final);

#define STO_LEGS_MAX 10000

void
sto_require(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("argument \"%s\" must not be null", name));
}

/* Microseconds since 1970 of a timestamptz argument (docs/format.md, "Conventions"). */
int64_t
sto_arg_time(FunctionCallInfo fcinfo, int n, const char *name)
{
	TimestampTz t = PG_GETARG_TIMESTAMPTZ(n);

	/* the last thirty years of PostgreSQL's calendar are out of range in microseconds since 1970 */
	if (TIMESTAMP_NOT_FINITE(t) || t > PG_INT64_MAX - STO_EPOCH_SHIFT)
		ereport(ERROR, errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
				errmsg("argument \"%s\" must be a finite time", name),
				errhint("Leave it null for a time without end."));
	return (int64_t) t + STO_EPOCH_SHIFT;
}

void
sto_arg_octets(FunctionCallInfo fcinfo, int n, size_t len, uint8_t *out)
{
	memcpy(out, PG_GETARG_STO_OCTETS(n), len);
}

static bytea *
sto_bytea_of_writer(StoWriter *w)
{
	SET_VARSIZE(w->data - VARHDRSZ, VARHDRSZ + w->len);
	return (bytea *) (w->data - VARHDRSZ);
}

static void
sto_order_text_args(FunctionCallInfo fcinfo, StoOrder *order)
{
	text *kind = PG_GETARG_TEXT_PP(ORDER_KIND);

	if (!sto_kind_from_name(VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind), &order->kind))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unknown kind of entry \"%s\"", text_to_cstring(kind)));
	if (!PG_ARGISNULL(ORDER_PURPOSE))
	{
		text *purpose = PG_GETARG_TEXT_PP(ORDER_PURPOSE);

		order->has_purpose = true;
		if (!sto_purpose_from_name(VARDATA_ANY(purpose), VARSIZE_ANY_EXHDR(purpose),
								   &order->purpose))
			ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown purpose \"%s\"", text_to_cstring(purpose)));
	}
	if (!PG_ARGISNULL(ORDER_REFERENCE))
	{
		text *reference = PG_GETARG_TEXT_PP(ORDER_REFERENCE);

		if (VARSIZE_ANY_EXHDR(reference) > STO_REFERENCE_MAX)
			ereport(ERROR, errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
					errmsg("reference is too long"),
					errdetail("It has %d octets; %d are allowed.",
							  (int) VARSIZE_ANY_EXHDR(reference), STO_REFERENCE_MAX));
		order->has_reference = true;
		order->reference = VARDATA_ANY(reference);
		order->reference_len = (uint16_t) VARSIZE_ANY_EXHDR(reference);
	}
	if (!PG_ARGISNULL(ORDER_PREIMAGE))
	{
		bytea *preimage = PG_GETARG_BYTEA_PP(ORDER_PREIMAGE);

		if (VARSIZE_ANY_EXHDR(preimage) != STO_PREIMAGE_LEN)
			ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid length for preimage"),
					errdetail("Expected %d octets, got %d.", STO_PREIMAGE_LEN,
							  (int) VARSIZE_ANY_EXHDR(preimage)));
		order->has_preimage = true;
		memcpy(order->preimage, VARDATA_ANY(preimage), STO_PREIMAGE_LEN);
	}
}

/* A fixed-length optional argument: its flag and its octets. */
bool
sto_opt_octets(FunctionCallInfo fcinfo, int n, size_t len, uint8_t *out)
{
	if (PG_ARGISNULL(n))
		return false;
	sto_arg_octets(fcinfo, n, len, out);
	return true;
}

void
sto_order_from_args(FunctionCallInfo fcinfo, uint8_t ledger_id[STO_UUID_LEN], StoOrder *order)
{
	static const char *const required[] = {"ledger_id",      "kind",     "order_id",
										   "ordering_party", "token_id", "amount"};

	for (int i = 0; i < (int) lengthof(required); i++)
		sto_require(fcinfo, i, required[i]);

	memset(order, 0, sizeof(*order));
	sto_arg_octets(fcinfo, ORDER_LEDGER, STO_UUID_LEN, ledger_id);
	sto_arg_octets(fcinfo, ORDER_ID, STO_UUID_LEN, order->order_id);
	sto_arg_octets(fcinfo, ORDER_PARTY, STO_UUID_LEN, order->ordering_party);
	sto_arg_octets(fcinfo, ORDER_TOKEN, STO_UUID_LEN, order->token_id);
	order->amount = PG_GETARG_STO_AMOUNT(ORDER_AMOUNT);
	sto_order_text_args(fcinfo, order);

	order->has_debit = sto_opt_octets(fcinfo, ORDER_DEBIT, STO_ADDRESS_LEN, order->debit);
	order->has_credit = sto_opt_octets(fcinfo, ORDER_CREDIT, STO_ADDRESS_LEN, order->credit);
	order->has_notary = sto_opt_octets(fcinfo, ORDER_NOTARY, STO_UUID_LEN, order->notary);
	order->has_condition =
		sto_opt_octets(fcinfo, ORDER_CONDITION, STO_DIGEST_LEN, order->condition);
	order->has_instruction =
		sto_opt_octets(fcinfo, ORDER_INSTRUCTION, STO_DIGEST_LEN, order->instruction);
	order->has_attachment =
		sto_opt_octets(fcinfo, ORDER_ATTACHMENT, STO_DIGEST_LEN, order->attachment);
	order->has_group = sto_opt_octets(fcinfo, ORDER_GROUP, STO_UUID_LEN, order->group_id);
	if (!PG_ARGISNULL(ORDER_VALID_UNTIL))
	{
		order->has_valid_until = true;
		order->valid_until = sto_arg_time(fcinfo, ORDER_VALID_UNTIL, "valid_until");
	}
	if (!PG_ARGISNULL(ORDER_RELEASE_AFTER))
	{
		order->has_release_after = true;
		order->release_after = sto_arg_time(fcinfo, ORDER_RELEASE_AFTER, "release_after");
	}
	if (!PG_ARGISNULL(ORDER_HOLD))
	{
		order->has_hold_id = true;
		order->hold_id = PG_GETARG_INT64(ORDER_HOLD);
	}
	if (!PG_ARGISNULL(ORDER_KEEP_REST))
	{
		order->has_keep_rest = true;
		order->keep_rest = PG_GETARG_BOOL(ORDER_KEEP_REST);
	}
	if (!PG_ARGISNULL(ORDER_UNDOES))
	{
		order->has_undoes = true;
		order->undoes = PG_GETARG_INT64(ORDER_UNDOES);
	}
	if (!PG_ARGISNULL(ORDER_CHECKED_ONCE))
	{
		order->has_checked_once = true;
		order->checked_once = PG_GETARG_BOOL(ORDER_CHECKED_ONCE);
	}
}

/*
 * sto.order_message(ledger_id, kind, order_id, ordering_party, token_id,
 *					 amount, ...) returns bytea
 *
 * What the quorum signs (docs/format.md, "Order").  The first six arguments
 * are required, the rest are the order's optional fields.  Nothing is judged
 * here: the gate says whether such an order may be posted.
 *
 * Errors: 22004 a required argument is null; 22023 unknown kind or purpose,
 * preimage not of 32 octets; 22001 reference too long; 22008 infinite time.
 */
Datum
sto_order_message(PG_FUNCTION_ARGS)
{
	StoOrder order;
	StoWriter w;
	uint8_t ledger_id[STO_UUID_LEN];
	bytea *result = palloc(VARHDRSZ + STO_ORDER_MAX);

	sto_order_from_args(fcinfo, ledger_id, &order);
	sto_writer_init(&w, VARDATA(result), STO_ORDER_MAX);
	sto_put_order(&w, ledger_id, &order);
	if (w.failed)
		elog(ERROR, "order message does not fit in %d octets", STO_ORDER_MAX);
	PG_RETURN_BYTEA_P(sto_bytea_of_writer(&w));
}

/*
 * sto.act_message(ledger_id, prev_hash, kind, subject, actor, body)
 * returns bytea
 *
 * What the actor's quorum signs to change the register (docs/format.md,
 * "Act and event").  prev_hash is null for a subject's first event.
 *
 * Errors: 22004 an argument but prev_hash is null; 22023 kind longer than 255.
 */
Datum
sto_act_message(PG_FUNCTION_ARGS)
{
	StoEvent event;
	StoWriter w;
	uint8_t ledger_id[STO_UUID_LEN];
	text *kind;
	text *body;
	bytea *result;
	size_t size;

	sto_require(fcinfo, 0, "ledger_id");
	sto_require(fcinfo, 2, "kind");
	sto_require(fcinfo, 3, "subject");
	sto_require(fcinfo, 4, "actor");
	sto_require(fcinfo, 5, "body");

	memset(&event, 0, sizeof(event));
	sto_arg_octets(fcinfo, 0, STO_UUID_LEN, ledger_id);
	event.has_prev = sto_opt_octets(fcinfo, 1, STO_DIGEST_LEN, event.prev);
	kind = PG_GETARG_TEXT_PP(2);
	sto_arg_octets(fcinfo, 3, STO_UUID_LEN, event.subject);
	sto_arg_octets(fcinfo, 4, STO_UUID_LEN, event.actor);
	body = PG_GETARG_TEXT_PP(5);
	if (VARSIZE_ANY_EXHDR(kind) > PG_UINT8_MAX)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("kind of event is longer than %d octets", PG_UINT8_MAX));
	event.kind = VARDATA_ANY(kind);
	event.kind_len = (uint8_t) VARSIZE_ANY_EXHDR(kind);
	event.body = VARDATA_ANY(body);
	event.body_len = (uint32_t) VARSIZE_ANY_EXHDR(body);

	/* The same writer without a buffer counts. */
	sto_writer_init(&w, NULL, 0);
	sto_put_act(&w, ledger_id, &event);
	size = w.len;
	result = palloc(VARHDRSZ + size);
	sto_writer_init(&w, VARDATA(result), size);
	sto_put_act(&w, ledger_id, &event);
	if (w.failed)
		elog(ERROR, "act message does not fit in %zu octets", size);
	PG_RETURN_BYTEA_P(sto_bytea_of_writer(&w));
}

/*
 * sto.side_digest(salt, token_id, seq, balance, held, prev) returns digest
 *
 * What an entry's leaf covers of one position (docs/format.md, "Side digest").
 * prev is null in a position's first entry.  Null if another argument is null.
 */
Datum
sto_side_digest_sql(PG_FUNCTION_ARGS)
{
	StoSide side;
	uint8_t digest[STO_DIGEST_LEN];

	for (int i = 0; i < 5; i++)
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();

	memset(&side, 0, sizeof(side));
	side.present = true;
	side.seq = PG_GETARG_INT64(2);
	side.balance = PG_GETARG_STO_AMOUNT(3);
	side.held = PG_GETARG_STO_AMOUNT(4);
	side.has_prev = sto_opt_octets(fcinfo, 5, STO_DIGEST_LEN, side.prev);
	if (!sto_side_digest(PG_GETARG_STO_OCTETS(0), PG_GETARG_STO_OCTETS(1), &side, digest))
		ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				errmsg("could not compute SHA-256"));
	PG_RETURN_DATUM(StoOctetsGetDatum(digest, STO_DIGEST_LEN));
}

/* One column of legs, as an array without nulls of the length wanted (-1: any). */
static int
sto_leg_array(FunctionCallInfo fcinfo, int n, int want, Datum **elems)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(n);
	bool *nulls;
	int count;
	int16 typlen;
	bool typbyval;
	char typalign;

	get_typlenbyvalalign(ARR_ELEMTYPE(array), &typlen, &typbyval, &typalign);
	deconstruct_array(array, ARR_ELEMTYPE(array), typlen, typbyval, typalign, elems, &nulls,
					  &count);
	for (int i = 0; i < count; i++)
		if (nulls[i])
			ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("a leg must not contain null"));
	if (want >= 0 && count != want)
		ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("the arrays of legs differ in length"),
				errdetail("One has %d elements, another %d.", want, count));
	return count;
}

/*
 * sto.instruction_hash(ledger_id, tokens uuid[], debits wallet_address[],
 *						credits wallet_address[], amounts token_amount[])
 * returns digest
 *
 * The hash of a settlement instruction, leg by leg in parallel arrays; the
 * order of the legs does not matter (docs/format.md, "Order").
 *
 * Errors: 2202E the arrays differ in length; 22004 a null in an array;
 * 22023 no legs, or more than 10,000.
 */
Datum
sto_instruction_hash_sql(PG_FUNCTION_ARGS)
{
	Datum *tokens;
	Datum *debits;
	Datum *credits;
	Datum *amounts;
	StoLeg *legs;
	uint8_t digest[STO_DIGEST_LEN];
	int count = sto_leg_array(fcinfo, 1, -1, &tokens);

	sto_leg_array(fcinfo, 2, count, &debits);
	sto_leg_array(fcinfo, 3, count, &credits);
	sto_leg_array(fcinfo, 4, count, &amounts);
	if (count < 1 || count > STO_LEGS_MAX)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a settlement instruction has 1 to %d legs", STO_LEGS_MAX),
				errdetail("Got %d.", count));

	/* A StoLeg holds an __int128: palloc aligns to 8, so place it by hand. */
	legs = (StoLeg *) TYPEALIGN(16, palloc(sizeof(StoLeg) * count + 16));
	for (int i = 0; i < count; i++)
	{
		memcpy(legs[i].token_id, DatumGetStoOctets(tokens[i]), STO_UUID_LEN);
		memcpy(legs[i].debit, DatumGetStoOctets(debits[i]), STO_ADDRESS_LEN);
		memcpy(legs[i].credit, DatumGetStoOctets(credits[i]), STO_ADDRESS_LEN);
		legs[i].amount = DatumGetStoAmount(amounts[i]);
	}
	if (!sto_instruction_hash(PG_GETARG_STO_OCTETS(0), legs, count, digest))
		ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				errmsg("could not compute SHA-256"));
	PG_RETURN_DATUM(StoOctetsGetDatum(digest, STO_DIGEST_LEN));
}

/* sto.wallet_address(ledger_id uuid, wallet_id uuid) returns wallet_address */
Datum
sto_wallet_address_sql(PG_FUNCTION_ARGS)
{
	uint8_t address[STO_ADDRESS_LEN];

	if (!sto_wallet_address(PG_GETARG_STO_OCTETS(0), PG_GETARG_STO_OCTETS(1), address))
		ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				errmsg("could not compute SHA-256"));
	PG_RETURN_DATUM(StoOctetsGetDatum(address, STO_ADDRESS_LEN));
}

/* sto.ledger_id(genesis_hash digest) returns uuid: the id that a genesis event's leaf gives */
Datum
sto_ledger_id_of_genesis(PG_FUNCTION_ARGS)
{
	uint8_t ledger_id[STO_UUID_LEN];

	sto_ledger_id(PG_GETARG_STO_OCTETS(0), ledger_id);
	PG_RETURN_DATUM(StoOctetsGetDatum(ledger_id, STO_UUID_LEN));
}

/* sto.to_micros(timestamptz) returns bigint: microseconds since 1970 (22008 if infinite) */
Datum
sto_to_micros(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(sto_arg_time(fcinfo, 0, "at"));
}

/* sto.from_micros(bigint) returns timestamptz (22008 if out of range) */
Datum
sto_from_micros(PG_FUNCTION_ARGS)
{
	int64 micros = PG_GETARG_INT64(0);

	if (micros < PG_INT64_MIN + STO_EPOCH_SHIFT || !IS_VALID_TIMESTAMP(micros - STO_EPOCH_SHIFT))
		ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("time out of range: %lld microseconds since 1970", (long long) micros));
	PG_RETURN_TIMESTAMPTZ(micros - STO_EPOCH_SHIFT);
}

static void
sto_batch_hash_free(void *hash)
{
	sto_sha256_free(hash);
}

/*
 * sto.batch_hash(order_message bytea ORDER BY ...) returns digest
 *
 * SHA-256 over order messages one after another: the hash that a batch event
 * states.  The state is one running hash, whatever the number of orders; null
 * messages are refused, since one left out would go unnoticed.
 */
Datum
sto_batch_hash_add(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	StoSha256 *hash;
	bytea *message;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "sto.batch_hash_add called outside an aggregate");
	if (PG_ARGISNULL(1))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("an order message must not be null"));
	if (PG_ARGISNULL(0))
	{
		/* OpenSSL's memory is freed with the aggregate's, also on error. */
		MemoryContextCallback *callback =
			MemoryContextAllocZero(context, sizeof(MemoryContextCallback));

		hash = sto_sha256_new();
		if (hash == NULL)
			ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
					errmsg("could not compute SHA-256"));
		callback->func = sto_batch_hash_free;
		callback->arg = hash;
		MemoryContextRegisterResetCallback(context, callback);
		if (!sto_sha256_init(hash))
			ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
					errmsg("could not compute SHA-256"));
	}
	else
		hash = (StoSha256 *) PG_GETARG_POINTER(0);

	message = PG_GETARG_BYTEA_PP(1);
	if (!sto_sha256_update(hash, VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message)))
		ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				errmsg("could not compute SHA-256"));
	PG_RETURN_POINTER(hash);
}

/* Ends the running hash, so the aggregate is declared FINALFUNC_MODIFY = READ_WRITE. */
Datum
sto_batch_hash_final(PG_FUNCTION_ARGS)
{
	uint8_t digest[STO_DIGEST_LEN];

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!sto_sha256_final((StoSha256 *) PG_GETARG_POINTER(0), digest))
		ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				errmsg("could not compute SHA-256"));
	PG_RETURN_DATUM(StoOctetsGetDatum(digest, STO_DIGEST_LEN));
}
