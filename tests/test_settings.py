"""What `load` promises of files, variables and flags."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from worker.model.errors import ConfigurationError
from worker.settings import Topology, VendorSettings, load
from worker.settings.lines import lines_of
from worker.settings.names import fold
from worker.settings.platform import ON_ECS
from worker.settings.variables import from_environment

FILE = """\
[sluice]
name = "messaging"

[defaults]
visibility = "90s"
options = { region = "eu", page = { size = 10, sort = "id" } }

[vendors.foo-primary]
adapter = "echo"
concurrency = 40
options = { page = { size = 20 } }

[vendors.bar]
adapter = "echo"
visibility = "2min"
"""

Load = Callable[..., Topology]


@pytest.fixture
def read(tmp_path: Path) -> Load:
    """Load a text as a file, with an environment and flags."""

    def loaded(
        text: str = FILE, environ: dict[str, str] | None = None, flags: dict[str, str] | None = None
    ) -> Topology:
        path = tmp_path / "sluice.toml"
        path.write_text(text, "utf-8")
        return load(path, environ=environ or {}, flags=flags)

    return loaded


@pytest.fixture
def mistakes(read: Load) -> Callable[..., list[str]]:
    """The lines of the ConfigurationError, the folder's path left out."""

    def lines(*args: Any, **kwargs: Any) -> list[str]:
        with pytest.raises(ConfigurationError) as raised:
            read(*args, **kwargs)
        text = str(raised.value)
        assert "pydantic" not in text
        assert "http" not in text
        return [re.sub(r"\S*/sluice\.toml", "sluice.toml", line) for line in text.splitlines()]

    return lines


def test_a_file_is_read(read: Load) -> None:
    """What stands in the file is in the topology, the rest is by default."""
    topology = read()
    assert list(topology.vendors) == ["foo-primary", "bar"]
    assert topology.vendors["foo-primary"].concurrency == 40
    assert topology.vendors["bar"].concurrency == 10
    assert topology.sluice.topic == "messages"
    assert topology.pools["default"].max_tasks == 4


def test_defaults_stand_under_every_vendor(read: Load) -> None:
    """A vendor's own key wins; options are merged key by key, at every depth."""
    vendors = read().vendors
    assert vendors["foo-primary"].visibility == timedelta(seconds=90)
    assert vendors["bar"].visibility == timedelta(minutes=2)
    assert vendors["foo-primary"].options == {"region": "eu", "page": {"size": 20, "sort": "id"}}
    assert vendors["bar"].options == {"region": "eu", "page": {"size": 10, "sort": "id"}}


ECS = {"ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/cd189a933e5849daa93386466019ab50-2495160603"}


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, 30),
        (ECS, 110),
        ({"SLUICE_SLUICE__STOP_TIMEOUT": "60s"}, 60),
        (ECS | {"SLUICE_SLUICE__STOP_TIMEOUT": "60s"}, 60),
    ],
)
def test_on_ecs_a_stop_may_take_longer_by_default(read: Load, environ: dict[str, str], seconds: int) -> None:
    """Elsewhere the platform kills sooner; whatever says it, says it."""
    assert read(environ=environ).sluice.stop_timeout == timedelta(seconds=seconds)


def test_the_platform_is_weaker_than_the_file(read: Load) -> None:
    """And than a flag."""
    text = FILE.replace("[sluice]", '[sluice]\nstop_timeout = "50s"')
    assert read(text, environ=ECS).sluice.stop_timeout == timedelta(seconds=50)
    assert read(environ=ECS, flags={"sluice.stop_timeout": "40s"}).sluice.stop_timeout == timedelta(seconds=40)


@pytest.mark.parametrize(("table", "told"), [("", "is missing"), ("sluice = 5\n", "needs a table")])
def test_the_platform_hides_no_mistake(mistakes: Callable[..., list[str]], table: str, told: str) -> None:
    """A `[sluice]` that is not there, or is none, is told on ECS as elsewhere."""
    text = table + "[vendors.foo]\nadapter = 'echo'\n"
    assert mistakes(text, environ=ECS) == mistakes(text)
    assert told in mistakes(text)[0]


def test_the_platform_says_what_a_flag_could_say(read: Load) -> None:
    """Each of its defaults is a key that there is, with a valid value."""
    flags = {f"{table}.{key}": value for table, keys in ON_ECS.items() for key, value in keys.items()}
    assert read(environ=ECS) == read(flags=flags) != read()


