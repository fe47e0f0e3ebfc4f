@temporal
Feature: Secret
  Values that calls may use and nobody else sees.

  Scenario: A Secret Reaches The Service And Not The History
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: sent, version: 1.0.0}
    use: {secrets: [key]}
    do:
      - ask: {call: http, with: {method: get, endpoint: {uri: '${service}/x', authentication: {bearer: {token: '${ $secrets.key }'}}}}}
    """
    And the secret 'key' is 'open-sesame-7'
    And the service takes only 'Bearer open-sesame-7'
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {welcome: true}
    """
    And nothing should tell 'open-sesame-7'

  Scenario: What The Service Says Of A Secret Is Hidden
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: echo, version: 1.0.0}
    use: {secrets: [key]}
    do:
      - ask: {call: http, with: {method: get, endpoint: {uri: '${service}/echo', authentication: {bearer: {token: '${ $secrets.key }'}}}}}
    """
    And the secret 'key' is 'open-sesame-7'
    And the service echoes
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {seen: 'Bearer ***'}
    """
    And nothing should tell 'open-sesame-7'

  Scenario: A Missing Secret Is Named Before Anything Starts
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: missing, version: 1.0.0}
    use: {secrets: [key]}
    do:
      - ask: {call: http, with: {method: get, endpoint: {uri: '${service}/x', authentication: {bearer: {token: '${ $secrets.key }'}}}}}
    """
    When the workflow is executed
    Then the workflow should fault with type 'authorization':
    """yaml
    {status: 403}
    """
    And the service should have been called 0 times

  Scenario: A Secret In The State Is Refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: state, version: 1.0.0}
    use: {secrets: [key]}
    do:
      - keep: {set: {key: '${ $secrets.key }'}}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    $secrets is available only where the value goes to a call
    """
