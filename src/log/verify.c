/*
 * verify.c
 *		What sto.verify() computes in C: one pass over the entries.
 *
 * sto.verify_entries(...) is an aggregate over the rows of sto.transfer, in any
 * order and by any number of workers.  It recomputes each leaf, judges the order and what
 * it leaves on its positions, and sums the states that entries make and the
 * states that entries follow.  A chain holds exactly if each state that was
 * made is either followed by one entry or is the position's present one.
 * Without a ledger id, leaves are taken as they stand.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "core/amount.h"
#include "core/message.h"
#include "ledger/posting.h"
#include "log/multiset.h"
#include "compat.h"
#include "types/types.h"

PG_FUNCTION_INFO_V1(sto_verify_entries_add);
PG_FUNCTION_INFO_V1(sto_verify_entries_combine);
PG_FUNCTION_INFO_V1(sto_verify_entries_serialize);
PG_FUNCTION_INFO_V1(sto_verify_entries_deserialize);
PG_FUNCTION_INFO_V1(sto_verify_entries_final);
PG_FUNCTION_INFO_V1(sto_state_hash_sql);
PG_FUNCTION_INFO_V1(sto_wrapping_add);

/* Arguments after the state: every column of sto.transfer in the table's order, then these. */
enum
{
	ARG_FIRST_COLUMN = 1,
	ARG_LEDGER_ID = ARG_FIRST_COLUMN + TRANSFER_COLUMNS,
	ARG_KEY,
	ARG_DEBIT_SALT,
	ARG_DEBIT_ISSUANCE,
	ARG_CREDIT_SALT,
	ARG_CREDIT_ISSUANCE,
	ARG_HOLD_REST,
	ARG_COUNT
};

typedef struct Fault
{
	int64 count;
	int64 first; /* lowest entry_id */
} Fault;

/* Plain octets: a worker hands it to the leader as they are. */
typedef struct Verification
{
	int64 examined;
	Fault leaf;    /* leaf_hash is not the hash of the row */
	Fault balance; /* no order of its kind, or a balance or hold that no honest entry leaves */
	Fault chain; /* first entry of a position that follows something, or a later one that doesn't */
	uint64 made; /* states that entries made */
	uint64 followed;
} Verification;

static void
fault(Fault *f, int64 entry_id)
{
	if (f->count == 0 || entry_id < f->first)
		f->first = entry_id;
	f->count++;
}

static void
merge_fault(Fault *to, const Fault *from)
{
	if (from->count > 0 && (to->count == 0 || from->first < to->first))
		to->first = from->first;
	to->count += from->count;
}

static bool
bytea_longer(Datum value, bool isnull, Size max)
{
	return !isnull && VARSIZE_ANY_EXHDR(DatumGetPointer(value)) > max;
}

/*
 * Can the row be read as an entry at all?  sto_entry_from_values raises an
 * error on what the gate would refuse; for us an altered row is an answer.
 */
