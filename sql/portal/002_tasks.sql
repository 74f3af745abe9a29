-- The workers' own queue. Tasks are enqueued in the transaction that makes them necessary, claimed under a lease and
-- written back only by the holder of the lease's token. All times are this server's.

CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    arguments jsonb NOT NULL DEFAULT '{}',
    lane text NOT NULL DEFAULT 'ordinary' CHECK (lane IN ('interactive', 'ordinary')),
    state text NOT NULL DEFAULT 'available' CHECK (state IN ('available', 'running', 'retryable', 'done', 'discarded')),
    run_at timestamptz NOT NULL DEFAULT now(),
    attempt int NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    max_attempts int NOT NULL DEFAULT 25 CHECK (max_attempts > 0),
    lease_token uuid,
    lease_until timestamptz,
    unique_key text CHECK (length(unique_key) <= 256),
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT tasks_lease CHECK (
        (state = 'running') = (lease_token IS NOT NULL) AND (lease_token IS NULL) = (lease_until IS NULL)),
    CONSTRAINT tasks_finished CHECK ((state IN ('done', 'discarded')) = (finished_at IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

CREATE INDEX tasks_waiting ON tasks (lane, run_at, id) WHERE state IN ('available', 'retryable');
CREATE INDEX tasks_leased ON tasks (lease_until) WHERE state = 'running';
CREATE INDEX tasks_finished_at ON tasks (finished_at) WHERE state IN ('done', 'discarded');
CREATE UNIQUE INDEX tasks_unique_key ON tasks (unique_key) WHERE state IN ('available', 'running', 'retryable');

-- The only way in: answers NULL when an unfinished task has the same key. The hint, with the lane as its payload, wakes
-- idle workers for what is due at once; it is sent from nowhere else, because NOTIFY takes a database-wide lock at
-- commit. Workers poll as well: a hint that is lost costs two seconds.
CREATE FUNCTION enqueue_task(
        new_kind text, new_arguments jsonb, new_lane text, new_run_at timestamptz, new_unique_key text,
        new_max_attempts int) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE new_id bigint;
    BEGIN
        INSERT INTO tasks (kind, arguments, lane, run_at, unique_key, max_attempts)
        VALUES (new_kind, new_arguments, new_lane, coalesce(new_run_at, now()), new_unique_key, new_max_attempts)
        ON CONFLICT (unique_key) WHERE state IN ('available', 'running', 'retryable') DO NOTHING
        RETURNING id INTO new_id;
        IF new_id IS NOT NULL AND new_run_at IS NULL THEN PERFORM pg_notify('tasks', new_lane); END IF;
        RETURN new_id;
    END $$;

REVOKE ALL ON FUNCTION enqueue_task FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enqueue_task TO batchport_web, batchport_worker;
GRANT SELECT, UPDATE, DELETE ON tasks TO batchport_worker;
