/*
 * utility.c
 *		DDL that would open the log or take it away is refused.
 *
 * Triggers stop UPDATE, DELETE and TRUNCATE, but a superuser could drop or
 * disable a trigger first.  Two hooks stand before that: ProcessUtility for
 * what names a log table, object access for what reaches it by other ways
 * (DROP SCHEMA CASCADE, DROP OWNED, DROP FUNCTION, CREATE OR REPLACE FUNCTION).
 * They are certain only where the library is in shared_preload_libraries:
 * elsewhere a session that has not yet touched the ledger has no hook.
 *
 * VACUUM, ANALYZE, REINDEX, CLUSTER, CREATE INDEX, GRANT, COMMENT, policies
 * and publications go through.
 */
#include "postgres.h"

#include "ledger/catalog.h"
#include "ledger/guard.h"
#include "utility.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#define EXTENSION_NAME "sto_ledger"
#define SCHEMA_NAME "sto"

static ProcessUtility_hook_type next_utility = NULL;
static object_access_hook_type next_access = NULL;

/* Scripts of the extension itself, pg_upgrade, and announced maintenance. */
static bool
may_pass(void)
{
	return creating_extension || IsBinaryUpgrade || sto_maintenance_open() || !IsTransactionState();
}

/* The log, and the evidence that proves it. */
static bool
is_log(Oid relid)
{
	int rel = OidIsValid(relid) ? sto_rel_of_oid(relid) : -1;

	return rel == STO_REL_EVENT || rel == STO_REL_TRANSFER || sto_rel_is_evidence(rel);
}

/*
 * Log and evidence tables and their indexes, the lock table and the sequence: the
 * ledger without them is none.
 */
static bool
is_vital(Oid relid)
{
	int rel = OidIsValid(relid) ? sto_rel_of_oid(relid) : -1;

	if (OidIsValid(relid) && get_rel_relkind(relid) == RELKIND_INDEX)
		return is_log(IndexGetRelation(relid, true));

	return is_log(relid) || rel == STO_REL_WRITER || rel == STO_REL_SEQUENCE;
}

/* Any table of the extension, or an index of one: the library finds them by name. */
static bool
is_of_extension(Oid relid)
{
	if (OidIsValid(relid) && get_rel_relkind(relid) == RELKIND_INDEX)
		relid = IndexGetRelation(relid, true);
	return OidIsValid(relid) && sto_rel_of_oid(relid) >= 0;
}

static Oid
oid_of(const RangeVar *name)
{
	return name != NULL ? RangeVarGetRelid(name, NoLock, true) : InvalidOid;
}

static void
refuse_on(const RangeVar *name, const char *act)
{
	Oid relid = oid_of(name);

	if (is_vital(relid))
		sto_refuse_act(act, psprintf("%s.%s", SCHEMA_NAME, get_rel_name(relid)));
}

/* Parents that a table would get: a child's rows show in its parent, and no gate saw them. */
static void
check_parents(List *parents, const char *act)
{
	ListCell *cell;

	foreach (cell, parents)
		refuse_on(lfirst_node(RangeVar, cell), act);
}

static void
refuse_on_any(const RangeVar *name, const char *act)
{
	Oid relid = oid_of(name);

	if (is_of_extension(relid))
		sto_refuse_act(act, psprintf("%s.%s", SCHEMA_NAME, get_rel_name(relid)));
}

/* How a table is stored, not what it is. */
static bool
is_storage_command(const AlterTableCmd *cmd)
{
	return cmd->subtype == AT_SetRelOptions || cmd->subtype == AT_ResetRelOptions ||
		   cmd->subtype == AT_SetTableSpace || cmd->subtype == AT_SetStatistics ||
		   cmd->subtype == AT_ClusterOn || cmd->subtype == AT_DropCluster;
}

static void
check_alter_table(const AlterTableStmt *stmt)
{
	ListCell *cell;

	refuse_on(stmt->relation, "ALTER TABLE");
	foreach (cell, stmt->cmds)
	{
		const AlterTableCmd *cmd = lfirst_node(AlterTableCmd, cell);

		if (cmd->subtype == AT_AddInherit)
			refuse_on((const RangeVar *) cmd->def, "INHERIT");
		else if (cmd->subtype == AT_AttachPartition)
			refuse_on(((const PartitionCmd *) cmd->def)->name, "ATTACH PARTITION");
		if (!is_storage_command(cmd))
			refuse_on_any(stmt->relation, "ALTER TABLE");
	}
}

static bool
is_ours(const char *name, const char *ours)
{
	return name != NULL && strcmp(name, ours) == 0;
}

static void
check_rename(const RenameStmt *stmt)
{
	refuse_on_any(stmt->relation, "ALTER ... RENAME");
	/* everything is found by its name in this schema */
	if (stmt->renameType == OBJECT_SCHEMA && is_ours(stmt->subname, SCHEMA_NAME) &&
		OidIsValid(get_extension_oid(EXTENSION_NAME, true)))
		sto_refuse_act("ALTER SCHEMA ... RENAME", "schema sto");
}

