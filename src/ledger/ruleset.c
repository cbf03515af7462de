/*
 * ruleset.c
 *		The rule sets of tokens, read once.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/gate.h"
#include "ledger/register.h"
#include "ledger/ruleset.h"
#include "ledger/store.h"

#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

static MemoryContext context = NULL;
static HTAB *tokens = NULL;
static bool all_known = false; /* every token that has rules is in the table */
static uint64 epoch = 0;

/*
 * Sets are malloc()'s.  Forgotten ones may still be in use by an evaluation further up
 * the stack, so they are freed when the next event begins outside any statement that
 * posts, or the transaction ends, with the contexts of their tables.
 */
typedef struct Retired
{
	MemoryContext context;
	struct Retired *next;
} Retired;

static Retired *retired = NULL;

static void
free_set(void *arg)
{
	sto_rules_free(arg);
}

static void
refresh(void)
{
	uint64 now = sto_facts_epoch();
	HASHCTL ctl;

	if (context != NULL && epoch == now)
		return;
	if (context != NULL)
	{
		Retired *old = MemoryContextAlloc(context, sizeof(Retired));

		old->context = context;
		old->next = retired;
		retired = old;
		context = NULL;
	}
	context = AllocSetContextCreate(TopMemoryContext, "sto rules", ALLOCSET_SMALL_SIZES);
	ctl.keysize = STO_UUID_LEN;
	ctl.entrysize = sizeof(StoTokenRules);
	ctl.hcxt = context;
	tokens = hash_create("sto rules of tokens", 16, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	all_known = false;
	epoch = now;
}

void
sto_rules_free_forgotten(void)
{
	while (retired != NULL)
	{
		Retired *next = retired->next;

		MemoryContextDelete(retired->context);
		retired = next;
	}
}

bool
sto_rules_registered(const uint8_t token_id[STO_UUID_LEN])
{
	Datum key = StoUuidGetDatum(token_id);
	StoScan scan;
	bool found;

	sto_scan_begin(&scan, STO_REL_RULE_SET, STO_IDX_RULE_SET_TOKEN, 1, &key, NULL);
	found = sto_scan_next(&scan);
	sto_scan_end(&scan);
	return found;
}

static void
need_topic(StoTokenRules *rules, const char *topic)
{
	for (int i = 0; i < rules->topic_count; i++)
		if (strcmp(rules->topics[i], topic) == 0)
			return;
	rules->topics = rules->topics == NULL
						? MemoryContextAlloc(context, sizeof(char *))
						: repalloc(rules->topics, (rules->topic_count + 1) * sizeof(char *));
	rules->topics[rules->topic_count++] = topic;
}

static void
add_needs(StoTokenRules *rules, const StoRuleSet *set)
{
	StoRuleNeeds needs;

	sto_rules_needs(set, &needs);
	rules->totals |= needs.totals || needs.flow_seconds > 0;
	rules->outstanding |= needs.outstanding;
	rules->holders |= needs.holders;
	rules->by_country |= needs.by_country;
	rules->by_class |= needs.by_class;
	rules->issues |= needs.issue_seconds > 0;
	rules->look_through |= needs.look_through;
	for (int i = 0; i < needs.topic_count; i++)
		need_topic(rules, needs.topics[i]);
	for (int i = 0; i < set->count; i++)
		if (set->rules[i].code == STO_RULE_OWNERSHIP_BY_CLAIM)
		{
			rules->units_by_country |= set->rules[i].by == STO_BY_COUNTRY;
			rules->units_by_class |= set->rules[i].by == STO_BY_CLASS;
		}
}

static void
read_version(TupleTableSlot *slot, StoRuleVersion *version)
{
	bool isnull;
	text *body = DatumGetTextPP(slot_getattr(slot, RULE_SET_BODY, &isnull));
	char why[STO_RULE_WHY_MAX];
	MemoryContextCallback *callback = MemoryContextAlloc(context, sizeof(*callback));
	StoRuleSet *set;

	version->set_by = DatumGetInt64(slot_getattr(slot, RULE_SET_SET_BY, &isnull));
	version->effective =
		StoTimeFromTimestamp(DatumGetTimestampTz(slot_getattr(slot, RULE_SET_EFFECTIVE, &isnull)));
	set = sto_rules_parse(VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), why);
	if (set == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the rules of event " INT64_FORMAT " can't be read", version->set_by),
				 errdetail("%s.", why),
				 errhint("Compare the register with its log: SELECT * FROM sto.verify().")));
	callback->func = free_set;
	callback->arg = set;
	MemoryContextRegisterResetCallback(context, callback);
	version->set = set;
	for (int kind = 0; kind <= STO_REVERSE; kind++)
		sto_rules_needs_of(set, (StoKind) kind, &version->needs[kind]);
}

