/*
 * sweep.c
 *		Expired holds give way: a release for each, when its units are needed or
 *		when somebody asks (docs/reference.md, "Expired holds": no clock changes a row).
 *
 * Such a release is an order like any other: a row of sto.transfer that goes
 * through the gate, unsigned as anybody's may be once release_after has
 * passed, ordered by the party that submits.  It is inserted here and not by
 * SQL, so that the acting role's rights and row security don't matter, and a
 * statement's positions stay in memory.
 */
#include "postgres.h"

#include "ledger/attach.h"
#include "ledger/catalog.h"
#include "ledger/posting.h"
#include "ledger/store.h"

#include "compat.h"
#include "core/amount.h"
#include "errors.h"

#include "commands/trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* An expired hold that is open, as found: it may be gone before its position is locked. */
typedef struct Expired
{
	StoPositionKey position;
	int64 release_after;
	int64 hold_id;
	StoAmount remaining;
} Expired;

typedef struct ExpiredList
{
	Expired *items;
	int count;
	int size;
} ExpiredList;

static void
list_add(ExpiredList *list, const Expired *hold)
{
	if (list->count == list->size)
	{
		list->size = list->size ? list->size * 2 : 16;
		list->items = list->items ? repalloc_huge(list->items, (Size) list->size * sizeof(Expired))
								  : palloc(list->size * sizeof(Expired));
	}
	list->items[list->count++] = *hold;
}

/* The hold that a scan by expiry stands on; false if it has not expired. */
static bool
read_expired(const StoScan *scan, int64 at, Expired *hold)
{
	bool isnull;
	Datum release_after = slot_getattr(scan->slot, HOLD_RELEASE_AFTER, &isnull);

	/* holds without an expiry come last */
	if (isnull)
		return false;
	hold->release_after = StoTimeFromTimestamp(DatumGetTimestampTz(release_after));
	if (hold->release_after > at)
		return false;
	hold->hold_id = DatumGetInt64(slot_getattr(scan->slot, HOLD_HOLD_ID, &isnull));
	memcpy(&hold->remaining, DatumGetPointer(slot_getattr(scan->slot, HOLD_REMAINING, &isnull)),
		   STO_AMOUNT_LEN);
	memcpy(hold->position.wallet, DatumGetPointer(slot_getattr(scan->slot, HOLD_WALLET, &isnull)),
		   STO_ADDRESS_LEN);
	memcpy(hold->position.token_id,
		   DatumGetPointer(slot_getattr(scan->slot, HOLD_TOKEN_ID, &isnull)), STO_UUID_LEN);
	return true;
}

/*
 * An order id that nobody chose: a version 4 uuid (RFC 9562 5.4).  Made from
 * the hold's id it could be used up beforehand by an order of the same party.
 */
static void
make_order_id(uint8_t id[STO_UUID_LEN])
{
	if (!pg_strong_random(id, STO_UUID_LEN))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random octets")));
	id[6] = (uint8_t) ((id[6] & 0x0f) | 0x40);
	id[8] = (uint8_t) ((id[8] & 0x3f) | 0x80);
}

