"""What the database itself tells of writes during a soak."""

# Told by the database, not by the program: a worker's connection holds at most one task, so a write of one whose task has
# gone to somebody else is stale.
WATCH = """
CREATE SCHEMA soak;
CREATE TABLE soak.claims (pid int PRIMARY KEY, task bigint NOT NULL, token uuid NOT NULL);
CREATE TABLE soak.stale_writes (at timestamptz NOT NULL DEFAULT clock_timestamp(), pid int, relation text, written text);
CREATE FUNCTION soak.note_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO soak.claims VALUES (pg_backend_pid(), NEW.id, NEW.lease_token)
    ON CONFLICT (pid) DO UPDATE SET task = excluded.task, token = excluded.token;
    RETURN NULL;
END $$;
CREATE FUNCTION soak.judge_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO soak.stale_writes (pid, relation, written)
    SELECT pg_backend_pid(), TG_TABLE_NAME, left(to_jsonb(NEW)::text, 300)
    WHERE session_user = 'batchport_worker' AND NOT EXISTS (
        SELECT FROM soak.claims JOIN tasks ON tasks.id = task AND lease_token = token WHERE pid = pg_backend_pid());
    RETURN NULL;
END $$;
CREATE TRIGGER soak_claim AFTER UPDATE ON tasks FOR EACH ROW
    WHEN (NEW.lease_token IS NOT NULL AND NEW.lease_token IS DISTINCT FROM OLD.lease_token)
    EXECUTE FUNCTION soak.note_claim();
CREATE TRIGGER soak_write AFTER INSERT OR UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION soak.judge_write();
CREATE TRIGGER soak_write AFTER INSERT OR UPDATE ON attempts FOR EACH ROW EXECUTE FUNCTION soak.judge_write();
CREATE TRIGGER soak_write AFTER INSERT OR UPDATE ON outputs FOR EACH ROW EXECUTE FUNCTION soak.judge_write();
CREATE TRIGGER soak_write AFTER INSERT OR UPDATE ON results FOR EACH ROW EXECUTE FUNCTION soak.judge_write();
"""
# What psql says of a database that stops, starts or is away.
AWAY = ("could not connect", "No such file or directory", "Connection refused", "shutting down", "starting up", "crash",
        "server closed the connection", "not yet accepting", "in recovery mode", "terminating connection")
UNWATCH = """
DROP TRIGGER IF EXISTS soak_claim ON tasks; DROP TRIGGER IF EXISTS soak_write ON jobs;
DROP TRIGGER IF EXISTS soak_write ON attempts; DROP TRIGGER IF EXISTS soak_write ON outputs;
DROP TRIGGER IF EXISTS soak_write ON results; DROP SCHEMA IF EXISTS soak CASCADE;
"""
