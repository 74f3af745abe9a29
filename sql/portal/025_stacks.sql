-- A stack's outputs, asked for by its name: a question to the worker as for a link, signed by a credential of who asks.

ALTER TABLE links ADD stack text, ADD region text, ADD credential uuid,
    DROP CONSTRAINT links_kind_check, DROP CONSTRAINT links_object;
ALTER TABLE links
    ADD CONSTRAINT links_kind_check CHECK (kind IN ('download', 'preview', 'results', 'uploadForm', 'stack')),
    ADD CONSTRAINT links_object CHECK (
        (kind = 'stack') = (stack IS NOT NULL) AND (stack IS NULL) = (region IS NULL)
        AND (stack IS NULL) = (credential IS NULL)
        AND CASE kind WHEN 'uploadForm' THEN upload IS NOT NULL AND job IS NULL AND path IS NULL
        WHEN 'results' THEN job IS NOT NULL AND path IS NULL AND upload IS NULL
        WHEN 'stack' THEN job IS NULL AND path IS NULL AND upload IS NULL
        ELSE job IS NOT NULL AND path IS NOT NULL AND upload IS NULL END);

DROP POLICY own ON links;
CREATE POLICY own ON links TO batchport_web
    USING (person = (SELECT uid()))
    WITH CHECK (person = (SELECT uid())
        AND (job IS NULL OR EXISTS (SELECT FROM jobs WHERE jobs.id = job))
        AND (upload IS NULL OR EXISTS (SELECT FROM uploads WHERE uploads.id = upload))
        AND (credential IS NULL OR is_admin() AND EXISTS (SELECT FROM credentials WHERE credentials.id = credential)));
GRANT INSERT (stack, region, credential) ON links TO batchport_web;
