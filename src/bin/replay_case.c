/*
 * replay_case.c
 *		Cases of enforcement: handlers of their events, and whether an entry is
 *		what its case says.
 */
#include "bin/replay_state.h"

#include <string.h>

#define HOLDS_MAX 64

#define F(field) STO_BODY_BIT(STO_F_##field)
#define COMMON (F(ACT) | F(BASIS) | F(DOCUMENT_HASH) | F(DEBIT) | F(VALID_UNTIL) | F(NOT_BEFORE))

const char *const sto_fold_acts[] = {[CASE_FORCE] = "force",
									 [CASE_REVERSE] = "reverse",
									 [CASE_SEIZURE] = "seizure",
									 [CASE_FREEZE] = "freeze",
									 [CASE_RECOVER] = "recover",
									 [CASE_POST] = "post",
									 [CASE_WALLET_FREEZE] = "wallet_freeze",
									 [CASE_TOKEN_PAUSE] = "token_pause",
									 NULL};
const char *const sto_fold_case_bases[] = {"law",        "contract", "court", "administrative",
										   "succession", "recovery", NULL};

/* Bases from this one on belong to one act alone. */
#define OWN_BASES 4
#define BASIS_SUCCESSION 4
#define BASIS_RECOVERY 5

/* The least wait before a recovery, microseconds. */
#define NOTICE INT64_C(1000000)

/* What a case of each act must state beside what every case states, and may. */
static const struct
{
	StoBodyFields required;
	StoBodyFields optional;
	StoKind kind;      /* of the entry that carries it out; 0: an event does */
	uint8_t purpose;   /* of a hold */
	uint8_t own_basis; /* 0: none */
	uint8_t capability;
} acts[CASE_ACTS] = {
	[CASE_FORCE] = {F(TOKEN) | F(CREDIT) | F(AMOUNT), F(HOLDS), STO_FORCE, 0, BASIS_SUCCESSION,
					CAPABILITY_ENFORCER},
	[CASE_REVERSE] = {F(TOKEN) | F(CREDIT) | F(AMOUNT) | F(UNDOES), 0, STO_REVERSE, 0, 0,
					  CAPABILITY_ENFORCER},
	[CASE_SEIZURE] = {F(TOKEN) | F(AMOUNT), F(CREDIT), STO_HOLD, STO_SEIZURE, 0,
					  CAPABILITY_ENFORCER},
	[CASE_FREEZE] = {F(TOKEN) | F(AMOUNT), 0, STO_HOLD, STO_FREEZE, 0, CAPABILITY_ENFORCER},
	[CASE_RECOVER] = {F(CREDIT) | F(NOT_BEFORE), F(TOKEN), STO_RECOVER, 0, BASIS_RECOVERY,
					  CAPABILITY_RECOVERY_AGENT},
	[CASE_POST] = {F(TOKEN) | F(CREDIT) | F(AMOUNT) | F(HOLDS), 0, STO_POST, 0, 0,
				   CAPABILITY_ENFORCER},
	[CASE_WALLET_FREEZE] = {0, 0, 0, 0, 0, CAPABILITY_ENFORCER},
	[CASE_TOKEN_PAUSE] = {F(TOKEN), 0, 0, 0, 0, CAPABILITY_ENFORCER},
};

static bool
may_decide(const Party *party, CaseAct act)
{
	return party != NULL && (party->capabilities & (1u << acts[act].capability)) != 0;
}

bool
sto_fold_may_open_case(const Act *act)
{
	int place = sto_fold_place(act->body.value[STO_F_ACT].text, sto_fold_acts);

	/* an act that there is none of is the handler's to report */
	return place == CASE_ACTS || may_decide(act->actor_party, (CaseAct) place);
}

