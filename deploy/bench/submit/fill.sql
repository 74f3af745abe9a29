-- :count copies of the newest job, queued, each with its task. Run as the cluster's superuser.
\set ON_ERROR_STOP on
WITH template AS (SELECT j FROM jobs j ORDER BY submitted_at DESC LIMIT 1),
ids AS MATERIALIZED (SELECT gen_random_uuid() AS id FROM generate_series(1, :count)),
made AS (
    INSERT INTO jobs SELECT (jsonb_populate_record(j, jsonb_build_object(
        'id', ids.id, 'provider_job_name', 'bp-' || ids.id, 'phase', 'queued', 'phase_since', now(),
        'provider_job_id', NULL, 'status', NULL, 'status_source', NULL, 'status_since', NULL, 'intents', 0,
        'intent_at', NULL, 'settled_at', NULL, 'capture', 'pending', 'captured_at', NULL, 'submitted_at', now(),
        'started_at', NULL, 'stopped_at', NULL))).*
    FROM template, ids RETURNING id, owner, account, region)
SELECT count(enqueue_task('submit', jsonb_build_object('job', id), 'ordinary', NULL, 'submit/' || id, 25,
    account || '/' || owner, ARRAY['batch/' || account || '/' || region, 's3/' || account || '/' || region, 'SubmitJob/' || account || '/' || region]))
FROM made;
