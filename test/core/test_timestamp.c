/*
 * test_timestamp.c
 *		Time-stamps of an authority made here, with OpenSSL's own responder.
 */
#include "core/timestamp.h"

#include "check.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_MAX 8192
#define Y2020 INT64_C(1577836800)

static const char text[] = "example.org/log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
#define TEXT_LEN (sizeof(text) - 1)

typedef struct Party
{
	EVP_PKEY *pkey;
	X509 *cert;
	char pem[4096];
} Party;

static Party root;
static Party authority; /* for time-stamping, of root; valid in 2020 alone */
static Party server;    /* of root, but not for time-stamping */
static Party stranger;  /* for time-stamping, of itself */

static void
extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, (char *) value);

	X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
}

static void
make_party(Party *party, const char *name, const Party *issuer, bool is_ca, const char *usage)
{
	static int serial;
	BIO *bio = BIO_new(BIO_s_mem());

	party->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	party->cert = X509_new();
	X509_set_version(party->cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(party->cert), ++serial);
	ASN1_TIME_set(X509_getm_notBefore(party->cert), Y2020);
	ASN1_TIME_set(X509_getm_notAfter(party->cert), Y2020 + 365 * 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(party->cert), "CN", MBSTRING_ASC,
							   (const unsigned char *) name, -1, -1, 0);
	X509_set_issuer_name(party->cert, X509_get_subject_name(issuer->cert));
	X509_set_pubkey(party->cert, party->pkey);
	extend(party->cert, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (usage != NULL)
		extend(party->cert, NID_ext_key_usage, usage);
	X509_sign(party->cert, issuer->pkey, EVP_sha256());
	PEM_write_bio_X509(bio, party->cert);
	party->pem[BIO_read(bio, party->pem, sizeof(party->pem) - 1)] = '\0';
	BIO_free(bio);
}

static void
free_party(Party *party)
{
	EVP_PKEY_free(party->pkey);
	X509_free(party->cert);
}

static int64_t stamp_time = Y2020 + 1000;

static int
tell_time(TS_RESP_CTX *ctx, void *data, long *seconds, long *micros)
{
	(void) ctx;
	(void) data;
	*seconds = (long) stamp_time;
	*micros = 123456;
	return 1;
}

static ASN1_INTEGER *
tell_serial(TS_RESP_CTX *ctx, void *data)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	(void) ctx;
	(void) data;
	ASN1_INTEGER_set(serial, 42);
	return serial;
}

/* What an authority answers; digits of the second's fraction.  Returns the reply's length. */
static size_t
stamp(const Party *by, const void *request, size_t request_len, bool takes_sha256, int digits,
	  uint8_t *reply)
{
	TS_RESP_CTX *ctx = TS_RESP_CTX_new();
	BIO *bio = BIO_new_mem_buf(request, (int) request_len);
	ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4.1", 1);
	TS_RESP *response;
	int len;

	TS_RESP_CTX_set_signer_cert(ctx, by->cert);
	TS_RESP_CTX_set_signer_key(ctx, by->pkey);
	TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256());
	TS_RESP_CTX_set_ess_cert_id_digest(ctx, EVP_sha256());
	TS_RESP_CTX_set_def_policy(ctx, policy);
	TS_RESP_CTX_add_md(ctx, takes_sha256 ? EVP_sha256() : EVP_sha512());
	TS_RESP_CTX_set_clock_precision_digits(ctx, digits);
	TS_RESP_CTX_set_time_cb(ctx, tell_time, NULL);
	TS_RESP_CTX_set_serial_cb(ctx, tell_serial, NULL);
	response = TS_RESP_create_response(ctx, bio);
	len = response == NULL ? 0 : i2d_TS_RESP(response, &reply);
	TS_RESP_free(response);
	ASN1_OBJECT_free(policy);
	BIO_free(bio);
	TS_RESP_CTX_free(ctx);
	ERR_clear_error();
	return len > 0 ? (size_t) len : 0;
}

