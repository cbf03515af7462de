-- Vesting: a schedule's lots, and an issue that is locked in lots.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_vesting;
CREATE DATABASE sto_regress_vesting TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_vesting
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET timezone = 'UTC';

-- Nothing before the cliff, then what has vested until then at once, all at the end
SELECT * FROM sto.vesting_lots('1200', '2027-01-01', '2028-01-01', '2031-01-01', '1 year');
SELECT * FROM sto.vesting_lots('100', '2027-01-01', '2027-01-01', '2027-01-11', '3 days');
-- calendar months from the start, not each from the one before; a cliff beside the steps; an end beside them
SELECT lot, release_after FROM sto.vesting_lots('1000000', '2027-01-31', '2027-03-15', '2027-06-10', '1 month');
-- fewer units than steps: no lot is empty
SELECT * FROM sto.vesting_lots('3', '2027-01-01', '2027-01-01', '2027-01-11', '1 day');
-- a cliff at the end, and a step beyond it
SELECT * FROM sto.vesting_lots('7', '2027-01-01', '2028-01-01', '2028-01-01', '1 month');
SELECT * FROM sto.vesting_lots('7', '2027-01-01', '2027-06-01', '2028-01-01', '10 years');
SELECT * FROM sto.vesting_lots('7', '2027-01-01', '2027-06-01', '2028-01-01', '100 years');
-- the greatest amount
SELECT count(*), sum(units::numeric) = 170141183460469231731687303715884105727 FROM sto.vesting_lots('170141183460469231731687303715884105727', '2027-01-01', '2028-01-01', '2031-01-01', '1 month');
-- whatever the session's time zone
SET timezone = 'Asia/Almaty';
SELECT lot, release_after AT TIME ZONE 'UTC', units FROM sto.vesting_lots('1200', '2027-01-01 00:00+00', '2027-03-01 00:00+00', '2027-05-01 00:00+00', '1 month');
SET timezone = 'UTC';
-- what is no schedule
SELECT sto_test.refusal(format('SELECT * FROM sto.vesting_lots(%L, %L, %L, %L, %L)', amount, starts, cliff, ends, step))
  FROM (VALUES ('0', '2027-01-01', '2027-01-01', '2028-01-01', '1 day'), ('-1', '2027-01-01', '2027-01-01', '2028-01-01', '1 day'), ('1', '2027-01-02', '2027-01-01', '2028-01-01', '1 day'),
               ('1', '2027-01-01', '2028-01-02', '2028-01-01', '1 day'), ('1', '2027-01-01', '2027-01-01', '2027-01-01', '1 day'), ('1', '2027-01-01', '2027-01-01', '2028-01-01', '0'),
               ('1', '2027-01-01', '2027-01-01', '2028-01-01', '-1 day'), ('1', '2027-01-01', '2027-01-01', '2028-01-01', '1 minute'), ('1', '2027-01-01', '2027-01-01', 'infinity', '1 day'),
               ('1', '-infinity', '2027-01-01', '2028-01-01', '1 day')) AS v (amount, starts, cliff, ends, step);

-- Any schedule: lots are positive, ascending in time, none before the cliff or after the end, and never more vested than linear; their sum is the amount
-- what has vested of one unit at that time, as an exact fraction of microseconds
CREATE FUNCTION sto_test.share(starts timestamptz, at timestamptz, ends timestamptz) RETURNS numeric IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN at >= ends THEN 1 ELSE extract(epoch FROM at - starts)::numeric(40, 20) / extract(epoch FROM ends - starts)::numeric(40, 20) + 1e-18 END
$$;
SELECT setseed(0.41);
CREATE TABLE sto_test.schedule AS
SELECT n, (1 + floor(random() * 10 ^ (random() * 20)))::numeric::sto.token_amount AS amount, starts, ends, starts + (ends - starts) * CASE WHEN random() < 0.2 THEN 0 WHEN random() < 0.2 THEN 1 ELSE random() END AS cliff,
       (ARRAY['1 day', '7 days', '1 month', '3 months', '1 year', '45 days 06:00', '11:30:00'])[1 + floor(random() * 7)::int]::interval AS step
  FROM (SELECT n, at AS starts, at + random() * interval '2000 days' + interval '1 microsecond' AS ends
          FROM (SELECT n, timestamptz '2027-01-01' + random() * interval '1000 days' AS at FROM generate_series(1, 500) AS n) AS a) AS b;
