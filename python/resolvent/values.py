"""Values: objects that cannot change, are equal when their parts are, and can be keys of a mapping.

They are what `dataclasses.dataclass(frozen=True, kw_only=True)` makes, without importing that module: a start of the
command costs less than it does. Their constructors take what people write and keep one normal form of it, so two
requests are equal when they mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

if TYPE_CHECKING:
    from typing_extensions import Self


class Value:
    """Base of values; a subclass names its fields in `_fields` and sets them once, with `_set`."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ()

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _parts(self) -> Iterator[tuple[str, Any]]:
        return ((name, getattr(self, name)) for name in self._fields)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values of some fields."""
        return type(self)(**{**dict(self._parts()), **changes})

    __replace__ = replace  # `copy.replace` of Python 3.13

    def __setattr__(self, name: str, value: object) -> NoReturn:
        self._refuse(name)

    def __delattr__(self, name: str) -> NoReturn:
        self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"a {type(self).__name__} cannot change; use .replace({name}=...)")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._fields)

    def __hash__(self) -> int:
        return hash((type(self).__name__, *(value for _, value in self._parts())))

    def __repr__(self) -> str:
        plain = type(self)._usual()
        shown = (f"{name}={value!r}" for name, value in self._parts() if value != plain.get(name))
        return f"{type(self).__name__}({', '.join(shown)})"

    @classmethod
    def _usual(cls) -> dict[str, Any]:
        """Return the values of the fields where nothing is given."""
        return dict(cls()._parts())

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), dict(self._parts()))


def _restored(kind: type[Value], parts: dict[str, Any]) -> Value:
    """Make a value again out of a pickle."""
    return kind(**parts)
