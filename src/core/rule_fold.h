/*
 * rule_fold.h
 *		What the rules of tokens read, folded from the log: facts about parties,
 *		lists, approvals, totals, holders, flows.
 *
 * Events and entries are told in the order of their ids.  At each entry the rules
 * in force then can be asked, with every fact as it stood, so that a verifier,
 * sto.explain_entry() and sto.simulate_rules() come to the gate's own answer.
 *
 * Facts about parties are kept of all.  Of a token's units only what the sets it
 * has had so far read is kept: who registers the first set that reads more has to
 * tell the token's entries before it once again, to sto_rule_fold_past().
 *
 * Every call that returns bool returns false only if there is no memory.
 */
#ifndef STO_CORE_RULE_FOLD_H
#define STO_CORE_RULE_FOLD_H

#include "core/rule.h"
#include "core/table.h"

typedef struct StoRuleFold StoRuleFold;

/* When something is in force: in [from, to). */
typedef struct StoRulePeriod
{
	int64_t from;
	int64_t to;
	bool has_from;
	bool has_to;
} StoRulePeriod;

/* seed: whoever writes a log must not foresee it.  NULL: no memory. */
extern StoRuleFold *sto_rule_fold_new(uint64_t seed);
extern void sto_rule_fold_free(StoRuleFold *f);

/*
 * Their numbers, by which the other calls know them, given when they are asked for
 * the first time; 0: no memory.
 */
extern uint32_t sto_rule_fold_party(StoRuleFold *f, const uint8_t uuid[STO_UUID_LEN]);
extern uint32_t sto_rule_fold_token(StoRuleFold *f, const uint8_t uuid[STO_UUID_LEN]);
/* 0 if it was never asked for */
extern uint32_t sto_rule_fold_find_token(const StoRuleFold *f, const uint8_t uuid[STO_UUID_LEN]);
/* Whose token it is. */
extern void sto_rule_fold_issuer(StoRuleFold *f, uint32_t token, uint32_t party);

/*
 * Events: rule_fold_facts.c.  event: its id.
 */

/* Two letters each; NULL: as before. */
extern bool sto_rule_fold_country(StoRuleFold *f, int64_t event, uint32_t party,
								  const char *residence, const char *incorporation);
/* token 0: in general */
extern bool sto_rule_fold_class(StoRuleFold *f, int64_t event, uint32_t party, uint32_t token,
								StoClass klass, const StoRulePeriod *period);
extern bool sto_rule_fold_claim(StoRuleFold *f, int64_t event, uint32_t party, const char *topic);
/* One that is unknown or revoked before changes nothing. */
extern bool sto_rule_fold_claim_revoke(StoRuleFold *f, int64_t claim);
extern bool sto_rule_fold_listed(StoRuleFold *f, int64_t event, uint32_t token, const char *list,
								 uint32_t party, bool listed);
extern bool sto_rule_fold_opt_in(StoRuleFold *f, int64_t event, uint32_t token, uint32_t party,
								 bool affirmed);

typedef struct StoRuleTravel
{
	int64_t event;
	uint32_t party;
	int count;
	const char *const *fields;
	const uint8_t *commitment; /* a digest */
	StoRulePeriod period;
} StoRuleTravel;

extern bool sto_rule_fold_travel(StoRuleFold *f, const StoRuleTravel *travel);
/* All before it. */
extern void sto_rule_fold_travel_withdraw(StoRuleFold *f, int64_t event, uint32_t party);

typedef struct StoRuleApproval
{
	int64_t event;
	uint32_t token;
	uint32_t by;       /* parties */
	uint32_t sender;   /* 0: any */
	uint32_t receiver; /* 0: any */
	StoAmount amount;
	bool exact; /* else up to */
	int64_t uses;
	StoRulePeriod period;
} StoRuleApproval;

extern bool sto_rule_fold_approval(StoRuleFold *f, const StoRuleApproval *approval);
extern void sto_rule_fold_approval_revoke(StoRuleFold *f, int64_t event, int64_t approval);

/* Who owns what of an omnibus wallet's units: rule_fold_look.c. */
typedef struct StoRuleLook
{
	int64_t event;
	int64_t recorded_at;
	int64_t seq; /* of the position */
	uint32_t token;
	uint32_t party; /* the wallet's */
	const uint8_t *wallet;
	int count;
	const uint32_t *owners; /* parties */
	const StoAmount *units; /* of each */
} StoRuleLook;

