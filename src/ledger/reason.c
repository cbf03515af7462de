/*
 * reason.c
 *		Lists of failed checks, and the error that they make.
 */
#include "postgres.h"

#include "ledger/reason.h"

#include "errors.h"

#include "lib/stringinfo.h"

/* docs/errors.md, "Reasons" */
static const struct
{
	StoReasonCode code;
	int sqlstate;
	const char *rule;
	const char *message;
	const char *hint;
} known[] = {
	{STO_REASON_TOKEN_PAUSED, ERRCODE_STO_TOKEN_PAUSED, "token_paused", "the token is paused",
	 "sto.restriction shows who paused it, and on what basis."},
	{STO_REASON_WALLET_FROZEN, ERRCODE_STO_WALLET_FROZEN, "wallet_frozen", "a wallet is frozen",
	 "sto.restriction shows who froze it, and on what basis."},
	{STO_REASON_PARTY_FROZEN, ERRCODE_STO_PARTY_FROZEN, "party_frozen", "a party is frozen",
	 "sto.restriction shows who froze it, and on what basis."},
	{STO_REASON_INSUFFICIENT, ERRCODE_STO_INSUFFICIENT, "available", "not enough units available",
	 NULL},
	{STO_REASON_RECEIVER_NOT_ELIGIBLE, ERRCODE_STO_RECEIVER_NOT_ELIGIBLE, "receiver_eligible",
	 "the receiver is not eligible",
	 "An issuer of claims that the token trusts must record the missing claim."},
	{STO_REASON_SENDER_NOT_ELIGIBLE, ERRCODE_STO_SENDER_NOT_ELIGIBLE, "sender_eligible",
	 "the sender is not eligible",
	 "An issuer of claims that the token trusts must record the missing claim."},
	{STO_REASON_NOT_ACKNOWLEDGED, ERRCODE_STO_NOT_ACKNOWLEDGED, "acknowledged",
	 "the receiver has not acknowledged a document of the token",
	 "The party, or one of its wallets, records an acknowledge event."},
};

void
sto_reason_add(StoReasons *reasons, StoReasonCode code, StoReasonSubject kind,
			   const uint8_t *subject, const char *format, ...)
{
	StringInfoData text;
	StoReason *reason;
	int k = 0;

	while (k < (int) lengthof(known) && known[k].code != code)
		k++;
	if (k == lengthof(known))
		elog(ERROR, "unknown reason %d", (int) code);
	if (reasons->count == reasons->size)
	{
		reasons->size = reasons->size ? reasons->size * 2 : 8;
		reasons->items = reasons->items
							 ? repalloc(reasons->items, reasons->size * sizeof(StoReason))
							 : palloc(reasons->size * sizeof(StoReason));
	}

	initStringInfo(&text);
	for (;;)
	{
		va_list args;
		int needed;

		va_start(args, format);
		needed = appendStringInfoVA(&text, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}

	reason = &reasons->items[reasons->count++];
	memset(reason, 0, sizeof(*reason));
	reason->code = code;
	reason->sqlstate = known[k].sqlstate;
	reason->rule = known[k].rule;
	reason->message = known[k].message;
	reason->hint = known[k].hint;
	reason->subject_kind = kind;
	if (kind == STO_REASON_OF_UUID)
		memcpy(reason->subject, subject, STO_UUID_LEN);
	else if (kind == STO_REASON_OF_WALLET)
		memcpy(reason->subject, subject, STO_ADDRESS_LEN);
	reason->detail = text.data;
}

/* One reason speaks for itself; of several each is named, a line each. */
void
sto_reasons_raise(const StoReasons *reasons)
{
	StringInfoData detail;
	const StoReason *first = reasons->items;

	if (reasons->count == 0)
		return;
	initStringInfo(&detail);
	if (reasons->count == 1)
		appendStringInfoString(&detail, first->detail);
	else
		for (int i = 0; i < reasons->count; i++)
			appendStringInfo(&detail, "%s%s: %s", i > 0 ? "\n" : "", reasons->items[i].rule,
							 reasons->items[i].detail);
	ereport(ERROR, (errcode(first->sqlstate), errmsg("%s", first->message),
					errdetail("%s", detail.data), first->hint ? errhint("%s", first->hint) : 0));
}
