-- Where an environment takes each person's own credential, a check sees what that person's key may do: for them alone.

CREATE TABLE environment_checks (
    environment uuid NOT NULL REFERENCES environments ON DELETE CASCADE,
    person uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    -- The one that it was looked at with.
    credential uuid REFERENCES credentials ON DELETE SET NULL,
    checked_at timestamptz NOT NULL DEFAULT now(),
    healthy boolean NOT NULL,
    findings jsonb NOT NULL,
    PRIMARY KEY (environment, person)
);
ALTER TABLE environment_checks ENABLE ROW LEVEL SECURITY;
ALTER TABLE environment_checks FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON environment_checks TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY own ON environment_checks FOR SELECT TO batchport_web USING (person = (SELECT uid()));
CREATE POLICY worker ON environment_checks TO batchport_worker USING (true) WITH CHECK (true);
GRANT SELECT ON environment_checks TO batchport_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON environment_checks TO batchport_worker;

-- What was seen of another place, or with a credential that is gone, says nothing any more.
CREATE FUNCTION environment_checks_forget() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        CASE TG_TABLE_NAME
        WHEN 'environments' THEN DELETE FROM environment_checks WHERE environment = NEW.id;
        WHEN 'people' THEN DELETE FROM environment_checks WHERE person = NEW.id;
        ELSE DELETE FROM environment_checks WHERE credential = NEW.id;
        END CASE;
        RETURN NULL;
    END $$;
CREATE TRIGGER environments_elsewhere AFTER UPDATE OF job_definition, job_queue, io_bucket, prefix, service_object
    ON environments FOR EACH ROW
    WHEN ((OLD.job_definition, OLD.job_queue, OLD.io_bucket, OLD.prefix, OLD.service_object)
        IS DISTINCT FROM (NEW.job_definition, NEW.job_queue, NEW.io_bucket, NEW.prefix, NEW.service_object))
    EXECUTE FUNCTION environment_checks_forget();
CREATE TRIGGER people_deleted AFTER UPDATE OF deleted_at ON people FOR EACH ROW
    WHEN (NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION environment_checks_forget();
CREATE TRIGGER credentials_forgotten AFTER UPDATE OF deleted_at ON credentials FOR EACH ROW
    WHEN (NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION environment_checks_forget();
GRANT EXECUTE ON FUNCTION environment_checks_forget TO batchport_web, batchport_worker;

-- What was seen with one person's key until now stood there for everybody.
UPDATE environments SET checked_at = NULL, findings = NULL, healthy = NULL WHERE service_object = 'automatic';
