/*
 * catalog.c
 *		Object ids of the extension's own tables, indexes and sequence.
 */
#include "postgres.h"

#include "compat.h"
#include "ledger/catalog.h"
#include "ledger/columns.h"
#include "ledger/private.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

static const char *const rel_names[STO_REL_COUNT] = {
	[STO_REL_EVENT] = "event",
	[STO_REL_TRANSFER] = "transfer",
	[STO_REL_WRITER] = "writer",
	[STO_REL_SUBJECT] = "subject",
	[STO_REL_LEDGER] = "ledger",
	[STO_REL_KEY_POLICY] = "key_policy",
	[STO_REL_PUBLIC_KEY] = "key",
	[STO_REL_PARTY] = "party",
	[STO_REL_CAPABILITY] = "capability",
	[STO_REL_WALLET] = "wallet",
	[STO_REL_TOKEN] = "token",
	[STO_REL_BATCH] = "batch",
	[STO_REL_POSITION] = "position",
	[STO_REL_HOLD] = "hold",
	[STO_REL_MEMBER] = "member",
	[STO_REL_SEQUENCE] = "entry_id_seq",
	[STO_REL_BLOCK] = "block",
	[STO_REL_TILE] = "tile",
	[STO_REL_CHECKPOINT] = "checkpoint",
	[STO_REL_COSIGNATURE] = "cosignature",
	[STO_REL_TIME_STAMP] = "time_stamp",
	[STO_REL_FOREIGN] = "foreign_checkpoint",
	[STO_REL_LOG_KEY] = "log_key",
	[STO_REL_WITNESS] = "witness",
	[STO_REL_WITNESS_POLICY] = "witness_policy",
	[STO_REL_TIME_AUTHORITY] = "time_authority",
	[STO_REL_LOG_RESTART] = "log_restart",
	[STO_REL_CLOSE] = "close",
	[STO_REL_CLASSIFICATION] = "classification",
	[STO_REL_MANDATE] = "mandate",
	[STO_REL_BENEFICIAL_OWNER] = "beneficial_owner",
	[STO_REL_PARTY_MEMBERS] = "party_members",
	[STO_REL_CLAIM] = "claim",
	[STO_REL_REQUIRED] = "token_topics",
	[STO_REL_TRUSTED] = "trusted_issuer",
	[STO_REL_DOCUMENT] = "document",
	[STO_REL_ACKNOWLEDGEMENT] = "acknowledgement",
	[STO_REL_FOUR_EYES] = "four_eyes",
	[STO_REL_PROPOSAL] = "proposal",
	[STO_REL_CASE] = "case",
	[STO_REL_ATTACHMENT] = "attachment",
	[STO_REL_PARTY_PRIVATE] = "party_private",
	[STO_REL_ERASURE] = "erasure",
	[STO_REL_SUSPICION] = "suspicion",
	[STO_REL_RULE_SET] = "rule_set",
	[STO_REL_PARTY_LIST] = "party_list",
	[STO_REL_OPT_IN] = "opt_in",
	[STO_REL_TRAVEL_DATA] = "travel_data",
	[STO_REL_TRANSFER_APPROVAL] = "transfer_approval",
	[STO_REL_OVERRIDE] = "override",
	[STO_REL_HOLDING] = "holding",
	[STO_REL_HOLDER_GROUP] = "holder_group",
	[STO_REL_FLOW] = "flow",
	[STO_REL_ISSUED] = "issued",
	[STO_REL_LOOK_THROUGH] = "look_through",
	[STO_REL_LOOK_THROUGH_OWNER] = "look_through_owner",
};

