Feature: No finding is lost (NFR12)
  After exit 0 every finding that was recorded is in a checkpoint and comes back. After any exit every
  finding that was acknowledged comes back, and the report names what was not preserved.

  @host
  Scenario: Exit 0 keeps all of them
    Given 5 engagements "probe" that find something every 3s
    When at 100s the host gets SIGTERM
    Then every finding is preserved
    And 33 findings of "probe-1" are in the store
    And the exit code is 0

  @host
  Scenario: A finding in the instant of the signal
    Given an engagement "probe" that finds something every 5s
    When at 60s the host gets SIGTERM
    Then every finding is preserved
    And the exit code is 0

  Scenario: Findings that come in while their engagement holds still
    Given an engagement "probe" that finds something every 300ms
    And findings still come in while their engagement holds still
    And a disk that needs 200ms for a checkpoint
    When at 10s the host gets SIGTERM
    Then every finding is preserved
    And the exit code is 0

  @host
  Scenario: A stop of one engagement keeps its findings
    Given 2 engagements "probe" that find something every 5s
    When at 33s somebody stops "probe-1"
    Then 6 findings of "probe-1" are in the store
    And the row of "probe-1" says stopped
    And every finding is preserved

  @host
  Scenario: What ends by itself keeps its findings
    Given an engagement "probe" that finds something every 5s
    And a task "scan" that completes after 20s
    When at 33s the host gets SIGTERM
    Then every finding is preserved
    And the row of "scan" says completed

  @host
  Scenario: A pause keeps what was found before
    Given an engagement "probe" that finds something every 5s
    When at 22s somebody pauses "probe"
    And at 60s the host gets SIGTERM
    Then 4 findings of "probe" are in the store
    And the exit code is 0

  Scenario Outline: Acknowledged findings survive a crash, whenever it comes
    Given an engagement "probe" that finds something every 5s
    And "probe" waits until each finding is durable
    And 1 client
    And "probe" needs 500ms for a pause
    And a disk that needs 1s for a checkpoint
    When at 30s the host gets SIGTERM
    And at <crash> the host's process dies
    Then every acknowledged finding of "probe" comes back

    Examples: while it works, is told, holds still, is checkpointed
      | crash   |
      | 12s     |
      | 30s     |
      | 30.05s  |
      | 30.3s   |
      | 30.8s   |
      | 31.4s   |

  Scenario: A checkpoint that is torn by a crash is there as a whole or not at all
    Given an engagement "probe" that finds something every 5s
    And a disk that needs 2s for a checkpoint
    When at 32s the host gets SIGTERM
    And at 33s the host's process dies
    Then the row of "probe" says stopped with 6 findings, or failed with none
    And the exit code is 0

  @host
  Scenario: A full disk is exit 1, and the report says how many
    Given an engagement "probe" that finds something every 5s
    When from 31s on the disk is full
    And at 62s the host gets SIGTERM
    Then the report names 12 findings of "probe" as not preserved
    And the exit code is 1
    And the socket and the PID file are removed

  Scenario: What was acknowledged before the disk filled is still there
    Given an engagement "probe" that finds something every 5s
    And "probe" waits until each finding is durable
    When from 31s on the disk is full
    And at 62s the host gets SIGTERM
    Then 6 findings of "probe" are in the store
    And the report names 1 finding of "probe" as not preserved
    And the exit code is 1

  Scenario: A checkpoint that fails is tried again with the last row
    Given an engagement "probe" that finds something every 5s
    And "probe" answers its checkpoint with an error
    When at 62s the host gets SIGTERM
    Then every finding is preserved
    And the first rung of "probe" that failed is checkpoint

  Scenario: A restart brings all of them back
    Given an engagement "probe" that finds something every 5s
    And "probe" waits until each finding is durable
    When at 33s the host's process dies
    Then 6 findings of "probe" come back
    And every acknowledged finding of "probe" comes back
