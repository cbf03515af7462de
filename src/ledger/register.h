/*
 * register.h
 *		An act on its way into the log, and the handlers that apply it to the
 *		register.
 *
 * Handlers are the only writers of the register's tables: on a primary, on a
 * replica and in sto.rebuild() alike.
 */
#ifndef STO_LEDGER_REGISTER_H
#define STO_LEDGER_REGISTER_H

#include "postgres.h"

#include "compat.h"

#include "core/message.h"
#include "ledger/columns.h"
#include "ledger/event_body.h"
#include "ledger/facts.h"
#include "ledger/gate.h"
#include "ledger/store.h"

typedef struct StoAct
{
	StoMode mode;
	bool check_signatures; /* false only in sto.rebuild(false) */
	StoEvent event;        /* what becomes the row */
	uint8_t leaf[STO_DIGEST_LEN];
	StoBody body;
	StoLedgerFact ledger; /* all zero in the genesis event */

	/* the subject's row, locked; not found if the event makes the subject */
	StoRow subject;
	bool subject_found;
	char subject_kind[16];
	int64 subject_last;        /* its last event */
	int64 subject_recorded_at; /* that event's time */

	/* who acts */
	bool is_signed;
	StoSigList signatures;
	uint8_t siglist[STO_SIGLIST_PACKED_MAX]; /* event.signatures in stored form */
	int64
		policy_event; /* of the actor's policy; 0: it has none, or the policy is the event's own */
	StoPolicy policy;

	/* the approved proposal that the act uses up; not set if it needs none (four_eyes.h) */
	bool has_proposal;
	uint8_t proposal[STO_UUID_LEN];
} StoAct;

/* event_authority.c */

/* Does this event take a permission away, so that no writer may be in flight? */
extern bool sto_act_restricts(const StoAct *act);
/* The subject's row, locked; ERROR if it isn't of the sort that the kind is about. */
extern void sto_act_find_subject(StoAct *act);
/* Did whoever must sign this kind of event sign it (docs/format.md, "Event bodies")?  ERROR if not.
 */
extern void sto_act_authorise(StoAct *act);
/* event_quorum.c: ERROR unless its signatures are a quorum of its policy. */
extern void sto_act_check_quorum(const StoAct *act);

/* Handlers, by file. */
extern void sto_register_genesis(StoAct *act); /* register_ledger.c */
extern void sto_register_capability(StoAct *act);
extern void sto_register_maintenance(StoAct *act);
extern void sto_register_keys(StoAct *act);  /* register_keys.c */
extern void sto_register_party(StoAct *act); /* register_party.c */
extern void sto_register_party_status(StoAct *act);
extern void sto_register_wallet(StoAct *act); /* register_wallet.c */
extern void sto_register_wallet_status(StoAct *act);
extern void sto_register_wallet_terms(StoAct *act);
extern void sto_register_token(StoAct *act); /* register_token.c */
extern void sto_register_token_terms(StoAct *act);
extern void sto_register_token_policy(StoAct *act);
extern void sto_register_token_status(StoAct *act);
extern void sto_register_batch(StoAct *act);   /* register_batch.c */
extern void sto_register_refusal(StoAct *act); /* register_refusal.c */
extern void sto_register_finding(StoAct *act); /* register_finding.c */
extern void sto_register_log_key(StoAct *act); /* register_seal.c */
extern void sto_register_witness_key(StoAct *act);
extern void sto_register_witness_policy(StoAct *act);
extern void sto_register_time_authority(StoAct *act);
extern void sto_register_log_restart(StoAct *act);
extern void sto_register_close(StoAct *act);       /* register_close.c */
extern void sto_register_party_facts(StoAct *act); /* register_identity.c */
extern void sto_register_classification(StoAct *act);
extern void sto_register_mandate(StoAct *act);
extern void sto_register_beneficial_owner(StoAct *act);
extern void sto_register_party_members(StoAct *act);
extern void sto_register_claim(StoAct *act); /* register_claim.c */
extern void sto_register_claim_revoke(StoAct *act);
extern void sto_register_token_topics(StoAct *act);
extern void sto_register_trusted_issuer(StoAct *act);
extern void sto_register_token_pause(StoAct *act); /* register_freeze.c */
extern void sto_register_wallet_freeze(StoAct *act);
extern void sto_register_party_freeze(StoAct *act);
extern void sto_register_document(StoAct *act); /* register_document.c */
extern void sto_register_acknowledge(StoAct *act);
extern void sto_register_rule_set(StoAct *act); /* register_rules.c */
extern void sto_register_party_list(StoAct *act);
extern void sto_register_opt_in(StoAct *act);
extern void sto_register_travel_data(StoAct *act);
extern void sto_register_transfer_approval(StoAct *act); /* register_approval.c */
extern void sto_register_approval_revoke(StoAct *act);
extern void sto_register_look_through(StoAct *act); /* register_look_through.c */
extern void sto_register_four_eyes(StoAct *act);    /* register_four_eyes.c */
extern void sto_register_proposal(StoAct *act);
extern void sto_register_approve(StoAct *act);
extern void sto_register_case(StoAct *act); /* register_case.c */
extern void sto_register_case_approve(StoAct *act);
extern void sto_register_attach(StoAct *act); /* register_attach.c */
extern void sto_register_attach_lift(StoAct *act);
extern void sto_register_redemption_terms(StoAct *act); /* register_redemption.c */

