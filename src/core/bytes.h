/*
 * bytes.h
 *		Byte writer and reader: the only way our wire formats are made and read.
 *
 * Every format is big-endian, fixed-width or length-prefixed (docs/format.md,
 * "Conventions").  A writer never writes past its buffer and a reader never
 * reads past its end: both remember that they failed, so that a caller checks
 * once, at the end.  What every record runs through is inline: a verifier reads
 * hundreds of millions of them.
 */
#ifndef STO_CORE_BYTES_H
#define STO_CORE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define STO_UUID_LEN 16
#define STO_DIGEST_LEN 32
#define STO_ADDRESS_LEN 20
#define STO_AMOUNT_LEN 16

/* Microseconds: PostgreSQL counts from 2000-01-01, our formats from 1970-01-01 00:00 UTC. */
#define STO_EPOCH_SHIFT INT64_C(946684800000000)

/*
 * A 128-bit signed count of a token's smallest units.  Tuples and palloc align to
 * 8 octets only, so the type must not promise the compiler 16.
 */
typedef __int128 StoAmount __attribute__((aligned(8)));

/*
 * A writer over a buffer that the caller owns.  With data == NULL it only
 * counts, so that the same code gives a message's length.
 */
typedef struct StoWriter
{
	uint8_t *data;
	size_t size;
	size_t len;
	bool failed; /* something didn't fit, or a field was out of range */
} StoWriter;

/* size: room in data; any number where it only counts. */
extern void sto_writer_init(StoWriter *w, void *data, size_t size);

/* Room for len octets; NULL if they don't fit or if the writer only counts. */
static inline uint8_t *
sto_put_room(StoWriter *w, size_t len)
{
	uint8_t *at;

	if (w->failed || len > w->size - w->len)
	{
		w->failed = true;
		return NULL;
	}
	at = w->data == NULL ? NULL : w->data + w->len;
	w->len += len;
	return at;
}

static inline void
sto_put_bytes(StoWriter *w, const void *data, size_t len)
{
	uint8_t *at;

	if (len == 0)
		return;
	if (data == NULL)
	{
		w->failed = true;
		return;
	}
	at = sto_put_room(w, len);
	if (at != NULL)
		memcpy(at, data, len);
}

static inline void
sto_put_u8(StoWriter *w, uint8_t v)
{
	uint8_t *at = sto_put_room(w, 1);

	if (at != NULL)
		*at = v;
}

static inline void
sto_put_u16(StoWriter *w, uint16_t v)
{
	v = htobe16(v);
	sto_put_bytes(w, &v, sizeof(v));
}

static inline void
sto_put_u32(StoWriter *w, uint32_t v)
{
	v = htobe32(v);
	sto_put_bytes(w, &v, sizeof(v));
}

static inline void
sto_put_i64(StoWriter *w, int64_t v)
{
	uint64_t u = htobe64((uint64_t) v);

	sto_put_bytes(w, &u, sizeof(u));
}

static inline void
sto_put_amount(StoWriter *w, StoAmount v)
{
	uint64_t u[2] = {htobe64((uint64_t) ((unsigned __int128) v >> 64)), htobe64((uint64_t) v)};

	sto_put_bytes(w, u, sizeof(u));
}

/* length-prefixed octets: u8, u16 or u32 length, then the octets */
extern void sto_put_octets8(StoWriter *w, const void *data, size_t len);
extern void sto_put_octets16(StoWriter *w, const void *data, size_t len);
extern void sto_put_octets32(StoWriter *w, const void *data, size_t len);

/* domain tag: u8 length, ASCII name, u8 version */
static inline void
sto_put_tag(StoWriter *w, const char *name, uint8_t version)
{
	sto_put_octets8(w, name, strlen(name));
	sto_put_u8(w, version);
}

/* optional fields: u8 0 if absent, else u8 1 and the value */
static inline void
sto_put_opt_u8(StoWriter *w, bool present, uint8_t v)
{
	sto_put_u8(w, present);
	if (present)
		sto_put_u8(w, v);
}

static inline void
sto_put_opt_i64(StoWriter *w, bool present, int64_t v)
{
	sto_put_u8(w, present);
	if (present)
		sto_put_i64(w, v);
}

static inline void
sto_put_opt_bytes(StoWriter *w, bool present, const void *data, size_t len)
{
	sto_put_u8(w, present);
	if (present)
		sto_put_bytes(w, data, len);
}

extern void sto_put_opt_octets16(StoWriter *w, bool present, const void *data, size_t len);

typedef struct StoReader
{
	const uint8_t *data;
	size_t len;
	size_t pos;
	bool failed; /* read past the end, or a presence byte other than 0 or 1 */
} StoReader;

/* The data must outlive the reader and every view that it gives. */
extern void sto_reader_init(StoReader *r, const void *data, size_t len);

/* a view into the reader's data; NULL on failure */
static inline const uint8_t *
sto_get_view(StoReader *r, size_t len)
{
	const uint8_t *at;

	if (r->failed || len > r->len - r->pos)
	{
		r->failed = true;
		return NULL;
	}
	at = r->data + r->pos;
	r->pos += len;
	return at;
}

/* zeroes out on failure */
static inline void
sto_get_bytes(StoReader *r, void *out, size_t len)
{
	const uint8_t *at = sto_get_view(r, len);

	if (len == 0)
		return;
	if (at == NULL)
		memset(out, 0, len);
	else
		memcpy(out, at, len);
}

static inline uint8_t
sto_get_u8(StoReader *r)
{
	const uint8_t *at = sto_get_view(r, 1);

	return at == NULL ? 0 : *at;
}

static inline uint16_t
sto_get_u16(StoReader *r)
{
	uint16_t v;

	sto_get_bytes(r, &v, sizeof(v));
	return be16toh(v);
}

static inline uint32_t
sto_get_u32(StoReader *r)
{
	uint32_t v;

	sto_get_bytes(r, &v, sizeof(v));
	return be32toh(v);
}

static inline int64_t
sto_get_i64(StoReader *r)
{
	uint64_t v;

	sto_get_bytes(r, &v, sizeof(v));
	return (int64_t) be64toh(v);
}

static inline StoAmount
sto_get_amount(StoReader *r)
{
	uint64_t v[2];

	sto_get_bytes(r, v, sizeof(v));
	return (StoAmount) ((unsigned __int128) be64toh(v[0]) << 64 | be64toh(v[1]));
}

static inline bool
sto_get_present(StoReader *r)
{
	uint8_t v = sto_get_u8(r);

	if (v > 1)
		r->failed = true;
	return v == 1;
}

/* true if nothing failed and nothing is left */
static inline bool
sto_reader_done(const StoReader *r)
{
	return !r->failed && r->pos == r->len;
}

/* Lower-case hex; out has room for 2 * len + 1 characters. */
extern void sto_hex_encode(const uint8_t *data, size_t len, char *out);
/* Exactly 2 * outlen hex digits of either case; false otherwise. */
extern bool sto_hex_decode(const char *text, size_t textlen, uint8_t *out, size_t outlen);
/* The one form of a uuid (RFC 9562, 4): 8-4-4-4-12 lower-case digits; false otherwise. */
extern bool sto_uuid_parse(const char *text, size_t len, uint8_t out[STO_UUID_LEN]);

/* One character of UTF-8 (RFC 3629) of a text of len > 0: its octets, or 0 if it isn't one. */
extern size_t sto_utf8_next(const char *text, size_t len, uint32_t *code);

#endif
