/*
 * rules_replay.c
 *		Events and entries, merged by their ids, told to a fold of what rules read.
 */
#include "postgres.h"

#include "ledger/gate.h"
#include "ledger/register.h"
#include "log/rules_replay.h"
#include "log/rules_scope.h"
#include "types/types.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define FETCH_ROWS 1000

static const char set_query[] =
	"SELECT e.subject, e.body::text FROM ONLY sto.event e WHERE e.kind = 'rule_set'"
	" AND (e.subject = $1 OR $1 IS NULL) AND e.entry_id <= $2 ORDER BY e.entry_id";

enum
{
	EVENT_ID = 1,
	EVENT_KIND_NAME,
	EVENT_OF,
	EVENT_BY,
	EVENT_TIME,
	EVENT_TEXT,
	EVENT_WALLET,
	EVENT_PARTY
};

enum
{
	ENTRY_ID = 1,
	ENTRY_KIND,
	ENTRY_PURPOSE,
	ENTRY_TOKEN,
	ENTRY_AMOUNT,
	ENTRY_POSTED_AT,
	ENTRY_POSTED_BY,
	ENTRY_ORDERED_BY,
	ENTRY_NOTARY,
	ENTRY_ATTACHMENT,
	ENTRY_RULE_SET,
	ENTRY_DEBIT,
	ENTRY_DEBIT_PARTY,
	ENTRY_DEBIT_ISSUANCE,
	ENTRY_CREDIT,
	ENTRY_CREDIT_PARTY,
	ENTRY_CREDIT_ISSUANCE,
	ENTRY_CHECKED_ONCE,
	ENTRY_DEBIT_OMNIBUS,
	ENTRY_CREDIT_OMNIBUS
};

/* Rows of a query, some at a time. */
typedef struct Reader
{
	Portal portal;
	SPITupleTable *rows;
	uint64 count;
	uint64 at; /* of the row at hand */
	int64 id;  /* its first column; PG_INT64_MAX: there is none */
} Reader;

/* Numbers of wallets, as the fold wants them. */
typedef struct WalletNumber
{
	uint8_t address[STO_ADDRESS_LEN];
	uint32 number;
} WalletNumber;

typedef struct Tables
{
	StoRulesReplay *replay;
	HTAB *wallets;
} Tables;

void
sto_rules_no_memory(void)
{
	ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
					errdetail("What rules read could not be folded.")));
}

StoRuleFold *
sto_rules_fold(void)
{
	uint64 seed;
	StoRuleFold *fold;

	if (!pg_strong_random(&seed, sizeof(seed)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("no random numbers")));
	fold = sto_rule_fold_new(seed);
	if (fold == NULL)
		sto_rules_no_memory();
	return fold;
}

static Datum
column(const Reader *r, int number, bool *isnull)
{
	return SPI_getbinval(r->rows->vals[r->at], r->rows->tupdesc, number, isnull);
}

static bool
octets(const Reader *r, int number, uint8_t *out, size_t len)
{
	bool isnull;
	Datum value = column(r, number, &isnull);

	if (!isnull)
		memcpy(out, DatumGetPointer(value), len);
	return !isnull;
}

static bool
is_true(const Reader *r, int number)
{
	bool isnull;
	Datum value = column(r, number, &isnull);

	return !isnull && DatumGetBool(value);
}

static void
advance(Reader *r)
{
	bool isnull;

	if (r->rows != NULL && ++r->at == r->count)
	{
		SPI_freetuptable(r->rows);
		r->rows = NULL;
	}
	if (r->rows == NULL)
	{
		SPI_cursor_fetch(r->portal, true, FETCH_ROWS);
		r->rows = SPI_tuptable;
		r->count = SPI_processed;
		r->at = 0;
	}
	r->id = r->count == 0 ? PG_INT64_MAX : DatumGetInt64(column(r, 1, &isnull));
}

