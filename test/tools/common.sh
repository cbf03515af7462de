# shellcheck shell=bash disable=SC2034
# Sourced by the scripts here: where things are, and who runs the server.
#
#   TOP       the source tree
#   PREFIX    a private copy of PostgreSQL to install into (see with_server);
#             empty: the server of $PG_CONFIG, as it is
#   BINDIR    the server's programs

set -u
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PREFIX=${PREFIX:-}
PG_CONFIG=${PG_CONFIG:-pg_config}

# Debian's interpreters, never a version manager's that other users can't read.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C.UTF-8 LANG=C.UTF-8

fail() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# BINDIR and PATH for the server in use; call it once PostgreSQL is installed.
find_server() {
	BINDIR=$PREFIX$("$PG_CONFIG" --bindir) || fail "no $PG_CONFIG: run test/tools/need"
	PATH=$BINDIR:$PATH
	export PATH PREFIX PG_CONFIG
}

# The server refuses root: as root, run things as user postgres.
unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		runuser -u postgres -- env HOME=/nonexistent "$@"
	else
		"$@"
	fi
}

# A folder that the unprivileged user owns and can reach, wherever the tree is.
# On disk rather than in /tmp, which may be memory; short, for socket paths.
scratch() {
	local dir
	dir=$(mktemp -d /var/tmp/sto_ledger.XXXXXX) || exit 1
	chmod 755 "$dir"
	[ "$(id -u)" != 0 ] || chown postgres: "$dir"
	echo "$dir"
}
