"""
What keeps an environment alive and in order: backups, monitoring, compliance and its exceptions.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from settings.model import Model
from settings.values import (
    ApprovalSubject,
    Copies,
    CronSchedule,
    Day,
    Days,
    Email,
    Flag,
    Hostname,
    Ipv4Address,
    LoginName,
    Name,
    Person,
    Place,
    Port,
    PublicKey,
    ResourceGlob,
    RuleId,
    StoragePath,
    Text,
    TimeWindow,
)

# Cloudflare's and Quad9's.
RESOLVERS = ("1.1.1.1", "9.9.9.9")


class Retention(Model):
    """
    How many backups are kept: the last of each of so many days, weeks and months.
    """

    daily: Copies = Field(default=7, description="Days.")
    weekly: Copies = Field(default=4, description="Weeks.")
    monthly: Copies = Field(default=6, description="Months.")

    @property
    def is_empty(self) -> bool:
        """
        Whether nothing at all would be kept.
        """
        return not (self.daily or self.weekly or self.monthly)


class OffsiteKind(StrEnum):
    """
    How the place for copies is spoken to.
    """

    SFTP = "sftp"
    S3 = "s3"


class Offsite(Model):
    """
    Where copies of the backups are kept, away from the servers.
    """

    kind: OffsiteKind = Field(description="How it is spoken to.")
    host: Hostname = Field(description="Its name.")
    path: StoragePath = Field(description="The folder or bucket there.")
    user: Name = Field(default="backup", description="For `sftp`: who logs in, with the key of docs/backups.md.")
    port: Port | None = Field(
        default=None, description="If it is not the usual one: Hetzner's storage boxes have 23 for `sftp`."
    )
    host_key: PublicKey | None = Field(
        default=None, description="For `sftp`, required there: its public SSH key. Whoever shows another one gets nothing."
    )
    location: Place = Field(description="Where it stands, such as `hel1`.")


class BackupPolicy(Model):
    """
    How databases, volumes and the ingress servers' certificates are backed up, always encrypted.
    """

    schedule: CronSchedule = Field(description="When, as cron's five fields in UTC.")
    retention: Retention = Field(default=Retention(), description="How many are kept.")
    offsite: Offsite | None = Field(default=None, description="Where copies are kept. None: only on the servers.")
    drill_interval_days: Days = Field(default=30, description="How often a backup is restored to see that it can be.")


class ProjectBackup(Model):
    """
    What a project does otherwise than the environment's policy.
    """

    schedule: CronSchedule | None = Field(default=None, description="When, if not as the policy says.")
    retention: Retention | None = Field(default=None, description="How many are kept, if not as the policy says.")


class ReceiverKind(StrEnum):
    """
    The ways in which alerts are sent.
    """

    EMAIL = "email"
    SLACK = "slack"
    WEBHOOK = "webhook"


class Receiver(Model):
    """
    Who is told when something is wrong.
    """

    name: Name = Field(description="Its name.")
    kind: ReceiverKind = Field(description="How it is told.")
    to: Email | None = Field(default=None, description="For `email`: the address.")
    secret: Name | None = Field(
        default=None, description="For `slack` and `webhook`: the name of its address in `flotilla:secrets` `notifications`."
    )


class Mail(Model):
    """
    The server that takes mail for `email` receivers, over TLS.
    """

    host: Hostname = Field(description="Its name.")
    port: Port = Field(default=587, description="Where it listens.")
    sender: Email = Field(description="Whom mail is from.")
    user: LoginName | None = Field(default=None, description="Who logs in there. None: nobody has to.")
    secret: Name | None = Field(
        default=None, description="The name of the password in `flotilla:secrets` `notifications`; needed with `user`."
    )


class Monitoring(Model):
    """
    What is remembered about the servers and projects, and who is told.
    """

    retention_days: Days = Field(default=30, description="How long measurements are kept.")
    receivers: Annotated[tuple[Receiver, ...], Field(min_length=1)] = Field(description="Who is told.")
    mail: Mail | None = Field(default=None, description="What sends mail; needed by a receiver by `email`.")
    resolvers: Annotated[tuple[Ipv4Address, ...], Field(min_length=1)] = Field(
        default=RESOLVERS,
        description="Public resolvers that are asked where the projects' names lead. One alone may be wrong.",
    )

    @property
    def secrets(self) -> dict[tuple[str | int, ...], str]:
        """
        The secret `notifications` that are named: {where in here: name}.
        """
        found: dict[tuple[str | int, ...], str] = {
            ("receivers", index, "secret"): receiver.secret for index, receiver in enumerate(self.receivers) if receiver.secret
        }
        return {**found, ("mail", "secret"): self.mail.secret} if self.mail and self.mail.secret else found


class DataRegion(StrEnum):
    """
    The parts of the world that data may have to stay in.
    """

    EU = "eu"
    US = "us"
    APAC = "apac"


class Compliance(Model):
    """
    What rules the environment has to keep; the policy packs hold it to them.
    """

    data_region: DataRegion = Field(description="Where data has to stay.")
    log_retention_days: Days = Field(description="How long logs are kept.")
    required_labels: tuple[Name, ...] = Field(default=(), description="Labels that every cloud resource carries.")


class Updates(Model):
    """
    When servers get security updates, and whether they may restart for one.
    """

    window: TimeWindow = Field(
        default="03:30-05:00",
        description="Each server has its own time in it, servers of a pool 15 minutes apart. It may pass midnight.",
    )
    may_restart: Flag = Field(default=True, description="A server restarts, right after the update, when one needs it.")

    @property
    def minutes(self) -> tuple[int, int]:
        """
        When it begins, in minutes after midnight, and how long it is; `03:30-03:30` is a whole day.
        """
        start, end = (int(text[:2]) * 60 + int(text[3:]) for text in self.window.split("-"))
        return start, (end - start) % (24 * 60) or 24 * 60


class Waiver(Model):
    """
    A rule that does not count for a resource, for a reason, until a day.
    """

    rule: RuleId = Field(description="The rule's name.")
    resource: ResourceGlob = Field(description="The resource's name; `*` stands for anything.")
    reason: Annotated[Text, Field(min_length=1)] = Field(description="Why.")
    owner: Person = Field(description="Who answers for it.")
    until: Day = Field(description="The last day on which it counts.")


class Approval(Model):
    """
    Somebody's consent to what the rules about personal data do not leave to whoever edits settings: docs/compliance.md.
    """

    what: ApprovalSubject = Field(
        description="For what: `region:<place>` outside the EU, `personal-data:<project>`, or `processor:<name>`, another "
        "company that data is handed to."
    )
    by: Person = Field(description="Who approved it.")
    date: Day = Field(description="The day on which it was approved; one to come does not count yet.")
    reason: Annotated[Text, Field(min_length=1)] = Field(description="Why it is right.")
