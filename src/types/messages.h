/*
 * messages.h
 *		Arguments that the functions on orders and on leaves share.
 */
#ifndef STO_TYPES_MESSAGES_H
#define STO_TYPES_MESSAGES_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "fmgr.h"

#include "core/message.h"

/* Arguments of sto.order_message, in order. */
enum
{
	ORDER_LEDGER,
	ORDER_KIND,
	ORDER_ID,
	ORDER_PARTY,
	ORDER_TOKEN,
	ORDER_AMOUNT,
	ORDER_DEBIT,
	ORDER_CREDIT,
	ORDER_VALID_UNTIL,
	ORDER_REFERENCE,
	ORDER_HOLD,
	ORDER_PURPOSE,
	ORDER_NOTARY,
	ORDER_RELEASE_AFTER,
	ORDER_CONDITION,
	ORDER_INSTRUCTION,
	ORDER_PREIMAGE,
	ORDER_KEEP_REST,
	ORDER_ATTACHMENT,
	ORDER_GROUP,
	ORDER_UNDOES,
	ORDER_CHECKED_ONCE,
	ORDER_ARGS
};

/* 22004 if argument n is null */
extern void sto_require(FunctionCallInfo fcinfo, int n, const char *name);
/* Microseconds since 1970 of a timestamptz argument; 22008 if it is infinite. */
extern int64_t sto_arg_time(FunctionCallInfo fcinfo, int n, const char *name);
extern void sto_arg_octets(FunctionCallInfo fcinfo, int n, size_t len, uint8_t *out);
/* false, out untouched, if the argument is null */
extern bool sto_opt_octets(FunctionCallInfo fcinfo, int n, size_t len, uint8_t *out);
/* An order from the first ORDER_ARGS arguments; the reference stays a view into its argument. */
extern void sto_order_from_args(FunctionCallInfo fcinfo, uint8_t ledger_id[STO_UUID_LEN],
								StoOrder *order);

#endif
