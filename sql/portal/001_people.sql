-- People, their sessions and tokens, and who is asking.
-- Roles batchport_migrate (owns everything), batchport_web and batchport_worker exist before the first migration.

CREATE TABLE limits (
    name text PRIMARY KEY,
    value bigint NOT NULL CHECK (value >= 0),
    meaning text NOT NULL
);
COMMENT ON TABLE limits IS 'Limits of the whole site: rows an admin edits, never constants.';
INSERT INTO limits (name, value, meaning) VALUES
    ('session.idleSeconds', 3600, 'A member''s session ends after this long without a request'),
    ('session.absoluteSeconds', 86400, 'A member''s session ends this long after sign-in'),
    ('session.adminIdleSeconds', 900, 'An admin''s session ends after this long without a request'),
    ('session.adminAbsoluteSeconds', 43200, 'An admin''s session ends this long after sign-in'),
    ('session.stepUpSeconds', 600, 'Dangerous acts ask for the password again after this long'),
    ('token.days', 90, 'A new token lives this long unless told otherwise'),
    ('code.bytes', 262144, 'Longest code of a job'),
    ('inputs.count', 100, 'Most input files of a job'),
    ('submission.waitSeconds', 60, 'How long to wait before looking for a submission whose outcome is unknown'),
    ('submission.lostSeconds', 600, 'A job that AWS has left out of its answers for this long is lost'),
    ('log.lines', 2000000, 'Most lines kept of one attempt''s log'),
    ('log.lagSeconds', 10, 'How long after a job''s end AWS may still bring lines of its log'),
    ('result.bytes', 1048576, 'Largest result kept'),
    ('previews.count', 200, 'Most text outputs of a job whose beginning is kept');

CREATE TABLE people (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    role text NOT NULL CHECK (role IN ('member', 'admin')),
    password text NOT NULL,
    failures int NOT NULL DEFAULT 0,
    locked_until timestamptz,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX people_email ON people (lower(email));

CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    person uuid NOT NULL REFERENCES people,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    authenticated_at timestamptz NOT NULL DEFAULT now(),
    -- The limits as they stood at sign-in; a change of role ends a person's sessions.
    idle interval NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz,
    user_agent text NOT NULL DEFAULT ''
);
CREATE INDEX sessions_person ON sessions (person) WHERE ended_at IS NULL;

CREATE TABLE tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    person uuid NOT NULL REFERENCES people,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    hint text NOT NULL CHECK (length(hint) = 4),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX tokens_person ON tokens (person, created_at DESC);

