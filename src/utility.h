/*
 * utility.h
 *		Hooks that refuse DDL on the log.
 */
#ifndef STO_UTILITY_H
#define STO_UTILITY_H

extern void sto_utility_init(void); /* once per backend, from _PG_init */

#endif
