Feature: Listen
  Signals from outside, before and while the task waits.

  Scenario: One Signal
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: one, version: 1.0.0}
    do:
      - hear: {listen: {to: {one: {with: {signalname: go}}}}}
      - tell: {set: {heard: '${ .[0] }'}}
    """
    And the signal 'other' arrives after 1 seconds with:
    """yaml
    {n: 1}
    """
    And the signal 'go' arrives after 5 seconds with:
    """yaml
    {n: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    heard: {n: 2}
    """
    And the workflow should take 5 seconds

  Scenario: All Of Several Signals, One Of Them Early
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: all, version: 1.0.0}
    do:
      - rest: {wait: {seconds: 10}}
      - hear: {listen: {to: {all: [{with: {signalname: a}}, {with: {signalname: b}}]}}}
      - tell: {set: {heard: '${ length }'}}
    """
    And the signal 'b' arrives after 2 seconds with:
    """yaml
    {side: b}
    """
    And the signal 'a' arrives after 12 seconds with:
    """yaml
    {side: a}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    heard: 2
    """
    And the workflow should take 12 seconds

  Scenario: A Timeout While Listening
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: late, version: 1.0.0}
    do:
      - hear: {listen: {to: {one: {with: {signalname: never}}}}, timeout: {after: {minutes: 10}}}
    """
    When the workflow is executed
    Then the workflow should fault with type 'timeout':
    """yaml
    instance: /do/0/hear
    """
    And the workflow should take 600 seconds
