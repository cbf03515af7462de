/*
 * authorise.c
 *		The second step: who must sign this order, and did they?
 *
 * The answer is returned, not raised: a repeated order is answered with its
 * first entry even if a key has changed since, so the gate looks for that
 * before it raises a refusal.
 */
#include "postgres.h"

#include "ledger/batch.h"
#include "ledger/mandate.h"
#include "ledger/posting.h"
#include "ledger/store.h"

#include "core/hash.h"
#include "errors.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* Whose quorum has to sign. */
typedef struct Authority
{
	const uint8_t *subject; /* party or wallet */
	int64 policy_event;     /* 0: it has no keys */
	bool holder;            /* a holder's or issuer's own order, which a token's policy may free */
	bool anyone;            /* nobody has to sign */
	/* of the mandate that it orders by, if it does */
	int64 mandate_from;
	int64 mandate_to;
} Authority;

static const StoRefusal granted = {0};

static StoRefusal
refuse(int sqlstate, const char *message, const char *detail, const char *hint)
{
	StoRefusal refusal = {sqlstate, message, detail, hint};

	return refusal;
}

static bool
same_id(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, STO_UUID_LEN) == 0;
}

static StoRefusal
authority_of_party(const uint8_t *party_id, StoPartyFact *party, Authority *authority)
{
	if (!sto_fact_party(party_id, party))
		return refuse(ERRCODE_STO_UNKNOWN_PARTY, "the ordering party is not in the register", NULL,
					  NULL);
	if (!party->active)
		return refuse(ERRCODE_STO_PARTY_CLOSED, "the ordering party is closed", NULL, NULL);
	authority->subject = party->party_id;
	authority->policy_event = party->policy_event;
	return granted;
}

/* The wallet's own quorum, its custodian's, or that of its party's representative. */
static StoRefusal
authority_of_wallet(const StoPosting *p, const StoWalletFact *wallet, StoPartyFact *party,
					Authority *authority)
{
	const uint8_t *ordering_party = p->entry.order.ordering_party;
	int64 at;

	if (same_id(ordering_party, wallet->party))
	{
		authority->subject = wallet->wallet_id;
		authority->policy_event = wallet->policy_event;
		authority->holder = true;
		return granted;
	}
	if (wallet->has_custodian && same_id(ordering_party, wallet->custodian))
		return authority_of_party(ordering_party, party, authority);
	at = p->mode == STO_MODE_VERIFY ? p->entry.posted_at : sto_gate_clock(0);
	if (sto_mandate_in_force(wallet->party, ordering_party, at, &authority->mandate_from,
							 &authority->mandate_to))
		return authority_of_party(ordering_party, party, authority);
	return refuse(
		ERRCODE_STO_NOT_AUTHORISED, "the ordering party neither owns the wallet nor keeps it", NULL,
		wallet == &p->debit ? "Set ordering_party to the wallet's party, its custodian or a "
							  "representative with a mandate in force."
							: "This hold is its beneficiary's to post and to release early: set "
							  "ordering_party to the party of that wallet, its custodian or a "
							  "representative with a mandate in force.");
}

/* One of the two officers who decided the case; he must still be one. */
static StoRefusal
authority_of_officer(const StoPosting *p, StoPartyFact *party, Authority *authority)
{
	const uint8_t *officer = p->entry.order.ordering_party;
	const StoCase *legal = p->legal;

	if (legal == NULL)
		return refuse(ERRCODE_STO_NO_CASE, "the order cites no case",
					  p->entry.has_authority_event ? "authority_event is not the id of a case."
												   : NULL,
					  "authority_event is the entry_id of the event that opened the case.");
	if (!same_id(officer, legal->opened_by) &&
		!(legal->approved != 0 && same_id(officer, legal->approved_by)))
		return refuse(ERRCODE_STO_NOT_AUTHORISED, "only an officer of the case may carry it out",
					  NULL, "Set ordering_party to the party that opened or approved it.");
	if (!sto_fact_capability(officer, sto_case_capability(sto_case_act_name(legal->act))))
		return refuse(ERRCODE_STO_NOT_AUTHORISED,
					  "the officer does not have the capability that the case's act needs", NULL,
					  NULL);
	return authority_of_party(officer, party, authority);
}

