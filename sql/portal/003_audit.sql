-- Who did what, to what, with which credential. Rows are only ever added.

CREATE TABLE audit (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor uuid,
    by_process text NOT NULL CHECK (by_process IN ('web', 'worker', 'admin')),
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject uuid,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_subject ON audit (subject, seq);

ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON audit TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY web_adds ON audit FOR INSERT TO batchport_web
    WITH CHECK (by_process = 'web' AND actor IS NOT DISTINCT FROM (SELECT uid()));
CREATE POLICY admin_reads ON audit FOR SELECT TO batchport_web USING ((SELECT is_admin()));
CREATE POLICY worker_adds ON audit FOR INSERT TO batchport_worker WITH CHECK (by_process = 'worker');
GRANT INSERT (actor, by_process, action, subject_kind, subject, detail) ON audit TO batchport_web, batchport_worker;
GRANT SELECT ON audit TO batchport_web;
