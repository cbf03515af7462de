/*
 * signer.c
 *		The benchmark's side of the wire: makes wallets' keys from a seed and
 *		signs register acts, orders and lists outside the server, as lines for
 *		COPY.
 *
 * Wallets and orders are functions of the seed and a number, so that runs of
 * this program at once, and later ones, agree without a file between them.
 */
#include "core/bech32m.h"
#include "core/hash.h"
#include "core/message.h"
#include "core/policy.h"
#include "core/sign.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WALLETS_MAX 1000000
#define UUID_TEXT 37

typedef struct Key
{
	EVP_PKEY *pkey;
	StoKey key;
	uint8_t fingerprint[STO_DIGEST_LEN];
} Key;

typedef struct Wallet
{
	bool made;
	bool has_key; /* a key takes much longer than all the rest */
	Key key;
	uint8_t id[STO_UUID_LEN];
	uint8_t party[STO_UUID_LEN];
	uint8_t address[STO_ADDRESS_LEN];
} Wallet;

static const char *seed;
static uint8_t ledger[STO_UUID_LEN];
static long wallet_count;
static long party_count;
static Wallet *wallets;
static EVP_MD_CTX *sign_ctx;

static _Noreturn void
stop(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("signer: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static double
now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* Octets that depend on the seed, a word and a number. */
static void
derive(const char *word, long n, uint8_t out[STO_DIGEST_LEN])
{
	char text[128];
	int len = snprintf(text, sizeof(text), "%s/%s/%ld", seed, word, n);

	if (len >= (int) sizeof(text) || !sto_sha256(text, (size_t) len, out))
		stop("cannot derive %s %ld", word, n);
}

/* The same as a random-looking uuid (RFC 9562 5.4). */
static void
derive_uuid(const char *word, long n, uint8_t out[STO_UUID_LEN])
{
	uint8_t octets[STO_DIGEST_LEN];

	derive(word, n, octets);
	memcpy(out, octets, STO_UUID_LEN);
	out[6] = (uint8_t) ((out[6] & 0x0f) | 0x40);
	out[8] = (uint8_t) ((out[8] & 0x3f) | 0x80);
}

static void
print_uuid(const uint8_t id[STO_UUID_LEN], char out[UUID_TEXT])
{
	char hex[2 * STO_UUID_LEN + 1];

	sto_hex_encode(id, STO_UUID_LEN, hex);
	snprintf(out, UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
			 hex + 20);
}

static void
parse_uuid(const char *text, uint8_t out[STO_UUID_LEN])
{
	char hex[2 * STO_UUID_LEN + 1];
	size_t len = 0;

	for (; *text != '\0'; text++)
		if (*text != '-' && len < sizeof(hex))
			hex[len++] = *text;
	if (!sto_hex_decode(hex, len, out, STO_UUID_LEN))
		stop("not a uuid");
}

static long
parse_count(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end != '\0' || n < 0)
		stop("not a count: %s", text);
	return n;
}

static void
make_key(const uint8_t secret[STO_DIGEST_LEN], Key *out)
{
	uint8_t octets[32];
	size_t len = sizeof(octets);

	out->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, STO_DIGEST_LEN);
	if (out->pkey == NULL || EVP_PKEY_get_raw_public_key(out->pkey, octets, &len) != 1)
		stop("cannot make a key");
	/* it's our own key: not vetted, as that takes longer than making it */
	out->key.scheme = STO_SCHEME_ED25519;
	out->key.len = (uint8_t) len;
	memcpy(out->key.data, octets, len);
	if (!sto_key_fingerprint(&out->key, out->fingerprint))
		stop("cannot fingerprint a key");
}

static void
parse_key(const char *hex, Key *out)
{
	uint8_t secret[STO_DIGEST_LEN];

	if (!sto_hex_decode(hex, strlen(hex), secret, sizeof(secret)))
		stop("not a secret");
	make_key(secret, out);
}

