/*
 * answer.c
 *		Would this order pass, and if not, why not?  SQL functions over the dry run.
 *
 * Who may ask: whoever may order it, the token's issuer, readers of the whole
 * register; and the receiver, who is told what concerns him alone
 * (docs/security.md, "Who may ask what").  About what a case allows its officers
 * and readers alone.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/dry_run.h"
#include "ledger/order_row.h"
#include "ledger/reader.h"
#include "ledger/register.h"

#include "core/amount.h"
#include "errors.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(sto_check_order);
PG_FUNCTION_INFO_V1(sto_check_order_json);
PG_FUNCTION_INFO_V1(sto_largest_order);

/* What an asker is told. */
typedef enum Sight
{
	SIGHT_RECEIVER, /* of the receiver and the token; nothing that the sender's units decide */
	SIGHT_SENDER,   /* everything but what the receiver and others have */
	SIGHT_ALL
} Sight;

static bool
owns_or_keeps(const StoWalletFact *wallet, const uint8_t *party)
{
	return sto_uuid_equal(wallet->party, party) ||
		   (wallet->has_custodian && sto_uuid_equal(wallet->custodian, party));
}

static bool
may_order_as(StoPosting *p, const uint8_t *party)
{
	uint8_t *ordering_party = p->entry.order.ordering_party;
	uint8_t given[STO_UUID_LEN];
	bool may;

	memcpy(given, ordering_party, STO_UUID_LEN);
	memcpy(ordering_party, party, STO_UUID_LEN);
	may = sto_may_order(p);
	memcpy(ordering_party, given, STO_UUID_LEN);
	return may;
}

static pg_attribute_noreturn() void may_not_ask(void)
{
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("this role may not ask about this order"),
					errdetail("It orders for neither side of it, and is not the issuer's."),
					errhint("Ask as the party that would order it, as the receiver, as the "
							"token's issuer, or as a reader of the register.")));
}

/* ERROR 42501 if the acting role may not ask at all. */
static Sight
sight_of(StoDryRun *run)
{
	StoPosting *p = &run->p;
	uint8_t party[STO_UUID_LEN];
	bool member = sto_fact_member_try(party);

	if (sto_reads_register(member ? party : NULL))
		return SIGHT_ALL;
	if (!member)
		may_not_ask();
	/* of an order that names what is unknown, nothing is told that its INSERT wouldn't */
	if (!run->resolved)
		return SIGHT_ALL;
	/* what a case says is for its officers: its holder could still move what is to be seized */
	if (p->legal != NULL && !may_order_as(p, party))
		may_not_ask();
	if (sto_uuid_equal(party, p->token.issuer))
		return SIGHT_ALL;
	if (may_order_as(p, party))
		return SIGHT_SENDER;
	if (!p->entry.order.has_credit || !owns_or_keeps(&p->credit, party))
		may_not_ask();
	return SIGHT_RECEIVER;
}

/* Whose data a reason tells, where it doesn't say: those of the row that it is of. */
static StoRuleWhose
whose(const StoReason *reason, const StoPosting *p)
{
	if (reason->whose != STO_ABOUT_ORDER)
		return reason->whose;
	switch (reason->subject_kind)
	{
		case STO_REASON_OF_WALLET:
			return memcmp(reason->subject, p->entry.order.debit, STO_ADDRESS_LEN) == 0
					   ? STO_ABOUT_SENDER
					   : STO_ABOUT_RECEIVER;
		case STO_REASON_OF_UUID:
			if (p->entry.order.has_credit && sto_uuid_equal(reason->subject, p->credit.party))
				return STO_ABOUT_RECEIVER;
			return sto_uuid_equal(reason->subject, p->token.token_id) ? STO_ABOUT_ORDER
																	  : STO_ABOUT_SENDER;
		case STO_REASON_OF_ORDER:
			break;
	}
	return STO_ABOUT_ORDER;
}

