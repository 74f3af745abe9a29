-- How much of a person's own limits is used, counted as `environment_is_full` counts it; NULL of what has no limit. For the
-- person and for admins.
CREATE FUNCTION person_use(target uuid) RETURNS TABLE (concurrent int, day int)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT
            CASE WHEN limits ? 'concurrentJobs' THEN
                (SELECT count(*)::int FROM jobs WHERE owner = target AND settled_at IS NULL) END,
            CASE WHEN limits ? 'jobsPerDay' THEN
                (SELECT count(*)::int FROM jobs WHERE owner = target AND submitted_at > now() - interval '1 day') END
        FROM people WHERE id = target AND (target = uid() OR is_admin())
    $$;
REVOKE EXECUTE ON FUNCTION person_use FROM PUBLIC;
GRANT EXECUTE ON FUNCTION person_use TO batchport_web;