/* 0: C reads no column of it */
static const int rel_columns[STO_REL_COUNT] = {
	[STO_REL_EVENT] = EVENT_COLUMNS,
	[STO_REL_TRANSFER] = TRANSFER_COLUMNS,
	[STO_REL_SUBJECT] = SUBJECT_COLUMNS,
	[STO_REL_LEDGER] = LEDGER_COLUMNS,
	[STO_REL_KEY_POLICY] = KEY_POLICY_COLUMNS,
	[STO_REL_PUBLIC_KEY] = PUBLIC_KEY_COLUMNS,
	[STO_REL_PARTY] = PARTY_COLUMNS,
	[STO_REL_CAPABILITY] = CAPABILITY_COLUMNS,
	[STO_REL_WALLET] = WALLET_COLUMNS,
	[STO_REL_TOKEN] = TOKEN_COLUMNS,
	[STO_REL_BATCH] = BATCH_COLUMNS,
	[STO_REL_POSITION] = POSITION_COLUMNS,
	[STO_REL_HOLD] = HOLD_COLUMNS,
	[STO_REL_MEMBER] = MEMBER_COLUMNS,
	[STO_REL_LOG_KEY] = LOG_KEY_COLUMNS,
	[STO_REL_WITNESS] = WITNESS_COLUMNS,
	[STO_REL_WITNESS_POLICY] = WITNESS_POLICY_COLUMNS,
	[STO_REL_TIME_AUTHORITY] = TIME_AUTHORITY_COLUMNS,
	[STO_REL_LOG_RESTART] = LOG_RESTART_COLUMNS,
	[STO_REL_CLOSE] = CLOSE_COLUMNS,
	[STO_REL_CLASSIFICATION] = CLASSIFICATION_COLUMNS,
	[STO_REL_MANDATE] = MANDATE_COLUMNS,
	[STO_REL_BENEFICIAL_OWNER] = BENEFICIAL_OWNER_COLUMNS,
	[STO_REL_PARTY_MEMBERS] = PARTY_MEMBERS_COLUMNS,
	[STO_REL_CLAIM] = CLAIM_COLUMNS,
	[STO_REL_REQUIRED] = REQUIRED_COLUMNS,
	[STO_REL_TRUSTED] = TRUSTED_COLUMNS,
	[STO_REL_DOCUMENT] = DOCUMENT_COLUMNS,
	[STO_REL_ACKNOWLEDGEMENT] = ACKNOWLEDGEMENT_COLUMNS,
	[STO_REL_FOUR_EYES] = FOUR_EYES_COLUMNS,
	[STO_REL_PROPOSAL] = PROPOSAL_COLUMNS,
	[STO_REL_CASE] = CASE_COLUMNS,
	[STO_REL_ATTACHMENT] = ATTACHMENT_COLUMNS,
	[STO_REL_PARTY_PRIVATE] = PARTY_PRIVATE_COLUMNS,
	[STO_REL_ERASURE] = ERASURE_COLUMNS,
	[STO_REL_SUSPICION] = SUSPICION_COLUMNS,
	[STO_REL_RULE_SET] = RULE_SET_COLUMNS,
	[STO_REL_PARTY_LIST] = PARTY_LIST_COLUMNS,
	[STO_REL_OPT_IN] = OPT_IN_COLUMNS,
	[STO_REL_TRAVEL_DATA] = TRAVEL_DATA_COLUMNS,
	[STO_REL_TRANSFER_APPROVAL] = TRANSFER_APPROVAL_COLUMNS,
	[STO_REL_OVERRIDE] = OVERRIDE_COLUMNS,
	[STO_REL_HOLDING] = HOLDING_COLUMNS,
	[STO_REL_HOLDER_GROUP] = HOLDER_GROUP_COLUMNS,
	[STO_REL_FLOW] = FLOW_COLUMNS,
	[STO_REL_ISSUED] = ISSUED_COLUMNS,
	[STO_REL_LOOK_THROUGH] = LOOK_THROUGH_COLUMNS,
	[STO_REL_LOOK_THROUGH_OWNER] = LOOK_THROUGH_OWNER_COLUMNS,
	[STO_REL_SEQUENCE] = 3, /* every sequence's */
	/* log/columns.h has their columns */
	[STO_REL_BLOCK] = 4,
	[STO_REL_TILE] = 6,
	[STO_REL_CHECKPOINT] = 3,
	[STO_REL_COSIGNATURE] = 5,
	[STO_REL_TIME_STAMP] = 3,
	[STO_REL_FOREIGN] = 4,
};

