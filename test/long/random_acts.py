"""Random acts of officers, issuers and registrars for properties.py.

An act is a call of test/signer/signer.sql, the SQLSTATE that the model expects at a given time (None: it is recorded), and
what it then changes in the model.
"""

import hashlib
import json
from collections import namedtuple

from random_orders import FAR, Orders, now
from register_model import party_id, rules

TOPICS = ("kyc", "aml", "fund")
COUNTRIES = ("KZ", "AE", "CH", "US")
LISTS = ("insiders", "friends")
FIELDS = ("name", "account", "address")
CLASSES = ("retail", "professional", "market_counterparty")

Act = namedtuple("Act", "call refusal apply")


def definition(name, source):
    """Of a custom rule's function (docs/format.md, "Rule sets")."""
    def text(octets, length):
        return len(octets).to_bytes(length, "big") + octets
    return hashlib.sha256(b"\x0asto.custom\x01" + text(name, 1) + text(b"sql", 1) + b"\x01" +
                          text(b"search_path=pg_catalog, pg_temp", 2) + text(source, 4)).hexdigest()


UNLUCKY = definition(b"public.unlucky", b"SELECT 'unlucky' WHERE mod(amount::numeric, 13) = 0")


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


class Acts(Orders):
    def act(self, text, state=None, apply=None):
        return Act(text, state if callable(state) else lambda at: state, apply or (lambda entry, at: None))

    def dates(self):
        """from and to of a fact: mostly none, sometimes moments of this run."""
        dates = {}
        if self.chance(0.15):
            dates["from"] = self.soon()
        if self.chance(0.25):
            dates["to"] = self.soon() + 2000000
            self.points.append(dates["to"])
        return dates

    def random_act(self):
        m = self.model
        # what stops everything doesn't last
        if (m.pause or not all(t["unsigned"] for t in m.token.values())) and self.chance(0.3):
            return self.act_pause() if m.pause else self.act_policy()
        for _ in range(20):
            made = getattr(self, "act_" + self.random.choice(self.WEIGHTED))()
            if made is not None:
                return made
        return None

    WEIGHTED = [name for name, weight in (
        ("freeze_wallet", 6), ("freeze_party", 3), ("pause", 5), ("facts", 6), ("classify", 6), ("claim", 8), ("claim_revoke", 4),
        ("topics", 2), ("trust", 3), ("capability", 1), ("rules", 9), ("party_list", 6), ("opt_in", 6), ("travel", 5), ("approval", 10),
        ("approval_revoke", 2), ("document", 2), ("acknowledge", 8), ("terms", 6), ("policy", 1), ("wallet", 2), ("close_wallet", 2),
        ("mandate", 3), ("case", 8), ("decide", 10), ("sweep", 4)) for _ in range(weight)]

    def one_party(self):
        return self.random.choice(self.investors)

    def one_token(self):
        return self.random.choice(list(self.model.token))

    # ---- Stopping and letting go on ------------------------------------------------

    def lift(self, table, key):
        """Whether to stop or to let go; what is stopped is mostly let go soon."""
        return not self.chance(0.85 if key in table else 0.03)

    def act_freeze_wallet(self):
        wallet, m = self.one_wallet(), self.model
        if m.frozen and self.chance(0.7):
            wallet = self.random.choice([w for w in m.frozen if isinstance(w, str)] or [wallet])
        frozen = self.lift(m.frozen, wallet)
        if frozen and len(m.frozen) > 2:
            return None
        return self.act(call("freeze_wallet", wallet, frozen), None if frozen or wallet in m.frozen else "ST208",
                        lambda entry, at: m.put(m.frozen, wallet, frozen or None))

    def act_freeze_party(self):
        m = self.model
        name = self.random.choice([n for n in self.investors if party_id(n) in m.frozen] or self.investors)
        party = party_id(name)
        frozen = self.lift(m.frozen, party)
        if frozen and len(m.frozen) > 2:
            return None
        return self.act(call("freeze_party", name, frozen), None if frozen or party in m.frozen else "ST208",
                        lambda entry, at: m.put(m.frozen, party, frozen or None))

    def act_pause(self):
        m, token, actor = self.model, self.one_token(), self.random.choice(("acme", "enforcer", "second"))
        token = self.random.choice(list(m.pause) or [token])
        if not m.pause and self.chance(0.6):
            return None
        paused, by = self.lift(m.pause, token), m.pause.get(token)
        state = "ST208" if not paused and by is None else \
            "ST104" if actor == "acme" and by not in (None, party_id("acme")) else None
        return self.act(call("pause", token, actor, paused), state, lambda entry, at: m.put(m.pause, token, party_id(actor) if paused else None))

    # ---- Who parties are -----------------------------------------------------------

    def act_facts(self):
        m, name = self.model, self.one_party()
        what = {key: self.random.choice(COUNTRIES) for key in ("country", "incorporation") if self.chance(0.6)} or {"country": "KZ"}

        def apply(entry, at):
            for key, value in what.items():
                m.put(getattr(m, key), party_id(name), value)
        return self.act(call("party_facts", name, what), None, apply)

    def act_classify(self):
        m, name, dates = self.model, self.one_party(), self.dates()
        token, stated = self.one_token() if self.chance(0.3) else None, self.random.choice(CLASSES)
        if dates.get("from", 0) >= dates.get("to", FAR):
            return None
        extra = {**dates, **({"token": str(party_id(token))} if token else {})}
        return self.act(call("classify", name, stated, extra), None, lambda entry, at: m.put(
            m.classes, (party_id(name), token), rules.Classified(stated, dates.get("from"), dates.get("to"))))

    def act_claim(self):
        m, name, topic, issuer = self.model, self.one_party(), self.random.choice(TOPICS), self.random.choice(("att1", "att2", "notary"))
        dates = self.dates()
        if len(m.claim) > 300 or dates.get("from", 0) >= dates.get("to", FAR):
            return None
        return self.act(call("claim", name, topic, issuer, dates), None if m.capable.get((party_id(issuer), "claim_issuer")) else "ST104",
                        lambda entry, at: m.put(m.claim, entry, {"party": party_id(name), "name": name, "topic": topic, "issuer": party_id(issuer),
                                                                 "by": issuer, "from": dates.get("from"), "to": dates.get("to")}))

    def act_claim_revoke(self):
        m = self.model
        if len(m.claim) < 25:
            return None
        number, claim = self.random.choice(list(m.claim.items()))
        issuer = claim["by"] if self.chance(0.9) else "notary"
        return self.act(call("claim_revoke", claim["name"], number, issuer), None if issuer == claim["by"] else "ST104",
                        lambda entry, at: m.put(m.claim, number, None))

    def act_topics(self):
        m, token = self.model, self.one_token()
        topics = [topic for topic in ("kyc", "aml") if self.chance(0.25)]
        only = self.chance(0.7)
        return self.act(call("topics", token, topics, {"receiver_only": only}), None, lambda entry, at: m.put(m.required, token, (tuple(topics), only)))

    def act_trust(self):
        m, token, issuer = self.model, self.one_token(), self.random.choice(("att1", "att2"))
        topics = [topic for topic in TOPICS if self.chance(0.95)]
        return self.act(call("trust", token, issuer, topics), None if m.capable.get((party_id(issuer), "claim_issuer")) or not topics else "ST208",
                        lambda entry, at: m.put(m.trusted, (token, party_id(issuer)), tuple(topics)))

    def act_capability(self):
        m, issuer = self.model, self.random.choice(("att1", "att2"))
        issuer = next((a for a in ("att1", "att2") if not m.capable.get((party_id(a), "claim_issuer"))), issuer)
        granted = not m.capable.get((party_id(issuer), "claim_issuer")) or not self.chance(0.4)
        return self.act(call("grant_capability", issuer, "claim_issuer", granted), lambda at: None if granted or m.capable.get(
            (party_id(issuer), "claim_issuer")) else "ST208", lambda entry, at: m.put(m.capable, (party_id(issuer), "claim_issuer"), granted or None))

    def act_mandate(self):
        m, principal, other, dates = self.model, self.one_party(), self.one_party(), self.dates()
        if principal == other or dates.get("from", 0) >= dates.get("to", FAR):
            return None
        scope, granted = self.random.choice(("orders", "votes", "all")), self.chance(0.7)
        return self.act(call("mandate", principal, other, {"scope": scope, "granted": granted, **dates}), None, lambda entry, at: m.put(
            m.mandate, (party_id(principal), party_id(other), scope), {"granted": granted, "from": dates.get("from"), "to": dates.get("to")}))

    def act_wallet(self):
        m, name = self.model, self.one_party()
        number = 1 + sum(w["party"] == party_id(name) for w in m.wallet.values())
        if number > 3:
            return None
        return self.new_wallet(name, number)

    def new_wallet(self, name, number):
        m, wallet, seed = self.model, f"{name}/{number}", 200 + 4 * self.investors.index(name) + number
        custodian, signed_only = ("bank" if self.chance(0.2) else None), self.chance(0.08)
        extra = {**({"custodian": str(party_id(custodian))} if custodian else {}), "signed_only": signed_only}
        self.seeds[wallet] = [seed]

        def apply(entry, at):
            self.addresses[wallet] = entry
            m.put(m.wallet, wallet, {"party": party_id(name), "custodian": custodian and party_id(custodian), "signed_only": signed_only})
        return self.act(call("wallet", wallet, name, [str(seed)], "own", 1, extra), None, apply)

    def act_close_wallet(self):
        m, wallet = self.model, self.random.choice([w for w in self.model.closed] or [self.one_wallet()])
        closed = wallet not in m.closed
        full = any(m.balance.get((wallet, token)) for token in m.token)
        body = json.dumps({"status": "closed" if closed else "active"})
        return self.act(f"sto_test.event('wallet_status', sto_test.id('{wallet}'), sto_test.id('registrar'), '{body}')",
                        "ST208" if closed and full else None, lambda entry, at: m.put(m.closed, wallet, closed or None))

    # ---- What rules read -----------------------------------------------------------

    def act_party_list(self):
        m, token, name, of = self.model, self.one_token(), self.one_party(), self.random.choice(LISTS)
        on = self.chance(0.8 if of == "friends" else 0.2)
        return self.act(call("party_list", token, of, name, on), None, lambda entry, at: m.put(m.listed, (token, of, party_id(name)), on or None))

    def act_opt_in(self):
        m, token, name, on = self.model, self.one_token(), self.one_party(), self.chance(0.8)
        return self.act(call("opt_in", name, token, name, on), None, lambda entry, at: m.put(m.opted, (party_id(name), token), on or None))

    def act_travel(self):
        m, name, dates = self.model, self.one_party(), self.dates()
        if dates.get("from", 0) >= dates.get("to", FAR):
            return None
        if self.chance(0.1) and party_id(name) in m.travel:
            return self.act(f"sto_test.event('travel_data', sto_test.id('{name}'), sto_test.id('registrar'), '{{\"granted\": false}}')", None,
                            lambda entry, at: m.put(m.travel, party_id(name), None))
        stated = (tuple(f for f in FIELDS if self.chance(0.7)) or FIELDS[:1], dates.get("from"), dates.get("to"))
        return self.act(call("travel_data", name, stated[0], dates), None,
                        lambda entry, at: m.put(m.travel, party_id(name), m.travel.get(party_id(name), ()) + (stated,)))

    def act_approval(self):
        m, token, approver, dates = self.model, self.one_token(), self.random.choice(("acme", "acme", "bank")), self.dates()
        if dates.get("from", 0) >= dates.get("to", FAR):
            return None
        a = {"token": token, "by": party_id(approver), "name": approver, "sender": None, "receiver": None, "exact": self.chance(0.3),
             "amount": self.random.choice((20, 60, 300)), "left": self.random.choice((1, 2, 5, 50)), "revoked": False,
             "from": dates.get("from"), "to": dates.get("to")}
        extra = {"exact": a["exact"], "uses": a["left"], **dates}
        for side in ("sender", "receiver"):
            if self.chance(0.2):
                extra[side] = self.one_party()
                a[side] = party_id(extra[side])
        return self.act(call("approval", token, approver, str(a["amount"]), extra), None, lambda entry, at: m.put(m.approval, entry, a))

    def act_approval_revoke(self):
        m = self.model
        if not m.approval:
            return None
        number, a = self.random.choice(list(m.approval.items())[-20:])
        by = a["name"] if self.chance(0.9) else "notary"
        return self.act(call("approval_revoke", a["token"], by, number), "ST104" if by != a["name"] else "ST208" if a["revoked"] else None,
                        lambda entry, at: m.put(m.approval, number, {**m.approval[number], "revoked": True}))

    def act_document(self):
        m, token, name, asked = self.model, self.one_token(), self.random.choice(("Terms", "Leaflet")), self.chance(0.4)
        return self.act(call("document", token, name, f"{self.random.getrandbits(40)}", asked), None,
                        lambda entry, at: m.put(m.document, (token, name), (entry, asked)))

    def act_acknowledge(self):
        m, name = self.model, self.one_party()
        documents = [number for number, _ in m.document.values()]
        if not documents:
            return None
        number = self.random.choice(documents)
        return self.act(call("acknowledge", name, number, name), "ST208" if (party_id(name), number) in m.acknowledged else None,
                        lambda entry, at: m.put(m.acknowledged, (party_id(name), number), True))

    def act_terms(self):
        m, token = self.model, self.one_token()
        out = -m.balance.get((token, token), 0)
        limit = self.random.choice((None, None, out + self.random.randint(0, 5000), max(1, out - 1)))
        body = json.dumps({"authorised": None if limit is None else str(limit)})
        return self.act(f"sto_test.event('token_terms', sto_test.id('{token}'), sto_test.id('acme'), '{body}')",
                        "ST302" if limit is not None and limit < out else None,
                        lambda entry, at: m.put(m.token, token, {**m.token[token], "authorised": limit}))

    def act_policy(self):
        m = self.model
        token = self.random.choice([t for t, of in m.token.items() if not of["unsigned"]] or list(m.token))
        unsigned = not m.token[token]["unsigned"]
        body = json.dumps({"unsigned_role": "postgres" if unsigned else None})
        return self.act(f"sto_test.event('token_policy', sto_test.id('{token}'), sto_test.id('acme'), '{body}')", None,
                        lambda entry, at: m.put(m.token, token, {**m.token[token], "unsigned": unsigned}))

    def act_sweep(self):
        m, token, most = self.model, self.one_token(), self.random.choice((1, 3, 100))

        def apply(entry, at):
            expired = sorted((h["release_after"], n) for n, h in m.open_holds() if h["token"] == token and
                             h["release_after"] is not None and h["release_after"] <= at)
            for _, number in expired[:most]:
                m.release(number, m.hold[number]["remaining"])
        return self.act(f"sto.sweep_expired(sto_test.id('{token}')::text, {most})", None, apply)

    # ---- Enforcement ---------------------------------------------------------------

    def act_case(self):
        m, act, token = self.model, self.random.choice(("force", "force", "reverse", "seizure", "freeze")), self.one_token()
        debit, credit, more = self.one_wallet(token, True), None, {}
        amount = self.random.randint(1, max(1, m.balance.get((debit, token), 1)))
        if act in ("force", "seizure"):
            credit = self.one_wallet()
        if act == "reverse":
            undone = [(n, o) for n, o in list(m.entry.items())[-60:] if o["kind"] in ("transfer", "post", "force")]
            if not undone:
                return None
            number, o = self.random.choice(undone)
            debit, credit, amount, token, more = o["credit"], o["debit"], o["amount"], o["token"], {"undoes": number}
        holds = [n for n, h in m.open_holds() if h["wallet"] == debit and h["token"] == token]
        if act == "force" and holds and self.chance(0.6):
            more["holds"] = self.random.sample(holds, min(len(holds), 2))
        if debit == credit:
            return None
        begin, end = (self.soon() if self.chance(0.2) else None), (self.soon() if self.chance(0.2) else None)
        if begin and end and begin >= end:
            return None
        name, officer = f"case {self.random.getrandbits(60)}", self.random.choice(("enforcer", "second"))
        body = {"token": str(party_id(token)), "debit": debit, "amount": str(amount), **more, **({"credit": credit} if credit else {}),
                **({"not_before": begin} if begin else {}), **({"valid_until": end} if end else {})}
        case = {"name": name, "act": act, "token": token, "debit": debit, "credit": credit, "amount": amount, "holds": more.get("holds", []),
                "undoes": more.get("undoes"), "opened_by": party_id(officer), "approved": False, "approved_by": None, "refused": False,
                "used": None, "not_before": begin, "until": end, "hash": hashlib.sha256(f"salt {name}".encode()).hexdigest()}
        text = call("open_case", name, act, body, officer)
        return self.act(text, None, lambda entry, at: m.put(m.case, entry, case))

    def act_decide(self):
        m = self.model
        cases = [(n, c) for n, c in m.case.items() if not c["used"]][-8:]
        if not cases:
            return None
        number, case = self.random.choice(cases)
        officer, approved = self.random.choice(("enforcer", "second", "third", "third", "notary")), self.chance(0.93)
        party = party_id(officer)
        state = "ST104" if officer == "notary" or party == case["opened_by"] else "ST208" if case["refused"] or case["approved"] and approved else None
        return self.act(call("decide_case", case["name"], officer, approved), state, lambda entry, at: m.put(m.case, number, {
            **case, **({"approved": True, "approved_by": party} if approved else {"refused": True})}))

    # ---- Rules ---------------------------------------------------------------------

    COUNTERS = ["max_holders", "min_holders", "max_balance", "min_balance", "volume_limit", "ownership_by_claim", "investor_class",
                "offer_limits", "approval"]

    def act_rules(self):
        m, token = self.model, self.one_token()
        body = {"rules": [self.random_rule(token) for _ in range(self.random.choice((0, 1, 2, 3, 4, 6)))]}
        if self.chance(0.15):
            body["from"] = self.soon()
        text = json.dumps(body)
        return self.act(f"sto_test.event('rule_set', sto_test.id('{token}'), sto_test.id('acme'), '{text}')", None, lambda entry, at: m.put(
            m.sets, token, m.sets.get(token, ()) + ((max(body.get("from", at), at), entry, rules.parse(text)),)))

    def random_rule(self, token):
        """Limits are mostly near what is so now."""
        name = self.random.choice([rule for rule in rules.SPECS if rule != "look_through"] + 2 * self.COUNTERS)
        self.totals = [units for units in self.model.totals(token).values() if units] or [1]
        rule = {"rule": name, **getattr(self, "rule_" + name)()}
        if self.chance(0.2) and name != "offer_limits":
            rule["kinds"] = [kind for kind in rules.KINDS if self.chance(0.6)] or ["transfer"]
        if self.chance(0.25):
            rule["exempt"] = [str(party_id(name)) for name in self.random.sample(self.investors, 2)]
        return rule

    def side(self):
        return {"side": self.random.choice(("receiver", "sender", "either"))} if self.chance(0.5) else {}

    def rule_country_allow(self):
        return {"countries": self.random.sample(COUNTRIES, 3), **self.side(), **({"by": "incorporation"} if self.chance(0.3) else {})}

    def rule_country_deny(self):
        return {"countries": self.random.sample(COUNTRIES, 1), **self.side(), **({"by": "incorporation"} if self.chance(0.3) else {})}

    def rule_party_list(self):
        which = self.random.choice(LISTS)
        return {"list": which, "mode": "allow" if which == "friends" else "deny", **self.side()}

    def rule_investor_class(self):
        rule = {"classes": self.random.sample(CLASSES, 2)} if self.chance(0.5) else {}
        return {**rule, **({"caps": {"retail": str(self.random.choice(self.totals) + 20), "professional": str(max(self.totals) + 20)}} if not rule or self.chance(0.4) else {})}

    def rule_max_balance(self):
        limit = max(self.totals) + self.random.randint(-20, 60)
        return self.random.choice(({"amount": str(max(1, limit))}, {"share": min(10000, max(1, limit * 10000 // sum(self.totals)))}))

    def rule_min_balance(self):
        return {"amount": str(self.random.randint(2, 30))}

    def rule_max_holders(self):
        rule = {"count": max(1, len(self.totals) + self.random.randint(-1, 1))}
        by = self.random.choice((None, "country", "class"))
        if by:
            rule["by"], rule["count"] = by, self.random.randint(1, 5)
            if self.chance(0.5):
                rule["value"] = self.random.choice(COUNTRIES if by == "country" else CLASSES)
        return rule

    def rule_min_holders(self):
        return {"count": max(1, len(self.totals) - self.random.randint(0, 2))}

    def rule_ownership_by_claim(self):
        by = self.random.choice(("topic", "country", "class"))
        value = self.random.choice({"topic": TOPICS, "country": COUNTRIES, "class": CLASSES}[by])
        return {"by": by, "value": value, **self.random.choice(({"max": self.random.randint(1000, 9000)}, {"min": self.random.randint(500, 4000)},
                                                               {"min": 1000, "max": 7000}))}

    def rule_lock_up(self):
        return {"until": self.soon()}

    def rule_volume_limit(self):
        seconds = self.random.choice((1, 2, 5, 30, 3155760000))
        return {"seconds": seconds, **self.random.choice(({"amount": str(self.random.randint(50, 1500))}, {"share": self.random.randint(200, 4000)}))}

    def rule_transfer_window(self):
        begin = self.soon()
        self.points.append(begin + 300000)
        closed = {"closed": [{"from": begin, "to": begin + 300000}]}
        hours = {"open": [{"days": self.random.sample(range(1, 8), 6), "from": "00:00", "to": "24:00"}], "offset_minutes": self.random.randint(-600, 600)}
        rule = self.random.choice((closed, hours, {**closed, **hours}))
        return {**rule, **({"list": "insiders"} if self.chance(0.4) else {})}

    def rule_granularity(self):
        return {"units": str(self.random.choice((2, 5, 10)))}

    def rule_approval(self):
        return {"by": str(party_id("bank"))} if self.chance(0.3) else {}

    def rule_venue(self):
        return {"parties": [str(party_id(name)) for name in (("bank", "notary") if self.chance(0.2) else ("registrar", "bank"))]}

    def rule_opt_in(self):
        return {}

    def rule_offer_limits(self):
        rule = {"seconds": self.random.choice((2, 10, 3155760000))}
        for key, value in (("max_persons", self.random.randint(3, 14)), ("min_each", "20"), ("max_total", str(self.random.randint(500, 5000)))):
            if self.chance(0.4):
                rule[key] = value
        return rule if len(rule) > 1 else {**rule, "classes": list(CLASSES[:2])}

    def rule_travel_rule(self):
        rule = {"threshold": str(self.random.choice((1, 50, 100)))}
        for side in ("originator", "beneficiary"):
            if self.chance(0.5):
                rule[side] = self.random.sample(FIELDS, 1)
        return rule if len(rule) > 1 and self.chance(0.9) else {**rule, "attachment": True}

    def rule_custom(self):
        return {"function": "public.unlucky", "definition": UNLUCKY}
