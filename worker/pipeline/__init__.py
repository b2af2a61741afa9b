"""How messages of one vendor flow: asyncio over the ports."""
