/*
 * reader.h
 *		Who reads the whole register.
 */
#ifndef STO_LEDGER_READER_H
#define STO_LEDGER_READER_H

#include "postgres.h"

#include "core/bytes.h"

/*
 * The rule of sto.me: the acting role is a member of pg_read_all_data, or its party
 * (NULL: it has none) is a registrar, an auditor or an enforcer.
 */
extern bool sto_reads_register(const uint8_t *party);

#endif
