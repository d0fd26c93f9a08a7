Feature: The life of a container
  What is created can be started, ends by itself or starts again by its policy, and whoever lists it
  sees what is promised about it.

  @real
  Scenario: Created, and not started
    Given a container "new" that is never started
    When at 1s the host gets SIGTERM
    Then at 0s "new" is listed as pending
    And subscribers of "new" hear nothing

  @real
  Scenario: Started when somebody asks
    Given a container "worker" that is never started
    When at 5s somebody starts "worker"
    Then 1 caller is accepted
    And at 5s "worker" is listed as running with a body that lives
    And the starts of "worker" are at 5s

  @host
  Scenario: Started twice
    Given a container "worker" that runs for ever
    When at 5s somebody starts "worker"
    Then 1 caller is refused: it runs already
    And "worker" is started once

  @real
  Scenario: It completes
    Given a container "quick" that completes after 1s
    When at 2s the host gets SIGTERM
    Then the row of "quick" says completed
    And subscribers of "quick" hear: started, completed
    And the report says that "quick" ended by itself

  @real
  Scenario: It fails
    Given a container "broken" that fails after 1s
    When at 2s the host gets SIGTERM
    Then the row of "broken" says failed
    And subscribers of "broken" hear: started, failed
    And the exit code is 0

  Scenario: It cannot be started
    Given a container "broken" that runs for ever
    And no body can be started
    When at 5s the host gets SIGTERM
    Then the row of "broken" says failed
    And the exit code is 0

  @host
  Scenario: It does not come up in time
    Given a container "slow" that runs for ever
    And "slow" must be up within 3s
    And "slow" is up after 8s
    When at 9s the host gets SIGTERM
    Then the row of "slow" says failed, because it did not come up
    And "slow" is told to abort at 3s

  @host
  Scenario: Restarts back off, and end at their limit
    Given a container "flaky" that fails after 1s
    And "flaky" restarts on failure, at most 3 times, after 1s
    When at 30s the host gets SIGTERM
    Then the starts of "flaky" are at 0s, 2s, 5s and 10s
    And the row of "flaky" says failed
    And at 9s "flaky" is listed as pending

  @host
  Scenario: What completes is not restarted on failure
    Given a container "quick" that completes after 1s
    And "quick" restarts on failure, at most 3 times, after 1s
    When at 30s the host gets SIGTERM
    Then "quick" is started once

  @host
  Scenario: Always means always
    Given a container "loop" that completes after 1s
    And "loop" restarts always, after 2s
    When at 8s the host gets SIGTERM
    Then the starts of "loop" are at 0s, 3s and 6s
    And the exit code is 0

  @host
  Scenario: A restart that somebody asks for
    Given a container "worker" that runs for ever
    When at 5s somebody restarts "worker"
    Then 1 caller is told: restarted
    And "worker" is started twice
    And subscribers of "worker" hear: started, stopped, started, stopped

  @host
  Scenario: A stopped container starts when somebody asks
    Given a container "worker" that runs for ever
    When at 5s somebody stops "worker"
    And at 8s somebody starts "worker"
    Then "worker" is started twice
    And at 9s "worker" is listed as running

  @host
  Scenario: Listed at every moment of its life
    Given a container "worker" that runs for ever
    When at 3s somebody pauses "worker"
    And at 5s somebody resumes "worker"
    And at 7s somebody stops "worker"
    Then at 1s "worker" is listed as running
    And at 4s "worker" is listed as paused
    And at 6s "worker" is listed as running
    And at 7s "worker" is listed as stopped

  Scenario: Removed once it is stopped
    Given a container "worker" that runs for ever
    When at 3s somebody removes "worker"
    And at 5s somebody stops "worker"
    And at 7s somebody removes "worker"
    Then 1 caller is refused: it is still active
    And 1 caller is accepted

  Scenario: Nothing starts once the host shuts down
    Given a container "late" that is never started
    And a Docker container "slow" that runs for ever
    And "slow" needs 3s for SIGTERM
    When at 5s the host gets SIGTERM
    And at 6s somebody starts "late"
    Then 1 caller is refused: the host shuts down
    And "late" is never started

  Scenario: A crash leaves nothing running on paper
    Given a container "worker" that runs for ever
    When at 5s somebody pauses "worker"
    And at 10s the host's process dies
    Then the row of "worker" says failed, because its host was gone
    And the exit code is 0
