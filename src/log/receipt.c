/*
 * receipt.c
 *		sto.receipt() and sto.verify_receipt(): C2SP tlog-proof texts.
 *
 * docs/format.md, "Receipt".
 */
#include "postgres.h"

#include "core/record.h"
#include "ledger/columns.h"
#include "ledger/gate.h"
#include "log/columns.h"
#include "log/cosign.h"
#include "log/range.h"
#include "log/receipt.h"
#include "log/tree.h"
#include "types/types.h"

#include "errors.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(sto_receipt_sql);
PG_FUNCTION_INFO_V1(sto_verify_receipt);

static StoOpens
opens_from_arg(FunctionCallInfo fcinfo, int n)
{
	char *which;

	if (PG_ARGISNULL(n))
		return STO_OPENS_OWN;
	which = text_to_cstring(PG_GETARG_TEXT_PP(n));
	if (strcmp(which, "debit") == 0)
		return STO_OPENS_DEBIT;
	if (strcmp(which, "credit") == 0)
		return STO_OPENS_CREDIT;
	if (strcmp(which, "none") == 0)
		return STO_OPENS_NONE;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("there is no side \"%.40s\" of an entry", which),
					errhint("Say debit, credit or none; null opens the reader's own.")));
}

/*
 * Cosignatures looked through before a checkpoint will do that lacks some: a
 * day's, one a second.
 */
#define COSIGNATURES_LOOKED_AT 86400

/* The register's own rule, but never fewer than two: sto.checkpoint_status. */
static int
witnesses_wanted(Snapshot snapshot)
{
	StoRange range;
	int wanted = 2;

	sto_range_begin(&range, STO_REL_WITNESS_POLICY, STO_IDX_WITNESS_POLICY, snapshot, NULL, 0,
					BackwardScanDirection);
	if (sto_range_next(&range))
		wanted = Max(wanted, DatumGetInt16(sto_range_get(&range, WITNESS_POLICY_THRESHOLD)));
	sto_range_end(&range);
	return wanted;
}

/*
 * The newest tree size above `index` that witnesses of so many parties cosigned; if
 * there is none, the newest of those that most did; -1 if nobody cosigned any.
 */
static int64
find_cosigned(Snapshot snapshot, int64 index, int wanted)
{
	const StoBound above = {1, BTGreaterStrategyNumber, false, index};
	uint8_t parties[STO_NOTE_SIGNATURES_MAX][STO_UUID_LEN];
	int count = 0;
	int most = 0;
	int64 size = -1;
	int64 best = -1;
	StoRange range;

	sto_range_begin(&range, STO_REL_COSIGNATURE, STO_IDX_COSIGNATURE, snapshot, &above, 1,
					BackwardScanDirection);
	for (int seen = 0; most < wanted && seen < COSIGNATURES_LOOKED_AT && sto_range_next(&range);
		 seen++)
	{
		int64 at = DatumGetInt64(sto_range_get(&range, COSIGNATURE_TREE_SIZE));
		const void *party = DatumGetPointer(sto_range_get(&range, COSIGNATURE_PARTY_ID));
		bool again = false;

		CHECK_FOR_INTERRUPTS();
		if (at != size)
			count = 0;
		size = at;
		for (int i = 0; i < count && !again; i++)
			again = memcmp(parties[i], party, STO_UUID_LEN) == 0;
		if (!again && count < STO_NOTE_SIGNATURES_MAX)
			memcpy(parties[count++], party, STO_UUID_LEN);
		if (count > most)
		{
			most = count;
			best = size;
		}
	}
	sto_range_end(&range);
	return best;
}

/*
 * The newest checkpoint over the leaf: one that is witnessed if there is such a
 * one, else one that as many witnesses cosigned as did any, as the newest of all is
 * seconds old and few have seen it, else any.  ERROR ST501 if none is signed yet.
 */