def test_a_filter_replaces_the_default_one(read: Load) -> None:
    """Two filter policies do not mix: a vendor would get what it did not ask for, or nothing."""
    text = FILE + 'filter = { kind = ["b"] }\n[defaults.filter]\nother = ["a"]\n'
    assert read(text).vendors["bar"].filter == {"kind": ["b"]}


def test_scaling_is_merged_with_the_default_one(read: Load) -> None:
    """`[defaults.scaling]` reaches the vendors."""
    assert read(FILE + '[defaults.scaling]\nlatency_goal = "1min"\n').vendors["bar"].scaling.latency_goal == timedelta(
        minutes=1
    )


def test_a_topology_cannot_be_changed(read: Load) -> None:
    """It is read once and passed as a value."""
    with pytest.raises(ValueError, match="frozen"):
        read().sluice.name = "other"


@pytest.mark.parametrize(
    ("variable", "value", "found"),
    [
        ("SLUICE_VENDORS__FOO_PRIMARY__CONCURRENCY", "4", lambda t: t.vendors["foo-primary"].concurrency == 4),
        ("sluice_vendors__Foo-Primary__concurrency", "4", lambda t: t.vendors["foo-primary"].concurrency == 4),
        ("SLUICE_VENDORS__BAR__RATE", "80/s", lambda t: str(t.vendors["bar"].rate) == "80/s"),
        (
            "SLUICE_VENDORS__BAR__RATE",
            '["10/s", "150/min"]',
            lambda t: str(t.vendors["bar"].rate) == "10/s, 150/min",
        ),
        ("SLUICE_VENDORS__BAR__FILTER", '{"target": ["A"]}', lambda t: t.vendors["bar"].filter == {"target": ["A"]}),
        ("SLUICE_VENDORS__BAR__OPTIONS__PAGE__SIZE", "5", lambda t: t.vendors["bar"].options["page"]["size"] == "5"),
        (
            "SLUICE_VENDORS__BAR__SCALING__LATENCY_GOAL",
            "9s",
            lambda t: t.vendors["bar"].scaling.latency_goal.seconds == 9,
        ),
        ("SLUICE_VENDORS__BAR__LIMIT_KEY", "{shop}", lambda t: t.vendors["bar"].limit_key == "{shop}"),
        ("SLUICE_SLUICE__STOP_TIMEOUT", "60s", lambda t: t.sluice.stop_timeout.seconds == 60),
        ("SLUICE_SLUICE__TABLE", "true", lambda t: t.sluice.table is True),
        ("SLUICE_DEFAULTS__TIMEOUT", "3s", lambda t: t.vendors["bar"].timeout.seconds == 3),
        ("SLUICE_POOLS__DEFAULT__MAX_TASKS", "9", lambda t: t.pools["default"].max_tasks == 9),
        ("SLUICE_CONFIG", "elsewhere.toml", lambda t: t.sluice.name == "messaging"),
        ("OTHER_VENDORS__BAR__CONCURRENCY", "x", lambda t: t.vendors["bar"].concurrency == 10),
    ],
)
def test_a_variable_changes_one_setting(
    read: Load, variable: str, value: str, found: Callable[[Topology], bool]
) -> None:
    """`__` nests, case does not count, `-` and `_` are equal in names; lists and tables are JSON."""
    assert found(read(environ={variable: value}))


def test_a_flag_beats_a_variable_beats_the_file(read: Load) -> None:
    """The order is file, environment, flags."""
    name, path = "SLUICE_VENDORS__FOO_PRIMARY__CONCURRENCY", "vendors.foo_primary.concurrency"
    assert read(environ={name: "5"}).vendors["foo-primary"].concurrency == 5
    assert read(environ={name: "5"}, flags={path: "6"}).vendors["foo-primary"].concurrency == 6


def test_the_more_exact_variable_wins(read: Load) -> None:
    """A variable for one key is put over one for its whole table."""
    environ = {
        "SLUICE_VENDORS__BAR__OPTIONS__REGION": "us",
        "SLUICE_VENDORS__BAR__OPTIONS": json.dumps({"region": "ap", "zone": "a"}),
    }
    assert read(environ=environ).vendors["bar"].options | {"page": None} == {"region": "us", "zone": "a", "page": None}


