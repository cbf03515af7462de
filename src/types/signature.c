/*
 * signature.c
 *		SQL functions on keys and signatures: fingerprints, items of a list of
 *		signatures, checks, packed policies and proofs of possession.
 *
 * docs/format.md, "Keys, fingerprints, signatures" and "Key policy and proof
 * of possession".
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "core/policy.h"
#include "compat.h"
#include "types/types.h"

PG_FUNCTION_INFO_V1(sto_fingerprint);
PG_FUNCTION_INFO_V1(sto_key_id);
PG_FUNCTION_INFO_V1(sto_signature);
PG_FUNCTION_INFO_V1(sto_signature_valid);
PG_FUNCTION_INFO_V1(sto_key_policy);
PG_FUNCTION_INFO_V1(sto_key_policy_json);
PG_FUNCTION_INFO_V1(sto_possession_message);
PG_FUNCTION_INFO_V1(sto_quorum_fault);

static bytea *
sto_make_bytea(const void *data, size_t len)
{
	bytea *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	memcpy(VARDATA(result), data, len);
	return result;
}

static void
sto_key_digest(Datum key_datum, StoKey *key, uint8_t fingerprint[STO_DIGEST_LEN])
{
	sto_datum_get_key(key_datum, key);
	if (!sto_key_fingerprint(key, fingerprint))
		ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				errmsg("could not compute SHA-256"));
}

/* sto.fingerprint(public_key) returns digest */
Datum
sto_fingerprint(PG_FUNCTION_ARGS)
{
	StoKey key;
	uint8_t fingerprint[STO_DIGEST_LEN];

	sto_key_digest(PG_GETARG_DATUM(0), &key, fingerprint);
	PG_RETURN_DATUM(StoOctetsGetDatum(fingerprint, STO_DIGEST_LEN));
}

/* sto.key_id(public_key) returns bytea: the fingerprint's first 8 octets, by which a signature
 * names its key */
Datum
sto_key_id(PG_FUNCTION_ARGS)
{
	StoKey key;
	uint8_t fingerprint[STO_DIGEST_LEN];

	sto_key_digest(PG_GETARG_DATUM(0), &key, fingerprint);
	PG_RETURN_BYTEA_P(sto_make_bytea(fingerprint, STO_KEY_ID_LEN));
}

/*
 * Bring a signature argument to its stored form.  A malformed one is an error:
 * it is no signature of any key over any message.
 */
static void
sto_canonical_arg(const StoKey *key, bytea *signature, uint8_t out[STO_SIG_LEN])
{
	const char *why;

	if (!sto_signature_canonical(key->scheme, (const uint8_t *) VARDATA_ANY(signature),
								 VARSIZE_ANY_EXHDR(signature), out, &why))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid %s signature", sto_scheme_name(key->scheme)),
				errdetail_internal("%s", why),
				errhint("Pass the bare signature: 64 octets, or for ECDSA also DER."));
}

/*
 * sto.signature(public_key, signature bytea) returns bytea
 *
 * One item of a list of signatures in its stored form: scheme, key id, length,
 * signature.  A list is items concatenated with ||, in any order.
 *
 * Errors: 22023 if the signature is malformed.
 */
Datum
sto_signature(PG_FUNCTION_ARGS)
{
	StoKey key;
	StoSigList list;
	StoWriter w;
	uint8_t fingerprint[STO_DIGEST_LEN];
	uint8_t item[STO_SIGLIST_ITEM_LEN];

	sto_key_digest(PG_GETARG_DATUM(0), &key, fingerprint);
	list.count = 1;
	list.items[0].scheme = key.scheme;
	memcpy(list.items[0].key_id, fingerprint, STO_KEY_ID_LEN);
	sto_canonical_arg(&key, PG_GETARG_BYTEA_PP(1), list.items[0].sig);
	sto_writer_init(&w, item, sizeof(item));
	sto_put_siglist(&w, &list);
	PG_RETURN_BYTEA_P(sto_make_bytea(item, w.len));
}

/*
 * sto.signature_valid(public_key, message bytea, signature bytea)
 * returns boolean
 *
 * Was this message signed by this key?  A wrong signature is an answer, not an
 * error.  Ed25519 signs the message itself (RFC 8032, not the prehashed form),
 * ECDSA its SHA-256.
 *
 * Errors: 22023 if the signature is malformed; 38000 if OpenSSL itself failed,
 * which must never be mistaken for "false".
 */
Datum
sto_signature_valid(PG_FUNCTION_ARGS)
{
	StoKey key;
	bytea *message = PG_GETARG_BYTEA_PP(1);
	uint8_t sig[STO_SIG_LEN];
	StoCheck check;

	sto_datum_get_key(PG_GETARG_DATUM(0), &key);
	sto_canonical_arg(&key, PG_GETARG_BYTEA_PP(2), sig);
	check = sto_signature_check(&key, VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message), sig);
	if (check == STO_CHECK_FAILED)
		ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				errmsg("could not verify %s signature", sto_scheme_name(key.scheme)));
	PG_RETURN_BOOL(check == STO_CHECK_GOOD);
}

