"""Rule sets of a sto_ledger token, written from docs/format.md ("Rule sets") alone.

`parse` reads the body of a rule_set event, `failing` asks its rules about one entry,
`largest` tries every amount.  What rules read of the register is given in a `Facts`,
as it stood before the entry.  Times are microseconds since 1970-01-01 UTC, amounts
Python integers, parties whatever compares equal, `uuid.UUID` in the bodies.
"""

import datetime
import json
import re
import uuid
from collections import namedtuple
from dataclasses import dataclass, field
from fractions import Fraction

NEVER = -2**63      # when a look-through was stated that is missing, or of more than there is
CODES = {name: 100 + n for n, name in enumerate((
    "country_allow", "country_deny", "party_list", "investor_class", "max_balance",
    "min_balance", "max_holders", "min_holders", "ownership_by_claim", "lock_up",
    "volume_limit", "transfer_window", "granularity", "approval", "venue", "opt_in",
    "offer_limits", "travel_rule", "look_through", "custom"))}
OWNERSHIP = set(CODES) - {"lock_up", "transfer_window", "granularity", "venue", "look_through",
                          "custom"}
KINDS = ("issue", "redeem", "transfer", "hold", "post")
CLASSES = ("retail", "professional", "market_counterparty")
MOST = 2 ** 127 - 1
TIME_MIN, TIME_MAX = -210866803200000000, 2 ** 63 - 1
DAY = 24 * 60 * 60 * 1000000


class RuleError(ValueError):
    """A body that docs/format.md does not allow."""


def check(good, fault):
    if not good:
        raise RuleError(fault)


# ---- Reading a set ---------------------------------------------------------------

def whole(low, high):
    def read(value):
        check(type(value) is int and low <= value <= high, f"{value!r} is not {low} to {high}")
        return value
    return read


def pattern(expression):
    def read(value):
        check(isinstance(value, str) and re.fullmatch(expression, value, re.ASCII),
              f"{value!r} is not {expression}")
        return value
    return read


def one_of(*words):
    def read(value):
        check(isinstance(value, str) and value in words, f"{value!r} is not one of {words}")
        return value
    return read


def boolean(value):
    check(isinstance(value, bool), f"{value!r} is not true or false")
    return value


def amount(value):
    value = int(pattern("[1-9][0-9]{0,38}")(value))
    check(value <= MOST, f"{value} is too large")
    return value


def party(value):
    pattern("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")(value)
    return uuid.UUID(value)


def label(value):
    check(isinstance(value, str) and 1 <= len(value.encode()) <= 64 and
          not any(c < " " or c == "\x7f" for c in value), f"{value!r} is not one line")
    return value


def list_of(read, least=1):
    def read_list(value):
        check(isinstance(value, list) and least <= len(value) <= 256, "not a list of 1 to 256")
        items = [read(item) for item in value]
        check(all(item not in items[:n] for n, item in enumerate(items)), "an item twice")
        return items
    return read_list


def fields_of(required, optional=None):
    def read(value):
        check(isinstance(value, dict), f"{value!r} is not an object")
        known = {**required, **(optional or {})}
        for name in value:
            check(name in known, f"no field {name!r}")
        for name in required:
            check(name in value, f"{name!r} is missing")
        return {name: known[name](item) for name, item in value.items()}
    return read


def clock(value):
    hours, minutes = map(int, pattern("[0-9]{2}:[0-9]{2}")(value).split(":"))
    check(minutes < 60 and hours * 60 + minutes <= 24 * 60, f"{value} is no time of day")
    return hours * 60 + minutes


def spans(read):
    def read_spans(value):
        check(isinstance(value, list) and 1 <= len(value) <= 256, "not a list of 1 to 256")
        items = [read(item) for item in value]
        check(all(item["from"] < item["to"] for item in items), "from is not before to")
        return items
    return read_spans


def caps(value):
    check(isinstance(value, dict) and value, "caps are an object that is not empty")
    return {one_of(*CLASSES)(name): amount(cap) for name, cap in value.items()}


