"""How fast the log is sealed, what the tiles take, and how long a proof takes as the tree grows."""

import os
import time

import psycopg2
import sto_client as sto
from memory import private_memory
from register import Register, connect
from single import CLIENTS, PAGE, Single

BACKLOG = 50000         # entries that one timed seal closes
SECOND = 4000           # entries that a busy second brings
SIGNED_SECONDS = float(os.environ.get("BENCH_SECONDS", 4))
PROOFS = 500
LEAVES = int(os.environ.get("BENCH_LEAVES", 10_000_000))
SYNTHETIC = "bench_seal"

# Rows with made-up leaf hashes, past the gate, which a superuser can open: for their number alone.
GATES = "sto_open sto_gate sto_stored sto_close sto_guard sto_guard_all".split()
GROW = """
SELECT sto.begin_maintenance('leaves for a benchmark');
ALTER TABLE sto.event DISABLE TRIGGER ALL;
INSERT INTO sto.event (entry_id, recorded_at, subject, actor, leaf_hash, kind, body)
SELECT nextval('sto.entry_id_seq'), now(), '{nil}', '{nil}',
       encode(sha256(int8send(n)), 'hex')::sto.digest, 'bench', '{{}}'
  FROM generate_series(1, {count}) AS n;
""" + "\n".join(f"ALTER TABLE sto.event ENABLE ALWAYS TRIGGER {gate};" for gate in GATES)


