/*
 * test_bech32m.c
 *		Wallet addresses: published checksums, every single error, case and length.
 *
 * BIP-350's own vectors have other human-readable parts and lengths than ours,
 * so the checksum is held against an implementation of its own here, straight
 * from the text of BIP-173, which is itself held against those vectors.
 */
#include "core/bech32m.h"

#include "check.h"

#include <string.h>

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* BIP-173's bech32_polymod, with one bit at a time of the division. */
static uint32_t
reference_polymod(const char *text)
{
	uint32_t chk = 1;
	size_t one = (size_t) (strrchr(text, '1') - text);
	size_t len = strlen(text);

	for (size_t i = 0; i < one * 2 + 1 + (len - one - 1); i++)
	{
		uint32_t v;
		uint32_t top = chk >> 25;

		if (i < one)
			v = (uint32_t) text[i] >> 5;
		else if (i == one)
			v = 0;
		else if (i <= one * 2)
			v = (uint32_t) text[i - one - 1] & 31;
		else
			v = (uint32_t) (strchr(charset, text[i - one]) - charset);
		chk = (chk & 0x1ffffff) << 5 ^ v;
		chk ^= top & 1 ? 0x3b6a57b2 : 0;
		chk ^= top & 2 ? 0x26508e6d : 0;
		chk ^= top & 4 ? 0x1ea119fa : 0;
		chk ^= top & 8 ? 0x3d4233dd : 0;
		chk ^= top & 16 ? 0x2a1462b3 : 0;
	}
	return chk;
}

static bool
parses(const char *text)
{
	uint8_t address[STO_ADDRESS_LEN];
	const char *why = NULL;
	bool ok = sto_address_parse(text, strlen(text), address, &why);

	return ok || why == NULL; /* a refusal without a reason counts as parsed, and fails */
}

static void
upper_case(char *text)
{
	for (; *text != '\0'; text++)
	{
		if (*text >= 'a' && *text <= 'z')
			*text = (char) (*text - 'a' + 'A');
	}
}

int
main(void)
{
	uint8_t address[STO_ADDRESS_LEN];
	uint8_t back[STO_ADDRESS_LEN];
	char text[STO_ADDRESS_TEXT_LEN + 1];
	char damaged[STO_ADDRESS_TEXT_LEN + 2];
	const char *why;
	int accepted;
	bool ok;

	/* valid Bech32m strings of BIP-350 */
	CHECK_AS(reference_polymod("a1lqfn3a") == 0x2bc830a3, "BIP-350 vector a1lqfn3a");
	CHECK_AS(reference_polymod("abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx") == 0x2bc830a3,
			 "BIP-350 vector abcdef1…");
	CHECK_AS(reference_polymod("split1checkupstagehandshakeupstreamerranterredcaperredlc445v") ==
				 0x2bc830a3,
			 "BIP-350 vector split1…");
	CHECK_AS(reference_polymod("?1v759aa") == 0x2bc830a3, "BIP-350 vector ?1v759aa");

	ok = true;
	for (int n = 0; n < 256; n++)
	{
		for (int i = 0; i < STO_ADDRESS_LEN; i++)
			address[i] = (uint8_t) (n * 151 + i * i * 37 + (n >> 3) * i);
		sto_address_print(address, text);
		ok = ok && strlen(text) == STO_ADDRESS_TEXT_LEN && reference_polymod(text) == 0x2bc830a3 &&
			 sto_address_parse(text, strlen(text), back, &why) &&
			 memcmp(address, back, sizeof(back)) == 0;
	}
	CHECK_AS(ok, "256 addresses round trip, checksum as the reference's");

	for (int i = 0; i < STO_ADDRESS_LEN; i++)
		address[i] = (uint8_t) i;
	sto_address_print(address, text);
	CHECK_AS(strncmp(text, "sto1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn", 36) == 0,
			 "octets as 5-bit groups");
	strcpy(damaged, text);
	upper_case(damaged);
	CHECK_AS(sto_address_parse(damaged, strlen(damaged), back, &why) &&
				 memcmp(address, back, sizeof(back)) == 0,
			 "all upper case");
	damaged[0] = 's';
	CHECK_AS(!parses(damaged), "mixed case");

	/* any one wrong character is noticed, wherever it is */
	accepted = 0;
	for (size_t i = 0; i < STO_ADDRESS_TEXT_LEN; i++)
	{
		for (int c = 1; c < 256; c++)
		{
			strcpy(damaged, text);
			damaged[i] = (char) c;
			if ((char) c != text[i] && parses(damaged))
				accepted++;
		}
	}
	CHECK_AS(accepted == 0, "no single wrong character passes");
	/* and any two swapped neighbours */
	for (size_t i = 0; i + 1 < STO_ADDRESS_TEXT_LEN; i++)
	{
		strcpy(damaged, text);
		damaged[i] = text[i + 1];
		damaged[i + 1] = text[i];
		if (strcmp(damaged, text) != 0 && parses(damaged))
			accepted++;
	}
	CHECK_AS(accepted == 0, "no two swapped neighbours pass");

	strcpy(damaged, text);
	damaged[STO_ADDRESS_TEXT_LEN - 1] = '\0';
	CHECK_AS(!parses(damaged), "one character short");
	strcpy(damaged, text);
	strcat(damaged, "q");
	CHECK_AS(!parses(damaged), "one character long");
	CHECK_AS(!parses(""), "empty");

	/* the same address with the checksum of the older Bech32 (BIP-173: constant 1) */
	strcpy(damaged, text);
	for (int i = 0; i < 6; i++)
	{
		const char *at = strchr(charset, text[36 + i]);
		uint32_t value = (uint32_t) (at - charset);

		value ^= ((0x2bc830a3u ^ 1u) >> (5 * (5 - i))) & 31;
		damaged[36 + i] = charset[value];
	}
	CHECK_AS(reference_polymod(damaged) == 1, "a Bech32 checksum");
	CHECK_AS(!sto_address_parse(damaged, strlen(damaged), back, &why) &&
				 strcmp(why, "it is Bech32, not Bech32m") == 0,
			 "Bech32 is refused, by its name");
	return check_done("bech32m");
}
