-- The sign-in page tells of the first admin's code only where there is no admin yet.
CREATE FUNCTION awaits_first_admin() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT NOT EXISTS (SELECT FROM people WHERE role = 'admin') $$;
REVOKE EXECUTE ON FUNCTION awaits_first_admin FROM PUBLIC;
GRANT EXECUTE ON FUNCTION awaits_first_admin TO batchport_web;
