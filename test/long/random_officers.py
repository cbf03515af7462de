"""Random acts of officers for properties.py: cases, attachments, second officers, and lists under one signature."""

import hashlib
import json
import uuid

from issuer_model import ACTS
from random_orders import FAR, NAMES, STOPS, now
from random_rules import Rules
from register_model import party_id

ENFORCERS, AGENTS, SECONDS = ("enforcer", "second", "third"), ("agent", "other"), ("legal", "audit", "notary")


def salt(name):
    return hashlib.sha256(f"salt {name}".encode()).hexdigest()


class Officers(Rules):
    def fresh_name(self, what):
        return f"{what} {self.random.getrandbits(60)}"

    # ---- Cases ---------------------------------------------------------------------

    def act_case(self):
        m, token = self.model, self.one_token()
        acts = ("force", "force", "reverse", "seizure", "seizure", "freeze", "recover", "recover", "post", "post", *STOPS)
        act = self.least(acts, NAMES.get) if self.chance(0.4) else self.random.choice(acts)
        made = self.recovery(token) if act == "recover" else self.reversal() if act == "reverse" else self.posting() if act == "post" \
            else self.stopping(act, token) if act in STOPS else self.taking(act, token)
        if made is None or made["debit"] == made["credit"]:
            return None
        if act != "recover":
            made["not_before"], made["until"] = (self.soon() if self.chance(0.2) else None), (self.soon() if self.chance(0.2) else None)
            if made["not_before"] and made["until"] and made["not_before"] >= made["until"]:
                return None
        name, officer = self.fresh_name("case"), self.random.choice(AGENTS if act == "recover" else ENFORCERS[:2])
        body = {"act": act, "basis": "recovery" if act == "recover" else "court", "document_hash": salt(name)}
        for field, key, shown in (("debit", "debit", self.addresses.get), ("credit", "credit", self.addresses.get), ("amount", "amount", str),
                                  ("token", "token", lambda t: str(party_id(t))), ("holds", "holds", list), ("undoes", "undoes", int),
                                  ("not_before", "not_before", int), ("until", "valid_until", int)):
            if made.get(field):
                body[key] = shown(made[field])
        case = {"holds": [], "undoes": None, "amount": None, **made, "name": name, "act": act, "opened_by": party_id(officer),
                "approved": False, "approved_by": None, "refused": False, "used": None, "hash": salt(name)}

        def refusals(at):
            found = set() if m.capable.get((party_id(officer), "recovery_agent" if act == "recover" else "enforcer")) else {"ST104"}
            if made["until"] is not None and made["until"] <= at:
                found.add("ST208")
            if act == "post" and m.hold[made["holds"][0]]["purpose"] != "pledge":
                found.add("ST208")
            if act == "recover" and (made["not_before"] < at + 1000000 or m.party(made["debit"]) != m.party(made["credit"])):
                found.add("ST208")
            return found
        return self.event("case", name, officer, body, refusals, lambda entry, at: m.put(m.case, entry, case))

    def taking(self, act, token):
        m, debit = self.model, self.one_wallet(token, True)
        made = {"token": token, "debit": debit, "credit": self.one_wallet() if act != "freeze" else None,
                "amount": self.random.randint(1, max(1, m.balance.get((debit, token), 1) // (1 if self.chance(0.3) else 4)))}
        holds = [n for n, h in m.open_holds() if h["wallet"] == debit and h["token"] == token]
        if act == "force" and holds and self.chance(0.6):
            made["holds"] = self.random.sample(holds, min(len(holds), 2))
        return made

    def posting(self):
        """Of a pledge, mostly, and to whom it is for."""
        m = self.model
        holds = [(n, h) for n, h in m.open_holds() if h["purpose"] == "pledge" or self.chance(0.05)][-20:]
        if not holds:
            return None
        number, hold = self.random.choice(holds)
        credit = m.heir(hold["beneficiary"]) if hold["beneficiary"] and self.chance(0.95) else self.one_wallet()
        return {"token": hold["token"], "debit": hold["wallet"], "credit": credit, "holds": [number],
                "amount": self.random.choice((hold["remaining"], self.random.randint(1, hold["remaining"])))}

    def stopping(self, act, token):
        """A token's issuance wallet stands for it."""
        pauses = act == "token_pause"
        return {"token": token if pauses else None, "debit": token if pauses else self.one_wallet(), "credit": None}

    def reversal(self):
        undone = [(n, o) for n, o in list(self.model.entry.items())[-60:] if o["kind"] in ("transfer", "post", "force")]
        if not undone:
            return None
        number, o = self.random.choice(undone)
        return {"token": o["token"], "debit": o["credit"], "credit": o["debit"], "amount": o["amount"], "undoes": number}

    def recovery(self, token):
        """Of a wallet to another one of its party, mostly; after a second's notice at least."""
        m, debit = self.model, self.one_wallet(token, True)
        own = [w for w, x in m.wallet.items() if x["party"] == m.party(debit) and w != debit and w not in m.barred and w not in m.token]
        if not own:
            return None
        not_before = now() + self.random.choice((1020000, 1100000, 1500000, 2000000, 900000))
        self.points.append(not_before)
        until = not_before + self.random.randint(300000, 4000000) if self.chance(0.2) else None
        self.points.extend([until] * (until is not None))
        return {"token": token if self.chance(0.5) else None, "debit": debit, "not_before": not_before, "until": until,
                "credit": self.random.choice(own) if self.chance(0.95) else self.one_wallet()}

    def act_decide(self):
        m = self.model
        cases = [(n, c) for n, c in m.case.items() if not c["used"] and not c["approved"] and not c["refused"] or self.chance(0.03)][-8:]
        if not cases:
            return None
        number, case = self.random.choice(cases)
        recovery, approved = case["act"] == "recover", self.chance(0.93)
        officer = self.random.choice((*AGENTS, *AGENTS, "third") if recovery else (*ENFORCERS, "third", "notary"))
        party = party_id(officer)
        may = m.capable.get((party, "recovery_agent" if recovery else "enforcer")) and party != case["opened_by"]
        refused = {"ST104"} if not may else set()
        if case["refused"] or case["used"] or case["approved"] and approved:
            refused.add("ST208")
        return self.event("case_approve", case["name"], officer, {"approved": approved}, lambda at: refused, lambda entry, at: m.put(
            m.case, number, {**case, **({"approved": True, "approved_by": party} if approved else {"refused": True})}))

    # ---- Events that carry out a case: attachments, and what officers stop --------------

    def one_case(self, act):
        """One that may be carried out, mostly, and an officer of it; about a token only if such a case is."""
        at, pauses = now(), act == "token_pause"
        cases = [(n, c) for n, c in self.model.case.items() if (c["debit"] in self.model.token) == pauses and (
            c["act"] == act and not c["used"] and (c["approved"] and not c["refused"] and (
                c["not_before"] is None or c["not_before"] <= at) or self.chance(0.15)) or self.chance(0.01))][-6:]
        if not cases:
            return None, None, None
        number, case = self.random.choice(cases)
        other = self.chance(0.3) or case["act"] == "recover"
        return number, case, self.random.choice(ENFORCERS[:2]) if other else self.names[case["opened_by"]]

    def carried_out(self, number, officer, act, wallet):
        """What an event of this officer is refused with that is to carry this case out, and how the case is used up."""
        m, case = self.model, self.model.case.get(number)

        def refusals(at):
            found = set() if m.capable.get((party_id(officer), "enforcer")) else {"ST104"}
            if case is None:
                return found | {"ST216"}
            if case["act"] != act or case["debit"] != wallet or case["used"] or case["refused"] or not case["approved"] or \
                    case["until"] is not None and at >= case["until"]:
                found.add("ST216")
            if party_id(officer) not in (case["opened_by"], case["approved_by"]):
                found.add("ST104")
            if case["not_before"] is not None and at < case["not_before"]:
                found.add("ST217")
            return found
        return refusals, lambda entry: m.put(m.case, number, {**case, "used": entry})

    def act_attach(self):
        m, (number, case, officer) = self.model, self.one_case("seizure")
        if case is None or len([a for a in m.attached.values() if a["left"]]) > 8:
            return None
        wallet = case["debit"] if self.chance(0.95) else self.one_wallet()
        refusals, use = self.carried_out(number, officer, "seizure", wallet)

        def apply(entry, at):
            m.put(m.attached, entry, {"wallet": wallet, "token": case["token"], "left": case["amount"]})
            use(entry)
        return self.event("attach", wallet, officer, {"case": number}, refusals, apply)

    def stop(self, kind, field, wallet):
        """An enforcer stops what his case says, mostly; sometimes another wallet, after another decision, or by himself."""
        number, case, officer = self.one_case(kind)
        body = {field: True, "basis": "court", "document_hash": salt("decision")}
        if case is None or self.chance(0.15):
            number, officer = None, self.random.choice(ENFORCERS[:2])
        else:
            wallet = case["debit"] if self.chance(0.95) else wallet
            body.update({"case": number, "document_hash": case["hash"] if self.chance(0.95) else salt("decision")})
        refusals, use = self.carried_out(number, officer, kind, wallet)
        other = {"ST208"} if number and body["document_hash"] != case["hash"] else set()

        def apply(entry, at):
            self.model.put(self.model.frozen if field == "frozen" else self.model.pause, wallet, party_id(officer))
            use(entry)
        return self.event(kind, wallet, officer, body, lambda at: refusals(at) | other, apply)

    def let_go(self, kind, field, table, subject):
        """One enforcer does, and cites no case."""
        officer, number = self.random.choice(ENFORCERS), self.one_case(kind)[0] if self.chance(0.1) else None
        refused = {"ST208"} if number or subject not in table else set()
        if not self.model.capable.get((party_id(officer), "enforcer")):
            refused.add("ST104")
        body = {field: False, "basis": "court", "document_hash": salt("decision"), **({"case": number} if number else {})}
        return self.event(kind, subject, officer, body, lambda at: refused, lambda entry, at: self.model.put(table, subject, None))

    def act_lift(self):
        m = self.model
        kept = [(n, a) for n, a in m.attached.items() if a["left"]] or list(m.attached.items())
        if not kept:
            return None
        number, a = self.random.choice(kept)
        amount = self.random.choice((a["left"], a["left"], self.random.randint(1, a["left"] + 1)))
        wallet = a["wallet"] if self.chance(0.95) else self.one_wallet()
        officer = self.random.choice(ENFORCERS)
        refused = {"ST208"} if not 0 < amount <= a["left"] or wallet != a["wallet"] else set()
        if not m.capable.get((party_id(officer), "enforcer")):
            refused.add("ST104")
        return self.event("attach_lift", wallet, officer, {"attachment": number, "amount": str(amount)}, lambda at: refused,
                          lambda entry, at: m.put(m.attached, number, {**a, "left": a["left"] - amount}))

    # ---- The issuer, and second officers ----------------------------------------------

    def issuer_act(self, kind, token, body, actor="acme"):
        """Alone, or proposed, if it needs another."""
        text = body if isinstance(body, str) else json.dumps(body)
        if actor == "acme" and self.issuer.needs_second(kind, token, json.loads(text)) and self.chance(0.8):
            return self.proposed(kind, token, text)
        return self.event(kind, token, actor, text, *self.issuer.stated(kind, token, text, actor))

    def proposed(self, kind, token, text):
        m, name = self.model, self.fresh_name("proposal")
        until = FAR if self.chance(0.8) else self.soon() + 1000000 if self.chance(0.9) else now() - 1000000
        body = {"kind": kind, "about": str(party_id(token)), "act_body": text, "valid_until": until}
        if until not in (FAR,):
            self.points.append(until)
        proposal = {"name": name, "kind": kind, "token": token, "body": text, "until": until, "approved": False, "by": None,
                    "refused": False, "used": None}
        said = json.loads(text)
        nobody = kind == "four_eyes" and (said["acts"] and not said["approvers"] or str(party_id("acme")) in said["approvers"]) or \
            kind == "redemption_terms" and self.issuer.bad_terms(said)
        return self.event("proposal", name, "acme", body, lambda at: {"ST208"} if until <= at or kind not in ACTS or nobody else set(),
                          lambda entry, at: m.put(m.proposal, entry, proposal))

    def act_four_eyes(self):
        token = self.one_token()
        acts, approvers = self.model.eyes.get(token, ((), ()))
        kinds = ("four_eyes", "rule_set", "party_list", "token_terms", "token_topics", "trusted_issuer", "token_pause", "document",
                 "redemption_terms")
        if len(acts) > 2:
            acts = self.random.sample(acts, 1) if self.chance(0.7) else []
        acts = sorted({*acts, *self.random.sample(kinds, self.random.choice((0, 1, 1, 2)))})
        if not approvers or self.chance(0.3):
            approvers = [party_id(name) for name in self.random.sample(SECONDS + ("acme",) * self.chance(0.1), self.random.choice((0, 1, 2, 2)))]
        return self.issuer_act("four_eyes", token, {"acts": acts, "approvers": list(map(str, approvers))})

    def one_proposal(self):
        waiting = [(n, p) for n, p in self.model.proposal.items() if not p["used"] and not p["refused"]][-6:]
        spent = list(self.model.proposal.items())[-20:]
        return self.random.choice(waiting if waiting and not self.chance(0.1) else spent) if spent else (None, None)

    def act_approve(self):
        m, (number, p) = self.model, self.one_proposal()
        if p is None:
            return None
        _, approvers = m.eyes.get(p["token"], ((), ()))
        officer = self.names[self.random.choice(approvers)] if approvers and self.chance(0.85) else self.random.choice(SECONDS + ("acme",))
        approved = self.chance(0.85 if officer != "acme" else 0.2)

        def refusals(at):
            may = party_id(officer) in approvers or officer == "acme" and not approved
            found = set() if may else {"ST104"}
            return found | ({"ST208"} if p["used"] or p["refused"] or at >= p["until"] else set())
        return self.event("approve", p["name"], officer, {"approved": approved}, refusals, lambda entry, at: m.put(
            m.proposal, number, {**p, "approved": approved, "by": party_id(officer), "refused": not approved}))

    def act_carry_out(self):
        p = self.one_proposal()[1]
        return p and self.event(p["kind"], p["token"], "acme", p["body"], *self.issuer.stated(p["kind"], p["token"], p["body"], "acme"))

    # ---- Lists under one signature ------------------------------------------------------

    def act_batch(self):
        m, orders = self.model, self.new_list()
        rows = [self.columns(o) for o in orders]
        first, total = orders[0], sum(o["amount"] for o in orders)
        signer = first["by"] if first["kind"] == "issue" else first["debit"]
        actor = self.names.get(signer, signer)
        count, until = len(orders) + self.chance(0.05), self.soon() + 1000000 if self.chance(0.1) else None
        # the list is good as long as each key that signed it
        keys = self.signing(signer)
        end = min(filter(None, [until, *(m.keys[signer][2].get(key) for key in keys)]), default=None)
        body = {"token": str(party_id(first["token"])), "count": count, "sum": str(total + self.chance(0.05)), "hash": "%s",
                **({"valid_until": until} if until else {})}
        self.points.extend([until] * (until is not None))
        batch = {"actor": signer, "token": first["token"], "count": count, "sum": int(body["sum"]), "until": end, "posted": False, "keys": m.keys[signer],
                 "orders": tuple(self.signed(o) for o in orders), "made": orders}
        return self.event("batch", str(uuid.UUID(int=self.random.getrandbits(128), version=4)), actor, body,
                          lambda at: ({"ST003"} if end and at >= end else set()) | (
                              {"ST202"} if first["token"] in m.ended else set()), lambda entry, at: m.put(m.batch, entry, batch),
                          given=f"sto_test.list_hash('{json.dumps(rows)}')", keys=keys)
