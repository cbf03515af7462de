#!/usr/bin/env python3
"""rule_cases.py COUNT: random rule sets, registers and entries, with what
docs/clients/sto_rules.py says of each, for test/core/test_rule_model.c.

Parties are letters; a party's uuid, and the address of its wallet, are the letter in
every octet.  One case is lines "word value...", from "body" to "end".
"""

import json
import os
import random
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/clients"))
import sto_rules as rules  # noqa: E402

NOON = 1767614400000000     # Monday 2026-01-05 12:00 UTC
SECOND = 1000000
LETTERS = "ABCDE"
ISSUER = "I"
COUNTRIES = ("US", "KZ", "AE", "GB")
HASH = "0123456789abcdef" * 4


def party(letter):
    return uuid.UUID(bytes=letter.encode() * 16)


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def some(self, items, least=1, most=3):
        return self.random.sample(items, self.random.randint(least, min(most, len(items))))

    def maybe(self, **fields):
        return {name: value for name, value in fields.items() if self.random.random() < 0.5}

    def small(self, most=60):
        return self.random.randint(1, most)

    def near_noon(self, spread=90):
        return NOON + self.random.randint(-spread, spread) * SECOND + self.random.randint(-1, 1)

    def uuids(self):
        return [str(party(letter)) for letter in self.some(LETTERS)]

    def clock(self):
        return "%02d:%02d" % divmod(self.random.choice((0, 1, 540, 700, 719, 720, 721, 1439)), 60)

    def fields(self, name):
        r = self.random
        side = dict(side=r.choice(("receiver", "sender", "either")))
        classes = self.some(rules.CLASSES)
        limit = r.choice((dict(amount=str(self.small(90))), dict(share=r.randint(1, 10000))))
        if name.startswith("country_"):
            return {"countries": self.some(COUNTRIES), **self.maybe(
                by=r.choice(("residence", "incorporation")), **side)}
        if name == "ownership_by_claim":
            by = r.choice(("topic", "country", "class"))
            value = dict(topic="t", country=r.choice(COUNTRIES), **{"class": classes[0]})[by]
            low = r.randint(0, 6000)
            return {"by": by, "value": value, **(self.maybe(min=low, max=low + r.randint(0, 4000))
                                                 or dict(max=low))}
        if name in ("max_holders", "min_holders"):
            by = r.choice(("country", "class"))
            group = self.maybe(by=by)
            if group:
                group.update(self.maybe(value=r.choice(
                    COUNTRIES if by == "country" else rules.CLASSES)))
            return {"count": self.small(5), **group}
        if name == "transfer_window":
            hours = dict(open=[{"days": self.some(range(1, 8), 1, 7), "from": self.clock(),
                                "to": "24:00"} for _ in range(self.small(2))])
            closed = dict(closed=[{"from": self.near_noon(), "to": self.near_noon() + 99 * SECOND}])
            return {**r.choice((hours, closed, {**hours, **closed})),
                    **self.maybe(offset_minutes=r.randint(-1439, 1439), list="l")}
        if name == "offer_limits":
            offer = dict(max_persons=self.small(4), min_each=str(self.small(30)),
                         max_total=str(self.small(90)), classes=classes)
            return {"seconds": self.small(), **(self.maybe(**offer) or offer)}
        if name == "travel_rule":
            return {"threshold": str(self.small()), "attachment": True,
                    **self.maybe(originator=self.some("ab"), beneficiary=self.some("bc"))}
        return {
            "party_list": lambda: {"list": "l", "mode": r.choice(("allow", "deny")),
                                   **self.maybe(**side)},
            "investor_class": lambda: {"caps": {c: str(self.small(90)) for c in self.some(
                rules.CLASSES)}, **self.maybe(classes=classes)},
            "max_balance": lambda: limit,
            "min_balance": lambda: {"amount": str(self.small(40))},
            "lock_up": lambda: {"until": self.near_noon(2)},
            "volume_limit": lambda: {"seconds": self.small(), **limit},
            "granularity": lambda: {"units": str(self.small(12))},
            "approval": lambda: self.maybe(by=str(party("V"))),
            "venue": lambda: {"parties": [str(party("V"))]},
            "opt_in": dict,
            "look_through": lambda: {"seconds": self.small(),
                                     "stale": r.choice(("block", "count_as_one"))},
            "custom": lambda: {"function": "acme.f", "definition": HASH},
        }[name]()

    def rule(self):
        name = self.random.choice(list(rules.CODES))
        general = self.maybe(label="a label", exempt=self.uuids(),
                             kinds=self.some(rules.KINDS, 2, 5))
        if self.random.random() < 0.6:
            general.pop("exempt", None)
        if name == "offer_limits":
            general.pop("kinds", None)
        return {"rule": name, **self.fields(name), **general}

    def spoil(self, value):
        """Something else in the place of one value, or one more, or one less."""
        r = self.random
        other = r.choice((0, 1, -1, 10000, 10001, 10 ** 12, 10 ** 12 + 1, 2 ** 63, "", "a", "A",
                          "0", "1", "01", "+1", str(2 ** 127 - 1), str(2 ** 127), "US", "12:60",
                          "24:00", "retail", "t" * 65, "l\n", None, True, False, [], {}, [1],
                          ["issue"], ["issue", "issue"], [HASH], HASH, "a.b", "a.b.c", "either"))
        if isinstance(value, dict) and value:
            name = r.choice(list(value))
            kind = r.random()
            if kind < 0.15:
                return {key: item for key, item in value.items() if key != name}
            if kind < 0.25:
                return {**value, r.choice(("amount", "share", "by", "side", "label", "x")): other}
            return {key: self.spoil(item) if key == name else item for key, item in value.items()}
        if isinstance(value, list) and value and r.random() < 0.8:
            n = r.randrange(len(value))
            if r.random() < 0.2:
                return value + [value[n]]
            return value[:n] + [self.spoil(value[n])] + value[n + 1:]
        return other

    def body(self):
        r = self.random
        body = {"rules": [self.rule() for _ in range(r.choice((0, 1, 1, 1, 1, 1, 2, 3, 4)))],
                **self.maybe(record_refusals=True, **{"from": self.near_noon()})}
        if r.random() < 0.4:
            body = self.spoil(body)
        text = json.dumps(body)
        if r.random() < 0.05:
            at = r.randrange(len(text))
            text = text[:at] + r.choice(('-0', '.5', 'e1', ',', '}', '"', ' ', '1', '"rules":[],'
                                         )) + text[at:]
        return text

    def facts(self):
        r = self.random

        def known(make, chance=0.6):
            return {letter: make(letter) for letter in LETTERS if r.random() < chance}
        # below zero: whose omnibus wallet has less than was stated of it; all of them are never below
        totals = known(lambda _: r.randint(-12, 50))
        if sum(totals.values()) < 0:
            totals = {letter: -units for letter, units in totals.items()}
        return rules.Facts(
            totals=totals, residence=known(lambda _: r.choice(COUNTRIES)),
            incorporation=known(lambda _: r.choice(COUNTRIES)),
            classes=known(lambda _: rules.Classified(
                r.choice(rules.CLASSES), r.choice((None, self.near_noon(1))),
                r.choice((None, self.near_noon(1))))),
            topics={(letter, "t") for letter in known(str)},
            listed={(letter, "l") for letter in known(str)}, opted_in=set(known(str)),
            outflows=[(r.choice(LETTERS), self.near_noon(70), r.randint(0, 20)) for _ in range(5)],
            issues=[(r.choice(LETTERS), self.near_noon(70), r.randint(0, 20)) for _ in range(3)],
            approvals=[rules.Approval(n, r.choice((ISSUER, ISSUER, "V")), r.choice((None, "A")),
                                      r.choice((None, None, "B")), self.small(50),
                                      r.random() < 0.4) for n in self.some(range(1, 9), 0, 4)],
            travel={(letter, name) for letter in known(str) for name in "abc" if r.random() < 0.7},
            look_through={"C": r.choice((rules.NEVER,
                                         NOON - r.randint(1, 60) * SECOND - r.randint(-1, 1)))},
            custom={"acme.f": "no"} if r.random() < 0.5 else {})

    def move(self):
        r = self.random
        kind = r.choice(("issue", "transfer", "transfer", "redeem", "hold", "post", "force"))
        sender = None if kind == "issue" else r.choice(LETTERS)
        receiver = None if kind == "redeem" or (kind == "hold" and r.random() < 0.5) else \
            r.choice(LETTERS)
        return rules.Move(kind, sender, receiver, self.small(50), self.near_noon(1),
                          r.choice("PPV"), r.choice("OOV"), r.choice((None, None, "N", "V")),
                          r.random() < 0.5, ISSUER, sender, receiver)


