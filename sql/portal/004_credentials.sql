-- AWS identities. `ingress` is what the web sealed to the vault, until the worker re-seals it as `sealed`
-- (record format 1) under its owner's key. The web can write the one and read neither.

CREATE TABLE credentials (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner uuid NOT NULL REFERENCES people,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    kind text NOT NULL CHECK (kind IN ('accessKey')),
    access_key_hint text NOT NULL CHECK (length(access_key_hint) = 4),
    region text NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    version int NOT NULL DEFAULT 1,
    ingress bytea,
    sealed bytea,
    health text NOT NULL DEFAULT 'unchecked' CHECK (health IN ('unchecked', 'ok', 'refused', 'unreachable', 'unreadable')),
    health_detail text,
    account text,
    arn text,
    checked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CHECK (deleted_at IS NULL OR (ingress IS NULL AND sealed IS NULL))
);
CREATE UNIQUE INDEX credentials_name ON credentials (owner, lower(name)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX credentials_default ON credentials (owner) WHERE is_default AND deleted_at IS NULL;

-- The worker's word that the vault can open what the web seals; web answers 503 without a fresh one.
CREATE TABLE vault_tests (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    tested_at timestamptz NOT NULL,
    ok boolean NOT NULL,
    detail text NOT NULL
);

ALTER TABLE credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE credentials FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON credentials TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY own ON credentials TO batchport_web
    USING (owner = (SELECT uid())) WITH CHECK (owner = (SELECT uid()));
CREATE POLICY worker ON credentials TO batchport_worker USING (true) WITH CHECK (true);
ALTER TABLE vault_tests ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_tests FORCE ROW LEVEL SECURITY;
CREATE POLICY all_read ON vault_tests FOR SELECT USING (true);
CREATE POLICY worker ON vault_tests TO batchport_worker USING (true) WITH CHECK (true);
CREATE POLICY owner ON vault_tests TO batchport_migrate USING (true) WITH CHECK (true);

GRANT SELECT (id, owner, name, kind, access_key_hint, region, is_default, version, health, health_detail, account, arn,
    checked_at, last_used_at, created_at, deleted_at) ON credentials TO batchport_web;
GRANT INSERT (id, owner, name, kind, access_key_hint, region, is_default, version, ingress) ON credentials
    TO batchport_web;
GRANT UPDATE (name, is_default, access_key_hint, version, ingress, sealed, health, health_detail, deleted_at)
    ON credentials TO batchport_web;
GRANT SELECT, UPDATE ON credentials TO batchport_worker;
GRANT SELECT ON vault_tests TO batchport_web, batchport_worker;
GRANT INSERT, UPDATE ON vault_tests TO batchport_worker;
