/*
 * message.c
 *		Orders, entries, events and what derives from them, octet by octet as
 *		docs/format.md prints them.
 */
#include "core/message.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"

#define FORMAT_VERSION 1
#define SIDE_MAX 160 /* longest side record */
#define LEG_LEN (STO_UUID_LEN + 2 * STO_ADDRESS_LEN + STO_AMOUNT_LEN)
#define EVENT_HEAD_MAX 400 /* an event's record up to its body */

static const char *const kind_names[] = {
	[STO_ISSUE] = "issue", [STO_REDEEM] = "redeem",   [STO_TRANSFER] = "transfer",
	[STO_HOLD] = "hold",   [STO_POST] = "post",       [STO_RELEASE] = "release",
	[STO_FORCE] = "force", [STO_RECOVER] = "recover", [STO_REVERSE] = "reverse",
};

static const char *const purpose_names[] = {
	[STO_SUBSCRIPTION] = "subscription",
	[STO_SETTLEMENT] = "settlement",
	[STO_PLEDGE] = "pledge",
	[STO_HASH_LOCK] = "hash_lock",
	[STO_LOCK_UP] = "lock_up",
	[STO_SEIZURE] = "seizure",
	[STO_FREEZE] = "freeze",
};

/* A running hash for records too long to build in memory; one a thread. */
static _Thread_local StoSha256 *running;

static const char *
name_of(const char *const *names, size_t count, unsigned code)
{
	return code < count ? names[code] : NULL;
}

/* The code of a name, or 0, which no list uses. */
static unsigned
code_of(const char *const *names, size_t count, const char *name, size_t len)
{
	for (unsigned code = 1; code < count; code++)
	{
		if (strlen(names[code]) == len && memcmp(names[code], name, len) == 0)
			return code;
	}
	return 0;
}

#define COUNT_OF(array) (sizeof(array) / sizeof(array[0]))

const char *
sto_kind_name(StoKind kind)
{
	return name_of(kind_names, COUNT_OF(kind_names), kind);
}

bool
sto_kind_from_name(const char *name, size_t len, StoKind *kind)
{
	unsigned code = code_of(kind_names, COUNT_OF(kind_names), name, len);

	if (code == 0)
		return false;
	*kind = (StoKind) code;
	return true;
}

const char *
sto_purpose_name(StoPurpose purpose)
{
	return name_of(purpose_names, COUNT_OF(purpose_names), purpose);
}

bool
sto_purpose_from_name(const char *name, size_t len, StoPurpose *purpose)
{
	unsigned code = code_of(purpose_names, COUNT_OF(purpose_names), name, len);

	if (code == 0)
		return false;
	*purpose = (StoPurpose) code;
	return true;
}

/* The fields that order and entry share, in the order that both print them. */
static void
put_terms(StoWriter *w, const StoOrder *o)
{
	sto_put_opt_i64(w, o->has_valid_until, o->valid_until);
	sto_put_opt_octets16(w, o->has_reference, o->reference, o->reference_len);
	sto_put_opt_i64(w, o->has_hold_id, o->hold_id);
	sto_put_opt_u8(w, o->has_purpose, (uint8_t) o->purpose);
	sto_put_opt_bytes(w, o->has_notary, o->notary, STO_UUID_LEN);
	sto_put_opt_i64(w, o->has_release_after, o->release_after);
	sto_put_opt_bytes(w, o->has_condition, o->condition, STO_DIGEST_LEN);
	sto_put_opt_bytes(w, o->has_instruction, o->instruction, STO_DIGEST_LEN);
	sto_put_opt_bytes(w, o->has_preimage, o->preimage, STO_PREIMAGE_LEN);
	sto_put_opt_u8(w, o->has_keep_rest, o->keep_rest);
	sto_put_opt_bytes(w, o->has_attachment, o->attachment, STO_DIGEST_LEN);
	sto_put_opt_bytes(w, o->has_group, o->group_id, STO_UUID_LEN);
	sto_put_opt_i64(w, o->has_undoes, o->undoes);
	sto_put_opt_u8(w, o->has_checked_once, o->checked_once);
}

