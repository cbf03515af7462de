/*
 * register_seal.c
 *		Handlers of events about the log itself: the key that signs checkpoints,
 *		witnesses, the authorities of time, and a restart after a roll-back.
 */
#include "postgres.h"

#include "core/note.h"
#include "core/receipt.h"
#include "ledger/register.h"
#include "types/types.h"

#include "errors.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "utils/builtins.h"

#define WITNESSES_MAX 16    /* no policy may ask for more */
#define CERTIFICATES_MAX 16 /* of one time authority */

/* The name of the log's note key: the ledger's origin, "/" and its id. */
static char *
log_name(const StoAct *act)
{
	StoScan scan;
	bool isnull;
	char *origin;

	sto_scan_begin(&scan, STO_REL_LEDGER, STO_IDX_LEDGER, 0, NULL, NULL);
	if (!sto_scan_next(&scan))
		elog(ERROR, "the ledger's row is missing");
	origin = TextDatumGetCString(slot_getattr(scan.slot, LEDGER_ORIGIN, &isnull));
	sto_scan_end(&scan);
	return psprintf("%s/%s", origin, sto_uuid_text(act->ledger.ledger_id));
}

/* The body's key, as one of that name, must have signed that it wants to be here. */
static void
check_note_key(const StoAct *act, uint8_t type, const uint8_t *party, const char *name)
{
	const StoBody *body = &act->body;
	const StoKey *key = &body->value[STO_F_KEY].key;
	uint8_t message[512];
	uint8_t signature[STO_SIG_LEN];
	StoNoteKey note_key;
	StoWriter w;
	const char *why = NULL;

	if (!sto_note_key_make(name, strlen(name), type, key, &note_key, &why))
		sto_act_refuse("\"%.100s\" can't be the name of a note's key: %s", name, why);
	if (!act->check_signatures)
		return;
	sto_writer_init(&w, message, sizeof(message));
	sto_put_note_possession(&w, act->ledger.ledger_id, party, name, strlen(name), key);
	if (w.failed)
		elog(ERROR, "could not build a proof of possession");
	if (!sto_signature_canonical(key->scheme, body->value[STO_F_POSSESSION].signature, STO_SIG_LEN,
								 signature, &why))
		ereport(ERROR, (errcode(ERRCODE_STO_KEY_REFUSED),
						errmsg("public key is refused: its proof of possession can't be read"),
						errdetail("Reason: %s.", why)));
	switch (sto_signature_check(key, message, w.len, signature))
	{
		case STO_CHECK_GOOD:
			break;
		case STO_CHECK_BAD:
			ereport(ERROR,
					(errcode(ERRCODE_STO_KEY_REFUSED),
					 errmsg("public key is refused: its proof of possession does not verify"),
					 errdetail("It signs ledger, party, the name \"%s\" and the key.", name),
					 errhint("sto.log_key_message() and sto.witness_key_message() give the "
							 "bytes.")));
			break;
		case STO_CHECK_FAILED:
			ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
							errmsg("OpenSSL failed to check a signature")));
	}
}

void
sto_register_log_key(StoAct *act)
{
	Datum values[LOG_KEY_COLUMNS];
	bool nulls[LOG_KEY_COLUMNS] = {false};
	uint8_t fingerprint[STO_DIGEST_LEN];
	uint8_t old[STO_DIGEST_LEN];
	int64 present = 0;
	bool isnull;
	StoScan scan;

	check_note_key(act, STO_NOTE_ED25519, NULL, log_name(act));

	/* the ledger's subject row is locked: nobody else writes this table meanwhile */
	sto_scan_begin(&scan, STO_REL_LOG_KEY, STO_IDX_LOG_KEY, 0, NULL, NULL);
	while (sto_scan_next(&scan))
	{
		(void) slot_getattr(scan.slot, LOG_KEY_RETIRED, &isnull);
		if (!isnull)
			continue;
		present = DatumGetInt64(slot_getattr(scan.slot, LOG_KEY_REGISTERED, &isnull));
		memcpy(old, DatumGetPointer(slot_getattr(scan.slot, LOG_KEY_FINGERPRINT, &isnull)),
			   STO_DIGEST_LEN);
	}
	sto_scan_end(&scan);
	if (present != 0)
	{
		StoRow row;
		Datum key = Int64GetDatum(present);

		if (sto_store_find_lock(STO_REL_LOG_KEY, STO_IDX_LOG_KEY, 1, &key, &row))
			sto_register_set(&row, LOG_KEY_RETIRED, Int64GetDatum(act->event.entry_id), false);
		sto_register_retire_key(act, old);
	}

	sto_register_note_key(act, &act->body.value[STO_F_KEY].key, STO_KEY_FOR_LOG, fingerprint);
	values[LOG_KEY_REGISTERED - 1] = Int64GetDatum(act->event.entry_id);
	nulls[LOG_KEY_RETIRED - 1] = true;
	values[LOG_KEY_FINGERPRINT - 1] = StoOctetsGetDatum(fingerprint, STO_DIGEST_LEN);
	values[LOG_KEY_KEY - 1] = sto_key_get_datum(&act->body.value[STO_F_KEY].key);
	sto_store_insert(STO_REL_LOG_KEY, values, nulls);
}

