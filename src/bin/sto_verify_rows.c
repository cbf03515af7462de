/*
 * sto_verify_rows.c
 *		The rows of the derived tables, as the fold gives them.
 */
#include "bin/sto_verify_tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/bech32m.h"

static Value *
add(Values *v, bool present)
{
	Value *value = &v->values[v->count++];

	memset(value, 0, sizeof(*value));
	value->present = present;
	return value;
}

void
values_number(Values *v, bool present, int64_t number)
{
	Value *value = add(v, present);

	value->is_number = true;
	value->number = number;
}

void
values_time(Values *v, bool present, int64_t time)
{
	values_number(v, present, time);
	v->values[v->count - 1].is_time = true;
}

void
values_octets(Values *v, bool present, const void *octets, size_t len)
{
	Value *value = add(v, present);

	value->octets = octets;
	value->len = len;
}

void
values_digest(Values *v, const uint8_t *digest)
{
	values_octets(v, true, digest, STO_DIGEST_LEN);
	v->values[v->count - 1].is_digest = true;
}

void
values_text(Values *v, const char *text)
{
	values_octets(v, text != NULL, text, text != NULL ? strlen(text) : 0);
}

void
values_bool(Values *v, bool b)
{
	values_octets(v, true, b ? "\1" : "\0", 1);
}

void
values_amount(Values *v, bool present, StoAmount amount)
{
	Value *value = add(v, present);
	StoWriter w;

	sto_writer_init(&w, value->amount, sizeof(value->amount));
	sto_put_amount(&w, amount);
	value->octets = value->amount;
	value->len = sizeof(value->amount);
}

void
values_begin(Values *v)
{
	v->count = 0;
	v->optional = false;
	v->key[0] = '\0';
}

bool
values_read_text(const Cursor *row, int column, char *out, size_t size)
{
	size_t len;
	const uint8_t *octets = cursor_view(row, column, &len);

	if (octets == NULL || len >= size)
		return false;
	memcpy(out, octets, len);
	out[len] = '\0';
	return true;
}

void
values_name_uuid(Values *v, const char *what, const uint8_t *uuid)
{
	char hex[2 * STO_UUID_LEN + 1];

	sto_hex_encode(uuid, STO_UUID_LEN, hex);
	snprintf(v->key, sizeof(v->key), "%s %.8s-%.4s-%.4s-%.4s-%.12s", what, hex, hex + 8, hex + 12,
			 hex + 16, hex + 20);
}

void
values_name_number(Values *v, const char *what, int64_t number)
{
	snprintf(v->key, sizeof(v->key), "%s %" PRId64, what, number);
}

/* sto.ledger */

static bool
next_ledger(const StoReplay *replay, size_t *at, Values *v)
{
	const StoReplayLedger *l = sto_replay_ledger(replay);

	if ((*at)++ > 0 || l == NULL)
		return false;
	values_begin(v);
	values_octets(v, true, l->ledger_id, STO_UUID_LEN);
	values_number(v, true, l->policy_event);
	values_octets(v, true, l->genesis, STO_DIGEST_LEN);
	values_text(v, l->name);
	values_text(v, l->origin);
	values_text(v, l->roles ? "roles" : "keys");
	values_name_uuid(v, "ledger", l->ledger_id);
	return true;
}

/* sto.position */

static void
fill_position(const StoReplayPosition *p, Values *v)
{
	char address[STO_ADDRESS_TEXT_LEN + 1];
	Values token;

	values_begin(v);
	values_octets(v, true, p->wallet, STO_ADDRESS_LEN);
	values_octets(v, true, p->token_id, STO_UUID_LEN);
	values_amount(v, true, p->balance);
	values_amount(v, true, p->held);
	values_number(v, true, p->seq);
	values_time(v, true, p->posted_at);
	values_octets(v, true, p->head, STO_DIGEST_LEN);
	values_amount(v, true, p->outflow);
	sto_address_print(p->wallet, address);
	values_name_uuid(&token, "token", p->token_id);
	snprintf(v->key, sizeof(v->key), "%s, %.60s", address, token.key);
}

static bool
find_position(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayPosition p; /* values point into it */
	const uint8_t *wallet = cursor_octets(row, 0, STO_ADDRESS_LEN);
	const uint8_t *token = cursor_octets(row, 1, STO_UUID_LEN);

	if (wallet == NULL || token == NULL || !sto_replay_find_position(replay, wallet, token, &p))
		return false;
	fill_position(&p, v);
	return true;
}

