"""Random orders for properties.py: what may be asked of a register next, mostly sensible, some not.

An order is a dict as register_model.py reads it.
"""

import hashlib
import json
import time
import uuid
from collections import Counter

from register_model import OFFICIAL, party_id, rules

FAR = 4102444800000000
WRONG = [999]   # a key of nobody
STOPS = ("wallet_freeze", "token_pause")    # cases that an event of the same name carries out
# what carries a case out, as it is counted
NAMES = {"post": "post of an officer", "seizure": "hold of a seizure", "freeze": "hold of a freeze",
         **{name: name for name in ("force", "reverse", "recover")}, **{name: f"act {name}" for name in STOPS}}


def use_of(use):
    kind, _, hold = use
    return f"{kind} of a {hold['purpose']}"


def now():
    return time.time_ns() // 1000


class Orders:
    def __init__(self, model, random, addresses):
        self.model, self.random, self.addresses = model, random, addresses
        self.parties, self.points = [], []
        self.preimages, self.deals, self.again = {}, [], []
        self.seen = Counter()   # (what, whether it succeeded): what chance alone would try too rarely is tried more

    def chance(self, share):
        return self.random.random() < share

    def rather(self, usual, *what):
        """More often as long as that was not seen."""
        return self.chance(usual if self.seen[what] else 0.4)

    def least(self, things, name):
        """One of those that succeeded least, by their names."""
        fewest = min(self.seen[name(x), True] for x in things)
        return self.random.choice([x for x in things if self.seen[name(x), True] == fewest])

    def soon(self):
        """A moment that will matter during the run."""
        at = now() + self.random.randint(150000, 4000000)
        self.points.append(at)
        return at

    def one_wallet(self, token=None, holding=False):
        wallets = list(self.model.wallet)
        for _ in range(6):
            wallet = self.random.choice(wallets)
            if wallet in self.model.token:
                continue
            m, party = self.model, self.model.party(wallet)
            stopped = wallet in m.frozen or wallet in m.closed or wallet in m.barred or party in m.frozen or party in m.shut
            if (not holding or m.available(wallet, token) > 0) and (not stopped or self.chance(0.15)):
                return wallet
        return self.random.choice([w for w in wallets if w not in self.model.token])

    # ---- Orders --------------------------------------------------------------------

    def order(self, kind, token, debit, credit, amount, by, keys=None, **more):
        o = {"kind": kind, "token": token, "debit": debit, "credit": credit, "amount": amount, "by": by, "keys": keys,
             "order_id": str(uuid.UUID(int=self.random.getrandbits(128), version=4)), **more}
        if self.chance(0.1):
            o.setdefault("attachment", hashlib.sha256(o["order_id"].encode()).hexdigest())
        if self.chance(0.02):
            o["valid_until"] = self.random.choice((1, self.soon(), FAR))
        return o

    def columns(self, o):
        def at(value):
            seconds, micros = divmod(value, 1000000)
            return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{micros:06d}Z"
        row = {"kind": o["kind"], "token_id": str(party_id(o["token"])), "debit_wallet": self.addresses[o["debit"]],
               "amount": str(o["amount"]), "ordering_party": str(o["by"]), "order_id": o["order_id"]}
        if o.get("credit") is not None:
            row["credit_wallet"] = self.addresses[o["credit"]]
        for name, column, made in (
                ("valid_until", "valid_until", at), ("hold_id", "hold_id", int), ("purpose", "purpose", str), ("notary", "notary", str),
                ("release_after", "release_after", at), ("condition", "condition_hash", bytes.hex), ("instruction", "instruction_hash", str),
                ("preimage", "preimage", lambda v: "\\x" + v.hex()), ("keep_rest", "keep_rest", bool), ("checked_once", "checked_once", bool),
                ("attachment", "attachment_hash", str), ("group", "group_id", str), ("undoes", "undoes", int), ("case", "authority_event", int),
                ("batch", "authority_event", int)):
            if o.get(name) is not None:
                row[column] = made(o[name])
        if o["keys"] is not None:
            row["seeds"] = o["keys"]
        return row

    def signed(self, o):
        """What makes two orders the same."""
        return json.dumps({k: v for k, v in self.columns(o).items() if k not in ("seeds", "authority_event")}, sort_keys=True)

    def signing(self, signer):
        """A quorum's keys, mostly; sometimes one less, or one whose time is over."""
        m, (_, threshold, known) = self.model, self.model.keys[signer]
        ended = [key for key, end in known.items() if end and end <= now()]
        over = ended or [key for key, wallet in m.spent.items() if wallet == signer]
        if over and self.rather(0.1, f"order with {'an ended' if ended else 'a retired'} key", False):
            return [self.random.choice(over)]
        good = [key for key in known if key not in ended]
        return self.random.sample(good, min(len(good), max(1, threshold - self.chance(0.05))))

    def holders_order(self, kind, token, debit, credit, amount, **more):
        """By the holder unsigned, or signed; by his custodian or representative; by somebody else; badly signed."""
        wallet, share = self.model.wallet[debit], self.random.random()
        by, keys = wallet["party"], None
        if share < 0.1 or (wallet["signed_only"] or self.model.keys[debit][0]) and self.chance(0.7):
            keys = self.signing(debit)
        elif share < 0.12:
            keys = WRONG
        elif share < 0.16 and wallet["custodian"]:
            by, keys = wallet["custodian"], self.signing(wallet["custodian"])
        elif share < 0.19:
            by = self.random.choice(self.parties)
            keys = self.signing(by)
            if by == wallet["party"]:
                keys = self.signing(debit)
        return self.order(kind, token, debit, credit, amount, by, keys, **more)

    def amount(self, most):
        if most > 0 and self.chance(0.85):
            return self.random.choice((most, most, most + self.chance(0.2), self.random.randint(1, most), self.random.randint(1, max(1, most // 4))))
        return self.random.choice((self.random.randint(0, 400), self.random.randint(0, 60)))

    def random_order(self, simple=False):
        share, token = self.random.random(), self.random.choice(list(self.model.token))
        if self.model.order and share < 0.02 and not simple:
            return self.repeated_order()
        if share < 0.17:
            limit, amount = self.model.token[token]["authorised"], self.random.randint(1, 300)
            if limit is not None and self.chance(0.3):
                amount = max(1, limit + self.model.balance.get((token, token), 0) + self.random.choice((0, 1)))
            return self.order("issue", token, token, self.one_wallet(), amount, self.model.token[token]["issuer"],
                              self.random.choice((None, None, [10], WRONG if self.chance(0.2) else None)))
        debit = self.one_wallet(token, True)
        amount = self.amount(self.model.available(debit, token))
        if share < 0.25:
            return self.at_the_limit(self.holders_order("redeem", token, debit, token, amount))
        if share < 0.65:
            return self.at_the_limit(self.holders_order("transfer", token, debit, self.other_wallet(debit), amount))
        if share < 0.8 or simple:
            return self.random_hold(token, debit, max(1, amount // 2))
        if share < 0.87:
            return self.random_enforced() or self.random_order()
        return self.random_use_of_hold() or self.random_order()

    def at_the_limit(self, o):
        """Sometimes of the largest amount that the rules let pass, or one more."""
        m, at = self.model, now()
        in_force = m.rule_set(o["token"], at)
        if in_force is not None and 1 < o["amount"] < 200 and o["debit"] != o["credit"] and self.chance(0.25):
            most = rules.largest(in_force[2], m.move_of(o, at, None), m.facts(o["token"], at))
            o["amount"] = max(1, most + self.random.choice((0, 1)))
        return o

    def other_wallet(self, debit):
        if self.chance(0.1):
            own = [w for w, x in self.model.wallet.items() if x["party"] == self.model.party(debit) and w not in self.model.token]
            return self.random.choice(own)
        wallet = self.one_wallet()
        return wallet if wallet != debit or self.chance(0.05) else self.one_wallet()

    def submitted(self):
        """For sto.submit(): some were refused before."""
        again = [o for o in self.again if {o["debit"], o.get("credit") or o["debit"]} <= self.model.wallet.keys()]
        return dict(self.random.choice(again)) if again and self.chance(0.1) else self.random_order()

    def repeated_order(self):
        o = dict(self.random.choice(list(self.model.order.values())))
        if self.chance(0.3):
            o["amount"] += 1
        return o

    def random_hold(self, token, debit, amount):
        purpose = self.random.choice(("pledge", "pledge", "hash_lock", "lock_up", "subscription", "settlement"))
        more = {"purpose": purpose}
        credit = self.other_wallet(debit) if purpose != "lock_up" and (purpose in ("pledge", "hash_lock") or self.chance(0.6)) else None
        if purpose in ("hash_lock", "lock_up") or self.chance(0.5):
            more["release_after"] = self.soon() if self.chance(0.9) else self.random.choice((1, FAR))
        if purpose == "hash_lock":
            secret = self.random.randbytes(32)
            more["condition"] = hashlib.sha256(secret).digest()
            self.preimages[more["condition"]] = secret
        if purpose in ("subscription", "settlement") or purpose == "lock_up" and self.chance(0.3):
            more["notary"] = party_id("notary")
        if purpose in ("subscription", "settlement"):
            more["instruction"] = hashlib.sha256(self.random.randbytes(8)).hexdigest()
        if credit is not None and self.chance(0.2):
            more["checked_once"] = True
        return self.holders_order("hold", token, debit, credit, amount, **more)

    def random_use_of_hold(self):
        """A post or a release, mostly by whom the hold allows it."""
        holds = self.model.open_holds()
        if not holds:
            return None
        seized = [(n, h) for n, h in holds if h["purpose"] in ("seizure", "freeze")]
        uses = [(kind, n, h) for n, h in (seized[-6:] if seized and self.chance(0.35) else holds[-40:]) for kind in ("post", "release")
                if kind == "release" or h["purpose"] not in ("lock_up", "freeze") or self.chance(0.1)]
        kind, number, hold = use = self.least(uses, use_of) if self.chance(0.3) else self.random.choice(uses)
        if self.chance(0.02):
            number = 999999999
        amount = self.random.choice((hold["remaining"], self.random.randint(1, hold["remaining"]), hold["remaining"] + 1))
        heir = hold["beneficiary"] and self.model.heir(hold["beneficiary"])
        who = {"pledge": heir, "hash_lock": heir if kind == "release" else None,
               "seizure": "enforcer", "freeze": "second"}.get(hold["purpose"], "notary")
        if self.rather(0.1, use_of(use), False):
            who = self.random.choice((self.one_wallet(), "notary", "enforcer"))
        by, keys = party_id("registrar"), None
        if who is not None and not (kind == "release" and self.chance(0.4)):
            by = self.model.party(who) if who in self.model.wallet else party_id(who)
            keys = self.signing(who if who in self.model.wallet else by)
        elif self.chance(0.05):
            by = self.random.choice(self.parties)
        more = {"hold_id": number}
        credit = None
        if kind == "post":
            more["keep_rest"] = self.chance(0.5)
            credit = heir if heir and self.chance(0.95) else hold["beneficiary"] or self.one_wallet()
            if hold["purpose"] == "hash_lock":
                more["preimage"] = self.preimages[hold["condition"]] if self.chance(0.9) else bytes(32)
        return self.order(kind, hold["token"], hold["wallet"], credit, amount, by, keys, **more)

    def random_enforced(self):
        """An officer carries a case out; a recovery of the whole of a position."""
        m, at = self.model, now()
        cases = [(n, c) for n, c in m.case.items() if c["act"] not in STOPS and (not c["used"] or c["act"] == "recover" or self.chance(0.1)) and (
            c["approved"] and not c["refused"] and (c["not_before"] is None or c["not_before"] <= at or self.chance(0.2)) or self.chance(0.05))][-12:]
        if not cases:
            return None
        number, case = self.least(cases, lambda x: NAMES[x[1]["act"]]) if self.chance(0.6) else self.random.choice(cases)
        by = self.random.choice([case["opened_by"], case["approved_by"] or party_id("second")] + [party_id("notary")] * self.chance(0.1))
        kind, more = ("hold", {"purpose": case["act"]}) if case["act"] in OFFICIAL else (case["act"], {})
        token, amount = case["token"], case["amount"]
        if kind == "recover":
            whole = {t: m.balance.get((case["debit"], t), 0) for t in m.token if m.balance.get((case["debit"], t))}
            token = token if token and self.chance(0.95) else self.random.choice(list(whole) or list(m.token))
            amount = whole.get(token, self.random.randint(1, 9))
        if kind == "reverse":
            more["undoes"] = case["undoes"]
        if kind == "post":
            more.update(hold_id=case["holds"][0], keep_rest=self.chance(0.9))
        return self.order(kind, token, case["debit"], case["credit"], amount + self.rather(0.03, NAMES[case["act"]], False), by, self.signing(by),
                          case=number, attachment=case["hash"], **more)

    def vesting(self):
        """An issue and the issuer's lock-ups of it, sometimes of too much."""
        token, wallet, group = self.random.choice(list(self.model.token)), self.one_wallet(), self.fresh_group()
        amount, issuer = self.random.randint(10, 90), self.model.token[token]["issuer"]
        return [self.order("issue", token, token, wallet, amount, issuer, group=group)] + [
            self.order("hold", token, wallet, None, self.random.choice((amount // 3, amount // 3, amount // 2)), issuer, [10], purpose="lock_up",
                       release_after=self.soon(), group=group) for _ in range(3)]

    def deal(self):
        """Two holds of a settlement, each leg bound to the whole instruction."""
        a, b = self.one_wallet("T1", True), self.one_wallet("T2", True)
        legs = [("T1", a, b), ("T2", b, a)]
        if a == b or self.model.party(a) == self.model.party(b):
            return None
        legs = [leg + (max(1, self.model.available(leg[1], leg[0]) // 3),) for leg in legs]
        instruction = self.instruction_hash(legs)
        orders = [self.order("hold", token, debit, credit, amount, self.model.party(debit), purpose="settlement", notary=party_id("notary"),
                             instruction=instruction) for token, debit, credit, amount in legs]
        self.deals.append(instruction)
        return orders

    def redeeming(self):
        """An issuer redeems from holders, and pays for it before."""
        m = self.model
        token = self.random.choice(list(m.terms if m.terms and self.chance(0.97) else m.token))
        issuer, group, made = m.token[token]["issuer"], self.fresh_group(), []
        for _ in range(self.random.choice((1, 1, 2, 3))):
            debit = self.one_wallet(token, True)
            amount = max(1, self.amount(m.available(debit, token)) // self.random.choice((1, 2, 5)))
            made.append(self.order("redeem", token, debit, token, amount, issuer, self.signing(issuer), group=group))
        return (self.payments(made) if token in m.terms else []) + made

    def fresh_group(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def payments(self, redeems):
        """To each holder what his redeem costs, or a little more; of what the issuer has, or has issued to itself for it."""
        m, made, needed = self.model, [], {}
        for o in redeems:
            pays, by = m.terms[o["token"]]["token"], o["by"]
            due = max(1, m.cost(o["token"], o["amount"])) + self.chance(0.1)
            payer = max(self.wallets_of(by), key=lambda w: m.available(w, pays))
            free = [w for w in self.wallets_of(m.party(o["debit"])) if m.wallet[w]["custodian"] != by] or [o["debit"]]
            for part in [due] if due == 1 or self.chance(0.8) else [due // 2, due - due // 2]:
                made.append(self.order("transfer", pays, payer, self.random.choice(free), part, by, self.signing(payer), group=o["group"]))
                needed[payer, pays] = needed.get((payer, pays), 0) + part
        return [self.order("issue", token, token, payer, units, m.token[token]["issuer"], [10], group=redeems[0]["group"])
                for (payer, token), units in needed.items() if m.available(payer, token) < units] + made

    def wallets_of(self, party):
        m = self.model
        return [w for w, x in m.wallet.items() if x["party"] == party and w not in m.token and w not in m.barred and w not in m.closed] or \
            [w for w, x in m.wallet.items() if x["party"] == party and w not in m.token]

    def spoiled(self, orders):
        """One thing about a redemption by the issuer that mostly makes it none."""
        m, how = self.model, self.random.randrange(10)
        paid, redeems = [[o for o in orders if o["kind"] == kind] for kind in ("transfer", "redeem")]
        one, redeem = self.random.choice(paid or redeems), self.random.choice(redeems)
        kept = [w for w in self.wallets_of(m.party(redeem["debit"])) if m.wallet[w]["custodian"] == redeem["by"]]
        if how < 2 and kept and paid:
            for o in paid:
                if m.party(o["credit"]) == m.party(redeem["debit"]):
                    o["credit"] = self.random.choice(kept)
        elif how < 3 and one["amount"] > 1:
            one["amount"] -= 1
        elif how < 4:
            self.random.choice((one, redeem))["group"] = self.random.choice((None, self.fresh_group()))
        elif how < 5:
            redeem["keys"] = self.random.choice((None, WRONG))
        elif how < 6:
            return [o for o in orders if o["kind"] != "redeem" and o is not one] + redeems
        elif how < 7 and paid:
            one["debit"], one["keys"] = redeem["debit"], self.signing(redeem["debit"])
        elif how < 8:
            orders = orders[:]
            self.random.shuffle(orders)
        else:   # again, on the same payment
            return orders + [self.order("redeem", redeem["token"], redeem["debit"], redeem["credit"], self.random.randint(1, 4), redeem["by"],
                                        redeem["keys"], group=redeem["group"])]
        return orders

    def instruction_hash(self, legs):
        packed = sorted(party_id(token).bytes + self.octets(debit) + self.octets(credit) + amount.to_bytes(16, "big")
                        for token, debit, credit, amount in legs)
        return hashlib.sha256(b"\x0fsto.instruction\x01" + self.ledger.bytes + len(packed).to_bytes(4, "big") +
                              b"".join(packed)).hexdigest()

    def octets(self, wallet):
        """An address: SHA-256( tag "sto.address" 1, ledger, wallet's uuid )[0:20]."""
        return hashlib.sha256(b"\x0bsto.address\x01" + self.ledger.bytes + party_id(wallet).bytes).digest()[:20]

    def settle(self):
        """Both legs at once, by the notary."""
        if not self.deals:
            return None
        instruction = self.deals.pop(self.random.randrange(len(self.deals)))
        holds = [(n, h) for n, h in self.model.open_holds() if h["instruction"] == instruction]
        if len(holds) != 2 or instruction != self.instruction_hash(
                [(h["token"], h["wallet"], h["beneficiary"], h["remaining"]) for _, h in holds]):
            return None
        group, notary = self.fresh_group(), party_id("notary")
        return [self.order("post", h["token"], h["wallet"], h["beneficiary"], h["remaining"], notary, self.signing(notary), hold_id=n, keep_rest=False,
                           group=group) for n, h in holds]

    # ---- Lists under one signature ----------------------------------------------------

    def new_list(self):
        """Orders of one issuer or wallet, unsigned; sometimes one of them was posted before."""
        made = self.list_orders()
        first = made[0]
        before = [o for o in self.model.order.values() if o["kind"] in ("issue", "transfer", "redeem") and o["by"] == first["by"] and
                  (o["token"], o["debit"]) == (first["token"], first["debit"])] if self.chance(0.15) else []
        return made + [{**o, "keys": None, "batch": None} for o in before[-1:]]

    def list_orders(self):
        m, token = self.model, self.random.choice(list(self.model.token))
        if self.chance(0.4):
            issuer = m.token[token]["issuer"]
            made = [self.order("issue", token, token, self.one_wallet(), self.random.randint(1, 60), issuer) for _ in range(self.random.randint(1, 5))]
            if token in m.terms and self.chance(0.4):
                debit, group = self.one_wallet(token, True), self.fresh_group()
                made.append(self.order("redeem", token, debit, token, max(1, m.available(debit, token) // 5), issuer, group=group))
            return made
        debit, many = self.one_wallet(token, True), self.random.randint(1, 5)
        most = max(1, m.available(debit, token) // (2 * many))
        made = []
        for _ in range(many):
            kind, amount = self.random.choice(("transfer", "transfer", "redeem", "hold")), self.random.randint(1, most)
            credit = token if kind == "redeem" else self.other_wallet(debit)
            made.append(self.order(kind, token, debit, credit, amount, m.party(debit),
                                   **({"purpose": "pledge", "release_after": self.soon()} if kind == "hold" else {})))
        return made

    def post_list(self):
        """A signed list, mostly as it was signed."""
        lists = [(n, b) for n, b in self.model.batch.items() if b["made"] and (not b["posted"] or self.chance(0.05))][-4:]
        if not lists:
            return None
        number, batch = self.random.choice(lists)
        orders = [{**o, "batch": number} for o in batch["made"]]
        share = self.random.random()
        if share < 0.06:
            orders.pop()
        elif share < 0.12:
            orders.reverse()
        elif share < 0.16:
            orders[-1]["amount"] += 1
        elif share < 0.2:
            orders.append(self.order("issue", batch["token"], batch["token"], self.one_wallet(), 1, orders[0]["by"], batch=number))
        elif share < 0.24 and self.model.batch:
            for o in orders:    # under another signature
                o["batch"] = self.random.choice(list(self.model.batch))
        return (self.payments([o for o in orders if o["kind"] == "redeem" and o.get("group")]) + orders) or None
