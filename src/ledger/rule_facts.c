/*
 * rule_facts.c
 *		What rules read of parties.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/gate.h"
#include "ledger/register.h"
#include "ledger/rule_facts.h"
#include "ledger/store.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Most answers kept; a full cache begins anew.  An answer takes some 200 octets. */
#define ANSWERS_MAX 131072

typedef enum Question
{
	ASK_CLASS = 1,
	ASK_TOPIC,
	ASK_LIST,
	ASK_OPT_IN,
	ASK_TRAVEL
} Question;

typedef struct AnswerKey
{
	uint8_t token_id[STO_UUID_LEN]; /* zero where it doesn't matter */
	uint8_t party[STO_UUID_LEN];
	char name[STO_RULE_NAME_MAX];
	int question;
} AnswerKey;

typedef struct Answer
{
	AnswerKey key;
	bool yes;
	bool of_token; /* a class stated for the token, by this event */
	int64 newest;
	StoRuleClassified classified;
	int64 from; /* a yes holds in [from, to) */
	int64 to;
} Answer;

static HTAB *answers = NULL;
static uint64 epoch = 0;
static uint32 misses[ASK_TRAVEL + 1]; /* since then */
static const uint8_t *token_wanted;   /* of a read-ahead of classes */

static Answer *
look_up(Question question, const uint8_t *token_id, const uint8_t *party, const char *name,
		AnswerKey *key)
{
	uint64 now = sto_facts_epoch();

	if (answers != NULL && (epoch != now || hash_get_num_entries(answers) >= ANSWERS_MAX))
	{
		hash_destroy(answers);
		answers = NULL;
	}
	if (answers == NULL)
	{
		HASHCTL ctl;

		ctl.keysize = sizeof(AnswerKey);
		ctl.entrysize = sizeof(Answer);
		ctl.hcxt = TopMemoryContext;
		answers =
			hash_create("sto answers of rules", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		epoch = now;
		memset(misses, 0, sizeof(misses));
	}
	memset(key, 0, sizeof(*key));
	if (token_id != NULL)
		memcpy(key->token_id, token_id, STO_UUID_LEN);
	memcpy(key->party, party, STO_UUID_LEN);
	if (name != NULL)
		memcpy(key->name, name, Min(strlen(name), sizeof(key->name)));
	key->question = question;
	return hash_search(answers, key, HASH_FIND, NULL);
}

/* Keep what was read, unless facts were forgotten meanwhile. */
static void
keep(const AnswerKey *key, const Answer *read)
{
	Answer *answer;

	if (epoch != sto_facts_epoch())
		return;
	answer = hash_search(answers, key, HASH_ENTER, NULL);
	*answer = *read;
	answer->key = *key;
}

static bool
read_time(TupleTableSlot *slot, int attno, int64 *time)
{
	bool isnull;
	Datum value = slot_getattr(slot, attno, &isnull);

	if (!isnull)
		*time = StoTimeFromTimestamp(DatumGetTimestampTz(value));
	return !isnull;
}

static void
read_class(TupleTableSlot *slot, StoRuleClassified *classified)
{
	bool isnull;
	text *name = DatumGetTextPP(slot_getattr(slot, CLASSIFICATION_CLASS, &isnull));

	memset(classified, 0, sizeof(*classified));
	if (!sto_class_from_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &classified->klass))
		elog(ERROR, "a classification has an unknown class");
	classified->has_from = read_time(slot, CLASSIFICATION_VALID_FROM, &classified->from);
	classified->has_to = read_time(slot, CLASSIFICATION_VALID_TO, &classified->to);
}

/* Does the classification rule over the one in the answer?  For the token over in general, then
 * the newer; if so it takes its place. */
static void
merge_class(TupleTableSlot *slot, const uint8_t *token_id, Answer *answer)
{
	bool isnull;
	Datum token = slot_getattr(slot, CLASSIFICATION_TOKEN_ID, &isnull);
	bool of_token = !isnull;
	int64 set_by;

	if (of_token && !sto_uuid_equal((const uint8_t *) DatumGetPointer(token), token_id))
		return;
	set_by = DatumGetInt64(slot_getattr(slot, CLASSIFICATION_SET_BY, &isnull));
	if (of_token == answer->of_token ? set_by < answer->newest : answer->of_token)
		return;
	answer->newest = set_by;
	answer->of_token = of_token;
	read_class(slot, &answer->classified);
}

