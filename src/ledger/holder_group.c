/*
 * holder_group.c
 *		Holders of a token by group: rows, and what an entry changes of them.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/holder_group.h"
#include "ledger/register.h"
#include "ledger/rule_facts.h"
#include "ledger/store.h"

#include "core/amount.h"

#include "common/hashfn.h"
#include "utils/builtins.h"

static void
row_values(const void *row, Datum *values, bool *nulls)
{
	const StoHolderGroup *g = row;

	values[HOLDER_GROUP_HOLDERS - 1] = Int64GetDatum(g->holders);
	values[HOLDER_GROUP_UNITS - 1] = PointerGetDatum(&g->units);
	nulls[HOLDER_GROUP_UNITS - 1] = !g->has_units;
	values[HOLDER_GROUP_TOKEN_ID - 1] = PointerGetDatum(g->key.token_id);
	values[HOLDER_GROUP_BY - 1] = CStringGetTextDatum(sto_by_name((StoRuleBy) g->key.by));
	values[HOLDER_GROUP_VALUE - 1] = CStringGetTextDatum(g->key.value);
}

StoRowCache sto_group_cache = {
	.name = "sto holder groups",
	.rel = STO_REL_HOLDER_GROUP,
	.columns = HOLDER_GROUP_COLUMNS,
	.key_size = sizeof(StoGroupKey),
	.row_size = sizeof(StoHolderGroup),
	.state = offsetof(StoHolderGroup, state),
	.values = row_values,
};

static void
make_key(StoGroupKey *key, const uint8_t *token_id, StoRuleBy by, const char *value)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->token_id, token_id, STO_UUID_LEN);
	key->by = by;
	strlcpy(key->value, value, sizeof(key->value));
}

static void
index_keys(const StoGroupKey *key, Datum *keys)
{
	keys[0] = PointerGetDatum(key->token_id);
	keys[1] = CStringGetTextDatum(sto_by_name((StoRuleBy) key->by));
	keys[2] = CStringGetTextDatum(key->value);
}

static void
read_row(const StoRow *row, StoHolderGroup *g)
{
	bool isnull;
	Datum units;

	g->holders = DatumGetInt64(sto_row_get(row, HOLDER_GROUP_HOLDERS, &isnull));
	units = sto_row_get(row, HOLDER_GROUP_UNITS, &isnull);
	g->has_units = !isnull;
	if (!isnull)
		memcpy(&g->units, DatumGetPointer(units), STO_AMOUNT_LEN);
	g->state.tid = row->slot->tts_tid;
}

/* An empty group; the change that needs it says whether its units are added up. */
static void
make(const void *arg)
{
	const StoGroupChange *change = arg;
	StoHolderGroup g;
	Datum values[HOLDER_GROUP_COLUMNS];
	bool nulls[HOLDER_GROUP_COLUMNS] = {false};

	memset(&g, 0, sizeof(g));
	g.key = change->key;
	g.has_units = change->has_units;
	row_values(&g, values, nulls);
	sto_store_insert(STO_REL_HOLDER_GROUP, values, nulls);
}

static StoHolderGroup *
lock_group(const StoGroupChange *change)
{
	StoHolderGroup *known = sto_rowcache_find(&sto_group_cache, &change->key);
	StoHolderGroup image;
	Datum keys[3];
	StoRow row;

	if (known != NULL)
		return known;
	memset(&image, 0, sizeof(image));
	image.key = change->key;
	index_keys(&image.key, keys);
	sto_row_lock_or_make(STO_REL_HOLDER_GROUP, STO_IDX_HOLDER_GROUP, 3, keys,
						 hash_bytes_extended((const unsigned char *) &image.key, sizeof(image.key),
											 STO_REL_HOLDER_GROUP),
						 make, change, &row);
	read_row(&row, &image);
	sto_row_close(&row);
	return sto_rowcache_add(&sto_group_cache, &image);
}

void
sto_group_read(const uint8_t *token_id, StoRuleBy by, const char *value, StoHolderGroup *group)
{
	StoGroupKey key;
	const StoHolderGroup *known;
	Datum keys[3];
	StoRow row;

	make_key(&key, token_id, by, value);
	known = sto_rowcache_find(&sto_group_cache, &key);
	if (known != NULL)
	{
		*group = *known;
		return;
	}
	memset(group, 0, sizeof(*group));
	index_keys(&key, keys);
	if (sto_store_find(STO_REL_HOLDER_GROUP, STO_IDX_HOLDER_GROUP, 3, keys, &row))
		read_row(&row, group);
	sto_row_close(&row);
}

