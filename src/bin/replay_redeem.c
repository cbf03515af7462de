/*
 * replay_redeem.c
 *		Redemptions by issuers: the terms, what was paid in a statement, and what
 *		each redeem uses of it (docs/format.md, "Redemption by the issuer").
 */
#include "bin/replay_state.h"

#include "core/amount.h"

#include <string.h>

static StoAmount
units_redeemed(const StoBody *body)
{
	return STO_BODY_HAS(body, STO_F_PER) ? body->value[STO_F_PER].amount : 1;
}

/* Can a cost be worked out on these terms? */
static bool
is_sound(const StoBody *body)
{
	StoAmount product;

	return body->value[STO_F_PRICE].amount > 0 && units_redeemed(body) > 0 &&
		   sto_amount_mul(body->value[STO_F_PRICE].amount, units_redeemed(body), &product);
}

void
sto_fold_vet_redemption(const Act *act)
{
	if (!is_sound(&act->body))
		sto_fold_refuse(act, STO_CHECK_BODY,
						"\"price\" and \"per\" must be above zero, and their product in range");
}

bool
sto_fold_redemption_terms(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	Token *token = sto_pool_at(&r->tokens, act->subject->row);
	const Position *issued = sto_fold_position(r, token->issuance, act->subject->row, NULL);
	uint32_t number;
	Token *payment = sto_fold_token(r, body->value[STO_F_TOKEN].octets, &number);
	Period period = sto_fold_period(act);

	sto_fold_vet_redemption(act);
	if (payment == NULL || payment == token)
		sto_fold_refuse(act, STO_CHECK_RULE, "it names no other token of the register");
	if (issued != NULL && issued->seq > 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "the token had been issued");
	if (payment == NULL || !is_sound(body))
		return true;
	token->redemption.period = period;
	token->redemption.event = act->event->entry_id;
	token->redemption.token = number;
	token->redemption.price = body->value[STO_F_PRICE].amount;
	token->redemption.per = units_redeemed(body);
	payment->pays = true;
	return true;
}

static bool
orderer_keeps(const Posting *p, const Wallet *wallet)
{
	return wallet->custodian != 0 && p->orderer == sto_pool_at(&p->r->parties, wallet->custodian);
}

bool
sto_fold_is_issuers_redeem(const Posting *p)
{
	const StoReplay *r = p->r;

	return p->order->kind == STO_REDEEM && p->token != NULL && p->debit != NULL &&
		   p->orderer != NULL && p->orderer == sto_pool_at(&r->parties, p->token->issuer) &&
		   p->orderer != sto_pool_at(&r->parties, p->debit->party) && !orderer_keeps(p, p->debit) &&
		   !sto_fold_has_mandate(r, p->debit->party, p->order->ordering_party, p->entry->posted_at);
}

/* Payments that add up with those to this holder in that token. */
static void
make_key(const Posting *p, uint32_t token, uint32_t holder, PaymentKey *key)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->group_id, p->order->group_id, STO_UUID_LEN);
	memcpy(key->issuer, p->order->ordering_party, STO_UUID_LEN);
	key->received_at = p->entry->received_at;
	key->token = token;
	key->holder = holder;
}

static uint64_t
payment_hash(const StoReplay *r, const PaymentKey *key)
{
	return sto_seeded_hash(r->seed, key, sizeof(*key));
}

static Payment *
find_payment(const StoReplay *r, const PaymentKey *key)
{
	uint64_t hash = payment_hash(r, key);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_payment, hash, &at)) != 0)
	{
		Payment *payment = sto_pool_at(&r->payments, found);

		if (memcmp(&payment->key, key, sizeof(*key)) == 0)
			return payment;
	}
	return NULL;
}

static Payment *
make_payment(StoReplay *r, const PaymentKey *key)
{
	Payment *payment = find_payment(r, key);
	uint32_t made;

	if (payment != NULL)
		return payment;
	payment = sto_pool_add(&r->payments, &made);
	if (payment == NULL || !sto_index_add(&r->by_payment, payment_hash(r, key), made))
		return NULL;
	payment->key = *key;
	return payment;
}

bool
sto_fold_index_payments(StoReplay *r)
{
	bool good = true;

	for (uint32_t i = 1; good && i <= r->payments.count; i++)
	{
		const Payment *payment = sto_pool_at(&r->payments, i);

		good = sto_index_add(&r->by_payment, payment_hash(r, &payment->key), i);
	}
	return good;
}

static bool
add_payment(const Posting *p)
{
	PaymentKey key;
	Payment *payment;

	make_key(p, p->token_row, p->credit->party, &key);
	payment = make_payment(p->r, &key);
	if (payment == NULL)
		return sto_fold_stop(p->r, p->entry->entry_id, "there is no memory");
	if (!sto_amount_add(payment->unused, p->order->amount, &payment->unused))
		sto_fold_bad(p, STO_CHECK_BALANCE, "a group's payments leave the range of 128 bits");
	return true;
}

static void
use_payment(const Posting *p)
{
	const Redemption *terms = &p->token->redemption;
	char needed[STO_AMOUNT_TEXT_MAX] = "more than an amount can say";
	char paid[STO_AMOUNT_TEXT_MAX];
	Payment *payment = NULL;
	StoAmount due = 0;
	PaymentKey key;
	bool in_range = sto_amount_scale(p->order->amount, terms->price, terms->per, true, &due);

	if (p->order->has_group)
	{
		make_key(p, terms->token, p->debit->party, &key);
		payment = find_payment(p->r, &key);
	}
	if (in_range && payment != NULL && due <= payment->unused)
	{
		payment->unused -= due;
		return;
	}
	if (in_range)
		sto_amount_print(due, needed);
	sto_amount_print(payment == NULL ? 0 : payment->unused, paid);
	sto_fold_bad(p, STO_CHECK_GROUP,
				 "the issuer redeems what costs %s and had paid %s, not used before, in its "
				 "statement and group",
				 needed, paid);
}

bool
sto_fold_redeem(const Posting *p)
{
	if (p->token == NULL || p->debit == NULL || p->credit == NULL)
		return true; /* reported before */
	if (p->token->pays && p->order->has_group && p->order->kind == STO_TRANSFER &&
		p->debit->party != p->credit->party && !orderer_keeps(p, p->credit))
		return add_payment(p);
	if (p->token->redemption.event == 0 || !sto_fold_is_issuers_redeem(p))
		return true;
	if (!sto_fold_in_force(&p->token->redemption.period, p->entry->posted_at))
		sto_fold_bad(p, STO_CHECK_AUTHORITY, "the terms of redemption were not in force");
	use_payment(p);
	return true;
}
