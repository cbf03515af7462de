/*
 * rule.h
 *		Rule sets of a token: read from an event's body, and asked about one entry.
 *
 * docs/format.md, "Rule sets".  The gate, dry runs, verification on the server and
 * the stand-alone verifier all evaluate with these functions, so that they come to
 * the same answer.  What a rule reads of the register it asks through StoRuleFacts.
 *
 * A set never changes once it is read: threads may share it.  Evaluating allocates
 * nothing and makes no text while rules pass; a callback may leave by longjmp.
 */
#ifndef STO_CORE_RULE_H
#define STO_CORE_RULE_H

#include "message.h"

#define STO_RULES_MAX 64         /* rules of a set */
#define STO_RULE_ITEMS_MAX 256   /* items of one list in a rule */
#define STO_RULE_BODY_MAX 60000  /* octets of the body that holds a set */
#define STO_RULE_NAME_MAX 64     /* octets of a label, list, topic or field name */
#define STO_RULE_FUNCTION_MAX 63 /* octets of a function's name, and of its schema's */
#define STO_RULE_WHY_MAX 256     /* what is wrong with a set, with its NUL */
#define STO_RULE_VALUE_MAX 128   /* limit and value of a finding, with their NUL */
#define STO_RULE_DETAIL_MAX 384  /* detail of a finding, with its NUL */
#define STO_BASIS_POINTS 10000   /* of the whole */
#define STO_NEVER_STATED INT64_MIN

/* Numbers that clients may keep (docs/errors.md, "Reasons"): never renumber. */
typedef enum StoRuleCode
{
	STO_RULE_COUNTRY_ALLOW = 100,
	STO_RULE_COUNTRY_DENY = 101,
	STO_RULE_PARTY_LIST = 102,
	STO_RULE_INVESTOR_CLASS = 103,
	STO_RULE_MAX_BALANCE = 104,
	STO_RULE_MIN_BALANCE = 105,
	STO_RULE_MAX_HOLDERS = 106,
	STO_RULE_MIN_HOLDERS = 107,
	STO_RULE_OWNERSHIP_BY_CLAIM = 108,
	STO_RULE_LOCK_UP = 109,
	STO_RULE_VOLUME_LIMIT = 110,
	STO_RULE_TRANSFER_WINDOW = 111,
	STO_RULE_GRANULARITY = 112,
	STO_RULE_APPROVAL = 113,
	STO_RULE_VENUE = 114,
	STO_RULE_OPT_IN = 115,
	STO_RULE_OFFER_LIMITS = 116,
	STO_RULE_TRAVEL_RULE = 117,
	STO_RULE_LOOK_THROUGH = 118,
	STO_RULE_CUSTOM = 119
} StoRuleCode;

#define STO_RULE_CODE_FIRST STO_RULE_COUNTRY_ALLOW
#define STO_RULE_CODE_LAST STO_RULE_CUSTOM

extern const char *sto_rule_name(StoRuleCode code);  /* "country_allow" ...; NULL if unknown */
extern const char *sto_rule_state(StoRuleCode code); /* "ST220" ...; NULL if unknown */
extern bool sto_rule_from_name(const char *name, size_t len, StoRuleCode *code);
/* Does it ask who owns how much?  Then a move between wallets of one party passes it. */
extern bool sto_rule_is_ownership(StoRuleCode code);

typedef enum StoClass
{
	STO_CLASS_NONE = 0, /* nothing stated */
	STO_CLASS_RETAIL = 1,
	STO_CLASS_PROFESSIONAL = 2,
	STO_CLASS_MARKET_COUNTERPARTY = 3
} StoClass;

#define STO_CLASSES 4

extern const char *sto_class_name(StoClass klass); /* "retail" ...; "" for none */
extern bool sto_class_from_name(const char *name, size_t len, StoClass *klass);

/* What holders are counted by, and units added up by. */
typedef enum StoRuleBy
{
	STO_BY_ALL = 0,     /* "": all holders; the value is "" */
	STO_BY_COUNTRY = 1, /* "country": residence as last stated; "" for those of none */
	STO_BY_CLASS = 2,   /* "class": as last stated, in force or not; "" for those of none */
	STO_BY_TOPIC = 3    /* "topic": has an unrevoked claim on it, in force or not */
} StoRuleBy;

extern const char *sto_by_name(StoRuleBy by); /* the text in quotes above */

typedef enum StoRuleSide
{
	STO_OF_RECEIVER = 1,
	STO_OF_SENDER = 2,
	STO_OF_EITHER = 3 /* both are asked */
} StoRuleSide;

/* A set of ISO 3166-1 alpha-2 codes: one bit for each pair of letters. */
typedef struct StoCountrySet
{
	uint64_t bits[11];
} StoCountrySet;