/*
 * register_keys.c: make the body's policy the subject's, as the policy of this
 * event.  address is NULL but for a wallet, custodian NULL if it has none;
 * signed_only as a wallet's registration states it, else false.  Every key that
 * is new to the subject must bring its proof of possession of all that, unless
 * it signed the act itself (genesis).
 */
extern void sto_register_policy(StoAct *act, const uint8_t party[STO_UUID_LEN],
								const uint8_t *address, const uint8_t *custodian, bool signed_only);

/* What a key is for; it is registered for one of these and never for another. */
#define STO_KEY_FOR_POLICY "policy"
#define STO_KEY_FOR_LOG "log"
#define STO_KEY_FOR_WITNESS "witness"

/*
 * register_keys.c: put a key into sto.key, or take it out of use: the event's
 * subject is its holder.  ERROR ST106 if it was registered before.
 */
extern void sto_register_note_key(const StoAct *act, const StoKey *key, const char *used_for,
								  uint8_t fingerprint[STO_DIGEST_LEN]);
extern void sto_register_retire_key(const StoAct *act, const uint8_t *fingerprint);
/* register_seal.c: a party that is closed, or lost the capability, has no witness key any more. */
extern void sto_register_dismiss_witness(StoAct *act);

/* The row of the register that an event is about, locked; ERROR if it isn't there. */
extern void sto_register_find(StoRel rel, StoIndex index, const uint8_t *key, StoRow *row);
/* Insert a row; a value that must be unique and isn't raises this error instead of 23505. */
extern void sto_register_insert(StoRel rel, Datum *values, bool *nulls, int sqlstate,
								const char *message);
/* Replace one column of a found row, and close it. */
extern void sto_register_set(StoRow *row, int attno, Datum value, bool isnull);
/* ERROR ST208 unless text is one line of 1 to max octets. */
extern void sto_register_line(const char *text, const char *name, size_t max);
/* The row with these keys becomes these values; it is made if it isn't there. */
extern void sto_register_put(StoRel rel, StoIndex index, int nkeys, const Datum *keys, int columns,
							 Datum *values, bool *nulls);
/* The dates of a body, into two columns; ERROR ST208 unless from is before to. */
extern void sto_register_dates(const StoBody *body, int from, int to, Datum *values, bool *nulls);
/* Longest name, and reason, of an event. */
#define STO_REGISTER_NAME_MAX 200
#define STO_REGISTER_REASON_MAX 1000
/*
 * What a body may not say whatever the register holds: ERROR ST208.  Asked by the kind's
 * handler, and of a proposal of such an act (register_four_eyes.c).
 */
extern void sto_vet_document(const StoAct *act);
extern void sto_vet_party_list(const StoAct *act);
extern void sto_vet_redemption_terms(const StoAct *act);
extern void sto_vet_rule_set(const StoAct *act);
extern void sto_vet_token_pause(const StoAct *act);
extern void sto_vet_token_policy(const StoAct *act);
extern void sto_vet_token_status(const StoAct *act);
extern void sto_vet_token_terms(const StoAct *act);
extern void sto_vet_topics(const StoAct *act);
/* "active": true, "closed": false, else ERROR ST208. */
extern bool sto_register_status(const StoAct *act);
/* ERROR ST208 with the reason, printf style. */
pg_attribute_noreturn() extern void sto_act_refuse(const char *format, ...)
	pg_attribute_printf(1, 2);
/* Is text one of count names? */
extern bool sto_one_of(const char *text, const char *const *names, int count);
/* ERROR ST208, with the names as hint, unless it is. */
extern void sto_require_one_of(const char *what, const char *text, const char *const *names,
							   int count);
/* ERROR ST206 or ST205 unless the party is in the register and active. */
extern void sto_require_party(const uint8_t party_id[STO_UUID_LEN], StoPartyFact *out);

static inline Datum
StoUuidGetDatum(const uint8_t *id)
{
	return PointerGetDatum(unconstify(uint8_t *, id));
}

static inline bool
sto_uuid_equal(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, STO_UUID_LEN) == 0;
}

extern const uint8_t sto_nil_uuid[STO_UUID_LEN];
/* The uuid in its text form, in memory of the current context. */
extern char *sto_uuid_text(const uint8_t id[STO_UUID_LEN]);

#endif
