-- Teams, managers of environments, second factors, one-time links, service accounts, tokens for some environments only;
-- and who sees whose jobs.

INSERT INTO limits (name, value, meaning) VALUES
    ('invitation.hours', 72, 'An invitation''s link is good for this long'),
    ('recovery.hours', 24, 'A link that replaces a lost password or second factor is good for this long'),
    ('token.mostDays', 366, 'A token lives at most this long');

-- What an admin may set a limit to.
ALTER TABLE limits ADD least bigint NOT NULL DEFAULT 0, ADD most bigint NOT NULL DEFAULT 9007199254740991,
    ADD changed_at timestamptz;
UPDATE limits SET least = 60, most = value WHERE name LIKE 'session.%';
UPDATE limits SET least = 1, most = 366 WHERE name IN ('token.days', 'token.mostDays');
UPDATE limits SET least = 1, most = 8760 WHERE name IN ('invitation.hours', 'recovery.hours');

CREATE FUNCTION set_limit(asked text, new_value bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        UPDATE limits SET value = new_value, changed_at = now() WHERE name = asked AND new_value BETWEEN least AND most;
        IF NOT FOUND THEN RAISE check_violation; END IF;
    END $$;

CREATE TABLE teams (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX teams_name ON teams (lower(name));

-- `factor` is the second factor's secret as the web sealed it (AES-256-GCM under a key made of the pepper); `factor_step`
-- the last time step whose code was used. A service account signs in by tokens only and belongs to a team. A deleted
-- person's row stays, nameless, since jobs and the audit trail speak of it.
ALTER TABLE people
    ADD kind text NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'service')),
    ADD team uuid REFERENCES teams,
    ADD factor bytea,
    ADD factor_step bigint NOT NULL DEFAULT 0,
    ADD factor_at timestamptz,
    ADD deleted_at timestamptz CHECK (deleted_at IS NULL OR disabled_at IS NOT NULL),
    ADD CONSTRAINT people_service CHECK (kind = 'person' OR role = 'member' AND (team IS NOT NULL OR deleted_at IS NOT NULL));

CREATE TABLE team_members (
    team uuid NOT NULL REFERENCES teams ON DELETE CASCADE,
    person uuid NOT NULL REFERENCES people,
    PRIMARY KEY (team, person)
);
CREATE INDEX team_members_person ON team_members (person);

CREATE TABLE environment_managers (
    environment uuid NOT NULL REFERENCES environments ON DELETE CASCADE,
    person uuid NOT NULL REFERENCES people,
    PRIMARY KEY (environment, person)
);
CREATE INDEX environment_managers_person ON environment_managers (person);

-- A grant is to a person, a team, or (both null) everyone. What of others' jobs there it shows: none, those of people
-- with whom one shares a team, or all.
ALTER TABLE environment_grants
    ADD team uuid REFERENCES teams ON DELETE CASCADE,
    ADD sees text NOT NULL DEFAULT 'own' CHECK (sees IN ('own', 'team', 'all')),
    ADD CONSTRAINT environment_grants_one_kind CHECK (person IS NULL OR team IS NULL);
DROP INDEX environment_grants_one;
CREATE UNIQUE INDEX environment_grants_one ON environment_grants (environment, person, team) NULLS NOT DISTINCT;
CREATE INDEX environment_grants_team ON environment_grants (team) WHERE team IS NOT NULL;

CREATE TABLE recovery_codes (
    person uuid NOT NULL REFERENCES people,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (person, code_hash)
);

-- Links that are good once: an invitation makes a person, a recovery gives one a new password and takes the second factor.
CREATE TABLE one_time_links (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    code_hash bytea NOT NULL UNIQUE CHECK (length(code_hash) = 32),
    kind text NOT NULL CHECK (kind IN ('invitation', 'recovery')),
    person uuid REFERENCES people,
    email text,
    name text,
    role text CHECK (role IN ('member', 'admin')),
    teams uuid[] NOT NULL DEFAULT '{}',
    made_by uuid REFERENCES people,
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    withdrawn_at timestamptz,
    CHECK (CASE kind WHEN 'invitation' THEN email IS NOT NULL AND name IS NOT NULL AND role IS NOT NULL
        ELSE person IS NOT NULL END)
);
CREATE INDEX one_time_links_open ON one_time_links (expires_at) WHERE used_at IS NULL AND withdrawn_at IS NULL;

