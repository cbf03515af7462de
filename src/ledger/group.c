/*
 * group.c
 *		Settlement groups: a notary posts every leg of an instruction, or none.
 *
 * The hash of the instruction stands in each hold, signed by its holder.  The
 * legs that a transaction posts under one group_id must hash to it.
 */
#include "postgres.h"

#include "ledger/batch.h"

#include "errors.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

typedef struct GroupLeg
{
	uint8_t group_id[STO_UUID_LEN];
	uint8_t posted_by[STO_UUID_LEN];
	SubTransactionId subid;
	bool instructed; /* posts a hold that is bound to an instruction */
	int64 hold_id;
	uint8_t instruction[STO_DIGEST_LEN];
	StoLeg leg;
} GroupLeg;

static GroupLeg *legs = NULL; /* in TopMemoryContext */
static int leg_count = 0;
static int leg_size = 0;
static uint8_t ledger_id[STO_UUID_LEN];

void
sto_group_add(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	GroupLeg *g;

	/* a leg moves units from one wallet to another */
	if (!o->has_group || p->credit_pos == NULL)
		return;
	if (leg_count == leg_size)
	{
		int size = leg_size ? leg_size * 2 : 16;

		legs = legs ? repalloc_huge(legs, (Size) size * sizeof(GroupLeg))
					: MemoryContextAlloc(TopMemoryContext, size * sizeof(GroupLeg));
		leg_size = size;
	}
	g = &legs[leg_count++];
	memset(g, 0, sizeof(*g));
	memcpy(g->group_id, o->group_id, STO_UUID_LEN);
	memcpy(g->posted_by, p->entry.posted_by, STO_UUID_LEN);
	g->subid = GetCurrentSubTransactionId();
	if (o->kind == STO_POST && p->hold.has_instruction)
	{
		g->instructed = true;
		g->hold_id = p->hold.hold_id;
		memcpy(g->instruction, p->hold.instruction, STO_DIGEST_LEN);
	}
	memcpy(g->leg.token_id, o->token_id, STO_UUID_LEN);
	memcpy(g->leg.debit, o->debit, STO_ADDRESS_LEN);
	memcpy(g->leg.credit, o->credit, STO_ADDRESS_LEN);
	g->leg.amount = o->amount;
	memcpy(ledger_id, p->ledger.ledger_id, STO_UUID_LEN);
}

/* Is it a leg of that leg's group, and of the same poster where that counts? */
static bool
is_of(const GroupLeg *leg, const GroupLeg *other, bool same_poster)
{
	return memcmp(leg->group_id, other->group_id, STO_UUID_LEN) == 0 &&
		   (!same_poster || memcmp(leg->posted_by, other->posted_by, STO_UUID_LEN) == 0);
}

static int
by_group(const void *a, const void *b)
{
	return memcmp(((const GroupLeg *) a)->group_id, ((const GroupLeg *) b)->group_id, STO_UUID_LEN);
}

/*
 * Why these legs of one group are not what every one of its instructions
 * says; NULL if they are.  A hold that kept a rest could be posted again under
 * the same instruction, so none may.
 */
static const char *
unsettled(const GroupLeg *group, int count)
{
	StoLeg *copy = palloc(count * sizeof(StoLeg));
	uint8_t hash[STO_DIGEST_LEN];
	StoHold hold;

	for (int i = 0; i < count; i++)
		copy[i] = group[i].leg;
	if (!sto_instruction_hash(ledger_id, copy, count, hash))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not hash an instruction: OpenSSL failed")));
	pfree(copy);
	for (int i = 0; i < count; i++)
	{
		if (!group[i].instructed)
			continue;
		if (memcmp(group[i].instruction, hash, STO_DIGEST_LEN) != 0)
			return "their hash is not the holds' instruction_hash";
		if (!sto_hold_read(group[i].hold_id, &hold) || hold.remaining != 0)
			return "a hold keeps a rest";
	}
	return NULL;
}

static pg_attribute_noreturn() void not_settled(const GroupLeg *group, int count, const char *why)
{
	char *id = DatumGetCString(DirectFunctionCall1(uuid_out, PointerGetDatum(group->group_id)));

	ereport(ERROR,
			(errcode(ERRCODE_STO_HOLD_TERMS),
			 errmsg("a settlement group is not what its holders signed"),
			 errdetail("Group %s has %d legs; %s.", id, count, why),
			 errhint("Post every leg of the instruction, and nothing else, under one group_id in "
					 "one transaction.")));
}

static bool
any_instructed(const GroupLeg *group, int count)
{
	for (int i = 0; i < count; i++)
		if (group[i].instructed)
			return true;
	return false;
}

void
sto_group_check(void)
{
	const char *why;

	if (!any_instructed(legs, leg_count))
		return;
	qsort(legs, leg_count, sizeof(GroupLeg), by_group);
	for (int i = 0, n; i < leg_count; i += n)
	{
		for (n = 1; i + n < leg_count && by_group(&legs[i], &legs[i + n]) == 0; n++)
			;
		why = unsettled(&legs[i], n);
		if (why != NULL)
			not_settled(&legs[i], n, why);
	}
}

/* Drop the legs from this one on that are of its group and, if said so, by its poster. */
static void
drop_legs(int from, bool same_poster)
{
	const GroupLeg first = legs[from];
	int kept = from;

	for (int i = from; i < leg_count; i++)
		if (!is_of(&legs[i], &first, same_poster))
			legs[kept++] = legs[i];
	leg_count = kept;
}

/*
 * Are the last legs of the newest leg's group, from some leg on, an instruction
 * in full?  Earlier ones were posted under the same id by another transaction.
 */
static bool
settle_newest(bool same_poster)
{
	const GroupLeg *newest = &legs[leg_count - 1];
	GroupLeg *group = palloc(leg_count * sizeof(GroupLeg));
	int *place = palloc(leg_count * sizeof(int));
	int first = leg_count;      /* the group's legs are at its array's end */
	int instructed = leg_count; /* the first that posts a hold: none of them may be left out */
	int begin = -1;

	for (int i = leg_count - 1; i >= 0; i--)
		if (is_of(&legs[i], newest, same_poster))
		{
			group[--first] = legs[i];
			place[first] = i;
			if (legs[i].instructed)
				instructed = first;
		}
	for (int i = instructed; i < leg_count && i >= first && begin < 0; i--)
		if (unsettled(&group[i], leg_count - i) == NULL)
			begin = place[i];
	pfree(group);
	pfree(place);
	if (begin >= 0)
		drop_legs(begin, same_poster);
	return begin >= 0;
}

void
sto_group_settle(void)
{
	if (leg_count > 0 && !settle_newest(false))
		(void) settle_newest(true);
}

void
sto_group_forget(SubTransactionId subid)
{
	while (leg_count > 0 && legs[leg_count - 1].subid >= subid)
		leg_count--;
}

void
sto_group_subxact_commit(SubTransactionId subid, SubTransactionId parent)
{
	for (int i = leg_count - 1; i >= 0 && legs[i].subid >= subid; i--)
		legs[i].subid = parent;
}
