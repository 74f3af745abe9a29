-- IAM and STS: users, roles and their policies, and what a session was given when it began. Documents as AWS writes them;
-- a policy with a mistake in it is refused before it comes here.

CREATE TABLE users (
    name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9_+=,.@-]{1,64}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE roles (
    name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9_+=,.@-]{1,64}$'),
    -- Who may assume it.
    trust jsonb NOT NULL,
    max_session_seconds int NOT NULL DEFAULT 3600 CHECK (max_session_seconds BETWEEN 3600 AND 43200),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Of user/NAME or role/NAME; or of `account`: a policy that AssumeRole may name by its ARN.
CREATE TABLE identity_policies (
    holder text NOT NULL CHECK (holder ~ '^(user|role)/.' OR holder = 'account'),
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_+=,.@-]{1,128}$'),
    document jsonb NOT NULL,
    PRIMARY KEY (holder, name)
);

ALTER TABLE access_keys
    -- A list of documents that narrow what the role may do; NULL: nothing narrows it.
    ADD session_policies jsonb,
    ADD session_tags jsonb NOT NULL DEFAULT '{}',
    ADD source_identity text;

ALTER TABLE buckets ADD policy jsonb;

GRANT SELECT, INSERT, UPDATE, DELETE ON users, roles, identity_policies TO batchport_local;
