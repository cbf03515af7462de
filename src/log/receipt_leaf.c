/*
 * receipt_leaf.c
 *		What a receipt says of one entry or event, and to whom.
 *
 * Investors can't read sto.transfer: the row is read by table access method,
 * and given out only to its own parties, as sto.statement_line does.
 */
#include "postgres.h"

#include "ledger/columns.h"
#include "ledger/posting.h"
#include "ledger/store.h"
#include "log/receipt.h"
#include "types/types.h"

#include "errors.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* A row by its key, as the reader's snapshot has it; end the scan in any case. */
static bool
find(const StoAsker *asker, StoRel rel, StoIndex index, int nkeys, const Datum *keys, StoScan *scan)
{
	sto_scan_begin(scan, rel, index, nkeys, keys, asker->snapshot);
	if (!sto_scan_next(scan))
		return false;
	slot_getallattrs(scan->slot);
	return true;
}

static bool
octets_equal(const StoScan *scan, int attno, const uint8_t *octets, size_t len)
{
	return !scan->slot->tts_isnull[attno - 1] &&
		   memcmp(DatumGetPointer(scan->slot->tts_values[attno - 1]), octets, len) == 0;
}

static bool
has_capability(const StoAsker *asker, const char *name)
{
	Datum keys[2] = {PointerGetDatum(asker->party), CStringGetTextDatum(name)};
	StoScan scan;
	bool granted = find(asker, STO_REL_CAPABILITY, STO_IDX_CAPABILITY, 2, keys, &scan) &&
				   DatumGetBool(scan.slot->tts_values[CAPABILITY_GRANTED - 1]);

	sto_scan_end(&scan);
	return granted;
}

void
sto_reader_of_role(Snapshot snapshot, StoAsker *asker)
{
	Datum key = ObjectIdGetDatum(GetUserId());
	StoScan scan;

	memset(asker, 0, sizeof(*asker));
	asker->snapshot = snapshot;
	asker->has_party = find(asker, STO_REL_MEMBER, STO_IDX_MEMBER, 1, &key, &scan);
	if (asker->has_party)
		memcpy(asker->party, DatumGetPointer(scan.slot->tts_values[MEMBER_PARTY_ID - 1]),
			   STO_UUID_LEN);
	sto_scan_end(&scan);
	asker->reads_all = has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_DATA) ||
					   (asker->has_party &&
						(has_capability(asker, "registrar") || has_capability(asker, "auditor") ||
						 has_capability(asker, "enforcer")));
}

/* A wallet that an entry names. */
typedef struct Wallet
{
	bool found;
	bool own; /* the reader's, or kept by him as custodian */
	uint8_t salt[STO_DIGEST_LEN];
} Wallet;

static void
read_wallet(const StoAsker *asker, StoIndex index, const uint8_t *key, Wallet *wallet)
{
	Datum keys = PointerGetDatum(key);
	StoScan scan;

	wallet->own = false;
	wallet->found = find(asker, STO_REL_WALLET, index, 1, &keys, &scan);
	if (wallet->found)
	{
		wallet->own =
			asker->has_party && (octets_equal(&scan, WALLET_PARTY_ID, asker->party, STO_UUID_LEN) ||
								 octets_equal(&scan, WALLET_CUSTODIAN, asker->party, STO_UUID_LEN));
		memcpy(wallet->salt, DatumGetPointer(scan.slot->tts_values[WALLET_SALT - 1]),
			   STO_DIGEST_LEN);
	}
	sto_scan_end(&scan);
}

static bool
issues(const StoAsker *asker, const uint8_t *token_id)
{
	Datum key = PointerGetDatum(token_id);
	StoScan scan;
	bool own = asker->has_party && find(asker, STO_REL_TOKEN, STO_IDX_TOKEN, 1, &key, &scan) &&
			   octets_equal(&scan, TOKEN_ISSUER, asker->party, STO_UUID_LEN);

	if (asker->has_party)
		sto_scan_end(&scan);
	return own;
}

static bool
is_party(const StoAsker *asker, const uint8_t *party_id)
{
	return asker->has_party && memcmp(asker->party, party_id, STO_UUID_LEN) == 0;
}

static void
read_ledger_id(const StoAsker *asker, uint8_t ledger_id[STO_UUID_LEN])
{
	StoScan scan;

	if (!find(asker, STO_REL_LEDGER, STO_IDX_LEDGER, 0, NULL, &scan))
		ereport(ERROR, (errcode(ERRCODE_STO_LEDGER_NOT_OPEN), errmsg("the ledger is not open")));
	memcpy(ledger_id, DatumGetPointer(scan.slot->tts_values[LEDGER_LEDGER_ID - 1]), STO_UUID_LEN);
	sto_scan_end(&scan);
}

static pg_attribute_noreturn() void may_not_see(int64 entry_id, const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("role \"%s\" may not see entry " INT64_FORMAT,
						   GetUserNameFromId(GetUserId(), false), entry_id),
					errdetail("%s", detail)));
}

