/*
 * sto_verify_export.c
 *		Writing an export: checkpoint, tiles and entry bundles of a database's log.
 *
 * Full tiles and bundles never change, so a later run writes only what is new:
 * it begins with the last full tile of the checkpoint that is there.  Salts come
 * from sto.wallet; a record that doesn't hash to its row's leaf isn't written.
 */
#include "bin/sto_verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bin/export.h"

/* Salts by address, in an open table of a power of two. */
typedef struct Salt
{
	bool used;
	uint8_t address[STO_ADDRESS_LEN];
	uint8_t salt[STO_DIGEST_LEN];
} Salt;

typedef struct Writer
{
	const Options *o;
	Report *report;
	const char *dir;
	Database db;
	Salt *salts;
	size_t salt_mask;
	uint8_t ledger_id[STO_UUID_LEN];
	char origin[STO_NOTE_NAME_MAX + 1];
	int64_t size; /* to be exported */
	bool is_signed;
	Tree tree;
	uint8_t *bundle;
	size_t bundle_len;
	int64_t written; /* files */
	bool failed;     /* reported */
} Writer;

static void
lost(Writer *w, const char *what, const char *why)
{
	if (!w->failed)
		report_unsure(w->report, "%s: %s", what, why);
	w->failed = true;
}

static void
put_file(Writer *w, const char *path, const void *data, size_t len)
{
	if (w->failed)
		return;
	if (!export_write(w->dir, path, data, len))
		lost(w, path, strerror(errno));
	w->written++;
}

static Salt *
find_salt(const Writer *w, const uint8_t *address)
{
	uint64_t h;

	/* addresses are cut from SHA-256: their octets are as good as a hash */
	memcpy(&h, address, sizeof(h));
	for (size_t i = h & w->salt_mask;; i = (i + 1) & w->salt_mask)
	{
		if (!w->salts[i].used || memcmp(w->salts[i].address, address, STO_ADDRESS_LEN) == 0)
			return &w->salts[i];
	}
}

static bool
load_salts(Writer *w)
{
	int64_t count;
	size_t size = 64;
	Cursor c;
	Fetch fetch;

	if (!database_numbers(&w->db, "SELECT count(*) FROM ONLY sto.wallet", &count, 1))
		return false;
	while (size < 2 * (size_t) (count > 0 ? count : 0))
		size *= 2;
	if ((w->salts = calloc(size, sizeof(Salt))) == NULL)
	{
		snprintf(w->db.why, sizeof(w->db.why), "out of memory");
		return false;
	}
	w->salt_mask = size - 1;
	if (!cursor_open(&c, &w->db, "salts", 2, 1000, "SELECT address, salt FROM ONLY sto.wallet"))
		return false;
	for (size_t used = 0; (fetch = cursor_next(&c)) == FETCH_ROW && used < size / 2; used++)
	{
		const uint8_t *address = cursor_octets(&c, 0, STO_ADDRESS_LEN);
		const uint8_t *salt = cursor_octets(&c, 1, STO_DIGEST_LEN);
		Salt *to;

		if (address == NULL || salt == NULL)
			continue;
		to = find_salt(w, address);
		to->used = true;
		memcpy(to->address, address, STO_ADDRESS_LEN);
		memcpy(to->salt, salt, STO_DIGEST_LEN);
	}
	cursor_close(&c);
	return fetch != FETCH_FAILED;
}

