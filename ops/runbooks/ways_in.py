"""
Names and certificates: how visitors find a site, and whether they may trust it.
"""

from __future__ import annotations

from components import caddyfile
from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation, Step, run, say, step
from ops.runbooks.servers import NOTHING, looked_at


def kept_by_caddy(n: Names) -> tuple[Step, ...]:
    """
    What keeps Caddy from its certificates on a server's disk.
    """
    ingress = n.having("ingress")[:12]
    owner = f"{caddyfile.UID}:{caddyfile.UID}"
    aside = ("mv", "--backup=numbered", "-T", "{}", f"{caddyfile.STATE}/<name>.aside")
    found = ("find", f"{caddyfile.DATA}/caddy/certificates", "-depth", "-type", "d", "-name", "<name>", "-exec", *aside, ";")
    return (
        step(
            "Does it say `permission denied`: give it back what it keeps, the line of that server.",
            "S'il dit `permission denied` : lui rendre ce qu'il garde, la ligne de ce serveur.",
            *(n.on(server.name, "chown", "--recursive", owner, caddyfile.STATE) for server in ingress),
        ),
        step(
            "Does it say `caching certificate`, what it kept for that name is damaged, and it does not start with it: put that "
            "aside, the line of that server. Caddy orders another one; an authority allows a few a week.",
            "S'il dit `caching certificate`, ce qu'il gardait pour ce nom est abîmé, et il ne démarre pas avec : le mettre de "
            "côté, la ligne de ce serveur. Caddy en demande un autre ; une autorité en accorde quelques-uns par semaine.",
            *(n.on(server.name, *found) for server in ingress),
        ),
    )


def certificate(n: Names) -> Runbook:
    """
    Ended, about to, or not trusted; protocols and headers too.
    """
    site = next((found.site for found in n.shown if found.site), "<name>")
    from_authority = step(
        "Is the authority's limit reached: take the certificates of before from the backup, the line of that server.",
        "Si la limite de l'autorité est atteinte : reprendre les certificats d'avant depuis la sauvegarde, la ligne de ce "
        "serveur.",
        *(
            n.flotilla("restore", "ingress", "--volume", f"certificates-{found.name}", "--over-existing")
            for found in n.having("ingress")[:12]
        ),
    )
    return Runbook(
        slug="certificate",
        situation=Situation.SITES,
        title=say("Trouble with a certificate", "Un problème de certificat"),
        when=say(
            "A certificate has ended, was not renewed, or is not trusted; or a site speaks an old protocol.",
            "Un certificat a expiré, n'a pas été renouvelé ou n'est pas reconnu ; ou un site parle un vieux protocole.",
        ),
        risk=Level.IMPORTANT,
        answers=frozenset(
            {
                *("CertificateExpiresSoon", "CertificateNotRenewed"),
                *(
                    f"tls.{name}"
                    for name in ("expired", "untrusted", "protocol-old", "protocol-new-missing", "headers-missing")
                ),
            }
        ),
        steps=(
            step(
                "Does the name lead to the way in, and is port 80 open? Without both nothing is renewed.",
                "Le nom mène-t-il à l'entrée, et le port 80 est-il ouvert ? Sans les deux, rien ne se renouvelle.",
                n.flotilla("audit", "dns", "network", "tls"),
            ),
            step(
                "See what Caddy says of it.",
                "Voir ce qu'en dit Caddy.",
                n.on(n.manager, "docker", "service", "logs", "--tail", "200", "caddy"),
            ),
            *kept_by_caddy(n),
            step(
                "Have it ask again at once. Connections that are open are cut.",
                "La faire redemander tout de suite. Les connexions ouvertes sont coupées.",
                n.on(n.manager, "docker", "service", "update", "--force", "caddy"),
            ),
            *([from_authority] if n.is_acme else []),
        ),
        check=(
            *looked_at(n, "tls"),
            *(
                [step("It ends later now.", "Il expire plus tard désormais.", run("curl", "-sSIv", f"https://{site}/"))]
                if not n.is_sandbox
                else []
            ),
        ),
        undo=NOTHING,
        rehearsed="tests/proof/test_runbook_losses.py",
    )


def dns_wrong(n: Names) -> Runbook:
    """
    Names lead nowhere, or elsewhere.
    """
    return Runbook(
        slug="dns-wrong",
        situation=Situation.SITES,
        title=say("Names lead nowhere, or elsewhere", "Des noms ne mènent nulle part, ou ailleurs"),
        when=say(
            "A record is missing, was changed by hand, or resolvers do not agree. The zones: {zones}.",
            "Un enregistrement manque, a été changé à la main, ou les résolveurs divergent. Les zones : {zones}.",
            zones=", ".join(n.zones),
        ),
        risk=Level.IMPORTANT,
        operations=("apply",),
        answers=frozenset({"dns-unknown", "dns", "DnsWrong", "DnsUnknown", "dns.record-missing", "dns.record-foreign"}),
        steps=(
            step(
                "What do the zones' own name servers say, and what was declared? Did somebody change an address on purpose a "
                "few minutes ago: wait for as long as `dns.ttl_s` says.",
                "Que disent les serveurs de noms des zones, et qu'a-t-on déclaré ? Si l'adresse vient d'être changée exprès "
                ": attendre le temps de `dns.ttl_s`.",
                n.flotilla("audit", "dns"),
            ),
            step(
                "Put back what somebody changed by hand.",
                "Remettre ce que quelqu'un a changé à la main.",
                n.flotilla("plan", "--refresh"),
                n.flotilla("apply", "--refresh"),
            ),
            step(
                "Does nobody answer for the zone: look at Cloudflare, and at the registrar's name servers.",
                "Si personne ne répond pour la zone : voir Cloudflare et les serveurs de noms chez le registraire.",
                n.flotilla("runbook", "dns-account-lost"),
            ),
        ),
        check=looked_at(n, "dns", "network"),
        undo=NOTHING,
    )


RUNBOOKS = (certificate, dns_wrong)
