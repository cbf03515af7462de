"""A ledger with many wallets, and the plain tables beside it."""

import os
import subprocess
import uuid

import psycopg2
import sto_client as sto

PARTIES = 1000
EACH = 1_000_000_000        # units that every wallet begins with
ORDER_COLUMNS = "n, order_id, ordering_party, debit, credit, signatures"

# The same columns, indexes and settings as the ledger's; none of its triggers.
PLAIN = """
CREATE TABLE bench.{0} (LIKE sto.transfer INCLUDING ALL);
CREATE TABLE bench.{0}_position (LIKE sto.position INCLUDING ALL) WITH (fillfactor = 70);
CREATE SEQUENCE bench.{0}_id;
"""


def connect():
    connection = psycopg2.connect("")
    connection.autocommit = True
    return connection.cursor()


class Register:
    def __init__(self, folder, wallets, say, parties=PARTIES, by_events=True):
        """Not by_events: rows of parties and wallets are put into the register, all with their custodian's keys."""
        self.folder, self.wallets, self.say = folder, wallets, say
        self.parties, self.by_events = parties, by_events
        self.seed = uuid.uuid4().hex
        self.ledger = sto.NIL
        self.heads = {}
        self.next_order = 0
        self.cursor = connect()

    # Acts of the few, made and signed by the documented client

    def act(self, kind, subject, actor, key, body):
        text = sto.compact_json(body)
        message = sto.act_message(self.ledger, kind, subject, actor, self.heads.get(subject), text)
        self.cursor.execute(
            "INSERT INTO sto.event (kind, subject, actor, body, signatures) "
            "VALUES (%s, %s, %s, %s, %s) RETURNING leaf_hash",
            (kind, str(subject), str(actor), text, sto.signature_list(message, [key])))
        self.heads[subject] = bytes.fromhex(self.cursor.fetchone()[0])

    def key(self):
        secret = os.urandom(32)
        return sto.PrivateKey("ed25519", secret), secret.hex()

    def party(self, actor, signer):
        party, (key, secret) = uuid.uuid4(), self.key()
        self.act("party", party, actor, signer,
                 {"kind": "legal", **sto.policy_body(1, [key], (self.ledger, party, party, None))})
        return party, key, secret

    def token(self, name, **terms):
        token = uuid.uuid4()
        self.act("token", token, self.issuer, self.issuer_key,
                 {"kind": "share", "name": name, "decimals": 0, "authorised": None,
                  "salt": os.urandom(32).hex(), **terms})
        return token

    # Acts of the many, by the signer

    def signer(self, *args):
        """The signer as a running process, whose output is lines for COPY."""
        return subprocess.Popen(self.command(*args), stdout=subprocess.PIPE)

    def command(self, *args):
        return [os.path.join(self.folder, "signer"), self.seed, str(self.ledger),
                str(self.wallets), str(self.parties), *map(str, args)]

    def copy_from(self, process, table, columns):
        self.cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", process.stdout)
        if process.wait() != 0:
            raise SystemExit("the signer failed")

    def put_rows(self):
        """Rows of the register that no event made: as many events would take a quarter of an hour."""
        cursor = self.cursor
        cursor.execute("SELECT policy_event FROM sto.party WHERE party_id = %s", (str(self.custodian),))
        policy = cursor.fetchone()[0]
        cursor.execute("BEGIN")
        cursor.execute("SELECT sto.begin_maintenance('parties and wallets for a benchmark')")
        self.copy_from(self.signer("rows", "party", self.custodian, policy), "sto.party",
                       "registered, party_id, kind, status, country")
        self.copy_from(self.signer("rows", "wallet", self.custodian, policy), "sto.wallet",
                       "registered, policy_event, wallet_id, party_id, custodian, address, salt, signed_only, kind, status")
        cursor.execute("COMMIT")

    def events(self, *args):
        self.copy_from(self.signer(*args), "sto.event", "kind, subject, actor, body, signatures")

    def orders(self, token, count, among="all", how="signed"):
        """Makes orders; returns the number of the first."""
        first = self.next_order
        self.next_order += count
        half = count // 2
        parts = [(first, half), (first + half, count - half)]
        running = [self.signer("orders", token, f, c, among, how) for f, c in parts if c > 0]
        for process in running:
            self.copy_from(process, "bench.orders", ORDER_COLUMNS)
        return first

    def list(self, kind, token, actor, secret, count, amount=1):
        """Makes a list that one signature orders; returns its first number and its event."""
        first = self.next_order
        self.next_order += count
        path = os.path.join(self.folder, "event")
        self.copy_from(self.signer("list", kind, token, actor, secret, first, count, amount, path),
                       "bench.orders", ORDER_COLUMNS)
        with open(path) as event:
            self.cursor.copy_expert(
                "COPY sto.event (kind, subject, actor, body, signatures) FROM STDIN", event)
        self.cursor.execute("SELECT max(batch_event) FROM sto.batch")
        return first, self.cursor.fetchone()[0]

    def post_list(self, cursor, first, count, event, token, kind="transfer"):
        cursor.execute(f"""
            INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount,
                                      ordering_party, order_id, authority_event)
            SELECT '{kind}', '{token}', debit, credit, {EACH if kind == 'issue' else 1},
                   ordering_party, order_id, {event}
              FROM bench.orders WHERE n >= {first} AND n < {first + count} ORDER BY n""")

    def issue(self, token):
        # a statement over a million wallets takes its time
        self.cursor.execute("SET sto_ledger.max_post_age = '10min'")
        first, event = self.list("issue", token, self.issuer, self.issuer_secret, self.wallets, EACH)
        self.post_list(self.cursor, first, self.wallets, event, token, "issue")

    def open(self):
        cursor = self.cursor
        cursor.execute("CREATE EXTENSION sto_ledger")
        cursor.execute("CREATE SCHEMA bench")
        cursor.execute("""
            CREATE UNLOGGED TABLE bench.orders (
                n bigint PRIMARY KEY, order_id uuid, ordering_party uuid,
                debit sto.wallet_address, credit sto.wallet_address, signatures bytea)""")
        root, _ = self.key()
        self.act("genesis", sto.NIL, sto.NIL, root,
                 {"name": "Benchmark", "origin": "bench.example/register",
                  "register_authority": "keys", **sto.policy_body(1, [root])})
        self.ledger = sto.ledger_id(self.heads[sto.NIL])
        registrar, registrar_key, registrar_secret = self.party(sto.NIL, root)
        self.act("capability", registrar, sto.NIL, root,
                 {"capability": "registrar", "granted": True})
        cursor.execute("SELECT sto.map_role('postgres', %s)", (str(registrar),))
        self.root, self.registrar, self.registrar_key = root, registrar, registrar_key
        self.issuer, self.issuer_key, self.issuer_secret = self.party(registrar, registrar_key)
        self.custodian, _, self.custodian_secret = self.party(registrar, registrar_key)

        self.say(f"registering {self.wallets:,} wallets")
        if self.by_events:
            self.events("parties", registrar, registrar_secret)
            for first in range(0, self.wallets, 10000):
                self.events("wallets", registrar, registrar_secret, self.custodian, first,
                            min(10000, self.wallets - first))
        else:
            self.put_rows()
        self.say(f"issuing to {self.wallets:,} wallets")
        self.unsigned = self.token("unsigned orders", unsigned_role="postgres")
        self.issue(self.unsigned)
        if self.by_events:
            self.signed = self.token("signed orders")
            self.issue(self.signed)
        cursor.execute("VACUUM ANALYZE")

    def plain(self, name):
        """A plain table and its positions, holding what the ledger holds now."""
        self.cursor.execute(PLAIN.format(name))
        self.cursor.execute(f"INSERT INTO bench.{name} SELECT * FROM sto.transfer")
        self.cursor.execute(f"INSERT INTO bench.{name}_position SELECT * FROM sto.position")
        self.cursor.execute(f"SELECT setval('bench.{name}_id', max(entry_id)) FROM sto.transfer")
        self.cursor.execute(f"VACUUM ANALYZE bench.{name}")
        self.cursor.execute(f"VACUUM ANALYZE bench.{name}_position")

    def size(self, schema, like="%"):
        """Octets of all tables, their indexes and TOAST."""
        self.cursor.execute(
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
            "WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND c.relname LIKE %s",
            (schema, like))
        return int(self.cursor.fetchone()[0])