/* Which ledger, and how far is it to be exported? */
static bool
choose_size(Writer *w)
{
	int64_t n[3] = {0, 0, 0};
	Cursor c;
	const uint8_t *id = NULL;
	const uint8_t *origin = NULL;
	size_t len = 0;
	bool ok;

	if (!w->db.has_seals || !database_numbers(&w->db,
											  "SELECT (SELECT max(tree_size) FROM ONLY sto.block), "
											  "(SELECT max(tree_size) FROM ONLY sto.checkpoint)",
											  n, 2))
		return false;
	if (n[0] <= 0)
	{
		snprintf(w->db.why, sizeof(w->db.why), "nothing is sealed");
		return false;
	}
	w->size = w->o->size > 0 ? w->o->size : n[1] > 0 ? n[1] : n[0];
	if (w->size > n[0])
	{
		snprintf(w->db.why, sizeof(w->db.why), "only %" PRId64 " leaves are sealed", n[0]);
		return false;
	}
	if (!cursor_open(&c, &w->db, "ledger", 2, 2,
					 "SELECT ledger_id, (origin || '/' || ledger_id)::text FROM ONLY sto.ledger"))
		return false;
	ok = cursor_next(&c) == FETCH_ROW && (id = cursor_octets(&c, 0, STO_UUID_LEN)) != NULL &&
		 (origin = cursor_view(&c, 1, &len)) != NULL && len <= STO_NOTE_NAME_MAX;
	if (ok)
	{
		memcpy(w->ledger_id, id, STO_UUID_LEN);
		memcpy(w->origin, origin, len);
		w->origin[len] = '\0';
	}
	else
		snprintf(w->db.why, sizeof(w->db.why), "there is no ledger in this database");
	cursor_close(&c);
	return ok;
}

/* The unfinished tiles of a tree of `size` leaves, out of the files that are there. */
static bool
read_tree(Writer *w, int64_t size, int64_t there)
{
	uint8_t octets[STO_TILE_LEN];

	tree_init(&w->tree);
	for (int level = 1; level < TREE_LEVELS; level++)
	{
		int64_t hashes = size >> (level * STO_TILE_LEVELS);
		int64_t tile = hashes / STO_TILE_WIDTH;
		int need = (int) (hashes % STO_TILE_WIDTH);
		int64_t stored = (there >> (level * STO_TILE_LEVELS)) - tile * STO_TILE_WIDTH;
		uint8_t *data = octets;
		size_t room = sizeof(octets);
		char path[EXPORT_PATH_MAX];

		if (need == 0)
			continue;
		export_path(level, tile, stored < STO_TILE_WIDTH ? (int) stored : STO_TILE_WIDTH, path);
		if (export_read(w->dir, path, &data, &room, sizeof(octets)) < need * STO_DIGEST_LEN)
			return false;
		for (int i = 0; i < need; i++)
			memcpy(w->tree.tiles[level][i].octets, octets + i * STO_DIGEST_LEN, STO_DIGEST_LEN);
	}
	return tree_resume(&w->tree, size);
}

/* Where an earlier export left off: fills the tree, and the last id before what is to be read. */
static int64_t
resume(Writer *w)
{
	Mark mark;
	const char *why;
	char query[120];
	int64_t size;
	int64_t first_id;

	tree_init(&w->tree);
	if (!mark_read(w->dir, "checkpoint", true, &mark, &why) &&
		!mark_read(w->dir, "checkpoint.unsigned", false, &mark, &why))
		return 0;
	free(mark.note);
	size = mark.size / STO_TILE_WIDTH * STO_TILE_WIDTH - STO_TILE_WIDTH;
	if (size <= 0 || size >= w->size || !read_tree(w, size, mark.size))
	{
		tree_init(&w->tree);
		return 0;
	}
	snprintf(query, sizeof(query),
			 "SELECT first_id FROM ONLY sto.tile WHERE level = 0 AND tile = %" PRId64,
			 size / STO_TILE_WIDTH);
	if (!database_numbers(&w->db, query, &first_id, 1) || first_id <= 0)
	{
		tree_init(&w->tree);
		return 0;
	}
	return first_id - 1;
}

static void
tile_full(void *context, int level, int64_t n, const StoHash *hashes, const StoHash *root,
		  const int64_t *ids)
{
	char path[EXPORT_PATH_MAX];

	(void) root;
	(void) ids;
	export_path(level, n, STO_TILE_WIDTH, path);
	put_file(context, path, hashes, STO_TILE_LEN);
}

static void
put_bundle(Writer *w)
{
	int64_t last = w->tree.frontier.size - 1;
	char path[EXPORT_PATH_MAX];

	export_path(EXPORT_ENTRIES, last / STO_TILE_WIDTH, (int) (last % STO_TILE_WIDTH) + 1, path);
	put_file(w, path, w->bundle, w->bundle_len);
	w->bundle_len = 0;
}

