/*
 * redeem.c
 *		What an issuer has paid in this statement, and what it redeems for that.
 */
#include "postgres.h"

#include "ledger/mandate.h"
#include "ledger/redeem.h"
#include "ledger/register.h"

#include "core/amount.h"
#include "errors.h"

#include "access/xact.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* Payments that add up. */
typedef struct PaidKey
{
	uint8_t group_id[STO_UUID_LEN];
	uint8_t issuer[STO_UUID_LEN];
	uint8_t holder[STO_UUID_LEN];
	uint8_t token_id[STO_UUID_LEN];
	int64 received_at;
} PaidKey;

typedef struct Paid
{
	PaidKey key;
	StoAmount unused;
} Paid;

/* A change of one of them in a subtransaction, which a rollback takes back. */
typedef struct PaidChange
{
	Paid *row; /* stays while a change of it is kept */
	StoAmount before;
	SubTransactionId subid;
} PaidChange;

static HTAB *paid = NULL;          /* in TopMemoryContext */
static PaidChange *changes = NULL; /* in TopMemoryContext */
static int change_count = 0;
static int change_size = 0;

bool
sto_token_pays(const uint8_t token_id[STO_UUID_LEN])
{
	Datum key = StoUuidGetDatum(token_id);
	StoScan scan;
	bool found;

	sto_scan_begin(&scan, STO_REL_TOKEN, STO_IDX_TOKEN_REDEEM, 1, &key, NULL);
	found = sto_scan_next(&scan);
	sto_scan_end(&scan);
	return found;
}

void
sto_redeem_read_terms(const StoRow *row, StoTokenFact *out)
{
	Datum value;
	bool isnull;

	(void) sto_row_get(row, TOKEN_REDEEM_TERMS, &isnull);
	out->redeems = !isnull;
	if (isnull)
		return;
	value = sto_row_get(row, TOKEN_REDEEM_TOKEN, &isnull);
	memcpy(out->redeem_token, DatumGetPointer(value), STO_UUID_LEN);
	value = sto_row_get(row, TOKEN_REDEEM_PRICE, &isnull);
	memcpy(&out->redeem_price, DatumGetPointer(value), STO_AMOUNT_LEN);
	value = sto_row_get(row, TOKEN_REDEEM_PER, &isnull);
	memcpy(&out->redeem_per, DatumGetPointer(value), STO_AMOUNT_LEN);
	out->redeem_from = sto_row_time(row, TOKEN_REDEEM_FROM, PG_INT64_MIN);
	out->redeem_to = sto_row_time(row, TOKEN_REDEEM_TO, PG_INT64_MAX);
}

static void
make_key(const StoPosting *p, const uint8_t *token_id, const uint8_t *holder, PaidKey *key)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->group_id, p->entry.order.group_id, STO_UUID_LEN);
	memcpy(key->issuer, p->entry.order.ordering_party, STO_UUID_LEN);
	memcpy(key->holder, holder, STO_UUID_LEN);
	memcpy(key->token_id, token_id, STO_UUID_LEN);
	key->received_at = p->entry.received_at;
}

static StoAmount
unused(const PaidKey *key)
{
	const Paid *row = paid == NULL ? NULL : hash_search(paid, key, HASH_FIND, NULL);

	return row == NULL ? 0 : row->unused;
}

static void
keep_change(Paid *row, SubTransactionId subid)
{
	if (change_count == change_size)
	{
		int size = change_size ? change_size * 2 : 16;

		changes = changes ? repalloc_huge(changes, (Size) size * sizeof(PaidChange))
						  : MemoryContextAlloc(TopMemoryContext, size * sizeof(PaidChange));
		change_size = size;
	}
	changes[change_count].row = row;
	changes[change_count].before = row->unused;
	changes[change_count].subid = subid;
	change_count++;
}