static bool
next_position(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayPosition p;

	if (!sto_replay_position(replay, at, &p))
		return false;
	fill_position(&p, v);
	return true;
}

/* sto.hold */

static void
fill_hold(const StoReplayHold *h, Values *v)
{
	values_begin(v);
	values_number(v, true, h->hold_id);
	values_octets(v, true, h->wallet, STO_ADDRESS_LEN);
	values_octets(v, true, h->token_id, STO_UUID_LEN);
	values_amount(v, true, h->amount);
	values_amount(v, true, h->remaining);
	values_time(v, h->has_release_after, h->release_after);
	values_octets(v, h->has_notary, h->notary, STO_UUID_LEN);
	values_octets(v, h->has_beneficiary, h->beneficiary, STO_ADDRESS_LEN);
	values_octets(v, h->has_condition, h->condition, STO_DIGEST_LEN);
	values_octets(v, h->has_instruction, h->instruction, STO_DIGEST_LEN);
	values_bool(v, h->checked_once);
	values_text(v, sto_purpose_name(h->purpose));
	values_name_number(v, "hold", h->hold_id);
}

static bool
find_hold(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayHold h;

	if (!sto_replay_find_hold(replay, cursor_number(row, 0), &h))
		return false;
	fill_hold(&h, v);
	return true;
}

static bool
next_hold(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayHold h;

	if (!sto_replay_hold(replay, at, &h))
		return false;
	fill_hold(&h, v);
	return true;
}

/* sto.token */

static void
fill_token(const StoReplayToken *t, Values *v)
{
	values_begin(v);
	values_octets(v, true, t->token_id, STO_UUID_LEN);
	values_number(v, true, t->registered);
	values_amount(v, t->has_authorised, t->authorised);
	values_octets(v, true, t->issuer, STO_UUID_LEN);
	values_octets(v, true, t->issuance, STO_ADDRESS_LEN);
	values_number(v, true, t->decimals);
	values_text(v, t->kind);
	values_text(v, t->active ? "active" : "closed");
	values_text(v, t->name);
	values_text(v, t->isin);
	values_text(v, t->cfi);
	values_text(v, t->dti);
	values_text(v, t->currency);
	values_text(v, t->unsigned_role);
	values_number(v, t->paused != 0, t->paused);
	values_octets(v, t->has_paused_by, t->paused_by, STO_UUID_LEN);
	values_number(v, t->topics != 0, t->topics);
	values_bool(v, t->receiver_only);
	values_number(v, t->redeem_terms != 0, t->redeem_terms);
	values_octets(v, t->redeem_terms != 0, t->redeem_token, STO_UUID_LEN);
	values_amount(v, t->redeem_terms != 0, t->redeem_price);
	values_amount(v, t->redeem_terms != 0, t->redeem_per);
	values_time(v, t->redeem_period.has_from, t->redeem_period.from);
	values_time(v, t->redeem_period.has_to, t->redeem_period.to);
	values_name_uuid(v, "token", t->token_id);
}

static bool
find_token(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayToken t;
	const uint8_t *id = cursor_octets(row, 0, STO_UUID_LEN);

	if (id == NULL || !sto_replay_find_token(replay, id, &t))
		return false;
	fill_token(&t, v);
	return true;
}

static bool
next_token(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayToken t;

	if (!sto_replay_token(replay, at, &t))
		return false;
	fill_token(&t, v);
	return true;
}

/* sto.party */

static void
fill_party(const StoReplayParty *p, Values *v)
{
	values_begin(v);
	values_octets(v, true, p->party_id, STO_UUID_LEN);
	values_number(v, true, p->registered);
	values_number(v, p->policy_event != 0, p->policy_event);
	values_text(v, p->kind);
	values_text(v, p->active ? "active" : "closed");
	values_text(v, p->country);
	values_text(v, p->lei);
	values_octets(v, p->has_commitment, p->commitment, STO_DIGEST_LEN);
	values_text(v, p->incorporation);
	values_number(v, p->frozen != 0, p->frozen);
	values_name_uuid(v, "party", p->party_id);
}

static bool
find_party(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayParty p;
	const uint8_t *id = cursor_octets(row, 0, STO_UUID_LEN);

	if (id == NULL || !sto_replay_find_party(replay, id, &p))
		return false;
	fill_party(&p, v);
	return true;
}

static bool
next_party(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayParty p;

	if (!sto_replay_party(replay, at, &p))
		return false;
	fill_party(&p, v);
	return true;
}

