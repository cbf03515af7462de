/*
 * test_rule_fold.c
 *		The fold of what rules read: counters beside a plain sum over everything
 *		that happened, sets in force, approvals used up, a state saved and read.
 */
#include "core/rule_fold_state.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

#define PARTIES 12
#define WALLETS 2 /* of each party */
#define MOVES 4000
#define SEED UINT64_C(0x5eed)
#define SECOND INT64_C(1000000)

static const char *const countries[] = {"KZ", "AE", "DE"};
static const char *const topics[] = {"kyc", "aml"};

/* Everything that happened, in plain lists. */
static struct
{
	StoRuleEntry moves[MOVES];
	int count;
	const char *country[PARTIES];
	StoClass klass[PARTIES];
	StoClass token_klass[PARTIES]; /* stated for the token, over klass */
	int claims[PARTIES][2];
	int64_t last_claim[PARTIES][2];
	StoAmount balance[PARTIES][WALLETS];
} world;

static StoRuleFold *fold;
static uint32_t token;
static uint32_t parties[PARTIES];
static int64_t next_id;

static const uint8_t *
uuid_of(int n)
{
	static uint8_t uuid[STO_UUID_LEN];

	memset(uuid, n + 1, sizeof(uuid));
	return uuid;
}

static bool
set_rules(const char *body, int64_t recorded_at, unsigned *missing)
{
	char why[STO_RULE_WHY_MAX];
	bool good =
		sto_rule_fold_set(fold, ++next_id, token, recorded_at, body, strlen(body), missing, why);

	if (good && why[0] != '\0')
		printf("# %s\n", why);
	return good && why[0] == '\0';
}

static void
begin(void)
{
	memset(&world, 0, sizeof(world));
	next_id = 0;
	fold = sto_rule_fold_new(SEED);
	token = sto_rule_fold_token(fold, uuid_of(100));
	for (int i = 0; i < PARTIES; i++)
		parties[i] = sto_rule_fold_party(fold, uuid_of(i));
	sto_rule_fold_issuer(fold, token, parties[0]);
}

static StoRuleEntry
entry_of(StoKind kind, int from, int to, StoAmount amount, int64_t at)
{
	StoRuleEntry entry = {.entry_id = ++next_id, .token = token};

	entry.move.kind = kind;
	entry.move.amount = amount;
	entry.move.posted_at = at;
	entry.sender = from < 0 ? 0 : parties[from / WALLETS];
	entry.receiver = to < 0 ? 0 : parties[to / WALLETS];
	entry.wallet = (uint32_t) from + 2;
	return entry;
}

/* A move that is possible, of any kind; wallets are numbered over all parties. */
static StoRuleEntry
random_move(int64_t at)
{
	int from = rand() % (PARTIES * WALLETS);
	int to = rand() % (PARTIES * WALLETS);
	StoAmount *balance = &world.balance[from / WALLETS][from % WALLETS];
	StoAmount amount = rand() % 3 == 0 ? *balance : *balance > 0 ? rand() % *balance : 0;
	StoRuleEntry entry;

	if (amount == 0 || rand() % 8 == 0)
	{
		amount = 1 + rand() % 100;
		entry = entry_of(STO_ISSUE, -1, to, amount, at);
		entry.wallet = 1;
	}
	else if (rand() % 8 == 0)
	{
		entry = entry_of(STO_REDEEM, from, -1, amount, at);
		*balance -= amount;
		return entry;
	}
	else
	{
		static const StoKind kinds[] = {STO_TRANSFER, STO_POST, STO_FORCE, STO_TRANSFER};

		entry = entry_of(kinds[rand() % 4], from, to, amount, at);
		*balance -= amount;
	}
	world.balance[to / WALLETS][to % WALLETS] += amount;
	return entry;
}

