-- What signs for others, behind an environment or as its custodian, is an admin's. As before; and nobody ceases to be an
-- admin while a credential of theirs does so.
CREATE OR REPLACE FUNCTION set_role(target uuid, new_role text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        IF new_role <> 'admin' AND is_last_admin(target) THEN RETURN 'lastAdmin'; END IF;
        IF new_role <> 'admin' AND EXISTS (SELECT FROM people p
            JOIN credentials c ON c.owner = p.id AND c.deleted_at IS NULL
            JOIN environments e ON c.id IN (e.credential, e.custodian) AND e.deleted_at IS NULL
            WHERE p.id = target AND p.role = 'admin') THEN RETURN 'signs'; END IF;
        UPDATE people SET role = new_role WHERE id = target AND kind = 'person' AND deleted_at IS NULL AND role <> new_role;
        IF NOT FOUND THEN RETURN 'absent'; END IF;
        UPDATE sessions SET ended_at = now() WHERE person = target AND ended_at IS NULL;
        RETURN 'done';
    END $$;