static void
set_unused(const PaidKey *key, StoAmount amount)
{
	SubTransactionId subid = GetCurrentSubTransactionId();
	bool found;
	Paid *row;

	if (paid == NULL)
	{
		HASHCTL ctl = {
			.keysize = sizeof(PaidKey), .entrysize = sizeof(Paid), .hcxt = TopMemoryContext};

		paid = hash_create("sto payments", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	row = hash_search(paid, key, HASH_ENTER, &found);
	if (!found)
		row->unused = 0;
	/* a rollback of the transaction as a whole drops everything */
	if (subid != TopSubTransactionId)
		keep_change(row, subid);
	row->unused = amount;
	/* sto.rebuild() folds the whole log in one transaction */
	if (amount == 0 && subid == TopSubTransactionId)
		(void) hash_search(paid, key, HASH_REMOVE, NULL);
}

static bool
keeps(const uint8_t *party, const StoWalletFact *wallet)
{
	return wallet->has_custodian && sto_uuid_equal(party, wallet->custodian);
}

/* Not a holder's own order, nor of who keeps the wallet or represents its party. */
static bool
is_by_issuer(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	int64 from;
	int64 to;

	return o->kind == STO_REDEEM && sto_uuid_equal(o->ordering_party, p->token.issuer) &&
		   !sto_uuid_equal(o->ordering_party, p->debit.party) &&
		   !keeps(o->ordering_party, &p->debit) &&
		   !sto_mandate_in_force(p->debit.party, o->ordering_party, p->entry.posted_at, &from, &to);
}

static void
check_paid(const StoPosting *p, StoReasons *reasons)
{
	const StoOrder *o = &p->entry.order;
	const StoTokenFact *token = &p->token;
	char units[STO_AMOUNT_TEXT_MAX];
	char cost[STO_AMOUNT_TEXT_MAX] = "more than an amount can say";
	char there[STO_AMOUNT_TEXT_MAX];
	StoAmount available = 0;
	StoAmount due = 0;
	StoAmount enough = 0;
	PaidKey key;
	bool in_range = sto_amount_scale(o->amount, token->redeem_price, token->redeem_per, true, &due);

	if (o->has_group)
	{
		make_key(p, token->redeem_token, p->debit.party, &key);
		available = unused(&key);
	}
	if (in_range && due <= available)
		return;
	sto_amount_print(o->amount, units);
	if (in_range)
		sto_amount_print(due, cost);
	sto_amount_print(available, there);
	sto_reason_add(reasons, STO_REASON_NOT_PAID, STO_REASON_OF_UUID, p->debit.party,
				   "%s units cost %s of token %s; before this order, in its statement and under "
				   "its group_id, the issuer paid party %s %s that no redeem has used.",
				   units, cost, sto_uuid_text(token->redeem_token), sto_uuid_text(p->debit.party),
				   there);
	/* fewer than the order's, so it fits */
	(void) sto_amount_scale(available, token->redeem_per, token->redeem_price, false, &enough);
	sto_reason_limit(reasons, there, in_range ? cost : NULL, enough);
}

void
sto_redeem_check(const StoPosting *p, StoReasons *reasons)
{
	int64 at = p->entry.posted_at;

	/* without terms it may not order that at all (authorise.c) */
	if (!is_by_issuer(p) || !p->token.redeems)
		return;
	if (at < p->token.redeem_from || at >= p->token.redeem_to)
		sto_reason_fact(reasons, STO_REASON_AUTHORITY, STO_REASON_OF_ORDER, NULL,
						"the terms of redemption are not in force now",
						"sto.token shows them: redeem_from and redeem_to.");
	else
		check_paid(p, reasons);
}

/*
 * Is it a payment that a redeem may use?  Only tokens that some terms name are asked about.
 * No issue is one: the issuer could lock up what it has just issued.  Nor is what goes to a
 * wallet that it keeps: it could order it back.
 */
static bool
is_payment(const StoPosting *p)
{
	const StoOrder *o = &p->entry.order;

	return p->token.pays && o->has_group && o->kind == STO_TRANSFER &&
		   !sto_uuid_equal(p->debit.party, p->credit.party) &&
		   !keeps(o->ordering_party, &p->credit);
}

void
sto_redeem_add(const StoPosting *p)
{
	StoAmount amount;
	PaidKey key;

	if (is_payment(p))
	{
		make_key(p, p->token.token_id, p->credit.party, &key);
		if (!sto_amount_add(unused(&key), p->entry.order.amount, &amount))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("the sum of a group's payments would leave the range of 128 "
								   "bits")));
		set_unused(&key, amount);
	}
	else if (p->token.redeems && is_by_issuer(p))
	{
		/* sto_redeem_check has seen that it is there */
		(void) sto_amount_scale(p->entry.order.amount, p->token.redeem_price, p->token.redeem_per,
								true, &amount);
		make_key(p, p->token.redeem_token, p->debit.party, &key);
		set_unused(&key, unused(&key) - amount);
	}
}

void
sto_redeem_forget(SubTransactionId subid)
{
	while (change_count > 0 && changes[change_count - 1].subid >= subid)
	{
		change_count--;
		changes[change_count].row->unused = changes[change_count].before;
	}
	if (subid != 0 || paid == NULL)
		return;
	hash_destroy(paid);
	paid = NULL;
}

void
sto_redeem_subxact_commit(SubTransactionId subid, SubTransactionId parent)
{
	for (int i = change_count - 1; i >= 0 && changes[i].subid >= subid; i--)
		changes[i].subid = parent;
	/* nothing but the end of the transaction takes them back now */
	if (parent == TopSubTransactionId)
		change_count = 0;
}
