/*
 * test_message.c
 *		Every field of an order changes its message, every column of an entry
 *		its leaf; absent isn't empty.  That the octets are the published ones
 *		is test_vectors.c; events are in test_event.c.
 */
#include "core/message.h"

#include "check.h"
#include "seen.h"

#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t ledger[STO_UUID_LEN] = {0x1e, 0xd6, 0xe4};
static const uint8_t salt_one[STO_DIGEST_LEN] = {1};
static const uint8_t salt_two[STO_DIGEST_LEN] = {2};
static const char long_reference[65535];

static StoOrder
full_order(void)
{
	StoOrder o;

	memset(&o, 0, sizeof(o));
	o.kind = STO_HOLD;
	memset(o.order_id, 0x11, STO_UUID_LEN);
	memset(o.ordering_party, 0x12, STO_UUID_LEN);
	memset(o.token_id, 0x13, STO_UUID_LEN);
	o.amount = 1000;
	o.has_debit = o.has_credit = o.has_valid_until = o.has_reference = o.has_hold_id = true;
	o.has_purpose = o.has_notary = o.has_release_after = o.has_condition = true;
	o.has_instruction = o.has_preimage = o.has_keep_rest = o.has_attachment = true;
	o.has_group = o.has_undoes = o.has_checked_once = true;
	memset(o.debit, 0x14, STO_ADDRESS_LEN);
	memset(o.credit, 0x15, STO_ADDRESS_LEN);
	o.valid_until = 16;
	o.reference = "invoice 17";
	o.reference_len = 10;
	o.hold_id = 18;
	o.purpose = STO_PLEDGE;
	memset(o.notary, 0x19, STO_UUID_LEN);
	o.release_after = 20;
	memset(o.condition, 0x21, STO_DIGEST_LEN);
	memset(o.instruction, 0x22, STO_DIGEST_LEN);
	memset(o.preimage, 0x23, STO_PREIMAGE_LEN);
	memset(o.attachment, 0x24, STO_DIGEST_LEN);
	memset(o.group_id, 0x25, STO_UUID_LEN);
	o.undoes = 26;
	return o;
}

static StoEntry
full_entry(void)
{
	StoEntry e;

	memset(&e, 0, sizeof(e));
	e.order = full_order();
	e.entry_id = 31;
	e.has_authority_event = e.has_rule_set = e.has_key_policy = true;
	e.authority_event = 32;
	e.rule_set = 33;
	e.key_policy = 34;
	e.debit = (StoSide){.present = true, .has_prev = true, .seq = 35, .balance = 36, .held = 37};
	e.credit = (StoSide){.present = true, .has_prev = true, .seq = 38, .balance = 39, .held = 40};
	memset(e.debit.prev, 0x41, STO_DIGEST_LEN);
	memset(e.credit.prev, 0x42, STO_DIGEST_LEN);
	e.signatures = (const uint8_t *) "signatures";
	e.signatures_len = 10;
	e.received_at = 43;
	e.posted_at = 44;
	memset(e.posted_by, 0x45, STO_UUID_LEN);
	return e;
}

