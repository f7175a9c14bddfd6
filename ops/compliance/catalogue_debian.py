"""
Sections of the CIS Debian Linux 12 Benchmark, as far as the audit sees what the roles set.

Source: CIS Debian Linux 12 Benchmark v1.1.0, sections and items as the rules of this repository cite
them: not compared with the benchmark itself.
"""

from __future__ import annotations

from ops.compliance.control import NOTHING, Control, Framework
from ops.dossier.words import Words

ROLE = "drift.role-differs"


def _section(
    item: str,
    title: Words,
    *checks: str,
    policies: tuple[str, ...] = (),
    facts: tuple[str, ...] = (),
    beyond: Words = NOTHING,
    outside: Words = NOTHING,
) -> Control:
    return Control(
        id=f"debian-{item}",
        framework=Framework.DEBIAN,
        item=item,
        title=title,
        policies=policies,
        checks=checks,
        facts=facts,
        beyond=beyond,
        outside=outside,
    )


CONTROLS = (
    _section(
        "1.1.1",
        Words(
            en="File systems that nobody needs cannot be loaded",
            fr="Les systèmes de fichiers dont personne n'a besoin ne peuvent pas être chargés",
        ),
        ROLE,
    ),
    _section(
        "1.1.2",
        Words(
            en="Folders that all may write to are on parts of the disk of their own",
            fr="Les dossiers où tous peuvent écrire sont sur leurs propres partitions",
        ),
        outside=Words(
            en="Hetzner's images have one root disk; data is on a volume, logs and images are bounded: docs/security.md",
            fr="les images de Hetzner n'ont qu'un disque racine ; les données sont sur un volume, journaux "
            "et images sont bornés : docs/security.md",
        ),
    ),
    _section(
        "1.2.2",
        Words(en="Updates are installed", fr="Les mises à jour sont installées"),
        "hosts.updates-pending",
        "hosts.reboot-required",
        facts=("updates-by-themselves",),
    ),
    _section(
        "1.5",
        Words(en="The kernel makes attacks on processes hard", fr="Le noyau rend difficiles les attaques contre les processus"),
        "security.sysctl-weak",
        ROLE,
    ),
    _section(
        "2.3", Words(en="Clocks agree", fr="Les horloges sont d'accord"), "hosts.clock-wrong", "hosts.clock-unsynchronized"
    ),
    _section(
        "3.2",
        Words(
            en="Network protocols that nobody needs cannot be loaded",
            fr="Les protocoles réseau dont personne n'a besoin ne peuvent pas être chargés",
        ),
        ROLE,
    ),
    _section(
        "3.3",
        Words(
            en="The kernel passes on and believes no strange packets", fr="Le noyau ne relaie et ne croit aucun paquet suspect"
        ),
        "security.sysctl-weak",
    ),
    _section(
        "4",
        Words(
            en="One firewall on the machine drops what is not named",
            fr="Un seul pare-feu sur la machine rejette ce qui n'est pas nommé",
        ),
        *("security.host-firewall-open", "security.port-exposed", "security.port-open"),
        policies=("server-without-firewall",),
    ),
    _section(
        "5.1",
        Words(
            en="sshd offers only what is needed, by strong algorithms",
            fr="sshd n'offre que le nécessaire, avec des algorithmes forts",
        ),
        "security.sshd-weak",
        "security.sshd-algorithms",
    ),
    _section(
        "5.1.19",
        Words(en="Empty passwords open nothing", fr="Un mot de passe vide n'ouvre rien"),
        "security.sshd-passwords",
        "security.password-set",
        policies=("user-data-password-login",),
    ),
    _section(
        "5.1.20",
        Words(en="root does not log in", fr="root ne se connecte pas"),
        "security.sshd-passwords",
        policies=("user-data-root-password-login",),
        beyond=Words(
            en="root logs in by an administrator's key, for deployments: docs/security.md",
            fr="root se connecte avec la clé d'un administrateur, pour les déploiements : docs/security.md",
        ),
    ),
    _section(
        "5.2",
        Words(
            en="Only named people become root, and that is recorded",
            fr="Seules les personnes nommées deviennent root, et cela est enregistré",
        ),
        "security.sudoer-unknown",
        ROLE,
    ),
    _section(
        "5.4",
        Words(en="Accounts are known, and none has a password", fr="Les comptes sont connus, et aucun n'a de mot de passe"),
        "security.account-unknown",
        "security.password-set",
    ),
    _section(
        "6.1",
        Words(en="The journal keeps what happens", fr="Le journal garde ce qui se passe"),
        ROLE,
        policies=("log-retention",),
        facts=("logs-kept",),
    ),
    _section(
        "6.2",
        Words(
            en="Changes of access and what root runs are recorded",
            fr="Les changements d'accès et ce que root exécute sont enregistrés",
        ),
        ROLE,
    ),
    _section(
        "6.3",
        Words(en="Changed files are noticed", fr="Les fichiers modifiés sont remarqués"),
        ROLE,
        beyond=Words(
            en="there is no integrity tool with a record of its own: docs/security.md says why",
            fr="il n'y a pas d'outil d'intégrité qui tienne son propre registre : docs/security.md dit pourquoi",
        ),
    ),
    _section(
        "7.1",
        Words(
            en="Programs that run as root for anybody are known",
            fr="Les programmes qui s'exécutent en root pour n'importe qui sont connus",
        ),
        "security.suid-unknown",
    ),
    _section(
        "7.2",
        Words(en="Users and groups are consistent", fr="Les utilisateurs et les groupes sont cohérents"),
        "security.account-unknown",
        ROLE,
    ),
)
