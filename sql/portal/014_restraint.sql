-- How fast, and whether, each account's services are called: learnt by all workers together, by this server's clock.

INSERT INTO limits (name, value, meaning) VALUES
    ('aws.submitJobPerSecond', 50, 'SubmitJob calls a second for each account and region; AWS''s own limit is 50'),
    ('aws.listJobsPerSecond', 10, 'ListJobs calls a second for each account and region'),
    ('aws.terminateJobPerSecond', 10, 'TerminateJob calls a second for each account and region'),
    ('breaker.failures', 10, 'After this many calls in a row without an answer, a service of an account is left alone'),
    ('breaker.probeSeconds', 30, 'How often one call tries whether such a service answers again');

-- A row for each account, region and operation that has been called. The next call's place in time is `next_at` (the
-- generic cell rate algorithm, ITU-T I.371: a token bucket in one number).
CREATE TABLE call_rates (
    account text NOT NULL,
    region text NOT NULL,
    operation text NOT NULL,
    next_at timestamptz NOT NULL,
    -- When AWS last answered "too many requests", and the calls a second then.
    throttled_at timestamptz,
    rate_then double precision,
    throttles bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account, region, operation),
    CHECK ((throttled_at IS NULL) = (rate_then IS NULL))
);

-- Calls a second now. After a refusal it falls to 0.7 of what it was, comes back to that along a cubic curve and then
-- goes on beyond it: the "adaptive" mode of AWS's SDKs, in its numbers. Without a refusal it is the ceiling.
CREATE FUNCTION call_rate(ceiling double precision, rate_then double precision, throttled_at timestamptz)
    RETURNS double precision LANGUAGE sql STABLE SET search_path = pg_catalog, public
    AS $$
    SELECT CASE WHEN throttled_at IS NULL THEN ceiling ELSE least(ceiling, greatest(0.5,
        rate_then + 0.4 * power(extract(epoch FROM clock_timestamp() - throttled_at)::double precision
            - cbrt(0.75 * rate_then), 3))) END
    $$;

-- Each service of an account and region that was in trouble. `open_since` is the breaker's: since then it is left alone
-- but for one probe at a time.
CREATE TABLE service_health (
    account text NOT NULL,
    region text NOT NULL,
    service text NOT NULL,
    failures int NOT NULL DEFAULT 0,
    failed_at timestamptz,
    -- What the last failure was, in a sentence.
    trouble text,
    open_since timestamptz,
    PRIMARY KEY (account, region, service)
);

-- Tokens for repeated attempts (AWS's SDKs: 500, of which one costs 14), while they are not all there.
CREATE TABLE retry_tokens (
    account text NOT NULL,
    service text NOT NULL,
    tokens int NOT NULL CHECK (tokens BETWEEN 0 AND 500),
    PRIMARY KEY (account, service)
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['call_rates', 'service_health', 'retry_tokens'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner ON %I TO batchport_migrate USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY worker ON %I TO batchport_worker USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY signed_in ON %I FOR SELECT TO batchport_web USING ((SELECT uid()) IS NOT NULL)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO batchport_worker', t);
        EXECUTE format('GRANT SELECT ON %I TO batchport_web', t);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION call_rate TO batchport_web, batchport_worker;
