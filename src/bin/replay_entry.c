/*
 * replay_entry.c
 *		One entry: what it names, who ordered it, what it moves, what it says of
 *		that.
 */
#include "bin/replay_state.h"

#include "core/amount.h"
#include "core/hash.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* tag "sto.side" 1 */
#define SIDE_TAG_LEN 10

void
sto_fold_bad(const Posting *p, const char *check, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sto_fold_problem(p->r, p->entry->entry_id, check, "%s", text);
}

static void
find_wallet(const Posting *p, const uint8_t *address, int side, Wallet **wallet, uint32_t *row)
{
	*wallet = sto_fold_side_wallet(p->r, address, side, row);
	if (*wallet == NULL)
		sto_fold_bad(p, STO_CHECK_RULE, "the %s wallet is not in the register",
					 side == 0 ? "debit" : "credit");
}

/* Most orders are by the party of the wallet that they debit. */
static Party *
find_orderer(const Posting *p)
{
	Party *holder;

	if (p->debit != NULL)
	{
		holder = sto_pool_at(&p->r->parties, p->debit->party);
		if (memcmp(holder->uuid, p->order->ordering_party, STO_UUID_LEN) == 0)
			return holder;
	}
	return sto_fold_party(p->r, p->order->ordering_party, NULL);
}

static void
find_hold(Posting *p)
{
	const StoOrder *o = p->order;
	HoldRow *hold = sto_fold_hold(p->r, o->hold_id, &p->hold_row);

	if (hold == NULL)
	{
		sto_fold_bad(p, STO_CHECK_HOLD, "there is no hold %lld", (long long) o->hold_id);
		return;
	}
	if (hold->token != p->token_row || hold->wallet != p->debit_row)
	{
		sto_fold_bad(p, STO_CHECK_HOLD, "hold %lld is on another wallet or token",
					 (long long) o->hold_id);
		return;
	}
	if (o->kind == STO_POST && hold->has_beneficiary &&
		(hold->beneficiary == 0 ? memcmp(hold->beneficiary_address, o->credit, STO_ADDRESS_LEN) != 0
								: sto_fold_heir(p->r, hold->beneficiary) != p->credit_row))
		sto_fold_bad(p, STO_CHECK_HOLD, "hold %lld names another beneficiary",
					 (long long) o->hold_id);
	p->hold = hold;
}

/* Token, wallets, party, hold and positions; false if there is no memory. */
static bool
resolve(Posting *p)
{
	StoReplay *r = p->r;
	const StoOrder *o = p->order;

	p->token = sto_fold_token(r, o->token_id, &p->token_row);
	if (p->token == NULL)
		sto_fold_bad(p, STO_CHECK_RULE, "the token is not in the register");
	find_wallet(p, o->debit, 0, &p->debit, &p->debit_row);
	if (o->has_credit)
		find_wallet(p, o->credit, 1, &p->credit, &p->credit_row);
	p->orderer = find_orderer(p);
	if (o->has_hold_id)
		find_hold(p);
	if (p->entry->has_authority_event &&
		(sto_order_by_case(o) ||
		 (o->kind == STO_POST && p->hold != NULL && p->hold->purpose == STO_PLEDGE)))
		p->legal = sto_fold_case(r, p->entry->authority_event);
	if (p->token == NULL)
		return true;
	if (p->debit != NULL &&
		(p->debit_pos = sto_fold_position_make(r, p->debit_row, p->token_row, NULL)) == NULL)
		return sto_fold_stop(r, p->entry->entry_id, "there is no memory");
	/* a hold names a beneficiary, whose position it doesn't touch */
	if (p->credit != NULL && o->kind != STO_HOLD && p->credit != p->debit &&
		(p->credit_pos = sto_fold_position_make(r, p->credit_row, p->token_row, NULL)) == NULL)
		return sto_fold_stop(r, p->entry->entry_id, "there is no memory");
	return true;
}

/* An order id, set apart from equal ids of other parties. */
static void
order_value(const Posting *p, uint64_t value[2])
{
	memcpy(value, p->order->order_id, STO_UUID_LEN);
	if (p->orderer != NULL)
	{
		value[0] ^= p->orderer->order_mask[0];
		value[1] ^= p->orderer->order_mask[1];
	}
}

/* Unique for ever per ordering party; one that isn't registered was reported as that. */
static bool
check_order_id(const Posting *p, const uint64_t value[2])
{
	char text[STO_UUID_TEXT_LEN + 1];
	bool is_new;

	if (p->orderer == NULL)
		return true;
	if (!sto_set_add(&p->r->orders, p->r->seed, value, &is_new))
		return sto_fold_stop(p->r, p->entry->entry_id, "there is no memory");
	if (!is_new)
		sto_fold_bad(p, STO_CHECK_ORDER_ID, "order id %s was used before by the same party",
					 sto_fold_uuid(p->order->order_id, text));
	return true;
}

static void
put_number(uint8_t *at, uint64_t v)
{
	v = htobe64(v);
	memcpy(at, &v, sizeof(v));
}

static void
put_amount(uint8_t *at, StoAmount v)
{
	put_number(at, (uint64_t) ((unsigned __int128) v >> 64));
	put_number(at + 8, (uint64_t) v);
}

