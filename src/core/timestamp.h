/*
 * timestamp.h
 *		RFC 3161 time-stamps over a checkpoint's note text, through OpenSSL.
 */
#ifndef STO_CORE_TIMESTAMP_H
#define STO_CORE_TIMESTAMP_H

#include "hash.h"

/*
 * A request (TimeStampReq, DER) for SHA-256(text), with the authority's
 * certificate asked for and no nonce: the digest is unique to the checkpoint.
 * Returns its length, 0 if it doesn't fit or OpenSSL failed.
 */
extern size_t sto_timestamp_request(const void *text, size_t len, uint8_t *out, size_t size);

typedef enum StoStamp
{
	STO_STAMP_GOOD,
	STO_STAMP_BAD,   /* *why: not over this text, not granted, or not signed under these certificates */
	STO_STAMP_FAILED /* OpenSSL itself failed */
} StoStamp;

/*
 * Check a reply (TimeStampResp, DER) over text.  certificates: one or more PEM
 * certificates that are trusted: the authority's own, or those that issued it.
 * *time gets genTime in microseconds since 1970.
 */
extern StoStamp sto_timestamp_check(const void *reply, size_t reply_len, const void *text,
									size_t len, const char *certificates, int64_t *time,
									const char **why);

#endif
