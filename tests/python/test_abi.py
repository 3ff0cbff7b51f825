# SPDX-License-Identifier: MIT
"""The declarations of the module are those of the installed headers."""
import ctypes
import re
import shlex
import subprocess

import pytest

import sape
from sape import _abi, _callbacks

ENUMS = {
    "STATUS": sape.Status,
    "ENCODING": sape.Encoding,
    "DRAW": sape.Draw,
    "INTERPOLATION": sape.Interpolation,
    "POLICY": sape.Policy,
    "LOSS": sape.Loss,
    "OPTIMIZER": sape.OptimizerKind,
    "SCHEDULE": sape.Schedule,
    "TASK": sape.Task,
    "STOP": sape.Stop,
    "BOUNDARY": sape.Boundary,
    "FILTER": sape.FilterShape,
    "INSTRUCTIONS": sape.InstructionSet,
    "PRECISION": sape.Precision,
    "PRODUCT": sape.Product,
    "ACTIVATION": sape.Activation,
    "OUTPUT_ACTIVATION": sape.OutputActivation,
}


def constant(prefix, member):
    if prefix == "STATUS":
        return "SAPE_OK" if member.name == "OK" else f"SAPE_ERROR_{member.name}"
    return f"SAPE_{prefix}_{member.name}"


@pytest.fixture(scope="module")
def header_values(tmp_path_factory):
    """Offsets, sizes and constants as a C compiler sees them in the headers that pkg-config finds."""
    folder = tmp_path_factory.mktemp("abi")
    terms = ["SAPE_MAX_RANK", "SAPE_DTYPE_F32", "SAPE_DTYPE_F64"]
    for name, struct in _abi.STRUCTS.items():
        terms.append(f"sizeof(sape_{name})")
        for member, _ in struct._fields_:
            terms += [f"offsetof(sape_{name}, {member})", f"sizeof(((sape_{name} *)0)->{member})"]
    terms += [constant(prefix, member) for prefix, kind in ENUMS.items() for member in kind]
    lines = [f'printf("%s\\t%lld\\n", "{term}", (long long)({term}));' for term in terms]
    source = "#include <sape/sape.h>\n#include <stdio.h>\nint main(void) {" + "\n".join(lines) + "return 0; }"
    (folder / "abi.c").write_text(source)
    flags = subprocess.run(["pkg-config", "--cflags", "sape"], check=True, capture_output=True, text=True).stdout
    subprocess.run(["cc", *shlex.split(flags), "abi.c", "-o", "abi"], cwd=folder, check=True)
    output = subprocess.run([folder / "abi"], check=True, capture_output=True, text=True).stdout
    return {term: int(value) for term, value in (line.split("\t") for line in output.splitlines())}


@pytest.mark.parametrize("name", _abi.STRUCTS)
def test_struct(name, header_values):
    struct = _abi.STRUCTS[name]
    for member, _ in struct._fields_:
        mirrored = getattr(struct, member)
        assert mirrored.offset == header_values[f"offsetof(sape_{name}, {member})"], member
        assert mirrored.size == header_values[f"sizeof(((sape_{name} *)0)->{member})"], member
    assert ctypes.sizeof(struct) == header_values[f"sizeof(sape_{name})"], "the library knows more at the end"


@pytest.mark.parametrize("prefix", ENUMS)
def test_enum(prefix, header_values):
    for member in ENUMS[prefix]:
        assert member == header_values[constant(prefix, member)]


def test_max_rank(header_values):
    assert dict(_abi.STRUCTS["tensor_info"]._fields_)["shape"]._length_ == header_values["SAPE_MAX_RANK"]


def prototypes():
    """The number of arguments, and the kind of the result, of every function in the headers."""
    flags = subprocess.run(["pkg-config", "--cflags", "sape"], check=True, capture_output=True, text=True).stdout
    unit = ["cc", *shlex.split(flags), "-E", "-P", "-include", "sape/sape.h", "-xc", "/dev/null"]
    text = " ".join(subprocess.run(unit, check=True, capture_output=True, text=True).stdout.split())
    pattern = r"(sape_status|void|[\w ]+[ *]+)\s?\bsape_(\w+)\(([^()]*)\);"
    return {m[2]: (m[1].split()[-1], [] if m[3] == "void" else m[3].split(",")) for m in re.finditer(pattern, text)}


def test_signatures():
    declared = prototypes()
    for signature, names in _abi.SIGNATURES.items():
        result, *arguments = signature.split()
        for name in names.split():
            c_result, c_arguments = declared[name]
            assert (result == "!") == (c_result == "sape_status"), name
            assert len(arguments) == len(c_arguments), name
            for letter, argument in zip(arguments, c_arguments):
                assert (letter == "f") == ("float *" in argument), (name, argument)
                assert (letter == "z") == (re.search(r"size_t \w+$", argument) is not None), (name, argument)
                assert (letter == "s") == (re.search(r"const (char|void) \*\w+$", argument) is not None), (name, argument)


KINDS = [
    sape.AdaptiveRateParams, sape.CutoffParams, sape.EncoderParams, sape.MaskParams, sape.NetworkParams, sape.OptimizerParams,
    sape.TrainerParams,
]


@pytest.mark.parametrize("kind", KINDS)
def test_defaults(kind):
    """The defaults written in Python are the library's."""
    struct = _abi.STRUCTS[kind._struct_name]()
    _abi.call(kind._struct_name + "_init", ctypes.byref(struct), ctypes.sizeof(struct))
    assert bytes(kind()._struct()) == bytes(struct)


def test_every_function_is_declared():
    """But for those that C programs alone need."""
    only_c = {
        "status_string", "field_predict", "safetensors_find", "safetensors_open_with", "safetensors_read_double",
        "safetensors_save_with", "activation_name", "output_activation_name",
        # What Python's enumerations know by themselves.
        "encoding_name", "draw_name", "interpolation_name", "policy_name", "filter_shape_name", "boundary_name", "loss_name",
        "optimizer_kind_name", "schedule_name", "stop_name", "dtype_name", "instruction_set_name", "product_backend_name",
        "task_name", "precision_name",
    }
    assert set(prototypes()) - only_c == {name for names in _abi.SIGNATURES.values() for name in names.split()}


def test_dtypes(header_values):
    for value, dtype in _callbacks._REDUCED.items():
        assert value == header_values[f"SAPE_DTYPE_F{8 * dtype.itemsize}"]


def test_version():
    wanted = subprocess.run(["pkg-config", "--modversion", "sape"], check=True, capture_output=True, text=True).stdout.strip()
    assert sape.__version__ == wanted
