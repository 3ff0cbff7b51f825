# SPDX-License-Identifier: MIT
"""What libsape's headers declare: structs and functions. tests/python compares it with the headers."""
from __future__ import annotations

import ctypes
import operator
from typing import Any, Dict, Optional, Tuple, Type, TypeVar

from ._arrays import Floats
from ._errors import ArgumentError, Status, error, in_python, public_call
from ._library import load

# One letter per type: i int or enum, I uint32_t, z size_t, Q uint64_t, d double, s string, p pointer, 3 size_t[3],
# f float array or None; as a result: - none, ! a status, which raises an exception if it is not OK.
_CTYPES: Dict[str, Any] = {
    "i": ctypes.c_int,
    "I": ctypes.c_uint32,
    "z": ctypes.c_size_t,
    "Q": ctypes.c_uint64,
    "d": ctypes.c_double,
    "s": ctypes.c_char_p,
    "p": ctypes.c_void_p,
    "3": ctypes.c_size_t * 3,
}

# The structs, without their first member, struct_size.
LAYOUTS = {
    "encoder_params": "kind:i include_identity:i domain_dim:z num_frequencies:z std:d seed:Q "
    "instructions:i draw:i num_levels:z features_per_level:z base_resolution:z growth:d finest_resolution:z "
    "log2_table_size:z interpolation:i reserved2:i",
    "mask_params": "policy:i gradual:i domain_dim:z encoding_dim:z mask_dim:z resolution:z num_blocks:z "
    "num_iterations:z block_iterations:z epsilon:d samples:p num_samples:z "
    "cutoff:p frequencies:p",
    "cutoff_params": "c_min:d c_max:d beta:d gamma:d steepness:d midpoint:d rescale:i boundary:i start_iteration:z "
    "end_share:d window:z width:d shape:i reserved:i",
    "network_params": "input_dim:z output_dim:z hidden_dim:z num_layers:z seed:Q "
    "instructions:i product:i precision:i activation:i output_activation:i reserved:i activation_parameter:d",
    "optimizer_params": "kind:i schedule:i learning_rate:d beta1:d beta2:d epsilon:d momentum:d weight_decay:d "
    "decay_rate:d final_factor:d decay_iterations:Q warmup_iterations:Q clip_norm:d "
    "encoder_rate_factor:d encoder_weight_decay:d",
    "trainer_params": "loss:i reserved:i loss_fn:p loss_user:p batch_size:z num_threads:z seed:Q progress_every:Q "
    "tolerance:d patience:Q min_improvement:d validation_share:d validation_every:Q validation_patience:Q "
    "validation_margin:d huber_delta:d average_decay:d accumulate:z plateau_patience:Q plateau_factor:d history:z",
    "adaptive_rate_params": "alpha_min:d alpha_max:d gamma:d eta:d delta:d resolution:z",
    "predict_options": "mask_by:p override_mask:p override_rows:z weights:p",
    "mask_state": "iteration:Q block_size:z block_iterations:z current_feature:z next_feature:z num_cells:z "
    "cells_in_progress:z revealed:d",
    "progress": "iteration:Q num_iterations:Q loss:d revealed:d learning_rate:d seconds:d "
    "validation_loss:d best_validation_loss:d best_iteration:Q",
    "result": "iterations:Q loss:d seconds:d stop:i reserved:i validation_loss:d best_iteration:Q",
    "description": "version:s instructions:s product:s blas:s blas_kernel:s num_threads:z precision:s "
    "precision_code:s",
    "settings_query": "task:i policy:i encoding:i reserved:i num_frequencies:z domain_dim:z output_dim:z n:z x:p targets:p num_sets:Q "
    "iterations:Q epochs:Q seconds:d batch_size:z num_threads:z seed:Q",
    "setting": "name:s value:s reason:s",
    "bandwidth": "std:d c_max:d nyquist:d signal_frequency:d",
    "window_params": "boundary:i reserved:i dim:z size:3 window:3 channels:z",
    "filter_params": "boundary:i shape:i dim:z size:3 channels:z width:d",
}


