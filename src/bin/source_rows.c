/*
 * source_rows.c
 *		Rows of sto.event and sto.transfer out of COPY ... TO STDOUT (FORMAT binary).
 *
 * The server is not trusted: every length is held against what is left of the
 * message, and a value of a wrong length makes its row unreadable, which is a
 * finding like any other.  PostgreSQL documentation, "COPY", "Binary Format".
 */
#include "bin/source.h"

#include <stdlib.h>
#include <string.h>

const char source_event_columns[] =
	"entry_id, recorded_at, subject, actor, prev_hash, leaf_hash, kind, body, signatures";
const char source_transfer_columns[] =
	"entry_id, received_at, posted_at, amount, debit_seq, debit_balance, debit_held, credit_seq, "
	"credit_balance, credit_held, key_policy, rule_set, authority_event, valid_until, hold_id, "
	"release_after, undoes, token_id, ordering_party, order_id, posted_by, group_id, notary, "
	"debit_wallet, credit_wallet, debit_prev, credit_prev, condition_hash, instruction_hash, "
	"attachment_hash, leaf_hash, keep_rest, checked_once, kind, purpose, reference, preimage, "
	"signatures";

#define EVENT_COLUMNS 9
#define TRANSFER_COLUMNS 38

static const uint8_t copy_signature[] = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', 0xff, '\r', '\n', 0};

/* A tuple's fields, read one after another; remembers the first that is wrong. */
typedef struct Fields
{
	StoReader r;
	const char *why;
} Fields;

/* The next field's octets; NULL if it is null. */
static const uint8_t *
next_field(Fields *f, size_t *len)
{
	uint32_t n = sto_get_u32(&f->r);
	const uint8_t *data;

	*len = 0;
	if (n == UINT32_MAX || f->r.failed)
		return NULL;
	data = sto_get_view(&f->r, n);
	if (data == NULL)
		return NULL;
	*len = n;
	return data;
}

static void
complain(Fields *f, const char *why)
{
	if (f->why == NULL)
		f->why = why;
}

/* A field of exactly len octets; false if it is null. */
static bool
get_fixed(Fields *f, void *out, size_t len)
{
	size_t n;
	const uint8_t *data = next_field(f, &n);

	memset(out, 0, len);
	if (data == NULL)
		return false;
	if (n != len)
	{
		complain(f, "a column has a wrong length");
		return false;
	}
	memcpy(out, data, len);
	return true;
}

static void
need_fixed(Fields *f, void *out, size_t len)
{
	if (!get_fixed(f, out, len))
		complain(f, "a column that is never null is null");
}

static bool
get_number(Fields *f, int64_t *out)
{
	uint8_t octets[8];
	StoReader r;
	bool present = get_fixed(f, octets, sizeof(octets));

	sto_reader_init(&r, octets, sizeof(octets));
	*out = sto_get_i64(&r);
	return present;
}

static bool
get_time(Fields *f, int64_t *out)
{
	bool present = get_number(f, out);

	if (present && (*out == INT64_MIN || *out > INT64_MAX - STO_EPOCH_SHIFT))
		complain(f, "a time is infinite");
	else if (present)
		*out += STO_EPOCH_SHIFT;
	return present;
}

static void
need_time(Fields *f, int64_t *out)
{
	if (!get_time(f, out))
		complain(f, "a column that is never null is null");
}

static bool
get_amount(Fields *f, StoAmount *out)
{
	uint8_t octets[STO_AMOUNT_LEN];
	StoReader r;
	bool present = get_fixed(f, octets, sizeof(octets));

	sto_reader_init(&r, octets, sizeof(octets));
	*out = sto_get_amount(&r);
	return present;
}

/* Text or octets of at most max octets, as a view. */
static bool
get_view(Fields *f, const void **out, size_t *len, size_t max)
{
	*out = next_field(f, len);
	if (*len > max)
	{
		complain(f, "a column is longer than a record can hold");
		*len = 0;
	}
	return *out != NULL;
}

static const uint8_t *
get_signatures(Fields *f, uint16_t *len)
{
	const void *data;
	size_t n;

	get_view(f, &data, &n, UINT16_MAX);
	*len = (uint16_t) n;
	return data;
}

