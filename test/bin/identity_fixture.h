/*
 * identity_fixture.h
 *		The fixture's ledger with two enforcers and an issuer of claims, and their
 *		acts.
 */
#ifndef STO_TEST_BIN_IDENTITY_FIXTURE_H
#define STO_TEST_BIN_IDENTITY_FIXTURE_H

#include "replay_fixture.h"

#include "core/bech32m.h"

#include <stdarg.h>

static Subject enforcer, second_enforcer, attester;
static char digest[2 * STO_DIGEST_LEN + 1];
static Subject stop_case;
static uint8_t cases;

static inline void
make_enforcer(Subject *party)
{
	make_party(party, &registrar, false);
	make_event("capability", party, NULL, &root, "{\"capability\":\"enforcer\",\"granted\":true}");
}

/* The usual ledger with two enforcers and an issuer of claims. */
static inline void
begin_identity(void)
{
	begin_log();
	enforcer.known = second_enforcer.known = attester.known = false;
	cases = 0;
	make_enforcer(&enforcer);
	make_enforcer(&second_enforcer);
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

/* A case to freeze the wallet, or pause the token; its event. */
static inline int64_t
open_stop(const char *kind, const Subject *about, const Subject *officer)
{
	uint8_t address[STO_ADDRESS_LEN];
	char text[STO_ADDRESS_TEXT_LEN + 1];
	char of_token[60] = "";

	memset(&stop_case, 0, sizeof(stop_case));
	make_uuid((uint8_t) (100 + cases++), stop_case.uuid);
	sto_wallet_address(ledger_id, about->uuid, address);
	sto_address_print(address, text);
	if (strcmp(kind, "token_pause") == 0)
		snprintf(of_token, sizeof(of_token), ",\"token\":\"%s\"", uuid_text(about->uuid));
	act("case", &stop_case, officer,
		"{\"act\":\"%s\",\"basis\":\"court\",\"document_hash\":\"%s\",\"debit\":\"%s\"%s}", kind,
		digest, text, of_token);
	return last_id;
}

/* An officer's word on the case that was opened last. */
static inline void
decide_stop(const Subject *officer, bool approved)
{
	act("case_approve", &stop_case, officer, "{\"approved\":%s}", approved ? "true" : "false");
}

/* number 0: by no case */
static inline void
stop_by_case(const char *kind, Subject *subject, const Subject *actor, bool on, int64_t number)
{
	char cited[40] = "";

	if (number != 0)
		snprintf(cited, sizeof(cited), ",\"case\":%lld", (long long) number);
	act(kind, subject, actor, "{\"%s\":%s,\"basis\":\"court\",\"document_hash\":\"%s\"%s}",
		strcmp(kind, "token_pause") == 0 ? "paused" : "frozen", on ? "true" : "false", digest,
		cited);
}

/* By a case of both enforcers, where it takes one. */
static inline void
stop(const char *kind, Subject *subject, const Subject *actor, bool on)
{
	int64_t number = 0;

	if (on && actor == &enforcer && strcmp(kind, "party_freeze") != 0)
	{
		number = open_stop(kind, subject, &enforcer);
		decide_stop(&second_enforcer, true);
	}
	stop_by_case(kind, subject, actor, on, number);
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
	second_enforcer = subject_new(22);
	memset(digest, 'a', sizeof(digest) - 1);
}

#endif
