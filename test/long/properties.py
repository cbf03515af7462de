"""Random operations by random actors, compared with a model that shares no code with the extension.

    properties.py SEED OPERATIONS

connects by the usual PG variables to a database with test/signer/signer.sql and attempt.sql in it and no ledger yet.  Orders
come one by one, several in a statement, as lists under one signature, through sto.submit(), with a dry run before, in
transactions and savepoints that are kept or rolled back; between them acts of issuers, officers, custodians and registrars.
Of each, the model says whether it is refused, with which SQLSTATE and for which reasons, and whether that is put on record;
after each hundred, what everybody has.  The first difference ends the run: printed are the operation and both answers.  A run
also fails if some class of operations never succeeded, or never was refused, or if the documented client finds fault with the log.
"""

import json
import random
import subprocess
import sys
import time
import uuid
from collections import Counter

from random_acts import Acts, call
from random_orders import STOPS, now
from random_rules import TOPICS
from register_model import ENFORCED, OFFICIAL, Model, Refused, party_id, rules
import sto_client   # register_model says where it is

SUBMITTER = party_id("registrar")
TOKENS = ("T1", "T2", "T3")
ACTS = ("wallet_freeze", "party_freeze", "token_pause", "party_facts", "classification", "claim", "claim_revoke", "token_topics", "trusted_issuer",
        "capability", "rule_set", "party_list", "opt_in", "travel_data", "transfer_approval", "approval_revoke", "document", "acknowledge",
        "token_terms", "token_policy", "token_status", "wallet_status", "party_status", "mandate", "case", "case_approve", "attach", "attach_lift",
        "look_through", "four_eyes", "proposal", "approve", "batch", "keys", "party_members", "redemption_terms")
STATES = [f"ST{n:03}" for n in (1, 3, 4, *range(102, 107), 202, 204, 206, 207, 208, *range(210, 240), *range(301, 305))] + ["23505"]
LEAST = 2500    # operations, from which on everything must have happened
MORE = 17500    # at most, until it has
CLOSE = 4000    # microseconds: no operation is begun so shortly before a moment that matters


class Difference(Exception):
    pass


class Session:
    """One psql, a line in and a line out."""

    def __init__(self):
        self.psql = subprocess.Popen(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True)
        self.run("SET client_min_messages = warning")

    def run(self, statement):
        self.psql.stdin.write(statement + ";\n")
        self.psql.stdin.flush()

    def ask(self, expression):
        self.run("SELECT " + expression)
        line = self.psql.stdout.readline()
        try:
            return json.loads(line)
        except ValueError:
            raise Difference(f"not an answer: {line}{self.psql.stdout.read() if self.psql.poll() is not None else ''}") from None

    def commit(self, how):
        self.run(how)
        if self.ask("to_jsonb(1)") != 1:
            raise Difference(how)


