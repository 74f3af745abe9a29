-- How many requests a token and a person may make. Web processes read these every few seconds, and each counts by itself.

INSERT INTO limits (name, value, meaning, least, most) VALUES
    ('rate.tokenPerSecond', 100, 'Requests a second with one API token, of each web process', 1, 1000000),
    ('rate.personPerSecond', 200, 'Requests a second of one person, with all sessions and tokens, of each web process', 1, 1000000),
    ('rate.costlyPerSecond', 60, 'Those among them that cost much (submissions, checks, links to outputs, exports), a second and person, of each web process', 1, 1000000),
    ('rate.burstSeconds', 10, 'Whoever was quiet may make as many requests at once as the rates allow in this many seconds', 1, 600);
