Feature: Budgets
  A stop has one budget. What is inside of it can make it shorter, and nothing can make it longer.

  Scenario: A budget cuts a rung short
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    When at 5s somebody stops "web" within 3s
    Then the stop of "web" takes 3s
    And the report says that "web" overran
    And the report says that "web" is leaked

  Scenario: A budget that is longer than the ladder changes nothing
    Given a Docker container "web" that runs for ever
    And "web" needs 2s for SIGTERM
    When at 5s somebody stops "web" within 600s
    Then "web" is told to terminate at 5s and remove at 7s
    And the report does not say that "web" overran

  Scenario: No budget at all leaves every rung its own patience
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    When at 5s somebody stops "web" however long it takes
    Then "web" is told to terminate at 5s, kill at 20s and remove at 25s
    And the stop of "web" takes 30s

  Scenario: A budget of zero asks nobody and still removes
    Given a Docker container "web" that runs for ever
    And "web" needs 1s for SIGKILL
    When at 5s somebody stops "web" within 0s
    Then "web" is told to kill at 5s and remove at 5s
    And the stop of "web" takes 0s
    And the report says that "web" was forced
    And 1 caller is told that it is stopped, and leaked
    And what runs for "web" is gone

  Scenario: A second stop with less time shortens the first
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    When at 5s somebody stops "web"
    And at 7s somebody stops "web" within 2s
    Then the stop of "web" takes 4s
    And 2 callers are told that it is stopped, and leaked

  Scenario: A second stop with more time does not lengthen the first
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    When at 5s somebody stops "web" within 3s
    And at 6s somebody stops "web" within 60s
    Then the stop of "web" takes 3s
    And 2 callers are told that it is stopped, and leaked

  Scenario: A shutdown's deadline cuts the stops inside of it
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    And a deadline of 10s
    When at 5s the host gets SIGTERM
    Then the host is down within 10s
    And the report says that "web" overran
    And the report says that "web" is leaked
    And the exit code is 1

  Scenario: A shutdown shortens a stop that is on its way
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    And a deadline of 6s
    When at 5s somebody stops "web"
    And at 7s the host gets SIGTERM
    Then the host is down within 6s
    And 1 caller is told that it is stopped, and leaked
    And the exit code is 1

  Scenario: A second shutdown with less time shortens the first
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    When at 5s somebody shuts the host down within 60s
    And at 8s somebody shuts the host down within 4s
    Then the host is down within 7s
    And the exit code is 1

  Scenario: A second shutdown with more time does not lengthen the first
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    When at 5s somebody shuts the host down within 6s
    And at 6s somebody shuts the host down within 600s
    Then the host is down within 6s
    And the exit code is 1

  @host
  Scenario: A shutdown within no time at all still cleans up
    Given a container "worker" that runs for ever
    When at 5s somebody shuts the host down within 0s
    Then the shutdown takes about 0s
    And the socket and the PID file are removed

  @host
  Scenario: A task's grace is its own
    Given a task "slow" that runs for ever
    And "slow" has a grace of 12s
    And "slow" does not react to its cancellation
    When at 5s somebody cancels "slow"
    Then "slow" is told to request cancel at 5s and abort at 17s

  @host
  Scenario: A grace of zero drops a task in the instant
    Given a task "slow" that runs for ever
    And "slow" has a grace of 0s
    And "slow" does not react to its cancellation
    When at 5s somebody cancels "slow"
    Then "slow" is told to request cancel at 5s and abort at 5s
    And the stop of "slow" takes 0s
