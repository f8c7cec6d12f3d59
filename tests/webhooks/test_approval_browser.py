"""The page for answers in a real browser, without scripts: what a person sees and does."""

import os
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.e2e.prefect.browser import BROWSER
from tests.webhooks.test_approvals import Site, make_site, site
from tests.webhooks.wire import served

__all__ = ["make_site", "site"]

PICTURE: Final = Path(__file__).parents[2] / "docs/images/approval-page.png"


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_a_person_answers(site: Site, tmp_path: Path) -> None:
    """Nothing is chosen beforehand, so nothing is sent by mistake; what is sent reaches the journal, and the page says so."""
    receiver = site.stage.receiver
    with served(receiver, receiver.limits) as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 860, "height": 820}, java_script_enabled=False)
        page.goto(f"http://127.0.0.1:{port}/approvals/{site.token}")
        page.get_by_label("Your name").fill("Ada")
        page.get_by_label("Why").fill("numbers look right")
        page.screenshot(path=PICTURE if os.environ.get("ROLLWAY_PICTURES") else tmp_path / PICTURE.name)
        page.get_by_role("button", name="Send").click()
        assert site.signals == [], "the browser asks for a decision first"

        page.get_by_label("Approve: fraud-v7 goes on to 50 %").check()
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", name="Approved: fraud-v7 on fraud-prod")).to_be_visible()
        browser.close()

    assert site.signals == [("approve", "Ada (by signed link)", "numbers look right", 0)]