static StoStamp
check(const uint8_t *reply, size_t len, const char *over, const char *certificates, int64_t *time)
{
	const char *why = NULL;
	StoStamp result = sto_timestamp_check(reply, len, over, strlen(over), certificates, time, &why);

	if ((result == STO_STAMP_GOOD) != (why == NULL) || ERR_peek_error() != 0)
		return STO_STAMP_FAILED;
	return result;
}

static size_t request_len;
static uint8_t request[128];

static void
test_request(void)
{
	/* RFC 3161 2.4.1; SHA-256 without parameters (RFC 5754 2) */
	static const uint8_t head[] = {0x30, 0x37, 0x02, 0x01, 0x01, 0x30, 0x2f, 0x30,
								   0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
								   0x03, 0x04, 0x02, 0x01, 0x04, 0x20};
	static const uint8_t tail[] = {0x01, 0x01, 0xff};
	uint8_t digest[STO_DIGEST_LEN];

	request_len = sto_timestamp_request(text, TEXT_LEN, request, sizeof(request));
	sto_sha256(text, TEXT_LEN, digest);
	CHECK(request_len == sizeof(head) + sizeof(digest) + sizeof(tail));
	CHECK(memcmp(request, head, sizeof(head)) == 0 &&
		  memcmp(request + sizeof(head), digest, sizeof(digest)) == 0 &&
		  memcmp(request + sizeof(head) + sizeof(digest), tail, sizeof(tail)) == 0);
	CHECK(sto_timestamp_request(text, TEXT_LEN, request, request_len - 1) == 0 &&
		  sto_timestamp_request(text, TEXT_LEN, request, 0) == 0 &&
		  sto_timestamp_request(text, TEXT_LEN, request, request_len) == request_len);
}

static void
test_good(void)
{
	uint8_t reply[REPLY_MAX];
	uint8_t bare[64];
	size_t len = stamp(&authority, request, request_len, true, 0, reply);
	char both[2 * sizeof(root.pem) + 20];
	int64_t time = 0;

	CHECK_AS(check(reply, len, text, root.pem, &time) == STO_STAMP_GOOD &&
				 time == stamp_time * 1000000,
			 "trusted by its issuer, years after both certificates ran out");
	CHECK_AS(check(reply, len, text, authority.pem, &time) == STO_STAMP_GOOD, "trusted by itself");
	snprintf(both, sizeof(both), "for people\n%s\n%s", stranger.pem, root.pem);
	CHECK_AS(check(reply, len, text, both, &time) == STO_STAMP_GOOD, "one of two certificates");
	len = stamp(&authority, request, request_len, true, 3, reply);
	CHECK_AS(check(reply, len, text, root.pem, &time) == STO_STAMP_GOOD &&
				 time == stamp_time * 1000000 + 123000,
			 "milliseconds");
	len = stamp(&authority, request, request_len, true, 6, reply);
	CHECK_AS(check(reply, len, text, root.pem, &time) == STO_STAMP_GOOD &&
				 time == stamp_time * 1000000 + 123456,
			 "microseconds");

	/* certReq false: the authority leaves its certificate out */
	memcpy(bare, request, request_len);
	bare[1] -= 3;
	len = stamp(&authority, bare, request_len - 3, true, 0, reply);
	CHECK_AS(len > 0 && check(reply, len, text, authority.pem, &time) == STO_STAMP_GOOD,
			 "a reply without certificates, trusted by itself");
	CHECK_AS(check(reply, len, text, root.pem, &time) == STO_STAMP_BAD,
			 "a reply without certificates needs the authority's own");
}

