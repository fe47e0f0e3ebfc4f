Feature: Human Input
  What happens when nobody answers.

  Scenario: Nobody Answers And That Is An Error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: nobody, version: 1.0.0}
    do: [{ask: {call: human, with: {prompt: Go?, timeout: {hours: 2}}}}]
    """
    When the workflow is executed
    Then the workflow should fault with type 'timeout':
    """yaml
    instance: /do/0/ask
    """
    And the workflow should take 7200 seconds

  Scenario: Nobody Answers And That Means No
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: denied, version: 1.0.0}
    do:
      - ask:
          call: human
          with: {prompt: Go?, timeout: PT1H, onTimeout: deny, outcomes: [{name: go}, {name: deny, then: refused}]}
      - going: {set: {went: true}, then: end}
      - refused: {set: {went: false, why: '${ .outcome }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {went: false, why: deny}
    """
