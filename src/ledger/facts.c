/*
 * facts.c
 *		The cache of register facts.
 */
#include "postgres.h"

#include "ledger/acknowledge.h"
#include "ledger/attach.h"
#include "ledger/columns.h"
#include "ledger/facts.h"
#include "ledger/redeem.h"
#include "ledger/ruleset.h"
#include "ledger/store.h"

#include "errors.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/uuid.h"

/*
 * Most facts kept of each sort.  A wallet takes about 200 octets and a policy
 * of one key 60, so a full cache takes some 40 MB; a full cache keeps no more.
 */
#define FACTS_MAX 131072

typedef struct PolicyEntry
{
	int64 policy_event;
	uint16 len;
	uint8 *packed; /* in facts_context */
} PolicyEntry;

typedef struct MemberFact
{
	bool known;
	Oid role;
	uint8_t party_id[STO_UUID_LEN];
} MemberFact;

/*
 * A transaction that misses this often posts in bulk: it reads the whole table
 * ahead, at a fraction of what as many look-ups would cost, if the table has at
 * most so many blocks.
 */
#define READ_AHEAD_AFTER 1000
#define READ_AHEAD_BLOCKS 8192

static int misses[STO_REL_COUNT];

static MemoryContext facts_context = NULL;
static HTAB *wallets = NULL;
static HTAB *tokens = NULL;
static HTAB *parties = NULL;
static HTAB *policies = NULL;
static StoLedgerFact ledger;
static bool ledger_known = false;
static MemberFact member;

/* An announcement is an invalidation of sto.writer, which catalog.c counts. */
static uint64 generation = 0;
static uint64 epoch = 0;             /* how often everything was forgotten */
static bool stale = false;           /* our own transaction changed facts, or undid a change */
static bool touched_in_xact = false; /* this transaction wrote register rows */

