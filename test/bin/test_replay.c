/*
 * test_replay.c
 *		An honest log is folded without a problem; with one thing wrong in an
 *		order, an event or a close, that record and that check are named.
 */
#include "replay_fixture.h"

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
	snprintf(body, sizeof(body), "{%s}", keys_json(&alice.signer, bob.uuid, bob.uuid, NULL, NULL));
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
	make_subjects();
	test_honest();
	test_beginning();
	test_orders();
	test_replaced();
	test_closed();
	test_events();
	test_bodies();
	test_closes();
	return check_done("replay");
}
