#!/usr/bin/python3
"""The test vectors of docs/format.md, made from fixed test keys by docs/clients/sto_client.py.

    make_vectors.py                         print the "Vectors" section
    make_vectors.py --lines                 print the same vectors as lines, for C's test
    make_vectors.py --write DOC LINES       put both into their files
    make_vectors.py --check DOC [LINES]     fail unless the files hold exactly these vectors

Everything is deterministic: ECDSA uses the nonce of RFC 6979, computed here, so that the
section never changes unless the format does.  Every signature is verified before it is printed.
"""

import hashlib
import hmac
import os
import sys
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "docs", "clients"))
import sto_client as sto  # noqa: E402
import note_vectors  # noqa: E402

HEADING = "## Vectors\n"

# ---- Deterministic ECDSA (RFC 6979, 3.2) for the two curves: y^2 = x^3 + ax + b mod p

CURVE = {
    2: (2**256 - 2**224 + 2**192 + 2**96 - 1, -3,
        0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
        0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5),
    3: (2**256 - 2**32 - 977, 0,
        0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798,
        0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8),
}


def add(p, a, u, v):
    if u is None or v is None:
        return u or v
    if u == v:
        slope = (3 * u[0] * u[0] + a) * pow(2 * u[1], -1, p) % p
    elif u[0] == v[0]:
        return None
    else:
        slope = (v[1] - u[1]) * pow(v[0] - u[0], -1, p) % p
    x = (slope * slope - u[0] - v[0]) % p
    return x, (slope * (u[0] - x) - u[1]) % p


def times(p, a, k, point):
    out = None
    while k:
        out = add(p, a, out, point) if k & 1 else out
        point, k = add(p, a, point, point), k >> 1
    return out


def nonce(secret, hashed):
    """RFC 6979 3.2 for SHA-256 and 256-bit orders; the chance of a second turn is 2^-32."""
    def mac(key, data):
        return hmac.new(key, data, hashlib.sha256).digest()
    v, k = b"\1" * 32, b"\0" * 32
    for step in (b"\0", b"\1"):
        k = mac(k, v + step + secret + hashed)
        v = mac(k, v)
    return int.from_bytes(mac(k, v), "big")


class TestKey(sto.PrivateKey):
    def __init__(self, name, scheme, first_octet):
        self.name = name
        self.secret = bytes(range(first_octet, first_octet + 32))
        super().__init__(scheme, self.secret)

    def sign(self, message):
        if self.scheme == 1:
            signature = super().sign(message)
        else:
            p, a, *base = CURVE[self.scheme]
            n = sto.ORDERS[self.scheme]
            hashed = sto.sha256(message)
            z = int.from_bytes(hashed, "big")
            k = nonce(self.secret, (z % n).to_bytes(32, "big"))
            r = times(p, a, k, tuple(base))[0] % n
            s = pow(k, -1, n) * (z + r * int.from_bytes(self.secret, "big")) % n
            signature = r.to_bytes(32, "big") + min(s, n - s).to_bytes(32, "big")
        assert sto.signature_is_good(self.scheme, self.octets, message, signature)
        return signature


KEYS = [TestKey("A", "ed25519", 0x00), TestKey("B", "p256", 0x20),
        TestKey("C", "secp256k1", 0x40), TestKey("D", "ed25519", 0x60),
        TestKey("E", "p256", 0x80), TestKey("F", "secp256k1", 0xa0),
        TestKey("G", "ed25519", 0xc0), TestKey("H", "p256", 0xd0),
        TestKey("I", "ed25519", 0xe0), TestKey("J", "ed25519", 0x10),
        TestKey("K", "ed25519", 0x30)]
A, B, C, D, E, F, G, H, I, J, K = KEYS      # I signs the log's notes, J and K cosign


def test_uuid(n):
    return uuid.UUID(f"00000000-0000-4000-8000-{n:012x}")


REGISTRAR, ALICE, ISSUER = test_uuid(0xa1), test_uuid(0xa2), test_uuid(0xa3)
WALLET_1, WALLET_2, TOKEN = test_uuid(0xb1), test_uuid(0xb2), test_uuid(0xc1)
START = 1767225600000000        # 2026-01-01 00:00:00 UTC


def bytes_32(n):
    return bytes([n]) * 32


# ---- One vector: what goes in, the pieces of the message, what comes out