/* It takes the place of what was stated of the wallet before. */
extern bool sto_rule_fold_look_through(StoRuleFold *f, const StoRuleLook *look);

/*
 * What is kept of a token's units: rule_fold_move.c.
 */
#define STO_RULE_FOLD_TOTALS 1 /* and holders, and what is outstanding */
#define STO_RULE_FOLD_FLOWS 2
#define STO_RULE_FOLD_ISSUES 4
#define STO_RULE_FOLD_OMNIBUS 8 /* what omnibus wallets have */

/*
 * A rule_set event of the token.  body: all of it, which sto_rules_parse() reads.
 * *missing: bits of what it needs that was not kept so far; if not 0, the token's
 * entries before this event have to be told to sto_rule_fold_past() now.  *why, if
 * not NULL, is what is wrong with the body: then the event changes nothing.
 */
extern bool sto_rule_fold_set(StoRuleFold *f, int64_t event, uint32_t token, int64_t recorded_at,
							  const char *body, size_t len, unsigned *missing,
							  char why[STO_RULE_WHY_MAX]);
/* Keep what a set needs, though it is not (yet) the token's: as above. */
extern bool sto_rule_fold_keep(StoRuleFold *f, uint32_t token, const StoRuleNeeds *needs,
							   unsigned *missing);

/* An entry.  Of `move` the fold fills token_id, issuer, sender, receiver and has_... of these. */
typedef struct StoRuleEntry
{
	int64_t entry_id;
	uint32_t token;
	uint32_t sender;   /* party of the debit wallet; 0: an issuance wallet */
	uint32_t receiver; /* the same of the credit wallet; 0 also: there is none */
	uint32_t wallet;   /* the debit wallet, by a number of the caller's */
	bool debit_omnibus;
	bool credit_omnibus;
	StoRuleMove move;
} StoRuleEntry;

/* One that was told before: what it adds to what the bits of `missing` name. */
extern bool sto_rule_fold_past(StoRuleFold *f, const StoRuleEntry *entry, unsigned missing);

/* Is anything to be asked or kept of that token? */
extern bool sto_rule_fold_has_rules(const StoRuleFold *f, uint32_t token);
/* The set in force at that time: its event, 0 if none; *set NULL then. */
extern int64_t sto_rule_fold_in_force(StoRuleFold *f, uint32_t token, int64_t at,
									  const StoRuleSet **set);
/*
 * Ask a set about the entry, as of now.  STO_RULES_ERROR: no memory.  Nothing changes,
 * but that of approvals which the entry consumes, if it passes, one use is taken.
 */
extern StoRuleAnswer sto_rule_fold_ask(StoRuleFold *f, StoRuleEntry *entry, const StoRuleSet *set,
									   StoRuleReport report, void *report_context,
									   StoRuleOutcome *outcome);
/*
 * The same, using nothing up, with the facts that the rules were told: a JSON array of
 * objects with fact, party, of, value and the event that stated it, as far as it has room.
 */
#define STO_RULE_TOLD_MAX 16384
typedef struct StoRuleTold
{
	size_t len;
	char text[STO_RULE_TOLD_MAX];
} StoRuleTold;

extern StoRuleAnswer sto_rule_fold_trace(StoRuleFold *f, StoRuleEntry *entry, const StoRuleSet *set,
										 StoRuleReport report, void *report_context,
										 StoRuleOutcome *outcome, StoRuleTold *told);
/* What the entry moves. */
extern bool sto_rule_fold_entry(StoRuleFold *f, const StoRuleEntry *entry);

/*
 * What the fold knows, row by row: rule_fold_list.c.  Begin with *at = 0; each call
 * fills *out and moves *at on; false at the end.  Rows of events come in their order,
 * others in that of their making; the find functions go by key.  Texts belong to the fold.
 */
typedef struct StoRuleSetRow
{
	int64_t set_by;
	int64_t effective;
	const uint8_t *token_id;
	bool record_refusals;
	const char *body; /* terminated */
	size_t len;
	const StoRuleSet *set; /* NULL: no memory */
} StoRuleSetRow;

extern bool sto_rule_fold_next_set(StoRuleFold *f, size_t *at, StoRuleSetRow *out);

typedef struct StoRuleListedRow
{
	int64_t set_by;
	const uint8_t *token_id;
	const uint8_t *party_id;
	const char *list;
	bool listed;
} StoRuleListedRow;

