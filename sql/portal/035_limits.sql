-- A change shows in a list one turn after the list's page was read at the latest, and is asked about when all pages are:
-- with turns of 20 s and 10⁵ jobs that came to 30 s. An admin's own numbers stay.

UPDATE limits SET value = 15000 WHERE name = 'track.longestMilliseconds' AND value = 20000;
UPDATE limits SET value = 7 WHERE name = 'track.callsPerSecond' AND value = 5;

-- Every limit has bounds beyond which it stops the site, or is none. A value outside them that an admin has set stays.
UPDATE limits SET least = least(value, b.least), most = greatest(value, b.most)
FROM (VALUES
    ('array.automaticChildren', 1, 10000), ('array.elementBytes', 1, 16 << 20), ('array.elements', 1, 10000000),
    ('array.workers', 1, 1024), ('audit.exportRows', 1, 10000000),
    ('aws.describeJobsPerSecond', 1, 1000), ('aws.listJobsPerSecond', 1, 1000), ('aws.submitJobPerSecond', 1, 1000),
    ('aws.terminateJobPerSecond', 1, 1000), ('breaker.failures', 1, 1000), ('breaker.probeSeconds', 1, 3600),
    ('code.bytes', 1, 16 << 20), ('inputs.count', 0, 10000),
    ('log.followed', 1, 10000), ('log.lagSeconds', 0, 3600), ('log.lines', 0, 100000000), ('previews.count', 0, 10000),
    ('result.bytes', 0, 64 << 20), ('results.bytes', 0, 10::bigint << 30),
    ('submission.doubtPeriodSeconds', 1, 3600), ('submission.doubtSeconds', 60, 604800),
    ('submission.lostSeconds', 60, 604800), ('submission.waitSeconds', 1, 3600),
    ('track.ageShare', 1, 1000), ('track.callsPerSecond', 1, 100), ('track.forgetSeconds', 3600, 604800),
    ('track.graceSeconds', 0, 3600), ('track.listPauseSeconds', 0, 86400), ('track.longestMilliseconds', 1000, 3600000),
    ('track.lookMilliseconds', 250, 60000), ('track.lookSeconds', 1, 3600), ('track.reorderSeconds', 0, 3600),
    ('track.shortestMilliseconds', 100, 60000), ('track.troubleSeconds', 0, 86400)) AS b (name, least, most)
WHERE limits.name = b.name;
