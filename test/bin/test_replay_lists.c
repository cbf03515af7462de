/*
 * test_replay_lists.c
 *		The same of what spans several records: holds, settlements, lists under
 *		one signature; and of a state that is saved among them.
 */
#include "replay_fixture.h"

static uint8_t preimage[STO_PREIMAGE_LEN] = {42};
static int64_t release_after;
static int64_t hold_id;

static void
hash_lock(StoOrder *o)
{
	o->has_purpose = o->has_condition = o->has_release_after = true;
	o->purpose = STO_HASH_LOCK;
	o->release_after = release_after;
	sto_sha256(preimage, sizeof(preimage), o->condition);
}

static void
show_preimage(StoOrder *o)
{
	o->has_hold_id = o->has_preimage = true;
	o->hold_id = hold_id;
	memcpy(o->preimage, preimage, STO_PREIMAGE_LEN);
}

static void
show_another(StoOrder *o)
{
	show_preimage(o);
	o->preimage[0] ^= 1;
}

static void
of_hold(StoOrder *o)
{
	o->has_hold_id = true;
	o->hold_id = hold_id;
}

static void
show_and_keep(StoOrder *o)
{
	show_preimage(o);
	o->has_keep_rest = o->keep_rest = true;
}

static void
begin_hash_lock(int64_t after)
{
	begin_log();
	release_after = made_clock + after;
	twist.order = hash_lock;
	make_entry(STO_HOLD, &alices, &bobs, 50, -50, &alice, &alices.subject);
	hold_id = last_id;
}

static void
test_holds(void)
{
	begin_hash_lock(1000000);
	twist.order = show_preimage;
	make_entry(STO_POST, &alices, &bobs, 50, 50, &bob, NULL);
	expect("a hash lock and its preimage", NULL, 0);
	CHECK(counts.unsigned_by_rule == 1);
	begin_hash_lock(1000000);
	twist.order = show_and_keep;
	make_entry(STO_POST, &alices, &bobs, 20, 20, &bob, NULL);
	expect("a part of it", NULL, 0);
	begin_hash_lock(1000000);
	twist.order = show_preimage;
	make_entry(STO_POST, &alices, &bobs, 20, 50, &alice, NULL);
	expect("a part, and the rest to the debtor", STO_CHECK_HOLD, last_id);
	begin_hash_lock(1000000);
	twist.order = show_another;
	make_entry(STO_POST, &alices, &bobs, 50, 50, &bob, NULL);
	expect("another preimage", STO_CHECK_AUTHORITY, last_id);
	begin_hash_lock(1500);
	twist.order = show_preimage;
	make_entry(STO_POST, &alices, &bobs, 50, 50, &bob, NULL);
	expect("a preimage too late", STO_CHECK_HOLD, last_id);
	begin_hash_lock(1500);
	twist.order = of_hold;
	make_entry(STO_RELEASE, &alices, NULL, 50, 50, &bob, NULL);
	expect("an expired hold is released by anyone", NULL, 0);
	begin_hash_lock(1000000);
	twist.order = of_hold;
	make_entry(STO_RELEASE, &alices, NULL, 50, 50, &bob, NULL);
	expect("before it has expired", STO_CHECK_HOLD, last_id);
	begin_hash_lock(1500);
	twist.order = of_hold;
	make_entry(STO_RELEASE, &alices, NULL, 51, 51, &bob, NULL);
	expect("more than the hold has", STO_CHECK_HOLD, last_id);
	begin_hash_lock(1000000);
	transfer(ISSUED - 49);
	expect("units that are held", STO_CHECK_BALANCE, last_id);
}

static uint8_t instruction[STO_DIGEST_LEN];
static uint8_t group_id[STO_UUID_LEN] = {7};

static void
to_settle(StoOrder *o)
{
	o->has_purpose = o->has_notary = o->has_instruction = true;
	o->purpose = STO_SETTLEMENT;
	memcpy(o->notary, notary.uuid, STO_UUID_LEN);
	memcpy(o->instruction, instruction, STO_DIGEST_LEN);
}

