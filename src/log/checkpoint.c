/*
 * checkpoint.c
 *		Signing checkpoints of the sealed tree.
 *
 * In this order: the block is durable; the note is made; the state file has
 * it; the row is inserted.  So whatever anybody can see is known to the file,
 * and what the file knows can't be lost by a crash.
 */
#include "postgres.h"

#include "compat.h"
#include "log/checkpoint.h"

#include "core/keystore.h"
#include "errors.h"
#include "ledger/store.h"
#include "log/columns.h"
#include "log/log_key.h"
#include "log/rollback.h"
#include "log/state_file.h"
#include "log/ticks.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "replication/message.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* After a failure, so long until the key is opened again: a token may count failures. */
#define RETRY_KEY_MS 30000

char *sto_log_key_setting = NULL;
char *sto_log_state_setting = NULL;

static struct
{
	StoSigner *signer; /* NULL: not open */
	bool tried;        /* opened or not, the rest tells with what result */
	int64 registered;  /* the log's key then */
	int64 tried_at;    /* in ticks */
	char why[STO_STATUS_LEN];
} held;

void
sto_signing_forget(void)
{
	sto_signer_close(held.signer);
	held.signer = NULL;
	held.tried = false;
}

static void
not_ready(StoSigning *signing, StoWorkerState state, const char *message, const char *hint)
{
	signing->ready = false;
	signing->state = state;
	strlcpy(signing->message, message, sizeof(signing->message));
	strlcpy(signing->hint, hint, sizeof(signing->hint));
}

/* Does the open key sign for the log? */
static bool
key_fits(const StoNoteKey *key)
{
	const StoKey *mine = sto_signer_key(held.signer);

	return mine->scheme == key->key.scheme && mine->len == key->key.len &&
		   memcmp(mine->data, key->key.data, mine->len) == 0;
}

/* Open the key if it isn't, and if it is time to try again. */
static void
open_key(const char *where, int64 registered, bool has_key, const StoNoteKey *key)
{
	const char *why = "no reason given";
	int64 now = sto_ticks();
	bool fits = held.signer != NULL && has_key && key_fits(key);

	if (fits || (held.tried && held.registered == registered && now - held.tried_at < RETRY_KEY_MS))
		return;
	sto_signing_forget();
	held.signer = sto_signer_open(where, &why);
	held.tried = true;
	held.tried_at = now;
	held.registered = registered;
	if (held.signer == NULL)
		strlcpy(held.why, why, sizeof(held.why));
}

static void
look_at_key(StoSigning *signing)
{
	int64 registered = 0;
	bool has_key = sto_log_key(signing->name, &signing->key, &registered);
	char *where;
	char hex[2 * STO_KEY_MAX + 1];

	if (sto_log_key_setting == NULL || sto_log_key_setting[0] == '\0')
	{
		sto_signing_forget();
		not_ready(signing, STO_WORKER_UNSIGNED, "sto_ledger.log_key is not set",
				  "Name the file or URI of the log's private key there, and reload.");
		return;
	}
	where = sto_setting_path(sto_log_key_setting, get_database_name(MyDatabaseId));
	if (where == NULL)
	{
		not_ready(signing, STO_WORKER_UNSIGNED,
				  "the database's name can't stand for %d in sto_ledger.log_key",
				  "Write the path or URI without %d.");
		return;
	}
	open_key(where, registered, has_key, &signing->key);
	if (held.signer == NULL)
	{
		not_ready(signing, STO_WORKER_UNSIGNED,
				  psprintf("the log's private key can't be opened: %s", held.why),
				  "Mend it; it is tried again after half a minute, or at a reload.");
		return;
	}
	if (has_key && key_fits(&signing->key))
		return;
	sto_hex_encode(sto_signer_key(held.signer)->data, sto_signer_key(held.signer)->len, hex);
	not_ready(signing, STO_WORKER_UNSIGNED,
			  has_key ? "the private key is not that of the log's registered key"
					  : "no key of the log is registered",
			  psprintf("The private key's public half is %s:%s.  The root officers register it by "
					   "an event of kind log_key.",
					   sto_scheme_name(sto_signer_key(held.signer)->scheme), hex));
}

