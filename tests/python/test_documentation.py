# SPDX-License-Identifier: MIT
"""What the docstrings say of parameters: all of them, their defaults and their ranges."""
import base64
import dataclasses
import enum
import inspect
import json
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import sape

KINDS = [
    sape.EncoderParams, sape.CutoffParams, sape.MaskParams, sape.NetworkParams, sape.OptimizerParams,
    sape.TrainerParams, sape.AdaptiveRateParams,
]


EXAMPLES = Path(sape.__file__).parent.parent
NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?(?:\*\*\d+)?"


def described(kind):
    """The text of every parameter that the docstring of a class describes."""
    entries = re.findall(r"^(\w+): (.*(?:\n    .*)*)", inspect.getdoc(kind), re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


def number(text):
    base, _, power = text.partition("**")
    return float(base) ** int(power or 1)


def below(low):
    return low - 1 if low <= 0 or low == int(low) else low / 2


def outside(text):
    """Values just outside of the range that a text gives; none if it gives no range."""
    found = []
    for low, high in re.findall(rf"({NUMBER})(?: \(.*?\))? to ({NUMBER})", text):
        found += [below(number(low)), number(high) * 1.001 + 1]
    found += [value for high in re.findall(rf"in \[0, ({NUMBER})\)", text) for value in (-0.001, number(high))]
    found += [below(number(low)) for low in re.findall(rf"at least ({NUMBER})", text)]
    found += [number(bound) for bound in re.findall(rf"(?:greater|less) than ({NUMBER})", text)]
    found += [number(high) * 1.001 for high in re.findall(rf"at most ({NUMBER})(?!.* in all)(?!\d|\*)", text)]
    return found


def is_refused(params):
    """Whether no handle can be made with the parameters."""
    with sape.Field(sape.EncoderParams(num_frequencies=4), network=sape.NetworkParams(hidden_dim=8)) as field:
        try:
            if isinstance(params, sape.EncoderParams):
                sape.Encoder(params)
            elif isinstance(params, sape.CutoffParams):
                variance = {"policy": sape.Policy.VARIANCE, "frequencies": np.arange(8)}
                sape.Mask(sape.MaskParams(encoding_dim=8, cutoff=params, **variance))
            elif isinstance(params, sape.MaskParams):
                sape.Mask(params)
            elif isinstance(params, sape.NetworkParams):
                sape.Network(params)
            elif isinstance(params, sape.OptimizerParams):
                sape.Optimizer(3, params)
            elif isinstance(params, sape.TrainerParams):
                sape.Trainer(field, params)
            else:
                sape.Trainer(field).set_adaptive_rate(params)
        except (sape.ArgumentError, OverflowError, ValueError):
            return True
    return False


#: What must be set for a range to count: where the text has the word.
MODES = [
    (sape.EncoderParams, "Encoding.GRID", {"kind": sape.Encoding.GRID}),
    (sape.EncoderParams, "Encoding.POSITIONAL", {"kind": sape.Encoding.POSITIONAL, "num_frequencies": 100}),
    (sape.MaskParams, "", {"encoding_dim": 8}),
    (sape.NetworkParams, "", {"input_dim": 2}),
    (sape.NetworkParams, "SINE", {"activation": sape.Activation.SINE}),
    (sape.OptimizerParams, "SGD", {"kind": sape.OptimizerKind.SGD}),
    (sape.OptimizerParams, "EXPONENTIAL", {"schedule": sape.Schedule.EXPONENTIAL}),
    (sape.OptimizerParams, "COSINE", {"schedule": sape.Schedule.COSINE}),
    (sape.TrainerParams, "HUBER", {"loss": sape.Loss.HUBER}),
]


def test_no_class_of_parameters_is_left_out():
    public = (getattr(sape, name) for name in sape.__all__)
    assert {kind for kind in public if dataclasses.is_dataclass(kind)} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_is_described_with_its_default(kind):
    texts = described(kind)
    assert list(texts) == [field.name for field in dataclasses.fields(kind)]
    for field in dataclasses.fields(kind):
        is_enum = isinstance(field.default, enum.Enum)
        default = f"{type(field.default).__name__}.{field.default.name}" if is_enum else repr(field.default)
        assert re.findall(r"Default (\S+?)[.,](?: |$)", texts[field.name]) == [default], field.name


@pytest.mark.parametrize("kind, name", [
    (kind, field.name) for kind in KINDS for field in dataclasses.fields(kind)
    if type(field.default) in (int, float) and field.name not in ("seed", "features_per_level")
])
def test_every_number_has_a_range_that_the_library_keeps(kind, name):
    text = described(kind)[name]
    needs = {}
    for of, word, settings in MODES:
        needs.update(settings if of is kind and word in text else {})
    is_int = type(getattr(kind, name)) is int
    assert outside(text) and not is_refused(kind(**needs))
    for value in outside(text):
        assert is_refused(kind(**{**needs, name: int(value) if is_int else value})), value


def test_the_reference_is_current_and_whole():
    page = runpy.run_path(str(EXAMPLES / "reference.py"))["page"]()
    stored = EXAMPLES.parents[1] / "docs" / "python.md"
    assert stored.read_text(encoding="utf-8") == page, "run python3 examples/python/reference.py > docs/python.md"
    listed = set(re.findall(r"^(?:### |\* `)(\w+)", page, re.MULTILINE))
    assert {*sape.__all__, "SapeRegressor"} <= listed
    for kind in KINDS:
        assert all(f"* `{field.name}`: " in page for field in dataclasses.fields(kind))


def test_the_notebook_is_in_step_with_the_tour():
    tools = runpy.run_path(str(EXAMPLES / "notebook.py"))
    expected = tools["cells_of"]((EXAMPLES / "tour.py").read_text(encoding="utf-8"))
    stored = json.loads((EXAMPLES / "tour.ipynb").read_text(encoding="utf-8"))
    assert stored["nbformat"] == 4 and len({cell["id"] for cell in stored["cells"]}) == len(stored["cells"])
    texts = ["".join(cell["source"]) for cell in stored["cells"]]
    assert texts[0] == tools["TITLE"] and len(expected) >= 6
    assert list(zip(texts[1::2], texts[2::2])) == [(f"## {title}", source) for title, source in expected]
    for cell, (_, source) in zip(stored["cells"][2::2], expected):
        pictures = [output["data"]["image/png"] for output in cell["outputs"] if "data" in output]
        assert len(pictures) == source.count("plt.subplots(")
        assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
        printed = ["".join(output["text"]) for output in cell["outputs"] if "text" in output]
        assert len(printed) == ("print(" in source)


def test_results_of_a_cell():
    pytest.importorskip("matplotlib").use("Agg")
    results_of = runpy.run_path(str(EXAMPLES / "notebook.py"))["results_of"]
    names = {}
    assert results_of("a = 3", names) == [] and names["a"] == 3
    printed, plotted = results_of("import matplotlib.pyplot as plt\nprint(a)\nplt.plot([a, 4])", names)
    assert printed["text"] == ["3\n"] and plotted["output_type"] == "display_data"
    with pytest.raises(ZeroDivisionError):
        results_of("a / 0", names)
