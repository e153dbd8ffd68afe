"""BitMart's USDT-M futures API V2 in front of the sandbox's engine: it translates, and keeps nothing but sessions,
limits and faults."""
