/*
 * close_proof.c
 *		Proofs of what a position was at a day's close, and the pure functions
 *		that check them.
 *
 * docs/format.md, "The content of a close".  A proof is computed from the log as it was before
 * the close's event and compared with the root that the event states.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/amount.h"
#include "core/bech32m.h"
#include "core/receipt.h"
#include "ledger/close.h"
#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/reader.h"
#include "ledger/register.h"
#include "ledger/store.h"
#include "types/types.h"

#include "errors.h"

PG_FUNCTION_INFO_V1(sto_close_leaf_sql);
PG_FUNCTION_INFO_V1(sto_merkle_root_add);
PG_FUNCTION_INFO_V1(sto_merkle_root_final);
PG_FUNCTION_INFO_V1(sto_close_proof);
PG_FUNCTION_INFO_V1(sto_close_proofs);

/* What the acting role may see of a wallet's position. */
typedef enum Sight
{
	SIGHT_NONE,
	SIGHT_HIDDEN, /* of the token's issuer: that it is there, not what is in it */
	SIGHT_OPEN
} Sight;

pg_attribute_noreturn() static void hash_failed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION), errmsg("could not compute SHA-256")));
}

/*
 * sto.close_leaf(wallet wallet_address, token_id uuid, seq bigint, head digest, salted digest)
 * returns digest
 *
 * The leaf of one position in a close (docs/format.md, "The content of a close"): head is the leaf
 * of its last entry, salted the digest of its side.  Errors: 38000 if OpenSSL failed.
 */
Datum
sto_close_leaf_sql(PG_FUNCTION_ARGS)
{
	StoHash leaf;

	if (!sto_close_leaf_hash(PG_GETARG_STO_OCTETS(0), PG_GETARG_STO_OCTETS(1), PG_GETARG_INT64(2),
							 PG_GETARG_STO_OCTETS(3), PG_GETARG_STO_OCTETS(4), &leaf))
		hash_failed();
	PG_RETURN_DATUM(StoOctetsGetDatum(leaf.octets, STO_DIGEST_LEN));
}

/* Transition of sto.merkle_root(digest). */
Datum
sto_merkle_root_add(PG_FUNCTION_ARGS)
{
	StoFrontier *frontier = PG_ARGISNULL(0) ? NULL : (StoFrontier *) PG_GETARG_POINTER(0);
	MemoryContext context;
	StoHash leaf;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "sto_merkle_root_add is called by an aggregate only");
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a leaf hash must not be null")));
	if (frontier == NULL)
	{
		frontier = MemoryContextAlloc(context, sizeof(StoFrontier));
		sto_frontier_init(frontier);
	}
	memcpy(leaf.octets, PG_GETARG_STO_OCTETS(1), STO_DIGEST_LEN);
	if (!sto_frontier_append(frontier, &leaf))
		hash_failed();
	PG_RETURN_POINTER(frontier);
}

/* sto.merkle_root(digest ORDER BY ...) returns digest: of no leaves, SHA-256(""). */
Datum
sto_merkle_root_final(PG_FUNCTION_ARGS)
{
	StoFrontier empty;
	const StoFrontier *frontier = &empty;
	StoHash root;

	if (PG_ARGISNULL(0))
		sto_frontier_init(&empty);
	else
		frontier = (const StoFrontier *) PG_GETARG_POINTER(0);
	if (!sto_frontier_root(frontier, &root))
		hash_failed();
	PG_RETURN_DATUM(StoOctetsGetDatum(root.octets, STO_DIGEST_LEN));
}

/* The tree over the leaves of a close: level 0 the leaves, then the roots of full tiles of the
 * level below. */
typedef struct CloseTree
{
	int64 count[STO_TILE_LEVELS];
	StoHash *hashes[STO_TILE_LEVELS];
} CloseTree;

static bool
read_tree(void *context, int level, int64_t first, int count, StoHash *out)
{
	const CloseTree *tree = context;

	if (level >= STO_TILE_LEVELS || first + count > tree->count[level])
		return false;
	memcpy(out, tree->hashes[level] + first, count * sizeof(StoHash));
	return true;
}

static void
build_tree(const StoCloseLines *lines, CloseTree *tree)
{
	memset(tree, 0, sizeof(*tree));
	tree->count[0] = lines->count;
	tree->hashes[0] =
		MemoryContextAllocHuge(CurrentMemoryContext, (lines->count + 1) * sizeof(StoHash));
	for (int64 i = 0; i < lines->count; i++)
	{
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		sto_close_line_leaf(&lines->lines[i], &tree->hashes[0][i]);
	}
	for (int level = 1; level < STO_TILE_LEVELS; level++)
	{
		tree->count[level] = tree->count[level - 1] / STO_TILE_WIDTH;
		if (tree->count[level] == 0)
			break;
		tree->hashes[level] = palloc(tree->count[level] * sizeof(StoHash));
		for (int64 i = 0; i < tree->count[level]; i++)
			if (!sto_hashes_root(tree->hashes[level - 1] + i * STO_TILE_WIDTH, STO_TILE_WIDTH,
								 &tree->hashes[level][i]))
				hash_failed();
	}
}

