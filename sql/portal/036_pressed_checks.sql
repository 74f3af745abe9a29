-- What somebody asks for now does not wait until it would have been tried again.

CREATE FUNCTION hasten_task(key text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
    DECLARE its_lane text;
    BEGIN
        UPDATE tasks SET run_at = now(), ready = true, turn = next_turn(lane, party)
        WHERE unique_key = key AND state IN ('available', 'retryable') AND NOT ready AND run_at > now()
        RETURNING lane INTO its_lane;
        IF FOUND THEN PERFORM pg_notify('tasks', its_lane); END IF;
    END $$;
GRANT EXECUTE ON FUNCTION hasten_task TO batchport_web, batchport_worker;
