"""Measurements of interleaved rounds, their medians, and the table that is written."""

import statistics

# What has a target: (target, at least?)
TARGETS = {
    "single_signed_vs_plain": (1.0, True),
    "single_unsigned_vs_plain": (1.3, True),
    "hot_pair_vs_plain": (1.0, True),
    "bulk_signed_vs_verify": (0.80, True),
    "bulk_unsigned_vs_insert": (0.60, True),
    "bulk_unsigned_pair_vs_insert": (1.0, True),
    "verify_links_rate": (500000, True),
    "verify_two_workers_vs_processes": (0.85, True),
    "bytes_vs_plain": (1.10, False),
    "memory_growth": (1.05, False),
    "seal_rate": (400000, True),
    "seal_cpu": (0.05, False),
    "seal_cpu_at_4000": (0.05, False),
    "inclusion_ms_10000000": (1.0, False),
    "tile_bytes_per_entry": (36, False),
    "compliance_overhead_single": (0.10, False),
    "compliance_overhead_single_cpu": (0.10, False),
    "compliance_overhead_bulk": (0.40, False),
    "compliance_growth": (0.8, True),
    "compliant_per_second": (8000, True),
    "sto_verify_export_vs_raw": (0.85, True),
    "sto_verify_server_vs_raw": (0.85, True),
    "sto_verify_rate_a_core": (700000, True),
}


class Figures:
    def __init__(self, rounds):
        self.rounds = rounds
        self.samples = {}       # name: a figure a round
        self.rows = []          # what is written, in order

    def add(self, name, value):
        self.samples.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.samples[name])

    def report(self, name):
        """A plain figure: the median of its rounds."""
        self.put(name, self.median(name))

    def ratio(self, name, over, under):
        """The median of the rounds' own ratios: what slows a round slows both its halves."""
        self.put(name, statistics.median(
            a / b for a, b in zip(self.samples[over], self.samples[under])))

    def put(self, name, value):
        self.rows.append((name, value))
        text = number(value)
        if name in TARGETS:
            target, least = TARGETS[name]
            met = value >= target if least else value <= target
            text += f"   {'met' if met else 'MISSED'}: {'at least' if least else 'at most'} {target:g}"
        print(f"    {name:<40}{text}", flush=True)

    def write(self, path):
        with open(path, "w") as out:
            for name, value in self.rows:
                out.write(f"{name}\t{number(value)}\n")


def number(value):
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"