static void
open_reader(Reader *r, const char *query, const StoRulesScope *scope)
{
	Oid types[STO_RULES_PARAMETERS];
	Datum values[STO_RULES_PARAMETERS];
	char nulls[STO_RULES_PARAMETERS];

	for (int i = 0; i < scope->count; i++)
	{
		types[i] = scope->parameters[i].type;
		values[i] = scope->parameters[i].value;
		nulls[i] = scope->parameters[i].isnull ? 'n' : ' ';
	}
	memset(r, 0, sizeof(*r));
	r->portal = SPI_cursor_open_with_args(NULL, query, scope->count, types, values, nulls, true,
										  CURSOR_OPT_NO_SCROLL);
	advance(r);
}

static void
close_reader(Reader *r)
{
	if (r->rows != NULL)
		SPI_freetuptable(r->rows);
	SPI_cursor_close(r->portal);
}

static uint32
need(uint32 number)
{
	if (number == 0)
		sto_rules_no_memory();
	return number;
}

static void
need_done(bool done)
{
	if (!done)
		sto_rules_no_memory();
}

static StoRulePeriod
period_of(const StoBody *body)
{
	return (StoRulePeriod){.from = body->value[STO_F_FROM].integer,
						   .to = body->value[STO_F_TO].integer,
						   .has_from = STO_BODY_HAS(body, STO_F_FROM),
						   .has_to = STO_BODY_HAS(body, STO_F_TO)};
}

static const char *
country_of(const StoBody *body, StoField field)
{
	return STO_BODY_HAS(body, field) && strlen(body->value[field].text) == 2
			   ? body->value[field].text
			   : NULL;
}

static void
tell_class(StoRuleFold *fold, int64 event, uint32 party, const StoBody *body)
{
	const char *name = body->value[STO_F_CLASS].text;
	StoRulePeriod period = period_of(body);
	StoClass klass;

	if (!sto_class_from_name(name, strlen(name), &klass))
		return;
	need_done(
		sto_rule_fold_class(fold, event, party,
							STO_BODY_HAS(body, STO_F_TOKEN)
								? need(sto_rule_fold_token(fold, body->value[STO_F_TOKEN].octets))
								: 0,
							klass, &period));
}

static void
tell_travel_data(StoRuleFold *fold, int64 event, uint32 party, const StoBody *body)
{
	StoRuleTravel travel = {.event = event,
							.party = party,
							.count = body->value[STO_F_FIELDS].texts.count,
							.fields = (const char *const *) body->value[STO_F_FIELDS].texts.items,
							.commitment = body->value[STO_F_COMMITMENT].octets,
							.period = period_of(body)};

	if (STO_BODY_HAS(body, STO_F_GRANTED) && !body->value[STO_F_GRANTED].flag)
		sto_rule_fold_travel_withdraw(fold, event, party);
	else
		need_done(sto_rule_fold_travel(fold, &travel));
}

static void
tell_approval(StoRuleFold *fold, int64 event, uint32 token, const uint8_t *actor,
			  const StoBody *body)
{
	StoRuleApproval approval = {.event = event,
								.token = token,
								.by = need(sto_rule_fold_party(fold, actor)),
								.amount = body->value[STO_F_AMOUNT].amount,
								.exact = body->value[STO_F_EXACT].flag,
								.uses = body->value[STO_F_USES].integer,
								.period = period_of(body)};

	if (STO_BODY_HAS(body, STO_F_SENDER))
		approval.sender = need(sto_rule_fold_party(fold, body->value[STO_F_SENDER].octets));
	if (STO_BODY_HAS(body, STO_F_RECEIVER))
		approval.receiver = need(sto_rule_fold_party(fold, body->value[STO_F_RECEIVER].octets));
	need_done(sto_rule_fold_approval(fold, &approval));
}

static void
tell_party_event(StoRuleFold *fold, int64 event, uint32 party, const StoBody *body)
{
	switch (body->kind)
	{
		case STO_EVENT_PARTY:
		case STO_EVENT_PARTY_FACTS:
			need_done(sto_rule_fold_country(fold, event, party, country_of(body, STO_F_COUNTRY),
											country_of(body, STO_F_INCORPORATION)));
			break;
		case STO_EVENT_CLASSIFICATION:
			tell_class(fold, event, party, body);
			break;
		case STO_EVENT_CLAIM:
			need_done(sto_rule_fold_claim(fold, event, party, body->value[STO_F_TOPIC].text));
			break;
		case STO_EVENT_CLAIM_REVOKE:
			need_done(sto_rule_fold_claim_revoke(fold, body->value[STO_F_CLAIM].integer));
			break;
		case STO_EVENT_OPT_IN:
			need_done(sto_rule_fold_opt_in(
				fold, event, need(sto_rule_fold_token(fold, body->value[STO_F_TOKEN].octets)),
				party, body->value[STO_F_AFFIRMED].flag));
			break;
		default:
			tell_travel_data(fold, event, party, body);
			break;
	}
}

