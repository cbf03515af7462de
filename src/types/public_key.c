/*
 * public_key.c
 *		SQL type public_key: one scheme octet and the key octets, vetted.
 */
#include "types/fixed.h"

#include "compat.h"
#include "core/policy.h"

#define REMEMBERED STO_POLICY_KEYS_MAX

void
sto_datum_get_key(Datum d, StoKey *key)
{
	struct varlena *p = PG_DETOAST_DATUM_PACKED(d);
	size_t len = VARSIZE_ANY_EXHDR(p);

	/* can't happen to a value that went through sto_key_make */
	if (len < 2 || len > 1 + STO_KEY_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("stored public key has a wrong length"),
				 errdetail("It has %d octets.", (int) len)));
	key->scheme = *(const uint8_t *) VARDATA_ANY(p);
	key->len = (uint8_t) (len - 1);
	memcpy(key->data, VARDATA_ANY(p) + 1, key->len);
}

Datum
sto_key_get_datum(const StoKey *key)
{
	struct varlena *p = palloc(VARHDRSZ + 1 + key->len);

	SET_VARSIZE(p, VARHDRSZ + 1 + key->len);
	*(uint8_t *) VARDATA(p) = key->scheme;
	memcpy(VARDATA(p) + 1, key->data, key->len);
	return PointerGetDatum(p);
}

/*
 * As sto_key_make.  One query often reads the same text several times, and
 * vetting a point takes as long as verifying a signature: the newest good keys
 * are remembered.  Only a key in its stored form can equal one of them.
 */
static bool
vet_key(uint8_t scheme, const uint8_t *data, size_t len, StoKey *key, const char **why)
{
	static StoKey good[REMEMBERED];
	static int next = 0;

	for (int i = 0; i < REMEMBERED; i++)
	{
		if (good[i].scheme == scheme && good[i].len == len && len > 0 &&
			memcmp(good[i].data, data, len) == 0)
		{
			*key = good[i];
			return true;
		}
	}
	if (!sto_key_make(scheme, data, len, key, why))
		return false;
	good[next] = *key;
	next = (next + 1) % REMEMBERED;
	return true;
}

/* "ed25519:d75a98…": false with a reason if it isn't a good key. */
static bool
parse_key(const char *text, StoKey *key, const char **why)
{
	uint8_t data[65]; /* an uncompressed point, the longest form that sto_key_make takes */
	const char *colon = strchr(text, ':');
	size_t hexlen;
	uint8_t scheme;

	if (colon == NULL)
	{
		*why = "a key is a scheme's name, a colon and hexadecimal digits";
		return false;
	}
	if (!sto_scheme_from_name(text, colon - text, &scheme))
	{
		*why = "its scheme is none of ed25519, p256, secp256k1";
		return false;
	}
	hexlen = strlen(colon + 1);
	if (hexlen > 2 * sizeof(data))
	{
		*why = "it is too long";
		return false;
	}
	if (hexlen % 2 != 0 || !sto_hex_decode(colon + 1, hexlen, data, hexlen / 2))
	{
		*why = "what follows the colon is not hexadecimal";
		return false;
	}
	return vet_key(scheme, data, hexlen / 2, key, why);
}

/* Scheme octet and key octets, as in binary input and in bytea. */
static Datum
key_from_octets(const char *octets, size_t len)
{
	StoKey key;
	const char *why = "it is empty";

	if (len == 0 ||
		!vet_key((uint8_t) octets[0], (const uint8_t *) octets + 1, len - 1, &key, &why))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary input for type public_key"), errdetail("Reason: %s.", why),
				 errhint("Pass one scheme octet (1 ed25519, 2 p256, 3 secp256k1), then the raw or "
						 "compressed key.")));
	return sto_key_get_datum(&key);
}

PG_FUNCTION_INFO_V1(sto_public_key_in);
Datum
sto_public_key_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);
	StoKey key;
	const char *why;

	if (!parse_key(text, &key, &why))
		STO_SOFT_ERROR(STO_SOFT_CONTEXT(fcinfo), (Datum) 0,
					   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input syntax for type %s: \"%s\"", "public_key", text),
						errdetail("Reason: %s.", why)));
	return sto_key_get_datum(&key);
}

PG_FUNCTION_INFO_V1(sto_public_key_out);
Datum
sto_public_key_out(PG_FUNCTION_ARGS)
{
	StoKey key;
	const char *name;
	char hex[2 * STO_KEY_MAX + 1];

	sto_datum_get_key(PG_GETARG_DATUM(0), &key);
	name = sto_scheme_name(key.scheme);
	sto_hex_encode(key.data, key.len, hex);
	PG_RETURN_CSTRING(psprintf("%s:%s", name != NULL ? name : "unknown", hex));
}

PG_FUNCTION_INFO_V1(sto_public_key_recv);
Datum
sto_public_key_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int len = buf->len - buf->cursor;

	return key_from_octets(pq_getmsgbytes(buf, len), len);
}

/* also the cast to bytea */
PG_FUNCTION_INFO_V1(sto_public_key_send);
Datum
sto_public_key_send(PG_FUNCTION_ARGS)
{
	struct varlena *p = PG_GETARG_VARLENA_PP(0);

	return sto_octets_to_bytea(VARDATA_ANY(p), VARSIZE_ANY_EXHDR(p));
}

PG_FUNCTION_INFO_V1(sto_public_key_from_bytea);
Datum
sto_public_key_from_bytea(PG_FUNCTION_ARGS)
{
	bytea *b = PG_GETARG_BYTEA_PP(0);

	return key_from_octets(VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b));
}

/* by scheme, then octets, then length */
static int
compare_keys(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	size_t alen = VARSIZE_ANY_EXHDR(a);
	size_t blen = VARSIZE_ANY_EXHDR(b);
	int cmp = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(alen, blen));

	if (cmp == 0)
		cmp = (alen > blen) - (alen < blen);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return cmp;
}

#define KEY_COMPARE(suffix, op)                                                                    \
	PG_FUNCTION_INFO_V1(sto_public_key_##suffix);                                                  \
	Datum sto_public_key_##suffix(PG_FUNCTION_ARGS)                                                \
	{                                                                                              \
		PG_RETURN_BOOL(compare_keys(fcinfo) op 0);                                                 \
	}                                                                                              \
	StaticAssertDecl(true, "")

KEY_COMPARE(eq, ==);
KEY_COMPARE(ne, !=);
KEY_COMPARE(lt, <);
KEY_COMPARE(le, <=);
KEY_COMPARE(gt, >);
KEY_COMPARE(ge, >=);

PG_FUNCTION_INFO_V1(sto_public_key_cmp);
Datum
sto_public_key_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_keys(fcinfo));
}

PG_FUNCTION_INFO_V1(sto_public_key_hash);
Datum
sto_public_key_hash(PG_FUNCTION_ARGS)
{
	struct varlena *p = PG_GETARG_VARLENA_PP(0);

	return hash_any((const unsigned char *) VARDATA_ANY(p), VARSIZE_ANY_EXHDR(p));
}

PG_FUNCTION_INFO_V1(sto_public_key_hash_extended);
Datum
sto_public_key_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *p = PG_GETARG_VARLENA_PP(0);

	return hash_any_extended((const unsigned char *) VARDATA_ANY(p), VARSIZE_ANY_EXHDR(p),
							 PG_GETARG_INT64(1));
}