/* A code that has no name can't be written: its octet would mean something else, or nothing. */
static void
check_codes(StoWriter *w, const StoOrder *o)
{
	if (sto_kind_name(o->kind) == NULL || (o->has_purpose && sto_purpose_name(o->purpose) == NULL))
		w->failed = true;
}

void
sto_put_order(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN], const StoOrder *order)
{
	check_codes(w, order);
	if (order->has_reference && order->reference_len > STO_REFERENCE_MAX)
		w->failed = true;
	sto_put_tag(w, "sto.order", FORMAT_VERSION);
	sto_put_bytes(w, ledger_id, STO_UUID_LEN);
	sto_put_u8(w, (uint8_t) order->kind);
	sto_put_bytes(w, order->order_id, STO_UUID_LEN);
	sto_put_bytes(w, order->ordering_party, STO_UUID_LEN);
	sto_put_bytes(w, order->token_id, STO_UUID_LEN);
	sto_put_opt_bytes(w, order->has_debit, order->debit, STO_ADDRESS_LEN);
	sto_put_opt_bytes(w, order->has_credit, order->credit, STO_ADDRESS_LEN);
	sto_put_amount(w, order->amount);
	put_terms(w, order);
}

static void
get_opt_bytes(StoReader *r, bool *present, uint8_t *out, size_t len)
{
	*present = sto_get_present(r);
	if (*present)
		sto_get_bytes(r, out, len);
}

static void
get_opt_i64(StoReader *r, bool *present, int64_t *out)
{
	*present = sto_get_present(r);
	if (*present)
		*out = sto_get_i64(r);
}

static void
get_terms(StoReader *r, StoOrder *o)
{
	get_opt_i64(r, &o->has_valid_until, &o->valid_until);
	o->has_reference = sto_get_present(r);
	if (o->has_reference)
	{
		o->reference_len = sto_get_u16(r);
		o->reference = (const char *) sto_get_view(r, o->reference_len);
	}
	get_opt_i64(r, &o->has_hold_id, &o->hold_id);
	o->has_purpose = sto_get_present(r);
	if (o->has_purpose)
		o->purpose = (StoPurpose) sto_get_u8(r);
	get_opt_bytes(r, &o->has_notary, o->notary, STO_UUID_LEN);
	get_opt_i64(r, &o->has_release_after, &o->release_after);
	get_opt_bytes(r, &o->has_condition, o->condition, STO_DIGEST_LEN);
	get_opt_bytes(r, &o->has_instruction, o->instruction, STO_DIGEST_LEN);
	get_opt_bytes(r, &o->has_preimage, o->preimage, STO_PREIMAGE_LEN);
	o->has_keep_rest = sto_get_present(r);
	if (o->has_keep_rest)
		o->keep_rest = sto_get_u8(r) == 1;
	get_opt_bytes(r, &o->has_attachment, o->attachment, STO_DIGEST_LEN);
	get_opt_bytes(r, &o->has_group, o->group_id, STO_UUID_LEN);
	get_opt_i64(r, &o->has_undoes, &o->undoes);
	o->has_checked_once = sto_get_present(r);
	if (o->has_checked_once)
		o->checked_once = sto_get_u8(r) == 1;
}

