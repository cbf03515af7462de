/*
 * register_keys.c
 *		Key policies: of the root officers, a party or a wallet.
 *
 * A key registers once in a ledger, for one subject, and never comes back once
 * a policy has left it out (docs/security.md, "Keys"): whoever finds a retired key can't use
 * it, and no two subjects can be signed for by one key unknowingly.
 */
#include "postgres.h"

#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#define POSSESSION_MAX (STO_POLICY_PACKED_MAX + 128)

pg_attribute_noreturn() static void refuse_key(const uint8_t *fingerprint, const char *why,
											   const char *hint)
{
	char hex[2 * STO_DIGEST_LEN + 1];

	sto_hex_encode(fingerprint, STO_DIGEST_LEN, hex);
	ereport(ERROR,
			(errcode(ERRCODE_STO_KEY_REFUSED), errmsg("public key is refused: %s", why),
			 errdetail("Its fingerprint is %s.", hex), hint != NULL ? errhint("%s", hint) : 0));
}

/* The holder of a new key must have signed that he wants it in this policy. */
static void
check_possession(const StoAct *act, int which, const uint8_t *message, size_t len)
{
	const StoPolicyKey *key = &act->body.policy.keys[which];
	const StoPossession *proof = &act->body.possession[which];
	uint8_t signature[STO_SIG_LEN];
	const char *why = NULL;

	if (proof->len == 0)
		refuse_key(key->fingerprint, "it brings no proof of possession",
				   "Each key that is new to its subject signs sto.possession_message().");
	if (!act->check_signatures)
		return;
	if (!sto_signature_canonical(key->key.scheme, proof->sig, proof->len, signature, &why))
		refuse_key(key->fingerprint, psprintf("its proof of possession can't be read: %s", why),
				   NULL);
	switch (sto_signature_check(&key->key, message, len, signature))
	{
		case STO_CHECK_GOOD:
			break;
		case STO_CHECK_BAD:
			refuse_key(key->fingerprint, "its proof of possession does not verify",
					   "It signs ledger, party, subject, address, custodian, signed_only and "
					   "the whole new policy.");
			break;
		case STO_CHECK_FAILED:
			ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
							errmsg("OpenSSL failed to check a signature")));
	}
}

static void
set_validity(const StoPolicyKey *key, Datum *values, bool *nulls)
{
	values[PUBLIC_KEY_VALID_FROM - 1] = TimestampTzGetDatum(StoTimeToTimestamp(key->from));
	values[PUBLIC_KEY_VALID_TO - 1] = TimestampTzGetDatum(StoTimeToTimestamp(key->to));
	nulls[PUBLIC_KEY_VALID_FROM - 1] = !key->has_from;
	nulls[PUBLIC_KEY_VALID_TO - 1] = !key->has_to;
}

static void
insert_key(const StoAct *act, const StoPolicyKey *key, const char *used_for)
{
	Datum values[PUBLIC_KEY_COLUMNS];
	bool nulls[PUBLIC_KEY_COLUMNS] = {false};

	values[PUBLIC_KEY_REGISTERED - 1] = Int64GetDatum(act->event.entry_id);
	values[PUBLIC_KEY_RETIRED - 1] = (Datum) 0;
	nulls[PUBLIC_KEY_RETIRED - 1] = true;
	set_validity(key, values, nulls);
	values[PUBLIC_KEY_SUBJECT - 1] = StoUuidGetDatum(act->event.subject);
	values[PUBLIC_KEY_FINGERPRINT - 1] = StoOctetsGetDatum(key->fingerprint, STO_DIGEST_LEN);
	values[PUBLIC_KEY_KEY - 1] = sto_key_get_datum(&key->key);
	values[PUBLIC_KEY_USED_FOR - 1] = CStringGetTextDatum(used_for);
	sto_register_insert(STO_REL_PUBLIC_KEY, values, nulls, ERRCODE_STO_KEY_REFUSED,
						"public key is refused: it is registered for another subject");
}

