"""`otx flame` as a user calls it: every form in, every form out, and what is refused."""

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from otx.profile.formats import FORMS
from tests.conftest import RunCli

DATA = Path(__file__).parents[1] / "data" / "profiles"
SHOP = "shop;main;serve;sort 30\nshop;main;serve;render (page.py) 50\nshop;main;log 20\n"
LATER = "shop;main;serve;sort 60\nshop;main;serve;render (page.py) 30\nshop;main;cache 10\n"


@pytest.fixture
def shop(tmp_path: Path) -> str:
    (tmp_path / "shop.folded").write_text(SHOP)
    return "shop.folded"


@pytest.fixture
def later(tmp_path: Path) -> str:
    (tmp_path / "later.folded").write_text(LATER)
    return "later.folded"


class TestConverting:
    @pytest.mark.parametrize("form", FORMS)
    def test_every_form_is_written_and_opened_again(
        self, run_cli: RunCli, shop: str, tmp_path: Path, form: str
    ) -> None:
        done = run_cli("flame", shop, "--format", form, "-o", "made")
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
        again = run_cli("flame", "made", "--format", "folded")
        assert again.returncode == 0
        if form != "perf-script":  # it has ids and times of every sample, and no Python files
            assert (again.stderr, again.stdout) == ("", "".join(sorted(SHOP.splitlines(True))))
        assert sum(int(line.rpartition(" ")[2]) for line in again.stdout.splitlines()) == 100

    def test_the_form_is_that_of_the_ending(
        self, run_cli: RunCli, shop: str, tmp_path: Path
    ) -> None:
        for name, head in (("a.pb.gz", b"\x1f\x8b"), ("a.svg", b"<svg"), ("a.html", b"<!doctype")):
            assert run_cli("flame", shop, "-o", name).returncode == 0
            assert (tmp_path / name).read_bytes().startswith(head)

    def test_the_text_is_a_summary(self, run_cli: RunCli, shop: str) -> None:
        done = run_cli("flame", shop, "--top", "2")
        assert done.stdout == (
            "100 samples\n\n"
            "hottest functions\n"
            "     own   total  function\n"
            "   50.0%   50.0%  render (page.py)\n"
            "   30.0%   30.0%  sort\n\n"
            "heaviest stacks\n"
            "   50.0%  shop > main > serve > render (page.py)\n"
            "   30.0%  shop > main > serve > sort\n"
            "   20.0%  shop > main > log\n"
        )

    def test_a_real_perf_script_comes_by_a_pipe(self, run_cli: RunCli) -> None:
        text = (DATA / "spin.perf-script").read_text()
        done = run_cli("flame", "-", "--focus", "deep", "--format", "folded", stdin=text)
        assert done.returncode == 0
        assert done.stdout.endswith(";deep;hot 37\n")
        assert done.stderr == (
            "otx: warning: folded has no place for cpu/nanoseconds; labels (thread.id);"
            " times of samples\n"
        )

    def test_compression_is_taken_off(self, run_cli: RunCli, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(gzip.compress(SHOP.encode()))
        assert run_cli("flame", "x").stdout.startswith("100 samples\n")

    def test_focus_and_ignore_narrow_it(self, run_cli: RunCli, shop: str) -> None:
        done = run_cli("flame", shop, "--focus", "SERVE", "--format", "folded")
        assert (done.returncode, done.stdout) == (0, "")
        assert "no stack is left of 3" in done.stderr
        done = run_cli("flame", shop, "--focus", "serve", "--ignore", "sort", "--format", "folded")
        assert done.stdout == "shop;main;serve;render (page.py) 50\n"

    def test_top_leaves_out_the_lighter_stacks_and_says_so(
        self, run_cli: RunCli, shop: str
    ) -> None:
        done = run_cli("flame", shop, "--top", "1", "--format", "json")
        (stack,) = json.loads(done.stdout)["stacks"]
        assert stack["count"] == 50
        assert done.stderr == "otx: warning: --top 1 leaves out 50 samples\n"

    def test_a_value_is_picked_by_name(self, run_cli: RunCli) -> None:
        done = run_cli("flame", str(DATA / "spin.perf-script"), "--value", "cpu")
        assert done.stdout.startswith("392 ms of cpu in 1.01 s\n")
        done = run_cli("flame", str(DATA / "spin.perf-script"), "--value", "heap")
        assert done.returncode == 2
        assert "it has samples/count, cpu/nanoseconds" in done.stderr


class TestPicturesAndSummaries:
    """What otx draws and writes for people is opened as what it shows."""

    @pytest.mark.parametrize("form", ["html", "svg", "text"])
    @pytest.mark.parametrize("target", ["pprof", "otlp", "speedscope", "json", "html"])
    def test_they_are_converted_into_every_form(
        self, run_cli: RunCli, shop: str, form: str, target: str
    ) -> None:
        run_cli("flame", shop, "--format", form, "-o", "x")
        done = run_cli("flame", "x", "--format", target, "-o", "y")
        assert (done.returncode, done.stderr) == (0, "")
        assert run_cli("flame", "y", "--format", "folded").stdout == "".join(
            sorted(SHOP.splitlines(True))
        )

    @pytest.mark.parametrize("form", ["html", "svg", "text"])
    def test_two_are_compared(self, run_cli: RunCli, shop: str, later: str, form: str) -> None:
        wanted = run_cli("flame", shop, later).stdout.splitlines()[2:]
        for name, file in (("a", shop), ("b", later)):
            run_cli("flame", file, "--format", form, "-o", name)
        done = run_cli("flame", "a", "b")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[2:] == wanted

    @pytest.mark.parametrize("form", ["html", "svg", "text"])
    def test_a_pipe_gzip_focus_and_a_sandwich(
        self, run_cli: RunCli, shop: str, tmp_path: Path, form: str
    ) -> None:
        made = run_cli("flame", shop, "--format", form).stdout
        (tmp_path / "x.gz").write_bytes(gzip.compress(made.encode()))
        done = run_cli("flame", "-", "--focus", "SERVE|serve", "--format", "folded", stdin=made)
        assert done.stdout == "shop;main;serve;render (page.py) 50\nshop;main;serve;sort 30\n"
        done = run_cli("flame", "x.gz", "--sandwich", "serve")
        assert "serve: 80 samples, 80.0% of all, own 0.0%" in done.stdout

    @pytest.mark.parametrize("form", ["html", "svg", "json"])
    def test_a_comparison_has_both_values(
        self, run_cli: RunCli, shop: str, later: str, form: str
    ) -> None:
        run_cli("flame", shop, later, "--format", form, "-o", "d")
        assert run_cli("flame", "d").stdout.startswith("100 of after\n")
        assert run_cli("flame", "d", "--value", "before").stdout.startswith("100 of before\n")
        run_cli("flame", shop, later, "-o", "d.folded")
        folded = run_cli("flame", "d.folded", "--value", "before", "--format", "folded")
        again = run_cli("flame", "d", "--value", "before", "--format", "folded")
        assert again.stdout == folded.stdout

    @pytest.mark.parametrize("form", ["html", "svg", "text", "json"])
    def test_a_sandwich_holds_no_whole_stacks(self, run_cli: RunCli, shop: str, form: str) -> None:
        run_cli("flame", shop, "--sandwich", "serve", "--format", form, "-o", "s")
        done = run_cli("flame", "s")
        assert (done.returncode, done.stdout) == (2, "")
        assert "who calls a function" in done.stderr
        assert "--sandwich on the profile itself" in done.stderr

    def test_a_difference_in_words_holds_no_stacks(
        self, run_cli: RunCli, shop: str, later: str
    ) -> None:
        words = run_cli("flame", shop, later).stdout
        done = run_cli("flame", "-", stdin=words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "stdin: compares two profiles and holds no stacks" in done.stderr

    def test_what_a_summary_does_not_tell_is_said(self, run_cli: RunCli, tmp_path: Path) -> None:
        (tmp_path / "many.folded").write_text("".join(f"shop;f{n} 1\n" for n in range(40)))
        run_cli("flame", "many.folded", "-o", "many.txt", "--format", "text")
        done = run_cli("flame", "many.txt", "--format", "folded")
        assert done.stderr == (
            "otx: warning: many.txt: text is a summary: 12.5% is in whole stacks, 37.5% in"
            " functions alone, 50.0% is not told\n"
        )
        assert "[not told] 20\n" in done.stdout

    def test_a_recursion_of_100_000_calls_comes_back(self, run_cli: RunCli, tmp_path: Path) -> None:
        line = ";".join(["f"] * 100_000) + " 7\n"
        (tmp_path / "deep.folded").write_text(line)
        for form in ("html", "svg", "text"):
            run_cli("flame", "deep.folded", "--format", form, "-o", "x")
            assert run_cli("flame", "x", "--format", "folded").stdout == line


class TestComparing:
    def test_the_text_has_the_largest_changes(self, run_cli: RunCli, shop: str, later: str) -> None:
        done = run_cli("flame", shop, later)
        assert (done.returncode, done.stderr) == (0, "")
        assert "+30  more      30     60    +30  sort" in done.stdout
        assert "-20  gone      20      0    -20  log" in done.stdout

    def test_every_form_that_has_two_values_is_written(
        self, run_cli: RunCli, shop: str, later: str
    ) -> None:
        folded = run_cli("flame", shop, later, "--format", "folded")
        assert "shop;main;serve;sort 30 60\n" in folded.stdout
        document = json.loads(run_cli("flame", shop, later, "--format", "json").stdout)
        assert document["functions"][0]["own_change"] == 30
        for form in ("html", "svg"):
            assert run_cli("flame", shop, later, "--format", form).returncode == 0
        refused = run_cli("flame", shop, later, "--format", "pprof", "-o", "x")
        assert refused.returncode == 2
        assert "a difference has no form pprof" in refused.stderr

    def test_profiles_of_different_lengths_have_a_hint(
        self, run_cli: RunCli, shop: str, tmp_path: Path
    ) -> None:
        (tmp_path / "twice.folded").write_text(SHOP + SHOP)
        done = run_cli("flame", shop, "twice.folded")
        assert "twice.folded has 100% more in all than" in done.stderr
        done = run_cli("flame", "twice.folded", shop)
        assert "has 50% less in all than twice.folded" in done.stderr
        normalised = run_cli("flame", shop, "twice.folded", "--diff", "normalised")
        assert normalised.stderr == ""
        assert "nothing changed" in normalised.stdout

    def test_one_file_has_no_difference(self, run_cli: RunCli, shop: str) -> None:
        done = run_cli("flame", shop, "--diff", "raw")
        assert (done.returncode, done.stdout) == (2, "")


class TestSandwich:
    def test_callers_and_callees(self, run_cli: RunCli, shop: str) -> None:
        done = run_cli("flame", shop, "--sandwich", "serve")
        assert "  100.0%  main\n" in done.stdout
        assert "serve: 80 samples, 80.0% of all, own 0.0%" in done.stdout
        assert "   62.5%  render (page.py)\n" in done.stdout

    def test_a_function_that_is_not_there_is_exit_1(self, run_cli: RunCli, shop: str) -> None:
        done = run_cli("flame", shop, "--sandwich", "ser")
        assert done.returncode == 1
        assert "did you mean serve?" in done.stderr


class TestRefusing:
    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (("nowhere",), "cannot read nowhere: No such file or directory"),
            (("shop.folded", "--focus", "("), "--focus '(': missing )"),
            (("shop.folded", "-o", "x.parquet"), "cannot write .parquet"),
            (("shop.folded", "-o", "no/folder/x.svg"), "no/folder/x.svg"),
            ((".",), "cannot read .: Is a directory"),
        ],
    )
    def test_a_line_says_why(
        self, run_cli: RunCli, shop: str, arguments: tuple[str, ...], why: str
    ) -> None:
        done = run_cli("flame", *arguments)
        assert done.returncode == 2
        assert why in done.stderr
        assert len(done.stderr.splitlines()) <= 3

    def test_nothing_is_left_half_written(self, run_cli: RunCli, shop: str, tmp_path: Path) -> None:
        (tmp_path / "out.json").write_text("before")
        done = run_cli("flame", "nowhere", "-o", "out.json")
        assert done.returncode == 2
        assert (tmp_path / "out.json").read_text() == "before"

    @pytest.mark.parametrize("text", ["hello\n", "\x7fELF", "{}", "[1]", "a;b\n"])
    def test_what_is_no_profile_is_said(self, run_cli: RunCli, text: str) -> None:
        done = run_cli("flame", "-", stdin=text)
        assert (done.returncode, done.stdout) == (2, "")
        assert "stdin" in done.stderr


@pytest.mark.long  # it builds the tool first, a minute
@pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")
def test_go_s_pprof_agrees_on_the_figures(run_cli: RunCli, shop: str, tmp_path: Path) -> None:
    assert run_cli("flame", shop, "-o", "x.pprof").returncode == 0
    done = subprocess.run(
        ["go", "tool", "pprof", "-top", str(tmp_path / "x.pprof")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    rows = {line.split()[-1]: line.split()[:4:3] for line in done.stdout.splitlines()[4:]}
    assert rows["sort"] == ["30", "30"]
    assert rows["serve"] == ["0", "80"]
