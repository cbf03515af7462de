/*
 * replay_refusal.c
 *		Refused orders on record: is each an order of this ledger, and signed by whom it
 *		says?  They change nothing.
 */
#include "bin/replay_state.h"

#include "core/finding.h"

#include <string.h>

/* Lower-case hexadecimal; the octets' number, or -1. */
static int
read_octets(const char *text, uint8_t *out, size_t most)
{
	size_t len = strlen(text) / 2;

	if (len > most || strspn(text, "0123456789abcdef") != strlen(text) ||
		!sto_hex_decode(text, strlen(text), out, len))
		return -1;
	return (int) len;
}

/* The names with a comma between two; false if one isn't the name of a reason. */
static bool
join_reasons(const StoBodyTexts *reasons, char out[STO_REFUSAL_REASONS_MAX + 1])
{
	size_t used = 0;

	for (int i = 0; i < reasons->count; i++)
	{
		const char *name = sto_body_item(reasons, i);
		size_t len = strlen(name);

		if (len == 0 || strspn(name, "abcdefghijklmnopqrstuvwxyz_") != len ||
			used + (i > 0) + len > STO_REFUSAL_REASONS_MAX)
			return false;
		if (i > 0)
			out[used++] = ',';
		memcpy(out + used, name, len);
		used += len;
	}
	out[used] = '\0';
	return reasons->count > 0;
}

/* The present policy of the ordering party, or of a wallet of its, that this event set. */
static const Policy *
find_policy(const StoReplay *r, const uint8_t *ordering_party, int64_t event)
{
	const Party *party = sto_fold_party(r, ordering_party, NULL);
	const Policy *policy;
	const Wallet *wallet;

	if (party == NULL)
		return NULL;
	if (party->policy != 0)
	{
		policy = sto_pool_at(&r->policies, party->policy);
		if (policy->event == event)
			return policy;
	}
	for (uint32_t i = party->wallets; i != 0; i = wallet->next)
	{
		wallet = sto_pool_at(&r->wallets, i);
		if (wallet->policy == 0)
			continue;
		policy = sto_pool_at(&r->policies, wallet->policy);
		if (policy->event == event)
			return policy;
	}
	return NULL;
}

static void
check_signatures(const Act *act, const StoOrder *order, const uint8_t *message, size_t len)
{
	const StoBody *body = &act->body;
	uint8_t list[STO_SIGLIST_PACKED_MAX];
	const Policy *policy =
		find_policy(act->r, order->ordering_party, body->value[STO_F_KEY_POLICY].integer);
	int list_len = -1;
	uint8_t count;

	if (STO_BODY_HAS(body, STO_F_SIGNATURES))
		list_len = read_octets(body->value[STO_F_SIGNATURES].text, list, sizeof(list));
	if (list_len < 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "it has no list of signatures");
	else if (policy == NULL)
		sto_fold_refuse(act, STO_CHECK_AUTHORITY,
						"its key policy is not that of the ordering party or of a wallet of it");
	else
		(void) sto_fold_quorum(act->r, act->event->entry_id, "refused order", policy, list,
							   (size_t) list_len, act->event->recorded_at, message, len, &count);
}

bool
sto_fold_refusal(Act *act)
{
	const StoBody *body = &act->body;
	const char *state = body->value[STO_F_STATE].text;
	char reasons[STO_REFUSAL_REASONS_MAX + 1];
	uint8_t message[STO_ORDER_MAX];
	uint8_t ledger_id[STO_UUID_LEN];
	uint8_t subject[STO_UUID_LEN];
	StoOrder order;
	int len = read_octets(body->value[STO_F_ORDER].text, message, sizeof(message));

	if (len < 0 || !sto_order_parse(message, (size_t) len, ledger_id, &order) ||
		memcmp(ledger_id, act->r->ledger_id, STO_UUID_LEN) != 0)
	{
		sto_fold_refuse(act, STO_CHECK_BODY, "it is not of an order of this ledger");
		return true;
	}
	if (memcmp(order.token_id, body->value[STO_F_TOKEN].octets, STO_UUID_LEN) != 0 ||
		sto_fold_token(act->r, order.token_id, NULL) == NULL)
		sto_fold_refuse(act, STO_CHECK_RULE, "its token is another than the order's, or unknown");
	if (sto_fold_party(act->r, body->value[STO_F_PARTY].octets, NULL) == NULL)
		sto_fold_refuse(act, STO_CHECK_RULE, "who submitted the order is unknown");
	if (!sto_is_sqlstate(state) || !join_reasons(&body->value[STO_F_REASONS].texts, reasons))
	{
		sto_fold_refuse(act, STO_CHECK_BODY, "its state or its reasons are none");
		return true;
	}
	if (!sto_refusal_subject(message, (size_t) len, state, reasons, subject))
		return sto_fold_stop(act->r, act->event->entry_id, "OpenSSL failed");
	if (memcmp(subject, act->event->subject, STO_UUID_LEN) != 0)
		sto_fold_refuse(act, STO_CHECK_BODY,
						"its subject is not that of this order, state and reasons");
	if (STO_BODY_HAS(body, STO_F_KEY_POLICY))
		check_signatures(act, &order, message, (size_t) len);
	return true;
}
