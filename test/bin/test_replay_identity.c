/*
 * test_replay_identity.c
 *		Facts, classes, owners, pauses and freezes, folded; and entries that pauses
 *		and freezes should have stopped.
 */
#include "identity_fixture.h"

static Subject joint, third_enforcer;

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

/* The uuid of the fixture's subject of that number. */
static const char *
numbered(int n)
{
	static char text[40];

	snprintf(text, sizeof(text), "00000000-0000-4000-8000-%012x", (unsigned) n);
	return text;
}

static void
state_members(Subject *party, const int *members, int count, int nominee)
{
	char list[130] = "";

	for (int i = 0; i < count; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s\"%s\"", i > 0 ? "," : "",
				 numbered(members[i]));
	act("party_members", party, &registrar, "{\"members\":[%s],\"nominee\":\"%s\"}", list,
		numbered(nominee));
}

#define ALICE 3
#define BOB 4
#define NOTARY 5
#define JOINT 40

/* A joint party and its members. */
static void
test_members(void)
{
	static const struct
	{
		const char *name;
		bool of_joint;
		int members[2];
		int count;
		int nominee;
	} cases[] = {
		{"members of a natural person", false, {BOB, NOTARY}, 2, BOB},
		{"one member", true, {BOB, 0}, 1, BOB},
		{"a member twice", true, {BOB, BOB}, 2, BOB},
		{"a nominee from outside", true, {BOB, NOTARY}, 2, ALICE},
		{"an unknown member", true, {BOB, 99}, 2, BOB},
		{"a joint party as a member", true, {BOB, JOINT}, 2, BOB},
	};
	StoReplayMembers row;
	StoReplay *r;

	begin_identity();
	joint.known = false;
	act("party", &joint, &registrar, "{\"kind\":\"joint\"}");
	state_members(&joint, (const int[]){BOB, NOTARY}, 2, BOB);
	state_members(&joint, (const int[]){NOTARY, BOB}, 2, BOB);
	expect("members, stated twice", NULL, 0);
	r = fold_from(begin_fold(made[0].leaf), 0, made_count);
	CHECK(sto_replay_find_members(r, joint.uuid, &row) && row.set_by == last_id &&
		  memcmp(row.nominee, bob.uuid, STO_UUID_LEN) == 0 &&
		  strncmp(row.members + 2, numbered(NOTARY), 36) == 0 &&
		  strncmp(row.members + 41, numbered(BOB), 36) == 0);
	CHECK(!sto_replay_find_members(r, bob.uuid, &row));
	sto_replay_free(r);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		begin_identity();
		joint.known = false;
		act("party", &joint, &registrar, "{\"kind\":\"joint\"}");
		state_members(cases[i].of_joint ? &joint : &bob, cases[i].members, cases[i].count,
					  cases[i].nominee);
		expect(cases[i].name, cases[i].members[1] == 99 ? STO_CHECK_RULE : STO_CHECK_BODY, last_id);
	}
}

