/*
 * comply.c
 *		The third step: may this token, these wallets and this hold do that now?
 */
#include "postgres.h"

#include "ledger/posting.h"

#include "core/bech32m.h"
#include "errors.h"

static void
check_wallet(const StoWalletFact *wallet, const char *side, StoPartyFact *party)
{
	if (!wallet->active)
	{
		char text[STO_ADDRESS_TEXT_LEN + 1];

		sto_address_print(wallet->address, text);
		ereport(ERROR, (errcode(ERRCODE_STO_WALLET_CLOSED), errmsg("the %s wallet is closed", side),
						errdetail("Wallet %s.", text)));
	}
	if (!sto_fact_party(wallet->party, party) || !party->active)
		ereport(ERROR, (errcode(ERRCODE_STO_PARTY_CLOSED),
						errmsg("the party of the %s wallet is closed", side)));
}

static pg_attribute_noreturn() void hold_terms(const char *message, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_STO_HOLD_TERMS), errmsg("%s", message),
					hint ? errhint("%s", hint) : 0));
}

/* Only issue takes from the issuance wallet, and only redeem gives to it. */
static void
check_issuance(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	bool debits = memcmp(o->debit, p->token.issuance, STO_ADDRESS_LEN) == 0;
	bool credits = o->has_credit && memcmp(o->credit, p->token.issuance, STO_ADDRESS_LEN) == 0;

	if (debits != (o->kind == STO_ISSUE))
		ereport(ERROR, (errcode(ERRCODE_STO_INVALID_ORDER),
						errmsg(debits ? "only an issue takes from the issuance wallet"
									  : "an issue takes from the token's issuance wallet")));
	if (credits != (o->kind == STO_REDEEM))
		ereport(ERROR, (errcode(ERRCODE_STO_INVALID_ORDER),
						errmsg(credits ? "only a redeem gives to the issuance wallet"
									   : "a redeem gives to the token's issuance wallet")));
	if ((p->debit.issuance && !debits) || (o->has_credit && p->credit.issuance && !credits))
		ereport(ERROR, (errcode(ERRCODE_STO_INVALID_ORDER),
						errmsg("the order names the issuance wallet of another token")));
}

/* A new hold: its terms must be able to end. */
static void
check_new_hold(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	const StoPosition *pos = p->debit_pos;
	StoPartyFact notary;

	if (o->has_release_after && o->release_after <= p->entry.posted_at)
		hold_terms("the hold would have expired already", "Set release_after in the future.");
	if (o->has_notary && (!sto_fact_party(o->notary, &notary) || notary.policy_event == 0))
		hold_terms("the hold's notary is not a registered party with keys", NULL);

	/* an issuer locks nobody's units but those that it issues in the same breath */
	if (o->purpose == STO_LOCK_UP && memcmp(o->ordering_party, p->debit.party, STO_UUID_LEN) != 0 &&
		!(pos->last_was_issue && o->has_group && pos->last_has_group &&
		  memcmp(pos->last_group, o->group_id, STO_UUID_LEN) == 0 && o->amount <= pos->last_amount))
		hold_terms("an issuer's lock-up must follow the issue that it locks",
				   "Post the issue and then the lock-up to the same wallet, in one transaction "
				   "and with the same group_id.");
}

static void
check_hold(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	bool expired = p->hold.has_release_after && p->entry.posted_at >= p->hold.release_after;

	if (o->kind == STO_POST && expired)
		hold_terms("the hold has expired", "It can only be released.");
	if (o->kind == STO_RELEASE && p->unsigned_by_rule && !expired)
		hold_terms("the hold has not expired",
				   "Before release_after a release is signed by whoever the hold protects.");
	if (o->kind == STO_POST &&
		(p->hold.purpose == STO_SUBSCRIPTION || p->hold.purpose == STO_SETTLEMENT) && !o->has_group)
		hold_terms("a post of a settlement needs a group_id",
				   "Post every leg of the instruction in one transaction under one group_id.");
}

void
sto_comply(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	StoParties parties;
	StoReasons reasons = {0};

	if (o->has_valid_until && p->entry.posted_at >= o->valid_until)
		ereport(ERROR, (errcode(ERRCODE_STO_ORDER_EXPIRED), errmsg("the order has expired"),
						errhint("Sign it again with a later valid_until.")));
	/* a release frees what is held, whatever else is closed (rules.md, "Who bypasses what") */
	if (o->kind != STO_RELEASE)
	{
		if (!p->token.active)
			ereport(ERROR, (errcode(ERRCODE_STO_TOKEN_CLOSED), errmsg("the token is closed")));
		check_wallet(&p->debit, "debit", &parties.debit);
		if (o->has_credit)
			check_wallet(&p->credit, "credit", &parties.credit);
	}
	check_issuance(p);
	if (o->kind == STO_HOLD)
		check_new_hold(p);
	if (o->has_hold_id)
		check_hold(p);
	if (o->kind != STO_RELEASE)
	{
		sto_comply_checks(p, &parties, &reasons);
		sto_reasons_raise(&reasons);
	}
}
