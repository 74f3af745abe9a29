-- Who goes first in the queue, who may not go at all for a while, and who keeps the house.

-- Fair shares: a task of a party stands one turn behind the party's last waiting one, or behind the turn at which the
-- lane has arrived, whichever is later. Ten thousand tasks of one party so delay another's next one by one task.
-- A task whose time has not come is not `ready` and has no turn yet; the next claim after its time gives it one.
ALTER TABLE tasks
    ADD COLUMN party text CHECK (length(party) BETWEEN 1 AND 128),
    ADD COLUMN gates text[],
    ADD COLUMN ready boolean NOT NULL DEFAULT true,
    ADD COLUMN turn bigint NOT NULL DEFAULT 0;

CREATE INDEX tasks_ready ON tasks (lane, turn, id) WHERE ready AND state IN ('available', 'retryable');
CREATE INDEX tasks_of_party ON tasks (lane, party, turn)
    WHERE ready AND state IN ('available', 'retryable') AND party IS NOT NULL;
CREATE INDEX tasks_timed ON tasks (lane, run_at) WHERE NOT ready AND state IN ('available', 'retryable');
DROP INDEX tasks_waiting;
UPDATE tasks SET ready = false WHERE state IN ('available', 'retryable') AND run_at > now();

-- The turn of the task claimed last, for each lane. Sequences, because no claim waits there for another's commit.
CREATE SEQUENCE tasks_turn_ordinary MINVALUE 0 START 0;
CREATE SEQUENCE tasks_turn_interactive MINVALUE 0 START 0;

-- Tasks with a gate are not claimed before it opens. With `period`, it lets one task through each time it opens, and
-- closes again for so long: a question whether whatever is behind it works again.
CREATE TABLE gates (
    gate text PRIMARY KEY CHECK (length(gate) BETWEEN 1 AND 128),
    opens_at timestamptz NOT NULL,
    period interval
);

CREATE FUNCTION next_turn(of_lane text, of_party text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    SELECT CASE WHEN of_party IS NULL THEN arrived ELSE 1 + greatest(arrived, (
        SELECT max(turn) FROM tasks
        WHERE lane = of_lane AND party = of_party AND ready AND state IN ('available', 'retryable'))) END
    FROM (SELECT CASE of_lane WHEN 'interactive' THEN (SELECT last_value FROM tasks_turn_interactive)
        ELSE (SELECT last_value FROM tasks_turn_ordinary) END AS arrived) clock
    $$;

-- As before, with party and gates.
CREATE FUNCTION enqueue_task(
        new_kind text, new_arguments jsonb, new_lane text, new_run_at timestamptz, new_unique_key text,
        new_max_attempts int, new_party text, new_gates text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        new_id bigint;
        is_due boolean := coalesce(new_run_at <= now(), true);
    BEGIN
        INSERT INTO tasks (kind, arguments, lane, run_at, unique_key, max_attempts, party, gates, ready, turn)
        VALUES (new_kind, new_arguments, new_lane, coalesce(new_run_at, now()), new_unique_key, new_max_attempts,
            new_party, new_gates, is_due, CASE WHEN is_due THEN next_turn(new_lane, new_party) ELSE 0 END)
        ON CONFLICT (unique_key) WHERE state IN ('available', 'running', 'retryable') DO NOTHING
        RETURNING id INTO new_id;
        IF new_id IS NOT NULL AND is_due THEN PERFORM pg_notify('tasks', new_lane); END IF;
        RETURN new_id;
    END $$;

-- For programs of the version before.
CREATE OR REPLACE FUNCTION enqueue_task(
        new_kind text, new_arguments jsonb, new_lane text, new_run_at timestamptz, new_unique_key text,
        new_max_attempts int) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    SELECT enqueue_task(
        new_kind, new_arguments, new_lane, new_run_at, new_unique_key, new_max_attempts, NULL, NULL)
    $$;

-- One worker at a time keeps the house. The term is counted here: each of its writes begins by holding its term, so
-- that one which was paused past its time writes nothing.
CREATE TABLE scheduler (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    term bigint NOT NULL DEFAULT 0,
    holder uuid,
    until timestamptz NOT NULL DEFAULT '-infinity',
    ticked_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO scheduler DEFAULT VALUES;
DELETE FROM tasks WHERE kind = 'upkeep';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['gates', 'scheduler'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO batchport_migrate USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY worker ON %I TO batchport_worker USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON gates TO batchport_worker;
GRANT SELECT, UPDATE ON scheduler TO batchport_worker;
GRANT USAGE, SELECT, UPDATE ON SEQUENCE tasks_turn_ordinary, tasks_turn_interactive TO batchport_worker;
GRANT EXECUTE ON FUNCTION next_turn TO batchport_worker;
REVOKE EXECUTE ON FUNCTION enqueue_task(text, jsonb, text, timestamptz, text, int, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enqueue_task(text, jsonb, text, timestamptz, text, int, text, text[])
    TO batchport_web, batchport_worker;
