from pathlib import Path

import pytest

from mtf_entrypoints.dotenv import DotenvError, read_dotenv


def written(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_name_that_is_set_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(DotenvError, match=r"\.env:4: A is set here and in line 1; leave one of them"):
        read_dotenv(written(tmp_path, "A=1\n\n# again\nA=1\n"))


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter_and_a_dollar_is_a_dollar(tmp_path: Path) -> None:
    assert read_dotenv(written(tmp_path, "\ufeffA=1\r\nB=$A/${A}\r\n")) == {"A": "1", "B": "$A/${A}"}


def test_names_and_values_are_read_with_comments_quotes_and_export(tmp_path: Path) -> None:
    text = "# comment\n\nPLAIN=a b # note\nexport HASH=a#b\nDOUBLE=\"x # y\"\nSINGLE='z'\nEMPTY=\n"
    assert read_dotenv(written(tmp_path, text)) == {
        "PLAIN": "a b",
        "HASH": "a#b",
        "DOUBLE": "x # y",
        "SINGLE": "z",
        "EMPTY": "",
    }


def test_without_a_file_there_are_no_values(tmp_path: Path) -> None:
    assert read_dotenv(tmp_path / ".env") == {}


@pytest.mark.parametrize("line", ["no equals sign", "1NAME=x", "B='open", 'B="x" y', "UNSET"])
def test_a_malformed_line_is_named_without_its_value(tmp_path: Path, line: str) -> None:
    with pytest.raises(DotenvError, match=r"\.env:2: ") as caught:
        read_dotenv(written(tmp_path, f"A=1\n{line}\n"))
    assert line not in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DotenvError, match="not UTF-8"):
        read_dotenv(path)