bool
sto_order_parse(const uint8_t *message, size_t len, uint8_t ledger_id[STO_UUID_LEN],
				StoOrder *order)
{
	uint8_t again[STO_ORDER_MAX];
	StoReader r;
	StoWriter w;

	memset(order, 0, sizeof(*order));
	sto_reader_init(&r, message, len);
	/* the tag is compared below, as everything is */
	(void) sto_get_view(&r, (size_t) sto_get_u8(&r) + 1);
	sto_get_bytes(&r, ledger_id, STO_UUID_LEN);
	order->kind = (StoKind) sto_get_u8(&r);
	sto_get_bytes(&r, order->order_id, STO_UUID_LEN);
	sto_get_bytes(&r, order->ordering_party, STO_UUID_LEN);
	sto_get_bytes(&r, order->token_id, STO_UUID_LEN);
	get_opt_bytes(&r, &order->has_debit, order->debit, STO_ADDRESS_LEN);
	get_opt_bytes(&r, &order->has_credit, order->credit, STO_ADDRESS_LEN);
	order->amount = sto_get_amount(&r);
	get_terms(&r, order);
	if (!sto_reader_done(&r))
		return false;
	sto_writer_init(&w, again, sizeof(again));
	sto_put_order(&w, ledger_id, order);
	return !w.failed && w.len == len && memcmp(again, message, len) == 0;
}

static bool
same_bytes(bool has_a, const void *a, bool has_b, const void *b, size_t len)
{
	return has_a == has_b && (!has_a || memcmp(a, b, len) == 0);
}

static bool
same_number(bool has_a, int64_t a, bool has_b, int64_t b)
{
	return has_a == has_b && (!has_a || a == b);
}

static bool
same_reference(const StoOrder *a, const StoOrder *b)
{
	if (a->has_reference != b->has_reference)
		return false;
	if (!a->has_reference)
		return true;
	return a->reference_len == b->reference_len &&
		   (a->reference_len == 0 || memcmp(a->reference, b->reference, a->reference_len) == 0);
}

bool
sto_order_equal(const StoOrder *a, const StoOrder *b)
{
	return a->kind == b->kind && memcmp(a->order_id, b->order_id, STO_UUID_LEN) == 0 &&
		   memcmp(a->ordering_party, b->ordering_party, STO_UUID_LEN) == 0 &&
		   memcmp(a->token_id, b->token_id, STO_UUID_LEN) == 0 && a->amount == b->amount &&
		   same_bytes(a->has_debit, a->debit, b->has_debit, b->debit, STO_ADDRESS_LEN) &&
		   same_bytes(a->has_credit, a->credit, b->has_credit, b->credit, STO_ADDRESS_LEN) &&
		   same_number(a->has_valid_until, a->valid_until, b->has_valid_until, b->valid_until) &&
		   same_reference(a, b) &&
		   same_number(a->has_hold_id, a->hold_id, b->has_hold_id, b->hold_id) &&
		   same_number(a->has_purpose, a->purpose, b->has_purpose, b->purpose) &&
		   same_bytes(a->has_notary, a->notary, b->has_notary, b->notary, STO_UUID_LEN) &&
		   same_number(a->has_release_after, a->release_after, b->has_release_after,
					   b->release_after) &&
		   same_bytes(a->has_condition, a->condition, b->has_condition, b->condition,
					  STO_DIGEST_LEN) &&
		   same_bytes(a->has_instruction, a->instruction, b->has_instruction, b->instruction,
					  STO_DIGEST_LEN) &&
		   same_bytes(a->has_preimage, a->preimage, b->has_preimage, b->preimage,
					  STO_PREIMAGE_LEN) &&
		   same_number(a->has_keep_rest, a->keep_rest, b->has_keep_rest, b->keep_rest) &&
		   same_bytes(a->has_attachment, a->attachment, b->has_attachment, b->attachment,
					  STO_DIGEST_LEN) &&
		   same_bytes(a->has_group, a->group_id, b->has_group, b->group_id, STO_UUID_LEN) &&
		   same_number(a->has_undoes, a->undoes, b->has_undoes, b->undoes) &&
		   same_number(a->has_checked_once, a->checked_once, b->has_checked_once, b->checked_once);
}

