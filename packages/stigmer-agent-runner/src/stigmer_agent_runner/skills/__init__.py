"""Skills: pulled by reference and version, verified by hash, kept read-only by hash, and told to a model in steps.

Nothing here runs anything of a skill, and nothing of a package is unpacked before its hash was checked.
"""