static void
find_checkpoint(Snapshot snapshot, int64 entry_id, int64 index, StoStoredCheckpoint *stored)
{
	int64 size = find_cosigned(snapshot, index, witnesses_wanted(snapshot));

	if (size > index && sto_stored_checkpoint(size, snapshot, stored))
		return;
	if (sto_stored_checkpoint(-1, snapshot, stored) && stored->tree_size > index)
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_STO_NOT_SEALED),
		 errmsg("entry " INT64_FORMAT " is sealed, but no checkpoint over it is signed", entry_id),
		 errdetail("Its leaf has index " INT64_FORMAT
				   "; a receipt needs a signed checkpoint over more leaves than that.",
				   index),
		 errhint("Try again in a moment; sto.worker_status shows whether the worker has a "
				 "key and signs.")));
}

/* Nothing is given out that would not verify. */
static void
check_against(const StoStoredCheckpoint *stored, int64 entry_id, const StoHash *leaf, int64 index,
			  const StoHash *proof, int count)
{
	if (!sto_verify_inclusion(leaf, index, stored->tree_size, proof, count,
							  &stored->checkpoint.root))
		ereport(ERROR,
				(errcode(ERRCODE_STO_BROKEN_ROW),
				 errmsg("entry " INT64_FORMAT " is not in the tree of the checkpoint", entry_id),
				 errdetail("The tree of " INT64_FORMAT " leaves is not the one that was signed.",
						   stored->tree_size),
				 errhint("The log or its seals were altered; run sto.verify().")));
}

/*
 * sto.receipt(entry_id bigint, which text DEFAULT NULL) returns text
 *
 * Proof that an entry or event is in the newest signed checkpoint, with the
 * reader's own side open.
 *
 * Errors: ST502 no such entry; 42501 the role may not see it, or that side;
 * 22023 which is not a side that it moves; ST501 not sealed, or not signed
 * yet; ST404 log or tree are not what was sealed.
 */
Datum
sto_receipt_sql(PG_FUNCTION_ARGS)
{
	int64 entry_id = PG_GETARG_INT64(0);
	StoOpens opens = opens_from_arg(fcinfo, 1);
	Snapshot snapshot = GetActiveSnapshot();
	StoAsker asker;
	StoReceiptLeaf leaf;
	StoHash hash;
	StoHash proof[STO_PROOF_MAX];
	StoTree tree;
	StoWriter extra;
	StoWriter w;
	StoStoredCheckpoint stored;
	int64 index;
	int count;
	text *note;
	text *result;

	sto_reader_of_role(snapshot, &asker);
	sto_receipt_leaf(&asker, entry_id, opens, &leaf, &hash);

	sto_tree_open(&tree, snapshot);
	index = sto_tree_leaf_index(&tree, entry_id, NULL);
	find_checkpoint(snapshot, entry_id, index, &stored);
	sto_tree_inclusion(&tree, index, stored.tree_size, proof, &count);
	sto_tree_close(&tree);
	check_against(&stored, entry_id, &hash, index, proof, count);
	note = sto_cosigned_note(&stored, snapshot);

	sto_writer_init(&extra, NULL, 0);
	sto_put_receipt_leaf(&extra, &leaf);
	sto_writer_init(&extra, palloc(extra.len), extra.len);
	sto_put_receipt_leaf(&extra, &leaf);

	sto_writer_init(&w, NULL, 0);
	sto_put_receipt(&w, extra.data, extra.len, index, proof, count, VARDATA_ANY(note),
					VARSIZE_ANY_EXHDR(note));
	result = palloc(VARHDRSZ + w.len);
	SET_VARSIZE(result, VARHDRSZ + w.len);
	sto_writer_init(&w, VARDATA(result), w.len);
	sto_put_receipt(&w, extra.data, extra.len, index, proof, count, VARDATA_ANY(note),
					VARSIZE_ANY_EXHDR(note));
	if (w.failed || extra.failed)
		elog(ERROR, "the receipt of entry " INT64_FORMAT " does not fit its length", entry_id);
	PG_RETURN_TEXT_P(result);
}