/* The elements of an optional array argument, whose length must be count if it is not null. */
static bool
sto_policy_array(FunctionCallInfo fcinfo, int n, int *count, Datum **elems, bool **nulls)
{
	ArrayType *array;
	int16 typlen;
	bool typbyval;
	char typalign;
	int got;

	if (PG_ARGISNULL(n))
		return false;
	array = PG_GETARG_ARRAYTYPE_P(n);
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &typlen, &typbyval, &typalign);
	deconstruct_array(array, ARR_ELEMTYPE(array), typlen, typbyval, typalign, elems, nulls, &got);
	if (*count >= 0 && got != *count)
		ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("the arrays of keys and times differ in length"),
				errdetail("There are %d keys and %d times.", *count, got));
	*count = got;
	return true;
}

static int64_t
sto_policy_time(Datum d)
{
	TimestampTz t = DatumGetTimestampTz(d);

	if (TIMESTAMP_NOT_FINITE(t) || t > PG_INT64_MAX - STO_EPOCH_SHIFT)
		ereport(ERROR, errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
				errmsg("a key's validity must begin and end at finite times"),
				errhint("Leave it null for a time without bound."));
	return (int64_t) t + STO_EPOCH_SHIFT;
}

/*
 * sto.key_policy(threshold integer, keys public_key[],
 *				  valid_from timestamptz[], valid_to timestamptz[])
 * returns bytea
 *
 * The packed policy (docs/format.md, "Key policy").  The arrays of times may
 * be null: keys without bounds.
 *
 * Errors: 22004 no threshold, keys, or a null key; 22023 a policy out of
 * shape; 2202E arrays that differ in length; 22008 infinite times.
 */
Datum
sto_key_policy(PG_FUNCTION_ARGS)
{
	StoPolicy policy;
	StoWriter w;
	Datum *keys;
	Datum *from = NULL;
	Datum *to = NULL;
	bool *key_nulls;
	bool *from_nulls = NULL;
	bool *to_nulls = NULL;
	int count = -1;
	int threshold;
	bool bounded_from;
	bool bounded_to;
	const char *why;
	uint8_t packed[STO_POLICY_PACKED_MAX];

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("a key policy needs a threshold and keys"));
	threshold = PG_GETARG_INT32(0);
	sto_policy_array(fcinfo, 1, &count, &keys, &key_nulls);
	bounded_from = sto_policy_array(fcinfo, 2, &count, &from, &from_nulls);
	bounded_to = sto_policy_array(fcinfo, 3, &count, &to, &to_nulls);
	if (count < 1 || count > STO_POLICY_KEYS_MAX || threshold < 1 || threshold > count)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid key policy"),
				errdetail("A policy has 1 to %d keys and a threshold of at most as many; "
						  "got %d keys and threshold %d.",
						  STO_POLICY_KEYS_MAX, count, threshold));

	memset(&policy, 0, sizeof(policy));
	policy.threshold = (uint8_t) threshold;
	policy.count = (uint8_t) count;
	for (int i = 0; i < count; i++)
	{
		StoPolicyKey *key = &policy.keys[i];

		if (key_nulls[i])
			ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("a key must not be null"));
		sto_datum_get_key(keys[i], &key->key);
		key->has_from = bounded_from && !from_nulls[i];
		key->has_to = bounded_to && !to_nulls[i];
		key->from = key->has_from ? sto_policy_time(from[i]) : 0;
		key->to = key->has_to ? sto_policy_time(to[i]) : 0;
	}
	if (!sto_policy_vet(&policy, &why))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid key policy"),
				errdetail_internal("%s", why));
	sto_writer_init(&w, packed, sizeof(packed));
	sto_put_policy(&w, &policy);
	PG_RETURN_BYTEA_P(sto_make_bytea(packed, w.len));
}

static void
sto_policy_arg(bytea *packed, StoPolicy *policy)
{
	const char *why;

	if (!sto_policy_unpack(VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed), policy, &why))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid key policy"),
				errdetail_internal("%s", why));
}

/*
 * sto.key_policy_json(policy bytea) returns json
 *
 * A packed policy as an event body of kind "keys" states it, without proofs of
 * possession: where a new policy starts from.
 *
 * Errors: 22023 if the policy is malformed.
 */
