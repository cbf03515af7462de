/*
 * test_token.c
 *		Keys that never leave a PKCS#11 token: SoftHSM, with a token made here.
 */
#include "core/keystore.h"
#include "core/token.h"

#include "check.h"

#include <openssl/err.h>
#include <sanitizer/lsan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define WITH_PIN "?module-path=" MODULE "&pin-value=5678"

static char dir[] = "/tmp/sto_token_XXXXXX";

static bool
run(const char *format, ...)
{
	char command[600];
	char quiet[700];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	snprintf(quiet, sizeof(quiet), "(%s) > %s/log 2>&1 || { cat %s/log; exit 1; }", command, dir,
			 dir);
	return system(quiet) == 0;
}

static bool
generate(const char *label, const char *id, const char *type)
{
	return run("pkcs11-tool --module " MODULE " --login --pin 5678 --token-label sto "
			   "--keypairgen --key-type %s --label '%s' --id %s",
			   type, label, id);
}

/* SoftHSM leaves memory of its own behind, which isn't what is looked for here. */
static StoSigner *
open_signer(const char *uri, const char **why)
{
	StoSigner *signer;

	__lsan_disable();
	signer = sto_signer_open(uri, why);
	__lsan_enable();
	return signer;
}

static bool
refuses(const char *uri, const char *reason)
{
	const char *why = NULL;
	StoSigner *signer = open_signer(uri, &why);
	bool ok = signer == NULL && why != NULL && strstr(why, reason) != NULL &&
			  strstr(why, "5678") == NULL && strstr(why, dir) == NULL && ERR_peek_error() == 0;

	if (!ok)
		printf("# %s: %s\n", uri, why == NULL ? "opened" : why);
	sto_signer_close(signer);
	return ok;
}

static void
test_sign(const char *uri, const char *what)
{
	const char *why = NULL;
	StoSigner *signer = open_signer(uri, &why);
	StoSigner *second = open_signer(uri, &why);
	uint8_t sig[STO_SIG_LEN];
	bool ok = true;

	CHECK_AS(signer != NULL && second != NULL, "%s: %s", what, why == NULL ? "opened" : why);
	if (signer == NULL || second == NULL)
		return;
	for (int i = 0; i < 20; i++)
	{
		char text[20];
		size_t len = (size_t) sprintf(text, "text %d", i);

		__lsan_disable();
		ok &= sto_signer_sign(signer, text, len, sig);
		__lsan_enable();
		ok &= sto_signature_check(sto_signer_key(signer), text, len, sig) == STO_CHECK_GOOD;
		ok &= sto_signature_check(sto_signer_key(signer), text, len - 1, sig) == STO_CHECK_BAD;
	}
	CHECK_AS(ok, "%s: signs", what);
	sto_signer_close(signer);
	__lsan_disable();
	CHECK_AS(sto_signer_sign(second, "", 0, sig), "%s: one session outlives another", what);
	__lsan_enable();
	sto_signer_close(second);
}

static void
test_pins(void)
{
	char uri[300];
	char path[100];
	FILE *f;

	snprintf(path, sizeof(path), "%s/pin", dir);
	f = fopen(path, "w");
	fputs("5678\n", f);
	fclose(f);
	snprintf(uri, sizeof(uri), "pkcs11:token=sto;object=log?pin-source=%s&module-path=%s", path,
			 MODULE);
	chmod(path, 0644);
	CHECK(refuses(uri, "others than its owner"));
	chmod(path, 0600);
	test_sign(uri, "PIN from a path");
	snprintf(uri, sizeof(uri), "pkcs11:token=sto;object=log?pin-source=file:%s&module-path=%s",
			 path, MODULE);
	test_sign(uri, "PIN from a file URI");
	CHECK(refuses("pkcs11:token=sto;object=log?pin-source=pin&module-path=" MODULE,
				  "no absolute path"));
	CHECK(refuses("pkcs11:token=sto;object=log?pin-source=/nonexistent/pin&module-path=" MODULE,
				  "No such file"));
}

/* A process that has logged in stays so, in all its sessions: what a PIN refuses comes first. */
static void
test_login(void)
{
	CHECK(refuses("pkcs11:token=sto;object=log?module-path=" MODULE, "no such Ed25519"));
	CHECK(refuses("pkcs11:token=sto;object=log?module-path=" MODULE "&pin-value=1111",
				  "PIN is wrong"));
}

