/*
 * test_table.c
 *		What is not a row of a pool reads as zeros, whatever a log refers to; and an
 *		array is no longer than what there is to fill it.
 */
#include "check.h"
#include "core/table.h"

#include <stdlib.h>

typedef struct Row
{
	uint32_t next;
	uint8_t name[16];
} Row;

static bool
is_nothing(const StoPool *pool, uint32_t number)
{
	static const Row nothing;

	return memcmp(sto_pool_at(pool, number), &nothing, sizeof(Row)) == 0;
}

/* Octets are counted up, until *context of them were had. */
static bool
give(void *context, void *data, size_t len)
{
	size_t *left = context;

	if (len > *left)
		return false;
	for (size_t i = 0; i < len; i++)
		((uint8_t *) data)[i] = (uint8_t) (*left - i);
	*left -= len;
	return true;
}

static void
test_array(void)
{
	const size_t len = 5000000;
	size_t left = len;
	void *items = NULL;
	bool same = true;

	CHECK(sto_array_load(&items, len, give, &left) && left == 0);
	for (size_t i = 0; i < len && items != NULL; i++)
		same = same && ((uint8_t *) items)[i] == (uint8_t) (len - i);
	CHECK_AS(same, "an array comes back, octet for octet");
	free(items);

	items = NULL;
	left = 3000000;
	CHECK_AS(!sto_array_load(&items, SIZE_MAX / 2, give, &left),
			 "one that claims to be longer than all memory ends where nothing comes any more");
	free(items);
	items = NULL;
	CHECK(sto_array_load(&items, 0, give, &left) && items == NULL);
}

int
main(void)
{
	StoPool pool;
	uint32_t number = 0;
	Row *row;

	sto_pool_init(&pool, sizeof(Row));
	CHECK_AS(is_nothing(&pool, 0) && is_nothing(&pool, 1), "an empty pool has no row");
	row = sto_pool_add(&pool, &number);
	CHECK(row != NULL && number == 1 && sto_pool_at(&pool, 1) == row);
	memset(row, 0xff, sizeof(Row));
	CHECK_AS(is_nothing(&pool, 0), "0 refers to nothing");
	CHECK_AS(is_nothing(&pool, 2) && is_nothing(&pool, UINT32_MAX), "nor is there a row to come");
	memset(sto_pool_at(&pool, 0), 0xff, sizeof(Row));
	CHECK_AS(is_nothing(&pool, 0), "what is written there is not read again");
	CHECK(row->next == UINT32_MAX);
	sto_pool_free(&pool);
	test_array();
	return check_done("table");
}
