/*
 * state_file.c
 *		The file beside the database that holds the newest signed checkpoint.
 */
#include "postgres.h"

#include "log/state_file.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/stringinfo.h"
#include "storage/fd.h"

char *
sto_setting_path(const char *setting, const char *database)
{
	StringInfoData path;

	initStringInfo(&path);
	for (const char *p = setting; *p != '\0'; p++)
	{
		if (p[0] == '%' && p[1] == 'd' && !isxdigit((unsigned char) p[2]))
		{
			if (strpbrk(database, "/%;?&=:#") != NULL)
				return NULL;
			appendStringInfoString(&path, database);
			p++;
		}
		else
			appendStringInfoChar(&path, *p);
	}
	return path.data;
}

char *
sto_state_read(const char *path)
{
	char *content;
	size_t len = 0;
	struct stat st;
	/*
	 * A FIFO would make the worker wait.  A link is not followed: writing would replace
	 * it, and one that leads nowhere for now must not pass for a file that isn't there.
	 */
	int fd = OpenTransientFile(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | PG_BINARY);

	if (fd < 0)
	{
		if (errno == ENOENT)
			return NULL;
		if (errno == ELOOP)
			ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
							errmsg("the state file of the log is a symbolic link"),
							errhint("Name the file itself in sto_ledger.log_state.")));
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not open the state file of the log: %m")));
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > STO_STATE_MAX)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("the state file of the log is not a small regular file")));

	content = palloc(STO_STATE_MAX + 1);
	while (len < STO_STATE_MAX)
	{
		ssize_t got = read(fd, content + len, STO_STATE_MAX - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			ereport(ERROR, (errcode_for_file_access(),
							errmsg("could not read the state file of the log: %m")));
		if (got == 0)
			break;
		len += got;
	}
	content[len] = '\0';
	CloseTransientFile(fd);
	return content;
}

void
sto_state_write(const char *path, const char *content, size_t len)
{
	char *new_path = psprintf("%s.new", path);
	size_t done = 0;
	int fd = OpenTransientFile(new_path, O_WRONLY | O_CREAT | O_TRUNC | PG_BINARY);

	if (fd < 0)
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not create the new state file of the log: %m"),
						errhint("Nothing is signed that isn't kept there first.")));
	while (done < len)
	{
		ssize_t wrote = write(fd, content + done, len - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
		{
			/* if write didn't set errno, the disk is full */
			if (wrote == 0)
				errno = ENOSPC;
			ereport(ERROR, (errcode_for_file_access(),
							errmsg("could not write the new state file of the log: %m"),
							errhint("Nothing is signed that isn't kept there first.")));
		}
		done += wrote;
	}
	if (pg_fsync(fd) != 0)
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not flush the new state file of the log: %m")));
	if (CloseTransientFile(fd) != 0)
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not close the new state file of the log: %m")));
	/* flushes both names and the folder */
	durable_rename(new_path, path, ERROR);
	pfree(new_path);
}
