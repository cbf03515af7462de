/*
 * look_through.h
 *		Look-through: whose the units of omnibus wallets are, as their custodians state it.
 *
 * docs/format.md, "Look-through".  What was stated counts for the owners and not for the
 * wallet's party, until it is stated anew: so the difference that it makes to a party's
 * total changes by these events alone, which keep all writers out, and is cached as long as
 * the register's facts (facts.h).  Positions and holdings know nothing of it.
 */
#ifndef STO_LEDGER_LOOK_THROUGH_H
#define STO_LEDGER_LOOK_THROUGH_H

#include "ledger/ruleset.h"

/* What look-through adds to a party's total, below zero: takes from it. */
extern StoAmount sto_looked_through(const StoTokenRules *rules, const uint8_t *party_id);
/* A party's total as rules count it, without a lock. */
extern StoAmount sto_counted_total(const StoTokenRules *rules, const uint8_t *party_id);
/*
 * When the wallet's owners were stated; STO_NEVER_STATED if they never were, or if more was
 * stated than that balance.
 */
extern int64 sto_look_through_time(const uint8_t *token_id, const uint8_t *wallet,
								   StoAmount balance);
/* Every part of what is stated of the token: units of an owner, and those of the wallet's
 * party that they take, negated. */
extern void sto_look_through_each(const uint8_t *token_id,
								  void (*each)(const uint8_t *party_id, StoAmount units, void *arg),
								  void *arg);

#endif
