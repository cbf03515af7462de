/*
 * event_authority.c
 *		Which subject an event may be about, and who must have signed it.
 *
 * The table below is docs/format.md's "Event bodies" as a list of
 * who authorises what: a database role may submit, keys authorise.
 */
#include "postgres.h"

#include "ledger/case.h"
#include "ledger/mandate.h"
#include "ledger/register.h"
#include "ledger/ruleset.h"

#include "errors.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

typedef enum SubjectRule
{
	SUBJECT_LEDGER,
	SUBJECT_NEW,
	SUBJECT_PARTY,
	SUBJECT_WALLET,
	SUBJECT_TOKEN,
	SUBJECT_PROPOSAL,
	SUBJECT_CASE,
	SUBJECT_KEYHOLDER, /* the ledger, a party or a wallet */
	SUBJECT_CLOSE      /* the ledger's id: made by the first event about it */
} SubjectRule;

typedef enum ActorRule
{
	ACTOR_NOBODY,         /* unsigned: a superuser's act */
	ACTOR_ANYBODY,        /* unsigned: the log itself determines what it says, or the gate */
	ACTOR_LEDGER,         /* the root officers */
	ACTOR_ROOT_ALL,       /* every root officer, not only a quorum */
	ACTOR_SELF,           /* the subject */
	ACTOR_SELF_OR_WALLET, /* the subject, one of its wallets, or who has a mandate for its orders */
	ACTOR_REGISTRAR,
	ACTOR_REGISTRAR_OR_LEDGER,
	ACTOR_REGISTRAR_OR_SELF,
	ACTOR_WITNESS, /* the subject, which must be a witness */
	ACTOR_PARTY,   /* any party with keys: who registers a token is its issuer */
	ACTOR_ISSUER,  /* of the token */
	ACTOR_CLAIM_ISSUER,
	ACTOR_CLAIMANT, /* the claim's issuer, which its handler finds */
	ACTOR_ENFORCER,
	ACTOR_ISSUER_OR_ENFORCER,
	ACTOR_APPROVER,     /* any party; a rule says whose approval it wants */
	ACTOR_PROPOSER,     /* the issuer of the token that the proposed act is about */
	ACTOR_OFFICER,      /* a second officer of that token, whom the handler finds */
	ACTOR_CASE_OFFICER, /* with the capability that the case's act needs */
	ACTOR_CASE_SECOND,  /* another such officer: the case's handler finds which */
	ACTOR_CUSTODIAN,    /* the wallet's; of one that has none its party */
	ACTOR_ORDERER       /* a party or a wallet */
} ActorRule;

typedef struct EventRule
{
	SubjectRule subject;
	ActorRule actor;
	bool register_act; /* may be unsigned where genesis chose register_authority "roles" */
} EventRule;

