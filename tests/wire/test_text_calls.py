"""Tool calls that stand in the answer's text: what is one, where it ends, what is only a mention."""

import time
from collections.abc import Callable

import pytest

from codex_ls.events import ContentDelta, ReasoningDelta, Reclassified, ToolCallDelta, WireEvent
from codex_ls.wire import Quirks
from codex_ls.wire.families import CALLS, FAMILIES, vocabulary_for
from codex_ls.wire.markers import CallForm
from codex_ls.wire.text import MessageText
from codex_ls.wire.tool_calls import ToolCallAssembler
from tests.wire.splitting import coalesced

R, C, MOVE = ReasoningDelta, ContentDelta, Reclassified()


def call(name: str, arguments: str = "{}", index: int = 0) -> ToolCallDelta:
    return ToolCallDelta(index, f"call_{index}", name, arguments)


def read(pieces: list[str], model: str = "") -> list[WireEvent]:
    quirks = Quirks(model=model, harmony="gpt-oss" in model)
    text = MessageText(quirks, ToolCallAssembler())
    events = [event for piece in pieces for event in text.feed(piece)]
    return coalesced(events + text.finish())


def every_cut(text: str) -> list[list[str]]:
    return [[text], list(text), *([text[:at], text[at:]] for at in range(1, len(text)))]


