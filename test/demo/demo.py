"""A whole ledger in two minutes: opened, issued, traded, sealed, attacked, verified.

Run by test/demo/run in a private cluster (PGHOST and so on in the environment).  All
keys are made and all orders signed here, outside the database, by docs/clients/sto_client.py,
which shares no code with the extension.  Exits non-zero if anything is not as it should be.
"""

import io
import multiprocessing
import os
import random
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg2
from psycopg2.extras import execute_values

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "docs", "clients"))
import sto_client as sto  # noqa: E402
from compliance import Compliance, Officer  # noqa: E402
from evidence import Evidence  # noqa: E402

ISIN = "KZ1C00000876"       # ordinary shares of Kcell, listed at KASE
INVESTORS = 1000
CONNECTIONS = 4
SINGLE, INSERTED, COPIED = 500, 2500, 2000      # transfers a connection, by way of posting
VENUE = "venue"                                 # the database role that submits orders
STATEMENT = 500                                 # orders a bulk statement
TRANSFERS = CONNECTIONS * (SINGLE + INSERTED + COPIED)
SCHEMES = ["ed25519"] * 6 + ["p256"] * 3 + ["secp256k1"]

ORDER_COLUMNS = ("kind", "order_id", "ordering_party", "token_id", "debit_wallet",
                 "credit_wallet", "amount", "reference", "signatures")
INSERT = f"INSERT INTO sto.transfer ({', '.join(ORDER_COLUMNS)}) VALUES "
COPY_IN = f"COPY sto.transfer ({', '.join(ORDER_COLUMNS)}) FROM STDIN"

failures = []
table = []


def say(text=""):
    print(text, flush=True)


def expect(condition, text):
    say(f"  {'ok  ' if condition else 'FAIL'}  {text}")
    if not condition:
        failures.append(text)


def row(what, count, seconds, note=""):
    table.append((what, count, seconds, note))


class Clock:
    def __enter__(self):
        self.start = time.monotonic()
        return self

    def __exit__(self, *exc):
        self.seconds = time.monotonic() - self.start


def connect(**options):
    connection = psycopg2.connect("", **options)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("SET datestyle = 'ISO'; SET timezone = 'UTC'")
    return cursor


# ---- Register acts --------------------------------------------------------------


class Acts:
    """Signs acts, inserts them as events and remembers each subject's head."""

    COLUMNS = "INSERT INTO sto.event (kind, subject, actor, body, signatures) VALUES "

    def __init__(self, cursor):
        self.cursor, self.ledger, self.heads = cursor, sto.NIL, {}

    def row(self, kind, subject, actor, keys, body):
        text = sto.compact_json(body)
        message = sto.act_message(self.ledger, kind, subject, actor, self.heads.get(subject), text)
        return kind, str(subject), str(actor), text, sto.signature_list(message, keys)

    def put(self, kind, subject, actor, keys, body):
        if subject not in self.heads:   # recorded by put_many, or new
            self.cursor.execute("SELECT head FROM sto.subject WHERE subject = %s", (str(subject),))
            for (head,) in self.cursor:
                self.heads[subject] = sto.parse_hex(head)
        self.cursor.execute(self.COLUMNS + "(%s, %s, %s, %s, %s) RETURNING entry_id, leaf_hash",
                            self.row(kind, subject, actor, keys, body))
        entry_id, leaf = self.cursor.fetchone()
        self.heads[subject] = sto.parse_hex(leaf)
        return entry_id

    def put_many(self, rows):
        execute_values(self.cursor, self.COLUMNS + "%s", rows, page_size=len(rows))

    def keys(self, keys, threshold, party, subject, address=None, **accepted):
        return sto.policy_body(threshold, keys, (self.ledger, party, subject, address), **accepted)


