Feature: Wait
  Durations in their three forms.

  Scenario: Durations As Object, As Text And As Expression
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: wait, version: 1.0.0}
    do:
      - one: {wait: {minutes: 1, seconds: 5}}
      - two: {wait: PT10S}
      - three: {wait: '${ .wait }'}
      - done: {set: {waited: true}}
    """
    And given the workflow input is:
    """yaml
    {wait: {seconds: 25}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    waited: true
    """
    And the workflow should take 100 seconds

  Scenario: A Duration That Is None
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: none, version: 1.0.0}
    do: [{one: {wait: '${ .wait }'}}]
    """
    And given the workflow input is:
    """yaml
    {wait: soon}
    """
    When the workflow is executed
    Then the workflow should fault with type 'expression':
    """yaml
    {status: 400, instance: /do/0/one}
    """