static const EventRule rules[STO_EVENT_KINDS] = {
	[STO_EVENT_GENESIS] = {SUBJECT_NEW, ACTOR_ROOT_ALL, false},
	[STO_EVENT_KEYS] = {SUBJECT_KEYHOLDER, ACTOR_SELF, false},
	[STO_EVENT_CAPABILITY] = {SUBJECT_PARTY, ACTOR_LEDGER, true},
	[STO_EVENT_PARTY] = {SUBJECT_NEW, ACTOR_REGISTRAR_OR_LEDGER, true},
	[STO_EVENT_PARTY_STATUS] = {SUBJECT_PARTY, ACTOR_REGISTRAR, true},
	[STO_EVENT_WALLET] = {SUBJECT_NEW, ACTOR_REGISTRAR, true},
	[STO_EVENT_WALLET_STATUS] = {SUBJECT_WALLET, ACTOR_REGISTRAR_OR_SELF, true},
	[STO_EVENT_WALLET_TERMS] = {SUBJECT_WALLET, ACTOR_SELF, false},
	[STO_EVENT_TOKEN] = {SUBJECT_NEW, ACTOR_PARTY, false},
	[STO_EVENT_TOKEN_TERMS] = {SUBJECT_TOKEN, ACTOR_ISSUER, false},
	[STO_EVENT_TOKEN_POLICY] = {SUBJECT_TOKEN, ACTOR_ISSUER, false},
	[STO_EVENT_TOKEN_STATUS] = {SUBJECT_TOKEN, ACTOR_ISSUER, false},
	[STO_EVENT_BATCH] = {SUBJECT_NEW, ACTOR_ORDERER, false},
	[STO_EVENT_MAINTENANCE] = {SUBJECT_LEDGER, ACTOR_NOBODY, false},
	[STO_EVENT_LOG_KEY] = {SUBJECT_LEDGER, ACTOR_LEDGER, false},
	[STO_EVENT_WITNESS_KEY] = {SUBJECT_PARTY, ACTOR_WITNESS, false},
	[STO_EVENT_WITNESS_POLICY] = {SUBJECT_LEDGER, ACTOR_LEDGER, false},
	[STO_EVENT_TIME_AUTHORITY] = {SUBJECT_LEDGER, ACTOR_LEDGER, false},
	[STO_EVENT_LOG_RESTART] = {SUBJECT_LEDGER, ACTOR_LEDGER, false},
	[STO_EVENT_CLOSE] = {SUBJECT_CLOSE, ACTOR_ANYBODY, false},
	[STO_EVENT_PARTY_FACTS] = {SUBJECT_PARTY, ACTOR_REGISTRAR, true},
	[STO_EVENT_CLASSIFICATION] = {SUBJECT_PARTY, ACTOR_REGISTRAR, true},
	[STO_EVENT_MANDATE] = {SUBJECT_PARTY, ACTOR_REGISTRAR, true},
	[STO_EVENT_BENEFICIAL_OWNER] = {SUBJECT_PARTY, ACTOR_REGISTRAR, true},
	[STO_EVENT_CLAIM] = {SUBJECT_PARTY, ACTOR_CLAIM_ISSUER, false},
	[STO_EVENT_CLAIM_REVOKE] = {SUBJECT_PARTY, ACTOR_CLAIMANT, false},
	[STO_EVENT_TOKEN_TOPICS] = {SUBJECT_TOKEN, ACTOR_ISSUER, false},
	[STO_EVENT_TRUSTED_ISSUER] = {SUBJECT_TOKEN, ACTOR_ISSUER, false},
	[STO_EVENT_TOKEN_PAUSE] = {SUBJECT_TOKEN, ACTOR_ISSUER_OR_ENFORCER, false},
	[STO_EVENT_WALLET_FREEZE] = {SUBJECT_WALLET, ACTOR_ENFORCER, false},
	[STO_EVENT_PARTY_FREEZE] = {SUBJECT_PARTY, ACTOR_ENFORCER, false},
	[STO_EVENT_DOCUMENT] = {SUBJECT_TOKEN, ACTOR_ISSUER, false},
	[STO_EVENT_ACKNOWLEDGE] = {SUBJECT_PARTY, ACTOR_SELF_OR_WALLET, false},
	[STO_EVENT_RULE_SET] = {SUBJECT_TOKEN, ACTOR_ISSUER, false},
	[STO_EVENT_PARTY_LIST] = {SUBJECT_TOKEN, ACTOR_ISSUER, false},
	[STO_EVENT_OPT_IN] = {SUBJECT_PARTY, ACTOR_SELF_OR_WALLET, false},
	[STO_EVENT_TRAVEL_DATA] = {SUBJECT_PARTY, ACTOR_REGISTRAR, true},
	[STO_EVENT_TRANSFER_APPROVAL] = {SUBJECT_TOKEN, ACTOR_APPROVER, false},
	[STO_EVENT_APPROVAL_REVOKE] = {SUBJECT_TOKEN, ACTOR_APPROVER, false},
	[STO_EVENT_FOUR_EYES] = {SUBJECT_TOKEN, ACTOR_ISSUER, false},
	[STO_EVENT_PROPOSAL] = {SUBJECT_NEW, ACTOR_PROPOSER, false},
	[STO_EVENT_APPROVE] = {SUBJECT_PROPOSAL, ACTOR_OFFICER, false},
	[STO_EVENT_CASE] = {SUBJECT_NEW, ACTOR_CASE_OFFICER, false},
	[STO_EVENT_CASE_APPROVE] = {SUBJECT_CASE, ACTOR_CASE_SECOND, false},
	[STO_EVENT_PARTY_MEMBERS] = {SUBJECT_PARTY, ACTOR_REGISTRAR, true},
	[STO_EVENT_REFUSAL] = {SUBJECT_NEW, ACTOR_ANYBODY, false},
	[STO_EVENT_FINDING] = {SUBJECT_NEW, ACTOR_ANYBODY, false},
	[STO_EVENT_LOOK_THROUGH] = {SUBJECT_WALLET, ACTOR_CUSTODIAN, false},
	[STO_EVENT_ATTACH] = {SUBJECT_WALLET, ACTOR_ENFORCER, false},
	[STO_EVENT_ATTACH_LIFT] = {SUBJECT_WALLET, ACTOR_ENFORCER, false},
	[STO_EVENT_REDEMPTION_TERMS] = {SUBJECT_TOKEN, ACTOR_ISSUER, false},
};

