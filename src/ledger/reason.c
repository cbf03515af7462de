/*
 * reason.c
 *		Lists of failed checks, and the error that they make.
 */
#include "postgres.h"

#include "ledger/gate.h"
#include "ledger/reason.h"
#include "ledger/register.h"

#include "core/amount.h"
#include "core/bech32m.h"
#include "errors.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/json.h"

PG_FUNCTION_INFO_V1(sto_reason_codes);

/* docs/errors.md, "Reasons" */
static const struct
{
	StoReasonCode code;
	int sqlstate;
	const char *rule;
	const char *message;
	const char *hint;
} known[] = {
	{STO_REASON_MALFORMED, ERRCODE_STO_INVALID_ORDER, "order_form", "the order is malformed", NULL},
	{STO_REASON_UNKNOWN_TOKEN, ERRCODE_STO_UNKNOWN_TOKEN, "token_known",
	 "the token is not in the register", NULL},
	{STO_REASON_UNKNOWN_WALLET, ERRCODE_STO_UNKNOWN_WALLET, "wallet_known",
	 "a wallet is not in the register", NULL},
	{STO_REASON_UNKNOWN_PARTY, ERRCODE_STO_UNKNOWN_PARTY, "party_known",
	 "a party is not in the register", NULL},
	{STO_REASON_UNKNOWN_HOLD, ERRCODE_STO_UNKNOWN_HOLD, "hold_known", "there is no such hold",
	 NULL},
	{STO_REASON_TOKEN_CLOSED, ERRCODE_STO_TOKEN_CLOSED, "token_open", "the token is closed", NULL},
	{STO_REASON_WALLET_CLOSED, ERRCODE_STO_WALLET_CLOSED, "wallet_open", "a wallet is closed",
	 NULL},
	{STO_REASON_PARTY_CLOSED, ERRCODE_STO_PARTY_CLOSED, "party_open", "a party is closed", NULL},
	{STO_REASON_HOLD_TERMS, ERRCODE_STO_HOLD_TERMS, "hold_terms",
	 "the hold's terms do not allow it", NULL},
	{STO_REASON_TOKEN_PAUSED, ERRCODE_STO_TOKEN_PAUSED, "token_paused", "the token is paused",
	 "sto.restriction shows who paused it, and on what basis."},
	{STO_REASON_WALLET_FROZEN, ERRCODE_STO_WALLET_FROZEN, "wallet_frozen", "a wallet is frozen",
	 "sto.restriction shows who froze it, and on what basis."},
	{STO_REASON_PARTY_FROZEN, ERRCODE_STO_PARTY_FROZEN, "party_frozen", "a party is frozen",
	 "sto.restriction shows who froze it, and on what basis."},
	{STO_REASON_INSUFFICIENT, ERRCODE_STO_INSUFFICIENT, "available", "not enough units available",
	 "sto.holder shows what a wallet has, what of it is held, and what is available."},
	{STO_REASON_OVER_AUTHORISED, ERRCODE_STO_OVER_AUTHORISED, "authorised",
	 "the issue goes beyond the authorised amount",
	 "The issuer's quorum can raise the authorised amount with a token_terms event."},
	{STO_REASON_HOLD_EXCEEDED, ERRCODE_STO_HOLD_EXCEEDED, "hold_remaining",
	 "the hold does not have that much left", NULL},
	{STO_REASON_RECEIVER_NOT_ELIGIBLE, ERRCODE_STO_RECEIVER_NOT_ELIGIBLE, "receiver_eligible",
	 "the receiver is not eligible",
	 "An issuer of claims that the token trusts must record the missing claim."},
	{STO_REASON_SENDER_NOT_ELIGIBLE, ERRCODE_STO_SENDER_NOT_ELIGIBLE, "sender_eligible",
	 "the sender is not eligible",
	 "An issuer of claims that the token trusts must record the missing claim."},
	{STO_REASON_NOT_ACKNOWLEDGED, ERRCODE_STO_NOT_ACKNOWLEDGED, "acknowledged",
	 "the receiver has not acknowledged a document of the token",
	 "The party, or one of its wallets, records an acknowledge event."},
	{STO_REASON_EXPIRED, ERRCODE_STO_ORDER_EXPIRED, "valid_until", "the order has expired",
	 "Sign it again with a later valid_until."},
	{STO_REASON_ORDER_ID, ERRCODE_STO_ORDER_ID_REUSED, "order_id",
	 "the order id was used for a different order", NULL},
	{STO_REASON_BAD_SIGNATURE, ERRCODE_STO_BAD_SIGNATURE, "signature",
	 "a signature does not verify", NULL},
	{STO_REASON_QUORUM, ERRCODE_STO_QUORUM_NOT_MET, "quorum", "too few keys have signed", NULL},
	{STO_REASON_KEY, ERRCODE_STO_KEY_NOT_VALID, "key_in_force", "a signing key is not in force",
	 NULL},
	{STO_REASON_AUTHORITY, ERRCODE_STO_NOT_AUTHORISED, "authority",
	 "the ordering party may not order this", NULL},
	{STO_REASON_BATCH, ERRCODE_STO_BATCH_MISMATCH, "batch",
	 "the list posted is not the list that was signed", NULL},
	{STO_REASON_NO_CASE, ERRCODE_STO_NO_CASE, "case", "no approved case allows this",
	 "sto.case shows cases, sto.case_order() gives the order that carries one out."},
	{STO_REASON_NOT_YET, ERRCODE_STO_NOT_YET, "waiting_period",
	 "the case's waiting period has not ended", NULL},
	{STO_REASON_NOT_PAID, ERRCODE_STO_NOT_PAID, "redemption_paid", "the redemption is not paid for",
	 "Post the payment before the redeem, in one statement and with the same group_id: a transfer "
	 "ordered by the issuer to a wallet of the same party."},
	/* last: with an SQLSTATE of its own */
	{STO_REASON_OTHER, 0, "other", "the order is refused", NULL},
};

