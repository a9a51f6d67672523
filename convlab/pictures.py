"""The pictures of the README, drawn by convlab.draw and kept in course/pictures/."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convlab import draw

__all__ = ["build", "check", "pictures"]


def pictures() -> dict[str, draw.Picture]:
    """File name -> picture."""
    image = np.array([[0, 1, 2, 3, 0], [4, 5, 6, 0, 1], [7, 8, 0, 2, 3], [9, 1, 4, 6, 5]])
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    flipped = [((0,), (1,)), ((1,), (0,))]  # what README's failing call does
    return {
        "window.svg": draw.window(image, sobel, at=(0, 1)),
        "meets.svg": draw.meets([1, 2], [1, 2], [((0,), (0,)), ((1,), (1,))], flipped, at=0),
    }


def build(root: Path) -> None:
    """Write the pictures that differ from what is there."""
    for name, picture in pictures().items():
        file = _folder(root) / name
        if not file.is_file() or file.read_text(encoding="utf-8") != picture.svg:
            file.parent.mkdir(parents=True, exist_ok=True)
            picture.save(file)
            print(f"wrote {file.relative_to(root).as_posix()}")


def check(root: Path) -> list[str]:
    """A sentence for each picture that is missing, out of date, or drawn by nothing any more."""
    drawn = pictures()
    problems = []
    for name, picture in drawn.items():
        file = _folder(root) / name
        if not file.is_file() or file.read_text(encoding="utf-8") != picture.svg:
            problems.append(f"{file.relative_to(root).as_posix()} is out of date: run `convlab build`.")
    for file in sorted(_folder(root).glob("*")):
        if file.name not in drawn:
            problems.append(f"{file.relative_to(root).as_posix()} is drawn by nothing: delete it.")
    return problems


def _folder(root: Path) -> Path:
    return root / "course" / "pictures"
