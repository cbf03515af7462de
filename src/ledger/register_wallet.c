/*
 * register_wallet.c
 *		Handlers of events about wallets.
 */
#include "postgres.h"

#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "utils/builtins.h"

/*
 * From its second wallet on a party's units are added up (holding.h): nobody may go on
 * taking its first one for all.  Its row is locked, so that of two wallets registered at
 * once one is the second.
 */
static void
announce_second(const uint8_t *party_id)
{
	StoRow party;

	sto_register_find(STO_REL_PARTY, STO_IDX_PARTY, party_id, &party);
	sto_row_close(&party);
	if (sto_count_wallets(party_id) != 2)
		return;
	sto_gate_lock_writer(ShareRowExclusiveLock);
	sto_facts_announce();
}

void
sto_register_wallet(StoAct *act)
{
	/* "issuance" wallets come with their tokens only */
	static const char *const kinds[] = {"own", "client", "omnibus", "nominee", "treasury"};
	const StoBody *body = &act->body;
	const char *kind = body->value[STO_F_KIND].text;
	const uint8_t *party_id = body->value[STO_F_PARTY].octets;
	uint8_t address[STO_ADDRESS_LEN];
	StoPartyFact party;
	Datum values[WALLET_COLUMNS];
	bool nulls[WALLET_COLUMNS] = {false};

	sto_require_one_of("kind of wallet", kind, kinds, lengthof(kinds));
	sto_require_party(party_id, &party);
	nulls[WALLET_CUSTODIAN - 1] = !STO_BODY_HAS(body, STO_F_CUSTODIAN);
	if (!nulls[WALLET_CUSTODIAN - 1])
		sto_require_party(body->value[STO_F_CUSTODIAN].octets, &party);
	if (!sto_wallet_address(act->ledger.ledger_id, act->event.subject, address))
		elog(ERROR, "could not compute SHA-256");

	values[WALLET_REGISTERED - 1] = Int64GetDatum(act->event.entry_id);
	values[WALLET_POLICY_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	values[WALLET_WALLET_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[WALLET_PARTY_ID - 1] = StoUuidGetDatum(party_id);
	values[WALLET_CUSTODIAN - 1] = StoUuidGetDatum(body->value[STO_F_CUSTODIAN].octets);
	values[WALLET_ADDRESS - 1] = PointerGetDatum(address);
	values[WALLET_SALT - 1] = PointerGetDatum(body->value[STO_F_SALT].octets);
	values[WALLET_SIGNED_ONLY - 1] = BoolGetDatum(body->value[STO_F_SIGNED_ONLY].flag);
	values[WALLET_KIND - 1] = CStringGetTextDatum(kind);
	values[WALLET_STATUS - 1] = CStringGetTextDatum("active");
	nulls[WALLET_FROZEN - 1] = nulls[WALLET_BARRED - 1] = nulls[WALLET_SUCCESSOR - 1] = true;
	sto_store_insert(STO_REL_WALLET, values, nulls);
	announce_second(party_id);
	/* the holder's keys prove these too, or the registrar alone could name who moves the units */
	sto_register_policy(act, party_id, address,
						nulls[WALLET_CUSTODIAN - 1] ? NULL : body->value[STO_F_CUSTODIAN].octets,
						body->value[STO_F_SIGNED_ONLY].flag);
}

/* ERROR ST208 if the wallet has or holds a unit of any token. */
static void
require_empty(const uint8_t *address)
{
	StoScan tokens;

	/* what this transaction moved may not have been written back yet */
	sto_gate_flush();
	sto_scan_begin(&tokens, STO_REL_TOKEN, STO_IDX_TOKEN, 0, NULL, NULL);
	while (sto_scan_next(&tokens))
	{
		StoRow row;
		bool isnull;
		Datum keys[2];

		keys[0] = slot_getattr(tokens.slot, TOKEN_TOKEN_ID, &isnull);
		keys[1] = PointerGetDatum(unconstify(uint8_t *, address));
		if (sto_store_find(STO_REL_POSITION, STO_IDX_POSITION, 2, keys, &row) &&
			(DatumGetStoAmount(sto_row_get(&row, POSITION_BALANCE, &isnull)) != 0 ||
			 DatumGetStoAmount(sto_row_get(&row, POSITION_HELD, &isnull)) != 0))
			sto_act_refuse("the wallet is not empty: it has units of token %s",
						   sto_uuid_text((const uint8_t *) DatumGetPointer(keys[0])));
		sto_row_close(&row);
	}
	sto_scan_end(&tokens);
}

static void
find_wallet(const StoAct *act, StoRow *row, uint8_t *address)
{
	if (!sto_wallet_address(act->ledger.ledger_id, act->event.subject, address))
		elog(ERROR, "could not compute SHA-256");
	sto_register_find(STO_REL_WALLET, STO_IDX_WALLET, address, row);
}

/* What was lost is not found again. */
static void
refuse_barred(const StoRow *row)
{
	bool isnull;
	Datum barred = sto_row_get(row, WALLET_BARRED, &isnull);

	if (!isnull)
		sto_act_refuse("the wallet was barred by entry " INT64_FORMAT
					   ", which recovered what it had",
					   DatumGetInt64(barred));
}

void
sto_register_wallet_status(StoAct *act)
{
	bool active = sto_register_status(act);
	uint8_t address[STO_ADDRESS_LEN];
	StoRow row;

	find_wallet(act, &row, address);
	if (!active)
		require_empty(address);
	else
		refuse_barred(&row);
	sto_register_set(&row, WALLET_STATUS, CStringGetTextDatum(active ? "active" : "closed"), false);
	sto_facts_announce();
}

void
sto_register_wallet_terms(StoAct *act)
{
	uint8_t address[STO_ADDRESS_LEN];
	StoRow row;

	find_wallet(act, &row, address);
	sto_register_set(&row, WALLET_SIGNED_ONLY,
					 BoolGetDatum(act->body.value[STO_F_SIGNED_ONLY].flag), false);
	sto_facts_announce();
}
