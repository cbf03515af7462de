/*
 * test_rule_model.c
 *		Random rule sets, read and asked here and by docs/clients/sto_rules.py, which
 *		shares no code with this: what one accepts, refuses or lets pass, the other does.
 *
 * test/tools/rule_cases.py makes the cases; its text says what each line means.
 */
#define _GNU_SOURCE
#include "rule_fixture.h"

#define CASES "2000"
#define FOUND_MAX STO_RULES_MAX

/* A finding as a case states it, and as it was reported. */
typedef struct Found
{
	int number;
	int code;
	char subject; /* '-': none */
} Found;

typedef struct Case
{
	World world;
	StoRuleMove move;
	char *body;
	bool refused;
	int found_count;
	Found found[FOUND_MAX];
	int reported_count;
	Found reported[FOUND_MAX];
	long long passing; /* of the first */
	long long largest;
	char names[FACTS_MAX][8]; /* texts of known things */
	int name_count;
} Case;

static int cases;
static int refused;
static int failing;
static int wrong;

static void
note(void *context, const StoRuleFinding *finding)
{
	Case *c = context;

	if (c->reported_count == 0)
		c->passing = (long long) finding->passing;
	c->reported[c->reported_count++] =
		(Found){finding->number, (int) finding->code,
				finding->has_subject ? (char) finding->subject[0] : '-'};
}

/*
 * Where the model names a party the finding does too; a finding may name one where the
 * fault is nobody's.
 */
static bool
is_same(const Case *c)
{
	if (c->reported_count != c->found_count)
		return false;
	for (int i = 0; i < c->found_count; i++)
		if (c->found[i].number != c->reported[i].number ||
			c->found[i].code != c->reported[i].code ||
			c->found[i].subject != c->reported[i].subject)
			return false;
	return true;
}

static void
judge(Case *c)
{
	char why[STO_RULE_WHY_MAX] = "";
	StoRuleSet *set = sto_rules_parse(c->body, strlen(c->body), why);
	StoRuleFacts facts = facts_of(&c->world);
	StoRuleOutcome outcome;
	StoAmount largest = -1;
	bool good = (set == NULL) == c->refused;

	cases++;
	refused += c->refused;
	if (good && set != NULL)
	{
		sto_rules_evaluate(set, &c->move, &facts, note, c, &outcome);
		sto_rules_largest(set, &c->move, &facts, &largest);
		failing += c->found_count;
		good = is_same(c) && largest == c->largest &&
			   (set->count != 1 || c->reported_count == 0 || c->passing == c->largest);
	}
	if (!good && wrong++ < 5)
	{
		printf("# %s\n# %s; found %d, expected %d; largest %lld, expected %lld\n", c->body, why,
			   c->reported_count, c->found_count, (long long) largest, c->largest);
		for (int i = 0; i < c->reported_count; i++)
			printf("# found %d %d %c\n", c->reported[i].number, c->reported[i].code,
				   c->reported[i].subject);
	}
	sto_rules_free(set);
	free(c->body);
	memset(c, 0, sizeof(*c));
}

/* Fields of a line, separated by spaces; "-" is nothing. */
static char *
field(void)
{
	char *text = strtok(NULL, " ");

	return text == NULL ? "" : text;
}

static char
letter_field(void)
{
	char *text = field();

	return text[0] == '-' ? 0 : text[0];
}

static long long
number_field(void)
{
	return strtoll(field(), NULL, 10);
}

static bool
optional_field(int64_t *out)
{
	char *text = field();

	*out = strtoll(text, NULL, 10);
	return strcmp(text, "-") != 0;
}

static void
read_known(Case *c, KnownList *list)
{
	char party = letter_field();
	char *name = c->names[c->name_count++ % FACTS_MAX];

	snprintf(name, sizeof(c->names[0]), "%s", field());
	know(list, party, name, 0, 0);
}

static void
read_amount_at(KnownList *list)
{
	char party = letter_field();
	int64_t at = number_field();

	know(list, party, "", at, number_field());
}

