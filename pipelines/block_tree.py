"""The one parse of an HTML page, and one walk over it: the page's text in blocks, and the elements they stand in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

FIGURE, ASIDE, NAV, FOOTER, HEADER, FORM, ARTICLE, MAIN, LIST, TABLE, QUOTE, SECTION, HIDDEN, BUTTON = (
    1 << n for n in range(14)
)
FURNITURE = NAV | FOOTER
FLAGS = 14
"""What an element stands in, itself included: bits of ``BlockTree.flags``."""

_FLAG_OF = {
    "figure": FIGURE, "figcaption": FIGURE, "picture": FIGURE, "aside": ASIDE, "nav": NAV, "menu": NAV,
    "footer": FOOTER, "header": HEADER, "form": FORM, "fieldset": FORM, "article": ARTICLE, "main": MAIN,
    "ul": LIST, "ol": LIST, "li": LIST, "dl": LIST, "table": TABLE, "blockquote": QUOTE, "section": SECTION,
    "button": BUTTON, "label": BUTTON, "legend": BUTTON,
}  # fmt: skip
_SILENT = frozenset(
    (
        *("applet", "area", "audio", "base", "canvas", "datalist", "embed", "frame", "frameset", "head", "iframe"),
        *("img", "input", "link", "map", "meta", "noembed", "noframes", "noscript", "object", "optgroup", "option"),
        *("param", "script", "select", "source", "style", "svg", "template", "textarea", "title", "track", "video"),
        *("-comment", "wbr"),
    )
)
_BLOCK = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "button", "caption", "center", "dd", "details"),
        *("dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3"),
        *("h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "p"),
        *("picture", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
        "ul",
    )
)
_CELL = frozenset({"td", "th"})
_INSIDE_CELLS = ",".join((*sorted(_BLOCK - _CELL - {"tr", "thead", "tbody", "tfoot"}), "br"))
_UNSEEN = (  # inline elements that only screen readers or scripts show
    "[hidden],[style*='display:none' i],[style*='display: none' i],.sr-only,.visually-hidden,.visuallyhidden,"
    ".screen-reader-text"
)
_BOLD = frozenset(("b", "strong", "em", "i", "h1", "h2", "h3", "h4", "h5", "h6"))
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|clip\s*:\s*rect\(0", re.IGNORECASE)
_NAMED_BY = ("id", "itemprop", "role", "data-testid", "data-component")
_LONGEST_NAME = 400  # characters of an element's class that are looked at


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A piece of text that a page shows as one: its white space is folded to single spaces.

    element: its place in the columns of ``BlockTree``. linked, bold: characters in links and in bold or slanted type.
    links, breaks: how many of each it holds.
    """

    text: str
    element: int
    linked: int
    bold: int
    links: int
    breaks: int


@dataclass(slots=True)
class BlockTree:
    """The blocks of a page in reading order, and its block-level elements as columns, parents before children.

    ``names``: class, id and the like; ``classes``: the class alone. ``chars``, ``linked``, ``blocks``: text below an
    element; ``own``: blocks whose own element it is; ``children``: block-level elements directly below it.
    """

    blocks: list[TextBlock] = field(default_factory=list)
    tag: list[str] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    chars: list[int] = field(default_factory=list)
    linked: list[int] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)

    def candidates(self) -> list[int]:
        """The blocks that may be article: those outside navigation and footers, or all where there are no others."""
        flags = self.flags
        found = [at for at, block in enumerate(self.blocks) if not flags[block.element] & FURNITURE]
        return found or list(range(len(self.blocks)))

    def only(self, chosen: Sequence[int]) -> BlockTree:
        """The same elements with these blocks alone."""
        return replace(self, blocks=[self.blocks[at] for at in chosen])


def block_tree(page: LexborHTMLParser) -> BlockTree:
    """Walk over the body of a page. Any depth of nesting will do; text of scripts, styles and form fields is no text.

    Navigation and footers are one element each, whatever is in them: a third of all blocks stand there, and one article
    block in 2,000. Hidden blocks are walked like others and flagged, since some pages are uncovered by their scripts;
    hidden words inside a sentence are left out. A row of plain cells is one block, as a table shows it.
    """
    tree = BlockTree()
    body = page.body
    if body is not None:
        _Walk(tree, frozenset(node.mem_id for node in page.css(_UNSEEN))).over(body)
    return tree


