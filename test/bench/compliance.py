"""Transfers under rules, against the same transfers without."""

import glob
import os
import re
import statistics
import subprocess
import threading
import time

import psycopg2.extras
import sto_client as sto
from register import Register, connect
from single import CLIENTS, LEDGER, PAGE, Single, Variant

SIZE = 10000
CORES = 1 << (os.cpu_count().bit_length() - 1)      # a power of two, so that wallets part evenly
COUNTRIES = ["KZ", "AE", "DE", "FR", "GB", "IT", "ES", "PL", "NL", "SE", "CH", "AT", "BE", "DK", "FI", "NO",
             "IE", "PT", "CZ", "TR"]
TOPICS = ["kyc", "aml"]
MONTH = 30 * 86400
LARGE = str(10 ** 15)

RULES = [
    {"rule": "country_deny", "countries": ["IR", "KP"]},
    {"rule": "investor_class", "classes": ["retail", "professional"]},
    {"rule": "max_balance", "amount": LARGE},
    {"rule": "max_holders", "count": 10 ** 8},
    {"rule": "lock_up", "until": 1},
    {"rule": "volume_limit", "seconds": MONTH, "amount": LARGE},
    {"rule": "granularity", "units": "1"},
    {"rule": "travel_rule", "threshold": "1", "originator": ["name"], "beneficiary": ["name"]},
]
COUNTERS = [
    {"rule": "max_holders", "count": 10 ** 8},
    {"rule": "max_holders", "count": 10 ** 8, "by": "country"},
    {"rule": "volume_limit", "seconds": MONTH, "amount": LARGE},
    {"rule": "ownership_by_claim", "by": "country", "value": "KZ", "max": 10000},
]


# Whoever asks about every wallet has all its facts at hand; nothing is locked or written.
WARM_QUERY = """SELECT count(c.code)
  FROM (SELECT w.address, lead(w.address) OVER n AS next, row_number() OVER n AS number
          FROM sto.wallet w WHERE w.kind = 'client' WINDOW n AS (ORDER BY w.wallet_id)) w
 CROSS JOIN LATERAL sto.check_transfer('{token}', w.address, w.next, '1') c
 WHERE w.number % 2 = 1 AND w.next IS NOT NULL"""
WARM = f"\\if :i = 0\n{WARM_QUERY};\n\\endif\n"