static void
test_refusals(void)
{
	char long_uri[700];

	CHECK(refuses("pkcs11:token=other;object=log" WITH_PIN, "no such token"));
	CHECK(refuses("pkcs11:token=st;object=log" WITH_PIN, "no such token"));
	CHECK(refuses("pkcs11:serial=1;object=log" WITH_PIN, "no such token"));
	CHECK(refuses("pkcs11:token=sto;object=other" WITH_PIN, "no such Ed25519 private key"));
	CHECK(refuses("pkcs11:token=sto;object=log;id=%07" WITH_PIN, "no such Ed25519 private key"));
	CHECK(refuses("pkcs11:token=sto;object=curve" WITH_PIN, "no such Ed25519 private key"));
	CHECK(refuses("pkcs11:token=sto;object=twice" WITH_PIN, "more than one such key"));
	CHECK(refuses("pkcs11:token=sto" WITH_PIN, "neither object nor id"));
	CHECK(refuses("pkcs11:token=sto;object=log;slot=1" WITH_PIN, "not known"));
	CHECK(refuses("pkcs11:token=sto;object=log;type=public" WITH_PIN, "not known"));
	CHECK(refuses("pkcs11:token=sto;object=log;object=log" WITH_PIN, "repeated"));
	CHECK(refuses("pkcs11:token=sto;object=lo%6" WITH_PIN, "malformed"));
	CHECK(refuses("pkcs11:token=sto;object=lo%zz" WITH_PIN, "malformed"));
	CHECK(refuses("pkcs11:token=sto;object" WITH_PIN, "not known"));
	CHECK(refuses("pkcs11:token=sto;object=log" WITH_PIN "&token=sto", "not known"));
	CHECK(refuses("pkcs11:object=log?module-path=softhsm2.so", "not absolute"));
	CHECK(refuses("pkcs11:object=log?module-path=/nonexistent.so", "no such module"));
	CHECK(refuses("pkcs11:object=log?module-path=/lib/x86_64-linux-gnu/libz.so.1", "module"));
	CHECK_AS(refuses("pkcs11:token=sto;object=log", "can't open this store"),
			 "without a module it is OpenSSL's to open");
	memset(long_uri, 'a', sizeof(long_uri));
	memcpy(long_uri, "pkcs11:object=", 14);
	strcpy(long_uri + 600, WITH_PIN);
	CHECK(refuses(long_uri, "too long"));
	CHECK(sto_token_is_uri("pkcs11:?module-path=/x") && !sto_token_is_uri("pkcs11:object=a") &&
		  !sto_token_is_uri("pkcs11:object=a?pin-value=module-path=") &&
		  !sto_token_is_uri("file:/a?module-path=/x") && !sto_token_is_uri(""));
}

int
main(void)
{
	char conf[100];
	FILE *f;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(conf, sizeof(conf), "%s/softhsm2.conf", dir);
	f = fopen(conf, "w");
	fprintf(f, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", dir);
	fclose(f);
	setenv("SOFTHSM2_CONF", conf, 1);
	CHECK(run("softhsm2-util --init-token --free --label sto --so-pin 1234 --pin 5678"));
	CHECK(generate("log", "01", "EC:edwards25519") && generate("a b", "02", "EC:edwards25519") &&
		  generate("curve", "03", "EC:prime256v1") && generate("twice", "04", "EC:edwards25519") &&
		  generate("twice", "05", "EC:edwards25519"));
	test_login();
	test_sign("pkcs11:token=sto;object=log;type=private" WITH_PIN, "by label");
	test_sign("pkcs11:token=%73to;id=%05" WITH_PIN, "by id");
	test_sign("pkcs11:object=a%20b" WITH_PIN, "a label with a space");
	test_pins();
	test_refusals();
	CHECK(run("rm -rf %s/*-*", dir) && run("rm -f %s/softhsm2.conf %s/pin", dir, dir));
	unsetenv("SOFTHSM2_CONF");
	snprintf(conf, sizeof(conf), "rm -rf '%s'", dir);
	CHECK(system(conf) == 0);
	return check_done("token");
}
