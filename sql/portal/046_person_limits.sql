-- What an admin allows one person, wherever they submit; and what the queue's tasks have run into.

-- By the API's names (PersonLimits); a name that is not there is no limit.
ALTER TABLE people ADD limits jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(limits) = 'object');
GRANT SELECT (limits) ON people TO batchport_web, batchport_worker;
CREATE INDEX jobs_unsettled_of_owner ON jobs (owner) WHERE settled_at IS NULL;

CREATE FUNCTION set_person_limits(target uuid, new_limits jsonb) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        UPDATE people SET limits = new_limits WHERE id = target AND deleted_at IS NULL;
        RETURN CASE WHEN FOUND THEN 'done' ELSE 'absent' END;
    END $$;
REVOKE EXECUTE ON FUNCTION set_person_limits FROM PUBLIC;
GRANT EXECUTE ON FUNCTION set_person_limits TO batchport_web;

-- Which limits on the number of jobs leave no room for one more of the asker's: the environment's, and the asker's own,
-- which count in all environments together. Each count ends at its limit.
CREATE OR REPLACE FUNCTION environment_is_full(asked uuid) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        e environments;
        full_limits text[] := '{}';
        asker uuid := uid();
        day timestamptz := now() - interval '1 day';
        own_concurrent int;
        own_day int;
    BEGIN
        SELECT * INTO e FROM environments WHERE id = asked;
        SELECT (limits->>'concurrentJobs')::int, (limits->>'jobsPerDay')::int INTO own_concurrent, own_day
        FROM people WHERE id = asker;
        IF (SELECT count(*) FROM (SELECT FROM jobs WHERE environment = asked AND settled_at IS NULL
                LIMIT e.max_concurrent_jobs) j) >= e.max_concurrent_jobs
            THEN full_limits := array_append(full_limits, 'concurrentJobs'); END IF;
        IF (SELECT count(*) FROM (SELECT FROM jobs WHERE environment = asked AND owner = asker AND settled_at IS NULL
                LIMIT e.max_concurrent_jobs_person) j) >= e.max_concurrent_jobs_person
            THEN full_limits := array_append(full_limits, 'concurrentJobsPerPerson'); END IF;
        IF (SELECT count(*) FROM (SELECT FROM jobs WHERE environment = asked AND submitted_at > day
                LIMIT e.max_jobs_day) j) >= e.max_jobs_day
            THEN full_limits := array_append(full_limits, 'jobsPerDay'); END IF;
        IF (SELECT count(*) FROM (SELECT FROM jobs WHERE environment = asked AND owner = asker AND submitted_at > day
                LIMIT e.max_jobs_day_person) j) >= e.max_jobs_day_person
            THEN full_limits := array_append(full_limits, 'jobsPerDayPerPerson'); END IF;
        IF (SELECT count(*) FROM (SELECT FROM jobs WHERE owner = asker AND settled_at IS NULL
                LIMIT own_concurrent) j) >= own_concurrent
            THEN full_limits := array_append(full_limits, 'personConcurrentJobs'); END IF;
        IF (SELECT count(*) FROM (SELECT FROM jobs WHERE owner = asker AND submitted_at > day
                LIMIT own_day) j) >= own_day
            THEN full_limits := array_append(full_limits, 'personJobsPerDay'); END IF;
        RETURN full_limits;
    END $$;

-- As before; and where the asker's jobs are counted, theirs come in one after the other in all environments. Whoever
-- holds both locks took the environment's first.
CREATE OR REPLACE FUNCTION enter_environment(asked uuid) RETURNS TABLE (version int, full_limits text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE e environments;
    BEGIN
        SELECT * INTO e FROM environments WHERE id = asked AND deleted_at IS NULL AND enabled FOR KEY SHARE;
        IF NOT FOUND OR NOT may_use_environment(asked) THEN RETURN; END IF;
        IF coalesce(e.max_concurrent_jobs, e.max_concurrent_jobs_person, e.max_jobs_day, e.max_jobs_day_person)
            IS NOT NULL THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('environment/' || asked, 0));
        END IF;
        IF EXISTS (SELECT FROM people WHERE id = uid() AND limits ?| ARRAY['concurrentJobs', 'jobsPerDay']) THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('jobs of/' || uid(), 0));
        END IF;
        RETURN QUERY SELECT e.version, environment_is_full(asked);
    END $$;

-- As before, with `troubles`.
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