CREATE TABLE first_admin_codes (
    code_hash bytea PRIMARY KEY CHECK (length(code_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz
);

CREATE FUNCTION site_limit(limit_name text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT value FROM limits WHERE name = limit_name $$;

CREATE TYPE identity AS (
    person uuid, name text, email text, role text, session uuid, token uuid, scopes text[],
    authenticated_at timestamptz, seen_at timestamptz);

-- Who presents the transaction's session or API token; NULL for nobody. The setting holds the secret itself, so an
-- injected statement can set it but cannot become anybody with it. PL/pgSQL, because every policy asks: its plans are
-- kept for the connection's life, where an SQL function is planned anew each time (0.5 ms against 0.03).
CREATE FUNCTION current_identity() RETURNS identity
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        presented text := nullif(current_setting('batchport.session', true), '');
        hash bytea;
        answer identity;
    BEGIN
        IF presented IS NULL THEN RETURN NULL; END IF;
        hash := sha256(convert_to(presented, 'UTF8'));
        SELECT p.id, p.name, p.email, p.role, s.id, NULL, NULL, s.authenticated_at, s.seen_at INTO answer
        FROM sessions s JOIN people p ON p.id = s.person
        WHERE s.token_hash = hash AND s.ended_at IS NULL AND s.ends_at > now() AND s.seen_at + s.idle > now()
            AND p.disabled_at IS NULL;
        IF FOUND THEN RETURN answer; END IF;
        SELECT p.id, p.name, p.email, p.role, NULL, t.id, t.scopes, NULL, t.last_used_at INTO answer
        FROM tokens t JOIN people p ON p.id = t.person
        WHERE t.token_hash = hash AND t.revoked_at IS NULL AND t.expires_at > now() AND p.disabled_at IS NULL;
        IF FOUND THEN RETURN answer; END IF;
        RETURN NULL;
    END $$;

CREATE FUNCTION uid() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN RETURN (current_identity()).person; END $$;

CREATE FUNCTION is_admin() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN RETURN coalesce((current_identity()).role = 'admin', false); END $$;

-- What sign-in needs before anybody is known. Nothing else shows a password's hash to the web.
CREATE FUNCTION password_of(asked_email text)
    RETURNS TABLE (person uuid, password text, failures int, is_locked boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    SELECT id, password, failures, coalesce(locked_until > now(), false) FROM people
    WHERE lower(email) = lower(asked_email) AND disabled_at IS NULL
    $$;

-- Counts a wrong password; from the tenth on each one locks for 30 s, doubling up to an hour (trust.md S4).
CREATE FUNCTION password_failed(of_person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    UPDATE people SET failures = least(failures + 1, 100),
        locked_until = CASE WHEN failures + 1 >= 10
            THEN now() + least(interval '1 hour', interval '30 seconds' * power(2, least(failures - 9, 7))) END
    WHERE id = of_person
    $$;

CREATE FUNCTION open_session(of_person uuid, new_token_hash bytea, agent text, replacing bytea) RETURNS uuid
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    UPDATE people SET failures = 0, locked_until = NULL WHERE id = of_person;
    UPDATE sessions SET ended_at = now() WHERE token_hash = replacing AND ended_at IS NULL;
    INSERT INTO sessions (person, token_hash, user_agent, idle, ends_at)
    SELECT id, new_token_hash, left(agent, 256),
        make_interval(secs => site_limit(CASE role WHEN 'admin' THEN 'session.adminIdleSeconds' ELSE 'session.idleSeconds' END)),
        now() + make_interval(secs => site_limit(
            CASE role WHEN 'admin' THEN 'session.adminAbsoluteSeconds' ELSE 'session.absoluteSeconds' END))
    FROM people WHERE id = of_person AND disabled_at IS NULL
    RETURNING id
    $$;

CREATE FUNCTION touch_identity() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    UPDATE sessions SET seen_at = now() WHERE id = (SELECT (current_identity()).session);
    UPDATE tokens SET last_used_at = now() WHERE id = (SELECT (current_identity()).token)
    $$;

CREATE FUNCTION end_session(ending uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ UPDATE sessions SET ended_at = now() WHERE id = ending AND person = uid() AND ended_at IS NULL $$;

-- Makes the first admin, once, from a code at most an hour old; null when the code is not good or an admin exists.
CREATE FUNCTION claim_first_admin(presented bytea, new_email text, new_name text, new_password text) RETURNS uuid
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
        RETURN made;
    END
    $$;


ALTER TABLE limits ENABLE ROW LEVEL SECURITY;
ALTER TABLE limits FORCE ROW LEVEL SECURITY;
CREATE POLICY all_read ON limits FOR SELECT USING (true);
CREATE POLICY owner ON limits TO batchport_migrate USING (true) WITH CHECK (true);

ALTER TABLE people ENABLE ROW LEVEL SECURITY;
ALTER TABLE people FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON people TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY own_or_admin ON people FOR SELECT TO batchport_web
    USING (id = (SELECT uid()) OR (SELECT is_admin()));
CREATE POLICY worker ON people FOR SELECT TO batchport_worker USING (true);

ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON sessions TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY own ON sessions FOR SELECT TO batchport_web USING (person = (SELECT uid()));

ALTER TABLE tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON tokens TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY own ON tokens TO batchport_web USING (person = (SELECT uid())) WITH CHECK (person = (SELECT uid()));

ALTER TABLE first_admin_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE first_admin_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON first_admin_codes TO batchport_migrate USING (true) WITH CHECK (true);


GRANT SELECT ON limits TO batchport_web, batchport_worker;
GRANT SELECT (id, email, name, role, disabled_at, created_at) ON people TO batchport_web, batchport_worker;
GRANT SELECT (id, person, created_at, seen_at, authenticated_at, ended_at, user_agent) ON sessions TO batchport_web;
GRANT SELECT (id, person, name, hint, scopes, created_at, expires_at, last_used_at, revoked_at) ON tokens
    TO batchport_web;
GRANT INSERT (token_hash, person, name, hint, scopes, expires_at) ON tokens TO batchport_web;
GRANT UPDATE (revoked_at) ON tokens TO batchport_web;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT EXECUTE ON FUNCTION site_limit, current_identity, uid, is_admin, password_of, password_failed, open_session,
    touch_identity, end_session, claim_first_admin TO batchport_web;
GRANT EXECUTE ON FUNCTION site_limit, uid, is_admin TO batchport_worker;
