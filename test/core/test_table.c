/*
 * test_table.c
 *		What is not a row of a pool reads as zeros, whatever a log refers to.
 */
#include "check.h"
#include "core/table.h"

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
	return check_done("table");
}
