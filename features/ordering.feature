Feature: The order in which units stop
  What depends on something is down before that is told to stop. Otherwise all stop at the same time.

  Scenario: A dependent stops first
    Given a Docker container "database" that runs for ever
    And a Docker container "web" that runs for ever
    And "web" depends on "database"
    And "web" needs 1.5s for SIGTERM
    When at 5s the host gets SIGTERM
    Then "web" is told to terminate at 5s and remove at 6.5s
    And "database" is only told to stop once "web" is down
    And the exit code is 0

  Scenario: A chain of three
    Given a Docker container "database" that runs for ever
    And a Docker container "queue" that runs for ever
    And "queue" depends on "database"
    And a Docker container "web" that runs for ever
    And "web" depends on "queue"
    When at 5s the host gets SIGTERM
    Then "queue" is only told to stop once "web" is down
    And "database" is only told to stop once "queue" is down
    And the exit code is 0

  Scenario: What two depend on waits for both
    Given a Docker container "database" that runs for ever
    And a Docker container "web" that runs for ever
    And "web" depends on "database"
    And "web" needs 1s for SIGTERM
    And a Docker container "worker" that runs for ever
    And "worker" depends on "database"
    And "worker" needs 3s for SIGTERM
    When at 5s the host gets SIGTERM
    Then "database" is only told to stop once "web" is down
    And "database" is only told to stop once "worker" is down

  Scenario: What does not depend on each other stops at the same time
    Given 5 Docker containers "web" that runs for ever
    And "web" needs 2s for SIGTERM
    When at 5s the host gets SIGTERM
    Then "web-1" is told to terminate at 5s and remove at 7s
    And "web-5" is told to terminate at 5s and remove at 7s

  Scenario Outline: So many at the same time, and no more
    Given 6 Docker containers "web" that runs for ever
    And "web" needs 1s for SIGTERM
    And "web" needs 0s for SIGKILL
    And at most <count> units are stopped at the same time
    When at 5s the host gets SIGTERM
    Then at most <count> units are on their way down at the same time
    And the shutdown takes about <time>
    And the exit code is 0

    Examples:
      | count | time |
      | 1     | 6s   |
      | 2     | 3s   |
      | 6     | 1s   |

  Scenario: A dependent that cannot be stopped holds nobody back for ever
    Given a Docker container "database" that runs for ever
    And a Docker container "stuck" that runs for ever
    And "stuck" depends on "database"
    And "stuck" does not react to SIGTERM
    And "stuck" does not react to SIGKILL
    And a deadline of 10s
    When at 5s the host gets SIGTERM
    Then the host is down within 10s
    And the report says that "stuck" is leaked
    And the exit code is 1

  @host
  Scenario: A stop of one unit leaves what depends on it alone
    Given a container "database" that runs for ever
    And a container "web" that runs for ever
    And "web" depends on "database"
    When at 5s somebody stops "database"
    Then at 6s "database" is listed as stopped
    And at 6s "web" is listed as running
