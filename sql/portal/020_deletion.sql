-- Deleting a job, and files that several jobs share.

-- What keeps it from being deleted just now.
ALTER TABLE jobs ADD delete_trouble text;

-- A key outlives its job, with its answer emptied: the same request again must not submit what was deleted.
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_job_fkey;
CREATE INDEX idempotency_keys_job ON idempotency_keys (job);

-- An upload is used by as many jobs as name it; the last of them takes it along. `removing`: no job may name it any more.
ALTER TABLE uploads DROP CONSTRAINT uploads_state_check,
    ADD CONSTRAINT uploads_state_check CHECK (state IN ('open', 'complete', 'used', 'removing'));
DROP INDEX uploads_expiry;
CREATE INDEX uploads_expiry ON uploads (expires_at) WHERE state IN ('open', 'complete');
CREATE INDEX job_inputs_upload ON job_inputs (upload);
CREATE INDEX jobs_elements_upload ON jobs (elements_upload) WHERE elements_upload IS NOT NULL;
