"""The file of a public data set: looked for in the user's folders, else downloaded once, and accepted by its checksum only."""

import functools
import gzip
import os
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from tqdm.utils import CallbackIOWrapper

from ple_tutorial import progress

with warnings.catch_warnings():  # in a notebook without ipywidgets, pooch's import of tqdm.auto complains on stderr
    warnings.simplefilter("ignore")
    import pooch

TIMEOUT = (10, 30)  # seconds to connect, seconds without a byte


class DataNotFound(FileNotFoundError):
    """No sound copy of a file; the message says where it was looked for and what to do."""


@dataclass(frozen=True)
class DataSet:
    """What ``find`` needs to know of a data set.

    Attributes:
        title: of the data set, in messages.
        folder: name of the folder that its files are in.
        files: ``{name: (bytes, sha256)}`` of its file, and of the same one unpacked; either is enough.
        sources: ``{address: name}``, where to download from, in this order, and which of the files comes of it: the file
            itself, or a zip that holds it (or holds a ``.tar.gz`` that does).
        page: the web page of the data set, for people.
    """

    title: str
    folder: str
    files: Mapping[str, tuple[int, str]]
    sources: Mapping[str, str]
    page: str


def folders(name: str) -> list[Path]:
    """Return the folders in which the files of the data set ``name`` are looked for; the last is the cache for downloads.

    Example:
        >>> folders("census-income")[-1].name
        'census-income'
    """
    own = os.environ.get("PLE_TUTORIAL_DATA")
    parents = [Path(own).expanduser()] if own else []
    return [parent / name for parent in (*parents, Path(pooch.os_cache("ple_tutorial")))]


def find(data: DataSet) -> Path:
    """Return the path of a sound copy of the data set's file, downloaded to the user's cache folder if need be.

    Looks in ``$PLE_TUTORIAL_DATA/FOLDER``, in the cache folder and then at the sources, and accepts only a file of the
    known sha256. A damaged file in the cache is replaced; one in ``$PLE_TUTORIAL_DATA`` is left as it is. The download
    draws a ``progress.bar``, which is gone when it ends.

    Raises:
        DataNotFound: no sound copy anywhere.
    """
    (first, (size, sha256)), *others = data.files.items()
    tried = [] if os.environ.get("PLE_TUTORIAL_DATA") else ["$PLE_TUTORIAL_DATA: not set"]
    *_, cache = folders(data.folder)
    for folder in folders(data.folder):
        present = [name for name in data.files if os.path.exists(folder / name)]
        for name in present:
            fault = _fault(folder / name, *data.files[name])
            if not fault:
                return folder / name
            if folder != cache:
                raise DataNotFound(
                    f"{folder / name} is not the published file: {fault}\nWhat to do: put a fresh copy in its place; "
                    "or move it away, or unset PLE_TUTORIAL_DATA, and a copy will be downloaded."
                )
            tried.append(f"{folder / name}: {fault}")
        tried += [] if present else [f"{folder}: no {first}"]
    pooch.get_logger().setLevel("WARNING")  # else it prints the address and the path
    download = functools.partial(_download, data)
    for url, name in data.sources.items():
        try:
            return Path(pooch.retrieve(url, data.files[name][1], fname=name, path=cache, downloader=download))
        except Exception as error:  # a bad network or archive fails in a dozen ways; the next source is tried
            tried.append(f"{url}: {_reason(error)}")
    names = " or ".join([f"{first} ({size:,} bytes, sha256 {sha256})", *(name for name, _ in others)])
    raise DataNotFound(
        "\n  ".join([f"{first} ({data.title}) was found nowhere and could not be downloaded.\nLooked in", *tried])
        + f"\nWhat to do: try again with a network; or put {names} from {data.page} into {cache}, or into a folder "
        f"{data.folder}, with PLE_TUTORIAL_DATA set to the folder around it."
    )


def read(path: Path) -> bytes:
    """Return the bytes of a file, unpacked if its name ends in ``.gz``.

    Example:
        >>> path = Path(tempfile.mkdtemp()) / "a.gz"
        >>> _ = path.write_bytes(gzip.compress(b"text"))
        >>> read(path)
        b'text'
    """
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        return file.read()


def _fault(path, size, sha256):
    """Say what is wrong with the file at ``path``; None if nothing is."""
    try:
        found = pooch.file_hash(path)
        if found != sha256:
            return f"{path.stat().st_size:,} bytes of sha256 {found} instead of {size:,} bytes of sha256 {sha256}"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _download(data, url, file, _):
    """Write to ``file`` what ``url`` serves; of a zip, the data set's file in it. Called by pooch."""
    with requests.get(url, stream=True, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"}) as answer:
        answer.raise_for_status()
        size = int(answer.headers.get("Content-Length", 0)) or None
        with progress.bar(total=size, label=f"{data.title}, bytes") as bar, open(file, "wb") as copy:
            # The raw stream: requests would unpack what a server that calls .gz an encoding sends.
            shutil.copyfileobj(CallbackIOWrapper(bar.update, answer.raw, "read"), copy)
    if zipfile.is_zipfile(file):
        Path(file).write_bytes(_unpacked(file, data.files))


def _unpacked(archive: Path, names: Iterable[str]) -> bytes:
    """Return the bytes of the first of ``names`` that a zip, or a tar.gz within it, holds in any folder."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(archive, folder, "zip")
        for inner in sorted(Path(folder).rglob("*.tar.gz")):
            shutil.unpack_archive(inner, folder, filter="data")
        for path in (path for name in names for path in Path(folder).rglob(name)):
            return read(path)
    raise ValueError(f"the zip holds no {next(iter(names))}")


def _reason(error):
    """Say in a few words why a download failed."""
    if isinstance(error, requests.HTTPError):
        return f"answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, urllib3.exceptions.HTTPError):
        return "the download broke off"
    return str(error)
