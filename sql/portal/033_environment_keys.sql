-- A deleted environment's vault key is destroyed as a deleted person's is, and whatever interrupts it, it is done in the end.

CREATE TABLE vault_destroyed_keys (
    owner uuid PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE vault_destroyed_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_destroyed_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON vault_destroyed_keys TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY worker ON vault_destroyed_keys TO batchport_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON vault_destroyed_keys TO batchport_worker;

-- As before, and the key goes.
CREATE OR REPLACE FUNCTION delete_environment(asked uuid, seen int) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE found_version int;
    BEGIN
        SELECT version INTO found_version FROM environments WHERE id = asked AND deleted_at IS NULL FOR UPDATE;
        IF NOT FOUND OR NOT may_manage_environment(asked) THEN RETURN 'absent'; END IF;
        IF seen IS NOT NULL AND seen <> found_version THEN RETURN 'changed'; END IF;
        IF EXISTS (SELECT FROM jobs WHERE environment = asked AND settled_at IS NULL) THEN RETURN 'busy'; END IF;
        UPDATE environments SET deleted_at = now(), enabled = false, credential = NULL, custodian = NULL,
            service_object = 'automatic', changed_by = uid(), changed_at = now() WHERE id = asked;
        DELETE FROM environment_grants WHERE environment = asked;
        DELETE FROM environment_secrets WHERE environment = asked;
        PERFORM enqueue_task('destroyOwnerKey', jsonb_build_object('environment', asked), 'ordinary', NULL,
            'destroyOwnerKey/' || asked, 25);
        RETURN 'deleted';
    END $$;