const uint8_t sto_nil_uuid[STO_UUID_LEN] = {0};

char *
sto_uuid_text(const uint8_t id[STO_UUID_LEN])
{
	char hex[2 * STO_UUID_LEN + 1];

	sto_hex_encode(id, STO_UUID_LEN, hex);
	return psprintf("%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

bool
sto_act_restricts(const StoAct *act)
{
	const StoBody *body = &act->body;

	switch (body->kind)
	{
		case STO_EVENT_GENESIS: /* not restrictive, but there must not be two */
		case STO_EVENT_CLOSE:   /* nor this, but nobody moves a position while it adds them up */
		case STO_EVENT_KEYS:
		case STO_EVENT_WALLET_TERMS:
		case STO_EVENT_TOKEN_TERMS:
		case STO_EVENT_TOKEN_POLICY:
		case STO_EVENT_PARTY_FACTS:
		case STO_EVENT_CLASSIFICATION:
		case STO_EVENT_MANDATE: /* a new one may be narrower than the one it replaces */
		case STO_EVENT_CLAIM_REVOKE:
		case STO_EVENT_TOKEN_TOPICS:
		case STO_EVENT_TRUSTED_ISSUER:
		case STO_EVENT_RULE_SET:
		case STO_EVENT_PARTY_LIST:
		case STO_EVENT_APPROVAL_REVOKE:
		case STO_EVENT_FOUR_EYES:
		case STO_EVENT_PARTY_MEMBERS:
		case STO_EVENT_LOOK_THROUGH: /* nobody moves the position meanwhile, nor any counter */
		case STO_EVENT_ATTACH:
		case STO_EVENT_REDEMPTION_TERMS: /* no first issue may be in flight */
			return true;
		case STO_EVENT_WALLET: /* from the second on, what a party has is added up */
			return sto_count_wallets(body->value[STO_F_PARTY].octets) == 1;
		case STO_EVENT_CLAIM: /* it moves the party's units into a group */
			return sto_rules_group_topic(body->value[STO_F_TOPIC].text);
		case STO_EVENT_OPT_IN:
			return !body->value[STO_F_AFFIRMED].flag;
		case STO_EVENT_TRAVEL_DATA:
			return STO_BODY_HAS(body, STO_F_GRANTED) && !body->value[STO_F_GRANTED].flag;
		case STO_EVENT_TOKEN_PAUSE:
			return body->value[STO_F_PAUSED].flag;
		case STO_EVENT_WALLET_FREEZE:
		case STO_EVENT_PARTY_FREEZE:
			return body->value[STO_F_FROZEN].flag;
		case STO_EVENT_DOCUMENT:
			return body->value[STO_F_ACKNOWLEDGE].flag;
		case STO_EVENT_APPROVE:
			return !body->value[STO_F_APPROVED].flag;
		case STO_EVENT_CASE_APPROVE:
			return !body->value[STO_F_APPROVED].flag;
		case STO_EVENT_CAPABILITY:
			return !body->value[STO_F_GRANTED].flag;
		case STO_EVENT_PARTY_STATUS:
		case STO_EVENT_WALLET_STATUS:
		case STO_EVENT_TOKEN_STATUS:
			return strcmp(body->value[STO_F_STATUS].text, "active") != 0;
		default:
			return false;
	}
}

/* What sto.subject.kind the rule asks for; NULL: whoever has keys. */
static const char *
subject_kind_of(SubjectRule rule)
{
	switch (rule)
	{
		case SUBJECT_LEDGER:
			return "ledger";
		case SUBJECT_PARTY:
			return "party";
		case SUBJECT_WALLET:
			return "wallet";
		case SUBJECT_TOKEN:
			return "token";
		case SUBJECT_CASE:
			return "case";
		case SUBJECT_CLOSE:
			return "close";
		case SUBJECT_PROPOSAL:
			return "proposal";
		default:
			return NULL;
	}
}

static int
unknown_subject_code(SubjectRule rule)
{
	switch (rule)
	{
		case SUBJECT_PARTY:
			return ERRCODE_STO_UNKNOWN_PARTY;
		case SUBJECT_WALLET:
			return ERRCODE_STO_UNKNOWN_WALLET;
		case SUBJECT_TOKEN:
			return ERRCODE_STO_UNKNOWN_TOKEN;
		case SUBJECT_CASE:
			return ERRCODE_STO_NO_CASE;
		default:
			return ERRCODE_STO_INVALID_EVENT;
	}
}

static void
read_subject(StoAct *act)
{
	bool isnull;

	text_to_cstring_buffer(DatumGetTextPP(sto_row_get(&act->subject, SUBJECT_KIND, &isnull)),
						   act->subject_kind, sizeof(act->subject_kind));
	act->subject_last = DatumGetInt64(sto_row_get(&act->subject, SUBJECT_LAST_EVENT, &isnull));
	act->subject_recorded_at = StoTimeFromTimestamp(
		DatumGetTimestampTz(sto_row_get(&act->subject, SUBJECT_RECORDED_AT, &isnull)));
	act->event.has_prev = true;
	memcpy(act->event.prev, DatumGetPointer(sto_row_get(&act->subject, SUBJECT_HEAD, &isnull)),
		   STO_DIGEST_LEN);
}

void
sto_act_find_subject(StoAct *act)
{
	SubjectRule rule = rules[act->body.kind].subject;
	const char *wanted = subject_kind_of(rule);
	Datum key = StoUuidGetDatum(act->event.subject);
	bool good;

	if (rule == SUBJECT_NEW)
	{
		/* A twin that is still in flight is met by the unique index. */
		StoRow row;
		bool found = sto_store_find(STO_REL_SUBJECT, STO_IDX_SUBJECT, 1, &key, &row);

		sto_row_close(&row);
		/* the ledger's id is the subject of its closes */
		if (found || (act->body.kind != STO_EVENT_GENESIS &&
					  sto_uuid_equal(act->event.subject, act->ledger.ledger_id)))
			ereport(ERROR,
					(errcode(ERRCODE_STO_SUBJECT_EXISTS),
					 errmsg("%s is in the register already", sto_uuid_text(act->event.subject)),
					 errhint("Every party, wallet, token and batch has a uuid of its own.")));
		return;
	}

	act->subject_found =
		sto_store_find_lock(STO_REL_SUBJECT, STO_IDX_SUBJECT, 1, &key, &act->subject);
	if (act->subject_found)
		read_subject(act);
	else
	{
		sto_row_close(&act->subject);
		if (rule == SUBJECT_CLOSE && sto_uuid_equal(act->event.subject, act->ledger.ledger_id))
			return; /* the first one makes it */
	}
	good = act->subject_found && (wanted != NULL ? strcmp(act->subject_kind, wanted) == 0
												 : strcmp(act->subject_kind, "ledger") == 0 ||
													   strcmp(act->subject_kind, "party") == 0 ||
													   strcmp(act->subject_kind, "wallet") == 0);
	if (!good)
		ereport(ERROR,
				(errcode(unknown_subject_code(rule)),
				 errmsg("subject %s is not a %s of the register", sto_uuid_text(act->event.subject),
						wanted != NULL ? wanted : "party or wallet")));
}

void
sto_require_party(const uint8_t party_id[STO_UUID_LEN], StoPartyFact *out)
{
	if (!sto_fact_party(party_id, out))
		ereport(ERROR, (errcode(ERRCODE_STO_UNKNOWN_PARTY),
						errmsg("party %s is not in the register", sto_uuid_text(party_id))));
	if (!out->active)
		ereport(ERROR, (errcode(ERRCODE_STO_PARTY_CLOSED),
						errmsg("party %s is closed", sto_uuid_text(party_id))));
}

pg_attribute_noreturn() static void not_authorised(const StoAct *act, const char *who)
{
	ereport(ERROR, (errcode(ERRCODE_STO_NOT_AUTHORISED),
					errmsg("actor %s may not do this", sto_uuid_text(act->event.actor)),
					errdetail("A \"%.*s\" event is for %s.", (int) act->event.kind_len,
							  act->event.kind, who)));
}

/*
 * The actor's policy event: of the ledger, a party or a wallet; 0 if it has
 * none.  A closed party or wallet does nothing; nor does a wallet whose party
 * is closed.
 */
static int64
actor_policy(const StoAct *act, bool *is_party)
{
	StoPartyFact party;
	StoWalletFact wallet;
	uint8_t address[STO_ADDRESS_LEN];

	*is_party = false;
	if (sto_uuid_equal(act->event.actor, sto_nil_uuid))
		return act->ledger.policy_event;
	if (sto_fact_party(act->event.actor, &party))
	{
		sto_require_party(act->event.actor, &party);
		*is_party = true;
		return party.policy_event;
	}
	if (!sto_wallet_address(act->ledger.ledger_id, act->event.actor, address))
		elog(ERROR, "could not compute SHA-256");
	if (!sto_fact_wallet(address, &wallet))
		ereport(ERROR, (errcode(ERRCODE_STO_NOT_AUTHORISED),
						errmsg("actor %s is neither a party nor a wallet of the register",
							   sto_uuid_text(act->event.actor))));
	sto_require_party(wallet.party, &party);
	if (!wallet.active)
		ereport(ERROR, (errcode(ERRCODE_STO_WALLET_CLOSED),
						errmsg("wallet %s is closed", sto_uuid_text(act->event.actor))));
	return wallet.policy_event;
}

/* Is the actor a wallet of that party? */
static bool
is_wallet_of(const StoAct *act, const uint8_t *party)
{
	StoWalletFact wallet;
	uint8_t address[STO_ADDRESS_LEN];

	if (!sto_wallet_address(act->ledger.ledger_id, act->event.actor, address))
		elog(ERROR, "could not compute SHA-256");
	return sto_fact_wallet(address, &wallet) && !wallet.issuance &&
		   sto_uuid_equal(wallet.party, party);
}

/* Has the actor a mandate to order for that party now? */
static bool
represents(const StoAct *act, const uint8_t *party)
{
	int64 from;
	int64 to;

	return sto_mandate_in_force(party, act->event.actor, act->event.recorded_at, &from, &to);
}

/* Has the actor, a party, the subject in its custody? */
static bool
is_custodian(const StoAct *act)
{
	StoWalletFact wallet;
	uint8_t address[STO_ADDRESS_LEN];

	if (!sto_wallet_address(act->ledger.ledger_id, act->event.subject, address))
		elog(ERROR, "could not compute SHA-256");
	return sto_fact_wallet(address, &wallet) &&
		   sto_uuid_equal(act->event.actor, wallet.has_custodian ? wallet.custodian : wallet.party);
}

/* Is that party the issuer of the token? */
static bool
issued_by(const uint8_t *token_id, const uint8_t *party)
{
	StoTokenFact token;

	return sto_fact_token(token_id, &token) && sto_uuid_equal(party, token.issuer);
}

/* NULL if the actor is one that this kind of event allows; else who would be. */
static const char *
who_else(const StoAct *act, bool is_party)
{
	const uint8_t *actor = act->event.actor;
	bool is_ledger = sto_uuid_equal(actor, sto_nil_uuid);
	bool is_self = sto_uuid_equal(actor, act->event.subject);
	const char *capability;

	switch (rules[act->body.kind].actor)
	{
		case ACTOR_ANYBODY:
			return is_ledger ? NULL : "anybody, unsigned: its actor is the nil uuid";
		case ACTOR_NOBODY:
		case ACTOR_LEDGER:
		case ACTOR_ROOT_ALL:
			return is_ledger ? NULL : "the ledger's root officers: its actor is the nil uuid";
		case ACTOR_WITNESS:
			return is_self && sto_fact_capability(actor, "witness")
					   ? NULL
					   : "a party with the capability witness, about itself";
		case ACTOR_SELF:
			return is_self ? NULL : "the subject itself and nobody else";
		case ACTOR_SELF_OR_WALLET:
			return is_self || (!is_ledger && (is_party ? represents(act, act->event.subject)
													   : is_wallet_of(act, act->event.subject)))
					   ? NULL
					   : "the party itself, one of its wallets, or a representative with a mandate "
						 "to order for it";
		case ACTOR_REGISTRAR:
			return is_party && sto_fact_capability(actor, "registrar")
					   ? NULL
					   : "a party with the capability registrar";
		case ACTOR_REGISTRAR_OR_LEDGER:
			return is_ledger || (is_party && sto_fact_capability(actor, "registrar"))
					   ? NULL
					   : "the root officers or a party with the capability registrar";
		case ACTOR_REGISTRAR_OR_SELF:
			return is_self || (is_party && sto_fact_capability(actor, "registrar"))
					   ? NULL
					   : "the wallet itself or a party with the capability registrar";
		case ACTOR_PARTY:
			return is_party ? NULL : "the party that is the token's issuer";
		case ACTOR_CUSTODIAN:
			return is_party && is_custodian(act)
					   ? NULL
					   : "the wallet's custodian, or its party if it has none";
		case ACTOR_APPROVER:
			return is_party ? NULL : "the party that approves";
		case ACTOR_ISSUER:
			return is_party && issued_by(act->event.subject, actor) ? NULL : "the token's issuer";
		case ACTOR_CLAIM_ISSUER:
			return is_party && sto_fact_capability(actor, "claim_issuer")
					   ? NULL
					   : "a party with the capability claim_issuer";
		case ACTOR_CLAIMANT:
			return is_party ? NULL : "the party that issued the claim";
		case ACTOR_ENFORCER:
			return is_party && sto_fact_capability(actor, "enforcer")
					   ? NULL
					   : "a party with the capability enforcer";
		case ACTOR_ISSUER_OR_ENFORCER:
			return is_party && (issued_by(act->event.subject, actor) ||
								sto_fact_capability(actor, "enforcer"))
					   ? NULL
					   : "the token's issuer or a party with the capability enforcer";
		case ACTOR_PROPOSER:
			return is_party && issued_by(act->body.value[STO_F_ABOUT].octets, actor)
					   ? NULL
					   : "the issuer of the token that it is about";
		case ACTOR_OFFICER:
			return is_party ? NULL : "a second officer of the token";
		case ACTOR_CASE_OFFICER:
			capability = sto_case_capability(act->body.value[STO_F_ACT].text);
			return is_party && sto_fact_capability(actor, capability)
					   ? NULL
					   : psprintf("a party with the capability %s", capability);
		case ACTOR_CASE_SECOND:
			return is_party ? NULL : "a second officer";
		case ACTOR_ORDERER:
			return is_ledger ? "the party or wallet that orders" : NULL;
	}
	return NULL;
}

static void
check_actor(const StoAct *act, bool is_party)
{
	const char *who = who_else(act, is_party);

	if (who != NULL)
		not_authorised(act, who);
}

/*
 * Unsigned acts: maintenance by a superuser; a close, which the log alone
 * determines; and in a closed ledger whose genesis chose so, register acts submitted by a superuser
 * or a role mapped to a registrar.  On a replica the role was checked where it was submitted.
 */
static void
check_unsigned(const StoAct *act)
{
	const EventRule *rule = &rules[act->body.kind];
	bool is_wallet_itself = rule->actor == ACTOR_REGISTRAR_OR_SELF &&
							sto_uuid_equal(act->event.actor, act->event.subject);

	if (rule->actor == ACTOR_ANYBODY)
		return;
	if (rule->actor == ACTOR_NOBODY)
	{
		if (act->mode == STO_MODE_POST && !superuser())
			ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
							errmsg("only a superuser may write a maintenance event")));
		return;
	}
	if (act->ledger.roles && rule->register_act && !is_wallet_itself)
	{
		uint8_t member[STO_UUID_LEN];

		if (act->mode != STO_MODE_POST || superuser())
			return;
		if (sto_fact_member_try(member) && sto_fact_capability(member, "registrar") &&
			(sto_uuid_equal(act->event.actor, member) ||
			 sto_uuid_equal(act->event.actor, sto_nil_uuid)))
			return;
		ereport(ERROR,
				(errcode(ERRCODE_STO_NOT_AUTHORISED),
				 errmsg("role \"%s\" may not submit unsigned register acts",
						GetUserNameFromId(GetUserId(), false)),
				 errhint("Map it to the registrar's party in sto.member, or sign the act.")));
	}
	ereport(ERROR, (errcode(ERRCODE_STO_QUORUM_NOT_MET), errmsg("the act is not signed"),
					errhint("Sign the bytes that sto.act_message() gives with the actor's keys.")));
}