static void
random_fact(void)
{
	static const StoRulePeriod always;
	int i = rand() % PARTIES;
	int topic = rand() % 2;
	bool good = true;

	switch (rand() % 4)
	{
		case 0:
			world.country[i] = countries[rand() % 3];
			good = sto_rule_fold_country(fold, ++next_id, parties[i], world.country[i], NULL);
			break;
		case 1:
			world.klass[i] = (StoClass) (1 + rand() % 3);
			good = sto_rule_fold_class(fold, ++next_id, parties[i], 0, world.klass[i], &always);
			break;
		case 2:
			world.token_klass[i] = (StoClass) (1 + rand() % 3);
			good = sto_rule_fold_class(fold, ++next_id, parties[i], token, world.token_klass[i],
									   &always);
			break;
		default:
			if (world.claims[i][topic] == 0 || rand() % 2 == 0)
			{
				world.claims[i][topic]++;
				world.last_claim[i][topic] = ++next_id;
				good = sto_rule_fold_claim(fold, next_id, parties[i], topics[topic]);
			}
			else if (world.last_claim[i][topic] != 0)
			{
				world.claims[i][topic]--;
				good = sto_rule_fold_claim_revoke(fold, world.last_claim[i][topic]) &&
					   sto_rule_fold_claim_revoke(fold, world.last_claim[i][topic]);
				world.last_claim[i][topic] = 0;
			}
	}
	if (!good)
		CHECK_AS(good, "a fact is folded");
}

static StoAmount
total_of(int i)
{
	StoAmount total = 0;

	for (int w = 0; w < WALLETS; w++)
		total += world.balance[i][w];
	return total;
}

static StoClass
class_of(int i)
{
	return world.token_klass[i] != STO_CLASS_NONE ? world.token_klass[i] : world.klass[i];
}

static bool
is_in(int i, StoRuleBy by, uint32_t value)
{
	switch (by)
	{
		case STO_BY_COUNTRY:
			return value ==
				   (world.country[i] == NULL ? 0 : sto_rule_fold_letters(world.country[i]));
		case STO_BY_CLASS:
			return value == (uint32_t) class_of(i);
		case STO_BY_TOPIC:
			return world.claims[i][value == sto_rule_fold_find_name(fold, topics[0]) ? 0 : 1] > 0;
		default:
			return true;
	}
}

static bool
group_is_right(const FoldGroup *group)
{
	StoAmount units = 0;
	int64_t holders = 0;

	for (int i = 0; i < PARTIES; i++)
		if (is_in(i, (StoRuleBy) group->by, group->value))
		{
			units += total_of(i);
			holders += total_of(i) > 0;
		}
	return units == group->total && holders == group->holders;
}

/* What went out of a party, or was issued (0), after that time. */
static StoAmount
moved_after(uint32_t party, int64_t after)
{
	StoAmount sum = 0;

	for (int i = 0; i < world.count; i++)
	{
		const StoRuleEntry *entry = &world.moves[i];
		bool counts = party == 0
						  ? entry->move.kind == STO_ISSUE
						  : entry->sender == party && entry->receiver != party &&
								(entry->move.kind == STO_TRANSFER || entry->move.kind == STO_POST);

		if (counts && entry->move.posted_at > after)
			sum += entry->move.amount;
	}
	return sum;
}

static StoAmount
outflow(uint32_t party, int64_t after)
{
	uint32_t holding = sto_rule_fold_find_holding(fold, token, party);
	StoAmount sum = 0;
	const FoldPurse *purse;

	for (uint32_t i = holding == 0 ? 0
								   : ((FoldHolding *) FOLD_ROW(fold, holdings, holding))->purses;
		 i != 0; i = purse->next)
	{
		purse = FOLD_ROW(fold, purses, i);
		sum += sto_rule_fold_sum_after(fold, purse->flow, after);
	}
	return sum;
}

static int64_t
persons_after(int64_t after)
{
	int64_t persons = 0;

	for (int i = 0; i < PARTIES; i++)
		for (int j = 0; j < world.count; j++)
			if (world.moves[j].move.kind == STO_ISSUE && world.moves[j].receiver == parties[i] &&
				world.moves[j].move.posted_at > after)
			{
				persons++;
				break;
			}
	return persons;
}

