/*
 * comply_case.c
 *		Orders of enforcement against the case that they cite, and what they use
 *		up of it.
 */
#include "postgres.h"

#include "ledger/attach.h"
#include "ledger/case.h"
#include "ledger/posting.h"
#include "ledger/store.h"

#include "core/amount.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

static int64
id_of(const StoRow *row, int attno)
{
	bool isnull;
	Datum value = sto_row_get(row, attno, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* Zeroed if it is null. */
static void
copy_of(const StoRow *row, int attno, void *out, Size len)
{
	bool isnull;
	Datum value = sto_row_get(row, attno, &isnull);

	if (!isnull)
		memcpy(out, DatumGetPointer(value), len);
}

static void
read_holds(const StoRow *row, StoCase *legal)
{
	bool isnull;
	Datum value = sto_row_get(row, CASE_HOLDS, &isnull);
	Datum *items;

	if (isnull)
		return;
	deconstruct_array(DatumGetArrayTypeP(value), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &items, NULL, &legal->hold_count);
	legal->holds = palloc(legal->hold_count * sizeof(int64));
	legal->broken = palloc0(legal->hold_count * sizeof(StoAmount));
	for (int i = 0; i < legal->hold_count; i++)
		legal->holds[i] = DatumGetInt64(items[i]);
}

static StoCase *
read_case(const StoRow *row)
{
	StoCase *legal = palloc0(sizeof(StoCase));
	bool isnull;
	char *act = TextDatumGetCString(sto_row_get(row, CASE_ACT, &isnull));

	legal->event = id_of(row, CASE_EVENT);
	if (!sto_case_act(act, &legal->act))
		elog(ERROR, "case " INT64_FORMAT " has an unknown act", legal->event);
	legal->approved = id_of(row, CASE_APPROVED);
	legal->refused = id_of(row, CASE_REFUSED);
	legal->used = id_of(row, CASE_USED);
	legal->not_before = sto_row_time(row, CASE_NOT_BEFORE, PG_INT64_MIN);
	legal->usable_until = sto_row_time(row, CASE_VALID_UNTIL, PG_INT64_MAX);
	legal->undoes = id_of(row, CASE_UNDOES);
	(void) sto_row_get(row, CASE_TOKEN_ID, &isnull);
	legal->has_token = !isnull;
	(void) sto_row_get(row, CASE_CREDIT_WALLET, &isnull);
	legal->has_credit = !isnull;
	copy_of(row, CASE_AMOUNT, &legal->amount, STO_AMOUNT_LEN);
	copy_of(row, CASE_OPENED_BY, legal->opened_by, STO_UUID_LEN);
	copy_of(row, CASE_APPROVED_BY, legal->approved_by, STO_UUID_LEN);
	copy_of(row, CASE_TOKEN_ID, legal->token_id, STO_UUID_LEN);
	copy_of(row, CASE_DEBIT_WALLET, legal->debit, STO_ADDRESS_LEN);
	copy_of(row, CASE_CREDIT_WALLET, legal->credit, STO_ADDRESS_LEN);
	copy_of(row, CASE_DOCUMENT_HASH, legal->document_hash, STO_DIGEST_LEN);
	legal->basis = TextDatumGetCString(sto_row_get(row, CASE_BASIS, &isnull));
	read_holds(row, legal);
	return legal;
}

StoCase *
sto_case_read(int64 case_event)
{
	Datum key = Int64GetDatum(case_event);
	StoCase *legal = NULL;
	StoRow row;

	if (sto_store_find(STO_REL_CASE, STO_IDX_CASE, 1, &key, &row))
		legal = read_case(&row);
	sto_row_close(&row);
	return legal;
}

StoCase *
sto_case_lock(int64 case_event)
{
	Datum key = Int64GetDatum(case_event);
	StoCase *legal;
	StoRow row;

	if (!sto_store_find_lock(STO_REL_CASE, STO_IDX_CASE, 1, &key, &row))
		elog(ERROR, "case " INT64_FORMAT " has gone", case_event);
	legal = read_case(&row);
	sto_row_close(&row);
	return legal;
}

/* The order that carries out a case of each act. */
static const struct
{
	StoKind kind;
	StoPurpose purpose; /* of a hold */
} orders[STO_CASE_ACTS] = {
	[STO_CASE_FORCE] = {.kind = STO_FORCE},       [STO_CASE_REVERSE] = {.kind = STO_REVERSE},
	[STO_CASE_SEIZURE] = {STO_HOLD, STO_SEIZURE}, [STO_CASE_FREEZE] = {STO_HOLD, STO_FREEZE},
	[STO_CASE_RECOVER] = {.kind = STO_RECOVER},   [STO_CASE_POST] = {.kind = STO_POST},
};

/* What the order does, beside what the two officers decided. */
static const char *
difference(const StoOrder *o, const StoCase *legal)
{
	if (o->kind != orders[legal->act].kind)
		return "kind";
	if (o->kind == STO_HOLD && o->purpose != orders[legal->act].purpose)
		return "purpose";
	if (legal->has_token && memcmp(o->token_id, legal->token_id, STO_UUID_LEN) != 0)
		return "token_id";
	if (memcmp(o->debit, legal->debit, STO_ADDRESS_LEN) != 0)
		return "debit_wallet";
	if (o->has_credit != legal->has_credit ||
		(o->has_credit && memcmp(o->credit, legal->credit, STO_ADDRESS_LEN) != 0))
		return "credit_wallet";
	/* a recovery moves what there is: recover_fault() */
	if (legal->act != STO_CASE_RECOVER && o->amount != legal->amount)
		return "amount";
	if (o->has_undoes && o->undoes != legal->undoes)
		return "undoes";
	if (o->kind == STO_POST && o->hold_id != legal->holds[0])
		return "hold_id";
	/* what a post leaves is still pledged: its beneficiary alone lets that go */
	if (o->kind == STO_POST && !o->keep_rest)
		return "keep_rest";
	/* the officer's signature is over the order alone: so it names the decision too */
	if (!o->has_attachment || memcmp(o->attachment, legal->document_hash, STO_DIGEST_LEN) != 0)
		return "attachment_hash";
	return NULL;
}

/*
 * How much a force takes out of each hold that the case names: what is not
 * available, from the first one named, then from the next.
 */
static void
break_holds(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	StoCase *legal = p->legal;
	StoAmount lacking;
	StoHold hold;

	if (o->kind != STO_FORCE)
		return;
	lacking = o->amount - sto_available(p);
	for (int i = 0; i < legal->hold_count && lacking > 0; i++)
	{
		if (!sto_hold_read(legal->holds[i], &hold) ||
			memcmp(hold.wallet, o->debit, STO_ADDRESS_LEN) != 0)
			continue; /* it has followed its units */
		legal->broken[i] = Min(lacking, hold.remaining);
		lacking -= legal->broken[i];
	}
}

/*
 * Was the entry reversed under another case?  Who would do it meanwhile waits for
 * the position that it is reversed from.
 */
static bool
is_undone(const StoCase *legal)
{
	Datum key = Int64GetDatum(legal->undoes);
	bool found = false;
	bool isnull;
	StoScan scan;

	if (legal->undoes == 0)
		return false;
	sto_scan_begin(&scan, STO_REL_CASE, STO_IDX_CASE_UNDOES, 1, &key, NULL);
	while (!found && sto_scan_next(&scan))
	{
		(void) slot_getattr(scan.slot, CASE_USED, &isnull);
		found = !isnull;
	}
	sto_scan_end(&scan);
	return found;
}

/* Why the case allows nothing now, or not this order; NULL: it allows it. */
static const char *
objection(const StoPosting *p, const StoCase *legal)
{
	const char *what;

	if (legal->refused != 0)
		return "was refused";
	if (legal->approved == 0)
		return "is not approved by a second officer";
	/* a recovery has an entry for each token; what it has emptied stays empty */
	if (legal->used != 0 && legal->act != STO_CASE_RECOVER)
		return "was carried out already";
	if (p->entry.posted_at >= legal->usable_until)
		return "has expired";
	if (is_undone(legal))
		return psprintf("undoes entry " INT64_FORMAT ", which was reversed already", legal->undoes);
	what = difference(&p->entry.order, legal);
	return what == NULL ? NULL : psprintf("says something else: %s differs", what);
}

/* Why a recovery can't be that; NULL: it can. */
static const char *
recover_fault(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	uint8_t heir[STO_ADDRESS_LEN];
	char balance[STO_AMOUNT_TEXT_MAX];

	if (o->kind != STO_RECOVER)
		return NULL;
	if (memcmp(p->debit.party, p->credit.party, STO_UUID_LEN) != 0)
		return "moves units to another party, which no recovery does";
	memcpy(heir, o->debit, STO_ADDRESS_LEN);
	sto_fact_heir(heir);
	if (p->debit.barred != 0 && memcmp(heir, o->credit, STO_ADDRESS_LEN) != 0)
		return psprintf("goes to another wallet than the one that entry " INT64_FORMAT
						" began with",
						p->debit.barred);
	if (o->amount == p->debit_pos->balance)
		return NULL;
	sto_amount_print(p->debit_pos->balance, balance);
	return psprintf("moves all that the lost wallet has of the token, which is %s", balance);
}

void
sto_comply_case(const StoPosting *p, StoReasons *reasons)
{
	const StoCase *legal = p->legal;
	const char *why = objection(p, legal);

	if (why == NULL)
		why = recover_fault(p);
	if (why != NULL)
		sto_reason_add(reasons, STO_REASON_NO_CASE, STO_REASON_OF_ORDER, NULL,
					   "Case " INT64_FORMAT " %s.", legal->event, why);
	if (p->entry.posted_at < legal->not_before)
		sto_reason_add(reasons, STO_REASON_NOT_YET, STO_REASON_OF_ORDER, NULL,
					   "Case " INT64_FORMAT " may be carried out from %s on.", legal->event,
					   timestamptz_to_str(StoTimeToTimestamp(legal->not_before)));
	break_holds(p);
}

StoAmount
sto_case_broken(const StoCase *legal)
{
	StoAmount broken = 0;

	for (int i = 0; i < legal->hold_count; i++)
		broken += legal->broken[i];
	return broken;
}

/* Units that a case takes out of a hold are held no more. */
static void
break_hold(int64 hold_id, StoAmount broken)
{
	Datum key = Int64GetDatum(hold_id);
	Datum values[HOLD_COLUMNS];
	bool nulls[HOLD_COLUMNS] = {false};
	bool replaces[HOLD_COLUMNS] = {false};
	StoAmount remaining;
	StoRow row;
	bool isnull;

	/* the debit position's lock guards its holds */
	if (!sto_store_find(STO_REL_HOLD, STO_IDX_HOLD, 1, &key, &row))
		elog(ERROR, "hold " INT64_FORMAT " has gone", hold_id);
	memcpy(&remaining, DatumGetPointer(sto_row_get(&row, HOLD_REMAINING, &isnull)), STO_AMOUNT_LEN);
	remaining -= broken;
	values[HOLD_REMAINING - 1] = PointerGetDatum(&remaining);
	replaces[HOLD_REMAINING - 1] = true;
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
}

void
sto_case_use(int64 case_event, int64 used)
{
	Datum key = Int64GetDatum(case_event);
	Datum values[CASE_COLUMNS];
	bool nulls[CASE_COLUMNS] = {false};
	bool replaces[CASE_COLUMNS] = {false};
	StoRow row;

	if (!sto_store_find(STO_REL_CASE, STO_IDX_CASE, 1, &key, &row))
		elog(ERROR, "case " INT64_FORMAT " has gone", case_event);
	values[CASE_USED - 1] = Int64GetDatum(used);
	replaces[CASE_USED - 1] = true;
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
}

void
sto_post_case(const StoPosting *p)
{
	const StoCase *legal = p->legal;

	if (legal == NULL)
		return;
	for (int i = 0; i < legal->hold_count; i++)
		if (legal->broken[i] > 0)
			break_hold(legal->holds[i], legal->broken[i]);
	if (legal->used == 0)
		sto_case_use(legal->event, p->entry.entry_id);
	if (legal->act == STO_CASE_RECOVER && p->debit.barred == 0)
		sto_bar_wallet(p);
}
