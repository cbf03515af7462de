/*
 * sto_ledger.c
 *		Loading the library: settings, callbacks, hooks.
 *
 * The library works when it is first used (a trigger loads it) and when it is
 * in shared_preload_libraries.  Only preloading makes sure that DDL on the log
 * is refused in every session from its start; sto.verify() says which it is.
 */
#include "postgres.h"

#include "ledger/catalog.h"
#include "ledger/event_gate.h"
#include "ledger/facts.h"
#include "ledger/gate.h"
#include "ledger/guard.h"
#include "log/tree.h"
#include "utility.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"

#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "sto_ledger", .version = STO_VERSION);
#else
PG_MODULE_MAGIC;
#endif

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	/*
	 * How long, in seconds, a transaction may stay open after it has posted
	 * its first entry.  An entry's posted_at would else tell little of when it
	 * became final, and a seal would wait as long.
	 */
	DefineCustomIntVariable(
		"sto_ledger.max_post_age", "Longest time between posting an entry and its commit.", NULL,
		&sto_max_post_age, 60, 1, 3600, PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);

	/*
	 * Load complete rows of a dump into the log tables.  Nothing is authorised
	 * or folded: sto.rebuild() does that afterwards, and until then the ledger
	 * is not open.
	 */
	DefineCustomBoolVariable("sto_ledger.restore", "Take complete rows of a dump into the log.",
							 NULL, &sto_restore, false, PGC_SUSET, GUC_NO_RESET_ALL, NULL, NULL,
							 NULL);

	sto_seal_init();
	MarkGUCPrefixReserved("sto_ledger");

	sto_catalog_init();
	sto_facts_init();
	sto_gate_init();
	sto_event_init();
	sto_guard_init();
	sto_utility_init();
}