Datum
sto_key_policy_json(PG_FUNCTION_ARGS)
{
	StoPolicy policy;
	StringInfoData json;
	char hex[2 * STO_KEY_MAX + 1];

	sto_policy_arg(PG_GETARG_BYTEA_PP(0), &policy);
	initStringInfo(&json);
	appendStringInfo(&json, "{\"threshold\":%d,\"keys\":[", policy.threshold);
	for (int i = 0; i < policy.count; i++)
	{
		const StoPolicyKey *key = &policy.keys[i];

		sto_hex_encode(key->key.data, key->key.len, hex);
		appendStringInfo(&json, "%s{\"key\":\"%s:%s\"", i > 0 ? "," : "",
						 sto_scheme_name(key->key.scheme), hex);
		if (key->has_from)
			appendStringInfo(&json, ",\"from\":" INT64_FORMAT, (int64) key->from);
		if (key->has_to)
			appendStringInfo(&json, ",\"to\":" INT64_FORMAT, (int64) key->to);
		appendStringInfoChar(&json, '}');
	}
	appendStringInfoString(&json, "]}");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}

/*
 * sto.possession_message(ledger_id uuid, party uuid, subject uuid,
 *						  address wallet_address, policy bytea,
 *						  custodian uuid, signed_only boolean)
 * returns bytea
 *
 * What each key that is new to its subject signs.  address is null but for a
 * wallet, custodian if it has none; policy is packed as sto.key_policy does;
 * signed_only null is false, as in a body without it.
 *
 * Errors: 22004 another argument is null; 22023 the policy is malformed.
 */
Datum
sto_possession_message(PG_FUNCTION_ARGS)
{
	StoPolicy policy;
	StoWriter w;
	uint8_t message[STO_POLICY_PACKED_MAX + 128];

	for (int i = 0; i < 5; i++)
		if (i != 3 && PG_ARGISNULL(i))
			ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("a proof of possession needs ledger, party, subject and policy"));
	sto_policy_arg(PG_GETARG_BYTEA_PP(4), &policy);
	sto_writer_init(&w, message, sizeof(message));
	sto_put_possession(&w, PG_GETARG_STO_OCTETS(0), PG_GETARG_STO_OCTETS(1),
					   PG_GETARG_STO_OCTETS(2), PG_ARGISNULL(3) ? NULL : PG_GETARG_STO_OCTETS(3),
					   PG_ARGISNULL(5) ? NULL : PG_GETARG_STO_OCTETS(5),
					   !PG_ARGISNULL(6) && PG_GETARG_BOOL(6), &policy);
	if (w.failed)
		elog(ERROR, "proof of possession does not fit in %zu octets", sizeof(message));
	PG_RETURN_BYTEA_P(sto_make_bytea(message, w.len));
}

/*
 * sto.quorum_fault(policy bytea, message bytea, signatures bytea,
 *					at timestamptz) returns text
 *
 * Null if the signatures are a quorum of the policy over the message, with
 * keys valid at that time; else what is wrong.  A stored list must also be in
 * its stored form.  For verification: malformed input is an answer too.
 *
 * Errors: 38000 if OpenSSL itself failed.
 */
Datum
sto_quorum_fault(PG_FUNCTION_ARGS)
{
	bytea *packed = PG_GETARG_BYTEA_PP(0);
	bytea *message = PG_GETARG_BYTEA_PP(1);
	bytea *signatures = PG_GETARG_BYTEA_PP(2);
	StoPolicy policy;
	StoSigList list;
	StoWriter w;
	uint8_t stored[STO_SIGLIST_PACKED_MAX];
	const char *why = NULL;
	int which;

	if (!sto_policy_unpack(VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed), &policy, &why) ||
		!sto_siglist_parse(VARDATA_ANY(signatures), VARSIZE_ANY_EXHDR(signatures), &list, &why))
		PG_RETURN_TEXT_P(cstring_to_text(why));

	sto_writer_init(&w, stored, sizeof(stored));
	sto_put_siglist(&w, &list);
	if (w.len != VARSIZE_ANY_EXHDR(signatures) ||
		memcmp(stored, VARDATA_ANY(signatures), w.len) != 0)
		PG_RETURN_TEXT_P(cstring_to_text("signatures are not in their stored form"));

	switch (sto_quorum_check(&policy, &list, VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message),
							 sto_policy_time(PG_GETARG_DATUM(3)), &which))
	{
		case STO_QUORUM_MET:
			PG_RETURN_NULL();
		case STO_QUORUM_UNKNOWN_KEY:
			why = "a signature names a key that is not in the policy";
			break;
		case STO_QUORUM_NOT_YET_VALID:
			why = "a signing key was not yet valid";
			break;
		case STO_QUORUM_EXPIRED:
			why = "a signing key had expired";
			break;
		case STO_QUORUM_BAD_SIGNATURE:
			why = "a signature does not verify";
			break;
		case STO_QUORUM_TOO_FEW:
			why = "fewer signatures than the threshold";
			break;
		case STO_QUORUM_FAILED:
			ereport(ERROR, errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
					errmsg("could not verify signatures"));
	}
	PG_RETURN_TEXT_P(cstring_to_text(why));
}
