-- Faults by chance, faults of what is remembered and shown, and jobs that only pretend to run.

-- From 0 to 1; always the same for the same two numbers.
CREATE FUNCTION chance(seed bigint, n bigint) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (hashint8extended(n, seed) & 4503599627370495)::double precision / 4503599627370496;

ALTER TABLE faults
    DROP CONSTRAINT faults_kind_check,
    DROP CONSTRAINT faults_milliseconds_check,
    -- NULL: as long as it stands here.
    ALTER remaining DROP NOT NULL,
    -- How many of those that it fits it takes, decided by `seed` and each one's number: for a request how many the fault
    -- has seen, for a job its own in the order of acceptance.
    ADD probability double precision NOT NULL DEFAULT 1 CHECK (probability > 0 AND probability <= 1),
    ADD seed bigint NOT NULL DEFAULT 0,
    ADD seen bigint NOT NULL DEFAULT 0,
    -- Only requests whose body or path holds this text; of kinds that judge jobs, jobs whose name begins with it.
    ADD matching text,
    ADD message text,
    -- Of kind attempt: of how many attempts of each job.
    ADD attempts int CHECK (attempts > 0),
    ADD CONSTRAINT faults_milliseconds_check CHECK (milliseconds BETWEEN -864000000 AND 864000000),
    ADD CONSTRAINT faults_kind_check CHECK (
        kind IN ('delay', 'delayAfter', 'hang', 'hangAfter', 'dropBefore', 'dropAfter', 'error', 'errorAfter', 'throttle',
            'expiredToken', 'stale', 'skew', 'lag', 'vanish', 'forget', 'attempt'));

-- Every request that a fault has taken, in order.
CREATE TABLE faults_taken (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    fault bigint NOT NULL,
    kind text NOT NULL,
    operation text NOT NULL,
    -- Which of the requests that the fault has seen.
    seen bigint NOT NULL,
    request_id text NOT NULL
);
CREATE INDEX faults_taken_request ON faults_taken (request_id);

-- How jobs pretend to run. Times are the least in each status, in milliseconds; NULL: until told (batchport local move).
CREATE TABLE simulations (
    name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9_-]{1,64}$'),
    runnable_ms int DEFAULT 0 CHECK (runnable_ms >= 0),
    starting_ms int DEFAULT 0 CHECK (starting_ms >= 0),
    running_ms int DEFAULT 0 CHECK (running_ms >= 0),
    -- Up to so much longer runs an attempt, by chance.
    spread_ms int NOT NULL DEFAULT 0 CHECK (spread_ms >= 0),
    -- Without it an attempt goes from STARTING to its end: it has a time of its end and none of its beginning.
    starts boolean NOT NULL DEFAULT true,
    -- The share of attempts that end as below; the others succeed.
    failing double precision NOT NULL DEFAULT 0 CHECK (failing BETWEEN 0 AND 1),
    seed bigint NOT NULL DEFAULT 0,
    exit_code int CHECK (exit_code BETWEEN 0 AND 255),
    reason text,
    -- {instance} stands for the name of the host.
    status_reason text NOT NULL DEFAULT 'Essential container in task exited',
    retries boolean NOT NULL DEFAULT true,
    -- NULL: the log stream that DescribeJobs names does not exist.
    log_lines int DEFAULT 1 CHECK (log_lines BETWEEN 0 AND 10000)
);

-- Reasons as AWS gives them (aws.md).
INSERT INTO simulations (name, running_ms, starts, failing, exit_code, reason, status_reason, retries, log_lines) VALUES
    ('instant', 0, true, 0, NULL, NULL, DEFAULT, true, 1),
    ('held', NULL, true, 0, NULL, NULL, DEFAULT, true, 1),
    ('failure', 0, true, 1, 1, NULL, DEFAULT, true, 1),
    ('spotLoss', 0, true, 1, NULL, NULL, 'Host EC2 (instance {instance}) terminated.', true, 1),
    ('spotLossBeforeStart', 0, false, 1, NULL, NULL, 'Host EC2 (instance {instance}) terminated.', true, NULL),
    ('outOfMemory', 0, true, 1, 137, 'OutOfMemoryError: Container killed due to memory usage', DEFAULT, true, 1),
    ('outOfMemoryExitZero', 0, true, 1, 0, 'OutOfMemoryError: Container killed due to memory usage', DEFAULT, true, 1),
    ('cannotPull', 0, false, 1, NULL,
        'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref',
        'Task failed to start', true, NULL),
    ('timeout', 0, true, 1, 137, NULL, 'Job attempt duration exceeded timeout', false, 1),
    ('noLogStream', 0, true, 0, NULL, NULL, DEFAULT, true, NULL);

-- Of kind attempt: how the attempt ends instead of running.
ALTER TABLE faults ADD simulation text REFERENCES simulations;

ALTER TABLE jobs
    -- Of the request that it came with.
    ADD request_id text,
    -- How it is to run, and how its attempt does: NULL, for real. An attempt's may be that of a fault.
    ADD simulation text REFERENCES simulations,
    ADD attempt_simulation text,
    -- When the attempt's next step is due.
    ADD due_at timestamptz;

DROP INDEX jobs_runnable;
CREATE INDEX jobs_runnable ON jobs (queue, number) WHERE status = 'RUNNABLE' AND attempt_simulation IS NULL;
CREATE INDEX jobs_stopping ON jobs (number) WHERE is_terminated AND status IN ('STARTING', 'RUNNING');
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;

-- How jobs stood before, as long as a fault of kind stale may want to show it.
CREATE TABLE job_states (
    job bigint NOT NULL,
    until timestamptz NOT NULL DEFAULT clock_timestamp(),
    status text NOT NULL,
    status_reason text,
    started_at timestamptz,
    stopped_at timestamptz
);
CREATE INDEX job_states_of ON job_states (job, until);

CREATE FUNCTION keep_job_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_states (job, status, status_reason, started_at, stopped_at)
    SELECT OLD.number, OLD.status, OLD.status_reason, OLD.started_at, OLD.stopped_at
    WHERE EXISTS (SELECT FROM faults WHERE kind = 'stale' AND remaining IS DISTINCT FROM 0);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_job_state AFTER UPDATE OF status ON jobs FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION keep_job_state();

GRANT SELECT, INSERT, UPDATE, DELETE ON simulations TO batchport_local;
GRANT SELECT, INSERT ON faults_taken, job_states TO batchport_local;
