/*
 * guard.h
 *		The log tables are append-only; a superuser's maintenance switch.
 */
#ifndef STO_LEDGER_GUARD_H
#define STO_LEDGER_GUARD_H

#include "postgres.h"
#include "compat.h"

/* Has this transaction called sto.begin_maintenance()? */
extern bool sto_maintenance_open(void);
extern void sto_guard_init(void); /* transaction callbacks; once per backend */
/* ERROR ST401: act names what was tried, on what. */
pg_attribute_noreturn() extern void sto_refuse_act(const char *act, const char *name);

#endif
