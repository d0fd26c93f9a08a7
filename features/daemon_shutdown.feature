Feature: Shutting a daemon down
  Nothing that was found is lost, clients hear of it first, and nothing is left behind on any path.

  @host
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
    And 3 clients are told, and 3 are disconnected

  Scenario: One engagement that never holds still blocks nobody
    Given 2 engagements "running" that find something every 5s
    And an engagement "restless" that finds something every 5s
    And "restless" does not react to a pause
    When at 60s the host gets SIGTERM
    Then every finding is preserved
    And the exit code is 0
    And the first rung of "restless" that failed is pause

  Scenario: One checkpoint that fails blocks nobody, and is in the report
    Given 2 engagements "running" that find something every 5s
    And an engagement "broken" that finds something every 5s
    And "broken" answers its checkpoint with an error
    When at 62s the host gets SIGTERM
    Then the first rung of "broken" that failed is checkpoint
    And the first rung of "running-1" that failed is none
    And the row of "running-2" says stopped
    And the socket and the PID file are removed

  @host
  Scenario: A broken client is dropped, and the others are told
    Given an engagement "running" that finds something every 5s
    And 3 clients, 1 of them broken
    When at 60s the host gets SIGTERM
    Then 3 clients are told, and 3 are disconnected
    And 1 client is disconnected before any unit is asked to pause
    And every finding is preserved
    And the exit code is 0

  @host
  Scenario: Clients that read too slowly cost a second, and no more
    Given an engagement "running" that finds something every 5s
    And 3 clients
    And clients that need 70s to read
    When at 60s the host gets SIGTERM
    Then "running" is told to pause at 61s, checkpoint at 61s and abort at 61s
    And every finding is preserved
    And the host is down within 5s

  Scenario: A client that connects during the shutdown is told as well
    Given an engagement "running" that finds something every 5s
    And "running" needs 900ms for a pause
    And 1 client
    And a client that connects during every shutdown
    When at 60s the host gets SIGTERM
    Then every finding is preserved
    And the socket and the PID file are removed

  @real
  Scenario Outline: Every way to ask for a stop is graceful
    Given 2 engagements "running" that find something every 5s
    When at 12s <ask>
    Then every finding is preserved
    And the exit code is 0
    And the socket and the PID file are removed

    Examples:
      | ask                          |
      | the host gets SIGTERM        |
      | the host gets SIGINT         |
      | somebody shuts the host down |

  Scenario Outline: The second signal forces
    Given 2 engagements "running" that find something every 5s
    And an engagement "slow" that finds something every 5s
    And "slow" does not react to its checkpoint
    When at 60s the host gets <first>
    And at 62s the host gets <second>
    Then the host is down within 7s
    And the report says that the shutdown was forced
    And the socket and the PID file are removed

    Examples:
      | first   | second  |
      | SIGTERM | SIGTERM |
      | SIGINT  | SIGTERM |
      | SIGTERM | SIGINT  |

  @host
  Scenario: Two signals in the same instant
    Given 2 engagements "running" that find something every 5s
    When at 60s the host gets SIGTERM
    And at 60s the host gets SIGINT
    Then the host is down within 5s
    And the socket and the PID file are removed

  @real
  Scenario: SIGHUP is not a stop
    Given an engagement "running" that finds something every 5s
    When at 6s the host gets SIGHUP
    And at 12s the host gets SIGTERM
    Then "running" is started once
    And the configuration is read again once
    And at 11s "running" is listed as running
    And every finding is preserved
    And the exit code is 0

  @host
  Scenario: Without preservation everything is still cleaned up
    Given 2 engagements "running" that find something every 5s
    And 2 clients
    When at 62s somebody shuts the host down and preserves nothing
    Then the report says that the shutdown was forced
    And "running-1" is told to abort at 62s
    And the socket and the PID file are removed
    And the host is down within 5s

  @real
  Scenario: A signal before anything has started
    Given a container "worker" that starts at 10s
    When at 0s the host gets SIGTERM
    Then "worker" is never started
    And the exit code is 0

  Scenario: A stop during the shutdown joins it
    Given an engagement "running" that finds something every 5s
    And "running" needs 800ms for a pause
    When at 60s the host gets SIGTERM
    And at 60.5s somebody stops "running"
    Then 1 caller is told that it is stopped
    And "running" is told to pause at 60s, checkpoint at 60.8s and abort at 60.8s
    And every finding is preserved

  @real
  Scenario: Nothing to do
    When at 1s the host gets SIGTERM
    Then the host is down within 1s
    And the exit code is 0
    And the socket and the PID file are removed

  Scenario: A part of the host's own shutdown that fails skips no other part
    Given an engagement "running" that finds something every 5s
    And every part of the host's own shutdown fails
    When at 60s the host gets SIGTERM
    Then every finding is preserved
    And the socket and the PID file are removed
    And the exit code is 1

  @host
  Scenario: A lease is given back when no unit works any more
    Given 2 engagements "running" that find something every 5s
    And a lease
    When at 60s the host gets SIGTERM
    Then the lease is given back after the last unit is down, and before the listener is closed
    And the exit code is 0

  Scenario Outline: Shutdown timeout
    Given 2 engagements "running" that find something every 5s
    And a deadline of <deadline>
    And a disk that never answers
    When at 60s the host gets SIGTERM
    Then the host is down within <deadline>
    And the exit code is 1
    And the report names what was not preserved
    And the report says that the shutdown overran
    And the socket and the PID file are removed

    Examples:
      | deadline |
      | 30s      |
      | 3s       |
