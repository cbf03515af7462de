/*
 * comply.c
 *		The third step: may this token, these wallets and this hold do that now?
 */
#include "postgres.h"

#include "ledger/posting.h"

#include "core/bech32m.h"
#include "errors.h"

static void
check_wallet(const StoWalletFact *wallet, bool debit, StoPartyFact *party, StoReasons *reasons)
{
	char text[STO_ADDRESS_TEXT_LEN + 1];

	if (!wallet->active)
	{
		sto_address_print(wallet->address, text);
		sto_reason_add(reasons, STO_REASON_WALLET_CLOSED, STO_REASON_OF_WALLET, wallet->address,
					   "Wallet %s is closed.", text);
		sto_reason_message(
			reasons, debit ? "the debit wallet is closed" : "the credit wallet is closed", NULL);
	}
	if (!sto_fact_party(wallet->party, party) || !party->active)
		sto_reason_fact(reasons, STO_REASON_PARTY_CLOSED, STO_REASON_OF_UUID, wallet->party,
						debit ? "the party of the debit wallet is closed"
							  : "the party of the credit wallet is closed",
						NULL);
}

static void
malformed(StoReasons *reasons, const char *message)
{
	sto_reason_fact(reasons, STO_REASON_MALFORMED, STO_REASON_OF_ORDER, NULL, message, NULL);
}

static void
hold_terms(StoReasons *reasons, const char *message, const char *hint)
{
	sto_reason_fact(reasons, STO_REASON_HOLD_TERMS, STO_REASON_OF_ORDER, NULL, message, hint);
}

/* Only issue takes from the issuance wallet, and only redeem gives to it. */
static void
check_issuance(const StoPosting *p, StoReasons *reasons)
{
	const StoOrder *o = &p->entry.order;
	bool debits = memcmp(o->debit, p->token.issuance, STO_ADDRESS_LEN) == 0;
	bool credits = o->has_credit && memcmp(o->credit, p->token.issuance, STO_ADDRESS_LEN) == 0;

	if (debits != (o->kind == STO_ISSUE))
		malformed(reasons, debits ? "only an issue takes from the issuance wallet"
								  : "an issue takes from the token's issuance wallet");
	if (credits != (o->kind == STO_REDEEM))
		malformed(reasons, credits ? "only a redeem gives to the issuance wallet"
								   : "a redeem gives to the token's issuance wallet");
	if ((p->debit.issuance && !debits) || (o->has_credit && p->credit.issuance && !credits))
		malformed(reasons, "the order names the issuance wallet of another token");
}

/* A new hold: its terms must be able to end. */
static void
check_new_hold(const StoPosting *p, StoReasons *reasons)
{
	const StoOrder *o = &p->entry.order;
	StoPartyFact notary;

	if (o->has_release_after && o->release_after <= p->entry.posted_at)
		hold_terms(reasons, "the hold would have expired already",
				   "Set release_after in the future.");
	if (o->has_notary && (!sto_fact_party(o->notary, &notary) || notary.policy_event == 0))
		hold_terms(reasons, "the hold's notary is not a registered party with keys", NULL);
	/* nobody holds his units against himself (rules.md, "Holds": never the debtor alone) */
	if (o->has_notary && memcmp(o->notary, p->debit.party, STO_UUID_LEN) == 0)
		hold_terms(reasons, "the hold's notary is who holds the units",
				   "A notary releases a hold before its time: name another party.");

	/* an issuer locks nobody's units but those that it issues in the same breath */
	if (o->purpose == STO_LOCK_UP && memcmp(o->ordering_party, p->debit.party, STO_UUID_LEN) != 0 &&
		!sto_follows_issue(p->debit_pos, o))
		hold_terms(reasons, "an issuer's lock-up must follow the issue that it locks",
				   "Post the issue and then its lock-ups to the same wallet, in one transaction "
				   "and with the same group_id; together they lock at most what was issued.");
}

bool
sto_hold_expired(const StoPosting *p)
{
	return p->hold.has_release_after && p->entry.posted_at >= p->hold.release_after;
}

static void
check_hold(const StoPosting *p, StoReasons *reasons)
{
	const StoOrder *o = &p->entry.order;
	bool expired = sto_hold_expired(p);

	if (o->kind == STO_POST && expired)
		hold_terms(reasons, "the hold has expired", "It can only be released.");
	if (o->kind == STO_RELEASE && p->unsigned_by_rule && !expired)
		hold_terms(reasons, "the hold has not expired",
				   "Before release_after a release is signed by whoever the hold protects.");
	if (o->kind == STO_POST &&
		(p->hold.purpose == STO_SUBSCRIPTION || p->hold.purpose == STO_SETTLEMENT) && !o->has_group)
		hold_terms(reasons, "a post of a settlement needs a group_id",
				   "Post every leg of the instruction in one transaction under one group_id.");
	/* whoever knows the preimage posts: the debtor too, who would let the rest go by a post of one
	 * unit (rules.md, "Holds": never the debtor alone before expiry) */
	if (o->kind == STO_POST && p->hold.purpose == STO_HASH_LOCK && !o->keep_rest &&
		o->amount < p->hold.remaining)
		hold_terms(reasons, "a post of a hash lock releases nothing",
				   "Post all that is left of it, or set keep_rest.");
}

void
sto_comply_reasons(const StoPosting *p, StoReasons *reasons)
{
	const StoOrder *o = &p->entry.order;
	StoParties parties = {0};

	/* a release frees what is held, whatever else is closed (docs/security.md, "Who bypasses what")
	 */
	if (o->kind != STO_RELEASE)
	{
		if (!p->token.active)
			sto_reason_fact(reasons, STO_REASON_TOKEN_CLOSED, STO_REASON_OF_UUID, o->token_id,
							"the token is closed", NULL);
		/* what closes a holder protects nobody from enforcement */
		if (!sto_order_by_case(o))
			check_wallet(&p->debit, true, &parties.debit, reasons);
		else
			(void) sto_fact_party(p->debit.party, &parties.debit);
		if (o->has_credit)
			check_wallet(&p->credit, false, &parties.credit, reasons);
	}
	if (o->has_valid_until && p->entry.posted_at >= o->valid_until)
		sto_reason_fact(reasons, STO_REASON_EXPIRED, STO_REASON_OF_ORDER, NULL,
						"the order has expired", NULL);
	check_issuance(p, reasons);
	if (p->legal != NULL)
		sto_comply_case(p, reasons);
	if (o->kind == STO_HOLD)
		check_new_hold(p, reasons);
	if (o->has_hold_id)
		check_hold(p, reasons);
	sto_comply_checks(p, &parties, reasons);
}

void
sto_comply(const StoPosting *p)
{
	StoReasons reasons = {0};

	sto_comply_reasons(p, &reasons);
	sto_reasons_raise(&reasons);
}
