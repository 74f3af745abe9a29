-- Following many jobs: what AWS's last word was, who is looking, and changes in an order that a reader can go on from.

ALTER TABLE jobs
    -- Attempts that had ended by AWS's last word: a word that knows of fewer is an older one.
    ADD attempts_ended int NOT NULL DEFAULT 0,
    -- Of all that AWS said last: the same word again changes nothing.
    ADD sighting bigint,
    -- What jobs of this name, environment and definition took before; set once it runs.
    ADD expected_seconds int,
    -- Since when AWS has said a status that we do not know.
    ADD strange_since timestamptz,
    -- When AWS was asked about this settled job and no longer knew it.
    ADD forgotten_at timestamptz,
    ADD changed_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX jobs_on_their_way ON jobs (account, region, status_since)
    WHERE phase = 'sent' AND settled_at IS NULL AND status NOT IN ('Succeeded', 'Failed');
CREATE INDEX jobs_unseen ON jobs (account, region) WHERE unseen_since IS NOT NULL AND settled_at IS NULL;
CREATE INDEX jobs_changed_of_owner ON jobs (owner, change);
CREATE INDEX jobs_to_be_forgotten ON jobs (credential, settled_at)
    WHERE phase = 'sent' AND settled_at IS NOT NULL AND forgotten_at IS NULL;
CREATE INDEX jobs_succeeded ON jobs (environment, job_definition, name, stopped_at DESC) WHERE status = 'Succeeded';

ALTER TABLE sweeps
    -- The quick sweep's own time, the survey's, and until when the survey reads no lists.
    ADD swept_at timestamptz,
    ADD surveyed_at timestamptz,
    ADD list_after timestamptz;

INSERT INTO limits (name, value, meaning) VALUES
    ('track.shortestMilliseconds', 500, 'AWS is asked about one job at most this often'),
    ('track.longestMilliseconds', 20000, 'AWS is asked about every job at least this often'),
    ('track.ageShare', 20, 'AWS is asked about a job again once it has grown older in its status by one part in so many'),
    ('track.lookMilliseconds', 2000, 'AWS is asked this often about a job that somebody looks at'),
    ('track.lookSeconds', 30, 'A look at a job lasts this long'),
    ('track.callsPerSecond', 5, 'Calls on average with which AWS is asked about an account''s jobs'),
    ('track.listPauseSeconds', 600, 'AWS''s lists are not read for so long once they cost more than they save'),
    ('track.graceSeconds', 60, 'AWS may leave a job out of its answers for so long after it was sent'),
    ('track.reorderSeconds', 60, 'AWS''s word that takes back a step is an old one for so long after the step'),
    ('track.troubleSeconds', 300, 'What keeps AWS''s word away and is not understood is shown after so long'),
    ('track.forgetSeconds', 86400, 'AWS is asked whether it still knows a settled job after so long'),
    ('log.followed', 50, 'The logs of so many jobs of an account are followed at once; of more, those looked at');

-- Who looks at a job makes AWS be asked about it more often. Unlogged: it is forgotten within seconds.
CREATE UNLOGGED TABLE looks (
    job uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
ALTER TABLE looks ENABLE ROW LEVEL SECURITY;
ALTER TABLE looks FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON looks TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY worker ON looks TO batchport_worker USING (true) WITH CHECK (true);
-- Only at what one sees.
CREATE POLICY with_job ON looks TO batchport_web
    USING (EXISTS (SELECT FROM jobs WHERE jobs.id = job)) WITH CHECK (EXISTS (SELECT FROM jobs WHERE jobs.id = job));
GRANT SELECT, INSERT (job), UPDATE (at) ON looks TO batchport_web;
GRANT SELECT, DELETE ON looks TO batchport_worker;

-- The next sweep comes soon, and the log of a running job is followed again. Whether AWS has forgotten a settled job is
-- asked when it matters.
CREATE FUNCTION looks_hasten() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE looked jobs;
    BEGIN
        SELECT * INTO looked FROM jobs WHERE id = NEW.job AND phase = 'sent';
        IF NOT FOUND THEN RETURN NULL; END IF;
        IF looked.settled_at IS NOT NULL THEN
            IF looked.forgotten_at IS NULL AND looked.settled_at
                    < now() - site_limit('track.forgetSeconds') * interval '1 s' THEN
                PERFORM enqueue_task('forget', jsonb_build_object('job', looked.id), 'ordinary', NULL,
                    'forget/' || looked.id, 25);
            END IF;
            RETURN NULL;
        END IF;
        UPDATE tasks SET run_at = now()
        WHERE unique_key = concat_ws('/', 'track', looked.account, looked.region) AND state = 'available' AND run_at > now();
        IF looked.status = 'Running' AND EXISTS (
            SELECT FROM attempts WHERE job = looked.id AND child = -1 AND log_stream IS NOT NULL) THEN
            PERFORM enqueue_task('fetchLog', jsonb_build_object('job', looked.id), 'ordinary', NULL,
                'fetchLog/' || looked.id, 25);
        END IF;
        RETURN NULL;
    END $$;
CREATE TRIGGER looks_hasten AFTER INSERT OR UPDATE ON looks FOR EACH ROW EXECUTE FUNCTION looks_hasten();

-- A job's `change` is taken from a sequence, but transactions end in another order. Each one that changes jobs shows,
-- before it takes its first number, the last one that was taken before it, as a lock held to its end (the upper half of
-- the lock's key is 'chng'): below the smallest of those that are held, every change is there to be read.
CREATE OR REPLACE FUNCTION jobs_count_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF current_setting('batchport.changes', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
            PERFORM pg_advisory_xact_lock_shared(1667788391::bigint << 32 | (last_value & 4294967295)) FROM job_changes;
            PERFORM set_config('batchport.changes', pg_current_xact_id()::text, true);
        END IF;
        NEW.change := nextval('job_changes');
        NEW.changed_at := clock_timestamp();
        RETURN NEW;
    END $$;
ALTER TABLE jobs ALTER change DROP DEFAULT;
DROP TRIGGER jobs_change ON jobs;
CREATE TRIGGER jobs_change BEFORE INSERT OR UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION jobs_count_change();
REVOKE ALL ON FUNCTION jobs_count_change FROM PUBLIC;

-- The last change before which none is missing. The numbers first, then who is still under way.
CREATE FUNCTION whole_changes() RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        taken bigint;
        held bigint;
    BEGIN
        SELECT last_value INTO taken FROM job_changes;
        SELECT min(objid::bigint) INTO held FROM pg_locks
        WHERE locktype = 'advisory' AND classid = 1667788391 AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
        RETURN least(taken, held | (taken >> 32 << 32));
    END $$;
REVOKE ALL ON FUNCTION whole_changes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION whole_changes TO batchport_web;