static bool
readable(Datum *values, const bool *nulls)
{
	static const int needed[] = {TRANSFER_ENTRY_ID, TRANSFER_RECEIVED_AT, TRANSFER_POSTED_AT,
								 TRANSFER_AMOUNT,   TRANSFER_TOKEN_ID,    TRANSFER_ORDERING_PARTY,
								 TRANSFER_ORDER_ID, TRANSFER_POSTED_BY,   TRANSFER_LEAF_HASH,
								 TRANSFER_KIND};
	static const int times[] = {TRANSFER_RECEIVED_AT, TRANSFER_POSTED_AT, TRANSFER_VALID_UNTIL,
								TRANSFER_RELEASE_AFTER};
	static const int texts[] = {TRANSFER_KIND, TRANSFER_PURPOSE, TRANSFER_REFERENCE,
								TRANSFER_PREIMAGE, TRANSFER_SIGNATURES};
	StoKind kind;
	StoPurpose purpose;
	Datum d;

	for (int i = 0; i < (int) lengthof(needed); i++)
		if (nulls[needed[i] - 1])
			return false;
	for (int i = 0; i < (int) lengthof(times); i++)
		if (!nulls[times[i] - 1] && TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(values[times[i] - 1])))
			return false;
	for (int i = 0; i < (int) lengthof(texts); i++)
		if (!nulls[texts[i] - 1])
			values[texts[i] - 1] = PointerGetDatum(PG_DETOAST_DATUM_PACKED(values[texts[i] - 1]));

	d = values[TRANSFER_KIND - 1];
	if (!sto_kind_from_name(VARDATA_ANY(DatumGetPointer(d)), VARSIZE_ANY_EXHDR(DatumGetPointer(d)),
							&kind))
		return false;
	d = values[TRANSFER_PURPOSE - 1];
	if (!nulls[TRANSFER_PURPOSE - 1] &&
		!sto_purpose_from_name(VARDATA_ANY(DatumGetPointer(d)),
							   VARSIZE_ANY_EXHDR(DatumGetPointer(d)), &purpose))
		return false;
	if (!nulls[TRANSFER_PREIMAGE - 1] &&
		VARSIZE_ANY_EXHDR(DatumGetPointer(values[TRANSFER_PREIMAGE - 1])) != STO_PREIMAGE_LEN)
		return false;
	if (bytea_longer(values[TRANSFER_REFERENCE - 1], nulls[TRANSFER_REFERENCE - 1],
					 STO_REFERENCE_MAX) ||
		bytea_longer(values[TRANSFER_SIGNATURES - 1], nulls[TRANSFER_SIGNATURES - 1],
					 PG_UINT16_MAX))
		return false;
	/* a side's sequence, balance and held are neighbours: all there, or none */
	return nulls[TRANSFER_DEBIT_SEQ - 1] == nulls[TRANSFER_DEBIT_BALANCE - 1] &&
		   nulls[TRANSFER_DEBIT_SEQ - 1] == nulls[TRANSFER_DEBIT_HELD - 1] &&
		   nulls[TRANSFER_CREDIT_SEQ - 1] == nulls[TRANSFER_CREDIT_BALANCE - 1] &&
		   nulls[TRANSFER_CREDIT_SEQ - 1] == nulls[TRANSFER_CREDIT_HELD - 1];
}

static bool
leaf_is_right(FunctionCallInfo fcinfo, const StoEntry *entry, const uint8_t *leaf)
{
	uint8_t computed[STO_DIGEST_LEN];

	/* without the wallet's salt a side can't be opened: its wallet isn't in the register */
	if ((entry->debit.present && PG_ARGISNULL(ARG_DEBIT_SALT)) ||
		(entry->credit.present && PG_ARGISNULL(ARG_CREDIT_SALT)))
		return false;
	return sto_entry_leaf(PG_GETARG_STO_OCTETS(ARG_LEDGER_ID), entry,
						  entry->debit.present ? PG_GETARG_STO_OCTETS(ARG_DEBIT_SALT) : NULL,
						  entry->credit.present ? PG_GETARG_STO_OCTETS(ARG_CREDIT_SALT) : NULL,
						  computed) &&
		   memcmp(computed, leaf, STO_DIGEST_LEN) == 0;
}

/* A position's balance and held as they were before the entry; false if no honest entry fits. */
static bool
debit_before(const StoOrder *o, const StoSide *side, bool has_rest, StoAmount rest,
			 StoAmount *balance, StoAmount *held)
{
	*balance = side->balance;
	*held = side->held;
	switch (o->kind)
	{
		case STO_HOLD:
			return sto_amount_sub(side->held, o->amount, held);
		case STO_RELEASE:
			return sto_amount_add(side->held, o->amount, held);
		case STO_POST:
			if (!o->keep_rest && !has_rest)
				return false;
			return sto_amount_add(side->balance, o->amount, balance) &&
				   sto_amount_add(side->held, o->keep_rest ? o->amount : rest, held);
		case STO_FORCE: /* the rest is what its case breaks, none if it breaks nothing */
			return sto_amount_add(side->balance, o->amount, balance) &&
				   sto_amount_add(side->held, has_rest ? rest : 0, held);
		case STO_RECOVER: /* the rest is what goes along with the units: all that was held */
			*held = rest;
			return side->held == 0 && side->balance == 0 &&
				   sto_amount_add(side->balance, o->amount, balance);
		default:
			return sto_amount_add(side->balance, o->amount, balance);
	}
}