NAME = pattern("[a-z0-9_]{1,64}")
TIME = whole(TIME_MIN, TIME_MAX)
COUNT = whole(1, 10 ** 12)
SECONDS = whole(1, 3155760000)
SHARE = whole(1, 10000)
BOUND = whole(0, 10000)
COUNTRY = pattern("[A-Z]{2}")
SIDE = one_of("receiver", "sender", "either")
OF_COUNTRY = {"by": one_of("residence", "incorporation"), "side": SIDE}
CLASS_LIST = list_of(one_of(*CLASSES))
GROUP_VALUE = {"country": COUNTRY, "class": one_of(*CLASSES), "topic": NAME}
EVERY_RULE = {"label": label, "kinds": list_of(one_of(*KINDS)), "exempt": list_of(party, least=0)}

# required fields, optional ones, and those of which at least one must be there
SPECS = {
    "country_allow": ({"countries": list_of(COUNTRY)}, OF_COUNTRY, ()),
    "country_deny": ({"countries": list_of(COUNTRY)}, OF_COUNTRY, ()),
    "party_list": ({"list": NAME, "mode": one_of("allow", "deny")}, {"side": SIDE}, ()),
    "investor_class": ({}, {"classes": CLASS_LIST, "caps": caps}, ("classes", "caps")),
    "max_balance": ({}, {"amount": amount, "share": SHARE}, ("amount", "share")),
    "min_balance": ({"amount": amount}, {}, ()),
    "max_holders": ({"count": COUNT}, {"by": one_of("country", "class"), "value": str}, ()),
    "min_holders": ({"count": COUNT}, {"by": one_of("country", "class"), "value": str}, ()),
    "ownership_by_claim": ({"by": one_of("country", "class", "topic"), "value": str},
                           {"min": BOUND, "max": BOUND}, ("min", "max")),
    "lock_up": ({"until": TIME}, {}, ()),
    "volume_limit": ({"seconds": SECONDS}, {"amount": amount, "share": SHARE},
                     ("amount", "share")),
    "transfer_window": ({}, {
        "open": spans(fields_of({"days": list_of(whole(1, 7)), "from": clock, "to": clock})),
        "closed": spans(fields_of({"from": TIME, "to": TIME})),
        "offset_minutes": whole(-1439, 1439), "list": NAME}, ("open", "closed")),
    "granularity": ({"units": amount}, {}, ()),
    "approval": ({}, {"by": party}, ()),
    "venue": ({"parties": list_of(party)}, {}, ()),
    "opt_in": ({}, {}, ()),
    "offer_limits": ({"seconds": SECONDS}, {
        "max_persons": COUNT, "min_each": amount, "max_total": amount, "classes": CLASS_LIST},
        ("max_persons", "min_each", "max_total", "classes")),
    "travel_rule": ({"threshold": amount}, {
        "originator": list_of(NAME), "beneficiary": list_of(NAME), "attachment": boolean},
        ("originator", "beneficiary", "attachment")),
    "look_through": ({"seconds": SECONDS, "stale": one_of("block", "count_as_one")}, {}, ()),
    "custom": ({"function": pattern("[a-z_][a-z0-9_]{0,62}[.][a-z_][a-z0-9_]{0,62}"),
                "definition": pattern("[0-9a-f]{64}")}, {}, ()),
}


def read_rule(value):
    check(isinstance(value, dict) and isinstance(value.get("rule"), str) and
          value["rule"] in SPECS, "not a rule")
    name = value["rule"]
    required, optional, some = SPECS[name]
    rule = fields_of({"rule": str, **required}, {**EVERY_RULE, **optional})(value)
    check(not some or any(item in rule for item in some), f"{name} needs one of {some}")
    check(not ("amount" in rule and "share" in rule), f"{name} has amount and share")
    if "value" in rule:
        check("by" in rule, "value without by")
        GROUP_VALUE[rule["by"]](rule["value"])
    check(rule.get("min", 0) <= rule.get("max", 10000), "min is above max")
    if name == "offer_limits":
        check(rule.setdefault("kinds", ["issue"]) == ["issue"], "offer_limits is about issues")
    if name == "travel_rule":
        check(rule.get("attachment") or "originator" in rule or "beneficiary" in rule,
              "travel_rule asks for nothing")
    rule.setdefault("kinds", ["issue", "transfer", "hold", "post"])
    return rule


