/*
 * replay_group.c
 *		Settlement groups: the legs that a notary posts under one group_id are
 *		those whose hash stands in each hold.
 *
 * The ledger compares at a transaction's end, which the log doesn't show.  Here
 * the legs of a group are looked at as they come: once those from some leg on
 * hash to what their holds say, they are settled.  Earlier ones were posted
 * under the same id by another transaction, and those of another poster too.
 */
#include "bin/replay_state.h"

#include <stdlib.h>
#include <string.h>

/* Up to here a group is looked at after every leg; beyond, when it rests. */
#define SMALL_GROUP 64
/* Legs that no instruction binds are forgotten after so many entries, or legs of their group. */
#define FORGET_AFTER 1000000
#define FIRST_SWEEP 4096

static uint64_t
group_hash(const StoReplay *r, const uint8_t *group_id)
{
	return sto_seeded_hash(r->seed, group_id, STO_UUID_LEN);
}

void
sto_fold_groups_free(Groups *groups)
{
	for (uint32_t i = 0; i < groups->count; i++)
		free(groups->items[i].legs);
	free(groups->items);
	sto_index_free(&groups->by_id);
	memset(groups, 0, sizeof(*groups));
}

/* Keep only groups that may still settle. */
static bool
sweep(StoReplay *r)
{
	Groups *g = &r->groups;
	uint32_t kept = 0;

	sto_index_free(&g->by_id);
	g->waiting = 0;
	for (uint32_t i = 0; i < g->count; i++)
	{
		Group *group = &g->items[i];
		bool old = group->touched + FORGET_AFTER < r->counts.entries;

		if (group->count == 0 || (group->instructed == 0 && old))
			free(group->legs);
		else
			g->items[kept++] = *group;
	}
	g->count = kept;
	g->next_sweep = kept * 2 > FIRST_SWEEP ? kept * 2 : FIRST_SWEEP;
	for (uint32_t i = 0; i < kept; i++)
		if (!sto_index_add(&g->by_id, group_hash(r, g->items[i].group_id), i + 1))
			return false;
	return true;
}

Group *
sto_fold_group_add(StoReplay *r, const uint8_t group_id[STO_UUID_LEN])
{
	Groups *g = &r->groups;
	Group *group;

	if (g->count >= g->next_sweep && !sweep(r))
		return NULL;
	if (g->count == g->size)
	{
		uint32_t size = g->size == 0 ? 64 : g->size * 2;
		Group *items = realloc(g->items, size * sizeof(Group));

		if (items == NULL)
			return NULL;
		g->items = items;
		g->size = size;
	}
	group = &g->items[g->count++];
	memset(group, 0, sizeof(*group));
	memcpy(group->group_id, group_id, STO_UUID_LEN);
	return sto_index_add(&g->by_id, group_hash(r, group_id), g->count) ? group : NULL;
}

static Group *
find_group(StoReplay *r, const uint8_t *group_id)
{
	uint64_t hash = group_hash(r, group_id);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->groups.by_id, hash, &at)) != 0)
		if (memcmp(r->groups.items[found - 1].group_id, group_id, STO_UUID_LEN) == 0)
			return &r->groups.items[found - 1];
	return sto_fold_group_add(r, group_id);
}

static const HoldRow *
hold_of(const StoReplay *r, const GroupLeg *leg)
{
	return leg->hold == 0 ? NULL : sto_pool_at(&r->holds, leg->hold);
}

/*
 * Are these legs what every one of their instructions says?  A hold that kept
 * a rest could be posted again under the same instruction, so none may.
 */
static bool
is_settled(StoReplay *r, const GroupLeg *legs, uint32_t count)
{
	const uint8_t *instruction = NULL;
	uint8_t hash[STO_DIGEST_LEN];
	StoLeg *copy;
	bool good;

	for (uint32_t i = 0; i < count; i++)
	{
		const HoldRow *hold = hold_of(r, &legs[i]);

		if (hold == NULL)
			continue;
		if (hold->remaining != 0 ||
			(instruction != NULL && memcmp(instruction, hold->digest, STO_DIGEST_LEN) != 0))
			return false;
		instruction = hold->digest;
	}
	copy = malloc(count * sizeof(StoLeg));
	if (copy == NULL)
		return sto_fold_stop(r, legs[0].entry_id, "there is no memory");
	for (uint32_t i = 0; i < count; i++)
	{
		memcpy(copy[i].token_id, ((Token *) sto_pool_at(&r->tokens, legs[i].token))->uuid,
			   STO_UUID_LEN);
		memcpy(copy[i].debit, ((Wallet *) sto_pool_at(&r->wallets, legs[i].debit))->address,
			   STO_ADDRESS_LEN);
		memcpy(copy[i].credit, ((Wallet *) sto_pool_at(&r->wallets, legs[i].credit))->address,
			   STO_ADDRESS_LEN);
		copy[i].amount = legs[i].amount;
	}
	if (!sto_instruction_hash(r->ledger_id, copy, count, hash))
		(void) sto_fold_stop(r, legs[0].entry_id, "OpenSSL failed to hash");
	good = instruction != NULL && memcmp(hash, instruction, STO_DIGEST_LEN) == 0;
	free(copy);
	return good;
}

