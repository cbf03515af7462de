/*
 * replay_register.c
 *		Handlers of events about the ledger, parties, wallets and batches.
 */
#include "bin/replay_state.h"

#include "core/hash.h"
#include "core/identifiers.h"

#include <string.h>

/* An origin goes into the first line of checkpoints, a name into reports. */
#define NAME_MAX_LEN 200
#define REASON_MAX_LEN 1000
#define ROLE_MAX_LEN 64

static const uint8_t nil[STO_UUID_LEN];

const char *const sto_fold_capabilities[CAPABILITIES] = {
	[CAPABILITY_REGISTRAR] = "registrar", "enforcer", "recovery_agent", "claim_issuer", "auditor",
	[CAPABILITY_WITNESS] = "witness"};

bool
sto_fold_line(const Act *act, const char *text, const char *name, size_t max)
{
	if (text[0] != '\0' && strlen(text) <= max && strpbrk(text, "\n\r\t") == NULL)
		return true;
	sto_fold_refuse(act, STO_CHECK_BODY, "\"%s\" must be one line of 1 to %zu octets", name, max);
	return false;
}

bool
sto_fold_text(Act *act, StoBodyField field, uint32_t *place)
{
	const char *text = act->body.value[field].text;

	*place = 0;
	if (!STO_BODY_HAS(&act->body, field))
		return true;
	return sto_texts_add(&act->r->texts, text, strlen(text), place) ||
		   sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
}

bool
sto_fold_status(const Act *act)
{
	const char *status = act->body.value[STO_F_STATUS].text;

	if (strcmp(status, "active") == 0)
		return true;
	if (strcmp(status, "closed") != 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "there is no status \"%.40s\"", status);
	return false;
}

int
sto_fold_place(const char *text, const char *const *names)
{
	int place = 0;

	while (names[place] != NULL && strcmp(text, names[place]) != 0)
		place++;
	return place;
}

static bool
is_one_of(const char *text, const char *const *names)
{
	return names[sto_fold_place(text, names)] != NULL;
}

uint32_t
sto_fold_named_party(const Act *act, const uint8_t *uuid)
{
	uint32_t number;
	const Party *party = sto_fold_party(act->r, uuid, &number);
	char text[STO_UUID_TEXT_LEN + 1];

	if (party == NULL)
		sto_fold_refuse(act, STO_CHECK_RULE, "party %s is not in the register",
						sto_fold_uuid(uuid, text));
	else if (!party->active)
		sto_fold_refuse(act, STO_CHECK_RULE, "party %s is closed", sto_fold_uuid(uuid, text));
	return number;
}

/* The first event: it names the ledger, its leaf is the ledger's id, and every root key signs. */
bool
sto_fold_genesis(Act *act)
{
	StoReplay *r = act->r;
	const char *authority = act->body.value[STO_F_REGISTER_AUTHORITY].text;
	uint8_t leaf[STO_DIGEST_LEN];
	const Policy *policy;

	(void) sto_fold_line(act, act->body.value[STO_F_NAME].text, "name", NAME_MAX_LEN);
	(void) sto_fold_line(act, act->body.value[STO_F_ORIGIN].text, "origin", NAME_MAX_LEN);
	/* with "/" and the ledger's id it names the key that signs checkpoints (C2SP signed-note) */
	if (strpbrk(act->body.value[STO_F_ORIGIN].text, " +") != NULL)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"origin\" must have no space and no \"+\"");
	if (strcmp(authority, "keys") != 0 && strcmp(authority, "roles") != 0)
		sto_fold_refuse(act, STO_CHECK_BODY, "there is no register_authority \"%.40s\"", authority);
	if (!sto_fold_is_nil(act->event->subject) || !sto_fold_is_nil(act->event->actor))
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "its subject and actor must be the nil uuid");
	if (!sto_event_leaf(nil, act->event, leaf))
		return sto_fold_stop(r, act->event->entry_id, "OpenSSL failed to hash");
	/* the one leaf that is not taken from the caller: everything rests on it */
	if (memcmp(leaf, act->leaf, STO_DIGEST_LEN) != 0)
		sto_fold_refuse(act, STO_CHECK_LEDGER, "its leaf is not the hash of its record");
	if (r->has_genesis && memcmp(leaf, r->genesis, STO_DIGEST_LEN) != 0)
		sto_fold_refuse(act, STO_CHECK_LEDGER, "it is not the genesis event that was expected");

	r->opened = true;
	r->roles = strcmp(authority, "roles") == 0;
	r->genesis_event = act->event->entry_id;
	memcpy(r->genesis_leaf, leaf, STO_DIGEST_LEN);
	if (!sto_fold_text(act, STO_F_NAME, &r->ledger_name) ||
		!sto_fold_text(act, STO_F_ORIGIN, &r->ledger_origin) ||
		!sto_fold_policy(act, &r->root_policy, nil, NULL, NULL, false))
		return false;
	/* signed with the nil uuid in the ledger's place: it has no id before its leaf */
	policy = sto_pool_at(&r->policies, r->root_policy);
	if (act->is_signed && !sto_fold_signed_act(act, policy))
		return false;
	if (act->signature_count != policy->count)
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "%d of %d root keys signed it; all have to",
						act->signature_count, policy->count);
	sto_ledger_id(leaf, r->ledger_id);
	return true;
}

