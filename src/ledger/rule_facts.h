/*
 * rule_facts.h
 *		What rules read of parties: classes, lists, claims, opt-ins, travel data.
 *
 * Answers are cached with the time for which they hold, and forgotten with the
 * register's facts (facts.h).  A "no" is cached only where the event that would make it a
 * "yes" announces itself.
 */
#ifndef STO_LEDGER_RULE_FACTS_H
#define STO_LEDGER_RULE_FACTS_H

#include "core/rule.h"

/*
 * As StoRuleFacts of core/rule.h asks for them: classified, has_topic, on_list, opted_in,
 * travel_field.  Errors are the server's own; a party of which nothing is known has nothing.
 */
extern void sto_rule_classified(const uint8_t *token_id, const uint8_t *party,
								StoRuleClassified *classified);
extern bool sto_rule_has_topic(const uint8_t *party, const char *topic);
extern bool sto_rule_on_list(const uint8_t *token_id, const uint8_t *party, const char *list);
extern bool sto_rule_opted_in(const uint8_t *token_id, const uint8_t *party);
extern bool sto_rule_travel_field(const uint8_t *party, const char *field, int64 at);

#endif
