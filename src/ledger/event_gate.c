/*
 * event_gate.c
 *		The gate on sto.event: INSERT is how the register changes.
 *
 * A client supplies kind, subject, actor, body and signatures; the gate
 * authorises the act, fills the rest and lets the kind's handler write the
 * register.  On a replica a complete row arrives and each column is checked.
 */
#include "postgres.h"

#include "ledger/event_gate.h"
#include "ledger/close.h"
#include "ledger/finding.h"
#include "ledger/four_eyes.h"
#include "ledger/register.h"
#include "ledger/ruleset.h"

#include "errors.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(sto_event_gate);
PG_FUNCTION_INFO_V1(sto_event_begin);
PG_FUNCTION_INFO_V1(sto_event_end);

/* One handler a kind, and the sort of subject that it makes, if it makes one. */
static const struct
{
	void (*apply)(StoAct *act);
	const char *makes;
} handlers[STO_EVENT_KINDS] = {
	[STO_EVENT_GENESIS] = {sto_register_genesis, "ledger"},
	[STO_EVENT_KEYS] = {sto_register_keys, NULL},
	[STO_EVENT_CAPABILITY] = {sto_register_capability, NULL},
	[STO_EVENT_PARTY] = {sto_register_party, "party"},
	[STO_EVENT_PARTY_STATUS] = {sto_register_party_status, NULL},
	[STO_EVENT_WALLET] = {sto_register_wallet, "wallet"},
	[STO_EVENT_WALLET_STATUS] = {sto_register_wallet_status, NULL},
	[STO_EVENT_WALLET_TERMS] = {sto_register_wallet_terms, NULL},
	[STO_EVENT_TOKEN] = {sto_register_token, "token"},
	[STO_EVENT_TOKEN_TERMS] = {sto_register_token_terms, NULL},
	[STO_EVENT_TOKEN_POLICY] = {sto_register_token_policy, NULL},
	[STO_EVENT_TOKEN_STATUS] = {sto_register_token_status, NULL},
	[STO_EVENT_BATCH] = {sto_register_batch, "batch"},
	[STO_EVENT_MAINTENANCE] = {sto_register_maintenance, NULL},
	[STO_EVENT_LOG_KEY] = {sto_register_log_key, NULL},
	[STO_EVENT_WITNESS_KEY] = {sto_register_witness_key, NULL},
	[STO_EVENT_WITNESS_POLICY] = {sto_register_witness_policy, NULL},
	[STO_EVENT_TIME_AUTHORITY] = {sto_register_time_authority, NULL},
	[STO_EVENT_LOG_RESTART] = {sto_register_log_restart, NULL},
	[STO_EVENT_CLOSE] = {sto_register_close, "close"},
	[STO_EVENT_PARTY_FACTS] = {sto_register_party_facts, NULL},
	[STO_EVENT_CLASSIFICATION] = {sto_register_classification, NULL},
	[STO_EVENT_MANDATE] = {sto_register_mandate, NULL},
	[STO_EVENT_BENEFICIAL_OWNER] = {sto_register_beneficial_owner, NULL},
	[STO_EVENT_CLAIM] = {sto_register_claim, NULL},
	[STO_EVENT_CLAIM_REVOKE] = {sto_register_claim_revoke, NULL},
	[STO_EVENT_TOKEN_TOPICS] = {sto_register_token_topics, NULL},
	[STO_EVENT_TRUSTED_ISSUER] = {sto_register_trusted_issuer, NULL},
	[STO_EVENT_TOKEN_PAUSE] = {sto_register_token_pause, NULL},
	[STO_EVENT_WALLET_FREEZE] = {sto_register_wallet_freeze, NULL},
	[STO_EVENT_PARTY_FREEZE] = {sto_register_party_freeze, NULL},
	[STO_EVENT_DOCUMENT] = {sto_register_document, NULL},
	[STO_EVENT_ACKNOWLEDGE] = {sto_register_acknowledge, NULL},
	[STO_EVENT_RULE_SET] = {sto_register_rule_set, NULL},
	[STO_EVENT_PARTY_LIST] = {sto_register_party_list, NULL},
	[STO_EVENT_OPT_IN] = {sto_register_opt_in, NULL},
	[STO_EVENT_LOOK_THROUGH] = {sto_register_look_through, NULL},
	[STO_EVENT_TRAVEL_DATA] = {sto_register_travel_data, NULL},
	[STO_EVENT_TRANSFER_APPROVAL] = {sto_register_transfer_approval, NULL},
	[STO_EVENT_APPROVAL_REVOKE] = {sto_register_approval_revoke, NULL},
	[STO_EVENT_FOUR_EYES] = {sto_register_four_eyes, NULL},
	[STO_EVENT_PROPOSAL] = {sto_register_proposal, "proposal"},
	[STO_EVENT_APPROVE] = {sto_register_approve, NULL},
	[STO_EVENT_CASE] = {sto_register_case, "case"},
	[STO_EVENT_CASE_APPROVE] = {sto_register_case_approve, NULL},
	[STO_EVENT_PARTY_MEMBERS] = {sto_register_party_members, NULL},
	[STO_EVENT_REFUSAL] = {sto_register_refusal, "refusal"},
	[STO_EVENT_FINDING] = {sto_register_finding, "finding"},
	[STO_EVENT_ATTACH] = {sto_register_attach, NULL},
	[STO_EVENT_ATTACH_LIFT] = {sto_register_attach_lift, NULL},
	[STO_EVENT_REDEMPTION_TERMS] = {sto_register_redemption_terms, NULL},
};