/* The same people as see the wallet in sto.statement(), and the token's issuer. */
static Sight
sight_of(const uint8_t *wallet, const uint8_t *token_id)
{
	StoWalletFact fact;
	StoTokenFact token;
	uint8_t party[STO_UUID_LEN];
	bool member = sto_fact_member_try(party);

	if (!sto_fact_wallet(wallet, &fact))
		return SIGHT_NONE;
	if (sto_reads_register(member ? party : NULL))
		return SIGHT_OPEN;
	if (!member)
		return SIGHT_NONE;
	if (sto_uuid_equal(party, fact.party) ||
		(fact.has_custodian && sto_uuid_equal(party, fact.custodian)))
		return SIGHT_OPEN;
	if (sto_fact_token(token_id, &token) && sto_uuid_equal(party, token.issuer))
		return SIGHT_HIDDEN;
	return SIGHT_NONE;
}

/* What the close's event states. */
static void
find_close(int64 event, int64 *count, StoHash *root)
{
	Datum key = Int64GetDatum(event);
	StoRow row;
	bool isnull;

	if (!sto_store_find(STO_REL_CLOSE, STO_IDX_CLOSE, 1, &key, &row))
		ereport(ERROR, (errcode(ERRCODE_STO_NO_SUCH_LEAF),
						errmsg("event " INT64_FORMAT " is not a close", event),
						errhint("SELECT * FROM sto.close lists them.")));
	*count = DatumGetInt64(sto_row_get(&row, CLOSE_COUNT, &isnull));
	memcpy(root->octets, DatumGetPointer(sto_row_get(&row, CLOSE_ROOT, &isnull)), STO_DIGEST_LEN);
	sto_row_close(&row);
}

static void
put_hex(StringInfo json, const char *name, const uint8_t *octets)
{
	char hex[2 * STO_DIGEST_LEN + 1];

	sto_hex_encode(octets, STO_DIGEST_LEN, hex);
	appendStringInfo(json, ",\"%s\":\"%s\"", name, hex);
}

static void
put_place(StringInfo json, const uint8_t *wallet, const uint8_t *token_id)
{
	char address[STO_ADDRESS_TEXT_LEN + 1];

	sto_address_print(wallet, address);
	appendStringInfo(json, "\"wallet\":\"%s\",\"token\":\"%s\"", address, sto_uuid_text(token_id));
}

/* A leaf of the close and how it hangs in the tree; what its position holds only if opened. */
static void
put_line(StringInfo json, const CloseTree *tree, const StoCloseLines *lines, int64 index, bool open)
{
	const StoCloseLine *line = &lines->lines[index];
	StoSide side = {.present = true,
					.has_prev = true,
					.seq = line->seq,
					.balance = line->balance,
					.held = line->held};
	StoHash path[STO_PROOF_MAX];
	uint8_t salted[STO_DIGEST_LEN];
	int count = 0;

	memcpy(side.prev, line->head, STO_DIGEST_LEN);
	if (!sto_side_digest(line->salt, line->token_id, &side, salted) ||
		!sto_tiles_inclusion(read_tree, unconstify(CloseTree *, tree), index, lines->count, path,
							 &count))
		hash_failed();
	put_place(json, line->wallet, line->token_id);
	appendStringInfo(json, ",\"index\":" INT64_FORMAT ",\"seq\":" INT64_FORMAT, index, line->seq);
	put_hex(json, "head", line->head);
	put_hex(json, "salted", salted);
	if (open)
	{
		char digits[STO_AMOUNT_TEXT_MAX];

		sto_amount_print(line->balance, digits);
		appendStringInfo(json, ",\"balance\":\"%s\"", digits);
		sto_amount_print(line->held, digits);
		appendStringInfo(json, ",\"held\":\"%s\"", digits);
		put_hex(json, "salt", line->salt);
	}
	appendStringInfoString(json, ",\"path\":[");
	for (int i = 0; i < count; i++)
	{
		char hex[2 * STO_DIGEST_LEN + 1];

		sto_hex_encode(path[i].octets, STO_DIGEST_LEN, hex);
		appendStringInfo(json, "%s\"%s\"", i > 0 ? "," : "", hex);
	}
	appendStringInfoChar(json, ']');
}

/* The first line at or after a place. */
static int64
lower_bound(const StoCloseLines *lines, const StoCloseLine *place)
{
	int64 low = 0;
	int64 high = lines->count;

	while (low < high)
	{
		int64 middle = low + (high - low) / 2;

		if (sto_close_compare(&lines->lines[middle], place) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

pg_attribute_noreturn() static void not_seen(const StoCloseLine *place)
{
	char address[STO_ADDRESS_TEXT_LEN + 1];

	sto_address_print(place->wallet, address);
	ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_WALLET),
					errmsg("wallet %s is none that this role may see", address)));
}

