/*
 * replay_event.c
 *		One event: its subject's chain, who may do that, then its handler.
 */
#include "bin/replay_state.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum SubjectRule
{
	ABOUT_LEDGER,
	ABOUT_NEW,
	ABOUT_PARTY,
	ABOUT_WALLET,
	ABOUT_TOKEN,
	ABOUT_CASE,
	ABOUT_KEYHOLDER, /* the ledger, a party or a wallet */
	ABOUT_PROPOSAL,
	ABOUT_CLOSES /* the chain of closes, which the first begins */
} SubjectRule;

typedef enum ActorRule
{
	BY_NOBODY,   /* unsigned */
	BY_LEDGER,   /* the root officers' quorum */
	BY_ROOT_ALL, /* every root key */
	BY_SELF,
	BY_SELF_OR_WALLET, /* the subject, a wallet of it, or who has a mandate to order for it */
	BY_REGISTRAR,
	BY_REGISTRAR_OR_LEDGER,
	BY_REGISTRAR_OR_SELF,
	BY_PARTY,
	BY_ISSUER,
	BY_CLAIM_ISSUER,
	BY_CLAIMANT, /* the claim's issuer, which its handler finds */
	BY_ENFORCER,
	BY_ISSUER_OR_ENFORCER,
	BY_PROPOSER,     /* the issuer of the token that the proposed act is about */
	BY_OFFICER,      /* a second officer of that token, whom the handler finds */
	BY_CUSTODIAN,    /* the wallet's; of one that has none its party */
	BY_ORDERER,      /* a party or a wallet */
	BY_CASE_OFFICER, /* with the capability that the case's act asks for */
	BY_CASE_SECOND,  /* another one: the handler finds which */
	BY_WITNESS       /* the subject, with the capability */
} ActorRule;

