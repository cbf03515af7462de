/*
 * identifiers.h
 *		Check digits and code lists of the identifiers that instruments and
 *		persons carry.
 *
 * Each function returns NULL if the text is a valid identifier in its
 * canonical (upper-case) form, else a static, lower-case reason.
 */
#ifndef STO_CORE_IDENTIFIERS_H
#define STO_CORE_IDENTIFIERS_H

#include <stddef.h>

extern const char *sto_isin_check(const char *text, size_t len); /* ISO 6166:2021 */
extern const char *sto_lei_check(const char *text,
								 size_t len); /* ISO 17442-1, ISO 7064 mod 97-10 */
extern const char *sto_cfi_check(const char *text,
								 size_t len); /* ISO 10962:2021 shape and category */
extern const char *sto_dti_check(const char *text, size_t len);      /* ISO 24165-1 */
extern const char *sto_country_check(const char *text, size_t len);  /* ISO 3166-1 alpha-2 */
extern const char *sto_currency_check(const char *text, size_t len); /* ISO 4217 */

#endif
