"""The rules in force and every version before them, as files beside the database.

`rules.yaml` in the data folder wins over the one that ships. `rule-versions/0007.yaml` keep what was in force, oldest first,
so that going back is putting a file back; a rollback is a new version too, so nothing is ever rewritten.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from config.rulebook import read_rules, rules_file
from domain.errors import BadInput
from domain.rule_lint import lint
from domain.rules import RuleBook


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """`data_dir` is the installation's own folder."""

    data_dir: Path

    @property
    def active(self) -> Path:
        own = self.data_dir / "rules.yaml"
        return own if own.exists() else rules_file()

    def stamp(self) -> int:
        """Another number when the file in force was replaced or edited."""
        found = self.active.stat()
        return hash((str(self.active), found.st_mtime_ns, found.st_size, found.st_ino))

    def versions(self) -> list[Path]:
        return sorted((self.data_dir / "rule-versions").glob("[0-9]*.yaml"))

    def apply(self, text: str) -> int:
        """Put a text in force; returns its version. Whole or not at all: a crash leaves the old or the new."""
        known = self.versions()
        if not known:
            self._keep(0, self.active.read_text("utf-8"))
        number = int(known[-1].stem) + 1 if known else 1
        self._keep(number, text)
        _replace(self.data_dir / "rules.yaml", text)
        return number

    def previous(self, to: int | None) -> tuple[int, str]:
        """(version, text) of the version to go back to: the one before the newest, or `to`. Raises BadInput."""
        known = {int(path.stem): path for path in self.versions()}
        if to is None and len(known) < 2:
            raise BadInput("没有更早的版本可以退回。")
        wanted = sorted(known)[-2] if to is None else to
        if wanted not in known:
            raise BadInput(f"没有第 {wanted} 版；有：{'、'.join(map(str, sorted(known))) or '无'}。")
        return wanted, known[wanted].read_text("utf-8")

    def _keep(self, number: int, text: str) -> None:
        folder = self.data_dir / "rule-versions"
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / f"{number:04}.yaml", text)


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


def load(path: Path) -> RuleBook:
    """A rules file as a rule book. Raises BadInput when the file itself cannot be read."""
    try:
        return RuleBook.parse(read_rules(path.read_text("utf-8")))
    except OSError as problem:
        raise BadInput(f"打不开 {path.name}：{problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise BadInput(f"{path.name} 不是 UTF-8 文本。") from problem
    except ValueError as problem:
        raise BadInput(f"{path.name}：{problem}") from problem


def faults(path: Path) -> tuple[RuleBook, list[str]]:
    """The book and all that is wrong with it, in words."""
    book = load(path)
    return book, [str(problem) for problem in lint(book)]
