/*
 * sto_verify_files.c
 *		Checkpoint and tiles of an export, held against the tree that its entries give.
 */
#include "bin/sto_verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bin/export.h"

bool
mark_read(const char *dir, const char *name, bool is_signed, Mark *mark, const char **why)
{
	uint8_t *data = NULL;
	size_t room = 0;
	int64_t len = export_read(dir, name, &data, &room, NOTE_FILE_MAX);
	StoCheckpoint checkpoint;
	StoNote note;
	bool ok = false;

	memset(mark, 0, sizeof(*mark));
	if (len > 0)
		len = (int64_t) sto_note_len((char *) data, (size_t) len);
	if (len < 0)
		*why = strerror(errno);
	else if (is_signed)
		ok = sto_note_parse((char *) data, (size_t) len, &note, why) &&
			 sto_checkpoint_parse(note.text, note.text_len, &checkpoint, why);
	else
		ok = sto_checkpoint_parse((char *) data, (size_t) len, &checkpoint, why);
	if (!ok)
	{
		free(data);
		return false;
	}
	mark->size = checkpoint.size;
	mark->root = checkpoint.root;
	mark->note = (char *) data;
	mark->note_len = (size_t) len;
	return true;
}

void
files_tile(const char *dir, Report *report, int level, int64_t n, int width, const StoHash *hashes,
		   const int64_t *ids)
{
	uint8_t octets[STO_TILE_LEN];
	uint8_t *data = octets;
	size_t room = sizeof(octets);
	char path[EXPORT_PATH_MAX];
	int stored = width;
	int64_t len;

	export_path(level, n, width, path);
	len = export_read(dir, path, &data, &room, sizeof(octets));
	if (len < 0 && errno == ENOENT && width < STO_TILE_WIDTH)
	{
		/* the export may have grown since */
		stored = STO_TILE_WIDTH;
		export_path(level, n, STO_TILE_WIDTH, path);
		len = export_read(dir, path, &data, &room, sizeof(octets));
	}
	if (len < 0 && errno != EFBIG)
	{
		report_unsure(report, "%s can't be read: %s", path, strerror(errno));
		return;
	}
	report_examined(report, CHECK_TILE, 1, "tiles");
	if (len < 0 || len > (int64_t) stored * STO_DIGEST_LEN)
	{
		report_problemf(report, ids != NULL ? ids[width - 1] : 0, CHECK_TILE,
						"%s goes on behind its last hash", path);
		return;
	}
	for (int i = 0; i < width; i++)
	{
		if (len >= (int64_t) (i + 1) * STO_DIGEST_LEN &&
			memcmp(octets + i * STO_DIGEST_LEN, hashes[i].octets, STO_DIGEST_LEN) == 0)
			continue;
		report_problemf(report, ids != NULL ? ids[i] : 0, CHECK_TILE, "hash %d of %s is not %s", i,
						path, level == 0 ? "this entry's leaf" : "the root of the tile below it");
		return;
	}
}

void
files_partial(const char *dir, Report *report, const Tree *tree)
{
	for (int level = 0; level < TREE_LEVELS; level++)
	{
		int64_t hashes = tree->frontier.size >> (level * STO_TILE_LEVELS);
		int width = (int) (hashes % STO_TILE_WIDTH);

		if (width > 0)
			files_tile(dir, report, level, hashes / STO_TILE_WIDTH, width, tree->tiles[level],
					   level == 0 ? tree->ids : NULL);
	}
}