bool
sto_fold_maintenance(Act *act)
{
	Notice *notice = sto_fold_notice(act);

	(void) sto_fold_line(act, act->body.value[STO_F_REASON].text, "reason", REASON_MAX_LEN);
	(void) sto_fold_line(act, act->body.value[STO_F_BY].text, "by", ROLE_MAX_LEN);
	act->r->counts.maintenance++;
	return notice != NULL && sto_fold_text(act, STO_F_BY, &notice->name) &&
		   sto_fold_text(act, STO_F_REASON, &notice->text);
}

bool
sto_fold_capability(Act *act)
{
	Party *party = sto_pool_at(&act->r->parties, act->subject->row);
	const char *name = act->body.value[STO_F_CAPABILITY].text;

	for (int i = 0; i < CAPABILITIES; i++)
		if (strcmp(sto_fold_capabilities[i], name) == 0)
		{
			party->capability_event[i] = act->event->entry_id;
			if (act->body.value[STO_F_GRANTED].flag)
				party->capabilities |= (uint8_t) (1u << i);
			else
				party->capabilities &= (uint8_t) ~(1u << i);
			if (i == CAPABILITY_WITNESS && !act->body.value[STO_F_GRANTED].flag)
				sto_fold_dismiss_witness(act, party);
			return true;
		}
	sto_fold_refuse(act, STO_CHECK_BODY, "there is no capability \"%.40s\"", name);
	return true;
}

/* Sets a party's order ids apart from those of others in the set of all. */
static bool
make_order_mask(StoReplay *r, const uint8_t *uuid, uint64_t mask[2])
{
	uint8_t secret[2 * STO_UUID_LEN];
	uint8_t digest[STO_DIGEST_LEN];

	memcpy(secret, r->order_secret, STO_UUID_LEN);
	memcpy(secret + STO_UUID_LEN, uuid, STO_UUID_LEN);
	if (!sto_sha256(secret, sizeof(secret), digest))
		return false;
	memcpy(mask, digest, STO_UUID_LEN);
	return true;
}

void
sto_fold_code(const Act *act, StoBodyField field, const char *(*check)(const char *, size_t),
			  const char *name)
{
	const char *text = act->body.value[field].text;
	const char *why;

	if (STO_BODY_HAS(&act->body, field) && (why = check(text, strlen(text))) != NULL)
		sto_fold_refuse(act, STO_CHECK_BODY, "%s \"%.40s\": %s", name, text, why);
}

bool
sto_fold_party_new(Act *act)
{
	static const char *const kinds[] = {"natural", "legal", "joint", "estate", NULL};
	StoReplay *r = act->r;
	uint32_t number;
	Party *party = sto_pool_add(&r->parties, &number);

	if (party == NULL || !make_order_mask(r, act->event->subject, party->order_mask))
		return sto_fold_stop(r, act->event->entry_id, "there is no memory, or OpenSSL failed");
	act->subject->row = number;
	memcpy(party->uuid, act->event->subject, STO_UUID_LEN);
	(void) sto_fold_subject(r, act->event->subject, &party->subject);
	if (!is_one_of(act->body.value[STO_F_KIND].text, kinds))
		sto_fold_refuse(act, STO_CHECK_BODY, "there is no kind of party \"%.40s\"",
						act->body.value[STO_F_KIND].text);
	sto_fold_code(act, STO_F_COUNTRY, sto_country_check, "country");
	sto_fold_code(act, STO_F_LEI, sto_lei_check, "lei");
	party->registered = act->event->entry_id;
	party->active = true;
	party->has_commitment = STO_BODY_HAS(&act->body, STO_F_COMMITMENT);
	memcpy(party->commitment, act->body.value[STO_F_COMMITMENT].octets, STO_DIGEST_LEN);
	return sto_fold_text(act, STO_F_KIND, &party->kind) &&
		   sto_fold_text(act, STO_F_COUNTRY, &party->country) &&
		   sto_fold_text(act, STO_F_LEI, &party->lei) && sto_fold_rules_country(act) &&
		   (!STO_BODY_HAS(&act->body, STO_F_KEYS) ||
			sto_fold_policy(act, &party->policy, act->event->subject, NULL, NULL, false));
}

bool
sto_fold_party_status(Act *act)
{
	Party *party = sto_pool_at(&act->r->parties, act->subject->row);

	party->active = sto_fold_status(act);
	if (!party->active)
		sto_fold_dismiss_witness(act, party);
	return true;
}

