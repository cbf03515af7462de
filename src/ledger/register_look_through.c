/*
 * register_look_through.c
 *		Handler of look_through: who owns what of an omnibus wallet's units.
 *
 * It keeps all writers out: the position that it counts stands still, and so do the
 * counters that it changes.
 */
#include "postgres.h"

#include "ledger/holder_group.h"
#include "ledger/look_through.h"
#include "ledger/position.h"
#include "ledger/register.h"
#include "types/types.h"

#include "core/amount.h"
#include "errors.h"

#include "utils/timestamp.h"

/* Parties whose totals may change: the wallet's, owners stated before, owners stated now. */
#define AFFECTED_MAX (2 * STO_LIST_MAX + 1)

typedef struct Statement
{
	const uint8_t *token_id;
	uint8_t address[STO_ADDRESS_LEN];
	StoWalletFact wallet;
	StoAmount units[STO_LIST_MAX];
	StoAmount sum;
	int affected_count;
	uint8_t affected[AFFECTED_MAX][STO_UUID_LEN];
	StoAmount before[AFFECTED_MAX];
} Statement;

static void
note_affected(Statement *s, const uint8_t *party_id)
{
	for (int i = 0; i < s->affected_count; i++)
		if (sto_uuid_equal(s->affected[i], party_id))
			return;
	memcpy(s->affected[s->affected_count++], party_id, STO_UUID_LEN);
}

static void
read_wallet(const StoAct *act, Statement *s)
{
	StoTokenFact token;

	s->token_id = act->body.value[STO_F_TOKEN].octets;
	if (!sto_wallet_address(act->ledger.ledger_id, act->event.subject, s->address))
		elog(ERROR, "could not compute SHA-256");
	if (!sto_fact_wallet(s->address, &s->wallet) || !s->wallet.omnibus)
		sto_act_refuse("the wallet is not of kind omnibus");
	if (!sto_fact_token(s->token_id, &token))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_TOKEN),
						errmsg("token %s is not in the register", sto_uuid_text(s->token_id))));
}

static void
read_owner(const StoUuids *owners, int i, const char *units, Statement *s)
{
	const char *why;
	StoPartyFact party;

	if (!sto_fact_party(owners->items[i], &party))
		ereport(ERROR,
				(errcode(ERRCODE_STO_UNKNOWN_PARTY),
				 errmsg("party %s is not in the register", sto_uuid_text(owners->items[i]))));
	for (int j = 0; j < i; j++)
		if (sto_uuid_equal(owners->items[i], owners->items[j]))
			sto_act_refuse("owner %s stands twice", sto_uuid_text(owners->items[i]));
	if (!sto_amount_parse(units, strlen(units), &s->units[i], &why) || s->units[i] <= 0)
		sto_act_refuse("\"units\" must hold amounts above zero");
	if (!sto_amount_add(s->sum, s->units[i], &s->sum))
		sto_act_refuse("the sum of \"units\" is out of range");
}

static void
read_owners(const StoBody *body, Statement *s)
{
	const StoUuids *owners = &body->value[STO_F_OWNERS].uuids;
	const StoTexts *units = &body->value[STO_F_UNITS].texts;

	if (owners->count != units->count)
		sto_act_refuse("\"owners\" and \"units\" have different numbers of items");
	for (int i = 0; i < owners->count; i++)
		read_owner(owners, i, units->items[i], s);
}

static void
check_position(const StoBody *body, const Statement *s)
{
	char sum[STO_AMOUNT_TEXT_MAX];
	char balance[STO_AMOUNT_TEXT_MAX];
	int64 seq = body->value[STO_F_SEQ].integer;
	StoPosition pos;

	sto_position_read(s->token_id, s->address, &pos);
	if (seq != pos.seq)
		ereport(ERROR, (errcode(ERRCODE_STO_INVALID_EVENT),
						errmsg("the wallet was counted at another sequence than its present one"),
						errdetail("It was counted at " INT64_FORMAT ", and is at " INT64_FORMAT ".",
								  seq, pos.seq),
						errhint("Count again, and sign that.")));
	if (s->sum == pos.balance)
		return;
	sto_amount_print(s->sum, sum);
	sto_amount_print(pos.balance, balance);
	ereport(ERROR,
			(errcode(ERRCODE_STO_INVALID_EVENT),
			 errmsg("the owners' units are not the wallet's balance"),
			 errdetail("They sum to %s; the balance is %s.", sum, balance),
			 errhint("Units of nobody else are the wallet's party's: name it as an owner.")));
}

