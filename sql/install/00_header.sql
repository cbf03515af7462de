-- sto_ledger: a register of security tokens inside PostgreSQL.
-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION sto_ledger" to load this file. \quit

CREATE SCHEMA sto;
COMMENT ON SCHEMA sto IS 'register of security tokens: log, register, positions';