/* What an enforcer holds any enforcer lets go, or delivers. */
static StoRefusal
authority_of_enforcer(const StoPosting *p, StoPartyFact *party, Authority *authority)
{
	const uint8_t *officer = p->entry.order.ordering_party;

	if (!sto_fact_capability(officer, "enforcer"))
		return refuse(ERRCODE_STO_NOT_AUTHORISED,
					  "only an enforcer posts or releases what is seized or frozen", NULL, NULL);
	return authority_of_party(officer, party, authority);
}

static StoRefusal
authority_to_hold(const StoPosting *p, StoPartyFact *party, Authority *authority)
{
	const StoOrder *o = &p->entry.order;

	if (sto_order_by_case(o))
		return authority_of_officer(p, party, authority);
	/* in its own wallet an issuer is a holder like others: the wallet's quorum signs */
	if (o->purpose != STO_LOCK_UP || !same_id(o->ordering_party, p->token.issuer) ||
		same_id(o->ordering_party, p->debit.party))
		return authority_of_wallet(p, &p->debit, party, authority);
	/* comply.c sees that it only locks what the same group has just issued */
	return authority_of_party(o->ordering_party, party, authority);
}

static StoRefusal
authority_to_post(const StoPosting *p, StoPartyFact *party, Authority *authority)
{
	const StoOrder *o = &p->entry.order;

	switch (p->hold.purpose)
	{
		case STO_SUBSCRIPTION:
		case STO_SETTLEMENT:
			if (!same_id(o->ordering_party, p->hold.notary))
				return refuse(ERRCODE_STO_NOT_AUTHORISED, "only the hold's notary may post it",
							  NULL, NULL);
			return authority_of_party(o->ordering_party, party, authority);
		case STO_PLEDGE:
		{
			StoRefusal refusal;

			if (p->legal != NULL)
				return authority_of_officer(p, party, authority);
			refusal = authority_of_wallet(p, &p->credit, party, authority);
			/* no token policy frees a creditor's order from its signature */
			authority->holder = false;
			return refusal;
		}
		case STO_HASH_LOCK:
		{
			uint8_t shown[STO_DIGEST_LEN];

			if (!o->has_preimage)
				return refuse(ERRCODE_STO_NOT_AUTHORISED, "a hash lock is posted by its preimage",
							  NULL, NULL);
			if (!sto_sha256(o->preimage, STO_PREIMAGE_LEN, shown))
				return refuse(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION, "could not hash the preimage",
							  NULL, NULL);
			if (memcmp(shown, p->hold.condition, STO_DIGEST_LEN) != 0)
				return refuse(ERRCODE_STO_NOT_AUTHORISED,
							  "the preimage does not hash to the hold's condition_hash", NULL,
							  NULL);
			authority->anyone = true;
			return granted;
		}
		case STO_SEIZURE:
			if (!p->hold.has_beneficiary)
				return refuse(ERRCODE_STO_NOT_AUTHORISED,
							  "the seizure names no beneficiary: it is only released", NULL, NULL);
			return authority_of_enforcer(p, party, authority);
		default:
			return refuse(ERRCODE_STO_NOT_AUTHORISED, "this hold is only released, never posted",
						  NULL, NULL);
	}
}

