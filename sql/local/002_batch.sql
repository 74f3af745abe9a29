-- AWS Batch and CloudWatch Logs of the local region. The table jobs is also the ledger: what was accepted, when, and
-- from whom. Its rows are never deleted. All times are this server's.

CREATE TABLE job_queues (
    name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$'),
    state text NOT NULL DEFAULT 'ENABLED' CHECK (state IN ('ENABLED', 'DISABLED')),
    priority int NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 1000),
    tags jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE job_definitions (
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$'),
    revision int NOT NULL CHECK (revision > 0),
    status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'INACTIVE')),
    -- Shown, not used: every job sees this machine's /usr.
    image text NOT NULL,
    command text[] NOT NULL DEFAULT '{}',
    -- As on the wire: [{"name": …, "value": …}].
    environment jsonb NOT NULL DEFAULT '[]',
    parameters jsonb NOT NULL DEFAULT '{}',
    vcpus int NOT NULL DEFAULT 1 CHECK (vcpus > 0),
    memory_mib int NOT NULL CHECK (memory_mib >= 4),
    timeout_seconds int CHECK (timeout_seconds >= 60),
    max_attempts int NOT NULL DEFAULT 1 CHECK (max_attempts BETWEEN 1 AND 10),
    -- evaluateOnExit as on the wire.
    retry_rules jsonb NOT NULL DEFAULT '[]',
    -- With batchport:runner=1 the job finds the runner's bundle under /opt/batchport.
    tags jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (name, revision)
);

CREATE TABLE jobs (
    -- The order of acceptance.
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    name text NOT NULL,
    queue text NOT NULL REFERENCES job_queues,
    definition text NOT NULL,
    revision int NOT NULL,
    -- What the definition and the overrides came to.
    command text[] NOT NULL,
    environment jsonb NOT NULL,
    parameters jsonb NOT NULL DEFAULT '{}',
    vcpus int NOT NULL,
    memory_mib int NOT NULL,
    gpus int NOT NULL DEFAULT 0,
    timeout_seconds int CHECK (timeout_seconds >= 60),
    max_attempts int NOT NULL CHECK (max_attempts BETWEEN 1 AND 10),
    retry_rules jsonb NOT NULL DEFAULT '[]',
    tags jsonb NOT NULL DEFAULT '{}',
    propagate_tags boolean,
    -- Characters of the overrides as ECS would be given them.
    overrides_length int NOT NULL DEFAULT 0,

    status text NOT NULL DEFAULT 'SUBMITTED' CHECK (
        status IN ('SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED')),
    status_reason text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Of the newest attempt.
    started_at timestamptz,
    stopped_at timestamptz,
    is_cancelled boolean NOT NULL DEFAULT false,
    is_terminated boolean NOT NULL DEFAULT false,
    -- Given by who cancelled or terminated it.
    stop_reason text,

    -- The ledger's part: the request as it came, and whose key signed it.
    request jsonb NOT NULL,
    access_key_id text NOT NULL,
    principal text NOT NULL,
    FOREIGN KEY (definition, revision) REFERENCES job_definitions,
    CONSTRAINT jobs_stopped CHECK ((status IN ('SUCCEEDED', 'FAILED')) = (stopped_at IS NOT NULL))
) WITH (fillfactor = 80);

CREATE INDEX jobs_listed ON jobs (queue, status, number);
CREATE INDEX jobs_named ON jobs (queue, lower(name) text_pattern_ops, number);
CREATE INDEX jobs_unfinished ON jobs (number) WHERE status NOT IN ('SUCCEEDED', 'FAILED');

CREATE TABLE job_attempts (
    job uuid NOT NULL REFERENCES jobs (id),
    -- From 1.
    number int NOT NULL CHECK (number > 0),
    -- 32 hexadecimal digits, as ECS names tasks; also the name of its folder while it runs.
    task text NOT NULL UNIQUE,
    -- The executor's run that it belongs to.
    instance text NOT NULL,
    -- Its temporary key, deleted at its end.
    access_key_id text NOT NULL,
    log_stream text,
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    stopped_at timestamptz,
    exit_code int,
    reason text,
    status_reason text,
    PRIMARY KEY (job, number)
);
CREATE INDEX job_attempts_running ON job_attempts (job) WHERE stopped_at IS NULL;

CREATE TABLE log_groups (
    name text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE log_streams (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    log_group text NOT NULL REFERENCES log_groups,
    name text NOT NULL CHECK (length(name) <= 512),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (log_group, name)
);

CREATE TABLE log_events (
    stream bigint NOT NULL REFERENCES log_streams,
    -- From 1, without gaps.
    number bigint NOT NULL,
    -- Milliseconds since 1970.
    at bigint NOT NULL,
    message text NOT NULL,
    PRIMARY KEY (stream, number)
);

INSERT INTO log_groups (name) VALUES ('/aws/batch/job');

GRANT SELECT, INSERT, UPDATE ON job_queues, job_definitions, jobs, job_attempts TO batchport_local;
GRANT SELECT, INSERT ON log_groups, log_streams, log_events TO batchport_local;
