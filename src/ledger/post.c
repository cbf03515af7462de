/*
 * post.c
 *		The fourth step: move the positions.
 */
#include "postgres.h"

#include "ledger/flow.h"
#include "ledger/posting.h"
#include "ledger/store.h"

#include "core/amount.h"
#include "core/bech32m.h"
#include "errors.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

static pg_attribute_noreturn() void out_of_range(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("a balance would leave the range of 128 bits")));
}

static void
add_to(StoAmount *to, StoAmount amount)
{
	if (!sto_amount_add(*to, amount, to))
		out_of_range();
}

/* Units that a post or release takes out of the hold. */
static StoAmount
freed_by(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;

	/* what a post doesn't use is released with it, unless it asks to keep the rest held */
	if (o->kind == STO_POST && !o->keep_rest)
		return p->hold.remaining;
	return o->amount;
}

bool
sto_follows_issue(const StoPosition *pos, const StoOrder *o)
{
	return o->kind == STO_HOLD && o->purpose == STO_LOCK_UP && pos->just_issued && o->has_group &&
		   memcmp(pos->issue_group, o->group_id, STO_UUID_LEN) == 0 && o->amount <= pos->lockable;
}

/* Lots of a lock-up may follow an issue, as long as nothing comes between. */
static void
note_issue(StoPosition *pos, const StoOrder *o)
{
	if (sto_follows_issue(pos, o))
		pos->lockable -= o->amount;
	else
	{
		pos->just_issued = o->kind == STO_ISSUE && o->has_group;
		pos->lockable = o->amount;
		memcpy(pos->issue_group, o->group_id, STO_UUID_LEN);
	}
}

/* The position's four columns as this entry leaves them. */
static void
close_side(const StoPosting *p, StoPosition *pos, StoSide *side)
{
	side->present = true;
	side->has_prev = pos->has_head;
	memcpy(side->prev, pos->head, STO_DIGEST_LEN);
	side->seq = ++pos->seq;
	side->balance = pos->balance;
	side->held = pos->held;
	pos->posted_at = p->entry.posted_at;
	note_issue(pos, &p->entry.order);
}

void
sto_post(StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	StoPosition *debit = p->debit_pos;
	StoPosition *credit = p->credit_pos;
	StoAmount outstanding;
	StoAmount freed;
	StoAmount carried = 0;

	/* in verify mode the row says what it moves; here it is worked out anew */
	p->entry.debit.present = p->entry.credit.present = false;
	sto_position_touch(debit);
	if (credit != NULL)
		sto_position_touch(credit);

	/* comply_checks.c has seen that the units are there */
	if (sto_flow_counts(p))
		add_to(&debit->outflow, o->amount);
	switch (o->kind)
	{
		case STO_ISSUE:
			/* the issuance wallet alone goes below zero: what it lacks is outstanding */
			add_to(&debit->balance, -o->amount);
			if (!sto_amount_sub(0, debit->balance, &outstanding))
				out_of_range();
			break;
		case STO_HOLD:
			add_to(&debit->held, o->amount);
			break;
		case STO_POST:
			freed = freed_by(p);
			add_to(&debit->held, -freed);
			add_to(&debit->balance, -o->amount);
			break;
		case STO_RELEASE:
			freed = freed_by(p);
			add_to(&debit->held, -freed);
			break;
		case STO_FORCE:
			add_to(&debit->held, -sto_case_broken(p->legal));
			add_to(&debit->balance, -o->amount);
			break;
		case STO_RECOVER:
			/* comply_case.c has seen that it is the whole position */
			carried = debit->held;
			debit->held = 0;
			add_to(&debit->balance, -o->amount);
			break;
		default: /* transfer, redeem */
			add_to(&debit->balance, -o->amount);
			break;
	}
	if (credit != NULL)
	{
		add_to(&credit->balance, o->amount);
		add_to(&credit->held, carried);
	}

	close_side(p, debit, &p->entry.debit);
	sto_flow_sample(debit);
	if (credit != NULL)
	{
		close_side(p, credit, &p->entry.credit);
		sto_flow_sample(credit);
	}
}

