/*
 * test_vectors.c
 *		The vectors of docs/format.md, as lines (test/tools/make_vectors.py):
 *		what core writes must equal what another implementation wrote.
 *
 * Usage: test_vectors [path of vectors.txt]
 */
#include "core/bech32m.h"
#include "core/hash.h"
#include "core/message.h"
#include "core/policy.h"
#include "core/rule.h"

#include "note_vectors.h"
#include "vectors.h"

static void
take_key_text(const char *text, size_t len, StoKey *key)
{
	const char *colon = memchr(text, ':', len);
	uint8_t data[STO_KEY_MAX];
	const char *why = "no colon";
	uint8_t scheme = 0;
	size_t hexlen = colon == NULL ? 0 : len - (size_t) (colon + 1 - text);

	CHECK(colon != NULL && sto_scheme_from_name(text, (size_t) (colon - text), &scheme));
	CHECK(hexlen / 2 <= sizeof(data) && sto_hex_decode(colon + 1, hexlen, data, hexlen / 2));
	CHECK(sto_key_make(scheme, data, hexlen / 2, key, &why));
}

/* Every key that a vector's list was signed with, by key id. */
static StoPolicy known;

static void
test_key(void)
{
	StoKey key;
	StoKey same;
	uint8_t data[STO_KEY_MAX];
	uint8_t fingerprint[STO_DIGEST_LEN];
	const char *why = NULL;
	const char *text = value_of("key_text");
	size_t len = strlen(value_of("key")) / 2;

	CHECK(len <= sizeof(data) && octets_of("key", data, len));
	CHECK(sto_key_make((uint8_t) atoi(value_of("scheme")), data, len, &key, &why));
	take_key_text(text, strlen(text), &same);
	CHECK(key.scheme == same.scheme && key.len == same.len &&
		  memcmp(key.data, same.data, key.len) == 0);
	CHECK(sto_key_fingerprint(&key, fingerprint));
	expect("fingerprint", fingerprint, sizeof(fingerprint));
	expect("key_id", fingerprint, STO_KEY_ID_LEN);

	known.keys[known.count++].key = key;
	known.threshold = 1;
	CHECK(sto_policy_vet(&known, &why));
}

/* The vector's list is in stored form, and good signatures of known keys. */
static void
check_signatures(const void *msg, size_t len)
{
	static uint8_t packed[BYTES_MAX];
	static uint8_t again[BYTES_MAX];
	size_t packed_len = long_octets_of("signatures", packed);
	const char *why = NULL;
	int which = -1;
	StoSigList list;
	StoWriter w;

	if (packed_len == 0)
		return;
	CHECK(sto_siglist_parse(packed, packed_len, &list, &why));
	sto_writer_init(&w, again, sizeof(again));
	sto_put_siglist(&w, &list);
	CHECK(!w.failed);
	expect("signatures", again, w.len);
	CHECK_AS(sto_quorum_check(&known, &list, msg, len, 0, &which) == STO_QUORUM_MET,
			 "%s: its signatures verify", title);
}

static void
test_address(void)
{
	uint8_t ledger[STO_UUID_LEN];
	uint8_t wallet[STO_UUID_LEN];
	uint8_t address[STO_ADDRESS_LEN];
	uint8_t parsed[STO_ADDRESS_LEN];
	char text[STO_ADDRESS_TEXT_LEN + 1];
	const char *why = NULL;

	CHECK(octets_of("ledger_id", ledger, sizeof(ledger)));
	CHECK(octets_of("wallet", wallet, sizeof(wallet)));
	CHECK(sto_wallet_address(ledger, wallet, address));
	expect("address", address, sizeof(address));
	sto_address_print(address, text);
	expect_text("text", text);
	CHECK(sto_address_parse(text, strlen(text), parsed, &why));
	expect("address", parsed, sizeof(parsed));
}

