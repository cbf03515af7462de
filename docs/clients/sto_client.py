"""A small client of a sto_ledger register, written from docs/format.md alone.

It makes keys, addresses and the messages that are signed, signs them outside the
database, and recomputes every leaf, link, signature and balance from the output of
COPY.  It needs Python 3.9 and the package `cryptography` (38 or later), nothing else.

Times are integers, microseconds since 1970-01-01 UTC.  Amounts are Python integers of
the token's smallest units.  Addresses and digests are bytes.  "Clause" comments name
the section of docs/format.md that a function writes down.
"""

import datetime
import functools
import hashlib
import json
import re
import uuid
from collections import namedtuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature, encode_dss_signature)

NIL = uuid.UUID(int=0)
KINDS = {"issue": 1, "redeem": 2, "transfer": 3, "hold": 4, "post": 5,
         "release": 6, "force": 7, "recover": 8, "reverse": 9}
PURPOSES = {"subscription": 1, "settlement": 2, "pledge": 3, "hash_lock": 4,
            "lock_up": 5, "seizure": 6, "freeze": 7}


class FormatError(ValueError):
    """Bytes or text that docs/format.md does not allow."""


# ---- Clause "Conventions" -------------------------------------------------------

def u8(n):
    return n.to_bytes(1, "big")


def u16(n):
    return n.to_bytes(2, "big")


def u32(n):
    return n.to_bytes(4, "big")


def i64(n):
    return n.to_bytes(8, "big", signed=True)


def i128(n):
    return n.to_bytes(16, "big", signed=True)


def uuid_octets(value):
    return value.bytes


def fixed(length):
    def write(octets):
        if len(octets) != length:
            raise FormatError(f"expected {length} octets, got {len(octets)}")
        return bytes(octets)
    return write


digest, address20, preimage32 = fixed(32), fixed(20), fixed(32)


def text8(s):
    return u8(len(s.encode())) + s.encode()


def text16(s):
    return u16(len(s.encode())) + s.encode()


def text32(s):
    return u32(len(s.encode())) + s.encode()


def octets16(b):
    return u16(len(b)) + b


def opt(write, value):
    return b"\0" if value is None else b"\1" + write(value)


def tag(name, version=1):
    return u8(len(name)) + name.encode("ascii") + u8(version)


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf(record):
    return sha256(b"\0" + record)


# ---- Clause "Keys, fingerprints, signatures" ------------------------------------

SCHEMES = {"ed25519": 1, "p256": 2, "secp256k1": 3}
SCHEME_NAMES = {number: name for name, number in SCHEMES.items()}
CURVES = {2: ec.SECP256R1(), 3: ec.SECP256K1()}
ORDERS = {2: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
          3: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141}
RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
POINT = (serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
ECDSA = ec.ECDSA(hashes.SHA256())


def key_text(scheme, octets):
    return f"{SCHEME_NAMES[scheme]}:{octets.hex()}"


def parse_key(text):
    name, _, octets = text.partition(":")
    return SCHEMES[name], bytes.fromhex(octets)


@functools.lru_cache(maxsize=None)
def fingerprint(scheme, octets):
    return sha256(tag("sto.key") + u8(scheme) + octets)


def key_id(scheme, octets):
    return fingerprint(scheme, octets)[:8]


class PrivateKey:
    """A key pair that never leaves this process."""

    def __init__(self, scheme, secret=None):
        """scheme: a name; secret: 32 octets (Ed25519 seed or ECDSA scalar), or a new one."""
        self.scheme = SCHEMES[scheme]
        if self.scheme == 1:
            self._key = (ed25519.Ed25519PrivateKey.generate() if secret is None else
                         ed25519.Ed25519PrivateKey.from_private_bytes(secret))
            self.octets = self._key.public_key().public_bytes(*RAW)
        else:
            curve = CURVES[self.scheme]
            self._key = (ec.generate_private_key(curve) if secret is None else
                         ec.derive_private_key(int.from_bytes(secret, "big"), curve))
            self.octets = self._key.public_key().public_bytes(*POINT)
        self.text = key_text(self.scheme, self.octets)
        self.fingerprint = fingerprint(self.scheme, self.octets)
        self.id = self.fingerprint[:8]

    def sign(self, message):
        """64 octets in stored form: R || S, or r || s with low s."""
        if self.scheme == 1:
            return self._key.sign(message)
        r, s = decode_dss_signature(self._key.sign(message, ECDSA))
        s = min(s, ORDERS[self.scheme] - s)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@functools.lru_cache(maxsize=None)
def _public_key(scheme, octets):
    if scheme == 1:
        return ed25519.Ed25519PublicKey.from_public_bytes(octets)
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVES[scheme], octets)


def signature_is_good(scheme, octets, message, signature):
    """Is this 64-octet signature, in stored form, that key's over the message?"""
    try:
        if scheme == 1:
            _public_key(scheme, octets).verify(signature, message)
        else:
            r = int.from_bytes(signature[:32], "big")
            s = int.from_bytes(signature[32:], "big")
            if s > ORDERS[scheme] // 2:
                return False
            _public_key(scheme, octets).verify(encode_dss_signature(r, s), message, ECDSA)
    except InvalidSignature:
        return False
    return True


def signature_list(message, keys):
    """The message signed by each of the keys, as a list in stored form."""
    return b"".join(u8(k.scheme) + k.id + u8(64) + k.sign(message)
                    for k in sorted(keys, key=lambda k: k.id))


def parse_signature_list(octets):
    """[(scheme, key id, 64-octet signature)]; only the stored form is taken."""
    if len(octets) == 0 or len(octets) % 74:
        raise FormatError("a stored signature list has 74 octets an item")
    items = [octets[i:i + 74] for i in range(0, len(octets), 74)]
    if any(item[9] != 64 for item in items):
        raise FormatError("a stored signature has 64 octets")
    ids = [item[1:9] for item in items]
    if ids != sorted(set(ids)):
        raise FormatError("stored signatures are sorted by key id, each once")
    return [(item[0], item[1:9], item[10:]) for item in items]


# ---- Clause "Ledger id and wallet address" --------------------------------------

def ledger_id(genesis_leaf):
    octets = bytearray(genesis_leaf[:16])
    octets[6] = octets[6] & 0x0f | 0x80
    octets[8] = octets[8] & 0x3f | 0x80
    return uuid.UUID(bytes=bytes(octets))


def wallet_address(ledger, wallet):
    return sha256(tag("sto.address") + ledger.bytes + wallet.bytes)[:20]


BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32M_CONST = 0x2bc830a3


def _polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1ffffff) << 5 ^ value
        for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
            check ^= g if top >> i & 1 else 0
    return check


# of "sto": the high bits of each character, 0, the low bits (BIP-173)
_PREFIX = [ord(c) >> 5 for c in "sto"] + [0] + [ord(c) & 31 for c in "sto"]


def address_text(octets):
    """Bech32m (BIP-350) of 20 octets: 160 bits are exactly 32 groups of 5."""
    number = int.from_bytes(address20(octets), "big")
    data = [number >> 5 * i & 31 for i in range(31, -1, -1)]
    check = _polymod(_PREFIX + data + [0] * 6) ^ BECH32M_CONST
    data += [check >> 5 * i & 31 for i in range(5, -1, -1)]
    return "sto1" + "".join(BECH32[d] for d in data)


@functools.lru_cache(maxsize=None)
def parse_address(text):
    if text != text.lower() and text != text.upper():
        raise FormatError("an address is all lower or all upper case")
    text = text.lower()
    data = [BECH32.find(c) for c in text[4:]]
    if not text.startswith("sto1") or len(data) != 38 or -1 in data:
        raise FormatError(f"not a wallet address: {text}")
    if _polymod(_PREFIX + data) != BECH32M_CONST:
        raise FormatError(f"wrong checksum in address {text}")
    return functools.reduce(lambda n, d: n << 5 | d, data[:32], 0).to_bytes(20, "big")


# ---- Clause "Order" -------------------------------------------------------------

def boolean(value):
    return u8(1 if value else 0)


# The fields after amount, in order, with their writers; an entry's record has them too.
ORDER_TERMS = [
    ("valid_until", i64), ("reference", text16), ("hold_id", i64),
    ("purpose", lambda name: u8(PURPOSES[name])), ("notary", uuid_octets),
    ("release_after", i64), ("condition_hash", digest), ("instruction_hash", digest),
    ("preimage", preimage32), ("keep_rest", boolean), ("attachment_hash", digest),
    ("group_id", uuid_octets), ("undoes", i64), ("checked_once", boolean),
]


def order_terms(row):
    return b"".join(opt(write, row.get(name)) for name, write in ORDER_TERMS)


def order_message(ledger, order):
    """order: a dict keyed by column name; missing keys are absent fields."""
    return b"".join([
        tag("sto.order"), ledger.bytes, u8(KINDS[order["kind"]]),
        order["order_id"].bytes, order["ordering_party"].bytes, order["token_id"].bytes,
        opt(address20, order.get("debit_wallet")), opt(address20, order.get("credit_wallet")),
        i128(order["amount"]), order_terms(order)])


def parse_order(message):
    """(ledger, order) of an order message; only its one form is taken."""
    at = 0

    def take(length):
        nonlocal at
        at += length
        if at > len(message):
            raise FormatError("an order message ends too soon")
        return message[at - length:at]

    def number(length=8):
        return int.from_bytes(take(length), "big", signed=length >= 8)

    def name(codes):
        return {code: name for name, code in codes.items()}.get(number(1))

    def identifier():
        return uuid.UUID(bytes=take(16))

    take(len(tag("sto.order")))
    ledger = identifier()
    order = dict(kind=name(KINDS), order_id=identifier(), ordering_party=identifier(),
                 token_id=identifier())
    readers = {i64: number, text16: lambda: take(number(2)).decode(), uuid_octets: identifier,
               digest: lambda: take(32), preimage32: lambda: take(32),
               boolean: lambda: number(1) == 1}
    for wallet in "debit_wallet", "credit_wallet":
        order[wallet] = take(20) if number(1) else None
    order["amount"] = number(16)
    for field, write in ORDER_TERMS:
        read = readers.get(write, lambda: name(PURPOSES))
        order[field] = read() if number(1) else None
    if order["kind"] is None or order_message(ledger, order) != message:
        raise FormatError("not an order message in its one form")
    return ledger, order


# ---- Clause "Refusals" ----------------------------------------------------------

