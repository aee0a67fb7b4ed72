"""Census-Income: the parser by value on the real file, the way to the file on stand-ins and a server on loopback."""

import gzip
import hashlib
import http.server
import io
import re
import sys
import tarfile
import threading
import time
import zipfile

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from ple_tutorial.data import TaskData, census, download

FIRST = (
    "38, Private, 6, 36, 1st 2nd 3rd or 4th grade, 0, Not in universe, Married-civilian spouse present, "
    "Manufacturing-durable goods, Machine operators assmblrs & inspctrs, White, Mexican (Mexicano), Female, "
    "Not in universe, Not in universe, Full-time schedules, 0, 0, 0, Joint one under 65 & one 65+, Not in universe, "
    "Not in universe, Spouse of householder, Spouse of householder, 1032.38, ?, ?, ?, "
    "Not in universe under 1 year old, ?, 4, Not in universe, Mexico, Mexico, Mexico, "
    "Foreign born- Not a citizen of U S , 0, Not in universe, 2, 12, 95, - 50000.\n"
)
TEXT = FIRST + FIRST.replace("38, Private", "7, NA").replace("Female", "Male").replace("- 50000", "50000+")
PACKED = gzip.compress(TEXT.encode(), mtime=0)


# The real file


@pytest.fixture(scope="module")
def path():
    here, reason = census.available()
    if not here:
        pytest.skip(reason)
    return census.find()


