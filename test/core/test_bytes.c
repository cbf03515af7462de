/*
 * test_bytes.c
 *		Writer, reader, hex: every octet, every edge, every truncation.
 */
#include "core/bytes.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t sample[] = {
	0x03, 'a',  'b',  'c',  0x07,                            /* tag */
	0x12,                                                    /* u8 */
	0x12, 0x34,                                              /* u16 */
	0x12, 0x34, 0x56, 0x78,                                  /* u32 */
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,          /* i64 -2 */
	0x80, 0,    0,    0,    0,    0,    0,    0,             /* the least amount */
	0,    0,    0,    0,    0,    0,    0,    0,             /* */
	0xaa, 0xbb,                                              /* bytes */
	0x01, 0xcc,                                              /* octets8 */
	0x00, 0x01, 0xcc,                                        /* octets16 */
	0x00, 0x00, 0x00, 0x01, 0xcc,                            /* octets32 */
	0x00, 0x01, 0x05,                                        /* opt u8, absent and present */
	0x00, 0x01, 0,    0,    0,    0,    0,    0,    0,    6, /* opt i64 */
	0x00, 0x01, 0xdd, 0xee,                                  /* opt bytes */
	0x00, 0x01, 0x00, 0x00, 0x01, 0x00, 0x02, 0xdd, 0xee,    /* opt octets16: absent, empty, 2 */
};

static void
write_sample(StoWriter *w)
{
	sto_put_tag(w, "abc", 7);
	sto_put_u8(w, 0x12);
	sto_put_u16(w, 0x1234);
	sto_put_u32(w, 0x12345678);
	sto_put_i64(w, -2);
	sto_put_amount(w, (StoAmount) ((unsigned __int128) 1 << 127));
	sto_put_bytes(w, "\xaa\xbb", 2);
	sto_put_octets8(w, "\xcc", 1);
	sto_put_octets16(w, "\xcc", 1);
	sto_put_octets32(w, "\xcc", 1);
	sto_put_opt_u8(w, false, 5);
	sto_put_opt_u8(w, true, 5);
	sto_put_opt_i64(w, false, 6);
	sto_put_opt_i64(w, true, 6);
	sto_put_opt_bytes(w, false, NULL, 2);
	sto_put_opt_bytes(w, true, "\xdd\xee", 2);
	sto_put_opt_octets16(w, false, NULL, 0);
	sto_put_opt_octets16(w, true, NULL, 0);
	sto_put_opt_octets16(w, true, "\xdd\xee", 2);
}

static void
test_writer(void)
{
	uint8_t out[sizeof(sample)];
	StoWriter w;
	bool all_refused = true;

	sto_writer_init(&w, out, sizeof(out));
	write_sample(&w);
	CHECK(!w.failed);
	CHECK(w.len == sizeof(sample));
	CHECK(memcmp(out, sample, sizeof(sample)) == 0);

	sto_writer_init(&w, NULL, 0);
	write_sample(&w);
	CHECK_AS(!w.failed && w.len == sizeof(sample), "a writer without a buffer counts");

	/* an exact-size heap block, so that ASan sees a write past the end */
	for (size_t size = 0; size < sizeof(sample); size++)
	{
		uint8_t *block = malloc(size + 1);

		block[size] = 0x5a;
		sto_writer_init(&w, block, size);
		write_sample(&w);
		all_refused = all_refused && w.failed && w.len <= size && block[size] == 0x5a;
		free(block);
	}
	CHECK_AS(all_refused, "a writer fails at every length that is too short");
}

