/*
 * rules_scope.c
 *		Which events and entries a replay of one token's rules has to read.
 *
 * sto.transfer has no index by token: a token's entries are found by the wallets
 * that have a position in it.
 */
#include "postgres.h"

#include "ledger/register.h"
#include "log/rules_scope.h"
#include "types/types.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/uuid.h"

/* Parameters of every query here. */
enum
{
	SCOPE_TOKEN,   /* $1 uuid */
	SCOPE_UNTIL,   /* $2 bigint */
	SCOPE_PARTIES, /* $3 uuid[] */
	SCOPE_KINDS,   /* $4 text[]: of events about them that rules read */
	SCOPE_OMNIBUS, /* $5 uuid[]: ids of omnibus wallets */
	SCOPE_WALLETS, /* $6 sto.wallet_address[] */
	SCOPE_COUNT
};

#define SELECT_EVENTS                                                                              \
	"SELECT e.entry_id, e.kind, e.subject, e.actor, e.recorded_at, e.body::text, w.address, "      \
	"w.party_id FROM ONLY sto.event e LEFT JOIN sto.wallet w ON e.kind = 'look_through' AND "      \
	"w.wallet_id = e.subject WHERE e.entry_id <= $2 AND "

/* What a hold says of itself is read from the log, not from the register. */
#define SELECT_ENTRIES                                                                             \
	"SELECT t.entry_id, t.kind, t.purpose, t.token_id, t.amount, t.posted_at, t.posted_by,"        \
	" t.ordering_party, coalesce(h.notary, t.notary), t.attachment_hash IS NOT NULL, t.rule_set,"  \
	" t.debit_wallet, d.party_id, d.kind = 'issuance', t.credit_wallet, c.party_id, c.kind = "     \
	"'issuance', coalesce(h.checked_once, t.checked_once), d.kind = 'omnibus', c.kind = 'omnibus'" \
	" FROM ONLY sto.transfer t LEFT JOIN sto.wallet d ON d.address = t.debit_wallet"               \
	" LEFT JOIN sto.wallet c ON c.address = t.credit_wallet LEFT JOIN ONLY sto.transfer h ON "     \
	"h.entry_id = t.hold_id WHERE t.entry_id <= $2 AND "

#define OF_TOKEN_KINDS "'token', 'rule_set', 'party_list', 'transfer_approval', 'approval_revoke'"
#define WITH_POSITION                                                                              \
	"t.token_id = $1 AND t.debit_wallet IN (SELECT p.wallet FROM ONLY sto.position p WHERE "       \
	"p.token_id = $1)"

/* Kinds that rules read, and tokens, for their issuers. */
static const char events_of_all[] = SELECT_EVENTS
	"e.kind IN ('look_through', 'party', 'party_facts', 'classification', 'claim',"
	" 'claim_revoke', 'opt_in', 'travel_data', " OF_TOKEN_KINDS ") ORDER BY e.entry_id";

static const char events_of_token[] =
	SELECT_EVENTS "(e.subject = $1 AND e.kind IN (" OF_TOKEN_KINDS ")"
				  " OR e.subject = ANY ($3) AND e.kind = ANY ($4)"
				  " OR e.subject = ANY ($5) AND e.kind = 'look_through') ORDER BY e.entry_id";

/* Of tokens that ever had rules. */
static const char entries_of_all[] =
	SELECT_ENTRIES "t.token_id IN (SELECT e.subject FROM ONLY sto.event e WHERE e.kind = "
				   "'rule_set') ORDER BY t.entry_id";

static const char entries_of_token[] = SELECT_ENTRIES WITH_POSITION " ORDER BY t.entry_id";

static const char entries_of_wallets[] =
	SELECT_ENTRIES "t.token_id = $1 AND (t.debit_wallet = ANY ($6) OR t.credit_wallet = ANY ($6))"
				   " ORDER BY t.entry_id";