/* The party's present witness key, if it has one, is a witness's no longer. */
void
sto_register_dismiss_witness(StoAct *act)
{
	uint8_t old[STO_DIGEST_LEN];
	int64 present = 0;
	bool isnull;
	StoScan scan;
	StoRow row;
	Datum key;

	/* the party's subject row is locked: nobody else writes its rows meanwhile */
	sto_scan_begin(&scan, STO_REL_WITNESS, STO_IDX_WITNESS, 0, NULL, NULL);
	while (sto_scan_next(&scan))
	{
		(void) slot_getattr(scan.slot, WITNESS_RETIRED, &isnull);
		if (!isnull || memcmp(DatumGetPointer(slot_getattr(scan.slot, WITNESS_PARTY_ID, &isnull)),
							  act->event.subject, STO_UUID_LEN) != 0)
			continue;
		present = DatumGetInt64(slot_getattr(scan.slot, WITNESS_REGISTERED, &isnull));
		memcpy(old, DatumGetPointer(slot_getattr(scan.slot, WITNESS_FINGERPRINT, &isnull)),
			   STO_DIGEST_LEN);
	}
	sto_scan_end(&scan);
	if (present == 0)
		return;
	key = Int64GetDatum(present);
	if (sto_store_find_lock(STO_REL_WITNESS, STO_IDX_WITNESS, 1, &key, &row))
		sto_register_set(&row, WITNESS_RETIRED, Int64GetDatum(act->event.entry_id), false);
	sto_register_retire_key(act, old);
}

