/*
 * amount.h
 *		128-bit whole amounts: text form and arithmetic that never wraps.
 */
#ifndef STO_CORE_AMOUNT_H
#define STO_CORE_AMOUNT_H

#include "bytes.h"

#define STO_AMOUNT_MAX ((StoAmount) (((unsigned __int128) 1 << 127) - 1))
#define STO_AMOUNT_MIN (-STO_AMOUNT_MAX - 1)
#define STO_AMOUNT_TEXT_MAX 41 /* sign, 39 digits, NUL */

/* The reason that sto_amount_parse gives for a well-formed number that doesn't fit. */
extern const char sto_amount_out_of_range[];

/* Decimal text, optional sign, no spaces; false with a reason if not, or out of range. */
extern bool sto_amount_parse(const char *text, size_t len, StoAmount *out, const char **why);
extern size_t sto_amount_print(StoAmount v, char out[STO_AMOUNT_TEXT_MAX]);

/* false on overflow, *out untouched */
extern bool sto_amount_add(StoAmount a, StoAmount b, StoAmount *out);
extern bool sto_amount_sub(StoAmount a, StoAmount b, StoAmount *out);
extern bool sto_amount_mul(StoAmount a, StoAmount b, StoAmount *out);
/*
 * v * times / per, rounded up or down, where none is negative, per is above zero
 * and times * per is in range: exact, whatever v * times would be.
 */
extern bool sto_amount_scale(StoAmount v, StoAmount times, StoAmount per, bool up, StoAmount *out);

#endif
