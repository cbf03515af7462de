"""Random acts of registrars, issuers and holders for properties.py.

An act is a statement's expression, the SQLSTATEs that the model expects at a given time (none: it is recorded), what it then
changes in the model, and the name that it is counted under.
"""

import json
import re
from collections import namedtuple

from issuer_model import Issuer
from random_officers import Officers, salt
from random_orders import FAR, WRONG
from random_rules import CLASSES, COUNTRIES, FIELDS, LISTS, TOPICS
from register_model import party_id, rules

Act = namedtuple("Act", "call refusals apply name")


def call(function, *values):
    def literal(value):
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int):
            return str(value)
        if isinstance(value, (list, tuple)):
            return "'{" + ",".join(value) + "}'"
        return "'" + (json.dumps(value) if isinstance(value, dict) else value) + "'"
    return f"sto_test.{function}({', '.join(map(literal, values))})"


def subject_of(name):
    if name is None:
        return "sto_test.nil()"
    return f"'{name}'" if re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name) else f"sto_test.id('{name}')"


class Acts(Officers):
    def __init__(self, model, random, addresses):
        super().__init__(model, random, addresses)
        self.issuer, self.names = Issuer(model), {}
        self.made, self.astray, self.chosen = 200, False, None

    def act(self, text, name=None, refusals=None, apply=None):
        return Act(text, refusals or (lambda at: set()), apply or (lambda entry, at: None), name or text.split("(")[0].split(".")[1])

    def event(self, kind, subject, actor, body, refusals=None, apply=None, given=None, keys=None):
        """Signed by its actor, with these keys if they are told; sometimes by a stranger, or with another key.
        given: an expression in the body's %s."""
        text = body if isinstance(body, str) else json.dumps(body)
        text, said, wrong = f"'{text}'", refusals or (lambda at: set()), set()
        if given:
            text = f"format({text}, {given})"
        if self.astray or self.chance(0.02):
            if kind not in ("transfer_approval", "batch") and self.chance(0.6):
                actor, wrong = "stranger", {"ST104"}
            else:
                keys, wrong = WRONG, {"ST103"}
        if keys is None and actor in self.model.wallet:
            keys = self.signing(actor)
        seeds = f", '{{{','.join(map(str, keys))}}}'" if keys else ""
        return self.act(f"sto_test.event('{kind}', {subject_of(subject)}, {subject_of(actor)}, {text}{seeds})", kind,
                        lambda at: said(at) | wrong | self.gone(actor, keys, at), apply)

    def gone(self, actor, keys, at):
        """A closed party acts no more, nor do its wallets, nor closed or barred ones, nor keys that are not in force."""
        m, found = self.model, set()
        if actor in m.wallet:
            found |= {m.key_fault(actor, keys, at)} - {None}
            found |= {"ST204"} if actor in m.closed or actor in m.barred else set()
            found |= {"ST206"} if m.party(actor) in m.shut else set()
        elif actor is not None and party_id(actor) in m.shut:
            found.add("ST206")
        return found

    def dates(self):
        """from and to of a fact: mostly none, sometimes moments of this run."""
        dates = {}
        if self.chance(0.15):
            dates["from"] = self.soon()
        if self.chance(0.25):
            dates["to"] = self.soon() + 2000000
            self.points.append(dates["to"])
        return dates

    WEIGHTS = {
        "freeze_wallet": 6, "freeze_party": 3, "pause": 5, "facts": 6, "classify": 6, "claim": 8, "claim_revoke": 4, "topics": 2, "trust": 3,
        "capability": 2, "keys": 8, "members": 3, "rules": 9, "party_list": 6, "opt_in": 6, "travel": 5, "approval": 10, "approval_revoke": 2, "document": 2,
        "acknowledge": 8, "terms": 6, "policy": 1, "wallet": 6, "close_wallet": 2, "close_party": 2, "close_token": 1, "mandate": 3,
        "case": 22, "decide": 25, "sweep": 4, "attach": 2, "lift": 3, "look_through": 12, "four_eyes": 6, "approve": 8, "carry_out": 8, "batch": 6,
        "redemption_terms": 2}
    WEIGHTED = [name for name, weight in WEIGHTS.items() for _ in range(weight)]

    def random_act(self):
        m, made, self.chosen = self.model, None, None
        # what stops everything doesn't last
        if m.ended and self.chance(0.25):
            return self.act_close_token()
        if m.shut and self.chance(0.1):
            return self.act_close_party()
        if (m.pause or not all(t["unsigned"] for t in m.token.values())) and self.chance(0.3):
            return self.act_pause() if m.pause else self.act_policy()
        if self.chance(0.15):   # what was recorded, or refused, least so far
            self.astray = self.chance(0.5)
            fewest = min(self.seen[name, not self.astray] for name in self.WEIGHTS)
            self.chosen = self.random.choice([name for name in self.WEIGHTS if self.seen[name, not self.astray] == fewest])
            made = getattr(self, "act_" + self.chosen)()
            self.astray = False
        for _ in range(20):
            if made is not None:
                break
            self.chosen = self.random.choice(self.WEIGHTED)
            made = getattr(self, "act_" + self.chosen)()
        return made

    def one_party(self):
        return self.random.choice(self.investors)

    def one_token(self):
        open_ones = [t for t in self.model.token if t not in self.model.ended]
        return self.random.choice(open_ones if open_ones and self.chance(0.9) else list(self.model.token))

    # ---- Stopping and letting go on ------------------------------------------------

    def lift(self, table, key):
        """Whether to stop or to let go; what is stopped is mostly let go soon."""
        return not self.chance(0.85 if key in table else 0.03)

    def act_freeze_wallet(self):
        wallet, m = self.one_wallet(), self.model
        if m.frozen and self.chance(0.7):
            wallet = self.random.choice([w for w in m.frozen if isinstance(w, str)] or [wallet])
        if not self.lift(m.frozen, wallet):
            return self.let_go("wallet_freeze", "frozen", m.frozen, wallet)
        return self.stop("wallet_freeze", "frozen", wallet) if len(m.frozen) < 3 else None

    def act_freeze_party(self):
        m = self.model
        name = self.random.choice([n for n in self.investors if party_id(n) in m.frozen] or self.investors)
        frozen = self.lift(m.frozen, party_id(name))
        if frozen and len(m.frozen) > 2:
            return None
        return self.event("party_freeze", name, "enforcer", {"frozen": frozen, "basis": "law", "document_hash": salt("decision")},
                          lambda at: set() if frozen or party_id(name) in m.frozen else {"ST208"},
                          lambda entry, at: m.put(m.frozen, party_id(name), frozen or None))

    def act_pause(self):
        m, token = self.model, self.one_token()
        token = self.random.choice(list(m.pause) or [token])
        if not m.pause and self.chance(0.6):
            return None
        paused, number = self.lift(m.pause, token), self.one_case("token_pause")[0]
        if self.chance(0.67):   # by an enforcer
            return self.stop("token_pause", "paused", token) if paused else self.let_go("token_pause", "paused", m.pause, token)
        return self.issuer_act("token_pause", token, {"paused": paused, "basis": "administrative", "document_hash": salt("decision"),
                                                      **({"case": number} if number and self.chance(0.1) else {})})

    def act_close_token(self):
        token = self.random.choice(list(self.model.ended) or list(self.model.token))
        return self.issuer_act("token_status", token, {"status": "active" if token in self.model.ended else "closed"})

    def act_close_party(self):
        m = self.model
        name = self.names[self.random.choice(list(m.shut) or [party_id(n) for n in self.investors if n != "acme"])]
        closed = party_id(name) not in m.shut
        return self.event("party_status", name, "registrar", {"status": "closed" if closed else "active"}, None,
                          lambda entry, at: m.put(m.shut, party_id(name), closed or None))

    # ---- Who parties are -----------------------------------------------------------

    def act_facts(self):
        m, name = self.model, self.one_party()
        what = {key: self.random.choice(COUNTRIES) for key in ("country", "incorporation") if self.chance(0.6)} or {"country": "KZ"}

        def apply(entry, at):
            for key, value in what.items():
                m.put(getattr(m, key), party_id(name), value)
        return self.event("party_facts", name, "registrar", what, None, apply)

    def act_classify(self):
        m, name, dates = self.model, self.one_party(), self.dates()
        token, stated = self.one_token() if self.chance(0.3) else None, self.random.choice(CLASSES)
        if dates.get("from", 0) >= dates.get("to", FAR):
            return None
        body = {"class": stated, "basis": "COB 2.4", **dates, **({"token": str(party_id(token))} if token else {})}
        return self.event("classification", name, "registrar", body, None, lambda entry, at: m.put(
            m.classes, (party_id(name), token), rules.Classified(stated, dates.get("from"), dates.get("to"))))

    def act_claim(self):
        m, name, topic, issuer = self.model, self.one_party(), self.random.choice(TOPICS), self.random.choice(("att1", "att2", "notary"))
        dates = self.dates()
        if len(m.claim) > 300 or dates.get("from", 0) >= dates.get("to", FAR):
            return None
        may = m.capable.get((party_id(issuer), "claim_issuer"))
        return self.event("claim", name, issuer, {"topic": topic, "commitment": salt(name + topic), **dates}, lambda at: set() if may else {"ST104"},
                          self.claimed(name, topic, issuer, dates))

    def claimed(self, name, topic, issuer, dates):
        return lambda entry, at: self.model.put(self.model.claim, entry, {
            "party": party_id(name), "name": name, "topic": topic, "issuer": party_id(issuer), "by": issuer,
            "from": dates.get("from"), "to": dates.get("to")})

    def act_claim_revoke(self):
        m = self.model
        if len(m.claim) < 25:
            return None
        number, claim = self.random.choice(list(m.claim.items()))
        issuer = claim["by"] if self.chance(0.9) else "notary"
        return self.event("claim_revoke", claim["name"], issuer, {"claim": number, "reason": "lapsed"}, lambda at: set() if issuer == claim["by"] else
                          {"ST104"}, lambda entry, at: m.put(m.claim, number, None))

    def act_topics(self):
        topics = [topic for topic in ("kyc", "aml") if self.chance(0.25)]
        return self.issuer_act("token_topics", self.one_token(), {"topics": topics, "receiver_only": self.chance(0.7)})

    def act_trust(self):
        issuer, topics = self.random.choice(("att1", "att2")), [topic for topic in TOPICS if self.chance(0.95)]
        return self.issuer_act("trusted_issuer", self.one_token(), {"issuer": str(party_id(issuer)), "topics": topics})

    def act_capability(self):
        """Of claim issuers, one enforcer and one recovery agent; what was taken is mostly given back."""
        m = self.model
        some = (("att1", "claim_issuer"), ("att2", "claim_issuer"), ("second", "enforcer"), ("other", "recovery_agent"))
        name, capability = next((x for x in some if not m.capable.get((party_id(x[0]), x[1]))), None) or self.random.choice(some)
        key = (party_id(name), capability)
        granted = not m.capable.get(key) or not self.chance(0.5)
        return self.event("capability", name, None, {"capability": capability, "granted": granted}, lambda at: set() if granted or m.capable.get(key)
                          else {"ST208"}, lambda entry, at: m.put(m.capable, key, granted or None))

    def act_mandate(self):
        m, principal, other, dates = self.model, self.one_party(), self.one_party(), self.dates()
        if principal == other or dates.get("from", 0) >= dates.get("to", FAR):
            return None
        scope, granted = self.random.choice(("orders", "votes", "all")), self.chance(0.7)
        body = {"representative": str(party_id(other)), "scope": scope, "basis": "attorney", "granted": granted, **dates}
        return self.event("mandate", principal, "registrar", body, lambda at: {"ST206"} if granted and party_id(other) in m.shut else set(),
                          lambda entry, at: m.put(m.mandate, (party_id(principal), party_id(other), scope),
                                                  {"granted": granted, "from": dates.get("from"), "to": dates.get("to")}))

    def act_wallet(self):
        m, name = self.model, self.one_party()
        own = [w for w, x in m.wallet.items() if x["party"] == party_id(name) and w not in m.token]
        if sum(w not in m.barred for w in own) > 2:
            return None
        return self.new_wallet(name, 1 + len(own))

    def new_wallet(self, name, number):
        """A key of its own for each, also for those that were rolled back."""
        m, wallet = self.model, f"{name}/{number}"
        seed = self.fresh_key()
        kind = "own" if self.chance(0.6) else self.random.choice(("omnibus", "omnibus", "client", "nominee"))
        custodian, signed_only = (self.random.choice(("bank", "acme")) if name != "acme" and self.chance(0.3) else None), self.chance(0.08)
        extra = {**({"custodian": str(party_id(custodian))} if custodian else {}), "signed_only": signed_only}

        def apply(entry, at):
            self.addresses[wallet] = entry
            m.put(m.keys, wallet, (None, 1, {seed: None}))
            m.put(m.wallet, wallet, {"party": party_id(name), "custodian": custodian and party_id(custodian), "signed_only": signed_only, "kind": kind})
        return self.act(call("wallet", wallet, name, [str(seed)], kind, 1, extra), "wallet", lambda at: {"ST206"} if party_id(name) in m.shut else set(), apply)

    def fresh_key(self):
        """Of each scheme (test/signer/signer.sql)."""
        self.made += 1
        return self.made + (2000 if self.made > 998 else self.random.choice((0, 1000, 2000)))

    def act_keys(self):
        """A key goes, comes, or gets an end; sometimes one comes back, or is another wallet's."""
        m, wallet = self.model, self.one_wallet()
        known = m.keys[wallet][2]
        kept = {key: end for key, end in known.items() if self.chance(0.6 if len(known) < 3 else 0.3)}
        for key in kept:
            kept[key] = self.soon() if self.chance(0.4) else kept[key] if self.chance(0.7) else None
        new = [self.fresh_key() for _ in range(self.random.choice((1, 1, 2)))]
        spent, others = [key for key, was in m.spent.items() if was == wallet], m.keys[self.one_wallet()][2]
        bad = [key for key in (spent if spent and self.chance(0.7) else others) if key not in known][:self.chance(0.25)]
        keys = {**kept, **dict.fromkeys(new + bad)}
        threshold = self.random.randint(1, len(new))
        times = {str(key): {"to": end} for key, end in keys.items() if end}
        custodian = m.wallet[wallet]["custodian"]
        body = f"sto_test.keys_body('{m.party(wallet)}', {subject_of(wallet)}, sto_test.address_octets({subject_of(wallet)}), " \
               f"'{{{','.join(map(str, keys))}}}', {threshold}, '{json.dumps(times)}', " + (f"'{custodian}')" if custodian else "NULL)")

        def apply(entry, at):
            m.put(m.keys, wallet, (entry, threshold, keys))
            for key in known.keys() - keys.keys():
                m.put(m.spent, key, wallet)
        return self.event("keys", wallet, wallet, "%s", lambda at: {"ST106"} if bad else set(), apply, given=body)

    def act_members(self):
        """Of a joint party, mostly; each one once, none joint itself, and one of them votes."""
        m, name = self.model, self.random.choice(self.joint) if self.chance(0.9) else self.one_party()
        others = [n for n in self.investors if n not in self.joint]
        members = self.random.sample(others, self.random.choice((2, 2, 3, 4)))
        members += self.random.sample(members + self.joint, self.chance(0.2))
        nominee = self.random.choice(members) if self.chance(0.95) else self.one_party()

        def refusals(at):
            bad = name not in self.joint or {*members} & {*self.joint} or len({*members}) < len(members) or nominee not in members
            return ({"ST208"} if bad else set()) | ({"ST206"} if any(party_id(n) in m.shut for n in members) else set())
        ids = list(map(party_id, members))
        return self.event("party_members", name, "registrar", {"members": list(map(str, ids)), "nominee": str(party_id(nominee))},
                          refusals, lambda entry, at: m.put(m.members, party_id(name), (ids, party_id(nominee))))

    def act_close_wallet(self):
        m = self.model
        empty = [w for w in m.wallet if w not in m.token and not any(m.balance.get((w, token)) for token in m.token)]
        wallet = self.random.choice(list(m.closed) or empty * self.chance(0.5) or [self.one_wallet()])
        closed = wallet not in m.closed
        actor = wallet if closed and self.chance(0.3) else "registrar"

        def refusals(at):
            # a lost wallet's keys say nothing any more, and it isn't opened again
            if wallet in m.barred and actor == wallet:
                return {"ST204"}
            full = any(m.balance.get((wallet, token)) for token in m.token)
            return {"ST208"} if (full if closed else wallet in m.barred) else set()
        return self.event("wallet_status", wallet, actor, {"status": "closed" if closed else "active"},
                          refusals, lambda entry, at: m.put(m.closed, wallet, closed or None))

    def act_look_through(self):
        """Whose the units of an omnibus wallet are; sometimes miscounted, or by somebody else."""
        m, token = self.model, self.one_token()
        wallets = [w for w, x in m.wallet.items() if x["kind"] == "omnibus"]
        wallet = self.random.choice(wallets) if wallets and self.chance(0.97) else self.one_wallet()
        keeper = m.wallet[wallet]["custodian"] or m.party(wallet)
        actor = self.names[keeper] if self.chance(0.95) else "bank"
        left, owners = m.balance.get((wallet, token), 0) + (self.random.choice((-1, 1)) if self.chance(0.05) else 0), {}
        for name in self.random.sample(self.investors, self.random.randint(1, 4)):
            part = self.random.randint(0, left) if left > 0 and self.chance(0.8) else left
            if part > 0:
                owners[party_id(name)] = part
            left -= max(part, 0)
        if left > 0:
            owners[m.party(wallet)] = owners.get(m.party(wallet), 0) + left
        seq = m.seq.get((wallet, token), 0) + self.chance(0.05)
        body = {"token": str(party_id(token)), "seq": seq, "owners": list(map(str, owners)), "units": list(map(str, owners.values()))}

        def refusals(at):
            found = set() if party_id(actor) == keeper else {"ST104"}
            good = m.wallet[wallet]["kind"] == "omnibus" and seq == m.seq.get((wallet, token), 0) and \
                sum(owners.values()) == m.balance.get((wallet, token), 0)
            return found | (set() if good else {"ST208"})
        return self.event("look_through", wallet, actor, body, refusals, lambda entry, at: m.put(m.look, (wallet, token), (at, owners)))

    # ---- What rules read -----------------------------------------------------------

    def act_rules(self):
        token = self.one_token()
        return self.issuer_act("rule_set", token, self.random_rules(token))

    def act_party_list(self):
        of = self.random.choice(LISTS)
        return self.issuer_act("party_list", self.one_token(), {"list": of, "party": str(party_id(self.one_party())),
                                                                "listed": self.chance(0.8 if of == "friends" else 0.2)})

    def for_party(self, name):
        """Who states something for a party: itself, mostly; a wallet of it; a representative, or who would like to be one."""
        share = self.random.random()
        if share < 0.2:
            return self.random.choice([w for w, x in self.model.wallet.items() if x["party"] == party_id(name) and w not in self.model.token])
        return self.one_party() if share < 0.3 else name

    def may_state(self, name, actor, at):
        m = self.model
        return actor in m.wallet or actor == name or m.represents(party_id(actor), party_id(name), at)

    def act_opt_in(self):
        m, token, name, on = self.model, self.one_token(), self.one_party(), self.chance(0.8)
        actor = self.for_party(name)
        return self.event("opt_in", name, actor, {"token": str(party_id(token)), "affirmed": on}, lambda at: set() if self.may_state(name, actor, at)
                          else {"ST104"}, lambda entry, at: m.put(m.opted, (party_id(name), token), on or None))

    def act_travel(self):
        m, name, dates = self.model, self.one_party(), self.dates()
        if dates.get("from", 0) >= dates.get("to", FAR):
            return None
        if self.chance(0.1) and party_id(name) in m.travel:
            return self.event("travel_data", name, "registrar", {"granted": False}, None, lambda entry, at: m.put(m.travel, party_id(name), None))
        stated = (tuple(f for f in FIELDS if self.chance(0.7)) or FIELDS[:1], dates.get("from"), dates.get("to"))
        return self.event("travel_data", name, "registrar", {"fields": stated[0], "commitment": salt(name), **dates}, None,
                          lambda entry, at: m.put(m.travel, party_id(name), m.travel.get(party_id(name), ()) + (stated,)))

    def act_approval(self):
        m, token, approver, dates = self.model, self.one_token(), self.random.choice(("acme", "acme", "bank")), self.dates()
        if dates.get("from", 0) >= dates.get("to", FAR):
            return None
        a = {"token": token, "by": party_id(approver), "name": approver, "sender": None, "receiver": None, "exact": self.chance(0.3),
             "amount": self.random.choice((20, 60, 300)), "left": self.random.choice((1, 2, 5, 50)), "revoked": False,
             "from": dates.get("from"), "to": dates.get("to")}
        body = {"amount": str(a["amount"]), "exact": a["exact"], "uses": a["left"], **dates}
        for side in ("sender", "receiver"):
            if self.chance(0.2):
                a[side] = party_id(self.one_party())
                body[side] = str(a[side])
        return self.event("transfer_approval", token, approver, body, None,
                          lambda entry, at: m.put(m.approval, entry, a))

    def act_approval_revoke(self):
        m = self.model
        if not m.approval:
            return None
        number, a = self.random.choice(list(m.approval.items())[-20:])
        by = a["name"] if self.chance(0.9) else "notary"
        return self.event("approval_revoke", a["token"], by, {"approval": number}, lambda at: ({"ST104"} if by != a["name"] else set()) | (
            {"ST208"} if a["revoked"] else set()), lambda entry, at: m.put(m.approval, number, {**m.approval[number], "revoked": True}))

    def act_document(self):
        token, name, version = self.one_token(), self.random.choice(("Terms", "Leaflet")), f"{self.random.getrandbits(40)}"
        return self.issuer_act("document", token, {"name": name, "version": version, "uri": f"https://docs.example/{version}",
                                                   "hash": salt(name + version), "acknowledge": self.chance(0.4)})

    def act_acknowledge(self):
        m, name = self.model, self.one_party()
        documents = [number for number, _ in m.document.values()]
        if not documents:
            return None
        number, actor = self.random.choice(documents), self.for_party(name)
        return self.event("acknowledge", name, actor, {"document": number}, lambda at: (set() if self.may_state(name, actor, at) else {"ST104"}) | (
            {"ST208"} if (party_id(name), number) in m.acknowledged else set()), lambda entry, at: m.put(m.acknowledged, (party_id(name), number), True))

    def act_terms(self):
        m, token = self.model, self.one_token()
        out = -m.balance.get((token, token), 0)
        limit = self.random.choice((None, None, out + self.random.randint(0, 5000), max(1, out - 1)))
        return self.issuer_act("token_terms", token, {"authorised": None if limit is None else str(limit)})

    def first_terms(self):
        """Of the tokens that may be redeemed by their issuer, before anything else is done with them."""
        m = self.model
        left = [t for t in ("T1", "T2") if t not in m.terms and not m.seq.get((t, t))]
        return self.terms_of(left[0]) if left else None

    def act_redemption_terms(self):
        return self.terms_of(self.one_token())

    def terms_of(self, token):
        """Now and then of nothing, or in the token itself, or in none; of T1 they never end."""
        pays = self.random.choice([t for t in self.model.token if t != token]) if self.chance(0.9) else self.random.choice((token, "nothing"))
        dates = self.dates() if token != "T1" else {}
        if dates.get("from", 0) >= dates.get("to", FAR):
            return None
        body = {"token": str(party_id(pays)), "price": str(self.random.choice((1, 2, 3, 7)) if self.chance(0.95) else 0), **dates}
        if self.chance(0.7):
            body["per"] = str(self.random.choice((1, 2, 3, 5)) if self.chance(0.95) else 0)
        return self.issuer_act("redemption_terms", token, body)

    def act_policy(self):
        m = self.model
        token = self.random.choice([t for t, of in m.token.items() if not of["unsigned"]] or list(m.token))
        return self.issuer_act("token_policy", token, {"unsigned_role": None if m.token[token]["unsigned"] else "postgres"})

    def act_sweep(self):
        m, token, most, counts = self.model, self.one_token(), self.random.choice((1, 3, 100)), []

        def expired(at):
            return sorted((h["release_after"], n) for n, h in m.open_holds() if h["token"] == token and
                          h["release_after"] is not None and h["release_after"] <= at)[:most]

        def refusals(at):
            counts.append(len(expired(at)))
            return set()

        def apply(told, at):
            """As many as it was told that there were, if that is right: one may have expired while it ran."""
            for _, number in expired(at)[:max(counts[0], min(told, counts[-1]))]:
                m.swept(number)
        return self.act(f"sto.sweep_expired(sto_test.id('{token}')::text, {most})", None, refusals, apply)
