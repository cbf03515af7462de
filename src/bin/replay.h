/*
 * replay.h
 *		The whole log folded from genesis, from its records alone.
 *
 * A replay decides everything that the ledger's gate decided, by code of its
 * own: who may act, whose keys sign, what moves, what is held.  Given the
 * records in the order of their ids it knows every position, hold, token,
 * party, wallet and key, so that a database's tables can be compared with it.
 *
 * Memory: 33 to 44 octets an entry, for its order id, which is unique for ever, and for its
 * reversal, which may come at any time;
 * 650 a wallet with one key and one token, 300 a party, 160 a hold, used up or not.
 *
 * A replay belongs to one thread at a time.  What takes long and needs nothing
 * of the fold's state is handed out: signatures, vetting of keys, digests of
 * sides.  The caller runs these jobs at once or in threads of its own.
 */
#ifndef STO_BIN_REPLAY_H
#define STO_BIN_REPLAY_H

#include "core/policy.h"
#include "core/record.h"
#include "core/rule_fold.h"

typedef struct StoReplay StoReplay;

/* What a problem is about: short names, fit for a report's column. */
#define STO_CHECK_RECORD "record"        /* octets that are no record */
#define STO_CHECK_ORDER "order"          /* ids don't rise, or genesis isn't first */
#define STO_CHECK_LEDGER "ledger"        /* of another ledger, or another genesis */
#define STO_CHECK_LINK "link"            /* not linked to what came before */
#define STO_CHECK_TIME "time"            /* time goes back */
#define STO_CHECK_BODY "body"            /* an event's body */
#define STO_CHECK_AUTHORITY "authority"  /* who may do that; quorum, policy, batch */
#define STO_CHECK_KEY "key"              /* a key that may not be registered */
#define STO_CHECK_SIGNATURE "signature"  /* a signature or proof of possession */
#define STO_CHECK_RULE "rule"            /* shape of an order; what is closed, expired, forbidden */
#define STO_CHECK_ELIGIBLE "eligibility" /* claims and acknowledgements */
#define STO_CHECK_RULES "rules"          /* of a token's rule set */
#define STO_CHECK_ORDER_ID "order id"    /* used twice by one party */
#define STO_CHECK_SIDE "side"            /* digest of a position's columns */
#define STO_CHECK_BALANCE "balance"      /* not enough, out of range, over the authorised amount */
#define STO_CHECK_HOLD "hold"
#define STO_CHECK_BATCH "batch"
#define STO_CHECK_CASE "case" /* enforcement */
#define STO_CHECK_GROUP "group"
#define STO_CHECK_CLOSE "close"         /* a daily close's count or root */
#define STO_CHECK_FAILED_CALL "openssl" /* OpenSSL failed, or no memory: nothing is known */

/*
 * A signature that has to be verified (sig not NULL), or a key that has to be
 * vetted (sig NULL).  The pointers are good during the call only.
 */
typedef struct StoReplayCheck
{
	int64_t entry_id;
	const char *what; /* static: "order", "act", "possession", "key" */
	const StoKey *key;
	const uint8_t *msg;
	size_t len;         /* at most STO_RECORD_MAX + 512 */
	const uint8_t *sig; /* STO_SIG_LEN octets in stored form, or NULL */
} StoReplayCheck;

/* The answer to a check: NULL if good, else a static reason; *failed if OpenSSL gave none. */
extern const char *sto_replay_check_run(const StoReplayCheck *check, bool *failed);

#define STO_SIDE_PREIMAGE_MAX 136

/* A digest that has to be compared: of one side of one entry. */
typedef struct StoReplaySide
{
	int64_t entry_id;
	bool credit;
	uint8_t len;
	uint8_t preimage[STO_SIDE_PREIMAGE_MAX];
	uint8_t expected[STO_DIGEST_LEN]; /* as the record has it */
} StoReplaySide;

/* What to say of a bad one: which side, and what the fold expects there.  Its length. */
extern size_t sto_replay_side_text(const StoReplaySide *side, char *out, size_t size);

