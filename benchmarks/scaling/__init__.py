"""A day of a queue, played against ways to scale its workers."""