F = '{"name": "f", "arguments": {"a": 1}}'
A = '{"a": 1}'
DSML = '<｜DSML｜tool_calls><｜DSML｜invoke name="f"></｜DSML｜invoke></｜DSML｜tool_calls>'
CASES: dict[str, tuple[str, list[WireEvent]]] = {
    "alone": (f"<tool_call>{F}</tool_call>", [call("f", A)]),
    "white space around": (f"\n <tool_call>\n{F}\n</tool_call>\n", [call("f", A)]),
    "inside an answer": (f"a <tool_call>{F}</tool_call> b", [C("a "), call("f", A), C(" b")]),
    "text behind": (f"<tool_call>{F}</tool_call>\nDone.", [call("f", A), C("Done.")]),
    "several": (
        f"<tool_call>{F}</tool_call>\n<tool_call>{F}</tool_call>",
        [call("f", A), call("f", A, 1)],
    ),
    "several in one section": (f"<tool_call>{F}\n{F}</tool_call>", [call("f", A), call("f", A, 1)]),
    "text between two": (
        f"<tool_call>{F}</tool_call> then <tool_call>{F}</tool_call>",
        [call("f", A), C("then "), call("f", A, 1)],
    ),
    "a list": (f"<tool_calls>[{F}, {F}]</tool_calls>", [call("f", A), call("f", A, 1)]),
    "behind thinking": (f"<think>hm</think>\n<tool_call>{F}</tool_call>", [R("hm"), call("f", A)]),
    "in thinking": (
        f"<think>hm <tool_call>{F}</tool_call> hm</think>4",
        [R(f"hm <tool_call>{F}</tool_call> hm"), C("4")],
    ),
    "thinking behind a call": (
        f"<tool_call>{F}</tool_call><think>hm</think>4",
        [call("f", A), R("hm"), C("4")],
    ),
    "in thinking that the prompt opened": (
        f"hm</think><tool_call>{F}</tool_call>",
        [C("hm"), MOVE, call("f", A)],
    ),
    "never closed": (f"a<tool_call>{F}", [C("a"), call("f", A)]),
    "never closed, text behind": (f"<tool_call>{F}\nI wait.", [call("f", A), C("I wait.")]),
    "cut off": ('<tool_call>{"name": "f", "argu', [call("f", '{"name": "f", "argu')]),
    "cut inside the closer": (f"<tool_call>{F}</tool_", [call("f", A)]),
    "no arguments": ('<tool_call>{"name": "f"}</tool_call>', [call("f")]),
    "arguments first": ('<tool_call>{"arguments": {}, "name": "f"}</tool_call>', [call("f")]),
    "arguments as a string": (
        '<tool_call>{"name": "f", "arguments": "{\\"a\\": 1}"}</tool_call>',
        [call("f", A)],
    ),
    "parameters": ('<tool_call>{"name": "f", "parameters": {"a": 1}}</tool_call>', [call("f", A)]),
    "OpenAI's shape": (
        '<tool_call>{"type": "function", "function": {"name": "f", "arguments": {}}}</tool_call>',
        [call("f")],
    ),
    "in a fence of its own": (f"<tool_call>\n```json\n{F}\n```\n</tool_call>", [call("f", A)]),
    "brackets in strings": (
        '<tool_call>{"name": "f", "arguments": {"a": "}]\\"}"}}</tool_call>.',
        [call("f", '{"a": "}]\\"}"}'), C(".")],
    ),
    "not JSON": (
        '<tool_call>{"name": "f", a}</tool_call>b',
        [call("f", '"{\\"name\\": \\"f\\", a}"'), C("b")],
    ),
    "a tag in a tag": (
        "<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>",
        [call("f", '{"a": "1"}')],
    ),
    "a tag without a section": (
        "go <function=f><parameter=a>1</parameter></function> on",
        [C("go "), call("f", '{"a": "1"}'), C(" on")],
    ),
    "a parameter that holds markup": (
        "<function=f><parameter=a><b>1</b> < 2</parameter></function>",
        [call("f", '{"a": "<b>1</b> < 2"}')],
    ),
    "keys and values": (
        "<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n</tool_call>.",
        [call("f", '{"a": "1"}'), C(".")],
    ),
    "a name alone": ("<tool_call>f</tool_call>", [call("f")]),
    "DSML": (f"a{DSML}b", [C("a"), call("f"), C("b")]),
    "DSML without a section": (
        'a<｜DSML｜invoke name="f"></｜DSML｜invoke>b',
        [C("a"), call("f"), C("b")],
    ),
    "DSML never closed": ('a<｜DSML｜tool_calls><｜DSML｜invoke name="f">', [C("a"), call("f")]),
    "Mistral, two": ("[TOOL_CALLS]f[ARGS]{}[TOOL_CALLS]g[ARGS]{}", [call("f"), call("g", "{}", 1)]),
    "Mistral with an id": ("[TOOL_CALLS]f[CALL_ID]x1[ARGS]{} b", [call("f"), C("b")]),
    # ---- mentions ----
    "a code span": (f"`<tool_call>{F}</tool_call>`", [C(f"`<tool_call>{F}</tool_call>`")]),
    "a fence": (
        f"```\n<tool_call>{F}</tool_call>\n```",
        [C(f"```\n<tool_call>{F}</tool_call>\n```")],
    ),
    "a fence, DSML": (f"```\n{DSML}\n```", [C(f"```\n{DSML}\n```")]),
    "prose": ("Use <tool_call> for it.", [C("Use <tool_call> for it.")]),
    "prose with a closer": (
        "<tool_call> and </tool_call> mark it",
        [C("<tool_call> and </tool_call> mark it")],
    ),
    "prose about the others": (
        "[TOOL_CALLS] is Mistral's, <|python_tag|> is Llama's, <｜tool▁calls▁begin｜> DeepSeek's",
        [
            C(
                "[TOOL_CALLS] is Mistral's, <|python_tag|> is Llama's, <｜tool▁calls▁begin｜> DeepSeek's"
            )
        ],
    ),
    "XML that is no call": (
        "<function_calls>\n  <count>3</count>",
        [C("<function_calls>\n  <count>3</count>")],
    ),
    "the opener at the end": ("a <tool_call>", [C("a <tool_call>")]),
    "half an opener at the end": ("a <tool_ca", [C("a <tool_ca")]),
    "an opener and a bracket at the end": ("a <tool_call>{", [C("a <tool_call>{")]),
    "a mention, then a call": (
        f"<tool_call> is <tool_call>{F}</tool_call>",
        [C("<tool_call> is "), call("f", A)],
    ),
    "a mention, then thinking tags": ("<tool_call> <think>x", [C("<tool_call> <think>x")]),
    "a bare object is an answer": (F, [C(F)]),
}


@pytest.mark.parametrize("case", CASES)
def test_every_cut_gives_the_same_events(case: str) -> None:
    text, expected = CASES[case]
    for pieces in every_cut(text):
        assert read(pieces) == expected, pieces