static bool
same_poster(const GroupLeg *a, const GroupLeg *b)
{
	return memcmp(a->posted_by, b->posted_by, STO_UUID_LEN) == 0;
}

/* Drop settled legs: those from `from` on that are by that poster (NULL: by any). */
static void
drop_legs(Group *group, uint32_t from, const GroupLeg *poster)
{
	uint32_t kept = from;
	GroupLeg by;

	if (poster != NULL)
		by = *poster;
	for (uint32_t i = from; i < group->count; i++)
	{
		if (poster != NULL && !same_poster(&group->legs[i], &by))
			group->legs[kept++] = group->legs[i];
		else
			group->instructed -= group->legs[i].hold != 0;
	}
	group->count = kept;
}

/* All legs of the group from some leg on: an instruction in full? */
static bool
settle_all(StoReplay *r, Group *group)
{
	uint32_t first = 0;

	while (first < group->count && group->legs[first].hold == 0)
		first++;
	for (uint32_t from = first + 1; from-- > 0;)
		if (is_settled(r, group->legs + from, group->count - from))
		{
			drop_legs(group, from, NULL);
			return true;
		}
	return false;
}

/* The same of the legs of the newest leg's poster alone. */
static bool
settle_poster(StoReplay *r, Group *group)
{
	const GroupLeg *newest = &group->legs[group->count - 1];
	GroupLeg *own = malloc(group->count * sizeof(GroupLeg));
	uint32_t *place = malloc(group->count * sizeof(uint32_t));
	uint32_t count = 0;
	uint32_t first = 0;
	bool settled = false;

	for (uint32_t i = 0; own != NULL && place != NULL && i < group->count; i++)
		if (same_poster(&group->legs[i], newest))
		{
			place[count] = i;
			own[count++] = group->legs[i];
		}
	while (first < count && own[first].hold == 0)
		first++;
	if (count < group->count && first < count)
		for (uint32_t from = first + 1; from-- > 0 && !settled;)
			if (is_settled(r, own + from, count - from))
			{
				drop_legs(group, place[from], newest);
				settled = true;
			}
	free(own);
	free(place);
	return settled;
}

static void
look_at(StoReplay *r, Group *group)
{
	if (group->instructed > 0 && !settle_all(r, group))
		(void) settle_poster(r, group);
	group->next_try =
		group->count < SMALL_GROUP ? group->count + 1 : group->count + group->count / 8;
}

/* A large group is looked at when an entry comes that isn't of it. */
static void
look_at_waiting(StoReplay *r, const uint8_t *group_id)
{
	Group *group;

	if (r->groups.waiting == 0)
		return;
	group = &r->groups.items[r->groups.waiting - 1];
	if (group_id != NULL && memcmp(group->group_id, group_id, STO_UUID_LEN) == 0)
		return;
	r->groups.waiting = 0;
	if (group->count >= group->next_try)
		look_at(r, group);
}

static bool
add_leg(const Posting *p, Group *group)
{
	GroupLeg *leg;

	if (group->instructed == 0 && group->count >= FORGET_AFTER)
		group->count = 0;
	if (group->count == group->size)
	{
		uint32_t size = group->size == 0 ? 4 : group->size * 2;
		GroupLeg *legs = realloc(group->legs, size * sizeof(GroupLeg));

		if (legs == NULL)
			return false;
		group->legs = legs;
		group->size = size;
	}
	leg = &group->legs[group->count++];
	leg->amount = p->order->amount;
	leg->entry_id = p->entry->entry_id;
	leg->debit = p->debit_row;
	leg->credit = p->credit_row;
	leg->token = p->token_row;
	leg->hold =
		p->order->kind == STO_POST && p->hold != NULL && p->hold->has_instruction ? p->hold_row : 0;
	memcpy(leg->posted_by, p->entry->posted_by, STO_UUID_LEN);
	group->instructed += leg->hold != 0;
	group->touched = p->r->counts.entries;
	return true;
}

bool
sto_fold_group(const Posting *p)
{
	StoReplay *r = p->r;
	/* a leg moves units from one wallet to another */
	bool is_leg = p->order->has_group && p->credit_pos != NULL && p->debit_pos != NULL;
	Group *group;

	look_at_waiting(r, is_leg ? p->order->group_id : NULL);
	if (!is_leg)
		return true;
	group = find_group(r, p->order->group_id);
	if (group == NULL || !add_leg(p, group))
		return sto_fold_stop(r, p->entry->entry_id, "there is no memory");
	if (group->count <= SMALL_GROUP)
		look_at(r, group);
	else
		r->groups.waiting = (uint32_t) (group - r->groups.items) + 1;
	return true;
}

void
sto_fold_groups_end(StoReplay *r, bool whole)
{
	r->counts.pending_groups = 0;
	for (uint32_t i = 0; i < r->groups.count; i++)
	{
		Group *group = &r->groups.items[i];
		uint32_t first = 0;

		if (group->count > SMALL_GROUP)
			look_at(r, group);
		if (group->instructed == 0)
			continue;
		r->counts.pending_groups++;
		while (group->legs[first].hold == 0)
			first++;
		if (whole)
			sto_fold_problem(r, group->legs[first].entry_id, STO_CHECK_GROUP,
							 "a settlement group is not what its holders signed: its %u legs do "
							 "not hash to the holds' instruction_hash, or a hold keeps a rest",
							 group->count);
	}
}
