/*
 * types.h
 *		What the rest of the server code needs of the SQL data types.
 *
 * In memory and on disk:
 *	token_amount	16 octets in the machine's own order, aligned as a double.
 *					A tuple gives it 8-octet alignment, __int128 wants 16, so
 *					it is never dereferenced, only copied (DatumGetStoAmount).
 *	wallet_address	20 octets
 *	digest			32 octets
 *	isin lei cfi dti	12, 20, 6, 9 ASCII characters, no terminator
 *	public_key		varlena: one scheme octet, then the key octets
 * All but public_key are of fixed length and passed by reference: a Datum is
 * a pointer to the octets, of any alignment.
 */
#ifndef STO_TYPES_TYPES_H
#define STO_TYPES_TYPES_H

#include "postgres.h"
#include "compat.h"
#include "fmgr.h"

#include "core/bytes.h"
#include "core/sign.h"

#define STO_ISIN_LEN 12
#define STO_LEI_LEN 20
#define STO_CFI_LEN 6
#define STO_DTI_LEN 9

static inline StoAmount
DatumGetStoAmount(Datum d)
{
	StoAmount v;

	memcpy(&v, DatumGetPointer(d), STO_AMOUNT_LEN);
	return v;
}

/* In memory of the current context. */
static inline Datum
StoAmountGetDatum(StoAmount v)
{
	void *p = palloc(STO_AMOUNT_LEN);

	memcpy(p, &v, STO_AMOUNT_LEN);
	return PointerGetDatum(p);
}

/* The octets of a digest, address or identifier. */
static inline const uint8_t *
DatumGetStoOctets(Datum d)
{
	return (const uint8_t *) DatumGetPointer(d);
}

/* A copy in memory of the current context, as a Datum. */
static inline Datum
StoOctetsGetDatum(const void *octets, size_t len)
{
	void *p = palloc(len);

	memcpy(p, octets, len);
	return PointerGetDatum(p);
}

#define PG_GETARG_STO_AMOUNT(n) DatumGetStoAmount(PG_GETARG_DATUM(n))
#define PG_RETURN_STO_AMOUNT(v) PG_RETURN_DATUM(StoAmountGetDatum(v))
#define PG_GETARG_STO_OCTETS(n) DatumGetStoOctets(PG_GETARG_DATUM(n))

/* Stored keys were vetted when they were made: unpacked, not vetted again. */
extern void sto_datum_get_key(Datum d, StoKey *key);
extern Datum sto_key_get_datum(const StoKey *key);

#endif
