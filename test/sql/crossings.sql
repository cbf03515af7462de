-- Large holdings: who reached a threshold or fell below it, by his own moves and by what is issued and redeemed.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_crossings;
CREATE DATABASE sto_regress_crossings TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_crossings
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
CREATE EXTENSION sto_ledger;
\i :srcdir/signer/signer.sql
\set ECHO all
DROP ROLE IF EXISTS sto_regress_issuer, sto_regress_holder, sto_regress_auditor;
CREATE ROLE sto_regress_issuer;
CREATE ROLE sto_regress_holder;
CREATE ROLE sto_regress_auditor;
GRANT USAGE ON SCHEMA sto_test TO PUBLIC;
SELECT sto_test.open_ledger() IS NOT NULL AS open, sto_test.registrar() IS NOT NULL AS registrar, sto_test.officer('auditor', 91, 'auditor') IS NOT NULL AS auditor;
SELECT sto_test.party('acme', '{10}') IS NOT NULL AS acme, sto_test.token('ACME', 'acme') IS NOT NULL AS token, sto_test.token('OTHER', 'acme') IS NOT NULL AS other;
SELECT count(sto_test.party(n, NULL, 'natural')) AS parties FROM unnest('{alice,bob,carol,dave}'::text[]) AS n;
SELECT count(sto_test.wallet(n || '/' || k, n, ARRAY[s * 10 + k])) AS wallets FROM (VALUES ('alice', 2), ('bob', 3), ('carol', 4), ('dave', 5)) AS v (n, s), generate_series(1, 2) AS k;
SELECT sto_test.wallet('acme/own', 'acme', '{71}', 'treasury') IS NOT NULL AS treasury;
CREATE VIEW sto_test.names AS SELECT sto_test.id(n) AS id, n AS name FROM unnest('{acme,alice,bob,carol,dave}'::text[]) AS n;
GRANT SELECT ON sto_test.names TO PUBLIC;
-- what crossed since the last look
CREATE TABLE sto_test.seen (seen bigint);
CREATE FUNCTION sto_test.seen() RETURNS void LANGUAGE sql AS $$ INSERT INTO sto_test.seen SELECT max(entry_id) FROM sto.transfer $$;
CREATE FUNCTION sto_test.crossed(VARIADIC thresholds numeric[]) RETURNS TABLE (kind text, party text, threshold numeric, direction text, before text, after text, share numeric)
    LANGUAGE sql AS $$
    SELECT c.kind, n.name, c.threshold, c.direction, c.units_before || '/' || c.outstanding_before, c.units_after || '/' || c.outstanding_after, c.share_after
      FROM sto.crossings(sto_test.id('ACME'), thresholds) WITH ORDINALITY AS c JOIN sto_test.names n ON n.id = c.party_id
     WHERE c.entry_id > (SELECT coalesce(max(seen), 0) FROM sto_test.seen) ORDER BY c.ordinality $$;

-- Nobody holds anything
SELECT * FROM sto_test.crossed(5);
-- The first issue: all of it.  Each later one takes from who is there.
SELECT sto_test.issue('ACME', 'alice/1', '100') IS NOT NULL AS alice, sto_test.issue('ACME', 'bob/1', '1900') IS NOT NULL AS bob;
SELECT * FROM sto_test.crossed(5, 50);
SELECT sto_test.seen();
-- alice has 5 % exactly: one unit less is below, one more is not another crossing
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') IS NOT NULL AS less, sto_test.transfer('ACME', 'bob/1', 'alice/1', '1') IS NOT NULL AS back, sto_test.transfer('ACME', 'bob/1', 'alice/1', '1') IS NOT NULL AS more;
SELECT * FROM sto_test.crossed(5);
SELECT sto_test.seen();
-- over all wallets of a party: 60 and 41 are 5 % together, moves between them are none of anything, and a hold moves nothing
SELECT sto_test.transfer('ACME', 'alice/1', 'alice/2', '41') IS NOT NULL AS own, sto_test.transfer('ACME', 'alice/2', 'alice/1', '41') IS NOT NULL AS back, sto_test.hold('ACME', 'alice/1', '90', 'pledge', '{"credit_wallet": "carol/1"}') AS hold \gset
SELECT * FROM sto_test.crossed(1, 5);
SELECT kind, change, total, outstanding FROM sto.holding_change WHERE token_id = sto_test.id('ACME') AND party_id = sto_test.id('alice') ORDER BY entry_id;
-- a post does
SELECT sto_test.post(jsonb_build_object('kind', 'post', 'token_id', 'ACME', 'debit_wallet', 'alice/1', 'credit_wallet', 'carol/1', 'hold_id', :hold, 'amount', '90', 'ordering_party', sto_test.id('carol')), '{41}') IS NOT NULL AS post;
SELECT * FROM sto_test.crossed(1, 5);
SELECT sto_test.seen();
-- Redeemed and issued by bob: carol has 90 of 2000, then of 1800 and of 1801 outstanding without moving
SELECT sto_test.redeem('ACME', 'bob/1', '200') IS NOT NULL AS redeemed;
SELECT * FROM sto_test.crossed(5);
SELECT sto_test.seen();
SELECT sto_test.issue('ACME', 'bob/2', '1') IS NOT NULL AS issued;
SELECT * FROM sto_test.crossed(5);
SELECT sto_test.seen();
-- a percentage with a fraction, exact: 90 of 1801 is 4.9972237645752359800111049...
SELECT c.entry_id = max(c.entry_id) OVER () AS at_the_last, c.threshold, c.direction, c.units_after, c.outstanding_after
  FROM sto.crossings(sto_test.id('ACME'), '{4.9972237645752359800111049,4.9972237645752359800111050}') c JOIN sto_test.names n ON n.id = c.party_id WHERE n.name = 'carol' ORDER BY c.entry_id, c.threshold;
