Feature: GRPC
  Methods of a service that describes itself by reflection.

  Scenario: A Method Is Called
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: unary, version: 1.0.0}
    do:
      - greet: {call: grpc, with: {service: {name: GreeterApi.Greeter, host: 127.0.0.1, port: '${ $workflow.input.port }'}, method: SayHello, arguments: {name: Ada}}}
    """
    And a gRPC service greets
    When the workflow is executed
    Then the workflow should complete
    And the workflow output should have a 'message' property with value:
    """yaml
    Hello Ada
    """

  Scenario: A Stream Of Answers Is A List
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: stream, version: 1.0.0}
    do:
      - greet:
          call: grpc
          with: {service: {name: GreeterApi.Greeter, host: 127.0.0.1, port: '${ $workflow.input.port }'}, method: SayMany, arguments: {name: Ada}}
          output: {as: 'map(.message)'}
    """
    And a gRPC service greets
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [Hello Ada 0, Hello Ada 1]
    """

  Scenario: An Error Has The Usual Status Of Its Code
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: error, version: 1.0.0}
    do:
      - greet: {call: grpc, with: {service: {name: GreeterApi.Greeter, host: 127.0.0.1, port: '${ $workflow.input.port }'}, method: SayHello, arguments: {name: nobody}}}
    """
    And a gRPC service greets
    When the workflow is executed
    Then the workflow should fault with type 'communication':
    """yaml
    {status: 404, instance: /do/0/greet}
    """

  Scenario: A Method That Is Not There
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: missing, version: 1.0.0}
    do:
      - greet: {call: grpc, with: {service: {name: GreeterApi.Greeter, host: 127.0.0.1, port: '${ $workflow.input.port }'}, method: SayNothing, arguments: {}}}
    """
    And a gRPC service greets
    When the workflow is executed
    Then the workflow should fault with type 'configuration':
    """yaml
    {instance: /do/0/greet}
    """
