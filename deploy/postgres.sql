-- Roles, database and extensions. Run as a superuser, by psql; safe to run again.
-- The same file serves docker-compose.yml and the local system, so that both have the same rights.
-- Passwords come from the environment: DATABASE_OWNER_PASSWORD, DATABASE_APP_PASSWORD.
\getenv owner_password DATABASE_OWNER_PASSWORD
\getenv app_password DATABASE_APP_PASSWORD
SET log_min_error_statement = panic; -- a failing statement with a password does not reach the log
SET client_min_messages = warning;

-- The owner makes and changes tables (migrations). The application's role owns nothing and can't pass row-level security.
SELECT 'CREATE ROLE concierge_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'concierge_owner') \gexec
SELECT 'CREATE ROLE concierge_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'concierge_app') \gexec
ALTER ROLE concierge_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE concierge_owner PASSWORD :'owner_password';
ALTER ROLE concierge_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE concierge_app PASSWORD :'app_password';

-- The server's log names the constraint that refused a row, but quotes neither the row nor the statement: both hold
-- names and addresses of people.
ALTER ROLE concierge_app SET log_error_verbosity = terse;
ALTER ROLE concierge_app SET log_min_error_statement = panic;
ALTER ROLE concierge_owner SET log_error_verbosity = terse;
ALTER ROLE concierge_owner SET log_min_error_statement = panic;

-- Nobody waits long for a page: a statement or a lock that takes longer is given up, and the person told to try again
-- (503). A migration may take its time, but may not make others wait for its locks: it ends, and is started again.
ALTER ROLE concierge_app SET statement_timeout = '15s';
ALTER ROLE concierge_app SET lock_timeout = '3s';
ALTER ROLE concierge_app SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE concierge_owner SET statement_timeout = 0;
ALTER ROLE concierge_owner SET lock_timeout = '2s';

SELECT 'CREATE DATABASE concierge OWNER concierge_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'concierge') \gexec
REVOKE ALL ON DATABASE concierge FROM PUBLIC;
GRANT CONNECT ON DATABASE concierge TO concierge_app;

-- Not every extension may be made by the owner. Behind row-level security an index serves LIKE only if LIKE and upper()
-- are known to tell nobody what they read, which only a superuser may say: they fail for the pattern alone, which
-- Django escapes. Without it the search is right but reads every row of the table.
-- In template1 too, for the databases that tests make.
\connect template1
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS cube;
CREATE EXTENSION IF NOT EXISTS earthdistance;
ALTER FUNCTION pg_catalog.textlike(text, text) LEAKPROOF;
ALTER FUNCTION pg_catalog.upper(text) LEAKPROOF;
\connect concierge
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS cube;
CREATE EXTENSION IF NOT EXISTS earthdistance;
ALTER FUNCTION pg_catalog.textlike(text, text) LEAKPROOF;
ALTER FUNCTION pg_catalog.upper(text) LEAKPROOF;