static void
tell_token_event(StoRuleFold *fold, int64 event, uint32 token, const uint8_t *actor,
				 const StoBody *body)
{
	switch (body->kind)
	{
		case STO_EVENT_TOKEN:
			sto_rule_fold_issuer(fold, token, need(sto_rule_fold_party(fold, actor)));
			break;
		case STO_EVENT_PARTY_LIST:
			need_done(sto_rule_fold_listed(
				fold, event, token, body->value[STO_F_LIST].text,
				need(sto_rule_fold_party(fold, body->value[STO_F_PARTY].octets)),
				body->value[STO_F_LISTED].flag));
			break;
		case STO_EVENT_TRANSFER_APPROVAL:
			tell_approval(fold, event, token, actor, body);
			break;
		default:
			sto_rule_fold_approval_revoke(fold, event, body->value[STO_F_APPROVAL].integer);
			break;
	}
}

/* What any set reads is kept from the start: nothing is missing when it comes. */
static void
tell_rule_set(StoRuleFold *fold, const Reader *r, uint32 token)
{
	bool isnull;
	text *body = DatumGetTextPP(column(r, EVENT_TEXT, &isnull));
	int64 recorded_at = StoTimeFromTimestamp(DatumGetTimestampTz(column(r, EVENT_TIME, &isnull)));
	char why[STO_RULE_WHY_MAX];
	unsigned missing;

	need_done(sto_rule_fold_set(fold, r->id, token, recorded_at, VARDATA_ANY(body),
								VARSIZE_ANY_EXHDR(body), &missing, why));
	if (why[0] != '\0')
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
						errmsg("the rules of event " INT64_FORMAT " can't be read", r->id),
						errdetail("%s.", why)));
}

static void
tell_look_through(StoRuleFold *fold, const Reader *r)
{
	bool isnull;
	StoRuleLook look = {.event = r->id};
	uint8_t wallet[STO_ADDRESS_LEN];
	uint8_t party[STO_UUID_LEN];

	/* that the wallet isn't there is for the register's checks */
	if (!octets(r, EVENT_WALLET, wallet, STO_ADDRESS_LEN) ||
		!octets(r, EVENT_PARTY, party, STO_UUID_LEN))
		return;
	look.wallet = wallet;
	look.party = need(sto_rule_fold_party(fold, party));
	look.recorded_at = StoTimeFromTimestamp(DatumGetTimestampTz(column(r, EVENT_TIME, &isnull)));
	sto_rules_look_through(fold, &look, DatumGetTextPP(column(r, EVENT_TEXT, &isnull)));
}

