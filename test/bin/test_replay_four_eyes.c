/*
 * test_replay_four_eyes.c
 *		Second officers, folded: acts that needed one and had none, and what officers
 *		may not decide.
 */
#include "identity_fixture.h"

#define TERMS "{\"authorised\":\"900\"}"
#define QUOTED_TERMS "{\\\"authorised\\\":\\\"900\\\"}"
#define FAR 4102444800000000LL

static Subject proposal, second;

/* The issuer says which acts need the notary, or another. */
static void
bind(const char *acts, const Subject *officer)
{
	act("four_eyes", &token, &issuer, "{\"acts\":%s,\"approvers\":[\"%s\"]}", acts,
		uuid_text(officer->uuid));
}

static void
propose(Subject *subject, const char *kind, const char *act_body, long long until)
{
	subject->known = false;
	act("proposal", subject, &issuer,
		"{\"kind\":\"%s\",\"about\":\"%s\",\"act_body\":\"%s\",\"valid_until\":%lld}", kind,
		uuid_text(token.uuid), act_body, until);
}

static void
decide(Subject *subject, const Subject *actor, bool approved)
{
	act("approve", subject, actor, "{\"approved\":%s}", approved ? "true" : "false");
}

static void
set_terms(void)
{
	act("token_terms", &token, &issuer, "%s", TERMS);
}

/* A ledger whose token needs the notary's approval of its terms, and a proposal. */
static void
begin_bound(void)
{
	begin_identity();
	bind("[\"token_terms\",\"token_pause\"]", &notary);
	propose(&proposal, "token_terms", QUOTED_TERMS, FAR);
}

static void
test_good(void)
{
	StoReplayFourEyes lists;
	StoReplayProposal row;
	StoReplay *r;
	size_t at = 0;
	int64_t opened;

	begin_bound();
	opened = last_id;
	decide(&proposal, &notary, true);
	set_terms();
	stop("token_pause", &token, &enforcer, true);
	act("token_policy", &token, &issuer, "{\"unsigned_role\":null}");
	bind("[\"token_terms\",\"token_pause\",\"rule_set\"]", &notary);
	propose(&second, "token_terms", QUOTED_TERMS, FAR);
	decide(&second, &issuer, false);
	expect("an approved act, and what needs no officer", NULL, 0);

	r = fold_from(begin_fold(made[0].leaf), 0, made_count);
	CHECK(sto_replay_find_four_eyes(r, token.uuid, &lists) &&
		  strcmp(lists.acts, "[\"token_terms\",\"token_pause\",\"rule_set\"]") == 0 &&
		  strlen(lists.approvers) == 40);
	CHECK(!sto_replay_find_four_eyes(r, alice.uuid, &lists));
	CHECK(sto_replay_proposal(r, &at, &row) && row.opened == opened && row.decided == opened + 1 &&
		  row.used_by == opened + 2 && row.approved && strcmp(row.act_body, TERMS) == 0 &&
		  memcmp(row.officer, notary.uuid, STO_UUID_LEN) == 0);
	CHECK(sto_replay_proposal(r, &at, &row) && row.used_by == 0 && !row.approved);
	CHECK(!sto_replay_proposal(r, &at, &row));
	sto_replay_free(r);
}

static void
test_missing(void)
{
	begin_identity();
	bind("[\"token_terms\"]", &notary);
	set_terms();
	expect("no proposal", STO_CHECK_AUTHORITY, last_id);
	begin_bound();
	set_terms();
	expect("not approved", STO_CHECK_AUTHORITY, last_id);
	begin_bound();
	decide(&proposal, &notary, true);
	decide(&proposal, &notary, false);
	set_terms();
	expect("taken back", STO_CHECK_AUTHORITY, last_id);
	begin_bound();
	decide(&proposal, &notary, true);
	act("token_terms", &token, &issuer, "{\"authorised\": \"900\"}");
	expect("another body", STO_CHECK_AUTHORITY, last_id);
	begin_bound();
	decide(&proposal, &notary, true);
	set_terms();
	set_terms();
	expect("used twice", STO_CHECK_AUTHORITY, last_id);
	begin_bound();
	propose(&second, "token_terms", QUOTED_TERMS, made_clock + 3001);
	decide(&second, &notary, true);
	set_terms();
	expect("in time, one that is older waits", NULL, 0);
	set_terms();
	expect("once", STO_CHECK_AUTHORITY, last_id);
	begin_bound();
	propose(&second, "token_terms", QUOTED_TERMS, made_clock + 3000);
	decide(&second, &notary, true);
	set_terms();
	expect("expired", STO_CHECK_AUTHORITY, last_id);
}

