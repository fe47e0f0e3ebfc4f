@temporal
Feature: Durability
  Runs that go on in another runner.

  Scenario: A Run Goes On Where It Was
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: goes-on, version: 1.0.0}
    do:
      - first: {call: http, with: {method: get, endpoint: '${service}/a'}}
      - rest: {listen: {to: {one: {with: {signalname: go}}}}}
      - last: {call: http, with: {method: get, endpoint: '${service}/b'}}
    """
    And the service answers 200 with body:
    """yaml
    {n: 1}
    """
    And the runner is replaced while 'rest' waits, and the signal 'go' comes after
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 1}
    """
    And the service should have been called 2 times

  Scenario: Loops And Branches Go On In The Middle
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: middle, version: 1.0.0}
    do:
      - each:
          for: {each: n, in: '[1, 2]'}
          do:
            - both:
                fork:
                  branches:
                    - left: {set: {n: '${ $n }'}}
                    - right:
                        do:
                          - rest: {if: '$n == 2', listen: {to: {one: {with: {signalname: go}}}}}
                          - say: {set: {n: '${ $n * 10 }'}}
    """
    And the runner is replaced while 'rest' waits, and the signal 'go' comes after
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{n: 2}, {n: 20}]
    """

  Scenario: A Retry Remembers What It Did
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: retry, version: 1.0.0}
    do:
      - careful:
          try:
            - rest: {listen: {to: {one: {with: {signalname: go}}}}}
            - ask: {call: http, with: {method: get, endpoint: '${service}/a'}}
          catch:
            retry: {delay: {milliseconds: 10}, limit: {attempt: {count: 1}}}
            do: [{gave-up: {set: {gave: up}}}]
    """
    And the service answers 503 with body:
    """yaml
    {}
    """
    And the runner is replaced while 'rest' waits, and the signal 'go' comes twice after
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {gave: up}
    """
    And the service should have been called 2 times
