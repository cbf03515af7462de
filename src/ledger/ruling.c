/*
 * ruling.c
 *		One order before the rules of its token: locks, the evaluation, and what the
 *		entry changes of the counters.
 */
#include "postgres.h"

#include "ledger/approval.h"
#include "ledger/issued.h"
#include "ledger/look_through.h"
#include "ledger/register.h"
#include "ledger/ruling.h"

#include "core/amount.h"

#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"

bool
sto_is_enforced_act(StoKind kind)
{
	return kind == STO_FORCE || kind == STO_RECOVER || kind == STO_REVERSE;
}

/* Holds for these purposes protect others than the holder: no rule stops them. */
static bool
is_evaluated(const StoOrder *o)
{
	if (o->kind == STO_RELEASE)
		return false;
	return o->kind != STO_HOLD ||
		   (o->purpose != STO_LOCK_UP && o->purpose != STO_SEIZURE && o->purpose != STO_FREEZE);
}

/* A hold that says so was asked once, when it was placed (docs/format.md, "Order"). */
static bool
was_asked(const StoPosting *p)
{
	return p->entry.order.kind == STO_POST && p->hold.checked_once;
}

static bool
moves_units(StoKind kind)
{
	return kind != STO_HOLD && kind != STO_RELEASE;
}

static void
fill_move(StoRuling *r)
{
	const StoPosting *p = r->p;
	const StoOrder *o = &p->entry.order;
	StoRuleMove *move = &r->move;

	move->kind = o->kind;
	move->has_sender = !p->debit.issuance;
	move->has_receiver = o->has_credit && !p->credit.issuance;
	memcpy(move->token_id, o->token_id, STO_UUID_LEN);
	memcpy(move->issuer, p->token.issuer, STO_UUID_LEN);
	memcpy(move->sender, p->debit.party, STO_UUID_LEN);
	memcpy(move->debit, o->debit, STO_ADDRESS_LEN);
	if (move->has_receiver)
	{
		memcpy(move->receiver, p->credit.party, STO_UUID_LEN);
		memcpy(move->credit, o->credit, STO_ADDRESS_LEN);
	}
	move->has_attachment = o->has_attachment;
	move->checked_once = o->has_checked_once && o->checked_once;
	move->has_notary = o->has_hold_id ? p->hold.has_notary : o->has_notary;
	if (move->has_notary)
		memcpy(move->notary, o->has_hold_id ? p->hold.notary : o->notary, STO_UUID_LEN);
	memcpy(move->posted_by, p->entry.posted_by, STO_UUID_LEN);
	memcpy(move->ordering_party, o->ordering_party, STO_UUID_LEN);
	move->amount = o->amount;
	r->within_party = sto_rule_within_party(move);
}

static void
begin_side(StoRuling *r, StoRulingSide *side, bool present, const uint8_t *party)
{
	side->present = present;
	side->party = party;
	side->several = present && r->token->totals && sto_fact_several(party);
}

static StoRuling *
begin(const StoPosting *p, bool dry)
{
	StoRuling *r = palloc0(sizeof(StoRuling));

	r->p = p;
	r->dry = dry;
	r->token = sto_rules_of(p->token.token_id);
	if (r->token == NULL)
		elog(ERROR, "the rules of token %s have gone", sto_uuid_text(p->token.token_id));
	fill_move(r);
	begin_side(r, &r->sender, r->move.has_sender, r->move.sender);
	begin_side(r, &r->receiver, r->move.has_receiver, r->move.receiver);
	return r;
}

bool
sto_ruling_reads_credit(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	const StoTokenRules *rules;

	if (o->kind != STO_HOLD || !o->has_credit || !p->token.rules || !is_evaluated(o))
		return false;
	rules = sto_rules_of(p->token.token_id);
	return (rules->totals && !sto_fact_several(p->credit.party)) ||
		   (rules->look_through && p->credit.omnibus);
}

