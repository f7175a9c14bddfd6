"""
The HTML, with everything inline: no other file, no script.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from guestbook.entries import Entry

STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, kw_only=True)
class Form:
    """
    What a person wrote, and {field: what is wrong with it}.
    """

    name: str = ""
    message: str = ""
    errors: dict[str, str] = field(default_factory=dict)


def book_page(title: str, entries: Sequence[Entry], total: int, form: Form, limits: dict[str, int]) -> str:
    """
    The form and the newest entries; `limits` is {field: longest text}.
    """
    counted = "Nobody has written yet. Be the first." if not total else f"{total} {'entry' if total == 1 else 'entries'}"
    items = "\n".join(_item(entry) for entry in entries)
    name_input = f'<input {_attributes("name", form, limits)} autocomplete="name" value="{escape(form.name)}">'
    message_input = f"<textarea {_attributes('message', form, limits)}>{escape(form.message)}</textarea>"
    return _document(
        title,
        f"""<h1>{escape(title)}</h1>
<p class="soft">Leave a few words.</p>
<form method="post" action="/">
{_field("name", "Your name", name_input, form)}
{_field("message", "Your message", message_input, form)}
<button type="submit">Write</button>
</form>
<h2 class="soft">{counted}</h2>
<ol>
{items}
</ol>""",
    )


def error_page(status: int, reason: str, advice: str) -> str:
    """
    A page that says what went wrong and what to do.
    """
    return _document(
        reason, f'<h1>{escape(reason)}</h1>\n<p>{escape(advice)}</p>\n<p class="soft">{status}</p>\n<p><a href="/">Home</a></p>'
    )


def _attributes(name: str, form: Form, limits: dict[str, int]) -> str:
    invalid = f' aria-invalid="true" aria-describedby="{name}-error"' if name in form.errors else ""
    return f'id="{name}" name="{name}" required maxlength="{limits[name]}"{invalid}'


def _field(name: str, label: str, control: str, form: Form) -> str:
    error = form.errors.get(name)
    alarm = f'\n<p class="alarm" role="alert" id="{name}-error">{escape(error)}</p>' if error else ""
    return f'<label for="{name}">{label}</label>\n{control}{alarm}'


def _item(entry: Entry) -> str:
    when = f'<time datetime="{entry.written_at.isoformat()}">{entry.written_at:%d %B %Y, %H:%M} UTC</time>'
    return f'<li><strong>{escape(entry.name)}</strong> <span class="soft">{when}</span><p>{escape(entry.message)}</p></li>'


def _document(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
