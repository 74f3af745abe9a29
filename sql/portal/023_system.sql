-- What an admin sees of the machinery: one document, in one look.
CREATE FUNCTION system_facts() RETURNS jsonb
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
                SELECT r.account, r.region, r.operation, r.throttles,
                    floor(extract(epoch FROM now() - r.throttled_at)) AS seconds,
                    (SELECT string_agg(h.service || ': ' || coalesce(h.trouble, 'no answer'), '; ') FROM service_health h
                        WHERE h.account = r.account AND h.region = r.region AND h.open_since IS NOT NULL) AS trouble
                FROM call_rates r LIMIT 500) a));
    END $$;
GRANT EXECUTE ON FUNCTION system_facts TO batchport_web;

-- A job as the pages read it has its owner's name; the worker reads it so as well.
GRANT EXECUTE ON FUNCTION name_of TO batchport_worker;