@pytest.fixture(scope="module")
def rows(path):
    """The file read by other means: one list of 42 stripped strings for each line."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as lines:
        return [[value.strip() for value in line.rstrip(".\n").split(",")] for line in lines]


@pytest.fixture(scope="module")
def frame(path):
    return census.load()


@pytest.fixture(scope="module")
def parts(path):
    return census.splits(seed=0)


def test_every_value_of_the_file(frame, rows):
    assert list(frame) == census.COLUMNS and frame.shape == (len(rows), 42) == (99_762, 42)
    for name, expected in zip(census.COLUMNS, zip(*rows, strict=True), strict=True):
        kind = float if name == "instance_weight" else int if name in census.NUMERIC else str
        assert frame[name].tolist() == [kind(value) for value in expected], name


def test_names_of_the_columns(frame):
    first = frame.iloc[0]
    assert (
        first["age"] == 38 and first["detailed_industry_recode"] == "6" and first["detailed_occupation_recode"] == "36"
    )
    assert first["instance_weight"] == 1032.38 and first["weeks_worked_in_year"] == 12 and first["year"] == "95"
    assert first["citizenship"] == "Foreign born- Not a citizen of U S" and first["income"] == "- 50000"
    assert frame["dividends_from_stocks"].tolist()[:3] == [0, 2500, 0]
    birth = [f"country_of_birth_{who}" for who in ("father", "mother", "self")]
    assert frame.loc[221, birth].tolist() == ["England", "Holand-Netherlands", "United-States"]
    assert set(frame["sex"]) == {"Female", "Male"} and set(frame["member_of_a_labor_union"]) > {"Yes", "No"}
    assert {"NA", "Cuban", "Do not know"} <= set(frame["hispanic_origin"])
    assert {"Utah", "?"} <= set(frame["state_of_previous_residence"])
    assert "MSA to MSA" in set(frame["migration_code_change_in_msa"])
    assert "Different state in South" in set(frame["migration_code_move_within_reg"])
    assert "Both parents present" in set(frame["family_members_under_18"])


def test_names_of_the_columns_are_those_of_the_names_file(path):
    names = path.with_name("census-income.names")
    if not names.exists():
        pytest.skip("census-income.names does not lie beside the data")
    attributes = re.findall(r"^([a-z][^:|]*): ", names.read_text(), re.MULTILINE)
    expected = [re.sub("[^a-z0-9]+", "_", name.replace("'", "")) for name in attributes]
    assert census.COLUMNS[:-1] == expected


def test_unpacked_sum_is_that_of_the_packed_file(path):
    content = download.read(path)
    assert (len(content), hashlib.sha256(content).hexdigest()) == census.SOUND[census.UNPACKED]


def test_class_counts(frame, rows, parts):
    income = sum(row[41] == "50000+" for row in rows)
    never_married = sum(row[7] == "Never married" for row in rows)
    assert (income, never_married) == (6_186, 43_143)
    totals = {task: sum(part.labels[task].sum() for part in parts) for task in parts[0].tasks}
    assert totals == {"income": income, "never_married": never_married}
    for part in parts:  # within 4 standard errors of the rates of the file
        assert abs(part.labels["income"].mean() - 0.0620) < 4 * np.sqrt(0.062 * 0.938 / len(part))
        assert abs(part.labels["never_married"].mean() - 0.4325) < 4 * np.sqrt(0.4325 * 0.5675 / len(part))


def test_features_are_39_and_no_label_is_among_them(parts):
    assert len(census.NUMERIC) == 7 and len(census.CODES) == 32
    assert set(census.COLUMNS) - {*census.NUMERIC, *census.CODES} == {"income", "marital_stat", "instance_weight"}
    train = parts[0]
    assert train.spec.numeric == 7 and len(train.cardinalities) == 32 and sum(train.cardinalities) == 495
    assert dict(zip(census.CODES, train.cardinalities, strict=True))["detailed_household_and_family_stat"] == 37
    for column in np.hstack([train.features["numeric"], train.features["codes"]]).T:
        for label in train.labels.values():  # a copy of a label, however coded, would keep the classes apart
            assert np.intersect1d(column[label == 0], column[label == 1]).size


def test_splits_hold_the_rows_of_the_file_once_each(parts, frame):
    # The same split of row numbers tells which rows went where.
    label = {"income": np.zeros(len(frame))}
    numbered = TaskData(np.arange(len(frame))[:, None], label, {"income": "binary"}).split((0.6, 0.2, 0.2), 0)
    where = [part.features[:, 0].astype(int) for part in numbered]
    assert [len(part) for part in parts] == [len(index) for index in where] == [59_857, 19_952, 19_953]
    assert sorted(np.concatenate(where)) == list(range(len(frame)))

    numeric = frame[census.NUMERIC].to_numpy(float)
    for i, name in enumerate(census.NUMERIC):
        if name in ("wage_per_hour", "capital_gains", "capital_losses", "dividends_from_stocks"):
            numeric[:, i] = np.log(1 + numeric[:, i])
    mean, deviation = numeric[where[0]].mean(0), numeric[where[0]].std(0)  # of the train part alone
    for part, index in zip(parts, where, strict=True):
        np.testing.assert_allclose(part.features["numeric"], (numeric[index] - mean) / deviation, rtol=1e-5, atol=1e-5)
        for i, name in enumerate(census.CODES):
            values = sorted(set(frame[name]))
            assert [values[code] for code in part.features["codes"][:, i]] == frame[name].iloc[index].tolist()
        np.testing.assert_array_equal(part.labels["income"], frame["income"].iloc[index] == "50000+")
        np.testing.assert_array_equal(
            part.labels["never_married"], frame["marital_stat"].iloc[index] == "Never married"
        )


def test_standardised_by_the_train_part(parts):
    train, valid, _ = (part.features["numeric"].astype(float) for part in parts)
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(0), 1, atol=1e-5)
    assert np.abs(valid.mean(0)).max() > 1e-4  # it has no say in the statistics


def test_same_seed_same_bytes(parts, frame, monkeypatch):
    again = census.splits(seed=0)
    monkeypatch.setattr(census, "load", lambda full: frame)
    other = census.splits(seed=1)
    for part, twin in zip(parts, again, strict=True):
        for key in ("numeric", "codes"):
            assert part.features[key].tobytes() == twin.features[key].tobytes()
        assert all(part.labels[task].tobytes() == twin.labels[task].tobytes() for task in part.tasks)
    assert parts[0].features["codes"].tobytes() != other[0].features["codes"].tobytes()


def test_nearly_a_quarter_of_the_test_part_has_a_twin_in_the_train_part(parts):
    train, _, test = (census.for_trees(part)[0] for part in parts)
    known = {row.tobytes() for row in train}
    assert 0.2 < np.mean([row.tobytes() in known for row in test]) < 0.25


def test_for_trees(parts):
    x, categorical = census.for_trees(parts[1])
    assert x.shape == (19_952, 39) and categorical.tolist() == [False] * 7 + [True] * 32
    np.testing.assert_array_equal(x[:, :7], parts[1].features["numeric"])
    np.testing.assert_array_equal(x[:, 7:], parts[1].features["codes"])
    tree = HistGradientBoostingClassifier(max_iter=3, categorical_features=categorical, early_stopping=False)
    tree.fit(x[:3000], parts[1].labels["never_married"][:3000])
    assert tree.score(x[3000:], parts[1].labels["never_married"][3000:]) > 0.8


# The way to the file, on a stand-in of two rows


class Server(http.server.ThreadingHTTPServer):
    """Serves ``pages`` ({path: (status, body, headers)}) on loopback and counts the hits."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages, self.hits, self.released = {}, [], threading.Event()
        self.root = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self):
        self.server.hits.append(self.path)
        status, body, headers = self.server.pages.get(self.path, (404, b"", {}))
        if status == "silence":
            self.server.released.wait(10)
            return
        self.send_response(status)
        for name, value in ({"Content-Length": len(body)} | headers).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Two empty folders for the cache and the user's data, and the sums of the stand-in."""
    sound = {
        name: (len(x), hashlib.sha256(x).hexdigest())
        for name, x in zip(census.SOUND, (PACKED, TEXT.encode()), strict=True)
    }
    monkeypatch.setattr(census, "SOUND", sound)
    monkeypatch.setattr(census, "SOURCES", {})
    monkeypatch.setattr(download, "TIMEOUT", (2, 0.3))
    monkeypatch.setattr(download.pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("PLE_TUTORIAL_DATA", raising=False)
    census.available.cache_clear()
    yield tmp_path / "cache" / "ple_tutorial" / "census-income"
    census.available.cache_clear()


@pytest.fixture
def own(tmp_path, monkeypatch, cache):
    folder = tmp_path / "own" / "census-income"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PLE_TUTORIAL_DATA", str(folder.parent))
    return folder


@pytest.fixture
def direct(server, cache, monkeypatch):
    """The server as a source of the file itself."""
    server.pages["/direct.gz"] = (200, PACKED, {})
    monkeypatch.setitem(census.SOURCES, f"{server.root}/direct.gz", census.FILE)
    return server


def files(folder):
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def refusal():
    """The message of the one error, which has no other in its wake."""
    with pytest.raises(census.CensusNotFound) as caught:
        census.find()
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    return str(caught.value)


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_download_of_the_file(direct, cache, capfd, monkeypatch):
    logged = io.StringIO()  # pooch's own logger writes to the stderr of its import, which capfd does not see
    monkeypatch.setattr(download.pooch.get_logger().handlers[0], "stream", logged)
    assert census.find() == cache / census.FILE
    assert (cache / census.FILE).read_bytes() == PACKED
    assert files(cache) == [census.FILE] and direct.hits == ["/direct.gz"]
    assert census.find() == cache / census.FILE and len(direct.hits) == 1  # from the cache
    assert capfd.readouterr() == ("", "") and logged.getvalue() == ""
    assert len(census.load()) == 2


@pytest.mark.parametrize("encoding", ["x-gzip", "gzip"])
def test_server_that_takes_the_gz_for_an_encoding(direct, cache, encoding):
    direct.pages["/direct.gz"] = (200, PACKED, {"Content-Encoding": encoding})
    assert census.find().read_bytes() == PACKED


@pytest.mark.parametrize(
    "members",
    [
        {"census-income.test.gz": PACKED},
        {"a/b/readme.txt": b"x", "a/b/census-income.data.gz": b"x", "a/b/census-income.test.gz": PACKED},
        {"__MACOSX/._census-income.test.gz": b"x", "kdd/census-income.test.gz": PACKED},
        {"census-income.test": TEXT.encode()},
        {"census.tar.gz": tarred({"census-income.data": b"x", "./kdd/census-income.test": TEXT.encode()})},
        {"a/census.tar.gz": tarred({"census-income.test.gz": PACKED})},
    ],
    ids=["flat", "nested", "twin of a Mac", "unpacked", "in a tar", "packed in a tar"],
)
def test_download_of_the_zip(server, cache, monkeypatch, members):
    server.pages["/117.zip"] = (200, zipped(members), {})
    monkeypatch.setitem(census.SOURCES, f"{server.root}/117.zip", census.UNPACKED)
    assert census.find() == cache / census.UNPACKED
    assert (cache / census.UNPACKED).read_text() == TEXT and files(cache) == [census.UNPACKED]
    assert census.find() and len(server.hits) == 1
    assert len(census.load()) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (zipped({"census-income.data.gz": b"x"}), "the zip holds no census-income.test.gz"),
        (zipped({"census-income.test.gz": PACKED[:-20]}), "Compressed file ended before the end-of-stream marker"),
        (zipped({"census-income.test": b"other"}), hashlib.sha256(b"other").hexdigest()),
        (zipped({"census-income.test.gz": PACKED})[:-30], "does not match"),
    ],
    ids=["without the file", "damaged file", "another file", "truncated zip"],
)
def test_zip_that_does_not_do(server, cache, monkeypatch, body, reason):
    server.pages["/117.zip"] = (200, body, {})
    monkeypatch.setitem(census.SOURCES, f"{server.root}/117.zip", census.UNPACKED)
    message = refusal()
    assert f"{server.root}/117.zip: " in message and reason in message
    assert files(cache) == []


