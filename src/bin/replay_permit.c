/*
 * replay_permit.c
 *		Who has to sign an order, and did they?
 */
#include "bin/replay_state.h"

#include "core/hash.h"

#include <string.h>

/* Whose quorum has to sign. */
typedef struct Authority
{
	const uint8_t *subject; /* party or wallet */
	uint32_t policy;        /* 0: it has no keys */
	bool holder;            /* a holder's or issuer's own order, which a token's policy may free */
	bool anyone;            /* nobody has to sign */
} Authority;

static bool
refuse(const Posting *p, const char *why)
{
	sto_fold_bad(p, STO_CHECK_AUTHORITY, "%s", why);
	return false;
}

static bool
authority_of_party(const Posting *p, Authority *a)
{
	const Party *party = p->orderer;

	if (party == NULL)
		return refuse(p, "the ordering party is not in the register");
	if (!party->active)
		sto_fold_bad(p, STO_CHECK_RULE, "the ordering party was closed");
	a->subject = party->uuid;
	a->policy = party->policy;
	return true;
}

/* The wallet's own quorum, its custodian's, or that of its party's representative. */
static bool
authority_of_wallet(const Posting *p, const Wallet *wallet, Authority *a)
{
	const StoReplay *r = p->r;

	if (wallet == NULL)
		return false; /* reported before */
	if (p->orderer == sto_pool_at(&r->parties, wallet->party))
	{
		a->subject = sto_fold_uuid_of(r, wallet->subject);
		a->policy = wallet->policy;
		a->holder = true;
		return true;
	}
	if (wallet->custodian != 0 && p->orderer == sto_pool_at(&r->parties, wallet->custodian))
		return authority_of_party(p, a);
	if (sto_fold_has_mandate(r, wallet->party, p->order->ordering_party, p->entry->posted_at))
		return authority_of_party(p, a);
	return refuse(p, "the ordering party neither owns the wallet nor keeps it, nor has it a "
					 "mandate to order for its party");
}

/* One of the two officers who decided the case; he must still be one. */
static bool
authority_of_officer(const Posting *p, Authority *a)
{
	if (p->legal == NULL)
	{
		sto_fold_bad(p, STO_CHECK_CASE, "it is enforcement and cites no case");
		return false;
	}
	if (sto_fold_case_officer(p) == NULL)
		return refuse(p, "the ordering party is not an officer of the case");
	return authority_of_party(p, a);
}

/* What an enforcer holds any enforcer lets go, or delivers. */
static bool
authority_of_enforcer(const Posting *p, Authority *a)
{
	if (p->orderer == NULL || (p->orderer->capabilities & (1u << CAPABILITY_ENFORCER)) == 0)
		return refuse(p, "only an enforcer posts or releases what is seized or frozen");
	return authority_of_party(p, a);
}

static bool
authority_to_hold(const Posting *p, Authority *a)
{
	const Party *issuer = p->token == NULL ? NULL : sto_pool_at(&p->r->parties, p->token->issuer);
	bool own = p->debit != NULL && p->orderer == sto_pool_at(&p->r->parties, p->debit->party);

	if (sto_order_by_case(p->order))
		return authority_of_officer(p, a);
	/* in its own wallet an issuer is a holder like others */
	if (p->order->purpose != STO_LOCK_UP || p->orderer == NULL || p->orderer != issuer || own)
		return authority_of_wallet(p, p->debit, a);
	return authority_of_party(p, a);
}

static bool
is_notary(const Posting *p)
{
	return p->hold->has_notary &&
		   memcmp(p->order->ordering_party, p->hold->notary, STO_UUID_LEN) == 0;
}

static bool
authority_to_post(const Posting *p, Authority *a)
{
	uint8_t shown[STO_DIGEST_LEN];

	if (p->hold == NULL)
		return false; /* reported before */
	switch ((StoPurpose) p->hold->purpose)
	{
		case STO_SUBSCRIPTION:
		case STO_SETTLEMENT:
			if (!is_notary(p))
				return refuse(p, "only the hold's notary may post it");
			return authority_of_party(p, a);
		case STO_PLEDGE:
			if (p->legal != NULL)
				return authority_of_officer(p, a);
			if (!authority_of_wallet(p, p->credit, a))
				return false;
			/* no token policy frees a creditor's order from its signature */
			a->holder = false;
			return true;
		case STO_HASH_LOCK:
			if (!p->order->has_preimage)
				return refuse(p, "a hash lock posted without its preimage");
			if (!sto_sha256(p->order->preimage, STO_PREIMAGE_LEN, shown))
				return sto_fold_stop(p->r, p->entry->entry_id, "OpenSSL failed to hash");
			if (memcmp(shown, p->hold->digest, STO_DIGEST_LEN) != 0)
				return refuse(p, "the preimage does not hash to the hold's condition_hash");
			a->anyone = true;
			return true;
		case STO_SEIZURE:
			if (!p->hold->has_beneficiary)
				return refuse(p, "a seizure without beneficiary is only released");
			return authority_of_enforcer(p, a);
		default:
			return refuse(p, "this hold is only released, never posted");
	}
}

