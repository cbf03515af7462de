"""Random rule sets for properties.py: limits are mostly near what is so now."""

import hashlib

from random_orders import Orders
from register_model import party_id, rules

TOPICS = ("kyc", "aml", "fund")
COUNTRIES = ("KZ", "AE", "CH", "US")
LISTS = ("insiders", "friends")
FIELDS = ("name", "account", "address")
CLASSES = ("retail", "professional", "market_counterparty")


def definition(name, source):
    """Of a custom rule's function (docs/format.md, "Rule sets")."""
    def text(octets, length):
        return len(octets).to_bytes(length, "big") + octets
    return hashlib.sha256(b"\x0asto.custom\x01" + text(name, 1) + text(b"sql", 1) + b"\x01" +
                          text(b"search_path=pg_catalog, pg_temp", 2) + text(source, 4)).hexdigest()


UNLUCKY = definition(b"public.unlucky", b"SELECT 'unlucky' WHERE mod(amount::numeric, 13) = 0")


class Rules(Orders):
    COUNTERS = ["max_holders", "min_holders", "max_balance", "min_balance", "volume_limit", "ownership_by_claim", "investor_class",
                "offer_limits", "approval"]

    def random_rules(self, token):
        body = {"rules": [self.random_rule(token) for _ in range(self.random.choice((0, 1, 2, 3, 4, 6)))]}
        if self.chance(0.15):
            body["from"] = self.soon()
        if self.chance(0.3):
            body["record_refusals"] = True
        return body

    def random_rule(self, token):
        name = self.random.choice(list(rules.SPECS) + 2 * self.COUNTERS)
        self.totals = [units for units in self.model.totals(token).values() if units > 0] or [1]
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
        return self.by_group({"count": max(1, len(self.totals) + self.random.randint(-1, 1))})

    def by_group(self, rule):
        by = self.random.choice((None, "country", "class"))
        if by:
            rule["by"], rule["count"] = by, self.random.randint(1, 5)
            if self.chance(0.5):
                rule["value"] = self.random.choice(COUNTRIES if by == "country" else CLASSES)
        return rule

    def rule_min_holders(self):
        return self.by_group({"count": max(1, len(self.totals) - self.random.randint(0, 2))})

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

    def rule_look_through(self):
        return {"seconds": self.random.choice((1, 3, 30)), "stale": self.random.choice(("block", "block", "count_as_one"))}
