/*
 * case_act.c
 *		Events that carry out a case of two officers, as an entry carries out others.
 */
#include "postgres.h"

#include "ledger/case.h"
#include "ledger/register.h"

#include "errors.h"

pg_attribute_noreturn() static void no_case(const StoAct *act, StoCaseAct wanted, int sqlstate,
											const char *why)
{
	ereport(
		ERROR,
		(errcode(sqlstate),
		 errmsg("no case allows this \"%.*s\" event", (int) act->event.kind_len, act->event.kind),
		 act->body.value[STO_F_CASE].integer == 0
			 ? errdetail("It names none.")
			 : errdetail("Case " INT64_FORMAT " %s.", act->body.value[STO_F_CASE].integer, why),
		 errhint("It takes a case of act %s about this %s, approved by a second officer and "
				 "not carried out yet: see sto.case.",
				 sto_case_act_name(wanted), act->subject_kind)));
}

static void
check_case(const StoAct *act, const StoCase *legal, StoCaseAct wanted, const uint8_t *wallet)
{
	int64 now = act->event.recorded_at;

	if (legal->act != wanted || memcmp(legal->debit, wallet, STO_ADDRESS_LEN) != 0)
		no_case(act, wanted, ERRCODE_STO_NO_CASE,
				psprintf("is no %s of this %s", sto_case_act_name(wanted), act->subject_kind));
	if (!sto_uuid_equal(act->event.actor, legal->opened_by) &&
		(legal->approved == 0 || !sto_uuid_equal(act->event.actor, legal->approved_by)))
		no_case(act, wanted, ERRCODE_STO_NOT_AUTHORISED, "was decided by other officers");
	if (legal->refused != 0)
		no_case(act, wanted, ERRCODE_STO_NO_CASE, "was refused");
	if (legal->approved == 0)
		no_case(act, wanted, ERRCODE_STO_NO_CASE, "is not approved by a second officer");
	if (legal->used != 0)
		no_case(act, wanted, ERRCODE_STO_NO_CASE, "was carried out already");
	if (now >= legal->usable_until)
		no_case(act, wanted, ERRCODE_STO_NO_CASE, "has expired");
	if (now < legal->not_before)
		no_case(act, wanted, ERRCODE_STO_NOT_YET, "may not be carried out yet");
}

StoCase *
sto_case_carry_out(const StoAct *act, StoCaseAct wanted, const uint8_t wallet[STO_ADDRESS_LEN])
{
	int64 case_event = act->body.value[STO_F_CASE].integer;
	StoCase *legal;

	if (!STO_BODY_HAS(&act->body, STO_F_CASE) || sto_case_read(case_event) == NULL)
		no_case(act, wanted, ERRCODE_STO_NO_CASE, "is not in the register");
	legal = sto_case_lock(case_event);
	check_case(act, legal, wanted, wallet);
	sto_case_use(case_event, act->event.entry_id);
	return legal;
}
