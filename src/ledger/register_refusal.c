/*
 * register_refusal.c
 *		Handler of refusals: what stands in one is true, as far as the log knows.
 *
 * The gate alone writes them, and no keys sign them; they change nothing.  What a
 * replica can check again is that the order is one, and whose quorum signed it.
 */
#include "postgres.h"

#include "ledger/refusal.h"
#include "ledger/register.h"

#include "core/finding.h"
#include "core/policy.h"

#include "utils/builtins.h"

bool sto_refusal_recording = false;

/* Octets of a field in lower-case hexadecimal. */
static uint8_t *
read_octets(const char *text, const char *name, int most, int *len)
{
	uint8_t *octets = palloc(most);

	*len = strlen(text) / 2;
	if (*len > most || strspn(text, "0123456789abcdef") != strlen(text) ||
		!sto_hex_decode(text, strlen(text), octets, *len))
		sto_act_refuse("\"%s\" is not at most %d octets in lower-case hexadecimal", name, most);
	return octets;
}

static char *
join_reasons(const StoTexts *reasons)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < reasons->count; i++)
	{
		const char *name = reasons->items[i];

		if (*name == '\0' || strspn(name, "abcdefghijklmnopqrstuvwxyz_") != strlen(name))
			sto_act_refuse("\"%s\" is not the name of a reason", name);
		appendStringInfo(&text, "%s%s", i > 0 ? "," : "", name);
	}
	if (reasons->count == 0 || text.len > STO_REFUSAL_REASONS_MAX)
		sto_act_refuse("\"reasons\" must hold some names, of at most %d octets together",
					   STO_REFUSAL_REASONS_MAX);
	return text.data;
}

/* Is it the present policy of that party, or of a wallet of that party's? */
static bool
is_policy_of(int64 key_policy, const uint8_t *party_id, const uint8_t *ledger_id)
{
	Datum key = Int64GetDatum(key_policy);
	uint8_t subject[STO_UUID_LEN];
	uint8_t address[STO_ADDRESS_LEN];
	StoPartyFact party;
	StoWalletFact wallet;
	bool isnull;
	bool found;
	StoRow row;

	found = sto_store_find(STO_REL_KEY_POLICY, STO_IDX_KEY_POLICY, 1, &key, &row);
	if (found)
		memcpy(subject, DatumGetPointer(sto_row_get(&row, KEY_POLICY_SUBJECT, &isnull)),
			   STO_UUID_LEN);
	sto_row_close(&row);
	if (!found)
		return false;
	if (sto_uuid_equal(subject, party_id))
		return sto_fact_party(party_id, &party) && party.policy_event == key_policy;
	return sto_wallet_address(ledger_id, subject, address) && sto_fact_wallet(address, &wallet) &&
		   sto_uuid_equal(wallet.party, party_id) && wallet.policy_event == key_policy;
}

static void
check_signatures(const StoAct *act, const StoOrder *order, const uint8_t *message, int len)
{
	const StoBody *body = &act->body;
	int64 key_policy = body->value[STO_F_KEY_POLICY].integer;
	uint8_t again[STO_SIGLIST_PACKED_MAX];
	const char *why = NULL;
	uint8_t *octets;
	StoSigList list;
	StoPolicy policy;
	StoWriter w;
	int octets_len;
	int which;

	if (!STO_BODY_HAS(body, STO_F_SIGNATURES))
		sto_act_refuse("a refusal that names a key policy has signatures");
	octets = read_octets(body->value[STO_F_SIGNATURES].text, "signatures", STO_SIGLIST_PACKED_MAX,
						 &octets_len);
	if (!sto_siglist_parse(octets, octets_len, &list, &why))
		sto_act_refuse("its list of signatures can't be read: %s", why);
	sto_writer_init(&w, again, sizeof(again));
	sto_put_siglist(&w, &list);
	if (w.len != octets_len || memcmp(again, octets, w.len) != 0)
		sto_act_refuse("its signatures are not in stored form");
	if (!is_policy_of(key_policy, order->ordering_party, act->ledger.ledger_id) ||
		!sto_fact_policy(key_policy, &policy))
		sto_act_refuse("event " INT64_FORMAT
					   " is not the key policy of the ordering party or of a wallet of it",
					   key_policy);
	if (act->check_signatures && sto_quorum_check(&policy, &list, message, len,
												  act->event.recorded_at, &which) != STO_QUORUM_MET)
		sto_act_refuse("the order is not signed by a quorum of key policy " INT64_FORMAT,
					   key_policy);
}

void
sto_register_refusal(StoAct *act)
{
	const StoBody *body = &act->body;
	const char *state = body->value[STO_F_STATE].text;
	uint8_t ledger_id[STO_UUID_LEN];
	uint8_t subject[STO_UUID_LEN];
	StoTokenFact token;
	StoPartyFact party;
	uint8_t *message;
	StoOrder order;
	int len;

	if (act->mode == STO_MODE_POST && !sto_refusal_recording)
		sto_act_refuse("refusals are recorded by sto.submit()");
	message = read_octets(body->value[STO_F_ORDER].text, "order", STO_ORDER_MAX, &len);
	if (!sto_order_parse(message, len, ledger_id, &order) ||
		!sto_uuid_equal(ledger_id, act->ledger.ledger_id))
		sto_act_refuse("\"order\" is not an order message of this ledger");
	if (!sto_uuid_equal(order.token_id, body->value[STO_F_TOKEN].octets) ||
		!sto_fact_token(order.token_id, &token))
		sto_act_refuse("\"token\" is not the order's, or not in the register");
	if (!sto_fact_party(body->value[STO_F_PARTY].octets, &party))
		sto_act_refuse("\"party\" is not in the register");
	if (!sto_is_sqlstate(state))
		sto_act_refuse("\"state\" is not an SQLSTATE");
	if (!sto_refusal_subject(message, len, state, join_reasons(&body->value[STO_F_REASONS].texts),
							 subject))
		elog(ERROR, "could not compute SHA-256");
	if (!sto_uuid_equal(subject, act->event.subject))
		sto_act_refuse("its subject is not that of this order, state and reasons");
	if (STO_BODY_HAS(body, STO_F_KEY_POLICY))
		check_signatures(act, &order, message, len);
}
