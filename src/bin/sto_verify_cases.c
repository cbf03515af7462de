/*
 * sto_verify_cases.c
 *		The rows of sto.case and sto.attachment, as the fold gives them.
 */
#include "bin/sto_verify_tables.h"

static bool
next_case(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayCase c; /* values point into it */

	if (!sto_replay_case(replay, at, &c))
		return false;
	values_begin(v);
	values_number(v, true, c.event);
	values_number(v, c.approved != 0, c.approved);
	values_number(v, c.refused != 0, c.refused);
	values_number(v, c.used != 0, c.used);
	values_number(v, c.has_undoes, c.undoes);
	values_time(v, c.has_valid_until, c.valid_until);
	values_time(v, c.has_not_before, c.not_before);
	values_amount(v, c.has_amount, c.amount);
	values_octets(v, true, c.case_id, STO_UUID_LEN);
	values_octets(v, true, c.opened_by, STO_UUID_LEN);
	values_octets(v, c.has_approved_by, c.approved_by, STO_UUID_LEN);
	values_octets(v, c.has_token, c.token_id, STO_UUID_LEN);
	values_octets(v, true, c.debit, STO_ADDRESS_LEN);
	values_octets(v, c.has_credit, c.credit, STO_ADDRESS_LEN);
	values_octets(v, true, c.document_hash, STO_DIGEST_LEN);
	values_text(v, c.act);
	values_text(v, c.basis);
	values_text(v, c.holds[0] != '\0' ? c.holds : NULL);
	values_name_number(v, "case", c.event);
	return true;
}

static bool
next_attachment(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayAttachment a;

	if (!sto_replay_attachment(replay, at, &a))
		return false;
	values_begin(v);
	values_number(v, true, a.event);
	values_number(v, true, a.case_event);
	values_number(v, a.lifted != 0, a.lifted);
	values_amount(v, true, a.amount);
	values_amount(v, true, a.remaining);
	values_octets(v, true, a.token_id, STO_UUID_LEN);
	values_octets(v, true, a.wallet, STO_ADDRESS_LEN);
	values_name_number(v, "attachment", a.event);
	return true;
}

const Table case_tables[] = {
	{"sto.case",
	 "case_event, approved, refused, used, undoes, valid_until, not_before, amount, case_id, "
	 "opened_by, approved_by, token_id, debit_wallet, credit_wallet, document_hash, act, basis, "
	 "pg_catalog.array_to_json(holds)::text",
	 "case_event", NULL, next_case},
	{"sto.attachment", "attachment, case_event, lifted, amount, remaining, token_id, wallet",
	 "attachment", NULL, next_attachment},
	{NULL, NULL, NULL, NULL, NULL},
};
