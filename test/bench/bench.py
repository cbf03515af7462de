"""The benchmark: a ledger beside plain tables in one private cluster, measured in turn.

Run by test/bench/run.  README.md says what each figure means and how it is measured.
"""

import os
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "docs", "clients")]

from bulk import Bulk  # noqa: E402
from compliance import measure_growth, measure_rules  # noqa: E402
from figures import Figures  # noqa: E402
from memory import watch_memory  # noqa: E402
from register import Register  # noqa: E402
from seal import Seal  # noqa: E402
from single import Single  # noqa: E402
from verification import Verification  # noqa: E402
from verifier import Verifier  # noqa: E402

ROUNDS = int(os.environ.get("BENCH_ROUNDS", 5))
SECONDS = float(os.environ.get("BENCH_SECONDS", 4))
WALLETS = int(os.environ.get("BENCH_WALLETS", 100000))
HOLDERS = [int(n) for n in os.environ.get("BENCH_HOLDERS", "10000 1000000").split()]
ENTRIES = int(os.environ.get("BENCH_ENTRIES", 1000000))
# all, or some of: single bulk verify memory seal verifier compliance growth
PARTS = os.environ.get("BENCH_PARTS", "single bulk verify memory seal verifier compliance growth").split()


def say(text):
    print(f"[{time.monotonic() - begin:6.1f} s] {text}", flush=True)


def flush_ms(folder):
    """What a durable write of 8 kB takes where the cluster is."""
    times = []
    with open(os.path.join(folder, "flush"), "wb") as out:
        for _ in range(200):
            start = time.monotonic()
            out.seek(0)
            out.write(bytes(8192))
            out.flush()
            os.fdatasync(out.fileno())
            times.append(time.monotonic() - start)
    os.unlink(out.name)
    return 1000 * statistics.median(times)


begin = time.monotonic()
figures = Figures(ROUNDS)
if set(PARTS) - {"compliance", "growth"}:
    register = Register(os.environ["BENCH_DIR"], WALLETS, say)
    register.open()

if "single" in PARTS:
    figures.put("flush_ms", flush_ms(os.environ["BENCH_DIR"]))
    Single(register, figures, SECONDS, say).measure()
if "bulk" in PARTS:
    Bulk(register, figures, say).measure()
if "verify" in PARTS:
    Verification(register, figures, say).measure()
if "memory" in PARTS:
    watch_memory(register, figures, ENTRIES, say)
if "seal" in PARTS:
    Seal(register, figures, say).measure()

if "verifier" in PARTS:
    Verifier(register, figures, say).measure()

if "compliance" in PARTS:
    measure_rules(os.environ["BENCH_DIR"], figures, SECONDS, say)
if "growth" in PARTS:
    measure_growth(os.environ["BENCH_DIR"], figures, HOLDERS, say)

figures.write(os.environ["BENCH_TSV"])
say("done")