static void
place_hold(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	Datum values[HOLD_COLUMNS];
	bool nulls[HOLD_COLUMNS] = {false};

	values[HOLD_HOLD_ID - 1] = Int64GetDatum(p->entry.entry_id);
	values[HOLD_AMOUNT - 1] = PointerGetDatum(&o->amount);
	values[HOLD_REMAINING - 1] = PointerGetDatum(&o->amount);
	values[HOLD_RELEASE_AFTER - 1] = TimestampTzGetDatum(StoTimeToTimestamp(o->release_after));
	nulls[HOLD_RELEASE_AFTER - 1] = !o->has_release_after;
	values[HOLD_WALLET - 1] = PointerGetDatum(o->debit);
	values[HOLD_TOKEN_ID - 1] = PointerGetDatum(o->token_id);
	values[HOLD_NOTARY - 1] = PointerGetDatum(o->notary);
	nulls[HOLD_NOTARY - 1] = !o->has_notary;
	values[HOLD_BENEFICIARY - 1] = PointerGetDatum(o->credit);
	nulls[HOLD_BENEFICIARY - 1] = !o->has_credit;
	values[HOLD_CONDITION_HASH - 1] = PointerGetDatum(o->condition);
	nulls[HOLD_CONDITION_HASH - 1] = !o->has_condition;
	values[HOLD_INSTRUCTION_HASH - 1] = PointerGetDatum(o->instruction);
	nulls[HOLD_INSTRUCTION_HASH - 1] = !o->has_instruction;
	values[HOLD_CHECKED_ONCE - 1] = BoolGetDatum(o->checked_once);
	values[HOLD_PURPOSE - 1] = CStringGetTextDatum(sto_purpose_name(o->purpose));
	sto_store_insert(STO_REL_HOLD, values, nulls);
}

static void
use_hold(const StoPosting *p)
{
	Datum key = Int64GetDatum(p->hold.hold_id);
	Datum values[HOLD_COLUMNS];
	bool nulls[HOLD_COLUMNS] = {false};
	bool replaces[HOLD_COLUMNS] = {false};
	StoAmount remaining = p->hold.remaining - freed_by(p);
	StoRow row;

	/* the debit position's lock guards its holds */
	if (!sto_store_find(STO_REL_HOLD, STO_IDX_HOLD, 1, &key, &row))
		elog(ERROR, "hold " INT64_FORMAT " has gone", p->hold.hold_id);
	values[HOLD_REMAINING - 1] = PointerGetDatum(&remaining);
	replaces[HOLD_REMAINING - 1] = true;
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
}

void
sto_post_hold(const StoPosting *p)
{
	if (p->entry.order.kind == STO_HOLD)
		place_hold(p);
	else if (p->entry.order.has_hold_id)
		use_hold(p);
	else if (p->entry.order.kind == STO_RECOVER)
		sto_follow_holds(p->entry.order.token_id, p->entry.order.debit, p->entry.order.credit);
}

bool
sto_hold_read(int64 hold_id, StoHold *hold)
{
	Datum key = Int64GetDatum(hold_id);
	Datum value;
	StoRow row;
	bool isnull;

	memset(hold, 0, sizeof(*hold));
	if (sto_store_find(STO_REL_HOLD, STO_IDX_HOLD, 1, &key, &row))
	{
		text *purpose = DatumGetTextPP(sto_row_get(&row, HOLD_PURPOSE, &isnull));

		hold->hold_id = hold_id;
		memcpy(&hold->remaining, DatumGetPointer(sto_row_get(&row, HOLD_REMAINING, &isnull)),
			   STO_AMOUNT_LEN);
		if (!sto_purpose_from_name(VARDATA_ANY(purpose), VARSIZE_ANY_EXHDR(purpose),
								   &hold->purpose))
			elog(ERROR, "hold " INT64_FORMAT " has an unknown purpose", hold_id);
		value = sto_row_get(&row, HOLD_RELEASE_AFTER, &isnull);
		hold->has_release_after = !isnull;
		if (!isnull)
			hold->release_after = StoTimeFromTimestamp(DatumGetTimestampTz(value));
		memcpy(hold->wallet, DatumGetPointer(sto_row_get(&row, HOLD_WALLET, &isnull)),
			   STO_ADDRESS_LEN);
		memcpy(hold->token_id, DatumGetPointer(sto_row_get(&row, HOLD_TOKEN_ID, &isnull)),
			   STO_UUID_LEN);
		value = sto_row_get(&row, HOLD_NOTARY, &isnull);
		hold->has_notary = !isnull;
		if (!isnull)
			memcpy(hold->notary, DatumGetPointer(value), STO_UUID_LEN);
		value = sto_row_get(&row, HOLD_BENEFICIARY, &isnull);
		hold->has_beneficiary = !isnull;
		if (!isnull)
		{
			memcpy(hold->beneficiary, DatumGetPointer(value), STO_ADDRESS_LEN);
			sto_fact_heir(hold->beneficiary);
		}
		value = sto_row_get(&row, HOLD_CONDITION_HASH, &isnull);
		hold->has_condition = !isnull;
		if (!isnull)
			memcpy(hold->condition, DatumGetPointer(value), STO_DIGEST_LEN);
		hold->checked_once = DatumGetBool(sto_row_get(&row, HOLD_CHECKED_ONCE, &isnull));
		value = sto_row_get(&row, HOLD_INSTRUCTION_HASH, &isnull);
		hold->has_instruction = !isnull;
		if (!isnull)
			memcpy(hold->instruction, DatumGetPointer(value), STO_DIGEST_LEN);
	}
	sto_row_close(&row);
	return row.found;
}
