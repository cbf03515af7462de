/*
 * register_four_eyes.c
 *		Handlers of events about second officers: who they are and for which acts,
 *		what is proposed to them, and what they say.
 */
#include "postgres.h"

#include "core/hash.h"
#include "ledger/four_eyes.h"
#include "types/types.h"

#include "errors.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

static void
check_other(const StoAct *act, const uint8_t *approver)
{
	if (sto_uuid_equal(approver, act->event.actor))
		sto_act_refuse("the token's issuer can't be its own second officer");
}

/* Whoever is to say yes or no must be able to, and be somebody else. */
static void
check_approver(const StoAct *act, const uint8_t *approver)
{
	StoPartyFact party;

	check_other(act, approver);
	sto_require_party(approver, &party);
	if (party.policy_event == 0)
		sto_act_refuse("the approver %s has no keys to sign with", sto_uuid_text(approver));
}

/* The newest of a token rules. */
void
sto_register_four_eyes(StoAct *act)
{
	StoFourEyes stated;
	Datum acts[STO_FOUR_EYES_ACTS];
	Datum approvers[STO_FOUR_EYES_APPROVERS];
	Datum values[FOUR_EYES_COLUMNS];
	bool nulls[FOUR_EYES_COLUMNS] = {false};
	Datum key = StoUuidGetDatum(act->event.subject);

	sto_four_eyes_of_body(&act->body, &stated);
	for (int i = 0; i < stated.act_count; i++)
		acts[i] = CStringGetTextDatum(sto_four_eyes_kind(stated.acts[i]));
	for (int i = 0; i < stated.approver_count; i++)
	{
		check_approver(act, stated.approvers[i]);
		approvers[i] = StoUuidGetDatum(stated.approvers[i]);
	}
	values[FOUR_EYES_SET_BY - 1] = Int64GetDatum(act->event.entry_id);
	values[FOUR_EYES_TOKEN_ID - 1] = key;
	values[FOUR_EYES_ACTS - 1] =
		PointerGetDatum(construct_array(acts, stated.act_count, TEXTOID, -1, false, TYPALIGN_INT));
	values[FOUR_EYES_APPROVERS - 1] = PointerGetDatum(construct_array(
		approvers, stated.approver_count, UUIDOID, STO_UUID_LEN, false, TYPALIGN_CHAR));
	sto_register_put(STO_REL_FOUR_EYES, STO_IDX_FOUR_EYES, 1, &key, FOUR_EYES_COLUMNS, values,
					 nulls);
}

static void
vet_four_eyes(const StoAct *act)
{
	StoFourEyes stated;

	sto_four_eyes_of_body(&act->body, &stated);
	/* nobody but the issuer proposes */
	for (int i = 0; i < stated.approver_count; i++)
		check_other(act, stated.approvers[i]);
}

/* What each kind's own handler asks of a body, whatever the register holds. */
static void (*const vet[STO_EVENT_KINDS])(const StoAct *act) = {
	[STO_EVENT_FOUR_EYES] = vet_four_eyes,
	[STO_EVENT_RULE_SET] = sto_vet_rule_set,
	[STO_EVENT_PARTY_LIST] = sto_vet_party_list,
	[STO_EVENT_TOKEN_TERMS] = sto_vet_token_terms,
	[STO_EVENT_TOKEN_POLICY] = sto_vet_token_policy,
	[STO_EVENT_TOKEN_STATUS] = sto_vet_token_status,
	[STO_EVENT_TOKEN_TOPICS] = sto_vet_topics,
	[STO_EVENT_TRUSTED_ISSUER] = sto_vet_topics,
	[STO_EVENT_TOKEN_PAUSE] = sto_vet_token_pause,
	[STO_EVENT_DOCUMENT] = sto_vet_document,
	[STO_EVENT_REDEMPTION_TERMS] = sto_vet_redemption_terms,
};

/*
 * What officers are asked is an act as it will stand in the log: whoever proposes one
 * that no register lets in is told so, before another signs it.  What depends on the
 * register is asked when the act is recorded.
 */
static void
check_proposed(const StoAct *act, text *act_body)
{
	const StoBody *body = &act->body;
	const char *kind = body->value[STO_F_KIND].text;
	StoAct *proposed;

	if (sto_four_eyes_place(kind, strlen(kind)) < 0)
		sto_act_refuse("\"%.40s\" is not a kind of act that can need a second officer", kind);
	proposed = palloc0(sizeof(StoAct));
	sto_body_parse(sto_event_kind(kind, strlen(kind)), act_body, true, &proposed->body);
	memcpy(proposed->event.actor, act->event.actor, STO_UUID_LEN);
	proposed->event.body = VARDATA_ANY(act_body);
	proposed->event.body_len = VARSIZE_ANY_EXHDR(act_body);
	vet[proposed->body.kind](proposed);
	pfree(proposed);
}

