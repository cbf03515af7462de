/*
 * register_identity.c
 *		Handlers of events about who a party is: its facts, its class, who acts for
 *		it and who owns it.
 *
 * A registrar states them.  Nothing here names a person: facts that rules read
 * stand under the party's random id (docs/security.md, "Personal data").
 */
#include "postgres.h"

#include "core/identifiers.h"
#include "ledger/holder_group.h"
#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define BASIS_MAX 200
#define WHOLE 10000 /* basis points */
#define MEMBERS_MAX 16

void
sto_register_put(StoRel rel, StoIndex index, int nkeys, const Datum *keys, int columns,
				 Datum *values, bool *nulls)
{
	bool *replaces = palloc(columns * sizeof(bool));
	StoRow row;

	memset(replaces, true, columns * sizeof(bool));
	/* the subject's row is locked: nobody else writes this row meanwhile */
	if (sto_store_find_lock(rel, index, nkeys, keys, &row))
		sto_store_update(&row, values, nulls, replaces);
	else
		sto_store_insert(rel, values, nulls);
	sto_row_close(&row);
}

void
sto_register_dates(const StoBody *body, int from, int to, Datum *values, bool *nulls)
{
	bool has_from = STO_BODY_HAS(body, STO_F_FROM);
	bool has_to = STO_BODY_HAS(body, STO_F_TO);

	if (has_from && has_to && body->value[STO_F_FROM].integer >= body->value[STO_F_TO].integer)
		sto_act_refuse("\"from\" must be before \"to\"");
	nulls[from - 1] = !has_from;
	nulls[to - 1] = !has_to;
	values[from - 1] = TimestampTzGetDatum(StoTimeToTimestamp(body->value[STO_F_FROM].integer));
	values[to - 1] = TimestampTzGetDatum(StoTimeToTimestamp(body->value[STO_F_TO].integer));
}

static const char *
country_of(const StoBody *body, StoField field, const char *name)
{
	const char *country = body->value[field].text;
	const char *why = sto_country_check(country, strlen(country));

	if (why != NULL)
		sto_act_refuse("%s \"%.40s\": %s", name, country, why);
	return country;
}

/* Those that are given replace those that were. */
void
sto_register_party_facts(StoAct *act)
{
	const StoBody *body = &act->body;
	const char *lei = body->value[STO_F_LEI].text;
	const char *why;
	Datum values[PARTY_COLUMNS] = {0};
	bool nulls[PARTY_COLUMNS] = {false};
	bool replaces[PARTY_COLUMNS] = {false};
	StoRegroup *regroup;
	StoRow row;

	if (body->present == 0)
		sto_act_refuse("it states no fact");
	replaces[PARTY_COUNTRY - 1] = STO_BODY_HAS(body, STO_F_COUNTRY);
	if (replaces[PARTY_COUNTRY - 1])
		values[PARTY_COUNTRY - 1] = CStringGetTextDatum(country_of(body, STO_F_COUNTRY, "country"));
	replaces[PARTY_INCORPORATION - 1] = STO_BODY_HAS(body, STO_F_INCORPORATION);
	if (replaces[PARTY_INCORPORATION - 1])
		values[PARTY_INCORPORATION - 1] =
			CStringGetTextDatum(country_of(body, STO_F_INCORPORATION, "incorporation"));
	replaces[PARTY_LEI - 1] = STO_BODY_HAS(body, STO_F_LEI);
	if (replaces[PARTY_LEI - 1])
	{
		if ((why = sto_lei_check(lei, strlen(lei))) != NULL)
			sto_act_refuse("lei \"%.40s\": %s", lei, why);
		values[PARTY_LEI - 1] = StoOctetsGetDatum(lei, STO_LEI_LEN);
	}
	replaces[PARTY_COMMITMENT - 1] = STO_BODY_HAS(body, STO_F_COMMITMENT);
	values[PARTY_COMMITMENT - 1] =
		StoOctetsGetDatum(body->value[STO_F_COMMITMENT].octets, STO_DIGEST_LEN);

	regroup = sto_regroup_begin(act->event.subject);
	sto_register_find(STO_REL_PARTY, STO_IDX_PARTY, act->event.subject, &row);
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
	sto_facts_announce();
	sto_regroup_end(regroup);
}

