/*
 * eligible_answer.c
 *		May this party hold this token now, and if not, why not?
 *
 * Who may ask: readers of the whole register, the token's issuer, the party itself
 * and who orders for it by a mandate (docs/security.md, "Who may ask what").
 */
#include "postgres.h"

#include "ledger/eligibility.h"
#include "ledger/mandate.h"
#include "ledger/reader.h"
#include "ledger/register.h"

#include "errors.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(sto_why_not_eligible);

static bool
may_ask(const StoTokenFact *token, const uint8_t *about, int64 at)
{
	uint8_t party[STO_UUID_LEN];
	bool member = sto_fact_member_try(party);
	int64 from;
	int64 to;

	if (sto_reads_register(member ? party : NULL))
		return true;
	return member && (sto_uuid_equal(party, about) || sto_uuid_equal(party, token->issuer) ||
					  sto_mandate_in_force(about, party, at, &from, &to));
}

/*
 * sto.why_not_eligible(token_id uuid, party_id uuid) returns setof record
 *
 * One row for each topic without a claim that counts now, and one if the party
 * is closed; none if it is eligible.  The same code as the gate's.
 *
 * Errors: 42501 the role may not ask; ST201, ST205 unknown token or party; ST402
 * the ledger is not open.
 */
Datum
sto_why_not_eligible(PG_FUNCTION_ARGS)
{
	const uint8_t *token_id = PG_GETARG_UUID_P(0)->data;
	const uint8_t *party_id = PG_GETARG_UUID_P(1)->data;
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	StoReasons reasons = {0};
	int64 at = sto_gate_clock(0);
	StoLedgerFact ledger;
	StoTokenFact token;
	StoPartyFact party;

	InitMaterializedSRF(fcinfo, 0);
	sto_fact_ledger(&ledger);
	if (!sto_fact_token(token_id, &token))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_TOKEN),
						errmsg("token %s is not in the register", sto_uuid_text(token_id))));
	if (!may_ask(&token, party_id, at))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("this role may not ask about this party"),
						errhint("Ask as the party itself, as the token's issuer, or as a reader of "
								"the register.")));
	if (!sto_fact_party(party_id, &party))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_PARTY),
						errmsg("party %s is not in the register", sto_uuid_text(party_id))));

	if (!party.active)
		sto_reason_add(&reasons, STO_REASON_PARTY_CLOSED, STO_REASON_OF_UUID, party_id,
					   "Party %s is closed.", sto_uuid_text(party_id));
	if (token.topics != 0)
		sto_check_eligible(&token, party_id, at, STO_REASON_RECEIVER_NOT_ELIGIBLE, &reasons);
	for (int i = 0; i < reasons.count; i++)
	{
		Datum values[STO_REASON_COLUMNS];
		bool nulls[STO_REASON_COLUMNS];

		sto_reason_values(&reasons.items[i], values, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}