def refusal_subject(order, state, reasons):
    """order: the order message; reasons: their names."""
    return ledger_id(sha256(tag("sto.refusal") + octets16(order) + text8(state) +
                            text16(",".join(reasons))))


# ---- Clause "Findings" ----------------------------------------------------------

def finding_subject(ledger, entry, number):
    return ledger_id(sha256(tag("sto.finding") + ledger.bytes + i64(entry) + i64(number)))


def instruction_hash(ledger, legs):
    """legs: [(token uuid, debit address, credit address, amount)] in any order."""
    octets = sorted(t.bytes + address20(d) + address20(c) + i128(a) for t, d, c, a in legs)
    return sha256(tag("sto.instruction") + ledger.bytes + u32(len(octets)) + b"".join(octets))


def batch_hash(ledger, orders):
    return sha256(b"".join(order_message(ledger, order) for order in orders))


# ---- Clauses "Side digest" and "Entry" ------------------------------------------

def private_commitment(ledger, party, topic, salt, value):
    """What stands in the log for personal data (clause "Commitment of personal data")."""
    return sha256(tag("sto.private") + ledger.bytes + party.bytes + text8(topic) + digest(salt) +
                  text32(value))


def custom_definition(function, language, settings, source):
    """What a custom rule's `definition` says of its function (clause "Rule sets")."""
    return sha256(tag("sto.custom") + text8(function) + text8(language) + u8(len(settings)) +
                  b"".join(map(text16, settings)) + text32(source))


def side_digest(salt, token, seq, balance, held, prev):
    return sha256(tag("sto.side") + digest(salt) + token.bytes + i64(seq) + i128(balance) +
                  i128(held) + opt(digest, prev))


def entry_record(ledger, row, debit_side, credit_side):
    """row: a dict keyed by column name; the sides' digests, None where untouched."""
    return b"".join([
        tag("sto.entry"), ledger.bytes, i64(row["entry_id"]), u8(KINDS[row["kind"]]),
        row["token_id"].bytes,
        opt(address20, row.get("debit_wallet")), opt(address20, row.get("credit_wallet")),
        i128(row["amount"]), row["ordering_party"].bytes, row["order_id"].bytes,
        order_terms(row),
        opt(i64, row.get("authority_event")), opt(i64, row.get("rule_set")),
        opt(i64, row.get("key_policy")),
        opt(digest, debit_side), opt(digest, credit_side),
        opt(octets16, row.get("signatures")),
        i64(row["received_at"]), i64(row["posted_at"]), row["posted_by"].bytes])


# ---- Clause "Act and event" -----------------------------------------------------

def act_message(ledger, kind, subject, actor, prev_hash, body):
    """ledger is NIL for genesis; prev_hash is the subject's head, None if it is new."""
    return (tag("sto.act") + ledger.bytes + text8(kind) + subject.bytes + actor.bytes +
            opt(digest, prev_hash) + text32(body))


def event_record(ledger, row):
    return (tag("sto.event") + ledger.bytes + i64(row["entry_id"]) + text8(row["kind"]) +
            row["subject"].bytes + row["actor"].bytes + opt(digest, row["prev_hash"]) +
            text32(row["body"]) + opt(octets16, row["signatures"]) + i64(row["recorded_at"]))


# ---- Clause "Key policy and proof of possession" --------------------------------

PolicyKey = namedtuple("PolicyKey", "scheme octets valid_from valid_to possession",
                       defaults=(None, None, None))
Policy = namedtuple("Policy", "threshold keys")


def policy_octets(policy):
    return u8(policy.threshold) + u8(len(policy.keys)) + b"".join(
        u8(k.scheme) + u8(len(k.octets)) + k.octets + opt(i64, k.valid_from) +
        opt(i64, k.valid_to) for k in policy.keys)


def possession_message(ledger, party, subject, address, policy, custodian=None, signed_only=False):
    return (tag("sto.possession") + ledger.bytes + party.bytes + subject.bytes +
            opt(address20, address) + opt(uuid_octets, custodian) + u8(signed_only) +
            policy_octets(policy))


def policy_from_body(body):
    """The policy that an event's body (parsed JSON) states."""
    return Policy(body["threshold"], [
        PolicyKey(*parse_key(k["key"]), k.get("from"), k.get("to"),
                  bytes.fromhex(k["possession"]) if "possession" in k else None)
        for k in body["keys"]])


def policy_body(threshold, keys, possession=None, custodian=None, signed_only=False):
    """`threshold` and `keys` for an event's body.  keys: PrivateKey objects without time
    limits; possession: None, or (ledger, party, subject, address) to prove each key;
    custodian: of the wallet, if it has one; signed_only: as its registration states it."""
    policy = Policy(threshold, [PolicyKey(k.scheme, k.octets) for k in keys])
    listed = [{"key": k.text} for k in keys]
    if possession:
        message = possession_message(*possession, policy, custodian, signed_only)
        for item, key in zip(listed, keys):
            item["possession"] = key.sign(message).hex()
    return {"threshold": threshold, "keys": listed}


def compact_json(body):
    """Any JSON text will do: the text that is signed is the text that is stored."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def quorum_fault(policy, signatures, message, at):
    """None if the stored list is a quorum of the policy at that time, else what is wrong."""
    keys = {key_id(k.scheme, k.octets): k for k in policy.keys}
    items = parse_signature_list(signatures)
    for scheme, kid, signature in items:
        key = keys.get(kid)
        if key is None or key.scheme != scheme:
            return f"key {kid.hex()} is not in the policy"
        if key.valid_from is not None and at < key.valid_from:
            return f"key {kid.hex()} was not yet valid"
        if key.valid_to is not None and at >= key.valid_to:
            return f"key {kid.hex()} was no longer valid"
        if not signature_is_good(scheme, key.octets, message, signature):
            return f"signature of key {kid.hex()} does not verify"
    return None if len(items) >= policy.threshold else "too few signatures"


# ---- Clause "Keys that sign notes" ----------------------------------------------

def note_possession_message(ledger, party, name, scheme, octets):
    """party: None for the log's own key, whose name is log_name()."""
    return (tag("sto.log_key" if party is None else "sto.witness_key") + ledger.bytes +
            (party or NIL).bytes + text8(name) + u8(scheme) + u8(len(octets)) + octets)


def log_name(origin, ledger):
    return f"{origin}/{ledger}"


def note_key_body(ledger, key, party=None, name=None, origin=None):
    """Body of log_key (give the origin) or witness_key (give party and name)."""
    message = note_possession_message(ledger, party, name or log_name(origin, ledger),
                                      key.scheme, key.octets)
    body = {"key": key.text, "possession": key.sign(message).hex()}
    return body if party is None else {"name": name, **body}


# ---- Clause "The content of a close" --------------------------------------------

def node_hash(left, right):
    return sha256(b"\1" + left + right)


def merkle_root(leaves):
    """RFC 9162 2.1.1, over leaf hashes."""
    if not leaves:
        return sha256(b"")
    row = list(leaves)
    while len(row) > 1:     # an odd one goes up as it is: the same tree
        row = [node_hash(*row[i:i + 2]) if i + 1 < len(row) else row[i]
               for i in range(0, len(row), 2)]
    return row[0]


def inclusion_is_good(leaf_hash, index, size, path, root):
    """RFC 9162 2.1.3.2."""
    if not 0 <= index < size:
        return False
    fn, sn, r = index, size - 1, leaf_hash
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def close_leaf(wallet, token, seq, head, salted):
    return leaf(tag("sto.close") + address20(wallet) + token.bytes + i64(seq) + digest(head) +
                digest(salted))


def close_line_is_good(line, root, count):
    return inclusion_is_good(
        close_leaf(parse_address(line["wallet"]), uuid.UUID(line["token"]), line["seq"],
                   bytes.fromhex(line["head"]), bytes.fromhex(line["salted"])),
        line["index"], count, [bytes.fromhex(p) for p in line["path"]], root)


def close_place(line):
    return parse_address(line["wallet"]) + uuid.UUID(line["token"]).bytes


def verify_close_proof(proof, root, count):
    """Does sto.close_proof()'s answer (parsed) hold under what the close's event states?"""
    if proof["present"]:
        shown = [proof.get(name) for name in ("salt", "balance", "held")]
        if shown != [None] * 3 and bytes.fromhex(proof["salted"]) != side_digest(
                bytes.fromhex(proof["salt"]), uuid.UUID(proof["token"]), proof["seq"],
                int(proof["balance"]), int(proof["held"]), bytes.fromhex(proof["head"])):
            return False
        return close_line_is_good(proof, root, count)
    left, right, place = proof["left"], proof["right"], close_place(proof)
    if left is None and right is None:
        return count == 0 and root == merkle_root([])
    after = right["index"] if right else count
    if (left["index"] if left else -1) + 1 != after:
        return False
    return ((left is None or close_line_is_good(left, root, count) and close_place(left) < place)
            and (right is None or
                 close_line_is_good(right, root, count) and close_place(right) > place))


# ---- COPY ... TO STDOUT ---------------------------------------------------------

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)


def parse_time(text):
    return (datetime.datetime.fromisoformat(_time_digits(text)) - EPOCH) // MICROSECOND


def _time_digits(text):
    """2026-01-31 10:00:00.25+00 -> 2026-01-31 10:00:00.250000+00:00 (Python before 3.11)."""
    clock, zone = text[:19], text[19:]
    fraction = ""
    if zone.startswith("."):
        sign = max(zone.find("+"), zone.find("-"))
        fraction, zone = zone[1:sign], zone[sign:]
    return clock + "." + fraction.ljust(6, "0") + (zone if ":" in zone else zone + ":00")


def parse_hex(text):
    """bytea and digest: hex, with or without PostgreSQL's \\x before it."""
    return bytes.fromhex(text[2:] if text.startswith("\\x") else text)


def parse_boolean(text):
    return {"t": True, "f": False}[text]


def _columns(parsers):
    return {name: parse for parse, names in parsers for name in names.split()}


ENTRY_COLUMNS = _columns([
    (int, "entry_id amount debit_seq debit_balance debit_held credit_seq credit_balance "
          "credit_held key_policy rule_set authority_event hold_id undoes"),
    (parse_time, "received_at posted_at valid_until release_after"),
    (uuid.UUID, "token_id ordering_party order_id posted_by group_id notary"),
    (parse_address, "debit_wallet credit_wallet"),
    (parse_hex, "debit_prev credit_prev condition_hash instruction_hash attachment_hash "
                "leaf_hash preimage signatures"),
    (parse_boolean, "keep_rest checked_once"), (str, "kind purpose reference")])
