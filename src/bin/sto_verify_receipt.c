/*
 * sto_verify_receipt.c
 *		A receipt or a promise by itself, without a database.
 */
#include "bin/sto_verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bin/export.h"
#include "core/amount.h"
#include "core/bech32m.h"
#include "core/receipt.h"

#define RECEIPT_FILE_MAX 1048576
#define TIME_TEXT_MAX 48

static void
time_text(int64_t micros, char out[TIME_TEXT_MAX])
{
	int64_t fraction = micros % 1000000;
	time_t seconds;
	struct tm tm;

	if (fraction < 0)
		fraction += 1000000;
	seconds = (time_t) ((micros - fraction) / 1000000);
	if (gmtime_r(&seconds, &tm) == NULL ||
		strftime(out, TIME_TEXT_MAX, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(out, TIME_TEXT_MAX, "%" PRId64 " microseconds since 1970", micros);
	else
		snprintf(out + strlen(out), TIME_TEXT_MAX - strlen(out), ".%06d UTC", (int) fraction);
}

static void
uuid_text(const uint8_t uuid[STO_UUID_LEN], char out[37])
{
	char hex[2 * STO_UUID_LEN + 1];

	sto_hex_encode(uuid, STO_UUID_LEN, hex);
	snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static void
fact_uuid(Report *report, const char *name, const uint8_t uuid[STO_UUID_LEN])
{
	char text[37];

	uuid_text(uuid, text);
	report_fact(report, name, "%s", text);
}

static void
fact_time(Report *report, const char *name, int64_t micros)
{
	char text[TIME_TEXT_MAX];

	time_text(micros, text);
	report_fact(report, name, "%s", text);
}

static void
fact_wallet(Report *report, const char *name, bool present, const uint8_t *address)
{
	char text[STO_ADDRESS_TEXT_LEN + 1];

	if (!present)
		return;
	sto_address_print(address, text);
	report_fact(report, name, "%s", text);
}

static void
fact_amount(Report *report, const char *name, StoAmount amount)
{
	char text[STO_AMOUNT_TEXT_MAX];

	sto_amount_print(amount, text);
	report_fact(report, name, "%s smallest units", text);
}

static void
tell_entry(Report *report, const StoEntry *e)
{
	const StoOrder *o = &e->order;

	report_fact(report, "entry", "%" PRId64 ", %s", e->entry_id, sto_kind_name(o->kind));
	fact_uuid(report, "token", o->token_id);
	fact_wallet(report, "debit", o->has_debit, o->debit);
	fact_wallet(report, "credit", o->has_credit, o->credit);
	fact_amount(report, "amount", o->amount);
	if (o->has_purpose)
		report_fact(report, "purpose", "%s", sto_purpose_name(o->purpose));
	if (o->has_reference)
		report_fact(report, "reference", "%.*s", (int) o->reference_len, o->reference);
	if (o->has_hold_id)
		report_fact(report, "hold", "%" PRId64, o->hold_id);
	fact_uuid(report, "order", o->order_id);
	fact_uuid(report, "ordered by", o->ordering_party);
	fact_time(report, "posted", e->posted_at);
}

static void
tell_event(Report *report, const StoEvent *e)
{
	report_fact(report, "event", "%" PRId64 ", %.*s", e->entry_id, (int) e->kind_len, e->kind);
	fact_uuid(report, "subject", e->subject);
	fact_uuid(report, "actor", e->actor);
	report_fact(report, "body", "%.*s", (int) (e->body_len < 250 ? e->body_len : 250), e->body);
	fact_time(report, "recorded", e->recorded_at);
}

static void
tell_receipt(Report *report, const StoReceiptFacts *facts)
{
	StoRecord record;
	const char *why;

	if (!sto_record_parse(facts->leaf.record, facts->leaf.record_len, &record, &why))
		return;
	fact_uuid(report, "ledger", record.ledger_id);
	if (record.kind == STO_RECORD_ENTRY)
		tell_entry(report, &record.entry);
	else
		tell_event(report, &record.event);
	if (facts->leaf.which != 0)
	{
		const char *side = facts->leaf.which == 1 ? "debit" : "credit";
		char name[16];

		report_fact(report, "opened", "the %s side, entry %" PRId64 " of its position", side,
					facts->leaf.side.seq);
		snprintf(name, sizeof(name), "%s has", side);
		fact_amount(report, name, facts->leaf.side.balance);
		snprintf(name, sizeof(name), "%s held", side);
		fact_amount(report, name, facts->leaf.side.held);
	}
	report_fact(report, "checkpoint", "%.*s, %" PRId64 " leaves; this is leaf %" PRId64,
				(int) facts->checkpoint.origin_len, facts->checkpoint.origin,
				facts->checkpoint.size, facts->index);
	report_fact(report, "witnesses", "%d of those given", facts->witnesses);
}

static char *
read_file(Report *report, const char *path, size_t *len)
{
	uint8_t *data = NULL;
	size_t room = 0;
	int64_t got = export_read(NULL, path, &data, &room, RECEIPT_FILE_MAX);

	if (got >= 0)
	{
		*len = sto_note_len((char *) data, (size_t) got);
		return (char *) data;
	}
	report_unsure(report, "%s can't be read: %s", path, strerror(errno));
	free(data);
	return NULL;
}

static Verdict
finish(const Options *options, Report *report)
{
	Verdict verdict = report_verdict(report);

	report_print(report, stdout, "good", options->json, options->quiet);
	report_free(report);
	return verdict;
}

/* Under the first of the given keys that the log signed with; else what the last one gives. */
static StoReceiptResult
check_receipt(const Options *o, const char *text, size_t len, uint8_t *scratch,
			  StoReceiptFacts *facts, const char **why)
{
	StoReceiptResult result = STO_RECEIPT_FAILED;

	for (int i = 0; i < o->log_count; i++)
	{
		result = sto_receipt_check(text, len, &o->log_keys[i], o->witness_keys, o->witness_count,
								   o->witnesses, scratch, len, facts, why);
		if (result != STO_RECEIPT_NOT_SIGNED)
			break;
	}
	return result;
}

Verdict
verify_receipt(const Options *options, const char *path)
{
	static const char *const checks[] = {[STO_RECEIPT_MALFORMED] = "receipt",
										 [STO_RECEIPT_NOT_SIGNED] = "log's signature",
										 [STO_RECEIPT_NOT_WITNESSED] = "witnesses",
										 [STO_RECEIPT_NOT_INCLUDED] = "proof",
										 [STO_RECEIPT_SIDE_DIFFERS] = "opened side"};
	Report *report = report_new();
	size_t len = 0;
	char *text = report != NULL ? read_file(report, path, &len) : NULL;
	uint8_t *scratch = text != NULL ? malloc(len + 1) : NULL;
	StoReceiptFacts facts;
	StoReceiptResult result;
	const char *why = "";

	if (report == NULL)
		return VERDICT_UNSURE;
	if (text != NULL && scratch == NULL)
		report_unsure(report, "out of memory");
	else if (text != NULL)
	{
		result = check_receipt(options, text, len, scratch, &facts, &why);
		if (result != STO_RECEIPT_MALFORMED && result != STO_RECEIPT_FAILED)
			tell_receipt(report, &facts);
		if (result == STO_RECEIPT_FAILED)
			report_unsure(report, "OpenSSL failed");
		else if (result != STO_RECEIPT_GOOD)
			report_problem(report, 0, checks[result], why);
	}
	free(scratch);
	free(text);
	return finish(options, report);
}

/* A promise is a note by the log's key whose text has its own form. */
static void
judge_promise(const Options *o, Report *report, const char *text, size_t len)
{
	char hex[2 * STO_DIGEST_LEN + 1];
	StoNote note;
	StoPromise promise;
	const char *why = "";
	bool signed_well = false;

	if (!sto_note_parse(text, len, &note, &why) ||
		!sto_promise_parse(note.text, note.text_len, &promise, &why))
	{
		report_problem(report, 0, "promise", why);
		return;
	}
	sto_hex_encode(promise.leaf.octets, STO_DIGEST_LEN, hex);
	report_fact(report, "promised", "entry %" PRId64 " will be sealed", promise.entry_id);
	report_fact(report, "leaf", "%s", hex);
	report_fact(report, "log", "%.*s", (int) promise.origin_len, promise.origin);
	fact_time(report, "at", promise.time);
	for (int i = 0; i < o->log_count && !signed_well; i++)
	{
		const StoNoteKey *key = &o->log_keys[i];
		bool found;
		StoCheck check = sto_note_check(&note, key, &found, NULL);

		if (check == STO_CHECK_FAILED)
			report_unsure(report, "OpenSSL failed");
		signed_well = check == STO_CHECK_GOOD && key->name_len == promise.origin_len &&
					  memcmp(key->name, promise.origin, promise.origin_len) == 0;
	}
	if (!signed_well)
		report_problem(report, promise.entry_id, "log's signature",
					   "no key given with --log-key signed this promise");
}

Verdict
verify_promise(const Options *options, const char *path)
{
	Report *report = report_new();
	size_t len = 0;
	char *text;

	if (report == NULL)
		return VERDICT_UNSURE;
	text = read_file(report, path, &len);
	if (text != NULL)
		judge_promise(options, report, text, len);
	free(text);
	return finish(options, report);
}