/* Leave out what the asker may not know. */
static void
hide(StoReasons *reasons, const StoPosting *p, Sight sight)
{
	int kept = 0;

	if (sight == SIGHT_ALL)
		return;
	for (int i = 0; i < reasons->count; i++)
	{
		StoReason *reason = &reasons->items[i];
		StoRuleWhose about = whose(reason, p);

		if (sight == SIGHT_RECEIVER && about != STO_ABOUT_ORDER && about != STO_ABOUT_RECEIVER)
			continue;
		if (sight == SIGHT_SENDER && (about == STO_ABOUT_RECEIVER || about == STO_ABOUT_TOKEN))
			reason->limit = reason->value = NULL;
		reasons->items[kept++] = *reason;
	}
	reasons->count = kept;
}

/* Ask about the order in an argument; what the asker may know of it. */
static Sight
ask(Datum order, StoDryRun *run)
{
	Datum values[TRANSFER_COLUMNS];
	bool nulls[TRANSFER_COLUMNS];
	Sight sight;

	sto_order_row_read(order, values, nulls);
	sto_dry_run_order(run, values, nulls, false);
	sight = sight_of(run);
	if (run->resolved)
		sto_dry_run_check(run);
	hide(&run->reasons, &run->p, sight);
	return sight;
}

/*
 * sto.check_order(sto.order) returns setof record
 *
 * One row for each check that fails, as the gate would make it now, in its
 * order; none if the order would pass.  Signatures, the order's id and batches
 * are not looked at.
 *
 * Errors: 42501 the role may not ask; ST402 the ledger is not open.
 */
Datum
sto_check_order(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	StoDryRun *run = palloc(sizeof(StoDryRun));

	InitMaterializedSRF(fcinfo, 0);
	(void) ask(PG_GETARG_DATUM(0), run);
	for (int i = 0; i < run->reasons.count; i++)
	{
		Datum values[STO_REASON_COLUMNS];
		bool nulls[STO_REASON_COLUMNS];

		sto_reason_values(&run->reasons.items[i], values, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}

/*
 * sto.check_order_json(sto.order) returns jsonb
 *
 * The same as an object: passes, largest (the greatest amount, at most the one
 * asked, that would pass now), complete (false: the asker is told only what
 * concerns the receiver, and largest is null), reasons.
 */
Datum
sto_check_order_json(PG_FUNCTION_ARGS)
{
	StoDryRun *run = palloc(sizeof(StoDryRun));
	Sight sight = ask(PG_GETARG_DATUM(0), run);
	StringInfoData text;
	char largest[STO_AMOUNT_TEXT_MAX];

	initStringInfo(&text);
	appendStringInfo(&text, "{\"passes\": %s, \"complete\": %s, \"largest\": ",
					 run->reasons.count == 0 ? "true" : "false",
					 sight == SIGHT_RECEIVER ? "false" : "true");
	if (sight == SIGHT_RECEIVER)
		appendStringInfoString(&text, "null");
	else
	{
		sto_amount_print(run->resolved ? sto_dry_run_largest(run) : 0, largest);
		appendStringInfo(&text, "\"%s\"", largest);
	}
	appendStringInfoString(&text, ", \"reasons\": ");
	sto_reasons_json(&text, &run->reasons);
	appendStringInfoChar(&text, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data));
}

/*
 * sto.largest_order(sto.order) returns token_amount
 *
 * The greatest amount with which this order would pass now; its own amount is not
 * looked at.  Errors: 42501 the role is not one that may order it; and what
 * the gate raises for an order that names what is unknown.
 */
Datum
sto_largest_order(PG_FUNCTION_ARGS)
{
	StoDryRun *run = palloc(sizeof(StoDryRun));
	StoAmount *amount = palloc(sizeof(StoAmount));
	Datum values[TRANSFER_COLUMNS];
	bool nulls[TRANSFER_COLUMNS];

	sto_order_row_read(PG_GETARG_DATUM(0), values, nulls);
	*amount = 1;
	values[TRANSFER_AMOUNT - 1] = PointerGetDatum(amount);
	nulls[TRANSFER_AMOUNT - 1] = false;
	sto_dry_run_order(run, values, nulls, true);
	if (sight_of(run) == SIGHT_RECEIVER)
		may_not_ask();
	sto_reasons_raise(&run->reasons);
	*amount = sto_dry_run_largest(run);
	PG_RETURN_POINTER(amount);
}
