/*
 * four_eyes.c
 *		Which acts about a token need a second officer.
 */
#include "four_eyes.h"

#include <string.h>

/* What an issuer does to a token; others' acts, an enforcer's pause for one, he can't bind. */
static const char *const kinds[STO_FOUR_EYES_ACTS] = {
	"four_eyes",    "rule_set",     "party_list",      "token_terms",
	"token_policy", "token_status", "token_topics",    "trusted_issuer",
	"token_pause",  "document",     "redemption_terms"};

int
sto_four_eyes_place(const char *kind, size_t len)
{
	for (int i = 0; i < STO_FOUR_EYES_ACTS; i++)
		if (strlen(kinds[i]) == len && memcmp(kinds[i], kind, len) == 0)
			return i;
	return -1;
}

const char *
sto_four_eyes_kind(int place)
{
	return kinds[place];
}

static bool
has_act(const StoFourEyes *f, uint8_t place)
{
	return memchr(f->acts, place, f->act_count) != NULL;
}

const char *
sto_four_eyes_add_act(StoFourEyes *f, const char *kind)
{
	int place = sto_four_eyes_place(kind, strlen(kind));

	if (place < 0)
		return "is not a kind of act that can need a second officer";
	if (has_act(f, (uint8_t) place))
		return "stands twice";
	f->acts[f->act_count++] = (uint8_t) place;
	return NULL;
}

const char *
sto_four_eyes_add_approver(StoFourEyes *f, const uint8_t party[STO_UUID_LEN])
{
	if (sto_four_eyes_is_approver(f, party))
		return "stands twice";
	if (f->approver_count == STO_FOUR_EYES_APPROVERS)
		return "is one too many: there are at most 16";
	memcpy(f->approvers[f->approver_count++], party, STO_UUID_LEN);
	return NULL;
}

const char *
sto_four_eyes_check(const StoFourEyes *f)
{
	if (f->act_count > 0 && f->approver_count == 0)
		return "acts that need a second officer need one who may be it";
	return NULL;
}

bool
sto_four_eyes_is_approver(const StoFourEyes *f, const uint8_t party[STO_UUID_LEN])
{
	for (int i = 0; i < f->approver_count; i++)
		if (memcmp(f->approvers[i], party, STO_UUID_LEN) == 0)
			return true;
	return false;
}

/* Does next take something away: an act, or an officer, or let somebody else be one? */
static bool
loosens(const StoFourEyes *f, const StoFourEyes *next)
{
	for (int i = 0; i < f->act_count; i++)
		if (!has_act(next, f->acts[i]))
			return true;
	for (int i = 0; i < f->approver_count; i++)
		if (!sto_four_eyes_is_approver(next, f->approvers[i]))
			return true;
	return next->approver_count != f->approver_count;
}

bool
sto_four_eyes_needed(const StoFourEyes *f, int place, const StoFourEyes *next)
{
	if (f->act_count == 0 || place < 0)
		return false;
	return has_act(f, (uint8_t) place) || (next != NULL && loosens(f, next));
}
