/*
 * replay_find_identity.c
 *		Mandates, owners, topics, claims and documents of a replay's state by
 *		their keys.
 */
#include "bin/replay_state.h"

#include <string.h>

#define ROW(pool, number) sto_pool_at(&r->pool, number)

/* Of a party and another's uuid. */
static uint64_t
pair_hash(const StoReplay *r, uint32_t party, const uint8_t *uuid)
{
	return sto_seeded_hash(r->seed ^ ((uint64_t) party << 32), uuid, STO_UUID_LEN);
}

static uint64_t
topic_hash(const StoReplay *r, const Topic *topic)
{
	return sto_seeded_hash(r->seed, topic->name, sizeof(topic->name));
}

static uint64_t
event_hash(const StoReplay *r, int64_t event)
{
	return sto_seeded_number(r->seed, (uint64_t) event);
}

static uint64_t
rows_hash(const StoReplay *r, uint32_t a, uint32_t b)
{
	return sto_seeded_number(r->seed, (uint64_t) a << 32 | b);
}

Mandate *
sto_fold_mandate(const StoReplay *r, uint32_t party, const uint8_t *representative, uint8_t scope)
{
	uint64_t hash = pair_hash(r, party, representative);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_mandate, hash, &at)) != 0)
	{
		Mandate *mandate = ROW(mandates, found);

		if (mandate->party == party && mandate->scope == scope &&
			memcmp(mandate->representative, representative, STO_UUID_LEN) == 0)
			return mandate;
	}
	return NULL;
}

Mandate *
sto_fold_mandate_make(StoReplay *r, uint32_t party, const uint8_t *representative, uint8_t scope)
{
	Mandate *mandate = sto_fold_mandate(r, party, representative, scope);
	uint32_t made;

	if (mandate != NULL)
		return mandate;
	mandate = sto_pool_add(&r->mandates, &made);
	if (mandate == NULL ||
		!sto_index_add(&r->by_mandate, pair_hash(r, party, representative), made))
		return NULL;
	mandate->party = party;
	mandate->scope = scope;
	memcpy(mandate->representative, representative, STO_UUID_LEN);
	return mandate;
}

Owner *
sto_fold_owner(const StoReplay *r, uint32_t party, const uint8_t *owner)
{
	uint64_t hash = pair_hash(r, party, owner);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_owner, hash, &at)) != 0)
	{
		Owner *row = ROW(owners, found);

		if (row->party == party && memcmp(row->owner, owner, STO_UUID_LEN) == 0)
			return row;
	}
	return NULL;
}

Owner *
sto_fold_owner_make(StoReplay *r, uint32_t party, const uint8_t *owner)
{
	Owner *row = sto_fold_owner(r, party, owner);
	uint32_t made;

	if (row != NULL)
		return row;
	row = sto_pool_add(&r->owners, &made);
	if (row == NULL || !sto_index_add(&r->by_owner, pair_hash(r, party, owner), made))
		return NULL;
	row->party = party;
	memcpy(row->owner, owner, STO_UUID_LEN);
	return row;
}

uint32_t
sto_fold_topic(StoReplay *r, const char *name)
{
	Topic topic = {0};
	Topic *row;
	uint64_t hash;
	uint32_t at = 0;
	uint32_t found;

	memcpy(topic.name, name, strlen(name));
	hash = topic_hash(r, &topic);
	while ((found = sto_index_next(&r->by_topic, hash, &at)) != 0)
		if (memcmp(ROW(topics, found), &topic, sizeof(topic)) == 0)
			return found;
	row = sto_pool_add(&r->topics, &found);
	if (row == NULL || !sto_index_add(&r->by_topic, hash, found))
		return 0;
	*row = topic;
	return found;
}

Claim *
sto_fold_claim(const StoReplay *r, int64_t claim)
{
	uint64_t hash = event_hash(r, claim);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_claim, hash, &at)) != 0)
	{
		Claim *row = ROW(claims, found);

		if (row->claim == claim)
			return row;
	}
	return NULL;
}

