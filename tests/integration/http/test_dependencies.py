"""When something behind the service fails, it says so and goes on living."""

from pathlib import Path

import httpx
from attrs import evolve

from mtf_adapters.files.config_dir import config_dir_in_use
from tests.integration.http.server import SMALL, serving
from tests.integration.http.test_problems import problem


def test_a_database_that_goes_away_is_a_dependency_that_is_down(tmp_path: Path) -> None:
    file = tmp_path / "mtf.db"
    with serving(evolve(SMALL, database_url=f"sqlite:///{file}")) as url:
        assert httpx.get(f"{url}/provider/health").status_code == 200
        file.write_bytes(b"no database" * 1000)
        for extra in ("-wal", "-shm"):
            (tmp_path / f"mtf.db{extra}").unlink(missing_ok=True)
        problem(httpx.post(f"{url}/api/mtf/run", json={}, timeout=60), 503)
        health = httpx.get(f"{url}/provider/health")
        assert health.status_code == 503
        assert not health.json()["ok"]
        assert httpx.get(f"{url}/health").status_code == 200


def test_a_broken_configuration_is_the_services_own_fault_and_shows_nothing_of_it(tmp_path: Path) -> None:
    source = config_dir_in_use()
    for path in source.rglob("*.yaml"):
        target = tmp_path / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (tmp_path / "app" / "mtf_validations.crash.yaml").write_text("secret: [\n")
    with serving(evolve(SMALL, config_dir=tmp_path)) as url:
        document = problem(httpx.post(f"{url}/api/mtf/run", json={"profile": "crash"}, timeout=60), 500)
        assert "mtf config check" in document["detail"]
        assert str(tmp_path) not in str(document)
