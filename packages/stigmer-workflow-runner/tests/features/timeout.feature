Feature: Timeout
  Of tasks, of attempts and of the workflow; all are errors of the DSL.

  Scenario: A Task's Timeout Can Be Caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: task, version: 1.0.0}
    do:
      - careful:
          try: [{slow: {wait: {hours: 1}, timeout: {after: {seconds: 30}}}}]
          catch:
            errors: {with: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/timeout'}}
            as: late
            do: [{note: {set: {status: '${ $late.status }', at: '${ $late.instance }'}}}]
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {status: 408, at: /do/0/careful/try/0/slow}
    """
    And the workflow should take 30 seconds

  Scenario: A Workflow's Timeout Cannot Be Caught Inside
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: whole, version: 1.0.0}
    timeout: {after: {minutes: 1}}
    do:
      - careful:
          try: [{slow: {wait: {hours: 1}}}]
          catch: {do: [{note: {set: {caught: true}}}]}
    """
    When the workflow is executed
    Then the workflow should fault with type 'timeout':
    """yaml
    status: 408
    """
    And the workflow should take 60 seconds

  Scenario: A Named Timeout
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: named, version: 1.0.0}
    use: {timeouts: {short: {after: {seconds: 5}}}}
    do: [{slow: {wait: {seconds: 6}, timeout: short}}]
    """
    When the workflow is executed
    Then the workflow should fault with type 'timeout':
    """yaml
    instance: /do/0/slow
    """

  Scenario: An Attempt That Takes Too Long Is An Attempt That Failed
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: attempt, version: 1.0.0}
    do:
      - steady:
          try: [{slow: {wait: {seconds: 20}}}]
          catch:
            retry: {delay: {seconds: 1}, limit: {attempt: {count: 2, duration: {seconds: 10}}}}
            do: [{give: {set: {gave: up}}}]
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    gave: up
    """
    And the workflow should take 32 seconds
