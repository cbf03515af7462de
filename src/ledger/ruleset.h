/*
 * ruleset.h
 *		The rule sets of tokens, read once and kept as long as the register's facts
 *		(facts.h): a new set announces itself.
 */
#ifndef STO_LEDGER_RULESET_H
#define STO_LEDGER_RULESET_H

#include "core/rule.h"
#include "ledger/facts.h"

typedef struct StoRuleVersion
{
	int64 set_by; /* event */
	int64 effective;
	const StoRuleSet *set;
	StoRuleNeeds needs[STO_REVERSE + 1]; /* of entries of each kind */
} StoRuleVersion;

/*
 * All versions of a token's rules, and what any of them reads: counters are kept from
 * the first set that reads them on.
 */
typedef struct StoTokenRules
{
	uint8_t token_id[STO_UUID_LEN];
	int count;
	StoRuleVersion *versions; /* by effective time and event */
	bool totals;              /* or outflows, which are added up with them */
	bool outstanding;
	bool holders;
	bool by_country;
	bool by_class;
	bool units_by_country; /* else holders alone are counted */
	bool units_by_class;
	bool issues;
	bool look_through;   /* a rule asks how old look-through is */
	bool looked_through; /* owners of an omnibus wallet's units were stated (look_through.h) */
	int topic_count;
	const char **topics;
} StoTokenRules;

/* Has the token ever had rules? */
extern bool sto_rules_registered(const uint8_t token_id[STO_UUID_LEN]);
/*
 * The rules of a token; NULL if it never had any.  Good until the transaction ends, or
 * the caller reads facts and asks again.
 */
extern const StoTokenRules *sto_rules_of(const uint8_t token_id[STO_UUID_LEN]);
/* The set in force at that time, or NULL. */
extern const StoRuleVersion *sto_rules_in_force(const StoTokenRules *rules, int64 at);
/* Each token that counts holders by group. */
extern void sto_rules_each_grouped(void (*each)(const StoTokenRules *rules, void *arg), void *arg);
/* Does any token count holders by claims on this topic? */
extern bool sto_rules_group_topic(const char *topic);
/* Nobody evaluates any more: free what was forgotten meanwhile. */
extern void sto_rules_free_forgotten(void);

#endif
