# SPDX-License-Identifier: LGPL-2.1-or-later
"""libcxlfm for Python: give and take CXL dynamic capacity

    import cxlfm

    with cxlfm.Handle("qmp:/tmp/qmp-sock") as fm:
        outcome = fm.add(1 << 30, wait=30)
        print(outcome.state.name, outcome.done)

What calls mean is in cxlfm.h; this says the same in Python: errors are raised,
times are seconds, tags are uuid.UUID or None, and what the library hands out is
copied. One Handle must not be used by two threads at once.

The library is libcxlfm.so.1; the environment's CXLFM_LIBRARY names another file.
"""

from __future__ import annotations

import ctypes
import enum
import os
import uuid
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_bool, c_char_p,
                    c_int, c_size_t, c_uint, c_uint8, c_uint16, c_uint32,
                    c_uint64, c_void_p)
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Optional, Sequence, Tuple, Union

UNKNOWN = (1 << 64) - 1
RETRY_REQUIRED = 0x0005


class ErrorKind(enum.IntEnum):
    INVALID = -1
    UNREACHABLE = -2
    TIMEOUT = -3
    PROTOCOL = -4
    REFUSED = -5
    UNSUPPORTED = -6
    UNKNOWN = -7                  # a change that may have been made


class Policy(enum.IntEnum):
    FREE = 0
    CONTIGUOUS = 1
    PRESCRIPTIVE = 2
    SHARED = 3


class State(enum.IntEnum):
    PENDING = 0
    ACCEPTED = 1
    RELEASING = 2
    SANITIZING = 3
    DEAD = 4
    REFERENCED = 5


class EventType(enum.IntEnum):
    ADDED = 0
    REJECTED = 1
    RELEASED = 2
    FORCED = 3
    LOST = 4


class OutcomeState(enum.IntEnum):
    DONE = 0
    PARTIAL = 1
    REJECTED = 2
    TIMEOUT = 3


class Error(Exception):
    """A call failed; str() has the sentence for the person who must act."""

    def __init__(self, kind: int, text: str, return_code: int = 0):
        super().__init__(text)
        self.kind = ErrorKind(kind)
        self.return_code = return_code

    @property
    def retry(self) -> bool:
        """The same request may be granted in a moment."""
        return self.return_code == RETRY_REQUIRED


# --- What there is ---

@dataclass(frozen=True)
class Extent:
    offset: int
    length: int
    host: int = 0
    region: int = 0
    dpa: int = 0
    tag: Optional[uuid.UUID] = None
    sequence: int = 0
    state: State = State.ACCEPTED
    mapping: int = 0


@dataclass(frozen=True)
class Region:
    index: int
    base: int
    decode_length: int
    length: int
    block_size: int
    available: Optional[int]      # None: this door cannot tell
    attributes: int
    sanitize: bool


@dataclass(frozen=True)
class Host:
    id: int
    generation: int
    supported_extents: int
    available_extents: int
    supported_tags: int
    available_tags: int
    regions: Tuple[Region, ...]


@dataclass(frozen=True)
class Snapshot:
    serial: Optional[int]
    total_capacity: int
    pending_listed: bool
    hosts: Tuple[Host, ...]
    extents: Tuple[Extent, ...]


@dataclass(frozen=True)
class Tag:
    tag: Optional[uuid.UUID]
    fm_reference: bool
    accepted: Tuple[int, ...]
    pending: Tuple[int, ...]


@dataclass(frozen=True)
class Event:
    type: EventType
    device: int
    host: int
    region: int
    timestamp: int                # ns since 1970 UTC; 0: unknown
    tag: Optional[uuid.UUID]
    extents: Tuple[Extent, ...]


@dataclass(frozen=True)
class Outcome:
    state: OutcomeState
    elapsed: float
    wanted: int
    done: int
    waiting: Optional[int]
    extents: Tuple[Extent, ...]


@dataclass(frozen=True)
class PoolHost:
    id: int
    alive: bool
    owned: int
    path: str


@dataclass(frozen=True)
class Pool:
    name: str
    file: str
    identity: str
    size: int
    block_size: int
    available: int
    largest: int
    region_available: Tuple[int, ...]
    hosts: Tuple[PoolHost, ...]
    extents: Tuple[Extent, ...] = field(default=())


# --- The library's structs ---

_Tag = c_uint8 * 16