/* sto.wallet */

static void
fill_wallet(const StoReplayWallet *w, Values *v)
{
	values_begin(v);
	values_octets(v, true, w->address, STO_ADDRESS_LEN);
	values_number(v, true, w->registered);
	values_number(v, w->policy_event != 0, w->policy_event);
	values_octets(v, true, w->wallet_id, STO_UUID_LEN);
	values_octets(v, true, w->party_id, STO_UUID_LEN);
	values_octets(v, w->has_custodian, w->custodian, STO_UUID_LEN);
	values_octets(v, true, w->salt, STO_DIGEST_LEN);
	values_bool(v, w->signed_only);
	values_text(v, w->kind);
	values_text(v, w->active ? "active" : "closed");
	values_number(v, w->frozen != 0, w->frozen);
	values_number(v, w->barred != 0, w->barred);
	values_octets(v, w->barred != 0, w->successor, STO_ADDRESS_LEN);
	values_name_uuid(v, "wallet", w->wallet_id);
}

static bool
find_wallet(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayWallet w;
	const uint8_t *address = cursor_octets(row, 0, STO_ADDRESS_LEN);

	if (address == NULL || !sto_replay_find_wallet(replay, address, &w))
		return false;
	fill_wallet(&w, v);
	return true;
}

static bool
next_wallet(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayWallet w;

	if (!sto_replay_wallet(replay, at, &w))
		return false;
	fill_wallet(&w, v);
	return true;
}

/* sto.key, and of the same keys sto.log_key and sto.witness */

static void
put_key(Values *v, const StoReplayKey *k, uint8_t octets[1 + STO_KEY_MAX])
{
	char hex[2 * STO_DIGEST_LEN + 1];

	octets[0] = k->key.scheme;
	memcpy(octets + 1, k->key.data, k->key.len);
	values_octets(v, true, octets, 1u + k->key.len);
	sto_hex_encode(k->fingerprint, STO_DIGEST_LEN, hex);
	snprintf(v->key, sizeof(v->key), "key %s", hex);
}

static void
fill_key(const StoReplayKey *k, Values *v)
{
	static const char *const used_for[] = {
		[STO_ROLE_POLICY] = "policy", [STO_ROLE_LOG] = "log", [STO_ROLE_WITNESS] = "witness"};
	static uint8_t octets[1 + STO_KEY_MAX];

	values_begin(v);
	values_octets(v, true, k->fingerprint, STO_DIGEST_LEN);
	values_number(v, true, k->registered);
	values_number(v, k->retired != 0, k->retired);
	values_time(v, k->has_from, k->from);
	values_time(v, k->has_to, k->to);
	values_octets(v, true, k->subject, STO_UUID_LEN);
	put_key(v, k, octets);
	values_text(v, used_for[k->role]);
}

static bool
find_key(const StoReplay *replay, const Cursor *row, Values *v)
{
	static StoReplayKey k;
	const uint8_t *fingerprint = cursor_octets(row, 0, STO_DIGEST_LEN);

	if (fingerprint == NULL || !sto_replay_find_key(replay, fingerprint, &k))
		return false;
	fill_key(&k, v);
	return true;
}

static bool
next_key(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayKey k;

	if (!sto_replay_key(replay, at, &k))
		return false;
	fill_key(&k, v);
	return true;
}

static bool
next_of_role(const StoReplay *replay, size_t *at, StoReplayRole role, Values *v)
{
	static StoReplayKey k;
	static uint8_t octets[1 + STO_KEY_MAX];

	do
	{
		if (!sto_replay_key(replay, at, &k))
			return false;
	} while (k.role != role);
	values_begin(v);
	values_number(v, true, k.registered);
	values_number(v, k.retired != 0, k.retired);
	values_octets(v, true, k.fingerprint, STO_DIGEST_LEN);
	put_key(v, &k, octets);
	if (role == STO_ROLE_WITNESS)
	{
		values_octets(v, true, k.subject, STO_UUID_LEN);
		values_text(v, k.name);
	}
	return true;
}

static bool
next_log_key(const StoReplay *replay, size_t *at, Values *v)
{
	return next_of_role(replay, at, STO_ROLE_LOG, v);
}

static bool
next_witness(const StoReplay *replay, size_t *at, Values *v)
{
	return next_of_role(replay, at, STO_ROLE_WITNESS, v);
}

/* sto.batch */

