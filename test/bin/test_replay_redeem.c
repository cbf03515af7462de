/*
 * test_replay_redeem.c
 *		Redemptions by an issuer: on terms that were there before the first issue,
 *		paid in the same statement and group.  Anything else is named.
 */
#include "replay_fixture.h"

#define GROUP 77

static Subject bond;
static Purse bonds_issued, alices_bonds, bobs_bonds, issuers, kept;
static int64_t statement; /* when it began */
static const char *terms;

static void
enter(StoEntry *e)
{
	e->received_at = statement;
}

static void
in_group(StoOrder *o)
{
	o->has_group = true;
	make_uuid(GROUP, o->group_id);
}

static void
in_another_group(StoOrder *o)
{
	o->has_group = true;
	make_uuid(GROUP + 1, o->group_id);
}

/* Entries of the bond, not of the token that pays. */
static MadeRecord *
of_bond(StoKind kind, Purse *from, Purse *to, StoAmount amount, const Subject *orderer,
		const Subject *signs)
{
	MadeRecord *record;

	memcpy(token_id, bond.uuid, STO_UUID_LEN);
	record = make_entry(kind, from, to, amount, 0, orderer, signs);
	memcpy(token_id, token.uuid, STO_UUID_LEN);
	return record;
}

static void
set_terms(const Subject *by)
{
	char body[BODY_MAX];

	snprintf(body, sizeof(body), "{\"token\":\"%s\",%s}", uuid_text(token.uuid), terms);
	make_event("redemption_terms", &bond, by, by, body);
}

static Purse
purse_of(const Purse *wallet)
{
	Purse purse = *wallet;

	memset(&purse.side, 0, sizeof(purse.side));
	return purse;
}

/* The usual ledger, where alice and bob have 100 bonds each that are redeemed at 10 for 3. */
static void
begin_bonds(void)
{
	char body[BODY_MAX];
	char salt[2 * STO_DIGEST_LEN + 1];

	begin_log();
	bond.known = false;
	memset(&bonds_issued, 0, sizeof(bonds_issued));
	memset(bonds_issued.salt, 0x78, STO_DIGEST_LEN);
	sto_hex_encode(bonds_issued.salt, STO_DIGEST_LEN, salt);
	snprintf(body, sizeof(body),
			 "{\"kind\":\"bond\",\"name\":\"Bond\",\"decimals\":0,\"authorised\":null,"
			 "\"salt\":\"%s\"}",
			 salt);
	make_event("token", &bond, &issuer, &issuer, body);
	sto_wallet_address(ledger_id, bond.uuid, bonds_issued.address);
	if (terms != NULL)
		set_terms(&issuer);
	alices_bonds = purse_of(&alices);
	bobs_bonds = purse_of(&bobs);
	of_bond(STO_ISSUE, &bonds_issued, &alices_bonds, 100, &issuer, &issuer);
	of_bond(STO_ISSUE, &bonds_issued, &bobs_bonds, 100, &issuer, &issuer);
	issuers.subject.known = false;
	memset(&issuers.side, 0, sizeof(issuers.side));
	make_wallet(&issuers, &issuer, &registrar);
	make_entry(STO_ISSUE, &issuance, &issuers, 400, 0, &issuer, &issuer);
	statement = made_clock;
}

static void
pay(Purse *to, StoAmount amount)
{
	twist.order = in_group;
	twist.entry = enter;
	make_entry(STO_TRANSFER, &issuers, to, amount, 0, &issuer, &issuers.subject);
}

static void
call(Purse *from, StoAmount amount)
{
	twist.order = in_group;
	twist.entry = enter;
	of_bond(STO_REDEEM, from, &bonds_issued, amount, &issuer, &issuer);
}

#define TERMS "\"price\":\"10\",\"per\":\"3\""

static void
test_paid(void)
{
	StoReplayToken row;
	StoReplay *r;

	terms = TERMS;
	begin_bonds();
	pay(&alices, 34);
	call(&alices_bonds, 10);
	pay(&alices, 20);
	pay(&bobs, 4);
	pay(&alices, 1);
	call(&alices_bonds, 3);
	call(&bobs_bonds, 1);
	call(&alices_bonds, 3);
	of_bond(STO_REDEEM, &alices_bonds, &bonds_issued, 1, &alice, &alices.subject);
	expect("redeems that are paid, and a holder's own", NULL, 0);

	r = fold_from(begin_fold(NULL), 0, made_count);
	CHECK(sto_replay_find_token(r, bond.uuid, &row) && row.redeem_terms > 0 &&
		  row.redeem_price == 10 && row.redeem_per == 3 && !row.redeem_period.has_from);
	CHECK(memcmp(row.redeem_token, token.uuid, STO_UUID_LEN) == 0);
	CHECK(sto_replay_find_token(r, token.uuid, &row) && row.redeem_terms == 0);
	sto_replay_free(r);
}