static HTAB *
make_table(const char *name, Size keysize, Size entrysize)
{
	HASHCTL ctl;

	ctl.keysize = keysize;
	ctl.entrysize = entrysize;
	ctl.hcxt = facts_context;
	return hash_create(name, 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Forget everything. */
static void
reset(void)
{
	MemoryContext old = facts_context;

	/* whatever fails below, the next look-up begins here again */
	stale = true;
	facts_context = NULL;
	if (old != NULL)
		MemoryContextDelete(old);
	facts_context = AllocSetContextCreate(TopMemoryContext, "sto facts", ALLOCSET_DEFAULT_SIZES);
	wallets = make_table("sto wallets", STO_ADDRESS_LEN, sizeof(StoWalletFact));
	tokens = make_table("sto tokens", STO_UUID_LEN, sizeof(StoTokenFact));
	parties = make_table("sto parties", STO_UUID_LEN, sizeof(StoPartyFact));
	policies = make_table("sto policies", sizeof(int64), sizeof(PolicyEntry));
	ledger_known = false;
	member.known = false;
	stale = false;
	generation = sto_writer_generation;
	epoch++;
	memset(misses, 0, sizeof(misses));
}

static void
facts_xact_end(XactEvent event, void *arg)
{
	/* a prepared transaction may yet be rolled back, by another session */
	if ((event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) && touched_in_xact)
		stale = true;
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
	{
		touched_in_xact = false;
		memset(misses, 0, sizeof(misses));
	}
}

static void
facts_subxact_end(SubXactEvent event, SubTransactionId mySubid, SubTransactionId parentSubid,
				  void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && touched_in_xact)
		stale = true;
}

void
sto_facts_init(void)
{
	RegisterXactCallback(facts_xact_end, NULL);
	RegisterSubXactCallback(facts_subxact_end, NULL);
}

void
sto_facts_announce(void)
{
	CacheInvalidateRelcacheByRelid(sto_rel_oid(STO_REL_WRITER));
	stale = true;
}

void
sto_facts_touched(void)
{
	touched_in_xact = true;
}

/* Make the cache ready for a look-up in a table. */
static void
refresh(HTAB **table)
{
	if (stale || generation != sto_writer_generation)
		reset();
	else if (table != NULL && hash_get_num_entries(*table) >= FACTS_MAX)
		reset();
}

uint64
sto_facts_epoch(void)
{
	refresh(NULL);
	return epoch;
}

static void
copy_uuid(uint8_t *out, Datum value)
{
	memcpy(out, DatumGetUUIDP(value)->data, STO_UUID_LEN);
}

static void
copy_octets(uint8_t *out, Datum value, Size len)
{
	memcpy(out, DatumGetPointer(value), len);
}

static bool
text_equals(Datum value, const char *expected)
{
	text *t = DatumGetTextPP(value);
	Size len = strlen(expected);

	return VARSIZE_ANY_EXHDR(t) == len && memcmp(VARDATA_ANY(t), expected, len) == 0;
}

static Datum
uuid_datum(const uint8_t *id)
{
	return PointerGetDatum(unconstify(uint8_t *, id));
}

bool
sto_fact_ledger_try(StoLedgerFact *out)
{
	StoScan scan;
	bool isnull;

	refresh(NULL);
	if (!ledger_known)
	{
		/* at most one row: no key to look for */
		sto_scan_begin(&scan, STO_REL_LEDGER, STO_IDX_LEDGER, 0, NULL, NULL);
		if (sto_scan_next(&scan))
		{
			TupleTableSlot *slot = scan.slot;

			copy_uuid(ledger.ledger_id, slot_getattr(slot, LEDGER_LEDGER_ID, &isnull));
			copy_octets(ledger.genesis_hash, slot_getattr(slot, LEDGER_GENESIS_HASH, &isnull),
						STO_DIGEST_LEN);
			ledger.policy_event = DatumGetInt64(slot_getattr(slot, LEDGER_POLICY_EVENT, &isnull));
			ledger.roles =
				text_equals(slot_getattr(slot, LEDGER_REGISTER_AUTHORITY, &isnull), "roles");
			ledger_known = true;
		}
		sto_scan_end(&scan);
	}
	*out = ledger;
	return ledger_known;
}

void
sto_fact_ledger(StoLedgerFact *out)
{
	if (!sto_fact_ledger_try(out))
		ereport(ERROR, (errcode(ERRCODE_STO_LEDGER_NOT_OPEN), errmsg("the ledger is not open"),
						errhint("Open it with sto.open_ledger(); after a restore, fold its log "
								"with sto.rebuild().")));
}

/* The READ_AHEAD_AFTERth miss in a table reads it ahead. */
static void
missed(StoRel rel, void (*take)(TupleTableSlot *slot))
{
	if (++misses[rel] == READ_AHEAD_AFTER)
		(void) sto_store_each_row(rel, READ_AHEAD_BLOCKS, take);
}

static bool
has_room(HTAB *table)
{
	return hash_get_num_entries(table) < FACTS_MAX - 1;
}

static void
read_wallet(TupleTableSlot *slot, StoWalletFact *out)
{
	bool isnull;
	Datum value;

	memset(out, 0, sizeof(*out));
	copy_octets(out->address, slot_getattr(slot, WALLET_ADDRESS, &isnull), STO_ADDRESS_LEN);
	copy_uuid(out->wallet_id, slot_getattr(slot, WALLET_WALLET_ID, &isnull));
	copy_uuid(out->party, slot_getattr(slot, WALLET_PARTY_ID, &isnull));
	value = slot_getattr(slot, WALLET_CUSTODIAN, &isnull);
	out->has_custodian = !isnull;
	if (!isnull)
		copy_uuid(out->custodian, value);
	copy_octets(out->salt, slot_getattr(slot, WALLET_SALT, &isnull), STO_DIGEST_LEN);
	out->signed_only = DatumGetBool(slot_getattr(slot, WALLET_SIGNED_ONLY, &isnull));
	out->issuance = text_equals(slot_getattr(slot, WALLET_KIND, &isnull), "issuance");
	out->omnibus = text_equals(slot_getattr(slot, WALLET_KIND, &isnull), "omnibus");
	out->active = text_equals(slot_getattr(slot, WALLET_STATUS, &isnull), "active");
	value = slot_getattr(slot, WALLET_POLICY_EVENT, &isnull);
	out->policy_event = isnull ? 0 : DatumGetInt64(value);
	value = slot_getattr(slot, WALLET_FROZEN, &isnull);
	out->frozen = isnull ? 0 : DatumGetInt64(value);
	value = slot_getattr(slot, WALLET_BARRED, &isnull);
	out->barred = isnull ? 0 : DatumGetInt64(value);
	if (out->barred != 0)
	{
		out->active = false;
		copy_octets(out->successor, slot_getattr(slot, WALLET_SUCCESSOR, &isnull), STO_ADDRESS_LEN);
	}
}

static void
keep_wallet(TupleTableSlot *slot)
{
	StoWalletFact fact;

	read_wallet(slot, &fact);
	if (has_room(wallets))
		*(StoWalletFact *) hash_search(wallets, fact.address, HASH_ENTER, NULL) = fact;
}

bool
sto_fact_wallet(const uint8_t address[STO_ADDRESS_LEN], StoWalletFact *out)
{
	StoWalletFact *fact;
	StoRow row;
	Datum key = PointerGetDatum(unconstify(uint8_t *, address));

	refresh(&wallets);
	fact = hash_search(wallets, address, HASH_FIND, NULL);
	if (fact != NULL)
	{
		*out = *fact;
		return true;
	}

	if (sto_store_find(STO_REL_WALLET, STO_IDX_WALLET, 1, &key, &row))
	{
		read_wallet(row.slot, out);
		/* the read above may have met an announcement: what it read is newer */
		refresh(&wallets);
		keep_wallet(row.slot);
		missed(STO_REL_WALLET, keep_wallet);
	}
	sto_row_close(&row);
	return row.found;
}

void
sto_fact_heir(uint8_t address[STO_ADDRESS_LEN])
{
	StoWalletFact wallet;

	/* ends: what is barred receives nothing, so nobody succeeds to a wallet after it was */
	while (sto_fact_wallet(address, &wallet) && wallet.barred != 0)
		memcpy(address, wallet.successor, STO_ADDRESS_LEN);
}

bool
sto_fact_token(const uint8_t token_id[STO_UUID_LEN], StoTokenFact *out)
{
	StoTokenFact *fact;
	StoRow row;
	Datum key = uuid_datum(token_id);
	Datum value;
	bool isnull;

	refresh(&tokens);
	fact = hash_search(tokens, token_id, HASH_FIND, NULL);
	if (fact != NULL)
	{
		*out = *fact;
		return true;
	}

	memset(out, 0, sizeof(*out));
	if (sto_store_find(STO_REL_TOKEN, STO_IDX_TOKEN, 1, &key, &row))
	{
		memcpy(out->token_id, token_id, STO_UUID_LEN);
		copy_uuid(out->issuer, sto_row_get(&row, TOKEN_ISSUER, &isnull));
		copy_octets(out->issuance, sto_row_get(&row, TOKEN_ISSUANCE, &isnull), STO_ADDRESS_LEN);
		out->decimals = DatumGetInt16(sto_row_get(&row, TOKEN_DECIMALS, &isnull));
		out->active = text_equals(sto_row_get(&row, TOKEN_STATUS, &isnull), "active");
		value = sto_row_get(&row, TOKEN_AUTHORISED, &isnull);
		out->has_authorised = !isnull;
		if (!isnull)
			memcpy(&out->authorised, DatumGetPointer(value), STO_AMOUNT_LEN);
		value = sto_row_get(&row, TOKEN_UNSIGNED_ROLE, &isnull);
		out->has_unsigned_role = !isnull;
		if (!isnull)
			namestrcpy(&out->unsigned_role, TextDatumGetCString(value));
		value = sto_row_get(&row, TOKEN_PAUSED, &isnull);
		out->paused = isnull ? 0 : DatumGetInt64(value);
		value = sto_row_get(&row, TOKEN_TOPICS, &isnull);
		out->topics = isnull ? 0 : DatumGetInt64(value);
		out->receiver_only = DatumGetBool(sto_row_get(&row, TOKEN_RECEIVER_ONLY, &isnull));
		out->documents = sto_documents_required(token_id);
		out->rules = sto_rules_registered(token_id);
		out->attached = sto_token_attached(token_id);
		out->pays = sto_token_pays(token_id);
		sto_redeem_read_terms(&row, out);

		refresh(&tokens);
		fact = hash_search(tokens, token_id, HASH_ENTER, NULL);
		*fact = *out;
	}
	sto_row_close(&row);
	return row.found;
}

static void
read_party(TupleTableSlot *slot, StoPartyFact *out)
{
	bool isnull;
	Datum value;

	memset(out, 0, sizeof(*out));
	copy_uuid(out->party_id, slot_getattr(slot, PARTY_PARTY_ID, &isnull));
	out->active = text_equals(slot_getattr(slot, PARTY_STATUS, &isnull), "active");
	value = slot_getattr(slot, PARTY_POLICY_EVENT, &isnull);
	out->policy_event = isnull ? 0 : DatumGetInt64(value);
	value = slot_getattr(slot, PARTY_FROZEN, &isnull);
	out->frozen = isnull ? 0 : DatumGetInt64(value);
	value = slot_getattr(slot, PARTY_COUNTRY, &isnull);
	if (!isnull)
		copy_octets((uint8_t *) out->country, PointerGetDatum(VARDATA_ANY(DatumGetTextPP(value))),
					sizeof(out->country));
	value = slot_getattr(slot, PARTY_INCORPORATION, &isnull);
	if (!isnull)
		copy_octets((uint8_t *) out->incorporation,
					PointerGetDatum(VARDATA_ANY(DatumGetTextPP(value))),
					sizeof(out->incorporation));
}

static void
keep_party(TupleTableSlot *slot)
{
	StoPartyFact fact;

	read_party(slot, &fact);
	if (has_room(parties))
		*(StoPartyFact *) hash_search(parties, fact.party_id, HASH_ENTER, NULL) = fact;
}

bool
sto_fact_party(const uint8_t party_id[STO_UUID_LEN], StoPartyFact *out)
{
	StoPartyFact *fact;
	StoRow row;
	Datum key = uuid_datum(party_id);

	refresh(&parties);
	fact = hash_search(parties, party_id, HASH_FIND, NULL);
	if (fact != NULL)
	{
		*out = *fact;
		return true;
	}

	if (sto_store_find(STO_REL_PARTY, STO_IDX_PARTY, 1, &key, &row))
	{
		read_party(row.slot, out);
		refresh(&parties);
		keep_party(row.slot);
		missed(STO_REL_PARTY, keep_party);
	}
	sto_row_close(&row);
	return row.found;
}

static void
keep_policy(TupleTableSlot *slot)
{
	bool isnull;
	int64 policy_event = DatumGetInt64(slot_getattr(slot, KEY_POLICY_POLICY_EVENT, &isnull));
	bytea *packed = DatumGetByteaPP(slot_getattr(slot, KEY_POLICY_POLICY, &isnull));
	PolicyEntry *entry;
	bool found;

	if (!has_room(policies))
		return;
	entry = hash_search(policies, &policy_event, HASH_ENTER, &found);
	if (found && entry->packed != NULL)
		return;
	entry->len = VARSIZE_ANY_EXHDR(packed);
	entry->packed = NULL; /* true even if the next line throws */
	entry->packed = MemoryContextAlloc(facts_context, entry->len);
	memcpy(entry->packed, VARDATA_ANY(packed), entry->len);
}

static void
unpack(int64 policy_event, const void *packed, size_t len, StoPolicy *out)
{
	const char *why = NULL;

	if (!sto_policy_unpack(packed, len, out, &why))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
						errmsg("key policy of event " INT64_FORMAT " can't be read", policy_event),
						errdetail("%s.", why),
						errhint("Compare the register with its log: SELECT * FROM sto.verify().")));
}

