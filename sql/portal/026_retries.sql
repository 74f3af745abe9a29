-- How the workers repeat calls of AWS that failed: AWS's own numbers of November 2026, as limits that an admin edits.

INSERT INTO limits (name, value, meaning, least, most) VALUES
    ('retry.attempts', 3, 'Attempts at one call of AWS, the first among them', 1, 10),
    ('retry.transientMilliseconds', 50, 'The longest wait, in milliseconds, before a call that met an error of the service is repeated; it doubles with every attempt', 0, 60000),
    ('retry.throttlingMilliseconds', 1000, 'The longest wait, in milliseconds, before a call that was one too many is repeated; it doubles with every attempt', 0, 60000),
    ('retry.longestMilliseconds', 20000, 'No wait before a repeated call, in milliseconds, is longer', 0, 60000),
    ('retry.tokens', 500, 'Tokens for repeated calls that each account''s service has when all is well; without enough of them nothing is repeated', 0, 1000000),
    ('retry.transientTokens', 14, 'What repeating a call after an error of the service takes of its tokens', 0, 1000000),
    ('retry.throttlingTokens', 5, 'What repeating a call that was one too many takes of its service''s tokens', 0, 1000000);

ALTER TABLE retry_tokens DROP CONSTRAINT retry_tokens_tokens_check, ADD CHECK (tokens >= 0);
