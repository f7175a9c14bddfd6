"""
Entries, balances, and the end of a day. Run by the image's build: `python3 -m unittest discover -s tests`.
"""

from __future__ import annotations

import unittest
from datetime import timedelta

import temporary_database
from books_of_its_own import DAY, BooksTest
from ledger import books, schema
from ledger.closing import close_day
from ledger.entry import Account, AccountKind, Draft, Line, RefusedError
from ledger.money import MAXIMUM_CENTS, format_amount, parse_amount
from ledger.storage import Storage, StorageError


class MoneyTest(unittest.TestCase):
    """
    Amounts as people write them.
    """

    def test_amounts_are_whole_cents(self) -> None:
        """What people write becomes cents, without a float on the way."""
        for text, cents in (("12", 1200), ("12.5", 1250), (" 12,05 ", 1205), ("0.29", 29), ("", 0)):
            self.assertEqual(parse_amount(text), cents)
        for text in ("1.234", "-5", "1e3", "٣", "1 000", ".5", "9" * 13):
            with self.assertRaises(ValueError):
                parse_amount(text)
        self.assertEqual((format_amount(-123450), format_amount(7)), ("-1 234.50", "0.07"))


class EntryTest(BooksTest):
    """
    What may be posted, and what it does.
    """

    def refusals(self, draft: Draft) -> str:
        with self.assertRaises(RefusedError) as caught, self.storage.writing() as work:
            books.post(work, draft)
        self.assertEqual(self.count("entries"), 0)
        return str(caught.exception)

    def test_an_entry_moves_balances(self) -> None:
        """Debits and credits of all accounts add up to zero, and numbers have no gap."""
        first, second = self.post(1000), self.post(250, debit="6000", credit="1000")
        self.assertEqual((first.number, second.number), (1, 2))
        self.assertEqual([self.balance(code) for code in ("1000", "3000", "6000")], [750, -1000, 250])
        with self.storage.reading() as work:
            self.assertEqual(sum(row.cents for row in books.trial_balance(work)), 0)

    def test_what_does_not_balance_is_refused_with_every_reason(self) -> None:
        """All mistakes are told at once, and nothing is written."""
        said = self.refusals(Draft(day=DAY, description="", lines=(Line("1000", 1000), Line("3000", -999), Line("4000", 0))))
        self.assertIn("debits of 10.00 do not equal credits of 9.99", said)
        self.assertIn("description is empty", said)
        self.assertIn("a line has no amount", said)
        for description, lines in (
            ("x", ()),
            ("x", (Line("1000", 1),) * 101),
            ("a\x1b[31m", (Line("1000", 1), Line("3000", -1))),
        ):
            self.assertTrue(self.refusals(Draft(day=DAY, description=description, lines=lines)))
        huge = MAXIMUM_CENTS + 1
        self.assertIn("amount", self.refusals(Draft(day=DAY, description="x", lines=(Line("1000", huge), Line("3000", -huge)))))

    def test_unknown_accounts_may_exist_later(self) -> None:
        """An entry on an account that is not there is refused for now."""
        draft = Draft(day=DAY, description="x", lines=(Line("7777", 1), Line("3000", -1)))
        with self.assertRaises(RefusedError) as caught, self.storage.writing() as work:
            books.post(work, draft)
        self.assertTrue(caught.exception.may_pass_later)
        with self.storage.writing() as work:
            self.assertTrue(books.open_account(work, Account(code="7777", name="Travel", kind=AccountKind.EXPENSE)))
            self.assertFalse(books.open_account(work, Account(code="7777", name="Travel", kind=AccountKind.EXPENSE)))
            books.post(work, draft)
        with self.assertRaises(RefusedError), self.storage.writing() as work:
            books.open_account(work, Account(code="7777", name="Other", kind=AccountKind.EXPENSE))

    def test_movements_carry_the_balance(self) -> None:
        """An account's page is in order of days, whatever the order of posting, with the balance after each line."""
        self.post(300, day=DAY)
        self.post(100, day=DAY - timedelta(days=2))
        with self.storage.reading() as work:
            account = books.find_account(work, "1000")
            found = books.movements(work, account) if account else []
        self.assertEqual([(move.cents, move.balance_cents) for move in found], [(100, 100), (300, 400)])

    def test_search_takes_text_literally(self) -> None:
        """A percent sign is a percent sign."""
        for text in ("100% cotton", "1000 buttons", "Rent under_lined"):
            self.post(text=text)
        for wanted, count in (("100%", 1), ("rent", 1), ("_", 1), ("", 3), ("'; --", 0)):
            with self.storage.reading() as work:
                self.assertEqual(len(books.search(work, wanted)), count)


