"""Networks through OpenVINO, on the processor.

A stream is one thread with pictures of its own. No thread waits for another within a pass, so
what others take of the cores is lost and no more. OpenVINO is imported at first use, never with
this module.
"""

from __future__ import annotations

import importlib.util
import queue
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from pipeline import arrays
from pipeline.embeddings.engines import kept
from pipeline.embeddings.engines.contract import SAME, Blueprint, Network, Unfit, drawn, least_cosine
from pipeline.settings import cores

if TYPE_CHECKING:
    import openvino
    import torch

_PASS = {"MatMul": 16, "Convolution": 2}
"""Pictures that go through a stream together, by what a network mostly consists of. Matrices are read
anew for each pass: a ViT-B/32 takes 34, 23, 18, 16 and 14 ms of one core a picture where 1, 4, 8, 16
and 32 go together. What a convolution makes of many leaves the cache: EfficientNet-Lite0 4.8, 4.6, 5.1,
5.3 and 5.7 ms for 1, 2, 4, 8 and 16."""

_FAILURES = ("GeneralFailure", "InitializationFailure", "NotImplementedFailure", "OpConversionFailure", "OpValidationFailure")
"""What OpenVINO's converter raises, none of it a RuntimeError."""

_LACKS = "No conversion rule found"  # the line of the converter's report that says what is the matter

_making = threading.Lock()

_STREAMS = 16  # at most; beyond so many cores each has several of them


@cache
def is_here() -> bool:
    """Whether OpenVINO is installed, and loads on this machine."""
    try:
        return importlib.util.find_spec("openvino") is not None and "CPU" in _core().available_devices
    except (ImportError, RuntimeError, OSError, AttributeError):
        return False


def _core() -> openvino.Core:
    """OpenVINO's runtime. The first pages of a server may ask for it at the same moment."""
    with _making:
        return _made()


@cache
def _made() -> openvino.Core:
    """It, without the package of its converter, which reports to its maker that it was imported."""
    reporting = "openvino.tools.ovc"
    before = sys.modules.get(reporting)
    sys.modules[reporting] = before  # None: an ImportError, which OpenVINO expects
    try:
        import openvino
    finally:
        if before is None:
            del sys.modules[reporting]
    # Its table of types is made at first use; two threads that make it at once wait for each other for ever.
    openvino.Type.f32.to_dtype()
    return openvino.Core()


@cache
def _has_half() -> bool:
    """Whether this processor multiplies bfloat16 itself."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def load(blueprint: Blueprint) -> Network:
    """The network: from its own graph, from what is kept of it, or from torch's module. Raises Unfit."""
    if blueprint.graph is not None:
        with _unfit():
            return Streams(blueprint.graph(), blueprint, _has_half())
    return _from_kept(blueprint) or _from_torch(blueprint)


@contextmanager
def _unfit() -> Iterator[None]:
    """What OpenVINO raises where it cannot run something, as Unfit."""
    _core()  # imports openvino as it is meant to be
    from openvino import frontend

    try:
        yield
    except (RuntimeError, *(getattr(frontend, name) for name in _FAILURES)) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]  # mostly of where OpenVINO noticed
        raise Unfit(next((line for line in lines if _LACKS in line), lines[-1]).strip("- ")) from error


def _from_kept(blueprint: Blueprint) -> Network | None:
    """From an earlier conversion; None where there is none, or it does not give what it gave then."""
    found = kept.find(blueprint)
    if found is None:
        return None
    with suppress(RuntimeError, OSError, ValueError, EOFError):
        expected = arrays.read(found.expected)
        if network := _same(_core().read_model(found.model), blueprint, expected):
            return network
    kept.forget(found)
    return None


def _from_torch(blueprint: Blueprint) -> Network:
    """Converted in memory, and kept where there is a place for it."""
    from pipeline.embeddings.engines import torch

    module = blueprint.module()
    expected = torch.TorchNetwork(module, blueprint, torch.choose_device("cpu"))(drawn(blueprint.side))
    with _unfit():
        model = converted(module, blueprint.side)
        network = _same(model, blueprint, expected)
    if network is None:
        raise Unfit("it gives other vectors than torch")
    kept.keep(blueprint, model, expected)
    return network


