/*
 * test_replay_identity.c
 *		Facts, classes, mandates, owners, claims, documents, pauses and freezes, folded; and
 *		entries that they should have stopped.
 */
#include "replay_fixture.h"

#include <stdarg.h>

static Subject enforcer, attester;
static char digest[2 * STO_DIGEST_LEN + 1];

/* The usual ledger with an enforcer and an issuer of claims. */
static void
begin_identity(void)
{
	begin_log();
	enforcer.known = attester.known = false;
	make_party(&enforcer, &registrar, false);
	make_event("capability", &enforcer, NULL, &root,
			   "{\"capability\":\"enforcer\",\"granted\":true}");
	make_party(&attester, &registrar, false);
	make_event("capability", &attester, NULL, &root,
			   "{\"capability\":\"claim_issuer\",\"granted\":true}");
}

/* A registrar's, or another's, act with a body in which %s are texts given. */
__attribute__((format(printf, 4, 5))) static void
act(const char *kind, Subject *subject, const Subject *actor, const char *format, ...)
{
	char body[BODY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(body, sizeof(body), format, args);
	va_end(args);
	make_event(kind, subject, actor, actor, body);
}

static void
claim(Subject *party, const char *extra)
{
	act("claim", party, &attester, "{\"topic\":\"kyc\",\"commitment\":\"%s\"%s}", digest, extra);
}

static void
require_kyc(const char *extra)
{
	act("token_topics", &token, &issuer, "{\"topics\":[\"kyc\"]%s}", extra);
}

static void
trust(const char *topics)
{
	act("trusted_issuer", &token, &issuer, "{\"issuer\":\"%s\",\"topics\":%s}",
		uuid_text(attester.uuid), topics);
}

static void
stop(const char *kind, Subject *subject, const Subject *actor, bool on)
{
	act(kind, subject, actor, "{\"%s\":%s,\"basis\":\"court\",\"document_hash\":\"%s\"}",
		strcmp(kind, "token_pause") == 0 ? "paused" : "frozen", on ? "true" : "false", digest);
}

static void
mandate(const char *scope, bool granted, const char *extra)
{
	act("mandate", &alice, &registrar,
		"{\"representative\":\"%s\",\"scope\":\"%s\",\"basis\":\"attorney\",\"granted\":%s%s}",
		uuid_text(notary.uuid), scope, granted ? "true" : "false", extra);
}

/* The party that has a mandate for alice orders. */
static void
order_for_alice(void)
{
	make_entry(STO_TRANSFER, &alices, &bobs, 1, 0, &notary, &notary);
}

static void
test_facts(void)
{
	StoReplayParty party;
	StoReplayClass class;
	StoReplayOwner owner;
	StoReplay *r;
	size_t at = 0;

	begin_identity();
	act("party_facts", &bob, &registrar, "{\"country\":\"KZ\",\"lei\":\"5493001KJTIIGC8Y1R12\"}");
	act("party_facts", &bob, &registrar, "{\"incorporation\":\"AE\",\"commitment\":\"%s\"}",
		digest);
	act("classification", &bob, &registrar,
		"{\"class\":\"professional\",\"basis\":\"COB 2.4\",\"token\":\"%s\",\"from\":1,\"to\":2}",
		uuid_text(token.uuid));
	act("beneficial_owner", &bob, &registrar, "{\"owner\":\"%s\",\"share\":2500,\"control\":false}",
		uuid_text(alice.uuid));
	act("beneficial_owner", &bob, &registrar, "{\"owner\":\"%s\",\"share\":0,\"control\":true}",
		uuid_text(alice.uuid));
	transfer(1);
	expect("facts, a class, owners", NULL, 0);

	r = fold_from(begin_fold(made[0].leaf), 0, made_count);
	CHECK(sto_replay_find_party(r, bob.uuid, &party) && strcmp(party.country, "KZ") == 0 &&
		  strcmp(party.incorporation, "AE") == 0 && party.has_commitment && party.frozen == 0);
	CHECK(sto_replay_class(r, &at, &class) && strcmp(class.class, "professional") == 0 &&
		  class.has_token && class.period.has_to && class.period.to == 2);
	CHECK(!sto_replay_class(r, &at, &class));
	at = 0;
	CHECK(sto_replay_owner(r, &at, &owner) && owner.share == 0 && owner.control &&
		  !sto_replay_owner(r, &at, &owner));
	CHECK(sto_replay_find_owner(r, bob.uuid, alice.uuid, &owner) &&
		  !sto_replay_find_owner(r, alice.uuid, bob.uuid, &owner));
	sto_replay_free(r);
}

/* Each of these alone is wrong with an act. */
static void
test_acts(void)
{
	static const struct
	{
		const char *kind;
		const char *check;
		const char *body;
	} cases[] = {
		{"party_facts", STO_CHECK_BODY, "{}"},
		{"party_facts", STO_CHECK_BODY, "{\"country\":\"kz\"}"},
		{"party_facts", STO_CHECK_BODY, "{\"country\":null}"},
		{"classification", STO_CHECK_BODY, "{\"class\":\"rich\",\"basis\":\"x\"}"},
		{"classification", STO_CHECK_BODY, "{\"class\":\"retail\",\"basis\":\"\"}"},
		{"classification", STO_CHECK_BODY,
		 "{\"class\":\"retail\",\"basis\":\"x\",\"from\":2,\"to\":2}"},
		{"classification", STO_CHECK_RULE,
		 "{\"class\":\"retail\",\"basis\":\"x\",\"token\":\"00000000-0000-4000-8000-"
		 "0000000000ff\"}"},
		{"mandate", STO_CHECK_BODY,
		 "{\"representative\":\"00000000-0000-4000-8000-000000000005\",\"scope\":\"some\","
		 "\"basis\":\"minor\",\"granted\":true}"},
		{"mandate", STO_CHECK_BODY,
		 "{\"representative\":\"00000000-0000-4000-8000-000000000004\",\"scope\":\"all\","
		 "\"basis\":\"minor\",\"granted\":true}"},
		{"mandate", STO_CHECK_RULE,
		 "{\"representative\":\"00000000-0000-4000-8000-0000000000ff\",\"scope\":\"all\","
		 "\"basis\":\"minor\",\"granted\":true}"},
		{"beneficial_owner", STO_CHECK_BODY,
		 "{\"owner\":\"00000000-0000-4000-8000-000000000005\",\"share\":10001,\"control\":true}"},
		{"beneficial_owner", STO_CHECK_BODY,
		 "{\"owner\":\"00000000-0000-4000-8000-000000000004\",\"share\":1,\"control\":true}"},
		{"beneficial_owner", STO_CHECK_RULE,
		 "{\"owner\":\"00000000-0000-4000-8000-0000000000ff\",\"share\":1,\"control\":true}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		begin_identity();
		make_event(cases[i].kind, &bob, &registrar, &registrar, cases[i].body);
		expect(cases[i].body, cases[i].check, last_id);
	}
	begin_identity();
	act("classification", &bob, &bob, "{\"class\":\"retail\",\"basis\":\"x\"}");
	expect("a class by the party itself", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	stop("wallet_freeze", &bobs.subject, &registrar, true);
	expect("a freeze by no enforcer", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	stop("party_freeze", &bob, &enforcer, false);
	expect("what is not frozen is let go", STO_CHECK_RULE, last_id);
	begin_identity();
	act("claim", &bob, &registrar, "{\"topic\":\"kyc\",\"commitment\":\"%s\"}", digest);
	expect("a claim by no issuer of claims", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	act("claim", &bob, &attester, "{\"topic\":\"KYC\",\"commitment\":\"%s\"}", digest);
	expect("a topic in upper case", STO_CHECK_BODY, last_id);
	begin_identity();
	act("token_topics", &token, &issuer, "{\"topics\":[\"a\",\"a\"]}");
	expect("a topic twice", STO_CHECK_BODY, last_id);
	begin_identity();
	act("token_topics", &token, &issuer, "{\"topics\":[1]}");
	expect("a topic that is a number", STO_CHECK_BODY, last_id);
	begin_identity();
	act("token_topics", &token, &registrar, "{\"topics\":[]}");
	expect("topics by somebody else than the issuer", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	act("trusted_issuer", &token, &issuer, "{\"issuer\":\"%s\",\"topics\":[\"kyc\"]}",
		uuid_text(notary.uuid));
	expect("trust in a party that issues no claims", STO_CHECK_RULE, last_id);
}

static void
test_stopped(void)
{
	static const char *const names[] = {"a paused token", "a frozen debit wallet",
										"a frozen credit wallet", "a frozen sender",
										"a frozen receiver"};
	Subject *subjects[] = {&token, &alices.subject, &bobs.subject, &alice, &bob};
	static const char *const kinds[] = {"token_pause", "wallet_freeze", "wallet_freeze",
										"party_freeze", "party_freeze"};
	StoReplayToken row;
	StoReplay *r;

	for (int i = 0; i < 5; i++)
	{
		begin_identity();
		stop(kinds[i], subjects[i], &enforcer, true);
		transfer(1);
		expect(names[i], STO_CHECK_RULE, last_id);
		begin_identity();
		stop(kinds[i], subjects[i], &enforcer, true);
		stop(kinds[i], subjects[i], &enforcer, true);
		stop(kinds[i], subjects[i], &enforcer, false);
		transfer(1);
		expect("let go again", NULL, 0);
	}
	begin_identity();
	stop("party_freeze", &issuer, &enforcer, true);
	transfer(1);
	expect("the issuer is frozen: others go on", NULL, 0);
	make_entry(STO_ISSUE, &issuance, &alices, 1, 0, &issuer, &issuer);
	expect("a frozen issuer issues", STO_CHECK_RULE, last_id);
	begin_identity();
	stop("wallet_freeze", &alices.subject, &enforcer, true);
	make_entry(STO_ISSUE, &issuance, &alices, 1, 0, &issuer, &issuer);
	expect("an issue to a frozen wallet", STO_CHECK_RULE, last_id);
	begin_identity();
	stop("wallet_freeze", &alices.subject, &enforcer, true);
	make_entry(STO_REDEEM, &alices, &issuance, 1, 0, &alice, &alices.subject);
	expect("a redeem from a frozen wallet", STO_CHECK_RULE, last_id);

	begin_identity();
	stop("token_pause", &token, &enforcer, true);
	r = fold_from(begin_fold(made[0].leaf), 0, made_count);
	CHECK(sto_replay_find_token(r, token_id, &row) && row.paused == last_id &&
		  memcmp(row.paused_by, enforcer.uuid, STO_UUID_LEN) == 0);
	sto_replay_free(r);
	stop("token_pause", &token, &issuer, false);
	expect("the issuer lifts an enforcer's pause", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	stop("token_pause", &token, &issuer, true);
	stop("token_pause", &token, &enforcer, false);
	transfer(1);
	expect("an enforcer lifts the issuer's", NULL, 0);
}

static void
locks(StoOrder *o)
{
	o->has_purpose = true;
	o->purpose = STO_LOCK_UP;
	o->has_release_after = true;
	o->release_after = made_clock + INT64_C(1000000000);
}

static void
pledges(StoOrder *o)
{
	o->has_purpose = true;
	o->purpose = STO_PLEDGE;
}

static void
releases(StoOrder *o)
{
	o->has_hold_id = true;
	o->hold_id = last_id - 2; /* a pause stands between */
}

/* What passes a pause, and what doesn't. */
static void
test_bypass(void)
{
	begin_identity();
	stop("token_pause", &token, &enforcer, true);
	twist.order = locks;
	make_entry(STO_HOLD, &alices, NULL, 5, -5, &alice, &alices.subject);
	expect("a lock-up of a paused token", NULL, 0);
	begin_identity();
	stop("token_pause", &token, &enforcer, true);
	twist.order = pledges;
	make_entry(STO_HOLD, &alices, &bobs, 5, -5, &alice, &alices.subject);
	expect("a pledge of a paused token", STO_CHECK_RULE, last_id);
	begin_identity();
	twist.order = pledges;
	make_entry(STO_HOLD, &alices, &bobs, 5, -5, &alice, &alices.subject);
	stop("party_freeze", &alice, &enforcer, true);
	twist.order = releases;
	make_entry(STO_RELEASE, &alices, NULL, 5, 5, &bob, &bobs.subject);
	expect("a release to one who is frozen", NULL, 0);
	begin_identity();
	require_kyc("");
	trust("[\"kyc\"]");
	claim(&bob, "");
	twist.order = pledges;
	make_entry(STO_HOLD, &alices, &bobs, 5, -5, &alice, &alices.subject);
	expect("whoever pledges must be eligible", STO_CHECK_ELIGIBLE, last_id);
}

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

/* Saved after each record and gone on from there, the fold says the same. */
static void
test_saved(void)
{
	begin_identity();
	document("Terms", "1", true);
	acknowledge(&bob, &bob, last_id);
	require_kyc("");
	trust("[\"kyc\"]");
	claim(&bob, "");
	mandate("all", true, "");
	order_for_alice();
	stop("wallet_freeze", &bobs.subject, &enforcer, true);
	stop("wallet_freeze", &bobs.subject, &enforcer, false);
	order_for_alice();
	act("claim_revoke", &bob, &attester, "{\"claim\":%lld,\"reason\":\"x\"}",
		(long long) last_id - 5);
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
	make_subjects();
	enforcer = subject_new(20);
	attester = subject_new(21);
	memset(digest, 'a', sizeof(digest) - 1);
	test_facts();
	test_acts();
	test_stopped();
	test_bypass();
	test_eligible();
	test_mandates();
	test_documents();
	test_saved();
	return check_done("replay_identity");
}