typedef struct StoReplayCalls
{
	void *context;
	/* entry_id 0: of no entry in particular.  text is good during the call only. */
	void (*problem)(void *context, int64_t entry_id, const char *check, const char *text);
	/* NULL: signatures are not checked, and keys not vetted */
	void (*check)(void *context, const StoReplayCheck *check);
	/* NULL: compared at once, and reported by problem() */
	void (*side)(void *context, const StoReplaySide *side);
	/*
	 * A token got rules that read how its units moved before: read its entries again, in
	 * the order of their ids, from record number `first` of the log (0 is genesis) to the
	 * one before id `before`, and tell each to sto_replay_past().  False if they can't be
	 * read.  NULL: a log with such a token can't be folded.
	 */
	bool (*past)(void *context, StoReplay *r, const uint8_t token_id[STO_UUID_LEN], int64_t first,
				 int64_t before);
} StoReplayCalls;

/*
 * Begin.  genesis: leaf hash of the genesis event that the caller trusts, or
 * NULL to take the first record's word for it.  NULL if there is no memory.
 */
extern StoReplay *sto_replay_new(const uint8_t *genesis, const StoReplayCalls *calls);
extern void sto_replay_free(StoReplay *r);

/*
 * Fold one record.  leaf: its leaf hash, to which the next records of the same
 * positions or subject link: SHA-256(00 || record), or what a database claims
 * it to be.  Returns false only if the replay can't go on (no memory, or no
 * genesis); everything else is reported by problem() and folded as far as it goes.
 */
extern bool sto_replay_record(StoReplay *r, const uint8_t *record, size_t len,
							  const uint8_t leaf[STO_DIGEST_LEN]);
/* The same for a record that the caller has parsed already. */
extern bool sto_replay_parsed(StoReplay *r, const StoRecord *record,
							  const uint8_t leaf[STO_DIGEST_LEN]);

/*
 * Have what the coming records need brought into the processor's cache: half the
 * time of a fold over many wallets is waiting for memory.  They are those that
 * are folded next, in their order, STO_REPLAY_AHEAD at most; what is pointed to
 * is only read during the call.  Changes nothing but speed.
 */
#define STO_REPLAY_AHEAD 64

/* Of a record; NULL: it has none. */
typedef struct StoReplayComing
{
	const uint8_t *debit;
	const uint8_t *credit;
	const uint8_t *orderer; /* the ordering party's uuid */
	const uint8_t *order_id;
} StoReplayComing;

extern void sto_replay_coming(const uint8_t *record, size_t len, StoReplayComing *out);
extern void sto_replay_coming_parsed(const StoRecord *record, StoReplayComing *out);
extern void sto_replay_expect(StoReplay *r, const StoReplayComing *coming, size_t count);

/*
 * The record just folded.  Of an entry, the sides are those that the fold
 * worked out: seq, balance, held, prev.  NULL if it was unreadable.  Good
 * until the next call, as long as the record's own octets are.
 */
extern const StoRecord *sto_replay_last(const StoReplay *r);

/*
 * The end of the log.  whole: the records are a database's state at one moment,
 * so that no transaction is half in it; lists and settlements that are not
 * finished are then problems.  In a sealed prefix they may be (a transaction's
 * entries can straddle two blocks), and only count as pending.
 */
extern void sto_replay_end(StoReplay *r, bool whole);

typedef struct StoReplayCounts
{
	int64_t records;
	int64_t events;
	int64_t entries;
	int64_t last_id;
	int64_t problems;
	int64_t signatures;       /* of orders, acts and possession, found in records */
	int64_t unsigned_by_role; /* orders that a token's policy freed: which role posted them isn't in
								 the log */
	int64_t unsigned_by_rule; /* expired releases, shown preimages */
	int64_t unsigned_acts;    /* register acts by roles, where genesis allows that */
	int64_t maintenance;      /* maintenance events */
	int64_t closes;
	int64_t restarts;        /* log_restart events */
	int64_t pending_batches; /* begun, not ended */
	int64_t pending_groups;
	int64_t custom_rules; /* entries of which a custom rule was asked, which can't be replayed */
	int64_t not_replayed; /* events of kinds that this program doesn't know */
} StoReplayCounts;