static bool
counters_are_right(int64_t now)
{
	const FoldToken *row = FOLD_ROW(fold, tokens, token);
	int64_t after = now - rand() % (2000 * SECOND);
	StoAmount outstanding = 0;
	bool good = true;

	for (uint32_t i = 1; i <= fold->groups.count; i++)
		good &= group_is_right(FOLD_ROW(fold, groups, i));
	for (int i = 0; i < PARTIES; i++)
	{
		uint32_t number = sto_rule_fold_find_holding(fold, token, parties[i]);

		good &= total_of(i) ==
				(number == 0 ? 0 : ((FoldHolding *) FOLD_ROW(fold, holdings, number))->total);
		good &= outflow(parties[i], after) == moved_after(parties[i], after);
		outstanding += total_of(i);
	}
	return good && row->outstanding == outstanding &&
		   sto_rule_fold_sum_after(fold, row->issues, after) == moved_after(0, after) &&
		   sto_rule_fold_persons_after(fold, token, after) == persons_after(after);
}

static bool
tell_past(unsigned missing)
{
	for (int i = 0; i < world.count; i++)
		if (!sto_rule_fold_past(fold, &world.moves[i], missing))
			return false;
	return true;
}

/* Octets of a saved state. */
static struct
{
	uint8_t *data;
	size_t len;
	size_t at;
} saved;

static bool
write_state(void *context, void *data, size_t len)
{
	(void) context;
	saved.data = realloc(saved.data, saved.len + len);
	memcpy(saved.data + saved.len, data, len);
	saved.len += len;
	return true;
}

static bool
read_state(void *context, void *data, size_t len)
{
	(void) context;
	if (len > saved.len - saved.at)
		return false;
	memcpy(data, saved.data + saved.at, len);
	saved.at += len;
	return true;
}

/* The fold goes on as another program's would, that was given its state. */
static bool
save_and_load(void)
{
	StoRuleFold *loaded = sto_rule_fold_new(SEED);
	bool good;

	saved.len = saved.at = 0;
	good = sto_rule_fold_move(fold, false, write_state, NULL) &&
		   sto_rule_fold_move(loaded, true, read_state, NULL) && saved.at == saved.len;
	sto_rule_fold_free(fold);
	fold = loaded;
	return good;
}

/*
 * Sets that read more and more, each registered when half of everything has
 * happened already: what they read must be as if it had been kept all the time.
 */
static void
test_counters(void)
{
	static const char *const bodies[] = {
		"{\"rules\":[{\"rule\":\"max_holders\",\"count\":5,\"by\":\"country\"}]}",
		"{\"rules\":[{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"kyc\",\"max\":"
		"9000},"
		"{\"rule\":\"max_holders\",\"count\":5},{\"rule\":\"max_holders\",\"count\":5,\"by\":"
		"\"class\"},"
		"{\"rule\":\"ownership_by_claim\",\"by\":\"topic\",\"value\":\"aml\",\"max\":9000}]}",
		"{\"rules\":[{\"rule\":\"volume_limit\",\"seconds\":60,\"amount\":\"9\"},"
		"{\"rule\":\"offer_limits\",\"seconds\":60,\"max_persons\":2,\"max_total\":\"9\"}]}"};
	static const unsigned expected[] = {STO_RULE_FOLD_TOTALS, 0,
										STO_RULE_FOLD_FLOWS | STO_RULE_FOLD_ISSUES};
	int64_t now = 1000000 * SECOND;
	int wrong = 0;
	unsigned missing;

	begin();
	for (int i = 0; i < MOVES; i++)
	{
		StoRuleEntry entry;

		if (i % 1000 == 500 && i < 3000)
		{
			CHECK(set_rules(bodies[i / 1000], now, &missing));
			CHECK(missing == expected[i / 1000]);
			CHECK(tell_past(missing));
		}
		if (i % 700 == 699)
			CHECK(save_and_load());
		random_fact();
		now += rand() % 3 * SECOND;
		entry = random_move(now);
		if (!sto_rule_fold_entry(fold, &entry))
			CHECK_AS(false, "an entry is folded");
		world.moves[world.count++] = entry;
		if (i > 500)
		{
			/* flows and issues are looked at once they are kept */
			if (i > 2500)
				wrong += !counters_are_right(now);
			else
				for (uint32_t j = 1; j <= fold->groups.count; j++)
					wrong += !group_is_right(FOLD_ROW(fold, groups, j));
		}
	}
	CHECK(wrong == 0);
	CHECK(fold->groups.count >= 9);
	sto_rule_fold_free(fold);
}