/* A hold may name who never had a position. */
static const char parties_query[] =
	"SELECT array_agg(DISTINCT w.party_id) FROM sto.wallet w WHERE w.address IN (SELECT p.wallet "
	"FROM ONLY sto.position p WHERE p.token_id = $1 UNION SELECT t.credit_wallet FROM ONLY "
	"sto.transfer t WHERE t.entry_id <= $2 AND t.kind = 'hold' AND " WITH_POSITION ")";

static const char omnibus_query[] =
	"SELECT array_agg(w.wallet_id) FROM sto.wallet w WHERE w.kind = 'omnibus' AND w.address IN "
	"(SELECT p.wallet FROM ONLY sto.position p WHERE p.token_id = $1)";

static const char owners_query[] =
	"SELECT array_agg(DISTINCT o.party) FROM (SELECT unnest($3) UNION ALL"
	" SELECT json_array_elements_text(e.body -> 'owners')::uuid FROM ONLY sto.event e WHERE "
	"e.subject = ANY ($5) AND e.kind = 'look_through' AND e.entry_id <= $2) AS o (party)";

static const char sides_query[] =
	"SELECT array_agg(DISTINCT w.party_id), bool_or(w.kind = 'omnibus') OR EXISTS (SELECT FROM "
	"sto.look_through l WHERE l.token_id = $1) FROM ONLY sto.transfer t JOIN sto.wallet w ON "
	"w.address IN (t.debit_wallet, t.credit_wallet) WHERE t.entry_id = $2 AND t.token_id = $1";

static const char wallets_of_parties[] =
	"SELECT array_agg(w.address) FROM sto.wallet w WHERE w.party_id = ANY ($3) AND w.kind <> "
	"'issuance'";

/* What is outstanding is what left the issuance wallet. */
static const char wallets_and_issuance[] =
	"SELECT array_agg(w.address) FROM sto.wallet w WHERE w.party_id = ANY ($3) AND w.kind <> "
	"'issuance' OR w.address = (SELECT k.issuance FROM ONLY sto.token k WHERE k.token_id = $1)";

void
sto_rules_add_needs(StoRuleNeeds *all, const StoRuleNeeds *needs)
{
	all->outstanding |= needs->outstanding;
	all->holders |= needs->holders;
	all->by_country |= needs->by_country;
	all->by_class |= needs->by_class;
	all->topic_count = Max(all->topic_count, needs->topic_count);
	all->issue_seconds = Max(all->issue_seconds, needs->issue_seconds);
	all->countries |= needs->countries;
	all->classes |= needs->classes;
	all->opt_ins |= needs->opt_ins;
	all->travel_data |= needs->travel_data;
	all->approvals |= needs->approvals;
	all->look_through |= needs->look_through;
}

static void
set_parameter(StoRulesScope *scope, int number, Oid type, Datum value)
{
	scope->parameters[number] = (StoRulesParameter){.type = type, .value = value};
}

/* The one row of a query with the parameters so far: each column into a parameter, or (-1) as a
 * truth value into *yes. */
static void
ask(StoRulesScope *scope, const char *query, int first, int second, bool *yes)
{
	Oid types[SCOPE_COUNT];
	Datum values[SCOPE_COUNT];
	char nulls[SCOPE_COUNT];
	int columns[2] = {first, second};

	for (int i = 0; i < SCOPE_COUNT; i++)
	{
		types[i] = scope->parameters[i].type;
		values[i] = scope->parameters[i].value;
		nulls[i] = scope->parameters[i].isnull ? 'n' : ' ';
	}
	if (SPI_execute_with_args(query, SCOPE_COUNT, types, values, nulls, true, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "what rules read of the token can't be found");
	for (int i = 0; i < SPI_tuptable->tupdesc->natts; i++)
	{
		bool isnull;
		Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1, &isnull);

		if (columns[i] < 0)
			*yes = !isnull && DatumGetBool(value);
		else if (!isnull)
			set_parameter(scope, columns[i], SPI_gettypeid(SPI_tuptable->tupdesc, i + 1),
						  datumCopy(value, false, -1));
	}
	SPI_freetuptable(SPI_tuptable);
}

