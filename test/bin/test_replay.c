/*
 * test_replay.c
 *		An honest log is folded without a problem; with one thing wrong, that
 *		record and that check are named.
 */
#include "log_maker.h"

#define ISSUED 500
#define AUTHORISED "1000"

static Subject root, registrar, issuer, alice, bob, notary, token;
static Purse issuance, alices, bobs;

/* What the last fold reported. */
static int problems;
static int64_t first_id;
static char first_check[32];
static char first_text[1024];
static StoReplayCounts counts;

static void
on_problem(void *context, int64_t entry_id, const char *check, const char *text)
{
	(void) context;
	if (problems++ > 0)
		return;
	first_id = entry_id;
	snprintf(first_check, sizeof(first_check), "%s", check);
	snprintf(first_text, sizeof(first_text), "%s", text);
}

static void
on_check(void *context, const StoReplayCheck *check)
{
	bool failed;
	const char *why = sto_replay_check_run(check, &failed);

	if (why != NULL)
		on_problem(context, check->entry_id, STO_CHECK_SIGNATURE, why);
}

static const StoReplayCalls calls = {NULL, on_problem, on_check, NULL};

static StoReplay *
fold_from(StoReplay *r, int from, int to)
{
	for (int i = from; i < to; i++)
	{
		for (int j = i; i == from && j < to && j < i + STO_REPLAY_AHEAD; j++)
			sto_replay_hint(r, made[j].octets, made[j].len);
		if (i != from && i + STO_REPLAY_AHEAD - 1 < to)
			sto_replay_hint(r, made[i + STO_REPLAY_AHEAD - 1].octets,
							made[i + STO_REPLAY_AHEAD - 1].len);
		if (!sto_replay_record(r, made[i].octets, made[i].len, made[i].leaf))
			break;
	}
	return r;
}

static StoReplay *
begin_fold(const uint8_t *genesis)
{
	problems = 0;
	first_id = 0;
	first_check[0] = first_text[0] = '\0';
	return sto_replay_new(genesis, &calls);
}

static void
end_fold(StoReplay *r, bool whole)
{
	sto_replay_end(r, whole);
	sto_replay_counts(r, &counts);
}

/* Fold everything; is the first problem of that check at that id?  NULL: there must be none. */
static void
expect(const char *name, const char *check, int64_t id)
{
	StoReplay *r = fold_from(begin_fold(made[0].leaf), 0, made_count);
	bool good;

	end_fold(r, true);
	good = check == NULL ? problems == 0
						 : problems > 0 && first_id == id && strcmp(first_check, check) == 0;
	CHECK_AS(good, "%s", name);
	if (!good)
		printf("# %d problems, first at %lld [%s]: %s\n", problems, (long long) first_id,
			   first_check, first_text);
	sto_replay_free(r);
}

static void
make_token(void)
{
	char body[BODY_MAX];
	char salt[2 * STO_DIGEST_LEN + 1];

	memset(issuance.salt, 0x77, STO_DIGEST_LEN);
	sto_hex_encode(issuance.salt, STO_DIGEST_LEN, salt);
	snprintf(body, sizeof(body),
			 "{\"kind\":\"share\",\"name\":\"Test\",\"decimals\":0,\"authorised\":\"" AUTHORISED
			 "\",\"salt\":\"%s\",\"unsigned_role\":\"desk\"}",
			 salt);
	make_event("token", &token, &issuer, &issuer, body);
	memcpy(token_id, token.uuid, STO_UUID_LEN);
	sto_wallet_address(ledger_id, token.uuid, issuance.address);
}

/* A ledger with two holders, one of whom has units. */
static void
begin_log(void)
{
	char body[BODY_MAX];

	made_count = 0;
	last_id = 0;
	memset(ledger_id, 0, sizeof(ledger_id));
	Subject *subjects[] = {&root, &registrar, &issuer, &alice, &bob, &notary, &token};
	Purse *purses[] = {&issuance, &alices, &bobs};

	for (int i = 0; i < 7; i++)
	{
		subjects[i]->known = false;
		subjects[i]->policy = 0;
	}
	for (int i = 0; i < 3; i++)
	{
		memset(&purses[i]->side, 0, sizeof(StoSide));
		purses[i]->subject.known = false;
	}
	snprintf(body, sizeof(body),
			 "{\"name\":\"Test\",\"origin\":\"example.org/test\",\"threshold\":1,\"keys\":"
			 "[{\"key\":\"%s\"}],\"register_authority\":\"keys\"}",
			 key_text(&root.signer));
	sto_ledger_id(make_event("genesis", &root, NULL, &root, body)->leaf, ledger_id);
	make_party(&registrar, &root, true);
	make_event("capability", &registrar, NULL, &root,
			   "{\"capability\":\"registrar\",\"granted\":true}");
	make_party(&issuer, &registrar, false);
	make_party(&alice, &registrar, false);
	make_party(&bob, &registrar, false);
	make_party(&notary, &registrar, false);
	make_token();
	make_wallet(&alices, &alice, &registrar);
	make_wallet(&bobs, &bob, &registrar);
	make_entry(STO_ISSUE, &issuance, &alices, ISSUED, 0, &issuer, &issuer);
}

