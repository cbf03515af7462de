"""A backend's memory while it posts a million entries."""

import re

from register import connect

SIZE = 10000


def private_memory(pid):
    """Octets of its own that the process has: shared buffers are not counted."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read())[1]) * 1024


def watch_memory(register, figures, entries, say):
    say(f"memory of a backend that posts {entries:,} entries")
    cursor = connect()
    cursor.execute("SELECT pg_backend_pid()")
    pid = cursor.fetchone()[0]
    cursor.execute("CREATE TEMPORARY TABLE drawn AS SELECT address, party_id, "
                   "(row_number() OVER () - 1)::int AS n FROM sto.wallet WHERE kind = 'client'")
    cursor.execute("CREATE INDEX ON drawn (n)")
    cursor.execute("ANALYZE drawn")

    def note(when):
        cursor.execute("SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts")
        figures.put(f"memory_contexts_{when}", int(cursor.fetchone()[0]))
        figures.put(f"memory_private_{when}", private_memory(pid))
        return private_memory(pid)

    seen = {}
    posted = 0
    while posted < entries:
        cursor.execute(f"""
            INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount,
                                      ordering_party, order_id)
            SELECT 'transfer', '{register.unsigned}', d.address, c.address, 1, d.party_id,
                   gen_random_uuid()
              FROM (SELECT ({posted} + i * 7919) % {register.wallets} AS a,
                           ({posted} + i * 7919 + 1 + i * 31 % {register.wallets - 1}) % {register.wallets} AS b
                      FROM generate_series(1, {SIZE}) AS i) AS pair
              JOIN drawn d ON d.n = pair.a JOIN drawn c ON c.n = pair.b""")
        posted += SIZE
        if posted in (SIZE, entries // 10, entries):
            seen[posted] = note({SIZE: "start", entries: "end"}.get(posted, "tenth"))
    figures.put("memory_growth", seen[entries] / seen[max(SIZE, entries // 10)])
    cursor.connection.close()
