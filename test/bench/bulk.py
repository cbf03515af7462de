"""Statements of 10,000 rows on one connection, against raw verification and plain INSERTs."""

import os
import subprocess
import time

from register import connect

SIZE = 10000
CORE = str(os.cpu_count() - 1)


class Bulk:
    def __init__(self, register, figures, say):
        self.register, self.figures, self.say = register, figures, say
        self.cursor = register.cursor
        self.pid = None

    def used(self):
        """Seconds that the backend has been on a core."""
        with open(f"/proc/{self.pid}/schedstat") as stat:
            return int(stat.read().split()[0]) / 1e9

    def timed(self, work, *args):
        """Rows a second, and rows a second of the backend's own time on the core."""
        used, start = self.used(), time.monotonic()
        work(*args)
        seconds = time.monotonic() - start
        return SIZE / seconds, SIZE / (self.used() - used)

    def post_signed(self, cursor, first):
        return self.timed(cursor.execute, f"""
            INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount,
                                      ordering_party, order_id, signatures)
            SELECT 'transfer', '{self.register.signed}', debit, credit, 1, ordering_party,
                   order_id, signatures
              FROM bench.orders WHERE n >= {first} AND n < {first + SIZE} ORDER BY n""")

    def post_list(self, cursor, made):
        return self.timed(self.register.post_list, cursor, made[0], SIZE, made[1],
                          self.register.signed)

    def insert_same(self, cursor):
        """The rows that the ledger took last, into the plain table."""
        self.cursor.execute("TRUNCATE bench.same")
        self.cursor.execute("INSERT INTO bench.same SELECT * FROM sto.transfer "
                            f"ORDER BY entry_id DESC LIMIT {SIZE}")
        return self.timed(cursor.execute,
                          "INSERT INTO bench.bulk SELECT * FROM bench.same ORDER BY entry_id")

    def warm(self, cursor):
        """Every wallet orders once, so that the session knows them, as one that lasts does."""
        cursor.execute(f"""
            INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount,
                                      ordering_party, order_id)
            SELECT 'transfer', '{self.register.unsigned}', address,
                   coalesce(lead(address) OVER w, first_value(address) OVER w), 1, party_id,
                   gen_random_uuid()
              FROM sto.wallet WHERE kind = 'client' WINDOW w AS (ORDER BY address)""")

    def verify(self, count=8000):
        command = ["taskset", "-c", CORE, *self.register.command("verify", count)]
        return tuple(map(float, subprocess.check_output(command).split()))

    def measure(self):
        register, figures, cursor = self.register, self.figures, connect()
        # one core for the backend and for raw verification
        cursor.execute("SELECT pg_backend_pid()")
        self.pid = cursor.fetchone()[0]
        subprocess.run(["taskset", "-cp", CORE, str(self.pid)],
                       stdout=subprocess.DEVNULL, check=True)
        rounds = figures.rounds + 1     # the first warms up
        self.say(f"statements of {SIZE:,}: signing {rounds * SIZE:,} orders, {2 * rounds} lists")
        signed = register.orders(register.signed, rounds * SIZE)
        every = [register.list("all", register.signed, register.custodian,
                               register.custodian_secret, SIZE) for _ in range(rounds)]
        pair = [register.list("pair", register.signed, register.custodian,
                              register.custodian_secret, SIZE) for _ in range(rounds)]
        self.warm(cursor)
        register.plain("bulk")
        self.cursor.execute("CREATE UNLOGGED TABLE bench.same (LIKE sto.transfer)")
        self.cursor.execute("VACUUM ANALYZE bench.orders")
        self.cursor.execute("CHECKPOINT")

        self.say(f"statements of {SIZE:,}: {figures.rounds} rounds")
        for r in range(rounds):
            row = [("raw_verify", self.verify()),
                   ("bulk_signed", self.post_signed(cursor, signed + r * SIZE)),
                   ("bulk_unsigned", self.post_list(cursor, every[r])),
                   ("bulk_insert", self.insert_same(cursor)),
                   ("bulk_unsigned_pair", self.post_list(cursor, pair[r])),
                   ("bulk_insert_pair", self.insert_same(cursor))]
            if r > 0:
                for name, (rate, rate_cpu) in row:
                    figures.add(name, rate)
                    figures.add(name + "_cpu", rate_cpu)
        for name, _ in row:
            figures.report(name)
        # on a busy machine the ratios of time on the core say more than those of time
        for cpu in "", "_cpu":
            figures.ratio("bulk_signed_vs_verify" + cpu, "bulk_signed" + cpu, "raw_verify" + cpu)
            figures.ratio("bulk_unsigned_vs_insert" + cpu, "bulk_unsigned" + cpu,
                          "bulk_insert" + cpu)
            figures.ratio("bulk_unsigned_pair_vs_insert" + cpu, "bulk_unsigned_pair" + cpu,
                          "bulk_insert_pair" + cpu)
        cursor.connection.close()
