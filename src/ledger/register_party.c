/*
 * register_party.c
 *		Handlers of events about parties.
 */
#include "postgres.h"

#include "core/identifiers.h"
#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "utils/builtins.h"

/*
 * A party.  Nothing here identifies a person: country, LEI of a legal entity
 * and a salted commitment to the erasable rest (docs/security.md, "Personal data").
 */
void
sto_register_party(StoAct *act)
{
	static const char *const kinds[] = {"natural", "legal", "joint", "estate"};
	const StoBody *body = &act->body;
	const char *kind = body->value[STO_F_KIND].text;
	const char *country = body->value[STO_F_COUNTRY].text;
	const char *lei = body->value[STO_F_LEI].text;
	bool has_keys = STO_BODY_HAS(body, STO_F_KEYS);
	const char *why;
	Datum values[PARTY_COLUMNS] = {0};
	bool nulls[PARTY_COLUMNS] = {false};

	sto_require_one_of("kind of party", kind, kinds, lengthof(kinds));
	nulls[PARTY_COUNTRY - 1] = !STO_BODY_HAS(body, STO_F_COUNTRY);
	if (!nulls[PARTY_COUNTRY - 1])
	{
		if ((why = sto_country_check(country, strlen(country))) != NULL)
			sto_act_refuse("country \"%.40s\": %s", country, why);
		values[PARTY_COUNTRY - 1] = CStringGetTextDatum(country);
	}
	nulls[PARTY_LEI - 1] = !STO_BODY_HAS(body, STO_F_LEI);
	if (!nulls[PARTY_LEI - 1])
	{
		if ((why = sto_lei_check(lei, strlen(lei))) != NULL)
			sto_act_refuse("lei \"%.40s\": %s", lei, why);
		/* ISO 17442-1: for legal entities, natural persons acting in business included */
		values[PARTY_LEI - 1] = StoOctetsGetDatum(lei, STO_LEI_LEN);
	}
	nulls[PARTY_COMMITMENT - 1] = !STO_BODY_HAS(body, STO_F_COMMITMENT);
	values[PARTY_COMMITMENT - 1] =
		StoOctetsGetDatum(body->value[STO_F_COMMITMENT].octets, STO_DIGEST_LEN);

	values[PARTY_REGISTERED - 1] = Int64GetDatum(act->event.entry_id);
	values[PARTY_POLICY_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	nulls[PARTY_POLICY_EVENT - 1] = !has_keys;
	values[PARTY_PARTY_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[PARTY_KIND - 1] = CStringGetTextDatum(kind);
	values[PARTY_STATUS - 1] = CStringGetTextDatum("active");
	nulls[PARTY_INCORPORATION - 1] = nulls[PARTY_FROZEN - 1] = true;
	sto_store_insert(STO_REL_PARTY, values, nulls);
	if (has_keys)
		sto_register_policy(act, act->event.subject, NULL, NULL, false);
}

void
sto_register_party_status(StoAct *act)
{
	bool active = sto_register_status(act);
	StoRow row;

	sto_register_find(STO_REL_PARTY, STO_IDX_PARTY, act->event.subject, &row);
	sto_register_set(&row, PARTY_STATUS, CStringGetTextDatum(active ? "active" : "closed"), false);
	if (!active)
		sto_register_dismiss_witness(act);
	sto_facts_announce();
}
