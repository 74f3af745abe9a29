-- Roles that the portal assumes, beside access keys: no secret of theirs is kept, only who may be asked for, and by which
-- ExternalId. Temporary access keys say when they end.

ALTER TABLE credentials
    DROP CONSTRAINT credentials_kind_check,
    ADD CONSTRAINT credentials_kind_check CHECK (kind IN ('accessKey', 'role')),
    ALTER access_key_hint DROP NOT NULL,
    ADD role_arn text CHECK (length(role_arn) BETWEEN 20 AND 2048),
    -- The role was seen to refuse whoever does not know its ExternalId. Until then it signs nothing.
    ADD proven_at timestamptz,
    -- Of a temporary access key, where its owner says so.
    ADD expires_at timestamptz,
    ADD CONSTRAINT credentials_of_kind CHECK (CASE kind
        WHEN 'role' THEN role_arn IS NOT NULL AND access_key_hint IS NULL AND ingress IS NULL AND sealed IS NULL
            AND expires_at IS NULL AND job IS NULL
        ELSE role_arn IS NULL AND access_key_hint IS NOT NULL AND proven_at IS NULL END);
GRANT SELECT (role_arn, proven_at, expires_at), INSERT (role_arn, expires_at) ON credentials TO batchport_web;
CREATE INDEX jobs_unsettled_credential ON jobs (credential) WHERE settled_at IS NULL;

-- One for each AWS account of each person, made here and never changed: another person's portal does not get into a role
-- that this one's lets in, nor does the same portal on behalf of somebody else (the confused deputy).
CREATE TABLE external_ids (
    owner uuid NOT NULL REFERENCES people,
    account text NOT NULL CHECK (account ~ '^[0-9]{12}$'),
    value text NOT NULL UNIQUE CHECK (length(value) = 40),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, account)
);

-- 160 of 244 random bits, which are the server's: nobody chooses one.
CREATE FUNCTION make_external_id(for_owner uuid, asked text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        INSERT INTO external_ids (owner, account, value) VALUES (for_owner, asked,
            left(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'), 40))
        ON CONFLICT (owner, account) DO NOTHING;
        RETURN (SELECT value FROM external_ids WHERE owner = for_owner AND account = asked);
    END $$;

-- The asker's own. NULL where they have a hundred accounts already.
CREATE FUNCTION my_external_id(asked text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF uid() IS NULL THEN RAISE insufficient_privilege; END IF;
        IF (SELECT count(*) FROM external_ids WHERE owner = uid() AND account <> asked) >= 100 THEN RETURN NULL; END IF;
        RETURN make_external_id(uid(), asked);
    END $$;

CREATE FUNCTION external_ids_are_kept() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public
    AS $$ BEGIN RAISE EXCEPTION 'an ExternalId is never changed' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE TRIGGER external_ids_kept BEFORE UPDATE ON external_ids FOR EACH ROW EXECUTE FUNCTION external_ids_are_kept();

-- Who the worker is at AWS when it assumes roles, by its own word: the trust policies name this ARN.
CREATE TABLE portal_identity (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    arn text,
    account text,
    trouble text,
    checked_at timestamptz NOT NULL
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['external_ids', 'portal_identity'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO batchport_migrate USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY worker ON %I TO batchport_worker USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;
CREATE POLICY own ON external_ids FOR SELECT TO batchport_web USING (owner = (SELECT uid()));
CREATE POLICY all_read ON portal_identity FOR SELECT TO batchport_web USING (true);

GRANT SELECT ON external_ids, portal_identity TO batchport_web, batchport_worker;
GRANT INSERT, UPDATE ON portal_identity TO batchport_worker;
GRANT EXECUTE ON FUNCTION my_external_id TO batchport_web;
GRANT EXECUTE ON FUNCTION external_ids_are_kept TO batchport_web, batchport_worker;
