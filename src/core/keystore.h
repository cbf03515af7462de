/*
 * keystore.h
 *		Private keys from a file or an OpenSSL store URI, for the programs that sign
 *		notes: the sealing worker and sto_witness.  Nothing here is callable from SQL.
 */
#ifndef STO_CORE_KEYSTORE_H
#define STO_CORE_KEYSTORE_H

#include "sign.h"

typedef struct StoSigner StoSigner;

/*
 * Open an Ed25519 private key.  where is one of
 *
 *	a path, or file:/path: unencrypted PEM in a regular file on which its owner alone has
 *		rights: this process's user, or root
 *	pkcs11:token=...;object=...?module-path=/...&pin-source=/...: a key that stays in a
 *		token (token.h)
 *	any other URI: whatever a loader of OpenSSL's store finds there
 *
 * NULL on failure, with the reason in *why, which holds until the next call and has
 * neither path nor PIN in it.
 */
extern StoSigner *sto_signer_open(const char *where, const char **why);
extern void sto_signer_close(StoSigner *signer);
extern const StoKey *sto_signer_key(const StoSigner *signer); /* its public half */
/* Every signature is verified before it is let out. */
extern bool sto_signer_sign(StoSigner *signer, const void *msg, size_t len,
							uint8_t sig[STO_SIG_LEN]);

#endif