/* The octets that sto_side_digest() hashes, laid out here: it is done twice an entry. */
static uint8_t
put_side(uint8_t *out, const uint8_t *salt, const uint8_t *token_id, const StoSide *side)
{
	static const uint8_t tag[SIDE_TAG_LEN] = {8, 's', 't', 'o', '.', 's', 'i', 'd', 'e', 1};
	uint8_t *at = out;

	memcpy(at, tag, SIDE_TAG_LEN);
	memcpy(at += SIDE_TAG_LEN, salt, STO_DIGEST_LEN);
	memcpy(at += STO_DIGEST_LEN, token_id, STO_UUID_LEN);
	put_number(at += STO_UUID_LEN, (uint64_t) side->seq);
	put_amount(at += 8, side->balance);
	put_amount(at += STO_AMOUNT_LEN, side->held);
	at += STO_AMOUNT_LEN;
	*at++ = side->has_prev;
	if (side->has_prev)
	{
		memcpy(at, side->prev, STO_DIGEST_LEN);
		at += STO_DIGEST_LEN;
	}
	return (uint8_t) (at - out);
}

static StoCheck
run_side(const StoReplaySide *side)
{
	uint8_t digest[STO_DIGEST_LEN];

	if (!sto_sha256(side->preimage, side->len, digest))
		return STO_CHECK_FAILED;
	return memcmp(digest, side->expected, STO_DIGEST_LEN) == 0 ? STO_CHECK_GOOD : STO_CHECK_BAD;
}

size_t
sto_replay_side_text(const StoReplaySide *side, char *out, size_t size)
{
	StoReader reader;
	char balance[STO_AMOUNT_TEXT_MAX];
	char held[STO_AMOUNT_TEXT_MAX];
	int64_t seq;
	int len;

	sto_reader_init(&reader, side->preimage, side->len);
	(void) sto_get_view(&reader, SIDE_TAG_LEN + STO_DIGEST_LEN + STO_UUID_LEN);
	seq = sto_get_i64(&reader);
	sto_amount_print(sto_get_amount(&reader), balance);
	sto_amount_print(sto_get_amount(&reader), held);
	len =
		snprintf(out, size,
				 "the %s side's digest is not that of the position as the log makes it: seq %lld, "
				 "balance %s, held %s, linked to the entry before",
				 side->credit ? "credit" : "debit", (long long) seq, balance, held);
	return len < 0 ? 0 : (size_t) len < size ? (size_t) len : size - 1;
}

/* What the record commits to, beside what the fold made. */
static void
compare_side(const Posting *p, const StoSide *side, const Wallet *wallet, const uint8_t *stated,
			 bool credit)
{
	StoReplaySide job;
	char text[300];

	if (side->present != (stated != NULL))
	{
		if (p->token != NULL && (wallet != NULL || stated != NULL))
			sto_fold_bad(p, STO_CHECK_SIDE,
						 stated != NULL ? "it has a digest of a %s position that it doesn't move"
										: "the digest of the %s position is missing",
						 credit ? "credit" : "debit");
		return;
	}
	if (stated == NULL)
		return;
	job.entry_id = p->entry->entry_id;
	job.credit = credit;
	job.len = put_side(job.preimage, wallet->salt, p->order->token_id, side);
	memcpy(job.expected, stated, STO_DIGEST_LEN);
	if (p->r->calls.side != NULL)
	{
		p->r->calls.side(p->r->calls.context, &job);
		return;
	}
	switch (run_side(&job))
	{
		case STO_CHECK_GOOD:
			break;
		case STO_CHECK_BAD:
			(void) sto_replay_side_text(&job, text, sizeof(text));
			sto_fold_bad(p, STO_CHECK_SIDE, "%s", text);
			break;
		case STO_CHECK_FAILED:
			(void) sto_fold_stop(p->r, job.entry_id, "OpenSSL failed to hash");
			break;
	}
}

static void
compare(const Posting *p, const StoRecord *record)
{
	compare_side(p, &p->entry->debit, p->debit, record->debit_side, false);
	compare_side(p, &p->entry->credit, p->credit, record->credit_side, true);
	if (p->entry->has_key_policy != (p->key_policy != 0) ||
		(p->key_policy != 0 && p->entry->key_policy != p->key_policy))
		sto_fold_bad(p, STO_CHECK_AUTHORITY,
					 "key_policy is not %lld, the policy of whoever had to sign",
					 (long long) p->key_policy);
}

bool
sto_fold_entry(StoReplay *r, StoRecord *record, const uint8_t *leaf)
{
	Posting p = {.r = r, .entry = &record->entry, .order = &record->entry.order, .leaf = leaf};
	uint64_t value[2];

	if (!sto_fold_shape(&p))
		return true;
	if (!resolve(&p))
		return false;
	order_value(&p, value);
	sto_set_prefetch(&r->orders, r->seed, value);
	sto_fold_permit(&p);
	sto_fold_comply(&p);
	if (!sto_fold_ruled(&p) || !sto_fold_post(&p))
		return false;
	compare(&p, record);
	return sto_fold_trace(&p) && check_order_id(&p, value) && sto_fold_batch_count(&p) &&
		   sto_fold_group(&p) && sto_fold_redeem(&p) && !r->broken;
}