/* Before its time only the one who is protected by a hold lets it go. */
static StoRefusal
authority_to_release(const StoPosting *p, StoPartyFact *party, Authority *authority)
{
	const StoOrder *o = &p->entry.order;
	StoWalletFact beneficiary;

	if (p->entry.signatures == NULL && !p->entry.has_authority_event)
	{
		/* comply.c sees that release_after has passed */
		authority->anyone = true;
		return granted;
	}
	switch (p->hold.purpose)
	{
		case STO_PLEDGE:
		case STO_HASH_LOCK:
			if (!sto_fact_wallet(p->hold.beneficiary, &beneficiary))
				return refuse(ERRCODE_STO_UNKNOWN_WALLET, "the hold's beneficiary is unknown", NULL,
							  NULL);
			{
				StoRefusal refusal = authority_of_wallet(p, &beneficiary, party, authority);

				/* the fact is a local copy; its id stands in the party's place */
				if (refusal.sqlstate == 0 && authority->holder)
				{
					memcpy(party->party_id, beneficiary.wallet_id, STO_UUID_LEN);
					authority->subject = party->party_id;
					authority->holder = false;
				}
				return refusal;
			}
		case STO_SEIZURE:
		case STO_FREEZE:
			return authority_of_enforcer(p, party, authority);
		default:
			if (!p->hold.has_notary || !same_id(o->ordering_party, p->hold.notary))
				return refuse(ERRCODE_STO_NOT_AUTHORISED,
							  "only the hold's notary may release it early", NULL,
							  "After release_after anyone may, without a signature.");
			return authority_of_party(o->ordering_party, party, authority);
	}
}

/* The holder's order; the issuer's only where terms fixed at first issue allow (docs/format.md,
 * "Redemption by the issuer"). */
static StoRefusal
authority_to_redeem(const StoPosting *p, StoPartyFact *party, Authority *authority)
{
	const uint8_t *ordering_party = p->entry.order.ordering_party;
	StoRefusal refusal = authority_of_wallet(p, &p->debit, party, authority);

	if (refusal.sqlstate != ERRCODE_STO_NOT_AUTHORISED || !same_id(ordering_party, p->token.issuer))
		return refusal;
	if (!p->token.redeems)
		return refuse(ERRCODE_STO_NOT_AUTHORISED,
					  "the issuer has no terms on which it may redeem from a holder",
					  "They are fixed by the first issue.",
					  "The units are redeemed by an order of their holder.");
	/* of a mandate that is not in force */
	authority->mandate_from = PG_INT64_MIN;
	authority->mandate_to = PG_INT64_MAX;
	/* redeem.c sees that they are in force, and the units paid */
	return authority_of_party(ordering_party, party, authority);
}

static StoRefusal
find_authority(const StoPosting *p, StoPartyFact *party, Authority *authority)
{
	const StoOrder *o = &p->entry.order;

	memset(authority, 0, sizeof(*authority));
	authority->mandate_from = PG_INT64_MIN;
	authority->mandate_to = PG_INT64_MAX;
	switch (o->kind)
	{
		case STO_ISSUE:
			if (!same_id(o->ordering_party, p->token.issuer))
				return refuse(ERRCODE_STO_NOT_AUTHORISED, "only the token's issuer may issue it",
							  NULL, NULL);
			authority->holder = true;
			return authority_of_party(o->ordering_party, party, authority);
		case STO_REDEEM:
			return authority_to_redeem(p, party, authority);
		case STO_HOLD:
			return authority_to_hold(p, party, authority);
		case STO_POST:
			return authority_to_post(p, party, authority);
		case STO_RELEASE:
			return authority_to_release(p, party, authority);
		case STO_FORCE:
		case STO_RECOVER:
		case STO_REVERSE:
			return authority_of_officer(p, party, authority);
		default:
			return authority_of_wallet(p, &p->debit, party, authority);
	}
}

bool
sto_may_order(const StoPosting *p)
{
	StoPartyFact party;
	Authority authority;
	StoRefusal refusal = find_authority(p, &party, &authority);

	return refusal.sqlstate == 0 && !authority.anyone;
}

StoRefusal
sto_authority_refusal(const StoPosting *p)
{
	StoPartyFact party;
	Authority authority;

	return find_authority(p, &party, &authority);
}

