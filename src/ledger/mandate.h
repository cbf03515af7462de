/*
 * mandate.h
 *		Who acts for a party in its orders, and in what only the party itself may say.
 */
#ifndef STO_LEDGER_MANDATE_H
#define STO_LEDGER_MANDATE_H

#include "postgres.h"

#include "core/bytes.h"

/*
 * Does the representative have a mandate of scope orders or all in force at that
 * time (microseconds since 1970)?  Then it holds in [from, to).  Never cached:
 * asked only where neither the party nor a custodian acts.
 */
extern bool sto_mandate_in_force(const uint8_t principal[STO_UUID_LEN],
								 const uint8_t representative[STO_UUID_LEN], int64 at, int64 *from,
								 int64 *to);

#endif
