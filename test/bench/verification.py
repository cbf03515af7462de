"""How fast the log is verified, by one process and by two."""

import subprocess
import time

from register import connect

ONE = "SET max_parallel_workers_per_gather = 0"
TWO = """SET max_parallel_workers_per_gather = 2; SET parallel_leader_participation = off;
SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0"""
HASHES = 600000


class Verification:
    def __init__(self, register, figures, say):
        self.register, self.figures, self.say = register, figures, say

    def verify(self, settings, leaves=False):
        """Entries a second: balances and links, and the leaves if asked, without signatures."""
        cursor = connect()
        cursor.execute(settings)
        start = time.monotonic()
        cursor.execute("SELECT examined, ok, check_name FROM sto.verify_log(%s)", (leaves,))
        rows = cursor.fetchall()
        seconds = time.monotonic() - start
        cursor.connection.close()
        if not all(ok for _, ok, _ in rows):
            raise SystemExit(f"the log does not verify: {rows}")
        return rows[0][0] / seconds

    def hash(self, processes):
        """Records hashed a second by as many processes that share nothing."""
        start = time.monotonic()
        running = [subprocess.Popen(self.register.command("hash", HASHES),
                                    stdout=subprocess.DEVNULL) for _ in range(processes)]
        if any([p.wait() for p in running]):
            raise SystemExit("the signer failed")
        return processes * HASHES / (time.monotonic() - start)

    def measure(self):
        figures = self.figures
        self.say(f"verification: {figures.rounds} rounds")
        self.register.cursor.execute("VACUUM ANALYZE sto.transfer")
        self.verify(ONE)
        for _ in range(figures.rounds):
            one, two = self.verify(ONE), self.verify(TWO)
            one_process, two_processes = self.hash(1), self.hash(2)
            figures.add("verify_links_rate", one)
            figures.add("verify_links_rate_two_workers", two)
            figures.add("verify_leaves_rate", self.verify(ONE, leaves=True))
            figures.add("verify_speedup", two / one)
            figures.add("process_speedup", two_processes / one_process)
        for name in ("verify_links_rate", "verify_links_rate_two_workers", "verify_leaves_rate",
                     "verify_speedup", "process_speedup"):
            figures.report(name)
        figures.ratio("verify_two_workers_vs_processes", "verify_speedup", "process_speedup")
