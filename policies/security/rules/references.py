"""
The documents that rules cite.

Source, read 2026-11-21: CIS Docker Benchmark v1.6.0 (items as in docker-bench-security 1.6.0); CIS Debian Linux 12 Benchmark
v1.1.0, section 5; ANSSI-FT-082, "Recommandations de sécurité relatives aux déploiements de conteneur Docker", version 1.0 of
23 September 2020; ANSSI, "Guide d'hygiène informatique", version 2.0; MITRE CWE; IETF RFCs by number.
"""

from __future__ import annotations

from policies.framework import Reference


def cis_docker(item: str, title: str) -> Reference:
    """
    An item of the CIS Docker Benchmark.
    """
    return Reference("CIS Docker Benchmark 1.6.0", item, title)


def cis_debian(item: str, title: str) -> Reference:
    """
    An item of the CIS Debian Linux 12 Benchmark.
    """
    return Reference("CIS Debian Linux 12 Benchmark 1.1.0", item, title)


def anssi_docker(item: str, title: str) -> Reference:
    """
    A recommendation of ANSSI's sheet on Docker, its subject in English.
    """
    return Reference("ANSSI-FT-082 1.0", item, title)


def anssi_hygiene(measure: int, title: str) -> Reference:
    """
    A measure of ANSSI's hygiene guide, its subject in English.
    """
    return Reference("ANSSI hygiene guide 2.0", f"measure {measure}", title)


def cwe(number: int, title: str) -> Reference:
    """
    A weakness of MITRE's list.
    """
    return Reference("CWE", str(number), title)


def rfc(number: int, title: str) -> Reference:
    """
    A standard of the IETF.
    """
    return Reference("RFC", str(number), title)


def gdpr(article: str, title: str) -> Reference:
    """
    An article of Regulation (EU) 2016/679.
    """
    return Reference("GDPR", f"Art. {article}", title)