bool
sto_side_digest(const uint8_t salt[STO_DIGEST_LEN], const uint8_t token_id[STO_UUID_LEN],
				const StoSide *side, uint8_t out[STO_DIGEST_LEN])
{
	uint8_t buffer[SIDE_MAX];
	StoWriter w;

	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_tag(&w, "sto.side", FORMAT_VERSION);
	sto_put_bytes(&w, salt, STO_DIGEST_LEN);
	sto_put_bytes(&w, token_id, STO_UUID_LEN);
	sto_put_i64(&w, side->seq);
	sto_put_amount(&w, side->balance);
	sto_put_amount(&w, side->held);
	sto_put_opt_bytes(&w, side->has_prev, side->prev, STO_DIGEST_LEN);
	return !w.failed && sto_sha256(buffer, w.len, out);
}

void
sto_put_entry(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN], const StoEntry *entry,
			  const uint8_t *debit_side, const uint8_t *credit_side)
{
	const StoOrder *o = &entry->order;

	check_codes(w, o);
	sto_put_tag(w, "sto.entry", FORMAT_VERSION);
	sto_put_bytes(w, ledger_id, STO_UUID_LEN);
	sto_put_i64(w, entry->entry_id);
	sto_put_u8(w, (uint8_t) o->kind);
	sto_put_bytes(w, o->token_id, STO_UUID_LEN);
	sto_put_opt_bytes(w, o->has_debit, o->debit, STO_ADDRESS_LEN);
	sto_put_opt_bytes(w, o->has_credit, o->credit, STO_ADDRESS_LEN);
	sto_put_amount(w, o->amount);
	sto_put_bytes(w, o->ordering_party, STO_UUID_LEN);
	sto_put_bytes(w, o->order_id, STO_UUID_LEN);
	put_terms(w, o);
	sto_put_opt_i64(w, entry->has_authority_event, entry->authority_event);
	sto_put_opt_i64(w, entry->has_rule_set, entry->rule_set);
	sto_put_opt_i64(w, entry->has_key_policy, entry->key_policy);
	sto_put_opt_bytes(w, debit_side != NULL, debit_side, STO_DIGEST_LEN);
	sto_put_opt_bytes(w, credit_side != NULL, credit_side, STO_DIGEST_LEN);
	sto_put_opt_octets16(w, entry->signatures != NULL, entry->signatures, entry->signatures_len);
	sto_put_i64(w, entry->received_at);
	sto_put_i64(w, entry->posted_at);
	sto_put_bytes(w, entry->posted_by, STO_UUID_LEN);
}

/*
 * The gate writes no entry longer than STO_ENTRY_MAX, but a verifier must hash
 * whatever a row holds, so that an altered row is a wrong leaf and not an error.
 */
static bool
long_entry_leaf(const uint8_t ledger_id[STO_UUID_LEN], const StoEntry *entry,
				const uint8_t *debit_side, const uint8_t *credit_side, uint8_t out[STO_DIGEST_LEN])
{
	StoWriter w;
	size_t len;
	void *buffer;
	bool ok;

	sto_writer_init(&w, NULL, 0);
	sto_put_entry(&w, ledger_id, entry, debit_side, credit_side);
	len = w.len;
	if (w.failed)
		return false;
	buffer = malloc(len);
	if (buffer == NULL)
		return false;
	sto_writer_init(&w, buffer, len);
	sto_put_entry(&w, ledger_id, entry, debit_side, credit_side);
	ok = !w.failed && sto_leaf_hash(buffer, w.len, out);
	free(buffer);
	return ok;
}

bool
sto_entry_leaf(const uint8_t ledger_id[STO_UUID_LEN], const StoEntry *entry,
			   const uint8_t *debit_salt, const uint8_t *credit_salt, uint8_t out[STO_DIGEST_LEN])
{
	uint8_t debit_digest[STO_DIGEST_LEN];
	uint8_t credit_digest[STO_DIGEST_LEN];
	const uint8_t *debit_side = NULL;
	const uint8_t *credit_side = NULL;
	uint8_t buffer[STO_ENTRY_MAX];
	StoWriter w;

	if (entry->debit.present)
	{
		if (!sto_side_digest(debit_salt, entry->order.token_id, &entry->debit, debit_digest))
			return false;
		debit_side = debit_digest;
	}
	if (entry->credit.present)
	{
		if (!sto_side_digest(credit_salt, entry->order.token_id, &entry->credit, credit_digest))
			return false;
		credit_side = credit_digest;
	}
	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_entry(&w, ledger_id, entry, debit_side, credit_side);
	if (w.failed)
		return long_entry_leaf(ledger_id, entry, debit_side, credit_side, out);
	return sto_leaf_hash(buffer, w.len, out);
}

