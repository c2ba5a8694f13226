"""A server whose database is an older copy says so of agents that have what came after it."""

import shutil
import signal
from pathlib import Path

from tests.conftest import RunCli
from tests.services.opamp_serve.managed import managed
from tests.services.opamp_serve.serving import Serving, until


def test_what_was_pushed_after_the_copy_is_named_and_replaced(
    tmp_path: Path, cli_variables: dict[str, str], run_cli: RunCli
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(f"a: {name}\n")
    serving = Serving(tmp_path, cli_variables)
    address = {"OTX_OPAMP_SERVER": f"http://{serving.api}"}

    def otx(*arguments: str) -> str:
        done = run_cli("opamp", *arguments, variables=address)
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        with managed(tmp_path / "agent", cli_variables, serving.url):
            until(lambda: serving.fleet.agents("service.name"), lambda rows: len(rows) == 1)
            otx("push", "one.yaml", "--all", "--yes")
            serving.end()
            shutil.copy(serving.db, tmp_path / "copy.db")
            serving.start()
            otx("push", "two.yaml", "--all", "--yes")
            (row,) = serving.fleet.agents("")
            lost = row["config"]["reported"][:8]
            serving.end(signal.SIGKILL)
            for path in tmp_path.glob("fleet.db*"):
                path.unlink()
            shutil.copy(tmp_path / "copy.db", serving.db)
            serving.start()
            said = f"it runs a configuration this server does not know: {lost}; push 1, which holds"
            until(lambda: otx("audit"), lambda lines: said in lines)
            until(
                lambda: serving.fleet.agents(""),
                lambda rows: rows[0]["config"]["standing"] == "in_sync",
            )
    finally:
        serving.close()
