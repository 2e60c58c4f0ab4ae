"""Page numbers: which of a section's links is its next page, by numbers that go up by one."""

from __future__ import annotations

import re

from storage.url_key import url_key

_NUMBER = re.compile(r"(?<![0-9])[0-9]{1,6}(?![0-9])")
_SECOND = re.compile(  # what the second page adds to the address of the first
    r"/(?:(?:p|page|pagina|paged|seite|trang|strona|sayfa)[/_-]?)?2"
    r"|[-_](?:p|page|pagina|seite|trang|strona)?[-_]?2(?:\.s?html?)?"
    r"|[?&](?:p|page|paged|pagina|pg|pn|seite|trang|strona|sayfa|curpage)=2"
)


def follows(url: str, current: str) -> bool:
    """Whether ``url`` is the page after ``current`` in the same list: same address but for a number one higher."""
    following, here = url_key(url), url_key(current)
    if following is None or here is None or following == here:
        return False
    if _SECOND.fullmatch(following.removeprefix(here)) and following.startswith(here):
        return True
    stem = re.sub(r"\.s?html?$", "", here)
    if stem != here and following.startswith(stem) and _SECOND.fullmatch(following.removeprefix(stem)):
        return True
    if _NUMBER.sub("0", following) != _NUMBER.sub("0", here):
        return False
    pairs = list(zip(_NUMBER.findall(here), _NUMBER.findall(following), strict=True))
    changed = [(int(before), int(after)) for before, after in pairs if before != after]
    return len(changed) == 1 and changed[0][1] - changed[0][0] == 1
