/*
 * order.c
 *		The first step: a row of sto.transfer as an order.
 */
#include "postgres.h"

#include "ledger/posting.h"
#include "ledger/store.h"

#include "core/amount.h"
#include "core/bech32m.h"
#include "errors.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define VALUE(col) (values[TRANSFER_##col - 1])
#define PRESENT(col) (!nulls[TRANSFER_##col - 1])

static pg_attribute_noreturn() void bad_order(const char *message, const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_STO_INVALID_ORDER), errmsg("%s", message),
					detail ? errdetail("%s", detail) : 0));
}

/* Copy a fixed-length value if it is there. */
static bool
take(bool present, Datum value, uint8_t *out, Size len)
{
	if (present)
		memcpy(out, DatumGetPointer(value), len);
	return present;
}

static bool
take_i64(bool present, Datum value, int64_t *out)
{
	if (present)
		*out = DatumGetInt64(value);
	return present;
}

static bool
take_time(bool present, Datum value, int64_t *out)
{
	if (present)
	{
		TimestampTz t = DatumGetTimestampTz(value);

		if (TIMESTAMP_NOT_FINITE(t))
			bad_order("a time of the order is infinite", "Leave the column out instead.");
		/* the last thirty years of PostgreSQL's calendar */
		if (t > PG_INT64_MAX - STO_EPOCH_SHIFT)
			bad_order("a time of the order is later than its octets can say", NULL);
		*out = StoTimeFromTimestamp(t);
	}
	return present;
}

static void
read_side(const Datum *values, const bool *nulls, int first, int prev, StoSide *side)
{
	side->present = !nulls[first - 1];
	if (!side->present)
		return;
	side->seq = DatumGetInt64(values[first - 1]);
	/* seq, balance and held are neighbours; a stored row has all or none */
	if (nulls[first] || nulls[first + 1])
		ereport(ERROR, (errcode(ERRCODE_STO_BROKEN_ROW),
						errmsg("entry has a position's sequence but not its balance")));
	memcpy(&side->balance, DatumGetPointer(values[first]), STO_AMOUNT_LEN);
	memcpy(&side->held, DatumGetPointer(values[first + 1]), STO_AMOUNT_LEN);
	side->has_prev = take(!nulls[prev - 1], values[prev - 1], side->prev, STO_DIGEST_LEN);
}

