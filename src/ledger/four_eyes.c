/*
 * four_eyes.c
 *		Acts about a token that need a second officer.
 *
 * The issuer proposes, another party approves, then the issuer records the act
 * itself: both have signed, and all three are in the log (docs/format.md, "Second officers").  A
 *proposal is matched by the act's kind, subject and body, octet for octet.
 *
 * Acts about one token exclude each other by its row in sto.subject, and so do
 * two that want one proposal.  A refusal excludes acts in flight by the lock
 * on sto.writer.
 */
#include "postgres.h"

#include "core/hash.h"
#include "ledger/four_eyes.h"

#include "errors.h"

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "catalog/pg_type.h"

void
sto_four_eyes_of_body(const StoBody *body, StoFourEyes *out)
{
	const StoTexts *acts = &body->value[STO_F_ACTS].texts;
	const StoUuids *approvers = &body->value[STO_F_APPROVERS].uuids;
	const char *why;

	memset(out, 0, sizeof(*out));
	for (int i = 0; i < acts->count; i++)
		if ((why = sto_four_eyes_add_act(out, acts->items[i])) != NULL)
			sto_act_refuse("act \"%.40s\" %s", acts->items[i], why);
	for (int i = 0; i < approvers->count; i++)
		if ((why = sto_four_eyes_add_approver(out, approvers->items[i])) != NULL)
			sto_act_refuse("approver %s %s", sto_uuid_text(approvers->items[i]), why);
	if ((why = sto_four_eyes_check(out)) != NULL)
		sto_act_refuse("%s", why);
}

pg_attribute_noreturn() static void damaged(void)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
					errmsg("a row of sto.four_eyes holds what no event can have stated"),
					errhint("Compare the register with its log: SELECT * FROM sto.verify().")));
}

void
sto_four_eyes_of_token(const uint8_t token_id[STO_UUID_LEN], StoFourEyes *out)
{
	Datum key = StoUuidGetDatum(token_id);
	StoRow row;
	Datum *items;
	int count;
	bool isnull;

	memset(out, 0, sizeof(*out));
	if (sto_store_find(STO_REL_FOUR_EYES, STO_IDX_FOUR_EYES, 1, &key, &row))
	{
		deconstruct_array(DatumGetArrayTypeP(sto_row_get(&row, FOUR_EYES_ACTS, &isnull)), TEXTOID,
						  -1, false, TYPALIGN_INT, &items, NULL, &count);
		for (int i = 0; i < count; i++)
			if (sto_four_eyes_add_act(out, TextDatumGetCString(items[i])) != NULL)
				damaged();
		deconstruct_array(DatumGetArrayTypeP(sto_row_get(&row, FOUR_EYES_APPROVERS, &isnull)),
						  UUIDOID, STO_UUID_LEN, false, TYPALIGN_CHAR, &items, NULL, &count);
		for (int i = 0; i < count; i++)
			if (sto_four_eyes_add_approver(out, (const uint8_t *) DatumGetPointer(items[i])) !=
				NULL)
				damaged();
	}
	sto_row_close(&row);
}

/* Why a proposal, whose row is locked, does not serve this act; NULL: it does. */
static char *
fault_of(const StoAct *act, const StoFourEyes *now, const StoRow *row)
{
	const uint8_t *officer;
	bool isnull;
	bool undecided;
	int64 used_by = DatumGetInt64(sto_row_get(row, PROPOSAL_USED_BY, &isnull));

	if (!isnull)
		return psprintf("it was used by event " INT64_FORMAT, used_by);
	if (!DatumGetBool(sto_row_get(row, PROPOSAL_APPROVED, &undecided)))
		return undecided ? "no second officer has approved it yet" : "it was refused or withdrawn";
	if (StoTimeFromTimestamp(DatumGetTimestampTz(
			sto_row_get(row, PROPOSAL_VALID_UNTIL, &isnull))) <= act->event.recorded_at)
		return "it has expired";
	officer = (const uint8_t *) DatumGetPointer(sto_row_get(row, PROPOSAL_OFFICER, &isnull));
	if (!sto_four_eyes_is_approver(now, officer))
		return psprintf("%s, who approved it, is no second officer of the token any more",
						sto_uuid_text(officer));
	return NULL;
}

