"""One transfer a commit: pgbench, prepared statements, eight clients."""

import os
import re
import subprocess

CLIENTS = 8
PAGE = 20       # orders that a client fetches at once, before it posts them one by one
FIELDS = dict(o="order_id", y="ordering_party", d="debit", c="credit", s="signatures")
DIGEST = "5" * 64

FETCH = """\\set i :i + 1
\\set p :base + :client_id * :pages + :i
SELECT * FROM bench.page WHERE p = :p \\gset
"""

LEDGER = """INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, \
ordering_party, order_id, signatures) \
VALUES ('transfer', '{token}', :d{k}, :c{k}, '1', :y{k}, :o{k}, {signature});
"""

COLUMNS = """entry_id, received_at, posted_at, amount, debit_seq, debit_balance, debit_held, \
credit_seq, credit_balance, credit_held, key_policy, token_id, ordering_party, order_id, posted_by, \
debit_wallet, credit_wallet, debit_prev, credit_prev, leaf_hash, kind, signatures"""

CONSTANTS = """nextval('bench.{table}_id'), now(), clock_timestamp(), '1', {ds}, {db}, {dh}, \
{cs}, {cb}, {ch}, 7, '{token}', :y{k}, :o{k}, '{token}', :d{k}, :c{k}, \
'{digest}', '{digest}', '{digest}', 'transfer', {signature}"""

CHANGE = """UPDATE bench.{table}_position SET balance = balance {sign} '1', seq = seq + 1, \
posted_at = clock_timestamp(), head = '{digest}' \
WHERE token_id = '{token}' AND wallet = :{side}{k}{enough} \
RETURNING balance AS {side}b, held AS {side}h, seq AS {side}s"""


def change(side, **names):
    return CHANGE.format(side=side, sign="-" if side == "d" else "+",
                         enough=" AND balance - held >= '1'" if side == "d" else "", **names)


def plain(**names):
    """What people write by hand; RETURNING, as the row states what each balance became."""
    values = CONSTANTS.format(ds=":ds", db=":db", dh=":dh", cs=":cs", cb=":cb", ch=":ch", **names)
    return "\n".join([
        "BEGIN;",
        change("d", **names) + " \\gset",
        change("c", **names) + " \\gset",
        f"INSERT INTO bench.{names['table']} ({COLUMNS}) VALUES ({values});",
        "COMMIT;", ""])


def one_trip(**names):
    values = CONSTANTS.format(**{a + b: a + b for a in "dc" for b in "sbh"}, **names)
    return (f"WITH d AS ({change('d', **names)}), c AS ({change('c', **names)}) "
            f"INSERT INTO bench.{names['table']} ({COLUMNS}) SELECT {values} FROM d, c;\n")


class Variant:
    """A way of posting: its script, its own tables, and what it is reported as."""

    def __init__(self, name, table, make, orders, signature):
        self.name, self.table, self.make = name, table, make
        self.orders, self.signature = orders, signature


