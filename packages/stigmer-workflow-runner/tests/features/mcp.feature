Feature: MCP
  Tools of a server that is started for the call.

  Scenario: A Tool Is Called
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: tool, version: 1.0.0}
    do:
      - greet:
          call: mcp
          with:
            method: tools/call
            parameters: {name: greet, arguments: {name: Ada}}
            transport: {stdio: {command: '${ $workflow.input.command }', arguments: ['${ $workflow.input.server }'], environment: {GREETING: Hello}}}
          output: {as: '.content[0].text'}
    """
    And an MCP server greets
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    Hello Ada
    """

  Scenario: A Tool That Fails
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: fails, version: 1.0.0}
    do:
      - greet:
          call: mcp
          with:
            method: tools/call
            parameters: {name: fail, arguments: {name: Ada}}
            transport: {stdio: {command: '${ $workflow.input.command }', arguments: ['${ $workflow.input.server }'], environment: {GREETING: Hello}}}
          output: {as: '.content[0].text'}
    """
    And an MCP server greets
    When the workflow is executed
    Then the workflow should fault with type 'communication':
    """yaml
    {status: 500, instance: /do/0/greet}
    """

  Scenario: A Server That Is Not There
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: gone, version: 1.0.0}
    do:
      - greet:
          call: mcp
          with:
            method: tools/call
            parameters: {name: greet, arguments: {name: Ada}}
            transport: {stdio: {command: '${ $workflow.input.command }', arguments: ['${ $workflow.input.server }'], environment: {GREETING: Hello}}}
          output: {as: '.content[0].text'}
    """
    And the workflow input is:
    """yaml
    {command: no-such-command, server: x}
    """
    When the workflow is executed
    Then the workflow should fault with type 'communication':
    """yaml
    {status: 503, instance: /do/0/greet}
    """
