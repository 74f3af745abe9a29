-- A credential for one job alone, who signs once that is gone, what a job gets from its environment, and how many
-- jobs an environment takes.

-- `job`: entered for that submission; gone with the job, or once it is settled where that was asked for.
ALTER TABLE credentials
    ADD job uuid REFERENCES jobs ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    ADD forget_after_capture boolean NOT NULL DEFAULT false;
CREATE INDEX credentials_of_job ON credentials (job) WHERE job IS NOT NULL;
DROP INDEX credentials_name;
CREATE UNIQUE INDEX credentials_name ON credentials (owner, lower(name)) WHERE deleted_at IS NULL AND job IS NULL;
GRANT SELECT (job, forget_after_capture), INSERT (job, forget_after_capture) ON credentials TO batchport_web;

-- Whoever settles a job, the credential that was to be forgotten then is forgotten in the same transaction.
CREATE FUNCTION jobs_forget_credential() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        UPDATE credentials SET deleted_at = now(), ingress = NULL, sealed = NULL
        WHERE job = NEW.id AND forget_after_capture AND deleted_at IS NULL;
        RETURN NULL;
    END $$;
CREATE TRIGGER jobs_settled AFTER UPDATE OF settled_at ON jobs FOR EACH ROW
    WHEN (OLD.settled_at IS NULL AND NEW.settled_at IS NOT NULL) EXECUTE FUNCTION jobs_forget_credential();

-- As the environment had them when the job came in: plain variables, and of sealed ones that they are there.
ALTER TABLE jobs
    ADD environment_variables jsonb NOT NULL DEFAULT '{}',
    ADD forced_tags jsonb NOT NULL DEFAULT '{}';
CREATE OR REPLACE FUNCTION jobs_know_environment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        SELECT name, environments.is_local, environments.variables, environments.forced_tags
        INTO NEW.environment_name, NEW.is_local, NEW.environment_variables, NEW.forced_tags
        FROM environments WHERE id = NEW.environment;
        RETURN NEW;
    END $$;

CREATE INDEX jobs_unsettled_there ON jobs (environment, owner) WHERE settled_at IS NULL;
CREATE INDEX jobs_newest_there ON jobs (environment, submitted_at DESC);

-- Which of an environment's limits on the number of jobs leave no room for one more of the asker's. Each count ends at
-- its limit.
CREATE FUNCTION environment_is_full(asked uuid) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        e environments;
        full_limits text[] := '{}';
        asker uuid := uid();
        day timestamptz := now() - interval '1 day';
    BEGIN
        SELECT * INTO e FROM environments WHERE id = asked;
        IF (SELECT count(*) FROM (SELECT FROM jobs WHERE environment = asked AND settled_at IS NULL
                LIMIT e.max_concurrent_jobs) j) >= e.max_concurrent_jobs
            THEN full_limits := array_append(full_limits, 'concurrentJobs'); END IF;
        IF (SELECT count(*) FROM (SELECT FROM jobs WHERE environment = asked AND owner = asker AND settled_at IS NULL
                LIMIT e.max_concurrent_jobs_person) j) >= e.max_concurrent_jobs_person
            THEN full_limits := array_append(full_limits, 'concurrentJobsPerPerson'); END IF;
        IF (SELECT count(*) FROM (SELECT FROM jobs WHERE environment = asked AND submitted_at > day
                LIMIT e.max_jobs_day) j) >= e.max_jobs_day
            THEN full_limits := array_append(full_limits, 'jobsPerDay'); END IF;
        IF (SELECT count(*) FROM (SELECT FROM jobs WHERE environment = asked AND owner = asker AND submitted_at > day
                LIMIT e.max_jobs_day_person) j) >= e.max_jobs_day_person
            THEN full_limits := array_append(full_limits, 'jobsPerDayPerPerson'); END IF;
        RETURN full_limits;
    END $$;

-- The way in for one job, held to the transaction's end: nobody edits or deletes the environment meanwhile, and where
-- jobs are counted, one comes in after the other. No row: there is no such environment any more, or not for the asker.
CREATE FUNCTION enter_environment(asked uuid) RETURNS TABLE (version int, full_limits text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE e environments;
    BEGIN
        SELECT * INTO e FROM environments WHERE id = asked AND deleted_at IS NULL AND enabled FOR KEY SHARE;
        IF NOT FOUND OR NOT may_use_environment(asked) THEN RETURN; END IF;
        IF coalesce(e.max_concurrent_jobs, e.max_concurrent_jobs_person, e.max_jobs_day, e.max_jobs_day_person)
            IS NOT NULL THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('environment/' || asked, 0));
        END IF;
        RETURN QUERY SELECT e.version, environment_is_full(asked);
    END $$;

GRANT EXECUTE ON FUNCTION environment_is_full, enter_environment TO batchport_web;
GRANT EXECUTE ON FUNCTION jobs_forget_credential TO batchport_web, batchport_worker;