/* Does a row's or a slot's column say that the key signs orders and acts? */
static bool
is_for_policy(Datum used_for)
{
	return strcmp(TextDatumGetCString(used_for), STO_KEY_FOR_POLICY) == 0;
}

void
sto_register_note_key(const StoAct *act, const StoKey *key, const char *used_for,
					  uint8_t fingerprint[STO_DIGEST_LEN])
{
	StoPolicyKey item = {.key = *key};
	Datum wanted;
	StoRow row;
	bool found;

	if (!sto_key_fingerprint(key, item.fingerprint))
		elog(ERROR, "could not compute SHA-256");
	wanted = StoOctetsGetDatum(item.fingerprint, STO_DIGEST_LEN);
	found = sto_store_find(STO_REL_PUBLIC_KEY, STO_IDX_PUBLIC_KEY, 1, &wanted, &row);
	sto_row_close(&row);
	if (found)
		refuse_key(item.fingerprint, "it was registered before",
				   "A log or a witness signs with a key that does nothing else: make a new one.");
	insert_key(act, &item, used_for);
	memcpy(fingerprint, item.fingerprint, STO_DIGEST_LEN);
}

void
sto_register_retire_key(const StoAct *act, const uint8_t *fingerprint)
{
	StoRow row;

	sto_register_find(STO_REL_PUBLIC_KEY, STO_IDX_PUBLIC_KEY, fingerprint, &row);
	sto_register_set(&row, PUBLIC_KEY_RETIRED, Int64GetDatum(act->event.entry_id), false);
}

/* One key of the new policy: kept from the present one, or new to the ledger. */
static void
register_key(const StoAct *act, int which, const uint8_t *message, size_t len)
{
	const StoPolicyKey *key = &act->body.policy.keys[which];
	Datum wanted = StoOctetsGetDatum(key->fingerprint, STO_DIGEST_LEN);
	StoRow row;
	bool isnull;

	if (!sto_store_find(STO_REL_PUBLIC_KEY, STO_IDX_PUBLIC_KEY, 1, &wanted, &row))
	{
		sto_row_close(&row);
		if (act->body.kind != STO_EVENT_GENESIS)
			check_possession(act, which, message, len);
		insert_key(act, key, STO_KEY_FOR_POLICY);
		return;
	}

	if (memcmp(DatumGetPointer(sto_row_get(&row, PUBLIC_KEY_SUBJECT, &isnull)), act->event.subject,
			   STO_UUID_LEN) != 0)
		refuse_key(key->fingerprint, "it is registered for another subject",
				   "Make a key of its own for every party and wallet.");
	if (!is_for_policy(sto_row_get(&row, PUBLIC_KEY_USED_FOR, &isnull)))
		refuse_key(key->fingerprint, "it signs notes, as a log's or a witness's",
				   "Make a key of its own for every use.");
	(void) sto_row_get(&row, PUBLIC_KEY_RETIRED, &isnull);
	if (!isnull)
		refuse_key(key->fingerprint, "it was retired",
				   "A retired key never comes back: make a new one.");
	else
	{
		/* the subject's row is locked, so nobody else writes its keys' rows */
		Datum values[PUBLIC_KEY_COLUMNS];
		bool nulls[PUBLIC_KEY_COLUMNS] = {false};
		bool replaces[PUBLIC_KEY_COLUMNS] = {false};

		set_validity(key, values, nulls);
		replaces[PUBLIC_KEY_VALID_FROM - 1] = replaces[PUBLIC_KEY_VALID_TO - 1] = true;
		sto_store_update(&row, values, nulls, replaces);
		sto_row_close(&row);
	}
}

static bool
policy_has(const StoPolicy *policy, const uint8_t *fingerprint)
{
	for (int i = 0; i < policy->count; i++)
		if (memcmp(policy->keys[i].fingerprint, fingerprint, STO_DIGEST_LEN) == 0)
			return true;
	return false;
}

