/*
 * sto_verify.c
 *		Is this ledger whole?  Options and commands.
 */
#include "bin/sto_verify.h"

#include "bin/memory.h"
#include "bin/patience.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"sto_verify checks a ledger of sto_ledger and trusts nothing but the keys and the hash given "
	"here.\n"
	"\n"
	"  sto_verify [ledger] --conn CONNINFO | --export DIR  --genesis HEX [OPTION]...\n"
	"  sto_verify receipt FILE --log-key VKEY [--witness-key VKEY]... [--witnesses K]\n"
	"  sto_verify promise FILE --log-key VKEY\n"
	"  sto_verify export DIR --conn CONNINFO [--size N]\n"
	"\n"
	"  --conn CONNINFO      primary, standby or subscriber (a libpq connection string)\n"
	"  --export DIR         files written by sto_verify export\n"
	"  --genesis HEX        leaf hash of the first event: which ledger this must be\n"
	"  --log-key VKEY       the log's key; checkpoints must be signed by one of those given\n"
	"  --witness-key VKEY   a witness's key; only these count\n"
	"  --witnesses K        this many of them must have cosigned a checkpoint (of a receipt: 1)\n"
	"  --checkpoint FILE    a checkpoint had from elsewhere, to compare\n"
	"  --state FILE         remember what was accepted, and go on from there next time\n"
	"  --no-signatures      leave signatures of orders and acts out\n"
	"  --jobs N             threads that hash and check (default: one a processor)\n"
	"  --timeout SECONDS    give up when an answer or its next row takes longer (300; 0: never)\n"
	"  --max-memory SIZE    take no more, 2G for example (half of the machine's; 0: no bound)\n"
	"  --json               print one JSON object\n"
	"  --quiet              print the verdict alone\n"
	"\n"
	"A VKEY is NAME+ID+KEY, as sto.log_vkey() and sto.witness_vkeys print it.\n"
	"Exit status: 0 whole, 1 broken, 2 could not tell.\n";

enum
{
	OPT_CONN = 256,
	OPT_EXPORT,
	OPT_GENESIS,
	OPT_LOG_KEY,
	OPT_WITNESS_KEY,
	OPT_WITNESSES,
	OPT_CHECKPOINT,
	OPT_STATE,
	OPT_NO_SIGNATURES,
	OPT_JOBS,
	OPT_JSON,
	OPT_QUIET,
	OPT_SIZE,
	OPT_TIMEOUT,
	OPT_MAX_MEMORY,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
	{"conn", required_argument, NULL, OPT_CONN},
	{"export", required_argument, NULL, OPT_EXPORT},
	{"genesis", required_argument, NULL, OPT_GENESIS},
	{"log-key", required_argument, NULL, OPT_LOG_KEY},
	{"witness-key", required_argument, NULL, OPT_WITNESS_KEY},
	{"witnesses", required_argument, NULL, OPT_WITNESSES},
	{"checkpoint", required_argument, NULL, OPT_CHECKPOINT},
	{"state", required_argument, NULL, OPT_STATE},
	{"no-signatures", no_argument, NULL, OPT_NO_SIGNATURES},
	{"jobs", required_argument, NULL, OPT_JOBS},
	{"json", no_argument, NULL, OPT_JSON},
	{"quiet", no_argument, NULL, OPT_QUIET},
	{"size", required_argument, NULL, OPT_SIZE},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"max-memory", required_argument, NULL, OPT_MAX_MEMORY},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

/* A wrong command line says nothing of the ledger: could not tell. */
static void __attribute__((noreturn, format(printf, 1, 2))) refuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "sto_verify: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\nTry sto_verify --help.\n");
	va_end(args);
	exit(VERDICT_UNSURE);
}

static void
add_key(const char *option, const char *text, uint8_t type, StoNoteKey *keys, int *count)
{
	const char *why = "";

	if (*count == KEYS_MAX)
		refuse("more than %d times --%s", KEYS_MAX, option);
	if (!sto_vkey_parse(text, strlen(text), &keys[*count], &why))
		refuse("--%s is not a key: %s", option, why);
	if (keys[*count].type != type)
		refuse("--%s is a key of another type: it must be %s", option,
			   type == STO_NOTE_ED25519 ? "Ed25519 (01)" : "for cosignatures (04)");
	(*count)++;
}

static int64_t
number(const char *option, const char *text, int64_t low, int64_t high)
{
	int64_t value;

	if (!sto_decimal_parse(text, strlen(text), &value) || value < low || value > high)
		refuse("--%s is not a number from %lld to %lld", option, (long long) low, (long long) high);
	return value;
}

