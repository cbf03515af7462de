/*
 * sto_verify_state.c
 *		The state file: what was accepted, so that the next run reads on from there
 *		and, going on with the same tree, proves that nothing before it was changed.
 */
#include "bin/sto_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_TAG "sto.verify"
#define STATE_VERSION 1
#define MARK_MAX 65535 /* sto_replay_save's limit */

static bool
write_octets(void *context, const void *data, size_t len)
{
	return fwrite(data, 1, len, context) == len;
}

static bool
read_octets(void *context, void *data, size_t len)
{
	return fread(data, 1, len, context) == len;
}

static bool
parse_mark(const uint8_t *mark, size_t len, Accepted *accepted)
{
	uint8_t tag[sizeof(STATE_TAG) + 1];
	StoReader r;
	StoHash root;

	sto_reader_init(&r, mark, len);
	sto_get_bytes(&r, tag, sizeof(tag));
	if (tag[0] != sizeof(STATE_TAG) - 1 || memcmp(tag + 1, STATE_TAG, sizeof(STATE_TAG) - 1) != 0 ||
		tag[sizeof(STATE_TAG)] != STATE_VERSION)
		return false;
	accepted->signatures = sto_get_u8(&r) == 1;
	sto_get_bytes(&r, accepted->root.octets, STO_DIGEST_LEN);
	sto_get_bytes(&r, accepted->last_leaf.octets, STO_DIGEST_LEN);
	return tree_get(&r, &accepted->tree) && sto_reader_done(&r) &&
		   sto_frontier_root(&accepted->tree.frontier, &root) &&
		   memcmp(root.octets, accepted->root.octets, STO_DIGEST_LEN) == 0;
}

bool
state_load(const char *path, const uint8_t *genesis, const StoReplayCalls *calls,
		   StoReplay **replay, Accepted *accepted, const char **why)
{
	FILE *file = fopen(path, "rb");
	uint8_t *mark = NULL;
	size_t len = 0;

	*replay = NULL;
	tree_init(&accepted->tree);
	if (file == NULL)
	{
		*why = strerror(errno);
		return errno == ENOENT;
	}
	*replay = sto_replay_load(genesis, calls, read_octets, file, &mark, &len, why);
	if (*replay != NULL && !parse_mark(mark, len, accepted))
	{
		*why = "it is not a state of this program, or of another version of it";
		sto_replay_free(*replay);
		*replay = NULL;
		len = 0;
	}
	free(mark);
	fclose(file);
	return *replay != NULL;
}

static bool
beside(const char *path, char out[PATH_MAX])
{
	if (snprintf(out, PATH_MAX, "%s.new", path) < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

bool
state_write(const char *path, const StoReplay *replay, const Accepted *accepted)
{
	char name[PATH_MAX];
	uint8_t *mark = malloc(MARK_MAX);
	StoWriter w;
	FILE *file = NULL;
	int fd = -1;
	bool ok;

	/* salts are in it, which let their holder guess balances: it is its owner's alone */
	if (mark != NULL && beside(path, name))
		fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && (file = fdopen(fd, "wb")) == NULL)
		close(fd);
	if (file == NULL)
	{
		free(mark);
		return false;
	}
	sto_writer_init(&w, mark, MARK_MAX);
	sto_put_tag(&w, STATE_TAG, STATE_VERSION);
	sto_put_u8(&w, accepted->signatures);
	sto_put_bytes(&w, accepted->root.octets, STO_DIGEST_LEN);
	sto_put_bytes(&w, accepted->last_leaf.octets, STO_DIGEST_LEN);
	tree_put(&w, &accepted->tree);
	ok = !w.failed && sto_replay_save(replay, mark, w.len, write_octets, file);
	ok = fflush(file) == 0 && fsync(fileno(file)) == 0 && ok;
	ok = fclose(file) == 0 && ok;
	free(mark);
	if (!ok)
		unlink(name);
	return ok;
}

bool
state_commit(const char *path)
{
	char name[PATH_MAX];

	return beside(path, name) && rename(name, path) == 0;
}

void
state_discard(const char *path)
{
	char name[PATH_MAX];

	if (beside(path, name))
		unlink(name);
}