Claim *
sto_fold_claim_add(StoReplay *r, int64_t claim, uint32_t *number)
{
	Claim *row = sto_pool_add(&r->claims, number);

	if (row == NULL || !sto_index_add(&r->by_claim, event_hash(r, claim), *number))
		return NULL;
	row->claim = claim;
	return row;
}

Document *
sto_fold_document(const StoReplay *r, int64_t document, uint32_t *number)
{
	uint64_t hash = event_hash(r, document);
	uint32_t at = 0;

	while ((*number = sto_index_next(&r->by_document, hash, &at)) != 0)
	{
		Document *row = ROW(documents, *number);

		if (row->document == document)
			return row;
	}
	return NULL;
}

Document *
sto_fold_document_add(StoReplay *r, int64_t document, uint32_t *number)
{
	Document *row = sto_pool_add(&r->documents, number);

	if (row == NULL || !sto_index_add(&r->by_document, event_hash(r, document), *number))
		return NULL;
	row->document = document;
	return row;
}

Acknowledgement *
sto_fold_acknowledgement(const StoReplay *r, uint32_t party, uint32_t document)
{
	uint64_t hash = rows_hash(r, party, document);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_acknowledgement, hash, &at)) != 0)
	{
		Acknowledgement *row = ROW(acknowledgements, found);

		if (row->party == party && row->document == document)
			return row;
	}
	return NULL;
}

Acknowledgement *
sto_fold_acknowledgement_add(StoReplay *r, uint32_t party, uint32_t document)
{
	uint32_t made;
	Acknowledgement *row = sto_pool_add(&r->acknowledgements, &made);

	if (row == NULL || !sto_index_add(&r->by_acknowledgement, rows_hash(r, party, document), made))
		return NULL;
	row->party = party;
	row->document = document;
	return row;
}

Case *
sto_fold_case(const StoReplay *r, int64_t event)
{
	uint64_t hash = event_hash(r, event);
	uint32_t at = 0;
	uint32_t found;

	while ((found = sto_index_next(&r->by_case, hash, &at)) != 0)
	{
		Case *row = ROW(cases, found);

		if (row->event == event)
			return row;
	}
	return NULL;
}

Case *
sto_fold_case_add(StoReplay *r, int64_t event, uint32_t *number)
{
	Case *row = sto_pool_add(&r->cases, number);

	if (row == NULL || !sto_index_add(&r->by_case, event_hash(r, event), *number))
		return NULL;
	row->event = event;
	return row;
}

bool
sto_fold_index_identity(StoReplay *r)
{
	bool good = true;

	for (uint32_t i = 1; good && i <= r->mandates.count; i++)
	{
		const Mandate *row = ROW(mandates, i);

		good = sto_index_add(&r->by_mandate, pair_hash(r, row->party, row->representative), i);
	}
	for (uint32_t i = 1; good && i <= r->owners.count; i++)
	{
		const Owner *row = ROW(owners, i);

		good = sto_index_add(&r->by_owner, pair_hash(r, row->party, row->owner), i);
	}
	for (uint32_t i = 1; good && i <= r->topics.count; i++)
		good = sto_index_add(&r->by_topic, topic_hash(r, ROW(topics, i)), i);
	for (uint32_t i = 1; good && i <= r->claims.count; i++)
		good =
			sto_index_add(&r->by_claim, event_hash(r, ((const Claim *) ROW(claims, i))->claim), i);
	for (uint32_t i = 1; good && i <= r->documents.count; i++)
		good = sto_index_add(&r->by_document,
							 event_hash(r, ((const Document *) ROW(documents, i))->document), i);
	for (uint32_t i = 1; good && i <= r->acknowledgements.count; i++)
	{
		const Acknowledgement *row = ROW(acknowledgements, i);

		good = sto_index_add(&r->by_acknowledgement, rows_hash(r, row->party, row->document), i);
	}
	for (uint32_t i = 1; good && i <= r->cases.count; i++)
		good = sto_index_add(&r->by_case, event_hash(r, ((const Case *) ROW(cases, i))->event), i);
	return good;
}
