/*
 * event_kinds.h
 *		The tables of docs/format.md, "Event bodies": fields and their types, kinds
 *		and their fields.
 */
#ifndef STO_LEDGER_EVENT_KINDS_H
#define STO_LEDGER_EVENT_KINDS_H

#include "postgres.h"

#include "ledger/event_body.h"

typedef enum StoFieldType
{
	TYPE_TEXT,
	TYPE_INTEGER,
	TYPE_TIME,
	TYPE_BOOLEAN,
	TYPE_AMOUNT,
	TYPE_UUID,
	TYPE_DIGEST,
	TYPE_ADDRESS,
	TYPE_KEY,       /* of a note: Ed25519 alone */
	TYPE_SIGNATURE, /* by such a key */
	TYPE_KEYS,
	TYPE_RULES,    /* an array of objects: core/rule.h reads them */
	TYPE_TEXTS,    /* an array of strings */
	TYPE_INTEGERS, /* an array of whole numbers */
	TYPE_UUIDS     /* an array of uuids */
} StoFieldType;

typedef struct StoFieldRule
{
	const char *name;
	StoFieldType type;
} StoFieldRule;

typedef struct StoKindRule
{
	const char *name;
	StoFieldSet required;
	StoFieldSet optional;
	StoFieldSet nullable;
} StoKindRule;

extern const StoFieldRule sto_event_fields[STO_FIELDS];
extern const StoKindRule sto_event_kinds[STO_EVENT_KINDS];

#endif
