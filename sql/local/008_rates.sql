-- AWS's own limits: of kind rate, so many requests a second are answered, and what comes faster is throttled (the generic
-- cell rate algorithm, a second's worth of which may come at once).
ALTER TABLE faults
    ADD per_second double precision CHECK (per_second > 0),
    ADD next_at timestamptz NOT NULL DEFAULT '-infinity',
    DROP CONSTRAINT faults_kind_check,
    ADD CONSTRAINT faults_kind_check CHECK (
        kind IN ('delay', 'delayAfter', 'hang', 'hangAfter', 'dropBefore', 'dropAfter', 'error', 'errorAfter', 'throttle',
            'rate', 'expiredToken', 'stale', 'skew', 'lag', 'vanish', 'forget', 'attempt')),
    ADD CONSTRAINT faults_rate_check CHECK ((kind = 'rate') = (per_second IS NOT NULL));
