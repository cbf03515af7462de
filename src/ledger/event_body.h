/*
 * event_body.h
 *		Kinds of events, and what each one's JSON body may say.
 *
 * docs/format.md, "Event bodies".  A body that parses here has exactly the
 * fields of its kind, each of the right type; what the fields mean together
 * is for the handlers (register.h).
 */
#ifndef STO_LEDGER_EVENT_BODY_H
#define STO_LEDGER_EVENT_BODY_H

#include "postgres.h"

#include "core/policy.h"

/*
 * Octets.  With it a record keeps within the 65,535 of an entry in a bundle of the
 * log (C2SP tlog-tiles) and of a receipt.
 */
#define STO_BODY_MAX 60000

typedef enum StoEventKind
{
	STO_EVENT_GENESIS,
	STO_EVENT_KEYS,
	STO_EVENT_CAPABILITY,
	STO_EVENT_PARTY,
	STO_EVENT_PARTY_STATUS,
	STO_EVENT_WALLET,
	STO_EVENT_WALLET_STATUS,
	STO_EVENT_WALLET_TERMS,
	STO_EVENT_TOKEN,
	STO_EVENT_TOKEN_TERMS,
	STO_EVENT_TOKEN_POLICY,
	STO_EVENT_TOKEN_STATUS,
	STO_EVENT_BATCH,
	STO_EVENT_MAINTENANCE,
	STO_EVENT_LOG_KEY,
	STO_EVENT_WITNESS_KEY,
	STO_EVENT_WITNESS_POLICY,
	STO_EVENT_TIME_AUTHORITY,
	STO_EVENT_LOG_RESTART,
	STO_EVENT_CLOSE,
	STO_EVENT_PARTY_FACTS,
	STO_EVENT_CLASSIFICATION,
	STO_EVENT_MANDATE,
	STO_EVENT_BENEFICIAL_OWNER,
	STO_EVENT_CLAIM,
	STO_EVENT_CLAIM_REVOKE,
	STO_EVENT_TOKEN_TOPICS,
	STO_EVENT_TRUSTED_ISSUER,
	STO_EVENT_TOKEN_PAUSE,
	STO_EVENT_WALLET_FREEZE,
	STO_EVENT_PARTY_FREEZE,
	STO_EVENT_DOCUMENT,
	STO_EVENT_ACKNOWLEDGE,
	STO_EVENT_RULE_SET,
	STO_EVENT_PARTY_LIST,
	STO_EVENT_OPT_IN,
	STO_EVENT_TRAVEL_DATA,
	STO_EVENT_TRANSFER_APPROVAL,
	STO_EVENT_APPROVAL_REVOKE,
	STO_EVENT_FOUR_EYES,
	STO_EVENT_PROPOSAL,
	STO_EVENT_APPROVE,
	STO_EVENT_CASE,
	STO_EVENT_CASE_APPROVE,
	STO_EVENT_PARTY_MEMBERS,
	STO_EVENT_REFUSAL,
	STO_EVENT_LOOK_THROUGH,
	STO_EVENT_ATTACH,
	STO_EVENT_ATTACH_LIFT,
	STO_EVENT_FINDING,
	STO_EVENT_REDEMPTION_TERMS,
	STO_EVENT_KINDS
} StoEventKind;

typedef enum StoField
{
	STO_F_ABOUT,
	STO_F_ACKNOWLEDGE,
	STO_F_ACT,
	STO_F_AFFIRMED,
	STO_F_ACT_BODY,
	STO_F_ACTS,
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
	STO_F_REASONS,
	STO_F_RECEIVER,
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
} StoField;

/* An array of plain values; they are in memory of the current context. */
#define STO_LIST_MAX 256

typedef struct StoTexts
{
	int count;
	char **items; /* each terminated */
} StoTexts;

typedef struct StoIntegers
{
	int count;
	int64 *items;
} StoIntegers;

typedef struct StoUuids
{
	int count;
	uint8_t (*items)[STO_UUID_LEN];
} StoUuids;

typedef union StoBodyValue
{
	char *text; /* terminated; has no NUL inside */
	int64 integer;
	bool flag;
	StoAmount amount;
	uint8_t octets[STO_DIGEST_LEN]; /* a uuid, a digest or an address */
	StoKey key;
	uint8_t signature[STO_SIG_LEN];
	StoTexts texts;
	StoIntegers integers;
	StoUuids uuids;
} StoBodyValue;

/* What a key brought as proof that its holder wants it here; len 0: nothing. */
typedef struct StoPossession
{
	uint8_t len;
	uint8_t sig[STO_SIG_MAX];
} StoPossession;

/* A set of fields: bit STO_F_... of each. */
typedef unsigned __int128 StoFieldSet;

#define STO_FIELD_BIT(field) ((StoFieldSet) 1 << (field))

typedef struct StoBody
{
	StoEventKind kind;
	StoFieldSet present; /* fields that were given and are not null */
	StoBodyValue value[STO_FIELDS];
	StoPolicy policy; /* of threshold and keys, if present */
	StoPossession possession[STO_POLICY_KEYS_MAX];
} StoBody;

#define STO_BODY_HAS(body, field) (((body)->present & STO_FIELD_BIT(field)) != 0)

/* The kind of that name, or ERROR ST208. */
extern StoEventKind sto_event_kind(const char *name, size_t len);

/*
 * Parse the body of an event of that kind; ERROR ST208 with the reason if it
 * isn't one, ST106 for a key that is refused.  Texts are in memory of the
 * current context.  Vetting a key costs as much as checking a signature: keys
 * of a stored row may be taken as vetted before, if its signatures are too.
 */
extern void sto_body_parse(StoEventKind kind, text *json, bool vet_keys, StoBody *body);

#endif