class _Extent(Structure):
    _fields_ = [("offset", c_uint64), ("length", c_uint64), ("dpa", c_uint64),
                ("tag", _Tag), ("host", c_uint16), ("sequence", c_uint16),
                ("region", c_uint8), ("state", c_uint8), ("mapping", c_uint8),
                ("reserved", c_uint8)]


class _Region(Structure):
    _fields_ = [("base", c_uint64), ("decode_length", c_uint64),
                ("length", c_uint64), ("block_size", c_uint64),
                ("available", c_uint64), ("block_sizes", c_uint64),
                ("index", c_uint8), ("attributes", c_uint8),
                ("sanitize", c_bool), ("sanitize_configurable", c_bool),
                ("reserved", c_uint8 * 4)]


class _Host(Structure):
    _fields_ = [("id", c_uint16), ("region_count", c_uint16),
                ("generation", c_uint32), ("supported_extents", c_uint32),
                ("available_extents", c_uint32), ("supported_tags", c_uint32),
                ("available_tags", c_uint32), ("regions", _Region * 8),
                ("reserved", c_uint64 * 4)]


class _Snapshot(Structure):
    _fields_ = [("serial", c_uint64), ("total_capacity", c_uint64),
                ("vendor", c_uint16), ("device", c_uint16),
                ("add_policies", c_uint16), ("removal_policies", c_uint16),
                ("pending_listed", c_bool), ("reserved", c_uint8 * 7),
                ("host_count", c_size_t), ("hosts", POINTER(_Host)),
                ("extent_count", c_size_t), ("extents", POINTER(_Extent))]


class _TagInfo(Structure):
    _fields_ = [("tag", _Tag), ("fm_reference", c_bool),
                ("reserved", c_uint8 * 7), ("accepted", c_uint8 * 32),
                ("pending", c_uint8 * 32)]


class _Add(Structure):
    _fields_ = [("host", c_uint16), ("policy", c_uint8), ("region", c_uint8),
                ("length", c_uint64), ("tag", _Tag),
                ("extents", POINTER(_Extent)), ("extent_count", c_size_t),
                ("reserved", c_uint64 * 4)]


class _Release(Structure):
    _fields_ = [("host", c_uint16), ("removal", c_uint8), ("region", c_uint8),
                ("force", c_bool), ("sanitize", c_bool), ("length", c_uint64),
                ("tag", _Tag), ("extents", POINTER(_Extent)),
                ("extent_count", c_size_t), ("reserved", c_uint64 * 4)]


class _Event(Structure):
    _fields_ = [("type", c_uint8), ("region", c_uint8), ("host", c_uint16),
                ("extent_count", c_uint32), ("device", c_size_t),
                ("timestamp", c_uint64), ("tag", _Tag),
                ("extents", POINTER(_Extent))]


class _Outcome(Structure):
    _fields_ = [("state", c_uint32), ("elapsed", c_uint32),
                ("wanted", c_uint64), ("done", c_uint64),
                ("waiting", c_uint64), ("extent_count", c_size_t),
                ("extents", POINTER(_Extent))]


class _PoolHost(Structure):
    _fields_ = [("id", c_uint16), ("alive", c_bool), ("here", c_bool),
                ("reserved", c_uint8 * 4), ("owned", c_uint64),
                ("path", c_char_p)]


class _PoolExtent(Structure):
    _fields_ = [("offset", c_uint64), ("length", c_uint64),
                ("host", c_uint16), ("region", c_uint8), ("shared", c_bool),
                ("state", c_uint8), ("reserved", c_uint8 * 3)]


class _Pool(Structure):
    _fields_ = [("name", c_char_p), ("file", c_char_p), ("size", c_uint64),
                ("block_size", c_uint64), ("available", c_uint64),
                ("largest", c_uint64), ("max_hosts", c_uint32),
                ("host_count", c_size_t), ("hosts", POINTER(_PoolHost)),
                ("extent_count", c_size_t), ("extents", POINTER(_PoolExtent)),
                ("identity", c_char_p), ("region_count", c_uint32),
                ("region_available", c_uint64 * 8),
                ("extent_tags", POINTER(_Tag))]


#: The structs by their C names, for tests
STRUCTS = {"extent": _Extent, "region": _Region, "host": _Host,
           "snapshot": _Snapshot, "tag": _TagInfo, "add": _Add,
           "release": _Release, "event": _Event, "outcome": _Outcome,
           "pool_host": _PoolHost, "pool_extent": _PoolExtent, "pool": _Pool}