def test_an_option_keeps_the_spelling_of_the_file(read: Load) -> None:
    """A variable that says REPLY_TO means the file's `Reply-To`, if it has it."""
    text = FILE + '[vendors.bar.options.headers]\nReply-To = "a"\n'
    environ = {"SLUICE_VENDORS__BAR__OPTIONS__HEADERS__REPLY_TO": "b"}
    assert read(text, environ=environ).vendors["bar"].options["headers"] == {"Reply-To": "b"}


def test_dashes_and_underscores_are_equal_in_the_file(read: Load) -> None:
    """`[vendors.foo_b]` is the vendor foo-b, and `pool = "Big_One"` the pool big-one."""
    topology = read(FILE + '[vendors.foo_b]\nadapter = "echo"\npool = "Big_One"\n[pools.big_one]\nmax_tasks = 2\n')
    assert topology.vendors["foo-b"].pool == "big-one"
    assert topology.pools["big-one"].max_tasks == 2


@given(
    name=st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True),
    upper=st.booleans(),
    dashed=st.booleans(),
)
def test_every_name_is_reached_by_a_variable(name: str, upper: bool, dashed: bool) -> None:
    """However a vendor is called, its variable is found."""
    written = name if dashed else name.replace("-", "_")
    variable = f"SLUICE_VENDORS__{written.upper() if upper else written}__TIMEOUT"
    found = from_environment({variable: "1s"}, {"vendors": {name: {}}})
    assert found[0].path == ("vendors", name, "timeout")
    assert fold(written) == name


VENDOR = '[sluice]\nname = "m"\n[vendors.foo]\nadapter = "echo"\n'


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("conurrency = 4", "sluice.toml:5: [vendors.foo] conurrency", "did you mean concurrency?"),
        ("max-attempts = 4", "sluice.toml:5: [vendors.foo] max-attempts", "did you mean max_attempts?"),
        ("grace = '1s'", "sluice.toml:5: [vendors.foo] grace", "belongs in [sluice]"),
        ("concurrency = 0", "sluice.toml:5: [vendors.foo] concurrency", "0 is too small; at least 1"),
        ("concurrency = 'four'", "sluice.toml:5: [vendors.foo] concurrency", "needs a whole number"),
        ("concurrency = 1.5", "sluice.toml:5: [vendors.foo] concurrency", "needs a whole number"),
        ("max_attempts = 301", "sluice.toml:5: [vendors.foo] max_attempts", "at most 300"),
        ("adaptive = 'often'", "sluice.toml:5: [vendors.foo] adaptive", "needs true or false"),
        ("timeout = 10", "sluice.toml:5: [vendors.foo] timeout", '10 is not a duration; write "20ms"'),
        ("timeout = '10 years'", "sluice.toml:5: [vendors.foo] timeout", "'10 years' is not a duration"),
        ("timeout = '99999999999999d'", "sluice.toml:5: [vendors.foo] timeout", "longer than any wait"),
        ("rate = '80'", "sluice.toml:5: [vendors.foo] rate", "'80' is not a rate; write \"80/s\""),
        ("rate = ['80/s', '9/x']", "sluice.toml:5: [vendors.foo] rate", "'9/x' is not a rate"),
        ("rate = '0/s'", "sluice.toml:5: [vendors.foo] rate", "lets nothing through"),
        (f"rate = '0.{'0' * 400}1/s'", "sluice.toml:5: [vendors.foo] rate", "slower than any vendor"),
        ("share = 'alone'", "sluice.toml:5: [vendors.foo] share", '"one", "split" or "fleet"'),
        ("filter = 'x'", "sluice.toml:5: [vendors.foo] filter", "needs a table"),
        ("secret = 5", "sluice.toml:5: [vendors.foo] secret", "needs a text"),
        (
            "secret = 'shop/{}'",
            "sluice.toml:5: [vendors.foo] secret",
            "'{}' names no payload field; write such as {shop}",
        ),
        ("secret = 'my shop'", "sluice.toml:5: [vendors.foo] secret", "write letters, digits and"),
        ("limit_key = 'shop/{'", "sluice.toml:5: [vendors.foo] limit_key", "write such as shop/a, or shop/{shop}"),
        ("limit_key = ''", "sluice.toml:5: [vendors.foo] limit_key", "'' is no name; write such as shop/a"),
        ("topic = 'Not A Name'", "sluice.toml:5: [vendors.foo] topic", "is not a name"),
        ("pool = 'bigg'\n[pools.big]", "sluice.toml:5: [vendors.foo] pool", "no [pools.bigg]; did you mean big?"),
        ("scaling.latency_gaol = '1s'", "sluice.toml:5: [vendors.foo.scaling] latency_gaol", "latency_goal?"),
        (
            "[vendors.foo.scaling]\nlatency_goal = 1",
            "sluice.toml:6: [vendors.foo.scaling] latency_goal",
            "not a duration",
        ),
        ("[vendors.bar]\ntimeout = '1s'", "sluice.toml:5: [vendors.bar] adapter", "is missing"),
        ("[vendors.'b c']\nadapter = 'echo'", "sluice.toml:5: [vendors.b c]", "is not a name"),
        ("[defaults]\nvisiblity = '1s'", "sluice.toml:6: [defaults] visiblity", "did you mean visibility?"),
        ("[vendor.bar]\nadapter = 'echo'", "sluice.toml:5: vendor", "did you mean vendors?"),
        ("[pools.small]\nmax_tasks = 0", "sluice.toml:6: [pools.small] max_tasks", "at least 1"),
    ],
)
def test_a_wrong_value_is_one_line(mistakes: Callable[..., list[str]], line: str, place: str, words: str) -> None:
    """File, line, table and key; what is wrong; what is valid."""
    (told,) = mistakes(VENDOR + line + "\n")
    assert told.startswith(f"{place}: ")
    assert words in told


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SLUICE_VENDORS__FOO__CONURRENCY", "4", "did you mean concurrency?"),
        ("SLUICE_VENDORS__FO__CONCURRENCY", "4", "no [vendors.fo]; did you mean foo?"),
        ("SLUICE_VENDORS__FOO__TIMEOUT", "ten", "'ten' is not a duration"),
        ("SLUICE_VENDORS__FOO", '{"timeout": 10}', "timeout: 10 is not a duration"),
        ("SLUICE_VENDORS__FOO__FILTER", '{"a": ', "needs a table"),
        ("SLUICE_POOLS__BIG__MAX_TASKS", "4", "no [pools.big]"),
        ("SLUICE_SLUICE__NAM", "m", "did you mean name?"),
        ("SLUICE_STOP_TIMEOUT", "1s", "belongs in [sluice]"),
        ("SLUICE_VENDRS__FOO__TIMEOUT", "1s", "did you mean vendors?"),
        ("SLUICE_", "1", "unknown key"),
        ("SLUICE_VENDORS__FOO__RATE__PER_SECOND", "1", "is not a rate"),
        ("SLUICE_VENDORS__FOO__SCALING", "fast", "needs a table"),
    ],
)
def test_a_wrong_variable_is_named(mistakes: Callable[..., list[str]], variable: str, value: str, words: str) -> None:
    """The place of a mistake in the environment is the variable."""
    (told,) = mistakes(VENDOR, environ={variable: value})
    assert told.startswith(variable)
    assert words in told


