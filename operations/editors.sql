-- The editors' pages in PostgreSQL: a role and a database of their own, and of the bot's database what they
-- work with: the questions that found no answer, the staff's replies, announcements. Never a message, nor a
-- platform's token. Where a reply or news goes is read to queue it, and shown on no page. Run it again after an update or a restore; it
-- changes only what is not so yet, and the password:
--
--     docker compose exec -T database psql --username bot --dbname bot --set password="..." < operations/editors.sql

\set ON_ERROR_STOP on

SELECT 'CREATE ROLE editors LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'editors') \gexec
ALTER ROLE editors PASSWORD :'password';

SELECT 'CREATE DATABASE editors OWNER editors'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'editors') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE editors FROM PUBLIC;

-- Of a bot that was never started there are no tables yet: start it once first.
GRANT USAGE ON SCHEMA public TO editors;
GRANT SELECT (version_num) ON alembic_version TO editors;
GRANT SELECT, UPDATE (state, office, answer, address, conversation) ON question TO editors;
GRANT SELECT ON subscription TO editors;
GRANT SELECT, UPDATE (told) ON watch TO editors;
GRANT SELECT, INSERT, DELETE ON delivery TO editors;
GRANT USAGE ON SEQUENCE delivery_id_seq TO editors;
GRANT SELECT (answer, day, helpful, unhelpful) ON feedback TO editors;
GRANT SELECT, INSERT, UPDATE (number) ON traffic TO editors;
