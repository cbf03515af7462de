/*
 * gate.h
 *		What both gates share: mode, locks, ids and the clock.
 */
#ifndef STO_LEDGER_GATE_H
#define STO_LEDGER_GATE_H

#include "postgres.h"
#include "compat.h"

#include "core/bytes.h"
#include "ledger/catalog.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "storage/lockdefs.h"

/* How a row of the log arrives. */
typedef enum StoMode
{
	STO_MODE_POST,    /* a client's order or act: authorise, check, fill the gate's columns */
	STO_MODE_VERIFY,  /* logical apply, or sto.rebuild(): a complete row: check everything, fold it
					   */
	STO_MODE_RESTORE, /* a dump being loaded: check the row's own hash, build nothing */
	/*
	 * sto.check_transfer(): the checks of comply alone.  Whoever checks reads as of
	 * now and changes nothing: locks no row, draws no id, writes nothing, uses up
	 * nothing, and leaves no trace in the caches of positions and counters.
	 */
	STO_MODE_DRY
} StoMode;

extern bool sto_restore;     /* setting sto_ledger.restore */
extern int sto_max_post_age; /* setting sto_ledger.max_post_age, seconds */

extern bool sto_rebuilding; /* sto.rebuild() is folding the log; ends with the transaction */
extern bool sto_rule_asked; /* a rule's function is running (custom_rule.c) */

/* Guard and gate triggers on each log table, all named sto_...: sql/install/40 and 50. */
#define STO_LOG_TRIGGERS 6

extern void sto_gate_init(void); /* transaction callbacks; once per backend, from _PG_init */

/* The mode of the running statement; ERROR ST406 in a table-sync worker. */
extern StoMode sto_gate_mode(void);
/* Once per backend: the guards of the log tables are as installed (ST405 if not). */
extern void sto_gate_check_guards(void);
/*
 * Lock sto.writer: RowExclusiveLock to post, ShareRowExclusiveLock for a restrictive event.
 * Whoever writes begins here; ERROR 2F003 if it is a rule's function.
 */
extern void sto_gate_lock_writer(LOCKMODE mode);
/* Draw the next id of the log; call after every lock that the row needs. */
extern int64 sto_gate_next_id(void);
/* Is this one of our own refusals (SQLSTATE class ST)? */
extern bool sto_gate_is_refusal(int sqlstate);
/* Wall clock, microseconds since 1970; never below floor. */
extern int64 sto_gate_clock(int64 floor);

/* Between PostgreSQL's times and those of our formats. */
#define StoTimeFromTimestamp(ts) ((int64) (ts) + STO_EPOCH_SHIFT)
#define StoTimeToTimestamp(us) ((TimestampTz) ((us) -STO_EPOCH_SHIFT))

/*
 * Fold one stored row of the log (for sto.rebuild()): the same checks as on
 * logical apply.  tuple is a row of sto.event or sto.transfer.
 */
extern void sto_event_replay(HeapTuple tuple, TupleDesc desc, bool check_signatures);
extern void sto_entry_replay(HeapTuple tuple, TupleDesc desc, bool check_signatures);
/* Write cached positions back, before anything that reads them from the table. */
extern void sto_gate_flush(void);

/* For the gate on sto.transfer: statements, and rows posted against rows stored. */
extern void sto_gate_begin_statement(void);
/* No other statement on the log tables is running around this one. */
extern bool sto_gate_outermost(void);
extern void sto_gate_end_statement(void);
extern void sto_gate_posted(StoRel rel, int64 entry_id, int64 posted_at);
extern void sto_gate_end_rebuild(void);

#endif
