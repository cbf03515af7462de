/*
 * message.h
 *		Orders, entries, events: what is signed and what is hashed.
 *
 * docs/format.md prints every octet of what these functions write.
 */
#ifndef STO_CORE_MESSAGE_H
#define STO_CORE_MESSAGE_H

#include "bytes.h"

#define STO_PREIMAGE_LEN 32
#define STO_REFERENCE_MAX 140        /* octets of UTF-8 */
#define STO_REFUSAL_REASONS_MAX 2048 /* octets of a refusal's reasons, joined */
#define STO_ORDER_MAX 640            /* longest order message */
#define STO_ENTRY_MAX 4096           /* longest entry leaf input */

/* Codes that go into hashed bytes: never renumber. */
typedef enum StoKind
{
	STO_ISSUE = 1,
	STO_REDEEM = 2,
	STO_TRANSFER = 3,
	STO_HOLD = 4,
	STO_POST = 5,
	STO_RELEASE = 6,
	STO_FORCE = 7,
	STO_RECOVER = 8,
	STO_REVERSE = 9
} StoKind;

typedef enum StoPurpose
{
	STO_SUBSCRIPTION = 1,
	STO_SETTLEMENT = 2,
	STO_PLEDGE = 3,
	STO_HASH_LOCK = 4,
	STO_LOCK_UP = 5,
	STO_SEIZURE = 6,
	STO_FREEZE = 7
} StoPurpose;

extern const char *sto_kind_name(StoKind kind); /* "issue" ...; NULL if unknown */
extern bool sto_kind_from_name(const char *name, size_t len, StoKind *kind);
extern const char *sto_purpose_name(StoPurpose purpose); /* "subscription" ... "hash_lock" ... */
extern bool sto_purpose_from_name(const char *name, size_t len, StoPurpose *purpose);

/* What an order states; the fields of sto.transfer that a client supplies. */
typedef struct StoOrder
{
	StoKind kind;
	uint8_t order_id[STO_UUID_LEN];
	uint8_t ordering_party[STO_UUID_LEN];
	uint8_t token_id[STO_UUID_LEN];
	StoAmount amount;
	bool has_debit;
	bool has_credit;
	bool has_valid_until;
	bool has_reference;
	bool has_hold_id;
	bool has_purpose;
	bool has_notary;
	bool has_release_after;
	bool has_condition;
	bool has_instruction;
	bool has_preimage;
	bool has_keep_rest;
	bool has_checked_once;
	bool has_attachment;
	bool has_group;
	bool has_undoes;
	bool keep_rest;
	bool checked_once; /* of a hold: rules are not asked again when it is posted */
	uint8_t debit[STO_ADDRESS_LEN];
	uint8_t credit[STO_ADDRESS_LEN];
	int64_t valid_until; /* all times: microseconds since 1970-01-01 UTC */
	const char *reference;
	uint16_t reference_len;
	int64_t hold_id;
	StoPurpose purpose;
	uint8_t notary[STO_UUID_LEN];
	int64_t release_after;
	uint8_t condition[STO_DIGEST_LEN];
	uint8_t instruction[STO_DIGEST_LEN];
	uint8_t preimage[STO_PREIMAGE_LEN];
	uint8_t attachment[STO_DIGEST_LEN];
	uint8_t group_id[STO_UUID_LEN];
	int64_t undoes;
} StoOrder;

/* Is it enforcement, which cites a case of two officers in authority_event?  A post may. */
static inline bool
sto_order_by_case(const StoOrder *order)
{
	return order->kind >= STO_FORCE ||
		   (order->kind == STO_HOLD && order->has_purpose && order->purpose >= STO_SEIZURE);
}

/*
 * Of an order that names a debit wallet: why no order of its kind states this, as a
 * static text; NULL if one does.
 */
extern const char *sto_order_fault(const StoOrder *order);

/* One position's four columns as the entry leaves them. */
typedef struct StoSide
{
	bool present;
	bool has_prev; /* false for the position's first entry */
	int64_t seq;
	StoAmount balance;
	StoAmount held;
	uint8_t prev[STO_DIGEST_LEN];
} StoSide;

typedef struct StoEntry
{
	StoOrder order;
	int64_t entry_id;
	bool has_authority_event;
	bool has_rule_set;
	bool has_key_policy;
	int64_t authority_event;
	int64_t rule_set;
	int64_t key_policy;
	StoSide debit;
	StoSide credit;
	const uint8_t *signatures; /* packed list in stored form, or NULL */
	uint16_t signatures_len;
	int64_t received_at;
	int64_t posted_at;
	uint8_t posted_by[STO_UUID_LEN];
} StoEntry;

