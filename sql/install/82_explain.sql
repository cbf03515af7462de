-- Why an entry passed, and what other rules would have made of history: both replay the log of one token.

CREATE FUNCTION sto.explain_rules(entry_id bigint, OUT rule_set bigint, OUT number int, OUT code int, OUT rule text,
                                  OUT label text, OUT result text, OUT subject uuid, OUT "limit" text, OUT value text,
                                  OUT detail text, OUT facts text) RETURNS SETOF record
    LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp COST 100000 ROWS 20
    AS 'MODULE_PATHNAME', 'sto_explain_rules';
COMMENT ON FUNCTION sto.explain_rules(bigint) IS
    'each rule that was in force at an entry, with what it was told; sto.explain_entry() shows it';

CREATE FUNCTION sto.explain_entry(entry_id bigint, OUT rule_set bigint, OUT number int, OUT code int, OUT rule text, OUT label text,
                                  OUT result text, OUT parameters json, OUT facts json, OUT subject uuid, OUT "limit" text,
                                  OUT value text, OUT detail text) RETURNS SETOF record
    LANGUAGE sql STABLE ROWS 20
BEGIN ATOMIC
    SELECT x.rule_set, x.number, x.code, x.rule, x.label, x.result, (s.body::json -> 'rules') -> (x.number - 1), x.facts::json,
           x.subject, x."limit", x.value, x.detail
      FROM sto.explain_rules(explain_entry.entry_id) AS x
      JOIN sto.rule_set s ON s.set_by = x.rule_set
     ORDER BY x.number;
END;
COMMENT ON FUNCTION sto.explain_entry(bigint) IS
    'the rules that were in force at an entry: each with its parameters, the facts it was told as they stood then, and its answer';

CREATE FUNCTION sto.simulate_rules(token_id uuid, proposed json, since timestamptz DEFAULT '-infinity',
                                   until timestamptz DEFAULT 'infinity', OUT entry_id bigint, OUT posted_at timestamptz,
                                   OUT kind text, OUT amount sto.token_amount, OUT number int, OUT code int, OUT rule text,
                                   OUT label text, OUT subject uuid, OUT "limit" text, OUT value text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp COST 100000 ROWS 100
    AS 'MODULE_PATHNAME', 'sto_simulate_rules';
COMMENT ON FUNCTION sto.simulate_rules(uuid, json, timestamptz, timestamptz) IS
    'what a proposed body of rule_set would have refused of the entries posted in [since, until); writes nothing';
