-- Who stands behind an environment is not deleted from under it; what was done to people and teams says to whom and what.

-- Environments that somebody's credentials sign or look after, for admins.
CREATE FUNCTION environments_behind(whose uuid)
    RETURNS TABLE (environment uuid, name text, signs boolean, looks_after boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        RETURN QUERY SELECT e.id, e.name, bool_or(c.id = e.credential) IS TRUE, bool_or(c.id = e.custodian) IS TRUE
            FROM environments e JOIN credentials c ON c.id IN (e.credential, e.custodian)
            WHERE c.owner = whose AND c.deleted_at IS NULL AND e.deleted_at IS NULL GROUP BY e.id ORDER BY e.name;
    END $$;
REVOKE EXECUTE ON FUNCTION environments_behind FROM PUBLIC;
GRANT EXECUTE ON FUNCTION environments_behind TO batchport_web;

-- As before; but `signs` where an environment would be left without its credential or its custodian. Their credentials are
-- locked first, so that none is named meanwhile.
CREATE OR REPLACE FUNCTION delete_person(target uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE unsent uuid;
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        PERFORM FROM people WHERE id = target AND disabled_at IS NOT NULL AND deleted_at IS NULL;
        IF NOT FOUND THEN RETURN 'absent'; END IF;
        PERFORM FROM credentials WHERE owner = target AND deleted_at IS NULL FOR UPDATE;
        IF EXISTS (SELECT FROM environments_behind(target)) THEN RETURN 'signs'; END IF;
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

-- Whether what an environment signs with is gone, for whoever sees the environment.
CREATE FUNCTION identity_is_gone(asked uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    SELECT EXISTS (SELECT FROM environments e JOIN credentials c ON c.id = e.credential
        WHERE e.id = asked AND c.deleted_at IS NOT NULL)
    $$;
CREATE FUNCTION custodian_is_gone(asked uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    SELECT EXISTS (SELECT FROM environments e JOIN credentials c ON c.id = e.custodian
        WHERE e.id = asked AND c.deleted_at IS NOT NULL)
    $$;
REVOKE EXECUTE ON FUNCTION identity_is_gone, custodian_is_gone FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity_is_gone, custodian_is_gone TO batchport_web, batchport_worker;

-- As before, and in the trail.
CREATE OR REPLACE FUNCTION claim_first_admin(presented bytea, new_email text, new_name text, new_password text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE made uuid;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('claim_first_admin'));
        IF EXISTS (SELECT FROM people WHERE role = 'admin') THEN RETURN NULL; END IF;
        UPDATE first_admin_codes SET used_at = now()
            WHERE code_hash = presented AND used_at IS NULL AND created_at > now() - interval '1 hour';
        IF NOT FOUND THEN RETURN NULL; END IF;
        INSERT INTO people (email, name, role, password) VALUES (new_email, new_name, 'admin', new_password)
            RETURNING id INTO made;
        INSERT INTO audit (by_process, action, subject_kind, subject, detail)
        VALUES ('web', 'person.added', 'person', made, jsonb_build_object('role', 'admin', 'way', 'firstAdminCode'));
        RETURN made;
    END
    $$;