SELECT count(*), count(*) FILTER (WHERE lots = 0), count(*) FILTER (WHERE total <> amount::numeric), count(*) FILTER (WHERE least_units <= 0), count(*) FILTER (WHERE first_time < cliff),
       count(*) FILTER (WHERE last_time <> ends), count(*) FILTER (WHERE not_after), count(*) FILTER (WHERE numbers <> lots), count(*) FILTER (WHERE beyond), min(lots) < max(lots)
  FROM (SELECT s.n, s.amount, s.cliff, s.ends, count(*) AS lots, sum(l.units::numeric) AS total, min(l.units::numeric) AS least_units, min(l.release_after) AS first_time, max(l.release_after) AS last_time,
               max(l.lot) AS numbers, bool_or(l.release_after <= l.before) AS not_after, bool_or(l.vested > s.amount::numeric * sto_test.share(s.starts, l.release_after, s.ends)) AS beyond
          FROM sto_test.schedule AS s,
               LATERAL (SELECT l.*, lag(l.release_after) OVER w AS before, sum(l.units::numeric) OVER w AS vested FROM sto.vesting_lots(s.amount, s.starts, s.cliff, s.ends, s.step) AS l WINDOW w AS (ORDER BY l.lot)) AS l
         GROUP BY s.n, s.amount, s.cliff, s.ends) AS x;