static void
read_order(const Datum *values, const bool *nulls, StoOrder *o)
{
	text *t;

	if (!PRESENT(KIND))
		bad_order("the order has no kind", NULL);
	t = DatumGetTextPP(VALUE(KIND));
	if (!sto_kind_from_name(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &o->kind))
		ereport(ERROR,
				(errcode(ERRCODE_STO_INVALID_ORDER),
				 errmsg("unknown kind of order: \"%s\"", text_to_cstring(t)),
				 errhint("One of issue, redeem, transfer, hold, post, release, force, recover, "
						 "reverse.")));
	if (!PRESENT(TOKEN_ID) || !PRESENT(ORDER_ID) || !PRESENT(ORDERING_PARTY) || !PRESENT(AMOUNT))
		bad_order("the order is not complete",
				  "token_id, order_id, ordering_party and amount are always needed.");
	memcpy(o->token_id, DatumGetPointer(VALUE(TOKEN_ID)), STO_UUID_LEN);
	memcpy(o->order_id, DatumGetPointer(VALUE(ORDER_ID)), STO_UUID_LEN);
	memcpy(o->ordering_party, DatumGetPointer(VALUE(ORDERING_PARTY)), STO_UUID_LEN);
	memcpy(&o->amount, DatumGetPointer(VALUE(AMOUNT)), STO_AMOUNT_LEN);

	o->has_debit = take(PRESENT(DEBIT_WALLET), VALUE(DEBIT_WALLET), o->debit, STO_ADDRESS_LEN);
	o->has_credit = take(PRESENT(CREDIT_WALLET), VALUE(CREDIT_WALLET), o->credit, STO_ADDRESS_LEN);
	o->has_valid_until = take_time(PRESENT(VALID_UNTIL), VALUE(VALID_UNTIL), &o->valid_until);
	if (PRESENT(REFERENCE))
	{
		t = DatumGetTextPP(VALUE(REFERENCE));
		if (VARSIZE_ANY_EXHDR(t) > STO_REFERENCE_MAX)
			ereport(ERROR, (errcode(ERRCODE_STO_INVALID_ORDER), errmsg("the reference is too long"),
							errdetail("It has %d octets, at most %d are allowed.",
									  (int) VARSIZE_ANY_EXHDR(t), STO_REFERENCE_MAX)));
		o->has_reference = true;
		o->reference = VARDATA_ANY(t);
		o->reference_len = VARSIZE_ANY_EXHDR(t);
	}
	o->has_hold_id = take_i64(PRESENT(HOLD_ID), VALUE(HOLD_ID), &o->hold_id);
	if (PRESENT(PURPOSE))
	{
		t = DatumGetTextPP(VALUE(PURPOSE));
		if (!sto_purpose_from_name(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &o->purpose))
			ereport(ERROR, (errcode(ERRCODE_STO_INVALID_ORDER),
							errmsg("unknown purpose of a hold: \"%s\"", text_to_cstring(t)),
							errhint("One of subscription, settlement, pledge, hash_lock, lock_up, "
									"seizure, freeze.")));
		o->has_purpose = true;
	}
	o->has_notary = take(PRESENT(NOTARY), VALUE(NOTARY), o->notary, STO_UUID_LEN);
	o->has_release_after =
		take_time(PRESENT(RELEASE_AFTER), VALUE(RELEASE_AFTER), &o->release_after);
	o->has_condition =
		take(PRESENT(CONDITION_HASH), VALUE(CONDITION_HASH), o->condition, STO_DIGEST_LEN);
	o->has_instruction =
		take(PRESENT(INSTRUCTION_HASH), VALUE(INSTRUCTION_HASH), o->instruction, STO_DIGEST_LEN);
	if (PRESENT(PREIMAGE))
	{
		bytea *b = DatumGetByteaPP(VALUE(PREIMAGE));

		if (VARSIZE_ANY_EXHDR(b) != STO_PREIMAGE_LEN)
			ereport(ERROR, (errcode(ERRCODE_STO_INVALID_ORDER),
							errmsg("the preimage of a hash lock has %d octets, not %d",
								   (int) VARSIZE_ANY_EXHDR(b), STO_PREIMAGE_LEN)));
		o->has_preimage = true;
		memcpy(o->preimage, VARDATA_ANY(b), STO_PREIMAGE_LEN);
	}
	o->has_keep_rest = PRESENT(KEEP_REST);
	o->keep_rest = o->has_keep_rest && DatumGetBool(VALUE(KEEP_REST));
	o->has_attachment =
		take(PRESENT(ATTACHMENT_HASH), VALUE(ATTACHMENT_HASH), o->attachment, STO_DIGEST_LEN);
	o->has_group = take(PRESENT(GROUP_ID), VALUE(GROUP_ID), o->group_id, STO_UUID_LEN);
	o->has_undoes = take_i64(PRESENT(UNDOES), VALUE(UNDOES), &o->undoes);
	o->has_checked_once = PRESENT(CHECKED_ONCE);
	o->checked_once = o->has_checked_once && DatumGetBool(VALUE(CHECKED_ONCE));
}