static void
test_unpaid(void)
{
	terms = TERMS;
	begin_bonds();
	pay(&alices, 33);
	call(&alices_bonds, 10);
	expect("a payment that is too small", STO_CHECK_GROUP, last_id);
	begin_bonds();
	call(&alices_bonds, 1);
	expect("no payment", STO_CHECK_GROUP, last_id);
	begin_bonds();
	call(&alices_bonds, 1);
	pay(&alices, 4);
	expect("a payment that came later", STO_CHECK_GROUP, last_id - 1);
	begin_bonds();
	pay(&bobs, 34);
	call(&alices_bonds, 10);
	expect("a payment to another party", STO_CHECK_GROUP, last_id);
	begin_bonds();
	pay(&alices, 34);
	call(&alices_bonds, 10);
	call(&alices_bonds, 1);
	expect("a payment used twice", STO_CHECK_GROUP, last_id);
	begin_bonds();
	pay(&alices, 34);
	statement++;
	call(&alices_bonds, 10);
	expect("a payment of another statement", STO_CHECK_GROUP, last_id);
	begin_bonds();
	twist.order = in_another_group;
	twist.entry = enter;
	make_entry(STO_TRANSFER, &issuers, &alices, 34, 0, &issuer, &issuers.subject);
	call(&alices_bonds, 10);
	expect("a payment of another group", STO_CHECK_GROUP, last_id);
	begin_bonds();
	make_entry(STO_TRANSFER, &issuers, &alices, 34, 0, &issuer, &issuers.subject);
	of_bond(STO_REDEEM, &alices_bonds, &bonds_issued, 10, &issuer, &issuer);
	expect("no group", STO_CHECK_GROUP, last_id);
	begin_bonds();
	twist.order = in_group;
	twist.entry = enter;
	make_entry(STO_ISSUE, &issuance, &alices, 34, 0, &issuer, &issuer);
	call(&alices_bonds, 10);
	expect("an issue, which could be locked up", STO_CHECK_GROUP, last_id);
	begin_bonds();
	pay(&bobs, 34);
	twist.order = in_group;
	twist.entry = enter;
	make_entry(STO_TRANSFER, &bobs, &alices, 34, 0, &bob, &bobs.subject);
	call(&alices_bonds, 10);
	expect("somebody else's payment", STO_CHECK_GROUP, last_id);
}

/* alice's other wallet, which somebody keeps for her */
static void
pay_to_keeper(const Subject *custodian)
{
	begin_bonds();
	kept.subject.known = false;
	memset(&kept.side, 0, sizeof(kept.side));
	kept.custodian = custodian;
	make_wallet(&kept, &alice, &registrar);
	statement = made_clock;
	pay(&kept, 34);
	call(&alices_bonds, 10);
}

static void
test_kept(void)
{
	terms = TERMS;
	pay_to_keeper(&bob);
	expect("a payment to a wallet that a third party keeps", NULL, 0);
	pay_to_keeper(&issuer);
	expect("a payment to a wallet that the issuer keeps", STO_CHECK_GROUP, last_id);
}

static void
test_terms(void)
{
	static const char *const unsound[] = {
		"\"price\":\"0\"", "\"price\":\"1\",\"per\":\"0\"", "\"price\":\"-1\"",
		"\"price\":\"13043817825332782213\",\"per\":\"13043817825332782213\"",
		"\"price\":\"1\",\"from\":5,\"to\":5"};

	terms = NULL;
	begin_bonds();
	pay(&alices, 34);
	call(&alices_bonds, 10);
	expect("a redeem without terms", STO_CHECK_AUTHORITY, last_id);
	begin_bonds();
	terms = TERMS;
	set_terms(&issuer);
	expect("terms after the first issue", STO_CHECK_RULE, last_id);
	for (int i = 0; i < 5; i++)
	{
		terms = unsound[i];
		begin_bonds();
		expect("terms on which no cost can be worked out", STO_CHECK_BODY, last_id - 4);
	}
	terms = TERMS ",\"to\":1767225600000001";
	begin_bonds();
	pay(&alices, 34);
	call(&alices_bonds, 10);
	expect("terms that were over", STO_CHECK_AUTHORITY, last_id);
	terms = TERMS;
	begin_bonds();
	pay(&alices, 34);
	twist.order = in_group;
	twist.entry = enter;
	of_bond(STO_REDEEM, &alices_bonds, &bonds_issued, 10, &bob, &bob);
	expect("a redeem by neither holder nor issuer", STO_CHECK_AUTHORITY, last_id);
	begin_bonds();
	pay(&alices, 34);
	twist.order = in_group;
	twist.entry = enter;
	of_bond(STO_REDEEM, &alices_bonds, &bonds_issued, 10, &issuer, NULL);
	expect("a redeem that nobody signed", STO_CHECK_AUTHORITY, last_id);
}

/* A block, and with it a saved state, may end between a payment and what it pays for. */
static void
test_saved(void)
{
	FILE *file = tmpfile();
	uint8_t *mark = NULL;
	size_t mark_len = 0;
	const char *why = NULL;
	StoReplay *r;

	terms = TERMS;
	begin_bonds();
	pay(&alices, 34);
	call(&alices_bonds, 10);
	call(&alices_bonds, 1);
	r = fold_from(begin_fold(made[0].leaf), 0, made_count - 2);
	CHECK(sto_replay_save(r, NULL, 0, write_to_file, file));
	sto_replay_free(r);
	rewind(file);
	r = sto_replay_load(made[0].leaf, &calls, read_from_file, file, &mark, &mark_len, &why);
	fclose(file);
	if (r == NULL)
	{
		CHECK_AS(false, "a state comes back: %s", why);
		return;
	}
	fold_from(r, made_count - 2, made_count - 1);
	CHECK(problems == 0);
	fold_from(r, made_count - 1, made_count);
	CHECK(problems == 1 && first_id == last_id && strcmp(first_check, STO_CHECK_GROUP) == 0);
	free(mark);
	sto_replay_free(r);
}

int
main(void)
{
	make_subjects();
	bond = subject_new(30);
	issuers.subject = subject_new(31);
	kept.subject = subject_new(32);
	test_paid();
	test_unpaid();
	test_kept();
	test_terms();
	test_saved();
	return check_done("redemptions");
}
