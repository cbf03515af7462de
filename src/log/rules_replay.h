/*
 * rules_replay.h
 *		The log folded for what rules read (core/rule_fold.h), from the tables, with
 *		the caller's rights and one snapshot.
 */
#ifndef STO_LOG_RULES_REPLAY_H
#define STO_LOG_RULES_REPLAY_H

#include "postgres.h"

#include "core/rule_fold.h"

typedef struct StoRulesReplay StoRulesReplay;

/* An entry before it moves anything: false ends the replay. */
typedef bool (*StoRulesVisit)(StoRulesReplay *replay, StoRuleEntry *entry);

struct StoRulesReplay
{
	StoRuleFold *fold;
	StoRulesVisit visit;
	void *context;
	/* of the entry that is visited */
	bool has_rule_set;
	int64 rule_set;
	bool is_asked;      /* rules apply to it: no release, no lock-up, seizure or freeze */
	bool is_enforced;   /* they stop it not */
	StoRuleNeeds needs; /* what the sets that may be asked read, times and names aside */
	/* the caller's choice */
	int64 until;                /* if not 0, the only entry that matters: none after it is read */
	const StoRuleSet *proposed; /* kept for from the start, beside the sets of the log */
};

/*
 * Replay the entries of one token, or (NULL) of all that ever had rules, and events
 * that rules read; of one token no more of both than rules_scope.h says.  With SPI
 * connected.  ERROR for a body that can't be read.
 */
extern void sto_rules_replay(StoRulesReplay *replay, const uint8_t *token_id);
/* A new fold, to be freed also where an error leaves. */
extern StoRuleFold *sto_rules_fold(void);
/* rules_look.c: tell it a look_through event, of which the body fills the rest. */
extern void sto_rules_look_through(StoRuleFold *fold, StoRuleLook *look, text *body);
pg_attribute_noreturn() extern void sto_rules_no_memory(void);

#endif
