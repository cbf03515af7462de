"""The vectors of keys that sign notes, checkpoints, receipts, promises and closes.

make_vectors.py calls make() with what it has made of the log up to there.
"""

import base64

import sto_client as sto

ORIGIN = "example.org/vectors"


def b64(octets):
    return base64.b64encode(octets).decode()


# ---- C2SP: signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof

def typed_key(key, kind):
    return bytes([kind]) + key.octets


def note_key_id(name, key, kind):
    return sto.sha256(name.encode() + b"\n" + typed_key(key, kind))[:4]


def vkey(name, key, kind):
    return f"{name}+{note_key_id(name, key, kind).hex()}+{b64(typed_key(key, kind))}"


def signature_line(name, key, kind, signature):
    return f"\u2014 {name} {b64(note_key_id(name, key, kind) + signature)}\n"


def cosignature_message(at, text):
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def split(n):
    """The largest power of two below n."""
    return 1 << (n - 1).bit_length() - 1


def inclusion(leaves, index):
    """PATH of RFC 9162 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return inclusion(leaves[:k], index) + [sto.merkle_root(leaves[k:])]
    return inclusion(leaves[k:], index - k) + [sto.merkle_root(leaves[:k])]


# ---- The vectors

class Maker:
    def __init__(self, vector, ledger, log_key, witnesses, start):
        """witnesses: (party, name, key) of each."""
        self.vector, self.ledger, self.start = vector, ledger, start
        self.name, self.log_key, self.witnesses = f"{ORIGIN}/{ledger}", log_key, witnesses
        assert self.name == sto.log_name(ORIGIN, ledger)

    def possession(self, title, party, name, key):
        v = self.vector("note_possession", title)
        kind = 1 if party is None else 4
        for field, value in (("ledger_id", self.ledger), ("party", party), ("name", name),
                             ("key", key.text)):
            v.take(field, value)
        v.piece("tag", sto.tag("sto.log_key" if party is None else "sto.witness_key"))
        v.piece("ledger_id", self.ledger.bytes)
        v.piece("party", (party or sto.NIL).bytes)
        v.piece("name", sto.text8(name))
        v.piece("scheme", sto.u8(key.scheme))
        v.piece("key", sto.u8(len(key.octets)) + key.octets)
        message = v.message()
        assert message == sto.note_possession_message(self.ledger, party, name, key.scheme,
                                                      key.octets)
        v.give("message", message)
        v.give("possession", key.sign(message))
        v.give("note key id", note_key_id(name, key, kind))
        v.give("vkey", vkey(name, key, kind))

    def checkpoint(self, title, leaves, witnesses):
        v = self.vector("checkpoint", title)
        root = sto.merkle_root(leaves)
        v.take("origin", self.name)
        v.take("tree_size", len(leaves))
        for leaf in leaves:
            v.take("leaf", leaf)
        v.take("log", vkey(self.name, self.log_key, 1))
        text = f"{self.name}\n{len(leaves)}\n{b64(root)}\n"
        signature = self.log_key.sign(text.encode())
        note = text + "\n" + signature_line(self.name, self.log_key, 1, signature)
        v.give("root", root)
        v.give_text("text", text)
        v.give(f"signature by {self.log_key.name}", signature)
        for n, (_, name, key) in enumerate(witnesses):
            at = self.start // 1000000 + 60 + n
            message = cosignature_message(at, text)
            signature = key.sign(message)
            v.take("witness", vkey(name, key, 4))
            v.take("time", at)
            v.give_text(f"cosigned by {key.name}", message.decode())
            v.give(f"signature by {key.name}", signature)
            note += signature_line(name, key, 4, sto.i64(at) + signature)
        v.give_text("note", note)
        return note

    def receipt(self, title, leaves, index, record, note, which=0, side=None):
        """side: (seq, balance, held, prev, salt) of the one that is opened."""
        v = self.vector("receipt", title)
        v.take("record", record)
        v.take("which", which)
        if side:
            for name, value in zip(("seq", "balance", "held", "prev", "salt"), side):
                v.take(name, value)
        v.take("index", index)
        v.take("tree_size", len(leaves))
        v.take("log", vkey(self.name, self.log_key, 1))
        for _, name, key in self.witnesses:
            v.take("witness", vkey(name, key, 4))
        v.piece("tag", sto.tag("sto.receipt"))
        v.piece("record", sto.u32(len(record)) + record)
        v.piece("which", sto.u8(which))
        if side:
            seq, balance, held, prev, salt = side
            v.piece("salt", salt)
            v.piece("seq", sto.i64(seq))
            v.piece("balance", sto.i128(balance))
            v.piece("held", sto.i128(held))
            v.piece("prev", sto.opt(sto.digest, prev))
        extra = v.message()
        proof = inclusion(leaves, index)
        assert sto.leaf(record) == leaves[index]
        assert sto.inclusion_is_good(leaves[index], index, len(leaves), proof,
                                     sto.merkle_root(leaves))
        v.give("extra", extra)
        v.give("leaf_hash", leaves[index])
        for octets in proof:
            v.give("proof", octets)
        v.give_text("receipt", f"c2sp.org/tlog-proof@v1\nextra {b64(extra)}\nindex {index}\n"
                    + "".join(b64(octets) + "\n" for octets in proof) + "\n" + note)

    def promise(self, title, entry_id, leaf):
        v = self.vector("promise", title)
        at = self.start + entry_id * 1000001 + 250000
        text = f"sto.promise/v1\n{self.name}\n{entry_id}\n{b64(leaf)}\n{at}\n"
        signature = self.log_key.sign(text.encode())
        for name, value in (("origin", self.name), ("entry_id", entry_id), ("leaf", leaf),
                            ("time", at), ("log", vkey(self.name, self.log_key, 1))):
            v.take(name, value)
        v.give_text("text", text)
        v.give(f"signature by {self.log_key.name}", signature)
        v.give_text("note", text + "\n" + signature_line(self.name, self.log_key, 1, signature))

    def close_leaf(self, title, wallet, token, seq, balance, held, head, salt):
        v = self.vector("close_leaf", title)
        for name, value in (("wallet", wallet), ("token_id", token), ("salt", salt), ("seq", seq),
                            ("balance", balance), ("held", held), ("prev", head)):
            v.take(name, value)
        salted = sto.side_digest(salt, token, seq, balance, held, head)
        v.piece("tag", sto.tag("sto.close"))
        v.piece("wallet", wallet)
        v.piece("token_id", token.bytes)
        v.piece("seq", sto.i64(seq))
        v.piece("head", head)
        v.piece("salted", salted)
        leaf = sto.leaf(v.message())
        assert leaf == sto.close_leaf(wallet, token, seq, head, salted)
        v.give("record", v.message())
        v.give("leaf", leaf)
        return wallet + token.bytes, leaf

    def close(self, title, placed):
        v = self.vector("close", title)
        leaves = [leaf for _, leaf in sorted(placed)]
        for leaf in leaves:
            v.take("leaf", leaf)
        v.give("count", len(leaves))
        v.give("root", sto.merkle_root(leaves))


def make(vector, ledger, log_key, witnesses, start, records, token, wallets, sides):
    """records: of the log's leaves in their order, the last three of entries.

    sides: of the wallets' positions after it, (seq, balance, held, prev, salt) and head.
    """
    maker = Maker(vector, ledger, log_key, witnesses, start)
    leaves = [sto.leaf(record) for record in records]
    maker.possession("Note key 1: the log's", None, maker.name, log_key)
    for n, (party, name, key) in enumerate(witnesses, 2):
        maker.possession(f"Note key {n}: a witness's", party, name, key)

    seven = maker.checkpoint("Checkpoint 1: of seven leaves, without a witness", leaves[:7], [])
    eight = maker.checkpoint("Checkpoint 2: of eight leaves, cosigned by two", leaves, witnesses)
    last = maker.checkpoint("Checkpoint 3: of one leaf, the genesis event", leaves[:1],
                            witnesses[:1])

    holder = wallets[1]
    maker.receipt("Receipt 1: entry 3's debit side, in the tree of checkpoint 2", leaves, 7,
                  records[7], eight, 1, sides[holder][0])
    maker.receipt("Receipt 2: entry 2's credit side, in the tree of checkpoint 2", leaves, 6,
                  records[6], eight, 2, sides[wallets[2]][0])
    maker.receipt("Receipt 3: an event, in the tree of checkpoint 1", leaves[:7], 3, records[3],
                  seven)
    maker.receipt("Receipt 4: the only leaf of a tree needs no hashes", leaves[:1], 0, records[0],
                  last)

    for n, entry_id in enumerate((7, 8, 9), 1):
        maker.promise(f"Promise {n}: of entry {n}", entry_id, leaves[entry_id - 2])

    placed = []
    for n, wallet in enumerate(wallets, 1):
        (seq, balance, held, _, salt), head = sides[wallet]
        placed.append(maker.close_leaf(f"Close leaf {n}: as its last entry left it", wallet, token,
                                       seq, balance, held, head, salt))
    maker.close("Close 1: the three leaves in their order, and the root", placed)
