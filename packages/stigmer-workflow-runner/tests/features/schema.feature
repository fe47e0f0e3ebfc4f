Feature: Schema
  The five points where data is held against a schema.

  Scenario: The Workflow's Input
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: input, version: 1.0.0}
    input: {schema: {document: {type: object, required: [id]}}}
    do: [{a: {set: {x: 1}}}]
    """
    And given the workflow input is:
    """yaml
    {name: Ada}
    """
    When the workflow is executed
    Then the workflow should fault with type 'validation':
    """yaml
    {status: 400, instance: /input}
    """

  Scenario: A Task's Input Can Be Caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: task-input, version: 1.0.0}
    do:
      - careful:
          try: [{a: {input: {schema: {document: {type: array}}}, set: {x: 1}}}]
          catch:
            errors: {with: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/validation'}}
            do: [{note: {set: {at: '${ $error.instance }'}}}]
    """
    And given the workflow input is:
    """yaml
    {name: Ada}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    at: /do/0/careful/try/0/a
    """

  Scenario: A Task's Output
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: task-output, version: 1.0.0}
    do: [{a: {set: {x: text}, output: {schema: {document: {properties: {x: {type: number}}}}}}}]
    """
    When the workflow is executed
    Then the workflow should fault with type 'validation':
    """yaml
    instance: /do/0/a
    """

  Scenario: What Is Exported
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: exported, version: 1.0.0}
    do: [{a: {set: {x: 1}, export: {as: .x, schema: {document: {type: object}}}}}]
    """
    When the workflow is executed
    Then the workflow should fault with type 'validation':
    """yaml
    instance: /do/0/a
    """

  Scenario: The Workflow's Output
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: output, version: 1.0.0}
    output: {schema: {document: {type: array}}}
    do: [{a: {set: {x: 1}}}]
    """
    When the workflow is executed
    Then the workflow should fault with type 'validation':
    """yaml
    instance: /output
    """
