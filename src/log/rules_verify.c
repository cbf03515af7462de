/*
 * rules_verify.c
 *		sto.replay_rules(): every entry of tokens with rules before the rules that
 *		were in force, and what approvals and overrides come to.
 */
#include "postgres.h"

#include "ledger/register.h"
#include "log/rules_replay.h"
#include "types/types.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(sto_replay_rules);

enum
{
	COLUMN_WHAT,
	COLUMN_ENTRY_ID,
	COLUMN_TOKEN_ID,
	COLUMN_PARTY_ID,
	COLUMN_NUMBER,
	COLUMN_CODE,
	COLUMN_LABEL,
	COLUMN_DETAIL,
	COLUMN_VALUE,
	COLUMN_UNITS,
	COLUMNS
};

/* A row of the result; what is zero or NULL is null. */
typedef struct Row
{
	const char *what;
	int64 entry_id;
	const uint8_t *token_id;
	const uint8_t *party_id;
	int number;
	int code;
	const char *label;
	const char *detail;
	int64 value;
	bool has_units;
	StoAmount units;
} Row;

typedef struct Verify
{
	ReturnSetInfo *result;
	int64 examined;
	int64 custom; /* entries of which a custom rule was asked */
	int64 entry_id;
	bool is_enforced;
} Verify;

static void
put(const Verify *v, const Row *row)
{
	Datum values[COLUMNS] = {0};
	bool nulls[COLUMNS] = {false};

	values[COLUMN_WHAT] = CStringGetTextDatum(row->what);
	values[COLUMN_ENTRY_ID] = Int64GetDatum(row->entry_id);
	nulls[COLUMN_ENTRY_ID] = row->entry_id == 0;
	values[COLUMN_TOKEN_ID] = StoUuidGetDatum(row->token_id);
	nulls[COLUMN_TOKEN_ID] = row->token_id == NULL;
	values[COLUMN_PARTY_ID] = StoUuidGetDatum(row->party_id);
	nulls[COLUMN_PARTY_ID] = row->party_id == NULL;
	values[COLUMN_NUMBER] = Int32GetDatum(row->number);
	nulls[COLUMN_NUMBER] = row->number == 0;
	values[COLUMN_CODE] = Int32GetDatum(row->code);
	nulls[COLUMN_CODE] = row->code == 0;
	nulls[COLUMN_LABEL] = row->label == NULL;
	if (row->label != NULL)
		values[COLUMN_LABEL] = CStringGetTextDatum(row->label);
	nulls[COLUMN_DETAIL] = row->detail == NULL;
	if (row->detail != NULL)
		values[COLUMN_DETAIL] = CStringGetTextDatum(row->detail);
	values[COLUMN_VALUE] = Int64GetDatum(row->value);
	values[COLUMN_UNITS] = StoAmountGetDatum(row->units);
	nulls[COLUMN_UNITS] = !row->has_units;
	tuplestore_putvalues(v->result->setResult, v->result->setDesc, values, nulls);
}

static void
report(void *context, const StoRuleFinding *finding)
{
	const Verify *v = context;
	Row row = {.what = v->is_enforced ? "override" : "refused",
			   .entry_id = v->entry_id,
			   .number = finding->number,
			   .code = (int) finding->code,
			   .label = finding->label,
			   .detail = finding->detail};

	put(v, &row);
}

/* Custom rules that an enforced entry asked: what they said comes as an event, or they said
 * nothing. */
static void
put_asked(const Verify *v, const StoRuleEntry *entry, const StoRuleSet *set, int64 in_force)
{
	for (int i = 0; i < set->count; i++)
	{
		const StoRule *rule = sto_rules_custom(set, i, &entry->move);
		char definition[2 * STO_DIGEST_LEN + 1];
		Row row = {.what = "asked",
				   .entry_id = entry->entry_id,
				   .number = i + 1,
				   .code = STO_RULE_CUSTOM,
				   .detail = definition,
				   .value = in_force};

		if (rule == NULL)
			continue;
		sto_hex_encode(rule->definition, STO_DIGEST_LEN, definition);
		row.label = rule->label;
		put(v, &row);
	}
}