class Play:
    def __init__(self, seed):
        self.seed, self.db, self.model, self.counts = seed, Session(), Model(), Counter()
        self.random = random.Random(seed)
        self.addresses = {}
        self.acts = Acts(self.model, self.random, self.addresses)

    # ---- The register at the beginning ----------------------------------------------

    def set_up(self):
        m, acts = self.model, self.acts
        for text in (call("open_ledger"), call("registrar"), call("party", "acme", ["10"])):
            self.act(acts.act(text))
        acts.ledger = uuid.UUID(self.db.ask("to_jsonb(sto_test.ledger_id())"))
        acts.investors = [f"q{n}" for n in range(18)] + ["acme"]
        acts.joint = acts.investors[:2]
        m.keys.update({party_id("acme"): (None, 1, {10: None}), SUBMITTER: (None, 1, {3: None})})
        officers = {"notary": None, "bank": None, "legal": None, "audit": None, "stranger": None, "enforcer": "enforcer", "second": "enforcer",
                    "third": "enforcer", "agent": "recovery_agent", "other": "recovery_agent", "att1": "claim_issuer", "att2": "claim_issuer"}
        acts.names.update({party_id(name): name for name in (*acts.investors, *officers)})
        for seed, name in enumerate([*acts.investors[:-1], *officers], 100):
            self.act(acts.act(call("party", name, [str(seed)], "joint" if name in acts.joint else "legal")))
            m.put(m.keys, party_id(name), (None, 1, {seed: None}))
            if officers.get(name):
                self.act(acts.act(call("grant_capability", name, officers[name])))
                m.put(m.capable, (party_id(name), officers[name]), True)
        acts.parties = [party_id(name) for name in acts.investors + ["notary", "bank"]]
        for token in TOKENS:
            self.act(acts.act(call("token", token, "acme")))
            m.put(m.token, token, {"issuer": party_id("acme"), "authorised": None, "unsigned": True})
            m.put(m.wallet, token, {"party": party_id("acme"), "custodian": None, "signed_only": False, "kind": "issuance"})
            self.act(acts.act(f"sto_test.event('token_policy', sto_test.id('{token}'), sto_test.id('acme'), '{{\"unsigned_role\": \"postgres\"}}')"))
            for issuer in ("att1", "att2"):
                self.act(acts.act(call("trust", token, issuer, TOPICS)))
                m.put(m.trusted, (token, party_id(issuer)), TOPICS)
            self.addresses[token] = self.db.ask(f"to_jsonb(sto_test.address('{token}')::text)")
        for name in acts.investors:
            self.act(acts.new_wallet(name, 1))
            for topic in TOPICS[:2]:
                self.act(acts.act(call("claim", name, topic, "att1"), "claim", None, acts.claimed(name, topic, "att1", {})))
        m.undo.clear()
        self.counts.clear()
        acts.seen.clear()

    # ---- Operations ------------------------------------------------------------------

    def play(self, operations):
        """Longer, if some class of operations did not happen yet."""
        done = 0
        while done < operations or operations >= LEAST and done < operations + MORE and self.missing(operations):
            share, mark = self.random.random(), len(self.model.undo)
            if share < 0.12:
                many = self.random.randint(2, 12)
                self.db.run("BEGIN")
                for _ in range(many):
                    done += self.operation()
                kept = self.chance_of(0.75)
                self.db.commit("COMMIT" if kept else "ROLLBACK")
                if not kept:
                    self.model.roll_back(mark)
            else:
                done += self.operation()
                self.model.undo.clear()
            if done // 100 > self.counts["compared"]:
                self.compare()
                self.counts["compared"] = done // 100
        self.compare()

    def chance_of(self, share):
        return self.random.random() < share

    def operation(self):
        share, acts = self.random.random(), self.acts
        first = acts.first_terms()
        if first is not None:
            self.act(first)
            return 1
        if share < 0.25:
            made = acts.random_act()
            if made is not None:
                self.act(made)
            return 1
        if share < 0.31:
            several = {"post of a settlement": acts.settle, "hold of a settlement": acts.deal, "hold of a lock_up": acts.vesting, "list": acts.post_list}
            orders = several[acts.least(list(several), str) if self.chance_of(0.3) else self.random.choice(list(several))]()
            if orders:
                self.orders(orders, "insert", False, False)
            return 1
        if share < 0.33:
            orders = self.passing(acts.redeeming) if self.chance_of(0.7) else acts.redeeming()
            if self.chance_of(0.5):
                orders = acts.spoiled(orders)
            self.orders(orders, self.random.choice(("insert", "insert", "submit")), False, self.chance_of(0.1))
            return 1
        if share < 0.40:
            orders = [acts.random_order(simple=True) for _ in range(self.random.randint(2, 8))]
            self.orders(orders, "insert", False, self.chance_of(0.1))
            return len(orders)
        if share < 0.51:
            orders = [acts.submitted() for _ in range(self.random.choice((1, 1, 3, 6)))]
            self.orders(orders, "submit", False, self.chance_of(0.1))
            return len(orders)
        order = acts.random_order()
        asked = order["kind"] in ("issue", "redeem", "transfer", "hold") and order.get("purpose") not in OFFICIAL and self.chance_of(0.4)
        self.orders([order], "insert", asked, self.chance_of(0.05))
        return 1

    def passing(self, make):
        """One that the model lets pass, if some of a few are."""
        for _ in range(8):
            orders = make()
            for o in orders:
                o["signed"] = self.acts.signed(o)
            if self.refusal_of(orders, now()) is None:
                break
        return orders

    def wait(self):
        """Not so shortly before something expires or begins that it would be before and after."""
        points = self.acts.points
        while True:
            at = now()
            close = [p for p in points if at - 200 < p < at + CLOSE]
            if not close:
                break
            time.sleep((max(close) + 300 - at) / 1e6)
        self.acts.points[:] = [p for p in points if p > at]

    def act(self, act):
        self.wait()
        answer = self.db.ask(f"sto_test.act($j${act.call}$j$)")
        told = answer["refusal"]["state"] if answer.get("refusal") else None
        self.saw(f"act {act.name}", told or "recorded")
        self.acts.seen[self.acts.chosen, told is None] += 1
        expected = [act.refusals(answer[at]) for at in ("began", "ended")]
        if not any(told in said if said else told is None for said in expected):
            raise Difference(f"act {act.call}\nmodel: {expected}\nledger: {answer}")
        if told is None:
            entry = answer.get("entry")
            # a sweep tells how many holds it released
            at = answer.get("at") if act.name != "sweep_expired" else None
            act.apply(int(entry) if entry and entry.isdigit() else entry, at or answer["ended"])

    def orders(self, orders, how, asked, undo):
        acts, mark = self.acts, len(self.model.undo)
        for o in orders:
            o["signed"] = acts.signed(o)
        rows = json.dumps([acts.columns(o) for o in orders])
        self.wait()
        answer = self.db.ask(f"sto_test.attempt($j${rows}$j$, '{how}', {asked}, {undo})")
        try:
            if asked:
                self.judge_dry_run(orders[0], answer)
            if how == "submit":
                self.judge_each(orders, answer)
            else:
                self.judge_statement(orders, answer)
        except Difference as difference:
            raise Difference(f"{how} undo={undo} {rows}\n{difference}\nledger: {json.dumps(answer)}\n{self.told(orders)}") from None
        if undo:
            self.model.roll_back(mark)

    def told(self, orders):
        """What rules were told of these orders' tokens."""
        m, at = self.model, now()
        return "\n".join(f"{token}: {(m.rule_set(token, at) or (0, 0, 0))[2]} {m.totals(token)}" for token in {o["token"] for o in orders})

    def refusal_of(self, orders, at):
        """What a statement of these orders is refused with, and takes nothing; None if it isn't."""
        mark = len(self.model.undo)
        try:
            for n, o in enumerate(orders):
                if self.model.judge(o, at, SUBMITTER) == "posted":
                    self.model.post(o, -1 - n, at, SUBMITTER)
            self.model.end_of_statement()
        except Refused as refused:
            return refused
        finally:
            self.model.roll_back(mark)
        return None

    def reasons_at(self, o, at):
        mark = len(self.model.undo)
        try:
            self.model.judge({**o, "order_id": None}, at, SUBMITTER)
        except Refused as refused:
            if refused.codes is None:
                self.model.sweep(o, at)
                return self.model.authority_reasons(o, at) + self.model.reasons(o, at, SUBMITTER)
            return refused.codes
        finally:
            self.model.roll_back(mark)
        return []

    def judge_dry_run(self, o, answer):
        models = [self.reasons_at(o, answer[at]) for at in ("began", "ended")]
        self.counts["dry runs"] += 1
        if sorted(answer["dry"]) not in map(sorted, models) or answer["dry"][:1] not in [m[:1] for m in models]:
            raise Difference(f"dry run, model: {models[0]} then {models[1]}")

    def judge_statement(self, orders, answer):
        if answer["refusal"] is not None:
            said = [self.refusal_of(orders, answer[at]) for at in ("began", "ended")]
            state = answer["refusal"]["state"]
            self.count(orders, state)
            if not any(s is not None and s.state == state for s in said):
                raise Difference(f"model: {said}")
            # a line of DETAIL for each reason, but for the few whose message says all
            counts = {len(s.codes) for s in said if s is not None and s.state == state and s.codes and not {50, 55, *range(10)} & {*s.codes}}
            if counts and len(answer["refusal"]["detail"].splitlines()) not in counts:
                raise Difference(f"other reasons, model: {said}")
            return
        posted = {a["order"]: a for a in answer["answers"]}
        for o in orders:
            self.take(o, posted.get(o["order_id"]), answer)
        self.model.end_of_statement()
        self.count(orders, "posted")

    def judge_each(self, orders, answer):
        if answer["refusal"] is not None:
            raise Difference("sto.submit() does not refuse")
        for o, told in zip(orders, answer["answers"]):
            if told["result"] != "refused":
                self.take(o, told if told["result"] == "posted" else None, answer)
                self.count([o], told["result"])
                continue
            said = [self.refusal_of([o], answer[at]) for at in ("began", "ended")]
            self.count([o], told["state"])
            if not any(s is not None and s.state == told["state"] and (s.codes is None or sorted(s.codes) == sorted(told["codes"]))
                       for s in said):
                raise Difference(f"model: {said} of {told}")
            self.judge_record(o, told, answer)
        self.model.end_of_statement()

    def judge_record(self, o, told, answer):
        """Is a refusal on record that should be, and the same one once?"""
        m, key = self.model, (o["signed"], told["state"], tuple(dict.fromkeys(told["codes"])))
        should = [m.is_recorded(o, answer[at]) for at in ("began", "ended")]
        if (told["recorded"] is not None) not in should or m.refusal.get(key, told["recorded"]) != told["recorded"] is not None:
            raise Difference(f"on record, model: {should} {m.refusal.get(key)} of {told}")
        self.saw("refusal", "not recorded" if told["recorded"] is None else "recorded before" if key in m.refusal else "recorded")
        if told["recorded"] is not None:
            m.put(m.refusal, key, told["recorded"])
        if o["keys"] is not None and not o.get("batch"):
            self.acts.again = [*self.acts.again[-20:], o]

    def take(self, o, posted, answer):
        at = posted["at"] if posted and posted["at"] else answer["ended"]
        try:
            said = self.model.judge(o, at, SUBMITTER)
            if said != ("posted" if posted else "repeated"):
                raise Difference(f"model: {said} of {o}")
            if posted:
                self.model.post(o, posted["entry"], at, SUBMITTER)
        except Refused as refused:
            raise Difference(f"taken at {at}, model: {refused} of {o}") from None

    def count(self, orders, result):
        for o in orders:
            self.saw(o["kind"], result)
            for what in self.signed_by(o):
                self.saw(what, result)
            hold = self.model.hold.get(o.get("hold_id"))
            if hold or o.get("purpose"):
                self.saw(f"{o['kind']} of a {hold['purpose'] if hold else o['purpose']}", result)
        if any(o.get("batch") for o in orders):
            self.saw("list", result)

    def saw(self, what, result):
        self.counts[f"{what} {result}"] += 1
        self.acts.seen[what, result in ("posted", "recorded")] += 1

    def signed_by(self, o):
        m, keys = self.model, o["keys"] or ()
        policies = [m.keys[w] for w in (o["debit"], o.get("credit")) if w in m.keys]
        if o["kind"] == "post" and o.get("case"):
            yield "post of an officer"
        if m.is_by_issuer(o, now()):
            yield "redeem of an issuer"
        if any(entry and key in known for entry, _, known in policies for key in keys):
            yield "order with changed keys"
        if any(known.get(key) and known[key] <= now() for _, _, known in policies for key in keys):
            yield "order with an ended key"
        if any(key in m.spent for key in keys):
            yield "order with a retired key"

    # ---- What must have happened --------------------------------------------------------

    def missing(self, operations):
        """Classes of operations that never succeeded, or never were refused: then the run says nothing about them."""
        seen, purposes = self.acts.seen, ("pledge", "hash_lock", "lock_up", "subscription", "settlement", "seizure", "freeze")
        orders = {"issue", "redeem", "transfer", "hold", "post", "release", "force", "reverse", "recover", "list"}
        orders |= {f"hold of a {p}" for p in purposes} | {f"release of a {p}" for p in purposes}
        orders |= {f"post of a {p}" for p in ("pledge", "hash_lock", "settlement", "seizure")} | {"post of an officer", "order with changed keys", "redeem of an issuer"}
        acts = {f"act {kind}" for kind in ACTS}
        gone = [f"{name} never succeeded" for name in sorted(orders | acts | {"refusal"}) if not seen[name, True]]
        gone += [f"{name} never refused" for name in sorted(orders | acts) if not seen[name, False]]
        gone += [f"{act} without a case that allows it never refused" for act in STOPS if not self.counts[f"act {act} ST216"]]
        gone += ["redeem of an issuer that is not paid for never refused"] * (not self.counts["redeem of an issuer ST219"])
        gone += [f"order with {key} key never refused" for key in ("an ended", "a retired") if not self.counts[f"order with {key} key ST103"]]
        states = {key.rpartition(" ")[2] for key in self.counts}
        return gone + [f"never refused with {state}" for state in STATES if operations >= 20000 and state not in states]

    # ---- The state -------------------------------------------------------------------

    def compare(self):
        m, ids = self.model, {str(party_id(t)): t for t in TOKENS}
        told = self.db.ask(f"sto_test.state('{{{','.join(ids)}}}')")
        names = {address: name for name, address in self.addresses.items()}
        totals = {token: {p: units for p, units in m.totals(token).items() if units} for token in TOKENS}

        def rows(name):
            return told[name] or []
        self.same("positions", {(names[w], ids[t]): (int(b), int(h), seq) for w, t, b, h, seq in rows("positions")},
                  {k: (m.balance.get(k, 0), m.held.get(k, 0), seq) for k, seq in m.seq.items() if seq})
        self.same("holds", {n: (int(left), names[w]) for n, left, w in rows("holds")}, {n: (h["remaining"], h["wallet"]) for n, h in m.open_holds()})
        self.same("approvals", dict(rows("approvals")), {n: a["left"] for n, a in m.approval.items()})
        self.same("overrides", sorted(map(tuple, rows("overrides"))), sorted((entry, code) for (entry, _), code in m.override.items()))
        self.same("attachments", {n: int(left) for n, left in rows("attachments")}, {n: a["left"] for n, a in m.attached.items()})
        self.same("owners", {(names[w], ids[t], uuid.UUID(p)): int(n) for w, t, p, n in rows("owners")},
                  {(w, token, p): n for (w, token), (_, owners) in m.look.items() for p, n in owners.items()})
        self.same("barred", {names[w]: names[heir] for w, heir in rows("barred")}, m.barred)
        self.same("members", {uuid.UUID(p): ([*map(uuid.UUID, members)], uuid.UUID(votes)) for p, members, votes in rows("members")}, m.members)
        self.same("keys", {names[w]: n for w, n in rows("keys")}, {w: len(known) for w, (_, _, known) in m.keys.items() if w in m.wallet})
        self.same("refusals", sorted(rows("refusals")), sorted(m.refusal.values()))
        self.same("terms", {ids[t]: (entry, ids[pays], int(price), int(per)) for t, entry, pays, price, per in rows("terms")},
                  {token: tuple(x[key] for key in ("entry", "token", "price", "per")) for token, x in m.terms.items()})
        self.same("proposals", dict(rows("proposals")), {n: p["used"] for n, p in m.proposal.items()})
        self.same("holders", {(ids[t], uuid.UUID(p)): int(n) for t, p, n in rows("holders")},
                  {(token, p): n for token in TOKENS for p, n in m.balances(token).items() if n})
        for party, token, total in rows("holdings"):    # of its wallets; what was stated of them is added when rules read
            self.same(f"total of {self.acts.names[uuid.UUID(party)]} of {ids[token]}", int(total), m.balances(ids[token]).get(uuid.UUID(party), 0))
        for token, by, value, holders, units in rows("groups"):
            facts = m.facts(ids[token], 0)
            inside = [n for p, n in totals[ids[token]].items() if facts.in_group(p, by or None, value or None)]
            self.same(f"group {by} {value} of {ids[token]}", (holders, int(units or sum(inside))), (sum(n > 0 for n in inside), sum(inside)))

    def same(self, what, told, expected):
        if told != expected:
            if isinstance(told, dict):
                keys = [k for k in {*told, *expected} if told.get(k) != expected.get(k)]
                told, expected = {k: told.get(k) for k in keys}, {k: expected.get(k) for k in keys}
            raise Difference(f"{what}\nmodel: {expected}\nledger: {told}")


def faults():
    """What the documented client says of the log."""
    def lines(query):
        return subprocess.run(["psql", "-XqAt", "-c", "SET datestyle = 'ISO'", "-c", "SET timezone = 'UTC'", "-c", query],
                              stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return [f"the client, of {entry}: {text}" for entry, text in
            sto_client.verify_copy(lines(sto_client.COPY_EVENTS), lines(sto_client.COPY_ENTRIES)).problems]


def main(seed, operations):
    play = Play(seed)
    print(f"seed {seed}", flush=True)
    try:
        play.set_up()
        play.play(operations)
    except Difference as difference:
        print(f"seed {seed}: a difference after {play.counts['compared']} hundreds\n{difference}")
        return 1
    for what, n in sorted(play.counts.items()):
        print(f"{n:7} {what}")
    missing = faults() + (play.missing(operations) if operations >= LEAST else [])
    print("the states agree", *missing, sep="\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
