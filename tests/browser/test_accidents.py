"""Uploading while things go wrong: nothing is lost, nothing comes twice, and the page says how it stands."""

from __future__ import annotations

import re
import secrets
import signal
from pathlib import Path

from playwright.sync_api import Dialog, Page, Request, Route, expect

from tests.browser.conftest import Windows
from tests.browser.files import choose, pictures, throttle
from tests.pictures import picture
from tests.product import Gallery, until

NETWORK = (
    "Failed to load resource",
    "ERR_INTERNET_DISCONNECTED",
    "ERR_CONNECTION_REFUSED",
    "Failed to fetch",
    "fetching the script",
)

KEPT = """() => new Promise((resolve, reject) => {
  const opened = indexedDB.open("gallery-uploads");
  opened.onerror = reject;
  opened.onsuccess = () => {
    const counted = opened.result.transaction("data").objectStore("data").count();
    counted.onerror = reject;
    counted.onsuccess = () => { opened.result.close(); resolve(counted.result); };
  };
})"""


def names(gallery: Gallery) -> list[str]:
    return [image["name"] for image in gallery.call("GET", "/api/images?limit=500").json["images"]]


def sending(page: Page, paths: list[Path], bytes_a_second: int) -> None:
    """Choose files, and wait until the first has arrived while the others are on their way."""
    throttle(page, bytes_a_second)
    choose(page, paths)
    expect(page.locator(".uploads li.added").first).to_be_visible()


def test_several_hundred_files_at_once_all_arrive(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    paths = pictures(tmp_path, 300)
    page = windows.open(shared)
    choose(page, paths)
    panel = page.get_by_role("region", name="Uploads")
    expect(panel).to_contain_text(re.compile(r"Uploading \d+ of 300"))
    assert page.locator(".uploads li").count() <= 40
    expect(panel).to_contain_text("300 pictures added", timeout=120_000)
    assert set(names(shared)) >= {path.name for path in paths}
    assert page.evaluate("document.querySelectorAll('*').length") < 2000


def test_uploads_wait_for_the_network_and_go_on(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    paths = pictures(tmp_path, 12)
    windows.expected = NETWORK
    page = windows.open(shared)
    sending(page, paths, 1_000)
    page.context.set_offline(True)
    expect(page.locator(".uploads .sub")).to_contain_text("No network")
    page.wait_for_timeout(1500)
    page.context.set_offline(False)
    expect(page.locator(".uploads strong")).to_have_text("12 pictures added", timeout=60_000)
    assert sorted(name for name in names(shared) if name in {p.name for p in paths}) == sorted(p.name for p in paths)


def test_uploads_go_on_when_the_server_comes_back(gallery: Gallery, windows: Windows, tmp_path: Path) -> None:
    paths = pictures(tmp_path, 12)
    windows.expected = NETWORK
    page = windows.open(gallery)
    sending(page, paths, 1_000)
    gallery.stop("web", signal.SIGKILL)
    expect(page.locator(".uploads .sub")).to_contain_text("Trying again in")
    gallery.start("web", "web")
    until(lambda: gallery.call("GET", "/healthz").status == 200, 60)
    throttle(page, -1)
    expect(page.locator(".uploads strong")).to_have_text("12 pictures added", timeout=60_000)
    assert sorted(names(gallery)) == sorted(path.name for path in paths)
    expect(page.locator(".tile.ready")).to_have_count(12, timeout=30_000)


def test_files_that_are_chosen_just_as_the_server_goes_are_kept_until_it_is_back(
    gallery: Gallery, windows: Windows, tmp_path: Path
) -> None:
    windows.expected = NETWORK
    page = windows.open(gallery)
    gallery.stop("web", signal.SIGKILL)  # before the page has loaded what sends files
    choose(page, pictures(tmp_path, 3))
    page.wait_for_timeout(3000)
    gallery.start("web", "web")
    expect(page.locator(".uploads strong")).to_have_text("3 pictures added", timeout=60_000)
    expect(page.locator(".uploads")).to_have_count(1)


def test_a_picture_that_is_opened_while_the_server_is_away_says_so_and_opens_later(
    gallery: Gallery, windows: Windows
) -> None:
    image_id = gallery.upload(picture(), "one.png").json["id"]
    gallery.until_ended(image_id)
    windows.expected = NETWORK
    page = windows.open(gallery)
    link = page.locator(f".tile.ready[data-id='{image_id}'] a")
    expect(link).to_be_visible()
    gallery.stop("web", signal.SIGKILL)
    link.click()
    expect(page.locator(".toasts")).to_contain_text("The picture could not be opened")
    gallery.start("web", "web")
    gallery.until_ready()
    link.click()
    expect(page.get_by_role("dialog", name="Picture viewer")).to_be_visible()


def open_before_an_update(gallery: Gallery, windows: Windows) -> Page:
    """A page whose script and what it has not loaded yet are gone, until it is loaded anew."""
    page = windows.page()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url) if request.is_navigation_request() else None)

    def answer(route: Route) -> None:
        if route.request.method == "HEAD" and len(loaded) == 1:
            route.fulfill(status=404)
        else:
            route.continue_()

    page.route("**/assets/*.js", answer)
    page.goto(gallery.url)
    page.wait_for_selector("html.alive")
    return page


