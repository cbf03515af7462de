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
#include "log/checkpoint.h"
#include "log/tree.h"
#include "utility.h"
#include "worker.h"

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
	 * The private key that signs checkpoints and promises: a path, or a URI that
	 * OpenSSL's store reads.  %d is the database's name.  The workers alone open
	 * it; superusers alone see where it is.
	 */
	DefineCustomStringVariable(
		"sto_ledger.log_key", "File or URI of the private key that signs checkpoints.", NULL,
		&sto_log_key_setting, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);

	/*
	 * Where a worker keeps the newest checkpoint that it signed.  Outside the
	 * data folder no backup takes it back to an older one.
	 */
	DefineCustomStringVariable(
		"sto_ledger.log_state", "File that keeps the newest signed checkpoint.", NULL,
		&sto_log_state_setting, "sto_ledger_%d.state", PGC_SIGHUP, 0, NULL, NULL, NULL);

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
	/* Databases whose log a worker seals.  Names that need it are quoted as in SQL. */
	DefineCustomStringVariable(
		"sto_ledger.seal_databases", "Databases whose log is sealed by a background worker.", NULL,
		&sto_seal_databases, "", PGC_SIGHUP, GUC_LIST_INPUT, NULL, NULL, NULL);

	/* From the beginning of one seal to the beginning of the next; without entries none is made. */
	DefineCustomIntVariable("sto_ledger.seal_interval", "Time between two seals.", NULL,
							&sto_seal_interval, 1000, 10, 3600000, PGC_SIGHUP, GUC_UNIT_MS, NULL,
							NULL, NULL);

	MarkGUCPrefixReserved("sto_ledger");

	sto_catalog_init();
	sto_facts_init();
	sto_gate_init();
	sto_event_init();
	sto_guard_init();
	sto_utility_init();

	if (process_shared_preload_libraries_in_progress)
		sto_launcher_init();
}