static void
settle(StoOrder *o)
{
	of_hold(o);
	o->has_group = true;
	memcpy(o->group_id, group_id, STO_UUID_LEN);
}

static void
by_himself(StoOrder *o)
{
	to_settle(o);
	memcpy(o->notary, alice.uuid, STO_UUID_LEN);
}

/* Two legs: 30 from alice to bob, 10 back; each held for the other. */
static void
begin_settlement(int64_t holds[2])
{
	StoLeg legs[2];

	begin_log();
	transfer(10);
	for (int i = 0; i < 2; i++)
	{
		memcpy(legs[i].token_id, token_id, STO_UUID_LEN);
		memcpy(legs[i].debit, (i == 0 ? &alices : &bobs)->address, STO_ADDRESS_LEN);
		memcpy(legs[i].credit, (i == 0 ? &bobs : &alices)->address, STO_ADDRESS_LEN);
		legs[i].amount = i == 0 ? 30 : 10;
	}
	sto_instruction_hash(ledger_id, legs, 2, instruction);
	twist.order = to_settle;
	make_entry(STO_HOLD, &alices, &bobs, 30, -30, &alice, &alices.subject);
	holds[0] = last_id;
	twist.order = to_settle;
	make_entry(STO_HOLD, &bobs, &alices, 10, -10, &bob, &bobs.subject);
	holds[1] = last_id;
}

static void
test_groups(void)
{
	int64_t holds[2];
	StoReplay *r;

	begin_settlement(holds);
	hold_id = holds[0];
	twist.order = settle;
	make_entry(STO_POST, &alices, &bobs, 30, 30, &notary, &notary);
	expect("one leg of two", STO_CHECK_GROUP, last_id);
	r = fold_from(begin_fold(NULL), 0, made_count);
	end_fold(r, false);
	CHECK(problems == 0 && counts.pending_groups == 1);
	sto_replay_free(r);

	hold_id = holds[1];
	twist.order = settle;
	make_entry(STO_POST, &bobs, &alices, 10, 10, &notary, &notary);
	expect("both legs", NULL, 0);
	CHECK(counts.pending_groups == 0);

	begin_settlement(holds);
	hold_id = holds[0];
	twist.order = settle;
	make_entry(STO_POST, &alices, &bobs, 30, 30, &bob, &bob);
	expect("posted by somebody else than the notary", STO_CHECK_AUTHORITY, last_id);

	begin_log();
	twist.order = by_himself;
	make_entry(STO_HOLD, &alices, &bobs, 30, -30, &alice, &alices.subject);
	expect("a notary who holds the units", STO_CHECK_HOLD, last_id);
}

static int64_t batch_event;

static void
cite(StoEntry *e)
{
	e->has_authority_event = true;
	e->authority_event = batch_event;
	e->has_key_policy = true;
	e->key_policy = alices.subject.policy;
}

/* The order of 4 has a reference, as long as one may be: it is half as long again as the order
 * of 3. */
static void
refer(StoOrder *o)
{
	static char text[STO_REFERENCE_MAX];

	memset(text, 'r', sizeof(text));
	if (o->amount != 4)
		return;
	o->has_reference = true;
	o->reference = text;
	o->reference_len = sizeof(text);
}

/* A list of two transfers of 3 and 4, of which `sum` is signed. */
static void
begin_batch(int sum)
{
	Subject batch;
	char body[BODY_MAX];
	char hex[2 * STO_DIGEST_LEN + 1];
	uint8_t orders[2 * STO_ORDER_MAX];
	uint8_t hash[STO_DIGEST_LEN];
	StoWriter w;

	begin_log();
	sto_writer_init(&w, orders, sizeof(orders));
	for (int i = 0; i < 2; i++)
	{
		StoOrder o;

		memset(&o, 0, sizeof(o));
		o.kind = STO_TRANSFER;
		o.amount = 3 + i;
		make_uuid((uint8_t) (next_order + 1 + i), o.order_id);
		memcpy(o.ordering_party, alice.uuid, STO_UUID_LEN);
		memcpy(o.token_id, token_id, STO_UUID_LEN);
		o.has_debit = o.has_credit = true;
		memcpy(o.debit, alices.address, STO_ADDRESS_LEN);
		memcpy(o.credit, bobs.address, STO_ADDRESS_LEN);
		refer(&o);
		sto_put_order(&w, ledger_id, &o);
	}
	sto_sha256(orders, w.len, hash);
	sto_hex_encode(hash, STO_DIGEST_LEN, hex);
	memset(&batch, 0, sizeof(batch));
	make_uuid(99, batch.uuid);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"count\":2,\"sum\":\"%d\",\"hash\":\"%s\"}",
			 uuid_text(token_id), sum, hex);
	make_event("batch", &batch, &alices.subject, &alices.subject, body);
	batch_event = last_id;
}

