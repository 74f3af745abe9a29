-- Maps of a list that is there already: of another job's, or of those of its elements that came to nothing.

ALTER TABLE uploads
    -- Until the list is stored: the one that it is picked from, and which of its elements, a bit each, least bit first.
    ADD source uuid REFERENCES uploads,
    ADD chosen bytea,
    ADD CONSTRAINT uploads_picked CHECK (source IS NULL OR chosen IS NOT NULL);
CREATE INDEX uploads_source ON uploads (source) WHERE source IS NOT NULL;

-- Of an array, at its end: elements without a value.
ALTER TABLE jobs ADD missing_results int;

-- Which elements of an array have a value, as a bit each; the rows of `result_chunks` have 256 a row, one a line.
CREATE FUNCTION elements_with_value(array_job uuid) RETURNS TABLE (chunk int, bits text)
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT c.chunk, string_agg(CASE WHEN line.text ~ '^[0-9]+[=~]' THEN '1' ELSE '0' END, '' ORDER BY line.n)
    FROM result_chunks c, string_to_table(c.lines, E'\n') WITH ORDINALITY AS line (text, n)
    WHERE c.job = array_job GROUP BY c.chunk
$$;
GRANT EXECUTE ON FUNCTION elements_with_value TO batchport_web, batchport_worker;
