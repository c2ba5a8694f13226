"""Flame graphs in a real Chromium: found, zoomed and read as a person does it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import RunCli
from tests.e2e.browser import CHROMIUM, Browser, open_browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium")

SHOP = """\
shop;main;serve;sort 30
shop;main;serve;render (page.py) 50
shop;main;log 20
"""
LATER = "shop;main;serve;sort 60\nshop;main;serve;render (page.py) 30\nshop;main;cache 10\n"
HOSTILE = '</script><script>window.hacked=1</script>;<img src=x onerror="hacked=1">;\x01"\'&]]> 5\n'
ROW = 19
"""Height of a row."""
PAINT_MS = """(() => {
  const began = performance.now();
  otxFlame.panels[0].paint();
  return performance.now() - began;
})()"""
SORT = "[...document.querySelectorAll('g.f')].find((g) => g.textContent.startsWith('sort'))"
SORT_WIDTH = f"Number({SORT}.querySelector('rect').getAttribute('width'))"
CANVAS = """(() => {
  const box = document.querySelector("canvas").getBoundingClientRect();
  return [box.left, box.top, box.width];
})()"""
ROWS = """[...document.querySelectorAll("#list tbody tr")].map(
  (row) => [...row.cells].map((cell) => cell.textContent)
)"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def written(
    run_cli: RunCli, tmp_path: Path, name: str, *texts: str, flags: tuple[str, ...] = ()
) -> Path:
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.folded")
        files[-1].write_text(text)
    done = run_cli("flame", *map(str, files), *flags, "-o", name)
    assert done.returncode == 0, done.stderr
    return tmp_path / name


def click_row(browser: Browser, row: int, share: float) -> None:
    """Click a box by its row and where in the width it lies."""
    box = browser.value(CANVAS)
    browser.click(box[0] + box[2] * share, box[1] + ROW * row + ROW / 2)


