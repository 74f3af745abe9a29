-- Questions that a person waits for: a presigned URL of an output, a form to upload with. The web asks, the worker
-- answers and notifies `links` with the row's id; the web reads the answer and deletes the row. An answer is a bearer
-- secret of a few minutes: unlogged, so that it reaches neither WAL nor a backup's archive, and pruned within a minute.

CREATE UNLOGGED TABLE links (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    person uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('download', 'preview', 'uploadForm')),
    job uuid,
    path text,
    upload uuid,
    -- {url, expiresAt, size, sha256}, or for an upload {url, fields, expiresAt}.
    answer jsonb,
    -- A word: `gone`, `notFound`, `held`, `refused`, `unreachable`, `notInBucket`, `tooLarge`.
    failure text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT links_object CHECK (
        CASE kind WHEN 'uploadForm' THEN upload IS NOT NULL AND job IS NULL AND path IS NULL
        ELSE job IS NOT NULL AND path IS NOT NULL AND upload IS NULL END),
    CONSTRAINT links_one_answer CHECK (answer IS NULL OR failure IS NULL)
);
CREATE INDEX links_age ON links (created_at);

ALTER TABLE links ENABLE ROW LEVEL SECURITY;
ALTER TABLE links FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON links TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY worker ON links TO batchport_worker USING (true) WITH CHECK (true);
-- Asked in one's own name only, and only for what one sees.
CREATE POLICY own ON links TO batchport_web
    USING (person = (SELECT uid()))
    WITH CHECK (person = (SELECT uid())
        AND (job IS NULL OR EXISTS (SELECT FROM jobs WHERE jobs.id = job))
        AND (upload IS NULL OR EXISTS (SELECT FROM uploads WHERE uploads.id = upload)));

GRANT SELECT, DELETE ON links TO batchport_web;
GRANT INSERT (id, person, kind, job, path, upload) ON links TO batchport_web;
GRANT SELECT, UPDATE (answer, failure), DELETE ON links TO batchport_worker;
