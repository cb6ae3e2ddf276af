import json

import litellm
from jobs import ADD, SUM, add, say, serve

litellm.suppress_debug_info = True


def options(job):
    """What aider and others give it: a model with the prefix of the API that is spoken."""
    return {"model": f"openai/{job['model']}", "api_base": job["baseUrl"], "api_key": "any", "num_retries": 0}


def completion(job):
    answer = litellm.completion(messages=say(job["prompt"]), **options(job))
    return [answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage.completion_tokens]


def completion_streamed(job):
    stream = litellm.completion(
        messages=say(job["prompt"]), stream=True, stream_options={"include_usage": True}, **options(job)
    )
    text, tokens = "", 0
    for chunk in stream:
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        usage = getattr(chunk, "usage", None)
        tokens = usage.completion_tokens if usage else tokens
    return [text, tokens]


def tool_loop(job):
    tools = [{"type": "function", "function": ADD}]
    messages = say(job["prompt"])
    first = litellm.completion(messages=messages, tools=tools, **options(job)).choices[0].message
    [call] = first.tool_calls
    result = add(json.loads(call.function.arguments))
    messages += [first.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": result}]
    second = litellm.completion(messages=messages, tools=tools, **options(job))
    return [call.function.name, result, second.choices[0].message.content]


def structured(job):
    schema = {"name": "sum", "strict": True, "schema": SUM}
    answer = litellm.completion(
        messages=say(job["prompt"]), response_format={"type": "json_schema", "json_schema": schema}, **options(job)
    )
    return json.loads(answer.choices[0].message.content)


def responses(job):
    answer = litellm.responses(input=job["prompt"], **options(job))
    return answer.output[0].content[0].text


def messages_of_anthropic(job):
    answer = litellm.completion(
        model=f"anthropic/{job['model']}",
        api_base=job["url"],
        api_key="any",
        messages=say(job["prompt"]),
        max_tokens=100,
        num_retries=0,
    )
    return answer.choices[0].message.content


def embedding(job):
    answer = litellm.embedding(
        model=f"openai/{job['embedder']}",
        input=["Hi", "Ho"],
        api_base=job["baseUrl"],
        api_key="any",
        encoding_format="float",
    )
    return [each["embedding"] for each in answer.data]


serve(
    {
        "completion": completion,
        "completion, streamed": completion_streamed,
        "completion, a tool loop": tool_loop,
        "completion with a JSON schema": structured,
        "completion of anthropic/…": messages_of_anthropic,
        "responses": responses,
        "embedding": embedding,
    }
)
