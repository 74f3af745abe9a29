-- What a failed job's list line tells, and the way of a job that is being deleted.

-- The container's reason in the last attempt: AWS's own reason for the job does not say that memory ran out.
ALTER TABLE jobs ADD container_reason text;
UPDATE jobs SET container_reason = (SELECT reason FROM attempts WHERE job = jobs.id AND child = -1 ORDER BY n DESC LIMIT 1)
WHERE status = 'Failed';

-- From here on only the worker acts on it, until nothing of it is left.
ALTER TABLE jobs ADD delete_requested_at timestamptz, ADD delete_requested_by uuid REFERENCES people,
    ADD CONSTRAINT jobs_delete_settled CHECK (delete_requested_at IS NULL OR settled_at IS NOT NULL);
CREATE INDEX jobs_deleting ON jobs (delete_requested_at) WHERE delete_requested_at IS NOT NULL;
GRANT UPDATE (delete_requested_at, delete_requested_by) ON jobs TO batchport_web;
