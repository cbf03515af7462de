/*
 * promise.h
 *		Promises: the worker's signature that an entry is durable and will be
 *		sealed under its id.
 */
#ifndef STO_LOG_PROMISE_H
#define STO_LOG_PROMISE_H

#include "postgres.h"

/*
 * For the worker: answer every session that waits, together, in transactions
 * of its own.  After an error they are told that there is no answer.
 */
extern void sto_promise_serve(void);
/* Is somebody waiting? */
extern bool sto_promise_wanted(void);

#endif
