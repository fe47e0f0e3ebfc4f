Feature: Schedule
  Workflows that start by themselves: by times, and by events.

  Scenario: One Event Starts One Run
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: one, version: 1.0.0}
    schedule: {on: {one: {with: {type: paid}}}}
    do:
      - take: {set: {got: '${ . }'}}
    """
    And the event 'sold' is published with:
    """yaml
    {n: 1}
    """
    And the event 'paid' is published with:
    """yaml
    {n: 2}
    """
    And the event 'paid' is published with:
    """yaml
    {n: 3}
    """
    When the workflow is executed
    Then the schedule should have started 2 runs
    And the workflow should complete with output:
    """yaml
    {got: [{n: 3}]}
    """

  Scenario: All Of Several Events That Belong Together
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: all, version: 1.0.0}
    schedule: {on: {all: [{with: {type: paid}, correlate: {order: {from: .data.order}}}, {with: {type: sent}, correlate: {order: {from: .data.order}}}]}}
    do:
      - take: {set: {got: '${ . }'}}
    """
    And the event 'paid' is published with:
    """yaml
    {order: 1}
    """
    And the event 'paid' is published with:
    """yaml
    {order: 2}
    """
    And the event 'sent' is published with:
    """yaml
    {order: 2}
    """
    When the workflow is executed
    Then the schedule should have started 1 runs
    And the workflow should complete with output:
    """yaml
    {got: [{order: 2}, {order: 2}]}
    """

  Scenario: Any Until Something Holds
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: any, version: 1.0.0}
    schedule: {on: {any: [{with: {type: measured}}], until: 'length == 3'}}
    do:
      - take: {set: {got: '${ . }'}}
    """
    And the event 'measured' is published with:
    """yaml
    {n: 1}
    """
    And the event 'measured' is published with:
    """yaml
    {n: 2}
    """
    And the event 'measured' is published with:
    """yaml
    {n: 3}
    """
    And the event 'measured' is published with:
    """yaml
    {n: 4}
    """
    When the workflow is executed
    Then the schedule should have started 1 runs
    And the workflow should complete with output:
    """yaml
    {got: [{n: 1}, {n: 2}, {n: 3}]}
    """

  Scenario: Nothing Starts Without Its Event
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: none, version: 1.0.0}
    schedule: {on: {one: {with: {type: paid, data: '${ .total > 100 }'}}}}
    do:
      - take: {set: {got: '${ . }'}}
    """
    And the event 'paid' is published with:
    """yaml
    {total: 5}
    """
    When the workflow is executed
    Then the schedule should have started 0 runs

  Scenario: Signals Start Nothing
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: signals, version: 1.0.0}
    schedule: {on: {one: {with: {signalname: go}}}}
    do:
      - take: {set: {got: '${ . }'}}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    signals go to executions that run, and start none
    """

  Scenario: Two Triggers Are One Too Many
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: two, version: 1.0.0}
    schedule: {cron: '0 9 * * *', every: PT1H}
    do:
      - take: {set: {got: '${ . }'}}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    needs exactly one of every, cron, after, on
    """
