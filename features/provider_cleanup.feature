Feature: Cleaning a Docker container up
  Gently, then by force, and in any case removed. What is not proven gone is not forgotten: it is
  reported as leaked.

  Scenario: A normal cleanup takes a second or two
    Given a Docker container "web" that runs for ever
    And "web" needs 1.5s for SIGTERM
    When at 5s somebody stops "web"
    Then "web" is told to terminate at 5s and remove at 6.5s
    And every caller is told that it is stopped
    And the report says that "web" ended on terminate
    And the first rung of "web" that failed is none
    And nothing is leaked

  Scenario: A container that does not react to SIGTERM is killed when its grace is over
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" needs 0s for SIGKILL
    When at 5s somebody stops "web"
    Then "web" is told to terminate at 5s and remove at 10s
    And every caller is told that it is stopped
    And nothing is leaked

  Scenario: It is gone already
    Given a Docker container "web" that completes after 2s
    When at 5s somebody stops "web"
    Then every caller is told that it is completed
    And the row of "web" is written once

  Scenario: A stop that gives an error goes on to the kill at once
    Given a Docker container "web" that runs for ever
    And "web" answers SIGTERM with an error
    When at 5s somebody stops "web"
    Then "web" is told to terminate at 5s, kill at 5s and remove at 5s
    And the first rung of "web" that failed is terminate
    And the report says that "web" ended on kill
    And nothing is leaked

  Scenario: A stop that is never answered costs the client's patience, and no more
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    And "web" needs 1s for its removal
    When at 5s somebody stops "web"
    Then "web" is told to terminate at 5s, kill at 20s and remove at 25s
    And the stop of "web" takes about 21s
    And the report says that "web" ended on remove
    And nothing is leaked

  Scenario: When the removal fails too, it is reported as leaked
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    And "web" answers its removal with an error
    When at 5s somebody stops "web"
    Then 1 caller is told that it is stopped, and leaked
    And the stop of "web" takes about 20s
    And the row of "web" says that it is leaked
    And the report says that "web" is leaked
    And what runs for "web" is still there
    And the exit code is 1

  Scenario: When nothing answers at all, the stop still ends
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    When at 5s somebody stops "web"
    Then "web" is told to terminate at 5s, kill at 20s and remove at 25s
    And the stop of "web" takes 30s
    And 1 caller is told that it is stopped, and leaked
    And the exit code is 1

  Scenario: A leaked container that goes later is leaked no more
    Given a Docker container "web" that runs for 60s
    And "web" does not react to SIGTERM
    And "web" does not react to SIGKILL
    When at 5s somebody stops "web"
    Then 1 caller is told that it is stopped, and leaked
    And the report does not say that "web" is leaked
    And the exit code is 0

  Scenario: A healthy container is asked first, and then stopped gently
    Given a Docker container "web" that runs for ever
    And "web" is asked for its health first
    And "web" needs 1s for SIGTERM
    When at 5s somebody stops "web"
    Then "web" is told to probe at 5s, terminate at 5s and remove at 6s

  Scenario: One that does not answer a health check goes straight to the kill
    Given a Docker container "web" that runs for ever
    And "web" is asked for its health first
    And "web" does not react to a health check
    And "web" needs 0s for SIGKILL
    When at 5s somebody stops "web"
    Then "web" is told to probe at 5s, kill at 7s and remove at 7s
    And the report says that "web" was forced

  Scenario: One whose health check gives an error goes straight to the kill
    Given a Docker container "web" that runs for ever
    And "web" is asked for its health first
    And "web" answers a health check with an error
    When at 5s somebody stops "web"
    Then "web" is told to probe at 5s, kill at 5s and remove at 5s

  Scenario: A cleanup in the background holds nobody up
    Given a Docker container "stuck" that runs for ever
    And "stuck" does not react to SIGTERM
    And a Docker container "web" that runs for ever
    And "web" needs 1s for SIGTERM
    When at 5s somebody stops "stuck"
    And at 6s somebody stops "web"
    Then "web" is told to terminate at 6s and remove at 7s
    And "stuck" is told to terminate at 5s and remove at 10s

  Scenario: A second close joins the first
    Given a Docker container "web" that runs for ever
    And "web" needs 2s for SIGTERM
    When at 5s somebody stops "web"
    And at 6s somebody stops "web"
    And at 60s somebody stops "web"
    Then 3 callers are told that it is stopped
    And "web" is told to terminate at 5s and remove at 7s
    And the row of "web" is written once

  Scenario: A second close by force goes straight to the kill
    Given a Docker container "web" that runs for ever
    And "web" does not react to SIGTERM
    And "web" needs 0s for SIGKILL
    When at 5s somebody stops "web"
    And at 6s somebody stops "web" by force
    Then "web" is told to terminate at 5s, kill at 6s and remove at 6s
    And 2 callers are told that it is stopped
    And the report says that "web" was forced

  Scenario: What a crash leaves behind is ended by the next host
    Given a Docker container "web" that runs for ever
    When at 5s somebody pauses "web"
    And at 10s the host's process dies
    Then nothing is leaked
    And the exit code is 0

  Scenario: What a crash leaves behind, and cannot be ended, is reported
    Given a Docker container "web" that runs for ever
    And what an earlier host left cannot be ended
    When at 5s somebody pauses "web"
    And at 10s the host's process dies
    Then the report says that "web" is leaked
    And what runs for "web" is still there
    And the exit code is 1
