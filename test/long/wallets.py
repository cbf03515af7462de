"""Registrations of wallets, for 004_register.pl: keys are made, and proofs and acts signed, outside the database by the
documented client.

    wallets.py LEDGER PARTY REGISTRAR SECRET COUNT

SECRET is the registrar's Ed25519 seed.  Prints lines for COPY sto.event (kind, subject, actor, body, signatures).
"""

import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "clients"))
import sto_client as sto


def main(ledger, party, registrar, secret, count):
    signer = sto.PrivateKey("ed25519", bytes.fromhex(secret))
    for _ in range(count):
        wallet = uuid.uuid4()
        key = sto.PrivateKey("ed25519")
        body = sto.compact_json({
            "party": str(party), "kind": "own", "salt": os.urandom(32).hex(),
            **sto.policy_body(1, [key], (ledger, party, wallet, sto.wallet_address(ledger, wallet)))})
        message = sto.act_message(ledger, "wallet", wallet, registrar, None, body)
        signatures = sto.signature_list(message, [signer])
        print("wallet", wallet, registrar, body, "\\\\x" + signatures.hex(), sep="\t")


if __name__ == "__main__":
    main(*map(uuid.UUID, sys.argv[1:4]), sys.argv[4], int(sys.argv[5]))
