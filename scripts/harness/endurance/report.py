"""The table of a judgement."""

from collections.abc import Sequence

from .judgement import Finding


def table(title: str, findings: Sequence[Finding]) -> str:
    widths = [max(len(text) for text in column) for column in zip(*((one.what, one.figure, one.bound) for one in findings), strict=True)]
    lines = ["", title]
    for one in findings:
        cells = "  ".join(text.ljust(width) for text, width in zip((one.what, one.figure, one.bound), widths, strict=True))
        lines.append(f"  {'ok    ' if one.holds else 'FAILED'}  {cells}".rstrip())
    return "\n".join(lines)
