Feature: Flow Beyond The Kit
  Directives in nested scopes, backward jumps, and what a skipped task is.

  Scenario: Backward Jump
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: backward, version: 1.0.0}
    do:
      - count: {set: '${ {n: ((.n // 0) + 1)} }'}
      - again:
          switch:
            - more: {when: .n < 3, then: count}
      - done: {set: '${ {total: .n} }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    total: 3
    """
    And the tasks should have run in the order:
    """yaml
    [count, again, count, again, count, again, done]
    """

  Scenario: Exit In A Loop Ends The Iteration
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: exit, version: 1.0.0}
    do:
      - loop:
          for: {in: '[1, 2, 3]'}
          do:
            - odd: {if: $item % 2 == 1, set: '${ . + [$item] }', then: exit}
            - even: {set: '${ . + [$item * 10] }'}
    """
    And given the workflow input is:
    """yaml
    []
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [1, 20, 3]
    """

  Scenario: End In A Nested Task Ends The Workflow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: end, version: 1.0.0}
    do:
      - outer:
          do:
            - inner:
                do:
                  - stop: {set: {at: inner}, then: end}
                  - never: {set: {at: never}}
          output: {as: '. + {outer: true}'}
      - after: {set: {at: after}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {at: inner, outer: true}
    """

  Scenario: A Skipped Task Is The Identity And Its Directive Does Not Count
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: skipped, version: 1.0.0}
    do:
      - no: {if: 'false', set: {x: 1}, output: {as: .x}, export: {as: '{seen: true}'}, then: end}
      - yes: {set: '${ {given: ., context: $context} }'}
    """
    And given the workflow input is:
    """yaml
    {a: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {given: {a: 1}, context: {}}
    """
