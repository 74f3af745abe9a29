SELECT person, name, email, role, session, token, scopes, authenticated_at, seen_at FROM current_identity()
