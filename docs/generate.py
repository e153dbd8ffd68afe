"""Writes the generated pages anew: `python docs/generate.py`; with `--check` it only says which are stale.

`python docs/generate.py --outputs docs/tutorial.md …` carries out hand-written pages and puts in what comes out;
`python docs/generate.py --notebook [NAME…]` carries out the scripts of the notebooks and writes these;
`python docs/generate.py --thirty DAYS [FOLDER]` replays thirty generated symbols for one of them: minutes of work. The
folder keeps candles and report.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from docs.generating.notebook import FOLDER, NOTEBOOKS, made_anew  # noqa: E402
from docs.generating.pages import COMMAND, generated_pages, stale_pages  # noqa: E402
from docs.generating.walking import refreshed  # noqa: E402


def main(arguments: list[str]) -> int:
    match arguments:
        case []:
            _write(generated_pages())
        case ["--check"]:
            stale = stale_pages()
            sys.stdout.writelines(f"{path} is stale; run `{COMMAND}`\n" for path in stale)
            return 1 if stale else 0
        case ["--outputs", *pages] if pages:
            for page in pages:
                with tempfile.TemporaryDirectory() as folder:
                    name = Path(page).resolve().relative_to(ROOT / "docs")
                    _write({page: refreshed(str(name), Path(folder))})
        case ["--notebook", *names] if set(names) <= set(NOTEBOOKS):
            for name in names or NOTEBOOKS:
                _write({str(FOLDER / f"{name}.ipynb"): made_anew(name)})
        case ["--thirty", days, *cache] if days.isdecimal() and len(cache) <= 1:
            from docs.generating.thirty_symbols import STORED, thirty_symbols  # noqa: PLC0415  (with the benchmarks)

            (ROOT / STORED).write_bytes(thirty_symbols(int(days), Path(cache[0]) if cache else None))
        case _:
            what = "--check | --outputs PAGE… | --notebook [NAME…] | --thirty DAYS [FOLDER]"
            sys.stderr.write(f"usage: {COMMAND} [{what}]\n")
            return 2
    return 0


def _write(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        file = ROOT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
            sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