extern void sto_replay_counts(const StoReplay *r, StoReplayCounts *out);

/* The ledger itself; NULL before genesis. */
typedef struct StoReplayLedger
{
	uint8_t ledger_id[STO_UUID_LEN];
	uint8_t genesis[STO_DIGEST_LEN];
	int64_t genesis_event;
	int64_t policy_event;
	bool roles; /* register_authority */
	const char *name;
	const char *origin;
	int witness_threshold; /* newest witness_policy, else 2 */
} StoReplayLedger;

extern const StoReplayLedger *sto_replay_ledger(const StoReplay *r);

/* A wallet's salt, from its registration (an issuance wallet's: its token's); NULL if unknown. */
extern const uint8_t *sto_replay_salt(const StoReplay *r, const uint8_t address[STO_ADDRESS_LEN]);

/*
 * What the fold knows, row by row.  Begin with *at = 0; each call fills *out and
 * moves *at on; false at the end.  Rows come in the order of their making, so
 * whoever compares with a table finds rows by key; the find functions do that.
 */
typedef struct StoReplayPosition
{
	uint8_t wallet[STO_ADDRESS_LEN];
	uint8_t token_id[STO_UUID_LEN];
	StoAmount balance;
	StoAmount held;
	int64_t seq;
	int64_t posted_at;
	uint8_t head[STO_DIGEST_LEN];
	StoAmount outflow;
} StoReplayPosition;

extern bool sto_replay_position(const StoReplay *r, size_t *at, StoReplayPosition *out);
extern bool sto_replay_find_position(const StoReplay *r, const uint8_t wallet[STO_ADDRESS_LEN],
									 const uint8_t token_id[STO_UUID_LEN], StoReplayPosition *out);

typedef struct StoReplayHold
{
	int64_t hold_id;
	uint8_t wallet[STO_ADDRESS_LEN];
	uint8_t token_id[STO_UUID_LEN];
	StoAmount amount;
	StoAmount remaining;
	StoPurpose purpose;
	bool has_release_after;
	bool has_notary;
	bool has_beneficiary;
	bool has_condition;
	bool has_instruction;
	bool checked_once;
	int64_t release_after;
	uint8_t notary[STO_UUID_LEN];
	uint8_t beneficiary[STO_ADDRESS_LEN];
	uint8_t condition[STO_DIGEST_LEN];
	uint8_t instruction[STO_DIGEST_LEN];
} StoReplayHold;

extern bool sto_replay_hold(const StoReplay *r, size_t *at, StoReplayHold *out);
extern bool sto_replay_find_hold(const StoReplay *r, int64_t hold_id, StoReplayHold *out);

/* In [from, to). */
typedef struct StoReplayPeriod
{
	bool has_from;
	bool has_to;
	int64_t from;
	int64_t to;
} StoReplayPeriod;

/* Texts are terminated and belong to the replay; NULL: absent. */
typedef struct StoReplayToken
{
	int64_t registered;
	uint8_t token_id[STO_UUID_LEN];
	uint8_t issuer[STO_UUID_LEN];
	uint8_t issuance[STO_ADDRESS_LEN];
	bool active;
	bool has_authorised;
	StoAmount authorised;
	StoAmount outstanding; /* supply: what the issuance wallet is short of */
	int decimals;
	const char *kind;
	const char *name;
	const char *isin;
	const char *cfi;
	const char *dti;
	const char *currency;
	const char *unsigned_role;
	int64_t paused; /* event; 0: it is not */
	bool has_paused_by;
	uint8_t paused_by[STO_UUID_LEN];
	int64_t topics; /* event of those in force; 0: none */
	bool receiver_only;
	int64_t redeem_terms; /* event; 0: its issuer may not redeem from holders */
	uint8_t redeem_token[STO_UUID_LEN];
	StoAmount redeem_price;
	StoAmount redeem_per;
	StoReplayPeriod redeem_period;
} StoReplayToken;

