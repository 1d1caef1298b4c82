"""Who may do what: open on loopback, tokens with roles, sessions, and other sites' pages."""