static void
test_event(void)
{
	static uint8_t body[BYTES_MAX];
	static uint8_t signatures[BYTES_MAX];
	static uint8_t out[BYTES_MAX];
	uint8_t ledger[STO_UUID_LEN];
	uint8_t leaf[STO_DIGEST_LEN];
	StoEvent event;
	StoWriter w;

	memset(&event, 0, sizeof(event));
	CHECK(octets_of("ledger_id", ledger, sizeof(ledger)));
	CHECK(i64_of("entry_id", &event.entry_id) && i64_of("recorded_at", &event.recorded_at));
	event.kind = value_of("kind");
	event.kind_len = (uint8_t) strlen(event.kind);
	CHECK(octets_of("subject", event.subject, STO_UUID_LEN));
	CHECK(octets_of("actor", event.actor, STO_UUID_LEN));
	event.has_prev = octets_of("prev_hash", event.prev, STO_DIGEST_LEN);
	event.body_len = (uint32_t) long_octets_of("body", body);
	event.body = (const char *) body;
	event.signatures_len = (uint16_t) long_octets_of("signatures", signatures);
	event.signatures = signatures;

	sto_writer_init(&w, out, sizeof(out));
	sto_put_act(&w, ledger, &event);
	CHECK(!w.failed);
	expect("act", out, w.len);
	check_signatures(out, w.len);

	sto_writer_init(&w, out, sizeof(out));
	sto_put_event(&w, ledger, &event);
	CHECK(!w.failed);
	expect("record", out, w.len);
	CHECK(sto_event_leaf(ledger, &event, leaf));
	expect("leaf_hash", leaf, sizeof(leaf));
	if (strcmp(value_of("kind"), "genesis") == 0)
	{
		sto_ledger_id(leaf, ledger);
		expect("ledger_id_from_it", ledger, sizeof(ledger));
	}
}

static void
test_possession(void)
{
	static uint8_t out[BYTES_MAX];
	uint8_t ledger[STO_UUID_LEN];
	uint8_t party[STO_UUID_LEN];
	uint8_t subject[STO_UUID_LEN];
	uint8_t address[STO_ADDRESS_LEN];
	uint8_t custodian[STO_UUID_LEN];
	bool has_address;
	bool has_custodian;
	const char *line;
	const char *why = NULL;
	StoPolicy policy;
	StoPolicy unpacked;
	StoWriter w;

	memset(&policy, 0, sizeof(policy));
	CHECK(octets_of("ledger_id", ledger, sizeof(ledger)));
	CHECK(octets_of("party", party, sizeof(party)));
	CHECK(octets_of("subject", subject, sizeof(subject)));
	has_address = octets_of("address", address, sizeof(address));
	has_custodian = octets_of("custodian", custodian, sizeof(custodian));
	policy.threshold = (uint8_t) atoi(value_of("threshold"));
	/* each line: key text, from or -, to or - */
	while ((line = value_at("key", policy.count)) != NULL)
	{
		StoPolicyKey *key = &policy.keys[policy.count++];
		const char *from = strchr(line, ' ');
		const char *to = from == NULL ? NULL : strchr(from + 1, ' ');

		CHECK(to != NULL);
		take_key_text(line, (size_t) (from - line), &key->key);
		key->has_from = from[1] != '-';
		key->has_to = to[1] != '-';
		key->from = key->has_from ? strtoll(from + 1, NULL, 10) : 0;
		key->to = key->has_to ? strtoll(to + 1, NULL, 10) : 0;
	}
	CHECK(sto_policy_vet(&policy, &why));

	sto_writer_init(&w, out, sizeof(out));
	sto_put_policy(&w, &policy);
	CHECK(!w.failed);
	expect("policy", out, w.len);
	CHECK(sto_policy_unpack(out, w.len, &unpacked, &why));

	sto_writer_init(&w, out, sizeof(out));
	sto_put_possession(&w, ledger, party, subject, has_address ? address : NULL,
					   has_custodian ? custodian : NULL, atoi(value_of("signed_only")) == 1,
					   &policy);
	CHECK(!w.failed);
	expect("message", out, w.len);
}

static void
take_order(StoOrder *o, uint8_t ledger[STO_UUID_LEN])
{
	static uint8_t reference[BYTES_MAX];
	const char *text = value_of("purpose");

	memset(o, 0, sizeof(*o));
	CHECK(octets_of("ledger_id", ledger, STO_UUID_LEN));
	CHECK(sto_kind_from_name(value_of("kind"), strlen(value_of("kind")), &o->kind));
	CHECK(octets_of("order_id", o->order_id, STO_UUID_LEN));
	CHECK(octets_of("ordering_party", o->ordering_party, STO_UUID_LEN));
	CHECK(octets_of("token_id", o->token_id, STO_UUID_LEN));
	o->amount = amount_of("amount");
	o->has_debit = octets_of("debit_wallet", o->debit, STO_ADDRESS_LEN);
	o->has_credit = octets_of("credit_wallet", o->credit, STO_ADDRESS_LEN);
	o->has_valid_until = i64_of("valid_until", &o->valid_until);
	o->has_reference = value_of("reference") != NULL;
	o->reference_len = (uint16_t) long_octets_of("reference", reference);
	o->reference = (const char *) reference;
	o->has_hold_id = i64_of("hold_id", &o->hold_id);
	o->has_purpose = text != NULL;
	if (o->has_purpose)
		CHECK(sto_purpose_from_name(text, strlen(text), &o->purpose));
	o->has_notary = octets_of("notary", o->notary, STO_UUID_LEN);
	o->has_release_after = i64_of("release_after", &o->release_after);
	o->has_condition = octets_of("condition_hash", o->condition, STO_DIGEST_LEN);
	o->has_instruction = octets_of("instruction_hash", o->instruction, STO_DIGEST_LEN);
	o->has_preimage = octets_of("preimage", o->preimage, STO_PREIMAGE_LEN);
	text = value_of("keep_rest");
	o->has_keep_rest = text != NULL;
	o->keep_rest = text != NULL && text[0] == '1';
	o->has_attachment = octets_of("attachment_hash", o->attachment, STO_DIGEST_LEN);
	o->has_group = octets_of("group_id", o->group_id, STO_UUID_LEN);
	o->has_undoes = i64_of("undoes", &o->undoes);
	text = value_of("checked_once");
	o->has_checked_once = text != NULL;
	o->checked_once = text != NULL && text[0] == '1';
}

