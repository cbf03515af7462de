/*
 * prove.c
 *		SQL functions on the sealed tree: sizes, roots, proofs, and their checks.
 *
 * Those that read the tree see it as their statement does.  What they show is
 * public: hashes.
 */
#include "postgres.h"

#include "ledger/gate.h"
#include "log/leaves.h"
#include "log/ticks.h"
#include "log/tree.h"
#include "types/types.h"

#include "errors.h"

#include "access/table.h"
#include "access/xact.h"
#include "datatype/timestamp.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

PG_FUNCTION_INFO_V1(sto_tree_size_sql);
PG_FUNCTION_INFO_V1(sto_tree_root_sql);
PG_FUNCTION_INFO_V1(sto_leaf_index_sql);
PG_FUNCTION_INFO_V1(sto_inclusion_proof);
PG_FUNCTION_INFO_V1(sto_consistency_proof);
PG_FUNCTION_INFO_V1(sto_verify_inclusion_sql);
PG_FUNCTION_INFO_V1(sto_verify_consistency_sql);
PG_FUNCTION_INFO_V1(sto_wait_sealed);

/* Blocks come once a second or so: looking this often, in milliseconds, costs nothing. */
#define WAIT_STEP 10

/* An optional size: null is the newest. */
static int64
size_argument(FunctionCallInfo fcinfo, int n, const StoTree *tree)
{
	return PG_ARGISNULL(n) ? tree->size : PG_GETARG_INT64(n);
}

/* The element type is that of the function's own result, an array. */
static Datum
proof_datum(FunctionCallInfo fcinfo, const StoHash *proof, int count)
{
	Oid digest = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	Datum hashes[STO_PROOF_MAX];

	for (int i = 0; i < count; i++)
		hashes[i] = PointerGetDatum(&proof[i]);
	return PointerGetDatum(
		construct_array(hashes, count, digest, sizeof(StoHash), false, TYPALIGN_CHAR));
}

/* The hashes of a proof given as an array; -1 if it can't be one. */
static int
proof_argument(FunctionCallInfo fcinfo, int n, StoHash proof[STO_PROOF_MAX])
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(n);
	int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	Datum *hashes;
	bool *nulls;

	if (ARR_NDIM(array) > 1 || count > STO_PROOF_MAX || array_contains_nulls(array))
		return -1;
	deconstruct_array(array, ARR_ELEMTYPE(array), sizeof(StoHash), false, TYPALIGN_CHAR, &hashes,
					  &nulls, &count);
	for (int i = 0; i < count; i++)
		memcpy(&proof[i], DatumGetStoOctets(hashes[i]), sizeof(StoHash));
	return count;
}

/* A copy: octets in a tuple may stand anywhere. */
static StoHash
hash_argument(FunctionCallInfo fcinfo, int n)
{
	StoHash hash;

	memcpy(&hash, PG_GETARG_STO_OCTETS(n), sizeof(StoHash));
	return hash;
}

/* sto.tree_size() returns bigint: leaves that are sealed, 0 if none is; no errors of its own. */
Datum
sto_tree_size_sql(PG_FUNCTION_ARGS)
{
	StoTree tree;

	sto_tree_open(&tree, GetActiveSnapshot());
	sto_tree_close(&tree);
	PG_RETURN_INT64(tree.size);
}

/*
 * sto.tree_root(size bigint DEFAULT NULL) returns sto.digest
 *
 * RFC 9162 2.1.1, of the first `size` leaves, of all that are sealed if it is null: from tiles
 * and log, not from the block.
 *
 * Errors: ST502 for a size below 0 or above what is sealed; ST404 if tiles or log are not what
 * was sealed.
 */
Datum
sto_tree_root_sql(PG_FUNCTION_ARGS)
{
	StoTree tree;
	StoHash root;

	sto_tree_open(&tree, GetActiveSnapshot());
	sto_tree_root(&tree, size_argument(fcinfo, 0, &tree), &root);
	sto_tree_close(&tree);
	PG_RETURN_DATUM(StoOctetsGetDatum(&root, sizeof(root)));
}

/*
 * sto.leaf_index(entry_id bigint) returns bigint: the place of an entry or event in the tree,
 * from 0.
 *
 * Errors: ST501 if it is not sealed yet, ST502 if the log has no such entry, ST404 as above.
 */
Datum
sto_leaf_index_sql(PG_FUNCTION_ARGS)
{
	StoTree tree;
	int64 index;

	sto_tree_open(&tree, GetActiveSnapshot());
	index = sto_tree_leaf_index(&tree, PG_GETARG_INT64(0), NULL);
	sto_tree_close(&tree);
	PG_RETURN_INT64(index);
}

/*
 * sto.inclusion_proof(entry_id bigint, tree_size bigint DEFAULT NULL) returns sto.digest[]
 *
 * RFC 9162 2.1.3.1, in the tree of that size, by default of all that is sealed; null of a null
 * entry.
 *
 * Errors: those of leaf_index, and ST502 for a size that is not sealed or doesn't hold the entry.
 */
