/*
 * sto_witness.c
 *		The regulator's witness: cosigns the ledger's newest checkpoint if it
 *		follows from the last one that it cosigned, and says why if it doesn't.
 *		docs/witness.md
 */
#include "sto_witness.h"

#include "bin/memory.h"
#include "bin/patience.h"
#include "core/receipt.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The memory that an answer of the ledger can make this program take. */
#define MEMORY_MAX ((uint64_t) 512 * 1024 * 1024)
#define SECONDS_MAX 86400

typedef struct Options
{
	const char *conninfo;
	const char *key;
	const char *name;
	const char *state;
	const char *ledger;
	const char *party;
	const char *log_keys[WITNESS_LOG_KEYS_MAX];
	int log_count;
	bool once;
	long interval; /* seconds; 0: once */
	long timeout;  /* seconds */
} Options;

static const char usage[] =
	"sto_witness cosigns the checkpoints of a ledger, and refuses roll-backs and forks.\n"
	"\n"
	"  sto_witness --conn CONNINFO --key FILE|URI --name NAME --log-key VKEY --state FILE\n"
	"              [--once | --interval SECONDS] [--timeout SECONDS]\n"
	"  sto_witness vkey --key FILE|URI --name NAME\n"
	"  sto_witness possession --key FILE|URI --name NAME --ledger UUID --party UUID\n"
	"\n"
	"  --conn      how to connect to the ledger's primary (libpq connection string)\n"
	"  --key       Ed25519 private key: a file that only its owner can read, or an OpenSSL store "
	"URI\n"
	"  --name      this witness's name in its signatures, for example afsa.example/witness\n"
	"  --log-key   the log's public key: sto.log_vkey(), from a source that you trust;\n"
	"              may be repeated, for an old and a new key\n"
	"  --state     file that holds the last checkpoint that was cosigned\n"
	"  --once      one round, then exit (the default)\n"
	"  --interval  a round every so many seconds, until it is stopped\n"
	"  --timeout   an answer that takes longer than that is none (30)\n"
	"\n"
	"  vkey        print the public key, for verifiers and for registering it\n"
	"  possession  print the proof that the ledger asks for when the key is registered\n"
	"\n"
	"Exit status: 0 cosigned, or nothing new; 1 refused; 2 could not tell.\n";

static Outcome
misused(const char *why)
{
	fprintf(stderr, "sto_witness: %s; see sto_witness --help\n", why);
	return OUTCOME_UNSURE;
}

/* A note or part of one, for people: what the ledger sent may hold anything. */
static void
print_note(const char *title, const char *data, size_t len)
{
	static char printable[WITNESS_NOTE_MAX + 1];

	make_printable(data, len, true, printable, sizeof(printable));
	fprintf(stderr, "---- %s:\n%s\n----\n", title, printable);
}

/* What is refused, once for each note; and the evidence, and the report that stops the primary. */
static Outcome
refuse(Witness *w, Ledger *ledger, const char *kind, const char *why, const Note *note)
{
	static Note told;
	static char told_kind[32];
	char answer[256];
	size_t len;
	bool known = strcmp(told_kind, kind) == 0 && told.len == note->len &&
				 memcmp(told.data, note->data, note->len) == 0;

	if (!known)
	{
		fprintf(stderr, "sto_witness: REFUSED (%s): %s\n", kind, why);
		print_note("the ledger's checkpoint now", note->data, note->len);
		print_note("the last that this witness cosigned", w->last->data, w->last->len);
		snprintf(told_kind, sizeof(told_kind), "%s", kind);
		memcpy(told.data, note->data, note->len);
		told.len = note->len;
	}
	if (note->len > 0)
		state_keep_evidence(w, kind, "note", note->data, note->len);
	state_keep_evidence(w, kind, "own", w->last->data, w->last->len);

	w->last->data[w->last->len] = '\0';
	switch (ledger_ask(ledger, "SELECT sto.report_checkpoint($1::pg_catalog.text)", 1,
					   (const char *[]){w->last->data}, answer, sizeof(answer), &len))
	{
		case ANSWER_VALUE:
		case ANSWER_NULL:
			if (!known)
				fprintf(stderr, "sto_witness: reported to the ledger%s\n",
						len == 1 && answer[0] == 'f' ? ", which says that it is of its tree" : "");
			break;
		case ANSWER_REFUSED:
		case ANSWER_LOST:
			fprintf(stderr, "sto_witness: could not report it to the ledger: %s\n",
					ledger_why(ledger));
			told_kind[0] = '\0';
			break;
	}
	return OUTCOME_REFUSED;
}

