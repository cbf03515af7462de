/*
 * test_policy.c
 *		Shapes of policies, lists of signatures, quorums one by one.
 */
#include "core/policy.h"

#include "check.h"
#include "signer.h"

#include <openssl/err.h>

#define SIGNERS 16
#define MESSAGE "what the quorum signs"
#define MESSAGE_LEN (sizeof(MESSAGE) - 1)
#define NOW INT64_C(1700000000000000)

static Signer signers[SIGNERS + 1]; /* the last is a stranger */

/* A policy of the first `count` signers. */
static StoPolicy
policy_of(int threshold, int count)
{
	StoPolicy policy;

	memset(&policy, 0, sizeof(policy));
	policy.threshold = (uint8_t) threshold;
	policy.count = (uint8_t) count;
	for (int i = 0; i < count && i < SIGNERS; i++)
		policy.keys[i].key = signers[i].key;
	return policy;
}

static bool
vets(StoPolicy *policy)
{
	const char *why = NULL;

	return sto_policy_vet(policy, &why);
}

static bool
refuses_shape(StoPolicy policy, const char *reason)
{
	const char *why = NULL;
	bool refused = !sto_policy_vet(&policy, &why);

	if (refused && strstr(why, reason) == NULL)
		printf("# refused because %s\n", why);
	return refused && strstr(why, reason) != NULL;
}

static void
test_shape(void)
{
	StoPolicy policy = policy_of(2, 3);

	CHECK(vets(&policy));
	CHECK(memcmp(policy.keys[2].fingerprint, signers[2].fingerprint, STO_DIGEST_LEN) == 0);
	policy = policy_of(16, 16);
	CHECK(vets(&policy));
	CHECK(refuses_shape(policy_of(0, 0), "1 to 16 keys"));
	CHECK(refuses_shape(policy_of(1, 17), "1 to 16 keys"));
	CHECK(refuses_shape(policy_of(1, 255), "1 to 16 keys"));
	CHECK(refuses_shape(policy_of(0, 2), "threshold"));
	CHECK(refuses_shape(policy_of(3, 2), "threshold"));
	CHECK(refuses_shape(policy_of(255, 16), "threshold"));

	policy = policy_of(1, 3);
	policy.keys[2].key = policy.keys[0].key;
	CHECK(refuses_shape(policy, "twice"));
	policy = policy_of(1, 2);
	policy.keys[1].key.len = 200;
	CHECK(refuses_shape(policy, "fingerprint"));

	policy = policy_of(1, 1);
	policy.keys[0].has_from = policy.keys[0].has_to = true;
	policy.keys[0].from = policy.keys[0].to = NOW;
	CHECK_AS(refuses_shape(policy, "validity"), "an empty validity is refused");
	policy.keys[0].to = NOW - 1;
	CHECK_AS(refuses_shape(policy, "validity"), "a validity that runs backwards is refused");
	policy.keys[0].to = NOW + 1;
	CHECK_AS(vets(&policy), "a validity of one microsecond is taken");
	policy.keys[0].has_from = false;
	policy.keys[0].to = INT64_MIN;
	CHECK(vets(&policy));
}

static bool
unpacks(const uint8_t *data, size_t len, StoPolicy *policy)
{
	uint8_t *block = malloc(len > 0 ? len : 1);
	const char *why = NULL;
	bool ok;

	if (len > 0)
		memcpy(block, data, len);
	ok = sto_policy_unpack(block, len, policy, &why);
	free(block);
	return ok || why == NULL;
}

