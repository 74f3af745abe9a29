-- Files for submissions, jobs, what happened to them, and what was captured.

CREATE TABLE uploads (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner uuid NOT NULL REFERENCES people,
    environment uuid NOT NULL REFERENCES environments,
    name text NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    sha256 bytea CHECK (length(sha256) = 32),
    state text NOT NULL CHECK (state IN ('open', 'complete', 'used')),
    -- Where it lies in the bucket; null while its bytes are in `upload_chunks` or nowhere. The worker's to say.
    key text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '1 day'
);
CREATE INDEX uploads_expiry ON uploads (expires_at) WHERE state <> 'used';

-- Bytes on their way to S3, in pieces of at most 1 MiB; gone once the worker has moved them.
CREATE TABLE upload_chunks (
    upload uuid NOT NULL REFERENCES uploads ON DELETE CASCADE,
    n int NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (upload, n)
);
ALTER TABLE upload_chunks ALTER bytes SET STORAGE EXTERNAL;

CREATE SEQUENCE job_changes;

CREATE TABLE jobs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    change bigint NOT NULL DEFAULT nextval('job_changes'),
    owner uuid NOT NULL REFERENCES people,
    environment uuid NOT NULL REFERENCES environments,
    environment_version int NOT NULL,
    credential uuid NOT NULL REFERENCES credentials,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    job_type text NOT NULL DEFAULT 'Single' CHECK (job_type IN ('Single')),
    language text NOT NULL CHECK (language IN ('shell', 'python', 'command')),
    code bytea,
    argv text[],
    variables jsonb NOT NULL DEFAULT '{}',
    tags jsonb NOT NULL DEFAULT '{}',
    settings jsonb NOT NULL,
    effective jsonb NOT NULL,
    time_constraint int CHECK (time_constraint >= 60),
    start_before timestamptz,
    -- Where it is sent, as the environment stood at submission; name and kind are filled in by a trigger, so that the
    -- list needs no look at environments, and history keeps them whoever may use the environment later.
    environment_name text NOT NULL,
    is_local boolean NOT NULL,
    account text NOT NULL,
    region text NOT NULL,
    bucket text NOT NULL,
    prefix text NOT NULL,
    job_queue text NOT NULL,
    job_definition text NOT NULL,
    with_runner boolean NOT NULL,
    -- The way to AWS. `intent_at` stands before the one attempt is made.
    phase text NOT NULL DEFAULT 'queued' CHECK (phase IN
        ('held', 'queued', 'sending', 'checking', 'sent', 'refused', 'neverSent', 'lost')),
    phase_since timestamptz NOT NULL DEFAULT now(),
    phase_reason text,
    intent_at timestamptz,
    intents int NOT NULL DEFAULT 0,
    provider_job_name text NOT NULL,
    provider_job_id text,
    -- Since when AWS's answers have left it out.
    unseen_since timestamptz,
    -- AWS's word.
    status text CHECK (status IN ('Submitted', 'Pending', 'Runnable', 'Starting', 'Running', 'Succeeded', 'Failed')),
    status_source text CHECK (status_source IN ('submission', 'poll')),
    status_since timestamptz,
    status_reason text,
    exit_code int,
    submitted_at timestamptz(3) NOT NULL DEFAULT now(),
    started_at timestamptz,
    stopped_at timestamptz,
    stop_requested_at timestamptz,
    stop_requested_by uuid REFERENCES people,
    stop_reason text,
    stop_confirmed_at timestamptz,
    capture text NOT NULL DEFAULT 'pending' CHECK (capture IN ('pending', 'partial', 'complete')),
    capture_detail text,
    captured_at timestamptz,
    outcome jsonb,
    settled_at timestamptz,
    CHECK (phase <> 'sent' OR provider_job_id IS NOT NULL),
    CHECK (phase NOT IN ('sending', 'checking') OR intent_at IS NOT NULL),
    CHECK ((language = 'command') = (argv IS NOT NULL)),
    CHECK (settled_at IS NULL OR phase IN ('sent', 'refused', 'neverSent', 'lost'))
);
CREATE UNIQUE INDEX jobs_provider_name ON jobs (provider_job_name);
CREATE INDEX jobs_provider_id ON jobs (provider_job_id) WHERE provider_job_id IS NOT NULL;
CREATE INDEX jobs_of_owner ON jobs (owner, submitted_at DESC, id DESC);
CREATE INDEX jobs_newest ON jobs (submitted_at DESC, id DESC);
CREATE INDEX jobs_unsettled ON jobs (account, region, credential) WHERE settled_at IS NULL;
CREATE INDEX jobs_changed ON jobs (change);

CREATE FUNCTION jobs_count_change() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN NEW.change := nextval('job_changes'); RETURN NEW; END $$;
CREATE TRIGGER jobs_change BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION jobs_count_change();

CREATE FUNCTION jobs_know_environment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        SELECT name, environments.is_local INTO NEW.environment_name, NEW.is_local
        FROM environments WHERE id = NEW.environment;
        RETURN NEW;
    END $$;
CREATE TRIGGER jobs_environment BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION jobs_know_environment();

CREATE TABLE job_inputs (
    job uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    n int NOT NULL,
    name text NOT NULL,
    upload uuid NOT NULL REFERENCES uploads,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (job, n),
    UNIQUE (job, name)
);

