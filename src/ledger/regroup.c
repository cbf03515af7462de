/*
 * regroup.c
 *		Counting holders anew, when a rule first asks for it, and moving a party from
 *		group to group, when a fact of it changes.  Nobody posts meanwhile.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/gate.h"
#include "ledger/holder_group.h"
#include "ledger/holding.h"
#include "ledger/look_through.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "core/amount.h"

#include "utils/builtins.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

typedef struct PartyTotal
{
	uint8_t party_id[STO_UUID_LEN];
	StoAmount total;
} PartyTotal;

static void
add_to_party(const uint8_t *party_id, StoAmount units, void *totals)
{
	bool found;
	PartyTotal *total = hash_search(totals, party_id, HASH_ENTER, &found);

	if (!found)
		total->total = 0;
	(void) sto_amount_add(total->total, units, &total->total);
}

/* What each party has of the token. */
static HTAB *
add_up_parties(const uint8_t *token_id)
{
	Datum key = StoUuidGetDatum(token_id);
	HASHCTL ctl;
	HTAB *totals;
	StoScan scan;

	ctl.keysize = STO_UUID_LEN;
	ctl.entrysize = sizeof(PartyTotal);
	ctl.hcxt = CurrentMemoryContext;
	totals = hash_create("sto totals", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	/* what this transaction moved may not have been written back yet */
	sto_gate_flush();
	sto_scan_begin(&scan, STO_REL_POSITION, STO_IDX_POSITION, 1, &key, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		StoAmount balance;
		StoWalletFact wallet;

		CHECK_FOR_INTERRUPTS();
		memcpy(&balance, DatumGetPointer(slot_getattr(scan.slot, POSITION_BALANCE, &isnull)),
			   STO_AMOUNT_LEN);
		if (balance <= 0 || !sto_fact_wallet((const uint8_t *) DatumGetPointer(
												 slot_getattr(scan.slot, POSITION_WALLET, &isnull)),
											 &wallet))
			continue;
		add_to_party(wallet.party, balance, totals);
	}
	sto_scan_end(&scan);
	sto_look_through_each(token_id, add_to_party, totals);
	return totals;
}

/* Groups that were counted before stay, also those that nobody is in. */
static void
add_known_groups(StoGroupChanges *changes, const StoTokenRules *rules)
{
	Datum key = StoUuidGetDatum(rules->token_id);
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_HOLDER_GROUP, STO_IDX_HOLDER_GROUP, 1, &key, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		char *name = TextDatumGetCString(slot_getattr(scan.slot, HOLDER_GROUP_BY, &isnull));
		int by = STO_BY_ALL;

		while (by < STO_BY_TOPIC && strcmp(sto_by_name((StoRuleBy) by), name) != 0)
			by++;
		sto_groups_add(changes, rules, (StoRuleBy) by,
					   TextDatumGetCString(slot_getattr(scan.slot, HOLDER_GROUP_VALUE, &isnull)));
	}
	sto_scan_end(&scan);
}

void
sto_groups_recount(const StoTokenRules *rules)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "sto recount", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	HTAB *totals = add_up_parties(rules->token_id);
	StoGroupChanges changes = {0};
	HASH_SEQ_STATUS status;
	const PartyTotal *party;

	hash_seq_init(&status, totals);
	while ((party = hash_seq_search(&status)) != NULL)
		sto_groups_add_party(&changes, rules, party->party_id, 0, party->total);
	add_known_groups(&changes, rules);
	sto_groups_set(&changes);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/* One token of which the party has units. */
typedef struct Held
{
	const StoTokenRules *rules;
	StoAmount total;
	StoGroupChanges changes;
	struct Held *next;
} Held;

struct StoRegroup
{
	uint8_t party[STO_UUID_LEN];
	Held *held;
};

static void
leave_groups(const StoTokenRules *rules, void *arg)
{
	StoRegroup *regroup = arg;
	StoAmount total = sto_counted_total(rules, regroup->party);
	Held *held;

	if (total == 0)
		return;
	held = palloc0(sizeof(Held));
	held->rules = rules;
	held->total = total;
	held->next = regroup->held;
	regroup->held = held;
	sto_groups_add_party(&held->changes, rules, regroup->party, total, 0);
}

StoRegroup *
sto_regroup_begin(const uint8_t *party)
{
	StoRegroup *regroup = palloc0(sizeof(StoRegroup));

	memcpy(regroup->party, party, STO_UUID_LEN);
	sto_rules_each_grouped(leave_groups, regroup);
	return regroup;
}

void
sto_regroup_end(StoRegroup *regroup)
{
	for (Held *held = regroup->held; held != NULL; held = held->next)
	{
		sto_groups_add_party(&held->changes, held->rules, regroup->party, 0, held->total);
		sto_groups_lock(&held->changes);
		sto_groups_apply(&held->changes);
	}
}