/* The newest for a party, and for a party and token, rules. */
void
sto_register_classification(StoAct *act)
{
	static const char *const classes[] = {"retail", "professional", "market_counterparty"};
	const StoBody *body = &act->body;
	const char *class = body->value[STO_F_CLASS].text;
	StoTokenFact token;
	Datum values[CLASSIFICATION_COLUMNS];
	bool nulls[CLASSIFICATION_COLUMNS] = {false};
	StoRegroup *regroup;

	sto_require_one_of("class", class, classes, lengthof(classes));
	sto_register_line(body->value[STO_F_BASIS].text, "basis", BASIS_MAX);
	nulls[CLASSIFICATION_TOKEN_ID - 1] = !STO_BODY_HAS(body, STO_F_TOKEN);
	if (!nulls[CLASSIFICATION_TOKEN_ID - 1] &&
		!sto_fact_token(body->value[STO_F_TOKEN].octets, &token))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_TOKEN),
						errmsg("token %s is not in the register",
							   sto_uuid_text(body->value[STO_F_TOKEN].octets))));

	values[CLASSIFICATION_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[CLASSIFICATION_PARTY_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[CLASSIFICATION_TOKEN_ID - 1] = StoUuidGetDatum(body->value[STO_F_TOKEN].octets);
	values[CLASSIFICATION_CLASS - 1] = CStringGetTextDatum(class);
	values[CLASSIFICATION_BASIS - 1] = CStringGetTextDatum(body->value[STO_F_BASIS].text);
	sto_register_dates(body, CLASSIFICATION_VALID_FROM, CLASSIFICATION_VALID_TO, values, nulls);
	regroup = sto_regroup_begin(act->event.subject);
	sto_store_insert(STO_REL_CLASSIFICATION, values, nulls);
	sto_facts_announce();
	sto_regroup_end(regroup);
}

/*
 * Who may act for a party, in what and when.  Mandates are not cached: the gate
 * looks for one only where the ordering party neither owns nor keeps a wallet.
 */
void
sto_register_mandate(StoAct *act)
{
	static const char *const scopes[] = {"orders", "votes", "all"};
	static const char *const bases[] = {"minor", "executor", "attorney", "officer"};
	const StoBody *body = &act->body;
	const uint8_t *representative = body->value[STO_F_REPRESENTATIVE].octets;
	const char *scope = body->value[STO_F_SCOPE].text;
	const char *basis = body->value[STO_F_BASIS].text;
	bool granted = body->value[STO_F_GRANTED].flag;
	Datum values[MANDATE_COLUMNS];
	bool nulls[MANDATE_COLUMNS] = {false};
	Datum keys[3];

	sto_require_one_of("scope", scope, scopes, lengthof(scopes));
	sto_require_one_of("basis of a mandate", basis, bases, lengthof(bases));
	if (sto_uuid_equal(representative, act->event.subject))
		sto_act_refuse("a party needs no mandate for itself");
	if (granted)
	{
		StoPartyFact party;

		sto_require_party(representative, &party);
		if (party.policy_event == 0)
			sto_act_refuse("the representative %s has no keys to sign with",
						   sto_uuid_text(representative));
	}

	keys[0] = values[MANDATE_PARTY_ID - 1] = StoUuidGetDatum(act->event.subject);
	keys[1] = values[MANDATE_REPRESENTATIVE - 1] = StoUuidGetDatum(representative);
	keys[2] = values[MANDATE_SCOPE - 1] = CStringGetTextDatum(scope);
	values[MANDATE_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[MANDATE_BASIS - 1] = CStringGetTextDatum(basis);
	values[MANDATE_GRANTED - 1] = BoolGetDatum(granted);
	sto_register_dates(body, MANDATE_VALID_FROM, MANDATE_VALID_TO, values, nulls);
	sto_register_put(STO_REL_MANDATE, STO_IDX_MANDATE, 3, keys, MANDATE_COLUMNS, values, nulls);
}

/* A party's kind never changes. */
static bool
is_of_kind(const uint8_t *party, const char *kind)
{
	Datum key = StoUuidGetDatum(party);
	StoRow row;
	bool isnull;
	bool is;

	is = sto_store_find(STO_REL_PARTY, STO_IDX_PARTY, 1, &key, &row) &&
		 strcmp(TextDatumGetCString(sto_row_get(&row, PARTY_KIND, &isnull)), kind) == 0;
	sto_row_close(&row);
	return is;
}

void
sto_register_beneficial_owner(StoAct *act)
{
	const StoBody *body = &act->body;
	const uint8_t *owner = body->value[STO_F_OWNER].octets;
	int64 share = body->value[STO_F_SHARE].integer;
	Datum values[BENEFICIAL_OWNER_COLUMNS];
	bool nulls[BENEFICIAL_OWNER_COLUMNS] = {false};
	StoPartyFact party;
	Datum keys[2];

	if (!is_of_kind(act->event.subject, "legal"))
		sto_act_refuse("only a legal person has beneficial owners");
	if (share < 0 || share > WHOLE)
		sto_act_refuse("\"share\" must be from 0 to %d basis points", WHOLE);
	if (sto_uuid_equal(owner, act->event.subject))
		sto_act_refuse("a party does not own itself");
	if (!sto_fact_party(owner, &party))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_PARTY),
						errmsg("party %s is not in the register", sto_uuid_text(owner))));

	keys[0] = values[BENEFICIAL_OWNER_PARTY_ID - 1] = StoUuidGetDatum(act->event.subject);
	keys[1] = values[BENEFICIAL_OWNER_OWNER - 1] = StoUuidGetDatum(owner);
	values[BENEFICIAL_OWNER_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[BENEFICIAL_OWNER_SHARE - 1] = Int32GetDatum((int32) share);
	values[BENEFICIAL_OWNER_CONTROL - 1] = BoolGetDatum(body->value[STO_F_CONTROL].flag);
	sto_register_dates(body, BENEFICIAL_OWNER_VALID_FROM, BENEFICIAL_OWNER_VALID_TO, values, nulls);
	sto_register_put(STO_REL_BENEFICIAL_OWNER, STO_IDX_BENEFICIAL_OWNER, 2, keys,
					 BENEFICIAL_OWNER_COLUMNS, values, nulls);
}

