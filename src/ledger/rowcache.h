/*
 * rowcache.h
 *		Rows of the register that this transaction has locked and changes, kept in
 *		memory while a statement runs and written back once at its end.
 *
 * Positions are one cache, each sort of counter that rules read another.  All are
 * transactional by subtransaction: the first touch in one saves the old image, a
 * rollback brings the images back and forgets the rows that were first locked
 * there, whose locks are gone.  Without that, a caught error would leave stored
 * entries beside unmoved positions.
 */
#ifndef STO_LEDGER_ROWCACHE_H
#define STO_LEDGER_ROWCACHE_H

#include "postgres.h"

#include "ledger/store.h"

#include "storage/itemptr.h"
#include "utils/hsearch.h"

/* What the cache keeps in each row, where StoRowCache.state says; else the owner's. */
typedef struct StoRowState
{
	bool dirty;                /* differs from the row at tid */
	ItemPointerData tid;       /* the row version that this transaction has locked */
	SubTransactionId saved_in; /* subtransaction that last saved its image */
} StoRowState;

/* A growing list in TopMemoryContext. */
typedef struct StoRowList
{
	void **items;
	int count;
	int size;
} StoRowList;

typedef struct StoRowCache
{
	const char *name;
	StoRel rel;
	int columns;
	Size key_size; /* a row in memory begins with its key; padding in it must be zero */
	Size row_size;
	Size state; /* offset of its StoRowState */
	void (*values)(const void *row, Datum *values, bool *nulls);
	void (*moved)(const void *row, ItemPointer tid); /* left its HOT chain; or NULL */

	/* rowcache.c's own */
	HTAB *rows;
	StoRowList locked; /* by this transaction, in that order */
	StoRowList dirty;
	char *saved; /* images, each behind its SavedImage */
	int saved_count;
	int saved_size;
} StoRowCache;

/* Every cache there is; rowcache.c's list. */
extern StoRowCache sto_position_cache; /* position.c */
extern StoRowCache sto_approval_cache; /* approval.c */
extern StoRowCache sto_holding_cache;  /* holding.c */
extern StoRowCache sto_group_cache;    /* holder_group.c */
extern StoRowCache sto_issued_cache;   /* issued.c */

/* NULL if this transaction hasn't locked it. */
extern void *sto_rowcache_find(StoRowCache *cache, const void *key);
/*
 * Take in a row that was locked just now.  image->state is filled but for tid.  The
 * pointer is good until the transaction ends or a savepoint is rolled back.
 */
extern void *sto_rowcache_add(StoRowCache *cache, const void *image);
/* Announce a change: saves its image for a rollback, marks it dirty. */
extern void sto_rowcache_touch(StoRowCache *cache, void *row);
/* Write every dirty row back. */
extern void sto_rowcache_flush(StoRowCache *cache);

/* Of all caches. */
extern void sto_rows_flush(void);
extern bool sto_rows_dirty(void);
extern void sto_rows_xact_end(void);
extern void sto_rows_subxact_commit(SubTransactionId subid, SubTransactionId parent);
extern void sto_rows_subxact_abort(SubTransactionId subid);

/*
 * Find and lock a row by its index, made if there is none: two sessions that both
 * miss it make one.  make() inserts it.  Without make(): false, and nobody makes the
 * row before this transaction ends.
 */
extern bool sto_row_lock_or_make(StoRel rel, StoIndex index, int nkeys, const Datum *keys,
								 uint64 hash, void (*make)(const void *key), const void *key,
								 StoRow *row);

#endif