static void
test_order(void)
{
	uint8_t ledger[STO_UUID_LEN];
	uint8_t out[STO_ORDER_MAX];
	uint8_t hash[STO_DIGEST_LEN];
	StoOrder order;
	StoWriter w;

	take_order(&order, ledger);
	sto_writer_init(&w, out, sizeof(out));
	sto_put_order(&w, ledger, &order);
	CHECK(!w.failed);
	expect("message", out, w.len);
	CHECK(sto_sha256(out, w.len, hash));
	expect("sha256", hash, sizeof(hash));
	check_signatures(out, w.len);
}

static void
test_batch(void)
{
	StoSha256 *h = sto_sha256_new();
	uint8_t hash[STO_DIGEST_LEN];
	const char *text;

	CHECK(h != NULL && sto_sha256_init(h));
	for (int i = 0; (text = value_at("order", i)) != NULL; i++)
	{
		uint8_t order[STO_ORDER_MAX];
		size_t len = strlen(text) / 2;

		CHECK(len <= sizeof(order) && sto_hex_decode(text, strlen(text), order, len));
		CHECK(sto_sha256_update(h, order, len));
	}
	CHECK(sto_sha256_final(h, hash));
	expect("hash", hash, sizeof(hash));
	sto_sha256_free(h);
}

static void
test_instruction(void)
{
	uint8_t ledger[STO_UUID_LEN];
	uint8_t hash[STO_DIGEST_LEN];
	StoLeg legs[8];
	size_t count = 0;
	const char *text;

	CHECK(octets_of("ledger_id", ledger, sizeof(ledger)));
	/* each line: token, debit, credit, amount */
	while (count < 8 && (text = value_at("leg", (int) count)) != NULL)
	{
		StoLeg *leg = &legs[count++];
		const char *why = NULL;

		CHECK(strlen(text) > 115);
		CHECK(sto_hex_decode(text, 32, leg->token_id, STO_UUID_LEN));
		CHECK(sto_hex_decode(text + 33, 40, leg->debit, STO_ADDRESS_LEN));
		CHECK(sto_hex_decode(text + 74, 40, leg->credit, STO_ADDRESS_LEN));
		CHECK(sto_amount_parse(text + 115, strlen(text + 115), &leg->amount, &why));
	}
	CHECK(sto_instruction_hash(ledger, legs, count, hash));
	expect("hash", hash, sizeof(hash));
}

static void
test_commitment(void)
{
	static uint8_t value[BYTES_MAX];
	uint8_t ledger[STO_UUID_LEN];
	uint8_t party[STO_UUID_LEN];
	uint8_t salt[STO_DIGEST_LEN];
	uint8_t commitment[STO_DIGEST_LEN];
	const char *topic = value_of("topic");
	size_t len = long_octets_of("value", value);

	CHECK(octets_of("ledger_id", ledger, sizeof(ledger)));
	CHECK(octets_of("party", party, sizeof(party)));
	CHECK(octets_of("salt", salt, sizeof(salt)));
	CHECK(topic != NULL && sto_private_commitment(ledger, party, topic, strlen(topic), salt,
												  (const char *) value, len, commitment));
	expect("commitment", commitment, sizeof(commitment));
}

static void
test_definition(void)
{
	uint8_t definition[STO_DIGEST_LEN];
	const char *setting = value_of("setting");
	const char *source = value_of("source");
	StoRuleFunction function = {.name = value_of("function"),
								.language = value_of("language"),
								.setting_count = setting != NULL,
								.settings = &setting,
								.source = source,
								.source_len = source == NULL ? 0 : strlen(source)};

	CHECK(function.name != NULL && function.language != NULL &&
		  sto_rule_definition(&function, definition));
	expect("definition", definition, sizeof(definition));
}