class Vector:
    def __init__(self, shape, title):
        self.shape, self.title = shape, title
        self.inputs, self.pieces, self.outputs = [], [], []

    def take(self, name, value):
        if value is not None:
            self.inputs.append((name, show(value)))

    def piece(self, name, octets):
        self.pieces.append((name, octets))
        return octets

    def message(self):
        return b"".join(octets for _, octets in self.pieces)

    def give(self, name, value):
        self.outputs.append((name, show(value)))

    def give_text(self, name, text):
        """Lines, each with its LF."""
        assert text.endswith("\n")
        self.outputs.append((name, text))

    def signed(self, message, keys):
        for key in sorted(keys, key=lambda k: k.id):
            self.give(f"signature by {key.name}", key.sign(message))
        listed = sto.signature_list(message, keys)
        self.give("signatures", listed)
        return listed


def show(value):
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, uuid.UUID):
        return value.hex
    return str(value)


vectors = []


def vector(shape, title):
    vectors.append(Vector(shape, title))
    return vectors[-1]


# ---- Keys, the genesis event, and the rest of a small ledger

for key in KEYS:
    v = vector("key", f"Key {key.name}")
    v.take("secret", key.secret)
    v.take("scheme", key.scheme)
    v.take("key", key.octets)
    v.give("fingerprint", key.fingerprint)
    v.give("key_id", key.id)
    v.give("key_text", key.text)


def put_event(title, ledger, entry_id, kind, subject, actor, prev, body, keys):
    v = vector("event", title)
    at = START + entry_id * 1000001
    text = sto.compact_json(body)
    for name, value in (("ledger_id", ledger), ("entry_id", entry_id), ("kind", kind),
                        ("subject", subject), ("actor", actor), ("prev_hash", prev)):
        v.take(name, value)
    v.take("body", text)
    v.take("recorded_at", at)
    act = sto.act_message(ledger, kind, subject, actor, prev, text)
    v.give("act", act)
    signatures = v.signed(act, keys)
    row = dict(entry_id=entry_id, kind=kind, subject=subject, actor=actor, prev_hash=prev,
               body=text, signatures=signatures, recorded_at=at)
    v.piece("tag", sto.tag("sto.event"))
    v.piece("ledger_id", ledger.bytes)
    v.piece("entry_id", sto.i64(entry_id))
    v.piece("kind", sto.text8(kind))
    v.piece("subject", subject.bytes)
    v.piece("actor", actor.bytes)
    v.piece("prev_hash", sto.opt(sto.digest, prev))
    v.piece("body", sto.text32(text))
    v.piece("signatures", sto.opt(sto.octets16, signatures))
    v.piece("recorded_at", sto.i64(at))
    record = v.message()
    assert record == sto.event_record(ledger, row)
    v.give("record", record)
    v.give("leaf_hash", sto.leaf(record))
    return v, sto.leaf(record)


def put_possession(title, ledger, party, subject, address, threshold, keys, limits,
                   custodian=None, signed_only=False):
    """keys with limits (from, to); returns the body's threshold and keys."""
    v = vector("possession", title)
    for name, value in (("ledger_id", ledger), ("party", party), ("subject", subject),
                        ("address", address), ("custodian", custodian),
                        ("signed_only", signed_only), ("threshold", threshold)):
        v.take(name, value)
    policy = sto.Policy(threshold, [sto.PolicyKey(k.scheme, k.octets, *limit)
                                    for k, limit in zip(keys, limits)])
    for k, (start, end) in zip(keys, limits):
        v.take("key", " ".join([k.text, "-" if start is None else str(start),
                                "-" if end is None else str(end)]))
    v.piece("tag", sto.tag("sto.possession"))
    v.piece("ledger_id", ledger.bytes)
    v.piece("party", party.bytes)
    v.piece("subject", subject.bytes)
    v.piece("address", sto.opt(sto.address20, address))
    v.piece("custodian", sto.opt(sto.uuid_octets, custodian))
    v.piece("signed_only", sto.u8(signed_only))
    v.piece("threshold, count", sto.u8(threshold) + sto.u8(len(keys)))
    for k, (start, end) in zip(keys, limits):
        v.piece(f"key {k.name}", sto.u8(k.scheme) + sto.u8(len(k.octets)) + k.octets)
        v.piece("from", sto.opt(sto.i64, start))
        v.piece("to", sto.opt(sto.i64, end))
    message = v.message()
    assert message == sto.possession_message(ledger, party, subject, address, policy, custodian,
                                             signed_only)
    v.give("policy", sto.policy_octets(policy))
    v.give("message", message)
    listed = []
    for k, (start, end) in zip(keys, limits):
        signature = k.sign(message)
        v.give(f"possession by {k.name}", signature)
        item = {"key": k.text, "from": start, "to": end, "possession": signature.hex()}
        listed.append({name: value for name, value in item.items() if value is not None})
    return {"threshold": threshold, "keys": listed}


