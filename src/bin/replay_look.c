/*
 * replay_look.c
 *		Look-through: is each statement of what its wallet had, and then whose is it?
 */
#include "bin/replay_state.h"

#include "core/amount.h"

#include <string.h>

/* Owners and their units, as the rules know them. */
typedef struct Owners
{
	int count;
	uint32_t parties[STO_BODY_LIST_MAX];
	StoAmount units[STO_BODY_LIST_MAX];
	StoAmount sum;
} Owners;

static bool
no_memory(const Act *act)
{
	return sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
}

/* One owner; *good false: reported.  False: no memory. */
static bool
read_owner(const Act *act, int i, Owners *owners, bool *good)
{
	StoReplay *r = act->r;
	const char *text = sto_body_item(&act->body.value[STO_F_UNITS].texts, i);
	uint8_t uuid[STO_UUID_LEN];
	char name[STO_UUID_TEXT_LEN + 1];
	const char *why;
	uint32_t party;

	*good = false;
	sto_body_uuid(&act->body.value[STO_F_OWNERS].texts, i, uuid);
	if (sto_fold_party(r, uuid, &party) == NULL)
		sto_fold_refuse(act, STO_CHECK_RULE, "party %s is not in the register",
						sto_fold_uuid(uuid, name));
	else if (!sto_amount_parse(text, strlen(text), &owners->units[i], &why) ||
			 owners->units[i] <= 0 || !sto_amount_add(owners->sum, owners->units[i], &owners->sum))
		sto_fold_refuse(act, STO_CHECK_BODY, "\"units\" must hold amounts above zero");
	else
		*good = true;
	if (!*good)
		return true;
	owners->parties[i] = sto_fold_ruled_party(r, party);
	for (int j = 0; j < i; j++)
		if (owners->parties[j] == owners->parties[i])
		{
			sto_fold_refuse(act, STO_CHECK_BODY, "owner %s stands twice",
							sto_fold_uuid(uuid, name));
			*good = false;
		}
	owners->count = i + 1;
	return owners->parties[i] != 0;
}

static bool
is_of_position(const Act *act, uint32_t token, const Owners *owners)
{
	const Position *pos = sto_fold_position(act->r, act->subject->row, token, NULL);
	long long seq = pos == NULL ? 0 : (long long) pos->seq;

	if (act->body.value[STO_F_SEQ].integer != seq)
		sto_fold_refuse(act, STO_CHECK_RULE, "the wallet was at sequence %lld", seq);
	else if (owners->sum != (pos == NULL ? 0 : pos->balance))
		sto_fold_refuse(act, STO_CHECK_RULE, "the owners' units are not the wallet's balance");
	else
		return true;
	return false;
}

static bool
tell(const Act *act, const Wallet *wallet, uint32_t token, const Owners *owners)
{
	StoReplay *r = act->r;
	StoRuleLook look = {.event = act->event->entry_id,
						.recorded_at = act->event->recorded_at,
						.seq = act->body.value[STO_F_SEQ].integer,
						.token = sto_fold_ruled_token(r, token),
						.party = sto_fold_ruled_party(r, wallet->party),
						.wallet = wallet->address,
						.count = owners->count,
						.owners = owners->parties,
						.units = owners->units};

	return (look.token != 0 && look.party != 0 && sto_rule_fold_look_through(r->rules, &look)) ||
		   no_memory(act);
}

bool
sto_fold_look_through(Act *act)
{
	const Wallet *wallet = sto_pool_at(&act->r->wallets, act->subject->row);
	int count = act->body.value[STO_F_OWNERS].texts.count;
	Owners owners;
	uint32_t token;
	bool good = true;

	memset(&owners, 0, sizeof(owners));
	if (!wallet->omnibus)
		sto_fold_refuse(act, STO_CHECK_RULE, "the wallet is not of kind omnibus");
	else if (sto_fold_token(act->r, act->body.value[STO_F_TOKEN].octets, &token) == NULL)
		sto_fold_refuse(act, STO_CHECK_RULE, "its token is not in the register");
	else if (count != act->body.value[STO_F_UNITS].texts.count)
		sto_fold_refuse(act, STO_CHECK_BODY,
						"\"owners\" and \"units\" have different numbers of items");
	else
	{
		for (int i = 0; i < count && good; i++)
			if (!read_owner(act, i, &owners, &good))
				return no_memory(act);
		if (good && is_of_position(act, token, &owners))
			return tell(act, wallet, token, &owners);
	}
	return true;
}