HARMONY: dict[str, tuple[str, list[WireEvent]]] = {
    "a call": ('commentary to=functions.f json{"a": 1}', [call("f", A)]),
    "a call in code's notation": ('commentary to=functions.f code{"a": 1}', [call("f", A)]),
    "without a channel": ('to=functions.f json{"a": 1}', [call("f", A)]),
    "behind thinking": (
        'analysisWe ask.assistantcommentary to=functions.f json{"a": 1}',
        [R("We ask."), call("f", A)],
    ),
    "an answer behind it": (
        'analysisWe ask.assistantcommentary to=functions.f json{"a": 1}assistantfinal4',
        [R("We ask."), call("f", A), C("4")],
    ),
    "two": (
        "commentary to=functions.f json{}commentary to=functions.g json{}",
        [call("f"), call("g", "{}", 1)],
    ),
    "in an answer": (
        'Reading.commentary to=functions.f json{"a": 1}',
        [C("Reading."), call("f", A)],
    ),
    "words to the user": ("commentaryI look.assistantfinal4", [C("I look.4")]),
    "cut off": ('commentary to=functions.f json{"a', [call("f", '{"a')]),
    "an answer that begins with the word": (
        "commentary on the text",
        [C("commentary on the text")],
    ),
    "an answer that only begins like it": ("commentary to=", [C("commentary to=")]),
    "the final word first": ("assistantfinal4", [C("4")]),
    "in code": (
        '`commentary to=functions.f json{"a": 1}`',
        [C('`commentary to=functions.f json{"a": 1}`')],
    ),
    "tags in the final channel": (
        "<|channel|>final<|message|><think>a</think>b<|return|>",
        [C("<think>a</think>b")],
    ),
    "a call in the final channel's text": (
        f"<|channel|>final<|message|><tool_call>{F}</tool_call><|return|>",
        [C(f"<tool_call>{F}</tool_call>")],
    ),
    "tags without any header": ("<reasoning>a</reasoning>b", [R("a"), C("b")]),
    "markers in code": (
        "<|channel|>final<|message|>`<|channel|>` and `<|end|>` mark it<|return|>",
        [C("`<|channel|>` and `<|end|>` mark it")],
    ),
    "an end in a fence that was never closed": (
        "<|channel|>final<|message|>```\nx<|return|>",
        [C("```\nx")],
    ),
    "the next message behind a fence that was never closed": (
        "<|channel|>final<|message|>```\nx<|end|><|start|>assistant<|channel|>analysis<|message|>hm",
        [C("```\nx"), R("hm")],
    ),
    "behind a prompt that opened the channel": (
        "analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>",
        [R("hm"), C("4")],
    ),
    "behind a prompt that began the message": (
        "assistant<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>4",
        [R("hm"), C("4")],
    ),
    "a call behind a prompt that opened the channel": (
        "commentary to=functions.f <|constrain|>json<|message|>{}<|call|>",
        [call("f")],
    ),
    "a recipient behind the role": (
        "assistant to=functions.f<|channel|>commentary json<|message|>{}<|call|>",
        [call("f")],
    ),
    "an answer that begins with a channel's name": ("final answer: 4", [C("final answer: 4")]),
    "an answer of a channel's name": ("final", [C("final")]),
    "the channel's name alone": ("analysis", [C("analysis")]),
    "a call from the channel of thinking": (
        "<|channel|>analysis to=functions.f <|constrain|>json<|message|>{}<|call|>",
        [call("f")],
    ),
}


@pytest.mark.parametrize("case", HARMONY)
def test_harmony_in_every_cut(case: str) -> None:
    text, expected = HARMONY[case]
    for pieces in every_cut(text):
        assert read(pieces, "gpt-oss-20b") == expected, pieces