/* An act's and a basis's places; false, and reported, if there are none. */
static bool
find_names(const Act *act, uint8_t *which, uint8_t *basis)
{
	const char *name = act->body.value[STO_F_ACT].text;
	const char *text = act->body.value[STO_F_BASIS].text;

	*which = (uint8_t) sto_fold_place(name, sto_fold_acts);
	*basis = (uint8_t) sto_fold_place(text, sto_fold_case_bases);
	if (sto_fold_acts[*which] == NULL)
		sto_fold_refuse(act, STO_CHECK_BODY, "there is no act \"%.40s\"", name);
	else if (sto_fold_case_bases[*basis] == NULL ||
			 (*basis >= OWN_BASES && *basis != acts[*which].own_basis))
		sto_fold_refuse(act, STO_CHECK_BODY, "there is no legal basis \"%.40s\" of a case of %s",
						text, name);
	else
		return true;
	return false;
}

static bool
check_fields(const Act *act, uint8_t which)
{
	StoBodyFields missing = acts[which].required & ~act->body.present;
	StoBodyFields foreign =
		act->body.present & ~(acts[which].required | acts[which].optional | COMMON);

	for (int i = 0; i < STO_FIELDS; i++)
		if (((missing | foreign) & STO_BODY_BIT(i)) != 0)
		{
			sto_fold_refuse(act, STO_CHECK_BODY, "a case of %s %s \"%s\"", sto_fold_acts[which],
							(missing & STO_BODY_BIT(i)) != 0 ? "states" : "has no",
							sto_body_field_name((StoBodyField) i));
			return false;
		}
	return true;
}

static void
check_times(const Act *act, uint8_t which)
{
	const StoBody *body = &act->body;
	int64_t begin = act->event->recorded_at;

	if (STO_BODY_HAS(body, STO_F_NOT_BEFORE) && body->value[STO_F_NOT_BEFORE].integer > begin)
		begin = body->value[STO_F_NOT_BEFORE].integer;
	if (STO_BODY_HAS(body, STO_F_VALID_UNTIL) && body->value[STO_F_VALID_UNTIL].integer <= begin)
		sto_fold_refuse(act, STO_CHECK_BODY, "it ends before it could be carried out");
	if (which == CASE_RECOVER && begin < act->event->recorded_at + NOTICE)
		sto_fold_refuse(act, STO_CHECK_BODY, "a recovery without a wait");
}

static bool
find_wallet(const Act *act, StoBodyField field, uint32_t *row)
{
	const Wallet *wallet = sto_fold_wallet(act->r, act->body.value[field].octets, row);

	if (wallet != NULL && wallet->issues == 0)
		return true;
	sto_fold_refuse(act, STO_CHECK_RULE, "\"%s\" is not a wallet of the register",
					sto_body_field_name(field));
	return false;
}

/* A token, for which its issuance wallet stands where units would have theirs. */
static bool
find_paused(const Act *act, Case *legal)
{
	const StoBody *body = &act->body;
	const Token *token = sto_fold_token(act->r, body->value[STO_F_TOKEN].octets, &legal->token);

	if (token != NULL &&
		sto_fold_wallet(act->r, body->value[STO_F_DEBIT].octets, &legal->debit) != NULL &&
		legal->debit == token->issuance)
		return true;
	sto_fold_refuse(act, STO_CHECK_RULE, "\"debit\" is not the issuance wallet of \"token\"");
	return false;
}

/* The rows of what it names; false, and reported, if one is not there. */
static bool
find_rows(const Act *act, Case *legal)
{
	const StoBody *body = &act->body;

	if (legal->act == CASE_TOKEN_PAUSE)
		return find_paused(act, legal);
	if (!find_wallet(act, STO_F_DEBIT, &legal->debit) ||
		(STO_BODY_HAS(body, STO_F_CREDIT) && !find_wallet(act, STO_F_CREDIT, &legal->credit)))
		return false;
	if (legal->debit == legal->credit)
		sto_fold_refuse(act, STO_CHECK_RULE, "\"debit\" and \"credit\" are the same wallet");
	if (legal->act == CASE_RECOVER &&
		((Wallet *) sto_pool_at(&act->r->wallets, legal->debit))->party !=
			((Wallet *) sto_pool_at(&act->r->wallets, legal->credit))->party)
		sto_fold_refuse(act, STO_CHECK_RULE, "\"debit\" and \"credit\" are wallets of two parties");
	if (!STO_BODY_HAS(body, STO_F_TOKEN) ||
		sto_fold_token(act->r, body->value[STO_F_TOKEN].octets, &legal->token) != NULL)
		return true;
	sto_fold_refuse(act, STO_CHECK_RULE, "\"token\" is not in the register");
	return false;
}

