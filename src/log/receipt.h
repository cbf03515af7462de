/*
 * receipt.h
 *		Receipts: an entry's proof that its asker can keep and check alone.
 */
#ifndef STO_LOG_RECEIPT_H
#define STO_LOG_RECEIPT_H

#include "postgres.h"

#include "core/receipt.h"

#include "utils/snapshot.h"

/* Who asks, and what that role may see: the rules of sto.me and sto.statement_line. */
typedef struct StoAsker
{
	Snapshot snapshot;
	bool reads_all;
	bool has_party;
	uint8_t party[STO_UUID_LEN];
} StoAsker;

/* Who the current role is, as the snapshot shows it; the asker keeps the snapshot. */
extern void sto_reader_of_role(Snapshot snapshot, StoAsker *asker);

/* The side that a receipt opens. */
typedef enum StoOpens
{
	STO_OPENS_NONE = 0,
	STO_OPENS_DEBIT = 1,
	STO_OPENS_CREDIT = 2,
	STO_OPENS_OWN /* the one side that is the reader's; none if both are */
} StoOpens;

/*
 * What a receipt says of the entry or event of this id, for this asker.  *leaf
 * is the hash that the log has of it.  ERROR ST502 if there is none, 42501 if
 * the asker may not see it or the side, ST404 if the row isn't what its hash covers.
 */
extern void sto_receipt_leaf(const StoAsker *asker, int64 entry_id, StoOpens opens,
							 StoReceiptLeaf *leaf, StoHash *hash);

#endif
