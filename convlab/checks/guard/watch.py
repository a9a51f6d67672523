"""Watches the one call of a student's function, however it reaches a shortcut.

Two watchers, in the thread of the call and in those it begins:

- a profile function sees every call that Python code makes, by what is called and not by the name it was reached
  by: a reference stored in a cell above, a default argument or an alias is the same function;
- a mode of torch's dispatcher sees every operator, whoever asks for it: compiled and scripted functions, `map`,
  a backward pass.

Nothing of NumPy or torch is patched: other threads notice nothing, and there is nothing to put back.

Two things are found without being seen as they happen:

- Python tells nobody when C calls a built-in function (`map`, `functools.partial`, `f.__call__`). So a function that
  is called is looked through for refused built-ins which it has by a name: globals that its code reads, its closure,
  defaults and arguments. Having `np` or `torch`, or a name it does not read, is fine;
- whoever takes the watch off is told so at the end of the call, if not at its beginning (`Profile.enable`).

What remains unseen: a built-in function of NumPy that is reached as an attribute, in a list or in an object and then
called by C (`map(np._core.multiarray.correlate, ...)`), the same of torch while its dispatcher is told to skip modes,
what a trace function calls, and a watch that is taken off and put on again. `syntax` notes most of these.
"""

from __future__ import annotations

import dis
import functools
import inspect
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    TracebackType,
)
from typing import TYPE_CHECKING, Any

from convlab.checks.guard.rules import Rules, is_house

if TYPE_CHECKING:  # the grader's child has the guard, but no exercises
    from convlab.checks.exercise import Exercise

__all__ = ["Guard", "Refused", "guarded"]


class Refused(Exception):
    """A student's function called a shortcut.

    An Exception, so that pools and event loops hand it on instead of dying of it. Code that swallows it gains
    nothing: the guard keeps the refusal.
    """


def guarded(function: Callable[..., Any], exercise: Exercise, arguments: Sequence[Any] = ()) -> Guard:
    """A guard for one call of a function that was written for this exercise, to be used in `with`.

    The exercise's own mistakes are let through. So is a solution of convlab, but not in a notebook: there it is what
    the student was to write.

    Parameters
    ----------
    function : what is called
    exercise : says what is allowed
    arguments : what it is called with; functions among them may be called, wherever they come from
    """
    if any(function is mistake.function for mistake in exercise.mistakes):
        return Guard(exercise.name, exercise.allowed, watches=False)
    solution = str(getattr(function, "__module__", "")).startswith("convlab.solutions") and not _in_notebook()
    return Guard(
        exercise.name, exercise.allowed, arguments, solution=function if solution else None, function=function
    )