/* False only if there is no memory. */
static bool
add_hold(const Act *act, Case *legal, int64_t hold_id)
{
	StoReplay *r = act->r;
	uint32_t hold_row;
	uint32_t number;
	const HoldRow *hold = sto_fold_hold(r, hold_id, &hold_row);
	CaseHold *row;

	if (hold == NULL || hold->wallet != legal->debit || hold->token != legal->token)
	{
		sto_fold_refuse(act, STO_CHECK_HOLD, "there is no hold %lld on that wallet and token",
						(long long) hold_id);
		return true;
	}
	if (legal->act == CASE_POST && hold->purpose != STO_PLEDGE)
		sto_fold_refuse(act, STO_CHECK_HOLD, "hold %lld is no pledge", (long long) hold_id);
	for (uint32_t i = 0; i < legal->hold_count; i++)
		if (((CaseHold *) sto_pool_at(&r->case_holds, legal->first_hold + i))->hold == hold_row)
			sto_fold_refuse(act, STO_CHECK_HOLD, "hold %lld stands twice", (long long) hold_id);
	row = sto_pool_add(&r->case_holds, &number);
	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	row->hold_id = hold_id;
	row->hold = hold_row;
	if (legal->hold_count++ == 0)
		legal->first_hold = number;
	return true;
}

static bool
add_holds(const Act *act, Case *legal)
{
	const StoBodyTexts *holds = &act->body.value[STO_F_HOLDS].texts;

	if (!STO_BODY_HAS(&act->body, STO_F_HOLDS))
		return true;
	if (holds->count < 1 || holds->count > HOLDS_MAX)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"holds\" names 1 to %d holds", HOLDS_MAX);
	if (legal->act == CASE_POST && holds->count != 1)
		sto_fold_refuse(act, STO_CHECK_BODY, "a case of post names one hold");
	for (int i = 0; i < holds->count; i++)
		if (!add_hold(act, legal, sto_body_integer(holds, i)))
			return false;
	return true;
}