Datum
sto_inclusion_proof(PG_FUNCTION_ARGS)
{
	StoTree tree;
	StoHash proof[STO_PROOF_MAX];
	int64 index;
	int count;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	sto_tree_open(&tree, GetActiveSnapshot());
	index = sto_tree_leaf_index(&tree, PG_GETARG_INT64(0), NULL);
	sto_tree_inclusion(&tree, index, size_argument(fcinfo, 1, &tree), proof, &count);
	sto_tree_close(&tree);
	PG_RETURN_DATUM(proof_datum(fcinfo, proof, count));
}

/*
 * sto.consistency_proof(from_size bigint, to_size bigint DEFAULT NULL) returns sto.digest[]
 *
 * RFC 9162 2.1.4.1, that the tree of the one size begins that of the other, by default of all that
 * is sealed; null of a null size, empty from 0 and between equal sizes.
 *
 * Errors: ST502 unless 0 <= from_size <= to_size <= what is sealed; ST404 as above.
 */
Datum
sto_consistency_proof(PG_FUNCTION_ARGS)
{
	StoTree tree;
	StoHash proof[STO_PROOF_MAX];
	int count;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	sto_tree_open(&tree, GetActiveSnapshot());
	sto_tree_consistency(&tree, PG_GETARG_INT64(0), size_argument(fcinfo, 1, &tree), proof, &count);
	sto_tree_close(&tree);
	PG_RETURN_DATUM(proof_datum(fcinfo, proof, count));
}

/*
 * sto.verify_inclusion(leaf digest, leaf_index bigint, tree_size bigint, proof digest[],
 *						root digest) returns boolean
 *
 * RFC 9162 2.1.3.2.  False for whatever is not a proof, malformed ones too; reads no table and has
 * no errors of its own.
 */
Datum
sto_verify_inclusion_sql(PG_FUNCTION_ARGS)
{
	StoHash leaf = hash_argument(fcinfo, 0);
	StoHash root = hash_argument(fcinfo, 4);
	StoHash proof[STO_PROOF_MAX];
	int count = proof_argument(fcinfo, 3, proof);

	PG_RETURN_BOOL(count >= 0 && sto_verify_inclusion(&leaf, PG_GETARG_INT64(1), PG_GETARG_INT64(2),
													  proof, count, &root));
}

/*
 * sto.verify_consistency(from_size bigint, to_size bigint, proof digest[], from_root digest,
 *						  to_root digest) returns boolean
 *
 * RFC 9162 2.1.4.2.  Likewise.
 */
Datum
sto_verify_consistency_sql(PG_FUNCTION_ARGS)
{
	StoHash from_root = hash_argument(fcinfo, 3);
	StoHash to_root = hash_argument(fcinfo, 4);
	StoHash proof[STO_PROOF_MAX];
	int count = proof_argument(fcinfo, 2, proof);

	PG_RETURN_BOOL(count >= 0 && sto_verify_consistency(PG_GETARG_INT64(0), PG_GETARG_INT64(1),
														proof, count, &from_root, &to_root));
}

/* A seal waits for writers: one that waits for the seal would never see it. */
static void
check_no_writer(void)
{
	Relation writer = table_open(sto_rel_oid(STO_REL_WRITER), AccessShareLock);
	bool is_writer = CheckRelationLockedByMe(writer, RowExclusiveLock, true);

	table_close(writer, AccessShareLock);
	if (is_writer)
		ereport(ERROR, (errcode(ERRCODE_STO_CANNOT_SEAL),
						errmsg("this transaction has posted, and would wait for itself"),
						errdetail("Its entries are sealed after its commit."),
						errhint("Commit first, then call sto.wait_sealed().")));
}

static bool
is_sealed(int64 entry_id)
{
	StoBlock newest;

	return sto_tree_block(-1, &newest) && newest.last_id >= entry_id;
}

static void
check_in_log(int64 entry_id)
{
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	StoHash hash;

	if (!sto_leaf_of(snapshot, entry_id, &hash))
		ereport(ERROR, (errcode(ERRCODE_STO_NO_SUCH_LEAF),
						errmsg("the log has no entry " INT64_FORMAT, entry_id),
						errdetail("Ids up to it are sealed; none of them can come any more."),
						errhint("Ids of rolled-back entries are gaps.")));
	UnregisterSnapshot(snapshot);
}

/* From now on, as an interval may have months. */
static int64
milliseconds(Datum interval)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz end = DatumGetTimestampTz(
		DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now), interval));

	return end / 1000 - now / 1000;
}

/*
 * sto.wait_sealed(entry_id bigint, timeout interval DEFAULT '10 s') returns boolean
 *
 * True once the entry is sealed, false if that takes longer.  It looks at blocks
 * as of now, also where the transaction's snapshot is older; on a standby too.
 *
 * Errors: ST505 if the transaction has posted; ST502 if the id is a gap.
 */
Datum
sto_wait_sealed(PG_FUNCTION_ARGS)
{
	int64 entry_id = PG_GETARG_INT64(0);
	int64 end = sto_ticks() + milliseconds(PG_GETARG_DATUM(1));

	check_no_writer();
	while (!is_sealed(entry_id))
	{
		if (sto_ticks() >= end)
			PG_RETURN_BOOL(false);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, WAIT_STEP,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	check_in_log(entry_id);
	PG_RETURN_BOOL(true);
}