/* One change of an order, by number; false when there are no more. */
static bool
change_order(int which, StoOrder *o, const char **what)
{
	switch (which)
	{
		CHANGE(0, o->kind = STO_TRANSFER);
		CHANGE(1, o->order_id[15] ^= 1);
		CHANGE(2, o->ordering_party[0] ^= 1);
		CHANGE(3, o->token_id[7] ^= 1);
		CHANGE(4, o->amount = -o->amount);
		CHANGE(5, o->amount += (StoAmount) 1 << 120);
		CHANGE(6, o->has_debit = false);
		CHANGE(7, o->debit[19] ^= 1);
		CHANGE(8, o->has_credit = false);
		CHANGE(9, o->credit[0] ^= 1);
		CHANGE(10, o->has_valid_until = false);
		CHANGE(11, o->valid_until++);
		CHANGE(12, o->has_reference = false);
		CHANGE(13, o->reference_len = 0);
		CHANGE(14, o->reference = "invoice 18");
		CHANGE(15, o->has_hold_id = false);
		CHANGE(16, o->hold_id++);
		CHANGE(17, o->has_purpose = false);
		CHANGE(18, o->purpose = STO_SEIZURE);
		CHANGE(19, o->has_notary = false);
		CHANGE(20, o->notary[3] ^= 1);
		CHANGE(21, o->has_release_after = false);
		CHANGE(22, o->release_after--);
		CHANGE(23, o->has_condition = false);
		CHANGE(24, o->condition[31] ^= 1);
		CHANGE(25, o->has_instruction = false);
		CHANGE(26, o->instruction[0] ^= 1);
		CHANGE(27, o->has_preimage = false);
		CHANGE(28, o->preimage[16] ^= 1);
		CHANGE(29, o->has_keep_rest = false);
		CHANGE(30, o->keep_rest = true);
		CHANGE(31, o->has_attachment = false);
		CHANGE(32, o->attachment[1] ^= 1);
		CHANGE(33, o->has_group = false);
		CHANGE(34, o->group_id[2] ^= 1);
		CHANGE(35, o->has_undoes = false);
		CHANGE(36, o->undoes = -26);
		/* the same value in the field beside it */
		CHANGE(37, memcpy(o->order_id, o->ordering_party, STO_UUID_LEN));
		CHANGE(38, memset(o->debit, 0x15, STO_ADDRESS_LEN));
		CHANGE(39, o->has_condition = false; memset(o->instruction, 0x21, STO_DIGEST_LEN));
		CHANGE(40, o->has_instruction = false; memset(o->condition, 0x22, STO_DIGEST_LEN));
		CHANGE(41, o->has_valid_until = false; o->hold_id = 16);
		CHANGE(42, o->has_checked_once = false);
		CHANGE(43, o->checked_once = true);
		default:
			return false;
	}
}

/* The entry's own columns, after those of its order. */
static bool
change_entry(int which, StoEntry *e, const char **what)
{
	switch (which)
	{
		CHANGE(0, e->entry_id++);
		CHANGE(1, e->has_authority_event = false);
		CHANGE(2, e->authority_event++);
		CHANGE(3, e->has_rule_set = false);
		CHANGE(4, e->rule_set++);
		CHANGE(5, e->has_key_policy = false);
		CHANGE(6, e->key_policy++);
		CHANGE(7, e->debit.present = false);
		CHANGE(8, e->debit.seq++);
		CHANGE(9, e->debit.balance++);
		CHANGE(10, e->debit.held++);
		CHANGE(11, e->debit.has_prev = false);
		CHANGE(12, e->debit.prev[31] ^= 1);
		CHANGE(13, e->credit.present = false);
		CHANGE(14, e->credit.seq++);
		CHANGE(15, e->credit.balance = -e->credit.balance);
		CHANGE(16, e->credit.held++);
		CHANGE(17, e->credit.has_prev = false);
		CHANGE(18, e->credit.prev[0] ^= 1);
		CHANGE(19, e->signatures = NULL);
		CHANGE(20, e->signatures_len = 0);
		CHANGE(21, e->signatures = (const uint8_t *) "signaturez");
		CHANGE(22, e->received_at++);
		CHANGE(23, e->posted_at++);
		CHANGE(24, e->posted_by[0] ^= 1);
		default:
			return false;
	}
}

static size_t
order_message(const StoOrder *o, uint8_t out[STO_ORDER_MAX])
{
	StoWriter w;

	sto_writer_init(&w, out, STO_ORDER_MAX);
	sto_put_order(&w, ledger, o);
	return w.failed ? 0 : w.len;
}

static bool
order_digest(const StoOrder *o, uint8_t out[STO_DIGEST_LEN])
{
	uint8_t message[STO_ORDER_MAX];
	size_t len = order_message(o, message);

	return len > 0 && sto_sha256(message, len, out);
}

static void
test_order_fields(void)
{
	StoOrder base = full_order();
	uint8_t digest[STO_DIGEST_LEN];
	const char *what;

	seen_count = 0;
	CHECK(order_digest(&base, digest) && is_new(digest));
	CHECK(sto_order_equal(&base, &base));
	for (int i = 0;; i++)
	{
		StoOrder o = full_order();

		if (!change_order(i, &o, &what))
			break;
		CHECK_AS(order_digest(&o, digest) && is_new(digest), "order: %s", what);
		CHECK_AS(!sto_order_equal(&base, &o) && !sto_order_equal(&o, &base) &&
					 sto_order_equal(&o, &o),
				 "equality: %s", what);
	}
}

