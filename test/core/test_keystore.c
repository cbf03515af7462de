/*
 * test_keystore.c
 *		Keys of signers: which files and stores are taken, and which are refused.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* a store loader of our own: OSSL_STORE_LOADER_new */

#include "core/keystore.h"

#include "check.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/sto_keystore_XXXXXX";
static char path[200];

/* RFC 8032 7.1, test 1 */
static const char seed_hex[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char key_hex[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
static const char sig_hex[] = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb"
							  "8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

static const char *
in_dir(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static EVP_PKEY *
known_key(void)
{
	uint8_t seed[32];

	sto_hex_decode(seed_hex, 64, seed, sizeof(seed));
	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
}

static void
write_key(const char *name, EVP_PKEY *pkey, const char *passphrase)
{
	FILE *f = fopen(in_dir(name), "w");

	PEM_write_PKCS8PrivateKey(f, pkey, passphrase == NULL ? NULL : EVP_aes_128_cbc(), passphrase,
							  passphrase == NULL ? 0 : (int) strlen(passphrase), NULL, NULL);
	fclose(f);
	chmod(path, 0600);
}

static void
write_text(const char *name, const char *text, size_t times)
{
	FILE *f = fopen(in_dir(name), "w");

	while (times-- > 0)
		fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static bool
opens(const char *where)
{
	const char *why = "unset";
	StoSigner *signer = sto_signer_open(where, &why);
	char text[2 * 32 + 1] = "";

	if (signer != NULL)
		sto_hex_encode(sto_signer_key(signer)->data, 32, text);
	sto_signer_close(signer);
	return why == NULL && strcmp(text, key_hex) == 0 && ERR_peek_error() == 0;
}

static bool
refuses(const char *where, const char *reason)
{
	const char *why = NULL;
	StoSigner *signer = sto_signer_open(where, &why);
	bool ok = signer == NULL && why != NULL && strstr(why, reason) != NULL;

	if (!ok)
		printf("# %s: %s\n", where, why == NULL ? "opened" : why);
	/* the setting may hold a PIN */
	ok &= why == NULL || (strstr(why, dir) == NULL && strstr(why, "5678") == NULL);
	sto_signer_close(signer);
	return ok && ERR_peek_error() == 0;
}

static void
test_sign(void)
{
	const char *why = NULL;
	StoSigner *signer = sto_signer_open(in_dir("key"), &why);
	uint8_t sig[STO_SIG_LEN];
	char text[2 * STO_SIG_LEN + 1];

	CHECK(signer != NULL && why == NULL);
	if (signer == NULL)
		return;
	CHECK(sto_signer_key(signer)->scheme == STO_SCHEME_ED25519);
	CHECK(sto_signer_sign(signer, "", 0, sig));
	sto_hex_encode(sig, sizeof(sig), text);
	CHECK_AS(strcmp(text, sig_hex) == 0, "RFC 8032's first signature");
	CHECK(sto_signer_sign(signer, "abc", 3, sig) &&
		  sto_signature_check(sto_signer_key(signer), "abc", 3, sig) == STO_CHECK_GOOD);
	sto_signer_close(signer);
	sto_signer_close(NULL);
}

static void
test_files(void)
{
	static const mode_t loose[] = {0640, 0604, 0660, 0610, 0601, 0620};
	char uri[256];
	char link_path[200];
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	EVP_PKEY *pkey = known_key();
	FILE *f;

	CHECK(opens(in_dir("key")));
	chmod(in_dir("key"), 0400);
	CHECK_AS(opens(in_dir("key")), "mode 0400");
	for (size_t i = 0; i < sizeof(loose) / sizeof(loose[0]); i++)
	{
		chmod(in_dir("key"), loose[i]);
		CHECK_AS(refuses(in_dir("key"), "others than its owner"), "mode %o", loose[i]);
	}
	chmod(in_dir("key"), 0600);
	if (geteuid() == 0)
	{
		CHECK(chown(in_dir("key"), 65534, 65534) == 0 &&
			  refuses(in_dir("key"), "belongs to another user"));
		CHECK(chown(in_dir("key"), 0, 0) == 0);
	}

	snprintf(link_path, sizeof(link_path), "%s/link", dir);
	CHECK(symlink(in_dir("key"), link_path) == 0 && refuses(link_path, "symbolic link"));
	snprintf(uri, sizeof(uri), "file:%s", link_path);
	CHECK_AS(refuses(uri, "symbolic link"), "a link in a file URI");
	snprintf(uri, sizeof(uri), "file:%s", in_dir("key"));
	CHECK_AS(opens(uri), "file:/path");
	snprintf(uri, sizeof(uri), "file://%s", in_dir("key"));
	CHECK_AS(opens(uri), "file:///path");
	chmod(in_dir("key"), 0644);
	CHECK_AS(refuses(uri, "others than its owner"), "a file URI gets no way round");
	snprintf(uri, sizeof(uri), "FILE:%s", in_dir("key"));
	CHECK_AS(refuses(uri, "others than its owner"), "nor one in capitals");
	chmod(in_dir("key"), 0600);

	CHECK(refuses(dir, "not a regular file"));
	CHECK_AS(mkfifo(in_dir("fifo"), 0600) == 0 && refuses(in_dir("fifo"), "not a regular file"),
			 "a FIFO does not hang the opener");
	CHECK(refuses(in_dir("missing"), "No such file"));
	write_text("empty", "", 1);
	CHECK(refuses(in_dir("empty"), "no unencrypted private key"));
	write_text("text", "this is no key\n", 3);
	CHECK(refuses(in_dir("text"), "no unencrypted private key"));
	write_text("large", "this is no key\n", 2000);
	CHECK(refuses(in_dir("large"), "too large"));
	write_key("secret", pkey, "passphrase");
	CHECK(refuses(in_dir("secret"), "no unencrypted private key"));
	write_key("ec", other, NULL);
	CHECK(refuses(in_dir("ec"), "not an Ed25519 key"));
	f = fopen(in_dir("public"), "w");
	PEM_write_PUBKEY(f, pkey);
	fclose(f);
	chmod(path, 0600);
	CHECK(refuses(in_dir("public"), "no unencrypted private key"));
	EVP_PKEY_free(other);
	EVP_PKEY_free(pkey);
}

/*
 * RFC 8032's key with another's public half, whose signatures would give the private key
 * away.  OpenSSL may refuse to make it.
 */
static EVP_PKEY *
mismatched_key(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "ED25519", NULL);
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_PKEY *pkey = NULL;
	uint8_t seed[32];
	uint8_t public[32];
	size_t len = sizeof(public);
	OSSL_PARAM params[3];

	sto_hex_decode(seed_hex, 64, seed, sizeof(seed));
	EVP_PKEY_get_raw_public_key(other, public, &len);
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, seed, sizeof(seed));
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, public, len);
	params[2] = OSSL_PARAM_construct_end();
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
		pkey = NULL;
	ERR_clear_error();
	EVP_PKEY_free(other);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *mismatched;

/* A store that is no file: an empty thing first, as a token may list its public objects. */
static int loaded;

static OSSL_STORE_LOADER_CTX *
test_open(const OSSL_STORE_LOADER *loader, const char *uri, const UI_METHOD *ui, void *data)
{
	(void) loader;
	(void) ui;
	(void) data;
	loaded = strstr(uri, "object=log") != NULL ? 0 : strstr(uri, "object=mismatched") ? 5 : 3;
	return (OSSL_STORE_LOADER_CTX *) &loaded;
}

static OSSL_STORE_INFO *
test_load(OSSL_STORE_LOADER_CTX *ctx, const UI_METHOD *ui, void *data)
{
	(void) ctx;
	(void) ui;
	(void) data;
	switch (loaded++)
	{
		case 0:
			return OSSL_STORE_INFO_new_NAME(OPENSSL_strdup("log"));
		case 1:
			return OSSL_STORE_INFO_new_PKEY(known_key());
		case 5:
			EVP_PKEY_up_ref(mismatched);
			return OSSL_STORE_INFO_new_PKEY(mismatched);
	}
	return NULL;
}

static int
test_eof(OSSL_STORE_LOADER_CTX *ctx)
{
	(void) ctx;
	return loaded > 2 && loaded != 5;
}

static int
test_error(OSSL_STORE_LOADER_CTX *ctx)
{
	(void) ctx;
	return loaded == 4;
}

static int
test_close(OSSL_STORE_LOADER_CTX *ctx)
{
	(void) ctx;
	return 1;
}

static void
test_stores(void)
{
	OSSL_STORE_LOADER *loader = OSSL_STORE_LOADER_new(NULL, "sto-test");

	CHECK(refuses("no-such-scheme:token=sto;pin-value=5678", "can't open this store"));
	CHECK(refuses("file://elsewhere.example/key", "written file:/path"));
	CHECK(OSSL_STORE_LOADER_set_open(loader, test_open) == 1 &&
		  OSSL_STORE_LOADER_set_load(loader, test_load) == 1 &&
		  OSSL_STORE_LOADER_set_eof(loader, test_eof) == 1 &&
		  OSSL_STORE_LOADER_set_error(loader, test_error) == 1 &&
		  OSSL_STORE_LOADER_set_close(loader, test_close) == 1 &&
		  OSSL_STORE_register_loader(loader) == 1);
	CHECK_AS(opens("sto-test:token=sto;object=log;pin-value=5678"), "a key from a store");
	CHECK(refuses("sto-test:token=sto;object=other;pin-value=5678", "holds no private key"));
	mismatched = mismatched_key();
	CHECK_AS(mismatched == NULL ||
				 refuses("sto-test:token=sto;object=mismatched", "makes no good signature"),
			 "a public half of another key");
	EVP_PKEY_free(mismatched);
	OSSL_STORE_LOADER_free(OSSL_STORE_unregister_loader("sto-test"));
}

int
main(void)
{
	char command[256];
	EVP_PKEY *pkey = known_key();

	CHECK(mkdtemp(dir) != NULL);
	write_key("key", pkey, NULL);
	EVP_PKEY_free(pkey);
	test_sign();
	test_files();
	test_stores();
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	CHECK(system(command) == 0);
	return check_done("keystore");
}
