/*
 * rules_look.c
 *		Statements of who owns what of an omnibus wallet, told to a fold of what rules read.
 */
#include "postgres.h"

#include "ledger/register.h"
#include "log/rules_replay.h"

#include "core/amount.h"

void
sto_rules_look_through(StoRuleFold *fold, StoRuleLook *look, text *json)
{
	uint32 owners[STO_LIST_MAX];
	StoAmount units[STO_LIST_MAX];
	const StoUuids *parties;
	const StoTexts *texts;
	StoBody body;

	sto_body_parse(STO_EVENT_LOOK_THROUGH, json, false, &body);
	parties = &body.value[STO_F_OWNERS].uuids;
	texts = &body.value[STO_F_UNITS].texts;
	/* lists that don't match are for the register's checks */
	if (parties->count != texts->count)
		return;
	for (int i = 0; i < parties->count; i++)
	{
		const char *why;

		if (!sto_amount_parse(texts->items[i], strlen(texts->items[i]), &units[i], &why))
			return;
		owners[i] = sto_rule_fold_party(fold, parties->items[i]);
		if (owners[i] == 0)
			sto_rules_no_memory();
	}
	look->count = parties->count;
	look->owners = owners;
	look->units = units;
	look->seq = body.value[STO_F_SEQ].integer;
	look->token = sto_rule_fold_token(fold, body.value[STO_F_TOKEN].octets);
	if (look->token == 0 || !sto_rule_fold_look_through(fold, look))
		sto_rules_no_memory();
}