EVENT_COLUMNS = _columns([
    (int, "entry_id"), (parse_time, "recorded_at"), (uuid.UUID, "subject actor"),
    (parse_hex, "prev_hash leaf_hash signatures"), (str, "kind body")])

# A holder's own chain: his side of each entry opened, the other side only as its digest.
STATEMENT_COLUMNS = {
    **{name: parse for name, parse in ENTRY_COLUMNS.items()
       if name not in ("debit_seq", "debit_balance", "debit_held", "debit_prev",
                       "credit_seq", "credit_balance", "credit_held", "credit_prev")},
    **_columns([(int, "seq balance held"), (parse_hex, "prev salt other_side"),
                (str, "direction")])}

# Run these with SET datestyle = 'ISO', timezone = 'UTC', client_encoding = 'UTF8'.
COPY_ENTRIES = (f"COPY (SELECT {', '.join(ENTRY_COLUMNS)} FROM ONLY sto.transfer "
                "ORDER BY entry_id) TO STDOUT")
COPY_EVENTS = (f"COPY (SELECT {', '.join(EVENT_COLUMNS)} FROM ONLY sto.event "
               "ORDER BY entry_id) TO STDOUT")


def copy_statement(wallet, token, closes=None):
    """closes: (from, to), ids of their events; from may be None, for the position's beginning."""
    source = f"sto.statement('{address_text(wallet)}', '{token}')"
    if closes:
        begin = "NULL" if closes[0] is None else closes[0]
        source = f"sto.proven_{source[4:-1]}, {begin}, {closes[1]})"
    return f"COPY (SELECT {', '.join(STATEMENT_COLUMNS)} FROM {source}) TO STDOUT"


_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unescape(field):
    """One field of COPY's text format; TO never writes the numeric escapes."""
    if field == "\\N":
        return None
    if "\\" not in field:
        return field
    out, chars = [], iter(field)
    for c in chars:
        if c == "\\":
            c = next(chars)
            c = _ESCAPES.get(c, c)
        out.append(c)
    return "".join(out)


def parse_copy(lines, columns):
    """Rows of COPY's text format, as dicts of Python values."""
    for line in lines:
        values = [unescape(field) for field in line.rstrip("\n").split("\t")]
        if len(values) != len(columns):
            raise FormatError(f"expected {len(columns)} columns, got {len(values)}")
        yield {name: None if value is None else parse(value)
               for (name, parse), value in zip(columns.items(), values)}


# ---- Verification ---------------------------------------------------------------

def in_force(dates, at):
    return (dates["from"] is None or dates["from"] <= at) and \
        (dates["to"] is None or at < dates["to"])


# Enforcement: its acts, and the capability of the two officers that each needs.
OFFICERS = dict.fromkeys(("force", "reverse", "seizure", "freeze", "post", "wallet_freeze",
                          "token_pause"), "enforcer") | {"recover": "recovery_agent"}


def by_case(row):
    """Is the entry enforcement, which rests on a case of two officers?  A post may."""
    return row["kind"] in ("force", "recover", "reverse") or \
        row["kind"] == "hold" and row["purpose"] in ("seizure", "freeze")