static void
take_option(Options *o, int option)
{
	switch (option)
	{
		case OPT_CONN:
			o->conninfo = optarg;
			break;
		case OPT_EXPORT:
			o->export_dir = optarg;
			break;
		case OPT_GENESIS:
			o->has_genesis = sto_hex_decode(optarg, strlen(optarg), o->genesis, STO_DIGEST_LEN);
			if (!o->has_genesis)
				refuse("--genesis is not 64 hexadecimal digits");
			break;
		case OPT_LOG_KEY:
			add_key("log-key", optarg, STO_NOTE_ED25519, o->log_keys, &o->log_count);
			break;
		case OPT_WITNESS_KEY:
			add_key("witness-key", optarg, STO_NOTE_COSIGNATURE, o->witness_keys,
					&o->witness_count);
			break;
		case OPT_WITNESSES:
			o->witnesses = (int) number("witnesses", optarg, 0, KEYS_MAX);
			break;
		case OPT_CHECKPOINT:
			o->checkpoint_file = optarg;
			break;
		case OPT_STATE:
			o->state_file = optarg;
			break;
		case OPT_NO_SIGNATURES:
			o->signatures = false;
			break;
		case OPT_JOBS:
			o->jobs = (int) number("jobs", optarg, 1, 256);
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case OPT_QUIET:
			o->quiet = true;
			break;
		case OPT_SIZE:
			o->size = number("size", optarg, 1, STO_TREE_SIZE_MAX - 1);
			break;
		case OPT_TIMEOUT:
			patience_set((int) number("timeout", optarg, 0, 86400));
			break;
		case OPT_MAX_MEMORY:
			if (!memory_size_parse(optarg, &o->max_memory))
				refuse("--max-memory is not a number of octets, or of K, M, G or T");
			break;
		case OPT_HELP:
			fputs(usage, stdout);
			exit(0);
		case OPT_VERSION:
			puts("sto_verify " STO_VERSION);
			exit(0);
		default:
			refuse("unknown option");
	}
}

#define NO_MEMORY "there is no memory left: --max-memory allows more"

static void
bound_memory(const Options *o)
{
	memory_last_words(STDOUT_FILENO, o->json ? "{\n  \"verdict\": \"could not tell\",\n"
											   "  \"status\": 2,\n"
											   "  \"reason\": \"" NO_MEMORY "\"\n}\n"
											 : "could not tell: " NO_MEMORY "\n");
	if (o->max_memory > 0 && !memory_bound(o->max_memory))
		refuse("memory can't be bounded: %s", strerror(errno));
}

static Verdict
run(Options *o, int argc, char **argv)
{
	const char *command = argc > 0 ? argv[0] : "ledger";
	bool has_file = strcmp(command, "ledger") != 0;

	if (argc > 1 + has_file)
		refuse("too many arguments");
	if (!has_file)
	{
		if ((o->conninfo == NULL) == (o->export_dir == NULL))
			refuse("give --conn or --export");
		return verify_ledger(o);
	}
	if (strcmp(command, "receipt") != 0 && strcmp(command, "promise") != 0 &&
		strcmp(command, "export") != 0)
		refuse("unknown command");
	if (argc < 2)
		refuse("%s what?", command);
	if (strcmp(command, "receipt") == 0 || strcmp(command, "promise") == 0)
	{
		/* whoever names witnesses wants to hear of one of them at least */
		if (o->witnesses < 0)
			o->witnesses = o->witness_count > 0;
		if (o->log_count == 0)
			refuse("give the log's key with --log-key");
		return strcmp(command, "receipt") == 0 ? verify_receipt(o, argv[1])
											   : verify_promise(o, argv[1]);
	}
	if (o->conninfo == NULL)
		refuse("give --conn");
	return write_export(o, argv[1]);
}

/* A page that nobody got, for want of room or of a reader, is no "whole". */
static Verdict
told(Verdict verdict)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return verdict;
	perror("sto_verify: the answer could not be written");
	return verdict == VERDICT_BROKEN ? verdict : VERDICT_UNSURE;
}

int
main(int argc, char **argv)
{
	static Options options = {.signatures = true, .size = -1, .witnesses = -1};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int option;

	options.max_memory = memory_of_machine() / 2;
	if (!memory_watch())
		refuse("OpenSSL is in use already");
	options.jobs = processors > 0 && processors < 256 ? (int) processors : 1;
	signal(SIGPIPE, SIG_IGN);
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
	{
		if (option == '?')
			refuse("see above");
		take_option(&options, option);
	}
	bound_memory(&options);
	return told(run(&options, argc - optind, argv + optind));
}
