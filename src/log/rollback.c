/*
 * rollback.c
 *		Checkpoints that were signed with this log's key but are not of this tree.
 *
 * A log_restart event gives up the checkpoint that it names, and every smaller
 * one that had been reported before: the officers could see those.  One that is
 * reported later may be of yet another history, and needs an event of its own.
 */
#include "postgres.h"

#include "log/rollback.h"

#include "core/note.h"
#include "errors.h"
#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/store.h"
#include "log/columns.h"
#include "log/log_key.h"
#include "log/state_file.h"
#include "types/types.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(sto_report_checkpoint);

/* Longer than a note of 64 signatures can be: what is longer is not kept. */
#define NOTE_MAX 65536

/* A checkpoint that may stand in the way. */
typedef struct Candidate
{
	const char *source; /* NULL: none */
	int64 size;
	StoHash root;
	bool is_reported;
	TimestampTz reported_at;
} Candidate;

static bool
is_of_tree(StoTree *tree, int64 size, const StoHash *root)
{
	StoHash own;

	if (size > tree->size)
		return false;
	if (size == 0)
	{
		if (!sto_sha256("", 0, own.octets))
			ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
							errmsg("could not compute SHA-256")));
	}
	else
		sto_tree_root(tree, size, &own);
	return memcmp(&own, root, sizeof(own)) == 0;
}

static TimestampTz
recorded_at(int64 event)
{
	Datum key = Int64GetDatum(event);
	TimestampTz at = 0;
	StoRow row;
	bool isnull;

	if (sto_store_find(STO_REL_EVENT, STO_IDX_EVENT, 1, &key, &row))
		at = DatumGetTimestampTz(sto_row_get(&row, EVENT_RECORDED_AT, &isnull));
	sto_row_close(&row);
	return at;
}

static bool
gives_up(TupleTableSlot *restart, const Candidate *candidate)
{
	bool isnull;
	int64 size = DatumGetInt64(slot_getattr(restart, LOG_RESTART_TREE_SIZE, &isnull));
	const uint8_t *root = DatumGetStoOctets(slot_getattr(restart, LOG_RESTART_ROOT, &isnull));

	if (size == candidate->size && memcmp(root, &candidate->root, STO_DIGEST_LEN) == 0)
		return true;
	return candidate->is_reported && size >= candidate->size &&
		   recorded_at(DatumGetInt64(slot_getattr(restart, LOG_RESTART_EVENT, &isnull))) >
			   candidate->reported_at;
}

static bool
is_given_up(const Candidate *candidate)
{
	StoScan scan;
	bool found = false;

	sto_scan_begin(&scan, STO_REL_LOG_RESTART, STO_IDX_LOG_RESTART, 0, NULL, NULL);
	while (!found && sto_scan_next(&scan))
		found = gives_up(scan.slot, candidate);
	sto_scan_end(&scan);
	return found;
}

/* Of the checkpoints that stand in the way, the largest counts. */
static void
consider(StoTree *tree, const Candidate *candidate, Candidate *lost)
{
	if ((lost->source == NULL || lost->size < candidate->size) &&
		!is_of_tree(tree, candidate->size, &candidate->root) && !is_given_up(candidate))
		*lost = *candidate;
}

static void
consider_reported(StoTree *tree, Candidate *lost)
{
	Candidate candidate = {.source = "a reported checkpoint", .is_reported = true};
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_FOREIGN, STO_IDX_FOREIGN, 0, NULL, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;

		candidate.size = DatumGetInt64(slot_getattr(scan.slot, FOREIGN_TREE_SIZE, &isnull));
		candidate.reported_at =
			DatumGetTimestampTz(slot_getattr(scan.slot, FOREIGN_REPORTED_AT, &isnull));
		memcpy(&candidate.root, DatumGetStoOctets(slot_getattr(scan.slot, FOREIGN_ROOT, &isnull)),
			   sizeof(candidate.root));
		consider(tree, &candidate, lost);
	}
	sto_scan_end(&scan);
}

