/*
 * test_identifiers.c
 *		Check digits and code lists, held against published identifiers.
 */
#include "core/identifiers.h"

#include "check.h"

#include <stdbool.h>
#include <string.h>

typedef const char *(*Checker)(const char *text, size_t len);

static void
good(Checker check, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		CHECK_AS(check(*texts, strlen(*texts)) == NULL, "\"%s\"", *texts);
}

/* pairs of text and reason */
static void
bad(Checker check, const char *const *pairs)
{
	for (; *pairs != NULL; pairs += 2)
	{
		const char *why = check(pairs[0], strlen(pairs[0]));

		CHECK_AS(why != NULL && strcmp(why, pairs[1]) == 0, "\"%s\"", pairs[0]);
	}
}

/*
 * How many texts that differ from a good one in one character of the range,
 * put for another of the range, pass too?
 */
static int
damaged_that_pass(Checker check, const char *text, char first, char last)
{
	char damaged[32];
	int passed = 0;

	for (size_t i = 0; i < strlen(text); i++)
	{
		if (text[i] < first || text[i] > last)
			continue;
		for (char c = first; c <= last; c++)
		{
			strcpy(damaged, text);
			damaged[i] = c;
			if (c != text[i] && check(damaged, strlen(text)) == NULL)
				passed++;
		}
	}
	return passed;
}

static void
test_isin(void)
{
	static const char *const texts[] = {
		"US0378331005", /* Apple */
		"GB0002634946", /* BAE Systems */
		"AU0000XVGZA3", /* ISO 6166's letters in the middle */
		"DE000BAY0017", /* Bayer */
		"KZ1C00000876", /* Halyk Bank */
		"US63253R2013", /* Kazatomprom's depositary receipts */
		"AN8068571086", /* Schlumberger, still of the Netherlands Antilles */
		"XS0203470157", /* a eurobond */
		"XTV15WLZJMF0", /* Bitcoin */
		NULL,
	};
	static const char *const pairs[] = {
		"US0378331006",
		"its check digit is wrong",
		"US0373831005",
		"its check digit is wrong",
		"US037833100",
		"an ISIN has 12 characters",
		"US03783310055",
		"an ISIN has 12 characters",
		"",
		"an ISIN has 12 characters",
		"us0378331005",
		"it has lower-case letters",
		"US037833100 ",
		"it has a character other than A to Z and 0 to 9",
		" US037833100",
		"it has a character other than A to Z and 0 to 9",
		"US03783310\xc3\xa9",
		"it has a character other than A to Z and 0 to 9",
		"ZZ0378331005",
		"its first two letters are no ISIN prefix",
		"120378331005",
		"its first two letters are no ISIN prefix",
		"US037833100A",
		"its last character is not a digit",
		NULL,
	};

	good(sto_isin_check, texts);
	bad(sto_isin_check, pairs);
	CHECK_AS(damaged_that_pass(sto_isin_check, "US0378331005", '0', '9') == 0,
			 "no single wrong digit of an ISIN passes");
}

static void
test_lei(void)
{
	static const char *const texts[] = {
		"529900T8BM49AURSDO55", /* Ubisecure */
		"506700GE1G29325QX363", /* GLEIF */
		"7LTWFZYICNSX8D621K86", /* Deutsche Bank */
		"HWUPKR0MPOU8FGXBT394", /* Apple */
		NULL,
	};
	static const char *const pairs[] = {
		"529900T8BM49AURSDO56",
		"its check digits are wrong",
		"529900T8BM49AURSOD55",
		"its check digits are wrong",
		"529900T8BM49AURSDO5",
		"an LEI has 20 characters",
		"529900T8BM49AURSDO5A",
		"its last two characters are not digits",
		"529900T8bM49AURSDO55",
		"it has lower-case letters",
		"529900T8BM49AURSDO5 ",
		"it has a character other than A to Z and 0 to 9",
		"529900-8BM49AURSDO55",
		"it has a character other than A to Z and 0 to 9",
		NULL,
	};
	char text[21] = "529900T8BM49AURS";
	int congruent = 0;

	good(sto_lei_check, texts);
	bad(sto_lei_check, pairs);
	CHECK_AS(damaged_that_pass(sto_lei_check, "506700GE1G29325QX363", '0', '9') == 0 &&
				 damaged_that_pass(sto_lei_check, "506700GE1G29325QX363", 'A', 'Z') == 0,
			 "no single wrong digit or letter of an LEI passes");
	/* 00, 01 and 99 are congruent to 97, 98 and 02: only the latter are made */
	for (int i = 0; i < 36 * 36; i++)
	{
		static const char *const ends[] = {"00", "01", "99"};

		text[16] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i / 36];
		text[17] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i % 36];
		for (int e = 0; e < 3; e++)
		{
			strcpy(text + 18, ends[e]);
			if (sto_lei_check(text, 20) == NULL)
				congruent++;
		}
	}
	CHECK_AS(congruent == 0, "check digits 00, 01 and 99 never pass");
}

