-- Where jobs run: bucket, job definition, job queue, and whose identity signs.

CREATE TABLE environments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    description text NOT NULL DEFAULT '',
    region text NOT NULL,
    account text NOT NULL,
    io_bucket text NOT NULL,
    prefix text NOT NULL DEFAULT 'batchport/' CHECK (prefix ~ '^([A-Za-z0-9._-]+/)*$'),
    job_definition text NOT NULL,
    job_queue text NOT NULL,
    service_object text NOT NULL CHECK (service_object IN ('automatic', 'credential')),
    credential uuid REFERENCES credentials,
    languages text[] NOT NULL,
    mib_per_vcpu int NOT NULL DEFAULT 2048 CHECK (mib_per_vcpu >= 0),
    mib_per_gpu int NOT NULL DEFAULT 8192 CHECK (mib_per_gpu >= 0),
    floor_mib int NOT NULL DEFAULT 512 CHECK (floor_mib >= 4),
    max_memory_mib int NOT NULL DEFAULT 16384,
    max_vcpus int NOT NULL DEFAULT 4,
    max_gpus int NOT NULL DEFAULT 0,
    max_seconds int,
    inline_bytes bigint NOT NULL DEFAULT 67108864,
    max_upload_bytes bigint NOT NULL DEFAULT 5368709120,
    is_local boolean NOT NULL DEFAULT false,
    enabled boolean NOT NULL DEFAULT true,
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- What the last check saw: findings [{name, ok, detail, remedy}], the definition as it stood, its revision's ARN.
    checked_at timestamptz,
    findings jsonb,
    healthy boolean,
    definition jsonb,
    definition_arn text,
    CHECK ((service_object = 'credential') = (credential IS NOT NULL))
);
CREATE UNIQUE INDEX environments_name ON environments (name);

-- person null = everyone.
CREATE TABLE environment_grants (
    environment uuid NOT NULL REFERENCES environments ON DELETE CASCADE,
    person uuid REFERENCES people
);
CREATE UNIQUE INDEX environment_grants_one ON environment_grants (environment, person) NULLS NOT DISTINCT;

CREATE FUNCTION may_use_environment(asked uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE asker uuid := uid();
    BEGIN
        RETURN asker IS NOT NULL AND EXISTS (
            SELECT FROM environment_grants WHERE environment = asked AND (person IS NULL OR person = asker));
    END $$;

-- How fresh AWS's word is: one row per account and region, written once a sweep.
CREATE TABLE sweeps (
    account text NOT NULL,
    region text NOT NULL,
    checked_at timestamptz NOT NULL,
    trouble text,
    trouble_since timestamptz,
    PRIMARY KEY (account, region)
);

ALTER TABLE environments ENABLE ROW LEVEL SECURITY;
ALTER TABLE environments FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON environments TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY granted ON environments FOR SELECT TO batchport_web
    USING ((SELECT is_admin()) OR may_use_environment(id));
CREATE POLICY worker ON environments TO batchport_worker USING (true) WITH CHECK (true);
ALTER TABLE environment_grants ENABLE ROW LEVEL SECURITY;
ALTER TABLE environment_grants FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON environment_grants TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY own_or_admin ON environment_grants FOR SELECT TO batchport_web
    USING ((SELECT uid()) IS NOT NULL AND (person IS NULL OR person = (SELECT uid()) OR (SELECT is_admin())));
ALTER TABLE sweeps ENABLE ROW LEVEL SECURITY;
ALTER TABLE sweeps FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON sweeps TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY worker ON sweeps TO batchport_worker USING (true) WITH CHECK (true);
CREATE POLICY signed_in ON sweeps FOR SELECT TO batchport_web USING ((SELECT uid()) IS NOT NULL);

GRANT SELECT ON environments, environment_grants, sweeps TO batchport_web, batchport_worker;
GRANT UPDATE (checked_at, findings, healthy, definition, definition_arn) ON environments TO batchport_worker;
GRANT INSERT, UPDATE ON sweeps TO batchport_worker;
GRANT EXECUTE ON FUNCTION may_use_environment TO batchport_web;