void
sto_ruling_lock(StoPosting *p)
{
	StoRuling *r;
	StoRulingSide *sides[2];

	p->ruling = NULL;
	if (!p->token.rules || p->entry.order.kind == STO_RELEASE)
		return;
	r = p->ruling = begin(p, false);
	if (r->within_party || !is_evaluated(&p->entry.order))
		return;
	/* in key order, so that two entries between the same parties can't wait for each other */
	sides[0] = &r->sender;
	sides[1] = &r->receiver;
	if (r->sender.present && r->receiver.present &&
		memcmp(r->sender.party, r->receiver.party, STO_UUID_LEN) > 0)
	{
		sides[0] = &r->receiver;
		sides[1] = &r->sender;
	}
	for (int i = 0; i < 2; i++)
		if (sides[i]->several)
			sides[i]->holding = sto_holding_lock(p->token.token_id, sides[i]->party);
}

int64
sto_ruling_floor(const StoPosting *p)
{
	int64 floor = PG_INT64_MIN;

	if (p->ruling == NULL || !moves_units(p->entry.order.kind))
		return floor;
	if (p->ruling->sender.holding != NULL)
		floor = Max(floor, p->ruling->sender.holding->posted_at);
	if (p->ruling->receiver.holding != NULL)
		floor = Max(floor, p->ruling->receiver.holding->posted_at);
	return floor;
}

/* What the side has before the entry. */
static void
read_side(StoRuling *r, StoRulingSide *side, const StoPosition *moved, const uint8_t *wallet)
{
	const uint8_t *token_id = r->p->token.token_id;
	StoHolding holding;
	StoPosition pos;

	if (!side->present)
		return;
	if (side->several && side->holding == NULL)
	{
		sto_holding_read(token_id, side->party, &holding);
		side->total = holding.total;
		side->outflow = holding.outflow;
	}
	else if (side->several)
	{
		side->total = side->holding->total;
		side->outflow = side->holding->outflow;
	}
	else
	{
		if (moved == NULL)
			sto_position_read(token_id, wallet, &pos);
		side->total = moved != NULL ? moved->balance : pos.balance;
		side->outflow = moved != NULL ? moved->outflow : pos.outflow;
	}
	if (!sto_amount_add(side->total, sto_looked_through(r->token, side->party), &side->total))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("a party's total would leave the range of 128 bits")));
}

/*
 * Issues and redemptions of a token exclude whoever reads how much of it there is; those
 * don't exclude each other.  Field 4 as in rowcache.c.
 */
static void
lock_outstanding(const StoRuling *r)
{
	StoKind kind = r->p->entry.order.kind;
	bool changes = kind == STO_ISSUE || kind == STO_REDEEM;
	const uint8_t *id = r->p->token.token_id;
	uint32 words[2];
	LOCKTAG tag;

	if (changes ? !r->token->outstanding && !r->token->issues
				: r->version == NULL || (!r->version->needs[kind].outstanding &&
										 r->version->needs[kind].issue_seconds == 0))
		return;
	/* the last octets of a uuid are random */
	memcpy(words, id + STO_UUID_LEN - sizeof(words), sizeof(words));
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, words[0], words[1], 4);
	(void) LockAcquire(&tag, changes ? ExclusiveLock : ShareLock, false, false);
}

/* The groups that the entry changes, or whose share it does by changing the whole. */
static void
lock_groups(StoRuling *r)
{
	const StoOrder *o = &r->p->entry.order;
	StoAmount received;
	StoAmount left;

	if (r->within_party && o->kind != STO_ISSUE)
		return;
	/* that much nobody sends: it will be refused */
	if (!sto_amount_add(r->receiver.total, o->amount, &received))
		received = STO_AMOUNT_MAX;
	if (!sto_amount_sub(r->sender.total, o->amount, &left))
		left = -STO_AMOUNT_MAX;
	if (r->sender.present)
		sto_groups_add_party(&r->groups, r->token, r->sender.party, r->sender.total, left);
	if (r->receiver.present)
		sto_groups_add_party(&r->groups, r->token, r->receiver.party, r->receiver.total, received);
	if (r->version != NULL && (o->kind == STO_ISSUE || o->kind == STO_REDEEM))
		for (int i = 0; i < r->version->set->count; i++)
		{
			const StoRule *rule = &r->version->set->rules[i];

			if (rule->code == STO_RULE_OWNERSHIP_BY_CLAIM)
				sto_groups_add(&r->groups, r->token, rule->by, rule->value);
		}
	sto_groups_lock(&r->groups);
}

