"""Seals, a witness, receipts and the stand-alone verifier, in the demonstration.

The log's key is a file that the server's background worker reads; no SQL ever sees it.  The
witness and the verifier are programs of their own, which trust keys and the first event's hash.
"""

import json
import os
import shutil
import subprocess
import time
import uuid

import sto_client as sto
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

WITNESS = "regulator.example/witness"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


class Evidence:
    def __init__(self, folder, cursor, expect, row, clock):
        self.folder, self.cursor, self.expect = folder, cursor, expect
        self.row, self.clock = row, clock

    def _key_file(self, name, owner=None):
        """A new Ed25519 key in a file that its owner alone can read."""
        seed = os.urandom(32)
        path = os.path.join(self.folder, name)
        pem = Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(pem)
        if owner and os.geteuid() == 0:
            shutil.chown(path, owner)
        return path, sto.PrivateKey("ed25519", seed)

    def one(self, query, *values):
        self.cursor.execute(query, values)
        return self.cursor.fetchone()[0]

    def begin(self, acts, roots, registrar, registrar_keys, genesis):
        """The log's key and a witness's are registered; from here on the worker seals."""
        self.genesis = genesis.hex()
        path, key = self._key_file("log.pem", "postgres")
        origin = self.one("SELECT origin FROM sto.ledger")
        acts.put("log_key", sto.NIL, sto.NIL, roots[:2],
                 sto.note_key_body(acts.ledger, key, origin=origin))

        regulator, keys = uuid.uuid4(), [sto.PrivateKey("ed25519")]
        self.witness_key, witness = self._key_file("witness.pem")
        acts.put("party", regulator, registrar, registrar_keys,
                 {"kind": "legal", "country": "KZ", **acts.keys(keys, 1, regulator, regulator)})
        acts.put("capability", regulator, sto.NIL, roots[:2],
                 {"capability": "witness", "granted": True})
        acts.put("witness_key", regulator, regulator, keys,
                 sto.note_key_body(acts.ledger, witness, party=regulator, name=WITNESS))
        acts.put("witness_policy", sto.NIL, sto.NIL, roots[:2], {"threshold": 1})

        self.cursor.execute("ALTER SYSTEM SET sto_ledger.log_key = %s", (path,))
        self.cursor.execute("ALTER SYSTEM SET sto_ledger.seal_databases = 'postgres'")
        self.cursor.execute("SELECT pg_reload_conf()")
        self.log_vkey = self.one("SELECT sto.log_vkey()")
        self.witness_vkey = self.one("SELECT vkey FROM sto.witness_vkeys")
        self.expect(True, "the log's key is registered, a regulator's witness key too; "
                          "the worker seals every second")

    def _signed(self, size, seconds=30):
        """Wait until a checkpoint of at least this size is signed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.one("SELECT coalesce(max(tree_size), 0) FROM sto.checkpoint") >= size:
                return True
            time.sleep(0.1)
        return False

    def seal(self):
        """All that was posted is sealed, signed, and cosigned by the witness's own program."""
        leaves = self.one("SELECT count(*) FROM sto.log")
        blocks = self.one("SELECT count(*) FROM sto.block")
        self.expect(self._signed(leaves),
                    f"{leaves:,} leaves sealed while clients wrote ({blocks} blocks so far), "
                    "checkpoint signed")
        status, _, error = run("sto_witness", "--conn", "", "--key", self.witness_key, "--name",
                               WITNESS, "--log-key", self.log_vkey, "--state",
                               os.path.join(self.folder, "witness.state"), "--once")
        self.expect(status == 0, "sto_witness saw that the log only grew, and cosigned "
                    + error.strip().split("\n")[-1] * (status != 0))

    def receipt(self, own, entry):
        """An investor's receipt, checked without a database; one octet changed, refused."""
        promise = self._file("promise", own, "SELECT sto.promise(%s)", entry)
        receipt = self._file("receipt", own, "SELECT sto.receipt(%s)", entry)
        keys = ("--log-key", self.log_vkey)
        status, _, error = run("sto_verify", "promise", promise, *keys)
        self.expect(status == 0, "a promise, signed by the worker before the seal " + error)
        keys += ("--witness-key", self.witness_vkey, "--witnesses", "1")
        status, _, error = run("sto_verify", "receipt", receipt, *keys)
        self.expect(status == 0, f"a receipt of entry {entry}, checked by sto_verify without a "
                    "database " + error)
        with open(receipt) as text:
            lines = text.read().split("\n")
        place = next(i for i, line in enumerate(lines) if line.startswith("index ")) + 1
        lines[place] = ("B" if lines[place][0] != "B" else "C") + lines[place][1:]
        with open(receipt + ".altered", "w") as text:
            text.write("\n".join(lines))
        status, _, _ = run("sto_verify", "receipt", receipt + ".altered", *keys)
        self.expect(status == 1, "  and one altered letter of it is refused")

    def _file(self, name, cursor, query, entry):
        cursor.execute(query, (entry,))
        path = os.path.join(self.folder, f"{name}.{entry}")
        with open(path, "w") as out:
            out.write(cursor.fetchone()[0])
        return path

    def verify(self, what):
        """The stand-alone verifier's result: its exit status, and its JSON."""
        with self.clock() as clock:
            status, out, error = run(
                "sto_verify", "--conn", "", "--genesis", self.genesis, "--log-key", self.log_vkey,
                "--witness-key", self.witness_vkey, "--witnesses", "1", "--json")
        if status not in (0, 1):
            self.expect(False, f"sto_verify: {error.strip()}")
            return status, {}
        self.row(f"verified by sto_verify, {what}", self.one("SELECT count(*) FROM sto.log"),
                 clock.seconds, "a program of its own")
        return status, json.loads(out)
