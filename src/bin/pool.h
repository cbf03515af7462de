/*
 * pool.h
 *		Threads that run tasks.
 */
#ifndef STO_BIN_POOL_H
#define STO_BIN_POOL_H

#include <stdbool.h>

typedef struct Pool Pool;

/* Something to run, inside a struct of the caller's that outlives it. */
typedef struct Task
{
	struct Task *next;
	void (*run)(struct Task *task);
	bool done;  /* read it through pool_wait */
	bool owned; /* no one waits for it: freed, with free(), once it ran */
} Task;

/* jobs: threads that run tasks, the caller among them.  NULL: no memory. */
extern Pool *pool_new(int jobs);
/* Runs what is left, then ends the threads. */
extern void pool_free(Pool *pool);

/* Queue it; urgent: before what is not. */
extern void pool_submit(Pool *pool, Task *task, bool urgent);
/* As pool_submit for a task from malloc() that nobody waits for; works itself while many wait. */
extern void pool_submit_owned(Pool *pool, Task *task);
/* Until this task has run; others run meanwhile. */
extern void pool_wait(Pool *pool, Task *task);
/* Until every task has run. */
extern void pool_drain(Pool *pool);

#endif