bool
sto_newest_checkpoint(int64 *size, TimestampTz *signed_at, StoHash *root)
{
	StoScan scan;
	bool found;

	sto_scan_begin(&scan, STO_REL_CHECKPOINT, STO_IDX_CHECKPOINT, 0, NULL, NULL);
	found = index_getnext_slot(scan.scan, BackwardScanDirection, scan.slot);
	if (found)
	{
		bool isnull;
		char *content = TextDatumGetCString(slot_getattr(scan.slot, CHECKPOINT_NOTE, &isnull));
		StoNote note;
		StoCheckpoint checkpoint;
		const char *why;

		*size = DatumGetInt64(slot_getattr(scan.slot, CHECKPOINT_TREE_SIZE, &isnull));
		*signed_at = DatumGetTimestampTz(slot_getattr(scan.slot, CHECKPOINT_SIGNED_AT, &isnull));
		if (!sto_note_parse(content, strlen(content), &note, &why) ||
			!sto_checkpoint_parse(note.text, note.text_len, &checkpoint, &why) ||
			checkpoint.size != *size)
			ereport(ERROR, (errcode(ERRCODE_STO_BROKEN_ROW),
							errmsg("sto.checkpoint has a row that is not a checkpoint of its size"),
							errdetail("tree_size is %lld.", (long long) *size)));
		*root = checkpoint.root;
		pfree(content);
	}
	sto_scan_end(&scan);
	return found;
}

/* What the state file has; false: it can't be used, and *message says why. */
static bool
read_file(const char *path, const char *name, bool *exists, Candidate *candidate, char **message,
		  char **hint)
{
	char *content = sto_state_read(path);
	StoNote note;
	StoCheckpoint checkpoint;
	const char *why;

	*exists = content != NULL;
	if (!*exists)
		return true;
	/*
	 * Its signature is not looked at: after a restore the register may lack
	 * the key, and whoever can write the file can also take it away.
	 */
	if (!sto_note_parse(content, strlen(content), &note, &why) ||
		!sto_checkpoint_parse(note.text, note.text_len, &checkpoint, &why))
	{
		*message = psprintf("the state file of the log is damaged: %s", why);
		*hint = pstrdup("Put a good copy back, or move it away if you know that no newer "
						"checkpoint was signed than those in the database.");
		return false;
	}
	if (checkpoint.origin_len != strlen(name) ||
		memcmp(checkpoint.origin, name, checkpoint.origin_len) != 0)
	{
		*message = psprintf("the state file is of another log, \"%.*s\"",
							(int) checkpoint.origin_len, checkpoint.origin);
		*hint = pstrdup("Give each ledger a file of its own (sto_ledger.log_state), or move "
						"this one away if it is of no use any more.");
		return false;
	}
	candidate->source = "the state file";
	candidate->size = checkpoint.size;
	candidate->root = checkpoint.root;
	return true;
}

static void
explain(const Candidate *lost, char **message, char **hint)
{
	char hex[2 * STO_DIGEST_LEN + 1];

	sto_hex_encode(lost->root.octets, STO_DIGEST_LEN, hex);
	*message = psprintf("%s, of size %lld, is signed but not of this tree", lost->source,
						(long long) lost->size);
	*hint = psprintf("If that history can't be brought back, the root officers give it up by an "
					 "event of kind log_restart with body "
					 "{\"reason\":\"...\",\"size\":%lld,\"root\":\"%s\"}.",
					 (long long) lost->size, hex);
}

bool
sto_rollback_check(StoTree *tree, const char *name, const char *path, char **message, char **hint,
				   bool *no_file)
{
	Candidate lost = {.source = NULL};
	Candidate candidate = {.source = NULL};
	TimestampTz signed_at;
	bool exists;

	if (!read_file(path, name, &exists, &candidate, message, hint))
		return false;
	if (exists)
		consider(tree, &candidate, &lost);
	*no_file = false;
	if (sto_newest_checkpoint(&candidate.size, &signed_at, &candidate.root))
	{
		*no_file = !exists;
		candidate.source = "the newest checkpoint in the database";
		consider(tree, &candidate, &lost);
	}
	consider_reported(tree, &lost);
	if (lost.source != NULL)
		explain(&lost, message, hint);
	return lost.source == NULL;
}

/*
 * Now, but after the newest log_restart, by whatever clock that was recorded: its
 * officers have not seen what is reported only now.
 */
static TimestampTz
time_of_report(void)
{
	TimestampTz now = GetCurrentTimestamp();
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_LOG_RESTART, STO_IDX_LOG_RESTART, 0, NULL, NULL);
	if (sto_scan_previous(&scan))
	{
		bool isnull;
		int64 event = DatumGetInt64(slot_getattr(scan.slot, LOG_RESTART_EVENT, &isnull));

		now = Max(now, recorded_at(event) + 1);
	}
	sto_scan_end(&scan);
	return now;
}

