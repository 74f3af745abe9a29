-- What is registered over the API: definitions with all that they say, queues with their environments, and tags.

ALTER TABLE job_definitions
    ADD gpus int NOT NULL DEFAULT 0 CHECK (gpus >= 0),
    ADD propagate_tags boolean,
    ADD scheduling_priority int CHECK (scheduling_priority BETWEEN 0 AND 9999),
    ADD platforms text[] NOT NULL DEFAULT '{EC2}',
    -- Of containerProperties: what is shown as it was given, and has no effect here (jobRoleArn, volumes, ulimits …).
    ADD properties jsonb NOT NULL DEFAULT '{}';

CREATE TABLE compute_environments (
    name text PRIMARY KEY,
    type text NOT NULL DEFAULT 'EC2',
    max_vcpus int NOT NULL CHECK (max_vcpus > 0),
    tags jsonb NOT NULL DEFAULT '{}'
);
INSERT INTO compute_environments (name, max_vcpus) VALUES ('batchport-local', 2);

ALTER TABLE job_queues
    -- As on the wire.
    ADD environments jsonb;

GRANT SELECT, INSERT, UPDATE ON compute_environments TO batchport_local;
GRANT DELETE ON job_queues TO batchport_local;
