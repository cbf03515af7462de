/*
 * worker.h
 *		The background workers: a launcher, and one worker for each database
 *		whose log is sealed.
 */
#ifndef STO_WORKER_H
#define STO_WORKER_H

/* Settings: sto_ledger.seal_databases and sto_ledger.seal_interval (ms). */
extern char *sto_seal_databases;
extern int sto_seal_interval;

/* Shared memory, the launcher and its hook; from _PG_init while libraries are preloaded. */
extern void sto_launcher_init(void);
/* Name of the C function that a worker runs; its argument is the slot's number, its extra the term.
 */
#define STO_WORKER_FUNCTION "sto_worker_main"

#endif
