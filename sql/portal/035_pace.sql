-- A change shows in a list one turn after the list's page was read at the latest, and is asked about when all pages are:
-- with turns of 20 s and 10⁵ jobs that came to 30 s. An admin's own numbers stay.

UPDATE limits SET value = 15000 WHERE name = 'track.longestMilliseconds' AND value = 20000;
UPDATE limits SET value = 7 WHERE name = 'track.callsPerSecond' AND value = 5;