class Guard:
    """Refuses shortcuts in the body of a `with` statement.

    Parameters
    ----------
    name : the exercise's
    allowed : what of convlab may be called, "numpy.fft" where FFTs are asked for, and "*" where nothing is refused
    arguments : of the call; functions among them may be called, wherever they come from
    solution : a function of convlab that may be called, and is watched like a student's
    watches : if False, the guard does nothing
    function : what is called, as far as it is known; nobody would see the call of a built-in function

    Attributes
    ----------
    refusal : what was refused first, as a sentence; None if nothing was. It holds even if the exception did not
        arrive: swallowed by the function, or raised in another thread.
    """

    def __init__(
        self,
        name: str,
        allowed: Sequence[str] = (),
        arguments: Sequence[Any] = (),
        solution: Callable[..., Any] | None = None,
        watches: bool = True,
        function: Callable[..., Any] | None = None,
    ) -> None:
        self.refusal: str | None = None
        self._rules = Rules(name, allowed)
        self._arguments = tuple(arguments)
        self._given = {code for argument in arguments for code in _codes(argument)}
        self._solution = set(_codes(solution))
        self._function = function
        self._watches = watches and "*" not in allowed
        self._on = False
        # By id, as hashing a code object hashes all of it. The object is kept beside, so that no id is used twice.
        self._verdicts: dict[int, tuple[CodeType, str | None]] = {}
        self._leave_mode: dict[
            int, Callable[[], Any]
        ] = {}  # by thread: takes the mode off torch's dispatcher
        self._caller: FrameType | None = None
        self._thread: int | None = None
        self._profile_before: Any = None
        self._threads: set[threading.Thread] = set()  # that the call began, and whose end was not seen

    def __enter__(self) -> Guard:
        if self._watches:
            self._caller = sys._getframe(1)
            self._thread = threading.get_ident()
            self._profile_before = sys.getprofile()
            _new_threads.expect()
            self._on = True
            what = self._builtin(self._function)
            self.refusal = self._rules.sentence(what) if what else self.refusal
            self.watch_this_thread()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._watches:
            return
        if kind is None and self.refusal is None and self._was_taken_off():
            self.refusal = self._rules.sentence(_TAKEN_OFF)
        self._on = False  # before the rest: a thread that still runs is let go at its next call
        left: Any = sys.getprofile()
        if hasattr(left, "disable"):  # a profiler: while it is on, its end would end who comes after it
            left.disable()
        self._leave_this_thread()
        _new_threads.expect_no_more()
        self._threads.clear()
        self._caller = None
        if hasattr(self._profile_before, "enable"):  # cProfile's profiler is not a function
            self._profile_before.enable()
        else:
            sys.setprofile(self._profile_before)

    def _was_taken_off(self) -> bool:
        """Whether somebody else ended the watch, here or in a thread of the call that is over.

        An exception in the profile function (the time limit, a recursion without end) ends it, too. Who lets it
        through gives no answer, so this is asked only of calls that return.
        """
        return sys.getprofile() != self.profile or any(
            thread.ident is not None and not thread.is_alive() for thread in self._threads.copy()
        )

    def watch_this_thread(self) -> None:
        """Begin to watch the calling thread."""
        leave = _enter_mode(self)
        if leave is not None:
            self._leave_mode[threading.get_ident()] = leave
        sys.setprofile(self.profile)

    def _leave_this_thread(self) -> None:
        sys.setprofile(None)
        leave = self._leave_mode.pop(threading.get_ident(), None)
        if leave is not None:
            leave()

    def profile(self, frame: FrameType, event: str, arg: Any) -> None:
        """What Python calls at every call and return in a watched thread; what it raises is raised there."""
        if event == "call":
            code = frame.f_code
            known = self._verdicts.get(id(code))
            if known is None:
                known = self._verdicts[id(code)] = (code, self._judge(code, frame))
            if known[1] is not None:
                self._called(known[1], frame)
        elif event == "c_call":
            self._called_builtin(arg, frame)
        elif event == "return" and frame.f_code is _THREAD_ENDS:
            self._threads.discard(frame.f_locals["self"])
            self._leave_this_thread()
        if not self._on:
            self._leave_this_thread()

    def _judge(self, code: CodeType, frame: FrameType) -> str | None:
        """What people call this function, if it is refused; "" if that depends on its arguments; else None."""
        if code in self._given:
            return None
        module = _module(frame)
        own = code in self._solution
        if own or module.partition(".")[0] not in _LIBRARIES:
            stored = next((what for value in _stored(code, frame) if (what := self._builtin(value))), None)
            if own or stored:
                return stored
        if (module, code.co_qualname) in _HANDS_OVER:
            return ""
        return self._rules.of_python(module, code.co_qualname)

    def _builtin(self, value: Any) -> str | None:
        """What people call the built-in function that this object is, or calls, if it is refused; else None."""
        if any(value is argument for argument in self._arguments):
            return None
        value = _innermost(value)
        if _is_builtin(value):
            name = str(getattr(value, "__name__", ""))
            # np.frompyfunc makes a ufunc of a function in Python, and calls it "conv_at (vectorized)".
            what = None if " " in name else self._rules.of_operator(name.partition(".")[0])
            return "np.fft" if what and type(value).__name__ == "ufunc" else what
        return None

    def _called(self, what: str, frame: FrameType) -> None:
        if what:
            self._refuse(what, frame)
        elif refused := self._rules.of_call(_module(frame), frame.f_code.co_qualname, frame.f_locals):
            self._refuse(refused, frame)
        elif self._hands_over(frame):
            self._refuse("work for a thread or process that ran before this call", frame)

    def _hands_over(self, frame: FrameType) -> bool:
        """Whether this call makes somebody work who was not begun in the guarded call."""
        workers = _HANDS_OVER.get((_module(frame), frame.f_code.co_qualname))
        if workers is None:
            return False
        owner = frame.f_locals["self"]
        if workers:
            return any(_new_threads.guard_of(worker) is not self for worker in getattr(owner, workers) or ())
        # A condition: who waits for it? Queues, events and semaphores notify one, too.
        own = {thread.ident for thread in threading.enumerate() if _new_threads.guard_of(thread) is self}
        own.add(self._thread)
        return any(
            top.f_code is threading.Condition.wait.__code__ and top.f_locals.get("self") is owner
            for ident, top in sys._current_frames().items()
            if ident not in own
        )

    def _called_builtin(self, function: Any, frame: FrameType) -> None:
        name = function.__name__
        what = self._rules.of_operator(name)
        if what is not None:
            self._refuse(what, frame)
        elif name in _BEGINS_THREAD and getattr(function, "__module__", None) == "_thread":
            if frame.f_code is threading.Thread.start.__code__:
                thread = frame.f_locals["self"]
                self._threads.add(thread)
                _new_threads.begun(thread, self)
            else:
                self._refuse(f"_thread.{name}", frame)
        elif name in _BEGINS_PROCESS and getattr(function, "__module__", None) in _SYSTEM:
            self._refuse(f"a new process ({name})", frame)
        elif name == "setprofile" and function is sys.setprofile:
            self._refuse("sys.setprofile", frame)
        elif name == "enable" and any(
            base.__module__ == "_lsprof" for base in type(getattr(function, "__self__", None)).__mro__
        ):
            self._refuse("a profiler (cProfile)", frame)

    def operator_called(self, name: str) -> None:
        """Refuse this operator of torch ("aten::convolution") if need be."""
        what = self._rules.of_operator(name) if self._on else None
        if what is not None:
            self._refuse(what, sys._getframe(1))

    def _refuse(self, what: str, frame: FrameType) -> None:
        if not self._on or self._excused(frame):
            return
        sentence = self._rules.sentence(what)
        self.refusal = self.refusal or sentence
        raise Refused(sentence)

    def _excused(self, frame: FrameType) -> bool:
        """Whether it is not the student's code that calls: convlab's own, or a module that is being imported."""
        nearest = True
        caller = frame.f_back
        while caller is not None and caller is not self._caller:
            module = _module(caller)
            if module == "importlib._bootstrap":
                return True
            if nearest and module.partition(".")[0] not in _PASSES_ON:
                if is_house(module) and caller.f_code not in self._solution:
                    return True
                nearest = False
            caller = caller.f_back
        return False


