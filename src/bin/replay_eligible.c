/*
 * replay_eligible.c
 *		What stops an order though it is signed: pauses, freezes, claims that are
 *		missing; and who may order for another.
 *
 * An entry is judged as of the log before it and at its posted_at.
 */
#include "bin/replay_state.h"

#include <string.h>

/* docs/security.md, "Who bypasses what"; a release passes everything. */
typedef struct Enforced
{
	bool debit;           /* a frozen debit wallet, or party of it, stops the order */
	bool credit;          /* the same of the credit wallet, if one is named */
	bool receiver;        /* the party of the credit wallet must be eligible */
	bool sender;          /* that of the debit wallet must */
	bool sender_as_token; /* unless the token asks it of receivers only */
} Enforced;

static const Enforced enforced[STO_REVERSE + 1] = {
	[STO_ISSUE] = {false, true, true, false, false},
	[STO_REDEEM] = {true, false, false, false, false},
	[STO_TRANSFER] = {true, true, true, true, true},
	[STO_HOLD] = {true, true, true, true, false},
	[STO_POST] = {true, true, true, true, true},
	[STO_FORCE] = {false, true, false, false, false},
	[STO_RECOVER] = {false, true, false, false, false},
	[STO_REVERSE] = {false, true, false, false, false},
};

static Party *
party_of(const Posting *p, const Wallet *wallet)
{
	return sto_pool_at(&p->r->parties, wallet->party);
}

static void
check_wallet(const Posting *p, const Wallet *wallet, const char *side)
{
	/* what was frozen stays so: a frozen wallet's units go to one that is frozen too */
	bool stays = p->order->kind == STO_RECOVER && p->debit != NULL && p->debit->frozen;

	if (stays && !wallet->frozen)
		sto_fold_bad(
			p, STO_CHECK_RULE,
			"the lost wallet was frozen by event %lld, and the one that succeeds it is not",
			(long long) p->debit->frozen_by);
	if (wallet->frozen && !stays)
		sto_fold_bad(p, STO_CHECK_RULE, "the %s wallet was frozen by event %lld", side,
					 (long long) wallet->frozen_by);
	if (party_of(p, wallet)->frozen)
		sto_fold_bad(p, STO_CHECK_RULE, "the party of the %s wallet was frozen by event %lld", side,
					 (long long) party_of(p, wallet)->frozen_by);
}

static bool
has_topic(const TopicList *list, uint32_t topic)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->topics[i] == topic)
			return true;
	return false;
}

/* Is its issuer trusted now, and may it still issue claims? */
static bool
is_trusted(const StoReplay *r, const Token *token, const Claim *claim)
{
	const Party *issuer = sto_pool_at(&r->parties, claim->issuer);
	const Trusted *trusted;

	if ((issuer->capabilities & (1u << CAPABILITY_CLAIM_ISSUER)) == 0)
		return false;
	trusted = sto_fold_trusted(r, token, issuer->uuid);
	return trusted != NULL && has_topic(&trusted->list, claim->topic);
}

static bool
has_claim(const StoReplay *r, const Token *token, const Party *party, uint32_t topic, int64_t at)
{
	const Claim *claim;

	for (uint32_t i = party->claims; i != 0; i = claim->next)
	{
		claim = sto_pool_at(&r->claims, i);
		if (claim->topic == topic && claim->revoked == 0 && sto_fold_in_force(&claim->period, at) &&
			is_trusted(r, token, claim))
			return true;
	}
	return false;
}

static void
check_eligible(const Posting *p, const Party *party, const char *whom)
{
	const Required *required = sto_pool_at(&p->r->required, p->token->required);

	for (uint32_t i = 0; i < required->list.count; i++)
	{
		uint32_t topic = required->list.topics[i];

		if (!has_claim(p->r, p->token, party, topic, p->entry->posted_at))
			sto_fold_bad(p, STO_CHECK_ELIGIBLE,
						 "the %s had no claim in force on topic \"%s\" by an issuer that the token "
						 "trusts",
						 whom, ((const Topic *) sto_pool_at(&p->r->topics, topic))->name);
	}
}

void
sto_fold_restrictions(const Posting *p)
{
	const StoOrder *o = p->order;
	const Enforced *e = &enforced[o->kind];
	const Party *sender = p->debit == NULL ? NULL : party_of(p, p->debit);
	const Party *receiver = p->credit == NULL ? NULL : party_of(p, p->credit);

	/* lock-ups protect others than the holder, officers answer to nobody: nothing stops them */
	if (o->kind == STO_HOLD && o->purpose >= STO_LOCK_UP)
		return;
	if (p->token->paused != 0 && !sto_order_by_case(o))
		sto_fold_bad(p, STO_CHECK_RULE, "the token was paused by event %lld",
					 (long long) p->token->paused);
	if (e->debit && sender != NULL)
		check_wallet(p, p->debit, "debit");
	if (e->credit && receiver != NULL)
		check_wallet(p, p->credit, "credit");
	if (p->orderer != NULL && p->orderer->frozen)
		sto_fold_bad(p, STO_CHECK_RULE, "the ordering party was frozen by event %lld",
					 (long long) p->orderer->frozen_by);
	/* a move between wallets of one party needs neither acknowledgement nor claim */
	if (sender != NULL && sender == receiver)
		return;
	if (p->token->documents != 0 && e->receiver && receiver != NULL)
		sto_fold_unacknowledged(p);
	if (p->token->required == 0)
		return;
	if (e->receiver && receiver != NULL)
		check_eligible(p, receiver, "receiver");
	if (e->sender && sender != NULL && !(e->sender_as_token && p->token->receiver_only))
		check_eligible(p, sender, "sender");
}

bool
sto_fold_has_mandate(const StoReplay *r, uint32_t principal, const uint8_t *representative,
					 int64_t at)
{
	static const uint8_t scopes[] = {SCOPE_ORDERS, SCOPE_ALL};

	for (size_t i = 0; i < sizeof(scopes); i++)
	{
		const Mandate *mandate = sto_fold_mandate(r, principal, representative, scopes[i]);

		if (mandate != NULL && mandate->granted && sto_fold_in_force(&mandate->period, at))
			return true;
	}
	return false;
}
