/*
 * order_message.c
 *		Order messages read back, and what refusals and findings are named by.
 *
 * docs/format.md, "Order", "Refusals" and "Findings".
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "core/finding.h"
#include "core/message.h"
#include "compat.h"
#include "types/types.h"

PG_FUNCTION_INFO_V1(sto_order_of_message);
PG_FUNCTION_INFO_V1(sto_refusal_subject_sql);
PG_FUNCTION_INFO_V1(sto_finding_subject_sql);

#define ORDER_COLUMNS 8

/*
 * sto.order_of_message(message bytea) returns record
 *
 * What an order message says first: ledger, kind, order id, ordering party, token,
 * both wallets, amount; null if it is none.
 */
Datum
sto_order_of_message(PG_FUNCTION_ARGS)
{
	bytea *message = PG_GETARG_BYTEA_PP(0);
	Datum values[ORDER_COLUMNS];
	bool nulls[ORDER_COLUMNS] = {false};
	uint8_t ledger_id[STO_UUID_LEN];
	TupleDesc desc;
	StoOrder order;
	int col = 0;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "sto.order_of_message returns a row");
	if (!sto_order_parse((const uint8_t *) VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message),
						 ledger_id, &order))
		PG_RETURN_NULL();
	values[col++] = PointerGetDatum(ledger_id);
	values[col++] = CStringGetTextDatum(sto_kind_name(order.kind));
	values[col++] = PointerGetDatum(order.order_id);
	values[col++] = PointerGetDatum(order.ordering_party);
	values[col++] = PointerGetDatum(order.token_id);
	nulls[col] = !order.has_debit;
	values[col++] = PointerGetDatum(order.debit);
	nulls[col] = !order.has_credit;
	values[col++] = PointerGetDatum(order.credit);
	values[col++] = PointerGetDatum(&order.amount);
	Assert(col == ORDER_COLUMNS);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * sto.refusal_subject(order_message bytea, state text, reasons text) returns uuid
 *
 * The subject under which a refusal of this order stands; reasons are joined by commas.
 * Errors: 22023 if one of them is too long.
 */
Datum
sto_refusal_subject_sql(PG_FUNCTION_ARGS)
{
	bytea *message = PG_GETARG_BYTEA_PP(0);
	pg_uuid_t *uuid = palloc(sizeof(pg_uuid_t));

	if (!sto_refusal_subject((const uint8_t *) VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message),
							 text_to_cstring(PG_GETARG_TEXT_PP(1)),
							 text_to_cstring(PG_GETARG_TEXT_PP(2)), uuid->data))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("order message, state or reasons are too long")));
	PG_RETURN_UUID_P(uuid);
}

/*
 * sto.finding_subject(ledger_id uuid, entry_id bigint, number bigint) returns uuid
 *
 * The subject under which the finding of this rule about this entry stands.
 */
Datum
sto_finding_subject_sql(PG_FUNCTION_ARGS)
{
	pg_uuid_t *uuid = palloc(sizeof(pg_uuid_t));

	if (!sto_finding_subject(PG_GETARG_UUID_P(0)->data, PG_GETARG_INT64(1), PG_GETARG_INT64(2),
							 uuid->data))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not name a finding: OpenSSL failed")));
	PG_RETURN_UUID_P(uuid);
}