/* The proposal of this act that was made next after that event; false: there is none. */
static bool
next_proposal(const StoAct *act, Datum hash, int64 *opened, uint8_t proposal[STO_UUID_LEN])
{
	Datum keys[2] = {StoUuidGetDatum(act->event.subject), hash};
	int64 best = PG_INT64_MAX;
	StoScan scan;
	bool isnull;

	sto_scan_begin(&scan, STO_REL_PROPOSAL, STO_IDX_PROPOSAL_ABOUT, 2, keys, NULL);
	while (sto_scan_next(&scan))
	{
		int64 made = DatumGetInt64(slot_getattr(scan.slot, PROPOSAL_OPENED, &isnull));
		text *kind = DatumGetTextPP(slot_getattr(scan.slot, PROPOSAL_KIND, &isnull));

		if (made <= *opened || made >= best || VARSIZE_ANY_EXHDR(kind) != act->event.kind_len ||
			memcmp(VARDATA_ANY(kind), act->event.kind, act->event.kind_len) != 0)
			continue;
		best = made;
		memcpy(proposal, DatumGetPointer(slot_getattr(scan.slot, PROPOSAL_PROPOSAL_ID, &isnull)),
			   STO_UUID_LEN);
	}
	sto_scan_end(&scan);
	*opened = best;
	return best != PG_INT64_MAX;
}

/* The first proposal that serves; of others the newest says why it doesn't. */
static void
find_proposal(StoAct *act, const StoFourEyes *now)
{
	uint8_t hash[STO_DIGEST_LEN];
	const char *fault = NULL;
	int64 opened = 0;

	if (!sto_sha256(act->event.body, act->event.body_len, hash))
		elog(ERROR, "could not compute SHA-256");
	while (next_proposal(act, PointerGetDatum(hash), &opened, act->proposal))
	{
		StoRow row;

		sto_register_find(STO_REL_PROPOSAL, STO_IDX_PROPOSAL, act->proposal, &row);
		fault = fault_of(act, now, &row);
		sto_row_close(&row);
		if (fault == NULL)
		{
			act->has_proposal = true;
			return;
		}
		fault =
			psprintf("Proposal %s is of this act, but %s.", sto_uuid_text(act->proposal), fault);
	}
	ereport(ERROR,
			(errcode(ERRCODE_STO_SECOND_OFFICER),
			 errmsg("a \"%.*s\" event of this token needs a second officer",
					(int) act->event.kind_len, act->event.kind),
			 errdetail("%s", fault != NULL ? fault : "There is no proposal of exactly this act."),
			 errhint("sto.propose() it, let a second officer sto.approve() it, then record it with "
					 "exactly the same body, once and in time.")));
}

void
sto_four_eyes_demand(StoAct *act)
{
	int place = sto_four_eyes_place(act->event.kind, act->event.kind_len);
	StoTokenFact token;
	StoFourEyes now;
	StoFourEyes next;

	/* an issuer binds himself, not an enforcer who pauses his token */
	if (place < 0 || !sto_fact_token(act->event.subject, &token) ||
		!sto_uuid_equal(act->event.actor, token.issuer))
		return;
	sto_four_eyes_of_token(act->event.subject, &now);
	if (act->body.kind == STO_EVENT_FOUR_EYES)
		sto_four_eyes_of_body(&act->body, &next);
	if (sto_four_eyes_needed(&now, place, act->body.kind == STO_EVENT_FOUR_EYES ? &next : NULL))
		find_proposal(act, &now);
}

void
sto_four_eyes_use(const StoAct *act)
{
	StoRow row;

	if (!act->has_proposal)
		return;
	sto_register_find(STO_REL_PROPOSAL, STO_IDX_PROPOSAL, act->proposal, &row);
	sto_register_set(&row, PROPOSAL_USED_BY, Int64GetDatum(act->event.entry_id), false);
}
