/*
 * test_record.c
 *		Records read back are the records that were written, and nothing else
 *		can be read.
 *
 * Usage: test_record [path of vectors.txt]
 */
#include "core/record.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX 200000

static const uint8_t ledger[STO_UUID_LEN] = {0x1e, 0xd6, 0xe4};
static const uint8_t side[STO_DIGEST_LEN] = {0x51, 0xde};
static const uint8_t signatures[] = {1, 2, 3, 4};

/* The record that the parsed one would be written as. */
static size_t
write_again(const StoRecord *record, uint8_t *out, size_t size)
{
	StoWriter w;

	sto_writer_init(&w, out, size);
	if (record->kind == STO_RECORD_ENTRY)
		sto_put_entry(&w, record->ledger_id, &record->entry, record->debit_side,
					  record->credit_side);
	else
		sto_put_event(&w, record->ledger_id, &record->event);
	return w.failed ? 0 : w.len;
}

static bool
comes_back(const uint8_t *data, size_t len)
{
	uint8_t *again = malloc(len + 1);
	const char *why = NULL;
	StoRecord record;
	bool good;

	good = sto_record_parse(data, len, &record, &why) && write_again(&record, again, len) == len &&
		   memcmp(again, data, len) == 0;
	free(again);
	return good;
}

static StoEntry
full_entry(void)
{
	StoEntry e;
	StoOrder *o = &e.order;

	memset(&e, 0, sizeof(e));
	o->kind = STO_HOLD;
	o->amount = -5;
	o->has_debit = o->has_credit = o->has_valid_until = o->has_reference = o->has_hold_id = true;
	o->has_purpose = o->has_notary = o->has_release_after = o->has_condition = true;
	o->has_instruction = o->has_preimage = o->has_keep_rest = o->has_attachment = true;
	o->has_group = o->has_undoes = o->keep_rest = true;
	o->has_checked_once = o->checked_once = true;
	o->valid_until = INT64_MIN;
	o->reference = "seven";
	o->reference_len = 5;
	o->hold_id = 9;
	o->purpose = STO_FREEZE;
	o->release_after = INT64_MAX;
	o->undoes = 3;
	memset(o->order_id, 0x11, STO_UUID_LEN);
	memset(o->group_id, 0x22, STO_UUID_LEN);
	e.entry_id = INT64_C(0x0102030405060708);
	e.has_authority_event = e.has_rule_set = e.has_key_policy = true;
	e.key_policy = 77;
	e.signatures = signatures;
	e.signatures_len = sizeof(signatures);
	e.posted_at = 55;
	return e;
}

static size_t
put_full_entry(uint8_t *out, size_t size)
{
	StoEntry e = full_entry();
	StoWriter w;

	sto_writer_init(&w, out, size);
	sto_put_entry(&w, ledger, &e, side, side);
	return w.failed ? 0 : w.len;
}

static size_t
put_event(uint8_t *out, size_t size)
{
	StoEvent e = {.entry_id = 8,
				  .kind = "token",
				  .kind_len = 5,
				  .body = "{}",
				  .body_len = 2,
				  .has_prev = true,
				  .signatures = signatures,
				  .signatures_len = sizeof(signatures),
				  .recorded_at = -1};
	StoWriter w;

	sto_writer_init(&w, out, size);
	sto_put_event(&w, ledger, &e);
	return w.failed ? 0 : w.len;
}

static void
test_entry(void)
{
	uint8_t octets[1000];
	size_t len = put_full_entry(octets, sizeof(octets));
	const char *why = NULL;
	int64_t id = 0;
	StoRecord r;

	CHECK(len > 0 && comes_back(octets, len));
	CHECK(sto_record_parse(octets, len, &r, &why) && r.kind == STO_RECORD_ENTRY);
	CHECK(memcmp(r.ledger_id, ledger, STO_UUID_LEN) == 0);
	CHECK(r.entry.entry_id == INT64_C(0x0102030405060708) && r.entry.key_policy == 77);
	CHECK(r.entry.order.amount == -5 && r.entry.order.valid_until == INT64_MIN);
	CHECK(r.entry.order.reference_len == 5 && memcmp(r.entry.order.reference, "seven", 5) == 0);
	CHECK(r.entry.order.purpose == STO_FREEZE && r.entry.order.keep_rest &&
		  r.entry.order.checked_once);
	CHECK(r.entry.debit.present && r.entry.credit.present);
	CHECK(memcmp(r.credit_side, side, STO_DIGEST_LEN) == 0);
	CHECK(r.entry.signatures_len == sizeof(signatures) &&
		  memcmp(r.entry.signatures, signatures, sizeof(signatures)) == 0);
	CHECK(sto_record_id(octets, len, &id) && id == r.entry.entry_id);
}

