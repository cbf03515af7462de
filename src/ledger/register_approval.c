/*
 * register_approval.c
 *		Handlers of events that approve transfers beforehand, and take that back.
 */
#include "postgres.h"

#include "ledger/approval.h"
#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "utils/builtins.h"

#define USES_MAX 1000000

/* A party of the body, or the nil uuid for any. */
static Datum
party_or_any(const StoBody *body, StoField field)
{
	StoPartyFact party;

	if (!STO_BODY_HAS(body, field))
		return StoUuidGetDatum(sto_nil_uuid);
	if (!sto_fact_party(body->value[field].octets, &party))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_PARTY),
						errmsg("party %s is not in the register",
							   sto_uuid_text(body->value[field].octets))));
	return StoUuidGetDatum(body->value[field].octets);
}

/* It only adds, and absence is never cached: nobody needs to be told. */
void
sto_register_transfer_approval(StoAct *act)
{
	const StoBody *body = &act->body;
	int64 uses = body->value[STO_F_USES].integer;
	Datum values[TRANSFER_APPROVAL_COLUMNS];
	bool nulls[TRANSFER_APPROVAL_COLUMNS] = {false};

	if (uses < 1 || uses > USES_MAX)
		sto_act_refuse("\"uses\" must be from 1 to %d", USES_MAX);
	if (body->value[STO_F_AMOUNT].amount <= 0)
		sto_act_refuse("\"amount\" must be above zero");
	values[TRANSFER_APPROVAL_APPROVAL - 1] = Int64GetDatum(act->event.entry_id);
	nulls[TRANSFER_APPROVAL_REVOKED - 1] = true;
	values[TRANSFER_APPROVAL_USES - 1] = values[TRANSFER_APPROVAL_USES_LEFT - 1] =
		Int64GetDatum(uses);
	values[TRANSFER_APPROVAL_AMOUNT - 1] = StoAmountGetDatum(body->value[STO_F_AMOUNT].amount);
	values[TRANSFER_APPROVAL_TOKEN_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[TRANSFER_APPROVAL_APPROVER - 1] = StoUuidGetDatum(act->event.actor);
	values[TRANSFER_APPROVAL_SENDER - 1] = party_or_any(body, STO_F_SENDER);
	values[TRANSFER_APPROVAL_RECEIVER - 1] = party_or_any(body, STO_F_RECEIVER);
	values[TRANSFER_APPROVAL_EXACT - 1] = BoolGetDatum(body->value[STO_F_EXACT].flag);
	sto_register_dates(body, TRANSFER_APPROVAL_VALID_FROM, TRANSFER_APPROVAL_VALID_TO, values,
					   nulls);
	sto_store_insert(STO_REL_TRANSFER_APPROVAL, values, nulls);
}

void
sto_register_approval_revoke(StoAct *act)
{
	int64 id = act->body.value[STO_F_APPROVAL].integer;
	StoApproval *approval = sto_approval_lock(id);

	if (approval == NULL || !sto_uuid_equal(approval->token_id, act->event.subject))
		sto_act_refuse("there is no approval " INT64_FORMAT " for this token", id);
	if (!sto_uuid_equal(approval->approver, act->event.actor))
		ereport(ERROR, (errcode(ERRCODE_STO_NOT_AUTHORISED),
						errmsg("actor %s may not do this", sto_uuid_text(act->event.actor)),
						errdetail("Approval " INT64_FORMAT " was given by %s.", id,
								  sto_uuid_text(approval->approver))));
	if (approval->revoked != 0)
		sto_act_refuse("approval " INT64_FORMAT " is revoked already", id);
	sto_approval_touch(approval);
	approval->revoked = act->event.entry_id;
	sto_gate_flush();
}
