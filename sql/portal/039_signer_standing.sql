-- Before a job is submitted: how the credential stands that would sign for it. The asker's own, or one behind an environment
-- that they may use; of that one no more than this word.

CREATE FUNCTION signer_standing(asked uuid, OUT state text, OUT is_own boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        IF NOT may_use_environment(asked) THEN RETURN; END IF;
        RETURN QUERY
            SELECT CASE WHEN c.deleted_at IS NOT NULL THEN 'deleted' WHEN c.expires_at < now() THEN 'expired'
                ELSE c.health END, c.owner = uid()
            FROM environments e JOIN credentials c ON c.id = coalesce(e.credential, automatic_credential(uid(), e.account))
            WHERE e.id = asked AND e.service_object <> 'new';
    END $$;
GRANT EXECUTE ON FUNCTION signer_standing TO batchport_web;
