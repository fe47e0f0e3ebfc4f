"""jq programs with a budget: a runaway expression ends as an error and never freezes a worker.

purejq compiles an AST to closures. Here the AST is rewritten between its parser and its compiler, so that
everything that can repeat or grow (iteration, calls, sums, comparisons of containers, path updates) pays from a
budget. Paying counts work, not time: the same expression on the same value costs the same on every machine, which
replay needs. Names are bound statically, so an unknown name is an error when the document is loaded.

Regular expressions are RE2's, which needs linear time, and pay for what they read.

Must never read a clock, the environment or a file.
"""