/* What act and event share, from the kind to the body's length; the body follows. */
static void
put_event_middle(StoWriter *w, const StoEvent *event)
{
	sto_put_octets8(w, event->kind, event->kind_len);
	sto_put_bytes(w, event->subject, STO_UUID_LEN);
	sto_put_bytes(w, event->actor, STO_UUID_LEN);
	sto_put_opt_bytes(w, event->has_prev, event->prev, STO_DIGEST_LEN);
	sto_put_u32(w, event->body_len);
}

static void
put_event_head(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN], const StoEvent *event)
{
	sto_put_tag(w, "sto.event", FORMAT_VERSION);
	sto_put_bytes(w, ledger_id, STO_UUID_LEN);
	sto_put_i64(w, event->entry_id);
	put_event_middle(w, event);
}

void
sto_put_act(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN], const StoEvent *event)
{
	sto_put_tag(w, "sto.act", FORMAT_VERSION);
	sto_put_bytes(w, ledger_id, STO_UUID_LEN);
	put_event_middle(w, event);
	sto_put_bytes(w, event->body, event->body_len);
}

void
sto_put_event(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN], const StoEvent *event)
{
	put_event_head(w, ledger_id, event);
	sto_put_bytes(w, event->body, event->body_len);
	sto_put_opt_octets16(w, event->signatures != NULL, event->signatures, event->signatures_len);
	sto_put_i64(w, event->recorded_at);
}

static bool
begin_running(void)
{
	if (running == NULL)
		running = sto_sha256_new();
	return running != NULL && sto_sha256_init(running);
}

bool
sto_event_leaf(const uint8_t ledger_id[STO_UUID_LEN], const StoEvent *event,
			   uint8_t out[STO_DIGEST_LEN])
{
	uint8_t buffer[EVENT_HEAD_MAX];
	StoWriter w;
	bool ok;

	/* a body has a length, so it must have octets; an absent list has none */
	if (event->body == NULL && event->body_len > 0)
		return false;
	if (!begin_running())
		return false;
	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_u8(&w, 0x00); /* RFC 9162 2.1.1: the leaf prefix */
	put_event_head(&w, ledger_id, event);
	ok = !w.failed && sto_sha256_update(running, buffer, w.len) &&
		 sto_sha256_update(running, event->body, event->body_len);

	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_u8(&w, event->signatures != NULL);
	if (event->signatures != NULL)
		sto_put_u16(&w, event->signatures_len);
	ok = ok && sto_sha256_update(running, buffer, w.len);
	if (event->signatures != NULL)
		ok = ok && sto_sha256_update(running, event->signatures, event->signatures_len);

	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_i64(&w, event->recorded_at);
	return ok && sto_sha256_update(running, buffer, w.len) && sto_sha256_final(running, out);
}

void
sto_ledger_id(const uint8_t genesis_leaf[STO_DIGEST_LEN], uint8_t out[STO_UUID_LEN])
{
	memcpy(out, genesis_leaf, STO_UUID_LEN);
	out[6] = (uint8_t) ((out[6] & 0x0f) | 0x80); /* version 8 */
	out[8] = (uint8_t) ((out[8] & 0x3f) | 0x80); /* variant 10 */
}