def test_wrong_sum(direct, cache):
    direct.pages["/direct.gz"] = (200, b"<html>moved</html>", {})
    message = refusal()
    assert hashlib.sha256(b"<html>moved</html>").hexdigest() in message
    assert census.SOUND[census.FILE][1] in message
    assert files(cache) == []


def test_download_that_breaks_off(direct, cache):
    direct.pages["/direct.gz"] = (200, PACKED[:100], {"Content-Length": len(PACKED)})
    assert f"{direct.root}/direct.gz: the download broke off" in refusal()
    assert files(cache) == []


def test_interrupt_leaves_nothing_behind(direct, cache, monkeypatch):
    def interrupt(source, copy):
        copy.write(source.read(100))
        raise KeyboardInterrupt

    monkeypatch.setattr(download.shutil, "copyfileobj", interrupt)
    with pytest.raises(KeyboardInterrupt):
        census.find()
    assert files(cache) == []


def test_second_source_has_its_turn(server, cache, monkeypatch):
    server.pages["/117.zip"] = (200, zipped({"census-income.test.gz": PACKED}), {})
    monkeypatch.setattr(
        census, "SOURCES", {f"{server.root}/gone.gz": census.FILE, f"{server.root}/117.zip": census.UNPACKED}
    )
    assert census.find() == cache / census.UNPACKED
    assert server.hits == ["/gone.gz", "/117.zip"]
    assert files(cache) == [census.UNPACKED]