/* The record of a row, behind its length; false, reported, if there is none or it isn't the leaf's.
 */
static bool
put_record(Writer *w, const Row *row, const Columns *columns)
{
	static const uint8_t nil[STO_UUID_LEN];
	uint8_t sides[2][STO_DIGEST_LEN];
	const uint8_t *side[2] = {NULL, NULL};
	const StoSide *moved[2] = {&columns->debit, &columns->credit};
	const StoEntry *entry = &columns->record.entry;
	const uint8_t *wallets[2] = {entry->order.debit, entry->order.credit};
	uint8_t leaf[STO_DIGEST_LEN];
	StoWriter out;

	sto_writer_init(&out, w->bundle + w->bundle_len + 2, STO_RECORD_MAX);
	if (columns->record.kind == STO_RECORD_EVENT)
		sto_put_event(&out, w->tree.frontier.size == 0 ? nil : w->ledger_id,
					  &columns->record.event);
	else
	{
		for (int i = 0; i < 2; i++)
		{
			const Salt *salt = find_salt(w, wallets[i]);

			if (!moved[i]->present || !salt->used)
				continue;
			if (!sto_side_digest(salt->salt, entry->order.token_id, moved[i], sides[i]))
				return false;
			side[i] = sides[i];
		}
		sto_put_entry(&out, w->ledger_id, entry, side[0], side[1]);
	}
	if (out.failed || !sto_leaf_hash(out.data, out.len, leaf) ||
		memcmp(leaf, row->leaf.octets, STO_DIGEST_LEN) != 0)
	{
		report_problem(
			w->report, row->id, CHECK_LEAF,
			"leaf_hash is not the hash of the row's columns: nothing from here on is exported");
		return false;
	}
	w->bundle[w->bundle_len] = (uint8_t) (out.len >> 8);
	w->bundle[w->bundle_len + 1] = (uint8_t) out.len;
	w->bundle_len += 2 + out.len;
	return true;
}

static void
put_rows(Writer *w, const Chunk *chunk)
{
	for (int i = 0; i < chunk->count && !w->failed; i++)
	{
		const Row *row = &chunk->rows[i];

		if (!row->readable)
			report_problemf(w->report, row->id, STO_CHECK_RECORD, "it can't be read: %s", row->why);
		if (!row->readable || !put_record(w, row, &chunk->columns[i]))
		{
			w->failed = true;
			return;
		}
		if (!tree_append(&w->tree, row->id, &row->leaf))
			lost(w, "tree", "OpenSSL failed");
		if (w->tree.frontier.size % STO_TILE_WIDTH == 0 || w->tree.frontier.size == w->size)
			put_bundle(w);
	}
}

static void
put_log(Writer *w, int64_t after)
{
	char why[SOURCE_WHY_MAX];
	Source *source = source_database(w->db.log[0], w->db.log[1], after, -1, why);
	Chunk *chunk = calloc(1, sizeof(Chunk));

	w->bundle = malloc(EXPORT_BUNDLE_MAX);
	if (source == NULL || chunk == NULL || w->bundle == NULL)
		lost(w, "the log can't be read", source == NULL ? why : "out of memory");
	while (!w->failed && w->tree.frontier.size < w->size)
	{
		int64_t left = w->size - w->tree.frontier.size;

		chunk_clear(chunk);
		switch (source->fill(source, chunk, left < CHUNK_ROWS ? (int) left : CHUNK_ROWS))
		{
			case SOURCE_ROWS:
				source->prepare(chunk);
				put_rows(w, chunk);
				break;
			case SOURCE_END:
				report_problemf(w->report, source->last_read, CHECK_BLOCK,
								"the log ends with %" PRId64 " leaves, %" PRId64 " are sealed",
								w->tree.frontier.size, w->size);
				w->failed = true;
				break;
			case SOURCE_BROKEN:
				report_problem(w->report, source->last_read, CHECK_READ, source->why);
				w->failed = true;
				break;
			default:
				lost(w, "the log can't be read", source->why);
		}
	}
	if (chunk != NULL)
		chunk_free(chunk);
	free(chunk);
	free(w->bundle);
	if (source != NULL)
		source->close(source);
}