class Single:
    def __init__(self, register, figures, seconds, say):
        self.register, self.figures, self.say = register, figures, say
        self.seconds = seconds
        self.cursor = register.cursor

    def variants(self):
        def ledger(**names):
            return LEDGER.format(**names)
        return [
            Variant("single_signed", None, ledger, "signed", True),
            Variant("single_plain", "plain", plain, "signed", True),
            Variant("single_plain_cte", "plain_cte", one_trip, "signed", True),
            Variant("single_unsigned", None, ledger, "unsigned", False),
            Variant("hot_pair", None, ledger, "pair", True),
            Variant("hot_pair_plain", "plain", plain, "pair", True),
        ]

    def script(self, variant):
        token = self.register.unsigned if variant.orders == "unsigned" else self.register.signed
        text = FETCH
        for k in range(PAGE):
            text += variant.make(token=token, table=variant.table, k=k, digest=DIGEST,
                                 signature=f":s{k}" if variant.signature else "NULL")
        path = os.path.join(self.register.folder, variant.name + ".pgbench")
        with open(path, "w") as out:
            out.write(text)
        return path

    def pages(self, orders, count):
        """Orders laid out a page a row; returns the first page."""
        register = self.register
        token = register.unsigned if orders == "unsigned" else register.signed
        first = register.orders(token, count * PAGE, "pair" if orders == "pair" else "all",
                                "unsigned" if orders == "unsigned" else "signed")
        columns = ", ".join(
            f"max({column}::text) FILTER (WHERE (n - {first}) % {PAGE} = {k}) AS {letter}{k}"
            for k in range(PAGE) for letter, column in FIELDS.items())
        self.cursor.execute("SELECT to_regclass('bench.page')")
        into = "CREATE UNLOGGED TABLE bench.page AS"
        if self.cursor.fetchone()[0]:
            into = "INSERT INTO bench.page"
            self.cursor.execute("SELECT max(p) + 1 FROM bench.page")
            page = self.cursor.fetchone()[0]
        else:
            page = 0
        self.cursor.execute(f"{into} SELECT {page} + (n - {first}) / {PAGE} AS p, {columns} "
                            f"FROM bench.orders WHERE n >= {first} AND n < {first + count * PAGE} "
                            "GROUP BY 1")
        if into.startswith("CREATE"):
            self.cursor.execute("ALTER TABLE bench.page ADD PRIMARY KEY (p)")
        self.cursor.execute(f"DELETE FROM bench.orders WHERE n >= {first}")
        return page

    def run(self, variant, page, pages):
        """Transfers a second, over as many pages a client."""
        result = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-t", str(pages),
             "-D", f"base={page}", "-D", f"pages={pages}", "-D", "i=-1",
             "-f", self.script(variant)], capture_output=True, text=True)
        done = re.search(r"processed: (\d+)/(\d+)", result.stdout)
        rate = re.search(r"tps = ([0-9.]+) \(without", result.stdout)
        if result.returncode != 0 or not done or done[1] != done[2]:
            raise SystemExit(f"pgbench failed in {variant.name}:\n{result.stdout}{result.stderr}")
        return float(rate[1]) * PAGE

    def wal(self):
        self.cursor.execute("SELECT pg_current_wal_lsn() - '0/0'")
        return int(self.cursor.fetchone()[0])

    def measure(self):
        register, figures = self.register, self.figures
        self.say("single transfers: making plain tables, trying each way once")
        register.plain("plain")
        register.plain("plain_cte")
        variants = self.variants()
        self.cursor.execute("CHECKPOINT")

        # How many pages take the time that was asked for; also warms everything up.
        trial, pages, starts = 12, {}, {}
        for kind in ("signed", "unsigned", "pair"):
            starts[kind] = self.pages(kind, CLIENTS * trial)
        for v in variants:
            rate = self.run(v, starts[v.orders], trial)
            wanted = max(1, round(rate * self.seconds / CLIENTS / PAGE))
            pages[v.orders] = min(wanted, pages.get(v.orders, wanted))
        for kind, count in pages.items():
            self.say(f"signing {figures.rounds * count * CLIENTS * PAGE:,} orders ({kind})")
            starts[kind] = self.pages(kind, CLIENTS * count * figures.rounds)
        self.cursor.execute("VACUUM ANALYZE bench.page")

        self.say(f"single transfers: {figures.rounds} rounds")
        grown = {"single_signed": 0, "single_plain": 0}
        wal = dict(grown)
        for r in range(figures.rounds):
            # every other round the other way round, so that none always comes first
            for v in variants if r % 2 == 0 else reversed(variants):
                count = pages[v.orders]
                start = starts[v.orders] + r * count * CLIENTS
                before = self.size(v), self.wal()
                figures.add(v.name, self.run(v, start, count))
                if v.name in grown:
                    grown[v.name] += self.size(v) - before[0]
                    wal[v.name] += self.wal() - before[1]
        posted = figures.rounds * pages["signed"] * CLIENTS * PAGE

        for v in variants:
            figures.report(v.name)
        figures.ratio("single_signed_vs_plain", "single_signed", "single_plain")
        figures.ratio("single_signed_vs_plain_cte", "single_signed", "single_plain_cte")
        figures.ratio("single_unsigned_vs_plain", "single_unsigned", "single_plain")
        figures.ratio("single_unsigned_vs_plain_cte", "single_unsigned", "single_plain_cte")
        figures.ratio("hot_pair_vs_plain", "hot_pair", "hot_pair_plain")
        figures.put("bytes_per_transfer", grown["single_signed"] / posted)
        figures.put("bytes_per_transfer_plain", grown["single_plain"] / posted)
        figures.put("bytes_vs_plain", grown["single_signed"] / grown["single_plain"])
        figures.put("wal_per_transfer", wal["single_signed"] / posted)
        figures.put("wal_per_transfer_plain", wal["single_plain"] / posted)

    def size(self, variant):
        if variant.table is None:
            return self.register.size("sto")
        return sum(self.register.size("bench", table)
                   for table in (variant.table, variant.table + "_position"))