/* Who can help, or when, if a rule does not allow an order (docs/errors.md, "Rules"): by code; NULL
 * of a limit.
 */
static const char *const rule_hints[] = {
	"The registrar states a party's country: sto.set_party_facts().",
	"The registrar corrects a party's country: sto.set_party_facts().",
	"The token's issuer puts parties on a list and takes them off: sto.set_party_list().",
	"The registrar states a party's class: sto.classify().",
	NULL,
	"Move more, or everything.",
	"A place is free once a holder has moved everything.",
	"Leave some, or wait until there are more holders.",
	NULL,
	"Try again after the date: sto.check_transfer() shows it.",
	"Try again when earlier moves have left the window.",
	"Try again within the hours of the rule.",
	"Move a multiple of the units: sto.check_transfer() shows them.",
	"The approver lets the order through: sto.approve_transfer().",
	"One of the token's venues has to submit the order, to order it, or to be the hold's notary.",
	"The receiver affirms the token: sto.affirm_token().",
	NULL,
	"The registrar records travel data: sto.set_travel_data(); an order binds a document by its "
	"attachment_hash.",
	"The omnibus wallet's custodian states its owners anew: sto.state_owners(). After a recovery "
	"it "
	"first states of the lost wallet that it has none, else they count twice.",
	"DETAIL has what the token's own function said.",
};

StaticAssertDecl(lengthof(rule_hints) == STO_RULE_CODE_LAST - STO_RULE_CODE_FIRST + 1,
				 "a hint for each rule");

static StoReason *
add(StoReasons *reasons)
{
	if (reasons->count == reasons->size)
	{
		reasons->size = reasons->size ? reasons->size * 2 : 8;
		reasons->items = reasons->items
							 ? repalloc(reasons->items, reasons->size * sizeof(StoReason))
							 : palloc(reasons->size * sizeof(StoReason));
	}
	return memset(&reasons->items[reasons->count++], 0, sizeof(StoReason));
}

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

	reason = add(reasons);
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

static StoReason *
last(StoReasons *reasons)
{
	Assert(reasons->count > 0);
	return &reasons->items[reasons->count - 1];
}

void
sto_reason_limit(StoReasons *reasons, const char *limit, const char *value, StoAmount passing)
{
	StoReason *reason = last(reasons);

	reason->limit = limit ? pstrdup(limit) : NULL;
	reason->value = value ? pstrdup(value) : NULL;
	reason->passing = Max(passing, 0);
}

void
sto_reason_message(StoReasons *reasons, const char *message, const char *hint)
{
	last(reasons)->message = message;
	if (hint != NULL)
		last(reasons)->hint = hint;
}

void
sto_reason_hint(StoReasons *reasons, const char *hint)
{
	last(reasons)->hint = hint;
}

