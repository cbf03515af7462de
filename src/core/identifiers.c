/*
 * identifiers.c
 *		Check digits and code lists of the identifiers that instruments and
 *		persons carry.
 */
#include "identifiers.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ISIN_LEN 12
#define LEI_LEN 20
#define CFI_LEN 6
#define DTI_LEN 9

/* ISO 3166-1, officially assigned alpha-2 codes, two letters each, sorted. */
static const char countries[] =
	"ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCD"
	"CFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGF"
	"GGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKN"
	"KPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNA"
	"NCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI"
	"SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVI"
	"VNVUWFWSYEYTZAZMZW";

/*
 * ISIN prefixes that are no assigned country codes (ISO 6166 and its
 * registration authority): AN of securities older than the dissolution of the
 * Netherlands Antilles, EU and XS international securities, EZ over-the-counter
 * derivatives, XA to XD substitute agencies, XF, QS and QT internal numbers,
 * XK Kosovo, XT digital tokens.
 */
static const char isin_prefixes[] = "ANEUEZQSQTXAXBXCXDXFXKXSXT";

/*
 * ISO 4217, list one (current currencies and funds), three letters each,
 * sorted; up to the amendment by which Bulgaria's lev gave way to the euro.
 */
static const char currencies[] =
	"AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBHDBIFBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDF"
	"CHECHFCHWCLFCLPCNYCOPCOUCRCCUPCVECZKDJFDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIP"
	"GMDGNFGTQGYDHKDHNLHTGHUFIDRILSINRIQDIRRISKJMDJODJPYKESKGSKHRKMFKPWKRWKWDKYDKZT"
	"LAKLBPLKRLRDLSLLYDMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPR"
	"NZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSDRUBRWFSARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTN"
	"SVCSYPSZLTHBTJSTMTTNDTOPTRYTTDTWDTZSUAHUGXUSDUSNUYIUYUUYWUZSVEDVESVNDVUVWSTXAD"
	"XAFXAGXAUXBAXBBXBCXBDXCDXCGXDRXOFXPDXPFXPTXSUXTSXUAXXXYERZARZMWZWG";

/* ISO 10962:2021: each category letter and the group letters that it has. */
static const struct
{
	char category;
	const char *groups;
} cfi_categories[] = {
	{'C', "BEFHIMPS"},     /* collective investment vehicles */
	{'D', "ABCDEGMNSTWY"}, /* debt */
	{'E', "CDFLMPSY"},     /* equities */
	{'F', "CF"},           /* futures */
	{'H', "CEFMRT"},       /* non-listed and complex listed options */
	{'I', "FT"},           /* spot */
	{'J', "CEFRT"},        /* forwards */
	{'K', "CEFMRTY"},      /* strategies */
	{'L', "LRS"},          /* financing */
	{'M', "CM"},           /* others */
	{'O', "CMP"},          /* listed options */
	{'R', "ADFMPSW"},      /* entitlements */
	{'S', "CEFMRT"},       /* swaps */
	{'T', "BCDIMRT"},      /* referential instruments */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* 0 to 9, then A = 10 to Z = 35, as ISO 6166 and ISO 7064 count */
static int
alnum_value(char c)
{
	return is_digit(c) ? c - '0' : c - 'A' + 10;
}

/* Is the code one of those that the list strings together? */
static bool
in_list(const char *list, const char *code, size_t width)
{
	size_t low = 0;
	size_t high = strlen(list) / width;

	while (low < high)
	{
		size_t mid = (low + high) / 2;
		int cmp = memcmp(list + mid * width, code, width);

		if (cmp == 0)
			return true;
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* What is wrong with text that must be upper-case letters and digits, or NULL. */
static const char *
alnum_check(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] >= 'a' && text[i] <= 'z')
			return "it has lower-case letters";
		if (!is_digit(text[i]) && !is_upper(text[i]))
			return "it has a character other than A to Z and 0 to 9";
	}
	return NULL;
}

static const char *
letters_check(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] >= 'a' && text[i] <= 'z')
			return "it has lower-case letters";
		if (!is_upper(text[i]))
			return "it has a character other than A to Z";
	}
	return NULL;
}

/*
 * ISO 6166: two-letter prefix, nine characters, one check digit.  Letters
 * become two digits; then every second digit from the right, the check digit
 * itself not counted, is doubled and the digits of all products are summed.
 */