class _Walk:
    """The state of one walk."""

    def __init__(self, tree: BlockTree, unseen: frozenset[int]) -> None:
        self._tree = tree
        self._unseen = unseen
        self._plain_row = False
        self._pieces: list[str] = []
        self._linked = self._bold = self._links = self._breaks = 0
        self._in_link = self._in_bold = False
        self._broken = False  # whether a line break was the last thing seen

    def over(self, body: LexborNode) -> None:
        """Walk without recursion: nesting may be deeper than Python's stack."""
        at = self._enter(body, "body", -1)
        above: list[tuple[LexborNode, int, bool, bool]] = []  # open elements, and what held before each
        unseen = self._unseen
        node = body.first_child
        while node is not None or above:
            if node is None:
                element, before, self._in_link, self._in_bold = above.pop()
                if before != at:
                    self._leave(at)
                elif self._tree.flags[at] & FURNITURE and element.tag in _BLOCK:
                    self._end(at)
                at, self._broken = before, False
                node = element.next
                continue
            tag = node.tag
            if tag == "-text":
                self._take(node.text_content)
            elif tag == "br":
                self._break(at)
            elif (
                tag is not None
                and tag not in _SILENT
                and tag[0] != "-"
                and not (unseen and tag not in _BLOCK and node.mem_id in unseen)
            ):
                above.append((node, at, self._in_link, self._in_bold))
                at = self._open(node, tag, at)
                node = node.first_child
                continue
            node = node.next
        self._end(at)

    def _open(self, node: LexborNode, tag: str, at: int) -> int:
        self._broken = False
        self._in_bold = self._in_bold or tag in _BOLD
        if tag in _CELL and self._plain_row:
            self._pieces.append(" ")
        elif tag in _BLOCK or "-" in tag:
            if tag == "tr":
                self._plain_row = node.css_first(_INSIDE_CELLS) is None
            if self._pieces:  # else the link that was just entered holds this element, and counts for it
                self._end(at)
            if not self._tree.flags[at] & FURNITURE:
                return self._enter(node, tag, at)
        elif tag == "a":
            self._links += 1
            self._in_link = True
        return at

    def _leave(self, at: int) -> None:
        self._end(at)
        tree = self._tree
        if tree.tag[at] == "tr":
            self._plain_row = False  # the row around a table in a table is none
        up = tree.parent[at]
        tree.chars[up] += tree.chars[at]
        tree.linked[up] += tree.linked[at]
        tree.count[up] += tree.count[at]

    def _take(self, text: str | None) -> None:
        if text:
            is_space = text.isspace()
            if self._pieces or not is_space:
                self._pieces.append(text)
            if not is_space:
                self._broken = False
                if self._in_link:
                    self._linked += len(text.strip())
                if self._in_bold:
                    self._bold += len(text.strip())

    def _break(self, at: int) -> None:
        """One line break is white space, two end a block."""
        if self._broken:
            self._end(at)
        else:
            self._pieces.append(" ")
            self._breaks += 1
        self._broken = True

    def _enter(self, node: LexborNode, tag: str, parent: int) -> int:
        tree = self._tree
        said = node.attributes
        flags = _FLAG_OF.get(tag, 0)
        names = classes = ""
        if said:
            classes = names = said.get("class") or ""
            if len(said) > 1 or "class" not in said:  # most elements have a class and nothing else
                names, hidden = _named(said, classes)
                flags |= hidden
            if self._unseen and node.mem_id in self._unseen:
                flags |= HIDDEN
        number = len(tree.tag)
        if parent >= 0:
            flags |= tree.flags[parent]
            tree.children[parent] += 1
            tree.depth.append(tree.depth[parent] + 1)
        else:
            tree.depth.append(0)
        tree.tag.append(tag)
        tree.parent.append(max(parent, 0))
        tree.names.append(names[:_LONGEST_NAME])
        tree.classes.append(classes[:_LONGEST_NAME])
        tree.flags.append(flags)
        for column in (tree.chars, tree.linked, tree.count, tree.own, tree.children):
            column.append(0)
        return number

    def _end(self, at: int) -> None:
        """What was gathered is a block of the element ``at``."""
        text = " ".join("".join(self._pieces).split()) if self._pieces else ""
        self._pieces.clear()
        if text:
            tree, length = self._tree, len(text)
            linked, bold = min(self._linked, length), min(self._bold, length)
            tree.blocks.append(TextBlock(text, at, linked, bold, self._links, self._breaks))
            tree.chars[at] += length
            tree.linked[at] += linked
            tree.count[at] += 1
            tree.own[at] += 1
        self._linked = self._bold = self._links = self._breaks = 0


def _named(said: dict[str, str | None], classes: str) -> tuple[str, int]:
    """All that names an element, and HIDDEN where it says that it is not shown."""
    names = classes
    for name in _NAMED_BY:
        if name in said and (value := said[name]):
            names = f"{names} {value}"
    style = said.get("style")
    is_hidden = (style and _HIDDEN_STYLE.search(style)) or "hidden" in said or said.get("aria-hidden") == "true"
    return names, HIDDEN if is_hidden else 0
