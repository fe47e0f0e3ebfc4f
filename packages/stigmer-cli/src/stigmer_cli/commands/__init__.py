"""The commands, one function each: they read options, call what does the work, and print what came of it."""
