#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_safetensors.py LIBSAPE_SO: checkpoints go to the reference reader of safetensors and come from its writer.

Needs the Python packages safetensors and numpy; leaves with status 77 (skipped) when they are missing.
"""

import ctypes
import json
import os
import random
import sys
import tempfile

try:
    import numpy
    from safetensors import SafetensorError, deserialize, safe_open
    from safetensors.numpy import load_file, save_file
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures")
POLICIES = {"none": 0, "global": 1, "spatial": 2}
size_t = ctypes.c_size_t


class EncoderParams(ctypes.Structure):
    _fields_ = [("struct_size", size_t), ("kind", ctypes.c_int), ("include_identity", ctypes.c_int32),
                ("domain_dim", size_t), ("num_frequencies", size_t), ("std", ctypes.c_double),
                ("seed", ctypes.c_uint64)]


class MaskParams(ctypes.Structure):
    _fields_ = [("struct_size", size_t), ("policy", ctypes.c_int), ("reserved", ctypes.c_int32),
                ("domain_dim", size_t), ("encoding_dim", size_t), ("mask_dim", size_t), ("resolution", size_t)]


class NetworkParams(ctypes.Structure):
    _fields_ = [("struct_size", size_t), ("input_dim", size_t), ("output_dim", size_t), ("hidden_dim", size_t),
                ("num_layers", size_t), ("seed", ctypes.c_uint64)]


class Sape:
    """What this test calls of the library; a call that fails raises what the library says."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.sape_last_error.restype = ctypes.c_char_p
        self.library.sape_safetensors_bytes.restype = ctypes.c_void_p

    def __getattr__(self, name):
        def call(*arguments):
            if getattr(self.library, "sape_" + name)(*arguments) != 0:
                raise RuntimeError(self.library.sape_last_error().decode(errors="replace"))
        return call

    def params(self, kind, name, **values):
        result = kind()
        initialise = getattr(self.library, f"sape_{name}_params_init")
        initialise(ctypes.byref(result), size_t(ctypes.sizeof(result)))
        for key, value in values.items():
            setattr(result, key, value)
        return ctypes.byref(result)

    def field(self, architecture):
        model, controls = architecture["model"], architecture["controls"]
        field = ctypes.c_void_p()
        self.field_create(
            self.params(EncoderParams, "encoder", domain_dim=model["domain_dim"],
                        num_frequencies=model["num_frequencies"]),
            self.params(MaskParams, "mask", policy=POLICIES[architecture["control"]], resolution=controls["res"]),
            self.params(NetworkParams, "network", output_dim=model["output_channels"], hidden_dim=model["hidden_dim"],
                        num_layers=model["num_layers"]),
            ctypes.byref(field))
        return field

    def load(self, path):
        field = ctypes.c_void_p()
        self.field_load(path.encode(), ctypes.byref(field))
        return field

    def restore(self, field, path):
        contents = ctypes.c_void_p()
        self.safetensors_open(path.encode(), ctypes.byref(contents))
        self.field_restore(field, contents)
        self.library.sape_safetensors_free(contents)

    def parse_fault(self, contents):
        """What the library says against a file; None when it takes it."""
        out = ctypes.c_void_p()
        try:
            self.safetensors_parse(contents, size_t(len(contents)), ctypes.byref(out))
        except RuntimeError as error:
            return str(error)
        self.library.sape_safetensors_free(out)
        return None

    def checkpoint_bytes(self, field):
        contents, size = ctypes.c_void_p(), size_t()
        self.field_checkpoint(field, ctypes.byref(contents))
        result = ctypes.string_at(self.library.sape_safetensors_bytes(contents, ctypes.byref(size)), size.value)
        self.library.sape_safetensors_free(contents)
        return result

    def predict(self, field, x, output_dim):
        x = numpy.ascontiguousarray(x, numpy.float32)
        outputs = numpy.empty((len(x), output_dim), numpy.float32)
        self.field_predict(field, size_t(len(x)), x.ctypes.data_as(ctypes.c_void_p),
                           outputs.ctypes.data_as(ctypes.c_void_p))
        return outputs


def expect_same(ours, theirs):
    assert sorted(ours) == sorted(theirs), (sorted(ours), sorted(theirs))
    for name in ours:
        assert ours[name].dtype == theirs[name].dtype, name
        assert ours[name].shape == theirs[name].shape, name
        assert (ours[name] == theirs[name]).all(), name