/* Keys of the subject that the new policy leaves out. */
static void
retire_keys(const StoAct *act)
{
	Datum subject = StoUuidGetDatum(act->event.subject);
	List *retired = NIL;
	ListCell *cell;
	StoScan scan;

	sto_scan_begin(&scan, STO_REL_PUBLIC_KEY, STO_IDX_KEY_SUBJECT, 1, &subject, NULL);
	while (sto_scan_next(&scan))
	{
		bool isnull;
		uint8_t *fingerprint;

		(void) slot_getattr(scan.slot, PUBLIC_KEY_RETIRED, &isnull);
		if (!isnull || !is_for_policy(slot_getattr(scan.slot, PUBLIC_KEY_USED_FOR, &isnull)))
			continue;
		fingerprint = (uint8_t *) DatumGetPointer(StoOctetsGetDatum(
			DatumGetPointer(slot_getattr(scan.slot, PUBLIC_KEY_FINGERPRINT, &isnull)),
			STO_DIGEST_LEN));
		if (!policy_has(&act->body.policy, fingerprint))
			retired = lappend(retired, fingerprint);
	}
	sto_scan_end(&scan);

	foreach (cell, retired)
		sto_register_retire_key(act, lfirst(cell));
}

void
sto_register_policy(StoAct *act, const uint8_t party[STO_UUID_LEN], const uint8_t *address,
					const uint8_t *custodian, bool signed_only)
{
	uint8_t message[POSSESSION_MAX];
	bytea *packed = palloc(VARHDRSZ + STO_POLICY_PACKED_MAX);
	Datum values[KEY_POLICY_COLUMNS];
	bool nulls[KEY_POLICY_COLUMNS] = {false};
	StoWriter possession;
	StoWriter policy;

	sto_writer_init(&possession, message, sizeof(message));
	sto_put_possession(&possession, act->ledger.ledger_id, party, act->event.subject, address,
					   custodian, signed_only, &act->body.policy);
	sto_writer_init(&policy, VARDATA(packed), STO_POLICY_PACKED_MAX);
	sto_put_policy(&policy, &act->body.policy);
	if (possession.failed || policy.failed)
		elog(ERROR, "could not pack a key policy");

	if (act->subject_found)
		retire_keys(act);
	for (int i = 0; i < act->body.policy.count; i++)
		register_key(act, i, message, possession.len);

	SET_VARSIZE(packed, VARHDRSZ + policy.len);
	values[KEY_POLICY_POLICY_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	values[KEY_POLICY_SUBJECT - 1] = StoUuidGetDatum(act->event.subject);
	values[KEY_POLICY_POLICY - 1] = PointerGetDatum(packed);
	sto_store_insert(STO_REL_KEY_POLICY, values, nulls);
}

/* A new policy, ordered by the present one's quorum and by nobody else. */
void
sto_register_keys(StoAct *act)
{
	const uint8_t *subject = act->event.subject;
	Datum event = Int64GetDatum(act->event.entry_id);
	StoWalletFact wallet;
	uint8_t address[STO_ADDRESS_LEN];
	StoRow row;

	if (strcmp(act->subject_kind, "wallet") == 0)
	{
		if (!sto_wallet_address(act->ledger.ledger_id, subject, address) ||
			!sto_fact_wallet(address, &wallet))
			elog(ERROR, "wallet %s is missing", sto_uuid_text(subject));
		sto_register_policy(act, wallet.party, address,
							wallet.has_custodian ? wallet.custodian : NULL, false);
		sto_register_find(STO_REL_WALLET, STO_IDX_WALLET, address, &row);
		sto_register_set(&row, WALLET_POLICY_EVENT, event, false);
	}
	else if (strcmp(act->subject_kind, "party") == 0)
	{
		sto_register_policy(act, subject, NULL, NULL, false);
		sto_register_find(STO_REL_PARTY, STO_IDX_PARTY, subject, &row);
		sto_register_set(&row, PARTY_POLICY_EVENT, event, false);
	}
	else
	{
		sto_register_policy(act, sto_nil_uuid, NULL, NULL, false);
		sto_register_find(STO_REL_LEDGER, STO_IDX_LEDGER, act->ledger.ledger_id, &row);
		sto_register_set(&row, LEDGER_POLICY_EVENT, event, false);
	}
	sto_facts_announce();
}
