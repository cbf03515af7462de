/*
 * register_token.c
 *		Handlers of events about tokens.
 */
#include "postgres.h"

#include "core/amount.h"
#include "core/identifiers.h"
#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "utils/builtins.h"

#define TOKEN_NAME_MAX 200
#define DECIMALS_MAX 18

/* The wallet from which units are issued and to which they are redeemed. */
static void
insert_issuance_wallet(const StoAct *act, const uint8_t *address)
{
	Datum values[WALLET_COLUMNS];
	bool nulls[WALLET_COLUMNS] = {false};

	values[WALLET_REGISTERED - 1] = Int64GetDatum(act->event.entry_id);
	nulls[WALLET_POLICY_EVENT - 1] = true;
	values[WALLET_WALLET_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[WALLET_PARTY_ID - 1] = StoUuidGetDatum(act->event.actor);
	nulls[WALLET_CUSTODIAN - 1] = true;
	values[WALLET_ADDRESS - 1] = PointerGetDatum(unconstify(uint8_t *, address));
	values[WALLET_SALT - 1] = StoOctetsGetDatum(act->body.value[STO_F_SALT].octets, STO_DIGEST_LEN);
	values[WALLET_SIGNED_ONLY - 1] = BoolGetDatum(false);
	values[WALLET_KIND - 1] = CStringGetTextDatum("issuance");
	values[WALLET_STATUS - 1] = CStringGetTextDatum("active");
	nulls[WALLET_FROZEN - 1] = nulls[WALLET_BARRED - 1] = nulls[WALLET_SUCCESSOR - 1] = true;
	sto_store_insert(STO_REL_WALLET, values, nulls);
}

/* An optional code with a check of its own, into a column. */
static void
set_code(const StoBody *body, StoField field, const char *(*check)(const char *, size_t),
		 const char *name, size_t fixed, int attno, Datum *values, bool *nulls)
{
	const char *text = body->value[field].text;
	const char *why;

	nulls[attno - 1] = !STO_BODY_HAS(body, field);
	if (nulls[attno - 1])
		return;
	if ((why = check(text, strlen(text))) != NULL)
		sto_act_refuse("%s \"%.40s\": %s", name, text, why);
	values[attno - 1] = fixed > 0 ? StoOctetsGetDatum(text, fixed) : CStringGetTextDatum(text);
}

static void
set_authorised(const StoBody *body, Datum *value, bool *isnull)
{
	*isnull = !STO_BODY_HAS(body, STO_F_AUTHORISED);
	if (*isnull)
		return;
	if (body->value[STO_F_AUTHORISED].amount <= 0)
		sto_act_refuse("\"authorised\" must be above zero, or null for no limit");
	*value = StoAmountGetDatum(body->value[STO_F_AUTHORISED].amount);
}

static void
set_unsigned_role(const StoBody *body, Datum *value, bool *isnull)
{
	const char *role = body->value[STO_F_UNSIGNED_ROLE].text;

	*isnull = !STO_BODY_HAS(body, STO_F_UNSIGNED_ROLE);
	if (*isnull)
		return;
	if (role[0] == '\0' || strlen(role) >= NAMEDATALEN)
		sto_act_refuse("\"unsigned_role\" must have 1 to %d octets", NAMEDATALEN - 1);
	*value = CStringGetTextDatum(role);
}

/* A token; its actor becomes its issuer. */
void
sto_register_token(StoAct *act)
{
	static const char *const kinds[] = {"share", "bond", "fund_unit", "cash"};
	const StoBody *body = &act->body;
	const char *kind = body->value[STO_F_KIND].text;
	const char *name = body->value[STO_F_NAME].text;
	int64 decimals = body->value[STO_F_DECIMALS].integer;
	bool is_cash = strcmp(kind, "cash") == 0;
	uint8_t address[STO_ADDRESS_LEN];
	Datum values[TOKEN_COLUMNS] = {0};
	bool nulls[TOKEN_COLUMNS] = {false};

	sto_require_one_of("kind of token", kind, kinds, lengthof(kinds));
	if (name[0] == '\0' || strlen(name) > TOKEN_NAME_MAX)
		sto_act_refuse("\"name\" must have 1 to %d octets", TOKEN_NAME_MAX);
	if (decimals < 0 || decimals > DECIMALS_MAX)
		sto_act_refuse("\"decimals\" must be from 0 to %d", DECIMALS_MAX);
	if (is_cash && !STO_BODY_HAS(body, STO_F_CURRENCY))
		sto_act_refuse("a cash token needs its \"currency\" (ISO 4217)");

	set_code(body, STO_F_ISIN, sto_isin_check, "isin", STO_ISIN_LEN, TOKEN_ISIN, values, nulls);
	set_code(body, STO_F_CFI, sto_cfi_check, "cfi", STO_CFI_LEN, TOKEN_CFI, values, nulls);
	set_code(body, STO_F_DTI, sto_dti_check, "dti", STO_DTI_LEN, TOKEN_DTI, values, nulls);
	set_code(body, STO_F_CURRENCY, sto_currency_check, "currency", 0, TOKEN_CURRENCY, values,
			 nulls);
	set_authorised(body, &values[TOKEN_AUTHORISED - 1], &nulls[TOKEN_AUTHORISED - 1]);
	set_unsigned_role(body, &values[TOKEN_UNSIGNED_ROLE - 1], &nulls[TOKEN_UNSIGNED_ROLE - 1]);
	if (!sto_wallet_address(act->ledger.ledger_id, act->event.subject, address))
		elog(ERROR, "could not compute SHA-256");

	values[TOKEN_REGISTERED - 1] = Int64GetDatum(act->event.entry_id);
	values[TOKEN_TOKEN_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[TOKEN_ISSUER - 1] = StoUuidGetDatum(act->event.actor);
	values[TOKEN_ISSUANCE - 1] = PointerGetDatum(address);
	values[TOKEN_DECIMALS - 1] = Int16GetDatum((int16) decimals);
	values[TOKEN_KIND - 1] = CStringGetTextDatum(kind);
	values[TOKEN_STATUS - 1] = CStringGetTextDatum("active");
	values[TOKEN_NAME - 1] = CStringGetTextDatum(name);
	nulls[TOKEN_PAUSED - 1] = nulls[TOKEN_PAUSED_BY - 1] = nulls[TOKEN_TOPICS - 1] = true;
	values[TOKEN_RECEIVER_ONLY - 1] = BoolGetDatum(true);
	for (int attno = TOKEN_REDEEM_TERMS; attno <= TOKEN_REDEEM_TO; attno++)
		nulls[attno - 1] = true;
	sto_register_insert(STO_REL_TOKEN, values, nulls, ERRCODE_STO_SUBJECT_EXISTS,
						"another token has this ISIN");
	insert_issuance_wallet(act, address);
}

/* Units in circulation: what the issuance wallet is short of. */
static StoAmount
outstanding(const StoTokenFact *token)
{
	StoAmount result = 0;
	StoRow row;
	Datum keys[2] = {StoUuidGetDatum(token->token_id),
					 StoOctetsGetDatum(token->issuance, STO_ADDRESS_LEN)};
	bool isnull;

	/* what this transaction moved may not have been written back yet */
	sto_gate_flush();
	if (sto_store_find(STO_REL_POSITION, STO_IDX_POSITION, 2, keys, &row))
		(void) sto_amount_sub(0, DatumGetStoAmount(sto_row_get(&row, POSITION_BALANCE, &isnull)),
							  &result);
	sto_row_close(&row);
	return result;
}

/* The token that the event is about; its authority check has found it before. */
static void
find_token(const StoAct *act, StoTokenFact *token, StoRow *row)
{
	if (!sto_fact_token(act->event.subject, token))
		elog(ERROR, "token %s is missing", sto_uuid_text(act->event.subject));
	sto_register_find(STO_REL_TOKEN, STO_IDX_TOKEN, act->event.subject, row);
}

static void
require_active(const StoAct *act, const StoTokenFact *token)
{
	if (!token->active)
		ereport(ERROR, (errcode(ERRCODE_STO_TOKEN_CLOSED),
						errmsg("token %s is closed", sto_uuid_text(act->event.subject))));
}

void
sto_vet_token_terms(const StoAct *act)
{
	Datum value;
	bool isnull;

	set_authorised(&act->body, &value, &isnull);
}

void
sto_register_token_terms(StoAct *act)
{
	StoTokenFact token;
	StoRow row;
	Datum value = (Datum) 0;
	bool isnull;

	find_token(act, &token, &row);
	require_active(act, &token);
	set_authorised(&act->body, &value, &isnull);
	if (!isnull && act->body.value[STO_F_AUTHORISED].amount < outstanding(&token))
	{
		char wanted[STO_AMOUNT_TEXT_MAX];
		char out[STO_AMOUNT_TEXT_MAX];

		sto_amount_print(act->body.value[STO_F_AUTHORISED].amount, wanted);
		sto_amount_print(outstanding(&token), out);
		ereport(ERROR, (errcode(ERRCODE_STO_OVER_AUTHORISED),
						errmsg("the authorised amount would be below what is outstanding"),
						errdetail("Authorised %s, outstanding %s.", wanted, out)));
	}
	sto_register_set(&row, TOKEN_AUTHORISED, value, isnull);
	sto_facts_announce();
}

void
sto_vet_token_policy(const StoAct *act)
{
	Datum value;
	bool isnull;

	set_unsigned_role(&act->body, &value, &isnull);
}

void
sto_register_token_policy(StoAct *act)
{
	StoTokenFact token;
	StoRow row;
	Datum value = (Datum) 0;
	bool isnull;

	find_token(act, &token, &row);
	require_active(act, &token);
	set_unsigned_role(&act->body, &value, &isnull);
	sto_register_set(&row, TOKEN_UNSIGNED_ROLE, value, isnull);
	sto_facts_announce();
}

void
sto_vet_token_status(const StoAct *act)
{
	(void) sto_register_status(act);
}

void
sto_register_token_status(StoAct *act)
{
	bool active = sto_register_status(act);
	StoTokenFact token;
	StoRow row;

	find_token(act, &token, &row);
	sto_register_set(&row, TOKEN_STATUS, CStringGetTextDatum(active ? "active" : "closed"), false);
	sto_facts_announce();
}