class Ledger:
    """A database with as many parties, of one wallet each, and tokens that all of them hold."""

    def __init__(self, name, folder, holders, say, by_events=True):
        connect().execute(f"CREATE DATABASE {name}")
        self.name, self.say = name, say
        with self:
            self.register = Register(folder, holders, say, holders, by_events)
            self.register.open()
            self.cursor = self.register.cursor
            self.cursor.execute("SELECT DISTINCT party_id FROM sto.wallet WHERE kind = 'client' ORDER BY 1")
            self.parties = [row[0] for row in self.cursor.fetchall()]

    def __enter__(self):
        self.before = os.environ.get("PGDATABASE")
        os.environ["PGDATABASE"] = self.name
        return self

    def __exit__(self, *_):
        os.environ["PGDATABASE"] = self.before or "postgres"

    def state(self, kind, actor, key, body_of):
        """An event about every party, signed one by one and recorded in one statement."""
        register = self.register
        self.cursor.execute("SELECT subject, head::text FROM sto.subject WHERE kind = 'party'")
        heads = {subject: bytes.fromhex(head) for subject, head in self.cursor.fetchall()}
        rows = []
        for n, party in enumerate(self.parties):
            text = sto.compact_json(body_of(n))
            subject = sto.uuid.UUID(party)
            message = sto.act_message(register.ledger, kind, subject, actor, heads[party], text)
            rows.append((kind, party, str(actor), text, sto.signature_list(message, [key])))
        psycopg2.extras.execute_values(
            self.cursor, "INSERT INTO sto.event (kind, subject, actor, body, signatures) VALUES %s",
            rows, page_size=1000)

    def identify(self):
        register = self.register
        self.say(f"facts, classes, claims and travel data of {len(self.parties):,} parties")
        claimant, key, _ = register.party(register.registrar, register.registrar_key)
        register.act("capability", claimant, sto.NIL, register.root,
                     {"capability": "claim_issuer", "granted": True})
        self.state("party_facts", register.registrar, register.registrar_key,
                   lambda n: {"country": COUNTRIES[n % len(COUNTRIES)]})
        self.state("classification", register.registrar, register.registrar_key,
                   lambda n: {"class": "retail", "basis": "COB 2.4"})
        self.state("travel_data", register.registrar, register.registrar_key,
                   lambda n: {"fields": ["name"], "commitment": "ab" * 32})
        for topic in TOPICS:
            self.state("claim", claimant, key, lambda n: {"topic": topic, "commitment": "cd" * 32})
        self.claimant = claimant

    def rule(self, token, rules, topics):
        register = self.register
        if topics:
            register.act("trusted_issuer", token, register.issuer, register.issuer_key,
                         {"issuer": str(self.claimant), "topics": TOPICS})
            register.act("token_topics", token, register.issuer, register.issuer_key, {"topics": TOPICS})
        register.act("rule_set", token, register.issuer, register.issuer_key, {"rules": rules})

    def token(self):
        """Another token for unsigned orders, held by all."""
        token = self.register.token("ruled", unsigned_role="postgres")
        self.register.issue(token)
        return token

    def post(self, cursor, token, first, signed=False):
        """Rows a second of one statement."""
        start = time.monotonic()
        cursor.execute(f"""
            INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount,
                                      ordering_party, order_id{', signatures' if signed else ''})
            SELECT 'transfer', '{token}', debit, credit, 1, ordering_party, order_id
                   {', signatures' if signed else ''}
              FROM bench.orders WHERE n >= {first} AND n < {first + SIZE} ORDER BY n""")
        return SIZE / (time.monotonic() - start)

    def statements(self, tokens, figures, signed=None, lists=None):
        """Each token in turn, named; the first round warms up.  One of them by signed orders, one by signed lists."""
        rounds = figures.rounds + 1
        register = self.register
        cursor = connect()
        first = {name: register.orders(token, rounds * SIZE, "all", "signed" if name == signed else "unsigned")
                 for name, token in tokens.items() if name != lists}
        events = [register.list("all", tokens[lists], register.custodian, register.custodian_secret, SIZE)
                  for _ in range(rounds if lists else 0)]
        self.cursor.execute("VACUUM ANALYZE bench.orders")
        self.cursor.execute("CHECKPOINT")
        for r in range(rounds):
            for name in list(tokens) if r % 2 == 0 else reversed(tokens):
                if name == lists:
                    start = time.monotonic()
                    register.post_list(cursor, events[r][0], SIZE, events[r][1], tokens[name])
                    rate = SIZE / (time.monotonic() - start)
                else:
                    rate = self.post(cursor, tokens[name], first[name] + r * SIZE, name == signed)
                if r > 0:
                    figures.add(name, rate)
        cursor.connection.close()

    def side_by_side(self, name, token, figures):
        """Signed orders a second of one connection a core, each between wallets of its own; the first round warms up."""
        rounds = figures.rounds + 1
        connections = [connect() for _ in range(CORES)]
        # of orders between any two wallets, one in so many stays within one group
        drawn = SIZE * CORES * CORES
        first = self.register.orders(token, rounds * drawn)
        self.cursor.execute(f"""
            CREATE TABLE bench.grouped AS
            SELECT o.*, (n - {first}) / {drawn} AS round, hashtext(debit::text) & {CORES - 1} AS part
              FROM bench.orders o
             WHERE n >= {first} AND hashtext(debit::text) & {CORES - 1} = hashtext(credit::text) & {CORES - 1}""")
        self.cursor.execute("CREATE INDEX ON bench.grouped (round, part)")
        self.cursor.execute("VACUUM ANALYZE bench.grouped")

        def post(part, r):
            connections[part].execute(f"""
                INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id,
                                          signatures)
                SELECT 'transfer', '{token}', debit, credit, 1, ordering_party, order_id, signatures
                  FROM bench.grouped WHERE round = {r} AND part = {part} ORDER BY n""")

        for r in range(rounds):
            running = [threading.Thread(target=post, args=(part, r)) for part in range(CORES)]
            start = time.monotonic()
            for thread in running:
                thread.start()
            for thread in running:
                thread.join()
            seconds = time.monotonic() - start
            if r > 0:
                figures.add(name, sum(c.rowcount for c in connections) / seconds)
        for cursor in connections:
            cursor.connection.close()


