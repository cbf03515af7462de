/*
 * register_document.c
 *		Handlers of events about documents of tokens, and of their
 *		acknowledgement.
 */
#include "postgres.h"

#include "ledger/register.h"
#include "types/types.h"

#include "utils/builtins.h"

#define VERSION_MAX 64
#define URI_MAX 1000

/* A new version takes the place of the one of that name before it. */
static void
replace_version(const StoAct *act, const char *name)
{
	Datum keys[2] = {StoUuidGetDatum(act->event.subject), CStringGetTextDatum(name)};
	StoRow row;

	/* the token's subject is locked: nobody else replaces it meanwhile */
	if (sto_store_find_lock(STO_REL_DOCUMENT, STO_IDX_DOCUMENT_NAME, 2, keys, &row))
		sto_register_set(&row, DOCUMENT_REPLACED, Int64GetDatum(act->event.entry_id), false);
	else
		sto_row_close(&row);
}

void
sto_vet_document(const StoAct *act)
{
	const StoBody *body = &act->body;

	sto_register_line(body->value[STO_F_NAME].text, "name", STO_REGISTER_NAME_MAX);
	sto_register_line(body->value[STO_F_VERSION].text, "version", VERSION_MAX);
	sto_register_line(body->value[STO_F_URI].text, "uri", URI_MAX);
	if (STO_BODY_HAS(body, STO_F_REFERENCE))
		sto_register_line(body->value[STO_F_REFERENCE].text, "reference", STO_REGISTER_NAME_MAX);
}

void
sto_register_document(StoAct *act)
{
	const StoBody *body = &act->body;
	const char *name = body->value[STO_F_NAME].text;
	Datum values[DOCUMENT_COLUMNS] = {0};
	bool nulls[DOCUMENT_COLUMNS] = {false};

	sto_vet_document(act);
	nulls[DOCUMENT_REFERENCE - 1] = !STO_BODY_HAS(body, STO_F_REFERENCE);
	if (!nulls[DOCUMENT_REFERENCE - 1])
		values[DOCUMENT_REFERENCE - 1] = CStringGetTextDatum(body->value[STO_F_REFERENCE].text);
	replace_version(act, name);

	values[DOCUMENT_DOCUMENT - 1] = Int64GetDatum(act->event.entry_id);
	nulls[DOCUMENT_REPLACED - 1] = true;
	values[DOCUMENT_TOKEN_ID - 1] = StoUuidGetDatum(act->event.subject);
	values[DOCUMENT_HASH - 1] = StoOctetsGetDatum(body->value[STO_F_HASH].octets, STO_DIGEST_LEN);
	values[DOCUMENT_ACKNOWLEDGE - 1] = BoolGetDatum(body->value[STO_F_ACKNOWLEDGE].flag);
	values[DOCUMENT_NAME - 1] = CStringGetTextDatum(name);
	values[DOCUMENT_VERSION - 1] = CStringGetTextDatum(body->value[STO_F_VERSION].text);
	values[DOCUMENT_URI - 1] = CStringGetTextDatum(body->value[STO_F_URI].text);
	sto_store_insert(STO_REL_DOCUMENT, values, nulls);
	sto_facts_announce();
}

/*
 * Any document that is there may be acknowledged, an earlier version too: so
 * nobody waits for a new one that is in flight.
 */
void
sto_register_acknowledge(StoAct *act)
{
	int64 document = act->body.value[STO_F_DOCUMENT].integer;
	Datum key = Int64GetDatum(document);
	Datum values[ACKNOWLEDGEMENT_COLUMNS];
	bool nulls[ACKNOWLEDGEMENT_COLUMNS] = {false};
	Datum keys[2];
	StoRow row;
	bool found;

	found = sto_store_find(STO_REL_DOCUMENT, STO_IDX_DOCUMENT, 1, &key, &row);
	sto_row_close(&row);
	if (!found)
		sto_act_refuse("there is no document " INT64_FORMAT, document);
	keys[0] = values[ACKNOWLEDGEMENT_PARTY_ID - 1] = StoUuidGetDatum(act->event.subject);
	keys[1] = values[ACKNOWLEDGEMENT_DOCUMENT - 1] = key;
	found = sto_store_find(STO_REL_ACKNOWLEDGEMENT, STO_IDX_ACKNOWLEDGEMENT, 2, keys, &row);
	sto_row_close(&row);
	if (found)
		sto_act_refuse("the party has acknowledged document " INT64_FORMAT " already", document);
	values[ACKNOWLEDGEMENT_EVENT - 1] = Int64GetDatum(act->event.entry_id);
	values[ACKNOWLEDGEMENT_ACTOR - 1] = StoUuidGetDatum(act->event.actor);
	sto_store_insert(STO_REL_ACKNOWLEDGEMENT, values, nulls);
}
