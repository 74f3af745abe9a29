-- How credentials stand: to each person of their own, to admins of all; never a secret, and never one entered for a job alone.

-- What it is not allowed, as the last checks of environments saw: `name: sentence`. Of those that the asker may see.
CREATE FUNCTION credential_lacks(asked uuid) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, public
    AS $$
    SELECT coalesce(array_agg(name || ': ' || detail ORDER BY name, detail), '{}') FROM (
        SELECT e.name, f->>'detail' AS detail FROM environments e, jsonb_array_elements(e.findings) f
        WHERE e.deleted_at IS NULL AND asked IN (e.credential, e.custodian) AND NOT (f->>'ok')::boolean
            AND f->>'name' = CASE WHEN e.credential = asked THEN 'Permissions' ELSE 'Custodian' END
        UNION
        SELECT e.name, f->>'detail' FROM environment_checks k JOIN environments e ON e.id = k.environment,
            jsonb_array_elements(k.findings) f
        WHERE k.credential = asked AND e.deleted_at IS NULL AND f->>'name' = 'Permissions' AND NOT (f->>'ok')::boolean) lacks
    $$;

-- For admins; those in trouble first, then by their owners' names. Nothing for anybody else.
CREATE FUNCTION credential_facts(after uuid, most int) RETURNS TABLE (id uuid, owner uuid, owner_name text, facts jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    WITH ranked AS (
        SELECT c.*, p.name AS owner_name, lower(p.name) AS folded, CASE
            WHEN c.health IN ('refused', 'unreadable') OR c.expires_at < now() THEN 0 WHEN c.health = 'unreachable' THEN 1
            WHEN c.health = 'unchecked' THEN 2 ELSE 3 END AS rank
        FROM credentials c JOIN people p ON p.id = c.owner WHERE c.deleted_at IS NULL AND c.job IS NULL)
    SELECT c.id, c.owner, c.owner_name, jsonb_build_object(
        'name', c.name, 'hint', c.access_key_hint, 'role', c.role_arn, 'region', c.region,
        'account', coalesce(c.account, nullif(split_part(c.role_arn, ':', 5), '')), 'arn', c.arn, 'default', c.is_default,
        'health', CASE WHEN c.expires_at < now() THEN 'refused' ELSE c.health END,
        'detail', CASE WHEN c.expires_at < now() THEN 'It has expired.' ELSE c.health_detail END,
        'checked', floor(extract(epoch FROM now() - c.checked_at)), 'used', floor(extract(epoch FROM now() - c.last_used_at)),
        'age', floor(extract(epoch FROM now() - coalesce(c.replaced_at, c.created_at))), 'lacks', credential_lacks(c.id),
        'environments', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'name', e.name,
                'custodian', c.id IS DISTINCT FROM e.credential) ORDER BY e.name), '[]')
            FROM environments e WHERE c.id IN (e.credential, e.custodian) AND e.deleted_at IS NULL),
        'jobs', (SELECT count(*) FROM (SELECT FROM jobs j WHERE j.credential = c.id AND j.settled_at IS NULL LIMIT 1000) j))
    FROM ranked c
    WHERE (SELECT is_admin()) AND (after IS NULL
        OR (c.rank, c.folded, c.id) > (SELECT a.rank, a.folded, a.id FROM ranked a WHERE a.id = after))
    ORDER BY c.rank, c.folded, c.id LIMIT least(most, 200)
    $$;
GRANT EXECUTE ON FUNCTION credential_lacks, credential_facts TO batchport_web;