static void
test_represented(void)
{
	long long document;

	begin_identity();
	act("document", &token, &issuer,
		"{\"name\":\"T\",\"version\":\"1\",\"uri\":\"u\",\"hash\":\"%s\",\"acknowledge\":false}",
		digest);
	document = last_id;
	mandate("all", true, "");
	act("acknowledge", &alice, &notary, "{\"document\":%lld}", document);
	expect("a representative acknowledges", NULL, 0);
	act("acknowledge", &bob, &notary, "{\"document\":%lld}", document);
	expect("but for its principal alone", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	act("document", &token, &issuer,
		"{\"name\":\"T\",\"version\":\"1\",\"uri\":\"u\",\"hash\":\"%s\",\"acknowledge\":false}",
		digest);
	document = last_id;
	mandate("votes", true, "");
	act("acknowledge", &alice, &notary, "{\"document\":%lld}", document);
	expect("with a mandate to vote", STO_CHECK_AUTHORITY, last_id);
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

/* What an enforcer stops alone, or by a case that does not allow it. */
static void
test_stops_without_case(void)
{
	static const char *const kinds[] = {"wallet_freeze", "token_pause"};
	Subject *subjects[] = {&alices.subject, &token};

	for (int i = 0; i < 2; i++)
	{
		Subject *subject = subjects[i];
		const char *kind = kinds[i];
		int64_t number;

		begin_identity();
		stop_by_case(kind, subject, &enforcer, true, 0);
		expect("no case", STO_CHECK_CASE, last_id);
		begin_identity();
		stop_by_case(kind, subject, &enforcer, true, 4711);
		expect("a case that is not there", STO_CHECK_CASE, last_id);
		begin_identity();
		number = open_stop(kind, subject, &enforcer);
		stop_by_case(kind, subject, &enforcer, true, number);
		expect("a case that nobody approved", STO_CHECK_CASE, last_id);
		begin_identity();
		number = open_stop(kind, subject, &enforcer);
		decide_stop(&second_enforcer, true);
		decide_stop(&second_enforcer, false);
		stop_by_case(kind, subject, &enforcer, true, number);
		expect("a case that was refused in the end", STO_CHECK_CASE, last_id);
		begin_identity();
		number = open_stop(kind, subject, &enforcer);
		decide_stop(&second_enforcer, true);
		stop_by_case(kind, subject, &second_enforcer, true, number);
		expect("carried out by the second officer", NULL, 0);
		stop_by_case(kind, subject, &enforcer, true, number);
		expect("carried out twice", STO_CHECK_CASE, last_id);
		begin_identity();
		number = open_stop(kinds[1 - i], subjects[1 - i], &enforcer);
		decide_stop(&second_enforcer, true);
		stop_by_case(kind, subject, &enforcer, true, number);
		expect("a case of another act", STO_CHECK_CASE, last_id);
		begin_identity();
		third_enforcer.known = false;
		make_enforcer(&third_enforcer);
		number = open_stop(kind, subject, &enforcer);
		decide_stop(&second_enforcer, true);
		stop_by_case(kind, subject, &third_enforcer, true, number);
		expect("a case of other officers", STO_CHECK_CASE, last_id);
		begin_identity();
		number = open_stop(kind, subject, &enforcer);
		decide_stop(&second_enforcer, true);
		digest[0] = 'b';
		stop_by_case(kind, subject, &enforcer, true, number);
		digest[0] = 'a';
		expect("another document than the case's", STO_CHECK_CASE, last_id);
		begin_identity();
		stop(kind, subject, &enforcer, true);
		number = open_stop(kind, subject, &enforcer);
		decide_stop(&second_enforcer, true);
		stop_by_case(kind, subject, &enforcer, false, number);
		expect("a case to let go", STO_CHECK_CASE, last_id);
	}
	begin_identity();
	open_stop("wallet_freeze", &bobs.subject, &enforcer);
	decide_stop(&second_enforcer, true);
	stop_by_case("wallet_freeze", &alices.subject, &enforcer, true, last_id - 1);
	expect("a case of another wallet", STO_CHECK_CASE, last_id);
	begin_identity();
	open_stop("token_pause", &token, &enforcer);
	decide_stop(&second_enforcer, true);
	stop_by_case("token_pause", &token, &issuer, true, last_id - 1);
	expect("an issuer's pause by a case", STO_CHECK_CASE, last_id);
	begin_identity();
	open_stop("wallet_freeze", &token, &enforcer);
	expect("a case that freezes an issuance wallet", STO_CHECK_RULE, last_id);
	begin_identity();
	open_stop("token_pause", &alices.subject, &enforcer);
	expect("a case that pauses a wallet", STO_CHECK_RULE, last_id);
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

int
main(void)
{
	make_identity();
	joint = subject_new(40);
	third_enforcer = subject_new(41);
	test_facts();
	test_acts();
	test_members();
	test_represented();
	test_stopped();
	test_stops_without_case();
	test_bypass();
	return check_done("replay_identity");
}