static void
test_loosening(void)
{
	begin_bound();
	bind("[\"token_terms\"]", &notary);
	expect("an act let go alone", STO_CHECK_AUTHORITY, last_id);
	begin_bound();
	bind("[\"token_terms\",\"token_pause\"]", &bob);
	expect("another officer alone", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	bind("[]", &notary);
	bind("[]", &bob);
	expect("nothing needs one: officers change alone", NULL, 0);
	begin_identity();
	bind("[\"four_eyes\"]", &notary);
	bind("[\"four_eyes\",\"document\"]", &notary);
	expect("more acts where four_eyes itself is listed", STO_CHECK_AUTHORITY, last_id);
}

static void
test_decisions(void)
{
	begin_bound();
	decide(&proposal, &issuer, true);
	expect("approved by its proposer", STO_CHECK_AUTHORITY, last_id);
	begin_bound();
	decide(&proposal, &bob, true);
	expect("by no second officer", STO_CHECK_AUTHORITY, last_id);
	begin_bound();
	decide(&proposal, &notary, false);
	decide(&proposal, &notary, true);
	expect("after it was refused", STO_CHECK_RULE, last_id);
	begin_bound();
	decide(&proposal, &notary, true);
	set_terms();
	decide(&proposal, &notary, true);
	expect("after it was used", STO_CHECK_RULE, last_id);
	begin_identity();
	bind("[\"document\"]", &notary);
	propose(&proposal, "token_terms", QUOTED_TERMS, made_clock + 2000);
	decide(&proposal, &notary, true);
	expect("when it has expired", STO_CHECK_RULE, last_id);
	begin_bound();
	decide(&second, &notary, true);
	expect("of what is no proposal", STO_CHECK_AUTHORITY, last_id);
}

/* Each of these alone is wrong with an act. */
static void
test_bodies(void)
{
	char own[200];

	begin_identity();
	bind("[\"issue\"]", &notary);
	expect("an act that never needs one", STO_CHECK_BODY, last_id);
	begin_identity();
	bind("[\"document\",\"document\"]", &notary);
	expect("an act twice", STO_CHECK_BODY, last_id);
	begin_identity();
	bind("[\"document\"]", &issuer);
	expect("the issuer itself", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	act("four_eyes", &token, &issuer, "{\"acts\":[\"document\"],\"approvers\":[]}");
	expect("nobody", STO_CHECK_BODY, last_id);
	begin_identity();
	act("four_eyes", &token, &issuer, "{\"acts\":[],\"approvers\":[\"%s\",\"x\"]}",
		uuid_text(notary.uuid));
	expect("no uuid", STO_CHECK_BODY, last_id);
	begin_identity();
	propose(&proposal, "party_facts", "{}", FAR);
	expect("a proposal of another kind", STO_CHECK_BODY, last_id);
	begin_identity();
	propose(&proposal, "token_terms", "{}", FAR);
	expect("a proposal of what is no such event", STO_CHECK_BODY, last_id);
	begin_identity();
	snprintf(own, sizeof(own), "{\\\"acts\\\":[\\\"document\\\"],\\\"approvers\\\":[\\\"%s\\\"]}",
			 uuid_text(issuer.uuid));
	propose(&proposal, "four_eyes", own, FAR);
	expect("a proposal to be one's own second officer", STO_CHECK_AUTHORITY, last_id);
	begin_identity();
	propose(&proposal, "token_terms", QUOTED_TERMS, 1);
	expect("a proposal that has expired", STO_CHECK_RULE, last_id);
	begin_identity();
	proposal.known = false;
	act("proposal", &proposal, &notary,
		"{\"kind\":\"token_terms\",\"about\":\"%s\",\"act_body\":\"" QUOTED_TERMS
		"\",\"valid_until\":%lld}",
		uuid_text(token.uuid), FAR);
	expect("a proposal by somebody else", STO_CHECK_AUTHORITY, last_id);
	decide(&proposal, &notary, true);
	expect("it is reported first", STO_CHECK_AUTHORITY, last_id - 1);
}

int
main(void)
{
	make_identity();
	proposal = subject_new(30);
	second = subject_new(31);
	test_good();
	test_missing();
	test_loosening();
	test_decisions();
	test_bodies();
	return check_done("replay_four_eyes");
}