static const char *const index_names[STO_IDX_COUNT] = {
	[STO_IDX_EVENT] = "event_pkey",
	[STO_IDX_TRANSFER] = "transfer_pkey",
	[STO_IDX_TRANSFER_ORDER] = "transfer_order",
	[STO_IDX_TRANSFER_DEBIT] = "transfer_debit",
	[STO_IDX_TRANSFER_CREDIT] = "transfer_credit",
	[STO_IDX_SUBJECT] = "subject_pkey",
	[STO_IDX_LEDGER] = "ledger_pkey",
	[STO_IDX_KEY_POLICY] = "key_policy_pkey",
	[STO_IDX_PUBLIC_KEY] = "key_pkey",
	[STO_IDX_KEY_SUBJECT] = "key_subject",
	[STO_IDX_PARTY] = "party_pkey",
	[STO_IDX_CAPABILITY] = "capability_pkey",
	[STO_IDX_WALLET] = "wallet_pkey",
	[STO_IDX_WALLET_ID] = "wallet_id",
	[STO_IDX_TOKEN] = "token_pkey",
	[STO_IDX_TOKEN_REDEEM] = "token_redeem",
	[STO_IDX_BATCH] = "batch_pkey",
	[STO_IDX_POSITION] = "position_pkey",
	[STO_IDX_HOLD] = "hold_pkey",
	[STO_IDX_HOLD_OPEN] = "hold_open",
	[STO_IDX_HOLD_EXPIRY] = "hold_expiry",
	[STO_IDX_MEMBER] = "member_pkey",
	[STO_IDX_BLOCK] = "block_pkey",
	[STO_IDX_BLOCK_SIZE] = "block_size",
	[STO_IDX_TILE] = "tile_pkey",
	[STO_IDX_TILE_FIRST] = "tile_first",
	[STO_IDX_CHECKPOINT] = "checkpoint_pkey",
	[STO_IDX_COSIGNATURE] = "cosignature_pkey",
	[STO_IDX_TIME_STAMP] = "time_stamp_pkey",
	[STO_IDX_FOREIGN] = "foreign_checkpoint_pkey",
	[STO_IDX_LOG_KEY] = "log_key_pkey",
	[STO_IDX_WITNESS] = "witness_pkey",
	[STO_IDX_WITNESS_POLICY] = "witness_policy_pkey",
	[STO_IDX_TIME_AUTHORITY] = "time_authority_pkey",
	[STO_IDX_LOG_RESTART] = "log_restart_pkey",
	[STO_IDX_CLOSE] = "close_pkey",
	[STO_IDX_CLASSIFICATION] = "classification_pkey",
	[STO_IDX_CLASS_PARTY] = "classification_party",
	[STO_IDX_MANDATE] = "mandate_pkey",
	[STO_IDX_BENEFICIAL_OWNER] = "beneficial_owner_pkey",
	[STO_IDX_CLAIM] = "claim_pkey",
	[STO_IDX_CLAIM_PARTY] = "claim_party",
	[STO_IDX_REQUIRED] = "token_topics_pkey",
	[STO_IDX_TRUSTED] = "trusted_issuer_pkey",
	[STO_IDX_WALLET_PARTY] = "wallet_party",
	[STO_IDX_DOCUMENT] = "document_pkey",
	[STO_IDX_DOCUMENT_NAME] = "document_name",
	[STO_IDX_ACKNOWLEDGEMENT] = "acknowledgement_pkey",
	[STO_IDX_PARTY_MEMBERS] = "party_members_pkey",
	[STO_IDX_FOUR_EYES] = "four_eyes_pkey",
	[STO_IDX_PROPOSAL] = "proposal_pkey",
	[STO_IDX_PROPOSAL_ABOUT] = "proposal_about",
	[STO_IDX_CASE] = "case_pkey",
	[STO_IDX_CASE_ID] = "case_id",
	[STO_IDX_CASE_UNDOES] = "case_undoes",
	[STO_IDX_ATTACHMENT] = "attachment_pkey",
	[STO_IDX_ATTACHMENT_POSITION] = "attachment_position",
	[STO_IDX_PARTY_PRIVATE] = "party_private_pkey",
	[STO_IDX_SUSPICION] = "suspicion_pkey",
	[STO_IDX_RULE_SET] = "rule_set_pkey",
	[STO_IDX_RULE_SET_TOKEN] = "rule_set_token",
	[STO_IDX_PARTY_LIST] = "party_list_pkey",
	[STO_IDX_OPT_IN] = "opt_in_pkey",
	[STO_IDX_TRAVEL_DATA] = "travel_data_pkey",
	[STO_IDX_TRAVEL_PARTY] = "travel_data_party",
	[STO_IDX_APPROVAL] = "transfer_approval_pkey",
	[STO_IDX_APPROVAL_OPEN] = "transfer_approval_open",
	[STO_IDX_OVERRIDE] = "override_pkey",
	[STO_IDX_HOLDING] = "holding_pkey",
	[STO_IDX_HOLDER_GROUP] = "holder_group_pkey",
	[STO_IDX_FLOW] = "flow_pkey",
	[STO_IDX_ISSUED] = "issued_pkey",
	[STO_IDX_ISSUED_TIME] = "issued_time",
	[STO_IDX_LOOK_THROUGH] = "look_through_pkey",
	[STO_IDX_LOOK_PARTY] = "look_through_party",
	[STO_IDX_LOOK_OWNER] = "look_through_owner_pkey",
	[STO_IDX_LOOK_OWNER_PARTY] = "look_through_owner_party",
};