static void
test_side(void)
{
	uint8_t salt[STO_DIGEST_LEN];
	uint8_t token[STO_UUID_LEN];
	uint8_t digest[STO_DIGEST_LEN];
	StoSide side;

	CHECK(take_side("", &side, salt));
	CHECK(octets_of("token_id", token, sizeof(token)));
	CHECK(sto_side_digest(salt, token, &side, digest));
	expect("side", digest, sizeof(digest));
}

static void
test_entry(void)
{
	static uint8_t signatures[BYTES_MAX];
	static uint8_t out[STO_ENTRY_MAX];
	uint8_t order[STO_ORDER_MAX];
	uint8_t ledger[STO_UUID_LEN];
	uint8_t debit_salt[STO_DIGEST_LEN];
	uint8_t credit_salt[STO_DIGEST_LEN];
	uint8_t debit_side[STO_DIGEST_LEN];
	uint8_t credit_side[STO_DIGEST_LEN];
	uint8_t leaf[STO_DIGEST_LEN];
	bool debit;
	bool credit;
	StoEntry e;
	StoWriter w;

	memset(&e, 0, sizeof(e));
	take_order(&e.order, ledger);
	CHECK(i64_of("entry_id", &e.entry_id));
	e.has_authority_event = i64_of("authority_event", &e.authority_event);
	e.has_rule_set = i64_of("rule_set", &e.rule_set);
	e.has_key_policy = i64_of("key_policy", &e.key_policy);
	debit = take_side("debit_", &e.debit, debit_salt);
	credit = take_side("credit_", &e.credit, credit_salt);
	e.signatures_len = (uint16_t) long_octets_of("signatures", signatures);
	e.signatures = e.signatures_len > 0 ? signatures : NULL;
	CHECK(i64_of("received_at", &e.received_at) && i64_of("posted_at", &e.posted_at));
	CHECK(octets_of("posted_by", e.posted_by, STO_UUID_LEN));

	sto_writer_init(&w, order, sizeof(order));
	sto_put_order(&w, ledger, &e.order);
	check_signatures(order, w.len);

	if (debit)
		CHECK(sto_side_digest(debit_salt, e.order.token_id, &e.debit, debit_side));
	if (credit)
		CHECK(sto_side_digest(credit_salt, e.order.token_id, &e.credit, credit_side));
	sto_writer_init(&w, out, sizeof(out));
	sto_put_entry(&w, ledger, &e, debit ? debit_side : NULL, credit ? credit_side : NULL);
	CHECK(!w.failed);
	expect("record", out, w.len);
	CHECK(sto_entry_leaf(ledger, &e, debit ? debit_salt : NULL, credit ? credit_salt : NULL, leaf));
	expect("leaf_hash", leaf, sizeof(leaf));
}

static const struct
{
	const char *name;
	void (*run)(void);
} shapes[] = {
	{"key", test_key},
	{"event", test_event},
	{"possession", test_possession},
	{"address", test_address},
	{"order", test_order},
	{"batch", test_batch},
	{"instruction", test_instruction},
	{"side", test_side},
	{"commitment", test_commitment},
	{"definition", test_definition},
	{"entry", test_entry},
	{"note_possession", test_note_possession},
	{"checkpoint", test_checkpoint},
	{"receipt", test_receipt},
	{"promise", test_promise},
	{"close_leaf", test_close_leaf},
	{"close", test_close},
};

static void
run_vector(const char *shape)
{
	const char *given = value_of("title");

	snprintf(title, sizeof(title), "%s", given == NULL ? "?" : given);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(shapes[i].name, shape) == 0)
		{
			shapes[i].run();
			return;
		}
	CHECK_AS(false, "%s: unknown shape \"%s\"", title, shape);
}

static void
forget_lines(void)
{
	while (lines > 0)
	{
		lines--;
		free(names[lines]);
		free(values[lines]);
	}
}

int
main(int argc, char **argv)
{
	static char line[4 * BYTES_MAX];
	char shape[32] = "";
	int vectors = 0;
	FILE *f = fopen(argc > 1 ? argv[1] : "test/core/vectors.txt", "r");

	CHECK(f != NULL);
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
	{
		char *space;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (strncmp(line, "vector ", 7) == 0)
		{
			snprintf(shape, sizeof(shape), "%.31s", line + 7);
			continue;
		}
		if (strcmp(line, "end") == 0)
		{
			run_vector(shape);
			forget_lines();
			vectors++;
			continue;
		}
		/* a name without a value is an empty text */
		space = strchr(line, ' ');
		if (space != NULL)
			*space = '\0';
		if (lines == LINES_MAX)
		{
			CHECK_AS(false, "a vector has at most %d lines", LINES_MAX);
			break;
		}
		names[lines] = strdup(line);
		values[lines++] = strdup(space == NULL ? "" : space + 1);
	}
	if (f != NULL)
		fclose(f);
	CHECK(vectors >= 50);
	return check_done("vectors");
}