static void
tell_event(StoRuleFold *fold, const Reader *r)
{
	bool isnull;
	text *name = DatumGetTextPP(column(r, EVENT_KIND_NAME, &isnull));
	StoEventKind kind = sto_event_kind(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	uint8_t subject[STO_UUID_LEN];
	uint8_t actor[STO_UUID_LEN];
	StoBody body;

	(void) octets(r, EVENT_OF, subject, STO_UUID_LEN);
	(void) octets(r, EVENT_BY, actor, STO_UUID_LEN);
	if (kind == STO_EVENT_RULE_SET)
	{
		tell_rule_set(fold, r, need(sto_rule_fold_token(fold, subject)));
		return;
	}
	if (kind == STO_EVENT_LOOK_THROUGH)
	{
		tell_look_through(fold, r);
		return;
	}
	sto_body_parse(kind, DatumGetTextPP(column(r, EVENT_TEXT, &isnull)), false, &body);
	if (kind == STO_EVENT_TOKEN || kind == STO_EVENT_PARTY_LIST ||
		kind == STO_EVENT_TRANSFER_APPROVAL || kind == STO_EVENT_APPROVAL_REVOKE)
		tell_token_event(fold, r->id, need(sto_rule_fold_token(fold, subject)), actor, &body);
	else
		tell_party_event(fold, r->id, need(sto_rule_fold_party(fold, subject)), &body);
}

static uint32
side_of(Tables *t, const Reader *r, int party, int issuance)
{
	uint8_t uuid[STO_UUID_LEN];

	if (!octets(r, party, uuid, STO_UUID_LEN) || is_true(r, issuance))
		return 0;
	return need(sto_rule_fold_party(t->replay->fold, uuid));
}

static uint32
wallet_number(Tables *t, const uint8_t *address)
{
	bool found;
	WalletNumber *row = hash_search(t->wallets, address, HASH_ENTER, &found);

	if (!found)
		row->number = (uint32) hash_get_num_entries(t->wallets);
	return row->number;
}

static StoKind
kind_of(const Reader *r)
{
	bool isnull;
	text *name = DatumGetTextPP(column(r, ENTRY_KIND, &isnull));
	StoKind kind;

	if (!sto_kind_from_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &kind))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
						errmsg("entry " INT64_FORMAT " is of an unknown kind", r->id)));
	return kind;
}

/* As at the gate: a hold that protects others is asked nothing, one checked once not again. */
static bool
is_asked(const Reader *r, StoKind kind)
{
	StoPurpose purpose;
	text *name;
	bool isnull;

	if (kind == STO_POST)
		return !is_true(r, ENTRY_CHECKED_ONCE);
	if (kind != STO_HOLD)
		return kind != STO_RELEASE;
	name = DatumGetTextPP(column(r, ENTRY_PURPOSE, &isnull));
	return !isnull && sto_purpose_from_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &purpose) &&
		   purpose != STO_LOCK_UP && purpose != STO_SEIZURE && purpose != STO_FREEZE;
}

static void
read_entry(Tables *t, const Reader *r, StoRuleEntry *entry)
{
	StoRulesReplay *replay = t->replay;
	StoRuleMove *move = &entry->move;
	uint8_t token_id[STO_UUID_LEN];
	Datum value;
	bool isnull;

	memset(entry, 0, sizeof(*entry));
	(void) octets(r, ENTRY_TOKEN, token_id, STO_UUID_LEN);
	entry->entry_id = r->id;
	entry->token = need(sto_rule_fold_token(replay->fold, token_id));
	entry->sender = side_of(t, r, ENTRY_DEBIT_PARTY, ENTRY_DEBIT_ISSUANCE);
	entry->receiver = side_of(t, r, ENTRY_CREDIT_PARTY, ENTRY_CREDIT_ISSUANCE);
	move->kind = kind_of(r);
	memcpy(&move->amount, DatumGetPointer(column(r, ENTRY_AMOUNT, &isnull)), STO_AMOUNT_LEN);
	move->posted_at =
		StoTimeFromTimestamp(DatumGetTimestampTz(column(r, ENTRY_POSTED_AT, &isnull)));
	(void) octets(r, ENTRY_POSTED_BY, move->posted_by, STO_UUID_LEN);
	(void) octets(r, ENTRY_ORDERED_BY, move->ordering_party, STO_UUID_LEN);
	move->has_notary = octets(r, ENTRY_NOTARY, move->notary, STO_UUID_LEN);
	move->has_attachment = is_true(r, ENTRY_ATTACHMENT);
	move->checked_once = move->kind == STO_HOLD && is_true(r, ENTRY_CHECKED_ONCE);
	if (octets(r, ENTRY_DEBIT, move->debit, STO_ADDRESS_LEN))
		entry->wallet = wallet_number(t, move->debit);
	(void) octets(r, ENTRY_CREDIT, move->credit, STO_ADDRESS_LEN);
	entry->debit_omnibus = is_true(r, ENTRY_DEBIT_OMNIBUS);
	entry->credit_omnibus = is_true(r, ENTRY_CREDIT_OMNIBUS);
	value = column(r, ENTRY_RULE_SET, &isnull);
	replay->has_rule_set = !isnull;
	replay->rule_set = isnull ? 0 : DatumGetInt64(value);
	replay->is_asked = is_asked(r, move->kind);
	replay->is_enforced =
		move->kind == STO_FORCE || move->kind == STO_RECOVER || move->kind == STO_REVERSE;
}

