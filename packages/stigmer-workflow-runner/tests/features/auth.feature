Feature: Authentication
  Who a call says it is.

  Scenario: A Token Is Sent As It Is
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: bearer, version: 1.0.0}
    do:
      - ask: {call: http, with: {method: get, endpoint: {uri: '${service}/x', authentication: {bearer: {token: '${ .token }'}}}}}
    """
    And the workflow input is:
    """yaml
    {token: t-1234}
    """
    And the service takes only 'Bearer t-1234'
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {welcome: true}
    """

  Scenario: A Name And A Password Are Sent As Basic
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: basic, version: 1.0.0}
    do:
      - ask: {call: http, with: {method: get, endpoint: {uri: '${service}/x', authentication: {basic: {username: Ada, password: secret}}}}}
    """
    And the service takes only 'Basic QWRhOnNlY3JldA=='
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {welcome: true}
    """

  Scenario: A Wrong Token Is An Error That Can Be Caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: wrong, version: 1.0.0}
    use: {authentications: {mine: {bearer: {token: t-0}}}}
    do:
      - careful:
          try:
            - ask: {call: http, with: {method: get, endpoint: {uri: '${service}/x', authentication: {use: mine}}}}
          catch:
            errors: {with: {status: 401}}
            as: error
            do: [{say: {set: {refused: '${ $error.status }'}}}]
    """
    And the service takes only 'Bearer t-1234'
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {refused: 401}
    """

  Scenario: OAuth2 Gets A Token First
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: oauth2, version: 1.0.0}
    do:
      - ask: {call: http, with: {method: get, endpoint: {uri: '${service}/x', authentication: {oauth2: {authority: '${service}/realm', grant: client_credentials, client: {id: me, secret: open-sesame}}}}}}
    """
    And the service is an authorization server, and what it protects
    When the workflow is executed
    Then the workflow should complete
    And the workflow output should have a 'path' property with value:
    """yaml
    /x
    """
    And the service should have been called 2 times

  Scenario: OpenID Connect Finds Out Where
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: oidc, version: 1.0.0}
    do:
      - ask: {call: http, with: {method: get, endpoint: {uri: '${service}/x', authentication: {oidc: {authority: '${service}/realm', grant: client_credentials, client: {id: me, secret: open-sesame}}}}}}
    """
    And the service is an authorization server, and what it protects
    When the workflow is executed
    Then the workflow should complete
    And the service should have been called 3 times

  Scenario: A Certificate That Is None Is An Authentication Error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: certificate, version: 1.0.0}
    do:
      - ask: {call: http, with: {method: get, endpoint: {uri: 'https://localhost/x', authentication: {certificate: {certificate: none, key: none}}}}}
    """
    When the workflow is executed
    Then the workflow should fault with type 'authentication':
    """yaml
    {status: 401, instance: /do/0/ask}
    """