def test_a_page_from_before_an_update_asks_for_a_reload_and_then_shows_the_picture(
    shared: Gallery, windows: Windows
) -> None:
    image_id = shared.upload(picture(), "one.png").json["id"]
    shared.until_ended(image_id)
    windows.expected = NETWORK
    page = open_before_an_update(shared, windows)
    page.locator(f".tile.ready[data-id='{image_id}'] a").click()
    toasts = page.locator(".toasts")
    expect(toasts).to_contain_text("The picture could not be opened. Reload the page.")
    with page.expect_navigation():
        toasts.get_by_role("button", name="Reload").click()
    expect(page.get_by_role("dialog", name="Picture viewer")).to_be_visible()
    expect(page).to_have_url(re.compile(f"/images/{image_id}$"))


def test_a_page_from_before_an_update_says_that_files_were_not_added(
    shared: Gallery, windows: Windows, tmp_path: Path
) -> None:
    paths = pictures(tmp_path, 3)
    windows.expected = NETWORK
    page = open_before_an_update(shared, windows)
    choose(page, paths)
    toasts = page.locator(".toasts")
    expect(toasts).to_contain_text("Your files were not added")
    with page.expect_navigation():
        toasts.get_by_role("button", name="Reload").click()
    page.wait_for_selector("html.alive")
    choose(page, paths)
    expect(page.locator(".uploads strong")).to_have_text("3 pictures added", timeout=60_000)


def test_what_a_reload_interrupted_goes_on_by_itself(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    paths = pictures(tmp_path, 8)
    windows.expected = NETWORK
    page = windows.open(shared)
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    sending(page, paths, 1_000)
    added = page.locator(".uploads li.added")
    # the browser keeps one file after the other, and lets go of those that have arrived
    until(lambda: added.count() + page.evaluate(KEPT) >= len(paths), 60)
    page.reload()
    assert asked == ["beforeunload"]
    page.wait_for_selector("html.alive")
    until(lambda: {path.name for path in paths} <= set(names(shared)), 60)
    expect(page.locator(".uploads strong")).to_have_text(re.compile("added|already here"), timeout=30_000)
    found = names(shared)
    assert [found.count(path.name) for path in paths] == [1] * 8


def test_a_reload_soon_after_choosing_loses_nothing_and_says_what_was_added(
    shared: Gallery, windows: Windows, tmp_path: Path
) -> None:
    paths = []
    for n in range(40):
        paths.append(tmp_path / f"{secrets.token_hex(3)}-{n}.webp")
        paths[-1].write_bytes(picture("WEBP") + secrets.token_bytes(200_000))
    windows.expected = NETWORK
    page = windows.open(shared)
    page.on("dialog", lambda dialog: dialog.accept())
    sending(page, paths, 1_500_000)
    page.wait_for_timeout(1500)
    page.reload()
    throttle(page, -1)
    page.wait_for_selector("html.alive")
    expect(page.locator(".uploads strong")).to_have_text("40 pictures added", timeout=60_000)
    assert sorted(name for name in names(shared) if name in {p.name for p in paths}) == sorted(p.name for p in paths)


def test_the_files_that_wait_longest_are_kept_first(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    paths = pictures(tmp_path, 8)
    windows.expected = NETWORK
    page = windows.open(shared)
    page.evaluate(
        """() => {
          window.keptFiles = [];
          const put = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = function (value, key) {
            if (this.name === "data") keptFiles.push(key[1]);
            return put.call(this, value, key);
          };
        }"""
    )
    throttle(page, 1_000)
    choose(page, paths)
    until(lambda: page.evaluate("keptFiles.length") >= 5, 60)
    kept = [next(n for n, path in enumerate(paths) if path.stem[:6] in key) for key in page.evaluate("keptFiles")]
    assert kept == sorted(kept, reverse=True)
    throttle(page, -1)
    expect(page.locator(".uploads strong")).to_have_text("8 pictures added", timeout=60_000)


def test_what_a_closed_tab_left_another_one_goes_on_with(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    paths = pictures(tmp_path, 8)
    windows.expected = NETWORK
    page = windows.open(shared)
    other = windows.page(page.context)
    other.goto(shared.url)
    other.wait_for_selector("html.alive")
    sending(page, paths, 1_000)
    added = page.locator(".uploads li.added")
    until(lambda: added.count() + page.evaluate(KEPT) >= len(paths), 60)
    page.close()
    expect(other.locator(".uploads strong")).to_have_text("8 pictures added", timeout=60_000)
    assert sorted(name for name in names(shared) if name in {p.name for p in paths}) == sorted(p.name for p in paths)


def test_what_arrived_before_an_interruption_is_not_sent_again(
    shared: Gallery, windows: Windows, tmp_path: Path
) -> None:
    paths = pictures(tmp_path, 3)
    for path in paths[:2]:
        assert shared.upload(path.read_bytes(), path.name).status == 201
    page = windows.open(shared)
    page.evaluate("localStorage.setItem('gallery-uploads', '1')")  # as an interrupted visit leaves it
    page.reload()
    page.wait_for_selector("html.alive")
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url)

    page.on("request", note)
    choose(page, paths)
    expect(page.locator(".uploads li.here")).to_have_count(2, timeout=30_000)
    expect(page.locator(".uploads li.added")).to_have_count(1, timeout=30_000)
    assert len(sent) == 1


def test_uploads_can_be_cancelled_one_by_one_and_all(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    paths = pictures(tmp_path, 10)
    page = windows.open(shared)
    throttle(page, 1_000)
    choose(page, paths)
    page.get_by_role("button", name=f"Cancel {paths[9].name}").click()
    expect(page.locator(".uploads strong")).to_contain_text("of 9")
    page.get_by_role("button", name="Cancel all").click()
    expect(page.locator(".uploads")).to_be_hidden()
    throttle(page, -1)
    page.wait_for_timeout(1000)
    assert paths[9].name not in names(shared)
    assert paths[8].name not in names(shared)
