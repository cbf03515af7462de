/*
 * source_export.c
 *		The log of a saved export: its entry bundles, one a chunk.
 *
 * Files are read, not mapped: one that is cut short while it is mapped would end
 * the program.
 */
#include "bin/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/export.h"

typedef struct ExportSource
{
	Source base;
	const char *dir;
	int64_t next;
	int64_t size;
} ExportSource;

static SourceStatus
fill(Source *source, Chunk *chunk, int max)
{
	ExportSource *s = (ExportSource *) source;
	int64_t room = STO_TILE_WIDTH - s->next % STO_TILE_WIDTH;

	if (s->next == s->size)
		return SOURCE_END;
	if (room > s->size - s->next)
		room = s->size - s->next;
	if (room > max)
		room = max;
	chunk->dir = s->dir;
	chunk->first = s->next;
	chunk->count = (int) room;
	s->next += room;
	return SOURCE_ROWS;
}

/* The bundle that holds the chunk: as wide as the chunk needs (exact), or full. */
static int64_t
read_bundle(Chunk *chunk, bool *exact)
{
	int64_t n = chunk->first / STO_TILE_WIDTH;
	int width = (int) (chunk->first % STO_TILE_WIDTH) + chunk->count;
	int64_t len;

	*exact = true;
	export_path(EXPORT_ENTRIES, n, width, chunk->path);
	len = export_read(chunk->dir, chunk->path, &chunk->octets, &chunk->size, EXPORT_BUNDLE_MAX);
	if (len >= 0 || width == STO_TILE_WIDTH || errno != ENOENT)
		return len;
	/* the export may have grown since: tlog-tiles lets a full one take a partial one's place */
	*exact = false;
	export_path(EXPORT_ENTRIES, n, STO_TILE_WIDTH, chunk->path);
	return export_read(chunk->dir, chunk->path, &chunk->octets, &chunk->size, EXPORT_BUNDLE_MAX);
}

static void
read_row(const uint8_t *data, size_t len, RawRow *raw, Row *row)
{
	raw->data = data;
	raw->len = len;
	raw->buffer = NULL;
	row->id = 0;
	row->why = "it begins with no tag and id of an entry or event of version 1";
	row->readable = sto_record_id(data, len, &row->id);
}

/* Leaves of what was read: RFC 9162 2.1.1. */
static void
hash_rows(Chunk *chunk)
{
	StoHashInput inputs[CHUNK_ROWS];
	size_t count = 0;

	for (int i = 0; i < chunk->count; i++)
	{
		Row *row = &chunk->rows[i];

		row->has_leaf = chunk->raw[i].data != NULL;
		if (row->has_leaf)
			inputs[count++] =
				(StoHashInput){chunk->raw[i].data, chunk->raw[i].len, row->leaf.octets};
	}
	chunk->failed |= !sto_hash_all(STO_LEAF_PREFIX, inputs, count);
}

static void
prepare(Chunk *chunk)
{
	int skip = (int) (chunk->first % STO_TILE_WIDTH);
	bool exact;
	int64_t len = read_bundle(chunk, &exact);
	StoReader r;

	if (len < 0)
	{
		chunk->missing = strerror(errno);
		return;
	}
	sto_reader_init(&r, chunk->octets, (size_t) len);
	for (int i = -skip; i < chunk->count; i++)
	{
		uint16_t record_len = sto_get_u16(&r);
		const uint8_t *data = sto_get_view(&r, record_len);

		if (i < 0)
			continue;
		if (data != NULL && !r.failed)
			read_row(data, record_len, &chunk->raw[i], &chunk->rows[i]);
		else
		{
			memset(&chunk->rows[i], 0, sizeof(Row));
			chunk->raw[i].data = NULL;
			chunk->rows[i].why = "the entry bundle ends early";
		}
	}
	chunk->surplus = exact && !r.failed && r.pos < r.len;
	hash_rows(chunk);
	chunk_finish_leaves(chunk);
}

static void
close_source(Source *source)
{
	free(source);
}

Source *
source_export(const char *dir, int64_t from, int64_t size)
{
	ExportSource *s = calloc(1, sizeof(ExportSource));

	if (s == NULL)
		return NULL;
	s->base.fill = fill;
	s->base.prepare = prepare;
	s->base.close = close_source;
	s->dir = dir;
	s->next = from;
	s->size = size;
	return &s->base;
}