/* The order message: what the quorum signs.  docs/format.md "Order". */
extern void sto_put_order(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN],
						  const StoOrder *order);
/*
 * Read an order message back.  False unless it is one, in its only form; the reference
 * is a view into it.
 */
extern bool sto_order_parse(const uint8_t *message, size_t len, uint8_t ledger_id[STO_UUID_LEN],
							StoOrder *order);
/* Are two orders equal in every field that an order states? */
extern bool sto_order_equal(const StoOrder *a, const StoOrder *b);

/* side = SHA-256(tag || salt || token || seq || balance || held || prev).  "Side digest". */
extern bool sto_side_digest(const uint8_t salt[STO_DIGEST_LEN],
							const uint8_t token_id[STO_UUID_LEN], const StoSide *side,
							uint8_t out[STO_DIGEST_LEN]);
/*
 * The entry record that the leaf hashes.  debit_side and credit_side are the
 * side digests, NULL for a side that the entry doesn't touch.
 */
extern void sto_put_entry(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN],
						  const StoEntry *entry, const uint8_t *debit_side,
						  const uint8_t *credit_side);
/* leaf = SHA-256(0x00 || entry record); salts NULL for untouched sides. */
extern bool sto_entry_leaf(const uint8_t ledger_id[STO_UUID_LEN], const StoEntry *entry,
						   const uint8_t *debit_salt, const uint8_t *credit_salt,
						   uint8_t out[STO_DIGEST_LEN]);

/* An event, with views into memory that the caller owns. */
typedef struct StoEvent
{
	int64_t entry_id;
	const char *kind; /* ASCII, not terminated */
	uint8_t kind_len;
	uint8_t subject[STO_UUID_LEN];
	uint8_t actor[STO_UUID_LEN];
	bool has_prev;
	uint8_t prev[STO_DIGEST_LEN];
	const char *body; /* JSON text exactly as given, UTF-8 */
	uint32_t body_len;
	const uint8_t *signatures; /* or NULL */
	uint16_t signatures_len;
	int64_t recorded_at;
} StoEvent;

/* The act message: what the actor's quorum signs.  "Act". */
extern void sto_put_act(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN], const StoEvent *event);
/* length of sto_put_event's output, and the event record itself */
extern void sto_put_event(StoWriter *w, const uint8_t ledger_id[STO_UUID_LEN],
						  const StoEvent *event);
/* leaf = SHA-256(0x00 || event record), hashed without building the record in memory */
extern bool sto_event_leaf(const uint8_t ledger_id[STO_UUID_LEN], const StoEvent *event,
						   uint8_t out[STO_DIGEST_LEN]);

/* ledger_id = UUIDv8 (RFC 9562 5.8) of the genesis leaf's first 16 octets. */
extern void sto_ledger_id(const uint8_t genesis_leaf[STO_DIGEST_LEN], uint8_t out[STO_UUID_LEN]);
/*
 * Subject of a refusal: UUIDv8 of SHA-256(tag || order message || state || reasons), so that
 * the same refusal is recorded once.  reasons: the names, a comma between two.
 */
extern bool sto_refusal_subject(const uint8_t *order, size_t order_len, const char *state,
								const char *reasons, uint8_t out[STO_UUID_LEN]);
/* address = SHA-256(tag || ledger_id || wallet uuid)[:20] */
extern bool sto_wallet_address(const uint8_t ledger_id[STO_UUID_LEN],
							   const uint8_t wallet_id[STO_UUID_LEN], uint8_t out[STO_ADDRESS_LEN]);

/*
 * commitment = SHA-256(tag || ledger_id || party || topic || salt || value): what
 * stands in the log for personal data, which is kept elsewhere and can be erased
 * with its salt.  topic has at most 255 octets.
 */
extern bool sto_private_commitment(const uint8_t ledger_id[STO_UUID_LEN],
								   const uint8_t party_id[STO_UUID_LEN], const char *topic,
								   size_t topic_len, const uint8_t salt[STO_DIGEST_LEN],
								   const char *value, size_t value_len,
								   uint8_t out[STO_DIGEST_LEN]);

/* One leg of a settlement instruction. */
typedef struct StoLeg
{
	uint8_t token_id[STO_UUID_LEN];
	uint8_t debit[STO_ADDRESS_LEN];
	uint8_t credit[STO_ADDRESS_LEN];
	StoAmount amount;
} StoLeg;

/* instruction = SHA-256(tag || ledger_id || count || legs sorted by their octets); sorts in place.
 */
extern bool sto_instruction_hash(const uint8_t ledger_id[STO_UUID_LEN], StoLeg *legs, size_t count,
								 uint8_t out[STO_DIGEST_LEN]);

#endif
