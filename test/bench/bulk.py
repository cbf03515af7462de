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

    def timed(self, cursor, statement):
        start = time.monotonic()
        cursor.execute(statement)
        return SIZE / (time.monotonic() - start)

    def post_signed(self, cursor, first):
        return self.timed(cursor, f"""
            INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount,
                                      ordering_party, order_id, signatures)
            SELECT 'transfer', '{self.register.signed}', debit, credit, 1, ordering_party,
                   order_id, signatures
              FROM bench.orders WHERE n >= {first} AND n < {first + SIZE} ORDER BY n""")

    def post_list(self, cursor, made):
        start = time.monotonic()
        self.register.post_list(cursor, made[0], SIZE, made[1], self.register.signed)
        return SIZE / (time.monotonic() - start)

    def insert_same(self, cursor):
        """The rows that the ledger took last, into the plain table."""
        self.cursor.execute("TRUNCATE bench.same")
        self.cursor.execute("INSERT INTO bench.same SELECT * FROM sto.transfer "
                            f"ORDER BY entry_id DESC LIMIT {SIZE}")
        return self.timed(cursor, "INSERT INTO bench.bulk SELECT * FROM bench.same ORDER BY entry_id")

    def verify(self, count=8000):
        command = ["taskset", "-c", CORE, *self.register.command("verify", count)]
        return float(subprocess.check_output(command))

    def measure(self):
        register, figures, cursor = self.register, self.figures, connect()
        # one core for the backend and for raw verification
        cursor.execute("SELECT pg_backend_pid()")
        subprocess.run(["taskset", "-cp", CORE, str(cursor.fetchone()[0])],
                       stdout=subprocess.DEVNULL, check=True)
        rounds = figures.rounds + 1     # the first warms up
        self.say(f"statements of {SIZE:,}: signing {rounds * SIZE:,} orders, {2 * rounds} lists")
        signed = register.orders(register.signed, rounds * SIZE)
        every = [register.list("all", register.signed, register.custodian,
                               register.custodian_secret, SIZE) for _ in range(rounds)]
        pair = [register.list("pair", register.signed, register.custodian,
                              register.custodian_secret, SIZE) for _ in range(rounds)]
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
                for name, value in row:
                    figures.add(name, value)
        for name, _ in row:
            figures.report(name)
        figures.ratio("bulk_signed_vs_verify", "bulk_signed", "raw_verify")
        figures.ratio("bulk_unsigned_vs_insert", "bulk_unsigned", "bulk_insert")
        figures.ratio("bulk_unsigned_pair_vs_insert", "bulk_unsigned_pair", "bulk_insert_pair")
        cursor.connection.close()