extern bool sto_replay_token(const StoReplay *r, size_t *at, StoReplayToken *out);
extern bool sto_replay_find_token(const StoReplay *r, const uint8_t token_id[STO_UUID_LEN],
								  StoReplayToken *out);

typedef struct StoReplayParty
{
	int64_t registered;
	uint8_t party_id[STO_UUID_LEN];
	int64_t policy_event; /* 0: no keys */
	bool active;
	const char *kind;
	const char *country;
	const char *incorporation;
	const char *lei;
	bool has_commitment;
	uint8_t commitment[STO_DIGEST_LEN];
	int64_t frozen; /* event; 0: it is not */
} StoReplayParty;

extern bool sto_replay_party(const StoReplay *r, size_t *at, StoReplayParty *out);
extern bool sto_replay_find_party(const StoReplay *r, const uint8_t party_id[STO_UUID_LEN],
								  StoReplayParty *out);

typedef struct StoReplayWallet
{
	int64_t registered;
	int64_t policy_event; /* 0: no keys (issuance) */
	uint8_t wallet_id[STO_UUID_LEN];
	uint8_t party_id[STO_UUID_LEN];
	bool has_custodian;
	uint8_t custodian[STO_UUID_LEN];
	uint8_t address[STO_ADDRESS_LEN];
	uint8_t salt[STO_DIGEST_LEN];
	bool signed_only;
	bool active;
	int64_t frozen; /* event; 0: it is not */
	const char *kind;
	int64_t barred;                     /* entry; 0: it is not */
	uint8_t successor[STO_ADDRESS_LEN]; /* if it is */
} StoReplayWallet;

extern bool sto_replay_wallet(const StoReplay *r, size_t *at, StoReplayWallet *out);
extern bool sto_replay_find_wallet(const StoReplay *r, const uint8_t address[STO_ADDRESS_LEN],
								   StoReplayWallet *out);

/* Every key ever registered: of policies, of the log, of witnesses. */
typedef enum StoReplayRole
{
	STO_ROLE_POLICY,
	STO_ROLE_LOG,
	STO_ROLE_WITNESS
} StoReplayRole;

typedef struct StoReplayKey
{
	int64_t registered;
	int64_t retired; /* 0: it is not */
	StoReplayRole role;
	uint8_t subject[STO_UUID_LEN]; /* a witness's: its party */
	uint8_t fingerprint[STO_DIGEST_LEN];
	StoKey key;
	bool has_from;
	bool has_to;
	int64_t from;
	int64_t to;
	const char *name; /* of a witness's note key; else NULL */
} StoReplayKey;

extern bool sto_replay_key(const StoReplay *r, size_t *at, StoReplayKey *out);
extern bool sto_replay_find_key(const StoReplay *r, const uint8_t fingerprint[STO_DIGEST_LEN],
								StoReplayKey *out);

typedef struct StoReplayCapability
{
	int64_t granted_by; /* the newest event about it */
	uint8_t party_id[STO_UUID_LEN];
	const char *capability;
	bool granted;
} StoReplayCapability;

extern bool sto_replay_capability(const StoReplay *r, size_t *at, StoReplayCapability *out);
extern bool sto_replay_find_capability(const StoReplay *r, const uint8_t party_id[STO_UUID_LEN],
									   const char *capability, StoReplayCapability *out);

/* Classes, every version; the newest for a party and token rules. */
typedef struct StoReplayClass
{
	int64_t set_by;
	uint8_t party_id[STO_UUID_LEN];
	bool has_token;
	uint8_t token_id[STO_UUID_LEN];
	const char *class;
	const char *basis;
	StoReplayPeriod period;
} StoReplayClass;

extern bool sto_replay_class(const StoReplay *r, size_t *at, StoReplayClass *out);

typedef struct StoReplayMandate
{
	int64_t set_by;
	uint8_t party_id[STO_UUID_LEN]; /* principal */
	uint8_t representative[STO_UUID_LEN];
	const char *scope;
	const char *basis;
	bool granted;
	StoReplayPeriod period;
} StoReplayMandate;

