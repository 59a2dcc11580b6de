"""Texts of others, as they may be shown in a header or on a terminal."""


def one_line(text: str, longest: int) -> str:
    """Return a text without line breaks and anything unseen, and not too much of it."""
    seen = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(seen.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