static void
test_writer_limits(void)
{
	static uint8_t long_text[70000];
	static char long_name[257];
	/* Not a constant, or gcc 16 warns of a copy that is never made. */
	volatile size_t all = SIZE_MAX;
	StoWriter w;

	memset(long_name, 'x', 256);
	sto_writer_init(&w, NULL, 0);
	sto_put_octets8(&w, long_text, 255);
	CHECK(!w.failed && w.len == 256);
	sto_put_octets8(&w, long_text, 256);
	CHECK(w.failed);
	CHECK_AS(w.len == 256, "a refused field writes nothing");
	sto_writer_init(&w, NULL, 0);
	sto_put_octets16(&w, long_text, 65535);
	CHECK(!w.failed && w.len == 65537);
	sto_put_octets16(&w, long_text, 65536);
	CHECK(w.failed);
	sto_writer_init(&w, NULL, 0);
	sto_put_tag(&w, long_name, 1);
	CHECK_AS(w.failed, "a tag's name has at most 255 octets");
	sto_writer_init(&w, NULL, 0);
	sto_put_octets32(&w, long_text, (size_t) UINT32_MAX + 1);
	CHECK_AS(w.failed, "a text32 has at most 2^32 - 1 octets");
	sto_writer_init(&w, NULL, 0);
	sto_put_bytes(&w, NULL, 3);
	CHECK_AS(w.failed, "octets that aren't there can't be written");
	sto_writer_init(&w, NULL, 0);
	sto_put_bytes(&w, long_text, all);
	sto_put_bytes(&w, long_text, 1);
	CHECK_AS(w.failed, "a count doesn't wrap");

	sto_writer_init(&w, long_text, 2);
	sto_put_u32(&w, 1);
	sto_put_u8(&w, 1);
	CHECK_AS(w.failed && w.len == 0, "nothing is written after a failure");
}

/* Reads what write_sample wrote; false if a value is wrong. */
static bool
read_sample(StoReader *r)
{
	uint8_t tag[5], two[2];
	bool good = true;
	StoAmount amount;

	sto_get_bytes(r, tag, 5);
	good &= sto_get_u8(r) == 0x12;
	good &= sto_get_u16(r) == 0x1234;
	good &= sto_get_u32(r) == 0x12345678;
	good &= sto_get_i64(r) == -2;
	amount = sto_get_amount(r);
	good &= amount == (StoAmount) ((unsigned __int128) 1 << 127);
	sto_get_bytes(r, two, 2);
	good &= two[0] == 0xaa && two[1] == 0xbb;
	good &= sto_get_u8(r) == 1 && sto_get_u8(r) == 0xcc;
	good &= sto_get_u16(r) == 1 && sto_get_u8(r) == 0xcc;
	good &= sto_get_u32(r) == 1 && sto_get_u8(r) == 0xcc;
	good &= !sto_get_present(r) && sto_get_present(r) && sto_get_u8(r) == 5;
	good &= !sto_get_present(r) && sto_get_present(r) && sto_get_i64(r) == 6;
	good &= !sto_get_present(r) && sto_get_present(r) && sto_get_view(r, 2) != NULL;
	good &= !sto_get_present(r) && sto_get_present(r) && sto_get_u16(r) == 0;
	good &= sto_get_present(r) && sto_get_u16(r) == 2 && sto_get_view(r, 2) != NULL;
	return good;
}

static void
test_reader(void)
{
	StoReader r;
	bool all_refused = true;

	sto_reader_init(&r, sample, sizeof(sample));
	CHECK(read_sample(&r));
	CHECK(sto_reader_done(&r));
	CHECK(sto_get_u8(&r) == 0 && r.failed && !sto_reader_done(&r));

	for (size_t len = 0; len < sizeof(sample); len++)
	{
		uint8_t *block = malloc(len > 0 ? len : 1);

		memcpy(block, sample, len);
		sto_reader_init(&r, block, len);
		(void) read_sample(&r);
		all_refused = all_refused && r.failed && !sto_reader_done(&r) && r.pos <= len;
		free(block);
	}
	CHECK_AS(all_refused, "a reader fails at every truncation");
}

