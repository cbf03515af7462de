"""Transfers under rules, against the same transfers without."""

import os
import time

import psycopg2.extras
import sto_client as sto
from register import Register, connect
from single import CLIENTS, LEDGER, PAGE, Single, Variant

SIZE = 10000
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


class Ledger:
    """A database with as many parties, of one wallet each, and tokens that all of them hold."""

    def __init__(self, name, folder, holders, say):
        connect().execute(f"CREATE DATABASE {name}")
        self.name, self.say = name, say
        with self:
            self.register = Register(folder, holders, say, parties=holders)
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

    def statements(self, tokens, figures, signed=None):
        """Each token in turn, named; the first round warms up."""
        rounds = figures.rounds + 1
        cursor = connect()
        first = {name: self.register.orders(token, rounds * SIZE, "all",
                                            "signed" if name == signed else "unsigned")
                 for name, token in tokens.items()}
        self.cursor.execute("VACUUM ANALYZE bench.orders")
        self.cursor.execute("CHECKPOINT")
        for r in range(rounds):
            for name in list(tokens) if r % 2 == 0 else reversed(tokens):
                rate = self.post(cursor, tokens[name], first[name] + r * SIZE, name == signed)
                if r > 0:
                    figures.add(name, rate)
        cursor.connection.close()


class Ruled(Single):
    """One transfer a commit, of one token or another: a variant's table is its token."""

    def script(self, variant):
        path = super().script(variant)
        with open(path) as script:
            text = script.read()
        usual = self.register.signed if variant.orders == "signed" else self.register.unsigned
        with open(path, "w") as out:
            out.write(text.replace(str(usual), str(variant.table)))
        return path

    def singles(self, tokens, figures, signed):
        def ledger(**names):
            return LEDGER.format(**names)
        variants = [Variant(name, token, ledger, "signed" if name == signed else "unsigned", name == signed)
                    for name, token in tokens.items()]
        trial = 12
        for v in variants:
            rate = self.run(v, self.pages(v.orders, CLIENTS * trial), trial)
            v.pages = max(1, round(rate * self.seconds / CLIENTS / PAGE))
        pages = min(v.pages for v in variants)
        starts = {v.name: self.pages(v.orders, CLIENTS * pages * figures.rounds) for v in variants}
        self.cursor.execute("VACUUM ANALYZE bench.page")
        for r in range(figures.rounds):
            for v in variants if r % 2 == 0 else reversed(variants):
                figures.add(v.name, self.run(v, starts[v.name] + r * pages * CLIENTS, pages))


def overhead(figures, name, free, ruled):
    figures.samples[name] = [a / b - 1 for a, b in zip(figures.samples[free], figures.samples[ruled])]
    figures.report(name)


def measure_compliance(folder, figures, seconds, holders, say):
    with Ledger("compliance", folder, 10000, say) as ledger:
        ledger.identify()
        ruled = ledger.token()
        register = ledger.register
        ledger.rule(ruled, RULES, True)
        ledger.rule(register.signed, RULES, True)
        say("single transfers under rules")
        Ruled(register, figures, seconds, say).singles(
            {"free_single": register.unsigned, "ruled_single": ruled, "ruled_signed": register.signed},
            figures, "ruled_signed")
        say("statements under rules")
        ledger.statements({"free_bulk": register.unsigned, "ruled_bulk": ruled,
                           "ruled_signed_bulk": register.signed}, figures, "ruled_signed_bulk")
    for name in ("free_single", "ruled_single", "ruled_signed", "free_bulk", "ruled_bulk", "ruled_signed_bulk"):
        figures.report(name)
    overhead(figures, "compliance_overhead_single", "free_single", "ruled_single")
    overhead(figures, "compliance_overhead_bulk", "free_bulk", "ruled_bulk")
    figures.put("compliant_per_second",
                max(figures.median("ruled_signed"), figures.median("ruled_signed_bulk")))

    relative = []
    for count in sorted(holders):
        with Ledger(f"holders_{count}", folder, count, say) as ledger:
            say(f"statements under counters with {count:,} holders")
            ruled = ledger.token()
            ledger.rule(ruled, COUNTERS, False)
            names = f"free_{count}", f"counted_{count}"
            ledger.statements({names[0]: ledger.register.unsigned, names[1]: ruled}, figures)
        figures.ratio(f"counted_vs_free_{count}", names[1], names[0])
        relative.append(figures.rows[-1][1])
    figures.put("compliance_growth", relative[-1] / relative[0])
