-- An operator has sealed the vault: while the row is there, no worker opens a secret for anybody. It is written by the
-- database's owner alone (batchport admin vault seal); who may read it: everybody, for it says why their jobs wait.

CREATE TABLE vault_seal (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    sealed_at timestamptz NOT NULL DEFAULT now(),
    -- As it was given at the command line, which knows no people.
    sealed_by text NOT NULL CHECK (length(sealed_by) BETWEEN 1 AND 200),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500)
);
ALTER TABLE vault_seal ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_seal FORCE ROW LEVEL SECURITY;
CREATE POLICY all_read ON vault_seal FOR SELECT USING (true);
CREATE POLICY owner ON vault_seal TO batchport_migrate USING (true) WITH CHECK (true);
GRANT SELECT ON vault_seal TO batchport_web, batchport_worker;

-- For the documents of admins; NULL while it is not sealed.
CREATE FUNCTION seal_facts() RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, public
    AS $$
        SELECT jsonb_build_object('by', sealed_by, 'reason', reason,
            'seconds', floor(extract(epoch FROM now() - sealed_at))) FROM vault_seal
    $$;

-- As before, with `seal`.
CREATE OR REPLACE FUNCTION vault_standing() RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        RETURN jsonb_build_object(
            'test', (SELECT jsonb_build_object('ok', ok, 'detail', detail,
                'seconds', floor(extract(epoch FROM now() - tested_at))) FROM vault_tests),
            'seal', (SELECT seal_facts()),
            'workers', (SELECT coalesce(jsonb_agg(jsonb_build_object('rootIDs', root_ids, 'inUse', in_use, 'next', next_root)
                ORDER BY id), '[]') FROM workers WHERE root_ids IS NOT NULL AND seen_at > now() - interval '1 minute'),
            'records', (SELECT count(*) FROM credentials WHERE sealed IS NOT NULL)
                + (SELECT count(*) FROM environment_secrets WHERE sealed IS NOT NULL),
            'health', (SELECT coalesce(jsonb_object_agg(health, n), '{}') FROM (SELECT health, count(*) AS n
                FROM credentials WHERE deleted_at IS NULL AND job IS NULL GROUP BY health) h),
            'old', (SELECT count(*) FROM credentials WHERE deleted_at IS NULL AND job IS NULL AND kind = 'accessKey'
                AND coalesce(replaced_at, created_at) < now() - interval '90 days'),
            'rotations', (SELECT coalesce(jsonb_agg(r ORDER BY r.age), '[]') FROM (
                SELECT kind, total, done, records, unreadable, trouble, (SELECT name FROM people p WHERE p.id = started_by) AS who,
                    finished_at IS NOT NULL AS finished, floor(extract(epoch FROM now() - started_at)) AS age,
                    floor(extract(epoch FROM coalesce(finished_at, now()) - started_at)) AS seconds
                FROM vault_rotations ORDER BY started_at DESC LIMIT 10) r));
    END $$;

-- As before, with `seal`.
CREATE OR REPLACE FUNCTION system_facts() RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        RETURN jsonb_build_object(
            'databaseBytes', pg_database_size(current_database()),
            'schema', (SELECT max(version) FROM schema_version WHERE series = 'portal'),
            'vault', (SELECT jsonb_build_object('ok', ok, 'seconds', floor(extract(epoch FROM now() - tested_at)), 'detail', detail)
                FROM vault_tests),
            'seal', (SELECT seal_facts()),
            'house', (SELECT jsonb_build_object('seconds', CASE WHEN isfinite(ticked_at)
                THEN floor(extract(epoch FROM now() - ticked_at)) END) FROM scheduler),
            'backup', (SELECT jsonb_build_object('seconds', floor(extract(epoch FROM now() - finished_at)), 'bytes', bytes,
                'place', place) FROM backups ORDER BY finished_at DESC LIMIT 1),
            'workers', (SELECT coalesce(jsonb_agg(w ORDER BY w.host, w.pid), '[]') FROM (
                SELECT host, pid, program, threads, tasks, floor(extract(epoch FROM now() - started_at)) AS lives,
                    floor(extract(epoch FROM now() - seen_at)) AS seconds FROM workers LIMIT 100) w),
            'audit', (SELECT jsonb_build_object('sealed', seq,
                'waiting', (SELECT count(*) FROM audit WHERE seq IS NULL)) FROM audit_head),
            'queue', (SELECT coalesce(jsonb_agg(q ORDER BY q.kind, q.state), '[]') FROM (
                SELECT kind, state, count(*) AS n,
                    floor(extract(epoch FROM now() - min(created_at))) AS seconds FROM tasks
                WHERE state IN ('available', 'retryable', 'running')
                    OR (state = 'discarded' AND finished_at > now() - interval '1 day')
                GROUP BY kind, state) q),
            'troubles', (SELECT coalesce(jsonb_agg(t ORDER BY t.id DESC), '[]') FROM (
                SELECT id, kind, state, attempt, max_attempts AS most, left(last_error, 1000) AS error,
                    ceil(extract(epoch FROM run_at - now())) AS due,
                    floor(extract(epoch FROM now() - finished_at)) AS seconds FROM tasks
                WHERE last_error IS NOT NULL AND (state IN ('available', 'retryable')
                    OR (state = 'discarded' AND finished_at > now() - interval '1 day'))
                ORDER BY id DESC LIMIT 50) t),
            'leases', (SELECT coalesce(jsonb_agg(l ORDER BY l.id), '[]') FROM (
                SELECT id, kind, attempt, ceil(extract(epoch FROM lease_until - now())) AS seconds FROM tasks
                WHERE state = 'running' ORDER BY id LIMIT 100) l),
            'accounts', (SELECT coalesce(jsonb_agg(a ORDER BY a.account, a.region, a.operation), '[]') FROM (
                SELECT m.*, (SELECT string_agg(h.service || ': ' || coalesce(h.trouble, 'no answer'), '; ')
                        FROM service_health h
                        WHERE h.account = m.account AND h.region = m.region AND h.open_since IS NOT NULL) AS trouble
                FROM (SELECT account, region, operation, c.hour, c.day, r.throttles,
                        floor(extract(epoch FROM now() - r.throttled_at)) AS seconds
                    FROM (SELECT account, region, operation, sum(calls) AS day,
                            coalesce(sum(calls) FILTER (WHERE hour = date_trunc('hour', now())), 0) AS hour
                        FROM aws_calls WHERE hour > now() - interval '1 day' GROUP BY account, region, operation) c
                    FULL JOIN call_rates r USING (account, region, operation) LIMIT 500) m) a));
    END $$;
