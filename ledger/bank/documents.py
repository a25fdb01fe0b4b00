"""XML from a bank, read as a stream so that neither its size nor its tricks can harm.

Here belongs the reader: one element after the other, names without namespaces, each with its line; no document
types and so no entities but XML's own five; bounded depth, breadth, names and texts. Not here: what elements mean.

The parser is expat, which comes with Python: it stops at the first letter of a document type, before anything is
expanded, and needs no more than the piece that it is reading.
"""

import codecs
import re
from collections.abc import Collection, Iterator
from typing import BinaryIO, Final
from xml.parsers import expat

from ledger.bank.statements import FILE_BYTES_MAX, Fault, FileRefused, Problem

PIECE_BYTES: Final = 64 * 1024
DEPTH_MAX: Final = 40
ELEMENTS_MAX: Final = 20_000
"""Most elements inside one that is read as a whole."""
TEXT_MAX: Final = 10_000
NAMES_MAX: Final = 1_000
TOKEN_BYTES_MAX: Final = 512 * 1024
"""Longest tag or comment: the parser reads an unfinished one again with each piece."""
DECLARED: Final = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
CHINESE: Final = frozenset({"gb18030", "gbk", "gb2312", "gb_2312-80", "cp936"})
READABLE: Final = re.compile(
    r"utf-?8|utf-8-sig|utf-?16(?:-?[lb]e)?|(?:us-)?ascii|iso-8859-(?:[1-9]|1[03456])|latin-?1|windows-125[0-8]|gb18030|big5"
)
BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Element:
    """An element: local name, text without surrounding blanks, attributes, children and its line from 1."""

    __slots__ = ("attributes", "children", "line", "name", "namespace", "text")

    def __init__(self, name: str, namespace: str, attributes: dict[str, str], line: int) -> None:
        self.name = name
        self.namespace = namespace
        self.attributes = attributes
        self.line = line
        self.text = ""
        self.children: list[Element] = []

    def all(self, name: str) -> Iterator["Element"]:
        """Yield the children of a name, in order."""
        return (child for child in self.children if child.name == name)

    def find(self, *path: str) -> "Element | None":
        """Return the first element down a path of names, if there is one."""
        found = self
        for name in path:
            for child in found.children:
                if child.name == name:
                    found = child
                    break
            else:
                return None
        return found

    def text_at(self, *path: str) -> str:
        """Return the text down a path of names; empty when there is no such element."""
        found = self.find(*path)
        return "" if found is None else found.text


class Opened:
    """An element has begun; `element` is filled as reading goes on."""

    __slots__ = ("element",)

    def __init__(self, element: Element) -> None:
        self.element = element


def elements(source: BinaryIO, opened: Collection[str], cut: Collection[str]) -> Iterator[Opened | Element]:
    """Yield elements of a document as they come.

    Args:
        source: read from where it stands to its end.
        opened: names whose beginning is told; the document's first element is always told.
        cut: names that are given out at their end and kept in no parent, so that memory stays flat.

    Raises: FileRefused with TOO_LARGE, EMPTY, WRONG_ENCODING, NOT_XML, DOCTYPE_NOT_ALLOWED or TOO_COMPLEX.
    """
    return _Reading(opened, cut).read(source)


def pieces(source: BinaryIO, bytes_max: int = FILE_BYTES_MAX) -> Iterator[bytes]:
    """Yield a file in pieces.

    Raises: FileRefused with TOO_LARGE as soon as it is longer than allowed, or EMPTY.
    """
    total = 0
    while piece := source.read(PIECE_BYTES):
        total += len(piece)
        if total > bytes_max:
            raise FileRefused(Fault(problem=Problem.TOO_LARGE, detail=f"> {bytes_max} bytes"))
        yield piece
    if not total:
        raise FileRefused(Fault(problem=Problem.EMPTY))


def declared_encoding(head: bytes) -> str:
    """Return the name of the codec that a document asks for by mark or declaration; UTF-8 unless it says other."""
    for mark, name in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return name
    found = DECLARED.match(head)
    name = "utf-8" if found is None else found[1].decode("ascii").lower()
    return "gb18030" if name in CHINESE else name


