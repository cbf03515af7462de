/*
 * test_event.c
 *		Every part of an event changes its leaf and, if signed, its act; names
 *		of codes, derived ids, instructions.
 *		That the octets are the published ones is test_vectors.c.
 */
#include "core/message.h"

#include "check.h"
#include "seen.h"

#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t ledger[STO_UUID_LEN] = {0x1e, 0xd6, 0xe4};
static const uint8_t another_ledger[STO_UUID_LEN] = {0x1e, 0xd6, 0xe5};
static const char zeros[65535];

static StoEvent
full_event(void)
{
	StoEvent e;

	memset(&e, 0, sizeof(e));
	e.entry_id = 7;
	e.kind = "token";
	e.kind_len = 5;
	memset(e.subject, 0x51, STO_UUID_LEN);
	memset(e.actor, 0x52, STO_UUID_LEN);
	e.has_prev = true;
	memset(e.prev, 0x53, STO_DIGEST_LEN);
	e.body = "{\"a\": \"1\"}";
	e.body_len = 10;
	e.signatures = (const uint8_t *) "hello";
	e.signatures_len = 5;
	e.recorded_at = 54;
	return e;
}

static bool
change_event(int which, StoEvent *e, const char **what)
{
	switch (which)
	{
		CHANGE(0, e->entry_id++);
		CHANGE(1, e->kind = "tokem");
		CHANGE(2, e->kind_len--);
		CHANGE(3, e->subject[0] ^= 1);
		CHANGE(4, e->actor[15] ^= 1);
		CHANGE(5, e->has_prev = false);
		CHANGE(6, e->prev[5] ^= 1);
		CHANGE(7, e->body = "{\"a\": \"2\"}");
		CHANGE(8, e->body_len--);
		CHANGE(9, e->body_len = 0);
		CHANGE(10, e->signatures = NULL);
		CHANGE(11, e->signatures_len = 0);
		CHANGE(12, e->signatures = (const uint8_t *) "other");
		CHANGE(13, e->recorded_at++);
		default:
			return false;
	}
}

/* The leaf by way of the record in memory. */
static bool
leaf_of_record(const StoEvent *e, uint8_t out[STO_DIGEST_LEN])
{
	uint8_t *record = malloc(200000);
	StoWriter w;
	bool ok;

	sto_writer_init(&w, record, 200000);
	sto_put_event(&w, ledger, e);
	ok = !w.failed && sto_leaf_hash(record, w.len, out);
	free(record);
	return ok;
}

static void
test_event(void)
{
	StoEvent base = full_event();
	uint8_t leaf[STO_DIGEST_LEN], wanted[STO_DIGEST_LEN], act[400], other[400];
	const char *what;
	StoWriter w;
	size_t len;

	seen_count = 0;
	CHECK(sto_event_leaf(ledger, &base, leaf) && is_new(leaf));
	CHECK(sto_event_leaf(another_ledger, &base, leaf) && is_new(leaf));
	for (int i = 0;; i++)
	{
		StoEvent e = full_event();

		if (!change_event(i, &e, &what))
			break;
		CHECK_AS(sto_event_leaf(ledger, &e, leaf) && is_new(leaf), "event: %s", what);
		CHECK_AS(leaf_of_record(&e, wanted) && memcmp(leaf, wanted, STO_DIGEST_LEN) == 0,
				 "record and leaf agree: %s", what);
	}
	base.kind_len = 255;
	base.kind = zeros;
	base.body = zeros;
	base.body_len = sizeof(zeros);
	base.signatures = (const uint8_t *) zeros;
	base.signatures_len = UINT16_MAX;
	CHECK_AS(sto_event_leaf(ledger, &base, leaf) && leaf_of_record(&base, wanted) &&
				 memcmp(leaf, wanted, STO_DIGEST_LEN) == 0,
			 "record and leaf agree for a long event");
	base.body = NULL;
	CHECK_AS(!sto_event_leaf(ledger, &base, leaf), "a body that isn't there");

	/* the act: what is signed before the gate adds id, time and signatures */
	base = full_event();
	sto_writer_init(&w, act, sizeof(act));
	sto_put_act(&w, ledger, &base);
	len = w.len;
	CHECK(len == 9 + 16 + 6 + 32 + 33 + 4 + 10 && memcmp(act, "\x07sto.act\x01", 9) == 0);
	for (int i = 0;; i++)
	{
		StoEvent e = full_event();
		bool gate_only = i == 0 || i >= 10;

		if (!change_event(i, &e, &what))
			break;
		sto_writer_init(&w, other, sizeof(other));
		sto_put_act(&w, ledger, &e);
		CHECK_AS((w.len == len && memcmp(act, other, len) == 0) == gate_only, "act: %s", what);
	}
}

