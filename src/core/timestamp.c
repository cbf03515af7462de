/*
 * timestamp.c
 *		RFC 3161 time-stamps through OpenSSL's TS.
 */
#include "core/timestamp.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* 3.4 gave these functions names that say who owns the argument afterwards */
#if OPENSSL_VERSION_NUMBER < 0x30400000L
#define TS_VERIFY_CTX_set0_store TS_VERIFY_CTX_set_store
#define TS_VERIFY_CTX_set0_certs TS_VERIFY_CTX_set_certs
#endif

typedef STACK_OF(X509) Certificates;

static _Thread_local char reason[200];

/* OpenSSL's errors say what is wrong; out of memory is no answer. */
static StoStamp
judge(const char *fact, const char **why)
{
	const char *detail = ERR_reason_error_string(ERR_peek_last_error());

	*why = fact;
	if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
		return STO_STAMP_FAILED;
	if (detail != NULL)
	{
		snprintf(reason, sizeof(reason), "%s: %s", fact, detail);
		*why = reason;
	}
	return STO_STAMP_BAD;
}

/* RFC 3161 2.4.1: version 1, SHA-256 of the text, certReq true, neither policy nor nonce. */
static TS_REQ *
make_request(const void *text, size_t len)
{
	uint8_t digest[STO_DIGEST_LEN];
	TS_REQ *req = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	bool ok = req != NULL && imprint != NULL && algorithm != NULL && sto_sha256(text, len, digest);

	if (ok)
	{
		X509_ALGOR_set_md(algorithm, EVP_sha256());
		ok = TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
			 TS_MSG_IMPRINT_set_msg(imprint, digest, sizeof(digest)) == 1 &&
			 TS_REQ_set_version(req, 1) == 1 && TS_REQ_set_msg_imprint(req, imprint) == 1 &&
			 TS_REQ_set_cert_req(req, 1) == 1;
	}
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	if (ok)
		return req;
	TS_REQ_free(req);
	return NULL;
}