bool
sto_fact_policy(int64 policy_event, StoPolicy *out)
{
	PolicyEntry *entry;
	StoRow row;
	Datum key = Int64GetDatum(policy_event);

	refresh(&policies);
	entry = hash_search(policies, &policy_event, HASH_FIND, NULL);
	if (entry != NULL && entry->packed != NULL)
	{
		unpack(policy_event, entry->packed, entry->len, out);
		return true;
	}

	if (sto_store_find(STO_REL_KEY_POLICY, STO_IDX_KEY_POLICY, 1, &key, &row))
	{
		bool isnull;
		bytea *packed = DatumGetByteaPP(sto_row_get(&row, KEY_POLICY_POLICY, &isnull));

		/* from the row itself: a full cache keeps no more */
		unpack(policy_event, VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed), out);
		refresh(&policies);
		keep_policy(row.slot);
		missed(STO_REL_KEY_POLICY, keep_policy);
	}
	sto_row_close(&row);
	return row.found;
}

bool
sto_fact_capability(const uint8_t party_id[STO_UUID_LEN], const char *capability)
{
	Datum keys[2] = {uuid_datum(party_id), CStringGetTextDatum(capability)};
	StoRow row;
	bool isnull;
	bool granted;

	granted = sto_store_find(STO_REL_CAPABILITY, STO_IDX_CAPABILITY, 2, keys, &row) &&
			  DatumGetBool(sto_row_get(&row, CAPABILITY_GRANTED, &isnull));
	sto_row_close(&row);
	return granted;
}