void
sto_reason_fact(StoReasons *reasons, StoReasonCode code, StoReasonSubject kind,
				const uint8_t *subject, const char *message, const char *hint)
{
	sto_reason_add(reasons, code, kind, subject, "%c%s.", pg_toupper((unsigned char) message[0]),
				   message + 1);
	sto_reason_message(reasons, message, hint);
	last(reasons)->plain = true;
}

void
sto_reason_whose(StoReasons *reasons, StoRuleWhose whose)
{
	last(reasons)->whose = whose;
}

/* Not the log, a proof, a statement's rows, or who is logged in. */
static bool
is_of_order(int sqlstate)
{
	if (sto_gate_is_refusal(sqlstate))
		return PGUNSIXBIT(sqlstate >> 12) <= '3' && sqlstate != ERRCODE_STO_NOT_A_MEMBER &&
			   sqlstate != ERRCODE_STO_NOT_STORED && sqlstate != ERRCODE_STO_TOO_OLD;
	/* what a function of the token's own raised; a list under one signature that holds an order
	 * posted before breaks a unique index */
	return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_DATA_EXCEPTION ||
		   ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_PLPGSQL_ERROR ||
		   sqlstate == ERRCODE_FEATURE_NOT_SUPPORTED || sqlstate == ERRCODE_UNIQUE_VIOLATION;
}

bool
sto_reason_add_error(StoReasons *reasons, const ErrorData *error)
{
	StoReason *reason;
	int k = 0;

	if (!is_of_order(error->sqlerrcode))
		return false;
	while (known[k].sqlstate != error->sqlerrcode && known[k].code != STO_REASON_OTHER)
		k++;
	sto_reason_fact(reasons, known[k].code, STO_REASON_OF_ORDER, NULL, pstrdup(error->message),
					error->hint ? pstrdup(error->hint) : NULL);
	reason = last(reasons);
	reason->sqlstate = error->sqlerrcode;
	if (error->detail != NULL)
		reason->detail = psprintf("%s %s", reason->detail, error->detail);
	return true;
}

static char *
copy_unless_empty(const char *text)
{
	return text != NULL && text[0] != '\0' ? pstrdup(text) : NULL;
}

void
sto_reason_add_finding(StoReasons *reasons, const StoRuleFinding *finding)
{
	StoReason *reason = add(reasons);
	const char *state = sto_rule_state(finding->code);

	reason->code = finding->code;
	reason->sqlstate = MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]);
	reason->rule = sto_rule_name(finding->code);
	reason->whose = finding->whose;
	reason->message = psprintf("rule %s of the token does not allow it", reason->rule);
	if (finding->has_subject)
	{
		reason->subject_kind = STO_REASON_OF_UUID;
		memcpy(reason->subject, finding->subject, STO_UUID_LEN);
	}
	reason->detail = pstrdup(finding->detail);
	reason->label = copy_unless_empty(finding->label);
	reason->limit = copy_unless_empty(finding->limit);
	reason->value = copy_unless_empty(finding->value);
	reason->passing = finding->passing;
}

/* NULL if the reason is of no register row. */
static char *
subject_text(const StoReason *reason)
{
	char address[STO_ADDRESS_TEXT_LEN + 1];

	switch (reason->subject_kind)
	{
		case STO_REASON_OF_UUID:
			return sto_uuid_text(reason->subject);
		case STO_REASON_OF_WALLET:
			sto_address_print(reason->subject, address);
			return pstrdup(address);
		case STO_REASON_OF_ORDER:
			break;
	}
	return NULL;
}

