/*
 * register_redemption.c
 *		Handler of events that say on which terms a token's issuer may redeem from
 *		its holders.
 *
 * Whoever buys a unit knows them: they are fixed by the first issue (docs/format.md, "Redemption by
 *the issuer").
 */
#include "postgres.h"

#include "core/amount.h"
#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

static StoAmount
units_redeemed(const StoBody *body)
{
	return STO_BODY_HAS(body, STO_F_PER) ? body->value[STO_F_PER].amount : 1;
}

void
sto_vet_redemption_terms(const StoAct *act)
{
	const StoBody *body = &act->body;
	StoAmount price = body->value[STO_F_PRICE].amount;
	StoAmount product;

	if (price <= 0 || units_redeemed(body) <= 0)
		sto_act_refuse("\"price\" and \"per\" must be above zero");
	/* so that what a redeem costs can be worked out exactly: sto_amount_scale() */
	if (!sto_amount_mul(price, units_redeemed(body), &product))
		sto_act_refuse("\"price\" times \"per\" would leave the range of 128 bits");
}

/* Was a unit ever issued?  The issuance wallet moves with every issue. */
static bool
is_issued(const StoTokenFact *token)
{
	Datum keys[2] = {StoUuidGetDatum(token->token_id),
					 StoOctetsGetDatum(token->issuance, STO_ADDRESS_LEN)};
	bool issued = false;
	bool isnull;
	StoRow row;

	/* what this transaction moved may not have been written back yet */
	sto_gate_flush();
	if (sto_store_find(STO_REL_POSITION, STO_IDX_POSITION, 2, keys, &row))
		issued = DatumGetInt64(sto_row_get(&row, POSITION_SEQ, &isnull)) > 0;
	sto_row_close(&row);
	return issued;
}

static void
check_payment_token(const StoAct *act, const uint8_t *token_id)
{
	StoTokenFact payment;

	if (sto_uuid_equal(token_id, act->event.subject))
		sto_act_refuse("a token can't be paid for in itself");
	if (!sto_fact_token(token_id, &payment))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_TOKEN),
						errmsg("token %s is not in the register", sto_uuid_text(token_id))));
}

void
sto_register_redemption_terms(StoAct *act)
{
	const StoBody *body = &act->body;
	StoAmount per = units_redeemed(body);
	Datum values[TOKEN_COLUMNS] = {0};
	bool nulls[TOKEN_COLUMNS] = {false};
	bool replaces[TOKEN_COLUMNS] = {false};
	StoTokenFact token;
	StoRow row;

	sto_vet_redemption_terms(act);
	check_payment_token(act, body->value[STO_F_TOKEN].octets);
	if (!sto_fact_token(act->event.subject, &token))
		elog(ERROR, "token %s is missing", sto_uuid_text(act->event.subject));
	if (is_issued(&token))
		ereport(ERROR,
				(errcode(ERRCODE_STO_INVALID_EVENT),
				 errmsg("the event can't be applied: the token has been issued"),
				 errdetail("Terms on which the issuer may redeem from holders are fixed by the "
						   "first issue."),
				 errhint("Holders redeem by their own orders; other terms take another token.")));
	values[TOKEN_REDEEM_TERMS - 1] = Int64GetDatum(act->event.entry_id);
	values[TOKEN_REDEEM_TOKEN - 1] = StoUuidGetDatum(body->value[STO_F_TOKEN].octets);
	values[TOKEN_REDEEM_PRICE - 1] = StoAmountGetDatum(body->value[STO_F_PRICE].amount);
	values[TOKEN_REDEEM_PER - 1] = StoAmountGetDatum(per);
	sto_register_dates(body, TOKEN_REDEEM_FROM, TOKEN_REDEEM_TO, values, nulls);
	for (int attno = TOKEN_REDEEM_TERMS; attno <= TOKEN_REDEEM_TO; attno++)
		replaces[attno - 1] = true;
	sto_register_find(STO_REL_TOKEN, STO_IDX_TOKEN, act->event.subject, &row);
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
	sto_facts_announce();
}
