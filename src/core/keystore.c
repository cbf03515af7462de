/*
 * keystore.c
 *		Private keys from a file that only its owner can read, or from OpenSSL's store.
 *
 * Nobody sits at a terminal here: a key that would ask for a passphrase is refused.
 */
#include "core/keystore.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 16384
#define FILE_SCHEME "file:"

struct StoSigner
{
	EVP_PKEY *pkey;
	StoKey key;
};

static _Thread_local char reason[200];

/* The fact, and why: the system's word or OpenSSL's, neither of which holds the path or a PIN. */
static const char *
explain(const char *fact, const char *detail)
{
	if (detail == NULL)
		return fact;
	snprintf(reason, sizeof(reason), "%s: %s", fact, detail);
	return reason;
}

static const char *
explain_openssl(const char *fact)
{
	return explain(fact, ERR_reason_error_string(ERR_peek_last_error()));
}

/* RFC 3986 3.1: a scheme, and a colon. */
static bool
is_uri(const char *where)
{
	size_t len = strspn(where, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
							   "0123456789+-.");

	return len > 1 && where[len] == ':';
}

/* RFC 8089: the path that a file URI names, for the same look at it; NULL if it names none here. */
static const char *
file_uri_path(const char *uri)
{
	const char *at = uri + strlen(FILE_SCHEME);

	if (strncmp(at, "//", 2) == 0)
	{
		at += 2;
		if (strncasecmp(at, "localhost/", 10) == 0)
			at += 9;
	}
	return at[0] == '/' ? at : NULL;
}

static const char *
check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return explain("the key file can't be examined", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return "the key file is not a regular file";
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return "the key file belongs to another user";
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "others than its owner have rights on the key file";
	if (st.st_size > FILE_MAX)
		return "the key file is too large";
	return NULL;
}

static int
no_passphrase(char *buf, int size, int rwflag, void *context)
{
	(void) buf;
	(void) size;
	(void) rwflag;
	(void) context;
	return -1;
}

static const char *
read_pem(int fd, EVP_PKEY **pkey)
{
	char buffer[FILE_MAX + 1];
	size_t len = 0;
	ssize_t got;
	BIO *bio;

	while (len < sizeof(buffer) && (got = read(fd, buffer + len, sizeof(buffer) - len)) != 0)
	{
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
		{
			OPENSSL_cleanse(buffer, len);
			return explain("the key file can't be read", strerror(errno));
		}
		len += (size_t) got;
	}
	bio = BIO_new_mem_buf(buffer, (int) len);
	if (bio != NULL)
		*pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	OPENSSL_cleanse(buffer, len);
	return *pkey != NULL ? NULL
						 : explain_openssl("the file holds no unencrypted private key (PEM)");
}

static const char *
open_file(const char *path, EVP_PKEY **pkey)
{
	/* not blocking: a FIFO put there must not hang the worker */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	const char *why;

	if (fd < 0 && errno == ELOOP)
		return "the key file is a symbolic link";
	if (fd < 0)
		return explain("the key file can't be opened", strerror(errno));
	why = check_file(fd);
	if (why == NULL)
		why = read_pem(fd, pkey);
	close(fd);
	return why;
}

static const char *
open_store(const char *uri, EVP_PKEY **pkey)
{
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, NULL, NULL, UI_null(), NULL, NULL, NULL, NULL);

	if (store == NULL)
		return explain_openssl("OpenSSL can't open this store");
	/* a loader that can't search by kind gives all that is there */
	OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (*pkey == NULL && !OSSL_STORE_eof(store))
	{
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info == NULL && OSSL_STORE_error(store))
			break;
		if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			*pkey = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	return *pkey != NULL ? NULL : explain_openssl("the store holds no private key there");
}

static const char *
take_public_half(EVP_PKEY *pkey, StoKey *key)
{
	uint8_t octets[STO_KEY_MAX];
	size_t len = 0;
	const char *why;

	if (!EVP_PKEY_is_a(pkey, "ED25519"))
		return "the key is not an Ed25519 key";
	if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof(octets),
										&len) != 1)
		return explain_openssl("the key's public half can't be had");
	return sto_key_make(STO_SCHEME_ED25519, octets, len, key, &why) ? NULL : why;
}

/* OpenSSL would read a file whatever its mode, so no file is left to it. */
static const char *
open_key(const char *where, EVP_PKEY **pkey)
{
	if (!is_uri(where))
		return open_file(where, pkey);
	if (strncasecmp(where, FILE_SCHEME, strlen(FILE_SCHEME)) != 0)
		return open_store(where, pkey);
	where = file_uri_path(where);
	return where != NULL ? open_file(where, pkey) : "a file URI is written file:/path";
}

static const char *
open_signer(const char *where, StoSigner *signer)
{
	static const char trial[] = "sto_ledger";
	uint8_t sig[STO_SIG_LEN];
	const char *why = open_key(where, &signer->pkey);

	if (why == NULL)
		why = take_public_half(signer->pkey, &signer->key);
	/* a device may hold a key that it won't sign with: better to know it now */
	if (why == NULL && !sto_signer_sign(signer, trial, sizeof(trial) - 1, sig))
		why = "the key makes no good signature";
	return why;
}

StoSigner *
sto_signer_open(const char *where, const char **why)
{
	StoSigner *signer = calloc(1, sizeof(StoSigner));

	if (signer == NULL)
	{
		*why = "out of memory";
		return NULL;
	}
	ERR_clear_error();
	*why = open_signer(where, signer);
	ERR_clear_error();
	if (*why == NULL)
		return signer;
	sto_signer_close(signer);
	return NULL;
}

void
sto_signer_close(StoSigner *signer)
{
	if (signer == NULL)
		return;
	EVP_PKEY_free(signer->pkey);
	free(signer);
}

const StoKey *
sto_signer_key(const StoSigner *signer)
{
	return &signer->key;
}

bool
sto_signer_sign(StoSigner *signer, const void *msg, size_t len, uint8_t sig[STO_SIG_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t sig_len = STO_SIG_LEN;
	bool ok;

	/* RFC 8032 pure Ed25519: no digest of its own */
	ok = ctx != NULL &&
		 EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, signer->pkey, NULL) == 1 &&
		 EVP_DigestSign(ctx, sig, &sig_len, msg, len) == 1 && sig_len == STO_SIG_LEN;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	/* a fault while signing can give the private key away, so it isn't let out */
	ok = ok && sto_signature_check(&signer->key, msg, len, sig) == STO_CHECK_GOOD;
	if (!ok)
		OPENSSL_cleanse(sig, STO_SIG_LEN);
	return ok;
}
