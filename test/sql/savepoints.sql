-- Errors that are caught: savepoints, exception blocks, nested statements, cursors left early.  A cache of positions
-- that isn't undone with its subtransaction loses money here without any error.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_savepoints;
CREATE DATABASE sto_regress_savepoints TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_savepoints
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
\set ECHO none
\i :srcdir/signer/signer.sql
\i :srcdir/signer/invariants.sql
\set ECHO all
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

SELECT sto_test.begin_small();
SELECT FROM sto_test.party('carol', NULL, 'natural'), sto_test.wallet('carol/1', 'carol', '{23}');
-- Orders signed beforehand: n units from alice to bob, and from bob to carol
CREATE VIEW sto_test.columns AS SELECT kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures FROM sto.transfer WHERE false;
CREATE FUNCTION sto_test.order_of(debit text, credit text, amount int) RETURNS SETOF sto_test.columns LANGUAGE sql AS $$
    SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id,
           sto_test.signatures(sto_test.order_message(o), sto_test.seeds_of(debit))
      FROM sto_test.make_order(sto_test.transfer_order('ACME', debit, credit, amount::text)) AS o
$$;
CREATE FUNCTION sto_test.state() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' / ', sto_test.balance('ACME', 'alice/1'), COALESCE(sto_test.balance('ACME', 'bob/1'), '-'),
                     COALESCE(sto_test.balance('ACME', 'carol/1'), '-'), sto_test.check_invariants())
$$;

-- The money-losing case: a function called by the running INSERT posts, fails and catches
CREATE FUNCTION sto_test.noisy(n int, how text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM sto_test.transfer('ACME', 'alice/1', 'carol/1', '3');
        IF how = 'raise' THEN
            RAISE EXCEPTION 'caught';
        ELSIF how = 'overdraft' THEN
            PERFORM sto_test.transfer('ACME', 'alice/1', 'bob/1', '100000');
        ELSIF how = 'forged' THEN
            PERFORM sto_test.post(sto_test.transfer_order('ACME', 'alice/1', 'bob/1', '1'), '{22}');
        ELSIF how = 'divide' THEN
            PERFORM 1 / 0;
        END IF;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
    RETURN n;
END $$;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.* FROM generate_series(1, 3) AS n, LATERAL sto_test.order_of('alice/1', 'bob/1', sto_test.noisy(n, 'raise')) AS o RETURNING amount, debit_seq;
SELECT sto_test.state();
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.* FROM generate_series(1, 3) AS n, LATERAL sto_test.order_of('alice/1', 'bob/1', sto_test.noisy(n, 'overdraft')) AS o RETURNING amount, debit_seq;
SELECT sto_test.state();
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.* FROM generate_series(1, 3) AS n, LATERAL sto_test.order_of('alice/1', 'bob/1', sto_test.noisy(n, 'forged')) AS o RETURNING amount, debit_seq;
SELECT sto_test.state();
-- called per row, between the rows of the outer statement
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.kind, o.token_id, o.debit_wallet, o.credit_wallet, o.amount, o.ordering_party, o.order_id,
       CASE WHEN sto_test.noisy(n, CASE n % 2 WHEN 0 THEN 'divide' ELSE 'post' END) > 0 THEN o.signatures END
  FROM generate_series(1, 4) AS n, LATERAL sto_test.order_of('alice/1', 'bob/1', n) AS o RETURNING amount, debit_seq;
SELECT sto_test.state();
-- ... and by RETURNING, after each row
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.* FROM generate_series(1, 3) AS n, LATERAL sto_test.order_of('alice/1', 'bob/1', n) AS o RETURNING amount, sto_test.noisy(amount::text::int, 'divide');
SELECT sto_test.state();
-- the outer statement fails after the inner one was caught
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.* FROM generate_series(1, 3) AS n, LATERAL sto_test.order_of('alice/1', 'bob/1', sto_test.noisy(CASE n WHEN 3 THEN 100000 ELSE n END, 'raise')) AS o;
SELECT sto_test.state();

-- A loop that catches: every third order is good
DO $$
DECLARE
    good int := 0;
BEGIN
    FOR n IN 1 .. 30 LOOP
        BEGIN
            PERFORM sto_test.transfer('ACME', 'alice/1', 'bob/1', CASE n % 3 WHEN 1 THEN '1000000' ELSE '1' END);
            IF n % 3 = 2 THEN
                RAISE EXCEPTION 'after it was posted';
            END IF;
            good := good + 1;
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
    RAISE WARNING '% good', good;
END $$;
SELECT sto_test.state();

-- Savepoints by hand: rolled back, released, nested, used again
BEGIN;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '10') > 0;
SAVEPOINT a;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '20') > 0, sto_test.transfer('ACME', 'bob/1', 'carol/1', '5') > 0;
SAVEPOINT b;
SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '40') > 0;
RELEASE b;
SELECT sto_test.transfer('ACME', 'alice/1', 'carol/1', '80') > 0;
ROLLBACK TO a;
SELECT sto_test.state();
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') > 0;
ROLLBACK TO a;
SAVEPOINT c;
SELECT sto_test.transfer('ACME', 'bob/1', 'carol/1', '7') > 0;
RELEASE c;
\set VERBOSITY sqlstate
SELECT sto_test.transfer('ACME', 'alice/1', 'nowhere', '1');
\set VERBOSITY terse
ROLLBACK TO a;
SELECT sto_test.transfer('ACME', 'bob/1', 'carol/1', '2') > 0;
COMMIT;
SELECT sto_test.state();