/* What is absent isn't stated, so its stale value neither counts nor is written. */
static void
test_absent(void)
{
	StoOrder none = full_order();
	StoOrder stale = full_order();
	uint8_t a[STO_ORDER_MAX], b[STO_ORDER_MAX];
	size_t len;

	none.has_debit = none.has_credit = none.has_valid_until = none.has_reference = false;
	none.has_hold_id = none.has_purpose = none.has_notary = none.has_release_after = false;
	none.has_condition = none.has_instruction = none.has_preimage = none.has_keep_rest = false;
	none.has_attachment = none.has_group = none.has_undoes = none.has_checked_once = false;
	stale = none;
	stale.debit[0] ^= 1;
	stale.credit[0] ^= 1;
	stale.valid_until++;
	stale.reference = NULL;
	stale.reference_len = 500;
	stale.hold_id++;
	stale.purpose = (StoPurpose) 99;
	stale.notary[0] ^= 1;
	stale.release_after++;
	stale.condition[0] ^= 1;
	stale.instruction[0] ^= 1;
	stale.preimage[0] ^= 1;
	stale.keep_rest = true;
	stale.attachment[0] ^= 1;
	stale.group_id[0] ^= 1;
	stale.undoes++;
	stale.checked_once = true;
	len = order_message(&none, a);
	CHECK(len == 11 + 16 + 1 + 48 + 2 + 16 + 14);
	CHECK(order_message(&stale, b) == len && memcmp(a, b, len) == 0);
	CHECK(sto_order_equal(&none, &stale));

	/* an empty reference is stated, and needs no memory */
	stale.has_reference = true;
	stale.reference_len = 0;
	CHECK(order_message(&stale, b) == len + 2);
	CHECK(!sto_order_equal(&none, &stale) && sto_order_equal(&stale, &stale));
}

static void
test_order_limits(void)
{
	StoOrder o = full_order();
	uint8_t message[STO_ORDER_MAX], digest[STO_DIGEST_LEN], first[STO_DIGEST_LEN];
	size_t len = order_message(&o, message);
	bool good = true;
	StoWriter w;

	CHECK(len > 0 && memcmp(message, "\x09sto.order\x01", 11) == 0);
	sto_sha256(message, len, first);
	for (size_t i = 0; i < len; i++)
	{
		message[i] ^= 0x40;
		good &= sto_sha256(message, len, digest) && memcmp(first, digest, STO_DIGEST_LEN) != 0;
		message[i] ^= 0x40;
	}
	CHECK_AS(good, "every octet of the message changes its hash");
	for (size_t size = 0; size < len; size++)
	{
		uint8_t *block = malloc(size > 0 ? size : 1);

		sto_writer_init(&w, block, size);
		sto_put_order(&w, ledger, &o);
		good &= w.failed;
		free(block);
	}
	CHECK_AS(good, "a buffer too short at any length is a failure");
	sto_writer_init(&w, NULL, 0);
	sto_put_order(&w, ledger, &o);
	CHECK_AS(!w.failed && w.len == len, "the length is known without a buffer");

	o.reference = long_reference;
	o.reference_len = STO_REFERENCE_MAX;
	CHECK_AS(order_message(&o, message) > 0, "the longest order fits");
	o.reference_len++;
	CHECK_AS(order_message(&o, message) == 0, "a reference of 141 octets is refused");
	for (int kind = -1; kind < 300; kind++)
	{
		o = full_order();
		o.kind = (StoKind) kind;
		good &= (order_message(&o, message) > 0) == (kind >= 1 && kind <= 9);
	}
	CHECK_AS(good, "kinds 1 to 9 can be written, no others");
	for (int purpose = -1; purpose < 300; purpose++)
	{
		o = full_order();
		o.purpose = (StoPurpose) purpose;
		good &= (order_message(&o, message) > 0) == (purpose >= 1 && purpose <= 7);
	}
	CHECK_AS(good, "purposes 1 to 7 can be written, no others");
}

static bool
entry_leaf(const StoEntry *e, uint8_t out[STO_DIGEST_LEN])
{
	return sto_entry_leaf(ledger, e, e->debit.present ? salt_one : NULL,
						  e->credit.present ? salt_two : NULL, out);
}

