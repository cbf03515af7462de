/*
 * bytes.h
 *		Byte writer and reader: the only way our wire formats are made and read.
 *
 * Every format is big-endian, fixed-width or length-prefixed (docs/format.md,
 * "Conventions").  A writer never writes past its buffer and a reader never
 * reads past its end: both remember that they failed, so that a caller checks
 * once, at the end.
 */
#ifndef STO_CORE_BYTES_H
#define STO_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STO_UUID_LEN 16
#define STO_DIGEST_LEN 32
#define STO_ADDRESS_LEN 20
#define STO_AMOUNT_LEN 16

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

extern void sto_writer_init(StoWriter *w, void *data, size_t size);
extern void sto_put_u8(StoWriter *w, uint8_t v);
extern void sto_put_u16(StoWriter *w, uint16_t v);
extern void sto_put_u32(StoWriter *w, uint32_t v);
extern void sto_put_i64(StoWriter *w, int64_t v);
extern void sto_put_amount(StoWriter *w, StoAmount v);
extern void sto_put_bytes(StoWriter *w, const void *data, size_t len);
/* domain tag: u8 length, ASCII name, u8 version */
extern void sto_put_tag(StoWriter *w, const char *name, uint8_t version);
/* length-prefixed octets: u8, u16 or u32 length, then the octets */
extern void sto_put_octets8(StoWriter *w, const void *data, size_t len);
extern void sto_put_octets16(StoWriter *w, const void *data, size_t len);
extern void sto_put_octets32(StoWriter *w, const void *data, size_t len);
/* optional fields: u8 0 if absent, else u8 1 and the value */
extern void sto_put_opt_u8(StoWriter *w, bool present, uint8_t v);
extern void sto_put_opt_i64(StoWriter *w, bool present, int64_t v);
extern void sto_put_opt_bytes(StoWriter *w, bool present, const void *data, size_t len);
extern void sto_put_opt_octets16(StoWriter *w, bool present, const void *data, size_t len);

typedef struct StoReader
{
	const uint8_t *data;
	size_t len;
	size_t pos;
	bool failed; /* read past the end, or a presence byte other than 0 or 1 */
} StoReader;

extern void sto_reader_init(StoReader *r, const void *data, size_t len);
extern uint8_t sto_get_u8(StoReader *r);
extern uint16_t sto_get_u16(StoReader *r);
extern uint32_t sto_get_u32(StoReader *r);
extern int64_t sto_get_i64(StoReader *r);
extern StoAmount sto_get_amount(StoReader *r);
extern void sto_get_bytes(StoReader *r, void *out, size_t len); /* zeroes out on failure */
/* a view into the reader's data; NULL on failure */
extern const uint8_t *sto_get_view(StoReader *r, size_t len);
extern bool sto_get_present(StoReader *r);
/* true if nothing failed and nothing is left */
extern bool sto_reader_done(const StoReader *r);

/* Lower-case hex; out has room for 2 * len + 1 characters. */
extern void sto_hex_encode(const uint8_t *data, size_t len, char *out);
/* Exactly 2 * outlen hex digits of either case; false otherwise. */
extern bool sto_hex_decode(const char *text, size_t textlen, uint8_t *out, size_t outlen);

#endif
