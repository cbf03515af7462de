"""A simple model of the register, for properties.py: what the documents say, in the plainest form.

It shares no code with the extension; rules are asked of docs/clients/sto_rules.py.  Parties are
`uuid.UUID`, wallets and tokens names, times microseconds since 1970.  Every change goes through
`put`, so that it can be taken back: a refused statement or a rolled-back savepoint changes nothing.
"""

import hashlib
import json
import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "clients"))
import sto_rules as rules
from redemption_model import Redemption, in_force

ENFORCED = {"force", "reverse", "recover"}
OFFICIAL = {"seizure", "freeze"}
STATE_OF = {1: "ST001", 6: "ST202", 7: "ST204", 8: "ST206", 9: "ST304", 10: "ST210", 11: "ST211", 12: "ST212",
            20: "ST301", 21: "ST302", 22: "ST303", 30: "ST213", 31: "ST214", 40: "ST215", 50: "ST003",
            55: "ST104", 57: "ST216", 58: "ST217", 59: "ST219", **{100 + n: f"ST{220 + n}" for n in range(20)}}


def party_id(name):
    return uuid.UUID(hashlib.md5(f"sto_test {name}".encode()).hexdigest())


class Refused(Exception):
    """The SQLSTATE, and the codes of all reasons, if it is among those that are collected."""

    def __init__(self, state, codes=None):
        super().__init__(state, codes)
        self.state, self.codes = state, codes


