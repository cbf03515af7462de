/*
 * bytes.c
 *		Byte writer and reader, what isn't inline of them; and hex.
 */
#include "core/bytes.h"

void
sto_writer_init(StoWriter *w, void *data, size_t size)
{
	w->data = data;
	w->size = data == NULL ? SIZE_MAX : size;
	w->len = 0;
	w->failed = false;
}

static void
put_octets(StoWriter *w, const void *data, size_t len, size_t prefix)
{
	if (len >> (8 * prefix) != 0)
	{
		w->failed = true;
		return;
	}
	for (size_t i = prefix; i-- > 0;)
		sto_put_u8(w, (uint8_t) (len >> (8 * i)));
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
sto_put_opt_octets16(StoWriter *w, bool present, const void *data, size_t len)
{
	sto_put_u8(w, present);
	if (present)
		sto_put_octets16(w, data, len);
}

void
sto_reader_init(StoReader *r, const void *data, size_t len)
{
	/* an empty view of an empty reader must not be NULL, which means failure */
	static const uint8_t nothing[1];

	r->data = data == NULL ? nothing : data;
	r->len = data == NULL ? 0 : len;
	r->pos = 0;
	r->failed = data == NULL && len > 0;
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

size_t
sto_utf8_next(const char *text, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *at = (const uint8_t *) text;
	size_t need;

	if (at[0] < 0x80)
	{
		*code = at[0];
		return 1;
	}
	need = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	if (at[0] < 0xc2 || at[0] > 0xf4 || need > len)
		return 0;
	*code = at[0] & (0xff >> (need + 1));
	for (size_t i = 1; i < need; i++)
	{
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3f);
	}
	if (*code < least[need] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return need;
}

bool
sto_uuid_parse(const char *text, size_t len, uint8_t out[STO_UUID_LEN])
{
	char digits[2 * STO_UUID_LEN];
	size_t n = 0;

	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		bool dash = (i == 8 || i == 13 || i == 18 || i == 23);

		if (dash != (text[i] == '-') || (text[i] >= 'A' && text[i] <= 'F'))
			return false;
		if (!dash)
			digits[n++] = text[i];
	}
	return sto_hex_decode(digits, n, out, STO_UUID_LEN);
}
