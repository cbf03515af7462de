/*
 * mandate.c
 *		Mandates in force.
 */
#include "postgres.h"

#include "ledger/mandate.h"

#include "ledger/columns.h"
#include "ledger/register.h"
#include "ledger/store.h"

#include "utils/builtins.h"

static bool
has_scope(const uint8_t *principal, const uint8_t *representative, const char *scope, int64 at,
		  int64 *from, int64 *to)
{
	Datum keys[3] = {StoUuidGetDatum(principal), StoUuidGetDatum(representative),
					 CStringGetTextDatum(scope)};
	bool granted = false;
	bool isnull;
	StoRow row;

	if (sto_store_find(STO_REL_MANDATE, STO_IDX_MANDATE, 3, keys, &row) &&
		DatumGetBool(sto_row_get(&row, MANDATE_GRANTED, &isnull)))
	{
		*from = sto_row_time(&row, MANDATE_VALID_FROM, PG_INT64_MIN);
		*to = sto_row_time(&row, MANDATE_VALID_TO, PG_INT64_MAX);
		granted = at >= *from && at < *to;
	}
	sto_row_close(&row);
	return granted;
}

bool
sto_mandate_in_force(const uint8_t principal[STO_UUID_LEN],
					 const uint8_t representative[STO_UUID_LEN], int64 at, int64 *from, int64 *to)
{
	return has_scope(principal, representative, "orders", at, from, to) ||
		   has_scope(principal, representative, "all", at, from, to);
}