static void
decode_event(Fields *f, Row *row, StoRecord *record)
{
	StoEvent *e = &record->event;
	const void *view;
	size_t len;

	record->kind = STO_RECORD_EVENT;
	if (!get_number(f, &e->entry_id))
		complain(f, "a column that is never null is null");
	need_time(f, &e->recorded_at);
	need_fixed(f, e->subject, STO_UUID_LEN);
	need_fixed(f, e->actor, STO_UUID_LEN);
	e->has_prev = get_fixed(f, e->prev, STO_DIGEST_LEN);
	row->has_leaf = get_fixed(f, row->leaf.octets, STO_DIGEST_LEN);
	if (!get_view(f, &view, &len, UINT8_MAX))
		complain(f, "a column that is never null is null");
	e->kind = view;
	e->kind_len = (uint8_t) len;
	if (!get_view(f, &view, &len, UINT32_MAX))
		complain(f, "a column that is never null is null");
	e->body = view;
	e->body_len = (uint32_t) len;
	e->signatures = get_signatures(f, &e->signatures_len);
}

/* One side's four columns stand apart in the row: seq, balance and held here, prev later. */
static void
decode_side(Fields *f, StoSide *side)
{
	bool balance;
	bool held;

	side->present = get_number(f, &side->seq);
	balance = get_amount(f, &side->balance);
	held = get_amount(f, &side->held);
	if (balance != side->present || held != side->present)
		complain(f, "a side's columns are half null");
}

static void
decode_prev(Fields *f, StoSide *side)
{
	side->has_prev = get_fixed(f, side->prev, STO_DIGEST_LEN);
	if (side->has_prev && !side->present)
		complain(f, "a side's columns are half null");
}

static void
decode_codes(Fields *f, StoOrder *o)
{
	const void *view;
	size_t len;
	uint8_t octet;

	o->has_keep_rest = get_fixed(f, &octet, 1);
	o->keep_rest = octet != 0;
	o->has_checked_once = get_fixed(f, &octet, 1);
	o->checked_once = octet != 0;
	if (!get_view(f, &view, &len, UINT8_MAX) || !sto_kind_from_name(view, len, &o->kind))
		complain(f, "the kind is unknown");
	o->has_purpose = get_view(f, &view, &len, UINT8_MAX);
	if (o->has_purpose && !sto_purpose_from_name(view, len, &o->purpose))
		complain(f, "the purpose is unknown");
	o->has_reference = get_view(f, &view, &len, UINT16_MAX);
	o->reference = view;
	o->reference_len = (uint16_t) len;
	o->has_preimage = get_fixed(f, o->preimage, STO_PREIMAGE_LEN);
}

/* In the order of source_transfer_columns. */
static void
decode_transfer(Fields *f, Row *row, Columns *columns)
{
	/* the fold works sides out by itself, and compares their columns: see sto_verify_ledger.c */
	static const uint8_t no_digest[STO_DIGEST_LEN];
	StoEntry *e = &columns->record.entry;
	StoOrder *o = &e->order;

	columns->record.kind = STO_RECORD_ENTRY;
	if (!get_number(f, &e->entry_id))
		complain(f, "a column that is never null is null");
	need_time(f, &e->received_at);
	need_time(f, &e->posted_at);
	if (!get_amount(f, &o->amount))
		complain(f, "a column that is never null is null");
	decode_side(f, &columns->debit);
	decode_side(f, &columns->credit);
	e->has_key_policy = get_number(f, &e->key_policy);
	e->has_rule_set = get_number(f, &e->rule_set);
	e->has_authority_event = get_number(f, &e->authority_event);
	o->has_valid_until = get_time(f, &o->valid_until);
	o->has_hold_id = get_number(f, &o->hold_id);
	o->has_release_after = get_time(f, &o->release_after);
	o->has_undoes = get_number(f, &o->undoes);
	need_fixed(f, o->token_id, STO_UUID_LEN);
	need_fixed(f, o->ordering_party, STO_UUID_LEN);
	need_fixed(f, o->order_id, STO_UUID_LEN);
	need_fixed(f, e->posted_by, STO_UUID_LEN);
	o->has_group = get_fixed(f, o->group_id, STO_UUID_LEN);
	o->has_notary = get_fixed(f, o->notary, STO_UUID_LEN);
	o->has_debit = get_fixed(f, o->debit, STO_ADDRESS_LEN);
	o->has_credit = get_fixed(f, o->credit, STO_ADDRESS_LEN);
	decode_prev(f, &columns->debit);
	decode_prev(f, &columns->credit);
	o->has_condition = get_fixed(f, o->condition, STO_DIGEST_LEN);
	o->has_instruction = get_fixed(f, o->instruction, STO_DIGEST_LEN);
	o->has_attachment = get_fixed(f, o->attachment, STO_DIGEST_LEN);
	row->has_leaf = get_fixed(f, row->leaf.octets, STO_DIGEST_LEN);
	decode_codes(f, o);
	e->signatures = get_signatures(f, &e->signatures_len);

	e->debit.present = columns->debit.present;
	e->credit.present = columns->credit.present;
	columns->record.debit_side = columns->debit.present ? no_digest : NULL;
	columns->record.credit_side = columns->credit.present ? no_digest : NULL;
}