static MadeRecord *
transfer(StoAmount amount)
{
	return make_entry(STO_TRANSFER, &alices, &bobs, amount, 0, &alice, &alices.subject);
}

static void
test_honest(void)
{
	StoReplayPosition position;
	StoReplayToken row;
	StoReplay *r;

	begin_log();
	transfer(20);
	make_entry(STO_TRANSFER, &bobs, &alices, 5, 0, &bob, NULL);
	make_entry(STO_REDEEM, &alices, &issuance, 100, 0, &alice, &alices.subject);
	expect("an honest log", NULL, 0);
	CHECK(counts.entries == 4 && counts.unsigned_by_role == 1 && counts.last_id == last_id);

	r = fold_from(begin_fold(NULL), 0, made_count);
	CHECK(sto_replay_find_position(r, alices.address, token_id, &position) &&
		  position.balance == ISSUED - 20 + 5 - 100 && position.seq == 4 &&
		  memcmp(position.head, alices.head, STO_DIGEST_LEN) == 0);
	CHECK(sto_replay_find_token(r, token_id, &row) && row.outstanding == ISSUED - 100);
	CHECK(memcmp(sto_replay_ledger(r)->ledger_id, ledger_id, STO_UUID_LEN) == 0);
	CHECK(memcmp(sto_replay_salt(r, bobs.address), bobs.salt, STO_DIGEST_LEN) == 0);
	sto_replay_free(r);
}

static void
test_beginning(void)
{
	uint8_t other[STO_DIGEST_LEN] = {1};
	StoReplay *r;

	begin_log();
	r = fold_from(begin_fold(other), 0, made_count);
	CHECK(problems == 1 && first_id == 1 && strcmp(first_check, STO_CHECK_LEDGER) == 0);
	sto_replay_free(r);
	r = fold_from(begin_fold(NULL), 1, made_count);
	CHECK(problems > 0 && strcmp(first_check, STO_CHECK_ORDER) == 0);
	sto_replay_free(r);
	transfer(1);
	last_id -= 2;
	transfer(1);
	expect("an id that was used", STO_CHECK_ORDER, last_id);
	begin_log();
	made[made_count - 1].len--;
	expect("a record that is cut off", STO_CHECK_RECORD, last_id);
}

static void
expired(StoOrder *o)
{
	o->has_valid_until = true;
	o->valid_until = made_clock;
}

static void
repeated(StoOrder *o)
{
	make_uuid(next_order - 1, o->order_id);
}

static void
test_orders(void)
{
	begin_log();
	twist.signer = &bobs.subject.signer;
	transfer(1);
	expect("signed by a key that isn't the wallet's", STO_CHECK_AUTHORITY, last_id);
	begin_log();
	twist.bad_signature = true;
	transfer(1);
	expect("a signature over something else", STO_CHECK_SIGNATURE, last_id);
	begin_log();
	twist.bad_policy = true;
	transfer(1);
	expect("another key_policy", STO_CHECK_AUTHORITY, last_id);
	begin_log();
	make_entry(STO_TRANSFER, &alices, &bobs, 1, 0, &bob, &bobs.subject);
	expect("ordered by somebody else", STO_CHECK_AUTHORITY, last_id);
	begin_log();
	transfer(ISSUED + 1);
	expect("more than there is", STO_CHECK_BALANCE, last_id);
	begin_log();
	twist.balance = 1;
	transfer(1);
	expect("another balance in the digest", STO_CHECK_SIDE, last_id);
	begin_log();
	twist.order = expired;
	transfer(1);
	expect("an order that had expired", STO_CHECK_RULE, last_id);
	begin_log();
	transfer(1);
	twist.order = repeated;
	transfer(1);
	expect("an order id used twice", STO_CHECK_ORDER_ID, last_id);
	begin_log();
	transfer(1);
	twist.order = repeated;
	make_entry(STO_TRANSFER, &bobs, &alices, 1, 0, &bob, &bobs.subject);
	expect("the same order id of another party", NULL, 0);
	begin_log();
	twist.back = 10000;
	transfer(1);
	expect("time goes back", STO_CHECK_TIME, last_id);
	begin_log();
	make_entry(STO_ISSUE, &issuance, &bobs, 1000, 0, &issuer, &issuer);
	expect("beyond the authorised amount", STO_CHECK_BALANCE, last_id);
	begin_log();
	make_entry(STO_ISSUE, &issuance, &bobs, 1, 0, &alice, &alice);
	expect("issued by somebody else", STO_CHECK_AUTHORITY, last_id);
	begin_log();
	make_entry(STO_TRANSFER, &issuance, &bobs, 1, 0, &issuer, &issuer);
	expect("a transfer out of the issuance wallet, which has no keys", STO_CHECK_AUTHORITY,
		   last_id);
	begin_log();
	make_entry(STO_TRANSFER, &alices, &issuance, 1, 0, &alice, &alices.subject);
	expect("a transfer to the issuance wallet", STO_CHECK_RULE, last_id);
}

