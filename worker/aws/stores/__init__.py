"""One store for each kind of resource: read it, make it, set attributes of it."""