def distinct(pairs):
    check(len({name for name, _ in pairs}) == len(pairs), "a name twice")
    return dict(pairs)


def refuse_number(text):
    raise RuleError(f"{text} is no whole number")


def read_number(text):
    check(text != "-0", "-0")
    return int(text)


def parse(body):
    """The set of a body (bytes or text): a dict with `rules`, and `from`, `record_refusals`."""
    octets = body if isinstance(body, bytes) else body.encode()
    check(len(octets) <= 60000, "longer than 60,000 octets")
    try:
        value = json.loads(octets.decode(), object_pairs_hook=distinct, parse_int=read_number,
                           parse_float=refuse_number, parse_constant=refuse_number)
    except (json.JSONDecodeError, UnicodeDecodeError) as fault:
        raise RuleError(str(fault)) from None

    def read_rules(rules):
        check(isinstance(rules, list) and len(rules) <= 64, "not a list of at most 64 rules")
        return [read_rule(rule) for rule in rules]
    return fields_of({"rules": read_rules}, {"from": TIME, "record_refusals": boolean})(value)


# ---- What rules read -------------------------------------------------------------

Move = namedtuple("Move", "kind sender receiver amount posted_at posted_by ordering_party notary "
                          "attachment issuer debit credit", defaults=(None,) * 7)
Approval = namedtuple("Approval", "id by sender receiver amount exact")
Classified = namedtuple("Classified", "name begin end")


@dataclass
class Facts:
    """Of the token, before the entry.  Approvals: not revoked, in force, with a use left."""
    totals: dict = field(default_factory=dict)          # party: units
    residence: dict = field(default_factory=dict)       # party: country
    incorporation: dict = field(default_factory=dict)
    classes: dict = field(default_factory=dict)         # party: Classified
    topics: set = field(default_factory=set)            # (party, topic)
    listed: set = field(default_factory=set)            # (party, list)
    opted_in: set = field(default_factory=set)          # parties
    outflows: list = field(default_factory=list)        # (party, posted_at, amount)
    issues: list = field(default_factory=list)          # (party, posted_at, amount)
    approvals: list = field(default_factory=list)       # Approval
    travel: set = field(default_factory=set)            # (party, field), in force
    look_through: dict = field(default_factory=dict)    # omnibus wallet: when it was stated, NEVER
    custom: dict = field(default_factory=dict)          # function: its reason

    def total(self, who):
        return self.totals.get(who, 0)

    def outstanding(self):
        return sum(self.totals.values())

    def class_at(self, who, at):
        stated = self.classes.get(who)
        if stated is None or (stated.begin is not None and at < stated.begin) or \
                (stated.end is not None and at >= stated.end):
            return None
        return stated.name

    def in_group(self, who, by, value):
        if by == "country":
            return self.residence.get(who) == value
        if by == "class":
            return (self.classes[who].name if who in self.classes else None) == value
        return (who, value) in self.topics if by == "topic" else True

    def holders(self, by, value):
        return sum(1 for who, units in self.totals.items()
                   if units > 0 and self.in_group(who, by, value))

    def units(self, by, value):
        return sum(units for who, units in self.totals.items() if self.in_group(who, by, value))


# ---- Asking ----------------------------------------------------------------------