static void
test_bad(void)
{
	uint8_t reply[REPLY_MAX];
	size_t len = stamp(&authority, request, request_len, true, 0, reply);
	char broken[sizeof(root.pem)];
	int64_t time = -5;

	CHECK(check(reply, len, "another text\n", root.pem, &time) == STO_STAMP_BAD);
	CHECK(check(reply, len, text, stranger.pem, &time) == STO_STAMP_BAD);
	CHECK(check(reply, len, text, server.pem, &time) == STO_STAMP_BAD);
	CHECK(check(reply, len, text, "", &time) == STO_STAMP_BAD &&
		  check(reply, len, text, "no certificate", &time) == STO_STAMP_BAD);
	memcpy(broken, root.pem, sizeof(broken));
	broken[100] = '*';
	CHECK(check(reply, len, text, broken, &time) == STO_STAMP_BAD);
	CHECK(check(reply, 0, text, root.pem, &time) == STO_STAMP_BAD &&
		  check(NULL, 0, text, root.pem, &time) == STO_STAMP_BAD &&
		  check((const uint8_t *) "no reply", 8, text, root.pem, &time) == STO_STAMP_BAD);
	reply[len] = 0;
	CHECK(check(reply, len + 1, text, root.pem, &time) == STO_STAMP_BAD);
	CHECK_AS(check(reply, STO_TIMESTAMP_MAX + 1, text, root.pem, &time) == STO_STAMP_BAD,
			 "a reply too long is not looked at");

	len = stamp(&authority, request, request_len, false, 0, reply);
	CHECK_AS(len > 0 && check(reply, len, text, root.pem, &time) == STO_STAMP_BAD, "a rejection");
	len = stamp(&stranger, request, request_len, true, 0, reply);
	CHECK_AS(len > 0 && check(reply, len, text, root.pem, &time) == STO_STAMP_BAD,
			 "an authority that nobody trusts");
	CHECK_AS(check(reply, len, text, stranger.pem, &time) == STO_STAMP_GOOD && time > 0,
			 "unless somebody does");
	time = -5;
	stamp_time = Y2020 + 366 * 86400;
	len = stamp(&authority, request, request_len, true, 0, reply);
	CHECK_AS(len > 0 && check(reply, len, text, root.pem, &time) == STO_STAMP_BAD,
			 "a stamp made after the certificate ran out");
	stamp_time = Y2020 - 5;
	len = stamp(&authority, request, request_len, true, 0, reply);
	CHECK_AS(len > 0 && check(reply, len, text, root.pem, &time) == STO_STAMP_BAD,
			 "a stamp made before the certificate began");
	stamp_time = Y2020 + 1000;
	CHECK_AS(time == -5, "no time is given of a bad stamp");
}

/* Whatever octet is changed: no crash, and never another time than the one that was signed. */
static void
test_mutations(void)
{
	uint8_t reply[REPLY_MAX];
	size_t len = stamp(&authority, request, request_len, true, 0, reply);
	bool ok = len > 0;
	int good = 0;

	for (size_t i = 0; i < len; i++)
	{
		uint8_t was = reply[i];

		for (int change = 0; change < 2; change++)
		{
			int64_t time = 0;
			StoStamp result;

			reply[i] = (uint8_t) (change == 0 ? was ^ 1 << i % 8 : was + 1);
			result = check(reply, len, text, root.pem, &time);
			ok &= result == STO_STAMP_BAD ||
				  (result == STO_STAMP_GOOD && time == stamp_time * 1000000);
			good += result == STO_STAMP_GOOD;
		}
		reply[i] = was;
	}
	for (size_t cut = 0; cut < len; cut += 7)
	{
		int64_t time = 0;

		ok &= check(reply, cut, text, root.pem, &time) == STO_STAMP_BAD;
	}
	CHECK_AS(ok && good < 60, "every octet changed, %d changes not covered by signatures", good);
}

int
main(void)
{
	make_party(&root, "root", &root, true, NULL);
	make_party(&authority, "authority", &root, false, "critical,timeStamping");
	make_party(&server, "server", &root, false, "serverAuth");
	make_party(&stranger, "stranger", &stranger, false, "critical,timeStamping");
	test_request();
	test_good();
	test_bad();
	test_mutations();
	free_party(&root);
	free_party(&authority);
	free_party(&server);
	free_party(&stranger);
	return check_done("timestamp");
}
