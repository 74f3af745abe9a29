-- How long a session lives without a request is told to its pages, which warn before its end.

ALTER TYPE identity ADD ATTRIBUTE idle_seconds int;

CREATE OR REPLACE FUNCTION current_identity() RETURNS identity
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        presented text := nullif(current_setting('batchport.session', true), '');
        hash bytea;
        answer identity;
    BEGIN
        IF presented IS NULL THEN RETURN NULL; END IF;
        hash := sha256(convert_to(presented, 'UTF8'));
        SELECT p.id, p.name, p.email, CASE WHEN s.factor THEN p.role ELSE 'member' END, s.id, NULL, NULL,
            s.authenticated_at, s.seen_at, p.role = 'admin' AND NOT s.factor, p.factor IS NOT NULL, NULL,
            extract(epoch FROM s.idle)::int INTO answer
        FROM sessions s JOIN people p ON p.id = s.person
        WHERE s.token_hash = hash AND s.ended_at IS NULL AND s.ends_at > now() AND s.seen_at + s.idle > now()
            AND p.disabled_at IS NULL;
        IF FOUND THEN RETURN answer; END IF;
        SELECT p.id, p.name, p.email, p.role, NULL, t.id, t.scopes, NULL, t.last_used_at, false, p.factor IS NOT NULL,
            t.environments, NULL INTO answer
        FROM tokens t JOIN people p ON p.id = t.person
        WHERE t.token_hash = hash AND t.revoked_at IS NULL AND t.expires_at > now() AND p.disabled_at IS NULL;
        IF FOUND THEN RETURN answer; END IF;
        RETURN NULL;
    END $$;

-- Whose session it was that has run out by itself, of its idle or its whole time; NULL where it was ended.
CREATE FUNCTION person_of_lapsed_session(hash bytea) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    SELECT person FROM sessions
    WHERE token_hash = hash AND ended_at IS NULL AND (seen_at + idle <= now() OR ends_at <= now())
        AND greatest(seen_at + idle, created_at) > now() - interval '7 days'
    $$;
GRANT EXECUTE ON FUNCTION person_of_lapsed_session TO batchport_web;
