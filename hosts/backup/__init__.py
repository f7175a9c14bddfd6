"""
What backs data up, tries it, and gives it back: on the backup server, and, as far as it is asked, on servers that have data.

    main.py          `flotilla-backup ...`, the command on the backup server
    run.py           a backup: database clusters, volumes, and the manifest that it is compared with later
    status.py        what there is, read from the repositories, and what is wrong with it
    verify.py        restoring into a throw-away cluster, and comparing with the manifest
    throwaway.py     that cluster: whose files come from servers that may have been taken over, so it has a user of its own
    throwaway_unit.py    how it is started
    wal.py           fetching the write-ahead log, all the time
    offsite.py       the copy somewhere else
    pgbackrest.py, restic.py, receivewal.py, source.py    the only modules that know these programs' command lines
    gate.py          the other side: all that a backup server may ask a server that has data
    fingerprint.py   what a database holds, in numbers that can be compared

Standard library only: the roles `backup` and `backup-source` copy this package to `/usr/local/lib/flotilla`.
"""