_LogFn = CFUNCTYPE(None, c_char_p, c_void_p)
_ProgressFn = CFUNCTYPE(c_bool, POINTER(_Outcome), c_void_p)


def _load() -> ctypes.CDLL:
    lib = ctypes.CDLL(os.environ.get("CXLFM_LIBRARY", "libcxlfm.so.1"))
    fm, wait = c_void_p, c_void_p
    for name, result, *arguments in (
            ("version", c_char_p), ("new", fm), ("free", None, fm),
            ("connect", c_int, fm, c_char_p), ("reconnect", c_int, fm),
            ("set_timeout", None, fm, c_uint),
            ("set_own", None, fm, c_bool),
            ("set_log", None, fm, _LogFn, c_void_p),
            ("error_text", c_char_p, fm), ("return_code", c_uint16, fm),
            ("address", c_char_p, fm), ("is_fmapi", c_bool, fm),
            ("device_count", c_size_t, fm),
            ("device_name", c_char_p, fm, c_size_t),
            ("device_path", c_char_p, fm, c_size_t),
            ("snapshot", c_int, fm, c_size_t, POINTER(POINTER(_Snapshot))),
            ("snapshot_free", None, POINTER(_Snapshot)),
            ("tags", c_int, fm, c_size_t, POINTER(POINTER(_TagInfo)),
             POINTER(c_size_t)),
            ("add", c_int, fm, c_size_t, POINTER(_Add)),
            ("release", c_int, fm, c_size_t, POINTER(_Release)),
            ("reference", c_int, fm, c_size_t, _Tag, c_bool),
            ("set_region", c_int, fm, c_size_t, c_uint8, c_uint64, c_bool),
            ("subscribe", c_int, fm), ("fd", c_int, fm),
            ("next_event", c_int, fm, c_uint, POINTER(POINTER(_Event))),
            ("extent_limit", c_size_t, fm),
            ("wait_begin_add", c_int, fm, c_size_t, POINTER(_Add),
             POINTER(wait)),
            ("wait_begin_release", c_int, fm, c_size_t, POINTER(_Release),
             POINTER(wait)),
            ("wait_run", c_int, wait, c_uint, _ProgressFn, c_void_p,
             POINTER(_Outcome)), ("wait_free", None, wait),
            ("pools", c_int, fm, POINTER(POINTER(POINTER(_Pool))),
             POINTER(c_size_t)), ("pool_free", None, POINTER(_Pool)),
            ("pool_reclaim", c_int, fm, c_char_p, c_uint16,
             POINTER(c_uint64)),
            ("daemon_call", c_int, fm, c_char_p, c_char_p, c_char_p,
             POINTER(c_uint), POINTER(c_void_p))):
        call = getattr(lib, "cxlfm_" + name)
        call.restype, call.argtypes = result, arguments
    return lib


_lib = _load()
_free = ctypes.CDLL(None).free
_free.argtypes, _free.restype = [c_void_p], None


def version() -> str:
    return _lib.cxlfm_version().decode()


# --- From structs to Python, and back ---

def _tag(raw: Any) -> Optional[uuid.UUID]:
    value = bytes(raw)
    return uuid.UUID(bytes=value) if any(value) else None


def _raw_tag(tag: Optional[uuid.UUID]) -> Any:
    return _Tag(*(tag.bytes if tag else bytes(16)))


def _known(value: int) -> Optional[int]:
    return None if value == UNKNOWN else value


def _extent(e: _Extent) -> Extent:
    return Extent(e.offset, e.length, e.host, e.region, e.dpa, _tag(e.tag),
                  e.sequence, State(e.state), e.mapping)


def _extents(first: Any, count: int) -> Tuple[Extent, ...]:
    return tuple(_extent(first[i]) for i in range(count))


def _host(h: _Host) -> Host:
    return Host(h.id, h.generation, h.supported_extents, h.available_extents,
                h.supported_tags, h.available_tags, tuple(
                    Region(r.index, r.base, r.decode_length, r.length,
                           r.block_size, _known(r.available), r.attributes,
                           r.sanitize) for r in h.regions[:h.region_count]))