static bool
next_batch(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayBatch b;

	if (!sto_replay_batch(replay, at, &b))
		return false;
	values_begin(v);
	values_number(v, true, b.batch_event);
	values_number(v, true, b.policy_event);
	values_number(v, true, b.count);
	values_amount(v, true, b.sum);
	values_time(v, b.has_usable_until, b.usable_until);
	values_octets(v, true, b.batch_id, STO_UUID_LEN);
	values_octets(v, true, b.actor, STO_UUID_LEN);
	values_octets(v, true, b.token_id, STO_UUID_LEN);
	values_octets(v, true, b.hash, STO_DIGEST_LEN);
	values_bool(v, b.posted);
	values_name_number(v, "batch", b.batch_event);
	return true;
}

/* Tables that single events of one kind fill. */

static bool
next_notice(const StoReplay *replay, size_t *at, const char *kind, StoReplayNotice *n, Values *v)
{
	do
	{
		if (!sto_replay_notice(replay, at, n))
			return false;
	} while (strcmp(n->kind, kind) != 0);
	values_begin(v);
	values_number(v, true, n->entry_id);
	values_name_number(v, kind, n->entry_id);
	return true;
}

static bool
next_policy(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayNotice n;

	if (!next_notice(replay, at, "witness_policy", &n, v))
		return false;
	values_number(v, true, n.number);
	return true;
}

static bool
next_authority(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayNotice n;

	if (!next_notice(replay, at, "time_authority", &n, v))
		return false;
	values_text(v, n.name);
	values_text(v, n.text);
	return true;
}

static bool
next_restart(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayNotice n;

	if (!next_notice(replay, at, "log_restart", &n, v))
		return false;
	values_number(v, true, n.number);
	values_octets(v, true, n.digest, STO_DIGEST_LEN);
	values_text(v, n.text);
	return true;
}

static bool
next_close(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayNotice n;

	if (!next_notice(replay, at, "close", &n, v))
		return false;
	values_time(v, true, n.recorded_at);
	values_number(v, true, n.number);
	values_octets(v, true, n.digest, STO_DIGEST_LEN);
	return true;
}

/* Tables whose rows the fold can look up come in any order; the others in that of their events. */
const Table derived_tables[] = {
	{"sto.ledger", "ledger_id, policy_event, genesis_hash, name, origin, register_authority", "1",
	 NULL, next_ledger},
	{"sto.position", "wallet, token_id, balance, held, seq, posted_at, head, outflow", NULL,
	 find_position, next_position},
	{"sto.hold",
	 "hold_id, wallet, token_id, amount, remaining, release_after, notary, beneficiary, "
	 "condition_hash, instruction_hash, checked_once, purpose",
	 NULL, find_hold, next_hold},
	{"sto.token",
	 "token_id, registered, authorised, issuer, issuance, decimals::bigint, kind, status, name, "
	 "isin::text, cfi::text, dti::text, currency, unsigned_role, paused, paused_by, topics, "
	 "receiver_only, redeem_terms, redeem_token, redeem_price, redeem_per, redeem_from, redeem_to",
	 NULL, find_token, next_token},
	{"sto.party",
	 "party_id, registered, policy_event, kind, status, country, lei::text, commitment, "
	 "incorporation, frozen",
	 NULL, find_party, next_party},
	{"sto.wallet",
	 "address, registered, policy_event, wallet_id, party_id, custodian, salt, signed_only, kind, "
	 "status, frozen, barred, successor",
	 NULL, find_wallet, next_wallet},
	{"sto.key", "fingerprint, registered, retired, valid_from, valid_to, subject, key, used_for",
	 NULL, find_key, next_key},
	{"sto.batch",
	 "batch_event, policy_event, count, sum, usable_until, batch_id, actor, token_id, hash, posted",
	 "batch_event", NULL, next_batch},
	{"sto.log_key", "registered, retired, fingerprint, key", "registered", NULL, next_log_key},
	{"sto.witness", "registered, retired, fingerprint, key, party_id, name", "registered", NULL,
	 next_witness},
	{"sto.witness_policy", "registered, threshold::bigint", "registered", NULL, next_policy},
	{"sto.time_authority", "registered, name, certificate", "registered", NULL, next_authority},
	{"sto.log_restart", "event, tree_size, root, reason", "event", NULL, next_restart},
	{"sto.close", "event, recorded_at, count, root", "event", NULL, next_close},
	{NULL, NULL, NULL, NULL, NULL},
};