static void
put_proof(StringInfo json, const StoCloseLines *lines, const CloseTree *tree,
		  const StoCloseLine *place, Sight sight)
{
	int64 at = lower_bound(lines, place);

	if (at < lines->count && sto_close_compare(&lines->lines[at], place) == 0)
	{
		appendStringInfoString(json, ",\"present\":true,");
		put_line(json, tree, lines, at, sight == SIGHT_OPEN);
		return;
	}
	/* the neighbours would tell an issuer what else the wallet has */
	if (sight != SIGHT_OPEN)
		not_seen(place);
	/* between two neighbours there is nothing, nor before the first or after the last */
	appendStringInfoString(json, ",\"present\":false,");
	put_place(json, place->wallet, place->token_id);
	appendStringInfoString(json, ",\"left\":");
	if (at > 0)
	{
		appendStringInfoChar(json, '{');
		put_line(json, tree, lines, at - 1, false);
		appendStringInfoChar(json, '}');
	}
	else
		appendStringInfoString(json, "null");
	appendStringInfoString(json, ",\"right\":");
	if (at < lines->count)
	{
		appendStringInfoChar(json, '{');
		put_line(json, tree, lines, at, false);
		appendStringInfoChar(json, '}');
	}
	else
		appendStringInfoString(json, "null");
}

/* A close as its event states it, and the lines and the tree that the log gives for it. */
typedef struct Close
{
	int64 event;
	StoHash root;
	StoCloseLines lines;
	CloseTree tree;
} Close;

static void
read_close(int64 event, Close *out)
{
	StoHash made;
	int64 count;

	out->event = event;
	find_close(event, &count, &out->root);
	sto_close_read_before(event, &out->lines);
	build_tree(&out->lines, &out->tree);
	if (!sto_tiles_root(read_tree, &out->tree, out->lines.count, &made))
		hash_failed();
	if (out->lines.count != count || memcmp(made.octets, out->root.octets, STO_DIGEST_LEN) != 0)
		ereport(ERROR, (errcode(ERRCODE_STO_BROKEN_ROW),
						errmsg("the log does not give the root of close " INT64_FORMAT, event),
						errhint("Compare the register with its log: SELECT * FROM sto.verify().")));
}

/* The answer of sto.close_proof(), palloc'd. */
static Datum
proof_of(const Close *close, const StoCloseLine *place, Sight sight)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"close\":" INT64_FORMAT ",\"count\":" INT64_FORMAT, close->event,
					 close->lines.count);
	put_hex(&json, "root", close->root.octets);
	put_proof(&json, &close->lines, &close->tree, place, sight);
	appendStringInfoChar(&json, '}');
	return PointerGetDatum(cstring_to_text_with_len(json.data, json.len));
}

/*
 * sto.close_proof(close_event bigint, wallet wallet_address, token_id uuid) returns json
 *
 * Errors: ST502 if there is no such close; ST203 for a wallet that is not in
 * the register or not for the acting role to see; ST404 if the log no longer
 * gives the close's root.
 */
Datum
sto_close_proof(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	StoCloseLine place = {0};
	Close close;
	Datum proof;
	Sight sight;

	memcpy(place.wallet, PG_GETARG_STO_OCTETS(1), STO_ADDRESS_LEN);
	memcpy(place.token_id, PG_GETARG_STO_OCTETS(2), STO_UUID_LEN);
	sight = sight_of(place.wallet, place.token_id);
	if (sight == SIGHT_NONE)
		not_seen(&place);

	context = AllocSetContextCreate(caller, "sto close proof", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	read_close(PG_GETARG_INT64(0), &close);
	MemoryContextSwitchTo(caller);
	proof = proof_of(&close, &place, sight);
	MemoryContextDelete(context);
	PG_RETURN_DATUM(proof);
}

/*
 * sto.close_proofs(close_event bigint) returns table (wallet, token_id, proof json)
 *
 * sto.close_proof() of every position of the close that the acting role may
 * see, by wallet and token; the log is read once for all of them.
 *
 * Errors: ST502, ST404 as above.
 */
Datum
sto_close_proofs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	MemoryContext row;
	Close close;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(caller, "sto close proofs", ALLOCSET_DEFAULT_SIZES);
	row = AllocSetContextCreate(context, "sto close proofs row", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	read_close(PG_GETARG_INT64(0), &close);
	MemoryContextSwitchTo(row);
	for (int64 i = 0; i < close.lines.count; i++)
	{
		const StoCloseLine *line = &close.lines.lines[i];
		Sight sight = sight_of(line->wallet, line->token_id);
		bool nulls[3] = {false};

		CHECK_FOR_INTERRUPTS();
		if (sight != SIGHT_NONE)
		{
			Datum values[3] = {StoOctetsGetDatum(line->wallet, STO_ADDRESS_LEN),
							   StoOctetsGetDatum(line->token_id, STO_UUID_LEN),
							   proof_of(&close, line, sight)};

			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	PG_RETURN_NULL();
}