static Outcome
unsure(const char *what, const char *why)
{
	fprintf(stderr, "sto_witness: %s%s%s\n", what, why ? ": " : "", why ? why : "");
	return OUTCOME_UNSURE;
}

/* The ledger says that it took no new cosignature: is ours among those that it has? */
static Outcome
confirm(const Witness *w, Ledger *ledger)
{
	static Note note;
	char size[24];
	const char *why;

	snprintf(size, sizeof(size), "%" PRId64, w->last->checkpoint.size);
	if (ledger_ask(ledger, "SELECT sto.checkpoint($1::pg_catalog.int8)", 1, (const char *[]){size},
				   note.data, sizeof(note.data), &note.len) == ANSWER_VALUE &&
		judge_note(w, &note, &why) == VERDICT_GOOD && judge_own(w, &note) == VERDICT_GOOD)
		return OUTCOME_DONE;
	return unsure("the ledger did not take the cosignature",
				  "is this key, under this name, registered as a witness key there?");
}

/* Hand the state's note, which is ours, to the ledger. */
static Outcome
answer_ledger(Witness *w, Ledger *ledger)
{
	char count[32];
	char root[48];
	size_t len;

	w->last->data[w->last->len] = '\0';
	switch (ledger_ask(ledger, "SELECT sto.add_cosignature($1::pg_catalog.text)", 1,
					   (const char *[]){w->last->data}, count, sizeof(count), &len))
	{
		case ANSWER_VALUE:
			break;
		case ANSWER_NULL:
			return unsure("the ledger gave no answer to the cosignature", NULL);
		case ANSWER_REFUSED:
		case ANSWER_LOST:
			return unsure("could not hand the cosignature over", ledger_why(ledger));
	}
	if (len == 1 && count[0] == '0' && confirm(w, ledger) != OUTCOME_DONE)
		return OUTCOME_UNSURE;
	sto_base64_encode(w->last->checkpoint.root.octets, STO_DIGEST_LEN, root);
	printf("cosigned size %" PRId64 " root %s\n", w->last->checkpoint.size, root);
	return OUTCOME_DONE;
}

/* Sign, save, and only then answer. */
static Outcome
sign_and_answer(Witness *w, Ledger *ledger, const Note *note)
{
	static Note notes[2];
	Note *fresh = w->last == &notes[0] ? &notes[1] : &notes[0];

	if (!cosign(w, note, (int64_t) time(NULL), fresh))
		return unsure("could not sign", NULL);
	if (!state_save(w, fresh))
		return unsure("not cosigned, since the state could not be saved", NULL);
	w->last = fresh;
	w->has_last = true;
	w->last_is_ours = true;
	return answer_ledger(w, ledger);
}

/* The ledger says that it has signed nothing. */
static Outcome
no_checkpoint(Witness *w, Ledger *ledger)
{
	static Note none;

	if (w->has_last)
		return refuse(w, ledger, "roll-back", "the ledger has no checkpoint any more", &none);
	printf("the ledger has no checkpoint yet\n");
	return OUTCOME_DONE;
}