def _same(model: openvino.Model, blueprint: Blueprint, expected: np.ndarray) -> Network | None:
    """In 16 bits where that gives the rows expected of drawn pictures, else in 32; None where neither does."""
    for half in (True, False) if _has_half() else (False,):
        network = Streams(model, blueprint, half)
        if least_cosine(network(drawn(blueprint.side)), expected) >= SAME:
            return network
    return None


def converted(module: torch.nn.Module, side: int) -> openvino.Model:
    """A module of torch as a graph that takes any number of pictures."""
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it follows one way through the module, and what will be called otherwise one day
        # Two pictures: of one, an operation may be traced as if there were never more.
        with torch.inference_mode(), torch.autocast("cpu", enabled=False):
            decoder = TorchScriptPythonDecoder(module, example_input=torch.zeros(2, 3, side, side))
        frontend = FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    model.reshape([-1, 3, side, side])
    return model


class Streams(Network):
    """A graph, compiled: as many passes at once as there are cores."""

    engine = "openvino"

    def __init__(self, graph: openvino.Model, blueprint: Blueprint, half: bool):
        self.precision = "bf16" if half else "fp32"
        kinds = [one.get_type_name() for one in graph.get_ops()]
        self._most = _PASS[max(_PASS, key=kinds.count)]
        parts = [graph.clone()]
        if half and blueprint.exact_until:
            parts = _divided(parts[0], blueprint.exact_until)
        _take_pictures(parts[0], blueprint)
        self._count = min(cores(), _STREAMS)
        precisions = ["f32"] * (len(parts) - 1) + ["bf16" if half else "f32"]
        compiled = [_compiled(part, precision, self._count) for part, precision in zip(parts, precisions)]
        self._idle: queue.SimpleQueue = queue.SimpleQueue()
        for _ in range(self._count):
            self._idle.put([one.create_infer_request() for one in compiled])
        self._threads = ThreadPoolExecutor(self._count, "network")
        # Whatever else is made at first use is made by one thread.
        self._passed(np.zeros((1, blueprint.side, blueprint.side, 3), np.uint8))

    def __call__(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        size = min(self._most, -(-len(prepared) // self._count))
        passes = [prepared[start : start + size] for start in range(0, len(prepared), size)]
        if len(passes) == 1:
            return self._passed(passes[0])
        return np.concatenate(list(self._threads.map(self._passed, passes)))

    def _passed(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        requests = self._idle.get()
        try:
            values = np.stack(pictures)
            for request in requests:
                values = request.infer([values], share_inputs=True, share_outputs=True)[0]
            return values.astype(np.float32)  # a copy: the request's own is written over by the next pass
        finally:
            self._idle.put(requests)


def _divided(graph: openvino.Model, name: str) -> list[openvino.Model]:
    """A graph cut behind the operation of that name; the graph itself is spent."""
    from openvino import Model
    from openvino import opset14 as ops

    last = next(one for one in graph.get_ops() if one.get_friendly_name() == name).output(0)
    followers = last.get_target_inputs()
    first = Model([last], graph.get_parameters(), "exact")
    between = ops.parameter(last.get_partial_shape(), np.float32)
    for follower in followers:
        follower.replace_source_output(between.output(0))
    return [first, Model(graph.get_results(), [between], "rounded")]


def _take_pictures(graph: openvino.Model, blueprint: Blueprint) -> None:
    """Have a graph take (n, side, side, 3) uint8 and normalize it by itself; in place."""
    from openvino import Layout, Type
    from openvino.preprocess import PrePostProcessor

    taking = PrePostProcessor(graph)
    taking.input().tensor().set_element_type(Type.u8).set_layout(Layout("NHWC"))
    taking.input().model().set_layout(Layout("NCHW"))
    steps = taking.input().preprocess().convert_element_type(Type.f32)
    steps.mean([255 * value for value in blueprint.mean]).scale([255 * value for value in blueprint.std])
    taking.build()


def _compiled(graph: openvino.Model, precision: str, streams: int) -> openvino.CompiledModel:
    how = {
        "INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": cores(),
        "ENABLE_CPU_PINNING": False,  # others use the cores, too
    }  # fmt: skip
    return _core().compile_model(graph, "CPU", how)