/* The bit of two capitals, -1 of anything else. */
extern int sto_country_bit(const char *country);
extern bool sto_country_in(const StoCountrySet *set, const char *country);

typedef struct StoUuidList
{
	int count;
	const uint8_t (*items)[STO_UUID_LEN]; /* ascending, distinct */
} StoUuidList;

extern bool sto_uuid_in(const StoUuidList *list, const uint8_t *uuid);

typedef struct StoNameList
{
	int count;
	const char **items; /* in the order given; each terminated */
} StoNameList;

/* Hours of a week; minute 1440 is the end of the day. */
typedef struct StoRuleHours
{
	uint8_t days; /* bit d: day d of ISO 8601, 1 is Monday */
	uint16_t from;
	uint16_t to;
} StoRuleHours;

/* Times t with from <= t < to, microseconds since 1970-01-01 UTC. */
typedef struct StoRuleSpan
{
	int64_t from;
	int64_t to;
} StoRuleSpan;

/* One rule; which fields it has is for its code to say. */
typedef struct StoRule
{
	StoRuleCode code;
	uint16_t kinds;    /* bit 1 << STO_ISSUE ... STO_POST */
	const char *label; /* or NULL */
	StoUuidList exempt;
	bool incorporation;     /* country_...: rather than residence */
	StoRuleSide side;       /* country_..., party_list */
	bool deny;              /* party_list */
	bool has_amount;        /* max_balance, volume_limit: else a share */
	bool has_value;         /* max_holders, of one group */
	bool has_min;           /* ownership_by_claim */
	bool has_max;           /* ownership_by_claim */
	bool has_by;            /* approval: by one party, else by the token's issuer */
	bool has_max_total;     /* offer_limits */
	bool has_min_each;      /* offer_limits */
	bool attachment;        /* travel_rule */
	bool block;             /* look_through: when it is stale */
	uint8_t classes;        /* bit 1 << StoClass; 0: not asked */
	uint8_t caps;           /* investor_class: bit 1 << StoClass of those that cap[] limits */
	StoRuleBy by;           /* max_holders, ownership_by_claim */
	int64_t count;          /* max_holders, min_holders; offer_limits: persons, 0 for any number */
	int64_t seconds;        /* volume_limit, offer_limits, look_through */
	int64_t until;          /* lock_up */
	int32_t offset_minutes; /* transfer_window */
	int32_t share;          /* basis points: max_balance, volume_limit */
	int32_t min;            /* basis points: ownership_by_claim */
	int32_t max;
	StoAmount amount; /* balances, volume_limit; granularity's units; threshold */
	StoAmount cap[STO_CLASSES];
	StoAmount min_each;
	StoAmount max_total;
	uint8_t approver[STO_UUID_LEN];
	uint8_t definition[STO_DIGEST_LEN];
	StoCountrySet countries;
	StoUuidList parties;    /* venue */
	const char *list;       /* party_list; transfer_window, or NULL */
	const char *value;      /* max_holders, ownership_by_claim: a country, class or topic */
	const char *function;   /* custom: "schema.name" */
	StoNameList originator; /* travel_rule */
	StoNameList beneficiary;
	int hours_count;
	const StoRuleHours *hours; /* transfer_window: open */
	int closed_count;
	const StoRuleSpan *closed;
} StoRule;

typedef struct StoRuleSet
{
	bool has_from;
	int64_t from;
	bool record_refusals;
	int count;
	const StoRule *rules; /* in the order in which they are asked and listed */
} StoRuleSet;

/*
 * Read the body of a rule_set event.  Everything is in one block of malloc()'s, for
 * sto_rules_free; NULL with one lower-case sentence in why, without its full stop.
 */
extern StoRuleSet *sto_rules_parse(const char *json, size_t len, char why[STO_RULE_WHY_MAX]);
extern void sto_rules_free(StoRuleSet *set);

/* The first party that a set names and that is not known; NULL: all are. */
extern const uint8_t *sto_rules_unknown_party(const StoRuleSet *set,
											  bool (*known)(void *context, const uint8_t *party),
											  void *context);

/* When a set recorded at that time takes effect.  Of those that have, the latest rules, then the
 * one with the greater event id. */
extern int64_t sto_rules_effective(const StoRuleSet *set, int64_t recorded_at);

/* What a set reads: what has to be locked, kept or folded before it can be asked. */
typedef struct StoRuleNeeds
{
	bool totals;                       /* a party's total */
	bool outstanding;                  /* units outside the issuance wallet */
	bool holders;                      /* holders, of all parties */
	bool by_country;                   /* holders and units of each country, */
	bool by_class;                     /* of each class, */
	int topic_count;                   /* and units of these topics */
	const char *topics[STO_RULES_MAX]; /* distinct; they live as long as the set */
	int64_t flow_seconds;              /* longest window of outflows; 0: none is read */
	int64_t issue_seconds;             /* longest window of issues; 0: none is read */
	bool countries;
	bool classes;
	bool lists;
	bool opt_ins;
	bool travel_data;
	bool approvals;
	bool look_through;
	bool custom;
} StoRuleNeeds;

