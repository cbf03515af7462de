"""Rules, answers and enforcement, in the demonstration.

The issuer gives its token rules; an officer asks what would pass; orders that break a rule are
refused with every reason; two officers carry a court's decision out.
"""

import json
import uuid

import psycopg2
import sto_client as sto

RULES = [
    {"rule": "country_deny", "label": "sanctions", "countries": ["IR", "KP"]},
    {"rule": "granularity", "label": "round lots", "units": "100"},
    {"rule": "max_balance", "label": "ten per cent", "share": 1000},
    {"rule": "max_holders", "label": "private company", "count": 5000},
    {"rule": "volume_limit", "label": "a day's sales", "seconds": 86400, "share": 500},
]


class Officer:
    """A party with a capability, and its key."""

    def __init__(self, acts, roots, registrar, registrar_keys, capability):
        self.party, self.keys = uuid.uuid4(), [sto.PrivateKey("ed25519")]
        acts.put("party", self.party, registrar, registrar_keys,
                 {"kind": "legal", "country": "KZ",
                  **acts.keys(self.keys, 1, self.party, self.party)})
        acts.put("capability", self.party, sto.NIL, roots[:2],
                 {"capability": capability, "granted": True})


class Compliance:
    def __init__(self, acts, submit, expect, row, clock):
        self.acts, self.cursor, self.submit = acts, acts.cursor, submit
        self.expect, self.row, self.clock = expect, row, clock

    def one(self, query, *values):
        self.cursor.execute(query, values)
        return self.cursor.fetchone()[0]

    def set_rules(self, token, issuer, keys):
        with self.clock() as clock:
            self.rule_set = self.acts.put("rule_set", token, issuer, keys,
                                          {"rules": RULES, "record_refusals": True})
        self.expect(self.one("SELECT set_by FROM sto.rule_set WHERE token_id = %s", str(token))
                    == self.rule_set, f"{len(RULES)} rules on a live token, signed by its issuer")
        self.row("rules bound to a live token", 1, clock.seconds, "counts what it needs itself")

    def dry_run(self, token, sender, receiver):
        """What would a transfer meet?  Every reason, and how much would pass."""
        self.cursor.execute("SELECT rule, passing::text FROM sto.check_transfer(%s, %s, %s, '150')",
                            (str(token), sender.text, receiver.text))
        reasons = dict(self.cursor.fetchall())
        self.expect(set(reasons) == {"country_deny", "granularity"},
                    "a dry run names every rule that fails: " + ", ".join(sorted(reasons)))

    def refused(self, order_row, values):
        try:
            self.submit.execute(order_row, values)
        except psycopg2.Error as error:
            lines = (error.diag.message_detail or "").split("\n")
            self.expect(error.pgcode == "ST221" and len(lines) == 2,
                        f"posted all the same: {error.pgcode}, {len(lines)} reasons in its detail")
            return
        self.expect(False, "an order against the rules was accepted")

    def bulk(self, rows):
        """Good and bad orders together: each gets its own answer, refusals stay on record."""
        with self.clock() as clock:
            self.submit.execute(
                "SELECT result, count(*), count(recorded) FROM sto.submit(ARRAY("
                "SELECT jsonb_populate_record(NULL::sto.order, o) FROM jsonb_array_elements(%s) o)) "
                "GROUP BY result ORDER BY result",
                (json.dumps([{k: v for k, v in r.items() if v is not None} for r in rows]),))
            answers = {result: (count, recorded) for result, count, recorded in self.submit}
        posted, refused = answers.get("posted", (0, 0)), answers.get("refused", (0, 0))
        self.expect(posted[0] == len(rows) - 3 and refused == (3, 3),
                    f"sto.submit: {posted[0]} posted, {refused[0]} refused and on record")
        self.row("orders through sto.submit", len(rows), clock.seconds, "rules asked of each")

    def explained(self, entry):
        self.cursor.execute("SELECT rule, result FROM sto.explain_entry(%s)", (entry,))
        answers = self.cursor.fetchall()
        self.expect([a[0] for a in answers] == [r["rule"] for r in RULES]
                    and {a[1] for a in answers} == {"passed"},
                    f"entry {entry} explained: {len(answers)} rules, each with its facts then")

    def court(self, officers, own, token, debtor, creditor, amount):
        """
        A court's decision: the debtor is frozen and units are moved.  One officer opens a case
        of each, another approves.
        own: the first one's session.
        """
        first, second = officers
        decision = sto.sha256(b"decision").hex()
        frozen = {"frozen": True, "basis": "court", "document_hash": decision}
        case = uuid.uuid4()
        event = self.acts.put("case", case, first.party, first.keys,
                              {"act": "wallet_freeze", "basis": "court",
                               "document_hash": decision, "debit": debtor.text})
        self.acts.put("case_approve", case, second.party, second.keys, {"approved": True})
        self.acts.put("wallet_freeze", debtor.id, first.party, first.keys,
                      {**frozen, "case": event})
        case = uuid.uuid4()
        event = self.acts.put("case", case, first.party, first.keys,
                              {"act": "force", "basis": "court", "document_hash": decision,
                               "token": str(token), "debit": debtor.text,
                               "credit": creditor.text, "amount": str(amount)})
        order = {"kind": "force", "order_id": uuid.uuid4(), "ordering_party": first.party,
                 "token_id": token, "debit_wallet": debtor.address,
                 "credit_wallet": creditor.address, "amount": amount,
                 "attachment_hash": bytes.fromhex(decision)}
        signed = sto.signature_list(sto.order_message(self.acts.ledger, order), first.keys)
        values = (event, str(first.party), str(order["order_id"]), signed)
        enforce = "SELECT entry_id FROM sto.enforce(%s, %s, %s, %s)"
        try:
            own.execute(enforce, values)
            self.expect(False, "one officer alone moved units")
        except psycopg2.Error as error:
            self.expect(error.pgcode == "ST216", f"one officer alone: {error.pgcode} "
                        + error.diag.message_primary)
        self.acts.put("case_approve", case, second.party, second.keys, {"approved": True})
        own.execute(enforce, values)
        entry = own.fetchone()[0]
        self.expect(self.one("SELECT kind FROM sto.transfer WHERE entry_id = %s", entry) == "force",
                    f"two officers: entry {entry} moves units out of a frozen wallet")
        self.expect(self.one("SELECT count(*) FROM sto.restriction") == 1,
                    "  and the wallet is as frozen as before")
