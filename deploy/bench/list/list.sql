WITH me AS MATERIALIZED (
    SELECT person, coalesce(role = 'admin', false) AS is_admin,
        CASE WHEN role = 'admin' THEN '{}' ELSE seen_environments() END AS seen
    FROM current_identity())
SELECT j.id, j.change, j.name, j.owner, CASE WHEN j.owner <> (SELECT person FROM me)
        THEN name_of(j.owner) END AS owner_name,
    j.environment, j.environment_name, j.phase, j.phase_reason, j.phase_since, j.provider_job_id, j.status,
    j.status_source, j.status_since, j.status_reason, j.exit_code, j.submitted_at, j.started_at, j.stopped_at,
    j.stop_requested_at, j.stop_confirmed_at, j.capture, j.settled_at, j.language, s.checked_at,
    j.container_reason, j.delete_requested_at, j.child_count, j.child_statuses
FROM ((SELECT j.* FROM jobs j WHERE j.owner = (SELECT person FROM me) AND NOT (SELECT is_admin FROM me)
        ORDER BY j.submitted_at DESC, j.id DESC LIMIT 51)
    UNION ALL (SELECT j.* FROM jobs j WHERE (SELECT is_admin FROM me)
        ORDER BY j.submitted_at DESC, j.id DESC LIMIT 51)
    UNION ALL (SELECT j.* FROM unnest((SELECT seen FROM me)) e (id) CROSS JOIN LATERAL (
        SELECT j.* FROM jobs j WHERE j.environment = e.id AND j.owner <> (SELECT person FROM me)
        ORDER BY j.submitted_at DESC, j.id DESC LIMIT 51) j)
    UNION ALL (SELECT j.* FROM seen_mates() m CROSS JOIN LATERAL (
        SELECT j.* FROM jobs j WHERE j.owner = m.mate AND j.environment = ANY (m.environments)
            AND NOT j.environment = ANY ((SELECT seen FROM me)::uuid[])
        ORDER BY j.submitted_at DESC, j.id DESC LIMIT 51) j)) j
LEFT JOIN sweeps s ON s.account = j.account AND s.region = j.region AND j.settled_at IS NULL
ORDER BY j.submitted_at DESC, j.id DESC LIMIT 51
