/*
 * register_batch.c
 *		One quorum's signature over a list of orders (docs/architecture.md, "Batches").
 */
#include "postgres.h"

#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "utils/timestamp.h"

/*
 * The list may be posted while every key that signed it is valid, and until
 * the list's own end: the earliest of these ends, or none.
 */
static bool
usable_until(const StoAct *act, int64 *until)
{
	bool bounded = STO_BODY_HAS(&act->body, STO_F_VALID_UNTIL);

	if (bounded)
		*until = act->body.value[STO_F_VALID_UNTIL].integer;
	for (int i = 0; i < act->policy.count; i++)
	{
		const StoPolicyKey *key = &act->policy.keys[i];

		if (!key->has_to)
			continue;
		for (int j = 0; j < act->signatures.count; j++)
			if (memcmp(act->signatures.items[j].key_id, key->fingerprint, STO_KEY_ID_LEN) == 0 &&
				(!bounded || key->to < *until))
			{
				*until = key->to;
				bounded = true;
			}
	}
	return bounded;
}

void
sto_register_batch(StoAct *act)
{
	const StoBody *body = &act->body;
	StoTokenFact token;
	int64 until = 0;
	Datum values[BATCH_COLUMNS];
	bool nulls[BATCH_COLUMNS] = {false};

	if (!sto_fact_token(body->value[STO_F_TOKEN].octets, &token))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_TOKEN),
						errmsg("token %s is not in the register",
							   sto_uuid_text(body->value[STO_F_TOKEN].octets))));
	if (!token.active)
		ereport(ERROR, (errcode(ERRCODE_STO_TOKEN_CLOSED),
						errmsg("token %s is closed", sto_uuid_text(token.token_id))));
	if (body->value[STO_F_COUNT].integer < 1)
		sto_act_refuse("\"count\" must be above zero");
	if (body->value[STO_F_SUM].amount < 1)
		sto_act_refuse("\"sum\" must be above zero");
	nulls[BATCH_USABLE_UNTIL - 1] = !usable_until(act, &until);
	if (!nulls[BATCH_USABLE_UNTIL - 1] && until <= act->event.recorded_at)
		ereport(ERROR, (errcode(ERRCODE_STO_ORDER_EXPIRED),
						errmsg("the list of orders has expired already")));

	values[BATCH_BATCH_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	values[BATCH_POLICY_EVENT - 1] = Int64GetDatum(act->policy_event);
	values[BATCH_COUNT - 1] = Int64GetDatum(body->value[STO_F_COUNT].integer);
	values[BATCH_SUM - 1] = StoAmountGetDatum(body->value[STO_F_SUM].amount);
	values[BATCH_USABLE_UNTIL - 1] = TimestampTzGetDatum(StoTimeToTimestamp(until));
	values[BATCH_BATCH_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[BATCH_ACTOR - 1] = StoUuidGetDatum(act->event.actor);
	values[BATCH_TOKEN_ID - 1] = StoUuidGetDatum(body->value[STO_F_TOKEN].octets);
	values[BATCH_HASH - 1] = StoOctetsGetDatum(body->value[STO_F_HASH].octets, STO_DIGEST_LEN);
	values[BATCH_POSTED - 1] = BoolGetDatum(false);
	sto_store_insert(STO_REL_BATCH, values, nulls);
}