def test_a_wrong_flag_is_named(mistakes: Callable[..., list[str]]) -> None:
    """The place of a mistake in a flag is the flag, though a variable says the same."""
    told = mistakes(VENDOR, environ={"SLUICE_VENDORS__FOO__TIMEOUT": "1s"}, flags={"vendors.foo.timeout": "x"})
    assert told == ['--set vendors.foo.timeout: \'x\' is not a duration; write "20ms", "60s", "5min", "6h" or "14d"']


def test_all_mistakes_are_told_at_once(mistakes: Callable[..., list[str]]) -> None:
    """File, environment and flags are corrected in one go."""
    told = mistakes(
        VENDOR + "timeout = 1\nrate = 2\npool = 'none'\n",
        environ={"SLUICE_FOO": "1"},
        flags={"vendors.bar.timeout": "1s"},
    )
    assert len(told) == 5


def test_a_mistake_in_defaults_is_told_once(mistakes: Callable[..., list[str]]) -> None:
    """It stands under two vendors, and in one place."""
    (told,) = mistakes(VENDOR + "[vendors.bar]\nadapter = 'echo'\n[defaults]\npool = 'none'\n")
    assert told.startswith("sluice.toml:8: [defaults] pool: ")


def test_two_spellings_of_one_name_are_a_mistake(mistakes: Callable[..., list[str]]) -> None:
    """Which of them a variable meant could not be told."""
    (told,) = mistakes(VENDOR + "[vendors.a-b]\nadapter = 'echo'\n[vendors.a_b]\nadapter = 'echo'\n")
    assert told.startswith("sluice.toml:5: [vendors.a-b] and [vendors.a_b] are the same name")