class Wallet:
    """An investor's wallet and its keys, which never leave this program."""

    def __init__(self, ledger, keys, threshold):
        self.keys, self.threshold = keys, threshold
        self.party, self.id, self.salt = uuid.uuid4(), uuid.uuid4(), os.urandom(32)
        self.address = sto.wallet_address(ledger, self.id)
        self.text = sto.address_text(self.address)


def order_row(ledger, order, keys):
    """What a client sends: the order's columns and its signatures, as text."""
    signed = sto.signature_list(sto.order_message(ledger, order), keys) if keys else None
    return (order["kind"], str(order["order_id"]), str(order["ordering_party"]),
            str(order["token_id"]), sto.address_text(order["debit_wallet"]),
            sto.address_text(order["credit_wallet"]), str(order["amount"]),
            order.get("reference"), signed and "\\x" + signed.hex())


def transfer(token, sender, receiver, amount, **terms):
    return dict(kind="transfer", order_id=uuid.uuid4(), ordering_party=sender.party,
                token_id=token, debit_wallet=sender.address, credit_wallet=receiver.address,
                amount=amount, **terms)


# ---- Trading, in several processes ----------------------------------------------


def post_single(cursor, rows):
    for values in rows:
        while True:
            try:
                cursor.execute(INSERT + "(%s, %s, %s, %s, %s, %s, %s, %s, %s)", values)
                break
            except psycopg2.errors.DeadlockDetected:
                pass        # nothing was posted: the same order may be sent again


def post_inserts(cursor, rows):
    for i in range(0, len(rows), STATEMENT):
        execute_values(cursor, INSERT + "%s", rows[i:i + STATEMENT], page_size=STATEMENT)


def post_copy(cursor, rows):
    for i in range(0, len(rows), STATEMENT):
        text = "".join("\t".join("\\N" if v is None else v.replace("\\", "\\\\") for v in values)
                       + "\n" for values in rows[i:i + STATEMENT])
        cursor.copy_expert(COPY_IN, io.StringIO(text))


PHASES = [("single INSERTs, a commit each", SINGLE, post_single),
          (f"INSERTs of {STATEMENT} orders", INSERTED, post_inserts),
          (f"COPY, {STATEMENT} orders each", COPIED, post_copy)]


def trade(number, ledger, token, wallets, barrier, results):
    """One investor-side process: signs its orders, then posts them on its own connection."""
    chance = random.Random(number)
    cursor = connect(user=VENUE)
    mine = wallets[number::CONNECTIONS]
    times = []
    try:
        for _, count, post in PHASES:
            # Bulk statements of one connection keep to its own wallets, so that two of them
            # never wait for each other; single orders cross.
            among = wallets if post is post_single else mine
            start = time.monotonic()
            rows = []
            for _ in range(count):
                sender, receiver = chance.choice(mine), chance.choice(among)
                while receiver is sender:
                    receiver = chance.choice(among)
                order = transfer(token, sender, receiver, chance.randint(1, 50000),
                                 reference=chance.choice((None, "OTC", "сделка № 7")))
                rows.append(order_row(ledger, order, sender.keys[:sender.threshold]))
            signed = time.monotonic()
            barrier.wait()
            begin = time.monotonic()
            post(cursor, rows)
            times.append((start, signed, begin, time.monotonic()))
            barrier.wait()
        results.put((number, times, None))
    except Exception as error:      # the parent reports it
        results.put((number, times, str(error)))
        barrier.abort()


