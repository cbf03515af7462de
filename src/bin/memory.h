/*
 * memory.h
 *		A bound on what a program takes, whatever a server sends.
 */
#ifndef STO_BIN_MEMORY_H
#define STO_BIN_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Before anything else is done with OpenSSL and jansson: an allocation of theirs
 * that fails ends the program, as one of its own does, with status 2.
 */
extern bool memory_watch(void);
/* What is said then, and to which file descriptor; words are static. */
extern void memory_last_words(int to, const char *words);

/* All that the program writes to, stacks of threads too; more is refused.  False: errno says why.
 */
extern bool memory_bound(uint64_t octets);
/* Octets that the machine has; 0: it doesn't say. */
extern uint64_t memory_of_machine(void);
/* "2G": octets, or with K, M, G or T so many times 1024, 1024^2 ... */
extern bool memory_size_parse(const char *text, uint64_t *octets);

#endif