def test_nowhere_to_be_found(server, cache, monkeypatch, capfd):
    monkeypatch.setitem(census.SOURCES, f"{server.root}/gone.gz", census.FILE)
    message = refusal()
    assert message.splitlines()[0] == (
        "census-income.test.gz (Census-Income) was found nowhere and could not be downloaded."
    )
    assert "$PLE_TUTORIAL_DATA: not set" in message
    assert f"{cache}: no census-income.test.gz" in message
    assert f"{server.root}/gone.gz: answered 404 Not Found" in message
    assert f"What to do: try again with a network; or put census-income.test.gz ({len(PACKED)} bytes" in message
    assert f"into {cache}, or into a folder census-income, with PLE_TUTORIAL_DATA set" in message
    assert census.available() == (False, message.splitlines()[0])
    assert capfd.readouterr() == ("", "")


def test_server_down(cache, monkeypatch):
    with Server() as closed:
        pass
    monkeypatch.setitem(census.SOURCES, f"{closed.root}/direct.gz", census.FILE)
    start = time.monotonic()
    assert f"{closed.root}/direct.gz: no connection" in refusal()
    assert time.monotonic() - start < 2


def test_server_that_does_not_answer(direct, cache):
    direct.pages["/direct.gz"] = ("silence", b"", {})
    assert "no answer in time" in refusal()
    assert files(cache) == []