ANSWERS: dict[str, tuple[str, str, list[WireEvent]]] = {
    "a box": ("glm-4.6v", "<|begin_of_box|>4<|end_of_box|>", [C("4")]),
    "a box inside": ("glm-4.5v", "It is <|begin_of_box|>4<|end_of_box|>.", [C("It is 4.")]),
    "a box of another model": ("m", "It is <|begin_of_box|>4", [C("It is <|begin_of_box|>4")]),
    "a closer of thinking in a box": (
        "glm-4.5v",
        "<|begin_of_box|></think>4<|end_of_box|>",
        [C("</think>4")],
    ),
    "markers alone before the answer": (
        "glm-4.5v",
        "<|end_of_box|></think>4",
        [C("4")],
    ),
    "the end of a turn": ("qwen3", "4<|im_end|>", [C("4")]),
    "the end of a turn, blanks behind": ("qwen3", "4<|im_end|>\n", [C("4")]),
    "the end of a turn in an answer": ("qwen3", "4<|im_end|> is 4", [C("4<|im_end|> is 4")]),
    "the end of a turn and half a marker": ("qwen3", "4<|im_end|>\n<", [C("4<|im_end|>\n<")]),
    "the end of a turn in code": ("qwen3", "`<|im_end|>`", [C("`<|im_end|>`")]),
    "the end of a turn alone": ("qwen3", "<|im_end|>", []),
    "the end of a turn behind thinking": ("qwen3", "<think>hm</think>\n<|im_end|>", [R("hm")]),
    "the end of a turn behind a call": (
        "gemma-4",
        "<|tool_call>call:f{}<tool_call|><|tool_response>",
        [call("f")],
    ),
    "a box in code": ("glm-4.5v", "`<|begin_of_box|>`", [C("`<|begin_of_box|>`")]),
    "a box that is not closed": ("glm-4.5v", "<|begin_of_box|>4", [C("4")]),
    "an answer": (
        "hunyuan-a13b",
        "<think>\nhm\n</think>\n<answer>\n4\n</answer>",
        [R("\nhm\n"), C("4")],
    ),
    "an answer's fence": (
        "hunyuan-a13b",
        "<think>hm</think><answer>```\n</answer>\n```\n</answer>",
        [R("hm"), C("```\n</answer>\n```")],
    ),
    "a fence that is not closed": (
        "hunyuan-a13b",
        "<think>hm</think><answer>```\n4\n</answer>\n",
        [R("hm"), C("```\n4")],
    ),
    "text behind the answer": (
        "hunyuan-a13b",
        "<answer>\n4\n</answer>\n\nMore.",
        [C("4\n\nMore.")],
    ),
    "the tag of another model": ("qwen3", "<answer>4</answer>", [C("<answer>4</answer>")]),
    "a response": (
        "ernie-4.5",
        "hm\n</think>\n\n<response>\n4\n</response>\n",
        [C("hm\n"), MOVE, C("4")],
    ),
    "Granite's other spelling": (
        "granite-3.2",
        "Here's my thought process:\nhm\nHere's my response:\n4",
        [R("\nhm\n"), C("4")],
    ),
    "Granite without thinking": ("granite-3.2", "Here is my dog.", [C("Here is my dog.")]),
    "Granite, never closed": ("granite-3.2", "Here is my thought process: hm", [R(" hm")]),
    "Apriel without the end": (
        "apriel-1.6",
        "hm\n[BEGIN FINAL RESPONSE]\n4",
        [C("hm\n"), MOVE, C("4")],
    ),
    "another model's final response": (
        "qwen3",
        "hm\n[BEGIN FINAL RESPONSE]\n4",
        [C("hm\n[BEGIN FINAL RESPONSE]\n4")],
    ),
    "Cohere without thinking": ("command-a", "<|START_TEXT|>4<|END_TEXT|>", [C("4")]),
    "Gemma, named": ("gemma-4", "<|channel>thought\nhm\n<channel|>4", [R("hm\n"), C("4")]),
    "Gemma, unnamed": ("gemma-4", "<|channel>\nhm\n<channel|>4", [R("\nhm\n"), C("4")]),
    "Gemma, thinking twice": (
        "gemma-4",
        "<|channel>thought\na<channel|><|channel>thought\nb<channel|>4",
        [R("ab"), C("4")],
    ),
    "Gemma, empty": ("gemma-4", "<|channel>thought\n<channel|>4", [C("4")]),
    "Gemma, never closed": ("gemma-4", "<|channel>thought\nhm", [R("hm")]),
    "Gemma, a closer alone": ("gemma-4", "hm<channel|>4", [C("hm"), MOVE, C("4")]),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_the_marks_of_an_answer_in_every_cut(case: str) -> None:
    model, text, expected = ANSWERS[case]
    for pieces in every_cut(text):
        assert read(pieces, model) == expected, pieces


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        ("glm-4.6v", "<|begin_of_box|>4<|end_of_box|>"),
        ("m", "<|begin_of_box|>4<|end_of_box|>"),
        ("hunyuan", "\n<answer>\n4\n</answer>"),
        ("ernie-4.5", "\n<response>\n4\n</response>\n"),
        ("command-a", "<|START_RESPONSE|>4<|END_RESPONSE|>"),
        ("kimi-k3", "<|open|>response<|sep|>4<|close|>response<|sep|><|close|>message<|sep|>"),
        ("apriel-1.6", "[BEGIN FINAL RESPONSE]\n4\n[END FINAL RESPONSE]\n<|end|>"),
        ("granite-3.2", "Here is my response: 4"),
        ("sky-t1", "<|begin_of_solution|>\n4\n<|end_of_solution|>"),
    ],
)
def test_the_marks_of_an_answer_count_behind_thinking_that_came_in_a_field(
    model: str, answer: str
) -> None:
    for pieces in every_cut(answer):
        text = MessageText(Quirks(model=model), ToolCallAssembler())
        events = text.reasoning("hm")
        events += [event for piece in pieces for event in text.feed(piece)]
        assert coalesced(events + text.finish()) == [R("hm"), C("4")], pieces


