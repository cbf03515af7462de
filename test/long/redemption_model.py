"""What a token's issuer may redeem from holders, and what it has to pay before: the part of register_model.py that
docs/format.md, "Redemption by the issuer", describes."""


def in_force(begin, end, at):
    return (begin is None or at >= begin) and (end is None or at < end)


class Redemption:
    def is_by_issuer(self, o, at):
        """Not as the holder, who keeps the wallet, or who represents the holder."""
        wallet, by = self.wallet[o["debit"]], o["by"]
        return o["kind"] == "redeem" and by == self.token[o["token"]]["issuer"] and by not in (wallet["party"], wallet["custodian"]) and \
            not self.represents(by, wallet["party"], at)

    def cost(self, token, units):
        terms = self.terms[token]
        return -(-units * terms["price"] // terms["per"])

    def payment_of(self, o, wallet, token):
        """What it adds to or takes from: payments of one statement."""
        return o.get("group"), o["by"], self.party(wallet), token

    def redemption_reasons(self, o, at):
        if not self.is_by_issuer(o, at):
            return []
        terms = self.terms.get(o["token"])
        if terms is None:   # he may not order it at all
            return []
        if not in_force(terms["from"], terms["to"], at):
            return [55]
        there = self.paid.get(self.payment_of(o, o["debit"], terms["token"]), 0) if o.get("group") else 0
        return [59] * (self.cost(o["token"], o["amount"]) > there)

    def pay(self, o, at):
        """A transfer pays what its issuer may redeem by it later in the statement."""
        if o["kind"] == "transfer" and o.get("group") and self.party(o["debit"]) != self.party(o["credit"]) and \
                o["by"] != self.wallet[o["credit"]]["custodian"]:
            self.add(self.paid, self.payment_of(o, o["credit"], o["token"]), o["amount"])
        elif self.is_by_issuer(o, at):
            self.add(self.paid, self.payment_of(o, o["debit"], self.terms[o["token"]]["token"]), -self.cost(o["token"], o["amount"]))