/* The row as it arrived. */
typedef struct EventRow
{
	Datum values[EVENT_COLUMNS];
	bool nulls[EVENT_COLUMNS];
} EventRow;

#define COL(row, attno) ((row)->values[(attno) -1])
#define ISNULL(row, attno) ((row)->nulls[(attno) -1])

/* Restore mode: the ledger's id, for the rest of the transaction. */
static bool restored_known = false;
static uint8_t restored_id[STO_UUID_LEN];

pg_attribute_noreturn() static void broken(const StoAct *act, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_STO_BROKEN_ROW),
			 errmsg("event " INT64_FORMAT " does not stand", (int64) act->event.entry_id),
			 errdetail("%s.", what),
			 errhint("The row was altered or forged in the log, or rows are missing before it.")));
}

static void
require_column(const EventRow *row, int attno, const char *name)
{
	if (ISNULL(row, attno))
		ereport(ERROR, (errcode(ERRCODE_STO_INVALID_EVENT),
						errmsg("column \"%s\" of an event must be given", name),
						strcmp(name, "actor") == 0 || strcmp(name, "subject") == 0
							? errhint("The nil uuid stands for the ledger itself.")
							: 0));
}

static void
refuse_column(const EventRow *row, int attno, const char *name)
{
	if (!ISNULL(row, attno))
		ereport(ERROR, (errcode(ERRCODE_STO_GATE_COLUMN),
						errmsg("column \"%s\" of sto.event is filled by the gate", name),
						errhint("Supply kind, subject, actor, body and signatures only.")));
}