static void
post_listed(StoAmount amount)
{
	twist.entry = cite;
	twist.order = refer;
	make_entry(STO_TRANSFER, &alices, &bobs, amount, 0, &alice, NULL);
}

static void
test_batches(void)
{
	begin_batch(7);
	post_listed(3);
	post_listed(4);
	expect("a list", NULL, 0);
	post_listed(1);
	expect("one more than the list has", STO_CHECK_BATCH, last_id);
	begin_batch(8);
	post_listed(3);
	post_listed(4);
	expect("another sum", STO_CHECK_BATCH, last_id);
	begin_batch(7);
	post_listed(4);
	post_listed(3);
	expect("another order of the orders", STO_CHECK_BATCH, last_id);
	begin_batch(7);
	post_listed(3);
	expect("half a list", STO_CHECK_BATCH, batch_event);
	begin_batch(7);
	twist.entry = cite;
	make_entry(STO_TRANSFER, &bobs, &alices, 1, 0, &bob, NULL);
	expect("a list of another wallet", STO_CHECK_BATCH, last_id);
}

/* A state saved in the middle of a list and of a settlement, and gone on from. */
static void
test_saved(void)
{
	FILE *file = tmpfile();
	uint8_t *mark = NULL;
	size_t mark_len = 0;
	const char *why = NULL;
	StoReplayPosition position;
	StoReplay *r;
	long size;
	bool all_found = true;

	begin_batch(7);
	post_listed(3);
	r = fold_from(begin_fold(made[0].leaf), 0, made_count);
	CHECK(sto_replay_save(r, "checkpoint", 10, write_to_file, file));
	sto_replay_free(r);
	size = ftell(file);
	post_listed(4);
	transfer(1);

	rewind(file);
	r = sto_replay_load(made[0].leaf, &calls, read_from_file, file, &mark, &mark_len, &why);
	CHECK_AS(r != NULL && mark_len == 10 && memcmp(mark, "checkpoint", 10) == 0,
			 "a state comes back: %s", why == NULL ? "yes" : why);
	free(mark);
	fold_from(r, made_count - 2, made_count);
	end_fold(r, true);
	CHECK_AS(problems == 0 && counts.entries == 4, "and is gone on from: %s", first_text);
	CHECK(sto_replay_find_position(r, alices.address, token_id, &position) &&
		  position.balance == ISSUED - 8);
	sto_replay_free(r);

	for (long at = 0; at < size; at += 97)
	{
		int octet;

		fseek(file, at, SEEK_SET);
		octet = fgetc(file);
		fseek(file, at, SEEK_SET);
		fputc(octet ^ 0x10, file);
		rewind(file);
		r = sto_replay_load(NULL, &calls, read_from_file, file, &mark, &mark_len, &why);
		all_found = all_found && r == NULL && mark == NULL;
		sto_replay_free(r);
		fseek(file, at, SEEK_SET);
		fputc(octet, file);
	}
	CHECK_AS(all_found, "a damaged state is refused, whichever octet");
	rewind(file);
	memset(ledger_id, 1, sizeof(ledger_id));
	CHECK(sto_replay_load(made[1].leaf, &calls, read_from_file, file, &mark, &mark_len, &why) ==
		  NULL);
	fclose(file);
}

int
main(void)
{
	make_subjects();
	test_holds();
	test_groups();
	test_batches();
	test_saved();
	return check_done("replay of lists");
}