static const struct
{
	SubjectRule about;
	ActorRule by;
	SubjectKind makes;
	bool register_act; /* may be unsigned where genesis chose register_authority "roles" */
	bool (*apply)(Act *act);
} rules[STO_BODY_KINDS] = {
	[STO_BODY_GENESIS] = {ABOUT_NEW, BY_ROOT_ALL, SUBJECT_LEDGER, false, sto_fold_genesis},
	[STO_BODY_KEYS] = {ABOUT_KEYHOLDER, BY_SELF, 0, false, sto_fold_keys},
	[STO_BODY_CAPABILITY] = {ABOUT_PARTY, BY_LEDGER, 0, true, sto_fold_capability},
	[STO_BODY_PARTY] = {ABOUT_NEW, BY_REGISTRAR_OR_LEDGER, SUBJECT_PARTY, true, sto_fold_party_new},
	[STO_BODY_PARTY_STATUS] = {ABOUT_PARTY, BY_REGISTRAR, 0, true, sto_fold_party_status},
	[STO_BODY_WALLET] = {ABOUT_NEW, BY_REGISTRAR, SUBJECT_WALLET, true, sto_fold_wallet_new},
	[STO_BODY_WALLET_STATUS] = {ABOUT_WALLET, BY_REGISTRAR_OR_SELF, 0, true,
								sto_fold_wallet_status},
	[STO_BODY_WALLET_TERMS] = {ABOUT_WALLET, BY_SELF, 0, false, sto_fold_wallet_terms},
	[STO_BODY_TOKEN] = {ABOUT_NEW, BY_PARTY, SUBJECT_TOKEN, false, sto_fold_token_new},
	[STO_BODY_TOKEN_TERMS] = {ABOUT_TOKEN, BY_ISSUER, 0, false, sto_fold_token_terms},
	[STO_BODY_TOKEN_POLICY] = {ABOUT_TOKEN, BY_ISSUER, 0, false, sto_fold_token_policy},
	[STO_BODY_TOKEN_STATUS] = {ABOUT_TOKEN, BY_ISSUER, 0, false, sto_fold_token_status},
	[STO_BODY_BATCH] = {ABOUT_NEW, BY_ORDERER, SUBJECT_BATCH, false, sto_fold_batch_new},
	[STO_BODY_MAINTENANCE] = {ABOUT_LEDGER, BY_NOBODY, 0, false, sto_fold_maintenance},
	[STO_BODY_LOG_KEY] = {ABOUT_LEDGER, BY_LEDGER, 0, false, sto_fold_log_key},
	[STO_BODY_WITNESS_KEY] = {ABOUT_PARTY, BY_WITNESS, 0, false, sto_fold_witness_key},
	[STO_BODY_WITNESS_POLICY] = {ABOUT_LEDGER, BY_LEDGER, 0, false, sto_fold_witness_policy},
	[STO_BODY_TIME_AUTHORITY] = {ABOUT_LEDGER, BY_LEDGER, 0, false, sto_fold_time_authority},
	[STO_BODY_LOG_RESTART] = {ABOUT_LEDGER, BY_LEDGER, 0, false, sto_fold_log_restart},
	[STO_BODY_CLOSE] = {ABOUT_CLOSES, BY_NOBODY, SUBJECT_CLOSE, false, sto_fold_close},
	[STO_BODY_PARTY_FACTS] = {ABOUT_PARTY, BY_REGISTRAR, 0, true, sto_fold_party_facts},
	[STO_BODY_CLASSIFICATION] = {ABOUT_PARTY, BY_REGISTRAR, 0, true, sto_fold_classification},
	[STO_BODY_MANDATE] = {ABOUT_PARTY, BY_REGISTRAR, 0, true, sto_fold_mandate_set},
	[STO_BODY_BENEFICIAL_OWNER] = {ABOUT_PARTY, BY_REGISTRAR, 0, true, sto_fold_owner_set},
	[STO_BODY_CLAIM] = {ABOUT_PARTY, BY_CLAIM_ISSUER, 0, false, sto_fold_claim_new},
	[STO_BODY_CLAIM_REVOKE] = {ABOUT_PARTY, BY_CLAIMANT, 0, false, sto_fold_claim_revoke},
	[STO_BODY_TOKEN_TOPICS] = {ABOUT_TOKEN, BY_ISSUER, 0, false, sto_fold_token_topics},
	[STO_BODY_TRUSTED_ISSUER] = {ABOUT_TOKEN, BY_ISSUER, 0, false, sto_fold_trusted_issuer},
	[STO_BODY_TOKEN_PAUSE] = {ABOUT_TOKEN, BY_ISSUER_OR_ENFORCER, 0, false, sto_fold_token_pause},
	[STO_BODY_WALLET_FREEZE] = {ABOUT_WALLET, BY_ENFORCER, 0, false, sto_fold_wallet_freeze},
	[STO_BODY_PARTY_FREEZE] = {ABOUT_PARTY, BY_ENFORCER, 0, false, sto_fold_party_freeze},
	[STO_BODY_DOCUMENT] = {ABOUT_TOKEN, BY_ISSUER, 0, false, sto_fold_document_new},
	[STO_BODY_ACKNOWLEDGE] = {ABOUT_PARTY, BY_SELF_OR_WALLET, 0, false, sto_fold_acknowledge},
	[STO_BODY_FOUR_EYES] = {ABOUT_TOKEN, BY_ISSUER, 0, false, sto_fold_four_eyes},
	[STO_BODY_PROPOSAL] = {ABOUT_NEW, BY_PROPOSER, SUBJECT_PROPOSAL, false, sto_fold_proposal_new},
	[STO_BODY_RULE_SET] = {ABOUT_TOKEN, BY_ISSUER, 0, false, sto_fold_rule_set},
	[STO_BODY_PARTY_LIST] = {ABOUT_TOKEN, BY_ISSUER, 0, false, sto_fold_party_list},
	[STO_BODY_OPT_IN] = {ABOUT_PARTY, BY_SELF_OR_WALLET, 0, false, sto_fold_opt_in},
	[STO_BODY_TRAVEL_DATA] = {ABOUT_PARTY, BY_REGISTRAR, 0, true, sto_fold_travel_data},
	[STO_BODY_TRANSFER_APPROVAL] = {ABOUT_TOKEN, BY_PARTY, 0, false, sto_fold_transfer_approval},
	[STO_BODY_APPROVAL_REVOKE] = {ABOUT_TOKEN, BY_PARTY, 0, false, sto_fold_approval_revoke},
	[STO_BODY_APPROVE] = {ABOUT_PROPOSAL, BY_OFFICER, 0, false, sto_fold_approve},
	[STO_BODY_CASE] = {ABOUT_NEW, BY_CASE_OFFICER, SUBJECT_CASE, false, sto_fold_case_new},
	[STO_BODY_CASE_APPROVE] = {ABOUT_CASE, BY_CASE_SECOND, 0, false, sto_fold_case_decide},
	[STO_BODY_PARTY_MEMBERS] = {ABOUT_PARTY, BY_REGISTRAR, 0, true, sto_fold_party_members},
	[STO_BODY_LOOK_THROUGH] = {ABOUT_WALLET, BY_CUSTODIAN, 0, false, sto_fold_look_through},
	[STO_BODY_REFUSAL] = {ABOUT_NEW, BY_NOBODY, SUBJECT_REFUSAL, false, sto_fold_refusal},
	[STO_BODY_FINDING] = {ABOUT_NEW, BY_NOBODY, SUBJECT_FINDING, false, sto_fold_finding},
	[STO_BODY_ATTACH] = {ABOUT_WALLET, BY_ENFORCER, 0, false, sto_fold_attach},
	[STO_BODY_ATTACH_LIFT] = {ABOUT_WALLET, BY_ENFORCER, 0, false, sto_fold_attach_lift},
	[STO_BODY_REDEMPTION_TERMS] = {ABOUT_TOKEN, BY_ISSUER, 0, false, sto_fold_redemption_terms},
};