static void
read_vkey(text *value, uint8_t type, const char *what, StoNoteKey *key)
{
	const char *why = NULL;

	if (!sto_vkey_parse(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), key, &why))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the key of the %s can't be read", what), errdetail("Reason: %s.", why),
				 errhint("A key reads name+id+base64, as sto.log_vkey() and "
						 "sto.witness_vkeys give it.")));
	if (key->type != type)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the key of the %s is of another type", what),
				 errdetail("Its type is %d; that of a %s's key is %d.", key->type, what, type)));
}

static StoNoteKey *
read_witnesses(ArrayType *array, int *count)
{
	Datum *items;
	bool *nulls;
	StoNoteKey *keys;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls, count);
	if (*count > STO_NOTE_SIGNATURES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are more than %d keys of witnesses", STO_NOTE_SIGNATURES_MAX)));
	keys = palloc((*count + 1) * sizeof(StoNoteKey));
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("the key of a witness is null")));
		read_vkey(DatumGetTextPP(items[i]), STO_NOTE_COSIGNATURE, "witness", &keys[i]);
	}
	return keys;
}

/* Result columns of sto.verify_receipt. */
enum
{
	OUT_OK,
	OUT_REASON,
	OUT_ENTRY_ID,
	OUT_LEDGER_ID,
	OUT_LEAF,
	OUT_LEAF_INDEX,
	OUT_TREE_SIZE,
	OUT_ROOT,
	OUT_ORIGIN,
	OUT_WITNESSES,
	OUT_KIND,
	OUT_AT,
	OUT_TOKEN_ID,
	OUT_DEBIT_WALLET,
	OUT_CREDIT_WALLET,
	OUT_AMOUNT,
	OUT_SIDE,
	OUT_SEQ,
	OUT_BALANCE,
	OUT_HELD,
	OUT_PREV,
	OUT_RECORD,
	OUT_COLUMNS
};

typedef struct Answer
{
	Datum values[OUT_COLUMNS];
	bool nulls[OUT_COLUMNS];
} Answer;

static void
say(Answer *answer, int column, Datum value)
{
	answer->values[column] = value;
	answer->nulls[column] = false;
}

static Datum
text_datum(const char *text, size_t len)
{
	return PointerGetDatum(cstring_to_text_with_len(text, (int) len));
}

static void
say_record(Answer *answer, const StoReceiptFacts *facts)
{
	const StoReceiptLeaf *leaf = &facts->leaf;
	bytea *octets = palloc(VARHDRSZ + leaf->record_len);
	const char *why;
	StoRecord record;
	const StoOrder *o = &record.entry.order;

	SET_VARSIZE(octets, VARHDRSZ + leaf->record_len);
	memcpy(VARDATA(octets), leaf->record, leaf->record_len);
	say(answer, OUT_RECORD, PointerGetDatum(octets));
	if (!sto_record_parse(leaf->record, leaf->record_len, &record, &why))
		return;
	say(answer, OUT_LEDGER_ID, StoOctetsGetDatum(record.ledger_id, STO_UUID_LEN));
	if (record.kind == STO_RECORD_EVENT)
	{
		say(answer, OUT_ENTRY_ID, Int64GetDatum(record.event.entry_id));
		say(answer, OUT_KIND, text_datum(record.event.kind, record.event.kind_len));
		say(answer, OUT_AT, TimestampTzGetDatum(StoTimeToTimestamp(record.event.recorded_at)));
		return;
	}
	say(answer, OUT_ENTRY_ID, Int64GetDatum(record.entry.entry_id));
	say(answer, OUT_KIND, PointerGetDatum(cstring_to_text(sto_kind_name(o->kind))));
	say(answer, OUT_AT, TimestampTzGetDatum(StoTimeToTimestamp(record.entry.posted_at)));
	say(answer, OUT_TOKEN_ID, StoOctetsGetDatum(o->token_id, STO_UUID_LEN));
	say(answer, OUT_AMOUNT, StoAmountGetDatum(o->amount));
	if (o->has_debit)
		say(answer, OUT_DEBIT_WALLET, StoOctetsGetDatum(o->debit, STO_ADDRESS_LEN));
	if (o->has_credit)
		say(answer, OUT_CREDIT_WALLET, StoOctetsGetDatum(o->credit, STO_ADDRESS_LEN));
	if (leaf->which == STO_OPENS_NONE)
		return;
	say(answer, OUT_SIDE,
		PointerGetDatum(cstring_to_text(leaf->which == STO_OPENS_DEBIT ? "debit" : "credit")));
	say(answer, OUT_SEQ, Int64GetDatum(leaf->side.seq));
	say(answer, OUT_BALANCE, StoAmountGetDatum(leaf->side.balance));
	say(answer, OUT_HELD, StoAmountGetDatum(leaf->side.held));
	if (leaf->side.has_prev)
		say(answer, OUT_PREV, StoOctetsGetDatum(leaf->side.prev, STO_DIGEST_LEN));
}