genesis_body = {"name": "Vectors", "origin": "example.org/vectors", "register_authority": "keys",
                **sto.policy_body(2, [A, B, C])}
v, genesis = put_event("Event 1: genesis, signed by every root key", sto.NIL, 1, "genesis",
                       sto.NIL, sto.NIL, None, genesis_body, [A, B, C])
LEDGER = sto.ledger_id(genesis)
v.give("ledger_id from it", LEDGER)

policy = put_possession("Possession 1: a party's only key", LEDGER, REGISTRAR, REGISTRAR, None,
                        1, [D], [(None, None)])
put_event("Event 2: a party, signed by two of three root officers", LEDGER, 2, "party", REGISTRAR,
          sto.NIL, None, {"kind": "legal", "country": "KZ", **policy}, [C, A])

addresses = {}
for n, (wallet, what) in enumerate(((WALLET_1, "a wallet"), (WALLET_2, "another wallet"),
                                    (TOKEN, "a token's issuance wallet")), 1):
    v = vector("address", f"Address {n}: {what}")
    v.take("ledger_id", LEDGER)
    v.take("wallet", wallet)
    v.piece("tag", sto.tag("sto.address"))
    v.piece("ledger_id", LEDGER.bytes)
    v.piece("wallet", wallet.bytes)
    addresses[wallet] = sto.wallet_address(LEDGER, wallet)
    assert sto.sha256(v.message())[:20] == addresses[wallet]
    v.give("sha256", sto.sha256(v.message()))
    v.give("address", addresses[wallet])
    v.give("text", sto.address_text(addresses[wallet]))
    assert sto.parse_address(sto.address_text(addresses[wallet])) == addresses[wallet]

policy = put_possession("Possession 2: a wallet of two of three keys, one with a time limit",
                        LEDGER, ALICE, WALLET_1, addresses[WALLET_1], 2, [E, F, G],
                        [(None, None), (None, None), (START, START + 31536000000000)],
                        signed_only=True)
_, head = put_event(
    "Event 3: a wallet, signed by the registrar", LEDGER, 3, "wallet", WALLET_1, REGISTRAR, None,
    {"party": str(ALICE), "kind": "own", "salt": bytes_32(0x11).hex(), "signed_only": True,
     **policy}, [D])
put_event("Event 4: a token whose name is not ASCII", LEDGER, 4, "token", TOKEN, ISSUER, None,
          {"kind": "share", "name": "Жай акция", "isin": "KZ1C00000876", "decimals": 2,
           "authorised": "200000000", "salt": bytes_32(0x22).hex()}, [H])
put_event("Event 5: a second event of a subject links to the first", LEDGER, 5, "wallet_terms",
          WALLET_1, WALLET_1, head, {"signed_only": False}, [E, F])

put_possession("Possession 3: a wallet kept by a custodian", LEDGER, ALICE, WALLET_2,
               addresses[WALLET_2], 1, [A], [(None, None)], custodian=ISSUER)

# ---- Orders

ORDER_FIELDS = ["kind", "order_id", "ordering_party", "token_id", "debit_wallet", "credit_wallet",
                "amount"] + [name for name, _ in sto.ORDER_TERMS]


def order_pieces(v, row):
    for name, write in (("debit_wallet", sto.address20), ("credit_wallet", sto.address20)):
        v.piece(name, sto.opt(write, row.get(name)))
    v.piece("amount", sto.i128(row["amount"]))


def take_order(v, row):
    v.take("ledger_id", LEDGER)
    for name in ORDER_FIELDS:
        v.take(name, row.get(name))


