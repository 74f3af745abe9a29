-- Two queues of the same length: ours, whose tasks of a kind that no worker knows are nobody's else, and a table as PGMQ
-- 1.5 makes it. fill() tops both up to 20,000.
\set ON_ERROR_STOP on
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.q (
    msg_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, read_ct int DEFAULT 0 NOT NULL,
    enqueued_at timestamptz DEFAULT now() NOT NULL, vt timestamptz NOT NULL, message jsonb);
CREATE SEQUENCE bench.turn MINVALUE 0;
CREATE INDEX q_vt ON bench.q (vt ASC);
CREATE FUNCTION bench.fill() RETURNS void LANGUAGE sql AS $$
    DELETE FROM tasks WHERE kind = 'bench' AND state NOT IN ('available', 'retryable');
    INSERT INTO tasks (kind, arguments, party, turn)
    SELECT 'bench', '{"job": "x"}', 'account/' || n % 50, 1000000000 + n
    FROM generate_series(1, 60000 - (SELECT count(*)::int FROM tasks WHERE kind = 'bench')) n;
    INSERT INTO bench.q (vt, message)
    SELECT now(), '{"job": "x"}' FROM generate_series(1, 60000 - (SELECT count(*)::int FROM bench.q)) n;
$$;
ANALYZE tasks;
