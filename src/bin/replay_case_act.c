/*
 * replay_case_act.c
 *		Events that carry out a case: attachments, and what officers stop.
 */
#include "bin/replay_state.h"

#include <string.h>

/* The act is about what the case is about, and of the same decision if it states one. */
static bool
is_of_case(const Act *act, const Case *legal)
{
	const StoBody *body = &act->body;
	uint32_t about = legal->act == CASE_TOKEN_PAUSE ? legal->token : legal->debit;

	return about == act->subject->row &&
		   (!STO_BODY_HAS(body, STO_F_BASIS) ||
			strcmp(body->value[STO_F_BASIS].text, sto_fold_case_bases[legal->basis]) == 0) &&
		   (!STO_BODY_HAS(body, STO_F_DOCUMENT_HASH) ||
			memcmp(body->value[STO_F_DOCUMENT_HASH].octets, legal->document_hash, STO_DIGEST_LEN) ==
				0);
}

/* Why the case does not allow this act; NULL: it does. */
static const char *
objection(const Act *act, const Case *legal, CaseAct wanted)
{
	const StoReplay *r = act->r;
	int64_t now = act->event->recorded_at;

	if (legal == NULL)
		return "is not in the register";
	if (legal->act != wanted || !is_of_case(act, legal))
		return "does not say this";
	if (act->actor_party != sto_pool_at(&r->parties, legal->opened_by) &&
		(legal->approved_by == 0 ||
		 act->actor_party != sto_pool_at(&r->parties, legal->approved_by)))
		return "was decided by other officers";
	if (legal->refused != 0)
		return "was refused";
	if (legal->approved == 0)
		return "was not approved by a second officer";
	if (legal->used != 0)
		return "was carried out before";
	if (legal->has_valid_until && now >= legal->valid_until)
		return "had expired";
	if (legal->has_not_before && now < legal->not_before)
		return "was not to be carried out yet";
	return NULL;
}

const Case *
sto_fold_case_carry_out(const Act *act, CaseAct wanted)
{
	int64_t case_event = act->body.value[STO_F_CASE].integer;
	Case *legal;
	const char *why;

	if (!STO_BODY_HAS(&act->body, STO_F_CASE))
	{
		sto_fold_refuse(act, STO_CHECK_CASE, "no case of two officers allows it");
		return NULL;
	}
	legal = sto_fold_case(act->r, case_event);
	why = objection(act, legal, wanted);
	if (why != NULL)
	{
		sto_fold_refuse(act, STO_CHECK_CASE, "case %lld %s", (long long) case_event, why);
		return NULL;
	}
	legal->used = act->event->entry_id;
	return legal;
}

void
sto_fold_case_none(const Act *act)
{
	if (STO_BODY_HAS(&act->body, STO_F_CASE))
		sto_fold_refuse(act, STO_CHECK_CASE, "it cites a case, and takes none");
}