static bool
has_room(void)
{
	return answers != NULL && hash_get_num_entries(answers) < ANSWERS_MAX - 1;
}

/* Read-ahead: parties whose classes come in several rows meet them all. */
static void
take_class(TupleTableSlot *slot)
{
	AnswerKey key = {.question = ASK_CLASS};
	Answer *answer;
	bool isnull;
	bool found;

	memcpy(key.token_id, token_wanted, STO_UUID_LEN);
	memcpy(key.party, DatumGetPointer(slot_getattr(slot, CLASSIFICATION_PARTY_ID, &isnull)),
		   STO_UUID_LEN);
	/* a full cache takes no new party, but all that there is of one that it has */
	answer = hash_search(answers, &key, has_room() ? HASH_ENTER : HASH_FIND, &found);
	if (answer == NULL)
		return;
	if (!found)
	{
		memset(answer, 0, sizeof(*answer));
		answer->key = key;
		answer->yes = true;
	}
	merge_class(slot, token_wanted, answer);
}

/* The newest for the token, if there ever was one, else the newest of all. */
void
sto_rule_classified(const uint8_t *token_id, const uint8_t *party, StoRuleClassified *classified)
{
	AnswerKey key;
	const Answer *known = look_up(ASK_CLASS, token_id, party, NULL, &key);
	Answer answer = {.yes = true};
	Datum party_key = StoUuidGetDatum(party);
	StoScan scan;

	if (known != NULL)
	{
		*classified = known->classified;
		return;
	}
	sto_scan_begin(&scan, STO_REL_CLASSIFICATION, STO_IDX_CLASS_PARTY, 1, &party_key, NULL);
	while (sto_scan_next(&scan))
		merge_class(scan.slot, token_id, &answer);
	sto_scan_end(&scan);
	keep(&key, &answer);
	*classified = answer.classified;
	token_wanted = token_id;
	if (epoch == sto_facts_epoch())
		(void) sto_store_read_ahead(STO_REL_CLASSIFICATION, ++misses[ASK_CLASS], take_class);
}

/* Whatever claims change who is in a group announce themselves, so a "no" may be kept too. */
bool
sto_rule_has_topic(const uint8_t *party, const char *topic)
{
	AnswerKey key;
	const Answer *known = look_up(ASK_TOPIC, NULL, party, topic, &key);
	Answer answer = {0};
	Datum keys[2] = {StoUuidGetDatum(party), (Datum) 0};
	StoScan scan;

	if (known != NULL)
		return known->yes;
	keys[1] = CStringGetTextDatum(topic);
	sto_scan_begin(&scan, STO_REL_CLAIM, STO_IDX_CLAIM_PARTY, 2, keys, NULL);
	while (!answer.yes && sto_scan_next(&scan))
		(void) slot_getattr(scan.slot, CLAIM_REVOKED, &answer.yes);
	sto_scan_end(&scan);
	keep(&key, &answer);
	return answer.yes;
}

bool
sto_rule_on_list(const uint8_t *token_id, const uint8_t *party, const char *list)
{
	AnswerKey key;
	const Answer *known = look_up(ASK_LIST, token_id, party, list, &key);
	Answer answer = {0};
	Datum keys[3] = {StoUuidGetDatum(token_id), (Datum) 0, StoUuidGetDatum(party)};
	StoRow row;
	bool isnull;

	if (known != NULL)
		return known->yes;
	keys[1] = CStringGetTextDatum(list);
	if (sto_store_find(STO_REL_PARTY_LIST, STO_IDX_PARTY_LIST, 3, keys, &row))
		answer.yes = DatumGetBool(sto_row_get(&row, PARTY_LIST_LISTED, &isnull));
	sto_row_close(&row);
	keep(&key, &answer);
	return answer.yes;
}

