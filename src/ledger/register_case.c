/*
 * register_case.c
 *		Handlers of events about cases of enforcement.
 *
 * A case says all that its entry will do, so that the second officer knows
 * what he approves; an approval can be taken back until the case is used.
 */
#include "postgres.h"

#include "ledger/case.h"
#include "ledger/event_kinds.h"
#include "ledger/posting.h"
#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* What a case of each act must state, and may. */
typedef struct ActRule
{
	StoFieldSet required;
	StoFieldSet optional;
	const char *own_basis; /* beside those of every act */
} ActRule;

#define F(field) STO_FIELD_BIT(STO_F_##field)
/* that every case may have, or must, by its kind's own table */
#define COMMON (F(ACT) | F(BASIS) | F(DOCUMENT_HASH) | F(DEBIT) | F(VALID_UNTIL) | F(NOT_BEFORE))

static const ActRule acts[STO_CASE_ACTS] = {
	[STO_CASE_FORCE] = {F(TOKEN) | F(CREDIT) | F(AMOUNT), F(HOLDS), "succession"},
	[STO_CASE_REVERSE] = {F(TOKEN) | F(CREDIT) | F(AMOUNT) | F(UNDOES), 0, NULL},
	[STO_CASE_SEIZURE] = {F(TOKEN) | F(AMOUNT), F(CREDIT), NULL},
	[STO_CASE_FREEZE] = {F(TOKEN) | F(AMOUNT), 0, NULL},
	[STO_CASE_RECOVER] = {F(CREDIT) | F(NOT_BEFORE), F(TOKEN), "recovery"},
	[STO_CASE_POST] = {F(TOKEN) | F(CREDIT) | F(AMOUNT) | F(HOLDS), 0, NULL},
	[STO_CASE_WALLET_FREEZE] = {0, 0, NULL},
	[STO_CASE_TOKEN_PAUSE] = {F(TOKEN), 0, NULL},
};

static const char *const act_names[STO_CASE_ACTS] = {
	[STO_CASE_FORCE] = "force",
	[STO_CASE_REVERSE] = "reverse",
	[STO_CASE_SEIZURE] = "seizure",
	[STO_CASE_FREEZE] = "freeze",
	[STO_CASE_RECOVER] = "recover",
	[STO_CASE_POST] = "post",
	[STO_CASE_WALLET_FREEZE] = "wallet_freeze",
	[STO_CASE_TOKEN_PAUSE] = "token_pause",
};

bool
sto_case_act(const char *name, StoCaseAct *act)
{
	for (int i = 0; i < STO_CASE_ACTS; i++)
		if (strcmp(name, act_names[i]) == 0)
		{
			*act = (StoCaseAct) i;
			return true;
		}
	return false;
}

const char *
sto_case_act_name(StoCaseAct act)
{
	return act_names[act];
}

const char *
sto_case_capability(const char *act)
{
	return strcmp(act, "recover") == 0 ? "recovery_agent" : "enforcer";
}

static void
check_fields(const StoBody *body, const char *name, const ActRule *rule)
{
	StoFieldSet missing = rule->required & ~body->present;
	StoFieldSet foreign = body->present & ~(rule->required | rule->optional | COMMON);

	for (int i = 0; i < STO_FIELDS; i++)
	{
		if (missing & STO_FIELD_BIT(i))
			sto_act_refuse("a case of %s states \"%s\"", name, sto_event_fields[i].name);
		if (foreign & STO_FIELD_BIT(i))
			sto_act_refuse("a case of %s has no \"%s\"", name, sto_event_fields[i].name);
	}
}

static void
check_basis(const char *basis, const ActRule *rule, const char *name)
{
	static const char *const bases[] = {"law", "contract", "court", "administrative"};

	if (!sto_one_of(basis, bases, lengthof(bases)) &&
		(rule->own_basis == NULL || strcmp(basis, rule->own_basis) != 0))
		sto_act_refuse("there is no legal basis \"%.40s\" of a case of %s", basis, name);
}

static void
require_wallet(const uint8_t *address, const char *field, StoWalletFact *wallet)
{
	if (!sto_fact_wallet(address, wallet) || wallet->issuance)
		sto_act_refuse("\"%s\" is not a wallet of the register", field);
}

