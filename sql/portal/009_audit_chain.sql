-- The audit trail becomes a chain. Whoever acts adds an entry in the transaction of the act; the worker, the only one
-- with the key, numbers entries without a gap and seals each with an HMAC over the one before and over `line`, which is
-- the exact text that was sealed. An entry is never changed, but for its seal, and never removed.

ALTER TABLE audit RENAME COLUMN seq TO id;
ALTER TABLE audit
    ADD COLUMN seq bigint CHECK (seq > 0),
    ADD COLUMN line text,
    ADD COLUMN mac bytea CHECK (length(mac) = 32),
    ADD CONSTRAINT audit_sealed CHECK ((seq IS NULL) = (line IS NULL) AND (seq IS NULL) = (mac IS NULL));
CREATE UNIQUE INDEX audit_seq ON audit (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_unsealed ON audit (id) WHERE seq IS NULL;
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_action ON audit (action, id);

-- The last seal. One row, locked by whoever seals.
CREATE TABLE audit_head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    seq bigint NOT NULL,
    mac bytea NOT NULL CHECK (length(mac) = 32),
    sealed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO audit_head (seq, mac) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_is_kept() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL
            AND (NEW.id, NEW.at, NEW.by_process, NEW.action, NEW.subject_kind, NEW.detail)
                = (OLD.id, OLD.at, OLD.by_process, OLD.action, OLD.subject_kind, OLD.detail)
            AND (NEW.actor, NEW.subject) IS NOT DISTINCT FROM (OLD.actor, OLD.subject) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'the audit trail is only added to' USING ERRCODE = 'insufficient_privilege';
    END $$;
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_kept();
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept();

CREATE POLICY worker_reads ON audit FOR SELECT TO batchport_worker USING (true);
CREATE POLICY worker_seals ON audit FOR UPDATE TO batchport_worker USING (seq IS NULL) WITH CHECK (seq IS NOT NULL);
ALTER TABLE audit_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_head FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON audit_head TO batchport_migrate USING (true) WITH CHECK (true);
CREATE POLICY worker ON audit_head TO batchport_worker USING (true) WITH CHECK (true);
CREATE POLICY admin_reads ON audit_head FOR SELECT TO batchport_web USING ((SELECT is_admin()));

GRANT SELECT, UPDATE (seq, line, mac) ON audit TO batchport_worker;
GRANT SELECT, UPDATE ON audit_head TO batchport_worker;
GRANT SELECT ON audit_head TO batchport_web;
GRANT EXECUTE ON FUNCTION audit_is_kept TO batchport_web, batchport_worker;

INSERT INTO limits (name, value, meaning) VALUES
    ('audit.exportRows', 50000, 'Most entries of the audit trail in one export from its page; the command line has no limit');
