-- Tags of objects, and checksums of objects that come in parts.

ALTER TABLE objects
    ADD tags jsonb NOT NULL DEFAULT '{}',
    DROP COLUMN sha256;

ALTER TABLE uploads
    ADD tags jsonb NOT NULL DEFAULT '{}',
    -- As in x-amz-checksum-…; NULL: none was asked for.
    ADD checksum text CHECK (checksum IN ('crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256')),
    -- Of the parts' checksums instead of the whole object's bytes.
    ADD is_composite boolean NOT NULL DEFAULT false,
    ALTER id TYPE text COLLATE "C";

ALTER TABLE parts
    ALTER upload TYPE text COLLATE "C",
    -- Base64.
    ADD checksum text;
