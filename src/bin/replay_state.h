/*
 * replay_state.h
 *		The state of a replay, for the files replay_*.c alone.
 *
 * Rows name each other by their number in a pool, 0 for none, and hold no
 * pointers: sto_replay_save() writes the pools as they are.
 */
#ifndef STO_BIN_REPLAY_STATE_H
#define STO_BIN_REPLAY_STATE_H

#include "bin/replay.h"
#include "bin/replay_body.h"
#include "bin/replay_four_eyes.h"
#include "bin/replay_case.h"
#include "bin/replay_identity.h"
#include "bin/replay_redeem.h"
#include "core/rule_fold.h"
#include "core/table.h"

typedef enum SubjectKind
{
	SUBJECT_LEDGER = 1,
	SUBJECT_PARTY,
	SUBJECT_WALLET,
	SUBJECT_TOKEN,
	SUBJECT_BATCH,
	SUBJECT_CLOSE,
	SUBJECT_PROPOSAL,
	SUBJECT_CASE,
	SUBJECT_REFUSAL,
	SUBJECT_FINDING
} SubjectKind;

typedef struct Subject
{
	int64_t last_event;
	int64_t recorded_at;
	uint8_t uuid[STO_UUID_LEN];
	uint8_t head[STO_DIGEST_LEN];
	uint32_t row; /* in the pool of its kind */
	uint8_t kind;
} Subject;

/* A present key policy; its keys' rows are in the pool of keys. */
typedef struct Policy
{
	int64_t event;
	uint8_t threshold;
	uint8_t count;
	uint32_t keys[STO_POLICY_KEYS_MAX];
} Policy;

/* Every policy that ever was: its event, whose, and what sto.key_policy must hold. */
typedef struct PolicyVersion
{
	int64_t event;
	uint32_t subject;
	uint8_t digest[STO_DIGEST_LEN]; /* SHA-256 of the packed policy */
} PolicyVersion;

/* What is looked at for every signature comes first, on one line of the cache. */
typedef struct KeyRow
{
	uint8_t fingerprint[STO_DIGEST_LEN];
	int64_t from;
	int64_t to;
	bool has_from;
	bool has_to;
	uint8_t role; /* StoReplayRole */
	StoKey key;
	uint32_t name;
	int64_t registered;
	int64_t retired;
	uint8_t subject[STO_UUID_LEN];
} KeyRow;

#define CAPABILITIES 6
#define CAPABILITY_REGISTRAR 0
#define CAPABILITY_ENFORCER 1
#define CAPABILITY_RECOVERY_AGENT 2
#define CAPABILITY_CLAIM_ISSUER 3
#define CAPABILITY_WITNESS 5
extern const char *const sto_fold_capabilities[CAPABILITIES];

/* The same: what every entry looks at comes first. */
typedef struct Party
{
	uint8_t uuid[STO_UUID_LEN];
	uint64_t order_mask[2]; /* sets its order ids apart from others' */
	uint32_t policy;        /* 0: no keys */
	uint32_t subject;
	uint32_t witness_key; /* 0: none */
	bool active;
	uint8_t capabilities; /* bits */
	bool has_commitment;
	bool frozen;
	uint32_t claims;  /* the newest; 0: none */
	uint32_t wallets; /* the newest; 0: none */
	uint32_t rules;   /* its number in StoReplay.rules; 0: not known there yet */
	uint32_t members; /* of a joint party; 0: not stated */
	uint32_t kind;    /* texts */
	uint32_t country;
	uint32_t incorporation;
	uint32_t lei;
	int64_t registered;
	int64_t frozen_by;                      /* event; 0: it is not frozen */
	int64_t capability_event[CAPABILITIES]; /* 0: never granted or taken */
	uint8_t commitment[STO_DIGEST_LEN];
} Party;

