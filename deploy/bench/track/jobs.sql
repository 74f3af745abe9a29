-- Ours of the region's simulated jobs, whose ids come in by the line: sent by the demo's member, running for an hour.
CREATE TEMP TABLE sent (id uuid);
\copy sent FROM stdin
INSERT INTO jobs (id, owner, environment, environment_version, credential, name, language, argv, settings, effective,
    account, region, bucket, prefix, job_queue, job_definition, with_runner, provider_job_name, phase, phase_since,
    provider_job_id, intent_at, status, status_source, status_since)
SELECT sent.id, c.owner, e.id, e.version, c.id, 'one of many', 'command', '{true}', '{}', '{}', e.account, e.region,
    e.io_bucket, e.prefix, e.job_queue, e.job_definition, false, 'bp-' || sent.id, 'sent', now() - interval '1 hour',
    sent.id::text, now() - interval '1 hour', 'Running', 'poll', now() - interval '1 hour'
FROM sent, environments e, LATERAL (
    SELECT c.id, c.owner FROM credentials c WHERE c.deleted_at IS NULL ORDER BY c.id = e.credential DESC LIMIT 1) c
WHERE e.name = 'local';
SELECT enqueue_task('track', jsonb_build_object('account', account, 'region', region), 'ordinary', NULL,
    concat_ws('/', 'track', account, region), 25) FROM environments WHERE name = 'local';
ANALYZE jobs;