/* All of a token begins in its issuance wallet, which stands for it where units would have theirs.
 */
static void
check_paused(const StoBody *body, const StoTokenFact *token)
{
	if (memcmp(body->value[STO_F_DEBIT].octets, token->issuance, STO_ADDRESS_LEN) != 0)
		sto_act_refuse("\"debit\" of a case of token_pause is the token's issuance wallet");
}

static void
check_wallets(const StoBody *body, StoCaseAct act)
{
	const uint8_t *debit = body->value[STO_F_DEBIT].octets;
	const uint8_t *credit = body->value[STO_F_CREDIT].octets;
	StoWalletFact from;
	StoWalletFact to;

	require_wallet(debit, "debit", &from);
	if (!STO_BODY_HAS(body, STO_F_CREDIT))
		return;
	require_wallet(credit, "credit", &to);
	if (memcmp(debit, credit, STO_ADDRESS_LEN) == 0)
		sto_act_refuse("\"debit\" and \"credit\" are the same wallet");
	if (act == STO_CASE_RECOVER && !sto_uuid_equal(from.party, to.party))
		sto_act_refuse("\"debit\" and \"credit\" are wallets of two parties");
}

/* Each must be there, of this position, and named once; who posts names one pledge. */
static void
check_holds(const StoBody *body, StoCaseAct act)
{
	const StoIntegers *holds = &body->value[STO_F_HOLDS].integers;
	StoHold hold;

	if (!STO_BODY_HAS(body, STO_F_HOLDS))
		return;
	if (holds->count < 1 || holds->count > STO_CASE_HOLDS_MAX)
		sto_act_refuse("\"holds\" names 1 to %d holds", STO_CASE_HOLDS_MAX);
	if (act == STO_CASE_POST && holds->count != 1)
		sto_act_refuse("a case of post names one hold");
	for (int i = 0; i < holds->count; i++)
	{
		for (int j = 0; j < i; j++)
			if (holds->items[j] == holds->items[i])
				sto_act_refuse("hold " INT64_FORMAT " stands twice", holds->items[i]);
		if (!sto_hold_read(holds->items[i], &hold) ||
			memcmp(hold.wallet, body->value[STO_F_DEBIT].octets, STO_ADDRESS_LEN) != 0 ||
			memcmp(hold.token_id, body->value[STO_F_TOKEN].octets, STO_UUID_LEN) != 0)
			sto_act_refuse("there is no hold " INT64_FORMAT " on that wallet and token",
						   holds->items[i]);
		/* who posts other holds is settled when they are placed; seizures take one officer */
		if (act == STO_CASE_POST && hold.purpose != STO_PLEDGE)
			sto_act_refuse("hold " INT64_FORMAT " is no pledge", holds->items[i]);
	}
}

/* The entry moved these units the other way, and is one of those that can be undone so. */
static bool
is_opposite(const StoRow *row, const StoBody *body)
{
	bool isnull;
	char *kind = TextDatumGetCString(sto_row_get(row, TRANSFER_KIND, &isnull));
	static const char *const kinds[] = {"transfer", "post", "force"};
	StoAmount amount;

	memcpy(&amount, DatumGetPointer(sto_row_get(row, TRANSFER_AMOUNT, &isnull)), STO_AMOUNT_LEN);
	return sto_one_of(kind, kinds, lengthof(kinds)) && amount == body->value[STO_F_AMOUNT].amount &&
		   memcmp(DatumGetPointer(sto_row_get(row, TRANSFER_TOKEN_ID, &isnull)),
				  body->value[STO_F_TOKEN].octets, STO_UUID_LEN) == 0 &&
		   memcmp(DatumGetPointer(sto_row_get(row, TRANSFER_DEBIT_WALLET, &isnull)),
				  body->value[STO_F_CREDIT].octets, STO_ADDRESS_LEN) == 0 &&
		   memcmp(DatumGetPointer(sto_row_get(row, TRANSFER_CREDIT_WALLET, &isnull)),
				  body->value[STO_F_DEBIT].octets, STO_ADDRESS_LEN) == 0;
}