/* Traces come in the order of their entries. */
static Trace *
find_trace(const StoReplay *r, int64_t entry_id)
{
	uint32_t low = 1;
	uint32_t high = r->traces.count;

	while (low <= high && high > 0)
	{
		uint32_t middle = low + (high - low) / 2;
		Trace *trace = sto_pool_at(&r->traces, middle);

		if (trace->entry_id == entry_id)
			return trace;
		if (trace->entry_id < entry_id)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return NULL;
}

static uint32_t
trace_mark(const StoReplay *r, uint32_t token, uint32_t debit, uint32_t credit, StoAmount amount)
{
	struct
	{
		StoAmount amount;
		uint32_t rows[4];
	} moved = {amount, {token, debit, credit, 0}};

	return (uint32_t) (sto_seeded_hash(r->seed, &moved, sizeof(moved)) >> 33);
}

bool
sto_fold_trace(const Posting *p)
{
	StoKind kind = p->order->kind;
	uint32_t number;
	Trace *trace;

	if ((kind != STO_TRANSFER && kind != STO_POST && kind != STO_FORCE) || p->token == NULL ||
		p->debit == NULL || p->credit == NULL)
		return true;
	trace = sto_pool_add(&p->r->traces, &number);
	if (trace == NULL)
		return sto_fold_stop(p->r, p->entry->entry_id, "there is no memory");
	trace->entry_id = p->entry->entry_id;
	trace->mark = trace_mark(p->r, p->token_row, p->debit_row, p->credit_row, p->order->amount);
	return true;
}

/* The entry moved these units the other way? */
static void
check_undone(const Act *act, const Case *legal)
{
	const Trace *trace = find_trace(act->r, legal->undoes);

	if (trace == NULL ||
		(trace->mark & ~TRACE_REVERSED) !=
			trace_mark(act->r, legal->token, legal->credit, legal->debit, legal->amount))
		sto_fold_refuse(
			act, STO_CHECK_CASE,
			"entry %lld is no transfer, post or force of these units from \"credit\" to "
			"\"debit\"",
			(long long) legal->undoes);
}

bool
sto_fold_case_new(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	Case legal = {.event = act->event->entry_id};
	uint32_t number;
	Case *row;

	if (!find_names(act, &legal.act, &legal.basis) || !check_fields(act, legal.act))
		return true;
	check_times(act, legal.act);
	legal.has_amount = STO_BODY_HAS(body, STO_F_AMOUNT);
	legal.amount = body->value[STO_F_AMOUNT].amount;
	if (legal.has_amount && legal.amount <= 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"amount\" is not positive");
	if (!find_rows(act, &legal))
		return true;
	if (!add_holds(act, &legal))
		return false;
	legal.has_undoes = STO_BODY_HAS(body, STO_F_UNDOES);
	legal.undoes = body->value[STO_F_UNDOES].integer;
	if (legal.has_undoes)
		check_undone(act, &legal);
	legal.has_valid_until = STO_BODY_HAS(body, STO_F_VALID_UNTIL);
	legal.valid_until = body->value[STO_F_VALID_UNTIL].integer;
	legal.has_not_before = STO_BODY_HAS(body, STO_F_NOT_BEFORE);
	legal.not_before = body->value[STO_F_NOT_BEFORE].integer;
	memcpy(legal.document_hash, body->value[STO_F_DOCUMENT_HASH].octets, STO_DIGEST_LEN);
	(void) sto_fold_party(r, act->event->actor, &legal.opened_by);
	(void) sto_fold_subject(r, act->event->subject, &legal.subject);
	row = sto_fold_case_add(r, act->event->entry_id, &number);
	if (row == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	*row = legal;
	act->subject->row = number;
	return true;
}

/* Another officer's word; an approval can be taken back until the case is used. */
bool
sto_fold_case_decide(Act *act)
{
	StoReplay *r = act->r;
	bool approved = act->body.value[STO_F_APPROVED].flag;
	uint32_t actor = 0;
	Case *legal;

	if (act->subject->row == 0)
		return true; /* the case could not be opened, which was reported */
	legal = sto_pool_at(&r->cases, act->subject->row);
	(void) sto_fold_party(r, act->event->actor, &actor);
	if (actor == legal->opened_by)
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "the same officer opened the case");
	if (!may_decide(act->actor_party, (CaseAct) legal->act))
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "its actor is no officer for such a case");
	if (legal->refused != 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "the case was refused before");
	if (legal->used != 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "the case was carried out before");
	if (approved && legal->approved != 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "the case was approved before");
	else if (approved)
	{
		legal->approved = act->event->entry_id;
		legal->approved_by = actor;
	}
	else if (legal->refused == 0)
		legal->refused = act->event->entry_id;
	return true;
}

const Party *
sto_fold_case_officer(const Posting *p)
{
	const StoReplay *r = p->r;
	const Case *legal = p->legal;
	const Party *officer = p->orderer;

	if (officer == NULL ||
		(officer != sto_pool_at(&r->parties, legal->opened_by) &&
		 (legal->approved_by == 0 || officer != sto_pool_at(&r->parties, legal->approved_by))))
		return NULL;
	return may_decide(officer, (CaseAct) legal->act) ? officer : NULL;
}

