-- The same rules, in a form whose estimate is near one: of what a query asks for by owner or environment, most is seen. As
-- a plain condition they are thought to leave an eighth, and the list then sorts all jobs of a person rather than read the
-- newest from the index (measured with 2,000 jobs: 48 ms against 1).
DROP POLICY seen ON jobs;
CREATE POLICY seen ON jobs FOR SELECT TO batchport_web
    USING (CASE WHEN owner = (SELECT uid()) THEN 1 WHEN (SELECT is_admin()) THEN 1
        WHEN environment = ANY ((SELECT seen_environments())::uuid[]) THEN 1
        WHEN sees_as_mate(environment, owner) THEN 1 ELSE 0 END <> 0);
DROP POLICY within_token ON jobs;
CREATE POLICY within_token ON jobs AS RESTRICTIVE TO batchport_web
    USING (CASE WHEN environment = ANY (coalesce((SELECT token_environments()), ARRAY[environment])) THEN 1 ELSE 0 END <> 0);
