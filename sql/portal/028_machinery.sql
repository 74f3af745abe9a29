-- What an admin sees of the machinery: each worker that lives, calls to AWS by the hour, backups. The feed of changes
-- with jobs that a grant shows. A deleted person's jobs that were not sent yet.

CREATE INDEX jobs_changed_of_environment ON jobs (environment, change);

-- A row for each worker process, written by itself every few seconds and removed at its end; one that was killed stays
-- for a day, silent.
CREATE TABLE workers (
    id uuid PRIMARY KEY,
    host text NOT NULL,
    pid int NOT NULL,
    program text NOT NULL,
    threads int NOT NULL,
    tasks int NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- Attempts, counted by each worker and added here every few seconds; kept for a day.
CREATE TABLE aws_calls (
    account text NOT NULL,
    region text NOT NULL,
    operation text NOT NULL,
    hour timestamptz NOT NULL,
    calls bigint NOT NULL,
    PRIMARY KEY (account, region, operation, hour)
);

-- What whoever backs up has told us (`batchport admin backed-up`).
CREATE TABLE backups (
    finished_at timestamptz PRIMARY KEY DEFAULT now(),
    bytes bigint NOT NULL CHECK (bytes >= 0),
    place text NOT NULL CHECK (length(place) BETWEEN 1 AND 512)
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['workers', 'aws_calls', 'backups'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO batchport_migrate USING (true) WITH CHECK (true)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['workers', 'aws_calls'] LOOP
        EXECUTE format('CREATE POLICY worker ON %I TO batchport_worker USING (true) WITH CHECK (true)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO batchport_worker', t);
    END LOOP;
END $$;

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

-- All that somebody has open, but not what programs have.
CREATE FUNCTION end_sessions_of(target uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        UPDATE sessions SET ended_at = now() WHERE person = target AND ended_at IS NULL;
    END $$;
REVOKE EXECUTE ON FUNCTION end_sessions_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_sessions_of TO batchport_web;

-- Whether the person is deleted is asked before the key is destroyed.
GRANT SELECT (deleted_at) ON people TO batchport_worker;

-- As before; and jobs that were not sent yet end, since nothing could sign for them any more.
CREATE OR REPLACE FUNCTION delete_person(target uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE unsent uuid;
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        UPDATE people SET deleted_at = now(), name = 'Deleted person', email = 'deleted:' || id, password = '', role = 'member',
            factor = NULL, factor_at = NULL, team = NULL
        WHERE id = target AND disabled_at IS NOT NULL AND deleted_at IS NULL;
        IF NOT FOUND THEN RETURN 'absent'; END IF;
        DELETE FROM recovery_codes WHERE person = target;
        DELETE FROM team_members WHERE person = target;
        DELETE FROM environment_managers WHERE person = target;
        DELETE FROM environment_grants WHERE person = target;
        UPDATE credentials SET deleted_at = now(), ingress = NULL, sealed = NULL, is_default = false
        WHERE owner = target AND deleted_at IS NULL;
        FOR unsent IN
            UPDATE jobs SET stop_requested_at = now(), stop_requested_by = uid(), stop_reason = 'Their owner was deleted'
            WHERE owner = target AND settled_at IS NULL AND stop_requested_at IS NULL AND phase IN ('queued', 'held')
            RETURNING id
        LOOP
            PERFORM enqueue_task('stop', jsonb_build_object('job', unsent), 'ordinary', NULL, 'stop/' || unsent, 25);
        END LOOP;
        PERFORM enqueue_task('destroyOwnerKey', jsonb_build_object('person', target), 'ordinary', NULL,
            'destroyOwnerKey/' || target, 25);
        RETURN 'done';
    END $$;