def _make_struct(name: str, members: list[tuple[str, Any]]) -> Type[ctypes.Structure]:
    return type(name, (ctypes.Structure,), {"_fields_": [("struct_size", ctypes.c_size_t), *members]})


STRUCTS = {
    name: _make_struct(name, [(member[:-2], _CTYPES[member[-1]]) for member in layout.split()])
    for name, layout in LAYOUTS.items()
}
_MAX_RANK = 8
STRUCTS["tensor_info"] = _make_struct(
    "tensor_info",
    [
        ("name", ctypes.c_char_p),
        ("count", ctypes.c_size_t),
        ("rank", ctypes.c_size_t),
        ("shape", ctypes.c_size_t * _MAX_RANK),
        ("dtype", ctypes.c_int),
        ("reserved", ctypes.c_int),
    ],
)

# The functions, by the types of their results and arguments.
SIGNATURES = {
    "I": "version",
    "s": "version_string last_error",
    "s p s": "safetensors_metadata",
    "- p z": "encoder_params_init mask_params_init network_params_init optimizer_params_init trainer_params_init "
    "predict_options_init cutoff_params_init cutoff_params_init_published adaptive_rate_params_init window_params_init "
    "filter_params_init settings_query_init",
    "- p": "encoder_free mask_free network_free optimizer_free field_free trainer_free safetensors_free settings_free",
    "i p": "encoder_kind mask_policy",
    "z p": "encoder_domain_dim encoder_encoding_dim mask_domain_dim mask_encoding_dim network_input_dim "
    "network_output_dim network_num_parameters optimizer_num_parameters encoder_tensor_count mask_tensor_count network_tensor_count "
    "field_tensor_count safetensors_count settings_count trainer_history_count trainer_num_outside encoder_num_parameters "
    "field_num_parameters settings_members",
    "Q p": "optimizer_num_steps settings_iterations",
    "d p": "optimizer_learning_rate trainer_learning_rate",
    "p p": "field_encoder field_mask field_network",
    "p p p": "safetensors_bytes",
    "! p": "mask_step mask_advance describe",
    "! p z": "field_set_num_threads",
    "! p d": "optimizer_set_learning_rate trainer_set_learning_rate",
    "! p p z": "encoder_frequencies",
    "! p p p": "trainer_set_reduce trainer_set_jacobian_loss",
    "! p s": "field_save trainer_save trainer_resume safetensors_save",
    "! s p": "field_load safetensors_open",
    "! s z p": "safetensors_parse",
    "! p z p p p": "safetensors_annotate trainer_get_history",
    "! p p": "ensemble_count settings_get_scale encoder_create mask_create network_create mask_get_state field_checkpoint field_from_checkpoint "
    "field_restore field_describe trainer_checkpoint trainer_restore trainer_step trainer_set_adaptive_rate "
    "settings_propose trainer_average encoder_get_params mask_get_params network_get_params optimizer_get_params "
    "trainer_get_params trainer_get_optimizer_params",
    "! p z p": "optimizer_create encoder_tensor_info mask_tensor_info network_tensor_info field_tensor_info "
    "safetensors_info settings_item trainer_get_indices ensemble_member",
    "! p p p p p p": "settings_get",
    "! p p p p": "field_create trainer_create",
    "! p p f f f": "field_predict_grid",
    "! p p p p p": "field_set_normalization field_get_normalization",
    "! p f f f": "window_statistics filter_apply",
    "! z z f z f p": "bandwidth_propose",
    "! z z f z f f f p": "loss_chamfer",
    "! p z f z": "trainer_set_target_points",
    "! p z f z f": "mask_set_signal",
    "! p z p p": "trainer_set_sampler ensemble_from_checkpoint",
    "! p f z": "mask_smoothed_loss network_get_parameters network_set_parameters",
    "! p f f": "optimizer_step mask_set_domain",
    "! p p f": "field_update",
    "! p z f": "mask_fit_domain trainer_set_weights",
    "! p s f z": "encoder_get_tensor mask_get_tensor network_get_tensor field_get_tensor encoder_set_tensor "
    "mask_set_tensor network_set_tensor field_set_tensor safetensors_read",
    "! p z f f": "encoder_encode mask_weights mask_revealed mask_record network_forward trainer_set_data "
    "field_fit_normalization",
    "! p z f f f": "encoder_backward encoder_backward_parameters field_gradient_norms field_jacobian",
    "! p z f f f f": "network_backward field_backward field_jacobian_backward",
    "! p p z f f": "field_predict_with",
    "! p Q p p p": "trainer_run",
    "! z p z f f": "ensemble_predict",
    "! z p p f f f": "ensemble_predict_grid",
    "! z p z f f f": "ensemble_jacobian",
    "! z p p": "ensemble_checkpoint ensemble_join",
    "! z p s": "ensemble_save",
    "! s z p p": "ensemble_load",
    "! i z z f f f f p": "loss_evaluate",
    "! i d z z f f f f f p": "loss_evaluate_weighted",
}
PROGRESS_FN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(STRUCTS["progress"]))
SAMPLE_FN, LOSS_FN, JACOBIAN_LOSS_FN, REDUCE_FN = (
    ctypes.CFUNCTYPE(ctypes.c_int, *[_CTYPES[letter] for letter in letters])
    for letters in ("pQzpp", "pzpzppppp", "pzzpzppppppp", "pizp")
)


