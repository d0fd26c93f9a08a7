Feature: Shutting many sessions down inside an outer grace
  Every session is disconnected, no child is left over, and the host is down before its supervisor
  loses patience.

  Scenario Outline: All of them inside the grace
    Given <sessions> sessions "room" that runs for ever
    And "room" needs 800ms for its disconnection
    And docker runs the host and kills it after <grace>
    When at 60s the supervisor stops the host
    Then the host is not killed from outside
    And the exit code is 0
    And the host is down within 2s
    And nothing is leaked

    Examples:
      | sessions | grace |
      | 3        | 10s   |
      | 25       | 30s   |
      | 200      | 30s   |

  Scenario: A disconnection that gives an error
    Given 3 sessions "room" that runs for ever
    And a session "broken" that runs for ever
    And "broken" answers its disconnection with an error
    When at 60s the host gets SIGTERM
    Then "broken" is told to disconnect at 60s, terminate at 60s and forget at 60s
    And the first rung of "broken" that failed is disconnect
    And nothing is leaked
    And the exit code is 0

  Scenario: A disconnection that never ends
    Given a session "stuck" that runs for ever
    And "stuck" does not react to its disconnection
    When at 60s the host gets SIGTERM
    Then "stuck" is told to disconnect at 60s, terminate at 62s and forget at 62s
    And nothing is leaked
    And the exit code is 0

  Scenario: Children that nothing but force ends
    Given a session "stuck" that runs for ever
    And "stuck" does not react to its disconnection
    And "stuck" does not react to SIGTERM
    When at 60s the host gets SIGTERM
    Then "stuck" is told to disconnect at 60s, terminate at 62s, kill at 64s and forget at 64s
    And nothing is leaked
    And the exit code is 0

  Scenario: Children that outlive a disconnection are terminated
    Given 3 sessions "room" that runs for ever
    And children outlive what started them
    When at 60s the host gets SIGTERM
    Then the report says that "room-1" ended on kill
    And nothing is leaked

  Scenario: Children that nothing ends are reported
    Given 2 sessions "room" that runs for ever
    And a session "wedged" that runs for ever
    And "wedged" does not react to its disconnection
    And "wedged" does not react to SIGTERM
    And "wedged" does not react to SIGKILL
    When at 60s the host gets SIGTERM
    Then the report says that "wedged" is leaked
    And the report does not say that "room-1" is leaked
    And the exit code is 1
    And the host is down within 6s

  Scenario: A few at a time
    Given 6 sessions "room" that runs for ever
    And "room" needs 1s for its disconnection
    And at most 2 units are stopped at the same time
    When at 60s the host gets SIGTERM
    Then at most 2 units are on their way down at the same time
    And the shutdown takes about 3s
    And nothing is leaked

  Scenario: A grace that is known leaves a margin
    Given a session "stuck" that runs for ever
    And a task "streaming" that runs for ever
    And "streaming" has a grace of 29.5s
    And "streaming" does not react to its cancellation
    And kubernetes runs the host and kills it after 30s
    When at 60s the supervisor stops the host
    Then the host is not killed from outside
    And the host is down within 30s

  Scenario: Killed from outside, the report is written before that
    Given a task "streaming" that runs for ever
    And "streaming" has a grace of 40s
    And "streaming" does not react to its cancellation
    And 3 clients
    And clients that need 900ms to read
    And a deadline of 30s
    And docker runs the host and kills it after 27s, which it does not know
    When at 60s the supervisor stops the host
    Then the host is killed from outside
    And a report is written before the host is killed

  Scenario: A deadline inside the grace is kept whatever the sessions do
    Given 25 sessions "room" that runs for ever
    And "room" does not react to its disconnection
    And "room" does not react to SIGTERM
    And "room" does not react to SIGKILL
    And docker runs the host and kills it after 10s
    When at 60s the supervisor stops the host
    Then the host is not killed from outside
    And the exit code is 1
    And the report says that "room-7" is leaked
