"""A month of the journal as a file: zstd-compressed JSON lines, with a manifest beside it that says what must be in it.

    journal_2026_10.jsonl.zst       one record a line, by shard and position; `body` is the text that was hashed
    journal_2026_10.manifest.json   SHA-256 of the file, counts, positions of each shard, end of each lot's chain

Both are complete or absent: they are written under another name, made durable, and renamed, the manifest last.

Belongs here: writing and reading these files, and proving that one holds what its manifest says.
Does not belong here: the database.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

import msgspec
import zstandard
from msgspec import Struct

from exchange.records import GENESIS, JournalRow, chained
from matching.units import LotId, TimeUs

FORMAT = 1
ROWS_SUFFIX = ".jsonl.zst"
MANIFEST_SUFFIX = ".manifest.json"
LEVEL = 9
"""Compression: records of one kind repeat themselves so much that more effort gains little."""

READ_BYTES = 1 << 20
MANIFEST_BYTES_MAX = 1 << 30


class ArchiveBroken(Exception):
    """A file of the archive is not what its manifest says; the text tells what differs, in both languages."""


class ArchivedRow(Struct, frozen=True, gc=False):
    """A line of the file."""

    shard: int
    position: int
    lot: LotId
    sequence: int
    at_us: TimeUs
    is_outcome: bool
    body: str
    link: str

    @property
    def row(self) -> JournalRow:
        """The row as the journal holds it."""
        return JournalRow(
            self.position, self.lot, self.sequence, self.at_us, self.is_outcome, self.body.encode(),
            bytes.fromhex(self.link),
        )  # fmt: skip


class Stretch(Struct, frozen=True):
    """The positions of one shard, without gaps."""

    shard: int
    first: int
    last: int


class ChainEnd(Struct, frozen=True):
    """The records of one lot in the file, and the link of the last of them."""

    lot: LotId
    first: int
    last: int
    link: str


class Manifest(Struct, frozen=True):
    """What a file must hold. `begins_us` and `before_us` bound the times of its records."""

    part: str
    epoch: str
    begins_us: TimeUs
    before_us: TimeUs
    records: int
    sha256: str
    shards: list[Stretch]
    lots: list[ChainEnd]
    format: int = FORMAT

    @property
    def file_name(self) -> str:
        """The name of the file of rows, beside the manifest."""
        return self.part + ROWS_SUFFIX


class _Run(Struct):
    """Consecutive records of one lot that one shard wrote one after the other."""

    first: ArchivedRow
    last: int
    link: str


class Contents:
    """What rows add up to: counts, positions, chains. Every row is checked against those before it."""

    def __init__(self) -> None:
        self.records = 0
        self._shards: dict[int, Stretch] = {}
        self._runs: dict[LotId, list[_Run]] = {}

    def take(self, line: ArchivedRow) -> None:
        """Count a row.  Raises: ArchiveBroken."""
        self.records += 1
        stretch = self._shards.get(line.shard) or Stretch(line.shard, line.position, line.position - 1)
        require(line.position == stretch.last + 1, "position", line.position, "位置编号")
        self._shards[line.shard] = Stretch(line.shard, stretch.first, line.position)
        runs = self._runs.setdefault(line.lot, [])
        if not runs or runs[-1].first.shard != line.shard or line.sequence != runs[-1].last + 1:
            runs.append(_Run(line, line.sequence, line.link))
            return
        _require_link(runs[-1].link, line)
        runs[-1].last, runs[-1].link = line.sequence, line.link

    def finish(self) -> tuple[list[Stretch], list[ChainEnd]]:
        """Return the positions of each shard and the records of each lot.  Raises: ArchiveBroken."""
        return [self._shards[n] for n in sorted(self._shards)], [
            self._end_of(lot) for lot in sorted(self._runs)
        ]

    def _end_of(self, lot: LotId) -> ChainEnd:
        runs = sorted(self._runs[lot], key=lambda run: run.first.sequence)
        if runs[0].first.sequence == 1:
            _require_link(GENESIS.hex(), runs[0].first)
        for before, run in pairwise(runs):
            require(run.first.sequence == before.last + 1, "sequence of lot", lot, "标的记录序号")
            _require_link(before.link, run.first)
        return ChainEnd(lot, runs[0].first.sequence, runs[-1].last, runs[-1].link)


class FileWriter:
    """Writes the rows of one part, by shard and position; `finish` makes the file and its manifest appear."""

    def __init__(self, folder: Path, part: str, epoch: str) -> None:
        """Begin.  Raises: ArchiveBroken, when the folder holds that month of another journal; OSError."""
        self._folder = folder
        self._part = part
        self._epoch = epoch
        self._unfinished = unfinished_in(folder, part, epoch)
        self._file = self._unfinished.open("wb")
        self._stream = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).stream_writer(
            self._file, closefd=False
        )
        self._contents = Contents()

    def write(self, line: ArchivedRow) -> None:
        """Add a row.  Raises: ArchiveBroken."""
        self._contents.take(line)
        try:
            self._stream.write(_encode(line) + b"\n")
        except OSError as error:
            raise _unusable(self._unfinished, error) from error

    def finish(self, begins_us: TimeUs, before_us: TimeUs) -> Manifest:
        """Complete the file, read it back, and give both files their names.  Raises: ArchiveBroken, OSError."""
        self._stream.flush(zstandard.FLUSH_FRAME)
        make_durable(self._file)
        shards, lots = self._contents.finish()
        manifest = Manifest(
            part=self._part,
            epoch=self._epoch,
            begins_us=begins_us,
            before_us=before_us,
            records=self._contents.records,
            sha256=sha256_of(self._unfinished),
            shards=shards,
            lots=lots,
        )
        prove(manifest, self._unfinished)
        give_names(self._unfinished, manifest)
        return manifest

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._unfinished.unlink(missing_ok=True)


class Described(Protocol):
    """What every kind of manifest says of itself."""

    @property
    def part(self) -> str:
        """Return the month."""

    @property
    def file_name(self) -> str:
        """Return the name of its file of rows."""

    @property
    def format(self) -> int:
        """Return the version of its format."""


AnyManifest = TypeVar("AnyManifest", bound=Described)
Line = TypeVar("Line")


def manifest_path(folder: Path, part: str) -> Path:
    """Return where the manifest of a part lies in a folder."""
    return folder / (part + MANIFEST_SUFFIX)


class _Epoch(Struct):
    epoch: str


def manifest_of(path: Path) -> Path:
    """Return where the manifest of a month lies, from its own path or from that of its file of rows."""
    if path.name.endswith(ROWS_SUFFIX):
        return manifest_path(path.parent, path.name.removesuffix(ROWS_SUFFIX))
    return path


def unfinished_in(folder: Path, part: str, epoch: str) -> Path:
    """Return where a part's file of rows is written, in a folder that is made where it is missing.

    A file of another journal may be the only copy of what it holds.

    Raises: ArchiveBroken, when the folder holds that part of another journal; OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there = manifest_path(folder, part)
    if there.exists():
        try:
            is_ours = msgspec.json.decode(there.read_bytes(), type=_Epoch).epoch == epoch
        except msgspec.DecodeError:
            is_ours = False
        if not is_ours:
            raise ArchiveBroken(
                f"{folder} holds {part} of another exchange, or from before a backup was restored; "
                "choose another folder\n"
                f"{folder} 中已有另一交易所（或恢复备份之前）的 {part}，请改用其他目录"
            )
    return folder / f"{part}{ROWS_SUFFIX}.partial"