extern bool sto_replay_mandate(const StoReplay *r, size_t *at, StoReplayMandate *out);
extern bool sto_replay_find_mandate(const StoReplay *r, const uint8_t party_id[STO_UUID_LEN],
									const uint8_t representative[STO_UUID_LEN], const char *scope,
									StoReplayMandate *out);

typedef struct StoReplayOwner
{
	int64_t set_by;
	uint8_t party_id[STO_UUID_LEN];
	uint8_t owner[STO_UUID_LEN];
	int32_t share; /* basis points */
	bool control;
	StoReplayPeriod period;
} StoReplayOwner;

extern bool sto_replay_owner(const StoReplay *r, size_t *at, StoReplayOwner *out);
extern bool sto_replay_find_owner(const StoReplay *r, const uint8_t party_id[STO_UUID_LEN],
								  const uint8_t owner[STO_UUID_LEN], StoReplayOwner *out);

typedef struct StoReplayClaim
{
	int64_t claim;
	int64_t revoked; /* event; 0: it is not */
	uint8_t party_id[STO_UUID_LEN];
	uint8_t issuer[STO_UUID_LEN];
	const char *topic;
	uint8_t commitment[STO_DIGEST_LEN];
	StoReplayPeriod period;
} StoReplayClaim;

extern bool sto_replay_claim(const StoReplay *r, size_t *at, StoReplayClaim *out);

/* A list of topics as a JSON array without spaces. */
#define STO_REPLAY_TOPICS_MAX 2200

/* What a token requires, every version; and whom it trusts for what, as last stated. */
typedef struct StoReplayTopics
{
	int64_t set_by;
	uint8_t token_id[STO_UUID_LEN];
	bool receiver_only;           /* of what is required */
	uint8_t issuer[STO_UUID_LEN]; /* of who is trusted */
	char topics[STO_REPLAY_TOPICS_MAX];
} StoReplayTopics;

extern bool sto_replay_required(const StoReplay *r, size_t *at, StoReplayTopics *out);
extern bool sto_replay_trusted(const StoReplay *r, size_t *at, StoReplayTopics *out);
extern bool sto_replay_find_trusted(const StoReplay *r, const uint8_t token_id[STO_UUID_LEN],
									const uint8_t issuer[STO_UUID_LEN], StoReplayTopics *out);

/* Documents of tokens, every version. */
typedef struct StoReplayDocument
{
	int64_t document;
	int64_t replaced; /* event; 0: it is the present version */
	uint8_t token_id[STO_UUID_LEN];
	uint8_t hash[STO_DIGEST_LEN];
	bool acknowledge;
	const char *name;
	const char *version;
	const char *uri;
	const char *reference;
} StoReplayDocument;

extern bool sto_replay_document(const StoReplay *r, size_t *at, StoReplayDocument *out);

typedef struct StoReplayAcknowledgement
{
	int64_t event;
	int64_t document;
	uint8_t party_id[STO_UUID_LEN];
	uint8_t actor[STO_UUID_LEN];
} StoReplayAcknowledgement;

extern bool sto_replay_acknowledgement(const StoReplay *r, size_t *at,
									   StoReplayAcknowledgement *out);

/* Cases of enforcement. */
#define STO_REPLAY_HOLDS_MAX 1400

typedef struct StoReplayCase
{
	int64_t event;
	int64_t approved; /* events, and an entry; 0: it was not */
	int64_t refused;
	int64_t used;
	bool has_undoes;
	bool has_valid_until;
	bool has_not_before;
	bool has_amount;
	bool has_token;
	bool has_credit;
	bool has_approved_by;
	int64_t undoes;
	int64_t valid_until;
	int64_t not_before;
	StoAmount amount;
	uint8_t case_id[STO_UUID_LEN];
	uint8_t opened_by[STO_UUID_LEN];
	uint8_t approved_by[STO_UUID_LEN];
	uint8_t token_id[STO_UUID_LEN];
	uint8_t debit[STO_ADDRESS_LEN];
	uint8_t credit[STO_ADDRESS_LEN];
	uint8_t document_hash[STO_DIGEST_LEN];
	const char *act;
	const char *basis;
	char holds[STO_REPLAY_HOLDS_MAX]; /* a JSON array without spaces; empty: none */
} StoReplayCase;

