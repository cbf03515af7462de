/*
 * rules_scope.h
 *		Which events and entries a replay of one token's rules has to read.
 *
 * All of the token's, in general, and what was stated of the parties among them.
 * An entry that rules without counters were asked about needs less: the entries of
 * its own two parties.  Nothing else of a ledger is read, however much there is.
 */
#ifndef STO_LOG_RULES_SCOPE_H
#define STO_LOG_RULES_SCOPE_H

#include "postgres.h"

#include "log/rules_replay.h"

/* A parameter of a query. */
typedef struct StoRulesParameter
{
	Oid type;
	Datum value;
	bool isnull;
} StoRulesParameter;

#define STO_RULES_PARAMETERS 6

typedef struct StoRulesScope
{
	const char *events;  /* query */
	const char *entries; /* query */
	int count;           /* of parameters, the same for both */
	StoRulesParameter parameters[STO_RULES_PARAMETERS];
} StoRulesScope;

/* Which sorts of facts are read by either, not how far back they go nor the topics' names. */
extern void sto_rules_add_needs(StoRuleNeeds *all, const StoRuleNeeds *needs);
/*
 * What to read of that token, or (NULL) of all; needs: what the sets that will be
 * asked read.  With SPI connected.
 */
extern void sto_rules_scope(const StoRulesReplay *replay, const uint8_t *token_id,
							const StoRuleNeeds *needs, StoRulesScope *scope);

#endif
