Feature: Retry
  Attempts against a service that fails first; waits by kind of backoff; limits.

  Scenario: A Call Succeeds On Its Third Attempt
    Given the service answers 503, 503, 200 with body:
    """yaml
    {ok: true}
    """
    And a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: retry, version: 1.0.0}
    do:
      - steady:
          try: [{ask: {call: http, with: {method: get, endpoint: '${service}/x'}}}]
          catch:
            errors: {with: {status: 503}}
            retry: {delay: {seconds: 2}, limit: {attempt: {count: 5}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    ok: true
    """
    And the service should have been called 3 times
    And the workflow should take 4 seconds

  Scenario: Exponential Backoff Until The Attempts Are Used Up
    Given the service answers 500
    And a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: backoff, version: 1.0.0}
    do:
      - steady:
          try: [{ask: {call: http, with: {method: get, endpoint: '${service}/x'}}}]
          catch:
            retry: {delay: {seconds: 1}, backoff: {exponential: {}}, limit: {attempt: {count: 3}}}
    """
    When the workflow is executed
    Then the workflow should fault with type 'communication':
    """yaml
    {status: 500, instance: /do/0/steady/try/0/ask}
    """
    And the service should have been called 4 times
    And the workflow should take 7 seconds

  Scenario: Linear Backoff
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: linear, version: 1.0.0}
    do:
      - steady:
          try: [{bad: {raise: {error: {type: 'https://example.com/bad', status: 500}}}}]
          catch:
            retry: {delay: {seconds: 10}, backoff: {linear: {}}, limit: {attempt: {count: 3}}}
            do: [{give: {set: {gave: up}}}]
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    gave: up
    """
    And the workflow should take 60 seconds

  Scenario: An Error That The Policy Excepts Is Not Retried
    Given the service answers 404
    And a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: except, version: 1.0.0}
    do:
      - steady:
          try: [{ask: {call: http, with: {method: get, endpoint: '${service}/x'}}}]
          catch:
            retry: {exceptWhen: $error.status == 404, delay: {seconds: 1}, limit: {attempt: {count: 3}}}
            do: [{note: {set: {status: '${ $error.status }'}}}]
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    status: 404
    """
    And the service should have been called 1 times
