-- Whose child's log somebody reads: it is fetched while its array runs. Unlogged: it is forgotten within seconds.
CREATE UNLOGGED TABLE child_looks (
    job uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    child int NOT NULL CHECK (child >= 0),
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job, child)
) WITH (fillfactor = 50);
ALTER TABLE child_looks ENABLE ROW LEVEL SECURITY;
ALTER TABLE child_looks FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON child_looks TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY worker ON child_looks TO batchport_worker USING (true) WITH CHECK (true);
-- Only at what one sees.
CREATE POLICY with_job ON child_looks TO batchport_web
    USING (EXISTS (SELECT FROM jobs WHERE jobs.id = job)) WITH CHECK (EXISTS (SELECT FROM jobs WHERE jobs.id = job));
GRANT SELECT, INSERT (job, child), UPDATE (at) ON child_looks TO batchport_web;
GRANT SELECT, DELETE ON child_looks TO batchport_worker;

CREATE FUNCTION child_looks_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF EXISTS (SELECT FROM jobs WHERE id = NEW.job AND phase = 'sent' AND settled_at IS NULL) THEN
            PERFORM enqueue_task('fetchChildLogs', jsonb_build_object('job', NEW.job), 'ordinary', NULL,
                'fetchChildLogs/' || NEW.job, 25);
        END IF;
        RETURN NULL;
    END $$;
CREATE TRIGGER child_looks_follow AFTER INSERT OR UPDATE ON child_looks
    FOR EACH ROW EXECUTE FUNCTION child_looks_follow();

-- The children of a lost array are lost with it, except those whose end was seen; `child_statuses` counts those that are
-- lost apart, as `Lost`.
CREATE INDEX children_lost ON children (job, k) WHERE lost;
UPDATE children c SET lost = true FROM jobs j
    WHERE j.id = c.job AND j.phase = 'lost' AND NOT c.lost AND coalesce(c.status NOT IN ('Succeeded', 'Failed'), true);
UPDATE jobs j SET child_statuses = counted.statuses FROM (
    SELECT job, coalesce(jsonb_object_agg(word, n) FILTER (WHERE word IS NOT NULL), '{}') AS statuses
    FROM (SELECT job, CASE WHEN lost THEN 'Lost' ELSE status END AS word, count(*) AS n FROM children
        WHERE job IN (SELECT job FROM children WHERE lost) GROUP BY 1, 2) AS c GROUP BY job) AS counted
    WHERE counted.job = j.id AND j.child_statuses <> counted.statuses;