const char *
sto_isin_check(const char *text, size_t len)
{
	const char *why;
	int sum = 0;
	bool doubled = false;

	if (len != ISIN_LEN)
		return "an ISIN has 12 characters";
	why = alnum_check(text, len);
	if (why != NULL)
		return why;
	if (!in_list(countries, text, 2) && !in_list(isin_prefixes, text, 2))
		return "its first two letters are no ISIN prefix";
	if (!is_digit(text[ISIN_LEN - 1]))
		return "its last character is not a digit";
	for (int i = ISIN_LEN - 1; i >= 0; i--)
	{
		int value = alnum_value(text[i]);

		do
		{
			int digit = value % 10;

			if (doubled)
				digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
			sum += digit;
			doubled = !doubled;
			value /= 10;
		} while (value > 0);
	}
	if (sum % 10 != 0)
		return "its check digit is wrong";
	return NULL;
}

/* ISO 17442-1: 18 characters and two check digits by ISO 7064 mod 97-10. */
const char *
sto_lei_check(const char *text, size_t len)
{
	const char *why;
	int rest = 0;
	int check;

	if (len != LEI_LEN)
		return "an LEI has 20 characters";
	why = alnum_check(text, len);
	if (why != NULL)
		return why;
	if (!is_digit(text[18]) || !is_digit(text[19]))
		return "its last two characters are not digits";
	/* 98 - remainder is never 00, 01 or 99, although those can be congruent */
	check = (text[18] - '0') * 10 + (text[19] - '0');
	if (check < 2 || check > 98)
		return "its check digits are wrong";
	for (int i = 0; i < LEI_LEN; i++)
	{
		int value = alnum_value(text[i]);

		rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
	}
	if (rest != 1)
		return "its check digits are wrong";
	return NULL;
}

/* ISO 10962: category, group, four attributes; X stands for an attribute not known. */
const char *
sto_cfi_check(const char *text, size_t len)
{
	const char *why;

	if (len != CFI_LEN)
		return "a CFI has 6 characters";
	why = letters_check(text, len);
	if (why != NULL)
		return why;
	for (size_t i = 0; i < sizeof(cfi_categories) / sizeof(cfi_categories[0]); i++)
	{
		if (cfi_categories[i].category != text[0])
			continue;
		if (strchr(cfi_categories[i].groups, text[1]) == NULL)
			return "its second letter is no group of its category";
		return NULL;
	}
	return "its first letter is no category";
}

/*
 * ISO 24165-1: eight characters, the first not 0, and a check character by
 * the hybrid system of ISO 7064 with modulus 31,30, over the digits and the
 * consonants without Y.
 */
const char *
sto_dti_check(const char *text, size_t len)
{
	static const char alphabet[] = "0123456789BCDFGHJKLMNPQRSTVWXZ";
	/* Bitcoin's was registered with a check character that the rule does not give. */
	static const char bitcoin[] = "4H95J0R2X";
	const char *why;
	int product = 30;
	int value = 0;

	if (len != DTI_LEN)
		return "a DTI has 9 characters";
	why = alnum_check(text, len);
	if (why != NULL)
		return why;
	if (text[0] == '0')
		return "its first character is 0";
	for (int i = 0; i < DTI_LEN; i++)
	{
		const char *at = memchr(alphabet, text[i], sizeof(alphabet) - 1);
		int sum;

		if (at == NULL)
			return "it has a vowel or Y";
		value = (int) (at - alphabet);
		if (i == DTI_LEN - 1)
			break;
		sum = (product + value) % 30;
		product = (sum == 0 ? 30 : sum) * 2 % 31;
	}
	if ((product + value) % 30 != 1 && memcmp(text, bitcoin, DTI_LEN) != 0)
		return "its check character is wrong";
	return NULL;
}

const char *
sto_country_check(const char *text, size_t len)
{
	const char *why;

	if (len != 2)
		return "a country code has 2 letters";
	why = letters_check(text, len);
	if (why != NULL)
		return why;
	return in_list(countries, text, 2) ? NULL : "it is no country code of ISO 3166-1";
}

const char *
sto_currency_check(const char *text, size_t len)
{
	const char *why;

	if (len != 3)
		return "a currency code has 3 letters";
	why = letters_check(text, len);
	if (why != NULL)
		return why;
	return in_list(currencies, text, 3) ? NULL : "it is no current currency code of ISO 4217";
}