size_t
sto_timestamp_request(const void *text, size_t len, uint8_t *out, size_t size)
{
	TS_REQ *req = make_request(text, len);
	int need = req == NULL ? -1 : i2d_TS_REQ(req, NULL);

	if (need > 0 && (size_t) need <= size)
		need = i2d_TS_REQ(req, &out);
	else
		need = 0;
	TS_REQ_free(req);
	ERR_clear_error();
	return need > 0 ? (size_t) need : 0;
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

/* Every certificate of the text; NULL if there is none or one is malformed. */
static Certificates *
read_certificates(const char *text)
{
	Certificates *certs = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(text, -1);
	X509 *cert = NULL;
	bool ok = certs != NULL && bio != NULL;

	while (ok && (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
	{
		if (sk_X509_push(certs, cert) > 0)
			continue;
		X509_free(cert);
		ok = false;
	}
	/* the end of the text is the error that is expected */
	ok = ok && sk_X509_num(certs) > 0 &&
		 ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	if (ok)
		ERR_clear_error();
	BIO_free(bio);
	if (ok)
		return certs;
	sk_X509_pop_free(certs, X509_free);
	return NULL;
}

/*
 * Each of the certificates ends a chain, whoever signed it, and the chain must have
 * been valid when the stamp was made: a stamp is evidence long after its authority's
 * certificate has run out.
 */
static X509_STORE *
make_store(Certificates *certs, time_t at)
{
	X509_STORE *store = X509_STORE_new();
	bool ok = store != NULL && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1;

	for (int i = 0; ok && i < sk_X509_num(certs); i++)
		ok = X509_STORE_add_cert(store, sk_X509_value(certs, i)) == 1;
	if (ok)
	{
		X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), at);
		return store;
	}
	X509_STORE_free(store);
	return NULL;
}

/* genTime, RFC 3161 2.4.2: YYYYMMDDhhmmss[.s...]Z; what is below a microsecond is dropped. */
static bool
read_time(const ASN1_GENERALIZEDTIME *when, int64_t *out)
{
	const char *text = (const char *) ASN1_STRING_get0_data(when);
	int len = ASN1_STRING_length(when);
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int64_t micros = 0;
	int days = 0;
	int seconds = 0;
	bool ok = epoch != NULL && len >= 15 && text[len - 1] == 'Z' &&
			  ASN1_TIME_diff(&days, &seconds, epoch, when) == 1;

	ASN1_TIME_free(epoch);
	if (!ok || (len > 15 && text[14] != '.'))
		return false;
	for (int i = 15, unit = 100000; i < len - 1 && unit > 0; i++, unit /= 10)
		micros += (int64_t) unit * (text[i] - '0');
	*out = ((int64_t) days * 86400 + seconds) * 1000000 + micros;
	return true;
}

/* Imprint, its algorithm, status and version as the request has them, and the signature. */
static TS_VERIFY_CTX *
make_context(const void *text, size_t len, Certificates *certs, time_t at)
{
	TS_REQ *req = make_request(text, len);
	TS_VERIFY_CTX *ctx = req == NULL ? NULL : TS_REQ_to_TS_VERIFY_CTX(req, NULL);
	X509_STORE *store = ctx == NULL ? NULL : make_store(certs, at);

	TS_REQ_free(req);
	if (store == NULL)
	{
		TS_VERIFY_CTX_free(ctx);
		return NULL;
	}
	TS_VERIFY_CTX_add_flags(ctx, TS_VFY_VERSION | TS_VFY_SIGNATURE);
	TS_VERIFY_CTX_set0_store(ctx, store);
	/* for an authority that left its certificate out */
	TS_VERIFY_CTX_set0_certs(ctx, X509_chain_up_ref(certs));
	return ctx;
}

static StoStamp
check_response(TS_RESP *response, const void *text, size_t len, Certificates *certs, int64_t *time,
			   const char **why)
{
	TS_TST_INFO *info = TS_RESP_get_tst_info(response);
	TS_VERIFY_CTX *ctx;
	StoStamp result = STO_STAMP_GOOD;
	int64_t at;

	if (info == NULL)
	{
		*why = "the authority did not grant a time-stamp";
		return STO_STAMP_BAD;
	}
	if (!read_time(TS_TST_INFO_get_time(info), &at))
	{
		*why = "the time of the stamp is malformed";
		return STO_STAMP_BAD;
	}
	ctx = make_context(text, len, certs, (time_t) (at / 1000000));
	if (ctx == NULL)
	{
		*why = "OpenSSL failed";
		return STO_STAMP_FAILED;
	}
	if (TS_RESP_verify_response(ctx, response) != 1)
		result = judge("the time-stamp does not verify", why);
	else
		*time = at;
	TS_VERIFY_CTX_free(ctx);
	return result;
}

static StoStamp
check(const void *reply, size_t reply_len, const void *text, size_t len, const char *certificates,
	  int64_t *time, const char **why)
{
	const unsigned char *at = reply;
	TS_RESP *response;
	Certificates *certs;
	StoStamp result;

	if (reply_len > STO_TIMESTAMP_MAX)
	{
		*why = "the reply has more than 65535 octets";
		return STO_STAMP_BAD;
	}
	response = d2i_TS_RESP(NULL, &at, (long) reply_len);
	if (response == NULL)
		return judge("the reply is not a TimeStampResp", why);
	certs = read_certificates(certificates);
	if (at != (const unsigned char *) reply + reply_len)
	{
		*why = "the reply goes on after its end";
		result = STO_STAMP_BAD;
	}
	else if (certs == NULL)
		result = judge("the authority's certificates are not PEM", why);
	else
		result = check_response(response, text, len, certs, time, why);
	sk_X509_pop_free(certs, X509_free);
	TS_RESP_free(response);
	return result;
}

StoStamp
sto_timestamp_check(const void *reply, size_t reply_len, const void *text, size_t len,
					const char *certificates, int64_t *time, const char **why)
{
	StoStamp result;

	*why = NULL;
	ERR_clear_error();
	result = check(reply, reply_len, text, len, certificates, time, why);
	ERR_clear_error();
	return result;
}