class Ruled(Single):
    """One transfer a commit, of one token or another: a variant's table is its token."""

    def script(self, variant):
        path = super().script(variant)
        with open(path) as script:
            text = script.read()
        usual = self.register.signed if variant.orders == "signed" else self.register.unsigned
        fetch, rest = text.split("\n", 1)
        with open(path, "w") as out:
            out.write(fetch + "\n" + WARM.format(token=variant.table) + rest.replace(str(usual), str(variant.table)))
        return path

    def run(self, variant, page, pages):
        """Transfers a second of warm sessions: from when the last client ended its first page until the first is done."""
        prefix = os.path.join(self.register.folder, "pages")
        for path in glob.glob(prefix + ".*"):
            os.unlink(path)
        result = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-t", str(pages),
             "-D", f"base={page}", "-D", f"pages={pages}", "-D", "i=-1", "-l", "--log-prefix", prefix,
             "-f", self.script(variant)], capture_output=True, text=True)
        done = re.search(r"processed: (\d+)/(\d+)", result.stdout)
        if result.returncode != 0 or not done or done[1] != done[2]:
            raise SystemExit(f"pgbench failed in {variant.name}:\n{result.stdout}{result.stderr}")
        ends = {}       # of each client's pages
        for path in glob.glob(prefix + ".*"):
            with open(path) as log:
                for line in log:
                    client, _, _, _, second, micro = line.split()[:6]
                    ends.setdefault(client, []).append(int(second) + int(micro) / 1e6)
        begin, end = max(min(e) for e in ends.values()), min(max(e) for e in ends.values())
        return PAGE * sum(begin < t <= end for e in ends.values() for t in e) / (end - begin)

    def singles(self, tokens, figures, signed):
        def ledger(**names):
            return LEDGER.format(**names)
        variants = [Variant(name, token, ledger, "signed" if name == signed else "unsigned", name == signed)
                    for name, token in tokens.items()]
        trial = 12
        for v in variants:
            rate = self.run(v, self.pages(v.orders, CLIENTS * trial), trial)
            v.pages = max(8, round(rate * self.seconds / CLIENTS / PAGE))
        pages = min(v.pages for v in variants)
        starts = {v.name: self.pages(v.orders, CLIENTS * pages * figures.rounds) for v in variants}
        self.cursor.execute("VACUUM ANALYZE bench.page")
        for r in range(figures.rounds):
            for v in variants if r % 2 == 0 else reversed(variants):
                figures.add(v.name, self.run(v, starts[v.name] + r * pages * CLIENTS, pages))

    def cpu(self, tokens, figures):
        """Microseconds of the processor that the backend takes for one transfer: one warm session, tokens in turns."""
        size, rounds = 500, 8 * figures.rounds
        cursor = connect()
        cursor.execute("SELECT pg_backend_pid()")
        path = f"/proc/{cursor.fetchone()[0]}/schedstat"
        posted = {}
        for n, (name, token) in enumerate(tokens.items()):
            cursor.execute(WARM_QUERY.format(token=token))
            cursor.execute(f"PREPARE post{n} (sto.wallet_address, sto.wallet_address, uuid, uuid) AS "
                           "INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, "
                           f"ordering_party, order_id) VALUES ('transfer', '{token}', $1, $2, '1', $3, $4)")
            first = self.register.orders(token, rounds * size, "all", "unsigned")
            cursor.execute("SELECT format($$EXECUTE post%s (%L, %L, %L, %L)$$, %s::int, debit, credit, ordering_party, "
                           "order_id) FROM bench.orders WHERE n >= %s AND n < %s ORDER BY n".replace("%L", "%%L")
                           .replace("post%s", "post%%s"), (n, first, first + rounds * size))
            posted[name] = [row[0] for row in cursor.fetchall()]
        for r in range(rounds):
            for name in list(tokens) if r % 2 == 0 else reversed(tokens):
                before = used(path)
                for statement in posted[name][r * size:(r + 1) * size]:
                    cursor.execute(statement)
                figures.add(name + "_cpu", (used(path) - before) / size / 1000)
        cursor.connection.close()


def used(path):
    """Nanoseconds of a processor."""
    with open(path) as stat:
        return int(stat.read().split()[0])


def overhead(figures, name, cheap, dear):
    """How much longer one takes than the other, of samples that are times."""
    figures.samples[name] = [b / a - 1 for a, b in zip(figures.samples[cheap], figures.samples[dear])]
    figures.report(name)


def measure_rules(folder, figures, seconds, say):
    with Ledger("compliance", folder, 10000, say) as ledger:
        ledger.identify()
        register = ledger.register
        free, signed, ruled = register.unsigned, register.signed, ledger.token()
        ledger.rule(ruled, RULES, True)
        ledger.rule(signed, RULES, True)
        say("single transfers under rules")
        single = Ruled(register, figures, seconds, say)
        single.singles({"free_single": free, "ruled_single": ruled, "compliant_signed_single": signed}, figures,
                       "compliant_signed_single")
        single.cpu({"free_single": free, "ruled_single": ruled}, figures)
        say("statements under rules")
        ledger.statements({"free_bulk": free, "ruled_bulk": ruled, "compliant_signed_bulk": signed,
                           "compliant_list": signed}, figures, "compliant_signed_bulk", "compliant_list")
        ledger.side_by_side("compliant_signed_bulks", signed, figures)
    compliant = "compliant_signed_single", "compliant_signed_bulk", "compliant_signed_bulks", "compliant_list"
    for name in ("free_single", "ruled_single", "free_single_cpu", "ruled_single_cpu", "free_bulk", "ruled_bulk",
                 *compliant):
        figures.report(name)
    overhead(figures, "compliance_overhead_single", "ruled_single", "free_single")
    overhead(figures, "compliance_overhead_single_cpu", "free_single_cpu", "ruled_single_cpu")
    overhead(figures, "compliance_overhead_bulk", "ruled_bulk", "free_bulk")
    figures.put("compliant_per_second", max(figures.median(name) for name in compliant))


def measure_growth(folder, figures, holders, say):
    relative = []
    for count in sorted(holders):
        with Ledger(f"holders_{count}", folder, count, say, by_events=False) as ledger:
            ruled = ledger.token()
            ledger.rule(ruled, COUNTERS, False)
            say(f"statements under counters with {count:,} holders")
            names = f"free_{count}", f"counted_{count}"
            ledger.statements({names[0]: ledger.register.unsigned, names[1]: ruled}, figures)
        figures.ratio(f"counted_vs_free_{count}", names[1], names[0])
        relative.append(figures.rows[-1][1])
    figures.put("compliance_growth", relative[-1] / relative[0])
