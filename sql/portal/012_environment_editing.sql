-- Environments that an admin makes, edits and takes away; what they may be used for; who changed what.

ALTER TABLE environments
    ADD custodian uuid REFERENCES credentials,
    -- Most jobs at once and in 24 hours: of everyone together, and of one person.
    ADD max_concurrent_jobs int CHECK (max_concurrent_jobs >= 1),
    ADD max_concurrent_jobs_person int CHECK (max_concurrent_jobs_person >= 1),
    ADD max_jobs_day int CHECK (max_jobs_day >= 1),
    ADD max_jobs_day_person int CHECK (max_jobs_day_person >= 1),
    ADD forced_tags jsonb NOT NULL DEFAULT '{}',
    -- A plain one is a string, a sealed one {"sealed": version}; its value lies in environment_secrets.
    ADD variables jsonb NOT NULL DEFAULT '{}',
    ADD disabled_message text NOT NULL DEFAULT '',
    ADD changed_at timestamptz NOT NULL DEFAULT now(),
    ADD changed_by uuid REFERENCES people,
    -- The row stays, since jobs name it.
    ADD deleted_at timestamptz,
    DROP CONSTRAINT environments_service_object_check,
    ADD CONSTRAINT environments_service_object_check CHECK (service_object IN ('automatic', 'new', 'credential'));
DROP INDEX environments_name;
CREATE UNIQUE INDEX environments_name ON environments (name) WHERE deleted_at IS NULL;

-- Each version as it was made, as the API shows it.
CREATE TABLE environment_versions (
    environment uuid NOT NULL REFERENCES environments,
    version int NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    -- NULL: from the command line.
    by uuid REFERENCES people,
    document jsonb NOT NULL,
    PRIMARY KEY (environment, version)
);

-- Values of sealed variables: as the web sealed them (`ingress`) until the worker seals them again (record format 1).
CREATE TABLE environment_secrets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    environment uuid NOT NULL REFERENCES environments,
    name text NOT NULL,
    version int NOT NULL,
    ingress bytea,
    sealed bytea,
    UNIQUE (environment, name)
);

-- Who may edit it and see its history.
CREATE FUNCTION may_manage_environment(asked uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ BEGIN RETURN is_admin(); END $$;

-- Answers `deleted`, `absent`, `changed` since the version that was seen, or `busy` while a job there is not settled.
CREATE FUNCTION delete_environment(asked uuid, seen int) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE found_version int;
    BEGIN
        SELECT version INTO found_version FROM environments WHERE id = asked AND deleted_at IS NULL FOR UPDATE;
        IF NOT FOUND OR NOT may_manage_environment(asked) THEN RETURN 'absent'; END IF;
        IF seen IS NOT NULL AND seen <> found_version THEN RETURN 'changed'; END IF;
        IF EXISTS (SELECT FROM jobs WHERE environment = asked AND settled_at IS NULL) THEN RETURN 'busy'; END IF;
        UPDATE environments SET deleted_at = now(), enabled = false, credential = NULL, custodian = NULL,
            service_object = 'automatic', changed_by = uid(), changed_at = now() WHERE id = asked;
        DELETE FROM environment_grants WHERE environment = asked;
        DELETE FROM environment_secrets WHERE environment = asked;
        RETURN 'deleted';
    END $$;

DROP POLICY granted ON environments;
CREATE POLICY granted ON environments FOR SELECT TO batchport_web
    USING (deleted_at IS NULL AND ((SELECT is_admin()) OR may_use_environment(id)));
CREATE POLICY managed_new ON environments FOR INSERT TO batchport_web WITH CHECK ((SELECT is_admin()));
CREATE POLICY managed ON environments FOR UPDATE TO batchport_web
    USING (may_manage_environment(id)) WITH CHECK (may_manage_environment(id));
CREATE POLICY managed_new ON environment_grants FOR INSERT TO batchport_web
    WITH CHECK (may_manage_environment(environment));
CREATE POLICY managed_gone ON environment_grants FOR DELETE TO batchport_web
    USING (may_manage_environment(environment));

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['environment_versions', 'environment_secrets'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO batchport_migrate USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY worker ON %I TO batchport_worker USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY managed ON %I TO batchport_web
            USING (may_manage_environment(environment)) WITH CHECK (may_manage_environment(environment))', t);
    END LOOP;
END $$;

GRANT INSERT (id, name, description, region, account, io_bucket, prefix, job_definition, job_queue, service_object,
    credential, custodian, languages, mib_per_vcpu, mib_per_gpu, floor_mib, max_memory_mib, max_vcpus, max_gpus,
    max_seconds, max_children, max_concurrent_jobs, max_concurrent_jobs_person, max_jobs_day, max_jobs_day_person,
    inline_bytes, max_upload_bytes, forced_tags, variables, is_local, enabled, disabled_message, changed_by)
    ON environments TO batchport_web;
GRANT UPDATE (name, description, region, account, io_bucket, prefix, job_definition, job_queue, service_object,
    credential, custodian, languages, mib_per_vcpu, mib_per_gpu, floor_mib, max_memory_mib, max_vcpus, max_gpus,
    max_seconds, max_children, max_concurrent_jobs, max_concurrent_jobs_person, max_jobs_day, max_jobs_day_person,
    inline_bytes, max_upload_bytes, forced_tags, variables, is_local, enabled, disabled_message, changed_by,
    changed_at, version, definition, definition_arn, findings, healthy, checked_at)
    ON environments TO batchport_web;
GRANT INSERT, DELETE ON environment_grants TO batchport_web;
GRANT SELECT, INSERT (environment, version, by, document) ON environment_versions TO batchport_web;
GRANT SELECT (id, environment, name, version), INSERT (id, environment, name, version, ingress),
    UPDATE (version, ingress, sealed), DELETE ON environment_secrets TO batchport_web;
GRANT SELECT, UPDATE (ingress, sealed) ON environment_secrets TO batchport_worker;
GRANT EXECUTE ON FUNCTION may_manage_environment, delete_environment TO batchport_web;