static void
put_partial(Writer *w)
{
	for (int level = 0; level < TREE_LEVELS; level++)
	{
		int64_t hashes = w->tree.frontier.size >> (level * STO_TILE_LEVELS);
		int width = (int) (hashes % STO_TILE_WIDTH);
		char path[EXPORT_PATH_MAX];

		if (width == 0)
			continue;
		export_path(level, hashes / STO_TILE_WIDTH, width, path);
		put_file(w, path, w->tree.tiles[level], (size_t) width * STO_DIGEST_LEN);
	}
}

/* The checkpoint comes last, once all that it speaks of is on disk. */
static void
put_checkpoint(Writer *w)
{
	char query[100];
	char text[STO_CHECKPOINT_TEXT_MAX];
	const char *why = "it is null";
	const uint8_t *note = NULL;
	size_t len = 0;
	Cursor c;
	StoHash root;
	StoHash noted;
	int64_t size;

	if (w->failed || !sto_frontier_root(&w->tree.frontier, &root))
		return;
	if (!export_flush(w->dir))
	{
		lost(w, w->dir, strerror(errno));
		return;
	}
	/* with every cosignature, where there is a checkpoint */
	snprintf(query, sizeof(query),
			 "SELECT sto.checkpoint(tree_size) FROM ONLY sto.checkpoint WHERE "
			 "tree_size = %" PRId64,
			 w->size);
	if (!cursor_open(&c, &w->db, "note", 1, 2, query))
	{
		lost(w, "sto.checkpoint", w->db.why);
		return;
	}
	switch (cursor_next(&c))
	{
		case FETCH_ROW:
			note = cursor_view(&c, 0, &len);
			if (note == NULL || !note_read((const char *) note, len, NULL, &size, &noted, &why))
				lost(w, "sto.checkpoint", why);
			else if (size != w->size || memcmp(noted.octets, root.octets, STO_DIGEST_LEN) != 0)
				report_problemf(w->report, w->tree.last_id, CHECK_CHECKPOINT,
								"the checkpoint of %" PRId64
								" leaves has another root: if %s held another log before, empty it",
								w->size, w->dir);
			else
			{
				put_file(w, "checkpoint", note, len);
				export_remove(w->dir, "checkpoint.unsigned");
				w->is_signed = true;
			}
			break;
		case FETCH_END:
			len = sto_checkpoint_print(w->origin, strlen(w->origin), w->size, &root, text);
			put_file(w, "checkpoint.unsigned", text, len);
			export_remove(w->dir, "checkpoint");
			break;
		default:
			lost(w, "sto.checkpoint", w->db.why);
	}
	cursor_close(&c);
	if (!w->failed && !export_flush(w->dir))
		lost(w, w->dir, strerror(errno));
}

Verdict
write_export(const Options *options, const char *dir)
{
	Writer w = {.o = options, .dir = dir};
	Verdict verdict;
	int64_t after = 0;

	if ((w.report = report_new()) == NULL)
		return VERDICT_UNSURE;
	if (!database_open(&w.db, options->conninfo) || !choose_size(&w) || !load_salts(&w))
		lost(&w, "nothing was exported", w.db.why);
	else
	{
		after = resume(&w);
		w.tree.full = tile_full;
		w.tree.context = &w;
		put_log(&w, after);
		put_partial(&w);
		put_checkpoint(&w);
	}
	verdict = report_verdict(w.report);
	if (verdict == VERDICT_WHOLE)
		report_fact(w.report, "log",
					"%" PRId64 " leaves, to entry %" PRId64 ", %s; %" PRId64 " files written",
					w.size, w.tree.last_id, w.is_signed ? "signed" : "not signed", w.written);
	report_print(w.report, stdout, "exported", options->json, options->quiet);
	database_close(&w.db);
	free(w.salts);
	report_free(w.report);
	return verdict;
}