-- An issue that vests: lots under one group, signed one by one, or all as a list
SELECT sto_test.begin_small();
SELECT FROM sto_test.party('venue', '{70}');
CREATE FUNCTION sto_test.plan(fn text, amount text, n int, extra text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT format('sto.%s(%L, %L, %s, %L, %L, %L, %L, %L%s)', fn, sto_test.id('ACME'), sto_test.address('bob/1'), amount, '2100-01-01 00:00+00', '2101-01-01 00:00+00', '2104-01-01 00:00+00', '6 months', md5('group ' || n)::uuid, extra)
$$;
SELECT format('SELECT array_agg(sto_test.signatures(o.message, %L) ORDER BY o.lot) AS signed FROM %s AS o', '{10}', sto_test.plan('vested_orders', '100', 1)) AS q \gset
:q \gset
SELECT format('SELECT lot, entry_id IS NOT NULL, release_after, units FROM %s', sto_test.plan('issue_vested', '100', 1, format(', %L', :'signed'))) AS q \gset
:q;
SELECT sto_test.balance('ACME', 'bob/1');
SELECT count(*), count(DISTINCT group_id), sum(amount), min(purpose), bool_and(signatures IS NOT NULL) FROM sto.transfer WHERE kind = 'hold';
-- again: the same entries
SELECT format('SELECT count(*), count(DISTINCT entry_id) FROM %s', sto_test.plan('issue_vested', '100', 1, format(', %L', :'signed'))) AS q \gset
:q;
SELECT sto_test.balance('ACME', 'bob/1');
-- another amount under the same group is another order under the same id
SELECT sto_test.attempt(format('SELECT * FROM %s', sto_test.plan('issue_vested', '101', 1, format(', %L', :'signed'))));
-- all under one signature; what was due before is not locked
SELECT format('SELECT count(*) AS count, sum(o.units) AS sum, sto.batch_hash(o.message ORDER BY o.lot) AS hash FROM %s AS o', sto_test.plan('vested_orders', '1000', 2, ', NULL, ''2102-01-01 00:00+00''')) AS q \gset
:q \gset
SELECT sto_test.event('batch', gen_random_uuid(), sto_test.id('acme'), sto.batch_body(sto_test.id('ACME'), :count, :'sum', :'hash')::text, '{10}') AS list \gset
SELECT format('SELECT lot, entry_id IS NOT NULL, release_after, units FROM %s', sto_test.plan('issue_vested', '1000', 2, format(', NULL, %s, NULL, ''2102-01-01 00:00+00''', :list))) AS q \gset
:q;
SELECT sto_test.balance('ACME', 'bob/1');
-- nobody else signs, and nobody not at all
SELECT sto_test.attempt(format('SELECT * FROM %s', sto_test.plan('issue_vested', '100', 3)));
SELECT format('SELECT array_agg(sto_test.signatures(o.message, %L) ORDER BY o.lot) AS signed FROM %s AS o', '{22}', sto_test.plan('vested_orders', '100', 3)) AS q \gset
:q \gset
SELECT sto_test.attempt(format('SELECT * FROM %s', sto_test.plan('issue_vested', '100', 3, format(', %L', :'signed'))));

-- Lots follow their issue, nothing comes between, and they lock no more than it
CREATE FUNCTION sto_test.lot(wallet text, amount text, n int, extra jsonb DEFAULT '{}', who text DEFAULT 'acme', seeds int[] DEFAULT '{10}') RETURNS text LANGUAGE sql AS $$
    SELECT sto_test.state_of(o, sto_test.signatures(sto_test.order_message(o), seeds))
      FROM sto_test.make_order(jsonb_build_object('kind', 'hold', 'purpose', 'lock_up', 'token_id', 'ACME', 'debit_wallet', wallet, 'amount', amount,
           'ordering_party', who, 'release_after', '2100-01-01 00:00:00+00', 'group_id', md5('group ' || n)::uuid) || extra) AS o
$$;
CREATE FUNCTION sto_test.grant(wallet text, amount text, n int) RETURNS boolean LANGUAGE sql AS $$ SELECT sto_test.issue('ACME', wallet, amount, jsonb_build_object('group_id', md5('group ' || n)::uuid)) > 0 $$;
BEGIN;
SELECT sto_test.grant('alice/1', '10', 10), sto_test.lot('alice/1', '4', 10), sto_test.lot('alice/1', '5', 10), sto_test.lot('alice/1', '2', 10), sto_test.lot('alice/1', '1', 10), sto_test.lot('alice/1', '1', 10);
-- in another wallet, of another group, after another entry
SELECT sto_test.grant('alice/1', '10', 11), sto_test.lot('bob/1', '1', 11), sto_test.lot('alice/1', '1', 10), sto_test.lot('alice/1', '4', 11), sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') > 0, sto_test.lot('alice/1', '1', 11);
SELECT sto_test.grant('alice/1', '10', 12), sto_test.transfer('ACME', 'bob/1', 'alice/1', '1') > 0, sto_test.lot('alice/1', '1', 12);
SELECT sto_test.grant('alice/1', '10', 13), sto_test.issue('ACME', 'alice/1', '1') > 0, sto_test.lot('alice/1', '1', 13);
-- an entry of another wallet comes not between; a lock-up by the holder is one like others; a pledge comes between
SELECT sto_test.grant('alice/1', '10', 14), sto_test.lot('alice/1', '1', 14), sto_test.redeem('ACME', 'bob/1', '1') > 0, sto_test.lot('alice/1', '3', 14, '{}', 'alice', '{21}'), sto_test.lot('alice/1', '7', 14), sto_test.lot('alice/1', '6', 14);
SELECT sto_test.grant('alice/1', '10', 15), sto_test.lot('alice/1', '1', 15), sto_test.hold('ACME', 'alice/1', '1', 'pledge', '{"credit_wallet": "bob/1"}') > 0, sto_test.lot('alice/1', '1', 15);
-- a second issue of the same group begins anew
SELECT sto_test.grant('alice/1', '10', 16), sto_test.lot('alice/1', '9', 16), sto_test.grant('alice/1', '5', 16), sto_test.lot('alice/1', '6', 16), sto_test.lot('alice/1', '5', 16);
-- a savepoint brings back what a lot had used
SELECT sto_test.grant('alice/1', '10', 17), sto_test.lot('alice/1', '4', 17);
SAVEPOINT a;
SELECT sto_test.lot('alice/1', '6', 17), sto_test.lot('alice/1', '1', 17);
ROLLBACK TO a;
SELECT sto_test.lot('alice/1', '7', 17), sto_test.lot('alice/1', '5', 17), sto_test.lot('alice/1', '1', 17);
COMMIT;
SELECT sto_test.grant('alice/1', '10', 18);
SELECT sto_test.lot('alice/1', '1', 18);
SELECT sto_test.check_invariants();
SELECT sto.rebuild() = (SELECT count(*) FROM sto.event) + (SELECT count(*) FROM sto.transfer), sto_test.check_invariants();

-- A lot that is due frees itself when its units are needed; the rest stays
BEGIN;
SELECT sto_test.grant('bob/1', '10', 19), sto_test.lot('bob/1', '6', 19, jsonb_build_object('release_after', clock_timestamp() + interval '2 s')), sto_test.lot('bob/1', '4', 19);
COMMIT;
SELECT sto_test.balance('ACME', 'bob/1');
SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', available::text) > 0 FROM (SELECT balance - held AS available FROM sto.position WHERE wallet = sto_test.address('bob/1')) AS p;
SELECT sto_test.attempt($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '1')$$), pg_sleep(2.1) IS NOT NULL;
SELECT sto_test.attempt($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '7')$$), sto_test.attempt($$SELECT sto_test.transfer('ACME', 'bob/1', 'alice/1', '6')$$);
SELECT sto_test.check_invariants();

\c postgres
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_vesting;
