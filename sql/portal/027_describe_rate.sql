-- Sweeps, adoptions and doubts of all workers share one rate of DescribeJobs, as they do of the other calls.
INSERT INTO limits (name, value, meaning) VALUES
    ('aws.describeJobsPerSecond', 10, 'DescribeJobs calls a second for each account and region');
