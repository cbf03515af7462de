/*
 * comply_checks.c
 *		Pauses, freezes, units and eligibility.
 */
#include "postgres.h"

#include "ledger/acknowledge.h"
#include "ledger/attach.h"
#include "ledger/eligibility.h"
#include "ledger/redeem.h"
#include "ledger/register.h"

#include "core/amount.h"
#include "core/bech32m.h"

/* What is enforced on an order: the table of docs/security.md, "Who bypasses what".  A release
 * passes everything. */
typedef struct Enforced
{
	bool pause;           /* the token is not paused */
	bool freeze;          /* neither the ordering party nor, where asked, a side is frozen */
	bool debit;           /* the debit wallet and its party are not */
	bool credit;          /* nor the credit wallet, if one is named */
	bool available;       /* the debit wallet has the units, not held */
	bool receiver;        /* the party of the credit wallet is eligible, if one is named */
	bool sender;          /* the party of the debit wallet is */
	bool sender_as_token; /* unless the token asks it of receivers only */
} Enforced;

static const Enforced enforced[STO_REVERSE + 1] = {
	[STO_ISSUE] = {.pause = true, .freeze = true, .credit = true, .receiver = true},
	[STO_REDEEM] = {.pause = true, .freeze = true, .debit = true, .available = true},
	[STO_TRANSFER] = {.pause = true,
					  .freeze = true,
					  .debit = true,
					  .credit = true,
					  .available = true,
					  .receiver = true,
					  .sender = true,
					  .sender_as_token = true},
	[STO_HOLD] = {.pause = true,
				  .freeze = true,
				  .debit = true,
				  .credit = true,
				  .available = true,
				  .receiver = true,
				  .sender = true},
	[STO_POST] = {.pause = true,
				  .freeze = true,
				  .debit = true,
				  .credit = true,
				  .receiver = true,
				  .sender = true,
				  .sender_as_token = true},
	[STO_FORCE] = {.freeze = true, .credit = true, .available = true},
	[STO_RECOVER] = {.freeze = true, .credit = true},
	[STO_REVERSE] = {.freeze = true, .credit = true, .available = true},
};

/* Lock-ups protect others than the holder, and officers answer to nobody's freeze: nothing stops
 * them. */
static const Enforced lock_up = {.available = true};

static const Enforced *
enforced_on(const StoOrder *o)
{
	if (o->kind == STO_HOLD && o->purpose >= STO_LOCK_UP)
		return &lock_up;
	return &enforced[o->kind];
}

bool
sto_needs_available(const StoOrder *order)
{
	return enforced_on(order)->available;
}

static bool
same_party(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, STO_UUID_LEN) == 0;
}

static void
check_wallet(const StoWalletFact *wallet, StoReasons *reasons)
{
	char text[STO_ADDRESS_TEXT_LEN + 1];

	if (wallet->frozen == 0)
		return;
	sto_address_print(wallet->address, text);
	sto_reason_add(reasons, STO_REASON_WALLET_FROZEN, STO_REASON_OF_WALLET, wallet->address,
				   "Wallet %s was frozen by event " INT64_FORMAT ".", text, wallet->frozen);
}

static void
check_party(const StoPartyFact *party, StoReasons *reasons)
{
	if (party->frozen != 0)
		sto_reason_add(reasons, STO_REASON_PARTY_FROZEN, STO_REASON_OF_UUID, party->party_id,
					   "Party %s was frozen by event " INT64_FORMAT ".",
					   sto_uuid_text(party->party_id), party->frozen);
}

static void
check_still_frozen(const StoPosting *p, StoReasons *reasons)
{
	char text[STO_ADDRESS_TEXT_LEN + 1];

	if (p->credit.frozen != 0)
		return;
	sto_address_print(p->debit.address, text);
	sto_reason_add(reasons, STO_REASON_WALLET_FROZEN, STO_REASON_OF_WALLET, p->debit.address,
				   "Wallet %s was frozen by event " INT64_FORMAT
				   ", and the wallet that would succeed it is not.",
				   text, p->debit.frozen);
}

static void
check_frozen(const StoPosting *p, const Enforced *e, const StoParties *parties, StoReasons *reasons)
{
	const StoOrder *o = &p->entry.order;
	bool credit = e->credit && o->has_credit;
	bool debit_asked = e->debit;
	StoPartyFact ordering;

	if (e->debit)
		check_wallet(&p->debit, reasons);
	/* what was frozen stays so: a frozen wallet's units go to one that is frozen too */
	if (o->kind == STO_RECOVER && p->debit.frozen != 0)
		check_still_frozen(p, reasons);
	else if (credit)
		check_wallet(&p->credit, reasons);
	/* who orders is often one of the two: each party once */
	if (same_party(o->ordering_party, p->debit.party))
		debit_asked = true;
	else if ((!credit || !same_party(o->ordering_party, p->credit.party)) &&
			 sto_fact_party(o->ordering_party, &ordering))
		check_party(&ordering, reasons);
	if (debit_asked)
		check_party(&parties->debit, reasons);
	if (credit && (!debit_asked || !same_party(p->debit.party, p->credit.party)))
		check_party(&parties->credit, reasons);
}