static Outcome
growth(Witness *w, Ledger *ledger, const Note *note)
{
	char proof[WITNESS_PROOF_TEXT_MAX];
	char from[24];
	char to[24];
	const char *why = "";
	size_t len = 0;

	if (w->last->checkpoint.size == 0)
		return sign_and_answer(w, ledger, note);
	snprintf(from, sizeof(from), "%" PRId64, w->last->checkpoint.size);
	snprintf(to, sizeof(to), "%" PRId64, note->checkpoint.size);
	switch (ledger_ask(ledger,
					   "SELECT sto.consistency_proof($1::pg_catalog.int8, "
					   "$2::pg_catalog.int8)::pg_catalog.text",
					   2, (const char *[]){from, to}, proof, sizeof(proof), &len))
	{
		case ANSWER_VALUE:
			break;
		case ANSWER_NULL:
			return refuse(w, ledger, "fork", "it gave no proof of consistency", note);
		case ANSWER_REFUSED:
			/* ST502: no such size.  It signed that size, so it had it. */
			if (strcmp(ledger_state(ledger), "ST502") == 0)
				return refuse(w, ledger, "fork",
							  "the ledger has no tree of the size that it signed before", note);
			return unsure("the ledger gave no proof of consistency", ledger_why(ledger));
		case ANSWER_LOST:
			return unsure("the ledger gave no proof of consistency", ledger_why(ledger));
	}
	if (judge_growth(w, note, proof, len, &why) != VERDICT_GOOD)
	{
		state_keep_evidence(w, "fork", "proof", proof, len);
		return refuse(w, ledger, "fork", why, note);
	}
	return sign_and_answer(w, ledger, note);
}

/* The same size as last time: is it the same tree, and does the ledger have our answer? */
static Outcome
same_size(Witness *w, Ledger *ledger, const Note *note, bool quiet)
{
	if (memcmp(note->checkpoint.root.octets, w->last->checkpoint.root.octets, STO_DIGEST_LEN) != 0)
		return refuse(w, ledger, "fork",
					  "the log's key signed another root for the size that was cosigned", note);
	switch (judge_own(w, note))
	{
		case VERDICT_GOOD:
			if (!quiet)
				printf("nothing new: size %" PRId64 " is cosigned\n", note->checkpoint.size);
			return OUTCOME_DONE;
		case VERDICT_BAD:
			break;
		case VERDICT_FAILED:
			return unsure("OpenSSL failed to check a signature", NULL);
	}
	/* killed before it answered; or this key is new */
	return w->last_is_ours ? answer_ledger(w, ledger) : sign_and_answer(w, ledger, note);
}

static Outcome
one_round(Witness *w, Ledger *ledger, bool quiet)
{
	static Note note;
	const char *why = "";

	switch (ledger_ask(ledger, "SELECT sto.checkpoint(NULL::pg_catalog.int8)", 0, NULL, note.data,
					   sizeof(note.data) - 1, &note.len))
	{
		case ANSWER_VALUE:
			break;
		case ANSWER_NULL:
			return no_checkpoint(w, ledger);
		case ANSWER_REFUSED:
		case ANSWER_LOST:
			return unsure("the ledger gave no checkpoint", ledger_why(ledger));
	}
	switch (judge_note(w, &note, &why))
	{
		case VERDICT_GOOD:
			break;
		case VERDICT_BAD:
			/* not the log's word, so no evidence against it */
			fprintf(stderr, "sto_witness: REFUSED: the ledger's checkpoint does not stand: %s\n",
					why);
			print_note("what the ledger gave", note.data, note.len);
			return OUTCOME_REFUSED;
		case VERDICT_FAILED:
			return unsure("OpenSSL failed to check a signature", NULL);
	}
	if (!w->has_last)
	{
		fprintf(stderr,
				"sto_witness: %s is new: this checkpoint, of size %" PRId64 ", is taken as it is\n",
				w->state_path, note.checkpoint.size);
		return sign_and_answer(w, ledger, &note);
	}
	if (note.checkpoint.size < w->last->checkpoint.size)
		return refuse(w, ledger, "roll-back", "the ledger's checkpoint is smaller than the last",
					  &note);
	if (note.checkpoint.size == w->last->checkpoint.size)
		return same_size(w, ledger, &note, quiet);
	return growth(w, ledger, &note);
}

