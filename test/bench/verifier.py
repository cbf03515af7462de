"""How fast sto_verify is: with signatures against raw verification on every core, and without from an export."""

import os
import re
import resource
import shutil
import subprocess
import time

LISTS = int(os.environ.get("BENCH_LISTS", 50))      # of 10,000 unsigned entries
SIGNED = int(os.environ.get("BENCH_SIGNED", 40000))
LIST = 10000
CORES = os.cpu_count()


def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Verifier:
    def __init__(self, register, figures, say):
        self.register, self.figures, self.say = register, figures, say
        self.cursor = register.cursor
        self.folder = os.path.join(register.folder, "verifier")

    def run(self, *args):
        """One run: seconds, seconds on a core, and what it printed."""
        begin, start = used(), time.monotonic()
        done = subprocess.run(["sto_verify", *args], stdout=subprocess.PIPE, text=True)
        seconds = time.monotonic() - start
        if done.returncode != 0:
            raise SystemExit(f"sto_verify: {done.stdout}")
        return seconds, used() - begin, done.stdout

    def seal(self):
        self.cursor.execute("CALL sto.seal()")

    def raw(self, count=8000):
        """Signatures verified a second by every core at once, each in a loop that does nothing else."""
        running = [subprocess.Popen(["taskset", "-c", str(core), *self.register.command("verify", count)],
                                    stdout=subprocess.PIPE, text=True) for core in range(CORES)]
        return sum(float(p.communicate()[0].split()[0]) for p in running)

    def post(self):
        register = self.register
        self.say(f"sto_verify: posting {LISTS * LIST:,} entries in lists")
        for _ in range(LISTS):
            first, event = register.list("all", register.signed, register.custodian,
                                         register.custodian_secret, LIST)
            register.post_list(self.cursor, first, LIST, event, register.signed)
        self.seal()
        self.run("export", self.folder, "--conn", "")

    def post_signed(self, first):
        self.cursor.execute(f"""
            INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount,
                                      ordering_party, order_id, signatures)
            SELECT 'transfer', '{self.register.signed}', debit, credit, 1, ordering_party,
                   order_id, signatures
              FROM bench.orders WHERE n >= {first} AND n < {first + SIGNED} ORDER BY n""")
        self.seal()

    def measure(self):
        register, figures = self.register, self.figures
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.post()
        self.cursor.execute("SELECT genesis_hash FROM sto.ledger")
        genesis = self.cursor.fetchone()[0]

        self.say(f"sto_verify: {figures.rounds} rounds without signatures")
        for _ in range(figures.rounds):
            seconds, on_core, text = self.run("--export", self.folder, "--genesis", genesis,
                                              "--no-signatures")
            records = int(re.search(r"^leaf +(\d+)", text, re.M).group(1))
            figures.add("sto_verify_rate", records / seconds)
            figures.add("sto_verify_rate_a_core", records / on_core)

        # What is accepted already is left out, so that signed orders are measured; the register, which every run
        # loads and compares, is what a run with nothing new takes.
        run = ["--conn", "", "--genesis", genesis, "--state", os.path.join(self.folder, "state")]
        self.run(*run)
        self.say(f"sto_verify: {figures.rounds} rounds of {SIGNED:,} signed orders")
        first = register.orders(register.signed, SIGNED * figures.rounds)
        for r in range(figures.rounds):
            idle, _, _ = self.run(*run)
            self.post_signed(first + r * SIGNED)
            seconds, _, _ = self.run(*run)
            figures.add("sto_verify_signed", SIGNED / (seconds - idle))
            figures.add("raw_verify_all_cores", self.raw())
        figures.report("sto_verify_rate")
        figures.report("sto_verify_rate_a_core")
        figures.report("sto_verify_signed")
        figures.report("raw_verify_all_cores")
        figures.ratio("sto_verify_vs_raw", "sto_verify_signed", "raw_verify_all_cores")
