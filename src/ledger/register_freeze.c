/*
 * register_freeze.c
 *		Handlers of events that stop a token, a wallet or a party, and let it go on.
 *
 * Basis and document stay in the event; the row names the event.  An enforcer who
 * stops a wallet or a token carries out a case, so two officers stand behind it; to
 * let go takes one.  A party is stopped by one alone: sanctions can't wait.
 */
#include "postgres.h"

#include "ledger/case.h"
#include "ledger/register.h"

#include "errors.h"

static void
check_basis(const StoAct *act)
{
	static const char *const bases[] = {"law", "contract", "court", "administrative"};
	const char *basis = act->body.value[STO_F_BASIS].text;

	sto_require_one_of("legal basis", basis, bases, lengthof(bases));
}

/* The case is of the same decision. */
static void
carry_out(const StoAct *act, StoCaseAct which, const uint8_t wallet[STO_ADDRESS_LEN])
{
	const StoBody *body = &act->body;
	const StoCase *legal = sto_case_carry_out(act, which, wallet);

	if (strcmp(legal->basis, body->value[STO_F_BASIS].text) != 0 ||
		memcmp(legal->document_hash, body->value[STO_F_DOCUMENT_HASH].octets, STO_DIGEST_LEN) != 0)
		sto_act_refuse("\"basis\" or \"document_hash\" is not that of its case");
}

static void
require_no_case(const StoAct *act, const char *why)
{
	if (STO_BODY_HAS(&act->body, STO_F_CASE))
		sto_act_refuse("there is no \"case\": %s", why);
}

/* What an enforcer has stopped, the issuer neither lets go on nor takes over. */
static void
check_pauser(const StoAct *act, const StoRow *row)
{
	bool isnull;
	Datum paused_by = sto_row_get(row, TOKEN_PAUSED_BY, &isnull);

	if (isnull || sto_uuid_equal((const uint8_t *) DatumGetPointer(paused_by), act->event.actor) ||
		sto_fact_capability(act->event.actor, "enforcer"))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_STO_NOT_AUTHORISED),
			 errmsg("actor %s may not do this", sto_uuid_text(act->event.actor)),
			 errdetail("The token was paused by %s: only that party or an enforcer may lift it.",
					   sto_uuid_text((const uint8_t *) DatumGetPointer(paused_by)))));
}

void
sto_vet_token_pause(const StoAct *act)
{
	check_basis(act);
}

/* An issuer decides about his own token alone, unless he bound himself (four_eyes.h). */
static void
check_second(const StoAct *act)
{
	StoTokenFact token;

	if (!sto_fact_token(act->event.subject, &token))
		elog(ERROR, "token %s has gone", sto_uuid_text(act->event.subject));
	if (sto_uuid_equal(act->event.actor, token.issuer))
		require_no_case(act, "the issuer pauses its token by itself");
	else if (act->body.value[STO_F_PAUSED].flag)
		carry_out(act, STO_CASE_TOKEN_PAUSE, token.issuance);
	else
		require_no_case(act, "one enforcer lets a token go on");
}

void
sto_register_token_pause(StoAct *act)
{
	bool paused = act->body.value[STO_F_PAUSED].flag;
	Datum values[TOKEN_COLUMNS] = {0};
	bool nulls[TOKEN_COLUMNS] = {false};
	bool replaces[TOKEN_COLUMNS] = {false};
	bool isnull;
	StoRow row;

	check_basis(act);
	sto_register_find(STO_REL_TOKEN, STO_IDX_TOKEN, act->event.subject, &row);
	(void) sto_row_get(&row, TOKEN_PAUSED, &isnull);
	if (!paused && isnull)
		sto_act_refuse("the token is not paused");
	check_pauser(act, &row);
	check_second(act);
	values[TOKEN_PAUSED - 1] = Int64GetDatum(act->event.entry_id);
	values[TOKEN_PAUSED_BY - 1] = StoUuidGetDatum(act->event.actor);
	nulls[TOKEN_PAUSED - 1] = nulls[TOKEN_PAUSED_BY - 1] = !paused;
	replaces[TOKEN_PAUSED - 1] = replaces[TOKEN_PAUSED_BY - 1] = true;
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
	sto_facts_announce();
}

static void
set_frozen(const StoAct *act, StoRow *row, int attno, const char *what)
{
	bool frozen = act->body.value[STO_F_FROZEN].flag;
	bool isnull;

	check_basis(act);
	(void) sto_row_get(row, attno, &isnull);
	if (!frozen && isnull)
		sto_act_refuse("the %s is not frozen", what);
	sto_register_set(row, attno, Int64GetDatum(act->event.entry_id), !frozen);
	sto_facts_announce();
}

void
sto_register_wallet_freeze(StoAct *act)
{
	uint8_t address[STO_ADDRESS_LEN];
	StoRow row;

	if (!sto_wallet_address(act->ledger.ledger_id, act->event.subject, address))
		elog(ERROR, "could not compute SHA-256");
	if (act->body.value[STO_F_FROZEN].flag)
		carry_out(act, STO_CASE_WALLET_FREEZE, address);
	else
		require_no_case(act, "one enforcer lets a wallet go");
	sto_register_find(STO_REL_WALLET, STO_IDX_WALLET, address, &row);
	set_frozen(act, &row, WALLET_FROZEN, "wallet");
}

/* All its wallets at once, and every order by it. */
void
sto_register_party_freeze(StoAct *act)
{
	StoRow row;

	sto_register_find(STO_REL_PARTY, STO_IDX_PARTY, act->event.subject, &row);
	set_frozen(act, &row, PARTY_FROZEN, "party");
}