def give_names(unfinished: Path, manifest: Described) -> None:
    """Let a file of rows that is proven and its manifest appear, durably.  Raises: OSError."""
    folder = unfinished.parent
    unfinished.rename(folder / manifest.file_name)
    described = folder / f"{manifest.part}{MANIFEST_SUFFIX}.partial"
    with described.open("wb") as file:
        file.write(msgspec.json.format(_encode(manifest)))
        make_durable(file)
    described.rename(manifest_path(folder, manifest.part))
    sync_folder(folder)


def read_manifest(path: Path) -> Manifest:
    """Return a manifest, from its own path or from that of its file of rows.

    Raises: ArchiveBroken, OSError.
    """
    return manifest_in(path, Manifest, FORMAT)


def manifest_in(path: Path, shape: type[AnyManifest], format_number: int) -> AnyManifest:
    """Return a manifest of some kind of file, from its own path or from that of the file.

    Raises: ArchiveBroken, OSError.
    """
    path = manifest_of(path)
    require(path.stat().st_size <= MANIFEST_BYTES_MAX, "size of", path.name, "清单文件大小")
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=shape)
    except msgspec.DecodeError as error:
        raise ArchiveBroken(f"{path.name} is no manifest: {error}\n{path.name} 不是归档清单") from error
    require(manifest.format == format_number, "format of", path.name, "清单格式版本")
    return manifest