class Register:
    """Folds a log in the order of its ids and notes whatever doesn't hold."""

    REGISTRAR_ACTS = ("party_status", "wallet", "wallet_status", "party_facts",
                      "classification", "mandate", "beneficial_owner", "party_members",
                     "travel_data")
    ROLE_ACTS = ("capability", "party", *REGISTRAR_ACTS)    # where genesis chose "roles"
    ROOT_ACTS = ("genesis", "capability", "log_key", "witness_policy", "time_authority",
                 "log_restart")
    ISSUER_ACTS = ("token_terms", "token_policy", "token_status", "token_topics",
                   "trusted_issuer", "document", "four_eyes", "rule_set", "party_list",
                   "redemption_terms")
    SECOND_OFFICER_ACTS = (*ISSUER_ACTS, "token_pause")

    def __init__(self):
        self.ledger = NIL
        self.genesis_hash = None
        self.roles_allowed = False
        self.last_id = 0
        self.heads = {}         # subject -> leaf of its newest event
        self.policies = {}      # subject -> (event id, Policy); NIL: root officers
        self.capable = {}       # capability -> parties that have it
        self.keys = {}          # (scheme, octets) -> (subject, use): each registers once
        self.origin = None
        self.log_key = None     # octets of the present one
        self.witnesses = {}     # party -> (name of the note key, octets)
        self.threshold = 2      # witnesses that make a checkpoint witnessed
        self.restarts = []      # (event id, size, root) that was given up
        self.closes = {}        # event id -> (count, root)
        self.wallets = {}       # address -> dict(subject, party, custodian, salt, signed_only)
        self.wallet_ids = {}    # wallet uuid -> address
        self.tokens = {}        # uuid -> dict(issuer, issuance, unsigned_role)
        self.kinds = {}         # party -> natural, legal, joint, estate
        self.facts = {}         # party -> dict of country, incorporation, lei, commitment
        self.classes = {}       # (party, token or None) -> dict(event, class, basis, from, to)
        self.mandates = {}      # (principal, representative, scope) -> dict(event, granted, ...)
        self.members = {}       # joint party -> (event id, its members in order, who votes)
        self.owners = {}        # (party, owner) -> dict(event, share, control, from, to)
        self.claims = {}        # event id -> dict(party, topic, issuer, from, to, revoked)
        self.claims_on = {}     # (party, topic) -> those claims
        self.topics = {}        # token -> (event id, topics, receiver_only)
        self.trusted = {}       # (token, issuer) -> (event id, topics)
        self.documents = {}     # event id -> dict(token, name, acknowledge, replaced)
        self.acknowledged = {}  # (party, document) -> event id
        self.cases = {}         # event id -> dict(body, opened_by, approved_by, refused, used)
        self.heirs = {}         # address of a lost wallet -> that of the one that succeeded it
        self.case_ids = {}      # case uuid -> event id
        self.attachments = {}   # event id -> dict(subject, place, remaining)
        self.moved = {}         # entry id -> (token, debit, credit, amount), if it can be reversed
        self.reversed = set()   # entry ids
        self.had = set()        # (party, token) that an entry has credited
        self.four_eyes = {}     # token -> (acts that need a second officer, who may be it)
        self.proposals = {}     # uuid -> dict(act, proposer, valid_until, officer, ended, used)
        self.rule_sets = {}     # token -> [(effective, event id, rules)]
        self.listed = {}        # (token, list) -> parties
        self.opted_in = set()   # (party, token)
        self.omnibus = set()    # addresses
        self.look_through = {}  # (address, token) -> dict(event, seq, owners: party -> units)
        self.travel = {}        # party -> [dict(event, fields, from, to)] that are not withdrawn
        self.approvals = {}     # event id -> dict(token, by, uses, revoked, ...)
        self.asked = {}         # enforced entry -> {number of a custom rule: (set, definition)}
        self.not_replayed = {}  # name of a rule -> how many entries it would have to be asked about
        self.stopped = {}       # token, wallet or party -> (event id, actor): paused, frozen
        self.batches = {}       # event id -> dict with a running hash
        self.positions = {}     # (address, token) -> (seq, balance, held, leaf of last entry)
        self.holds = {}         # entry id -> dict(row, remaining)
        self.redemptions = {}   # token -> dict(event, from, to, token, price, per)
        self.paid = {}          # (group, received_at, issuer, holder, token) -> what is not used
        self.issued = set()     # tokens
        self.lockable = {}      # (wallet, token) -> (group, units) of an issue just before
        self.orders = set()     # (ordering party, order id)
        self.count = dict(events=0, entries=0, links=0, signatures=0)
        self.problems = []      # (entry id, text)

    def problem(self, row, text):
        self.problems.append((row["entry_id"], text))

    def next_id(self, row):
        if row["entry_id"] <= self.last_id:
            self.problem(row, "ids do not rise")
        self.last_id = row["entry_id"]

    def check_quorum(self, row, policy, message, at):
        if row["signatures"] is None:
            return self.problem(row, "not signed")
        fault = quorum_fault(policy, row["signatures"], message, at)
        self.count["signatures"] += len(row["signatures"]) // 74
        if fault:
            self.problem(row, fault)

    # Events

    def event(self, row):
        self.next_id(row)
        self.count["events"] += 1
        if leaf(event_record(self.ledger, row)) != row["leaf_hash"]:
            self.problem(row, "leaf hash differs from the event's columns")
        if self.heads.get(row["subject"]) != row["prev_hash"]:
            self.problem(row, "does not link to the subject's event before")
        self.count["links"] += row["prev_hash"] is not None
        self.heads[row["subject"]] = row["leaf_hash"]
        body = json.loads(row["body"])
        self.check_authority(row, body)
        if self.wallet_ids.get(row["actor"]) in self.heirs:
            self.problem(row, "its actor is a wallet that was lost")
        if row["kind"] == "wallet_status" and body["status"] == "active" and \
                self.wallet_ids.get(row["subject"]) in self.heirs:
            self.problem(row, "opens a wallet again that was lost")
        if row["kind"] in self.SECOND_OFFICER_ACTS:
            self.check_second_officer(row, body)
        if row["kind"] != "finding":
            self.asked = {}
        apply = getattr(self, "apply_" + row["kind"], None)
        if apply:
            apply(row, body)

    def check_authority(self, row, body):
        kind, actor = row["kind"], row["actor"]
        if kind in ("maintenance", "close", "refusal", "finding"):
            if row["signatures"] is not None or actor != NIL:
                self.problem(row, f"a {kind} event is unsigned, and nobody's")
            return
        if row["signatures"] is None and self.roles_allowed and kind in self.ROLE_ACTS:
            return
        if kind == "genesis":
            policy = policy_from_body(body)
            policy = policy._replace(threshold=len(policy.keys))    # every root key signs
        elif actor in self.policies:
            policy = self.policies[actor][1]
        else:
            return self.problem(row, f"actor {actor} has no keys")
        self.check_quorum(row, policy, self.act(row), row["recorded_at"])
        subject = row["subject"]
        allowed = {
            **{k: actor == NIL for k in self.ROOT_ACTS},
            "witness_key": actor == subject and self.may(actor, "witness"),
            "keys": actor == subject, "wallet_terms": actor == subject,
            **{k: self.may(actor, "registrar") for k in self.REGISTRAR_ACTS},
            "party": self.may(actor, "registrar") or actor == NIL,
            **{k: self.is_issuer(actor, subject) for k in self.ISSUER_ACTS},
            "claim": self.may(actor, "claim_issuer"),
            "token_pause": self.may_pause(actor, subject),
            "wallet_freeze": self.may(actor, "enforcer"),
            **{k: self.may(actor, "enforcer")
               for k in ("party_freeze", "attach", "attach_lift")},
            **{k: actor == subject or self.owner(actor) == subject or
               self.has_mandate(subject, actor, row["recorded_at"])
               for k in ("acknowledge", "opt_in")},
            "look_through": kind == "look_through" and actor == self.custodian(subject),
            "proposal": kind == "proposal" and self.is_issuer(actor, uuid.UUID(body["about"])),
            "case": self.may(actor, OFFICERS.get(body.get("act"), "enforcer")),
            "case_approve": self.may_decide(actor, subject),
        }
        if kind == "wallet_status" and actor == subject:
            allowed[kind] = True
        if not allowed.get(kind, True):
            self.problem(row, f"{actor} may not make a {kind} event of {subject}")

    def may(self, party, capability):
        return party in self.capable.get(capability, ())

    def is_issuer(self, party, token):
        return self.tokens.get(token, {}).get("issuer") == party

    def owner(self, wallet):
        return self.wallets.get(self.wallet_ids.get(wallet), {}).get("party")

    def custodian(self, wallet):
        row = self.wallets.get(self.wallet_ids.get(wallet), dict(party=None, custodian=None))
        return row["custodian"] or row["party"]

    def may_pause(self, actor, token):
        """What somebody else has paused, only an enforcer takes over or lets go on."""
        _, by = self.stopped.get(token, (None, actor))
        return self.may(actor, "enforcer") or self.is_issuer(actor, token) and by == actor

    def may_decide(self, actor, case_id):
        case = self.cases.get(self.case_ids.get(case_id))
        return case is not None and actor != case["opened_by"] and \
            self.may(actor, OFFICERS[case["body"]["act"]])

    def act(self, row):
        return act_message(self.ledger, row["kind"], row["subject"], row["actor"],
                           row["prev_hash"], row["body"])

    def set_policy(self, row, body, party, address=None, custodian=None):
        """The subject's new policy; each key new to the subject proves its possession."""
        subject, policy = row["subject"], policy_from_body(body)
        known = {(k.scheme, k.octets) for k in self.policies[subject][1].keys} \
            if subject in self.policies else set()
        message = possession_message(self.ledger, party, subject, address, policy, custodian,
                                     row["kind"] == "wallet" and body.get("signed_only", False))
        for k in policy.keys:
            if (k.scheme, k.octets) in known:
                continue
            self.register_key(row, k.scheme, k.octets, subject, "policy")
            if k.possession is None or not self.possession_is_good(k, message):
                self.problem(row, f"{key_text(k.scheme, k.octets)} is not proven")
        self.policies[subject] = (row["entry_id"], policy)

    def register_key(self, row, scheme, octets, subject, use):
        if (scheme, octets) in self.keys:
            self.problem(row, f"{key_text(scheme, octets)} was registered before")
        self.keys[scheme, octets] = (subject, use)

    def note_key(self, row, body, party, name):
        """A key that signs notes: octets of it, proven and new to the ledger."""
        scheme, octets = parse_key(body["key"])
        message = note_possession_message(self.ledger, party, name, scheme, octets)
        self.count["signatures"] += 1
        if SCHEME_NAMES[scheme] != "ed25519" or not signature_is_good(
                scheme, octets, message, bytes.fromhex(body["possession"])):
            self.problem(row, f"{body['key']} is not proven")
        self.register_key(row, scheme, octets, row["subject"], row["kind"])
        return octets

    def possession_is_good(self, k, message):
        self.count["signatures"] += 1
        if len(k.possession) == 64:
            return signature_is_good(k.scheme, k.octets, message, k.possession)
        r, s = decode_dss_signature(k.possession)       # a body keeps DER as it was sent
        s = min(s, ORDERS[k.scheme] - s)
        return signature_is_good(k.scheme, k.octets, message,
                                 r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def apply_genesis(self, row, body):
        self.genesis_hash = row["leaf_hash"]
        self.ledger = ledger_id(row["leaf_hash"])
        self.roles_allowed = body["register_authority"] == "roles"
        self.origin = body["origin"]
        self.policies[NIL] = (row["entry_id"], policy_from_body(body))
        for k in self.policies[NIL][1].keys:
            self.register_key(row, k.scheme, k.octets, NIL, "policy")

    def apply_keys(self, row, body):
        subject = row["subject"]
        address = self.wallet_ids.get(subject)
        if address:
            wallet = self.wallets[address]
            self.set_policy(row, body, wallet["party"], address, wallet["custodian"])
        else:
            self.set_policy(row, body, subject)

    def apply_capability(self, row, body):
        parties = self.capable.setdefault(body["capability"], set())
        if body["granted"]:
            parties.add(row["subject"])
        else:
            parties.discard(row["subject"])
            if body["capability"] == "witness":
                self.witnesses.pop(row["subject"], None)

    def apply_party_status(self, row, body):
        if body["status"] == "closed":
            self.witnesses.pop(row["subject"], None)

    def apply_log_key(self, row, body):
        self.log_key = self.note_key(row, body, None, log_name(self.origin, self.ledger))

    def apply_witness_key(self, row, body):
        party, name = row["subject"], body["name"]
        taken = [n for p, (n, _) in self.witnesses.items() if p != party]
        if name in (*taken, log_name(self.origin, self.ledger)):
            self.problem(row, "another note key has this name")
        self.witnesses[party] = (name, self.note_key(row, body, party, name))

    def apply_witness_policy(self, row, body):
        self.threshold = body["threshold"]

    def apply_log_restart(self, row, body):
        self.restarts.append((row["entry_id"], body["size"], bytes.fromhex(body["root"])))

    def apply_close(self, row, body):
        """What every position is, entries before this event being folded already."""
        leaves = []
        for (wallet, token), (seq, balance, held, head) in sorted(
                self.positions.items(), key=lambda p: p[0][0] + p[0][1].bytes):
            salted = side_digest(self.wallets[wallet]["salt"], token, seq, balance, held, head)
            leaves.append(close_leaf(wallet, token, seq, head, salted))
        made = (len(leaves), merkle_root(leaves))
        if row["subject"] != self.ledger or (body["count"], bytes.fromhex(body["root"])) != made:
            self.problem(row, "the close is not what the entries before it make")
        self.closes[row["entry_id"]] = made

    # Identity, eligibility, pauses and freezes

    def dated(self, row, body, names):
        """Fields of a body and its dates, with the event that states them."""
        dates = body.get("from"), body.get("to")
        if None not in dates and dates[0] >= dates[1]:
            self.problem(row, "from is not before to")
        return {"event": row["entry_id"], "from": dates[0], "to": dates[1],
                **{name: body[name] for name in names}}

    def apply_party_facts(self, row, body):
        self.facts.setdefault(row["subject"], {}).update(body)

    def apply_classification(self, row, body):
        token = uuid.UUID(body["token"]) if "token" in body else None
        self.classes[row["subject"], token] = self.dated(row, body, ("class", "basis"))

    def apply_mandate(self, row, body):
        place = (row["subject"], uuid.UUID(body["representative"]), body["scope"])
        self.mandates[place] = self.dated(row, body, ("basis", "granted"))

    def apply_beneficial_owner(self, row, body):
        place = (row["subject"], uuid.UUID(body["owner"]))
        self.owners[place] = self.dated(row, body, ("share", "control"))

    def apply_party_members(self, row, body):
        members = [uuid.UUID(party) for party in body["members"]]
        nominee = uuid.UUID(body["nominee"])
        if self.kinds.get(row["subject"]) != "joint" or nominee not in members or \
                len(set(members)) != len(members) or not 2 <= len(members) <= 16 or \
                any(self.kinds.get(party) in (None, "joint") for party in members):
            self.problem(row, "not the members of a joint party")
        self.members[row["subject"]] = (row["entry_id"], members, nominee)

    def apply_claim(self, row, body):
        claim = self.dated(row, body, ("topic", "commitment"))
        claim.update(party=row["subject"], issuer=row["actor"], revoked=None)
        self.claims[row["entry_id"]] = claim
        self.claims_on.setdefault((row["subject"], body["topic"]), []).append(claim)

    def apply_claim_revoke(self, row, body):
        claim = self.claims.get(body["claim"], dict(party=None, issuer=None, revoked=None))
        if (claim["party"], claim["issuer"]) != (row["subject"], row["actor"]) or claim["revoked"]:
            self.problem(row, "not a claim that its actor can take back")
        else:
            claim["revoked"] = row["entry_id"]

    def apply_token_topics(self, row, body):
        self.topics[row["subject"]] = (row["entry_id"], body["topics"],
                                       body.get("receiver_only", True))

    def apply_trusted_issuer(self, row, body):
        issuer = uuid.UUID(body["issuer"])
        if body["topics"] and not self.may(issuer, "claim_issuer"):
            self.problem(row, f"{issuer} is no issuer of claims")
        self.trusted[row["subject"], issuer] = (row["entry_id"], body["topics"])

    def apply_document(self, row, body):
        present = self.present_documents(row["subject"])
        for document in [d for d in present if d["name"] == body["name"]]:
            document["replaced"] = row["entry_id"]
        self.documents[row["entry_id"]] = dict(body, event=row["entry_id"], token=row["subject"],
                                               replaced=None)

    def present_documents(self, token):
        return [d for d in self.documents.values()
                if d["token"] == token and d["replaced"] is None]

    def apply_acknowledge(self, row, body):
        place = (row["subject"], body["document"])
        if body["document"] not in self.documents or place in self.acknowledged:
            self.problem(row, "no document, or acknowledged before")
        self.acknowledged[place] = row["entry_id"]

    # Clause "Second officers"

    def apply_four_eyes(self, row, body):
        officers = [uuid.UUID(party) for party in body["approvers"]]
        if row["actor"] in officers or body["acts"] and not officers:
            self.problem(row, "no second officer, or the issuer itself")
        self.four_eyes[row["subject"]] = (body["acts"], officers)

    def apply_proposal(self, row, body):
        if body["valid_until"] <= row["recorded_at"]:
            self.problem(row, "the proposal had expired already")
        if body["kind"] == "four_eyes" and str(row["actor"]) in body["act_body"]:
            self.problem(row, "its proposer would be its own second officer")
        self.proposals[row["subject"]] = dict(
            act=(body["kind"], uuid.UUID(body["about"]), body["act_body"]),
            proposer=row["actor"], valid_until=body["valid_until"], officer=None, ended=False,
            used=None)

    def apply_approve(self, row, body):
        proposal = self.proposals.get(row["subject"])
        if proposal is None:
            return self.problem(row, "no such proposal")
        _, officers = self.four_eyes.get(proposal["act"][1], ([], []))
        if row["actor"] == proposal["proposer"]:
            allowed = not body["approved"]      # he may only take it back
        else:
            allowed = row["actor"] in officers
        if not allowed or proposal["ended"] or proposal["used"] or \
                proposal["valid_until"] <= row["recorded_at"]:
            return self.problem(row, "its actor may not decide this proposal, or it is over")
        proposal["officer"], proposal["ended"] = row["actor"], not body["approved"]

    def check_second_officer(self, row, body):
        """An act that needs one uses up the oldest proposal of exactly this act."""
        kind, token = row["kind"], row["subject"]
        acts, officers = self.four_eyes.get(token, ([], []))
        loosens = kind == "four_eyes" and acts and not (
            set(acts) <= set(body["acts"]) and
            set(map(str, officers)) == set(body["approvers"]))
        if not self.is_issuer(row["actor"], token) or not (kind in acts or loosens):
            return
        for proposal in self.proposals.values():        # in the order of their ids
            if proposal["act"] == (kind, token, row["body"]) and not proposal["ended"] and \
                    not proposal["used"] and proposal["officer"] in officers and \
                    proposal["valid_until"] > row["recorded_at"]:
                proposal["used"] = row["entry_id"]
                return
        self.problem(row, "it needs a second officer, and none approved exactly this act")

    # Rules of tokens, and what is stated for them

    def apply_rule_set(self, row, body):
        for rule in body["rules"]:
            named = rule.get("exempt", []) + rule.get("parties", [])
            named += [rule["by"]] if rule["rule"] == "approval" and "by" in rule else []
            if any(uuid.UUID(party) not in self.kinds for party in named):
                self.problem(row, "its rules name a party that is not in the register")
        effective = max(body.get("from", row["recorded_at"]), row["recorded_at"])
        self.rule_sets.setdefault(row["subject"], []).append(
            (effective, row["entry_id"], body["rules"]))

    def apply_party_list(self, row, body):
        parties = self.listed.setdefault((row["subject"], body["list"]), set())
        (parties.add if body["listed"] else parties.discard)(uuid.UUID(body["party"]))

    def apply_opt_in(self, row, body):
        place = (row["subject"], uuid.UUID(body["token"]))
        (self.opted_in.add if body["affirmed"] else self.opted_in.discard)(place)

    def apply_travel_data(self, row, body):
        if body.get("granted", True):
            self.travel.setdefault(row["subject"], []).append(
                self.dated(row, body, ("fields", "commitment")))
        else:
            self.travel.pop(row["subject"], None)

    # Clause "Look-through"

    def apply_look_through(self, row, body):
        """Of an omnibus wallet as it was then; nothing else here reads it."""
        address, token = self.wallet_ids.get(row["subject"]), uuid.UUID(body["token"])
        seq, balance = self.positions.get((address, token), (0, 0))[:2]
        owners = [uuid.UUID(owner) for owner in body["owners"]]
        units = [int(text) for text in body["units"]]
        if address not in self.omnibus or token not in self.tokens:
            self.problem(row, "not an omnibus wallet, or not a token")
        elif len(owners) != len(units) or len(set(owners)) != len(owners) or \
                not all(owner in self.kinds for owner in owners) or min(units, default=1) <= 0:
            self.problem(row, "its owners are not parties with units of theirs")
        elif (body["seq"], sum(units)) != (seq, balance):
            self.problem(row, "it is not of what the wallet had")
        else:
            self.look_through[address, token] = dict(event=row["entry_id"], seq=seq,
                                                     owners=dict(zip(owners, units)))

    def apply_transfer_approval(self, row, body):
        if not 1 <= body["uses"] <= 1000000 or int(body["amount"]) <= 0:
            self.problem(row, "an approval of nothing")
        self.approvals[row["entry_id"]] = dict(
            self.dated(row, body, ("amount", "exact", "uses")), token=row["subject"],
            by=row["actor"], revoked=None)

    def apply_approval_revoke(self, row, body):
        approval = self.approvals.get(body["approval"], dict(token=None, by=None, revoked=None))
        if (approval["token"], approval["by"]) != (row["subject"], row["actor"]) or \
                approval["revoked"]:
            return self.problem(row, "not an approval that its actor can take back")
        approval["revoked"] = row["entry_id"]

    # Clause "Refusals"

    def apply_refusal(self, row, body):
        """Of an order of this ledger, under its own subject, signed by whom it says."""
        try:
            message = bytes.fromhex(body["order"])
            ledger, order = parse_order(message)
        except (FormatError, ValueError, KeyError):
            ledger = None
        if ledger != self.ledger:
            return self.problem(row, "it is not of an order of this ledger")
        if str(order["token_id"]) != body["token"] or order["token_id"] not in self.tokens:
            self.problem(row, "its token is another than the order's, or unknown")
        if uuid.UUID(body["party"]) not in self.heads:
            self.problem(row, "who submitted the order is unknown")
        state, reasons = body["state"], body["reasons"]
        if not re.fullmatch("[0-9A-Z]{5}", state) or not reasons or \
                not all(re.fullmatch("[a-z_]+", name) for name in reasons):
            return self.problem(row, "its state or its reasons are none")
        if refusal_subject(message, state, reasons) != row["subject"]:
            self.problem(row, "its subject is not that of this order, state and reasons")
        if "key_policy" not in body:
            return
        party = order["ordering_party"]
        own = [subject for subject, (event, _) in self.policies.items()
               if event == body["key_policy"] and party in (subject, self.owner(subject))]
        if not own:
            return self.problem(row, "it is not signed by the ordering party or a wallet of it")
        self.check_quorum(dict(row, signatures=bytes.fromhex(body["signatures"])),
                          self.policies[own[0]][1], message, row["recorded_at"])

    # Clause "Findings"

    def apply_finding(self, row, body):
        """Of a custom rule that an enforced entry, no other event between, passed over."""
        asked = self.asked.get(body["entry"], {}).pop(body["number"], None)
        if asked != (body["rule_set"], body["definition"]):
            self.problem(row, "no enforced entry just before it passed over such a custom rule")
        if finding_subject(self.ledger, body["entry"], body["number"]) != row["subject"]:
            self.problem(row, "its subject is not that of this entry and rule")
        if ("reason" in body) == ("state" in body) or \
                not re.fullmatch("[0-9A-Z]{5}", body.get("state", "00000")) or \
                not re.fullmatch("[^\\0-\\x1f]*", body.get("reason", "")):
            self.problem(row, "its reason, or its state, is none")

    def stop(self, row, stops):
        if not stops and row["subject"] not in self.stopped:
            self.problem(row, "what is let go on was not stopped")
        self.stopped.pop(row["subject"], None)
        if stops:
            self.stopped[row["subject"]] = (row["entry_id"], row["actor"])

    def apply_token_pause(self, row, body):
        """The issuer decides about its own token; an enforcer with a second one."""
        self.stop_by_case(row, body, body["paused"] and
                          not self.is_issuer(row["actor"], row["subject"]))
        self.stop(row, body["paused"])

    def apply_wallet_freeze(self, row, body):
        self.stop_by_case(row, body, body["frozen"])
        self.stop(row, body["frozen"])

    def stop_by_case(self, row, body, needed):
        if needed:
            self.carry_out(row, body, row["kind"])
        elif "case" in body:
            self.problem(row, f"a {row['kind']} event that cites a case, and takes none")

    def apply_party_freeze(self, row, body):
        self.stop(row, body["frozen"])

    # Enforcement

    def apply_case(self, row, body):
        self.case_ids[row["subject"]] = row["entry_id"]
        self.cases[row["entry_id"]] = dict(body=body, opened_by=row["actor"], approved_by=None,
                                           refused=None, used=None)
        if body["act"] not in OFFICERS:
            self.problem(row, "no act of enforcement")
        elif body["act"] == "reverse" and self.moved.get(body["undoes"]) != (
                uuid.UUID(body["token"]), parse_address(body["credit"]),
                parse_address(body["debit"]), int(body["amount"])):
            self.problem(row, "a case that undoes an entry that did not move these units")
        elif body["act"] == "recover" and (
                len({self.wallets.get(parse_address(body[side]), {}).get("party")
                     for side in ("debit", "credit")}) > 1 or
                body["not_before"] < row["recorded_at"] + 1_000_000):
            self.problem(row, "a recovery for another party, or without a wait")
        for address in {body["debit"], body.get("credit", body["debit"])}:
            if body["act"] == "token_pause":
                if self.tokens.get(uuid.UUID(body["token"]), {}).get("issuance") != \
                        parse_address(address):
                    self.problem(row, "a case that pauses a token, and is not of it")
            elif self.wallets.get(parse_address(address), dict(subject=None))["subject"] is None:
                self.problem(row, "a case about a wallet that is not there")
        for hold in body.get("holds", ()):
            held = self.holds.get(hold, dict(row=None))["row"]
            if held is None or (self.holds[hold]["wallet"], str(held["token_id"])) != \
                    (parse_address(body["debit"]), body.get("token")):
                self.problem(row, f"a case about hold {hold}, which is not there")
            elif body["act"] == "post" and held["purpose"] != "pledge":
                self.problem(row, f"a case that posts hold {hold}, which is no pledge")
        if body["act"] == "post" and len(body.get("holds", ())) != 1:
            self.problem(row, "a case of post names one hold")

    def apply_case_approve(self, row, body):
        case = self.cases.get(self.case_ids.get(row["subject"]), {})
        if not case or case["refused"] or case["used"] or body["approved"] and case["approved_by"]:
            self.problem(row, "a case that was decided before")
        elif body["approved"]:
            case["approved_by"] = row["actor"]
        else:
            case["refused"] = row["entry_id"]

    def apply_attach(self, row, body):
        """A seizure that keeps units, those to come included, instead of holding those there."""
        said = self.carry_out(row, body, "seizure")
        if said:
            self.attachments[row["entry_id"]] = dict(
                subject=row["subject"], remaining=int(said["amount"]),
                place=(parse_address(said["debit"]), uuid.UUID(said["token"])))

    def carry_out(self, row, body, act):
        """What the case of two officers says that an event carries out; None if none does."""
        case = self.cases.get(body.get("case"))
        if case is None:
            return self.problem(row, f"a {row['kind']} event without a case")
        said, at = case["body"], row["recorded_at"]
        if said["act"] != act or \
                parse_address(said["debit"]) != wallet_address(self.ledger, row["subject"]) or \
                any(body[name] != said[name] for name in ("basis", "document_hash")
                    if name in body):
            return self.problem(row, f"a {row['kind']} event that is not what its case says")
        if case["approved_by"] is None or case["refused"] or case["used"] or \
                row["actor"] not in (case["opened_by"], case["approved_by"]):
            self.problem(row, f"a {row['kind']} event that its case does not allow")
        if at < said.get("not_before", at) or at >= said.get("valid_until", at + 1):
            self.problem(row, "its case was not in its time")
        case["used"] = row["entry_id"]
        return said

    def apply_attach_lift(self, row, body):
        attachment = self.attachments.get(body["attachment"], dict(subject=None, remaining=0))
        if attachment["subject"] != row["subject"] or \
                not 0 < int(body["amount"]) <= attachment["remaining"]:
            return self.problem(row, "it lifts units that were not attached")
        attachment["remaining"] -= int(body["amount"])

    def available(self, place):
        """What is neither held nor attached."""
        _, balance, held, _ = self.positions.get(place, (0, 0, 0, None))
        return max(balance - held - self.attached(place), 0)

    def attached(self, place):
        return sum(a["remaining"] for a in self.attachments.values() if a["place"] == place)

    def cited_case(self, row):
        return self.cases.get(row["authority_event"], {})

    def rests_on_case(self, row):
        """Enforcement does, and a pledge's post in its beneficiary's place."""
        return by_case(row) or row["kind"] == "post" and bool(self.cited_case(row))

    def check_case(self, row):
        case = self.cited_case(row)
        if not case:
            return self.problem(row, "enforcement without a case")
        body, at = case["body"], row["posted_at"]
        if case["approved_by"] is None or case["refused"]:
            self.problem(row, "its case was not approved")
        if case["used"] and row["kind"] != "recover":
            self.problem(row, "its case was carried out before")
        if at < body.get("not_before", at) or at >= body.get("valid_until", at + 1):
            self.problem(row, "its case was not in its time")
        credit = parse_address(body["credit"]) if "credit" in body else None
        said = (body["act"], body.get("token", str(row["token_id"])),
                parse_address(body["debit"]), credit,
                int(body.get("amount", row["amount"])), body["document_hash"], body.get("undoes"),
                *(((body.get("holds") or [None])[0], True) if body["act"] == "post" else
                  (None, None)))
        if said != (row["purpose"] or row["kind"], str(row["token_id"]), row["debit_wallet"],
                    row["credit_wallet"], row["amount"], (row["attachment_hash"] or b"").hex(),
                    row["undoes"], row["hold_id"], row["keep_rest"]):
            self.problem(row, "it is not what its case says")
        if row["checked_once"] is not None:
            self.problem(row, "enforcement that is checked once")
        if row["undoes"] in self.reversed:
            self.problem(row, "it undoes an entry that was reversed before")
        self.reversed.update([row["undoes"]] if row["undoes"] is not None else [])
        case["used"] = case["used"] or row["entry_id"]
        if row["kind"] == "recover":
            self.check_recovery(row)

    def heir(self, address):
        """The wallet that has what that one had: itself, unless its keys were lost."""
        seen = set()
        while address in self.heirs and address not in seen:
            seen.add(address)
            address = self.heirs[address]
        return address

    def check_recovery(self, row):
        """Everything that a lost wallet has of a token goes to one wallet of its party."""
        debit, credit = [row[side + "_wallet"] for side in ("debit", "credit")]
        owners = {self.wallets.get(address, {}).get("party") for address in (debit, credit)}
        _, balance, _, _ = self.positions.get((debit, row["token_id"]), (0, 0, 0, None))
        if len(owners) > 1 or row["amount"] != balance:
            self.problem(row, "a recovery for another party, or not of the whole position")
        if self.heir(debit) not in (debit, credit):
            self.problem(row, "recovered to another wallet than the one that had succeeded")
        self.heirs.setdefault(debit, credit)

    def broken_holds(self, row):
        """Units that enforcement takes out of the holds that its case names, in their order."""
        place = (row["debit_wallet"], row["token_id"])
        lacking = broken = max(row["amount"] - self.available(place), 0)
        for name in self.cited_case(row).get("body", {}).get("holds", ()):
            hold = self.holds.get(name, dict(remaining=0))
            if hold.get("wallet") != row["debit_wallet"]:
                continue
            taken = min(lacking, hold["remaining"])
            hold["remaining"] -= taken
            lacking -= taken
        return broken - lacking

    def apply_party(self, row, body):
        self.kinds[row["subject"]] = body["kind"]
        self.facts[row["subject"]] = {name: body[name] for name in ("country", "lei", "commitment")
                                      if name in body}
        if "keys" in body:
            self.set_policy(row, body, row["subject"])

    def apply_wallet(self, row, body):
        address = wallet_address(self.ledger, row["subject"])
        party = uuid.UUID(body["party"])
        custodian = uuid.UUID(body["custodian"]) if body.get("custodian") else None
        self.wallets[address] = dict(subject=row["subject"], party=party, custodian=custodian,
                                     salt=bytes.fromhex(body["salt"]),
                                     signed_only=body.get("signed_only", False))
        if body["kind"] == "omnibus":
            self.omnibus.add(address)
        self.wallet_ids[row["subject"]] = address
        self.set_policy(row, body, party, address, custodian)

    def apply_token(self, row, body):
        address = wallet_address(self.ledger, row["subject"])
        self.wallets[address] = dict(subject=None, party=row["actor"], custodian=None,
                                     salt=bytes.fromhex(body["salt"]), signed_only=False)
        self.tokens[row["subject"]] = dict(issuer=row["actor"], issuance=address,
                                           unsigned_role=body.get("unsigned_role"))

    def apply_redemption_terms(self, row, body):
        terms = self.dated(row, body, ("price", "token"))
        terms.update(token=uuid.UUID(body["token"]), price=int(body["price"]),
                     per=int(body.get("per", "1")))
        if terms["token"] == row["subject"] or terms["token"] not in self.tokens:
            self.problem(row, "it names no other token of the register")
        if row["subject"] in self.issued:
            self.problem(row, "terms of redemption after the first issue")
        if min(terms["price"], terms["per"]) <= 0 or terms["price"] * terms["per"] >= 1 << 127:
            return self.problem(row, "terms of redemption on which no cost can be worked out")
        self.redemptions[row["subject"]] = terms

    def apply_wallet_terms(self, row, body):
        self.wallets[self.wallet_ids[row["subject"]]]["signed_only"] = body["signed_only"]

    def apply_token_policy(self, row, body):
        self.tokens[row["subject"]]["unsigned_role"] = body["unsigned_role"]

    def apply_batch(self, row, body):
        event, policy = self.policies.get(row["actor"], (None, None))
        signed = {kid for _, kid, _ in parse_signature_list(row["signatures"])}
        keys = policy.keys if policy else []
        ends = [k.valid_to for k in keys if key_id(k.scheme, k.octets) in signed]
        ends = [end for end in (body.get("valid_until"), *ends) if end is not None]
        self.batches[row["entry_id"]] = dict(
            row=row, actor=row["actor"], count=body["count"], sum=int(body["sum"]), policy=event,
            token=uuid.UUID(body["token"]), until=min(ends, default=None),
            hash=bytes.fromhex(body["hash"]), seen=0, total=0, running=hashlib.sha256())

    # Entries

    def entry(self, row):
        self.next_id(row)
        self.count["entries"] += 1
        debit_side = self.side(row, "debit")
        credit_side = self.side(row, "credit")
        if leaf(entry_record(self.ledger, row, debit_side, credit_side)) != row["leaf_hash"]:
            self.problem(row, "leaf hash differs from the entry's columns")
        order = (row["ordering_party"], row["order_id"])
        if order in self.orders:
            self.problem(row, "order id used twice")
        self.orders.add(order)
        if self.rests_on_case(row):
            self.check_case(row)
        self.check_order(row)
        self.check_hold(row)
        self.check_lost(row)
        self.check_stopped(row)
        self.check_eligible(row)
        self.check_rules(row)
        self.move(row)
        self.check_paid(row)

    def side(self, row, name):
        if row[name + "_seq"] is None:
            return None
        wallet = self.wallets.get(row[name + "_wallet"])
        if wallet is None:
            self.problem(row, f"{name} wallet is not registered")
            return None
        return side_digest(wallet["salt"], row["token_id"], row[name + "_seq"],
                           row[name + "_balance"], row[name + "_held"], row[name + "_prev"])

    def wallet_orderer(self, row, address):
        """The wallet itself if its party orders, else its custodian or representative."""
        party = row["ordering_party"]
        wallet = self.wallets.get(address, dict(party=None, custodian=None))
        if party == wallet["party"]:
            return wallet["subject"]
        if party == wallet["custodian"] or self.has_mandate(
                wallet["party"], party, row["posted_at"]):
            return party
        return None

    def has_mandate(self, principal, party, at):
        mandates = [self.mandates.get((principal, party, scope)) for scope in ("orders", "all")]
        return any(m and m["granted"] and in_force(m, at) for m in mandates)

    UNSTOPPED = ("lock_up", "seizure", "freeze")   # holds that protect others than the holder
    # docs/security.md, "Who bypasses what": the sides that a freeze stops.
    STOPS = {"issue": ("credit",), "redeem": ("debit",), "transfer": ("debit", "credit"),
             "hold": ("debit", "credit"), "post": ("debit", "credit"), "force": ("credit",),
             "recover": ("credit",), "reverse": ("credit",)}

    def side_wallets(self, row, sides):
        wallets = [self.wallets.get(row[name + "_wallet"]) for name in sides]
        return [wallet for wallet in wallets if wallet]

    def check_lost(self, row):
        """A lost wallet receives nothing and orders nothing; enforcement and releases go on."""
        if row["kind"] == "release":
            return
        for side in ("credit",) if by_case(row) else ("debit", "credit"):
            if row[side + "_wallet"] in self.heirs:
                self.problem(row, f"the {side} wallet was lost")

    def check_stopped(self, row):
        if row["kind"] not in self.STOPS or row["purpose"] in self.UNSTOPPED:
            return
        subjects = [("ordering party", row["ordering_party"])]
        if not by_case(row):
            subjects.append(("token", row["token_id"]))
        lost = self.wallets.get(row["debit_wallet"], {}).get("subject")
        stays_frozen = row["kind"] == "recover" and lost in self.stopped
        for wallet in self.side_wallets(row, self.STOPS[row["kind"]]):
            subjects.append(("party", wallet["party"]))
            if not stays_frozen:
                subjects.append(("wallet", wallet["subject"]))
            elif wallet["subject"] not in self.stopped:
                self.problem(row, "recovered from a frozen wallet to one that was not")
        for what, subject in dict(map(reversed, subjects)).items():
            if what in self.stopped:
                self.problem(row, f"the {subject} was stopped by event {self.stopped[what][0]}")

    def check_eligible(self, row):
        _, topics, receiver_only = self.topics.get(row["token_id"], (None, [], True))
        kind, parties = row["kind"], []
        if kind not in ("issue", "transfer", "hold", "post") or row["purpose"] in self.UNSTOPPED:
            return
        sides = [wallet["party"] for wallet in self.side_wallets(row, ("debit", "credit"))]
        if len(sides) == 2 and sides[0] == sides[1]:
            return
        if row["credit_wallet"] is not None:
            parties.append(("receiver", sides[-1]))
            self.check_acknowledged(row, sides[-1])
        if kind == "hold" or kind != "issue" and not receiver_only:
            parties.append(("sender", sides[0]))
        for what, party in parties:
            for topic in topics:
                if not self.has_claim(party, topic, row):
                    self.problem(row, f"the {what} had no claim on {topic} that counts")

    def check_acknowledged(self, row, party):
        token = row["token_id"]
        if self.is_issuer(party, token) or (party, token) in self.had:
            return
        for d in self.present_documents(token):
            if d["acknowledge"] and (party, d["event"]) not in self.acknowledged:
                self.problem(row, f"the receiver had not acknowledged document {d['event']}")

    def has_claim(self, party, topic, row):
        def counts(claim):
            _, topics = self.trusted.get((row["token_id"], claim["issuer"]), (None, []))
            return (claim["revoked"] is None and in_force(claim, row["posted_at"]) and
                    topic in topics and self.may(claim["issuer"], "claim_issuer"))
        return any(map(counts, self.claims_on.get((party, topic), [])))

    # docs/format.md, "Rule sets".  What an entry and facts about its parties decide is asked
    # here; rules that count, sum, or live in the database are for sto_verify: not_replayed.

    def check_rules(self, row):
        """The set in force at the entry, and those of its rules that need no counter."""
        past = [s for s in self.rule_sets.get(row["token_id"], []) if s[0] <= row["posted_at"]]
        _, event, rules = max(past, key=lambda s: s[:2], default=(None, None, []))
        if row["kind"] == "release":
            event = None
        if row["rule_set"] != event:
            self.problem(row, f"rule_set is not {event}, the rules in force")
        if row["kind"] in ("force", "recover", "reverse"):
            self.asked[row["entry_id"]] = {
                number: (event, rule["definition"]) for number, rule in enumerate(rules, 1)
                if rule["rule"] == "custom" and "transfer" in rule.get("kinds", ["transfer"]) and
                not self.exempts_entry(row, rule)}
        checked = row["kind"] == "post" and self.holds.get(
            row["hold_id"], dict(row=dict(checked_once=None)))["row"]["checked_once"]
        if row["kind"] not in ("issue", "redeem", "transfer", "hold", "post") or checked or \
                row["purpose"] in ("lock_up", "seizure", "freeze"):
            return
        for number, rule in enumerate(rules, 1):
            kinds = ("issue",) if rule["rule"] == "offer_limits" else \
                ("issue", "transfer", "hold", "post")
            if row["kind"] not in rule.get("kinds", kinds):
                continue
            ask = getattr(self, "rule_" + rule["rule"], None)
            passed = ask(row, rule) if ask else None
            if passed is None:
                self.not_replayed[rule["rule"]] = self.not_replayed.get(rule["rule"], 0) + 1
            elif not passed:
                self.problem(row, f"rule {number}, {rule['rule']}, did not let it pass")

    def sides(self, row):
        """Sender and receiver; an issuance wallet is neither."""
        issuance = self.tokens.get(row["token_id"], {}).get("issuance")
        wallets = dict(sender=row["debit_wallet"], receiver=row["credit_wallet"])
        return {name: self.wallets[wallet]["party"] for name, wallet in wallets.items()
                if wallet not in (None, issuance) and wallet in self.wallets}

    def asked_parties(self, row, rule, side="receiver"):
        """The parties that the rule asks about; none for a move between wallets of one."""
        found = self.sides(row)
        if len(found) == 2 and found["sender"] == found["receiver"]:
            return []
        side = rule.get("side", side)
        return [party for name, party in found.items()
                if side in (name, "either") and str(party) not in rule.get("exempt", [])]

    def exempts_entry(self, row, rule):
        """A rule about the entry passes if either side is exempt."""
        return any(str(party) in rule.get("exempt", []) for party in self.sides(row).values())

    def rule_granularity(self, row, rule):
        return row["amount"] % int(rule["units"]) == 0 or self.exempts_entry(row, rule)

    def rule_lock_up(self, row, rule):
        sender = self.sides(row).get("sender")
        return sender is None or row["posted_at"] >= rule["until"] or \
            str(sender) in rule.get("exempt", [])

    def rule_venue(self, row, rule):
        hold = self.holds.get(row["hold_id"], dict(row=row))["row"]
        venues = (row["posted_by"], row["ordering_party"], hold["notary"])
        return self.exempts_entry(row, rule) or \
            any(str(party) in rule["parties"] for party in venues if party is not None)

    def country(self, party, rule):
        name = "incorporation" if rule.get("by") == "incorporation" else "country"
        return self.facts.get(party, {}).get(name)

    def rule_country_allow(self, row, rule):
        return all(self.country(party, rule) in rule["countries"]
                   for party in self.asked_parties(row, rule))

    def rule_country_deny(self, row, rule):
        return not any(self.country(party, rule) in rule["countries"]
                       for party in self.asked_parties(row, rule))

    def rule_party_list(self, row, rule):
        parties = self.listed.get((row["token_id"], rule["list"]), ())
        return all((party in parties) == (rule["mode"] == "allow")
                   for party in self.asked_parties(row, rule))

    def rule_opt_in(self, row, rule):
        return all((party, row["token_id"]) in self.opted_in
                   for party in self.asked_parties(row, rule))

    def rule_investor_class(self, row, rule):
        """Caps need totals; classes alone do not."""
        def allowed(party):
            stated = self.classes.get((party, row["token_id"])) or self.classes.get((party, None))
            return stated is not None and in_force(stated, row["posted_at"]) and \
                stated["class"] in rule["classes"]
        if "caps" in rule:
            return None
        return all(map(allowed, self.asked_parties(row, rule)))

    def orderer(self, row):
        """Whose quorum may order this entry; None: nobody's."""
        kind, party = row["kind"], row["ordering_party"]
        issuer = self.tokens.get(row["token_id"], {}).get("issuer")
        if self.rests_on_case(row):
            case = self.cited_case(row)
            officer = party in (case.get("opened_by"), case.get("approved_by"))
            return party if officer and self.may(party, OFFICERS[case["body"]["act"]]) else None
        if kind == "issue" or self.is_issuers_lock_up(row):
            return issuer if party == issuer else None
        if row["token_id"] in self.redemptions and self.is_issuers_redeem(row):
            return party
        if kind in ("transfer", "redeem", "hold"):
            return self.wallet_orderer(row, row["debit_wallet"])
        hold = self.holds.get(row["hold_id"], dict(row=None))["row"]
        if hold and kind in ("post", "release"):
            if hold["purpose"] in ("seizure", "freeze"):
                posts = hold["purpose"] == "seizure" and hold["credit_wallet"] is not None
                return party if (kind == "release" or posts) and self.may(party, "enforcer") \
                    else None
            if hold["purpose"] == "hash_lock" and kind == "post":
                return None     # its preimage does, and no signature
            if hold["purpose"] in ("pledge", "hash_lock"):
                return self.wallet_orderer(row, self.heir(hold["credit_wallet"]))
            return party if party == hold["notary"] else None
        return None

    # Clause "Redemption by the issuer"

    def is_issuers_redeem(self, row):
        """Of a wallet of somebody else, for whom the issuer doesn't order anyway."""
        return (row["kind"] == "redeem" and
                self.is_issuer(row["ordering_party"], row["token_id"]) and
                self.wallet_orderer(row, row["debit_wallet"]) is None)

    def check_paid(self, row):
        """Payments of a statement and group, and the redeems that use them up."""
        paid, payer = [self.wallets.get(row[side + "_wallet"], dict(party=None, custodian=None))
                       for side in ("credit", "debit")]
        place = (row["group_id"], row["received_at"], row["ordering_party"])
        if row["kind"] == "issue":
            self.issued.add(row["token_id"])
        if row["group_id"] is not None and row["kind"] == "transfer" and \
                paid["party"] != payer["party"] and \
                paid["custodian"] != row["ordering_party"] and \
                any(t["token"] == row["token_id"] for t in self.redemptions.values()):
            place += (paid["party"], row["token_id"])
            self.paid[place] = self.paid.get(place, 0) + row["amount"]
        terms = self.redemptions.get(row["token_id"])
        if terms is None or not self.is_issuers_redeem(row):
            return
        if not in_force(terms, row["posted_at"]):
            self.problem(row, "the terms of redemption were not in force")
        place += (payer["party"], terms["token"])
        cost = -(-row["amount"] * terms["price"] // terms["per"])
        if row["group_id"] is None or cost > self.paid.get(place, 0):
            return self.problem(row, "the issuer redeems what it has not paid for")
        self.paid[place] -= cost

    def is_issuers_lock_up(self, row):
        """Of a wallet of somebody else: in its own an issuer is a holder like others."""
        wallet = self.wallets.get(row["debit_wallet"], dict(party=None))
        return (row["kind"] == "hold" and row["purpose"] == "lock_up" and
                self.is_issuer(row["ordering_party"], row["token_id"]) and
                row["ordering_party"] != wallet["party"])

    def check_hold(self, row):
        """A hold's own terms: what it may follow, and until when it is posted."""
        debit, credit = [(row[side + "_wallet"], row["token_id"]) for side in ("debit", "credit")]
        group, rest = self.lockable.pop(debit, (None, 0))
        follows = (row["kind"] == "hold" and row["purpose"] == "lock_up" and group is not None and
                   group == row["group_id"] and row["amount"] <= rest)
        if self.is_issuers_lock_up(row) and not follows:
            self.problem(row, "an issuer's lock-up does not follow the issue of what it locks")
        if follows:
            self.lockable[debit] = (group, rest - row["amount"])
        if row["kind"] not in ("hold", "release"):
            self.lockable.pop(credit, None)
        if row["kind"] == "issue" and row["group_id"] is not None:
            self.lockable[credit] = (row["group_id"], row["amount"])
        if row["notary"] is not None and \
                row["notary"] == self.wallets.get(row["debit_wallet"], dict(party=None))["party"]:
            self.problem(row, "a hold's notary is who holds the units")
        hold = self.holds.get(row["hold_id"], dict(row=None))["row"]
        if row["kind"] != "post" or not hold:
            return
        if hold["release_after"] is not None and row["posted_at"] >= hold["release_after"]:
            self.problem(row, "posts a hold that had expired")
        if hold["purpose"] == "hash_lock" and not row["keep_rest"] and \
                row["amount"] < self.holds[row["hold_id"]]["remaining"]:
            self.problem(row, "a post of a hash lock releases what it does not post")

    def check_order(self, row):
        message = order_message(self.ledger, row)
        subject = self.orderer(row)
        batch = None if self.rests_on_case(row) else self.batches.get(row["authority_event"])
        if row["valid_until"] is not None and row["posted_at"] >= row["valid_until"]:
            self.problem(row, "posted after it had expired")
        if batch:
            batch["seen"] += 1
            batch["total"] += row["amount"]
            batch["running"].update(message)
            if batch["actor"] != subject:
                self.problem(row, "the batch's actor may not order this")
            elif batch["policy"] != self.policies.get(subject, (None,))[0]:
                self.problem(row, "the keys that signed the batch had changed")
            if batch["token"] != row["token_id"]:
                self.problem(row, "the batch is for another token")
            if batch["until"] is not None and row["posted_at"] >= batch["until"]:
                self.problem(row, "the batch, or a key that signed it, was not valid any more")
            if batch["policy"] != row["key_policy"]:
                self.problem(row, "key policy is not the batch's")
        elif row["signatures"] is None:
            if not self.may_be_unsigned(row):
                self.problem(row, "not signed")
        elif subject not in self.policies or subject == NIL:
            self.problem(row, "the ordering party may not order this")
        else:
            event, policy = self.policies[subject]
            if event != row["key_policy"]:
                self.problem(row, "key policy is not the one in force")
            self.check_quorum(row, policy, message, row["posted_at"])

    def may_be_unsigned(self, row):
        """A token's policy, a hold that has expired, or a hash lock's preimage allows it."""
        by_submitter = row["ordering_party"] == row["posted_by"]    # nobody else's ids are used up
        kind = row["kind"]
        hold = self.holds.get(row["hold_id"], dict(row=None))["row"]
        if kind == "release" and hold and hold["release_after"] is not None:
            return row["posted_at"] >= hold["release_after"] and by_submitter
        if kind == "post" and hold and hold["purpose"] == "hash_lock":
            return by_submitter and row["preimage"] is not None and \
                sha256(row["preimage"]) == hold["condition_hash"]
        free = self.tokens.get(row["token_id"], {}).get("unsigned_role") is not None
        if kind == "issue":
            return free
        wallet = self.wallets.get(row["debit_wallet"], dict(signed_only=True))
        return (free and kind in ("transfer", "redeem", "hold") and not wallet["signed_only"] and
                row["ordering_party"] == wallet["party"])   # nobody else's orders are freed

    def move(self, row):
        kind, amount = row["kind"], row["amount"]
        if kind in ("transfer", "post", "force"):
            self.moved[row["entry_id"]] = (row["token_id"], row["debit_wallet"],
                                           row["credit_wallet"], amount)
        balance = held = 0      # what leaves the debit position
        carried = 0             # and of the held goes along
        if kind == "hold":
            held, self.holds[row["entry_id"]] = -amount, dict(row=row, remaining=amount,
                                                              wallet=row["debit_wallet"])
        elif kind in ("post", "release"):
            hold = self.holds.get(row["hold_id"], dict(remaining=0))
            held = hold["remaining"] if kind == "post" and not row["keep_rest"] else amount
            hold["remaining"] -= held
            if hold["remaining"] < 0 or held < amount:
                self.problem(row, "more than the hold holds")
            if hold.get("wallet", row["debit_wallet"]) != row["debit_wallet"]:
                self.problem(row, "the hold is on another wallet")
        elif kind == "recover":
            _, _, held, _ = self.positions.get((row["debit_wallet"], row["token_id"]),
                                               (0, 0, 0, None))
            carried = held
            for hold in self.holds.values():    # they follow the units
                if hold["remaining"] > 0 and (hold["wallet"], hold["row"]["token_id"]) == (
                        row["debit_wallet"], row["token_id"]):
                    hold["wallet"] = row["credit_wallet"]
        elif by_case(row):
            held = self.broken_holds(row)
        if kind not in ("hold", "release"):
            balance = amount
        if kind == "recover" and any(a["remaining"] > 0 and a["place"] == (
                row["debit_wallet"], row["token_id"]) for a in self.attachments.values()):
            self.problem(row, "it recovers a wallet with attached units")
        if kind in ("transfer", "redeem", "hold", "force", "reverse") and \
                amount - max(held, 0) > self.available((row["debit_wallet"], row["token_id"])):
            self.problem(row, "more than the debit position has available")
        self.step(row, "debit", -balance, -held)
        if kind not in ("hold", "release"):
            self.step(row, "credit", amount, carried)
            self.had.add((self.wallets.get(row["credit_wallet"], {}).get("party"),
                          row["token_id"]))

    def step(self, row, name, balance_change, held_change):
        if row[name + "_seq"] is None:
            return self.problem(row, f"{name} side is missing")
        place = (row[name + "_wallet"], row["token_id"])
        seq, balance, held, head = self.positions.get(place, (0, 0, 0, None))
        if row[name + "_prev"] != head or row[name + "_seq"] != seq + 1:
            self.problem(row, f"does not link to the {name} position's entry before")
        self.count["links"] += 1
        balance, held = balance + balance_change, held + held_change
        if (row[name + "_balance"], row[name + "_held"]) != (balance, held):
            self.problem(row, f"{name} balance is not the sum of its entries")
        token = self.tokens.get(row["token_id"], {})
        issuance = place[0] == token.get("issuance")
        if not issuance and not 0 <= held <= balance:
            self.problem(row, f"{name} position is overdrawn")
        # Go on from what the row states, so that one bad row is one problem.
        self.positions[place] = (row[name + "_seq"], row[name + "_balance"], row[name + "_held"],
                                 row["leaf_hash"])

    def finish(self):
        for event, batch in self.batches.items():
            if batch["seen"] and (batch["seen"], batch["total"], batch["running"].digest()) != \
                    (batch["count"], batch["sum"], batch["hash"]):
                self.problem(batch["row"], "the entries are not the list that was signed")
        totals = {}
        for (_, token), (_, balance, _, _) in self.positions.items():
            totals[token] = totals.get(token, 0) + balance
        for token, total in totals.items():
            if total:
                self.problems.append((0, f"balances of token {token} sum to {total}"))


def verify_copy(events, entries, genesis_hash=None):
    """Check a whole log.  events, entries: lines of COPY_EVENTS and COPY_ENTRIES.

    Returns a Register: `problems` is empty if every leaf, link, signature, batch and
    balance holds; `positions` is the register recomputed from the log alone.  Give the
    genesis leaf that you trust: without it a wholly invented log passes.  `not_replayed` says
    which rules of tokens were not asked, and of how many entries: sto_verify asks them.
    """
    register = Register()
    rows = [(row["entry_id"], register.event, row) for row in parse_copy(events, EVENT_COLUMNS)]
    rows += [(row["entry_id"], register.entry, row)
             for row in parse_copy(entries, ENTRY_COLUMNS)]
    for _, check, row in sorted(rows, key=lambda item: item[0]):
        check(row)
    register.finish()
    if genesis_hash is not None and genesis_hash != register.genesis_hash:
        register.problems.append((0, "not the ledger whose genesis is trusted"))
    return register


def proven_position(proof):
    """(seq, balance, held, head) of a proof that holds and that was opened for its reader."""
    if not proof["present"]:
        return 0, 0, 0, None
    return (proof["seq"], int(proof["balance"]), int(proof["held"]),
            bytes.fromhex(proof["head"]))


def verify_statement(ledger, wallet, lines, begin=(0, 0, 0, None)):
    """Check a holder's own chain, whole.  lines: the output of copy_statement.

    begin: what the first line follows, as (seq, balance, held, head): nothing, or a close's
    proof (see proven_position); the answer must then be what a later close's proof says.
    Returns (problems, balance, held, head): whoever has the head from another copy of the
    register, or from a receipt, needs nothing else of anybody's.
    """
    problems, (seq, balance, held, head) = [], begin
    for row in parse_copy(lines, STATEMENT_COLUMNS):
        debit = row["direction"] == "debit"
        own = side_digest(row["salt"], row["token_id"], row["seq"], row["balance"], row["held"],
                          row["prev"])
        sides = (own, row["other_side"]) if debit else (row["other_side"], own)
        if leaf(entry_record(ledger, row, *sides)) != row["leaf_hash"]:
            problems.append((row["entry_id"], "leaf hash differs"))
        if row["debit_wallet" if debit else "credit_wallet"] != wallet:
            problems.append((row["entry_id"], "not an entry of this wallet"))
        if (row["seq"], row["prev"]) != (seq + 1, head):
            problems.append((row["entry_id"], "does not link to the entry before"))
        moved = 0 if row["kind"] in ("hold", "release") else row["amount"]
        if row["balance"] != balance + (-moved if debit else moved):
            problems.append((row["entry_id"], "balance is not the sum of the entries"))
        seq, balance, held, head = row["seq"], row["balance"], row["held"], row["leaf_hash"]
    return problems, balance, held, head