/* Kinds of events about parties that rules of these needs read. */
static Datum
kinds(const StoRuleNeeds *needs)
{
	Datum names[8];
	int count = 0;

	if (needs->countries)
	{
		names[count++] = CStringGetTextDatum("party");
		names[count++] = CStringGetTextDatum("party_facts");
	}
	if (needs->classes)
		names[count++] = CStringGetTextDatum("classification");
	if (needs->topic_count > 0)
	{
		names[count++] = CStringGetTextDatum("claim");
		names[count++] = CStringGetTextDatum("claim_revoke");
	}
	if (needs->opt_ins)
		names[count++] = CStringGetTextDatum("opt_in");
	if (needs->travel_data)
		names[count++] = CStringGetTextDatum("travel_data");
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static bool
reads_facts(const StoRuleNeeds *needs)
{
	return needs->countries || needs->classes || needs->topic_count > 0 || needs->opt_ins ||
		   needs->travel_data;
}

/* Do rules that are asked about one entry read what others have? */
static bool
reads_others(const StoRuleNeeds *needs)
{
	return needs->holders || needs->by_country || needs->by_class || needs->topic_count > 0 ||
		   needs->approvals || needs->look_through;
}

/* And facts about them: of whose group they are, or whether they used up an approval? */
static bool
reads_facts_of_others(const StoRuleNeeds *needs)
{
	return needs->by_country || needs->by_class || needs->topic_count > 0 || needs->approvals;
}

/* Everything of the token, and what was stated of everybody in it. */
static void
scope_of_token(StoRulesScope *scope, bool with_facts)
{
	scope->entries = entries_of_token;
	ask(scope, omnibus_query, SCOPE_OMNIBUS, -1, NULL);
	if (!with_facts)
		return;
	ask(scope, parties_query, SCOPE_PARTIES, -1, NULL);
	if (!scope->parameters[SCOPE_OMNIBUS].isnull)
		ask(scope, owners_query, SCOPE_PARTIES, -1, NULL);
}

/* One entry: that of its own parties, and issues if they matter, unless rules read more. */
static void
scope_of_entry(StoRulesScope *scope, const StoRuleNeeds *needs)
{
	bool looked_through;
	bool issuance = needs->outstanding || needs->issue_seconds > 0;

	ask(scope, sides_query, SCOPE_PARTIES, -1, &looked_through);
	if (looked_through || reads_others(needs))
	{
		scope_of_token(scope, reads_facts_of_others(needs));
		return;
	}
	scope->entries = entries_of_wallets;
	ask(scope, issuance ? wallets_and_issuance : wallets_of_parties, SCOPE_WALLETS, -1, NULL);
}

void
sto_rules_scope(const StoRulesReplay *replay, const uint8_t *token_id, const StoRuleNeeds *needs,
				StoRulesScope *scope)
{
	static const Oid arrays[SCOPE_COUNT] = {UUIDOID,      INT8OID,      UUIDARRAYOID,
											TEXTARRAYOID, UUIDARRAYOID, TEXTARRAYOID};
	int64 until = replay->until == 0 ? PG_INT64_MAX : replay->until;

	StaticAssertStmt(SCOPE_COUNT == STO_RULES_PARAMETERS, "every parameter has its place");
	scope->count = SCOPE_COUNT;
	for (int i = 0; i < SCOPE_COUNT; i++)
		scope->parameters[i] = (StoRulesParameter){.type = arrays[i], .isnull = true};
	set_parameter(scope, SCOPE_UNTIL, INT8OID, Int64GetDatum(until));
	scope->events = events_of_all;
	scope->entries = entries_of_all;
	if (token_id == NULL)
		return;
	set_parameter(scope, SCOPE_TOKEN, UUIDOID, StoUuidGetDatum(token_id));
	set_parameter(scope, SCOPE_KINDS, TEXTARRAYOID, kinds(needs));
	scope->events = events_of_token;
	if (replay->until != 0)
		scope_of_entry(scope, needs);
	else
		scope_of_token(scope, reads_facts(needs));
}
