-- Every object of the extension: the public surface changes only on purpose.
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sto_regress_objects;
CREATE DATABASE sto_regress_objects TEMPLATE template0 ENCODING 'UTF8';
\c sto_regress_objects
SET client_min_messages = warning;
CREATE EXTENSION sto_ledger;
SELECT pg_describe_object(d.classid, d.objid, 0) COLLATE "C" AS object
  FROM pg_depend d
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
   AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'sto_ledger')
   AND d.classid NOT IN ('pg_cast'::regclass, 'pg_opfamily'::regclass)
   -- from 17 on a table's row type and every array type are members too
   AND NOT EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
                    WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid AND (c.relkind <> 'c' OR t.typcategory = 'A'))
 ORDER BY 1;
-- Every function, type, table and view that people use says what it is.
SELECT p.oid::regprocedure::text COLLATE "C" AS undescribed
  FROM pg_proc p
 WHERE p.pronamespace = 'sto'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
   AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') ORDER BY 1;
SELECT c.oid::regclass FROM pg_class c
 WHERE c.relnamespace = 'sto'::regnamespace AND c.relkind IN ('r', 'v', 'S') AND obj_description(c.oid, 'pg_class') IS NULL ORDER BY 1;
-- What a dump of the data carries.
SELECT unnest(extconfig)::regclass AS dumped FROM pg_extension WHERE extname = 'sto_ledger' ORDER BY 1;
-- Dropping the extension leaves nothing behind.
DROP EXTENSION sto_ledger;
SELECT count(*) FROM pg_namespace WHERE nspname = 'sto';
SELECT count(*) FROM pg_proc WHERE probin LIKE '%sto_ledger%';
\c template1
SET client_min_messages = warning;
DROP DATABASE sto_regress_objects;
