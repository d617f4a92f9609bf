"""The pure core: standard library and orjson only, no I/O, no clock, no environment, no async."""