/* The columns that a client supplies. */
static void
read_client_columns(StoAct *act, const EventRow *row)
{
	text *kind;
	text *body;

	require_column(row, EVENT_KIND, "kind");
	require_column(row, EVENT_SUBJECT, "subject");
	require_column(row, EVENT_ACTOR, "actor");
	require_column(row, EVENT_BODY, "body");

	kind = DatumGetTextPP(COL(row, EVENT_KIND));
	body = DatumGetTextPP(COL(row, EVENT_BODY));
	act->body.kind = sto_event_kind(VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind));
	act->event.kind = VARDATA_ANY(kind);
	act->event.kind_len = (uint8_t) VARSIZE_ANY_EXHDR(kind);
	act->event.body = VARDATA_ANY(body);
	act->event.body_len = VARSIZE_ANY_EXHDR(body);
	memcpy(act->event.subject, DatumGetUUIDP(COL(row, EVENT_SUBJECT))->data, STO_UUID_LEN);
	memcpy(act->event.actor, DatumGetUUIDP(COL(row, EVENT_ACTOR))->data, STO_UUID_LEN);
	sto_body_parse(act->body.kind, body, act->check_signatures, &act->body);

	act->is_signed = !ISNULL(row, EVENT_SIGNATURES);
	if (act->is_signed)
	{
		bytea *list = DatumGetByteaPP(COL(row, EVENT_SIGNATURES));
		const char *why = NULL;
		StoWriter w;

		if (!sto_siglist_parse(VARDATA_ANY(list), VARSIZE_ANY_EXHDR(list), &act->signatures, &why))
			ereport(ERROR, (errcode(ERRCODE_STO_BAD_SIGNATURE),
							errmsg("the list of signatures can't be read"),
							errdetail("Reason: %s.", why)));
		sto_writer_init(&w, act->siglist, sizeof(act->siglist));
		sto_put_siglist(&w, &act->signatures);
		act->event.signatures = act->siglist;
		act->event.signatures_len = (uint16_t) w.len;
	}
}

/* Take the locks that the act needs, then what the register says of ledger and subject. */
static void
lock_and_look(StoAct *act)
{
	bool is_open;

	sto_gate_lock_writer(sto_act_restricts(act) ? ShareRowExclusiveLock : RowExclusiveLock);
	/* a transaction may record 100,000 events, each of which makes sets be read anew */
	if (sto_gate_outermost())
		sto_rules_free_forgotten();
	/* what it restricts may be new since it asked for the lock */
	if (sto_act_restricts(act))
		sto_gate_lock_writer(ShareRowExclusiveLock);
	if (act->body.kind != STO_EVENT_GENESIS)
		sto_fact_ledger(&act->ledger);
	else
	{
		is_open = sto_fact_ledger_try(&act->ledger);
		if (is_open)
			ereport(ERROR, (errcode(ERRCODE_STO_LEDGER_OPEN), errmsg("the ledger is open already"),
							errhint("A database holds one ledger.")));
		if (!sto_uuid_equal(act->event.subject, sto_nil_uuid))
			sto_act_refuse("the subject of the genesis event is the nil uuid");
		memset(&act->ledger, 0, sizeof(act->ledger));
		/* bodies are hashed as UTF-8, byte for byte as stored */
		if (GetDatabaseEncoding() != PG_UTF8)
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
							errmsg("a ledger needs a database in encoding UTF8"),
							errdetail("This one is in %s.", GetDatabaseEncodingName())));
	}
	sto_act_find_subject(act);
}

static void
compute_leaf(const StoAct *act, uint8_t leaf[STO_DIGEST_LEN])
{
	if (!sto_event_leaf(act->ledger.ledger_id, &act->event, leaf))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not compute the leaf of event " INT64_FORMAT,
							   (int64) act->event.entry_id)));
}

/* The subject's chain moves on, then the register. */
static void
apply(StoAct *act)
{
	Datum values[SUBJECT_COLUMNS];
	bool nulls[SUBJECT_COLUMNS] = {false};
	bool replaces[SUBJECT_COLUMNS] = {false};

	values[SUBJECT_SUBJECT - 1] = StoUuidGetDatum(act->event.subject);
	values[SUBJECT_LAST_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	values[SUBJECT_RECORDED_AT - 1] =
		TimestampTzGetDatum(StoTimeToTimestamp(act->event.recorded_at));
	values[SUBJECT_HEAD - 1] = PointerGetDatum(act->leaf);
	if (act->subject_found)
	{
		replaces[SUBJECT_LAST_EVENT - 1] = true;
		replaces[SUBJECT_RECORDED_AT - 1] = true;
		replaces[SUBJECT_HEAD - 1] = true;
		sto_store_update(&act->subject, values, nulls, replaces);
		sto_row_close(&act->subject);
	}
	else
	{
		values[SUBJECT_KIND - 1] = CStringGetTextDatum(handlers[act->body.kind].makes);
		sto_register_insert(
			STO_REL_SUBJECT, values, nulls, ERRCODE_STO_SUBJECT_EXISTS,
			psprintf("%s is in the register already", sto_uuid_text(act->event.subject)));
	}
	sto_facts_touched();
	if (act->body.kind != STO_EVENT_FINDING)
		sto_findings_close();
	sto_four_eyes_use(act);
	handlers[act->body.kind].apply(act);
}

/*
 * Submitting authorises nothing, but not everybody may do it: a superuser, or a
 * role mapped to a party (ST107).  Only a superuser opens the ledger, only he and
 * registrars close a day.  Asked before any lock, as others wait behind a request
 * for it, and again under it: while it waited the role may have been unmapped.
 */
static void
check_submitter(const StoAct *act)
{
	uint8_t party[STO_UUID_LEN];

	if (superuser())
		return;
	if (act->body.kind == STO_EVENT_GENESIS)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("only a superuser may submit the genesis event")));
	sto_fact_member(party);
	if (act->body.kind == STO_EVENT_CLOSE)
		sto_close_check_submitter();
}

