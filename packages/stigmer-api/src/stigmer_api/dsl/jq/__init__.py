"""jq programs with a budget: a runaway expression ends as an error and never freezes a worker.

purejq compiles an AST to closures. Here the AST is rewritten between its parser and its compiler, so that
everything that can repeat or grow (iteration, calls, sums, comparisons of containers, path updates) pays from a
budget. Paying counts work, not time: the same expression on the same value costs the same on every machine, which
replay needs. Names are bound statically, so an unknown name is an error when the document is loaded.

One thing cannot be paid for in advance: a regular expression. Nested unbounded quantifiers are refused and the
subject is bounded, which leaves polynomial patterns on long subjects.

Must never read a clock, the environment or a file.
"""