extern void sto_rules_needs(const StoRuleSet *set, StoRuleNeeds *needs);
/* The same of those rules alone that apply to entries of this kind (force and the like: transfer).
 */
extern void sto_rules_needs_of(const StoRuleSet *set, StoKind kind, StoRuleNeeds *needs);

/* The function of a custom rule, as the database has it. */
typedef struct StoRuleFunction
{
	const char *name;     /* schema.name */
	const char *language; /* as in pg_language */
	int setting_count;
	const char *const *settings; /* "name=value" of SET clauses, in their order */
	const char *source;          /* pg_proc.prosrc */
	size_t source_len;
} StoRuleFunction;

/* The digest that a rule's `definition` must be; false if OpenSSL failed or something is too long.
 */
extern bool sto_rule_definition(const StoRuleFunction *function, uint8_t out[STO_DIGEST_LEN]);

/*
 * What is to happen.  A side is present if it has a party that is asked about: the
 * issuance wallet is none, so an issue has no sender, a redemption no receiver, and a
 * hold has a receiver only if it names a beneficiary's wallet.  force, recover and reverse are
 * evaluated as transfers: their findings are recorded, nothing is consumed.
 */
typedef struct StoRuleMove
{
	StoKind kind;
	bool has_sender;
	bool has_receiver;
	bool has_notary; /* the notary that a hold's order names, or of the hold that is posted */
	bool has_attachment;
	bool checked_once; /* a hold whose post asks no rule: it uses approvals up itself */
	uint8_t token_id[STO_UUID_LEN];
	uint8_t issuer[STO_UUID_LEN]; /* of the token */
	uint8_t sender[STO_UUID_LEN]; /* parties */
	uint8_t receiver[STO_UUID_LEN];
	uint8_t debit[STO_ADDRESS_LEN]; /* wallets, where the side is present */
	uint8_t credit[STO_ADDRESS_LEN];
	uint8_t posted_by[STO_UUID_LEN];
	uint8_t ordering_party[STO_UUID_LEN];
	uint8_t notary[STO_UUID_LEN];
	StoAmount amount;
	int64_t posted_at;
} StoRuleMove;

/* The kind whose rules apply: transfer for force, recover and reverse, else the same. */
extern StoKind sto_rule_kind(StoKind kind);
/* Both sides are present and of one party. */
extern bool sto_rule_within_party(const StoRuleMove *move);
/* Does the entry count as outflow of its sender?  Transfers and posts to another party. */
extern bool sto_rule_is_outflow(const StoRuleMove *move);

/* A party's newest classification: for this token if there ever was one, else in general. */
typedef struct StoRuleClassified
{
	StoClass klass; /* STO_CLASS_NONE: nothing was ever stated, and no times */
	bool has_from;
	bool has_to;
	int64_t from;
	int64_t to;
} StoRuleClassified;

/*
 * How the register answers.  Everything is as it stands before the entry, of the
 * move's token.  A callback that returns false ends the evaluation with
 * STO_RULES_ERROR.  Only what an answer depends on is asked, so that who locks what
 * is asked for locks no more than that; in one evaluation total(), country() and
 * classified() at most once for each side, outstanding() at most once.
 */