-- what the issuer has itself counts as anybody's
SELECT sto_test.issue('ACME', 'acme/own', '199') IS NOT NULL AS treasury;
SELECT * FROM sto_test.crossed(5, 9.95);
SELECT sto_test.seen();
-- everybody at once: all that is there is redeemed but dave's
SELECT sto_test.transfer('ACME', 'bob/2', 'dave/1', '1') IS NOT NULL AS one, sto_test.redeem('ACME', 'bob/1', (SELECT balance::text FROM sto.position WHERE wallet = sto_test.address('bob/1') AND token_id = sto_test.id('ACME'))) IS NOT NULL AS bob;
SELECT * FROM sto_test.crossed(25, 50);
SELECT sto_test.seen();
SELECT sto_test.redeem('ACME', w, (SELECT balance::text FROM sto.position WHERE wallet = sto_test.address(w) AND token_id = sto_test.id('ACME'))) IS NOT NULL AS out FROM unnest('{alice/1,carol/1,acme/own,dave/1}'::text[]) AS w;
SELECT * FROM sto_test.crossed(25, 50, 100);
SELECT sto_test.seen();
-- and begins anew
SELECT sto_test.issue('ACME', 'carol/2', '7') IS NOT NULL AS anew;
SELECT * FROM sto_test.crossed(100);

-- The time asked for: from is within, to is not
SELECT min(posted_at) AS first, max(posted_at) AS last FROM sto.transfer WHERE token_id = sto_test.id('ACME') \gset
SELECT count(*) FILTER (WHERE posted_at = :'first') AS first, count(*) FILTER (WHERE posted_at = :'last') AS last FROM sto.crossings(sto_test.id('ACME'), '{100}', :'first', :'last');
SELECT count(*) AS last FROM sto.crossings(sto_test.id('ACME'), '{100}', :'last');
-- no thresholds that are none
SELECT * FROM sto.crossings(sto_test.id('ACME'), '{0}');
SELECT * FROM sto.crossings(sto_test.id('ACME'), '{5,100.01}');
SELECT * FROM sto.crossings(sto_test.id('ACME'), '{5,NULL}');
SELECT * FROM sto.crossings(sto_test.id('ACME'), '{NaN}');
SELECT count(*) AS none FROM sto.crossings(sto_test.id('ACME'), '{}');

-- Many at random, small ones so that shares meet thresholds often, against every party's share at every entry, added up one by one
SELECT setseed(0.33);
DO $$
DECLARE
    wallets text[] := '{alice/1,alice/2,bob/1,bob/2,carol/1,carol/2,dave/1,dave/2}';
    sender  text;
    has     numeric;
BEGIN
    FOR n IN 1 .. 400 LOOP
        sender := wallets[1 + floor(random() * 8)];
        SELECT balance::numeric INTO has FROM sto.position WHERE token_id = sto_test.id('OTHER') AND wallet = sto_test.address(sender);
        IF coalesce(has, 0) = 0 OR random() < 0.25 THEN
            PERFORM sto_test.issue('OTHER', sender, ceil(random() * 6)::text);
        ELSIF random() < 0.45 THEN
            PERFORM sto_test.redeem('OTHER', sender, ceil(has * CASE WHEN random() < 0.4 THEN 1 ELSE random()::numeric END)::text);
        ELSE
            PERFORM sto_test.transfer('OTHER', sender, (array_remove(wallets, sender))[1 + floor(random() * 7)], ceil(has * random()::numeric)::text);
        END IF;
    END LOOP;