class _NewThreads:
    """While a guard is on, threads that a guarded call begins are watched by its guard; others are left alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._guards = 0
        self._guard_of: weakref.WeakKeyDictionary[threading.Thread, Guard] = weakref.WeakKeyDictionary()
        self._profile_before: Any = None
        self._excepthook_before: Any = None

    def expect(self) -> None:
        with self._lock:
            self._guards += 1
            if self._guards == 1:
                self._profile_before = threading.getprofile()
                self._excepthook_before = threading.excepthook
                threading.setprofile(self._first_event)
                threading.excepthook = self._excepthook

    def expect_no_more(self) -> None:
        with self._lock:
            self._guards -= 1
            if self._guards == 0:
                threading.setprofile(self._profile_before)
                threading.excepthook = self._excepthook_before

    def begun(self, thread: threading.Thread, guard: Guard) -> None:
        self._guard_of[thread] = guard

    def guard_of(self, thread: Any) -> Guard | None:
        return self._guard_of.get(thread) if isinstance(thread, threading.Thread) else None

    def _first_event(self, frame: FrameType, event: str, arg: Any) -> None:
        """The profile function of every new thread, until it sees whose it is."""
        guard = self.guard_of(threading.current_thread())
        if guard is None:
            sys.setprofile(self._profile_before)
        else:
            guard.watch_this_thread()
            guard.profile(frame, event, arg)

    def _excepthook(self, args: Any) -> None:
        # The guard has kept the refusal; a traceback on stderr would cost the student the points.
        if not issubclass(args.exc_type, Refused):
            self._excepthook_before(args)


_new_threads = _NewThreads()

_TAKEN_OFF = (
    "taking the watch off your function (a profiler, sys.setprofile, a caught time-out or RecursionError)"
)

# What these keep by a name is theirs: a refused function is in them for others to call.
_LIBRARIES = {"numpy", "scipy", "torch", "convlab"} | sys.stdlib_module_names - {"__main__"}

# Types of functions in C that are not Python's own, by name, as neither NumPy nor torch is imported here.
_OPERATORS = {"ufunc", "OpOverload", "OpOverloadPacket"}

# Modules whose functions call what they are given: who calls them is the one who calls.
_PASSES_ON = {"numpy", "functools", "contextlib"}

_THREAD_ENDS = threading.Thread._bootstrap_inner.__code__  # type: ignore[attr-defined]
_BEGINS_THREAD = {"start_new_thread", "start_new", "start_joinable_thread"}
_BEGINS_PROCESS = {"fork", "forkpty", "fork_exec", "posix_spawn", "posix_spawnp", "system", "CreateProcess"}
_SYSTEM = {"posix", "nt", "_posixsubprocess", "_winapi"}

# Python functions that hand work to others, and the attribute that holds who works ("": who waits for a condition).
_HANDS_OVER = {
    ("concurrent.futures.thread", "ThreadPoolExecutor.submit"): "_threads",
    ("concurrent.futures.process", "ProcessPoolExecutor.submit"): "_processes",
    ("multiprocessing.pool", "Pool._check_running"): "_pool",
    ("threading", "Condition.notify"): "",
}


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _codes(function: Any) -> Iterator[CodeType]:
    """The code of a callable, and of the functions, lambdas and comprehensions inside it; nothing for a value."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        function = inspect.getattr_static(type(function), "__call__", None)
    inside = [getattr(function, "__code__", None)]
    while inside:
        code = inside.pop()
        if isinstance(code, CodeType):
            yield code
            inside += code.co_consts


