/*
 * restore.c
 *		Restore mode of sto.transfer: a dump being loaded.
 *
 * Each row's own hash is checked, nothing is built; sto.rebuild() checks the
 * rest, in order, before the ledger opens.  A leaf covers both wallets' salts,
 * which stand in the events that registered them, so the events come first, as
 * they do in every dump.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/event_body.h"
#include "ledger/event_gate.h"
#include "ledger/posting.h"
#include "ledger/store.h"

#include "errors.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

typedef struct Salt
{
	uint8_t address[STO_ADDRESS_LEN];
	uint8_t salt[STO_DIGEST_LEN];
} Salt;

/* Of every wallet whose event is loaded; in TopTransactionContext. */
static HTAB *salts = NULL;

static void
forget_salts(void *arg)
{
	salts = NULL;
}

static void
remember(const uint8_t ledger_id[STO_UUID_LEN], const uint8_t *wallet_id, const uint8_t *salt)
{
	uint8_t address[STO_ADDRESS_LEN];
	Salt *entry;

	if (!sto_wallet_address(ledger_id, wallet_id, address))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not compute an address: OpenSSL failed")));
	entry = hash_search(salts, address, HASH_ENTER, NULL);
	memcpy(entry->salt, salt, STO_DIGEST_LEN);
}

/* The salts that wallet and token events hold (docs/format.md, "Event bodies"). */
static void
load_salts(const uint8_t ledger_id[STO_UUID_LEN])
{
	MemoryContextCallback *callback =
		MemoryContextAllocZero(TopTransactionContext, sizeof(MemoryContextCallback));
	MemoryContext row_context =
		AllocSetContextCreate(CurrentMemoryContext, "sto salts", ALLOCSET_DEFAULT_SIZES);
	HASHCTL ctl;
	StoScan scan;

	ctl.keysize = STO_ADDRESS_LEN;
	ctl.entrysize = sizeof(Salt);
	ctl.hcxt = TopTransactionContext;
	salts = hash_create("sto salts", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	callback->func = forget_salts;
	MemoryContextRegisterResetCallback(TopTransactionContext, callback);

	sto_scan_begin(&scan, STO_REL_EVENT, STO_IDX_EVENT, 0, NULL, NULL);
	while (sto_scan_next(&scan))
	{
		MemoryContext caller = MemoryContextSwitchTo(row_context);
		bool isnull;
		text *kind = DatumGetTextPP(slot_getattr(scan.slot, EVENT_KIND, &isnull));
		StoBody body;

		body.kind = sto_event_kind(VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind));
		if (body.kind == STO_EVENT_WALLET || body.kind == STO_EVENT_TOKEN)
		{
			Datum subject = slot_getattr(scan.slot, EVENT_SUBJECT, &isnull);

			sto_body_parse(body.kind, DatumGetTextPP(slot_getattr(scan.slot, EVENT_BODY, &isnull)),
						   false, &body);
			remember(ledger_id, (const uint8_t *) DatumGetPointer(subject),
					 body.value[STO_F_SALT].octets);
		}
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_context);
	}
	sto_scan_end(&scan);
	MemoryContextDelete(row_context);
}

static const uint8_t *
salt_of(const StoPosting *p, const uint8_t *address, const StoSide *side)
{
	const Salt *entry;

	if (!side->present)
		return NULL;
	entry = hash_search(salts, address, HASH_FIND, NULL);
	if (entry == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_STO_BROKEN_ROW),
				 errmsg("entry " INT64_FORMAT " moves a wallet that no restored event registers",
						p->entry.entry_id),
				 errhint("Load sto.event before sto.transfer.")));
	return entry->salt;
}

void
sto_restore_entry(HeapTuple tuple, TupleDesc desc)
{
	StoPosting p;
	uint8_t leaf[STO_DIGEST_LEN];

	memset(&p, 0, offsetof(StoPosting, siglist));
	p.mode = STO_MODE_RESTORE;
	/* the setting can be granted to others, the privilege is not meant to be */
	if (!superuser())
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("only a superuser may restore a log")));
	sto_order_read(&p, tuple, desc);
	if (p.nulls[TRANSFER_ENTRY_ID - 1] || p.nulls[TRANSFER_LEAF_HASH - 1])
		ereport(ERROR, (errcode(ERRCODE_STO_BROKEN_ROW),
						errmsg("a row to be restored lacks the gate's columns"),
						errhint("Restore mode is for dumps; to post an order, turn "
								"sto_ledger.restore off.")));
	if (!sto_event_ledger_id(p.ledger.ledger_id))
		ereport(ERROR,
				(errcode(ERRCODE_STO_BROKEN_ROW), errmsg("the genesis event has not been restored"),
				 errhint("Load sto.event before sto.transfer.")));
	if (salts == NULL)
		load_salts(p.ledger.ledger_id);
	if (!sto_entry_leaf(p.ledger.ledger_id, &p.entry,
						salt_of(&p, p.entry.order.debit, &p.entry.debit),
						salt_of(&p, p.entry.order.credit, &p.entry.credit), leaf))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not hash an entry: OpenSSL failed")));
	if (memcmp(leaf, DatumGetPointer(p.values[TRANSFER_LEAF_HASH - 1]), STO_DIGEST_LEN) != 0)
		ereport(ERROR, (errcode(ERRCODE_STO_BROKEN_ROW),
						errmsg("entry " INT64_FORMAT " does not stand", p.entry.entry_id),
						errdetail("leaf_hash differs from the hash of the row's columns."),
						errhint("The dump was altered; take another copy.")));
}
