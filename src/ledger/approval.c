/*
 * approval.c
 *		Approvals of transfers: found, locked and used up.
 */
#include "postgres.h"

#include "ledger/approval.h"
#include "ledger/columns.h"
#include "ledger/gate.h"
#include "ledger/register.h"

#include "utils/timestamp.h"

static void
row_values(const void *row, Datum *values, bool *nulls)
{
	const StoApproval *a = row;

	values[TRANSFER_APPROVAL_APPROVAL - 1] = Int64GetDatum(a->approval);
	values[TRANSFER_APPROVAL_REVOKED - 1] = Int64GetDatum(a->revoked);
	nulls[TRANSFER_APPROVAL_REVOKED - 1] = a->revoked == 0;
	values[TRANSFER_APPROVAL_USES - 1] = Int64GetDatum(a->uses);
	values[TRANSFER_APPROVAL_USES_LEFT - 1] = Int64GetDatum(a->uses_left);
	values[TRANSFER_APPROVAL_VALID_FROM - 1] = TimestampTzGetDatum(StoTimeToTimestamp(a->from));
	nulls[TRANSFER_APPROVAL_VALID_FROM - 1] = !a->has_from;
	values[TRANSFER_APPROVAL_VALID_TO - 1] = TimestampTzGetDatum(StoTimeToTimestamp(a->to));
	nulls[TRANSFER_APPROVAL_VALID_TO - 1] = !a->has_to;
	values[TRANSFER_APPROVAL_AMOUNT - 1] = PointerGetDatum(&a->amount);
	values[TRANSFER_APPROVAL_TOKEN_ID - 1] = StoUuidGetDatum(a->token_id);
	values[TRANSFER_APPROVAL_APPROVER - 1] = StoUuidGetDatum(a->approver);
	values[TRANSFER_APPROVAL_SENDER - 1] = StoUuidGetDatum(a->sender);
	values[TRANSFER_APPROVAL_RECEIVER - 1] = StoUuidGetDatum(a->receiver);
	values[TRANSFER_APPROVAL_EXACT - 1] = BoolGetDatum(a->exact);
}

StoRowCache sto_approval_cache = {
	.name = "sto approvals",
	.rel = STO_REL_TRANSFER_APPROVAL,
	.columns = TRANSFER_APPROVAL_COLUMNS,
	.key_size = sizeof(int64),
	.row_size = sizeof(StoApproval),
	.state = offsetof(StoApproval, state),
	.values = row_values,
};

static bool
take_time(Datum value, bool isnull, int64 *out)
{
	if (!isnull)
		*out = StoTimeFromTimestamp(DatumGetTimestampTz(value));
	return !isnull;
}

static void
read_row(TupleTableSlot *slot, StoApproval *a)
{
	bool isnull;
	Datum value;

	memset(a, 0, sizeof(*a));
	a->approval = DatumGetInt64(slot_getattr(slot, TRANSFER_APPROVAL_APPROVAL, &isnull));
	value = slot_getattr(slot, TRANSFER_APPROVAL_REVOKED, &isnull);
	a->revoked = isnull ? 0 : DatumGetInt64(value);
	a->uses = DatumGetInt64(slot_getattr(slot, TRANSFER_APPROVAL_USES, &isnull));
	a->uses_left = DatumGetInt64(slot_getattr(slot, TRANSFER_APPROVAL_USES_LEFT, &isnull));
	value = slot_getattr(slot, TRANSFER_APPROVAL_VALID_FROM, &isnull);
	a->has_from = take_time(value, isnull, &a->from);
	value = slot_getattr(slot, TRANSFER_APPROVAL_VALID_TO, &isnull);
	a->has_to = take_time(value, isnull, &a->to);
	memcpy(&a->amount, DatumGetPointer(slot_getattr(slot, TRANSFER_APPROVAL_AMOUNT, &isnull)),
		   STO_AMOUNT_LEN);
	memcpy(a->token_id, DatumGetPointer(slot_getattr(slot, TRANSFER_APPROVAL_TOKEN_ID, &isnull)),
		   STO_UUID_LEN);
	memcpy(a->approver, DatumGetPointer(slot_getattr(slot, TRANSFER_APPROVAL_APPROVER, &isnull)),
		   STO_UUID_LEN);
	memcpy(a->sender, DatumGetPointer(slot_getattr(slot, TRANSFER_APPROVAL_SENDER, &isnull)),
		   STO_UUID_LEN);
	memcpy(a->receiver, DatumGetPointer(slot_getattr(slot, TRANSFER_APPROVAL_RECEIVER, &isnull)),
		   STO_UUID_LEN);
	a->exact = DatumGetBool(slot_getattr(slot, TRANSFER_APPROVAL_EXACT, &isnull));
	a->state.tid = slot->tts_tid;
}

