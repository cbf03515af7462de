/*
 * finding.c
 *		What custom rules said of an entry that they don't stop.
 */
#include "core/finding.h"

#include "core/hash.h"
#include "core/message.h"

#include <stdio.h>
#include <string.h>

#define SQLSTATE_LEN 5

bool
sto_finding_subject(const uint8_t ledger_id[STO_UUID_LEN], int64_t entry, int64_t number,
					uint8_t out[STO_UUID_LEN])
{
	uint8_t buffer[64];
	uint8_t digest[STO_DIGEST_LEN];
	StoWriter w;

	sto_writer_init(&w, buffer, sizeof(buffer));
	sto_put_tag(&w, "sto.finding", 1);
	sto_put_bytes(&w, ledger_id, STO_UUID_LEN);
	sto_put_i64(&w, entry);
	sto_put_i64(&w, number);
	if (w.failed || !sto_sha256(buffer, w.len, digest))
		return false;
	sto_ledger_id(digest, out);
	return true;
}

bool
sto_is_sqlstate(const char *text)
{
	return strlen(text) == SQLSTATE_LEN &&
		   strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == SQLSTATE_LEN;
}

const char *
sto_finding_fault(const char *reason, const char *state)
{
	if ((reason == NULL) == (state == NULL))
		return "it has either a reason or a state";
	if (state != NULL)
		return sto_is_sqlstate(state) ? NULL : "its state is not an SQLSTATE";
	if (strlen(reason) >= STO_RULE_DETAIL_MAX)
		return "its reason is too long";
	for (const char *c = reason; *c != '\0'; c++)
		if ((unsigned char) *c < ' ')
			return "its reason is not one line";
	return NULL;
}

void
sto_finding_detail(const char *reason, const char *state, char out[STO_RULE_DETAIL_MAX])
{
	if (reason != NULL)
		snprintf(out, STO_RULE_DETAIL_MAX, "%s", reason);
	else
		snprintf(out, STO_RULE_DETAIL_MAX, "The rule's function failed with SQLSTATE %s.", state);
}
