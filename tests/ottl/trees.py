"""Random well-formed OTTL, and trees compared without their places."""

from typing import Any

from hypothesis import strategies as st

from otx.ottl.literals import quote
from otx.ottl.syntax import Node

_names = st.sampled_from(["name", "span.attributes", "a_1", "resource.x.y"])
_keys = st.sampled_from(["", '["k"]', "[0]", '["a"][1]', "[Len(name)]"])
_paths = st.builds(lambda name, keys: name + keys, _names, _keys)
_literals = st.one_of(
    st.text(max_size=6).map(quote),
    st.integers(0, 2**63 - 1).map(str),
    st.sampled_from(["1.5", "3.", ".5", "0xff", "nil", "true", "SPAN_KIND_SERVER"]),
)


def _values(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operand = st.one_of(_paths, st.sampled_from(["1", "2.5", "Len(name)"]))
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, max_size=2).map(
            lambda items: "{" + ", ".join(f'"k{n}": {one}' for n, one in enumerate(items)) + "}"
        ),
        st.lists(inner, max_size=2).map(lambda items: f"Concat({','.join(items)})"),
        st.builds(lambda a, sign, b: f"({a}{sign} {b})", operand, st.sampled_from("+-*/"), operand),
        operand.map(lambda one: f"-{one}"),
    )


values = st.recursive(st.one_of(_literals, _paths), _values, max_leaves=8)
_comparisons = st.builds(
    lambda a, sign, b: f"{a} {sign}{b}",
    values,
    st.sampled_from(["==", "!=", "<", ">="]),
    values,
)


def _conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda a, b: f"({a}) and ({b})", inner, inner),
        st.builds(lambda a, b: f"{a} or {b}", inner, inner),
        inner.map(lambda one: f"not ({one})"),
        inner.map(lambda one: f"( {one} )"),
    )


conditions = st.recursive(
    st.one_of(_comparisons, st.sampled_from(["true", 'IsMatch(name,"a")'])),
    _conditions,
    max_leaves=6,
)
statements = st.one_of(
    st.builds(lambda path, value: f"set({path},{value})", _paths, values),
    st.builds(
        lambda path, value, where: f"set( {path}, value={value} )  where\n {where}",
        _paths,
        values,
        conditions,
    ),
)


def shape(node: Any) -> Any:
    """A tree without places."""
    if isinstance(node, Node):
        own = [getattr(node, name) for name in node.NAMES if "place" not in name]
        return (type(node).__name__, *map(shape, own))
    if isinstance(node, tuple):
        return tuple(map(shape, node))
    return node
