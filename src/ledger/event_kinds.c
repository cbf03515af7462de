/*
 * event_kinds.c
 *		Fields and kinds of event bodies.
 */
#include "postgres.h"

#include "ledger/event_kinds.h"

#include "errors.h"

const StoFieldRule sto_event_fields[STO_FIELDS] = {
	[STO_F_ACKNOWLEDGE] = {"acknowledge", TYPE_BOOLEAN},
	[STO_F_ACT] = {"act", TYPE_TEXT},
	[STO_F_AMOUNT] = {"amount", TYPE_AMOUNT},
	[STO_F_APPROVED] = {"approved", TYPE_BOOLEAN},
	[STO_F_AUTHORISED] = {"authorised", TYPE_AMOUNT},
	[STO_F_BASIS] = {"basis", TYPE_TEXT},
	[STO_F_BY] = {"by", TYPE_TEXT},
	[STO_F_CAPABILITY] = {"capability", TYPE_TEXT},
	[STO_F_CERTIFICATE] = {"certificate", TYPE_TEXT},
	[STO_F_CFI] = {"cfi", TYPE_TEXT},
	[STO_F_CLAIM] = {"claim", TYPE_INTEGER},
	[STO_F_CLASS] = {"class", TYPE_TEXT},
	[STO_F_COMMITMENT] = {"commitment", TYPE_DIGEST},
	[STO_F_CONTROL] = {"control", TYPE_BOOLEAN},
	[STO_F_COUNT] = {"count", TYPE_INTEGER},
	[STO_F_COUNTRY] = {"country", TYPE_TEXT},
	[STO_F_CREDIT] = {"credit", TYPE_ADDRESS},
	[STO_F_CURRENCY] = {"currency", TYPE_TEXT},
	[STO_F_CUSTODIAN] = {"custodian", TYPE_UUID},
	[STO_F_DEBIT] = {"debit", TYPE_ADDRESS},
	[STO_F_DECIMALS] = {"decimals", TYPE_INTEGER},
	[STO_F_DOCUMENT] = {"document", TYPE_INTEGER},
	[STO_F_DOCUMENT_HASH] = {"document_hash", TYPE_DIGEST},
	[STO_F_DTI] = {"dti", TYPE_TEXT},
	[STO_F_FROM] = {"from", TYPE_TIME},
	[STO_F_FROZEN] = {"frozen", TYPE_BOOLEAN},
	[STO_F_GRANTED] = {"granted", TYPE_BOOLEAN},
	[STO_F_HASH] = {"hash", TYPE_DIGEST},
	[STO_F_HOLDS] = {"holds", TYPE_INTEGERS},
	[STO_F_INCORPORATION] = {"incorporation", TYPE_TEXT},
	[STO_F_ISIN] = {"isin", TYPE_TEXT},
	[STO_F_ISSUER] = {"issuer", TYPE_UUID},
	[STO_F_KEY] = {"key", TYPE_KEY},
	[STO_F_KEYS] = {"keys", TYPE_KEYS},
	[STO_F_KIND] = {"kind", TYPE_TEXT},
	[STO_F_LEI] = {"lei", TYPE_TEXT},
	[STO_F_NAME] = {"name", TYPE_TEXT},
	[STO_F_NOT_BEFORE] = {"not_before", TYPE_TIME},
	[STO_F_ORIGIN] = {"origin", TYPE_TEXT},
	[STO_F_OWNER] = {"owner", TYPE_UUID},
	[STO_F_PARTY] = {"party", TYPE_UUID},
	[STO_F_PAUSED] = {"paused", TYPE_BOOLEAN},
	[STO_F_POSSESSION] = {"possession", TYPE_SIGNATURE},
	[STO_F_REASON] = {"reason", TYPE_TEXT},
	[STO_F_RECEIVER_ONLY] = {"receiver_only", TYPE_BOOLEAN},
	[STO_F_REFERENCE] = {"reference", TYPE_TEXT},
	[STO_F_REGISTER_AUTHORITY] = {"register_authority", TYPE_TEXT},
	[STO_F_REPRESENTATIVE] = {"representative", TYPE_UUID},
	[STO_F_ROOT] = {"root", TYPE_DIGEST},
	[STO_F_SALT] = {"salt", TYPE_DIGEST},
	[STO_F_SCOPE] = {"scope", TYPE_TEXT},
	[STO_F_SHARE] = {"share", TYPE_INTEGER},
	[STO_F_SIGNED_ONLY] = {"signed_only", TYPE_BOOLEAN},
	[STO_F_SIZE] = {"size", TYPE_INTEGER},
	[STO_F_STATUS] = {"status", TYPE_TEXT},
	[STO_F_SUM] = {"sum", TYPE_AMOUNT},
	[STO_F_THRESHOLD] = {"threshold", TYPE_INTEGER},
	[STO_F_TO] = {"to", TYPE_TIME},
	[STO_F_TOKEN] = {"token", TYPE_UUID},
	[STO_F_TOPIC] = {"topic", TYPE_TEXT},
	[STO_F_TOPICS] = {"topics", TYPE_TEXTS},
	[STO_F_UNDOES] = {"undoes", TYPE_INTEGER},
	[STO_F_UNSIGNED_ROLE] = {"unsigned_role", TYPE_TEXT},
	[STO_F_URI] = {"uri", TYPE_TEXT},
	[STO_F_VALID_UNTIL] = {"valid_until", TYPE_TIME},
	[STO_F_VERSION] = {"version", TYPE_TEXT},
};

#define F(field) STO_FIELD_BIT(STO_F_##field)