/* Whoever's total may change: the owners stated before are the first `old`. */
static int
find_affected(const StoBody *body, Statement *s)
{
	Datum keys[2] = {StoUuidGetDatum(s->token_id), PointerGetDatum(s->address)};
	const StoUuids *owners = &body->value[STO_F_OWNERS].uuids;
	StoScan scan;
	int old;

	sto_scan_begin(&scan, STO_REL_LOOK_THROUGH_OWNER, STO_IDX_LOOK_OWNER, 2, keys, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;

		note_affected(s, (const uint8_t *) DatumGetPointer(
							 slot_getattr(scan.slot, LOOK_THROUGH_OWNER_PARTY_ID, &isnull)));
	}
	sto_scan_end(&scan);
	old = s->affected_count;
	note_affected(s, s->wallet.party);
	for (int i = 0; i < owners->count; i++)
		note_affected(s, owners->items[i]);
	return old;
}

static void
remove_owners(const Statement *s, int count)
{
	Datum keys[3] = {StoUuidGetDatum(s->token_id), PointerGetDatum(s->address), (Datum) 0};

	for (int i = 0; i < count; i++)
	{
		StoRow row;

		keys[2] = StoUuidGetDatum(s->affected[i]);
		if (sto_store_find_lock(STO_REL_LOOK_THROUGH_OWNER, STO_IDX_LOOK_OWNER, 3, keys, &row))
			sto_store_delete(&row);
		sto_row_close(&row);
	}
}

static void
insert_owners(const StoUuids *owners, const Statement *s)
{
	Datum values[LOOK_THROUGH_OWNER_COLUMNS];
	bool nulls[LOOK_THROUGH_OWNER_COLUMNS] = {false};

	values[LOOK_THROUGH_OWNER_WALLET - 1] = PointerGetDatum(s->address);
	values[LOOK_THROUGH_OWNER_TOKEN_ID - 1] = StoUuidGetDatum(s->token_id);
	for (int i = 0; i < owners->count; i++)
	{
		values[LOOK_THROUGH_OWNER_UNITS - 1] = PointerGetDatum(&s->units[i]);
		values[LOOK_THROUGH_OWNER_PARTY_ID - 1] = StoUuidGetDatum(owners->items[i]);
		sto_store_insert(STO_REL_LOOK_THROUGH_OWNER, values, nulls);
	}
}

static void
put_statement(const StoAct *act, const Statement *s)
{
	Datum values[LOOK_THROUGH_COLUMNS];
	bool nulls[LOOK_THROUGH_COLUMNS] = {false};
	Datum keys[2] = {StoUuidGetDatum(s->token_id), PointerGetDatum(s->address)};

	values[LOOK_THROUGH_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[LOOK_THROUGH_STATED_AT - 1] =
		TimestampTzGetDatum(StoTimeToTimestamp(act->event.recorded_at));
	values[LOOK_THROUGH_SEQ - 1] = Int64GetDatum(act->body.value[STO_F_SEQ].integer);
	values[LOOK_THROUGH_UNITS - 1] = PointerGetDatum(&s->sum);
	values[LOOK_THROUGH_WALLET - 1] = keys[1];
	values[LOOK_THROUGH_TOKEN_ID - 1] = keys[0];
	values[LOOK_THROUGH_PARTY_ID - 1] = StoUuidGetDatum(s->wallet.party);
	sto_register_put(STO_REL_LOOK_THROUGH, STO_IDX_LOOK_THROUGH, 2, keys, LOOK_THROUGH_COLUMNS,
					 values, nulls);
}

/* Groups of holders, if rules of the token have them counted. */
static void
move_groups(const StoTokenRules *rules, const Statement *s)
{
	StoGroupChanges changes = {0};

	for (int i = 0; i < s->affected_count; i++)
		sto_groups_add_party(&changes, rules, s->affected[i], s->before[i],
							 sto_counted_total(rules, s->affected[i]));
	sto_groups_lock(&changes);
	sto_groups_apply(&changes);
}

void
sto_register_look_through(StoAct *act)
{
	Statement *s = palloc0(sizeof(Statement));
	const StoTokenRules *rules;
	int old;

	read_wallet(act, s);
	read_owners(&act->body, s);
	check_position(&act->body, s);
	old = find_affected(&act->body, s);
	rules = sto_rules_of(s->token_id);
	for (int i = 0; rules != NULL && i < s->affected_count; i++)
		s->before[i] = sto_counted_total(rules, s->affected[i]);
	remove_owners(s, old);
	insert_owners(&act->body.value[STO_F_OWNERS].uuids, s);
	put_statement(act, s);
	sto_facts_announce();
	rules = sto_rules_of(s->token_id);
	if (rules != NULL)
		move_groups(rules, s);
}