/* Before its time only the one who is protected by a hold lets it go. */
static bool
authority_to_release(const Posting *p, Authority *a)
{
	if (p->hold == NULL)
		return false; /* reported before */
	if (p->entry->signatures == NULL && !p->entry->has_authority_event)
	{
		/* replay_order.c sees that release_after has passed */
		a->anyone = true;
		return true;
	}
	if (p->hold->purpose == STO_PLEDGE || p->hold->purpose == STO_HASH_LOCK)
	{
		if (p->hold->beneficiary == 0)
			return refuse(p, "the hold's beneficiary is unknown");
		if (!authority_of_wallet(
				p, sto_pool_at(&p->r->wallets, sto_fold_heir(p->r, p->hold->beneficiary)), a))
			return false;
		a->holder = false;
		return true;
	}
	if (p->hold->purpose == STO_SEIZURE || p->hold->purpose == STO_FREEZE)
		return authority_of_enforcer(p, a);
	if (!is_notary(p))
		return refuse(p, "only the hold's notary may release it early");
	return authority_of_party(p, a);
}

/* The holder's order; the issuer's only where terms fixed at first issue allow. */
static bool
authority_to_redeem(const Posting *p, Authority *a)
{
	if (sto_fold_is_issuers_redeem(p) && p->token->redemption.event != 0)
		return authority_of_party(p, a);
	return authority_of_wallet(p, p->debit, a);
}

static bool
find_authority(const Posting *p, Authority *a)
{
	memset(a, 0, sizeof(*a));
	switch (p->order->kind)
	{
		case STO_ISSUE:
			if (p->token == NULL)
				return false; /* reported before */
			if (p->orderer == NULL || p->orderer != sto_pool_at(&p->r->parties, p->token->issuer))
				return refuse(p, "only the token's issuer may issue it");
			a->holder = true;
			return authority_of_party(p, a);
		case STO_REDEEM:
			return authority_to_redeem(p, a);
		case STO_HOLD:
			return authority_to_hold(p, a);
		case STO_POST:
			return authority_to_post(p, a);
		case STO_RELEASE:
			return authority_to_release(p, a);
		case STO_FORCE:
		case STO_RECOVER:
		case STO_REVERSE:
			return authority_of_officer(p, a);
		default:
			return authority_of_wallet(p, p->debit, a);
	}
}

static void
check_signatures(Posting *p, const Authority *a)
{
	uint8_t msg[STO_ORDER_MAX];
	StoWriter w;
	const Policy *policy;
	uint8_t count;

	if (a->policy == 0)
	{
		(void) refuse(p, "whoever has to sign has no keys");
		return;
	}
	policy = sto_pool_at(&p->r->policies, a->policy);
	p->key_policy = policy->event;
	sto_writer_init(&w, msg, sizeof(msg));
	if (p->r->calls.check != NULL)
		sto_put_order(&w, p->r->ledger_id, p->order);
	if (w.failed)
	{
		sto_fold_bad(p, STO_CHECK_RULE, "the order is too long to be signed");
		return;
	}
	(void) sto_fold_quorum(p->r, p->entry->entry_id, "order", policy, p->entry->signatures,
						   p->entry->signatures_len, p->entry->posted_at, msg, w.len, &count);
}

/* The order has neither signatures nor a batch. */
static void
check_unsigned(const Posting *p, const Authority *a)
{
	if (!a->holder || p->token == NULL || p->token->unsigned_role == 0)
		(void) refuse(p, "the order is not signed");
	else if (p->order->kind != STO_ISSUE && p->debit != NULL && p->debit->signed_only)
		(void) refuse(p, "the order is not signed and the wallet takes signed orders only");
	else
		p->r->counts.unsigned_by_role++;
}

void
sto_fold_permit(Posting *p)
{
	Authority a;
	bool is_signed = p->entry->signatures != NULL;

	if (!find_authority(p, &a))
		return;
	if (a.anyone)
	{
		/* nobody signed, so nobody else's order ids may be used up */
		p->unsigned_by_rule = true;
		p->r->counts.unsigned_by_rule++;
		if (is_signed || p->entry->has_authority_event)
			(void) refuse(p, "this order takes no signature");
		if (memcmp(p->order->ordering_party, p->entry->posted_by, STO_UUID_LEN) != 0)
			(void) refuse(p, "an unsigned release or post that another party than its "
							 "submitter orders");
		return;
	}
	if (is_signed && p->entry->has_authority_event && p->legal == NULL)
		(void) refuse(p, "the order has signatures and cites a batch");
	if (is_signed)
		check_signatures(p, &a);
	else if (p->entry->has_authority_event && p->legal == NULL)
		sto_fold_batch_cited(
			p, a.subject,
			a.policy == 0 ? 0 : ((const Policy *) sto_pool_at(&p->r->policies, a.policy))->event);
	else
		check_unsigned(p, &a);
}
