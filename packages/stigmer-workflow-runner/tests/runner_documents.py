"""Documents that several tests run: small, but they touch every part that must survive a worker."""

from __future__ import annotations

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: flow, version: 1.0.0}\n"

# Loops, a nested list, a retry, a wait, a backward jump, and three HTTP calls per pass.
NESTED = (
    HEAD
    + """
do:
  - start: {set: {seen: [], url: '${ .url }'}, export: {as: '{ url: .url }'}}
  - pages:
      for: {each: page, in: '["a", "b", "c"]'}
      do:
        - steady:
            try:
              - fetch:
                  call: http
                  input: {from: '{ seen: .seen }'}
                  with: {method: get, endpoint: '${ $context.url + "/" + $page }', query: {n: '${ $index }'}}
                  output: {as: '{ seen: ($input.seen + [.path]) }'}
            catch:
              errors: {with: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/communication'}}
              retry: {delay: {milliseconds: 10}, limit: {attempt: {count: 5}}}
        - rest: {wait: {milliseconds: 10}}
  - again:
      if: .seen | length < 6
      switch: [{more: {then: pages}}]
  - done: {set: {seen: '${ .seen }', passes: '${ (.seen | length) / 3 }'}}
"""
)
NESTED_SEEN = ["/a?n=0", "/b?n=1", "/c?n=2"]
