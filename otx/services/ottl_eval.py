"""An expression evaluated on every record of some requests."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from otx.environment import Environment
from otx.errors import ExitCode, OtxError, UsageError
from otx.model.signal import Signal
from otx.otlp.files import understand
from otx.ottl.batch import WALKS, Batch
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.describe import Numbers, describe
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.inference import infer
from otx.ottl.lift import Evaluate
from otx.ottl.parser import parse_condition, parse_value_expression
from otx.ottl.plan import signals_of_context
from otx.ottl.program import compile_condition, compile_value_expression, words
from otx.ottl.shown import shown, shown_any
from otx.ottl.syntax import Expression
from otx.output import Output, Remarks, to_json
from otx.services.ottl_input import Pieces


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What to evaluate and how to print it.

    Attributes:
        is_condition: Whether it is true or false rather than a value.
        exit_status: Whether the exit code says that no record gave true.
        context: Where it runs; "" to infer it.
    """

    expression: str
    is_condition: bool
    exit_status: bool
    context: str
    form: Literal["jsonl", "json", "otlp"]
    functions: FunctionSet


def run_eval(
    environment: Environment,
    options: EvalOptions,
    open_pieces: Callable[[Collection[Signal]], Pieces],
    out: str,
) -> int:
    """Print a value a record; the exit code.

    Args:
        environment: Where it is printed.
        options: What is evaluated.
        open_pieces: Opens what it is evaluated on; told which signals are wanted.
        out: Where the values go.

    Raises:
        OttlError: The expression does not parse or check.
        UsageError: No context can be inferred.
        OtxError: It failed on a record, which is named.
    """
    context, is_inferred = _context(options)
    evaluate = _compiled(options, context, is_inferred)
    signals = signals_of_context(context.name)
    form = shown_any if options.form == "otlp" else shown
    is_true = has_records = False

    def run(record: Any) -> Any:
        nonlocal is_true, has_records
        has_records = True
        value = evaluate(record)
        is_true = is_true or value is True
        return form(value)

    values = _values(run, options.expression, context, signals, open_pieces(signals))
    output = Output(environment, out)
    if options.form == "json":
        output.document(list(values))
    else:
        with output.stream() as stream:
            for value in values:
                stream.write(to_json(value) + "\n")
    if not has_records:
        text = f"no record of the context {context.name} is in the input: nothing was evaluated"
        Remarks(environment).note(text)
    return ExitCode.NO if options.exit_status and not is_true else ExitCode.DONE


def _compiled(options: EvalOptions, context: Context, is_inferred: bool) -> Evaluate:
    text, functions = options.expression, options.functions
    if options.is_condition:
        return compile_condition(text, context, functions, needs_prefix=is_inferred).holds
    return compile_value_expression(text, context, functions, needs_prefix=is_inferred)


def _context(options: EvalOptions) -> tuple[Context, bool]:
    if options.context:
        _tree(options)
        return CONTEXTS[options.context], False
    inference = infer([_tree(options)], options.functions)
    if inference.context is None:
        raise UsageError(
            f"the context cannot be inferred: {inference.reason}",
            hint=f"--context {'|'.join(CONTEXTS)}",
        )
    return inference.context, True


def _tree(options: EvalOptions) -> Expression:
    """The expression's tree; who forgot that it is a condition is told."""
    text = options.expression
    if options.is_condition:
        return parse_condition(text)
    try:
        return parse_value_expression(text)
    except OttlError as error:
        try:
            parse_condition(text)
        except OttlError:
            raise error from None
        hint = "--condition prints for each record whether it is true"
        raise OttlError(error.reason, text, error.place, hint) from None


def _values(
    run: Callable[[Any], Any],
    expression: str,
    context: Context,
    signals: Collection[Signal],
    pieces: Pieces,
) -> Iterator[Any]:
    """What is made of each record.

    Raises:
        OtxError: It failed on one; expression, record and file are named.
    """
    for piece in pieces:
        request = understand(piece, takes_any_text=True)
        if request.signal not in signals:
            continue
        batch = Batch(request.signal, request.body)
        for record in WALKS[context.name](batch):
            record.cache = None
            try:
                yield run(record)
            except (ExecutionError, RecursionError) as error:
                where = f"{describe(record, Numbers(batch))}, in {piece.place}"
                raise OtxError(
                    f"{' '.join(expression.split())}\n  failed on {where}: {words(error)}",
                    code=ExitCode.NO,
                ) from None