-- Inner savepoint rolled back, outer one kept; then the reverse
BEGIN;
SAVEPOINT a;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') > 0;
SAVEPOINT b;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '2') > 0;
ROLLBACK TO b;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '4') > 0;
RELEASE a;
SELECT sto_test.state();
SAVEPOINT d;
SAVEPOINT e;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '8') > 0;
RELEASE e;
SAVEPOINT f;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '16') > 0;
RELEASE f;
ROLLBACK TO d;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '32') > 0;
COMMIT;
SELECT sto_test.state();

-- A position that was first met in a savepoint that is rolled back
BEGIN;
SELECT FROM sto_test.wallet('carol/2', 'carol', '{24}');
SAVEPOINT a;
SELECT sto_test.transfer('ACME', 'carol/1', 'carol/2', '1') > 0;
ROLLBACK TO a;
SELECT sto_test.balance('ACME', 'carol/2') IS NULL;
SELECT sto_test.transfer('ACME', 'carol/1', 'carol/2', '2') > 0;
SAVEPOINT b;
SELECT sto_test.transfer('ACME', 'carol/2', 'carol/1', '2') > 0;
ROLLBACK TO b;
COMMIT;
SELECT sto_test.balance('ACME', 'carol/2'), sto_test.state();

-- Nested statements that all succeed share the positions
CREATE FUNCTION sto_test.nested(depth int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    IF depth > 0 THEN
        INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
        SELECT o.* FROM sto_test.order_of('alice/1', 'bob/1', sto_test.nested(depth - 1)) AS o;
        INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
        SELECT o.* FROM sto_test.order_of('bob/1', 'alice/1', 1) AS o;
    END IF;
    RETURN 2;
END $$;
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.* FROM generate_series(1, 3) AS n, LATERAL sto_test.order_of('alice/1', 'bob/1', sto_test.nested(n)) AS o;
SELECT sto_test.state();

-- A trigger of somebody's own table posts; the statement fails in the middle
CREATE TABLE sto_test.trade (n int CHECK (n < 5));
CREATE FUNCTION sto_test.settle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sto_test.transfer('ACME', 'bob/1', 'alice/1', NEW.n::text);
    RETURN NULL;
END $$;
CREATE TRIGGER settle AFTER INSERT ON sto_test.trade FOR EACH ROW EXECUTE FUNCTION sto_test.settle();
INSERT INTO sto_test.trade VALUES (1), (2), (3);
INSERT INTO sto_test.trade VALUES (1), (2), (30);
SELECT sto_test.state();
CREATE CONSTRAINT TRIGGER settle_later AFTER INSERT ON sto_test.trade DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sto_test.settle();
INSERT INTO sto_test.trade VALUES (1), (2);
SELECT sto_test.state();

-- Cursors left early: the statement has run to its end all the same
CREATE FUNCTION sto_test.first_only(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    amount sto.token_amount;
BEGIN
    FOR amount IN INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
                  SELECT o.* FROM generate_series(1, n) AS i, LATERAL sto_test.order_of('alice/1', 'bob/1', sign(i)::int) AS o RETURNING transfer.amount LOOP
        RETURN 'left after ' || amount;
    END LOOP;
END $$;
SELECT sto_test.first_only(3);
SELECT sto_test.state();
SELECT sto_test.first_only(70 + i) FROM generate_series(1, 2) AS i LIMIT 1;
SELECT sto_test.state();
CREATE FUNCTION sto_test.catches_early() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    amount sto.token_amount;
BEGIN
    FOR amount IN INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
                  SELECT o.* FROM generate_series(1, 60) AS i, LATERAL sto_test.order_of('alice/1', 'bob/1', sign(i)::int) AS o RETURNING transfer.amount LOOP
        RAISE EXCEPTION 'in the loop';
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
SELECT sto_test.catches_early();
SELECT sto_test.state();
-- a cursor on a view of positions stays at its snapshot
BEGIN;
DECLARE c CURSOR FOR SELECT sto_test.balance('ACME', 'alice/1') FROM generate_series(1, 2);
FETCH c;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '1') > 0;
FETCH c;
COMMIT;
SELECT sto_test.state();

-- Rows of one statement see each other: units that arrive are spent at once, in the order of the rows
INSERT INTO sto.transfer (kind, token_id, debit_wallet, credit_wallet, amount, ordering_party, order_id, signatures)
SELECT o.* FROM (VALUES (1, 'alice/1', 'carol/2', 300), (2, 'carol/2', 'carol/1', 302), (3, 'carol/1', 'alice/1', 300)) AS t (n, d, c, a),
       LATERAL sto_test.order_of(d, c, a) AS o ORDER BY n RETURNING amount, debit_balance, credit_balance;
SELECT sto_test.state();

-- Procedures that commit in a loop
CREATE PROCEDURE sto_test.many(n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. n LOOP
        PERFORM sto_test.transfer('ACME', 'bob/1', 'alice/1', '1');
        IF i % 2 = 0 THEN COMMIT; ELSE ROLLBACK; END IF;
    END LOOP;
END $$;
CALL sto_test.many(5);
SELECT sto_test.state();
-- a session that ended in the middle of everything
BEGIN;
SELECT sto_test.transfer('ACME', 'alice/1', 'bob/1', '9') > 0;
\c -
SELECT sto_test.state();

\c postgres
\set ECHO none
SET client_min_messages = warning;
DROP DATABASE sto_regress_savepoints;
