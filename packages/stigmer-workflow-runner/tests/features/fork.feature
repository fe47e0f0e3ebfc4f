Feature: Fork
  Branches at the same time, their order, their errors, and one that wins.

  Scenario: The Output Is In The Order Of The Branches
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: order, version: 1.0.0}
    do:
      - both:
          fork:
            branches:
              - slow: {do: [{rest: {wait: {seconds: 5}}}, {say: {set: {side: slow}}}]}
              - fast: {set: {side: fast}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [{side: slow}, {side: fast}]
    """
    And the workflow should take 5 seconds

  Scenario: An Error In One Branch Cancels The Others
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: cancel, version: 1.0.0}
    do:
      - careful:
          try:
            - both:
                fork:
                  branches:
                    - slow: {do: [{rest: {wait: {hours: 5}}}, {never: {set: {x: 1}}}]}
                    - bad: {do: [{short: {wait: {seconds: 3}}}, {stop: {raise: {error: {type: 'https://example.com/bad', status: 409}}}}]}
          catch: {do: [{note: {set: {status: '${ $error.status }'}}}]}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    status: 409
    """
    And the workflow should take 3 seconds

  Scenario: The First Branch To Complete Wins
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: compete, version: 1.0.0}
    do:
      - race:
          fork:
            compete: true
            branches:
              - slow: {do: [{rest: {wait: {seconds: 50}}}, {say: {set: {won: slow}}}]}
              - fast: {do: [{rest: {wait: {seconds: 2}}}, {say: {set: {won: fast}}}]}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    won: fast
    """
    And the workflow should take 2 seconds