static void
test_cfi(void)
{
	static const char *const texts[] = {"ESVUFR", "ESVTFR", "DBFTFB", "EPNRAR", "CIOGES", "DBFUFR",
										"FFICSX", "OCASPS", "MMMXXX", "RWSTCA", "TCNXXX", NULL};
	static const char *const pairs[] = {
		"ESVUF",   "a CFI has 6 characters",
		"ESVUFRR", "a CFI has 6 characters",
		"esvufr",  "it has lower-case letters",
		"ESVUF1",  "it has a character other than A to Z",
		"ESVUF ",  "it has a character other than A to Z",
		"ASVUFR",  "its first letter is no category",
		"XXXXXX",  "its first letter is no category",
		"EBVUFR",  "its second letter is no group of its category",
		"EXXXXX",  "its second letter is no group of its category",
		NULL,
	};

	good(sto_cfi_check, texts);
	bad(sto_cfi_check, pairs);
}

static void
test_dti(void)
{
	static const char *const texts[] = {
		"4H95J0R2X", /* Bitcoin */
		"X9J9K872S", /* Ether */
		"9X1Z1NQG5", "3WCGMWKQM", "WGJSRNZGM", "J7KQCG93W", "44SDQ6NX0", "10ZW1X3N5", NULL,
	};
	static const char *const pairs[] = {
		"X9J9K872T",  "its check character is wrong",
		"X9J9K827S",  "its check character is wrong",
		"4H95J0R2Z",  "its check character is wrong",
		"X9J9K872",   "a DTI has 9 characters",
		"X9J9K872SS", "a DTI has 9 characters",
		"x9J9K872S",  "it has lower-case letters",
		"X9J9K872 ",  "it has a character other than A to Z and 0 to 9",
		"X9J9A872S",  "it has a vowel or Y",
		"X9J9Y872S",  "it has a vowel or Y",
		"09J9K872S",  "its first character is 0",
		NULL,
	};

	good(sto_dti_check, texts);
	bad(sto_dti_check, pairs);
	CHECK_AS(damaged_that_pass(sto_dti_check, "X9J9K872S", '0', 'Z') == 0,
			 "no single wrong character of a DTI passes");
}

static void
test_codes(void)
{
	static const char *const countries[] = {"KZ", "GB", "US", "DE", "AD", "ZW", "SS", NULL};
	static const char *const no_countries[] = {
		"UK",  "it is no country code of ISO 3166-1", "EU", "it is no country code of ISO 3166-1",
		"XK",  "it is no country code of ISO 3166-1", "AN", "it is no country code of ISO 3166-1",
		"kz",  "it has lower-case letters",           "K1", "it has a character other than A to Z",
		"KAZ", "a country code has 2 letters",        "",   "a country code has 2 letters",
		"DA",  "it is no country code of ISO 3166-1", NULL,
	};
	static const char *const currencies[] = {"KZT", "USD", "EUR", "GBP", "AED", "ZMW",
											 "ZWG", "XAU", "XDR", "CHF", NULL};
	static const char *const no_currencies[] = {
		"DEM", "it is no current currency code of ISO 4217",
		"HRK", "it is no current currency code of ISO 4217",
		"BTC", "it is no current currency code of ISO 4217",
		"usd", "it has lower-case letters",
		"US",  "a currency code has 3 letters",
		"US1", "it has a character other than A to Z",
		"SDU", "it is no current currency code of ISO 4217",
		NULL,
	};
	int n = 0;

	good(sto_country_check, countries);
	bad(sto_country_check, no_countries);
	good(sto_currency_check, currencies);
	bad(sto_currency_check, no_currencies);
	for (char a = 'A'; a <= 'Z'; a++)
	{
		for (char b = 'A'; b <= 'Z'; b++)
		{
			char code[2] = {a, b};

			n += sto_country_check(code, 2) == NULL;
		}
	}
	CHECK_AS(n == 249, "249 countries");
}

int
main(void)
{
	test_isin();
	test_lei();
	test_cfi();
	test_dti();
	test_codes();
	return check_done("identifiers");
}