def _stored(code: CodeType, frame: FrameType) -> Iterator[Any]:
    """What a function that begins to run has by a name: arguments and defaults, its closure, globals it reads."""
    taken = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    for name in (*taken, *code.co_freevars):
        yield frame.f_locals.get(name)
    for name in code.co_names:
        # `co_names` has attributes, too: only what would matter is worth the look at the bytecode.
        value = frame.f_globals.get(name)
        if _is_builtin(_innermost(value)) and name in _globals_read(code):
            yield value


@functools.lru_cache(maxsize=1024)
def _globals_read(code: CodeType) -> frozenset[str]:
    loads = ("LOAD_GLOBAL", "LOAD_NAME")
    return frozenset(one.argval for one in dis.get_instructions(code) if one.opname in loads)


def _is_builtin(value: Any) -> bool:
    return isinstance(value, BuiltinFunctionType | MethodDescriptorType) or type(value).__name__ in _OPERATORS


def _innermost(value: Any) -> Any:
    """What a partial, a cache, a bound method, `f.__call__` or np.vectorize calls in the end."""
    for _ in range(10):
        if isinstance(value, functools.partial):
            value = value.func
        elif isinstance(value, MethodWrapperType):
            value = value.__self__
        elif isinstance(value, MethodType | staticmethod):
            value = value.__func__
        elif isinstance(value, functools._lru_cache_wrapper):
            value = value.__wrapped__
        elif type(value).__name__ == "vectorize":
            value = getattr(value, "pyfunc", None)
        else:
            break
    return value


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _enter_mode(guard: Guard) -> Callable[[], Any] | None:
    """Show this thread's torch operators to the guard until what is returned is called. None without torch."""
    mode_class = _mode_class()
    if mode_class is None:
        return None
    # Not `with`: it notes for the whole process that a mode is on, and guarded threads end in any order.
    from torch.utils._python_dispatch import _pop_mode, _push_mode

    _push_mode(mode_class(guard))
    leave: Callable[[], Any] = _pop_mode
    return leave


@functools.cache
def _mode_class() -> Any:
    try:
        from torch.utils._python_dispatch import TorchDispatchMode
    except ImportError:
        return None

    class Mode(TorchDispatchMode):  # type: ignore[misc]
        supports_higher_order_operators = True

        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            return False  # or the first operator would import torch's compiler: seconds of the student's time

        def __init__(self, guard: Guard) -> None:
            super().__init__()
            self.guard = guard

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            self.guard.operator_called(func.name().partition(".")[0])
            return func(*args, **(kwargs or {}))

    return Mode
