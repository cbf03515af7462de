/*
 * ruling_facts.c
 *		How the register answers the rules of a token: callbacks of core/rule.h.
 */
#include "postgres.h"

#include "ledger/approval.h"
#include "ledger/flow.h"
#include "ledger/issued.h"
#include "ledger/look_through.h"
#include "ledger/register.h"
#include "ledger/rule_facts.h"
#include "ledger/ruling.h"

#include "core/amount.h"

static const StoRulingSide *
side_of(const StoRuling *r, const uint8_t *party)
{
	return r->sender.present && sto_uuid_equal(r->sender.party, party) ? &r->sender : &r->receiver;
}

static bool
total(void *context, const uint8_t *party, StoAmount *total)
{
	*total = side_of(context, party)->total;
	return true;
}

/* What the issuance wallet lacks. */
static bool
outstanding(void *context, StoAmount *outstanding)
{
	StoRuling *r = context;
	StoPosition pos;

	sto_position_read(r->p->token.token_id, r->p->token.issuance, &pos);
	return sto_amount_sub(0, pos.balance, outstanding);
}

static bool
group(void *context, StoRuleBy by, const char *value, int64_t *holders, StoAmount *units)
{
	StoRuling *r = context;
	const StoHolderGroup *found = sto_groups_find(&r->groups, by, value);
	StoHolderGroup unlocked;

	if (found == NULL)
	{
		sto_group_read(r->p->token.token_id, by, value, &unlocked);
		found = &unlocked;
	}
	if (holders != NULL)
		*holders = found->holders;
	if (units != NULL)
		*units = found->units;
	return true;
}

static bool
country(void *context, const uint8_t *party, bool incorporation, char country[2])
{
	StoPartyFact fact;

	memset(country, 0, 2);
	if (sto_fact_party(party, &fact))
		memcpy(country, incorporation ? fact.incorporation : fact.country, 2);
	return true;
}

static bool
classified(void *context, const uint8_t *party, StoRuleClassified *classified)
{
	sto_rule_classified(((StoRuling *) context)->p->token.token_id, party, classified);
	return true;
}

static bool
has_topic(void *context, const uint8_t *party, const char *topic, bool *has)
{
	*has = sto_rule_has_topic(party, topic);
	return true;
}

static bool
on_list(void *context, const uint8_t *party, const char *list, bool *listed)
{
	*listed = sto_rule_on_list(((StoRuling *) context)->p->token.token_id, party, list);
	return true;
}

static bool
opted_in(void *context, const uint8_t *party, bool *affirmed)
{
	*affirmed = sto_rule_opted_in(((StoRuling *) context)->p->token.token_id, party);
	return true;
}

/* Sum over a party's wallets of what had left each until some time. */
typedef struct UntilSum
{
	const uint8_t *token_id;
	int64 time;
	StoAmount sum;
} UntilSum;

/* Where nothing was posted since, nothing left since. */
static void
add_until(const uint8_t *wallet, void *arg)
{
	UntilSum *until = arg;
	StoPosition pos;
	StoAmount outflow;

	sto_position_read(until->token_id, wallet, &pos);
	outflow = pos.posted_at <= until->time
				  ? pos.outflow
				  : sto_flow_until(until->token_id, wallet, until->time, NULL);
	(void) sto_amount_add(until->sum, outflow, &until->sum);
}

static bool
outflow(void *context, const uint8_t *party, int64_t after, StoAmount *sum)
{
	StoRuling *r = context;
	const StoRulingSide *side = side_of(r, party);
	UntilSum until = {r->p->token.token_id, after, 0};

	*sum = side->outflow;
	if (r->guess)
		return true;
	if (side->several)
		sto_party_wallets(party, add_until, &until);
	else
		add_until(r->move.debit, &until);
	return sto_amount_sub(*sum, until.sum, sum);
}

static bool
issues(void *context, const uint8_t *receiver, int64_t after, int64_t limit, int64_t *persons,
	   bool *received, StoAmount *sum)
{
	StoRuling *r = context;
	const uint8_t *token_id = r->p->token.token_id;
	StoPosition pos;
	StoAmount before;
	StoIssuedAsk ask = {.token_id = token_id, .party = receiver, .after = after, .limit = limit};

	sto_position_read(token_id, r->p->token.issuance, &pos);
	before = sto_flow_until(token_id, r->p->token.issuance, after, &ask.seq_before);
	ask.seq = pos.seq;
	ask.locked = !r->dry;
	*persons = sto_issued_persons(&ask, received);
	return sto_amount_sub(pos.outflow, before, sum);
}

static bool
approval(void *context, const uint8_t *by, const StoRuleMove *move, StoAmount amount, int64_t *id,
		 StoAmount *largest)
{
	*id = sto_approval_match(by, move, amount, ((StoRuling *) context)->dry, largest);
	return true;
}

static bool
travel_field(void *context, const uint8_t *party, const char *field, int64_t at, bool *has)
{
	*has = sto_rule_travel_field(party, field, at);
	return true;
}

/* Of a wallet whose position is locked, or may be read as it stands in a dry run. */
static bool
look_through(void *context, const uint8_t *address, bool *omnibus, int64_t *stated_at)
{
	const StoPosting *p = ((StoRuling *) context)->p;
	const StoOrder *o = &p->entry.order;
	bool debit = memcmp(address, o->debit, STO_ADDRESS_LEN) == 0;
	const StoPosition *known = debit ? p->debit_pos : p->credit_pos;
	StoPosition pos;

	*omnibus = debit ? p->debit.omnibus : p->credit.omnibus;
	*stated_at = STO_NEVER_STATED;
	if (!*omnibus)
		return true;
	if (known == NULL)
		sto_position_read(p->token.token_id, address, &pos);
	*stated_at = sto_look_through_time(p->token.token_id, address,
									   known != NULL ? known->balance : pos.balance);
	return true;
}

const StoRuleFacts *
sto_ruling_facts(StoRuling *ruling, StoRuleFacts *facts)
{
	static const StoRuleFacts callbacks = {
		.total = total,
		.outstanding = outstanding,
		.group = group,
		.country = country,
		.classified = classified,
		.has_topic = has_topic,
		.on_list = on_list,
		.opted_in = opted_in,
		.outflow = outflow,
		.issues = issues,
		.approval = approval,
		.travel_field = travel_field,
		.look_through = look_through,
	};

	*facts = callbacks;
	facts->context = ruling;
	/*
	 * What it reads need not be there on a replica, or at the entry's time in sto.rebuild().  An
	 * act that it can't stop asks it by itself (sto_ruling_hear): what it says is kept as an event.
	 */
	if (ruling->p->mode != STO_MODE_VERIFY && !sto_is_enforced_act(ruling->p->entry.order.kind))
		facts->custom = sto_custom_rule;
	return facts;
}