def test_harmony_behind_thinking_in_a_field_is_shown_as_it_is() -> None:
    answer = "<reasoning>a</reasoning> is the tag"
    for pieces in every_cut(answer):
        text = MessageText(Quirks(model="gpt-oss", harmony=True), ToolCallAssembler())
        events = text.reasoning("hm")
        events += [event for piece in pieces for event in text.feed(piece)]
        assert coalesced(events + text.finish()) == [R("hm"), C(answer)], pieces


def test_no_marker_is_the_beginning_of_another() -> None:
    names = (
        "",
        "gpt-oss",
        "granite",
        "apriel",
        "hunyuan",
        "muse",
        "pangu",
        "gigachat",
        "phi",
        "glm",
    )
    for model in names:
        words = vocabulary_for(model)
        markers = {*words.openers, *words.strays, *words.answers, *words.frame, *words.calls}
        for marker in markers:
            longer = [m for m in markers if m != marker and m.startswith(marker)]
            assert not longer, (marker, longer)


@pytest.mark.parametrize("form", CALLS, ids=lambda form: form.openers[0])
def test_an_opener_that_is_merely_mentioned_is_text(form: CallForm) -> None:
    model = form.model.partition("|")[0].replace("?", "")
    for opener in form.openers:
        for text in (
            f"The marker {opener} opens it.",
            f"`{opener}`",
            f"A {opener}, ",
            f"1 {opener}",
        ):
            for pieces in ([text], list(text)):
                assert read(pieces, model) == [C(text)], text


def test_at_most_a_head_is_held_back() -> None:
    text = MessageText(Quirks(), ToolCallAssembler())
    shown = ""
    for char in "<tool_call>" + " " * 1_000:
        shown += "".join(event.text for event in text.feed(char) if isinstance(event, ContentDelta))
    assert len(shown) > 700


def hostile(count: int) -> list[str]:
    return [
        "<tool_call>" * count,
        '<tool_call>{"' * count,
        f"<tool_call>{F}</tool_call>" * (count // 8),
        "<function=a" * count,
        "<tool_call>f\n<arg_key>" + "<arg_key>" * count,
        "<｜DSML｜tool_calls>" + '<｜DSML｜invoke name="f">' * count,
        '<tool_call>[{"name":"f"}' + " {}" * count,
        "<tool_call>{" + '"' * count,
        "<|tool_call_start|>[" + "f()," * count,
        "<think>" + "<tool_call>" * count,
        f"<tool_call>{F}</tool_call>" + "\n" * count,
    ]


@pytest.mark.parametrize("number", range(len(hostile(1))))
@pytest.mark.parametrize("size", [1, 100_000_000], ids=["characters", "whole"])
def test_hostile_calls_cost_linear_time(number: int, size: int) -> None:
    def work(count: int) -> float:
        text = hostile(count)[number]
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        return min(timed(lambda: read(pieces, "qwen3.5")) for _ in range(2))

    small, large = work(1_000), work(4_000)
    assert large < 8 * small + 0.1


def timed(run: Callable[[], object]) -> float:
    started = time.thread_time()
    run()
    return time.thread_time() - started


def test_calls_are_bounded() -> None:
    calls = ToolCallAssembler()
    text = MessageText(Quirks(), calls)
    text.feed('<tool_call>{"name": "f", "arguments": "')
    for _ in range(1_000):
        text.feed("x" * 60_000)
        if calls.too_long:
            break
    assert calls.too_long


def test_every_family_names_its_source() -> None:
    assert all(family.source and family.fixture for family in FAMILIES)