static Oid rel_oids[STO_REL_COUNT];
static Oid index_oids[STO_IDX_COUNT];
static bool known = false;
static bool complete = false; /* every one of them was there */

uint64 sto_catalog_generation = 1;
uint64 sto_writer_generation = 1;

static int
find(Oid relid)
{
	for (int i = 0; i < STO_REL_COUNT; i++)
		if (rel_oids[i] == relid)
			return i;
	return -1;
}

/*
 * Invalidation of one of our relations.  No catalog may be read here, so it
 * only forgets.
 */
static void
catalog_changed(Datum arg, Oid relid)
{
	int rel = relid == InvalidOid ? STO_REL_WRITER : find(relid);

	/* the ids last seen are kept for this: several invalidations may come together */
	if (rel < 0)
		return;
	known = false;
	sto_catalog_generation++;
	if (rel == STO_REL_WRITER)
		sto_writer_generation++;
}

void
sto_catalog_init(void)
{
	CacheRegisterRelcacheCallback(catalog_changed, (Datum) 0);
}

static pg_attribute_noreturn() void missing(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation sto.%s is missing", name),
					errhint("Run CREATE EXTENSION sto_ledger in this database, or ALTER EXTENSION "
							"sto_ledger UPDATE.")));
}

static int
column_count(Oid relid)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	int count;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	count = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	ReleaseSysCache(tuple);
	return count;
}

/* A relation that is missing is missed when it is asked for: the others work without it. */
static void
load(void)
{
	Oid schema = get_namespace_oid("sto", false);
	Oid rels[STO_REL_COUNT];
	Oid indexes[STO_IDX_COUNT];
	bool all = true;

	for (int i = 0; i < STO_REL_COUNT; i++)
	{
		rels[i] = get_relname_relid(rel_names[i], schema);
		all = all && OidIsValid(rels[i]);
		if (OidIsValid(rels[i]) && rel_columns[i] != 0 && column_count(rels[i]) != rel_columns[i])
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("table sto.%s does not have the shape that this library knows",
							rel_names[i]),
					 errdetail("It has %d columns, not %d.", column_count(rels[i]), rel_columns[i]),
					 errhint("Run ALTER EXTENSION sto_ledger UPDATE.")));
	}
	for (int i = 0; i < STO_IDX_COUNT; i++)
	{
		indexes[i] = get_relname_relid(index_names[i], schema);
		all = all && OidIsValid(indexes[i]);
	}

	memcpy(rel_oids, rels, sizeof(rels));
	memcpy(index_oids, indexes, sizeof(indexes));
	complete = all;
	known = true;
}

Oid
sto_rel_oid(StoRel rel)
{
	if (!known || !OidIsValid(rel_oids[rel]))
		load();
	if (!OidIsValid(rel_oids[rel]))
		missing(rel_names[rel]);
	return rel_oids[rel];
}

Oid
sto_index_oid(StoIndex index)
{
	if (!known || !OidIsValid(index_oids[index]))
		load();
	if (!OidIsValid(index_oids[index]))
		missing(index_names[index]);
	return index_oids[index];
}

int
sto_rel_of_oid(Oid relid)
{
	/* what was missing may have been added by an update of the extension */
	if (!known || !complete)
	{
		Oid schema = get_namespace_oid("sto", true);

		/* not installed here, or being installed or dropped right now */
		if (creating_extension || !OidIsValid(schema) ||
			!OidIsValid(get_relname_relid("member", schema)) ||
			!OidIsValid(get_relname_relid("transfer", schema)))
			return -1;
		load();
	}
	return OidIsValid(relid) ? find(relid) : -1;
}
