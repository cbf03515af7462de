/*
 * replay_pem.c
 *		Certificates of a time authority: PEM (RFC 7468) of certificates and
 *		nothing else.
 */
#include "bin/replay_state.h"

#include "core/note.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATES_MAX 16

/* A line of the text, without its end. */
typedef struct Line
{
	const char *at;
	size_t len;
} Line;

/* The next line that isn't empty; false at the end. */
static bool
next_line(const char **rest, Line *line)
{
	do
	{
		if (**rest == '\0')
			return false;
		line->at = *rest;
		line->len = strcspn(*rest, "\n");
		*rest += line->len;
		if (**rest == '\n')
			(*rest)++;
		if (line->len > 0 && line->at[line->len - 1] == '\r')
			line->len--;
	} while (line->len == 0);
	return true;
}

static bool
is_line(const Line *line, const char *text)
{
	return line->len == strlen(text) && memcmp(line->at, text, line->len) == 0;
}

/* One certificate in DER, and no octet after it? */
static bool
is_certificate(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;
	X509 *certificate = d2i_X509(NULL, &at, (long) len);
	bool good = certificate != NULL && at == der + len;

	X509_free(certificate);
	ERR_clear_error();
	return good;
}

const char *
sto_fold_bad_certificates(const char *pem)
{
	size_t size = strlen(pem) + 1;
	char *base64 = malloc(size);
	uint8_t *der = malloc(size);
	const char *why = NULL;
	Line line = {0};
	int count = 0;

	if (base64 == NULL || der == NULL)
		why = "could not be read: there is no memory";
	while (why == NULL && next_line(&pem, &line))
	{
		size_t len = 0;
		size_t der_len = 0;
		bool ended = false;

		if (!is_line(&line, "-----BEGIN CERTIFICATE-----"))
			why = "holds something beside certificates";
		while (why == NULL && !ended && next_line(&pem, &line))
		{
			ended = is_line(&line, "-----END CERTIFICATE-----");
			if (!ended)
			{
				memcpy(base64 + len, line.at, line.len);
				len += line.len;
			}
		}
		if (why == NULL && (!ended || !sto_base64_decode(base64, len, der, size, &der_len) ||
							!is_certificate(der, der_len)))
			why = "holds one that can't be read";
		if (++count > CERTIFICATES_MAX)
			why = "holds more than 16";
	}
	if (why == NULL && count == 0)
		why = "holds none";
	free(base64);
	free(der);
	return why;
}
