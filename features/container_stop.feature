Feature: Stopping a container
  A caller who stops a container has an answer at once, whatever the container does, and what was
  answered is on record.

  @real
  Scenario: Immediate stop
    Given a container "worker" that runs for ever
    When at 5s somebody stops "worker"
    Then the stop of "worker" takes 0s
    And every caller is told that it is stopped
    And the row of "worker" says stopped
    And the row of "worker" is written once

  @real
  Scenario: 369s navigation delay
    Given a container "navigation" that runs for 369s
    And "navigation" does not react to its cancellation
    When at 5s somebody stops "navigation"
    Then the stop of "navigation" takes 0s
    And the last answer comes about 5s after the start
    And every caller is told that it is stopped
    And the exit of "navigation" leads to nothing

  @real
  Scenario: Task None
    Given a container "idle" that is never started
    When at 5s somebody stops "idle"
    Then every caller is told that it is stopped
    And the row of "idle" says stopped
    And "idle" is never started
    And "idle" is told nothing

  @real
  Scenario: Task done
    Given a container "quick" that completes after 2s
    When at 5s somebody stops "quick"
    Then every caller is told that it is completed
    And the row of "quick" says completed
    And the row of "quick" is written once
    And "quick" is told nothing

  @real
  Scenario: Repeated stops
    Given a container "worker" that runs for ever
    When at 5s somebody stops "worker"
    And at 6s somebody stops "worker"
    And at 20s somebody stops "worker"
    Then 3 callers are told that it is stopped
    And the row of "worker" is written once
    And "worker" is told to abort at 5s

  @host
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
    And "worker" does not react to its cancellation
    When at 5s somebody stops "worker"
    Then the row of "worker" is asked for in the instant of the stop
    And nobody is told before the row of "worker" is durable
    And at 5s "worker" is listed as stopped with a body that lives

  Scenario: A body that does not react to its cancellation
    Given a container "deaf" that runs for ever
    And "deaf" does not react to its cancellation
    When at 5s somebody stops "deaf"
    Then every caller is told that it is stopped
    And the report says that "deaf" lingers
    And the report does not say that "deaf" is leaked

  Scenario: A body that panics when it is cancelled
    Given a container "jumpy" that runs for ever
    And bodies panic when they are cancelled
    When at 5s somebody stops "jumpy"
    Then every caller is told that it is stopped
    And the row of "jumpy" says stopped
    And the row of "jumpy" is written once

  @real
  Scenario Outline: No restart after a stop
    Given a container "worker" that fails after 369s
    And "worker" restarts <policy>
    And "worker" does not react to its cancellation
    When at 5s somebody stops "worker"
    Then "worker" is started once

    Examples:
      | policy                               |
      | on failure, at most 3 times, after 1s |
      | always, after 1s                     |

  @real
  Scenario: A stop during backoff ends the restarts
    Given a container "worker" that fails after 2s
    And "worker" restarts on failure, at most 3 times, after 20s
    When at 9s somebody stops "worker"
    Then every caller is told that it is stopped
    And "worker" is started once

  @host
  Scenario: A late exit changes nothing
    Given a container "worker" that fails after 369s
    And "worker" does not react to its cancellation
    When at 5s somebody stops "worker"
    Then the row of "worker" says stopped
    And the row of "worker" is written once
    And the exit of "worker" leads to nothing
    And subscribers of "worker" hear: started, stopped

  @host
  Scenario: A stop while the body comes up
    Given a container "slow" that runs for ever
    And "slow" must be up within 10s
    And "slow" is up after 8s
    When at 5s somebody stops "slow"
    Then every caller is told that it is stopped
    And the last answer comes about 5s after the start

  @host
  Scenario: A stop that cannot be recorded says so
    Given a container "worker" that runs for ever
    When from 4s on the disk does not answer
    And at 5s somebody stops "worker"
    Then 1 caller is told: not recorded
    And the last answer comes 6s after the start

  @host
  Scenario: A stop on a full disk says so
    Given a container "worker" that runs for ever
    When from 4s on the disk is full
    And at 5s somebody stops "worker"
    Then 1 caller is told: not recorded

  Scenario: Shutdown timeout
    Given a container "worker" that runs for ever
    And a deadline of 30s
    And a disk that never answers
    When at 5s the host gets SIGTERM
    Then the host is down within 30s
    And the exit code is 1
    And the socket and the PID file are removed
