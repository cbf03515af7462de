/*
 * state_file.h
 *		The file beside the database that holds the newest checkpoint which was
 *		signed here: what a restored backup can't take back.
 *
 * It holds the signed note as it is, so that it can be read, and checked, by
 * anybody.
 */
#ifndef STO_LOG_STATE_FILE_H
#define STO_LOG_STATE_FILE_H

#include "postgres.h"

#define STO_STATE_MAX 16384

/*
 * A path or URI from a setting: %d becomes the database's name, unless a hex
 * digit follows (an escaped octet of a URI).  NULL if the name has characters
 * that would mean something else there.
 */
extern char *sto_setting_path(const char *setting, const char *database);

/*
 * The file's content, terminated; NULL if there is no such file.  ERROR if it
 * is there but can't be read.
 */
extern char *sto_state_read(const char *path);
/* Replace it: afterwards the new content is on disk, and at no time less than one of both. */
extern void sto_state_write(const char *path, const char *content, size_t len);

#endif