def put_order(title, row, keys):
    v = vector("order", title)
    take_order(v, row)
    v.piece("tag", sto.tag("sto.order"))
    v.piece("ledger_id", LEDGER.bytes)
    v.piece("kind", sto.u8(sto.KINDS[row["kind"]]))
    for name in ("order_id", "ordering_party", "token_id"):
        v.piece(name, row[name].bytes)
    order_pieces(v, row)
    for name, write in sto.ORDER_TERMS:
        v.piece(name, sto.opt(write, row.get(name)))
    message = v.message()
    assert message == sto.order_message(LEDGER, row)
    v.give("message", message)
    v.give("sha256", sto.sha256(message))
    return v.signed(message, keys) if keys else None


def order(kind, n, debit, credit, amount, **terms):
    party = ISSUER if kind == "issue" else ALICE
    return dict(kind=kind, order_id=test_uuid(0xd0 + n), ordering_party=party, token_id=TOKEN,
                debit_wallet=addresses.get(debit), credit_wallet=addresses.get(credit),
                amount=amount, **terms)


issue_1 = order("issue", 1, TOKEN, WALLET_1, 1000000)
issue_2 = order("issue", 2, TOKEN, WALLET_2, 2**127 - 1 - 1000000)
plain = order("transfer", 3, WALLET_1, WALLET_2, 12345, valid_until=START + 86400000000,
              reference="Счёт № 7")
hold = order("hold", 4, WALLET_1, WALLET_2, 500, purpose="hash_lock",
             release_after=START + 172800000000, condition_hash=sto.sha256(bytes_32(0x33)))
full = order("post", 5, WALLET_1, WALLET_2, 256, valid_until=-1, reference="", hold_id=4294967296,
             purpose="settlement", notary=REGISTRAR, release_after=0, condition_hash=bytes_32(0x44),
             instruction_hash=bytes_32(0x55), preimage=bytes_32(0x33), keep_rest=False,
             attachment_hash=bytes_32(0x66), group_id=test_uuid(0xe1), undoes=-1, checked_once=True)

put_order("Order 1: an issue, with no optional term", issue_1, [H])
put_order("Order 2: an issue of nearly the largest amount", issue_2, None)
plain_signed = put_order("Order 3: a transfer, two signatures", plain, [E, F])
hold_signed = put_order("Order 4: a hold, signed by keys of two schemes", hold, [G, E])
put_order("Order 5: every term present (octets only: no ledger would accept it)", full, [C])

v = vector("batch", "Batch 1: orders 1 and 2")
v.take("order", sto.order_message(LEDGER, issue_1))
v.take("order", sto.order_message(LEDGER, issue_2))
v.give("hash", sto.batch_hash(LEDGER, [issue_1, issue_2]))

v = vector("instruction", "Instruction 1: two legs, given in the wrong order")
legs = [(TOKEN, addresses[WALLET_2], addresses[WALLET_1], 77),
        (test_uuid(0xc0), addresses[WALLET_1], addresses[WALLET_2], 5)]
v.take("ledger_id", LEDGER)
for t, d, c, a in legs:
    v.take("leg", f"{t.hex} {d.hex()} {c.hex()} {a}")
v.piece("tag", sto.tag("sto.instruction"))
v.piece("ledger_id", LEDGER.bytes)
v.piece("count", sto.u32(2))
for t, d, c, a in (legs[1], legs[0]):
    v.piece("leg", t.bytes + d + c + sto.i128(a))
assert sto.sha256(v.message()) == sto.instruction_hash(LEDGER, legs)
v.give("hash", sto.instruction_hash(LEDGER, legs))

# ---- Sides and entries

SALT = {WALLET_1: bytes_32(0x11), WALLET_2: bytes_32(0x77), TOKEN: bytes_32(0x22)}


def put_side(title, wallet, seq, balance, held, prev):
    v = vector("side", title)
    for name, value in (("salt", SALT[wallet]), ("token_id", TOKEN), ("seq", seq),
                        ("balance", balance), ("held", held), ("prev", prev)):
        v.take(name, value)
    v.piece("tag", sto.tag("sto.side"))
    v.piece("salt", SALT[wallet])
    v.piece("token_id", TOKEN.bytes)
    v.piece("seq", sto.i64(seq))
    v.piece("balance", sto.i128(balance))
    v.piece("held", sto.i128(held))
    v.piece("prev", sto.opt(sto.digest, prev))
    side = sto.side_digest(SALT[wallet], TOKEN, seq, balance, held, prev)
    assert side == sto.sha256(v.message())
    v.give("side", side)
    return (seq, balance, held, prev, SALT[wallet]), side


