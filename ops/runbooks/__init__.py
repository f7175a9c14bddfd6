"""
Runbooks: what a person does in a situation, in the environment's own names, with commands to copy. Pure, but for `collect`.

    names.of(settings, stacks) -> Names                 what commands are filled with
    catalog.every(names) -> tuple[Runbook, ...]         all of them, filled; catalog.find(names, word) one, by its name or an alert's
    pages.pages(names, language, durations)             as pages of the dossier
    text.lines(runbook, language, durations)            for a terminal
"""