class Seal:
    def __init__(self, register, figures, say):
        self.register, self.figures, self.say = register, figures, say

    @staticmethod
    def pid(cursor):
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]

    @staticmethod
    def used(pid):
        """Seconds that this process has been on a core."""
        with open(f"/proc/{pid}/schedstat") as stat:
            return int(stat.read().split()[0]) / 1e9

    def timed(self, cursor, pid, statement="CALL sto.seal()"):
        """One statement: seconds, and seconds of the backend's own time on a core."""
        before, start = self.used(pid), time.monotonic()
        cursor.execute(statement)
        return time.monotonic() - start, self.used(pid) - before

    def post(self, cursor, count):
        """Unsigned entries of the ledger's own, through the gate."""
        cursor.execute(f"""
            INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount,
                                      ordering_party, order_id)
            SELECT 'transfer', '{self.register.unsigned}', address,
                   coalesce(lead(address) OVER w, first_value(address) OVER w), 1, party_id,
                   gen_random_uuid()
              FROM (SELECT * FROM sto.wallet WHERE kind = 'client' LIMIT {count}) AS wallets
            WINDOW w AS (ORDER BY address)""")
        return cursor.rowcount

    def rates(self):
        """Seals of a ledger's real entries."""
        cursor = connect()
        pid = self.pid(cursor)
        cursor.execute("CALL sto.seal()")
        self.say(f"sealing: {self.figures.rounds} rounds")
        for r in range(self.figures.rounds + 1):    # the first warms up
            count = self.post(cursor, BACKLOG)
            seconds, used = self.timed(cursor, pid)
            second = self.post(cursor, SECOND)
            _, used_second = self.timed(cursor, pid)
            if r > 0:
                self.figures.add("seal_rate", count / seconds)
                self.figures.add("seal_rate_cpu", count / used)
                self.figures.add("seal_cpu_at_4000", used_second * SECOND / second)
        for name in "seal_rate", "seal_rate_cpu", "seal_cpu_at_4000":
            self.figures.report(name)
        cursor.connection.close()

    def worker(self):
        """The worker's time on a core while eight clients post signed orders as fast as they can."""
        cursor = self.register.cursor
        single = Single(self.register, self.figures, 0, self.say)
        signed = single.variants()[0]
        pages = max(1, int(SIGNED_SECONDS * 3000 / CLIENTS / PAGE))
        self.say("sealing: the worker beside signed orders")
        start = single.pages(signed.orders, CLIENTS * pages * self.figures.rounds)
        cursor.execute("ALTER SYSTEM SET sto_ledger.seal_databases = 'postgres'")
        cursor.execute("SELECT pg_reload_conf()")
        pid, deadline = None, time.monotonic() + 30
        while pid is None and time.monotonic() < deadline:
            time.sleep(0.2)
            cursor.execute("SELECT pid FROM sto.worker_status")
            pid = (cursor.fetchone() or [None])[0]
        for r in range(self.figures.rounds):
            before, begin = self.used(pid), time.monotonic()
            self.figures.add("seal_clients", single.run(signed, start + r * CLIENTS * pages, pages))
            self.figures.add("seal_cpu",
                             (self.used(pid) - before) / (time.monotonic() - begin))
        cursor.execute("ALTER SYSTEM RESET sto_ledger.seal_databases")
        cursor.execute("SELECT pg_reload_conf()")
        self.figures.report("seal_clients")
        self.figures.report("seal_cpu")

    def open_synthetic(self):
        self.register.cursor.execute(f"CREATE DATABASE {SYNTHETIC}")
        connection = psycopg2.connect(dbname=SYNTHETIC)
        connection.autocommit = True
        ledger = Register(self.register.folder, 0, self.say)
        ledger.cursor = connection.cursor()
        ledger.cursor.execute("CREATE EXTENSION sto_ledger")
        root, _ = ledger.key()
        ledger.act("genesis", sto.NIL, sto.NIL, root,
                   {"name": "Leaves", "origin": "bench.example/leaves",
                    "register_authority": "keys", **sto.policy_body(1, [root])})
        return ledger.cursor

    def prove(self, cursor, pid, size):
        """Milliseconds of one inclusion proof of a random entry in the newest tree."""
        cursor.execute(f"""
            CREATE TEMPORARY TABLE drawn AS
            SELECT entry_id FROM (SELECT 1 + (random() * (last_id - 1))::bigint AS id
                                    FROM sto.block, generate_series(1, {2 * PROOFS})
                                   WHERE last_id = (SELECT max(last_id) FROM sto.block)) AS ids
              JOIN sto.event ON entry_id = id LIMIT {PROOFS}""")
        for _ in range(2):      # the first warms up
            seconds, used = self.timed(
                cursor, pid, "SELECT count(sto.inclusion_proof(entry_id)), count(*) FROM drawn")
            proofs, drawn = cursor.fetchone()
        cursor.execute("DROP TABLE drawn")
        if proofs != drawn or drawn == 0:
            raise SystemExit("an entry has no proof")
        self.figures.put(f"inclusion_ms_{size}", 1000 * seconds / drawn)
        self.figures.put(f"inclusion_ms_{size}_cpu", 1000 * used / drawn)

    def sizes(self):
        """Proofs in trees of 10^4, 10^5 ... leaves, and what the largest tree takes."""
        cursor = self.open_synthetic()
        pid = self.pid(cursor)
        size = 10000
        while size <= LEAVES:
            self.say(f"a tree of {size:,} leaves")
            cursor.execute("SELECT count(*) FROM sto.event")
            # one more is the event that announces it
            missing = size - cursor.fetchone()[0] - 1
            cursor.execute(GROW.format(nil=sto.NIL, count=missing))
            cursor.execute("VACUUM ANALYZE sto.event")
            memory = private_memory(pid)
            seconds, _ = self.timed(cursor, pid)
            memory = private_memory(pid) - memory
            cursor.execute("SELECT sto.tree_size(), "
                           "sto.tree_root() = root FROM sto.block ORDER BY last_id DESC LIMIT 1")
            if cursor.fetchone() != (size, True):
                raise SystemExit("the tree is not what was sealed")
            self.prove(cursor, pid, size)
            size *= 10
        self.figures.put("seal_backlog_rate", missing / seconds)
        self.figures.put("seal_backlog_memory", memory)
        cursor.execute("SELECT pg_total_relation_size('sto.tile')::numeric / sto.tree_size()")
        self.figures.put("tile_bytes_per_entry", float(cursor.fetchone()[0]))
        cursor.connection.close()
        self.register.cursor.execute(f"DROP DATABASE {SYNTHETIC}")

    def measure(self):
        self.worker()
        self.rates()
        self.sizes()