def test_patience_is_short():
    assert download.TIMEOUT[0] <= 10


def test_cache_that_cannot_be_written(direct, cache):
    cache.parent.parent.mkdir()
    cache.parent.write_text("a file where the folder should be")
    assert f"{direct.root}/direct.gz: " in refusal()


def test_own_folder_comes_first(direct, own, cache):
    (own / census.FILE).write_bytes(PACKED)
    cache.mkdir(parents=True)
    (cache / census.FILE).write_bytes(b"never looked at")
    assert census.find() == own / census.FILE
    assert direct.hits == [] and census.available() == (True, "")


def test_own_folder_may_hold_the_unpacked_file(direct, own):
    (own / census.UNPACKED).write_text(TEXT)
    assert census.find() == own / census.UNPACKED
    assert census.load()["age"].tolist() == [38, 7] and direct.hits == []


def test_empty_own_folder_is_no_obstacle(direct, own, cache):
    assert census.find() == cache / census.FILE and files(own) == []
    (cache / census.FILE).unlink()
    direct.pages.clear()
    assert f"{own}: no census-income.test.gz" in refusal()


def test_damaged_file_in_the_own_folder(direct, own, cache):
    (own / census.FILE).write_bytes(PACKED[:100])
    message = refusal()
    assert message.startswith(f"{own / census.FILE} is not the published file: 100 bytes of sha256 ")
    assert hashlib.sha256(PACKED[:100]).hexdigest() in message
    assert f"instead of {len(PACKED)} bytes of sha256 {hashlib.sha256(PACKED).hexdigest()}" in message
    assert "What to do: put a fresh copy in its place" in message
    assert (own / census.FILE).read_bytes() == PACKED[:100] and direct.hits == []
    assert census.available()[0] is False


def test_folder_in_place_of_the_file(direct, own):
    (own / census.FILE).mkdir()
    assert "cannot be read (Is a directory)" in refusal()


def test_damaged_file_in_the_cache_is_replaced(direct, cache):
    cache.mkdir(parents=True)
    (cache / census.FILE).write_bytes(PACKED[:100])
    assert census.find().read_bytes() == PACKED and files(cache) == [census.FILE]


def test_damaged_file_in_the_cache_and_no_network(cache):
    cache.mkdir(parents=True)
    (cache / census.FILE).write_bytes(PACKED[:100])
    assert f"{cache / census.FILE}: 100 bytes of sha256 {hashlib.sha256(PACKED[:100]).hexdigest()}" in refusal()


def test_available_asks_once(server, cache, monkeypatch):
    monkeypatch.setitem(census.SOURCES, f"{server.root}/gone.gz", census.FILE)
    assert census.available() == census.available()
    assert server.hits == ["/gone.gz"]


