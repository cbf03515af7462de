/*
 * eligibility.c
 *		Claims that a token requires, and who has them.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/eligibility.h"
#include "ledger/gate.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Most answers kept; a full cache begins anew.  An answer takes some 80 octets. */
#define ANSWERS_MAX 131072

/* What a token requires: its topics, and for each the issuers that it trusts. */
typedef struct Topic
{
	char *name;
	int issuers;
	uint8_t (*issuer)[STO_UUID_LEN];
} Topic;

typedef struct Requirement
{
	uint8_t token_id[STO_UUID_LEN];
	int64 event; /* its token_topics; 0: being read */
	int count;
	Topic *topics;
} Requirement;

typedef struct AnswerKey
{
	uint8_t token_id[STO_UUID_LEN];
	uint8_t party_id[STO_UUID_LEN];
} AnswerKey;

/* Eligible in [from, to). */
typedef struct Answer
{
	AnswerKey key;
	int64 from;
	int64 to;
} Answer;

static MemoryContext context = NULL;
static HTAB *requirements = NULL;
static HTAB *answers = NULL;
static uint64 epoch = 0;
static uint32 misses = 0; /* since then */

static HTAB *
make_table(const char *name, Size keysize, Size entrysize)
{
	HASHCTL ctl;

	ctl.keysize = keysize;
	ctl.entrysize = entrysize;
	ctl.hcxt = context;
	return hash_create(name, 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Forget what is older than the facts. */
static void
refresh(void)
{
	uint64 now = sto_facts_epoch();

	if (context != NULL && epoch == now && hash_get_num_entries(answers) < ANSWERS_MAX)
		return;
	if (context != NULL)
	{
		MemoryContext old = context;

		context = NULL;
		MemoryContextDelete(old);
	}
	context = AllocSetContextCreate(TopMemoryContext, "sto eligibility", ALLOCSET_DEFAULT_SIZES);
	requirements = make_table("sto requirements", STO_UUID_LEN, sizeof(Requirement));
	answers = make_table("sto eligible parties", sizeof(AnswerKey), sizeof(Answer));
	epoch = now;
	misses = 0;
}

static void
read_topics(const StoTokenFact *token, Requirement *requirement)
{
	Datum key = Int64GetDatum(token->topics);
	StoRow row;
	Datum *items;
	int count;
	bool isnull;

	if (!sto_store_find(STO_REL_REQUIRED, STO_IDX_REQUIRED, 1, &key, &row))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
						errmsg("the topics that a token requires are missing"),
						errhint("Compare the register with its log: SELECT * FROM sto.verify().")));
	deconstruct_array(DatumGetArrayTypeP(sto_row_get(&row, REQUIRED_TOPICS, &isnull)), TEXTOID, -1,
					  false, TYPALIGN_INT, &items, NULL, &count);
	requirement->topics = MemoryContextAllocZero(context, Max(count, 1) * sizeof(Topic));
	for (int i = 0; i < count; i++)
		requirement->topics[i].name = MemoryContextStrdup(context, TextDatumGetCString(items[i]));
	requirement->count = count;
	sto_row_close(&row);
}

static void
add_issuer(Topic *topic, const uint8_t *issuer)
{
	Size size = (topic->issuers + 1) * sizeof(*topic->issuer);

	topic->issuer =
		topic->issuer == NULL ? MemoryContextAlloc(context, size) : repalloc(topic->issuer, size);
	memcpy(topic->issuer[topic->issuers++], issuer, STO_UUID_LEN);
}