typedef struct StoRuleFacts
{
	void *context; /* first argument of each */

	/* Sum of the party's balances over all its wallets but issuance wallets. */
	bool (*total)(void *context, const uint8_t *party, StoAmount *total);
	/* Units outside the issuance wallet. */
	bool (*outstanding)(void *context, StoAmount *outstanding);
	/*
	 * Parties of the group with a total above zero, and the sum of their totals.  holders or
	 * units is NULL where that isn't asked.  holders is asked only if the entry changes it.
	 */
	bool (*group)(void *context, StoRuleBy by, const char *value, int64_t *holders,
				  StoAmount *units);
	/* Of residence or incorporation, two capitals; both zero if not stated. */
	bool (*country)(void *context, const uint8_t *party, bool incorporation, char country[2]);
	bool (*classified)(void *context, const uint8_t *party, StoRuleClassified *classified);
	/* Has an unrevoked claim on the topic, in force or not, whoever made it. */
	bool (*has_topic)(void *context, const uint8_t *party, const char *topic, bool *has);
	/* On the token's list of that name. */
	bool (*on_list)(void *context, const uint8_t *party, const char *list, bool *listed);
	/* Its newest opt_in for the token affirms. */
	bool (*opted_in)(void *context, const uint8_t *party, bool *affirmed);
	/* What the party's entries with posted_at > after moved out (sto_rule_is_outflow). */
	bool (*outflow)(void *context, const uint8_t *party, int64_t after, StoAmount *sum);
	/*
	 * Issues of the token with posted_at > after: distinct parties that received, whether
	 * this one did, and the sum.  Where there are fewer parties than `limit`, any number from
	 * theirs up to limit - 1 will do, with *received false; limit 0: any number at all.
	 */
	bool (*issues)(void *context, const uint8_t *receiver, int64_t after, int64_t limit,
				   int64_t *persons, bool *received, StoAmount *sum);
	/*
	 * The least event id of a transfer_approval of the token by that party that is not revoked,
	 * has a use left, is in force at move->posted_at (from <= t < to), names no other sender or
	 * receiver, and whose amount is `amount` (exact) or at least that (else); 0 if there
	 * is none.  Then *largest is the greatest amount < `amount` for which there is one, 0 if none.
	 */
	bool (*approval)(void *context, const uint8_t *by, const StoRuleMove *move, StoAmount amount,
					 int64_t *id, StoAmount *largest);
	/* Does the party's travel data in force at that time have the field? */
	bool (*travel_field)(void *context, const uint8_t *party, const char *field, int64_t at,
						 bool *has);
	/*
	 * Is the wallet one whose owners are stated by look-through, and when was that last?
	 * STO_NEVER_STATED: never, or more was stated than it has now.  NULL where
	 * look-through isn't kept: no wallet is.
	 */
	bool (*look_through)(void *context, const uint8_t *address, bool *omnibus, int64_t *stated_at);
	/*
	 * Call the function, if it still is what rule->definition says, and put what it said
	 * (as one line) into reason if it refused.  NULL where it can't be called: the rule is passed
	 * over and counted in not_replayed.
	 */
	bool (*custom)(void *context, const StoRule *rule, const StoRuleMove *move, bool *refused,
				   char reason[STO_RULE_DETAIL_MAX]);
} StoRuleFacts;

/* Whose data a finding's value and passing amount tell: who may not read that isn't shown them. */
typedef enum StoRuleWhose
{
	STO_ABOUT_ORDER,    /* nobody's: the order, the time, the set itself */
	STO_ABOUT_SENDER,   /* the sender's total, outflow, country ... */
	STO_ABOUT_RECEIVER, /* the receiver's */
	STO_ABOUT_TOKEN     /* counts and sums over all holders */
} StoRuleWhose;

/* A rule that failed.  Texts last until the callback returns. */
typedef struct StoRuleFinding
{
	const StoRule *rule;
	int number;        /* of the rule in its set, from 1 */
	StoRuleCode code;  /* with sto_rule_name(code), sto_rule_state(code) */
	const char *label; /* or NULL */
	bool has_subject;
	uint8_t subject[STO_UUID_LEN]; /* the party at fault */
	StoRuleWhose whose;
	StoAmount passing;  /* the largest amount below the move's that passes this rule, 0: none */
	const char *limit;  /* what the rule allows: an amount, count, time, list ...; may be "" */
	const char *value;  /* what it would be after the entry; may be "" */
	const char *detail; /* one sentence with its full stop; has no part of value or passing */
} StoRuleFinding;

typedef void (*StoRuleReport)(void *context, const StoRuleFinding *finding);

/* What an entry that passes consumes, and what was left out. */
typedef struct StoRuleOutcome
{
	int failing;                      /* rules that failed; with no report, at most 1 */
	int not_replayed;                 /* custom rules without callback */
	int approval_count;               /* approvals of which the entry takes one use each */
	int64_t approvals[STO_RULES_MAX]; /* ascending, distinct; none for enforced entries, nor for
										 holds whose post asks again */
} StoRuleOutcome;

typedef enum StoRuleAnswer
{
	STO_RULES_PASS,
	STO_RULES_FAIL,
	STO_RULES_ERROR /* a callback failed */
} StoRuleAnswer;

/*
 * Ask every rule of the set in order, each once: a rule that fails for both sides is
 * reported once, for the receiver.  report NULL: stop at the first that fails.
 */
extern StoRuleAnswer sto_rules_evaluate(const StoRuleSet *set, const StoRuleMove *move,
										const StoRuleFacts *facts, StoRuleReport report,
										void *report_context, StoRuleOutcome *outcome);

/* Rule i of the set, if it is a custom one and the entry is one that it is asked about; else NULL.
 */
extern const StoRule *sto_rules_custom(const StoRuleSet *set, int i, const StoRuleMove *move);

/* *largest is the greatest amount <= move->amount that passes every rule, 0 if none does; false if
 * a callback failed. */
extern bool sto_rules_largest(const StoRuleSet *set, const StoRuleMove *move,
							  const StoRuleFacts *facts, StoAmount *largest);

#endif