typedef struct Wallet
{
	uint8_t address[STO_ADDRESS_LEN];
	uint32_t party;
	uint32_t custodian; /* party; 0: none */
	uint32_t policy;    /* 0: none */
	uint32_t issues;    /* the token whose issuance wallet this is; 0: an ordinary one */
	uint32_t subject;
	uint32_t last_position; /* found last time */
	uint32_t attachments;   /* the newest; 0: none */
	bool active;
	bool signed_only;
	bool frozen;
	bool omnibus;
	uint8_t salt[STO_DIGEST_LEN];
	uint32_t next; /* the party's wallet before it */
	uint32_t busy; /* positions that have or hold units */
	uint32_t kind; /* text */
	int64_t registered;
	int64_t frozen_by; /* event; 0: it is not frozen */
	int64_t barred;    /* entry that began to recover what it had; 0: none did */
	uint32_t heir;     /* wallet to which that goes; 0: it is not barred */
} Wallet;

typedef struct Token
{
	StoAmount authorised;
	int64_t registered;
	uint32_t issuer; /* party */
	uint32_t issuance;
	uint32_t subject;
	uint32_t kind; /* texts */
	uint32_t name;
	uint32_t isin;
	uint32_t cfi;
	uint32_t dti;
	uint32_t currency;
	uint32_t unsigned_role;
	uint32_t required;  /* the topics in force; 0: none */
	uint32_t trusted;   /* the newest issuer of claims that it ever named */
	uint32_t documents; /* present ones; 0: none */
	uint32_t four_eyes; /* which acts need a second officer; 0: it never said */
	uint32_t proposals; /* the newest; 0: none */
	uint32_t paused_by; /* party; 0: it is not paused */
	uint32_t rules;     /* its number in StoReplay.rules; 0: not known there yet */
	int64_t paused;     /* event */
	int64_t record;     /* how many records the log had before it */
	uint8_t decimals;
	bool active;
	bool has_authorised;
	bool receiver_only;
	bool pays; /* some token's issuer pays for redemptions in it */
	uint8_t uuid[STO_UUID_LEN];
	Redemption redemption;
} Token;

/* What every entry looks at comes first, on two lines of the cache. */
typedef struct Position
{
	StoAmount balance;
	StoAmount held;
	StoAmount outflow; /* all issues, or transfers and posts to other parties, so far */
	int64_t seq;
	int64_t posted_at;
	uint8_t head[STO_DIGEST_LEN];
	uint32_t wallet;
	uint32_t token;
	uint32_t allotment; /* 0: nothing was issued to it under a group */
	uint32_t rest[5];   /* each entry fetches two: they take no more cache lines than they need */
} Position;
_Static_assert(sizeof(Position) == 128, "two cache lines, a chunk a huge page");

/* The last issue to a position under a group, as long as its entries since were lock-ups of that.
 */
typedef struct Allotment
{
	StoAmount lockable; /* what those left of the issue */
	int64_t seq;        /* the position's at the last of them */
	uint8_t group[STO_UUID_LEN];
} Allotment;

/* What had left a position at one of its entries. */
typedef struct FlowSample
{
	StoAmount outflow;
	int64_t seq;
	int64_t posted_at;
	uint32_t wallet;
	uint32_t token;
} FlowSample;

/* A rule that an enforced entry did not pass. */
typedef struct Override
{
	int64_t entry_id;
	uint32_t label; /* texts */
	uint32_t detail;
	uint16_t code;
	uint8_t number;
} Override;

/* A custom rule that an enforced entry asked: a finding may say what it answered. */
typedef struct Asked
{
	int64_t entry_id;
	int64_t rule_set;
	uint32_t label; /* texts */
	uint8_t number;
	uint8_t definition[STO_DIGEST_LEN];
} Asked;

typedef struct HoldRow
{
	StoAmount amount;
	StoAmount remaining;
	int64_t hold_id;
	int64_t release_after;
	uint32_t wallet;
	uint32_t token;
	uint32_t beneficiary; /* wallet; 0: none */
	uint8_t purpose;
	bool has_release_after;
	bool has_notary;
	bool has_beneficiary;
	bool has_condition;
	bool has_instruction;
	bool checked_once;
	uint8_t notary[STO_UUID_LEN];
	uint8_t beneficiary_address[STO_ADDRESS_LEN];
	uint8_t digest[STO_DIGEST_LEN]; /* condition or instruction: no hold has both */
} HoldRow;

