/*
 * ruling.h
 *		One order before the rules of its token.
 *
 * Whatever an answer depends on and another session could change is locked before
 * the entry's id is drawn, so a fold of the log in the order of its ids comes to the same
 * answer: parties' totals and outflows by their position or holding, groups of holders by
 * their rows, units outstanding and issues by a lock of the token that issues and
 * redemptions take for themselves, approvals by their rows.
 */
#ifndef STO_LEDGER_RULING_H
#define STO_LEDGER_RULING_H

#include "ledger/finding.h"
#include "ledger/holder_group.h"
#include "ledger/holding.h"
#include "ledger/posting.h"

/* A party of the order: what it has before the entry. */
typedef struct StoRulingSide
{
	bool present; /* has a party that rules ask about */
	bool several; /* its units are in a holding */
	const uint8_t *party;
	StoHolding *holding; /* if several, and locked */
	StoAmount total;
	StoAmount outflow;
} StoRulingSide;

/* A rule that an enforced entry did not pass. */
typedef struct StoOverride
{
	int number;
	StoRuleCode code;
	char *label;
	char *detail;
	struct StoOverride *next;
} StoOverride;

struct StoRuling
{
	const StoPosting *p;
	const StoTokenRules *token;
	const StoRuleVersion *version; /* in force; NULL: none */
	bool dry;                      /* nothing is locked */
	bool guess;                    /* outflow() may answer with more than there is */
	bool within_party;
	StoRuleMove move;
	StoRulingSide sender;
	StoRulingSide receiver;
	StoGroupChanges groups;
	StoRuleOutcome outcome;
	StoOverride *overrides; /* by number */
	StoHeard *heard;        /* of custom rules, by number */
	int heard_count;
};

/* force, recover and reverse pass whatever the rules say, and what they say is recorded. */
extern bool sto_is_enforced_act(StoKind kind);
/* Callbacks of core/rule.h about a ruling, as context. */
extern const StoRuleFacts *sto_ruling_facts(StoRuling *ruling, StoRuleFacts *facts);
/* custom_rule.c */
/* What is wrong with a custom rule's function, as a sentence; NULL, and its oid, if it may be
 * asked. */
extern const char *sto_custom_rule_fault(const StoRule *rule, Oid *function);
extern bool sto_custom_rule(void *context, const StoRule *rule, const StoRuleMove *move,
							bool *refused, char reason[STO_RULE_DETAIL_MAX]);
/* The same of an act that it can't stop, nor change anything; false: it says nothing against it. */
extern bool sto_custom_rule_hear(const StoRule *rule, const StoRuleMove *move, StoHeard *heard);

#endif