/* at_fault: the signature that is; of one that is too few there is none. */
static StoRefusal
quorum_refusal(StoQuorum quorum, const StoSignature *at_fault)
{
	char key_id[2 * STO_KEY_ID_LEN + 1] = "";

	if (at_fault != NULL)
		sto_hex_encode(at_fault->key_id, STO_KEY_ID_LEN, key_id);
	switch (quorum)
	{
		case STO_QUORUM_MET:
			return granted;
		case STO_QUORUM_UNKNOWN_KEY:
			return refuse(
				ERRCODE_STO_KEY_NOT_VALID,
				"a signature is by a key that is not in the present policy", NULL,
				psprintf("Key id %s signed. sto.key_policy_json(sto.present_policy(subject)) "
						 "shows the keys in force of the wallet or party that has to "
						 "sign; one that was rotated out or revoked can't any more.",
						 key_id));
		case STO_QUORUM_NOT_YET_VALID:
			return refuse(ERRCODE_STO_KEY_NOT_VALID, "a signing key is not valid yet", NULL, NULL);
		case STO_QUORUM_EXPIRED:
			return refuse(ERRCODE_STO_KEY_NOT_VALID, "a signing key has expired or was revoked",
						  NULL, NULL);
		case STO_QUORUM_BAD_SIGNATURE:
			return refuse(ERRCODE_STO_BAD_SIGNATURE, "a signature does not verify",
						  "It is not this key's signature over this order in this ledger.",
						  "Compare the signed octets with sto.order_message().");
		case STO_QUORUM_TOO_FEW:
			return refuse(ERRCODE_STO_QUORUM_NOT_MET, "too few keys have signed",
						  "The policy's threshold is higher.", NULL);
		default:
			return refuse(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION,
						  "could not verify a signature: OpenSSL failed", NULL, NULL);
	}
}

/* Narrow [keys_from, keys_to) to where every key that signed is valid. */
static void
narrow_validity(StoPosting *p, const StoPolicy *policy, const StoSigList *list)
{
	for (int s = 0; s < list->count; s++)
		for (int k = 0; k < policy->count; k++)
		{
			const StoPolicyKey *key = &policy->keys[k];

			if (memcmp(key->fingerprint, list->items[s].key_id, STO_KEY_ID_LEN) != 0)
				continue;
			if (key->has_from)
				p->keys_from = Max(p->keys_from, key->from);
			if (key->has_to)
				p->keys_to = Min(p->keys_to, key->to);
		}
}

static StoRefusal
check_signatures(StoPosting *p, const Authority *authority)
{
	uint8_t message[STO_ORDER_MAX];
	StoWriter w;
	StoSigList list;
	StoPolicy policy;
	StoQuorum quorum;
	const char *why = NULL;
	int which;

	if (authority->policy_event == 0 || !sto_fact_policy(authority->policy_event, &policy))
		return refuse(ERRCODE_STO_NOT_AUTHORISED, "whoever has to sign has no keys registered",
					  NULL, NULL);
	if (!sto_siglist_parse(p->entry.signatures, p->entry.signatures_len, &list, &why))
		return refuse(ERRCODE_STO_BAD_SIGNATURE, "the list of signatures can't be read", why,
					  "Make its items with sto.signature().");

	/* stored and hashed in canonical form only */
	sto_writer_init(&w, p->siglist, sizeof(p->siglist));
	sto_put_siglist(&w, &list);
	if (p->mode == STO_MODE_VERIFY &&
		(w.len != p->entry.signatures_len || memcmp(p->siglist, p->entry.signatures, w.len) != 0))
		return refuse(ERRCODE_STO_BROKEN_ROW, "stored signatures are not in canonical form", NULL,
					  NULL);
	p->entry.signatures = p->siglist;
	p->entry.signatures_len = w.len;
	p->entry.has_key_policy = true;
	p->entry.key_policy = authority->policy_event;
	narrow_validity(p, &policy, &list);
	if (!p->check_signatures)
		return granted;

	sto_writer_init(&w, message, sizeof(message));
	sto_put_order(&w, p->ledger.ledger_id, &p->entry.order);
	if (w.failed)
		return refuse(ERRCODE_STO_INVALID_ORDER, "the order is too long", NULL, NULL);
	quorum = sto_quorum_check(&policy, &list, message, w.len,
							  p->mode == STO_MODE_VERIFY ? p->entry.posted_at : sto_gate_clock(0),
							  &which);
	return quorum_refusal(quorum, which >= 0 ? &list.items[which] : NULL);
}

