/*
 * secret.c
 *		Small files that hold a secret.
 */
#include "core/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SCHEME "file:"

static _Thread_local char reason[120];

static const char *
explain(const char *fact)
{
	snprintf(reason, sizeof(reason), "%s: %s", fact, strerror(errno));
	return reason;
}

static const char *
check_file(int fd, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return explain("the file can't be examined");
	if (!S_ISREG(st.st_mode))
		return "the file is not a regular file";
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return "the file belongs to another user";
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "others than its owner have rights on the file";
	if (st.st_size > (off_t) size)
		return "the file is too large";
	return NULL;
}

static const char *
read_file(int fd, char *out, size_t size, size_t *len)
{
	ssize_t got;

	*len = 0;
	while (*len < size && (got = read(fd, out + *len, size - *len)) != 0)
	{
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
		{
			OPENSSL_cleanse(out, *len);
			return explain("the file can't be read");
		}
		*len += (size_t) got;
	}
	return NULL;
}

const char *
sto_secret_read(const char *path, void *out, size_t size, size_t *len)
{
	/* not blocking: a FIFO put there must not hang the worker */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	const char *why;

	if (fd < 0 && errno == ELOOP)
		return "the file is a symbolic link";
	if (fd < 0)
		return explain("the file can't be opened");
	why = check_file(fd, size);
	if (why == NULL)
		why = read_file(fd, out, size, len);
	close(fd);
	return why;
}

const char *
sto_file_uri_path(const char *uri)
{
	const char *at = uri + strlen(FILE_SCHEME);

	if (strncasecmp(uri, FILE_SCHEME, strlen(FILE_SCHEME)) != 0)
		return NULL;
	if (strncmp(at, "//", 2) == 0)
	{
		at += 2;
		if (strncasecmp(at, "localhost/", 10) == 0)
			at += 9;
	}
	return at[0] == '/' ? at : NULL;
}