void
sto_fold_refuse(const Act *act, const char *check, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sto_fold_problem(act->r, act->event->entry_id, check, "%.*s event: %s", act->event->kind_len,
					 act->event->kind, text);
}

static bool
is_kind(SubjectRule about, uint8_t kind)
{
	switch (about)
	{
		case ABOUT_LEDGER:
			return kind == SUBJECT_LEDGER;
		case ABOUT_PARTY:
			return kind == SUBJECT_PARTY;
		case ABOUT_WALLET:
			return kind == SUBJECT_WALLET;
		case ABOUT_TOKEN:
			return kind == SUBJECT_TOKEN;
		case ABOUT_PROPOSAL:
			return kind == SUBJECT_PROPOSAL;
		case ABOUT_CASE:
			return kind == SUBJECT_CASE;
		case ABOUT_CLOSES:
			return kind == SUBJECT_CLOSE;
		default:
			return kind == SUBJECT_LEDGER || kind == SUBJECT_PARTY || kind == SUBJECT_WALLET;
	}
}

/* The subject's chain: is it there, of the right sort, and does the event follow its last? */
static bool
check_subject(Act *act)
{
	const StoEvent *event = act->event;
	SubjectRule about = rules[act->body.kind].about;
	char text[STO_UUID_TEXT_LEN + 1];

	act->subject = sto_fold_subject(act->r, event->subject, NULL);
	if (about == ABOUT_CLOSES && memcmp(event->subject, act->r->ledger_id, STO_UUID_LEN) != 0)
	{
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "its subject is not the ledger's id");
		return false;
	}
	/* the ledger's id is the subject of its closes */
	if (about == ABOUT_NEW &&
		(act->subject != NULL || memcmp(event->subject, act->r->ledger_id, STO_UUID_LEN) == 0))
	{
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "%s is in the register already",
						sto_fold_uuid(event->subject, text));
		return false;
	}
	if (act->subject == NULL ? about != ABOUT_NEW && about != ABOUT_CLOSES
							 : !is_kind(about, act->subject->kind))
	{
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "there is no such subject: %s",
						sto_fold_uuid(event->subject, text));
		return false;
	}
	if (event->has_prev != (act->subject != NULL) ||
		(event->has_prev && memcmp(event->prev, act->subject->head, STO_DIGEST_LEN) != 0))
		sto_fold_refuse(act, STO_CHECK_LINK,
						"prev_hash is not the leaf of the subject's last event");
	if (act->subject != NULL && event->recorded_at < act->subject->recorded_at)
		sto_fold_refuse(act, STO_CHECK_TIME, "recorded_at is before the subject's last event");
	return true;
}

