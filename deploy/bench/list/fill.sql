-- A million settled jobs of a thousand people in fifty environments, with 20,000 of the person `many` and 60 old ones of
-- the person `few`. Run as the cluster's superuser in a database that deploy/up has made.
\set ON_ERROR_STOP on
SET session_replication_role = replica;
INSERT INTO people (id, email, name, role, password)
SELECT md5('person ' || n)::uuid, 'person' || n || '@bench.example', 'Person ' || n, 'member', 'none'
FROM generate_series(1, 1000) n ON CONFLICT DO NOTHING;
INSERT INTO credentials (id, owner, name, kind, access_key_hint, region)
SELECT md5('credential')::uuid, md5('person 1')::uuid, 'bench', 'accessKey', 'ABCD', 'us-local-1' ON CONFLICT DO NOTHING;
INSERT INTO environments (id, name, region, account, io_bucket, job_definition, job_queue, service_object, languages)
SELECT md5('environment ' || n)::uuid, 'bench-' || n, 'us-local-1', '000000000000', 'bucket', 'd', 'q', 'automatic', '{python}'
FROM generate_series(1, 50) n ON CONFLICT DO NOTHING;
INSERT INTO jobs (id, change, owner, environment, environment_name, is_local, environment_version, credential, name, language, code, settings, effective, account,
    region, bucket, prefix, job_queue, job_definition, with_runner, provider_job_name, phase, provider_job_id, status,
    status_source, status_since, status_reason, exit_code, submitted_at, started_at, stopped_at, capture, captured_at, settled_at)
SELECT md5('job ' || n)::uuid, n,
    md5('person ' || CASE WHEN n <= 60 THEN 2 WHEN n % 50 = 0 THEN 1 ELSE 3 + n % 998 END)::uuid,
    md5('environment ' || 1 + n % 50)::uuid, 'bench-' || 1 + n % 50, false, 1, md5('credential')::uuid, 'fit model <' || n || '> & "seed"', 'python', 'x', '{}', '{}',
    '000000000000', 'us-local-1', 'bucket', 'p/', 'q', 'd', true, 'bp-' || md5('job ' || n)::uuid, 'sent', md5('aws ' || n),
    CASE WHEN n % 7 = 0 THEN 'Failed' ELSE 'Succeeded' END, 'poll', at + interval '20 minutes',
    CASE WHEN n % 7 = 0 THEN 'Essential container in task exited' END, CASE WHEN n % 7 = 0 THEN 1 ELSE 0 END,
    at, at + interval '95 seconds', at + interval '20 minutes', 'complete', at + interval '21 minutes', at + interval '21 minutes'
FROM (SELECT n, now() - interval '400 days' + n * interval '30 seconds' AS at FROM generate_series(1, 1000000) n) made
ON CONFLICT DO NOTHING;
SELECT setval('job_changes', (SELECT max(change) FROM jobs));
-- Sessions whose secrets the benchmark knows.
INSERT INTO sessions (token_hash, person, idle, ends_at)
SELECT sha256(convert_to(name, 'UTF8')), md5('person ' || person)::uuid, '30 days', now() + interval '30 days'
FROM (VALUES ('bench-session-of-many-000000000000000000000', 1), ('bench-session-of-few-0000000000000000000000', 2)) s (name, person)
ON CONFLICT (token_hash) DO UPDATE SET ends_at = EXCLUDED.ends_at, seen_at = now(), ended_at = NULL;
RESET session_replication_role;
ANALYZE jobs; ANALYZE people; ANALYZE environments; ANALYZE sessions;
