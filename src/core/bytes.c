/*
 * bytes.c
 *		Byte writer and reader, and hex.
 */
#include "core/bytes.h"

#include <string.h>

void
sto_writer_init(StoWriter *w, void *data, size_t size)
{
	w->data = data;
	w->size = data == NULL ? SIZE_MAX : size;
	w->len = 0;
	w->failed = false;
}

/* Claims len octets; NULL if they don't fit or if the writer only counts. */
static uint8_t *
claim(StoWriter *w, size_t len)
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

/* The low `len` octets of v, most significant first. */
static void
put_number(StoWriter *w, uint64_t v, size_t len)
{
	uint8_t *at = claim(w, len);

	if (at == NULL)
		return;
	for (size_t i = len; i-- > 0; v >>= 8)
		at[i] = (uint8_t) v;
}

void
sto_put_u8(StoWriter *w, uint8_t v)
{
	put_number(w, v, 1);
}

void
sto_put_u16(StoWriter *w, uint16_t v)
{
	put_number(w, v, 2);
}

void
sto_put_u32(StoWriter *w, uint32_t v)
{
	put_number(w, v, 4);
}

void
sto_put_i64(StoWriter *w, int64_t v)
{
	put_number(w, (uint64_t) v, 8);
}

void
sto_put_amount(StoWriter *w, StoAmount v)
{
	unsigned __int128 u = (unsigned __int128) v;

	put_number(w, (uint64_t) (u >> 64), 8);
	put_number(w, (uint64_t) u, 8);
}

void
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
	at = claim(w, len);
	if (at != NULL)
		memcpy(at, data, len);
}

void
sto_put_tag(StoWriter *w, const char *name, uint8_t version)
{
	sto_put_octets8(w, name, strlen(name));
	sto_put_u8(w, version);
}

static void
put_octets(StoWriter *w, const void *data, size_t len, size_t prefix)
{
	if (len >> (8 * prefix) != 0)
	{
		w->failed = true;
		return;
	}
	put_number(w, len, prefix);
	sto_put_bytes(w, data, len);
}

void
sto_put_octets8(StoWriter *w, const void *data, size_t len)
{
	put_octets(w, data, len, 1);
}

void
sto_put_octets16(StoWriter *w, const void *data, size_t len)
{
	put_octets(w, data, len, 2);
}

void
sto_put_octets32(StoWriter *w, const void *data, size_t len)
{
	put_octets(w, data, len, 4);
}

void
sto_put_opt_u8(StoWriter *w, bool present, uint8_t v)
{
	sto_put_u8(w, present);
	if (present)
		sto_put_u8(w, v);
}

void
sto_put_opt_i64(StoWriter *w, bool present, int64_t v)
{
	sto_put_u8(w, present);
	if (present)
		sto_put_i64(w, v);
}

void
sto_put_opt_bytes(StoWriter *w, bool present, const void *data, size_t len)
{
	sto_put_u8(w, present);
	if (present)
		sto_put_bytes(w, data, len);
}

void
sto_put_opt_octets16(StoWriter *w, bool present, const void *data, size_t len)
{
	sto_put_u8(w, present);
	if (present)
		sto_put_octets16(w, data, len);
}

void
sto_reader_init(StoReader *r, const void *data, size_t len)
{
	r->data = data;
	r->len = data == NULL ? 0 : len;
	r->pos = 0;
	r->failed = data == NULL && len > 0;
}

const uint8_t *
sto_get_view(StoReader *r, size_t len)
{
	/* an empty view of an empty reader must not be NULL, which means failure */
	static const uint8_t nothing[1];
	const uint8_t *at;

	if (r->failed || len > r->len - r->pos)
	{
		r->failed = true;
		return NULL;
	}
	at = r->data == NULL ? nothing : r->data + r->pos;
	r->pos += len;
	return at;
}

static uint64_t
get_number(StoReader *r, size_t len)
{
	const uint8_t *at = sto_get_view(r, len);
	uint64_t v = 0;

	if (at == NULL)
		return 0;
	for (size_t i = 0; i < len; i++)
		v = v << 8 | at[i];
	return v;
}

uint8_t
sto_get_u8(StoReader *r)
{
	return (uint8_t) get_number(r, 1);
}

uint16_t
sto_get_u16(StoReader *r)
{
	return (uint16_t) get_number(r, 2);
}

uint32_t
sto_get_u32(StoReader *r)
{
	return (uint32_t) get_number(r, 4);
}

int64_t
sto_get_i64(StoReader *r)
{
	return (int64_t) get_number(r, 8);
}

StoAmount
sto_get_amount(StoReader *r)
{
	const uint8_t *at = sto_get_view(r, STO_AMOUNT_LEN);
	unsigned __int128 v = 0;

	if (at == NULL)
		return 0;
	for (size_t i = 0; i < STO_AMOUNT_LEN; i++)
		v = v << 8 | at[i];
	return (StoAmount) v;
}

void
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

bool
sto_get_present(StoReader *r)
{
	uint8_t v = sto_get_u8(r);

	if (v > 1)
		r->failed = true;
	return v == 1;
}

bool
sto_reader_done(const StoReader *r)
{
	return !r->failed && r->pos == r->len;
}

void
sto_hex_encode(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++)
	{
		*out++ = digits[data[i] >> 4];
		*out++ = digits[data[i] & 0x0f];
	}
	*out = '\0';
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
sto_hex_decode(const char *text, size_t textlen, uint8_t *out, size_t outlen)
{
	if (textlen % 2 != 0 || textlen / 2 != outlen)
		return false;
	for (size_t i = 0; i < outlen; i++)
	{
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t) (high << 4 | low);
	}
	return true;
}