void
sto_signing_look(StoSigning *signing)
{
	static bool told = false;
	StoTree tree;
	StoHash root;
	char *path;
	char *message;
	char *hint;
	bool no_file;
	bool good;

	memset(signing, 0, sizeof(*signing));
	signing->state = STO_WORKER_SEALING;
	signing->ready = true;
	if (!sto_log_name(signing->name))
	{
		not_ready(signing, STO_WORKER_IDLE, "the ledger is not open", "");
		return;
	}
	if (sto_is_subscriber())
	{
		not_ready(signing, STO_WORKER_IDLE, "the log comes from a subscription",
				  "The primary signs.");
		return;
	}
	path = sto_setting_path(sto_log_state_setting, get_database_name(MyDatabaseId));
	if (path == NULL || path[0] == '\0')
	{
		not_ready(signing, STO_WORKER_UNSIGNED,
				  "sto_ledger.log_state is empty, or the database's name can't stand for its %d",
				  "Name a file outside the data folder that only this ledger uses.");
		return;
	}

	sto_tree_open(&tree, NULL);
	good = sto_rollback_check(&tree, signing->name, path, &message, &hint, &no_file);
	signing->sealed = tree.size > 0;
	signing->newest = tree.newest;
	sto_tree_close(&tree);
	(void) sto_newest_checkpoint(&signing->signed_size, &signing->signed_at, &root);
	if (!good)
	{
		not_ready(signing, STO_WORKER_REFUSING, message, hint);
		return;
	}
	if (no_file && !told)
		ereport(LOG, (errmsg("there is no state file of the log; its newest checkpoint is taken "
							 "from the database"),
					  errhint("That is right on a standby that was promoted.  After a restore, "
							  "see whether anybody has a larger checkpoint, and report it.")));
	told = no_file;
	look_at_key(signing);
}

void
sto_signing_sign(const void *text, size_t len, uint8_t signature[STO_SIG_LEN])
{
	if (held.signer == NULL || !sto_signer_sign(held.signer, text, len, signature))
	{
		/* a token may have been taken out: begin anew */
		sto_signing_forget();
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
						errmsg("could not sign with the log's key")));
	}
}

void
sto_make_durable(void)
{
	StartTransactionCommand();
	sto_log_empty_message("sto_ledger");
	CommitTransactionCommand();
	/* an end of this process ends the wait for standbys as well: then nothing is durable yet */
	CHECK_FOR_INTERRUPTS();
}

static size_t
make_note(const StoSigning *signing, char *note)
{
	uint8_t signature[STO_SIG_LEN];
	size_t len = sto_checkpoint_print(signing->name, strlen(signing->name),
									  signing->newest.tree_size, &signing->newest.root, note);

	if (len == 0)
		elog(ERROR, "could not print a checkpoint");
	sto_signing_sign(note, len, signature);
	note[len++] = '\n';
	len += sto_note_line_print(&signing->key, signature, sizeof(signature), note + len);
	return len;
}

static void
insert(const StoSigning *signing, const char *note, size_t len)
{
	Datum values[CHECKPOINT_COLUMNS];
	bool nulls[CHECKPOINT_COLUMNS] = {false};
	/* a clock that was set back must not show */
	TimestampTz now = Max(GetCurrentTimestamp(), signing->signed_at);

	now = Max(now, signing->newest.sealed_at);
	values[CHECKPOINT_TREE_SIZE - 1] = Int64GetDatum(signing->newest.tree_size);
	values[CHECKPOINT_SIGNED_AT - 1] = TimestampTzGetDatum(now);
	values[CHECKPOINT_NOTE - 1] = PointerGetDatum(cstring_to_text_with_len(note, len));
	sto_store_insert(STO_REL_CHECKPOINT, values, nulls);
}

void
sto_checkpoint_round(StoSigning *signing)
{
	char note[STO_CHECKPOINT_TEXT_MAX + 1 + STO_NOTE_LINE_MAX];
	size_t len;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	sto_signing_look(signing);
	PopActiveSnapshot();
	CommitTransactionCommand();
	if (!signing->ready || !signing->sealed || signing->signed_size >= signing->newest.tree_size)
		return;

	sto_make_durable();
	len = make_note(signing, note);

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	sto_state_write(sto_setting_path(sto_log_state_setting, get_database_name(MyDatabaseId)), note,
					len);
	insert(signing, note, len);
	PopActiveSnapshot();
	CommitTransactionCommand();
	signing->signed_size = signing->newest.tree_size;
}
