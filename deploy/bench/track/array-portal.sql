-- Ours of that array, whose id is :array; nothing is known of its children yet.
INSERT INTO uploads (id, owner, environment, name, size, state)
SELECT :'array', owner, environment, 'elements', 1, 'used' FROM jobs WHERE name = 'one of many' LIMIT 1;
INSERT INTO jobs (id, owner, environment, environment_version, credential, name, job_type, language, code, settings,
    effective, account, region, bucket, prefix, job_queue, job_definition, with_runner, provider_job_name, phase,
    phase_since, provider_job_id, intent_at, status, status_source, status_since, method, elements, elements_upload,
    child_count)
SELECT :'array', owner, environment, environment_version, credential, 'an array', 'Array', 'python', 'f', settings,
    effective, account, region, bucket, prefix, job_queue, job_definition, false, 'bp-' || :'array', 'sent', now(),
    :'array', now(), 'Pending', 'poll', now(), '"Automatic"', 10000, :'array', 10000
FROM jobs WHERE name = 'one of many' LIMIT 1;
INSERT INTO children (job, k, first_element, elements) SELECT :'array', k, k, 1 FROM generate_series(0, 9999) AS k;