static void
test_entry_columns(void)
{
	StoEntry base = full_entry();
	uint8_t leaf[STO_DIGEST_LEN];
	const char *what;

	seen_count = 0;
	CHECK(entry_leaf(&base, leaf) && is_new(leaf));
	CHECK(sto_entry_leaf(salt_one, &base, salt_one, salt_two, leaf) && is_new(leaf));
	CHECK_AS(sto_entry_leaf(ledger, &base, salt_two, salt_two, leaf) && is_new(leaf),
			 "the debit side's salt");
	CHECK_AS(sto_entry_leaf(ledger, &base, salt_one, salt_one, leaf) && is_new(leaf),
			 "the credit side's salt");
	for (int i = 0;; i++)
	{
		StoEntry e = full_entry();

		if (!change_order(i, &e.order, &what))
			break;
		CHECK_AS(entry_leaf(&e, leaf) && is_new(leaf), "entry: %s", what);
	}
	for (int i = 0;; i++)
	{
		StoEntry e = full_entry();

		if (!change_entry(i, &e, &what))
			break;
		CHECK_AS(entry_leaf(&e, leaf) && is_new(leaf), "entry: %s", what);
	}
	base = full_entry();
	base.debit = full_entry().credit;
	base.credit = full_entry().debit;
	CHECK_AS(entry_leaf(&base, leaf) && is_new(leaf), "entry: the sides exchanged");
	base = full_entry();
	base.debit.present = false;
	memset(&base.debit.prev, 0xff, STO_DIGEST_LEN);
	CHECK_AS(entry_leaf(&base, leaf) && !is_new(leaf), "an absent side's values don't count");
}

/* The record is what the leaf hashes, and a row of any length has a leaf. */
static void
test_entry_record(void)
{
	StoEntry e = full_entry();
	uint8_t record[STO_ENTRY_MAX], debit[STO_DIGEST_LEN], credit[STO_DIGEST_LEN];
	uint8_t leaf[STO_DIGEST_LEN], wanted[STO_DIGEST_LEN];
	uint8_t *big = malloc(200000);
	StoWriter w;

	CHECK(sto_side_digest(salt_one, e.order.token_id, &e.debit, debit));
	CHECK(sto_side_digest(salt_two, e.order.token_id, &e.credit, credit));
	sto_writer_init(&w, record, sizeof(record));
	sto_put_entry(&w, ledger, &e, debit, credit);
	CHECK(!w.failed && memcmp(record, "\x09sto.entry\x01", 11) == 0);
	CHECK(sto_leaf_hash(record, w.len, wanted) && entry_leaf(&e, leaf) &&
		  memcmp(leaf, wanted, STO_DIGEST_LEN) == 0);

	e.order.reference = long_reference;
	e.order.reference_len = STO_REFERENCE_MAX;
	e.signatures = (const uint8_t *) long_reference;
	e.signatures_len = 16 * 74;
	sto_writer_init(&w, record, sizeof(record));
	sto_put_entry(&w, ledger, &e, debit, credit);
	CHECK_AS(!w.failed, "the longest entry that the gate writes fits");
	e.order.reference_len = UINT16_MAX;
	e.signatures_len = UINT16_MAX;
	sto_writer_init(&w, big, 200000);
	sto_put_entry(&w, ledger, &e, debit, credit);
	CHECK(!w.failed && w.len > 131070);
	CHECK_AS(sto_leaf_hash(big, w.len, wanted) && entry_leaf(&e, leaf) &&
				 memcmp(leaf, wanted, STO_DIGEST_LEN) == 0,
			 "an altered row that is too long has its leaf all the same");
	free(big);

	e = full_entry();
	CHECK_AS(!sto_entry_leaf(ledger, &e, NULL, salt_two, leaf), "a side needs its salt");
	CHECK(!sto_entry_leaf(ledger, &e, salt_one, NULL, leaf));
	e.order.kind = (StoKind) 0;
	CHECK(!entry_leaf(&e, leaf));
}

int
main(void)
{
	test_order_fields();
	test_absent();
	test_order_limits();
	test_entry_columns();
	test_entry_record();
	return check_done("message");
}