static void
sign(const Key *key, const StoWriter *message, uint8_t out[STO_SIG_LEN])
{
	size_t len = STO_SIG_LEN;

	if (message->failed)
		stop("a message is too long");
	if (sign_ctx == NULL)
		sign_ctx = EVP_MD_CTX_new();
	EVP_MD_CTX_reset(sign_ctx);
	if (EVP_DigestSignInit_ex(sign_ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) != 1 ||
		EVP_DigestSign(sign_ctx, out, &len, message->data, message->len) != 1)
		stop("cannot sign");
}

/* The list of one signature, in hex. */
static void
sign_list(const Key *key, const StoWriter *message, char out[2 * STO_SIGLIST_ITEM_LEN + 1])
{
	uint8_t packed[STO_SIGLIST_ITEM_LEN];
	StoSigList list = {.count = 1};
	StoWriter w;

	list.items[0].scheme = key->key.scheme;
	memcpy(list.items[0].key_id, key->fingerprint, STO_KEY_ID_LEN);
	sign(key, message, list.items[0].sig);
	sto_writer_init(&w, packed, sizeof(packed));
	sto_put_siglist(&w, &list);
	sto_hex_encode(packed, w.len, out);
}

static Wallet *
wallet(long n)
{
	Wallet *w = &wallets[n];

	if (w->made)
		return w;
	derive_uuid("wallet", n, w->id);
	derive_uuid("party", n % party_count, w->party);
	if (!sto_wallet_address(ledger, w->id, w->address))
		stop("cannot make an address");
	w->made = true;
	return w;
}

static const Key *
wallet_key(long n)
{
	Wallet *w = wallet(n);
	uint8_t secret[STO_DIGEST_LEN];

	if (!w->has_key)
	{
		derive("key", n, secret);
		make_key(secret, &w->key);
		w->has_key = true;
	}
	return &w->key;
}

/* One line for COPY sto.event (kind, subject, actor, body, signatures). */
static void
print_event(FILE *out, const char *kind, const uint8_t *subject, const uint8_t *actor,
			const Key *key, const char *body)
{
	uint8_t buffer[4096];
	char signatures[2 * STO_SIGLIST_ITEM_LEN + 1];
	char subject_text[UUID_TEXT];
	char actor_text[UUID_TEXT];
	StoEvent event = {.kind = kind, .kind_len = (uint8_t) strlen(kind)};
	StoWriter w;

	memcpy(event.subject, subject, STO_UUID_LEN);
	memcpy(event.actor, actor, STO_UUID_LEN);
	event.body = body;
	event.body_len = (uint32_t) strlen(body);
	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_act(&w, ledger, &event);
	sign_list(key, &w, signatures);
	print_uuid(subject, subject_text);
	print_uuid(actor, actor_text);
	fprintf(out, "%s\t%s\t%s\t%s\t\\\\x%s\n", kind, subject_text, actor_text, body, signatures);
}

static void
print_wallet_event(long n, const uint8_t *registrar, const Key *key, const char *custodian)
{
	Wallet *w = wallet(n);
	const Key *own = wallet_key(n);
	uint8_t salt[STO_DIGEST_LEN];
	uint8_t buffer[STO_POLICY_PACKED_MAX + 256];
	uint8_t possession[STO_SIG_LEN];
	uint8_t custodian_id[STO_UUID_LEN];
	char salt_hex[2 * STO_DIGEST_LEN + 1];
	char key_hex[2 * STO_KEY_MAX + 1];
	char possession_hex[2 * STO_SIG_LEN + 1];
	char party[UUID_TEXT];
	char body[1024];
	StoPolicy policy = {.threshold = 1, .count = 1};
	StoWriter writer;

	policy.keys[0].key = own->key;
	memcpy(policy.keys[0].fingerprint, own->fingerprint, STO_DIGEST_LEN);
	sto_writer_init(&writer, buffer, sizeof(buffer));
	parse_uuid(custodian, custodian_id);
	sto_put_possession(&writer, ledger, w->party, w->id, w->address, custodian_id, false, &policy);
	sign(own, &writer, possession);

	derive("salt", n, salt);
	sto_hex_encode(salt, sizeof(salt), salt_hex);
	sto_hex_encode(own->key.data, own->key.len, key_hex);
	sto_hex_encode(possession, sizeof(possession), possession_hex);
	print_uuid(w->party, party);
	snprintf(body, sizeof(body),
			 "{\"party\":\"%s\",\"kind\":\"client\",\"custodian\":\"%s\",\"salt\":\"%s\","
			 "\"threshold\":1,\"keys\":[{\"key\":\"ed25519:%s\",\"possession\":\"%s\"}]}",
			 party, custodian, salt_hex, key_hex, possession_hex);
	print_event(stdout, "wallet", w->id, registrar, key, body);
}

