from ops.diagrams.resources import overview, resources
from ops.diagrams.speech import Speech
def drawings(settings, outputs):
    s=Speech(settings.language)
    return (overview(settings,outputs,s), resources(settings,outputs,s))