/* What is absent stays absent; what is there but empty stays that. */
static void
test_absent(void)
{
	StoEntry e;
	uint8_t octets[1000];
	const char *why = NULL;
	StoRecord r;
	StoWriter w;

	memset(&e, 0, sizeof(e));
	e.order.kind = STO_ISSUE;
	sto_writer_init(&w, octets, sizeof(octets));
	sto_put_entry(&w, ledger, &e, NULL, NULL);
	CHECK(comes_back(octets, w.len) && sto_record_parse(octets, w.len, &r, &why));
	CHECK(!r.entry.order.has_reference && !r.entry.order.has_debit && r.debit_side == NULL);
	CHECK(r.entry.signatures == NULL && !r.entry.has_key_policy && !r.entry.debit.present);

	e.order.has_reference = true;
	e.order.reference = "";
	e.signatures = signatures;
	sto_writer_init(&w, octets, sizeof(octets));
	sto_put_entry(&w, ledger, &e, side, NULL);
	CHECK(comes_back(octets, w.len) && sto_record_parse(octets, w.len, &r, &why));
	CHECK(r.entry.order.has_reference && r.entry.order.reference_len == 0);
	CHECK(r.entry.signatures != NULL && r.entry.signatures_len == 0);
	CHECK(r.entry.debit.present && !r.entry.credit.present);
}

static void
test_event(void)
{
	uint8_t octets[1000];
	size_t len = put_event(octets, sizeof(octets));
	const char *why = NULL;
	int64_t id = 0;
	StoRecord r;

	CHECK(len > 0 && comes_back(octets, len));
	CHECK(sto_record_parse(octets, len, &r, &why) && r.kind == STO_RECORD_EVENT);
	CHECK(r.event.kind_len == 5 && memcmp(r.event.kind, "token", 5) == 0 && r.event.has_prev);
	CHECK(r.event.body_len == 2 && r.event.recorded_at == -1);
	CHECK(sto_record_id(octets, len, &id) && id == 8);
}

/* Cut anywhere, or with an octet too many, it is no record; nor is a presence octet of 2. */
static void
test_malformed(const char *name, const uint8_t *octets, size_t len)
{
	uint8_t *copy;
	const char *why = NULL;
	StoRecord r;
	size_t cut_off = 0;

	for (size_t cut = 0; cut < len; cut++)
	{
		/* of its own length, so that a read beyond it is seen */
		copy = malloc(cut + 1);
		memcpy(copy, octets, cut);
		cut_off += !sto_record_parse(copy, cut, &r, &why);
		free(copy);
	}
	CHECK_AS(cut_off == len, "%s: cut at any octet", name);

	copy = malloc(len + 1);
	memcpy(copy, octets, len);
	copy[len] = 0;
	CHECK_AS(!sto_record_parse(copy, len + 1, &r, &why), "%s: an octet follows", name);
	copy[10] = 2;
	CHECK_AS(!sto_record_parse(copy, len, &r, &why), "%s: another version", name);
	copy[10] = 1;
	copy[1] = 'x';
	CHECK_AS(!sto_record_parse(copy, len, &r, &why), "%s: another tag", name);
	free(copy);
}

static void
test_codes(void)
{
	uint8_t octets[1000];
	size_t len = put_full_entry(octets, sizeof(octets));
	const char *why = NULL;
	StoRecord r;

	octets[35] = 0;
	CHECK_AS(!sto_record_parse(octets, len, &r, &why), "kind 0");
	octets[35] = 10;
	CHECK_AS(!sto_record_parse(octets, len, &r, &why), "kind 10");
	octets[35] = STO_POST;
	CHECK(sto_record_parse(octets, len, &r, &why));
	octets[52] = 2;
	CHECK_AS(!sto_record_parse(octets, len, &r, &why), "a presence octet of 2");
}

/* Octets changed at random: either no record, or one that is written like that. */
static void
test_changed(const char *name, const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len);
	bool good = true;
	int parsed = 0;

	srandom(7);
	for (int i = 0; good && i < 50000; i++)
	{
		const char *why = NULL;
		StoRecord r;

		memcpy(copy, octets, len);
		for (int n = 0; n <= i % 3; n++)
			copy[(size_t) random() % len] ^= (uint8_t) (1u << (random() % 8));
		if (sto_record_parse(copy, len, &r, &why))
		{
			parsed++;
			good = comes_back(copy, len);
		}
	}
	CHECK_AS(good && parsed > 0, "%s: what can be read is what was written", name);
	free(copy);
}

/* The records that docs/format.md prints. */
static void
test_vectors(const char *path)
{
	static char line[LINE_MAX];
	static uint8_t octets[LINE_MAX / 2];
	FILE *file = fopen(path, "r");
	int seen = 0;

	CHECK(file != NULL);
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
	{
		size_t len = strcspn(line, "\n");

		/* of "sto.entry" or "sto.event", not of a close */
		if (strncmp(line, "record 0973746f2e65", 19) != 0)
			continue;
		seen++;
		CHECK(sto_hex_decode(line + 7, len - 7, octets, (len - 7) / 2) &&
			  comes_back(octets, (len - 7) / 2));
	}
	CHECK(seen > 5);
	if (file != NULL)
		fclose(file);
}

int
main(int argc, char **argv)
{
	uint8_t octets[1000];
	size_t len;

	test_entry();
	test_absent();
	test_event();
	len = put_full_entry(octets, sizeof(octets));
	test_malformed("entry", octets, len);
	test_changed("entry", octets, len);
	len = put_event(octets, sizeof(octets));
	test_malformed("event", octets, len);
	test_changed("event", octets, len);
	test_codes();
	test_vectors(argc > 1 ? argv[1] : "test/core/vectors.txt");
	return check_done("record");
}