static StoGroupChange *
change_of(StoGroupChanges *changes, const StoTokenRules *rules, StoRuleBy by, const char *value,
		  bool has_units)
{
	StoGroupKey key;
	StoGroupChange *change;

	make_key(&key, rules->token_id, by, value);
	for (int i = 0; i < changes->count; i++)
		if (memcmp(&changes->items[i].key, &key, sizeof(key)) == 0)
			return &changes->items[i];
	if (changes->count == changes->size)
	{
		changes->size = changes->size ? changes->size * 2 : 8;
		changes->items = changes->items == NULL
							 ? palloc(changes->size * sizeof(StoGroupChange))
							 : repalloc(changes->items, changes->size * sizeof(StoGroupChange));
	}
	change = &changes->items[changes->count++];
	memset(change, 0, sizeof(*change));
	change->key = key;
	change->has_units = has_units;
	return change;
}

static void
move(StoGroupChange *change, StoAmount before, StoAmount after)
{
	change->holders += (after > 0) - (before > 0);
	if (change->has_units)
		change->units += after - before;
}

void
sto_groups_add_party(StoGroupChanges *changes, const StoTokenRules *rules, const uint8_t *party,
					 StoAmount before, StoAmount after)
{
	bool appears_or_goes = (after > 0) != (before > 0);

	if (rules->holders && appears_or_goes)
		move(change_of(changes, rules, STO_BY_ALL, "", false), before, after);
	if (rules->by_country && (appears_or_goes || rules->units_by_country))
	{
		StoPartyFact fact;
		char country[3] = {0};

		if (sto_fact_party(party, &fact))
			memcpy(country, fact.country, sizeof(fact.country));
		move(change_of(changes, rules, STO_BY_COUNTRY, country, rules->units_by_country), before,
			 after);
	}
	if (rules->by_class && (appears_or_goes || rules->units_by_class))
	{
		StoRuleClassified classified;

		sto_rule_classified(rules->token_id, party, &classified);
		move(change_of(changes, rules, STO_BY_CLASS, sto_class_name(classified.klass),
					   rules->units_by_class),
			 before, after);
	}
	for (int i = 0; i < rules->topic_count; i++)
		if (sto_rule_has_topic(party, rules->topics[i]))
			move(change_of(changes, rules, STO_BY_TOPIC, rules->topics[i], true), before, after);
}

void
sto_groups_add(StoGroupChanges *changes, const StoTokenRules *rules, StoRuleBy by,
			   const char *value)
{
	StoGroupChange *change =
		change_of(changes, rules, by, value,
				  by == STO_BY_TOPIC || (by == STO_BY_COUNTRY && rules->units_by_country) ||
					  (by == STO_BY_CLASS && rules->units_by_class));

	change->wanted = true;
}

static int
compare_changes(const void *a, const void *b)
{
	return memcmp(&((const StoGroupChange *) a)->key, &((const StoGroupChange *) b)->key,
				  sizeof(StoGroupKey));
}

void
sto_groups_lock(StoGroupChanges *changes)
{
	int kept = 0;

	for (int i = 0; i < changes->count; i++)
		if (changes->items[i].holders != 0 || changes->items[i].units != 0 ||
			changes->items[i].wanted)
			changes->items[kept++] = changes->items[i];
	changes->count = kept;
	if (kept > 1)
		qsort(changes->items, kept, sizeof(StoGroupChange), compare_changes);
	for (int i = 0; i < kept; i++)
		changes->items[i].row = lock_group(&changes->items[i]);
}

void
sto_groups_set(StoGroupChanges *changes)
{
	sto_groups_lock(changes);
	for (int i = 0; i < changes->count; i++)
	{
		const StoGroupChange *change = &changes->items[i];

		sto_rowcache_touch(&sto_group_cache, change->row);
		change->row->holders = change->holders;
		change->row->has_units = change->has_units;
		change->row->units = change->units;
	}
}

void
sto_groups_apply(StoGroupChanges *changes)
{
	for (int i = 0; i < changes->count; i++)
	{
		StoGroupChange *change = &changes->items[i];

		if (change->holders == 0 && change->units == 0)
			continue;
		sto_rowcache_touch(&sto_group_cache, change->row);
		change->row->holders += change->holders;
		if (change->row->has_units &&
			!sto_amount_add(change->row->units, change->units, &change->row->units))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("a group's units would leave the range of 128 bits")));
	}
}

const StoHolderGroup *
sto_groups_find(const StoGroupChanges *changes, StoRuleBy by, const char *value)
{
	for (int i = 0; i < changes->count; i++)
		if (changes->items[i].key.by == (int) by && strcmp(changes->items[i].key.value, value) == 0)
			return changes->items[i].row;
	return NULL;
}
