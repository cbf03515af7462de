# The documented client, without the extension's code: it folds every event of the log itself, works closes out anew,
# checks their proofs and a statement between two of them, and says what is wrong with an altered copy.
use strict;
use warnings FATAL => 'all';

use Cwd 'abs_path';
use File::Basename 'dirname';
use StoTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = dirname(abs_path(__FILE__)) . '/../../docs/clients';
my $node = new_server('client');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION sto_ledger');
new_ledger($node, 'postgres');
$node->safe_psql('postgres', every_log_event() . every_identity_event() . every_enforced_act());
# a list under one signature, whose wallet has other keys later; an id before it was rolled back
$node->safe_psql('postgres', q{
	CREATE TABLE sto_test.list AS SELECT o FROM sto_test.make_order(sto_test.transfer_order('ACME', 'w7', 'w8', '1')) AS o;
	SELECT sto_test.event('batch', sto_test.id('list'), sto_test.id('w7'), sto.batch_body(sto_test.id('ACME'), 1, '1',
		(SELECT sto.batch_hash(sto_test.order_message(l.o)) FROM sto_test.list AS l), '2099-01-01')::text) AS batch \gset
	BEGIN;
	SELECT sto_test.insert_order(l.o, NULL, :batch) FROM sto_test.list AS l;
	ROLLBACK;
	SELECT sto_test.insert_order(l.o, NULL, :batch) FROM sto_test.list AS l;
	SELECT sto_test.set_keys('w7', '{177}', signers => '{107}');
});

my $folder = $node->basedir;
append_to_file("$folder/client.py", <<'PY');
import json
import subprocess
import sys
import uuid

sys.path.insert(0, sys.argv[1])
import sto_client as sto


def lines(query):
    prelude = "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET client_encoding = 'UTF8'; "
    return subprocess.run(["psql", "-XqAt", "-d", sys.argv[2]], input=prelude + query + ";",
                          capture_output=True, text=True, check=True).stdout.splitlines()


def say(name, value):
    print(f"{name}: {value}")


def change(rows, old, new):
    return [row.replace(old, new, 1) for row in rows]


events, entries = lines(sto.COPY_EVENTS), lines(sto.COPY_ENTRIES)
register = sto.verify_copy(events, entries)
say("problems", register.problems)
say("log key", register.log_key.hex() == lines("SELECT split_part(key::text, ':', 2) FROM sto.log_key WHERE retired IS NULL")[0])
say("witnesses", sorted(name for name, _ in register.witnesses.values()))
say("threshold", register.threshold)
say("restarts", [size for _, size, _ in register.restarts])
say("closes", [f"{event}|{count}|{root.hex()}" for event, (count, root) in register.closes.items()]
    == lines("SELECT event, count, root FROM sto.close ORDER BY event"))


# what an altered copy is told: the events are hashed anew, so that only what they say is wrong
def told(rows):
    out, heads, ledger = [], {}, sto.NIL
    for row, line in zip(sto.parse_copy(rows, sto.EVENT_COLUMNS), rows):
        fields = line.split("\t")
        names = list(sto.EVENT_COLUMNS)
        row["prev_hash"] = heads.get(row["subject"])
        leaf = sto.leaf(sto.event_record(ledger, row))
        heads[row["subject"]] = leaf
        if row["kind"] == "genesis":
            ledger = sto.ledger_id(leaf)
        fields[names.index("leaf_hash")] = leaf.hex()
        fields[names.index("prev_hash")] = row["prev_hash"].hex() if row["prev_hash"] else "\\N"
        out.append("\t".join(fields))
    return sorted({text for _, text in sto.verify_copy(out, entries).problems
                   if not text.startswith("signature of")})


count, root = list(register.closes.values())[-1]
say("false root", told(change(events, root.hex(), "00" * 32)))
witness = [row for row in events if "witness_key" in row][0]
party = witness.split("\t")[list(sto.EVENT_COLUMNS).index("subject")]
say("without capability", told([row for row in events if '"witness"' not in row or party not in row]))

# identity and eligibility: what the client folds is what the register says, and it judges every entry by it
def rows(query):
    return [tuple(line.split("|")) for line in lines(query)]


def as_rows(found):
    return sorted(tuple("" if f is None else {True: "t", False: "f"}.get(f, str(f)) if isinstance(f, bool) else str(f)
                        for f in row) for row in found)


micros = "(1000000 * extract(epoch FROM {}))::bigint".format
dates = micros("valid_from"), micros("valid_to")
say("facts", as_rows((p, f.get("country"), f.get("incorporation"), f.get("lei"), f.get("commitment")) for p, f in register.facts.items())
    == sorted(rows("SELECT party_id, country, incorporation, lei, commitment FROM sto.party")))
