"""What each kind of server tells about itself, in the shapes that its documentation gives."""

import pytest

from codex_ls.providers.probe import NoReply, Prober, Reply
from codex_ls.providers.servers.discover import discover
from codex_ls.providers.servers.kind import ServedModel, Server, identify
from tests.support.answers import Answer, Cut, error_answer, json_answer, models_answer
from tests.support.model_server import ModelServer

NOTHING = error_answer(404, "not found")
LLAMACPP = {
    "/props": json_answer(
        {"build_info": "b8681-abc", "default_generation_settings": {"n_ctx": 65536}}
    ),
    "/v1/models": json_answer(
        {
            "models": [{"name": "qwen3.gguf"}],
            "data": [{"id": "qwen3.gguf", "meta": {"n_ctx_train": 131072, "size": 5_000_000_000}}],
        }
    ),
}
LMSTUDIO = {
    "/api/v1/models": json_answer(
        {
            "models": [
                {
                    "type": "llm",
                    "key": "openai/gpt-oss-20b",
                    "size_bytes": 12_000_000_000,
                    "max_context_length": 131072,
                    "loaded_instances": [{"id": "mine", "config": {"context_length": 8192}}],
                },
                {"type": "llm", "key": "qwen3", "loaded_instances": [], "max_context_length": 4096},
                {"type": "embedding", "key": "nomic", "loaded_instances": []},
            ]
        }
    ),
    # LM Studio answers what it does not know with 200.
    "/props": json_answer({"error": "Unexpected endpoint or method. (GET /props)"}),
    "/version": json_answer({"error": "Unexpected endpoint or method. (GET /version)"}),
}
LMSTUDIO_BEFORE_0_4 = {
    "/api/v0/models": json_answer(
        {
            "data": [
                {"id": "a", "type": "llm", "state": "loaded", "loaded_context_length": 4096},
                {"id": "b", "type": "vlm", "state": "not-loaded", "max_context_length": 32768},
                {"id": "c", "type": "embeddings", "state": "not-loaded"},
            ]
        }
    )
}
OLLAMA = {
    "/api/version": json_answer({"version": "0.13.5"}),
    "/api/tags": json_answer(
        {"models": [{"name": "qwen3:4b", "size": 2_500_000_000}, {"name": "gemma3:latest"}]}
    ),
    "/api/ps": json_answer({"models": [{"name": "gemma3:latest", "context_length": 4096}]}),
}
VLLM = {
    "/version": json_answer({"version": "0.11.0"}),
    "/v1/models": json_answer({"data": [{"id": "Qwen/Qwen3-8B", "max_model_len": 32768}]}),
}
SGLANG = {
    "/get_server_info": json_answer({"version": "0.5.2", "model_path": "Qwen/Qwen3-8B"}),
    "/v1/models": json_answer({"data": [{"id": "Qwen/Qwen3-8B", "max_model_len": 40960}]}),
}


async def identified(server: ModelServer) -> Server | None:
    async with Prober() as prober:

        async def get(path: str) -> Reply | None:
            reply = await prober.get(server.origin + path)
            return reply if isinstance(reply, Reply) else None

        return await identify(get)


def served(routes: dict[str, Answer]) -> ModelServer:
    server = ModelServer()
    for path in ("/props", "/health", "/api/version", "/v1/models"):
        server.route("GET", path, NOTHING)
    for path, answer in routes.items():
        server.route("GET", path, answer)
    return server


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        (
            LLAMACPP,
            Server(
                "llamacpp",
                "b8681-abc",
                (ServedModel("qwen3.gguf", True, 65536, 131072, 5_000_000_000),),
            ),
        ),
        (
            {path: error_answer(503, "Loading model") for path in ("/props", "/health")},
            Server("llamacpp", is_loading=True),
        ),
        (
            LMSTUDIO,
            Server(
                "lmstudio",
                "",
                (
                    ServedModel(
                        "openai/gpt-oss-20b", True, 8192, 131072, 12_000_000_000, ("mine",)
                    ),
                    ServedModel("qwen3", False, None, 4096),
                ),
                ("nomic",),
            ),
        ),
        (
            LMSTUDIO_BEFORE_0_4,
            Server(
                "lmstudio",
                "",
                (ServedModel("a", True, 4096), ServedModel("b", False, None, 32768)),
                ("c",),
            ),
        ),
        (
            OLLAMA,
            Server(
                "ollama",
                "0.13.5",
                (
                    ServedModel("qwen3:4b", False, size_bytes=2_500_000_000),
                    ServedModel("gemma3:latest", True, 4096),
                ),
            ),
        ),
        (VLLM, Server("vllm", "0.11.0", (ServedModel("Qwen/Qwen3-8B", True, 32768),))),
        (SGLANG, Server("sglang", "0.5.2", (ServedModel("Qwen/Qwen3-8B", True, 40960),))),
        ({"/v1/models": models_answer("x")}, Server("other", models=(ServedModel("x"),))),
        ({}, None),
        ({"/v1/models": json_answer([1, 2])}, None),
        ({"/v1/models": Answer((b"<html>",), headers={"Content-Type": "text/html"})}, None),
        ({"/props": json_answer({"default_generation_settings": 7})}, Server("llamacpp")),
        (
            {"/api/v1/models": json_answer({"models": [{"loaded_instances": 7}, 7, None]})},
            Server("lmstudio", models=(ServedModel("", False),)),
        ),
    ],
)
async def test_what_a_server_is(routes: dict[str, Answer], expected: Server | None) -> None:
    async with served(routes) as server:
        assert await identified(server) == expected


@pytest.mark.parametrize(
    ("routes", "name", "found"),
    [
        (OLLAMA, "gemma3", "gemma3:latest"),
        (OLLAMA, "qwen3", None),
        (LMSTUDIO, "mine", "openai/gpt-oss-20b"),
        (VLLM, "Qwen3-8B", None),
    ],
)
async def test_which_model_a_name_means(
    routes: dict[str, Answer], name: str, found: str | None
) -> None:
    async with served(routes) as running:
        server = await identified(running)
    assert server is not None
    model = server.model(name)
    assert (model and model.name) == found


async def test_discovery_finds_what_listens_and_sends_no_key() -> None:
    async with served(OLLAMA) as ollama, served(VLLM) as vllm, served({}) as other:
        found = await discover([vllm.port, ollama.port, other.port, 1])
        requests = [*ollama.requests, *vllm.requests, *other.requests]
    assert [(server.kind, server.base_url) for server in found] == [
        ("vllm", f"http://localhost:{vllm.port}/v1"),
        ("ollama", f"http://localhost:{ollama.port}/v1"),
    ]
    assert {request.method for request in requests} == {"GET"}
    assert not any("authorization" in request.headers for request in requests)


async def test_a_server_that_says_nothing_holds_nobody_up() -> None:
    async with ModelServer() as server, Prober() as prober:
        server.on(lambda _: Answer((Cut.STALL,)))
        assert await prober.get(f"{server.origin}/x", limit_s=0.1) == NoReply("timeout")


async def test_an_endless_answer_is_cut() -> None:
    async with ModelServer() as server, Prober() as prober:
        server.on(lambda _: Answer(tuple([b"x" * 65536] * 100)))
        reply = await prober.get(f"{server.origin}/x")
    assert isinstance(reply, Reply)
    assert (reply.status, reply.data, len(reply.text)) == (200, None, 500)
