/*
 * secret.h
 *		Small files that hold a secret: a private key, or a token's PIN.
 */
#ifndef STO_CORE_SECRET_H
#define STO_CORE_SECRET_H

#include "bytes.h"

/*
 * Read a regular file, no symbolic link, that belongs to this process's user or to
 * root and on which its owner alone has rights.  NULL, or why it can't be had: text
 * that holds until the next call, without the path.  The caller cleanses what it read.
 */
extern const char *sto_secret_read(const char *path, void *out, size_t size, size_t *len);

/* RFC 8089: the path that a file URI names on this host; NULL if it is none. */
extern const char *sto_file_uri_path(const char *uri);

#endif