class FloatArray:
    """The argument type of float arrays, which are passed by address."""

    @staticmethod
    def from_param(array: Optional[Floats]) -> Optional[ctypes.c_void_p]:
        return None if array is None else ctypes.c_void_p(array.ctypes.data)


def check(status: int, *_: object) -> None:
    if status != Status.OK:
        raise error(status, in_python(text(call("last_error")), public_call()))


def _declare(library: ctypes.CDLL) -> None:
    for signature, names in SIGNATURES.items():
        result, *arguments = signature.split()
        for name in names.split():
            function = getattr(library, "sape_" + name)
            function.argtypes = [FloatArray if letter == "f" else _CTYPES[letter] for letter in arguments]
            function.restype = {"-": None, "!": ctypes.c_int}.get(result, _CTYPES.get(result))
            if result == "!":
                function.errcheck = check


_library = load()
_declare(_library)


def call(name: str, *arguments: object) -> Any:
    return getattr(_library, "sape_" + name)(*arguments)


def text(value: Optional[bytes]) -> str:
    return (value or b"").decode(errors="replace")


def create(function: str, *arguments: object) -> int:
    """Calls a function whose last argument receives a handle."""
    out = ctypes.c_void_p()
    call(function, *arguments, ctypes.byref(out))
    return out.value or 0


def new_struct(name: str) -> Any:
    struct = STRUCTS[name]()
    struct.struct_size = ctypes.sizeof(struct)
    return struct


def initialised(name: str, preset: str = "init") -> Any:
    """The struct with the library's defaults or another of its presets."""
    struct = STRUCTS[name]()
    call(f"{name}_{preset}", ctypes.byref(struct), ctypes.sizeof(struct))
    return struct


_Tuple = TypeVar("_Tuple", bound=Tuple[Any, ...])


def to_tuple(kind: Type[_Tuple], struct: ctypes.Structure) -> _Tuple:
    names: Tuple[str, ...] = getattr(kind, "_fields")
    return kind(**{name: getattr(struct, name) for name in names})


def count(name: str, value: int) -> int:
    """Checks a number that ctypes would silently truncate to 64 bits."""
    value = operator.index(value)
    if not 0 <= value < 2**64:
        raise ArgumentError(Status.ARGUMENT, f"{name} is {value}, out of range")
    return value
