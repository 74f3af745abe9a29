-- A secret is replaced beside the one before: until the worker has seen whose the new one is, the one before signs.

ALTER TABLE credentials
    ADD next_ingress bytea,
    ADD next_hint text CHECK (length(next_hint) = 4),
    ADD next_expires_at timestamptz,
    -- Why the last new one was not taken.
    ADD next_trouble text,
    ADD replaced_at timestamptz,
    ADD CONSTRAINT credentials_next CHECK ((next_ingress IS NULL) = (next_hint IS NULL)
        AND (next_ingress IS NULL OR deleted_at IS NULL AND kind = 'accessKey' AND job IS NULL));
GRANT SELECT (next_hint, next_trouble, replaced_at) ON credentials TO batchport_web;
GRANT UPDATE (next_ingress, next_hint, next_expires_at, next_trouble) ON credentials TO batchport_web;

-- Whoever deletes a credential: what was to replace its secret goes with it.
CREATE FUNCTION credentials_drop_next() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public
    AS $$
    BEGIN
        NEW.next_ingress := NULL;
        NEW.next_hint := NULL;
        NEW.next_expires_at := NULL;
        RETURN NEW;
    END $$;
CREATE TRIGGER credentials_deleted BEFORE UPDATE OF deleted_at ON credentials FOR EACH ROW
    WHEN (NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION credentials_drop_next();
GRANT EXECUTE ON FUNCTION credentials_drop_next TO batchport_web, batchport_worker;

-- The one credential that a token may replace the secret of.
ALTER TABLE tokens
    ADD credential uuid REFERENCES credentials,
    ADD CONSTRAINT tokens_credential CHECK (credential IS NULL OR 'credentials:replace' = ANY(scopes));
GRANT SELECT (credential), INSERT (credential) ON tokens TO batchport_web;

-- As before; a replaced secret is as old as its replacement.
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
                AND coalesce(replaced_at, created_at) < now() - interval '90 days'),
            'rotations', (SELECT coalesce(jsonb_agg(r ORDER BY r.age), '[]') FROM (
                SELECT kind, total, done, records, unreadable, trouble, (SELECT name FROM people p WHERE p.id = started_by) AS who,
                    finished_at IS NOT NULL AS finished, floor(extract(epoch FROM now() - started_at)) AS age,
                    floor(extract(epoch FROM coalesce(finished_at, now()) - started_at)) AS seconds
                FROM vault_rotations ORDER BY started_at DESC LIMIT 10) r));
    END $$;
