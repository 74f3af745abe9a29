-- Replacing the vault's keys while they are used: what was begun, how far it has come, and which keys are over.

CREATE TABLE vault_rotations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind text NOT NULL CHECK (kind IN ('root', 'owners')),
    -- NULL: from the command line.
    started_by uuid REFERENCES people,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    total int,
    done int NOT NULL DEFAULT 0,
    -- Records sealed again, and those that could not be opened: they keep their key.
    records int NOT NULL DEFAULT 0,
    unreadable int NOT NULL DEFAULT 0,
    -- What it waits for.
    trouble text
);
CREATE UNIQUE INDEX vault_rotations_one ON vault_rotations ((true)) WHERE finished_at IS NULL;

-- Of a rotation of owners' keys: each owner's new key, and whether all of their records are under it.
CREATE TABLE vault_rotation_owners (
    rotation uuid NOT NULL REFERENCES vault_rotations ON DELETE CASCADE,
    owner uuid NOT NULL,
    key_id bytea CHECK (length(key_id) = 8),
    done boolean NOT NULL DEFAULT false,
    unreadable int NOT NULL DEFAULT 0,
    PRIMARY KEY (rotation, owner)
);
CREATE INDEX vault_rotation_owners_left ON vault_rotation_owners (rotation, owner) WHERE NOT done;

-- Keys that are over: nothing is stored under them any more, however late its writer comes.
CREATE TABLE vault_retired_keys (
    key_id bytea PRIMARY KEY CHECK (length(key_id) = 8),
    at timestamptz NOT NULL DEFAULT now()
);

-- Each worker's word on the root keys that it has: none is replaced before all have the new one.
CREATE TABLE vault_workers (
    worker uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now(),
    root_ids text[] NOT NULL,
    in_use text[] NOT NULL,
    next text
);

-- Record format 1: format (1 byte), id of the owner's key (8).
CREATE FUNCTION sealed_key(record bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE AS $$ SELECT substring(record FROM 2 FOR 8) $$;

-- The row stays as it was: what was sealed too late is sealed again from where it came.
CREATE FUNCTION sealed_key_is_live() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF EXISTS (SELECT FROM vault_retired_keys WHERE key_id = sealed_key(NEW.sealed)) THEN RETURN NULL; END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER credentials_live BEFORE UPDATE OF sealed ON credentials FOR EACH ROW
    WHEN (NEW.sealed IS NOT NULL AND NEW.sealed IS DISTINCT FROM OLD.sealed) EXECUTE FUNCTION sealed_key_is_live();
CREATE TRIGGER environment_secrets_live BEFORE UPDATE OF sealed ON environment_secrets FOR EACH ROW
    WHEN (NEW.sealed IS NOT NULL AND NEW.sealed IS DISTINCT FROM OLD.sealed) EXECUTE FUNCTION sealed_key_is_live();

-- Answers `started`, `busy` while another is not finished, or `noKey` where the workers have no other root key.
CREATE FUNCTION start_rotation(wanted text, by_person uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE new_id uuid;
    BEGIN
        IF wanted = 'root' AND NOT EXISTS (SELECT FROM vault_workers
            WHERE next IS NOT NULL AND seen_at > now() - interval '1 minute') THEN RETURN 'noKey'; END IF;
        INSERT INTO vault_rotations (kind, started_by) VALUES (wanted, by_person)
            ON CONFLICT ((true)) WHERE finished_at IS NULL DO NOTHING RETURNING id INTO new_id;
        IF new_id IS NULL THEN RETURN 'busy'; END IF;
        PERFORM enqueue_task('rotateVault', jsonb_build_object('rotation', new_id), 'ordinary', NULL,
            'rotateVault', 25);
        RETURN 'started';
    END $$;

CREATE FUNCTION start_vault_rotation(wanted text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        RETURN start_rotation(wanted, uid());
    END $$;

-- After a restore, or a task that was given up: what was begun is gone on with.
CREATE FUNCTION find_lost_rotation() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        PERFORM enqueue_task('rotateVault', jsonb_build_object('rotation', id), 'ordinary', NULL, 'rotateVault', 25)
        FROM vault_rotations WHERE finished_at IS NULL AND NOT EXISTS (
            SELECT FROM tasks WHERE unique_key = 'rotateVault' AND state IN ('available', 'running', 'retryable'));
        DELETE FROM vault_workers WHERE seen_at < now() - interval '1 hour';
    END $$;

-- One document, for the admin's page and the command line.
CREATE FUNCTION vault_standing() RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        RETURN jsonb_build_object(
            'test', (SELECT jsonb_build_object('ok', ok, 'detail', detail,
                'seconds', floor(extract(epoch FROM now() - tested_at))) FROM vault_tests),
            'workers', (SELECT coalesce(jsonb_agg(jsonb_build_object('rootIDs', root_ids, 'inUse', in_use, 'next', next)
                ORDER BY worker), '[]') FROM vault_workers WHERE seen_at > now() - interval '1 minute'),
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

CREATE FUNCTION vault_facts() RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        RETURN vault_standing();
    END $$;

-- No record under any of these keys may be left, nor be on its way: writers wait for the length of this look.
CREATE FUNCTION retire_keys(ids bytea[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE left_over bigint;
    BEGIN
        LOCK TABLE credentials, environment_secrets IN SHARE MODE;
        SELECT (SELECT count(*) FROM credentials WHERE sealed IS NOT NULL AND sealed_key(sealed) = ANY(ids))
            + (SELECT count(*) FROM environment_secrets WHERE sealed IS NOT NULL AND sealed_key(sealed) = ANY(ids))
            INTO left_over;
        IF left_over = 0 THEN
            INSERT INTO vault_retired_keys (key_id) SELECT unnest(ids) ON CONFLICT DO NOTHING;
        END IF;
        RETURN left_over;
    END $$;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['vault_rotations', 'vault_rotation_owners', 'vault_retired_keys', 'vault_workers'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO batchport_migrate USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY worker ON %I TO batchport_worker USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

-- Whether a person is deleted, before their key is destroyed.
GRANT SELECT (deleted_at) ON people TO batchport_worker;
GRANT SELECT, UPDATE (total, done, records, unreadable, trouble, finished_at) ON vault_rotations TO batchport_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON vault_rotation_owners, vault_workers TO batchport_worker;
GRANT EXECUTE ON FUNCTION sealed_key, sealed_key_is_live, retire_keys, find_lost_rotation TO batchport_worker;
GRANT EXECUTE ON FUNCTION sealed_key, sealed_key_is_live, start_vault_rotation, vault_facts TO batchport_web;