/* Only an issuance wallet goes below zero, and it holds nothing. */
static bool
in_range(const StoSide *side, bool issuance)
{
	if (issuance)
		return side->balance <= 0 && side->held == 0;
	return side->held >= 0 && side->held <= side->balance;
}

static void
add_side(Verification *v, const uint8_t *key, const StoEntry *entry, const uint8_t *wallet,
		 const StoSide *side, StoAmount balance_before, StoAmount held_before, const uint8_t *leaf)
{
	const uint8_t *token = entry->order.token_id;

	v->made += sto_state_hash(key, wallet, token, side->seq, leaf, side->balance, side->held);
	if (side->seq > 1 && side->has_prev)
		v->followed += sto_state_hash(key, wallet, token, side->seq - 1, side->prev, balance_before,
									  held_before);
	else if (side->seq != 1 || side->has_prev || balance_before != 0 || held_before != 0)
		fault(&v->chain, entry->entry_id);
}

static void
add_entry(FunctionCallInfo fcinfo, Verification *v, const StoEntry *entry, const uint8_t *leaf)
{
	const StoOrder *o = &entry->order;
	bytea *key = PG_GETARG_BYTEA_PP(ARG_KEY);
	const uint8_t *k = (const uint8_t *) VARDATA_ANY(key);
	bool moves_credit = o->kind != STO_HOLD && o->kind != STO_RELEASE;
	bool issues = !PG_ARGISNULL(ARG_DEBIT_ISSUANCE) && PG_GETARG_BOOL(ARG_DEBIT_ISSUANCE);
	bool redeems = !PG_ARGISNULL(ARG_CREDIT_ISSUANCE) && PG_GETARG_BOOL(ARG_CREDIT_ISSUANCE);
	StoAmount balance;
	StoAmount held;
	StoAmount rest = PG_ARGISNULL(ARG_HOLD_REST) ? 0 : PG_GETARG_STO_AMOUNT(ARG_HOLD_REST);
	bool good = o->amount > 0 && o->has_debit && entry->debit.present &&
				entry->credit.present == moves_credit && o->has_credit >= moves_credit &&
				issues == (o->kind == STO_ISSUE) &&
				(redeems && moves_credit) == (o->kind == STO_REDEEM);

	if (VARSIZE_ANY_EXHDR(key) != STO_MULTISET_KEY_LEN)
		elog(ERROR, "the key of a verification has %d octets", STO_MULTISET_KEY_LEN);

	if (o->has_debit && entry->debit.present)
	{
		good =
			debit_before(o, &entry->debit, !PG_ARGISNULL(ARG_HOLD_REST), rest, &balance, &held) &&
			in_range(&entry->debit, issues) && good;
		add_side(v, k, entry, o->debit, &entry->debit, balance, held, leaf);
	}
	if (o->has_credit && entry->credit.present)
	{
		good = sto_amount_sub(entry->credit.balance, o->amount, &balance) &&
			   sto_amount_sub(entry->credit.held, o->kind == STO_RECOVER ? rest : 0, &held) &&
			   in_range(&entry->credit, redeems) && good;
		if (good)
			add_side(v, k, entry, o->credit, &entry->credit, balance, held, leaf);
	}
	if (!good || sto_order_fault(o) != NULL)
		fault(&v->balance, entry->entry_id);
}

Datum
sto_verify_entries_add(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	Verification *v;
	StoEntry entry;
	Datum values[TRANSFER_COLUMNS];
	bool nulls[TRANSFER_COLUMNS];
	const uint8_t *leaf;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "sto.verify_entries_add called outside an aggregate");
	if (PG_NARGS() != ARG_COUNT)
		elog(ERROR, "sto.verify_entries_add takes %d arguments", ARG_COUNT);
	v = PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(Verification))
						: (Verification *) PG_GETARG_POINTER(0);
	for (int i = 0; i < TRANSFER_COLUMNS; i++)
	{
		values[i] = PG_GETARG_DATUM(ARG_FIRST_COLUMN + i);
		nulls[i] = PG_ARGISNULL(ARG_FIRST_COLUMN + i);
	}

	v->examined++;
	if (nulls[TRANSFER_ENTRY_ID - 1] || !readable(values, nulls))
	{
		fault(&v->leaf,
			  nulls[TRANSFER_ENTRY_ID - 1] ? 0 : DatumGetInt64(values[TRANSFER_ENTRY_ID - 1]));
		PG_RETURN_POINTER(v);
	}
	sto_entry_from_values(values, nulls, &entry);
	leaf = DatumGetStoOctets(values[TRANSFER_LEAF_HASH - 1]);
	if (PG_ARGISNULL(ARG_KEY))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("the key of a verification must not be null"));
	if (!PG_ARGISNULL(ARG_LEDGER_ID) && !leaf_is_right(fcinfo, &entry, leaf))
		fault(&v->leaf, entry.entry_id);
	add_entry(fcinfo, v, &entry, leaf);
	PG_RETURN_POINTER(v);
}

