/*
 * replay_body.h
 *		Bodies of events (docs/format.md, "Event bodies"), read with jansson.
 */
#ifndef STO_BIN_REPLAY_BODY_H
#define STO_BIN_REPLAY_BODY_H

#include "core/policy.h"

#define STO_BODY_MAX 60000 /* octets */

typedef enum StoBodyKind
{
	STO_BODY_GENESIS,
	STO_BODY_KEYS,
	STO_BODY_CAPABILITY,
	STO_BODY_PARTY,
	STO_BODY_PARTY_STATUS,
	STO_BODY_WALLET,
	STO_BODY_WALLET_STATUS,
	STO_BODY_WALLET_TERMS,
	STO_BODY_TOKEN,
	STO_BODY_TOKEN_TERMS,
	STO_BODY_TOKEN_POLICY,
	STO_BODY_TOKEN_STATUS,
	STO_BODY_BATCH,
	STO_BODY_MAINTENANCE,
	STO_BODY_LOG_KEY,
	STO_BODY_WITNESS_KEY,
	STO_BODY_WITNESS_POLICY,
	STO_BODY_TIME_AUTHORITY,
	STO_BODY_LOG_RESTART,
	STO_BODY_CLOSE,
	STO_BODY_PARTY_FACTS,
	STO_BODY_CLASSIFICATION,
	STO_BODY_MANDATE,
	STO_BODY_BENEFICIAL_OWNER,
	STO_BODY_CLAIM,
	STO_BODY_CLAIM_REVOKE,
	STO_BODY_TOKEN_TOPICS,
	STO_BODY_TRUSTED_ISSUER,
	STO_BODY_TOKEN_PAUSE,
	STO_BODY_WALLET_FREEZE,
	STO_BODY_PARTY_FREEZE,
	STO_BODY_DOCUMENT,
	STO_BODY_ACKNOWLEDGE,
	STO_BODY_FOUR_EYES,
	STO_BODY_PROPOSAL,
	STO_BODY_APPROVE,
	STO_BODY_RULE_SET,
	STO_BODY_PARTY_LIST,
	STO_BODY_OPT_IN,
	STO_BODY_TRAVEL_DATA,
	STO_BODY_TRANSFER_APPROVAL,
	STO_BODY_APPROVAL_REVOKE,
	STO_BODY_CASE,
	STO_BODY_CASE_APPROVE,
	STO_BODY_PARTY_MEMBERS,
	STO_BODY_REFUSAL,
	STO_BODY_FINDING,
	STO_BODY_LOOK_THROUGH,
	STO_BODY_ATTACH,
	STO_BODY_ATTACH_LIFT,
	STO_BODY_REDEMPTION_TERMS,
	STO_BODY_KINDS
} StoBodyKind;

