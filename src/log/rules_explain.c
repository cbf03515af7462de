/*
 * rules_explain.c
 *		sto.explain_entry(): an entry before each rule that was in force, with the
 *		facts that the rule was told.  sto.simulate_rules(): history under other
 *		rules.
 */
#include "postgres.h"

#include "ledger/catalog.h"
#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/gate.h"
#include "ledger/reader.h"
#include "ledger/register.h"
#include "log/range.h"
#include "log/rules_replay.h"
#include "types/types.h"

#include "errors.h"

#include "access/relation.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(sto_explain_rules);
PG_FUNCTION_INFO_V1(sto_simulate_rules);

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL || text[0] == '\0';
	return *isnull ? (Datum) 0 : CStringGetTextDatum(text);
}

/* Of what the token's rules decided: its issuer, and readers of the whole register. */
static void
check_may_ask(const uint8_t *token_id)
{
	uint8_t party[STO_UUID_LEN];
	bool member = sto_fact_member_try(party);
	StoTokenFact token;

	if (sto_reads_register(member ? party : NULL))
		return;
	if (!member || !sto_fact_token(token_id, &token) || !sto_uuid_equal(party, token.issuer))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("this role may not ask what the rules of the token decided"),
						errdetail("It is neither the issuer's, nor a reader of the register."),
						errhint("Ask as the token's issuer, or as a registrar, an auditor or an "
								"enforcer. sto.check_transfer() answers who may order.")));
}

/*
 * A replay of one token, from its first event to its end, with a fold that is always freed.  Who
 * may ask need not be able to read the log's tables: it is read as their owner does, by our
 * own queries alone.  An error resets the user with its transaction.
 */
