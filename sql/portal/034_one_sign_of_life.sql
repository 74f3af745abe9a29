-- A worker's word on its root keys is part of its one sign of life. NULL: its vault is sealed.

ALTER TABLE workers ADD root_ids text[], ADD in_use text[], ADD next_root text;

CREATE OR REPLACE FUNCTION start_rotation(wanted text, by_person uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE new_id uuid;
    BEGIN
        IF wanted = 'root' AND NOT EXISTS (SELECT FROM workers
            WHERE next_root IS NOT NULL AND seen_at > now() - interval '1 minute') THEN RETURN 'noKey'; END IF;
        INSERT INTO vault_rotations (kind, started_by) VALUES (wanted, by_person)
            ON CONFLICT ((true)) WHERE finished_at IS NULL DO NOTHING RETURNING id INTO new_id;
        IF new_id IS NULL THEN RETURN 'busy'; END IF;
        PERFORM enqueue_task('rotateVault', jsonb_build_object('rotation', new_id), 'ordinary', NULL,
            'rotateVault', 25);
        RETURN 'started';
    END $$;

CREATE OR REPLACE FUNCTION find_lost_rotation() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        PERFORM enqueue_task('rotateVault', jsonb_build_object('rotation', id), 'ordinary', NULL, 'rotateVault', 25)
        FROM vault_rotations WHERE finished_at IS NULL AND NOT EXISTS (
            SELECT FROM tasks WHERE unique_key = 'rotateVault' AND state IN ('available', 'running', 'retryable'));
    END $$;

CREATE OR REPLACE FUNCTION vault_standing() RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        RETURN jsonb_build_object(
            'test', (SELECT jsonb_build_object('ok', ok, 'detail', detail,
                'seconds', floor(extract(epoch FROM now() - tested_at))) FROM vault_tests),
            'workers', (SELECT coalesce(jsonb_agg(jsonb_build_object('rootIDs', root_ids, 'inUse', in_use, 'next', next_root)
                ORDER BY id), '[]') FROM workers WHERE root_ids IS NOT NULL AND seen_at > now() - interval '1 minute'),
            'records', (SELECT count(*) FROM credentials WHERE sealed IS NOT NULL)
                + (SELECT count(*) FROM environment_secrets WHERE sealed IS NOT NULL),
            'health', (SELECT coalesce(jsonb_object_agg(health, n), '{}') FROM (SELECT health, count(*) AS n
                FROM credentials WHERE deleted_at IS NULL AND job IS NULL GROUP BY health) h),
            'old', (SELECT count(*) FROM credentials WHERE deleted_at IS NULL AND job IS NULL AND kind = 'accessKey'
                AND created_at < now() - interval '90 days'),
            'rotations', (SELECT coalesce(jsonb_agg(r ORDER BY r.age), '[]') FROM (
                SELECT kind, total, done, records, unreadable, trouble, (SELECT name FROM people p WHERE p.id = started_by) AS who,
                    finished_at IS NOT NULL AS finished, floor(extract(epoch FROM now() - started_at)) AS age,
                    floor(extract(epoch FROM coalesce(finished_at, now()) - started_at)) AS seconds
                FROM vault_rotations ORDER BY started_at DESC LIMIT 10) r));
    END $$;

DROP TABLE vault_workers;
