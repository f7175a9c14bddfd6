"""
Where rules come from: documents, with the items that rules cite.

Source: Regulation (EU) 2016/679; ANSSI, "Guide d'hygiène informatique", version 2.0 of September 2017; ISO/IEC 27001:2022,
annex A; CNIL, deliberation 2021-122 of 14 October 2021 on logging. Items and titles checked 2026-11-21.
"""

from __future__ import annotations

from policies.framework import Reference


def gdpr(item: str, title: str) -> Reference:
    """
    An article of the General Data Protection Regulation.
    """
    return Reference("GDPR", f"Art. {item}", title)


def anssi(measure: int, title: str) -> Reference:
    """
    A measure of ANSSI's hygiene guide.
    """
    return Reference("ANSSI hygiene guide 2.0", f"measure {measure}", title)


def iso(control: str, title: str) -> Reference:
    """
    A control of ISO 27001's annex A.
    """
    return Reference("ISO/IEC 27001:2022", f"A.{control}", title)


STORAGE_LIMITATION = gdpr("5(1)(e)", "storage limitation")
ACCOUNTABILITY = gdpr("5(2)", "accountability")
BY_DESIGN = gdpr("25", "data protection by design and by default")
PROCESSOR = gdpr("28", "processor")
RECORDS = gdpr("30", "records of processing activities")
RESILIENCE = gdpr("32(1)(b)", "availability and resilience of processing systems")
RESTORE = gdpr("32(1)(c)", "restore availability and access in a timely manner")
TESTING = gdpr("32(1)(d)", "regularly testing the effectiveness of measures")
BREACH = gdpr("33", "notification of a personal data breach within 72 hours")
TRANSFERS = gdpr("44", "general principle for transfers to third countries")

MAP = anssi(4, "identify sensitive information and servers, keep a map of the network")
LOGS = anssi(36, "activate and configure the logs of the most important components")
BACKUPS = anssi(37, "define and apply a backup policy for critical components")
AUDITS = anssi(38, "regular checks, then the corrective actions")
INCIDENTS = anssi(40, "define a procedure for security incidents")

ROLES = iso("5.2", "information security roles and responsibilities")
INVENTORY = iso("5.9", "inventory of information and other associated assets")
LABELLING = iso("5.13", "labelling of information")
SUPPLIERS = iso("5.19", "information security in supplier relationships")
CLOUD = iso("5.23", "information security for use of cloud services")
CONTINUITY = iso("5.30", "ICT readiness for business continuity")
LAW = iso("5.31", "legal, statutory, regulatory and contractual requirements")
EXCEPTIONS = iso("5.36", "compliance with policies, rules and standards")
CAPACITY = iso("8.6", "capacity management")
DELETION = iso("8.10", "information deletion")
BACKUP_COPIES = iso("8.13", "information backup")
REDUNDANCY = iso("8.14", "redundancy of information processing facilities")
LOGGING = iso("8.15", "logging")
WATCHING = iso("8.16", "monitoring activities")
SEPARATION = iso("8.31", "separation of development, test and production environments")
CHANGES = iso("8.32", "change management")

CNIL_LOGS = Reference("CNIL deliberation 2021-122", "retention", "logs are kept for six months to one year")