static void
test_pack(void)
{
	uint8_t packed[STO_POLICY_PACKED_MAX + 1], again[STO_POLICY_PACKED_MAX];
	StoPolicy policy = policy_of(9, 16), back;
	StoWriter w;
	bool refused = true;
	size_t len;

	for (int i = 0; i < 16; i++)
	{
		policy.keys[i].has_from = i % 2 == 0;
		policy.keys[i].from = NOW - i;
		policy.keys[i].has_to = i % 3 == 0;
		policy.keys[i].to = NOW + i + 1;
	}
	vets(&policy);
	sto_writer_init(&w, packed, STO_POLICY_PACKED_MAX);
	sto_put_policy(&w, &policy);
	len = w.len;
	CHECK(!w.failed);
	CHECK(unpacks(packed, len, &back));
	CHECK(back.threshold == 9 && back.count == 16);
	CHECK(memcmp(back.keys[15].fingerprint, policy.keys[15].fingerprint, STO_DIGEST_LEN) == 0);
	sto_writer_init(&w, again, sizeof(again));
	sto_put_policy(&w, &back);
	CHECK(w.len == len && memcmp(packed, again, len) == 0);
	for (size_t cut = 0; cut < len; cut++)
		refused = refused && !unpacks(packed, cut, &back);
	CHECK_AS(refused, "a policy is refused at every truncation");
	packed[len] = 0;
	CHECK_AS(!unpacks(packed, len + 1, &back), "an octet after a policy is refused");

	/* absent and present are told apart */
	policy = policy_of(1, 1);
	sto_writer_init(&w, packed, sizeof(packed));
	sto_put_policy(&w, &policy);
	len = w.len;
	policy.keys[0].has_from = true;
	sto_writer_init(&w, again, sizeof(again));
	sto_put_policy(&w, &policy);
	CHECK(w.len == len + 8);
	CHECK(len == 2 + 2 + 32 + 2 && packed[0] == 1 && packed[1] == 1 && packed[2] == 1);
	packed[2] = 0;
	CHECK_AS(!unpacks(packed, len, &back), "scheme 0 is refused");
	packed[2] = 4;
	CHECK_AS(!unpacks(packed, len, &back), "scheme 4 is refused");
	packed[2] = STO_SCHEME_P256;
	CHECK_AS(!unpacks(packed, len, &back), "32 octets of P-256 are refused");
	packed[2] = 1;
	packed[3] = 34;
	CHECK_AS(!unpacks(packed, len, &back), "a key of 34 octets is refused");
	packed[3] = 255;
	CHECK_AS(!unpacks(packed, len, &back), "a key of 255 octets is refused");
	packed[3] = 32;
	packed[len - 1] = 2;
	CHECK_AS(!unpacks(packed, len, &back), "a presence octet of 2 is refused");
	packed[len - 1] = 0;
	CHECK(unpacks(packed, len, &back));
	packed[1] = 0;
	CHECK_AS(!unpacks(packed, 2, &back), "a policy without keys is refused");
	packed[1] = 17;
	CHECK_AS(!unpacks(packed, len, &back), "a policy of 17 keys is refused");
	packed[1] = 1;
	packed[0] = 0;
	CHECK_AS(!unpacks(packed, len, &back), "a threshold of 0 is refused");

	policy.count = 17;
	sto_writer_init(&w, again, sizeof(again));
	sto_put_policy(&w, &policy);
	CHECK_AS(w.failed, "17 keys aren't written");
	policy.count = 1;
	policy.keys[0].key.len = 34;
	sto_writer_init(&w, again, sizeof(again));
	sto_put_policy(&w, &policy);
	CHECK_AS(w.failed, "a key of 34 octets isn't written");
}

/* One item of a list as a client sends it: ECDSA in DER. */
static void
put_item(StoWriter *w, const Signer *s, const void *msg, size_t len)
{
	uint8_t sig[STO_SIG_MAX];
	size_t sig_len = signer_sign(s, msg, len, sig);

	sto_put_u8(w, s->key.scheme);
	sto_put_bytes(w, s->fingerprint, STO_KEY_ID_LEN);
	sto_put_octets8(w, sig, sig_len);
}

