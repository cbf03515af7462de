/*
 * commitment.c
 *		What stands in the log for personal data.
 *
 * docs/format.md, "Commitment of personal data".
 */
#include "postgres.h"

#include "fmgr.h"

#include "core/message.h"
#include "compat.h"
#include "types/types.h"

PG_FUNCTION_INFO_V1(sto_private_commitment_sql);

/*
 * sto.private_commitment(ledger_id uuid, party_id uuid, topic text, salt digest, value text)
 *		returns digest
 *
 * Errors: 22001 for a topic of more than 255 octets; 38000 if OpenSSL failed.
 */
Datum
sto_private_commitment_sql(PG_FUNCTION_ARGS)
{
	text *topic = PG_GETARG_TEXT_PP(2);
	text *value = PG_GETARG_TEXT_PP(4);
	uint8_t commitment[STO_DIGEST_LEN];

	if (VARSIZE_ANY_EXHDR(topic) > UINT8_MAX)
		ereport(ERROR, (errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
						errmsg("topic is longer than %d octets", UINT8_MAX)));
	if (!sto_private_commitment(PG_GETARG_STO_OCTETS(0), PG_GETARG_STO_OCTETS(1),
								VARDATA_ANY(topic), VARSIZE_ANY_EXHDR(topic),
								PG_GETARG_STO_OCTETS(3), VARDATA_ANY(value),
								VARSIZE_ANY_EXHDR(value), commitment))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION), errmsg("OpenSSL failed")));
	PG_RETURN_DATUM(StoOctetsGetDatum(commitment, STO_DIGEST_LEN));
}
