-- Whoever sees a job need not be who may stop it: neither its children.
DROP POLICY with_job_stop ON children;
CREATE POLICY with_job_stop ON children FOR UPDATE TO batchport_web
    USING (EXISTS (SELECT FROM jobs j WHERE j.id = job AND may_stop_job(j.owner, j.environment)));
