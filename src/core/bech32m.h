/*
 * bech32m.h
 *		Bech32m (BIP-350) text of a wallet address.
 */
#ifndef STO_CORE_BECH32M_H
#define STO_CORE_BECH32M_H

#include "bytes.h"

#define STO_ADDRESS_HRP "sto"
#define STO_ADDRESS_TEXT_LEN 42 /* "sto" "1", 32 data characters, 6 of checksum */

/* Lower case, terminated. */
extern void sto_address_print(const uint8_t address[STO_ADDRESS_LEN],
							  char out[STO_ADDRESS_TEXT_LEN + 1]);
/* All lower or all upper case (BIP-173); false with a reason otherwise. */
extern bool sto_address_parse(const char *text, size_t len, uint8_t out[STO_ADDRESS_LEN],
							  const char **why);

#endif
