"""
The HTML, with everything inline: no other file, no script. Every text from outside goes through `escape`.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from ledger.books import Balance, Movement
from ledger.entry import DESCRIPTION_MAXIMUM, Account, Entry
from ledger.imports import Import
from ledger.money import format_amount

STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
FORM_LINES = 4

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def sign_in(title: str, mistake: str = "") -> str:
    """
    The page for whoever is not signed in.
    """
    return _document(
        title,
        f"""<h1>{escape(title)}</h1>
<p class="soft">Books that balance.</p>
<form method="post" action="/sign-in">
{_alarm([mistake] if mistake else [])}
<label for="code">Access code</label>
<input id="code" name="code" type="password" required autocomplete="current-password">
<button type="submit">Sign in</button>
</form>""",
    )


def inside(title: str, heading: str, body: str, form_token: str) -> str:
    """
    A page of the product, with its menu.
    """
    return _document(
        f"{heading} - {title}",
        f"""<nav><a href="/">Trial balance</a> <a href="/entries">Entries</a> <a href="/entries/new">New entry</a>
<a href="/imports">Imports</a>
<form method="post" action="/sign-out">{_hidden("form_token", form_token)}<button type="submit">Sign out</button></form></nav>
<h1>{escape(heading)}</h1>
{body}""",
    )


def error(title: str, heading: str, reasons: Sequence[str]) -> str:
    """
    A page that says what went wrong.
    """
    return _document(title, f'<h1>{escape(heading)}</h1>\n{_alarm(reasons)}\n<p><a href="/">Back to the books</a></p>')


def trial_balance(balances: Sequence[Balance]) -> str:
    """
    Every account with its balance; both columns have the same sum.
    """
    rows = [[_account_link(row.account), escape(row.account.name), *_sides(row.cents)] for row in balances]
    debits = sum(row.cents for row in balances if row.cents > 0)
    credits = -sum(row.cents for row in balances if row.cents < 0)
    return _table(("Account", "Name", "Debit", "Credit"), [*rows, ["", "Sum", format_amount(debits), format_amount(credits)]])


def entries(found: Sequence[Entry], text: str) -> str:
    """
    Entries, newest first, with a field to search them.
    """
    rows = [[*_head(entry), _lines(entry)] for entry in found]
    table = _table(("No.", "Day", "Description", "Lines"), rows) if rows else '<p class="soft">There is nothing here.</p>'
    return f"""<form method="get" action="/entries">
<label for="q">Description has</label>
<input id="q" name="q" value="{escape(text)}">
<button type="submit">Search</button>
</form>
{table}"""


def account(found: Sequence[Movement]) -> str:
    """
    One account's lines with the balance after each.
    """
    rows = [[*_head(move.entry), *_sides(move.cents), format_amount(move.balance_cents)] for move in found]
    return _table(("No.", "Day", "Description", "Debit", "Credit", "Balance"), rows)


def imports(found: Sequence[Import]) -> str:
    """
    What the worker has to do, has done, and could not do.
    """
    rows = [[escape(item.kind), escape(item.state), str(item.attempts), escape(item.reason)] for item in found]
    return _table(("Kind", "State", "Attempts", "Reason"), rows)


def entry_form(accounts: Sequence[Account], form: Mapping[str, str], mistakes: Sequence[str], form_token: str) -> str:
    """
    The form for an entry, with what was written before. Sent twice, it makes one entry: `form_id` is its key.
    """
    day, description = (escape(form.get(name, "")) for name in ("day", "description"))
    lines = "\n".join(_form_line(accounts, form, number) for number in range(1, FORM_LINES + 1))
    return f"""<form method="post" action="/entries">
{_alarm(mistakes)}
{_hidden("form_token", form_token)}{_hidden("form_id", secrets.token_hex(16))}
<label for="day">Day</label>
<input id="day" name="day" type="date" required value="{day}">
<label for="description">Description</label>
<input id="description" name="description" required maxlength="{DESCRIPTION_MAXIMUM}" value="{description}">
<table><thead><tr><th scope="col">Account</th><th scope="col">Debit</th><th scope="col">Credit</th></tr></thead>
<tbody>
{lines}
</tbody></table>
<button type="submit">Post</button>
</form>"""


def _form_line(accounts: Sequence[Account], form: Mapping[str, str], number: int) -> str:
    chosen = form.get(f"account-{number}", "")
    options = "".join(
        f'<option value="{escape(account.code)}"{" selected" if account.code == chosen else ""}>'
        f"{escape(account.code)} {escape(account.name)}</option>"
        for account in accounts
    )
    sides = "".join(
        f'<td><input name="{side}-{number}" inputmode="decimal" aria-label="{side} {number}" '
        f'value="{escape(form.get(f"{side}-{number}", ""))}"></td>'
        for side in ("debit", "credit")
    )
    select = f'<select name="account-{number}" aria-label="account {number}"><option></option>{options}</select>'
    return f"<tr><td>{select}</td>{sides}</tr>"


def _account_link(account: Account) -> str:
    return f'<a href="/accounts/{escape(account.code)}">{escape(account.code)}</a>'


def _head(entry: Entry) -> list[str]:
    return [str(entry.number), entry.day.isoformat(), escape(entry.description)]


def _lines(entry: Entry) -> str:
    return "<br>".join(f"{escape(line.account)} {format_amount(line.cents)}" for line in entry.lines)


def _sides(cents: int) -> list[str]:
    return [format_amount(cents) if cents > 0 else "", format_amount(-cents) if cents < 0 else ""]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """
    A table of cells that are HTML already.
    """
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _alarm(reasons: Sequence[str]) -> str:
    return "\n".join(f'<p class="alarm" role="alert">{escape(reason)}</p>' for reason in reasons)


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