static void
check_utility(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			check_alter_table((const AlterTableStmt *) stmt);
			break;
		case T_RenameStmt:
			check_rename((const RenameStmt *) stmt);
			break;
		case T_AlterObjectSchemaStmt:
			refuse_on_any(((const AlterObjectSchemaStmt *) stmt)->relation, "ALTER ... SET SCHEMA");
			break;
		case T_AlterSeqStmt:
			refuse_on(((const AlterSeqStmt *) stmt)->sequence, "ALTER SEQUENCE");
			break;
		case T_CreateTrigStmt:
			refuse_on(((const CreateTrigStmt *) stmt)->relation, "CREATE TRIGGER");
			break;
		case T_RuleStmt:
			refuse_on(((const RuleStmt *) stmt)->relation, "CREATE RULE");
			break;
		case T_CreateStmt:
			check_parents(((const CreateStmt *) stmt)->inhRelations, "INHERITS");
			break;
		case T_CreateForeignTableStmt:
			check_parents(((const CreateForeignTableStmt *) stmt)->base.inhRelations, "INHERITS");
			break;
		case T_AlterExtensionContentsStmt:
			if (is_ours(((const AlterExtensionContentsStmt *) stmt)->extname, EXTENSION_NAME))
				sto_refuse_act("ALTER EXTENSION ... ADD or DROP", "extension " EXTENSION_NAME);
			break;
		default:
			break;
	}
}

static void
sto_process_utility(PlannedStmt *pstmt, const char *query, bool readOnlyTree,
					ProcessUtilityContext context, ParamListInfo params,
					QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	/* transaction commands come here also where no catalog can be read */
	if (!may_pass() && !IsA(pstmt->utilityStmt, TransactionStmt))
		check_utility(pstmt->utilityStmt);

	if (next_utility != NULL)
		next_utility(pstmt, query, readOnlyTree, context, params, environment, dest, completion);
	else
		standard_ProcessUtility(pstmt, query, readOnlyTree, context, params, environment, dest,
								completion);
}

/*
 * Has the log a row?  Read without an index and by name, since parts of the
 * extension may be gone by now.  An empty one may be dropped.
 */
static bool
log_has_rows(void)
{
	Oid schema = get_namespace_oid(SCHEMA_NAME, true);
	Oid relid = OidIsValid(schema) ? get_relname_relid("event", schema) : InvalidOid;
	Snapshot snapshot;
	Relation rel;
	TableScanDesc scan;
	TupleTableSlot *slot;
	bool found;

	if (!OidIsValid(relid) || (rel = try_table_open(relid, AccessShareLock)) == NULL)
		return false;
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan = table_beginscan(rel, snapshot, 0, NULL);
	slot = table_slot_create(rel, NULL);
	found = table_scan_getnextslot(scan, ForwardScanDirection, slot);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return found;
}

/* One column of a catalog row found by its oid; InvalidOid if there is no row. */
static Oid
table_of(Oid catalog, Oid index, AttrNumber oid_column, Oid object, bool is_trigger)
{
	Relation rel = table_open(catalog, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;
	Oid relid = InvalidOid;

	ScanKeyInit(&key, oid_column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
	scan = systable_beginscan(rel, index, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		relid = is_trigger ? ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid
						   : ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return relid;
}

static bool
is_our_function(Oid function)
{
	Oid schema = get_func_namespace(function);

	return OidIsValid(schema) && schema == get_namespace_oid(SCHEMA_NAME, true) &&
		   OidIsValid(get_extension_oid(EXTENSION_NAME, true));
}

/* Does the object belong to the log: a table, a part of one, or a function of the gates? */
static bool
is_guarded(Oid class_id, Oid object)
{
	switch (class_id)
	{
		case RelationRelationId:
			if (get_rel_relkind(object) == RELKIND_INDEX)
				return OidIsValid(get_index_constraint(object)) &&
					   is_log(IndexGetRelation(object, true));
			return is_vital(object);
		case TriggerRelationId:
			return is_log(
				table_of(TriggerRelationId, TriggerOidIndexId, Anum_pg_trigger_oid, object, true));
		case ConstraintRelationId:
			return is_log(table_of(ConstraintRelationId, ConstraintOidIndexId,
								   Anum_pg_constraint_oid, object, false));
		case ProcedureRelationId:
			return is_our_function(object);
		case NamespaceRelationId:
			return object == get_namespace_oid(SCHEMA_NAME, true) &&
				   OidIsValid(get_extension_oid(EXTENSION_NAME, true));
		case ExtensionRelationId:
			return object == get_extension_oid(EXTENSION_NAME, true);
		default:
			return false;
	}
}

static void
sto_object_access(ObjectAccessType access, Oid class_id, Oid object, int sub_id, void *arg)
{
	if (next_access != NULL)
		next_access(access, class_id, object, sub_id, arg);
	if ((access != OAT_DROP && access != OAT_TRUNCATE && access != OAT_POST_ALTER &&
		 access != OAT_POST_CREATE) ||
		may_pass())
		return;

	switch (access)
	{
		case OAT_DROP:
			/* VACUUM FULL, CLUSTER and REINDEX CONCURRENTLY drop what they replaced */
			if (((ObjectAccessDrop *) arg)->dropflags & PERFORM_DELETION_INTERNAL)
				break;
			if (log_has_rows() && is_guarded(class_id, object))
				sto_refuse_act("DROP", "a part of the ledger");
			break;
		case OAT_TRUNCATE:
			if (is_log(object))
				sto_refuse_act("TRUNCATE", psprintf("%s.%s", SCHEMA_NAME, get_rel_name(object)));
			break;
		case OAT_POST_ALTER:
		case OAT_POST_CREATE:
			/* a function that was there before: its row is visible already */
			if (class_id == ProcedureRelationId && is_our_function(object))
				sto_refuse_act("ALTER or REPLACE FUNCTION", "a function of schema sto");
			break;
		default:
			break;
	}
}

void
sto_utility_init(void)
{
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = sto_process_utility;
	next_access = object_access_hook;
	object_access_hook = sto_object_access;
}