typedef struct Batch
{
	StoAmount sum;
	StoAmount total; /* so far */
	int64_t event;
	int64_t policy_event;
	int64_t count;
	int64_t seen;
	int64_t usable_until; /* INT64_MAX: not bounded */
	uint32_t subject;
	uint32_t actor; /* subject */
	uint32_t token;
	bool posted;
	uint8_t hash[STO_DIGEST_LEN];
} Batch;

/* Order messages of a list that is not whole yet: hashed at its end. */
typedef struct OpenBatch
{
	uint32_t batch;
	uint8_t *orders;
	size_t len;
	size_t size;
} OpenBatch;

typedef struct Notice
{
	int64_t entry_id;
	int64_t recorded_at;
	int64_t number;
	uint32_t name; /* texts */
	uint32_t text;
	uint8_t kind; /* StoBodyKind */
	uint8_t digest[STO_DIGEST_LEN];
} Notice;

/* A leg that waits for the rest of its settlement. */
typedef struct GroupLeg
{
	StoAmount amount;
	int64_t entry_id;
	uint32_t debit; /* wallets */
	uint32_t credit;
	uint32_t token;
	uint32_t hold; /* whose instruction binds it; 0: none */
	uint8_t posted_by[STO_UUID_LEN];
} GroupLeg;

typedef struct Group
{
	uint8_t group_id[STO_UUID_LEN];
	GroupLeg *legs;
	uint32_t count;
	uint32_t size;
	uint32_t instructed; /* legs that post a hold with an instruction */
	uint32_t next_try;   /* not looked at again before it has this many legs */
	int64_t touched;     /* number of the entry that added the last leg */
} Group;

/* A record that is to come. */
typedef struct Expected
{
	uint64_t hash[2];   /* of debit's and credit's address; 0: none */
	uint32_t wallet[2]; /* rows that may be theirs; 0: none */
} Expected;

typedef struct Groups
{
	Group *items;
	uint32_t count;
	uint32_t size;
	uint32_t waiting;    /* number of a group that has legs not looked at; 0: none */
	uint32_t next_sweep; /* as many groups as this: drop what is settled */
	StoIndexTable by_id;
} Groups;

struct StoReplay
{
	StoReplayCalls calls;
	StoReplayCounts counts;
	uint64_t seed;
	uint8_t order_secret[STO_UUID_LEN];
	bool opened; /* genesis was folded */
	bool broken; /* can't go on */
	bool has_genesis;
	uint8_t genesis[STO_DIGEST_LEN]; /* that the caller trusts */

	/* the ledger */
	uint8_t ledger_id[STO_UUID_LEN];
	uint8_t genesis_leaf[STO_DIGEST_LEN];
	int64_t genesis_event;
	uint32_t ledger_name;
	uint32_t ledger_origin;
	uint32_t root_policy;
	bool roles;
	int32_t witness_threshold;
	uint32_t log_key;
	StoReplayLedger shown;

	StoPool subjects, parties, wallets, tokens, positions, holds, keys, policies, batches, notices;
	StoPool classifications, mandates, owners, topics, claims, required, trusted, documents,
		acknowledgements, four_eyes, proposals, flows, overrides, cases, case_holds, attachments,
		members, versions, traces, allotments, asked, payments;
	StoIndexTable by_uuid, by_address, by_position, by_hold, by_fingerprint, by_batch, by_isin,
		by_flow, by_override;
	StoIndexTable by_mandate, by_owner, by_topic, by_claim, by_document, by_acknowledgement,
		by_case, by_payment;
	StoTextPool texts;
	StoSet orders;

	StoRuleFold *rules;    /* what rules read */
	uint32_t asked_closed; /* rows of asked that no finding can be of any more */
	uint32_t past_token;   /* of which entries are told again, and what they are told to */
	unsigned past_missing;

	OpenBatch *open;
	uint32_t open_count;
	uint32_t open_size;
	uint8_t *spare_orders; /* of a list that ended; NULL: none */
	size_t spare_size;
	Groups groups;
	uint32_t *sorted; /* positions in the order of a close, as of the last one */
	uint32_t sorted_count;