static pg_attribute_noreturn() void broken(int64 entry_id)
{
	ereport(ERROR, (errcode(ERRCODE_STO_BROKEN_ROW),
					errmsg("entry " INT64_FORMAT " does not stand", entry_id),
					errdetail("It is not what its leaf_hash covers."),
					errhint("The row was altered in the log; run sto.verify().")));
}

/* The record as written by put, in memory of the caller's context. */
static void
set_record(StoReceiptLeaf *leaf, StoWriter *counted, uint8_t *data)
{
	leaf->record = data;
	leaf->record_len = (uint32_t) counted->len;
}

static void
check_length(int64 entry_id, size_t len)
{
	if (len > STO_RECEIPT_RECORD_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the record of event " INT64_FORMAT " is too long for a receipt", entry_id),
				 errdetail("It has %zu octets; a receipt holds %d.", len, STO_RECEIPT_RECORD_MAX)));
}

/* Which side does the receipt open? */
static uint8_t
opened(const StoAsker *asker, const StoEntry *entry, const Wallet *debit, const Wallet *credit,
	   StoOpens opens)
{
	bool sees_debit = entry->debit.present && (asker->reads_all || debit->own);
	bool sees_credit = entry->credit.present && (asker->reads_all || credit->own);

	if (opens == STO_OPENS_OWN)
		return sees_debit == sees_credit ? STO_OPENS_NONE
			   : sees_debit              ? STO_OPENS_DEBIT
										 : STO_OPENS_CREDIT;
	if (opens == STO_OPENS_NONE)
		return STO_OPENS_NONE;
	if (opens == STO_OPENS_DEBIT ? !entry->debit.present : !entry->credit.present)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("entry " INT64_FORMAT " does not move a %s position",
							   entry->entry_id, opens == STO_OPENS_DEBIT ? "debit" : "credit")));
	if (opens == STO_OPENS_DEBIT ? !sees_debit : !sees_credit)
		may_not_see(entry->entry_id, "That side is for the wallet's party, its custodian, and "
									 "readers of the whole register.");
	return (uint8_t) opens;
}

static void
entry_leaf(const StoAsker *asker, StoScan *scan, StoOpens opens, StoReceiptLeaf *leaf)
{
	Datum values[TRANSFER_COLUMNS];
	StoEntry entry;
	const StoOrder *o = &entry.order;
	Wallet debit = {0};
	Wallet credit = {0};
	uint8_t sides[2][STO_DIGEST_LEN];
	uint8_t ledger_id[STO_UUID_LEN];
	StoWriter w;
	uint8_t *record;

	memcpy(values, scan->slot->tts_values, sizeof(values));
	sto_entry_from_values(values, scan->slot->tts_isnull, &entry);
	if (o->has_debit)
		read_wallet(asker, STO_IDX_WALLET, o->debit, &debit);
	if (o->has_credit)
		read_wallet(asker, STO_IDX_WALLET, o->credit, &credit);
	if (!asker->reads_all && !debit.own && !credit.own && !is_party(asker, o->ordering_party) &&
		!issues(asker, o->token_id))
		may_not_see(entry.entry_id, "It is for the parties of its wallets, their custodians, who "
									"ordered it, the token's issuer, and readers of the whole "
									"register.");
	if ((entry.debit.present && !debit.found) || (entry.credit.present && !credit.found))
		broken(entry.entry_id);

	read_ledger_id(asker, ledger_id);
	if ((entry.debit.present &&
		 !sto_side_digest(debit.salt, o->token_id, &entry.debit, sides[0])) ||
		(entry.credit.present &&
		 !sto_side_digest(credit.salt, o->token_id, &entry.credit, sides[1])))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not hash a side of an entry: OpenSSL failed")));

	sto_writer_init(&w, NULL, 0);
	sto_put_entry(&w, ledger_id, &entry, entry.debit.present ? sides[0] : NULL,
				  entry.credit.present ? sides[1] : NULL);
	check_length(entry.entry_id, w.len);
	record = palloc(w.len);
	sto_writer_init(&w, record, w.len);
	sto_put_entry(&w, ledger_id, &entry, entry.debit.present ? sides[0] : NULL,
				  entry.credit.present ? sides[1] : NULL);
	set_record(leaf, &w, record);

	leaf->which = opened(asker, &entry, &debit, &credit, opens);
	if (leaf->which != STO_OPENS_NONE)
	{
		memcpy(leaf->salt, leaf->which == STO_OPENS_DEBIT ? debit.salt : credit.salt,
			   STO_DIGEST_LEN);
		leaf->side = leaf->which == STO_OPENS_DEBIT ? entry.debit : entry.credit;
	}
}

/* Events about the log itself and how it is proven: nothing in them is anybody's own. */
static bool
is_public(const char *kind, size_t len)
{
	static const char *const kinds[] = {"genesis",     "close",          "log_key",
										"witness_key", "witness_policy", "time_authority",
										"log_restart"};

	for (int i = 0; i < (int) lengthof(kinds); i++)
		if (strlen(kinds[i]) == len && memcmp(kinds[i], kind, len) == 0)
			return true;
	return false;
}

