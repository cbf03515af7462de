/*
 * holder_group.h
 *		Holders of a token, of all parties and by group: what an entry changes of them.
 *
 * A row is locked only where an entry changes it, so a limit on holders costs nothing to
 * those who trade between holders.
 */
#ifndef STO_LEDGER_HOLDER_GROUP_H
#define STO_LEDGER_HOLDER_GROUP_H

#include "ledger/rowcache.h"
#include "ledger/ruleset.h"

/* The longest value: a topic. */
#define STO_GROUP_VALUE_MAX (STO_TOPIC_MAX + 1)

typedef struct StoGroupKey
{
	uint8_t token_id[STO_UUID_LEN];
	int by;
	char value[STO_GROUP_VALUE_MAX];
	char padding[3];
} StoGroupKey;

typedef struct StoHolderGroup
{
	StoGroupKey key;
	bool has_units; /* else they are not added up */
	int64 holders;
	StoAmount units;
	StoRowState state;
} StoHolderGroup;

/* What one entry, or one changed fact, does to a group. */
typedef struct StoGroupChange
{
	StoGroupKey key;
	bool has_units;
	bool wanted; /* whatever changes */
	int holders;
	StoAmount units;
	StoHolderGroup *row; /* once locked */
} StoGroupChange;

typedef struct StoGroupChanges
{
	int count;
	int size;
	StoGroupChange *items;
} StoGroupChanges;

/* One party's part of it: it has so much before and after. */
extern void sto_groups_add_party(StoGroupChanges *changes, const StoTokenRules *rules,
								 const uint8_t *party, StoAmount before, StoAmount after);
/* Have that group among them, whatever changes. */
extern void sto_groups_add(StoGroupChanges *changes, const StoTokenRules *rules, StoRuleBy by,
						   const char *value);
/* Forget what comes to nothing, but for what was added by itself; lock the rest in key order. */
extern void sto_groups_lock(StoGroupChanges *changes);
extern void sto_groups_apply(StoGroupChanges *changes);
/* The row, if it is among them and locked. */
extern const StoHolderGroup *sto_groups_find(const StoGroupChanges *changes, StoRuleBy by,
											 const char *value);
/* As it stands, unlocked: zeros if there is none. */
extern void sto_group_read(const uint8_t *token_id, StoRuleBy by, const char *value,
						   StoHolderGroup *group);

/* Make its rows what the changes say, whatever they were. */
extern void sto_groups_set(StoGroupChanges *changes);

/* regroup.c */

/* Count everything that these rules read anew, from the positions; nobody posts meanwhile. */
extern void sto_groups_recount(const StoTokenRules *rules);

/*
 * A fact of a party changes: note what it has of each token and in which groups it is,
 * change the fact, then move it.  Nobody posts meanwhile.
 */
typedef struct StoRegroup StoRegroup;
extern StoRegroup *sto_regroup_begin(const uint8_t *party);
extern void sto_regroup_end(StoRegroup *regroup);

#endif