/* A client's act: the gate from beginning to end. */
static HeapTuple
post_event(EventRow *row, TupleDesc desc)
{
	StoAct act = {.mode = STO_MODE_POST, .check_signatures = true};

	refuse_column(row, EVENT_ENTRY_ID, "entry_id");
	refuse_column(row, EVENT_RECORDED_AT, "recorded_at");
	refuse_column(row, EVENT_PREV_HASH, "prev_hash");
	refuse_column(row, EVENT_LEAF_HASH, "leaf_hash");
	read_client_columns(&act, row);

	check_submitter(&act);
	/* findings come before any other event: the running query may have posted entries before this
	 */
	sto_findings_write();
	lock_and_look(&act);
	check_submitter(&act);
	act.event.recorded_at = sto_gate_clock(act.subject_recorded_at);
	sto_act_authorise(&act);
	sto_four_eyes_demand(&act);
	act.event.entry_id = sto_gate_next_id();
	if (act.event.entry_id <= act.subject_last)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("the sequence of the log's ids has gone back"),
						errdetail("It gave " INT64_FORMAT
								  "; the subject's last event is " INT64_FORMAT ".",
								  (int64) act.event.entry_id, act.subject_last),
						errhint("Set sto.entry_id_seq above every entry_id of the log.")));
	compute_leaf(&act, act.leaf);
	apply(&act);

	COL(row, EVENT_ENTRY_ID) = Int64GetDatum(act.event.entry_id);
	COL(row, EVENT_RECORDED_AT) = TimestampTzGetDatum(StoTimeToTimestamp(act.event.recorded_at));
	COL(row, EVENT_PREV_HASH) = PointerGetDatum(act.event.prev);
	COL(row, EVENT_LEAF_HASH) = PointerGetDatum(act.leaf);
	ISNULL(row, EVENT_ENTRY_ID) = ISNULL(row, EVENT_RECORDED_AT) = false;
	ISNULL(row, EVENT_LEAF_HASH) = false;
	ISNULL(row, EVENT_PREV_HASH) = !act.event.has_prev;
	if (act.is_signed)
	{
		bytea *list = palloc(VARHDRSZ + act.event.signatures_len);

		SET_VARSIZE(list, VARHDRSZ + act.event.signatures_len);
		memcpy(VARDATA(list), act.siglist, act.event.signatures_len);
		COL(row, EVENT_SIGNATURES) = PointerGetDatum(list);
	}
	/* max_post_age is for entries: 100,000 wallets may take longer to register */
	sto_gate_posted(STO_REL_EVENT, act.event.entry_id, PG_INT64_MAX);
	return heap_form_tuple(desc, row->values, row->nulls);
}