/*
 * The actor's policy.  A closed party or wallet does nothing; nor does a wallet
 * whose party is closed.
 */
static bool
find_actor(Act *act)
{
	StoReplay *r = act->r;
	uint32_t policy = r->root_policy;
	const Subject *actor;
	char text[STO_UUID_TEXT_LEN + 1];

	if (!sto_fold_is_nil(act->event->actor))
	{
		const Party *party = NULL;
		const Wallet *wallet = NULL;

		actor = sto_fold_subject(r, act->event->actor, NULL);
		if (actor != NULL && actor->kind == SUBJECT_PARTY)
			party = act->actor_party = sto_pool_at(&r->parties, actor->row);
		else if (actor != NULL && (actor->kind == SUBJECT_WALLET || actor->kind == SUBJECT_TOKEN))
		{
			/* a token's uuid is also that of its issuance wallet, which has no keys */
			uint32_t row = actor->kind == SUBJECT_WALLET
							   ? actor->row
							   : ((Token *) sto_pool_at(&r->tokens, actor->row))->issuance;

			wallet = sto_pool_at(&r->wallets, row);
			party = sto_pool_at(&r->parties, wallet->party);
		}
		if (party == NULL)
		{
			sto_fold_refuse(act, STO_CHECK_AUTHORITY, "actor %s is neither party nor wallet",
							sto_fold_uuid(act->event->actor, text));
			return false;
		}
		if (!party->active || (wallet != NULL && (!wallet->active || wallet->barred != 0)))
			sto_fold_refuse(act, STO_CHECK_RULE, "actor %s is closed",
							sto_fold_uuid(act->event->actor, text));
		policy = wallet != NULL ? wallet->policy : party->policy;
	}
	act->policy = policy == 0 ? NULL : sto_pool_at(&r->policies, policy);
	return true;
}

static bool
has_capability(const Act *act, int capability)
{
	return act->actor_party != NULL && (act->actor_party->capabilities & (1u << capability)) != 0;
}

static bool
is_issuer(const Act *act, const uint8_t *token_id)
{
	const Token *token = sto_fold_token(act->r, token_id, NULL);

	return token != NULL && act->actor_party != NULL &&
		   act->actor_party == sto_pool_at(&act->r->parties, token->issuer);
}

static bool
is_custodian(const Act *act)
{
	const Wallet *wallet = sto_pool_at(&act->r->wallets, act->subject->row);

	return act->actor_party != NULL &&
		   act->actor_party ==
			   sto_pool_at(&act->r->parties,
						   wallet->custodian != 0 ? wallet->custodian : wallet->party);
}

/* Is the actor a wallet of the subject? */
static bool
is_wallet_of_subject(const Act *act)
{
	const Subject *actor = sto_fold_subject(act->r, act->event->actor, NULL);

	return actor != NULL && actor->kind == SUBJECT_WALLET &&
		   ((const Wallet *) sto_pool_at(&act->r->wallets, actor->row))->party == act->subject->row;
}

/* Has the actor a mandate to order for the subject, a party? */
static bool
represents_subject(const Act *act)
{
	return act->actor_party != NULL &&
		   sto_fold_has_mandate(act->r, act->subject->row, act->event->actor,
								act->event->recorded_at);
}

