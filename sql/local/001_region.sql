-- The local region's front: who may sign, buckets and their objects, and the faults that tests order.
-- Roles batchport_local_migrate (owns everything) and batchport_local exist before the first migration.

CREATE TABLE access_keys (
    id text PRIMARY KEY CHECK (id ~ '^[A-Z0-9]{16,128}$'),
    secret text NOT NULL,
    -- Set for temporary keys (ASIA…), whose requests must carry it.
    session_token text,
    -- A user's name, or assumed-role/ROLE/SESSION.
    principal text NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((session_token IS NULL) = (expires_at IS NULL))
);

CREATE TABLE buckets (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$'),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The bytes lie in the state folder under the object's or part's id; a row is what makes them visible.
CREATE TABLE objects (
    bucket text NOT NULL REFERENCES buckets,
    -- Bytewise, as S3 lists.
    key text COLLATE "C" NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 1024),
    id uuid NOT NULL UNIQUE,
    size bigint NOT NULL CHECK (size >= 0),
    etag text NOT NULL,
    sha256 bytea,
    headers jsonb NOT NULL DEFAULT '{}',
    modified_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bucket, key)
);

CREATE TABLE uploads (
    id text PRIMARY KEY,
    bucket text NOT NULL REFERENCES buckets,
    key text COLLATE "C" NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 1024),
    headers jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX uploads_key ON uploads (bucket, key);

CREATE TABLE parts (
    upload text NOT NULL REFERENCES uploads ON DELETE CASCADE,
    number int NOT NULL CHECK (number BETWEEN 1 AND 10000),
    id uuid NOT NULL UNIQUE,
    size bigint NOT NULL CHECK (size >= 0),
    etag text NOT NULL,
    modified_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (upload, number)
);

-- Faults that tests and tools order: each takes effect `remaining` times, in order of id.
CREATE TABLE faults (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- As AWS writes it (SubmitJob, PutObject), or * for any.
    operation text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('delay', 'hang', 'dropBefore', 'dropAfter', 'error')),
    milliseconds int NOT NULL DEFAULT 0 CHECK (milliseconds BETWEEN 0 AND 3600000),
    -- Of kind error.
    status int NOT NULL DEFAULT 500 CHECK (status BETWEEN 400 AND 599),
    code text NOT NULL DEFAULT 'InternalError',
    remaining int NOT NULL DEFAULT 1 CHECK (remaining >= 0)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON access_keys, buckets, objects, uploads, parts, faults TO batchport_local;
