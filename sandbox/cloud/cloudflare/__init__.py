"""
An emulator of Cloudflare's API v4, as far as DNS needs it: tokens, zones and DNS records.

The official `cloudflare` client and the official provider work against it unchanged. Written from the client's source
(5.9) and from answers of the real API that their authors published (each place names its source).
"""