	Expected expected[STO_REPLAY_AHEAD];
	uint32_t expected_count;
	uint32_t expected_at; /* how many of them were folded */

	StoRecord last;
	bool has_last;
};

/* An act while it is folded. */
typedef struct Act
{
	StoReplay *r;
	const StoEvent *event;
	const uint8_t *leaf;
	Subject *subject; /* NULL if the event makes it */
	Policy *policy;   /* of the actor; NULL: none, or genesis */
	Party *actor_party;
	bool is_signed;
	uint8_t signature_count;
	StoBody body; /* last: what stands before it is zeroed */
} Act;

/* replay.c: each pool, in the order in which they are saved */
#define REPLAY_POOLS 32
extern StoPool *sto_fold_pool(StoReplay *r, int i);
__attribute__((format(printf, 4, 5))) extern void
sto_fold_problem(StoReplay *r, int64_t entry_id, const char *check, const char *format, ...);
/* Out of memory, or OpenSSL failed: reported, and the replay stops.  Always false. */
extern bool sto_fold_stop(StoReplay *r, int64_t entry_id, const char *why);
extern bool sto_fold_is_nil(const uint8_t uuid[STO_UUID_LEN]);
#define STO_UUID_TEXT_LEN 36
/* The uuid's text into out, which it returns. */
extern const char *sto_fold_uuid(const uint8_t uuid[STO_UUID_LEN], char out[STO_UUID_TEXT_LEN + 1]);

/* replay_find.c: rows by key; NULL if there is none.  *number, if wanted, is the row's. */
extern Subject *sto_fold_subject(const StoReplay *r, const uint8_t uuid[STO_UUID_LEN],
								 uint32_t *number);
extern Party *sto_fold_party(const StoReplay *r, const uint8_t uuid[STO_UUID_LEN],
							 uint32_t *number);
extern Token *sto_fold_token(const StoReplay *r, const uint8_t uuid[STO_UUID_LEN],
							 uint32_t *number);
extern Wallet *sto_fold_wallet(const StoReplay *r, const uint8_t address[STO_ADDRESS_LEN],
							   uint32_t *number);
extern Position *sto_fold_position(const StoReplay *r, uint32_t wallet, uint32_t token,
								   uint32_t *number);
/* made if there is none; NULL if there is no memory */
extern Position *sto_fold_position_make(StoReplay *r, uint32_t wallet, uint32_t token,
										uint32_t *number);
extern HoldRow *sto_fold_hold(const StoReplay *r, int64_t hold_id, uint32_t *number);
extern KeyRow *sto_fold_key(const StoReplay *r, const uint8_t fingerprint[STO_DIGEST_LEN],
							uint32_t *number);
extern Batch *sto_fold_batch(const StoReplay *r, int64_t event, uint32_t *number);
/* The same for a side, 0 or 1, of the record that is being folded, found where it was expected. */
extern Wallet *sto_fold_side_wallet(const StoReplay *r, const uint8_t address[STO_ADDRESS_LEN],
									int side, uint32_t *number);
extern uint64_t sto_fold_address_hash(const StoReplay *r, const uint8_t address[STO_ADDRESS_LEN]);
extern const uint8_t *sto_fold_uuid_of(const StoReplay *r, uint32_t subject);
/* New rows, indexed; NULL if there is no memory. */
extern Subject *sto_fold_subject_add(StoReplay *r, const uint8_t uuid[STO_UUID_LEN],
									 SubjectKind kind, uint32_t *number);
extern Wallet *sto_fold_wallet_add(StoReplay *r, const uint8_t address[STO_ADDRESS_LEN],
								   uint32_t *number);
extern HoldRow *sto_fold_hold_add(StoReplay *r, int64_t hold_id);
extern KeyRow *sto_fold_key_add(StoReplay *r, const uint8_t fingerprint[STO_DIGEST_LEN],
								uint32_t *number);
extern Batch *sto_fold_batch_add(StoReplay *r, int64_t event, uint32_t *number);
/* Of a party (its row) and another's uuid. */
extern Mandate *sto_fold_mandate(const StoReplay *r, uint32_t party, const uint8_t *representative,
								 uint8_t scope);
