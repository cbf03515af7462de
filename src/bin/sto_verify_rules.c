/*
 * sto_verify_rules.c
 *		The rows of the derived tables about rules and what they read, as the fold
 *		gives them.
 */
#include "bin/sto_verify_tables.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void
add_period(Values *v, const StoRulePeriod *period)
{
	values_time(v, period->has_from, period->from);
	values_time(v, period->has_to, period->to);
}

/* sto.rule_set */

static bool
next_rule_set(const StoReplay *replay, size_t *at, Values *v)
{
	static StoRuleSetRow row; /* values point into it */

	if (!sto_rule_fold_next_set(sto_replay_rules(replay), at, &row))
		return false;
	values_begin(v);
	values_number(v, true, row.set_by);
	values_time(v, true, row.effective);
	values_octets(v, true, row.token_id, STO_UUID_LEN);
	values_bool(v, row.record_refusals);
	values_octets(v, true, row.body, row.len);
	values_name_number(v, "rule set", row.set_by);
	return true;
}

/* sto.party_list */

static void
fill_listed(const StoRuleListedRow *row, Values *v)
{
	values_begin(v);
	values_octets(v, true, row->token_id, STO_UUID_LEN);
	values_text(v, row->list);
	values_octets(v, true, row->party_id, STO_UUID_LEN);
	values_number(v, true, row->set_by);
	values_bool(v, row->listed);
	values_name_number(v, "place on a list, event", row->set_by);
}

static bool
find_listed(const StoReplay *replay, const Cursor *at, Values *v)
{
	static StoRuleListedRow row;
	const uint8_t *token = cursor_octets(at, 0, STO_UUID_LEN);
	const uint8_t *party = cursor_octets(at, 2, STO_UUID_LEN);
	char list[STO_RULE_NAME_MAX + 1];

	if (token == NULL || party == NULL || !values_read_text(at, 1, list, sizeof(list)) ||
		!sto_rule_fold_find_listed_row(sto_replay_rules(replay), token, list, party, &row))
		return false;
	fill_listed(&row, v);
	return true;
}

static bool
next_listed(const StoReplay *replay, size_t *at, Values *v)
{
	static StoRuleListedRow row;

	if (!sto_rule_fold_next_listed(sto_replay_rules(replay), at, &row))
		return false;
	fill_listed(&row, v);
	return true;
}

/* sto.opt_in */

static void
fill_opt_in(const StoRuleHoldingRow *row, Values *v)
{
	values_begin(v);
	values_octets(v, true, row->party_id, STO_UUID_LEN);
	values_octets(v, true, row->token_id, STO_UUID_LEN);
	values_number(v, true, row->opt_in);
	values_bool(v, row->affirmed);
	values_name_number(v, "event", row->opt_in);
}

/* What the fold has of the token in that column and the party in the other. */
static bool
find_holding_row(const StoReplay *replay, const Cursor *at, int token, int party,
				 StoRuleHoldingRow *row)
{
	const uint8_t *token_id = cursor_octets(at, token, STO_UUID_LEN);
	const uint8_t *party_id = cursor_octets(at, party, STO_UUID_LEN);

	return token_id != NULL && party_id != NULL &&
		   sto_rule_fold_find_holding_row(sto_replay_rules(replay), token_id, party_id, row);
}

static bool
find_opt_in(const StoReplay *replay, const Cursor *at, Values *v)
{
	static StoRuleHoldingRow row;

	if (!find_holding_row(replay, at, 1, 0, &row) || row.opt_in == 0)
		return false;
	fill_opt_in(&row, v);
	return true;
}

static bool
next_opt_in(const StoReplay *replay, size_t *at, Values *v)
{
	static StoRuleHoldingRow row;

	do
		if (!sto_rule_fold_next_holding(sto_replay_rules(replay), at, &row))
			return false;
	while (row.opt_in == 0);
	fill_opt_in(&row, v);
	return true;
}

/* sto.travel_data: fields as an array's text; names have no letter that it would quote */

