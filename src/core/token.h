/*
 * token.h
 *		Ed25519 keys that stay in a PKCS#11 token.
 *
 * OpenSSL reaches tokens through a provider, where there is one; this is for the
 * module itself, named in the URI.
 */
#ifndef STO_CORE_TOKEN_H
#define STO_CORE_TOKEN_H

#include "sign.h"

typedef struct StoToken StoToken;

/* Is this a pkcs11 URI that names its module (RFC 7512: module-path)? */
extern bool sto_token_is_uri(const char *uri);

/*
 * Open the one private key that the URI names, by the path attributes token, serial,
 * object and id; of the query, module-path and pin-source or pin-value.  *key is its
 * public half, which the token must hold as well.  NULL on failure, with a reason that
 * holds until the next call and has no part of the URI.
 */
extern StoToken *sto_token_open(const char *uri, StoKey *key, const char **why);
extern void sto_token_close(StoToken *token);
extern bool sto_token_sign(StoToken *token, const void *msg, size_t len, uint8_t sig[STO_SIG_LEN]);

#endif