static void
replay_token(StoRulesReplay *replay, const uint8_t *token_id)
{
	Relation log;
	Oid asker;
	int context;

	check_may_ask(token_id);
	log = relation_open(sto_rel_oid(STO_REL_TRANSFER), AccessShareLock);
	GetUserIdAndSecContext(&asker, &context);
	SetUserIdAndSecContext(log->rd_rel->relowner,
						   context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	replay->fold = sto_rules_fold();
	PG_TRY();
	{
		sto_rules_replay(replay, token_id);
	}
	PG_FINALLY();
	{
		sto_rule_fold_free(replay->fold);
	}
	PG_END_TRY();
	SPI_finish();
	SetUserIdAndSecContext(asker, context);
	relation_close(log, AccessShareLock);
}

/* False: there is no such entry. */
static bool
token_of_entry(int64 entry_id, uint8_t *token_id)
{
	const StoBound bound = {1, BTEqualStrategyNumber, false, entry_id};
	StoRange range;
	bool found;

	sto_range_begin(&range, STO_REL_TRANSFER, STO_IDX_TRANSFER, GetActiveSnapshot(), &bound, 1,
					ForwardScanDirection);
	found = sto_range_next(&range);
	if (found)
		memcpy(token_id, DatumGetPointer(sto_range_get(&range, TRANSFER_TOKEN_ID)), STO_UUID_LEN);
	sto_range_end(&range);
	return found;
}

/*
 * What the entry used up when it was posted.  It passed all its rules, so those that ask for
 * approvals are enough: what the others read need not be there.  Together, as one use of an
 * approval does for all of them.
 */
static void
use_up_approvals(const StoRulesReplay *replay, StoRuleEntry *entry)
{
	const StoRuleSet *set;
	StoRuleSet asking = {0};
	StoRule *rules;
	StoRuleOutcome outcome;

	if (!replay->needs.approvals || !replay->is_asked ||
		sto_rule_fold_in_force(replay->fold, entry->token, entry->move.posted_at, &set) == 0)
		return;
	if (set == NULL)
		sto_rules_no_memory();
	asking.rules = rules = palloc(Max(set->count, 1) * sizeof(StoRule));
	for (int i = 0; i < set->count; i++)
		if (set->rules[i].code == STO_RULE_APPROVAL)
			rules[asking.count++] = set->rules[i];
	if (sto_rule_fold_ask(replay->fold, entry, &asking, NULL, NULL, &outcome) == STO_RULES_ERROR)
		sto_rules_no_memory();
	pfree(rules);
}

/* sto.explain_rules */

enum
{
	EXPLAIN_RULE_SET,
	EXPLAIN_NUMBER,
	EXPLAIN_CODE,
	EXPLAIN_RULE,
	EXPLAIN_LABEL,
	EXPLAIN_RESULT,
	EXPLAIN_SUBJECT,
	EXPLAIN_LIMIT,
	EXPLAIN_VALUE,
	EXPLAIN_DETAIL,
	EXPLAIN_FACTS,
	EXPLAIN_COLUMNS
};

typedef struct Explain
{
	ReturnSetInfo *result;
	int64 entry_id;
	bool failed; /* the rule at hand; then what was found */
	StoRuleFinding finding;
	char limit[STO_RULE_VALUE_MAX];
	char value[STO_RULE_VALUE_MAX];
	char detail[STO_RULE_DETAIL_MAX];
} Explain;

static void
note_finding(void *context, const StoRuleFinding *finding)
{
	Explain *x = context;

	x->failed = true;
	x->finding = *finding;
	strlcpy(x->limit, finding->limit, sizeof(x->limit));
	strlcpy(x->value, finding->value, sizeof(x->value));
	strlcpy(x->detail, finding->detail, sizeof(x->detail));
}

static void
put_rule(const Explain *x, int64 rule_set, int number, const StoRule *rule, const char *result,
		 const char *facts)
{
	Datum values[EXPLAIN_COLUMNS] = {Int64GetDatum(rule_set), Int32GetDatum(number),
									 Int32GetDatum((int) rule->code)};
	bool nulls[EXPLAIN_COLUMNS] = {false};

	values[EXPLAIN_RULE] = CStringGetTextDatum(sto_rule_name(rule->code));
	values[EXPLAIN_LABEL] = text_or_null(rule->label, &nulls[EXPLAIN_LABEL]);
	values[EXPLAIN_RESULT] = CStringGetTextDatum(result);
	nulls[EXPLAIN_SUBJECT] = !x->failed || !x->finding.has_subject;
	values[EXPLAIN_SUBJECT] = StoUuidGetDatum(x->finding.subject);
	values[EXPLAIN_LIMIT] = text_or_null(x->failed ? x->limit : NULL, &nulls[EXPLAIN_LIMIT]);
	values[EXPLAIN_VALUE] = text_or_null(x->failed ? x->value : NULL, &nulls[EXPLAIN_VALUE]);
	values[EXPLAIN_DETAIL] = text_or_null(x->failed ? x->detail : NULL, &nulls[EXPLAIN_DETAIL]);
	values[EXPLAIN_FACTS] = text_or_null(facts, &nulls[EXPLAIN_FACTS]);
	tuplestore_putvalues(x->result->setResult, x->result->setDesc, values, nulls);
}

/* What a custom rule said of an enforced entry, if its word is in the log. */
static void
note_heard(Explain *x, const StoRule *rule, int number)
{
	Datum keys[] = {Int64GetDatum(x->entry_id), Int16GetDatum((int16) number)};
	bool isnull;
	StoRow row;

	x->failed = sto_store_find(STO_REL_OVERRIDE, STO_IDX_OVERRIDE, 2, keys, &row);
	if (x->failed)
	{
		x->finding.has_subject = false;
		x->value[0] = '\0';
		strlcpy(x->limit, rule->function, sizeof(x->limit));
		text_to_cstring_buffer(DatumGetTextPP(sto_row_get(&row, OVERRIDE_DETAIL, &isnull)),
							   x->detail, sizeof(x->detail));
	}
	sto_row_close(&row);
}

/* One rule of the set, asked by itself: facts that it was told come out line by line. */
static void
explain_rule(Explain *x, StoRulesReplay *replay, StoRuleEntry *entry, int64 rule_set,
			 const StoRuleSet *set, int i)
{
	StoRuleSet one = {.count = 1, .rules = &set->rules[i]};
	StoRuleOutcome outcome;
	StoRuleTold told;
	const char *result;

	x->failed = false;
	if (sto_rule_fold_trace(replay->fold, entry, &one, note_finding, x, &outcome, &told) ==
		STO_RULES_ERROR)
		sto_rules_no_memory();
	if (outcome.not_replayed > 0 && replay->is_enforced)
		note_heard(x, &set->rules[i], i + 1);
	if (outcome.not_replayed > 0 && !x->failed)
		result = "not replayed";
	else if (x->failed)
		result = replay->is_enforced ? "passed over" : "refused";
	else
		result = (set->rules[i].kinds & (1 << sto_rule_kind(entry->move.kind))) != 0
					 ? "passed"
					 : "does not apply";
	put_rule(x, rule_set, i + 1, &set->rules[i], result, told.text);
}

static bool
explain_visit(StoRulesReplay *replay, StoRuleEntry *entry)
{
	Explain *x = replay->context;
	const StoRuleSet *set;
	int64 in_force;

	if (entry->entry_id != x->entry_id)
	{
		use_up_approvals(replay, entry);
		return true;
	}
	in_force = sto_rule_fold_in_force(replay->fold, entry->token, entry->move.posted_at, &set);
	if (in_force == 0 || !replay->is_asked)
		return false;
	if (set == NULL)
		sto_rules_no_memory();
	for (int i = 0; i < set->count; i++)
		explain_rule(x, replay, entry, in_force, set, i);
	return false;
}

/*
 * sto.explain_rules(entry_id bigint) returns setof (rule_set bigint,
 * number int, code int, rule text, label text, result text, subject uuid, "limit" text,
 * value text, detail text, facts text)
 *
 * Each rule of the set in force at the entry, in its order, with every fact as it
 * stood before the entry.  No row if no rules were asked.
 *
 * Errors: 42501 the role may not ask.
 */
Datum
sto_explain_rules(PG_FUNCTION_ARGS)
{
	Explain x = {.entry_id = PG_GETARG_INT64(0)};
	StoRulesReplay replay = {.visit = explain_visit, .context = &x, .until = x.entry_id};
	uint8_t token_id[STO_UUID_LEN];

	InitMaterializedSRF(fcinfo, 0);
	x.result = (ReturnSetInfo *) fcinfo->resultinfo;
	if (token_of_entry(x.entry_id, token_id))
		replay_token(&replay, token_id);
	PG_RETURN_NULL();
}

/* sto.simulate_rules */

enum
{
	SIMULATE_ENTRY_ID,
	SIMULATE_POSTED_AT,
	SIMULATE_KIND,
	SIMULATE_AMOUNT,
	SIMULATE_NUMBER,
	SIMULATE_CODE,
	SIMULATE_RULE,
	SIMULATE_LABEL,
	SIMULATE_SUBJECT,
	SIMULATE_LIMIT,
	SIMULATE_VALUE,
	SIMULATE_DETAIL,
	SIMULATE_COLUMNS
};

typedef struct Simulate
{
	ReturnSetInfo *result;
	int64 from;
	int64 to;
	const StoRuleEntry *entry;
} Simulate;

static void
put_finding(void *context, const StoRuleFinding *finding)
{
	const Simulate *s = context;
	const StoRuleMove *move = &s->entry->move;
	Datum values[SIMULATE_COLUMNS] = {Int64GetDatum(s->entry->entry_id)};
	bool nulls[SIMULATE_COLUMNS] = {false};

	values[SIMULATE_POSTED_AT] = TimestampTzGetDatum(StoTimeToTimestamp(move->posted_at));
	values[SIMULATE_KIND] = CStringGetTextDatum(sto_kind_name(move->kind));
	values[SIMULATE_AMOUNT] = StoAmountGetDatum(move->amount);
	values[SIMULATE_NUMBER] = Int32GetDatum(finding->number);
	values[SIMULATE_CODE] = Int32GetDatum((int) finding->code);
	values[SIMULATE_RULE] = CStringGetTextDatum(sto_rule_name(finding->code));
	values[SIMULATE_LABEL] = text_or_null(finding->label, &nulls[SIMULATE_LABEL]);
	nulls[SIMULATE_SUBJECT] = !finding->has_subject;
	values[SIMULATE_SUBJECT] = StoUuidGetDatum(finding->subject);
	values[SIMULATE_LIMIT] = text_or_null(finding->limit, &nulls[SIMULATE_LIMIT]);
	values[SIMULATE_VALUE] = text_or_null(finding->value, &nulls[SIMULATE_VALUE]);
	values[SIMULATE_DETAIL] = text_or_null(finding->detail, &nulls[SIMULATE_DETAIL]);
	tuplestore_putvalues(s->result->setResult, s->result->setDesc, values, nulls);
}

/*
 * What is refused moved all the same: history stays as it was.  Approvals are used up by the rules
 * of their time until the proposed ones come, and by these from then on.
 */
static bool
simulate_visit(StoRulesReplay *replay, StoRuleEntry *entry)
{
	Simulate *s = replay->context;
	StoRuleOutcome outcome;

	s->entry = entry;
	if (entry->move.posted_at < s->from)
		use_up_approvals(replay, entry);
	else if (replay->is_asked && !replay->is_enforced && entry->move.posted_at < s->to &&
			 sto_rule_fold_ask(replay->fold, entry, replay->proposed, put_finding, s, &outcome) ==
				 STO_RULES_ERROR)
		sto_rules_no_memory();
	return true;
}

static int64
time_of(TimestampTz time)
{
	if (TIMESTAMP_NOT_FINITE(time))
		return TIMESTAMP_IS_NOBEGIN(time) ? PG_INT64_MIN : PG_INT64_MAX;
	return StoTimeFromTimestamp(Min(time, PG_INT64_MAX - STO_EPOCH_SHIFT));
}

/*
 * sto.simulate_rules(token_id uuid, proposed json, since timestamptz, until timestamptz)
 * returns setof (entry_id bigint, posted_at timestamptz, kind text, amount, number int,
 * code int, rule text, label text, subject uuid, "limit" text, value text, detail text)
 *
 * Every rule of a proposed body that an entry posted in [since, until) would have failed.
 *
 * Errors: ST208 for a body that is no rule set; 42501 the role may not ask.
 */
Datum
sto_simulate_rules(PG_FUNCTION_ARGS)
{
	Simulate s = {.from = time_of(PG_GETARG_TIMESTAMPTZ(2)),
				  .to = time_of(PG_GETARG_TIMESTAMPTZ(3))};
	StoRulesReplay replay = {.visit = simulate_visit, .context = &s};
	text *body = PG_GETARG_TEXT_PP(1);
	char why[STO_RULE_WHY_MAX];
	StoRuleSet *proposed;

	InitMaterializedSRF(fcinfo, 0);
	s.result = (ReturnSetInfo *) fcinfo->resultinfo;
	proposed = sto_rules_parse(VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), why);
	if (proposed == NULL)
		ereport(ERROR, (errcode(ERRCODE_STO_INVALID_EVENT),
						errmsg("invalid body of a rule_set event"), errdetail("%s.", why)));
	replay.proposed = proposed;
	PG_TRY();
	{
		replay_token(&replay, PG_GETARG_STO_OCTETS(0));
	}
	PG_FINALLY();
	{
		sto_rules_free(proposed);
	}
	PG_END_TRY();
	PG_RETURN_NULL();
}