void
sto_reason_values(const StoReason *reason, Datum *values, bool *nulls)
{
	const char *texts[] = {unpack_sql_state(reason->sqlstate),
						   reason->rule,
						   reason->label,
						   subject_text(reason),
						   reason->limit,
						   reason->value};
	StoAmount *passing = palloc(sizeof(StoAmount));
	int col = 0;

	memset(nulls, 0, STO_REASON_COLUMNS * sizeof(bool));
	values[col++] = Int32GetDatum(reason->code);
	for (int i = 0; i < (int) lengthof(texts); i++, col++)
	{
		nulls[col] = texts[i] == NULL;
		values[col] = nulls[col] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	memcpy(passing, &reason->passing, sizeof(StoAmount));
	values[col++] = PointerGetDatum(passing);
	values[col++] = CStringGetTextDatum(reason->detail);
	Assert(col == STO_REASON_COLUMNS);
}

static void
put_text(StringInfo out, const char *key, const char *text)
{
	appendStringInfo(out, ", \"%s\": ", key);
	if (text == NULL)
		appendStringInfoString(out, "null");
	else
		escape_json(out, text);
}

static void
put_reason(StringInfo out, const StoReason *reason)
{
	char passing[STO_AMOUNT_TEXT_MAX];

	sto_amount_print(reason->passing, passing);
	appendStringInfo(out, "{\"code\": %d", (int) reason->code);
	put_text(out, "state", unpack_sql_state(reason->sqlstate));
	put_text(out, "rule", reason->rule);
	put_text(out, "label", reason->label);
	put_text(out, "subject", subject_text(reason));
	put_text(out, "limit", reason->limit);
	put_text(out, "value", reason->value);
	put_text(out, "passing", passing);
	put_text(out, "detail", reason->detail);
	appendStringInfoChar(out, '}');
}

void
sto_reasons_json(StringInfo out, const StoReasons *reasons)
{
	appendStringInfoChar(out, '[');
	for (int i = 0; i < reasons->count; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		put_reason(out, &reasons->items[i]);
	}
	appendStringInfoChar(out, ']');
}

static StoReasons *kept = NULL; /* of a caller further up the stack */

StoReasons *
sto_reasons_keep(StoReasons *reasons)
{
	StoReasons *before = kept;

	kept = reasons;
	return before;
}

static void
keep(const StoReasons *reasons)
{
	MemoryContext before = MemoryContextSwitchTo(kept->memory);

	kept->count = 0;
	for (int i = 0; i < reasons->count; i++)
	{
		StoReason *copy = add(kept);

		*copy = reasons->items[i];
		copy->message = pstrdup(copy->message);
		copy->detail = pstrdup(copy->detail);
		copy->label = copy_unless_empty(copy->label);
		copy->limit = copy_unless_empty(copy->limit);
		copy->value = copy_unless_empty(copy->value);
	}
	MemoryContextSwitchTo(before);
}

/* How much would pass is no secret to who may post the order: he could find it out by posting. */
static const char *
hint_of(const StoReason *reason)
{
	char passing[STO_AMOUNT_TEXT_MAX];
	const char *way_out;

	if (reason->code < STO_RULE_CODE_FIRST || reason->code > STO_RULE_CODE_LAST)
		return reason->hint;
	way_out = rule_hints[reason->code - STO_RULE_CODE_FIRST];
	if (reason->passing == 0)
		return way_out != NULL
				   ? way_out
				   : "sto.check_transfer() shows the limit and what it was compared with.";
	sto_amount_print(reason->passing, passing);
	return psprintf(
		"Up to %s units would pass this rule; sto.max_transferable() says what passes all "
		"checks.%s%s",
		passing, way_out != NULL ? " " : "", way_out != NULL ? way_out : "");
}

/* One reason speaks for itself; of several each is named, a line each. */
void
sto_reasons_raise(const StoReasons *reasons)
{
	StringInfoData detail;
	const StoReason *first = reasons->items;
	const char *hint;

	if (reasons->count == 0)
		return;
	hint = hint_of(first);
	if (kept != NULL)
		keep(reasons);
	initStringInfo(&detail);
	if (reasons->count == 1 && !first->plain)
		appendStringInfoString(&detail, first->detail);
	for (int i = 0; reasons->count > 1 && i < reasons->count; i++)
		appendStringInfo(&detail, "%s%s: %s", i > 0 ? "\n" : "", reasons->items[i].rule,
						 reasons->items[i].detail);
	ereport(ERROR, (errcode(first->sqlstate), errmsg("%s", first->message),
					detail.len > 0 ? errdetail("%s", detail.data) : 0,
					hint != NULL ? errhint("%s", hint) : 0));
}

/*
 * sto.reason_codes() returns setof record
 *
 * Every code, its name and its SQLSTATE; the last code has any other.
 */
Datum
sto_reason_codes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum values[3];
	bool nulls[3] = {false};

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < (int) lengthof(known); i++)
	{
		values[0] = Int32GetDatum(known[i].code);
		values[1] = CStringGetTextDatum(known[i].rule);
		nulls[2] = known[i].sqlstate == 0;
		if (!nulls[2])
			values[2] = CStringGetTextDatum(unpack_sql_state(known[i].sqlstate));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	nulls[2] = false;
	for (int code = STO_RULE_CODE_FIRST; code <= STO_RULE_CODE_LAST; code++)
	{
		values[0] = Int32GetDatum(code);
		values[1] = CStringGetTextDatum(sto_rule_name(code));
		values[2] = CStringGetTextDatum(sto_rule_state(code));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}
