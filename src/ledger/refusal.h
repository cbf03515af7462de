/*
 * refusal.h
 *		Refused orders on record (docs/format.md, "Refusals").
 */
#ifndef STO_LEDGER_REFUSAL_H
#define STO_LEDGER_REFUSAL_H

#include "postgres.h"

#include "ledger/reason.h"

/*
 * Put an order (columns of sto.transfer) on record that the gate has just refused, if
 * whoever may order it has signed it, or its token's rule set asks for all: the
 * event's id, or 0, with a warning if something else has its uuid.  The same refusal is
 * recorded once.  Wants SPI.
 */
extern int64 sto_refusal_record(const Datum *values, const bool *nulls,
								const uint8_t party[STO_UUID_LEN], const char *state,
								const StoReasons *reasons);

/* Is sto_refusal_record() inserting?  Nobody else may. */
extern bool sto_refusal_recording;

#endif
