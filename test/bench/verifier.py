"""How fast sto_verify is: with signatures against raw verification on every core, and without."""

import os
import re
import resource
import shutil
import subprocess
import tempfile
import time

LISTS = int(os.environ.get("BENCH_LISTS", 100))     # of 10,000 unsigned entries
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
        # in memory, so that no disk is measured
        self.folder = tempfile.mkdtemp(prefix="sto_bench.", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)

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
        """Signatures verified a second by every core at once, each in a loop that does nothing else; and a second
        of processor time."""
        running = [subprocess.Popen(["taskset", "-c", str(core), *self.register.command("verify", count)],
                                    stdout=subprocess.PIPE, text=True) for core in range(CORES)]
        rates = [tuple(map(float, p.communicate()[0].split())) for p in running]
        return sum(rate for rate, _ in rates), sum(on_core for _, on_core in rates) / CORES

    def post(self):
        register = self.register
        self.say(f"sto_verify: posting {LISTS * LIST:,} entries in lists")
        for _ in range(LISTS):
            first, event = register.list("all", register.signed, register.custodian,
                                         register.custodian_secret, LIST)
            register.post_list(self.cursor, first, LIST, event, register.signed)
        self.export("whole")

    def export(self, name):
        self.seal()
        self.run("export", os.path.join(self.folder, name), "--conn", "")

    def check(self, name, genesis):
        """An export without signatures: records, seconds, seconds on a core."""
        seconds, on_core, text = self.run("--export", os.path.join(self.folder, name), "--genesis", genesis,
                                          "--no-signatures")
        return int(re.search(r"^leaf +(\d+)", text, re.M).group(1)), seconds, on_core

    def post_signed(self, first):
        self.cursor.execute(f"""
            INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount,
                                      ordering_party, order_id, signatures)
            SELECT 'transfer', '{self.register.signed}', debit, credit, 1, ordering_party,
                   order_id, signatures
              FROM bench.orders WHERE n >= {first} AND n < {first + SIGNED} ORDER BY n""")
        self.seal()

    def measure(self):
        try:
            self.measure_all()
        finally:
            shutil.rmtree(self.folder)

    def measure_all(self):
        self.export("register")
        self.post()
        self.cursor.execute("SELECT genesis_hash FROM sto.ledger")
        genesis = self.cursor.fetchone()[0]
        self.measure_unsigned(genesis)
        self.measure_signed(genesis)

    def measure_unsigned(self, genesis):
        figures = self.figures
        self.say(f"sto_verify: {figures.rounds} rounds without signatures")
        for _ in range(figures.rounds):
            # entries alone: what the register before them takes is taken off
            register_records, register_seconds, register_on_core = self.check("register", genesis)
            records, seconds, on_core = self.check("whole", genesis)
            figures.add("sto_verify_records", records / seconds)
            figures.add("sto_verify_rate", (records - register_records) / (seconds - register_seconds))
            figures.add("sto_verify_rate_a_core", (records - register_records) / (on_core - register_on_core))
        figures.report("sto_verify_records")
        figures.report("sto_verify_rate")
        figures.report("sto_verify_rate_a_core")

    def measure_signed(self, genesis):
        """Orders with a signature each, from the server and from an export. What is accepted already is left out, so
        that they are measured; the register, which every run loads and compares, is what a run with nothing new takes."""
        register, figures = self.register, self.figures
        runs = {way: source + ["--genesis", genesis, "--state", os.path.join(self.folder, way)] for way, source in
                (("server", ["--conn", ""]), ("export", ["--export", os.path.join(self.folder, "whole")]))}
        for run in runs.values():
            self.run(*run)
        self.say(f"sto_verify: {figures.rounds} rounds of {SIGNED:,} signed orders")
        first = register.orders(register.signed, SIGNED * figures.rounds)
        for r in range(figures.rounds):
            idle = {way: self.run(*run) for way, run in runs.items()}
            self.post_signed(first + r * SIGNED)
            self.export("whole")
            for way, run in runs.items():
                seconds, on_core, _ = self.run(*run)
                figures.add(f"sto_verify_signed_{way}", SIGNED / (seconds - idle[way][0]))
                figures.add(f"sto_verify_signed_{way}_cpu", SIGNED / (on_core - idle[way][1]))
            rate, rate_cpu = self.raw()
            figures.add("raw_verify_all_cores", rate)
            figures.add("raw_verify_a_core_cpu", rate_cpu)
        figures.report("raw_verify_all_cores")
        for way in runs:
            figures.report(f"sto_verify_signed_{way}")
            figures.ratio(f"sto_verify_{way}_vs_raw", f"sto_verify_signed_{way}", "raw_verify_all_cores")
            # on a busy machine the ratio of processor times says more; the server's is not in it
            figures.ratio(f"sto_verify_{way}_vs_raw_cpu", f"sto_verify_signed_{way}_cpu", "raw_verify_a_core_cpu")
