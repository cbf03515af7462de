/*
 * fuzz_rules.c
 *		Any octets as the body of a rule set; and what is read, asked about an entry.
 *
 * The first 16 octets choose the register and the entry, the rest is the body.
 */
#include "rule_fixture.h"

#include <stdint.h>

#define SEED_LEN 16

static void
expect(bool good)
{
	if (!good)
		abort();
}

static char
letter(uint8_t octet)
{
	return (char) ('A' + octet % 4);
}

static void
make_world(World *w, const uint8_t *seed)
{
	for (int i = 0; i < 4; i++)
	{
		w->total[i] = seed[i];
		w->classified[i].klass = (StoClass) (seed[i + 4] % STO_CLASSES);
		w->opted_in[i] = seed[i + 4] % 5 != 0;
		memcpy(w->residence[i], seed[i + 4] % 2 == 0 ? "US" : "KZ", 2);
		know(&w->topics, letter(seed[i]), "t", 0, 0);
		know(&w->listed, letter(seed[i + 4]), "l", 0, 0);
		know(&w->outflows, (char) ('A' + i), "", NOON - seed[i] * SECOND, seed[i + 4]);
		know(&w->issues, (char) ('A' + i), "", NOON - seed[i] * SECOND, seed[i + 4]);
		w->approvals[w->approval_count++] =
			(Approved){i + 1, ISSUER, 0, 0, 1 + seed[i], seed[i + 4] % 2 == 0};
	}
}

/* What fails names an amount below the entry's, and is said in full; the largest amount passes. */
static void
ask_about(const StoRuleSet *set, World *w, StoRuleMove m)
{
	StoRuleFacts facts = facts_of(w);
	StoRuleOutcome outcome;
	StoAmount largest;
	Said said;
	bool fails = answer(w, set, &m, &said, &outcome) == STO_RULES_FAIL;

	expect(fails == (said.count > 0) && outcome.failing == said.count);
	expect(!fails || (said.passing >= 0 && said.passing < m.amount && said.detail[0] != '\0'));
	expect((sto_rules_evaluate(set, &m, &facts, NULL, NULL, &outcome) == STO_RULES_FAIL) == fails);
	expect(sto_rules_largest(set, &m, &facts, &largest) && largest >= 0 && largest <= m.amount);
	expect((largest == m.amount) == !fails);
	m.amount = largest;
	expect(largest == 0 ||
		   sto_rules_evaluate(set, &m, &facts, NULL, NULL, &outcome) == STO_RULES_PASS);
}

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const StoKind kinds[] = {STO_ISSUE, STO_REDEEM, STO_TRANSFER,
									STO_HOLD,  STO_POST,   STO_FORCE};
	char why[STO_RULE_WHY_MAX] = "";
	StoRuleSet *set;
	StoRuleNeeds needs;
	StoKind kind;
	World w = {.custom = "no"};

	if (size < SEED_LEN)
		return 0;
	set = sto_rules_parse((const char *) data + SEED_LEN, size - SEED_LEN, why);
	expect((set == NULL) == (why[0] != '\0'));
	if (set == NULL)
		return 0;
	make_world(&w, data);
	sto_rules_needs(set, &needs);
	kind = kinds[data[8] % 6];
	ask_about(
		set, &w,
		move_of(kind, kind == STO_ISSUE ? 0 : letter(data[9]),
				kind == STO_REDEEM || (kind == STO_HOLD && data[10] > 127) ? 0 : letter(data[10]),
				1 + data[11]));
	sto_rules_free(set);
	return 0;
}