CREATE TABLE status_changes (
    job uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    n int GENERATED ALWAYS AS IDENTITY,
    status text NOT NULL,
    at timestamptz NOT NULL,
    source text NOT NULL CHECK (source IN ('submission', 'poll')),
    reason text,
    PRIMARY KEY (job, n)
);

CREATE TABLE attempts (
    job uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    n int NOT NULL,
    started_at timestamptz,
    stopped_at timestamptz,
    exit_code int,
    reason text,
    status_reason text,
    log_stream text,
    PRIMARY KEY (job, n)
);

CREATE TABLE logs (
    job uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    attempt int NOT NULL,
    stream text NOT NULL,
    lines int NOT NULL DEFAULT 0,
    next_token text,
    complete boolean NOT NULL DEFAULT false,
    fetched_at timestamptz,
    PRIMARY KEY (job, attempt)
);

-- A thousand lines a row: `times` in ms, one per line; lines of `text` are parted by LF, and hold none themselves.
CREATE TABLE log_chunks (
    job uuid NOT NULL,
    attempt int NOT NULL,
    first_line int NOT NULL,
    lines int NOT NULL,
    times bigint[] NOT NULL,
    text text COMPRESSION lz4 NOT NULL,
    PRIMARY KEY (job, attempt, first_line),
    FOREIGN KEY (job, attempt) REFERENCES logs ON DELETE CASCADE
);

CREATE TABLE outputs (
    job uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    path text NOT NULL,
    attempt int NOT NULL,
    key text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea,
    content_type text NOT NULL,
    -- The first 64 KiB of a text; null for anything else.
    preview text,
    -- Set when the object was looked for and not found.
    gone_at timestamptz,
    PRIMARY KEY (job, path)
);

-- The value the code wrote, as it was, or why there is none.
CREATE TABLE results (
    job uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    value bytea,
    missing_cause text,
    missing_detail text,
    CHECK ((value IS NULL) = (missing_cause IS NOT NULL))
);

CREATE TABLE idempotency_keys (
    caller uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    body_hash bytea NOT NULL,
    job uuid NOT NULL REFERENCES jobs,
    -- What was answered, to be answered again.
    answer text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['uploads', 'upload_chunks', 'jobs', 'job_inputs', 'status_changes', 'attempts', 'logs',
        'log_chunks', 'outputs', 'results', 'idempotency_keys'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO batchport_migrate USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY worker ON %I TO batchport_worker USING (true) WITH CHECK (true)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO batchport_worker', t);
    END LOOP;
    -- What hangs on a job is seen by whoever sees the job.
    FOREACH t IN ARRAY ARRAY['job_inputs', 'status_changes', 'attempts', 'logs', 'log_chunks', 'outputs', 'results'] LOOP
        EXECUTE format('CREATE POLICY with_job ON %I FOR SELECT TO batchport_web
            USING (EXISTS (SELECT FROM jobs WHERE jobs.id = %I.job))', t, t);
        EXECUTE format('GRANT SELECT ON %I TO batchport_web', t);
    END LOOP;
END $$;

CREATE POLICY own ON uploads TO batchport_web USING (owner = (SELECT uid())) WITH CHECK (owner = (SELECT uid()));
CREATE POLICY with_upload ON upload_chunks TO batchport_web
    USING (EXISTS (SELECT FROM uploads WHERE uploads.id = upload))
    WITH CHECK (EXISTS (SELECT FROM uploads WHERE uploads.id = upload));
CREATE POLICY own_or_admin ON jobs FOR SELECT TO batchport_web
    USING (owner = (SELECT uid()) OR (SELECT is_admin()));
CREATE POLICY own_new ON jobs FOR INSERT TO batchport_web WITH CHECK (owner = (SELECT uid()));
CREATE POLICY own_or_admin_stop ON jobs FOR UPDATE TO batchport_web
    USING (owner = (SELECT uid()) OR (SELECT is_admin()));
CREATE POLICY with_own_job ON job_inputs FOR INSERT TO batchport_web
    WITH CHECK (EXISTS (SELECT FROM jobs WHERE jobs.id = job AND jobs.owner = (SELECT uid())));
CREATE POLICY own ON idempotency_keys TO batchport_web
    USING (caller = (SELECT uid())) WITH CHECK (caller = (SELECT uid()));

GRANT SELECT, INSERT ON uploads TO batchport_web;
GRANT UPDATE (state, sha256, size) ON uploads TO batchport_web;
GRANT INSERT (upload, n, bytes), DELETE ON upload_chunks TO batchport_web;
GRANT SELECT (upload, n) ON upload_chunks TO batchport_web;
GRANT SELECT ON jobs TO batchport_web;
GRANT INSERT (id, owner, environment, environment_version, credential, name, job_type, language, code, argv, variables,
    tags, settings, effective, time_constraint, start_before, account, region, bucket, prefix, job_queue,
    job_definition, with_runner, provider_job_name) ON jobs TO batchport_web;
GRANT UPDATE (stop_requested_at, stop_requested_by, stop_reason) ON jobs TO batchport_web;
GRANT INSERT ON job_inputs TO batchport_web;
GRANT SELECT, INSERT ON idempotency_keys TO batchport_web;
GRANT DELETE ON idempotency_keys TO batchport_worker;
GRANT USAGE ON SEQUENCE job_changes TO batchport_web, batchport_worker;
GRANT EXECUTE ON FUNCTION jobs_know_environment, jobs_count_change TO batchport_web, batchport_worker;