static void
print_fields(const StoRuleTravelRow *row, char *out, size_t size)
{
	size_t len = (size_t) snprintf(out, size, "{");

	for (int i = 0; i < row->count && len < size; i++)
	{
		bool is_null = strcasecmp(row->fields[i], "null") == 0;

		len += (size_t) snprintf(out + len, size - len, "%s%s%s%s", i > 0 ? "," : "",
								 is_null ? "\"" : "", row->fields[i], is_null ? "\"" : "");
	}
	if (len < size)
		snprintf(out + len, size - len, "}");
}

static bool
next_travel_data(const StoReplay *replay, size_t *at, Values *v)
{
	static StoRuleTravelRow row;
	static char fields[STO_RULE_ITEMS_MAX * (STO_RULE_NAME_MAX + 1) + 3];

	if (!sto_rule_fold_next_travel(sto_replay_rules(replay), at, &row))
		return false;
	print_fields(&row, fields, sizeof(fields));
	values_begin(v);
	values_number(v, true, row.event);
	values_number(v, row.withdrawn != 0, row.withdrawn);
	add_period(v, &row.period);
	values_octets(v, true, row.party_id, STO_UUID_LEN);
	values_octets(v, true, row.commitment, STO_DIGEST_LEN);
	values_text(v, fields);
	values_name_number(v, "travel data", row.event);
	return true;
}

/* sto.transfer_approval */

static bool
next_approval(const StoReplay *replay, size_t *at, Values *v)
{
	static const uint8_t nil[STO_UUID_LEN];
	static StoRuleApprovalRow row;

	if (!sto_rule_fold_next_approval(sto_replay_rules(replay), at, &row))
		return false;
	values_begin(v);
	values_number(v, true, row.approval);
	values_number(v, row.revoked != 0, row.revoked);
	values_number(v, true, row.uses);
	values_number(v, true, row.uses_left);
	add_period(v, &row.period);
	values_amount(v, true, row.amount);
	values_octets(v, true, row.token_id, STO_UUID_LEN);
	values_octets(v, true, row.approver, STO_UUID_LEN);
	values_octets(v, true, row.sender != NULL ? row.sender : nil, STO_UUID_LEN);
	values_octets(v, true, row.receiver != NULL ? row.receiver : nil, STO_UUID_LEN);
	values_bool(v, row.exact);
	values_name_number(v, "approval", row.approval);
	return true;
}

/* sto.override */

static void
fill_override(const StoReplayOverride *row, Values *v)
{
	values_begin(v);
	values_number(v, true, row->entry_id);
	values_number(v, true, row->number);
	values_number(v, true, row->code);
	values_text(v, sto_rule_name(row->code));
	values_text(v, row->label);
	values_text(v, row->detail);
	values_name_number(v, "override of entry", row->entry_id);
}

static bool
find_override(const StoReplay *replay, const Cursor *at, Values *v)
{
	static StoReplayOverride row;

	if (cursor_null(at, 0) || cursor_null(at, 1) ||
		!sto_replay_find_override(replay, cursor_number(at, 0), cursor_number(at, 1), &row))
		return false;
	fill_override(&row, v);
	return true;
}

static bool
next_override(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayOverride row;

	if (!sto_replay_override(replay, at, &row))
		return false;
	fill_override(&row, v);
	return true;
}

/*
 * sto.holding: a row is made when it is first needed, from the positions, and its
 * time moves on with entries that change the total.
 */

static bool
find_holding(const StoReplay *replay, const Cursor *at, Values *v)
{
	static StoReplayHolding row;
	const uint8_t *token_id = cursor_octets(at, 0, STO_UUID_LEN);
	const uint8_t *party_id = cursor_octets(at, 1, STO_UUID_LEN);
	int64_t posted_at = cursor_time(at, 4);
	StoRuleHoldingRow kept;

	if (token_id == NULL || party_id == NULL ||
		!sto_replay_find_holding(replay, token_id, party_id, &row))
		return false;
	/* whom a hold names as its beneficiary has a row, though he never had any of the token */
	if (!find_holding_row(replay, at, 0, 1, &kept))
		kept.posted_at = 0;
	if (posted_at < kept.posted_at || posted_at > row.posted_at)
		posted_at = row.posted_at;
	values_begin(v);
	values_octets(v, true, row.token_id, STO_UUID_LEN);
	values_octets(v, true, row.party_id, STO_UUID_LEN);
	values_amount(v, true, row.total);
	values_amount(v, true, row.outflow);
	values_time(v, true, posted_at);
	values_name_uuid(v, "holding of party", row.party_id);
	return true;
}