/* Open the key under its name; reports what is wrong. */
static bool
open_key(const Options *o, Witness *w)
{
	const char *why = "";

	w->signer = sto_signer_open(o->key, &why);
	if (w->signer == NULL)
	{
		/* a URI may hold a PIN: it is not repeated */
		fprintf(stderr, "sto_witness: could not open the key of --key: %s\n", why);
		return false;
	}
	if (!sto_note_key_make(o->name, strlen(o->name), STO_NOTE_COSIGNATURE,
						   sto_signer_key(w->signer), &w->key, &why))
	{
		fprintf(stderr, "sto_witness: --name: %s\n", why);
		return false;
	}
	return true;
}

static bool
read_log_keys(const Options *o, Witness *w)
{
	for (w->log_count = 0; w->log_count < o->log_count; w->log_count++)
	{
		StoNoteKey *key = &w->log[w->log_count];
		const char *text = o->log_keys[w->log_count];
		const char *why = "";

		if (!sto_vkey_parse(text, strlen(text), key, &why))
		{
			fprintf(stderr, "sto_witness: --log-key: %s\n", why);
			return false;
		}
		if (key->type != STO_NOTE_ED25519 || strcmp(key->name, w->log[0].name) != 0)
		{
			fprintf(stderr, "sto_witness: --log-key: it is a witness's key, or of another log\n");
			return false;
		}
		if (memcmp(key->key.data, w->key.key.data, key->key.len) == 0)
		{
			fprintf(stderr, "sto_witness: the log's key must not be the witness's\n");
			return false;
		}
	}
	return true;
}

static Outcome
witness(const Options *o)
{
	static Witness w;
	static Note loaded;
	Ledger *ledger;
	Outcome outcome;

	w.state_path = o->state;
	w.last = &loaded;
	if (!open_key(o, &w) || !read_log_keys(o, &w) || !state_lock(o->state) ||
		state_load(&w) != VERDICT_GOOD)
		return OUTCOME_UNSURE;
	if (!memory_bound(MEMORY_MAX))
		return unsure("could not bound its own memory", strerror(errno));
	patience_set((int) o->timeout);
	ledger = ledger_new(o->conninfo, (int) o->timeout);
	if (ledger == NULL)
		return unsure("out of memory", NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);

	/* every step leaves a good state behind, so a signal may end this anywhere */
	while (outcome = one_round(&w, ledger, o->interval > 0), o->interval > 0)
		sleep((unsigned int) o->interval);
	ledger_free(ledger);
	sto_signer_close(w.signer);
	return outcome;
}

static Outcome
print_vkey(const Options *o)
{
	static Witness w;
	char vkey[STO_NOTE_NAME_MAX + 64 + 1];
	char hex[2 * STO_KEY_MAX + 1];

	if (!open_key(o, &w))
		return OUTCOME_UNSURE;
	sto_vkey_print(&w.key, vkey);
	sto_hex_encode(w.key.key.data, w.key.key.len, hex);
	printf("%s\n%s:%s\n", vkey, sto_scheme_name(w.key.key.scheme), hex);
	sto_signer_close(w.signer);
	return OUTCOME_DONE;
}

/* 32 hex digits, with hyphens anywhere between them. */
static bool
parse_uuid(const char *text, uint8_t out[STO_UUID_LEN])
{
	char hex[2 * STO_UUID_LEN];
	size_t n = 0;

	for (; *text; text++)
	{
		if (*text == '-')
			continue;
		if (n == sizeof(hex))
			return false;
		hex[n++] = *text;
	}
	return sto_hex_decode(hex, n, out, STO_UUID_LEN);
}

