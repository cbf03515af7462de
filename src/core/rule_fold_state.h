/*
 * rule_fold_state.h
 *		The state of a fold of what rules read, for the files rule_fold*.c alone.
 *
 * Rows name each other by their number in a pool, 0 for none, and hold no
 * pointers: sto_rule_fold_move() writes the pools as they are.
 */
#ifndef STO_CORE_RULE_FOLD_STATE_H
#define STO_CORE_RULE_FOLD_STATE_H

#include "core/rule_fold.h"

/* Names of topics, of lists and of fields, by number. */
#define FOLD_NAME_MAX 64
typedef struct FoldName
{
	char name[FOLD_NAME_MAX + 1];
} FoldName;

/* A class as it was stated last, in general or for a token. */
typedef struct FoldClass
{
	int64_t set_by; /* event; 0: never stated */
	StoRulePeriod period;
	uint8_t klass; /* StoClass */
} FoldClass;

/* What a holder's entries and facts change comes first. */
typedef struct FoldParty
{
	uint8_t uuid[STO_UUID_LEN];
	char country[2]; /* zeros: unknown */
	char incorporation[2];
	uint32_t holdings; /* the newest */
	uint32_t topics;   /* on which it has a claim that is not revoked, or had */
	uint32_t travel;   /* data about it that are not withdrawn, the newest */
	int64_t country_by;
	int64_t incorporation_by;
	FoldClass class; /* in general */
} FoldParty;

typedef struct FoldTopic
{
	uint32_t party;
	uint32_t topic;  /* name */
	uint32_t claims; /* unrevoked ones */
	uint32_t next;   /* the party's */
} FoldTopic;

typedef struct FoldClaim
{
	int64_t claim; /* event */
	uint32_t party;
	uint32_t topic; /* name */
	bool revoked;
} FoldClaim;

typedef struct FoldToken
{
	StoAmount outstanding;
	int64_t current_from; /* when the set that was found last is in force */
	int64_t current_until;
	uint8_t uuid[STO_UUID_LEN];
	uint32_t issuer;   /* party */
	uint32_t sets;     /* the newest */
	uint32_t current;  /* the set that was found last; 0: none is in force then */
	uint32_t holdings; /* the newest */
	uint32_t topics;   /* group: counted topics, the newest */
	uint32_t issues;   /* flow: the newest issue */
	uint32_t newest;   /* holding: who was issued to last */
	uint32_t oldest;   /* holding: of those who were since `since`, who was first */
	int64_t since;     /* who was issued to after that is counted in persons */
	int64_t persons;
	uint8_t kept;  /* STO_RULE_FOLD_... */
	uint8_t by;    /* bits 1 << StoRuleBy: sorts of groups that are counted, topics aside */
	uint8_t units; /* those of which a rule reads units, not only holders */
	bool found;    /* current was looked for since the newest set */
} FoldToken;

/* What a party has of a token, and what was said of it about this token. */
typedef struct FoldHolding
{
	StoAmount total;
	StoAmount looked;  /* part of it: what look-through gave, less what it took */
	int64_t posted_at; /* of the last entry that changed it */
	uint32_t party;
	uint32_t token;
	uint32_t next_of_party;
	uint32_t next_of_token;
	uint32_t purses; /* wallets that units went out of, the newest */
	uint32_t newer;  /* holding: who was issued to next after it */
	uint32_t older;  /* and last before it */
	bool affirmed;   /* the token, by event opt_in */
	int64_t issued_at;
	int64_t issued;  /* entry, its last issue; 0: none was kept */
	int64_t opt_in;  /* event; 0: none */
	FoldClass class; /* stated for this token */
} FoldHolding;

/* What went out of one wallet: times rise along a position, not along all of a party's. */
typedef struct FoldPurse
{
	uint32_t token;
	uint32_t wallet; /* the caller's number */
	uint32_t flow;   /* its newest outflow */
	uint32_t next;   /* of the same holding */
} FoldPurse;

/*
 * Holders with something in common.  value: a country's letters, a class, a
 * topic's name; 0 for all, for no country and for no class.
 */
typedef struct FoldGroup
{
	StoAmount total;
	int64_t holders;
	uint32_t token;
	uint32_t value;
	uint32_t next; /* of a topic: the token's other topics */
	uint8_t by;    /* StoRuleBy */
} FoldGroup;

/*
 * Sums of what went out, or was issued, in order of time.  jump leads to one
 * further back, so that a time is found in a number of steps that grows with
 * the logarithm of the rows (skew-binary lists, Myers 1983).
 */