static void
test_in_force(void)
{
	const StoRuleSet *set;
	unsigned missing;

	begin();
	CHECK(sto_rule_fold_in_force(fold, token, 100, &set) == 0 && set == NULL);
	CHECK(set_rules("{\"rules\":[]}", 100, &missing) && missing == 0);
	CHECK(set_rules("{\"rules\":[{\"rule\":\"opt_in\"}],\"from\":500}", 110, &missing));
	CHECK(set_rules("{\"rules\":[{\"rule\":\"opt_in\"}],\"from\":90}", 120, &missing));
	CHECK(set_rules("{\"rules\":[],\"from\":500}", 130, &missing));
	CHECK(sto_rule_fold_in_force(fold, token, 99, &set) == 0 && set == NULL);
	CHECK(sto_rule_fold_in_force(fold, token, 100, &set) == 1 && set->count == 0);
	CHECK(sto_rule_fold_in_force(fold, token, 119, &set) == 1);
	CHECK_AS(sto_rule_fold_in_force(fold, token, 120, &set) == 3 && set->count == 1,
			 "a set takes effect when it is recorded, at the earliest");
	CHECK(sto_rule_fold_in_force(fold, token, 499, &set) == 3);
	CHECK_AS(sto_rule_fold_in_force(fold, token, 500, &set) == 4 && set->count == 0,
			 "of two that take effect together the newer rules");
	CHECK(sto_rule_fold_in_force(fold, token, 99, &set) == 0);
	CHECK(save_and_load() && sto_rule_fold_in_force(fold, token, 499, &set) == 3 &&
		  set->count == 1);
	CHECK(!set_rules("{\"rules\":[{\"rule\":\"nonsense\"}]}", 140, &missing));
	CHECK(sto_rule_fold_in_force(fold, token, 600, &set) == 4);
	sto_rule_fold_free(fold);
}

static int
ask(StoRuleEntry entry)
{
	StoRuleOutcome outcome;
	const StoRuleSet *set;
	StoRuleAnswer answer;

	(void) sto_rule_fold_in_force(fold, token, entry.move.posted_at, &set);
	answer = sto_rule_fold_ask(fold, &entry, set, NULL, NULL, &outcome);
	return answer == STO_RULES_PASS ? outcome.approval_count : -1;
}

static void
test_approvals(void)
{
	StoRuleApproval approval = {.by = 0, .amount = 10, .uses = 2};
	int64_t first;
	unsigned missing;

	begin();
	CHECK(set_rules("{\"rules\":[{\"rule\":\"approval\"}]}", 0, &missing));
	CHECK_AS(ask(entry_of(STO_TRANSFER, 4, 6, 5, 10)) == -1, "nobody approved");
	first = approval.event = ++next_id;
	approval.token = token;
	approval.by = parties[0];
	approval.sender = parties[2];
	CHECK(sto_rule_fold_approval(fold, &approval));
	approval.event = ++next_id;
	approval.sender = 0;
	approval.exact = true;
	approval.uses = 1;
	approval.period.has_to = true;
	approval.period.to = 50;
	CHECK(sto_rule_fold_approval(fold, &approval));
	CHECK_AS(ask(entry_of(STO_TRANSFER, 6, 4, 5, 10)) == -1, "only the whole amount was approved");
	CHECK_AS(ask(entry_of(STO_TRANSFER, 6, 4, 10, 50)) == -1, "not any more");
	CHECK_AS(ask(entry_of(STO_HOLD, 4, 6, 10, 10)) == 0, "a hold takes no use");
	CHECK_AS(ask(entry_of(STO_FORCE, 4, 6, 10, 10)) == 0, "nor does what is enforced");
	CHECK_AS(ask(entry_of(STO_TRANSFER, 4, 5, 10, 10)) == 0, "nor a move within a party");
	CHECK_AS(ask(entry_of(STO_TRANSFER, 4, 6, 10, 10)) == 1, "the first use");
	CHECK(((FoldApproval *) FOLD_ROW(fold, approvals, 1))->uses_left == 1);
	sto_rule_fold_approval_revoke(fold, ++next_id, first);
	CHECK_AS(ask(entry_of(STO_TRANSFER, 4, 6, 5, 10)) == -1, "the approval was revoked");
	CHECK_AS(ask(entry_of(STO_TRANSFER, 4, 6, 10, 10)) == 1, "the other one's only use");
	CHECK_AS(ask(entry_of(STO_TRANSFER, 4, 6, 10, 10)) == -1, "none is left");
	approval.event = ++next_id;
	CHECK(sto_rule_fold_approval(fold, &approval));
	CHECK_AS(ask(entry_of(STO_TRANSFER, 4, 6, 10, 10)) == 1, "one more");
	sto_rule_fold_free(fold);
}

