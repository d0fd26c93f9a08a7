Feature: Stopping a container
  A caller who stops a container has an answer at once, whatever the container does, and what was
  answered is on record.

  Scenario: Immediate stop
    Given a container "worker" that runs for ever
    When at 5s somebody stops "worker"
    Then the stop of "worker" takes 0s
    And every caller is told that it is stopped
    And the row of "worker" says stopped
    And the row of "worker" is written once

  Scenario: 369s navigation delay
    Given a container "navigation" that runs for 369s
    And "navigation" does not react to its cancellation
    When at 5s somebody stops "navigation"
    Then the stop of "navigation" takes 0s
    And every caller is told that it is stopped
    And the exit of "navigation" leads to nothing

  Scenario: Task None
    Given a container "idle" that is never started
    When at 5s somebody stops "idle"
    Then every caller is told that it is stopped
    And the row of "idle" says stopped
    And "idle" is never started

  Scenario: Task done
    Given a container "quick" that completes after 2s
    When at 5s somebody stops "quick"
    Then every caller is told that it is completed
    And the row of "quick" says completed
    And the row of "quick" is written once

  Scenario: Repeated stops
    Given a container "worker" that runs for ever
    When at 5s somebody stops "worker"
    And at 6s somebody stops "worker"
    And at 90s somebody stops "worker"
    Then 3 callers are told that it is stopped
    And the row of "worker" is written once

  Scenario Outline: Concurrent stops
    Given a container "worker" that runs for ever
    When at 5s <callers> callers stop "worker"
    Then <callers> callers are told that it is stopped
    And the row of "worker" is written once

    Examples:
      | callers |
      | 2       |
      | 10      |
      | 200     |

  Scenario: The row shows the stop at once
    Given a container "worker" that runs for ever
    When at 5s somebody stops "worker"
    Then the row of "worker" is asked for in the instant of the stop
    And nobody is told before the row of "worker" is durable

  Scenario Outline: No restart after a stop
    Given a container "worker" that fails after 369s
    And "worker" restarts <policy>
    And "worker" does not react to its cancellation
    When at 5s somebody stops "worker"
    Then "worker" is started once

    Examples:
      | policy     |
      | on failure |
      | always     |

  Scenario: A stop during backoff ends the restarts
    Given a container "worker" that fails after 2s
    And "worker" restarts on failure
    When at 2.5s somebody stops "worker"
    Then every caller is told that it is stopped
    And "worker" is started once

  Scenario: Shutdown timeout
    Given a container "worker" that runs for ever
    And a deadline of 30s
    And a disk that never answers
    When at 5s the host gets SIGTERM
    Then the host is down within 30s
    And the exit code is 1
    And the socket and the PID file are removed