/* parties REGISTRAR SECRET */
static void
do_parties(char **args)
{
	uint8_t registrar[STO_UUID_LEN];
	uint8_t id[STO_UUID_LEN];
	Key key;

	parse_uuid(args[0], registrar);
	parse_key(args[1], &key);
	for (long n = 0; n < party_count; n++)
	{
		derive_uuid("party", n, id);
		print_event(stdout, "party", id, registrar, &key, "{\"kind\":\"natural\"}");
	}
}

/* wallets REGISTRAR SECRET CUSTODIAN FIRST COUNT */
static void
do_wallets(char **args)
{
	uint8_t registrar[STO_UUID_LEN];
	Key key;
	long first = parse_count(args[3]);
	long count = parse_count(args[4]);

	parse_uuid(args[0], registrar);
	parse_key(args[1], &key);
	for (long n = first; n < first + count; n++)
		print_wallet_event(n, registrar, &key, args[2]);
}

/* rows party|wallet CUSTODIAN POLICY: the register's rows as they would be, for COPY */
static void
do_rows(char **args)
{
	static const char *const countries[] = {"KZ", "AE", "DE", "FR", "GB", "IT", "ES", "PL"};
	bool of_wallets = strcmp(args[0], "wallet") == 0;

	for (long n = 0; n < wallet_count; n++)
	{
		const Wallet *w = wallet(n);
		uint8_t salt[STO_DIGEST_LEN];
		char salt_hex[2 * STO_DIGEST_LEN + 1];
		char address[STO_ADDRESS_TEXT_LEN + 1];
		char party[UUID_TEXT];
		char id[UUID_TEXT];

		print_uuid(w->party, party);
		if (!of_wallets)
		{
			printf("0\t%s\tnatural\tactive\t%s\n", party,
				   countries[(size_t) n % (sizeof(countries) / sizeof(countries[0]))]);
			continue;
		}
		derive("salt", n, salt);
		sto_hex_encode(salt, sizeof(salt), salt_hex);
		sto_address_print(w->address, address);
		print_uuid(w->id, id);
		printf("0\t%s\t%s\t%s\t%s\t%s\t%s\tf\tclient\tactive\n", args[2], id, party, args[1],
			   address, salt_hex);
	}
}

/* Order n: between two wallets drawn from the seed, or always from wallet 0 to wallet 1. */
static void
make_order(long n, bool pair, const uint8_t *token, StoOrder *order, long *from)
{
	uint8_t octets[STO_DIGEST_LEN];
	uint64_t draw[2];
	Wallet *debit;
	Wallet *credit;

	derive("draw", n, octets);
	memcpy(draw, octets, sizeof(draw));
	draw[0] = pair ? 0 : draw[0] % (uint64_t) wallet_count;
	draw[1] = pair ? 1 : draw[1] % (uint64_t) wallet_count;
	if (draw[0] == draw[1])
		draw[1] = (draw[1] + 1) % (uint64_t) wallet_count;

	*from = (long) draw[0];
	debit = wallet(*from);
	credit = wallet((long) draw[1]);
	memset(order, 0, sizeof(*order));
	order->kind = STO_TRANSFER;
	derive_uuid("order", n, order->order_id);
	memcpy(order->ordering_party, debit->party, STO_UUID_LEN);
	memcpy(order->token_id, token, STO_UUID_LEN);
	order->amount = 1;
	order->has_debit = order->has_credit = true;
	memcpy(order->debit, debit->address, STO_ADDRESS_LEN);
	memcpy(order->credit, credit->address, STO_ADDRESS_LEN);
}

