-- The runner's list of files has rows of its own (outputs): in the record it made each answer about a job as long as it is.
UPDATE jobs SET outcome = outcome - 'outputs' WHERE outcome ? 'outputs';
UPDATE children SET outcome = outcome - 'outputs' WHERE outcome ? 'outputs';

-- Lines may be a megabyte long: what is kept of a log is bounded in bytes as well. What waits for the worker lies in this
-- database until it is in the bucket.

INSERT INTO limits (name, value, meaning, least, most) VALUES
    ('log.bytes', 67108864, 'Most bytes kept of one attempt''s log', 1 << 20, 10::bigint << 30),
    ('upload.mostPerPerson', 1000, 'Files of one person that no job has taken yet', 1, 100000),
    ('upload.mostBytesPerPerson', 2147483648, 'Bytes of one person''s files on their way through the portal to the bucket', 1 << 20, 1::bigint << 40);

CREATE INDEX uploads_of_owner ON uploads (owner) WHERE state <> 'used';
-- Raises where a file more of theirs, for a later submission, is more than they may have.
CREATE FUNCTION check_upload_quota(asked uuid, new_bytes bigint, is_direct_one boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE
        files bigint;
        bytes numeric;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('quota/' || asked, 0));
        SELECT count(*), coalesce(sum(size) FILTER (WHERE key IS NULL AND NOT is_direct), 0) INTO files, bytes
        FROM uploads WHERE owner = asked AND state <> 'used' AND expires_at > now();
        IF files >= site_limit('upload.mostPerPerson') THEN
            RAISE EXCEPTION 'too many uploads' USING ERRCODE = 'check_violation', CONSTRAINT = 'upload.mostPerPerson';
        END IF;
        IF NOT is_direct_one AND bytes + coalesce(new_bytes, 0) > site_limit('upload.mostBytesPerPerson') THEN
            RAISE EXCEPTION 'too many bytes' USING ERRCODE = 'check_violation', CONSTRAINT = 'upload.mostBytesPerPerson';
        END IF;
    END $$;
REVOKE EXECUTE ON FUNCTION check_upload_quota FROM PUBLIC;
GRANT EXECUTE ON FUNCTION check_upload_quota TO batchport_web;
