Feature: Cancelling a task
  A cancel is true once, is on record with its reason, and nothing that comes later changes it.

  Scenario: A waiting task is cancelled
    Given a task "stream" that runs for ever
    When at 5s somebody cancels "stream"
    Then 1 caller is told true
    And the row of "stream" says cancelled
    And subscribers of "stream" are told once how it ended: cancelled

  Scenario: Cancelling twice is true and then false
    Given a task "stream" that runs for ever
    When at 5s somebody cancels "stream"
    And at 50s somebody cancels "stream"
    Then 1 caller is told true
    And 1 caller is told false

  Scenario: A stuck task is dropped when its grace is over
    Given a task "stuck" that runs for ever
    And "stuck" does not react to its cancellation
    When at 5s somebody cancels "stuck"
    Then the stop of "stuck" takes 5s
    And the row of "stuck" says cancelled
    And the exit code is 0

  Scenario: A late finish changes nothing
    Given a task "slow" that completes after 7s
    And "slow" does not react to its cancellation
    When at 5s somebody cancels "slow"
    Then the row of "slow" says cancelled
    And subscribers of "slow" are told once how it ended: cancelled

  Scenario: A run budget is told apart from a cancel
    Given a task "runaway" that runs for ever
    And "runaway" may run for 30s
    When at 90s the host gets SIGTERM
    Then the row of "runaway" says cancelled
    And subscribers of "runaway" are told once how it ended: timed out

  Scenario: Cancelling what is done is false
    Given a task "quick" that completes after 2s
    When at 5s somebody cancels "quick"
    Then 1 caller is told false
    And the row of "quick" says completed
