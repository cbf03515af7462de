/*
 * export_files.c
 *		Paths and files of an export.
 */
#include "bin/export.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
export_path(int level, int64_t n, int width, char out[EXPORT_PATH_MAX])
{
	char digits[24];
	char *p = out;
	int len;

	if (level == EXPORT_ENTRIES)
		p += sprintf(p, "tile/entries");
	else
		p += sprintf(p, "tile/%d", level);

	/* a multiple of three digits, so that every group is whole */
	len = snprintf(digits, sizeof(digits), "%" PRId64, n);
	len = snprintf(digits, sizeof(digits), "%0*" PRId64, (len + 2) / 3 * 3, n);
	for (int i = 0; i < len; i += 3)
		p += sprintf(p, "/%s%.3s", i + 3 < len ? "x" : "", digits + i);
	if (width < 256)
		sprintf(p, ".p/%d", width);
}

static bool
join(const char *dir, const char *path, const char *suffix, char out[PATH_MAX])
{
	int len = dir != NULL ? snprintf(out, PATH_MAX, "%s/%s%s", dir, path, suffix)
						  : snprintf(out, PATH_MAX, "%s%s", path, suffix);

	if (len >= 0 && len < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* Of an open file: its length, or -1 with errno. */
static int64_t
read_open(int fd, uint8_t **data, size_t *size, size_t max)
{
	struct stat st;
	size_t len = 0;
	ssize_t got;

	if (fstat(fd, &st) != 0)
		return -1;
	if (!S_ISREG(st.st_mode) || (uint64_t) st.st_size > max)
	{
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return -1;
	}
	if ((size_t) st.st_size > *size || *data == NULL)
	{
		uint8_t *bigger = realloc(*data, (size_t) st.st_size + 1);

		if (bigger == NULL)
			return -1;
		*data = bigger;
		*size = (size_t) st.st_size + 1;
	}
	while (len < (size_t) st.st_size)
	{
		got = read(fd, *data + len, (size_t) st.st_size - len);
		if (got == 0)
			break; /* cut short meanwhile */
		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0)
			len += (size_t) got;
	}
	return (int64_t) len;
}

int64_t
export_read(const char *dir, const char *path, uint8_t **data, size_t *size, size_t max)
{
	char name[PATH_MAX];
	int64_t len;
	int fd;

	/* a FIFO in its place would make the reader wait for ever */
	if (!join(dir, path, "", name) || (fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
		return -1;
	len = read_open(fd, data, size, max);
	close(fd);
	return len;
}

/* Make the folders above the file. */
static bool
make_folders(char *name)
{
	for (char *slash = strchr(name + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
	{
		bool ok;

		*slash = '\0';
		ok = mkdir(name, 0777) == 0 || errno == EEXIST;
		*slash = '/';
		if (!ok)
			return false;
	}
	return true;
}

static bool
write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0)
	{
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
		{
			data += n;
			len -= (size_t) n;
		}
	}
	return true;
}

bool
export_write(const char *dir, const char *path, const void *data, size_t len)
{
	char name[PATH_MAX];
	char fresh[PATH_MAX];
	int fd;
	bool ok;

	if (!join(dir, path, "", name) || !join(dir, path, ".new", fresh))
		return false;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0 && errno == ENOENT && make_folders(fresh))
		fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return false;
	ok = write_all(fd, data, len);
	ok = close(fd) == 0 && ok;
	if (ok && rename(fresh, name) == 0)
		return true;
	unlink(fresh);
	return false;
}

bool
export_exists(const char *dir, const char *path)
{
	char name[PATH_MAX];

	return join(dir, path, "", name) && access(name, F_OK) == 0;
}

bool
export_flush(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && syncfs(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

void
export_remove(const char *dir, const char *path)
{
	char name[PATH_MAX];

	if (join(dir, path, "", name))
		unlink(name);
}
