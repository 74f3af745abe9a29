-- An array of 10,000 children at the region, all running, as the member's submission left it. Prints its id.
WITH parent AS (
    INSERT INTO jobs (name, queue, definition, revision, command, environment, parameters, vcpus, memory_mib, max_attempts,
        status, request, access_key_id, principal, array_size)
    VALUES ('track-array', 'local', 'plain', 1, '{true}', '[]', '{}', 1, 64, 1, 'PENDING', '{}', 'k', 'first', 10000)
    RETURNING id),
children AS (
    INSERT INTO jobs (parent, array_index, queue, vcpus, memory_mib, max_attempts, parameters, retry_rules, tags,
        overrides_length, status, started_at)
    SELECT id, k, 'local', 1, 64, 1, NULL, NULL, NULL, NULL, 'RUNNING', now() FROM parent, generate_series(0, 9999) AS k)
SELECT id FROM parent;
