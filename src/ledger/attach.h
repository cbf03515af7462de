/*
 * attach.h
 *		Attachments: units that a holder may not use, whether he has them already
 *		or not.
 *
 * An attachment is a fact of the register, not an entry: what is available is
 * what is neither held nor attached, so what arrives is kept at once.
 */
#ifndef STO_LEDGER_ATTACH_H
#define STO_LEDGER_ATTACH_H

#include "ledger/posting.h"

/* Had any wallet ever units of the token attached?  Read once for the cache of facts (facts.h). */
extern bool sto_token_attached(const uint8_t token_id[STO_UUID_LEN]);
/* What attachments of the debit position keep: the sum of their remaining units. */
extern StoAmount sto_attached(const StoPosting *p);
/* Units of the debit position that are neither held nor attached; not below zero. */
extern StoAmount sto_available(const StoPosting *p);

#endif