void
sto_act_authorise(StoAct *act)
{
	bool is_party;

	if (act->body.kind == STO_EVENT_GENESIS)
	{
		/* its own policy; every key proves here that its holder wants it there */
		check_actor(act, false);
		act->policy = act->body.policy;
		if (!act->is_signed || act->signatures.count != act->policy.count)
			ereport(ERROR,
					(errcode(ERRCODE_STO_QUORUM_NOT_MET),
					 errmsg("every root key must sign the genesis event"),
					 errdetail("%d of %d signed.", act->is_signed ? act->signatures.count : 0,
							   act->policy.count)));
		if (act->check_signatures)
			sto_act_check_quorum(act);
		return;
	}

	act->policy_event = actor_policy(act, &is_party);
	check_actor(act, is_party);
	if (!act->is_signed)
	{
		check_unsigned(act);
		return;
	}
	if (rules[act->body.kind].actor == ACTOR_NOBODY || rules[act->body.kind].actor == ACTOR_ANYBODY)
		sto_act_refuse("a \"%.*s\" event carries no signatures", (int) act->event.kind_len,
					   act->event.kind);
	if (act->policy_event == 0)
		ereport(ERROR,
				(errcode(ERRCODE_STO_NOT_AUTHORISED),
				 errmsg("actor %s has no keys to sign with", sto_uuid_text(act->event.actor))));
	if (!sto_fact_policy(act->policy_event, &act->policy))
		elog(ERROR, "key policy of event " INT64_FORMAT " is missing", act->policy_event);
	if (act->check_signatures)
		sto_act_check_quorum(act);
}