void
sto_register_witness_key(StoAct *act)
{
	const char *name = act->body.value[STO_F_NAME].text;
	Datum values[WITNESS_COLUMNS];
	bool nulls[WITNESS_COLUMNS] = {false};
	uint8_t fingerprint[STO_DIGEST_LEN];

	sto_register_line(name, "name", STO_REGISTER_NAME_MAX);
	if (strcmp(name, log_name(act)) == 0)
		sto_act_refuse("\"%.100s\" is the name of the log's own key", name);
	check_note_key(act, STO_NOTE_COSIGNATURE, act->event.subject, name);
	sto_register_dismiss_witness(act);
	sto_register_note_key(act, &act->body.value[STO_F_KEY].key, STO_KEY_FOR_WITNESS, fingerprint);

	values[WITNESS_REGISTERED - 1] = Int64GetDatum(act->event.entry_id);
	nulls[WITNESS_RETIRED - 1] = true;
	values[WITNESS_PARTY_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[WITNESS_FINGERPRINT - 1] = StoOctetsGetDatum(fingerprint, STO_DIGEST_LEN);
	values[WITNESS_KEY - 1] = sto_key_get_datum(&act->body.value[STO_F_KEY].key);
	values[WITNESS_NAME - 1] = CStringGetTextDatum(name);
	sto_register_insert(STO_REL_WITNESS, values, nulls, ERRCODE_STO_INVALID_EVENT,
						"the event can't be applied: another witness has this name");
}

void
sto_register_witness_policy(StoAct *act)
{
	int64 threshold = act->body.value[STO_F_THRESHOLD].integer;
	Datum values[WITNESS_POLICY_COLUMNS];
	bool nulls[WITNESS_POLICY_COLUMNS] = {false};

	if (threshold < 1 || threshold > WITNESSES_MAX)
		sto_act_refuse("\"threshold\" must be from 1 to %d", WITNESSES_MAX);
	values[WITNESS_POLICY_REGISTERED - 1] = Int64GetDatum(act->event.entry_id);
	values[WITNESS_POLICY_THRESHOLD - 1] = Int16GetDatum((int16) threshold);
	sto_store_insert(STO_REL_WITNESS_POLICY, values, nulls);
}

/* The next line of a text, without its end; CRLF counts as one. */
static bool
next_line(const char **at, const char **line, size_t *len)
{
	if (**at == '\0')
		return false;
	*line = *at;
	*len = strcspn(*at, "\n");
	*at += *len + ((*at)[*len] == '\n');
	if (*len > 0 && (*line)[*len - 1] == '\r')
		(*len)--;
	return true;
}

static bool
line_is(const char *line, size_t len, const char *expected)
{
	return len == strlen(expected) && memcmp(line, expected, len) == 0;
}

/* The DER in between must be one certificate and nothing after it. */
static bool
is_certificate(const char *base64, size_t len)
{
	size_t room = len / 4 * 3 + 3;
	uint8_t *der = palloc(room);
	const unsigned char *at = der;
	size_t der_len = 0;
	X509 *certificate;
	bool good;

	if (!sto_base64_decode(base64, len, der, room, &der_len))
		return false;
	certificate = d2i_X509(NULL, &at, (long) der_len);
	good = certificate != NULL && at == der + der_len;
	X509_free(certificate);
	ERR_clear_error();
	pfree(der);
	return good;
}

/*
 * PEM (RFC 7468) of certificates and nothing else: no text around them, which
 * might say something that nobody vetted, and no private key by mistake.
 */
static void
check_certificates(const char *pem)
{
	char *base64 = palloc(strlen(pem) + 1);
	const char *at = pem;
	const char *line;
	size_t len;
	int count = 0;

	while (next_line(&at, &line, &len))
	{
		size_t got = 0;

		if (len == 0)
			continue;
		if (!line_is(line, len, "-----BEGIN CERTIFICATE-----"))
			sto_act_refuse("\"certificate\" holds something beside certificates in PEM");
		while (next_line(&at, &line, &len) && !line_is(line, len, "-----END CERTIFICATE-----"))
		{
			memcpy(base64 + got, line, len);
			got += len;
			len = 0;
		}
		if (!line_is(line, len, "-----END CERTIFICATE-----") || !is_certificate(base64, got))
			sto_act_refuse("certificate %d of \"certificate\" can't be read", count + 1);
		if (++count > CERTIFICATES_MAX)
			sto_act_refuse("\"certificate\" holds more than %d certificates", CERTIFICATES_MAX);
	}
	if (count == 0)
		sto_act_refuse("\"certificate\" holds no certificate");
	pfree(base64);
}

void
sto_register_time_authority(StoAct *act)
{
	Datum values[TIME_AUTHORITY_COLUMNS];
	bool nulls[TIME_AUTHORITY_COLUMNS] = {false};

	sto_register_line(act->body.value[STO_F_NAME].text, "name", STO_REGISTER_NAME_MAX);
	check_certificates(act->body.value[STO_F_CERTIFICATE].text);
	values[TIME_AUTHORITY_REGISTERED - 1] = Int64GetDatum(act->event.entry_id);
	values[TIME_AUTHORITY_NAME - 1] = CStringGetTextDatum(act->body.value[STO_F_NAME].text);
	values[TIME_AUTHORITY_CERTIFICATE - 1] =
		CStringGetTextDatum(act->body.value[STO_F_CERTIFICATE].text);
	sto_store_insert(STO_REL_TIME_AUTHORITY, values, nulls);
}

/* Which checkpoint is given up is for those who sign; the worker goes by this row. */
void
sto_register_log_restart(StoAct *act)
{
	int64 size = act->body.value[STO_F_SIZE].integer;
	Datum values[LOG_RESTART_COLUMNS];
	bool nulls[LOG_RESTART_COLUMNS] = {false};

	sto_register_line(act->body.value[STO_F_REASON].text, "reason", STO_REGISTER_REASON_MAX);
	if (size < 1 || size >= STO_TREE_SIZE_MAX)
		sto_act_refuse("\"size\" must be the size of a checkpoint");
	values[LOG_RESTART_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	values[LOG_RESTART_TREE_SIZE - 1] = Int64GetDatum(size);
	values[LOG_RESTART_ROOT - 1] =
		StoOctetsGetDatum(act->body.value[STO_F_ROOT].octets, STO_DIGEST_LEN);
	values[LOG_RESTART_REASON - 1] = CStringGetTextDatum(act->body.value[STO_F_REASON].text);
	sto_store_insert(STO_REL_LOG_RESTART, values, nulls);
}