static bool
parses(const uint8_t *data, size_t len, StoSigList *list, const char **why)
{
	uint8_t *block = malloc(len > 0 ? len : 1);
	bool ok;

	if (len > 0)
		memcpy(block, data, len);
	*why = NULL;
	ok = sto_siglist_parse(block, len, list, why);
	free(block);
	if (!ok && *why == NULL)
		CHECK_AS(false, "a refusal gives its reason");
	return ok;
}

static void
test_siglist(void)
{
	uint8_t data[17 * 90], stored[STO_SIGLIST_PACKED_MAX], again[STO_SIGLIST_PACKED_MAX];
	size_t ends[SIGNERS + 1] = {0};
	StoSigList list, back;
	StoWriter w, out;
	const char *why;
	bool good = true;

	sto_writer_init(&w, data, sizeof(data));
	for (int i = 0; i < SIGNERS; i++)
	{
		put_item(&w, &signers[i], MESSAGE, MESSAGE_LEN);
		ends[i + 1] = w.len;
	}
	CHECK(!w.failed && parses(data, w.len, &list, &why));
	CHECK(list.count == SIGNERS);
	for (int i = 1; i < list.count; i++)
		good &= memcmp(list.items[i - 1].key_id, list.items[i].key_id, STO_KEY_ID_LEN) < 0;
	CHECK_AS(good, "items are sorted by key id");
	sto_writer_init(&out, stored, sizeof(stored));
	sto_put_siglist(&out, &list);
	CHECK(!out.failed && out.len == STO_SIGLIST_PACKED_MAX);
	CHECK(parses(stored, out.len, &back, &why));
	sto_writer_init(&out, again, sizeof(again));
	sto_put_siglist(&out, &back);
	CHECK_AS(out.len == sizeof(stored) && memcmp(stored, again, sizeof(stored)) == 0,
			 "the stored form is its own stored form");

	/* a list may end where an item ends, and nowhere else */
	for (size_t cut = 0; cut < w.len; cut++)
	{
		bool whole = false;

		for (int i = 1; i <= SIGNERS; i++)
			whole |= cut == ends[i];
		good &= parses(data, cut, &back, &why) == whole;
	}
	CHECK_AS(good, "every truncation inside an item is refused");

	put_item(&w, &signers[SIGNERS], MESSAGE, MESSAGE_LEN);
	CHECK_AS(!parses(data, w.len, &back, &why) && strstr(why, "16"), "17 signatures are refused");
	CHECK_AS(!parses(data, 0, &back, &why) && strstr(why, "empty"), "an empty list is refused");
	CHECK(!parses(NULL, 0, &back, &why));

	sto_writer_init(&w, data, sizeof(data));
	put_item(&w, &signers[0], MESSAGE, MESSAGE_LEN);
	put_item(&w, &signers[1], MESSAGE, MESSAGE_LEN);
	put_item(&w, &signers[0], MESSAGE, MESSAGE_LEN);
	CHECK_AS(!parses(data, w.len, &back, &why) && strstr(why, "twice"), "a repeated key id");
	sto_put_u8(&w, 0);
	CHECK_AS(!parses(data, w.len, &back, &why), "a trailing octet is refused");

	sto_writer_init(&w, data, sizeof(data));
	put_item(&w, &signers[0], MESSAGE, MESSAGE_LEN);
	data[0] = 9;
	CHECK_AS(!parses(data, w.len, &back, &why) && strstr(why, "scheme"), "an unknown scheme");
	data[0] = STO_SCHEME_ED25519;
	data[9] = 0;
	CHECK_AS(!parses(data, 10, &back, &why), "a signature of no octets is refused");

	list.count = 17;
	sto_writer_init(&out, NULL, 0);
	sto_put_siglist(&out, &list);
	CHECK_AS(out.failed, "17 items aren't written");
	list.count = 0;
	sto_writer_init(&out, NULL, 0);
	sto_put_siglist(&out, &list);
	CHECK(!out.failed && out.len == 0);
}

