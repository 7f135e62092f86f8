-- Conversations that several runners share: a role and a database of their own. The role can read nothing of
-- the bot's: no message, no question, no subscriber. Run it again to change the password:
--
--     docker compose exec -T database psql --username bot --dbname bot --set password="..." < operations/rasa.sql

\set ON_ERROR_STOP on

SELECT 'CREATE ROLE rasa LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rasa') \gexec
ALTER ROLE rasa PASSWORD :'password';

SELECT 'CREATE DATABASE rasa OWNER rasa'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'rasa') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE rasa FROM PUBLIC;
REVOKE CONNECT ON DATABASE bot FROM PUBLIC;
