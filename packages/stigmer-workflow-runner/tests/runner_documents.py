"""Documents that several tests run: small, but they touch every part that must survive a worker."""

# ruff: noqa: E501 - a document reads better on one line

# ruff: noqa: E501 - a document reads better on one line

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

# Branches in branches and in loops, a retry beside them, and a context that is joined. Without its head.
BRANCHES = """
do:
- start: {set: {url: '${ .url }'}, export: {as: '{url: .url, done: 0}'}}
- both:
    fork:
      branches:
      - left: {for: {each: n, in: '[1, 2, 3]'}, do: [{get: {call: http, with: {method: get, endpoint: '${ $context.url + "/left/\\($n)" }'}}}, {rest: {wait: {milliseconds: 5}}}, {path: {set: {path: '${ .path }'}}}]}
      - right: {fork: {branches: [{a: {do: [{get: {call: http, with: {method: get, endpoint: '${ $context.url + "/a" }'}, export: {as: '$context + {done: 1}'}}}, {rest: {wait: {milliseconds: 20}}}, {again: {call: http, with: {method: get, endpoint: '${ $context.url + "/again" }'}, output: {as: .path}}}]}}, {b: {set: '${ "b" }'}}]}}
      - third: {try: [{no: {do: [{rest: {wait: {milliseconds: 10}}}, {stop: {raise: {error: {type: 'https://x', status: 500}}}}]}}], catch: {retry: {delay: {milliseconds: 5}, limit: {attempt: {count: 2}}}, do: [{gave: {set: {up: true}}}]}}
- after: {set: {all: '${ . }', done: '${ $context.done }'}}
"""

# Every kind of call that is described by a document or keeps something between two activities, with secrets in them.
CALLS = """
use:
  secrets: [key]
  functions:
    pet: {call: openapi, with: {document: {endpoint: 'https://petstore.swagger.io/v2/swagger.json'}, operationId: getPetById, parameters: {petId: '${ .id }'}}}
do:
  - login: {call: http, with: {method: get, endpoint: {uri: 'https://httpbin.org/basic-auth/me/sesame-key', authentication: {basic: {username: me, password: '${ $secrets.key }'}}}, headers: {X-Key: '${.secrets.KEY}'}}}
  - pets: {for: {each: id, in: '[1, 2]'}, do: [{one: {call: pet, with: {id: '${ $id }'}}}, {two: {call: 'https://fake.com/function.yaml', with: {name: '${ .name }'}}}]}
  - greet: {call: grpc, with: {service: {name: GreeterApi.Greeter, host: greeter, port: 1}, method: SayHello, arguments: {name: '${ .name }'}}}
  - notes:
      call: asyncapi
      with:
        document: {endpoint: 'https://fake.com/asyncapi.json'}
        operation: getNotifications
        subscription:
          consume: {until: 'length == 3'}
          foreach: {item: note, do: [{keep: {set: '${ $note.payload.n }'}}, {rest: {wait: {milliseconds: 5}}}], export: {as: '{last: .}'}}
  - ask: {call: a2a, with: {server: 'https://fake.com/a2a', method: message/send, parameters: {message: {parts: []}}}}
  - missing:
      try: [{gone: {call: openapi, with: {document: {endpoint: 'https://petstore.swagger.io/v2/swagger.json'}, operationId: getPetById, parameters: {petId: 9}}}}]
      catch: {as: error, do: [{say: {set: {status: '${ $error.status }', last: '${ $context.last }'}}}]}
"""