/* The list in which the given signers sign; -1 ends it. */
static StoSigList
signed_by(const int *who)
{
	uint8_t data[STO_POLICY_KEYS_MAX * 90];
	StoSigList list;
	StoWriter w;
	const char *why;

	sto_writer_init(&w, data, sizeof(data));
	while (*who >= 0)
		put_item(&w, &signers[*who++], MESSAGE, MESSAGE_LEN);
	if (!sto_siglist_parse(data, w.len, &list, &why))
		CHECK_AS(false, "the list was refused: %s", why);
	return list;
}

static bool
is_index_of(const StoSigList *list, int which, int who)
{
	return which >= 0 && which < list->count &&
		   memcmp(list->items[which].key_id, signers[who].fingerprint, STO_KEY_ID_LEN) == 0;
}

static void
test_quorum(void)
{
	StoPolicy policy = policy_of(2, 3);
	StoSigList list;
	int which = 99;

	vets(&policy);
	list = signed_by((const int[]){0, 1, -1});
	CHECK(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW, &which) == STO_QUORUM_MET);
	CHECK(which == -1);
	list = signed_by((const int[]){2, 1, 0, -1});
	CHECK_AS(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW, &which) == STO_QUORUM_MET,
			 "more than the threshold is met");
	list = signed_by((const int[]){1, -1});
	CHECK(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW, &which) ==
			  STO_QUORUM_TOO_FEW &&
		  which == -1);
	list = signed_by((const int[]){0, 1, SIGNERS, -1});
	CHECK(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW, &which) ==
			  STO_QUORUM_UNKNOWN_KEY &&
		  is_index_of(&list, which, SIGNERS));
	list = signed_by((const int[]){0, 1, -1});
	CHECK_AS(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN - 1, NOW, &which) ==
				 STO_QUORUM_BAD_SIGNATURE,
			 "another message");
	list = signed_by((const int[]){0, 1, 2, -1});
	for (int i = 0; i < list.count; i++)
	{
		StoSigList bad = list;

		bad.items[i].sig[40] ^= 1;
		CHECK_AS(sto_quorum_check(&policy, &bad, MESSAGE, MESSAGE_LEN, NOW, &which) ==
						 STO_QUORUM_BAD_SIGNATURE &&
					 which == i,
				 "two good ones don't make up for a bad one at %d", i);
	}
}

static void
test_validity(void)
{
	StoPolicy policy = policy_of(1, 3);
	StoSigList list = signed_by((const int[]){0, 1, -1});
	int which;

	policy.keys[1].has_from = true;
	policy.keys[1].from = NOW;
	policy.keys[1].has_to = true;
	policy.keys[1].to = NOW + 10;
	vets(&policy);
	CHECK_AS(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW - 1, &which) ==
					 STO_QUORUM_NOT_YET_VALID &&
				 is_index_of(&list, which, 1),
			 "a microsecond before");
	CHECK_AS(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW, &which) == STO_QUORUM_MET,
			 "the first microsecond");
	CHECK_AS(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW + 9, &which) ==
				 STO_QUORUM_MET,
			 "the last microsecond");
	CHECK_AS(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW + 10, &which) ==
					 STO_QUORUM_EXPIRED &&
				 is_index_of(&list, which, 1),
			 "a microsecond after");
	list = signed_by((const int[]){0, -1});
	CHECK_AS(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW + 10, &which) ==
				 STO_QUORUM_MET,
			 "a key that doesn't sign may have expired");
}