void
sto_entry_from_values(const Datum *values, const bool *nulls, StoEntry *entry)
{
	memset(entry, 0, sizeof(*entry));
	/* first, for messages about the rest */
	if (PRESENT(ENTRY_ID))
		entry->entry_id = DatumGetInt64(VALUE(ENTRY_ID));
	read_order(values, nulls, &entry->order);
	entry->has_authority_event =
		take_i64(PRESENT(AUTHORITY_EVENT), VALUE(AUTHORITY_EVENT), &entry->authority_event);
	entry->has_rule_set = take_i64(PRESENT(RULE_SET), VALUE(RULE_SET), &entry->rule_set);
	entry->has_key_policy = take_i64(PRESENT(KEY_POLICY), VALUE(KEY_POLICY), &entry->key_policy);
	read_side(values, nulls, TRANSFER_DEBIT_SEQ, TRANSFER_DEBIT_PREV, &entry->debit);
	read_side(values, nulls, TRANSFER_CREDIT_SEQ, TRANSFER_CREDIT_PREV, &entry->credit);
	if (PRESENT(SIGNATURES))
	{
		bytea *b = DatumGetByteaPP(VALUE(SIGNATURES));

		if (VARSIZE_ANY_EXHDR(b) > PG_UINT16_MAX)
			bad_order("the list of signatures is too long", NULL);
		entry->signatures = (const uint8_t *) VARDATA_ANY(b);
		entry->signatures_len = VARSIZE_ANY_EXHDR(b);
	}
	(void) take_time(PRESENT(RECEIVED_AT), VALUE(RECEIVED_AT), &entry->received_at);
	(void) take_time(PRESENT(POSTED_AT), VALUE(POSTED_AT), &entry->posted_at);
	(void) take(PRESENT(POSTED_BY), VALUE(POSTED_BY), entry->posted_by, STO_UUID_LEN);
}

/* A client states an order; every other column is the gate's. */
static void
refuse_gate_columns(const bool *nulls, TupleDesc desc)
{
	static const int gate_columns[] = {
		TRANSFER_ENTRY_ID,      TRANSFER_RECEIVED_AT, TRANSFER_POSTED_AT,  TRANSFER_DEBIT_SEQ,
		TRANSFER_DEBIT_BALANCE, TRANSFER_DEBIT_HELD,  TRANSFER_CREDIT_SEQ, TRANSFER_CREDIT_BALANCE,
		TRANSFER_CREDIT_HELD,   TRANSFER_KEY_POLICY,  TRANSFER_RULE_SET,   TRANSFER_POSTED_BY,
		TRANSFER_DEBIT_PREV,    TRANSFER_CREDIT_PREV, TRANSFER_LEAF_HASH,
	};

	for (int i = 0; i < (int) lengthof(gate_columns); i++)
		if (!nulls[gate_columns[i] - 1])
			ereport(ERROR, (errcode(ERRCODE_STO_GATE_COLUMN),
							errmsg("column \"%s\" is filled by the gate",
								   NameStr(TupleDescAttr(desc, gate_columns[i] - 1)->attname)),
							errhint("Leave it out of the INSERT; to load a dump, set "
									"sto_ledger.restore.")));
}

void
sto_order_read(StoPosting *p, HeapTuple tuple, TupleDesc desc)
{
	heap_deform_tuple(tuple, desc, p->values, p->nulls);
	if (p->mode == STO_MODE_POST)
		refuse_gate_columns(p->nulls, desc);
	sto_entry_from_values(p->values, p->nulls, &p->entry);
}