/* sto.holder_group: one that has nobody may have no row; not of all are the units added up */

static void
fill_group(const StoRuleGroupRow *row, Values *v)
{
	values_begin(v);
	v->optional = row->holders == 0 && (!row->has_units || row->units == 0);
	values_octets(v, true, row->token_id, STO_UUID_LEN);
	values_text(v, sto_by_name(row->by));
	values_text(v, row->value);
	values_number(v, true, row->holders);
	values_amount(v, row->has_units, row->units);
	values_name_uuid(v, "group of holders of token", row->token_id);
}

static bool
find_group(const StoReplay *replay, const Cursor *at, Values *v)
{
	static StoRuleGroupRow row;
	const uint8_t *token_id = cursor_octets(at, 0, STO_UUID_LEN);
	char by[16];
	char value[STO_RULE_NAME_MAX + 1];

	if (token_id == NULL || !values_read_text(at, 1, by, sizeof(by)) ||
		!values_read_text(at, 2, value, sizeof(value)) ||
		!sto_rule_fold_find_group_row(sto_replay_rules(replay), token_id, by, value, &row))
		return false;
	fill_group(&row, v);
	return true;
}

static bool
next_group(const StoReplay *replay, size_t *at, Values *v)
{
	static StoRuleGroupRow row;

	if (!sto_rule_fold_next_group(sto_replay_rules(replay), at, &row))
		return false;
	fill_group(&row, v);
	return true;
}

/* sto.flow */

static void
fill_flow(const StoReplayFlow *row, Values *v)
{
	values_begin(v);
	values_octets(v, true, row->token_id, STO_UUID_LEN);
	values_octets(v, true, row->wallet, STO_ADDRESS_LEN);
	values_number(v, true, row->seq);
	values_time(v, true, row->posted_at);
	values_amount(v, true, row->outflow);
	values_name_number(v, "outflow until sequence", row->seq);
}

static bool
find_flow(const StoReplay *replay, const Cursor *at, Values *v)
{
	static StoReplayFlow row;
	const uint8_t *token_id = cursor_octets(at, 0, STO_UUID_LEN);
	const uint8_t *wallet = cursor_octets(at, 1, STO_ADDRESS_LEN);

	if (token_id == NULL || wallet == NULL ||
		!sto_replay_find_flow(replay, wallet, token_id, cursor_number(at, 2), &row))
		return false;
	fill_flow(&row, v);
	return true;
}

static bool
next_flow(const StoReplay *replay, size_t *at, Values *v)
{
	static StoReplayFlow row;

	if (!sto_replay_flow(replay, at, &row))
		return false;
	fill_flow(&row, v);
	return true;
}

/* sto.issued */

static void
fill_issued(const StoRuleHoldingRow *row, Values *v)
{
	values_begin(v);
	values_octets(v, true, row->token_id, STO_UUID_LEN);
	values_octets(v, true, row->party_id, STO_UUID_LEN);
	values_time(v, true, row->issued_at);
	values_name_uuid(v, "last issue to party", row->party_id);
}

static bool
find_issued(const StoReplay *replay, const Cursor *at, Values *v)
{
	static StoRuleHoldingRow row;

	if (!find_holding_row(replay, at, 0, 1, &row) || row.issued == 0)
		return false;
	fill_issued(&row, v);
	return true;
}

static bool
next_issued(const StoReplay *replay, size_t *at, Values *v)
{
	static StoRuleHoldingRow row;

	do
		if (!sto_rule_fold_next_holding(sto_replay_rules(replay), at, &row))
			return false;
	while (row.issued == 0);
	fill_issued(&row, v);
	return true;
}

/* sto.look_through and its owners */