void
sto_ruling_begin(StoPosting *p)
{
	StoRuling *r = p->ruling;
	const StoOrder *o = &p->entry.order;

	p->entry.has_rule_set = false;
	if (r == NULL)
		return;
	r->move.posted_at = p->entry.posted_at;
	/* a hold may have changed before its position was locked */
	fill_move(r);
	r->version = sto_rules_in_force(r->token, p->entry.posted_at);
	p->entry.has_rule_set = r->version != NULL;
	p->entry.rule_set = r->version != NULL ? r->version->set_by : 0;
	if (!is_evaluated(o))
		return;
	read_side(r, &r->sender, p->debit_pos, o->debit);
	read_side(r, &r->receiver, p->credit_pos, o->credit);
	/* a hold changes no counter: only what its rules read matters */
	if (o->kind == STO_HOLD && r->version == NULL)
		return;
	lock_outstanding(r);
	lock_groups(r);
}

static void
keep_override(void *context, const StoRuleFinding *finding)
{
	StoRuling *r = context;
	StoOverride **last = &r->overrides;
	StoOverride *override = palloc0(sizeof(StoOverride));

	while (*last != NULL)
		last = &(*last)->next;
	*last = override;
	override->number = finding->number;
	override->code = finding->code;
	override->label = finding->label != NULL ? pstrdup(finding->label) : NULL;
	override->detail = pstrdup(finding->detail);
}

static void
add_reason(void *context, const StoRuleFinding *finding)
{
	sto_reason_add_finding((StoReasons *) context, finding);
}

static void
evaluate(StoRuling *r, StoRuleReport report, void *context)
{
	StoRuleFacts facts;

	if (sto_rules_evaluate(r->version->set, &r->move, sto_ruling_facts(r, &facts), report, context,
						   &r->outcome) == STO_RULES_ERROR)
		elog(ERROR, "the rules of event " INT64_FORMAT " can't be asked", r->version->set_by);
}

/*
 * Most entries pass, and then it is enough to know that a party's outflow in a window
 * is no more than its outflow ever.
 */
static bool
passes(StoRuling *r)
{
	r->guess = true;
	evaluate(r, NULL, NULL);
	r->guess = false;
	return r->outcome.failing == 0;
}

/* In a dry run nothing was begun. */
static StoRuling *
dry_ruling(const StoPosting *p)
{
	StoRuling *r;
	const StoOrder *o = &p->entry.order;

	if (!p->token.rules || o->kind == STO_RELEASE)
		return NULL;
	r = begin(p, true);
	r->move.posted_at = p->entry.posted_at;
	r->version = sto_rules_in_force(r->token, p->entry.posted_at);
	read_side(r, &r->sender, p->debit_pos, o->debit);
	read_side(r, &r->receiver, p->credit_pos, o->credit);
	return r;
}

static StoRuling *
ruling_of(const StoPosting *p)
{
	StoRuling *r = p->mode == STO_MODE_DRY ? dry_ruling(p) : p->ruling;

	if (r == NULL || r->version == NULL || !is_evaluated(&p->entry.order) || was_asked(p))
		return NULL;
	return r;
}

void
sto_ruling_check(const StoPosting *p, StoReasons *reasons)
{
	StoRuling *r = ruling_of(p);

	if (r == NULL || passes(r))
		return;
	if (sto_is_enforced_act(p->entry.order.kind))
		evaluate(r, keep_override, r);
	else
		evaluate(r, add_reason, reasons);
}