/* A complete row: what the gate filled, beside what it would have filled. */
static void
check_complete_row(const StoAct *act, const EventRow *row)
{
	bytea *list;
	uint8_t leaf[STO_DIGEST_LEN];

	if (act->event.entry_id <= act->subject_last)
		broken(act,
			   psprintf("its id is not above " INT64_FORMAT ", the id of the subject's last event",
						act->subject_last));
	if (act->event.recorded_at < act->subject_recorded_at)
		broken(act, "recorded_at is before the time of the subject's last event");
	if (ISNULL(row, EVENT_PREV_HASH) == act->event.has_prev ||
		(act->event.has_prev &&
		 memcmp(DatumGetPointer(COL(row, EVENT_PREV_HASH)), act->event.prev, STO_DIGEST_LEN) != 0))
		broken(act, "prev_hash differs from the leaf of the subject's last event");
	if (act->is_signed)
	{
		list = DatumGetByteaPP(COL(row, EVENT_SIGNATURES));
		if (VARSIZE_ANY_EXHDR(list) != act->event.signatures_len ||
			memcmp(VARDATA_ANY(list), act->siglist, act->event.signatures_len) != 0)
			broken(act, "signatures are not in their stored form");
	}
	compute_leaf(act, leaf);
	if (memcmp(leaf, act->leaf, STO_DIGEST_LEN) != 0)
		broken(act, "leaf_hash differs from the hash of the row's columns");
}

static void
read_gate_columns(StoAct *act, const EventRow *row)
{
	if (ISNULL(row, EVENT_ENTRY_ID) || ISNULL(row, EVENT_RECORDED_AT) ||
		ISNULL(row, EVENT_LEAF_HASH))
		broken(act, "entry_id, recorded_at or leaf_hash is null");
	act->event.entry_id = DatumGetInt64(COL(row, EVENT_ENTRY_ID));
	act->event.recorded_at = StoTimeFromTimestamp(DatumGetTimestampTz(COL(row, EVENT_RECORDED_AT)));
	memcpy(act->leaf, DatumGetPointer(COL(row, EVENT_LEAF_HASH)), STO_DIGEST_LEN);
}

/* A refusal's message and detail as one sentence without its full stop. */
static char *
reason_of(const ErrorData *error)
{
	size_t len = error->detail != NULL ? strlen(error->detail) : 0;

	if (len == 0)
		return error->message;
	if (error->detail[len - 1] == '.')
		len--;
	return psprintf("%s: %.*s", error->message, (int) len, error->detail);
}

/*
 * On a replica or in sto.rebuild(): check everything that the gate checked,
 * then fold the row.  Whatever would have been refused at the gate can't be an
 * honest row.
 */
static void
verify_event(const EventRow *row, bool check_signatures)
{
	StoAct act = {.mode = STO_MODE_VERIFY, .check_signatures = check_signatures};
	MemoryContext context = CurrentMemoryContext;

	read_gate_columns(&act, row);
	PG_TRY();
	{
		read_client_columns(&act, row);
		lock_and_look(&act);
		check_complete_row(&act, row);
		sto_act_authorise(&act);
		sto_four_eyes_demand(&act);
		apply(&act);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!sto_gate_is_refusal(error->sqlerrcode) || error->sqlerrcode == ERRCODE_STO_BROKEN_ROW)
			PG_RE_THROW();
		FlushErrorState();
		broken(&act, reason_of(error));
	}
	PG_END_TRY();
}

void
sto_event_replay(HeapTuple tuple, TupleDesc desc, bool check_signatures)
{
	EventRow row;

	heap_deform_tuple(tuple, desc, row.values, row.nulls);
	verify_event(&row, check_signatures);
}

bool
sto_event_ledger_id(uint8_t ledger_id[STO_UUID_LEN])
{
	StoScan scan;

	if (!restored_known)
	{
		/* the log begins with its genesis event */
		sto_scan_begin(&scan, STO_REL_EVENT, STO_IDX_EVENT, 0, NULL, NULL);
		if (sto_scan_next(&scan))
		{
			bool isnull;
			Datum leaf = slot_getattr(scan.slot, EVENT_LEAF_HASH, &isnull);
			char *kind = TextDatumGetCString(slot_getattr(scan.slot, EVENT_KIND, &isnull));

			restored_known = (strcmp(kind, "genesis") == 0);
			sto_ledger_id((const uint8_t *) DatumGetPointer(leaf), restored_id);
		}
		sto_scan_end(&scan);
	}
	memcpy(ledger_id, restored_id, STO_UUID_LEN);
	return restored_known;
}