bool
sto_rule_opted_in(const uint8_t *token_id, const uint8_t *party)
{
	AnswerKey key;
	const Answer *known = look_up(ASK_OPT_IN, token_id, party, NULL, &key);
	Answer answer = {0};
	Datum keys[2] = {StoUuidGetDatum(party), StoUuidGetDatum(token_id)};
	StoRow row;
	bool isnull;

	if (known != NULL)
		return known->yes;
	if (sto_store_find(STO_REL_OPT_IN, STO_IDX_OPT_IN, 2, keys, &row))
		answer.yes = DatumGetBool(sto_row_get(&row, OPT_IN_AFFIRMED, &isnull));
	sto_row_close(&row);
	if (answer.yes)
		keep(&key, &answer);
	return answer.yes;
}

static bool
has_field(TupleTableSlot *slot, const char *field)
{
	bool isnull;
	Datum *items;
	int count;
	bool found = false;

	deconstruct_array(DatumGetArrayTypeP(slot_getattr(slot, TRAVEL_DATA_FIELDS, &isnull)), TEXTOID,
					  -1, false, TYPALIGN_INT, &items, NULL, &count);
	for (int i = 0; i < count && !found; i++)
		found = strcmp(TextDatumGetCString(items[i]), field) == 0;
	return found;
}

/* Read-ahead: each field that a row states. */
static void
take_travel(TupleTableSlot *slot)
{
	Answer answer = {.yes = true, .from = PG_INT64_MIN, .to = PG_INT64_MAX};
	AnswerKey key = {.question = ASK_TRAVEL};
	bool isnull;
	Datum *items;
	int count;

	(void) slot_getattr(slot, TRAVEL_DATA_WITHDRAWN, &isnull);
	if (!isnull)
		return;
	(void) read_time(slot, TRAVEL_DATA_VALID_FROM, &answer.from);
	(void) read_time(slot, TRAVEL_DATA_VALID_TO, &answer.to);
	memcpy(key.party, DatumGetPointer(slot_getattr(slot, TRAVEL_DATA_PARTY_ID, &isnull)),
		   STO_UUID_LEN);
	deconstruct_array(DatumGetArrayTypeP(slot_getattr(slot, TRAVEL_DATA_FIELDS, &isnull)), TEXTOID,
					  -1, false, TYPALIGN_INT, &items, NULL, &count);
	for (int i = 0; i < count && has_room(); i++)
	{
		text *field = DatumGetTextPP(items[i]);

		memset(key.name, 0, sizeof(key.name));
		memcpy(key.name, VARDATA_ANY(field), Min(VARSIZE_ANY_EXHDR(field), sizeof(key.name)));
		keep(&key, &answer);
	}
	pfree(items);
}

bool
sto_rule_travel_field(const uint8_t *party, const char *field, int64 at)
{
	AnswerKey key;
	const Answer *known = look_up(ASK_TRAVEL, NULL, party, field, &key);
	Answer answer = {0};
	Datum party_key = StoUuidGetDatum(party);
	StoScan scan;

	if (known != NULL && at >= known->from && at < known->to)
		return true;
	sto_scan_begin(&scan, STO_REL_TRAVEL_DATA, STO_IDX_TRAVEL_PARTY, 1, &party_key, NULL);
	while (!answer.yes && sto_scan_next(&scan))
	{
		bool isnull;

		(void) slot_getattr(scan.slot, TRAVEL_DATA_WITHDRAWN, &isnull);
		if (!isnull)
			continue;
		answer.from = PG_INT64_MIN;
		answer.to = PG_INT64_MAX;
		(void) read_time(scan.slot, TRAVEL_DATA_VALID_FROM, &answer.from);
		(void) read_time(scan.slot, TRAVEL_DATA_VALID_TO, &answer.to);
		answer.yes = at >= answer.from && at < answer.to && has_field(scan.slot, field);
	}
	sto_scan_end(&scan);
	if (answer.yes)
		keep(&key, &answer);
	if (epoch == sto_facts_epoch())
		(void) sto_store_read_ahead(STO_REL_TRAVEL_DATA, ++misses[ASK_TRAVEL], take_travel);
	return answer.yes;
}