-- Whether the second factor was shown when the session was opened, or since.
ALTER TABLE sessions ADD factor boolean NOT NULL DEFAULT false;
-- Null: all that the person may use.
ALTER TABLE tokens ADD environments uuid[] CHECK (cardinality(environments) > 0);

-- Who asks.

ALTER TYPE identity ADD ATTRIBUTE must_enrol boolean, ADD ATTRIBUTE has_factor boolean, ADD ATTRIBUTE environments uuid[];

-- An admin's session without a second factor has no more than a member's power, and is told to set one up.
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
            s.authenticated_at, s.seen_at, p.role = 'admin' AND NOT s.factor, p.factor IS NOT NULL, NULL INTO answer
        FROM sessions s JOIN people p ON p.id = s.person
        WHERE s.token_hash = hash AND s.ended_at IS NULL AND s.ends_at > now() AND s.seen_at + s.idle > now()
            AND p.disabled_at IS NULL;
        IF FOUND THEN RETURN answer; END IF;
        SELECT p.id, p.name, p.email, p.role, NULL, t.id, t.scopes, NULL, t.last_used_at, false, p.factor IS NOT NULL,
            t.environments INTO answer
        FROM tokens t JOIN people p ON p.id = t.person
        WHERE t.token_hash = hash AND t.revoked_at IS NULL AND t.expires_at > now() AND p.disabled_at IS NULL;
        IF FOUND THEN RETURN answer; END IF;
        RETURN NULL;
    END $$;

CREATE FUNCTION token_environments() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN RETURN (current_identity()).environments; END $$;

CREATE FUNCTION my_teams() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN RETURN ARRAY(SELECT team FROM team_members WHERE person = uid()); END $$;

CREATE FUNCTION managed_environments() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN RETURN ARRAY(SELECT environment FROM environment_managers WHERE person = uid()); END $$;

