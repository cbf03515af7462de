/*
 * replay_fixture.h
 *		A ledger with two holders, folded: what tests of the replay begin with.
 */
#ifndef STO_TEST_BIN_REPLAY_FIXTURE_H
#define STO_TEST_BIN_REPLAY_FIXTURE_H

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

static inline void
on_problem(void *context, int64_t entry_id, const char *check, const char *text)
{
	(void) context;
	if (problems++ > 0)
		return;
	first_id = entry_id;
	snprintf(first_check, sizeof(first_check), "%s", check);
	snprintf(first_text, sizeof(first_text), "%s", text);
}

static inline void
on_check(void *context, const StoReplayCheck *check)
{
	bool failed;
	const char *why = sto_replay_check_run(check, &failed);

	if (why != NULL)
		on_problem(context, check->entry_id, STO_CHECK_SIGNATURE, why);
}

/* Entries made before, told again. */
static inline bool
on_past(void *context, StoReplay *r, const uint8_t of_token[STO_UUID_LEN], int64_t first,
		int64_t before)
{
	(void) context;
	for (int64_t i = first; i < made_count; i++)
	{
		StoReplayPast past = {.has_credit = false};
		StoRecord record;
		const char *why;

		if (!sto_record_parse(made[i].octets, made[i].len, &record, &why) ||
			record.kind != STO_RECORD_ENTRY || record.entry.entry_id >= before ||
			memcmp(record.entry.order.token_id, of_token, STO_UUID_LEN) != 0)
			continue;
		past.entry_id = record.entry.entry_id;
		past.posted_at = record.entry.posted_at;
		past.kind = record.entry.order.kind;
		past.amount = record.entry.order.amount;
		past.has_credit = record.entry.order.has_credit;
		memcpy(past.debit, record.entry.order.debit, STO_ADDRESS_LEN);
		memcpy(past.credit, record.entry.order.credit, STO_ADDRESS_LEN);
		if (!sto_replay_past(r, &past))
			return false;
	}
	return true;
}

static const StoReplayCalls calls = {.problem = on_problem, .check = on_check, .past = on_past};

static inline void
expect_from(StoReplay *r, int from, int to)
{
	StoReplayComing coming[STO_REPLAY_AHEAD];
	int count = 0;

	for (int i = from; i < to && count < STO_REPLAY_AHEAD; i++)
		sto_replay_coming(made[i].octets, made[i].len, &coming[count++]);
	sto_replay_expect(r, coming, (size_t) count);
}

static inline StoReplay *
fold_from(StoReplay *r, int from, int to)
{
	for (int i = from; i < to; i++)
	{
		if ((i - from) % STO_REPLAY_AHEAD == 0)
			expect_from(r, i, to);
		if (!sto_replay_record(r, made[i].octets, made[i].len, made[i].leaf))
			break;
	}
	return r;
}

static inline StoReplay *
begin_fold(const uint8_t *genesis)
{
	problems = 0;
	first_id = 0;
	first_check[0] = first_text[0] = '\0';
	return sto_replay_new(genesis, &calls);
}

static inline void
end_fold(StoReplay *r, bool whole)
{
	sto_replay_end(r, whole);
	sto_replay_counts(r, &counts);
}

/* Fold everything; is the first problem of that check at that id?  NULL: there must be none. */
static inline void
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

static inline void
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
static inline void
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

static inline MadeRecord *
transfer(StoAmount amount)
{
	return make_entry(STO_TRANSFER, &alices, &bobs, amount, 0, &alice, &alices.subject);
}

/* A saved state goes to a file, and comes from it. */
static inline bool
write_to_file(void *context, const void *data, size_t len)
{
	return fwrite(data, 1, len, context) == len;
}

static inline bool
read_from_file(void *context, void *data, size_t len)
{
	return fread(data, 1, len, context) == len;
}

/* Once, before anything else. */
static inline void
make_subjects(void)
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
}

#endif
