/*
 * export.h
 *		A log as files: checkpoint, tiles and entry bundles below one folder, as C2SP
 *		tlog-tiles lays them out.
 */
#ifndef STO_BIN_EXPORT_H
#define STO_BIN_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT_PATH_MAX 64
#define EXPORT_ENTRIES (-1) /* the level of entry bundles */
/* 256 records of 65,535 octets, each behind its length */
#define EXPORT_BUNDLE_MAX (256 * (2 + 65535))

/*
 * tile/<level>/<n>[.p/<width>], or tile/entries/<n>[.p/<width>] for EXPORT_ENTRIES.
 * n stands in groups of three digits, "x" before all but the last; width 256: a full one.
 */
extern void export_path(int level, int64_t n, int width, char out[EXPORT_PATH_MAX]);

/*
 * Read the file dir/path (path alone if dir is NULL) whole, at most max octets, into *data, whose
 * room *size grows as needed.  -1 with errno if it can't be read, is longer, or no memory is left.
 */
extern int64_t export_read(const char *dir, const char *path, uint8_t **data, size_t *size,
						   size_t max);
/*
 * Write the file dir/path so that a reader sees the old one or the new: a file beside
 * it, then renamed.  Makes folders.  False with errno.
 */
extern bool export_write(const char *dir, const char *path, const void *data, size_t len);
/* All that was written so far survives a crash. */
extern bool export_flush(const char *dir);
extern void export_remove(const char *dir, const char *path);
extern bool export_exists(const char *dir, const char *path);

#endif