def test_bar_is_drawn_on_a_terminal_and_wiped(direct, cache, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    census.find()
    drawn = sys.stderr.getvalue()
    assert "Census-Income" in drawn and not re.split("[\r\n]", drawn.rstrip("\r"))[-1].strip()


# The stand-in, parsed


def test_categories_are_stripped_and_sorted(own):
    (own / census.FILE).write_bytes(PACKED)
    frame = census.load()
    assert frame["class_of_worker"].cat.categories.tolist() == ["NA", "Private"]
    assert frame["citizenship"].tolist() == ["Foreign born- Not a citizen of U S"] * 2
    assert frame["income"].tolist() == ["- 50000", "50000+"]
    assert not frame.isna().any(axis=None)


@pytest.mark.parametrize("name", census.TRAIN_FILES)
def test_full_takes_the_train_file_first(own, monkeypatch, name):
    train = 3 * FIRST.replace("38, Private", "50, Local government")
    monkeypatch.setattr(census, "TRAIN_ROWS", 3)
    (own / census.FILE).write_bytes(PACKED)
    (own / name).write_bytes(gzip.compress(train.encode()) if name.endswith(".gz") else train.encode())
    frame = census.load(full=True)
    assert frame["age"].tolist() == [50, 50, 50, 38, 7]
    assert frame["class_of_worker"].cat.categories.tolist() == ["Local government", "NA", "Private"]
    assert len(census.load()) == 2
    assert sum(len(part) for part in census.splits(full=True)) == 5


def test_full_without_the_train_file(own, cache):
    (own / census.FILE).write_bytes(PACKED)
    with pytest.raises(census.CensusNotFound, match=r"census-income\.data\.gz was found nowhere") as caught:
        census.load(full=True)
    assert str(own) in str(caught.value) and str(cache) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (gzip.compress(FIRST.encode()), "1 rows instead of 199,523"),
        (gzip.compress(FIRST.encode())[:-20], "ended before the end-of-stream marker"),
        (b"no gzip", "Not a gzipped file"),
        (PACKED[:40] + b"junk" + PACKED[44:], "invalid"),
    ],
    ids=["rows", "truncated", "no gzip", "corrupt"],
)
def test_damaged_train_file(own, content, fault):
    (own / census.FILE).write_bytes(PACKED)
    (own / "census-income.data.gz").write_bytes(content)
    with pytest.raises(census.CensusNotFound) as caught:
        census.load(full=True)
    assert str(caught.value).startswith(f"{own / 'census-income.data.gz'} is damaged: ") and fault in str(caught.value)
    assert caught.value.__context__ is None


# Amounts as codes


def small_part(gains):
    numeric = np.zeros((len(gains), len(census.NUMERIC)))
    numeric[:, census.NUMERIC.index("capital_gains")] = gains
    labels, kinds = {"income": np.arange(len(gains)) % 2}, {"income": "binary"}
    return TaskData({"numeric": numeric, "codes": np.zeros((len(gains), 1), np.int32)}, labels, kinds, {}, (1,))


def test_common_amounts_get_a_code_of_their_own_and_gaps_share_one():
    train, test = small_part([0, 0, 5, 5, 5, 7, 9, 9]), small_part([-1, 0, 3, 5, 7, 8, 9, 10])
    coded, coded_test = census.amounts_as_codes([train, test], least=2)
    assert coded.cardinalities == coded_test.cardinalities == (1, 7, 3, 3)  # 0, 5 and 9 and the gaps around them
    assert coded.features["codes"][:, 1].tolist() == [1, 1, 3, 3, 3, 4, 5, 5]
    assert coded_test.features["codes"][:, 1].tolist() == [0, 1, 2, 3, 4, 4, 5, 6]
    assert (
        coded.features["codes"][:, 2:] == 1
    ).all()  # nobody has losses or dividends, and all that have none are many
    np.testing.assert_array_equal(coded.features["numeric"], train.features["numeric"])


def test_amounts_of_the_real_file(parts):
    coded = census.amounts_as_codes(parts)
    assert [len(part) for part in coded] == [len(part) for part in parts]
    for part, before in zip(coded, parts, strict=True):
        np.testing.assert_array_equal(part.features["codes"][:, :32], before.features["codes"])
    for place, name in enumerate(census.AMOUNTS, 32):
        codes, counts = np.unique(coded[0].features["codes"][:, place], return_counts=True)
        assert (counts[codes % 2 == 1] >= 20).all()
        x = coded[0].features["numeric"][:, census.NUMERIC.index(name)]
        for code in codes[codes % 2 == 1][:5]:
            assert len(np.unique(x[coded[0].features["codes"][:, place] == code])) == 1