static void
read_class(Case *c)
{
	StoRuleClassified *stated = &c->world.classified[letter_field() - 'A'];
	char *name = field();

	sto_class_from_name(name, strlen(name), &stated->klass);
	stated->has_from = optional_field(&stated->from);
	stated->has_to = optional_field(&stated->to);
}

static void
read_approval(World *w)
{
	Approved *a = &w->approvals[w->approval_count++];

	a->id = number_field();
	a->by = letter_field();
	a->sender = letter_field();
	a->receiver = letter_field();
	a->amount = number_field();
	a->exact = number_field() != 0;
}

static void
read_move(StoRuleMove *m)
{
	StoKind kind = (StoKind) number_field();
	char sender = letter_field();
	char receiver = letter_field();
	char notary;

	*m = move_of(kind, sender, receiver, number_field());
	m->posted_at = number_field();
	memset(m->posted_by, letter_field(), STO_UUID_LEN);
	memset(m->ordering_party, letter_field(), STO_UUID_LEN);
	notary = letter_field();
	m->has_notary = notary != 0;
	memset(m->notary, notary, STO_UUID_LEN);
	m->has_attachment = number_field() != 0;
}

static void
read_found(Case *c)
{
	Found *found = &c->found[c->found_count++ % FOUND_MAX];

	found->number = (int) number_field();
	found->code = (int) number_field();
	found->subject = field()[0];
}

static void
read_place(char places[PARTIES][2])
{
	char *place = places[letter_field() - 'A'];

	memcpy(place, field(), 2);
}

static bool
read_fact(Case *c, const char *word)
{
	World *w = &c->world;

	if (strcmp(word, "total") == 0)
	{
		char party = letter_field();

		w->total[party - 'A'] = number_field();
	}
	else if (strcmp(word, "residence") == 0)
		read_place(w->residence);
	else if (strcmp(word, "incorporation") == 0)
		read_place(w->incorporation);
	else if (strcmp(word, "class") == 0)
		read_class(c);
	else if (strcmp(word, "topics") == 0)
		read_known(c, &w->topics);
	else if (strcmp(word, "listed") == 0)
		read_known(c, &w->listed);
	else if (strcmp(word, "travel") == 0)
		read_known(c, &w->travel);
	else if (strcmp(word, "opted_in") == 0)
		w->opted_in[letter_field() - 'A'] = true;
	else if (strcmp(word, "outflows") == 0)
		read_amount_at(&w->outflows);
	else if (strcmp(word, "issues") == 0)
		read_amount_at(&w->issues);
	else if (strcmp(word, "approval") == 0)
		read_approval(w);
	else if (strcmp(word, "omnibus") == 0)
	{
		w->omnibus = letter_field();
		w->stated_at = number_field();
	}
	else if (strcmp(word, "custom") == 0)
		w->custom = "no";
	else
		return false;
	return true;
}

static void
read_line(Case *c, char *line)
{
	char *word = strtok(line, " ");

	if (strcmp(word, "body") == 0)
		c->body = strdup(line + strlen("body "));
	else if (strcmp(word, "refused") == 0)
		c->refused = true;
	else if (strcmp(word, "move") == 0)
		read_move(&c->move);
	else if (strcmp(word, "fails") == 0)
		read_found(c);
	else if (strcmp(word, "largest") == 0)
		c->largest = number_field();
	else if (strcmp(word, "end") == 0)
		judge(c);
	else if (!read_fact(c, word))
		CHECK_AS(false, "a line of another sort: %s", word);
}

int
main(void)
{
	static Case c;
	FILE *made = popen("test/tools/rule_cases.py " CASES, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while (made != NULL && (len = getline(&line, &size, made)) > 0)
	{
		line[len - 1] = '\0';
		read_line(&c, line);
	}
	free(line);
	CHECK(made != NULL && pclose(made) == 0);
	CHECK_AS(cases == atoi(CASES) && wrong == 0,
			 "%d cases, %d of them refused, %d rules that fail: %d not as the model says", cases,
			 refused, failing, wrong);
	CHECK_AS(refused > 300 && failing > 300, "enough of both");
	return check_done("rules as their model says");
}