typedef struct FoldFlow
{
	StoAmount sum; /* this one included */
	int64_t posted_at;
	int64_t entry_id;
	uint32_t prev;
	uint32_t jump;
	uint32_t depth;
} FoldFlow;

typedef struct FoldSet
{
	int64_t set_by; /* event */
	int64_t effective;
	uint32_t token;
	uint32_t next; /* the token's version before it */
	uint32_t text; /* of its rules */
	uint32_t len;
	bool record_refusals;
} FoldSet;

/* Who is, or was, on a list of a token's. */
typedef struct FoldListed
{
	int64_t set_by;
	uint32_t token;
	uint32_t list; /* name */
	uint32_t party;
	bool listed;
} FoldListed;

typedef struct FoldTravel
{
	int64_t event;
	int64_t withdrawn; /* event; 0: it is not */
	StoRulePeriod period;
	uint32_t party;
	uint32_t next; /* of the party, before it; of one withdrawn, too */
	uint32_t fields;
	uint8_t commitment[STO_DIGEST_LEN];
} FoldTravel;

typedef struct FoldField
{
	uint32_t name;
	uint32_t next; /* of the same data */
} FoldField;

typedef struct FoldApproval
{
	StoAmount amount;
	int64_t event;
	int64_t revoked; /* event; 0: it is not */
	int64_t uses;
	int64_t uses_left;
	StoRulePeriod period;
	uint32_t token;
	uint32_t by;     /* party */
	uint32_t next;   /* of the same token and party, after it */
	uint32_t sender; /* parties; 0: any */
	uint32_t receiver;
	bool exact;
} FoldApproval;

/* Approvals of a token by one party that can still be used, oldest first. */
typedef struct FoldApprover
{
	uint32_t token;
	uint32_t by;
	uint32_t first;
	uint32_t last;
} FoldApprover;

/* An omnibus wallet whose owners were stated, or that an entry moved. */
typedef struct FoldLook
{
	StoAmount balance; /* as far as entries are kept */
	StoAmount units;   /* stated */
	int64_t set_by;    /* event; 0: nothing was stated */
	int64_t stated_at;
	int64_t seq;
	uint32_t token;
	uint32_t party;
	uint32_t owners; /* the first */
	uint8_t wallet[STO_ADDRESS_LEN];
} FoldLook;

typedef struct FoldOwner
{
	StoAmount units;
	uint32_t look;
	uint32_t party; /* 0: of a statement that was replaced */
	uint32_t next;  /* of the same wallet */
} FoldOwner;

struct StoRuleFold
{
	uint64_t seed;
	StoPool names, parties, topics, claims, tokens, holdings, purses, groups, flows, sets, listed,
		travel, fields, approvals, approvers, looks, owners;
	StoIndexTable by_name, by_party, by_topic, by_claim, by_token, by_holding, by_purse, by_group,
		by_listed, by_approval, by_approver, by_look;
	StoTextPool texts;
	StoRuleSet **parsed; /* of each row of sets, read when it is asked for */
	uint32_t parsed_size;
};

#define FOLD_ROW(f, pool, number) sto_pool_at(&(f)->pool, number)

/* rule_fold.c: all pools, always in the same order */
#define FOLD_POOLS 17
extern void sto_rule_fold_pools(StoRuleFold *f, StoPool *pools[FOLD_POOLS]);

/* The set of that row, read again if the state was loaded; NULL: no memory. */
extern const StoRuleSet *sto_rule_fold_parsed(StoRuleFold *f, uint32_t number);

/*
 * rule_fold_find.c: rows by key.  0, or NULL: there is none; of those that are made
 * if there is none: there is no memory.
 */
extern uint32_t sto_rule_fold_find_name(const StoRuleFold *f, const char *name);
extern uint32_t sto_rule_fold_name(StoRuleFold *f, const char *name); /* made */
extern uint32_t sto_rule_fold_find_party(const StoRuleFold *f, const uint8_t uuid[STO_UUID_LEN]);
extern uint32_t sto_rule_fold_find_holding(const StoRuleFold *f, uint32_t token, uint32_t party);
extern uint32_t sto_rule_fold_holding(StoRuleFold *f, uint32_t token, uint32_t party); /* made */
/* Of a holding of that token; made. */
extern FoldPurse *sto_rule_fold_purse(StoRuleFold *f, uint32_t holding, uint32_t wallet);
extern const FoldTopic *sto_rule_fold_find_topic(const StoRuleFold *f, uint32_t party,
												 uint32_t topic);