def put_entry(title, entry_id, row, debit, credit, **filled):
    v = vector("entry", title)
    at = START + entry_id * 1000001
    row = dict(row, entry_id=entry_id, received_at=at - 2500, posted_at=at, posted_by=REGISTRAR,
               **filled)
    take_order(v, row)
    for name in ("entry_id", "authority_event", "rule_set", "key_policy"):
        v.take(name, row.get(name))
    for name, side in (("debit", debit), ("credit", credit)):
        if side:
            for part, value in zip(("seq", "balance", "held", "prev", "salt"), side[0]):
                v.take(f"{name}_{part}", value)
    for name in ("signatures", "received_at", "posted_at", "posted_by"):
        v.take(name, row.get(name))
    debit_side, credit_side = (side[1] if side else None for side in (debit, credit))
    v.piece("tag", sto.tag("sto.entry"))
    v.piece("ledger_id", LEDGER.bytes)
    v.piece("entry_id", sto.i64(entry_id))
    v.piece("kind", sto.u8(sto.KINDS[row["kind"]]))
    v.piece("token_id", TOKEN.bytes)
    order_pieces(v, row)
    v.piece("ordering_party", row["ordering_party"].bytes)
    v.piece("order_id", row["order_id"].bytes)
    for name, write in sto.ORDER_TERMS + [("authority_event", sto.i64), ("rule_set", sto.i64),
                                          ("key_policy", sto.i64)]:
        v.piece(name, sto.opt(write, row.get(name)))
    v.piece("debit side", sto.opt(sto.digest, debit_side))
    v.piece("credit side", sto.opt(sto.digest, credit_side))
    v.piece("signatures", sto.opt(sto.octets16, row.get("signatures")))
    v.piece("received_at", sto.i64(row["received_at"]))
    v.piece("posted_at", sto.i64(row["posted_at"]))
    v.piece("posted_by", row["posted_by"].bytes)
    record = v.message()
    assert record == sto.entry_record(LEDGER, row, debit_side, credit_side)
    v.give("record", record)
    v.give("leaf_hash", sto.leaf(record))
    return sto.leaf(record)


side_1 = put_side("Side 1: the issuance wallet's first entry", TOKEN, 1, -1000000, 0, None)
side_2 = put_side("Side 2: the holder's first entry", WALLET_1, 1, 1000000, 0, None)
first = put_entry("Entry 1: the issue of order 1, on the authority of a batch", 7, issue_1, side_1,
                  side_2, authority_event=6, key_policy=4)
side_3 = put_side("Side 3: the holder's second entry, linked to entry 1", WALLET_1, 2, 987655, 0,
                  first)
side_4 = put_side("Side 4: the receiver's first entry", WALLET_2, 1, 12345, 0, None)
second = put_entry("Entry 2: the transfer of order 3", 8, plain, side_3, side_4, key_policy=3,
                   signatures=plain_signed)
side_5 = put_side("Side 5: a hold changes what is held", WALLET_1, 3, 987655, 500, second)
third = put_entry("Entry 3: the hold of order 4: one side only", 9, hold, side_5, None,
                  key_policy=3, rule_set=2, signatures=hold_signed)

# ---- Personal data

for n, (party, topic, salt, value, what) in enumerate((
        (ALICE, "identity", 0x51, '{"name":"Алия Сейтова","born":"1990-02-03"}', "JSON"),
        (ALICE, "identity", 0x52, '{"name":"Алия Сейтова","born":"1990-02-03"}',
         "the same under another salt"),
        (ISSUER, "address", 0x53, "", "nothing at all")), 1):
    v = vector("commitment", f"Commitment {n}: {what}")
    v.take("ledger_id", LEDGER)
    v.take("party", party)
    v.take("topic", topic)
    v.take("salt", bytes_32(salt))
    v.take("value", value)
    v.piece("tag", sto.tag("sto.private"))
    v.piece("ledger_id", LEDGER.bytes)
    v.piece("party", party.bytes)
    v.piece("topic", sto.text8(topic))
    v.piece("salt", bytes_32(salt))
    v.piece("value", sto.text32(value))
    commitment = sto.private_commitment(LEDGER, party, topic, bytes_32(salt), value)
    assert commitment == sto.sha256(v.message())
    v.give("commitment", commitment)

# ---- Custom rules

