-- Whoever sees a job sees its children. Asked for each child, with all jobs in a hashed table where that was thought to be
-- cheaper, this took most of the time of a page of children. A page now says beforehand whose children it will read, and the
-- job is looked for once, by its key and as its asker sees it. The setting is no key: an injected statement may name any job
-- in it, and gains none that its asker does not see.
CREATE FUNCTION job_to_read() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        RETURN (SELECT id FROM jobs WHERE id = nullif(current_setting('batchport.job', true), '')::uuid);
    END $$;

-- Without the setting each row asks for its own job: no plan reads all jobs. As in 019, in a form whose estimate is near one.
DROP POLICY with_job ON children;
CREATE POLICY with_job ON children FOR SELECT TO batchport_web
    USING (CASE WHEN job = (SELECT job_to_read()) THEN 1
        WHEN (SELECT true FROM jobs WHERE jobs.id = children.job) THEN 1 ELSE 0 END <> 0);
DROP POLICY with_job ON result_chunks;
CREATE POLICY with_job ON result_chunks FOR SELECT TO batchport_web
    USING (CASE WHEN job = (SELECT job_to_read()) THEN 1
        WHEN (SELECT true FROM jobs WHERE jobs.id = result_chunks.job) THEN 1 ELSE 0 END <> 0);

GRANT EXECUTE ON FUNCTION job_to_read TO batchport_web;