static void
test_reader_limits(void)
{
	static const uint8_t two[] = {2, 1};
	uint8_t out[4] = {9, 9, 9, 9};
	StoReader r;

	sto_reader_init(&r, two, 2);
	CHECK_AS(!sto_get_present(&r) && r.failed, "a presence octet of 2 is refused");
	CHECK_AS(sto_get_u8(&r) == 0, "nothing is read after a failure");

	sto_reader_init(&r, two, 2);
	CHECK_AS(!sto_reader_done(&r), "octets are left");
	sto_get_bytes(&r, out, 4);
	CHECK_AS(r.failed && out[0] == 0 && out[3] == 0, "a failed read zeroes what it was to fill");
	sto_reader_init(&r, two, 2);
	CHECK(sto_get_view(&r, SIZE_MAX) == NULL && r.failed);
	sto_reader_init(&r, two, 2);
	CHECK(sto_get_u8(&r) == 2 && sto_get_view(&r, SIZE_MAX) == NULL && r.failed);

	sto_reader_init(&r, NULL, 0);
	CHECK(sto_reader_done(&r));
	CHECK_AS(sto_get_view(&r, 0) != NULL, "an empty view is not a failure");
	CHECK(sto_get_amount(&r) == 0 && r.failed);
	sto_reader_init(&r, NULL, 3);
	CHECK(r.failed && sto_get_u8(&r) == 0);
}

static void
test_numbers(void)
{
	static const int64_t numbers[] = {0, 1, -1, 255, 256, INT64_MAX, INT64_MIN};
	static const StoAmount amounts[] = {0,
										1,
										-1,
										INT64_MAX,
										INT64_MIN,
										(StoAmount) 1 << 64,
										(StoAmount) (((unsigned __int128) 1 << 127) - 1),
										(StoAmount) ((unsigned __int128) 1 << 127)};
	uint8_t out[16];
	StoWriter w;
	StoReader r;
	bool good = true;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
	{
		sto_writer_init(&w, out, 8);
		sto_put_i64(&w, numbers[i]);
		sto_reader_init(&r, out, 8);
		good &= sto_get_i64(&r) == numbers[i] && sto_reader_done(&r);
	}
	CHECK_AS(good, "i64 survives the way out and back");
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++)
	{
		sto_writer_init(&w, out, 16);
		sto_put_amount(&w, amounts[i]);
		sto_reader_init(&r, out, 16);
		good &= sto_get_amount(&r) == amounts[i] && sto_reader_done(&r);
	}
	CHECK_AS(good, "i128 survives the way out and back");
}

static void
test_hex(void)
{
	static const uint8_t octets[] = {0x00, 0x0f, 0xa5, 0xff};
	char text[9];
	uint8_t back[4];
	bool good = true;

	sto_hex_encode(octets, 4, text);
	CHECK(strcmp(text, "000fa5ff") == 0);
	sto_hex_encode(octets, 0, text);
	CHECK(strcmp(text, "") == 0);
	CHECK(sto_hex_decode("000Fa5fF", 8, back, 4) && memcmp(back, octets, 4) == 0);
	CHECK(sto_hex_decode("", 0, back, 0));
	CHECK(!sto_hex_decode("000fa5f", 7, back, 4));
	CHECK(!sto_hex_decode("000fa5f", 7, back, 3));
	CHECK(!sto_hex_decode("000fa5", 6, back, 4));
	CHECK(!sto_hex_decode("000fa5ff00", 10, back, 4));
	for (int c = 0; c < 256; c++)
	{
		char pair[2] = {(char) c, '0'};
		char riap[2] = {'0', (char) c};
		bool digit = c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL;

		good &= sto_hex_decode(pair, 2, back, 1) == digit;
		good &= sto_hex_decode(riap, 2, back, 1) == digit;
	}
	CHECK_AS(good, "only hex digits are taken");
}

int
main(void)
{
	test_writer();
	test_writer_limits();
	test_reader();
	test_reader_limits();
	test_numbers();
	test_hex();
	return check_done("bytes");
}