for n, (settings, what) in enumerate((
        ((), "no SET clause"),
        (("search_path=pg_catalog, pg_temp",), "with one")), 1):
    v = vector("definition", f"Definition {n}: a custom rule's function, {what}")
    source = "SELECT CASE WHEN amount > 5 THEN 'Слишком много' END"
    v.take("function", "acme.small_amounts")
    v.take("language", "sql")
    for setting in settings:
        v.take("setting", setting)
    v.take("source", source)
    v.piece("tag", sto.tag("sto.custom"))
    v.piece("function", sto.text8("acme.small_amounts"))
    v.piece("language", sto.text8("sql"))
    v.piece("settings", sto.u8(len(settings)) + b"".join(map(sto.text16, settings)))
    v.piece("source", sto.text32(source))
    definition = sto.custom_definition("acme.small_amounts", "sql", settings, source)
    assert definition == sto.sha256(v.message())
    v.give("definition", definition)

# ---- Notes, receipts, closes: the events and entries above are the log's leaves

note_vectors.make(
    vector, LEDGER, I, [(REGISTRAR, "witness-1.example", J), (ALICE, "куәгер.example", K)], START,
    [v.message() for v in vectors if v.shape in ("event", "entry")], TOKEN,
    [addresses[wallet] for wallet in (TOKEN, WALLET_1, WALLET_2)],
    {addresses[TOKEN]: (side_1[0], first), addresses[WALLET_1]: (side_5[0], third),
     addresses[WALLET_2]: (side_4[0], second)})

# ---- Output

INTRO = """\

Made by `test/tools/make_vectors.py`, and compared by the tests with what the extension's own code
gives. Secrets are an Ed25519 seed or an ECDSA scalar; **never use these keys**. ECDSA signatures
are those of RFC 6979, low s. Names before the line are inputs, uuids without hyphens; absent inputs
are not listed. Under it stands each field as it is written, then what comes out. Long values
continue on the next line, but the lines of a text are as they stand, each ended by LF. The vectors
share one ledger, but are not all of its log.
"""


def wrapped(name, text, out, width=96):
    lead = 17
    if text.endswith("\n"):
        out += [f"{name if i == 0 else '':<{lead}}{line}".rstrip()
                for i, line in enumerate(text[:-1].split("\n"))]
        return
    for i in range(0, max(len(text), 1), width - lead):
        out.append(f"{name if i == 0 else '':<{lead}}{text[i:i + width - lead]}"
                   if text else name)


def markdown():
    out = [HEADING + INTRO]
    for v in vectors:
        out += [f"### {v.title}", "", "```text"]
        for name, text in v.inputs:
            wrapped(name, text, out)
        out.append("-" * 16)
        for name, octets in v.pieces:
            wrapped(name, octets.hex(), out)
        if v.pieces:
            out.append("-" * 16)
        for name, text in v.outputs:
            wrapped(name, text, out)
        out += ["```", ""]
    return "\n".join(out)


def lines():
    """Blocks "vector SHAPE" ... "end": one name and value a line; texts as hex."""
    out = ["# made by test/tools/make_vectors.py: do not edit"]
    for v in vectors:
        out += ["", f"vector {v.shape}", f"title {v.title}"]
        for name, text in v.inputs:
            if name in ("body", "reference", "value"):
                text = text.encode().hex()
            out.append(f"{name} {text}".rstrip())
        out += [f"{name.replace(' ', '_')} "
                + (text.encode().hex() if text.endswith("\n") else text)
                for name, text in v.outputs]
        out.append("end")
    return "\n".join(out) + "\n"


def with_section(document):
    before, found, after = document.partition("\n" + HEADING)
    if found and "\n## " in after:
        raise SystemExit("the Vectors section must be the last one")
    return (before if found else document).rstrip("\n") + "\n\n" + markdown()


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def main(args):
    if not args:
        print(markdown(), end="")
    elif args == ["--lines"]:
        print(lines(), end="")
    elif args[0] in ("--write", "--check") and 2 <= len(args) <= 3:
        files = [(args[1], with_section(read(args[1])))]
        files += [(path, lines()) for path in args[2:]]
        for path, wanted in files:
            if args[0] == "--write":
                with open(path, "w", encoding="utf-8") as f:
                    f.write(wanted)
            elif read(path) != wanted:
                raise SystemExit(f"{path}: its vectors are not what this script makes")
        if args[0] == "--check":
            print(f"{len(vectors)} vectors agree, every signature verifies")
    else:
        raise SystemExit(__doc__)


main(sys.argv[1:])
