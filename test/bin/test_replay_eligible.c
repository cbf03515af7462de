/*
 * test_replay_eligible.c
 *		Claims, mandates and acknowledgements, folded; and entries that passed
 *		without them.
 */
#include "identity_fixture.h"

static void
test_eligible(void)
{
	char text[100];
	int64_t claim_id;
	StoReplayClaim row;
	StoReplay *r;
	size_t at = 0;

	begin_identity();
	require_kyc("");
	trust("[\"aml\",\"kyc\"]");
	claim(&bob, "");
	claim_id = last_id;
	transfer(1);
	make_entry(STO_REDEEM, &alices, &issuance, 1, 0, &alice, &alices.subject);
	expect("an eligible receiver; nothing is asked of the sender", NULL, 0);
	r = fold_from(begin_fold(made[0].leaf), 0, made_count);
	CHECK(sto_replay_claim(r, &at, &row) && row.claim == claim_id && row.revoked == 0 &&
		  strcmp(row.topic, "kyc") == 0);
	sto_replay_free(r);

	make_entry(STO_TRANSFER, &bobs, &alices, 1, 0, &bob, &bobs.subject);
	expect("a receiver without a claim", STO_CHECK_ELIGIBLE, last_id);
	begin_identity();
	require_kyc("");
	trust("[\"kyc\"]");
	make_entry(STO_ISSUE, &issuance, &bobs, 1, 0, &issuer, &issuer);
	expect("an issue to whom isn't eligible", STO_CHECK_ELIGIBLE, last_id);
	begin_identity();
	require_kyc(",\"receiver_only\":false");
	trust("[\"kyc\"]");
	claim(&bob, "");
	transfer(1);
	expect("a sender who must be eligible", STO_CHECK_ELIGIBLE, last_id);
	begin_identity();
	require_kyc("");
	claim(&bob, "");
	transfer(1);
	expect("nobody is trusted", STO_CHECK_ELIGIBLE, last_id);
	begin_identity();
	require_kyc("");
	trust("[\"kyc\"]");
	claim(&bob, "");
	trust("[]");
	transfer(1);
	expect("nobody is trusted any more", STO_CHECK_ELIGIBLE, last_id);
	begin_identity();
	require_kyc("");
	trust("[\"kyc\"]");
	claim(&bob, "");
	make_event("capability", &attester, NULL, &root,
			   "{\"capability\":\"claim_issuer\",\"granted\":false}");
	transfer(1);
	expect("the issuer of claims lost its capability", STO_CHECK_ELIGIBLE, last_id);
	begin_identity();
	require_kyc("");
	trust("[\"kyc\"]");
	claim(&bob, "");
	claim_id = last_id;
	act("claim_revoke", &bob, &attester, "{\"claim\":%lld,\"reason\":\"lapsed\"}",
		(long long) claim_id);
	transfer(1);
	expect("the claim is revoked", STO_CHECK_ELIGIBLE, last_id);
	begin_identity();
	claim(&bob, "");
	for (int i = 1; i <= 2; i++)
		act("claim_revoke", &bob, &attester, "{\"claim\":%lld,\"reason\":\"lapsed\"}",
			(long long) last_id - i + 1);
	expect("revoked twice", STO_CHECK_RULE, last_id);
	begin_identity();
	require_kyc("");
	trust("[\"kyc\"]");
	snprintf(text, sizeof(text), ",\"to\":%lld", (long long) made_clock + 2000);
	claim(&bob, text);
	transfer(1);
	expect("the claim has ended", STO_CHECK_ELIGIBLE, last_id);
	begin_identity();
	require_kyc("");
	trust("[\"kyc\"]");
	claim(&bob, text);
	claim(&bob, ",\"from\":1");
	transfer(1);
	expect("another claim counts", NULL, 0);
	begin_identity();
	require_kyc("");
	act("token_topics", &token, &issuer, "{\"topics\":[]}");
	transfer(1);
	expect("nothing is required any more", NULL, 0);
	begin_identity();
	claim(&bob, "");
	act("claim_revoke", &bob, &enforcer, "{\"claim\":%lld,\"reason\":\"x\"}", (long long) last_id);
	expect("revoked by somebody else", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	claim(&bob, "");
	act("claim_revoke", &alice, &attester, "{\"claim\":%lld,\"reason\":\"x\"}",
		(long long) last_id);
	expect("revoked of somebody else", STO_CHECK_RULE, last_id);
}

static int64_t pledge_id;

static void
pledges(StoOrder *o)
{
	o->has_purpose = true;
	o->purpose = STO_PLEDGE;
}

static void
posts(StoOrder *o)
{
	o->has_hold_id = true;
	o->hold_id = pledge_id;
}

/* A claim that the creditor of a pledge lost is missed when it is posted. */
static void
test_posts(void)
{
	for (int revoked = 0; revoked <= 2; revoked++)
	{
		int64_t claims[2];

		begin_identity();
		require_kyc(",\"receiver_only\":false");
		trust("[\"kyc\"]");
		claim(&alice, "");
		claims[0] = last_id;
		claim(&bob, "");
		claims[1] = last_id;
		twist.order = pledges;
		make_entry(STO_HOLD, &alices, &bobs, 5, -5, &alice, &alices.subject);
		pledge_id = last_id;
		if (revoked > 0)
			act("claim_revoke", revoked == 1 ? &alice : &bob, &attester,
				"{\"claim\":%lld,\"reason\":\"x\"}", (long long) claims[revoked - 1]);
		twist.order = posts;
		make_entry(STO_POST, &alices, &bobs, 5, 5, &bob, &bobs.subject);
		expect(revoked == 0 ? "both have their claims" : "one lost its claim before the post",
			   revoked == 0 ? NULL : STO_CHECK_ELIGIBLE, last_id);
	}
}

/* Within a party nothing is asked, and of an issuer no acknowledgement of its own documents. */
static void
test_own(void)
{
	static Purse second, issuers;

	second.subject = subject_new(30);
	issuers.subject = subject_new(31);
	begin_identity();
	make_wallet(&second, &alice, &registrar);
	require_kyc(",\"receiver_only\":false");
	make_entry(STO_TRANSFER, &alices, &second, 1, 0, &alice, &alices.subject);
	expect("from wallet to wallet of one party", NULL, 0);

	begin_identity();
	second.subject.known = false;
	memset(&second.side, 0, sizeof(second.side));
	make_wallet(&second, &alice, &registrar);
	make_wallet(&issuers, &issuer, &registrar);
	transfer(5);
	act("document", &token, &issuer,
		"{\"name\":\"a\",\"version\":\"1\",\"uri\":\"u\",\"hash\":\"%s\","
		"\"acknowledge\":true}",
		digest);
	make_entry(STO_TRANSFER, &bobs, &second, 1, 0, &bob, &bobs.subject);
	expect("in another wallet the party has had the token", NULL, 0);
	make_entry(STO_TRANSFER, &alices, &issuers, 1, 0, &alice, &alices.subject);
	expect("the issuer acknowledges nothing of its own", NULL, 0);
}

static void
test_mandates(void)
{
	char text[100];

	begin_identity();
	order_for_alice();
	expect("no mandate", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	mandate("orders", true, "");
	order_for_alice();
	expect("a mandate for orders", NULL, 0);
	stop("party_freeze", &notary, &enforcer, true);
	transfer(1);
	expect("a frozen representative stops nobody else", NULL, 0);
	order_for_alice();
	expect("a frozen representative", STO_CHECK_RULE, last_id);
	begin_identity();
	mandate("votes", true, "");
	order_for_alice();
	expect("a mandate for votes", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	mandate("all", true, "");
	order_for_alice();
	expect("a mandate for all", NULL, 0);
	mandate("all", false, "");
	order_for_alice();
	expect("it was withdrawn", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	snprintf(text, sizeof(text), ",\"from\":%lld", (long long) made_clock + 1000000);
	mandate("all", true, text);
	order_for_alice();
	expect("it is not in force yet", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	mandate("all", true, "");
	make_entry(STO_TRANSFER, &alices, &bobs, 1, 0, &notary, NULL);
	expect("a token's policy frees the holder's orders, not a representative's",
		   STO_CHECK_AUTHORITY, last_id);
}

static void
document(const char *name, const char *version, bool acknowledge)
{
	act("document", &token, &issuer,
		"{\"name\":\"%s\",\"version\":\"%s\",\"uri\":\"https://x\",\"hash\":\"%s\","
		"\"acknowledge\":%s}",
		name, version, digest, acknowledge ? "true" : "false");
}

static void
acknowledge(Subject *party, const Subject *actor, int64_t id)
{
	act("acknowledge", party, actor, "{\"document\":%lld}", (long long) id);
}

static void
test_documents(void)
{
	StoReplayDocument row;
	StoReplayAcknowledgement mark;
	StoReplay *r;
	size_t at = 0;

	begin_identity();
	document("Terms", "1", true);
	transfer(1);
	expect("a receiver who acknowledged nothing", STO_CHECK_ELIGIBLE, last_id);
	begin_identity();
	document("Terms", "1", false);
	transfer(1);
	expect("a document for information", NULL, 0);
	document("Terms", "2", true);
	transfer(1);
	make_entry(STO_REDEEM, &alices, &issuance, 1, 0, &alice, &alices.subject);
	expect("one who had the token before", NULL, 0);
	begin_identity();
	document("Terms", "1", true);
	acknowledge(&bob, &bobs.subject, last_id);
	document("Leaflet", "1", false);
	transfer(1);
	acknowledge(&bob, &bob, last_id - 1);
	expect("acknowledged by a wallet, and by the party", NULL, 0);
	r = fold_from(begin_fold(made[0].leaf), 0, made_count);
	CHECK(sto_replay_document(r, &at, &row) && row.acknowledge && row.replaced == 0 &&
		  strcmp(row.name, "Terms") == 0 && row.reference == NULL);
	at = 0;
	CHECK(sto_replay_acknowledgement(r, &at, &mark) && mark.document == row.document &&
		  memcmp(mark.actor, bobs.subject.uuid, STO_UUID_LEN) == 0 &&
		  sto_replay_acknowledgement(r, &at, &mark) && !sto_replay_acknowledgement(r, &at, &mark));
	sto_replay_free(r);
	begin_identity();
	document("Terms", "1", true);
	acknowledge(&bob, &bob, last_id);
	document("Terms", "2", true);
	transfer(1);
	expect("an earlier version was acknowledged", STO_CHECK_ELIGIBLE, last_id);
	begin_identity();
	document("Terms", "1", true);
	document("Terms", "2", false);
	transfer(1);
	expect("the newest version need not be", NULL, 0);
	begin_identity();
	document("Terms", "1", true);
	acknowledge(&bob, &alices.subject, last_id);
	expect("by somebody else's wallet", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	acknowledge(&bob, &bob, last_id);
	expect("what is no document", STO_CHECK_RULE, last_id);
	begin_identity();
	document("Terms", "1", true);
	acknowledge(&bob, &bob, last_id);
	acknowledge(&bob, &bob, last_id - 1);
	expect("acknowledged twice", STO_CHECK_RULE, last_id);
	begin_identity();
	document("", "1", true);
	expect("a document without name", STO_CHECK_BODY, last_id);
	begin_identity();
	act("document", &token, &registrar,
		"{\"name\":\"a\",\"version\":\"1\",\"uri\":\"u\",\"hash\":\"%s\","
		"\"acknowledge\":false}",
		digest);
	expect("a document by another than the issuer", STO_CHECK_AUTHORITY, last_id);
}

typedef struct Buffer
{
	uint8_t *data;
	size_t len;
	size_t at;
} Buffer;

static bool
write_state(void *context, const void *data, size_t len)
{
	Buffer *b = context;

	b->data = realloc(b->data, b->len + len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return true;
}

static bool
read_state(void *context, void *data, size_t len)
{
	Buffer *b = context;

	if (b->len - b->at < len)
		return false;
	memcpy(data, b->data + b->at, len);
	b->at += len;
	return true;
}

/* Saved after each record and gone on from there, the fold says the same. */
static void
test_saved(void)
{
	int64_t claimed;

	begin_identity();
	document("Terms", "1", true);
	acknowledge(&bob, &bob, last_id);
	require_kyc("");
	trust("[\"kyc\"]");
	claim(&bob, "");
	claimed = last_id;
	mandate("all", true, "");
	order_for_alice();
	stop("wallet_freeze", &bobs.subject, &enforcer, true);
	stop("wallet_freeze", &bobs.subject, &enforcer, false);
	order_for_alice();
	act("claim_revoke", &bob, &attester, "{\"claim\":%lld,\"reason\":\"x\"}", (long long) claimed);
	order_for_alice();
	for (int cut = 1; cut < made_count; cut++)
	{
		Buffer b = {0};
		StoReplay *r = fold_from(begin_fold(made[0].leaf), 0, cut);
		uint8_t *mark;
		size_t mark_len;
		const char *why;

		CHECK(problems == 0 && sto_replay_save(r, NULL, 0, write_state, &b));
		sto_replay_free(r);
		r = sto_replay_load(made[0].leaf, &calls, read_state, &b, &mark, &mark_len, &why);
		CHECK(r != NULL);
		r = fold_from(r, cut, made_count);
		CHECK_AS(problems == 1 && first_id == last_id &&
					 strcmp(first_check, STO_CHECK_ELIGIBLE) == 0,
				 "cut after record %d", cut);
		sto_replay_free(r);
		free(mark);
		free(b.data);
	}
}

int
main(void)
{
	make_identity();
	test_eligible();
	test_posts();
	test_own();
	test_mandates();
	test_documents();
	test_saved();
	return check_done("replay_eligible");
}