/* Is the actor one that this kind of event allows?  NULL, or whom it is for. */
static const char *
whom_it_is_for(const Act *act)
{
	const uint8_t *actor = act->event->actor;
	bool is_ledger = sto_fold_is_nil(actor);
	bool is_self = memcmp(actor, act->event->subject, STO_UUID_LEN) == 0;
	bool registrar = has_capability(act, CAPABILITY_REGISTRAR);

	switch (rules[act->body.kind].by)
	{
		case BY_NOBODY:
		case BY_LEDGER:
		case BY_ROOT_ALL:
			return is_ledger ? NULL : "the ledger itself";
		case BY_SELF:
			return is_self ? NULL : "the subject itself";
		case BY_SELF_OR_WALLET:
			return is_self || is_wallet_of_subject(act) || represents_subject(act)
					   ? NULL
					   : "the party itself, one of its wallets, or who has a mandate for it";
		case BY_REGISTRAR:
			return registrar ? NULL : "a registrar";
		case BY_REGISTRAR_OR_LEDGER:
			return registrar || is_ledger ? NULL : "a registrar or the root officers";
		case BY_REGISTRAR_OR_SELF:
			return registrar || is_self ? NULL : "a registrar or the wallet itself";
		case BY_PARTY:
		case BY_CASE_SECOND:
			return act->actor_party != NULL ? NULL : "a party";
		case BY_CASE_OFFICER:
			return sto_fold_may_open_case(act) ? NULL : "an officer for such a case";
		case BY_CUSTODIAN:
			return is_custodian(act) ? NULL : "the wallet's custodian, or its party";
		case BY_ISSUER:
			return is_issuer(act, act->event->subject) ? NULL : "the token's issuer";
		case BY_CLAIM_ISSUER:
			return has_capability(act, CAPABILITY_CLAIM_ISSUER)
					   ? NULL
					   : "a party with the capability claim_issuer";
		case BY_CLAIMANT:
			return act->actor_party != NULL ? NULL : "the party that issued the claim";
		case BY_ENFORCER:
			return has_capability(act, CAPABILITY_ENFORCER)
					   ? NULL
					   : "a party with the capability enforcer";
		case BY_ISSUER_OR_ENFORCER:
			return is_issuer(act, act->event->subject) || has_capability(act, CAPABILITY_ENFORCER)
					   ? NULL
					   : "the token's issuer or a party with the capability enforcer";
		case BY_PROPOSER:
			return is_issuer(act, act->body.value[STO_F_ABOUT].octets)
					   ? NULL
					   : "the issuer of the token that it is about";
		case BY_OFFICER:
			return act->actor_party != NULL ? NULL : "a second officer of the token";
		case BY_WITNESS:
			return is_self && has_capability(act, CAPABILITY_WITNESS)
					   ? NULL
					   : "the party itself, with the capability witness";
		default:
			return is_ledger ? "whoever orders" : NULL;
	}
}

static void
check_unsigned(Act *act)
{
	bool is_wallet_itself = rules[act->body.kind].by == BY_REGISTRAR_OR_SELF &&
							memcmp(act->event->actor, act->event->subject, STO_UUID_LEN) == 0;

	if (rules[act->body.kind].by == BY_NOBODY)
		return;
	if (act->r->roles && rules[act->body.kind].register_act && !is_wallet_itself)
		act->r->counts.unsigned_acts++;
	else
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "it is not signed");
}

bool
sto_fold_signed_act(Act *act, const Policy *policy)
{
	const StoEvent *event = act->event;
	uint8_t *msg = NULL;
	StoWriter w;

	sto_writer_init(&w, NULL, 0);
	sto_put_act(&w, act->r->ledger_id, event);
	if (act->r->calls.check != NULL)
	{
		msg = malloc(w.len);
		if (msg == NULL)
			return sto_fold_stop(act->r, event->entry_id, "there is no memory");
		sto_writer_init(&w, msg, w.len);
		sto_put_act(&w, act->r->ledger_id, event);
	}
	(void) sto_fold_quorum(act->r, event->entry_id, "act", policy, event->signatures,
						   event->signatures_len, event->recorded_at, msg, w.len,
						   &act->signature_count);
	free(msg);
	return true;
}