/* Release what is left of a hold whose position is locked. */
static void
release(const Expired *hold, const uint8_t party[STO_UUID_LEN])
{
	Datum values[TRANSFER_COLUMNS] = {0};
	bool nulls[TRANSFER_COLUMNS];
	uint8_t order_id[STO_UUID_LEN];

	make_order_id(order_id);
	memset(nulls, true, sizeof(nulls));
#define SET(column, value)                                                                         \
	do                                                                                             \
	{                                                                                              \
		values[TRANSFER_##column - 1] = (value);                                                   \
		nulls[TRANSFER_##column - 1] = false;                                                      \
	} while (0)
	SET(KIND, CStringGetTextDatum(sto_kind_name(STO_RELEASE)));
	SET(TOKEN_ID, PointerGetDatum(hold->position.token_id));
	SET(DEBIT_WALLET, PointerGetDatum(hold->position.wallet));
	SET(AMOUNT, PointerGetDatum(&hold->remaining));
	SET(HOLD_ID, Int64GetDatum(hold->hold_id));
	SET(ORDERING_PARTY, PointerGetDatum(party));
	SET(ORDER_ID, PointerGetDatum(order_id));
#undef SET
	/* its row triggers, the gate's, fire */
	sto_store_insert(STO_REL_TRANSFER, values, nulls);
}

/* Expired holds on the debit position, the oldest expiry first, until they free as much as that. */
static StoAmount
find_expired_on(const StoPosting *p, StoAmount lacking, ExpiredList *list)
{
	const StoPosition *pos = p->debit_pos;
	Datum keys[2] = {PointerGetDatum(pos->key.wallet), PointerGetDatum(pos->key.token_id)};
	int64 now = sto_gate_clock(pos->posted_at);
	StoAmount freed = 0;
	Expired hold;
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_HOLD, STO_IDX_HOLD_OPEN, 2, keys, NULL);
	while (freed < lacking && sto_scan_next(&scan) && read_expired(&scan, now, &hold))
	{
		list_add(list, &hold);
		freed += hold.remaining;
	}
	sto_scan_end(&scan);
	return freed;
}

void
sto_sweep_for(StoPosting *p)
{
	StoPosition *pos = p->debit_pos;
	StoAmount lacking;
	ExpiredList list = {0};

	if (p->mode == STO_MODE_VERIFY || pos->held == 0 || !sto_needs_available(&p->entry.order))
		return;
	/* what is released is attached first */
	if (!sto_amount_add(p->entry.order.amount, sto_attached(p), &lacking))
		lacking = STO_AMOUNT_MAX;
	lacking -= pos->balance - pos->held;
	if (lacking <= 0)
		return;
	if (p->mode == STO_MODE_DRY)
		/* all that could be had, for the largest amount that would pass */
		pos->held -= find_expired_on(p, pos->held, &list);
	else
	{
		(void) find_expired_on(p, lacking, &list);
		for (int i = 0; i < list.count; i++)
			release(&list.items[i], p->entry.posted_by);
	}
	if (list.items != NULL)
		pfree(list.items);
}

/* Positions are locked in key order, so that two sweeps can't wait for each other. */
static int
by_position(const void *a, const void *b)
{
	const Expired *x = a;
	const Expired *y = b;
	int order = memcmp(&x->position, &y->position, sizeof(StoPositionKey));

	if (order != 0)
		return order;
	return (x->hold_id > y->hold_id) - (x->hold_id < y->hold_id);
}

/* Open holds that have expired, the oldest expiry first; of one token, or of all. */
static void
find_expired(const uint8_t *token_id, int64 at, int most, ExpiredList *list)
{
	StoScan scan;
	Expired hold;

	sto_scan_begin(&scan, STO_REL_HOLD, STO_IDX_HOLD_EXPIRY, 0, NULL, NULL);
	while (list->count < most && sto_scan_next(&scan) && read_expired(&scan, at, &hold))
		if (token_id == NULL || memcmp(hold.position.token_id, token_id, STO_UUID_LEN) == 0)
			list_add(list, &hold);
	sto_scan_end(&scan);
}

/* Another session may have used the hold up, or a part of it, before its position was locked. */
static bool
still_held(Expired *hold)
{
	StoHold now;

	(void) sto_position_lock(hold->position.token_id, hold->position.wallet);
	if (!sto_hold_read(hold->hold_id, &now) || now.remaining == 0)
		return false;
	hold->remaining = now.remaining;
	return true;
}

static void
check_may_insert(void)
{
	Oid transfer = sto_rel_oid(STO_REL_TRANSFER);

	if (pg_class_aclcheck(transfer, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, "transfer");
}

/*
 * sto.release_expired(token uuid, most integer) returns bigint
 *
 * Post a release for each hold that is open past its release_after, the oldest
 * expiry first, at most so many; how many there were.  As one statement.
 *
 *	token	only holds of this token; null: of all
 *
 * Errors: 22023 if most is not positive; 42501 without INSERT on sto.transfer;
 * 25006 in a read-only transaction; ST107 if the role submits for no party.
 */
PG_FUNCTION_INFO_V1(sto_release_expired);

Datum
sto_release_expired(PG_FUNCTION_ARGS)
{
	const uint8_t *token_id =
		PG_ARGISNULL(0) ? NULL : (const uint8_t *) DatumGetPointer(PG_GETARG_DATUM(0));
	int most = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);
	uint8_t party[STO_UUID_LEN];
	ExpiredList list = {0};
	EState *estate;
	int64 released = 0;

	if (most <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the most holds to release must be a positive number")));
	PreventCommandIfReadOnly("sto.sweep_expired()");
	PreventCommandIfParallelMode("sto.sweep_expired()");
	check_may_insert();
	if (sto_gate_mode() != STO_MODE_POST)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("a ledger that is being restored can't release holds")));
	sto_gate_lock_writer(RowExclusiveLock);
	sto_gate_check_guards();
	sto_fact_member(party);

	find_expired(token_id, sto_gate_clock(0), most, &list);
	if (list.count > 1)
		qsort(list.items, list.count, sizeof(Expired), by_position);

	estate = CreateExecutorState();
	AfterTriggerBeginQuery();
	sto_gate_begin_statement();
	for (int i = 0; i < list.count; i++)
		if (still_held(&list.items[i]))
		{
			release(&list.items[i], party);
			released++;
		}
	AfterTriggerEndQuery(estate);
	sto_gate_end_statement();
	FreeExecutorState(estate);
	PG_RETURN_INT64(released);
}
