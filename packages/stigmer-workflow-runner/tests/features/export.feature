Feature: Export
  What `export.as` makes of the context, and where the context is seen.

  Scenario: The Context Is Replaced And Seen By Later Tasks
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: export, version: 1.0.0}
    do:
      - one: {set: {a: 1}, export: {as: '$context + {one: .a}'}}
      - two: {set: {b: 2}, export: {as: '$context + {two: $output.b, saw: $input.a}'}}
      - tell: {set: '${ $context }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {one: 1, two: 2, saw: 1}
    """

  Scenario: The Workflow's Output Sees The Context
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: output, version: 1.0.0}
    do:
      - loop:
          for: {in: '[1, 2, 3]'}
          do: [{add: {set: {n: '${ $item }'}, export: {as: '{sum: (($context.sum // 0) + .n)}'}}}]
    output: {as: '{sum: $context.sum, last: .n}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {sum: 6, last: 3}
    """

  Scenario: An Unknown Variable Is Found Before Anything Runs
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: unknown, version: 1.0.0}
    do: [{a: {set: {x: 1}, input: {from: $output}}}]
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    "/do/0/a/input/from: $output does not exist here"
    """
