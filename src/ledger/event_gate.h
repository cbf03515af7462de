/*
 * event_gate.h
 *		The gate on sto.event, for what else reads or restores the log.
 */
#ifndef STO_LEDGER_EVENT_GATE_H
#define STO_LEDGER_EVENT_GATE_H

#include "postgres.h"

#include "core/bytes.h"

extern void sto_event_init(void); /* transaction callback; once per backend, from _PG_init */

/*
 * The ledger's id by the genesis event in the log, for restore mode, where no
 * projection is built; false if that row has not come yet.
 */
extern bool sto_event_ledger_id(uint8_t ledger_id[STO_UUID_LEN]);

#endif
