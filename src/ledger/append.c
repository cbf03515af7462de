/*
 * append.c
 *		The fifth step: stamp the entry, chain it to both positions, hash it.
 */
#include "postgres.h"

#include "ledger/posting.h"

#include "errors.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

static pg_attribute_noreturn() void broken(const StoPosting *p, const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_STO_BROKEN_ROW),
					errmsg("entry " INT64_FORMAT " is not what its order and its chain make it",
						   p->entry.entry_id),
					errdetail("Its %s differs.", what),
					errhint("The row was altered after it was posted, or rows before it are "
							"missing. Keep this database as evidence and compare it with the "
							"primary.")));
}

void
sto_append_stamp(StoPosting *p)
{
	int64 floor = p->debit_pos->posted_at;

	if (p->credit_pos != NULL)
		floor = Max(floor, p->credit_pos->posted_at);
	floor = Max(floor, sto_ruling_floor(p));
	if (p->mode == STO_MODE_VERIFY)
	{
		if (p->entry.posted_at < floor)
			broken(p, "posted_at");
		return;
	}
	p->entry.received_at = StoTimeFromTimestamp(GetCurrentStatementStartTimestamp());
	p->entry.posted_at = sto_gate_clock(floor);
}

/* The leaf of an entry, with the salts of the wallets it touches. */
static void
sto_posting_leaf(const StoPosting *p, uint8_t leaf[STO_DIGEST_LEN])
{
	if (!sto_entry_leaf(p->ledger.ledger_id, &p->entry,
						p->entry.debit.present ? p->debit.salt : NULL,
						p->entry.credit.present ? p->credit.salt : NULL, leaf))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not hash an entry: OpenSSL failed")));
}

static void
set_head(StoPosition *pos, const uint8_t leaf[STO_DIGEST_LEN])
{
	pos->has_head = true;
	memcpy(pos->head, leaf, STO_DIGEST_LEN);
}

static void
fill(StoPosting *p, int column, Datum value)
{
	p->values[column - 1] = value;
	p->nulls[column - 1] = false;
}

static void
fill_side(StoPosting *p, int seq, int prev, StoSide *side)
{
	if (!side->present)
		return;
	/* seq, balance and held are neighbours */
	fill(p, seq, Int64GetDatum(side->seq));
	fill(p, seq + 1, PointerGetDatum(&side->balance));
	fill(p, seq + 2, PointerGetDatum(&side->held));
	if (side->has_prev)
		fill(p, prev, PointerGetDatum(side->prev));
}

static HeapTuple
make_tuple(StoPosting *p, const uint8_t *leaf, TupleDesc desc)
{
	StoEntry *e = &p->entry;

	fill(p, TRANSFER_ENTRY_ID, Int64GetDatum(e->entry_id));
	fill(p, TRANSFER_RECEIVED_AT, TimestampTzGetDatum(StoTimeToTimestamp(e->received_at)));
	fill(p, TRANSFER_POSTED_AT, TimestampTzGetDatum(StoTimeToTimestamp(e->posted_at)));
	fill(p, TRANSFER_POSTED_BY, PointerGetDatum(e->posted_by));
	fill(p, TRANSFER_LEAF_HASH, PointerGetDatum(leaf));
	fill_side(p, TRANSFER_DEBIT_SEQ, TRANSFER_DEBIT_PREV, &e->debit);
	fill_side(p, TRANSFER_CREDIT_SEQ, TRANSFER_CREDIT_PREV, &e->credit);
	if (e->has_rule_set)
		fill(p, TRANSFER_RULE_SET, Int64GetDatum(e->rule_set));
	if (e->has_key_policy)
		fill(p, TRANSFER_KEY_POLICY, Int64GetDatum(e->key_policy));
	if (e->signatures != NULL)
	{
		bytea *b = palloc(VARHDRSZ + e->signatures_len);

		SET_VARSIZE(b, VARHDRSZ + e->signatures_len);
		memcpy(VARDATA(b), e->signatures, e->signatures_len);
		fill(p, TRANSFER_SIGNATURES, PointerGetDatum(b));
	}
	return heap_form_tuple(desc, p->values, p->nulls);
}

static void
compare_side(const StoPosting *p, const StoSide *made, const StoSide *stored, const char *what)
{
	if (made->present != stored->present ||
		(made->present &&
		 (made->seq != stored->seq || made->balance != stored->balance ||
		  made->held != stored->held || made->has_prev != stored->has_prev ||
		  (made->has_prev && memcmp(made->prev, stored->prev, STO_DIGEST_LEN) != 0))))
		broken(p, what);
}

/* Verify mode: what this database works out must be what the row says. */
static void
compare(const StoPosting *p, const uint8_t *leaf)
{
	StoEntry stored;

	sto_entry_from_values(p->values, p->nulls, &stored);
	if (p->nulls[TRANSFER_LEAF_HASH - 1] ||
		memcmp(DatumGetPointer(p->values[TRANSFER_LEAF_HASH - 1]), leaf, STO_DIGEST_LEN) != 0)
	{
		/* name the column if a derived one differs; else a stated one was altered */
		compare_side(p, &p->entry.debit, &stored.debit, "debit position");
		compare_side(p, &p->entry.credit, &stored.credit, "credit position");
		broken(p, "leaf_hash");
	}
	compare_side(p, &p->entry.debit, &stored.debit, "debit position");
	compare_side(p, &p->entry.credit, &stored.credit, "credit position");
	if (stored.has_key_policy != p->entry.has_key_policy ||
		stored.key_policy != p->entry.key_policy)
		broken(p, "key_policy");
	if (stored.has_rule_set != p->entry.has_rule_set || stored.rule_set != p->entry.rule_set)
		broken(p, "rule_set");
}

HeapTuple
sto_append(StoPosting *p, TupleDesc desc)
{
	uint8_t leaf[STO_DIGEST_LEN];
	HeapTuple tuple = NULL;

	/* after every lock: then id order, chain order and commit order agree */
	if (p->mode == STO_MODE_POST)
		do
		{
			CHECK_FOR_INTERRUPTS();
			p->entry.entry_id = sto_gate_next_id();
		} while (!sto_ruling_takes_id(p, p->entry.entry_id));
	sto_posting_leaf(p, leaf);
	if (p->mode == STO_MODE_POST)
		tuple = make_tuple(p, leaf, desc);
	else
		compare(p, leaf);

	set_head(p->debit_pos, leaf);
	if (p->credit_pos != NULL)
		set_head(p->credit_pos, leaf);
	return tuple;
}
