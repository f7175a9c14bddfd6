"""
What servers are to be, and making them so.

    items.py       what a role wants: files, packages, units, programs; plain values
    roles/         one module per role: `wanted(host) -> [item, ...]`, pure functions of a server's declaration
    programs/      Python programs that run on a server for what files cannot say, such as a database's users
    agent/         what runs on a server: `observe` looks at everything wanted at once, `act` does one thing
    decide.py      wanted + observed -> what has to be done; pure
    converge.py    the process that connects with pyinfra, looks, decides and acts: `python -m hosts.converge`
    host.py        one server as roles see it: its declaration, and secrets derived from the environment's key

One look costs one round trip, so a server that is as it should be takes about a second. Nothing here imports pyinfra but
`converge.py` and `operations.py`: it patches sockets (DESIGN D1), so they run in a process of their own.
"""
