-- How many tokens, credentials and ExternalIds one person may have: all of them fit on the page that lists them.

INSERT INTO limits (name, value, meaning, least, most) VALUES
    ('token.mostPerPerson', 100, 'Tokens in force of one person or service account', 1, 500),
    ('credential.mostPerPerson', 50, 'Credentials kept of one person; those entered for one job are not counted', 1, 500),
    ('credential.mostExternalIDs', 100, 'AWS accounts for which one person has an ExternalId; they are never taken back', 1, 1000);

-- One after the other of the same person, so that two at once do not both see the last place free.
CREATE FUNCTION tokens_have_a_quota() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('quota/' || NEW.person, 0));
        IF (SELECT count(*) FROM tokens WHERE person = NEW.person AND revoked_at IS NULL AND expires_at > now())
                >= site_limit('token.mostPerPerson') THEN
            RAISE EXCEPTION 'too many tokens' USING ERRCODE = 'check_violation', CONSTRAINT = 'token.mostPerPerson';
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER tokens_quota BEFORE INSERT ON tokens FOR EACH ROW EXECUTE FUNCTION tokens_have_a_quota();

CREATE FUNCTION credentials_have_a_quota() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('quota/' || NEW.owner, 0));
        IF (SELECT count(*) FROM credentials WHERE owner = NEW.owner AND deleted_at IS NULL AND job IS NULL)
                >= site_limit('credential.mostPerPerson') THEN
            RAISE EXCEPTION 'too many credentials'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'credential.mostPerPerson';
        END IF;
        RETURN NEW;
    END $$;
CREATE TRIGGER credentials_quota BEFORE INSERT ON credentials FOR EACH ROW WHEN (NEW.job IS NULL)
    EXECUTE FUNCTION credentials_have_a_quota();

REVOKE EXECUTE ON FUNCTION tokens_have_a_quota, credentials_have_a_quota FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tokens_have_a_quota, credentials_have_a_quota TO batchport_web, batchport_worker;

-- The asker's own. NULL where they have as many accounts as the limit says.
CREATE OR REPLACE FUNCTION my_external_id(asked text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF uid() IS NULL THEN RAISE insufficient_privilege; END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended('quota/' || uid(), 0));
        IF NOT EXISTS (SELECT FROM external_ids WHERE owner = uid() AND account = asked)
            AND (SELECT count(*) FROM external_ids WHERE owner = uid()) >= site_limit('credential.mostExternalIDs')
        THEN RETURN NULL; END IF;
        RETURN make_external_id(uid(), asked);
    END $$;

-- All that programs have of somebody; answers how many there were.
CREATE FUNCTION end_tokens_of(target uuid) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE ended int;
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        UPDATE tokens SET revoked_at = now() WHERE person = target AND revoked_at IS NULL;
        GET DIAGNOSTICS ended = ROW_COUNT;
        RETURN ended;
    END $$;
CREATE FUNCTION count_tokens_of(target uuid) RETURNS int
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT is_admin() THEN RAISE insufficient_privilege; END IF;
        RETURN (SELECT count(*) FROM tokens WHERE person = target AND revoked_at IS NULL AND expires_at > now());
    END $$;
REVOKE EXECUTE ON FUNCTION end_tokens_of, count_tokens_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_tokens_of, count_tokens_of TO batchport_web;