/* A record of another transfer in one's place, with its own leaf: the next one doesn't follow. */
static void
test_replaced(void)
{
	begin_log();
	transfer(1);
	transfer(2);
	made[made_count - 2].octets[made[made_count - 2].len - 1] ^= 1;
	sto_leaf_hash(made[made_count - 2].octets, made[made_count - 2].len, made[made_count - 2].leaf);
	expect("posted_by changed, leaf recomputed", STO_CHECK_SIDE, last_id);
	begin_log();
	transfer(1);
	transfer(2);
	made[made_count - 2] = made[made_count - 1];
	made_count--;
	expect("an entry left out", STO_CHECK_SIDE, last_id);
}

static void
test_closed(void)
{
	begin_log();
	make_event("party_status", &bob, &registrar, &registrar, "{\"status\":\"closed\"}");
	transfer(1);
	expect("to a closed party", STO_CHECK_RULE, last_id);
	begin_log();
	make_event("wallet_status", &alices.subject, &registrar, &registrar, "{\"status\":\"closed\"}");
	expect("a wallet closed with units in it", STO_CHECK_RULE, last_id);
	begin_log();
	make_event("wallet_terms", &alices.subject, &alices.subject, &alices.subject,
			   "{\"signed_only\":true}");
	make_entry(STO_TRANSFER, &alices, &bobs, 1, 0, &alice, NULL);
	expect("unsigned out of a wallet of signed orders only", STO_CHECK_AUTHORITY, last_id);
}

static void
test_events(void)
{
	char body[BODY_MAX];

	begin_log();
	twist.bad_link = true;
	make_event("party_status", &bob, &registrar, &registrar, "{\"status\":\"closed\"}");
	expect("another prev_hash", STO_CHECK_LINK, last_id);
	begin_log();
	twist.back = 100000;
	make_event("party_status", &bob, &registrar, &registrar, "{\"status\":\"closed\"}");
	expect("an event's time goes back", STO_CHECK_TIME, last_id);
	begin_log();
	make_event("party_status", &bob, &alice, &alice, "{\"status\":\"closed\"}");
	expect("a register act by no registrar", STO_CHECK_AUTHORITY, last_id);
	begin_log();
	make_event("capability", &registrar, NULL, &root,
			   "{\"capability\":\"registrar\",\"granted\":false}");
	make_event("party_status", &bob, &registrar, &registrar, "{\"status\":\"closed\"}");
	expect("by a registrar that was", STO_CHECK_AUTHORITY, last_id);
	begin_log();
	twist.unsigned_record = true;
	make_event("party_status", &bob, &registrar, &registrar, "{\"status\":\"closed\"}");
	expect("an unsigned act where keys authorise", STO_CHECK_AUTHORITY, last_id);
	begin_log();
	make_event("nonsense", &bob, &registrar, &registrar, "{}");
	expect("an unknown kind", STO_CHECK_BODY, last_id);
	begin_log();
	snprintf(body, sizeof(body), "{%s}", keys_json(&alice.signer, bob.uuid, bob.uuid, NULL));
	make_event("keys", &bob, &bob, &bob, body);
	expect("a key of somebody else", STO_CHECK_KEY, last_id);
	begin_log();
	snprintf(body, sizeof(body), "{\"threshold\":1,\"keys\":[{\"key\":\"%s\"}]}",
			 key_text(&notary.signer));
	make_event("keys", &notary, &notary, &notary, body);
	expect("the same key again", NULL, 0);
}