/* Whose claims count: trusted for the topic, and with the capability still. */
static void
read_issuers(const StoTokenFact *token, Requirement *requirement)
{
	Datum key = StoUuidGetDatum(token->token_id);
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_TRUSTED, STO_IDX_TRUSTED, 1, &key, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		const uint8_t *issuer =
			(const uint8_t *) DatumGetPointer(slot_getattr(scan.slot, TRUSTED_ISSUER, &isnull));
		Datum *items;
		int count;

		if (!sto_fact_capability(issuer, "claim_issuer"))
			continue;
		deconstruct_array(DatumGetArrayTypeP(slot_getattr(scan.slot, TRUSTED_TOPICS, &isnull)),
						  TEXTOID, -1, false, TYPALIGN_INT, &items, NULL, &count);
		for (int i = 0; i < count; i++)
		{
			char *name = TextDatumGetCString(items[i]);

			for (int t = 0; t < requirement->count; t++)
				if (strcmp(requirement->topics[t].name, name) == 0)
					add_issuer(&requirement->topics[t], issuer);
		}
	}
	sto_scan_end(&scan);
}

static const Requirement *
requirement_of(const StoTokenFact *token)
{
	Requirement *requirement;
	bool found;

	requirement = hash_search(requirements, token->token_id, HASH_ENTER, &found);
	if (found && requirement->event == token->topics)
		return requirement;
	/* true even if the reading fails */
	requirement->event = 0;
	requirement->count = 0;
	requirement->topics = NULL;
	read_topics(token, requirement);
	read_issuers(token, requirement);
	requirement->event = token->topics;
	return requirement;
}

static bool
is_trusted(const Topic *topic, const uint8_t *issuer)
{
	for (int i = 0; i < topic->issuers; i++)
		if (memcmp(topic->issuer[i], issuer, STO_UUID_LEN) == 0)
			return true;
	return false;
}

static int64
time_or(TupleTableSlot *slot, int attno, int64 otherwise)
{
	bool isnull;
	Datum value = slot_getattr(slot, attno, &isnull);

	return isnull ? otherwise : StoTimeFromTimestamp(DatumGetTimestampTz(value));
}

/* The claim on a topic that is in force at some time and ends last. */
typedef struct Best
{
	bool found;
	int64 from;
	int64 to;
} Best;

/* One that doesn't count is as good as none. */
static void
take_claim(TupleTableSlot *slot, const Topic *topic, int64 at, Best *best)
{
	int64 from = time_or(slot, CLAIM_VALID_FROM, PG_INT64_MIN);
	int64 to = time_or(slot, CLAIM_VALID_TO, PG_INT64_MAX);
	bool isnull;
	Datum issuer = slot_getattr(slot, CLAIM_ISSUER, &isnull);

	(void) slot_getattr(slot, CLAIM_REVOKED, &isnull);
	if (!isnull || at < from || at >= to || (best->found && to <= best->to) ||
		!is_trusted(topic, (const uint8_t *) DatumGetPointer(issuer)))
		return;
	best->found = true;
	best->from = from;
	best->to = to;
}

/* Narrows [from, to) to the claim; false if there is none. */
static bool
has_claim(const Topic *topic, const uint8_t *party, int64 at, int64 *from, int64 *to)
{
	Datum keys[2] = {StoUuidGetDatum(party), CStringGetTextDatum(topic->name)};
	Best best = {0};
	StoScan scan;

	if (topic->issuers == 0)
		return false;
	sto_scan_begin(&scan, STO_REL_CLAIM, STO_IDX_CLAIM_PARTY, 2, keys, NULL);
	while (sto_scan_next(&scan))
		take_claim(scan.slot, topic, at, &best);
	sto_scan_end(&scan);
	if (best.found)
	{
		*from = Max(*from, best.from);
		*to = Min(*to, best.to);
	}
	return best.found;
}

static void
keep(const AnswerKey *key, int64 from, int64 to)
{
	Answer *answer = hash_search(answers, key, HASH_ENTER, NULL);

	answer->from = from;
	answer->to = to;
}

/* A read-ahead: the claims of one party after the other. */
typedef struct Ahead
{
	const Requirement *requirement;
	AnswerKey key;
	int64 at;
	Best *best; /* of each topic */
} Ahead;

static bool
has_room(void)
{
	return hash_get_num_entries(answers) < ANSWERS_MAX - 1;
}

