-- How often a job's capture has failed, and when it is tried again. Why stands in `capture_detail` from the second
-- failure on, since one alone is usually over before it is read.
ALTER TABLE jobs ADD capture_failures integer NOT NULL DEFAULT 0, ADD capture_again_at timestamptz;