static void
fill_look(const StoRuleLookRow *row, Values *v)
{
	values_begin(v);
	values_octets(v, true, row->token_id, STO_UUID_LEN);
	values_octets(v, true, row->wallet, STO_ADDRESS_LEN);
	values_octets(v, true, row->party_id, STO_UUID_LEN);
	values_number(v, true, row->set_by);
	values_time(v, true, row->stated_at);
	values_number(v, true, row->seq);
	values_amount(v, true, row->units);
	values_name_number(v, "look-through, event", row->set_by);
}

static bool
find_look(const StoReplay *replay, const Cursor *at, Values *v)
{
	static StoRuleLookRow row;
	const uint8_t *token_id = cursor_octets(at, 0, STO_UUID_LEN);
	const uint8_t *wallet = cursor_octets(at, 1, STO_ADDRESS_LEN);

	if (token_id == NULL || wallet == NULL ||
		!sto_rule_fold_find_look_row(sto_replay_rules(replay), token_id, wallet, &row))
		return false;
	fill_look(&row, v);
	return true;
}

static bool
next_look(const StoReplay *replay, size_t *at, Values *v)
{
	static StoRuleLookRow row;

	if (!sto_rule_fold_next_look(sto_replay_rules(replay), at, &row))
		return false;
	fill_look(&row, v);
	return true;
}

static void
fill_owner(const StoRuleOwnerRow *row, Values *v)
{
	values_begin(v);
	values_octets(v, true, row->token_id, STO_UUID_LEN);
	values_octets(v, true, row->wallet, STO_ADDRESS_LEN);
	values_octets(v, true, row->party_id, STO_UUID_LEN);
	values_amount(v, true, row->units);
	values_name_uuid(v, "units by look-through of party", row->party_id);
}

static bool
find_owner(const StoReplay *replay, const Cursor *at, Values *v)
{
	static StoRuleOwnerRow row;
	const uint8_t *token_id = cursor_octets(at, 0, STO_UUID_LEN);
	const uint8_t *wallet = cursor_octets(at, 1, STO_ADDRESS_LEN);
	const uint8_t *party_id = cursor_octets(at, 2, STO_UUID_LEN);

	if (token_id == NULL || wallet == NULL || party_id == NULL ||
		!sto_rule_fold_find_owner_row(sto_replay_rules(replay), token_id, wallet, party_id, &row))
		return false;
	fill_owner(&row, v);
	return true;
}

static bool
next_owner(const StoReplay *replay, size_t *at, Values *v)
{
	static StoRuleOwnerRow row;

	if (!sto_rule_fold_next_owner(sto_replay_rules(replay), at, &row))
		return false;
	fill_owner(&row, v);
	return true;
}

const Table rule_tables[] = {
	{"sto.rule_set", "set_by, effective, token_id, record_refusals, body", "set_by", NULL,
	 next_rule_set},
	{"sto.party_list", "token_id, list, party_id, set_by, listed", NULL, find_listed, next_listed},
	{"sto.opt_in", "party_id, token_id, set_by, affirmed", NULL, find_opt_in, next_opt_in},
	{"sto.travel_data",
	 "set_by, withdrawn, valid_from, valid_to, party_id, commitment, fields::text", "set_by", NULL,
	 next_travel_data},
	{"sto.transfer_approval",
	 "approval, revoked, uses, uses_left, valid_from, valid_to, amount, token_id, approver, "
	 "sender, receiver, exact",
	 "approval", NULL, next_approval},
	{"sto.override", "entry_id, number::bigint, code::bigint, rule, label, detail", NULL,
	 find_override, next_override},
	{"sto.holding", "token_id, party_id, total, outflow, posted_at", NULL, find_holding, NULL},
	{"sto.holder_group", "token_id, by, value, holders, units", NULL, find_group, next_group},
	{"sto.flow", "token_id, wallet, seq, posted_at, outflow", NULL, find_flow, next_flow},
	{"sto.issued", "token_id, party_id, posted_at", NULL, find_issued, next_issued},
	{"sto.look_through", "token_id, wallet, party_id, set_by, stated_at, seq, units", NULL,
	 find_look, next_look},
	{"sto.look_through_owner", "token_id, wallet, party_id, units", NULL, find_owner, next_owner},
	{NULL, NULL, NULL, NULL, NULL},
};
