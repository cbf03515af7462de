/*
 * bech32m.c
 *		Bech32m (BIP-350) text of a wallet address.
 *
 * Unlike a SegWit address there is no version character: the 160 bits of an
 * address are exactly 32 groups of 5, so that no padding exists to be checked.
 */
#include "bech32m.h"

#include <string.h>

#define BECH32M_CONST 0x2bc830a3u /* BIP-350 */
#define HRP_LEN 3
#define DATA_LEN 32
#define CHECKSUM_LEN 6

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"; /* BIP-173 */

static uint32_t
polymod_step(uint32_t chk, uint8_t value)
{
	static const uint32_t generator[5] = {0x3b6a57b2u, 0x26508e6du, 0x1ea119fau, 0x3d4233ddu,
										  0x2a1462b3u};
	uint32_t top = chk >> 25;

	chk = ((chk & 0x1ffffffu) << 5) ^ value;
	for (int i = 0; i < 5; i++)
	{
		if ((top >> i) & 1)
			chk ^= generator[i];
	}
	return chk;
}

/* Checksum state after the human-readable part, expanded as BIP-173 says. */
static uint32_t
polymod_hrp(void)
{
	uint32_t chk = 1;

	for (int i = 0; i < HRP_LEN; i++)
		chk = polymod_step(chk, (uint8_t) STO_ADDRESS_HRP[i] >> 5);
	chk = polymod_step(chk, 0);
	for (int i = 0; i < HRP_LEN; i++)
		chk = polymod_step(chk, (uint8_t) STO_ADDRESS_HRP[i] & 31);
	return chk;
}

void
sto_address_print(const uint8_t address[STO_ADDRESS_LEN], char out[STO_ADDRESS_TEXT_LEN + 1])
{
	uint32_t chk = polymod_hrp();
	uint32_t acc = 0;
	int bits = 0;
	char *p = out;

	memcpy(p, STO_ADDRESS_HRP "1", HRP_LEN + 1);
	p += HRP_LEN + 1;
	for (int i = 0; i < STO_ADDRESS_LEN; i++)
	{
		acc = (acc << 8) | address[i];
		bits += 8;
		while (bits >= 5)
		{
			uint8_t value;

			bits -= 5;
			value = (acc >> bits) & 31;
			chk = polymod_step(chk, value);
			*p++ = charset[value];
		}
		acc &= 0xff; /* at most 4 bits are pending */
	}
	for (int i = 0; i < CHECKSUM_LEN; i++)
		chk = polymod_step(chk, 0);
	chk ^= BECH32M_CONST;
	for (int i = 0; i < CHECKSUM_LEN; i++)
		*p++ = charset[(chk >> (5 * (CHECKSUM_LEN - 1 - i))) & 31];
	*p = '\0';
}

bool
sto_address_parse(const char *text, size_t len, uint8_t out[STO_ADDRESS_LEN], const char **why)
{
	char lower[STO_ADDRESS_TEXT_LEN];
	uint8_t values[DATA_LEN + CHECKSUM_LEN];
	uint32_t chk;
	uint32_t acc = 0;
	int bits = 0;
	int n = 0;
	bool has_lower = false;
	bool has_upper = false;

	if (len != STO_ADDRESS_TEXT_LEN)
	{
		*why = "an address has 42 characters";
		return false;
	}
	for (size_t i = 0; i < len; i++)
	{
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
		{
			has_upper = true;
			c = (char) (c + ('a' - 'A'));
		}
		else if (c >= 'a' && c <= 'z')
			has_lower = true;
		lower[i] = c;
	}
	/* BIP-173: decoders must not accept mixed case */
	if (has_lower && has_upper)
	{
		*why = "it mixes upper and lower case";
		return false;
	}
	if (memcmp(lower, STO_ADDRESS_HRP "1", HRP_LEN + 1) != 0)
	{
		*why = "an address begins with \"sto1\"";
		return false;
	}
	chk = polymod_hrp();
	for (int i = 0; i < DATA_LEN + CHECKSUM_LEN; i++)
	{
		const char *at = memchr(charset, lower[HRP_LEN + 1 + i], sizeof(charset) - 1);

		if (at == NULL)
		{
			*why = "it has a character outside the Bech32 alphabet";
			return false;
		}
		values[i] = (uint8_t) (at - charset);
		chk = polymod_step(chk, values[i]);
	}
	if (chk != BECH32M_CONST)
	{
		/* BIP-350: the constant of the older Bech32 is 1 */
		*why = chk == 1 ? "it is Bech32, not Bech32m" : "its checksum is wrong";
		return false;
	}
	for (int i = 0; i < DATA_LEN; i++)
	{
		acc = (acc << 5) | values[i];
		bits += 5;
		if (bits >= 8)
		{
			bits -= 8;
			out[n++] = (uint8_t) (acc >> bits);
		}
		acc &= 0xfff;
	}
	return true;
}