def _bits(bitmap: Any) -> Tuple[int, ...]:
    return tuple(n for n in range(256) if bitmap[n // 8] >> n % 8 & 1)


def _pool(p: _Pool) -> Pool:
    return Pool(p.name.decode(), p.file.decode(), p.identity.decode(), p.size,
                p.block_size, p.available, p.largest,
                tuple(p.region_available[:p.region_count]),
                tuple(PoolHost(h.id, h.alive, h.owned, h.path.decode())
                      for h in p.hosts[:p.host_count]),
                tuple(Extent(e.offset, e.length, e.host, e.region,
                             tag=_tag(p.extent_tags[i])
                             if p.extent_tags else None)
                      for i, e in enumerate(p.extents[:p.extent_count])))


Progress = Callable[[int, int], bool]


class Handle:
    """One connection. Connects when it is given an address; see connect()."""

    def __init__(self, address: Optional[str] = None, timeout: float = 5,
                 log: Optional[Callable[[str], None]] = None):
        self._fm = _lib.cxlfm_new()
        self._log = _LogFn((lambda line, _: log(line.decode())) if log else 0)
        _lib.cxlfm_set_log(self._fm, self._log, None)
        self.set_timeout(timeout)
        if address is not None:
            try:
                self.connect(address)
            except Error:
                self.close()
                raise

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        if getattr(self, "_fm", None):
            _lib.cxlfm_free(self._fm)
            self._fm = None

    def _check(self, ret: int) -> int:
        if ret < 0:
            raise Error(ret, _lib.cxlfm_error_text(self._fm).decode(),
                        _lib.cxlfm_return_code(self._fm))
        return ret

    def set_timeout(self, seconds: float) -> None:
        _lib.cxlfm_set_timeout(self._fm, int(seconds * 1000))

    def set_own(self, own: bool) -> None:
        """Whether only sockets of this user and of root are taken."""
        _lib.cxlfm_set_own(self._fm, own)

    def connect(self, address: str) -> None:
        self._check(_lib.cxlfm_connect(self._fm, address.encode()))

    def reconnect(self) -> None:
        self._check(_lib.cxlfm_reconnect(self._fm))

    @property
    def address(self) -> str:
        return _lib.cxlfm_address(self._fm).decode()

    @property
    def is_fmapi(self) -> bool:
        return _lib.cxlfm_is_fmapi(self._fm)

    @property
    def devices(self) -> Tuple[str, ...]:
        """Names; the place in the tuple is the number that calls want."""
        return tuple(_lib.cxlfm_device_name(self._fm, i).decode()
                     for i in range(_lib.cxlfm_device_count(self._fm)))

    def snapshot(self, device: int = 0) -> Snapshot:
        s = POINTER(_Snapshot)()
        self._check(_lib.cxlfm_snapshot(self._fm, device, byref(s)))
        try:
            c = s.contents
            return Snapshot(_known(c.serial), c.total_capacity,
                            c.pending_listed,
                            tuple(_host(c.hosts[i])
                                  for i in range(c.host_count)),
                            _extents(c.extents, c.extent_count))
        finally:
            _lib.cxlfm_snapshot_free(s)

    def tags(self, device: int = 0) -> Tuple[Tag, ...]:
        tags, count = POINTER(_TagInfo)(), c_size_t()
        self._check(_lib.cxlfm_tags(self._fm, device, byref(tags),
                                    byref(count)))
        try:
            return tuple(Tag(_tag(t.tag), t.fm_reference, _bits(t.accepted),
                             _bits(t.pending)) for t in tags[:count.value])
        finally:
            _free(tags)

    def add(self, what: Union[int, Sequence[Extent]] = 0, *, host: int = 0,
            region: int = 0, tag: Optional[uuid.UUID] = None,
            policy: Optional[Policy] = None, device: int = 0,
            wait: Optional[float] = None,
            progress: Optional[Progress] = None) -> Optional[Outcome]:
        """Offer bytes or extents; with @wait seconds until it is answered."""
        listed = not isinstance(what, int)
        if policy is None:
            policy = Policy.PRESCRIPTIVE if listed else Policy.FREE
        request = _Add(host=host, policy=policy, region=region,
                       tag=_raw_tag(tag))
        self._put(request, what)
        return self._change(_lib.cxlfm_wait_begin_add, _lib.cxlfm_add, device,
                            request, wait, progress)

    def release(self, what: Union[int, Sequence[Extent]] = 0, *,
                host: int = 0, region: int = 0,
                tag: Optional[uuid.UUID] = None, force: bool = False,
                sanitize: bool = False, device: int = 0,
                wait: Optional[float] = None,
                progress: Optional[Progress] = None) -> Optional[Outcome]:
        """Ask for extents, or for bytes of a tag (0: all of it)."""
        request = _Release(host=host, removal=0 if tag else 1, region=region,
                           force=force, sanitize=sanitize, tag=_raw_tag(tag))
        self._put(request, what)
        return self._change(_lib.cxlfm_wait_begin_release,
                            _lib.cxlfm_release, device, request, wait,
                            progress)

    @staticmethod
    def _put(request: Any, what: Union[int, Sequence[Extent]]) -> None:
        if isinstance(what, int):
            request.length = what
            return
        request.extents = (_Extent * len(what))(*(
            _Extent(offset=e.offset, length=e.length) for e in what))
        request.extent_count = len(what)

    def _change(self, begin: Any, send: Any, device: int, request: Any,
                limit: Optional[float],
                progress: Optional[Progress]) -> Optional[Outcome]:
        following = c_void_p()
        if limit is not None:
            self._check(begin(self._fm, device, byref(request),
                              byref(following)))
        try:
            self._check(send(self._fm, device, byref(request)))
            return None if limit is None else self._follow(following, limit,
                                                           progress)
        finally:
            _lib.cxlfm_wait_free(following)

    def _follow(self, following: c_void_p, limit: float,
                progress: Optional[Progress]) -> Outcome:
        out = _Outcome()
        told = _ProgressFn((lambda so_far, _: bool(progress(
            so_far.contents.done, so_far.contents.wanted)))
            if progress else 0)
        self._check(_lib.cxlfm_wait_run(following, int(limit * 1000), told,
                                        None, byref(out)))
        try:
            return Outcome(OutcomeState(out.state), out.elapsed / 1000,
                           out.wanted, out.done, _known(out.waiting),
                           _extents(out.extents, out.extent_count))
        finally:
            _free(out.extents)

    def reference(self, tag: uuid.UUID, held: bool, device: int = 0) -> None:
        self._check(_lib.cxlfm_reference(self._fm, device, _raw_tag(tag),
                                         held))

    def set_region(self, region: int, block_size: int, sanitize: bool,
                   device: int = 0) -> None:
        self._check(_lib.cxlfm_set_region(self._fm, device, region,
                                          block_size, sanitize))

    def subscribe(self) -> None:
        self._check(_lib.cxlfm_subscribe(self._fm))

    def fileno(self) -> int:
        """For select and poll: there may be an event."""
        return _lib.cxlfm_fd(self._fm)

    def next_event(self, timeout: float = 0) -> Optional[Event]:
        event = POINTER(_Event)()
        if not self._check(_lib.cxlfm_next_event(
                self._fm, int(timeout * 1000), byref(event))):
            return None
        try:
            e = event.contents
            return Event(EventType(e.type), e.device, e.host, e.region,
                         e.timestamp, _tag(e.tag),
                         _extents(e.extents, e.extent_count))
        finally:
            _free(event)

    def events(self, timeout: float = 0) -> Iterator[Event]:
        """Until none comes for @timeout seconds."""
        while (event := self.next_event(timeout)) is not None:
            yield event

    def pools(self) -> Tuple[Pool, ...]:
        pools, count = POINTER(POINTER(_Pool))(), c_size_t()
        self._check(_lib.cxlfm_pools(self._fm, byref(pools), byref(count)))
        try:
            return tuple(_pool(pools[i].contents) for i in range(count.value))
        finally:
            for i in range(count.value):
                _lib.cxlfm_pool_free(pools[i])
            _free(pools)

    def reclaim(self, pool: str, host: int) -> int:
        """Bytes that are free again"""
        freed = c_uint64()
        self._check(_lib.cxlfm_pool_reclaim(self._fm, pool.encode(), host,
                                            byref(freed)))
        return freed.value

    def ask(self, method: str, path: str,
            body: Optional[str] = None) -> Tuple[int, str]:
        """Ask cxl-fmd (an fmd: address): the HTTP status, and what came."""
        status, answer = c_uint(), c_void_p()
        self._check(_lib.cxlfm_daemon_call(
            self._fm, method.encode(), path.encode(),
            None if body is None else body.encode(), byref(status),
            byref(answer)))
        try:
            return status.value, ctypes.string_at(answer).decode()
        finally:
            _free(answer)