static void
test_bodies(void)
{
	static const char *const bodies[] = {
		"{\"status\":\"closed\",\"status\":\"closed\"}",
		"{\"status\":\"closed\",\"why\":\"x\"}",
		"{\"status\":null}",
		"{}",
		"[\"closed\"]",
		"{\"status\":\"clo\\u0000sed\"}",
		"{\"status\":\"closed\"} x",
		"{\"status\":1}",
	};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
	{
		begin_log();
		make_event("party_status", &bob, &registrar, &registrar, bodies[i]);
		expect(bodies[i], STO_CHECK_BODY, last_id);
	}
	begin_log();
	make_event("log_restart", &root, NULL, &root,
			   "{\"reason\":\"x\",\"size\":1.0,\"root\":"
			   "\"0000000000000000000000000000000000000000000000000000000000000000\"}");
	expect("a number with a fraction", STO_CHECK_BODY, last_id);
}

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

static bool
write_state(void *context, const void *data, size_t len)
{
	return fwrite(data, 1, len, context) == len;
}

static bool
read_state(void *context, void *data, size_t len)
{
	return fread(data, 1, len, context) == len;
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
	CHECK(sto_replay_save(r, "checkpoint", 10, write_state, file));
	sto_replay_free(r);
	size = ftell(file);
	post_listed(4);
	transfer(1);

	rewind(file);
	r = sto_replay_load(made[0].leaf, &calls, read_state, file, &mark, &mark_len, &why);
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
		r = sto_replay_load(NULL, &calls, read_state, file, &mark, &mark_len, &why);
		all_found = all_found && r == NULL && mark == NULL;
		sto_replay_free(r);
		fseek(file, at, SEEK_SET);
		fputc(octet, file);
	}
	CHECK_AS(all_found, "a damaged state is refused, whichever octet");
	rewind(file);
	memset(ledger_id, 1, sizeof(ledger_id));
	CHECK(sto_replay_load(made[1].leaf, &calls, read_state, file, &mark, &mark_len, &why) == NULL);
	fclose(file);
}

static void
make_close(int64_t count, uint8_t wrong)
{
	const Purse *purses[] = {&issuance, &alices, &bobs};
	Subject closes;
	StoFrontier frontier;
	StoHash leaf;
	StoHash close_root;
	char hex[2 * STO_DIGEST_LEN + 1];
	char body[BODY_MAX];
	bool done[3] = {false};

	sto_frontier_init(&frontier);
	for (int n = 0; n < 3; n++)
	{
		int least = -1;
		StoSide side;

		for (int i = 0; i < 3; i++)
			if (!done[i] && purses[i]->side.seq > 0 &&
				(least < 0 ||
				 memcmp(purses[i]->address, purses[least]->address, STO_ADDRESS_LEN) < 0))
				least = i;
		if (least < 0)
			break;
		done[least] = true;
		side = purses[least]->side;
		side.has_prev = true;
		memcpy(side.prev, purses[least]->head, STO_DIGEST_LEN);
		sto_close_leaf(purses[least]->address, token_id, purses[least]->salt, &side, &leaf);
		sto_frontier_append(&frontier, &leaf);
	}
	sto_frontier_root(&frontier, &close_root);
	close_root.octets[0] ^= wrong;
	sto_hex_encode(close_root.octets, STO_DIGEST_LEN, hex);
	memset(&closes, 0, sizeof(closes));
	memcpy(closes.uuid, ledger_id, STO_UUID_LEN);
	snprintf(body, sizeof(body), "{\"count\":%lld,\"root\":\"%s\"}", (long long) count, hex);
	make_event("close", &closes, NULL, NULL, body);
}

static void
test_closes(void)
{
	begin_log();
	make_close(2, 0);
	expect("a close", NULL, 0);
	transfer(1);
	begin_log();
	transfer(1);
	make_close(3, 0);
	expect("a close of three positions", NULL, 0);
	begin_log();
	make_close(3, 0);
	expect("a close that counts wrong", STO_CHECK_CLOSE, last_id);
	begin_log();
	make_close(2, 1);
	expect("a close of another root", STO_CHECK_CLOSE, last_id);
}

int
main(void)
{
	root = subject_new(0);
	memset(root.uuid, 0, STO_UUID_LEN);
	registrar = subject_new(1);
	issuer = subject_new(2);
	alice = subject_new(3);
	bob = subject_new(4);
	notary = subject_new(5);
	token = subject_new(6);
	alices.subject = subject_new(7);
	bobs.subject = subject_new(8);
	test_honest();
	test_beginning();
	test_orders();
	test_replaced();
	test_closed();
	test_events();
	test_bodies();
	test_holds();
	test_groups();
	test_batches();
	test_saved();
	test_closes();
	return check_done("replay");
}
