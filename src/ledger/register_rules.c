/*
 * register_rules.c
 *		Handlers of events about rules of tokens, and of what a party or its
 *		registrar states for them.
 */
#include "postgres.h"

#include "core/rule.h"
#include "ledger/holder_group.h"
#include "ledger/issued.h"
#include "ledger/register.h"
#include "ledger/ruling.h"
#include "types/types.h"

#include "errors.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* Store the set, and count what it reads and no set of the token read before. */
static void
begin_counting(StoAct *act, Datum *values, bool *nulls)
{
	const StoTokenRules *before = sto_rules_of(act->event.subject);
	const StoTokenRules *after;
	StoTokenRules none = {0};
	StoTokenFact token;

	if (before == NULL)
		before = &none;
	sto_store_insert(STO_REL_RULE_SET, values, nulls);
	sto_facts_announce();
	after = sto_rules_of(act->event.subject);
	if (after->holders != before->holders || after->by_country != before->by_country ||
		after->by_class != before->by_class ||
		after->units_by_country != before->units_by_country ||
		after->units_by_class != before->units_by_class ||
		after->topic_count != before->topic_count)
		sto_groups_recount(after);
	if (after->issues && !before->issues && sto_fact_token(act->event.subject, &token))
		sto_issued_recount(act->event.subject, token.issuance, act->event.entry_id);
}

static StoRuleSet *
read_rules(const StoAct *act)
{
	char why[STO_RULE_WHY_MAX];
	StoRuleSet *set = sto_rules_parse(act->event.body, act->event.body_len, why);

	if (set == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_STO_INVALID_EVENT), errmsg("the event can't be applied: %s", why),
				 errhint("docs/format.md, \"Rule sets\", lists the rules and their fields.")));
	return set;
}

void
sto_vet_rule_set(const StoAct *act)
{
	sto_rules_free(read_rules(act));
}

static bool
is_registered(void *context, const uint8_t *party_id)
{
	StoPartyFact party;

	return sto_fact_party(party_id, &party);
}

static void
require_registered(const uint8_t *party_id)
{
	if (!is_registered(NULL, party_id))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_PARTY),
						errmsg("party %s is not in the register", sto_uuid_text(party_id))));
}

/* A copy may lack them: its word is not asked either. */
static void
require_functions(const StoRuleSet *set)
{
	for (int i = 0; i < set->count; i++)
	{
		const StoRule *rule = &set->rules[i];
		Oid function;
		const char *fault =
			rule->code == STO_RULE_CUSTOM ? sto_custom_rule_fault(rule, &function) : NULL;

		if (fault != NULL)
			ereport(
				ERROR,
				(errcode(ERRCODE_STO_INVALID_EVENT),
				 errmsg("the event can't be applied: rule %d would refuse every order", i + 1),
				 errdetail("\"%s\": %s", rule->function, fault),
				 errhint("docs/reference.md, \"Rules\", says what the function must be: make it so "
						 "first, and sign its definition.")));
	}
}