/*
 * What the receipt says, once it is good.  Of a bad one nothing is told but
 * why: a caller that looks at the columns and forgets ok finds them null.
 */
static void
say_facts(Answer *answer, const StoReceiptFacts *facts)
{
	say(answer, OUT_LEAF, StoOctetsGetDatum(facts->leaf_hash, STO_DIGEST_LEN));
	say(answer, OUT_LEAF_INDEX, Int64GetDatum(facts->index));
	say(answer, OUT_TREE_SIZE, Int64GetDatum(facts->checkpoint.size));
	say(answer, OUT_ROOT, StoOctetsGetDatum(facts->checkpoint.root.octets, STO_DIGEST_LEN));
	say(answer, OUT_ORIGIN, text_datum(facts->checkpoint.origin, facts->checkpoint.origin_len));
	say(answer, OUT_WITNESSES, Int32GetDatum(facts->witnesses));
	say_record(answer, facts);
}

/*
 * sto.verify_receipt(receipt text, log_key text, witness_keys text[] DEFAULT '{}',
 *					  witnesses int DEFAULT 0) returns record
 *
 * Checks a receipt with these keys and nothing else: it reads no table.
 *
 * Errors: 22023 a key that can't be read, more than 64 of them, or a negative
 * number of witnesses; 22004 a key is null; 38000 if OpenSSL failed.
 */
Datum
sto_verify_receipt(PG_FUNCTION_ARGS)
{
	text *receipt = PG_GETARG_TEXT_PP(0);
	int threshold = PG_GETARG_INT32(3);
	/* no good receipt has a longer extra than that; a longer one is malformed */
	Size scratch_len = Min(VARSIZE_ANY_EXHDR(receipt), STO_RECEIPT_RECORD_MAX + 256);
	StoNoteKey log;
	StoNoteKey *witnesses;
	int witness_count;
	StoReceiptFacts facts;
	StoReceiptResult checked;
	const char *why = NULL;
	TupleDesc desc;
	Answer answer;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "sto.verify_receipt returns a row");
	if (threshold < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the number of witnesses must not be negative")));
	read_vkey(PG_GETARG_TEXT_PP(1), STO_NOTE_ED25519, "log", &log);
	witnesses = read_witnesses(PG_GETARG_ARRAYTYPE_P(2), &witness_count);

	checked = sto_receipt_check(
		VARDATA_ANY(receipt), sto_note_len(VARDATA_ANY(receipt), VARSIZE_ANY_EXHDR(receipt)), &log,
		witnesses, witness_count, threshold, palloc(scratch_len), scratch_len, &facts, &why);
	if (checked == STO_RECEIPT_FAILED)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not check a receipt: OpenSSL failed")));

	memset(&answer, 0, sizeof(answer));
	memset(answer.nulls, true, sizeof(answer.nulls));
	say(&answer, OUT_OK, BoolGetDatum(checked == STO_RECEIPT_GOOD));
	if (checked == STO_RECEIPT_GOOD)
		say_facts(&answer, &facts);
	else
		say(&answer, OUT_REASON, PointerGetDatum(cstring_to_text(why)));
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), answer.values, answer.nulls)));
}