extern Mandate *sto_fold_mandate_make(StoReplay *r, uint32_t party, const uint8_t *representative,
									  uint8_t scope);
extern Owner *sto_fold_owner(const StoReplay *r, uint32_t party, const uint8_t *owner);
extern Owner *sto_fold_owner_make(StoReplay *r, uint32_t party, const uint8_t *owner);
extern Claim *sto_fold_claim(const StoReplay *r, int64_t claim);
extern Claim *sto_fold_claim_add(StoReplay *r, int64_t claim, uint32_t *number);
/* Its number, of a name of at most TOPIC_MAX octets; 0: no memory. */
extern uint32_t sto_fold_topic(StoReplay *r, const char *name);
extern Document *sto_fold_document(const StoReplay *r, int64_t document, uint32_t *number);
extern Document *sto_fold_document_add(StoReplay *r, int64_t document, uint32_t *number);
/* Of a party's and a document's row. */
extern Acknowledgement *sto_fold_acknowledgement(const StoReplay *r, uint32_t party,
												 uint32_t document);
extern Acknowledgement *sto_fold_acknowledgement_add(StoReplay *r, uint32_t party,
													 uint32_t document);
extern Case *sto_fold_case(const StoReplay *r, int64_t event);
extern Case *sto_fold_case_add(StoReplay *r, int64_t event, uint32_t *number);
/* These indexes anew, after a load. */
extern bool sto_fold_index_identity(StoReplay *r);
/* Take note of a token's ISIN (12 characters); *is_new false if another token has it. */
extern bool sto_fold_isin_add(StoReplay *r, const char *isin, uint32_t token, bool *is_new);
/* Every index anew, after a load. */
extern bool sto_fold_index_all(StoReplay *r);
/* replay_counters.c: a sample of what had left a position; their index; false: no memory. */
extern bool sto_fold_flow_add(StoReplay *r, const Position *pos);
extern bool sto_fold_index_flows(StoReplay *r);
/* A rule that an enforced entry did not pass, label and detail already among the texts. */
extern bool sto_fold_override_add(StoReplay *r, const Override *override);
extern bool sto_fold_index_overrides(StoReplay *r);

/* replay_quorum.c: is the stored list a quorum of that policy's?  Signatures go to calls.check. */
extern bool sto_fold_quorum(StoReplay *r, int64_t entry_id, const char *what, const Policy *policy,
							const uint8_t *signatures, size_t len, int64_t at, const uint8_t *msg,
							size_t msg_len, uint8_t *count);
#define STO_SIGLIST_KEY_ID(list, i) ((list) + (size_t) (i) *STO_SIGLIST_ITEM_LEN + 1)

/* replay_event.c */
extern bool sto_fold_event(StoReplay *r, const StoEvent *event, const uint8_t *leaf);
/* Are the act's signatures a quorum of that policy's?  False only if there is no memory. */
extern bool sto_fold_signed_act(Act *act, const Policy *policy);

/* An entry while it is folded. */
typedef struct Posting
{
	StoReplay *r;
	StoEntry *entry;
	StoOrder *order;
	const uint8_t *leaf;
	Token *token;
	Wallet *debit; /* NULL: the order names none, or it is unknown */
	Wallet *credit;
	Party *orderer; /* NULL: not in the register */
	Position *debit_pos;
	Position *credit_pos; /* NULL: the entry doesn't move it */
	HoldRow *hold;
	Case *legal; /* that an enforced entry cites; NULL: none, or unknown */
	uint32_t token_row;
	uint32_t debit_row;
	uint32_t credit_row;
	uint32_t hold_row;
	int64_t key_policy; /* found; 0: none */
	bool unsigned_by_rule;
} Posting;

/* Report against the entry. */
__attribute__((format(printf, 3, 4))) extern void sto_fold_bad(const Posting *p, const char *check,
															   const char *format, ...);