say("classes", as_rows((c["event"], *place, c["class"], c["from"], c["to"]) for place, c in register.classes.items())
    == sorted(rows(f"SELECT set_by, party_id, token_id, class, {dates[0]}, {dates[1]} FROM sto.classification")))
say("mandates", as_rows((m["event"], *place, m["granted"], m["from"], m["to"]) for place, m in register.mandates.items())
    == sorted(rows(f"SELECT set_by, party_id, representative, scope, granted, {dates[0]}, {dates[1]} FROM sto.mandate")))
say("owners", as_rows((o["event"], *place, o["share"], o["control"], o["from"], o["to"]) for place, o in register.owners.items())
    == sorted(rows(f"SELECT set_by, party_id, owner, share, control, {dates[0]}, {dates[1]} FROM sto.beneficial_owner")))
say("claims", as_rows((e, c["party"], c["issuer"], c["topic"], c["revoked"], c["from"], c["to"]) for e, c in register.claims.items())
    == sorted(rows(f"SELECT claim, party_id, issuer, topic, revoked, {dates[0]}, {dates[1]} FROM sto.claim")))
say("topics", as_rows((token, e, ",".join(topics), only) for token, (e, topics, only) in register.topics.items())
    == sorted(rows("SELECT DISTINCT ON (token_id) token_id, set_by, array_to_string(topics, ','), receiver_only FROM sto.token_topics ORDER BY token_id, set_by DESC")))
say("trusted", as_rows((*place, e, ",".join(topics)) for place, (e, topics) in register.trusted.items())
    == sorted(rows("SELECT token_id, issuer, set_by, array_to_string(topics, ',') FROM sto.trusted_issuer")))
say("documents", as_rows((e, d["token"], d["name"], d["acknowledge"], d["replaced"]) for e, d in register.documents.items())
    == sorted(rows("SELECT document, token_id, name, acknowledge, replaced FROM sto.document")))
say("acknowledged", as_rows((e, *place) for place, e in register.acknowledged.items())
    == sorted(rows("SELECT event, party_id, document FROM sto.acknowledgement")))
say("members", as_rows((party, e, ",".join(map(str, members)), nominee) for party, (e, members, nominee) in register.members.items())
    == sorted(rows("SELECT party_id, set_by, array_to_string(members, ','), nominee FROM sto.party_members")))
say("officers", as_rows((token, ",".join(acts), ",".join(map(str, officers))) for token, (acts, officers) in register.four_eyes.items())
    == sorted(rows("SELECT token_id, array_to_string(acts, ','), array_to_string(approvers, ',') FROM sto.four_eyes")))
say("proposals", as_rows((p, *d["act"], d["officer"], d["ended"] if d["officer"] else None, d["used"]) for p, d in register.proposals.items())
    == sorted(rows("SELECT proposal_id, kind, about, act_body, officer, NOT approved, used_by FROM sto.proposal")))
say("stopped", as_rows((subject, e) for subject, (e, _) in register.stopped.items())
    == sorted(rows("SELECT party_id, frozen FROM sto.party WHERE frozen IS NOT NULL")))


# without what allowed it, an entry or event is refused
def without(*words):
    return told([row for row in events if not all(word in row for word in words)])


def last(word, count=1):
    return [row for row in events if word in row][-count]


say("no lifting", told([row for row in events if row != last("token_pause")]))
say("frozen", told([row for row in events if row != last("\twallet_freeze\t", 5)]))
say("party frozen", told([row for row in events if row != last("party_freeze", 2)]))
say("no claims", without("\tclaim\t", '"kyc"'))
say("no trust", without("trusted_issuer"))
say("no mandate", without("\tmandate\t"))
say("no enforcer", [text.split(" ", 1)[1][:30] for text in without('"enforcer"', '"granted"')])
say("not acknowledged", without("\tacknowledge\t"))
say("no officer", without("\tapprove\t", '"approved": true'))
say("no proposal", without("\tproposal\t"))
batch, keys = (last(f"\t{kind}\t").split("\t") for kind in ("batch", "keys"))
place = list(sto.EVENT_COLUMNS).index("entry_id")
earlier = "\t".join([*keys[:place], str(int(batch[place]) + 1), *keys[place + 1:]])
say("list's keys", told([earlier if row.split("\t") == keys else row for row in events]))
end = lines(f"SELECT {micros('posted_at')} FROM sto.transfer WHERE authority_event = {batch[place]}")[0]
say("list's end", told(change(events, "4070908800000000", end)))
say("list's token", told([row.replace(lines("SELECT sto_test.id('ACME')")[0], str(sto.NIL)) if row.split("\t") == batch else row for row in events]))
say("no issuer of claims", [text for text in without('"claim_issuer"') if "may not make a claim event" in text] != [])

