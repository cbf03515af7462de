-- What a statement is answered, in words that are the same in every run.  After signer.sql.

-- Names in place of ids and addresses; events and the like without their numbers, times left out.
CREATE FUNCTION sto_test.named(said text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{ACME,OTHER,THIRD,acme,alice,bob,carol,dave,erin,keeper,venue,registrar,enforcer,second,third,other,agent}'::text[] LOOP
        said := replace(said, sto_test.id(name)::text, name);
    END LOOP;
    FOREACH name IN ARRAY '{alice/1,alice/2,alice/3,alice/4,bob/1,carol/1,dave/1,erin/1,acme/1}'::text[] LOOP
        said := replace(said, sto_test.address(name)::text, name);
    END LOOP;
    RETURN regexp_replace(regexp_replace(said, '(event|entry|[hH]old|[Cc]ase|attachment|[aA]pproval) \d+', '\1 N', 'g'), 'from [-0-9:. +A-Z]+ on', 'from T on');
END $$;

CREATE FUNCTION sto_test.try(statement text) RETURNS text LANGUAGE sql AS $$ SELECT sto_test.named(sto_test.refusal(statement)) $$;

-- What happens to a statement that is rolled back.
CREATE FUNCTION sto_test.would(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    said := sto_test.try(statement);
    RAISE SQLSTATE 'YY000';
EXCEPTION WHEN SQLSTATE 'YY000' THEN
    RETURN said;
END $$;
