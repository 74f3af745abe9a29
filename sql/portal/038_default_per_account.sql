-- Automatic: of each person one credential is the default one for each AWS account. Of an access key the account is known
-- once AWS was asked, of a role from its ARN.

DROP INDEX credentials_default;
CREATE UNIQUE INDEX credentials_default ON credentials (owner, (coalesce(account, nullif(split_part(role_arn, ':', 5), ''))))
    WHERE is_default AND deleted_at IS NULL;

-- The last word counts: whichever is made the default one, or turns out to be of the account, takes the place.
CREATE FUNCTION credentials_one_default() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('default/' || NEW.owner, 0));
        UPDATE credentials SET is_default = false
        WHERE owner = NEW.owner AND id <> NEW.id AND is_default AND deleted_at IS NULL
            AND coalesce(account, nullif(split_part(role_arn, ':', 5), ''))
                = coalesce(NEW.account, nullif(split_part(NEW.role_arn, ':', 5), ''));
        RETURN NEW;
    END $$;
CREATE TRIGGER credentials_default_is_one BEFORE INSERT OR UPDATE OF is_default, account ON credentials FOR EACH ROW
    WHEN (NEW.is_default AND NEW.deleted_at IS NULL) EXECUTE FUNCTION credentials_one_default();
GRANT EXECUTE ON FUNCTION credentials_one_default TO batchport_web, batchport_worker;

-- Whose identity signs where an environment of that account takes one's own: the default one, else one that works, else
-- the oldest. A key of which nobody knows yet whose it is comes last.
CREATE FUNCTION automatic_credential(of_person uuid, in_account text) RETURNS uuid
    LANGUAGE sql STABLE SET search_path = pg_catalog, public
    AS $$
    SELECT id FROM (
        SELECT id, coalesce(account, nullif(split_part(role_arn, ':', 5), '')) AS place, is_default, health, created_at
        FROM credentials WHERE owner = of_person AND deleted_at IS NULL AND job IS NULL) own
    WHERE place = in_account OR place IS NULL AND health IN ('unchecked', 'unreachable')
    ORDER BY place IS NULL, is_default DESC, health = 'ok' DESC, created_at, id LIMIT 1
    $$;
GRANT EXECUTE ON FUNCTION automatic_credential TO batchport_web, batchport_worker;