/* What unpack and parse never let through must not open the gate either. */
static void
test_quorum_misuse(void)
{
	StoPolicy policy = policy_of(2, 3);
	StoSigList list = signed_by((const int[]){0, -1});
	StoSigList none;
	int which;

	vets(&policy);
	list.items[1] = list.items[0];
	list.count = 2;
	CHECK_AS(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW, &which) ==
					 STO_QUORUM_BAD_SIGNATURE &&
				 which == 1,
			 "one signature twice doesn't count twice");
	list = signed_by((const int[]){0, 1, -1});
	list.items[0].scheme = list.items[0].scheme == 1 ? 2 : 1;
	CHECK_AS(sto_quorum_check(&policy, &list, MESSAGE, MESSAGE_LEN, NOW, &which) ==
				 STO_QUORUM_UNKNOWN_KEY,
			 "the scheme is part of the name");
	memset(&none, 0, sizeof(none));
	CHECK(sto_quorum_check(&policy, &none, MESSAGE, MESSAGE_LEN, NOW, &which) ==
		  STO_QUORUM_TOO_FEW);
	policy.threshold = 0;
	CHECK(sto_quorum_check(&policy, &none, MESSAGE, MESSAGE_LEN, NOW, &which) ==
		  STO_QUORUM_TOO_FEW);
	memset(&policy, 0, sizeof(policy));
	CHECK(sto_quorum_check(&policy, &none, MESSAGE, MESSAGE_LEN, NOW, &which) ==
		  STO_QUORUM_TOO_FEW);
	none.count = 255;
	policy.count = 255;
	policy.threshold = 1;
	CHECK(sto_quorum_check(&policy, &none, MESSAGE, MESSAGE_LEN, NOW, &which) ==
		  STO_QUORUM_TOO_FEW);
}

static void
test_possession(void)
{
	static const uint8_t ledger[16] = {1}, party[16] = {2}, subject[16] = {3}, address[20] = {4},
						 custodian[16] = {5};
	uint8_t base[1200], other[1200];
	StoPolicy policy = policy_of(1, 2);
	StoWriter w;
	size_t len;

	sto_writer_init(&w, base, sizeof(base));
	sto_put_possession(&w, ledger, party, subject, address, NULL, false, &policy);
	len = w.len;
	CHECK(!w.failed && len == 16 + 48 + 21 + 1 + 1 + 2 + (2 + 32 + 2) + (2 + 33 + 2));
	CHECK(memcmp(base, "\x0esto.possession\x01", 16) == 0);
	sto_writer_init(&w, other, sizeof(other));
	sto_put_possession(&w, ledger, party, subject, NULL, NULL, false, &policy);
	CHECK(w.len == len - 20 && other[64] == 0 && base[64] == 1);
	sto_writer_init(&w, other, sizeof(other));
	sto_put_possession(&w, party, party, subject, address, NULL, false, &policy);
	CHECK(memcmp(base, other, len) != 0);
	sto_writer_init(&w, other, sizeof(other));
	sto_put_possession(&w, ledger, ledger, subject, address, NULL, false, &policy);
	CHECK(memcmp(base, other, len) != 0);
	sto_writer_init(&w, other, sizeof(other));
	sto_put_possession(&w, ledger, party, party, address, NULL, false, &policy);
	CHECK(memcmp(base, other, len) != 0);
	sto_writer_init(&w, other, sizeof(other));
	sto_put_possession(&w, ledger, party, subject, address, NULL, true, &policy);
	CHECK(w.len == len && other[86] == 1 && base[86] == 0);
	sto_writer_init(&w, other, sizeof(other));
	sto_put_possession(&w, ledger, party, subject, address, custodian, false, &policy);
	CHECK(w.len == len + 16 && other[85] == 1 && memcmp(other + 86, custodian, 16) == 0);
	policy.threshold = 2;
	sto_writer_init(&w, other, sizeof(other));
	sto_put_possession(&w, ledger, party, subject, address, NULL, false, &policy);
	CHECK(memcmp(base, other, len) != 0);
}

int
main(void)
{
	for (int i = 0; i <= SIGNERS; i++)
		signers[i] = signer_new((uint8_t) (1 + i % 3));
	test_shape();
	test_pack();
	test_siglist();
	test_quorum();
	test_validity();
	test_quorum_misuse();
	test_possession();
	for (int i = 0; i <= SIGNERS; i++)
		signer_free(&signers[i]);
	CHECK_AS(ERR_peek_error() == 0, "no error is left in OpenSSL's queue");
	return check_done("policy");
}