class _Reading:
    """One pass over one document."""

    def __init__(self, opened: Collection[str], cut: Collection[str]) -> None:
        self._opened = frozenset(opened)
        self._cut = frozenset(cut)
        self._open: list[Element] = []
        self._kept_before: list[int] = []
        self._elements_kept = 0
        self._names: dict[str, tuple[str, str]] = {}
        self._ready: list[Opened | Element] = []
        self._parser = expat.ParserCreate("UTF-8", namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self, source: BinaryIO) -> Iterator[Opened | Element]:
        decoder = None
        fed = 0
        for piece in pieces(source):
            if decoder is None:
                decoder = self._decoder(declared_encoding(piece[:300]))
            data = self._decoded(decoder, piece).encode("utf-8", "surrogatepass")
            fed += len(data)
            yield from self._fed(data, is_last=False)
            if fed - self._parser.CurrentByteIndex > TOKEN_BYTES_MAX + PIECE_BYTES * 4:
                self._refuse(Problem.TOO_COMPLEX, "a tag or comment without end")
        assert decoder is not None, "an empty file has been refused"
        yield from self._fed(self._decoded(decoder, b"", is_last=True).encode(), is_last=True)

    def _decoder(self, name: str) -> codecs.IncrementalDecoder:
        if READABLE.fullmatch(name) is None:
            raise FileRefused(Fault(problem=Problem.WRONG_ENCODING, line=1, detail=name))
        return codecs.getincrementaldecoder(name)()

    def _decoded(self, decoder: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool = False) -> str:
        try:
            return decoder.decode(piece, is_last)
        except UnicodeError as error:
            line = self._parser.CurrentLineNumber
            if isinstance(error, UnicodeDecodeError):
                line += error.object[: error.start].count(b"\n")
            detail = f"not {getattr(error, 'encoding', 'as declared')}"
            raise FileRefused(Fault(problem=Problem.WRONG_ENCODING, line=line, detail=detail)) from error

    def _fed(self, data: bytes, *, is_last: bool) -> Iterator[Opened | Element]:
        try:
            self._parser.Parse(data, is_last)
        except expat.ExpatError as error:
            yield from self._taken()
            detail = expat.ErrorString(error.code) or ""
            raise FileRefused(Fault(problem=Problem.NOT_XML, line=error.lineno, detail=detail)) from error
        yield from self._taken()

    def _taken(self) -> Iterator[Opened | Element]:
        ready, self._ready = self._ready, []
        return iter(ready)

    def _refuse(self, problem: Problem, detail: str) -> None:
        raise FileRefused(Fault(problem=problem, line=self._parser.CurrentLineNumber, detail=detail[:100]))

    def _doctype(self, name: str, *_: object) -> None:
        self._refuse(Problem.DOCTYPE_NOT_ALLOWED, name)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, local = self._names.get(name) or self._named(name)
        if len(self._open) == DEPTH_MAX:
            self._refuse(Problem.TOO_COMPLEX, f"deeper than {DEPTH_MAX}: {local}")
        if self._elements_kept == ELEMENTS_MAX:
            self._refuse(Problem.TOO_COMPLEX, f"more than {ELEMENTS_MAX} elements in one: {local}")
        element = Element(local, namespace, attributes, self._parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(element)
        if not self._open or local in self._opened:
            self._ready.append(Opened(element))
        self._open.append(element)
        self._kept_before.append(self._elements_kept)
        self._elements_kept += 1

    def _named(self, name: str) -> tuple[str, str]:
        namespace, _, local = name.rpartition("}")
        if len(self._names) < NAMES_MAX:
            self._names[name] = namespace, local
        return namespace, local

    def _end(self, _: str) -> None:
        element = self._open.pop()
        before = self._kept_before.pop()
        if element.text:
            element.text = element.text.strip()
        if element.name in self._cut and self._open:
            self._open[-1].children.pop()
            self._elements_kept = before
            self._ready.append(element)

    def _characters(self, text: str) -> None:
        element = self._open[-1]
        if element.text or not text.isspace():
            element.text += text
            if len(element.text) > TEXT_MAX:
                self._refuse(Problem.TOO_COMPLEX, f"a text longer than {TEXT_MAX}: {element.name}")