/* The order has neither signatures nor a batch. */
static StoRefusal
check_unsigned(StoPosting *p, const Authority *authority)
{
	const StoKind kind = p->entry.order.kind;

	if (!authority->holder || !p->token.has_unsigned_role)
		return refuse(ERRCODE_STO_QUORUM_NOT_MET, "the order is not signed", NULL,
					  "Sign sto.order_message() with the keys of whoever orders.");
	if (kind != STO_ISSUE && p->debit.signed_only)
		return refuse(ERRCODE_STO_QUORUM_NOT_MET,
					  "the order is not signed and the wallet takes signed orders only", NULL,
					  NULL);
	/* a replica has other roles: there the token's policy alone can be checked */
	if (p->mode == STO_MODE_POST)
	{
		Oid role = get_role_oid(NameStr(p->token.unsigned_role), true);

		if (!OidIsValid(role) || !has_privs_of_role(GetUserId(), role))
			return refuse(ERRCODE_STO_QUORUM_NOT_MET,
						  "the order is not signed and this role may not order unsigned",
						  "The token's policy names another role.", NULL);
	}
	return granted;
}

StoRefusal
sto_authorise(StoPosting *p)
{
	StoPartyFact party;
	Authority authority;
	StoRefusal refusal = find_authority(p, &party, &authority);

	p->entry.has_key_policy = false; /* in verify mode too the policy is found, not taken */
	p->keys_from = PG_INT64_MIN;
	p->keys_to = PG_INT64_MAX;
	p->mandate_from = authority.mandate_from;
	p->mandate_to = authority.mandate_to;
	if (refusal.sqlstate != 0)
		return refusal;

	if (authority.anyone)
	{
		/* nobody signed, so nobody else's order ids may be used up */
		if (p->entry.signatures != NULL || p->entry.has_authority_event)
			return refuse(ERRCODE_STO_INVALID_ORDER, "this order takes no signature", NULL, NULL);
		if (!same_id(p->entry.order.ordering_party, p->entry.posted_by))
			return refuse(ERRCODE_STO_NOT_AUTHORISED,
						  "an unsigned release or post is ordered by the party that submits it",
						  NULL, NULL);
		p->unsigned_by_rule = true;
		return granted;
	}
	if (p->legal != NULL && p->entry.signatures == NULL)
		return check_unsigned(p, &authority);
	if (p->entry.signatures != NULL && p->entry.has_authority_event && p->legal == NULL)
		return refuse(ERRCODE_STO_INVALID_ORDER,
					  "an order has signatures or cites a batch, not both", NULL, NULL);
	if (p->entry.signatures != NULL)
		return check_signatures(p, &authority);
	if (p->entry.has_authority_event)
		return sto_batch_authorise(p, authority.subject, authority.policy_event);
	return check_unsigned(p, &authority);
}

void
sto_authorise_at(const StoPosting *p)
{
	int64 at = p->entry.posted_at;

	if (at < p->mandate_from || at >= p->mandate_to)
		ereport(ERROR, (errcode(ERRCODE_STO_NOT_AUTHORISED),
						errmsg("the mandate is not in force at the time of posting"),
						errhint("It began or ended while the order waited.")));
	if (at >= p->keys_to && p->entry.signatures == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_STO_ORDER_EXPIRED), errmsg("the list of orders has expired"),
				 errhint("Sign a new batch event.")));
	if (at < p->keys_from || at >= p->keys_to)
		ereport(ERROR, (errcode(ERRCODE_STO_KEY_NOT_VALID),
						errmsg("a signing key is not valid at the time of posting"),
						errhint("The key's validity began or ended while the order waited.")));
}
