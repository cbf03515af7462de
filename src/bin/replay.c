/*
 * replay.c
 *		The log folded from genesis: its beginning, each record, its end.
 */
#include "bin/replay_state.h"

#include "core/hash.h"

#include <openssl/rand.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_WITNESSES 2

/* Every pool, and the length of its rows. */
#define POOL(name, Row)                                                                            \
	{                                                                                              \
		offsetof(StoReplay, name), sizeof(Row)                                                     \
	}

static const struct
{
	size_t place;
	size_t row_len;
} pools[] = {
	POOL(subjects, Subject),
	POOL(parties, Party),
	POOL(wallets, Wallet),
	POOL(tokens, Token),
	POOL(positions, Position),
	POOL(holds, HoldRow),
	POOL(keys, KeyRow),
	POOL(policies, Policy),
	POOL(batches, Batch),
	POOL(notices, Notice),
	POOL(classifications, Classification),
	POOL(mandates, Mandate),
	POOL(owners, Owner),
	POOL(topics, Topic),
	POOL(claims, Claim),
	POOL(required, Required),
	POOL(trusted, Trusted),
	POOL(documents, Document),
	POOL(acknowledgements, Acknowledgement),
	POOL(four_eyes, FourEyesRow),
	POOL(proposals, Proposal),
	POOL(flows, FlowSample),
	POOL(overrides, Override),
	POOL(cases, Case),
	POOL(case_holds, CaseHold),
	POOL(attachments, Attachment),
	POOL(members, Members),
	POOL(versions, PolicyVersion),
	POOL(traces, Trace),
	POOL(allotments, Allotment),
	POOL(asked, Asked),
	POOL(payments, Payment),
};
_Static_assert(sizeof(pools) / sizeof(pools[0]) == REPLAY_POOLS, "REPLAY_POOLS counts them");

StoPool *
sto_fold_pool(StoReplay *r, int i)
{
	return (StoPool *) ((char *) r + pools[i].place);
}

void
sto_fold_problem(StoReplay *r, int64_t entry_id, const char *check, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	r->counts.problems++;
	if (r->calls.problem != NULL)
		r->calls.problem(r->calls.context, entry_id, check, text);
}

bool
sto_fold_stop(StoReplay *r, int64_t entry_id, const char *why)
{
	r->broken = true;
	sto_fold_problem(r, entry_id, STO_CHECK_FAILED_CALL, "%s", why);
	return false;
}

bool
sto_fold_is_nil(const uint8_t uuid[STO_UUID_LEN])
{
	static const uint8_t nil[STO_UUID_LEN];

	return memcmp(uuid, nil, STO_UUID_LEN) == 0;
}

const char *
sto_fold_uuid(const uint8_t uuid[STO_UUID_LEN], char out[STO_UUID_TEXT_LEN + 1])
{
	char hex[2 * STO_UUID_LEN + 1];

	sto_hex_encode(uuid, STO_UUID_LEN, hex);
	snprintf(out, STO_UUID_TEXT_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
			 hex + 16, hex + 20);
	return out;
}

StoReplay *
sto_replay_new(const uint8_t *genesis, const StoReplayCalls *calls)
{
	StoReplay *r = calloc(1, sizeof(StoReplay));

	if (r == NULL)
		return NULL;
	r->calls = *calls;
	r->witness_threshold = DEFAULT_WITNESSES;
	r->has_genesis = genesis != NULL;
	if (genesis != NULL)
		memcpy(r->genesis, genesis, STO_DIGEST_LEN);
	for (int i = 0; i < REPLAY_POOLS; i++)
		sto_pool_init(sto_fold_pool(r, i), pools[i].row_len);
	/* whoever writes a log chooses its ids: he must not foresee where they fall */
	if (RAND_bytes((unsigned char *) &r->seed, sizeof(r->seed)) != 1 ||
		RAND_bytes(r->order_secret, sizeof(r->order_secret)) != 1 ||
		(r->rules = sto_rule_fold_new(r->seed)) == NULL)
	{
		free(r);
		return NULL;
	}
	return r;
}

static void
free_state(StoReplay *r)
{
	StoIndexTable *tables[] = {
		&r->by_uuid,        &r->by_address,         &r->by_position, &r->by_hold,
		&r->by_fingerprint, &r->by_batch,           &r->by_isin,     &r->by_flow,
		&r->by_mandate,     &r->by_owner,           &r->by_topic,    &r->by_claim,
		&r->by_document,    &r->by_acknowledgement, &r->by_case,     &r->by_override,
		&r->by_payment};

	for (int i = 0; i < REPLAY_POOLS; i++)
		sto_pool_free(sto_fold_pool(r, i));
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		sto_index_free(tables[i]);
	sto_rule_fold_free(r->rules);
	sto_texts_free(&r->texts);
	sto_set_free(&r->orders);
	for (uint32_t i = 0; i < r->open_count; i++)
		free(r->open[i].orders);
	free(r->open);
	free(r->spare_orders);
	sto_fold_groups_free(&r->groups);
	free(r->sorted);
}

