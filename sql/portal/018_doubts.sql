-- Submissions that had no definite answer, what was done about jobs, and whether this is still the same database.

INSERT INTO limits (name, value, meaning) VALUES
    ('submission.doubtSeconds', 3600, 'A submission without a definite answer is looked for so long, in case it was accepted twice'),
    ('submission.doubtPeriodSeconds', 30, 'How often AWS is asked about such submissions');

-- What Batchport did about a job, or found out, beside AWS's statuses.
CREATE TABLE job_notes (
    job uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    n int GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL CHECK (kind IN
        ('checking', 'adopted', 'sentAgain', 'held', 'resumed', 'duplicateStopped', 'duplicateFound', 'restored')),
    detail text NOT NULL,
    PRIMARY KEY (job, n)
);

-- A row for each, until AWS cannot list anything more of it. `settled` ids of AWS's have been dealt with.
CREATE TABLE doubts (
    job uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    account text NOT NULL,
    region text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    settled text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX doubts_place ON doubts (account, region);

-- Who can mend what a held job waits for, and how.
ALTER TABLE jobs
    ADD COLUMN held_cause text CHECK (held_cause IN
        ('credentialDeleted', 'credentialUnreadable', 'credentialRefused', 'vaultSealed', 'environmentDisabled')),
    ADD COLUMN held_remedy text,
    ADD COLUMN held_who text;
CREATE INDEX jobs_held ON jobs (credential) WHERE phase = 'held' AND settled_at IS NULL;

-- Where the rows were when workers last looked: server, its timeline, database and table. A restored backup, a promoted
-- replica and a copy are elsewhere.
CREATE TABLE origin (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    mark text NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION origin_mark() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8),
        (SELECT oid FROM pg_database WHERE datname = current_database()), 'public.tasks'::regclass::oid)
    $$;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['job_notes', 'doubts', 'origin'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO batchport_migrate USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY worker ON %I TO batchport_worker USING (true) WITH CHECK (true)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO batchport_worker', t);
    END LOOP;
END $$;
CREATE POLICY with_job ON job_notes FOR SELECT TO batchport_web
    USING (EXISTS (SELECT FROM jobs WHERE jobs.id = job_notes.job));
GRANT SELECT ON job_notes TO batchport_web;
GRANT EXECUTE ON FUNCTION origin_mark TO batchport_worker;
