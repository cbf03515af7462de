/*
 * record.c
 *		Records of entries and events, read back.
 */
#include "core/record.h"

#include <string.h>

#define FORMAT_VERSION 1

static const char entry_tag[] = "sto.entry";
static const char event_tag[] = "sto.event";

#define TAG_LEN (sizeof(entry_tag) - 1) /* of both */

_Static_assert(sizeof(entry_tag) == sizeof(event_tag), "tags of records are of one length");

/* Which record it is; false for neither. */
static bool
get_tag(StoReader *r, StoRecordKind *kind)
{
	const uint8_t *tag = sto_get_view(r, 1 + TAG_LEN + 1);

	if (tag == NULL || tag[0] != TAG_LEN || tag[1 + TAG_LEN] != FORMAT_VERSION)
		return false;
	*kind = memcmp(tag + 1, entry_tag, TAG_LEN) == 0 ? STO_RECORD_ENTRY : STO_RECORD_EVENT;
	return *kind == STO_RECORD_ENTRY || memcmp(tag + 1, event_tag, TAG_LEN) == 0;
}

static bool
get_opt_bytes(StoReader *r, void *out, size_t len)
{
	bool present = sto_get_present(r);

	if (present)
		sto_get_bytes(r, out, len);
	return present;
}

static bool
get_opt_i64(StoReader *r, int64_t *out)
{
	bool present = sto_get_present(r);

	if (present)
		*out = sto_get_i64(r);
	return present;
}

/* A view; NULL if absent. */
static const uint8_t *
get_opt_view(StoReader *r, size_t len)
{
	return sto_get_present(r) ? sto_get_view(r, len) : NULL;
}

static const uint8_t *
get_opt_octets16(StoReader *r, uint16_t *len)
{
	*len = 0;
	if (!sto_get_present(r))
		return NULL;
	*len = sto_get_u16(r);
	return sto_get_view(r, *len);
}

/* The fields that order and entry share (message.c, put_terms). */
static void
get_terms(StoReader *r, StoOrder *o)
{
	o->has_valid_until = get_opt_i64(r, &o->valid_until);
	o->reference = (const char *) get_opt_octets16(r, &o->reference_len);
	o->has_reference = o->reference != NULL;
	o->has_hold_id = get_opt_i64(r, &o->hold_id);
	o->has_purpose = sto_get_present(r);
	if (o->has_purpose)
	{
		o->purpose = (StoPurpose) sto_get_u8(r);
		if (sto_purpose_name(o->purpose) == NULL)
			r->failed = true;
	}
	o->has_notary = get_opt_bytes(r, o->notary, STO_UUID_LEN);
	o->has_release_after = get_opt_i64(r, &o->release_after);
	o->has_condition = get_opt_bytes(r, o->condition, STO_DIGEST_LEN);
	o->has_instruction = get_opt_bytes(r, o->instruction, STO_DIGEST_LEN);
	o->has_preimage = get_opt_bytes(r, o->preimage, STO_PREIMAGE_LEN);
	o->has_keep_rest = sto_get_present(r);
	if (o->has_keep_rest)
		o->keep_rest = sto_get_present(r); /* 0 or 1 as well */
	o->has_attachment = get_opt_bytes(r, o->attachment, STO_DIGEST_LEN);
	o->has_group = get_opt_bytes(r, o->group_id, STO_UUID_LEN);
	o->has_undoes = get_opt_i64(r, &o->undoes);
	o->has_checked_once = sto_get_present(r);
	if (o->has_checked_once)
		o->checked_once = sto_get_present(r);
}

static void
get_entry(StoReader *r, StoRecord *out)
{
	StoEntry *e = &out->entry;
	StoOrder *o = &e->order;

	e->entry_id = sto_get_i64(r);
	o->kind = (StoKind) sto_get_u8(r);
	if (sto_kind_name(o->kind) == NULL)
		r->failed = true;
	sto_get_bytes(r, o->token_id, STO_UUID_LEN);
	o->has_debit = get_opt_bytes(r, o->debit, STO_ADDRESS_LEN);
	o->has_credit = get_opt_bytes(r, o->credit, STO_ADDRESS_LEN);
	o->amount = sto_get_amount(r);
	sto_get_bytes(r, o->ordering_party, STO_UUID_LEN);
	sto_get_bytes(r, o->order_id, STO_UUID_LEN);
	get_terms(r, o);
	e->has_authority_event = get_opt_i64(r, &e->authority_event);
	e->has_rule_set = get_opt_i64(r, &e->rule_set);
	e->has_key_policy = get_opt_i64(r, &e->key_policy);
	out->debit_side = get_opt_view(r, STO_DIGEST_LEN);
	out->credit_side = get_opt_view(r, STO_DIGEST_LEN);
	e->debit.present = out->debit_side != NULL;
	e->credit.present = out->credit_side != NULL;
	e->signatures = get_opt_octets16(r, &e->signatures_len);
	e->received_at = sto_get_i64(r);
	e->posted_at = sto_get_i64(r);
	sto_get_bytes(r, e->posted_by, STO_UUID_LEN);
}

static void
get_event(StoReader *r, StoEvent *e)
{
	e->entry_id = sto_get_i64(r);
	e->kind_len = sto_get_u8(r);
	e->kind = (const char *) sto_get_view(r, e->kind_len);
	sto_get_bytes(r, e->subject, STO_UUID_LEN);
	sto_get_bytes(r, e->actor, STO_UUID_LEN);
	e->has_prev = get_opt_bytes(r, e->prev, STO_DIGEST_LEN);
	e->body_len = sto_get_u32(r);
	e->body = (const char *) sto_get_view(r, e->body_len);
	e->signatures = get_opt_octets16(r, &e->signatures_len);
	e->recorded_at = sto_get_i64(r);
}

bool
sto_record_parse(const void *data, size_t len, StoRecord *out, const char **why)
{
	StoReader r;

	memset(out, 0, sizeof(*out));
	sto_reader_init(&r, data, len);
	if (!get_tag(&r, &out->kind))
	{
		*why = "it begins with no tag of an entry or event of version 1";
		return false;
	}
	sto_get_bytes(&r, out->ledger_id, STO_UUID_LEN);
	if (out->kind == STO_RECORD_ENTRY)
		get_entry(&r, out);
	else
		get_event(&r, &out->event);
	if (r.failed)
	{
		*why = "it is truncated, or has a code or presence octet that nothing writes";
		return false;
	}
	if (!sto_reader_done(&r))
	{
		*why = "octets follow the record";
		return false;
	}
	return true;
}

bool
sto_record_id(const void *data, size_t len, int64_t *entry_id)
{
	StoReader r;
	StoRecordKind kind;

	sto_reader_init(&r, data, len);
	if (!get_tag(&r, &kind))
		return false;
	(void) sto_get_view(&r, STO_UUID_LEN);
	*entry_id = sto_get_i64(&r);
	return !r.failed;
}