static bool
visit(StoRulesReplay *replay, StoRuleEntry *entry)
{
	Verify *v = replay->context;
	const StoRuleSet *set;
	int64 in_force =
		sto_rule_fold_in_force(replay->fold, entry->token, entry->move.posted_at, &set);
	int64 expected = entry->move.kind == STO_RELEASE ? 0 : in_force;
	StoRuleOutcome outcome;

	v->examined++;
	v->entry_id = entry->entry_id;
	v->is_enforced = replay->is_enforced;
	if (replay->has_rule_set != (expected != 0) || replay->rule_set != expected)
	{
		Row row = {.what = "rule_set", .entry_id = entry->entry_id, .value = expected};

		put(v, &row);
	}
	if (in_force == 0 || !replay->is_asked)
		return true;
	if (set == NULL ||
		sto_rule_fold_ask(replay->fold, entry, set, report, v, &outcome) == STO_RULES_ERROR)
		sto_rules_no_memory();
	v->custom += outcome.not_replayed > 0;
	if (v->is_enforced)
		put_asked(v, entry, set, in_force);
	return true;
}

/* What the log comes to. */

static void
put_approvals(const Verify *v, const StoRuleFold *fold)
{
	StoRuleApprovalRow approval;
	size_t at = 0;

	while (sto_rule_fold_next_approval(fold, &at, &approval))
	{
		Row row = {.what = "approval", .entry_id = approval.approval, .value = approval.uses_left};

		put(v, &row);
	}
}

static void
put_groups(const Verify *v, const StoRuleFold *fold)
{
	StoRuleGroupRow group;
	size_t at = 0;

	while (sto_rule_fold_next_group(fold, &at, &group))
	{
		Row row = {.what = "group",
				   .token_id = group.token_id,
				   .label = sto_by_name(group.by),
				   .detail = group.value,
				   .value = group.holders,
				   .has_units = group.has_units,
				   .units = group.units};

		put(v, &row);
	}
}

static void
put_issued(const Verify *v, const StoRuleFold *fold)
{
	StoRuleHoldingRow holding;
	size_t at = 0;

	while (sto_rule_fold_next_holding(fold, &at, &holding))
	{
		Row row = {.what = "issued",
				   .entry_id = holding.issued,
				   .token_id = holding.token_id,
				   .party_id = holding.party_id,
				   .value = holding.issued_at};

		if (holding.issued != 0)
			put(v, &row);
	}
}

/*
 * sto.replay_rules() returns setof (what text, entry_id bigint, token_id uuid,
 * party_id uuid, number int, code int, label text, detail text, value bigint, units)
 *
 * what: "refused", a rule that did not let an entry pass; "rule_set", an entry that
 * doesn't name the set in force, which is value; "override", a rule that an enforced
 * entry did not pass; "asked", a custom rule that an enforced entry asked, with detail its
 * definition and value its set; "approval", with value uses left; "group", label by and detail
 * value, with value holders; "issued", the last issue to a party and when; then
 * "examined", the number of entries, and "custom", of those that custom rules were
 * asked about, which can't be replayed.
 */
Datum
sto_replay_rules(PG_FUNCTION_ARGS)
{
	Verify v = {.result = (ReturnSetInfo *) fcinfo->resultinfo};
	StoRulesReplay replay = {.visit = visit, .context = &v};

	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	replay.fold = sto_rules_fold();
	PG_TRY();
	{
		sto_rules_replay(&replay, NULL);
		put_approvals(&v, replay.fold);
		put_groups(&v, replay.fold);
		put_issued(&v, replay.fold);
		put(&v, &(Row){.what = "examined", .value = v.examined});
		put(&v, &(Row){.what = "custom", .value = v.custom});
	}
	PG_FINALLY();
	{
		sto_rule_fold_free(replay.fold);
	}
	PG_END_TRY();
	SPI_finish();
	PG_RETURN_NULL();
}
