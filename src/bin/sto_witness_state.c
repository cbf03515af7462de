/*
 * sto_witness_state.c
 *		The state file: the last checkpoint that this witness cosigned, as a signed
 *		note.  It is replaced before the answer goes out, so that a witness which
 *		is killed at any point never forgets what it has signed.
 */
#include "sto_witness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void
complain(const char *what, const char *path)
{
	fprintf(stderr, "sto_witness: could not %s %s: %s\n", what, path, strerror(errno));
}

/* path with an ending; false (reported) if that is too long. */
static bool
beside(const char *path, const char *ending, char out[PATH_MAX])
{
	if ((size_t) snprintf(out, PATH_MAX, "%s%s", path, ending) < PATH_MAX)
		return true;
	fprintf(stderr, "sto_witness: the path of the state file is too long\n");
	return false;
}

/*
 * A file of its own: the state file is replaced at each step, and a lock stays
 * with the file that was opened.
 */
bool
state_lock(const char *path)
{
	char lock[PATH_MAX];
	int fd;

	if (!beside(path, ".lock", lock))
		return false;
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
	{
		complain("open", lock);
		return false;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true; /* held by the open file until the process ends */
	if (errno == EWOULDBLOCK)
		fprintf(stderr, "sto_witness: another sto_witness works with %s\n", path);
	else
		complain("lock", lock);
	close(fd);
	return false;
}

static bool
write_all(int fd, const char *data, size_t len)
{
	while (len > 0)
	{
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t) n;
	}
	return fsync(fd) == 0;
}

/* The name in the folder is durable once the folder is. */
static bool
sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;
	bool ok;

	if (slash == NULL)
		strcpy(folder, ".");
	else
		snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int) (slash - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = fsync(fd) == 0;
	close(fd);
	return ok;
}

/* A file is there whole, or as it was before: it is written under another name first. */
static bool
replace(const Witness *w, const char *path, const char *data, size_t len)
{
	char fresh[PATH_MAX];
	int fd;
	bool ok;

	if (!beside(w->state_path, ".tmp", fresh))
		return false;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
	{
		complain("open", fresh);
		return false;
	}
	ok = write_all(fd, data, len);
	if (!ok)
		complain("write", fresh);
	if (close(fd) != 0 && ok)
	{
		complain("close", fresh);
		ok = false;
	}
	if (ok && (rename(fresh, path) != 0 || !sync_folder(path)))
	{
		complain("replace", path);
		ok = false;
	}
	return ok;
}

bool
state_save(const Witness *w, const Note *note)
{
	return replace(w, w->state_path, note->data, note->len);
}

/*
 * Saving replaces the file, so a link is not followed: one that leads nowhere for
 * now, to a disk that isn't mounted, must not pass for a witness that is new.
 */
static int
open_state(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return -1;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	if (fd < 0 && errno != ELOOP)
		complain("open", path);
	else
		fprintf(stderr, "sto_witness: %s is no regular file: name the state file itself\n", path);
	if (fd >= 0)
		close(fd);
	errno = EINVAL;
	return -1;
}

Verdict
state_load(Witness *w)
{
	const char *why = "";
	int fd = open_state(w->state_path);
	ssize_t n;
	Verdict verdict;

	w->has_last = false;
	if (fd < 0)
		return errno == ENOENT ? VERDICT_GOOD : VERDICT_FAILED;
	w->last->len = 0;
	do
	{
		n = read(fd, w->last->data + w->last->len, sizeof(w->last->data) - 1 - w->last->len);
		if (n > 0)
			w->last->len += (size_t) n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
	{
		complain("read", w->state_path);
		close(fd);
		return VERDICT_FAILED;
	}
	close(fd);
	verdict = judge_state(w, &why);
	if (verdict == VERDICT_BAD)
		fprintf(
			stderr,
			"sto_witness: %s is not a checkpoint that this witness cosigned: %s\n"
			"Restore it from a copy.  If the log's key was replaced, name the old one by a second "
			"--log-key.\n",
			w->state_path, why);
	else if (verdict == VERDICT_FAILED)
		fprintf(stderr, "sto_witness: OpenSSL failed to check %s\n", w->state_path);
	w->has_last = verdict == VERDICT_GOOD;
	return verdict;
}

/*
 * The name holds the size of the last checkpoint, which a refusal doesn't
 * change: there is one file of each sort for it, however often a ledger is asked.
 * What could not be kept, for want of room say, is tried again.
 */
void
state_keep_evidence(const Witness *w, const char *kind, const char *what, const char *data,
					size_t len)
{
	char ending[64];
	char path[PATH_MAX];
	struct stat st;

	snprintf(ending, sizeof(ending), ".%s-%" PRId64 ".%s", kind, w->last->checkpoint.size, what);
	if (!beside(w->state_path, ending, path) || lstat(path, &st) == 0)
		return;
	if (replace(w, path, data, len))
		fprintf(stderr, "sto_witness: kept as evidence: %s\n", path);
}