class TestHtml:
    def test_a_click_zooms_and_says_what_it_is(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "a.html", SHOP))
        assert browser.text("detail") == "all · 100, 100.0 % of all"
        click_row(browser, 3, 0.5)  # all, shop, main, then log and serve
        assert browser.text("detail") == "serve · 80, 80.0 % of all · 100.0 % of what is shown"
        browser.press("ArrowDown")
        assert browser.text("detail").startswith("render (page.py) · 50, 50.0 % of all · 62.5 %")
        browser.press("ArrowRight")
        assert browser.text("detail").startswith("sort · 30")
        browser.press("0")
        assert browser.text("detail") == "all · 100, 100.0 % of all"

    def test_a_search_says_its_share_and_each_path_counts_once(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "a.html", SHOP))
        browser.press("/")
        browser.type("serve|sort")
        assert browser.text("matched") == "matched 80.0 %"
        browser.press("Enter")
        assert browser.text("detail").startswith("serve")
        browser.press("Escape")
        assert browser.text("matched") == ""
        browser.press("/")
        browser.type("(")
        assert browser.text("matched") == "no regular expression"

    def test_the_address_keeps_zoom_and_search(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        page = written(run_cli, tmp_path, "a.html", SHOP)
        browser.open(page)
        click_row(browser, 3, 0.5)
        browser.press("/")
        browser.type("sort")
        address = browser.value("location.hash")
        browser.open(page, address)
        assert browser.text("matched") == "matched 30.0 %"
        assert browser.text("detail").startswith("serve")

    def test_the_table_has_the_same_figures(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "a.html", SHOP))
        browser.press("t")
        rows = browser.value(ROWS)
        assert rows[:3] == [
            ["50", "50.0 %", "50", "50.0 %", "render (page.py)"],
            ["30", "30.0 %", "30", "30.0 %", "sort"],
            ["20", "20.0 %", "20", "20.0 %", "log"],
        ]

    def test_it_is_light_or_dark_as_the_system_or_the_person_wants(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "a.html", SHOP))
        ground = "getComputedStyle(document.body).backgroundColor"
        browser.prefer("dark")
        assert browser.value(ground) == "rgb(22, 23, 26)"
        dark = browser.picture()
        browser.prefer("light")
        assert browser.value(ground) == "rgb(251, 250, 248)"
        browser.value("document.getElementById('theme').click()")
        assert browser.value(ground) == "rgb(22, 23, 26)"
        assert browser.text("theme") == "Light"
        assert dark

    def test_a_difference_says_it_in_words_and_signs(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "d.html", SHOP, LATER))
        click_row(browser, 4, 0.95)
        assert "sort" in browser.text("detail")
        assert "30 more (+100 %): 30 before, 60 after" in browser.text("detail")
        assert browser.text("legend") == "+ more− less= the same"
        browser.press("t")
        assert "gone" in browser.text("list")
        assert "new" in browser.text("list")

    def test_a_sandwich_has_callers_above_callees(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "s.html", SHOP, flags=("--sandwich", "serve")))
        titles = browser.value("[...document.querySelectorAll('h2')].map((it) => it.textContent)")
        assert titles == ["callers", "callees"]

    def test_names_are_text_whatever_they_are(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "h.html", HOSTILE))
        click_row(browser, 2, 0.5)
        assert '<img src=x onerror="hacked=1">' in browser.text("detail")
        browser.press("t")
        assert browser.value("window.hacked === undefined")

    def test_nothing_is_fetched(self, run_cli: RunCli, tmp_path: Path, browser: Browser) -> None:
        page = written(run_cli, tmp_path, "a.html", SHOP)
        browser.open(page)
        browser.value("1")
        assert set(browser.requests) <= {page.as_uri()}

    def test_100_000_frames_are_drawn_as_far_as_they_are_seen(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        text = "".join(f"shop;a{n % 300};b{n % 9_000};c{n} 1\n" for n in range(60_000))
        browser.open(written(run_cli, tmp_path, "big.html", text))
        assert browser.value("otxFlame.panels[0].tree.size") > 69_000
        painted_ms = browser.value(PAINT_MS)
        assert browser.value("otxFlame.panels[0].painted") < 30_000
        assert painted_ms < 2_000

    def test_a_recursion_of_100_000_calls_is_opened(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "deep.html", ";".join(["f"] * 100_000) + " 7\n"))
        assert browser.value("otxFlame.panels[0].tree.rows") == 100_001
        browser.value(
            "document.querySelector('.scroll').scrollTop = 1e9; otxFlame.panels[0].paint()"
        )
        assert 0 < browser.value("otxFlame.panels[0].painted") < 200


class TestSvg:
    def test_a_click_zooms_and_reset_goes_back(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "a.svg", SHOP))
        width = SORT_WIDTH
        assert browser.value(width) == pytest.approx(354, abs=1)
        browser.value(f"{SORT}.dispatchEvent(new MouseEvent('click'))")
        assert browser.value(width) == pytest.approx(1180, abs=1)
        browser.value("otxFlame.reset()")
        assert browser.value(width) == pytest.approx(354, abs=1)

    def test_a_search_says_its_share(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "a.svg", SHOP))
        browser.value("otxFlame.search('serve|sort')")
        assert browser.text("matched") == "matched 80.0 %"

    def test_hostile_names_are_well_formed_text(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "h.svg", HOSTILE))
        assert browser.value("window.hacked === undefined")
        assert browser.value("document.querySelectorAll('parsererror, img').length") == 0

    def test_it_is_dark_where_the_system_is(
        self, run_cli: RunCli, tmp_path: Path, browser: Browser
    ) -> None:
        browser.open(written(run_cli, tmp_path, "a.svg", SHOP))
        fill = "getComputedStyle(document.querySelector('.ground')).fill"
        browser.prefer("dark")
        assert browser.value(fill) == "rgb(22, 23, 26)"
        browser.prefer("light")
        assert browser.value(fill) == "rgb(251, 250, 248)"
