/*
 * register_attach.c
 *		Handlers of events that attach units of a wallet and let them go.
 *
 * An attachment carries out a case of act seizure, as a hold would: so two
 * officers stand behind it.  To let units go takes one, as with a hold.
 */
#include "postgres.h"

#include "ledger/case.h"
#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

static void
subject_address(const StoAct *act, uint8_t address[STO_ADDRESS_LEN])
{
	if (!sto_wallet_address(act->ledger.ledger_id, act->event.subject, address))
		elog(ERROR, "could not compute SHA-256");
}

void
sto_register_attach(StoAct *act)
{
	Datum values[ATTACHMENT_COLUMNS] = {0};
	bool nulls[ATTACHMENT_COLUMNS] = {false};
	uint8_t address[STO_ADDRESS_LEN];
	StoCase *legal;

	subject_address(act, address);
	legal = sto_case_carry_out(act, STO_CASE_SEIZURE, address);

	values[ATTACHMENT_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	values[ATTACHMENT_CASE_EVENT - 1] = Int64GetDatum(legal->event);
	nulls[ATTACHMENT_LIFTED - 1] = true;
	values[ATTACHMENT_AMOUNT - 1] = PointerGetDatum(&legal->amount);
	values[ATTACHMENT_REMAINING - 1] = PointerGetDatum(&legal->amount);
	values[ATTACHMENT_TOKEN_ID - 1] = StoUuidGetDatum(legal->token_id);
	values[ATTACHMENT_WALLET - 1] = PointerGetDatum(address);
	sto_store_insert(STO_REL_ATTACHMENT, values, nulls);
	sto_facts_announce();
}

/* Only what is kept can be let go, in part or as a whole. */
void
sto_register_attach_lift(StoAct *act)
{
	int64 attachment = act->body.value[STO_F_ATTACHMENT].integer;
	StoAmount amount = act->body.value[STO_F_AMOUNT].amount;
	Datum key = Int64GetDatum(attachment);
	Datum values[ATTACHMENT_COLUMNS] = {0};
	bool nulls[ATTACHMENT_COLUMNS] = {false};
	bool replaces[ATTACHMENT_COLUMNS] = {false};
	uint8_t address[STO_ADDRESS_LEN];
	StoAmount remaining;
	StoRow row;
	bool isnull;

	subject_address(act, address);
	if (!sto_store_find_lock(STO_REL_ATTACHMENT, STO_IDX_ATTACHMENT, 1, &key, &row) ||
		memcmp(DatumGetPointer(sto_row_get(&row, ATTACHMENT_WALLET, &isnull)), address,
			   STO_ADDRESS_LEN) != 0)
		sto_act_refuse("there is no attachment " INT64_FORMAT " of that wallet", attachment);
	memcpy(&remaining, DatumGetPointer(sto_row_get(&row, ATTACHMENT_REMAINING, &isnull)),
		   STO_AMOUNT_LEN);
	if (amount <= 0)
		sto_act_refuse("\"amount\" must be positive");
	if (amount > remaining)
		sto_act_refuse("attachment " INT64_FORMAT " does not keep that much", attachment);
	remaining -= amount;
	values[ATTACHMENT_LIFTED - 1] = Int64GetDatum(act->event.entry_id);
	values[ATTACHMENT_REMAINING - 1] = PointerGetDatum(&remaining);
	replaces[ATTACHMENT_LIFTED - 1] = replaces[ATTACHMENT_REMAINING - 1] = true;
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
}