class Question:
    """One rule about one move.  A method for each rule: the party at fault, False if none
    is, None if it fails through no party's fault."""

    def __init__(self, rule, move, facts):
        self.rule, self.move, self.facts = rule, move, facts
        self.kind = "transfer" if move.kind in ("force", "recover", "reverse") else move.kind
        self.after = facts.outstanding() + {"issue": move.amount, "redeem": -move.amount}.get(
            self.kind, 0)

    def asked(self, side):
        who = getattr(self.move, side)
        return who if who is not None and who not in self.rule.get("exempt", ()) else None

    def exempts_entry(self):
        return any(who is not None and who in self.rule.get("exempt", ())
                   for who in (self.move.sender, self.move.receiver))

    def sides(self):
        side = self.rule.get("side", "receiver")
        both = ("receiver", "sender") if side == "either" else (side,)
        return [self.asked(name) for name in both if self.asked(name) is not None]

    def unknown_receiver(self):
        return self.kind == "hold" and self.move.receiver is None

    def window(self, items):
        begin = self.move.posted_at - self.rule["seconds"] * 1000000
        return [item for item in items if item[1] > begin]

    def above(self, units):
        if "amount" in self.rule:
            return units > self.rule["amount"]
        return units * 10000 > self.rule["share"] * self.after

    def country(self, who):
        return getattr(self.facts, self.rule.get("by", "residence")).get(who)

    def country_allow(self):
        return next((w for w in self.sides() if self.country(w) not in self.rule["countries"]),
                    False)

    def country_deny(self):
        return next((w for w in self.sides() if self.country(w) in self.rule["countries"]), False)

    def party_list(self):
        deny = self.rule["mode"] == "deny"
        return next((w for w in self.sides()
                     if ((w, self.rule["list"]) in self.facts.listed) == deny), False)

    def investor_class(self):
        who = self.asked("receiver")
        if who is None:
            return False
        name = self.facts.class_at(who, self.move.posted_at)
        if "classes" in self.rule and name not in self.rule["classes"]:
            return who
        cap = self.rule.get("caps", {}).get(name)
        return who if cap is not None and self.facts.total(who) + self.move.amount > cap else False

    def max_balance(self):
        who = self.asked("receiver")
        return who if who is not None and self.above(
            self.facts.total(who) + self.move.amount) else False

    def min_balance(self):
        to, by = self.asked("receiver"), self.asked("sender")
        if to is not None and self.facts.total(to) + self.move.amount < self.rule["amount"]:
            return to
        return by if by is not None and 0 < self.facts.total(by) - self.move.amount < \
            self.rule["amount"] else False

    def leaves(self):
        return self.move.sender is not None and \
            0 < self.facts.total(self.move.sender) <= self.move.amount

    def appears(self, who):
        return self.facts.total(who) <= 0 < self.facts.total(who) + self.move.amount

    def group_of(self, who):
        return {"country": self.facts.residence.get(who),
                "class": who in self.facts.classes and self.facts.classes[who].name or None,
                None: None}[self.rule.get("by")]

    def max_holders(self):
        who, by = self.asked("receiver"), self.rule.get("by")
        if who is None or not self.appears(who):
            return False
        value = self.group_of(who)
        if self.rule.get("value", value) != value:
            return False
        if self.leaves() and self.facts.in_group(self.move.sender, by, value):
            return False
        return who if self.facts.holders(by, value) >= self.rule["count"] else False

    def min_holders(self):
        who, by = self.asked("sender"), self.rule.get("by")
        if who is None or self.unknown_receiver() or not self.leaves():
            return False
        value, to = self.group_of(who), self.move.receiver
        if self.rule.get("value", value) != value:
            return False
        if to is not None and self.appears(to) and self.facts.in_group(to, by, value):
            return False
        return who if self.facts.holders(by, value) - 1 < self.rule["count"] else False

    def ownership_by_claim(self):
        side = "sender" if self.move.receiver is None else "receiver"
        who = self.asked(side)
        if who is None or self.unknown_receiver() or self.after <= 0:
            return False
        group = (self.rule["by"], self.rule["value"])
        units = before = self.facts.units(*group)
        units += self.move.amount * (
            (self.move.receiver is not None and self.facts.in_group(self.move.receiver, *group)) -
            (self.move.sender is not None and self.facts.in_group(self.move.sender, *group)))
        share = Fraction(units, self.after)
        held = self.facts.outstanding()
        first = self.move.receiver is not None and self.facts.in_group(self.move.receiver, *group)
        rises = share > Fraction(before, held) if held else first
        falls = share < Fraction(before, held) if held else not first
        out = rises and "max" in self.rule and share > Fraction(self.rule["max"], 10000) or \
            falls and "min" in self.rule and share < Fraction(self.rule["min"], 10000)
        return who if out else False

    def lock_up(self):
        who = self.asked("sender")
        return who if who is not None and self.move.posted_at < self.rule["until"] else False

    def volume_limit(self):
        who = self.asked("sender")
        moved = sum(item[2] for item in self.window(self.facts.outflows) if item[0] == who)
        return who if who is not None and self.above(moved + self.move.amount) else False

    def is_open(self):
        at = self.move.posted_at
        if any(span["from"] <= at < span["to"] for span in self.rule.get("closed", ())):
            return False
        if "open" not in self.rule:
            return True
        local = at + self.rule.get("offset_minutes", 0) * 60000000
        weekday = (datetime.date(1970, 1, 1) + datetime.timedelta(days=local // DAY)).isoweekday()
        return any(weekday in hours["days"] and
                   hours["from"] <= Fraction(local % DAY, 60000000) < hours["to"]
                   for hours in self.rule["open"])

    def transfer_window(self):
        if self.exempts_entry() or self.is_open():
            return False
        if "list" not in self.rule:
            return None
        return next((who for who in (self.move.sender, self.move.receiver)
                     if (who, self.rule["list"]) in self.facts.listed), False)

    def granularity(self):
        return False if self.exempts_entry() or self.move.amount % self.rule["units"] == 0 else None

    def approval(self):
        if self.exempts_entry() or self.unknown_receiver():
            return False
        return False if approval_of(self.rule, self.move, self.facts) is not None else None

    def venue(self):
        return False if self.exempts_entry() or any(
            who in self.rule["parties"] for who in (
                self.move.posted_by, self.move.ordering_party, self.move.notary)) else None

    def opt_in(self):
        who = self.asked("receiver")
        return who if who is not None and who not in self.facts.opted_in else False

    def offer_limits(self):
        who, issues = self.asked("receiver"), self.window(self.facts.issues)
        if who is None:
            return False
        if self.move.amount < self.rule.get("min_each", 0):
            return None
        if "classes" in self.rule and \
                self.facts.class_at(who, self.move.posted_at) not in self.rule["classes"]:
            return who
        if len({item[0] for item in issues} | {who}) > self.rule.get("max_persons", MOST):
            return who
        total = sum(item[2] for item in issues) + self.move.amount
        return None if total > self.rule.get("max_total", MOST) else False

    def travel_rule(self):
        if self.move.amount < self.rule["threshold"]:
            return False
        for side, fields in (("receiver", "beneficiary"), ("sender", "originator")):
            who = self.asked(side)
            if who is not None and any((who, name) not in self.facts.travel
                                       for name in self.rule.get(fields, ())):
                return who
        return None if self.rule.get("attachment") and not self.move.attachment and \
            not self.exempts_entry() else False

    def look_through(self):
        for side, wallet in (("receiver", self.move.credit), ("sender", self.move.debit)):
            stated = self.facts.look_through.get(wallet)
            if self.rule["stale"] == "block" and self.asked(side) is not None and \
                    stated is not None and (stated == NEVER or
                    self.move.posted_at - stated > self.rule["seconds"] * 1000000):
                return self.asked(side)
        return False

    def custom(self):
        return None if self.rule["function"] in self.facts.custom and \
            not self.exempts_entry() else False


def approval_of(rule, move, facts):
    """The id of the approval that the entry would use."""
    return min((a.id for a in facts.approvals
                if a.by == rule.get("by", move.issuer) and a.sender in (None, move.sender) and
                a.receiver in (None, move.receiver) and
                (a.amount == move.amount if a.exact else a.amount >= move.amount)), default=None)


def failing(rules, move, facts):
    """The rules that fail, in their order: (number from 1, code, party at fault or None)."""
    found = []
    for number, rule in enumerate(rules["rules"], 1):
        question = Question(rule, move, facts)
        within = move.sender is not None and move.sender == move.receiver
        if question.kind not in rule["kinds"] or (within and rule["rule"] in OWNERSHIP):
            continue
        fault = getattr(question, rule["rule"])()
        if fault is not False:
            found.append((number, CODES[rule["rule"]], fault))
    return found


def largest(rules, move, facts):
    """The largest amount up to the move's that passes, by trying: for small amounts."""
    return next((n for n in range(move.amount, 0, -1)
                 if not failing(rules, move._replace(amount=n), facts)), 0)