/* Keep the answer about the party whose claims were read, if it is eligible. */
static void
keep_party(const Ahead *ahead)
{
	int64 from = PG_INT64_MIN;
	int64 to = PG_INT64_MAX;

	for (int i = 0; i < ahead->requirement->count; i++)
	{
		if (!ahead->best[i].found)
			return;
		from = Max(from, ahead->best[i].from);
		to = Min(to, ahead->best[i].to);
	}
	if (has_room())
		keep(&ahead->key, from, to);
}

static void
take_ahead(TupleTableSlot *slot, void *arg)
{
	Ahead *ahead = arg;
	bool isnull;
	const uint8_t *party =
		(const uint8_t *) DatumGetPointer(slot_getattr(slot, CLAIM_PARTY_ID, &isnull));
	text *name = DatumGetTextPP(slot_getattr(slot, CLAIM_TOPIC, &isnull));

	if (!sto_uuid_equal(ahead->key.party_id, party))
	{
		keep_party(ahead);
		memcpy(ahead->key.party_id, party, STO_UUID_LEN);
		memset(ahead->best, 0, ahead->requirement->count * sizeof(Best));
	}
	for (int i = 0; i < ahead->requirement->count; i++)
	{
		const Topic *topic = &ahead->requirement->topics[i];

		if (strlen(topic->name) == VARSIZE_ANY_EXHDR(name) &&
			memcmp(topic->name, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) == 0)
			take_claim(slot, topic, ahead->at, &ahead->best[i]);
	}
}

/* Who else is eligible now, once single look-ups have cost as much as reading all claims. */
static void
read_ahead(const StoTokenFact *token, const Requirement *requirement, int64 at)
{
	Ahead ahead = {.requirement = requirement, .at = at};

	if (requirement->count == 0)
		return;
	memcpy(ahead.key.token_id, token->token_id, STO_UUID_LEN);
	ahead.best = palloc0(requirement->count * sizeof(Best));
	if (sto_store_read_ahead_by(STO_REL_CLAIM, STO_IDX_CLAIM_PARTY, ++misses, requirement->count,
								take_ahead, &ahead))
		keep_party(&ahead);
	pfree(ahead.best);
}

void
sto_check_eligible(const StoTokenFact *token, const uint8_t party[STO_UUID_LEN], int64 at,
				   StoReasonCode code, StoReasons *reasons)
{
	AnswerKey key;
	Answer *answer;
	const Requirement *requirement;
	int64 from = PG_INT64_MIN;
	int64 to = PG_INT64_MAX;
	bool eligible = true;

	refresh();
	memcpy(key.token_id, token->token_id, STO_UUID_LEN);
	memcpy(key.party_id, party, STO_UUID_LEN);
	answer = hash_search(answers, &key, HASH_FIND, NULL);
	if (answer != NULL && at >= answer->from && at < answer->to)
		return;

	requirement = requirement_of(token);
	for (int i = 0; i < requirement->count; i++)
	{
		const Topic *topic = &requirement->topics[i];

		if (has_claim(topic, party, at, &from, &to))
			continue;
		eligible = false;
		if (topic->issuers == 0)
		{
			sto_reason_add(reasons, code, STO_REASON_OF_UUID, party,
						   "Token %s trusts no issuer of claims on topic \"%s\".",
						   sto_uuid_text(token->token_id), topic->name);
			sto_reason_hint(reasons, "The token's issuer names whose claims on a topic it trusts: "
									 "sto.trust_issuer().");
		}
		else
			sto_reason_add(reasons, code, STO_REASON_OF_UUID, party,
						   "Party %s has no claim in force on topic \"%s\" by an issuer that the "
						   "token trusts.",
						   sto_uuid_text(party), topic->name);
	}
	if (eligible)
		keep(&key, from, to);
	if (epoch == sto_facts_epoch())
		read_ahead(token, requirement, at);
}