static void
insert_foreign(const StoCheckpoint *checkpoint, text *note)
{
	Datum keys[2] = {Int64GetDatum(checkpoint->size), PointerGetDatum(checkpoint->root.octets)};
	Datum values[FOREIGN_COLUMNS];
	bool nulls[FOREIGN_COLUMNS] = {false};
	StoRow row;

	/* two sessions that report the same at once: one of them finds the other's row */
	LockRelationOid(sto_rel_oid(STO_REL_FOREIGN), ShareRowExclusiveLock);
	(void) sto_store_find(STO_REL_FOREIGN, STO_IDX_FOREIGN, 2, keys, &row);
	sto_row_close(&row);
	if (row.found)
		return;
	values[FOREIGN_TREE_SIZE - 1] = keys[0];
	values[FOREIGN_REPORTED_AT - 1] = TimestampTzGetDatum(time_of_report());
	values[FOREIGN_ROOT - 1] = keys[1];
	values[FOREIGN_NOTE - 1] = PointerGetDatum(note);
	sto_store_insert(STO_REL_FOREIGN, values, nulls);
	ereport(LOG, (errmsg("a checkpoint of size %lld was reported that this log signed but that is "
						 "not of its tree",
						 (long long) checkpoint->size)));
}

pg_attribute_noreturn() static void not_a_checkpoint(const char *what, const char *why)
{
	ereport(ERROR, (errcode(ERRCODE_STO_BAD_NOTE), errmsg("%s", what), errdetail("%s.", why)));
}

/*
 * sto.report_checkpoint(note text) returns boolean
 *
 * Somebody holds a checkpoint of this log.  If this tree doesn't contain it,
 * the note is kept as evidence and the answer is true: from then on nothing is
 * signed until the root officers have given that history up.  False, with a
 * notice, for a checkpoint that is of this tree.
 *
 * Errors: ST402 the ledger is not open; ST504 not a checkpoint of this log, or
 * without a good signature of one of its keys; 25006 on a standby; ST505 on a
 * subscriber.
 */
Datum
sto_report_checkpoint(PG_FUNCTION_ARGS)
{
	text *given = PG_GETARG_TEXT_PP(0);
	/* as it is kept: octets that nobody signed are no evidence */
	text *arg = cstring_to_text_with_len(
		VARDATA_ANY(given), sto_note_len(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given)));
	char name[STO_NOTE_NAME_MAX + 1];
	StoLedgerFact ledger;
	StoNote note;
	StoCheckpoint checkpoint;
	StoTree tree;
	const char *why;
	bool ours;

	PreventCommandIfReadOnly("sto.report_checkpoint()");
	PreventCommandIfParallelMode("sto.report_checkpoint()");
	sto_fact_ledger(&ledger);
	if (sto_is_subscriber())
		ereport(ERROR, (errcode(ERRCODE_STO_CANNOT_SEAL),
						errmsg("a subscriber can't tell what is of its log's tree"),
						errdetail("Its own tree, if it has one, may only be behind."),
						errhint("Report it to the primary.")));
	if (!sto_log_name(name))
		elog(ERROR, "the ledger has no name");
	if (VARSIZE(arg) - VARHDRSZ > NOTE_MAX)
		not_a_checkpoint("not a signed note", "It is too long");
	if (!sto_note_parse(VARDATA(arg), VARSIZE(arg) - VARHDRSZ, &note, &why))
		not_a_checkpoint("not a signed note", why);
	if (!sto_checkpoint_parse(note.text, note.text_len, &checkpoint, &why))
		not_a_checkpoint("not a checkpoint", why);
	if (checkpoint.origin_len != strlen(name) ||
		memcmp(checkpoint.origin, name, checkpoint.origin_len) != 0)
		not_a_checkpoint("not a checkpoint of this log",
						 psprintf("Its origin is \"%.*s\", this log's is \"%s\"",
								  (int) checkpoint.origin_len, checkpoint.origin, name));
	if (!sto_log_signed(name, &note))
		not_a_checkpoint("the checkpoint is not signed by this log",
						 "No key that the log has or had made one of its signatures");

	sto_tree_open(&tree, NULL);
	ours = is_of_tree(&tree, checkpoint.size, &checkpoint.root);
	sto_tree_close(&tree);
	if (ours)
		ereport(NOTICE, (errmsg("the checkpoint is of this tree")));
	else
		insert_foreign(&checkpoint, arg);
	PG_RETURN_BOOL(!ours);
}