static bool
keep(StoRuleFold *fold, const uint8_t *token_id, const StoRuleNeeds *needs)
{
	uint32_t token = sto_rule_fold_token(fold, token_id);
	unsigned missing;

	return token != 0 && sto_rule_fold_keep(fold, token, needs, &missing);
}

/* Keep what a set of the log reads, from the first entry on. */
static void
keep_set(StoRulesReplay *replay, const uint8_t *token_id, const text *body)
{
	char why[STO_RULE_WHY_MAX];
	StoRuleSet *set = sto_rules_parse(VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), why);
	StoRuleNeeds needs;
	bool kept;

	/* one that can't be read is complained of when its event comes */
	if (set == NULL)
		return;
	sto_rules_needs(set, &needs);
	if (replay->proposed == NULL)
		sto_rules_add_needs(&replay->needs, &needs);
	kept = keep(replay->fold, token_id, &needs);
	sto_rules_free(set);
	need_done(kept);
}

/* Everything that any set of the log reads, and the proposed one; false: there is none. */
static bool
keep_all(StoRulesReplay *replay, const uint8_t *token_id)
{
	Oid types[] = {UUIDOID, INT8OID};
	Datum values[] = {token_id == NULL ? (Datum) 0 : StoUuidGetDatum(token_id),
					  Int64GetDatum(replay->until == 0 ? PG_INT64_MAX : replay->until)};
	char nulls[] = {token_id == NULL ? 'n' : ' ', ' '};
	bool found = token_id != NULL;

	memset(&replay->needs, 0, sizeof(replay->needs));
	if (replay->proposed != NULL)
	{
		sto_rules_needs(replay->proposed, &replay->needs);
		need_done(keep(replay->fold, token_id, &replay->needs));
	}
	if (SPI_execute_with_args(set_query, 2, types, values, nulls, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "rule sets can't be read");
	found |= SPI_processed > 0;
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		TupleDesc columns = SPI_tuptable->tupdesc;
		bool isnull;
		Datum token = SPI_getbinval(SPI_tuptable->vals[i], columns, 1, &isnull);
		Datum body = SPI_getbinval(SPI_tuptable->vals[i], columns, 2, &isnull);

		keep_set(replay, (const uint8_t *) DatumGetPointer(token), DatumGetTextPP(body));
	}
	SPI_freetuptable(SPI_tuptable);
	return found;
}

static void
merge(Tables *t, Reader *events, Reader *entries)
{
	MemoryContext row_context =
		AllocSetContextCreate(CurrentMemoryContext, "sto rules row", ALLOCSET_DEFAULT_SIZES);
	bool more = true;

	while (more && (events->id != PG_INT64_MAX || entries->id != PG_INT64_MAX))
	{
		MemoryContext caller = MemoryContextSwitchTo(row_context);
		StoRuleEntry entry;

		CHECK_FOR_INTERRUPTS();
		if (events->id < entries->id)
			tell_event(t->replay->fold, events);
		else
		{
			read_entry(t, entries, &entry);
			more = t->replay->visit(t->replay, &entry);
			need_done(sto_rule_fold_entry(t->replay->fold, &entry));
		}
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_context);
		advance(events->id < entries->id ? events : entries);
	}
	MemoryContextDelete(row_context);
}

void
sto_rules_replay(StoRulesReplay *replay, const uint8_t *token_id)
{
	Tables t = {.replay = replay};
	HASHCTL ctl = {.keysize = STO_ADDRESS_LEN,
				   .entrysize = sizeof(WalletNumber),
				   .hcxt = CurrentMemoryContext};
	StoRulesScope scope;
	Reader events;
	Reader entries;

	if (!keep_all(replay, token_id))
		return;
	t.wallets =
		hash_create("sto wallets of rules", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	sto_rules_scope(replay, token_id, &replay->needs, &scope);
	open_reader(&events, scope.events, &scope);
	open_reader(&entries, scope.entries, &scope);
	merge(&t, &events, &entries);
	close_reader(&entries);
	close_reader(&events);
	hash_destroy(t.wallets);
}
