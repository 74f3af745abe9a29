-- Files that go straight to the bucket: announced on a page without their size, and read once before a job may name them.

ALTER TABLE uploads ALTER size DROP NOT NULL,
    ADD is_direct boolean NOT NULL DEFAULT false,
    -- Seen in the bucket; its SHA-256 is being computed.
    ADD arrived_at timestamptz,
    -- Why the file that came was not taken.
    ADD trouble text,
    ADD CONSTRAINT uploads_size_known CHECK (size IS NOT NULL OR state = 'open');
UPDATE uploads SET is_direct = size > (SELECT inline_bytes FROM environments e WHERE e.id = environment);

-- Where a browser goes after it has posted its file to the bucket: a page of ours.
ALTER TABLE links ADD return_to text;
GRANT INSERT (return_to) ON links TO batchport_web;
-- An announcement that came to nothing is taken back by whoever made it.
GRANT DELETE ON uploads TO batchport_web;
