/*
 * edwards.h
 *		Is this octet string a sound Ed25519 public key?
 */
#ifndef STO_CORE_EDWARDS_H
#define STO_CORE_EDWARDS_H

#include "bytes.h"

#define STO_EDWARDS_LEN 32

/*
 * Decodes the point as RFC 8032 5.1.3 prescribes and demands that it lie in
 * the subgroup of prime order L and not be its identity.  OpenSSL checks none
 * of this when it makes a key.  Returns NULL if the key is sound, else a
 * static, lower-case reason.
 *
 * Refused besides what doesn't decode: the eight points of small order, under
 * which one constant signature is good for many messages, and points of mixed
 * order (a sound point plus a small one), on whose signatures verifiers with and
 * without the cofactor disagree (RFC 8032 5.1.7 allows both): a regulator's
 * own library must never judge an entry otherwise than the gate did.
 */
extern const char *sto_edwards_check_key(const uint8_t key[STO_EDWARDS_LEN]);

#endif