def with_uuids(facts, move):
    """The same with the parties' uuids in place of their letters."""
    def who(letter):
        return None if letter is None else party(letter)

    def keys(mapping):
        return {party(letter): value for letter, value in mapping.items()}
    facts = rules.Facts(
        keys(facts.totals), keys(facts.residence), keys(facts.incorporation), keys(facts.classes),
        {(party(letter), name) for letter, name in facts.topics},
        {(party(letter), name) for letter, name in facts.listed}, set(map(party, facts.opted_in)),
        [(party(letter), *rest) for letter, *rest in facts.outflows],
        [(party(letter), *rest) for letter, *rest in facts.issues],
        [a._replace(by=party(a.by), sender=who(a.sender), receiver=who(a.receiver))
         for a in facts.approvals],
        {(party(letter), name) for letter, name in facts.travel}, facts.look_through, facts.custom)
    names = ("sender", "receiver", "posted_by", "ordering_party", "notary", "issuer")
    return facts, move._replace(**{name: who(getattr(move, name)) for name in names})


def show(value):
    return "-" if value is None else "1" if value is True else "0" if value is False else str(value)


def line(word, *values):
    print(word, *map(show, values))


def show_facts(facts):
    for letter, units in facts.totals.items():
        line("total", letter, units)
    for word in ("residence", "incorporation"):
        for letter, country in getattr(facts, word).items():
            line(word, letter, country)
    for letter, stated in facts.classes.items():
        line("class", letter, *stated)
    for word in ("topics", "listed", "travel"):
        for letter, name in sorted(getattr(facts, word)):
            line(word, letter, name)
    for letter in sorted(facts.opted_in):
        line("opted_in", letter)
    for word in ("outflows", "issues"):
        for item in getattr(facts, word):
            line(word, *item)
    for approval in facts.approvals:
        line("approval", *approval)
    for letter, at in facts.look_through.items():
        line("omnibus", letter, at)
    if facts.custom:
        line("custom")


def show_case(maker):
    body = maker.body()
    line("body", body)
    try:
        parsed = rules.parse(body)
    except rules.RuleError:
        line("refused")
        return
    facts, move = maker.facts(), maker.move()
    show_facts(facts)
    line("move", rules_kind(move.kind), move.sender, move.receiver, move.amount, move.posted_at,
         move.posted_by, move.ordering_party, move.notary, move.attachment)
    facts, move = with_uuids(facts, move)
    found = rules.failing(parsed, move, facts)
    for number, code, fault in found:
        line("fails", number, code, None if fault is None else chr(fault.bytes[0]))
    line("largest", rules.largest(parsed, move, facts))


def rules_kind(name):
    return ("issue", "redeem", "transfer", "hold", "post", "release", "force").index(name) + 1


def main():
    for seed in range(int(sys.argv[1])):
        show_case(Maker(seed))
        line("end")


if __name__ == "__main__":
    main()