bool
sto_fold_wallet_new(Act *act)
{
	/* "issuance" wallets come with their tokens only */
	static const char *const kinds[] = {"own", "client", "omnibus", "nominee", "treasury", NULL};
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	const uint8_t *party_id = body->value[STO_F_PARTY].octets;
	const uint8_t *custodian =
		STO_BODY_HAS(body, STO_F_CUSTODIAN) ? body->value[STO_F_CUSTODIAN].octets : NULL;
	uint8_t address[STO_ADDRESS_LEN];
	uint32_t party = sto_fold_named_party(act, party_id);
	uint32_t number;
	Wallet *wallet;

	if (!is_one_of(body->value[STO_F_KIND].text, kinds))
		sto_fold_refuse(act, STO_CHECK_BODY, "there is no kind of wallet \"%.40s\"",
						body->value[STO_F_KIND].text);
	if (party == 0)
	{
		act->subject->kind = 0; /* nobody's wallet: nothing can be done with it */
		return true;
	}
	if (!sto_wallet_address(r->ledger_id, act->event->subject, address))
		return sto_fold_stop(r, act->event->entry_id, "OpenSSL failed to hash");
	wallet = sto_fold_wallet_add(r, address, &number);
	if (wallet == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	act->subject->row = number;
	wallet->registered = act->event->entry_id;
	wallet->party = party;
	wallet->next = ((Party *) sto_pool_at(&r->parties, party))->wallets;
	((Party *) sto_pool_at(&r->parties, party))->wallets = number;
	wallet->custodian = custodian == NULL ? 0 : sto_fold_named_party(act, custodian);
	wallet->active = true;
	wallet->signed_only = body->value[STO_F_SIGNED_ONLY].flag;
	memcpy(wallet->salt, body->value[STO_F_SALT].octets, STO_DIGEST_LEN);
	(void) sto_fold_subject(r, act->event->subject, &wallet->subject);
	wallet->omnibus = strcmp(body->value[STO_F_KIND].text, "omnibus") == 0;
	return sto_fold_text(act, STO_F_KIND, &wallet->kind) &&
		   sto_fold_policy(act, &wallet->policy, party_id, address, custodian, wallet->signed_only);
}

bool
sto_fold_wallet_status(Act *act)
{
	Wallet *wallet = sto_pool_at(&act->r->wallets, act->subject->row);

	wallet->active = sto_fold_status(act);
	if (!wallet->active && wallet->busy > 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "the wallet is not empty: units of %u tokens",
						wallet->busy);
	if (wallet->active && wallet->barred != 0)
		sto_fold_refuse(act, STO_CHECK_RULE, "the wallet was barred by entry %lld",
						(long long) wallet->barred);
	return true;
}

bool
sto_fold_wallet_terms(Act *act)
{
	((Wallet *) sto_pool_at(&act->r->wallets, act->subject->row))->signed_only =
		act->body.value[STO_F_SIGNED_ONLY].flag;
	return true;
}

/* The list may be posted while every key that signed it is valid, and until its own end. */
static int64_t
usable_until(const Act *act)
{
	int64_t until = STO_BODY_HAS(&act->body, STO_F_VALID_UNTIL)
						? act->body.value[STO_F_VALID_UNTIL].integer
						: INT64_MAX;

	for (int i = 0; act->policy != NULL && i < act->policy->count; i++)
	{
		const KeyRow *key = sto_pool_at(&act->r->keys, act->policy->keys[i]);

		for (int j = 0; key->has_to && j < act->signature_count; j++)
			if (key->to < until && memcmp(STO_SIGLIST_KEY_ID(act->event->signatures, j),
										  key->fingerprint, STO_KEY_ID_LEN) == 0)
				until = key->to;
	}
	return until;
}

bool
sto_fold_batch_new(Act *act)
{
	StoReplay *r = act->r;
	const StoBody *body = &act->body;
	uint32_t token;
	uint32_t number;
	const Token *of = sto_fold_token(r, body->value[STO_F_TOKEN].octets, &token);
	Batch *batch = sto_fold_batch_add(r, act->event->entry_id, &number);

	if (batch == NULL)
		return sto_fold_stop(r, act->event->entry_id, "there is no memory");
	if (of == NULL)
		sto_fold_refuse(act, STO_CHECK_RULE, "its token is not in the register");
	else if (!of->active)
		sto_fold_refuse(act, STO_CHECK_RULE, "its token is closed");
	if (body->value[STO_F_COUNT].integer < 1 || body->value[STO_F_SUM].amount < 1)
		sto_fold_refuse(act, STO_CHECK_BODY, "\"count\" and \"sum\" must be above zero");
	act->subject->row = number;
	(void) sto_fold_subject(r, act->event->subject, &batch->subject);
	(void) sto_fold_subject(r, act->event->actor, &batch->actor);
	batch->policy_event = act->policy == NULL ? 0 : act->policy->event;
	batch->token = token;
	batch->count = body->value[STO_F_COUNT].integer;
	batch->sum = body->value[STO_F_SUM].amount;
	batch->usable_until = usable_until(act);
	memcpy(batch->hash, body->value[STO_F_HASH].octets, STO_DIGEST_LEN);
	if (batch->usable_until <= act->event->recorded_at)
		sto_fold_refuse(act, STO_CHECK_RULE, "the list of orders had expired already");
	return true;
}
