/*
 * hint.h
 *		Where the rows of positions were, as this session last saw.
 *
 * A hint saves the descent of an index.  It may be wrong at any time: VACUUM,
 * an update outside a HOT chain, or another key with the same hash.  Whoever
 * follows one compares the key of the row that it leads to.
 */
#ifndef STO_LEDGER_HINT_H
#define STO_LEDGER_HINT_H

#include "ledger/position.h"

/* Copies the place and returns true if there is a hint for the key. */
extern bool sto_hint_get(const StoPositionKey *key, ItemPointer root);
extern void sto_hint_put(const StoPositionKey *key, const ItemPointerData *root);

#endif
