/*
 * log_maker.h
 *		A small ledger in a test's memory: writes records as an honest database
 *		would, or with one thing wrong.
 */
#ifndef STO_TEST_BIN_LOG_MAKER_H
#define STO_TEST_BIN_LOG_MAKER_H

#include "bin/replay.h"
#include "core/hash.h"
#include "core/receipt.h"

#include "check.h"
#include "signer.h"

#define RECORDS_MAX 200
#define BODY_MAX 4000

typedef struct MadeRecord
{
	uint8_t octets[6000];
	size_t len;
	uint8_t leaf[STO_DIGEST_LEN];
} MadeRecord;

/* A subject of the register and its one key. */
typedef struct Subject
{
	uint8_t uuid[STO_UUID_LEN];
	Signer signer;
	int64_t policy; /* event */
	bool known;
	uint8_t head[STO_DIGEST_LEN];
} Subject;

typedef struct Purse
{
	Subject subject;
	const Subject *party;
	const Subject *custodian; /* NULL: none */
	uint8_t address[STO_ADDRESS_LEN];
	uint8_t salt[STO_DIGEST_LEN];
	StoSide side;
	uint8_t head[STO_DIGEST_LEN];
} Purse;

/* What is wrong with the next record; forgotten after it. */
typedef struct Twist
{
	const Signer *signer; /* another's key signs */
	bool unsigned_record; /* nobody signs */
	bool bad_signature;   /* over something else */
	bool bad_link;        /* prev_hash of an event */
	bool bad_policy;      /* key_policy of an entry */
	StoAmount balance;    /* in the digest of the debit side */
	int64_t back;         /* the clock goes back by this much */
	void (*order)(StoOrder *);
	void (*entry)(StoEntry *);
} Twist;

static MadeRecord made[RECORDS_MAX];
static int made_count;
static uint8_t ledger_id[STO_UUID_LEN];
static uint8_t token_id[STO_UUID_LEN];
static int64_t last_id;
static int64_t made_clock = INT64_C(1767225600000000);
static uint8_t next_order;
static Twist twist;

static inline void
make_uuid(uint8_t n, uint8_t out[STO_UUID_LEN])
{
	memset(out, 0, STO_UUID_LEN);
	out[6] = 0x40;
	out[8] = 0x80;
	out[15] = n;
}

static inline const char *
uuid_text(const uint8_t *uuid)
{
	static char text[37];
	char hex[33];

	sto_hex_encode(uuid, STO_UUID_LEN, hex);
	snprintf(text, sizeof(text), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
			 hex + 20);
	return text;
}

static inline Subject
subject_new(uint8_t n)
{
	Subject s;

	memset(&s, 0, sizeof(s));
	make_uuid(n, s.uuid);
	s.signer = signer_new(STO_SCHEME_ED25519);
	return s;
}

/* One signature, in stored form. */
static inline uint16_t
sign(const Signer *signer, const uint8_t *msg, size_t len, uint8_t out[STO_SIGLIST_ITEM_LEN])
{
	uint8_t sig[STO_SIG_MAX];

	out[0] = signer->key.scheme;
	memcpy(out + 1, signer->fingerprint, STO_KEY_ID_LEN);
	out[9] = STO_SIG_LEN;
	signer_sign(signer, msg, len - (twist.bad_signature ? 1 : 0), sig);
	memcpy(out + 10, sig, STO_SIG_LEN);
	return STO_SIGLIST_ITEM_LEN;
}

static inline MadeRecord *
finish_record(StoWriter *w, uint8_t *head)
{
	MadeRecord *r = &made[made_count++];

	if (w->failed || !sto_leaf_hash(r->octets, w->len, r->leaf))
	{
		printf("Bail out! a record could not be made\n");
		exit(1);
	}
	r->len = w->len;
	memcpy(head, r->leaf, STO_DIGEST_LEN);
	memset(&twist, 0, sizeof(twist));
	return r;
}

/* actor NULL: the ledger itself, for which `by` signs. */
static inline MadeRecord *
make_event(const char *kind, Subject *subject, const Subject *actor, const Subject *by,
		   const char *body)
{
	static uint8_t msg[BODY_MAX + 500];
	uint8_t list[STO_SIGLIST_ITEM_LEN];
	StoEvent e;
	StoWriter w;

	memset(&e, 0, sizeof(e));
	e.entry_id = ++last_id;
	e.kind = kind;
	e.kind_len = (uint8_t) strlen(kind);
	memcpy(e.subject, subject->uuid, STO_UUID_LEN);
	if (actor != NULL)
		memcpy(e.actor, actor->uuid, STO_UUID_LEN);
	e.has_prev = subject->known;
	memcpy(e.prev, subject->head, STO_DIGEST_LEN);
	e.prev[0] ^= twist.bad_link;
	e.body = body;
	e.body_len = (uint32_t) strlen(body);
	made_clock += 1000;
	e.recorded_at = made_clock - twist.back;
	if (by != NULL && !twist.unsigned_record)
	{
		sto_writer_init(&w, msg, sizeof(msg));
		sto_put_act(&w, ledger_id, &e);
		e.signatures_len =
			sign(twist.signer != NULL ? twist.signer : &by->signer, msg, w.len, list);
		e.signatures = list;
	}
	sto_writer_init(&w, made[made_count].octets, sizeof(made[0].octets));
	sto_put_event(&w, ledger_id, &e);
	subject->known = true;
	return finish_record(&w, subject->head);
}

static inline const char *
key_text(const Signer *signer)
{
	static char text[80];
	char hex[2 * STO_KEY_MAX + 1];

	sto_hex_encode(signer->key.data, signer->key.len, hex);
	snprintf(text, sizeof(text), "%s:%s", sto_scheme_name(signer->key.scheme), hex);
	return text;
}