const StoKindRule sto_event_kinds[STO_EVENT_KINDS] = {
	[STO_EVENT_GENESIS] = {"genesis",
						   F(NAME) | F(ORIGIN) | F(THRESHOLD) | F(KEYS) | F(REGISTER_AUTHORITY), 0,
						   0},
	[STO_EVENT_KEYS] = {"keys", F(THRESHOLD) | F(KEYS), 0, 0},
	[STO_EVENT_CAPABILITY] = {"capability", F(CAPABILITY) | F(GRANTED), 0, 0},
	[STO_EVENT_PARTY] = {"party", F(KIND),
						 F(COUNTRY) | F(LEI) | F(COMMITMENT) | F(THRESHOLD) | F(KEYS), 0},
	[STO_EVENT_PARTY_STATUS] = {"party_status", F(STATUS), 0, 0},
	[STO_EVENT_WALLET] = {"wallet", F(PARTY) | F(KIND) | F(SALT) | F(THRESHOLD) | F(KEYS),
						  F(CUSTODIAN) | F(SIGNED_ONLY), 0},
	[STO_EVENT_WALLET_STATUS] = {"wallet_status", F(STATUS), 0, 0},
	[STO_EVENT_WALLET_TERMS] = {"wallet_terms", F(SIGNED_ONLY), 0, 0},
	[STO_EVENT_TOKEN] = {"token", F(KIND) | F(NAME) | F(DECIMALS) | F(AUTHORISED) | F(SALT),
						 F(ISIN) | F(CFI) | F(DTI) | F(CURRENCY) | F(UNSIGNED_ROLE), F(AUTHORISED)},
	[STO_EVENT_TOKEN_TERMS] = {"token_terms", F(AUTHORISED), 0, F(AUTHORISED)},
	[STO_EVENT_TOKEN_POLICY] = {"token_policy", F(UNSIGNED_ROLE), 0, F(UNSIGNED_ROLE)},
	[STO_EVENT_TOKEN_STATUS] = {"token_status", F(STATUS), 0, 0},
	[STO_EVENT_BATCH] = {"batch", F(TOKEN) | F(COUNT) | F(SUM) | F(HASH), F(VALID_UNTIL), 0},
	[STO_EVENT_MAINTENANCE] = {"maintenance", F(REASON) | F(BY), 0, 0},
	[STO_EVENT_LOG_KEY] = {"log_key", F(KEY) | F(POSSESSION), 0, 0},
	[STO_EVENT_WITNESS_KEY] = {"witness_key", F(NAME) | F(KEY) | F(POSSESSION), 0, 0},
	[STO_EVENT_WITNESS_POLICY] = {"witness_policy", F(THRESHOLD), 0, 0},
	[STO_EVENT_TIME_AUTHORITY] = {"time_authority", F(NAME) | F(CERTIFICATE), 0, 0},
	[STO_EVENT_LOG_RESTART] = {"log_restart", F(REASON) | F(SIZE) | F(ROOT), 0, 0},
	[STO_EVENT_CLOSE] = {"close", F(COUNT) | F(ROOT), 0, 0},
	[STO_EVENT_PARTY_FACTS] = {"party_facts", 0,
							   F(COUNTRY) | F(INCORPORATION) | F(LEI) | F(COMMITMENT), 0},
	[STO_EVENT_CLASSIFICATION] = {"classification", F(CLASS) | F(BASIS), F(TOKEN) | F(FROM) | F(TO),
								  0},
	[STO_EVENT_MANDATE] = {"mandate", F(REPRESENTATIVE) | F(SCOPE) | F(BASIS) | F(GRANTED),
						   F(FROM) | F(TO), 0},
	[STO_EVENT_BENEFICIAL_OWNER] = {"beneficial_owner", F(OWNER) | F(SHARE) | F(CONTROL),
									F(FROM) | F(TO), 0},
	[STO_EVENT_CLAIM] = {"claim", F(TOPIC) | F(COMMITMENT), F(FROM) | F(TO), 0},
	[STO_EVENT_CLAIM_REVOKE] = {"claim_revoke", F(CLAIM) | F(REASON), 0, 0},
	[STO_EVENT_TOKEN_TOPICS] = {"token_topics", F(TOPICS), F(RECEIVER_ONLY), 0},
	[STO_EVENT_TRUSTED_ISSUER] = {"trusted_issuer", F(ISSUER) | F(TOPICS), 0, 0},
	[STO_EVENT_TOKEN_PAUSE] = {"token_pause", F(PAUSED) | F(BASIS) | F(DOCUMENT_HASH), 0, 0},
	[STO_EVENT_WALLET_FREEZE] = {"wallet_freeze", F(FROZEN) | F(BASIS) | F(DOCUMENT_HASH), 0, 0},
	[STO_EVENT_PARTY_FREEZE] = {"party_freeze", F(FROZEN) | F(BASIS) | F(DOCUMENT_HASH), 0, 0},
	[STO_EVENT_DOCUMENT] = {"document", F(NAME) | F(VERSION) | F(URI) | F(HASH) | F(ACKNOWLEDGE),
							F(REFERENCE), 0},
	[STO_EVENT_ACKNOWLEDGE] = {"acknowledge", F(DOCUMENT), 0, 0},
};

StaticAssertDecl(STO_FIELDS <= 128, "fields of a body are bits of a StoFieldSet");

StoEventKind
sto_event_kind(const char *name, size_t len)
{
	for (int i = 0; i < STO_EVENT_KINDS; i++)
		if (strlen(sto_event_kinds[i].name) == len &&
			memcmp(sto_event_kinds[i].name, name, len) == 0)
			return (StoEventKind) i;
	ereport(ERROR, (errcode(ERRCODE_STO_INVALID_EVENT),
					errmsg("unknown kind of event \"%.*s\"", (int) Min(len, 64), name)));
}