@pytest.mark.parametrize("text", ["", "[sluice]\nname = 'm'\n", "[sluice]\nname = 'm'\n[vendors]\n"])
def test_no_vendors_is_told(mistakes: Callable[..., list[str]], text: str) -> None:
    """A topology without vendors would do nothing."""
    assert "no vendors; add a table [vendors.NAME]" in mistakes(text)[0]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[sluice\n", "sluice.toml:1: is not TOML"),
        ("[sluice]\nname = \n", "sluice.toml:2: is not TOML"),
        ("a = '''", "sluice.toml: is not TOML"),
    ],
)
def test_a_syntax_error_is_placed(mistakes: Callable[..., list[str]], text: str, place: str) -> None:
    """File and line, as far as they are known."""
    assert mistakes(text)[0].startswith(place)


def test_a_missing_file_says_how_to_start(tmp_path: Path) -> None:
    """Whoever has no file yet learns of --config and the demo."""
    with pytest.raises(ConfigurationError, match=r"none\.toml: no such file.*--config.*sluice demo"):
        load(tmp_path / "none.toml", environ={})


def test_a_text_stands_for_a_file(tmp_path: Path) -> None:
    """On ECS the topology is a variable: no file is read, and mistakes have their lines all the same."""
    nowhere = tmp_path / "SLUICE_TOPOLOGY"
    assert load(nowhere, environ={}, text=FILE).vendors["foo-primary"].concurrency == 40
    with pytest.raises(ConfigurationError, match=r"SLUICE_TOPOLOGY:10: .*concurrency"):
        load(nowhere, environ={}, text=FILE.replace("= 40", "= 0"))
    with pytest.raises(ConfigurationError, match="SLUICE_TOPOLOGY: is not TOML"):
        load(nowhere, environ={}, text="[sluice")


def test_what_the_command_line_reads_is_no_setting(read: Load) -> None:
    """These say where settings are, and which of them count."""
    topology = read(environ={"SLUICE_TOPOLOGY": "x", "SLUICE_POOL": "y", "SLUICE_CONFIG": "z"})
    assert topology == read()


def test_what_is_no_text_file_is_told(tmp_path: Path) -> None:
    """A folder, or bytes that are not UTF-8."""
    with pytest.raises(ConfigurationError, match="is not a file"):
        load(tmp_path, environ={})
    (tmp_path / "sluice.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        load(tmp_path / "sluice.toml", environ={})


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ),
    name=st.sampled_from(
        [
            "SLUICE",
            "DEFAULTS",
            "POOLS",
            "VENDORS",
            "VENDORS__FOO",
            *(f"VENDORS__FOO__{k.upper()}" for k in VendorSettings.model_fields),
        ]
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_variable_says_it_loads_or_is_told(value: Any, name: str, tmp_path: Path) -> None:
    """No value of the environment ends in another error than ours, and that names the variable."""
    path = tmp_path / "sluice.toml"
    path.write_text(VENDOR)
    told = ""
    try:
        load(path, environ={f"SLUICE_{name}": json.dumps(value)})
    except ConfigurationError as error:
        told = str(error)
    assert told == "" or f"SLUICE_{name}" in told or "no vendors" in told


def test_lines_are_found_in_every_form_of_toml() -> None:
    """Headers with quotes and blanks, dotted keys; the inside of lists is no key."""
    lines = lines_of('[vendors . "Foo_A"]\nscaling.latency_goal = 1\nrate = [\n "1/s",\n]\n\n"max_attempts"=3\n')
    assert lines[("vendors", "foo-a")] == 1
    assert lines[("vendors", "foo-a", "scaling", "latency_goal")] == 2
    assert lines[("vendors", "foo-a", "max_attempts")] == 7


@pytest.mark.parametrize(
    ("keys", "tasks", "concurrency"),
    [("", 4, 10), ("max_connections = 100", 4, 10), ("max_connections = 10", 4, 2), ("max_connections = 3", 4, 0)],
)
def test_each_task_has_its_part_of_the_vendor_s_cap(read: Load, keys: str, tasks: int, concurrency: int) -> None:
    """By the most tasks that its pool may have, and never more than the entry's own concurrency."""
    topology = read(f"{VENDOR}pool = 'bulk'\n{keys}\n[pools.bulk]\nmax_tasks = {tasks}\n")
    assert topology.concurrency("foo") == concurrency