void
sto_replay_free(StoReplay *r)
{
	if (r == NULL)
		return;
	free_state(r);
	free(r);
}

/* What every record must be; false if it can't be folded at all. */
static bool
check_record(StoReplay *r, const StoRecord *record, int64_t entry_id)
{
	bool genesis = record->kind == STO_RECORD_EVENT && record->event.kind_len == 7 &&
				   memcmp(record->event.kind, "genesis", 7) == 0;
	char text[STO_UUID_TEXT_LEN + 1];

	if (entry_id <= r->counts.last_id)
		sto_fold_problem(r, entry_id, STO_CHECK_ORDER, "its id is not above %lld, the one before",
						 (long long) r->counts.last_id);
	else
		r->counts.last_id = entry_id;
	if (!r->opened && !genesis)
	{
		sto_fold_problem(r, entry_id, STO_CHECK_ORDER, "the log does not begin with genesis");
		return false;
	}
	if (memcmp(record->ledger_id, r->ledger_id, STO_UUID_LEN) != 0)
	{
		sto_fold_problem(r, entry_id, STO_CHECK_LEDGER, "it is of another ledger: %s",
						 sto_fold_uuid(record->ledger_id, text));
		return false;
	}
	return true;
}

bool
sto_replay_parsed(StoReplay *r, const StoRecord *record, const uint8_t leaf[STO_DIGEST_LEN])
{
	bool entry = record->kind == STO_RECORD_ENTRY;

	if (r->broken)
		return false;
	r->counts.records++;
	r->expected_at++;
	if (record != &r->last)
		r->last = *record;
	r->has_last = true;
	if (!check_record(r, record, entry ? record->entry.entry_id : record->event.entry_id))
		return r->opened;
	if (entry)
	{
		r->counts.entries++;
		return sto_fold_entry(r, &r->last, leaf);
	}
	r->counts.events++;
	return sto_fold_event(r, &r->last.event, leaf);
}

bool
sto_replay_record(StoReplay *r, const uint8_t *record, size_t len,
				  const uint8_t leaf[STO_DIGEST_LEN])
{
	const char *why = NULL;
	int64_t entry_id = 0;

	if (r->broken)
		return false;
	if (sto_record_parse(record, len, &r->last, &why))
		return sto_replay_parsed(r, &r->last, leaf);
	r->has_last = false;
	r->counts.records++;
	r->expected_at++;
	(void) sto_record_id(record, len, &entry_id);
	sto_fold_problem(r, entry_id, STO_CHECK_RECORD, "the record can't be read: %s", why);
	return r->opened;
}

const StoRecord *
sto_replay_last(const StoReplay *r)
{
	return r->has_last ? &r->last : NULL;
}

void
sto_replay_end(StoReplay *r, bool whole)
{
	if (r->broken)
		return;
	if (!r->opened)
		sto_fold_problem(r, 0, STO_CHECK_ORDER, "the log has no genesis event");
	sto_fold_batches_end(r, whole);
	sto_fold_groups_end(r, whole);
}

void
sto_replay_counts(const StoReplay *r, StoReplayCounts *out)
{
	*out = r->counts;
}

const StoReplayLedger *
sto_replay_ledger(const StoReplay *r)
{
	/* its texts move as others are added */
	StoReplayLedger *shown = &((StoReplay *) r)->shown;

	if (!r->opened)
		return NULL;
	memcpy(shown->ledger_id, r->ledger_id, STO_UUID_LEN);
	memcpy(shown->genesis, r->genesis_leaf, STO_DIGEST_LEN);
	shown->genesis_event = r->genesis_event;
	shown->policy_event = ((const Policy *) sto_pool_at(&r->policies, r->root_policy))->event;
	shown->roles = r->roles;
	shown->name = sto_text_at(&r->texts, r->ledger_name);
	shown->origin = sto_text_at(&r->texts, r->ledger_origin);
	shown->witness_threshold = r->witness_threshold;
	return shown;
}

const char *
sto_replay_check_run(const StoReplayCheck *check, bool *failed)
{
	const char *why = NULL;
	StoKey key;

	*failed = false;
	if (check->sig == NULL)
		return sto_key_make(check->key->scheme, check->key->data, check->key->len, &key, &why)
				   ? NULL
				   : why;
	switch (sto_signature_check(check->key, check->msg, check->len, check->sig))
	{
		case STO_CHECK_GOOD:
			return NULL;
		case STO_CHECK_FAILED:
			*failed = true;
			return "OpenSSL failed to check a signature";
		default:
			return "a signature does not verify";
	}
}