END $$;
CREATE TABLE sto_test.by_hand AS
WITH moved AS (
    SELECT e.entry_id, d.party_id AS debit, c.party_id AS credit, e.kind, e.amount::numeric AS amount
      FROM sto.transfer e JOIN sto.wallet d ON d.address = e.debit_wallet JOIN sto.wallet c ON c.address = e.credit_wallet
     WHERE e.token_id = sto_test.id('OTHER') AND e.kind IN ('issue', 'redeem', 'transfer')),
state AS (
    SELECT m.entry_id, p.party, t.threshold, x.units, x.outstanding
      FROM moved m, unnest(ARRAY(SELECT id FROM sto_test.names)) AS p (party), unnest('{5,10,12.5,25,33.4,50,75,100}'::numeric[]) AS t (threshold),
           LATERAL (SELECT sum(CASE WHEN o.kind <> 'redeem' AND o.credit = p.party THEN o.amount ELSE 0 END
                               - CASE WHEN o.kind <> 'issue' AND o.debit = p.party THEN o.amount ELSE 0 END) AS units,
                           sum(CASE o.kind WHEN 'issue' THEN o.amount WHEN 'redeem' THEN -o.amount ELSE 0 END) AS outstanding
                      FROM moved o WHERE o.entry_id <= m.entry_id) x),
reached AS (SELECT s.*, s.outstanding > 0 AND s.units * 100 >= s.threshold * s.outstanding AS there FROM state s)
SELECT w.entry_id, w.party, w.threshold, CASE WHEN w.there THEN 'up' ELSE 'down' END AS direction, w.units, w.outstanding
  FROM (SELECT r.*, coalesce(lag(r.there) OVER (PARTITION BY r.party, r.threshold ORDER BY r.entry_id), false) AS was FROM reached r) w
 WHERE w.there <> w.was;
CREATE TABLE sto_test.found AS SELECT entry_id, party_id, threshold, direction, units_after::numeric, outstanding_after::numeric FROM sto.crossings(sto_test.id('OTHER'), '{5,10,12.5,25,33.4,50,75,100}');
SELECT count(*) > 400 AS many, count(*) FILTER (WHERE direction = 'up') > 200 AS up FROM sto_test.by_hand;
SELECT count(*) > 100 AS others_moved FROM sto_test.found f JOIN sto.transfer e USING (entry_id)
 WHERE f.party_id NOT IN (SELECT party_id FROM sto.wallet WHERE address IN (e.debit_wallet, e.credit_wallet));
(TABLE sto_test.found EXCEPT ALL TABLE sto_test.by_hand) UNION ALL (TABLE sto_test.by_hand EXCEPT ALL TABLE sto_test.found);
-- the last change of each party has its total
SELECT count(*) AS holders, bool_and(h.total = p.balance) AS same
  FROM (SELECT DISTINCT ON (party_id) party_id, total FROM sto.holding_change WHERE token_id = sto_test.id('OTHER') ORDER BY party_id, entry_id DESC) h
  JOIN (SELECT w.party_id, sum(p.balance) AS balance FROM sto.position p JOIN sto.wallet w ON w.address = p.wallet JOIN sto.token t ON t.token_id = p.token_id
         WHERE p.token_id = sto_test.id('OTHER') AND w.address <> t.issuance GROUP BY w.party_id) p USING (party_id);

-- Look-through: what a custodian states of an omnibus wallet is its owners', as rules count it, from its event on
SELECT sto_test.party('broker', '{61}') IS NOT NULL AS broker, sto_test.wallet('pool', 'broker', '{62}', 'omnibus', NULL, jsonb_build_object('custodian', sto_test.id('acme'))) IS NOT NULL AS pool,
       sto_test.wallet('pool/2', 'broker', '{63}', 'omnibus') IS NOT NULL AS second, sto_test.token('POOLED', 'acme') IS NOT NULL AS token;
CREATE OR REPLACE VIEW sto_test.names AS SELECT sto_test.id(n) AS id, n AS name FROM unnest('{acme,alice,bob,carol,dave,broker}'::text[]) AS n;
CREATE VIEW sto_test.pooled AS SELECT c.entry_id, c.kind, n.name, c.threshold, c.direction, c.units_before || '/' || c.outstanding_before AS before, c.units_after || '/' || c.outstanding_after AS after
  FROM sto.crossings(sto_test.id('POOLED'), '{10,50}') WITH ORDINALITY AS c JOIN sto_test.names n ON n.id = c.party_id ORDER BY c.ordinality;
