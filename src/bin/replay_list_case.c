/*
 * replay_list_case.c
 *		What a replay knows of cases of enforcement, row by row.
 */
#include "bin/replay_state.h"

#include <stdio.h>
#include <string.h>

#define ROW(pool, number) sto_pool_at(&r->pool, number)

static void
print_holds(const StoReplay *r, const Case *row, char out[STO_REPLAY_HOLDS_MAX])
{
	size_t len = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < row->hold_count && len + 24 < STO_REPLAY_HOLDS_MAX; i++)
		len += (size_t) snprintf(
			out + len, STO_REPLAY_HOLDS_MAX - len, "%s%lld%s", i == 0 ? "[" : ",",
			(long long) ((const CaseHold *) ROW(case_holds, row->first_hold + i))->hold_id,
			i + 1 == row->hold_count ? "]" : "");
}

static void
put_party(const StoReplay *r, uint32_t party, uint8_t out[STO_UUID_LEN])
{
	if (party != 0)
		memcpy(out, ((const Party *) ROW(parties, party))->uuid, STO_UUID_LEN);
}

static void
put_wallet(const StoReplay *r, uint32_t wallet, uint8_t out[STO_ADDRESS_LEN])
{
	if (wallet != 0)
		memcpy(out, ((const Wallet *) ROW(wallets, wallet))->address, STO_ADDRESS_LEN);
}

bool
sto_replay_case(const StoReplay *r, size_t *at, StoReplayCase *out)
{
	const Case *row;

	if (*at >= r->cases.count)
		return false;
	row = ROW(cases, (uint32_t)++ * at);
	memset(out, 0, sizeof(*out));
	out->event = row->event;
	out->approved = row->approved;
	out->refused = row->refused;
	out->used = row->used;
	out->has_undoes = row->has_undoes;
	out->has_valid_until = row->has_valid_until;
	out->has_not_before = row->has_not_before;
	out->has_amount = row->has_amount;
	out->has_token = row->token != 0;
	out->has_credit = row->credit != 0;
	out->has_approved_by = row->approved_by != 0;
	out->undoes = row->undoes;
	out->valid_until = row->valid_until;
	out->not_before = row->not_before;
	out->amount = row->amount;
	memcpy(out->case_id, sto_fold_uuid_of(r, row->subject), STO_UUID_LEN);
	put_party(r, row->opened_by, out->opened_by);
	put_party(r, row->approved_by, out->approved_by);
	if (row->token != 0)
		memcpy(out->token_id, ((const Token *) ROW(tokens, row->token))->uuid, STO_UUID_LEN);
	put_wallet(r, row->debit, out->debit);
	put_wallet(r, row->credit, out->credit);
	memcpy(out->document_hash, row->document_hash, STO_DIGEST_LEN);
	out->act = sto_fold_acts[row->act];
	out->basis = sto_fold_case_bases[row->basis];
	print_holds(r, row, out->holds);
	return true;
}

bool
sto_replay_attachment(const StoReplay *r, size_t *at, StoReplayAttachment *out)
{
	const Attachment *row;

	if (*at >= r->attachments.count)
		return false;
	row = ROW(attachments, (uint32_t)++ * at);
	out->amount = row->amount;
	out->remaining = row->remaining;
	out->event = row->event;
	out->case_event = row->case_event;
	out->lifted = row->lifted;
	memcpy(out->token_id, ((const Token *) ROW(tokens, row->token))->uuid, STO_UUID_LEN);
	put_wallet(r, row->wallet, out->wallet);
	return true;
}