/* replay_entry.c */
extern bool sto_fold_entry(StoReplay *r, StoRecord *record, const uint8_t *leaf);
/* replay_order.c: the order's shape (false: nothing of it can be done); may that be done now? */
extern bool sto_fold_shape(const Posting *p);
extern void sto_fold_comply(const Posting *p);
/* replay_eligible.c: pauses, freezes, claims, acknowledgements */
extern void sto_fold_restrictions(const Posting *p);
/* Documents that whoever receives had to acknowledge: replay_document.c */
extern void sto_fold_unacknowledged(const Posting *p);
/* May that party order for this one at that time? */
extern bool sto_fold_has_mandate(const StoReplay *r, uint32_t principal,
								 const uint8_t *representative, int64_t at);
/* replay_ruled.c: the token's rules, as they were before the entry; false: no memory */
extern bool sto_fold_ruled(const Posting *p);
/* replay_finding.c: custom rules that an enforced entry asks; false: no memory */
extern bool sto_fold_findings_expect(const Posting *p, const StoRuleEntry *entry,
									 const StoRuleSet *set, int64_t rule_set);
/* An event of another kind: no finding can be of what came before. */
extern void sto_fold_findings_close(StoReplay *r);
/* replay_case.c: the orderer, if it is an officer of the entry's case; else NULL */
extern const Party *sto_fold_case_officer(const Posting *p);
/* Is the entry what its case says, in its time?  The case is used then. */
extern void sto_fold_case_comply(const Posting *p);
/* replay_redeem.c: is it a redeem of somebody else's units, by the token's issuer as such? */
extern bool sto_fold_is_issuers_redeem(const Posting *p);
/* Payments for such a redeem, and what it uses of them; false: no memory. */
extern bool sto_fold_redeem(const Posting *p);
extern bool sto_fold_index_payments(StoReplay *r);
/* replay_recover.c: does it move all that a lost wallet has to its heir? */
extern void sto_fold_recover(const Posting *p);
/* A lost wallet ends with the first entry that recovers what it had. */
extern void sto_fold_bar(const Posting *p);
/* The wallet that has what that one had: itself, unless its keys were lost. */
extern uint32_t sto_fold_heir(const StoReplay *r, uint32_t wallet);
/* Open holds of the debit position go along with its units. */
extern void sto_fold_follow_holds(const Posting *p);
/* Take note of an entry that may be reversed; false: no memory. */
extern bool sto_fold_trace(const Posting *p);
/* Units taken out of the holds that the case names, of those that are lacking. */
/* replay_attach.c: units of the debit position that are neither held nor attached; below zero only
 * if more are held than there are. */
extern StoAmount sto_fold_available(const Posting *p, const Position *pos);
/* An attachment does not follow units, so there must be none. */
extern void sto_fold_recover_attached(const Posting *p);
extern StoAmount sto_fold_case_break(const Posting *p, StoAmount lacking);
/* replay_post.c: move the positions, fill entry.debit and entry.credit; false: no memory */
extern bool sto_fold_post(Posting *p);
/* Is it a lock-up of no more than what was just issued to the position, under the same group? */
extern bool sto_fold_follows_issue(const StoReplay *r, const Position *pos, const StoOrder *o);
/* replay_permit.c: who has to sign the order, and did they? */
extern void sto_fold_permit(Posting *p);
/* replay_batch.c: may the entry cite that list, of which that subject's keys must have signed? */
extern void sto_fold_batch_cited(Posting *p, const uint8_t *subject, int64_t policy_event);
extern bool sto_fold_batch_count(const Posting *p);
/* A list of which entries are to come; NULL: no memory. */
extern OpenBatch *sto_fold_open_add(StoReplay *r, uint32_t batch);
extern void sto_fold_batches_end(StoReplay *r, bool whole);
/* replay_group.c: after the entry has moved what it moves; false: no memory */
extern bool sto_fold_group(const Posting *p);
extern void sto_fold_groups_end(StoReplay *r, bool whole);
extern void sto_fold_groups_free(Groups *groups);
/* A group to load legs into; NULL: no memory. */
extern Group *sto_fold_group_add(StoReplay *r, const uint8_t group_id[STO_UUID_LEN]);

#include "bin/replay_acts.h"

#endif