static void
check_undone(const StoBody *body)
{
	Datum key = Int64GetDatum(body->value[STO_F_UNDOES].integer);
	StoRow row;
	bool good;

	if (!STO_BODY_HAS(body, STO_F_UNDOES))
		return;
	good = sto_store_find(STO_REL_TRANSFER, STO_IDX_TRANSFER, 1, &key, &row) &&
		   is_opposite(&row, body);
	sto_row_close(&row);
	if (!good)
		sto_act_refuse("entry " INT64_FORMAT " is no transfer, post or force of these units from "
					   "\"credit\" to \"debit\"",
					   body->value[STO_F_UNDOES].integer);
}

static void
check_times(const StoAct *act, StoCaseAct which)
{
	const StoBody *body = &act->body;
	int64 begin = act->event.recorded_at;

	if (STO_BODY_HAS(body, STO_F_NOT_BEFORE))
		begin = Max(begin, body->value[STO_F_NOT_BEFORE].integer);
	if (STO_BODY_HAS(body, STO_F_VALID_UNTIL) && body->value[STO_F_VALID_UNTIL].integer <= begin)
		sto_act_refuse("the case would end before it could be carried out");
	if (which == STO_CASE_RECOVER && begin < act->event.recorded_at + STO_CASE_NOTICE)
		sto_act_refuse("the wait of a recovery ends before the wallet's holder could object");
}

