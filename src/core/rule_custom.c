/*
 * rule_custom.c
 *		What a custom rule's function was when the rule set was signed.
 */
#include "core/rule.h"

#include "core/hash.h"

#include <string.h>

#define HEAD_MAX 600

/* A text of at most 65,535 octets after its length. */
static bool
hash_text16(StoSha256 *h, const char *text)
{
	size_t len = strlen(text);
	uint8_t prefix[2] = {(uint8_t) (len >> 8), (uint8_t) len};

	return len <= UINT16_MAX && sto_sha256_update(h, prefix, sizeof(prefix)) &&
		   sto_sha256_update(h, text, len);
}

static bool
hash_function(StoSha256 *h, const StoRuleFunction *function, uint8_t out[STO_DIGEST_LEN])
{
	uint8_t head[HEAD_MAX];
	uint8_t prefix[4];
	StoWriter w;

	sto_writer_init(&w, head, sizeof(head));
	sto_put_tag(&w, "sto.custom", 1);
	sto_put_octets8(&w, function->name, strlen(function->name));
	sto_put_octets8(&w, function->language, strlen(function->language));
	sto_put_u8(&w, (uint8_t) function->setting_count);
	if (w.failed || function->setting_count > UINT8_MAX || function->source_len > UINT32_MAX ||
		!sto_sha256_init(h) || !sto_sha256_update(h, head, w.len))
		return false;
	for (int i = 0; i < function->setting_count; i++)
		if (!hash_text16(h, function->settings[i]))
			return false;
	sto_writer_init(&w, prefix, sizeof(prefix));
	sto_put_u32(&w, (uint32_t) function->source_len);
	return sto_sha256_update(h, prefix, sizeof(prefix)) &&
		   sto_sha256_update(h, function->source, function->source_len) && sto_sha256_final(h, out);
}

bool
sto_rule_definition(const StoRuleFunction *function, uint8_t out[STO_DIGEST_LEN])
{
	StoSha256 *h = sto_sha256_new();
	bool good = h != NULL && hash_function(h, function, out);

	sto_sha256_free(h);
	return good;
}
