/*
 * memory.c
 *		A bound on what a program takes, whatever a server sends.
 *
 * What a server sends is held by libpq before anybody can look at it: a row may
 * be announced as a gigabyte, an answer have any number of rows, parameters and
 * notifications.  So the bound is the kernel's.
 *
 * libpq says what it had no memory for, and that is an answer that didn't come.
 * But OpenSSL may say that a good signature is none, and jansson that a good text is
 * no JSON, or it stops at an assertion.  So with any other allocation that fails,
 * the program ends.
 */
#include "bin/memory.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/note.h"

#define STATUS_UNSURE 2 /* of both programs */

static int last_to = STDERR_FILENO;
static const char *last_words = "there is no memory left\n";

/*
 * The programs are linked with --wrap: what they and the library of core call
 * malloc, calloc, realloc and mmap is this.
 */
extern void *__real_malloc(size_t size);
extern void *__real_calloc(size_t count, size_t size);
extern void *__real_realloc(void *memory, size_t size);
extern void *__real_mmap(void *at, size_t size, int protection, int flags, int file, off_t from);
extern void *__wrap_malloc(size_t size);
extern void *__wrap_calloc(size_t count, size_t size);
extern void *__wrap_realloc(void *memory, size_t size);
extern void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t from);

static void *
watched(void *memory, size_t size)
{
	if (memory == NULL && size > 0)
	{
		/* whoever doesn't hear it still gets the status */
		if (write(last_to, last_words, strlen(last_words)) < 0)
			_exit(STATUS_UNSURE);
		_exit(STATUS_UNSURE);
	}
	return memory;
}

void *
__wrap_malloc(size_t size)
{
	return watched(__real_malloc(size), size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return watched(__real_calloc(count, size), count > 0 ? size : 0);
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return watched(__real_realloc(memory, size), size);
}

void *
__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t from)
{
	void *memory = __real_mmap(at, size, protection, flags, file, from);

	return watched(memory == MAP_FAILED ? NULL : memory, size);
}

/* OpenSSL's three, which get a place in its source, too. */

static void *
take(size_t size, const char *file, int line)
{
	(void) file;
	(void) line;
	return size > 0 ? malloc(size) : NULL;
}

static void
give(void *memory, const char *file, int line)
{
	(void) file;
	(void) line;
	free(memory);
}

static void *
retake(void *memory, size_t size, const char *file, int line)
{
	if (size > 0)
		return realloc(memory, size);
	give(memory, file, line);
	return NULL;
}

bool
memory_watch(void)
{
	json_set_alloc_funcs(malloc, free);
	return CRYPTO_set_mem_functions(take, retake, give) == 1;
}

void
memory_last_words(int to, const char *words)
{
	last_to = to;
	last_words = words;
}

bool
memory_bound(uint64_t octets)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_DATA, &limit) != 0)
		return false;
	/* whoever started the program may have bound it further */
	if (octets > limit.rlim_cur)
		return true;
	limit.rlim_cur = octets;
	return setrlimit(RLIMIT_DATA, &limit) == 0;
}

uint64_t
memory_of_machine(void)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	long size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? (uint64_t) pages * (uint64_t) size : 0;
}

bool
memory_size_parse(const char *text, uint64_t *octets)
{
	static const char units[] = "KMGT";
	size_t len = strlen(text);
	const char *unit = len > 0 ? strchr(units, text[len - 1]) : NULL;
	int shift = unit != NULL && *unit != '\0' ? 10 * (int) (unit - units + 1) : 0;
	int64_t number;

	if (!sto_decimal_parse(text, len - (shift > 0), &number) || number > INT64_MAX >> shift)
		return false;
	*octets = (uint64_t) number << shift;
	return true;
}
