/*
 * record.h
 *		Records of entries and events, read back: the inverse of sto_put_entry and
 *		sto_put_event.
 *
 * What is read is what these write and nothing else: a record that parses,
 * written again, is the same octets.
 */
#ifndef STO_CORE_RECORD_H
#define STO_CORE_RECORD_H

#include "message.h"

#define STO_RECORD_MAX 65535 /* octets; an entry bundle's limit (C2SP tlog-tiles) */

typedef enum StoRecordKind
{
	STO_RECORD_ENTRY,
	STO_RECORD_EVENT
} StoRecordKind;

/* A record, with views into the caller's octets. */
typedef struct StoRecord
{
	StoRecordKind kind;
	uint8_t ledger_id[STO_UUID_LEN];
	/*
	 * By kind.  An entry's record has digests in place of its sides: of entry.debit and
	 * entry.credit only `present` is set, and the digests stand beside.
	 */
	union
	{
		struct
		{
			StoEntry entry;
			const uint8_t *debit_side; /* NULL: the entry doesn't touch it */
			const uint8_t *credit_side;
		};
		StoEvent event;
	};
} StoRecord;

/*
 * Read a record of either kind.  False, with a static, lower-case reason, for
 * octets that sto_put_entry or sto_put_event can't have written: an unknown tag
 * or code, a presence octet above 1, missing or left-over octets.
 */
extern bool sto_record_parse(const void *data, size_t len, StoRecord *out, const char **why);
/* The id alone, for whoever only sorts or names records; false as above, but looks no further. */
extern bool sto_record_id(const void *data, size_t len, int64_t *entry_id);

#endif