place = lines("SELECT sto_test.address('w1'), sto_test.id('ACME')")[0].split("|")
wallet, token = sto.parse_address(place[0]), uuid.UUID(place[1])
ids = list(register.closes)
proofs = [json.loads(lines(f"SELECT sto.close_proof({i}, '{place[0]}', '{token}')")[0]) for i in ids]
say("proofs", [sto.verify_close_proof(p, root, count)
               for p, (count, root) in zip(proofs, register.closes.values())])
say("altered", [sto.verify_close_proof({**proofs[1], name: value}, *reversed(register.closes[ids[1]]))
                for name, value in (("balance", "1"), ("held", "1"), ("seq", 1), ("index", proofs[1]["index"] + 1), ("index", -1),
                                    ("path", []), ("salt", "00" * 32), ("token", str(sto.NIL)))])
absent = json.loads(lines(f"SELECT sto.close_proof({ids[1]}, '{place[0]}', '{sto.NIL}')")[0])
trusted = tuple(reversed(register.closes[ids[1]]))
say("absent", [absent["present"], sto.verify_close_proof(absent, *trusted),
               sto.verify_close_proof({**absent, "left": None, "right": None}, *trusted),
               sto.verify_close_proof({**absent, "token": str(token)}, *trusted)])
begin, end = sto.proven_position(proofs[0]), sto.proven_position(proofs[2])
own = lines(sto.copy_statement(wallet, token, (ids[0], ids[2])))
say("statement", [len(own), sto.verify_statement(register.ledger, wallet, own, begin) == ([], *end[1:])])
say("a line left out", sto.verify_statement(register.ledger, wallet, own[1:], begin)[0] != [])
PY
my ($out, $err) = run_command([ 'python3', "$folder/client.py", $clients, $node->connstr('postgres') ]);
is($err, '', 'it ran');
my %said = map { /^([^:]+): (.*)$/ ? ($1 => $2) : () } split /\n/, $out;
my @expected = (
	[ 'problems', '[]' ], [ 'log key', 'True' ], [ 'witnesses', "['afsa.example/witness', 'depository.example/witness']" ],
	[ 'threshold', '2' ], [ 'restarts', '[7]' ], [ 'closes', 'True' ],
	[ 'false root', "['the close is not what the entries before it make']" ],
	[ 'proofs', '[True, True, True]' ], [ 'altered', '[' . join(', ', ('False') x 8) . ']' ],
	(map { [ $_, 'True' ] } 'facts', 'classes', 'mandates', 'owners', 'claims', 'topics', 'trusted', 'documents', 'acknowledged', 'members', 'officers', 'proposals', 'stopped', 'no issuer of claims'),
	[ 'no lifting', qr/^\['the token was stopped by event \d+'\]$/ ], [ 'frozen', qr/^\['the wallet was stopped by event \d+'\]$/ ],
	[ 'party frozen', qr/^\['the party was stopped by event \d+'\]$/ ], [ 'no mandate', qr/^\['[0-9a-f-]{36} may not make a acknowledge event of [0-9a-f-]{36}', 'the ordering party may not order this'\]$/ ],
	(map { [ $_, "['the receiver had no claim on kyc that counts', 'the sender had no claim on kyc that counts']" ] } 'no claims', 'no trust'),
	[ 'not acknowledged', qr/^\['the receiver had not acknowledged document \d+'\]$/ ],
	[ 'no officer', "['it needs a second officer, and none approved exactly this act']" ],
	[ 'no proposal', "['it needs a second officer, and none approved exactly this act', 'no such proposal']" ],
	[ 'no enforcer', qr/may not make a party_freeze.*may not make a token_pause.*may not make a wallet_freeze/ ],
	[ "list's keys", "['the keys that signed the batch had changed']" ], [ "list's end", "['the batch, or a key that signed it, was not valid any more']" ],
	[ "list's token", "['the batch is for another token']" ],
	[ 'absent', '[False, True, False, False]' ], [ 'statement', '[2, True]' ], [ 'a line left out', 'True' ]);
ref $_->[1] ? like($said{$_->[0]}, $_->[1], $_->[0]) : is($said{$_->[0]}, $_->[1], $_->[0]) for @expected;
like($said{'without capability'}, qr/may not make a witness_key event/, 'a witness without the capability');
$node->stop;

done_testing();