def trade_all(ledger, token, wallets):
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(CONNECTIONS), context.Queue()
    workers = [context.Process(target=trade, args=(n, ledger, token, wallets, barrier, results))
               for n in range(CONNECTIONS)]
    for worker in workers:
        worker.start()
    done = [results.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    for number, _, error in done:
        if error:
            say(f"  connection {number}: {error.strip()}")
    expect(not any(error for _, _, error in done), f"{TRANSFERS:,} signed orders accepted")
    if failures:
        return
    phases = list(zip(*(times for _, times, _ in done)))
    signing = sum(max(t[1] for t in phase) - min(t[0] for t in phase) for phase in phases)
    row("orders signed outside", TRANSFERS, signing, f"{CONNECTIONS} processes")
    for (what, count, _), phase in zip(PHASES, phases):
        row("posted: " + what, CONNECTIONS * count,
            max(t[3] for t in phase) - min(t[2] for t in phase), f"{CONNECTIONS} connections")


# ---- Checks ---------------------------------------------------------------------


def database_verify(cursor):
    cursor.execute("SELECT check_name, scope, examined, ok, first_bad, detail FROM sto.verify()")
    return cursor.fetchall()


def copy_lines(cursor, statement):
    out = io.StringIO()
    cursor.copy_expert(statement, out)
    return out.getvalue().split("\n")[:-1]


def client_verify(cursor, genesis):
    return sto.verify_copy(copy_lines(cursor, sto.COPY_EVENTS),
                           copy_lines(cursor, sto.COPY_ENTRIES), genesis)


def one(cursor, query, *values):
    cursor.execute(query, values)
    return cursor.fetchone()[0]


def refused(cursor, what, wanted, query, values=None):
    """The statement must fail with one of these SQLSTATEs."""
    try:
        cursor.execute(query, values)
    except psycopg2.Error as error:
        text = str(error).strip().split("\n")
        expect(error.pgcode in wanted, f"{what}: {error.pgcode} {text[0]}")
        return
    expect(False, f"{what}: accepted")


def main():
    begin = time.monotonic()
    cursor = connect()
    cursor.execute("CREATE EXTENSION sto_ledger")
    say(one(cursor, "SELECT version()").split(" on ")[0] + ", sto_ledger "
        + one(cursor, "SELECT extversion FROM pg_extension WHERE extname = 'sto_ledger'"))

    say("\nOpening a ledger")
    acts = Acts(cursor)
    roots = [sto.PrivateKey(s) for s in ("ed25519", "p256", "secp256k1")]
    acts.put("genesis", sto.NIL, sto.NIL, roots,
             {"name": "Demonstration", "origin": "demo.example/register",
              "register_authority": "keys", **sto.policy_body(2, roots)})
    genesis = acts.heads[sto.NIL]
    ledger = acts.ledger = sto.ledger_id(genesis)
    expect(one(cursor, "SELECT ledger_id FROM sto.ledger") == str(ledger),
           f"ledger {ledger}, three root officers' keys, two needed")

    registrar, issuer, venue, token = (uuid.uuid4() for _ in range(4))
    registrar_keys = [sto.PrivateKey("ed25519")]
    issuer_keys = [sto.PrivateKey("ed25519"), sto.PrivateKey("p256")]
    acts.put("party", registrar, sto.NIL, roots[:2],
             {"kind": "legal", "country": "KZ",
              **acts.keys(registrar_keys, 1, registrar, registrar)})
    acts.put("capability", registrar, sto.NIL, roots[1:],
             {"capability": "registrar", "granted": True})
    acts.put("party", issuer, registrar, registrar_keys,
             {"kind": "legal", "country": "KZ", **acts.keys(issuer_keys, 2, issuer, issuer)})
    acts.put("token", token, issuer, issuer_keys,
             {"kind": "share", "name": "Ordinary share", "isin": ISIN, "cfi": "ESVUFR",
              "decimals": 2, "authorised": str(200_000_000 * 100),
              "salt": os.urandom(32).hex()})
    expect(one(cursor, "SELECT isin::text FROM sto.token WHERE token_id = %s", str(token)) == ISIN,
           f"token {ISIN}, by an issuer whose two keys must both sign")
    acts.put("party", venue, registrar, registrar_keys, {"kind": "legal", "country": "KZ"})
    cursor.execute(f"CREATE ROLE {VENUE} LOGIN")
    cursor.execute("SELECT sto.map_role(%s, %s)", (VENUE, str(venue)))
    submit = connect(user=VENUE)
    evidence = Evidence(os.environ["DEMO_DIR"], connect(), expect, row, Clock)
    evidence.begin(acts, roots, registrar, registrar_keys, genesis)
    expect(True, f"role {VENUE}, without any privilege of its own, submits for a venue's party")

    say(f"\nRegistering {INVESTORS:,} investors")
    with Clock() as clock:
        wallets = []
        for n in range(INVESTORS):
            scheme = SCHEMES[n % len(SCHEMES)]
            keys = [sto.PrivateKey(scheme)]
            if n % 20 == 0:     # one in twenty: two of three keys of different kinds
                keys += [sto.PrivateKey("p256"), sto.PrivateKey("ed25519")]
            wallets.append(Wallet(ledger, keys, 2 if n % 20 == 0 else 1))
        parties = [acts.row("party", w.party, registrar, registrar_keys,
                            {"kind": "natural", "country": "KZ"}) for w in wallets]
        registered = [acts.row("wallet", w.id, registrar, registrar_keys,
                               {"party": str(w.party), "kind": "own", "salt": w.salt.hex(),
                                **acts.keys(w.keys, w.threshold, w.party, w.id, w.address)})
                      for n, w in enumerate(wallets) if n % 20 != 10]
        # one in twenty: kept by the venue as custodian, which the holder's keys accept
        registered += [acts.row("wallet", w.id, registrar, registrar_keys,
                                {"party": str(w.party), "kind": "client", "salt": w.salt.hex(),
                                 "custodian": str(venue), "signed_only": True,
                                 **acts.keys(w.keys, w.threshold, w.party, w.id, w.address,
                                             custodian=venue, signed_only=True)})
                       for w in wallets[10::20]]
    row("wallets' keys made, proven, acts signed", INVESTORS, clock.seconds, "outside")
    with Clock() as clock:
        acts.put_many(parties)
        acts.put_many(registered)
    row("parties and wallets registered", 2 * INVESTORS, clock.seconds, "2 statements")
    cursor.execute("SELECT wallet_id::text, address::text FROM sto.wallet")
    known = dict(cursor.fetchall())
    expect(all(known.get(str(w.id)) == w.text for w in wallets),
           f"{INVESTORS:,} wallets, each at the address that its owner computed")

    say(f"\nIssuing to {INVESTORS:,} wallets with one quorum's signature")
    issuance = sto.wallet_address(ledger, token)
    orders = [dict(kind="issue", order_id=uuid.uuid4(), ordering_party=issuer, token_id=token,
                   debit_wallet=issuance, credit_wallet=w.address,
                   amount=random.randint(50_000, 150_000) * 100) for w in wallets]
    issued = sum(o["amount"] for o in orders)
    with Clock() as clock:
        batch = acts.put("batch", uuid.uuid4(), issuer, issuer_keys,
                         {"token": str(token), "count": len(orders), "sum": str(issued),
                          "hash": sto.batch_hash(ledger, orders).hex()})
        rows = [order_row(ledger, o, None) + (batch,) for o in orders]
        execute_values(submit, INSERT.replace("signatures)", "signatures, authority_event)") + "%s",
                       rows, page_size=len(rows))
    row("issued, one batch signature", len(orders), clock.seconds, "1 statement")
    expect(one(cursor, "SELECT sum(balance)::text FROM sto.position WHERE wallet <> %s",
               sto.address_text(issuance)) == str(issued), f"{issued / 100:,.2f} shares issued")

    say(f"\nTrading {TRANSFERS:,} times")
    trade_all(ledger, token, wallets)
    if failures:
        return
    expect(one(cursor, "SELECT count(*) FROM sto.transfer") == TRANSFERS + INVESTORS,
           f"{TRANSFERS + INVESTORS:,} entries in the log")
    expect(one(cursor, "SELECT sum(balance)::text FROM sto.position") == "0",
           "balances over all wallets, the issuance wallet included, sum to zero")
    verify_whole(cursor, genesis)

    say("\nProofs for others")
    evidence.seal()
    own = investor_view(cursor, ledger, token, wallets[0])
    evidence.receipt(own, one(own, "SELECT max(entry_id) FROM sto.statement(%s, %s)",
                              wallets[0].text, str(token)))
    own.connection.close()
    status, _ = evidence.verify("after trading")
    expect(status == 0, "sto_verify, which trusts the keys and the genesis hash alone: whole")

    say("\nOrders that must be refused")
    bad_orders(cursor, submit, ledger, token, wallets)

    say("\nRules, answers, enforcement")
    comply(acts, submit, ledger, token, wallets, (issuer, issuer_keys),
           (registrar, registrar_keys), roots)

    say("\nA superuser edits the log")
    edit(cursor, genesis, ledger, evidence)

    say("\nThe true row put back")
    expect_good(cursor, "the edits")
    status, _ = evidence.verify("after the edits")
    expect(status == 0, "sto_verify: whole again")
    say(f"\n{'what happened':<44}{'count':>8}{'seconds':>9}{'a second':>10}")
    for what, count, seconds, note in table:
        say(f"{what:<44}{count:>8,}{seconds:>9.2f}{count / seconds:>10,.0f}  {note}")
    say(f"{'the whole demonstration':<44}{'':>8}{time.monotonic() - begin:>9.2f}")


def verify_whole(cursor, genesis):
    expect_good(cursor)
    with Clock() as clock:
        register = client_verify(cursor, genesis)
    for entry, text in register.problems[:5]:
        say(f"        entry {entry}: {text}")
    count = register.count
    expect(not register.problems,
           f"the client alone, from COPY: {count['events'] + count['entries']:,} leaves, "
           f"{count['links']:,} links, {count['signatures']:,} signatures hold")
    row("verified by the client from COPY", count["events"] + count["entries"], clock.seconds,
        "one Python process")
    cursor.execute("SELECT wallet::text, token_id::text, seq, balance::text, held::text, "
                   "head::text FROM sto.position")
    ours = {(sto.address_text(wallet), str(token)): (seq, str(balance), str(held), head)
            for (wallet, token), (seq, balance, held, head) in register.positions.items()}
    theirs = {r[:2]: r[2:5] + (sto.parse_hex(r[5]),) for r in cursor.fetchall()}
    expect(ours == theirs, f"its {len(ours):,} positions are those of sto.position")


def expect_good(cursor, when="trading"):
    with Clock() as clock:
        checks = database_verify(cursor)
    for check, scope, examined, good, first_bad, detail in checks:
        if not good:
            say(f"        {check}, {scope}, first bad entry {first_bad}: {detail}")
    expect(checks and all(c[3] for c in checks), f"sto.verify(): {len(checks)} checks, all hold")
    row(f"verified by sto.verify(), after {when}", one(cursor, "SELECT count(*) FROM sto.log"),
        clock.seconds, "every check")


def investor_view(cursor, ledger, token, wallet):
    """An investor's role sees its own chain, and needs nobody's word for it."""
    cursor.execute("CREATE ROLE investor LOGIN; SELECT sto.map_role('investor', %s)",
                   (str(wallet.party),))
    own = connect(user="investor")
    lines = copy_lines(own, sto.copy_statement(wallet.address, token))
    problems, balance, _, _ = sto.verify_statement(ledger, wallet.address, lines)
    own.execute("SELECT wallet::text, balance::text FROM sto.holder")
    expect(not problems and own.fetchall() == [(wallet.text, str(balance))],
           f"an investor sees one wallet, his own, and checks his statement's {len(lines)} entries")
    return own


def bad_orders(cursor, submit, ledger, token, wallets):
    plain = [w for w in wallets if w.threshold == 1]
    alice, bob, mallory = plain[:3]
    values = INSERT + "(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
    entries = one(cursor, "SELECT count(*) FROM sto.transfer")

    good = transfer(token, alice, bob, 100)
    refused(submit, "forged: another wallet's key", {"ST103"}, values,
            order_row(ledger, good, mallory.keys))
    signed = order_row(ledger, good, alice.keys)
    own, alien = alice.keys[0], mallory.keys[0].sign(sto.order_message(ledger, good))
    in_disguise = sto.u8(own.scheme) + own.id + sto.u8(64) + alien
    refused(submit, "forged: under the owner's key id", {"ST101"}, values,
            signed[:8] + ("\\x" + in_disguise.hex(),))
    altered = signed[:6] + ("99900",) + signed[7:]
    refused(submit, "forged: amount altered after signing", {"ST101"}, values, altered)
    elsewhere = order_row(uuid.uuid4(), good, alice.keys)
    refused(submit, "forged: signed for another ledger", {"ST101"}, values, elsewhere)
    refused(submit, "not signed", {"ST102"}, values, order_row(ledger, good, None))
    both = [w for w in wallets if w.threshold == 2][0]
    refused(submit, "one signature where two are needed", {"ST102"}, values,
            order_row(ledger, transfer(token, both, bob, 100), both.keys[:1]))

    balance = int(one(cursor, "SELECT balance::text FROM sto.position WHERE wallet = %s",
                      alice.text))
    refused(submit, "overdraft by one", {"ST301"}, values,
            order_row(ledger, transfer(token, alice, bob, balance + 1), alice.keys))
    expect(one(cursor, "SELECT count(*) FROM sto.transfer") == entries, "none left an entry")

    submit.execute(values, signed)
    expect(submit.rowcount == 1, "the honest order is accepted")
    submit.execute(values, signed)
    expect(submit.rowcount == 0, "replayed: the same order again adds no row")
    other = dict(good, amount=101)
    refused(submit, "replayed: another order under its id", {"ST004"}, values,
            order_row(ledger, other, alice.keys))
    expect(one(cursor, "SELECT count(*) FROM sto.transfer") == entries + 1 and
           int(one(cursor, "SELECT balance::text FROM sto.position WHERE wallet = %s",
                   alice.text)) == balance - 100, "it moved units once")


def comply(acts, submit, ledger, token, wallets, issuer, registrar, roots):
    compliance = Compliance(acts, submit, expect, row, Clock)
    officers = [Officer(acts, roots, *registrar, "enforcer") for _ in range(2)]
    plain = [w for n, w in enumerate(wallets) if w.threshold == 1 and n % 20 != 10]
    alice, emigrant, debtor, creditor = plain[:4]
    others = plain[4:204]
    compliance.set_rules(token, *issuer)
    acts.put("party_facts", emigrant.party, *registrar, {"country": "IR"})
    compliance.dry_run(token, alice, emigrant)
    bad = order_row(ledger, transfer(token, alice, emigrant, 150), alice.keys)
    compliance.refused(INSERT + "(%s, %s, %s, %s, %s, %s, %s, %s, %s)", bad)

    orders = [transfer(token, sender, receiver, 100)
              for sender, receiver in zip(others, others[1:] + others[:1])]
    for order in orders[:3]:
        order["amount"] = 101
    rows = [dict(zip(ORDER_COLUMNS, order_row(ledger, order, sender.keys)))
            for order, sender in zip(orders, others)]
    compliance.bulk(rows)
    compliance.explained(one(acts.cursor, "SELECT max(entry_id) FROM sto.transfer"))
    acts.cursor.execute("CREATE ROLE officer LOGIN; SELECT sto.map_role('officer', %s)",
                        (str(officers[0].party),))
    own = connect(user="officer")
    compliance.court(officers, own, token, debtor, creditor, 5000)
    own.connection.close()


def edit(cursor, genesis, ledger, evidence):
    """An entry edited by the most powerful role there is; put back as it was at the end."""
    victim = one(cursor, "SELECT entry_id FROM sto.transfer WHERE kind = 'transfer' "
                         "ORDER BY entry_id OFFSET 9999 LIMIT 1")
    amount = one(cursor, "SELECT amount::text FROM sto.transfer WHERE entry_id = %s", victim)
    update = "UPDATE sto.transfer SET amount = %s WHERE entry_id = %s"
    refused(cursor, "UPDATE", {"ST401"}, update, ("1", victim))
    cursor.execute("SET session_replication_role = replica")
    refused(cursor, "UPDATE in replica mode", {"ST401"}, update, ("1", victim))
    cursor.execute("RESET session_replication_role")
    refused(cursor, "ALTER TABLE ... DISABLE TRIGGER", {"ST401"},
            "ALTER TABLE sto.transfer DISABLE TRIGGER ALL")

    # What nothing can refuse: a superuser who turns the guards off in the catalog itself,
    # edits the row, and turns them on again.
    cursor.execute("SELECT tgname, tgenabled FROM pg_trigger "
                   "WHERE tgrelid = 'sto.transfer'::regclass")
    guards = cursor.fetchall()

    def behind_the_guards(query, values):
        cursor.execute("UPDATE pg_trigger SET tgenabled = 'D' "
                       "WHERE tgrelid = 'sto.transfer'::regclass")
        thief = connect()       # a new session reads the catalog anew
        thief.execute(query, values)
        for name, enabled in guards:
            cursor.execute("UPDATE pg_trigger SET tgenabled = %s "
                           "WHERE tgrelid = 'sto.transfer'::regclass AND tgname = %s",
                           (enabled, name))
        thief.connection.close()

    def detected(how):
        # the server and this program each have a processor: both look at once
        fresh = connect()
        with Clock() as clock, ThreadPoolExecutor() as pool:
            checks = pool.submit(database_verify, fresh)
            register = client_verify(cursor, genesis)
            bad = [c for c in checks.result() if not c[3]]
        expect(bad, f"{how}: sto.verify() finds it: " + ", ".join(sorted({c[0] for c in bad})))
        expect(any(c[4] == victim for c in bad),
               f"  and names entry {victim}, within {clock.seconds:.1f} s")
        fresh.connection.close()
        texts = sorted({text for entry, text in register.problems if entry == victim})
        expect(texts, "  and so does the client: " + "; ".join(texts))
        return register

    behind_the_guards(update, (str(int(amount) + 1), victim))
    register = detected("amount edited with the guards off")

    lines = [r for r in copy_lines(cursor, sto.COPY_ENTRIES) if r.startswith(f"{victim}\t")]
    edited = next(sto.parse_copy(lines, sto.ENTRY_COLUMNS))
    leaf = sto.leaf(sto.entry_record(ledger, edited, register.side(edited, "debit"),
                                     register.side(edited, "credit")))
    leaf_before = edited["leaf_hash"].hex()
    behind_the_guards("UPDATE sto.transfer SET leaf_hash = %s WHERE entry_id = %s",
                      (leaf.hex(), victim))
    detected("and its leaf hash recomputed to match")
    status, found = evidence.verify("after an edit")
    named = [c for c in found.get("checks", []) if c.get("first_entry") == victim]
    expect(status == 1 and named, "  and so does sto_verify: "
           + ", ".join(c["check"] for c in named))

    # for the last check: the true row again
    behind_the_guards("UPDATE sto.transfer SET amount = %s, leaf_hash = %s WHERE entry_id = %s",
                      (amount, leaf_before, victim))


if __name__ == "__main__":
    main()
    if failures:
        say(f"\n{len(failures)} things were not as they should be:")
        for text in failures:
            say("  " + text)
        sys.exit(1)
    say("\nEverything was as it should be.")
