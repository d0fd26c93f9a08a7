Feature: Shutting a daemon down
  Nothing that was found is lost, clients hear of it first, and nothing is left behind on any path.

  Scenario: Running and paused engagements are preserved
    Given 3 engagements "running" that find something every 5s
    And 2 engagements "held" that find something every 5s
    And 3 clients
    When at 20s somebody pauses "held"
    And at 60s the host gets SIGTERM
    Then every finding is preserved
    And the exit code is 0
    And all clients are told before any unit is asked to pause
    And nothing is checkpointed before all hold still
    And clients are disconnected after the last checkpoint
    And the socket and the PID file are removed

  Scenario: One engagement that never holds still blocks nobody
    Given 2 engagements "running" that find something every 5s
    And an engagement "restless" that finds something every 5s
    And "restless" never holds still
    When at 60s the host gets SIGTERM
    Then every finding is preserved
    And the exit code is 0

  Scenario Outline: Any stop signal is graceful, the second one forces
    Given 2 engagements "running" that find something every 5s
    When at 60s the host gets <first>
    And at 60s the host gets <second>
    Then the host is down within 5s
    And the socket and the PID file are removed

    Examples:
      | first   | second  |
      | SIGTERM | SIGTERM |
      | SIGINT  | SIGTERM |
      | SIGTERM | SIGINT  |

  Scenario: SIGHUP is not a stop
    Given an engagement "running" that finds something every 5s
    When at 10s the host gets SIGHUP
    And at 60s the host gets SIGTERM
    Then "running" is started once
    And every finding is preserved
    And the exit code is 0

  Scenario: A signal before anything has started
    Given a container "worker" that starts at 10s
    When at 0s the host gets SIGTERM
    Then "worker" is never started
    And the exit code is 0

  Scenario: Nothing to do
    When at 1s the host gets SIGTERM
    Then the host is down within 1s
    And the exit code is 0

  Scenario Outline: Shutdown timeout
    Given 2 engagements "running" that find something every 5s
    And a deadline of <deadline>
    And a disk that never answers
    When at 60s the host gets SIGTERM
    Then the host is down within <deadline>
    And the exit code is 1
    And the report names what was not preserved
    And the socket and the PID file are removed

    Examples:
      | deadline |
      | 30s      |
      | 3s       |
