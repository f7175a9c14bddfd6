"""
Pulumi's Python language host, on the SDK's own gRPC stubs: the official one is not published as a Go module.

The engine starts `pulumi-language-python`, reads a port from its output, and asks it to run programs and policy packs.
Nothing here imports `pulumi` itself: the host has to answer before the program's own interpreter has even started.
"""
