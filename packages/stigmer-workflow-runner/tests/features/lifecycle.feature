Feature: Lifecycle
  The events of the specification, from the first to the last.

  Scenario: A Run That Ends Well
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: well, version: 1.0.0, metadata: {lifecycleEvents: true}}
    do:
      - first: {set: {x: 1}}
      - never: {if: 'false', set: {x: 2}}
    """
    When the workflow is executed
    Then the workflow should complete
    And the lifecycle events should be:
    """yaml
    - task.created /do/0/first
    - task.started /do/0/first
    - task.completed /do/0/first
    """

  Scenario: A Task That Is Tried Again And Fails
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: again, version: 1.0.0, metadata: {lifecycleEvents: true}}
    do:
      - careful:
          try: [{risky: {raise: {error: {type: 'https://x', status: 500}}}}]
          catch: {retry: {delay: {seconds: 1}, limit: {attempt: {count: 1}}}}
    """
    When the workflow is executed
    Then the workflow should fault
    And the lifecycle events should be:
    """yaml
    - task.created /do/0/careful
    - task.started /do/0/careful
    - task.created /do/0/careful/try/0/risky
    - task.started /do/0/careful/try/0/risky
    - task.faulted /do/0/careful/try/0/risky
    - task.retried /do/0/careful
    - task.created /do/0/careful/try/0/risky
    - task.started /do/0/careful/try/0/risky
    - task.faulted /do/0/careful/try/0/risky
    - task.faulted /do/0/careful
    """

  Scenario: A Task That Correlates
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: hears, version: 1.0.0, metadata: {lifecycleEvents: true}}
    do:
      - hear: {listen: {to: {one: {with: {signalname: go}}}}}
    """
    And the signal 'go' arrives after 1 seconds with:
    """yaml
    {n: 1}
    """
    When the workflow is executed
    Then the workflow should complete
    And the lifecycle events should be:
    """yaml
    - task.created /do/0/hear
    - task.started /do/0/hear
    - workflow.correlation-started
    - task.completed /do/0/hear
    - workflow.correlation-completed
    """

  Scenario: A Branch That Loses
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: loses, version: 1.0.0, metadata: {lifecycleEvents: true}}
    do:
      - race: {fork: {compete: true, branches: [{fast: {wait: {seconds: 1}}}, {slow: {wait: {seconds: 5}}}]}}
    """
    When the workflow is executed
    Then the workflow should complete
    And the lifecycle events should be:
    """yaml
    - task.created /do/0/race
    - task.started /do/0/race
    - task.created /do/0/race/fork/branches/0/fast
    - task.started /do/0/race/fork/branches/0/fast
    - task.created /do/0/race/fork/branches/1/slow
    - task.started /do/0/race/fork/branches/1/slow
    - task.completed /do/0/race/fork/branches/0/fast
    - task.cancelled /do/0/race/fork/branches/1/slow
    - task.completed /do/0/race
    """