CREATE OR REPLACE FUNCTION may_manage_environment(asked uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        RETURN is_admin() OR EXISTS (SELECT FROM environment_managers WHERE environment = asked AND person = uid());
    END $$;

CREATE OR REPLACE FUNCTION may_use_environment(asked uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE asker uuid := uid();
    BEGIN
        RETURN asker IS NOT NULL AND (
            EXISTS (SELECT FROM environment_grants WHERE environment = asked AND (person = asker
                OR CASE WHEN team IS NULL THEN person IS NULL
                    ELSE team IN (SELECT m.team FROM team_members m WHERE m.person = asker) END))
            OR EXISTS (SELECT FROM environment_managers WHERE environment = asked AND person = asker));
    END $$;

-- Where `asker` sees everybody's jobs: as a manager, or by a grant that says so.
CREATE FUNCTION environments_seen_by(asker uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF asker IS NULL THEN RETURN '{}'; END IF;
        RETURN ARRAY(
            SELECT environment FROM environment_managers WHERE person = asker
            UNION
            SELECT environment FROM environment_grants WHERE sees = 'all' AND (person = asker
                OR CASE WHEN team IS NULL THEN person IS NULL
                    ELSE team IN (SELECT m.team FROM team_members m WHERE m.person = asker) END));
    END $$;

-- People with whom `asker` shares a team, and where their jobs are seen for that.
CREATE FUNCTION mates_seen_by(asker uuid) RETURNS TABLE (mate uuid, environments uuid[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        RETURN QUERY
            SELECT theirs.person, array_agg(DISTINCT g.environment)
            FROM team_members mine JOIN team_members theirs ON theirs.team = mine.team AND theirs.person <> mine.person
            JOIN environment_grants g ON g.sees = 'team' AND CASE WHEN g.team IS NULL
                THEN g.person IS NULL OR g.person = mine.person ELSE g.team = mine.team END
            WHERE mine.person = asker GROUP BY theirs.person;
    END $$;

CREATE FUNCTION seen_environments() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN RETURN environments_seen_by(uid()); END $$;

-- None for an admin, who sees all anyway.
CREATE FUNCTION seen_mates() RETURNS TABLE (mate uuid, environments uuid[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN IF NOT is_admin() THEN RETURN QUERY SELECT * FROM mates_seen_by(uid()); END IF; END $$;

CREATE FUNCTION may_stop_job(job_owner uuid, job_environment uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN RETURN job_owner = uid() OR may_manage_environment(job_environment); END $$;

CREATE FUNCTION sees_as_mate(job_environment uuid, job_owner uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        RETURN EXISTS (SELECT FROM mates_seen_by(uid()) s WHERE s.mate = job_owner AND job_environment = ANY (s.environments));
    END $$;

-- For the worker, which does for a person only what the person may.
CREATE FUNCTION person_sees_job(asker uuid, job_owner uuid, job_environment uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        RETURN EXISTS (SELECT FROM people p WHERE p.id = asker AND p.disabled_at IS NULL
            AND (asker = job_owner OR p.role = 'admin' OR job_environment = ANY (environments_seen_by(asker))
                OR EXISTS (SELECT FROM mates_seen_by(asker) s
                    WHERE s.mate = job_owner AND job_environment = ANY (s.environments))));
    END $$;

-- The owner's name of a job that one sees.
CREATE FUNCTION name_of(asked uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN RETURN (SELECT name FROM people WHERE id = asked AND (uid() IS NOT NULL OR session_user <> 'batchport_web')); END $$;

-- A team's name, to whoever meets it in a grant.
CREATE FUNCTION name_of_team(asked uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN RETURN (SELECT name FROM teams WHERE id = asked AND (uid() IS NOT NULL OR session_user <> 'batchport_web')); END $$;

-- By id or e-mail address, for those who may grant something; the command line may.
CREATE FUNCTION person_to_grant(asked text) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF session_user = 'batchport_web' AND NOT is_admin() AND cardinality(managed_environments()) = 0 THEN RETURN NULL; END IF;
        RETURN (SELECT id FROM people WHERE disabled_at IS NULL AND (id::text = lower(asked) OR lower(email) = lower(asked)));
    END $$;

CREATE FUNCTION team_to_grant(asked text) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF session_user = 'batchport_web' AND NOT is_admin() AND cardinality(managed_environments()) = 0 THEN RETURN NULL; END IF;
        RETURN (SELECT id FROM teams WHERE id::text = lower(asked) OR lower(name) = lower(asked) ORDER BY id::text = lower(asked) DESC LIMIT 1);
    END $$;

CREATE INDEX jobs_of_environment ON jobs (environment, submitted_at DESC, id DESC);

DROP POLICY own_or_admin ON jobs;
CREATE POLICY seen ON jobs FOR SELECT TO batchport_web
    USING (owner = (SELECT uid()) OR (SELECT is_admin()) OR environment = ANY ((SELECT seen_environments())::uuid[])
        OR sees_as_mate(environment, owner));
DROP POLICY own_or_admin_stop ON jobs;
CREATE POLICY own_or_managed_stop ON jobs FOR UPDATE TO batchport_web
    USING (owner = (SELECT uid()) OR (SELECT is_admin()) OR environment = ANY ((SELECT managed_environments())::uuid[]));
DROP POLICY with_job_stop ON children;
CREATE POLICY with_job_stop ON children FOR UPDATE TO batchport_web
    USING (EXISTS (SELECT FROM jobs j WHERE j.id = job AND (j.owner = (SELECT uid()) OR (SELECT is_admin())
        OR j.environment = ANY ((SELECT managed_environments())::uuid[]))));
CREATE POLICY within_token ON jobs AS RESTRICTIVE TO batchport_web
    USING (environment = ANY (coalesce((SELECT token_environments()), ARRAY[environment])));
CREATE POLICY within_token ON uploads AS RESTRICTIVE TO batchport_web
    USING (environment = ANY (coalesce((SELECT token_environments()), ARRAY[environment])));
CREATE POLICY within_token ON environments AS RESTRICTIVE TO batchport_web
    USING (id = ANY (coalesce((SELECT token_environments()), ARRAY[id])));
DROP POLICY own_or_admin ON environment_grants;
CREATE POLICY own_or_managed ON environment_grants FOR SELECT TO batchport_web
    USING ((SELECT uid()) IS NOT NULL AND (person = (SELECT uid()) OR (person IS NULL AND team IS NULL)
        OR team = ANY ((SELECT my_teams())::uuid[]) OR (SELECT is_admin())
        OR environment = ANY ((SELECT managed_environments())::uuid[])));

-- Signing in.

DROP FUNCTION password_of(text);
CREATE FUNCTION password_of(asked_email text)
    RETURNS TABLE (person uuid, password text, failures int, is_locked boolean, has_factor boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    SELECT id, password, failures, coalesce(locked_until > now(), false), factor IS NOT NULL FROM people
    WHERE lower(email) = lower(asked_email) AND disabled_at IS NULL AND kind = 'person'
    $$;

CREATE FUNCTION lock_of(of_person uuid) RETURNS TABLE (failures int, is_locked boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT failures, coalesce(locked_until > now(), false) FROM people WHERE id = of_person $$;

CREATE OR REPLACE FUNCTION password_failed(of_person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    UPDATE people SET failures = least(failures + 1, 100),
        locked_until = CASE WHEN failures + 1 >= 10
            THEN now() + least(interval '1 hour', interval '30 seconds' * power(2, least(failures - 9, 7))) END
    WHERE id = of_person;
    INSERT INTO audit (by_process, action, subject_kind, subject) VALUES ('web', 'signIn.failed', 'person', of_person)
    $$;

DROP FUNCTION open_session(uuid, bytea, text, bytea);
CREATE FUNCTION open_session(
        of_person uuid, new_token_hash bytea, agent text, replacing bytea, with_factor boolean DEFAULT false)
    RETURNS uuid
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    UPDATE people SET failures = 0, locked_until = NULL WHERE id = of_person;
    UPDATE sessions SET ended_at = now() WHERE token_hash = replacing AND ended_at IS NULL;
    WITH opened AS (
        INSERT INTO sessions (person, token_hash, user_agent, factor, idle, ends_at)
        SELECT id, new_token_hash, left(agent, 256), with_factor,
            make_interval(secs => site_limit(
                CASE role WHEN 'admin' THEN 'session.adminIdleSeconds' ELSE 'session.idleSeconds' END)),
            now() + make_interval(secs => site_limit(
                CASE role WHEN 'admin' THEN 'session.adminAbsoluteSeconds' ELSE 'session.absoluteSeconds' END))
        FROM people WHERE id = of_person AND disabled_at IS NULL AND kind = 'person'
            AND (with_factor OR factor IS NULL)
        RETURNING id, person),
    told AS (
        INSERT INTO audit (actor, by_process, action, subject_kind, subject, detail)
        SELECT person, 'web', 'session.opened', 'session', id, jsonb_build_object('secondFactor', with_factor) FROM opened)
    SELECT id FROM opened
    $$;

-- A new secret for the session that asks; the one before is worth nothing from here on.
CREATE FUNCTION renew_session(new_token_hash bytea, with_factor boolean) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    UPDATE sessions SET token_hash = new_token_hash, authenticated_at = now(), factor = factor OR with_factor
    WHERE id = (SELECT (current_identity()).session)
    $$;

CREATE FUNCTION end_other_sessions() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    UPDATE sessions SET ended_at = now()
    WHERE person = uid() AND ended_at IS NULL AND id IS DISTINCT FROM (SELECT (current_identity()).session)
    $$;

CREATE FUNCTION factor_of(of_person uuid) RETURNS TABLE (sealed bytea, step bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT factor, factor_step FROM people WHERE id = of_person AND factor IS NOT NULL AND disabled_at IS NULL $$;

-- Each step's code is good once, whoever comes first.
CREATE FUNCTION use_factor_step(of_person uuid, new_step bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        UPDATE people SET factor_step = new_step WHERE id = of_person AND factor IS NOT NULL AND factor_step < new_step;
        RETURN FOUND;
    END $$;

CREATE FUNCTION use_recovery_code(of_person uuid, presented bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        UPDATE recovery_codes SET used_at = now() WHERE person = of_person AND code_hash = presented AND used_at IS NULL;
        RETURN FOUND;
    END $$;

-- Sets the asker's second factor and recovery codes, or only new codes where `sealed` is null; the asker's other sessions end.
CREATE FUNCTION set_factor(sealed bytea, used_step bigint, codes text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF (current_identity()).session IS NULL THEN RAISE insufficient_privilege; END IF;
        UPDATE people SET factor = coalesce(sealed, factor), factor_at = CASE WHEN sealed IS NULL THEN factor_at ELSE now() END,
            factor_step = greatest(factor_step, used_step) WHERE id = uid();
        DELETE FROM recovery_codes WHERE person = uid();
        INSERT INTO recovery_codes (person, code_hash) SELECT uid(), decode(c, 'hex') FROM unnest(codes) c;
        PERFORM end_other_sessions();
    END $$;

-- A member's choice; an admin's is not.
CREATE FUNCTION remove_factor() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        UPDATE people SET factor = NULL, factor_at = NULL
        WHERE id = uid() AND role = 'member' AND (SELECT (current_identity()).session) IS NOT NULL;
        IF NOT FOUND THEN RETURN false; END IF;
        DELETE FROM recovery_codes WHERE person = uid();
        PERFORM end_other_sessions();
        RETURN true;
    END $$;

CREATE FUNCTION my_recovery_codes() RETURNS int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT count(*)::int FROM recovery_codes WHERE person = uid() AND used_at IS NULL $$;

CREATE FUNCTION change_me(new_name text, new_password text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF (current_identity()).session IS NULL THEN RAISE insufficient_privilege; END IF;
        UPDATE people SET name = coalesce(new_name, name), password = coalesce(new_password, password) WHERE id = uid();
        IF new_password IS NOT NULL THEN PERFORM end_other_sessions(); END IF;
    END $$;

-- What a link's page may say before its code is used.
CREATE FUNCTION one_time_link(presented bytea) RETURNS TABLE (kind text, email text, name text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    SELECT l.kind, coalesce(p.email, l.email), coalesce(p.name, l.name)
    FROM one_time_links l LEFT JOIN people p ON p.id = l.person
    WHERE l.code_hash = presented AND l.used_at IS NULL AND l.withdrawn_at IS NULL AND l.expires_at > now()
        AND (p.id IS NULL OR p.disabled_at IS NULL)
    $$;

-- Makes the person, or gives one a new password without a second factor; null where the code is not good (any more).
CREATE FUNCTION use_one_time_link(presented bytea, new_name text, new_password text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        link one_time_links;
        whose uuid;
    BEGIN
        UPDATE one_time_links l SET used_at = now()
        WHERE code_hash = presented AND EXISTS (SELECT FROM one_time_link(presented)) RETURNING * INTO link;
        IF NOT FOUND THEN RETURN NULL; END IF;
        IF link.kind = 'invitation' THEN
            INSERT INTO people (email, name, role, password) VALUES (link.email, new_name, link.role, new_password)
                RETURNING id INTO whose;
            INSERT INTO team_members (team, person) SELECT t.id, whose FROM teams t WHERE t.id = ANY (link.teams);
        ELSE
            whose := link.person;
            UPDATE people SET password = new_password, factor = NULL, factor_at = NULL, failures = 0, locked_until = NULL
                WHERE id = whose;
            DELETE FROM recovery_codes WHERE person = whose;
            UPDATE sessions SET ended_at = now() WHERE person = whose AND ended_at IS NULL;
        END IF;
        INSERT INTO audit (by_process, action, subject_kind, subject, detail)
        VALUES ('web', CASE link.kind WHEN 'invitation' THEN 'person.joined' ELSE 'person.recovered' END, 'person', whose,
            jsonb_build_object('link', link.id));
        RETURN whose;
    END $$;

-- What admins do with people. Each answers `done`, `absent`, or `lastAdmin` where nobody would be left to administer.

CREATE FUNCTION is_last_admin(target uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('claim_first_admin'));
        RETURN NOT EXISTS (SELECT FROM people WHERE role = 'admin' AND disabled_at IS NULL AND id <> target);
    END $$;

CREATE FUNCTION set_role(target uuid, new_role text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        IF new_role <> 'admin' AND is_last_admin(target) THEN RETURN 'lastAdmin'; END IF;
        UPDATE people SET role = new_role WHERE id = target AND kind = 'person' AND deleted_at IS NULL AND role <> new_role;
        IF NOT FOUND THEN RETURN 'absent'; END IF;
        UPDATE sessions SET ended_at = now() WHERE person = target AND ended_at IS NULL;
        RETURN 'done';
    END $$;

CREATE FUNCTION disable_person(target uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        IF is_last_admin(target) THEN RETURN 'lastAdmin'; END IF;
        UPDATE people SET disabled_at = now() WHERE id = target AND disabled_at IS NULL;
        IF NOT FOUND THEN RETURN 'absent'; END IF;
        UPDATE sessions SET ended_at = now() WHERE person = target AND ended_at IS NULL;
        UPDATE tokens SET revoked_at = now() WHERE person = target AND revoked_at IS NULL;
        UPDATE one_time_links SET withdrawn_at = now() WHERE person = target AND used_at IS NULL AND withdrawn_at IS NULL;
        RETURN 'done';
    END $$;

CREATE FUNCTION enable_person(target uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        UPDATE people SET disabled_at = NULL, failures = 0, locked_until = NULL
        WHERE id = target AND disabled_at IS NOT NULL AND deleted_at IS NULL;
        RETURN CASE WHEN FOUND THEN 'done' ELSE 'absent' END;
    END $$;

-- Only of a disabled person. Secrets go at once; the worker destroys the key under which copies of them may lie elsewhere.
CREATE FUNCTION delete_person(target uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
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
        PERFORM enqueue_task('destroyOwnerKey', jsonb_build_object('person', target), 'ordinary', NULL,
            'destroyOwnerKey/' || target, 25);
        RETURN 'done';
    END $$;

CREATE FUNCTION add_service(new_id uuid, new_name text, in_team uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        INSERT INTO people (id, email, name, role, password, kind, team)
        VALUES (new_id, 'service:' || new_name, new_name, 'member', '', 'service', in_team);
        INSERT INTO team_members (team, person) VALUES (in_team, new_id);
    END $$;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['teams', 'team_members', 'environment_managers', 'recovery_codes', 'one_time_links'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO batchport_migrate USING (true) WITH CHECK (true)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['teams', 'team_members', 'environment_managers', 'one_time_links'] LOOP
        EXECUTE format('CREATE POLICY admins ON %I TO batchport_web
            USING ((SELECT is_admin())) WITH CHECK ((SELECT is_admin()))', t);
    END LOOP;
END $$;
CREATE POLICY own ON teams FOR SELECT TO batchport_web USING (id = ANY ((SELECT my_teams())::uuid[]));
CREATE POLICY own ON team_members FOR SELECT TO batchport_web USING (person = (SELECT uid()));
CREATE POLICY own ON environment_managers FOR SELECT TO batchport_web USING (person = (SELECT uid()));
CREATE POLICY of_services ON tokens TO batchport_web
    USING ((SELECT is_admin()) AND EXISTS (SELECT FROM people p WHERE p.id = person AND p.kind = 'service'))
    WITH CHECK ((SELECT is_admin()) AND EXISTS (SELECT FROM people p WHERE p.id = person AND p.kind = 'service'));

GRANT SELECT (kind, team, factor_at, deleted_at) ON people TO batchport_web;
GRANT SELECT (factor, idle, ends_at) ON sessions TO batchport_web;
GRANT SELECT (environments), INSERT (id, environments) ON tokens TO batchport_web;
GRANT SELECT, INSERT (id, name), UPDATE (name), DELETE ON teams TO batchport_web;
GRANT INSERT (team, sees) ON environment_grants TO batchport_web;
GRANT SELECT, INSERT, DELETE ON team_members, environment_managers TO batchport_web;
GRANT SELECT (id, kind, person, email, name, role, teams, made_by, made_at, expires_at, used_at, withdrawn_at),
    INSERT (id, code_hash, kind, person, email, name, role, teams, made_by, expires_at), UPDATE (withdrawn_at)
    ON one_time_links TO batchport_web;
GRANT EXECUTE ON FUNCTION token_environments, my_teams, managed_environments, seen_environments,
    seen_mates, may_stop_job, sees_as_mate, name_of, name_of_team, person_to_grant, team_to_grant, password_of, lock_of, open_session, renew_session, end_other_sessions, factor_of,
    use_factor_step, use_recovery_code, set_factor, remove_factor, my_recovery_codes, change_me, one_time_link,
    use_one_time_link, set_role, disable_person, enable_person, delete_person, add_service, set_limit TO batchport_web;
GRANT EXECUTE ON FUNCTION person_sees_job TO batchport_worker;