SELECT sto_test.issue('POOLED', 'pool', '60') IS NOT NULL AS pool, sto_test.issue('POOLED', 'alice/1', '40') IS NOT NULL AS alice, sto_test.issue('OTHER', 'pool', '4') IS NOT NULL AS another_token;
SELECT kind, name, threshold, direction, before, after FROM sto_test.pooled;
-- alice has 40 herself and 10 there, carol 9: the broker has no more than what is not stated, and what comes in is his
SELECT sto_test.look_through('pool', 'acme', 'POOLED', '{"alice": 10, "bob": 41, "carol": 9}') AS stated \gset
SELECT sto_test.look_through('pool', 'acme', 'OTHER', '{"dave": 4}') IS NOT NULL AS of_another_token;
SELECT kind, name, threshold, direction, before, after FROM sto_test.pooled WHERE entry_id = :stated;
SELECT sto_test.transfer('POOLED', 'alice/1', 'pool', '10') AS came \gset
SELECT kind, name, threshold, direction, before, after FROM sto_test.pooled WHERE entry_id = :came;
-- stated anew: in the place of the statement before; the other wallet's is another
SELECT sto_test.look_through('pool', 'acme', 'POOLED', '{"carol": 10, "bob": 60}') AS anew \gset
SELECT kind, name, threshold, direction, before, after FROM sto_test.pooled WHERE entry_id = :anew;
SELECT sto_test.transfer('POOLED', 'alice/1', 'pool/2', '30') IS NOT NULL AS to_the_second, sto_test.look_through('pool/2', 'broker', 'POOLED', '{"broker": 1, "alice": 29}') AS second \gset
SELECT kind, name, threshold, direction, before, after FROM sto_test.pooled WHERE entry_id = :second;
-- more leaves than is the broker's: below zero he holds nothing
SELECT sto_test.transfer('POOLED', 'pool', 'dave/1', '10') AS left_it \gset
SELECT kind, name, threshold, direction, before, after FROM sto_test.pooled WHERE entry_id = :left_it;
SELECT n.name, h.change, h.total FROM sto.holding_change h JOIN sto_test.names n ON n.id = h.party_id WHERE h.entry_id = :left_it ORDER BY 1;
-- taken back: the wallet's own party alone
SELECT sto_test.look_through('pool', 'acme', 'POOLED', '{"broker": 60}') IS NOT NULL AS back;
-- totals are what rules count: of the wallets, less what is stated of them, and what is stated to be one's own
SELECT n.name, h.total, h.total = (SELECT coalesce(sum(p.balance), '0') FROM sto.position p JOIN sto.wallet w ON w.address = p.wallet WHERE p.token_id = h.token_id AND w.party_id = h.party_id)
                                  - (SELECT coalesce(sum(l.units), '0') FROM sto.look_through l WHERE l.token_id = h.token_id AND l.party_id = h.party_id)
                                  + (SELECT coalesce(sum(o.units), '0') FROM sto.look_through_owner o WHERE o.token_id = h.token_id AND o.party_id = h.party_id) AS as_stated
  FROM (SELECT DISTINCT ON (party_id) token_id, party_id, total FROM sto.holding_change WHERE token_id = sto_test.id('POOLED') ORDER BY party_id, entry_id DESC) h
  JOIN sto_test.names n ON n.id = h.party_id ORDER BY 1;

-- Who is told: the issuer and readers of the register; nobody else learns of others, nor of himself what is not whole
SELECT sto.map_role('sto_regress_issuer', sto_test.id('acme')), sto.map_role('sto_regress_holder', sto_test.id('alice')), sto.map_role('sto_regress_auditor', sto_test.id('auditor'));
SELECT count(*) AS crossings FROM sto.crossings(sto_test.id('OTHER')) \gset
SET ROLE sto_regress_issuer;
SELECT count(*) = :crossings AS all FROM sto.crossings(sto_test.id('OTHER'));
SET ROLE sto_regress_auditor;
SELECT count(*) = :crossings AS all FROM sto.crossings(sto_test.id('OTHER'));
SET ROLE sto_regress_holder;
SELECT (SELECT count(*) FROM sto.crossings(sto_test.id('OTHER'))) AS crossings, (SELECT count(*) FROM sto.holding_change) AS changes;
RESET ROLE;

\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_crossings;
DROP ROLE sto_regress_issuer, sto_regress_holder, sto_regress_auditor;
