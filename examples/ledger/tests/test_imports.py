"""
The queue and its worker.
"""

from __future__ import annotations

import threading
import unittest
from datetime import date
from typing import Any

from books_of_its_own import BooksTest
from ledger import books, imports
from ledger.entry import Account, AccountKind, RefusedError
from ledger.worker import report_in, run_once, was_seen, work_until

INVOICE = {"day": "2026-11-20", "number": "R-1", "customer": "Ada", "net_cents": 1005, "vat_percent": 19}


def entry(*lines: tuple[str, str, int]) -> dict[str, Any]:
    return {
        "day": "2026-11-20",
        "description": "x",
        "lines": [{"account": account, f"{side}_cents": cents} for account, side, cents in lines],
    }


class QueueTest(BooksTest):
    """
    What is queued is posted once, or never.
    """

    def queue(self, kind: str, payload: dict[str, Any]) -> str:
        with self.storage.writing() as work:
            return imports.queue(work, kind, payload)

    def find(self, name: str) -> imports.Import:
        with self.storage.reading() as work:
            found = imports.find(work, name)
        return found or self.fail("there is no such import")

    def make_due(self) -> None:
        with self.storage.writing() as work:
            work.run("UPDATE imports SET due_at = '2000' WHERE state <> 'done'")

    def test_an_invoice_is_booked_with_its_vat(self) -> None:
        """Receivable is net and VAT, rounded commercially."""
        name = self.queue("invoice", INVOICE)
        self.assertTrue(run_once(self.storage))
        self.assertEqual([self.balance(code) for code in ("1200", "4000", "2200")], [1196, -1005, -191])
        self.assertEqual((self.find(name).state, self.find(name).attempts), ("done", 1))
        self.assertFalse(run_once(self.storage))

    def test_an_import_posted_twice_is_one_entry(self) -> None:
        """A worker that died after posting, and one that tries again, make one entry."""
        name = self.queue("invoice", INVOICE)
        run_once(self.storage)
        with self.storage.writing() as work:
            work.run("UPDATE imports SET state = 'running', due_at = '2000', entry_id = NULL")
        self.assertTrue(run_once(self.storage))
        self.assertEqual((self.count("entries"), self.find(name).state), (1, "done"))

    def test_poison_is_put_aside_at_once(self) -> None:
        """What can never be posted fails with its reason, and the next one is posted."""
        name = self.queue("entry", entry(("1000", "debit", 10), ("3000", "credit", 9)))
        self.queue("invoice", INVOICE)
        while run_once(self.storage):
            pass
        self.assertEqual((self.find(name).state, self.find(name).attempts), ("failed", 1))
        self.assertIn("do not equal", self.find(name).reason)
        self.assertEqual(self.count("entries"), 1)

    def test_what_may_pass_later_is_tried_again_then_given_up(self) -> None:
        """An unknown account waits for five attempts; opened in between, the import passes."""
        lost, found = (self.queue("entry", entry((code, "debit", 10), ("3000", "credit", 10))) for code in ("7001", "7002"))
        for _ in range(2):
            self.assertTrue(run_once(self.storage))
        self.assertEqual((self.find(lost).state, self.find(found).state), ("queued", "queued"))
        self.assertFalse(run_once(self.storage), "a retry waits")
        with self.storage.writing() as work:
            books.open_account(work, Account(code="7002", name="Travel", kind=AccountKind.EXPENSE))
        for _ in range(4):
            self.make_due()
            while run_once(self.storage):
                pass
        self.assertEqual((self.find(found).state, self.find(found).attempts), ("done", 2))
        self.assertEqual((self.find(lost).state, self.find(lost).attempts), ("failed", 5))

    def test_an_import_that_kills_its_worker_is_given_up(self) -> None:
        """What was taken five times and never finished is not taken for ever."""
        name = self.queue("invoice", INVOICE)
        for _ in range(imports.ATTEMPTS_MAXIMUM):
            self.assertIsNotNone(imports.take(self.storage))
            self.make_due()
        run_once(self.storage)
        self.assertEqual(self.find(name).state, "failed")

    def test_two_workers_never_take_the_same(self) -> None:
        """Ten imports and four workers: ten entries."""
        for number in range(10):
            self.queue("invoice", INVOICE | {"number": f"R-{number}"})

        def run() -> None:
            while run_once(self.storage):
                pass

        workers = [threading.Thread(target=run) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(self.count("entries"), 10)

    def test_nonsense_is_refused_before_it_is_queued(self) -> None:
        """Unknown kinds, wrong types and unknown fields are told at once."""
        for kind, payload in (
            ("gift", {}),
            ("invoice", INVOICE | {"net_cents": "1"}),
            ("invoice", INVOICE | {"net_cents": True}),
            ("invoice", INVOICE | {"vat_percent": 101}),
            ("invoice", INVOICE | {"day": "yesterday"}),
            ("invoice", INVOICE | {"extra": 1}),
            ("entry", entry(("1000", "debit", 0))),
            ("entry", {"day": "2026-11-20", "description": "x", "lines": [1, {"account": "1000"}]}),
            ("entry", []),
        ):
            with self.subTest(payload=payload), self.assertRaises(RefusedError):
                self.queue(kind, payload)  # type: ignore[arg-type]
        self.assertEqual(self.count("imports"), 0)

    def test_the_worker_reports_in_and_stops(self) -> None:
        """It is seen while it works, and ends soon after it was told to."""
        stop = threading.Event()
        worker = threading.Thread(target=work_until, args=(stop, self.storage, "w1"))
        name = self.queue("invoice", INVOICE)
        worker.start()
        stop.wait(0.3)
        stop.set()
        worker.join(timeout=5)
        self.assertFalse(worker.is_alive())
        self.assertEqual(self.find(name).state, "done")
        self.assertTrue(was_seen(self.storage, "w1"))
        self.assertFalse(was_seen(self.storage, "w2"))
        report_in(self.storage, "w1")
        self.assertEqual(self.count("workers"), 1)

    def test_readers_keep_what_was_written(self) -> None:
        """A document of an entry becomes that entry."""
        draft = imports.read_entry(entry(("1000", "debit", 5), ("3000", "credit", 5)))
        self.assertEqual((draft.day, [line.cents for line in draft.lines]), (date(2026, 11, 20), [5, -5]))


if __name__ == "__main__":
    unittest.main()
