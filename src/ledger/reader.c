/*
 * reader.c
 *		Who reads the whole register.
 */
#include "postgres.h"

#include "ledger/facts.h"
#include "ledger/reader.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"

bool
sto_reads_register(const uint8_t *party)
{
	static const char *const readers[] = {"registrar", "auditor", "enforcer"};

	if (has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_DATA))
		return true;
	for (int i = 0; party != NULL && i < (int) lengthof(readers); i++)
		if (sto_fact_capability(party, readers[i]))
			return true;
	return false;
}