/* docs/format.md: what the key signs to be registered for this party. */
static Outcome
print_possession(const Options *o)
{
	static Witness w;
	uint8_t ledger_id[STO_UUID_LEN];
	uint8_t party[STO_UUID_LEN];
	uint8_t message[512];
	uint8_t sig[STO_SIG_LEN];
	char hex[2 * STO_SIG_LEN + 1];
	StoWriter m;

	if (!parse_uuid(o->ledger, ledger_id) || !parse_uuid(o->party, party))
		return misused("--ledger and --party are uuids");
	if (!open_key(o, &w))
		return OUTCOME_UNSURE;
	sto_writer_init(&m, message, sizeof(message));
	sto_put_note_possession(&m, ledger_id, party, w.key.name, w.key.name_len, &w.key.key);
	if (m.failed || !sto_signer_sign(w.signer, message, m.len, sig))
		return unsure("could not sign", NULL);
	sto_hex_encode(sig, sizeof(sig), hex);
	printf("%s\n", hex);
	sto_signer_close(w.signer);
	return OUTCOME_DONE;
}

/* From a second to a day. */
static bool
seconds(const char *text, long *out)
{
	char *end;

	*out = strtol(text, &end, 10);
	return *end == '\0' && *out >= 1 && *out <= SECONDS_MAX;
}

static bool
read_options(int argc, char **argv, Options *o)
{
	static const struct option options[] = {{"conn", required_argument, NULL, 'c'},
											{"key", required_argument, NULL, 'k'},
											{"name", required_argument, NULL, 'n'},
											{"log-key", required_argument, NULL, 'l'},
											{"state", required_argument, NULL, 's'},
											{"once", no_argument, NULL, 'o'},
											{"interval", required_argument, NULL, 'i'},
											{"ledger", required_argument, NULL, 'L'},
											{"timeout", required_argument, NULL, 't'},
											{"party", required_argument, NULL, 'p'},
											{NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
	{
		switch (c)
		{
			case 'c':
				o->conninfo = optarg;
				break;
			case 'k':
				o->key = optarg;
				break;
			case 'n':
				o->name = optarg;
				break;
			case 'l':
				if (o->log_count == WITNESS_LOG_KEYS_MAX)
					return false;
				o->log_keys[o->log_count++] = optarg;
				break;
			case 's':
				o->state = optarg;
				break;
			case 'o':
				o->once = true;
				break;
			case 'i':
				if (!seconds(optarg, &o->interval))
					return false;
				break;
			case 't':
				if (!seconds(optarg, &o->timeout))
					return false;
				break;
			case 'L':
				o->ledger = optarg;
				break;
			case 'p':
				o->party = optarg;
				break;
			default:
				return false;
		}
	}
	return optind == argc && !(o->once && o->interval > 0);
}

int
main(int argc, char **argv)
{
	Options o = {.timeout = WITNESS_TIMEOUT};
	const char *command = argc > 1 && argv[1][0] != '-' ? argv[1] : "";
	bool has_command = command[0] != '\0';

	if (!memory_watch())
		return misused("OpenSSL is in use already");
	memory_last_words(STDERR_FILENO, "sto_witness: there is no memory left\n");
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0 ? OUTCOME_UNSURE : OUTCOME_DONE;
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("sto_witness " STO_VERSION) < 0 ? OUTCOME_UNSURE : OUTCOME_DONE;
	if (!read_options(argc - has_command, argv + has_command, &o))
		return misused("bad options");
	if (o.key == NULL || o.name == NULL)
		return misused("--key and --name are needed");
	if (strcmp(command, "vkey") == 0)
		return print_vkey(&o);
	if (strcmp(command, "possession") == 0)
		return o.ledger && o.party ? print_possession(&o)
								   : misused("--ledger and --party are needed");
	if (has_command)
		return misused("no such command");
	if (o.conninfo == NULL || o.state == NULL || o.log_count == 0)
		return misused("--conn, --log-key and --state are needed");
	return witness(&o);
}