bool
sto_fact_member_try(uint8_t party_id[STO_UUID_LEN])
{
	Oid role = GetUserId();

	refresh(NULL);
	if (!member.known || member.role != role)
	{
		Datum key = ObjectIdGetDatum(role);
		StoRow row;
		bool isnull;

		member.known = sto_store_find(STO_REL_MEMBER, STO_IDX_MEMBER, 1, &key, &row);
		member.role = role;
		if (member.known)
			copy_uuid(member.party_id, sto_row_get(&row, MEMBER_PARTY_ID, &isnull));
		sto_row_close(&row);
	}
	memcpy(party_id, member.party_id, STO_UUID_LEN);
	return member.known;
}

void
sto_fact_member(uint8_t party_id[STO_UUID_LEN])
{
	if (!sto_fact_member_try(party_id))
	{
		char *role = GetUserNameFromId(GetUserId(), false);

		ereport(ERROR, (errcode(ERRCODE_STO_NOT_A_MEMBER),
						errmsg("role \"%s\" submits for no party", role),
						errhint("An operator maps it with sto.map_role('%s', party uuid).", role)));
	}
}

/*
 * sto.member_changed() returns trigger
 *
 * Statement trigger of sto.member: other sessions' caches hold who submits for whom.
 */
PG_FUNCTION_INFO_V1(sto_member_changed);

Datum
sto_member_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo) ||
		RelationGetRelid(((TriggerData *) fcinfo->context)->tg_relation) !=
			sto_rel_oid(STO_REL_MEMBER))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("sto.member_changed() is a trigger of sto.member alone")));
	sto_facts_announce();
	sto_facts_touched();
	PG_RETURN_POINTER(NULL);
}
