Feature: Run
  Scripts and shells as processes of their own.

  Scenario: A Script's Output
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: script, version: 1.0.0}
    do:
      - hello:
          run: {script: {language: python, code: 'print("Hello")'}, return: all}
      - tell: {set: {code: '${ .code }', said: '${ .stdout | rtrimstr("\n") }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    {code: 0, said: Hello}
    """

  Scenario: A Shell Command That Fails
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: own, name: shell, version: 1.0.0}
    do:
      - fails: {run: {shell: {command: 'exit 3'}, return: code}}
      - tell: {set: {code: '${ . }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    code: 3
    """