extern FoldTopic *sto_rule_fold_topic(StoRuleFold *f, uint32_t party, uint32_t topic); /* made */
extern FoldClaim *sto_rule_fold_find_claim(const StoRuleFold *f, int64_t claim);
extern FoldClaim *sto_rule_fold_add_claim(StoRuleFold *f, int64_t claim);
extern uint32_t sto_rule_fold_find_group(const StoRuleFold *f, uint32_t token, StoRuleBy by,
										 uint32_t value);
extern uint32_t sto_rule_fold_group(StoRuleFold *f, uint32_t token, StoRuleBy by,
									uint32_t value); /* made */
extern FoldListed *sto_rule_fold_find_listed(const StoRuleFold *f, uint32_t token, uint32_t list,
											 uint32_t party);
extern FoldListed *sto_rule_fold_list_row(StoRuleFold *f, uint32_t token, uint32_t list,
										  uint32_t party); /* made */
extern FoldApproval *sto_rule_fold_find_approval(const StoRuleFold *f, int64_t event);
extern FoldApproval *sto_rule_fold_add_approval(StoRuleFold *f, int64_t event, uint32_t *number);
extern FoldApprover *sto_rule_fold_find_approver(const StoRuleFold *f, uint32_t token, uint32_t by);
extern FoldApprover *sto_rule_fold_approver(StoRuleFold *f, uint32_t token, uint32_t by); /* made */

/* The number of what was last stated of the wallet; 0: nothing. */
extern uint32_t sto_rule_fold_find_look(const StoRuleFold *f, uint32_t token,
										const uint8_t wallet[STO_ADDRESS_LEN]);
extern FoldLook *sto_rule_fold_look(StoRuleFold *f, uint32_t token,
									const uint8_t wallet[STO_ADDRESS_LEN],
									uint32_t *number); /* made */

/* Every index anew, after a load; false: no memory. */
extern bool sto_rule_fold_index(StoRuleFold *f);

/* rule_fold_ask.c: the context of every answer */
typedef struct StoRuleAsked
{
	StoRuleFold *f;
	const StoRuleEntry *entry;
	uint32_t sender_holding; /* 0: it has none */
	uint32_t receiver_holding;
} StoRuleAsked;

/* Fill the entry's move with its sides, and the callbacks with what answers about it. */
extern void sto_rule_fold_begin(StoRuleFold *f, StoRuleEntry *entry, StoRuleAsked *asked,
								StoRuleFacts *facts);

/* rule_fold_list.c: a group's value as its row has it */
extern uint32_t sto_rule_fold_group_key(const StoRuleFold *f, StoRuleBy by, const char *value);

/* rule_fold_move.c */

/* A country's letters as a group's value. */
static inline uint32_t
sto_rule_fold_letters(const char country[2])
{
	return (uint32_t) (uint8_t) country[0] << 8 | (uint8_t) country[1];
}

/* What was stated of the party's class last: for the token, or else in general. */
static inline const FoldClass *
sto_rule_fold_class_of(const FoldParty *party, const FoldHolding *holding)
{
	return holding != NULL && holding->class.set_by != 0 ? &holding->class : &party->class;
}

static inline bool
sto_rule_fold_is_in_force(const StoRulePeriod *period, int64_t at)
{
	return (!period->has_from || at >= period->from) && (!period->has_to || at < period->to);
}

/*
 * A fact about a party changes: what it has leaves the groups by that fact (before),
 * and goes into others (after).  topic: the name, if it is by topic.  holding: of
 * this token only; 0: of all.
 */
extern bool sto_rule_fold_leave_groups(StoRuleFold *f, uint32_t party, uint32_t holding,
									   StoRuleBy by, uint32_t topic);
extern bool sto_rule_fold_join_groups(StoRuleFold *f, uint32_t party, uint32_t holding,
									  StoRuleBy by, uint32_t topic);
/* A holding's total changes by so much, and its groups with it. */
extern bool sto_rule_fold_change_total(StoRuleFold *f, uint32_t holding, StoAmount units);
/* rule_fold_look.c: what an entry moves of omnibus wallets */
extern bool sto_rule_fold_move_omnibus(StoRuleFold *f, const StoRuleEntry *entry);
/* What look-through says of every holding of the token is part of its total from now on. */
extern void sto_rule_fold_begin_looked(StoRuleFold *f, uint32_t token);
extern bool sto_rule_fold_ask_look(void *context, const uint8_t *address, bool *omnibus,
								   int64_t *stated_at);
/* Sum of the list's rows with posted_at > after. */
extern StoAmount sto_rule_fold_sum_after(const StoRuleFold *f, uint32_t newest, int64_t after);
/* Parties that were issued to after that time. */
extern int64_t sto_rule_fold_persons_after(StoRuleFold *f, uint32_t token, int64_t after);

#endif