/* Every version is kept: the one in force at a time is chosen by its effective time. */
void
sto_register_rule_set(StoAct *act)
{
	StoRuleSet *set = read_rules(act);
	Datum values[RULE_SET_COLUMNS];
	bool nulls[RULE_SET_COLUMNS] = {false};
	int64 effective;
	bool record_refusals;

	effective = sto_rules_effective(set, act->event.recorded_at);
	record_refusals = set->record_refusals;
	PG_TRY();
	{
		const uint8_t *unknown = sto_rules_unknown_party(set, is_registered, NULL);

		if (unknown != NULL)
			require_registered(unknown);
		if (act->mode == STO_MODE_POST)
			require_functions(set);
	}
	PG_FINALLY();
	{
		sto_rules_free(set);
	}
	PG_END_TRY();

	values[RULE_SET_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[RULE_SET_EFFECTIVE - 1] = TimestampTzGetDatum(StoTimeToTimestamp(effective));
	values[RULE_SET_TOKEN_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[RULE_SET_RECORD_REFUSALS - 1] = BoolGetDatum(record_refusals);
	values[RULE_SET_BODY - 1] =
		PointerGetDatum(cstring_to_text_with_len(act->event.body, act->event.body_len));
	begin_counting(act, values, nulls);
}

static void
require_name(const char *name, const char *field)
{
	size_t len = strlen(name);

	if (len == 0 || len > STO_RULE_NAME_MAX ||
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != len)
		sto_act_refuse("\"%s\" must hold names of 1 to %d of a-z, 0-9 and _", field,
					   STO_RULE_NAME_MAX);
}

void
sto_vet_party_list(const StoAct *act)
{
	require_name(act->body.value[STO_F_LIST].text, "list");
}

void
sto_register_party_list(StoAct *act)
{
	const StoBody *body = &act->body;
	Datum values[PARTY_LIST_COLUMNS];
	bool nulls[PARTY_LIST_COLUMNS] = {false};
	Datum keys[3];

	sto_vet_party_list(act);
	require_registered(body->value[STO_F_PARTY].octets);
	keys[0] = values[PARTY_LIST_TOKEN_ID - 1] = StoUuidGetDatum(act->event.subject);
	keys[1] = values[PARTY_LIST_LIST - 1] = CStringGetTextDatum(body->value[STO_F_LIST].text);
	keys[2] = values[PARTY_LIST_PARTY_ID - 1] = StoUuidGetDatum(body->value[STO_F_PARTY].octets);
	values[PARTY_LIST_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[PARTY_LIST_LISTED - 1] = BoolGetDatum(body->value[STO_F_LISTED].flag);
	sto_register_put(STO_REL_PARTY_LIST, STO_IDX_PARTY_LIST, 3, keys, PARTY_LIST_COLUMNS, values,
					 nulls);
	sto_facts_announce();
}

/* Absence is never cached: who affirms tells nobody. */
void
sto_register_opt_in(StoAct *act)
{
	const StoBody *body = &act->body;
	StoTokenFact token;
	Datum values[OPT_IN_COLUMNS];
	bool nulls[OPT_IN_COLUMNS] = {false};
	Datum keys[2];

	if (!sto_fact_token(body->value[STO_F_TOKEN].octets, &token))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_TOKEN),
						errmsg("token %s is not in the register",
							   sto_uuid_text(body->value[STO_F_TOKEN].octets))));
	keys[0] = values[OPT_IN_PARTY_ID - 1] = StoUuidGetDatum(act->event.subject);
	keys[1] = values[OPT_IN_TOKEN_ID - 1] = StoUuidGetDatum(body->value[STO_F_TOKEN].octets);
	values[OPT_IN_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[OPT_IN_AFFIRMED - 1] = BoolGetDatum(body->value[STO_F_AFFIRMED].flag);
	sto_register_put(STO_REL_OPT_IN, STO_IDX_OPT_IN, 2, keys, OPT_IN_COLUMNS, values, nulls);
	if (!body->value[STO_F_AFFIRMED].flag)
		sto_facts_announce();
}

/* All that was stated of the party before is withdrawn. */
static void
withdraw_travel_data(StoAct *act)
{
	Datum party = StoUuidGetDatum(act->event.subject);
	StoScan scan;
	Datum *found = NULL;
	int count = 0;

	if ((act->body.present & ~STO_FIELD_BIT(STO_F_GRANTED)) != 0)
		sto_act_refuse("what withdraws travel data states none");
	sto_scan_begin(&scan, STO_REL_TRAVEL_DATA, STO_IDX_TRAVEL_PARTY, 1, &party, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;

		(void) slot_getattr(scan.slot, TRAVEL_DATA_WITHDRAWN, &isnull);
		if (!isnull)
			continue;
		found = found == NULL ? palloc(sizeof(Datum))
							  : repalloc_huge(found, (Size) (count + 1) * sizeof(Datum));
		found[count++] = slot_getattr(scan.slot, TRAVEL_DATA_SET_BY, &isnull);
	}
	sto_scan_end(&scan);
	for (int i = 0; i < count; i++)
	{
		StoRow row;

		/* the party's subject is locked: nobody else changes its rows */
		if (sto_store_find_lock(STO_REL_TRAVEL_DATA, STO_IDX_TRAVEL_DATA, 1, &found[i], &row))
			sto_register_set(&row, TRAVEL_DATA_WITHDRAWN, Int64GetDatum(act->event.entry_id),
							 false);
		else
			sto_row_close(&row);
	}
	sto_facts_announce();
}

static Datum
travel_fields(const StoTexts *fields)
{
	Datum items[STO_LIST_MAX];

	if (fields->count == 0)
		sto_act_refuse("\"fields\" is empty");
	for (int i = 0; i < fields->count; i++)
	{
		require_name(fields->items[i], "fields");
		for (int j = 0; j < i; j++)
			if (strcmp(fields->items[i], fields->items[j]) == 0)
				sto_act_refuse("field \"%s\" stands twice", fields->items[i]);
		items[i] = CStringGetTextDatum(fields->items[i]);
	}
	return PointerGetDatum(construct_array(items, fields->count, TEXTOID, -1, false, TYPALIGN_INT));
}

void
sto_register_travel_data(StoAct *act)
{
	const StoBody *body = &act->body;
	Datum values[TRAVEL_DATA_COLUMNS];
	bool nulls[TRAVEL_DATA_COLUMNS] = {false};

	if (STO_BODY_HAS(body, STO_F_GRANTED) && !body->value[STO_F_GRANTED].flag)
	{
		withdraw_travel_data(act);
		return;
	}
	if (!STO_BODY_HAS(body, STO_F_FIELDS) || !STO_BODY_HAS(body, STO_F_COMMITMENT))
		sto_act_refuse("travel data state their \"fields\" and a \"commitment\"");
	values[TRAVEL_DATA_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	nulls[TRAVEL_DATA_WITHDRAWN - 1] = true;
	values[TRAVEL_DATA_PARTY_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[TRAVEL_DATA_COMMITMENT - 1] =
		StoOctetsGetDatum(body->value[STO_F_COMMITMENT].octets, STO_DIGEST_LEN);
	values[TRAVEL_DATA_FIELDS - 1] = travel_fields(&body->value[STO_F_FIELDS].texts);
	sto_register_dates(body, TRAVEL_DATA_VALID_FROM, TRAVEL_DATA_VALID_TO, values, nulls);
	sto_store_insert(STO_REL_TRAVEL_DATA, values, nulls);
}