Datum
sto_verify_entries_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	Verification *to;
	const Verification *from;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "sto.verify_entries_combine called outside an aggregate");
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(PG_GETARG_POINTER(0));
	}
	from = (const Verification *) PG_GETARG_POINTER(1);
	to = PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(Verification))
						 : (Verification *) PG_GETARG_POINTER(0);
	to->examined += from->examined;
	merge_fault(&to->leaf, &from->leaf);
	merge_fault(&to->balance, &from->balance);
	merge_fault(&to->chain, &from->chain);
	to->made += from->made;
	to->followed += from->followed;
	PG_RETURN_POINTER(to);
}

Datum
sto_verify_entries_serialize(PG_FUNCTION_ARGS)
{
	bytea *result = palloc(VARHDRSZ + sizeof(Verification));

	SET_VARSIZE(result, VARHDRSZ + sizeof(Verification));
	memcpy(VARDATA(result), PG_GETARG_POINTER(0), sizeof(Verification));
	PG_RETURN_BYTEA_P(result);
}

Datum
sto_verify_entries_deserialize(PG_FUNCTION_ARGS)
{
	bytea *state = PG_GETARG_BYTEA_PP(0);
	Verification *v = palloc(sizeof(Verification));

	if (VARSIZE_ANY_EXHDR(state) != sizeof(Verification))
		elog(ERROR, "malformed state of a verification");
	memcpy(v, VARDATA_ANY(state), sizeof(Verification));
	PG_RETURN_POINTER(v);
}

/*
 * bigint[]: examined; wrong leaves and the first; wrong balances and the first;
 * broken starts of chains and the first; states made less states followed,
 * which must be the sum of sto.state_hash over the positions.
 */
Datum
sto_verify_entries_final(PG_FUNCTION_ARGS)
{
	static const Verification none = {0};
	const Verification *v = PG_ARGISNULL(0) ? &none : (const Verification *) PG_GETARG_POINTER(0);
	Datum result[] = {
		Int64GetDatum(v->examined),      Int64GetDatum(v->leaf.count),
		Int64GetDatum(v->leaf.first),    Int64GetDatum(v->balance.count),
		Int64GetDatum(v->balance.first), Int64GetDatum(v->chain.count),
		Int64GetDatum(v->chain.first),   Int64GetDatum((int64) (v->made - v->followed))};

	PG_RETURN_ARRAYTYPE_P(construct_array(result, lengthof(result), INT8OID, sizeof(int64),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * sto.state_hash(key bytea, wallet, token_id, seq, head, balance, held)
 * returns bigint: the keyed hash of a position's state.  Sums of it wrap: add
 * them up with sto.wrapping_sum.
 */
Datum
sto_state_hash_sql(PG_FUNCTION_ARGS)
{
	bytea *key = PG_GETARG_BYTEA_PP(0);

	if (VARSIZE_ANY_EXHDR(key) != STO_MULTISET_KEY_LEN)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("the key of a verification has %d octets", STO_MULTISET_KEY_LEN));
	PG_RETURN_INT64((int64) sto_state_hash((const uint8_t *) VARDATA_ANY(key),
										   PG_GETARG_STO_OCTETS(1), PG_GETARG_STO_OCTETS(2),
										   PG_GETARG_INT64(3), PG_GETARG_STO_OCTETS(4),
										   PG_GETARG_STO_AMOUNT(5), PG_GETARG_STO_AMOUNT(6)));
}

/* bigint addition modulo 2^64, for the aggregate sto.wrapping_sum */
Datum
sto_wrapping_add(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) ((uint64) PG_GETARG_INT64(0) + (uint64) PG_GETARG_INT64(1)));
}