extern bool sto_replay_case(const StoReplay *r, size_t *at, StoReplayCase *out);

typedef struct StoReplayAttachment
{
	StoAmount amount;
	StoAmount remaining;
	int64_t event;
	int64_t case_event;
	int64_t lifted; /* 0: not */
	uint8_t token_id[STO_UUID_LEN];
	uint8_t wallet[STO_ADDRESS_LEN];
} StoReplayAttachment;

extern bool sto_replay_attachment(const StoReplay *r, size_t *at, StoReplayAttachment *out);

typedef struct StoReplaySubject
{
	uint8_t subject[STO_UUID_LEN];
	const char
		*kind; /* "ledger", "party", "wallet", "token", "batch", "close", "proposal", "case" */
	int64_t last_event;
	int64_t recorded_at;
	uint8_t head[STO_DIGEST_LEN];
} StoReplaySubject;

extern bool sto_replay_subject(const StoReplay *r, size_t *at, StoReplaySubject *out);
extern bool sto_replay_find_subject(const StoReplay *r, const uint8_t uuid[STO_UUID_LEN],
									StoReplaySubject *out);

/* Key policies, every version. */
typedef struct StoReplayPolicy
{
	int64_t policy_event;
	uint8_t subject[STO_UUID_LEN];
	uint8_t digest[STO_DIGEST_LEN]; /* SHA-256 of the packed policy */
} StoReplayPolicy;

extern bool sto_replay_policy(const StoReplay *r, size_t *at, StoReplayPolicy *out);

typedef struct StoReplayBatch
{
	int64_t batch_event;
	int64_t policy_event;
	int64_t count;
	StoAmount sum;
	bool has_usable_until;
	int64_t usable_until;
	uint8_t batch_id[STO_UUID_LEN];
	uint8_t actor[STO_UUID_LEN];
	uint8_t token_id[STO_UUID_LEN];
	uint8_t hash[STO_DIGEST_LEN];
	bool posted;
	int64_t seen; /* entries so far; not 0 and not posted: begun */
} StoReplayBatch;

extern bool sto_replay_batch(const StoReplay *r, size_t *at, StoReplayBatch *out);

/* Events that say something about the log or the operator, in order. */
typedef struct StoReplayNotice
{
	int64_t entry_id;
	int64_t recorded_at;
	const char
		*kind; /* "maintenance", "log_restart", "time_authority", "close", "witness_policy" */
	const char *name;               /* maintenance: by; time_authority: name; else NULL */
	const char *text;               /* reason; time_authority: certificates (PEM); else NULL */
	int64_t number;                 /* size, count, threshold; else 0 */
	uint8_t digest[STO_DIGEST_LEN]; /* root of a restart or a close */
} StoReplayNotice;

extern bool sto_replay_notice(const StoReplay *r, size_t *at, StoReplayNotice *out);

/*
 * The whole state, so that a later run goes on where this one ended: written
 * through a callback, with a version at its head and SHA-256 of everything at
 * its end.  mark: octets of the caller's own (a checkpoint), up to 65,535,
 * bound by the same digest.
 */
typedef bool (*StoReplayWrite)(void *context, const void *data, size_t len);
/* Exactly len octets; false if there are fewer. */
typedef bool (*StoReplayRead)(void *context, void *data, size_t len);

extern bool sto_replay_save(const StoReplay *r, const void *mark, size_t mark_len,
							StoReplayWrite write, void *context);
/*
 * NULL, with a static reason, if it isn't such a state, is damaged, or is of
 * another genesis than the given one (NULL: any).  *mark is the caller's to free().
 */
extern StoReplay *sto_replay_load(const uint8_t *genesis, const StoReplayCalls *calls,
								  StoReplayRead read, void *context, uint8_t **mark,
								  size_t *mark_len, const char **why);

#include "bin/replay_rules.h"

#include "bin/replay_listed.h"

#endif