static int
compare_versions(const void *a, const void *b)
{
	const StoRuleVersion *x = a;
	const StoRuleVersion *y = b;

	if (x->effective != y->effective)
		return x->effective < y->effective ? -1 : 1;
	return (x->set_by > y->set_by) - (x->set_by < y->set_by);
}

static void
read_versions(StoTokenRules *rules)
{
	Datum key = StoUuidGetDatum(rules->token_id);
	StoScan scan;
	int size = 4;
	StoRuleVersion *versions = MemoryContextAlloc(context, size * sizeof(StoRuleVersion));
	int count = 0;

	sto_scan_begin(&scan, STO_REL_RULE_SET, STO_IDX_RULE_SET_TOKEN, 1, &key, NULL);
	while (sto_scan_next(&scan))
	{
		if (count == size)
			versions = repalloc_huge(versions, (Size) (size *= 2) * sizeof(StoRuleVersion));
		read_version(scan.slot, &versions[count]);
		add_needs(rules, versions[count].set);
		count++;
	}
	sto_scan_end(&scan);
	qsort(versions, count, sizeof(StoRuleVersion), compare_versions);
	sto_scan_begin(&scan, STO_REL_LOOK_THROUGH, STO_IDX_LOOK_THROUGH, 1, &key, NULL);
	rules->looked_through = sto_scan_next(&scan);
	sto_scan_end(&scan);
	rules->versions = versions;
	/* last: until then the entry counts as unread */
	rules->count = count;
}

static const StoTokenRules *
rules_of(const uint8_t *token_id)
{
	StoTokenRules *rules;
	bool found;

	rules = hash_search(tokens, token_id, HASH_ENTER, &found);
	if (found && rules->count > 0)
		return rules;
	/* true even if the reading fails */
	memset(rules, 0, sizeof(*rules));
	memcpy(rules->token_id, token_id, STO_UUID_LEN);
	read_versions(rules);
	return rules->count > 0 ? rules : NULL;
}

const StoTokenRules *
sto_rules_of(const uint8_t token_id[STO_UUID_LEN])
{
	refresh();
	return rules_of(token_id);
}

const StoRuleVersion *
sto_rules_in_force(const StoTokenRules *rules, int64 at)
{
	for (int i = rules->count - 1; i >= 0; i--)
		if (rules->versions[i].effective <= at)
			return &rules->versions[i];
	return NULL;
}

/* Bring every token that has rules into the table. */
static void
read_all(void)
{
	StoScan scan;

	refresh();
	if (all_known)
		return;
	sto_scan_begin(&scan, STO_REL_RULE_SET, STO_IDX_RULE_SET, 0, NULL, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		Datum token = slot_getattr(scan.slot, RULE_SET_TOKEN_ID, &isnull);

		(void) rules_of((const uint8_t *) DatumGetPointer(token));
	}
	sto_scan_end(&scan);
	all_known = true;
}

void
sto_rules_each_grouped(void (*each)(const StoTokenRules *rules, void *arg), void *arg)
{
	HASH_SEQ_STATUS status;
	const StoTokenRules *rules;

	read_all();
	hash_seq_init(&status, tokens);
	while ((rules = hash_seq_search(&status)) != NULL)
		if (rules->by_country || rules->by_class || rules->topic_count > 0)
			each(rules, arg);
}

typedef struct TopicSearch
{
	const char *topic;
	bool found;
} TopicSearch;

static void
look_for_topic(const StoTokenRules *rules, void *arg)
{
	TopicSearch *search = arg;

	for (int i = 0; i < rules->topic_count; i++)
		search->found |= strcmp(rules->topics[i], search->topic) == 0;
}

bool
sto_rules_group_topic(const char *topic)
{
	TopicSearch search = {topic, false};

	sto_rules_each_grouped(look_for_topic, &search);
	return search.found;
}