static void
check_available(const StoPosting *p, StoReasons *reasons)
{
	const StoPosition *pos = p->debit_pos;
	char address[STO_ADDRESS_TEXT_LEN + 1];
	char available[STO_AMOUNT_TEXT_MAX];
	char held[STO_AMOUNT_TEXT_MAX];
	char needed[STO_AMOUNT_TEXT_MAX];
	char broken[STO_AMOUNT_TEXT_MAX];
	char attached[STO_AMOUNT_TEXT_MAX];
	StoAmount named = p->legal == NULL ? 0 : sto_case_broken(p->legal);
	StoAmount kept = sto_attached(p);
	StoAmount loose = sto_available(p);

	if (p->entry.order.amount <= loose + named)
		return;
	sto_address_print(pos->key.wallet, address);
	sto_amount_print(loose, available);
	sto_amount_print(pos->held, held);
	sto_amount_print(p->entry.order.amount, needed);
	sto_amount_print(named, broken);
	sto_amount_print(kept, attached);
	sto_reason_add(reasons, STO_REASON_INSUFFICIENT, STO_REASON_OF_WALLET, pos->key.wallet,
				   "Wallet %s has %s available (%s held%s%s%s%s); the order needs %s.", address,
				   available, held, named > 0 ? ", of which the case breaks " : "",
				   named > 0 ? broken : "", kept > 0 ? ", attachments of " : "",
				   kept > 0 ? attached : "", needed);
	sto_reason_limit(reasons, available, needed, loose + named);
}

/* The issuance wallet alone goes below zero: what it lacks is outstanding. */
static void
check_authorised(const StoPosting *p, StoReasons *reasons)
{
	StoAmount left = p->token.authorised + p->debit_pos->balance;
	char limit[STO_AMOUNT_TEXT_MAX];
	char outstanding[STO_AMOUNT_TEXT_MAX];
	char amount[STO_AMOUNT_TEXT_MAX];

	if (!p->token.has_authorised || p->entry.order.amount <= left)
		return;
	sto_amount_print(p->token.authorised, limit);
	sto_amount_print(-p->debit_pos->balance, outstanding);
	sto_amount_print(p->entry.order.amount, amount);
	sto_reason_add(reasons, STO_REASON_OVER_AUTHORISED, STO_REASON_OF_UUID, p->token.token_id,
				   "%s are outstanding, %s are authorised; the issue is of %s.", outstanding, limit,
				   amount);
	sto_reason_limit(reasons, limit, outstanding, left);
	sto_reason_whose(reasons, STO_ABOUT_TOKEN);
}

/* Who may release what has expired, which is everybody, is told; before that it is nobody's matter.
 */
static void
check_remaining(const StoPosting *p, StoReasons *reasons)
{
	char left[STO_AMOUNT_TEXT_MAX];
	char needed[STO_AMOUNT_TEXT_MAX];

	if (p->entry.order.amount <= p->hold.remaining ||
		(p->unsigned_by_rule && p->entry.order.kind == STO_RELEASE && !sto_hold_expired(p)))
		return;
	sto_amount_print(p->hold.remaining, left);
	sto_amount_print(p->entry.order.amount, needed);
	sto_reason_add(reasons, STO_REASON_HOLD_EXCEEDED, STO_REASON_OF_ORDER, NULL,
				   "Hold " INT64_FORMAT " has %s left; the order needs %s.", p->hold.hold_id, left,
				   needed);
	sto_reason_limit(reasons, left, needed, p->hold.remaining);
}

/* A move between wallets of one party needs no claim. */
static void
check_eligibility(const StoPosting *p, const Enforced *e, StoReasons *reasons)
{
	const StoOrder *o = &p->entry.order;

	if (p->token.topics == 0 || (o->has_credit && same_party(p->debit.party, p->credit.party)))
		return;
	if (e->receiver && o->has_credit)
		sto_check_eligible(&p->token, p->credit.party, p->entry.posted_at,
						   STO_REASON_RECEIVER_NOT_ELIGIBLE, reasons);
	if (e->sender && !(e->sender_as_token && p->token.receiver_only))
		sto_check_eligible(&p->token, p->debit.party, p->entry.posted_at,
						   STO_REASON_SENDER_NOT_ELIGIBLE, reasons);
}

void
sto_comply_checks(const StoPosting *p, const StoParties *parties, StoReasons *reasons)
{
	const StoOrder *o = &p->entry.order;
	const Enforced *e = enforced_on(o);

	if (e->pause && p->token.paused != 0)
		sto_reason_add(reasons, STO_REASON_TOKEN_PAUSED, STO_REASON_OF_UUID, p->token.token_id,
					   "Token %s was paused by event " INT64_FORMAT ".",
					   sto_uuid_text(p->token.token_id), p->token.paused);
	if (e->freeze)
		check_frozen(p, e, parties, reasons);
	if (e->available)
		check_available(p, reasons);
	sto_redeem_check(p, reasons);
	if (o->kind == STO_RECOVER && sto_attached(p) > 0)
		sto_reason_add(
			reasons, STO_REASON_INSUFFICIENT, STO_REASON_OF_WALLET, p->debit.address,
			"The wallet has attached units, which do not follow: attach as many of the new "
			"wallet, then lift these.");
	if (o->kind == STO_ISSUE)
		check_authorised(p, reasons);
	if (o->has_hold_id)
		check_remaining(p, reasons);
	check_eligibility(p, e, reasons);
	if (e->receiver && o->has_credit)
		sto_check_acknowledged(p, reasons);
	sto_ruling_check(p, reasons);
}