def check_fixture(sape, task, folder):
    public = os.path.join(FIXTURES, f"checkpoint_{task}.safetensors")
    with safe_open(os.path.join(FIXTURES, f"checkpoint_{task}_expected.safetensors"), "np") as expected:
        architecture = {key: json.loads(value) for key, value in expected.metadata().items()}
        query, prediction = expected.get_tensor("query"), expected.get_tensor("prediction")
    state = load_file(public)

    # The reference writer's file is loaded, and what we save then is the same state dict to the reference reader.
    theirs, ours = os.path.join(folder, "theirs"), os.path.join(folder, "ours")
    save_file(state, theirs)
    field = sape.field(architecture)
    sape.restore(field, theirs)
    sape.field_save(field, ours.encode())
    expect_same(load_file(ours), state)

    # Its metadata make a field without being told anything; written again by the reference writer it still loads.
    with safe_open(ours, "np") as file:
        metadata = file.metadata()
    assert metadata["sape.version"] == "1"
    assert metadata["sape.mask.policy"] == architecture["control"]
    float.fromhex(metadata["sape.mask.epsilon"])
    save_file(load_file(ours), theirs, metadata)
    loaded = sape.load(theirs)
    with open(ours, "rb") as file:
        assert sape.checkpoint_bytes(loaded) == file.read()
    error = numpy.abs(sape.predict(loaded, query, prediction.shape[1]) - prediction).max()
    assert error <= 1e-5, error
    sape.library.sape_field_free(field)
    sape.library.sape_field_free(loaded)
    print(f"{task}: predictions within {error:.1e}")


HEADERS = [
    (b'{"__metadata__":{"k":"v","a\\u00e9":""},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},'
     b'"b":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}', 12),
    (b'{"x":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]},"y":{"shape":[3],"data_offsets":[0,3],"dtype":"U8"}}', 3),
]
# What mutations put into a header: whatever one JSON reader takes and another does not.
PIECES = [
    b"4e0", b"4.0", b"-0", b"04", b"+4", b" 4", b"4.", b".5", b"00", b"0x4", b"1_0", b"1E2", b"-1", b"9007199254740993",
    b"18446744073709551615", b"18446744073709551616", b"NaN", b"Infinity", b"null", b"true", b"tru", b"'", b'"', b",", b",,",
    b"{", b"}", b"[", b"]", b":", b"0", b"1", b" ", b"\t", b"\n", b"\r", b"\v", b"\f", b"\x01", b"\x7f", b"\xc2\xa0",
    b"\xef\xbb\xbf", b"\xc3", b"\xf0\x9f\x98\x80", b"//x\n", b"/**/", b"\\", b'\\"', b"\\/", b"\\b", b"\\x41", b"\\u0041",
    b"\\u00", b"\\u 041", b"\\u+041", b"\\ud800", b"\\udc00", b"\\ud83d\\ude00", b'"q":{},', b'"dtype":"F32",',
]
# What the reference reader takes and this library refuses, beside names given twice: a header that does not begin with
# {, against the format's rules; unknown members of a tensor; what C strings, 2^53 and the known types do not hold.
STRICTER = ["begin with {", "nothing else", "no integer", "escaped zero", "is unknown"]


def mutated(header):
    header = bytearray(header)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        at = random.randrange(len(header) + 1)
        other = random.randrange(len(header) + 1)
        header[at : at + random.choice([0, 0, 0, 1, 1, 2, 3])] = random.choice(
            [random.choice(PIECES), random.choice(PIECES), random.randbytes(1), b"", header[at:other]])
    return bytes(header)


def names_anything_twice(header):
    twice = []
    json.loads(header, object_pairs_hook=lambda pairs: twice.append(len(dict(pairs)) < len(pairs)))
    return any(twice)


def reference_takes(contents):
    try:
        deserialize(contents)
    except (SafetensorError, UnicodeDecodeError):
        return False
    return True


def check_laxity(sape, count):
    """Whatever the reference reader refuses is refused; what it takes is taken, but for the list above."""
    random.seed(1)
    taken = 0
    for number in range(count):
        header, data_size = HEADERS[number % len(HEADERS)]
        header = mutated(header) if number >= len(HEADERS) else header
        contents = len(header).to_bytes(8, "little") + header + bytes(data_size)
        fault, reference = sape.parse_fault(contents), reference_takes(contents)
        assert fault is not None or reference, f"only the reference reader refuses {header!r}"
        if fault is not None and reference and not any(words in fault for words in STRICTER):
            assert names_anything_twice(header), (header, fault)
        taken += fault is None
    assert taken > count / 100, taken
    print(f"{count} headers: {taken} taken, none that the reference reader refuses")


def main():
    sape = Sape(sys.argv[1])
    check_laxity(sape, 50_000)
    with tempfile.TemporaryDirectory() as folder:
        for task in ("image_global", "image_spatial", "occupancy_global", "occupancy_spatial"):
            check_fixture(sape, task, folder)


if __name__ == "__main__":
    main()