static void
decode(const RawRow *raw, Row *row, Columns *columns)
{
	Fields f = {.why = NULL};

	memset(columns, 0, sizeof(*columns));
	row->has_leaf = false;
	sto_reader_init(&f.r, raw->data, raw->len);
	if (raw->data == NULL)
		complain(&f, "it is longer than any row of a log");
	else if (raw->is_event)
		decode_event(&f, row, &columns->record);
	else
		decode_transfer(&f, row, columns);
	if (!sto_reader_done(&f.r))
		complain(&f, "the server sent a malformed row");
	row->why = f.why;
	row->readable = f.why == NULL;
}

void
rows_decode(Chunk *chunk)
{
	for (int i = 0; i < chunk->count; i++)
		decode(&chunk->raw[i], &chunk->rows[i], &chunk->columns[i]);
	chunk_finish_leaves(chunk);
}

CopyStatus
copy_message(const char *data, size_t len, bool is_event, bool *started, RawRow *raw, int64_t *id)
{
	StoReader r;
	uint16_t fields;
	size_t begin;

	sto_reader_init(&r, data, len);
	if (!*started)
	{
		const uint8_t *signature = sto_get_view(&r, sizeof(copy_signature));
		uint32_t flags = sto_get_u32(&r);
		uint32_t extension = sto_get_u32(&r);

		/* bits 16 to 31 mark what a reader must know to read on */
		if (signature == NULL || memcmp(signature, copy_signature, sizeof(copy_signature)) != 0 ||
			flags >> 16 != 0 || (extension != 0 && sto_get_view(&r, extension) == NULL) || r.failed)
			return COPY_MALFORMED;
		*started = true;
	}
	fields = sto_get_u16(&r);
	if (fields == UINT16_MAX)
		return sto_reader_done(&r) ? COPY_END : COPY_MALFORMED;
	if (fields != (is_event ? EVENT_COLUMNS : TRANSFER_COLUMNS))
		return COPY_MALFORMED;
	begin = r.pos;
	if (sto_get_u32(&r) != sizeof(*id))
		return COPY_MALFORMED;
	*id = sto_get_i64(&r);
	if (r.failed)
		return COPY_MALFORMED;
	raw->is_event = is_event;
	raw->data = len > COPY_MESSAGE_MAX ? NULL : (const uint8_t *) data + begin;
	raw->len = raw->data != NULL ? len - begin : 0;
	return raw->data != NULL ? COPY_ROW : COPY_TOO_LONG;
}

void
chunk_finish_leaves(Chunk *chunk)
{
	StoHash leaves[CHUNK_ROWS];
	bool all = chunk->count == CHUNK_ROWS;

	for (int i = 0; i < chunk->count && all; i++)
	{
		leaves[i] = chunk->rows[i].leaf;
		all = chunk->rows[i].has_leaf;
	}
	chunk->has_root = all && sto_hashes_root(leaves, CHUNK_ROWS, &chunk->root);
	chunk->failed |= all && !chunk->has_root;
}

void
chunk_clear(Chunk *chunk)
{
	for (int i = 0; i < chunk->count; i++)
	{
		PQfreemem(chunk->raw[i].buffer);
		chunk->raw[i].buffer = NULL;
	}
	chunk->count = 0;
	chunk->has_root = false;
	chunk->failed = false;
	chunk->missing = NULL;
	chunk->surplus = false;
}

void
chunk_free(Chunk *chunk)
{
	chunk_clear(chunk);
	free(chunk->octets);
	free(chunk->columns);
}
