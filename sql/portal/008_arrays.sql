-- Arrays: a function of one element over a list, cut into contiguous spans, one child job each. What hangs on a job hangs
-- on one of its children where `child` is not -1.

ALTER TABLE jobs DROP CONSTRAINT jobs_job_type_check, DROP CONSTRAINT jobs_language_check;
ALTER TABLE jobs
    ADD CONSTRAINT jobs_job_type_check CHECK (job_type IN ('Single', 'Array')),
    ADD CONSTRAINT jobs_language_check CHECK (language IN ('shell', 'python', 'wolfram', 'command')),
    ADD result_format text NOT NULL DEFAULT 'json' CHECK (result_format IN ('json', 'inputForm')),
    -- Of an array: what is called for each element, what runs once per child before that, in how many processes.
    ADD function text,
    ADD initialization bytea,
    ADD workers int CHECK (workers > 0),
    -- How the list was to be cut: "Automatic", {"childJobs": n} or {"elementsPerChild": k}.
    ADD method jsonb,
    ADD elements int CHECK (elements > 0),
    ADD elements_upload uuid REFERENCES uploads,
    -- The list's beginning, one element a line; the worker's, once it has stored the list.
    ADD elements_start text,
    ADD child_count int CHECK (child_count BETWEEN 1 AND 10000),
    -- Of its children, by status; those that AWS has not spoken of are in none. Written with the children's rows.
    ADD child_statuses jsonb NOT NULL DEFAULT '{}',
    -- The one list of results in the bucket: where, how large, as of when; `results_final` once nothing can be added.
    ADD results_key text,
    ADD results_size bigint,
    ADD results_at timestamptz,
    ADD results_final boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT jobs_array CHECK ((job_type = 'Array') = (child_count IS NOT NULL)
        AND (job_type = 'Array') = (elements IS NOT NULL) AND (job_type = 'Array') = (elements_upload IS NOT NULL)
        AND (job_type = 'Array') = (method IS NOT NULL) AND child_count <= elements);

-- What a file is as a list of elements: {"form": "lines" | "array", "count", "longest"}, or {"line", "column", "fault"}.
ALTER TABLE uploads ADD elements jsonb;

ALTER TABLE environments ADD max_children int NOT NULL DEFAULT 10000 CHECK (max_children BETWEEN 1 AND 10000);

INSERT INTO limits (name, value, meaning) VALUES
    ('array.elements', 1000000, 'Most elements of an array'),
    ('array.elementBytes', 262144, 'Longest element of an array, as JSON'),
    ('array.automaticChildren', 100, 'As many children at most where the number is left to Batchport'),
    ('array.workers', 64, 'Most worker processes of a child'),
    ('results.bytes', 268435456, 'Largest list of results kept of an array');

CREATE TABLE children (
    job uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    k int NOT NULL CHECK (k >= 0),
    -- Its span of the list, from 0.
    first_element int NOT NULL CHECK (first_element >= 0),
    elements int NOT NULL CHECK (elements > 0),
    -- AWS's word; null until it has spoken of this child.
    status text CHECK (status IN ('Submitted', 'Pending', 'Runnable', 'Starting', 'Running', 'Succeeded', 'Failed')),
    status_since timestamptz,
    status_reason text,
    exit_code int,
    started_at timestamptz,
    stopped_at timestamptz,
    unseen_since timestamptz,
    -- AWS no longer knows it, and its end was not seen.
    lost boolean NOT NULL DEFAULT false,
    -- Of the last attempt: how many there were, the container's reason, the log's stream.
    attempts int NOT NULL DEFAULT 0,
    reason text,
    log_stream text,
    stop_requested_at timestamptz,
    stop_requested_by uuid REFERENCES people,
    stop_reason text,
    stop_confirmed_at timestamptz,
    capture text NOT NULL DEFAULT 'pending' CHECK (capture IN ('pending', 'partial', 'complete')),
    capture_detail text,
    captured_at timestamptz,
    outcome jsonb,
    -- Results taken from the bucket so far: of which attempt, and how many of its parts.
    results_attempt int NOT NULL DEFAULT 0,
    results_parts int NOT NULL DEFAULT 0,
    PRIMARY KEY (job, k)
) WITH (fillfactor = 80);
CREATE INDEX children_by_status ON children (job, status, k);