extern bool sto_rule_fold_next_listed(const StoRuleFold *f, size_t *at, StoRuleListedRow *out);
extern bool sto_rule_fold_find_listed_row(const StoRuleFold *f,
										  const uint8_t token_id[STO_UUID_LEN], const char *list,
										  const uint8_t party_id[STO_UUID_LEN],
										  StoRuleListedRow *out);

/* Of a party and a token: what it stated, and when units were last issued to it. */
typedef struct StoRuleHoldingRow
{
	const uint8_t *token_id;
	const uint8_t *party_id;
	int64_t opt_in; /* event; 0: none */
	bool affirmed;
	int64_t issued; /* entry; 0: none, or issues are not kept of this token */
	int64_t issued_at;
	StoAmount total;   /* 0 also where totals are not kept */
	int64_t posted_at; /* of the last entry that changed it */
} StoRuleHoldingRow;

extern bool sto_rule_fold_next_holding(const StoRuleFold *f, size_t *at, StoRuleHoldingRow *out);
extern bool sto_rule_fold_find_holding_row(const StoRuleFold *f,
										   const uint8_t token_id[STO_UUID_LEN],
										   const uint8_t party_id[STO_UUID_LEN],
										   StoRuleHoldingRow *out);

typedef struct StoRuleTravelRow
{
	int64_t event;
	int64_t withdrawn; /* event; 0: it is not */
	const uint8_t *party_id;
	const uint8_t *commitment;
	StoRulePeriod period;
	int count; /* of fields, in their order */
	const char *fields[STO_RULE_ITEMS_MAX];
} StoRuleTravelRow;

extern bool sto_rule_fold_next_travel(const StoRuleFold *f, size_t *at, StoRuleTravelRow *out);

typedef struct StoRuleApprovalRow
{
	int64_t approval;
	int64_t revoked; /* event; 0: it is not */
	int64_t uses;
	int64_t uses_left;
	StoAmount amount;
	bool exact;
	StoRulePeriod period;
	const uint8_t *token_id;
	const uint8_t *approver;
	const uint8_t *sender; /* NULL: any */
	const uint8_t *receiver;
} StoRuleApprovalRow;

extern bool sto_rule_fold_next_approval(const StoRuleFold *f, size_t *at, StoRuleApprovalRow *out);
extern bool sto_rule_fold_find_approval_row(const StoRuleFold *f, int64_t approval,
											StoRuleApprovalRow *out);

typedef struct StoRuleGroupRow
{
	const uint8_t *token_id;
	StoRuleBy by;
	char value[STO_RULE_NAME_MAX + 1];
	int64_t holders;
	bool has_units; /* a rule reads them */
	StoAmount units;
} StoRuleGroupRow;

extern bool sto_rule_fold_next_group(const StoRuleFold *f, size_t *at, StoRuleGroupRow *out);
extern bool sto_rule_fold_find_group_row(const StoRuleFold *f, const uint8_t token_id[STO_UUID_LEN],
										 const char *by, const char *value, StoRuleGroupRow *out);

typedef struct StoRuleLookRow
{
	int64_t set_by;
	int64_t stated_at;
	int64_t seq;
	StoAmount units; /* of all its owners */
	const uint8_t *wallet;
	const uint8_t *token_id;
	const uint8_t *party_id;
} StoRuleLookRow;

typedef struct StoRuleOwnerRow
{
	StoAmount units;
	const uint8_t *wallet;
	const uint8_t *token_id;
	const uint8_t *party_id; /* the owner */
} StoRuleOwnerRow;

extern bool sto_rule_fold_next_look(const StoRuleFold *f, size_t *at, StoRuleLookRow *out);
extern bool sto_rule_fold_find_look_row(const StoRuleFold *f, const uint8_t token_id[STO_UUID_LEN],
										const uint8_t wallet[STO_ADDRESS_LEN], StoRuleLookRow *out);
extern bool sto_rule_fold_next_owner(const StoRuleFold *f, size_t *at, StoRuleOwnerRow *out);
extern bool sto_rule_fold_find_owner_row(const StoRuleFold *f, const uint8_t token_id[STO_UUID_LEN],
										 const uint8_t wallet[STO_ADDRESS_LEN],
										 const uint8_t party_id[STO_UUID_LEN],
										 StoRuleOwnerRow *out);

/*
 * The whole state goes through a callback, piece by piece, always in the same order:
 * written, or (loading, into a new fold of the same seed) read back.  False if a call
 * returns false, or there is no memory.
 */
extern bool sto_rule_fold_move(StoRuleFold *f, bool loading, StoMove move, void *context);

#endif
