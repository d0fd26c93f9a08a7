Feature: Cancelling a task
  A cancel is true once, is on record with its reason, and nothing that comes later changes it.

  @real
  Scenario: A waiting task is cancelled
    Given a task "stream" that runs for ever
    When at 5s somebody cancels "stream"
    Then 1 caller is told true
    And the row of "stream" says cancelled, because a user asked for it
    And subscribers of "stream" hear: started, cancellation requested, cancelled
    And "stream" is told to request cancel at 5s

  @real
  Scenario: Cancelling twice is true and then false
    Given a task "stream" that runs for ever
    When at 5s somebody cancels "stream"
    And at 15s somebody cancels "stream"
    Then 1 caller is told true
    And 1 caller is told false

  @host
  Scenario: A cooperative task goes as soon as it looks
    Given a task "stream" that runs for ever
    And "stream" needs 2s for its cancellation
    When at 5s somebody cancels "stream"
    Then the stop of "stream" takes 2s
    And the report says that "stream" ended on request-cancel
    And 1 caller is told true

  @host
  Scenario: A stuck task is dropped when its grace is over
    Given a task "stuck" that runs for ever
    And "stuck" does not react to its cancellation
    When at 5s somebody cancels "stuck"
    Then the stop of "stuck" takes 5s
    And the row of "stuck" says cancelled
    And "stuck" is told to request cancel at 5s and abort at 10s
    And the exit code is 0

  @host
  Scenario: The status is on record before the task has gone
    Given a task "slow" that runs for ever
    And "slow" needs 4s for its cancellation
    When at 5s somebody cancels "slow"
    Then the row of "slow" is asked for in the instant of the cancellation
    And the last row of "slow" is written once

  @real
  Scenario: A late finish changes nothing
    Given a task "slow" that completes after 7s
    And "slow" does not react to its cancellation
    When at 5s somebody cancels "slow"
    Then the row of "slow" says cancelled
    And subscribers of "slow" hear: started, cancellation requested, cancelled

  @host
  Scenario: A run budget is told apart from a cancel
    Given a task "runaway" that runs for ever
    And "runaway" may run for 30s
    When at 90s the host gets SIGTERM
    Then the row of "runaway" says cancelled, because its time was up
    And "runaway" is told to request cancel at 30s
    And subscribers of "runaway" hear: started, timed out

  @real
  Scenario: Cancelling what is done is false
    Given a task "quick" that completes after 2s
    When at 5s somebody cancels "quick"
    Then 1 caller is told false
    And the row of "quick" says completed

  @host
  Scenario: Cancelling what never started
    Given a task "idle" that is never started
    When at 5s somebody cancels "idle"
    Then 1 caller is told false
    And subscribers of "idle" hear nothing

  @host
  Scenario: A running task is not started again
    Given a task "stream" that runs for ever
    When at 5s somebody starts "stream"
    Then 1 caller is refused: it runs already
    And "stream" is started once

  @host
  Scenario: A task cancels itself
    Given a task "stream" that runs for ever
    And "stream" cancels itself after 3s
    When at 60s the host gets SIGTERM
    Then the row of "stream" says cancelled, because it asked for it itself
    And subscribers of "stream" hear: started, cancellation requested, cancelled

  Scenario: A task that panics when it is cancelled is cancelled
    Given a task "jumpy" that runs for ever
    And bodies panic when they are cancelled
    When at 5s somebody cancels "jumpy"
    Then 1 caller is told true
    And the row of "jumpy" says cancelled

  @host
  Scenario: A cancelled task does not restart
    Given a task "stream" that runs for ever
    And "stream" restarts always, after 1s
    When at 5s somebody cancels "stream"
    Then "stream" is started once

  Scenario: An owner has a cap
    Given 2 tasks "mine" that runs for ever
    And "mine" belongs to owner 1
    And a task "more" that is never started
    And "more" belongs to owner 1
    And a task "other" that is never started
    And "other" belongs to owner 2
    And an owner may have 2 active units
    When at 5s somebody starts "more"
    And at 6s somebody starts "other"
    And at 7s somebody cancels "mine-1"
    And at 8s somebody starts "more"
    Then 1 caller is refused: the owner is at its cap
    And 2 callers are accepted
    And the starts of "more" are at 8s
    And the starts of "other" are at 6s
