"""Models of the policy in force: a directory of them, how they change hands, how they are tried."""