class Model(Redemption):
    def __init__(self):
        self.undo = []
        self.tables = {name: {} for name in (
            "balance", "held", "seen", "hold", "wallet", "frozen", "closed", "pause", "country", "incorporation",
            "classes", "claim", "required", "trusted", "capable", "sets", "listed", "opted", "travel", "approval",
            "document", "acknowledged", "case", "mandate", "token", "order", "entry", "override", "undone", "fresh", "seq", "look",
            "attached", "barred", "shut", "ended", "eyes", "proposal", "batch", "refusal",
            "listing", "keys", "spent", "members", "terms", "paid")}
        self.__dict__.update(self.tables)
        self.unlucky = {}       # what the custom rule says of the order at hand
        self.moved = {}         # token: [(party, posted_at, amount)], what left a party
        self.offers = {}        # token: the same of issues

    # ---- Changes that can be taken back ------------------------------------------

    def put(self, table, key, value):
        self.undo.append((table, key, table.get(key)))
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value

    def add(self, table, key, amount):
        self.put(table, key, table.get(key, 0) + amount)

    def append(self, table, key, item):
        self.undo.append((table, key, Ellipsis))
        table.setdefault(key, []).append(item)

    def roll_back(self, mark):
        while len(self.undo) > mark:
            table, key, value = self.undo.pop()
            if value is Ellipsis:
                table[key].pop()
            elif value is None:
                table.pop(key, None)
            else:
                table[key] = value

    # ---- What is so now ----------------------------------------------------------

    def party(self, wallet):
        return self.wallet[wallet]["party"]

    def attached_units(self, wallet, token):
        return sum(a["left"] for a in self.attached.values() if a["wallet"] == wallet and a["token"] == token)

    def available(self, wallet, token):
        free = self.balance.get((wallet, token), 0) - self.held.get((wallet, token), 0)
        return max(0, free - self.attached_units(wallet, token))

    def heir(self, wallet):
        """Who stands where this wallet stood, if its keys were lost."""
        while wallet in self.barred:
            wallet = self.barred[wallet]
        return wallet

    def balances(self, token):
        """By party, over its wallets."""
        sums = {}
        for (wallet, of), units in self.balance.items():
            if of == token and wallet != token and units:
                sums[self.party(wallet)] = sums.get(self.party(wallet), 0) + units
        return sums

    def totals(self, token):
        """What rules count: stated units of an omnibus wallet are their owners'."""
        sums = self.balances(token)
        for (wallet, of), (_, owners) in self.look.items():
            if of == token:
                for owner, units in owners.items():
                    sums[owner] = sums.get(owner, 0) + units
                    sums[self.party(wallet)] = sums.get(self.party(wallet), 0) - units
        return sums

    def stated_at(self, token):
        """When the owners of each omnibus wallet were stated; never, too, if it has less by now."""
        found = {}
        for wallet in (w for w, x in self.wallet.items() if x["kind"] == "omnibus"):
            at, owners = self.look.get((wallet, token), (rules.NEVER, {}))
            found[wallet] = at if self.balance.get((wallet, token), 0) >= sum(owners.values()) else rules.NEVER
        return found

    def class_of(self, party, token):
        return self.classes.get((party, token)) or self.classes.get((party, None))

    def rule_set(self, token, at):
        sets = [s for s in self.sets.get(token, []) if s[0] <= at]
        return max(sets, key=lambda s: s[:2]) if sets else None

    def eligible_lacks(self, party, token, at):
        """Topics on which the party has no claim that counts."""
        topics, _ = self.required.get(token, ((), True))
        return [topic for topic in topics if not any(
            c["party"] == party and c["topic"] == topic and
            in_force(c["from"], c["to"], at) and topic in self.trusted.get((token, c["issuer"]), ()) and
            self.capable.get((c["issuer"], "claim_issuer")) for c in self.claim.values())]

    def represents(self, representative, principal, at):
        return any(m and m["granted"] and in_force(m["from"], m["to"], at) for m in (
            self.mandate.get((principal, representative, scope)) for scope in ("orders", "all")))

    def facts(self, token, at):
        parties = {w["party"] for w in self.wallet.values()}
        travel = set()
        for party, stated in self.travel.items():
            for fields, begin, end in stated:
                if in_force(begin, end, at):
                    travel |= {(party, name) for name in fields}
        return rules.Facts(
            totals=self.totals(token), residence=self.country, incorporation=self.incorporation,
            classes={p: c for p in parties for c in [self.class_of(p, token)] if c},
            topics={(c["party"], c["topic"]) for c in self.claim.values()},
            listed={(p, name) for (of, name, p) in self.listed if of == token},
            opted_in={p for (p, of) in self.opted if of == token},
            outflows=self.moved.get(token, []), issues=self.offers.get(token, []),
            approvals=[rules.Approval(number, a["by"], a["sender"], a["receiver"], a["amount"], a["exact"])
                       for number, a in self.approval.items()
                       if a["token"] == token and not a["revoked"] and a["left"] > 0 and in_force(a["from"], a["to"], at)],
            travel=travel, look_through=self.stated_at(token), custom=self.unlucky)

    # ---- An order ----------------------------------------------------------------

    def move_of(self, o, at, submitter):
        token = o["token"]
        hold = self.hold.get(o.get("hold_id"))
        debit, credit = o["debit"], o.get("credit")
        return rules.Move(
            kind=o["kind"], amount=o["amount"], posted_at=at, posted_by=submitter, ordering_party=o["by"],
            sender=None if debit == token else self.party(debit),
            receiver=None if credit in (None, token) else self.party(credit),
            notary=hold["notary"] if hold else o.get("notary"), attachment=o.get("attachment"),
            issuer=self.token[token]["issuer"], debit=debit, credit=credit)

    def asks_rules(self, o):
        if o["kind"] == "release" or o.get("purpose") in ("lock_up", "seizure", "freeze"):
            return False
        return not (o["kind"] == "post" and self.hold[o["hold_id"]]["checked_once"])

    def failing_rules(self, o, at, submitter):
        in_force_now = self.rule_set(o["token"], at)
        if in_force_now is None or not self.asks_rules(o):
            return []
        self.unlucky = {"public.unlucky": "unlucky"} if o["amount"] % 13 == 0 else {}
        return [code for _, code, _ in rules.failing(
            in_force_now[2], self.move_of(o, at, submitter), self.facts(o["token"], at))]

    def authority(self, o, at):
        """Who has to sign (a wallet, a party, None: nobody may), and whether a token's policy can free it from that."""
        kind, by, token = o["kind"], o["by"], self.token[o["token"]]
        hold = self.hold.get(o.get("hold_id"))
        if kind == "issue":
            if by != token["issuer"]:
                raise Refused("ST104")
            return by, True
        if o.get("purpose") == "lock_up" and by == token["issuer"] != self.party(o["debit"]):
            return by, False
        if kind in ENFORCED or o.get("purpose") in OFFICIAL or kind == "post" and hold["purpose"] == "pledge" and o.get("case") in self.case:
            case = self.case.get(o.get("case"))
            if case is None:
                raise Refused("ST216")
            may = "recovery_agent" if case["act"] == "recover" else "enforcer"
            if by != case["opened_by"] and not (case["approved"] and by == case["approved_by"]) or not self.capable.get((by, may)):
                raise Refused("ST104")
            return by, False
        if kind in ("post", "release"):
            return self.authority_over_hold(o, hold, at)
        if self.is_by_issuer(o, at):
            if o["token"] not in self.terms:
                raise Refused("ST104")
            return by, False
        return self.authority_of_wallet(o["debit"], by, at), by == self.party(o["debit"])

    def authority_over_hold(self, o, hold, at):
        """The table of holds in docs/reference.md."""
        kind, by, purpose = o["kind"], o["by"], hold["purpose"]
        if kind == "release" and o["keys"] is None:
            return None, False
        if kind == "post" and purpose == "hash_lock":
            if o.get("preimage") is None or hashlib.sha256(o["preimage"]).digest() != hold["condition"]:
                raise Refused("ST104")
            return None, False
        if purpose in ("pledge", "hash_lock"):
            return self.authority_of_wallet(o["credit"] if kind == "post" else self.heir(hold["beneficiary"]), by, at), False
        if purpose in OFFICIAL:
            may = self.capable.get((by, "enforcer")) and (kind == "release" or purpose == "seizure" and hold["beneficiary"] is not None)
        else:
            may = by == hold["notary"] and (kind == "release" or purpose != "lock_up")
        if not may:
            raise Refused("ST104")
        return by, False

    def authority_of_wallet(self, name, by, at):
        wallet = self.wallet[name]
        if by == wallet["party"]:
            return name
        if by != wallet["custodian"] and not self.represents(by, wallet["party"], at):
            raise Refused("ST104")
        return by

    def key_fault(self, signer, keys, at):
        """Why these keys are no quorum of the signer's; of each is known when it ends, if it does."""
        _, threshold, known = self.keys[signer]
        if any(key not in known or not in_force(None, known[key], at) for key in keys):
            return "ST103"
        return "ST102" if len(keys) < threshold else None

    def authority_reasons(self, o, at):
        """What a dry run says of who may not order it, whatever he signs."""
        try:
            signer, _ = self.authority(o, at)
        except Refused:
            return [55]
        return [8] * (signer in self.shut)

    def check_signed(self, o, at, submitter):
        signer, free = self.authority(o, at)
        if signer in self.shut:
            raise Refused("ST206")
        if o.get("batch") is not None:
            batch = self.batch[o["batch"]]
            if signer != batch["actor"] or o["token"] != batch["token"] or batch["posted"] or batch["keys"] != self.keys[signer]:
                raise Refused("ST105")
            if batch["until"] is not None and at >= batch["until"]:
                raise Refused("ST003")
        elif signer is None:
            if o["keys"] is not None:
                raise Refused("ST001")
            if o["by"] != submitter:
                raise Refused("ST104")
        elif o["keys"] is None:
            if not free or not self.token[o["token"]]["unsigned"] or (
                    o["kind"] != "issue" and self.wallet[o["debit"]]["signed_only"]):
                raise Refused("ST102")
        else:
            fault = self.key_fault(signer, o["keys"], at)
            if fault:
                raise Refused(fault)

    def hold_reasons(self, o, at):
        hold, reasons = self.hold.get(o.get("hold_id")), []
        if o["kind"] == "hold" and o.get("release_after") is not None and o["release_after"] <= at:
            reasons.append(9)
        if o.get("purpose") == "lock_up" and o["by"] != self.party(o["debit"]) and not self.just_issued(o):
            reasons.append(9)
        if o.get("notary") == self.party(o["debit"]):
            reasons.append(9)
        if hold is None:
            return reasons
        expired = hold["release_after"] is not None and at >= hold["release_after"]
        if o["kind"] == "post" and expired:
            reasons.append(9)
        if o["kind"] == "release" and o["keys"] is None and not expired:
            reasons.append(9)
        if o["kind"] == "post" and hold["purpose"] in ("subscription", "settlement") and not o.get("group"):
            reasons.append(9)
        if o["kind"] == "post" and hold["purpose"] == "hash_lock" and not o["keep_rest"] and o["amount"] < hold["remaining"]:
            reasons.append(9)
        return reasons

    def just_issued(self, o):
        """Does an issuer's lock-up follow the issue that it locks, and lock no more than that?"""
        group, left = self.fresh.get((o["debit"], o["token"]), (None, 0))
        return o.get("group") is not None and group == o["group"] and o["amount"] <= left

    def frozen_reasons(self, o):
        """The table in docs/security.md, "Who bypasses what"."""
        kind, debit, credit = o["kind"], o["debit"], o.get("credit")
        if kind == "release" or o.get("purpose") in ("lock_up", "seizure", "freeze"):
            return []
        asked = [w for w, ask in ((debit, kind not in ENFORCED and kind != "issue"), (credit, kind != "redeem")) if ask and w]
        parties = {o["by"], *(self.party(w) for w in asked)}
        if kind == "recover":   # frozen units go to a wallet that is frozen as well
            frozen = (debit in self.frozen) != (credit in self.frozen)
        else:
            frozen = sum(w in self.frozen for w in asked)
        return [11] * frozen + [12] * sum(p in self.frozen for p in parties)

    def closed_reasons(self, o):
        """Releases stay possible; enforcement takes from a closed holder, but gives to none."""
        kind, debit, credit = o["kind"], o["debit"], o.get("credit")
        if kind == "release":
            return []
        enforced = kind in ENFORCED or o.get("purpose") in OFFICIAL
        codes = [6] * (o["token"] in self.ended)
        for wallet in (() if enforced else (debit,)) + ((credit,) if credit else ()):
            codes += [7] * (wallet in self.closed or wallet in self.barred) + [8] * (self.party(wallet) in self.shut)
        return codes

    def case_reasons(self, o, at):
        if o.get("case") is None:
            return []
        case = self.case[o["case"]]
        bad = case["refused"] or not case["approved"] or case["until"] is not None and at >= case["until"] or \
            self.undone.get(case.get("undoes"))
        if o["kind"] == "recover":
            bad = bad or case["token"] not in (None, o["token"]) or o["amount"] != self.balance.get((o["debit"], o["token"]), 0) or \
                o["debit"] in self.barred and self.heir(o["debit"]) != o["credit"]
        else:
            bad = bad or case["used"] or case["amount"] != o["amount"] or o["kind"] == "post" and not o["keep_rest"]
        return [57] * bool(bad) + [58] * bool(case["not_before"] is not None and at < case["not_before"])

    def breakable(self, o):
        """What a case's named holds would give, in their order, of what is not available."""
        lacking, taken = o["amount"] - self.available(o["debit"], o["token"]), []
        for number in (self.case[o["case"]]["holds"] if o["kind"] == "force" else ()):
            here = self.hold[number]["wallet"] == o["debit"]    # not if it followed a recovery
            part = max(0, min(lacking, self.hold[number]["remaining"])) if here else 0
            lacking -= part
            taken.append((number, part))
        return taken

    def needs_available(self, o):
        return o["kind"] in ("redeem", "transfer", "hold", "force", "reverse")

    def reasons(self, o, at, submitter):
        kind, token, debit, credit = o["kind"], o["token"], o["debit"], o.get("credit")
        codes = self.closed_reasons(o) + [50] * (o.get("valid_until") is not None and at >= o["valid_until"])
        if (debit == token) != (kind == "issue") or (credit == token) != (kind == "redeem"):
            codes.append(1)
        codes += self.case_reasons(o, at) + self.hold_reasons(o, at)
        if kind not in ENFORCED and kind != "release" and o.get("purpose") not in ("lock_up", "seizure", "freeze"):
            codes += [10] if token in self.pause else []
        codes += self.frozen_reasons(o)
        if self.needs_available(o):
            broken = sum(part for _, part in self.breakable(o)) if kind == "force" else 0
            codes += [20] if o["amount"] > self.available(debit, token) + broken else []
        codes += self.redemption_reasons(o, at)
        if kind == "recover" and self.attached_units(debit, token):
            codes.append(20)
        limit = self.token[token]["authorised"]
        if kind == "issue" and limit is not None and o["amount"] - self.balance.get((token, token), 0) > limit:
            codes.append(21)
        # how much is left is told to whoever may release it, not to who comes too early
        if o.get("hold_id") is not None and o["amount"] > self.hold[o["hold_id"]]["remaining"] and not (
                kind == "release" and o["keys"] is None and 9 in codes):
            codes.append(22)
        return codes + self.eligibility_reasons(o, at) + self.failing_rules_enforced(o, at, submitter)

    def eligibility_reasons(self, o, at):
        kind, token, credit = o["kind"], o["token"], o.get("credit")
        sender = self.party(o["debit"])
        codes, official = [], o.get("purpose") in ("lock_up", "seizure", "freeze")
        if kind in ENFORCED or kind == "release" or official:
            return []
        receiver = self.party(credit) if credit is not None and kind != "redeem" else None
        if receiver is not None and receiver != sender:
            codes += [30] * len(self.eligible_lacks(receiver, token, at))
        asks = kind == "hold" or kind in ("transfer", "post") and not self.required.get(token, ((), True))[1]
        if asks and receiver != sender:
            codes += [31] * len(self.eligible_lacks(sender, token, at))
        if receiver not in (None, sender, self.token[token]["issuer"]) and not any(
                self.party(w) == receiver for w, of in self.seen if of == token):
            codes += [40] * sum(asked and (receiver, number) not in self.acknowledged
                                for (of, _), (number, asked) in self.document.items() if of == token)
        return codes

    def failing_rules_enforced(self, o, at, submitter):
        return [] if o["kind"] in ENFORCED else self.failing_rules(o, at, submitter)

    def release(self, number, amount):
        hold = self.hold[number]
        self.put(self.hold, number, {**hold, "remaining": hold["remaining"] - amount})
        self.add(self.held, (hold["wallet"], hold["token"]), -amount)

    def swept(self, number):
        """An expired hold is released by an entry of its own."""
        hold = self.hold[number]
        self.add(self.seq, (hold["wallet"], hold["token"]), 1)
        self.put(self.fresh, (hold["wallet"], hold["token"]), None)
        self.release(number, hold["remaining"])

    def sweep(self, o, at):
        """Expired holds give way, the oldest expiry first, each in full, as many as it needs."""
        if not self.needs_available(o):
            return
        expired = sorted((h["release_after"], n) for n, h in self.open_holds() if h["wallet"] == o["debit"] and
                         h["token"] == o["token"] and h["release_after"] is not None and h["release_after"] <= at)
        for _, number in expired:
            if o["amount"] <= self.available(o["debit"], o["token"]):
                return
            self.swept(number)

    def open_holds(self):
        return [(n, h) for n, h in self.hold.items() if h["remaining"] > 0]

    def misses_hold(self, o):
        """The hold that it names is not there, or is another wallet's or for somebody else."""
        if o.get("hold_id") is None:
            return None
        hold = self.hold.get(o["hold_id"])
        if hold is None or hold["wallet"] != o["debit"] or hold["token"] != o["token"]:
            return "ST207"
        heir = hold["beneficiary"] and self.heir(hold["beneficiary"])
        return "ST304" if o["kind"] == "post" and heir not in (None, o["credit"]) else None

    def judge(self, o, at, submitter):
        """Refuses, or returns "repeated" or "posted"; expired holds that gave way are gone."""
        if o["amount"] <= 0 or o["debit"] == o.get("credit"):
            raise Refused("ST001", [1])
        missed = self.misses_hold(o)
        if missed:
            raise Refused(missed, [5 if missed == "ST207" else 9])
        first = self.order.get((o["by"], o["order_id"]))
        if first is not None and not self.is_in_new_list(o, at, submitter):
            if first["signed"] != o["signed"]:
                raise Refused("ST004")
            return "repeated"
        self.check_signed(o, at, submitter)
        self.sweep(o, at)
        codes = self.reasons(o, at, submitter)
        if codes:
            raise Refused(STATE_OF[codes[0]], codes)
        return "posted"

    # ---- Lists under one signature -------------------------------------------------

    def is_in_new_list(self, o, at, submitter):
        """Under a signature that is for it, whether or not in time."""
        if o.get("batch") is None:
            return False
        try:
            self.check_signed(o, at, submitter)
        except Refused as refused:
            return refused.state == "ST003"
        return True

    def next_of_list(self, o):
        """The last one of a list, as its batch counts them, compares all."""
        if o.get("batch") is None:
            return
        batch = self.batch[o["batch"]]
        begun = self.listing.get(o["batch"], ()) + (o["signed"],)
        self.put(self.listing, o["batch"], begun)
        if len(begun) == batch["count"]:
            if begun != batch["orders"] or batch["sum"] != sum(int(json.loads(signed)["amount"]) for signed in begun):
                raise Refused("ST105")
            self.put(self.batch, o["batch"], {**batch, "posted": True})

    def end_of_statement(self):
        for key in list(self.paid):
            self.put(self.paid, key, None)
        for number in list(self.listing):
            self.put(self.listing, number, None)
            if not self.batch[number]["posted"]:
                raise Refused("ST105")

    # ---- Refusals on record ----------------------------------------------------------

    def is_recorded(self, o, at):
        """A well-formed order that whoever may order it has signed; anything, if the token's rule set says so."""
        now = self.rule_set(o["token"], at)
        if now is not None and now[2].get("record_refusals"):
            return True
        if o["amount"] <= 0 or o["debit"] == o.get("credit") or self.misses_hold(o):
            return False
        try:
            signer, _ = self.authority(o, at)
        except Refused:
            return False
        return signer is not None and signer not in self.shut and o["keys"] is not None and not self.key_fault(signer, o["keys"], at)

    # ---- An entry ----------------------------------------------------------------

    def post(self, o, entry, at, submitter):
        kind, token, debit, credit, amount = o["kind"], o["token"], o["debit"], o.get("credit"), o["amount"]
        follows = self.just_issued(o) and o.get("purpose") == "lock_up"
        left = self.fresh[debit, token][1] - amount if follows else 0
        for wallet in (debit, credit) if kind not in ("hold", "release") else (debit,):
            self.put(self.fresh, (wallet, token), None)
            self.add(self.seq, (wallet, token), 1)
        if follows or kind == "issue" and o.get("group"):
            self.put(self.fresh, (debit if follows else credit, token), (o["group"], left if follows else amount))
        twice = (o["by"], o["order_id"]) in self.order
        self.put(self.order, (o["by"], o["order_id"]), o)
        self.put(self.entry, entry, o)
        if kind in ENFORCED:
            for number, code in enumerate(self.failing_rules(o, at, submitter)):
                self.put(self.override, (entry, number), code)
        elif kind != "release" and (kind != "hold" or o.get("checked_once")):
            self.use_approvals(o, at, submitter)
        if kind == "recover":
            self.succeed(o)
        if o.get("case") is not None:
            if kind == "force":
                for number, part in self.breakable(o):
                    self.release(number, part)
            self.put(self.case, o["case"], {**self.case[o["case"]], "used": entry})
            if kind == "reverse":
                self.put(self.undone, self.case[o["case"]]["undoes"], entry)
        self.pay(o, at)
        self.next_of_list(o)
        if twice:   # a list is posted whole or not at all, and is not searched for what was posted before
            raise Refused("23505")
        if kind == "hold":
            self.put(self.hold, entry, {
                "wallet": debit, "token": token, "purpose": o["purpose"], "beneficiary": credit, "remaining": amount,
                "notary": o.get("notary"), "release_after": o.get("release_after"), "condition": o.get("condition"),
                "instruction": o.get("instruction"), "checked_once": o.get("checked_once", False)})
            self.add(self.held, (debit, token), amount)
            return
        if kind == "release":
            self.release(o["hold_id"], amount)
            return
        if kind == "post":
            self.release(o["hold_id"], amount if o["keep_rest"] else self.hold[o["hold_id"]]["remaining"])
        self.add(self.balance, (debit, token), -amount)
        self.add(self.balance, (credit, token), amount)
        for wallet in (debit, credit):
            self.put(self.seen, (wallet, token), True)
        if kind in ("transfer", "post") and self.party(debit) != self.party(credit):
            self.append(self.moved, token, (self.party(debit), at, amount))
        if kind == "issue":
            self.append(self.offers, token, (self.party(credit), at, amount))

    def succeed(self, o):
        """Holds follow; the lost wallet is barred for good."""
        for number, hold in self.open_holds():
            if hold["wallet"] == o["debit"] and hold["token"] == o["token"]:
                self.put(self.hold, number, {**hold, "wallet": o["credit"]})
        held = self.held.get((o["debit"], o["token"]), 0)
        self.add(self.held, (o["debit"], o["token"]), -held)
        self.add(self.held, (o["credit"], o["token"]), held)
        if o["debit"] not in self.barred:
            self.put(self.barred, o["debit"], o["credit"])

    def use_approvals(self, o, at, submitter):
        now = self.rule_set(o["token"], at)
        if now is None or not self.asks_rules(o):
            return
        move, facts = self.move_of(o, at, submitter), self.facts(o["token"], at)
        used = set()
        for rule in now[2]["rules"]:
            question = rules.Question(rule, move, facts)
            if rule["rule"] == "approval" and question.kind in rule["kinds"] and move.sender != move.receiver and \
                    not question.exempts_entry():
                used.add(rules.approval_of(rule, move, facts))
        for number in used:
            self.put(self.approval, number, {**self.approval[number], "left": self.approval[number]["left"] - 1})
