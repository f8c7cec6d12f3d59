"""Prefect's form in a real browser, the system's Chromium."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

from playwright.sync_api import Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as StillThere

from tests.e2e.prefect.site import ROOT, Site

BROWSER: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PICTURE: Final = ROOT / "docs/images/prefect-form.png"
ANSWERING: Final = ROOT / "docs/images/answer-form.png"
_LIMIT_MS: Final = 60_000
_ANSWER_MS: Final = 15_000
_PATIENCE: Final = 6


@contextmanager
def open_form(site: Site, deployment: str) -> Generator[Page]:
    """Open the form of a deployment."""
    number = site.ask("GET", f"/deployments/name/{deployment}").json()["id"]
    with open_page(str(site.api.base_url.copy_with(path=f"/deployments/deployment/{number}/run"))) as page:
        yield page


@contextmanager
def open_page(address: str) -> Generator[Page]:
    """Open a page, in a browser as large as a laptop's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 1180})
        page.set_default_timeout(_LIMIT_MS)
        expect.set_options(timeout=_LIMIT_MS)
        page.goto(address)
        yield page
        browser.close()


def fill_in(page: Page, **values: str) -> None:
    """Fill in some fields of the form by their titles, spelled as Python spells them."""
    for title, value in values.items():
        _field(page, title.capitalize().replace("_", " ")).locator("textarea").fill(value)


def choose(page: Page, title: str, option: str) -> None:
    """Choose one of several, by keyboard, as whoever tabs through the form does."""
    _field(page, title).locator(".p-select-button__control").press("ArrowDown")
    page.locator(".p-select-option").get_by_text(option, exact=True).click()


def read_field(page: Page, title: str) -> str:
    """What a field of text holds."""
    return _field(page, title).locator("textarea").input_value()


def submit(page: Page) -> None:
    """Press Submit."""
    page.get_by_role("button", name="Submit").click()


def submit_until_accepted(page: Page) -> None:
    """Press Submit as a patient person does: Prefect on SQLite may say that it is busy, and the form stays."""
    for _ in range(_PATIENCE):
        submit(page)
        with suppress(StillThere):
            page.wait_for_url(lambda url: "/run?" not in url and not url.endswith("/run"), timeout=_ANSWER_MS)
            return
    raise AssertionError("the form was never accepted")


def await_text(page: Page, text: str) -> None:
    """Wait until a text can be read on the page."""
    expect(page.get_by_text(text).first).to_be_visible()


def _field(page: Page, title: str) -> Locator:
    """The box below a title; Prefect adds "(Optional)" to those that may be left as they are."""
    label = page.locator(".schema-form-property__label")
    wanted = label.get_by_text(title, exact=True).or_(label.get_by_text(f"{title} (Optional)", exact=True))
    return page.locator(".p-label", has=wanted).last
