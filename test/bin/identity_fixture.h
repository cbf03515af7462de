/*
 * identity_fixture.h
 *		The fixture's ledger with an enforcer and an issuer of claims, and their
 *		acts.
 */
#ifndef STO_TEST_BIN_IDENTITY_FIXTURE_H
#define STO_TEST_BIN_IDENTITY_FIXTURE_H

#include "replay_fixture.h"

#include <stdarg.h>

static Subject enforcer, attester;
static char digest[2 * STO_DIGEST_LEN + 1];

/* The usual ledger with an enforcer and an issuer of claims. */
static inline void
begin_identity(void)
{
	begin_log();
	enforcer.known = attester.known = false;
	make_party(&enforcer, &registrar, false);
	make_event("capability", &enforcer, NULL, &root,
			   "{\"capability\":\"enforcer\",\"granted\":true}");
	make_party(&attester, &registrar, false);
	make_event("capability", &attester, NULL, &root,
			   "{\"capability\":\"claim_issuer\",\"granted\":true}");
}

/* A registrar's, or another's, act with a body in which %s are texts given. */
__attribute__((format(printf, 4, 5))) static inline void
act(const char *kind, Subject *subject, const Subject *actor, const char *format, ...)
{
	char body[BODY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(body, sizeof(body), format, args);
	va_end(args);
	make_event(kind, subject, actor, actor, body);
}

static inline void
claim(Subject *party, const char *extra)
{
	act("claim", party, &attester, "{\"topic\":\"kyc\",\"commitment\":\"%s\"%s}", digest, extra);
}

static inline void
require_kyc(const char *extra)
{
	act("token_topics", &token, &issuer, "{\"topics\":[\"kyc\"]%s}", extra);
}

static inline void
trust(const char *topics)
{
	act("trusted_issuer", &token, &issuer, "{\"issuer\":\"%s\",\"topics\":%s}",
		uuid_text(attester.uuid), topics);
}

static inline void
stop(const char *kind, Subject *subject, const Subject *actor, bool on)
{
	act(kind, subject, actor, "{\"%s\":%s,\"basis\":\"court\",\"document_hash\":\"%s\"}",
		strcmp(kind, "token_pause") == 0 ? "paused" : "frozen", on ? "true" : "false", digest);
}

static inline void
mandate(const char *scope, bool granted, const char *extra)
{
	act("mandate", &alice, &registrar,
		"{\"representative\":\"%s\",\"scope\":\"%s\",\"basis\":\"attorney\",\"granted\":%s%s}",
		uuid_text(notary.uuid), scope, granted ? "true" : "false", extra);
}

/* The party that has a mandate for alice orders. */
static inline void
order_for_alice(void)
{
	make_entry(STO_TRANSFER, &alices, &bobs, 1, 0, &notary, &notary);
}

/* Once, before anything else. */
static inline void
make_identity(void)
{
	make_subjects();
	enforcer = subject_new(20);
	attester = subject_new(21);
	memset(digest, 'a', sizeof(digest) - 1);
}

#endif