/* Joint holders are named in an order, and one of them votes for all; the newest list rules. */
void
sto_register_party_members(StoAct *act)
{
	const StoUuids *members = &act->body.value[STO_F_MEMBERS].uuids;
	const uint8_t *nominee = act->body.value[STO_F_NOMINEE].octets;
	Datum key = StoUuidGetDatum(act->event.subject);
	Datum items[MEMBERS_MAX];
	Datum values[PARTY_MEMBERS_COLUMNS];
	bool nulls[PARTY_MEMBERS_COLUMNS] = {false};
	bool nominated = false;

	if (!is_of_kind(act->event.subject, "joint"))
		sto_act_refuse("only a joint party has members");
	if (members->count < 2 || members->count > MEMBERS_MAX)
		sto_act_refuse("a joint party has 2 to %d members", MEMBERS_MAX);
	for (int i = 0; i < members->count; i++)
	{
		StoPartyFact party;

		sto_require_party(members->items[i], &party);
		if (is_of_kind(members->items[i], "joint"))
			sto_act_refuse("member %s is a joint party itself", sto_uuid_text(members->items[i]));
		for (int j = 0; j < i; j++)
			if (sto_uuid_equal(members->items[i], members->items[j]))
				sto_act_refuse("member %s stands twice", sto_uuid_text(members->items[i]));
		nominated = nominated || sto_uuid_equal(members->items[i], nominee);
		items[i] = StoUuidGetDatum(members->items[i]);
	}
	if (!nominated)
		sto_act_refuse("the nominee %s is not a member", sto_uuid_text(nominee));
	values[PARTY_MEMBERS_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[PARTY_MEMBERS_PARTY_ID - 1] = key;
	values[PARTY_MEMBERS_NOMINEE - 1] = StoUuidGetDatum(nominee);
	values[PARTY_MEMBERS_MEMBERS - 1] = PointerGetDatum(
		construct_array(items, members->count, UUIDOID, STO_UUID_LEN, false, TYPALIGN_CHAR));
	sto_register_put(STO_REL_PARTY_MEMBERS, STO_IDX_PARTY_MEMBERS, 1, &key, PARTY_MEMBERS_COLUMNS,
					 values, nulls);
}