static void
test_names(void)
{
	StoKind kind;
	StoPurpose purpose;
	bool good = true;
	int names = 0;

	for (int i = -300; i < 300; i++)
	{
		const char *name = sto_kind_name((StoKind) i);

		names += name != NULL;
		good &= name == NULL || (sto_kind_from_name(name, strlen(name), &kind) && (int) kind == i);
		name = sto_purpose_name((StoPurpose) i);
		names += name != NULL;
		good &= name == NULL ||
				(sto_purpose_from_name(name, strlen(name), &purpose) && (int) purpose == i);
	}
	CHECK(good && names == 9 + 7);
	CHECK(strcmp(sto_kind_name(STO_ISSUE), "issue") == 0);
	CHECK(strcmp(sto_kind_name(STO_REVERSE), "reverse") == 0);
	CHECK(strcmp(sto_purpose_name(STO_HASH_LOCK), "hash_lock") == 0);
	CHECK(strcmp(sto_purpose_name(STO_FREEZE), "freeze") == 0);
	CHECK(!sto_kind_from_name("", 0, &kind) && !sto_kind_from_name("Issue", 5, &kind));
	CHECK(!sto_kind_from_name("issues", 6, &kind) && !sto_kind_from_name("issu", 4, &kind));
	CHECK(!sto_purpose_from_name("lock-up", 7, &purpose));
}

static void
test_derived_ids(void)
{
	uint8_t leaf[STO_DIGEST_LEN], id[STO_UUID_LEN], a[STO_ADDRESS_LEN], b[STO_ADDRESS_LEN];
	uint8_t wallet[STO_UUID_LEN] = {1};

	memset(leaf, 0xff, sizeof(leaf));
	sto_ledger_id(leaf, id);
	CHECK(id[6] == 0x8f && id[8] == 0xbf && id[0] == 0xff && id[15] == 0xff);
	memset(leaf, 0, sizeof(leaf));
	sto_ledger_id(leaf, id);
	CHECK(id[6] == 0x80 && id[8] == 0x80 && id[0] == 0 && id[15] == 0);
	CHECK(sto_wallet_address(ledger, wallet, a));
	wallet[15] = 1;
	CHECK(sto_wallet_address(ledger, wallet, b) && memcmp(a, b, sizeof(a)) != 0);
	wallet[15] = 0;
	CHECK(sto_wallet_address(wallet, wallet, b) && memcmp(a, b, sizeof(a)) != 0);
}

static StoLeg
leg_of(uint8_t token, uint8_t debit, uint8_t credit, StoAmount amount)
{
	StoLeg leg;

	memset(&leg, 0, sizeof(leg));
	leg.token_id[0] = token;
	leg.debit[0] = debit;
	leg.credit[0] = credit;
	leg.amount = amount;
	return leg;
}

static void
test_instruction(void)
{
	StoLeg legs[4] = {leg_of(9, 1, 2, 5), leg_of(1, 2, 1, 500), leg_of(1, 2, 1, -1),
					  leg_of(1, 1, 9, 7)};
	StoLeg turned[4] = {legs[3], legs[2], legs[1], legs[0]};
	uint8_t hash[STO_DIGEST_LEN], other[STO_DIGEST_LEN];

	seen_count = 0;
	CHECK(sto_instruction_hash(ledger, legs, 4, hash) && is_new(hash));
	CHECK_AS(sto_instruction_hash(ledger, turned, 4, other) &&
				 memcmp(hash, other, STO_DIGEST_LEN) == 0,
			 "the order of the legs is of no account");
	CHECK_AS(legs[0].debit[0] == 1 && legs[0].credit[0] == 9 && legs[1].amount == 500 &&
				 legs[2].amount == -1 && legs[3].token_id[0] == 9,
			 "legs are sorted as unsigned octets");
	CHECK(sto_instruction_hash(another_ledger, legs, 4, hash) && is_new(hash));
	CHECK(sto_instruction_hash(ledger, legs, 3, hash) && is_new(hash));
	CHECK(sto_instruction_hash(ledger, NULL, 0, hash) && is_new(hash));
	for (int i = 0; i < 4; i++)
	{
		StoLeg leg = legs[3];

		leg.token_id[15] ^= i == 0;
		leg.debit[19] ^= i == 1;
		leg.credit[19] ^= i == 2;
		leg.amount += i == 3;
		CHECK_AS(sto_instruction_hash(ledger, &leg, 1, hash) && is_new(hash), "leg's field %d", i);
	}
	if (sizeof(size_t) > 4)
		CHECK_AS(!sto_instruction_hash(ledger, legs, (size_t) UINT32_MAX + 1, hash),
				 "more legs than a u32 counts");
}

int
main(void)
{
	test_event();
	test_names();
	test_derived_ids();
	test_instruction();
	return check_done("event");
}