/* Which optional fields a kind needs and allows. */
void
sto_order_check_shape(const StoOrder *o)
{
	bool hold = o->kind == STO_HOLD;
	bool of_hold = o->kind == STO_POST || o->kind == STO_RELEASE;
	bool needs_credit = !hold && o->kind != STO_RELEASE;

	if (o->amount <= 0)
	{
		char text[STO_AMOUNT_TEXT_MAX];

		sto_amount_print(o->amount, text);
		ereport(ERROR, (errcode(ERRCODE_STO_INVALID_ORDER), errmsg("the amount must be positive"),
						errdetail("It is %s.", text)));
	}
	if (!o->has_debit)
		bad_order("the order names no debit wallet", NULL);
	if (needs_credit && !o->has_credit)
		bad_order("the order names no credit wallet", NULL);
	if (o->kind == STO_RELEASE && o->has_credit)
		bad_order("a release names no credit wallet", NULL);
	if (o->has_credit && memcmp(o->debit, o->credit, STO_ADDRESS_LEN) == 0)
		bad_order("debit and credit wallet are the same", NULL);
	if (o->has_hold_id != of_hold)
		bad_order(of_hold ? "the order names no hold" : "only post and release name a hold",
				  of_hold ? "hold_id is the entry_id of the hold's entry." : NULL);
	if (!hold && (o->has_purpose || o->has_notary || o->has_release_after || o->has_condition ||
				  o->has_instruction))
		bad_order("only a hold has a purpose and terms",
				  "purpose, notary, release_after, condition_hash and instruction_hash must be "
				  "null.");
	if (o->kind != STO_POST && (o->has_keep_rest || o->has_preimage))
		bad_order("only a post has keep_rest or a preimage", NULL);
	if (o->has_checked_once && (!hold || o->purpose == STO_LOCK_UP || !o->has_credit))
		bad_order("only a hold that names its beneficiary can be checked once",
				  "Whoever receives the units is checked when the hold is placed, or when it is "
				  "posted.");
	if (o->has_undoes != (o->kind == STO_REVERSE))
		bad_order(o->has_undoes ? "only a reverse undoes an entry"
								: "the order does not say which entry it undoes",
				  NULL);
	if (!hold)
		return;

	if (!o->has_purpose)
		bad_order("the hold has no purpose", NULL);
	if (sto_order_by_case(o) && (o->has_notary || o->has_release_after))
		bad_order("a seizure or a freeze ends by an officer's word alone",
				  "It has no notary and no release_after.");
	if (sto_order_by_case(o) && o->has_checked_once)
		bad_order(
			"a seizure or a freeze can't be checked once",
			"No rule is asked when it is placed, and its case does not say so: rules are asked "
			"when it is posted.");
	if (o->purpose == STO_FREEZE && o->has_credit)
		bad_order("a freeze has no beneficiary", NULL);
	if ((o->purpose == STO_SUBSCRIPTION || o->purpose == STO_SETTLEMENT) &&
		(!o->has_notary || !o->has_instruction))
		bad_order("a hold for subscription or settlement needs a notary and an instruction_hash",
				  NULL);
	if ((o->purpose == STO_PLEDGE || o->purpose == STO_HASH_LOCK) && !o->has_credit)
		bad_order("a pledge or a hash lock names its beneficiary as credit wallet", NULL);
	if ((o->purpose == STO_HASH_LOCK) != o->has_condition)
		bad_order("a hash lock, and nothing else, has a condition_hash", NULL);
	if ((o->purpose == STO_HASH_LOCK || o->purpose == STO_LOCK_UP) && !o->has_release_after)
		bad_order("a hash lock or a lock-up needs release_after", NULL);
	if (o->purpose == STO_LOCK_UP && o->has_credit)
		bad_order("a lock-up has no beneficiary", NULL);
	if (o->has_instruction && o->purpose != STO_SUBSCRIPTION && o->purpose != STO_SETTLEMENT)
		bad_order("only a hold for subscription or settlement has an instruction_hash", NULL);
	if (o->has_notary && (o->purpose == STO_PLEDGE || o->purpose == STO_HASH_LOCK))
		bad_order("a pledge or a hash lock has no notary", NULL);
}

static void
resolve_wallet(const uint8_t *address, StoWalletFact *out)
{
	if (!sto_fact_wallet(address, out))
	{
		char text[STO_ADDRESS_TEXT_LEN + 1];

		sto_address_print(address, text);
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_WALLET),
						errmsg("wallet %s is not in the register", text),
						errhint("Its address belongs to one ledger only: was it made for "
								"this one?")));
	}
}

/*
 * Who orders has shown nothing yet: whether a hold is there is only told to who knows
 * its wallet and token.
 */
static void
resolve_hold(StoPosting *p)
{
	const StoOrder *o = &p->entry.order;

	if (!sto_hold_read(o->hold_id, &p->hold) ||
		memcmp(p->hold.token_id, o->token_id, STO_UUID_LEN) != 0 ||
		memcmp(p->hold.wallet, o->debit, STO_ADDRESS_LEN) != 0)
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_HOLD),
						errmsg("there is no hold " INT64_FORMAT " on this wallet, of this token",
							   o->hold_id)));
	if (o->kind == STO_POST && p->hold.has_beneficiary &&
		memcmp(p->hold.beneficiary, o->credit, STO_ADDRESS_LEN) != 0)
		ereport(ERROR, (errcode(ERRCODE_STO_HOLD_TERMS),
						errmsg("hold " INT64_FORMAT " names another beneficiary", o->hold_id)));
}

