"""Stand-ins for the platforms' servers: strict, real HTTP servers on loopback."""