/* Did whoever must sign this kind of event sign it?  False only if there is no memory. */
static bool
authorise(Act *act)
{
	const char *whom = whom_it_is_for(act);
	char text[STO_UUID_TEXT_LEN + 1];

	if (whom != NULL)
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "actor %s may not do this: it is for %s",
						sto_fold_uuid(act->event->actor, text), whom);
	if (!act->is_signed)
	{
		check_unsigned(act);
		return true;
	}
	if (rules[act->body.kind].by == BY_NOBODY)
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "it carries no signatures");
	else if (act->policy == NULL)
		sto_fold_refuse(act, STO_CHECK_AUTHORITY, "actor %s has no keys to sign with",
						sto_fold_uuid(act->event->actor, text));
	else
		return sto_fold_signed_act(act, act->policy);
	return true;
}

/* The subject's chain moves on, whatever the handler makes of the event. */
static bool
move_chain(Act *act)
{
	if (act->subject == NULL)
		act->subject =
			sto_fold_subject_add(act->r, act->event->subject, rules[act->body.kind].makes, NULL);
	if (act->subject == NULL)
		return sto_fold_stop(act->r, act->event->entry_id, "there is no memory");
	act->subject->last_event = act->event->entry_id;
	act->subject->recorded_at = act->event->recorded_at;
	memcpy(act->subject->head, act->leaf, STO_DIGEST_LEN);
	return true;
}

/* A kind that this program doesn't know: its subject's chain is all there is to follow. */
static bool
fold_unknown(StoReplay *r, const StoEvent *event, const uint8_t *leaf)
{
	Subject *subject = sto_fold_subject(r, event->subject, NULL);

	r->counts.not_replayed++;
	sto_fold_problem(r, event->entry_id, STO_CHECK_BODY, "unknown kind of event \"%.*s\"",
					 event->kind_len < 40 ? event->kind_len : 40, event->kind);
	if (subject != NULL)
	{
		subject->last_event = event->entry_id;
		subject->recorded_at = event->recorded_at;
		memcpy(subject->head, leaf, STO_DIGEST_LEN);
	}
	return true;
}

static bool
fold_parsed(Act *act)
{
	if (act->body.kind != STO_BODY_GENESIS)
	{
		if (!check_subject(act))
			return true;
		if (find_actor(act) && (!authorise(act) || !sto_fold_second_officer(act)))
			return false;
	}
	else if (act->r->opened)
	{
		sto_fold_refuse(act, STO_CHECK_ORDER, "the ledger is open already");
		return true;
	}
	else if (act->event->has_prev)
		sto_fold_refuse(act, STO_CHECK_LINK, "the first event has a prev_hash");
	return move_chain(act) && rules[act->body.kind].apply(act);
}

bool
sto_fold_event(StoReplay *r, const StoEvent *event, const uint8_t *leaf)
{
	Act act;
	StoBodyKind kind;
	char why[STO_BODY_WHY_MAX];
	bool good;

	if (!sto_body_kind(event->kind, event->kind_len, &kind))
	{
		sto_fold_findings_close(r);
		return fold_unknown(r, event, leaf);
	}
	if (kind != STO_BODY_FINDING)
		sto_fold_findings_close(r);
	memset(&act, 0, offsetof(Act, body));
	act.r = r;
	act.event = event;
	act.leaf = leaf;
	act.is_signed = event->signatures != NULL;
	if (sto_body_parse(kind, event->body, event->body_len, &act.body, why))
		good = fold_parsed(&act);
	else
	{
		Subject *subject = sto_fold_subject(r, event->subject, NULL);

		sto_fold_problem(r, event->entry_id, STO_CHECK_BODY, "%.*s event: %s", event->kind_len,
						 event->kind, why);
		if (subject != NULL)
			memcpy(subject->head, leaf, STO_DIGEST_LEN);
		good = r->opened;
	}
	sto_body_free(&act.body);
	return good;
}