void
sto_ruling_hear(const StoPosting *p)
{
	StoRuling *r = sto_is_enforced_act(p->entry.order.kind) ? ruling_of(p) : NULL;
	const StoRuleSet *set;

	if (r == NULL)
		return;
	set = r->version->set;
	r->heard = palloc(set->count * sizeof(StoHeard));
	for (int i = 0; i < set->count; i++)
	{
		const StoRule *rule = sto_rules_custom(set, i, &r->move);
		StoHeard heard = {.rule_set = r->version->set_by, .number = i + 1};

		if (rule == NULL)
			continue;
		memcpy(heard.definition, rule->definition, STO_DIGEST_LEN);
		heard.label = rule->label != NULL ? pstrdup(rule->label) : NULL;
		/* what it said there comes as an event */
		if (p->mode == STO_MODE_VERIFY || sto_custom_rule_hear(rule, &r->move, &heard))
			r->heard[r->heard_count++] = heard;
	}
}

bool
sto_ruling_takes_id(const StoPosting *p, int64 entry_id)
{
	const StoRuling *r = p->ruling;

	for (int i = 0; r != NULL && i < r->heard_count; i++)
		if (!sto_finding_has_place(p->ledger.ledger_id, entry_id, r->heard[i].number))
			return false;
	return true;
}

StoAmount
sto_ruling_largest(const StoPosting *p)
{
	StoRuling *r = ruling_of(p);
	StoRuleFacts facts;
	StoAmount largest;

	if (r == NULL || sto_is_enforced_act(p->entry.order.kind))
		return p->entry.order.amount;
	if (!sto_rules_largest(r->version->set, &r->move, sto_ruling_facts(r, &facts), &largest))
		elog(ERROR, "the rules of event " INT64_FORMAT " can't be asked", r->version->set_by);
	return largest;
}

static void
move_holding(StoHolding *holding, StoAmount amount, bool outflow, int64 posted_at)
{
	if (holding == NULL)
		return;
	sto_holding_touch(holding);
	if (!sto_amount_add(holding->total, amount, &holding->total) ||
		(outflow && !sto_amount_add(holding->outflow, -amount, &holding->outflow)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("a party's total would leave the range of 128 bits")));
	holding->posted_at = posted_at;
}

void
sto_ruling_post(const StoPosting *p)
{
	StoRuling *r = p->ruling;
	const StoOrder *o = &p->entry.order;

	if (r == NULL)
		return;
	for (int i = 0; i < r->outcome.approval_count; i++)
	{
		StoApproval *approval = sto_approval_lock(r->outcome.approvals[i]);

		sto_approval_touch(approval);
		approval->uses_left--;
	}
	if (!moves_units(o->kind) || (r->within_party && o->kind != STO_ISSUE))
		return;
	move_holding(r->sender.holding, -o->amount, sto_rule_is_outflow(&r->move), p->entry.posted_at);
	move_holding(r->receiver.holding, o->amount, false, p->entry.posted_at);
	sto_groups_apply(&r->groups);
	if (o->kind == STO_ISSUE && r->token->issues)
		sto_issued_put(p->token.token_id, r->receiver.party, p->entry.posted_at);
}

void
sto_ruling_record(const StoPosting *p)
{
	if (p->ruling == NULL)
		return;
	for (const StoOverride *o = p->ruling->overrides; o != NULL; o = o->next)
	{
		Datum values[OVERRIDE_COLUMNS];
		bool nulls[OVERRIDE_COLUMNS] = {false};

		values[OVERRIDE_ENTRY_ID - 1] = Int64GetDatum(p->entry.entry_id);
		values[OVERRIDE_NUMBER - 1] = Int16GetDatum((int16) o->number);
		values[OVERRIDE_CODE - 1] = Int16GetDatum((int16) o->code);
		values[OVERRIDE_RULE - 1] = CStringGetTextDatum(sto_rule_name(o->code));
		nulls[OVERRIDE_LABEL - 1] = o->label == NULL;
		if (o->label != NULL)
			values[OVERRIDE_LABEL - 1] = CStringGetTextDatum(o->label);
		values[OVERRIDE_DETAIL - 1] = CStringGetTextDatum(o->detail);
		sto_store_insert(STO_REL_OVERRIDE, values, nulls);
	}
	for (int i = 0; i < p->ruling->heard_count; i++)
	{
		p->ruling->heard[i].entry_id = p->entry.entry_id;
		sto_finding_expect(&p->ruling->heard[i]);
	}
}