/* Its subject or actor is the asker, a wallet of his or that he keeps, or a token that he issues.
 */
static bool
is_own_event(const StoAsker *asker, const StoEvent *event)
{
	Wallet wallet;

	if (is_party(asker, event->subject) || is_party(asker, event->actor) ||
		issues(asker, event->subject))
		return true;
	read_wallet(asker, STO_IDX_WALLET_ID, event->subject, &wallet);
	if (!wallet.own)
		read_wallet(asker, STO_IDX_WALLET_ID, event->actor, &wallet);
	return wallet.own;
}

static void
event_leaf(const StoAsker *asker, StoScan *scan, StoReceiptLeaf *leaf)
{
	const Datum *values = scan->slot->tts_values;
	const bool *nulls = scan->slot->tts_isnull;
	text *kind = DatumGetTextPP(values[EVENT_KIND - 1]);
	text *body = DatumGetTextPP(values[EVENT_BODY - 1]);
	uint8_t ledger_id[STO_UUID_LEN] = {0};
	StoEvent event;
	StoWriter w;
	uint8_t *record;

	memset(&event, 0, sizeof(event));
	event.entry_id = DatumGetInt64(values[EVENT_ENTRY_ID - 1]);
	event.kind = VARDATA_ANY(kind);
	event.kind_len = (uint8_t) VARSIZE_ANY_EXHDR(kind);
	memcpy(event.subject, DatumGetPointer(values[EVENT_SUBJECT - 1]), STO_UUID_LEN);
	memcpy(event.actor, DatumGetPointer(values[EVENT_ACTOR - 1]), STO_UUID_LEN);
	event.has_prev = !nulls[EVENT_PREV_HASH - 1];
	if (event.has_prev)
		memcpy(event.prev, DatumGetPointer(values[EVENT_PREV_HASH - 1]), STO_DIGEST_LEN);
	event.body = VARDATA_ANY(body);
	event.body_len = (uint32_t) VARSIZE_ANY_EXHDR(body);
	if (!nulls[EVENT_SIGNATURES - 1])
	{
		bytea *list = DatumGetByteaPP(values[EVENT_SIGNATURES - 1]);

		check_length(event.entry_id, VARSIZE_ANY_EXHDR(list));
		event.signatures = (const uint8_t *) VARDATA_ANY(list);
		event.signatures_len = (uint16_t) VARSIZE_ANY_EXHDR(list);
	}
	event.recorded_at = StoTimeFromTimestamp(DatumGetTimestampTz(values[EVENT_RECORDED_AT - 1]));

	if (!asker->reads_all && !is_public(event.kind, event.kind_len) && !is_own_event(asker, &event))
		may_not_see(event.entry_id, "An event is for its subject, who recorded it, and readers of "
									"the whole register.");
	/* the genesis event makes the ledger's id (docs/format.md, "Act and event") */
	if (event.kind_len != strlen("genesis") || memcmp(event.kind, "genesis", event.kind_len) != 0)
		read_ledger_id(asker, ledger_id);
	sto_writer_init(&w, NULL, 0);
	sto_put_event(&w, ledger_id, &event);
	check_length(event.entry_id, w.len);
	record = palloc(w.len);
	sto_writer_init(&w, record, w.len);
	sto_put_event(&w, ledger_id, &event);
	set_record(leaf, &w, record);
}

void
sto_receipt_leaf(const StoAsker *asker, int64 entry_id, StoOpens opens, StoReceiptLeaf *leaf,
				 StoHash *hash)
{
	Datum key = Int64GetDatum(entry_id);
	StoScan scan;
	StoHash stored;

	memset(leaf, 0, sizeof(*leaf));
	if (find(asker, STO_REL_TRANSFER, STO_IDX_TRANSFER, 1, &key, &scan))
	{
		entry_leaf(asker, &scan, opens, leaf);
		memcpy(&stored, DatumGetPointer(scan.slot->tts_values[TRANSFER_LEAF_HASH - 1]),
			   STO_DIGEST_LEN);
	}
	else
	{
		sto_scan_end(&scan);
		if (!find(asker, STO_REL_EVENT, STO_IDX_EVENT, 1, &key, &scan))
			ereport(ERROR, (errcode(ERRCODE_STO_NO_SUCH_LEAF),
							errmsg("the log has no entry " INT64_FORMAT, entry_id)));
		if (opens == STO_OPENS_DEBIT || opens == STO_OPENS_CREDIT)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("entry " INT64_FORMAT " is an event and moves no position", entry_id)));
		event_leaf(asker, &scan, leaf);
		memcpy(&stored, DatumGetPointer(scan.slot->tts_values[EVENT_LEAF_HASH - 1]),
			   STO_DIGEST_LEN);
	}
	if (!sto_leaf_hash(leaf->record, leaf->record_len, hash->octets))
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not hash a record: OpenSSL failed")));
	if (memcmp(hash, &stored, sizeof(*hash)) != 0)
		broken(entry_id);
	sto_scan_end(&scan);
}
