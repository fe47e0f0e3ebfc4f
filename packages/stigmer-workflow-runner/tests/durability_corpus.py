"""Nested documents whose every HTTP call has a path of its own, so that a call that is made twice is seen.

Each needs `{url}` as its input; `OUTPUTS` says what each gives.
"""

from __future__ import annotations

import re
from typing import Any, Final

from runner_documents import HEAD


def _filled(text: str) -> str:
    """A document with `<</path/{jq}>>` as calls of the service."""

    def call(found: re.Match[str]) -> str:
        path = re.sub(r"\{(.*?)\}", r"\\(\1)", found[1])
        uri = '${ $workflow.input.url + "' + path + '" }'
        return "{call: http, input: {from: '{}'}, with: {method: post, endpoint: '" + uri + "'}}"

    return HEAD + re.sub(r"<<(.*?)>>", call, text)


_DOCUMENTS: Final[dict[str, str]] = {
    "loops in loops": """
do:
  - outer:
      for: {each: a, at: i, in: '[range(4)]'}
      do:
        - inner:
            for: {each: b, at: j, in: '[range(5)]'}
            do:
              - even: {if: $b % 2 == 0, do: [{call: <</loops/{$a}/{$b}>>}]}
              - rest: {if: $b == 3, wait: {milliseconds: 20}}
  - done: {set: {loops: true}}
""",
    "tries and retries": """
do:
  - each:
      for: {each: a, in: '[range(6)]'}
      do:
        - steady:
            try:
              - ask: <</tries/{$a}/{$context.n // 0}>>
              - count: {set: {}, export: {as: '{n: (($context.n // 0) + 1)}'}}
              - flaky: {if: $context.n % 3 != 0, raise: {error: {type: 'https://example.com/flaky', status: 500}}}
            catch: {retry: {delay: PT0S, limit: {attempt: {count: 4}}}}
  - done: {set: {attempts: '${ $context.n }'}}
""",
    "branches": """
do:
  - both:
      fork:
        branches:
          - left:
              for: {each: a, in: '[range(8)]'}
              do: [{call: <</left/{$a}>>}]
          - right:
              do:
                - rest: {wait: {milliseconds: 30}}
                - deep:
                    fork:
                      branches:
                        - one: {for: {each: a, in: '[range(6)]'}, do: [{call: <</one/{$a}>>}]}
                        - two: {for: {each: a, in: '[range(6)]'}, do: [{call: <</two/{$a}>>}]}
      output: {as: '{branches: length}'}
""",
    "apart": """
do:
  - many:
      for: {each: a, in: '[range(15)]'}
      metadata: {concurrency: 4, onError: skip}
      do:
        - call: <</apart/{$a}>>
        - odd: {if: $a % 5 == 1, raise: {error: {type: 'https://example.com/odd', status: 400}}}
        - keep: {set: '${ {a: $a} }'}
      output: {as: '{kept: map(.a)}'}
""",
    "jumps": """
do:
  - count: {set: {}, export: {as: '{n: (($context.n // 0) + 1)}'}}
  - call: <</jumps/{$context.n}>>
  - again: {switch: [{more: {when: $context.n < 12, then: count}}]}
  - done: {set: {n: '${ $context.n }'}}
""",
}

CORPUS: Final = {name: _filled(text) for name, text in _DOCUMENTS.items()}

OUTPUTS: Final[dict[str, Any]] = {
    "loops in loops": {"loops": True},
    "tries and retries": {"attempts": 18},
    "branches": {"branches": 2},
    "apart": {"kept": [0, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 14]},
    "jumps": {"n": 12},
}

CALLS: Final[dict[str, int]] = {
    "loops in loops": 12,
    "tries and retries": 18,
    "branches": 20,
    "apart": 15,
    "jumps": 12,
}
"""How many calls each makes, every one with another path."""
