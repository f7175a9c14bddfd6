"""
Runbooks: what a person does in a situation, in the environment's own names, with commands to copy. Pure, but for `collect`.

    names.of(settings) -> Names                     what commands are filled with
    catalog.every(names) -> tuple[Runbook, ...]     all of them, filled
    catalog.find(names, word) -> Runbook            one, by its name, an alert's or a finding's
    pages.pages(facts) -> tuple[Page, ...]          as pages of the dossier
    text.lines(runbook, durations, language)        for a terminal
"""
