"""
A password in a command line: every user of the server can read it while it runs, and everybody with the state afterwards.
"""

import pulumi_command as command

CAUGHT_BY = {"command-secret-in-command-line": ["reset"]}

command.local.Command("reset", create="mysql --user=shop --password=hunter2-hunter2 --execute='SELECT 1'")