void
sto_register_proposal(StoAct *act)
{
	const StoBody *body = &act->body;
	text *act_body = cstring_to_text(body->value[STO_F_ACT_BODY].text);
	int64 until = body->value[STO_F_VALID_UNTIL].integer;
	uint8_t hash[STO_DIGEST_LEN];
	Datum values[PROPOSAL_COLUMNS] = {0};
	bool nulls[PROPOSAL_COLUMNS] = {false};

	check_proposed(act, act_body);
	if (until <= act->event.recorded_at)
		sto_act_refuse("\"valid_until\" has passed already");
	if (!sto_sha256(VARDATA_ANY(act_body), VARSIZE_ANY_EXHDR(act_body), hash))
		elog(ERROR, "could not compute SHA-256");
	values[PROPOSAL_OPENED - 1] = Int64GetDatum(act->event.entry_id);
	values[PROPOSAL_VALID_UNTIL - 1] = TimestampTzGetDatum(StoTimeToTimestamp(until));
	values[PROPOSAL_PROPOSAL_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[PROPOSAL_ABOUT - 1] = StoUuidGetDatum(body->value[STO_F_ABOUT].octets);
	values[PROPOSAL_PROPOSER - 1] = StoUuidGetDatum(act->event.actor);
	values[PROPOSAL_BODY_HASH - 1] = PointerGetDatum(hash);
	values[PROPOSAL_KIND - 1] = CStringGetTextDatum(body->value[STO_F_KIND].text);
	values[PROPOSAL_ACT_BODY - 1] = PointerGetDatum(act_body);
	nulls[PROPOSAL_DECIDED - 1] = nulls[PROPOSAL_APPROVED - 1] = nulls[PROPOSAL_OFFICER - 1] =
		nulls[PROPOSAL_USED_BY - 1] = true;
	sto_store_insert(STO_REL_PROPOSAL, values, nulls);
}

/* A second officer of the token says yes or no; the proposer may only take it back. */
static void
check_officer(const StoAct *act, const StoRow *row)
{
	StoFourEyes now;
	bool isnull;
	const uint8_t *about =
		(const uint8_t *) DatumGetPointer(sto_row_get(row, PROPOSAL_ABOUT, &isnull));
	const uint8_t *proposer =
		(const uint8_t *) DatumGetPointer(sto_row_get(row, PROPOSAL_PROPOSER, &isnull));

	if (sto_uuid_equal(act->event.actor, proposer) && !act->body.value[STO_F_APPROVED].flag)
		return;
	sto_four_eyes_of_token(about, &now);
	if (sto_uuid_equal(act->event.actor, proposer) ||
		!sto_four_eyes_is_approver(&now, act->event.actor))
		ereport(ERROR,
				(errcode(ERRCODE_STO_NOT_AUTHORISED),
				 errmsg("actor %s may not do this", sto_uuid_text(act->event.actor)),
				 errdetail("An \"approve\" event is for a second officer of token %s; the proposer "
						   "may only withdraw.",
						   sto_uuid_text(about)),
				 errhint("sto.four_eyes lists them.")));
}

/* The newest rules, but a refusal ends it. */
void
sto_register_approve(StoAct *act)
{
	Datum values[PROPOSAL_COLUMNS] = {0};
	bool nulls[PROPOSAL_COLUMNS] = {false};
	bool replaces[PROPOSAL_COLUMNS] = {false};
	StoRow row;
	bool isnull;
	int64 used_by;

	sto_register_find(STO_REL_PROPOSAL, STO_IDX_PROPOSAL, act->event.subject, &row);
	check_officer(act, &row);
	used_by = DatumGetInt64(sto_row_get(&row, PROPOSAL_USED_BY, &isnull));
	if (!isnull)
		sto_act_refuse("the proposal was used by event " INT64_FORMAT, used_by);
	if (!DatumGetBool(sto_row_get(&row, PROPOSAL_APPROVED, &isnull)) && !isnull)
		sto_act_refuse("the proposal was refused or withdrawn by event " INT64_FORMAT,
					   DatumGetInt64(sto_row_get(&row, PROPOSAL_DECIDED, &isnull)));
	if (StoTimeFromTimestamp(DatumGetTimestampTz(
			sto_row_get(&row, PROPOSAL_VALID_UNTIL, &isnull))) <= act->event.recorded_at)
		sto_act_refuse("the proposal has expired");
	values[PROPOSAL_DECIDED - 1] = Int64GetDatum(act->event.entry_id);
	values[PROPOSAL_APPROVED - 1] = BoolGetDatum(act->body.value[STO_F_APPROVED].flag);
	values[PROPOSAL_OFFICER - 1] = StoUuidGetDatum(act->event.actor);
	replaces[PROPOSAL_DECIDED - 1] = replaces[PROPOSAL_APPROVED - 1] =
		replaces[PROPOSAL_OFFICER - 1] = true;
	sto_store_update(&row, values, nulls, replaces);
	sto_row_close(&row);
}
