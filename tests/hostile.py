"""
Strings that would do harm in a shell, a path, a template, a header, HTML, a settings file or a log; the same each time.
"""

from __future__ import annotations

import itertools
import random
from pathlib import Path

HARMS = [
    *(
        "$(id)",
        "`id`",
        ";id",
        "|id",
        "&id",
        "\nid",
        " || reboot",
        "${HOME}",
        "!x",
        "#x",
        "*",
        "?",
        "[a]",
        "()",
        "-o ProxyCommand=x\n",
    ),
    *("'", '"', "\\", "//\\", "' OR 1=1 --", "<script>", "\r\nSet-Cookie: a=b", "%0a;", "../../etc/passwd\x00"),
    *("{{.Env}}", "{%x%}", "{import /etc/passwd}", "}\nreverse_proxy evil"),
    *("\x00", "\t", "\x1b[2J", "\u202e", "\u2028", "\ud800", "\uff21", "\u00e9"),
]
KEPT = ["", "a", "shop", "10.0.0.0/8", "/data", "registry.example.com/shop", "a.example.com", "A" * 5000, "ssh-rsa AAAA"]
# Each may be meant in one of the settings; on the command line it is what another word looks like, or leads elsewhere.
LOOK_ALIKES = (
    *("--yes", "-y", "--", "-", "-rf", "--approve=critical", "--stack=production", "-oProxyCommand=id", "--upload-pack=id"),
    *("..", "../..", "../../../../etc/passwd", "/data/../../etc/shadow", "./../x", "~root/.ssh/authorized_keys", "~"),
    *("https://user:secret@evil.example.com/x", "file:///etc/passwd", "ext::sh -c id", "a" * 5000, "a" * 200_000, " shop"),
    *(
        "gu\u0435stbook",
        "guestbook\u200b",
        "\u2066guestbook\u2069",
        "\ufeffguestbook",
        "shop\u00a0",
        "caf\u0065\u0301",
        "\udcff",
    ),
    *("\x1b]0;taken\x07", "\x9b2J", "\x08\x08\x08", "\x7f", "shop\r", "\x85", "'; DROP TABLE releases; --"),
    *("shop\n  server evil 192.0.2.1:80", "shop\n}\nimport /etc/passwd\n{", "{$HOME}", "{env.HCLOUD_TOKEN}", "a: &a [*a, *a]"),
    *(
        "!!python/object/apply:os.system ['id']",
        '","stack":"production',
        '"}]}',
        "[x](javascript:alert(1))",
        "![x](//evil.example.com)",
    ),
    *(
        '"]; a -> b; x [label="',
        "<<: *a",
        "%s%s%n",
        "@/etc/passwd",
        "<img src=x onerror=alert(1)>",
        "```\n# taken",
        "=1+1",
        "| a | b |",
    ),
)


def hostile_strings(count: int) -> list[str]:
    """
    So many different ones, for every place where people write settings.
    """
    chance = random.Random(20261120)  # noqa: S311 - a sample that repeats, not a secret
    single = [*HARMS, *(before + harm for before, harm in itertools.product(KEPT, HARMS))]
    mixed = ["".join(chance.choices(HARMS + KEPT, k=4)) + chance.choice(HARMS) for _ in range(count)]
    return list(dict.fromkeys(single + mixed))[:count]


def hostile_words(count: int, canary: Path) -> list[str]:
    """
    So many different ones, for every word of the command line. Those for a shell make the canary, a file, where one obeys.
    """
    touch = f"touch {canary}"
    spaceless = touch.replace(" ", "${IFS}")
    shell = [
        *(f"$({touch})", f"`{touch}`", f";{touch}", f"|{touch}", f"&{touch}", f"\n{touch}\n", f"&& {touch}", f"|| {touch} #"),
        *(f"';{touch};'", f'";{touch};"', f"$({spaceless})", f"`{spaceless}`", f";{spaceless};", f"> {canary}", f"<({touch})"),
        *(
            f"-oProxyCommand={touch}",
            f"--upload-pack={touch}",
            f"-c {touch}",
            f"ext::sh -c {touch}",
            f"{{{touch},}}",
            f"\\\n{touch}",
        ),
    ]
    harmful = [before + harm for before, harm in itertools.product(("", "guestbook", ":v2", "2", "local'"), shell)]
    return list(dict.fromkeys([*harmful, *LOOK_ALIKES, *hostile_strings(count)]))[:count]