bool
sto_refusal_subject(const uint8_t *order, size_t order_len, const char *state, const char *reasons,
					uint8_t out[STO_UUID_LEN])
{
	uint8_t buffer[STO_ORDER_MAX + STO_REFUSAL_REASONS_MAX + 64];
	uint8_t digest[STO_DIGEST_LEN];
	StoWriter w;

	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_tag(&w, "sto.refusal", FORMAT_VERSION);
	sto_put_octets16(&w, order, order_len);
	sto_put_octets8(&w, state, strlen(state));
	sto_put_octets16(&w, reasons, strlen(reasons));
	if (w.failed || !sto_sha256(buffer, w.len, digest))
		return false;
	sto_ledger_id(digest, out);
	return true;
}

bool
sto_wallet_address(const uint8_t ledger_id[STO_UUID_LEN], const uint8_t wallet_id[STO_UUID_LEN],
				   uint8_t out[STO_ADDRESS_LEN])
{
	uint8_t buffer[64];
	uint8_t digest[STO_DIGEST_LEN];
	StoWriter w;

	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_tag(&w, "sto.address", FORMAT_VERSION);
	sto_put_bytes(&w, ledger_id, STO_UUID_LEN);
	sto_put_bytes(&w, wallet_id, STO_UUID_LEN);
	if (w.failed || !sto_sha256(buffer, w.len, digest))
		return false;
	memcpy(out, digest, STO_ADDRESS_LEN);
	return true;
}

bool
sto_private_commitment(const uint8_t ledger_id[STO_UUID_LEN], const uint8_t party_id[STO_UUID_LEN],
					   const char *topic, size_t topic_len, const uint8_t salt[STO_DIGEST_LEN],
					   const char *value, size_t value_len, uint8_t out[STO_DIGEST_LEN])
{
	uint8_t buffer[384];
	StoWriter w;

	if (value_len > UINT32_MAX || !begin_running())
		return false;
	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_tag(&w, "sto.private", FORMAT_VERSION);
	sto_put_bytes(&w, ledger_id, STO_UUID_LEN);
	sto_put_bytes(&w, party_id, STO_UUID_LEN);
	sto_put_octets8(&w, topic, topic_len);
	sto_put_bytes(&w, salt, STO_DIGEST_LEN);
	sto_put_u32(&w, (uint32_t) value_len);
	return !w.failed && sto_sha256_update(running, buffer, w.len) &&
		   sto_sha256_update(running, value, value_len) && sto_sha256_final(running, out);
}

static void
put_leg(StoWriter *w, const StoLeg *leg)
{
	sto_put_bytes(w, leg->token_id, STO_UUID_LEN);
	sto_put_bytes(w, leg->debit, STO_ADDRESS_LEN);
	sto_put_bytes(w, leg->credit, STO_ADDRESS_LEN);
	sto_put_amount(w, leg->amount);
}

static int
compare_legs(const void *a, const void *b)
{
	uint8_t octets_a[LEG_LEN];
	uint8_t octets_b[LEG_LEN];
	StoWriter w;

	sto_writer_init(&w, octets_a, sizeof(octets_a));
	put_leg(&w, a);
	sto_writer_init(&w, octets_b, sizeof(octets_b));
	put_leg(&w, b);
	return memcmp(octets_a, octets_b, LEG_LEN);
}

bool
sto_instruction_hash(const uint8_t ledger_id[STO_UUID_LEN], StoLeg *legs, size_t count,
					 uint8_t out[STO_DIGEST_LEN])
{
	uint8_t buffer[LEG_LEN];
	StoWriter w;
	bool ok;

	if (count > UINT32_MAX || !begin_running())
		return false;
	if (count > 1)
		qsort(legs, count, sizeof(StoLeg), compare_legs);
	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_tag(&w, "sto.instruction", FORMAT_VERSION);
	sto_put_bytes(&w, ledger_id, STO_UUID_LEN);
	sto_put_u32(&w, (uint32_t) count);
	ok = !w.failed && sto_sha256_update(running, buffer, w.len);
	for (size_t i = 0; ok && i < count; i++)
	{
		sto_writer_init(&w, buffer, sizeof(buffer));
		put_leg(&w, &legs[i]);
		ok = sto_sha256_update(running, buffer, w.len);
	}
	return ok && sto_sha256_final(running, out);
}