typedef enum StoBodyField
{
	STO_F_ABOUT,
	STO_F_ACKNOWLEDGE,
	STO_F_ACT,
	STO_F_ACTS,
	STO_F_ACT_BODY,
	STO_F_AFFIRMED,
	STO_F_AMOUNT,
	STO_F_APPROVAL,
	STO_F_APPROVED,
	STO_F_APPROVERS,
	STO_F_ATTACHMENT,
	STO_F_AUTHORISED,
	STO_F_BASIS,
	STO_F_BY,
	STO_F_CAPABILITY,
	STO_F_CASE,
	STO_F_CERTIFICATE,
	STO_F_CFI,
	STO_F_CLAIM,
	STO_F_CLASS,
	STO_F_COMMITMENT,
	STO_F_CONTROL,
	STO_F_COUNT,
	STO_F_COUNTRY,
	STO_F_CREDIT,
	STO_F_CURRENCY,
	STO_F_CUSTODIAN,
	STO_F_DEBIT,
	STO_F_DECIMALS,
	STO_F_DEFINITION,
	STO_F_DOCUMENT,
	STO_F_DOCUMENT_HASH,
	STO_F_DTI,
	STO_F_ENTRY,
	STO_F_EXACT,
	STO_F_FIELDS,
	STO_F_FROM,
	STO_F_FROZEN,
	STO_F_GRANTED,
	STO_F_HASH,
	STO_F_HOLDS,
	STO_F_INCORPORATION,
	STO_F_ISIN,
	STO_F_ISSUER,
	STO_F_KEY,
	STO_F_KEYS,
	STO_F_KEY_POLICY,
	STO_F_KIND,
	STO_F_LEI,
	STO_F_LIST,
	STO_F_LISTED,
	STO_F_MEMBERS,
	STO_F_NAME,
	STO_F_NOMINEE,
	STO_F_NOT_BEFORE,
	STO_F_NUMBER,
	STO_F_ORDER,
	STO_F_ORIGIN,
	STO_F_OWNER,
	STO_F_OWNERS,
	STO_F_PARTY,
	STO_F_PAUSED,
	STO_F_PER,
	STO_F_POSSESSION,
	STO_F_PRICE,
	STO_F_REASON,
	STO_F_RECEIVER,
	STO_F_REASONS,
	STO_F_RECEIVER_ONLY,
	STO_F_RECORD_REFUSALS,
	STO_F_REFERENCE,
	STO_F_REGISTER_AUTHORITY,
	STO_F_REPRESENTATIVE,
	STO_F_ROOT,
	STO_F_RULES,
	STO_F_RULE_SET,
	STO_F_SALT,
	STO_F_SCOPE,
	STO_F_SENDER,
	STO_F_SEQ,
	STO_F_SHARE,
	STO_F_SIGNATURES,
	STO_F_SIGNED_ONLY,
	STO_F_SIZE,
	STO_F_STATE,
	STO_F_STATUS,
	STO_F_SUM,
	STO_F_THRESHOLD,
	STO_F_TO,
	STO_F_TOKEN,
	STO_F_TOPIC,
	STO_F_TOPICS,
	STO_F_UNDOES,
	STO_F_UNITS,
	STO_F_UNSIGNED_ROLE,
	STO_F_URI,
	STO_F_USES,
	STO_F_VALID_UNTIL,
	STO_F_VERSION,
	STO_FIELDS
} StoBodyField;

/* A proof of possession as the body has it; len 0: none. */
typedef struct StoBodyProof
{
	uint8_t len;
	uint8_t sig[STO_SIG_MAX];
} StoBodyProof;

/* An array of texts or integers; sto_body_item() and sto_body_integer() give them. */
typedef struct StoBodyTexts
{
	const void *list; /* jansson's */
	int count;
} StoBodyTexts;

#define STO_BODY_LIST_MAX 256 /* items */

typedef union StoBodyValue
{
	const char *text; /* terminated */
	int64_t integer;
	bool flag;
	StoAmount amount;
	uint8_t octets[STO_DIGEST_LEN]; /* uuid, digest or address */
	StoKey key;
	StoBodyProof proof;
	StoBodyTexts texts; /* or integers */
} StoBodyValue;

/* A set of fields, as bits. */
typedef unsigned __int128 StoBodyFields;
#define STO_BODY_BIT(field) ((StoBodyFields) 1 << (field))

typedef struct StoBody
{
	StoBodyKind kind;
	StoBodyFields present; /* the fields that were given and are not null */
	StoBodyValue value[STO_FIELDS];
	StoPolicy policy; /* of threshold and keys; keys are not vetted */
	StoBodyProof proof[STO_POLICY_KEYS_MAX];
	void *tree; /* jansson's, which the texts point into */
} StoBody;

#define STO_BODY_HAS(body, field) (((body)->present & STO_BODY_BIT(field)) != 0)

/* The kind of that name; false for an unknown one. */
extern bool sto_body_kind(const char *name, size_t len, StoBodyKind *kind);
extern const char *sto_body_kind_name(StoBodyKind kind);

/*
 * Parse a body of that kind.  False, with a reason in why, if it isn't one.
 * Either way sto_body_free() must follow.
 */
#define STO_BODY_WHY_MAX 200
extern bool sto_body_parse(StoBodyKind kind, const char *json, size_t len, StoBody *body,
						   char why[STO_BODY_WHY_MAX]);
extern void sto_body_free(StoBody *body);
/* Text number i of an array, terminated. */
extern const char *sto_body_item(const StoBodyTexts *texts, int i);
/* Uuid number i of an array of them. */
extern void sto_body_uuid(const StoBodyTexts *uuids, int i, uint8_t out[STO_UUID_LEN]);
extern int64_t sto_body_integer(const StoBodyTexts *integers, int i);
/* A field's name. */
extern const char *sto_body_field_name(StoBodyField field);

#endif