static void
test_statements(void)
{
	static const char *const fields[] = {"name", "address"};
	static const StoRulePeriod period = {.has_from = true, .has_to = true, .from = 20, .to = 30};
	static const uint8_t commitment[STO_DIGEST_LEN];
	StoRuleTravel travel = {
		.event = 1, .count = 2, .fields = fields, .commitment = commitment, .period = period};
	StoRuleEntry entry;
	unsigned missing;

	begin();
	CHECK(set_rules(
		"{\"rules\":[{\"rule\":\"opt_in\",\"kinds\":[\"transfer\"]},"
		"{\"rule\":\"party_list\",\"list\":\"insiders\",\"mode\":\"deny\"},"
		"{\"rule\":\"travel_rule\",\"threshold\":\"10\",\"originator\":[\"name\"],\"beneficiary\":["
		"\"address\"]},"
		"{\"rule\":\"investor_class\",\"classes\":[\"professional\"],\"kinds\":[\"issue\"]},"
		"{\"rule\":\"country_deny\",\"countries\":[\"DE\"],\"by\":\"incorporation\"}]}",
		0, &missing));
	entry = entry_of(STO_TRANSFER, 2, 4, 1, 25);
	CHECK_AS(ask(entry) == -1, "the receiver has not affirmed");
	CHECK(sto_rule_fold_opt_in(fold, ++next_id, token, parties[2], true) && ask(entry) == 0);
	CHECK(sto_rule_fold_listed(fold, ++next_id, token, "insiders", parties[2], true) &&
		  ask(entry) == -1);
	CHECK(sto_rule_fold_listed(fold, ++next_id, token, "insiders", parties[2], false) &&
		  ask(entry) == 0);
	entry.move.amount = 10;
	CHECK_AS(ask(entry) == -1, "travel data are missing");
	travel.party = parties[1];
	CHECK(sto_rule_fold_travel(fold, &travel) && ask(entry) == -1);
	travel.party = parties[2];
	CHECK(sto_rule_fold_travel(fold, &travel) && ask(entry) == 0);
	entry.move.posted_at = 30;
	CHECK_AS(ask(entry) == -1, "they have ended");
	entry.move.posted_at = 29;
	CHECK(ask(entry) == 0);
	sto_rule_fold_travel_withdraw(fold, ++next_id, parties[2]);
	CHECK_AS(ask(entry) == -1, "they were withdrawn");
	entry.move.amount = 1;
	CHECK(sto_rule_fold_country(fold, ++next_id, parties[2], "DE", NULL) && ask(entry) == 0);
	CHECK(sto_rule_fold_country(fold, ++next_id, parties[2], NULL, "DE") && ask(entry) == -1);
	entry = entry_of(STO_ISSUE, -1, 6, 1, 25);
	CHECK_AS(ask(entry) == -1, "no class was stated");
	CHECK(sto_rule_fold_class(fold, ++next_id, parties[3], 0, STO_CLASS_PROFESSIONAL, &period) &&
		  ask(entry) == 0);
	entry.move.posted_at = 30;
	CHECK_AS(ask(entry) == -1, "the class has ended");
	entry.move.posted_at = 29;
	CHECK(sto_rule_fold_class(fold, ++next_id, parties[3], token, STO_CLASS_RETAIL, &period) &&
		  ask(entry) == -1);
	sto_rule_fold_free(fold);
}

int
main(void)
{
	srand(42);
	test_counters();
	test_in_force();
	test_approvals();
	test_statements();
	free(saved.data);
	return check_done("rule_fold");
}