/* "threshold" and "keys" of one key, with its proof. */
static inline const char *
keys_json(const Signer *signer, const uint8_t *party, const uint8_t *subject,
		  const uint8_t *address, const uint8_t *custodian)
{
	static char text[600];
	uint8_t msg[600];
	uint8_t sig[STO_SIG_MAX];
	char hex[2 * STO_SIG_MAX + 1];
	StoPolicy policy;
	StoWriter w;

	memset(&policy, 0, sizeof(policy));
	policy.threshold = policy.count = 1;
	policy.keys[0].key = signer->key;
	sto_writer_init(&w, msg, sizeof(msg));
	sto_put_possession(&w, ledger_id, party, subject, address, custodian, false, &policy);
	sto_hex_encode(sig, signer_sign(signer, msg, w.len, sig), hex);
	snprintf(text, sizeof(text),
			 "\"threshold\":1,\"keys\":[{\"key\":\"%s\",\"possession\":\"%s\"}]", key_text(signer),
			 hex);
	return text;
}

static inline void
make_party(Subject *party, const Subject *by, bool by_ledger)
{
	char body[BODY_MAX];

	snprintf(body, sizeof(body), "{\"kind\":\"legal\",%s}",
			 keys_json(&party->signer, party->uuid, party->uuid, NULL, NULL));
	make_event("party", party, by_ledger ? NULL : by, by, body);
	party->policy = last_id;
}

static inline void
make_wallet(Purse *purse, const Subject *party, const Subject *registrar)
{
	char body[BODY_MAX];
	char salt[2 * STO_DIGEST_LEN + 1];
	char keeper[64] = "";

	if (purse->custodian != NULL)
		snprintf(keeper, sizeof(keeper), "\"custodian\":\"%s\",",
				 uuid_text(purse->custodian->uuid));
	purse->party = party;
	memset(purse->salt, purse->subject.uuid[15], STO_DIGEST_LEN);
	sto_hex_encode(purse->salt, STO_DIGEST_LEN, salt);
	sto_wallet_address(ledger_id, purse->subject.uuid, purse->address);
	snprintf(body, sizeof(body), "{\"party\":\"%s\",\"kind\":\"own\",\"salt\":\"%s\",%s%s}",
			 uuid_text(party->uuid), salt, keeper,
			 keys_json(&purse->subject.signer, party->uuid, purse->subject.uuid, purse->address,
					   purse->custodian == NULL ? NULL : purse->custodian->uuid));
	make_event("wallet", &purse->subject, registrar, registrar, body);
	purse->subject.policy = last_id;
}

static inline void
open_side(Purse *purse)
{
	purse->side.present = true;
	purse->side.has_prev = purse->side.seq > 0;
	memcpy(purse->side.prev, purse->head, STO_DIGEST_LEN);
	purse->side.seq++;
}

static inline const uint8_t *
side_of(const Purse *purse, StoAmount wrong, uint8_t out[STO_DIGEST_LEN])
{
	StoSide side = purse->side;

	side.balance += wrong;
	sto_side_digest(purse->salt, token_id, &side, out);
	return out;
}

/*
 * An entry that moves `amount` from one purse to another, of which `held` had
 * been held (a hold holds: then the sum is negative).  `to` NULL: one side only.
 */
static inline MadeRecord *
make_entry(StoKind kind, Purse *from, Purse *to, StoAmount amount, StoAmount held,
		   const Subject *orderer, const Subject *signs)
{
	uint8_t msg[STO_ORDER_MAX];
	uint8_t list[STO_SIGLIST_ITEM_LEN];
	uint8_t debit[STO_DIGEST_LEN];
	uint8_t credit[STO_DIGEST_LEN];
	bool moves = kind != STO_HOLD && kind != STO_RELEASE;
	MadeRecord *made_record;
	StoEntry e;
	StoWriter w;

	memset(&e, 0, sizeof(e));
	e.entry_id = ++last_id;
	e.order.kind = kind;
	make_uuid(++next_order, e.order.order_id);
	memcpy(e.order.ordering_party, orderer->uuid, STO_UUID_LEN);
	memcpy(e.order.token_id, token_id, STO_UUID_LEN);
	e.order.amount = amount;
	e.order.has_debit = true;
	memcpy(e.order.debit, from->address, STO_ADDRESS_LEN);
	e.order.has_credit = to != NULL;
	if (to != NULL)
		memcpy(e.order.credit, to->address, STO_ADDRESS_LEN);
	if (twist.order != NULL)
		twist.order(&e.order);
	made_clock += 1000;
	e.received_at = e.posted_at = made_clock - twist.back;
	memcpy(e.posted_by, orderer->uuid, STO_UUID_LEN);
	if (signs != NULL && !twist.unsigned_record)
	{
		sto_writer_init(&w, msg, sizeof(msg));
		sto_put_order(&w, ledger_id, &e.order);
		e.signatures_len =
			sign(twist.signer != NULL ? twist.signer : &signs->signer, msg, w.len, list);
		e.signatures = list;
		e.has_key_policy = true;
		e.key_policy = signs->policy + twist.bad_policy;
	}
	if (twist.entry != NULL)
		twist.entry(&e);

	from->side.held -= held;
	open_side(from);
	if (moves)
	{
		from->side.balance -= e.order.amount;
		to->side.balance += e.order.amount;
		open_side(to);
	}
	sto_writer_init(&w, made[made_count].octets, sizeof(made[0].octets));
	sto_put_entry(&w, ledger_id, &e, side_of(from, twist.balance, debit),
				  moves ? side_of(to, 0, credit) : NULL);
	made_record = finish_record(&w, from->head);
	if (moves)
		memcpy(to->head, from->head, STO_DIGEST_LEN);
	return made_record;
}

#endif