-- Results by element, 256 a row: row `chunk` has the elements from 256 * chunk on, one a line. A line is empty, or an
-- attempt's number, then `=` and the value's JSON, or `!` and the message of what failed, as a JSON string.
CREATE TABLE result_chunks (
    job uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    chunk int NOT NULL CHECK (chunk >= 0),
    lines text COMPRESSION lz4 NOT NULL,
    PRIMARY KEY (job, chunk)
);

ALTER TABLE status_changes ADD child int NOT NULL DEFAULT -1, DROP CONSTRAINT status_changes_pkey,
    ADD PRIMARY KEY (job, child, n);
ALTER TABLE attempts ADD child int NOT NULL DEFAULT -1, DROP CONSTRAINT attempts_pkey,
    ADD PRIMARY KEY (job, child, n);
ALTER TABLE log_chunks ADD child int NOT NULL DEFAULT -1, DROP CONSTRAINT log_chunks_job_attempt_fkey,
    DROP CONSTRAINT log_chunks_pkey;
ALTER TABLE logs ADD child int NOT NULL DEFAULT -1, DROP CONSTRAINT logs_pkey,
    ADD PRIMARY KEY (job, child, attempt);
ALTER TABLE log_chunks ADD PRIMARY KEY (job, child, attempt, first_line),
    ADD FOREIGN KEY (job, child, attempt) REFERENCES logs ON DELETE CASCADE;
ALTER TABLE outputs ADD child int NOT NULL DEFAULT -1, DROP CONSTRAINT outputs_pkey,
    ADD PRIMARY KEY (job, child, path);

-- A child's output, or an array's list of results.
ALTER TABLE links ADD child int NOT NULL DEFAULT -1, DROP CONSTRAINT links_kind_check, DROP CONSTRAINT links_object;
ALTER TABLE links
    ADD CONSTRAINT links_kind_check CHECK (kind IN ('download', 'preview', 'results', 'uploadForm')),
    ADD CONSTRAINT links_object CHECK (
        CASE kind WHEN 'uploadForm' THEN upload IS NOT NULL AND job IS NULL AND path IS NULL
        WHEN 'results' THEN job IS NOT NULL AND path IS NULL AND upload IS NULL
        ELSE job IS NOT NULL AND path IS NOT NULL AND upload IS NULL END);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['children', 'result_chunks'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO batchport_migrate USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY worker ON %I TO batchport_worker USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY with_job ON %I FOR SELECT TO batchport_web
            USING (EXISTS (SELECT FROM jobs WHERE jobs.id = %I.job))', t, t);
        EXECUTE format('GRANT SELECT ON %I TO batchport_web', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO batchport_worker', t);
    END LOOP;
END $$;
CREATE POLICY with_own_job ON children FOR INSERT TO batchport_web
    WITH CHECK (EXISTS (SELECT FROM jobs WHERE jobs.id = job AND jobs.owner = (SELECT uid())));
CREATE POLICY with_job_stop ON children FOR UPDATE TO batchport_web
    USING (EXISTS (SELECT FROM jobs WHERE jobs.id = job));

GRANT INSERT (job, k, first_element, elements), UPDATE (stop_requested_at, stop_requested_by, stop_reason)
    ON children TO batchport_web;
GRANT INSERT (result_format, function, initialization, workers, method, elements, elements_upload, child_count)
    ON jobs TO batchport_web;
GRANT UPDATE (elements) ON uploads TO batchport_web;
GRANT INSERT (child) ON links TO batchport_web;