/* Order n: an issue to a wallet. */
static void
make_issue(long n, const uint8_t *token, long to, StoOrder *order)
{
	memset(order, 0, sizeof(*order));
	order->kind = STO_ISSUE;
	derive_uuid("order", n, order->order_id);
	memcpy(order->token_id, token, STO_UUID_LEN);
	order->has_debit = order->has_credit = true;
	if (!sto_wallet_address(ledger, token, order->debit))
		stop("cannot make an address");
	memcpy(order->credit, wallet(to)->address, STO_ADDRESS_LEN);
}

/* One line for COPY bench.orders (n, order_id, ordering_party, debit, credit, signatures). */
static void
print_order(FILE *out, long n, const StoOrder *order, const char *signatures)
{
	char id[UUID_TEXT];
	char party[UUID_TEXT];
	char debit[STO_ADDRESS_TEXT_LEN + 1];
	char credit[STO_ADDRESS_TEXT_LEN + 1];

	print_uuid(order->order_id, id);
	print_uuid(order->ordering_party, party);
	sto_address_print(order->debit, debit);
	sto_address_print(order->credit, credit);
	fprintf(out, "%ld\t%s\t%s\t%s\t%s\t%s%s\n", n, id, party, debit, credit,
			signatures == NULL ? "\\N" : "\\\\x", signatures == NULL ? "" : signatures);
}

/* orders TOKEN FIRST COUNT all|pair signed|unsigned */
static void
do_orders(char **args)
{
	uint8_t token[STO_UUID_LEN];
	uint8_t buffer[STO_ORDER_MAX];
	char signatures[2 * STO_SIGLIST_ITEM_LEN + 1];
	long first = parse_count(args[1]);
	long count = parse_count(args[2]);
	bool pair = strcmp(args[3], "pair") == 0;
	bool is_signed = strcmp(args[4], "signed") == 0;

	parse_uuid(args[0], token);
	for (long n = first; n < first + count; n++)
	{
		StoOrder order;
		StoWriter w;
		long from;

		make_order(n, pair, token, &order, &from);
		sto_writer_init(&w, buffer, sizeof(buffer));
		sto_put_order(&w, ledger, &order);
		if (is_signed)
			sign_list(wallet_key(from), &w, signatures);
		print_order(stdout, n, &order, is_signed ? signatures : NULL);
	}
}

/*
 * list KIND TOKEN ACTOR SECRET FIRST COUNT AMOUNT EVENT-FILE
 *
 * KIND all or pair: transfers, ordered by the wallets' custodian; issue: AMOUNT
 * to each of the first COUNT wallets.  Orders to stdout; the event that signs
 * them all to the file.
 */
static void
do_list(char **args)
{
	bool issue = strcmp(args[0], "issue") == 0;
	bool pair = strcmp(args[0], "pair") == 0;
	long first = parse_count(args[4]);
	long count = parse_count(args[5]);
	long amount = parse_count(args[6]);
	uint8_t token[STO_UUID_LEN];
	uint8_t actor[STO_UUID_LEN];
	uint8_t subject[STO_UUID_LEN];
	uint8_t buffer[STO_ORDER_MAX];
	uint8_t digest[STO_DIGEST_LEN];
	char hex[2 * STO_DIGEST_LEN + 1];
	char body[512];
	Key key;
	StoSha256 *running = sto_sha256_new();
	FILE *events = fopen(args[7], "w");

	parse_uuid(args[1], token);
	parse_uuid(args[2], actor);
	parse_key(args[3], &key);
	if (events == NULL || running == NULL || !sto_sha256_init(running))
		stop("cannot begin a list");
	for (long i = 0; i < count; i++)
	{
		StoOrder order;
		StoWriter w;
		long from;

		if (issue)
			make_issue(first + i, token, i, &order);
		else
			make_order(first + i, pair, token, &order, &from);
		memcpy(order.ordering_party, actor, STO_UUID_LEN);
		order.amount = amount;
		sto_writer_init(&w, buffer, sizeof(buffer));
		sto_put_order(&w, ledger, &order);
		if (w.failed || !sto_sha256_update(running, buffer, w.len))
			stop("cannot hash a list");
		print_order(stdout, first + i, &order, NULL);
	}
	if (!sto_sha256_final(running, digest))
		stop("cannot hash a list");
	sto_sha256_free(running);

	derive_uuid("list", first, subject);
	sto_hex_encode(digest, sizeof(digest), hex);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"count\":%ld,\"sum\":\"%ld\",\"hash\":\"%s\"}",
			 args[1], count, count * amount, hex);
	print_event(events, "batch", subject, actor, &key, body);
	if (fclose(events) != 0)
		stop("cannot write %s", args[7]);
}