static Datum
integer_array(const StoIntegers *integers)
{
	Datum *items = palloc(integers->count * sizeof(Datum));

	for (int i = 0; i < integers->count; i++)
		items[i] = Int64GetDatum(integers->items[i]);
	return PointerGetDatum(construct_array(items, integers->count, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static void
insert_case(const StoAct *act)
{
	const StoBody *body = &act->body;
	Datum values[CASE_COLUMNS] = {0};
	bool nulls[CASE_COLUMNS] = {false};

	values[CASE_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	nulls[CASE_APPROVED - 1] = nulls[CASE_REFUSED - 1] = nulls[CASE_USED - 1] = true;
	nulls[CASE_APPROVED_BY - 1] = true;
	values[CASE_UNDOES - 1] = Int64GetDatum(body->value[STO_F_UNDOES].integer);
	nulls[CASE_UNDOES - 1] = !STO_BODY_HAS(body, STO_F_UNDOES);
	values[CASE_VALID_UNTIL - 1] =
		TimestampTzGetDatum(StoTimeToTimestamp(body->value[STO_F_VALID_UNTIL].integer));
	nulls[CASE_VALID_UNTIL - 1] = !STO_BODY_HAS(body, STO_F_VALID_UNTIL);
	values[CASE_NOT_BEFORE - 1] =
		TimestampTzGetDatum(StoTimeToTimestamp(body->value[STO_F_NOT_BEFORE].integer));
	nulls[CASE_NOT_BEFORE - 1] = !STO_BODY_HAS(body, STO_F_NOT_BEFORE);
	values[CASE_AMOUNT - 1] = PointerGetDatum(&body->value[STO_F_AMOUNT].amount);
	nulls[CASE_AMOUNT - 1] = !STO_BODY_HAS(body, STO_F_AMOUNT);
	values[CASE_CASE_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[CASE_OPENED_BY - 1] = StoUuidGetDatum(act->event.actor);
	values[CASE_TOKEN_ID - 1] = StoUuidGetDatum(body->value[STO_F_TOKEN].octets);
	nulls[CASE_TOKEN_ID - 1] = !STO_BODY_HAS(body, STO_F_TOKEN);
	values[CASE_DEBIT_WALLET - 1] = PointerGetDatum(body->value[STO_F_DEBIT].octets);
	values[CASE_CREDIT_WALLET - 1] = PointerGetDatum(body->value[STO_F_CREDIT].octets);
	nulls[CASE_CREDIT_WALLET - 1] = !STO_BODY_HAS(body, STO_F_CREDIT);
	values[CASE_DOCUMENT_HASH - 1] = PointerGetDatum(body->value[STO_F_DOCUMENT_HASH].octets);
	values[CASE_ACT - 1] = CStringGetTextDatum(body->value[STO_F_ACT].text);
	values[CASE_BASIS - 1] = CStringGetTextDatum(body->value[STO_F_BASIS].text);
	nulls[CASE_HOLDS - 1] = !STO_BODY_HAS(body, STO_F_HOLDS);
	if (STO_BODY_HAS(body, STO_F_HOLDS))
		values[CASE_HOLDS - 1] = integer_array(&body->value[STO_F_HOLDS].integers);
	sto_store_insert(STO_REL_CASE, values, nulls);
}

void
sto_register_case(StoAct *act)
{
	const StoBody *body = &act->body;
	const char *name = body->value[STO_F_ACT].text;
	StoTokenFact token;
	StoCaseAct which;

	if (!sto_case_act(name, &which))
		sto_act_refuse("there is no act \"%.40s\"", name);
	check_fields(body, name, &acts[which]);
	check_basis(body->value[STO_F_BASIS].text, &acts[which], name);
	check_times(act, which);
	if (STO_BODY_HAS(body, STO_F_AMOUNT) && body->value[STO_F_AMOUNT].amount <= 0)
		sto_act_refuse("\"amount\" must be positive");
	if (STO_BODY_HAS(body, STO_F_TOKEN) && !sto_fact_token(body->value[STO_F_TOKEN].octets, &token))
		sto_act_refuse("\"token\" is not in the register");
	if (which == STO_CASE_TOKEN_PAUSE)
		check_paused(body, &token);
	else
		check_wallets(body, which);
	check_holds(body, which);
	check_undone(body);
	insert_case(act);
}

/* Who may decide: whoever could have opened it, but did not. */
static void
check_second(const StoAct *act, const StoRow *row)
{
	bool isnull;
	char *name = TextDatumGetCString(sto_row_get(row, CASE_ACT, &isnull));
	const uint8_t *opened_by =
		(const uint8_t *) DatumGetPointer(sto_row_get(row, CASE_OPENED_BY, &isnull));
	const char *capability = sto_case_capability(name);

	if (sto_uuid_equal(opened_by, act->event.actor))
		ereport(ERROR,
				(errcode(ERRCODE_STO_NOT_AUTHORISED), errmsg("the case needs a second officer"),
				 errdetail("Party %s opened it.", sto_uuid_text(act->event.actor))));
	if (!sto_fact_capability(act->event.actor, capability))
		ereport(ERROR, (errcode(ERRCODE_STO_NOT_AUTHORISED),
						errmsg("actor %s may not do this", sto_uuid_text(act->event.actor)),
						errdetail("A case of %s is approved by a party with the capability %s.",
								  name, capability)));
}

void
sto_register_case_approve(StoAct *act)
{
	bool approved = act->body.value[STO_F_APPROVED].flag;
	Datum key = StoUuidGetDatum(act->event.subject);
	Datum values[CASE_COLUMNS] = {0};
	bool nulls[CASE_COLUMNS] = {false};
	bool replaces[CASE_COLUMNS] = {false};
	bool is_open;
	bool is_undecided;
	bool isnull;
	StoRow row;

	/* by its other key than entries find it: the row's lock is the same */
	if (!sto_store_find_lock(STO_REL_CASE, STO_IDX_CASE_ID, 1, &key, &row))
		elog(ERROR, "case %s is missing", sto_uuid_text(act->event.subject));
	check_second(act, &row);
	(void) sto_row_get(&row, CASE_REFUSED, &is_open);
	if (!is_open)
		sto_act_refuse("the case was refused already");
	(void) sto_row_get(&row, CASE_USED, &is_open);
	if (!is_open)
		sto_act_refuse("the case was carried out already");
	(void) sto_row_get(&row, CASE_APPROVED, &is_undecided);
	if (approved && !is_undecided)
		sto_act_refuse("the case was approved already by party %s",
					   sto_uuid_text((const uint8_t *) DatumGetPointer(
						   sto_row_get(&row, CASE_APPROVED_BY, &isnull))));
	values[CASE_APPROVED - 1] = values[CASE_REFUSED - 1] = Int64GetDatum(act->event.entry_id);
	values[CASE_APPROVED_BY - 1] = StoUuidGetDatum(act->event.actor);
	replaces[CASE_APPROVED - 1] = replaces[CASE_APPROVED_BY - 1] = approved;
	replaces[CASE_REFUSED - 1] = !approved;
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
}