/* A dump being loaded: the row's own hash, no more.  sto.rebuild() does the rest. */
static void
restore_event(const EventRow *row)
{
	StoAct act = {.mode = STO_MODE_RESTORE};
	uint8_t leaf[STO_DIGEST_LEN];

	/* the setting can be granted to others, the privilege is not meant to be */
	if (!superuser())
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("only a superuser may restore a log")));
	read_gate_columns(&act, row);
	read_client_columns(&act, row);
	act.event.has_prev = !ISNULL(row, EVENT_PREV_HASH);
	if (act.event.has_prev)
		memcpy(act.event.prev, DatumGetPointer(COL(row, EVENT_PREV_HASH)), STO_DIGEST_LEN);
	if (act.body.kind != STO_EVENT_GENESIS && !sto_event_ledger_id(act.ledger.ledger_id))
		broken(&act, "the genesis event has not been restored before it");
	compute_leaf(&act, leaf);
	if (memcmp(leaf, act.leaf, STO_DIGEST_LEN) != 0)
		broken(&act, "leaf_hash differs from the hash of the row's columns");
	if (act.body.kind == STO_EVENT_GENESIS)
	{
		/* rows of the running COPY are not visible to a scan */
		sto_ledger_id(act.leaf, restored_id);
		restored_known = true;
	}
}

/* BEFORE INSERT FOR EACH ROW */
Datum
sto_event_gate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc desc;
	EventRow row;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || !TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ||
		sto_rel_of_oid(RelationGetRelid(trigger->tg_relation)) != STO_REL_EVENT)
		elog(ERROR, "sto.event_gate is the trigger of sto.event");
	sto_gate_check_guards();
	desc = RelationGetDescr(trigger->tg_relation);
	heap_deform_tuple(trigger->tg_trigtuple, desc, row.values, row.nulls);

	switch (sto_gate_mode())
	{
		case STO_MODE_POST:
			return PointerGetDatum(post_event(&row, desc));
		case STO_MODE_VERIFY:
			verify_event(&row, true);
			sto_gate_posted(STO_REL_EVENT, DatumGetInt64(COL(&row, EVENT_ENTRY_ID)), PG_INT64_MAX);
			break;
		case STO_MODE_RESTORE:
			restore_event(&row);
			break;
		case STO_MODE_DRY: /* of orders alone: no statement runs in it */
			break;
	}
	return PointerGetDatum(trigger->tg_trigtuple);
}

/* Anybody may put the function on a table of his own: it must do nothing there. */
static bool
is_our_trigger(FunctionCallInfo fcinfo)
{
	return CALLED_AS_TRIGGER(fcinfo) &&
		   RelationGetRelid(((TriggerData *) fcinfo->context)->tg_relation) ==
			   sto_rel_oid(STO_REL_EVENT);
}

/* BEFORE INSERT FOR EACH STATEMENT */
Datum
sto_event_begin(PG_FUNCTION_ARGS)
{
	if (!is_our_trigger(fcinfo))
		elog(ERROR, "sto.event_begin is the trigger of sto.event");
	sto_gate_begin_statement();
	PG_RETURN_POINTER(NULL);
}

/* AFTER INSERT FOR EACH STATEMENT; also the AFTER ROW trigger that is never queued */
Datum
sto_event_end(PG_FUNCTION_ARGS)
{
	if (!is_our_trigger(fcinfo))
		elog(ERROR, "sto.event_end is the trigger of sto.event");
	if (TRIGGER_FIRED_FOR_STATEMENT(((TriggerData *) fcinfo->context)->tg_event))
		sto_gate_end_statement();
	PG_RETURN_POINTER(NULL);
}

static void
forget_at_end(XactEvent event, void *arg)
{
	restored_known = false;
}

void
sto_event_init(void)
{
	RegisterXactCallback(forget_at_end, NULL);
}
