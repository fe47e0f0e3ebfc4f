Feature: Function
  Functions that a document declares, with a scope of their own.

  Scenario: A Function Sees Its Arguments Only
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: function, version: 1.0.0}
    use:
      functions:
        double: {set: {n: '${ .n * 2 }', seen: '${ keys }'}}
    do:
      - first: {set: {n: 4, other: true}}
      - twice: {call: double, with: {n: '${ .n + 1 }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {n: 10, seen: [n]}
    """
