/*
 * sto_verify_tables.c
 *		A database's register, positions and holds beside those that the fold of its
 *		log gives.
 *
 * They are derived: nothing that is proven leans on them, but everyone reads
 * them.  So each row must be the fold's, and none may be missing.
 */
#include "bin/sto_verify_tables.h"

#include "core/table.h"

#include <openssl/rand.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool
same(const Cursor *row, int column, const Value *value)
{
	size_t len;
	const uint8_t *octets;
	uint8_t digest[STO_DIGEST_LEN];

	if (cursor_null(row, column) || !value->present)
		return cursor_null(row, column) && !value->present;
	if (value->is_time)
		return cursor_time(row, column) == value->number;
	if (value->is_number)
	{
		cursor_view(row, column, &len);
		return len == sizeof(int64_t) && cursor_number(row, column) == value->number;
	}
	octets = cursor_view(row, column, &len);
	if (value->is_digest)
		return sto_sha256(octets, len, digest) &&
			   memcmp(digest, value->octets, STO_DIGEST_LEN) == 0;
	return len == value->len && memcmp(octets, value->octets, len) == 0;
}

/* The name of a column of the SELECT, for a message. */
static void
column_name(const Table *table, int column, char *out, size_t size)
{
	const char *at = table->columns;

	for (; column > 0; column--)
		at = strchr(at, ',') + 1;
	at += strspn(at, " ");
	snprintf(out, size, "%.*s", (int) strcspn(at, ",:"), at);
}

static void
compare_row(Report *report, const Table *table, const Cursor *row, const Values *values)
{
	char column[32];

	for (int i = 0; i < values->count; i++)
	{
		if (same(row, i, &values->values[i]))
			continue;
		column_name(table, i, column, sizeof(column));
		report_problemf(report, 0, table->name, "%s: %s is not what the log gives", values->key,
						column);
		return;
	}
}

/*
 * Rows, whatever their order: how many, and the sum of their hashes, so that one
 * that stands twice makes up for none that is missing.  Who wrote the table did
 * not know the seed.
 */
typedef struct Tally
{
	uint64_t seed;
	int64_t count;
	uint64_t sum;
} Tally;

static void
add_row(Tally *tally, const Values *values)
{
	uint64_t hash = tally->seed;

	if (values->optional)
		return;
	for (int i = 0; i < values->count; i++)
	{
		const Value *value = &values->values[i];
		uint8_t few[8] = {0};
		bool is_short = value->len < sizeof(few);

		if (!value->present)
			hash = sto_seeded_number(hash, (uint64_t) i);
		else if (value->is_number)
			hash = sto_seeded_number(hash, (uint64_t) value->number);
		else
		{
			if (is_short && value->len > 0)
				memcpy(few, value->octets, value->len);
			hash = sto_seeded_hash(hash, is_short ? few : value->octets,
								   is_short ? sizeof(few) : value->len);
		}
	}
	tally->count++;
	tally->sum += hash;
}

/* The rows that the table must have. */
static void
add_all(Tally *tally, const Table *table, const StoReplay *replay)
{
	Values values;
	size_t at = 0;

	while (table->next(replay, &at, &values))
		add_row(tally, &values);
}

/* The fold's next row of a table that comes in the same order. */
static void
compare_next(Report *report, const Table *table, const StoReplay *replay, size_t *at,
			 const Cursor *row)
{
	Values values;

	if (table->next(replay, at, &values))
		compare_row(report, table, row, &values);
	else
		report_problem(report, 0, table->name, "it has a row that the log does not give");
}

static void
compare_found(Report *report, const Table *table, const StoReplay *replay, const Cursor *row,
			  Tally *found)
{
	Values values;

	if (table->find(replay, row, &values))
	{
		compare_row(report, table, row, &values);
		add_row(found, &values);
	}
	else
	{
		report_problem(report, 0, table->name, "it has a row that the log does not give");
		found->count++;
	}
}

/* After all its rows: is none missing that it must have? */
static void
compare_tally(Report *report, const Table *table, const StoReplay *replay, const Tally *found)
{
	Tally expected = {.seed = found->seed};

	add_all(&expected, table, replay);
	if (found->count != expected.count)
		report_problemf(report, 0, table->name, "it has %" PRId64 " rows, the log gives %" PRId64,
						found->count, expected.count);
	else if (found->sum != expected.sum)
		report_problem(report, 0, table->name, "a row is missing, and another stands twice");
}

static bool
compare_table(Database *db, Report *report, const Table *table, const StoReplay *replay,
			  uint64_t seed)
{
	char query[500];
	int64_t examined = 0;
	Tally found = {.seed = seed};
	size_t at = 0;
	Values values;
	Cursor c;
	int columns = 1;

	for (const char *p = table->columns; (p = strchr(p, ',')) != NULL; p++)
		columns++;
	snprintf(query, sizeof(query), "SELECT %s FROM ONLY %s%s%s", table->columns, table->name,
			 table->order != NULL ? " ORDER BY " : "", table->order != NULL ? table->order : "");
	if (!cursor_open(&c, db, "rows", columns, 1000, query))
		return false;
	for (;;)
	{
		Fetch fetch = cursor_next(&c);

		if (fetch == FETCH_FAILED)
			return false;
		if (fetch == FETCH_END)
			break;
		examined++;
		if (table->find != NULL)
			compare_found(report, table, replay, &c, &found);
		else
			compare_next(report, table, replay, &at, &c);
	}
	cursor_close(&c);
	if (table->find == NULL && table->next(replay, &at, &values))
		report_problemf(report, 0, table->name, "%s is missing", values.key);
	else if (table->find != NULL && table->next != NULL)
		compare_tally(report, table, replay, &found);
	report_examined(report, table->name, examined, "rows");
	return true;
}

static bool
compare_tables(Database *db, Report *report, const Table *tables, const StoReplay *replay,
			   uint64_t seed)
{
	for (const Table *table = tables; table->name != NULL; table++)
	{
		if (compare_table(db, report, table, replay, seed))
			continue;
		if (database_is_damaged(db))
			report_problemf(report, 0, table->name, "the server cannot read it: %s", db->why);
		else
			report_unsure(report, "%s can't be read: %s", table->name, db->why);
		return false;
	}
	return true;
}

void
tables_compare(Database *db, Report *report, const StoReplay *replay)
{
	uint64_t seed;

	if (RAND_bytes((unsigned char *) &seed, sizeof(seed)) != 1)
	{
		report_unsure(report, "OpenSSL failed to draw a random number");
		return;
	}
	(void) (compare_tables(db, report, derived_tables, replay, seed) &&
			compare_tables(db, report, identity_tables, replay, seed) &&
			compare_tables(db, report, rule_tables, replay, seed) &&
			compare_tables(db, report, case_tables, replay, seed) &&
			compare_tables(db, report, subject_tables, replay, seed));
}
