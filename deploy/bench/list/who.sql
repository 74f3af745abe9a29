SELECT person, name, email, role, session, token, scopes, authenticated_at, seen_at, must_enrol, has_factor,
    idle_seconds
FROM current_identity()
