"""What a token's issuer states about it, for properties.py: what each act changes, when it is refused, and when it needs a
second officer.  Part of the model: written from docs/format.md alone.

`stated` gives two functions of an act, `refusals(at)`, the SQLSTATEs that it may be refused with (none: it is recorded), and
`apply(entry, at)`.  Both read the register when they are called, since a proposal is carried out much later.
"""

import json
import uuid

from register_model import party_id, rules

ACTS = ("four_eyes", "rule_set", "party_list", "token_terms", "token_policy", "token_status", "token_topics", "trusted_issuer",
        "token_pause", "document", "redemption_terms")


class Issuer:
    def __init__(self, model):
        self.model = model

    # ---- Second officers -----------------------------------------------------------

    def needs_second(self, kind, token, body):
        acts, approvers = self.model.eyes.get(token, ((), ()))
        if kind in acts:
            return True
        return kind == "four_eyes" and acts != () and (
            not set(acts) <= set(body["acts"]) or set(approvers) != set(map(uuid.UUID, body["approvers"])))

    def proposal_for(self, kind, token, text, at):
        """The proposal that the act would use up."""
        _, approvers = self.model.eyes.get(token, ((), ()))
        return min((number for number, p in self.model.proposal.items()
                    if (p["kind"], p["token"], p["body"]) == (kind, token, text) and p["approved"] and not p["refused"] and
                    not p["used"] and at < p["until"] and p["by"] in approvers), default=None)

    def stated(self, kind, token, text, actor):
        m, body = self.model, json.loads(text)
        about = getattr(self, "about_" + kind)
        bound = party_id(actor) == m.token[token]["issuer"]

        def refusals(at):
            found = set(about(token, body, actor)[0])
            if token in m.ended and kind in ("token_terms", "token_policy"):
                found.add("ST202")
            if bound and self.needs_second(kind, token, body) and self.proposal_for(kind, token, text, at) is None:
                found.add("ST218")
            return found

        def apply(entry, at):
            if bound and self.needs_second(kind, token, body):
                number = self.proposal_for(kind, token, text, at)
                m.put(m.proposal, number, {**m.proposal[number], "used": entry})
            about(token, body, actor)[1](entry, at)
        return refusals, apply

    # ---- Each act: what refuses it now, and what it changes -------------------------

    def about_four_eyes(self, token, body, actor):
        m, approvers = self.model, tuple(map(uuid.UUID, body["approvers"]))
        bad = body["acts"] and not approvers or m.token[token]["issuer"] in approvers or len(set(approvers)) < len(approvers)
        return {"ST208"} if bad else (), lambda entry, at: m.put(m.eyes, token, (tuple(body["acts"]), approvers))

    def about_rule_set(self, token, body, actor):
        m = self.model
        return (), lambda entry, at: m.put(m.sets, token, m.sets.get(token, ()) + (
            (max(body.get("from", at), at), entry, rules.parse(json.dumps(body))),))

    def about_party_list(self, token, body, actor):
        m, key = self.model, (token, body["list"], uuid.UUID(body["party"]))
        return (), lambda entry, at: m.put(m.listed, key, body["listed"] or None)

    def about_token_terms(self, token, body, actor):
        m, limit = self.model, body["authorised"] and int(body["authorised"])
        bad = limit is not None and limit < -m.balance.get((token, token), 0)
        return {"ST302"} if bad else (), lambda entry, at: m.put(m.token, token, {**m.token[token], "authorised": limit})

    def about_token_policy(self, token, body, actor):
        m = self.model
        return (), lambda entry, at: m.put(m.token, token, {**m.token[token], "unsigned": body["unsigned_role"] is not None})

    def about_token_status(self, token, body, actor):
        m = self.model
        return (), lambda entry, at: m.put(m.ended, token, body["status"] == "closed" or None)

    def about_token_topics(self, token, body, actor):
        m = self.model
        return (), lambda entry, at: m.put(m.required, token, (tuple(body["topics"]), body["receiver_only"]))

    def about_trusted_issuer(self, token, body, actor):
        m, issuer = self.model, uuid.UUID(body["issuer"])
        bad = body["topics"] and not m.capable.get((issuer, "claim_issuer"))
        return {"ST208"} if bad else (), lambda entry, at: m.put(m.trusted, (token, issuer), tuple(body["topics"]))

    def about_token_pause(self, token, body, actor):
        m, by, party = self.model, self.model.pause.get(token), party_id(actor)
        bad = {"ST208"} if by is None and not body["paused"] or "case" in body else set()
        bad |= {"ST104"} if by not in (None, party) else set()
        return bad, lambda entry, at: m.put(m.pause, token, party if body["paused"] else None)

    def about_document(self, token, body, actor):
        m = self.model
        return (), lambda entry, at: m.put(m.document, (token, body["name"]), (entry, body["acknowledge"]))

    def about_redemption_terms(self, token, body, actor):
        """Before the first issue, if the body is good."""
        m, pays = self.model, next((t for t in self.model.token if str(party_id(t)) == body["token"]), None)
        bad = "ST208" if self.bad_terms(body) or pays == token else "ST201" if pays is None else "ST208" if m.seq.get((token, token)) else None
        return {bad} - {None}, lambda entry, at: m.put(m.terms, token, {
            "entry": entry, "token": pays, "price": int(body["price"]), "per": int(body.get("per", 1)), "from": body.get("from"), "to": body.get("to")})

    def bad_terms(self, body):
        return int(body["price"]) <= 0 or int(body.get("per", 1)) <= 0
