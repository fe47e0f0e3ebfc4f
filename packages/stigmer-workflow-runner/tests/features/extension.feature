Feature: Extension
  What runs around tasks, and instead of them.

  Scenario: A Call Is Answered By An Extension Instead Of The Service
    Given the service answers 200
    And a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: mock, version: 1.0.0}
    use:
      extensions:
        - mock:
            extend: call
            before:
              - answer: {set: {mocked: true}, then: exit}
    do:
      - ask: {call: http, with: {method: get, endpoint: '${service}/x'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    mocked: true
    """
    And the service should have been called 0 times

  Scenario: An Extension Whose Condition Is False Does Nothing
    Given the service answers 200 with body:
    """yaml
    {real: true}
    """
    And a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: unless, version: 1.0.0}
    use:
      extensions:
        - mock:
            extend: call
            when: 'false'
            before:
              - answer: {set: {mocked: true}, then: exit}
    do:
      - ask: {call: http, with: {method: get, endpoint: '${service}/x'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    real: true
    """
    And the service should have been called 1 times
