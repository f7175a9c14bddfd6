from ops.diagrams import backups, deployment, network, requests, resources
from ops.diagrams.speech import Speech
def drawings(settings, outputs):
    s=Speech(settings.language)
    return (resources.overview(settings,outputs,s), resources.resources(settings,outputs,s), network.outside(settings,outputs,s), network.inside(settings,s),
     *(requests.requests(settings,p,outputs,s) for _,p in sorted(settings.projects.items())), deployment.deployment(settings,s), backups.backups(settings,s))