class ClosingTest(BooksTest):
    """
    The end of a day.
    """

    def test_a_closed_day_takes_no_more_entries(self) -> None:
        """Its balances are kept, later days go on, and closing again finds the same."""
        self.post(500)
        with self.storage.writing() as work:
            closing = close_day(work, DAY)
        self.assertEqual((closing.is_new, closing.mistakes, closing.debits_cents, closing.credits_cents), (True, (), 500, 500))
        for day in (DAY, DAY - timedelta(days=1)):
            with self.assertRaisesRegex(RefusedError, "closed"):
                self.post(day=day)
        self.post(70, day=DAY + timedelta(days=1))
        with self.storage.writing() as work:
            again = close_day(work, DAY)
        self.assertEqual((again.is_new, again.mistakes), (False, ()))

    def test_books_that_do_not_balance_are_not_closed(self) -> None:
        """A line changed behind the product's back is found, and named."""
        entry = self.post(500)
        with self.storage.writing() as work:
            work.run("UPDATE lines SET cents = 501 WHERE entry_id = :id AND cents > 0", id=entry.id)
            closing = close_day(work, DAY)
        self.assertIn("entry 1 is out of balance by 0.01", closing.mistakes)
        self.assertFalse(closing.is_new)
        self.assertEqual(self.count("closed_days"), 0)

    def test_a_closed_day_that_was_changed_is_found(self) -> None:
        """An entry moved into a closed day is noticed by the balances kept then, although everything balances."""
        entry = self.post(500, day=DAY + timedelta(days=1))
        with self.storage.writing() as work:
            close_day(work, DAY)
            work.run("UPDATE entries SET day = :day WHERE id = :id", day=str(DAY), id=entry.id)
            closing = close_day(work, DAY)
        self.assertEqual(len(closing.mistakes), 2)
        self.assertIn("account 1000 had 0.00", closing.mistakes[0])


class SchemaTest(BooksTest):
    """
    The schema and its migrations.
    """

    def test_migrating_again_changes_nothing(self) -> None:
        """Every file is applied once, and entries stay."""
        self.post()
        self.assertEqual(schema.migrate(self.storage), [])
        schema.check(self.storage)
        self.assertEqual(self.count("entries"), 1)

    def test_a_schema_that_is_too_old_is_told(self) -> None:
        """A release that needs more than the database has does not start."""
        with self.storage.writing() as work:
            work.run("DELETE FROM migrations WHERE name = '0004_closed_days'")
        with self.assertRaisesRegex(StorageError, "0004_closed_days"):
            schema.check(self.storage)
        empty = temporary_database.create()
        self.addCleanup(temporary_database.drop, empty)
        old = Storage(empty)
        with self.assertRaises(StorageError):
            schema.check(old)
        old.close()

    def test_a_failed_transaction_leaves_nothing(self) -> None:
        """What raised half-way is as if it had not been."""
        with self.assertRaises(RuntimeError), self.storage.writing() as work:
            work.run("DELETE FROM accounts")
            raise RuntimeError
        self.assertEqual(self.count("accounts"), 8)


if __name__ == "__main__":
    unittest.main()