def read_rows(path: Path) -> Iterator[ArchivedRow]:
    """Return the rows of a file, in its order.  Raises: ArchiveBroken."""
    return read_lines(path, _decode)


def read_lines(path: Path, decode: Callable[[bytes], Line]) -> Iterator[Line]:
    """Return what the lines of a compressed file say, in their order.  Raises: ArchiveBroken."""
    for line in lines_of(path):
        try:
            yield decode(line)
        except (msgspec.DecodeError, ValueError) as error:
            raise ArchiveBroken(
                f"{path.name}: a line cannot be read: {error}\n{path.name} 中有无法读取的行"
            ) from error


def prove(manifest: Manifest, path: Path) -> None:
    """Read a file of rows to its end and compare it with its manifest.

    Raises: ArchiveBroken, OSError.
    """
    require(sha256_of(path) == manifest.sha256, "SHA-256 of", path.name, "文件 SHA-256")
    contents = Contents()
    for line in read_rows(path):
        contents.take(line)
        inside = manifest.begins_us <= line.at_us < manifest.before_us
        require(inside, "time of the record at position", line.position, "记录时间")
    require(contents.records == manifest.records, "number of records in", path.name, "记录数")
    require(
        contents.finish() == (manifest.shards, manifest.lots),
        "positions and chains in",
        path.name,
        "位置与哈希链",
    )


def lines_of(path: Path) -> Iterator[bytes]:
    """Return the lines of a compressed file.  Raises: ArchiveBroken."""
    rest = b""
    try:
        with path.open("rb") as file:
            for chunk in zstandard.ZstdDecompressor().read_to_iter(file, read_size=READ_BYTES):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole
    except zstandard.ZstdError as error:
        raise ArchiveBroken(f"{path.name} is damaged: {error}\n{path.name} 已损坏") from error
    except OSError as error:
        raise _unusable(path, error) from error
    require(not rest, "last line of", path.name, "末行")


def _unusable(path: Path, error: OSError) -> ArchiveBroken:
    return ArchiveBroken(f"{path} cannot be used: {error.strerror}\n无法使用 {path}：{error.strerror}")


def _require_link(before: str, line: ArchivedRow) -> None:
    is_so = line.link == chained(bytes.fromhex(before), line.body.encode()).hex()
    require(is_so, "hash chain at position", line.position, "哈希链")


def require(is_so: bool, what: str, where: object, zh: str) -> None:
    """Say of a file that it is not as it must be.  Raises: ArchiveBroken."""
    if not is_so:
        raise ArchiveBroken(f"the {what} {where} is not as it must be\n{zh}不符：{where}")


def sha256_of(path: Path) -> str:
    """Return the digest of a file, in hexadecimal.  Raises: OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_durable(file: BinaryIO) -> None:
    """See a file onto the disk, and close it.  Raises: OSError."""
    file.flush()
    os.fsync(file.fileno())
    file.close()


def sync_folder(folder: Path) -> None:
    """See the names in a folder onto the disk.  Raises: OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ArchivedRow).decode