/* Is the hold that it posts the one that the case names? */
static bool
posts_named(const Posting *p, const Case *legal)
{
	return legal->hold_count > 0 &&
		   p->order->hold_id ==
			   ((CaseHold *) sto_pool_at(&p->r->case_holds, legal->first_hold))->hold_id;
}

static const char *
difference(const Posting *p, const Case *legal)
{
	const StoOrder *o = p->order;

	if (o->kind != acts[legal->act].kind)
		return "kind";
	if (o->kind == STO_HOLD && o->purpose != acts[legal->act].purpose)
		return "purpose";
	if (legal->token != 0 && p->token_row != legal->token)
		return "token_id";
	if (p->debit_row != legal->debit)
		return "debit_wallet";
	if (p->credit_row != legal->credit)
		return "credit_wallet";
	if (legal->has_amount && o->amount != legal->amount)
		return "amount";
	if (o->has_undoes && o->undoes != legal->undoes)
		return "undoes";
	if (o->kind == STO_POST && !posts_named(p, legal))
		return "hold_id";
	if (o->kind == STO_POST && !o->keep_rest)
		return "keep_rest";
	if (!o->has_attachment || memcmp(o->attachment, legal->document_hash, STO_DIGEST_LEN) != 0)
		return "attachment_hash";
	return NULL;
}

static void
reverse(const Posting *p, int64_t undoes)
{
	Trace *trace = find_trace(p->r, undoes);

	if (trace == NULL)
		return; /* reported with the case */
	if ((trace->mark & TRACE_REVERSED) != 0)
		sto_fold_bad(p, STO_CHECK_CASE, "entry %lld was reversed before", (long long) undoes);
	trace->mark |= TRACE_REVERSED;
}

/* May it be carried out now, and is it this?  Then it is used. */
void
sto_fold_case_comply(const Posting *p)
{
	Case *legal = p->legal;
	const char *what = difference(p, legal);

	if (legal->refused != 0)
		sto_fold_bad(p, STO_CHECK_CASE, "case %lld was refused", (long long) legal->event);
	if (legal->approved == 0)
		sto_fold_bad(p, STO_CHECK_CASE, "case %lld was not approved by a second officer",
					 (long long) legal->event);
	/* a recovery has an entry for each token */
	if (legal->used != 0 && legal->act != CASE_RECOVER)
		sto_fold_bad(p, STO_CHECK_CASE, "case %lld was carried out before, by entry %lld",
					 (long long) legal->event, (long long) legal->used);
	if (legal->has_valid_until && p->entry->posted_at >= legal->valid_until)
		sto_fold_bad(p, STO_CHECK_CASE, "case %lld had expired", (long long) legal->event);
	if (legal->has_not_before && p->entry->posted_at < legal->not_before)
		sto_fold_bad(p, STO_CHECK_CASE, "case %lld was not to be carried out yet",
					 (long long) legal->event);
	if (legal->has_undoes)
		reverse(p, legal->undoes);
	if (what != NULL)
		sto_fold_bad(p, STO_CHECK_CASE, "it is not what case %lld says: %s differs",
					 (long long) legal->event, what);
	if (p->order->kind == STO_RECOVER)
		sto_fold_recover(p);
	if (legal->used == 0)
		legal->used = p->entry->entry_id;
}

StoAmount
sto_fold_case_break(const Posting *p, StoAmount lacking)
{
	const Case *legal = p->legal;
	StoAmount broken = 0;

	for (uint32_t i = 0; legal != NULL && i < legal->hold_count && broken < lacking; i++)
	{
		const CaseHold *named = sto_pool_at(&p->r->case_holds, legal->first_hold + i);
		HoldRow *hold = sto_pool_at(&p->r->holds, named->hold);
		StoAmount taken = hold->remaining < lacking - broken ? hold->remaining : lacking - broken;

		if (hold->wallet != p->debit_row || hold->token != p->token_row)
			continue;
		hold->remaining -= taken;
		broken += taken;
	}
	return broken;
}
