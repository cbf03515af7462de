/*
 * order_row.h
 *		Values of type sto.order: an order as SQL hands it over.
 */
#ifndef STO_LEDGER_ORDER_ROW_H
#define STO_LEDGER_ORDER_ROW_H

#include "postgres.h"

/* Its attributes as columns of sto.transfer (TRANSFER_COLUMNS of each array); others are null. */
extern void sto_order_row_read(Datum order, Datum *values, bool *nulls);

#endif
