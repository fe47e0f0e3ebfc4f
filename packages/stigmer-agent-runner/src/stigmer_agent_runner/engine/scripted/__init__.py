"""The engine `scripted`: answers from a YAML script. Offline, deterministic, with the real tools.

It must never load LangChain: it is the engine of machines without models, of demos and of tests.
"""