/*
 * verify COUNT: raw Ed25519 verifications a second on this core, of messages as
 * long as an order, each key's context made beforehand and used again; and a
 * second of the program's own time on it.
 */
static void
do_verify(char **args)
{
	enum
	{
		KEYS = 64,
		MESSAGE = 162
	};
	static uint8_t messages[KEYS][MESSAGE];
	static uint8_t signatures[KEYS][STO_SIG_LEN];
	EVP_MD_CTX *contexts[KEYS];
	long count = parse_count(args[0]);
	double start;
	double start_cpu;

	for (int i = 0; i < KEYS; i++)
	{
		const Key *key = wallet_key(i);
		StoWriter writer = {.data = messages[i], .size = MESSAGE, .len = MESSAGE};

		derive("message", i, messages[i]);
		sign(key, &writer, signatures[i]);
		contexts[i] = EVP_MD_CTX_new();
		if (contexts[i] == NULL ||
			EVP_DigestVerifyInit_ex(contexts[i], NULL, NULL, NULL, NULL, key->pkey, NULL) != 1)
			stop("cannot begin to verify");
	}
	start = now(CLOCK_MONOTONIC);
	start_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	for (long n = 0; n < count; n++)
	{
		int i = (int) (n % KEYS);

		if (EVP_DigestVerify(contexts[i], signatures[i], STO_SIG_LEN, messages[i], MESSAGE) != 1)
			stop("a good signature was refused");
	}
	printf("%.1f %.1f\n", (double) count / (now(CLOCK_MONOTONIC) - start),
		   (double) count / (now(CLOCK_PROCESS_CPUTIME_ID) - start_cpu));
	for (int i = 0; i < KEYS; i++)
		EVP_MD_CTX_free(contexts[i]);
}

/* hash COUNT: SHA-256 of as many records of 512 octets; how many a second */
static void
do_hash(char **args)
{
	uint8_t record[512] = {0};
	long count = parse_count(args[0]);
	double start = now(CLOCK_MONOTONIC);

	for (long n = 0; n < count; n++)
		if (!sto_sha256(record, sizeof(record), record))
			stop("cannot hash");
	printf("%.1f\n", (double) count / (now(CLOCK_MONOTONIC) - start));
}

static const struct
{
	const char *name;
	int args;
	void (*run)(char **args);
} commands[] = {
	{"parties", 2, do_parties}, {"wallets", 5, do_wallets}, {"orders", 5, do_orders},
	{"list", 8, do_list},       {"verify", 1, do_verify},   {"hash", 1, do_hash},
	{"rows", 3, do_rows},
};

int
main(int argc, char **argv)
{
	if (argc < 6)
		stop("usage: signer SEED LEDGER WALLETS PARTIES COMMAND ARGUMENT...");
	seed = argv[1];
	parse_uuid(argv[2], ledger);
	wallet_count = parse_count(argv[3]);
	party_count = parse_count(argv[4]);
	if (wallet_count < 64 || wallet_count > WALLETS_MAX || party_count < 1)
		stop("64 to %d wallets, one party at least", WALLETS_MAX);
	wallets = calloc((size_t) wallet_count, sizeof(Wallet));
	if (wallets == NULL)
		stop("out of memory");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
	{
		if (strcmp(argv[5], commands[i].name) != 0)
			continue;
		if (argc - 6 != commands[i].args)
			stop("%s takes %d arguments", argv[5], commands[i].args);
		commands[i].run(argv + 6);
		free(wallets);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	stop("unknown command %s", argv[5]);
}
