"""
The emulated Hetzner Cloud API: the official clients and provider plugins use it unchanged.

    app        routes, token, error format
    requests   what a request may say          views      how documents are shown
    servers, server_actions, networks, ...     one module per kind of resource
    cloud      documents + actions + machines  wanted     documents -> what the machines are told (pure)
    jobs       what runs in the background, in order per resource
"""
