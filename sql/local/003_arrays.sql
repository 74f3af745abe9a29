-- Array jobs and dependencies. A child is a row of its own for what changes in its life; what was asked for stands once,
-- in its parent's row. Ten thousand of them are accepted by one INSERT, so they refer to nothing that has to be looked up.

ALTER TABLE job_queues
    -- Of a fair-share policy: then every job needs a share identifier, and otherwise none may have one.
    ADD scheduling_policy text;

ALTER TABLE jobs
    DROP CONSTRAINT jobs_queue_fkey,
    ALTER name DROP NOT NULL,
    ALTER definition DROP NOT NULL,
    ALTER revision DROP NOT NULL,
    ALTER command DROP NOT NULL,
    ALTER environment DROP NOT NULL,
    ALTER parameters DROP NOT NULL,
    ALTER retry_rules DROP NOT NULL,
    ALTER tags DROP NOT NULL,
    ALTER overrides_length DROP NOT NULL,
    ALTER request DROP NOT NULL,
    ALTER access_key_id DROP NOT NULL,
    ALTER principal DROP NOT NULL,
    -- The array's size, in the row of its parent.
    ADD array_size int CHECK (array_size BETWEEN 2 AND 10000),
    -- The parent's id, in the row of a child, whose own id is never shown.
    ADD parent uuid,
    ADD array_index int CHECK (array_index BETWEEN 0 AND 9999),
    -- As on the wire.
    ADD depends_on jsonb NOT NULL DEFAULT '[]',
    ADD share_identifier text,
    ADD scheduling_priority int,
    ADD CONSTRAINT jobs_child CHECK ((parent IS NULL) = (array_index IS NULL) AND num_nonnulls(parent, array_size) < 2),
    ADD CONSTRAINT jobs_request CHECK (
        num_nulls(name, definition, revision, command, environment, parameters, retry_rules, tags, overrides_length,
            request, access_key_id, principal) = CASE WHEN parent IS NULL THEN 0 ELSE 12 END);

DROP INDEX jobs_listed, jobs_named, jobs_unfinished;
CREATE INDEX jobs_listed ON jobs (queue, status, number) WHERE parent IS NULL;
CREATE INDEX jobs_named ON jobs (queue, lower(name) text_pattern_ops, number) WHERE parent IS NULL;
CREATE INDEX jobs_waiting ON jobs (number) WHERE status IN ('SUBMITTED', 'PENDING');
CREATE INDEX jobs_runnable ON jobs (queue, number) WHERE status = 'RUNNABLE';
CREATE INDEX jobs_started ON jobs (number) WHERE status IN ('STARTING', 'RUNNING');
CREATE INDEX jobs_children ON jobs (parent, status, array_index) WHERE parent IS NOT NULL;
CREATE UNIQUE INDEX jobs_child_of ON jobs (parent, array_index) WHERE parent IS NOT NULL;

-- A job waits until what it needs has succeeded, and fails with it; the children of an array also wait for what their
-- parent needs.
CREATE TABLE job_dependencies (
    job uuid NOT NULL REFERENCES jobs (id),
    needs uuid NOT NULL REFERENCES jobs (id),
    PRIMARY KEY (job, needs)
);

GRANT SELECT, INSERT ON job_dependencies TO batchport_local;