void
sto_order_resolve(StoPosting *p)
{
	const StoOrder *o = &p->entry.order;

	if (!sto_fact_token(o->token_id, &p->token))
		ereport(
			ERROR,
			(errcode(ERRCODE_STO_UNKNOWN_TOKEN),
			 errmsg("token %s is not in the register",
					DatumGetCString(DirectFunctionCall1(uuid_out, PointerGetDatum(o->token_id))))));
	if (o->has_debit)
		resolve_wallet(o->debit, &p->debit);
	if (o->has_credit)
		resolve_wallet(o->credit, &p->credit);
	if (o->has_hold_id)
		resolve_hold(p);
	/* a pledge is posted by its beneficiary, whose list may be a batch, or under a case */
	if (p->entry.has_authority_event &&
		(sto_order_by_case(o) || (o->kind == STO_POST && p->hold.purpose == STO_PLEDGE)))
		p->legal = sto_case_read(p->entry.authority_event);
}

void
sto_order_lock(StoPosting *p)
{
	const StoOrder *o = &p->entry.order;
	/* a hold names a beneficiary, whose position it doesn't touch */
	bool credit = o->has_credit && o->kind != STO_HOLD;
	bool read = sto_ruling_reads_credit(p);

	/* first: whoever else uses the case waits here, whatever positions it moves */
	if (p->legal != NULL)
		p->legal = sto_case_lock(p->legal->event);
	/* in key order, so that A to B and B to A can't wait for each other */
	if (credit && memcmp(o->credit, o->debit, STO_ADDRESS_LEN) < 0)
		p->credit_pos = sto_position_lock(o->token_id, o->credit);
	if (read && memcmp(o->credit, o->debit, STO_ADDRESS_LEN) < 0)
		sto_position_bar(o->token_id, o->credit);
	p->debit_pos = sto_position_lock(o->token_id, o->debit);
	if (read)
		sto_position_bar(o->token_id, o->credit);
	if (credit)
		p->credit_pos = sto_position_lock(o->token_id, o->credit);
}

static void
compare_with_first(const StoPosting *p, TupleTableSlot *slot)
{
	StoEntry first;
	const char *id;

	slot_getallattrs(slot);
	sto_entry_from_values(slot->tts_values, slot->tts_isnull, &first);
	if (sto_order_equal(&first.order, &p->entry.order))
		return;
	id = DatumGetCString(DirectFunctionCall1(uuid_out, PointerGetDatum(p->entry.order.order_id)));
	ereport(ERROR, (errcode(ERRCODE_STO_ORDER_ID_REUSED),
					errmsg("order id %s was used for a different order", id),
					errdetail("The first is entry " INT64_FORMAT ".", first.entry_id),
					errhint("Give every order an id of its own.")));
}

bool
sto_order_repeated(const StoPosting *p)
{
	SnapshotData snapshot;
	Datum keys[2] = {PointerGetDatum(p->entry.order.order_id),
					 PointerGetDatum(p->entry.order.ordering_party)};

	/* the newest state, not the statement's: an equal order may be in flight */
	for (;;)
	{
		StoScan scan;
		TransactionId other = InvalidTransactionId;
		bool found;

		InitDirtySnapshot(snapshot);
		sto_scan_begin(&scan, STO_REL_TRANSFER, STO_IDX_TRANSFER_ORDER, 2, keys, &snapshot);
		found = sto_scan_next(&scan);
		if (found)
		{
			other = snapshot.xmin;
			if (!TransactionIdIsValid(other))
				compare_with_first(p, scan.slot);
		}
		sto_scan_end(&scan);
		if (!found || !TransactionIdIsValid(other))
			return found;
		XactLockTableWait(other, NULL, NULL, XLTW_None);
	}
}
