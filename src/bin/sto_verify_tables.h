/*
 * sto_verify_tables.h
 *		What the rows of a database's derived tables should be.
 */
#ifndef STO_VERIFY_TABLES_H
#define STO_VERIFY_TABLES_H

#include "bin/sto_verify.h"

#define VALUES_MAX 24
#define KEY_TEXT_MAX 128

typedef struct Value
{
	bool present;
	bool is_time;
	bool is_number;
	bool is_digest; /* octets are the SHA-256 of what the column holds */
	int64_t number;
	const void *octets;
	size_t len;
	uint8_t amount[STO_AMOUNT_LEN];
} Value;

/* What a row should be, column by column. */
typedef struct Values
{
	int count;
	bool optional; /* the table need not have the row */
	Value values[VALUES_MAX];
	char key[KEY_TEXT_MAX]; /* the row's name, for a message */
} Values;

/* A table and what of the fold it must equal. */
typedef struct Table
{
	const char *name;
	const char *columns; /* of the SELECT, in the order of the values; key columns first */
	const char *order;
	/* What the row at hand should be; false if the fold has no such row. */
	bool (*find)(const StoReplay *replay, const Cursor *row, Values *values);
	/* The fold's next row; false at the end.  NULL: any row may be missing. */
	bool (*next)(const StoReplay *replay, size_t *at, Values *values);
} Table;

/* The last one has no name. */
extern const Table derived_tables[];  /* sto_verify_rows.c */
extern const Table identity_tables[]; /* sto_verify_identity.c */
extern const Table rule_tables[];     /* sto_verify_rules.c */
extern const Table case_tables[];     /* sto_verify_cases.c */
extern const Table subject_tables[];  /* sto_verify_subjects.c */

/* sto_verify_rows.c: begin a row; add its values in order; name it */
extern void values_begin(Values *v);
extern void values_number(Values *v, bool present, int64_t number);
extern void values_time(Values *v, bool present, int64_t time);
extern void values_octets(Values *v, bool present, const void *octets, size_t len);
/* A column of which the fold kept the SHA-256; digest has STO_DIGEST_LEN octets. */
extern void values_digest(Values *v, const uint8_t *digest);
extern void values_amount(Values *v, bool present, StoAmount amount);
extern void values_text(Values *v, const char *text);
extern void values_bool(Values *v, bool b);
/* A text of the row, of at most size - 1 octets; false if it is longer, or null. */
extern bool values_read_text(const Cursor *row, int column, char *out, size_t size);
extern void values_name_uuid(Values *v, const char *what, const uint8_t *uuid);
extern void values_name_number(Values *v, const char *what, int64_t number);

#endif
