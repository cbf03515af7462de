/*
 * timestamp.h
 *		RFC 3161 time-stamps over a checkpoint's note text, through OpenSSL.
 */
#ifndef STO_CORE_TIMESTAMP_H
#define STO_CORE_TIMESTAMP_H

#include "hash.h"

#define STO_TIMESTAMP_MAX 65535 /* octets of a reply */

/*
 * A request (TimeStampReq, DER) for SHA-256(text), with the authority's
 * certificate asked for and no nonce: the digest is unique to the checkpoint.
 * Returns its length, 0 if it doesn't fit or OpenSSL failed.
 */
extern size_t sto_timestamp_request(const void *text, size_t len, uint8_t *out, size_t size);

typedef enum StoStamp
{
	STO_STAMP_GOOD,
	STO_STAMP_BAD, /* *why: not over this text, not granted, or not signed under these certificates
					*/
	STO_STAMP_FAILED /* OpenSSL itself failed */
} StoStamp;

/*
 * Check a reply (TimeStampResp, DER) over text.  certificates: one or more PEM
 * certificates that are trusted: the authority's own, or those that issued it.  They
 * must have been valid at the stamp's own time, not now.  *time gets genTime in
 * microseconds since 1970, *why of a bad one a reason that lasts until the next call.
 */
extern StoStamp sto_timestamp_check(const void *reply, size_t reply_len, const void *text,
									size_t len, const char *certificates, int64_t *time,
									const char **why);

#endif