StoApproval *
sto_approval_lock(int64 approval)
{
	StoApproval *known = sto_rowcache_find(&sto_approval_cache, &approval);
	Datum key = Int64GetDatum(approval);
	StoApproval image;
	StoRow row;

	if (known != NULL)
		return known;
	if (!sto_store_find_lock(STO_REL_TRANSFER_APPROVAL, STO_IDX_APPROVAL, 1, &key, &row))
	{
		sto_row_close(&row);
		return NULL;
	}
	read_row(row.slot, &image);
	sto_row_close(&row);
	return sto_rowcache_add(&sto_approval_cache, &image);
}

void
sto_approval_touch(StoApproval *approval)
{
	sto_rowcache_touch(&sto_approval_cache, approval);
}

/* Would it do, if the amount were right? */
static bool
is_open(const StoApproval *a, const uint8_t *by, const StoRuleMove *move)
{
	return a->uses_left > 0 && a->revoked == 0 && sto_uuid_equal(a->approver, by) &&
		   (!a->has_from || move->posted_at >= a->from) && (!a->has_to || move->posted_at < a->to);
}

static bool
suits(const StoApproval *a, StoAmount amount)
{
	return a->exact ? amount == a->amount : amount <= a->amount;
}

/* What is found so far: candidates by id, the least first. */
typedef struct Candidates
{
	int64 *ids;
	int count;
	int size;
} Candidates;

static void
add_candidate(Candidates *c, int64 id)
{
	if (c->count == c->size)
	{
		c->size = c->size ? c->size * 2 : 16;
		c->ids = c->ids == NULL ? palloc(c->size * sizeof(int64))
								: repalloc_huge(c->ids, (Size) c->size * sizeof(int64));
	}
	c->ids[c->count++] = id;
}

/* Those that name these parties; what this transaction has used up is known from the cache. */
static void
collect(const StoRuleMove *move, const uint8_t *sender, const uint8_t *receiver, const uint8_t *by,
		StoAmount amount, Candidates *candidates, StoAmount *largest)
{
	Datum keys[3] = {StoUuidGetDatum(move->token_id), StoUuidGetDatum(sender),
					 StoUuidGetDatum(receiver)};
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_TRANSFER_APPROVAL, STO_IDX_APPROVAL_OPEN, 3, keys, NULL);
	while (sto_scan_next(&scan))
	{
		StoApproval a;
		StoApproval *known;

		read_row(scan.slot, &a);
		known = sto_rowcache_find(&sto_approval_cache, &a.approval);
		if (known != NULL)
			a = *known;
		if (!is_open(&a, by, move))
			continue;
		if (suits(&a, amount))
			add_candidate(candidates, a.approval);
		/* one up to this amount or more suits any amount below */
		if (a.exact && a.amount >= amount)
			continue;
		*largest = Max(*largest, Min(a.amount, amount - 1));
	}
	sto_scan_end(&scan);
}

static int
compare_ids(const void *a, const void *b)
{
	int64 x = *(const int64 *) a;
	int64 y = *(const int64 *) b;

	return (x > y) - (x < y);
}

int64
sto_approval_match(const uint8_t *by, const StoRuleMove *move, StoAmount amount, bool dry,
				   StoAmount *largest)
{
	Candidates candidates = {0};

	*largest = 0;
	for (int i = 0; i < 4; i++)
	{
		if (((i & 1) && !move->has_sender) || ((i & 2) && !move->has_receiver))
			continue;
		collect(move, i & 1 ? move->sender : sto_nil_uuid, i & 2 ? move->receiver : sto_nil_uuid,
				by, amount, &candidates, largest);
	}
	if (candidates.count > 1)
		qsort(candidates.ids, candidates.count, sizeof(int64), compare_ids);
	for (int i = 0; i < candidates.count; i++)
	{
		const StoApproval *a;

		if (dry)
			return candidates.ids[i];
		/* another session may have used or revoked it while we waited for it */
		a = sto_approval_lock(candidates.ids[i]);
		if (a != NULL && is_open(a, by, move) && suits(a, amount))
			return candidates.ids[i];
	}
	return 0;
}
